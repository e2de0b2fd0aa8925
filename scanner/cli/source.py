"""Where a command's estate comes from: the demo, a stored snapshot, or a collection of the live one."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from scanner import data
from scanner.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    from scanner.collect import Settings
    from scanner.scenario.model import Scenario
    from scanner.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Place:
    """A scenario file, and settings when a simulator answers; `today` is the day waivers are judged by."""

    scenario_file: Path
    settings: Settings | None
    today: date


def place(given: dict[str, Any], today: date, stack: ExitStack) -> Place:
    """What the options name; the demo's simulator runs as long as the stack. Raises UserError for what cannot be."""
    if given["demo"]:
        if _typed("snapshot_file", "scenario"):
            raise UserError(
                "`--demo` brings its own tenant and scenario", help="leave out `--snapshot` and `--scenario`"
            )
        given |= {"snapshot_file": None, "scenario": None}
    if given["snapshot_file"] and given["save_snapshot"]:
        raise UserError("`--save-snapshot` keeps what is collected, and `--snapshot` collects nothing")
    if given["demo"]:
        from scanner.cli.demo import demo

        return Place(*stack.enter_context(demo(given.get("today") and today)))
    if given["scenario"] is None:
        raise UserError("no scenario", help="name one with `--scenario FILE`, or try `--demo`")
    return Place(given["scenario"], None, today)


def scenario(found: Place) -> Scenario:
    from scanner.scenario.load import load

    return load(found.scenario_file, data.shown(found.scenario_file))


def snapshot(given: dict[str, Any], found: Place, wanted: Scenario) -> Snapshot:
    """Reads the stored snapshot, or collects one."""
    if given["snapshot_file"]:
        from scanner.snapshot import read

        return read(given["snapshot_file"])
    from scanner.cli import live

    return live.collect(given, found.settings or live.settings(given, wanted), given["save_snapshot"])


def _typed(*names: str) -> bool:
    """Whether one of the options was given on the command line, not by the environment or a configuration file."""
    context = click.get_current_context()
    return any(context.get_parameter_source(name) is ParameterSource.COMMANDLINE for name in names)
