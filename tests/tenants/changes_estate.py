"""Changes of how the estate is built, and of the other services that data rests in, is copied to and leaves by."""

from __future__ import annotations

from typing import Any

from tests.tenants import kit
from tests.tenants.builder import guid
from tests.tenants.change import change, grant, properties, role, without
from tests.tenants.kit import Room, Sample

_FAR = "brazilsouth"  # no site's, nobody's home
_UNITS = ("team", "project")
_SERVING = ("regional-serving", "multi-environment-and-regional-serving")
_TAGGED = ("multi-environment", "regional-training", "regional-serving", "regional-fine-tuning", "contoso-compliant",
           "multi-environment-and-regional-serving")  # fmt: skip


def _guarded(s: Sample) -> Room:
    return s.rooms.get("prod", s.rooms["dev"])


def _classified(s: Sample) -> dict[str, str]:
    """The tags of the room's regulated data."""
    return dict(kit.found(s.tenant, _guarded(s).lake)["tags"])


def _second(s: Sample, name: str, group: str, region: str, tags: dict[str, str]) -> str:
    shelf = next(r for r in (s.rooms["dev"], *s.rooms.values()) if r.group == group).shelf
    found = s.tenant.workspace(
        group, f"mlw-{name}", registry=shelf.registry, insights_workspace=shelf.logs, location=region, tags=tags
    )
    return found["workspace"]


@change("dev")
def second_workspace_of_a_unit(s: Sample) -> None:
    """A team, project or site gets a second workspace in the same environment."""
    where = s.rooms["dev"]
    _second(s, "second", where.group, where.region, dict(where.tags))


@change("dev", only=("single-environment", "multi-environment", "limited-and-production", "regional-serving", "contoso-compliant",
                     "multi-environment-and-regional-serving"))  # fmt: skip
def workspace_without_unit(s: Sample) -> None:
    """A workspace and its group lost the tag that says whose they are."""
    where = s.rooms["dev"]
    for arm_id in (where.workspace, where.group):
        tags = kit.found(s.tenant, arm_id)["tags"]
        kit.found(s.tenant, arm_id)["tags"] = {key: value for key, value in tags.items() if key not in _UNITS}


@change("dev", only=("regional-training", "regional-fine-tuning"))
def workspace_at_no_site(s: Sample) -> None:
    """A workspace of development stands in a region that is no site's."""
    where = s.rooms["dev"]
    group = s.tenant.group(where.subscription, "rg-nowhere", dict(where.tags), _FAR)
    shelf = kit.shelf(s.tenant, group, "nowhere", _FAR, where.tags)
    s.tenant.workspace(
        group, "mlw-nowhere", registry=shelf.registry, insights_workspace=shelf.logs, location=_FAR, tags=where.tags
    )


@change(
    "dev",
    only=("multi-environment", "limited-and-production", "contoso-compliant", "multi-environment-and-regional-serving"),
)
def group_of_two_units(s: Sample) -> None:
    """The workspace of another team or project lies in a resource group that has one already."""
    where = s.rooms["dev"]
    names = {r.tags.get(unit, "") for r in s.rooms.values() for unit in _UNITS} - {"", *where.tags.values()}
    other = sorted(names)[0] if names else "forecast"
    _second(
        s, "guest", where.group, where.region, {**where.tags, **{unit: other for unit in _UNITS if unit in where.tags}}
    )


@change("dev", only=("regional-training", "regional-fine-tuning"))
def group_of_two_sites(s: Sample) -> None:
    """The workspace of one site lies in the resource group of another."""
    there = s.rooms["eu-dev" if "eu-dev" in s.rooms else "germany-dev"]
    _second(s, "guest", s.rooms["dev"].group, there.region, dict(s.rooms["dev"].tags))


@change("far", only=("regional-serving",))
def group_of_two_places(s: Sample) -> None:
    """A workspace of the serving site lies in the resource group of the core."""
    _second(s, "guest", s.rooms["prod"].group, s.rooms["far"].region, {**s.rooms["prod"].tags, "team": "guests"})


@change("explore")
def second_exploration(s: Sample) -> None:
    """There is a second workspace to explore in."""
    where = s.rooms["explore"]
    _second(s, "explore-too", where.group, where.region, dict(where.tags))


@change("explore")
def exploration_on_sampled_data(s: Sample) -> None:
    """The workspace to explore in has a datastore on sampled data of a project."""
    s.tenant.datastore(s.rooms["explore"].workspace, "borrowed", s.rooms["dev"].lake)


@change("dev", only=("contoso-compliant",))
def group_nobody_pays_for(s: Sample) -> None:
    """A resource group has neither the cost tag nor a budget any more."""
    where = s.rooms["dev"]
    del kit.found(s.tenant, where.group)["tags"]["solution"]
    without(s, "resources", lambda r: r["id"].startswith(f"{where.group}/providers/Microsoft.Consumption/"))


@change("dev", only=("contoso-compliant",))
def anybody_makes_groups(s: Sample) -> None:
    """The auditors' group may create resource groups."""
    grant(
        s,
        "grp-auditors",
        role(s, "Groups", "Microsoft.Resources/subscriptions/resourceGroups/write"),
        s.rooms["dev"].subscription,
    )


