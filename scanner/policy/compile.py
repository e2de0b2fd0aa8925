"""The fast form of a rule: one comprehension over attribute columns that drops subjects whose answer is certain.

It only ever drops what the plain interpreter in `match` would call "not judged" or "passed"; whatever it is not sure
of it keeps, and the interpreter decides. The source is built from tests alone, its syntax tree is checked against a
list of allowed nodes, and constants are bound by name: nothing of a rule file is ever run.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain, repeat
from types import CodeType
from typing import Any

from scanner.graph.estate import UNSET, Estate
from scanner.policy.match import REDACTED, glob, holds
from scanner.policy.model import ALWAYS, All, Any_, Comparison, Condition, Not, Reference, Rule

_ALLOWED = (
    ast.Expression, ast.ListComp, ast.comprehension, ast.Tuple, ast.Name, ast.Load, ast.Store, ast.BoolOp, ast.And, ast.Or,
    ast.UnaryOp, ast.Not, ast.Compare, ast.Eq, ast.NotEq, ast.In, ast.NotIn, ast.Is, ast.IsNot, ast.LtE, ast.GtE, ast.Lt,
    ast.Gt, ast.Constant, ast.Call,
)  # fmt: skip
_OF_SETS = ("includes", "shares")


def candidates(estate: Estate, rule: Rule, kind: str) -> tuple[int, list[int]]:
    """For one plain kind: how many subjects are judged (or may be), and which of them the interpreter must see."""
    nodes, _ = estate.column(kind, "name")
    judged = _judged(estate, rule, kind, nodes)
    if rule.expectation != "must":
        return len(judged), judged
    source, test = _keep(estate, rule.where, rule.conditions[0])
    suspects = _run(estate, kind, nodes, source, test)
    return len(judged), [node for node in suspects if node not in estate.aside] if estate.aside else suspects


def _judged(estate: Estate, rule: Rule, kind: str, nodes: Sequence[int]) -> list[int]:
    source, test = _keep(estate, rule.where, ALWAYS)
    found = _run(estate, kind, nodes, source, test)
    if not source.exact:
        found = [node for node in found if holds(estate, rule.where, node, node) is not False]
    return [node for node in found if node not in estate.aside] if estate.aside else found


class _Source:
    """An expression being written: the columns it reads and the constants it names."""

    def __init__(self, partial: set[str]) -> None:
        self.partial = partial  # attributes with a gap somewhere: sets may have more members than were seen
        self.exact = True  # whether nothing is left to the interpreter
        self.columns: dict[str, str] = {}
        self.constants: dict[str, Any] = {}

    def column(self, attribute: str) -> str:
        return self.columns.setdefault(attribute, f"a{len(self.columns)}")

    def constant(self, value: Any) -> str:
        name = f"k{len(self.constants)}"
        self.constants[name] = value
        return name


def _keep(estate: Estate, where: Condition, must: Condition) -> tuple[_Source, str]:
    """The comprehension that keeps what must be looked at, and the columns and constants it names."""
    source = _Source(estate.gap_names)
    dropped = [_false(where, source)] if where is not ALWAYS else []
    if must is not ALWAYS:
        dropped.append(_true(must, source))
    test = f"not ({' or '.join(dropped)})" if dropped else "True"
    names = ", ".join(["n", *source.columns.values()])
    if not source.columns:
        return source, f"[n for n in nodes if {test}]"
    return source, f"[n for {names} in rows if {test}]"


def _true(condition: Condition, source: _Source) -> str:
    """An expression that is true only if the condition surely is."""
    if isinstance(condition, Comparison):
        return _sure(condition, source, wanted=True)
    if isinstance(condition, Not):
        return _false(condition.part, source)
    word = " or " if isinstance(condition, Any_) else " and "
    return "(" + (word.join(_true(part, source) for part in condition.parts) or str(isinstance(condition, All))) + ")"


def _false(condition: Condition, source: _Source) -> str:
    """An expression that is true only if the condition surely is not."""
    if isinstance(condition, Comparison):
        return _sure(condition, source, wanted=False)
    if isinstance(condition, Not):
        return _true(condition.part, source)
    word = " and " if isinstance(condition, Any_) else " or "
    return "(" + (word.join(_false(part, source) for part in condition.parts) or str(isinstance(condition, Any_))) + ")"


def _sure(test: Comparison, source: _Source, wanted: bool) -> str:
    if (
        test.attribute == "name"
        or test.attribute.startswith("arm:")
        or test.attribute in source.partial
        or (test.matcher in _OF_SETS and isinstance(test.value, Reference))
    ):
        # left to the interpreter: names have a fallback, `arm:` values any type, sets may be partly read
        source.exact = False
        return "False"
    a = source.column(test.attribute)
    known = f"{a} is not UNSET and {a} != REDACTED"
    if isinstance(test.value, Reference):
        if test.value.attribute == "name" or test.value.attribute in source.partial:
            source.exact = False
            return "False"
        k = source.column(test.value.attribute)
        known += f" and {k} is not UNSET and {k} != REDACTED"
    else:
        k = source.constant(test.value)
    if test.matcher == "present":
        empty = f"({a} is None or {a} == EMPTY)"
        answer = f"not {empty}" if test.value is wanted else empty
        return f"({known} and {answer})"
    if test.matcher in _OF_SETS:
        answer = f"{k} in {a}" if test.matcher == "includes" else f"SHARES({a}, {k})"
        seen = f"REDACTED not in {a} and "
        return (
            f"({known} and {a} is not None and {seen}{answer})"
            if wanted
            else f"({known} and ({a} is None or ({seen}not {answer})))"
        )
    there = f"{a} is not None" + (f" and {k} is not None" if isinstance(test.value, Reference) else "")
    match test.matcher:
        case "equals":
            answer = f"{a} == {k}"
        case "in":
            answer = f"{a} in {k}"
        case "matches":
            answer = f"glob({k}, {a})"
        case bound:
            answer = f"SIZE({a}) {'<=' if bound == 'at-most' else '>='} {k}"
    if wanted:
        return f"({known} and {there} and {answer})"
    return f"({known} and not ({there} and {answer}))"


@lru_cache(maxsize=1024)
def _compiled(expression: str) -> CodeType:
    tree = ast.parse(expression, mode="eval")
    for node in ast.walk(tree):
        if not isinstance(node, _ALLOWED):
            raise TypeError(f"{type(node).__name__} has no place in a compiled rule")
        if isinstance(node, ast.Call) and not (
            isinstance(node.func, ast.Name) and node.func.id in ("glob", "SIZE", "SHARES")
        ):
            raise TypeError("only matchers are called in a compiled rule")
    return compile(tree, "<rule>", "eval")


def _run(estate: Estate, kind: str, nodes: Sequence[int], source: _Source, expression: str) -> list[int]:
    names: dict[str, Any] = {
        "__builtins__": {},
        "UNSET": UNSET,
        "EMPTY": frozenset(),
        "REDACTED": REDACTED,
        "glob": glob,
        "SIZE": _size,
        "SHARES": _shares,
    }
    if source.columns:
        declared = estate.ontology.kinds[kind].attributes
        read = []
        for attribute in source.columns:
            column = estate.column(kind, attribute)[1]
            # an attribute the kind does not have is known to be absent
            absent = None if attribute not in declared and kind != "missing" else UNSET
            read.append(chain(column, repeat(absent)) if column is not None else repeat(absent))
        names["rows"] = zip(nodes, *read, strict=False)
    else:
        names["nodes"] = nodes
    found: list[int] = eval(_compiled(expression), {**names, **source.constants})  # noqa: S307  # checked above
    return found


def _size(value: Any) -> Any:
    return len(value) if isinstance(value, frozenset) else value


def _shares(value: frozenset[Any], wanted: frozenset[Any]) -> bool:
    return not value.isdisjoint(wanted)
