"""The minimum cut against brute force, and what is said when it is only a bound."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.graph.cut import Arc, closed_by, smallest, still_open

_NODES = st.integers(0, 6)
_CAUSES = st.sampled_from(["", "a", "b", "c", "d", "e"])
_ARCS = st.lists(st.builds(Arc, _NODES, _NODES, _CAUSES), max_size=14)
_OWN_ARCS = st.lists(st.tuples(_NODES, _NODES), max_size=10).map(
    lambda ends: [Arc(source, target, f"{source}-{target}") for source, target in ends]
)
_PAIRS = st.dictionaries(st.integers(10, 12), st.frozensets(_NODES, min_size=1, max_size=3), max_size=3)


def _ending(arcs: list[Arc], pairs: dict[int, frozenset[int]], at: list[int]) -> list[Arc]:
    """Each terminal hangs on a node by an arc of its own cause, as the step that leaves what is wanted does."""
    return [*arcs, *(Arc(node, terminal, f"in-{terminal}") for terminal, node in zip(sorted(pairs), at, strict=False))]


def _brute(arcs: list[Arc], pairs: dict[int, frozenset[int]], beyond: Iterable[tuple[int, int]]) -> int:
    causes = sorted({arc.cause for arc in arcs} - {""})
    subsets = chain.from_iterable(combinations(causes, size) for size in range(len(causes) + 1))
    return next(len(subset) for subset in subsets if still_open(arcs, pairs, subset) <= set(beyond))


@settings(max_examples=400, deadline=None)
@given(st.one_of(_ARCS, _OWN_ARCS), _PAIRS, st.lists(_NODES, min_size=3, max_size=3), st.booleans())
def test_the_cut_is_as_small_as_brute_force_finds(
    arcs: list[Arc], pairs: dict[int, frozenset[int]], at: list[int], flow: bool
) -> None:
    arcs = _ending(arcs, pairs, at)
    cut = smallest(arcs, pairs, flow=flow)
    assert cut.exact
    assert cut.beyond == still_open(arcs, pairs, {arc.cause for arc in arcs} - {""})
    assert still_open(arcs, pairs, cut.causes) == cut.beyond
    assert len(cut.causes) == _brute(arcs, pairs, cut.beyond)


@settings(max_examples=200, deadline=None)
@given(_ARCS, _PAIRS, st.lists(_NODES, min_size=3, max_size=3), st.integers(0, 6))
def test_without_effort_it_is_still_a_cut_and_the_bound_holds(
    arcs: list[Arc], pairs: dict[int, frozenset[int]], at: list[int], effort: int
) -> None:
    arcs = _ending(arcs, pairs, at)
    cut = smallest(arcs, pairs, effort=effort, flow=False)
    assert still_open(arcs, pairs, cut.causes) == cut.beyond
    assert cut.at_least <= _brute(arcs, pairs, cut.beyond) <= len(cut.causes)
    for cause in cut.causes if not cut.exact else ():  # nothing in it could be left out
        assert still_open(arcs, pairs, set(cut.causes) - {cause}) > cut.beyond


@settings(max_examples=300, deadline=None)
@given(st.one_of(_ARCS, _OWN_ARCS), _PAIRS, st.lists(_NODES, min_size=3, max_size=3))
def test_a_cause_closes_what_is_no_longer_open_without_it(
    arcs: list[Arc], pairs: dict[int, frozenset[int]], at: list[int]
) -> None:
    arcs = _ending(arcs, pairs, at)
    causes = {arc.cause for arc in arcs} - {""}
    everything = still_open(arcs, pairs, ())
    assert closed_by(arcs, pairs, causes) == {c: everything - still_open(arcs, pairs, {c}) for c in causes}


def test_of_equals_the_cause_nearest_the_data_is_named() -> None:
    arcs = [Arc(1, 2, "membership"), Arc(2, 3, "assignment")]
    for flow in (True, False):
        assert smallest(arcs, {3: frozenset({1})}, flow=flow).causes == ("assignment",)


def test_one_cause_on_many_arcs_counts_once() -> None:
    """A plain edge cut would take three removals."""
    arcs = [Arc(n, n + 10, "one") for n in range(3)]
    assert smallest(arcs, {n + 10: frozenset({n}) for n in range(3)}).causes == ("one",)


def test_a_source_is_kept_only_from_its_own_terminals() -> None:
    """Ana may go to 5 and not to 6, Ben to neither: closing the way that both share would be one too many."""
    arcs = [Arc(1, 3, "ana"), Arc(2, 3, "ben"), Arc(3, 5, "five"), Arc(3, 6, "six")]
    assert smallest(arcs, {6: frozenset({1, 2})}).causes == ("six",)
    cut = smallest(arcs, {5: frozenset({2}), 6: frozenset({2})})
    assert cut.causes == ("ben",) and cut.exact


def test_thousands_of_arcs_are_cut_by_flow() -> None:
    arcs = [Arc(person, 10_000 + person % 50, f"m{person}") for person in range(5_000)]
    arcs += [Arc(10_000 + group, 20_000 + group % 7, f"g{group}") for group in range(50)]
    arcs += [Arc(20_000 + end, 30_000, f"e{end}") for end in range(7)]
    cut = smallest(arcs, {30_000: frozenset(range(5_000))})
    assert cut.exact and cut.causes == tuple(f"e{end}" for end in range(7))
