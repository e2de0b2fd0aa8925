"""The report as people read it at a terminal: findings by theme, worst first, each with the chain that shows it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, TextIO

from scanner import __version__
from scanner.errors import Exit
from scanner.findings import Chain, Report, Settled
from scanner.render.terminal import carries_marks, console_for, styled
from scanner.settle import blinding, nothing_in_scope

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_COLOURS = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan"}
_THEMES = {"residency": "Data residency", "duties": "Separation of duties", "access": "Access to production data", "quota": "Quota spread",
           "estate": "Structure, scenario and coverage"}  # fmt: skip
_PROSE = ("  why     ", "  fix     ")
_NARROWEST = 20  # columns; prose in fewer is left to the terminal
_MOST_SHOWN = 10  # findings of one rule that are drawn; the rest is counted


def render(
    report: Report,
    file: TextIO,
    *,
    color: str = "auto",
    width: int | None = None,
    verbose: int = 0,
    exit_code: Exit = Exit.CLEAN,
    fail_on: str = "high",
    written: tuple[str, ...] = (),
) -> None:
    """Writes the report. With `verbose` no finding is left out and passing rules are listed."""
    console = console_for(file, color, width)
    plain = not carries_marks(file)
    with console.capture() as printed:  # rich would end the process by itself when the reader closes the pipe
        for line in _lines(report, verbose, exit_code, fail_on, written):
            if plain:
                line.plain = line.plain.replace("✗", "x").replace("✓", "+")
            for piece in _folded(line, console):
                console.print(piece, soft_wrap=True)
    file.write(printed.get())


def _folded(line: Text, console: Console) -> Iterator[Text]:
    """Prose is wrapped below itself; whatever may hold an id is left whole, to be copied."""
    head, body = line[: len(_PROSE[0])], line[len(_PROSE[0]) :]
    room = console.width - len(head.plain)
    if len(body.plain) <= room or room < _NARROWEST or not line.plain.startswith(_PROSE):
        yield line
        return
    for number, piece in enumerate(body.wrap(console, room)):
        piece.rstrip()
        yield (head if number == 0 else styled(" " * len(head.plain))) + piece


def _lines(report: Report, verbose: int, exit_code: Exit, fail_on: str, written: tuple[str, ...]) -> Iterator[Text]:
    yield from _header(report)
    failing = report.open("fail")
    for theme, title in _THEMES.items():
        here = [s for s in failing if s.rule.theme == theme]
        if here:
            yield styled((title, "bold underline"))
            yield styled("")
            for _, group in groupby(here, key=lambda s: s.rule.id):
                yield from _rule(list(group), report, verbose)
    yield from _choke_points(report)
    yield from _unknown(report, verbose)
    yield from _exceptions(report)
    yield from _changes(report)
    if verbose:
        yield from _accepted_reach(report)
        yield from _quiet_rules(report)
    yield from _table(report)
    yield from _closing(report, exit_code, fail_on, written)


def _header(report: Report) -> Iterator[Text]:
    source = report.source
    yield styled((f"mlposture {__version__}", "bold"), f"  {report.scenario}", (f"  {report.scenario_file}", "dim"))
    resources = sum(n for kind, n in source.counts.items() if kind in _RESOURCES)
    people = sum(source.counts.get(kind, 0) for kind in ("user", "service-principal", "managed-identity", "group"))
    seen = f"tenant {source.tenant}: {resources} resources, {people} principals"
    yield styled(
        (f"{seen}, read {source.finished or 'at an unknown time'} by {source.identity or 'an unknown identity'}", "dim")
    )
    for said in source.notes:
        yield styled((f"note: {said}", "yellow"))
    yield styled("")


_REMOVALS = 5  # that are named; the command names all
_RESOURCES = {
    "workspace", "compute", "datastore", "data-asset", "model", "online-endpoint", "online-deployment", "batch-endpoint",
    "batch-deployment", "connection", "job", "ml-registry", "storage-account", "key-vault", "container-registry", "application-insights",
    "log-analytics", "model-account", "model-deployment", "user-assigned-identity", "resource", "resource-group",
}  # fmt: skip


# -- failures -----------------------------------------------------------------------------------------------------


def _rule(group: list[Settled], report: Report, verbose: int) -> Iterator[Text]:
    """One explanation, then what it was found on."""
    rule = group[0].rule
    yield styled((f"{rule.id} {rule.severity}", _COLOURS[rule.severity]), ("  " + rule.title, "bold"))
    shown = group if verbose else group[:_MOST_SHOWN]
    for settled in shown:
        yield from _finding(settled, verbose)
    if len(group) > len(shown):
        yield styled((f"  and {len(group) - len(shown)} more; -v shows all", "dim"))
    yield styled(("  why     ", "dim"), rule.why)
    fixes = {s.finding.fix for s in shown} - {""}
    if not fixes:
        yield styled(("  fix     ", "dim"), rule.fix)
    yield styled("")


def _finding(settled: Settled, verbose: int) -> Iterator[Text]:
    finding = settled.finding
    new = ("  new", "bold magenta") if settled.baseline == "new" else ""
    yield styled(("  ✗ ", "red"), finding.message, *([new] if new else []), (f"  {finding.fingerprint[:8]}", "dim"))
    for chain in finding.chains:
        yield from _chain(chain)
    if finding.line is not None:
        place = f"{finding.line.file}:{finding.line.line}"
        if finding.wanted:
            yield styled(("      wanted  ", "dim"), f"{finding.wanted}, says {place}")
        else:
            yield styled(("      see     ", "dim"), place)
    if finding.fix:
        yield styled(("      fix     ", "dim"), finding.fix)
    if verbose and settled.rule.decided_by != "settle":  # what waivers say of themselves cannot be waived
        yield styled((f"      waive   rule: {finding.rule}, on: {finding.subject.key}, cause: {finding.cause}", "dim"))


def _chain(chain: Chain) -> Iterator[Text]:
    if not chain.steps or (len(chain.steps) == 1 and chain.steps[0].edge in ("opened-by", "perhaps-opened-by")):
        return
    edges = max(len(step.edge) for step in chain.steps)
    names = min(48, max(len(step.node.name) for step in chain.steps))
    yield styled("      ", (chain.start.name, ""), (f"  {_kind(chain.start.kind)}", "dim"))
    for step in chain.steps:
        kind = _kind(step.node.kind)
        note = f"{kind}, {step.note}" if step.note else kind
        yield styled(
            "        ", (step.edge.ljust(edges), "cyan"), "  ", step.node.name.ljust(names), (f"  {note}", "dim")
        )


def _kind(kind: str) -> str:
    return kind.replace("-", " ")


# -- unknown, exceptions, changes ---------------------------------------------------------------------------------


def _unknown(report: Report, verbose: int) -> Iterator[Text]:
    """What could not be decided, by what would settle it."""
    unknown = report.open("unknown")
    if not unknown:
        return
    verdicts = [s for s in unknown if s.rule.decided_by != "coverage"]
    yield styled(("Could not be decided", "bold underline"))
    yield styled("")
    for settled in (s for s in unknown if s.rule.decided_by == "coverage"):
        finding = settled.finding
        yield styled(("  ? ", "magenta"), finding.message, (f"  {finding.fingerprint[:8]}", "dim"))
    for gap in (gap for gap in report.gaps if not gap.permission):
        yield styled(("  ? ", "magenta"), f"{gap.scope} is referred to and was not found: it is gone, or out of sight")
    conditional = [s for s in verdicts if s.finding.reason == "condition"]
    for settled in conditional[: None if verbose else _MOST_SHOWN]:
        yield styled(
            ("  ? ", "magenta"),
            f"{settled.finding.rule}: {settled.finding.message}",
            (f"  {settled.finding.fingerprint[:8]}", "dim"),
        )
    rest = [s for s in verdicts if s.finding.reason != "condition"]
    for rule, group in groupby(sorted(rest, key=lambda s: s.finding.rule), key=lambda s: s.finding.rule):
        names = [s.finding.subject.name for s in group]
        few = names if verbose else names[:4]
        more = f" and {len(names) - len(few)} more" if len(names) > len(few) else ""
        yield styled((f"    {rule}  ", "dim"), ", ".join(few), more)
    yield styled("")


def _exceptions(report: Report) -> Iterator[Text]:
    waived = [s for s in report.settled if s.waiver is not None]
    if not waived:
        return
    yield styled(("Waived", "bold underline"))
    yield styled("")
    for settled in waived:
        waiver = settled.waiver
        if waiver is not None:
            yield styled(("  ~ ", "blue"), f"{settled.finding.rule} {settled.finding.message}")
            ticket = f", {waiver.ticket}" if waiver.ticket else ""
            yield styled((f"      until {waiver.until}, by {waiver.approved_by}{ticket}: {waiver.reason}", "dim"))
    yield styled("")


def _choke_points(report: Report) -> Iterator[Text]:
    """What to remove first: the fewest causes that close the most ways to production's data."""
    for point in report.choke_points:
        things = "1 thing" if len(point.removals) == 1 else f"{len(point.removals)} things"
        least = "" if point.at_least == len(point.removals) else f"; at least {point.at_least} are needed"
        yield styled((f"Choke points of {point.environment}", "bold underline"))
        yield styled(f"  removing {things} closes {point.closed} of {point.ways} unwanted ways to its data{least}")
        for words, ways in point.removals[:_REMOVALS]:
            yield styled(f"  - {words}", (f"  closes {ways}", "dim"))
        more = len(point.removals) - _REMOVALS
        rest = f"and {more} more; " if more > 0 else ""
        yield styled((f"  {rest}`mlposture access choke {point.environment}` says how", "dim"))
        yield styled("")


