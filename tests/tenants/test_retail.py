"""The tenant a careful organisation has by the shipped scenario is clean; with one thing changed, exactly the rules about it fire."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from scanner.collect import Secret, Settings, run
from scanner.findings import Report
from scanner.simulator import Simulator
from scanner.snapshot import Coverage
from tests.support.scan import FIXTURES, pairs, report_of, rules, scanned, scenario, tenant
from tests.tenants import retail
from tests.tenants.builder import guid

Document = dict[str, Any]
Change = Callable[[Document], None]
LAKE = retail.lake_id("pricing", "prod")
PRODUCTION = retail.group_id("pricing", "prod")
POLICIES = (
    f"/subscriptions/{retail.subscription_id('prod')}/resourceGroups/rg-ml-policies/providers/"
    "Microsoft.ManagedIdentity/userAssignedIdentities/id-ml-policy"
)
WORKSPACE = retail.workspace_id("pricing", "prod")


@cache
def _report() -> Report:
    return scanned(tenant("multi-environment"), scenario("multi-environment"))


def test_the_scenario_is_the_shipped_one() -> None:
    shipped = Path(__file__).parent.parent.parent / "rules" / "scenarios" / "multi-environment.yaml"
    beside = FIXTURES / "multi-environment" / "scenario.yaml"
    without = [
        [line for line in p.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
        for p in (shipped, beside)
    ]
    assert without[0] == without[1]


def test_a_tenant_built_from_its_scenario_is_clean() -> None:
    assert pairs(_report()) == set()
    assert pairs(_report(), "unknown") == set()
    assert {result.rule.id for result in _report().results} == {rule.info.id for rule in rules()}


def test_it_is_clean_when_read_over_http() -> None:
    with Simulator(tenant("multi-environment"), page_size=7) as simulator:
        snapshot = run(Settings(cloud=simulator.url, ca_bundle=simulator.ca_bundle, tenant=simulator.tenant_id, regions=("westeurope",),
                                secret=Secret(simulator.client_id, simulator.client_secret), backoff=0.01))  # fmt: skip
    report = report_of(snapshot, scenario("multi-environment"))
    assert [c for c in snapshot.coverage if c.outcome != "complete"] == []
    assert pairs(report) | pairs(report, "unknown") == set()


def test_the_rules_had_something_to_judge() -> None:
    judged = {r.rule.id for r in _report().results if r.judged and r.passed == r.judged}
    assert {"ACC01", "ACC02", "ACC04", "ACC05", "ACC12", "ACC16", "ACC17", "ACC20", "ACC21", "ACC22", "ACC32", "SOD01", "SOD05", "SOD08",
            "SOD09", "SOD13", "SOD16", "SOD17", "SOD21", "SOD22", "SOD23", "SOD34", "SOD35", "SOD36", "SOD37", "SOD38", "SOD39", "QUO01",
            "QUO03", "RES01", "RES06", "EST01", "EST02"} <= judged  # fmt: skip


def test_what_the_platform_and_administrators_reach_is_listed_and_no_finding() -> None:
    reach = {(row[0], row[1].partition(" for ")[2].partition(" (")[0]) for row in _report().accepted_reach}
    assert reach >= {
        ("administrators", "grp-ml-platform"), ("platform", "Microsoft Defender for Cloud"), ("platform", "policy-prod"),
        ("platform", "policy-top"), ("platform", "id-ml-policy"), ("platform", "identity of mlw-pricing-prod"),
        ("platform", "identity of pricing-api"),
    }  # fmt: skip
    assert {kind for kind, who in reach if who == "grp-ml-platform"} == {"administrators"}


def _grant(who: str, kind: str, role: str, scope: str) -> Change:
    def change(document: Document) -> None:
        lists = {"Group": "group", "User": "user", "ServicePrincipal": "sp"}
        type_ = "Microsoft.Authorization/roleAssignments"
        name = guid("new", who, role, scope)
        document["roleAssignments"].append({"id": f"{scope}/providers/{type_}/{name}", "name": name, "type": type_, "properties": {
            "scope": scope, "principalId": guid(lists[kind], who), "principalType": kind,
            "roleDefinitionId": f"/providers/Microsoft.Authorization/roleDefinitions/{retail.RETAIL_ROLES[role][0]}"}})  # fmt: skip

    return change


def _eligible(who: str, role: str, scope: str) -> Change:
    """The same eligibility as a group's, for a person by name."""

    def change(document: Document) -> None:
        array = "roleEligibilityScheduleInstances"
        name = guid("new", who, role, scope)
        document[array].append({"id": f"{scope}/providers/Microsoft.Authorization/{array}/{name}", "name": name,
            "type": f"Microsoft.Authorization/{array}", "properties": {
                "scope": scope, "principalId": guid("user", who), "principalType": "User", "memberType": "Direct", "status": "Provisioned",
                "roleDefinitionId": f"/providers/Microsoft.Authorization/roleDefinitions/{retail.RETAIL_ROLES[role][0]}"}})  # fmt: skip

    return change


def _stored_key(document: Document) -> None:
    (store,) = (r for r in document["resources"] if r["id"] == f"{WORKSPACE}/datastores/lake")
    store["properties"]["credentials"] = {"credentialsType": "AccountKey"}


def _owner(group: str, who: str) -> Change:
    def change(document: Document) -> None:
        (found,) = (g for g in document["graph"]["groups"] if g["displayName"] == group)
        found["x-owners"].append(guid("user", who))

    return change


