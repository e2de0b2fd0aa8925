"""Building blocks of the sample tenants: a workspace with all that belongs to it, who works there, and what the platform adds of its own.

A sample tenant is clean, and holds what looks wrong and is right: identities of workspaces, endpoints and policies, Microsoft's own
applications, managed groups, an activation in progress, readers from above, geo-redundant accounts of other people.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tests.tenants import hubs
from tests.tenants.builder import ROLES as ALL_ROLES
from tests.tenants.builder import Tenant, guid
from tests.tenants.retail import RETAIL_ROLES

ML = "Microsoft.MachineLearningServices/workspaces"
MICROSOFT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
_POLICY = "Microsoft.Authorization/policyAssignments"
_SIGN_IN = "https://token.actions.githubusercontent.com"
ROLES: dict[str, tuple[str, list[dict[str, Any]]]] = {
    **{name: role for name, role in RETAIL_ROLES.items() if not name.startswith("Retail")},
    **{name: ALL_ROLES[name] for name in ("User Access Administrator", "Storage Account Contributor", "AzureML Compute Operator")},
    "Reader and Data Access": ("c12c1c16-33a1-487b-954d-41c89c60f349", [{"actions": [
        "Microsoft.Storage/storageAccounts/listKeys/action", "Microsoft.Storage/storageAccounts/ListAccountSas/action",
        "Microsoft.Storage/storageAccounts/read"]}]),
    "AzureML Data Scientist": ("f6c7c914-8db3-469d-8ca1-694a8f32e121", [{"actions": [
        f"{ML}/*/read", f"{ML}/*/action", f"{ML}/*/delete", f"{ML}/*/write"], "notActions": [
        f"{ML}/delete", f"{ML}/write", f"{ML}/computes/*/write", f"{ML}/computes/*/delete", f"{ML}/computes/listKeys/action", f"{ML}/listKeys/action",
        f"{ML}/hubs/write", f"{ML}/hubs/delete", f"{ML}/featurestores/write", f"{ML}/featurestores/delete"]}]),
    "Quota Request Operator": ("0e5f05e5-9ab9-446b-b98d-1e2157c94125", [{"actions": [
        "Microsoft.Capacity/resourceProviders/locations/serviceLimits/read", "Microsoft.Capacity/resourceProviders/locations/serviceLimits/write",
        "Microsoft.Quota/quotas/read", "Microsoft.Quota/quotas/write", "Microsoft.Support/*"]}]),
    "Resource Group Vending": ("d0000000-0000-4000-8000-000000000008", [{"actions": [
        "Microsoft.Resources/subscriptions/resourceGroups/read", "Microsoft.Resources/subscriptions/resourceGroups/write",
        "Microsoft.Resources/tags/write", "Microsoft.Consumption/budgets/write"]}]),
    "Vendor Support": ("d0000000-0000-4000-8000-000000000009", [{"actions": [
        "Microsoft.Storage/storageAccounts/read", "Microsoft.Storage/storageAccounts/write", "Microsoft.Storage/storageAccounts/listKeys/action"]}]),
    # the organisation's own, each no more than a duty
    "ML Trainer": ("d0000000-0000-4000-8000-000000000001", RETAIL_ROLES["Retail ML Trainer"][1]),
    "ML Observer": ("d0000000-0000-4000-8000-000000000002", RETAIL_ROLES["Retail ML Observer"][1]),
    "ML Releaser": ("d0000000-0000-4000-8000-000000000003", RETAIL_ROLES["Retail ML Releaser"][1]),
    "ML Operator": ("d0000000-0000-4000-8000-000000000004", [{"actions": [
        f"{ML}/read", f"{ML}/*/read", f"{ML}/computes/start/action", f"{ML}/computes/stop/action", f"{ML}/computes/restart/action"]}]),
}  # fmt: skip


@dataclass(frozen=True)
class Shelf:
    """What the workspaces of a place have in common: images and logs."""

    registry: str
    logs: str


@dataclass(frozen=True)
class Room:
    """A workspace and what belongs to it, by ARM id; `identity` is the name of what its cluster runs as."""

    region: str
    subscription: str
    group: str
    tags: Mapping[str, str]
    shelf: Shelf
    workspace: str
    storage: str
    vault: str
    insights: str
    lake: str
    data: str
    cluster: str
    identity: str

    @property
    def name(self) -> str:
        return self.workspace.rpartition("/")[2]


@dataclass(frozen=True)
class Sample:
    """A sample tenant and its landmarks, which changes speak of.

    `who` says by what name the tenant knows a scientist, the scientists' group, the release workload and so on.
    """

    tenant: Tenant
    scenario: str
    top: str
    rooms: Mapping[str, Room]
    who: Mapping[str, str]
    more: Mapping[str, str] = field(default_factory=dict)

    def called(self, word: str) -> str:
        return self.who[word]

    def with_rooms(self, **rooms: Room) -> Sample:
        return replace(self, rooms={**self.rooms, **rooms})


# -- people -----------------------------------------------------------------------------------------------------------


def organisation(tenant_id: str, name: str, domain: str) -> Tenant:
    tenant = Tenant(tenant_id, name, domain, roles=ROLES)
    tenant.management_group(tenant_id)
    return tenant


def people(
    t: Tenant,
    groups: Mapping[str, Sequence[str]],
    *,
    protected: Collection[str] = (),
    owners: Mapping[str, Sequence[str]] | None = None,
    countries: Mapping[str, str] | None = None,
    break_glass: Sequence[str] = (),
) -> None:
    """Groups and whoever is in them; `protected` ones only privileged administrators may change."""
    for name in sorted({*(m for members in groups.values() for m in members), *break_glass}):
        t.user(name)
        if countries and name in countries:
            t.document["graph"]["users"][-1]["usageLocation"] = countries[name]
    for name, members in groups.items():
        t.directory_group(name, members, (owners or {}).get(name, ()), isAssignableToRole=name in protected)
    directory = t.document["graph"]
    directory["directoryRoleDefinitions"] = [{"id": GLOBAL_ADMINISTRATOR, "templateId": GLOBAL_ADMINISTRATOR,
                                              "displayName": "Global Administrator", "isBuiltIn": True}]  # fmt: skip
    directory["directoryRoleAssignments"] = [
        {"id": guid("directory role", name), "principalId": t.principals[name], "roleDefinitionId": GLOBAL_ADMINISTRATOR, "directoryScopeId": "/"}
        for name in break_glass
    ]  # fmt: skip


def workload(t: Tenant, name: str, *subjects: str) -> None:
    """A pipeline's identity: it signs in from its repository, without a secret."""
    t.service_principal(name)
    t.application(name, subjects)


