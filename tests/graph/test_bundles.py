"""Edges kept as sets read like any others: both ways, beside listed ones, and counted."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from scanner.graph.estate import Estate

_SETS = st.lists(st.frozensets(st.integers(0, 5), max_size=6), max_size=6)


@given(_SETS, _SETS)
def test_edges_as_sets_read_as_edges(before: list[frozenset[int]], after: list[frozenset[int]]) -> None:
    """Also those added after somebody asked."""
    one, other = Estate(), Estate()
    stores = [[estate.add("storage-account", f"st{n}") for n in range(6)] for estate in (one, other)]

    def add(sets: list[frozenset[int]], at: int) -> None:
        for number, chosen in enumerate(sets):
            opening, same = (estate.add("opening", f"{at}-{number}") for estate in (one, other))
            one.connect_all([stores[0][n] for n in sorted(chosen)], "opened-by", opening)
            for n in sorted(chosen):
                other.connect(stores[1][n], "opened-by", same)

    def read(estate: Estate) -> list[list[int]]:
        return [
            list(estate.neighbours(node, edge))
            for kind, edge in (("storage-account", "opened-by"), ("opening", "opens")) for node in estate.nodes(kind)
        ]  # fmt: skip

    add(before, 0)
    assert read(one) == read(other)
    add(after, 1)
    assert read(one) == read(other)
    assert Counter(one.pairs("opened-by")) == Counter(other.pairs("opened-by"))
    assert one.edge_count("opened-by") == other.edge_count("opened-by")
    for edge in ("opened-by", "opens"):
        assert one.arrived_at(edge) == other.arrived_at(edge)
    assert one.has_edges("opens") is other.has_edges("opens")


def test_edges_of_both_sorts_are_read_together() -> None:
    estate = Estate()
    store = estate.add("storage-account", "st")
    listed, bundled = estate.add("opening", "a"), estate.add("opening", "b")
    estate.connect(store, "opened-by", listed)
    estate.connect_all([store], "opened-by", bundled)
    assert list(estate.neighbours(store, "opened-by")) == [listed, bundled]
    assert estate.first(bundled, "opens") == store
