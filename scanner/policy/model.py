"""What a rule is once it is loaded: one sentence over the estate, and the examples that prove it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from scanner.errors import Span
from scanner.findings import RuleInfo

Matcher = Literal["equals", "in", "at-most", "at-least", "matches", "present", "includes", "shares"]
Expectation = Literal["must", "every", "some", "none", "never-together"]
Case = Literal["fails", "passes", "unknown"]


@dataclass(frozen=True, slots=True)
class Reference:
    """`$subject.<attribute>`: the value the subject has."""

    attribute: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """One attribute against one value. Sets are frozensets, references stand for the subject's value."""

    attribute: str
    matcher: Matcher
    value: Any


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Any_:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: Condition


Condition = Comparison | All | Any_ | Not
ALWAYS = All(())


@dataclass(frozen=True, slots=True)
class Example:
    """A tiny estate and what the rule must say of it. `nodes` and `edges` as written; `names` the nodes pointed at."""

    case: str
    outcome: Case
    nodes: Mapping[str, Mapping[str, Any]]
    edges: tuple[tuple[str, str, str], ...]
    names: tuple[str, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Rule:
    """A loaded rule. `subject` is a kind or union; `follow` is empty exactly when the expectation is `must`.

    `conditions` holds one condition, or two for `never-together`. `needs` are scenario keys and `patterns` the
    patterns without which the rule is not applicable.
    """

    info: RuleInfo
    subject: str = ""
    where: Condition = ALWAYS
    follow: frozenset[str] = frozenset()
    to: str = ""
    through: bool = False
    expectation: Expectation = "must"
    conditions: tuple[Condition, ...] = ()
    message: str = ""
    examples: tuple[Example, ...] = ()
    patterns: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    status: str = "stable"
    since: str = ""
    span: Span | None = None
    refers: tuple[str, ...] = field(init=False, compare=False)  # attributes of the subject the expectation refers to
    compares: tuple[str, ...] = field(init=False, compare=False)  # attributes it compares with a value of its own

    def __post_init__(self) -> None:
        # asked for every finding, so read off the conditions once
        tests = [test for condition in self.conditions for test in comparisons(condition)]
        refers = tuple(t.value.attribute for t in tests if isinstance(t.value, Reference))
        object.__setattr__(self, "refers", refers)
        compares = tuple(t.attribute for t in tests if not isinstance(t.value, Reference))
        object.__setattr__(self, "compares", compares)


def comparisons(condition: Condition) -> tuple[Comparison, ...]:
    """Every test in a condition, in order."""
    if isinstance(condition, Comparison):
        return (condition,)
    if isinstance(condition, Not):
        return comparisons(condition.part)
    return tuple(test for part in condition.parts for test in comparisons(part))
