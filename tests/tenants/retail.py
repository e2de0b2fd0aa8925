"""The tenant of the shipped scenario `multi-environment`, as a careful organisation would have it: nothing is wrong with it.

Beside what the role table says it holds what every real tenant has: identities of workspaces, endpoints and policies,
Microsoft's own applications, a managed group with its deny assignment, readers from the management group, an activation in progress.
"""

from __future__ import annotations

from typing import Any

from tests.tenants import hubs
from tests.tenants.builder import ROLES, Tenant, guid

TENANT = "11111111-1111-1111-1111-111111111111"
STAGES = ("dev", "test", "prod")
TEAMS = ("pricing", "forecast")
TOP = "/providers/Microsoft.Management/managementGroups/mg-ml"
_MICROSOFT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
_GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
_ML = "Microsoft.MachineLearningServices/workspaces"
_POLICY = "Microsoft.Authorization/policyAssignments"
_BUILT_IN = (
    "Owner", "Contributor", "Reader", "Storage Blob Data Reader", "Storage Blob Data Contributor", "Azure AI Administrator", "AcrPull",
)  # fmt: skip
RETAIL_ROLES: dict[str, tuple[str, list[dict[str, Any]]]] = {
    **{name: ROLES[name] for name in _BUILT_IN},
    "AcrPush": ("8311e382-0749-4cb8-b61a-304f252e45ec", [{"actions": [
        "Microsoft.ContainerRegistry/registries/pull/read", "Microsoft.ContainerRegistry/registries/push/write"]}]),
    "AzureML Metrics Writer (preview)": ("635dd51f-9968-44d3-b7fb-6d9a6bd613ae", [{"dataActions": [f"{_ML}/metrics/*/write"]}]),
    "Key Vault Administrator": ("00482a5a-887f-4fb3-b363-3b7fe8e74483", [{
        "actions": ["Microsoft.KeyVault/checkNameAvailability/read", "Microsoft.KeyVault/vaults/*/read"],
        "dataActions": ["Microsoft.KeyVault/vaults/*"]}]),
    "Storage File Data Privileged Contributor": ("69566ab7-960f-475b-8e7c-b3118f30c6bd", [{"dataActions": [
        f"Microsoft.Storage/storageAccounts/fileServices/{what}" for what in (
            "fileshares/files/read", "fileshares/files/write", "fileshares/files/delete", "readFileBackupSemantics/action",
            "writeFileBackupSemantics/action")]}]),
    "Azure AI Enterprise Network Connection Approver": ("b556d68e-0be0-4f35-a333-ad7ee1ce17ea", [{"actions": [
        "Microsoft.ContainerRegistry/registries/privateEndpointConnectionsApproval/action",
        "Microsoft.ContainerRegistry/registries/privateEndpointConnections/read", "Microsoft.ContainerRegistry/registries/privateEndpointConnections/write",
        "Microsoft.KeyVault/vaults/privateEndpointConnectionsApproval/action", "Microsoft.KeyVault/vaults/privateEndpointConnections/write",
        f"{_ML}/privateEndpointConnectionsApproval/action", f"{_ML}/privateEndpointConnections/write",
        "Microsoft.Storage/storageAccounts/privateEndpointConnectionsApproval/action",
        "Microsoft.Storage/storageAccounts/privateEndpointConnections/read", "Microsoft.Storage/storageAccounts/privateEndpointConnections/write",
        "Microsoft.Storage/storageAccounts/read"]}]),
    "Azure Machine Learning Workspace Connection Secrets Reader": ("ea01e6af-a1c1-4350-9563-ad00f8c72ec5", [{"actions": [
        f"{_ML}/connections/listsecrets/action", f"{_ML}/metadata/secrets/read"]}]),
    "Security Reader": ("39bc4728-0917-49c7-9d2c-d95423eb2eb4", [{"actions": ["Microsoft.Security/*/read", "*/read"]}]),
    "Monitoring Reader": ("43d0d8ad-25c7-4714-9337-8ba259a9fe05", [{"actions": [
        "*/read", "Microsoft.OperationalInsights/workspaces/search/action", "Microsoft.Support/*"]}]),
    # the organisation's own, each no more than a duty
    "Retail ML Trainer": ("f0000000-0000-4000-8000-000000000001", [{"actions": [
        f"{_ML}/read", f"{_ML}/*/read", f"{_ML}/jobs/*", f"{_ML}/experiments/*", f"{_ML}/computes/start/action", f"{_ML}/computes/stop/action",
        f"{_ML}/data/versions/write", f"{_ML}/models/versions/write", f"{_ML}/environments/versions/write"]}]),
    "Retail ML Observer": ("f0000000-0000-4000-8000-000000000002", [{"actions": [f"{_ML}/read", f"{_ML}/*/read"]}]),
    "Retail ML Releaser": ("f0000000-0000-4000-8000-000000000003", [{"actions": [
        f"{_ML}/read", f"{_ML}/*/read", f"{_ML}/onlineEndpoints/write", f"{_ML}/onlineEndpoints/deployments/write",
        f"{_ML}/models/versions/write"]}]),
}  # fmt: skip
_MEMBERS = {
    "grp-ds-dev": ("dana", "dirk", "dora"),
    "grp-ds-prod-training": ("pia", "paul"),
    "grp-mle-test": ("mark", "mila"),
    "grp-ml-incident": ("ines", "ivan"),
    "grp-ml-leads": ("lars", "lisa"),
    "grp-ml-platform": ("tove", "tim", "tess"),
    "grp-auditors": ("axel",),
    "grp-security-operations": ("sara", "stan"),
}
# owners may join: of what opens production, only those who administer it anyway
_OWNERS = {"grp-ds-dev": ("dana",), "grp-ds-prod-training": ("tove",), "grp-ml-incident": ("tove",)}
_TAGS = {"owner": "ml@retail.example", "cost-centre": "4100"}


