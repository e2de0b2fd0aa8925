"""What each assignment can do and which environments it reaches, and what that says of the groups that hold them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache, partial

from scanner.derive.access import actions
from scanner.derive.access.engine import Engine
from scanner.derive.access.held import Grant
from scanner.graph.estate import UNSET, Estate, Value

_ABOVE = ("tenant", "management-group", "subscription")
_HOLDERS = ("workspace", "compute", "storage-account", "model-account", "online-endpoint", "batch-endpoint")


def derive(engine: Engine) -> None:
    """Writes classes, environments, `above-environments`, `declared` and `break-glass` on assignments; rights of principals."""
    estate = engine.estate
    unlisted = _unlisted(engine)
    within, doubted = _below(engine)
    for scope, hidden in _hidden(engine, unlisted).items():
        doubted.setdefault(scope, set()).update(hidden)
    can = cache(partial(classes, engine))
    environments = {estate.name(node): node for node in estate.nodes("environment")}
    declared = administrators(estate)
    # an administrators' group that could not be looked up may be any
    nameless = any(not estate.neighbours(row, "names") for row in estate.nodes("administrator-row"))
    unnamed = estate.unread_gaps("group") if nameless else []
    rows = _rows(estate)
    assigned: defaultdict[int, set[str]] = defaultdict(set)
    for scope, found in engine.grants.items():
        reached = _reached(engine, scope, within)
        above = engine.kind_at(scope) in _ABOVE and len(reached) > 1
        more = sorted(doubted.get(scope, ()))
        for grant in found:
            _write(engine, grant, can(grant.role), reached, above, declared, unnamed, more)
            for gap in more:
                estate.mark_gap(grant.node, "reaches-into", gap)
                if not above:
                    estate.set(grant.node, "above-environments", UNSET)
                    estate.mark_gap(grant.node, "above-environments", gap)
            for name in sorted(reached):
                estate.connect(grant.node, "reaches-into", environments[name])
            if not above and estate.get(grant.node, "classes") not in (UNSET, frozenset({"read"}), frozenset()):
                assigned[grant.principal] |= reached
    gaps = [
        g
        for scope in (estate.nodes("scope") if "scope-of" in estate.gap_names else ())
        for g in estate.gaps_at(scope, "scope-of")
        if estate.gaps[g].kind
        in ("role-assignment", "role-eligibility", "role-definition", "delegation", "classic-administrator")
    ]
    _unread(estate, gaps)
    wider: defaultdict[int, set[int]] = defaultdict(set)  # by principal, why it may be assigned in one more environment
    for scope, hidden in unlisted.items():
        for grant in engine.grants[scope]:
            wider[grant.principal] |= hidden
    rowless = any(
        not estate.neighbours(row, "names") for kind in ("role-row", "administrator-row") for row in estate.nodes(kind)
    )
    unseen = estate.unread_gaps("group") if rowless else []
    for principal in estate.nodes("principal"):
        inside = frozenset(assigned.get(principal, ()))
        listed = rows.get(principal, set()) | declared.get(principal, set())
        estate.set(principal, "environments-assigned", inside)
        estate.set(principal, "undeclared-environments", inside - listed)
        if estate.kind(principal) == "group":
            for gap in gaps:
                for attribute in ("environments-assigned", "undeclared-environments"):
                    estate.mark_gap(principal, attribute, gap)
            for gap in wider.get(principal, ()):
                estate.mark_gap(principal, "environments-assigned", gap)
                estate.mark_gap(principal, "undeclared-environments", gap)
            for gap in unseen if inside - listed else ():  # a row that names nobody who was seen may name it
                estate.set(principal, "undeclared-environments", UNSET)
                estate.mark_gap(principal, "undeclared-environments", gap)


def _unlisted(engine: Engine) -> dict[int, set[int]]:
    """By scope at which anything is assigned, gaps of unread lists of resources that this reaches: one more environment."""
    estate = engine.estate
    unread = estate.unread_gaps(*_HOLDERS)
    found: defaultdict[int, set[int]] = defaultdict(set)
    # by scope, those at it and below at which anything is assigned
    below: defaultdict[int, list[int]] = defaultdict(list)
    for scope in engine.grants if unread else ():
        for higher in engine.chain(scope):
            below[higher].append(scope)
    above = [scope for scope in engine.grants if engine.kind_at(scope) in _ABOVE]
    for gap in unread:
        key = estate.gaps[gap].scope
        place = engine.nearest(key) if key.startswith("/") else None
        for scope in engine.grants if place is None else {*above, *engine.chain(place), *below[place]}:
            found[scope].add(gap)
    return {scope: gaps for scope, gaps in found.items() if scope in engine.grants}


def _unread(estate: Estate, gaps: list[int]) -> None:
    """Emergency accounts and administrators' groups may hold what nobody could list; rules ask them what they hold."""
    asked = [node for node in estate.nodes("user") if estate.get(node, "break-glass") is True] if gaps else []
    asked += (
        [group for row in estate.nodes("administrator-row") for group in estate.neighbours(row, "names")]
        if gaps
        else []
    )
    for principal in asked:
        for gap in gaps:
            estate.mark_gap(principal, "granted", gap)
    for account in (node for node in estate.nodes("user") if estate.get(node, "break-glass") is True):
        for gap in estate.unread_gaps("group"):
            estate.mark_gap(account, "may-join", gap)


