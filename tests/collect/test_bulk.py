"""Resource Graph saves requests and changes nothing: both ways give one estate, and a right that is missing is seen."""

from __future__ import annotations

from typing import Any

import pytest

from scanner.collect import Secret, Settings, run, types
from scanner.collect import bulk as collect_bulk
from scanner.simulator import Fault, Simulator
from scanner.snapshot import Snapshot
from tests.support.estates import facts
from tests.support.scan import FEW_AT_ONCE, tenant


def _collect(document: dict[str, Any], faults: tuple[Fault, ...] = (), **more: Any) -> tuple[Snapshot, list[str]]:
    with Simulator(document, faults=faults) as simulator:
        settings = Settings(cloud=simulator.url, ca_bundle=simulator.ca_bundle, tenant=simulator.tenant_id, backoff=0.001, retry_seconds=1.0, concurrency=FEW_AT_ONCE,
                            secret=Secret(simulator.client_id, simulator.client_secret), **more)  # fmt: skip
        return run(settings), [request.path.lower() for request in simulator.requests]


@pytest.mark.parametrize("few", [1, 200])
@pytest.mark.parametrize("name", ["contoso", "two-regions"])
def test_bulk_and_targeted_lists_give_one_estate(name: str, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With role assignments by query (as for many subscriptions) and without."""
    monkeypatch.setattr(collect_bulk, "FEW", few)
    document = tenant(name)
    bulk, asked = _collect(document)
    targeted, asked_each = _collect(document, bulk=False)
    assert facts(bulk) == facts(targeted)
    assert bulk.manifest.counts == targeted.manifest.counts
    assert len(asked) < len(asked_each)
    assert {(c.kind, c.outcome) for c in bulk.coverage} >= {(c.kind, c.outcome) for c in targeted.coverage}


def test_a_query_that_fails_leaves_everything_to_targeted_lists() -> None:
    document = {**tenant("two-regions"), "faults": []}
    whole, _ = _collect(document)
    for fault in (
        Fault("status", status=400, method="POST", path="*resourcegraph/resources"),
        Fault("status", status=403, path="*/permissions"),
    ):
        snapshot, _ = _collect(document, (fault,))
        assert {c.outcome for c in snapshot.coverage if c.kind != "management-group"} == {"complete"}
        lost = {"management-group"} if fault.method else set()
        assert {k: n for k, n in snapshot.manifest.counts.items() if k not in lost} == {
            k: n for k, n in whole.manifest.counts.items() if k not in lost
        }


def test_what_the_rights_do_not_cover_is_never_taken_for_absent() -> None:
    """Resource Graph leaves out without a word what one may not read: only a list that is refused says so."""
    document = {**tenant("two-regions"), "faults": []}
    narrow = {
        **document,
        "reader": {"actions": ["Microsoft.Resources/*/read", "Microsoft.Authorization/*/read"], "notActions": []},
    }
    snapshot, asked = _collect(narrow)
    assert any(path.endswith("/microsoft.storage/storageaccounts") for path in asked)
    (refused,) = [c for c in snapshot.coverage if c.kind == "storage-account"]
    assert (refused.outcome, refused.permission) == ("forbidden", "Microsoft.Storage/storageAccounts/read")
    except_one = {**document, "reader": {"actions": ["*/read"], "notActions": ["Microsoft.Databricks/workspaces/read"]}}
    _, asked = _collect(except_one)
    assert any(path.endswith("/microsoft.databricks/workspaces") for path in asked)
    _, asked = _collect(document)
    assert not any(path.endswith("/microsoft.databricks/workspaces") for path in asked)


def test_only_types_that_the_inventory_lists_can_be_absent_from_it() -> None:
    assert {entry.kind for entry in types.TOP_LEVEL} >= types.INVENTORIED
    assert not types.INVENTORIED & {
        "resource-group",
        "resource",
        "lock",
        "budget",
        "policy-assignment",
        "classic-administrator",
    }
