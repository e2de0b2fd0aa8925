"""Changes of what moves: jobs and pipelines away from their data, models away from home, logs and answers kept elsewhere."""

from __future__ import annotations

from typing import Any

from tests.tenants import kit
from tests.tenants.change import change, properties
from tests.tenants.kit import Room, Sample

_FAR = "brazilsouth"  # no site's, nobody's home
_INSURER, _MEDIA, _HEALTH = ("regional-training",), ("regional-serving",), ("regional-fine-tuning",)
_SERVING = (*_MEDIA, "multi-environment-and-regional-serving")


def _guarded(s: Sample) -> Room:
    return s.rooms.get("prod", s.rooms["dev"])


def _job(s: Sample, where: Room, name: str, output: str = "", **inputs: str) -> str:
    arm_id = kit.job(s.tenant, where, name, **inputs)
    if output:
        properties(s, arm_id, outputs={"made": {"jobOutputType": "uri_folder", "uri": output}})
    return arm_id


@change("dev")
def logs_kept_elsewhere(s: Sample) -> None:
    """Application Insights of a workspace keeps its logs in a region where no site logs."""
    where = s.rooms["dev"]
    logs = s.tenant.resource(
        where.group, "Microsoft.OperationalInsights/workspaces", "log-far", {"retentionInDays": 30}, _FAR
    )
    properties(s, where.insights, WorkspaceResourceId=logs)


@change("dev")
def reads_logged_elsewhere(s: Sample) -> None:
    """Who reads regulated data is logged in a region where no site logs."""
    where = _guarded(s)
    logs = s.tenant.resource(
        where.group, "Microsoft.OperationalInsights/workspaces", "log-far", {"retentionInDays": 30}, _FAR
    )
    kit.extend(s.tenant, f"{where.lake}/blobServices/default", "microsoft.insights/diagnosticSettings", "reads", {
        "workspaceId": logs, "logs": [{"category": "StorageRead", "enabled": True}]})  # fmt: skip


@change("dev")
def output_written_elsewhere(s: Sample) -> None:
    """A job writes what it makes of regulated data into an account on another continent."""
    where = s.rooms["dev"]
    away = kit.account(s.tenant, where.group, "stoutputfar", _FAR, _unregulated(s))
    s.tenant.datastore(where.workspace, "far", away)
    _job(s, where, "export-1", "azureml://datastores/far/paths/out")


def _unregulated(s: Sample) -> dict[str, str]:
    """Tags of data that may be anywhere."""
    return {"class": "c0"} if s.scenario == "limited-and-production" else {"data": "public", "data-class": "public"}


@change("dev", only=_INSURER)
def datastore_across_regions(s: Sample) -> None:
    """A workspace attaches the account of another site as a datastore, which no flow declares."""
    s.tenant.datastore(s.rooms["eu-dev"].workspace, "swiss", s.rooms["ch-dev"].lake)


@change("dev", only=_INSURER)
def job_away_from_its_data(s: Sample) -> None:
    """A job of one site reads the data of another."""
    s.tenant.datastore(s.rooms["eu-dev"].workspace, "american", s.rooms["us-dev"].lake)
    _job(s, s.rooms["eu-dev"], "abroad-1", data="azureml://datastores/american/paths/claims")


@change(
    "dev",
    only=_INSURER,
    scenario={"sites:\n": "sites:\n  north: {region: northeurope, does: [store, train, log], data: [claims-eu]}\n"},
)
def site_without_workspace(s: Sample) -> None:
    """The scenario has a site that holds data, in which nobody made a workspace."""


@change(only=_INSURER, scenario={"  - {what: metrics, from: us, to: eu}\n": ""})
def metrics_not_compared(s: Sample) -> None:
    """The scenario no longer lets metrics of one site go to the others."""


@change(only=_HEALTH, scenario={"  - {what: model, from: base, to: germany}\n": ""})
def model_not_declared(s: Sample) -> None:
    """The scenario no longer lets the base model go to one of the sites."""


