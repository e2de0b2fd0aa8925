"""SARIF 2.1.0 for code scanning: locations are lines of the scenario, fingerprints are ours, chains are code flows.

The `github` profile: only open failures are results, since dashboards show everything in `results` as an open alert. What
could not be decided is a notification of level error, so that nobody takes the run for complete. People are object ids
unless asked otherwise: everybody who reads the repository can open the file.
"""

from __future__ import annotations

import posixpath
import re
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from scanner import __version__
from scanner.errors import Span
from scanner.findings import Chain, Finding, NodeRef, Report, RuleInfo, Settled, Severity
from scanner.render.safe import json_text, scrub
from scanner.settle import nothing_in_scope

HOME = "https://github.com/mlposture/mlposture"
SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
MOST_RESULTS = 5000
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, HOME)
_SCORES: Mapping[Severity, str] = {
    "critical": "9.5",
    "high": "8.0",
    "medium": "5.5",
    "low": "2.0",
}  # middle of each band
_LEVELS: Mapping[Severity, str] = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
_PROBLEM: Mapping[Severity, str] = {"critical": "error", "high": "error", "medium": "warning", "low": "recommendation"}
_PEOPLE = {"user", "service-principal", "group", "managed-identity"}
_GRANT = re.compile(r"grant:([^|]+)\|")
_UNREAD, _EXPIRING, _CUT = "unread-list", "waiver-expiring", "results-cut"
_INCOMPLETE, _UNDECIDED, _NOT_SEEN = "run-incomplete", "verdict-undecided", "not-seen"


@dataclass(frozen=True, slots=True)
class _Options:
    names: bool  # people by name instead of object id
    chains: bool


def render(
    report: Report, *, people: str = "ids", chains: bool = True, category: str | None = None, exit_code: int = 0
) -> str:
    """The file's text; the same report gives the same bytes. Indented below a megabyte, on one line above."""
    document = _document(report, _Options(people == "names", chains), category, exit_code)
    text = json_text(document, indent=1)
    return text if len(text) < 1_000_000 else json_text(document, separators=(",", ":"))


def _document(report: Report, options: _Options, category: str | None, exit_code: int) -> dict[str, Any]:
    rules = [result.rule for result in report.results]
    index = {rule.id: number for number, rule in enumerate(rules)}
    failing = list(report.open("fail"))
    shown = failing[:MOST_RESULTS]
    places = _Places(report)
    results = [_result(s, index, places, options) for s in shown]
    started, finished = report.source.started, report.source.finished
    stamp = (finished or report.today.isoformat()).replace(":", "-")
    invocation: dict[str, Any] = {
        "executionSuccessful": True,
        "exitCode": int(exit_code),
        "toolExecutionNotifications": [
            *_unread(report, index),
            *_incomplete(report),
            *_undecided(report, index),
            *_cut(len(failing)),
            *_not_seen(report),
        ],
        "toolConfigurationNotifications": list(_expiring(report, index)),
    }
    if started:
        invocation["startTimeUtc"] = started
    if finished:
        invocation["endTimeUtc"] = finished
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {
                    "name": "mlposture", "version": __version__, "semanticVersion": __version__, "informationUri": HOME,
                    "rules": [_rule(rule) for rule in rules], "notifications": _descriptors(),
                }},
                "automationDetails": {"id": f"{scrub(category or '').strip('/') or f'mlposture/{report.scenario}'}/{stamp}"},
                "columnKind": "unicodeCodePoints",
                "invocations": [invocation],
                "logicalLocations": places.cached,
                "results": results,
            }
        ],
    }  # fmt: skip


# -- rules --------------------------------------------------------------------------------------------------------


def _rule(rule: RuleInfo) -> dict[str, Any]:
    tags = ["security", rule.theme, *(f"external/{c.replace(':', '/').lower()}" for c in rule.controls)][:10]
    help_ = f"{rule.why}\n\n{rule.fix}"
    return {
        "id": rule.id,
        "name": _pascal(rule.name)[:255],
        "shortDescription": {"text": _cap(rule.title)},
        "fullDescription": {"text": _cap(rule.why)},
        "help": {"text": help_, "markdown": f"**Why.** {rule.why}\n\n**Fix.** {rule.fix}\n\n[All rules]({HOME}/tree/main/rules)"},
        "helpUri": f"{HOME}/tree/main/rules/{rule.theme}/{rule.name}.yaml",
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {
            "tags": tags, "precision": "high", "problem.severity": _PROBLEM[rule.severity], "security-severity": _SCORES[rule.severity]
        },
    }  # fmt: skip


def _pascal(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("-"))


def _cap(text: str) -> str:
    text = text if text.endswith(".") else f"{text}."
    return text if len(text) <= 1024 else text[:1023] + "…"


