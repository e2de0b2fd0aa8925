"""Trap 1 end to end: for each permission that the reader lacks, a collection of a tenant, and no rule passes that did not."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

import pytest

from scanner.collect import Secret, Settings, run
from scanner.findings import Report
from scanner.graph.records import RECORDS
from scanner.simulator import Simulator
from scanner.snapshot import Coverage
from tests.support.scan import pairs, report_of, scanned, scenario, tenant
from tests.tenants import twins  # noqa: F401  (its changes)
from tests.tenants.change import CHANGES, join
from tests.tenants.kit import Sample
from tests.tenants.samples import SAMPLES
from tests.tenants.table import collected

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


# -- retail, with all rules: as it should be, and with many things wrong at once ----------------------------------------------

BROKEN = (
    "person-reads-production", "auditors-take-keys", "key-of-production-in-development", "compute-of-development-writes-production", "pull-requests-sign-in",
    "container-made-public", "replicated-to-development", "guest-in-group", "disabled-member", "scientist-owns-group-of-production",
    "group-of-production-unprotected", "auditor-administers-directory", "workspace-public", "outbound-to-internet", "keys-of-endpoint-listed",
    "instance-of-scientist", "instance-with-root", "approver-releases", "administrator-reads-production", "scientists-raise-quota",
    "assignment-above-environments", "vault-shared", "registry-with-admin-user", "registry-with-token", "registry-with-task", "release-beyond-its-duty",
    "approvers-release-to-test", "model-put-by-hand", "release-with-secret", "activated-for-too-long", "administrators-always-on",
    "emergency-account-from-on-premises", "emergency-account-with-role", "cluster-in-another-region", "regulated-data-georedundant",
    "prompts-processed-anywhere", "images-in-another-region", "pool-nearly-used-up", "cap-lifted", "development-beside-production",
    "workspace-without-environment", "store-without-class",
)  # fmt: skip
# What the scenario names and nobody could look up is said to be missing; waivers wait for what they are about.
_OF_THE_SCENARIO = {"SCN02", "SCN03"}


@cache
def _retail(broken: bool) -> dict[str, Any]:
    sample = SAMPLES["multi-environment"]()
    for name in BROKEN if broken else ():
        CHANGES[name].apply(sample)
    return sample.tenant.document


def _read(broken: bool, **reader: Any) -> Report:
    return report_of(collected({**_retail(broken), **reader}), scenario("multi-environment"))


@cache
def _seen(broken: bool) -> Report:
    return _read(broken)


def test_retail_is_broken_in_many_ways_and_otherwise_clean() -> None:
    assert _verdicts(_seen(False), "fail") | _verdicts(_seen(False), "unknown") == set()
    assert len(_verdicts(_seen(True), "fail")) >= 55


def _told(report: Report) -> set[tuple[str, str]]:
    """Findings by rule and subject's id: what is called by another name without the list is the same thing."""
    return {(s.finding.rule, s.finding.subject.key) for s in report.settled if s.finding.outcome == "fail"}


def _each(permissions: list[str]) -> list[Any]:
    """Every one on the broken tenant, where rules pass, fail and are unknown; on the compliant one a sample, for time's sake."""
    return [pytest.param(p, True, id=f"{p}-broken") for p in permissions] + [
        pytest.param(p, False, id=f"{p}-compliant") for p in permissions[::8]
    ]


def _never_passes_for_want_of(permission: str, broken: bool, **reader: Any) -> None:
    """A finding stays or is unknown, nothing is invented, and whatever is unknown now names the permission."""
    whole, blind = _seen(broken), _read(broken, **reader)
    before, after = ({r.rule.id: r.verdict for r in report.results} for report in (whole, blind))
    changed = {rule for rule, verdict in after.items() if verdict != before[rule]} - _OF_THE_SCENARIO
    assert {after[rule] for rule in changed} <= {"unknown"}
    assert _told(blind) <= _told(whole)
    open_ = {s.finding.rule for s in blind.settled if s.finding.outcome == "unknown"}
    assert {rule for rule, _ in _told(whole) - _told(blind)} <= open_
    named = {
        (s.finding.rule, gap.permission)
        for s in blind.settled
        if s.finding.outcome == "unknown"
        for gap in s.finding.gaps
    }
    assert {rule for rule in changed if (rule, permission) not in named} == set()


@pytest.mark.parametrize(("permission", "broken"), _each(ARM))
def test_a_right_that_is_missing_makes_verdicts_unknown_and_is_named(permission: str, broken: bool) -> None:
    _never_passes_for_want_of(permission, broken, reader={"actions": ["*/read"], "notActions": [permission]})


@pytest.mark.parametrize(("permission", "broken"), _each(GRAPH))
def test_a_permission_of_the_directory_that_is_missing_is_named(permission: str, broken: bool) -> None:
    _never_passes_for_want_of(permission, broken, graphPermissions=[p for p in GRAPH if p != permission])


# -- what a declaration rests on ------------------------------------------------------------------------------------------------


def _released_twice() -> Sample:
    """A cluster's identity of development releases to production, by its own assignment and by a group that a row names."""
    sample = SAMPLES["multi-environment"]()
    identity, group = sample.rooms["dev"].identity, "grp-ml-incident"
    sample.tenant.assign(identity, "Retail ML Releaser", sample.rooms["prod"].group, kind="ServicePrincipal")
    sample.tenant.assign(group, "Retail ML Releaser", sample.rooms["prod"].group)
    join(sample, identity, "inside")
    return sample


@pytest.mark.parametrize("kind", ["group-member", "role-assignment"])
def test_whether_a_group_declares_a_workload_is_unknown_where_its_members_or_rights_were_not_read(kind: str) -> None:
    sample = _released_twice()
    identity, where = sample.rooms["dev"].identity, sample.tenant.principals["grp-ml-incident"]
    document = sample.tenant.document
    assert ("SOD07", identity) not in pairs(scanned(document, scenario("multi-environment")))
    if kind == "role-assignment":  # the group's own is the one nobody saw
        where = sample.top.lower()
        document["roleAssignments"].pop()
    blind = scanned(document, scenario("multi-environment"), [Coverage(kind, where, "forbidden", "x", status=403)])
    assert ("SOD07", identity) not in pairs(blind)
    assert ("SOD07", identity) in pairs(blind, "unknown")


def test_a_workload_that_may_be_in_an_unread_group_of_another_environment_does_not_pass() -> None:
    sample = SAMPLES["multi-environment"]()
    identity = sample.rooms["dev"].identity
    sample.tenant.directory_group("grp-machines", [identity])
    sample.tenant.assign("grp-machines", "Retail ML Releaser", sample.rooms["prod"].group)
    document, group = sample.tenant.document, sample.tenant.principals["grp-machines"]
    assert ("SOD07", identity) in pairs(scanned(document, scenario("multi-environment")))
    blind = scanned(
        document, scenario("multi-environment"), [Coverage("group-member", group, "forbidden", "x", status=403)]
    )
    assert ("SOD07", identity) in pairs(blind, "unknown")
