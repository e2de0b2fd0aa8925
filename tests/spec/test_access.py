"""The engine says what the specification says, on generated worlds; and the properties of access, each by its name."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.derive import access
from scanner.derive.access import credentials, direct
from scanner.findings import Gap
from scanner.graph.estate import Estate
from scanner.graph.permissions import matches
from tests.spec import access as spec
from tests.spec.worlds import ACCOUNTS, GROUPS, PARENTS, PEOPLE, estate_of, worlds

MANY = settings(max_examples=150, deadline=None)
Readers = tuple[frozenset[str], frozenset[str]]


def _engine(estate: Estate) -> dict[str, Readers]:
    """For each account who can read: for certain, and only under a condition."""
    engine = access.derive(estate).engine
    found = {}
    for account in ACCOUNTS:
        node = estate.node(account)
        assert node is not None
        certain: set[str] = set()
        perhaps: set[str] = set()
        for entry in direct.into(engine, credentials.find(estate), node, "read"):
            (certain if entry.certain else perhaps).update(estate.key(n) for n in entry.who)
        found[account] = (frozenset(certain), frozenset(perhaps - certain))
    return found


def _spec(world: spec.World) -> dict[str, Readers]:
    return {account: spec.readers(world, account) for account in ACCOUNTS}


@MANY
@given(worlds())
def test_the_engine_agrees_with_the_specification(world: spec.World) -> None:
    assert _engine(estate_of(world)) == _spec(world)


@MANY
@given(worlds())
def test_renaming_case_changes_nothing(world: spec.World) -> None:
    assert _engine(estate_of(world, rename=True)) == _engine(estate_of(world))


@MANY
@given(worlds(), st.sampled_from([*PEOPLE, *GROUPS]), st.sampled_from(list(PARENTS)))
def test_adding_an_assignment_never_removes_reach(world: spec.World, who: str, scope: str) -> None:
    added = spec.Assignment(who, next(iter(world.roles)), scope)
    more = _engine(
        estate_of(
            replace(
                world,
                assignments=(
                    *(a for a in world.assignments if (a.principal, a.role, a.scope) != (who, added.role, scope)),
                    added,
                ),
            )
        )
    )
    before = _engine(estate_of(world))
    for account in ACCOUNTS:
        assert before[account][0] <= more[account][0]
        assert before[account][1] <= more[account][0] | more[account][1]


@MANY
@given(worlds())
def test_removing_a_deny_never_removes_reach(world: spec.World) -> None:
    before, after = _engine(estate_of(world)), _engine(estate_of(replace(world, denies=())))
    for account in ACCOUNTS:
        assert before[account][0] <= after[account][0]


@MANY
@given(worlds())
def test_a_cycle_of_groups_changes_nothing(world: spec.World) -> None:
    """Every group in a circle with itself, by way of another, stands for the same people."""
    circular = {**world.members, "g0": world.members["g0"] | {"g0"}}
    assert _engine(estate_of(replace(world, members=circular))) == _engine(estate_of(world))


@MANY
@given(worlds())
def test_a_condition_never_turns_into_an_unconditional_grant(world: spec.World) -> None:
    conditioned = replace(world, assignments=tuple(replace(a, condition=True) for a in world.assignments))
    assert all(not certain for certain, _ in _engine(estate_of(conditioned)).values())


@MANY
@given(worlds())
def test_a_gap_never_turns_unknown_into_pass_and_never_invents_a_fail(world: spec.World) -> None:
    estate = estate_of(world)
    subscription = estate.node("/subscriptions/s1")
    assert subscription is not None
    gap = estate.add_gap(
        Gap("role-assignment", "/subscriptions/s1", "Microsoft.Authorization/roleAssignments/read", "forbidden")
    )
    estate.mark_gap(subscription, "scope-of", gap)
    assert _engine(estate) == _engine(estate_of(world))
    marked = {
        account
        for account in ACCOUNTS
        if (node := estate.node(account)) is not None and estate.gaps_at(node, "opened-by")
    }
    assert marked == {account for account in ACCOUNTS if account.startswith("/subscriptions/s1/")}


@MANY
@given(worlds())
def test_the_chain_shown_is_valid(world: spec.World) -> None:
    """Each step, taken alone, is true of the world: checked without the engine."""
    estate = estate_of(world)
    access.derive(estate)
    for opening in estate.nodes("opening"):
        for store in (*estate.neighbours(opening, "opens"), *estate.neighbours(opening, "may-open")):
            shown = estate.chain(opening, store)
            assert shown is not None
            here = estate.key(shown[0])
            for step in shown[1]:
                if step.edge == "member-of":
                    assert here in world.members[step.node.key]
                    here = step.node.key
                elif step.edge == "granted":
                    assert any(a.principal == here and a.role == step.node.key for a in world.assignments)
                else:
                    assert step.edge == "reaches" and step.node.key == estate.key(store)


@given(
    st.sampled_from(["a/b/c", "a/x/b/c", "A/B/C", "a/c", "a/b/d/c", "ab/c", "a/b"]),
    st.sampled_from(["*", "a/*", "a/*/c", "*/c", "A/b/*", "a/*/*", "a/*/b/*", "a*", "*b*", "a/b/c"]),
)
def test_the_matcher_means_what_the_specification_says(action: str, pattern: str) -> None:
    assert matches(pattern, action) is spec.covers(pattern, action)


def test_scopes_are_compared_by_segments_not_by_text() -> None:
    """Trap 15: rg1 is not above rg10, and brackets in a name mean themselves."""
    role = {"r0": (spec.Block(data_actions=("*",)),)}
    for scope, reached in (
        ("/subscriptions/s1/resourcegroups/rg1", ACCOUNTS[0]),
        ("/subscriptions/s2/resourcegroups/rg(1)", ACCOUNTS[2]),
    ):
        world = spec.World(
            PARENTS, {g: frozenset() for g in GROUPS}, frozenset(PEOPLE), role, (spec.Assignment("p0", "r0", scope),)
        )
        found = _engine(estate_of(world))
        assert [account for account in ACCOUNTS if found[account][0]] == [reached]


def test_blocks_and_assignments_are_a_union_and_notactions_deny_nothing() -> None:
    """Trap 18: one block's notActions never cancel another block's actions."""
    roles = {"r0": (spec.Block(data_actions=("*",), not_data_actions=("*",)), spec.Block(data_actions=(spec.READ,)))}
    world = spec.World(
        PARENTS, {g: frozenset() for g in GROUPS}, frozenset(PEOPLE), roles, (spec.Assignment("p0", "r0", "/"),)
    )
    assert all(found[0] == {"p0"} for found in _engine(estate_of(world)).values())
