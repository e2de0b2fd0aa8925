"""Azure Resource Graph: one query instead of a list for each subscription, where it can be trusted.

It leaves out, without a word, what the caller may not read, and shows the properties of a version of its own choice. So it
is asked only where the caller's rights were seen to cover the type (`rights`), and only for what does not hang on a
property being absent: envelopes, and types of which we read no defaults.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec

from scanner.collect import answers, types
from scanner.collect.answers import Failed
from scanner.collect.session import Session
from scanner.graph.permissions import PermissionBlock, allows

_PAGE = 1000
Rights = tuple[PermissionBlock, ...]


class _Answer(msgspec.Struct):
    data: list[msgspec.Raw]
    count: int = 0
    total: int = msgspec.field(default=0, name="totalRecords")
    truncated: str = msgspec.field(default="false", name="resultTruncated")
    token: str | None = msgspec.field(default=None, name="$skipToken")


class _Block(msgspec.Struct, rename="camel"):
    actions: tuple[str, ...] | None = ()
    not_actions: tuple[str, ...] | None = ()


class _Blocks(msgspec.Struct):
    value: list[_Block] = []


async def rows(
    session: Session, query: str, subscriptions: Sequence[str], scope_filter: str = ""
) -> AsyncIterator[list[msgspec.Raw]]:
    """Every page of a query over subscriptions (GUIDs). The query must project `id` and order by it.

    Raises Failed for a refusal, and for rows that the service says it left out.
    """
    options: dict[str, Any] = {"resultFormat": "objectArray", "$top": _PAGE}
    if scope_filter:
        options["authorizationScopeFilter"] = scope_filter
    url = session.arm_url("providers/Microsoft.ResourceGraph/resources", types.RESOURCE_GRAPH)
    read: set[str] = set()
    tokens: set[str] = set()
    empty = 0
    while subscriptions:
        body = {"query": query, "subscriptions": list(subscriptions), "options": options}
        try:
            answer = msgspec.json.decode(await session.send("POST", url, body), type=_Answer)
        except msgspec.MsgspecError as error:
            raise Failed(200, "UnreadableBody", "the answer was no result of a query") from error
        fresh = _fresh(answer.data, read)
        yield fresh
        if not answer.token:
            if answer.truncated.lower() == "true" or len(read) < answer.total:
                raise Failed(200, "ResultTruncated", f"{len(read)} of {answer.total} rows came")
            return
        empty = 0 if fresh else empty + 1
        if answer.token in tokens or empty > answers.MOST_EMPTY:
            raise Failed(200, "PagingLoop", "the service led back to a page it had sent before")
        tokens.add(answer.token)
        options = {**options, "$skipToken": answer.token}


def _fresh(rows: Sequence[msgspec.Raw], read: set[str]) -> list[msgspec.Raw]:
    """Rows that did not come before. One that came twice stands for one that did not come, so it counts once."""
    found = []
    for row in rows:
        name = answers.named(row).lower()
        if not name:
            raise Failed(200, "UnreadableBody", "a row of the result has no id")
        if name not in read:
            read.add(name)
            found.append(row)
    return found


async def rights(session: Session, scope: str) -> Rights | None:
    """What the caller may do at a scope, as ARM says it; None when it does not say."""
    url = session.arm_url(f"{scope}/providers/Microsoft.Authorization/permissions", types.PERMISSIONS)
    try:
        found = msgspec.json.decode(await session.send("GET", url), type=_Blocks)
    except (Failed, msgspec.MsgspecError):
        return None
    return tuple(PermissionBlock(block.actions or (), block.not_actions or ()) for block in found.value)


def may(found: Rights | None, permission: str) -> bool:
    """Whether rights that were seen cover an action."""
    return found is not None and allows(found, permission)
