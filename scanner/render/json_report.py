"""The report as JSON, by the contract in `reports/report.schema.json`. The same report gives the same bytes."""

from __future__ import annotations

from typing import Any

from scanner import __version__
from scanner.errors import Span
from scanner.findings import BaselineEntry, Chain, Gap, Report, RuleResult, Settled, Waiver
from scanner.render.safe import json_text

SCHEMA = 1


def render(report: Report, *, exit_code: int = 0) -> str:
    """The whole report, indented, keys sorted."""
    return json_text(document(report, exit_code), indent=2)


def document(report: Report, exit_code: int) -> dict[str, Any]:
    source = report.source
    return {
        "schema": SCHEMA,
        "tool": {"name": "mlposture", "version": __version__},
        "exit-code": int(exit_code),
        "day": report.today.isoformat(),
        "scenario": {
            "name": report.scenario, "file": report.scenario_file, "title": report.scenario_title, "patterns": list(report.patterns)
        },
        "source": {
            "snapshot": source.snapshot, "tenant": source.tenant, "cloud": source.cloud, "identity": source.identity,
            "scope": list(source.scope), "started": source.started, "finished": source.finished, "partial": source.partial,
            "notes": list(source.notes),
            "counts": dict(source.counts),
        },
        "summary": summary(report),
        "rules": [_rule(result) for result in report.results],
        "findings": [_finding(settled) for settled in report.settled],
        "gaps": [_gap(gap) for gap in report.gaps],
        "choke-points": [
            {"environment": p.environment, "removals": [{"cause": words, "ways": ways} for words, ways in p.removals],
             "closed": p.closed, "ways": p.ways, "at-least": p.at_least} for p in report.choke_points
        ],
        "not-seen": list(report.not_seen),
        "accepted-reach": [
            {"of": kind, "cause": cause, "environment": environment, "identities": n} for kind, cause, environment, n in report.accepted_reach
        ],
        "baseline": {
            "file": report.baseline, "gone": [_entry(e) for e in report.gone], "unread": [_entry(e) for e in report.unread]
        },
    }  # fmt: skip


def summary(report: Report) -> dict[str, int]:
    """Findings for failed, unknown and waived; rules for passed and not applicable."""
    return {
        "failed": len(report.open("fail")),
        "unknown": len(report.open("unknown")),
        "waived": sum(1 for s in report.settled if s.waiver is not None),
        "passed": sum(1 for r in report.results if r.verdict == "pass"),
        "not-applicable": sum(1 for r in report.results if r.verdict == "not-applicable"),
    }


def _rule(result: RuleResult) -> dict[str, Any]:
    info = result.rule
    return {
        "id": info.id, "name": info.name, "theme": info.theme, "title": info.title, "severity": info.severity, "why": info.why,
        "fix": info.fix, "controls": list(info.controls), "verdict": result.verdict, "judged": result.judged, "passed": result.passed,
        "not-applicable": result.not_applicable,
    }  # fmt: skip


def _finding(settled: Settled) -> dict[str, Any]:
    finding = settled.finding
    return {
        "fingerprint": finding.fingerprint, "rule": finding.rule, "severity": settled.rule.severity, "outcome": finding.outcome,
        "subject": {"key": finding.subject.key, "kind": finding.subject.kind, "name": finding.subject.name, "id": finding.subject.id},
        "cause": finding.cause, "message": finding.message, "wanted": finding.wanted, "line": _span(finding.line),
        "environment": finding.environment, "data-classes": list(finding.data_classes), "reason": finding.reason,
        "fix": finding.fix or settled.rule.fix, "chains": [_chain(chain) for chain in finding.chains],
        "gaps": [_gap(gap) for gap in finding.gaps], "waiver": _waiver(settled.waiver), "baseline": settled.baseline,
    }  # fmt: skip


def _chain(chain: Chain) -> dict[str, Any]:
    return {
        "start": {"key": chain.start.key, "kind": chain.start.kind, "name": chain.start.name},
        "steps": [
            {"edge": s.edge, "key": s.node.key, "kind": s.node.kind, "name": s.node.name, "note": s.note}
            for s in chain.steps
        ],
    }


def _gap(gap: Gap) -> dict[str, str]:
    return {"kind": gap.kind, "scope": gap.scope, "permission": gap.permission, "reason": gap.reason}


def _span(span: Span | None) -> dict[str, Any] | None:
    return {"file": span.file, "line": span.line, "column": span.column} if span else None


def _waiver(waiver: Waiver | None) -> dict[str, Any] | None:
    if waiver is None:
        return None
    return {"reason": waiver.reason, "approved-by": waiver.approved_by, "ticket": waiver.ticket, "until": waiver.until.isoformat(),
            "line": _span(waiver.line)}  # fmt: skip


def _entry(entry: BaselineEntry) -> dict[str, str]:
    return {
        "fingerprint": entry.fingerprint,
        "rule": entry.rule,
        "subject": entry.subject,
        "outcome": entry.outcome,
        "message": entry.message,
    }
