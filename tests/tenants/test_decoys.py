"""Which decoy stands in which sample tenant: what looks wrong and is right, so that nobody drops one unnoticed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from scanner import ids
from scanner.graph.estate import Estate
from scanner.scan import understand
from tests.support.scan import the_duties
from tests.support.tenants import snapshot_of
from tests.tenants import kit, twins
from tests.tenants.kit import ML, Sample
from tests.tenants.samples import SAMPLES

ALL = frozenset(SAMPLES)
STORE = "Microsoft.Storage/storageAccounts"
Rows = list[dict[str, Any]]


@cache
def _sample(tenant: str) -> Sample:
    return SAMPLES[tenant]()


@cache
def _estate(tenant: str) -> Estate:
    intent = twins.scenario_of(tenant, None, Path())
    return understand(snapshot_of(_sample(tenant).tenant.document), intent, the_duties())[0]


def _of(s: Sample, type_: str) -> Rows:
    return [r for r in s.tenant.document["resources"] if r["type"] == type_]


def _assigned(s: Sample, role: str, array: str = "roleAssignments") -> Iterator[tuple[str, str]]:
    """Principal and scope of every assignment of a role."""
    for row in s.tenant.document[array]:
        facts = row["properties"]
        if role in s.tenant.roles and facts["roleDefinitionId"].endswith(s.tenant.roles[role][0]):
            yield facts["principalId"], facts["scope"]


def _principal(s: Sample, name: str) -> str:
    return s.tenant.principals[name]


def _default_roles(s: Sample) -> bool:
    """Workspaces administer their group, endpoints pull images and read the account, as Azure made them."""
    hosts = {r["identity"]["principalId"] for r in _of(s, ML) + _of(s, f"{ML}/onlineEndpoints")}
    wanted = {"Azure AI Administrator", "AcrPull", "Storage Blob Data Contributor"}
    if _of(s, f"{ML}/onlineEndpoints"):
        wanted |= {"Storage Blob Data Reader", "AzureML Metrics Writer (preview)"}
    return all(hosts & {who for who, _ in _assigned(s, role)} for role in wanted)


def _defender(s: Sample) -> bool:
    who = _principal(s, "Microsoft Defender for Cloud")
    return (who, s.top) in set(_assigned(s, "Storage Blob Data Reader"))


def _policies(s: Sample) -> bool:
    """One policy with an identity of its own and several with one they share, each Contributor."""
    of = [r["identity"] for r in _of(s, "Microsoft.Authorization/policyAssignments")]
    system = {i["principalId"] for i in of if i["type"] == "SystemAssigned"}
    user = {v["principalId"] for i in of if i["type"] == "UserAssigned" for v in i["userAssignedIdentities"].values()}
    holders = {who for who, _ in _assigned(s, "Contributor")}
    return bool(system & holders and user & holders)


def _managed(s: Sample) -> bool:
    """Groups that Databricks and an ML registry keep for themselves, each with an account as Azure makes it."""
    owners = {g["id"]: g["managedBy"].split("/")[-2] for g in s.tenant.document["resourceGroups"] if "managedBy" in g}
    kept = [owners[r["id"].partition("/providers/")[0]] for r in _of(s, STORE)
            if r["id"].partition("/providers/")[0] in owners and "allowSharedKeyAccess" not in r["properties"]]  # fmt: skip
    return {"workspaces", "registries"} <= set(kept)


def _hubs(s: Sample) -> bool:
    """A hub, and a project that is somebody's workspace and has no account of its own."""
    hubs = {r["id"] for r in _of(s, ML) if r["kind"] == "Hub"}
    projects = [r for r in _of(s, ML) if r["kind"] == "Project"]
    return bool(projects) and {r["properties"]["hubResourceId"] for r in projects} == hubs and not any("storageAccount" in r["properties"] for r in projects)  # fmt: skip


def _central_registry(s: Sample) -> bool:
    """One ML registry for all, at home, from which production takes."""
    (registry,) = _of(s, "Microsoft.MachineLearningServices/registries")
    regions = {detail["location"] for detail in registry["properties"]["regionDetails"]}
    taken = [r for r in _of(s, f"{ML}/models/versions") if f"registries/{registry['name']}/" in r["properties"].get("modelUri", "")]  # fmt: skip
    return regions == {registry["location"]} and bool(taken)


def _central_logs(s: Sample) -> bool:
    to = [r["properties"]["WorkspaceResourceId"] for r in _of(s, "Microsoft.Insights/components")]
    return len(to) > len(set(to))


def _catalogues(s: Sample) -> bool:
    """A model as the public catalogue has it, and an AML environment that Microsoft curates."""
    models = [r["properties"].get("modelUri", "") for r in _of(s, f"{ML}/models/versions")]
    return any(uri.startswith("azureml://registries/azureml/") for uri in models) and any(r["name"].startswith("AzureML-") for r in _of(s, f"{ML}/environments"))  # fmt: skip


