"""Takes each permission in turn from the reader of every sample tenant, as it should be and broken in many ways, and judges what a scan says then:
`python -m tests.tenants.refused [TENANT ...]`.

Each is a collection of its own through simulator and collector. Nothing may be found that was not, nothing that was found
may pass, and every verdict that changes is unknown and names the permission. Prints a line for each tenant and what broke these rules.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from scanner.findings import Report
from scanner.graph.records import RECORDS
from tests.support.scan import report_of
from tests.tenants import twins
from tests.tenants.change import Change
from tests.tenants.samples import SAMPLES
from tests.tenants.table import collected

# Without these nothing is read at all, or what is asked for one by one is no right of the directory's.
_ELSEWHERE = {"Microsoft.Resources/tenants/read", "Microsoft.Resources/subscriptions/read"}
ARM = sorted({k.permission for k in RECORDS.values() if "/" in k.permission} - _ELSEWHERE)
GRAPH = sorted({k.permission for k in RECORDS.values() if "/" not in k.permission})
# What the scenario names and nobody could look up is said to be missing; waivers wait for what they are about.
_OF_THE_SCENARIO = {"SCN02", "SCN03"}


@dataclass(frozen=True)
class Judged:
    """What one missing permission did to the verdicts: rules that are unknown now, and what is wrong with the others."""

    unknown: frozenset[str]
    mistakes: tuple[str, ...]


def reader(permission: str) -> dict[str, Any]:
    """The part of a tenant's document that takes a permission from whoever reads it."""
    if "/" in permission:
        return {"reader": {"actions": ["*/read"], "notActions": [permission]}}
    return {"graphPermissions": [p for p in GRAPH if p != permission]}


def judge(whole: Report, blind: Report, permission: str) -> Judged:
    """A finding stays or is unknown, nothing is invented, and whatever is unknown now names the permission."""
    before, after = ({r.rule.id: r.verdict for r in report.results} for report in (whole, blind))
    changed = {rule for rule, verdict in after.items() if verdict != before[rule]} - _OF_THE_SCENARIO
    mistakes = [f"{rule} turned from {before[rule]} to {after[rule]}" for rule in sorted(changed) if after[rule] != "unknown"]  # fmt: skip
    mistakes += [f"{rule} found {subject}" for rule, subject in sorted(_told(blind) - _told(whole))]
    open_ = {s.finding.rule for s in blind.settled if s.finding.outcome == "unknown"}
    lost = {pair for pair in _told(whole) - _told(blind) if pair[0] not in open_}
    mistakes += [f"{rule} passed {subject}" for rule, subject in sorted(lost)]
    named = {s.finding.rule for s in blind.settled for gap in s.finding.gaps if gap.permission == permission}
    mistakes += [f"{rule} is unknown and does not name it" for rule in sorted(changed - named)]
    return Judged(frozenset(rule for rule in changed if after[rule] == "unknown"), tuple(mistakes))


def _told(report: Report) -> set[tuple[str, str]]:
    """Findings by rule and subject's id: what is called by another name without the list is the same thing."""
    return {(s.finding.rule, s.finding.subject.key) for s in report.settled if s.finding.outcome == "fail"}


@cache
def document(tenant: str, broken: bool) -> dict[str, Any]:
    """A sample tenant; broken by as few of its twins' changes as make all rules fail that they can make fail."""
    sample = SAMPLES[tenant]()
    for change in _covering(tenant) if broken else ():
        change.apply(sample)
    return sample.tenant.document


# Changes that speak of what others take away.
_FIRST = ("guest-in-group", "disabled-member", "incident-access-always-on", "approved-by-scientists", "answers-collected-elsewhere", "endpoint-for-another-audience")  # fmt: skip


def _covering(tenant: str) -> Iterator[Change]:
    """Changes of the tenant alone, each of which adds a rule that no earlier one makes fail."""
    seen: set[str] = set()
    for twin in sorted(twins.declared(tenant), key=lambda t: (t.change.name not in _FIRST, -len({r for r, _ in t.findings}))):  # fmt: skip
        rules = {rule for rule, _ in twin.findings}
        if not twin.change.scenario and rules - seen:
            seen |= rules
            yield twin.change


def read(tenant: str, broken: bool, **more: Any) -> Report:
    """The report on a tenant as collector and scan make it, with parts of its document replaced."""
    with tempfile.TemporaryDirectory() as folder:
        return report_of(collected({**document(tenant, broken), **more}), twins.scenario_of(tenant, None, Path(folder)))


def _row(tenant: str, broken: bool) -> str:
    whole = read(tenant, broken)
    failing = len({s.finding.rule for s in whole.open("fail")})
    verdicts, mistakes = 0, list[str]()
    for permission in (*ARM, *GRAPH):
        found = judge(whole, read(tenant, broken, **reader(permission)), permission)
        verdicts += len(found.unknown)
        mistakes += [f"    without {permission}: {mistake}" for mistake in found.mistakes]
    state = "broken" if broken else "compliant"
    line = f"{tenant:<42} {state:<10} {failing:>8} {len(ARM) + len(GRAPH):>12} {verdicts:>16} {len(mistakes):>9}"
    return "\n".join([line, *mistakes])


def main(tenants: Sequence[str]) -> int:
    print(f"{'tenant':<42} {'state':<10} {'failing':>8} {'permissions':>12} {'became unknown':>16} {'mistakes':>9}")
    wrong = False
    with ProcessPoolExecutor(2) as pool:
        states = [(tenant, broken) for tenant in tenants or SAMPLES for broken in (True, False)]
        for row in pool.map(_row, *zip(*states, strict=True)):
            print(row, flush=True)
            wrong = wrong or "\n" in row
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
