"""A credential kept where it does not belong is one cause, whoever may use it and however: on a clean tenant of the pattern."""

from __future__ import annotations

from functools import cache

import pytest

from scanner.findings import Finding
from tests.support.scan import scanned, scenario
from tests.tenants import twins  # noqa: F401  (its changes)
from tests.tenants.change import CHANGES, grant
from tests.tenants.kit import Sample
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
    assert not _of(_told(pattern), "ACC04", "ACC06", "ACC41")


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
