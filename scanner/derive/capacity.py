"""Quota: what draws on each pool, what is left of it, who may take how much, and what survives the loss of a region."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from scanner import ids
from scanner.findings import Gap
from scanner.graph.estate import UNSET, Estate
from scanner.graph.records import RECORDS

UPGRADE_RESERVE = 1.2  # managed online deployments keep a fifth more while they are upgraded
_ANY_FAMILY = ""  # of a size nobody listed: it may draw on any pool of its place
_LOW_PRIORITY = "lowpriority"  # ends the normalised family of pools that low-priority nodes count against
_Draw = dict[int, float | None]  # workspace -> most units it may take by what is declared; None: a size is not known


def derive(estate: Estate) -> None:
    """Completes pools, makes shares and serving needs."""
    sizes = _sizes(estate)
    draws = _draws(estate, sizes)
    scenario = next(estate.nodes("scenario"), None)
    fair = estate.get(scenario, "fair-share") if scenario is not None else None
    line = estate.line(scenario, "fair-share") if scenario is not None else None
    needed = {(estate.get(n, "region"), estate.get(n, "family")) for n in estate.nodes("quota-need")}
    workspaces = _by_place(estate)
    for pool in estate.nodes("quota-pool"):
        region, family = estate.get(pool, "region"), estate.get(pool, "family")
        system = estate.get(pool, "system")
        place = (str(estate.get(pool, "subscription")), str(region))
        draw = draws.get((*place, str(family)), {})
        if system == "ml":
            if (*place, _ANY_FAMILY) in draws:
                scope = f"{place[0]}/locations/{region}"
                gap = Gap("vm-size", scope, RECORDS["vm-size"].permission, "partial", "a size in use is not listed")
                estate.mark_gap(pool, "drawn-on-by", estate.add_gap(gap))
            _join(estate, pool, draw)
        _measure(estate, pool, draw, (region, family) in needed)
        if system == "ml":
            _reserve(estate, pool, draw)
            if estate.get(pool, "in-use") is True:
                _shares(
                    estate, pool, workspaces.get((str(estate.get(pool, "subscription")), str(region)), ()), fair, line
                )
    _serving_needs(estate, scenario)


def _sizes(estate: Estate) -> Mapping[str, tuple[str, int]]:
    """VM size -> (family, cores); sizes mean the same in every region."""
    found: dict[str, tuple[str, int]] = {}
    for region in estate.nodes("region"):
        sizes = estate.get(region, "vm-sizes")
        if isinstance(sizes, dict):
            found.update(sizes)
    return found


def _draws(estate: Estate, sizes: Mapping[str, tuple[str, int]]) -> dict[tuple[str, str, str], _Draw]:
    """By (subscription, region, family): what each workspace's clusters and deployments may take at most."""
    found: defaultdict[tuple[str, str, str], _Draw] = defaultdict(dict)

    def take(workspace: int, node: int, size: Any, count: Any, factor: float) -> None:
        if size is None:
            return  # it draws on no pool of ours
        family, cores = sizes.get(size, (_ANY_FAMILY, 0)) if size is not UNSET else (_ANY_FAMILY, 0)
        if estate.get(node, "priority") == "low-priority" and family != _ANY_FAMILY:
            family += _LOW_PRIORITY
        place = (str(estate.get(workspace, "subscription")), str(estate.get(node, "region")), family)
        known = isinstance(count, int | float) and family != _ANY_FAMILY
        amount = math.ceil(factor * count) * cores if known else None
        before = found[place].get(workspace, 0.0)
        found[place][workspace] = None if amount is None or before is None else before + amount

    for workspace in estate.nodes("workspace"):
        for compute in estate.neighbours(workspace, "has-compute"):
            take(workspace, compute, estate.get(compute, "vm-size"), estate.get(compute, "max-nodes"), 1.0)
        for endpoint in estate.neighbours(workspace, "has-endpoint"):
            for deployment in estate.neighbours(endpoint, "has-deployment"):
                if estate.kind(deployment) == "online-deployment":
                    size, count = estate.get(deployment, "instance-type"), estate.get(deployment, "instances")
                    take(workspace, deployment, size, count, UPGRADE_RESERVE)
    for account in estate.nodes("model-account"):
        for deployment in estate.neighbours(account, "has-deployment"):
            sku, model, units = (estate.get(deployment, a) for a in ("sku", "model-name", "capacity"))
            place = (
                str(estate.get(account, "subscription")),
                str(estate.get(account, "region")),
                f"openai.{sku}.{model}".lower(),
            )
            before = found[place].get(account, 0.0)
            found[place][account] = before + units if isinstance(units, int | float) and before is not None else None
    return found