@change("dev", only=(*_INSURER, *_HEALTH))
def pipeline_across_workspaces(s: Sample) -> None:
    """A pipeline of one site takes the data of another site's workspace, and keeps what it makes of it."""
    rooms = s.rooms
    here, there = (rooms["eu-dev"], rooms["ch-dev"]) if "eu-dev" in rooms else (rooms["germany-dev"], rooms["norway-dev"])  # fmt: skip
    step = {
        "type": "command",
        "computeId": here.cluster,
        "inputs": {"data": {"job_input_type": "literal", "value": "${{parent.inputs.data}}"}},
        "outputs": {"model": {"type": "literal", "value": "${{parent.outputs.model}}"}},
    }
    arm_id = _job(s, here, "pipeline-1", data=there.data)
    properties(s, arm_id, jobType="Pipeline", jobs={"train": step})


@change("dev", only=_HEALTH)
def tuned_at_the_base(s: Sample) -> None:
    """A model is tuned at the base site on the data of Norway's patients."""
    base = s.rooms["base-dev"]
    s.tenant.datastore(base.workspace, "norwegian", s.rooms["norway-dev"].lake)
    _job(
        s,
        base,
        "tune-9",
        data="azureml://datastores/norwegian/paths/notes",
        base=f"{base.workspace}/models/notes-base/versions/1",
    )
    properties(s, f"{base.workspace}/jobs/tune-9", jobType="FineTuning")


@change("dev", only=_HEALTH)
def base_model_from_elsewhere(s: Sample) -> None:
    """A model is tuned from a base model of a registry that is no declared catalogue."""
    where = s.rooms["norway-dev"]
    _job(s, where, "tune-8", data=where.data, base="azureml://registries/somebody-elses/models/llama/versions/1")


@change("dev", only=_HEALTH)
def tuned_model_registered_elsewhere(s: Sample) -> None:
    """A model that the base site tuned on the data of Norway's patients is registered there."""
    tuned_at_the_base(s)
    kit.model(s.tenant, s.rooms["base-dev"], "notes-norway", "tune-9")


@change("prod", only=_HEALTH)
def tuned_model_served_elsewhere(s: Sample) -> None:
    """A model tuned on the data of Norway's patients is served in Germany."""
    tuned = f"{s.rooms['norway-prod'].workspace}/models/notes-norway/versions/1"
    kit.endpoint(s.tenant, s.rooms["germany-prod"], "abroad", tuned, s.who["release"])


@change("far", only=_SERVING)
def model_of_answers_served_in_the_core(s: Sample) -> None:
    """A model trained on what the far site was asked, which may not leave it, is served in the core."""
    far = s.rooms["far"]
    trained = kit.job(s.tenant, far, "retrain-1", s.who["release"])
    made = kit.model(s.tenant, far, "learned", trained.rpartition("/")[2], s.who["release"])
    kit.endpoint(s.tenant, s.rooms["prod"], "learned-core", made, s.who["release"], 1)


@change("far", only=_SERVING)
def audience_without_endpoint(s: Sample) -> None:
    """No endpoint serves a site's audience any more."""
    document = s.tenant.document
    gone = f"{s.rooms['far'].workspace}/onlineEndpoints/"
    document["resources"] = [r for r in document["resources"] if not r["id"].startswith(gone)]


@change("far", "endpoint", only=_SERVING)
def endpoint_for_another_audience(s: Sample) -> None:
    """An endpoint of the core names the audience of the other site."""
    far = next(r["tags"]["audience"] for r in s.tenant.document["resources"]
               if r["id"].startswith(s.rooms["far"].workspace) and r.get("tags", {}).get("audience"))  # fmt: skip
    other = kit.model(s.tenant, s.rooms["prod"], "abroad", None, s.who["release"])
    kit.endpoint(s.tenant, s.rooms["prod"], "for-others", other, s.who["release"], 1, audience=far)


@change("far", only=_SERVING)
def answers_collected_elsewhere(s: Sample) -> None:
    """An endpoint of the serving site collects what it is asked into the core."""
    where, core = s.rooms["far"], s.rooms["prod"]
    s.tenant.datastore(where.workspace, "core", core.lake)
    data = s.tenant.resource(where.workspace, "data", "asked/versions/1", {
        "dataType": "uri_folder", "dataUri": "azureml://datastores/core/paths/asked"}, None)  # fmt: skip
    (deployment,) = (
        r
        for r in s.tenant.document["resources"]
        if r["id"].startswith(f"{where.workspace}/onlineEndpoints/") and "/deployments/" in r["id"]
    )
    deployment["properties"]["dataCollector"] = {
        "collections": {"model_inputs": {"dataId": data, "dataCollectionMode": "Enabled"}}
    }


