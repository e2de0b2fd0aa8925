"""`mlposture baseline write`: remembers the findings of today, so that later only new ones fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from scanner.cli import options
from scanner.cli.files import check_places
from scanner.errors import Exit


@click.group()
def baseline() -> None:
    """Remember today's findings, so that only new ones fail."""


@baseline.command("write")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--scenario", type=options.existing_file, metavar="FILE", help="What the estate is meant to be.")
@click.option("--demo", is_flag=True, help="From the made-up Contoso tenant.")
@click.option(
    "--snapshot",
    "snapshot_file",
    type=options.existing_file,
    metavar="FILE",
    help="From this snapshot instead of the live estate.",
)
@options.selection
@options.collection
def write(file: Path, **given: Any) -> int:  # fmt: skip
    """Write the open findings to FILE.

    Compare with `mlposture scan --baseline FILE`; add `--fail-on new` to fail on new findings only.
    """
    from scanner.baseline import contents
    from scanner.cli.scan import run
    from scanner.render.safe import json_text
    from scanner.render.write import write_text
    from scanner.settle import blinding, nothing_in_scope

    check_places([file], [given["scenario"], given["snapshot_file"]])
    given |= {"baseline": None, "fail_on": "never", "allow_gaps": True, "today": None, "quiet": False,
              "save_snapshot": None}  # fmt: skip
    report, _ = run(given)
    known = contents(report)
    write_text(file, json_text(known, indent=2))
    click.echo(f"{len(known['findings'])} findings remembered in {file}")
    unread = len(blinding(report))
    if unread:
        what = "1 list that the rules need was" if unread == 1 else f"{unread} lists that the rules need were"
        click.echo(f"{what} unread: what they hide is not remembered, and will be new once it is seen", err=True)
    elif nothing_in_scope(report):
        click.echo("nothing was in scope", err=True)
    return int(Exit.CLEAN)
