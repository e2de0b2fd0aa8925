"""Resource Graph: tables, scopes, conditions, pages, its silence about what may not be read, and its quota."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from scanner.simulator import Simulator
from tests.simulator.client import GROUP, OTHER, RG, STORE, SUB, Client, small

ONE, TWO = SUB.rpartition("/")[2], OTHER.rpartition("/")[2]
ASSIGNMENTS = (
    "authorizationresources | where type =~ 'microsoft.authorization/roleassignments' | project id | order by id asc"
)


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with Simulator(small(), page_size=2) as simulator:
        yield Client(simulator)


def rows(client: Client, text: str, options: dict[str, Any] | None = None, **scope: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    more = dict(options or {})
    while True:
        status, body = client.query(text, options=more, **scope)
        assert status == 200, body
        found += body["data"]
        if "$skipToken" not in body:
            assert len(found) == body["totalRecords"]
            return found
        more["$skipToken"] = body["$skipToken"]


def last(found: list[dict[str, Any]]) -> list[str]:
    return [row["id"].rpartition("/")[2] for row in found]


@pytest.mark.parametrize(("how", "names"), [
    (None, {"at-sub", "at-rg"}), ("AtScopeAndBelow", {"at-sub", "at-rg"}), ("AtScopeAndAbove", {"at-root", "at-group", "at-sub"}),
    ("AtScopeAboveAndBelow", {"at-root", "at-group", "at-sub", "at-rg"}), ("AtScopeExact", {"at-sub"}),
])  # fmt: skip
def test_assignments_come_from_where_the_scope_filter_says(client: Client, how: str | None, names: set[str]) -> None:
    found = last(rows(client, ASSIGNMENTS, {"authorizationScopeFilter": how} if how else {}, subscriptions=[ONE]))
    assert (set(found), len(found)) == (names, len(names))


def test_an_assignment_that_several_scopes_see_comes_once(client: Client) -> None:
    found = last(
        rows(client, ASSIGNMENTS, {"authorizationScopeFilter": "AtScopeAboveAndBelow"}, subscriptions=[ONE, TWO])
    )
    assert sorted(found) == sorted(["at-root", "at-group", "at-sub", "at-rg", "elsewhere"])


def test_a_management_group_is_a_scope(client: Client) -> None:
    assert set(last(rows(client, ASSIGNMENTS, managementGroups=["corp"]))) == {"at-group", "at-sub", "at-rg"}
    assert {row["subscriptionId"] for row in rows(client, "resources", managementGroups=["corp"])} == {ONE}
    assert client.query("resources", managementGroups=["corp"], subscriptions=[ONE])[0] == 400


def test_policy_assignments_have_a_table_of_their_own(client: Client) -> None:
    text = "policyresources | where type =~ 'microsoft.authorization/policyassignments' | project id | order by id asc"
    assert last(rows(client, text, subscriptions=[ONE])) == ["tags"]
    both = rows(client, text, {"authorizationScopeFilter": "AtScopeAboveAndBelow"}, subscriptions=[ONE])
    assert set(last(both)) == {"tags", "locations"}


def test_only_some_children_are_held(client: Client) -> None:
    found = {row["type"] for row in rows(client, "resources | project id, type")}
    assert "microsoft.machinelearningservices/workspaces/onlineendpoints/deployments" in found
    assert not found & {
        "microsoft.machinelearningservices/workspaces/schedules",
        "microsoft.storage/storageaccounts/localusers",
    }


def test_containers_tell_the_chain_above(client: Client) -> None:
    text = f"resourcecontainers | where type =~ 'microsoft.resources/subscriptions' and id in~ ('{SUB.upper()}')"
    (row,) = rows(client, text)
    assert [entry["name"] for entry in row["properties"]["managementGroupAncestorsChain"]] == ["corp", "root"]
    groups = rows(client, "resourcecontainers | where type == 'microsoft.management/managementgroups' | project id")
    assert set(last(groups)) == {"root", "corp"}


@pytest.mark.parametrize(("text", "count"), [
    ("resources | where type in~ ('Microsoft.Sql/servers', 'microsoft.keyvault/vaults')", 1), (f"resources | where id in~ ('{STORE.upper()}')", 1),
    ("resources | where type =~ 'MICROSOFT.STORAGE/storageAccounts'", 1), ("resources | where type == 'Microsoft.Storage/storageAccounts'", 0),
    ("resources | where type !~ 'Microsoft.Sql/servers' | take 2", 2), ("resources | where resourceGroup == 'rg-a' and name == 'sta'", 1),
])  # fmt: skip
def test_conditions_mind_case_as_they_say(client: Client, text: str, count: int) -> None:
    assert len(rows(client, text)) == count


def test_rows_are_written_as_the_service_writes_them(client: Client) -> None:
    (row,) = rows(
        client,
        "resources | where name == 'sta' | project id, type, location, resourceGroup, group = resourceGroup, managedBy",
    )
    assert row == {
        "id": STORE,
        "type": "microsoft.storage/storageaccounts",
        "location": "westeurope",
        "resourceGroup": "rg-a",
        "group": "rg-a",
        "managedBy": "",
    }


def test_without_the_id_a_long_result_is_cut_and_says_so(client: Client) -> None:
    body = client.query("resources | project name")[1]
    assert (body["resultTruncated"], "$skipToken" in body, body["count"]) == ("true", False, 2)


@pytest.mark.parametrize(
    "text",
    ["nothing", "resources | summarize count()", "resources | where strlen(name) > 3", "resources | order by name"],
)
def test_what_is_not_understood_is_refused(client: Client, text: str) -> None:
    status, body = client.query(text)
    assert (status, body["error"]["code"]) == (400, "BadRequest")


def test_an_order_may_be_turned(client: Client) -> None:
    up, down = (last(rows(client, f"resources | project id | order by id {way}")) for way in ("asc", "desc"))
    assert up == down[::-1] and len(up) > 4


def test_more_queries_than_the_quota_are_refused_with_the_time_to_wait() -> None:
    with Simulator(small(), resource_graph_quota=2) as simulator:
        client = Client(simulator)
        statuses = [client.query("resources")[0] for _ in range(3)]
        assert statuses == [200, 200, 429]
        assert int(client.headers["Retry-After"]) >= 1
        assert client.headers["x-ms-user-quota-remaining"] == "0"
        assert client.headers["x-ms-user-quota-resets-after"].startswith("00:00:0")
        assert client.arm(RG)[0] == client.arm(GROUP)[0] == 200
