"""Who holds which duty where: by which resources, hidden by what, and what of it the scenario declares."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scanner.derive import duties as vocabulary
from scanner.errors import UserError
from scanner.graph.estate import UNSET
from scanner.graph.permissions import PermissionBlock, allows
from tests.support.scan import the_duties
from tests.support.worlds import World, workspace

ROLES = json.loads((Path(__file__).parent / "data" / "roles.json").read_text(encoding="utf-8"))
_ML = "Microsoft.MachineLearningServices/workspaces"


_BUILT_IN = {
    "AzureML Data Scientist": {"train", "release", "operate", "observe", "manage-data", "write"},
    "AzureML Compute Operator": {"operate", "provision", "write"},
    "Reader": {"observe"},
    "User Access Administrator": {"observe", "grant-access", "write"},
    "Contributor": {"train", "release", "operate", "observe", "provision", "manage-data", "write", "manage-quota"},
    "Owner": {
        "train",
        "release",
        "operate",
        "observe",
        "provision",
        "manage-data",
        "write",
        "manage-quota",
        "grant-access",
    },
    "Azure AI Developer": {"train", "release", "operate", "observe", "provision", "manage-data", "write"},
    "Storage Account Contributor": set[str](),
    "AcrPush": set[str](),
}


@pytest.mark.parametrize("name", _BUILT_IN)
def test_built_in_roles_hold_the_duties_they_are_known_for(name: str) -> None:
    """On an own workspace and subscription; other kinds of resources have tests of their own."""
    found = [r for r in ROLES if r["name"] == name]
    if not found:
        pytest.fail(f"{name} is not in the sample of built-in roles")
    names = ("actions", "notActions", "dataActions", "notDataActions")
    lists = [[tuple(block.get(n, ())) for n in names] for block in found[0]["permissions"]]
    blocks = [PermissionBlock(a, n, d, nd) for a, n, d, nd in lists]
    held = {
        duty.name for duty in the_duties() for way in duty.ways
        if way.on in ("workspace", "subscription") and all(allows(blocks, a.name, a.data) for a in way.actions)
    }  # fmt: skip
    assert held - {"indirect-release"} == _BUILT_IN[name]


def test_whoever_writes_the_account_of_a_workspace_changes_what_it_answers() -> None:
    world = World()
    workspace(world, "production")
    world.resource("storage-account", "dlproduction", "production", holds_guarded_data=True)
    ana, ben = world.principal("user", "ana"), world.principal("user", "ben")
    write = ("Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write",)
    world.grant(ana, "stproduction", data=write)
    world.grant(ben, "dlproduction", data=write)  # data, but no model of any workspace
    world.derive()
    assert "indirect-release in production" in world.held(ana)
    assert "indirect-release in production" not in world.held(ben)


def test_keys_count_where_they_work_or_can_be_switched_on_again() -> None:
    keys, account = "Microsoft.Storage/storageAccounts/listKeys/action", "Microsoft.Storage/storageAccounts/write"
    for works, actions, edge in (
        (True, (keys,), "holds"),
        (False, (keys,), None),
        (False, (keys, account), "holds"),
        (UNSET, (keys,), "perhaps-holds"),
    ):
        world = World()
        workspace(world, "production")
        world.estate.set(world.scope["stproduction"], "shared-key-access", works)
        ana = world.principal("user", "ana")
        world.grant(ana, "production", *actions)
        world.derive()
        for name in ("holds", "perhaps-holds"):
            assert ("indirect-release in production" in world.held(ana, name)) is (name == edge)


@pytest.mark.parametrize("action", ["listKeys", "regenerateKey", "listAccountSas", "listServiceSas"])
def test_a_new_key_and_a_signature_open_as_much_as_a_key(action: str) -> None:
    world = World()
    workspace(world, "production")
    world.estate.set(world.scope["stproduction"], "shared-key-access", True)
    world.resource("storage-account", "dlproduction", "production", holds_guarded_data=True, shared_key_access=True)
    ana = world.principal("user", "ana")
    world.grant(ana, "production", f"Microsoft.Storage/storageAccounts/{action}/action")
    world.derive()
    assert {"indirect-release in production", "read-data in production"} <= world.held(ana)


@pytest.mark.parametrize("action", ["fileServices/readFileBackupSemantics/action", "tableServices/tables/entities/read",
                                    "queueServices/queues/messages/read"])  # fmt: skip
def test_files_tables_and_queues_are_data_too(action: str) -> None:
    world = World()
    workspace(world, "production")
    world.resource("storage-account", "dlproduction", "production", holds_guarded_data=True)
    ana = world.principal("user", "ana")
    world.grant(ana, "dlproduction", data=(f"Microsoft.Storage/storageAccounts/{action}",))
    world.derive()
    assert "read-data in production" in world.held(ana)


def test_a_release_hides_the_indirect_way() -> None:
    world = World()
    workspace(world, "production")
    ana, ben = world.principal("user", "ana"), world.principal("user", "ben")
    world.grant(ana, "production", f"{_ML}/onlineEndpoints/write", f"{_ML}/onlineEndpoints/deployments/write")
    world.grant(ben, "production", f"{_ML}/onlineEndpoints/write")  # endpoint traffic alone
    world.derive()
    assert {"release in production", "indirect-release in production"} & world.held(ana) == {"release in production"}
    assert {"release in production", "indirect-release in production"} & world.held(ben) == {
        "indirect-release in production"
    }


def test_a_row_that_implies_the_way_declares_it_for_its_own_project() -> None:
    for duties, unit, edge in (
        (("train",), None, "holds-as-declared"),
        (("train",), "churn", "holds-as-declared"),
        (("train",), "vision", "holds"),
        (("observe",), None, "holds"),
    ):
        world = World()
        workspace(world, "production", unit="churn")
        trainers = world.principal("group", "grp-trainers")
        inner = world.principal("group", "grp-inner", trainers)
        world.row(trainers, "production", *duties, unit=unit)
        for group in (trainers, inner):
            world.grant(
                group, "stproduction", data=("Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write",)
            )
        world.derive()
        for group in (trainers, inner):
            assert "indirect-release in production" in world.held(group, edge)


def test_a_resource_counts_for_the_environments_that_use_it_unless_it_is_shared() -> None:
    push = "Microsoft.ContainerRegistry/registries/push/write"
    for shared in (False, True):
        world = World()
        workspace(world, "production")
        world.resource(
            "container-registry", "cr", "development", environments_using=frozenset({"production"}), shared=shared
        )
        ana = world.principal("user", "ana")
        world.grant(ana, "cr", push)
        world.derive()
        assert ("indirect-release in production" in world.held(ana)) is not shared
        assert [world.estate.name(p) for p in world.estate.neighbours(world.scope["cr"], "open-to")] == ["ana"]


def test_the_cluster_an_endpoint_runs_on_is_a_way_that_operators_are_given() -> None:
    world = World()
    host, _ = workspace(world, "production")
    cluster = world.resource("resource", "aks", "development")
    compute = world.estate.add("compute", "/c", "c")
    world.estate.set(compute, "environment", "production")
    world.estate.connect(host, "has-compute", compute)
    world.estate.connect(compute, "attached-to", cluster)
    ana, ops = world.principal("user", "ana"), world.principal("group", "grp-ops")
    world.row(ops, "production", "operate")
    for principal in (ana, ops):
        world.grant(principal, "aks", "Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action")
    world.derive()
    assert "indirect-release in production" in world.held(ana)
    assert "indirect-release in production" in world.held(ops, "holds-as-declared")


def test_eligible_conditional_and_creating() -> None:
    world = World()
    workspace(world, "production")
    ana, ben, vend = (world.principal("user", n) for n in ("ana", "ben", "vend"))
    world.estate.set(vend, "structure-creator", True)
    world.grant(ana, "production", f"{_ML}/jobs/write", mark="eligible")
    world.grant(ben, "production", f"{_ML}/jobs/write", condition="a condition")
    world.grant(vend, "sub", f"{_ML}/write")
    world.derive()
    assert world.held(ana, "may-activate") == {"train in production", "write in production", "observe in production"}
    assert world.held(ben, "perhaps-holds") == {"train in production", "write in production", "observe in production"}
    assert not world.held(vend)
    assert world.held(vend, "holds-as-declared") == {"provision in production", "write in production"}


def test_reading_is_never_held_as_declared() -> None:
    world = World()
    world.resource("storage-account", "dl", "production", holds_guarded_data=True, shared_key_access=True)
    admins, readers = world.principal("group", "grp-it"), world.principal("group", "grp-readers")
    row = world.estate.add("administrator-row", "administrator-row:grp-it", "grp-it")
    world.estate.set(row, "over", frozenset({"production"}))
    world.estate.connect(row, "names", admins)
    world.grant(admins, "production", "*")
    world.grant(readers, "dl", data=("Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",))
    world.derive()
    assert "read-data in production" in world.held(readers)
    assert "grant-access in production" in world.held(admins, "holds-as-declared")
    assert not {"read-data in production"} & (world.held(admins) | world.held(admins, "holds-as-declared"))


def test_approvers_of_the_release_approve_production() -> None:
    world = World()
    board = world.principal("group", "grp-board")
    world.estate.set(board, "release-approver", True)
    world.derive()
    assert world.held(board) == {"approve in production"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "train: {ways: [{on: workspace, used-as: default-store, actions: [a]}]}",
            "no edge `default-store` leads to a workspace",
        ),
        (
            "train: {ways: [{on: workspace, where: {colour: red}, actions: [a]}]}",
            "a workspace has no attribute `colour`",
        ),
        ("train: {ways: [{on: workspace, actions: [a], implied-by: [sleep]}]}", "`sleep` is not a duty"),
        ("train: {ways: [{on: workspace}]}", "a way has `actions` or `data-actions`"),
        ("train: {ways: [{on: workspace, action: [a]}]}", "a way has no `action`"),
    ],
)
def test_a_way_with_a_mistake_is_named(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "d.yaml").write_text(text + "\n", encoding="utf-8")
    with pytest.raises(UserError) as caught:
        vocabulary.load(tmp_path / "d.yaml")
    assert said in str(caught.value)
