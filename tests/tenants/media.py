"""The tenant of the shipped scenario `regional-serving`: trained in the Netherlands, served in Australia as well."""

from __future__ import annotations

from tests.tenants import kit
from tests.tenants.builder import Tenant
from tests.tenants.kit import Room, Sample, Shelf

TENANT = "44444444-4444-4444-4444-444444444444"
CORE, AUSTRALIA = "westeurope", "australiaeast"
TEAMS = ("ranking", "search")
STAGES = ("dev", "prod")


def sample() -> Sample:
    t = kit.organisation(TENANT, "Media", "media.example")
    t.management_group("mg-ml", TENANT)
    subscriptions = {stage: t.subscription(f"sub-media-{stage}", f"44444444-aaaa-bbbb-cccc-44444444444{n}", "mg-ml")
                     for n, stage in enumerate(STAGES, 1)}  # fmt: skip
    kit.people(
        t, {"grp-ds-dev": ("dana", "dirk", "dora"), "grp-serving-au": ("olivia", "oscar"), "grp-model-board": ("mona", "mats"),
            "grp-ml-platform": ("tove", "tim"), "grp-ml-leads": ("lars",), **kit.AROUND},
        protected=("grp-serving-au", "grp-ml-platform", "grp-model-board", "grp-ml-leads"), owners={"grp-ds-dev": ("dana",), "grp-serving-au": ("tove",)},
        break_glass=("bg",),
    )  # fmt: skip
    kit.workload(t, "id-release", "repo:media/ml:environment:production")
    rooms: dict[str, Room] = {}
    for stage, subscription in subscriptions.items():
        group = t.group(
            subscription, f"rg-core-{stage}", {"env": stage, "site": "core", "owner": "ml@media.example"}, CORE
        )
        shelf = kit.shelf(t, group, f"media-core-{stage}", CORE, {"env": stage})
        for team in TEAMS:
            rooms[f"{team}-{stage}"] = _core(t, team, stage, group, shelf)
    rooms["au-prod"] = _australia(t, subscriptions["prod"])
    top = "/providers/Microsoft.Management/managementGroups/mg-ml"
    kit.administration(t, "grp-ml-platform", [top], active="tove", approvers=["grp-ml-leads"])
    kit.platform(t, top, subscriptions, CORE)
    t.management_group("mg-other", TENANT)
    kit.surroundings(t, t.subscription("sub-web", "44444444-aaaa-bbbb-cccc-444444444449", "mg-other"), CORE)
    _quota(t, subscriptions, rooms)
    return Sample(t, "regional-serving", top, {**rooms, "dev": rooms["ranking-dev"], "prod": rooms["ranking-prod"], "far": rooms["au-prod"]}, {
        "scientists": "grp-ds-dev", "scientist": "dana", "administrators": "grp-ml-platform", "administrator": "tove",
        "release": "id-release", "approvers": "grp-model-board", "approver": "mona", "inside": "grp-serving-au", "insider": "olivia",
        "outsider": "axel", "subject": "repo:media/ml", "endpoint": "ranking-eu",
    })  # fmt: skip


def _core(t: Tenant, team: str, stage: str, group: str, shelf: Shelf) -> Room:
    tags = {"env": stage, "team": team, "owner": f"{team}@media.example"}
    room = kit.room(t, group, f"{team}-{stage}", CORE, tags, shelf, data={"data": "behaviour-eu"}, asset="clicks", of_hub=team == "search")  # fmt: skip
    if stage == "dev":
        kit.trains(t, room, "grp-ds-dev")
        kit.instance(t, room, "dora", "tove")
        kit.model(t, room, team, kit.job(t, room, "train-1").rpartition("/")[2])
        return room
    trained = kit.job(t, room, "retrain-1", "id-release")
    served = kit.model(t, room, team, trained.rpartition("/")[2], "id-release")
    kit.endpoint(t, room, f"{team}-eu", served, "id-release", audience="Europe")
    t.assign("id-release", "ML Releaser", room.workspace, kind="ServicePrincipal")
    return room


def _australia(t: Tenant, subscription: str) -> Room:
    """Where Australia is served from: a workspace of its own for batches, and what was answered stays there."""
    tags = {"env": "prod", "team": "serving-au", "site": "australia", "owner": "serving@media.example"}
    group = t.group(subscription, "rg-australia-prod", tags, AUSTRALIA)
    shelf = kit.shelf(t, group, "media-au-prod", AUSTRALIA, tags)
    room = kit.room(t, group, "serving-au-prod", AUSTRALIA, tags, shelf, data={"data": "inference-au"}, asset="answers",
                    size="STANDARD_D4S_V5", nodes=4)  # fmt: skip
    served = kit.model(t, room, "ranking", None, "id-release")
    kit.endpoint(t, room, "ranking-au", served, "id-release", audience="Australia")
    batch = t.resource(room.workspace, "batchEndpoints", "nightly-au", {"authMode": "AADToken", "defaults": {"deploymentName": "all"}}, AUSTRALIA,
                       tags={"audience": "Australia"}, systemData=kit.made_by("id-release"))  # fmt: skip
    t.resource(batch, "deployments", "all", {"compute": room.cluster, "model": {"referenceType": "Id", "assetId": served}}, AUSTRALIA,
               systemData=kit.made_by("id-release"))  # fmt: skip
    t.assign("id-release", "ML Releaser", group, kind="ServicePrincipal")
    t.assign("grp-serving-au", "ML Operator", group)
    t.assign("grp-serving-au", "Storage Blob Data Reader", room.lake)
    return room


def _quota(t: Tenant, subscriptions: dict[str, str], rooms: dict[str, Room]) -> None:
    for stage, subscription in subscriptions.items():
        every = [rooms[f"{team}-{stage}"].workspace for team in TEAMS]
        t.usage(subscription, CORE, "Standard DSv2", 100, dict.fromkeys(every, 8), dict.fromkeys(every, 50))
        t.usage(subscription, CORE, "Standard DSv5", 100, dict.fromkeys(every, 8) if stage == "prod" else {}, dict.fromkeys(every, 50))  # fmt: skip
    far = rooms["au-prod"].workspace
    t.usage(subscriptions["prod"], AUSTRALIA, "Standard DSv5", 96, {far: 8}, {far: 96})
