"""Quota: ML usages, workspace caps and VM sizes by the ML client's own operations, other quota by its lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from azure.core.exceptions import AzureError
from azure.mgmt.machinelearningservices.aio import MachineLearningServicesMgmtClient

from scanner import ids
from scanner.collect import answers, types
from scanner.collect.answers import Failed
from scanner.collect.hierarchy import Subscription
from scanner.collect.session import Session
from scanner.collect.types import Listing

_BY_CLIENT = ("ml-usage", "ml-quota")
_OURS = (*_BY_CLIENT, "vm-size")


async def collect(session: Session, places: Mapping[str, set[str]], found: Iterable[Subscription]) -> None:
    """Quota of each subscription that has machine learning, in the regions it uses and those asked for.

    `places` maps folded subscription ids to regions. VM sizes mean the same whoever asks, so each region is asked once.
    """
    wanted = []
    sized: set[str] = set()
    also = {ids.fold_location(region) for region in session.settings.regions}
    for subscription in {s.key: s for s in found}.values():
        regions = places.get(subscription.key)
        if not regions:
            continue
        client = MachineLearningServicesMgmtClient(
            session.credential, ids.last(subscription.id), base_url=session.cloud.arm,
            **session.pipeline(session.arm_sign_in, typed=True),
        )  # fmt: skip
        for region in sorted(regions | also):
            kinds = _OURS if region not in sized else _BY_CLIENT
            sized.add(region)
            wanted += [_machine_learning(session, client, kind, subscription, region) for kind in kinds]
            wanted += [
                _listed(session, entry, subscription, region) for entry in types.LOCATED if entry.kind not in _OURS
            ]
    await session.together(wanted)


async def _machine_learning(
    session: Session, client: MachineLearningServicesMgmtClient, kind: str, subscription: Subscription, region: str
) -> None:
    """The rows as sent: the SDK's models would drop what they do not know."""
    scope = f"{subscription.key}/locations/{region}"
    if session.journal.finished(kind, scope) is not None:
        return
    rows: list[Any] = []
    keep = answers.keeping(rows)
    failure: Failed | None = None
    try:
        if kind == "vm-size":
            await client.virtual_machine_sizes.list(region, raw_response_hook=keep)
        else:
            operations = client.usages if kind == "ml-usage" else client.quotas
            async for _ in operations.list(region, raw_response_hook=keep):
                pass
    except AzureError as error:
        failure = answers.raised(error)
    except Failed as error:
        failure = error
    except (ValueError, KeyError) as error:
        failure = Failed(200, "UnreadableBody", str(error)[:200])
    session.versions[kind] = "2020-08-01"  # the client's own
    wanted = [row for row in rows if not (isinstance(row, dict) and session.left_out(str(row.get("id") or "")))]
    records = [session.record(kind, msgspec.Raw(msgspec.json.encode(row)), scope) for row in wanted]
    session.keep(
        kind, scope, records, "complete" if failure is None else answers.settled(failure, bool(rows), scope), failure
    )


async def _listed(session: Session, entry: Listing, subscription: Subscription, region: str) -> None:
    scope = f"{subscription.key}/locations/{region}"
    url = session.arm_url(f"{subscription.id}/{entry.path.format(location=region)}", entry.version)
    await session.list(entry.kind, scope, url, of=scope)
