"""A rule proves itself: its examples are run, and every part of it is changed to see whether an example notices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from scanner.errors import Problem
from scanner.findings import Finding, Gap
from scanner.graph.estate import Estate
from scanner.policy.evaluate import evaluate
from scanner.policy.model import ALWAYS, All, Any_, Comparison, Condition, Example, Not, Rule

_OUTCOME = {"fails": "fail", "unknown": "unknown", "passes": None}


def failures(rule: Rule) -> list[Problem]:
    """What the examples say against the rule; empty when they all hold."""
    return [problem for example in rule.examples if (problem := _against(rule, example))]


def survivors(rule: Rule) -> list[Problem]:
    """Changes of the rule that no example notices: parts it could do without, or examples it lacks."""
    return [
        Problem(f"{rule.info.id}: no example notices when {change}", rule.span, help="add an example that would")
        for change, mutant in mutants(rule)
        if not any(_against(mutant, example) for example in rule.examples)
    ]


def _against(rule: Rule, example: Example) -> Problem | None:
    findings = run(rule, example)
    outcome = next((o for o in ("fail", "unknown") if any(f.outcome == o for f in findings)), None)
    wanted = _OUTCOME[example.outcome]
    if outcome != wanted:
        said = {"fail": "fails", "unknown": "is unknown", None: "passes"}
        return Problem(
            f"{rule.info.id}: example `{example.case}` {said[outcome]}, but stands under `{example.outcome}`",
            example.span,
        )
    if example.names:
        shown = {step.node.key for f in findings for chain in f.chains for step in chain.steps[-1:]}
        missing = [name for name in example.names if name not in shown]
        if missing:
            return Problem(f"{rule.info.id}: example `{example.case}` does not point at `{missing[0]}`", example.span)
    return None


def run(rule: Rule, example: Example) -> tuple[Finding, ...]:
    """The findings of a rule on an example's estate."""
    estate = estate_of(example)
    (result,) = evaluate(estate, [replace(rule, needs=(), patterns=())], patterns=(), keys=())
    return result.findings


def estate_of(example: Example) -> Estate:
    """The tiny estate of an example. What an example leaves out is unknown; `gaps` name edges that could not be read."""
    estate = Estate()
    gap = estate.add_gap(Gap("example", "/", "Example/read", "forbidden"))
    for key, attributes in example.nodes.items():
        node = estate.add(attributes["kind"], key, key)
        for name, value in attributes.items():
            if name == "gaps":
                for edge in value:
                    estate.mark_gap(node, edge, gap)
            elif name != "kind":
                estate.set(node, name, frozenset(value) if isinstance(value, list) else value)
    for source, edge, target in example.edges:
        ends = estate.node(source), estate.node(target)
        assert ends[0] is not None and ends[1] is not None  # noqa: S101  # checked at load
        if edge in estate.ontology.edges:
            estate.connect(ends[0], edge, ends[1])
        else:
            forward = next(e.name for e in estate.ontology.edges.values() if e.inverse == edge)
            estate.connect(ends[1], forward, ends[0])
    return estate


def mutants(rule: Rule) -> Iterator[tuple[str, Rule]]:
    """Every rule that differs from this one by one small change, with the change in words."""
    if rule.info.decided_by != "graph":
        return
    yield from _swapped(rule)
    for words, where in _without(rule.where):
        yield f"`where` loses {words}", replace(rule, where=where)
    for number, condition in enumerate(rule.conditions):
        for words, smaller in _without(condition):
            changed = (*rule.conditions[:number], smaller, *rule.conditions[number + 1 :])
            yield f"`{rule.expectation}` loses {words}", replace(rule, conditions=changed)
    if len(rule.follow) > 1:
        for edge in sorted(rule.follow):
            yield f"`follow` loses `{edge}`", replace(rule, follow=rule.follow - {edge})


def _swapped(rule: Rule) -> Iterator[tuple[str, Rule]]:
    match rule.expectation:
        case "must":
            yield "`must` is turned around", replace(rule, conditions=(Not(rule.conditions[0]),))
        case "every":
            yield "`every` becomes `none`", replace(rule, expectation="none")
            yield "`every` becomes `some`", replace(rule, expectation="some")
        case "none":
            yield "`none` becomes `every`", replace(rule, expectation="every")
        case "some":
            yield "`some` becomes `none`", replace(rule, expectation="none")
        case "never-together":
            for number in (0, 1):
                other = (ALWAYS, rule.conditions[1]) if number == 0 else (rule.conditions[0], ALWAYS)
                yield f"side {number} of `never-together` is left open", replace(rule, conditions=other)


def _without(condition: Condition) -> Iterator[tuple[str, Condition]]:
    """The condition with one entry left out, for each entry at any depth."""
    if isinstance(condition, Comparison):
        yield f"`{condition.attribute}`", ALWAYS
    elif isinstance(condition, Not):
        for words, inner in _without(condition.part):
            yield words, ALWAYS if inner is ALWAYS else Not(inner)
    else:
        for number, part in enumerate(condition.parts):
            rest = (*condition.parts[:number], *condition.parts[number + 1 :])
            whole = _entry(part)
            yield whole, _of(condition, rest)
            if not isinstance(part, Comparison):
                for words, smaller in _without(part):
                    yield words, _of(condition, (*condition.parts[:number], smaller, *condition.parts[number + 1 :]))


def _of(condition: All | Any_, parts: tuple[Condition, ...]) -> Condition:
    if not parts:
        return ALWAYS
    return All(parts) if isinstance(condition, All) else Any_(parts)


def _entry(part: Condition) -> str:
    if isinstance(part, Comparison):
        return f"`{part.attribute}`"
    inner: Mapping[type, Any] = {All: "a group", Any_: "an `any`", Not: "a `not`"}
    return str(inner[type(part)])
