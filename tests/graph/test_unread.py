"""What Azure said and nobody understood is unknown: never a default, never a silence."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from scanner.findings import Gap
from scanner.graph.build import build
from scanner.graph.estate import UNSET, Estate
from scanner.graph.records import RECORDS
from scanner.snapshot import Coverage, Record, from_records, record
from tests.support.tenants import snapshot_of
from tests.tenants import contoso

SUB = "/subscriptions/11111111-1111-1111-1111-111111111111"
RG = f"{SUB}/resourceGroups/rg"
WS = f"{RG}/providers/Microsoft.MachineLearningServices/workspaces/w"
OTHER = f"{RG}/providers/Microsoft.MachineLearningServices/workspaces/other"
IDENTITY = f"{RG}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i"
ROLE = "/providers/Microsoft.Authorization/roleDefinitions/r1"


def _estate(*records: Record, coverage: tuple[Coverage, ...] = ()) -> Estate:
    return build(from_records(records, coverage, tenant="t"))


def _arm(kind: str, arm_id: str, properties: dict[str, Any] | None = None, /, **more: Any) -> Record:
    body: dict[str, Any] = {"id": arm_id, "name": arm_id.rpartition("/")[2], **more}
    return record(kind, body if properties is None else {**body, "properties": properties})


def _right(kind: str, **facts: Any) -> Record:
    facts = {"principalId": "u1", "roleDefinitionId": ROLE, "scope": SUB, "principalType": "User", **facts}
    return record(kind, {"id": f"{SUB}/providers/Microsoft.Authorization/{kind}/x", "properties": facts})


def _node(estate: Estate, arm_id: str) -> int:
    node = estate.node(arm_id.lower())
    assert node is not None
    return node


def _gapped(estate: Estate, node: int, edge: str) -> list[str]:
    return [estate.gaps[gap].kind for gap in estate.gaps_at(node, edge)]


# -- a field of another shape ------------------------------------------------------------------------------------------

SNAPSHOT = snapshot_of(contoso.document())
SAMPLES = {kind: next(iter(SNAPSHOT.records(kind))) for kind in SNAPSHOT.kinds}


def _paths(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, inner in value.items() if isinstance(value, dict) else ():
        yield (*path, name)
        yield from _paths(inner, (*path, name))


def _garbled(body: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    changed = copy.deepcopy(body)
    holder = changed
    for name in path[:-1]:
        holder = holder[name]
    holder[path[-1]] = [[["?"]]]
    return changed


def _facts(estate: Estate) -> dict[tuple[str, str], Any]:
    found = {}
    for kind in estate.ontology.kinds.values():
        for node in estate.nodes(kind.name):
            for name in kind.attributes:
                value = estate.get(node, name)
                if value is not UNSET and name != "name":
                    found[estate.key(node), name] = value
    return found


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_a_field_of_another_shape_is_never_a_default(kind: str) -> None:
    """Every field of a sample row of every kind: what is said without it was said with it, or something is in doubt."""
    sample = SAMPLES[kind]
    body = msgspec.json.decode(sample.body)
    whole = _facts(_estate(sample))
    for path in _paths(body):
        estate = _estate(record(kind, _garbled(body, path), sample.of))
        invented = {fact: value for fact, value in _facts(estate).items() if whole.get(fact, UNSET) != value}
        unsure = {estate.key(node) for node, _, _ in estate.gap_marks()} | {"*" for _ in estate.unread}
        assert not invented or unsure, (path, invented)


def test_a_setting_of_another_shape_is_unknown() -> None:
    store = f"{RG}/providers/Microsoft.Storage/storageAccounts/s"
    estate = _estate(_arm("storage-account", store, {"allowSharedKeyAccess": "false", "isHnsEnabled": True}))
    assert estate.get(_node(estate, store), "shared-key-access") is UNSET
    assert estate.get(_node(estate, store), "hierarchical") is True


def test_a_condition_of_another_shape_is_still_a_condition() -> None:
    estate = _estate(_right("role-assignment", condition={"x": 1}))
    assert all(estate.get(grant, "condition") for grant in estate.nodes("grant")) and estate.count("grant") == 1


# -- a row nobody understood -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(RECORDS))
def test_a_row_nobody_understood_is_a_gap(kind: str) -> None:
    body: Any
    for body in ({"id": 5}, "?", None, []):
        estate = _estate(record("subscription", {"id": SUB}), record(kind, body, SUB))
        assert [gap.kind for gap in estate.gaps if gap.kind == kind], body


def test_an_assignment_nobody_understood_makes_its_scope_doubtful() -> None:
    subscription = record("subscription", {"id": SUB})
    estate = _estate(subscription, _right("role-assignment", principalId=None))
    assert estate.count("grant") == 0
    assert _gapped(estate, _node(estate, SUB), "scope-of") == ["role-assignment"]


def test_a_deny_assignment_nobody_understood_takes_nothing_away_for_certain() -> None:
    facts = {"scope": SUB, "permissions": [{"actions": ["*"]}], "principals": [{"id": "u1"}]}
    deny_id = f"{SUB}/providers/Microsoft.Authorization/denyAssignments/d"
    for odd in ({"excludePrincipals": "x"}, {"doNotApplyToChildScopes": "x"}, {"permissions": "x"}, {"principals": 1}):
        estate = _estate(
            record("subscription", {"id": SUB}), record("deny-assignment", {"id": deny_id, "properties": facts | odd})
        )
        assert estate.count("deny-assignment") == 0, odd
        assert _gapped(estate, _node(estate, SUB), "scope-of") == ["deny-assignment"], odd


def test_a_place_nobody_can_tell_is_a_doubt_and_not_the_absence_of_data() -> None:
    asset = WS + "/data/a/versions/1"
    for uri in ("azureml://jobs/j/outputs/x", "https://example.com/x.csv"):
        estate = _estate(_arm("workspace", WS, {}), _arm("data-asset", asset, {"dataUri": uri}))
        assert [estate.kind(n) for n in estate.neighbours(_node(estate, asset), "stored-in")] == ["missing"]
    for properties in ({}, None, {"dataUri": 5}):
        estate = _estate(_arm("workspace", WS, {}), _arm("data-asset", asset, properties))
        assert _gapped(estate, _node(estate, asset), "stored-in"), properties


# -- references --------------------------------------------------------------------------------------------------------


def test_an_asset_may_name_the_datastore_of_another_workspace() -> None:
    there = f"azureml://subscriptions/{SUB.split('/')[2]}/resourcegroups/rg/workspaces/other/datastores/d/paths/x"
    asset = WS + "/data/a/versions/1"
    estate = _estate(
        _arm("workspace", WS, {}), _arm("workspace", OTHER, {}), _arm("datastore", WS + "/datastores/d", {"accountName": "here"}),
        _arm("datastore", OTHER + "/datastores/d", {"accountName": "elsewhere"}), _arm("data-asset", asset, {"dataUri": there}),
    )  # fmt: skip
    assert [estate.key(n) for n in estate.neighbours(_node(estate, asset), "stored-in")] == [
        (OTHER + "/datastores/d").lower()
    ]


def test_a_project_whose_hub_nobody_can_see_may_stand_on_anything() -> None:
    estate = _estate(_arm("workspace", WS, {"hubResourceId": OTHER}, kind="Project"))
    assert _gapped(estate, _node(estate, WS), "depends-on") == ["workspace"]


def test_a_user_assigned_identity_is_found_by_its_own_resource_or_is_a_doubt() -> None:
    host = _arm("workspace", WS, {}, identity={"type": "UserAssigned", "userAssignedIdentities": {IDENTITY: {}}})
    estate = _estate(host, _arm("user-assigned-identity", IDENTITY, {"principalId": "P2"}))
    assert [estate.key(n) for n in estate.neighbours(_node(estate, WS), "has-identity")] == ["p2"]
    estate = _estate(host)
    assert _gapped(estate, _node(estate, WS), "has-identity") == ["user-assigned-identity"]


# -- privileged identity management ------------------------------------------------------------------------------------


def test_an_activation_is_eligible_also_where_its_eligibility_was_not_read() -> None:
    estate = _estate(_right("role-assignment"), _right("role-activation", assignmentType="Activated"))
    assert [estate.get(grant, "mark") for grant in estate.nodes("grant")] == ["eligible"]


def test_an_activation_says_nothing_that_its_eligibility_does_not() -> None:
    """Or the report would depend on the hour: a member of an eligible group activates for herself, or lower down."""
    source = f"{SUB}/providers/Microsoft.Authorization/role-eligibility/x"
    activated = _right(
        "role-activation", principalId="u2", assignmentType="Activated", linkedRoleEligibilityScheduleInstanceId=source
    )
    estate = _estate(_right("role-eligibility"), activated, _right("role-assignment", principalId="u2"))
    assert [estate.key(grant).partition("|")[0] for grant in estate.nodes("grant")] == ["grant:u1"]


def test_an_assignment_under_a_condition_lends_no_mark_to_its_twin_without() -> None:
    estate = _estate(_right("role-assignment", condition="c"), _right("role-eligibility"))
    found = {(estate.get(g, "mark"), estate.get(g, "condition")) for g in estate.nodes("grant")}
    assert found == {("standing", "c"), ("eligible", None)}


def test_pims_list_of_a_subscription_settles_its_marks_whatever_the_root_refused() -> None:
    facts = (record("subscription", {"id": SUB}), _right("role-assignment"))
    refused = Coverage("role-activation", "/", "forbidden", "x", status=403)
    for read, mark in (((), UNSET), ((Coverage("role-activation", SUB, "complete"),), "standing")):
        estate = _estate(*facts, coverage=(refused, *read))
        assert [estate.get(grant, "mark") for grant in estate.nodes("grant")] == [mark]


def test_what_was_redacted_is_unknown_to_rules() -> None:
    store = f"{RG}/providers/Microsoft.Storage/storageAccounts/s"
    paths = {"*": frozenset({"arm:properties.k", "arm:properties.n.x"})}
    estate = build(from_records([_arm("storage-account", store, {"k": "[redacted]", "n": None})]), paths)
    node = _node(estate, store)
    assert estate.get(node, "arm:properties.k") is UNSET and estate.get(node, "arm:properties.n.x") is None


def test_a_subscription_nobody_listed_may_hold_anything() -> None:
    lost = Coverage("subscription", "tenant", "partial", status=500)
    unread = {kind for kind, _ in _estate(record("subscription", {"id": SUB}), coverage=(lost,)).unread}
    assert unread >= {
        "workspace",
        "data-asset",
        "storage-account",
        "model-deployment",
        "grant",
        "quota-pool",
        "quota-share",
    }
    assert not unread & {"user", "group", "role", "management-group"}


def test_gaps_of_unread_lists_come_in_order_of_marking_and_each_once() -> None:
    estate = Estate()
    first, second, third = (estate.add_gap(Gap(kind, "tenant", "x", "forbidden")) for kind in ("user", "group", "job"))
    for kind, gap in (("group", second), ("user", third), ("group", first), ("group", second), ("model", first)):
        estate.mark_unread(kind, gap)
    assert estate.unread_gaps("user", "group") == [second, third, first]
    assert estate.unread_gaps("group") == [second, first] and estate.unread_gaps("workspace") == []
    node = estate.add("user", "u")
    for gap in (second, first, second):
        estate.mark_gap(node, "member-of", gap)
    assert list(estate.gaps_at(node, "member-of")) == [second, first]
