"""What a role may do: permission blocks and the action matcher, with Azure's meaning of wildcards.

`*` stands for any run of characters and crosses `/`. `/*/` also stands for a single `/`: built-in roles such as Managed
Identity Operator (`userAssignedIdentities/*/assign/action`) would grant nothing otherwise. Case never matters. Each block
is judged alone; `notActions` takes from its own block only and denies nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

import msgspec


class PermissionBlock(msgspec.Struct, frozen=True, rename="camel"):
    """One entry of a role's `permissions`, as Azure returns it."""

    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()
    condition: str | None = None


@lru_cache(maxsize=65536)
def _pattern(text: str) -> re.Pattern[str]:
    parts = []
    for number, piece in enumerate(text.lower().split("/*/")):
        if number:
            parts.append("/(?:.*/)?")
        parts.append(".*".join(re.escape(word) for word in piece.split("*")))
    return re.compile("".join(parts), re.DOTALL)


@lru_cache(maxsize=262144)
def matches(pattern: str, action: str) -> bool:
    """Whether a pattern of a role covers an action."""
    return _pattern(pattern).fullmatch(action.lower()) is not None


def block_allows(block: PermissionBlock, action: str, data: bool = False) -> bool:
    """Whether one block grants a control action, or with `data` a data action."""
    granted, taken = (block.data_actions, block.not_data_actions) if data else (block.actions, block.not_actions)
    return any(matches(p, action) for p in granted) and not any(matches(p, action) for p in taken)


def allows(blocks: Iterable[PermissionBlock], action: str, data: bool = False) -> bool:
    """Whether any block grants the action, whatever conditions the blocks carry."""
    return any(block_allows(block, action, data) for block in blocks)
