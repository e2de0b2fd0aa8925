"""`mlposture scan`: reads or collects an estate, checks it, prints findings and writes reports."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scanner import data
from scanner.cli import options, source
from scanner.cli.files import check_places
from scanner.cli.stdout import printing
from scanner.errors import Exit, UserError, suggest

if TYPE_CHECKING:
    from scanner.findings import Report

_FORMATS = ("text", "json", "sarif")


def _day(_ctx: click.Context, _param: click.Parameter, word: str | None) -> date | None:
    try:
        return date.fromisoformat(word) if word else None
    except ValueError:
        raise click.BadParameter(f"'{word}' is not a day like 2026-11-24") from None


@click.command(short_help="Check an estate against a scenario.")
@click.option("--scenario", type=options.existing_file, metavar="FILE", help="What the estate is meant to be.")
@click.option("--demo", is_flag=True, help="Scan the made-up Contoso tenant, answered by a simulator on this machine.")
@click.option(
    "--snapshot",
    "snapshot_file",
    type=options.existing_file,
    metavar="FILE",
    help="Check this snapshot instead of the live estate.",
)
@click.option(
    "--save-snapshot",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Keep what was collected.",
)
@click.option("--baseline", type=options.existing_file, metavar="FILE", help="Tell new findings from known ones.")
@options.selection
@click.option(
    "--fail-on",
    type=click.Choice(options.FAIL_ON),
    default="high",
    help="Lowest severity that ends in exit code 1.  [default: high]",
)
@click.option("--allow-gaps", is_flag=True, help="Do not end in exit code 3 when lists could not be read.")
@click.option(
    "--output", "-o", multiple=True, metavar="FORMAT=FILE", help="Write text, json or sarif; may be repeated."
)
@click.option("--format", type=click.Choice(_FORMATS), default="text", help="What is printed.  [default: text]")
@click.option(
    "--people",
    type=click.Choice(["ids", "names"]),
    default="ids",
    help="How SARIF names people.  [default: ids]",
)
@click.option(
    "--chains",
    type=click.Choice(["on", "off"]),
    default="on",
    help="Whether SARIF shows the steps.  [default: on]",
)
@click.option("--sarif-category", metavar="TEXT", help="Category of the SARIF upload.")
@click.option("--today", callback=_day, metavar="DAY", help="Judge waivers as of this day.  [default: today, UTC]")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
@click.option("--verbose", "-v", count=True, help="Say more; may be repeated.")
@options.color
@options.collection
def scan(**given: Any) -> int:  # fmt: skip
    """Check an estate against a scenario.

    Reads the live estate unless --snapshot or --demo is given. Findings are printed on stdout, progress on
    stderr.
    """
    outputs = _outputs(given["output"])
    check_places(
        [*outputs.values(), given["save_snapshot"]], [given["scenario"], given["snapshot_file"], given["baseline"]]
    )
    report, code = run(given)
    _write(report, code, outputs, given)
    if not given["quiet"]:
        with printing():
            _print(report, code, outputs, given)
    return int(code)


def run(given: dict[str, Any]) -> tuple[Report, Exit]:
    """Everything up to the report and its exit code; `given` are the command's options."""
    from scanner.baseline import read as read_baseline
    from scanner.cli.options import split
    from scanner.cli.selected import check_waivers, every
    from scanner.derive import duties
    from scanner.policy.select import select
    from scanner.scan import scan as evaluate
    from scanner.settle import exit_code

    with ExitStack() as stack:
        found = source.place(given, given["today"] or datetime.now(UTC).date(), stack)
        scenario = source.scenario(found)
        all_rules = every(given["rules"])
        check_waivers(scenario.waivers, all_rules)
        rules = select(all_rules, split(given["select"]), split(given["ignore"]))
        known = read_baseline(given["baseline"]) if given["baseline"] else None
        if given["fail_on"] == "new" and known is None:
            raise UserError("`--fail-on new` needs a baseline", help="name one with `--baseline FILE`")
        snapshot = source.snapshot(given, found, scenario)
        report = evaluate(
            snapshot,
            scenario,
            rules,
            duties=duties.load(data.duties()),
            today=found.today,
            baseline=known,
            baseline_name=str(given["baseline"] or ""),
        )
    return report, exit_code(report, given["fail_on"], allow_gaps=given["allow_gaps"])


def _outputs(given: tuple[str, ...]) -> dict[str, Path]:
    """`sarif=out.sarif` and the like; checked before anything is read."""
    outputs: dict[str, Path] = {}
    for word in given:
        format, equals, path = word.partition("=")
        if not equals or not path:
            raise UserError(f"`--output {word}` is not `FORMAT=FILE`", help="for example `-o sarif=out.sarif`")
        if format not in _FORMATS:
            raise UserError(
                f"`{format}` is not a format",
                help=suggest(format, _FORMATS) or f"known: {', '.join(_FORMATS)}",
            )
        if path == "-":
            raise UserError("`-` is not a file to write", help=f"use `--format {format}` to print it")
        if format in outputs:
            raise UserError(f"`{format}` is written twice")
        outputs[format] = Path(path)
    return outputs


def _write(report: Report, code: Exit, outputs: dict[str, Path], given: dict[str, Any]) -> None:
    from scanner.render.write import write_text

    for format, path in outputs.items():
        write_text(path, _rendered(report, code, format, given))


def _print(report: Report, code: Exit, outputs: dict[str, Path], given: dict[str, Any]) -> None:
    if given["format"] == "text":
        from scanner.render import text

        text.render(
            report, sys.stdout, color=given["color"], verbose=given["verbose"], exit_code=code,
            fail_on=given["fail_on"], written=tuple(f"{path} ({format})" for format, path in outputs.items()),
        )  # fmt: skip
    else:
        sys.stdout.write(_rendered(report, code, given["format"], given))
        sys.stdout.write("\n")


def _rendered(report: Report, code: Exit, format: str, given: dict[str, Any]) -> str:
    if format == "sarif":
        from scanner.render import sarif

        return sarif.render(
            report, people=given["people"], chains=given["chains"] == "on", category=given["sarif_category"],
            exit_code=code,
        )  # fmt: skip
    if format == "json":
        from scanner.render import json_report

        return json_report.render(report, exit_code=code)
    import io

    from scanner.render import text

    buffer = io.StringIO()
    text.render(report, buffer, color="never", verbose=given["verbose"], exit_code=code, fail_on=given["fail_on"])
    return buffer.getvalue()
