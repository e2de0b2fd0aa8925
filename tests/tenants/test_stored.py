"""A credential kept where it does not belong is one cause; hubs, classic administrators and delegations: on clean tenants of a pattern."""

from __future__ import annotations

from functools import cache

import pytest

from scanner.findings import Finding
from tests.support.scan import pairs, scanned, scenario
from tests.tenants import (
    kit,
    twins,  # noqa: F401  (its changes)
)
from tests.tenants.change import CHANGES, grant, role
from tests.tenants.kit import Sample, found
from tests.tenants.samples import SAMPLES

PATTERNS = ("multi-environment", "limited-and-production")


@cache
def _told(pattern: str, more: bool = False) -> tuple[Finding, ...]:
    """What the access rules find when a datastore of development keeps a key of production's data."""
    sample = SAMPLES[pattern]()
    CHANGES["key-of-production-in-development"].apply(sample)
    if more:
        _another_user(sample)
    report = scanned(sample.tenant.document, scenario(pattern))
    return tuple(s.finding for s in report.settled if s.finding.outcome == "fail" and s.finding.rule.startswith("ACC"))


def _another_user(sample: Sample) -> None:
    grant(sample, "outsider", "AzureML Data Scientist", sample.rooms["dev"].workspace, "User")


def _of(found: tuple[Finding, ...], *rules: str) -> list[Finding]:
    return [f for f in found if f.rule in rules]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_stored_key_of_production_is_one_finding_for_reading(pattern: str) -> None:
    (finding,) = _of(_told(pattern), "ACC03")
    assert "|stored-credential|read|credential:" in finding.cause
    assert "Take the credential out of" in finding.fix
    assert not _of(_told(pattern), "ACC04", "ACC06", "ACC30")


@pytest.mark.parametrize("pattern", PATTERNS)
def test_from_another_environment_it_is_told_once_for_each_access(pattern: str) -> None:
    causes = [f.cause for f in _of(_told(pattern), "ACC07", "ACC09")]
    assert len(causes) == len(set(causes)) <= 2
    assert all("|credential:" in cause for cause in causes)


def test_who_may_use_it_changes_the_evidence_and_not_the_finding() -> None:
    for pattern in PATTERNS:
        before, after = (_of(_told(pattern, more), "ACC03", "ACC07", "ACC09") for more in (False, True))
        assert [f.fingerprint for f in before] == [f.fingerprint for f in after]
        assert [f.message for f in before] != [f.message for f in after]


# -- hubs ---------------------------------------------------------------------------------------------------------------------


def _project_of_production(shared: bool) -> Sample:
    """A project of development whose hub is production's workspace, which keeps a connection with a key of the lake."""
    sample = SAMPLES["multi-environment"]()
    room, t = sample.rooms["prod"], sample.tenant
    found(t, room.workspace)["kind"] = "Hub"
    found(t, room.lake)["properties"]["allowSharedKeyAccess"] = True
    project = t.resource(sample.rooms["dev"].group, kit.ML, "proj", {"hubResourceId": room.workspace}, kind="Project")
    t.resource(room.workspace, "connections", "lake-key", {
        "authType": "AccountKey", "category": "AzureBlob", "isSharedToAll": shared, "target": room.lake}, None)  # fmt: skip
    grant(sample, "outsider", role(sample, "Secrets", f"{kit.ML}/connections/listsecrets/action"), project, "User")
    return sample


@pytest.mark.parametrize("shared", [True, False])
def test_who_takes_secrets_in_a_project_takes_those_its_hub_shares(shared: bool) -> None:
    report = scanned(_project_of_production(shared).tenant.document, scenario("multi-environment"))
    assert (("ACC30", "dlpricingprod") in pairs(report)) is shared


# -- who is who ---------------------------------------------------------------------------------------------------------------


def test_a_classic_administrator_of_the_directory_keeps_their_name() -> None:
    sample = SAMPLES["multi-environment"]()
    type_ = "Microsoft.Authorization/classicAdministrators"
    where = sample.rooms["prod"].subscription
    sample.tenant.document["resources"].append({
        "id": f"{where}/providers/{type_}/c", "name": "c", "type": type_,
        "properties": {"emailAddress": "axel@retail.example", "role": "CoAdministrator"}})  # fmt: skip
    report = scanned(sample.tenant.document, scenario("multi-environment"))
    assert ("SOD03", "Axel") in pairs(report)


def test_a_delegation_leaves_open_who_reaches_data_and_nothing_of_emergency_accounts() -> None:
    sample = SAMPLES["multi-environment"]()
    type_, where = "Microsoft.ManagedServices/registrationAssignments", sample.rooms["prod"].subscription
    sample.tenant.document["resources"].append({"id": f"{where}/providers/{type_}/d", "name": "d", "type": type_, "properties": {
        "registrationDefinition": {"properties": {"managedByTenantId": "99999999-0000-4000-8000-000000000001", "authorizations": [{
            "principalId": "99999999-0000-4000-8000-000000000002",
            "roleDefinitionId": sample.tenant.roles["Contributor"][0]}]}}}})  # fmt: skip
    report = scanned(sample.tenant.document, scenario("multi-environment"))
    open_ = pairs(report, "unknown")
    assert ("ACC02", "dlpricingprod") in open_
    assert not {rule for rule, _ in open_} & {"SOD30", "SOD31", "SOD32"}
