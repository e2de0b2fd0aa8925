"""Contoso as its scenario means it: the projects of the demo with nothing wrong, a room to explore, and the one replica that is waived."""

from __future__ import annotations

from tests.tenants import kit
from tests.tenants.builder import Tenant
from tests.tenants.kit import Room, Sample, Shelf

TENANT = "66666666-6666-6666-6666-666666666666"
REGION = "westeurope"
PROJECTS = {"churn": ("ana", "ben", "carla"), "pricing": ("dario", "eva", "felix"), "vision": ("greta", "hugo", "ida")}
STAGES = ("dev", "qa", "prod")
_SUBSCRIPTIONS = {"prod": "66666666-aaaa-bbbb-cccc-666666666666", "nonprod": "66666666-aaaa-bbbb-cccc-777777777777"}
_WEB = "66666666-aaaa-bbbb-cccc-888888888888"
_ENGINEERS = {"churn": "noah", "pricing": "olga", "vision": "pavel"}


def sample() -> Sample:
    t = kit.organisation(TENANT, "Contoso", "contoso.example")
    t.management_group("contoso-ml", TENANT)
    t.management_group("contoso-online", TENANT)
    subscriptions = {
        name: t.subscription(f"sub-contoso-{name}", object_id, "contoso-ml")
        for name, object_id in _SUBSCRIPTIONS.items()
    }
    _people(t)
    rooms: dict[str, Room] = {"explore": _exploration(t, subscriptions["nonprod"])}
    for stage in STAGES:
        subscription = subscriptions["prod" if stage == "prod" else "nonprod"]
        group = _group(
            t, subscription, f"rg-ml-common-{stage}", {"environment": stage, "owner": "platform", "solution": "common"}
        )
        shelf = kit.shelf(t, group, f"contoso-{stage}", REGION, {"environment": stage, "owner": "platform", "solution": "common"})  # fmt: skip
        for project in PROJECTS:
            rooms[f"{project}-{stage}"] = _room(t, project, stage, subscription, shelf)
    top = "/providers/Microsoft.Management/managementGroups/contoso-ml"
    kit.administration(t, "grp-it-administrators", [top], active="mia", approvers=["grp-it-leads"])
    kit.platform(t, top, subscriptions, REGION)
    # who makes the funded groups: an identity of Azure's own, into which nobody signs in from outside
    kit.identity(t, f"{subscriptions['prod']}/resourceGroups/rg-policies", "id-it-vending", REGION, {"owner": "platform"})  # fmt: skip
    for subscription in subscriptions.values():
        t.assign("id-it-vending", "Resource Group Vending", subscription, kind="ServicePrincipal")
    kit.budget(t, f"{subscriptions['prod']}/resourceGroups/rg-policies", 50)
    kit.found(t, f"{subscriptions['prod']}/resourceGroups/rg-policies")["tags"]["solution"] = "platform"
    kit.surroundings(t, t.subscription("sub-contoso-online", _WEB, "contoso-online"), REGION)
    _waived(t, rooms["churn-prod"])
    _quota(t, subscriptions, rooms)
    return Sample(t, "contoso-compliant", top, {**rooms, "dev": rooms["churn-dev"], "test": rooms["churn-qa"], "prod": rooms["churn-prod"]}, {
        "scientists": "grp-churn-ds-dev", "scientist": "ana", "administrators": "grp-it-administrators", "administrator": "mia",
        "release": "id-churn-release", "approvers": "grp-churn-mle-qa", "approver": "carla", "inside": "grp-churn-mle-prod", "insider": "noah",
        "outsider": "axel", "subject": "repo:contoso/churn", "endpoint": "churn-prod",
    })  # fmt: skip


def _people(t: Tenant) -> None:
    groups: dict[str, tuple[str, ...]] = {
        "grp-it-administrators": ("mia", "tara"),
        "grp-it-leads": ("lars",),
        **kit.AROUND,
    }
    owners = {}
    protected = ["grp-it-administrators", "grp-it-leads"]
    for project, (first, second, third) in PROJECTS.items():
        groups |= {f"grp-{project}-ds-dev": (first, second, third), f"grp-{project}-ds-qa": (first,), f"grp-{project}-ds-prod": (second,),
                   f"grp-{project}-mle-qa": (third,), f"grp-{project}-mle-prod": (_ENGINEERS[project],)}  # fmt: skip
        owners[f"grp-{project}-ds-dev"] = (first,)
        protected += [f"grp-{project}-mle-prod", f"grp-{project}-ds-prod"]
    everyone = sorted({name for members in PROJECTS.values() for name in members} | set(_ENGINEERS.values()))
    kit.people(
        t,
        {**groups, "grp-ml-everyone": tuple(everyone)},
        protected=protected,
        owners=owners,
        break_glass=("bg1", "bg2"),
    )
    for project in PROJECTS:
        kit.workload(t, f"id-{project}-release", f"repo:contoso/{project}:environment:production")