def identity(t: Tenant, group: str, name: str, region: str, tags: Mapping[str, str]) -> str:
    """A user-assigned identity and its service principal; returns the ARM id."""
    facts = {"principalId": guid("sp", name), "clientId": guid("app", name)}
    arm_id = t.resource(group, "Microsoft.ManagedIdentity/userAssignedIdentities", name, facts, region, tags=dict(tags))
    t.service_principal(name, kind="ManagedIdentity", host=arm_id)
    return arm_id


def assigned(arm_id: str) -> dict[str, Any]:
    """The `identity` of what runs as a user-assigned identity."""
    name = arm_id.rpartition("/")[2]
    facts = {"principalId": guid("sp", name), "clientId": guid("app", name)}
    return {"type": "UserAssigned", "userAssignedIdentities": {arm_id: facts}}


# -- rooms ------------------------------------------------------------------------------------------------------------


def account(t: Tenant, group: str, name: str, region: str, tags: Mapping[str, str], sku: str = "Standard_ZRS") -> str:
    return secured(t, t.account(group, name, location=region, sku=sku, tags=tags))


def secured(t: Tenant, arm_id: str) -> str:
    """A storage account that copies go to, and come from, inside the tenant only."""
    found(t, arm_id)["properties"].update(allowedCopyScope="AAD", allowCrossTenantReplication=False)
    return arm_id


