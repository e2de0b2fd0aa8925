"""The rules a command works on: the built-in ones, the user's own, and what was selected of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scanner import data
from scanner.cli.options import split
from scanner.errors import Problem, UserError, suggest
from scanner.findings import Waiver
from scanner.policy.load import load_rules
from scanner.policy.model import Rule
from scanner.policy.select import select as choose

_LIST = "`mlposture rules list` prints them all"


def rules(own: Sequence[Path], select: tuple[str, ...] = (), ignore: tuple[str, ...] = ()) -> tuple[Rule, ...]:
    """Loads and selects. Raises UserError with every mistake in every file, or for a selector that matches nothing."""
    return choose(every(own), split(select), split(ignore))


def every(own: Sequence[Path]) -> tuple[Rule, ...]:
    """All rules there are. Raises UserError with every mistake in every file."""
    for folder in own:
        if not folder.is_dir():
            raise UserError(f"no folder `{folder}`", help="`--rules` takes a folder with rule files")
    return load_rules([data.rules(), *own])


def check_waivers(waivers: Sequence[Waiver], known: Sequence[Rule]) -> None:
    """Raises UserError for waivers of rules that do not exist: they would waive nothing, and nobody would hear of it.

    Ids with a prefix are somebody's own rules, which this run may do without.
    """
    ids = [rule.info.id for rule in known]
    wrong = [waiver for waiver in waivers if waiver.rule not in ids and "-" not in waiver.rule]
    if wrong:
        raise UserError(
            *(Problem(f"no rule `{w.rule}` to waive", w.line, suggest(w.rule.upper(), ids) or _LIST) for w in wrong)
        )
