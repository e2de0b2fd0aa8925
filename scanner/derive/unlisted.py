"""Assignments that nobody could list: those whom the scenario names may hold any of them."""

from __future__ import annotations

from scanner.graph.estate import Estate


def derive(estate: Estate) -> None:
    """Marks what emergency accounts, administrators' groups and the groups around them are granted, where lists were not read.

    Only of those: rules about everybody's assignments start at the assignments, which are unread as a whole.
    """
    unread = estate.unread_gaps("grant")
    if not unread:
        return
    waiting = [user for kind in ("user", "service-principal", "managed-identity") for user in estate.nodes(kind) if estate.get(user, "break-glass") is True]  # fmt: skip
    waiting += [named for row in estate.nodes("administrator-row") for named in estate.neighbours(row, "names")]
    seen: set[int] = set()
    while waiting:
        principal = waiting.pop()
        if principal in seen:
            continue
        seen.add(principal)
        for gap in unread:
            estate.mark_gap(principal, "granted", gap)
        waiting += [*estate.neighbours(principal, "member-of"), *estate.neighbours(principal, "eligible-member-of")]
