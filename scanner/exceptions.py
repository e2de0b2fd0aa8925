"""What waivers and accepted gaps say of themselves: that they end, match nothing, run too long, or lack the owner's word."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta

from scanner.errors import Span
from scanner.findings import AcceptedGap, Finding, NodeRef, RuleResult, Waiver

WARNING = timedelta(days=14)


def complaints(
    results: Sequence[RuleResult],
    waivers: Iterable[Waiver],
    accepted: Iterable[AcceptedGap],
    used: set[Waiver],
    today: date,
    seen: bool,
) -> Iterator[Finding]:
    """`seen` says whether the tree of scopes was read whole: else what a waiver is about may be out of sight."""
    ran = {r.rule.id for r in results if not r.not_applicable}
    # what could not be judged may be what a waiver is for
    unsure = {r.rule.id for r in results if any(f.outcome == "unknown" for f in r.findings)}
    for waiver in waivers:
        subject = _subject(waiver)
        if waiver.until < today:
            back = ": its finding is back" if waiver in used else ""
            yield _complaint(subject, "expired", f"{subject.name} ended on {waiver.until}{back}", waiver.line)
        elif waiver.until <= today + WARNING:
            ends = _ends(subject, waiver.until, today)
            yield _complaint(subject, "expiring", f"{ends}; {waiver.approved_by} approved it", waiver.line)
        if seen and waiver not in used and waiver.rule in ran and waiver.rule not in unsure:
            yield _complaint(subject, "unused", f"{subject.name} matches no finding", waiver.line)
    for gap in accepted:
        subject = NodeRef(
            f"accepted-gap:{gap.permission}|{gap.scope}", "waiver", f"accepted gap {gap.permission}", gap.scope
        )
        if gap.until < today:
            ended = f"{subject.name} ended on {gap.until}: the gap counts again"
            yield _complaint(subject, "expired", ended, gap.line)
        elif gap.until <= today + WARNING:
            yield _complaint(subject, "expiring", _ends(subject, gap.until, today), gap.line)


def beyond_policy(
    waivers: Iterable[Waiver],
    severities: Mapping[str, str],
    astray: Mapping[Waiver, set[str]],
    owners: Mapping[str, str],
    today: date,
) -> Iterator[Finding]:
    """SCN07. `astray` are, by waiver, the classes whose owner did not approve it."""
    for waiver in waivers:
        subject = _subject(waiver)
        if waiver.until >= today and too_long(waiver, severities.get(waiver.rule, "low"), today):
            text = f"{subject.name} runs until {waiver.until}, longer than `waiver-policy` allows, so it does not hold"
            yield _complaint(subject, "too-long", text, waiver.line, "SCN07", "set an earlier `until`")
        for name in sorted(astray.get(waiver, ())):
            text = f"{subject.name} is about `{name}`, and {waiver.approved_by} approved it where {owners[name]} is the owner"
            fix = f"have {owners[name]} approve it"
            yield _complaint(subject, f"owner:{name}", text, waiver.line, "SCN07", fix)


def not_the_owners(waiver: Waiver, classes: Iterable[str], owners: Mapping[str, str]) -> set[str]:
    """Of some data classes, those that have an owner who is not the one that approved the waiver."""
    return {name for name in classes if name in owners and owners[name].lower() != waiver.approved_by.lower()}


def _subject(waiver: Waiver) -> NodeRef:
    on = waiver.on or f"{waiver.environment} {waiver.data_class}".strip()
    name = f"waiver of {waiver.rule} on {on.rpartition('/')[2]}"
    return NodeRef(f"waiver:{waiver.rule}|{on}|{waiver.cause}", "waiver", name, on)


def too_long(waiver: Waiver, severity: str, today: date) -> bool:
    """Whether the scenario's policy allows no waiver of this rule for so long."""
    longest = waiver.longest_critical if severity == "critical" else waiver.longest
    return longest is not None and waiver.until > today + timedelta(days=longest)


def _ends(subject: NodeRef, until: date, today: date) -> str:
    left = (until - today).days
    return f"{subject.name} ends on {until}, {'today' if not left else 'in 1 day' if left == 1 else f'in {left} days'}"


def _complaint(subject: NodeRef, cause: str, message: str, line: Span, rule: str = "SCN03", fix: str = "") -> Finding:
    return Finding(rule, "fail", subject, cause, message, line=line, fix=fix)
