"""Role assignments and definitions, deny assignments and PIM's lists, at each subscription and inherited from above."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from scanner.collect import types
from scanner.collect.hierarchy import Subscription
from scanner.collect.session import Session, decoded_id
from scanner.collect.types import Listing
from scanner.snapshot import Record

# These lists may leave out what is inherited unless asked with `atScope()`, which in turn leaves out what is below.
_BOTH_WAYS = {"role-assignment", "role-eligibility", "role-activation"}


async def collect(session: Session, found: list[Subscription]) -> AsyncIterator[Record]:
    """Each assignment once, although every subscription repeats what it inherits."""
    lists = await asyncio.gather(*(_list(session, s, entry) for s in found for entry in types.AUTHORISATION))
    seen: set[str] = set()
    for rows in lists:
        for row in rows:
            name = f"{row.kind}|{_identity(row)}"
            if name not in seen:
                seen.add(name)
                yield row


async def _list(session: Session, subscription: Subscription, entry: Listing) -> list[Record]:
    path = f"{subscription.id}/providers/Microsoft.Authorization/{entry.path}"
    also = session.arm_url(path, entry.version, **{"$filter": "atScope()"}) if entry.kind in _BOTH_WAYS else ""
    return await session.list(entry.kind, subscription.key, session.arm_url(path, entry.version), also=also)


def _identity(row: Record) -> str:
    """Role definitions come with the prefix of whoever asked; their GUID is what they are."""
    arm_id = decoded_id(row).lower()
    return arm_id.rpartition("/")[2] if row.kind == "role-definition" else arm_id