def _changes(report: Report) -> Iterator[Text]:
    if not report.baseline:
        return
    new = sum(1 for s in report.open("fail") if s.baseline == "new")
    yield styled(
        ("Since the baseline", "bold underline"),
        f"  {new} new, {len(report.gone)} gone, {len(report.unread)} could not be judged again",
    )
    for entry in report.gone:
        yield styled(("  - ", "green"), f"gone    {entry.rule} {entry.message}")
    for entry in report.unread:
        yield styled(("  ? ", "magenta"), f"unread  {entry.rule} {entry.message}")
    yield styled("")


def _accepted_reach(report: Report) -> Iterator[Text]:
    """Platform identities and administrators: no findings, and never hidden."""
    if not report.accepted_reach:
        return
    yield styled(("Accepted reach to data", "bold underline"))
    yield styled("")
    for kind, cause, environment, identities in report.accepted_reach:
        yield styled((f"  {kind:<15}", "dim"), f"{environment:<14}{identities:>4}  {cause}")
    yield styled("")


def _quiet_rules(report: Report) -> Iterator[Text]:
    for result in report.results:
        if result.verdict == "pass":
            yield styled(
                ("  ✓ ", "green"), f"{result.rule.id} {result.rule.title}", (f"  {result.judged} judged", "dim")
            )
        elif result.verdict == "not-applicable":
            yield styled(
                ("  - ", "dim"),
                (f"{result.rule.id} {result.rule.title}: not applicable, {result.not_applicable}", "dim"),
            )
    yield styled("")


