"""Trap 1 end to end: for each permission that the reader lacks, a collection of Contoso, and no rule passes that did not."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

import pytest

from scanner.collect import Secret, Settings, run
from scanner.findings import Report
from scanner.graph.records import RECORDS
from scanner.simulator import Simulator
from tests.support.scan import pairs, report_of, scenario, tenant

_FOREIGN = "12345678-0000-4000-8000-000000000001"
_READ_BLOBS = "/providers/Microsoft.Authorization/roleDefinitions/2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
# Without these nothing is read at all, or what is asked for one by one is no right of the directory's.
_ELSEWHERE = {"Microsoft.Resources/tenants/read", "Microsoft.Resources/subscriptions/read"}
ARM = sorted({k.permission for k in RECORDS.values() if "/" in k.permission} - _ELSEWHERE)
GRAPH = sorted({k.permission for k in RECORDS.values() if "/" not in k.permission})


def _report(document: dict[str, Any]) -> Report:
    with Simulator({**document, "faults": []}) as simulator:
        return report_of(run(Settings(cloud=simulator.url, ca_bundle=simulator.ca_bundle, tenant=simulator.tenant_id, backoff=0.001, retry_seconds=1.0,
                                      secret=Secret(simulator.client_id, simulator.client_secret), regions=("westeurope",))), scenario("contoso"))  # fmt: skip


def _verdicts(report: Report, verdict: str) -> set[str]:
    return {result.rule.id for result in report.results if result.verdict == verdict}


@cache
def _whole() -> Report:
    return _report(tenant("contoso"))


def _never_better(blind: Report) -> None:
    """What failed may be unknown, never compliant; what was compliant may be unknown, never a finding."""
    assert _verdicts(blind, "pass") <= _verdicts(_whole(), "pass")
    assert _verdicts(blind, "fail") - {"SCN02", "SCN03"} <= _verdicts(_whole(), "fail")


@pytest.mark.parametrize("permission", ARM)
def test_a_right_that_is_missing_never_makes_a_rule_pass(permission: str) -> None:
    rights = {"actions": ["*/read"], "notActions": [permission]}
    _never_better(_report({**tenant("contoso"), "reader": rights}))


@pytest.mark.parametrize("permission", GRAPH)
def test_a_permission_of_the_directory_that_is_missing_never_makes_a_rule_pass(permission: str) -> None:
    _never_better(_report({**tenant("contoso"), "graphPermissions": [p for p in GRAPH if p != permission]}))


def test_a_group_of_another_tenant_may_hold_anybody() -> None:
    document = copy.deepcopy(tenant("contoso"))
    store = next(r["id"] for r in document["resources"] if r["name"] == "stchurnprod")
    facts = {"scope": store, "roleDefinitionId": _READ_BLOBS, "principalId": _FOREIGN, "principalType": "ForeignGroup"}
    name = "99999999-0000-4000-8000-0000000000aa"
    document["roleAssignments"].append({"id": f"{store}/providers/Microsoft.Authorization/roleAssignments/{name}", "name": name, "properties": facts})  # fmt: skip
    assert ("ACC01", "stchurnprod") in pairs(_report(document), "unknown") - pairs(_whole(), "unknown")


@pytest.mark.parametrize("kind", ["delegation", "classic-administrator"])
def test_whoever_a_delegation_or_a_classic_role_lets_in_may_reach_any_data(kind: str) -> None:
    rights = {"actions": ["*/read"], "notActions": [RECORDS[kind].permission]}
    blind = _report({**tenant("contoso"), "reader": rights})
    assert ("ACC01", "stchurnprod") in pairs(blind, "unknown") - pairs(_whole(), "unknown")