def _descriptors() -> list[dict[str, Any]]:
    about = {
        _UNREAD: (
            "A list that rules need could not be read",
            "Grant the permission the message names, or accept the gap in the scenario.",
        ),
        _EXPIRING: ("A waiver ends soon", "Renew the waiver with a new reason, or mend what it waives."),
        _CUT: ("More findings than a dashboard shows", "Select fewer rules, or mend the worst first."),
        _INCOMPLETE: ("The run did not see the estate", "Take the snapshot again, with a scope that holds the estate."),
        _UNDECIDED: (
            "A verdict needs a person to judge",
            "Look at the condition the report names.",
        ),
        _NOT_SEEN: ("What no scan of rights can see", "Look there by other means."),
    }
    return [
        {"id": id_, "name": _pascal(id_), "shortDescription": {"text": f"{title}."}, "fullDescription": {"text": f"{title}. {fix}"}, "help": {"text": fix}}
        for id_, (title, fix) in about.items()
    ]  # fmt: skip


# -- results ------------------------------------------------------------------------------------------------------


def _result(settled: Settled, index: Mapping[str, int], places: _Places, options: _Options) -> dict[str, Any]:
    finding = settled.finding
    chains = [chain for chain in finding.chains if chain.steps]
    hidden = _hidden(finding, options)
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index[finding.rule],
        "kind": "fail",
        "level": _LEVELS[settled.rule.severity],
        "guid": str(uuid.uuid5(_NAMESPACE, finding.fingerprint)),
        "message": {"text": _sentence(finding, settled.rule, hidden)},
        "locations": [
            {
                "physicalLocation": _physical(finding.line, places.file),
                "logicalLocations": [places.of(finding.subject, options)],
            }
        ],
        "partialFingerprints": {"primaryLocationLineHash": f"{finding.fingerprint}:1"},
    }
    if options.chains and chains:
        result["codeFlows"] = [
            {"threadFlows": [{"locations": list(_flow(chain, finding, places, options))} for chain in chains]}
        ]
    return result


def _sentence(finding: Finding, rule: RuleInfo, hidden: Mapping[str, str]) -> str:
    """The first sentence names resource and problem: dashboards show it as the title."""
    message = _without_names(finding.message, hidden)
    told = not finding.wanted or finding.wanted in message
    wanted = "" if told else f" The scenario wants {finding.wanted}."
    fix = _without_names(finding.fix, hidden)
    text = f"{scrub(message, 2000)}.{scrub(wanted, 500)} {scrub(fix or rule.fix, 1000)}"
    return text if text.endswith(".") else f"{text}."


def _without_names(text: str, hidden: Mapping[str, str]) -> str:
    """Names that stand by themselves are replaced, all in one pass: somebody may be called `prod`, or `e`."""
    if not hidden:
        return text
    words = "|".join(re.escape(name) for name in hidden)
    return re.sub(rf"(?<![\w./-])(?:{words})(?![\w/-]|\.\w)", lambda found: hidden[found[0]], text)


def _hidden(finding: Finding, options: _Options) -> dict[str, str]:
    """Names of people in a finding and the object ids to show instead, longest first."""
    if options.names:
        return {}
    nodes = [finding.subject, *(c.start for c in finding.chains), *(s.node for c in finding.chains for s in c.steps)]
    found = {node.name: node.key for node in nodes if node.kind in _PEOPLE and node.name and node.name != node.key}
    found |= dict(held for node in nodes if (held := _holder(node)))
    return dict(sorted(found.items(), key=lambda item: -len(item[0])))


def _holder(node: NodeRef) -> tuple[str, str] | None:
    """The name of who holds an assignment, which stands at the end of the assignment's, and the object id in its key."""
    found = _GRANT.search(node.key)
    name = node.name.rpartition(" for ")[2]
    return (name, found.group(1)) if found and node.kind in ("grant", "opening") and name != node.name else None


def _shown(node: NodeRef, options: _Options) -> str:
    if options.names:
        return scrub(node.name)
    if node.kind in _PEOPLE:
        return scrub(node.key)
    held = _holder(node)
    return scrub(f"{node.name.rpartition(' for ')[0]} for {held[1]}" if held else node.name)


def _flow(chain: Chain, finding: Finding, places: _Places, options: _Options) -> Iterator[dict[str, Any]]:
    place = _physical(finding.line, places.file)
    kinds = {True: "important", False: "essential"}
    yield {"location": {"physicalLocation": place, "message": {"text": f"{_shown(chain.start, options)} ({chain.start.kind})"}},
           "importance": "essential", "nestingLevel": 0}  # fmt: skip
    for depth, step in enumerate(chain.steps, 1):
        note = f", {scrub(step.note)}" if step.note and (options.names or step.node.kind not in _PEOPLE) else ""
        text = f"{step.edge} {_shown(step.node, options)} ({step.node.kind}{note})"
        yield {"location": {"physicalLocation": place, "message": {"text": text}},
               "importance": kinds[depth < len(chain.steps)], "nestingLevel": depth}  # fmt: skip