def shelf(t: Tenant, group: str, name: str, region: str, tags: Mapping[str, str], sku: str = "Premium") -> Shelf:
    registry = t.resource(group, "Microsoft.ContainerRegistry/registries", f"cr{name.replace('-', '')}", {
        "adminUserEnabled": False, "publicNetworkAccess": "Disabled", "anonymousPullEnabled": False}, region, sku={"name": sku}, tags=dict(tags))  # fmt: skip
    logs = t.resource(group, "Microsoft.OperationalInsights/workspaces", f"log-{name}", {
        "sku": {"name": "PerGB2018"}, "retentionInDays": 365}, region, tags=dict(tags))  # fmt: skip
    return Shelf(registry, logs)


def room(
    t: Tenant, group: str, name: str, region: str, tags: Mapping[str, str], shelf: Shelf, *, data: Mapping[str, str], asset: str,
    size: str = "STANDARD_DS3_V2", nodes: int = 4, of_hub: bool = False,
) -> Room:  # fmt: skip
    """A workspace with the account that holds `data` (by tag), the cluster that reads it, and what Azure grants its identity.

    `of_hub` makes it a project of a hub beside it, on whose account, vault and registry it stands.
    """
    if of_hub:
        found_ = hubs.hub(t, group, f"hub-{name}", region, tags, registry=shelf.registry, logs=shelf.logs)
        found_["workspace"] = hubs.project(t, group, f"mlw-{name}", region, tags, found_, shelf.registry)
    else:
        found_ = t.workspace(group, f"mlw-{name}", registry=shelf.registry, insights_workspace=shelf.logs, location=region, tags=tags)  # fmt: skip
        for part in found_.values():
            found(t, part)["tags"] = dict(tags)
        hubs.granted(t, f"mlw-{name}", found_, group, shelf.registry)
    workspace, storage = found_["workspace"], secured(t, found_["storage"])
    lake = account(t, group, f"dl{name.replace('-', '')}", region, {**tags, **data})
    t.datastore(workspace, "lake", lake, kind="AzureDataLakeGen2")
    data_asset = t.resource(workspace, "data", f"{asset}/versions/1", {
        "dataType": "uri_folder", "dataUri": f"azureml://datastores/lake/paths/{asset}"}, None)  # fmt: skip
    runs_as = f"id-{name}-compute"
    arm_id = identity(t, group, runs_as, region, tags)
    cluster = t.cluster(workspace, "cluster", size, nodes, region)
    found(t, cluster)["identity"] = assigned(arm_id)
    t.assign(runs_as, "Storage Blob Data Reader", lake, kind="ServicePrincipal")
    t.assign(runs_as, "Storage Blob Data Contributor", storage, kind="ServicePrincipal")
    t.assign(runs_as, "AcrPull", shelf.registry, kind="ServicePrincipal")
    return Room(region, group.partition("/resourceGroups/")[0], group, dict(tags), shelf, workspace, storage, found_["vault"],
                found_["insights"], lake, data_asset, cluster, runs_as)  # fmt: skip


def instance(t: Tenant, where: Room, user: str, creator: str) -> str:
    """A compute instance made for one person, which sleeps when nobody uses it."""
    return t.resource(where.workspace, "computes", f"ci-{user}-{where.name.removeprefix('mlw-')}"[:24], {
        "computeType": "ComputeInstance", "computeLocation": where.region, "disableLocalAuth": True, "properties": {
            "vmSize": "STANDARD_DS3_V2", "idleTimeBeforeShutdown": "PT60M", "sshSettings": {"sshPublicAccess": "Disabled"},
            "createdBy": {"userId": t.principals[creator], "userName": creator.title()},
            "personalComputeInstanceSettings": {"assignedUser": {"objectId": t.principals[user], "tenantId": t.tenant_id}}}}, where.region)  # fmt: skip


