"""Quota: what draws on each pool, what is left of it, who may take how much, and what survives the loss of a region."""
