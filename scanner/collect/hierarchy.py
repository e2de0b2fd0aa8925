"""The tenant, its management groups, and the places that are read: subscriptions, or resource groups in them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
from azure.core.exceptions import HttpResponseError
from azure.mgmt.resource.subscriptions.aio import SubscriptionClient

from scanner import ids
from scanner.collect import answers, resource_graph, types
from scanner.collect.answers import Failed
from scanner.collect.guard import Refused
from scanner.collect.session import Session
from scanner.errors import CollectionError
from scanner.snapshot import CoverageOutcome, Record, record


@dataclass(frozen=True, slots=True)
class Subscription:
    """`id` as Azure wrote it (`/subscriptions/...`), `groups` its management groups by name, nearest first."""

    id: str
    name: str
    groups: tuple[str, ...]
    row: dict[str, Any]

    @property
    def key(self) -> str:
        return ids.fold(self.id)


@dataclass(frozen=True, slots=True)
class Place:
    """Where lists are asked for: a subscription, or one resource group of it. `key` is its folded id, the ledger's scope."""

    subscription: Subscription
    id: str

    @property
    def key(self) -> str:
        return ids.fold(self.id)

    @property
    def whole(self) -> bool:
        """Whether it is a whole subscription."""
        return self.id == self.subscription.id


async def find(session: Session) -> list[Place]:
    """The places in scope. A list of subscriptions that cannot be read, and names that match nothing, are said.

    Raises CollectionError when subscriptions cannot be listed at all.
    """
    listed = await _listed(session)
    rows = [row for row in listed if _is_subscription(row)]
    if len(rows) < len(listed):
        odd = Failed(200, "UnreadableBody", "a subscription has a shape nobody expected")
        if not rows:
            raise CollectionError(f"cannot list subscriptions: {odd.message}", "is this the ARM endpoint of the cloud?")
        session.keep("subscription", "tenant", [], "partial", odd, part="shape")
    chains = await _chains(session, [ids.last(row["id"]) for row in rows])
    found = [
        Subscription(str(row["id"]), str(row.get("displayName") or ""), chains.get(ids.fold(row["id"]), ()), row)
        for row in rows
    ]
    places: list[Place] = []
    settings = session.settings
    for subscription in sorted(found, key=lambda s: s.key):
        if not _ours(session, subscription) or _named(settings.exclude, subscription):
            continue
        wanted = _groups_named(settings.resource_groups, subscription)
        if _in_scope(session, subscription):
            places.append(Place(subscription, subscription.id))
        else:
            places += [Place(subscription, f"{subscription.id}/resourceGroups/{name}") for name in sorted(wanted)]
    session.excluded = frozenset(
        f"{subscription.key}/resourcegroups/{name.lower()}"
        for subscription in found for name in _groups_named(settings.exclude, subscription)
    )  # fmt: skip
    return places


async def _listed(session: Session) -> list[Any]:
    """Subscriptions by the SDK's own client; its list is short, and always read anew: it decides the scope."""
    rows: list[Any] = []
    keep = answers.keeping(rows)
    client = SubscriptionClient(
        session.credential, base_url=session.cloud.arm, **session.pipeline(session.arm_sign_in, typed=True)
    )
    try:
        async for _ in client.subscriptions.list(raw_response_hook=keep):
            pass
    except (HttpResponseError, Refused, Failed) as error:
        failed = error if isinstance(error, Failed) else answers.raised(error)
        if not rows:
            detail = f"{failed.code} {failed.message.splitlines()[0][:200]}".strip()
            raise CollectionError(
                f"cannot list subscriptions: {detail}", "grant Microsoft.Resources/subscriptions/read"
            ) from error
        session.keep("subscription", "tenant", [], "partial", failed, part="list")
    return rows


def _is_subscription(row: Any) -> bool:
    arm_id = row.get("id") if isinstance(row, dict) else None
    return isinstance(arm_id, str) and ids.fold(arm_id).startswith("/subscriptions/")


def _ours(session: Session, subscription: Subscription) -> bool:
    """Whether it can be read at all. What is special about a subscription is said, never silently passed over."""
    row, settings = subscription.row, session.settings
    label = f"subscription {subscription.name or ids.last(subscription.key)} ({ids.last(subscription.key)})"
    tenant = str(row.get("tenantId") or settings.tenant or "")
    if settings.tenant and tenant.lower() != settings.tenant.lower():
        session.notes.append(f"{label} belongs to tenant {tenant} and was left out")
        return False
    state = str(row.get("state") or "Enabled")
    if state.lower() == "deleted":
        session.notes.append(f"{label} is deleted and was left out")
        return False
    if state.lower() != "enabled":
        session.notes.append(f"{label} is {state.lower()}; what it still shows was read")
    managing = row.get("managedByTenants")
    managers = [str(entry.get("tenantId")) for entry in managing if isinstance(entry, dict)] if isinstance(managing, list) else []  # fmt: skip
    if managers:
        session.notes.append(f"{label} is delegated to tenant {', '.join(sorted(managers))} (Lighthouse)")
    return True