def job(t: Tenant, where: Room, name: str, maker: str | None = None, **inputs: str) -> str:
    """A job on the room's cluster that reads the room's data, or what `inputs` names, and writes a model."""
    read = inputs or {"data": where.data}
    arm_id = t.resource(where.workspace, "jobs", name, {
        "jobType": "Command", "status": "Completed", "computeId": where.cluster,
        "inputs": {key: {"jobInputType": "mlflow_model" if "/models/" in uri else "uri_folder", "uri": uri} for key, uri in read.items()},
        "outputs": {"model": {"jobOutputType": "mlflow_model", "uri": f"azureml://datastores/workspaceartifactstore/paths/{name}"}}}, None)  # fmt: skip
    if maker:
        found(t, arm_id)["systemData"] = made_by(maker)
    return arm_id


def made_by(release: str) -> dict[str, str]:
    return {"createdBy": guid("app", release), "createdByType": "Application"}


def model(t: Tenant, where: Room, name: str, of: str | None, release: str | None = None) -> str:
    facts = {"modelType": "mlflow_model", "modelUri": f"azureml://datastores/workspaceartifactstore/paths/{name}"}
    if of:
        facts["jobName"] = of
    arm_id = t.resource(where.workspace, "models", f"{name}/versions/1", facts, None)
    if release:
        found(t, arm_id)["systemData"] = made_by(release)
    return arm_id


def endpoint(t: Tenant, where: Room, name: str, served: str, release: str, instances: int = 2, **tags: str) -> str:
    """An online endpoint that the release made, with what Azure grants its identity."""
    arm_id = t.endpoint(
        where.workspace, name, served, "STANDARD_D4S_V5", instances, where.storage, where.shelf.registry, where.region
    )
    for made in (arm_id, f"{arm_id}/deployments/blue"):
        found(t, made)["systemData"] = made_by(release)
    found(t, arm_id)["tags"] = dict(tags)
    t.assign(name, "AzureML Metrics Writer (preview)", where.workspace, kind="ServicePrincipal")
    t.assign(
        name, "Azure Machine Learning Workspace Connection Secrets Reader", where.workspace, kind="ServicePrincipal"
    )
    return arm_id


# -- who works there --------------------------------------------------------------------------------------------------


def trains(t: Tenant, where: Room, group: str, *, until: str | None = None, eligible: bool = False, approvers: Iterable[str] = (),
           reads: Iterable[str] = ()) -> None:  # fmt: skip
    """What a row that trains needs: jobs, the workspace's own account, and reading the data."""
    rights = [("ML Trainer", where.group), ("Storage Blob Data Contributor", where.storage)]
    rights += [("Storage Blob Data Reader", store) for store in (where.lake, *reads)]
    for role, scope in rights:
        if not eligible:
            t.assign(group, role, scope)
            continue
        t.eligible(group, role, scope)
        if until:
            t.document["roleEligibilityScheduleInstances"][-1]["properties"]["endDateTime"] = until
        t.activation(role, scope, approvers=approvers)


def administration(t: Tenant, group: str, scopes: Sequence[str], *, active: str, approvers: Sequence[str] = ()) -> None:
    """Administrators who activate what they need, one of whom is at work now; auditors and operators who read from above."""
    for scope in scopes:
        t.eligible(group, "Owner", scope)
        t.activation("Owner", scope, hours=4, approvers=approvers)
    t.activated(active, "Owner", scopes[0], of=group)
    t.assign("grp-auditors", "Reader", "/")  # inherited from the tenant root
    for role in ("Security Reader", "Monitoring Reader"):
        t.assign("grp-security-operations", role, scopes[0])


AROUND = {"grp-auditors": ("axel",), "grp-security-operations": ("sara", "stan"), "grp-web": ("wanda",)}


# -- what stands in every tenant whether anybody declared it or not --------------------------------------------------------


