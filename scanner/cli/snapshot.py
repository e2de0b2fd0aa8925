"""`mlposture snapshot`: collects an estate and keeps it, without checking it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from scanner.cli import options
from scanner.cli.files import check_places
from scanner.errors import Exit


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
    from scanner.cli.progress import progress
    from scanner.cli.scan import live_settings
    from scanner.collect import run as collect
    from scanner.render.safe import scrub
    from scanner.scenario.load import load
    from scanner.snapshot import write

    check_places([given["output"]], [given["scenario"]])
    scenario = load(given["scenario"], data.shown(given["scenario"])) if given["scenario"] else None
    with progress(hidden=given["no_progress"] or given["quiet"]) as shown:
        taken = collect(live_settings(given, scenario), shown)
    if given["redact"]:
        from scanner.redact import pseudonymise

        taken = pseudonymise(taken)
    manifest = write(taken, given["output"])
    unread = [entry for entry in manifest.coverage if entry.outcome != "complete"]
    if not given["quiet"]:
        rows = sum(manifest.counts.values())
        click.echo(f"{rows} records of {len(manifest.counts)} kinds written to {given['output']}")
        for entry in unread:
            click.echo(
                scrub(f"  could not read all {entry.kind} in {entry.scope}: {entry.outcome} {entry.code}", limit=4096)
            )
    return int(Exit.CLEAN)
