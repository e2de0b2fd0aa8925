"""The tables of what is collected agree with one another: kinds, lists, permissions, versions, types."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest

from scanner.collect import guard, types
from scanner.collect.doctor import _PROBES
from scanner.collect.reader_role import graph_permissions
from scanner.collect.types import Listing
from scanner.graph import edges, kinds
from scanner.graph.build import _STEPS
from scanner.graph.build.coverage import _EDGES
from scanner.graph.records import BY_ARM_TYPE, RECORDS

# Kinds of Microsoft Graph, and what calls of another shape than a list below a subscription or resource yield.
_ELSEWHERE = {"tenant", "management-group", "subscription"}
_GRAPH = {kind.name for kind in RECORDS.values() if re.fullmatch(r"\w+\.Read[\w.]*", kind.permission)}
_WITHOUT_A_TYPE = {"resource", "data-boundary", *(entry.kind for entry in (*types.LOCATED, *types.AUTHORISATION))}
# Its rows lie deeper than the list that yields them.
_DEEPER = {"protected-item", "sql-replication"}


def _id(entry: Listing) -> str:
    return f"{entry.kind} below {entry.parent}" if entry.parent else entry.kind


def test_every_kind_has_a_list_and_every_list_a_kind() -> None:
    listed = {entry.kind for entry in types.listings()}
    assert listed == set(RECORDS) - _ELSEWHERE - _GRAPH
    assert set(types.versions()) == listed


def test_no_list_is_asked_twice_below_the_same_parent() -> None:
    assert [place for place, count in Counter((e.kind, e.parent) for e in types.listings()).items() if count > 1] == []


def test_every_kind_has_a_permission_to_read_and_nothing_else() -> None:
    for kind in RECORDS.values():
        assert re.fullmatch(r"Microsoft\.\w+(/\w+)+/read|[A-Z]\w+\.Read(\.\w+)+", kind.permission), kind
        assert not re.search(r"secret|keys?/read$|listkeys", kind.permission.lower()), kind


def test_a_kinds_permission_names_its_type() -> None:
    """Type and `/read`, but where Azure has one right for several types or a list with a name of its own."""
    odd = {"protected-item", "registry-model", "registry-data", "registry-environment", "registry-component"}
    for kind in RECORDS.values():
        if kind.arm_type and kind.name not in odd:
            assert kind.permission.lower() == f"{kind.arm_type}/read", kind


@pytest.mark.parametrize("entry", types.listings(), ids=_id)
def test_versions_are_dates_and_one_kind_has_one(entry: Listing) -> None:
    assert re.fullmatch(r"20[12]\d-[01]\d-[0-3]\d(-preview)?", entry.version)
    assert {e.version for e in types.listings() if e.kind == entry.kind} == {entry.version}


def _expected_type(entry: Listing) -> str:
    """The ARM type of what a list yields, from its path and its parent's type."""
    path = entry.path.lower()
    if "providers/" in path:
        segments = path.rpartition("providers/")[2].split("/")
        return "/".join([segments[0], *segments[1::2]])
    parent = RECORDS[entry.parent].arm_type if entry.parent else "microsoft.resources/subscriptions"
    return "/".join([parent, *path.split("/")[::2]])


@pytest.mark.parametrize("entry", types.listings(), ids=_id)
def test_paths_agree_with_types(entry: Listing) -> None:
    arm_type = RECORDS[entry.kind].arm_type
    if entry.kind in _WITHOUT_A_TYPE:
        assert not arm_type
        return
    if entry.kind in _DEEPER:
        assert arm_type.startswith(RECORDS[entry.parent].arm_type + "/")
        return
    assert _expected_type(entry) == (arm_type.removesuffix("/versions") if entry in types.VERSIONED else arm_type)


def test_assets_with_versions_are_known_by_the_type_of_a_version() -> None:
    for entry in types.VERSIONED:
        assert RECORDS[entry.kind].arm_type.endswith("/versions")


def test_one_type_is_one_kind() -> None:
    stated = [kind.arm_type for kind in RECORDS.values() if kind.arm_type]
    assert len(stated) == len(set(stated)) == len(BY_ARM_TYPE)
    assert all(arm_type == arm_type.lower() for arm_type in stated)


@pytest.mark.parametrize("entry", types.listings(), ids=_id)
def test_what_a_ledger_calls_the_scope_is_what_the_list_stands_below(entry: Listing) -> None:
    scope = RECORDS[entry.kind].scope
    if entry in types.LOCATED:
        assert scope == "location" and "{location}" in entry.path
    elif entry.kind == "budget" or entry in (*types.AUTHORISATION, types.ROLE_POLICIES):
        assert scope == "scope"
    elif entry.parent:
        assert scope == "parent"
    elif entry.kind != "data-boundary":
        assert scope in ("subscription", "scope")


