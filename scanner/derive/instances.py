"""Compute instances: in which environments their one user works besides."""

from __future__ import annotations

from scanner.derive.access.grants import administrators
from scanner.graph.estate import Estate


def derive(estate: Estate) -> None:
    """Writes `assigned-elsewhere` on compute instances.

    What administrators hold as declared does not count, nor does a room to explore, which may be everybody's.
    """
    instances = [c for c in estate.nodes("compute") if estate.get(c, "compute-type") == "compute-instance"]
    if not instances:
        return
    declared = administrators(estate)
    rooms = {estate.name(e) for e in estate.nodes("environment") if estate.get(e, "stage") == "exploration"}
    unseen = [(inside - declared.get(group, set()), gaps) for group in estate.nodes("group") if (gaps := estate.gaps_at(group, "has-member"))
              and isinstance(inside := estate.get(group, "environments-assigned"), frozenset)]  # fmt: skip
    for compute in instances:
        found = {str(estate.get(compute, "environment"))} | rooms
        own = set(found)
        gaps = list(estate.gaps_at(compute, "assigned-to"))
        for user in estate.neighbours(compute, "assigned-to"):
            for principal in _with_groups(estate, user):
                inside = estate.get(principal, "environments-assigned")
                if isinstance(inside, frozenset):
                    found |= inside - declared.get(principal, set())
                gaps += estate.gaps_at(principal, "environments-assigned")
        for inside, doubts in unseen:  # the user may be in a group whose members nobody could read
            gaps += doubts if inside - own else ()
        estate.set(compute, "assigned-elsewhere", frozenset(found - own))
        for gap in dict.fromkeys(gaps):
            estate.mark_gap(compute, "assigned-elsewhere", gap)


def _with_groups(estate: Estate, user: int) -> list[int]:
    """A person, and every group they are in, or may activate membership of, at any depth."""
    found = [user]
    seen = {user}
    for place in found:
        for edge in ("member-of", "eligible-member-of"):
            for group in estate.neighbours(place, edge):
                if group not in seen:
                    seen.add(group)
                    found.append(group)
    return found
