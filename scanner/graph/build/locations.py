"""The live list of regions, as each subscription sees it: kept beside the estate, to hold the shipped table against."""

from __future__ import annotations

from scanner import ids
from scanner.graph import located
from scanner.graph.build import shapes_flows
from scanner.graph.build.context import Context, known
from scanner.regions import Listed


def _location(context: Context, kind: str, body: shapes_flows.Location, of: str, raw: bytes) -> None:
    """Groupings such as `europe` are no places, and an edge zone is a part of its region (`azure/05-residency.md`, section 1)."""
    if context.odd:
        context.misread.append((kind, ids.subscription_of(ids.fold(body.id)) or ""))
        return
    more = known(body.metadata, shapes_flows.Whereabouts())
    if known(body.type) == "EdgeZone" or known(more.region_type) == "Logical":
        return
    name = ids.fold_location(body.name)
    pairs = known(more.paired_region)
    pair = "" if pairs is None else ids.fold_location(pairs[0].name) if pairs else None
    context.estate.listed.setdefault(name, Listed(name, known(more.geography), pair))


def doubt(context: Context, kind: str, gap: int) -> None:
    """Regions that no list showed may be elsewhere by the one that was not read."""
    if kind == located.LIST:
        for node in context.estate.nodes("region"):
            located.unread(context.estate, node, gap)


STEPS = ((located.LIST, shapes_flows.Location, _location),)
