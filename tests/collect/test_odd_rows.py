"""Whatever shape a row has, the collection goes on: the row is kept for build to call it a gap, and nothing raises."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from scanner.collect import Secret, Settings, run
from scanner.collect.session import Session
from scanner.graph.build import build
from scanner.simulator import Simulator
from scanner.snapshot import Snapshot, read, write
from tests.support.estates import facts
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
        return run(Settings(cloud=simulator.url, ca_bundle=simulator.ca_bundle, tenant=simulator.tenant_id, backoff=0.001, retry_seconds=1.0,
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


def test_an_answer_over_many_lines_is_the_same_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Some providers indent their JSON, and a snapshot has one line for each record."""
    whole = _collect()
    send = Session._send

    async def indented(self: Session, method: str, url: str, body: object) -> bytes:
        return json.dumps(json.loads(await send(self, method, url, body)), indent=2).replace("\n", "\r\n").encode()

    monkeypatch.setattr(Session, "_send", indented)
    write(_collect(), tmp_path / "s.mlp")
    assert facts(read(tmp_path / "s.mlp")) == facts(whole)