@change(only=_SERVING, scenario={"sites:\n": "sites:\n  asia: {region: southeastasia, does: [serve-batch]}\n"})
def batch_site_without_cluster(s: Sample) -> None:
    """The scenario serves batches at a site in which nobody made a cluster."""


# -- quota --------------------------------------------------------------------------------------------------------------------


def _pool(s: Sample, where: Room) -> tuple[str, str]:
    """Subscription and region of a room's quota, as the document names it, and the family its cluster draws on."""
    size = kit.found(s.tenant, where.cluster)["properties"]["properties"]["vmSize"]
    family = next(row["family"] for row in s.tenant.document["vmSizes"]["*"] if row["name"] == size)
    return f"{where.subscription.rpartition('/')[2]}/{where.region}", family.removeprefix("standard").removesuffix(
        "Family"
    )


def _usage(s: Sample, where: Room) -> dict[str, Any]:
    place, family = _pool(s, where)
    rows = s.tenant.document["usages"]["Microsoft.MachineLearningServices"][place]
    (found,) = (r for r in rows if r["type"].endswith("vmFamily/usages") and f" {family} " in r["name"]["value"])
    row: dict[str, Any] = found
    return row


@change("dev")
def caps_beyond_the_pool(s: Sample) -> None:
    """The caps of the workspaces add up to more than the family's limit."""
    place, family = _pool(s, s.rooms["dev"])
    limit = _usage(s, s.rooms["dev"])["limit"]
    for row in s.tenant.document["quotas"]["Microsoft.MachineLearningServices"][place]:
        if f" {family} " in row["name"]["value"]:
            row["limit"] = limit


@change("dev")
def cluster_larger_than_the_pool(s: Sample) -> None:
    """A cluster may grow beyond the family's limit."""
    kit.found(s.tenant, s.rooms["dev"].cluster)["properties"]["properties"]["scaleSettings"]["maxNodeCount"] = 1000


@change("dev")
def idle_nodes_in_a_full_pool(s: Sample) -> None:
    """A cluster keeps a node running in a pool that is used up, on which others draw."""
    kit.found(s.tenant, s.rooms["dev"].cluster)["properties"]["properties"]["scaleSettings"]["minNodeCount"] = 1
    row = _usage(s, s.rooms["dev"])
    row["currentValue"] = row["limit"]
    s.tenant.cluster(s.rooms["dev"].workspace, "second", "STANDARD_DS3_V2" if "DSv2" in row["name"]["value"] else _size(s), 1, s.rooms["dev"].region)  # fmt: skip


def _size(s: Sample) -> str:
    size: str = kit.found(s.tenant, s.rooms["dev"].cluster)["properties"]["properties"]["vmSize"]
    return size


@change("dev")
def quota_short_here_and_unused_there(s: Sample) -> None:
    """A cluster may grow beyond the family's limit, while the limit of the same family in another subscription or region is nobody's."""
    cluster_larger_than_the_pool(s)
    region = {"regional-training": "eastus2", "regional-fine-tuning": "germanywestcentral"}.get(
        s.scenario, s.rooms["dev"].region
    )
    usages = s.tenant.document["usages"]["Microsoft.MachineLearningServices"]
    used = {room.subscription for room in s.rooms.values()}  # of others nobody asks for their quota
    free = [r for r in s.tenant.document["subscriptions"] if r["id"] in used]
    named = _usage(s, s.rooms["dev"])["name"]["value"].removesuffix(" Family Cluster Dedicated vCPUs")
    other = next((r for r in free if f"{r['subscriptionId']}/{region}" not in usages), free[-1])
    region = region if f"{other['subscriptionId']}/{region}" not in usages else "francecentral"
    s.tenant.usage(other["id"], region, named, 90, {})


@change("dev")
def quota_used_elsewhere(s: Sample) -> None:
    """Quota is used in a region that no site names."""
    where = s.rooms["dev"]
    s.tenant.usage(where.subscription, _FAR, "Standard DSv2", 100, {where.workspace: 8}, {where.workspace: 40})


