"""The chain that explains an opening, searched only for what is shown: identity, groups, assignment, scope, data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner.derive.access.engine import Engine
from scanner.findings import Step
from scanner.graph.estate import Estate

if TYPE_CHECKING:
    from scanner.derive.access.openings import Reach


def explain(
    engine: Engine, reach: Reach, identity: int, account: int, owner: int | None, group: int | None
) -> tuple[int, list[Step]]:
    """Start and steps of the shortest chain for one identity; each step is an edge or right the snapshot shows."""
    estate, grant = engine.estate, reach.grant
    steps: list[Step] = []
    if owner is not None and group is not None:
        for inner in membership(estate, identity, owner):
            steps.append(Step("member-of", estate.ref(inner)))
        steps.append(Step("may-join", estate.ref(group), "as its owner"))
        for outer in membership(estate, group, grant.principal):
            steps.append(Step("member-of", estate.ref(outer)))
    else:
        for place in membership(estate, identity, grant.principal):
            steps.append(Step("member-of", estate.ref(place)))
    mark = "" if grant.mark in (None, "standing") else f", {grant.mark}"
    condition = ", under a condition" if grant.condition else ""
    steps.append(Step("granted", estate.ref(grant.role), f"on {estate.name(grant.scope)}{mark}{condition}"))
    if reach.through is not None:
        steps.append(
            Step("takes-keys-of", estate.ref(reach.through), "its rights hand out the keys of its own account")
        )
    note = {
        "data-role": f"may {reach.access} the data",
        "account-key": "may take the account's keys",
        "workspace-keys": "the keys open all of it",
        "grant-self": "may give itself a role on the data",
    }[reach.way]
    if reach.reopened:
        note += ", after switching key access on again"
    steps.append(Step("reaches", estate.ref(account), note))
    return identity, steps


def membership(estate: Estate, member: int, group: int) -> list[int]:
    """The groups on the shortest way from a member to a group, that group last; empty when they are the same."""
    if member == group:
        return []
    before: dict[int, int] = {member: member}
    frontier = [member]
    while frontier:
        following: list[int] = []
        for place in frontier:
            for above in sorted(estate.neighbours(place, "member-of"), key=estate.key):
                if above in before:
                    continue
                before[above] = place
                if above == group:
                    path = [above]
                    while before[path[-1]] != member:
                        path.append(before[path[-1]])
                    return path[::-1]
                following.append(above)
        frontier = following
    return []
