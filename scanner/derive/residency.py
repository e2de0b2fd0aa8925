"""Where data rests and is processed beyond the region a resource names: copies of storage, model deployments."""

from __future__ import annotations

from scanner import regions
from scanner.derive import copies
from scanner.findings import Gap
from scanner.graph import located
from scanner.graph.estate import UNSET, Estate
from scanner.graph.records import RECORDS

_GEO, _LOCAL = {"grs", "ragrs", "gzrs", "ragzrs"}, {"lrs", "zrs"}
_IN_GEOGRAPHY = {"standard", "provisionedmanaged"}
_IN_ZONE = {"datazonestandard", "datazoneprovisionedmanaged", "datazonebatch"}
_ANYWHERE = "any region of the world"


def derive(estate: Estate) -> None:
    """Makes replica nodes and `replicated-to` edges, and says where model deployments process."""
    for account in estate.nodes("storage-account"):
        _storage(estate, account)
    copies.derive(estate)
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
    if redundancy in _LOCAL:
        return
    if redundancy not in _GEO:  # a word nobody knows is not taken for a local one
        copies.unread(estate, account, "storage-account", "redundancy")
        return
    words = f"geo-redundant copy of {redundancy.upper()}"
    stated = estate.get(account, "secondary-region")
    region = estate.get(account, "region")
    other = copies.pair(estate, account)
    if isinstance(stated, str):
        copies.replica(estate, account, stated, "redundancy", words)
    elif other is not None:
        copies.replica(estate, account, other, "redundancy", f"{words}, by the table of region pairs", "table")
    elif not isinstance(region, str) or not located.placed(
        estate, region
    ):  # in a place no list has, where its pair is is not known either
        copies.unread(estate, account, "storage-account", "region")


Area = tuple[str, frozenset[str] | None]  # in words, and the regions; None: anywhere


def _area(estate: Estate, deployment: int) -> Area | None:
    """Where prompts are processed by the deployment's type alone; None when type or place could not be read."""
    sku, region = estate.get(deployment, "sku"), estate.get(deployment, "region")
    if not isinstance(sku, str) or not isinstance(region, str):
        return None
    known = regions.region(region)
    kind = sku.lower()
    if kind in _IN_GEOGRAPHY:
        found = located.geography(estate, region)
        if found is None:
            estate.mark_gap(deployment, "*", copies.nowhere(estate, region))
        return found
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
