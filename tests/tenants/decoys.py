"""What looks wrong and is right, put into every sample tenant: a rule that reports any of it drowns its reader.

The kit already brings the platform's own: identities of workspaces, endpoints and policies with their default roles, Microsoft's
applications, system datastores, an activation in progress. `WHERE` of test_decoys.py says which decoy stands in which tenant.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.tenants import kit
from tests.tenants.builder import Tenant
from tests.tenants.kit import Room, Sample

CATALOGUE = "azureml://registries/azureml/models/bert-base-uncased/versions/3"
_UNITS = ("team", "project")
_PARTNER = "func-import"
# Where somebody works with a model of another room, which a flow of the scenario carries: reader, source, and the model.
_FLOWS = {
    "multi-environment": ("test", "dev", "baseline"), "limited-and-production": ("prod", "dev", "fraud"), "regional-serving": ("far", "prod", "ranking"),
    "regional-fine-tuning": ("dev", "base-dev", "notes-base"), "contoso-compliant": ("test", "dev", "baseline"),
    "multi-environment-and-regional-serving": ("test", "dev", "ranking"),
}  # fmt: skip


def added(sample: Sample) -> Sample:
    """The tenant with its decoys."""
    t, here = sample.tenant, sample.rooms.get("prod", sample.rooms["dev"])
    _public(t, sample, here)
    _global(t, here)
    _catalogue(t, sample.rooms["dev"], here)
    _registry(t, here)
    if sample.scenario in _FLOWS:
        _declared(t, sample, *_FLOWS[sample.scenario])
    if "prod" in sample.rooms:
        _kept_out(t, here)
    return sample


def _tags(where: Room) -> dict[str, str]:
    """A room's tags but for whose it is."""
    return {key: value for key, value in where.tags.items() if key not in _UNITS}


def _open(sample: Sample) -> dict[str, str]:
    """How a tenant tags what may be anywhere."""
    if sample.scenario == "limited-and-production":
        return {"class": "c0"}
    return {"data-class" if sample.scenario in ("multi-environment", "contoso-compliant") else "data": "public"}


def _public(t: Tenant, sample: Sample, where: Room) -> None:
    """What may be anywhere may be copied anywhere: a geo-redundant account beside those of the room."""
    name = f"stopen{where.name.removeprefix('mlw-').replace('-', '')}"[:24]
    store = kit.account(t, where.group, name, where.region, {**where.tags, **_open(sample)}, "Standard_GRS")
    kit.found(t, store)["properties"]["secondaryLocation"] = "brazilsouth"
    t.datastore(where.workspace, "public", store)


def _global(t: Tenant, where: Room) -> None:
    """What Azure keeps in no region: names of private links and whom alerts go to."""
    for name in ("privatelink.api.azureml.ms", "privatelink.blob.core.windows.net"):
        zone = t.resource(where.group, "Microsoft.Network/privateDnsZones", name, {}, "global", tags=dict(where.tags))
        t.resource(zone, "virtualNetworkLinks", "hub", {"registrationEnabled": False}, "global")
    t.resource(where.group, "Microsoft.Insights/actionGroups", "ag-ml", {"enabled": True}, "global", tags=dict(where.tags))  # fmt: skip


def _catalogue(t: Tenant, dev: Room, where: Room) -> None:
    """What Microsoft publishes is used: a curated AML environment, and in development a model as it came."""
    t.resource(where.workspace, "environments", "AzureML-acpt-pytorch-2.2-cuda12.1", {"isArchived": False}, None)
    t.resource(dev.workspace, "models", "bert/versions/1", {"modelType": "mlflow_model", "modelUri": CATALOGUE}, None)


def _declared(t: Tenant, sample: Sample, reader: str, source: str, name: str) -> None:
    """A pipeline of one room works with the model of another, as a flow says it may."""
    there = sample.rooms[source]
    if name == "baseline":  # what was learned from nothing regulated; of all else no flow into this room is declared
        kit.found(t, kit.model(t, there, name, None))["properties"]["tags"] = _open(sample)
    here = sample.rooms[reader]
    pipeline = kit.found(t, kit.job(t, here, "compare-1", model=f"{there.workspace}/models/{name}/versions/1"))
    step = {
        "type": "command",
        "computeId": here.cluster,
        "inputs": {"model": {"job_input_type": "literal", "value": "${{parent.inputs.model}}"}},
    }
    pipeline["properties"].update(jobType="Pipeline", jobs={"compare": step})


