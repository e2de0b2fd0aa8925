"""Quota: ML usages, workspace caps and VM sizes by the ML client's own operations, model quota by its list."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from azure.core.exceptions import AzureError
from azure.mgmt.machinelearningservices.aio import MachineLearningServicesMgmtClient

from scanner import ids
from scanner.collect import types
from scanner.collect.hierarchy import Subscription
from scanner.collect.session import Failed, Session
from scanner.snapshot import Record


async def collect(session: Session, places: dict[str, set[str]], found: list[Subscription]) -> AsyncIterator[Record]:
    """Quota of each subscription that has machine learning, in the regions it uses and those asked for.

    `places` maps folded subscription ids to regions.
    """
    wanted = []
    for subscription in found:
        regions = places.get(subscription.key)
        if regions:
            client = MachineLearningServicesMgmtClient(
                session.credential,
                ids.last(subscription.id),
                base_url=session.cloud.arm,
                **session.pipeline(session.arm_sign_in, typed=True),
            )
            for region in sorted(regions | {ids.fold_location(r) for r in session.settings.regions}):
                wanted += [
                    _machine_learning(session, client, kind, subscription, region)
                    for kind in ("ml-usage", "ml-quota", "vm-size")
                ]
                wanted.append(_models(session, subscription, region))
    for rows in await asyncio.gather(*wanted):
        for row in rows:
            yield row


async def _machine_learning(
    session: Session, client: MachineLearningServicesMgmtClient, kind: str, subscription: Subscription, region: str
) -> list[Record]:
    """The rows as sent: the SDK's models would drop what they do not know."""
    rows: list[Any] = []

    def keep(response: Any) -> None:
        rows.extend(response.http_response.json().get("value", ()))

    scope = f"{subscription.key}/locations/{region}"
    failure: Failed | None = None
    try:
        if kind == "vm-size":
            await client.virtual_machine_sizes.list(region, raw_response_hook=keep)
        else:
            pager = (
                client.usages.list(region, raw_response_hook=keep)
                if kind == "ml-usage"
                else client.quotas.list(region, raw_response_hook=keep)
            )
            async for _ in pager:
                pass
    except AzureError as error:
        status = getattr(error, "status_code", None) or 0
        code = getattr(getattr(error, "error", None), "code", "") or type(error).__name__
        failure = Failed(status, str(code), str(getattr(error, "message", error)))
    except (ValueError, KeyError) as error:
        failure = Failed(200, "UnreadableBody", str(error)[:200])
    session.note(kind, scope, "complete" if failure is None else failure.outcome, len(rows), failure)
    return [session.record(kind, msgspec.Raw(msgspec.json.encode(row)), scope) for row in rows]


async def _models(session: Session, subscription: Subscription, region: str) -> list[Record]:
    scope = f"{subscription.key}/locations/{region}"
    url = session.arm_url(
        f"{subscription.id}/providers/Microsoft.CognitiveServices/locations/{region}/usages", types.MODEL_USAGES
    )
    return await session.list("model-usage", scope, url, of=scope)