def _group(t: Tenant, subscription: str, name: str, tags: dict[str, str]) -> str:
    """A funded resource group: somebody pays for it, up to an amount."""
    group = t.group(subscription, name, tags, REGION)
    kit.budget(t, group, 2000)
    return group


def _exploration(t: Tenant, subscription: str) -> Room:
    tags = {"owner": "platform", "solution": "explore"}
    group = _group(t, subscription, "rg-ml-explore", tags)
    shelf = kit.shelf(t, group, "contoso-explore", REGION, tags)
    room = kit.room(t, group, "explore", REGION, tags, shelf, data={"data-class": "public"}, asset="weather")
    kit.trains(t, room, "grp-ml-everyone")
    kit.job(t, room, "try-1")
    made_up = kit.account(t, group, "stsynthetic", REGION, {**tags, "data-class": "synthetic"}, "Standard_LRS")
    t.datastore(room.workspace, "synthetic", made_up)
    t.assign("grp-ml-everyone", "Storage Blob Data Reader", made_up)
    return room


def _room(t: Tenant, project: str, stage: str, subscription: str, shelf: Shelf) -> Room:
    tags = {"environment": stage, "project": project, "owner": f"{project}@contoso.example", "solution": project}
    group = _group(t, subscription, f"rg-{project}-{stage}", tags)
    class_ = "live" if stage == "prod" else "sampled"
    room = kit.room(t, group, f"{project}-{stage}", REGION, tags, shelf, data={"data-class": class_}, asset="customers", of_hub=project == "vision")  # fmt: skip
    release = f"id-{project}-release"
    if stage == "dev":
        kit.trains(t, room, f"grp-{project}-ds-dev")
        kit.model(t, room, project, kit.job(t, room, "train-1").rpartition("/")[2])
        kit.instance(t, room, PROJECTS[project][1], "mia")
        return room
    t.assign(f"grp-{project}-ds-{stage}", "ML Observer", group)
    if stage == "qa":
        kit.model(t, room, project, None)  # as it came from development, to be looked at
        t.assign(f"grp-{project}-ds-qa", "Storage Blob Data Reader", room.lake)
        t.assign(f"grp-{project}-mle-qa", "ML Observer", group)
        t.assign(f"grp-{project}-mle-qa", "Storage Blob Data Reader", room.lake)
        return room
    served = kit.model(t, room, project, None, release)
    kit.endpoint(t, room, f"{project}-{stage}", served, release)
    t.assign(release, "ML Releaser", group, kind="ServicePrincipal")
    for role, scope in (("ML Operator", group), ("Storage Blob Data Reader", room.lake)):
        t.eligible(f"grp-{project}-mle-prod", role, scope)
        t.activation(role, scope, approvers=["grp-it-leads"])
    return room


def _waived(t: Tenant, where: Room) -> None:
    """What the scenario waives until a day: an old registry with a replica in a region no site names."""
    old = t.resource(where.group, "Microsoft.ContainerRegistry/registries", "crchurnold", {"adminUserEnabled": False, "publicNetworkAccess": "Disabled"},
                     REGION, sku={"name": "Premium"}, tags=dict(where.tags))  # fmt: skip
    t.resource(old, "replications", "northeurope", {}, "North Europe")
    t.resource(where.workspace, "connections", "images", {"category": "ContainerRegistry", "authType": "ManagedIdentity", "target": old,
               "metadata": {"ResourceId": old}}, None)  # fmt: skip


def _quota(t: Tenant, subscriptions: dict[str, str], rooms: dict[str, Room]) -> None:
    below = [rooms["explore"].workspace, *(rooms[f"{p}-{s}"].workspace for p in PROJECTS for s in ("dev", "qa"))]
    above = [rooms[f"{p}-prod"].workspace for p in PROJECTS]
    t.usage(subscriptions["nonprod"], REGION, "Standard DSv2", 300, dict.fromkeys(below, 8), dict.fromkeys(below, 40))
    t.usage(subscriptions["nonprod"], REGION, "Standard DSv5", 140, dict.fromkeys(below, 5), dict.fromkeys(below, 20))
    t.usage(subscriptions["prod"], REGION, "Standard DSv2", 120, dict.fromkeys(above, 8), dict.fromkeys(above, 40))
    t.usage(subscriptions["prod"], REGION, "Standard DSv5", 96, dict.fromkeys(above, 8), dict.fromkeys(above, 32))
