"""Membership over time: reviews of groups, what activating membership demands, and who may activate a role of the directory."""

from __future__ import annotations

from typing import Any

import pytest

from scanner.graph.build import build
from scanner.graph.estate import UNSET, Estate
from scanner.snapshot import Coverage, Record, from_records, record

G = "0a000000-0000-4000-8000-000000000001"
ADMIN = "62e90394-69f5-4237-9190-012177145e10"
_EVERY_QUARTER = {"pattern": {"type": "absoluteMonthly", "interval": 3}, "range": {"type": "noEnd"}}
_LISTED = Coverage("access-review", "tenant", "complete")


def _review(
    query: str = f"/v1.0/groups/{G}/transitiveMembers", recurrence: Any = _EVERY_QUARTER, **more: Any
) -> Record:
    return record("access-review", {"id": "r", "status": "InProgress", "scope": {"query": query}, "settings": {"recurrence": recurrence}, **more})  # fmt: skip


def _estate(*records: Record, coverage: tuple[Coverage, ...] = (_LISTED,)) -> Estate:
    group = record("group", {"id": G, "displayName": "g"})
    return build(from_records([record("tenant", {"tenantId": "t"}), group, *records], coverage, tenant="t", started="2026-11-26T00:00:00Z"))  # fmt: skip


def _get(estate: Estate, name: str) -> Any:
    node = estate.node(G)
    assert node is not None
    return estate.get(node, name)


@pytest.mark.parametrize(
    ("review", "days"),
    [
        (_review(), 90), (_review(status="Completed"), None), (_review(recurrence=None), None),
        (_review(recurrence={**_EVERY_QUARTER, "range": {"type": "endDate", "endDate": "2026-10-01"}}), None),
        (_review(recurrence={**_EVERY_QUARTER, "range": {"type": "endDate", "endDate": "2027-10-01"}}), 90),
        (_review(f"/groups/{G}/members/microsoft.graph.user/?$filter=(userType eq 'Guest')"), None),
        (_review("/groups/0a000000-0000-4000-8000-000000000002/members"), None),
        (_review("/users", scope={"resourceScopes": [{"query": f"/groups/{G.upper()}", "queryType": "MicrosoftGraph"}]}), 90),
    ],
)  # fmt: skip
def test_a_group_is_gone_through_as_often_as_its_review_comes_again(review: Record, days: float | None) -> None:
    assert _get(_estate(review), "review-days") == days


def test_without_the_list_of_reviews_nobody_can_say() -> None:
    """Trap 1."""
    for coverage in ((), (Coverage("access-review", "tenant", "forbidden", status=403),)):
        assert _get(_estate(coverage=coverage), "review-days") is UNSET
    odd = _estate(record("access-review", {"id": "r", "status": 5, "scope": {"query": f"/groups/{G}"}}))
    assert _get(odd, "review-days") is UNSET
    free = Coverage("access-review", "tenant", "unsupported", code="AadPremiumLicenseRequired")
    assert _get(_estate(coverage=(free,)), "review-days") is None  # without the licence there are none


def _policy(role: str, *rules: dict[str, Any]) -> Record:
    return record("group-activation-policy", {"id": role, "scopeId": G, "scopeType": "Group", "roleDefinitionId": role, "policy": {"rules": list(rules)}}, G)  # fmt: skip


def test_activating_membership_demands_what_the_policy_of_members_says() -> None:
    hours = {"id": "Expiration_EndUser_Assignment", "maximumDuration": "PT4H"}
    approval = {"id": "Approval_EndUser_Assignment", "setting": {"isApprovalRequired": True, "approvalStages": [
        {"primaryApprovers": [{"userId": "Ada"}, {"groupId": "Approvers"}]}]}}  # fmt: skip
    eligible = record("group-eligibility", {"id": "e", "principalId": "bob", "groupId": G, "accessId": "member"}, G)
    estate = _estate(
        eligible, _policy("owner", {**hours, "maximumDuration": "PT1H"}), _policy("member", hours, approval)
    )
    assert (_get(estate, "activation-hours"), _get(estate, "activation-approval"), _get(estate, "activation-approvers")) == (4, True, {"ada", "approvers"})  # fmt: skip
    assert _get(_estate(eligible), "activation-read") is False
    unread = _estate(
        eligible, _policy("member", hours), coverage=(Coverage("group-activation-policy", G, "forbidden"),)
    )
    assert _get(unread, "activation-hours") is UNSET and unread.gaps_at(unread.node(G) or 0, "activation-read")


def _ruling(estate: Estate, edge: str) -> set[str]:
    role = estate.node(ADMIN)
    assert role is not None
    return {estate.key(node) for node in estate.neighbours(role, edge)}


def test_who_may_activate_a_role_of_the_directory_is_eligible_whatever_the_hour() -> None:
    """Trap 36, for the directory."""

    def row(kind: str, who: str, **more: Any) -> Record:
        return record(kind, {"id": f"{kind}{who}", "principalId": who, "roleDefinitionId": ADMIN, **more})

    estate = _estate(
        record("directory-role", {"id": ADMIN, "templateId": ADMIN, "displayName": "Global Administrator"}),
        row("directory-role-eligibility", "ada"), row("directory-role-assignment", "grace"), row("directory-role-assignment", "linus"),
        row("directory-role-activation", "linus", assignmentType="Activated"), row("directory-role-activation", "grace", assignmentType="Assigned"),
    )  # fmt: skip
    assert _ruling(estate, "directory-role-of") == {"grace"}
    assert _ruling(estate, "directory-role-eligible") == {"ada", "linus"}
    unread = _estate(coverage=(Coverage("directory-role-eligibility", "tenant", "forbidden"),))
    assert unread.gaps_at(unread.node("/") or 0, "opened-by")
