"""A rule as a page for people: its sentence in words, why, fix, examples, and what its walk can touch."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from scanner.graph.edges import ONTOLOGY
from scanner.graph.ontology import EdgeKind
from scanner.policy import promises
from scanner.policy.catalogue import permissions
from scanner.policy.message import say
from scanner.policy.model import ALWAYS, All, Any_, Comparison, Condition, Not, Reference, Rule, comparisons
from scanner.policy.paths import reachable

_EXPECT = {"must": "it must hold that", "every": "for every one reached it must hold that", "some": "for some one reached it must hold that",
           "none": "for none reached may it hold that", "never-together": "never may two be reached together where of the one"}  # fmt: skip
_DECIDED = {"load": "when the scenario is bound to the estate", "settle": "when waivers are settled",
            "coverage": "from what could not be read"}  # fmt: skip
_MOST = 12  # kinds of a union that are worth listing
_PLAIN = {"name", "kind", "type", "region", "environment"}  # attributes that need no explanation


def page(rule: Rule, whole: bool = True) -> str:
    """The page as plain text; with `whole` also examples, applicability and the kinds a walk can touch."""
    info = rule.info
    lines = [f"{info.id}  {info.title}", f"{info.severity} · {info.theme} · allow {info.name}", ""]
    lines += [*_wrapped("Rule", sentence(rule)), *_wrapped("Why", info.why), *_wrapped("Fix", info.fix)]
    if info.controls:
        lines += _wrapped("Supports", ", ".join(info.controls))
    if whole:
        lines += list(_details(rule))
    return "\n".join(lines).rstrip()


def sentence(rule: Rule) -> str:
    """The rule as one sentence."""
    if rule.info.decided_by != "graph":
        return f"decided {_DECIDED[rule.info.decided_by]}, not by a sentence over the estate"
    where = f" where {words(rule.where)}" if rule.where != ALWAYS else ""
    walk = f", following {', '.join(sorted(rule.follow))} to {_article(rule.to)}" if rule.follow else ""
    wanted = ", and of the other ".join(words(c) for c in rule.conditions)
    return f"for each {rule.subject}{where}{walk}: {_EXPECT[rule.expectation]} {wanted}"


def words(condition: Condition) -> str:
    """A condition in words."""
    if isinstance(condition, Not):
        return f"not ({words(condition.part)})"
    if isinstance(condition, All | Any_):
        link = " or " if isinstance(condition, Any_) else " and "
        link = f",{link}" if len(condition.parts) > 2 else link
        parts = [
            f"({words(p)})" if isinstance(p, All | Any_) and len(p.parts) > 1 else words(p) for p in condition.parts
        ]
        return link.join(parts) or "anything"
    value = (
        f"the subject's {condition.value.attribute}"
        if isinstance(condition.value, Reference)
        else _said(condition.value)
    )
    if condition.matcher == "present":
        return f"{condition.attribute} is {'present' if condition.value else 'absent'}"
    link = {"equals": " is ", "in": " is one of ", "at-most": " is at most ", "at-least": " is at least ", "matches": " is like ",
            "includes": " includes ", "shares": " includes any of "}[condition.matcher]  # fmt: skip
    return f"{condition.attribute}{link}{value}"


def _said(value: object) -> str:
    """A value, or several of which one is enough."""
    if not isinstance(value, frozenset):
        return say(value)
    *others, last = sorted(map(str, value)) or ["none"]
    return f"{', '.join(others)} or {last}" if others else last


def glossary(rule: Rule) -> Iterator[tuple[str, str]]:
    """What the words of a rule mean: its kinds, edges and attributes, in the order of its sentence."""
    yield rule.subject, _kind(rule.subject)
    asked = list(_attributes(rule.subject, comparisons(rule.where)))
    for name in sorted(rule.follow):
        edge, forward = _edge(name)
        yield name, edge.about if forward else f"{edge.name} the other way round: {edge.about}"
    if rule.to:
        yield rule.to, _kind(rule.to)
    for condition in rule.conditions:
        asked += _attributes(rule.to or rule.subject, comparisons(condition), rule.subject)
    yield from dict(asked).items()


def _kind(name: str) -> str:
    if name in ONTOLOGY.kinds:
        return ONTOLOGY.kinds[name].about
    titles = sorted(ONTOLOGY.kinds[kind].title for kind in ONTOLOGY.members(name))
    return f"one of these: {', '.join(titles)}" if len(titles) <= _MOST else f"any of {len(titles)} kinds of resources"


def _edge(name: str) -> tuple[EdgeKind, bool]:
    found = ONTOLOGY.direction(name)
    if found is None:
        raise KeyError(name)  # a rule that loads follows only edges there are
    return found


def _attributes(kind: str, tests: Iterable[Comparison], subject: str = "") -> Iterator[tuple[str, str]]:
    for test in tests:
        places = [(kind, test.attribute)]
        if isinstance(test.value, Reference):
            places.append((subject or kind, test.value.attribute))
        for owner, name in places:
            found = ONTOLOGY.attribute(owner, name)
            if found is not None and name not in _PLAIN:
                yield name, found.about


def _details(rule: Rule) -> Iterator[str]:
    if rule.subject:
        known = list(glossary(rule))
        width = max(len(word) for word, _ in known)
        yield "Words:"
        for word, meaning in known:
            yield from textwrap.wrap(
                f"{word:<{width}}  {meaning}", 96, initial_indent="  ", subsequent_indent=" " * (width + 4)
            )
        yield ""
    if rule.needs:
        yield from _wrapped("Needs", f"scenario keys {', '.join(rule.needs)}; not applicable without")
    if rule.patterns:
        yield from _wrapped("Patterns", ", ".join(rule.patterns))
    if rule.follow:
        kinds, _ = reachable(rule.subject, rule.follow, rule.to, rule.through)
        titles = sorted(ONTOLOGY.kinds[kind].title for kind in kinds)
        yield from _wrapped("Walks through", ", ".join(titles))
    promised = [p for p in promises.load().made if rule.info.id in p.rules]
    if promised:
        yield from _wrapped("Checks", "; ".join(f"{p.text} ({p.pattern})" for p in promised))
    needed = "all of them" if rule.info.decided_by == "coverage" else ", ".join(permissions(rule))
    if needed:
        yield from _wrapped("Permissions", f"{needed}; what cannot be read leaves it unknown")
    if rule.status != "stable" or rule.since:
        yield from _wrapped("Status", " since ".join(filter(None, (rule.status, rule.since))))
    for outcome, title in (("fails", "Fails"), ("passes", "Passes"), ("unknown", "Unknown")):
        cases = [example.case for example in rule.examples if example.outcome == outcome]
        if cases:
            yield f"{title}:"
            yield from (f"  - {case}" for case in cases)
            yield ""


def _article(word: str) -> str:
    return f"{'an' if word[0] in 'aeio' else 'a'} {word}"


def _wrapped(title: str, text: str) -> list[str]:
    return [
        f"{title}:",
        *textwrap.wrap(text, 96, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False),
        "",
    ]
