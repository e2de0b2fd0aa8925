"""Who can take any data of the tenant: roles and permissions of the directory, once for each and never for each store."""

from __future__ import annotations

from collections.abc import Iterator

from scanner import ids
from scanner.derive.access.actions import DIRECTORY_ROLES, GRAPH_PERMISSIONS
from scanner.derive.access.engine import Engine
from scanner.derive.access.entries import Entry, by_standing
from scanner.graph.estate import Estate


def entries(engine: Engine) -> Iterator[Entry]:
    """An entry for each who holds, or may activate, a directory role that makes readers, and for each workload that can."""
    estate = engine.estate
    tenant = estate.node(ids.ROOT_SCOPE)
    if tenant is None:
        return
    for role in sorted(estate.nodes("directory-role"), key=estate.key):
        if estate.key(role) not in DIRECTORY_ROLES:
            continue
        # who has activated a role is, to the hour, its holder, and counts as one who may
        eligible = set(estate.neighbours(role, "directory-role-eligible"))
        for principal in sorted(eligible.union(estate.neighbours(role, "directory-role-of")), key=estate.key):
            who = engine.members(principal)
            if who:
                yield by_standing(
                    f"directory-role:{estate.key(role)}", "directory-admin", who, tenant, source=principal, via=role,
                    mark="eligible" if principal in eligible else None,
                )  # fmt: skip
        # over a part of the directory: nobody can say here whether readers are in it
        for principal in sorted(set(estate.neighbours(role, "directory-role-in-part-of")), key=estate.key):
            who = engine.members(principal)
            if who:
                yield by_standing(
                    f"directory-role:{estate.key(role)}|in-part", "directory-admin", who, tenant, source=principal, via=role, certain=False
                )  # fmt: skip
    for kind in ("service-principal", "managed-identity"):
        for workload in estate.nodes(kind):
            if permissions(estate, workload):
                yield by_standing(
                    f"graph-permission:{estate.key(workload)}", "graph-app", engine.members(workload), tenant, source=workload
                )  # fmt: skip


def permissions(estate: Estate, workload: int) -> list[str]:
    """The permissions of Microsoft Graph with which a workload can make itself a reader, as Graph names them."""
    held = estate.get(workload, "graph-permissions")
    return sorted(p for p in held if p.lower() in GRAPH_PERMISSIONS) if isinstance(held, frozenset) else []


def explained(estate: Estate, cause: Entry) -> str:
    """What a role or permission lets its holder do, in words."""
    if cause.via is not None:
        return DIRECTORY_ROLES[estate.key(cause.via)] + ("" if cause.certain else ", within a part of it")
    assert cause.source is not None  # noqa: S101  # made above
    held = permissions(estate, cause.source)
    return f"{', '.join(held)}: {GRAPH_PERMISSIONS[held[0].lower()]}"
