"""`mlposture snapshot`: collects an estate and keeps it, without checking it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from scanner.cli import options
from scanner.cli.files import check_places
from scanner.errors import Exit

_MOST_SHOWN = 10


@click.command()
@click.option(
    "--output",
    "-o",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where to keep it.",
)
@click.option(
    "--scenario",
    type=options.existing_file,
    metavar="FILE",
    help="Take the scope and the regions from this scenario.",
)
@click.option("--redact", is_flag=True, help="Replace names of people and resources by pseudonyms.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
@options.collection
def snapshot(**given: Any) -> int:  # fmt: skip
    """Read an estate and keep it as a file, without checking it.

    The file is for `mlposture scan --snapshot`, and for an auditor: `zstd -dc FILE` prints it as JSON lines.
    """
    from scanner import data
    from scanner.cli import live
    from scanner.render.safe import scrub
    from scanner.scenario.load import load

    check_places([given["output"]], [given["scenario"]])
    scenario = load(given["scenario"], data.shown(given["scenario"])) if given["scenario"] else None
    manifest = live.collect(given, live.settings(given, scenario), given["output"], redact=given["redact"]).manifest
    unread = [entry for entry in manifest.coverage if entry.outcome != "complete"]
    if not given["quiet"]:
        rows = sum(manifest.counts.values())
        click.echo(f"{rows} records of {len(manifest.counts)} kinds written to {given['output']}")
        for said in manifest.notes:
            click.echo(scrub(f"  {said}", limit=4096))
        for entry in unread[:_MOST_SHOWN]:
            click.echo(
                scrub(f"  could not read all {entry.kind} in {entry.scope}: {entry.outcome} {entry.code}", limit=4096)
            )
        if unread:
            more = f"{len(unread) - _MOST_SHOWN} more; " if len(unread) > _MOST_SHOWN else ""
            click.echo(
                f"  {more}`mlposture coverage {given['output']}` says what is missing, and which permission it takes"
            )
    return int(Exit.CLEAN)
