"""Whatever shape a row has, the collection goes on: the row is kept for build to call it a gap, and nothing raises."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from scanner.collect import Secret, Settings, run
from scanner.collect.session import Session
from scanner.errors import CollectionError
from scanner.graph.build import build
from scanner.simulator import Simulator
from scanner.snapshot import Snapshot, read, write
from tests.support.estates import facts
from tests.support.scan import FEW_AT_ONCE
from tests.tenants import everything

_ODD: tuple[Any, ...] = (None, 5, "?", [], [5], {}, {"x": 1}, True)


def _bent(page: Any, chance: random.Random) -> Any:
    """A page of any service in which one row in five, or a field of it at any depth, is something else."""
    for part in page.get("responses", ()) if isinstance(page, dict) else ():
        part["body"] = _bent(part.get("body"), chance)
    for name in ("value", "data"):
        if isinstance(page, dict) and isinstance(page.get(name), list):
            page[name] = [_other(row, chance) if chance.random() < 0.2 else row for row in page[name]]
    return page


def _other(row: Any, chance: random.Random) -> Any:
    if not isinstance(row, dict) or not row or chance.random() < 0.15:
        return chance.choice(_ODD)
    name = chance.choice(list(row))
    return {**row, name: _other(row[name], chance)}


def _collect(**more: Any) -> Snapshot:
    with Simulator({**everything.document(), "faults": []}) as simulator:
        return run(Settings(cloud=simulator.url, ca_bundle=simulator.ca_bundle, tenant=simulator.tenant_id, backoff=0.001, retry_seconds=1.0, concurrency=FEW_AT_ONCE,
                            secret=Secret(simulator.client_id, simulator.client_secret), **more))  # fmt: skip


@pytest.mark.parametrize("bulk", [True, False])
@pytest.mark.parametrize("seed", range(6))
def test_no_shape_of_a_row_ends_a_collection(seed: int, bulk: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(seed)
    send = Session._send

    async def bending(self: Session, method: str, url: str, body: object) -> bytes:
        return json.dumps(_bent(json.loads(await send(self, method, url, body)), chance)).encode()

    monkeypatch.setattr(Session, "_send", bending)
    build(_collect(bulk=bulk))


_TYPED = re.compile(
    r"/subscriptions(\?|$)|/machinelearningservices/locations/[^/]+/(usages|quotas|vmsizes)|/resourcegroups/[^/]+(\?|$)"
)


@pytest.mark.parametrize("places", [(), ("rg-Everything (all)",)], ids=["subscription", "group"])
@pytest.mark.parametrize("seed", range(10))
def test_no_shape_of_a_row_in_a_list_that_the_sdk_decodes_ends_a_collection_in_anything_but_words(
    seed: int, places: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Subscriptions, quota and a group asked for by name are read by the SDK's clients, which look into rows themselves."""
    chance = random.Random(seed)
    request = aiohttp.ClientSession._request
    bent: list[str] = []

    async def bending(self: aiohttp.ClientSession, method: str, url: Any, **more: Any) -> Any:
        answer = await request(self, method, url, **more)
        if _TYPED.search(str(url).lower().replace("/providers/microsoft.", "/")) and answer.status == 200:
            page = json.loads(await answer.read())
            bent.append(str(url))
            answer._body = json.dumps(_bent(page, chance) if "value" in page else _other(page, chance)).encode()
        return answer

    monkeypatch.setattr(aiohttp.ClientSession, "_request", bending)
    try:
        snapshot = _collect(resource_groups=places)
    except CollectionError as error:
        assert "subscription" in str(error)  # which are in scope decides everything
    else:
        build(snapshot)
    assert bent


def test_an_answer_over_many_lines_is_the_same_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Some providers indent their JSON, and a snapshot has one line for each record."""
    whole = _collect()
    send = Session._send

    async def indented(self: Session, method: str, url: str, body: object) -> bytes:
        return json.dumps(json.loads(await send(self, method, url, body)), indent=2).replace("\n", "\r\n").encode()

    monkeypatch.setattr(Session, "_send", indented)
    write(_collect(), tmp_path / "s.mlp")
    assert facts(read(tmp_path / "s.mlp")) == facts(whole)


@pytest.mark.parametrize("odd", [5, {"displayName": "no id"}, {"id": ["?"], "subscriptionId": "x"}])
def test_a_subscription_that_nobody_understands_is_a_gap_beside_those_that_are_read(
    odd: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = aiohttp.ClientSession._request
    alone = False

    async def with_one_more(self: aiohttp.ClientSession, method: str, url: Any, **more: Any) -> Any:
        answer = await request(self, method, url, **more)
        if re.search(r"/subscriptions\?", str(url)):
            page = json.loads(await answer.read())
            answer._body = json.dumps({"value": [odd] if alone else [*page["value"], odd]}).encode()
        return answer

    monkeypatch.setattr(aiohttp.ClientSession, "_request", with_one_more)
    snapshot = _collect()
    assert [c.outcome for c in snapshot.coverage if c.kind == "subscription"].count("partial") == 1
    assert build(snapshot).unread_gaps("workspace")
    alone = True
    with pytest.raises(CollectionError, match="cannot list subscriptions"):
        _collect()
