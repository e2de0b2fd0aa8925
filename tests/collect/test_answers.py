"""Errors in all their spellings become a line of the ledger, and an api-version that a cloud does not know another one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.collect import answers
from scanner.collect.answers import Failed

_ARM = "https://arm.invalid/subscriptions/s"


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (b'{"error": {"code": "AuthorizationFailed", "message": "no"}}', "AuthorizationFailed", "no"),
        (b'{"code": "Conflict", "message": "no wrapper"}', "Conflict", "no wrapper"),
        (b'{"Message": "capital"}', "HTTP500", "capital"),
        (b'{"error": {"code": "BadRequest", "message": "a", "details": [{"code": "InvalidQuery", "message": "b"}]}}', "BadRequest", "a (InvalidQuery: b)"),
        (b"<html><body>502 Bad Gateway</body></html>", "HTTP500", "the service answered 500"),
        (b'{"error": "invalid_grant"}', "HTTP500", "the service answered 500"),
        (b"", "HTTP500", "the service answered 500"), (b"null", "HTTP500", "the service answered 500"),
    ],
)  # fmt: skip
def test_an_error_is_understood_however_it_is_wrapped(content: bytes, code: str, said: str) -> None:
    failed = answers.failure(500, content, {"x-ms-request-id": "r"})
    assert (failed.code, failed.message, failed.request_id) == (code, said, "r")


@given(st.binary(max_size=60))
def test_no_answer_ends_the_run(content: bytes) -> None:
    assert answers.failure(503, content, {}).outcome == "failed"


def test_the_missing_action_is_the_one_that_the_answer_names() -> None:
    text = "The client 'x' with object id 'x' does not have authorization to perform action 'A/b/read' over scope '/s' or the scope is invalid."
    assert Failed(403, "AuthorizationFailed", text).action("C/d/read") == "A/b/read"
    assert Failed(403, "AuthorizationFailed", text).action("a/B/read") == "a/B/read"
    assert Failed(403, "Forbidden", "no").action("C/d/read") == "C/d/read"
    assert Failed(403, "AuthorizationFailed", text.replace("/s'", "/Subscriptions/S/'")).denied_at == "/subscriptions/s"
    assert Failed(403, "Forbidden", "no").denied_at == ""


@pytest.mark.parametrize(
    ("failed", "some", "outcome"),
    [
        (Failed(403, "AuthorizationFailed", ""), False, "forbidden"), (Failed(401, "RBACAccessDenied", ""), False, "forbidden"),
        (Failed(409, "MissingSubscriptionRegistration", ""), False, "complete"), (Failed(400, "AadPremiumLicenseRequired", ""), False, "complete"),
        (Failed(404, "ParentResourceNotFound", ""), False, "complete"), (Failed(404, "SubscriptionNotFound", ""), False, "unsupported"),
        (Failed(404, "ResourceNotFound", ""), True, "partial"), (Failed(409, "MissingSubscriptionRegistration", ""), True, "partial"),
        (Failed(429, "TooManyRequests", ""), True, "throttled"), (Failed(500, "x", ""), False, "failed"), (Failed(500, "x", ""), True, "partial"),
        (Failed(400, "InvalidResourceType", ""), False, "unsupported"), (Failed(200, "PagingLoop", ""), True, "partial"), (Failed(0, "Timeout", ""), False, "failed"),
    ],
)  # fmt: skip
def test_what_a_failure_makes_of_a_list(failed: Failed, some: bool, outcome: str) -> None:
    """Only the answers that mean "there is nothing there" are complete."""
    assert answers.settled(failed, some, "/subscriptions/s/resourcegroups/g/providers/a.b/c/d") == outcome


@pytest.mark.parametrize("scope", ["/subscriptions/s", "/subscriptions/s/locations/westeurope", "/", "tenant", "/providers/microsoft.management/managementgroups/m"])  # fmt: skip
def test_what_is_not_found_in_a_place_that_is_there_was_not_read(scope: str) -> None:
    assert answers.settled(Failed(404, "NotFound", ""), False, scope) == "unsupported"


@pytest.mark.parametrize(
    ("url", "arm_type"),
    [
        (f"{_ARM}/providers/Microsoft.Storage/storageAccounts?api-version=1", "microsoft.storage/storageaccounts"),
        (f"{_ARM}/resourceGroups/g/providers/Microsoft.ML/workspaces/w/computes?api-version=1", "microsoft.ml/workspaces/computes"),
        (f"{_ARM}/resourceGroups/g/providers/A.B/c/d/providers/Microsoft.Insights/diagnosticSettings", "microsoft.insights/diagnosticsettings"),
        (f"{_ARM}/resourcegroups?api-version=1", ""),
    ],
)  # fmt: skip
def test_a_version_belongs_to_the_type_that_is_listed(url: str, arm_type: str) -> None:
    assert answers.listed_type(url) == arm_type


def test_the_nearest_version_that_a_cloud_knows_is_used() -> None:
    said = (
        "The resource type 'workspaces' could not be found in the namespace 'X' for api version '2025-12-01'. "
        "The supported api-versions are '2020-08-01,2023-10-01,2024-01-01-preview,2026-05-01'."
    )
    known = answers.supported_versions(Failed(400, "InvalidResourceType", said))
    assert known == ["2026-05-01", "2024-01-01-preview", "2023-10-01", "2020-08-01"]
    assert answers.nearest_version("2025-12-01", known) == "2023-10-01"
    assert answers.nearest_version("2019-01-01", known) == "2020-08-01"
    assert answers.nearest_version("2019-01-01", ["2024-01-01-preview"]) == "2024-01-01-preview"
    assert answers.supported_versions(Failed(400, "BadRequest", said)) == []
    assert answers.supported_versions(Failed(403, "InvalidResourceType", said)) == []


def test_only_the_version_of_an_address_changes() -> None:
    url = "https://h/p?api-version=2025-12-01&$filter=type%20eq%20%27x%27&empty="
    assert answers.version_of(answers.with_version(url, "2020-01-01")) == "2020-01-01"
    assert answers.with_version(url, "2025-12-01").count("%27x%27") == 1
    assert "empty=" in answers.with_version(url, "1")