def document() -> dict[str, Any]:
    return build().document


def subscription_id(stage: str) -> str:
    return f"11111111-aaaa-bbbb-cccc-11111111111{STAGES.index(stage) + 1}"


def group_id(team: str, stage: str) -> str:
    return f"/subscriptions/{subscription_id(stage)}/resourceGroups/rg-{team}-{stage}"


def lake_id(team: str, stage: str) -> str:
    return f"{group_id(team, stage)}/providers/Microsoft.Storage/storageAccounts/dl{team}{stage}"


def workspace_id(team: str, stage: str) -> str:
    return f"{group_id(team, stage)}/providers/{_ML}/mlw-{team}-{stage}"


def build() -> Tenant:
    t = Tenant(TENANT, "Retail", "retail.example", roles=RETAIL_ROLES)
    t.management_group(TENANT)
    t.management_group("mg-ml", TENANT)
    subscriptions = {stage: t.subscription(f"sub-ml-{stage}", subscription_id(stage), "mg-ml") for stage in STAGES}
    _people(t)
    shared = t.group(subscriptions["prod"], "rg-ml-shared", _TAGS)
    registry = t.resource(shared, "Microsoft.ContainerRegistry/registries", "acrretailml",
                          {"adminUserEnabled": False, "publicNetworkAccess": "Disabled"}, sku={"name": "Premium"})  # fmt: skip
    t.assign("id-ml-build", "AcrPush", registry, kind="ServicePrincipal")
    for stage, subscription in subscriptions.items():
        group = t.group(subscription, f"rg-ml-logs-{stage}", {"environment": stage, **_TAGS})
        logs = t.resource(group, "Microsoft.OperationalInsights/workspaces", f"log-ml-{stage}",
                          {"sku": {"name": "PerGB2018"}, "retentionInDays": 365}, tags={"environment": stage, **_TAGS})  # fmt: skip
        if stage == "prod":
            _lock(t, group)
        for team in TEAMS:
            _workspace(t, team, stage, subscription, registry, logs)
    _administration(t)
    _platform(t, subscriptions)
    _quota(t, subscriptions)
    return t