def _by_place(estate: Estate) -> Mapping[tuple[str, str], list[int]]:
    found: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for workspace in estate.nodes("workspace"):
        found[str(estate.get(workspace, "subscription")), str(estate.get(workspace, "region"))].append(workspace)
    return found


def _join(estate: Estate, pool: int, draw: _Draw) -> None:
    """A workspace draws on a pool by what it declares, by what it uses, or by a cap that gives it a part."""
    drawing = set(draw)
    for attribute in ("workspace-use", "workspace-caps"):
        by_key = estate.get(pool, attribute)
        for key, amount in by_key.items() if isinstance(by_key, dict) else ():
            workspace = estate.node(key)
            if workspace is not None and amount > 0:
                drawing.add(workspace)
    for workspace in sorted(drawing):
        declared = draw.get(workspace)
        words = (
            f"its clusters and deployments may take {declared:g}"
            if declared
            else "it uses or is given a part of the pool"
        )
        estate.connect(pool, "drawn-on-by", workspace, words)
    subscription, region = estate.get(pool, "subscription"), estate.get(pool, "region")
    for workspace in estate.nodes("workspace"):
        if estate.get(workspace, "subscription") == subscription and estate.get(workspace, "region") == region:
            for edge in ("has-compute", "has-endpoint"):
                for gap in estate.gaps_at(workspace, edge):
                    estate.mark_gap(pool, "drawn-on-by", gap)


def _measure(estate: Estate, pool: int, draw: _Draw, needed: bool) -> None:
    used, limit = estate.get(pool, "used"), estate.get(pool, "limit")
    if limit is UNSET:  # only caps name it: it was never granted, or its usage could not be read
        estate.set(pool, "in-use", UNSET if estate.gaps_at(pool, "*") else False)
        return
    gaps = estate.gaps_at(pool, "drawn-on-by")
    known = [amount for amount in draw.values() if amount is not None]
    declared = sum(known)
    certain = len(known) == len(draw) and not gaps
    estate.set(pool, "declared", declared if certain else UNSET)
    estate.set(pool, "in-use", bool(used or draw or needed))
    if limit is None:
        estate.set(pool, "headroom", None)
        return
    taken = max(used or 0, declared)
    certain = certain and used is not UNSET
    left = 1.0 - taken / limit if limit else (0.0 if taken else 1.0)
    wanted = estate.get(pool, "headroom-wanted")
    short_anyway = isinstance(wanted, int | float) and left < wanted
    # what was seen is enough to say that too little is left, never that enough is
    estate.set(pool, "headroom", round(left, 4) if certain or short_anyway else UNSET)
    for gap in gaps:
        estate.mark_gap(pool, "headroom", gap)


def _reserve(estate: Estate, pool: int, draw: _Draw) -> None:
    """Production keeps its part when every other workspace is capped and the rest covers what production declares."""
    caps, limit = estate.get(pool, "workspace-caps"), estate.get(pool, "limit")
    if not isinstance(caps, dict):
        return
    capped, wanted = 0.0, 0.0
    for workspace in estate.neighbours(pool, "drawn-on-by"):
        if estate.get(workspace, "stage") == "production":
            wanted += draw.get(workspace) or 0.0
        elif estate.key(workspace) in caps:
            capped += caps[estate.key(workspace)]
        else:
            estate.set(pool, "reserved-for-production", False)
            return
    if limit is not UNSET:
        estate.set(pool, "reserved-for-production", limit is not None and limit - capped >= wanted)


