"""Strict YAML: what other readers guess at is a mistake here, and every value knows its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner import yamlfile
from scanner.errors import Span, UserError


def test_values_know_their_places() -> None:
    document = yamlfile.parse("a:\n  b: [1, x]\n", "f.yaml")
    assert document.value == {"a": {"b": [1, "x"]}}
    assert document.span("a", "b", 1) == Span("f.yaml", 2, 10)
    assert document.key_span("a", "b") == Span("f.yaml", 2, 3)
    assert document.span("a", "no-such") == Span("f.yaml", 2, 3)


@pytest.mark.parametrize(
    "word",
    [
        "no",
        "yes",
        "on",
        "off",
        "NO",
        "Yes",
        "True",
        "FALSE",
        "0o17",
        "1_000",
        "12:30",
        "2026-01-31",
        "012",
        "1e999",
        "9" * 30,
    ],
)
def test_only_true_and_false_are_booleans_and_odd_words_stay_words(word: str) -> None:
    assert yamlfile.parse(f"a: {word}", "f").value == {"a": word}


def test_quoted_words_stay_words() -> None:
    assert yamlfile.parse("a: 'true'\nb: \"1\"\nc: true\nd: 1.5\ne: ~", "f").value == {
        "a": "true",
        "b": "1",
        "c": True,
        "d": 1.5,
        "e": None,
    }


@pytest.mark.parametrize(("text", "said"), [
    ("a: 1\na: 2", "key `a` is given twice"), ("a: &x 1\nb: *x", "anchors and aliases are not allowed"), ("a: !!python/object:os.system x", "is not allowed"),
    ("a: {<<: {b: 1}}", "merge keys are not allowed"), ("a: 1\n---\nb: 2", "a second document"), ("a: [", "f:2:1"), ("? [a]\n: b", "a key must be text"),
    ("\ta: 1", "YAML takes no tabs"), ("a: 'x", "f:"), ("[" * 200, "f:1:65: nested too deeply"),
    # deep enough to end the process if it ever reached the composer
    ("[" * 200_000, "nested too deeply"), ("a: " + "{a: " * 100_000, "nested too deeply"),
    ("a: *b", "f:1:4: anchors and aliases"), ("&a k: 1", "f:1:1: anchors and aliases"), ("a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]", "f:2:8: anchors and aliases"),
    ("!x a: 1", "f:1:1: tag `!x`"), ("a: !!str 1", "f:1:4: tag"), ("a: !!int '1'", "f:1:4: tag"), ("!!map {a: 1}", "f:1:1: tag"), ("a: ! 1", "f:1:4: tag"),
    ("a: \0", "control characters"),
])  # fmt: skip
def test_what_is_not_plain_is_refused(text: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        yamlfile.parse(text, "f")
    assert said in str(caught.value)
    assert all(problem.help for problem in caught.value.problems)


def test_a_file_that_cannot_be_read_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe9\n")
    with pytest.raises(UserError, match="not UTF-8"):
        yamlfile.read(tmp_path / "latin.yaml")
    with pytest.raises(UserError, match="cannot read"):
        yamlfile.read(tmp_path / "none.yaml")
    (tmp_path / "big.yaml").write_bytes(b"a: 1\n" * 1_000_000)
    with pytest.raises(UserError, match="larger than"):
        yamlfile.read(tmp_path / "big.yaml")


@given(st.text(max_size=60))
def test_any_text_is_data_or_a_clear_message(text: str) -> None:
    try:
        yamlfile.parse(text, "f")
    except UserError as error:
        assert error.problems


@pytest.mark.parametrize("content", ["[" * 100_000, "{a: " * 300, "- " * 200, "[\n" * 100])
def test_nesting_without_end_is_one_message_and_no_crash(content: str) -> None:
    with pytest.raises(UserError, match="nested too deeply"):
        yamlfile.parse(content, "f.yaml")


def test_mistakes_of_one_place_come_in_one_order() -> None:
    schema = yamlfile.Schema({"type": "object", "required": list("dcba")})
    problems = yamlfile.check(yamlfile.parse("x: 1", "f.yaml"), schema)
    assert [p.message for p in problems] == [f"key `{key}` is missing" for key in "abcd"]


def test_a_byte_order_mark_and_foreign_line_ends_leave_places_right(tmp_path: Path) -> None:
    (tmp_path / "w.yaml").write_bytes(b"\xef\xbb\xbfa: 1\r\nb: x\r\n")
    document = yamlfile.read(tmp_path / "w.yaml", "w.yaml")
    assert document.value == {"a": 1, "b": "x"}
    assert document.span("b") == Span("w.yaml", 2, 4)


@pytest.mark.parametrize(("schema", "text", "said"), [
    ({"properties": {"a": {"pattern": "^[0-9]+d$"}}}, 'a: "90d\\n"', "f:1:4: `90d\n` does not have the form `a` needs"),
    ({"properties": {"a": {"minItems": 2}}}, "a: [1]", "f:1:4: `a` needs at least 2 entries"),
    ({"properties": {"a": {"minItems": 1}}}, "a: []", "f:1:4: `a` must not be empty"),
])  # fmt: skip
def test_a_schema_speaks_in_the_words_of_the_file(schema: dict[str, object], text: str, said: str) -> None:
    assert [str(problem) for problem in yamlfile.check(yamlfile.parse(text, "f"), yamlfile.Schema(schema))] == [said]