def _people(t: Tenant) -> None:
    for name in sorted({*(m for members in _MEMBERS.values() for m in members), "bg1", "bg2"}):
        t.user(name)
    for name, members in _MEMBERS.items():
        t.directory_group(
            name, members, _OWNERS.get(name, ()), isAssignableToRole=name not in ("grp-ds-dev", "grp-auditors")
        )
    t.service_principal("id-ml-release")
    t.application("id-ml-release", ["repo:retail/ml:environment:production"])
    t.service_principal("id-ml-build")
    t.application("id-ml-build", ["repo:retail/ml:environment:build"])
    directory = t.document["graph"]
    directory["directoryRoleDefinitions"] = [{"id": _GLOBAL_ADMINISTRATOR, "templateId": _GLOBAL_ADMINISTRATOR,
                                              "displayName": "Global Administrator", "isBuiltIn": True}]  # fmt: skip
    directory["directoryRoleAssignments"] = [
        {"id": guid("directory role", name), "principalId": t.principals[name], "roleDefinitionId": _GLOBAL_ADMINISTRATOR, "directoryScopeId": "/"}
        for name in ("bg1", "bg2")
    ]  # fmt: skip


def _workspace(t: Tenant, team: str, stage: str, subscription: str, registry: str, logs: str) -> None:
    """A team's workspace of a stage with the data of the stage, the compute that reads it, and who works there."""
    tags = {"environment": stage, "team": team, **_TAGS}
    group = t.group(subscription, f"rg-{team}-{stage}", tags)
    name = f"mlw-{team}-{stage}"
    if team == "forecast":  # the team works in a project of a hub
        found = hubs.hub(t, group, f"hub-{team}-{stage}", "westeurope", tags, registry=registry, logs=logs)
        found["workspace"] = hubs.project(t, group, name, "westeurope", tags, found, registry)
    else:
        found = t.workspace(group, name, registry=registry, insights_workspace=logs, tags=tags)
        for part in found.values():
            _resource(t, part)["tags"] = tags
        hubs.granted(t, name, found, group, registry)
    workspace, store = found["workspace"], found["storage"]
    class_ = "sampled" if stage == "dev" else "customer"
    lake = t.account(group, f"dl{team}{stage}", sku="Standard_ZRS", tags={**tags, "data-class": class_})
    t.datastore(workspace, "lake", lake, kind="AzureDataLakeGen2")
    data = t.resource(workspace, "data", "sales/versions/1",
                      {"dataType": "uri_folder", "dataUri": "azureml://datastores/lake/paths/sales"}, None)  # fmt: skip
    identity = f"id-{team}-{stage}-compute"
    arm_id = t.resource(group, "Microsoft.ManagedIdentity/userAssignedIdentities", identity,
                        {"principalId": guid("sp", identity), "clientId": guid("app", identity)}, tags=tags)  # fmt: skip
    t.service_principal(identity, kind="ManagedIdentity", host=arm_id)
    cluster = _resource(t, t.cluster(workspace, "cpu", "STANDARD_DS3_V2", 4))
    cluster["identity"] = {"type": "UserAssigned", "userAssignedIdentities": {
        arm_id: {"principalId": guid("sp", identity), "clientId": guid("app", identity)}}}  # fmt: skip
    t.assign(identity, "Storage Blob Data Reader", lake, kind="ServicePrincipal")
    t.assign(identity, "Storage Blob Data Contributor", store, kind="ServicePrincipal")
    t.assign(identity, "AcrPull", registry, kind="ServicePrincipal")
    if stage == "dev":
        t.resource(workspace, "computes", f"ci-dana-{team}", {"computeType": "ComputeInstance", "computeLocation": "westeurope", "disableLocalAuth": True,
                   "properties": {"vmSize": "STANDARD_DS3_V2", "idleTimeBeforeShutdown": "PT60M", "sshSettings": {"sshPublicAccess": "Disabled"},
                                  "createdBy": {"userId": t.principals["tove"], "userName": "Tove"},
                                  "personalComputeInstanceSettings": {"assignedUser": {"objectId": t.principals["dana"], "tenantId": TENANT}}}})  # fmt: skip
        t.assign("grp-ds-dev", "Retail ML Trainer", group)
        t.assign("grp-ds-dev", "Storage Blob Data Contributor", store)
        t.assign("grp-ds-dev", "Storage Blob Data Reader", lake)
        _job(t, workspace, data)
    if stage == "test":
        t.eligible("grp-ds-prod-training", "Retail ML Trainer", group)
        t.eligible("grp-ds-prod-training", "Storage Blob Data Contributor", store)
        t.eligible("grp-ds-prod-training", "Storage Blob Data Reader", lake)
        for role, scope in (
            ("Retail ML Trainer", group),
            ("Storage Blob Data Contributor", store),
            ("Storage Blob Data Reader", lake),
        ):
            t.activation(role, scope, approvers=["grp-ml-leads"])
        sampled = t.account(group, f"ds{team}{stage}", sku="Standard_ZRS", tags={**tags, "data-class": "sampled"})
        t.datastore(workspace, "samples", sampled, kind="AzureDataLakeGen2")
        t.assign("grp-mle-test", "Retail ML Observer", group)
        t.assign("grp-mle-test", "Storage Blob Data Reader", sampled)
        _job(t, workspace, data)
    if stage == "prod":
        _production(t, team, group, found, lake, registry)


