"""Changes of where things are, what quota there is, and how the estate is built."""

from __future__ import annotations

from tests.tenants import kit
from tests.tenants.change import change, graph
from tests.tenants.kit import Room, Sample

_FAR = "brazilsouth"  # no site's, nobody's home


def _guarded(s: Sample) -> Room:
    return s.rooms.get("prod", s.rooms["dev"])


@change("dev")
def cluster_in_another_region(s: Sample) -> None:
    """A cluster of development stands in a region that no site names."""
    s.tenant.cluster(s.rooms["dev"].workspace, "far", "STANDARD_DS3_V2", 1, _FAR)


@change("dev")
def regulated_data_georedundant(s: Sample) -> None:
    """The account of regulated data keeps a copy on another continent."""
    lake = kit.found(s.tenant, _guarded(s).lake)
    lake["sku"]["name"] = "Standard_RAGRS"
    lake["properties"]["secondaryLocation"] = _FAR


@change("dev")
def regulated_account_abroad(s: Sample) -> None:
    """An account of regulated data that no asset points to stands on another continent."""
    where = _guarded(s)
    tags = kit.found(s.tenant, where.lake)["tags"]
    away = kit.account(
        s.tenant, where.group, f"dlaway{where.name.removeprefix('mlw-').replace('-', '')}"[:24], _FAR, tags
    )
    s.tenant.datastore(where.workspace, "away", away)


@change("dev")
def prompts_processed_anywhere(s: Sample) -> None:
    """Prompts with regulated data are answered in any region of the world."""
    where = _guarded(s)
    tags = dict(kit.found(s.tenant, where.lake)["tags"])
    account = s.tenant.resource(where.group, "Microsoft.CognitiveServices/accounts", "oai-answers", {
        "disableLocalAuth": True, "publicNetworkAccess": "Disabled"}, where.region, kind="OpenAI", sku={"name": "S0"}, tags=tags)  # fmt: skip
    s.tenant.resource(account, "deployments", "gpt-4o", {"model": {"name": "gpt-4o", "version": "2024-08-06", "format": "OpenAI"}}, None,
                      sku={"name": "GlobalStandard", "capacity": 50})  # fmt: skip


@change("dev")
def vault_in_another_region(s: Sample) -> None:
    """The vault of a workspace stands in another region than the workspace."""
    kit.found(s.tenant, s.rooms["dev"].vault)["location"] = "francecentral"


@change("dev")
def images_in_another_region(s: Sample) -> None:
    """The registry of a workspace keeps its images in a region that no site names too."""
    s.tenant.resource(s.rooms["dev"].shelf.registry, "replications", _FAR, {"status": {"displayStatus": "Ready"}}, _FAR)


@change("dev")
def model_account_abroad(s: Sample) -> None:
    """A model account of regulated data stands on another continent."""
    where = _guarded(s)
    tags = dict(kit.found(s.tenant, where.lake)["tags"])
    s.tenant.resource(where.group, "Microsoft.CognitiveServices/accounts", "oai-abroad", {
        "disableLocalAuth": True, "publicNetworkAccess": "Disabled"}, _FAR, kind="OpenAI", sku={"name": "S0"}, tags=tags)  # fmt: skip


@change("dev")
def network_in_a_region_nobody_places(s: Sample) -> None:
    """A network stands in a region that is newer than the table of regions."""
    s.tenant.resource(s.rooms["dev"].group, "Microsoft.Network/virtualNetworks", "vnet-new", {}, "atlantiscentral")


# -- quota ----------------------------------------------------------------------------------------------------------------


def _rows(s: Sample, where: Room, family: str) -> list[dict[str, object]]:
    place = f"{where.subscription.rpartition('/')[2]}/{where.region}"
    usages = s.tenant.document["usages"]["Microsoft.MachineLearningServices"][place]
    return [row for row in usages if row["type"].endswith("vmFamily/usages") and family in row["name"]["value"]]


@change("dev")
def pool_nearly_used_up(s: Sample) -> None:
    """A family's limit is hardly above what is used of it."""
    family = next(f for f in ("DSv2", "NCADSA100v4", "NCADSH100v5") if _rows(s, s.rooms["dev"], f))
    (row,) = _rows(s, s.rooms["dev"], family)
    row["currentValue"] = row["limit"]


