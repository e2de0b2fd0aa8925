"""The estate as a networkx graph: a `DiGraph` whose mappings read the estate's own arrays, so every algorithm works on it.

Nodes are the estate's integers. Edge data is `{"kinds": {edge kind: reason}}`, since one pair of nodes may be tied in
several ways. The view is frozen; it costs a few dictionaries, not a copy of the graph.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import networkx as nx

from scanner.graph.estate import UNSET, Estate


def view(estate: Estate, kinds: Collection[str] | None = None) -> nx.DiGraph[int]:
    """The graph of an estate, or of the edges of some kinds (by forward name) on all its nodes.

    Raises KeyError for a kind the ontology does not have.
    """
    chosen = (
        tuple(estate.ontology.edges) if kinds is None else tuple(estate.ontology.edges[kind].name for kind in kinds)
    )
    used = tuple(kind for kind in chosen if estate.edge_count(kind))
    return EstateGraph(estate, used)


class EstateGraph(nx.DiGraph):  # type: ignore[type-arg]  # networkx graphs are made by subclassing
    """A read-only `DiGraph` over an estate. Algorithms that copy get an ordinary graph."""

    def __init__(self, estate: Estate | None = None, kinds: tuple[str, ...] = ()) -> None:
        super().__init__()
        if estate is None:  # networkx makes empty graphs of a graph's own class when it copies
            return
        inverses = tuple(estate.ontology.edges[kind].inverse for kind in kinds)
        self.graph["kinds"] = kinds
        self._node = _Nodes(estate)
        self._adj = _Adjacency(estate, kinds, kinds)
        self._pred = _Adjacency(estate, inverses, kinds)
        nx.freeze(self)

    def to_directed_class(self) -> type[nx.DiGraph[int]]:
        return nx.DiGraph

    def to_undirected_class(self) -> type[nx.Graph[int]]:
        return nx.Graph


class _Nodes(Mapping[int, Mapping[str, Any]]):
    """Attributes of every node by its integer; what could not be read is left out."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate

    def __getitem__(self, node: int) -> Mapping[str, Any]:
        estate = self._estate
        if not isinstance(node, int) or not 0 <= node < len(estate):
            raise KeyError(node)
        kind = estate.kind(node)
        declared = estate.ontology.kinds[kind].attributes
        known = {name: value for name in declared if (value := estate.get(node, name)) is not UNSET}
        return {**known, "kind": kind, "key": estate.key(node), "name": estate.name(node)}

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self._estate)))

    def __len__(self) -> int:
        return len(self._estate)


class _Adjacency(Mapping[int, Mapping[int, Mapping[str, Any]]]):
    """Neighbours of every node along the edges of some names, with the edge data of their forward kinds."""

    def __init__(self, estate: Estate, names: tuple[str, ...], kinds: tuple[str, ...]) -> None:
        self._estate = estate
        self._names = names
        self._kinds = kinds

    def __getitem__(self, node: int) -> dict[int, dict[str, Any]]:
        estate = self._estate
        if not isinstance(node, int) or not 0 <= node < len(estate):
            raise KeyError(node)
        found: dict[int, dict[str, Any]] = {}
        for name, kind in zip(self._names, self._kinds, strict=True):
            for other in estate.neighbours(node, name):
                found.setdefault(other, {"kinds": {}})["kinds"][kind] = estate.reason(node, name, other)
        return found

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self._estate)))

    def __len__(self) -> int:
        return len(self._estate)
