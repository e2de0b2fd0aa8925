"""What separation rules ask: assignments against the table, who made them, workloads, counts of people, ways into a group, provenance."""

from __future__ import annotations

from typing import Any

import pytest

from scanner.findings import Gap
from scanner.graph.estate import UNSET, Estate
from tests.support.worlds import World, workspace

_ML = "Microsoft.MachineLearningServices/workspaces"
_JOBS, _STARTS, _ENDPOINT = f"{_ML}/jobs/write", f"{_ML}/computes/start/action", f"{_ML}/onlineEndpoints/write"


def _gap(estate: Estate) -> int:
    return estate.add_gap(Gap("group-member", "g", "GroupMember.Read.All", "forbidden"))


# -- assignments --------------------------------------------------------------------------------------------------


def test_a_role_is_held_against_the_duties_of_its_row_action_by_action() -> None:
    world = World()
    workspace(world, "production")
    ops = world.principal("group", "grp-ops")
    world.row(ops, "production", "operate")
    fitting = world.grant(ops, "production", _STARTS, f"{_ML}/read")
    wide = world.grant(ops, "production", _STARTS, _JOBS)
    perhaps = world.grant(ops, "production", f"{_ML}/*/read")
    odd = world.grant(world.principal("group", "grp-odd"), "production", _JOBS)
    world.derive()
    found = [world.estate.get(node, "excess") for node in (fitting, wide, perhaps, odd)]
    assert found == [frozenset(), frozenset({_JOBS.lower()}), frozenset(), None]


def test_a_row_of_another_project_is_not_behind_an_assignment() -> None:
    world = World()
    workspace(world, "production", unit="churn")
    world.estate.set(world.scope["production"], "unit", "churn")
    own, other = world.principal("group", "grp-churn"), world.principal("group", "grp-vision")
    world.row(own, "production", "operate", unit="churn")
    world.row(other, "production", "operate", unit="vision")
    nodes = [world.grant(group, "production", _STARTS) for group in (own, other)]
    world.derive()
    assert [world.estate.get(node, "in-role-table") for node in nodes] == [True, False]


def test_a_group_nobody_could_look_up_may_have_a_row() -> None:
    world = World()
    workspace(world, "production")
    group = world.principal("group", "grp")
    world.estate.mark_gap(group, "approved", _gap(world.estate))
    node = world.grant(group, "production", _STARTS)
    world.derive()
    for attribute in (
        "in-role-table",
        "eligible-wanted",
        "excess",
        "approval-wanted",
        "hours-wanted",
        "undeclared-approvers",
    ):
        assert world.estate.get(node, attribute) is UNSET and world.estate.gaps_at(node, attribute), attribute


def test_access_is_held_now_unless_the_role_or_the_membership_is_activated() -> None:
    world = World()
    workspace(world, "production")
    standing, pim, empty = (world.principal("group", n) for n in ("grp-standing", "grp-pim", "grp-empty"))
    world.principal("user", "ana", standing)
    world.estate.connect(world.principal("user", "ben"), "eligible-member-of", pim)
    nodes = [world.grant(group, "production", _STARTS) for group in (standing, pim, empty)]
    nodes.append(world.grant(standing, "production", _JOBS, mark="eligible"))
    world.derive()
    assert [world.estate.get(node, "held-now") for node in nodes] == [True, False, False, False]


def test_who_made_an_assignment_gains_by_it_as_holder_or_member() -> None:
    world = World()
    workspace(world, "production")
    group = world.principal("group", "grp")
    ana, mia = world.principal("user", "ana", group), world.principal("user", "mia")
    for maker, who, mark, gains in (
        ("ana", group, "standing", True), ("MIA", group, "standing", False), ("mia", mia, "standing", True), ("ana", group, "eligible", False),
        (None, ana, "standing", False), ("somebody-unknown", ana, "standing", False),
    ):  # fmt: skip
        node = world.grant(who, "production", _JOBS, f"x/{maker}/{mark}/write", mark=mark)
        world.estate.set(node, "created-by", maker)
        world.derive()
        assert world.estate.get(node, "made-by-beneficiary") is gains, (maker, mark)


