"""The rules a command works on: the built-in ones, the user's own, and what was selected of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scanner import data
from scanner.cli.options import split
from scanner.errors import UserError
from scanner.policy.load import load_rules
from scanner.policy.model import Rule
from scanner.policy.select import select as choose


def rules(own: Sequence[Path], select: tuple[str, ...] = (), ignore: tuple[str, ...] = ()) -> tuple[Rule, ...]:
    """Loads and selects. Raises UserError with every mistake in every file, or for a selector that matches nothing."""
    for folder in own:
        if not folder.is_dir():
            raise UserError(f"no folder `{folder}`", help="`--rules` takes a folder with rule files")
    return choose(load_rules([data.rules(), *own]), split(select), split(ignore))
