"""Loads rule files: strict YAML, then the schema, then types against the ontology; every mistake at once, with its place."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from scanner import data, yamlfile
from scanner.errors import Problem, Span, UserError, suggest
from scanner.findings import RuleInfo
from scanner.graph.edges import ONTOLOGY
from scanner.policy.conditions import ConditionReader, could_be, could_be_arm, described
from scanner.policy.model import ALWAYS, Case, Condition, Example, Rule, comparisons
from scanner.policy.paths import reachable

THEMES = ("residency", "duties", "access", "quota", "estate")
CASES: tuple[Case, ...] = ("fails", "passes", "unknown")
EXPECTATIONS = ("must", "every", "some", "none", "never-together")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_OWN_ID = re.compile(r"[A-Z][A-Z0-9]*-[A-Z]{3}[0-9]{2}")


def load_rules(folders: Sequence[Path]) -> tuple[Rule, ...]:
    """All rules of the folders, sorted by id. The first folder holds the built-in rules, the others people's own.

    Raises UserError with every mistake of every file: a set with one bad rule does not run.
    """
    problems: list[Problem] = []
    found: list[Rule] = []
    for number, folder in enumerate(folders):
        try:
            files = _files(folder, built_in=number == 0)
        except UserError as error:
            problems.extend(error.problems)
            continue
        for path in files:
            try:
                found.append(load_rule(path, data.shown(path), own=number > 0))
            except UserError as error:
                problems.extend(error.problems)
    problems.extend(_clashes(found, folders))
    if problems:
        raise UserError(*problems)
    return tuple(sorted(found, key=lambda rule: rule.info.id))


def _files(folder: Path, built_in: bool) -> list[Path]:
    where = [folder / theme for theme in THEMES] if built_in else [folder]
    found = sorted(path for place in where for path in place.rglob("*.yaml"))
    astray = sorted(path for place in where for path in place.rglob("*.yml"))
    if astray:
        raise UserError(*(Problem("a rule file ends in `.yaml`", Span(data.shown(path))) for path in astray))
    if not found:
        raise UserError(f"no rule file in `{data.shown(folder)}`", help="a rule is a file that ends in `.yaml`")
    return found


def _clashes(rules: Sequence[Rule], folders: Sequence[Path]) -> Iterator[Problem]:
    retired = folders[0] / "retired.txt" if folders else None
    gone = set(retired.read_text(encoding="utf-8").split()) if retired and retired.is_file() else set()
    known: dict[str, Rule] = {}
    for rule in rules:
        if rule.info.id in gone:
            yield Problem(f"id `{rule.info.id}` is retired and never used again", rule.span)
        other = known.setdefault(rule.info.id, rule)
        if other is not rule:
            yield Problem(f"id `{rule.info.id}` is taken", rule.span, help=f"by {other.span}")


def load_rule(path: Path, source: str, own: bool = False) -> Rule:
    """One rule file. The folder it lies in is its theme when that is one of ours."""
    document = yamlfile.read(path, source)
    theme = path.parent.name if path.parent.name in THEMES else "estate"
    return from_document(document, name=path.stem, theme=theme, own=own)


def from_document(document: yamlfile.Document, name: str, theme: str, own: bool = False) -> Rule:
    """A rule from YAML that was read. Raises UserError with every mistake."""
    problems = yamlfile.check(document, yamlfile.schema("rule"))
    if problems:
        raise UserError(*problems)
    reader = _Reader(document, own)
    rule = reader.rule(name, theme)
    if reader.problems:
        raise UserError(*sorted(reader.problems, key=lambda p: p.where or Span(document.source)))
    return rule


def arm_paths(rules: Sequence[Rule]) -> Mapping[str, frozenset[str]]:
    """The `arm:` attributes that rules name, by folded ARM type; `*` for those asked of any resource."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for rule in rules:
        paths = {
            t.attribute
            for c in (rule.where, *rule.conditions)
            for t in comparisons(c)
            if t.attribute.startswith("arm:")
        }
        if paths:
            types = [t.value for t in comparisons(rule.where) if t.attribute == "type" and t.matcher == "equals"]
            for key in types or ["*"]:
                found[key] |= paths
    return {key: frozenset(paths) for key, paths in found.items()}


@cache
def _scenario_keys() -> frozenset[str]:
    """What a rule may need: keys of a scenario file, those of `quota` and `structure` with a dot."""
    known = yamlfile.schema("scenario").value["properties"]
    inner = {f"{key}.{name}" for key in ("quota", "structure") for name in known[key]["properties"]}
    return frozenset(known) | inner


