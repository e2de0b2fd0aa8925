"""The catalogue of rules as a page in Markdown: promises, rules by theme, controls, and what has to be readable."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scanner.graph.records import RECORDS
from scanner.policy import frameworks
from scanner.policy.lists import GROUPS, lists_behind
from scanner.policy.load import THEMES
from scanner.policy.model import Rule
from scanner.policy.promises import Promise, Promises

_THEMES = {
    "residency": "Where data rests and is processed",
    "duties": "Who does what where",
    "access": "Who reaches data, and how",
    "quota": "How quota is spread",
    "estate": "Structure of the estate, and the scenario itself",
}


def readme(rules: Sequence[Rule], promises: Promises) -> str:
    """The whole page. Rules alone decide what is in it, so it can be made again at any time."""
    return "\n".join([*_head(rules), *_promises(rules, promises), *_themes(rules), *_controls(rules), *_lists()]) + "\n"


def _head(rules: Sequence[Rule]) -> Iterator[str]:
    yield "# The rules"
    yield ""
    yield "<!-- Written by `mlposture rules document`; edit the rules or promises.yaml instead. -->"
    yield ""
    yield f"{len(rules)} rules in {len(THEMES)} themes. `mlposture rules show ID` prints all there is to one: its sentence, what each of its words"
    yield "means, why, fix, examples, the kinds of resources it walks through, and the permissions it needs."
    yield ""
    yield _READING


_READING = """\
## How to read a rule

A rule is one sentence: **for** each of a kind, **where** something holds of it, **follow** these edges **to** another kind. Then one
expectation: it **must** be so; **every** one reached, or **some** one, must be so; **none** may be; or two are **never-together**. The title
says what is found when the rule fails. Where something that decides could not be read, the answer is *unknown*, which never counts as passed.

| word | meaning |
|---|---|
| `stage` | what an environment is for: exploration, development, test or production |
| regulated | of a data class that has a home: regions, a country, a geography or a boundary it may not leave |
| guarded | of a data class that has a home, or that is for production only |
| opening | one cause that lets identities reach data, with its way (how) and its access (read or write) |
| approved | allowed by the scenario: its role table, its administrators or its shared services |
| platform | an identity that Microsoft or Azure made, or that the scenario declares as a service |
| duty | a named set of rights that belong to one job: train, release, approve; `rules/duties.yaml` lists them |
| row | one role in one environment in the scenario's role table; a group with a row is an approved group |
| grant | a role assignment: a role for somebody at a scope, active or eligible |
| standing, eligible | always on; to be activated first through PIM |
| break-glass | an emergency account, which other rules leave out |
| declared | said in the scenario, so somebody decided it |
| `may-...` | an edge for what somebody is permitted to do: add themselves to a group, activate a role |
| `perhaps-...` | an edge that rests on a condition or on something unread; alone it leads to *unknown*, never to a failure |
| `null` | was read and is absent; what an example leaves out was not read |
"""


# -- promises -----------------------------------------------------------------------------------------------------


def _promises(rules: Sequence[Rule], promises: Promises) -> Iterator[str]:
    there = {rule.info.id: rule for rule in rules}
    yield "## What each pattern promises, and what checks it"
    yield ""
    yield "| pattern | promise | rules |"
    yield "|---|---|---|"
    pattern = ""
    for promise in (*promises.made, *_others(rules, promises)):
        shown = promise.pattern if promise.pattern != pattern else ""
        pattern = promise.pattern
        named = [_link(there[id]) if id in there else f"*{id}*" for id in promise.rules]
        yield f"| {shown} | {_cell(promise.text)} | {', '.join(named)} |"
    yield ""
    if promises.awaited:
        yield "Ids in italics are of the catalogue, and no rule has them yet."
        yield ""


def _others(rules: Sequence[Rule], promises: Promises) -> Iterator[Promise]:
    """Rules that no promise of their patterns names: none is left out of the matrix for want of a line there."""
    named = {(promise.pattern, id) for promise in promises.made for id in promise.rules}
    anywhere = {id for _, id in named}
    for pattern in sorted({pattern for rule in rules for pattern in rule.patterns}):
        left = tuple(r.info.id for r in rules if pattern in r.patterns and (pattern, r.info.id) not in named)
        if left:
            yield Promise(pattern, "what follows from these", left)
    left = tuple(r.info.id for r in rules if not r.patterns and r.info.id not in anywhere)
    if left:
        yield Promise("every scenario", "what follows from these", left)


# -- rules --------------------------------------------------------------------------------------------------------


def _themes(rules: Sequence[Rule]) -> Iterator[str]:
    for theme in THEMES:
        own = [rule for rule in rules if rule.info.theme == theme]
        if not own:
            continue
        yield f"## {theme.capitalize()}: {_THEMES[theme][0].lower()}{_THEMES[theme][1:]}"
        yield ""
        yield "| id | severity | what makes it fail | patterns | scenario keys | supports | reads |"
        yield "|---|---|---|---|---|---|---|"
        for rule in own:
            yield (
                f"| {_link(rule)} | {rule.info.severity} | {_cell(rule.info.title)} | {', '.join(rule.patterns) or 'all'} | {_code(rule.needs)} "
                f"| {_cell(', '.join(rule.info.controls))} | {', '.join(reads(rule))} |"
            )
        yield ""


def reads(rule: Rule) -> tuple[str, ...]:
    """The lists a rule rests on, by group where it needs a whole one, else by record kind."""
    if rule.info.decided_by == "coverage":
        return ("everything",)
    needed = lists_behind(rule)
    whole = [name for name, kinds in GROUPS.items() if needed >= set(kinds)]
    covered = {kind for name in whole for kind in GROUPS[name]}
    return (*whole, *sorted(needed - covered))


def permissions(rule: Rule) -> tuple[str, ...]:
    """The permissions without which a rule leaves verdicts open."""
    return tuple(sorted({RECORDS[kind].permission for kind in lists_behind(rule) if RECORDS[kind].permission}))


# -- controls and lists -------------------------------------------------------------------------------------------


def _controls(rules: Sequence[Rule]) -> Iterator[str]:
    yield "## Controls"
    yield ""
    yield "A rule *supports* a control: what it finds is evidence about it. No rule fulfils one, and what is not listed is not claimed."
    yield ""
    for framework in frameworks.known(rules).values():
        if not framework.controls:
            continue
        yield f"### {framework.name} (`{framework.key}`)"
        yield ""
        yield "| control | rules |"
        yield "|---|---|"
        for id, behind in framework.controls.items():
            yield f"| {_cell(id)} | {', '.join(_link(rule) for rule in behind)} |"
        yield ""


def _lists() -> Iterator[str]:
    yield "## What has to be readable"
    yield ""
    yield "What could not be read leaves the rules that rest on it unknown, never passed. `mlposture role` prints a role with all of it."
    yield ""
    yield "| reads | permissions |"
    yield "|---|---|"
    grouped = {kind for kinds in GROUPS.values() for kind in kinds}
    for name, kinds in GROUPS.items():
        yield f"| {name} | {_code(sorted({RECORDS[kind].permission for kind in kinds}))} |"
    for kind in sorted(set(RECORDS) - grouped):
        yield f"| {kind} | {_code([RECORDS[kind].permission])} |"


def _link(rule: Rule) -> str:
    return f"[{rule.info.id}]({rule.info.theme}/{rule.info.name}.yaml)"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _code(words: Sequence[str]) -> str:
    return ", ".join(f"`{word}`" for word in words if word)
