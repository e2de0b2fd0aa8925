"""Contoso with one thing changed: the separation rules about it fire, and no others of their kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from scanner.scenario.model import RoleRow, Scenario
from tests.support.scan import pairs, scanned, scenario, tenant
from tests.tenants.builder import ROLES, guid

PROD = "/subscriptions/66666666-aaaa-bbbb-cccc-666666666666"
NONPROD = "/subscriptions/66666666-aaaa-bbbb-cccc-777777777777"
SHARED = "/subscriptions/66666666-aaaa-bbbb-cccc-888888888888/resourceGroups/rg-ml-shared"
TOP = "/providers/Microsoft.Management/managementGroups/contoso-ml"
CHURN = f"{PROD}/resourceGroups/rg-churn-prod"
CHURN_QA = f"{NONPROD}/resourceGroups/rg-churn-qa"
REGISTRY = f"{SHARED}/providers/Microsoft.ContainerRegistry/registries/crcontosoml"
STORE = f"{CHURN}/providers/Microsoft.Storage/storageAccounts/stchurnprod"
LAKE = f"{CHURN}/providers/Microsoft.Storage/storageAccounts/dlchurnprod"
WORKSPACE = f"{CHURN}/providers/Microsoft.MachineLearningServices/workspaces/mlw-churn-prod"
Document = dict[str, Any]
Change = Callable[[Document], None]


def _grant(who: str, role: str, scope: str, kind: str = "Group", array: str = "roleAssignments", **more: Any) -> Change:
    """An assignment of a role of the builder, or of a GUID, to a group, user or service principal by name."""

    def change(document: Document) -> None:
        lists = {"Group": ("group", who), "User": ("user", who), "ServicePrincipal": ("sp", who)}
        role_id = ROLES[role][0] if role in ROLES else role
        facts = {"scope": scope, "roleDefinitionId": f"/providers/Microsoft.Authorization/roleDefinitions/{role_id}",
                 "principalId": guid(*lists[kind]), "principalType": kind, **more}  # fmt: skip
        name = guid("new", who, role, scope)
        document[array].append({"id": f"{scope}/providers/Microsoft.Authorization/{array}/{name}", "name": name,
                                "type": f"Microsoft.Authorization/{array}", "properties": facts})  # fmt: skip

    return change


def _role(role_id: str, *actions: str) -> Change:
    return lambda document: document["roleDefinitions"].append({
        "id": f"/providers/Microsoft.Authorization/roleDefinitions/{role_id}", "name": role_id, "type": "Microsoft.Authorization/roleDefinitions",
        "properties": {"roleName": role_id, "type": "CustomRole", "permissions": [{"actions": list(actions)}], "assignableScopes": ["/"]}})  # fmt: skip


def _object(kind: str, name: str) -> Callable[[Document], Document]:
    def find(document: Document) -> Document:
        found: Document
        (found,) = (o for o in document["graph"][kind] if o["displayName"] == name)
        return found

    return find


def _member(group: str, who: str) -> Change:
    return lambda document: _object("groups", group)(document)["x-members"].append(guid("user", who))


def _owner(group: str, who: str) -> Change:
    return lambda document: _object("groups", group)(document)["x-owners"].append(guid("user", who))


def _set(kind: str, name: str, /, **facts: Any) -> Change:
    return lambda document: _object(kind, name)(document).update(facts)


def _resource(name: str) -> Callable[[Document], Document]:
    def find(document: Document) -> Document:
        found: Document
        (found,) = (r for r in document["resources"] if r["id"] == name)
        return found

    return find


def _child(parent: str, type_: str, name: str, properties: Document, **more: Any) -> Change:
    whole = parent.rpartition("/providers/")[2].split("/")
    body = {
        "id": f"{parent}/{type_}/{name}",
        "name": name,
        "type": "/".join([whole[0], *whole[1::2], type_]),
        "properties": properties,
        **more,
    }
    return lambda document: document["resources"].append(body)


def _subject(application: str, subject: str) -> Change:
    return lambda document: _object("applications", application)(document)["x-federatedIdentityCredentials"].append(
        {"id": guid("fic", subject), "name": "more", "issuer": "https://token.actions.githubusercontent.com", "subject": subject, "audiences": ["x"]})  # fmt: skip


def _secret(document: Document) -> None:
    _object("applications", "id-churn-release")(document)["passwordCredentials"].append(
        {"keyId": guid("key"), "startDateTime": "2026-01-01T00:00:00Z", "endDateTime": "2099-01-01T00:00:00Z"}
    )


def _made_by(who: str) -> Change:
    def change(document: Document) -> None:
        (found,) = (
            a
            for a in document["roleAssignments"]
            if a["properties"]["principalId"] == guid("group", "grp-data-platform")
        )
        found["properties"]["createdBy"] = guid("user", who)

    return change


def _eligible_as(role: str) -> Change:
    """The engineers of churn are eligible for another role than that of operators."""

    def change(document: Document) -> None:
        for entry in document["roleEligibilityScheduleInstances"]:
            facts = entry["properties"]
            operators = facts["principalId"] == guid("group", "grp-churn-mle-prod")
            if operators and facts["roleDefinitionId"].endswith(ROLES["Contoso ML Operator"][0]):
                facts["roleDefinitionId"] = f"/providers/Microsoft.Authorization/roleDefinitions/{ROLES[role][0]}"

    return change


def _standing(document: Document) -> None:
    """The engineers of churn need not activate operating."""
    for entry in list(document["roleEligibilityScheduleInstances"]):
        facts = entry["properties"]
        operators = facts["principalId"] == guid("group", "grp-churn-mle-prod")
        if operators and facts["roleDefinitionId"].endswith(ROLES["Contoso ML Operator"][0]):
            document["roleEligibilityScheduleInstances"].remove(entry)
    _grant("grp-churn-mle-prod", "Contoso ML Operator", CHURN)(document)


def _all(*changes: Change) -> Change:
    def change(document: Document) -> None:
        for one in changes:
            one(document)

    return change


@cache
def _planted(pattern: str) -> frozenset[tuple[str, str]]:
    return frozenset(pairs(scanned(tenant("contoso"), _intent(pattern))))


def _intent(pattern: str = "contoso", **facts: Any) -> Scenario:
    return replace(scenario("contoso"), patterns=(pattern,), **facts)


def _new(change: Change, pattern: str = "contoso") -> set[tuple[str, str]]:
    """Findings of separation rules that the change adds, but for SOD09, which a direct assignment always adds."""
    document = tenant("contoso")
    change(document)
    found = pairs(scanned(document, _intent(pattern))) - _planted(pattern)
    return {(rule, subject) for rule, subject in found if rule.startswith("SOD") and rule != "SOD09"}


CASES: dict[str, tuple[Change, set[tuple[str, str]]]] = {
    "a trainer may write the account in which production keeps its models": (
        _grant("ana", "Storage Blob Data Contributor", STORE, "User"), {("SOD01", "Ana"), ("SOD05", "Ana"), ("SOD25", "Ana"), ("SOD11", "production")}),
    "an approver may release": (_member("grp-release-override", "carla"), {("SOD02", "Carla"), ("SOD08", "Carla"), ("SOD11", "production")}),
    "an administrator reads live data by a group": (_member("grp-churn-mle-prod", "mia"), {("SOD03", "Mia")}),
    "a trainer may ask for quota": (
        _all(_role("c0000000-0000-4000-8000-0000000000aa", "Microsoft.Quota/quotas/write"),
             _grant("ana", "c0000000-0000-4000-8000-0000000000aa", NONPROD, "User")), {("SOD04", "Ana")}),
    "a workspace of development may write live data": (_grant("mlw-churn-dev", "Storage Blob Data Contributor", LAKE, "ServicePrincipal"),
                                                       {("SOD07", "identity of mlw-churn-dev")}),
    "a trainer owns a group of operators, which opens data": (_owner("grp-churn-mle-prod", "ben"), set()),  # ACC01 tells of it
    "a trainer owns a group that opens no data": (_owner("grp-churn-ds-prod", "ana"), {("SOD12", "grp-churn-ds-prod")}),
    "an administrator owns a group of operators": (_owner("grp-churn-mle-prod", "mia"), set()),
    "people decide themselves whether the rule has them": (
        _set("groups", "grp-vision-mle-prod", membershipRule='user.mobile -startsWith "+31"'), {("SOD12", "grp-vision-mle-prod")}),
    "operating is always on": (_standing, {("SOD13", "Contoso ML Operator on rg-churn-prod for grp-churn-mle-prod")}),
    "somebody gave the group a role that she is in": (_made_by("zoe"), {("SOD14", "Storage Account Contributor on rg-pricing-prod for grp-data-platform")}),
    "somebody else gave the group its role": (_made_by("mia"), set()),
    "any pull request may sign in as the release": (_subject("id-churn-release", "repo:contoso/churn:pull_request"), {("SOD16", "id-churn-release")}),
    "the subject of another project may sign in as the release": (
        _subject("id-churn-release", "repo:contoso/vision:environment:production"), {("SOD16", "id-churn-release"), ("SOD16", "id-vision-release")}),
    "the release has a secret": (_secret, {("SOD26", "id-churn-release")}),
    "trainers may push images": (_grant("grp-churn-ds-dev", "Contributor", REGISTRY), {("SOD17", "crcontosoml")}),
    "the declared writer may push images": (_grant("id-it-vending", "Contributor", REGISTRY, "ServicePrincipal"), set()),
    "the admin user is on": (lambda d: _resource(REGISTRY)(d)["properties"].update(adminUserEnabled=True), {("SOD27", "crcontosoml")}),
    "a token of the registry": (_child(REGISTRY, "tokens", "ci", {"status": "enabled", "scopeMapId": f"{REGISTRY}/scopeMaps/_repositories_push"}), {("SOD28", "crcontosoml")}),
    "a task of the registry": (_child(REGISTRY, "tasks", "nightly", {"status": "Enabled"}, location="westeurope"), {("SOD29", "crcontosoml")}),
    "an emergency account from on premises": (_set("users", "Bg1", onPremisesSyncEnabled=True), {("SOD30", "Bg1")}),
    "an emergency account reads subscriptions": (_grant("bg1", "Reader", PROD, "User"), {("SOD31", "Bg1")}),
    "an emergency account owns a group": (_owner("grp-auditors", "bg1"), {("SOD32", "Bg1")}),
    "operators hold more than operating": (_eligible_as("Contributor"), {
        ("SOD20", "Contributor on rg-churn-prod for grp-churn-mle-prod"), ("SOD08", "Noah"), ("SOD08", "Gus"), ("SOD11", "production"),
        ("SOD17", "crchurnold")}),
    "approvers may deploy to test": (_grant("grp-churn-mle-qa", "Contoso ML Releaser", CHURN_QA),
                                     {("SOD33", "Contoso ML Releaser on rg-churn-qa for grp-churn-mle-qa")}),
    "operators who may not operate": (_eligible_as("Reader"), {("SOD34", "ml-engineer in production")}),
    "a group without a row": (_grant("grp-auditors", "Contoso ML Operator", CHURN),
                              {("SOD22", "Contoso ML Operator on rg-churn-prod for grp-auditors")}),
    "administrators are always on": (_grant("grp-it-administrators", "Owner", PROD), {("SOD38", "grp-it-administrators")}),
    "an administrator trains": (_member("grp-churn-ds-dev", "mia"), {("SOD40", "Mia")}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_one_change_is_found_by_the_rules_about_it_and_no_others(case: str) -> None:
    change, wanted = CASES[case]
    assert _new(change) == wanted


def test_what_a_person_put_into_production_is_a_finding_where_the_pattern_promises_a_path() -> None:
    model = f"{WORKSPACE}/models/churn/versions/1"

    def made(**facts: str) -> Change:
        return lambda document: _resource(model)(document).update(systemData=facts)

    by_hand = made(createdBy="Ana", createdByType="User")
    assert _new(by_hand) == set()
    assert _new(by_hand, "multi-environment") == {("SOD21", "churn:1")}
    released = made(createdBy=guid("app", "id-churn-release"), createdByType="Application")
    assert _new(released, "multi-environment") == set()
    stranger = made(createdBy=guid("app", "sp-odd"), createdByType="Application")
    assert _new(stranger, "multi-environment") == {("SOD21", "churn:1")}


def _rules(document: Document, intent: Scenario, outcome: str = "fail") -> set[str]:
    return {rule for rule, _ in pairs(scanned(document, intent), outcome)}


def test_administrators_and_emergency_accounts_are_counted() -> None:
    intent = scenario("contoso")
    assert intent.break_glass is not None
    few = tuple(replace(entry, at_most=1, approval="required") for entry in intent.administrators)
    narrow = _intent(administrators=few, break_glass=replace(intent.break_glass, at_most=1))
    assert _rules(tenant("contoso"), narrow) - _rules(tenant("contoso"), intent) == {"SOD18", "SOD24"}
    assert "SOD39" in _rules(tenant("contoso"), narrow, "unknown")  # what activating demands is not in the document


def _policy(group: str, role: str, scope: str, hours: str, mfa: bool, approvers: tuple[str, ...]) -> Change:
    stages = [
        {
            "primaryApprovers": [
                {"id": guid("group", a), "description": a, "isBackup": False, "userType": "Group"} for a in approvers
            ]
        }
    ]
    rules = [
        {"id": "Expiration_EndUser_Assignment", "ruleType": "RoleManagementPolicyExpirationRule", "maximumDuration": hours},
        {"id": "Enablement_EndUser_Assignment", "ruleType": "RoleManagementPolicyEnablementRule",
         "enabledRules": ["MultiFactorAuthentication"] if mfa else []},
        {"id": "Approval_EndUser_Assignment", "ruleType": "RoleManagementPolicyApprovalRule",
         "setting": {"isApprovalRequired": bool(approvers), "approvalStages": stages}},
    ]  # fmt: skip
    role_id = ROLES[role][0]
    name = f"{guid('pim', group)}_{role_id}"
    return lambda document: document["resources"].append({
        "id": f"{scope}/providers/Microsoft.Authorization/roleManagementPolicyAssignments/{name}", "name": name,
        "type": "Microsoft.Authorization/roleManagementPolicyAssignments",
        "properties": {"scope": scope, "roleDefinitionId": f"/providers/Microsoft.Authorization/roleDefinitions/{role_id}", "effectiveRules": rules}})  # fmt: skip


@pytest.mark.parametrize(
    ("hours", "mfa", "approvers", "wanted"),
    [
        ("PT8H", True, ("grp-churn-mle-qa",), set()), ("PT8H", True, (), {"SOD23"}), ("PT8H", False, ("grp-churn-mle-qa",), {"SOD35"}),
        ("PT24H", True, ("grp-churn-mle-qa",), {"SOD36"}), ("PT8H", True, ("grp-churn-mle-qa", "grp-auditors"), {"SOD37"}),
    ],
)  # fmt: skip
def test_activation_asks_for_what_its_row_wants(
    hours: str, mfa: bool, approvers: tuple[str, ...], wanted: set[str]
) -> None:
    def changed(row: RoleRow) -> RoleRow:
        demand = {"approved-by": ["grp-churn-mle-qa"], "max-hours": 8, "mfa": True}
        return replace(row, activation=demand) if (row.role, row.environment) == ("ml-engineer", "production") else row

    intent = _intent(roles=tuple(changed(row) for row in scenario("contoso").roles))
    document = tenant("contoso")
    unread = _rules(document, intent, "unknown")
    assert {"SOD23", "SOD35", "SOD36", "SOD37"} <= unread
    for project in ("churn", "pricing", "vision"):
        group, prod = f"grp-{project}-mle-prod", f"{PROD}/resourceGroups/rg-{project}-prod"
        lake = f"{prod}/providers/Microsoft.Storage/storageAccounts/dl{project}prod"
        for role, scope in (("Contoso ML Operator", prod), ("Storage Blob Data Reader", lake)):
            plain = ("PT8H", True, ("grp-churn-mle-qa",))
            facts = (hours, mfa, approvers) if (project, role) == ("churn", "Contoso ML Operator") else plain
            _policy(group, role, scope, *facts)(document)
    known = {"SOD23", "SOD35", "SOD36", "SOD37"}
    assert _rules(document, intent) & known == wanted
    assert not _rules(document, intent, "unknown") & known


def test_platform_identities_and_declared_rights_are_no_findings() -> None:
    """Trap 35: Defender, policy remediation, host defaults and administrators hold rights everywhere in Contoso."""
    quiet = {"SOD02", "SOD03", "SOD04", "SOD07", "SOD11", "SOD14", "SOD16", "SOD17", "SOD20", "SOD24", "SOD38", "SOD40"}
    assert not quiet & {rule for rule, _ in _planted("contoso")}
