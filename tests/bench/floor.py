"""The floor: what a bare asynchronous client without SDK needs for the same basic lists, and nothing done with them.

    python -m tests.bench.floor '{"url": ..., "ca_bundle": ..., "tenant": ..., "client_id": ..., "client_secret": ...}'

The argument is the first line that `python -m scanner.simulator` prints. Prints one JSON object: `own_requests`, `wall` and `cpu`
in seconds, `peak_mb`. Every page is decoded, as no collector can do without that.
"""

from __future__ import annotations

import asyncio
import json
import resource
import ssl
import sys
import time
from collections.abc import Iterable
from typing import Any

import aiohttp
import msgspec

CONCURRENCY = 64
_ML = "providers/Microsoft.MachineLearningServices/workspaces"
# 13 lists of each subscription, 14 requests of each of its four workspaces: 69 as tests/bench/tenants.py makes them.
TOP_LEVEL = (
    ("resourcegroups", "2021-04-01"), (_ML, "2025-12-01"), ("providers/Microsoft.Storage/storageAccounts", "2024-01-01"),
    ("providers/Microsoft.KeyVault/vaults", "2023-07-01"), ("providers/Microsoft.ContainerRegistry/registries", "2023-07-01"),
    ("providers/Microsoft.Insights/components", "2020-02-02"), ("providers/Microsoft.OperationalInsights/workspaces", "2023-09-01"),
    ("providers/Microsoft.CognitiveServices/accounts", "2024-10-01"), ("providers/Microsoft.ManagedIdentity/userAssignedIdentities", "2023-01-31"),
    ("resources", "2021-04-01"), ("providers/Microsoft.Authorization/roleAssignments", "2022-04-01"),
    ("providers/Microsoft.Authorization/roleDefinitions", "2022-04-01"), ("providers/Microsoft.Authorization/denyAssignments", "2022-04-01"),
)  # fmt: skip
CHILDREN = ("computes", "datastores", "connections", "jobs", "onlineEndpoints", "batchEndpoints", "data", "models")
BELOW = {"onlineEndpoints": "deployments", "batchEndpoints": "deployments", "data": "versions", "models": "versions"}


class _Named(msgspec.Struct):
    id: str


class _Page(msgspec.Struct):
    value: list[_Named]
    next: str | None = msgspec.field(default=None, name="nextLink")


async def read(url: str, ca_bundle: str, tenant: str, client_id: str, client_secret: str) -> int:
    """Reads everything; returns how many requests that took."""
    requests = 0
    gate = asyncio.Semaphore(CONCURRENCY)
    decoder = msgspec.json.Decoder(_Page)
    connector = aiohttp.TCPConnector(limit=CONCURRENCY, ssl=ssl.create_default_context(cafile=ca_bundle))
    async with aiohttp.ClientSession(connector=connector) as session:
        form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": client_secret,
            "scope": f"{url}/arm/.default",
        }
        async with session.post(f"{url}/{tenant}/oauth2/v2.0/token", data=form) as answer:
            session.headers["Authorization"] = f"Bearer {(await answer.json())['access_token']}"

        async def rows(path: str, version: str) -> list[str]:
            nonlocal requests
            found: list[str] = []
            link: str | None = f"{url}{path}?api-version={version}"
            while link:
                async with gate, session.get(link) as answer:
                    requests += 1
                    page = decoder.decode(await answer.read())
                found += [row.id for row in page.value]
                link = page.next
            return found

        async def child(workspace: str, name: str) -> None:
            found = await rows(f"{workspace}/{name}", "2025-12-01")
            if name in BELOW:
                await _all(rows(f"{row}/{BELOW[name]}", "2025-12-01") for row in found)

        async def top(subscription: str, path: str, version: str) -> None:
            found = await rows(f"{subscription}/{path}", version)
            if path == _ML:
                await _all(child(row, name) for row in found for name in CHILDREN)

        subscriptions = await rows("/subscriptions", "2022-12-01")
        await _all(top(row, *entry) for row in subscriptions for entry in TOP_LEVEL)
    return requests


async def _all(jobs: Iterable[Any]) -> None:
    await asyncio.gather(*jobs)


def main(words: list[str]) -> None:
    given: dict[str, str] = json.loads(words[0])
    began, cpu = time.perf_counter(), time.process_time()
    requests = asyncio.run(read(**given))
    print(json.dumps({
        "own_requests": requests, "wall": time.perf_counter() - began, "cpu": time.process_time() - cpu,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }))  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1:])
