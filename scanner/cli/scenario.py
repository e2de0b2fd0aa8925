"""`mlposture scenario check|init`: says what is wrong with a scenario and what it would do to an estate, and proposes one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from scanner.cli import options
from scanner.errors import Exit, UserError


@click.group()
def scenario() -> None:
    """Check a scenario file, or propose one."""


@scenario.command("check", short_help="Say what a scenario declares, and what is wrong with it.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--snapshot",
    "snapshot_file",
    type=options.existing_file,
    metavar="FILE",
    help="Say also what of this estate it matches.",
)
@click.option("--format", type=click.Choice(["text", "json"]), default="text", help="What is printed.  [default: text]")
@options.own_rules(more=" that it waives")
def check(file: Path, snapshot_file: Path | None, format: str, own: tuple[Path, ...]) -> int:  # fmt: skip
    """Load FILE, say what it declares, what in it cannot hold, and with a snapshot what it would match.

    Every mistake is listed with its line; exit code 2 when there is one, 3 when names could not be looked up.
    """
    from scanner import data, exceptions
    from scanner.cli.selected import check_waivers, every
    from scanner.render.safe import json_text, scrub
    from scanner.scenario.check import document, lines, summary
    from scanner.scenario.load import load

    loaded = load(file, data.shown(file))
    rules = every(own)
    check_waivers(loaded.waivers, rules)
    today = datetime.now(UTC).date()
    owners = {c.name: c.owner for c in loaded.data_classes if c.owner}
    beyond = exceptions.beyond_policy(
        loaded.waivers,
        {rule.info.id: rule.info.severity for rule in rules},
        {w: exceptions.not_the_owners(w, (w.data_class,), owners) for w in loaded.waivers},
        owners,
        today,
    )
    estate = None
    if snapshot_file is not None:
        from scanner.graph.build import build
        from scanner.snapshot import read

        estate = build(read(snapshot_file), {})
    found = summary(estate, loaded, today, tuple(beyond))
    if format == "json":
        click.echo(json_text(document(found), indent=2))
    else:
        for line in lines(found):
            click.echo(scrub(line, limit=4096))
    if found.failed:
        return int(Exit.USER_ERROR)
    return int(Exit.INCOMPLETE if found.problems else Exit.CLEAN)


@scenario.command("init", short_help="Propose a scenario from a snapshot.")
@click.option(
    "--snapshot", "snapshot_file", type=options.existing_file, required=True, metavar="FILE", help="What to go by."
)
@click.option(
    "--output", "-o", type=click.Path(path_type=Path), metavar="FILE", help="Write it there instead of printing it."
)
@click.option("--name", default="proposed", metavar="NAME", help="What to call the scenario.  [default: proposed]")
def init(snapshot_file: Path, output: Path | None, name: str) -> int:
    """Propose a scenario from an estate as it is, with the evidence for every guess, for a person to correct.

    It loads and can be scanned with at once; what it says is what is there, not what should be.
    """
    import re

    from scanner import data
    from scanner.cli.files import check_places
    from scanner.derive import duties
    from scanner.propose import propose
    from scanner.render.write import write_text
    from scanner.snapshot import read

    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
        raise UserError(f"`{name}` is not a name for a scenario", help="lower case letters, digits and hyphens")
    check_places([output], [snapshot_file])
    if output is not None and output.exists():
        raise UserError(f"`{output}` is there already", help="scenarios are written by people: name another file")
    text = propose(read(snapshot_file), duties.load(data.duties()), name, datetime.now(UTC).date())
    if output is None:
        click.echo(text, nl=False)
    else:
        write_text(output, text)
        click.echo(f"wrote {output}; correct it, then `mlposture scenario check {output} --snapshot {snapshot_file}`")
    return int(Exit.CLEAN)
