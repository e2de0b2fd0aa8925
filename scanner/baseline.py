"""The baseline file: findings known at a day, so that later only new ones fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from scanner.errors import Problem, UserError
from scanner.findings import BaselineEntry, Outcome, Report

SCHEMA = 1


class _Entry(msgspec.Struct):
    fingerprint: str
    rule: str
    subject: str
    outcome: Outcome
    message: str = ""


class _File(msgspec.Struct, kw_only=True):
    schema: int
    kind: str
    scenario: str = ""
    day: str = ""
    findings: list[_Entry]


def entries_of(report: Report) -> tuple[BaselineEntry, ...]:
    """What a baseline of this report would remember: every finding that is open."""
    found = [
        BaselineEntry(
            s.finding.fingerprint, s.finding.rule, s.finding.subject.key, s.finding.outcome, s.finding.message
        )
        for s in report.open()
    ]
    return tuple(sorted(found, key=lambda e: (e.rule, e.subject, e.fingerprint)))


def contents(report: Report) -> dict[str, Any]:
    """What a baseline file says, to be written as JSON."""
    entries = [_Entry(e.fingerprint, e.rule, e.subject, e.outcome, e.message) for e in entries_of(report)]
    file = _File(
        schema=SCHEMA,
        kind="mlposture baseline",
        scenario=report.scenario,
        day=report.today.isoformat(),
        findings=entries,
    )
    found: dict[str, Any] = msgspec.to_builtins(file)
    return found


def read(path: Path) -> tuple[BaselineEntry, ...]:
    """The entries of a baseline file. Raises UserError for a file that is missing, foreign or of a newer schema."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(
            Problem(
                f"cannot read baseline `{path}`: {(error.strerror or '').lower()}",
                help="write one with `mlposture baseline write FILE`",
            )
        ) from error
    try:
        file = msgspec.json.decode(content, type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UserError(
            Problem(f"`{path}` is not a baseline", help="write one with `mlposture baseline write FILE`")
        ) from error
    if file.kind != "mlposture baseline" or file.schema > SCHEMA:
        raise UserError(Problem(f"baseline `{path}` has schema {file.schema}; this version reads up to {SCHEMA}"))
    return tuple(BaselineEntry(e.fingerprint, e.rule, e.subject, e.outcome, e.message) for e in file.findings)
