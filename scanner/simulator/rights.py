"""What the caller may do here: the document's key `reader`, checked on every read and told when asked.

`reader` is one block (`{"actions": [...], "notActions": [...]}`) or a list of them, each with a `scope` of its own where it
does not hold everywhere. Without the key the caller is a Reader of everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scanner import ids
from scanner.graph.permissions import PermissionBlock, block_allows
from scanner.simulator.tenant import Tenant

_READER = {"actions": ["*/read"]}
_PROVIDERS = "/providers/"


class Rights:
    """The caller's permission blocks by scope."""

    def __init__(self, tenant: Tenant) -> None:
        given = tenant.document.get("reader", _READER)
        blocks: list[Mapping[str, Any]] = [given] if isinstance(given, Mapping) else list(given)
        self._tenant = tenant
        self._blocks = [
            (
                ids.fold(block.get("scope", "/")),
                PermissionBlock(tuple(block.get("actions", ())), tuple(block.get("notActions", ()))),
            )
            for block in blocks
        ]
        self.whole = [block for _, block in self._blocks] == [
            PermissionBlock(("*/read",))
        ] and "reader" not in tenant.document
        self._everywhere = all(scope == ids.ROOT_SCOPE for scope, _ in self._blocks)
        self._known: dict[tuple[str, str], bool] = {}

    def at(self, scope: str) -> list[dict[str, list[str]]]:
        """What holds at a folded scope, as the list of permissions shows it."""
        return [
            {"actions": list(b.actions), "notActions": list(b.not_actions), "dataActions": [], "notDataActions": []}
            for b in self._at(scope)
        ]

    def may(self, action: str, scope: str) -> bool:
        """Whether an action is covered at a folded scope."""
        if self.whole:
            return True
        key = (action.lower(), ids.ROOT_SCOPE if self._everywhere else scope)
        if key not in self._known:
            self._known[key] = any(block_allows(block, action) for block in self._at(scope))
        return self._known[key]

    def _at(self, scope: str) -> list[PermissionBlock]:
        if self._everywhere:
            return [block for _, block in self._blocks]
        chain = set(self._tenant.chain(scope))
        return [block for at, block in self._blocks if at in chain]


def action_and_scope(path: str) -> tuple[str, str]:
    """The action ARM would name for reading a path, and the scope it would say it over."""
    at = path.lower().rfind(_PROVIDERS)
    before, rest = path[:at], path[at + len(_PROVIDERS) :]
    if at < 0:
        parts = path.strip("/").split("/")
        kinds = (
            "/".join(["subscriptions", *parts[2::2]]) if parts[-1].lower() != "resources" else "subscriptions/resources"
        )
        scope = path if len(parts) % 2 == 0 else path.rpartition("/")[0]
        return f"Microsoft.Resources/{kinds}/read", scope or "/"
    parts = rest.split("/")
    kinds = "/".join(part for number, part in enumerate(parts[1:]) if number % 2 == 0)
    scope = before or "/"
    if len(parts) > 2:
        scope = f"{before}/providers/{'/'.join(parts[: len(parts) - (1 - len(parts) % 2)])}"
    return f"{parts[0]}/{kinds}/read", scope
