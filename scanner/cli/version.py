"""`mlposture version`: the version of the tool and of the formats it reads and writes."""

from __future__ import annotations

import json
import platform

import click

from scanner import __version__


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def version(as_json: bool) -> None:
    """Print the version of the tool and of what it speaks."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    facts = {"mlposture": __version__, "snapshot schema": "1", "report schema": "1", "access schema": "1", "sarif": "2.1.0",
             "python": platform.python_version()}  # fmt: skip
    for package in ("azure-core", "azure-identity", "azure-mgmt-resource", "networkx"):
        try:
            facts[package] = installed(package)
        except PackageNotFoundError:
            facts[package] = "not installed"
    if as_json:
        click.echo(json.dumps(facts, indent=2))
    else:
        for name, value in facts.items():
            click.echo(f"{name:<20} {value}")
