"""Where data rests and is processed beyond the region a resource names: replicas, registries, model deployments."""

from __future__ import annotations

from scanner import regions
from scanner.findings import Gap
from scanner.graph.estate import UNSET, Estate
from scanner.graph.records import RECORDS

_GEO = {"grs", "ragrs", "gzrs", "ragzrs"}
# Key Vault keeps no copy in the pair of these, nor where there is no pair.
_VAULT_STAYS = {"brazilsouth", "brazilsoutheast", "westus3"}
_IN_GEOGRAPHY = {"standard", "provisionedmanaged"}
_IN_ZONE = {"datazonestandard", "datazoneprovisionedmanaged", "datazonebatch"}
_ANYWHERE = "any region of the world"


def derive(estate: Estate) -> None:
    """Makes replica nodes and `replicated-to` edges, and says where model deployments process."""
    for account in estate.nodes("storage-account"):
        _storage(estate, account)
    for registry in estate.nodes("container-registry"):
        for region in sorted(estate.get(registry, "replicated-regions") or ()):
            _replica(estate, registry, region, "replication", "a replication of the registry")
    for registry in estate.nodes("ml-registry"):
        for region in sorted(estate.get(registry, "regions") or ()):
            if region != estate.get(registry, "region"):
                _replica(estate, registry, region, "ml-registry", "a region of the registry: assets are in every one")
    for vault in estate.nodes("key-vault"):
        region = estate.get(vault, "region")
        known = regions.region(region) if isinstance(region, str) else None
        if known and known.pair and region not in _VAULT_STAYS:
            _replica(estate, vault, known.pair, "redundancy", "the vault's copy in the paired region", by_platform=True)
    areas = {deployment: _area(estate, deployment) for deployment in estate.nodes("model-deployment")}
    for deployment in areas:
        _process(estate, deployment, areas)


def _storage(estate: Estate, account: int) -> None:
    redundancy = estate.get(account, "redundancy")
    if redundancy is UNSET:
        permission = RECORDS["storage-account"].permission
        gap = estate.add_gap(Gap("storage-account", estate.key(account), permission, "partial"))
        estate.mark_gap(account, "replicated-to", gap)
        return
    if redundancy not in _GEO:
        return
    words = f"geo-redundant copy of {redundancy.upper()}"
    stated = estate.get(account, "secondary-region")
    region = estate.get(account, "region")
    known = regions.region(region) if isinstance(region, str) else None
    if isinstance(stated, str):
        _replica(estate, account, stated, "redundancy", words)
    elif known and known.pair:
        _replica(estate, account, known.pair, "redundancy", f"{words}, by the table of region pairs")


def _replica(estate: Estate, node: int, region: str, what: str, words: str, by_platform: bool = False) -> None:
    replica = estate.add("replica", f"replica:{estate.key(node)}@{region}", f"{estate.name(node)} ({region})")
    estate.set(replica, "region", region)
    estate.set(replica, "replica-of", what)
    estate.set(replica, "by-platform", by_platform)
    estate.connect(node, "replicated-to", replica, words)
    estate.connect(replica, "located-in", _region(estate, region))


def _region(estate: Estate, name: str) -> int:
    """The region node; a region met only as a copy has no site and is described by the table."""
    node = estate.node(name)
    if node is not None:
        return node
    node = estate.add("region", name, name)
    known = regions.region(name)
    estate.set(node, "known", known is not None)
    if known:
        estate.set(node, "country", known.country)
        estate.set(node, "geography", known.geography)
        estate.set(node, "boundaries", known.boundaries)
    sites = [site for site in estate.nodes("site") if estate.get(site, "region") == name]
    estate.set(node, "named-by-site", bool(sites))
    estate.set(node, "sites", frozenset(estate.name(site) for site in sites))
    return node


Area = tuple[str, frozenset[str] | None]  # in words, and the regions; None: anywhere


def _area(estate: Estate, deployment: int) -> Area | None:
    """Where prompts are processed by the deployment's type alone; None when type or place could not be read."""
    sku, region = estate.get(deployment, "sku"), estate.get(deployment, "region")
    if not isinstance(sku, str) or not isinstance(region, str):
        return None
    known = regions.region(region)
    kind = sku.lower()
    if kind in _IN_GEOGRAPHY and known:
        return f"the geography {known.geography}", regions.within(geography=[known.geography])
    if kind in _IN_ZONE and known and known.openai_zone:
        return f"the {known.openai_zone} data zone", regions.within(boundary=[known.openai_zone])
    return _ANYWHERE, None


def _process(estate: Estate, deployment: int, areas: dict[int, Area | None]) -> None:
    """What overflows is processed where the other deployment processes."""
    area = areas[deployment]
    spill = estate.first(deployment, "spills-to")
    if spill is not None:
        other = areas.get(spill)
        if other is None and estate.kind(spill) != "missing":
            area = None
        elif area is not None:
            other = other or (_ANYWHERE, None)
            places = None if area[1] is None or other[1] is None else area[1] | other[1]
            area = (f"{area[0]}, overflow in {other[0]} by {estate.name(spill)}", places)
    if area is None:
        return
    words, places = area
    allowed = estate.get(deployment, "processing-regions")
    estate.set(deployment, "processing-area", words)
    if isinstance(allowed, frozenset):
        at_home = not estate.get(deployment, "regulated") or (places is not None and places <= allowed)
        estate.set(deployment, "processed-at-home", at_home)
