"""The tenant of two patterns at once: three stages in Ireland with duties apart, and a serving site in Japan."""

from __future__ import annotations

from tests.tenants import kit
from tests.tenants.builder import Tenant
from tests.tenants.kit import Room, Sample, Shelf

TENANT = "88888888-8888-8888-8888-888888888888"
CORE, JAPAN = "northeurope", "japaneast"
STAGES = ("dev", "test", "prod")
TEAMS = ("ranking", "captions")
_TAGS = {"owner": "ml@streaming.example"}


def sample() -> Sample:
    t = kit.organisation(TENANT, "Streaming", "streaming.example")
    t.management_group("mg-ml", TENANT)
    subscriptions = {stage: t.subscription(f"sub-ml-{stage}", f"88888888-aaaa-bbbb-cccc-88888888888{n}", "mg-ml")
                     for n, stage in enumerate(STAGES, 1)}  # fmt: skip
    kit.people(
        t, {"grp-ds-dev": ("dana", "dirk", "dora", "drew"), "grp-ds-prod-training": ("pia", "paul"), "grp-mle-test": ("mark", "mila"),
            "grp-ml-incident": ("ines", "ivan"), "grp-ml-leads": ("lars", "lisa"), "grp-serving-jp": ("jun", "junko"),
            "grp-ml-platform": ("tove", "tim"), **kit.AROUND},
        protected=("grp-ds-prod-training", "grp-mle-test", "grp-ml-incident", "grp-ml-leads", "grp-serving-jp", "grp-ml-platform"),
        owners={"grp-ds-dev": ("dana",), "grp-ml-incident": ("tove",)}, countries={"jun": "JP", "junko": "JP"}, break_glass=("bg1", "bg2"),
    )  # fmt: skip
    kit.workload(t, "id-ml-release", "repo:streaming/ml:environment:production")
    kit.workload(t, "id-ml-build", "repo:streaming/ml:environment:build")
    shared = t.group(subscriptions["prod"], "rg-ml-shared", _TAGS, CORE)
    registry = t.resource(shared, "Microsoft.ContainerRegistry/registries", "acrstreaming", {
        "adminUserEnabled": False, "publicNetworkAccess": "Disabled"}, CORE, sku={"name": "Premium"})  # fmt: skip
    t.resource(registry, "replications", JAPAN, {"status": {"displayStatus": "Ready"}}, JAPAN)
    t.assign("id-ml-build", "AcrPush", registry, kind="ServicePrincipal")
    rooms: dict[str, Room] = {}
    for stage, subscription in subscriptions.items():
        for team in TEAMS:
            rooms[f"{team}-{stage}"] = _core(t, team, stage, subscription, registry)
    rooms["japan-prod"] = _japan(t, subscriptions["prod"], registry)
    top = "/providers/Microsoft.Management/managementGroups/mg-ml"
    kit.administration(t, "grp-ml-platform", [top], active="tove", approvers=["grp-ml-leads"])
    kit.platform(t, top, subscriptions, CORE)
    t.management_group("mg-other", TENANT)
    kit.surroundings(t, t.subscription("sub-web", "88888888-aaaa-bbbb-cccc-888888888889", "mg-other"), CORE)
    _quota(t, subscriptions, rooms)
    return Sample(t, "multi-environment-and-regional-serving", top, {
        **rooms, "dev": rooms["ranking-dev"], "test": rooms["ranking-test"], "prod": rooms["ranking-prod"], "far": rooms["japan-prod"]}, {
        "scientists": "grp-ds-dev", "scientist": "dana", "administrators": "grp-ml-platform", "administrator": "tove",
        "release": "id-ml-release", "approvers": "grp-mle-test", "approver": "mila", "inside": "grp-ml-incident", "insider": "ines",
        "trainers": "grp-ds-prod-training", "outsider": "axel", "country": "jun", "subject": "repo:streaming/ml", "endpoint": "ranking-eu",
    })  # fmt: skip


