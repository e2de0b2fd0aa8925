"""What follows for access rules from the role table: who opens production, what rows demand, whose keys and instances are whose."""

from __future__ import annotations

from typing import Any

import pytest

from scanner.derive import demands, endpoints, groups, instances, sources
from scanner.derive.access.engine import Engine
from scanner.findings import Gap
from scanner.graph.estate import UNSET, Estate
from scanner.graph.permissions import PermissionBlock

KEYS = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/listKeys/action"
GAP = Gap("group", "tenant", "Group.Read.All", "forbidden")


class World:
    """An estate in the making, with nodes by key."""

    def __init__(self) -> None:
        self.estate = Estate()
        self.node("tenant", "/")

    def node(self, kind: str, key: str, **facts: Any) -> int:
        node = self.estate.add(kind, key, key)
        for name, value in facts.items():
            self.estate.set(node, name.replace("_", "-"), frozenset(value) if isinstance(value, list) else value)
        return node

    def row(self, names: int, **facts: Any) -> int:
        wanted = {"environment": "production", "stage": "production", "duties": ["operate"], "reads": ["live"], **facts}
        row = self.node("role-row", f"row:{self.estate.count('role-row')}", **wanted)
        self.estate.connect(row, "names", names)
        return row

    def grant(self, principal: int, scope: int, actions: tuple[str, ...] = (KEYS,), **facts: Any) -> int:
        role = self.node(
            "role", f"role:{self.estate.count('role')}", permissions=(PermissionBlock(actions, (), (), ()),)
        )
        wanted = {
            "mark": "standing",
            "condition": None,
            "classes": ["data-read"],
            "environments": ["production"],
            "origin": "own",
            **facts,
        }
        grant = self.node("grant", f"grant:{self.estate.count('grant')}", **wanted)
        for source, edge, target in (
            (principal, "granted", grant),
            (grant, "of-role", role),
            (grant, "at-scope", scope),
        ):
            self.estate.connect(source, edge, target)
        return grant


@pytest.fixture
def world() -> World:
    made = World()
    made.node("environment", "environment:production", name="production", stage="production")
    made.node("environment", "environment:lab", name="lab", stage="exploration")
    made.node("data-class", "data-class:live", name="live", home="EU", production_only=True)
    made.node("data-class", "data-class:public", name="public", home=None, production_only=False)
    return made


@pytest.mark.parametrize(
    ("row", "opens"),
    [
        ({}, True), ({"duties": ["observe"], "reads": ["live"]}, True), ({"duties": ["train"], "reads": []}, True),
        ({"duties": ["observe"], "reads": ["public"]}, False), ({"stage": "test"}, False),
    ],
)  # fmt: skip
def test_a_group_opens_production_by_a_row_that_does_more_than_look_on(
    world: World, row: dict[str, Any], opens: bool
) -> None:
    group = world.node("group", "g", approved=True)
    world.row(group, **row)
    groups.derive(world.estate)
    assert world.estate.get(group, "opens-production") is opens


def test_a_name_nobody_could_look_up_may_be_a_groups(world: World) -> None:
    group, named = world.node("group", "g"), world.node("group", "h", approved=True)
    gap = world.estate.add_gap(GAP)
    for node in (group, named):
        world.estate.mark_gap(node, "approved", gap)
    world.row(named)
    groups.derive(world.estate)
    assert world.estate.get(group, "opens-production") is UNSET and list(
        world.estate.gaps_at(group, "opens-production")
    ) == [gap]
    assert world.estate.get(named, "opens-production") is True


@pytest.mark.parametrize(
    ("facts", "protected"),
    [
        ({"role_assignable": True}, True), ({"restricted_unit": True}, True), ({"under_pim": True}, True), ({}, False),
        ({"under_pim": UNSET}, UNSET), ({"under_pim": UNSET, "role_assignable": True}, True), ({"synchronised": True}, False),
    ],
)  # fmt: skip
def test_one_sign_protects_a_group(world: World, facts: dict[str, Any], protected: Any) -> None:
    none = {"role_assignable": False, "restricted_unit": False, "under_pim": False, "synchronised": False}
    group = world.node("group", "g", **{**none, **facts})
    groups.derive(world.estate)
    assert world.estate.get(group, "protected") is protected


