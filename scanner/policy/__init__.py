"""The rule language: loading rules, matching conditions in three values, walking, evaluating, proving."""
