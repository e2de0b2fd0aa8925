"""What lineage says of models and deployments: the classes they were made from, and whether they are away from the homes of those."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scanner.derive.lineage import Lineage
from scanner.derive.movement import Flows
from scanner.derive.whereabouts import Whereabouts
from scanner.graph.estate import Estate

_MADE = ("model", "registry-asset", "online-deployment", "batch-deployment", "model-deployment")


def derive(estate: Estate, flows: Flows, where: Whereabouts) -> None:
    """Writes `learned-from` and `away-from-home`, and the classes of models and deployments that follow from it."""
    if not flows.classes:
        return
    lineage = Lineage(estate, flows, where)
    lineage.run()
    for kind in _MADE:
        for node in estate.nodes(kind):
            if node not in estate.aside:
                _write(estate, flows, lineage, node)


def _write(estate: Estate, flows: Flows, lineage: Lineage, node: int) -> None:
    if estate.kind(node) == "registry-asset" and estate.get(node, "asset-type") != "model":
        estate.set(node, "away-from-home", frozenset())  # what is published is another rule's matter
        return
    places = lineage.at(node)
    certain = frozenset().union(*(lineage.held.get((node, place), ()) for place in places))
    stated = estate.get(node, "data-classes")
    estate.set(node, "learned-from", certain)
    for place in places:
        for name, gaps in lineage.doubts.get((node, place), {}).items():
            for gap in gaps if name not in certain else ():
                estate.mark_gap(node, "learned-from", gap)
    if certain:
        whole = certain | (stated if isinstance(stated, frozenset) else frozenset())
        estate.set(node, "data-classes", whole)
        estate.set(node, "regulated", any(name in flows.homes for name in whole))
        estate.set(node, "home", flows.home(whole))
    away = [(place, n) for place in places for n in sorted(_away(flows, lineage.held.get((node, place), ()), place))]
    estate.set(node, "lineage", " > ".join(estate.name(n) for n in lineage.way(node, *away[0])) if away else None)
    if away:
        estate.set(node, "away-from-home", frozenset(f"{name} in {place}" for place, name in away), flows.line(certain))
        return
    open_ = list(_open(flows, lineage, node, certain))
    for gap in open_:
        estate.mark_gap(node, "away-from-home", gap)
    if not open_:
        estate.set(node, "away-from-home", frozenset())


def _open(flows: Flows, lineage: Lineage, node: int, certain: frozenset[str]) -> Iterator[int]:
    """What keeps open whether something is away from home: where it is, or a class in doubt that is not at home there."""
    found: dict[int, None] = {}
    unknown_place = lineage.gaps.get(node, ())
    for place in lineage.at(node):
        doubts = lineage.doubts.get((node, place), {})
        for name in _away(flows, doubts, place):
            found.update(dict.fromkeys(doubts[name]))
        if unknown_place and any(name in flows.homes for name in (*certain, *doubts)):
            found.update(dict.fromkeys(unknown_place))
    yield from found


def _away(flows: Flows, classes: Iterable[str], place: str | None) -> list[str]:
    return [] if place is None else [name for name in classes if not flows.at_home((name,), place)]
