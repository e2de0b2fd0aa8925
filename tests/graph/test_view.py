"""The networkx view is a graph like any other: algorithms say the same of it as of a plain copy."""

from __future__ import annotations

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.graph.estate import Estate
from scanner.graph.view import view

_PAIRS = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9), st.sampled_from(["member-of", "may-join"])), max_size=40
)


def _both(pairs: list[tuple[int, int, str]]) -> tuple[Estate, nx.DiGraph[int]]:
    estate = Estate()
    plain: nx.DiGraph[int] = nx.DiGraph()
    for number in range(10):
        plain.add_node(estate.add("group", f"g{number}", f"g{number}"))
    for source, target, kind in pairs:
        estate.connect(source, kind, target, f"{kind} says so")
        plain.add_edge(source, target)
    return estate, plain


@given(_PAIRS)
def test_algorithms_agree_with_a_plain_graph(pairs: list[tuple[int, int, str]]) -> None:
    estate, plain = _both(pairs)
    graph = view(estate)
    assert set(graph.edges) == set(plain.edges)
    assert {n: set(graph.predecessors(n)) for n in graph} == {n: set(plain.predecessors(n)) for n in plain}
    assert nx.descendants(graph, 0) == nx.descendants(plain, 0)
    assert list(map(sorted, nx.weakly_connected_components(graph))) == list(
        map(sorted, nx.weakly_connected_components(plain))
    )
    assert sorted(map(sorted, nx.strongly_connected_components(graph))) == sorted(
        map(sorted, nx.strongly_connected_components(plain))
    )
    assert dict(nx.single_source_shortest_path_length(graph, 0)) == dict(
        nx.single_source_shortest_path_length(plain, 0)
    )
    assert nx.is_directed_acyclic_graph(graph) == nx.is_directed_acyclic_graph(plain)
    assert nx.number_of_edges(nx.DiGraph(graph)) == plain.number_of_edges()


def test_a_pair_tied_in_several_ways_has_one_edge_that_names_them() -> None:
    estate, _ = _both([(0, 1, "member-of"), (0, 1, "may-join")])
    graph = view(estate)
    assert graph[0][1] == {"kinds": {"member-of": "member-of says so", "may-join": "may-join says so"}}
    assert graph.pred[1][0] == graph[0][1]


def test_a_view_of_some_kinds_has_only_their_edges() -> None:
    estate, _ = _both([(0, 1, "member-of"), (1, 2, "may-join")])
    assert list(view(estate, ["may-join"]).edges) == [(1, 2)]
    with pytest.raises(KeyError):
        view(estate, ["no-such-edge"])


def test_the_view_cannot_be_changed() -> None:
    estate, _ = _both([])
    with pytest.raises(nx.NetworkXError, match=r"[Ff]rozen"):
        view(estate).add_edge(0, 1)


def test_nodes_carry_what_is_known_of_them() -> None:
    estate, _ = _both([])
    assert view(estate).nodes[0] == {"kind": "group", "key": "g0", "name": "g0"}
