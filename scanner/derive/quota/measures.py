"""The arithmetic of quota, on plain numbers: what is left, reserved, lost with a region, concentrated in one.

What could not be read makes an amount a range. A range settles a comparison when both its ends do; nothing else is ever said.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Range:
    """An amount that lies somewhere between two numbers, both included."""

    low: float
    high: float

    @property
    def certain(self) -> bool:
        return self.low == self.high

    def __add__(self, other: Range) -> Range:
        return Range(self.low + other.low, self.high + other.high)


NOTHING = Range(0.0, 0.0)
ANYTHING = Range(0.0, math.inf)


def exactly(amount: float) -> Range:
    return Range(amount, amount)


def total(amounts: Iterable[Range]) -> Range:
    return sum(amounts, NOTHING)


def machines(instances: float, *, upgraded: bool) -> int:
    """Machines a number of instances needs at most; a managed deployment keeps a fifth more, rounded up, while it is upgraded."""
    return math.ceil(instances * 6 / 5) if upgraded else math.ceil(instances)


def headroom(limit: float, used: Range, declared: Range) -> Range:
    """The share of a limit that the larger of what is used and what is declared leaves; below 0 when it does not fit."""
    taken = Range(max(used.low, declared.low), max(used.high, declared.high))
    if limit <= 0:
        return Range(*(-1.0 if amount else 1.0 for amount in (taken.high, taken.low)))
    return Range((limit - taken.high) / limit, (limit - taken.low) / limit)  # one rounding: 80 of 100 leave 0.2


def at_least(amount: Range, wanted: float) -> bool | None:
    """Whether an amount is at least what is wanted; None when it may be either."""
    if amount.low >= wanted:
        return True
    return False if amount.high < wanted else None


def settled(amount: Range, wanted: float) -> float | None:
    """The number to compare with what is wanted, chosen so that the answer holds for all of the range; None when none does."""
    answer = at_least(amount, wanted)
    if answer is None:
        return None
    return amount.low if answer else amount.high


def reserved(limit: float | None, caps: Iterable[float | None], wanted: Range) -> bool | None:
    """Whether production keeps its part: everybody else is capped, and the limit less their caps covers what it may take.

    `caps` are those of everybody else, None where there is no cap; without a limit nothing is kept for anybody.
    """
    given = list(caps)
    if limit is None or None in given:
        return False
    answer = at_least(exactly(limit - sum(cap for cap in given if cap is not None)), wanted.high)
    if answer or wanted.certain:
        return answer
    return None if at_least(exactly(limit - sum(cap for cap in given if cap is not None)), wanted.low) else False


def without_largest(granted: Mapping[str, Range]) -> tuple[Range, str | None]:
    """What is left of quota by region when the region that has most is lost, and which one that is.

    Both ends are right: what is left only grows when any region has more.
    """
    if not granted:
        return NOTHING, None
    ends = [
        sum(sorted(getattr(amount, end) for amount in granted.values())[:-1]) for end in ("low", "high")
    ]  # never a difference: that of two infinities is no number
    largest = max(sorted(granted), key=lambda region: (granted[region].high, granted[region].low))
    return Range(ends[0], ends[1]), largest


def largest_share(granted: Mapping[str, float]) -> float:
    """The part of all quota that the region with most has: 1 when all is in one place, 0 when there is none."""
    whole = sum(granted.values())
    if not whole:
        return 0.0
    return 1.0 if math.isinf(whole) else max(granted.values()) / whole


def share(cap: float | None, limit: float) -> float:
    """The part of a pool somebody may take: its cap, or all of it."""
    return 1.0 if cap is None or limit <= 0 else min(1.0, cap / limit)
