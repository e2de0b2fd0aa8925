"""Which environments an assignment reaches, and what leaves that open."""

from __future__ import annotations

from scanner.findings import Gap
from scanner.graph.estate import UNSET
from tests.support.worlds import World, workspace

_READ = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"
_JOBS = "Microsoft.MachineLearningServices/workspaces/jobs/write"


def test_an_assignment_may_reach_an_environment_of_what_nobody_could_list_below_it() -> None:
    world = World()
    workspace(world, "development")
    workspace(world, "production")
    both = world.grant(world.principal("group", "grp-both"), "sub", _JOBS)
    one = world.grant(world.principal("group", "grp-one"), "development", _JOBS)
    gap = world.estate.add_gap(Gap("storage-account", "/subscriptions/s", "x", "forbidden"))
    world.estate.mark_unread("storage-account", gap)
    world.derive()
    estate = world.estate
    assert [estate.get(node, "above-environments") for node in (both, one)] == [True, False]
    assert [list(estate.gaps_at(node, "reaches-into")) for node in (both, one)] == [[gap], []]


def test_an_assignment_at_a_management_group_nobody_could_read_may_be_above_all() -> None:
    world = World()
    workspace(world, "development")
    workspace(world, "production")
    estate = world.estate
    world.scope["mg"] = estate.add("missing", "/providers/microsoft.management/managementgroups/mg")
    gap = estate.add_gap(Gap("management-group", "tenant", "Microsoft.Management/managementGroups/read", "forbidden"))
    estate.mark_gap(world.scope["sub"], "contained-in", gap)
    node = world.grant(world.principal("group", "grp"), "mg", _JOBS)
    world.derive()
    for attribute in ("above-environments", "declared"):
        assert estate.get(node, attribute) is UNSET and list(estate.gaps_at(node, attribute)) == [gap], attribute
    assert list(estate.gaps_at(node, "reaches-into")) == [gap]


def test_who_may_loosen_an_approval_gains_what_the_role_behind_it_opens() -> None:
    """Eligible for reading the data, behind somebody's approval; and for reading settings alone, which opens nothing."""
    for role, data, found in (((), (_READ,), {"data-role", "grant-self"}), (("*/read",), (), set())):
        world = World()
        world.resource("storage-account", "dl", "production", holds_guarded_data=True, shared_key_access=False)
        ana = world.principal("user", "ana")
        world.grant(ana, "production", "Microsoft.Authorization/roleManagementPolicies/write")
        eligible = world.grant(ana, "production", *role, data=data, mark="eligible")
        world.estate.set(eligible, "activation-approval", True)
        world.derive()
        openings = world.estate.neighbours(world.scope["dl"], "opened-by")
        assert {
            world.estate.get(node, "way") for node in openings if world.estate.get(node, "access") == "read"
        } == found
