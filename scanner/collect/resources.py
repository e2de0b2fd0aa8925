"""Resources of a place: lists by type, and below each resource the lists of what is in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from azure.core.exceptions import AzureError
from azure.mgmt.resource.resources.aio import ResourceManagementClient

from scanner import ids
from scanner.collect import answers, types
from scanner.collect.answers import Failed
from scanner.collect.bulk import Known
from scanner.collect.hierarchy import Place
from scanner.collect.session import Session, decoded_id, scope_of
from scanner.collect.types import Listing
from scanner.graph.records import BY_ARM_TYPE
from scanner.snapshot import CoverageOutcome, Record


def _below() -> Mapping[str, tuple[Listing, ...]]:
    found: defaultdict[str, list[Listing]] = defaultdict(list)
    for entry in types.CHILDREN:
        for parent in entry.parent.split("|"):
            found[parent].append(entry)
    return {parent: tuple(entries) for parent, entries in found.items()}


_BELOW = _below()
_VERSIONED: Mapping[str, tuple[Listing, ...]] = {
    parent: tuple(entry for entry in types.VERSIONED if entry.parent == parent)
    for parent in {entry.parent for entry in types.VERSIONED}
}
# Where machine learning and models stand: what quota is asked for.
_QUOTA_KINDS = {"workspace", "compute", "model-account", "online-endpoint"}


async def collect(session: Session, place: Place, known: Known) -> set[str]:
    """Keeps every resource of the place and every child that rules look at; returns the regions that use quota."""
    regions: set[str] = set()
    await session.together(_top_level(session, place, entry, known, regions) for entry in types.TOP_LEVEL)
    return regions


async def _top_level(session: Session, place: Place, entry: Listing, known: Known, regions: set[str]) -> None:
    if entry.kind in known.rows:
        rows = known.rows[entry.kind]
    elif known.absent(entry.kind):
        rows = []
        session.keep(entry.kind, place.key, rows)
    elif entry.kind == "resource-group" and not place.whole:
        rows = await _one(session, place, entry)
    else:
        url = session.arm_url(f"{place.id}/{entry.path}", entry.version)
        if entry.query:
            url = f"{url}&{entry.query}"
        rows = await session.list(entry.kind, place.key, url, keep=_untyped if entry.kind == "resource" else None)
    await _descend(session, rows, known, regions)


def _untyped(row: Record) -> bool:
    """What has a list of its own is not kept twice."""
    return ids.resource_type(scope_of(row)) not in BY_ARM_TYPE


async def _one(session: Session, place: Place, entry: Listing) -> list[Record]:
    """The resource group itself, when it is all that is read."""
    before = session.journal.finished(entry.kind, place.key)
    if before is not None:
        return before
    rows: list[Record] = []

    def keep(response: Any) -> None:
        if response.http_response.status_code == 200:
            rows.append(session.record(entry.kind, msgspec.Raw(response.http_response.body())))

    client = ResourceManagementClient(
        session.credential, ids.last(place.subscription.id), base_url=session.cloud.arm,
        **session.pipeline(session.arm_sign_in, typed=True),
    )  # fmt: skip
    failure: Failed | None = None
    try:
        await client.resource_groups.get(ids.last(place.id), raw_response_hook=keep)
    except AzureError as error:
        failure = answers.raised(error)
    session.versions[entry.kind] = entry.version
    session.keep(
        entry.kind, place.key, rows, answers.settled(failure, False, place.key) if failure else "complete", failure
    )
    return rows


async def _descend(session: Session, rows: list[Record], known: Known, regions: set[str]) -> None:
    """Lists what is in each resource, and in that."""
    wanted = []
    for row in rows:
        if not decoded_id(row):
            continue  # nothing can be asked for below it
        if row.kind in _QUOTA_KINDS:
            regions |= locations(row)
        below = _BELOW.get(row.kind, ())
        body: dict[str, Any] | None = None
        for entry in below:
            if entry.bulk and entry.kind in known.rows:
                continue  # came with the query
            if entry.needed is not None:
                body = body if body is not None else answers.told(row.body)
                if not entry.needed(body):
                    session.keep(entry.kind, scope_of(row), [])
                    continue
            wanted.append(_children(session, entry, row, known, regions))
        wanted += [_versions(session, entry, row) for entry in _VERSIONED.get(row.kind, ())]
        if row.kind == types.JOBS.parent:
            wanted.append(_jobs(session, row))
    if wanted:
        await session.together(wanted)


async def _children(session: Session, entry: Listing, parent: Record, known: Known, regions: set[str]) -> None:
    rows = await session.list(entry.kind, scope_of(parent), _url(session, entry, parent))
    if entry.kind in _BELOW or entry.kind in _QUOTA_KINDS:
        await _descend(session, rows, known, regions)


def _url(session: Session, entry: Listing, parent: Record) -> str:
    url = session.arm_url(f"{decoded_id(parent)}/{entry.path}", entry.version)
    return f"{url}&{entry.query}" if entry.query else url


async def _versions(session: Session, entry: Listing, parent: Record) -> None:
    """Names first, then the versions of each; the list is complete only when all of them are."""
    scope = scope_of(parent)
    names: list[str] = []
    failure: Failed | None = None
    outcome: CoverageOutcome = "complete"
    try:
        async for rows in session.pages(_url(session, entry, parent)):
            names += [answers.named(row) for row in rows.value]
    except Failed as error:
        failure, outcome = error, answers.settled(error, bool(names), scope)
    session.keep(entry.kind, scope, [], outcome, failure)
    await session.together(
        session.list(entry.kind, scope, session.arm_url(f"{name}/versions", entry.version), part=ids.fold(name))
        for name in dict.fromkeys(filter(None, names))
    )


async def _jobs(session: Session, workspace: Record) -> None:
    """The newest jobs, bounded by number and age: a workspace may hold ten million."""
    settings = session.settings
    started = session.journal.started or datetime.now(UTC).isoformat()
    oldest = (datetime.fromisoformat(started.replace("Z", "+00:00")) - timedelta(days=settings.job_days)).isoformat()

    def recent(row: Record) -> bool:
        created = answers.word(answers.told(row.body), "systemData", "createdAt")
        return not created or created[:19] >= oldest[:19]

    url = _url(session, types.JOBS, workspace)
    await session.list("job", scope_of(workspace), url, most=settings.job_limit, recent=recent)


def locations(row: Record) -> set[str]:
    """Regions that a compute, workspace, endpoint or model account stands in."""
    body = answers.told(row.body)
    found = (answers.word(body, "location"), answers.word(body, "properties", "computeLocation"))
    return {ids.fold_location(place) for place in found if place}
