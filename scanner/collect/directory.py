"""The directory: groups and who is in and who owns them, workloads, and the people that something refers to.

A small directory is read whole. In a large one groups and workloads still are, since scenarios name them; members only of
groups that something is assigned to or that the scenario names, and of the groups in them; people only as far as they are
referred to or named. Only ids and the few fields that something needs are asked for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from scanner.collect import answers, batch
from scanner.collect.answers import Failed
from scanner.collect.session import Session
from scanner.snapshot import CoverageOutcome, Record

_USER = "id,displayName,userPrincipalName,userType,accountEnabled"
_FIELDS = {
    "service-principal": ("servicePrincipals", "id,appId,displayName,servicePrincipalType,alternativeNames,accountEnabled,appOwnerOrganizationId"),
    "group": ("groups", "id,displayName,securityEnabled,groupTypes,membershipRule,isAssignableToRole,onPremisesSyncEnabled,visibility"),
}  # fmt: skip
_TIES = {"group-member": "members", "group-owner": "owners"}
_GROUP = "#microsoft.graph.group"
_SMALL = 2000  # groups; in a larger directory most of them have nothing to do with Azure
_IN_FILTER = 15  # ids that one `in (...)` takes
_FEW_PEOPLE = 20_000  # fewer are listed whole; more than so many of a large directory are faster listed than looked up


class _Tie(msgspec.Struct):
    id: str
    kind: str = msgspec.field(default="", name="@odata.type")


class _Who(msgspec.Struct, frozen=True):
    id: str
    kind: str


class _Assignment(msgspec.Struct):
    principal: str = msgspec.field(default="", name="principalId")


class _Assigned(msgspec.Struct):
    properties: _Assignment = msgspec.field(default_factory=_Assignment)


async def collect(session: Session) -> None:
    """Keeps principals and who is in which group. Reads from the journal to whom something is assigned."""
    assigned = set(_assigned(session))
    groups, workloads = await session.together(_principals(session, kind) for kind in ("group", "service-principal"))
    wanted = groups if len(groups) <= _SMALL else _wanted(session, groups, assigned)
    met = await _members(session, {answers.named(row.body).lower() for row in wanted})
    known = {answers.named(row.body).lower() for row in (*groups, *workloads)}
    await _people(session, sorted((assigned | met) - known))


def _assigned(session: Session) -> Iterator[str]:
    for kind in ("role-assignment", "role-eligibility", "role-activation"):
        for block in session.journal.blocks(kind):
            for line in block:
                try:
                    found = msgspec.json.decode(line, type=_AssignedLine).body.properties.principal
                except msgspec.ValidationError:
                    continue
                if found:
                    yield found.lower()


class _AssignedLine(msgspec.Struct):
    body: _Assigned


async def _principals(session: Session, kind: str) -> list[Record]:
    path, fields = _FIELDS[kind]
    return await session.list(kind, "tenant", session.graph_url(path, **{"$select": fields, "$top": "999"}))


def _wanted(session: Session, groups: Sequence[Record], assigned: set[str]) -> list[Record]:
    """Groups with an assignment, and those that the scenario names by id or name."""
    names = {name.lower() for name in session.settings.names}
    found = []
    for row in groups:
        body: dict[str, Any] = msgspec.json.decode(row.body)
        key = str(body.get("id", "")).lower()
        if key in assigned or key in names or str(body.get("displayName")).lower() in names:
            found.append(row)
    return found


async def _members(session: Session, groups: set[str]) -> set[str]:
    """Members and owners of groups and of the groups in them; returns everybody that was met."""
    met: set[str] = set()
    done: set[str] = set()
    waiting = groups
    while waiting:
        pairs = [(kind, group) for group in sorted(waiting) for kind in _TIES]
        batches = [pairs[at : at + batch.SIZE] for at in range(0, len(pairs), batch.SIZE)]
        done |= waiting
        nested: set[str] = set()
        for ties in await session.together(_batch(session, some) for some in batches):
            for tie in ties:
                met.add(tie.id)
                if tie.kind == _GROUP:
                    nested.add(tie.id)
        waiting = nested - done
    return met


async def _batch(session: Session, pairs: Iterable[tuple[str, str]]) -> set[_Who]:
    """Members or owners of up to twenty groups; returns who they are."""
    met: set[_Who] = set()
    wanted: dict[str, str] = {}
    for kind, group in pairs:
        before = session.journal.finished(kind, group)
        if before is None:
            wanted[f"{kind}|{group}"] = f"/groups/{group}/{_TIES[kind]}?$select=id&$top=999"
        else:
            met |= _who(before)
    if wanted:
        async for name, body in batch.read(session, wanted):
            kind, _, group = name.partition("|")
            met |= _who(await _tied(session, kind, group, body))
    return met


async def _tied(session: Session, kind: str, group: str, body: msgspec.Raw | Failed) -> list[Record]:
    """The first page came in the batch; further ones follow their links."""
    found: dict[str, Record] = {}
    failure = body if isinstance(body, Failed) else None
    outcome: CoverageOutcome = "complete"
    if not isinstance(body, Failed):
        failure = await _all(
            session, body, lambda row: found.setdefault(answers.named(row).lower(), session.record(kind, row, group))
        )
    if failure is not None:
        gone = failure.status == 404 and not found  # deleted while the scan ran
        outcome = "complete" if gone else answers.settled(failure, bool(found))
    records = list(found.values())
    session.keep(kind, group, records, outcome, failure)
    return records


async def _all(session: Session, body: msgspec.Raw, add: Callable[[msgspec.Raw], object]) -> Failed | None:
    """Every row of a list whose first page came in a batch; further ones follow their links. Returns what went wrong."""
    try:
        page = answers.page(body)
        rows = page.value
        for row in rows:
            add(row)
        if page.odata_next:
            async for rows in session.pages(page.odata_next):
                for row in rows:
                    add(row)
    except Failed as error:
        return error
    except msgspec.MsgspecError:
        return Failed(200, "UnreadableBody", "the answer was no list")
    return None


def _who(rows: Iterable[Record]) -> set[_Who]:
    ties = (msgspec.json.decode(row.body, type=_Tie) for row in rows)
    return {_Who(tie.id.lower(), tie.kind.lower()) for tie in ties}


# -- people ------------------------------------------------------------------------------------------------------------


async def _people(session: Session, wanted: Sequence[str]) -> None:
    """Everybody, where that is not many; else who is among these ids (what is no user is not found) or named."""
    url = session.graph_url("users", **{"$select": _USER, "$top": "999"})
    names = frozenset(name.lower() for name in session.settings.names)
    known = frozenset(wanted) | names

    def referred(row: Record) -> bool:
        body = msgspec.json.decode(row.body)
        return not known.isdisjoint(str(body.get(name)).lower() for name in ("id", "userPrincipalName", "displayName"))

    if len(wanted) > _FEW_PEOPLE:
        await session.list("user", "tenant", url, keep=referred, selective=True)
        return
    found = await session.list("user", "tenant", url, most=_FEW_PEOPLE)
    if len(found) < _FEW_PEOPLE:
        return
    there = {answers.named(row.body).lower() for row in found}
    left = [("id", object_id) for object_id in wanted if object_id not in there]
    left += [("userPrincipalName", name) for name in sorted(names) if "@" in name]
    size = _IN_FILTER * batch.SIZE
    await session.together(_look_up(session, left[at : at + size]) for at in range(0, len(left), size))


async def _look_up(session: Session, wanted: Sequence[tuple[str, str]]) -> None:
    """Users by (property, value), up to three hundred in one request."""
    part = hashlib.sha256(repr(wanted).encode()).hexdigest()[:16]
    if session.journal.finished("user", "tenant", part) is not None:
        return
    paths = {}
    for at in range(0, len(wanted), _IN_FILTER):
        for name in ("id", "userPrincipalName"):
            among = ",".join(
                "'{}'".format(value.replace("'", "''")) for key, value in wanted[at : at + _IN_FILTER] if key == name
            )
            if among:
                paths[f"{name}|{at}"] = f"/users?$filter={quote(f'{name} in ({among})')}&$select={_USER}"
    found: dict[str, Record] = {}
    failure: Failed | None = None
    names = list(paths.items())
    for start in range(0, len(names), batch.SIZE):
        async for _, body in batch.read(session, dict(names[start : start + batch.SIZE])):
            if isinstance(body, Failed):
                failure = body
                continue
            lost = await _all(
                session, body, lambda row: found.setdefault(answers.named(row).lower(), session.record("user", row))
            )
            failure = lost or failure
    outcome = "bounded" if failure is None else answers.settled(failure, bool(found))
    session.keep("user", "tenant", list(found.values()), outcome, failure, part=part)
