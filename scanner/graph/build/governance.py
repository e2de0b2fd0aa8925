"""What stands at scopes: locks, which hold for everything below, budgets, and the boundary the tenant is pinned to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import UNSET

from scanner import ids
from scanner.graph.build import shapes, shapes_flows
from scanner.graph.build.context import Context, known, lower

_LOCKED = ("subscription", "resource-group", "workspace", "storage-account")
_FUNDED = ("subscription", "resource-group")


def _lock(context: Context, kind: str, body: shapes.Stated[shapes_flows.Lock], of: str, raw: bytes) -> None:
    level = lower(known(body.properties.level))
    if isinstance(level, str):
        at = ids.fold(body.id).rpartition("/providers/microsoft.authorization/locks/")[0]
        context.flows.locks.setdefault(at, set()).add(level)


def _budget(context: Context, kind: str, body: shapes.Identified, of: str, raw: bytes) -> None:
    at, _, name = ids.fold(body.id).rpartition("/providers/microsoft.consumption/budgets/")
    context.flows.budgets.setdefault(at, set()).add(name)


def _boundary(context: Context, kind: str, body: shapes.Stated[shapes_flows.Boundary], of: str, raw: bytes) -> None:
    for tenant in context.estate.nodes("tenant"):
        context.estate.set(tenant, "data-boundary", lower(known(body.properties.data_boundary)))


def resolve(context: Context) -> None:
    estate, found = context.estate, context.flows
    for kind in _LOCKED:
        estate.fill(kind, "locks", frozenset())
        for node in estate.nodes(kind) if found.locks else ():
            estate.set(node, "locks", frozenset(_inherited(estate.key(node), found.locks)))
    for kind in _FUNDED:
        estate.fill(kind, "budgets", frozenset())
        for node in estate.nodes(kind) if found.budgets else ():
            estate.set(node, "budgets", frozenset(found.budgets.get(estate.key(node), ())))


def _inherited(key: str | None, at: Mapping[str, set[str]]) -> Iterator[str]:
    while key:
        yield from at.get(key, ())
        key = ids.parent(key)


def doubt(context: Context, kind: str, scope: str, gap: int) -> None:
    """An unread list of locks leaves open what holds below; one of budgets, what is at its scope alone."""
    estate = context.estate
    match kind:
        case "lock":
            nodes = [n for name in _LOCKED for n in estate.nodes(name) if ids.contains(scope, estate.key(n))]
            attribute = "locks"
        case "budget":
            nodes = [n for name in _FUNDED for n in estate.nodes(name) if estate.key(n) == scope]
            attribute = "budgets"
        case "data-boundary":
            nodes, attribute = list(estate.nodes("tenant")), "data-boundary"
        case _:
            return
    for node in nodes:
        estate.set(node, attribute, UNSET)
        estate.mark_gap(node, attribute, gap)


STEPS = (
    ("lock", shapes.Stated[shapes_flows.Lock], _lock),
    ("budget", shapes.Identified, _budget),
    ("data-boundary", shapes.Stated[shapes_flows.Boundary], _boundary),
)
