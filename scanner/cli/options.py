"""Options that several commands share, declared once."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any

import click

from scanner.errors import UserError

Command = Callable[..., Any]

FAIL_ON = ("critical", "high", "medium", "low", "new", "never")


def _all(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    return lambda command: reduce(lambda done, option: option(done), reversed(options), command)


def own_rules(name: str = "own", more: str = "") -> Callable[[Command], Command]:
    """`--rules DIR`, as the argument `name`; `more` says what they are for, where that is not plain."""
    return click.option("--rules", name, multiple=True, type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
                        help=f"Folder with rules of your own{more}; may be repeated.")  # fmt: skip


existing_file = click.Path(path_type=Path, dir_okay=False)

selection = _all(
    own_rules("rules"),
    click.option("--select", "-s", multiple=True, metavar="WHAT",
                 help="Only these rules: id, family, theme, severity, control or glob; may be repeated."),
    click.option("--ignore", multiple=True, metavar="WHAT", help="Not these rules; may be repeated."),
)  # fmt: skip


_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}


def _duration(_ctx: click.Context, _param: click.Parameter, word: str | None) -> float | None:
    """`90`, `90s`, `10m` and `2h` in seconds."""
    if word is None:
        return None
    found = re.fullmatch(r"(\d{1,9}(?:\.\d+)?)([smh]?)", word.strip())
    seconds = float(found[1]) * _UNITS[found[2]] if found else 0.0
    if seconds <= 0:
        raise click.BadParameter(f"'{word}' is not a time like 90s, 10m or 2h")
    return seconds


AUTH = ("auto", "cli", "environment", "managed", "workload", "pipelines", "github-oidc", "certificate", "device")
collection = _all(
    click.option("--cloud", default="public", metavar="CLOUD",
                 help="public, usgov, china, a file, or the URL of an ARM endpoint.  [default: public]"),
    click.option("--ca-bundle", type=existing_file, metavar="FILE", help="Authorities to trust, as PEM."),
    click.option("--tenant", metavar="ID", help="Tenant to sign in to."),
    click.option("--management-group", multiple=True, metavar="NAME", help="Only below this; may be repeated."),
    click.option("--subscription", multiple=True, metavar="ID", help="Only this, by id or name; may be repeated."),
    click.option("--resource-group", multiple=True, metavar="NAME",
                 help="Only this: NAME, SUBSCRIPTION/NAME or an id; may be repeated."),
    click.option("--exclude", multiple=True, metavar="NAME",
                 help="Not this management group, subscription or resource group; may be repeated."),
    click.option("--region", multiple=True, metavar="NAME", help="Read quota here too; may be repeated."),
    click.option("--auth", type=click.Choice(AUTH), default="auto", help="How to sign in.  [default: auto]"),
    click.option("--concurrency", type=click.IntRange(1, 512), default=128, metavar="N",
                 help="Requests in flight at most.  [default: 64]"),
    click.option("--job-limit", type=click.IntRange(1), default=1000, metavar="N",
                 help="Jobs read of a workspace at most.  [default: 1000]"),
    click.option("--job-days", type=click.IntRange(1, 36500), default=90, metavar="N",
                 help="Jobs no older than this many days.  [default: 90]"),
    click.option("--timeout", callback=_duration, metavar="TIME",
                 help="Begin no request after 90s, 10m or 2h; what is missing then is unknown."),
    click.option("--resume", is_flag=True, help="Go on with a run that was stopped, into the same file."),
    click.option("--log-format", type=click.Choice(["text", "json"]), default="text",
                 help="What is reported on stderr meanwhile.  [default: text]"),
    click.option("--no-progress", is_flag=True, help="Do not show what is being read."),
)  # fmt: skip

color = click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    help="When to colour.  [default: auto]",
)


def split(words: tuple[str, ...]) -> tuple[str, ...]:
    """`--select A,B --select C` is A, B and C. Raises UserError for words that name nothing: no filter is no small filter."""
    found = tuple(word.strip() for given in words for word in given.split(",") if word.strip())
    if words and not found:
        raise UserError(
            "an empty `--select` or `--ignore` names no rule", help="leave the option out to run every rule"
        )
    return found
