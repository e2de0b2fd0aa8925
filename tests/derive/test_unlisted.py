"""Where assignments could not be listed, those whom the scenario names may hold any of them, and nobody else is marked."""

from __future__ import annotations

from scanner.derive import unlisted
from scanner.findings import Gap
from scanner.graph.estate import Estate


def test_emergency_accounts_and_administrators_may_hold_what_nobody_could_list() -> None:
    estate = Estate()
    bg, other, admins, outer = (estate.add(k, n, n) for k, n in (("user", "bg"), ("user", "other"), ("group", "admins"), ("group", "outer")))  # fmt: skip
    row = estate.add("administrator-row", "row", "row")
    estate.set(bg, "break-glass", True)
    estate.set(other, "break-glass", False)
    estate.connect(row, "names", admins)
    estate.connect(admins, "member-of", outer)
    unlisted.derive(estate)
    assert not any(estate.gaps_at(node, "granted") for node in (bg, admins))
    gap = estate.add_gap(
        Gap("role-assignment", "/subscriptions/s", "Microsoft.Authorization/roleAssignments/read", "forbidden")
    )
    estate.mark_unread("grant", gap)
    unlisted.derive(estate)
    assert [list(estate.gaps_at(node, "granted")) for node in (bg, admins, outer, other)] == [[gap], [gap], [gap], []]