def test_parents_are_listed_before_their_children() -> None:
    known = {entry.kind for entry in types.TOP_LEVEL}
    for entry in (*types.CHILDREN, *types.VERSIONED, types.JOBS):
        assert entry.parent in known, entry
        known.add(entry.kind)


@pytest.mark.parametrize("entry", types.listings(), ids=_id)
def test_the_guard_lets_every_list_through(entry: Listing) -> None:
    url = f"https://arm.example/subscriptions/s/resourcegroups/g/providers/{RECORDS[entry.parent].arm_type if entry.parent else 'x'}/n/{entry.path}"
    guard.check("GET", url, {"arm.example"})


# The types that the published table of Resource Graph's `resources` names, of those in our table.
_IN_RESOURCE_GRAPH = {
    "log-analytics", "user-assigned-identity", "aks-cluster", "arc-cluster", "databricks-workspace", "synapse-workspace",
    "private-endpoint", "registry-replication", "registry-task",
}  # fmt: skip


def test_only_what_resource_graph_holds_whole_is_asked_of_it() -> None:
    assert {entry.kind for entry in types.listings() if entry.bulk} == _IN_RESOURCE_GRAPH
    assert all(RECORDS[kind].arm_type for kind in _IN_RESOURCE_GRAPH)


# (kind, parent's body, whether the list may hold anything)
_NEEDED: list[tuple[str, dict[str, Any], bool]] = [
    ("outbound-rule", {"properties": {"managedNetwork": {"isolationMode": "Disabled"}}}, False),
    ("outbound-rule", {"properties": {"managedNetwork": {"isolationMode": "AllowInternetOutbound"}}}, True),
    ("outbound-rule", {"properties": {}}, True),
    ("private-endpoint-connection", {"properties": {"privateEndpointConnections": []}}, False),
    ("private-endpoint-connection", {"properties": {"privateEndpointConnections": None}}, True),
    ("registry-replication", {"sku": {"name": "Basic"}}, False),
    ("registry-replication", {"sku": {"name": "Premium"}}, True),
    ("registry-replication", {"sku": None}, True),
    ("object-replication", {"kind": "StorageV2", "properties": {}}, True),
    ("object-replication", {"kind": "BlobStorage", "properties": {}}, False),
    ("object-replication", {"kind": "StorageV2", "properties": {"isHnsEnabled": True}}, False),
    ("blob-container", {"kind": "StorageV2", "properties": {"allowBlobPublicAccess": False}}, False),
    ("blob-container", {"kind": "StorageV2", "properties": {}}, True),
    ("blob-container", {"kind": "FileStorage", "properties": {}}, False),
    ("local-user", {"properties": {}}, False),
    ("local-user", {"properties": {"isSftpEnabled": True}}, True),
    ("local-user", {"properties": {"isLocalUserEnabled": True, "isSftpEnabled": False}}, True),
    ("budget", {"managedBy": "/subscriptions/s/x"}, False),
    ("budget", {}, True),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "body", "needed"), _NEEDED)
def test_a_request_is_saved_only_where_the_parent_says_that_there_is_nothing(
    kind: str, body: dict[str, Any], needed: bool
) -> None:
    (ask,) = {entry.needed for entry in types.CHILDREN if entry.kind == kind} - {None}
    assert ask is not None and ask(body) is needed


@pytest.mark.parametrize(
    "odd", [{}, {"properties": None}, {"properties": "?"}, {"properties": {"managedNetwork": 5}, "sku": 5, "kind": 5}]
)
def test_a_body_that_says_nothing_leaves_every_list_needed(odd: dict[str, Any]) -> None:
    unsaid = [e.kind for e in types.listings() if e.needed and not e.needed(odd)]
    assert unsaid in ([], ["local-user"]) and (unsaid == [] or "properties" in odd)


def test_build_takes_every_kind_once() -> None:
    taken = Counter(kind for kind, _, _ in _STEPS)
    assert set(taken) == set(RECORDS) and set(taken.values()) == {1}


def test_an_unread_list_is_a_gap_on_an_edge_that_exists_or_of_subjects_that_may_be_missing() -> None:
    names = set(edges.ONTOLOGY.edges) | {edge.inverse for edge in edges.ONTOLOGY.edges.values()}
    assert set(_EDGES.values()) <= names and set(_EDGES) <= set(RECORDS)
    for kind in RECORDS.values():
        assert not kind.node or kind.node in kinds.KINDS or kind.node == "grant", kind
        if kind.scope == "parent" and kind.node:
            assert kind.name in _EDGES, kind


def test_the_doctor_probes_every_permission_of_the_directory_that_a_list_needs() -> None:
    assert set(graph_permissions()) == set(_PROBES)
