"""One collection from sign-in to snapshot; the sources run in order, each one's lists side by side."""

from __future__ import annotations

import base64
import json
from collections import defaultdict
from datetime import UTC, datetime

from azure.core.exceptions import AzureError, ClientAuthenticationError

from scanner import __version__, ids
from scanner.collect import authorisation, capacity, clouds, credentials, directory, hierarchy, resources, types
from scanner.collect.session import Session, scope_of
from scanner.collect.settings import Progress, Settings
from scanner.errors import CollectionError
from scanner.snapshot import Record, Snapshot, from_records


async def collect(settings: Settings, progress: Progress) -> Snapshot:
    """The snapshot of everything in scope that could be read, and the ledger of what could not."""
    started = _now()
    cloud = await clouds.find(settings.cloud, settings.ca_bundle)
    credential = credentials.credential(settings, cloud)
    session = Session(settings, cloud, credential, progress)
    try:
        identity = _who(await _signed_in(session, settings))
        records: list[Record] = []
        found = await hierarchy.subscriptions(session)
        _check_reachable(session, found)
        records += [row async for row in hierarchy.collect(session, found)]
        rows = [row async for row in resources.collect(session, found)]
        records += rows
        records += [row async for row in authorisation.collect(session, found)]
        records += [row async for row in directory.collect(session, found)]
        records += [row async for row in capacity.collect(session, _places(rows), found)]
    except ClientAuthenticationError as error:
        raise CollectionError(
            f"cannot sign in: {_first_line(error)}", "check `--auth`, `--tenant` and the credential itself"
        ) from error
    except AzureError as error:
        raise CollectionError(
            f"cannot read from `{cloud.arm}`: {_first_line(error)}",
            "check the network, and `--ca-bundle` for a private authority",
        ) from error
    finally:
        await session.close()
        await credential.close()
    return from_records(
        records, sorted(session.coverage, key=lambda c: (c.kind, c.scope)), tool=f"mlposture {__version__}", tenant=_tenant(settings, records),
        cloud=cloud.name, identity=identity, scope=(*settings.management_groups, *settings.subscriptions), started=started, finished=_now(),
        api_versions=types.versions(),
    )  # fmt: skip


async def _signed_in(session: Session, settings: Settings) -> str:
    """A token before anything else, so that a wrong credential is one clear message."""
    try:
        return await session.arm_sign_in.token()
    except AzureError as error:
        raise CollectionError(
            f"cannot sign in: {_first_line(error)}", "check `--auth`, `--tenant` and the credential itself"
        ) from error


def _check_reachable(session: Session, found: list[hierarchy.Subscription]) -> None:
    """Nothing in scope is an answer; a list of subscriptions that could not be read is none."""
    listed = next(entry for entry in session.coverage if entry.kind == "subscription")
    if not found and listed.outcome != "complete":
        raise CollectionError(
            f"cannot list subscriptions: {listed.code} {listed.detail}".rstrip(), f"grant {listed.permission}"
        )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]


def _places(rows: list[Record]) -> dict[str, set[str]]:
    """Regions in use, by subscription."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.kind in ("workspace", "compute", "model-account", "online-endpoint"):
            subscription = ids.subscription_of(scope_of(row))
            if subscription:
                found[subscription] |= resources.locations([row])
    return found


def _who(token: str) -> str:
    """The object id in a token; tokens are opaque to us, so one that cannot be read is no error."""
    try:
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        return str(claims.get("oid") or claims.get("appid") or "")
    except (ValueError, IndexError):
        return ""


def _tenant(settings: Settings, records: list[Record]) -> str:
    found = [json.loads(bytes(row.body)) for row in records if row.kind == "tenant"]
    return str((found[0].get("tenantId") if found else "") or settings.tenant or "").lower()


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
