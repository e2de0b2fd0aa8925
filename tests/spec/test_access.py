"""The engine says what the specification says, on generated worlds: step by step, closed to a fixpoint, and sorted by a scenario.

Then the checker: every chain printed is true of the estate, each step taken alone.
"""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanner.findings import NodeRef
from scanner.findings import Step as Shown
from scanner.graph.permissions import matches
from tests.spec import access as spec
from tests.spec.access import Answer, World, strongest
from tests.spec.approval import Table, openings
from tests.spec.check_chain import ChainError, check
from tests.spec.engine import Engine, Steps
from tests.spec.estates import estate_of
from tests.spec.reach import ANYBODY, Step, into_identities, into_store, reach, reach_by_joining
from tests.spec.worlds import A1, A2, A3, PARENTS, PEOPLE, ROLES, STORES, plain_worlds, tables, worlds

MANY = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], print_blob=True
)  # fmt: skip
HOW = ("read", "write")


def _steps(found: Iterable[Step]) -> Steps:
    steps: Steps = {}
    for step in found:
        key = (step.who, step.into, step.way, step.cause)
        steps[key] = strongest((step.answer, steps.get(key, "no")))
    return steps


@MANY
@given(worlds())
def test_the_engine_takes_the_steps_of_the_specification(world: World) -> None:
    engine = Engine(estate_of(world))
    assert engine.into_identities() == _steps(into_identities(world))
    for store in STORES:
        for how in HOW:
            assert engine.into_store(store, how) == _steps(into_store(world, store, how))


@MANY
@given(worlds())
def test_the_engine_reaches_what_the_specification_reaches(world: World) -> None:
    """By its sets, by the sets that large estates are counted with, and by the links that questions are answered with."""
    engine = Engine(estate_of(world))
    for store in STORES:
        for how in HOW:
            meant = reach(world, store, how)
            assert engine.reach(store, how) == meant
            assert engine.reach_at_best(store, how) == meant.keys() - {ANYBODY}
            assert engine.reach_by_links(store, how, joining=False) == meant


@MANY
@given(worlds())
def test_links_over_groups_that_one_may_join_lead_where_joining_leads(world: World) -> None:
    engine = Engine(estate_of(world))
    for store in STORES:
        found = engine.reach_by_links(store, "read", joining=True)
        assert found.keys() == reach_by_joining(world, store, "read").keys()


@MANY
@given(worlds(), tables())
def test_the_engine_finds_unwanted_whom_the_specification_does(world: World, table: Table) -> None:
    engine = Engine(estate_of(world, table))
    for store in STORES:
        for how in HOW:
            assert engine.openings(store, how) == openings(world, table, store, how)


@MANY
@given(worlds(), tables())
def test_rules_see_an_opening_for_every_cause_and_way(world: World, table: Table) -> None:
    engine = Engine(estate_of(world, table))
    for store in STORES:
        meant: dict[tuple[str, str, str], Answer] = {}
        for how in HOW:
            for opened, people in openings(world, table, store, how).items():
                meant[how, opened.cause, opened.way] = strongest(people.values())
        assert engine.findings(store) == meant


@MANY
@given(worlds(), tables())
def test_the_chain_shown_is_valid(world: World, table: Table) -> None:
    """Each step, taken alone, is true of the snapshot; and it starts with somebody who reaches."""
    engine = Engine(estate_of(world, table))
    estate = engine.estate
    for opening in estate.nodes("opening"):
        for store in {*estate.neighbours(opening, "opens"), *estate.neighbours(opening, "perhaps-opens")}:
            shown = estate.chain(opening, store)
            assert shown is not None
            check(estate, estate.key(shown[0]), shown[1], estate.key(store))
            if estate.get(opening, "opened-to") != "anybody":
                assert estate.key(shown[0]) in reach_by_joining(
                    world, estate.key(store), str(estate.get(opening, "access"))
                )


# -- the checker knows a chain that does not hold -----------------------------------------------------------------------------


