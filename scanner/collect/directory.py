"""The directory: people, workloads, groups, and who is in and who owns each group, by Microsoft Graph.

Only ids and the few fields that something needs are asked for. Members are read twenty groups at a time; each part of a
batch has a status of its own and is asked again alone when it was throttled.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec

from scanner.collect.hierarchy import Subscription
from scanner.collect.policies import retry_after
from scanner.collect.session import Failed, Page, Session
from scanner.snapshot import Record

_FIELDS = {
    "user": ("users", "id,displayName,userPrincipalName,userType,accountEnabled"),
    "service-principal": ("servicePrincipals", "id,appId,displayName,servicePrincipalType,alternativeNames,accountEnabled,appOwnerOrganizationId"),
    "group": ("groups", "id,displayName,securityEnabled,groupTypes,membershipRule,isAssignableToRole,onPremisesSyncEnabled,visibility"),
}  # fmt: skip
_TIES = {"group-member": "members", "group-owner": "owners"}
_BATCH = 20
_TRIES = 6


class _Id(msgspec.Struct):
    id: str


class _Part(msgspec.Struct):
    id: str
    status: int
    body: msgspec.Raw = msgspec.Raw(b"null")
    headers: dict[str, str] = {}


class _Parts(msgspec.Struct):
    responses: list[_Part]


async def collect(session: Session, found: list[Subscription]) -> AsyncIterator[Record]:
    """Records of all principals and of who is in which group."""
    lists = await asyncio.gather(*(_principals(session, kind) for kind in _FIELDS))
    groups: list[str] = []
    for rows in lists:
        for row in rows:
            yield row
            if row.kind == "group":
                groups.append(msgspec.json.decode(row.body, type=_Id).id)
    wanted = [(kind, group) for kind in _TIES for group in groups]
    batches = [wanted[at : at + _BATCH] for at in range(0, len(wanted), _BATCH)]
    for rows in await asyncio.gather(*(_batch(session, batch) for batch in batches)):
        for row in rows:
            yield row


async def _principals(session: Session, kind: str) -> list[Record]:
    path, fields = _FIELDS[kind]
    return await session.list(kind, "tenant", session.graph_url(path, **{"$select": fields, "$top": "999"}))


async def _batch(session: Session, wanted: Sequence[tuple[str, str]]) -> list[Record]:
    """Members or owners of up to twenty groups; whatever part was throttled or failed for a moment is asked again."""
    rows: list[Record] = []
    left = dict(enumerate(wanted))
    failures: dict[int, Failed] = {}
    for attempt in range(_TRIES):
        if not left:
            break
        if attempt:
            await _pause(session, failures, attempt)
        body = {"requests": [
            {"id": str(number), "method": "GET", "url": f"/groups/{group}/{_TIES[kind]}?$select=id&$top=999"} for number, (kind, group) in left.items()
        ]}  # fmt: skip
        try:
            answer = msgspec.json.decode(await session.send("POST", session.graph_url("$batch"), body), type=_Parts)
        except Failed as error:
            failures = dict.fromkeys(left, error)
            if error.status not in (0, 200):
                break
            continue
        except msgspec.MsgspecError:
            failures = dict.fromkeys(left, Failed(200, "UnreadableBody", "the answer was no batch"))
            continue
        for part in answer.responses:
            number = int(part.id)
            if number not in left:
                continue
            failure = _refusal(part)
            if failure is None:
                kind, group = left.pop(number)
                rows += await _tied(session, kind, group, part.body)
            else:
                failures[number] = failure
                if failure.status not in (429, 500, 502, 503, 504):
                    _unread(session, *left.pop(number), failure)
    for number, (kind, group) in left.items():
        _unread(session, kind, group, failures.get(number) or Failed(0, "NoAnswer", "the batch left it out"))
    return rows


async def _pause(session: Session, failures: dict[int, Failed], attempt: int) -> None:
    stated = [float(f.request_id) for f in failures.values() if f.code == "TooManyRequests" and f.request_id]
    wait = min(max(stated, default=session.settings.backoff * 2**attempt), 60.0)
    session.progress.throttled(wait)
    await asyncio.sleep(wait)


def _refusal(part: _Part) -> Failed | None:
    if part.status == 200:
        return None
    try:
        error: dict[str, Any] = msgspec.json.decode(part.body)["error"]
    except (msgspec.MsgspecError, KeyError, TypeError):
        error = {}
    after = retry_after({key.title(): value for key, value in part.headers.items()})
    code = "TooManyRequests" if part.status == 429 else str(error.get("code", f"HTTP{part.status}"))
    return Failed(part.status, code, str(error.get("message", "")), "" if after is None else str(after))


async def _tied(session: Session, kind: str, group: str, body: msgspec.Raw) -> list[Record]:
    """The first page came in the batch; further ones follow their links."""
    found: dict[str, Record] = {}
    failure: Failed | None = None
    try:
        page = msgspec.json.decode(body, type=Page)
        for row in page.value:
            found[msgspec.json.decode(row, type=_Id).id] = session.record(kind, row, group.lower())
        if page.odata_next:
            async for rows in session.pages(page.odata_next):
                for row in rows:
                    found[msgspec.json.decode(row, type=_Id).id] = session.record(kind, row, group.lower())
    except Failed as error:
        failure = error
    session.note(kind, group.lower(), "complete" if failure is None else "partial", len(found), failure)
    return list(found.values())


def _unread(session: Session, kind: str, group: str, failure: Failed) -> None:
    if failure.status == 404:
        session.note(kind, group.lower(), "complete", 0, failure)  # deleted while the scan ran
    else:
        session.note(kind, group.lower(), failure.outcome, 0, failure)
