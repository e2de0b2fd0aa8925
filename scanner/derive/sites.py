"""What stands at the scenario's sites: workspaces, clusters for batches, endpoints for audiences, and what makes results comparable."""

from __future__ import annotations

from collections.abc import Iterable

from scanner.derive.movement import Flows
from scanner.derive.whereabouts import Whereabouts
from scanner.graph.estate import UNSET, Estate


def derive(estate: Estate, flows: Flows, where: Whereabouts) -> None:
    """Writes edges from sites to workspaces and clusters, `unserved` and `apart-from`, and where endpoints serve whom."""
    by_region: dict[str, list[int]] = {}
    for site in estate.nodes("site"):
        by_region.setdefault(estate.get(site, "region"), []).append(site)
    if not by_region:
        return
    _workspaces(estate, where, by_region)
    _audiences(estate, where)
    _comparable(estate, flows)


def _workspaces(estate: Estate, where: Whereabouts, by_region: dict[str, list[int]]) -> None:
    everywhere = [site for sites in by_region.values() for site in sites]
    for gap in estate.unread_gaps("workspace"):
        _open(estate, everywhere, ("has-workspace", "has-compute-there"), [gap])
    for workspace in estate.nodes("workspace"):
        if workspace in estate.aside:
            continue
        stands = where.stands(workspace)
        _open(estate, everywhere, ("has-workspace", "has-compute-there"), stands.gaps)
        sites = [site for region in stands.regions for site in by_region.get(region, ())]
        for site in sites:
            estate.connect(site, "has-workspace", workspace)
        _open(estate, sites, ("has-compute-there",), estate.gaps_at(workspace, "has-compute"))
        for compute in estate.neighbours(workspace, "has-compute") if sites else ():
            found = where.compute(compute)
            _open(estate, sites, ("has-compute-there",), found.gaps)
            for site in sites:
                if estate.get(site, "region") in found.regions:
                    estate.connect(site, "has-compute-there", compute)


def _open(estate: Estate, nodes: Iterable[int], names: tuple[str, ...], gaps: Iterable[int]) -> None:
    for gap in gaps:
        for node in nodes:
            for name in names:
                estate.mark_gap(node, name, gap)


# -- audiences ---------------------------------------------------------------------------------------------------------


def _audiences(estate: Estate, where: Whereabouts) -> None:
    """An endpoint that names no audience serves whoever its site serves; where some environment is live, only those count."""
    tag = next((t for node in estate.nodes("scenario") if isinstance(t := estate.get(node, "audience-tag"), str)), None)
    regions: dict[str, set[str]] = {}
    for site in estate.nodes("site"):
        for audience in estate.get(site, "audience") or () if "serve" in (estate.get(site, "does") or ()) else ():
            regions.setdefault(audience, set()).add(estate.get(site, "region"))
    some_live = any(estate.get(node, "live") is True for node in estate.nodes("environment"))
    served: set[tuple[str, str | None]] = set()
    gaps: dict[int, None] = dict.fromkeys(estate.unread_gaps("online-endpoint"))
    for endpoint in estate.nodes("endpoint"):
        if endpoint in estate.aside:
            continue
        tags = estate.get(endpoint, "tags")
        named = tags.get(tag.lower()) if isinstance(tags, dict) and tag else None
        found = where.serving(endpoint)
        estate.set(endpoint, "audience", named)
        estate.set(endpoint, "audience-regions", frozenset(regions.get(named or "", ())))
        if found.gaps:
            for gap in found.gaps:
                estate.mark_gap(endpoint, "serves-from", gap)
        else:
            estate.set(endpoint, "serves-from", next(iter(sorted(found.regions)), None))
        live = estate.get(endpoint, "live")
        if estate.kind(endpoint) != "online-endpoint" or (some_live and live is False):
            continue
        if some_live and live is UNSET:
            gaps.update(dict.fromkeys(estate.gaps_at(endpoint, "live")))
            continue
        gaps.update(dict.fromkeys(found.gaps))
        served |= {(region, named) for region in found.regions}
    for workspace in estate.nodes("workspace"):
        gaps.update(dict.fromkeys(estate.gaps_at(workspace, "has-endpoint")))
    for site in estate.nodes("site"):
        wanted = estate.get(site, "audience") if "serve" in (estate.get(site, "does") or ()) else None
        region = estate.get(site, "region")
        left = {a for a in wanted or () if (region, a) not in served and (region, None) not in served}
        for gap in gaps if left else ():
            estate.mark_gap(site, "unserved", gap)
        if not left or not gaps:
            estate.set(site, "unserved", frozenset(left))


# -- results of sites --------------------------------------------------------------------------------------------------


def _comparable(estate: Estate, flows: Flows) -> None:
    """Sites that train compare results by a declared flow of metrics, by models of one base that a flow brings to them, or by
    an ML registry that is in both regions.
    """
    training = {
        estate.name(site): estate.get(site, "region")
        for site in estate.nodes("site")
        if {"train", "fine-tune"} & (estate.get(site, "does") or frozenset())
    }
    group = {name: name for name in training}

    def top(name: str) -> str:
        while group[name] != name:
            name = group[name]
        return name

    def join(names: Iterable[str]) -> None:
        first, *rest = [top(name) for name in names if name in group] or [""]
        for name in rest:
            group[top(name)] = top(first)

    by_region: dict[str, list[str]] = {}
    for name, region in training.items():
        by_region.setdefault(region, []).append(name)
    for names in by_region.values():
        join(names)
    gaps = estate.unread_gaps("ml-registry")
    for registry in estate.nodes("ml-registry"):
        regions = estate.get(registry, "regions")
        if not isinstance(regions, frozenset):
            gaps += [*estate.gaps_at(registry, "replicated-to")]
        elif registry not in estate.aside:
            join(name for name, region in training.items() if region in regions)
    for source, target in (*flows.between_sites("metrics"), *flows.between_sites("model")):
        join((source, target))
    largest = max(training, key=lambda name: sum(top(other) == top(name) for other in training), default="")
    for site in estate.nodes("site"):
        name = estate.name(site)
        apart = {other for other in training if name in training and top(other) != top(name)}
        apart = apart if apart and top(name) != top(largest) else set()
        for gap in gaps if apart else ():
            estate.mark_gap(site, "apart-from", gap)
        if not apart or not gaps:
            estate.set(site, "apart-from", frozenset(apart))
