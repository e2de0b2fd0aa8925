"""What a reader may see before anything is collected: who it is, what it reaches, what it lacks, and how long it will take."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Collection
from dataclasses import dataclass, field

from azure.core.exceptions import AzureError

from scanner import ids
from scanner.collect import clouds, credentials, hierarchy, resource_graph
from scanner.collect.answers import Failed
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
    "PrivilegedEligibilitySchedule.Read.AzureADGroup": (
        "identityGovernance/privilegedAccess/group/eligibilityScheduleInstances",
        {"$filter": "groupId eq '00000000-0000-0000-0000-000000000000'"},
    ),
}
_REQUESTS_A_SUBSCRIPTION = 40  # lists that are asked of every subscription, whatever is in it
_REQUESTS_A_RESOURCE = 0.9  # and what its resources add, measured on the bench's tenants
_REFILL = 25.0  # reads that ARM gives back each second, by subscription


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
    """`graph` maps a Graph permission to "" when it is there, else to the answer; `requests` and `seconds` are estimates."""

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
    return asyncio.run(_run(settings, kinds, progress or Silent()))


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
        requests = round(_REQUESTS_A_SUBSCRIPTION * len(places) + _REQUESTS_A_RESOURCE * resources)
        most = max(requests / max(len(places), 1) - 250, 0) / _REFILL  # the first 250 of a subscription are free
        return Diagnosis(
            cloud.name, cloud.arm, who, tuple(reaches), tuple(dict.fromkeys(name for p in places for name in p.subscription.groups)),
            tuple(sorted(session.notes)), dict(zip(asked, answers, strict=True)), resources, requests,
            max(requests * round_trip / settings.concurrency, most), round_trip,
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


async def _count(session: Session, places: list[Place]) -> int:
    """Resources in scope, as far as one query sees them."""
    query = "resources | project id | order by id asc"
    whole = [ids.last(place.id) for place in places if place.whole]
    found = 0
    try:
        async for rows in resource_graph.rows(session, query, whole):
            found += len(rows)
    except Failed:
        return found
    return found


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
