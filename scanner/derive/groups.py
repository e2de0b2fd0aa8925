"""Groups that open production: which they are, and whether anything keeps others from letting themselves in."""

from __future__ import annotations

from scanner.errors import Span
from scanner.graph.estate import UNSET, Estate

_SIGNS = ("role-assignable", "restricted-unit", "under-pim")


def derive(estate: Estate) -> None:
    """Writes `opens-production` and `protected` on groups."""
    opening, declared = _named(estate)
    for group in estate.nodes("group"):
        doubts = estate.gaps_at(group, "approved")
        if group in opening or not doubts:
            estate.set(group, "opens-production", group in opening)
        for gap in doubts:
            estate.mark_gap(group, "opens-production", gap)
        _protected(estate, group, group in declared, opening.get(group))


def _named(estate: Estate) -> tuple[dict[int, Span | None], set[int]]:
    """Groups of rows of production that do more than look on, with the line that says so, and those declared to be mastered
    on premises.
    """
    guarded = {estate.name(c) for c in estate.nodes("data-class")
               if estate.get(c, "home") is not None or estate.get(c, "production-only") is True}  # fmt: skip
    opening: dict[int, Span | None] = {}
    declared: set[int] = set()
    for row in estate.nodes("role-row"):
        more = bool(estate.get(row, "duties") - {"observe"}) or bool(estate.get(row, "reads") & guarded)
        for principal in estate.neighbours(row, "names"):
            if estate.get(row, "stage") == "production" and more:
                opening.setdefault(principal, estate.line(row, "name"))
            if estate.get(row, "mastered") == "on-premises":
                declared.add(principal)
    return opening, declared


def _protected(estate: Estate, group: int, declared: bool, line: Span | None) -> None:
    """One sign is enough; without one, what could not be read leaves it open."""
    signs = [estate.get(group, sign) for sign in _SIGNS]
    if declared:
        signs.append(estate.get(group, "synchronised"))
    if True in signs or UNSET not in signs:
        estate.set(group, "protected", True in signs, line)
        return
    for sign in (*_SIGNS, "synchronised"):
        for gap in estate.gaps_at(group, sign):
            estate.mark_gap(group, "protected", gap)
