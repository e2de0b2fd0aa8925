"""Conditions in three values: true, false, and None for what cannot be known (Kleene's logic)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from scanner import ids, regions
from scanner.graph.estate import UNSET, Estate
from scanner.policy.model import Any_, Comparison, Condition, Not, Reference

Answer = bool | None


def holds(estate: Estate, condition: Condition, node: int, subject: int) -> Answer:
    """Whether the condition holds at a node; `subject` is what `$subject` means."""
    if isinstance(condition, Comparison):
        return _test(estate, condition, node, subject)
    if isinstance(condition, Not):
        inner = holds(estate, condition.part, node, subject)
        return None if inner is None else not inner
    decisive = isinstance(condition, Any_)  # the answer one part is enough for
    unknown = False
    for part in condition.parts:
        answer = holds(estate, part, node, subject)
        if answer is decisive:
            return decisive
        unknown = unknown or answer is None
    return None if unknown else not decisive


def value_of(estate: Estate, node: int, attribute: str) -> Any:
    """The value at a node; None for an attribute its kind does not have; `UNSET` when it could not be read."""
    if attribute == "name":
        return estate.name(node)
    value = estate.get(node, attribute)
    if value is UNSET and not attribute.startswith("arm:"):
        declared = estate.ontology.kinds[estate.kind(node)].attributes
        return UNSET if attribute in declared or estate.kind(node) == "missing" else None
    hidden = value == REDACTED or (isinstance(value, frozenset) and REDACTED in value)
    return UNSET if hidden else value


def _test(estate: Estate, test: Comparison, node: int, subject: int) -> Answer:
    value = value_of(estate, node, test.attribute)
    wanted = test.value
    if isinstance(wanted, Reference):
        wanted = value_of(estate, subject, wanted.attribute)
    if test.attribute.startswith("arm:") and test.matcher not in ("matches", "present"):
        value, wanted = _alike(value), _alike(wanted)
    partial = isinstance(value, frozenset) and bool(estate.gaps_at(node, test.attribute))
    answer = compare(test.matcher, value, wanted, partial)
    if answer is False and value is not None and isinstance(test.value, Reference) and isinstance(wanted, frozenset):
        # what the set lacks may be in the part nobody saw
        return None if estate.gaps_at(subject, test.value.attribute) else False
    return answer


def _alike(value: Any) -> Any:
    """Azure writes ids and locations in several ways: two of them that mean the same become equal."""
    if isinstance(value, frozenset):
        return frozenset(map(_alike, value))
    if not isinstance(value, str):
        return value
    if value.startswith("/"):
        return ids.fold(value)
    return ids.fold_location(value) if regions.region(ids.fold_location(value)) else value


def compare(matcher: str, value: Any, wanted: Any, partial: bool = False) -> Answer:
    """One value against another. `partial` says a set may have more members than were seen."""
    if value is UNSET or wanted is UNSET:
        return None
    if matcher == "present":
        there = value is not None and value != frozenset()
        return None if partial and not there else there == wanted
    if value is None or wanted is None:
        return False
    if (isinstance(value, bool) and matcher != "equals") or not isinstance(value, _TAKES.get(matcher, object)):
        return None  # an `arm:` property of a type nobody expected cannot be compared
    answer = _COMPARE[matcher](value, wanted)
    if partial:
        settled = {"includes": True, "shares": True, "at-least": True, "at-most": False}.get(matcher)
        return answer if answer is settled else None
    return answer


def _size(value: Any) -> Any:
    return len(value) if isinstance(value, frozenset) else value


REDACTED = "[redacted]"
_TAKES: Mapping[str, type | tuple[type, ...]] = {
    "at-most": (int, float, frozenset), "at-least": (int, float, frozenset), "matches": str, "includes": frozenset, "shares": frozenset,
}  # fmt: skip
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "equals": lambda value, wanted: value == wanted and isinstance(value, bool) is isinstance(wanted, bool),
    "in": lambda value, wanted: value in wanted,
    "at-most": lambda value, wanted: _size(value) <= wanted,
    "at-least": lambda value, wanted: _size(value) >= wanted,
    "matches": lambda value, wanted: glob(wanted, value),
    "includes": lambda value, wanted: wanted in value,
    "shares": lambda value, wanted: not value.isdisjoint(wanted),
}


def glob(pattern: str, text: str) -> bool:
    """`*` is any run of characters, `?` any one; linear in practice, never a backtracking expression."""
    at = star = -1
    p = t = 0
    while t < len(text):
        if p < len(pattern) and pattern[p] == "*":
            star, at = p, t
            p += 1
        elif p < len(pattern) and pattern[p] in ("?", text[t]):
            p += 1
            t += 1
        elif star >= 0:
            at += 1
            p, t = star + 1, at
        else:
            return False
    return pattern[p:].strip("*") == ""