@change("dev")
def datastore_of_a_deleted_account(s: Sample) -> None:
    """A datastore leads to an account that was deleted."""
    where = s.rooms["dev"]
    s.tenant.datastore(where.workspace, "lost", f"{where.group}/providers/Microsoft.Storage/storageAccounts/stdeleted")


@change("dev")
def identity_of_a_cluster_deleted(s: Sample) -> None:
    """The identity that a cluster runs as was deleted."""
    where = s.rooms["dev"]
    object_id = s.tenant.principals[where.identity]
    without(s, "resources", lambda r: r["id"].endswith(f"/userAssignedIdentities/{where.identity}"))
    without(s, "roleAssignments", lambda r: r["properties"]["principalId"] == object_id)
    graph = s.tenant.document["graph"]
    graph["servicePrincipals"] = [p for p in graph["servicePrincipals"] if p["id"] != object_id]


@change("prod", only=("multi-environment", "multi-environment-and-regional-serving"))
def lock_removed(s: Sample) -> None:
    """The lock of a production group is gone."""
    without(
        s, "resources", lambda r: r["id"] == f"{s.rooms['prod'].group}/providers/Microsoft.Authorization/locks/keep"
    )


@change("prod", only=("multi-environment", "contoso-compliant", "multi-environment-and-regional-serving"))
def owner_forgotten(s: Sample) -> None:
    """A production workspace has no owner's tag."""
    tags = kit.found(s.tenant, s.rooms["prod"].workspace)["tags"]
    kit.found(s.tenant, s.rooms["prod"].workspace)["tags"] = {
        key: value for key, value in tags.items() if key != "owner"
    }


@change("dev", "prod", only=_TAGGED)
def tags_contradict(s: Sample) -> None:
    """An account of a development group says it is of production."""
    where = s.rooms["dev"]
    key = "environment" if "environment" in where.tags else "env"
    kit.account(s.tenant, where.group, "stconfused", where.region, {**where.tags, key: "prod", **_open(s)})


@change("dev", only=_TAGGED)
def auditors_write_tags(s: Sample) -> None:
    """The auditors' group may write tags, by which environments are told apart."""
    grant(s, "grp-auditors", role(s, "Tags", "Microsoft.Resources/tags/write"), s.rooms["dev"].group)


@change("dev")
def workspace_beside_the_scenario(s: Sample) -> None:
    """There is a workspace in a subscription that the scenario does not cover."""
    where = s.rooms["dev"]
    shadow = s.tenant.subscription("sub-shadow", guid("subscription", s.scenario), s.tenant.tenant_id)
    group = s.tenant.group(shadow, "rg-shadow", {}, where.region)
    shelf = kit.shelf(s.tenant, group, "shadow", where.region, {})
    s.tenant.workspace(
        group, "mlw-shadow", registry=shelf.registry, insights_workspace=shelf.logs, location=where.region
    )


# -- other services ---------------------------------------------------------------------------------------------------------


@change("dev")
def account_copied_anywhere(s: Sample) -> None:
    """The account of regulated data may be copied to any account of any tenant."""
    del kit.found(s.tenant, _guarded(s).lake)["properties"]["allowedCopyScope"]


@change("dev")
def account_replicates_to_other_tenants(s: Sample) -> None:
    """The account of regulated data may replicate to accounts of other tenants."""
    properties(s, _guarded(s).lake, allowCrossTenantReplication=True)


@change("dev")
def registry_of_regulated_assets_abroad(s: Sample) -> None:
    """An ML registry of regulated assets is on another continent too."""
    where = _guarded(s)
    s.tenant.resource(where.group, "Microsoft.MachineLearningServices/registries", "mlr-assets", {
        "regionDetails": [{"location": where.region}, {"location": _FAR}], "publicNetworkAccess": "Disabled"}, where.region, tags=_classified(s))  # fmt: skip


@change("dev")
def cluster_attached_abroad(s: Sample) -> None:
    """A Kubernetes cluster on another continent is attached to a workspace of development."""
    _attached(s, s.rooms["dev"], "aks-far", _FAR)


def _attached(s: Sample, where: Room, name: str, region: str) -> str:
    cluster = s.tenant.resource(
        where.group,
        "Microsoft.ContainerService/managedClusters",
        name,
        {"kubernetesVersion": "1.30"},
        region,
        tags=dict(where.tags),
    )
    return s.tenant.resource(where.workspace, "computes", name, {
        "computeType": "Kubernetes", "isAttachedCompute": True, "resourceId": cluster, "properties": {}}, where.region)  # fmt: skip


@change("dev")
def database_replicated_abroad(s: Sample) -> None:
    """A database of regulated data keeps a replica on another continent."""
    where = _guarded(s)
    places = [
        {"locationName": region, "failoverPriority": number} for number, region in enumerate((where.region, _FAR))
    ]
    s.tenant.resource(where.group, "Microsoft.DocumentDB/databaseAccounts", "cosmos-features", {
        "disableLocalAuth": True, "publicNetworkAccess": "Disabled", "locations": places, "backupPolicy": {"type": "Periodic", "periodicModeProperties": {"backupStorageRedundancy": "Local"}}},
        where.region, tags=_classified(s))  # fmt: skip


