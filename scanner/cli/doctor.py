"""`mlposture doctor`: who reads, what it reaches, what is missing for the rules, and how long a collection will take."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from scanner.cli import options
from scanner.errors import Exit

if TYPE_CHECKING:
    from scanner.collect.doctor import Diagnosis

_PLACES = 10


@click.command()
@click.option(
    "--scenario", type=options.existing_file, metavar="FILE", help="Take the scope and the regions from this scenario."
)
@click.option("--verbose", "-v", is_flag=True, help="Name every subscription.")
@options.selection
@options.collection
def doctor(**given: Any) -> int:
    """Look before reading: who reads, what it reaches, what is missing and what stays unknown without it.

    Changes nothing. Ends in 0 when nothing is missing, in 3 when something is, in 4 when nobody can sign in.
    """
    from scanner import data
    from scanner.cli import live
    from scanner.cli.selected import rules as selected
    from scanner.collect import doctor as doctor_
    from scanner.policy.lists import rules_behind
    from scanner.render.safe import scrub
    from scanner.scenario.load import load

    scenario = load(given["scenario"], data.shown(given["scenario"])) if given["scenario"] else None
    rules = [r for r in selected(given["rules"], given["select"], given["ignore"]) if r.info.decided_by != "coverage"]
    needing = rules_behind(rules)
    found = doctor_.run(live.settings(given, scenario), needing)
    for line in _text(found, needing, given["auth"], given["verbose"]):
        click.echo(scrub(line, limit=4096))
    if not found.places:
        return int(Exit.INCOMPLETE)
    return int(Exit.INCOMPLETE if found.missing or found.unsure else Exit.CLEAN)


def _text(found: Diagnosis, needing: Mapping[str, Sequence[str]], how: str, verbose: bool) -> Iterator[str]:
    who = found.identity
    yield f"identity       {who.name or who.app_id or 'nameless'}, object id {who.object_id or 'not told'}, by --auth {how}"
    yield f"tenant         {who.tenant or 'not told'}"
    yield f"cloud          {found.cloud}, {found.arm}"
    yield f"in scope       {_scope(found, verbose)}"
    if found.groups:
        yield f"               below {', '.join(found.groups)}"
    for said in found.notes:
        yield f"note           {said}"
    left = f"; {found.budget:,} reads left just now" if found.budget is not None else ""
    yield f"to read        {found.resources:,} resources, about {found.requests:,} requests beside the directory, {_time(found.seconds)}"
    yield f"               {found.round_trip * 1000:.0f} ms an answer{left}"
    from scanner.collect.reader_role import actions_of

    lacking: defaultdict[str, list[str]] = defaultdict(list)
    for place in found.places:
        for action in place.missing or ():
            lacking[action].append(place.name)
    for name, answer in found.graph.items():
        if answer:
            lacking[name].append(f"Microsoft Graph: {answer}")
    if found.unsure:
        silent = [place.name for place in found.places if place.missing is None]
        yield f"not told       what may be read in {', '.join(silent[:_PLACES])}: it shows when lists are refused"
    if not lacking:
        yield "missing        nothing that the selected rules need" + (", as far as was told" if found.unsure else "")
        return
    yield f"missing        {_many(len(lacking), 'permission')}; `mlposture role` prints a role with all of them"
    for action, places in sorted(lacking.items(), key=lambda item: item[0].lower()):
        where = f"all {len(places)}" if len(places) == len(found.places) > 1 else ", ".join(places[:_PLACES])
        yield f"  {action}"
        yield f"    missing in   {where}"
        rules = sorted({rule for kind, ids in needing.items() if action in actions_of(kind) for rule in ids})
        yield f"    then unknown {', '.join(rules) or 'nothing selected'}"


def _scope(found: Diagnosis, verbose: bool) -> str:
    if not found.places:
        return "nothing: no subscription is visible, or none is of this scope"
    groups = sum("/resourcegroups/" in place.key for place in found.places)
    kinds = [
        _many(count, what)
        for count, what in ((len(found.places) - groups, "subscription"), (groups, "resource group"))
        if count
    ]
    return f"{' and '.join(kinds)}: {_names(found, verbose)}"


def _names(found: Diagnosis, verbose: bool) -> str:
    names = [place.name for place in found.places]
    shown = names if verbose else names[:_PLACES]
    return ", ".join(shown) + (f" and {len(names) - len(shown)} more" if len(names) > len(shown) else "")


def _many(count: int, what: str) -> str:
    return f"1 {what}" if count == 1 else f"{count:,} {what}s"


def _time(seconds: float) -> str:
    return "seconds" if seconds < 10 else f"about {seconds:.0f} s" if seconds < 120 else f"about {seconds / 60:.0f} min"