# -- the end ------------------------------------------------------------------------------------------------------


def _table(report: Report) -> Iterator[Text]:
    """Theme by verdict: findings for failed, unknown and waived, rules for passed."""
    yield styled((f"{'':<34}{'failed':>8}{'unknown':>9}{'waived':>8}{'rules passed':>14}", "dim"))
    for theme, title in _THEMES.items():
        mine = [s for s in report.settled if s.rule.theme == theme]
        failed = sum(1 for s in mine if s.waiver is None and s.finding.outcome == "fail")
        unknown = sum(1 for s in mine if s.waiver is None and s.finding.outcome == "unknown")
        waived = sum(1 for s in mine if s.waiver is not None)
        rules = [r for r in report.results if r.rule.theme == theme and not r.not_applicable]
        passed = f"{sum(1 for r in rules if r.verdict == 'pass')} of {len(rules)}"
        yield styled(f"{title:<34}", (f"{failed:>8}", "red" if failed else "dim"), (f"{unknown:>9}", "magenta" if unknown else "dim"),
                    (f"{waived:>8}", "dim"), f"{passed:>14}")  # fmt: skip
    yield styled("")


def _closing(report: Report, exit_code: Exit, fail_on: str, written: tuple[str, ...]) -> Iterator[Text]:
    failing = report.open("fail")
    by_severity = [
        f"{n} {severity}" for severity in _COLOURS if (n := sum(1 for s in failing if s.rule.severity == severity))
    ]
    counts = [
        f"{len(failing)} failed" + (f" ({', '.join(by_severity)})" if by_severity else ""),
        f"{sum(1 for r in report.results if r.verdict == 'pass')} rules passed",
        f"{len(report.open('unknown'))} unknown",
        f"{sum(1 for s in report.settled if s.waiver is not None)} waived",
    ]
    yield styled((", ".join(counts), "bold"))
    if report.not_seen:
        yield styled((f"not seen by any scan: {'; '.join(report.not_seen)}", "dim"))
    for path in written:
        yield styled(f"written: {path}")
    yield styled(
        (
            f"exit code {int(exit_code)}: {_meaning(report, exit_code, fail_on)}",
            "bold red" if exit_code else "bold green",
        )
    )


def _meaning(report: Report, exit_code: Exit, fail_on: str) -> str:
    if exit_code == Exit.FINDINGS:
        return "new findings" if fail_on == "new" else f"findings of severity {fail_on} or above"
    if exit_code == Exit.INCOMPLETE:
        if nothing_in_scope(report):
            return "nothing was in scope"
        blind = blinding(report)
        unread, missing = sum(bool(gap.permission) for gap in blind), sum(not gap.permission for gap in blind)
        parts = [f"{unread} list{'s' * (unread != 1)} that the rules need could not be read"] * bool(unread)
        parts += [f"{missing} resource{'s' * (missing != 1)} referred to could not be found"] * bool(missing)
        seen = " and ".join(parts) or "the snapshot was not taken to its end"
        return f"{seen}; --allow-gaps forgives that"
    return "nothing failed" if not report.open("fail") else f"nothing failed that counts for --fail-on {fail_on}"
