"""How quota lies over regions: what needs are granted, what serving keeps when a region is lost, where models are concentrated."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from scanner import ids
from scanner.derive.quota.measures import (
    ANYTHING,
    NOTHING,
    Range,
    exactly,
    largest_share,
    settled,
    total,
    without_largest,
)
from scanner.findings import Gap
from scanner.graph.estate import UNSET, Estate
from scanner.graph.records import RECORDS

_SERVING = ("serve", "serve-batch")
_UNBOUND = ("global", "datazone")  # deployment types that no region's loss takes down
_LISTS = {"family": "ml-usage", "model": "model-usage"}
_SYSTEM = {"family": "ml", "model": "model"}
_Granted = Mapping[str, Range]


def derive(estate: Estate, scenario: int | None) -> None:
    """Writes what is granted on needs, and makes serving needs and spreads of models."""
    granted = _granted(estate)
    for need in estate.nodes("quota-need"):
        _need(estate, need)
    survive = estate.get(scenario, "survive-region-loss") if scenario is not None else None
    _serving(estate, scenario, survive is True, granted)
    _models(estate, scenario, survive is True, granted)


def _granted(estate: Estate) -> dict[tuple[str, str], dict[str, Range]]:
    """By what a need is of, and its name: quota of regional kinds in each region."""
    found: defaultdict[tuple[str, str], dict[str, Range]] = defaultdict(dict)
    for pool in estate.nodes("quota-pool"):
        if pool in estate.aside:
            continue
        region = str(estate.get(pool, "region"))
        for of, name in _names(estate, pool):
            sku = estate.get(pool, "sku")
            if of == "model" and isinstance(sku, str) and sku.startswith(_UNBOUND):
                continue
            by_region = found[of, name]
            by_region[region] = by_region.get(region, NOTHING) + _amount(estate, pool)
    return found


def _names(estate: Estate, pool: int) -> list[tuple[str, str]]:
    """What needs call a pool. Quota of virtual machines counts where attached clusters of the estate draw on it."""
    system, model = estate.get(pool, "system"), estate.get(pool, "model")
    if system == "ml" or (system == "vm" and estate.neighbours(pool, "drawn-on-by")):
        return [("family", str(estate.get(pool, "family")))]
    return [("model", model)] if system == "model" and isinstance(model, str) else []


def _amount(estate: Estate, pool: int) -> Range:
    limit = estate.get(pool, "limit")
    if limit is UNSET:
        return ANYTHING if estate.get(pool, "in-use") is not False else NOTHING
    return exactly(float("inf") if limit is None else limit)


def _need(estate: Estate, need: int) -> None:
    """What the site's region grants; to production only what subscriptions with production have, where there are any."""
    of, family, region = (str(estate.get(need, a)) for a in ("of", "family", "region"))
    pools = [
        pool for pool in estate.nodes("quota-pool")
        if pool not in estate.aside and estate.get(pool, "region") == region and (of, family) in _names(estate, pool)
    ]  # fmt: skip
    if estate.get(need, "for") in _SERVING:
        live = {
            estate.get(w, "subscription")
            for w in estate.nodes("subject")
            if estate.get(w, "stage") in ("production", UNSET)
        }
        pools = [pool for pool in pools if not live or estate.get(pool, "subscription") in live]
    amount = total(_amount(estate, pool) for pool in pools)
    gaps = _unread(estate, of, {region})
    if gaps:
        amount = Range(amount.low, float("inf"))
    wanted = estate.get(need, "amount")
    said = settled(amount, wanted)
    estate.set(need, "granted", UNSET if said is None else said)
    estate.set(need, "short", UNSET if said is None else said < wanted)
    for gap in (*gaps, *(gap for pool in pools for gap in estate.gaps_at(pool, "*"))):
        estate.mark_gap(need, "granted", gap)
        estate.mark_gap(need, "short", gap)


def _serving(estate: Estate, scenario: int | None, survive: bool, granted: Mapping[tuple[str, str], _Granted]) -> None:
    """What serving sites need of a family or model together, and what is left of it at home without the largest region."""
    needs: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for need in estate.nodes("quota-need"):
        if estate.get(need, "for") in _SERVING:
            needs[str(estate.get(need, "of")), str(estate.get(need, "family"))].append(need)
    for (of, family), members in sorted(needs.items()):
        if of == "model" and _served_anywhere(estate, family):
            continue
        node = estate.add("serving-need", f"serving-need:{family}")
        first = members[0]
        estate.set(node, "name", f"serving on {estate.name(first).partition(' at ')[0]}")
        estate.set(node, "family", family)
        amount = sum(estate.get(n, "amount") for n in members)
        estate.set(node, "amount", amount, estate.line(first, "amount"))
        estate.set(
            node,
            "survive-region-loss",
            survive,
            estate.line(scenario, "survive-region-loss") if scenario is not None else None,
        )
        at_home = frozenset.intersection(*(estate.get(n, "home-regions") for n in members))
        _loss(estate, node, of, amount, granted.get((of, family), {}), at_home)


def _served_anywhere(estate: Estate, model: str) -> bool:
    """Whether a model is deployed by types that are routed over regions: what one region has does not matter then."""
    return any(
        estate.get(pool, "model") == model and str(estate.get(pool, "sku")).startswith(_UNBOUND)
        and (estate.get(pool, "used") or estate.neighbours(pool, "drawn-on-by"))
        for pool in estate.nodes("quota-pool")
    )  # fmt: skip


