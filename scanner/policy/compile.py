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
from scanner.policy.match import glob
from scanner.policy.model import ALWAYS, All, Any_, Comparison, Condition, Not, Reference, Rule

_ALLOWED = (
    ast.Expression, ast.ListComp, ast.comprehension, ast.Tuple, ast.Name, ast.Load, ast.Store, ast.BoolOp, ast.And, ast.Or,
    ast.UnaryOp, ast.Not, ast.Compare, ast.Eq, ast.NotEq, ast.In, ast.NotIn, ast.Is, ast.IsNot, ast.LtE, ast.GtE, ast.Lt,
    ast.Gt, ast.Constant, ast.Call,
)  # fmt: skip


def candidates(estate: Estate, rule: Rule, kind: str) -> tuple[int, list[int]]:
    """For one plain kind: how many subjects are judged (or may be), and which of them the interpreter must see."""
    nodes, _ = estate.column(kind, "name")
    judged = _judged(estate, rule, kind, nodes)
    if rule.expectation != "must":
        return len(judged), judged
    suspects = _run(estate, kind, nodes, _keep(estate, rule.where, rule.conditions[0]))
    return len(judged), [node for node in suspects if node not in estate.aside] if estate.aside else suspects


def _judged(estate: Estate, rule: Rule, kind: str, nodes: Sequence[int]) -> list[int]:
    found = _run(estate, kind, nodes, _keep(estate, rule.where, ALWAYS))
    return [node for node in found if node not in estate.aside] if estate.aside else found


class _Source:
    """An expression being written: the columns it reads and the constants it names."""

    def __init__(self, partial: set[str]) -> None:
        self.partial = partial  # sets that may have more members than were seen
        self.columns: dict[str, str] = {}
        self.constants: dict[str, Any] = {}

    def column(self, attribute: str) -> str:
        return self.columns.setdefault(attribute, f"a{len(self.columns)}")

    def constant(self, value: Any) -> str:
        name = f"k{len(self.constants)}"
        self.constants[name] = value
        return name


def _keep(estate: Estate, where: Condition, must: Condition) -> tuple[str, tuple[str, ...], dict[str, Any]]:
    source = _Source(estate.gap_names)
    dropped = [_false(where, source)] if where is not ALWAYS else []
    if must is not ALWAYS:
        dropped.append(_true(must, source))
    test = f"not ({' or '.join(dropped)})" if dropped else "True"
    names = ", ".join(["n", *source.columns.values()])
    if not source.columns:
        return f"[n for n in nodes if {test}]", (), source.constants
    return f"[n for {names} in rows if {test}]", tuple(source.columns), source.constants


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
    if test.attribute == "name" or test.matcher in ("includes", "shares"):
        return "False"  # left to the interpreter: names have a fallback, sets may be partial
    a = source.column(test.attribute)
    known = f"{a} is not UNSET"
    if isinstance(test.value, Reference):
        if test.value.attribute == "name":
            return "False"
        k = source.column(test.value.attribute)
        known += f" and {k} is not UNSET"
    else:
        k = source.constant(test.value)
    if test.matcher == "present":
        if isinstance(test.value, Reference):
            return "False"
        empty = f"({a} is None or {a} == EMPTY)"
        answer = f"not {empty}" if test.value is wanted else empty
        # an empty set may be only partly read
        return f"({known} and {a} != EMPTY and {answer})"
    there = f"{a} is not None" + (f" and {k} is not None" if isinstance(test.value, Reference) else "")
    match test.matcher:
        case "equals":
            answer = f"{a} == {k}"
        case "in":
            answer = f"{a} in {k}"
        case "matches":
            answer = f"glob({k}, {a})"
        case bound:
            if test.attribute in source.partial:
                return "False"  # a set that may be partly read is left to the interpreter
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
        if isinstance(node, ast.Call) and not (isinstance(node.func, ast.Name) and node.func.id in ("glob", "SIZE")):
            raise TypeError("only matchers are called in a compiled rule")
    return compile(tree, "<rule>", "eval")


def _run(
    estate: Estate, kind: str, nodes: Sequence[int], keep: tuple[str, tuple[str, ...], dict[str, Any]]
) -> list[int]:
    expression, columns, constants = keep
    names: dict[str, Any] = {
        "__builtins__": {},
        "UNSET": UNSET,
        "EMPTY": frozenset(),
        "glob": glob,
        "SIZE": _size,
    }
    if columns:
        declared = estate.ontology.kinds[kind].attributes
        read = []
        for attribute in columns:
            column = estate.column(kind, attribute)[1]
            # an attribute the kind does not have is known to be absent
            absent = None if attribute not in declared and not attribute.startswith("arm:") else UNSET
            read.append(chain(column, repeat(absent)) if column is not None else repeat(absent))
        names["rows"] = zip(nodes, *read, strict=False)
    else:
        names["nodes"] = nodes
    found: list[int] = eval(_compiled(expression), {**names, **constants})  # noqa: S307  # checked above
    return found


def _size(value: Any) -> Any:
    return len(value) if isinstance(value, frozenset) else value
