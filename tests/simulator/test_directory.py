"""Graph: people made on demand, hidden members, owners, credentials, PIM for groups, directory roles, units."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from scanner.simulator import Simulator
from scanner.simulator.people import generated_id
from tests.simulator.client import Client, small

HIDDEN, OPEN, CROWD, APP, WORKLOAD, ANN = (f"{n}0000000-0000-4000-8000-000000000000" for n in range(1, 7))
GRAPH: dict[str, Any] = {
    "users": [{"id": ANN, "displayName": "Ann", "userPrincipalName": "ann@small.example", "userType": "Guest", "accountEnabled": True}],
    "generatedUsers": {"count": 3000, "domain": "small.example"},
    "groups": [
        {"id": HIDDEN, "displayName": "hidden", "visibility": "HiddenMembership", "x-members": [ANN]},
        {"id": OPEN, "displayName": "open", "x-members": [CROWD, ANN, WORKLOAD], "x-owners": [ANN]},
        {"id": CROWD, "displayName": "crowd", "x-member-range": [10, 1510], "x-members": [OPEN]},
    ],
    "servicePrincipals": [{"id": WORKLOAD, "displayName": "ci", "appId": "a", "servicePrincipalType": "Application", "x-owners": [ANN]}],
    "applications": [{
        "id": APP, "displayName": "ci", "appId": "a", "x-owners": [ANN], "x-federatedIdentityCredentials": [{"id": "f", "subject": "repo:x"}],
        "passwordCredentials": [{"keyId": "k", "endDateTime": "2027-01-01T00:00:00Z", "hint": "abc", "secretText": None}], "keyCredentials": [],
    }],
    "eligibilityScheduleInstances": [{"id": "e1", "groupId": OPEN, "principalId": ANN, "accessId": "member"}, {"id": "e2", "groupId": CROWD, "principalId": ANN}],
    "directoryRoleAssignments": [{"id": "d1", "principalId": ANN, "roleDefinitionId": "t1", "directoryScopeId": "/"}],
    "directoryRoleDefinitions": [{"id": "t1", "displayName": "Global Administrator"}],
    "appRoles": [{"id": "r1", "value": "Application.ReadWrite.All", "description": "x"}],
    "appRoleAssignments": [{"id": "h1", "appRoleId": "r1", "principalId": WORKLOAD, "principalType": "ServicePrincipal", "principalDisplayName": "ci"}],
}  # fmt: skip


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with Simulator(small(graph=GRAPH), page_size=999) as simulator:
        yield Client(simulator)
        assert simulator.refused == 0


def every(client: Client, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    url = f"/graph/v1.0{path}"
    while url:
        status, body = client.open(url, Authorization=f"Bearer {client.tokens['graph']}")
        assert status == 200, body
        found += body["value"]
        url = body.get("@odata.nextLink", "").removeprefix(client.simulator.url)
    return found


def test_people_are_made_when_they_are_asked_for(client: Client) -> None:
    people = every(client, "/users?$select=id,userPrincipalName&$top=999")
    assert len({person["id"] for person in people}) == len(people) == 3001
    assert client.graph(f"/users/{generated_id(7)}")[1]["userPrincipalName"] == "user7@small.example"
    assert client.graph(f"/users/{generated_id(3000)}")[0] == 404
    wanted = ",".join(f"'{one}'" for one in (ANN, generated_id(2999), generated_id(3000), OPEN))
    assert [p["id"] for p in every(client, f"/users?$filter={quote(f'id in ({wanted})')}")] == [ANN, generated_id(2999)]
    names = "'user5@small.example','nobody@small.example'"
    assert [p["id"] for p in every(client, f"/users?$filter={quote(f'userPrincipalName in ({names})')}")] == [
        generated_id(5)
    ]
    assert [
        p["id"] for p in every(client, "/users?$filter=" + quote("userType eq 'Guest' and displayName eq 'ann'"))
    ] == [ANN]


def test_a_page_has_a_hundred_objects_unless_more_are_asked_for(client: Client) -> None:
    assert len(client.graph("/users")[1]["value"]) == 100
    assert len(client.graph("/users?$top=999")[1]["value"]) == 999


def test_large_groups_in_a_ring_end(client: Client) -> None:
    assert len(every(client, f"/groups/{CROWD}/members?$select=id&$top=999")) == 1501
    assert len(every(client, f"/groups/{OPEN}/transitiveMembers?$select=id&$top=999")) == 1500 + 4
    kinds = [member["@odata.type"] for member in every(client, f"/groups/{OPEN}/members?$select=id")]
    assert kinds == ["#microsoft.graph.group", "#microsoft.graph.user", "#microsoft.graph.servicePrincipal"]


def test_hidden_members_show_only_to_whom_they_may() -> None:
    """Trap 3: an empty list of a hidden group means nothing."""
    seen = {}
    for granted in (None, ["Directory.Read.All"], ["GroupMember.Read.All", "Member.Read.Hidden"]):
        with Simulator(small(graph=GRAPH, **({"graphPermissions": granted} if granted else {}))) as simulator:
            seen[str(granted)] = len(Client(simulator).graph(f"/groups/{HIDDEN}/members")[1]["value"])
    assert list(seen.values()) == [0, 0, 1]


def test_what_was_not_granted_is_refused_or_shows_as_an_id_only() -> None:
    with Simulator(small(graph=GRAPH, graphPermissions=["GroupMember.Read.All"])) as simulator:
        client = Client(simulator)
        refused = [
            client.graph(path)
            for path in (
                "/users",
                "/applications",
                f"/servicePrincipals/{WORKLOAD}/owners",
                "/roleManagement/directory/roleAssignments",
            )
        ]
        assert {(status, body["error"]["code"]) for status, body in refused} == {(403, "Authorization_RequestDenied")}
        _, ann, _ = client.graph(f"/groups/{OPEN}/members?$select=id,displayName,accountEnabled")[1]["value"]
        assert simulator.refused == 0
    assert ann == {"@odata.type": "#microsoft.graph.user", "id": ANN, "displayName": None, "accountEnabled": None}


def test_applications_have_owners_and_credentials_without_secrets(client: Client) -> None:
    (app,) = client.graph("/applications?$filter=" + quote("appId eq 'a'"))[1]["value"]
    assert app["passwordCredentials"][0]["secretText"] is None and "x-owners" not in app
    assert [o["id"] for o in client.graph(f"/applications/{APP}/owners")[1]["value"]] == [ANN]
    assert [o["id"] for o in client.graph(f"/servicePrincipals/{WORKLOAD}/owners")[1]["value"]] == [ANN]
    assert client.graph(f"/applications/{APP}/federatedIdentityCredentials")[1]["value"][0]["subject"] == "repo:x"


def test_pim_for_groups_answers_for_one_group_only(client: Client) -> None:
    path = "/identityGovernance/privilegedAccess/group/eligibilityScheduleInstances"
    asked = quote(f"groupId eq '{OPEN}'")
    assert client.graph(path)[0] == 400
    assert [row["id"] for row in client.graph(f"{path}?$filter={asked}")[1]["value"]] == ["e1"]


def test_directory_roles_and_their_holders_are_listed(client: Client) -> None:
    assert (
        client.graph("/roleManagement/directory/roleAssignments?$filter=" + quote("roleDefinitionId eq 't1'"))[1][
            "value"
        ][0]["id"]
        == "d1"
    )
    assert (
        client.graph("/roleManagement/directory/roleDefinitions")[1]["value"][0]["displayName"]
        == "Global Administrator"
    )


def test_microsoft_graph_is_a_workload_of_every_tenant_and_says_who_may_do_what_there(client: Client) -> None:
    itself = "/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')"
    assert client.graph(f"{itself}?$select=id,appRoles")[1]["appRoles"][0]["value"] == "Application.ReadWrite.All"
    (held,) = client.graph(f"{itself}/appRoleAssignedTo?$select=id,appRoleId,principalId")[1]["value"]
    assert held == {"id": "h1", "appRoleId": "r1", "principalId": WORKLOAD}
    assert client.graph("/servicePrincipals(appId='a')")[1]["id"] == WORKLOAD
    assert client.graph("/servicePrincipals(appId='a')/appRoleAssignedTo")[1]["value"] == []
    assert client.graph("/servicePrincipals(appId='none')")[0] == 404
    with Simulator(small(graph=GRAPH, graphPermissions=["User.Read.All"])) as simulator:
        assert Client(simulator).graph(f"{itself}/appRoleAssignedTo")[0] == 403


def test_a_count_needs_the_header_that_says_so(client: Client) -> None:
    assert client.graph("/users/$count")[0] == 400
    assert client.graph("/users/$count", ConsistencyLevel="eventual") == (200, "3001")
    body = client.graph("/groups?$count=true&$top=1", ConsistencyLevel="eventual")[1]
    assert body["@odata.count"] == 3 and len(body["value"]) == 1


def test_objects_are_got_by_ids_of_any_kind(client: Client) -> None:
    ids = [ANN, generated_id(3), OPEN, WORKLOAD, "none"]
    got = client.graph("/directoryObjects/getByIds", "POST", {"ids": ids, "types": ["user", "group"]})[1]["value"]
    assert [(g["@odata.type"].rpartition(".")[2], g["id"]) for g in got] == [
        ("user", ANN),
        ("user", generated_id(3)),
        ("group", OPEN),
    ]


def test_used_up_units_are_refused_with_the_time_to_wait_and_near_the_end_said() -> None:
    with Simulator(small(graph=GRAPH), graph_units=5) as simulator:
        client = Client(simulator)
        statuses = [client.graph("/users")[0] for _ in range(3)]
        parts = [{"id": "1", "method": "GET", "url": f"/users/{ANN}"}, {"id": "2", "method": "GET", "url": "/users"}]
        answers = client.graph("/$batch", "POST", {"requests": parts})[1]["responses"]
    assert statuses == [200, 200, 429]
    assert int(client.headers["Retry-After"]) >= 1 and client.headers["x-ms-throttle-limit-percentage"] == "1.20"
    by_id = {answer["id"]: answer for answer in answers}
    assert by_id["2"]["status"] == 429 and by_id["2"]["headers"]["Retry-After"]
    assert by_id["1"]["status"] == 200
