"""What the scenario's structure promises, on sample tenants with one thing changed: units, rooms, locks, tags, references, who creates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from scanner.findings import Report
from scanner.graph.records import RECORDS
from scanner.scenario.load import load
from scanner.snapshot import Coverage
from tests.support.scan import FIXTURES, report_of, rules, scenario, tenant
from tests.support.tenants import snapshot_of
from tests.tenants import retail
from tests.tenants.builder import ROLES, guid
from tests.tenants.test_tenants import _gaps_of as gaps_of

Document = dict[str, Any]
Change = Callable[[Document], None]
GROUP = retail.group_id("pricing", "prod")
WORKSPACE = retail.workspace_id("pricing", "prod")
LAKE = retail.lake_id("pricing", "prod")
OUTSIDE = "99999999-aaaa-bbbb-cccc-999999999999"
_CHOSEN = tuple(rule for rule in rules() if rule.info.id.startswith("EST"))
_ML = "Microsoft.MachineLearningServices/workspaces"


def _report(document: Document, name: str, gaps: tuple[Coverage, ...] = ()) -> Report:
    return report_of(snapshot_of(document, gaps), scenario(name), chosen=_CHOSEN)


def _said(report: Report, outcome: str = "fail") -> set[tuple[str, str]]:
    return {(s.finding.rule, s.finding.subject.name) for s in report.settled if s.finding.outcome == outcome}


@cache
def _compliant(name: str) -> Document:
    return tenant(name)


def _changed(name: str, change: Change) -> Document:
    document = deepcopy(_compliant(name))
    change(document)
    return document


def _resource(document: Document, arm_id: str) -> dict[str, Any]:
    found: dict[str, Any]
    (found,) = (r for array in ("resources", "resourceGroups") for r in document[array] if r["id"] == arm_id)
    return found


def _without(document: Document, test: Callable[[Mapping[str, Any]], bool]) -> None:
    document["resources"] = [r for r in document["resources"] if not test(r)]


def _tags(arm_id: str, **tags: str | None) -> Change:
    def change(document: Document) -> None:
        found = _resource(document, arm_id)
        found["tags"] = {k: v for k, v in {**found.get("tags", {}), **tags}.items() if v is not None}

    return change


def _all(*changes: Change) -> Change:
    def change(document: Document) -> None:
        for part in changes:
            part(document)

    return change


def _unlocked(document: Document) -> None:
    _without(document, lambda r: r["id"].startswith(f"{GROUP}/providers/Microsoft.Authorization/locks"))


def _another_workspace(group: str, name: str, **tags: str) -> Change:
    def change(document: Document) -> None:
        like = _resource(
            document, next(r["id"] for r in document["resources"] if r["type"] == _ML and r["id"].startswith(group))
        )
        document["resources"].append(
            {**like, "id": f"{group}/providers/{_ML}/{name}", "name": name, "tags": {**like["tags"], **tags}}
        )

    return change


def _deleted(arm_id: str) -> Change:
    return lambda document: _without(document, lambda r: r["id"] == arm_id or r["id"].startswith(f"{arm_id}/"))


def _granted(who: str, role: str, scope: str, condition: str | None = None) -> Change:
    def change(document: Document) -> None:
        document["roleAssignments"].append({
            "id": f"{scope}/providers/Microsoft.Authorization/roleAssignments/{guid('extra', who, role, scope)}", "name": guid("extra", who, role, scope),
            "properties": {"principalId": guid("group", who), "principalType": "Group", "scope": scope, "condition": condition,
                           "roleDefinitionId": f"/providers/Microsoft.Authorization/roleDefinitions/{ROLES[role][0]}"}})  # fmt: skip

    return change


def _outside(document: Document) -> None:
    document["subscriptions"].append({
        "id": f"/subscriptions/{OUTSIDE}", "subscriptionId": OUTSIDE, "displayName": "sub-lab", "state": "Enabled",
        "tenantId": retail.TENANT, "x-managementGroup": retail.TENANT})  # fmt: skip
    group = f"/subscriptions/{OUTSIDE}/resourceGroups/rg-lab"
    document["resourceGroups"].append(
        {"id": group, "name": "rg-lab", "location": "westeurope", "type": "Microsoft.Resources/resourceGroups"}
    )
    document["resources"].append(
        {
            "id": f"{group}/providers/{_ML}/mlw-lab",
            "name": "mlw-lab",
            "type": _ML,
            "location": "westeurope",
            "properties": {},
        }
    )


DEV = retail.group_id("pricing", "dev")
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-pricing-prod-compute"
CASES: dict[str, tuple[Change, set[tuple[str, str]]]] = {
    "the lock of production is gone": (_unlocked, {("EST07", "mlw-pricing-prod")}),
    "a workspace of production lost its owner": (_tags(WORKSPACE, owner=None), {("EST17", "mlw-pricing-prod")}),
    "a demanded tag in other letters, and empty": (_tags(WORKSPACE, owner=None, Owner=""), {("EST17", "mlw-pricing-prod")}),
    "a demanded tag in other letters": (_tags(WORKSPACE, owner=None, Owner="x"), set()),
    "nobody says whose a workspace is": (_all(_tags(WORKSPACE, team=None), _tags(GROUP, team=None)), {("EST13", "mlw-pricing-prod")}),
    "its group says whose it is": (_tags(WORKSPACE, team=None), set()),
    "a team has a second workspace in its group": (
        _another_workspace(DEV, "mlw-more"), {("EST03", "pricing in development"), ("EST14", "rg-pricing-dev")}),
    "another team's workspace stands in the group": (
        _another_workspace(DEV, "mlw-more", team="fraud"), {("EST14", "rg-pricing-dev")}),
    "an account says another environment than its group": (_tags(LAKE, environment="dev"), {("EST09", "dlpricingprod")}),
    "a workspace says another environment than its group": (
        _tags(WORKSPACE, environment="test"),
        {("EST09", "mlw-pricing-prod"), ("EST03", "pricing in test")}),
    "the account a datastore leads to was deleted": (_deleted(LAKE), {("EST06", "mlw-pricing-prod")}),
    "the identity of a cluster was deleted": (_deleted(IDENTITY), {("EST16", "cpu")}),
    "scientists contribute to a group": (
        _granted("grp-ds-dev", "Contributor", DEV), {("EST10", "Contributor on rg-pricing-dev for grp-ds-dev")}),
    "scientists contribute to what is no part of it": (
        _granted("grp-ds-dev", "Contributor", f"/subscriptions/{retail.subscription_id('test')}/resourceGroups/rg-etl"), set()),
    "a workspace in a subscription of nobody's scope": (_outside, {("EST11", "Retail")}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_one_change_of_the_structure_is_found_and_nothing_else(case: str) -> None:
    change, wanted = CASES[case]
    report = _report(_changed("multi-environment", change), "multi-environment")
    assert _said(report) == wanted
    assert _said(report, "unknown") == set()


def test_a_compliant_tenant_has_all_of_it_to_judge() -> None:
    report = _report(_compliant("multi-environment"), "multi-environment")
    judged = {r.rule.id for r in report.results if r.judged and r.passed == r.judged}
    assert judged >= {"EST03", "EST06", "EST07", "EST09", "EST10", "EST11", "EST13", "EST14", "EST16", "EST17"}


def test_what_the_scenario_excepts_by_name_is_nobodys_oversight(tmp_path: Path) -> None:
    text = (FIXTURES / "multi-environment" / "scenario.yaml").read_text(encoding="utf-8")
    path = tmp_path / "scenario.yaml"
    path.write_text(
        text.replace("management-groups: [mg-ml]", "management-groups: [mg-ml], except: [sub-lab]"), encoding="utf-8"
    )
    document = _changed("multi-environment", _outside)
    report = report_of(snapshot_of(document), load(path, "s.yaml"), chosen=_CHOSEN)
    assert _said(report) == set()


def test_a_snapshot_of_a_part_says_nothing_of_the_rest_and_never_that_something_is_gone() -> None:
    """What lies outside what was asked for is a gap, not absence."""
    document = _changed("multi-environment", _all(_outside, _deleted(LAKE)))
    snapshot = snapshot_of(document)
    part = replace(snapshot, manifest=msgspec.structs.replace(snapshot.manifest, scope=("rg-pricing-prod",)))
    report = report_of(part, scenario("multi-environment"), chosen=_CHOSEN)
    assert _said(report) == set()
    assert ("EST06", "mlw-pricing-prod") in _said(report, "unknown")


def test_what_lies_in_a_group_that_was_left_out_is_not_gone() -> None:
    document = _compliant("multi-environment")
    elsewhere = deepcopy(document)
    group = f"{GROUP.rpartition('/')[0]}/rg-shared-data"
    store = next(r for r in elsewhere["resources"] if r["id"] == f"{WORKSPACE}/datastores/lake")
    store["properties"]["resourceGroup"], store["properties"]["accountName"] = "rg-shared-data", "dlshared"
    for exclude, outcome in (((), "fail"), ((group,), "unknown")):
        snapshot = snapshot_of(elsewhere)
        part = replace(snapshot, manifest=msgspec.structs.replace(snapshot.manifest, exclude=exclude))
        assert ("EST06", "mlw-pricing-prod") in _said(
            report_of(part, scenario("multi-environment"), chosen=_CHOSEN), outcome
        )


def _refused(kind: str, scope: str) -> tuple[Coverage, ...]:
    return (Coverage(kind, scope.lower(), "forbidden", status=403),)


@pytest.mark.parametrize(
    ("kind", "scope", "change", "lost"),
    [
        ("lock", f"/subscriptions/{retail.subscription_id('prod')}", _unlocked, ("EST07", "mlw-pricing-prod")),
        ("storage-account", f"/subscriptions/{retail.subscription_id('prod')}", _deleted(LAKE), ("EST06", "mlw-pricing-prod")),
        ("user-assigned-identity", f"/subscriptions/{retail.subscription_id('prod')}", _deleted(IDENTITY), ("EST16", "cpu")),
        ("role-definition", f"/subscriptions/{retail.subscription_id('dev')}", _granted("grp-ds-dev", "Contributor", DEV), ("EST10", "")),
        ("role-assignment", f"/subscriptions/{retail.subscription_id('dev')}", _granted("grp-ds-dev", "Contributor", DEV), ("EST10", "")),
        ("workspace", f"/subscriptions/{retail.subscription_id('dev')}", _another_workspace(DEV, "mlw-more"), ("EST14", "rg-pricing-dev")),
        ("workspace", f"/subscriptions/{retail.subscription_id('dev')}", _another_workspace(DEV, "mlw-more"), ("EST03", "")),
    ],
)  # fmt: skip
def test_a_list_nobody_could_read_leaves_it_open(kind: str, scope: str, change: Change, lost: tuple[str, str]) -> None:
    report = _report(_changed("multi-environment", change), "multi-environment", _refused(kind, scope))
    rule, name = lost
    found = {
        s.finding for s in report.settled if s.finding.rule == rule and (not name or s.finding.subject.name == name)
    }
    assert found
    assert all(f.outcome == "fail" or any(gap.kind == kind for gap in f.gaps) for f in found)


def _everything_wrong(document: Document) -> None:
    forecast = retail.workspace_id("forecast", "prod")
    for change in (
        _unlocked, _tags(WORKSPACE, owner=None), _tags(forecast, team=None), _tags(retail.group_id("forecast", "prod"), team=None),
        _another_workspace(DEV, "mlw-more"), _tags(retail.lake_id("forecast", "prod"), environment="dev"), _deleted(LAKE), _deleted(IDENTITY),
        _granted("grp-ds-dev", "Contributor", DEV), _outside,
    ):  # fmt: skip
        change(document)


@pytest.mark.parametrize("kind", ["management-group", "resource-group", "workspace", "ml-registry", "model-account", "storage-account", "compute",
                                  "datastore", "user-assigned-identity", "lock", "role-assignment", "role-definition", "deny-assignment", "group",
                                  "group-member", "service-principal", "resource"])  # fmt: skip
def test_without_a_list_no_finding_becomes_a_pass_and_none_is_invented(kind: str) -> None:
    document = _changed("multi-environment", _everything_wrong)
    whole = _report(document, "multi-environment")
    blind = _report(document, "multi-environment", tuple(gaps_of(kind, document)))
    unknown = _said(blind, "unknown")
    doubted = {rule for rule, _ in unknown}
    lost = {
        (rule, name)
        for rule, name in _said(whole) - _said(blind)
        if (rule, name) not in unknown and rule not in doubted
    }
    assert lost == set()
    assert _said(blind) <= _said(whole)
    assert {gap.permission for s in blind.settled for gap in s.finding.gaps if gap.permission} <= {
        RECORDS[kind].permission
    }


# -- the room to explore, who creates, who pays: the pattern of Contoso ---------------------------------------------------


def _contoso(change: Change | None = None) -> Report:
    return _report(_changed("contoso-compliant", change or (lambda document: None)), "contoso-compliant")


def _explore(document: Document) -> dict[str, Any]:
    return next(r for r in document["resources"] if r["type"] == _ML and "/rg-ml-explore/" in r["id"])


def _second_room(document: Document) -> None:
    first = _explore(document)
    name = "mlw-explore-more"
    document["resources"].append({**first, "id": first["id"].rpartition("/")[0] + "/" + name, "name": name})


def _no_room(document: Document) -> None:
    _deleted(_explore(document)["id"])(document)


def _guarded_datastore(document: Document) -> None:
    lake = next(r["id"] for r in document["resources"] if r["name"] == "dlchurnprod")
    parts = lake.split("/")
    document["resources"].append({
        "id": f"{_explore(document)['id']}/datastores/peek", "name": "peek", "type": f"{_ML}/datastores",
        "properties": {"datastoreType": "AzureDataLakeGen2", "accountName": parts[-1], "subscriptionId": parts[2], "resourceGroup": parts[4],
                       "credentials": {"credentialsType": "None"}}})  # fmt: skip


def _unpaid(budget: bool) -> Change:
    def change(document: Document) -> None:
        group = next(g for g in document["resourceGroups"] if g["name"] == "rg-churn-dev")
        group["tags"] = {k: v for k, v in group["tags"].items() if k != "solution"}
        if budget:
            document["resources"].append({"id": f"{group['id']}/providers/Microsoft.Consumption/budgets/monthly", "name": "monthly",
                                          "type": "Microsoft.Consumption/budgets", "properties": {"amount": 100}})  # fmt: skip
        else:
            document["resources"] = [
                r
                for r in document["resources"]
                if not r["id"].startswith(f"{group['id']}/providers/Microsoft.Consumption/")
            ]

    return change


def _creator(who: str, role: str, scope: str = "rg-churn-dev", condition: str | None = None) -> Change:
    def change(document: Document) -> None:
        group = next(g for g in document["resourceGroups"] if g["name"] == "rg-churn-dev")["id"]
        at = group if scope == "rg-churn-dev" else group.partition("/resourceGroups/")[0]
        _granted(who, role, at, condition)(document)

    return change


CONTOSO: dict[str, tuple[Change, set[str]]] = {
    "a second room to explore": (_second_room, {"EST04"}),
    "no room to explore": (_no_room, {"EST04"}),
    "the room leads to live data": (_guarded_datastore, {"EST15"}),
    "a group nobody pays for": (_unpaid(False), {"EST05"}),
    "a group with a budget instead of the tag": (_unpaid(True), set()),
    "auditors contribute to a group": (_creator("grp-auditors", "Contributor"), {"EST08", "EST10"}),
    "auditors contribute to a subscription": (
        _creator("grp-auditors", "Contributor", "subscription"),
        {"EST08", "EST10"},
    ),
    "auditors read": (_creator("grp-auditors", "Reader"), set()),
    "administrators contribute": (_creator("grp-it-administrators", "Contributor"), set()),
}


@pytest.mark.parametrize("case", CONTOSO)
def test_one_change_of_contoso_is_found_and_nothing_else(case: str) -> None:
    change, wanted = CONTOSO[case]
    report = _contoso(change)
    assert {rule for rule, _ in _said(report)} == wanted
    assert _said(report, "unknown") == set()


def test_a_subscription_is_where_groups_are_made_and_a_group_only_where_workspaces_are() -> None:
    for scope, what in (("rg-churn-dev", "workspace"), ("subscription", "resource group and workspace")):
        report = _contoso(_creator("grp-auditors", "Contributor", scope))
        (message,) = [s.finding.message for s in report.settled if s.finding.rule == "EST08"]
        assert message.endswith(f"create these: {what}")