def _below(engine: Engine) -> tuple[dict[int, set[str]], dict[int, set[int]]]:
    """For each scope, the environments that have a resource at it or below; for those above resource groups, the gaps behind
    which one more may have: what could not be placed.
    """
    estate = engine.estate
    found: defaultdict[int, set[str]] = defaultdict(set)
    doubted: defaultdict[int, set[int]] = defaultdict(set)
    open_ = "environment" in estate.gap_names
    for kind in _HOLDERS:
        for node in estate.nodes(kind):
            gaps = estate.gaps_at(node, "environment") if open_ else ()
            for scope in engine.chain(node) if gaps else ():
                if estate.kind(scope) in _ABOVE:
                    doubted[scope].update(gaps)
            name = estate.get(node, "environment")
            if isinstance(name, str) and (kind != "storage-account" or estate.get(node, "referenced") is True):
                for scope in engine.chain(node):
                    names = found[scope]
                    if name in names:
                        break  # then all above have it too
                    names.add(name)
    return found, doubted


def _hidden(engine: Engine, unlisted: dict[int, set[int]]) -> dict[int, set[int]]:
    """For scopes above resource groups at which anything is assigned, the gaps of what nobody could list there: resources
    below, and where subscriptions stand in the hierarchy.
    """
    estate = engine.estate
    misplaced = {
        gap
        for subscription in (estate.nodes("subscription") if "contained-in" in estate.gap_names else ())
        for place in engine.chain(subscription)
        for gap in estate.gaps_at(place, "contained-in")
    }
    found: dict[int, set[int]] = {}
    for scope in engine.grants:
        kind = engine.kind_at(scope)
        gaps = {*unlisted.get(scope, ()), *(misplaced if kind == "management-group" else ())}
        if gaps and kind in _ABOVE:
            found[scope] = gaps
    return found


def _reached(engine: Engine, scope: int, within: dict[int, set[str]]) -> frozenset[str]:
    """Environments below a scope; a scope inside a resource reaches that resource's own."""
    below = within.get(scope)
    if below:
        return frozenset(below)
    estate = engine.estate
    for place in engine.chain(scope):
        name = estate.get(place, "environment")
        if isinstance(name, str):
            return frozenset({name})
        if estate.kind(place) in ("resource-group", *_ABOVE):
            break
    return frozenset()


def administrators(estate: Estate) -> dict[int, set[str]]:
    """Principals an administrator row names, and the environments it is over."""
    found: dict[int, set[str]] = {}
    for row in estate.nodes("administrator-row"):
        for principal in estate.neighbours(row, "names"):
            found.setdefault(principal, set()).update(estate.get(row, "over"))
    return found


def _rows(estate: Estate) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    for row in estate.nodes("role-row"):
        for principal in estate.neighbours(row, "names"):
            found.setdefault(principal, set()).add(estate.get(row, "environment"))
    return found


def _write(
    engine: Engine,
    grant: Grant,
    can: Value,
    reached: frozenset[str],
    above: bool,
    declared: dict[int, set[str]],
    unnamed: Sequence[int],
    more: Sequence[int],
) -> None:
    estate, node = engine.estate, grant.node
    estate.set(node, "classes", can)
    estate.set(node, "environments", reached)
    estate.set(node, "above-environments", above)
    if not estate.gaps_at(node, "principal-kind"):
        estate.set(node, "principal-kind", estate.kind(grant.principal))
    estate.set(node, "break-glass", estate.get(grant.principal, "break-glass"))
    for gap in estate.gaps_at(grant.principal, "break-glass"):
        estate.mark_gap(node, "break-glass", gap)
    over = declared.get(grant.principal, set())
    service = estate.get(node, "origin") == "service"
    value = service or (bool(reached) and reached <= over)
    # one more environment may be out of what is declared; whoever was not found may be declared
    certain = service or (bool(reached) and not reached <= over)
    for gap in (*unnamed, *(() if certain else more)):
        estate.mark_gap(node, "declared", gap)
    if not estate.gaps_at(node, "declared"):
        estate.set(node, "declared", value)
    for gap in estate.gaps_at(grant.role, "*"):
        estate.mark_gap(node, "classes", gap)


def classes(engine: Engine, role: int) -> Value:
    """What a role's rights amount to; unset when its definition could not be read."""
    if engine.estate.get(role, "permissions") is UNSET:
        return UNSET
    tests = {
        "read": actions.READS,
        "write": actions.WRITES,
        "data-read": (*actions.DATA_READ, *actions.ACCOUNT_KEYS),
        "data-write": actions.DATA_WRITE,
        "grant": actions.GRANTING,
    }
    return frozenset(name for name, wanted in tests.items() if engine.can_any(role, wanted) in ("yes", "conditional"))