def _job(t: Tenant, workspace: str, data: str) -> None:
    t.resource(workspace, "jobs", "train-1", {"jobType": "Command", "status": "Completed", "computeId": f"{workspace}/computes/cpu",
               "inputs": {"sales": {"jobInputType": "uri_folder", "uri": data}}}, None)  # fmt: skip


def _production(t: Tenant, team: str, group: str, found: dict[str, str], lake: str, registry: str) -> None:
    workspace = found["workspace"]
    made = {"createdBy": guid("app", "id-ml-release"), "createdByType": "Application"}
    model = t.resource(workspace, "models", f"{team}/versions/1",
                       {"modelType": "mlflow_model", "modelUri": "azureml://datastores/workspaceartifactstore/paths/m"}, None, systemData=made)  # fmt: skip
    endpoint = t.endpoint(workspace, f"{team}-api", model, "STANDARD_D4S_V5", 2, found["storage"], registry)
    for arm_id in (endpoint, f"{endpoint}/deployments/blue"):
        _resource(t, arm_id)["systemData"] = made
    t.assign(f"{team}-api", "AzureML Metrics Writer (preview)", workspace, kind="ServicePrincipal")
    t.assign(
        f"{team}-api", "Azure Machine Learning Workspace Connection Secrets Reader", workspace, kind="ServicePrincipal"
    )
    t.assign("id-ml-release", "Retail ML Releaser", group, kind="ServicePrincipal")
    for role, scope in (("Retail ML Observer", group), ("Storage Blob Data Reader", lake)):
        t.eligible("grp-ml-incident", role, scope)
        t.activation(role, scope, approvers=["grp-ml-leads"])
    if team == "pricing":
        t.activated("ines", "Retail ML Observer", group, of="grp-ml-incident")  # an incident this afternoon
    _lock(t, group)


def _lock(t: Tenant, scope: str) -> None:
    type_ = "Microsoft.Authorization/locks"
    t.document["resources"].append(
        {
            "id": f"{scope}/providers/{type_}/keep",
            "name": "keep",
            "type": type_,
            "properties": {"level": "CanNotDelete"},
        }
    )


def _administration(t: Tenant) -> None:
    t.eligible("grp-ml-platform", "Owner", TOP)
    t.activation("Owner", TOP, hours=4, approvers=["grp-ml-leads"])
    t.activated("tove", "Owner", TOP, of="grp-ml-platform")  # at work on something now
    t.assign("grp-auditors", "Reader", "/")  # inherited from the tenant root
    t.assign("grp-security-operations", "Security Reader", TOP)
    t.assign("grp-security-operations", "Monitoring Reader", TOP)