@change("dev")
def clusters_near_their_limit(s: Sample) -> None:
    """There are nearly as many clusters as a region may have."""
    place, _ = _pool(s, s.rooms["dev"])
    (row,) = (
        r
        for r in s.tenant.document["usages"]["Microsoft.MachineLearningServices"][place]
        if r["name"]["value"] == "Clusters"
    )
    row["currentValue"] = row["limit"] - 5


def _model_account(s: Sample, where: Room, name: str, subscription: str, tags: dict[str, str], units: int) -> None:
    group = s.tenant.group(subscription, f"rg-{name}", tags, where.region)
    account = s.tenant.resource(group, "Microsoft.CognitiveServices/accounts", name, {
        "disableLocalAuth": True, "publicNetworkAccess": "Disabled"}, where.region, kind="OpenAI", sku={"name": "S0"},
        tags={**tags, **_unregulated(s)})  # fmt: skip
    s.tenant.resource(account, "deployments", "gpt-4o", {"model": {"name": "gpt-4o", "version": "2024-08-06", "format": "OpenAI"}}, None,
                      sku={"name": "Standard", "capacity": units})  # fmt: skip


def _model_usage(s: Sample, where: Room, subscription: str, used: int, limit: int) -> None:
    place = f"{subscription.rpartition('/')[2]}/{where.region}"
    row = {
        "name": {"value": "OpenAI.Standard.gpt-4o", "localizedValue": "gpt-4o"},
        "currentValue": used,
        "limit": limit,
        "unit": "Count",
    }
    s.tenant.document["usages"]["Microsoft.CognitiveServices"].setdefault(place, []).append(row)


@change("dev")
def model_deployments_beyond_the_pool(s: Sample) -> None:
    """Model deployments hold more than the limit of their model."""
    where = s.rooms["dev"]
    _model_account(s, where, "oai-many", where.subscription, dict(where.tags), 200)
    _model_usage(s, where, where.subscription, 200, 100)


@change("prod", "dev", only=("multi-environment", "regional-training", "regional-serving", "regional-fine-tuning", "contoso-compliant",
                             "multi-environment-and-regional-serving"))  # fmt: skip
def model_pool_shared(s: Sample) -> None:
    """Development deploys a model out of the quota that production's deployment draws on."""
    where, dev = s.rooms["prod"], s.rooms["dev"]
    _model_account(s, where, "oai-prod", where.subscription, dict(where.tags), 20)
    _model_account(s, where, "oai-dev", where.subscription, dict(dev.tags), 20)
    _model_usage(s, where, where.subscription, 40, 200)


@change("prod", only=_SERVING, scenario={"survive-region-loss: false": "survive-region-loss: true"})
def model_quota_in_one_region(s: Sample) -> None:
    """The scenario wants serving to survive the loss of a region, and all quota of a model is in one."""
    where = s.rooms["prod"]
    _model_account(s, where, "oai-prod", where.subscription, dict(where.tags), 20)
    _model_usage(s, where, where.subscription, 20, 200)


@change("prod", scenario={"needs:": "needs:"})
def need_not_granted(s: Sample) -> None:
    """A site was granted less of a family than it needs."""
    place, family = _needed(s)
    usages = s.tenant.document["usages"]["Microsoft.MachineLearningServices"]
    (row,) = (r for r in usages[place] if r["type"].endswith("vmFamily/usages") and f" {family} " in r["name"]["value"])
    row["limit"] = 16


def _needed(s: Sample) -> tuple[str, str]:
    where, family = {
        "regional-training": (s.rooms.get("ch-prod"), "NCADSA100v4"), "regional-serving": (s.rooms.get("far"), "DSv5"),
        "regional-fine-tuning": (s.rooms.get("norway-prod"), "NCADSH100v5"), "contoso-compliant": (s.rooms["prod"], "DSv5"),
        "multi-environment-and-regional-serving": (s.rooms["prod"], "DSv5"),
    }[s.scenario]  # fmt: skip
    assert where is not None
    return f"{where.subscription.rpartition('/')[2]}/{where.region}", family