def _activated(s: Sample) -> bool:
    """An administrator who activated a role is an ordinary assignment for some hours."""
    rows = [r["properties"] for r in s.tenant.document["roleAssignmentScheduleInstances"]]
    standing = {(a["properties"]["principalId"], a["properties"]["scope"]) for a in s.tenant.document["roleAssignments"]}  # fmt: skip
    return any(r["assignmentType"] == "Activated" and (r["principalId"], r["scope"]) in standing for r in rows)


def _administrators(s: Sample) -> bool:
    eligible = _assigned(s, "Owner", "roleEligibilityScheduleInstances")
    return (_principal(s, s.who["administrators"]), s.top) in set(eligible)


def _from_the_root(s: Sample) -> bool:
    return (_principal(s, "grp-auditors"), "/") in set(_assigned(s, "Reader"))


def _declared(s: Sample) -> bool:
    estate = _estate(s.scenario)
    return any(estate.get(node, "declared") is True for node in estate.nodes("movement"))


def _approved(s: Sample) -> bool:
    """A group of the role table reads regulated data by a data role."""
    rows = {row.principal for row in twins.scenario_of(s.scenario, None, Path()).roles if row.reads}
    readers = {who for array in ("roleAssignments", "roleEligibilityScheduleInstances") for who, _ in _assigned(s, "Storage Blob Data Reader", array)}  # fmt: skip
    names = {object_id: name for name, object_id in s.tenant.principals.items()}
    return bool({names[who] for who in readers} & {*rows, s.who["scientists"]})


def _beside(s: Sample) -> bool:
    """In one group, an account that stays where it is and one of public data that Azure copies to another continent."""
    skus: dict[str, set[str]] = {}
    for store in _of(s, STORE):
        skus.setdefault(store["id"].partition("/providers/")[0], set()).add(store["sku"]["name"])
    return any({"Standard_GRS", "Standard_LRS"} <= found for found in skus.values())


def _global(s: Sample) -> bool:
    groups = {r.group for r in s.rooms.values()}
    return any(r.get("location") == "global" and r["id"].partition("/providers/")[0] in groups for r in s.tenant.document["resources"])  # fmt: skip


def _keys_off(s: Sample) -> bool:
    """Somebody may list the keys of every room's data, and they open nothing."""
    rooms = s.rooms.values()
    mighty = {scope for _, scope in _assigned(s, "Azure AI Administrator")}
    return all(kit.found(s.tenant, r.lake)["properties"]["allowSharedKeyAccess"] is False and r.group in mighty for r in rooms)  # fmt: skip


def _zones(s: Sample) -> bool:
    return all(kit.found(s.tenant, room.lake)["sku"]["name"] == "Standard_ZRS" for room in s.rooms.values())


def _denied(s: Sample) -> bool:
    """A data role on regulated data that Azure's deny assignment of the managed group closes."""
    denied = [ids.fold(d["properties"]["scope"]) for d in s.tenant.document["denyAssignments"] if d["properties"]["permissions"][0]["dataActions"] == ["*"]]  # fmt: skip
    return any(ids.contains(scope, ids.fold(at)) for _, at in _assigned(s, "Storage Blob Data Reader") for scope in denied)  # fmt: skip


# Decoy of issue 5 -> whether it stands in a tenant, and in which tenants it does.
DECOYS: dict[str, tuple[Callable[[Sample], bool], frozenset[str]]] = {
    "platform identities and their default roles": (_default_roles, ALL),
    "Defender's identity": (_defender, ALL),
    "identities of policies": (_policies, ALL),
    "managed resource groups": (_managed, ALL),
    "system datastores": (lambda s: {"workspaceblobstore", "workspaceartifactstore"} <= {r["name"] for r in _of(s, f"{ML}/datastores")}, ALL),
    "hub and project workspaces": (_hubs, ALL),
    "central ML registry": (_central_registry, ALL),
    # by site the logs stay at the site, and streaming's teams have their own
    "central logs": (_central_logs, ALL - {"regional-training", "regional-fine-tuning", "multi-environment-and-regional-serving"}),
    "public catalogues": (_catalogues, ALL),
    "activated PIM": (_activated, ALL),
    "administrators": (_administrators, ALL),
    "assignments inherited from the tenant's root": (_from_the_root, ALL),
    # one environment has nowhere to go; the insurer lets code and metrics cross, which no job carries
    "declared flows": (_declared, ALL - {"single-environment", "regional-training"}),
    "approved groups": (_approved, ALL),
    "LRS beside GRS": (_beside, ALL),
    "global resources": (_global, ALL),
    "disabled keys": (_keys_off, ALL),
    "zone replication": (_zones, ALL),
    # nothing of the laboratory is production, which the path leads to
    "deny assignments that close a path": (_denied, ALL - {"single-environment"}),
}  # fmt: skip


@pytest.mark.parametrize("decoy", DECOYS)
def test_a_decoy_stands_where_it_makes_sense(decoy: str) -> None:
    stands, where = DECOYS[decoy]
    assert {tenant for tenant in SAMPLES if stands(_sample(tenant))} == where
    assert "multi-environment" in where
