"""The tenant of the shipped scenario `regional-fine-tuning`: a base model from Sweden, tuned in Norway and in Germany on what stays there."""

from __future__ import annotations

from tests.tenants import kit
from tests.tenants.builder import Tenant
from tests.tenants.kit import Room, Sample

TENANT = "55555555-5555-5555-5555-555555555555"
SITES = {"base": "swedencentral", "norway": "norwayeast", "germany": "germanywestcentral"}
_CLASSES = {"base": "public", "norway": "patient-no", "germany": "patient-de"}
_GROUPS = {"base": "grp-research", "norway": "grp-tune-no", "germany": "grp-tune-de"}
H100 = "STANDARD_NC40ADS_H100_V5"


def sample() -> Sample:
    t = kit.organisation(TENANT, "Health", "health.example")
    t.document["vmSizes"]["*"].append(
        {"name": H100, "family": "standardNCADSH100v5Family", "vCPUs": 40, "gpus": 1, "memoryGB": 320}
    )
    t.management_group("mg-ml", TENANT)
    subscriptions = {site: t.subscription(f"sub-health-{site}", f"55555555-aaaa-bbbb-cccc-55555555555{n}", "mg-ml")
                     for n, site in enumerate(SITES, 1)}  # fmt: skip
    kit.people(
        t, {"grp-research": ("rik", "runa"), "grp-tune-no": ("nils", "nora", "nina"), "grp-tune-de": ("dieter", "doris"),
            "grp-clinical-safety": ("clara", "claus"), "grp-ml-platform": ("tove", "tim"), "grp-ml-leads": ("lars",), **kit.AROUND},
        protected=("grp-ml-platform", "grp-clinical-safety", "grp-ml-leads"), owners={"grp-research": ("rik",)},
        countries={"nils": "NO", "nora": "NO", "nina": "NO"}, break_glass=("bg",),
    )  # fmt: skip
    kit.workload(t, "id-release", "repo:health/ml:environment:production")
    rooms = {"base-dev": _base(t, subscriptions["base"])}
    for site in ("norway", "germany"):
        for stage in ("dev", "prod"):
            rooms[f"{site}-{stage}"] = _tuned(t, site, stage, subscriptions[site])
        _quota(t, site, subscriptions[site], rooms)
    base = rooms["base-dev"].workspace
    t.usage(subscriptions["base"], SITES["base"], "Standard NCADSA100v4", 144, {base: 24}, {base: 96})
    top = "/providers/Microsoft.Management/managementGroups/mg-ml"
    kit.administration(t, "grp-ml-platform", [top], active="tove", approvers=["grp-ml-leads"])
    kit.platform(t, top, subscriptions, "swedencentral")
    t.management_group("mg-other", TENANT)
    kit.surroundings(t, t.subscription("sub-web", "55555555-aaaa-bbbb-cccc-555555555559", "mg-other"), "swedencentral")
    return Sample(t, "regional-fine-tuning", top, {**rooms, "dev": rooms["norway-dev"], "prod": rooms["norway-prod"]}, {
        "scientists": "grp-tune-no", "scientist": "nils", "administrators": "grp-ml-platform", "administrator": "tove",
        "release": "id-release", "approvers": "grp-clinical-safety", "approver": "clara", "outsider": "axel", "country": "nils", "subject": "repo:health/ml",
        "endpoint": "notes-norway",
    })  # fmt: skip


def _base(t: Tenant, subscription: str) -> Room:
    """The site of the base model: public data, and models of the public catalogue."""
    tags = {"env": "dev", "site": "base", "owner": "ml@health.example"}
    group = t.group(subscription, "rg-ml-base-dev", tags, SITES["base"])
    shelf = kit.shelf(t, group, "health-base-dev", SITES["base"], tags)
    room = kit.room(t, group, "base-dev", SITES["base"], tags, shelf, data={"data": "public"}, asset="papers",
                    size="STANDARD_NC24ADS_A100_V4", nodes=2)  # fmt: skip
    kit.trains(t, room, "grp-research")
    trained = kit.job(t, room, "pretrain-1", data=room.data, base=_CATALOGUE)
    kit.model(t, room, "notes-base", trained.rpartition("/")[2])
    return room


_CATALOGUE = "azureml://registries/azureml/models/bert-base-uncased/versions/3"


def _tuned(t: Tenant, site: str, stage: str, subscription: str) -> Room:
    tags = {"env": stage, "site": site, "owner": "ml@health.example"}
    region = SITES[site]
    group = t.group(subscription, f"rg-ml-{site}-{stage}", tags, region)
    shelf = kit.shelf(t, group, f"health-{site}-{stage}", region, tags)
    room = kit.room(t, group, f"{site}-{stage}", region, tags, shelf, data={"data": _CLASSES[site]}, asset="notes", size=H100, nodes=1,
                    of_hub=site == "germany")  # fmt: skip
    # the base model as it came from the base site
    base = kit.model(t, room, "notes-base", None, "id-release")
    if stage == "dev":
        kit.trains(t, room, _GROUPS[site])
        kit.model(t, room, f"notes-{site}", kit.job(t, room, "tune-1", data=room.data, base=base).rpartition("/")[2])
        return room
    tuned = kit.job(t, room, "tune-1", "id-release", data=room.data, base=base)
    served = kit.model(t, room, f"notes-{site}", tuned.rpartition("/")[2], "id-release")
    kit.endpoint(t, room, f"notes-{site}", served, "id-release")
    t.assign("id-release", "ML Releaser", group, kind="ServicePrincipal")
    return room


def _quota(t: Tenant, site: str, subscription: str, rooms: dict[str, Room]) -> None:
    dev, prod = (rooms[f"{site}-{stage}"].workspace for stage in ("dev", "prod"))
    t.usage(subscription, SITES[site], "Standard NCADSH100v5", 160, {dev: 40, prod: 0}, {dev: 80, prod: 80})
    t.usage(subscription, SITES[site], "Standard DSv5", 100, {dev: 0, prod: 8}, {dev: 20, prod: 60})