def test_a_group_mastered_on_premises_is_protected_where_its_row_says_so(world: World) -> None:
    facts = {"role_assignable": False, "restricted_unit": False, "under_pim": False}
    here, there = (world.node("group", key, synchronised=key == "there", **facts) for key in ("here", "there"))
    for group in (here, there):
        world.row(group, mastered="on-premises")
    groups.derive(world.estate)
    assert [world.estate.get(group, "protected") for group in (here, there)] == [False, True]


def test_stages_stand_for_the_environments_an_opening_comes_from(world: World) -> None:
    known, unknown = (
        world.node("opening", "a", from_environments=["lab", "production", "gone"]),
        world.node("opening", "b"),
    )
    sources.derive(world.estate)
    assert world.estate.get(known, "from-stages") == {"exploration", "production"}
    assert world.estate.get(unknown, "from-stages") is UNSET


def _activation(world: World, edge: str, mark: str | None) -> Any:
    group, user, scope = (
        world.node("group", "g"),
        world.node("user", "u"),
        world.node("resource-group", "/subscriptions/s/rg"),
    )
    world.estate.connect(user, edge, group)
    world.row(group)
    grant = world.grant(group, scope, mark=mark if mark else UNSET)
    demands.derive(Engine(world.estate))
    return world.estate.get(grant, "by-activation")


def test_access_is_activated_by_the_assignment_or_by_membership(world: World) -> None:
    assert _activation(World(), "member-of", "standing") is False
    assert _activation(World(), "member-of", "eligible") is True
    assert _activation(World(), "eligible-member-of", "standing") is True
    assert _activation(World(), "member-of", None) is UNSET


def test_members_nobody_could_see_may_have_to_activate(world: World) -> None:
    group, scope = world.node("group", "g"), world.node("resource-group", "/subscriptions/s/rg")
    unseen, known = world.node("user", "unread:member|g"), world.node("user", "u")
    gap = world.estate.add_gap(GAP)
    world.estate.mark_gap(unseen, "*", gap)
    world.estate.connect(unseen, "member-of", group)
    world.estate.connect(known, "eligible-member-of", group)
    world.row(group)
    grant = world.grant(group, scope)
    demands.derive(Engine(world.estate))
    assert world.estate.get(grant, "by-activation") is UNSET
    assert list(world.estate.gaps_at(grant, "by-activation")) == [gap]


def test_a_row_demands_of_what_its_group_holds_in_its_environment(world: World) -> None:
    group, inner, scope = (
        world.node("group", "g"),
        world.node("group", "inner"),
        world.node("resource-group", "/subscriptions/s/rg"),
    )
    world.estate.connect(inner, "member-of", group)
    world.row(inner, purpose="incident", expires="90d", review="180d")
    held = world.grant(group, scope)
    elsewhere = world.grant(group, scope, environments=["lab"])
    looking = world.grant(group, scope, classes=["read"])
    demands.derive(Engine(world.estate))
    get = world.estate.get
    assert (get(held, "purposes"), get(held, "expiry-wanted"), get(held, "review-wanted")) == ({"incident"}, True, True)
    assert [world.estate.gaps[gap].permission for gap in world.estate.gaps_at(held, "reviewed")] == [
        "AccessReview.Read.All"
    ]
    for days, reviewed in ((90.0, True), (365.0, False), (None, False)):
        world.estate.set(group, "review-days", days)
        demands.derive(Engine(world.estate))
        assert get(held, "reviewed") is reviewed
    for grant in (elsewhere, looking):
        assert (get(grant, "purposes"), get(grant, "expiry-wanted"), get(grant, "review-wanted")) == (
            frozenset(),
            False,
            False,
        )


@pytest.mark.parametrize(
    ("facts", "in_time"),
    [
        ({"mark": "time-bound", "days": 30}, True), ({"mark": "time-bound", "days": 31}, False), ({"mark": "standing"}, False),
        ({"mark": "time-bound"}, UNSET), ({"mark": UNSET}, UNSET),
    ],
)  # fmt: skip
def test_an_end_counts_within_the_days_of_the_strictest_row(world: World, facts: dict[str, Any], in_time: Any) -> None:
    group = world.node("group", "g")
    world.row(group, expires="90d")
    world.row(group, expires="30d")
    held = world.grant(group, world.node("resource-group", "/subscriptions/s/rg"), **facts)
    gap = world.estate.add_gap(GAP)
    if facts["mark"] is UNSET:
        world.estate.mark_gap(held, "mark", gap)
    demands.derive(Engine(world.estate))
    assert world.estate.get(held, "ends-in-time") is in_time
    assert bool(world.estate.gaps_at(held, "ends-in-time")) is (in_time is UNSET)


