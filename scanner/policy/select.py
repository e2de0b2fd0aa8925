"""Chooses rules: by id, family, name, theme, severity, control, or a glob over ids and names."""

from __future__ import annotations

from collections.abc import Sequence

from scanner.errors import Problem, UserError, suggest
from scanner.policy.match import glob
from scanner.policy.model import Rule


def select(rules: Sequence[Rule], select: Sequence[str] = (), ignore: Sequence[str] = ()) -> tuple[Rule, ...]:
    """The rules that any of `select` matches (all when empty) and none of `ignore`.

    Raises UserError for a selector that matches no rule, and when nothing is left.
    """
    problems = [
        Problem(
            f"`{word}` selects no rule", help=suggest(word, _words(rules)) or "`mlposture rules list` prints them all"
        )
        for word in (*select, *ignore)
        if not any(_matches(rule, word) for rule in rules)
    ]
    if problems:
        raise UserError(*problems)
    chosen = tuple(
        rule
        for rule in rules
        if (not select or any(_matches(rule, word) for word in select))
        and not any(_matches(rule, word) for word in ignore)
    )
    if not chosen:
        raise UserError("no rule is left to run", help="select more, or ignore less")
    return chosen


def _matches(rule: Rule, word: str) -> bool:
    folded = word.lower()
    info = rule.info
    family = info.id.lower().rstrip("0123456789")
    exact = (info.id.lower(), family, info.name, info.theme, info.severity, *(c.lower() for c in info.controls))
    if folded in exact or any(control.lower().partition(":")[0] == folded for control in info.controls):
        return True
    return ("*" in word or "?" in word) and any(glob(folded, text) for text in (info.id.lower(), info.name))


def _words(rules: Sequence[Rule]) -> set[str]:
    return {word for rule in rules for word in (rule.info.id, rule.info.name, rule.info.theme, rule.info.severity)}
