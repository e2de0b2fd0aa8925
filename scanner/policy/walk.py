"""Walking a set of edges from a subject: what is reached, by which shortest way, and what could not be seen."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

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


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """How a rule walks this estate: edges that occur in it, and those at which something could not be read.

    Prepared once for all rules that walk alike, so that a step costs no more than the edges there are.
    """

    sure: Callable[[str], tuple[str, ...]]  # by the kind of a node, the edges to follow from it for certain
    every: Callable[[str], tuple[str, ...]]  # the same with those that rest on a condition
    edges: tuple[str, ...]
    conditional: bool  # whether some of them rest on a condition
    watched: tuple[str, ...]  # edges with a gap somewhere
    to: frozenset[str]
    through: bool


def route(estate: Estate, follow: Collection[str], to: Collection[str], through: bool) -> Route:
    """The route of a rule: what it follows, to which plain kinds, and whether it goes on past them."""
    every = tuple(edge for edge in sorted(follow) if estate.has_edges(edge))
    sure = tuple(edge for edge in every if not _conditional(estate, edge))
    watched = tuple(sorted(set(follow) & estate.gap_names))
    return Route(
        _leaving(estate, sure), _leaving(estate, every), every, len(sure) < len(every), watched, frozenset(to), through
    )


def _leaving(estate: Estate, edges: tuple[str, ...]) -> Callable[[str], tuple[str, ...]]:
    """By kind, those edges that may leave it; what is missing may turn out to be of any kind."""

    @cache
    def leaving(kind: str) -> tuple[str, ...]:
        if kind == "missing":
            return edges
        there = estate.ontology.leaving(kind)
        return tuple(edge for edge in edges if edge in there)

    return leaving


def walk(estate: Estate, start: int, by: Route) -> Reached:
    """Follows a route from `start`.

    A walk does not go on past a target unless `through`, and never past a region.
    """
    gaps: dict[int, None] = {}
    certain, by_certain = _search(estate, start, by.sure, by, gaps)
    if not by.conditional:
        return Reached(tuple(certain), (), tuple(gaps), start, by_certain, by_certain)
    anyhow, by_any = _search(estate, start, by.every, by, gaps)
    known = set(certain)
    rest = tuple(node for node in anyhow if node not in known)
    return Reached(tuple(certain), rest, tuple(gaps), start, by_certain, by_any)


def leading_to(estate: Estate, by: Route, seeds: Collection[int]) -> set[int]:
    """Every node from which one of the seeds might be reached by a step or more; more than truly can, never fewer."""
    seen: set[int] = set()
    waiting = list(seeds)
    back = [inverse_of(estate, edge) for edge in by.edges]
    while waiting:
        node = waiting.pop()
        for edge in back:
            for before in estate.neighbours(node, edge):
                if before not in seen:
                    seen.add(before)
                    waiting.append(before)
    return seen


def inverse_of(estate: Estate, name: str) -> str:
    found = estate.ontology.direction(name)
    assert found is not None  # noqa: S101  # names are checked at load
    return found[0].inverse if found[1] else found[0].name


def blind(estate: Estate, by: Route) -> set[int]:
    """Nodes at which a walk of this route would meet a gap, and those that stand for somebody unseen."""
    watched = set(by.watched)
    found = {node for node, edge, _ in estate.gap_marks() if edge in watched or unseen(estate, node)}
    return found | set(estate.nodes("missing"))


def unseen(estate: Estate, node: int) -> Sequence[int]:
    """The gaps behind an identity that stands for the unread members of a group; none for everybody else."""
    return estate.gaps_at(node, "*") if estate.key(node).startswith("unread:") else ()


def _conditional(estate: Estate, edge: str) -> bool:
    found = estate.ontology.direction(edge)
    return found is not None and found[0].conditional


def _search(
    estate: Estate, start: int, edges: Callable[[str], tuple[str, ...]], by: Route, gaps: dict[int, None]
) -> tuple[list[int], _Parents]:
    parents: _Parents = {}
    found: list[int] = []
    seen = {start}
    frontier = [start]
    while frontier:
        following: list[tuple[str, int, int, str]] = []
        for node in frontier:
            kind = estate.kind(node)
            if by.watched or kind == "missing":
                for index in gaps_of(estate, node, by.watched):
                    gaps[index] = None
            for edge in edges(kind):
                for target in estate.neighbours(node, edge):
                    if target not in seen:
                        following.append((estate.key(target), target, node, edge))
        if len(following) > 1:
            following.sort()
        frontier = []
        for _, target, node, edge in following:
            if target in seen:
                continue
            seen.add(target)
            parents[target] = (node, edge)
            kind = estate.kind(target)
            if kind in by.to:
                found.append(target)
                if not by.through:
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
            if attribute == "way":
                return f"by {value}"
            return value.upper() if attribute == "redundancy" else value
    return ""


_TELLING = {
    "region": ("country",),
    "opening": ("way",),
    "storage-account": ("redundancy",),
    "workspace": ("environment",),
    "key-vault": ("region",),
    "container-registry": ("region",),
    "application-insights": ("region",),
    "duty": ("environment",),
    "environment": ("stage",),
}
