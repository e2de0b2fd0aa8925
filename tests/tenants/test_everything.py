"""Differential: a tenant with something of every kind is read whole, and gives the estate that its document gives."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
import pytest

from scanner.collect import Secret, Settings, run
from scanner.graph.records import RECORDS
from scanner.simulator import Simulator
from scanner.snapshot import Snapshot
from tests.support.estates import facts
from tests.support.tenants import snapshot_of
from tests.tenants import everything

DOCUMENT = everything.document()


def _collect(**more: Any) -> Snapshot:
    with Simulator(DOCUMENT, page_size=more.pop("page_size", 2)) as simulator:
        return run(Settings(cloud=simulator.url, ca_bundle=simulator.ca_bundle, tenant=simulator.tenant_id, backoff=0.001, job_days=36500,
                            secret=Secret(simulator.client_id, simulator.client_secret), **more))  # fmt: skip


@pytest.fixture(scope="module", params=[True, False], ids=["bulk", "targeted"])
def collected(request: pytest.FixtureRequest) -> Snapshot:
    return _collect(bulk=request.param)


def test_every_list_is_read_to_its_end(collected: Snapshot) -> None:
    assert [c for c in collected.coverage if c.outcome not in ("complete", "bounded")] == []


def test_something_of_every_kind_is_read(collected: Snapshot) -> None:
    assert set(RECORDS) - set(collected.manifest.counts) == set()


def test_the_estate_that_was_collected_is_the_one_of_the_document(collected: Snapshot) -> None:
    direct = snapshot_of(DOCUMENT)
    assert facts(collected) == facts(direct)


def test_every_row_of_the_document_is_in_the_snapshot_once(collected: Snapshot) -> None:
    direct = snapshot_of(DOCUMENT)
    for kind in set(direct.kinds) - {"tenant", "resource", "vm-size"}:
        rows = [Counter(_name(row.body) for row in snapshot.records(kind)) for snapshot in (collected, direct)]
        assert rows[0] == rows[1], kind


def _name(body: msgspec.Raw) -> str:
    row = msgspec.json.decode(body)
    found = str(row.get("id") or row.get("name"))
    return found.lower().rpartition("/providers/microsoft.authorization/roledefinitions/")[2]
