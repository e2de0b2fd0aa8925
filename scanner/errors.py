"""Every error a user can meet, and the exit code each one ends in.

    MlpostureError
    |-- UserError            2   wrong arguments, configuration, rule, scenario, snapshot
    `-- CollectionError      4   sign-in or collection failed and nothing was evaluated

A signal ends in 130 or 143. Anything else that reaches the top is a bug of ours (70).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of the command; the output format never changes them."""

    CLEAN = 0
    FINDINGS = 1
    USER_ERROR = 2
    INCOMPLETE = 3
    COLLECTION_FAILED = 4
    BUG = 70
    INTERRUPTED = 130
    TERMINATED = 143


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A place in a file: name as the user gave it, line and column counted from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake of the user's: where, what, and what to do about it.

    `message` starts in lower case, has no full stop, and puts the user's own words in backticks.
    """

    message: str
    where: Span | None = None
    help: str = ""

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.message}" + (f"\n  help: {self.help}" if self.help else "")


class MlpostureError(Exception):
    """Base of all errors that are shown as a message, never as a traceback."""

    exit = Exit.USER_ERROR


class UserError(MlpostureError):
    """The user's mistakes, all that were found, in file order."""

    exit = Exit.USER_ERROR

    def __init__(self, *problems: Problem | str, help: str = "") -> None:
        self.problems: Sequence[Problem] = tuple(Problem(p, help=help) if isinstance(p, str) else p for p in problems)
        super().__init__("\n".join(str(p) for p in self.problems))


class CollectionError(MlpostureError):
    """Sign-in failed, or nothing could be read: there is nothing to evaluate."""

    exit = Exit.COLLECTION_FAILED

    def __init__(self, message: str, help: str = "") -> None:
        self.problem = Problem(message, help=help)
        super().__init__(str(self.problem))


def suggest(word: str, known: Sequence[str] | frozenset[str] | set[str]) -> str:
    """`did you mean ...?` for a misspelt word, or an empty string when nothing is near."""
    import difflib

    near = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return f"did you mean `{near[0]}`?" if near else ""