def _shown(*steps: tuple[str, str]) -> list[Shown]:
    return [Shown(edge, NodeRef(key, "", key)) for edge, key in steps]


def test_the_checker_refuses_chains_that_do_not_hold() -> None:
    role = {ROLES[0]: (spec.Block(data_actions=("*",)),), ROLES[1]: (spec.Block(actions=("*/read",)),)}
    world = spec.World(
        PARENTS, frozenset(PEOPLE), role, (spec.Assignment("g0", ROLES[0], A1), spec.Assignment("p2", ROLES[1], "/")),
        members={"g0": frozenset({"p0"}), "g1": frozenset({"p1"})}, stores={A1: spec.Store(), A2: spec.Store()},
    )  # fmt: skip
    estate = estate_of(world)
    check(estate, "p0", _shown(("member-of", "g0"), ("granted", ROLES[0]), ("reaches", A1)), A1)
    for start, steps, store in (
        ("p1", [("member-of", "g0"), ("granted", ROLES[0]), ("reaches", A1)], A1),  # not in it
        ("p0", [("granted", ROLES[0]), ("reaches", A1)], A1),  # not granted to them
        ("p0", [("member-of", "g0"), ("granted", ROLES[0]), ("reaches", A2)], A2),  # of another place
        ("p2", [("granted", ROLES[1]), ("reaches", A1)], A1),  # a role that reads no data
        ("p0", [("member-of", "g0"), ("granted", ROLES[0])], A1),  # goes nowhere
        ("p0", [("reaches", A1)], A1),  # by nothing at all
        ("p0", [("runs-as", "p1"), ("granted", ROLES[0]), ("reaches", A1)], A1),
    ):
        with pytest.raises(ChainError):
            check(estate, start, _shown(*steps), store)


# -- small questions that the whole hangs on ----------------------------------------------------------------------------------


@given(
    st.sampled_from(["a/b/c", "a/x/b/c", "A/B/C", "a/c", "a/b/d/c", "ab/c", "a/b"]),
    st.sampled_from(["*", "a/*", "a/*/c", "*/c", "A/b/*", "a/*/*", "a/*/b/*", "a*", "*b*", "a/b/c"]),
)
def test_the_matcher_means_what_the_specification_says(action: str, pattern: str) -> None:
    assert matches(pattern, action) is spec.covers(pattern, action)


def _readers(world: World, *stores: str) -> list[set[str]]:
    engine = Engine(estate_of(world))
    return [set(engine.reach(store, "read")) for store in stores]


def _one_role(scope: str, *blocks: spec.Block) -> World:
    stores = {store: spec.Store() for store in (A1, A2, A3)}
    return spec.World(
        PARENTS, frozenset(PEOPLE), {ROLES[0]: blocks}, (spec.Assignment("p0", ROLES[0], scope),), stores=stores
    )


def test_scopes_are_compared_by_segments_not_by_text() -> None:
    """rg1 is not above rg10, and brackets in a name mean themselves (trap 15)."""
    everything = spec.Block(data_actions=("*",))
    assert _readers(_one_role("/subscriptions/s1/resourcegroups/rg1", everything), A1, A2, A3) == [{"p0"}, set(), set()]
    assert _readers(_one_role("/subscriptions/s2/resourcegroups/rg(1)", everything), A1, A2, A3) == [
        set(),
        set(),
        {"p0"},
    ]


def test_blocks_and_assignments_are_a_union_and_notactions_deny_nothing() -> None:
    """Trap 18: one block's notActions never cancel another block's actions."""
    nothing = spec.Block(data_actions=("*",), not_data_actions=("*",))
    one = spec.Block(data_actions=("Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",))
    assert _readers(_one_role("/", nothing, one), A1, A2, A3) == [{"p0"}] * 3


@MANY
@given(plain_worlds())
def test_a_world_of_assignments_alone_is_read_alike(world: World) -> None:
    engine = Engine(estate_of(world))
    for store in world.stores:
        assert engine.reach(store, "read") == reach(world, store, "read")
