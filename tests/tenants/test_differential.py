"""Differential: of every sample tenant, what was collected gives the estate that its document gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.collect import Secret, Settings, run
from scanner.simulator import Simulator, load_tenant
from tests.support.estates import facts
from tests.support.scan import FEW_AT_ONCE, FIXTURES
from tests.support.tenants import snapshot_of

TENANTS = sorted(
    path for path in FIXTURES.glob("*/*.json") if "subscriptions" in load_tenant(path)
)  # beside them lie what is expected of them


def test_there_are_tenants() -> None:
    assert {path.parent.name for path in TENANTS} == {path.name for path in FIXTURES.iterdir() if path.is_dir()}


@pytest.mark.parametrize("path", TENANTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
@pytest.mark.parametrize("bulk", [True, False], ids=["bulk", "targeted"])
def test_what_was_collected_is_what_the_document_says(path: Path, bulk: bool) -> None:
    document = {**load_tenant(path), "faults": []}
    with Simulator(document, page_size=7) as simulator:
        regions = {place.split("/")[1] for places in document.get("usages", {}).values() for place in places}
        collected = run(Settings(cloud=simulator.url, ca_bundle=simulator.ca_bundle, tenant=simulator.tenant_id, backoff=0.001, job_days=36500, bulk=bulk,
                                 regions=tuple(sorted(regions)), concurrency=FEW_AT_ONCE, secret=Secret(simulator.client_id, simulator.client_secret)))  # fmt: skip
    assert [c for c in collected.coverage if c.outcome not in ("complete", "bounded")] == []
    assert facts(collected) == facts(snapshot_of(document))