class _Reader:
    """Collects the mistakes of one file while it turns data into a rule."""

    def __init__(self, document: yamlfile.Document, own: bool) -> None:
        self.document = document
        self.value: dict[str, Any] = document.value
        self.own = own
        self.problems: list[Problem] = []

    def wrong(self, message: str, *path: str | int, help: str = "", key: bool = False) -> None:
        where = self.document.key_span(*path) if key else self.document.span(*path)
        self.problems.append(Problem(message, where, help))

    def rule(self, name: str, theme: str) -> Rule:
        v = self.value
        if self.own and not _OWN_ID.fullmatch(v["id"]):
            self.wrong(f"id `{v['id']}` needs a prefix of your own", "id", help=f"for example `ACME-{v['id']}`")
        if not self.own and _OWN_ID.fullmatch(v["id"]):
            self.wrong(f"id `{v['id']}` has a prefix, which only rules of your own have", "id")
        decided = v.get("decided-by", "graph")
        info = RuleInfo(
            v["id"], name, theme, v["title"], v["severity"], " ".join(v["why"].split()), " ".join(v["fix"].split()),
            tuple(v.get("controls", ())), decided,
        )  # fmt: skip
        span = self.document.span("id")
        for n, need in enumerate(v.get("needs", ())):
            if need not in _scenario_keys():
                self.wrong(f"`{need}` is not a key of a scenario", "needs", n, help=suggest(need, _scenario_keys()))
        if decided != "graph":
            for key in ("for", "where", "follow", "to", *EXPECTATIONS, "message", "examples"):
                if key in v:
                    self.wrong(f"`{key}` has no place in a rule that is decided by {decided}", key, key=True)
            return Rule(info, patterns=tuple(v.get("patterns", ())), needs=tuple(v.get("needs", ())), span=span)
        return self._sentence(info, span)

    def _sentence(self, info: RuleInfo, span: Span) -> Rule:
        v = self.value
        for key in ("for", "message", "examples"):
            if key not in v:
                self.wrong(f"key `{key}` is missing")
        expectation = self._expectation()
        if self.problems or expectation is None:
            return Rule(info)
        subject = self._kind("for")
        follow, to = self._walk(subject, expectation)
        if self.problems:
            return Rule(info)
        reader = ConditionReader(self.document, subject, self.problems)
        where = reader.read(v["where"], subject, ("where",)) if "where" in v else ALWAYS
        conditions = self._conditions(reader, expectation, to or subject)
        self._message(subject, to, expectation)
        return Rule(
            info, subject, where, follow, to, bool(v.get("through")), expectation, conditions, v["message"],
            tuple(self._examples()), tuple(v.get("patterns", ())), tuple(v.get("needs", ())),
            v.get("status", "stable"), str(v.get("since", "")), span,
        )  # fmt: skip

    def _expectation(self) -> Any:
        given = [key for key in EXPECTATIONS if key in self.value]
        if len(given) == 1:
            return given[0]
        listed = ", ".join(f"`{key}`" for key in EXPECTATIONS)
        if not given:
            self.wrong(f"what is expected is missing: exactly one of {listed}")
        else:
            self.wrong(f"more than one expectation: {', '.join(f'`{key}`' for key in given)}", given[1], key=True)
        return None

    def _kind(self, key: str) -> str:
        kind: str = self.value[key]
        if key == "for" and kind == "resource":
            return "arm-resource"
        if kind not in ONTOLOGY.kinds and kind not in ONTOLOGY.unions:
            known = {*ONTOLOGY.kinds, *ONTOLOGY.unions}
            self.wrong(f"`{kind}` is not a kind of node", key, help=suggest(kind, known))
        return kind

    def _walk(self, subject: str, expectation: str) -> tuple[frozenset[str], str]:
        v = self.value
        if expectation == "must":
            for key in ("follow", "to", "through"):
                if key in v:
                    self.wrong(f"`{key}` has no place beside `must`, which is about the subject", key, key=True)
            return frozenset(), ""
        for key in ("follow", "to"):
            if key not in v:
                self.wrong(
                    f"key `{key}` is missing: `{expectation}` is about what a walk reaches", expectation, key=True
                )
        if self.problems:
            return frozenset(), ""
        to = self._kind("to")
        edges: set[str] = set()
        for number, edge in enumerate(v["follow"]):
            found = ONTOLOGY.direction(edge)
            if found is None:
                names = {n for e in ONTOLOGY.edges.values() for n in (e.name, e.inverse)}
                self.wrong(f"`{edge}` is not an edge", "follow", number, help=suggest(edge, names))
                continue
            inverse = found[0].inverse if found[1] else found[0].name
            if inverse in edges:
                self.wrong(f"`{edge}` and its inverse `{inverse}` together lead everywhere", "follow", number)
            edges.add(edge)
        if not self.problems:
            self._reach(subject, edges, to)
        return frozenset(edges), to

    def _reach(self, subject: str, edges: set[str], to: str) -> None:
        kinds, used = reachable(subject, edges, to, bool(self.value.get("through")))
        members = ONTOLOGY.members(subject)
        for number, edge in enumerate(self.value["follow"]):
            if edge not in used:
                first = number == 0 or len(edges) == 1
                leaving = sorted({name for kind in members for name in ONTOLOGY.leaving(kind)}) if first else []
                listed = ", ".join(f"`{name}`" for name in leaving[:6])
                place = f"a `{self.value['for']}`" if first else "any kind this walk can reach"
                more = f"; from there: {listed}" if listed else ""
                self.wrong(f"an edge `{edge}` never leaves {place}{more}", "follow", number)
        if not self.problems and not {k for edge in used for k in ONTOLOGY.arriving_at(edge)} & kinds & set(
            ONTOLOGY.members(to)
        ):
            self.wrong(f"these edges never lead from a `{self.value['for']}` to a `{to}`", "to")

    def _conditions(self, reader: ConditionReader, expectation: str, kind: str) -> tuple[Condition, ...]:
        given = self.value[expectation]
        if expectation == "never-together":
            return tuple(reader.read(part, kind, (expectation, n)) for n, part in enumerate(given))
        return (reader.read(given, kind, (expectation,)),)

    def _message(self, subject: str, to: str, expectation: str) -> None:
        for word in _PLACEHOLDER.findall(self.value["message"]):
            who, _, attribute = word.partition(".")
            side = ""
            if who == "found" and expectation == "never-together":
                side, _, attribute = attribute.partition(".")
            kind = {"subject": subject, "found": to}.get(who, "")
            allowed = bool(kind) and (expectation != "never-together" or who == "subject" or side in ("0", "1"))
            known = ONTOLOGY.attribute(kind, attribute) if allowed else None
            if not allowed or (
                attribute and not attribute.startswith("arm:") and (known is None or known.type in ("map", "opaque"))
            ):
                self.wrong(f"`{{{word}}}` in the message stands for nothing", "message")

    def _examples(self) -> Iterator[Example]:
        given = self.value["examples"]
        for outcome in CASES:
            if outcome not in given:
                self.wrong(f"no example under `{outcome}`", "examples", key=True,
                           help="a rule proves itself: it needs one that fails, one that passes, one that cannot be known")  # fmt: skip
            for number, case in enumerate(given.get(outcome, ())):
                path = ("examples", outcome, number)
                edges = tuple(_edge(text) for text in case.get("edges", ()))
                self._check_nodes(case["nodes"], path)
                self._check_edges(case["nodes"], edges, path)
                for n, name in enumerate(case.get("names", ())):
                    if name not in case["nodes"]:
                        self.wrong(f"`{name}` is not a node of this example", *path, "names", n)
                yield Example(
                    case["case"], outcome, case["nodes"], edges, tuple(case.get("names", ())), self.document.span(*path)
                )

    def _check_nodes(self, nodes: Mapping[str, Mapping[str, Any]], path: tuple[str | int, ...]) -> None:
        for name, attributes in nodes.items():
            here = (*path, "nodes", name)
            kind = attributes["kind"]
            if kind not in ONTOLOGY.kinds:
                self.wrong(f"`{kind}` is not a kind of node", *here, "kind", help=suggest(kind, set(ONTOLOGY.kinds)))
                continue
            declared = ONTOLOGY.kinds[kind].attributes
            for key in attributes:
                if key not in declared and key not in ("kind", "gaps") and not key.startswith("arm:"):
                    self.wrong(f"a `{kind}` has no attribute `{key}`", *here, key, key=True,
                               help=suggest(key, set(declared)))  # fmt: skip
                elif key in declared and not could_be(attributes[key], declared[key]):
                    self.wrong(f"`{key}` is {described(declared[key])}", *here, key)
                elif key.startswith("arm:") and not could_be_arm(attributes[key]):
                    self.wrong(f"`{key}` is text, a number, `true` or `false`, or a list of texts", *here, key)
            for n, edge in enumerate(attributes.get("gaps", ())):
                if ONTOLOGY.direction(edge) is None and edge not in declared:
                    self.wrong(f"`{edge}` is neither an edge nor an attribute", *here, "gaps", n)

    def _check_edges(
        self, nodes: Mapping[str, Mapping[str, Any]], edges: Sequence[tuple[str, str, str]], path: tuple[str | int, ...]
    ) -> None:
        for number, (source, edge, target) in enumerate(edges):
            here = (*path, "edges", number)
            for end in (source, target):
                if end not in nodes:
                    self.wrong(f"`{end}` is not a node of this example", *here)
            found = ONTOLOGY.direction(edge)
            if found is None:
                names = {n for e in ONTOLOGY.edges.values() for n in (e.name, e.inverse)}
                self.wrong(f"`{edge}` is not an edge", *here, help=suggest(edge, names))
            elif source in nodes and nodes[source]["kind"] in ONTOLOGY.kinds:
                if edge not in ONTOLOGY.leaving(nodes[source]["kind"]):
                    self.wrong(f"an edge `{edge}` never leaves a `{nodes[source]['kind']}`", *here)
                elif target in nodes and nodes[target]["kind"] not in ONTOLOGY.arriving_at(edge):
                    self.wrong(f"an edge `{edge}` never leads to a `{nodes[target]['kind']}`", *here)


def _edge(text: str) -> tuple[str, str, str]:
    source, edge, target = text.split()
    return source, edge, target