def _subject(subject: str) -> Change:
    def change(document: Document) -> None:
        (found,) = (a for a in document["graph"]["applications"] if a["displayName"] == "id-ml-release")
        found["x-federatedIdentityCredentials"].append({"id": guid("fic", subject), "name": "more", "subject": subject,
            "issuer": "https://token.actions.githubusercontent.com", "audiences": ["api://AzureADTokenExchange"]})  # fmt: skip

    return change


def _also_on_a_compute(document: Document) -> None:
    """The policies' identity is attached to a cluster of development as well."""
    (cluster,) = (
        r for r in document["resources"] if r["id"] == f"{retail.workspace_id('pricing', 'dev')}/computes/cpu"
    )
    (policies,) = (r for r in document["resources"] if r["name"] == "id-ml-policy")
    cluster["identity"]["userAssignedIdentities"][policies["id"]] = {
        "principalId": guid("sp", "id-ml-policy"), "clientId": guid("app", "id-ml-policy")}  # fmt: skip


BROKEN: dict[str, tuple[Change, set[str]]] = {
    "a scientist is eligible for what the incident team is": (_eligible("dana", "Storage Blob Data Reader", LAKE), {"ACC01", "SOD09"}),
    "a scientist holds what the incident team activates": (_grant("dana", "User", "Storage Blob Data Reader", LAKE), {"ACC01", "SOD09"}),
    "a datastore of production keeps a key": (_stored_key, {"ACC12"}),
    "a compute of development reads data of production": (
        _grant("id-pricing-dev-compute", "ServicePrincipal", "Storage Blob Data Reader", LAKE), {"ACC01", "ACC04", "SOD07"}),
    "an approver may release": (_grant("mila", "User", "Retail ML Releaser", PRODUCTION), {"ACC04", "SOD02", "SOD08", "SOD09"}),
    "an auditor may release": (_grant("axel", "User", "Retail ML Releaser", PRODUCTION), {"ACC04", "SOD08", "SOD09"}),
    "a scientist owns the group of production": (_owner("grp-ml-incident", "dana"), {"ACC01"}),  # and nothing of ACC20 or SOD12
    "any pull request may sign in as the release": (_subject("repo:retail/ml:pull_request"), {"ACC06", "SOD16"}),
    "another repository may sign in as the release": (_subject("repo:retail/web:environment:production"), {"ACC06", "SOD16"}),
    "scientists may let outsiders sign in as the identity of policies": (
        _grant("grp-ds-dev", "Group", "Contributor", POLICIES), {"ACC06", "ACC32"}),
    "an identity of policies runs jobs beside": (_also_on_a_compute, {
        "ACC02", "ACC04", "ACC06", "ACC09", "ACC24", "ACC32", "SOD01", "SOD04", "SOD05", "SOD07", "SOD10", "SOD17", "EST10"}),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_one_change_is_found_by_the_rules_about_it_and_no_others(case: str) -> None:
    change, wanted = BROKEN[case]
    document = tenant("multi-environment")
    change(document)
    report = scanned(document, scenario("multi-environment"))
    assert {rule for rule, _ in pairs(report)} == wanted
    assert pairs(report, "unknown") == set()


def _group_of_computes(*stages: str) -> Document:
    """One group for the identities of computes, with one data role at production's subscription instead of many below."""
    t = retail.build()
    members = [f"id-{team}-{stage}-compute" for team in retail.TEAMS for stage in stages]
    t.directory_group("grp-ml-computes-prod", members, isAssignableToRole=True)
    t.assign("grp-ml-computes-prod", "Storage Blob Data Reader", f"/subscriptions/{retail.subscription_id('prod')}")
    return t.document


def test_a_group_of_the_environments_own_computes_needs_no_row() -> None:
    report = scanned(_group_of_computes("prod"), scenario("multi-environment"))
    assert pairs(report) | pairs(report, "unknown") == set()
    mixed = pairs(scanned(_group_of_computes("prod", "dev"), scenario("multi-environment")))
    assert {rule for rule, _ in mixed} == {"ACC01", "ACC04", "SOD07", "SOD22"}


def test_whether_a_group_of_computes_needs_a_row_is_unknown_where_computes_were_not_read() -> None:
    hidden = retail.workspace_id("forecast", "dev").lower()
    report = scanned(
        _group_of_computes("prod"), scenario("multi-environment"), [Coverage("compute", hidden, "forbidden")]
    )
    assert pairs(report) == set()
    assert ("SOD22", "Storage Blob Data Reader on sub-ml-prod for grp-ml-computes-prod") in pairs(report, "unknown")


@pytest.mark.parametrize(
    ("kind", "scope"),
    [("policy-assignment", retail.TOP.lower()), ("compute", retail.workspace_id("pricing", "dev").lower())],
)
def test_whose_an_identity_is_stays_open_where_its_policies_or_hosts_were_not_read(kind: str, scope: str) -> None:
    report = scanned(tenant("multi-environment"), scenario("multi-environment"), [Coverage(kind, scope, "forbidden")])
    assert pairs(report) == set()
    unknown = {rule for rule, _ in pairs(report, "unknown")}
    assert {"ACC02", "ACC04", "ACC24", "SOD01", "SOD05", "SOD07", "SOD10", "SOD17"} <= unknown
