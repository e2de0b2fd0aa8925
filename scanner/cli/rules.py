"""`mlposture rules list|show|test`, the commands for authors, and `mlposture explain`: rules as people read and try them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.cli import authoring, options
from scanner.errors import Exit, UserError, suggest

if TYPE_CHECKING:
    from scanner.policy.model import Rule


@click.group()
def rules() -> None:
    """List, show, test, write and document rules."""


for command in (authoring.coverage, authoring.new, authoring.document):
    rules.add_command(command)


@rules.command("list")
@options.selection
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_rules(rules: tuple[Path, ...], select: tuple[str, ...], ignore: tuple[str, ...], as_json: bool) -> int:
    """List rules by theme."""
    from scanner.cli.selected import rules as selected

    found = selected(rules, select, ignore)
    if as_json:
        click.echo(json.dumps([_facts(rule) for rule in found], indent=2))
        return int(Exit.CLEAN)
    theme = ""
    for rule in sorted(found, key=lambda r: (r.info.theme, r.info.id)):
        if rule.info.theme != theme:
            theme = rule.info.theme
            click.echo(("\n" if theme != found[0].info.theme else "") + theme)
        click.echo(f"  {rule.info.id:<12} {rule.info.severity:<9} {rule.info.title}")
    click.echo(f"\n{len(found)} rules; `mlposture rules show ID` prints one")
    return int(Exit.CLEAN)


@rules.command("show", short_help="Print all there is to a rule.")
@click.argument("id")
@options.own_rules()
def show(id: str, own: tuple[Path, ...]) -> int:  # fmt: skip
    """Print all there is to a rule: its sentence, why, fix, examples and what its walk can touch."""
    return _print(_one(id, own), whole=True)


@rules.command("test", short_help="Run the examples of rules.")
@options.selection
@click.option("--mutate/--no-mutate", default=True, help="Change each rule in small ways; an example must notice.")
def test(rules: tuple[Path, ...], select: tuple[str, ...], ignore: tuple[str, ...], mutate: bool) -> int:
    """Run the examples of rules, and show that no part of a rule could be left out unnoticed."""
    from scanner.cli.selected import rules as selected
    from scanner.policy.examples import failures, survivors

    found = selected(rules, select, ignore)
    wrong = 0
    for rule in found:
        complaints = [*failures(rule), *(survivors(rule) if mutate else ())]
        wrong += bool(complaints)
        for complaint in complaints:
            click.echo(str(complaint), err=True)
    tried = sum(1 for rule in found if rule.info.decided_by == "graph")
    click.echo(f"{tried - wrong} of {tried} rules prove themselves")
    return int(Exit.USER_ERROR if wrong else Exit.CLEAN)


@click.command()
@click.argument("rule")
@options.own_rules()
def explain(rule: str, own: tuple[Path, ...]) -> int:  # fmt: skip
    """Say what RULE asks for, why, and how to mend a finding."""
    return _print(_one(rule, own), whole=False)


def _one(id: str, own: tuple[Path, ...]) -> Rule:
    from scanner.cli.selected import rules as selected

    found = selected(own)
    for rule in found:
        if id.lower() in (rule.info.id.lower(), rule.info.name):
            return rule
    names = [rule.info.id for rule in found] + [rule.info.name for rule in found]
    raise UserError(f"no rule `{id}`", help=suggest(id.upper(), names) or "`mlposture rules list` prints them all")


def _print(rule: Rule, whole: bool) -> int:
    from scanner.policy.describe import page

    click.echo(page(rule, whole=whole))
    return int(Exit.CLEAN)


def _facts(rule: Rule) -> dict[str, object]:
    info = rule.info
    return {"id": info.id, "name": info.name, "theme": info.theme, "severity": info.severity, "title": info.title,
            "controls": list(info.controls), "decided-by": info.decided_by}  # fmt: skip