def _registry(t: Tenant, where: Room) -> None:
    """A central ML registry in the one region, with the account and the images that Azure keeps for it in a managed group."""
    name = f"mlr{t.name.lower()}"
    tags = _tags(where)
    group = t.group(where.subscription, "rg-ml-registry", tags, where.region)
    if "solution" in tags:
        kit.budget(t, group, 100)
    managed_id = f"{where.subscription}/resourceGroups/azureml-rg-{name}"
    managed = t.group(where.subscription, f"azureml-rg-{name}", {}, where.region, managedBy=f"{group}/providers/Microsoft.MachineLearningServices/registries/{name}")  # fmt: skip
    store = t.account(managed, f"st{name}"[:24], location=where.region, sku="Standard_LRS", keys=None)
    images = t.resource(managed, "Microsoft.ContainerRegistry/registries", f"cr{name}", {"adminUserEnabled": False}, where.region, sku={"name": "Premium"})  # fmt: skip
    arm_id = f"{group}/providers/Microsoft.MachineLearningServices/registries/{name}"
    kept = {"location": where.region, "storageAccountDetails": [{"systemCreatedStorageAccount": {
        "storageAccountName": store.rpartition("/")[2], "storageAccountType": "Standard_LRS", "storageAccountHnsEnabled": False,
        "allowBlobPublicAccess": False, "armResourceId": {"resourceId": store}}}], "acrDetails": [{"systemCreatedAcrAccount": {
            "acrAccountName": f"cr{name}", "acrAccountSku": "Premium", "armResourceId": {"resourceId": images}}}]}  # fmt: skip
    registry = t.resource(group, "Microsoft.MachineLearningServices/registries", name, {
        "publicNetworkAccess": "Disabled", "managedResourceGroup": {"resourceId": managed_id}, "regionDetails": [kept]}, where.region,
        identity=t.system_identity(arm_id, name), tags=tags)  # fmt: skip
    t.resource(registry, "environments", "train", {"isArchived": False}, None)
    t.resource(registry, "components", "prepare", {"isArchived": False}, None)
    t.resource(registry, "models", "bert/versions/1", {"modelType": "mlflow_model"}, None)
    t.resource(where.workspace, "models", "encoder/versions/1", {
        "modelType": "mlflow_model", "modelUri": f"azureml://registries/{name}/models/bert/versions/1"}, None)  # fmt: skip


def _kept_out(t: Tenant, where: Room) -> None:
    """Production's data lands in an account of a managed group; what somebody granted there is closed by Azure's deny assignment."""
    group = t.group(where.subscription, "rg-landing", _tags(where), where.region)
    if "solution" in _tags(where):
        kit.budget(t, group, 100)
    managed_id = f"{where.subscription}/resourceGroups/rg-landing-managed"
    databricks = t.resource(group, "Microsoft.Databricks/workspaces", "dbw-landing", {"managedResourceGroupId": managed_id}, where.region, tags=_tags(where))  # fmt: skip
    managed = t.group(where.subscription, "rg-landing-managed", {}, where.region, managedBy=databricks)
    store = kit.account(t, managed, f"dbstorage{t.name.lower()}", where.region, _classified(t, where), "Standard_LRS")
    web = next(g["id"] for g in t.document["resourceGroups"] if g["name"] == "rg-web")
    host = f"{web}/providers/Microsoft.Web/sites/{_PARTNER}"
    t.resource(web, "Microsoft.Web/sites", _PARTNER, {}, where.region, identity=t.system_identity(host, _PARTNER))
    t.assign(_PARTNER, "Storage Blob Data Reader", store, kind="ServicePrincipal")
    t.deny("System deny assignment of the landing zone", managed, ["*/write", "*/delete"], ["*"])


def _classified(t: Tenant, where: Room) -> Mapping[str, Any]:
    """The tags of the room's regulated data."""
    return dict(kit.found(t, where.lake)["tags"])
