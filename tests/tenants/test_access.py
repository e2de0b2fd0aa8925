"""Contoso with one thing changed: exactly the rules about it fire, beside what was planted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from scanner.graph.build import build
from scanner.scenario.model import RoleRow, Scenario
from tests.support.scan import pairs, scanned, scenario, tenant
from tests.support.tenants import snapshot_of
from tests.tenants.builder import ROLES, guid

PROD = "/subscriptions/66666666-aaaa-bbbb-cccc-666666666666/resourceGroups"
NONPROD = "/subscriptions/66666666-aaaa-bbbb-cccc-777777777777/resourceGroups"
CHURN = f"{PROD}/rg-churn-prod/providers/Microsoft.MachineLearningServices/workspaces/mlw-churn-prod"
CHURN_DEV = f"{NONPROD}/rg-churn-dev/providers/Microsoft.MachineLearningServices/workspaces/mlw-churn-dev"
GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
Document = dict[str, Any]
Change = Callable[[Document], None]


def _resource(document: Document, name: str, type_: str = "") -> Document:
    found: Document
    (found,) = (r for r in document["resources"] if r["name"] == name and r["type"].endswith(type_))
    return found


def _properties(name: str, type_: str = "", /, **facts: Any) -> Change:
    return lambda document: _resource(document, name, type_)["properties"].update(facts)


def _child(parent: str, kind: str, name: str, properties: Document, **more: Any) -> Change:
    type_ = f"Microsoft.MachineLearningServices/workspaces/{kind}"
    body = {"id": f"{parent}/{kind}/{name}", "name": name, "type": type_, "properties": properties, **more}
    return lambda document: document["resources"].append(body)


def _store(workspace: str, account: str, group: str, credential: str = "None") -> Change:
    subscription, _, name = group.removeprefix("/subscriptions/").partition("/resourceGroups/")
    return _child(workspace, "datastores", "extra", {
        "datastoreType": "AzureBlob", "accountName": account, "containerName": "data", "subscriptionId": subscription, "resourceGroup": name,
        "credentials": {"credentialsType": credential}})  # fmt: skip


def _replicated(source: str, target: str) -> Change:
    def change(document: Document) -> None:
        a, b = (_resource(document, name)["id"] for name in (source, target))
        document["resources"].append({"id": f"{a}/objectReplicationPolicies/p", "name": "p", "type": "Microsoft.Storage/storageAccounts/objectReplicationPolicies",
                                      "properties": {"sourceAccount": a, "destinationAccount": b, "rules": []}})  # fmt: skip

    return change


def _instance(user: str | None = "carla", ssh: str = "Disabled", root: bool = False) -> Change:
    details: Document = {"vmSize": "STANDARD_DS3_V2", "sshSettings": {"sshPublicAccess": ssh}}
    if user:
        details["personalComputeInstanceSettings"] = {"assignedUser": {"objectId": guid("user", user), "tenantId": "t"}}
    return _child(CHURN, "computes", "ci", {"computeType": "ComputeInstance", "computeLocation": "westeurope", "disableLocalAuth": not root,
                                            "properties": details}, location="westeurope")  # fmt: skip


def _group(name: str, /, **facts: Any) -> Change:
    def change(document: Document) -> None:
        (found,) = (g for g in document["graph"]["groups"] if g["displayName"] == name)
        found.update(facts)

    return change


def _outbound(destination: Any, workspace: str = CHURN) -> Change:
    return _child(workspace, "outboundRules", "out", {"type": "FQDN", "destination": destination, "status": "Active"})


def _directory_role(who: str) -> Change:
    def change(document: Document) -> None:
        document["graph"]["directoryRoleDefinitions"] = [
            {"id": GLOBAL_ADMINISTRATOR, "templateId": GLOBAL_ADMINISTRATOR, "displayName": "Global Administrator"}
        ]
        document["graph"]["directoryRoleAssignments"] = [
            {
                "id": "a1",
                "principalId": guid("user", who),
                "roleDefinitionId": GLOBAL_ADMINISTRATOR,
                "directoryScopeId": "/",
            }
        ]

    return change


def _both(*changes: Change) -> Change:
    def change(document: Document) -> None:
        for one in changes:
            one(document)

    return change


@cache
def _as_planted(intent: str) -> frozenset[tuple[str, str]]:
    return frozenset(pairs(scanned(tenant("contoso"), _intent(intent))))


def _intent(pattern: str) -> Scenario:
    return replace(scenario("contoso"), patterns=(pattern,))


def _new(change: Change, pattern: str = "contoso") -> set[tuple[str, str]]:
    document = tenant("contoso")
    change(document)
    return pairs(scanned(document, _intent(pattern))) - _as_planted(pattern)


CASES: dict[str, tuple[Change, set[tuple[str, str]]]] = {
    "a datastore keeps a key": (
        lambda d: next(r for r in d["resources"] if r["id"] == f"{CHURN}/datastores/training")["properties"].update(credentials={"credentialsType": "AccountKey"}),
        {("ACC12", "training")},
    ),
    "a workspace opens its account by key": (
        _both(_properties("mlw-churn-prod", systemDatastoresAuthMode="AccessKey"), _properties("stchurnprod", allowSharedKeyAccess=True)),
        {("ACC35", "mlw-churn-prod"), ("ACC11", "stchurnprod")},
    ),
    "live data is replicated into development": (_replicated("dlchurnprod", "dlchurndev"), {("ACC14", "dlchurnprod")}),
    "live data is replicated within production": (_replicated("dlchurnprod", "dlvisionprod"), set()),
    "a development store says it holds live data": (
        lambda d: _resource(d, "dlchurndev")["tags"].update({"data-class": "live"}),
        {("ACC33", "dlchurndev"), ("ACC34", "training")},
    ),
    "a datastore of development leads to live data": (_store(CHURN_DEV, "dlchurnprod", f"{PROD}/rg-churn-prod"), {("ACC34", "extra")}),
    "an endpoint answers to a key": (_properties("churn-prod", "onlineEndpoints", authMode="Key"), {("ACC16", "churn-prod")}),
    "an instance for somebody of production": (_instance("noah"), set()),
    "an instance for somebody who also works in qa": (_instance("dario"), {("ACC37", "ci")}),
    "an instance for a disabled account": (_instance("old"), {("ACC18", "ci")}),
    "an instance with root": (_instance("noah", root=True), {("ACC38", "ci")}),
    "an instance with SSH": (_instance("noah", ssh="Enabled"), {("ACC38", "ci")}),
    "no managed network": (_properties("mlw-churn-prod", managedNetwork={"isolationMode": "Disabled"}), {("ACC19", "mlw-churn-prod")}),
    "a managed network that lets anything out": (
        _properties("mlw-churn-prod", managedNetwork={"isolationMode": "AllowInternetOutbound"}), {("ACC39", "mlw-churn-prod")},
    ),
    "an outbound rule to anywhere": (_outbound("*"), {("ACC39", "mlw-churn-prod")}),
    "an outbound rule for the internet": (_outbound({"serviceTag": "Internet", "protocol": "TCP"}), {("ACC39", "mlw-churn-prod")}),
    "an outbound rule that is refused": (_outbound({"serviceTag": "Internet", "action": "Deny"}), set()),
    "an outbound rule to one host": (_outbound("pypi.org"), set()),
    "an approved group anybody may change": (_group("grp-churn-mle-prod", isAssignableToRole=False), {("ACC21", "grp-churn-mle-prod")}),
    "a group of onlookers anybody may change": (_group("grp-churn-ds-prod", isAssignableToRole=False), set()),
    "a group in a restricted unit": (_group("grp-churn-mle-prod", isAssignableToRole=False, isManagementRestricted=True), set()),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_one_change_is_found_by_the_rules_about_it_and_no_others(case: str) -> None:
    change, wanted = CASES[case]
    assert _new(change) == wanted


def test_an_instance_that_does_not_say_whose_it_is_cannot_be_judged() -> None:
    document = tenant("contoso")
    _instance(None)(document)
    assert {("ACC18", "ci"), ("ACC37", "ci")} <= pairs(scanned(document, scenario("contoso")), "unknown")


def test_a_directory_role_is_reported_once_for_the_tenant() -> None:
    assert _new(_directory_role("ana")) == {("ACC22", "Contoso")}
    assert _new(_directory_role("bg1")) == set()
    assert _new(_directory_role("mia")) == set()


def test_a_role_over_a_part_of_the_directory_is_not_one_over_all_of_it() -> None:
    """Whether readers are in an administrative unit, nobody says; a role over one application is as good as owning that."""
    document = tenant("contoso")
    _directory_role("ana")(document)
    (held,) = document["graph"]["directoryRoleAssignments"]
    helpdesk, applications = "729827e3-9c14-49f7-bb1b-9608f156bbb8", "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"
    held |= {
        "roleDefinitionId": helpdesk,
        "directoryScopeId": "/administrativeUnits/77777777-0000-0000-0000-000000000001",
    }
    found = scanned(document, scenario("contoso"))
    assert ("ACC22", "Contoso") in pairs(found, "unknown") and ("ACC22", "Contoso") not in pairs(found, "fail")
    legacy = next(item for item in document["graph"]["servicePrincipals"] if item["displayName"] == "sp-legacy-iac")
    held |= {"roleDefinitionId": applications, "directoryScopeId": f"/{legacy['id']}"}
    found = scanned(document, scenario("contoso"))
    assert ("ACC22", "Contoso") not in pairs(found, "unknown") | pairs(found, "fail")
    estate = build(snapshot_of(document))
    ana, workload = estate.node(guid("user", "ana")), estate.node(legacy["id"])
    assert ana is not None and list(estate.neighbours(ana, "owns")) == [workload]


def test_an_owner_of_a_group_of_production_is_an_administrator_or_a_finding() -> None:
    document = tenant("contoso")
    _group("grp-churn-mle-prod", **{"x-owners": [guid("user", "ben")]})(document)
    told = [s.finding for s in scanned(document, scenario("contoso")).settled if "Ben, who owns" in s.finding.message]
    assert [finding.rule for finding in told] == ["ACC01"]  # once, with the data it opens
    assert [step.edge for step in told[0].chains[1].steps] == ["may-join", "granted", "reaches"]
    administrator = _new(_group("grp-churn-mle-prod", **{"x-owners": [guid("user", "mia")]}))
    assert "ACC20" not in {rule for rule, _ in administrator}
    assert _new(_group("grp-churn-ds-dev", **{"x-owners": [guid("user", "ben")]})) == set()


def test_a_key_kept_in_development_is_a_door_of_the_limited_environment() -> None:
    change = _store(CHURN_DEV, "stpricingarchive", f"{PROD}/rg-pricing-prod", "AccountKey")
    found = _new(change, "limited-and-production")
    assert {
        ("ACC34", "extra"),
        ("ACC12", "extra"),
        ("ACC03", "stpricingarchive"),
        ("ACC07", "stpricingarchive"),
    } <= found
    assert not {("ACC04", "stpricingarchive"), ("ACC30", "stpricingarchive")} & found


def _may_write(group: str) -> Change:
    """The identity of a development workspace may write live data, itself or by a group it is put in."""

    def change(document: Document) -> None:
        lake = f"{PROD}/rg-churn-prod/providers/Microsoft.Storage/storageAccounts/dlchurnprod"
        role = f"/providers/Microsoft.Authorization/roleDefinitions/{ROLES['Storage Blob Data Contributor'][0]}"
        identity = _resource(document, "mlw-churn-dev")["identity"]["principalId"]
        if group:
            (found,) = (g for g in document["graph"]["groups"] if g["displayName"] == group)
            found["x-members"].append(identity)
        facts = {"scope": lake, "roleDefinitionId": role, "principalId": guid("group", group) if group else identity,
                 "principalType": "Group" if group else "ServicePrincipal"}  # fmt: skip
        document["roleAssignments"].append({"id": f"{lake}/providers/Microsoft.Authorization/roleAssignments/x", "name": "x",
                                            "type": "Microsoft.Authorization/roleAssignments", "properties": facts})  # fmt: skip

    return change


@pytest.mark.parametrize("group", ["", "grp-auditors"])
def test_an_identity_of_development_must_not_write_production(group: str) -> None:
    assert ("ACC09", "dlchurnprod") in _new(_may_write(group), "multi-environment")
    assert ("ACC07", "dlchurnprod") in _new(_may_write(group), "limited-and-production")
    assert not {"ACC07", "ACC09"} & {rule for rule, _ in _new(_may_write(group))}


def test_a_private_endpoint_into_production_is_a_door_of_the_limited_environment() -> None:
    lake = f"{PROD}/rg-churn-prod/providers/Microsoft.Storage/storageAccounts/dlchurnprod"
    way = _outbound({"serviceResourceId": lake, "subresourceTarget": "dfs"}, CHURN_DEV)
    assert _new(way, "limited-and-production") == {("ACC41", "mlw-churn-dev")}
    assert _new(way) == set()


def test_training_on_production_data_is_for_a_select_group() -> None:
    store = _store(CHURN_DEV, "dlchurnprod", f"{PROD}/rg-churn-prod")
    assert ("ACC08", "mlw-churn-dev") in _new(store, "multi-environment")


def _with_row(**facts: Any) -> Scenario:
    def changed(row: RoleRow) -> RoleRow:
        return replace(row, **facts) if (row.role, row.environment) == ("ml-engineer", "production") else row

    return replace(_intent("multi-environment"), roles=tuple(changed(row) for row in scenario("contoso").roles))


def _standing(end: str | None = None) -> Document:
    """The engineers of churn no longer have to activate reading live data."""
    document = tenant("contoso")
    group, role = guid("group", "grp-churn-mle-prod"), ROLES["Storage Blob Data Reader"][0]
    (found,) = (e for e in document["roleEligibilityScheduleInstances"]
                if e["properties"]["principalId"] == group and e["properties"]["roleDefinitionId"].endswith(role))  # fmt: skip
    document["roleEligibilityScheduleInstances"].remove(found)
    facts = {k: v for k, v in found["properties"].items() if k not in ("memberType", "status")}
    name = guid("standing")
    array = "roleAssignments" if end is None else "roleAssignmentScheduleInstances"
    for place in {"roleAssignments", array}:
        more = (
            {}
            if place == "roleAssignments"
            else {"endDateTime": end, "assignmentType": "Assigned", "memberType": "Direct"}
        )
        document[place].append({"id": f"{facts['scope']}/providers/Microsoft.Authorization/{place}/{name}", "name": name,
                                "type": f"Microsoft.Authorization/{place}", "properties": {**facts, **more}})  # fmt: skip
    return document


def _rules(document: Document, intent: Scenario, outcome: str = "fail") -> set[str]:
    return {rule for rule, _ in pairs(scanned(document, intent), outcome)}


def test_access_for_incidents_is_activated() -> None:
    assert "ACC17" not in _rules(tenant("contoso"), _with_row())
    assert "ACC17" in _rules(_standing(), _with_row(by=None))
    assert "ACC17" not in _rules(_standing(), _with_row(by=None, purpose=None))


def test_access_ends_where_its_row_wants_it_to() -> None:
    wanted = _with_row(by=None, purpose=None, expires=90)
    assert "ACC15" not in _rules(tenant("contoso"), wanted)
    assert "ACC15" in _rules(_standing(), wanted)
    assert "ACC15" not in _rules(_standing("2027-01-31T00:00:00Z"), wanted)
    assert "ACC15" not in _rules(_standing(), _with_row(by=None, purpose=None))


def test_access_that_stays_is_reviewed_where_its_row_wants_that() -> None:
    wanted = _with_row(by=None, purpose=None, review=90)
    assert "ACC42" in _rules(_standing(), wanted)
    assert "ACC42" not in _rules(tenant("contoso"), wanted) | _rules(tenant("contoso"), wanted, "unknown")


def test_readers_are_in_the_countries_of_their_row() -> None:
    wanted, document = _with_row(countries=("Norway",)), tenant("contoso")
    for user in document["graph"]["users"]:
        user["usageLocation"] = "NO"
    assert not {"ACC23", "ACC40"} & _rules(document, wanted)
    (noah,) = (u for u in document["graph"]["users"] if u["displayName"] == "Noah")
    noah["usageLocation"] = "SE"
    assert {"ACC23", "ACC40"} & _rules(document, wanted) == {"ACC23"}
    noah["usageLocation"] = None
    assert {"ACC23", "ACC40"} & _rules(document, wanted) == {"ACC40"}