def _shares(estate: Estate, pool: int, nearby: Iterable[int], fair: Any, line: Any) -> None:
    """What each workspace that may draw on the pool could take: its cap, or all of it."""
    may = sorted({*nearby, *estate.neighbours(pool, "drawn-on-by")})
    caps, use, limit = (estate.get(pool, a) for a in ("workspace-caps", "workspace-use", "limit"))
    for workspace in may:
        share = estate.add("quota-share", f"share:{estate.key(pool)}|{estate.key(workspace)}")
        estate.set(share, "name", f"{estate.name(workspace)} in {estate.name(pool)}")
        estate.set(share, "pool-workspaces", len(may))
        estate.set(share, "fair-share", fair, line)
        estate.set(share, "used", use.get(estate.key(workspace), 0) if isinstance(use, dict) else UNSET)
        estate.connect(pool, "has-share", share)
        estate.connect(share, "share-for", workspace)
        if not isinstance(caps, dict):
            for gap in estate.gaps_at(pool, "*"):
                estate.mark_gap(share, "*", gap)
            continue
        cap = caps.get(estate.key(workspace))
        estate.set(share, "cap", cap)
        if limit is not UNSET:
            estate.set(share, "share", 1.0 if cap is None or not limit else round(min(1.0, cap / limit), 4))


def _serving_needs(estate: Estate, scenario: int | None) -> None:
    """What serving sites need of a family together, and what is left of it at home without the largest region."""
    needs: defaultdict[str, list[int]] = defaultdict(list)
    for need in estate.nodes("quota-need"):
        if estate.get(need, "for") in ("serve", "serve-batch"):
            needs[str(estate.get(need, "family"))].append(need)
    listed = _regions(estate, [pool for pool in estate.nodes("quota-pool") if estate.get(pool, "system") == "ml"])
    for family, members in sorted(needs.items()):
        node = estate.add("serving-need", f"serving-need:{family}")
        first = members[0]
        estate.set(node, "name", f"serving on {estate.name(first).partition(' at ')[0]}")
        estate.set(node, "family", family)
        estate.set(node, "amount", sum(estate.get(n, "amount") for n in members), estate.line(first, "amount"))
        wanted = estate.get(scenario, "survive-region-loss") if scenario is not None else None
        estate.set(
            node,
            "survive-region-loss",
            wanted is True,
            estate.line(scenario, "survive-region-loss") if scenario is not None else None,
        )
        at_home = frozenset.intersection(*(estate.get(n, "home-regions") for n in members))
        granted: defaultdict[str, float] = defaultdict(float)
        for pool in estate.nodes("quota-pool"):
            region = estate.get(pool, "region")
            if estate.get(pool, "family") == family and region in at_home and estate.get(pool, "system") == "ml":
                limit = estate.get(pool, "limit")
                granted[region] += math.inf if limit is None else 0.0 if limit is UNSET else limit
        largest = max(sorted(granted), key=lambda r: granted[r], default=None)
        estate.set(node, "largest-region", largest)
        unread = [
            gap for kind, gap in estate.unread if kind == "quota-pool" and ids.last(estate.gaps[gap].scope) in at_home
        ]
        unread += [_unasked(estate, region) for region in sorted(_regions(estate, members) - listed)]
        for gap in unread:
            estate.mark_gap(node, "left-after-worst-loss", gap)
        if not unread:
            left = sum(amount for region, amount in granted.items() if region != largest)
            estate.set(node, "left-after-worst-loss", left)


def _regions(estate: Estate, nodes: Iterable[int]) -> set[str]:
    return {str(estate.get(node, "region")) for node in nodes}


def _unasked(estate: Estate, region: str) -> int:
    """A snapshot taken without the scenario holds quota of the regions in use alone; Azure lists every family, also at zero."""
    record = RECORDS["ml-usage"]
    detail = (
        f"quota of {region} was not asked for; `--region {region}` or `--scenario` does, when the snapshot is taken"
    )
    return estate.add_gap(Gap(record.name, f"/locations/{region}", record.permission, "bounded", detail))