@change("dev")
def backups_abroad(s: Sample) -> None:
    """Backups of regulated data are kept on another continent."""
    where = _guarded(s)
    vault = s.tenant.resource(where.group, "Microsoft.DataProtection/backupVaults", "bv-far", {
        "storageSettings": [{"datastoreType": "VaultStore", "type": "LocallyRedundant"}]}, _FAR, tags=dict(where.tags))  # fmt: skip
    s.tenant.resource(vault, "backupInstances", "blobs", {"dataSourceInfo": {"resourceID": where.lake}}, None)


@change("dev")
def private_endpoint_from_abroad(s: Sample) -> None:
    """A private endpoint leads to regulated data from a network on another continent."""
    where = _guarded(s)
    s.tenant.resource(where.group, "Microsoft.Network/privateEndpoints", "pe-far", {"privateLinkServiceConnections": [
        {"name": "x", "properties": {"privateLinkServiceId": where.lake, "groupIds": ["dfs"]}}]}, _FAR, tags=dict(where.tags))  # fmt: skip


@change("dev", only=("contoso-compliant",))
def service_outside_the_region(s: Sample) -> None:
    """A store that holds nothing regulated stands outside the one region."""
    where = s.rooms["dev"]
    kit.account(
        s.tenant, where.group, "stoutside", "northeurope", {**where.tags, "data-class": "public"}, "Standard_LRS"
    )


@change("dev", only=("regional-fine-tuning",))
def platform_copies_out_of_norway(s: Sample) -> None:
    """A vault of Norway's patients stands where Azure copies it out of the country."""
    where = s.rooms["norway-prod"]
    s.tenant.resource(where.group, "Microsoft.KeyVault/vaults", "kv-patients", {
        "enableRbacAuthorization": True, "publicNetworkAccess": "Disabled"}, "westeurope", tags=_classified(s))  # fmt: skip


@change("dev")
def boundary_against_the_homes(s: Sample) -> None:
    """The tenant is pinned to a data boundary that contradicts the homes of its data."""
    s.tenant.document["dataBoundary"] = (
        "EU" if s.scenario in ("limited-and-production", "regional-training") else "Global"
    )


@change("dev")
def connection_abroad(s: Sample) -> None:
    """A workspace of development is connected with a search service on another continent."""
    where = s.rooms["dev"]
    search = s.tenant.resource(where.group, "Microsoft.Search/searchServices", "srch-far", {
        "publicNetworkAccess": "disabled", "disableLocalAuth": True}, _FAR, sku={"name": "standard"}, tags={**where.tags, **_open(s)})  # fmt: skip
    _connect(s, where, "search", "CognitiveSearch", "https://srch-far.search.windows.net", {"ResourceId": search})


def _open(s: Sample) -> dict[str, str]:
    return {"class": "c0"} if s.scenario == "limited-and-production" else {"data": "public", "data-class": "public"}


def _connect(s: Sample, where: Room, name: str, category: str, target: str, metadata: dict[str, Any]) -> None:
    s.tenant.resource(
        where.workspace,
        "connections",
        name,
        {"category": category, "authType": "AAD", "target": target, "metadata": metadata},
        None,
    )


@change("dev")
def connection_to_nobody_knows_where(s: Sample) -> None:
    """A workspace with regulated data is connected with a host that nobody knows the place of."""
    _connect(s, _guarded(s), "partner", "ApiKey", "https://api.somebody.example/v1", {})


@change("dev")
def serverless_model_in_any_region(s: Sample) -> None:
    """Prompts with regulated data go to a serverless model on another continent."""
    where = _guarded(s)
    s.tenant.resource(where.workspace, "serverlessEndpoints", "llama", {
        "authMode": "Key", "modelSettings": {"modelId": "azureml://registries/azureml-meta/models/llama"}}, _FAR, sku={"name": "Consumption"})  # fmt: skip


@change("far", "release", only=_SERVING)
def endpoint_reports_to_another_site(s: Sample) -> None:
    """A cluster in the core serves for the workspace of the other site, and reports there."""
    core, far = s.rooms["prod"], s.rooms["far"]
    compute = _attached(s, far, "aks-core", core.region)
    arm_id = f"{far.workspace}/onlineEndpoints/on-cluster"
    identity = s.tenant.system_identity(arm_id, "on-cluster")
    s.tenant.resource(far.workspace, "onlineEndpoints", "on-cluster", {
        "authMode": "AADToken", "publicNetworkAccess": "Disabled", "compute": compute, "traffic": {}}, far.region, kind="K8S", identity=identity,
        systemData=kit.made_by(s.who["release"]))  # fmt: skip


# -- what nobody may read ---------------------------------------------------------------------------------------------------


@change()
def outbound_rules_not_readable(s: Sample) -> None:
    """Whoever reads the estate may not list the outbound rules of managed networks."""
    s.tenant.document["reader"] = {"actions": ["*/read"], "notActions": [f"{kit.ML}/outboundRules/read"]}
