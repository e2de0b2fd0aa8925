"""`mlposture rules coverage|new|document`: rules by control, a new rule, and the catalogue written out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.cli import options
from scanner.errors import Exit, Problem, UserError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scanner.policy.frameworks import Framework
    from scanner.policy.model import Rule


@click.command("coverage", short_help="Say which controls of a framework rules support.")
@click.option("--framework", metavar="NAME", help="One of those that are listed without this option.")
@click.option("--format", type=click.Choice(["text", "json"]), default="text", help="What is printed.  [default: text]")
@options.selection
def coverage(
    framework: str | None, format: str, rules: tuple[Path, ...], select: tuple[str, ...], ignore: tuple[str, ...]
) -> int:
    """Say which controls of a framework are touched by which rules; the rest is not claimed."""
    from scanner.cli.selected import rules as selected
    from scanner.policy import frameworks
    from scanner.render.safe import json_text

    found = selected(rules, select, ignore)
    known = frameworks.known(found)
    chosen = [frameworks.pick(found, framework)] if framework is not None else list(known.values())
    if format == "json":
        click.echo(json_text([_facts(f) for f in chosen], indent=2))
        return int(Exit.CLEAN)
    lines = _listed(chosen, found) if framework is None else _controls(chosen[0], found)
    for line in lines:
        click.echo(line)
    return int(Exit.CLEAN)


def _listed(known: Sequence[Framework], rules: Sequence[Rule]) -> Iterator[str]:
    width = max(len(f.key) for f in known)
    for framework in known:
        behind = {rule.info.id for found in framework.controls.values() for rule in found}
        yield f"{framework.key:<{width}}  {len(framework.controls):>3} controls, {len(behind):>3} rules   {framework.name}"
    yield ""
    yield f"{len(rules)} rules; `mlposture rules coverage --framework NAME` prints the controls of one"


def _controls(framework: Framework, rules: Sequence[Rule]) -> Iterator[str]:
    yield f"{framework.name} ({framework.key})"
    yield ""
    if not framework.controls:
        yield "no selected rule supports a control of it; nothing is claimed"
        return
    width = max(map(len, framework.controls))
    for id, behind in framework.controls.items():
        for number, rule in enumerate(behind):
            yield f"{id if not number else '':<{width}}  {rule.info.id:<12} {rule.info.severity:<9} {rule.info.title}"
    behind_any = {rule.info.id for found in framework.controls.values() for rule in found}
    yield ""
    many = "1 control is" if len(framework.controls) == 1 else f"{len(framework.controls)} controls are"
    yield f"{many} supported by {len(behind_any)} of {len(rules)} rules. A rule gives evidence about a control and fulfils none;"
    yield "every other control of the framework is not claimed."


def _facts(framework: Framework) -> dict[str, object]:
    return {
        "framework": framework.key, "name": framework.name, "claim": "supports; controls that are not listed are not claimed",
        "controls": [
            {"control": id, "rules": [{"id": r.info.id, "severity": r.info.severity, "title": r.info.title} for r in behind]}
            for id, behind in framework.controls.items()
        ],
    }  # fmt: skip


@click.command("new", short_help="Write a rule of your own to go on from.")
@click.argument("id")
@click.argument("title", nargs=-1, required=True)
@click.option("--rules", "folder", type=click.Path(path_type=Path, file_okay=False), default=Path(), metavar="DIR",
              help="Folder to write it to.  [default: here]")  # fmt: skip
@click.option("--for", "subject", default="resource", metavar="KIND", help="What it is about.  [default: resource]")
@click.option("--type", "arm_type", default="", metavar="TYPE", help="ARM type, with `--for resource`.")
@click.option(
    "--attribute", default="", metavar="NAME", help="What it asks for, as `arm:properties.minimumTlsVersion`."
)
@click.option("--severity", type=click.Choice(["critical", "high", "medium", "low"]), default="medium",
              help="How bad it is.  [default: medium]")  # fmt: skip
def new(
    id: str, title: tuple[str, ...], folder: Path, subject: str, arm_type: str, attribute: str, severity: str
) -> int:
    """Write rule ID with TITLE to a file that passes its own examples.

    The title says what the rule finds, as in `Store without an owner`; the file is named for it.
    """
    from scanner import yamlfile
    from scanner.cli.selected import every
    from scanner.policy.examples import failures, survivors
    from scanner.policy.load import from_document
    from scanner.policy.template import file_name, template
    from scanner.render.write import write_text

    said = " ".join(" ".join(title).split())
    name = file_name(said)
    kind = subject.lower()
    if kind == "resource" and not arm_type:
        arm_type = "Microsoft.Storage/storageAccounts"
    text = template(id, said, subject=kind, arm_type=arm_type, attribute=attribute, severity=severity)
    path = folder / f"{name}.yaml"
    if not folder.is_dir():
        raise UserError(f"no folder `{folder}`", help=f"make it first: `mkdir {folder}`")
    if path.exists():
        raise UserError(f"`{path}` is there already", help="give it another title")
    rule = from_document(yamlfile.parse(text, str(path)), name, "estate", own=True)
    wrong = [*failures(rule), *survivors(rule)]
    if wrong:
        raise UserError(*wrong)
    own = [folder] if any(folder.rglob("*.yaml")) else []
    taken = [r for r in every(own) if r.info.id == id]
    if taken:
        raise UserError(Problem(f"id `{id}` is taken", help=f"by {taken[0].span}"))
    write_text(path, text)
    click.echo(f"wrote {path}; go on there, and try it with `mlposture rules test --rules {folder} --select {id}`")
    return int(Exit.CLEAN)


@click.command("document", short_help="Write rules/README.md from the rules and their promises.")
@click.option("--check", is_flag=True, help="Write nothing; exit code 1 when it is stale or a promise has no rule.")
@click.option("--print", "printed", is_flag=True, help="Print it instead of writing it.")
def document(check: bool, printed: bool) -> int:
    """Write the catalogue of rules to rules/README.md, and take rules that are there out of what promises await."""
    from scanner import data
    from scanner.cli.selected import every
    from scanner.policy import promises
    from scanner.policy.catalogue import readme
    from scanner.render.write import write_text

    rules = every(())
    made = promises.load()
    path = data.rules() / "README.md"
    if printed:
        click.echo(readme(rules, made), nl=False)
        return int(Exit.CLEAN)
    if check:
        wrong = promises.check(made, rules)
        stale = not path.is_file() or path.read_text(encoding="utf-8") != readme(rules, made)
        for problem in wrong:
            click.echo(str(problem), err=True)
        if stale:
            click.echo("rules/README.md is stale\n  help: `mlposture rules document` writes it anew", err=True)
        return int(Exit.FINDINGS if wrong or stale else Exit.CLEAN)
    place = promises.path()
    if not (data.rules().parent / "pyproject.toml").is_file():
        raise UserError(
            "the rules of an installed mlposture are not to be changed", help="work in a checkout, or `--print` it"
        )
    before = place.read_text(encoding="utf-8")
    after = promises.with_awaited(before, promises.awaited_now(made, rules))
    if after != before:
        write_text(place, after)
        made = promises.load()
    write_text(path, readme(rules, made))
    path.chmod(0o644)
    place.chmod(0o644)
    awaited = f"; awaited: {', '.join(made.awaited)}" if made.awaited else ""
    click.echo(f"wrote {data.shown(path)}: {len(rules)} rules, {len(made.made)} promises{awaited}")
    return int(Exit.CLEAN)
