"""Scans for tests: of a tenant document without HTTP, with the scenario beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from scanner import data
from scanner.derive import duties
from scanner.findings import Report
from scanner.policy.load import load_rules
from scanner.policy.model import Rule
from scanner.scan import scan
from scanner.scenario.load import load
from scanner.scenario.model import Scenario
from scanner.simulator import load_tenant
from scanner.snapshot import Coverage, Snapshot
from tests.support.tenants import snapshot_of

FIXTURES = Path(__file__).parent.parent.parent / "fixtures" / "tenants"
TODAY = date(2026, 11, 24)
# In flight, where a test is not about how a collection asks: each connection more costs as much as several answers.
FEW_AT_ONCE = 8


@cache
def rules() -> tuple[Rule, ...]:
    return load_rules([data.rules()])


# The rules whose lists both sample tenants were made to hold; what newer ones make of a lost list is in their own tests.
_FIRST = (
    "RES01 RES02 RES03 RES06 RES08 RES29 SOD01 SOD05 SOD06 SOD08 SOD09 SOD10 SOD15 ACC01 ACC02 ACC05 ACC10 ACC11 ACC13 "
    "ACC25 ACC26 ACC27 ACC28 ACC29 QUO01 QUO02 QUO03 QUO07 EST01 EST02 SCN02 SCN03 GAP01"
)


@cache
def first_rules() -> tuple[Rule, ...]:
    return tuple(rule for rule in rules() if rule.info.id in _FIRST.split())


@cache
def the_duties() -> duties.Duties:
    return duties.load(data.duties())


def scenario(name: str) -> Scenario:
    return load(FIXTURES / name / "scenario.yaml", f"fixtures/tenants/{name}/scenario.yaml")


def tenant(name: str, file: str = "tenant.json") -> dict[str, Any]:
    return load_tenant(FIXTURES / name / file)


def report_of(
    snapshot: Snapshot, scenario_: Scenario, today: date = TODAY, chosen: Sequence[Rule] | None = None
) -> Report:
    return scan(snapshot, scenario_, chosen or rules(), duties=the_duties(), today=today)


def scanned(document: Mapping[str, Any], scenario_: Scenario, gaps: Sequence[Coverage] = ()) -> Report:
    """The report on what a perfect collector would have read, but for the gaps."""
    return report_of(snapshot_of(document, gaps), scenario_)


def pairs(report: Report, outcome: str = "fail") -> set[tuple[str, str]]:
    """(rule, subject's name) of every finding of an outcome, waived or not."""
    return {(s.finding.rule, s.finding.subject.name) for s in report.settled if s.finding.outcome == outcome}
