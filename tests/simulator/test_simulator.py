"""The simulator answers as Azure does: audiences, paging, inheritance, refusals, and faults on demand."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator
from typing import Any

import pytest

from scanner.simulator import Fault, Simulator
from tests.simulator.client import Client
from tests.support.scan import tenant

SUB = "/subscriptions/66666666-aaaa-bbbb-cccc-666666666666"


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with Simulator(tenant("contoso"), page_size=5) as simulator:
        yield Client(simulator)


def test_a_token_is_good_for_one_audience_only(client: Client) -> None:
    assert client.arm("/subscriptions")[0] == 200
    assert client.arm("/subscriptions", audience="graph")[0] == 401
    status, body = client.open("/subscriptions?api-version=1")
    assert (status, body["error"]["code"]) == (401, "AuthenticationFailed")


def test_an_api_version_is_required(client: Client) -> None:
    status, body = client.open("/subscriptions", None, None, Authorization=f"Bearer {client.tokens['arm']}")
    assert (status, body["error"]["code"]) == (400, "MissingApiVersionParameter")


def test_paths_ignore_case_and_lists_have_pages(client: Client) -> None:
    path, seen = (
        f"{SUB.upper().replace('SUBSCRIPTIONS', 'Subscriptions')}/PROVIDERS/microsoft.storage/STORAGEACCOUNTS",
        [],
    )
    query: dict[str, str] = {}
    while True:
        status, body = client.arm(path, **query)
        assert status == 200
        seen += [row["name"] for row in body["value"]]
        if "nextLink" not in body:
            break
        query = {
            k: v for k, v in urllib.parse.parse_qsl(urllib.parse.urlsplit(body["nextLink"]).query) if k != "api-version"
        }
    assert len(seen) == len(set(seen)) == 9


def test_the_generic_list_has_no_properties(client: Client) -> None:
    status, body = client.arm(f"{SUB}/resources")
    assert status == 200 and body["value"] and not any("properties" in row for row in body["value"])


def test_assignments_come_from_above_and_below_and_atscope_only_from_above(client: Client) -> None:
    """Trap 10."""

    def scopes(**query: str) -> set[str]:
        found, more = set(), dict(query)
        while True:
            body = client.arm(f"{SUB}/providers/Microsoft.Authorization/roleAssignments", **more)[1]
            found |= {row["properties"]["scope"] for row in body["value"]}
            if "nextLink" not in body:
                return found
            more = {
                k: v
                for k, v in urllib.parse.parse_qsl(urllib.parse.urlsplit(body["nextLink"]).query)
                if k != "api-version"
            }

    everything, above = scopes(), scopes(**{"$filter": "atScope()"})
    assert "/" in everything and "/" in above
    assert any(scope.startswith(SUB) for scope in everything)
    assert not any(scope.startswith(f"{SUB}/") for scope in above)


def test_resource_graph_folds_types_and_pages_by_token(client: Client) -> None:
    query = "resources | where type in~ ('Microsoft.Storage/storageAccounts') | project id, type, resourceGroup | order by id asc"
    rows, token = [], None
    while True:
        options = {"$top": 3} | ({"$skipToken": token} if token else {})
        status, body = client.arm(
            "/providers/Microsoft.ResourceGraph/resources", "POST", {"query": query, "options": options}
        )
        assert status == 200 and body["resultTruncated"] == "false"
        rows += body["data"]
        token = body.get("$skipToken")
        if not token:
            break
    assert {row["type"] for row in rows} == {"microsoft.storage/storageaccounts"}
    assert body["totalRecords"] == len(rows)
    assert client.arm("/providers/Microsoft.ResourceGraph/resources", "POST", {"query": "nonsense"})[0] == 400


def test_graph_lists_members_owners_and_transitive_members(client: Client) -> None:
    groups = client.graph("/groups?$filter=displayName%20eq%20'grp-churn-ds-dev'&$select=id,displayName")[1]["value"]
    assert len(groups) == 1 and set(groups[0]) == {"id", "displayName"}
    members = client.graph(f"/groups/{groups[0]['id']}/members?$select=id")[1]["value"]
    assert {frozenset(m) for m in members} == {frozenset({"id", "@odata.type"})} and len(members) == 3
    assert len(client.graph(f"/groups/{groups[0]['id']}/transitiveMembers")[1]["value"]) == 3
    assert client.graph("/groups/none")[0] == 404
    got = client.graph("/directoryObjects/getByIds", "POST", {"ids": [groups[0]["id"], "unknown"]})[1]["value"]
    assert [g["id"] for g in got] == [groups[0]["id"]]


def test_parts_of_a_batch_have_a_status_each(client: Client) -> None:
    parts = [
        {"id": str(n), "method": "GET", "url": url}
        for n, url in enumerate(["/users?$top=1", "/groups/none", "/me/drive"])
    ]
    answers = {a["id"]: a["status"] for a in client.graph("/$batch", "POST", {"requests": parts})[1]["responses"]}
    assert answers == {"0": 200, "1": 404, "2": 403}
    assert client.graph("/$batch", "POST", {"requests": parts * 10})[0] == 400


@pytest.mark.parametrize(("method", "path"), [
    ("POST", f"{SUB}/resourceGroups/rg-churn-prod/providers/Microsoft.Storage/storageAccounts/dlchurnprod/listKeys"),
    ("PUT", f"{SUB}/resourceGroups/x"), ("DELETE", f"{SUB}/resourceGroups/rg-churn-prod"), ("POST", f"{SUB}/providers/Microsoft.Web/register"),
    ("GET", "/something/else"),
])  # fmt: skip
def test_anything_but_known_reads_is_refused_and_counted(client: Client, method: str, path: str) -> None:
    before = client.simulator.refused
    assert client.arm(path, method)[0] == 403
    assert client.simulator.refused == before + 1


def test_a_403_names_action_and_scope() -> None:
    fault = Fault("status", status=403, path="*/storageaccounts")
    with Simulator(tenant("contoso"), faults=[fault]) as simulator:
        status, body = Client(simulator).arm(f"{SUB}/providers/Microsoft.Storage/storageAccounts")
    assert (
        status == 403
        and "perform action 'Microsoft.Storage/storageAccounts/read' over scope" in body["error"]["message"]
    )
    assert fault.hits == 1


def test_it_describes_itself_as_a_private_cloud_does(client: Client) -> None:
    said = client.open("/metadata/endpoints?api-version=2022-09-01")[1]
    assert said["resourceManager"] == client.simulator.url
    assert said["authentication"]["audiences"] == [f"{client.simulator.url}/arm"]


def test_a_provider_that_is_not_registered_is_never_registered() -> None:
    """Trap 23: the SDK's default pipeline would POST; ours reads that nothing is there."""
    from scanner.collect import Secret, Settings, run

    with Simulator(tenant("two-regions")) as simulator:
        real = simulator._arm.answer

        def answer(call: Any) -> Any:
            from scanner.simulator.answer import arm_error

            if call.path.endswith("/microsoft.cognitiveservices/accounts"):
                return arm_error(
                    409,
                    "MissingSubscriptionRegistration",
                    "The subscription is not registered to use namespace 'Microsoft.CognitiveServices'.",
                )
            return real(call)

        simulator._arm.answer = answer  # type: ignore[method-assign]
        snapshot = run(Settings(cloud=simulator.url, ca_bundle=simulator.ca_bundle, tenant=simulator.tenant_id,
                                secret=Secret(simulator.client_id, simulator.client_secret)))  # fmt: skip
        posts = {r.path for r in simulator.requests if r.method != "GET"}
    assert posts == {"/providers/Microsoft.ResourceGraph/resources", "/graph/v1.0/$batch"}
    assert [c.outcome for c in snapshot.coverage if c.kind == "model-account"] == ["complete"]
