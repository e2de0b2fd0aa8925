"""Every kind of ARM list: children of any depth, what attaches to a scope, rights, versions, and subscriptions out of the ordinary."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scanner.simulator import Simulator
from tests.simulator.client import GROUP, OTHER, REGISTRY, RG, STORE, SUB, TENANT, WORKSPACE, Client, small

AUTHORISATION = "providers/Microsoft.Authorization"


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with Simulator(small(), page_size=1) as simulator:
        yield Client(simulator)
        assert simulator.refused == 0


@pytest.mark.parametrize(("path", "names"), [
    (f"{STORE}/blobServices", ["default"]), (f"{STORE}/blobServices/default/containers", ["raw"]), (f"{STORE}/localUsers", ["sam"]),
    (f"{STORE}/fileServices/default/shares", []), (f"{STORE}/objectReplicationPolicies", []),
    (f"{STORE}/providers/Microsoft.Insights/diagnosticSettings", ["to-log"]), (f"{WORKSPACE}/providers/Microsoft.Insights/diagnosticSettings", []),
    (f"{SUB}/providers/Microsoft.Consumption/budgets", ["month"]), (f"{RG}/providers/Microsoft.Consumption/budgets", ["team"]),
    (f"{WORKSPACE}/data", ["churn"]), (f"{WORKSPACE}/data/churn/versions", ["1", "2"]), (f"{WORKSPACE}/environments", ["base"]),
    (f"{WORKSPACE}/components", []), (f"{WORKSPACE}/schedules", ["nightly"]), (f"{WORKSPACE}/outboundRules", ["pypi"]),
    (f"{WORKSPACE}/serverlessEndpoints", ["phi"]), (f"{WORKSPACE}/marketplaceSubscriptions", []), (f"{REGISTRY}/models", ["base"]),
    (f"{REGISTRY}/models/base/versions", ["3"]), (f"{RG}/providers/Microsoft.Sql/servers/sql/failoverGroups", ["pair"]),
    (f"{RG}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id/federatedIdentityCredentials", ["github"]),
    (f"{RG}/providers/Microsoft.ContainerRegistry/registries/cr/tokens", ["pull-token"]), (f"{SUB}/providers/Microsoft.Storage/storageAccounts", ["sta"]),
    (f"{RG}/providers/Microsoft.Storage/storageAccounts", ["sta"]), (f"{OTHER}/providers/Microsoft.Storage/storageAccounts", []),
])  # fmt: skip
def test_any_list_has_what_the_document_has_there(client: Client, path: str, names: list[str]) -> None:
    assert client.names(path) == names


@pytest.mark.parametrize(("path", "filter_", "names"), [
    (f"{SUB}/{AUTHORISATION}/locks", "", {"keep", "group-lock", "sub-lock"}), (f"{RG}/{AUTHORISATION}/locks", "atScope()", {"group-lock", "sub-lock"}),
    (f"{SUB}/{AUTHORISATION}/policyAssignments", "", {"locations", "tags"}), (f"{SUB}/{AUTHORISATION}/policyAssignments", "atScope()", {"locations"}),
    (f"{RG}/{AUTHORISATION}/policyAssignments", "atExactScope()", {"tags"}), (f"{GROUP}/{AUTHORISATION}/policyAssignments", "atExactScope()", {"locations"}),
    (f"{SUB}/{AUTHORISATION}/roleManagementPolicyAssignments", "", {"owner"}), (f"{RG}/{AUTHORISATION}/roleManagementPolicyAssignments", "", set()),
    (f"{SUB}/{AUTHORISATION}/classicAdministrators", "", {"old"}), (f"{SUB}/{AUTHORISATION}/denyAssignments", "", set()),
    (f"{SUB}/{AUTHORISATION}/roleAssignments", "", {"at-root", "at-group", "at-sub", "at-rg"}), (f"{RG}/{AUTHORISATION}/roleAssignments", "atScope()", {"at-root", "at-group", "at-sub", "at-rg"}),
    (f"{SUB}/{AUTHORISATION}/roleAssignments", "atScope()", {"at-root", "at-group", "at-sub"}), (f"{GROUP}/{AUTHORISATION}/roleAssignments", "atScope()", {"at-root", "at-group"}),
    (f"/{AUTHORISATION}/roleAssignments", "atScope()", {"at-root"}), (f"{OTHER}/{AUTHORISATION}/roleAssignments", "", {"at-root", "elsewhere"}),
    (f"{SUB}/{AUTHORISATION}/roleDefinitions", "type eq 'CustomRole'", {"own"}), (f"{OTHER}/{AUTHORISATION}/roleDefinitions", "", {"reader"}),
])  # fmt: skip
def test_what_is_assigned_is_seen_from_above_and_below(
    client: Client, path: str, filter_: str, names: set[str]
) -> None:
    """Trap 10."""
    found = client.names(path, **({"$filter": filter_} if filter_ else {}))
    assert (set(found), len(found)) == (names, len(names))


def test_what_attaches_is_in_no_list_of_resources(client: Client) -> None:
    assert set(client.names(f"{SUB}/resources")) == {"sta", "mlw", "shared", "id", "sql", "cr"}


def test_an_item_is_found_by_its_id_whatever_it_hangs_on(client: Client) -> None:
    for path in (
        f"{STORE}/{AUTHORISATION}/locks/keep",
        f"{STORE}/blobServices/default",
        f"{WORKSPACE}/data/churn",
        f"{GROUP}/{AUTHORISATION}/policyAssignments/locations",
    ):
        assert client.arm(path)[1]["id"].lower() == path.lower()
    assert client.arm(f"{STORE}/blobServices/default/containers/none")[0] == 404
    assert (
        client.arm(f"{RG}/providers/Microsoft.Storage/storageAccounts/gone/localUsers")[1]["error"]["code"]
        == "ParentResourceNotFound"
    )


def test_quota_is_listed_by_location(client: Client) -> None:
    (row,) = client.arm(f"{SUB}/providers/Microsoft.Compute/locations/westeurope/usages")[1]["value"]
    assert row["limit"] == 10
    assert client.arm(f"{SUB}/providers/Microsoft.Compute/locations/northeurope/usages")[1]["value"] == []


def test_the_data_boundary_is_not_defined_or_what_the_document_says(client: Client) -> None:
    path = "/providers/Microsoft.Resources/dataBoundaries/default"
    assert client.arm(path)[1]["properties"]["dataBoundary"] == "NotDefined"
    with Simulator(small(dataBoundary="EU")) as simulator:
        assert Client(simulator).arm(path)[1]["properties"]["dataBoundary"] == "EU"


def test_subscriptions_of_a_management_group_are_its_own(client: Client) -> None:
    assert client.names(f"{GROUP}/subscriptions") == [SUB.rpartition("/")[2]]
    assert set(client.names("/providers/Microsoft.Management/managementGroups/root/descendants")) == {
        "corp",
        SUB.rpartition("/")[2],
        OTHER.rpartition("/")[2],
    }


def test_a_reader_may_read_everything_and_is_told_so(client: Client) -> None:
    (block,) = client.arm(f"{RG}/{AUTHORISATION}/permissions")[1]["value"]
    assert (block["actions"], block["notActions"]) == (["*/read"], [])


def test_an_absent_action_is_refused_by_name_and_left_out_of_resource_graph() -> None:
    """Trap 1: both answers to the same lack of rights, the one aloud and the one in silence."""
    reader = {
        "actions": [
            "Microsoft.Authorization/*/read",
            "Microsoft.Resources/*",
            "Microsoft.MachineLearningServices/*/read",
        ]
    }
    with Simulator(small(reader=reader)) as simulator:
        client = Client(simulator)
        status, body = client.arm(f"{STORE}/blobServices")
        assert (status, body["error"]["code"]) == (403, "AuthorizationFailed")
        assert (
            f"perform action 'Microsoft.Storage/storageAccounts/blobServices/read' over scope '{STORE}'"
            in body["error"]["message"]
        )
        assert (
            client.arm(f"{WORKSPACE}/schedules")[0]
            == client.arm(f"{SUB}/resourceGroups")[0]
            == client.arm(f"{SUB}/resources")[0]
            == 200
        )
        data = client.query("resources | project id, type | order by id asc")[1]["data"]
    assert {row["type"].partition("/")[0] for row in data} == {"microsoft.machinelearningservices"}


def test_rights_may_hold_at_one_place_only() -> None:
    reader = [
        {"actions": ["Microsoft.Authorization/*/read"]},
        {"actions": ["*/read"], "notActions": ["Microsoft.Sql/*"], "scope": RG},
    ]
    with Simulator(small(reader=reader)) as simulator:
        client = Client(simulator)
        assert len(client.arm(f"{RG}/{AUTHORISATION}/permissions")[1]["value"]) == 2
        assert len(client.arm(f"{SUB}/{AUTHORISATION}/permissions")[1]["value"]) == 1
        assert client.arm(STORE)[0] == 200
        assert (
            client.arm(f"{SUB}/providers/Microsoft.Storage/storageAccounts")[0]
            == client.arm(f"{RG}/providers/Microsoft.Sql/servers")[0]
            == 403
        )


def test_an_unknown_api_version_names_those_that_are_known() -> None:
    versions = {
        "unsupported-versions": {"Microsoft.Storage/storageAccounts": ["2022-04-01"]},
        "supported-versions": {"microsoft.storage/storageaccounts/localusers": ["2021-01-01"]},
    }
    with Simulator(small(**versions)) as simulator:
        client = Client(simulator)
        top, child = client.arm(f"{SUB}/providers/Microsoft.Storage/storageAccounts"), client.arm(f"{STORE}/localUsers")
        assert client.arm(f"{STORE}/blobServices")[0] == 200
    assert (top[0], top[1]["error"]["code"], child[0], child[1]["error"]["code"]) == (
        400,
        "NoRegisteredProviderFound",
        404,
        "InvalidResourceType",
    )
    assert "The supported api-versions are '2019-08-01, 2020-01-01, 2021-04-01'." in top[1]["error"]["message"]
    assert "The supported api-versions are '2021-01-01'." in child[1]["error"]["message"]


def test_a_subscription_of_another_tenant_refuses_the_token_unless_it_is_delegated() -> None:
    document = small()
    elsewhere = "88888888-8888-4888-8888-888888888888"
    document["subscriptions"][1] |= {"tenantId": elsewhere}
    with Simulator(document) as simulator:
        client = Client(simulator)
        status, body = client.arm(f"{OTHER}/resourceGroups")
        assert (status, body["error"]["code"]) == (401, "InvalidAuthenticationTokenTenant") and elsewhere in body[
            "error"
        ]["message"]
        rows = client.query("resourcecontainers | where type =~ 'microsoft.resources/subscriptions'")[1]["data"]
        assert [row["id"] for row in rows] == [SUB]
    document["subscriptions"][1] |= {"managedByTenants": [{"tenantId": TENANT}]}
    with Simulator(document) as simulator:
        assert Client(simulator).arm(f"{OTHER}/resourceGroups")[0] == 200


def test_a_disabled_subscription_still_shows_what_it_has_and_a_deleted_one_does_not() -> None:
    document = small()
    document["subscriptions"][0]["state"], document["subscriptions"][1]["state"] = "Disabled", "Deleted"
    with Simulator(document) as simulator:
        client = Client(simulator)
        assert client.names(f"{SUB}/resourceGroups") == ["rg-a"]
        assert client.arm(f"{OTHER}/resourceGroups")[1]["error"]["code"] == "SubscriptionNotFound"


def test_a_collection_at_page_size_one_sees_no_refusal() -> None:
    from scanner.collect import Secret, Settings, run

    with Simulator(small(), page_size=1) as simulator:
        snapshot = run(Settings(cloud=simulator.url, ca_bundle=simulator.ca_bundle, tenant=simulator.tenant_id,
                                secret=Secret(simulator.client_id, simulator.client_secret)))  # fmt: skip
        assert simulator.refused == 0
    assert {c.outcome for c in snapshot.coverage} <= {"complete", "bounded"}
