"""Compute instances: in which environments their one user works besides."""

from __future__ import annotations

from scanner.derive.access.engine import Engine
from scanner.derive.access.grants import administrators


def derive(engine: Engine) -> None:
    """Writes `assigned-elsewhere` on compute instances.

    What administrators hold as declared does not count, nor does a room to explore, which may be everybody's.
    """
    estate = engine.estate
    instances = [c for c in estate.nodes("compute") if estate.get(c, "compute-type") == "compute-instance"]
    if not instances:
        return
    declared = administrators(estate)
    rooms = {estate.name(e) for e in estate.nodes("environment") if estate.get(e, "stage") == "exploration"}
    holding = {
        principal: inside - declared.get(principal, set()) - rooms
        for principal in estate.nodes("principal")
        if isinstance(inside := estate.get(principal, "environments-assigned"), frozenset)
    }
    gaps = {gap for principal in holding for gap in estate.gaps_at(principal, "environments-assigned")}
    for compute in instances:
        users = estate.neighbours(compute, "assigned-to")
        found: set[str] = set()
        for user in users:
            for principal, inside in holding.items():
                if inside and user in engine.members(principal):
                    found |= inside
        estate.set(compute, "assigned-elsewhere", frozenset(found - {str(estate.get(compute, "environment"))}))
        for gap in (*(gaps if users else ()), *estate.gaps_at(compute, "assigned-to")):
            estate.mark_gap(compute, "assigned-elsewhere", gap)
