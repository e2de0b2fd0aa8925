"""The properties of access, each by its name, of the engine itself on generated worlds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanner.findings import Gap
from scanner.graph.build import build
from scanner.graph.estate import Estate
from scanner.snapshot import Record, from_records, record
from tests.spec.access import Answer, Assignment, Keeper, Store, World, inside, strongest
from tests.spec.approval import Row, Table, openings
from tests.spec.engine import Engine
from tests.spec.estates import estate_of
from tests.spec.test_spec import PLAIN
from tests.spec.worlds import (
    A3,
    ALONE,
    CLASSES,
    ENVIRONMENTS,
    GROUPS,
    PARENTS,
    PEOPLE,
    ROLES,
    STORES,
    W1,
    tables,
    worlds,
)

MANY = settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    print_blob=True,
)
OPEN = Table(ENVIRONMENTS, CLASSES)
Findings = dict[str, dict[tuple[str, str, str], Answer]]
Reached = dict[tuple[str, str], dict[str, Answer]]


def _findings(estate: Estate) -> Findings:
    engine = Engine(estate)
    return {store: engine.findings(store) for store in STORES}


def _reached(world: World) -> Reached:
    engine = Engine(estate_of(world))
    return {(store, how): engine.reach(store, how) for store in STORES for how in ("read", "write")}


def _at_least(more: Reached, less: Reached) -> bool:
    """Whoever is in the one is in the other, no less surely."""
    return all(
        strongest((answer, more[where].get(who, "no"))) == more[where].get(who, "no")
        for where, people in less.items() for who, answer in people.items()
    )  # fmt: skip


@MANY
@given(worlds(), st.sampled_from([*PEOPLE, *GROUPS, *ALONE]), st.sampled_from(list(PARENTS)), st.sampled_from(ROLES))
def test_adding_an_assignment_never_removes_reach(world: World, who: str, scope: str, role: str) -> None:
    added = {a.key: a for a in (*world.assignments, Assignment(who, role, scope))}
    assert _at_least(_reached(replace(world, assignments=tuple(added.values()))), _reached(world))


@MANY
@given(worlds())
def test_removing_a_deny_never_removes_reach(world: World) -> None:
    assert _at_least(_reached(replace(world, denies=world.denies[1:])), _reached(world))


@MANY
@given(worlds(), tables())
def test_membership_order_does_not_matter(world: World, table: Table) -> None:
    assert _findings(estate_of(world, table, backwards=True)) == _findings(estate_of(world, table))


@MANY
@given(worlds(), tables())
def test_a_cycle_of_groups_changes_nothing(world: World, table: Table) -> None:
    """A group that is in a group that is in it: whoever goes round in the circle is where they were."""
    none: frozenset[str] = frozenset()
    circle = {"round": frozenset({"g0"}), "g0": world.members["g0"] | {"round"}}
    circular = replace(
        world,
        members={**world.members, **circle},
        eligible={**world.eligible, "round": none},
        joiners={**world.joiners, "round": none},
    )
    assert _findings(estate_of(circular, table)) == _findings(estate_of(world, table))


@MANY
@given(worlds(), tables())
def test_renaming_case_changes_nothing(world: World, table: Table) -> None:
    assert _findings(estate_of(world, table, upper=True)) == _findings(estate_of(world, table))


@MANY
@given(worlds(), tables())
def test_activating_an_eligible_membership_changes_no_finding(world: World, table: Table) -> None:
    active = {group: found | world.eligible[group] for group, found in world.members.items()}
    assert _findings(estate_of(replace(world, members=active), table)) == _findings(estate_of(world, table))


def test_activating_an_eligible_role_changes_no_finding() -> None:
    """From what Azure lists: eligible alone, and with the assignment that lasts for some hours."""
    subscription = "/subscriptions/00000000-0000-4000-8000-000000000001"
    account = f"{subscription}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/st"
    facts = {
        "principalId": "ann",
        "principalType": "User",
        "scope": subscription,
        "roleDefinitionId": f"/x/roleDefinitions/{ROLES[0]}",
    }

    def listed(kind: str, **more: str) -> Record:
        return record(
            kind, {"id": f"{subscription}/providers/Microsoft.Authorization/x/{kind}", "properties": {**facts, **more}}
        )

    permissions = [{"actions": ["*"], "notActions": [], "dataActions": [], "notDataActions": []}]
    role = record(
        "role-definition",
        {
            "id": f"/x/roleDefinitions/{ROLES[0]}",
            "name": ROLES[0],
            "properties": {"roleName": "all", "permissions": permissions},
        },
    )
    there = [
        record("subscription", {"id": subscription}),
        record("storage-account", {"id": account, "name": "st", "properties": {}}),
        role,
    ]

    def found(*more: Record) -> dict[tuple[str, str, str], Answer]:
        estate = build(from_records([*there, *more], (), tenant="t"))
        node = estate.node(account.lower())
        assert node is not None
        for name, value in {
            "holds-guarded-data": True,
            "environment": "production",
            "data-classes": frozenset({"live"}),
        }.items():
            estate.set(node, name, value)
        return Engine(estate).findings(account.lower())

    asleep = found(listed("role-eligibility"))
    assert asleep
    assert (
        found(
            listed("role-eligibility"), listed("role-assignment"), listed("role-activation", assignmentType="Activated")
        )
        == asleep
    )


@MANY
@given(worlds())
def test_a_condition_never_turns_into_an_unconditional_grant(world: World) -> None:
    conditioned = replace(world, assignments=tuple(replace(a, condition="unread") for a in world.assignments))
    conditioned = replace(conditioned, assignments=tuple({a.key: a for a in conditioned.assignments}.values()))
    none = {key: frozenset[str]() for key in (*world.owners, *world.trusts)}
    vaults = {key: replace(vault, readers=frozenset()) for key, vault in world.vaults.items()}
    found = _reached(replace(conditioned, owners=none, trusts=none, instances={}, vaults=vaults))
    assert all(answer == "perhaps" for people in found.values() for who, answer in people.items() if who != "*")


# -- gaps ------------------------------------------------------------------------------------------------------------------

SUBSCRIPTION = "/subscriptions/s1"
NOBODY: frozenset[str] = frozenset()


def _hide_assignments(world: World) -> World:
    return replace(world, assignments=tuple(a for a in world.assignments if not a.scope.startswith(SUBSCRIPTION)))


def _hide_denies(world: World) -> World:
    return replace(world, denies=tuple(d for d in world.denies if not d.scope.startswith(SUBSCRIPTION)))


def _hide_members(world: World) -> World:
    return replace(world, members={**world.members, "g0": NOBODY})


def _hide_computes(world: World) -> World:
    """What hangs on computes of a workspace cannot be seen to hang on them."""
    return replace(
        world,
        hosts={place: attached for place, attached in world.hosts.items() if not place.startswith(f"{W1}/computes/")},
    )


def _hide_datastores(world: World) -> World:
    return replace(
        world,
        keepers={name: keeper for name, keeper in world.keepers.items() if keeper.connection or keeper.workspace != W1},
    )


def _hide_owners(world: World) -> World:
    return replace(world, owners={**world.owners, "sp0": NOBODY})


# what is hidden; the list it is on; where the list belongs; the edge that may be missing there; what nobody could list at all
_GAPS: dict[str, tuple[Callable[[World], World], str, str, str, str]] = {
    "assignments": (_hide_assignments, "role-assignment", SUBSCRIPTION, "scope-of", ""),
    "denials": (_hide_denies, "deny-assignment", SUBSCRIPTION, "scope-of", ""),
    "members": (_hide_members, "group-member", "g0", "has-member", ""),
    "computes": (_hide_computes, "compute", W1, "has-compute", "compute"),
    "datastores": (_hide_datastores, "datastore", W1, "has-datastore", "datastore"),
    "owners": (_hide_owners, "application-owner", "sp0", "owned-by", ""),
}


def _with_gap(world: World, name: str) -> Estate:
    """The estate with a list unread, marked as `build` marks it."""
    hide, kind, owner, edge, unread = _GAPS[name]
    estate = estate_of(hide(world), OPEN)
    gap = estate.add_gap(Gap(kind, owner, "some permission", "forbidden"))
    node = estate.node(owner)
    assert node is not None
    estate.mark_gap(node, edge, gap)
    if unread:
        estate.mark_unread(unread, gap)
    if name == "members":
        somebody = estate.add("user", "unread:member|g0", "members of g0 (unread)")
        estate.set(somebody, "break-glass", False)
        estate.connect(somebody, "member-of", node)
        estate.mark_gap(somebody, "*", gap)
    return estate


@MANY
@given(worlds(), st.sampled_from(sorted(_GAPS)))
def test_a_gap_never_turns_unknown_into_pass_and_never_invents_a_fail(world: World, name: str) -> None:
    """Of a store, read and written: what fails without the list fails with it; what fails with it is at least open without."""
    estate = _with_gap(world, name)
    whole, part = _findings(estate_of(world, OPEN)), _findings(estate)
    for store in STORES:
        node = estate.node(store)
        assert node is not None
        for how in ("read", "write"):
            sure = {way for (access, _, way), answer in part[store].items() if access == how and answer == "yes"}
            assert not sure or any(access == how for access, _, _ in whole[store])
            known = any(access == how for access, _, _ in part[store]) or estate.gaps_at(node, "opened-by")
            assert known or not any(access == how for access, _, _ in whole[store])


def test_a_store_that_rights_elsewhere_lead_to_is_in_doubt_where_those_are_unread() -> None:
    """A workspace of another subscription keeps a key of it, and nobody is seen to hold anything in that workspace."""
    world = replace(
        PLAIN, stores={A3: Store("storage-account", True)}, keepers={f"{W1}/datastores/lake": Keeper(W1, A3, "key")}
    )
    estate = _with_gap(world, "assignments")
    _findings(estate)
    node = estate.node(A3)
    assert node is not None
    ways = {estate.get(opening, "way") for opening in estate.neighbours(node, "perhaps-opened-by")}
    assert ways == {"stored-credential", "run-as-compute", "vault", "grant-self"}


# -- approval --------------------------------------------------------------------------------------------------------------


@MANY
@given(worlds(), st.sampled_from(GROUPS), st.sampled_from(["production", "development"]))
def test_approving_a_group_removes_exactly_the_chains_through_it(world: World, group: str, environment: str) -> None:
    """Of readers by a data role: those who come through the group, at stores of its environment, and nobody else."""
    world = replace(world, joiners=dict.fromkeys(GROUPS, NOBODY))
    row = Row(group, environment, frozenset({"live", "sampled"}))
    before, after = Engine(estate_of(world, OPEN)), Engine(estate_of(world, replace(OPEN, rows=(row,))))
    grants = {a.key: a for a in world.assignments}
    for store in STORES:
        found = {
            (o, who) for o, people in before.openings(store, "read").items() for who in people if o.way == "data-role"
        }
        left = {
            (o, who) for o, people in after.openings(store, "read").items() for who in people if o.way == "data-role"
        }
        through = {
            (o, who) for o, who in found
            if ENVIRONMENTS[store] == environment and group in inside(world, grants[o.cause].principal) and who in inside(world, group)
        }  # fmt: skip
        assert left == found - through


@MANY
@given(worlds(), tables())
def test_another_group_of_the_same_name_approves_nothing(world: World, table: Table) -> None:
    estate = estate_of(world, table)
    for group in GROUPS:
        node = estate.node(group)
        assert node is not None
        estate.set(node, "name", "readers")
    assert _findings(estate) == _findings(estate_of(world, table))


@MANY
@given(worlds(), tables())
def test_what_is_approved_is_never_more_than_what_is_open(world: World, table: Table) -> None:
    """A table takes people off openings, or names a step further from the data; it opens nothing to anybody new."""
    world = replace(world, joiners=dict.fromkeys(GROUPS, NOBODY))
    for store in STORES[:2]:
        everybody = {who for people in openings(world, OPEN, store, "read").values() for who in people}
        wanted = {who for people in Engine(estate_of(world, table)).openings(store, "read").values() for who in people}
        assert wanted <= everybody | set(world.identities)
