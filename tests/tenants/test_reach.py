"""Ways to data that are easily forgotten, and lists whose loss must leave questions open: on Contoso as its scenario wants it."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from scanner.snapshot import Coverage
from tests.support.scan import pairs, scanned, scenario, tenant
from tests.tenants.builder import ROLES, guid

_PROD = "/subscriptions/66666666-aaaa-bbbb-cccc-666666666666"
_DEV = "/subscriptions/66666666-aaaa-bbbb-cccc-777777777777/resourceGroups/rg-churn-dev"
_LAKE = f"{_PROD}/resourceGroups/rg-churn-prod/providers/Microsoft.Storage/storageAccounts/dlchurnprod"
_WORKSPACE = (
    f"{_PROD}/resourceGroups/rg-churn-prod/providers/Microsoft.MachineLearningServices/workspaces/mlw-churn-prod"
)
_STORAGE = "Microsoft.Storage/storageAccounts"
_ROLES = "/providers/Microsoft.Authorization/roleDefinitions"
Document = dict[str, Any]


@cache
def _before(outcome: str) -> frozenset[tuple[str, str]]:
    return frozenset(pairs(scanned(tenant("contoso-compliant"), scenario("contoso-compliant")), outcome))


def _new(document: Document, *gaps: Coverage, outcome: str = "fail") -> set[tuple[str, str]]:
    return pairs(scanned(document, scenario("contoso-compliant"), gaps), outcome) - _before(outcome)


def _grant(document: Document, who: str, role: str, scope: str, kind: str) -> None:
    name = guid("reach", who, role, scope)
    document["roleAssignments"].append({
        "id": f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}", "name": name, "type": "Microsoft.Authorization/roleAssignments",
        "properties": {"scope": scope, "roleDefinitionId": f"{_ROLES}/{role}", "principalId": who, "principalType": kind}})  # fmt: skip


def _ana(document: Document, scope: str, actions: tuple[str, ...] = (), data: tuple[str, ...] = ()) -> None:
    """Ana holds a role of just these actions."""
    role = "e0000000-0000-4000-8000-0000000000aa"
    document["roleDefinitions"].append({"id": f"{_ROLES}/{role}", "name": role, "type": "Microsoft.Authorization/roleDefinitions", "properties": {
        "roleName": "of these", "type": "CustomRole", "description": "", "assignableScopes": ["/"],
        "permissions": [{"actions": list(actions), "notActions": [], "dataActions": list(data), "notDataActions": []}]}})  # fmt: skip
    _grant(document, guid("user", "ana"), role, scope, "User")


def _host(document: Document, type_: str) -> str:
    """Something in development whose identity reads live data."""
    arm_id = f"{_DEV}/providers/{type_}/helper"
    identity = guid("sp", "helper")
    document["graph"]["servicePrincipals"].append({
        "id": identity, "appId": guid("app", "helper"), "displayName": "helper", "servicePrincipalType": "ManagedIdentity", "accountEnabled": True,
        "alternativeNames": ["isExplicit=False", arm_id], "appOwnerOrganizationId": None})  # fmt: skip
    document["resources"].append({"id": arm_id, "name": "helper", "type": type_, "location": "westeurope", "properties": {},
                                  "identity": {"type": "SystemAssigned", "principalId": identity, "tenantId": "t"}})  # fmt: skip
    _grant(document, identity, ROLES["Storage Blob Data Reader"][0], _LAKE, "ServicePrincipal")
    return arm_id


@pytest.mark.parametrize(
    "action", ["queueServices/queues/messages/process/action", "fileServices/readFileBackupSemantics/action"]
)
def test_data_is_read_by_other_actions_than_read(action: str) -> None:
    document = tenant("contoso-compliant")
    _ana(document, _LAKE, data=(f"{_STORAGE}/{action}",))
    assert ("ACC01", "dlchurnprod") in _new(document)


@pytest.mark.parametrize(("type_", "actions", "data"), [
    ("Microsoft.Compute/virtualMachines", (), ("Microsoft.Compute/virtualMachines/login/action",)),
    ("Microsoft.HybridCompute/machines", (), ("Microsoft.HybridCompute/machines/loginAsAdmin/action",)),
    ("Microsoft.ContainerService/managedClusters", (), ("Microsoft.ContainerService/managedClusters/pods/*",)),
    ("Microsoft.Web/sites", ("Microsoft.Web/sites/host/listkeys/action",), ()),
    ("Microsoft.Web/sites", ("Microsoft.Web/sites/config/write",), ()),
    ("Microsoft.App/containerApps", ("Microsoft.App/containerApps/exec/action",), ()),
])  # fmt: skip
def test_who_signs_in_to_a_host_or_places_code_there_acts_as_its_identity(
    type_: str, actions: tuple[str, ...], data: tuple[str, ...]
) -> None:
    document = tenant("contoso-compliant")
    host = _host(document, type_)
    assert ("ACC04", "dlchurnprod") not in _new(document)
    _ana(document, host, actions, data)
    assert ("ACC04", "dlchurnprod") in _new(document)


def test_an_identity_whose_computes_nobody_could_list_is_no_finding_for_certain() -> None:
    lost = Coverage("compute", _WORKSPACE.lower(), "forbidden", "x", status=403)
    document = tenant("contoso-compliant")
    assert not _new(document, lost)
    assert ("ACC01", "dlchurnprod") in _new(document, lost, outcome="unknown")


@pytest.mark.parametrize(
    ("kind", "setting"), [("local-user", "isSftpEnabled"), ("blob-container", "allowBlobPublicAccess")]
)
def test_what_opens_an_account_without_an_identity_is_unknown_where_nobody_could_list_it(
    kind: str, setting: str
) -> None:
    lost = Coverage(kind, _LAKE.lower(), "forbidden", "x", status=403)
    document = tenant("contoso-compliant")
    assert not _new(document, lost, outcome="unknown")  # its settings let nobody in
    (account,) = (r for r in document["resources"] if r["id"] == _LAKE)
    account["properties"][setting] = True
    assert ("ACC06", "dlchurnprod") in _new(document, lost, outcome="unknown")
