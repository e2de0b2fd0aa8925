"""Records that stay in the snapshot: no node stands for them, yet a row nobody understood is a gap all the same."""

from __future__ import annotations

from typing import Any

from scanner.graph.build import shapes
from scanner.graph.build.context import Context
from scanner.graph.records import RECORDS

# These become edges, attributes or scopes elsewhere in this package.
_PLACED = {
    "object-replication", "registry-replication", "role-activation", "group-member", "group-owner", "group-eligibility",
    "ml-quota", "vm-size", "vm-usage", "application", "application-owner", "service-principal-owner", "application-federation", "federated-credential",
    "directory-role-assignment", "app-role", "app-role-assignment", "policy-assignment", "blob-container", "local-user", "registry-token", "registry-scope-map", "classic-administrator",
    "role-management-policy", "outbound-rule", "diagnostic-setting", "log-export", "sql-failover-group", "sql-replication", "protected-item",
    "backup-instance", "delegation", "group-activation", "group-activation-policy", "access-review", "directory-role-eligibility", "directory-role-activation", "lock", "budget", "data-boundary", "location",
}  # fmt: skip


def _kept(context: Context, kind: str, body: Any, of: str, raw: bytes) -> None:
    if context.odd:
        context.misread.append((kind, of))


def _shape(kind: str) -> type[Any]:
    return shapes.Usage if RECORDS[kind].scope == "location" else shapes.Identified


STEPS = tuple((name, _shape(name), _kept) for name, kind in RECORDS.items() if not kind.node and name not in _PLACED)
