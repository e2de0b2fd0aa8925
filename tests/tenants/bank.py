"""The tenant of the shipped scenario `limited-and-production`: two rooms, one with limited data and one with the ledger."""

from __future__ import annotations

from tests.tenants import kit
from tests.tenants.builder import Tenant
from tests.tenants.kit import Room, Sample

TENANT = "22222222-2222-2222-2222-222222222222"
LIMITED = "22222222-aaaa-bbbb-cccc-222222222221"
PROD = "22222222-aaaa-bbbb-cccc-222222222222"
WEB = "22222222-aaaa-bbbb-cccc-222222222223"
VENDOR = "22222222-dddd-eeee-ffff-222222222222"
REGION = "uksouth"
PROJECTS = ("fraud", "credit")
_END = "2027-04-30T00:00:00Z"
_PEOPLE = ("cleo", "carl", "uma", "mona", "matt")


def sample() -> Sample:
    t = kit.organisation(TENANT, "Bank", "bank.example")
    t.management_group("mg-bank", TENANT)
    subscriptions = {
        "limited": t.subscription("sub-ml-limited", LIMITED, "mg-bank"),
        "prod": t.subscription("sub-ml-prod", PROD, "mg-bank"),
    }
    kit.people(
        t, {"grp-ds-limited": ("dana", "dirk", "dora", "dev"), "grp-ds-cleared": ("cleo", "carl"), "grp-model-risk": ("mona", "matt"),
            "grp-cloud-platform": ("tove", "tim", "tess"), "grp-platform-leads": ("lars",), **kit.AROUND},
        protected=("grp-ds-cleared", "grp-model-risk", "grp-cloud-platform", "grp-platform-leads"), owners={"grp-ds-limited": ("dana",), "grp-ds-cleared": ("tove",)},
        countries=dict.fromkeys(_PEOPLE, "GB"), break_glass=("eme01",),
    )  # fmt: skip
    kit.workload(t, "sp-release", "repo:bank/ml:environment:production")
    rooms: dict[str, Room] = {}
    for stage, subscription in subscriptions.items():
        group = t.group(subscription, f"rg-ml-common-{stage}", {"owner": "platform"}, REGION)
        shelf = kit.shelf(t, group, f"bank-{stage}", REGION, {"owner": "platform"})
        for project in PROJECTS:
            rooms[f"{project}-{stage}"] = _room(t, project, stage, subscription, shelf)
    top = "/providers/Microsoft.Management/managementGroups/mg-bank"
    kit.administration(t, "grp-cloud-platform", [top], active="tove", approvers=["grp-platform-leads"])
    kit.platform(t, top, subscriptions, REGION)
    kit.surroundings(t, t.subscription("sub-web", WEB, "mg-bank"), REGION)
    _scanner(t, subscriptions["prod"], rooms["fraud-prod"])
    _legacy(t, subscriptions["prod"])
    _quota(t, subscriptions, rooms)
    return Sample(t, "limited-and-production", top, {**rooms, "dev": rooms["fraud-limited"], "prod": rooms["fraud-prod"]}, {
        "scientists": "grp-ds-limited", "scientist": "dana", "administrators": "grp-cloud-platform", "administrator": "tove",
        "release": "sp-release", "approvers": "grp-model-risk", "approver": "mona", "inside": "grp-ds-cleared", "insider": "cleo",
        "outsider": "axel", "country": "carl", "subject": "repo:bank/ml", "endpoint": "fraud-api",
    })  # fmt: skip


def _room(t: Tenant, project: str, stage: str, subscription: str, shelf: kit.Shelf) -> Room:
    tags = {"project": project, "owner": f"{project}@bank.example"}
    group = t.group(subscription, f"rg-{project}-{stage}", tags, REGION)
    class_ = "c2" if stage == "limited" else "c3"
    room = kit.room(t, group, f"{project}-{stage}", REGION, tags, shelf, data={"class": class_}, asset="transactions", of_hub=project == "credit")  # fmt: skip
    if stage == "limited":
        kit.trains(t, room, "grp-ds-limited")
        kit.instance(t, room, "dirk", "tove")
        kit.model(t, room, project, kit.job(t, room, "train-1").rpartition("/")[2])
        made_up = kit.account(t, group, f"stsynth{project}", REGION, {"class": "c1"}, "Standard_LRS")
        t.datastore(room.workspace, "synthetic", made_up)
        t.assign("grp-ds-limited", "Storage Blob Data Contributor", made_up)
        return room
    kit.trains(t, room, "grp-ds-cleared", eligible=True, until=_END, approvers=["grp-platform-leads"])
    served = kit.model(t, room, project, None, "sp-release")
    kit.endpoint(t, room, f"{project}-api", served, "sp-release")
    t.assign("sp-release", "ML Releaser", group, kind="ServicePrincipal")
    masked = kit.account(t, group, f"dm{project}prod", REGION, {"class": "c2"})
    t.datastore(room.workspace, "masked", masked, kind="AzureDataLakeGen2")
    t.assign("grp-model-risk", "Storage Blob Data Reader", masked)
    return room


def _scanner(t: Tenant, subscription: str, where: Room) -> None:
    """The malware scanner of Defender, which the scenario declares: its identity reads what it scans."""
    group = t.group(subscription, "rg-scanners", {"owner": "security"}, REGION)
    arm_id = f"{group}/providers/Microsoft.Security/dataScanners/StorageDataScanner"
    t.resource(group, "Microsoft.Security/dataScanners", "StorageDataScanner", {}, REGION,
               identity=t.system_identity(arm_id, "StorageDataScanner"))  # fmt: skip
    t.assign("StorageDataScanner", "Storage Blob Data Reader", where.lake, kind="ServicePrincipal")


def _legacy(t: Tenant, subscription: str) -> None:
    """What the scenario waives until a day: a vendor's workload that may take the keys of an account nobody moved yet."""
    group = t.group(subscription, "rg-legacy", {"project": "scoring", "owner": "cdo@bank.example"}, REGION)
    old = kit.account(t, group, "stlegacy", REGION, {"class": "c3"}, "Standard_LRS")
    t.service_principal("sp-vendor-support")
    t.document["graph"]["servicePrincipals"][-1]["id"] = t.principals["sp-vendor-support"] = VENDOR
    t.assign("sp-vendor-support", "Vendor Support", old, kind="ServicePrincipal")  # keys are off; it may switch them on


def _quota(t: Tenant, subscriptions: dict[str, str], rooms: dict[str, Room]) -> None:
    for stage, subscription in subscriptions.items():
        every = [rooms[f"{project}-{stage}"].workspace for project in PROJECTS]
        t.usage(subscription, REGION, "Standard DSv2", 100, dict.fromkeys(every, 8), dict.fromkeys(every, 50))
        t.usage(subscription, REGION, "Standard DSv5", 100, dict.fromkeys(every, 8) if stage == "prod" else {}, dict.fromkeys(every, 40))  # fmt: skip
