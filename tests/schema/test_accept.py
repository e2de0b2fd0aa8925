"""The quick answer about a file that is right: never given for one that another validator refuses, and given for ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner import data, yamlfile
from scanner.accept import acceptor
from scanner.policy.load import THEMES

RULES = sorted(path for theme in THEMES for path in (data.rules() / theme).rglob("*.yaml"))
SCENARIOS = sorted(data.scenarios().glob("*.yaml"))

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([1.0, 1.5, "", "a", "b\n", "ab"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3),
    max_leaves=6,
)
WORDS = {
    "type": st.sampled_from(["object", "array", "string", "number", "integer", "boolean", "null", ["string", "null"]]),
    "enum": st.lists(st.sampled_from(["a", "b\n", 1, 1.0, True, None]), min_size=1, max_size=3),
    "const": st.sampled_from(["a", 1, None]),  # not one of those it knows
    "pattern": st.sampled_from(["^a$", "b$", "^[ab]+$"]),
    "required": st.lists(st.sampled_from(["a", "b"]), max_size=2, unique=True),
    "$ref": st.sampled_from(["#/$defs/a", "#/$defs/b"]),
    "description": st.just("a word"),
    **{
        f"{end}{what}": st.integers(0, 2)
        for end in ("min", "max")
        for what in ("Items", "Length", "Properties", "imum")
    },
}


def _schemas(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    below = {
        "items": inner,
        "additionalProperties": inner,
        "properties": st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
    }
    return st.fixed_dictionaries({}, optional={**WORDS, **below}).map(lambda s: s if len(s) < 5 else {})


SCHEMAS = st.recursive(st.booleans() | st.fixed_dictionaries({}, optional=WORDS), _schemas, max_leaves=4)


NAMED = st.sampled_from([{"type": "string"}, {"items": {"$ref": "#/$defs/a"}}, False])


@given(SCHEMAS, NAMED, VALUES)
def test_what_is_accepted_is_never_what_another_validator_refuses(inner: Any, named: Any, value: Any) -> None:
    outer = inner if isinstance(inner, dict) else {"additionalProperties": inner}
    schema = {**outer, "$defs": {"a": named, "b": {"minItems": 1}}}
    if acceptor(schema)(value):
        assert jsonschema_rs.validator_for(schema).is_valid(value)


@pytest.mark.parametrize("path", RULES, ids=lambda p: p.stem)
def test_a_shipped_rule_is_accepted_at_once(path: Path) -> None:
    assert acceptor(yamlfile.schema("rule").value)(yamlfile.read(path).value)


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda p: p.stem)
def test_a_shipped_scenario_is_accepted_at_once(path: Path) -> None:
    assert acceptor(yamlfile.schema("scenario").value)(yamlfile.read(path).value)


def test_a_word_it_does_not_know_it_leaves_to_the_validator_that_explains() -> None:
    assert not acceptor({"const": 1})(1)
    assert not acceptor({"properties": {"a": {"not": {"type": "string"}}}})({"a": 1})
    assert not yamlfile.check(yamlfile.parse("a: 1", "f"), yamlfile.Schema({"properties": {"a": {"const": 1}}}))
