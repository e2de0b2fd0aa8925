"""One collection from sign-in to snapshot: subscriptions side by side, then the directory that they refer to."""

from __future__ import annotations

import asyncio
import base64
import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from azure.core.exceptions import AzureError, ClientAuthenticationError

from scanner import __version__
from scanner.collect import authorisation, bulk, capacity, clouds, credentials, directory, hierarchy, resources
from scanner.collect.bulk import Known
from scanner.collect.clouds import Cloud
from scanner.collect.hierarchy import Place
from scanner.collect.journal import Journal
from scanner.collect.session import Session
from scanner.collect.settings import Progress, Settings
from scanner.errors import CollectionError
from scanner.snapshot import Manifest, Snapshot

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

_CHUNK = 25  # subscriptions that one query of Resource Graph serves
_CHUNKS = 2  # at a time: what is in memory does not grow with the number of subscriptions


async def collect(settings: Settings, progress: Progress) -> Snapshot:
    """The snapshot of everything in scope that could be read, and the ledger of what could not.

    Raises CollectionError when nobody can sign in or nothing answers, UserError for settings that cannot be.
    """
    cloud = await clouds.find(settings.cloud, settings.ca_bundle)
    credential = credentials.credential(settings, cloud)
    journal = Journal(settings.journal, _about(settings, cloud), _now(), settings.resume)
    try:
        return await _read(settings, cloud, credential, progress, journal)
    except BaseException:
        journal.close()
        raise


async def _read(
    settings: Settings, cloud: Cloud, credential: AsyncTokenCredential, progress: Progress, journal: Journal
) -> Snapshot:
    session = Session(settings, cloud, credential, progress, journal)
    try:
        progress.phase("signing in")
        identity = _who(await _signed_in(session))
        progress.phase("subscriptions")
        places = await hierarchy.find(session)
        await hierarchy.collect(session, places)
        progress.phase("resources")
        regions: defaultdict[str, set[str]] = defaultdict(set)
        gate = asyncio.Semaphore(_CHUNKS)
        chunks = [places[at : at + _CHUNK] for at in range(0, len(places), _CHUNK)]
        await session.together((
            authorisation.inherited(session, places), *(_chunk(session, chunk, len(places), regions, gate) for chunk in chunks),
        ))  # fmt: skip
        progress.phase("quota")
        await capacity.collect(session, regions, [place.subscription for place in places])
        progress.phase("directory")
        await directory.collect(session)
    except ClientAuthenticationError as error:
        raise _cannot_sign_in(error) from error
    except AzureError as error:
        raise CollectionError(
            f"cannot read from `{cloud.arm}`: {_first_line(error)}",
            "check the network, and `--ca-bundle` for a private authority",
        ) from error
    finally:
        await session.close()
        await credential.close()
    return _snapshot(session, identity)


async def _chunk(
    session: Session, places: Sequence[Place], of: int, regions: defaultdict[str, set[str]], gate: asyncio.Semaphore
) -> None:
    async with gate:
        known = await bulk.read(session, places, of)
        await session.together(_place(session, place, known[place.key], regions) for place in places)


async def _place(session: Session, place: Place, known: Known, regions: defaultdict[str, set[str]]) -> None:
    found, _ = await session.together(
        (resources.collect(session, place, known), authorisation.collect(session, place, known))
    )
    regions[place.subscription.key] |= found


def _snapshot(session: Session, identity: str) -> Snapshot:
    """What the journal holds, as a snapshot; it is read from there until somebody writes it to a file."""
    journal, settings = session.journal, session.settings
    tenants = [json.loads(line)["body"] for block in journal.blocks("tenant") for line in block]
    tenant = str((tenants[0].get("tenantId") if tenants else "") or settings.tenant or "").lower()
    manifest = Manifest(
        tool=f"mlposture {__version__}", tenant=tenant, cloud=session.cloud.name, identity=identity,
        scope=(*settings.management_groups, *settings.subscriptions, *settings.resource_groups), exclude=tuple(settings.exclude),
        notes=tuple(sorted(session.notes)),
        started=journal.started, finished=_now(), partial=session.late,
        api_versions=dict(sorted(session.versions.items())), counts=journal.counts(), coverage=journal.coverage(),
    )  # fmt: skip
    return Snapshot(manifest, source="collection", _blocks=journal.blocks, _release=journal.release)


def _about(settings: Settings, cloud: Cloud) -> dict[str, Any]:
    """What must be the same for a run to be taken up again."""
    return {
        "arm": cloud.arm, "tenant": (settings.tenant or "").lower(), "job_limit": settings.job_limit, "job_days": settings.job_days,
        "scope": [sorted(words) for words in (settings.management_groups, settings.subscriptions, settings.resource_groups, settings.exclude)],
        "names": sorted(settings.names), "bulk": settings.bulk,
    }  # fmt: skip


async def _signed_in(session: Session) -> str:
    """Tokens for ARM and Graph before anything else: a wrong credential is one clear message, and an assertion that lives
    for minutes only is used while it lives. A refusal for Graph alone is met again, and said, by the lists it keeps back."""
    try:
        arm = await session.arm_sign_in.token()
    except AzureError as error:
        raise _cannot_sign_in(error) from error
    try:
        await session.graph_sign_in.token()
    except AzureError:
        session.notes.append("no token for Microsoft Graph: the directory could not be read")
    return arm


def _cannot_sign_in(error: AzureError) -> CollectionError:
    return CollectionError(
        f"cannot sign in: {_first_line(error)}", "check `--auth`, `--tenant` and the credential itself"
    )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]


def _who(token: str) -> str:
    """The object id in a token; tokens are opaque to us, so one that cannot be read is no error."""
    try:
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        return str(claims.get("oid") or claims.get("appid") or "")
    except (ValueError, IndexError):
        return ""


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