def test_what_nobody_is_selected_for_is_not_for_training(world: World) -> None:
    workspaces = [world.node("workspace", f"/{name}", environment=name) for name in ("lab", "production")]
    group = world.node("group", "g")
    world.row(group, environment="lab", stage="exploration", purpose="production-training", reads=["live"])
    demands.derive(Engine(world.estate))
    assert [world.estate.get(w, "classes-not-for-training") for w in workspaces] == [frozenset(), {"live"}]


def _endpoint(world: World, **facts: Any) -> tuple[int, int]:
    wanted = {"stage": "production", "environment": "production", "auth_mode": "key", **facts}
    return world.node("online-endpoint", "/subscriptions/s/rg/e", **wanted), world.node("group", "g", approved=False)


def _keys(world: World, endpoint: int, edge: str = "keys-open-to") -> list[str]:
    return [world.estate.key(node) for node in world.estate.neighbours(endpoint, edge)]


def _member(world: World, group: int, key: str = "u") -> int:
    user = world.node("user", key)
    world.estate.connect(user, "member-of", group)
    return user


def test_keys_are_for_those_who_have_something_to_do_there(world: World) -> None:
    endpoint, group = _endpoint(world)
    _member(world, group)
    admins, rowed, lookers = (
        world.node("group", key, approved=key != "admins") for key in ("admins", "rowed", "lookers")
    )
    for number, other in enumerate((admins, rowed, lookers)):
        _member(world, other, f"u{number}")
    row = world.node("administrator-row", "a", over=["production"])
    world.estate.connect(row, "names", admins)
    world.row(rowed)
    world.row(lookers, duties=["observe"], reads=[])
    for principal in (group, admins, rowed, lookers):
        world.grant(principal, endpoint)
    world.grant(world.node("managed-identity", "m"), endpoint, origin="host-default")
    endpoints.derive(Engine(world.estate))
    assert sorted(_keys(world, endpoint)) == ["g", "lookers"]


def test_an_endpoint_whose_callers_sign_in_has_no_keys_to_take(world: World) -> None:
    endpoint, group = _endpoint(world, auth_mode="aad-token")
    _member(world, group)
    world.grant(group, endpoint)
    endpoints.derive(Engine(world.estate))
    assert not _keys(world, endpoint)


def test_keys_under_a_condition_may_be_taken(world: World) -> None:
    endpoint, group = _endpoint(world)
    _member(world, group)
    world.grant(group, endpoint, condition="only on Mondays")
    endpoints.derive(Engine(world.estate))
    assert not _keys(world, endpoint) and _keys(world, endpoint, "keys-perhaps-open-to") == ["g"]


def test_whose_origin_nobody_knows_may_take_them(world: World) -> None:
    endpoint, _ = _endpoint(world)
    stranger = world.node("service-principal", "sp")
    gap = world.estate.add_gap(GAP)
    grant = world.grant(stranger, endpoint, origin=UNSET)
    world.estate.mark_gap(grant, "origin", gap)
    endpoints.derive(Engine(world.estate))
    assert not _keys(world, endpoint)
    assert world.estate.edge_gap(endpoint, "keys-perhaps-open-to", stranger) == gap


def test_an_instance_is_of_its_users_other_environments_rooms_and_administration_left_out(world: World) -> None:
    estate = world.estate
    compute = world.node("compute", "/c", compute_type="compute-instance", environment="production")
    user = world.node("user", "u", environments_assigned=["production"])
    estate.connect(compute, "assigned-to", user)
    for key, inside in (("dev", ["development"]), ("everyone", ["lab"]), ("admins", ["test"])):
        estate.connect(user, "member-of", world.node("group", key, environments_assigned=inside))
    row = world.node("administrator-row", "a", over=["test"])
    admins = estate.node("admins")
    assert admins is not None
    estate.connect(row, "names", admins)
    instances.derive(estate)
    assert estate.get(compute, "assigned-elsewhere") == {"development"}
