"""The tenant of the shipped scenario `single-environment`: a laboratory whose teams read what the clinic holds and never write it."""

from __future__ import annotations

from tests.tenants import kit
from tests.tenants.builder import Tenant
from tests.tenants.kit import Room, Sample

TENANT = "77777777-7777-7777-7777-777777777777"
SUBSCRIPTION = "77777777-aaaa-bbbb-cccc-777777777771"
CLINIC = "77777777-aaaa-bbbb-cccc-777777777772"
WEB = "77777777-aaaa-bbbb-cccc-777777777773"
REGION = "swedencentral"
TEAMS = {"genomics": "study", "imaging": "study", "climate": "public"}


def sample() -> Sample:
    t = kit.organisation(TENANT, "Lab", "lab.example")
    t.management_group("mg-science", TENANT)
    research = t.subscription("sub-research", SUBSCRIPTION, "mg-science")
    clinic = t.subscription("sub-sources", CLINIC, "mg-science")
    kit.people(
        t, {"grp-research": ("rik", "runa", "rolf"), "grp-lab-it": ("tove", "tim"), "grp-clinic": ("clara",), "grp-it-leads": ("lars",), **kit.AROUND},
        protected=("grp-lab-it", "grp-it-leads", "grp-clinic"), owners={"grp-research": ("rik",)}, break_glass=("bg",),
    )  # fmt: skip
    source = _clinic(t, clinic)
    common = t.group(research, "rg-lab-common", {"team": "common", "owner": "it@lab.example"}, REGION)
    shelf = kit.shelf(t, common, "lab", REGION, {"owner": "it@lab.example"})
    rooms = {team: _team(t, team, class_, research, shelf) for team, class_ in TEAMS.items()}
    first = rooms["genomics"]
    # the clinic's account is read in place; nobody here may write it
    t.datastore(first.workspace, "clinic", source, kind="AzureDataLakeGen2")
    t.resource(
        first.workspace,
        "data",
        "cohort/versions/1",
        {"dataType": "uri_folder", "dataUri": "azureml://datastores/clinic/paths/c"},
        None,
    )
    t.assign("grp-research", "Storage Blob Data Reader", source)
    t.assign(first.identity, "Storage Blob Data Reader", source, kind="ServicePrincipal")
    t.resource(rooms["climate"].workspace, "data", "weather/versions/1", {
        "dataType": "uri_file", "dataUri": "https://weather.example/reanalysis.csv", "tags": {"data": "public"}}, None)  # fmt: skip
    # what may be anywhere may be copied anywhere
    open_ = kit.account(t, first.group, "stlabopen", REGION, {"data": "public"}, "Standard_GRS")
    kit.found(t, open_)["properties"]["secondaryLocation"] = "swedensouth"
    t.datastore(first.workspace, "open", open_)
    kit.administration(t, "grp-lab-it", [research], active="tove", approvers=["grp-it-leads"])
    kit.platform(t, research, {"research": research}, REGION)
    kit.surroundings(t, t.subscription("sub-web", WEB, "mg-science"), REGION)
    _quota(rooms, t, research)
    return Sample(t, "single-environment", research, {**rooms, "dev": first}, {
        "scientists": "grp-research", "scientist": "rik", "administrators": "grp-lab-it", "administrator": "tove", "outsider": "axel",
    }, {"source": source})  # fmt: skip


def _clinic(t: Tenant, clinic: str) -> str:
    """Where the data comes from: other people's, in a subscription of theirs."""
    group = t.group(clinic, "rg-clinic-data", {"owner": "clinic@lab.example"}, REGION)
    source = kit.account(t, group, "stclinicdata", REGION, {"data": "study"})
    t.assign("grp-clinic", "Storage Blob Data Contributor", source)
    return source


def _team(t: Tenant, team: str, class_: str, subscription: str, shelf: kit.Shelf) -> Room:
    tags = {"team": team, "owner": f"{team}@lab.example"}
    group = t.group(subscription, f"rg-{team}", tags, REGION)
    room = kit.room(t, group, team, REGION, tags, shelf, data={"data": class_}, asset="samples", of_hub=team == "imaging")  # fmt: skip
    kit.trains(t, room, "grp-research")
    kit.job(t, room, "explore-1")
    kit.model(t, room, team, "explore-1")
    kit.instance(t, room, "runa", "tove")
    return room


def _quota(rooms: dict[str, Room], t: Tenant, subscription: str) -> None:
    every = [room.workspace for room in rooms.values()]
    t.usage(subscription, REGION, "Standard DSv2", 100, dict.fromkeys(every, 8), dict.fromkeys(every, 32))
    t.usage(subscription, REGION, "Standard DSv5", 50, {}, dict.fromkeys(every, 16))
