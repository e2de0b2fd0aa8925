"""Which patterns a draft fits, and rows that would contradict themselves taken out of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from scanner.propose.draft import Draft
from scanner.scenario.coherence import findings
from scanner.scenario.model import Scenario

Load = Callable[[Draft], Scenario]
_MOST_ROUNDS = 200


def without_contradictions(draft: Draft, load: Load) -> Draft:
    """What a tenant gives one group is no reason to approve it: of duties that contradict each other one is left out."""
    for _ in range(_MOST_ROUNDS):
        found = next((f for f in findings(load(draft)) if f.rule == "SCN10"), None)
        if found is None:
            return draft
        at = next(
            n
            for n, row in enumerate(draft.rows)
            if found.subject.key == f"role-row:{row.role}@{row.environment}".lower()
        )
        row = draft.rows[at]
        worse = next(
            (duty for duty in ("release", "grant-access", "manage-quota", "train") if duty in row.duties), None
        )
        if worse is not None and len(row.duties) > 1:
            said = f"{row.evidence}; {worse} is left out: {found.message.rpartition(': ')[2]}"
            rows = (
                *draft.rows[:at],
                replace(row, duties=tuple(d for d in row.duties if d != worse), evidence=said),
                *draft.rows[at + 1 :],
            )
            draft = replace(draft, rows=rows)
        else:
            remarks = draft.remarked(
                "roles", f"{row.group} in {row.environment} is left out: {found.message.rpartition(': ')[2]}"
            )
            draft = replace(draft, rows=(*draft.rows[:at], *draft.rows[at + 1 :]), remarks=remarks)
    return draft


def fitting(draft: Draft, load: Load) -> Draft:
    """The draft with every pattern that it looks like and that holds; those that lack something are remarked on."""
    kept: list[str] = []
    evidence: list[str] = []
    for pattern, why in _likely(draft):
        wrong = [
            f
            for f in findings(load(replace(draft, patterns=(*kept, pattern))))
            if f.cause.startswith(f"{pattern}|") or f.rule == "SCN08"
        ]
        if wrong:
            lacks = "; ".join(sorted({f.message.partition("lacks ")[2] or f.message for f in wrong}))
            evidence.append(f"{pattern} would fit ({why}), and lacks {lacks}")
        else:
            kept.append(pattern)
            evidence.append(f"{pattern}: {why}")
    if not kept:
        kept = ["single-environment" if len(draft.environments) == 1 else "multi-environment"]
        evidence.append(f"{kept[0]} is taken all the same: the finding of `scenario check` says what to add")
    return replace(draft, patterns=tuple(kept), pattern_evidence=tuple(evidence))


def _likely(draft: Draft) -> list[tuple[str, str]]:
    stages = [e.stage for e in draft.environments]
    found = []
    regions = {site.region for site in draft.sites}
    if "exploration" in stages and "production" in stages and len(regions) == 1:
        found.append(("contoso", "a room to explore, several environments, one region"))
    elif len(stages) == 2 and "production" in stages and any(e.name == "limited" for e in draft.environments):
        found.append(("limited-and-production", "two environments, one of them limited"))
    elif len([s for s in stages if s != "exploration"]) > 1:
        found.append(("multi-environment", "more than one environment"))
    else:
        found.append(("single-environment", "one environment"))
    training = [s for s in draft.sites if {"train", "fine-tune"} & set(s.does)]
    if any("fine-tune" in site.does for site in draft.sites):
        found.append(("regional-fine-tuning", "jobs tune models in a region of their own"))
    elif len([s for s in training if s.data]) > 1 and all("train" in s.does for s in draft.sites if s.data):
        found.append(("regional-training", "every region with regulated data trains"))
    if len(regions) > 1 and any(site.audience for site in draft.sites):
        found.append(("regional-serving", "endpoints in several regions name an audience"))
    return found
