"""What evaluation says: findings with their chains, and what makes a finding the same one tomorrow."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import msgspec

from scanner.errors import Span

Outcome = Literal["fail", "unknown"]
Severity = Literal["critical", "high", "medium", "low"]
SEVERITIES: tuple[Severity, ...] = ("critical", "high", "medium", "low")  # worst first
DecidedBy = Literal["graph", "load", "settle", "coverage"]


class NodeRef(msgspec.Struct, frozen=True, gc=False):
    """A node as reports show it: `key` is folded and stable, `id` is the ARM or object id as Azure wrote it."""

    key: str
    kind: str
    name: str
    id: str = ""


class Step(msgspec.Struct, frozen=True, gc=False):
    """One step of a chain: the edge followed, the node it led to, and what a person should note there."""

    edge: str
    node: NodeRef
    note: str = ""


class Chain(msgspec.Struct, frozen=True, gc=False):
    """The shortest path that explains a finding: from `start`, step by step."""

    start: NodeRef
    steps: tuple[Step, ...] = ()


NO_PLACE = "no-place"  # why a gap is one: it was read, and says nothing of where it stands


@dataclass(frozen=True, slots=True, order=True)
class Gap:
    """A list that could not be read, so that whatever depends on it is unknown.

    `kind` is the record kind of the list, `scope` the folded scope it was asked for (`tenant` for
    directory lists), `permission` the ARM action or Graph permission that would settle it, `reason` one of
    forbidden, throttled, failed, partial, unsupported, bounded. A resource that others refer to and that was in no list
    is a gap too: `scope` is its id, the reason missing, and no permission is known to settle it; so is a cluster outside Azure,
    whose location is a word of whoever connected it (reason no-place),
    and a model that does not say what it was made from (reason not stated; `detail` says what is missing).
    """

    kind: str
    scope: str
    permission: str
    reason: str
    detail: str = field(default="", compare=False)


class Finding(msgspec.Struct, frozen=True, gc=False):
    """A failing or unknown verdict on one subject for one cause.

    `cause` is a stable key (folded ARM id, object id, or a derived key made of such ids). `subject.key` and
    `cause` never hold display names, so the fingerprint survives renames of titles, severities, lines and
    re-minted assignment names.
    """

    rule: str
    outcome: Outcome
    subject: NodeRef
    cause: str
    message: str
    chains: tuple[Chain, ...] = ()
    wanted: str = ""  # what the scenario asked for, in words; empty when no scenario value was compared
    line: Span | None = None  # the scenario line it contradicts
    environment: str = ""
    data_classes: tuple[str, ...] = ()
    reason: Literal["", "gap", "condition"] = ""  # why an unknown is unknown
    gaps: tuple[Gap, ...] = ()  # what would settle an unknown
    fix: str = ""  # a fix more exact than the rule's own, when the chain knows one

    @property
    def fingerprint(self) -> str:
        """16 hex digits over rule, subject and cause; people are shown the first 8."""
        text = "\n".join((self.rule, self.subject.key, self.cause))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class RuleInfo:
    """What reports need to know of a rule."""

    id: str
    name: str  # the file's name: reads after "allow"
    theme: str  # residency, duties, access, quota, estate
    title: str
    severity: Severity
    why: str
    fix: str
    controls: tuple[str, ...] = ()
    decided_by: DecidedBy = "graph"


@dataclass(frozen=True, slots=True)
class RuleResult:
    """How one rule went over the whole estate: subjects judged and passed, and its findings.

    `not_applicable` says why the rule was left out (a pattern or a scenario key it needs is absent).
    """

    rule: RuleInfo
    judged: int = 0
    passed: int = 0
    findings: tuple[Finding, ...] = ()
    not_applicable: str = ""

    @property
    def verdict(self) -> Literal["fail", "unknown", "pass", "not-applicable"]:
        if self.not_applicable:
            return "not-applicable"
        outcomes = {finding.outcome for finding in self.findings}
        return "fail" if "fail" in outcomes else "unknown" if "unknown" in outcomes else "pass"


@dataclass(frozen=True, slots=True)
class Waiver:
    """An accepted finding. `on` is a subject key, or `environment`/`data_class` say which findings; `until` is its
    last valid day (UTC). `cause` is a cause key, `any`, or empty where the rule needs none.
    """

    rule: str
    on: str
    cause: str
    reason: str
    approved_by: str
    until: date
    line: Span
    ticket: str = ""
    environment: str = ""
    data_class: str = ""
    longest: int | None = None  # days that the scenario's waiver policy allows from today on
    longest_critical: int | None = None  # the same for rules of severity critical


@dataclass(frozen=True, slots=True)
class AcceptedGap:
    """A gap the organisation lives with until a day: verdicts stay unknown, the exit code forgives."""

    permission: str
    scope: str  # folded scope, or `tenant`
    reason: str
    until: date
    line: Span


class Settled(msgspec.Struct, frozen=True, gc=False):
    """A finding after waivers and baseline: still open, or waived and by what; new or known to the baseline."""

    finding: Finding
    rule: RuleInfo
    waiver: Waiver | None = None
    baseline: Literal["", "new", "known"] = ""  # empty when no baseline was given


@dataclass(frozen=True, slots=True)
class BaselineEntry:
    """A finding a baseline remembers; `outcome` as it was then."""

    fingerprint: str
    rule: str
    subject: str
    outcome: Outcome
    message: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """What was looked at: where the snapshot came from and how it was taken. Times are RFC 3339 in UTC."""

    snapshot: str  # path, or how it was collected
    tenant: str
    cloud: str
    identity: str
    scope: tuple[str, ...]
    started: str
    finished: str
    partial: bool
    counts: Mapping[str, int]  # nodes by kind
    notes: tuple[str, ...] = ()  # what is special about subscriptions: disabled, delegated, left out


@dataclass(frozen=True, slots=True)
class ChokePoint:
    """The fewest removals that close the unwanted ways to the data of an environment.

    `removals` are (what, ways it closes), the largest first; `closed` of `ways` (an identity and a cause each) are closed
    by all of them together. No fewer than `at_least` would do.
    """

    environment: str
    removals: tuple[tuple[str, int], ...]
    closed: int
    ways: int
    at_least: int


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a renderer needs; nothing in it is decided later.

    `settled` is sorted worst first (severity, then fail before unknown, then rule, subject, cause). `gone` are baseline
    findings that no longer hold, `unread` those that could not be judged this time: unread is never gone.
    `accepted_reach` are rows for the table of accepted platform and residual administrator reach.
    """

    scenario: str
    scenario_file: str
    scenario_title: str
    patterns: tuple[str, ...]
    today: date
    source: Source
    results: tuple[RuleResult, ...]
    settled: tuple[Settled, ...]
    gaps: tuple[Gap, ...] = ()
    accepted_gaps: tuple[AcceptedGap, ...] = ()
    expiring: tuple[Waiver, ...] = ()  # end within 14 days
    gone: tuple[BaselineEntry, ...] = ()
    unread: tuple[BaselineEntry, ...] = ()
    baseline: str = ""
    accepted_reach: tuple[tuple[str, str, str, int], ...] = ()  # kind of reach, cause, environment, identities
    choke_points: tuple[ChokePoint, ...] = ()
    not_seen: tuple[str, ...] = ()  # what no scan of rights can see, in words

    def open(self, outcome: Outcome | None = None) -> tuple[Settled, ...]:
        """Findings that are not waived, of one outcome or of both."""
        return tuple(s for s in self.settled if s.waiver is None and (outcome is None or s.finding.outcome == outcome))
