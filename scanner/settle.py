"""Waivers, accepted gaps and baseline, applied to findings after evaluation; nothing here changes a verdict."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from types import MappingProxyType

from msgspec.structs import replace

from scanner import exceptions, ids
from scanner.errors import Exit
from scanner.findings import (
    SEVERITIES,
    AcceptedGap,
    BaselineEntry,
    ChokePoint,
    Finding,
    Gap,
    Report,
    RuleInfo,
    RuleResult,
    Settled,
    Source,
    Waiver,
)  # fmt: skip
from scanner.snapshot import Coverage

_JUDGED = ("workspace", "ml-registry", "model-account", "storage-account", "compute")


def settle(
    results: Sequence[RuleResult],
    *,
    scenario_name: str,
    scenario_file: str,
    scenario_title: str,
    patterns: tuple[str, ...],
    waivers: Sequence[Waiver],
    accepted_gaps: Sequence[AcceptedGap],
    source: Source,
    today: date,
    baseline: Sequence[BaselineEntry] | None = None,
    baseline_name: str = "",
    accepted_reach: tuple[tuple[str, str, str, int], ...] = (),
    choke_points: tuple[ChokePoint, ...] = (),
    not_seen: tuple[str, ...] = (),
    coverage: Sequence[Coverage] = (),
    subscriptions: Collection[str] = (),
    owners: Mapping[str, str] = MappingProxyType({}),
) -> Report:
    """The report: every finding open or waived, new or known, worst first.

    `owners` are those of the data classes: only the owner may waive what is about a class.

    `coverage` is how the lists went and `subscriptions` the ids of those that were read: what of the baseline nobody
    could look at again is told by them.

    Waivers are judged as of `today`: the last day of one still counts. What a waiver or accepted gap says of itself
    (expired, expiring, unused) becomes findings of rule SCN03; that it runs too long, and so does not hold, or that the
    owner of the data did not approve it, findings of SCN07.
    """
    used: set[Waiver] = set()
    astray: dict[Waiver, set[str]] = {w: exceptions.not_the_owners(w, (w.data_class,), owners) for w in waivers}
    settled: list[Settled] = []
    for result in results:
        for finding in result.findings:
            waiver = next((w for w in waivers if covers(w, finding)), None)
            if waiver is not None:
                used.add(waiver)
                astray[waiver] |= exceptions.not_the_owners(waiver, finding.data_classes, owners)
            held = (
                waiver is not None
                and waiver.until >= today
                and not exceptions.too_long(waiver, result.rule.severity, today)
            )
            standing = waiver if held else None
            settled.append(Settled(finding, result.rule, standing))
    seen = not any(c.kind in _HIERARCHY and c.outcome != "complete" for c in coverage)
    severities = {r.rule.id: r.rule.severity for r in results}
    said = {
        "SCN03": (*exceptions.complaints(results, waivers, accepted_gaps, used, today, seen),),
        "SCN07": (*exceptions.beyond_policy(waivers, severities, astray, owners, today),),
    }
    settled += [Settled(complaint, r.rule) for r in results for complaint in said.get(r.rule.id, ())]
    exceptions_of = {"SCN03": len(waivers) + len(accepted_gaps), "SCN07": len(waivers)}
    results = [_told(r.rule, exceptions_of[r.rule.id], said[r.rule.id]) if r.rule.id in said else r for r in results]
    gone: tuple[BaselineEntry, ...] = ()
    unread: tuple[BaselineEntry, ...] = ()
    if baseline is not None:
        lost = [
            c for c in coverage if c.outcome not in ("complete", "bounded") and c.code != "AadPremiumLicenseRequired"
        ]
        gone, unread = _against(settled, results, baseline, lost, subscriptions)
        known = {(entry.fingerprint, entry.outcome) for entry in baseline}
        settled = [replace(s, baseline="known" if _is_known(s.finding, known) else "new") for s in settled]
    return Report(
        scenario=scenario_name,
        scenario_file=scenario_file,
        scenario_title=scenario_title,
        patterns=patterns,
        today=today,
        source=source,
        results=tuple(results),
        settled=tuple(sorted(settled, key=_worst_first)),
        gaps=tuple(sorted({gap for s in settled for gap in s.finding.gaps})),
        accepted_gaps=tuple(accepted_gaps),
        expiring=tuple(w for w in waivers if today <= w.until <= today + exceptions.WARNING),
        gone=gone,
        unread=unread,
        baseline=baseline_name,
        accepted_reach=accepted_reach,
        choke_points=choke_points,
        not_seen=not_seen,
    )


def _told(rule: RuleInfo, judged: int, complaints: tuple[Finding, ...]) -> RuleResult:
    return RuleResult(rule, judged, max(judged - len({c.subject.key for c in complaints}), 0), complaints)


def _worst_first(settled: Settled) -> tuple[object, ...]:
    finding = settled.finding
    return (
        SEVERITIES.index(settled.rule.severity), finding.outcome != "fail", finding.rule, finding.subject.key, finding.cause
    )  # fmt: skip


def covers(waiver: Waiver, finding: Finding) -> bool:
    """Whether a waiver is about a finding: rule, subject (or environment and class), and cause where it names one."""
    if waiver.rule != finding.rule or finding.outcome != "fail":
        return False
    if waiver.environment:
        same = waiver.environment == finding.environment and (
            not waiver.data_class or waiver.data_class in finding.data_classes
        )
    else:
        same = waiver.on == finding.subject.key
    if not same or waiver.cause in ("", "any"):
        return same
    # a cause may be named whole, or by the id of the principal in it
    return waiver.cause == finding.cause or waiver.cause in finding.cause.replace("|", ":").split(":")


# -- baseline -----------------------------------------------------------------------------------------------------


_HIERARCHY = ("subscription", "management-group", "resource-group")
_DIRECTORY = ("user", "group", "group-member", "group-owner", "service-principal")
_SUBSCRIPTION = re.compile(r"/subscriptions/([0-9a-f-]{36})")


def _is_known(finding: Finding, known: Collection[tuple[str, str]]) -> bool:
    """What could not be decided then and fails now is new: nobody has accepted it."""
    return (finding.fingerprint, "fail") in known or (finding.fingerprint, finding.outcome) in known


def _against(
    settled: Sequence[Settled],
    results: Sequence[RuleResult],
    baseline: Sequence[BaselineEntry],
    lost: Sequence[Coverage],
    subscriptions: Collection[str],
) -> tuple[tuple[BaselineEntry, ...], tuple[BaselineEntry, ...]]:
    """What of a baseline no longer holds, and what could not be judged this time: unread is never gone."""
    now = {s.finding.fingerprint: s.finding.outcome for s in settled}
    judged = {r.rule.id: r.rule.theme for r in results if not r.not_applicable}
    doubtful = {(s.finding.rule, s.finding.subject.key) for s in settled if s.finding.outcome == "unknown"}
    unlisted = {s.finding.rule for s in settled if s.finding.subject.key.startswith("unread:")}
    # less of the estate was read than then, and what is left out may be what a finding rested on
    narrower = any(_subscription_of(entry) not in ("", *subscriptions) for entry in baseline)
    gone: list[BaselineEntry] = []
    unread: list[BaselineEntry] = []
    for entry in baseline:
        if entry.fingerprint in now:
            if entry.outcome == "fail" and now[entry.fingerprint] == "unknown":
                unread.append(entry)
            continue
        unsure = (
            narrower
            or entry.rule not in judged
            or (entry.rule, entry.subject) in doubtful
            or entry.rule in unlisted
            or any(_may_hide(one, _subscription_of(entry), judged[entry.rule]) for one in lost)
        )
        (unread if unsure else gone).append(entry)
    return tuple(gone), tuple(unread)


def _subscription_of(entry: BaselineEntry) -> str:
    """The subscription a finding is in, also where its subject is a pool or a grant; empty for people and the tenant."""
    found = _SUBSCRIPTION.search(entry.subject)
    return found.group(1) if found else ""


def _may_hide(lost: Coverage, place: str, theme: str) -> bool:
    """Whether an unread list may be why a finding is no longer seen; coarse, and only ever too careful."""
    if lost.kind in _DIRECTORY:
        return theme not in ("residency", "quota")
    where = (ids.subscription_of(lost.scope) or "").rpartition("/")[2]
    return not where or not place or where == place


# -- the end ------------------------------------------------------------------------------------------------------


def blinding(report: Report) -> tuple[Gap, ...]:
    """Gaps that left selected rules undecided and that nobody accepted."""
    return tuple(gap for gap in report.gaps if not any(_accepts(a, gap, report.today) for a in report.accepted_gaps))


def _accepts(accepted: AcceptedGap, gap: Gap, today: date) -> bool:
    if accepted.until < today or not gap.permission or accepted.permission.lower() != gap.permission.lower():
        return False
    return (
        accepted.scope == "tenant"
        or gap.scope == accepted.scope
        or gap.scope.startswith(accepted.scope.rstrip("/") + "/")
    )


def nothing_in_scope(report: Report) -> bool:
    """Whether there was nothing to judge: no machine learning and no storage at all."""
    return not any(report.source.counts.get(kind) for kind in _JUDGED)


def exit_code(report: Report, fail_on: str, *, allow_gaps: bool) -> Exit:
    """1 when something failed at or above `fail_on` (a severity, `new` or `never`), 3 when too little was seen, else 0."""
    failing = [s for s in report.open("fail") if _counts(s, fail_on)]
    if failing:
        return Exit.FINDINGS
    if (nothing_in_scope(report) or blinding(report) or report.source.partial) and not allow_gaps:
        return Exit.INCOMPLETE
    return Exit.CLEAN


def _counts(settled: Settled, fail_on: str) -> bool:
    if fail_on == "never":
        return False
    if fail_on == "new":
        return settled.baseline == "new"
    return SEVERITIES.index(settled.rule.severity) <= SEVERITIES.index(fail_on)
