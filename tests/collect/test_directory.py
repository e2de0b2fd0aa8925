"""Who is in which group: all of them, at any depth and by any tie, and of each no more than ids."""

from __future__ import annotations

import copy

import msgspec
import pytest

from scanner.collect import Secret, Settings, directory, run
from scanner.graph.build import build
from scanner.simulator import Simulator
from scanner.snapshot import Snapshot
from tests.tenants import everything

_KEPT = {
    "group-member": {"id", "@odata.type"}, "group-owner": {"id", "@odata.type"},
    "user": {"id", "displayName", "userPrincipalName", "userType", "accountEnabled", "usageLocation", "country", "onPremisesSyncEnabled"},
}  # fmt: skip


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    """A group of fifty, in another group, with people who carry more than anything needs."""
    document = copy.deepcopy(everything.document())
    graph = document["graph"]
    crowd = [{"id": f"00000000-0000-4000-8000-{n:012}", "displayName": f"P{n}", "userPrincipalName": f"p{n}@fabrikam.example", "mobilePhone": "555", "aboutMe": "x" * 99}
             for n in range(50)]  # fmt: skip
    graph["users"] += crowd
    outer = graph["groups"][0]
    inner = {"id": "00000000-0000-4000-9000-000000000001", "displayName": "inner", "x-members": [p["id"] for p in crowd], "x-owners": [crowd[0]["id"]]}  # fmt: skip
    graph["groups"].append(inner)
    outer["x-members"].append(inner["id"])
    with Simulator(document, page_size=20) as simulator:
        return run(Settings(cloud=simulator.url, ca_bundle=simulator.ca_bundle, tenant=simulator.tenant_id, backoff=0.001,
                            secret=Secret(simulator.client_id, simulator.client_secret)))  # fmt: skip


def test_all_members_are_read_at_any_depth_with_owners_and_eligibilities(snapshot: Snapshot) -> None:
    """Trap 11: `$expand=members` would have shown twenty, and nothing of the rest."""
    estate = build(snapshot)
    inner = estate.node("00000000-0000-4000-9000-000000000001")
    assert inner is not None
    assert len(estate.neighbours(inner, "has-member")) == 50 and len(estate.neighbours(inner, "may-be-joined-by")) == 1
    (outer,) = estate.neighbours(inner, "member-of")
    assert estate.neighbours(outer, "has-eligible-member")


@pytest.mark.parametrize("kind", _KEPT)
def test_of_people_and_memberships_only_what_something_needs_is_kept(kind: str, snapshot: Snapshot) -> None:
    """Trap 26."""
    rows = [msgspec.json.decode(row.body) for row in snapshot.records(kind)]
    assert rows and {name for row in rows for name in row} <= _KEPT[kind]


def _blind() -> Snapshot:
    """The caller cannot list assignments, so nobody knows which workloads hold something."""
    document = copy.deepcopy(everything.document())
    document["reader"] = {"actions": ["*/read"], "notActions": ["Microsoft.Authorization/roleAssignments/read"]}
    document["graph"]["appRoleAssignments"] = []
    with Simulator(document) as simulator:
        return run(Settings(cloud=simulator.url, ca_bundle=simulator.ca_bundle, tenant=simulator.tenant_id, backoff=0.001,
                            secret=Secret(simulator.client_id, simulator.client_secret)))  # fmt: skip


def test_where_assignments_are_unread_any_workload_may_hold_one_and_is_asked_who_signs_in_as_it() -> None:
    """Trap 1: a federation of a workload that seems to hold nothing was never asked for."""
    blind = _blind()
    assert blind.manifest.counts["application-federation"] == 1 and blind.manifest.counts["application-owner"] == 1


def test_of_too_many_workloads_to_ask_for_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "_SMALL", 0)
    estate = build(_blind())
    assert all(estate.gaps_at(node, "trusts") for node in estate.nodes("service-principal"))
