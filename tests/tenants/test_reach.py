"""Ways to data that are easily forgotten, and lists whose loss must leave questions open: on Contoso as its scenario wants it."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from scanner.snapshot import Coverage
from tests.support import access
from tests.support.scan import pairs, scanned, scenario, tenant
from tests.support.tenants import snapshot_of
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
    ("Microsoft.Batch/batchAccounts", (), ("Microsoft.Batch/batchAccounts/jobs/*",)),
    ("Microsoft.Batch/batchAccounts", ("Microsoft.Batch/batchAccounts/listKeys/action",), ()),
    ("Microsoft.Automation/automationAccounts", ("Microsoft.Automation/automationAccounts/jobSchedules/write",), ()),
    ("Microsoft.Automation/automationAccounts", ("Microsoft.Automation/automationAccounts/runbooks/draft/write",), ()),
    ("Microsoft.Web/sites", ("Microsoft.Web/sites/host/listkeys/action",), ()),
    ("Microsoft.Web/sites", ("Microsoft.Web/sites/config/write",), ()),
    ("Microsoft.App/containerApps", ("Microsoft.App/containerApps/exec/action",), ()),
    ("Microsoft.Search/searchServices", ("Microsoft.Search/searchServices/indexers/write",), ()),
    ("Microsoft.Search/searchServices", ("Microsoft.Search/searchServices/listAdminKeys/action",), ()),
])  # fmt: skip
def test_who_signs_in_to_a_host_or_places_code_there_acts_as_its_identity(
    type_: str, actions: tuple[str, ...], data: tuple[str, ...]
) -> None:
    document = tenant("contoso-compliant")
    host = _host(document, type_)
    assert ("ACC04", "dlchurnprod") not in _new(document)
    _ana(document, host, actions, data)
    assert ("ACC04", "dlchurnprod") in _new(document)


def test_keys_of_a_search_service_that_refuses_them_make_no_indexer() -> None:
    document = tenant("contoso-compliant")
    host = _host(document, "Microsoft.Search/searchServices")
    document["resources"][-1]["properties"] = {"disableLocalAuth": True}
    _ana(document, host, ("Microsoft.Search/searchServices/listAdminKeys/action",))
    assert ("ACC04", "dlchurnprod") not in _new(document)


def test_a_workspace_hands_out_what_signs_in_to_clusters_attached_to_it() -> None:
    """AzureML Compute Operator and other roles over computes may list their keys, which for a cluster are those of its administrator."""
    document = tenant("contoso-compliant")
    cluster = _host(document, "Microsoft.ContainerService/managedClusters")
    workspace = f"{_DEV}/providers/Microsoft.MachineLearningServices/workspaces/mlw-churn-dev"
    _ana(document, workspace, ("Microsoft.MachineLearningServices/workspaces/computes/listKeys/action",))
    assert ("ACC04", "dlchurnprod") not in _new(document)
    document["resources"].append({
        "id": f"{workspace}/computes/kube", "name": "kube", "type": "Microsoft.MachineLearningServices/workspaces/computes", "location": "westeurope",
        "properties": {"computeType": "Kubernetes", "resourceId": cluster, "computeLocation": "westeurope", "properties": {}}})  # fmt: skip
    assert ("ACC04", "dlchurnprod") in _new(document)


def test_roles_of_the_first_generation_run_code_too() -> None:
    document = tenant("contoso-compliant")
    _host(document, "Microsoft.MachineLearningServices/workspaces/mlw-churn-dev/computes")
    workspace = f"{_DEV}/providers/Microsoft.MachineLearningServices/workspaces/mlw-churn-dev"
    _ana(document, workspace, ("Microsoft.MachineLearningServices/workspaces/experiments/runs/submit/action",))
    assert ("ACC04", "dlchurnprod") in _new(document)


@pytest.mark.parametrize("users", [0, 1])
def test_who_may_give_a_user_of_sftp_a_new_password_signs_in_as_it(users: int) -> None:
    document = tenant("contoso-compliant")
    lake = next(item for item in document["resources"] if item["id"] == _LAKE)
    lake["properties"] |= {"isSftpEnabled": True, "isHnsEnabled": True}
    for number in range(users):
        document["resources"].append({
            "id": f"{_LAKE}/localUsers/partner{number}", "name": "partner", "type": f"{_STORAGE}/localUsers",
            "properties": {"hasSshPassword": True, "hasSharedKey": False, "permissionScopes": []}})  # fmt: skip
    before = _new(document)
    _ana(document, _LAKE, (f"{_STORAGE}/localUsers/regeneratePassword/action",))
    assert (("ACC24", "dlchurnprod") in _new(document) - before) is (users > 0)


@pytest.mark.parametrize("open_", [False, True])
def test_a_vault_open_to_deployments_is_open_to_whoever_deploys(open_: bool) -> None:
    """Of a workspace of development whose datastore keeps a key of live data."""
    document = tenant("contoso-compliant")
    workspace = f"{_DEV}/providers/Microsoft.MachineLearningServices/workspaces/mlw-churn-dev"
    document["resources"].append({
        "id": f"{workspace}/datastores/lake", "name": "lake", "type": "Microsoft.MachineLearningServices/workspaces/datastores",
        "properties": {"datastoreType": "AzureBlob", "accountName": "dlchurnprod", "containerName": "c", "endpoint": "core.windows.net", "protocol": "https",
                       "credentials": {"credentialsType": "AccountKey"}}})  # fmt: skip
    next(item for item in document["resources"] if item["id"] == _LAKE)["properties"]["allowSharedKeyAccess"] = True
    vault = next(item for item in document["resources"] if item["name"] == "kv-churn-dev")
    vault["properties"]["enabledForTemplateDeployment"] = open_
    _ana(document, vault["id"], ("Microsoft.KeyVault/vaults/deploy/action",))
    asked = access.questions(snapshot_of(document), scenario("contoso-compliant"))
    ana = access.principal(asked, "Ana")
    found = asked.paths(ana, access.data(asked, "dlchurnprod")).ways
    assert any(way.way == "vault" and way.certain for way in found) is open_


_ASSIGN = ("Microsoft.Authorization/roleAssignments/write",)


@pytest.mark.parametrize("type_", ["Microsoft.Compute/virtualMachines", "Microsoft.DataFactory/factories"])
def test_who_may_assign_roles_on_a_host_gives_themselves_what_acting_as_its_identity_takes(type_: str) -> None:
    document = tenant("contoso-compliant")
    _ana(document, _host(document, type_), _ASSIGN)
    assert ("ACC05", "dlchurnprod") in _new(document)


def test_who_may_assign_roles_on_a_workspace_gives_themselves_the_running_of_jobs() -> None:
    document = tenant("contoso-compliant")
    _host(document, "Microsoft.MachineLearningServices/workspaces/mlw-churn-dev/computes")
    _ana(document, f"{_DEV}/providers/Microsoft.MachineLearningServices/workspaces/mlw-churn-dev", _ASSIGN)
    assert ("ACC05", "dlchurnprod") in _new(document)


def test_a_condition_on_assigning_roles_binds_whoever_would_act_on_a_host() -> None:
    """Whoever may make readers, and nothing else, makes nobody act on the machine."""
    document = tenant("contoso-compliant")
    host = _host(document, "Microsoft.Compute/virtualMachines")
    _ana(document, host, _ASSIGN)
    reader = ROLES["Reader"][0]
    document["roleAssignments"][-1]["properties"] |= {"conditionVersion": "2.0", "condition": (
        "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR "
        f"(@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {{{reader}}}))")}  # fmt: skip
    assert ("ACC05", "dlchurnprod") not in _new(document)


def test_who_acts_on_a_host_by_the_same_assignment_is_not_told_of_for_granting_too() -> None:
    document = tenant("contoso-compliant")
    _ana(document, _host(document, "Microsoft.Compute/virtualMachines"), ("*",))
    found = _new(document)
    assert {rule for rule, name in found if name == "dlchurnprod"} & {"ACC04", "ACC05"} == {"ACC04"}


@pytest.mark.parametrize("kind", ["compute", "search-service", "resource"])
def test_what_nobody_could_list_may_run_as_an_identity_where_somebody_gives_themselves_a_role(kind: str) -> None:
    gap = Coverage(kind, _DEV.partition("/resourceGroups")[0], "forbidden", status=403)
    found = _new(tenant("contoso-compliant"), gap, outcome="unknown")
    assert {rule for rule, name in found if name == "dlchurnprod"} >= {"ACC04", "ACC05"}


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


def test_data_actions_of_a_cluster_count_where_azure_decides_what_may_be_done_in_it() -> None:
    type_ = "Microsoft.ContainerService/managedClusters"
    for profile in (None, {"enableAzureRBAC": False}, {"enableAzureRBAC": True}):
        document = tenant("contoso-compliant")
        host = _host(document, type_)
        document["resources"][-1]["properties"] = {"aadProfile": profile} if profile else {}
        _ana(document, host, data=(f"{type_}/pods/*",))
        assert (("ACC04", "dlchurnprod") in _new(document)) is (profile == {"enableAzureRBAC": True})


# -- giving oneself what one lacks ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("request_", ["roleAssignmentScheduleRequests", "roleEligibilityScheduleRequests"])
def test_who_may_have_pim_assign_roles_may_grant_themselves_access(request_: str) -> None:
    document = tenant("contoso-compliant")
    _ana(document, _LAKE, (f"Microsoft.Authorization/{request_}/write",))
    assert ("ACC05", "dlchurnprod") in _new(document)


def test_a_condition_on_assigning_roles_binds_what_is_asked_of_pim_too() -> None:
    """A list of roles that open nothing: as with assignments, so with PIM's."""
    document = tenant("contoso-compliant")
    _ana(document, _LAKE, tuple(f"Microsoft.Authorization/role{what}/write" for what in (
        "Assignments", "AssignmentScheduleRequests", "EligibilityScheduleRequests")))  # fmt: skip
    reader = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
    document["roleAssignments"][-1]["properties"] |= {"conditionVersion": "2.0", "condition": (
        "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR "
        f"(@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {{{reader}}}))")}  # fmt: skip
    assert ("ACC05", "dlchurnprod") not in _new(document) | _new(document, outcome="unknown")