def _physical(line: Span | None, file: str) -> dict[str, Any]:
    """Four region numbers and a relative address; a finding without a line stands on the first."""
    span = line or Span(file)
    region = {"startLine": span.line, "startColumn": span.column, "endLine": span.line, "endColumn": span.column + 1}
    return {"artifactLocation": {"uri": _relative(span.file)}, "region": region}


def _relative(file: str) -> str:
    """A path as a repository knows it: forward slashes, no leading one, percent-encoded; what lies outside by its name."""
    path = posixpath.normpath(file.replace("\\", "/"))
    if path.startswith(("/", "../")) or path[1:2] == ":":
        path = path.rpartition("/")[2]
    return quote(path, safe="/-_.~", errors="surrogateescape")


class _Places:
    """Resources as logical locations, each kept once in the run."""

    def __init__(self, report: Report) -> None:
        self.file = report.scenario_file
        self.cached: list[dict[str, Any]] = []
        self._index: dict[str, int] = {}

    def of(self, node: NodeRef, options: _Options) -> dict[str, Any]:
        key = node.key
        if key not in self._index:
            self._index[key] = len(self.cached)
            full = scrub(node.id or node.key, 2048)
            if node.kind in _PEOPLE and not options.names:
                full = scrub(node.key)
            self.cached.append(
                {
                    "name": _shown(node, options),
                    "fullyQualifiedName": full,
                    "kind": "resource",
                    "index": len(self.cached),
                }
            )
        return dict(self.cached[self._index[key]])


# -- notifications ------------------------------------------------------------------------------------------------


def _unread(report: Report, index: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """A refused read that left a check undecided is an error: it says that the results may be incomplete."""
    for gap in report.gaps:
        rules = sorted(
            {
                s.finding.rule
                for s in report.open("unknown")
                if gap in s.finding.gaps and s.rule.decided_by != "coverage"
            }
        )
        unread = f"{gap.kind} in {gap.scope} could not be read ({gap.reason}); grant {gap.permission}."
        missing = f"{gap.scope} is referred to and was not found."
        text = f"{unread if gap.permission else missing} Undecided: {', '.join(rules) or 'none'}."
        yield _notification(_UNREAD, 0, "error", text, rules[0] if rules else "GAP01", index)


def _incomplete(report: Report) -> Iterator[dict[str, Any]]:
    """Reasons not to take missing results for mended ones that are no unread list."""
    if report.source.partial:
        yield _notification(_INCOMPLETE, 3, "error", "The snapshot was not taken to its end.", "", {})
    if nothing_in_scope(report):
        yield _notification(
            _INCOMPLETE, 3, "error", "Nothing was in scope: no machine learning and no storage was seen.", "", {}
        )


def _undecided(report: Report, index: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """Verdicts that nothing unread keeps open: they rest on a condition."""
    open_ = [s for s in report.open("unknown") if not s.finding.gaps]
    for rule, count in sorted(Counter(s.finding.rule for s in open_).items()):
        verdicts = "1 verdict" if count == 1 else f"{count} verdicts"
        text = f"{verdicts} of {rule} could not be given; the report as text or JSON says why."
        yield _notification(_UNDECIDED, 4, "warning", text, rule, index)


def _expiring(report: Report, index: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    for waiver in report.expiring:
        yield _notification(
            _EXPIRING,
            1,
            "warning",
            f"The waiver of {waiver.rule} at line {waiver.line.line} ends on {waiver.until}.",
            waiver.rule,
            index,
        )


def _cut(count: int) -> Iterator[dict[str, Any]]:
    if count > MOST_RESULTS:
        yield _notification(_CUT, 2, "warning", f"{count} findings; the {MOST_RESULTS} worst are in this file.", "", {})


def _not_seen(report: Report) -> Iterator[dict[str, Any]]:
    if report.not_seen:
        yield _notification(_NOT_SEEN, 5, "note", f"Not seen by any scan: {'; '.join(report.not_seen)}.", "", {})


def _notification(id_: str, number: int, level: str, text: str, rule: str, index: Mapping[str, int]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "descriptor": {"id": id_, "index": number},
        "level": level,
        "message": {"text": scrub(text, 2000)},
    }
    if rule in index:
        found["associatedRule"] = {"id": rule, "index": index[rule]}
    return found