def _shelf(t: Tenant, group: str, name: str, region: str, registry: str) -> Shelf:
    logs = t.resource(group, "Microsoft.OperationalInsights/workspaces", f"log-{name}", {
        "sku": {"name": "PerGB2018"}, "retentionInDays": 365}, region)  # fmt: skip
    return Shelf(registry, logs)


def _core(t: Tenant, team: str, stage: str, subscription: str, registry: str) -> Room:
    tags = {"environment": stage, "team": team, **_TAGS}
    group = t.group(subscription, f"rg-{team}-{stage}", tags, CORE)
    class_ = "sampled" if stage == "dev" else "behaviour-eu"
    shelf = _shelf(t, group, f"{team}-{stage}", CORE, registry)
    room = kit.room(t, group, f"{team}-{stage}", CORE, tags, shelf, data={"data": class_}, asset="plays", of_hub=team == "captions")  # fmt: skip
    if stage == "dev":
        kit.trains(t, room, "grp-ds-dev")
        kit.instance(t, room, "dora", "tove")
        kit.model(t, room, team, kit.job(t, room, "train-1").rpartition("/")[2])
        return room
    if stage == "test":
        kit.trains(t, room, "grp-ds-prod-training", eligible=True, approvers=["grp-ml-leads"])
        kit.model(t, room, team, kit.job(t, room, "train-1").rpartition("/")[2])
        samples = kit.account(t, group, f"ds{team}test", CORE, {**tags, "data": "sampled"})
        t.datastore(room.workspace, "samples", samples, kind="AzureDataLakeGen2")
        t.assign("grp-mle-test", "ML Observer", group)
        t.assign("grp-mle-test", "Storage Blob Data Reader", samples)
        return room
    served = kit.model(t, room, team, None, "id-ml-release")
    kit.endpoint(t, room, f"{team}-eu", served, "id-ml-release", audience="Europe")
    t.assign("id-ml-release", "ML Releaser", group, kind="ServicePrincipal")
    for role, scope in (("ML Observer", group), ("Storage Blob Data Reader", room.lake)):
        t.eligible("grp-ml-incident", role, scope)
        t.activation(role, scope, hours=4, approvers=["grp-ml-leads"])
    kit.lock(t, group)
    return room


def _japan(t: Tenant, subscription: str, registry: str) -> Room:
    tags = {"environment": "prod", "team": "serving-jp", **_TAGS}
    group = t.group(subscription, "rg-serving-jp-prod", tags, JAPAN)
    room = kit.room(t, group, "serving-jp-prod", JAPAN, tags, _shelf(t, group, "serving-jp", JAPAN, registry), data={"data": "inference-jp"},
                    asset="answers", size="STANDARD_D4S_V5", nodes=1)  # fmt: skip
    served = kit.model(t, room, "ranking", None, "id-ml-release")
    kit.endpoint(t, room, "ranking-jp", served, "id-ml-release", audience="Japan")
    t.assign("id-ml-release", "ML Releaser", group, kind="ServicePrincipal")
    t.assign("grp-serving-jp", "ML Operator", group)
    t.assign("grp-serving-jp", "Storage Blob Data Reader", room.lake)
    kit.lock(t, group)
    return room


def _quota(t: Tenant, subscriptions: dict[str, str], rooms: dict[str, Room]) -> None:
    for stage, subscription in subscriptions.items():
        every = [rooms[f"{team}-{stage}"].workspace for team in TEAMS]
        t.usage(subscription, CORE, "Standard DSv2", 100, dict.fromkeys(every, 8), dict.fromkeys(every, 50))
        t.usage(subscription, CORE, "Standard DSv5", 100, dict.fromkeys(every, 8 if stage == "prod" else 0), dict.fromkeys(every, 50))  # fmt: skip
    far = rooms["japan-prod"].workspace
    t.usage(subscriptions["prod"], JAPAN, "Standard DSv5", 32, {far: 8}, {far: 32})