@pytest.mark.parametrize("action", ["modifyPermissions", "manageOwnership"])
def test_who_may_rewrite_acls_of_a_lake_lets_themselves_in(action: str) -> None:
    right = f"{_STORAGE}/blobServices/containers/blobs/{action}/action"
    for hierarchical in (True, False):
        document = tenant("contoso-compliant")
        (lake,) = (r for r in document["resources"] if r["id"] == _LAKE)
        lake["properties"]["isHnsEnabled"] = hierarchical
        _ana(document, _LAKE, data=(right,))
        assert (("ACC05", "dlchurnprod") in _new(document)) is hierarchical


def test_who_reads_a_lake_by_role_is_not_told_of_twice_for_its_acls() -> None:
    document = tenant("contoso-compliant")
    (lake,) = (r for r in document["resources"] if r["id"] == _LAKE)
    lake["properties"]["isHnsEnabled"] = True
    _ana(document, _LAKE, data=(f"{_STORAGE}/blobServices/containers/blobs/*",))
    assert {("ACC01", "dlchurnprod")} == {pair for pair in _new(document) if pair[0] in ("ACC01", "ACC05")}


# -- copies -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", [
    "Microsoft.DataProtection/backupVaults/backupInstances/restore/action",
    "Microsoft.DataProtection/*",
])  # fmt: skip
def test_who_may_restore_a_backup_carries_the_data_out(action: str) -> None:
    document = tenant("contoso-compliant")
    vault = f"{_PROD}/resourceGroups/rg-churn-prod/providers/Microsoft.DataProtection/backupVaults/bv"
    document["resources"] += [
        {"id": vault, "name": "bv", "type": "Microsoft.DataProtection/backupVaults", "location": "westeurope", "properties": {
            "storageSettings": [{"datastoreType": "VaultStore", "type": "LocallyRedundant"}]}},
        {"id": f"{vault}/backupInstances/lake", "name": "lake", "type": "Microsoft.DataProtection/backupVaults/backupInstances",
         "properties": {"dataSourceInfo": {"resourceID": _LAKE}}},
    ]  # fmt: skip
    assert ("ACC24", "dlchurnprod") not in _new(document)
    _ana(document, vault, (action,))
    assert ("ACC24", "dlchurnprod") in _new(document)
