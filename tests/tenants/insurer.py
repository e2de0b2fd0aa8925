"""The tenant of the shipped scenario `regional-training`: a workspace in each region that holds claims, and metrics compared in one."""

from __future__ import annotations

from tests.tenants import kit
from tests.tenants.builder import Tenant
from tests.tenants.kit import Room, Sample

TENANT = "33333333-3333-3333-3333-333333333333"
SITES = {"eu": "westeurope", "ch": "switzerlandnorth", "us": "eastus2"}
STAGES = ("dev", "prod")
_SUBSCRIPTIONS = {site: f"33333333-aaaa-bbbb-cccc-33333333333{n}" for n, site in enumerate(SITES, 1)}


def sample() -> Sample:
    t = kit.organisation(TENANT, "Insurer", "insurer.example")
    t.management_group("mg-insurer", TENANT)
    kit.people(
        t, {"grp-ds-eu-dev": ("emil", "elsa"), "grp-ds-ch-dev": ("urs", "ueli", "vreni"), "grp-ds-us-dev": ("abe", "amy"), "grp-model-board": ("mona", "mats"),
            "grp-ml-platform": ("tove", "tim"), "grp-ml-leads": ("lars",), **kit.AROUND},
        protected=("grp-ml-platform", "grp-model-board", "grp-ml-leads"), owners={"grp-ds-eu-dev": ("emil",)},
        countries={"urs": "CH", "ueli": "CH", "vreni": "CH"}, break_glass=("bg",),
    )  # fmt: skip
    kit.workload(t, "id-release", "repo:insurer/ml:environment:production")
    rooms: dict[str, Room] = {}
    subscriptions = {}
    for site, region in SITES.items():
        above = t.management_group(f"mg-ml-{site}", "mg-insurer").rpartition("/")[2]
        subscription = subscriptions[site] = t.subscription(f"sub-ml-{site}", _SUBSCRIPTIONS[site], above)
        for stage in STAGES:
            rooms[f"{site}-{stage}"] = _room(t, site, stage, region, subscription)
        _quota(t, site, region, subscription, rooms)
    top = "/providers/Microsoft.Management/managementGroups/mg-insurer"
    kit.administration(t, "grp-ml-platform", [top], active="tove", approvers=["grp-ml-leads"])
    kit.platform(t, top, subscriptions, "westeurope")
    kit.surroundings(t, t.subscription("sub-web", "33333333-aaaa-bbbb-cccc-333333333339", "mg-insurer"), "westeurope")
    return Sample(t, "regional-training", top, {**rooms, "dev": rooms["ch-dev"], "prod": rooms["ch-prod"]}, {
        "scientists": "grp-ds-ch-dev", "scientist": "urs", "administrators": "grp-ml-platform", "administrator": "tove",
        "release": "id-release", "approvers": "grp-model-board", "approver": "mona", "outsider": "axel", "country": "urs", "subject": "repo:insurer/ml",
        "endpoint": "triage-ch",
    })  # fmt: skip


def _room(t: Tenant, site: str, stage: str, region: str, subscription: str) -> Room:
    tags = {"env": stage, "site": site, "owner": "ml@insurer.example"}
    group = t.group(subscription, f"rg-ml-{site}-{stage}", tags, region)
    shelf = kit.shelf(t, group, f"insurer-{site}-{stage}", region, tags)
    room = kit.room(t, group, f"{site}-{stage}", region, tags, shelf, data={"data": f"claims-{site}"}, asset="claims",
                    size="STANDARD_NC24ADS_A100_V4", nodes=2, of_hub=site == "us")  # fmt: skip
    if stage == "dev":
        kit.trains(t, room, f"grp-ds-{site}-dev")
        kit.model(t, room, f"triage-{site}", kit.job(t, room, "train-1").rpartition("/")[2])
        return room
    # code is what moves: production trains its own by the pipeline that releases
    trained = kit.job(t, room, "retrain-1", "id-release")
    served = kit.model(t, room, f"triage-{site}", trained.rpartition("/")[2], "id-release")
    kit.endpoint(t, room, f"triage-{site}", served, "id-release")
    t.assign("id-release", "ML Releaser", group, kind="ServicePrincipal")
    # whole sale statistics are nobody's claims: they may lie, and be copied, anywhere
    sums = kit.account(t, group, f"stsums{site}", region, {"env": stage, "data": "public"}, "Standard_GRS")
    t.datastore(room.workspace, "sums", sums)
    return room


def _quota(t: Tenant, site: str, region: str, subscription: str, rooms: dict[str, Room]) -> None:
    """One pool for both stages, of which production's part is reserved by what development may take at most."""
    dev, prod = (rooms[f"{site}-{stage}"].workspace for stage in STAGES)
    t.usage(subscription, region, "Standard NCADSA100v4", 144, {dev: 24, prod: 24}, {dev: 48, prod: 72})
    t.usage(subscription, region, "Standard DSv5", 100, {dev: 0, prod: 8}, {dev: 20, prod: 60})
