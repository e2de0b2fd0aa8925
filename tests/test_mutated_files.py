"""Shipped rules and scenarios, damaged at random: whatever is wrong with a file, it is a message with a place."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from scanner import data, yamlfile
from scanner.errors import UserError
from scanner.policy.examples import failures
from scanner.policy.load import THEMES, from_document
from scanner.scenario import load as scenarios

RULES = sorted(path for theme in THEMES for path in (data.rules() / theme).glob("*.yaml"))
SCENARIOS = sorted(data.scenarios().glob("*.yaml"))
_ODD: list[Any] = [
    None, True, 0, -1, 1.5, 10**18, "", "x", "$subject.name", "$", "{}", "a b c", "no", "/", "*", "arm:", "2027-13-01", "90d\n", "9" * 5000 + "d",
    [], [1], [None], [[]], [{}], {}, {"a": 1}, {"in": [[1]]}, {"in": [{}]}, {"in": "$subject.name"}, {"not": {}}, {"any": [{}]}, {"at-most": 1},
    {"at-most": "$subject.name"}, {"matches": "*"}, {"present": True}, {"includes": "x"}, {"shares": ["x"]},
]  # fmt: skip


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _places(inner, (*path, key))


def _damaged(value: Any, random: Random, words: list[str]) -> Any:
    value = copy.deepcopy(value)
    for _ in range(random.choice((1, 1, 2))):
        *above, last = random.choice(list(_places(value)) or [("x",)])
        inside = value
        for key in above:
            inside = inside[key]
        kind = random.choice(("delete", "odd", "odd", "word", "rename"))
        if kind == "delete":
            inside.pop(last, None) if isinstance(inside, dict) else inside.pop(last)
        elif kind == "rename" and isinstance(inside, dict) and last in inside:
            inside[random.choice(("", "arm:")) + random.choice(words)] = inside.pop(last)
        else:
            inside[last] = copy.deepcopy(random.choice(_ODD)) if kind == "odd" else random.choice(words)
    return value


def _documents(path: Path, count: int) -> Iterator[yamlfile.Document]:
    """Damaged copies of a file; places are those of what is left of it."""
    random, whole = Random(path.stem), yamlfile.read(path, path.name)
    words = sorted({str(key) for place in whole.spans for key in place if isinstance(key, str)})
    for _ in range(count):
        yield yamlfile.Document(whole.source, _damaged(whole.value, random, words), whole.spans, whole.keys)


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_a_damaged_rule_is_refused_with_a_place_or_can_be_run(path: Path) -> None:
    for document in _documents(path, 25):
        try:
            failures(from_document(document, path.stem, path.parent.name))
        except UserError as error:
            assert all(problem.message and problem.where for problem in error.problems)


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_a_damaged_scenario_is_refused_with_a_place_or_loads(path: Path) -> None:
    for document in _documents(path, 50):
        try:
            scenarios.from_document(document, path.parent)
        except UserError as error:
            assert all(problem.message and problem.where for problem in error.problems)
