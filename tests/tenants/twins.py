"""The broken twins: each compliant sample tenant with one change, and the findings that are declared for it in `twins.yaml` beside it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from scanner import yamlfile
from scanner.findings import Report
from scanner.scenario.load import load
from scanner.scenario.model import Scenario
from tests.support.scan import FIXTURES
from tests.tenants import (  # noqa: F401  (they enter their changes)
    changes_access,
    changes_duties,
    changes_estate,
    changes_flows,
    changes_places,
    changes_scenario,
)
from tests.tenants.change import CHANGES, Change, said
from tests.tenants.kit import Sample
from tests.tenants.samples import SAMPLES

Findings = Counter[tuple[str, str]]  # rule and subject's name
NOTHING: Findings = Counter()
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _./@-]*")


@dataclass(frozen=True)
class Twin:
    tenant: str
    change: Change
    findings: Findings
    unknown: Findings

    @property
    def name(self) -> str:
        return f"{self.tenant}/{self.change.name}"

    def sample(self) -> Sample:
        """The tenant, with the change made."""
        sample = SAMPLES[self.tenant]()
        self.change.apply(sample)
        return sample


@cache
def declared(tenant: str) -> tuple[Twin, ...]:
    """The twins of a tenant as its table declares them."""
    return tuple(
        Twin(tenant, CHANGES[row["twin"]], _counted(row["findings"]), _counted(row.get("unknown", {})))
        for row in table(tenant)
    )


def table(tenant: str) -> list[dict[str, Any]]:
    """The rows of a tenant's table."""
    path = FIXTURES / tenant / "twins.yaml"
    return list(yamlfile.read(path).value) if path.exists() else []


def fired(tenants: Iterable[str]) -> set[str]:
    """Rules that some twin of these tenants makes fail; GAP01 never fails, and fires when it says what could not be read."""
    each = [twin for tenant in tenants for twin in declared(tenant)]
    unread = {rule for twin in each for rule, _ in twin.unknown} & {"GAP01"}
    return {rule for twin in each for rule, _ in twin.findings} | unread


def _counted(by_rule: Mapping[str, list[str]]) -> Findings:
    return Counter((rule, name) for rule, names in by_rule.items() for name in names)


def fitting(tenant: str) -> Iterator[Change]:
    """The changes that say something of a tenant."""
    sample = SAMPLES[tenant]()
    return (change for change in CHANGES.values() if change.fits(sample, text_of(tenant)))


@cache
def text_of(tenant: str) -> str:
    return (FIXTURES / tenant / "scenario.yaml").read_text(encoding="utf-8")


def scenario_of(tenant: str, change: Change | None, into: Path) -> Scenario:
    """The tenant's scenario, with the texts the change puts elsewhere; `into` is where such a file may be written."""
    if change is None or not change.scenario:
        return _written(tenant)
    text = text_of(tenant)
    for old, new in change.scenario.items():
        text = text.replace(said(old, tenant), said(new, tenant))
    path = into / "scenario.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path, _called(tenant))


@cache
def _written(tenant: str) -> Scenario:
    return load(FIXTURES / tenant / "scenario.yaml", _called(tenant))


def _called(tenant: str) -> str:
    return f"fixtures/tenants/{tenant}/scenario.yaml"


def findings_of(report: Report, outcome: str = "fail") -> Findings:
    """What is found and not waived, by rule and subject."""
    return Counter(
        (s.finding.rule, s.finding.subject.name) for s in report.settled if s.finding.outcome == outcome and s.waiver is None
    )  # fmt: skip


def table_text(tenant: str, rows: Mapping[str, tuple[Findings, Findings]]) -> str:
    """A tenant's table, as people read and review it: what is found of each change, and what cannot be told any more."""
    lines = [
        "# The broken twins of this tenant: one change each, and everything that must be found because of it.",
        f"# Changes are functions of tests/tenants/changes_*.py; `python -m tests.tenants.table {tenant}` scans them all.",
    ]
    for name, (found, unknown) in rows.items():
        lines += [f"- twin: {name}", f"  change: {_quoted(CHANGES[name].words)}"]
        lines += _listed("findings", found)
        if unknown:
            lines += _listed("unknown", unknown)
    return "\n".join(lines) + "\n"


def _listed(key: str, found: Findings) -> list[str]:
    by_rule: dict[str, list[str]] = {}
    for (rule, subject), count in sorted(found.items()):
        by_rule.setdefault(rule, []).extend([subject] * count)
    if not by_rule:
        return [f"  {key}: {{}}"]
    return [f"  {key}:", *(f"    {rule}: [{', '.join(map(_quoted, names))}]" for rule, names in by_rule.items())]


def _quoted(text: str) -> str:
    if _PLAIN.fullmatch(text) and not text.endswith(" ") and text.lower() not in ("yes", "no", "true", "false", "null"):
        return text
    return "'" + text.replace("'", "''") + "'"
