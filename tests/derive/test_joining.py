"""Whoever may add themselves to a group comes in where the group does: found, marked, shown and told of once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scanner.derive.access.choke import choke
from scanner.derive.access.questions import Questions
from scanner.findings import Gap
from tests.spec.access import Assignment, Block, Deny, World
from tests.spec.approval import Administrators, Row, Service, Table
from tests.spec.engine import Engine
from tests.spec.estates import estate_of
from tests.spec.test_spec import LIVE, PLAIN, TABLE, with_roles
from tests.spec.worlds import A1, C1, W1

_BLOB = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"
_KEYS = "Microsoft.Storage/storageAccounts/listKeys/action"
_JOBS = "Microsoft.MachineLearningServices/workspaces/jobs/write"
OWNED = replace(PLAIN, joiners={"g": frozenset({"bob"})}, members={"g": frozenset()})
READER = Row("g", "production", LIVE)


def _engine(world: World, table: Table = TABLE) -> Engine:
    return Engine(estate_of(world, table))


def _found(world: World, table: Table = TABLE) -> dict[str, str]:
    """Cause by way of every opening to read, of all certain ones."""
    return {
        way: cause for (access, cause, way), answer in _engine(world, table).findings(A1).items() if access == "read"
    }


def test_an_empty_group_with_a_grant_opens_to_its_owner() -> None:
    world = with_roles(("g", _BLOB, A1), base=OWNED)
    assert _found(world) == {"data-role": f"grant:g|role-0|{A1}"}
    assert _found(world, replace(TABLE, rows=(READER,))) == {"data-role": "owner:bob|g"}


@pytest.mark.parametrize("members", [frozenset[str](), frozenset({"ann"})])
def test_a_group_nested_in_one_that_is_let_in_has_its_own_owner_as_cause(members: frozenset[str]) -> None:
    base = replace(OWNED, members={"g": frozenset({"inner"}), "inner": members}, joiners={"inner": frozenset({"bob"})})
    world = with_roles(("g", _BLOB, A1), base=base)
    assert _found(world, replace(TABLE, rows=(READER,))) == {"data-role": "owner:bob|inner"}


def test_an_administrators_group_with_an_owner_who_is_none() -> None:
    world = with_roles(("g", _KEYS, A1), base=replace(OWNED, members={"g": frozenset({"ann"})}))
    table = replace(TABLE, administrators=(Administrators("g", frozenset({"production"})),))
    assert _found(world, table) == {"account-key": "owner:bob|g"}
    both = replace(world, members={"g": frozenset({"ann", "bob"})})
    assert _found(both, table) == {}  # an administrator who owns the group administers


def test_who_is_in_a_group_and_owns_it_is_kept_out_by_what_keeps_the_group_out() -> None:
    base = replace(
        OWNED,
        members={"g": frozenset({"bob"})},
        denies=(Deny("/", Block(data_actions=("*",)), frozenset({"g"}), frozenset()),),
    )
    engine = _engine(with_roles(("bob", _BLOB, A1), base=base))
    assert "bob" not in engine.reach_by_links(A1, "read", joining=False)


def test_joining_takes_one_on_to_identities_and_over_groups_that_own_groups() -> None:
    base = replace(
        OWNED, hosts={C1: frozenset({"mi"})}, members={"g": frozenset(), "owners": frozenset()},
        joiners={"g": frozenset({"owners"}), "owners": frozenset({"ann"})},
    )  # fmt: skip
    world = with_roles(("mi", _BLOB, A1), ("g", _JOBS, W1), base=base)
    assert _found(world) == {"run-as-compute": f"grant:g|role-1|{W1}"}
    engine = _engine(world)
    (opening,) = engine.estate.neighbours(engine._node(A1), "opened-by")
    assert engine.estate.get(opening, "mark") == "may-join"
    shown = engine.estate.chain(opening, engine._node(A1))
    assert shown is not None
    assert [(step.edge, step.node.key) for step in shown[1]][:2] == [("may-join", "owners"), ("may-join", "g")]
    assert engine.estate.key(shown[0]) == "ann"


def test_what_the_platform_owns_opens_nothing_but_what_acts_as_it_does() -> None:
    base = replace(OWNED, joiners={"g": frozenset({"app"})}, owners={"app": frozenset({"ann"})})
    world = with_roles(("g", _BLOB, A1), base=base)
    service = Service("app", frozenset({"read"}), frozenset({"production"}))
    assert _found(world, replace(TABLE, rows=(READER,), services=(service,))) == {"federate": "owner:ann|app"}


def test_an_opening_shows_members_before_those_who_may_join() -> None:
    """Who holds it now says more than who could: `ann` may join, `bob` is in."""
    base = replace(OWNED, members={"g": frozenset({"bob"})}, joiners={"g": frozenset({"ann"})})
    engine = _engine(with_roles(("g", _BLOB, A1), base=base))
    (opening,) = engine.estate.neighbours(engine._node(A1), "opened-by")
    assert engine.estate.get(opening, "mark") == "standing"
    assert engine.estate.get(opening, "people") == 2
    shown = engine.estate.chain(opening, engine._node(A1))
    assert shown is not None and engine.estate.key(shown[0]) == "bob"


def test_owners_nobody_could_list_leave_a_group_without_members_in_doubt() -> None:
    world = with_roles(("g", _BLOB, A1), base=replace(OWNED, joiners={}))
    estate = estate_of(world, TABLE)
    gap = estate.add_gap(Gap("group-owner", "g", "Microsoft.Graph/GroupMember.Read.All", "forbidden"))
    group = estate.node("g")
    assert group is not None
    estate.mark_gap(group, "may-be-joined-by", gap)
    engine = Engine(estate)
    found = list(estate.neighbours(engine._node(A1), "perhaps-opened-by"))
    assert {estate.get(node, "way") for node in found} == {"data-role"}


def test_questions_show_the_step_and_choke_removes_it() -> None:
    world = with_roles(("g", _BLOB, A1), base=replace(OWNED, members={"g": frozenset({"ann"})}))
    engine = _engine(world, replace(TABLE, rows=(READER,)))
    questions = Questions(engine.access)
    answer = questions.who_can("read", engine._node(A1))
    (unwanted,) = [way for way in answer.ways if way.state == "unwanted"]
    assert (unwanted.cause, unwanted.mark) == ("owner:bob|g", "may-join")
    assert [step.edge for step in unwanted.chain.steps] == ["may-join", "granted", "reaches"]
    bob = engine.estate.node("bob")
    assert bob is not None
    assert [way.cause for way in questions.paths(bob, engine._node(A1)).ways] == ["owner:bob|g"]
    assert [closing.cause for closing in choke(questions, engine._node(A1)).causes] == ["owner:bob|g"]


def test_who_may_activate_a_role_of_the_directory_can_take_the_data_so_marked() -> None:
    """And who has activated it counts as one who may."""
    estate = estate_of(PLAIN, TABLE)
    role = estate.add("directory-role", "62e90394-69f5-4237-9190-012177145e10", "Global Administrator")
    ann, tenant = estate.node("ann"), estate.node("/")
    assert ann is not None and tenant is not None
    for edge in ("eligible-for-directory-role", "holds-directory-role"):
        estate.connect(ann, edge, role)
    engine = Engine(estate)
    (opening,) = estate.neighbours(tenant, "opened-by")
    assert (estate.get(opening, "way"), estate.get(opening, "mark")) == ("directory-admin", "eligible")
    shown = estate.chain(opening, tenant)
    assert shown is not None
    assert [step.edge for step in shown[1]] == ["eligible-for-directory-role", "reaches"]
    answer = Questions(engine.access).who_can("read", engine._node(A1))
    assert [(way.mark, [ref.key for ref in way.who]) for way in answer.above] == [("eligible", ["ann"])]
    closing = choke(Questions(engine.access), engine._node(A1))
    assert [(c.cause, c.identities) for c in closing.causes] == [
        ("directory-role:62e90394-69f5-4237-9190-012177145e10", 1)
    ]


def test_a_role_of_the_directory_is_open_to_the_owner_of_its_group() -> None:
    estate = estate_of(replace(OWNED, roles={"r": (Block(),)}, assignments=(Assignment("ann", "r", A1),)), TABLE)
    role = estate.add("directory-role", "62e90394-69f5-4237-9190-012177145e10", "Global Administrator")
    group, tenant = estate.node("g"), estate.node("/")
    assert group is not None and tenant is not None
    estate.connect(group, "holds-directory-role", role)
    Engine(estate)
    (opening,) = estate.neighbours(tenant, "opened-by")
    assert estate.get(opening, "mark") == "may-join"