def test_the_first_owner_of_a_subscription_made_it_and_nobody_gave_it() -> None:
    world = World()
    workspace(world, "production")
    ana = world.principal("user", "ana")
    node = world.grant(ana, "sub", "*")
    owner = world.estate.add("role", "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "Owner")
    world.estate.set(owner, "permissions", ())
    again = world.estate.add("grant", "grant:first-owner")
    for attribute, value in (("mark", "standing"), ("condition", None), ("created-by", "ana")):
        world.estate.set(again, attribute, value)
    for source, edge, target in (
        (ana, "granted", again),
        (again, "of-role", owner),
        (again, "at-scope", world.scope["sub"]),
    ):
        world.estate.connect(source, edge, target)
    world.estate.set(node, "created-by", "ana")
    world.derive()
    assert [world.estate.get(n, "made-by-beneficiary") for n in (node, again)] == [True, False]


def test_rows_say_what_activation_is_to_ask_for() -> None:
    world = World()
    workspace(world, "production")
    ops = world.principal("group", "grp-ops")
    world.row(ops, "production", "operate", by="eligible", approvers=frozenset({"lead"}), max_hours=8, mfa=True)
    node = world.grant(ops, "production", _STARTS, mark="eligible")
    world.estate.set(node, "activation-approvers", frozenset({"lead", "friend"}))
    world.derive()
    names = ("eligible-wanted", "approval-wanted", "mfa-wanted", "hours-wanted", "undeclared-approvers")
    assert [world.estate.get(node, name) for name in names] == [True, True, True, 8, frozenset({"friend"})]


def test_a_row_whose_duties_nobody_holds() -> None:
    world = World()
    workspace(world, "production")
    ops, outer = world.principal("group", "grp-ops"), world.principal("group", "grp-outer")
    world.estate.connect(ops, "member-of", outer)
    row, elsewhere = world.row(ops, "production", "operate", "train"), world.row(ops, "development", "train")
    world.grant(outer, "production", _STARTS)
    world.derive()
    assert world.estate.get(row, "missing-duties") == {"train"}
    assert world.estate.get(elsewhere, "missing-duties") is None  # no workspace is there


# -- workloads ----------------------------------------------------------------------------------------------------


def _identity(world: World, name: str, *hosts: int, user_assigned: bool = True) -> int:
    node = world.principal("managed-identity", name)
    world.estate.set(node, "user-assigned", user_assigned)
    for host in hosts:
        world.estate.connect(host, "has-identity", node)
    return node


def test_a_workload_is_at_home_where_what_runs_as_it_is_when_that_is_one_place() -> None:
    world = World()
    (dev, _), (prod, _) = workspace(world, "development"), workspace(world, "production")
    home, both, stray = (
        _identity(world, "home", dev),
        _identity(world, "both", dev, prod),
        _identity(world, "stray", dev),
    )
    world.grant(stray, "production", _JOBS)
    world.derive()
    facts = [(world.estate.get(n, "acts-in"), world.estate.get(n, "acts-undeclared-in")) for n in (home, both, stray)]
    everywhere = frozenset({"development", "production"})
    assert facts == [
        (frozenset({"development"}), frozenset()),
        (everywhere, everywhere),
        (everywhere, frozenset({"production"})),
    ]
    assert [world.estate.get(n, "acts-in-production") for n in (home, both, stray)] == [False, True, True]


def test_where_nobody_saw_what_runs_as_a_workload_the_one_place_nothing_declares_may_be_its_home() -> None:
    world = World()
    workspace(world, "development")
    workspace(world, "production")
    gap = world.estate.add_gap(Gap("compute", "/subscriptions/s", "x", "forbidden"))
    world.estate.mark_unread("compute", gap)
    once, twice = _identity(world, "once"), _identity(world, "twice")
    for environment in ("development", "production"):
        world.grant(once, environment, _JOBS)
        world.grant(twice, environment, _JOBS)
    world.row(once, "production", "train")
    world.derive()
    assert world.estate.get(once, "acts-undeclared-in") == frozenset()
    assert world.estate.get(twice, "acts-undeclared-in") == {"development", "production"}
    assert list(world.estate.gaps_at(once, "acts-undeclared-in")) == [gap]


def test_a_workload_is_where_rows_the_release_or_who_creates_put_it() -> None:
    for declare in ("row", "release-workload", "structure-creator"):
        world = World()
        workspace(world, "development")
        workspace(world, "production")
        found = world.principal("service-principal", "sp")
        world.grant(found, "production", _ENDPOINT)
        if declare == "row":
            world.row(found, "production", "release")
        else:
            world.estate.set(found, declare, True)
        world.derive()
        assert world.estate.get(found, "acts-undeclared-in") == frozenset(), declare


@pytest.mark.parametrize("attribute", ["release-workload", "structure-creator"])
def test_a_workload_that_the_scenario_may_name_has_no_undeclared_place(attribute: str) -> None:
    world = World()
    workspace(world, "development")
    workspace(world, "production")
    found = world.principal("service-principal", "sp")
    world.grant(found, "production", _ENDPOINT)
    world.estate.set(found, attribute, UNSET)
    gap = _gap(world.estate)
    world.estate.mark_gap(found, attribute, gap)
    world.derive()
    assert world.estate.get(found, "acts-undeclared-in") == frozenset()
    assert list(world.estate.gaps_at(found, "acts-undeclared-in")) == [gap]


# -- people -------------------------------------------------------------------------------------------------------


def test_people_who_can_change_an_environment_are_counted_beside_the_stage_before() -> None:
    world = World()
    workspace(world, "development")
    workspace(world, "production")
    team = world.principal("group", "grp-dev")
    for name in ("ana", "ben"):
        world.principal("user", name, team)
    owner, bg = world.principal("user", "owner"), world.principal("user", "bg")
    world.estate.connect(owner, "may-join", team)
    world.estate.set(bg, "break-glass", True)
    world.grant(team, "development", _JOBS)
    world.grant(bg, "production", _JOBS)
    world.grant(world.principal("service-principal", "sp"), "production", _JOBS)
    world.grant(world.principal("user", "ida"), "production", _JOBS, mark="eligible")
    world.derive()
    facts = {e: tuple(world.estate.get(world.estate.node(f"environment:{e}") or 0, a) for a in ("writers", "writers-before"))
             for e in ("development", "production")}  # fmt: skip
    assert facts == {"development": (3, None), "production": (1, 3)}


def test_counts_are_unknown_when_assignments_or_members_were_not_read() -> None:
    world = World()
    workspace(world, "development")
    workspace(world, "production")
    team = world.principal("group", "grp-dev")
    world.grant(team, "development", _JOBS)
    world.estate.mark_gap(team, "has-member", _gap(world.estate))
    world.derive()
    node = world.estate.node("environment:production")
    assert node is not None and world.estate.get(node, "writers") is UNSET


def test_counts_are_unknown_when_nobody_could_tell_whether_a_right_is_held_at_all() -> None:
    """PIM's list of activations: an assignment without a mark may be gone in an hour, or be somebody else's."""
    world = World()
    workspace(world, "development")
    workspace(world, "production")
    held = world.grant(world.principal("user", "ana"), "development", _JOBS)
    world.grant(world.principal("user", "ben"), "production", _JOBS)
    world.estate.set(held, "mark", UNSET)
    for attribute in ("mark", "principal-kind"):
        world.estate.mark_gap(held, attribute, _gap(world.estate))
    world.derive()
    node = world.estate.node("environment:production")
    assert node is not None and world.estate.get(node, "writers-before") is UNSET


@pytest.mark.parametrize(
    ("rule", "edge"),
    [
        ('user.mobile -startsWith "+31"', "lets-in"), ('user.department -eq "ml"', "perhaps-lets-in"), (UNSET, "perhaps-lets-in"),
        ('user.mobile -ne null -and user.department -eq "ml"', "perhaps-lets-in"),
    ],
)  # fmt: skip
def test_a_membership_rule_lets_in_whoever_writes_what_it_reads(rule: Any, edge: str) -> None:
    world = World()
    workspace(world, "development")
    team, prod = world.principal("group", "grp-dev"), world.principal("group", "grp-prod")
    world.principal("user", "ana", team)
    world.grant(team, "development", _JOBS)
    world.row(prod, "production", "operate")
    world.estate.set(prod, "dynamic", True)
    world.estate.set(prod, "membership-rule", rule)
    world.derive()
    for name in ("lets-in", "perhaps-lets-in"):
        assert (list(world.estate.neighbours(prod, name)) == [team]) is (name == edge)


def test_an_owner_lets_in_only_whoever_works_in_development_and_is_no_member() -> None:
    world = World()
    workspace(world, "development")
    team, prod, inner = (world.principal("group", n) for n in ("grp-dev", "grp-prod", "grp-inner"))
    world.estate.connect(inner, "member-of", prod)
    ana, ben, eva = (
        world.principal("user", "ana", team),
        world.principal("user", "ben", team, prod),
        world.principal("user", "eva"),
    )
    for owner in (ana, ben, eva):
        world.estate.connect(owner, "may-join", inner)
    world.grant(team, "development", _JOBS)
    world.row(prod, "production", "operate")
    world.derive()
    assert list(world.estate.neighbours(prod, "lets-in")) == [ana]


def test_owners_of_a_group_that_opens_production_are_told_of_once() -> None:
    """By the data they open, else as somebody of development, else as owners; of a group nested in it as well."""
    world = World()
    workspace(world, "development")
    team, prod, inner = (world.principal("group", n) for n in ("grp-dev", "grp-prod", "grp-inner"))
    world.estate.connect(inner, "member-of", prod)
    ana, eva = world.principal("user", "ana", team), world.principal("user", "eva")
    world.estate.connect(ana, "may-join", prod)
    world.estate.connect(eva, "may-join", inner)
    world.grant(team, "development", _JOBS)
    world.row(prod, "production", "operate")
    world.estate.set(prod, "opens-production", True)
    world.derive()
    assert list(world.estate.neighbours(prod, "lets-in")) == [ana]
    assert list(world.estate.neighbours(prod, "left-to-be-joined-by")) == [eva]


def test_owners_of_a_group_that_may_open_production_are_told_of_too() -> None:
    """Where names of rows or lists of rights were unread, whether the group is one of production is asked beside its owners."""
    world = World()
    workspace(world, "development")
    team, prod = world.principal("group", "grp-dev"), world.principal("group", "grp-prod")
    ana, eva = world.principal("user", "ana", team), world.principal("user", "eva")
    for owner in (ana, eva):
        world.estate.connect(owner, "may-join", prod)
    world.grant(team, "development", _JOBS)
    for attribute in ("approved", "opens-production"):
        world.estate.mark_gap(prod, attribute, _gap(world.estate))
    world.derive()
    assert world.estate.get(prod, "of-production") is UNSET
    assert list(world.estate.neighbours(prod, "lets-in")) == [ana]
    assert list(world.estate.neighbours(prod, "left-to-be-joined-by")) == [eva]


# -- what production is made of -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "came"),
    [
        ({"uri": "azureml://registries/central/models/churn/versions/1", "maker-kind": "user"}, "registry"),
        ({"uri": "azureml://datastores/x/paths/m", "maker-kind": "user", "maker": "Ana"}, "person"),
        ({"maker-kind": "application", "maker": "11111111-1111-4111-8111-111111111111"}, "release"),
        ({"maker-kind": "application", "maker": "22222222-2222-4222-8222-222222222222"}, "other"),
        ({"maker-kind": "user", "job-name": "train-1"}, "training"),
        ({"maker-kind": "application", "maker": "a display name"}, UNSET),
        ({}, UNSET),
    ],
)  # fmt: skip
def test_a_model_came_by_the_release_a_registry_training_or_by_hand(facts: dict[str, Any], came: Any) -> None:
    world = World()
    workspace(world, "production")
    release = world.principal("service-principal", "sp-release")
    world.estate.set(release, "release-workload", True)
    world.estate.set(release, "app-id", "11111111-1111-4111-8111-111111111111")
    if "job-name" in facts:
        world.row(world.principal("group", "grp-trainers"), "production", "train")
    model = world.estate.add("model", "/model", "churn:1")
    world.estate.set(model, "stage", "production")
    world.estate.set(model, "environment", "production")
    for attribute, value in facts.items():
        world.estate.set(model, attribute, value)
    world.derive()
    assert world.estate.get(model, "came-by") == came


