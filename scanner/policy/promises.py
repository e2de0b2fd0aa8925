"""What each pattern promises and which rules check it, as `rules/promises.yaml` says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scanner import data, yamlfile
from scanner.errors import Problem, UserError, suggest
from scanner.policy.model import Rule

_SCHEMA = yamlfile.Schema({
    "type": "object",
    "required": ["awaited"],
    "properties": {"awaited": {"type": "array", "items": {"type": "string"}}},
    "additionalProperties": {
        "type": "array", "minItems": 1,
        "items": {"type": "object", "additionalProperties": False, "required": ["promise", "rules"], "properties": {
            "promise": {"type": "string", "minLength": 1}, "rules": {"type": "array", "minItems": 1, "items": {"type": "string"}}}},
    },
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Promise:
    pattern: str
    text: str
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Promises:
    """`awaited` are ids that promises name and no rule has yet."""

    made: tuple[Promise, ...]
    awaited: tuple[str, ...]


def path() -> Path:
    return data.rules() / "promises.yaml"


def load() -> Promises:
    """Raises UserError with every mistake of form."""
    document = yamlfile.read(path(), data.shown(path()))
    problems = yamlfile.check(document, _SCHEMA)
    if problems:
        raise UserError(*problems)
    made = tuple(
        Promise(pattern, entry["promise"], tuple(entry["rules"]))
        for pattern, entries in document.value.items()
        if pattern != "awaited"
        for entry in entries
    )
    return Promises(made, tuple(document.value["awaited"]))


def check(promises: Promises, rules: Sequence[Rule]) -> list[Problem]:
    """Promises that no rule checks, and ids that no rule has and nobody awaits, or that are awaited and there."""
    there = {rule.info.id for rule in rules}
    problems = []
    for promise in promises.made:
        if not there & set(promise.rules) and not set(promise.rules) & set(promises.awaited):
            problems.append(Problem(f"no rule checks the promise of {promise.pattern}: {promise.text}"))
        for id in promise.rules:
            if id not in there and id not in promises.awaited:
                problems.append(
                    Problem(f"promise of {promise.pattern} names `{id}`, which no rule has", help=suggest(id, there))
                )
    named = {id for promise in promises.made for id in promise.rules}
    for id in promises.awaited:
        if id in there or id not in named:
            why = "there is such a rule now" if id in there else "no promise names it"
            problems.append(Problem(f"`{id}` is awaited, and {why}", help="`mlposture rules document` takes it out"))
    return problems


def awaited_now(promises: Promises, rules: Sequence[Rule]) -> tuple[str, ...]:
    """The ids that promises name and no rule has."""
    there = {rule.info.id for rule in rules}
    return tuple(sorted({id for promise in promises.made for id in promise.rules} - there))


def with_awaited(text: str, ids: Sequence[str]) -> str:
    """The file's text with another list of awaited ids; nothing else is touched."""
    return re.sub(r"(?m)^awaited: \[[^\]]*\]", f"awaited: [{', '.join(ids)}]", text)
