"""Walking a set of edges from a subject: what is reached, by which shortest way, and what could not be seen."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from scanner.findings import Chain, Gap, Step
from scanner.graph.estate import Estate

_Parents = dict[int, tuple[int, str]]  # node -> the node before it and the edge between


@dataclass(frozen=True, slots=True)
class Reached:
    """Targets reached for certain and those reached only by conditional steps, in order of distance and key.

    `gaps` are indices of the estate's gaps met on the way.
    """

    certain: tuple[int, ...]
    conditional: tuple[int, ...]
    gaps: tuple[int, ...]
    _start: int
    _certain: Mapping[int, tuple[int, str]]
    _any: Mapping[int, tuple[int, str]]

    def path(self, target: int) -> list[tuple[int, str, int]]:
        """The shortest way to a target as (from, edge, to)."""
        parents = self._certain if target in self._certain else self._any
        steps: list[tuple[int, str, int]] = []
        while target != self._start:
            before, edge = parents[target]
            steps.append((before, edge, target))
            target = before
        return steps[::-1]


def walk(estate: Estate, start: int, follow: Collection[str], to: Collection[str], through: bool) -> Reached:
    """Follows edges from `start` to nodes of the kinds `to`.

    A walk does not go on past a target unless `through`, and never past a region.
    """
    sure = [edge for edge in sorted(follow) if not _conditional(estate, edge)]
    every = sorted(follow)
    gaps: dict[int, None] = {}
    certain, by_certain = _search(estate, start, sure, every, to, through, gaps)
    if len(sure) == len(every):
        return Reached(tuple(certain), (), tuple(gaps), start, by_certain, by_certain)
    anyhow, by_any = _search(estate, start, every, every, to, through, gaps)
    known = set(certain)
    rest = tuple(node for node in anyhow if node not in known)
    return Reached(tuple(certain), rest, tuple(gaps), start, by_certain, by_any)


def _conditional(estate: Estate, edge: str) -> bool:
    found = estate.ontology.direction(edge)
    return found is not None and found[0].conditional


def _search(
    estate: Estate,
    start: int,
    edges: list[str],
    watched: list[str],
    to: Collection[str],
    through: bool,
    gaps: dict[int, None],
) -> tuple[list[int], _Parents]:
    parents: _Parents = {}
    found: list[int] = []
    seen = {start}
    frontier = [start]
    while frontier:
        following: list[tuple[str, int, int, str]] = []
        for node in frontier:
            for index in gaps_of(estate, node, watched):
                gaps[index] = None
            for edge in edges:
                following.extend((estate.key(target), target, node, edge) for target in estate.neighbours(node, edge))
        frontier = []
        for _, target, node, edge in sorted(following):
            if target in seen:
                continue
            seen.add(target)
            parents[target] = (node, edge)
            kind = estate.kind(target)
            if kind in to:
                found.append(target)
                if not through:
                    continue
            if kind != "region":
                frontier.append(target)
    return found, parents


def gaps_of(estate: Estate, node: int, edges: Collection[str]) -> list[int]:
    """Gaps at a node for any of the edges; what was referred to and never found has one on every edge."""
    found = [index for edge in edges for index in estate.gaps_at(node, edge)]
    if estate.kind(node) == "missing":
        found.extend(estate.gaps_at(node, "*") or [estate.add_gap(Gap("resource", estate.key(node), "", "missing"))])
    return found


def chain(estate: Estate, start: int, path: list[tuple[int, str, int]]) -> Chain:
    """A path as reports show it."""
    return Chain(
        estate.ref(start),
        tuple(Step(edge, estate.ref(target), note(estate, before, edge, target)) for before, edge, target in path),
    )


def note(estate: Estate, before: int, edge: str, target: int) -> str:
    """What a person should know at this step: why a derived edge is there, or what tells the node apart."""
    reason = estate.reason(before, edge, target)
    if reason:
        return reason
    for attribute in _TELLING.get(estate.kind(target), ()):
        value = estate.get(target, attribute)
        if isinstance(value, str) and value:
            return value.upper() if attribute == "redundancy" else value
    return ""


_TELLING = {
    "region": ("country",),
    "storage-account": ("redundancy",),
    "workspace": ("environment",),
    "key-vault": ("region",),
    "container-registry": ("region",),
    "application-insights": ("region",),
    "duty": ("environment",),
    "environment": ("stage",),
}