@pytest.mark.parametrize(
    ("what", "to", "came"), [("model", "production", "registry"), ("model", "development", "undeclared"), ("image", "production", "undeclared")]
)  # fmt: skip
def test_a_model_comes_by_a_flow_where_the_scenario_declares_flows(what: str, to: str, came: str) -> None:
    world = World()
    workspace(world, "production")
    workspace(world, "development")
    scenario = world.estate.add("scenario", "scenario")
    world.estate.set(scenario, "keys", frozenset({"flows"}))
    flow = world.estate.add("flow", "flow:0")
    source = "development" if to == "production" else "production"
    for name, value in {"what": what, "from": source, "to": to, "from-is": frozenset({"environment"}), "to-is": frozenset({"environment"}),
                        "class": None, "becomes": None, "approver": None, "in-force": True}.items():  # fmt: skip
        world.estate.set(flow, name, value)
    model = world.estate.add("model", "/model", "churn:1")
    for name, value in {
        "stage": "production",
        "environment": "production",
        "uri": "azureml://registries/central/models/churn/versions/1",
    }.items():
        world.estate.set(model, name, value)
    world.derive()
    assert world.estate.get(model, "came-by") == came


def test_curated_environments_are_of_the_platform() -> None:
    world = World()
    asset = world.estate.add("ml-asset", "/env", "AzureML-sklearn-1.5")
    world.estate.set(asset, "stage", "production")
    world.estate.set(asset, "maker-kind", "user")
    world.derive()
    assert world.estate.get(asset, "came-by") == "platform"


def test_a_registry_belongs_to_production_when_production_takes_from_it() -> None:
    world = World()
    workspace(world, "production")
    registry = world.resource("ml-registry", "central", "development")
    model = world.estate.add("model", "/model", "churn:1")
    world.estate.set(model, "environment", "production")
    world.estate.set(model, "uri", "azureml://registries/Central/models/churn/versions/1")
    ana = world.principal("user", "ana")
    world.grant(ana, "central", "Microsoft.MachineLearningServices/registries/assets/write")
    world.derive()
    assert world.estate.get(registry, "used-by-production") is True
    assert list(world.estate.neighbours(registry, "open-to")) == [ana]
    assert "indirect-release in production" in world.held(ana)
