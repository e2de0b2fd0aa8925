"""The tenant, its management groups and the subscriptions in scope."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import msgspec
from azure.mgmt.resource.subscriptions.aio import SubscriptionClient

from scanner import ids
from scanner.collect import types
from scanner.collect.session import Failed, Session
from scanner.snapshot import Record, record


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


async def subscriptions(session: Session) -> list[Subscription]:
    """The subscriptions in scope, by the SDK's own client. A failing list is a line of the ledger and no subscription."""
    rows: list[dict[str, Any]] = []

    def keep(response: Any) -> None:
        rows.extend(response.http_response.json().get("value", ()))

    client = SubscriptionClient(
        session.credential, base_url=session.cloud.arm, **session.pipeline(session.arm_sign_in, typed=True)
    )
    try:
        async for _ in client.subscriptions.list(raw_response_hook=keep):
            pass
        session.note("subscription", "tenant", "complete", len(rows))
    except Exception as error:
        status = getattr(error, "status_code", None)
        if status is None:
            raise
        said = getattr(getattr(error, "error", None), "code", "") or ""
        session.note("subscription", "tenant", "forbidden" if status in (401, 403) else "failed", len(rows),
                     Failed(status, said, str(getattr(error, "message", error))))  # fmt: skip
    chains = await _chains(session, [str(row["subscriptionId"]) for row in rows])
    found = [
        Subscription(str(row["id"]), str(row.get("displayName", "")), chains.get(ids.fold(row["id"]), ()), row)
        for row in rows
    ]
    return [subscription for subscription in found if _in_scope(session, subscription)]


def _in_scope(session: Session, subscription: Subscription) -> bool:
    settings = session.settings
    own = {subscription.name.lower(), ids.last(subscription.key)}
    above = {name.lower() for name in subscription.groups}
    if {word.lower() for word in settings.exclude} & (own | above):
        return False
    if settings.tenant and str(subscription.row.get("tenantId", settings.tenant)).lower() != settings.tenant.lower():
        return False
    if not settings.subscriptions and not settings.management_groups:
        return True
    return bool(
        {word.lower() for word in settings.subscriptions} & own
        or {word.lower() for word in settings.management_groups} & above
    )


async def _chains(session: Session, subscription_ids: list[str]) -> dict[str, tuple[str, ...]]:
    """Management groups above each subscription, nearest first, from Resource Graph: one query instead of a call each."""
    if not subscription_ids:
        return {}
    query = "resourcecontainers | where type =~ 'microsoft.resources/subscriptions' | project id, name, properties | order by id asc"
    found: dict[str, tuple[str, ...]] = {}
    token: str | None = None
    try:
        while True:
            options: dict[str, object] = {"resultFormat": "objectArray", "$top": 1000}
            if token:
                options["$skipToken"] = token
            url = session.arm_url("providers/Microsoft.ResourceGraph/resources", types.RESOURCE_GRAPH)
            answer = msgspec.json.decode(
                await session.send("POST", url, {"query": query, "subscriptions": subscription_ids, "options": options})
            )
            for row in answer.get("data", ()):
                chain = (row.get("properties") or {}).get("managementGroupAncestorsChain") or ()
                found[ids.fold(row["id"])] = tuple(str(entry["name"]) for entry in chain)
            token = answer.get("$skipToken")
            if not token:
                return found
    except Failed as error:
        session.note("management-group", "tenant", error.outcome, 0, error)
        return found


async def collect(session: Session, found: list[Subscription]) -> AsyncIterator[Record]:
    """Records of the tenant, of the management groups above the subscriptions, and of the subscriptions."""
    yield record("tenant", await _tenant(session, found))
    for name in dict.fromkeys(name for subscription in found for name in subscription.groups):
        url = session.arm_url(f"providers/Microsoft.Management/managementGroups/{name}", types.MANAGEMENT_GROUPS)
        try:
            row = await session.send("GET", url)
        except Failed as error:
            session.note("management-group", ids.management_group(name), error.outcome, 0, error)
            continue
        session.note("management-group", ids.management_group(name), "complete", 1)
        yield session.record("management-group", msgspec.Raw(row))
    for subscription in found:
        above = ids.management_group(subscription.groups[0]) if subscription.groups else ""
        yield record("subscription", subscription.row, above)


async def _tenant(session: Session, found: list[Subscription]) -> dict[str, Any]:
    wanted = (
        session.settings.tenant or str(found[0].row.get("tenantId", "")) if found else session.settings.tenant
    ) or ""
    rows = await session.list("tenant", "tenant", session.arm_url("tenants", "2022-12-01"))
    bodies: list[dict[str, Any]] = [msgspec.json.decode(row.body) for row in rows]
    return next(
        (body for body in bodies if str(body.get("tenantId", "")).lower() == wanted.lower()), {"tenantId": wanted}
    )
