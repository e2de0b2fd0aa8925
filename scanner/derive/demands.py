"""What the rows of the role table demand of access that is held by them: that it ends, is reviewed, is activated first."""

from __future__ import annotations

from pyroaring import BitMap

from scanner import ids
from scanner.derive.access.engine import Engine
from scanner.derive.access.held import Grant
from scanner.findings import Gap
from scanner.graph.estate import UNSET, Estate, Value

_READER = (frozenset({"read"}), frozenset[str]())  # classes of roles that only look at settings
_UNLISTED = Gap(
    "access-review", "tenant", "AccessReview.Read.All", "missing", "the snapshot has no list of access reviews"
)
_OF_ROLES = Gap("access-review", "tenant", "", "not visible", "reviews of a role itself are in no list that is read; those of groups are")  # fmt: skip

_NO_START = Gap(
    "role-activation", "tenant", "Microsoft.Authorization/roleAssignmentScheduleInstances/read", "unsupported",
    "PIM does not say when the assignment began",
)  # fmt: skip


def derive(engine: Engine) -> None:
    """Writes what rows demand onto assignments, and the classes a workspace has no row to train on onto workspaces."""
    _training(engine.estate)
    rows = _rows(engine.estate)
    for found in engine.grants.values():
        for grant in found:
            _grant(engine, grant, rows)


def _rows(estate: Estate) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for row in estate.nodes("role-row"):
        for principal in estate.neighbours(row, "names"):
            found.setdefault(principal, []).append(row)
    return found


def _grant(engine: Engine, grant: Grant, rows: dict[int, list[int]]) -> None:
    estate, node = engine.estate, grant.node
    inner = engine.inner_groups(grant.principal)
    doubts = [gap for principal in inner for gap in estate.gaps_at(principal, "approved")]
    reached, classes = estate.get(node, "environments"), estate.get(node, "classes")
    for gap in doubts:
        for attribute in ("purposes", "expiry-wanted", "review-wanted"):
            estate.mark_gap(node, attribute, gap)
    held: list[int] = []
    if classes is UNSET or classes not in _READER:
        held = [row for p in inner for row in rows.get(p, ()) if estate.get(row, "environment") in (reached or ())]
    production = [row for row in held if estate.get(row, "stage") == "production"]
    facts: tuple[tuple[str, Value], ...] = (
        ("purposes", frozenset(p for row in production if isinstance(p := estate.get(row, "purpose"), str))),
        ("expiry-wanted", any(estate.get(row, "expires") is not None for row in held)),
        ("review-wanted", any(estate.get(row, "review") is not None for row in held)),
    )
    for attribute, value in facts:
        if value or not doubts:
            line = next((estate.line(row, "name") for row in held), None) if value else None
            estate.set(node, attribute, value, line)
    if held:
        _by_activation(engine, grant)
        _in_time(estate, node, held)
        if facts[2][1]:
            wanted = [int(text[:-1]) for row in held if isinstance(text := estate.get(row, "review"), str)]
            _reviewed(estate, grant, min(wanted, default=None))


def _reviewed(estate: Estate, grant: Grant, wanted: int | None) -> None:
    """Who is in a group is gone through as often as the review of the group comes again."""
    if estate.kind(grant.principal) != "group":
        estate.mark_gap(grant.node, "reviewed", estate.add_gap(_OF_ROLES))
        return
    each = estate.get(grant.principal, "review-days")
    if each is not UNSET and wanted is not None:
        estate.set(grant.node, "reviewed", each is not None and each <= wanted)
        return
    tenant = estate.node(ids.ROOT_SCOPE)
    unread = estate.gaps_at(tenant, "review-days") if tenant is not None else ()
    for gap in unread or (estate.add_gap(_UNLISTED),):
        estate.mark_gap(grant.node, "reviewed", gap)


def _by_activation(engine: Engine, grant: Grant) -> None:
    """An eligible assignment is activated first, and so is membership of a group that is filled through PIM alone."""
    estate, node = engine.estate, grant.node
    everybody = engine.members(grant.principal)
    at_hand = engine.standing_members(grant.principal)
    if grant.mark == "eligible" or (everybody and not at_hand):
        estate.set(node, "by-activation", True)
    elif grant.mark is None:
        for gap in estate.gaps_at(node, "mark"):
            estate.mark_gap(node, "by-activation", gap)
    elif isinstance(at_hand, BitMap) and everybody != at_hand and at_hand <= engine.unseen:
        for member in at_hand:
            for gap in estate.gaps_at(member, "*"):
                estate.mark_gap(node, "by-activation", gap)
    else:
        estate.set(node, "by-activation", False)


def _in_time(estate: Estate, node: int, held: list[int]) -> None:
    """An end comes in time when it comes within what the strictest row allows; any other end is as good as none."""
    lives = [float(life.removesuffix("d")) for row in held if isinstance(life := estate.get(row, "expires"), str)]
    days = estate.get(node, "days")
    if not lives:
        return
    if estate.get(node, "mark") is UNSET:
        for gap in estate.gaps_at(node, "mark"):
            estate.mark_gap(node, "ends-in-time", gap)
    elif estate.get(node, "mark") != "time-bound":
        estate.set(node, "ends-in-time", False)
    elif days is not UNSET and days is not None:
        estate.set(node, "ends-in-time", days <= min(lives))
    else:
        estate.mark_gap(node, "ends-in-time", estate.add_gap(_NO_START))


def _training(estate: Estate) -> None:
    """Guarded classes that no row of a workspace's environment reads for training on production data."""
    guarded = frozenset(estate.name(c) for c in estate.nodes("data-class")
                        if estate.get(c, "home") is not None or estate.get(c, "production-only") is True)  # fmt: skip
    selected: dict[str, set[str]] = {}
    for row in estate.nodes("role-row"):
        if estate.get(row, "purpose") == "production-training":
            selected.setdefault(estate.get(row, "environment"), set()).update(estate.get(row, "reads"))
    for workspace in estate.nodes("workspace"):
        environment = estate.get(workspace, "environment")
        if environment is not UNSET:
            estate.set(workspace, "classes-not-for-training", guarded - selected.get(str(environment), set()))