def _in_scope(session: Session, subscription: Subscription) -> bool:
    """Whether the whole subscription is meant."""
    settings = session.settings
    above = {name.lower() for name in subscription.groups}
    if not settings.subscriptions and not settings.management_groups and not settings.resource_groups:
        return True
    return _named(settings.subscriptions, subscription) or bool(
        {ids.last(word).lower() for word in settings.management_groups} & above
    )


def _named(words: Iterable[str], subscription: Subscription) -> bool:
    """By id, GUID or name, or by a management group above it."""
    own = {subscription.name.lower(), subscription.key, ids.last(subscription.key)}
    above = {name.lower() for name in subscription.groups} | {ids.management_group(n) for n in subscription.groups}
    return bool({word.lower().rstrip("/") for word in words} & (own | above))


def _groups_named(words: Iterable[str], subscription: Subscription) -> set[str]:
    """Names of resource groups that are meant in a subscription: `SUBSCRIPTION/NAME` or an id; a bare `NAME` means any."""
    found: set[str] = set()
    for word in words:
        if word.startswith("/"):
            parts = word.strip("/").split("/")
            if len(parts) == 4 and ids.fold(word).startswith(subscription.key + "/"):
                found.add(parts[3])
        elif "/" in word:
            above, _, name = word.rpartition("/")
            if above.lower() in (subscription.name.lower(), ids.last(subscription.key)):
                found.add(name)
        elif not _named([word], subscription):
            found.add(word)
    return found


async def _chains(session: Session, subscription_ids: list[str]) -> dict[str, tuple[str, ...]]:
    """Management groups above each subscription, nearest first, by one query instead of a call for each."""
    query = (
        "resourcecontainers | where type =~ 'microsoft.resources/subscriptions' "
        "| project id, name, properties | order by id asc"
    )
    found: dict[str, tuple[str, ...]] = {}
    try:
        async for rows in resource_graph.rows(session, query, subscription_ids):
            for row in rows:
                chain = answers.below(answers.told(row), "properties", "managementGroupAncestorsChain") or []
                if not isinstance(chain, list) or not all(answers.word(entry, "name") for entry in chain):
                    raise Failed(200, "UnreadableBody", "a chain of management groups has a shape nobody expected")
                found[ids.fold(answers.named(row))] = tuple(str(entry["name"]) for entry in chain)
    except Failed as error:
        session.keep("management-group", "tenant", [], error.outcome, error)
    return found


async def collect(session: Session, places: list[Place]) -> None:
    """Records of the tenant, of the management groups above the subscriptions, and of the subscriptions."""
    subscriptions = {place.subscription.key: place.subscription for place in places}
    await _tenant(session, list(subscriptions.values()))
    await _data_boundary(session)
    names = dict.fromkeys(name for subscription in subscriptions.values() for name in subscription.groups)
    await session.together(_management_group(session, name) for name in names)
    await session.together(_locations(session, subscription) for subscription in subscriptions.values())
    rows = [
        record("subscription", s.row, ids.management_group(s.groups[0]) if s.groups else "")
        for s in subscriptions.values()
    ]
    session.keep("subscription", "tenant", rows)


async def _management_group(session: Session, name: str) -> None:
    scope = ids.management_group(name)
    if session.journal.finished("management-group", scope) is not None:
        return
    url = session.arm_url(f"providers/Microsoft.Management/managementGroups/{name}", types.MANAGEMENT_GROUPS)
    try:
        row = await session.send("GET", url)
    except Failed as error:
        session.keep("management-group", scope, [], error.outcome, error)
    else:
        session.keep("management-group", scope, [session.record("management-group", msgspec.Raw(row))])


async def _locations(session: Session, subscription: Subscription) -> None:
    """The regions a subscription sees: each sees those it may use only, so every one is asked, by one request."""
    entry = types.LOCATIONS
    await session.list(entry.kind, subscription.key, session.arm_url(f"{subscription.id}/{entry.path}", entry.version))


async def _data_boundary(session: Session) -> None:
    """Whether the tenant is pinned to a boundary; a tenant that has none answers 404."""
    entry = types.DATA_BOUNDARY
    if session.journal.finished(entry.kind, "tenant") is not None:
        return
    try:
        row = await session.send("GET", session.arm_url(entry.path, entry.version))
    except Failed as error:
        outcome: CoverageOutcome = "complete" if error.status == 404 else error.outcome
        session.keep(entry.kind, "tenant", [], outcome, error)
    else:
        session.keep(entry.kind, "tenant", [session.record(entry.kind, msgspec.Raw(row))])


async def _tenant(session: Session, found: list[Subscription]) -> None:
    """The tenant that is read; a caller may be at home in several."""
    wanted = session.settings.tenant or (str(found[0].row.get("tenantId") or "") if found else "")

    def ours(row: Record) -> bool:
        return answers.word(answers.told(row.body), "tenantId").lower() == wanted.lower()

    rows = await session.list("tenant", "tenant", session.arm_url("tenants", types.TENANTS), keep=ours)
    if not rows:
        session.keep("tenant", "tenant", [record("tenant", {"tenantId": wanted})], part="asked for")
