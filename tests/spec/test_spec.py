"""The specification itself on worlds small enough to know the answer: each way alone, chains of them, and what is approved."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.spec.access import Assignment, Block, Condition, Deny, Keeper, Store, Vault, Workspace, World, may
from tests.spec.approval import Administrators, Opened, Row, Service, Table, openings
from tests.spec.reach import ANYBODY, reach, reach_by_joining
from tests.spec.worlds import (
    A1,
    A2,
    AKS,
    C1,
    CLASSES,
    ENDPOINT,
    ENVIRONMENTS,
    FIND,
    ID1,
    INSTANCE,
    PARENTS,
    POLICY,
    RG1,
    RG10,
    V1,
    VM1,
    W1,
)

R0, R1, R2 = "role-0", "role-1", "role-2"
_BLOB = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"
_KEYS = "Microsoft.Storage/storageAccounts/listKeys/action"
_ML = "Microsoft.MachineLearningServices/workspaces"
PLAIN = World(
    PARENTS, frozenset({"ann", "bob"}), {}, workloads=frozenset({"app"}), identities=frozenset({"mi", "other"}), outside=frozenset({"repo"}),
    stores={A1: Store(), FIND: Store("search-service")}, workspaces={W1: Workspace(A1, V1)}, vaults={V1: Vault()},
)  # fmt: skip
READER = (Block(data_actions=(_BLOB,)),)


def with_roles(*grants: tuple[str, str, str], base: World = PLAIN, condition: Condition = None) -> World:
    """A world in which principals are given one action each, at a scope."""
    roles = {
        f"role-{n}": (Block(data_actions=(a,)) if a in (_BLOB, "data") else Block(actions=(a,)),)
        for n, (_, a, _) in enumerate(grants)
    }
    held = tuple(Assignment(who, f"role-{n}", scope, condition) for n, (who, _, scope) in enumerate(grants))
    return replace(base, roles={**base.roles, **roles}, assignments=(*base.assignments, *held))


@pytest.mark.parametrize(("action", "scope"), [
    (_BLOB, A1), (_BLOB, "/"), (_BLOB, f"{A1}/blobservices/default/containers/c"), (_KEYS, A1), (_KEYS, RG1),
    ("Microsoft.Authorization/roleAssignments/write", A1), (f"{_ML}/listKeys/action", W1),
    (f"{_ML}/listStorageAccountKeys/action", W1), ("Microsoft.Storage/storageAccounts/objectReplicationPolicies/write", A1),
])  # fmt: skip
def test_one_right_in_the_right_place_reaches(action: str, scope: str) -> None:
    assert reach(with_roles(("ann", action, scope)), A1, "read") == {"ann": "yes"}


@pytest.mark.parametrize(("action", "scope"), [
    (_BLOB, RG10), (_BLOB, A2), ("*/read", A1), ("Microsoft.Storage/storageAccounts/write", A1), (f"{_ML}/jobs/write", W1),
    (f"{_ML}/datastores/listSecrets/action", W1), ("Microsoft.Storage/storageAccounts/localUsers/write", A1),
])  # fmt: skip
def test_the_wrong_place_or_right_reaches_nothing(action: str, scope: str) -> None:
    assert reach(with_roles(("ann", action, scope)), A1, "read") == {}


def test_refused_keys_open_nothing_unless_one_may_switch_them_on() -> None:
    closed = replace(PLAIN, stores={A1: Store(keys=False)})
    taking = with_roles(("ann", _KEYS, A1), ("bob", f"{_ML}/listKeys/action", W1), base=closed)
    assert reach(taking, A1, "read") == {}
    both = with_roles(("ann", _KEYS, A1), ("ann", "Microsoft.Storage/storageAccounts/write", RG1), base=closed)
    assert reach(both, A1, "read") == {"ann": "yes"}


@pytest.mark.parametrize("action", ["datastores/listSecrets/action", "jobs/write", "schedules/write"])
def test_a_key_that_a_datastore_keeps_is_everybodys_who_may_take_it_or_run_jobs(action: str) -> None:
    keeping = replace(PLAIN, keepers={"lake": Keeper(W1, A1, "key")})
    assert reach(with_roles(("ann", f"{_ML}/{action}", W1), base=keeping), A1, "read") == {"ann": "yes"}
    dead = replace(keeping, stores={A1: Store(keys=False)})
    assert reach(with_roles(("ann", f"{_ML}/{action}", W1), base=dead), A1, "read") == {}


def test_a_vault_opens_by_roles_or_by_access_policies_and_not_by_the_other() -> None:
    keeping = replace(PLAIN, keepers={"lake": Keeper(W1, A1, "key")}, roles={R0: (Block(data_actions=("Microsoft.KeyVault/*",)),),
                      R1: (Block(actions=("Microsoft.KeyVault/vaults/accessPolicies/write",)),)},
                      assignments=(Assignment("ann", R0, V1), Assignment("bob", R1, V1)))  # fmt: skip
    assert reach(keeping, A1, "read") == {"ann": "yes"}
    assert reach(replace(keeping, vaults={V1: Vault(False, frozenset({"mi"}))}), A1, "read") == {
        "bob": "yes",
        "mi": "yes",
    }


@pytest.mark.parametrize(("host", "action", "scope"), [
    (VM1, "Microsoft.Compute/virtualMachines/runCommand/action", VM1), (AKS, "Microsoft.ContainerService/*", AKS),
    (C1, f"{_ML}/jobs/write", W1), (ENDPOINT, f"{_ML}/onlineEndpoints/deployments/write", ENDPOINT),
    (POLICY, "Microsoft.Authorization/policyAssignments/write", "/subscriptions/s1"),
    (ID1, "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write", ID1),
])  # fmt: skip
def test_whoever_acts_on_a_host_acts_as_its_identity(host: str, action: str, scope: str) -> None:
    world = with_roles(("mi", _BLOB, A1), ("ann", action, scope), base=replace(PLAIN, hosts={host: frozenset({"mi"})}))
    assert reach(world, A1, "read") == {"mi": "yes", "ann": "yes"}


def test_attaching_takes_the_right_on_the_identity_and_one_to_create_what_runs() -> None:
    base = replace(PLAIN, hosts={ID1: frozenset({"mi"})})
    assign, create = (
        "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action",
        "Microsoft.Compute/virtualMachines/write",
    )
    alone = with_roles(("mi", _BLOB, A1), ("ann", assign, ID1), base=base)
    assert reach(alone, A1, "read") == {"mi": "yes"}
    useless = with_roles(("mi", _BLOB, A1), ("ann", assign, ID1), ("ann", create, ID1), base=base)
    assert reach(useless, A1, "read") == {"mi": "yes"}  # nothing runs below an identity
    for somewhere in (RG10, "/subscriptions/s2", "/"):
        both = with_roles(
            ("mi", _BLOB, A1),
            ("ann", assign, ID1),
            ("ann", "Microsoft.DataFactory/factories/write", somewhere),
            base=base,
        )
        assert reach(both, A1, "read") == {"mi": "yes", "ann": "yes"}


def test_an_instance_is_its_persons_and_no_one_elses() -> None:
    base = replace(PLAIN, hosts={INSTANCE: frozenset({"mi"})}, instances={INSTANCE: "bob"})
    world = with_roles(("mi", _BLOB, A1), ("ann", f"{_ML}/jobs/write", W1), base=base)
    assert reach(world, A1, "read") == {"mi": "yes", "bob": "yes"}


def test_owners_trusted_subjects_and_stored_credentials_sign_in_as_a_workload() -> None:
    base = replace(PLAIN, owners={"app": frozenset({"ann"})}, trusts={"app": frozenset({"repo"})},
                   keepers={"lake": Keeper(W1, A2, "service-principal", "app")})  # fmt: skip
    world = with_roles(("app", _BLOB, A1), ("bob", f"{_ML}/jobs/write", W1), base=base)
    assert reach(world, A1, "read") == {"app": "yes", "ann": "yes", "repo": "yes", "bob": "yes"}


def test_ways_chain_and_hosts_in_a_circle_end() -> None:
    """Ann runs jobs as one identity, which runs commands as another, which reads; and that one runs as the first."""
    base = replace(PLAIN, hosts={C1: frozenset({"mi"}), VM1: frozenset({"other"})})
    world = with_roles(
        ("ann", f"{_ML}/jobs/write", W1),
        ("mi", "Microsoft.Compute/*", VM1),
        ("other", _BLOB, A1),
        ("other", f"{_ML}/jobs/write", W1),
        base=base,
    )
    assert reach(world, A1, "read") == {"other": "yes", "mi": "yes", "ann": "yes"}


def test_groups_in_a_circle_hold_everybody_and_owners_only_by_joining() -> None:
    base = replace(
        PLAIN,
        members={"one": frozenset({"two"}), "two": frozenset({"one", "ann"})},
        joiners={"two": frozenset({"bob"})},
    )
    world = with_roles(("one", _BLOB, A1), base=base)
    assert reach(world, A1, "read") == {"ann": "yes"}
    assert reach_by_joining(world, A1, "read") == {"ann": "yes", "bob": "yes"}
    emptied = replace(world, members={"one": frozenset({"two"})})
    assert reach_by_joining(emptied, A1, "read") == {"bob": "yes"}


def test_a_condition_makes_a_perhaps_and_one_that_lists_roles_is_read() -> None:
    assert reach(with_roles(("ann", _BLOB, A1), condition="unread"), A1, "read") == {"ann": "perhaps"}
    write = "Microsoft.Authorization/roleAssignments/write"
    harmless = with_roles(
        ("ann", write, A1), condition=frozenset({R1}), base=replace(PLAIN, roles={R1: (Block(("*/read",)),)})
    )
    assert reach(harmless, A1, "read") == {}
    opening = replace(harmless, roles={**harmless.roles, R1: READER})
    assert reach(opening, A1, "read") == {"ann": "yes"}
    assert reach(opening, A1, "write") == {}
    keys_too = replace(harmless, roles={**harmless.roles, R0: (Block(actions=(write, _KEYS)),)})
    assert reach(keys_too, A1, "read") == {"ann": "yes"}  # the list says nothing of keys


def test_a_deny_takes_away_at_its_place_and_from_its_people_only() -> None:
    world = with_roles(("ann", "data", "/"), ("bob", "data", "/"))
    world = replace(world, roles={role: (Block(data_actions=("*",)),) for role in world.roles})
    everything = Block(data_actions=("*",))
    assert reach(replace(world, denies=(Deny(A1, everything, frozenset({"*"}), frozenset({"bob"})),)), A1, "read") == {
        "bob": "yes"
    }
    assert reach(
        replace(world, denies=(Deny(RG1, everything, frozenset({"*"}), frozenset(), children=False),)), A1, "read"
    ) == {"ann": "yes", "bob": "yes"}
    lately = replace(
        world, eligible={"g": frozenset({"ann"})}, denies=(Deny("/", everything, frozenset({"g"}), frozenset()),)
    )
    assert may(lately, "ann", _BLOB, True, A1) == "yes"  # not while the membership sleeps


def test_some_data_needs_no_identity() -> None:
    public = replace(PLAIN, stores={A1: Store(public_blobs=True, anonymous=True)})
    assert reach(public, A1, "read") == {ANYBODY: "yes"}
    assert reach(replace(PLAIN, stores={A1: Store(public_blobs=False, anonymous=True)}), A1, "read") == {}
    assert reach(replace(PLAIN, stores={A1: Store(sftp=True, local_users=frozenset({"x"}))}), A1, "read") == {
        ANYBODY: "yes"
    }


def test_keys_that_only_read_write_nothing() -> None:
    world = with_roles(("ann", "Microsoft.Search/searchServices/listQueryKeys/action", FIND))
    assert (reach(world, FIND, "read"), reach(world, FIND, "write")) == ({"ann": "yes"}, {})


# -- what is approved -----------------------------------------------------------------------------------------------------

TABLE = Table(ENVIRONMENTS, CLASSES)
LIVE = frozenset({"live"})


def opened(world: World, table: Table) -> dict[tuple[str, str], set[str]]:
    return {(o.way, o.cause): set(people) for o, people in openings(world, table, A1, "read").items()}


def test_a_row_approves_its_way_for_those_who_come_through_its_group() -> None:
    base = replace(PLAIN, members={"g": frozenset({"ann"}), "outer": frozenset({"g", "bob"})})
    world = with_roles(("outer", _BLOB, A1), base=base)
    row = Row("g", "production", LIVE)
    cause = ("data-role", f"grant:outer|{R0}|{A1}")
    assert opened(world, TABLE) == {cause: {"ann", "bob"}}
    assert opened(world, replace(TABLE, rows=(row,))) == {cause: {"bob"}}
    assert opened(world, replace(TABLE, rows=(replace(row, environment="development"),))) == {cause: {"ann", "bob"}}
    assert opened(world, replace(TABLE, rows=(replace(row, reads=frozenset({"sampled"})),))) == {cause: {"ann", "bob"}}
    assert opened(world, replace(TABLE, rows=(replace(row, eligible_only=True),))) == {cause: {"ann", "bob"}}


def test_an_identity_of_the_environment_is_approved_and_nobody_behind_it() -> None:
    world = with_roles(
        ("mi", _BLOB, A1), ("ann", f"{_ML}/jobs/write", W1), base=replace(PLAIN, hosts={C1: frozenset({"mi"})})
    )
    assert opened(world, TABLE) == {("run-as-compute", f"grant:ann|{R1}|{W1}"): {"ann"}}
    assert opened(world, replace(TABLE, rows=(Row("ann", "production", LIVE, frozenset({"train"})),))) == {}
    beside = replace(world, hosts={VM1: frozenset({"mi"})})
    assert opened(beside, TABLE) == {("data-role", f"grant:mi|{R0}|{A1}"): {"mi"}}  # a machine is none of them


def test_the_cause_is_the_step_nearest_the_data_that_nothing_approves() -> None:
    """An identity of a stranger reads; ann runs jobs as one who runs commands on its machine."""
    base = replace(PLAIN, hosts={C1: frozenset({"mi"}), VM1: frozenset({"other"})})
    world = with_roles(
        ("ann", f"{_ML}/jobs/write", W1), ("mi", "Microsoft.Compute/*", VM1), ("other", _BLOB, A1), base=base
    )
    cause = f"grant:other|{R2}|{A1}"
    # the middle one is an identity of the environment: whatever it does is meant, what ann does with it is not
    assert opened(world, TABLE) == {("data-role", cause): {"other"}, ("run-as-compute", cause): {"ann"}}


def test_joining_a_group_that_is_let_in_is_the_owners_own_cause() -> None:
    base = replace(PLAIN, members={"g": frozenset({"ann", "inner"})}, joiners={"inner": frozenset({"bob"})})
    world = with_roles(("g", _BLOB, A1), base=base)
    let_in = replace(TABLE, rows=(Row("g", "production", LIVE),))
    assert opened(world, let_in) == {("data-role", "owner:bob|inner"): {"bob"}}
    assert opened(world, TABLE) == {("data-role", f"grant:g|{R0}|{A1}"): {"ann", "bob"}}
    administered = replace(let_in, administrators=(Administrators("bob", frozenset({"production"})),))
    assert opened(world, administered) == {}


def test_administration_is_accepted_and_reading_is_not_administration() -> None:
    base = replace(PLAIN, members={"admins": frozenset({"ann"})})
    table = replace(TABLE, administrators=(Administrators("admins", frozenset({"production"})),))
    assert opened(with_roles(("admins", _KEYS, A1), base=base), table) == {}
    assert opened(with_roles(("admins", _BLOB, A1), base=base), table) == {
        ("data-role", f"grant:admins|{R0}|{A1}"): {"ann"}
    }
    elsewhere = replace(table, administrators=(Administrators("admins", frozenset({"development"})),))
    assert opened(with_roles(("admins", _KEYS, A1), base=base), elsewhere) == {
        ("account-key", f"grant:admins|{R0}|{A1}"): {"ann"}
    }


def test_platform_identities_and_break_glass_accounts_open_nothing_but_what_acts_as_them_does() -> None:
    world = with_roles(("app", _BLOB, A1), ("bob", _BLOB, A1), base=replace(PLAIN, owners={"app": frozenset({"ann"})}))
    table = replace(
        TABLE,
        services=(Service("app", frozenset({"read"}), frozenset({"production"})),),
        break_glass=frozenset({"bob"}),
    )
    assert opened(world, table) == {("federate", "owner:ann|app"): {"ann"}}
    assert Opened("owner:ann|app", "federate") in openings(
        world, replace(table, services=(), microsoft=frozenset({"app"})), A1, "read"
    )


def test_the_release_and_its_subjects_are_approved() -> None:
    base = replace(PLAIN, hosts={ENDPOINT: frozenset({"mi"})}, trusts={"app": frozenset({"repo"})})
    world = with_roles(("mi", _BLOB, A1), ("app", f"{_ML}/onlineEndpoints/*", ENDPOINT), base=base)
    assert set(opened(world, TABLE)) == {
        ("run-as-endpoint", f"grant:app|{R1}|{ENDPOINT}"),
        ("federate", f"grant:app|{R1}|{ENDPOINT}"),
    }
    assert opened(world, replace(TABLE, release=frozenset({"app"}))) == {("federate", "trust:app|repo"): {"repo"}}
    assert opened(world, replace(TABLE, release=frozenset({"app"}), subjects=frozenset({"repo"}))) == {}