@change("dev")
def cap_lifted(s: Sample) -> None:
    """The cap of one workspace on a family is gone, so that it may take all of it."""
    where = s.rooms["dev"]
    place = f"{where.subscription.rpartition('/')[2]}/{where.region}"
    quotas = s.tenant.document["quotas"]["Microsoft.MachineLearningServices"]
    quotas[place] = [row for row in quotas[place] if not row["id"].startswith(f"{where.workspace}/")]


@change("prod", "dev", only=("multi-environment", "regional-training", "regional-serving", "regional-fine-tuning", "contoso-compliant",
                             "multi-environment-and-regional-serving"))  # fmt: skip
def development_beside_production(s: Sample) -> None:
    """A development workspace is put into production's subscription, without a cap."""
    where, dev = s.rooms["prod"], s.rooms["dev"]
    group = s.tenant.group(where.subscription, "rg-sandbox", dict(dev.tags), where.region)
    shelf = kit.shelf(s.tenant, group, "sandbox", where.region, dev.tags)
    kit.room(s.tenant, group, "sandbox", where.region, dev.tags, shelf,
             data=_class_of(s, dev), asset="trials", size=_size(s, where), nodes=1)  # fmt: skip


def _class_of(s: Sample, where: Room) -> dict[str, str]:
    tags = kit.found(s.tenant, where.lake)["tags"]
    return {key: value for key, value in tags.items() if key in ("data", "class", "data-class")}


def _size(s: Sample, where: Room) -> str:
    size: str = kit.found(s.tenant, where.cluster)["properties"]["properties"]["vmSize"]
    return size


@change("prod", scenario={"survive-region-loss: false": "survive-region-loss: true"})
def region_loss_to_be_survived(s: Sample) -> None:
    """The scenario wants serving to survive the loss of a region, for which there is no quota."""


# -- structure ------------------------------------------------------------------------------------------------------------


@change("dev", only=("single-environment", "multi-environment", "regional-training", "regional-serving", "regional-fine-tuning",
                     "contoso-compliant", "multi-environment-and-regional-serving"))  # fmt: skip
def workspace_without_environment(s: Sample) -> None:
    """Somebody made a workspace that no tag and no place puts into an environment."""
    where = s.rooms["dev"]
    subscription = s.more["source"].partition("/resourceGroups/")[0] if "source" in s.more else where.subscription
    group = s.tenant.group(subscription, "rg-hackathon", {}, where.region)
    registry = kit.shelf(s.tenant, group, "hackathon", where.region, {})
    s.tenant.workspace(group, "mlw-hackathon", registry=registry.registry, insights_workspace=registry.logs, location=where.region)  # fmt: skip


@change("dev")
def store_without_class(s: Sample) -> None:
    """A datastore leads to an account that nobody classified."""
    where = s.rooms["dev"]
    account = kit.account(s.tenant, where.group, "stunknown", where.region, where.tags, "Standard_LRS")
    s.tenant.datastore(where.workspace, "unknown", account)


@change("scientists")
def group_renamed(s: Sample) -> None:
    """A group that the scenario names was renamed."""
    graph(s, "groups", s.who["scientists"])["displayName"] = "grp-renamed"


@change(scenario={"break-glass:": "waivers:\n  - {rule: RES08, on: /subscriptions/0/gone, reason: long ago, approved-by: x@y.example, until: 2027-01-31}\nbreak-glass:"},
        only=("single-environment", "multi-environment", "regional-training", "regional-serving", "regional-fine-tuning",
              "multi-environment-and-regional-serving"))  # fmt: skip
def waiver_without_use(s: Sample) -> None:
    """The scenario waives something that is not there."""


@change(scenario={"until: 2027-01-31\n": "until: 2026-10-31\n"}, only=("limited-and-production", "contoso-compliant"))
def waivers_ended(s: Sample) -> None:
    """The waivers of the scenario ended last month."""


@change("dev")
def cluster_nobody_knows_where(s: Sample) -> None:
    """A cluster of development stands in a region that no table has."""
    s.tenant.cluster(s.rooms["dev"].workspace, "new", "STANDARD_DS3_V2", 1, "atlantisnorth")
