"""`mlposture scenario check`: says what is wrong with a scenario, and what it would do to an estate."""

from __future__ import annotations

from pathlib import Path

import click

from scanner.cli import options
from scanner.errors import Exit


@click.group()
def scenario() -> None:
    """Check a scenario file."""


@scenario.command("check", short_help="Say what a scenario declares, and what is wrong with it.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--snapshot",
    "snapshot_file",
    type=options.existing_file,
    metavar="FILE",
    help="Say also what of this estate it matches.",
)
def check(file: Path, snapshot_file: Path | None) -> int:  # fmt: skip
    """Load FILE, say what it declares, and with a snapshot what it would match.

    Every mistake is listed with its line; exit code 2 when there is one.
    """
    from scanner import data
    from scanner.cli.selected import check_waivers, every
    from scanner.render.safe import scrub
    from scanner.scenario.check import lines, summary
    from scanner.scenario.load import load

    loaded = load(file, data.shown(file))
    check_waivers(loaded.waivers, every(()))
    estate = None
    if snapshot_file is not None:
        from scanner.graph.build import build
        from scanner.snapshot import read

        estate = build(read(snapshot_file), {})
    found = summary(estate, loaded)
    for line in lines(found):
        click.echo(scrub(line, limit=4096))
    return int(Exit.USER_ERROR if found.problems else Exit.CLEAN)
