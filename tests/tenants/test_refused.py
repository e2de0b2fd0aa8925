"""Trap 1 end to end: for each permission that the reader lacks, a collection of a tenant, and no rule passes that did not."""

from __future__ import annotations

import copy
import itertools
from functools import cache
from typing import Any

import pytest

from scanner.collect import Secret, Settings, run
from scanner.findings import Report
from scanner.graph.records import RECORDS
from scanner.simulator import Simulator
from scanner.snapshot import Coverage
from tests.support.scan import FEW_AT_ONCE, pairs, report_of, scanned, scenario, tenant
from tests.tenants import refused
from tests.tenants.change import join
from tests.tenants.kit import Sample
from tests.tenants.samples import SAMPLES

_FOREIGN = "12345678-0000-4000-8000-000000000001"
_READ_BLOBS = "/providers/Microsoft.Authorization/roleDefinitions/2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"


def _report(document: dict[str, Any]) -> Report:
    with Simulator({**document, "faults": []}) as simulator:
        return report_of(run(Settings(cloud=simulator.url, ca_bundle=simulator.ca_bundle, tenant=simulator.tenant_id, backoff=0.001, retry_seconds=1.0, concurrency=FEW_AT_ONCE,
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


# -- retail broken in many ways, with all rules; the others as they should be, a few permissions each, for time's sake -------------
# `python -m tests.tenants.refused` takes every permission from every tenant, broken and not.


@cache
def _seen(tenant: str, broken: bool) -> Report:
    return refused.read(tenant, broken)


def test_tenants_are_broken_in_many_ways_and_otherwise_clean() -> None:
    clean, broken = _seen("multi-environment", False), _seen("multi-environment", True)
    assert _verdicts(clean, "fail") | _verdicts(clean, "unknown") == set()
    assert len(_verdicts(broken, "fail")) >= 100


_ML = "Microsoft.MachineLearningServices/workspaces"
# What once made RES22 and RES25 pass, or unknown for no reason that anybody could mend.
_OF_MODELS = (
    (f"{_ML}/datastores/read", "regional-fine-tuning", True), (f"{_ML}/read", "regional-fine-tuning", True),
    ("Microsoft.Storage/storageAccounts/read", "regional-fine-tuning", True), (f"{_ML}/models/versions/read", "regional-fine-tuning", True),
    (f"{_ML}/models/versions/read", "multi-environment-and-regional-serving", True), (f"{_ML}/jobs/read", "multi-environment-and-regional-serving", True),
    (f"{_ML}/datastores/read", "multi-environment-and-regional-serving", False), (f"{_ML}/data/versions/read", "multi-environment-and-regional-serving", False),
    ("Microsoft.Storage/storageAccounts/read", "multi-environment-and-regional-serving", False),
)  # fmt: skip


def _each() -> list[Any]:
    permissions = (*refused.ARM, *refused.GRAPH)
    tenants = itertools.cycle(SAMPLES)
    return [
        *(pytest.param(p, "multi-environment", True, id=f"{p}-broken") for p in permissions),
        *(pytest.param(p, tenant, False, id=f"{p}-{tenant}") for p, tenant in zip(permissions[::7], tenants, strict=False)),
        *(pytest.param(*case, id="-".join(map(str, case))) for case in _OF_MODELS),
    ]  # fmt: skip


@pytest.mark.parametrize(("permission", "tenant", "broken"), _each())
def test_a_permission_that_is_missing_makes_verdicts_unknown_and_is_named(
    permission: str, tenant: str, broken: bool
) -> None:
    blind = refused.read(tenant, broken, **refused.reader(permission))
    assert refused.judge(_seen(tenant, broken), blind, permission).mistakes == ()


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
