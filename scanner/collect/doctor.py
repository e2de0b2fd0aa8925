"""What a reader may see before anything is collected: who it is, what it reaches, what it lacks, and how long it will take."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from azure.core.exceptions import AzureError

from scanner import ids
from scanner.collect import answers as answers_
from scanner.collect import clouds, credentials, hierarchy, resource_graph, types
from scanner.collect.answers import Failed
from scanner.collect.ending import terminable
from scanner.collect.hierarchy import Place
from scanner.collect.reader_role import actions_of
from scanner.collect.session import Session
from scanner.collect.settings import Progress, Settings, Silent
from scanner.errors import CollectionError
from scanner.graph.records import RECORDS

# One cheap read for each permission of Microsoft Graph; those that need an object to ask about are asked by none.
_PROBES = {
    "User.Read.All": ("users", {"$top": "1", "$select": "id,accountEnabled"}),
    "GroupMember.Read.All": ("groups", {"$top": "1", "$select": "id,groupTypes"}),
    "Application.Read.All": ("applications", {"$top": "1", "$select": "id"}),
    "RoleManagement.Read.Directory": ("roleManagement/directory/roleAssignments", {"$top": "1"}),
    "RoleEligibilitySchedule.Read.Directory": (
        "roleManagement/directory/roleEligibilityScheduleInstances",
        {"$top": "1"},
    ),
    "RoleAssignmentSchedule.Read.Directory": (
        "roleManagement/directory/roleAssignmentScheduleInstances",
        {"$top": "1"},
    ),
    "AccessReview.Read.All": ("identityGovernance/accessReviews/definitions", {"$top": "1", "$select": "id"}),
    "RoleManagementPolicy.Read.AzureADGroup": (
        "policies/roleManagementPolicyAssignments",
        {"$filter": "scopeId eq '00000000-0000-0000-0000-000000000000' and scopeType eq 'Group'"},
    ),
    "PrivilegedEligibilitySchedule.Read.AzureADGroup": (
        "identityGovernance/privilegedAccess/group/eligibilityScheduleInstances",
        {"$filter": "groupId eq '00000000-0000-0000-0000-000000000000'"},
    ),
    "PrivilegedAssignmentSchedule.Read.AzureADGroup": (
        "identityGovernance/privilegedAccess/group/assignmentScheduleInstances",
        {"$filter": "groupId eq '00000000-0000-0000-0000-000000000000'"},
    ),
}
_AT_ONCE, _REFILL = 250, 25.0  # reads that ARM gives at once, and back each second, by subscription


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a token is for, as it says itself."""

    object_id: str = ""
    tenant: str = ""
    app_id: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Reach:
    """A subscription or resource group in scope: `missing` are actions not granted there, None when it would not say."""

    key: str
    name: str
    missing: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """`graph` maps a Graph permission to "" when it is there, else to the answer. `requests` and `seconds` are estimates, the
    directory left out; `budget` is the number of reads that ARM says are left now (None: it did not say)."""

    cloud: str
    arm: str
    identity: Identity
    places: tuple[Reach, ...] = ()
    groups: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    graph: dict[str, str] = field(default_factory=dict)
    resources: int = 0
    requests: int = 0
    seconds: float = 0.0
    round_trip: float = 0.0
    budget: int | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        """Permissions that are missing somewhere."""
        found = {action for place in self.places for action in place.missing or ()}
        return tuple(sorted(found | {name for name, answer in self.graph.items() if answer}, key=str.lower))

    @property
    def unsure(self) -> bool:
        return any(place.missing is None for place in self.places)


def run(settings: Settings, kinds: Collection[str], progress: Progress | None = None) -> Diagnosis:
    """Looks and changes nothing. Raises CollectionError when nobody can sign in or subscriptions cannot be listed."""
    return asyncio.run(terminable(_run(settings, kinds, progress or Silent())))


async def _run(settings: Settings, kinds: Collection[str], progress: Progress) -> Diagnosis:
    cloud = await clouds.find(settings.cloud, settings.ca_bundle)
    credential = credentials.credential(settings, cloud)
    session = Session(settings, cloud, credential, progress)
    try:
        try:
            who = identity(await session.arm_sign_in.token())
        except AzureError as error:
            raise CollectionError(
                f"cannot sign in: {(str(error).splitlines() or [''])[0][:300]}",
                "check `--auth`, `--tenant` and the credential itself",
            ) from error
        started = time.monotonic()
        places = await hierarchy.find(session)
        round_trip = (time.monotonic() - started) / 2
        wanted = sorted({action for kind in kinds for action in actions_of(kind) if "/" in action}, key=str.lower)
        reaches = await session.together(_reach(session, place, wanted) for place in places)
        asked = sorted({RECORDS[kind].permission for kind in kinds} & set(_PROBES))
        answers = await session.together(_probe(session, name) for name in asked)
        resources = await _count(session, places)
        requests = _requests(len(places), resources)
        most = max(requests / max(len(places), 1) - _AT_ONCE, 0) / _REFILL
        return Diagnosis(
            cloud.name, cloud.arm, who, tuple(reaches), tuple(dict.fromkeys(name for p in places for name in p.subscription.groups)),
            tuple(sorted(session.notes)), dict(zip(asked, answers, strict=True)), sum(resources.values()), requests,
            max(requests * round_trip / settings.concurrency, most), round_trip, session.transport.budget(),
        )  # fmt: skip
    finally:
        await session.close()
        await credential.close()


async def _reach(session: Session, place: Place, wanted: list[str]) -> Reach:
    rights = await resource_graph.rights(session, place.id)
    missing = None if rights is None else tuple(action for action in wanted if not resource_graph.may(rights, action))
    return Reach(place.key, place.subscription.name or ids.last(place.key), missing)


async def _probe(session: Session, permission: str) -> str:
    path, query = _PROBES[permission]
    try:
        await session.send("GET", session.graph_url(path, **query))
    except Failed as error:
        return "" if error.status in (400, 404) else f"{error.status or ''} {error.code}".strip()
    return ""


async def _count(session: Session, places: list[Place]) -> Counter[str]:
    """Resources in scope by folded type, as far as one query sees them."""
    query = "resources | project id, type | order by id asc"
    found: Counter[str] = Counter()
    try:
        async for rows in resource_graph.rows(session, query, [ids.last(place.id) for place in places if place.whole]):
            found.update(ids.resource_type(ids.fold(answers_.named(row))) for row in rows)
    except Failed:
        return found
    return found


def _requests(places: int, resources: Mapping[str, int]) -> int:
    """Requests by the table of lists: those of every place, and those below each resource that was counted."""
    below: Counter[str] = Counter()
    for entry in (
        *types.CHILDREN,
        *types.VERSIONED,
        *types.VERSIONED,
        types.JOBS,
    ):  # names, and about one page of versions
        below[RECORDS[entry.parent].arm_type] += not entry.bulk
    of_a_place = len(types.TOP_LEVEL) + len(types.AUTHORISATION) + 1  # and its regions
    return places * of_a_place + sum(n * below[kind] for kind, n in resources.items())


def identity(token: str) -> Identity:
    """What a token says of its owner. Tokens are opaque to us: one that cannot be read is no error."""
    try:
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    except (ValueError, IndexError):
        return Identity()
    if not isinstance(claims, dict):
        return Identity()
    name = claims.get("upn") or claims.get("unique_name") or claims.get("app_displayname") or ""
    return Identity(
        str(claims.get("oid") or ""), str(claims.get("tid") or ""), str(claims.get("appid") or ""), str(name)
    )