def platform(t: Tenant, top: str, subscriptions: Mapping[str, str], region: str) -> None:
    """Microsoft's applications, and policies with an identity each or one for several."""
    t.service_principal("Microsoft Defender for Cloud", owner=MICROSOFT)
    t.assign("Microsoft Defender for Cloud", "Storage Blob Data Reader", top, kind="ServicePrincipal")
    t.service_principal("Azure Machine Learning", owner=MICROSOFT)
    t.assign("Azure Machine Learning", "Contributor", top, kind="ServicePrincipal")
    for label, subscription in subscriptions.items():
        arm_id = f"{subscription}/providers/{_POLICY}/deploy-diagnostics"
        policy(t, arm_id, subscription, t.system_identity(arm_id, f"policy-{label}"), region)
        t.assign(f"policy-{label}", "Contributor", subscription, kind="ServicePrincipal")
    home = next(iter(subscriptions.values()))
    group = t.group(home, "rg-policies", {"owner": "platform"}, region)
    remedy = identity(t, group, "id-policies", region, {"owner": "platform"})
    policy(t, f"{top}/providers/{_POLICY}/deploy-dns", top, assigned(remedy), region)
    t.assign("id-policies", "Contributor", top, kind="ServicePrincipal")


def policy(t: Tenant, arm_id: str, scope: str, runs_as: Mapping[str, Any], region: str) -> None:
    name = arm_id.rpartition("/")[2]
    extend(t, scope, _POLICY, name, {"displayName": name, "scope": scope, "enforcementMode": "Default",
           "policyDefinitionId": f"/providers/Microsoft.Authorization/policyDefinitions/{name}"}, location=region, identity=dict(runs_as))  # fmt: skip


def surroundings(t: Tenant, subscription: str, region: str, *, far: str = "eastus") -> None:
    """Other people's resources: no part of machine learning, however they are kept."""
    web = t.group(subscription, "rg-web", {"owner": "web"}, region)
    t.account(web, f"stweb{t.name.lower()}", location=region, sku="Standard_RAGRS", keys=None, secondary=far)
    t.resource(web, "Microsoft.Network/trafficManagerProfiles", "tm-web", {}, "global")
    t.resource(web, "Microsoft.Insights/actionGroups", "ag-web", {"enabled": True}, "global")
    t.resource(web, "Microsoft.Web/sites", "web-front", {}, far)
    t.resource(web, "Microsoft.Sql/servers", "sql-web", {"version": "12.0"}, region, kind="v12.0")
    t.assign("grp-web", "Contributor", web)
    etl = t.group(subscription, "rg-etl", {"owner": "data"}, region)
    managed_id = f"{subscription}/resourceGroups/rg-etl-managed"
    databricks = t.resource(
        etl, "Microsoft.Databricks/workspaces", "dbw-etl", {"managedResourceGroupId": managed_id}, region
    )
    managed = t.group(subscription, "rg-etl-managed", {}, region, managedBy=databricks)
    t.account(managed, "dbstorageetl", location=region, sku="Standard_GRS", keys=None, secondary=far)
    t.deny("System deny assignment of the managed group", managed, ["*/write", "*/delete"], ["*"])


def extend(t: Tenant, scope: str, type_: str, name: str, properties: Mapping[str, Any], **more: Any) -> None:
    """What is attached to a scope: a lock, a budget, a policy."""
    body = {"id": f"{scope}/providers/{type_}/{name}", "name": name, "type": type_, "properties": dict(properties)}
    t.document["resources"].append({**body, **more})


def lock(t: Tenant, scope: str) -> None:
    extend(t, scope, "Microsoft.Authorization/locks", "keep", {"level": "CanNotDelete"})


def budget(t: Tenant, scope: str, amount: int) -> None:
    extend(t, scope, "Microsoft.Consumption/budgets", "monthly", {"category": "Cost", "amount": amount, "timeGrain": "Monthly"})  # fmt: skip


def found(t: Tenant, arm_id: str) -> dict[str, Any]:
    """The resource, resource group or child of an id, to change it."""
    place = "resources" if "/providers/" in arm_id else "resourceGroups"
    (item,) = (r for r in t.document[place] if r["id"] == arm_id)
    result: dict[str, Any] = item
    return result