def _loss(estate: Estate, node: int, of: str, wanted: float, granted: _Granted, at_home: frozenset[str]) -> None:
    gaps = _unread(estate, of, at_home)
    unsure = {ids.last(estate.gaps[gap].scope) for gap in gaps}
    by_region = {region: granted.get(region, NOTHING) for region in at_home}
    for region in unsure & at_home:
        by_region[region] = Range(by_region[region].low, float("inf"))
    if any(estate.gaps[gap].scope.count("/") < 4 for gap in gaps):  # a list of a subscription or more
        by_region = {region: Range(amount.low, float("inf")) for region, amount in by_region.items()}
    left, largest = without_largest(by_region)
    said = settled(left, wanted)
    estate.set(node, "largest-region", largest)
    estate.set(node, "left-after-worst-loss", UNSET if said is None else said)
    for gap in gaps:
        estate.mark_gap(node, "left-after-worst-loss", gap)


def _models(estate: Estate, scenario: int | None, survive: bool, granted: Mapping[tuple[str, str], _Granted]) -> None:
    """Models that are deployed by regional types and that no need speaks of: whether one region has nearly all."""
    serving = {
        estate.get(site, "region") for site in estate.nodes("site") if set(_SERVING) & estate.get(site, "does")
    }  # fmt: skip
    homes = _homes(estate)
    spoken_of = {estate.get(n, "family") for n in estate.nodes("quota-need") if estate.get(n, "of") == "model"}
    found: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for pool in estate.nodes("quota-pool"):
        sku, model = estate.get(pool, "sku"), estate.get(pool, "model")
        if pool in estate.aside or not isinstance(model, str) or not isinstance(sku, str):
            continue
        if not sku.startswith(_UNBOUND) and model not in spoken_of:
            found[model, sku].append(pool)
    for name, gap in tuple(estate.unread) if survive else ():
        if name == "quota-pool" and estate.gaps[gap].kind in ("model-usage", "subscription", "workspace"):
            estate.mark_unread("model-spread", gap)
    for (model, sku), pools in sorted(found.items()):
        deployed = total(
            exactly(estate.get(p, "used") or 0) if estate.get(p, "used") is not UNSET else ANYTHING for p in pools
        )
        if deployed.high == 0:
            continue
        node = estate.add("model-spread", f"model-spread:{sku}.{model}", f"{model} ({sku})")
        used_in = {str(estate.get(p, "region")) for p in pools if estate.get(p, "used")}
        at_home = frozenset(
            serving & frozenset.intersection(*(homes.get(region, frozenset(serving)) for region in used_in))
        )
        by_region: dict[str, Range] = {}
        for pool in pools:
            region = str(estate.get(pool, "region"))
            by_region[region] = by_region.get(region, NOTHING) + _amount(estate, pool)
        for name, value in (("model", model), ("sku", sku), ("regions", sum(1 for r in at_home if by_region.get(r, NOTHING).high)),
                            ("deployed", deployed.low if deployed.certain else UNSET),
                            ("largest-share", largest_share({r: a.low for r, a in by_region.items()}))):  # fmt: skip
            estate.set(node, name, value)
        estate.set(
            node,
            "survive-region-loss",
            survive,
            estate.line(scenario, "survive-region-loss") if scenario is not None else None,
        )
        _loss(estate, node, "model", deployed.high, by_region, at_home)


def _homes(estate: Estate) -> dict[str, frozenset[str]]:
    """By region, where everything may be that its serving sites serve; a region with a class of any place is not in it."""
    homes = {
        estate.name(c): estate.get(c, "home-regions")
        for c in estate.nodes("data-class")
        if estate.get(c, "home") is not None
    }
    found: dict[str, frozenset[str]] = {}
    for site in estate.nodes("site"):
        if set(_SERVING) & estate.get(site, "does"):
            region = str(estate.get(site, "region"))
            for name in estate.get(site, "data"):
                if isinstance(homes.get(name), frozenset):
                    found[region] = found.get(region, homes[name]) & homes[name]
    return found


def _unread(estate: Estate, of: str, regions: Iterable[str]) -> list[int]:
    """Gaps of lists that may hold more quota of these regions."""
    wanted, kind, system = set(regions), _LISTS[of], _SYSTEM[of]
    pools = [p for p in estate.nodes("quota-pool") if estate.get(p, "system") == system and p not in estate.aside]
    listed = {str(estate.get(pool, "region")) for pool in pools}
    found = [
        gap for name, gap in estate.unread
        if name == "quota-pool" and estate.gaps[gap].kind == kind and ids.last(estate.gaps[gap].scope) in wanted
    ]  # fmt: skip
    found += [
        gap
        for name, gap in estate.unread
        if name == "quota-pool" and estate.gaps[gap].kind in ("subscription", "workspace")
    ]
    found += [_unasked(estate, kind, region) for region in sorted(wanted - listed)]
    return list(dict.fromkeys(found))


def _unasked(estate: Estate, kind: str, region: str) -> int:
    """A snapshot taken without the scenario holds quota of the regions in use alone; Azure lists every family, also at zero."""
    detail = (
        f"quota of {region} was not asked for; `--region {region}` or `--scenario` does, when the snapshot is taken"
    )
    return estate.add_gap(Gap(kind, f"/locations/{region}", RECORDS[kind].permission, "bounded", detail))
