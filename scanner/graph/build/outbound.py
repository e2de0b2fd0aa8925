"""Outbound rules of managed networks: what private endpoints lead to, and which rules let anything out."""

from __future__ import annotations

from msgspec import UNSET

from scanner import ids
from scanner.graph.build import shapes
from scanner.graph.build.context import Context, known, lower

# Destinations that are no destination: any name, the service tag of everything public, any address.
_ANYWHERE = {"*", "internet", "0.0.0.0/0", "::/0"}


def _rule(context: Context, kind: str, body: shapes.Stated[shapes.OutboundRule], of: str, raw: bytes) -> None:
    """A rule says by its type what its destination is."""
    workspace = context.refer(ids.parent(ids.fold(body.id)))
    if workspace is None:
        return
    destination = known(body.properties.destination)
    if context.odd or destination is UNSET:
        context.doubt(
            kind, workspace, ("reaches-out-to", "open-outbound"), detail="one of them has a shape nobody expected"
        )
        return
    if isinstance(destination, str):
        _open(context, workspace, [destination])
    elif destination is not None:
        if lower(known(destination.action)) != "deny":
            _open(context, workspace, [known(destination.service_tag), *(known(destination.address_prefixes) or ())])
        target = context.refer(known(destination.service_resource_id))
        if target is not None:
            context.estate.connect(workspace, "reaches-out-to", target)


def _open(context: Context, workspace: int, named: list[str | None]) -> None:
    estate = context.estate
    if estate.kind(workspace) != "workspace":
        return
    found = {name for name in named if isinstance(name, str) and name.strip().lower() in _ANYWHERE}
    before = estate.get(workspace, "open-outbound")
    estate.set(workspace, "open-outbound", (before if isinstance(before, frozenset) else frozenset()) | found)


def resolve(context: Context) -> None:
    """A workspace without a rule lets nothing out by one."""
    for workspace in context.estate.nodes("workspace"):
        if context.estate.get(workspace, "open-outbound") is UNSET:
            context.estate.set(workspace, "open-outbound", frozenset())


STEPS = (("outbound-rule", shapes.Stated[shapes.OutboundRule], _rule),)
