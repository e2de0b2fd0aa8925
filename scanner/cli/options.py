"""Options that several commands share, declared once."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any

import click

Command = Callable[..., Any]

FAIL_ON = ("critical", "high", "medium", "low", "new", "never")


def _all(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    return lambda command: reduce(lambda done, option: option(done), reversed(options), command)


existing_file = click.Path(path_type=Path, dir_okay=False)

selection = _all(
    click.option("--rules", multiple=True, type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
                 help="Folder with rules of your own; may be repeated."),
    click.option("--select", "-s", multiple=True, metavar="WHAT",
                 help="Only these rules: id, family, theme, severity, control or glob; may be repeated."),
    click.option("--ignore", multiple=True, metavar="WHAT", help="Not these rules; may be repeated."),
)  # fmt: skip

collection = _all(
    click.option("--cloud", default="public", metavar="CLOUD",
                 help="public, usgov, china, a file, or the URL of an ARM endpoint.  [default: public]"),
    click.option("--ca-bundle", type=existing_file, metavar="FILE", help="Authorities to trust, as PEM."),
    click.option("--tenant", metavar="ID", help="Tenant to sign in to."),
    click.option("--management-group", multiple=True, metavar="NAME", help="Only below this; may be repeated."),
    click.option("--subscription", multiple=True, metavar="ID", help="Only this, by id or name; may be repeated."),
    click.option("--region", multiple=True, metavar="NAME", help="Read quota here too; may be repeated."),
    click.option("--auth", type=click.Choice(["auto", "cli", "environment", "managed"]), default="auto",
                 help="How to sign in.  [default: auto]"),
    click.option("--no-progress", is_flag=True, help="Do not show what is being read."),
)  # fmt: skip

color = click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    help="When to colour.  [default: auto]",
)


def split(words: tuple[str, ...]) -> tuple[str, ...]:
    """`--select A,B --select C` is A, B and C."""
    return tuple(word.strip() for given in words for word in given.split(",") if word.strip())
