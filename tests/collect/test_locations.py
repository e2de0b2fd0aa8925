"""The live list of regions: asked of every subscription, held against the shipped table, and unknown where it was refused."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from scanner import regions
from scanner.collect import Secret, Settings, run
from scanner.findings import Report
from scanner.simulator import Simulator
from scanner.snapshot import Snapshot
from tests.support.scan import FEW_AT_ONCE, report_of, scenario, tenant

PERMISSION = "Microsoft.Resources/subscriptions/locations/read"


def _listed(**changed: Any) -> list[dict[str, Any]]:
    """What Azure lists, as the table has it, but for the regions named: None leaves one out, else its metadata is changed."""
    rows = []
    for region in regions.all().values():
        more = changed.get(region.name, {})
        if more is not None:
            pair = [{"name": region.pair, "id": f"/subscriptions/s/locations/{region.pair}"}] if region.pair else []
            facts = {"regionType": "Physical", "geography": region.geography, "pairedRegion": pair}
            rows.append({"id": f"/subscriptions/s/locations/{region.name}", "name": region.name, "type": "Region", "metadata": facts | more})  # fmt: skip
    return rows


def _collected(document: dict[str, Any]) -> tuple[Snapshot, Simulator]:
    with Simulator({**document, "faults": []}) as simulator:
        secret = Secret(simulator.client_id, simulator.client_secret)
        settings = Settings(cloud=simulator.url, ca_bundle=simulator.ca_bundle, tenant=simulator.tenant_id, backoff=0.001, concurrency=FEW_AT_ONCE, secret=secret)  # fmt: skip
        return run(settings), simulator


def _report(**document: Any) -> Report:
    return report_of(_collected({**tenant("contoso"), **document})[0], scenario("contoso"))


def _res33(report: Report, outcome: str = "fail") -> dict[str, str]:
    found = [s.finding for s in report.settled if s.finding.rule == "RES33" and s.finding.outcome == outcome]
    return {f.subject.name: f.message for f in found}


def test_each_subscription_is_asked_once_for_the_regions_it_sees() -> None:
    snapshot, simulator = _collected(tenant("contoso"))
    asked = [r.path.lower() for r in simulator.requests if r.path.lower().endswith("/locations")]
    subscriptions = {s["id"].lower() for s in tenant("contoso")["subscriptions"]}
    assert sorted(asked) == sorted(f"{s}/locations" for s in subscriptions)
    lines = [c for c in snapshot.coverage if c.kind == "location"]
    assert {c.scope for c in lines} == subscriptions and {c.outcome for c in lines} == {"complete"}


def test_a_list_that_agrees_with_the_table_is_no_finding() -> None:
    report = _report()
    assert not _res33(report) and not _res33(report, "unknown")


def test_a_region_that_a_subscription_does_not_see_is_no_contradiction() -> None:
    report = _report(locations=_listed(westeurope=None))
    assert not _res33(report) and not _res33(report, "unknown")


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ({"geography": "Atlantis"}, "in the geography Atlantis, and the shipped table in Europe"),
        ({"pairedRegion": [{"name": "francecentral"}]}, "paired with francecentral, and the shipped table with northeurope"),
        ({"pairedRegion": []}, "paired with no region, and the shipped table with northeurope"),
    ],
)  # fmt: skip
def test_a_region_in_use_that_azure_describes_otherwise_is_found(metadata: dict[str, Any], said: str) -> None:
    assert said in _res33(_report(locations=_listed(westeurope=metadata)))["westeurope"]


@pytest.mark.parametrize("metadata", [{"geography": None}, {"pairedRegion": None}])
def test_what_azure_leaves_out_contradicts_nothing(metadata: dict[str, Any]) -> None:
    assert not _res33(_report(locations=_listed(westeurope=metadata)))


@pytest.mark.parametrize("metadata", [{"geography": 7}, {"pairedRegion": "x"}, {"pairedRegion": [{"name": 1}]}])
def test_a_row_of_another_shape_leaves_its_region_open(metadata: dict[str, Any]) -> None:
    report = _report(locations=_listed(westeurope=metadata))
    assert not _res33(report) and "westeurope" in _res33(report, "unknown")


def test_groupings_and_edge_zones_are_no_regions() -> None:
    rows = [*_listed(), *({"id": f"/subscriptions/s/locations/{n}", "name": n, "type": t, "metadata": {"regionType": r, "geography": "Atlantis"}}
                          for n, t, r in (("westeurope", "Region", "Logical"), ("westeurope", "EdgeZone", "Physical")))]  # fmt: skip
    assert not _res33(_report(locations=rows[::-1]))


def test_a_list_that_was_refused_leaves_open_what_the_table_says_and_names_the_permission() -> None:
    report = _report(reader={"actions": ["*/read"], "notActions": [PERMISSION]})
    assert not _res33(report) and "westeurope" in _res33(report, "unknown")
    named = {g.permission for s in report.settled if s.finding.rule == "RES33" for g in s.finding.gaps}
    assert named == {PERMISSION}


def test_what_one_list_shows_does_not_hang_on_another_that_was_refused() -> None:
    document = copy.deepcopy(tenant("contoso"))
    first = document["subscriptions"][0]
    other = {**first, "id": "/subscriptions/99999999-0000-4000-8000-00000000abcd", "subscriptionId": "99999999-0000-4000-8000-00000000abcd",
             "displayName": "sub-other"}  # fmt: skip
    document["subscriptions"].append(other)
    document["reader"] = [
        {"actions": ["*/read"], "scope": first["id"]},
        {"actions": ["*/read"], "notActions": [PERMISSION], "scope": "/"},
    ]
    report = report_of(_collected(document)[0], scenario("contoso"))
    assert not _res33(report) and not _res33(report, "unknown")
