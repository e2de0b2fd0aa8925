"""Quota: completes pools, makes shares, and asks where capacity is wanted, lost with a region, or lying idle."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from scanner.derive.quota import elsewhere, spread
from scanner.derive.quota.draws import ANY, TOTALS, Draws, Place, draws
from scanner.derive.quota.measures import NOTHING, Range, exactly, headroom, reserved, settled, share, total
from scanner.findings import Gap
from scanner.graph.estate import UNSET, Estate
from scanner.graph.records import RECORDS

_LISTS = ("has-compute", "has-endpoint", "has-deployment")  # what draws on a pool is in these
_COUNTED = {"endpoints": ("has-endpoint",), "deployments": ("has-endpoint", "has-deployment")}
_SIZES = {"ml": "vm-size", "vm": "vm-size", "model": "model-deployment"}
_DEFAULT_CORES = 300  # the most that any offer gives of a family, of those that are given at all


def derive(estate: Estate) -> None:
    """Completes pools, makes shares, needs and spreads."""
    declared = draws(estate)
    scenario = next(estate.nodes("scenario"), None)
    needed = {(estate.get(n, "region"), estate.get(n, "family")) for n in estate.nodes("quota-need")}
    workspaces, accounts = _by_place(estate, "workspace"), _by_place(estate, "model-account")
    unread: dict[tuple[str, str], dict[str, list[int]]] = {}
    for pool in estate.nodes("quota-pool"):
        if pool in estate.aside:
            continue
        place = place_of(estate, pool)
        nearby = workspaces.get(place[1:], ())
        if place[1:] not in unread:
            unread[place[1:]] = _unread_lists(estate, nearby, accounts.get(place[1:], ()))
        _doubts(estate, pool, place, declared, unread[place[1:]])
        draw = declared.of(place, str(estate.get(pool, "family")))
        _join(estate, pool, draw)
        _measure(estate, pool, draw, (place.region, _asked_for(estate, pool)) in needed)
        _waiting(estate, pool, declared)
        if place.system in ("ml", "vm"):
            _reserve(estate, pool, draw, nearby)
        if place.system == "ml" and estate.get(pool, "in-use") is True and estate.get(pool, "limit") is not None:
            _shares(estate, pool, nearby, scenario)
    _undrawn(estate, declared)
    spread.derive(estate, scenario)
    elsewhere.derive(estate)


def place_of(estate: Estate, pool: int) -> Place:
    return Place(*(str(estate.get(pool, name)) for name in ("system", "subscription", "region")))


def _asked_for(estate: Estate, pool: int) -> Any:
    """What a need would call it: its model, else its family."""
    model = estate.get(pool, "model")
    return model if isinstance(model, str) else estate.get(pool, "family")


def _by_place(estate: Estate, kind: str) -> Mapping[tuple[str, str], list[int]]:
    found: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for node in estate.nodes(kind):
        found[str(estate.get(node, "subscription")), str(estate.get(node, "region"))].append(node)
    return found


def _doubts(estate: Estate, pool: int, place: Place, declared: Draws, lists: Mapping[str, list[int]]) -> None:
    """Notes what could not be read of who draws on a pool; `lists` are the gaps of its place by list."""
    gaps: list[int] = []
    for at in (place, place._replace(region=ANY)):
        hosts = declared.unread.get(at, ())
        gaps += [gap for host in hosts for gap in _unread_host(estate, host)]
        if (at, ANY) in declared.amounts and declared.parts[at, ANY] > len(hosts):
            kind = _SIZES[place.system]
            scope = f"{place.subscription}/locations/{place.region}"
            model = place.system == "model"
            detail = "a deployment does not say its model or type" if model else "a size in use is not listed"
            gaps.append(estate.add_gap(Gap(kind, scope, RECORDS[kind].permission, "partial", detail)))
    if place.system == "count":
        wanted = _COUNTED.get(str(estate.get(pool, "family")), ())
    else:
        wanted = ("has-model-deployment",) if place.system == "model" else _LISTS
    for gap in dict.fromkeys((*gaps, *(gap for name in wanted for gap in lists.get(name, ())))):
        estate.mark_gap(pool, "drawn-on-by", gap)
        estate.mark_unread("quota-pool", gap)  # of a pool that shows no use, nobody can tell whether it is drawn on


def _unread_host(estate: Estate, host: int) -> Iterable[int]:
    """Why nobody could tell what machines a cluster has."""
    found = estate.gaps_at(host, "*")
    record = RECORDS["aks-cluster"]
    return found or [
        estate.add_gap(
            Gap(record.name, estate.key(host), record.permission, "partial", "it does not say its node pools")
        )
    ]


def _unread_lists(estate: Estate, workspaces: Iterable[int], accounts: Iterable[int]) -> dict[str, list[int]]:
    """Gaps of what draws on the quota of one place, by the list that could not be read."""
    found: dict[str, list[int]] = {name: [] for name in (*_LISTS, "has-deployment", "has-model-deployment")}
    for workspace in workspaces:
        for name in ("has-compute", "has-endpoint"):
            found[name] += estate.gaps_at(workspace, name)
        for endpoint in estate.neighbours(workspace, "has-endpoint"):
            found["has-deployment"] += estate.gaps_at(endpoint, "has-deployment")
    for account in accounts:
        found["has-model-deployment"] += estate.gaps_at(account, "has-deployment")
    return found


def _join(estate: Estate, pool: int, draw: Mapping[int, Range]) -> None:
    """A workspace draws on a pool by what it declares, by what it uses, or by a cap that gives it a part."""
    if estate.get(pool, "family") == TOTALS[False]:
        return  # everything draws on the total of its region, whatever it has of its own
    drawing = set(draw)
    for attribute in ("workspace-use", "workspace-caps"):
        by_key = estate.get(pool, attribute)
        for key, amount in by_key.items() if isinstance(by_key, dict) else ():
            workspace = estate.node(key)
            if workspace is not None and amount > 0 and estate.kind(workspace) == "workspace":
                drawing.add(workspace)
    for holder in sorted(drawing):
        most = draw.get(holder, NOTHING).low
        words = (
            "its deployments hold"
            if estate.kind(holder) == "model-account"
            else "its clusters and deployments may take"
        )
        estate.connect(
            pool, "drawn-on-by", holder, f"{words} {most:g}" if most else "it uses or is given a part of the pool"
        )
    estate.set(pool, "workspaces", frozenset(estate.name(holder) for holder in drawing))


def _measure(estate: Estate, pool: int, draw: Mapping[int, Range], needed: bool) -> None:
    used, limit = estate.get(pool, "used"), estate.get(pool, "limit")
    _committed(estate, pool)
    if limit is UNSET:  # only caps name it: it was never granted, or its usage could not be read
        doubtful = used is not UNSET or estate.gaps_at(pool, "*")
        for name in ("in-use", "taken-or-raised"):
            estate.set(pool, name, UNSET if doubtful else False)
        return
    gaps = estate.gaps_at(pool, "drawn-on-by")
    taken = total(draw.values())
    if gaps:
        taken = Range(taken.low, float("inf"))
    estate.set(pool, "declared", taken.low if taken.certain or (limit is not None and taken.low > limit) else UNSET)
    own = estate.get(pool, "system") != "vm"
    estate.set(pool, "in-use", True if draw or needed or (own and used) else UNSET if own and used is UNSET else False)
    _claimed(estate, pool, bool(draw))
    for gap in gaps:
        estate.mark_gap(pool, "headroom", gap)
        estate.mark_gap(pool, "declared", gap)
    if limit is None:
        estate.set(pool, "headroom", None)
        return
    left = headroom(limit, Range(0, float("inf")) if used is UNSET else exactly(used or 0), taken)
    wanted = estate.get(pool, "headroom-wanted")
    # what was seen is enough to say that too little is left, never that enough is
    said = settled(left, wanted) if isinstance(wanted, int | float) else left.low if left.certain else None
    estate.set(pool, "headroom", UNSET if said is None else _rounded(said, wanted))


def _rounded(left: float, wanted: Any) -> float:
    """For people, unless that would turn too little into enough."""
    short = round(left, 4)
    return left if isinstance(wanted, int | float) and (short >= wanted) is not (left >= wanted) else short


def _committed(estate: Estate, pool: int) -> None:
    caps = estate.get(pool, "workspace-caps")
    if isinstance(caps, dict):
        estate.set(pool, "caps", sum(caps.values()))
    else:
        for gap in estate.gaps_at(pool, "*"):
            estate.mark_gap(pool, "caps", gap)


def _claimed(estate: Estate, pool: int, drawn: bool) -> None:
    """Whether somebody uses it, or asked for more than every offer gives; totals and counts are of what lies in them."""
    used, limit, system = (estate.get(pool, a) for a in ("used", "limit", "system"))
    if system == "count" or estate.get(pool, "family") in TOTALS.values():
        estate.set(pool, "taken-or-raised", False)
        return
    raised = limit is not None and limit > (0 if estate.get(pool, "special") is True else _DEFAULT_CORES)
    mine = system != "vm"
    if drawn or (mine and used) or (system == "ml" and raised):
        estate.set(pool, "taken-or-raised", True)
    else:
        estate.set(pool, "taken-or-raised", UNSET if mine and used is UNSET else False)


def _waiting(estate: Estate, pool: int, declared: Draws) -> None:
    """Capacity nobody uses, in a pool of which not everybody can have what they may ask for."""
    place, family = place_of(estate, pool), str(estate.get(pool, "family"))
    used, limit, most = (estate.get(pool, a) for a in ("used", "limit", "declared"))
    idle = declared.idle.get((place, family), {})
    estate.set(pool, "idle", sum(idle.values()))
    estate.set(pool, "idle-computes", frozenset(estate.name(compute) for compute in idle))
    gaps = estate.gaps_at(pool, "drawn-on-by")
    for gap in gaps:
        estate.mark_gap(pool, "idle-computes", gap)
        estate.mark_gap(pool, "contended", gap)
    if limit is None:
        estate.set(pool, "contended", False)
        return
    full = isinstance(limit, int | float) and (
        (isinstance(used, int | float) and 0 < limit <= used) or (isinstance(most, int | float) and most > limit)
    )
    several = declared.parts.get((place, family), 0) > 1
    if full and several:
        estate.set(pool, "contended", True)
    else:
        estate.set(pool, "contended", UNSET if gaps or limit is UNSET or used is UNSET else False)


def _reserve(estate: Estate, pool: int, draw: Mapping[int, Range], nearby: Iterable[int]) -> None:
    """Production keeps its part when every other workspace is capped and the rest covers what production declares."""
    caps, limit = estate.get(pool, "workspace-caps"), estate.get(pool, "limit")
    if limit is UNSET or not isinstance(caps, dict):
        return
    others: list[float | None] = []
    wanted = NOTHING
    doubtful = False
    for workspace in dict.fromkeys((*nearby, *estate.neighbours(pool, "drawn-on-by"))):
        if estate.get(workspace, "stage") == "production":
            wanted += draw.get(workspace, NOTHING)
        elif workspace in draw or not _only_a_hub(estate, workspace):
            others.append(caps.get(estate.key(workspace)))
        doubtful = doubtful or estate.get(workspace, "stage") is UNSET
    if estate.gaps_at(pool, "drawn-on-by") or doubtful:
        wanted = Range(wanted.low, float("inf"))
    answer = reserved(limit, others, wanted)
    if estate.get(pool, "system") == "vm":
        answer = not others  # nobody can cap a workspace's part of the quota of virtual machines
    estate.set(pool, "reserved-for-production", UNSET if answer is None else answer)
    for gap in estate.gaps_at(pool, "drawn-on-by"):
        estate.mark_gap(pool, "reserved-for-production", gap)


def _only_a_hub(estate: Estate, workspace: int) -> bool:
    return bool(estate.get(workspace, "workspace-kind") == "hub")


def _idle_hub(estate: Estate, workspace: int) -> bool:
    """A hub in which nothing runs, for certain: its projects are who works, and take the quota."""
    return _only_a_hub(estate, workspace) and not estate.gaps_at(workspace, "has-compute")


def _shares(estate: Estate, pool: int, nearby: Iterable[int], scenario: int | None) -> None:
    """What each workspace that may draw on the pool could take: its cap, or all of it."""
    if estate.get(pool, "family") in TOTALS.values():
        return  # Azure caps a workspace by family alone
    fair = estate.get(scenario, "fair-share") if scenario is not None else None
    line = estate.line(scenario, "fair-share") if scenario is not None else None
    drawn = set(estate.neighbours(pool, "drawn-on-by"))
    may = sorted({*drawn, *(n for n in nearby if n in drawn or not _idle_hub(estate, n))})
    caps, use, limit = (estate.get(pool, a) for a in ("workspace-caps", "workspace-use", "limit"))
    for workspace in may:
        node = estate.add("quota-share", f"share:{estate.key(pool)}|{estate.key(workspace)}")
        estate.set(node, "name", f"{estate.name(workspace)} in {estate.name(pool)}")
        estate.set(node, "pool-workspaces", len(may))
        estate.set(node, "fair-share", fair, line)
        estate.set(node, "used", use.get(estate.key(workspace), 0) if isinstance(use, dict) else UNSET)
        estate.connect(pool, "has-share", node)
        estate.connect(node, "share-for", workspace)
        gaps = estate.gaps_at(pool, "*") if not isinstance(caps, dict) else ()
        if workspace not in drawn and _only_a_hub(estate, workspace):
            gaps = (*gaps, *estate.gaps_at(workspace, "has-compute"))
        if gaps or not isinstance(caps, dict):
            for gap in gaps:
                estate.mark_gap(node, "*", gap)
            continue
        cap = caps.get(estate.key(workspace))
        estate.set(node, "cap", cap)
        if limit is not UNSET:
            estate.set(node, "share", round(share(cap, limit), 4))


def _undrawn(estate: Estate, declared: Draws) -> None:
    """What attached machines draw on may be in a list of virtual machines' quota that nobody could read."""
    places = {place for place, _ in declared.amounts if place.system == "vm"}
    anywhere = {place.subscription for place in places if place.region == ANY}
    scopes = {f"{place.subscription}/locations/{place.region}" for place in places}
    for index, gap in enumerate(tuple(estate.gaps)):
        if gap.kind == "vm-usage" and (gap.scope in scopes or gap.scope.partition("/locations/")[0] in anywhere):
            estate.mark_unread("quota-pool", index)