def _platform(t: Tenant, subscriptions: dict[str, str]) -> None:
    """What stands in every tenant whether anybody declared it or not."""
    t.service_principal("Microsoft Defender for Cloud", owner=_MICROSOFT)
    t.assign("Microsoft Defender for Cloud", "Storage Blob Data Reader", TOP, kind="ServicePrincipal")
    t.service_principal("Azure Machine Learning", owner=_MICROSOFT)
    t.assign("Azure Machine Learning", "Contributor", TOP, kind="ServicePrincipal")
    for stage, subscription in subscriptions.items():
        name = f"policy-{stage}"
        policy = f"{subscription}/providers/{_POLICY}/deploy-diagnostics"
        _policy(t, policy, subscription, t.system_identity(policy, name))
        t.assign(name, "Contributor", subscription, kind="ServicePrincipal")
    policy = f"{TOP}/providers/{_POLICY}/deploy-defender"
    _policy(t, policy, TOP, t.system_identity(policy, "policy-top"))
    t.assign("policy-top", "Contributor", TOP, kind="ServicePrincipal")
    # one identity for several policies, as larger organisations have it
    platform = t.group(subscriptions["prod"], "rg-ml-policies", _TAGS)
    remedy = t.resource(platform, "Microsoft.ManagedIdentity/userAssignedIdentities", "id-ml-policy",
                        {"principalId": guid("sp", "id-ml-policy"), "clientId": guid("app", "id-ml-policy")})  # fmt: skip
    t.service_principal("id-ml-policy", kind="ManagedIdentity", host=remedy)
    _policy(t, f"{TOP}/providers/{_POLICY}/deploy-dns", TOP, {"type": "UserAssigned", "userAssignedIdentities": {
        remedy: {"principalId": guid("sp", "id-ml-policy"), "clientId": guid("app", "id-ml-policy")}}})  # fmt: skip
    t.assign("id-ml-policy", "Contributor", TOP, kind="ServicePrincipal")
    etl = t.group(subscriptions["test"], "rg-etl", _TAGS)
    managed_id = f"{subscriptions['test']}/resourceGroups/rg-etl-managed"
    databricks = t.resource(etl, "Microsoft.Databricks/workspaces", "dbw-etl", {"managedResourceGroupId": managed_id})
    managed = t.group(subscriptions["test"], "rg-etl-managed", {}, managedBy=databricks)
    t.account(managed, "dbstorageetltest", keys=None)
    t.deny("System deny assignment of the managed group", managed, ["*/write", "*/delete"], ["*"])


def _policy(t: Tenant, arm_id: str, scope: str, identity: dict[str, Any]) -> None:
    name = arm_id.rpartition("/")[2]
    t.document["resources"].append({"id": arm_id, "name": name, "type": _POLICY, "location": "westeurope", "identity": identity,
        "properties": {"displayName": name, "scope": scope, "enforcementMode": "Default",
                       "policyDefinitionId": f"/providers/Microsoft.Authorization/policyDefinitions/{name}"}})  # fmt: skip


def _quota(t: Tenant, subscriptions: dict[str, str]) -> None:
    for stage, subscription in subscriptions.items():
        all_ = [workspace_id(team, stage) for team in TEAMS]
        t.usage(subscription, "westeurope", "Standard DSv2", 100, dict.fromkeys(all_, 8), dict.fromkeys(all_, 40))
        t.usage(subscription, "westeurope", "Standard DSv5", 100, dict.fromkeys(all_, 8 if stage == "prod" else 0),
                dict.fromkeys(all_, 40))  # fmt: skip


def _resource(t: Tenant, arm_id: str) -> dict[str, Any]:
    found: dict[str, Any]
    (found,) = (r for r in t.document["resources"] if r["id"] == arm_id)
    return found
