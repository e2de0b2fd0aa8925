"""What the arithmetic of quota means, said plainly and slowly: every value a range may have is tried."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import product

Ends = tuple[int, int]


def values(ends: Ends) -> Iterator[int]:
    """Every whole amount between two."""
    yield from range(ends[0], ends[1] + 1)


def enough(ends: Ends, wanted: int) -> bool | None:
    """Whether there is enough, whatever the amount turns out to be; None when it depends."""
    answers = {amount >= wanted for amount in values(ends)}
    return answers.pop() if len(answers) == 1 else None


def machines(instances: int, upgraded: bool) -> int:
    """The fewest machines that are at least the instances and, for what is upgraded in place, a fifth of them more."""
    wanted = Fraction(instances) * (Fraction(6, 5) if upgraded else 1)
    return next(n for n in range(2 * instances + 1) if n >= wanted)


def left_of(limit: int, used: Ends, declared: Ends) -> set[Fraction]:
    """Every share of the limit that may be left."""
    taken = {max(u, d) for u, d in product(values(used), values(declared))}
    if limit == 0:
        return {Fraction(-1) if amount else Fraction(1) for amount in taken}
    return {1 - Fraction(amount, limit) for amount in taken}


def reserved(limit: int, caps: Sequence[int | None], wanted: Ends) -> bool | None:
    """Whether production gets what it may want when everybody else takes all that their caps let them."""
    answers = set()
    for most in values(wanted):
        left = limit
        for cap in caps:
            left -= limit if cap is None else cap
        answers.add(None not in caps and left >= most)
    return answers.pop() if len(answers) == 1 else None


def after_worst_loss(granted: Mapping[str, int]) -> int:
    """The least that is left of all quota whichever region is lost."""
    return min((sum(n for r, n in granted.items() if r != lost) for lost in granted), default=0)
