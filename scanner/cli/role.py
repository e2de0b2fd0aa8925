"""`mlposture role`: the least-privilege role to give the reader, for `az`, Bicep or Terraform."""

from __future__ import annotations

from typing import Any

import click

from scanner import ids
from scanner.cli import options
from scanner.errors import Exit, UserError


@click.command()
@click.option("--format", type=click.Choice(["json", "bicep", "terraform"]), default="json",
              help="For `az role definition create`, Bicep or Terraform.  [default: json]")  # fmt: skip
@click.option("--scope", required=True, metavar="NAME",
              help="Where it may be assigned: a management group's name, a subscription's id, or the id of either.")  # fmt: skip
@click.option(
    "--name", default="mlposture reader", metavar="TEXT", help="What it is called.  [default: mlposture reader]"
)
@click.option("--graph", is_flag=True, help="Print the Microsoft Graph application permissions instead, a line each.")
@options.selection
def role(format: str, scope: str, name: str, graph: bool, **given: Any) -> int:
    """Print the least-privilege role that reads what rules need, and nothing else.

    With --select only what those rules need. Microsoft Graph's permissions are no part of a role: --graph lists them.
    """
    from scanner.cli.selected import rules as selected
    from scanner.collect import reader_role
    from scanner.graph.records import RECORDS
    from scanner.policy.lists import lists_behind

    kinds = set(RECORDS)
    if given["select"] or given["ignore"]:
        rules = selected(given["rules"], given["select"], given["ignore"])
        kinds = {kind for rule in rules if rule.info.decided_by != "coverage" for kind in lists_behind(rule)}
        kinds |= {"tenant", "resource"}
    if graph:
        click.echo("\n".join(reader_role.graph_permissions(kinds)))
        return int(Exit.CLEAN)
    make = {"json": reader_role.as_json, "bicep": reader_role.as_bicep, "terraform": reader_role.as_terraform}[format]
    click.echo(make(name, _scope(scope), reader_role.actions(kinds)), nl=False)
    return int(Exit.CLEAN)


def _scope(word: str) -> str:
    """The id of a management group or subscription. Raises UserError for what is neither."""
    if ids.is_guid(word):
        return f"/subscriptions/{word}"
    if "/" not in word and word:
        return f"/providers/Microsoft.Management/managementGroups/{word}"
    folded = ids.fold(word)
    if ids.is_management_group(folded) or (folded.startswith("/subscriptions/") and folded.count("/") == 2):
        return word.rstrip("/")
    raise UserError(f"`{word}` is no management group and no subscription", help="a name, a GUID, or an id of either")
