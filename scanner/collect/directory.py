"""The directory: groups and who is in and who owns them, workloads, and the people that something refers to.

A small directory is read whole. In a large one groups and workloads still are, since scenarios name them; members only of
groups that something is assigned to or that the scenario names, and of the groups in them; people only as far as they are
referred to or named. Only ids and the few fields that something needs are asked for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from scanner import ids
from scanner.collect import answers, batch, ties
from scanner.collect.answers import Failed
from scanner.collect.session import Session
from scanner.snapshot import Record

_USER = "id,displayName,userPrincipalName,userType,accountEnabled,usageLocation,country,onPremisesSyncEnabled"
_FIELDS = {
    "service-principal": ("servicePrincipals", "id,appId,displayName,servicePrincipalType,alternativeNames,accountEnabled,appOwnerOrganizationId"),
    "group": ("groups", "id,displayName,securityEnabled,groupTypes,membershipRule,isAssignableToRole,onPremisesSyncEnabled,isManagementRestricted,visibility"),
    "application": ("applications", "id,appId,displayName,keyCredentials,passwordCredentials"),
}  # fmt: skip
# What makes somebody master of the directory, and so of everything it decides.
_ROLES = {
    "directory-role": "roleManagement/directory/roleDefinitions",
    "directory-role-assignment": "roleManagement/directory/roleAssignments",
    "directory-role-eligibility": "roleManagement/directory/roleEligibilityScheduleInstances",
    "directory-role-activation": "roleManagement/directory/roleAssignmentScheduleInstances",
}
# Which groups somebody is to go through again and again; not who reviews, nor what was decided.
_REVIEWS = "identityGovernance/accessReviews/definitions"
_REVIEW = "id,status,scope,instanceEnumerationScope,settings"
# Microsoft Graph as the directory knows it, by the application id that is the same in every tenant and cloud.
_MICROSOFT_GRAPH = "servicePrincipals(appId='00000003-0000-0000-c000-000000000000')"
_PERMISSION = "id,appRoleId,principalId,principalType"  # who holds which; not what they are called
_MICROSOFT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"  # the tenant that owns Microsoft's applications
# Lists of who holds something, whose workloads are asked who can sign in as them.
_HELD = ("role-assignment", "role-eligibility", "role-activation", "app-role-assignment", "directory-role-assignment", "directory-role-eligibility")  # fmt: skip
_GROUP = "#microsoft.graph.group"
_SMALL = 2000  # groups; in a larger directory most of them have nothing to do with Azure
_IN_FILTER = 15  # ids that one `in (...)` takes
_FEW_PEOPLE = 20_000  # fewer are listed whole; more than so many of a large directory are faster listed than looked up


class _Assignment(msgspec.Struct):
    principal: str = msgspec.field(default="", name="principalId")


class _Assigned(msgspec.Struct):
    properties: _Assignment = msgspec.field(default_factory=_Assignment)


async def collect(session: Session) -> None:
    """Keeps principals and who is in which group. Reads from the journal to whom something is assigned."""
    assigned = set(_assigned(session))
    reviews = session.graph_url(_REVIEWS, **{"$select": _REVIEW, "$top": "100"})
    groups, workloads, applications, permitted, _, _, *ruling = await session.together(
        [
            *(_principals(session, kind) for kind in ("group", "service-principal", "application")),
            _permitted(session),
            session.list("access-review", "tenant", reviews),
            *(session.list(kind, "tenant", session.graph_url(path)) for kind, path in _ROLES.items()),
        ]
    )
    assigned |= {_holder(row) for row in (*permitted, *(row for rows in ruling for row in rows))} - {""}
    wanted = groups if len(groups) <= _SMALL else _wanted(session, groups, assigned)
    met = await _members(session, wanted)
    await ties.read(session, ("group-activation-policy",), set(_under_pim(session)))
    met |= await _workloads(session, workloads, applications, assigned | met | _perhaps_holding(session, workloads))
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


def _perhaps_holding(session: Session, workloads: Sequence[Record]) -> set[str]:
    """Workloads that may hold something where not all that is held could be read: any but Microsoft's own.

    Of more than a few nobody is asked, and that is said.
    """
    unread = [c for c in session.journal.coverage() if c.kind in _HELD and c.outcome not in ("complete", "bounded")]
    if all(c.code == "AadPremiumLicenseRequired" for c in unread):
        return set()
    found = {b["id"].lower() for b in _with_id(workloads) if str(b.get("appOwnerOrganizationId")).lower() != _MICROSOFT}
    if len(found) <= _SMALL:
        return found
    why = Failed(
        0, "NotAsked", "which workloads hold something could not be read, and there are too many to ask for all"
    )
    for kind in ("application-federation", "application-owner", "service-principal-owner"):
        session.keep(kind, ids.ROOT_SCOPE, [], "partial", why)
    return set()


def _under_pim(session: Session) -> Iterator[str]:
    """Groups of which somebody may activate membership or ownership."""
    for block in session.journal.blocks("group-eligibility"):
        for line in block:
            of = msgspec.json.decode(line, type=_OfLine).of
            if of:
                yield of.lower()


class _OfLine(msgspec.Struct):
    of: str = ""


class _AssignedLine(msgspec.Struct):
    body: _Assigned


def _holder(row: Record) -> str:
    try:
        return msgspec.json.decode(row.body, type=_Assignment).principal.lower()
    except msgspec.ValidationError:
        return ""


async def _permitted(session: Session) -> list[Record]:
    """Who holds which permission of Microsoft Graph; returns those that let a workload change something."""
    url = session.graph_url(f"{_MICROSOFT_GRAPH}/appRoleAssignedTo", **{"$select": _PERMISSION, "$top": "999"})
    names, held = await session.together([_permissions(session), session.list("app-role-assignment", "tenant", url)])
    roles = [answers.told(row.body) for row in names]
    harmless = {answers.word(role, "id").lower() for role in roles if "Write" not in answers.word(role, "value")} - {""}
    return [row for row in held if answers.word(answers.told(row.body), "appRoleId").lower() not in harmless]


async def _permissions(session: Session) -> list[Record]:
    """What Microsoft Graph calls its permissions: they stand in the one object that stands for it."""
    kind = "app-role"
    before = session.journal.finished(kind, "tenant")
    if before is not None:
        return before
    try:
        answer = await session.send("GET", session.graph_url(_MICROSOFT_GRAPH, **{"$select": "id,appRoles"}))
        rows = msgspec.json.decode(answer, type=_Resource).roles or []
    except Failed as error:
        session.keep(kind, "tenant", [], answers.settled(error, False), error)
        return []
    except msgspec.MsgspecError:
        session.keep(kind, "tenant", [], "failed", Failed(200, "UnreadableBody", "the answer was no service principal"))
        return []
    found = [session.record(kind, row) for row in rows]
    session.keep(kind, "tenant", found)
    return found


class _Resource(msgspec.Struct):
    roles: list[msgspec.Raw] | None = msgspec.field(default=None, name="appRoles")


async def _principals(session: Session, kind: str) -> list[Record]:
    path, fields = _FIELDS[kind]
    return await session.list(kind, "tenant", session.graph_url(path, **{"$select": fields, "$top": "999"}))


def _wanted(session: Session, groups: Sequence[Record], assigned: set[str]) -> list[Record]:
    """Groups with an assignment, and those that the scenario names by id or name."""
    names = {name.lower() for name in session.settings.names}
    found = []
    for row in groups:
        body = answers.told(row.body)
        key = answers.word(body, "id").lower()
        if key in assigned or key in names or str(body.get("displayName")).lower() in names:
            found.append(row)
    return found


def _with_id(rows: Sequence[Record]) -> list[dict[str, Any]]:
    """Bodies of the rows that can be asked about."""
    return [body for body in (answers.told(row.body) for row in rows) if answers.word(body, "id")]


async def _members(session: Session, groups: Sequence[Record]) -> set[str]:
    """Members, owners and who may become either, of groups and of the groups in them; returns everybody that was met."""
    bodies = _with_id(groups)
    hidden = {b["id"].lower() for b in bodies if str(b.get("visibility")).lower() == "hiddenmembership"}
    met: set[str] = set()
    done: set[str] = set()
    waiting = {b["id"].lower() for b in bodies}
    while waiting:
        done |= waiting
        found = await ties.read(
            session, ("group-member", "group-owner", "group-eligibility", "group-activation"), waiting, hidden
        )
        met |= {tie.id for tie in found}
        waiting = {tie.id for tie in found if tie.kind == _GROUP} - done
    return met


async def _workloads(
    session: Session, workloads: Sequence[Record], applications: Sequence[Record], holding: set[str]
) -> set[str]:
    """Who owns a workload that holds something, or its application, can sign in as it; so can whoever it trusts."""
    # what holds something is not known where assignments could not be read; of a directory that is not large, all are asked then
    blind = any(c.kind == "role-assignment" and c.outcome != "complete" for c in session.journal.coverage())
    everybody = blind and len(workloads) <= _SMALL
    ours = [
        b
        for b in _with_id(workloads)
        if (everybody or b["id"].lower() in holding) and b.get("servicePrincipalType") != "ManagedIdentity"
    ]
    app_ids = {str(b.get("appId")).lower() for b in ours}
    theirs = {b["id"].lower() for b in _with_id(applications) if str(b.get("appId")).lower() in app_ids}
    found = await ties.read(session, ("service-principal-owner",), {b["id"].lower() for b in ours})
    found |= await ties.read(session, ("application-owner", "application-federation"), theirs)
    return {tie.id for tie in found}


# -- people ------------------------------------------------------------------------------------------------------------


async def _people(session: Session, wanted: Sequence[str]) -> None:
    """Everybody, where that is not many; else who is among these ids (what is no user is not found) or named."""
    url = session.graph_url("users", **{"$select": _USER, "$top": "999"})
    names = frozenset(name.lower() for name in session.settings.names)
    known = frozenset(wanted) | names

    def referred(row: Record) -> bool:
        body = answers.told(row.body)
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
            lost = await ties.rows(
                session, body, lambda row: found.setdefault(answers.named(row).lower(), session.record("user", row))
            )
            failure = lost or failure
    outcome = "bounded" if failure is None else answers.settled(failure, bool(found))
    session.keep("user", "tenant", list(found.values()), outcome, failure, part=part)
