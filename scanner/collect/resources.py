"""Resources of each subscription: lists by type, then the children of each resource that has some."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

import msgspec

from scanner import ids
from scanner.collect import types
from scanner.collect.hierarchy import Subscription
from scanner.collect.session import Session, decoded_id, scope_of
from scanner.collect.types import Listing
from scanner.graph.records import BY_ARM_TYPE
from scanner.snapshot import Record


async def collect(session: Session, found: list[Subscription]) -> AsyncIterator[Record]:
    """Every resource of the subscriptions and every child that rules look at."""
    lists = await asyncio.gather(*(_top_level(session, s, entry) for s in found for entry in types.TOP_LEVEL))
    parents: dict[str, list[Record]] = {}
    for rows in lists:
        for row in rows:
            parents.setdefault(row.kind, []).append(row)
            yield row
    for waves in (_children(session, parents), _versions(session, parents), _jobs(session, parents)):
        for rows in await waves:
            for row in rows:
                parents.setdefault(row.kind, []).append(row)
                yield row
    # deployments hang below endpoints, which are children themselves
    for rows in await _children(session, parents, grandchildren=True):
        for row in rows:
            yield row


async def _top_level(session: Session, subscription: Subscription, entry: Listing) -> list[Record]:
    url = session.arm_url(f"{subscription.id}/{entry.path}", entry.version)
    rows = await session.list(entry.kind, subscription.key, url)
    if entry.kind != "resource":
        return rows
    # what has a list of its own is not kept twice
    return [row for row in rows if ids.resource_type(scope_of(row)) not in BY_ARM_TYPE]


_GRANDCHILDREN = {"online-endpoint", "batch-endpoint"}


async def _children(
    session: Session, parents: dict[str, list[Record]], grandchildren: bool = False
) -> list[list[Record]]:
    wanted = [
        _child(session, entry, parent)
        for entry in types.CHILDREN if (entry.parent in _GRANDCHILDREN) is grandchildren
        for parent in parents.get(entry.parent, ())
    ]  # fmt: skip
    return list(await asyncio.gather(*wanted))


async def _child(session: Session, entry: Listing, parent: Record, most: int | None = None) -> list[Record]:
    url = session.arm_url(f"{decoded_id(parent)}/{entry.path}", entry.version)
    if entry.query:
        url = f"{url}&{entry.query}"
    return await session.list(entry.kind, scope_of(parent), url, most=most)


async def _versions(session: Session, parents: dict[str, list[Record]]) -> list[list[Record]]:
    wanted = [
        _versions_of(session, entry, workspace)
        for entry in types.VERSIONED
        for workspace in parents.get(entry.parent, ())
    ]
    return list(await asyncio.gather(*wanted))


async def _versions_of(session: Session, entry: Listing, workspace: Record) -> list[Record]:
    """Names first, then the versions of each; the list is complete only when all of them are."""
    at = len(session.coverage)
    names = await _child(session, entry, workspace)
    whole = next(c for c in session.coverage[at:] if c.kind == entry.kind and c.scope == scope_of(workspace))
    session.coverage.remove(whole)
    lists = await asyncio.gather(*(_versions_of_name(session, entry, workspace, decoded_id(name)) for name in names))
    rows = [row for rows_, _ in lists for row in rows_]
    worst = next((c for _, c in lists if c.outcome != "complete"), whole)
    outcome = whole if whole.outcome != "complete" else worst
    session.coverage.append(msgspec.structs.replace(outcome, scope=scope_of(workspace), count=len(rows)))
    return rows


async def _versions_of_name(session: Session, entry: Listing, workspace: Record, name: str) -> tuple[list[Record], Any]:
    at = len(session.coverage)
    scope = ids.fold(name)
    rows = await session.list(entry.kind, scope, session.arm_url(f"{name}/versions", entry.version))
    own = next(c for c in session.coverage[at:] if c.kind == entry.kind and c.scope == scope)
    session.coverage.remove(own)
    return rows, own


async def _jobs(session: Session, parents: dict[str, list[Record]]) -> list[list[Record]]:
    limit = session.settings.job_limit
    return list(
        await asyncio.gather(*(_child(session, types.JOBS, w, most=limit) for w in parents.get("workspace", ())))
    )


def locations(rows: Iterable[Record]) -> set[str]:
    """Regions that computes, workspaces and model accounts stand in."""
    found: set[str] = set()
    for row in rows:
        if row.kind in ("workspace", "compute", "model-account", "online-endpoint"):
            body = msgspec.json.decode(row.body)
            properties = body.get("properties") or {}
            for location in (body.get("location"), properties.get("computeLocation")):
                if isinstance(location, str) and location:
                    found.add(ids.fold_location(location))
    return found
