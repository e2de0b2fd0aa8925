"""What is read: exactly what was asked for; what is special about a subscription is said, and nothing in scope is an answer."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from scanner.collect import Secret, Settings, directory, resource_graph, run
from scanner.collect.answers import Failed
from scanner.errors import CollectionError
from scanner.graph.build import build
from scanner.simulator import Fault, Simulator
from scanner.snapshot import Snapshot
from tests.support.scan import FEW_AT_ONCE, tenant

SHARED, NONPROD, PROD = (f"/subscriptions/66666666-aaaa-bbbb-cccc-{n * 12}" for n in "876")


def _collect(document: Mapping[str, Any], faults: tuple[Fault, ...] = (), **more: Any) -> Snapshot:
    with Simulator({**document, "faults": []}, faults=faults, page_size=more.pop("page_size", 100)) as simulator:
        given = {
            "tenant": simulator.tenant_id,
            "backoff": 0.001,
            "retry_seconds": 2.0,
            "concurrency": FEW_AT_ONCE,
            **more,
        }
        return run(
            Settings(
                cloud=simulator.url,
                ca_bundle=simulator.ca_bundle,
                secret=Secret(simulator.client_id, simulator.client_secret),
                **given,
            )
        )


def _ids(snapshot: Snapshot, kind: str) -> list[str]:
    return sorted(msgspec.json.decode(row.body)["id"].lower() for row in snapshot.records(kind))


def _scopes(snapshot: Snapshot) -> set[str]:
    return {c.scope for c in snapshot.coverage if c.kind == "workspace"}


CONTOSO = tenant("contoso")


@pytest.mark.parametrize(
    ("asked", "read"),
    [
        ({}, {SHARED, NONPROD, PROD}), ({"subscriptions": ("sub-contoso-prod",)}, {PROD}), ({"subscriptions": (PROD.upper(),)}, {PROD}),
        ({"subscriptions": (PROD.rpartition("/")[2],)}, {PROD}), ({"management_groups": ("contoso-ml",)}, {SHARED, NONPROD, PROD}),
        ({"management_groups": ("/providers/Microsoft.Management/managementGroups/Contoso-ML",)}, {SHARED, NONPROD, PROD}),
        ({"exclude": ("sub-contoso-prod",)}, {SHARED, NONPROD}), ({"exclude": ("contoso-ml",)}, set()),
        ({"management_groups": ("contoso-ml",), "exclude": (SHARED,)}, {NONPROD, PROD}), ({"subscriptions": ("contoso",)}, set()),
        ({"resource_groups": ("rg-churn-prod",)}, {f"{SHARED}/resourcegroups/rg-churn-prod", f"{NONPROD}/resourcegroups/rg-churn-prod", f"{PROD}/resourcegroups/rg-churn-prod"}),
        ({"resource_groups": ("sub-contoso-prod/rg-churn-prod",)}, {f"{PROD}/resourcegroups/rg-churn-prod"}),
        ({"resource_groups": (f"{PROD}/resourceGroups/RG-churn-prod",)}, {f"{PROD}/resourcegroups/rg-churn-prod"}),
        ({"resource_groups": ("sub-contoso-prod/rg-churn-prod",), "subscriptions": ("sub-contoso-shared",)}, {f"{PROD}/resourcegroups/rg-churn-prod", SHARED}),
    ],
)  # fmt: skip
def test_the_scope_is_what_was_asked_for(asked: dict[str, Any], read: set[str]) -> None:
    assert _scopes(_collect(CONTOSO, **asked)) == read


def test_a_resource_group_is_read_with_what_it_inherits_and_nothing_beside_it() -> None:
    snapshot = _collect(CONTOSO, resource_groups=("sub-contoso-prod/rg-churn-prod",))
    group = f"{PROD}/resourcegroups/rg-churn-prod"
    for kind in ("workspace", "storage-account", "datastore", "resource-group"):
        assert _ids(snapshot, kind) and all(key.startswith(group) for key in _ids(snapshot, kind)), kind
    scopes = {
        msgspec.json.decode(row.body)["properties"]["scope"].lower() for row in snapshot.records("role-assignment")
    }
    assert any(scope.startswith("/providers/microsoft.management") for scope in scopes)
    assert not any("/resourcegroups/" in scope and not scope.startswith(group) for scope in scopes)
    assert {c.outcome for c in snapshot.coverage} == {"complete"}


@pytest.mark.parametrize("bulk", [True, False])
def test_a_resource_group_that_is_left_out_is_not_in_the_snapshot(bulk: bool) -> None:
    snapshot = _collect(CONTOSO, exclude=("sub-contoso-prod/rg-churn-prod",), bulk=bulk)
    for kind in snapshot.kinds:
        for row in snapshot.records(kind):
            body = msgspec.json.decode(row.body)
            assert (
                "/resourcegroups/rg-churn-prod" not in str(body.get("id", "")).lower()
                if isinstance(body, dict)
                else True
            ), kind
    assert any("rg-pricing-prod" in key for key in _ids(snapshot, "workspace"))


def test_special_subscriptions_are_named_and_never_silently_left_out() -> None:
    document = copy.deepcopy(CONTOSO)
    first, second, third = document["subscriptions"]
    first["state"] = "Disabled"
    second["managedByTenants"] = [{"tenantId": "99999999-9999-9999-9999-999999999999"}]
    third["tenantId"] = "88888888-8888-8888-8888-888888888888"
    snapshot = _collect(document)
    notes = "\n".join(snapshot.manifest.notes)
    assert f"{first['displayName']} " in notes and "is disabled; what it still shows was read" in notes
    assert "is delegated to tenant 99999999-9999-9999-9999-999999999999 (Lighthouse)" in notes
    assert (
        f"subscription {third['displayName']} ({third['subscriptionId']}) belongs to tenant 88888888" in notes
        and "was left out" in notes
    )
    assert _scopes(snapshot) == {first["id"].lower(), second["id"].lower()}


def test_subscriptions_that_cannot_be_listed_are_no_empty_estate() -> None:
    with pytest.raises(CollectionError, match="cannot list subscriptions"):
        _collect(CONTOSO, (Fault("status", status=403, path="/subscriptions"),))


# -- api-versions ------------------------------------------------------------------------------------------------------


def test_a_cloud_that_lags_is_read_in_a_version_that_it_knows() -> None:
    """Sovereign clouds: the refusal names what is supported, and the manifest says what was used."""
    document = {
        **tenant("two-regions"),
        "supported-versions": {
            "Microsoft.MachineLearningServices/workspaces": ["2023-10-01", "2020-08-01"],
            "Microsoft.MachineLearningServices/workspaces/computes": ["2022-05-01", "2026-09-01-preview"],
        },
    }
    whole, lagging = _collect(tenant("two-regions"), bulk=False), _collect(document, bulk=False)
    assert lagging.manifest.counts == whole.manifest.counts
    assert {c.outcome for c in lagging.coverage} == {"complete"}
    assert (
        lagging.manifest.api_versions["workspace"] < "2025-12-01"
        and lagging.manifest.api_versions["compute"] < "2025-12-01"
    )
    assert whole.manifest.api_versions["workspace"] == "2025-12-01"


# -- pages that go wrong -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["empty-page", "repeat"])
def test_empty_and_repeated_pages_change_nothing(kind: Any) -> None:
    document = tenant("two-regions")
    whole = _collect(document)
    fault = Fault(kind, path="*/providers/microsoft.*", times=6)
    snapshot = _collect(document, (fault,), page_size=2)
    assert snapshot.manifest.counts == whole.manifest.counts
    assert {c.outcome for c in snapshot.coverage} == {"complete"}


@pytest.mark.parametrize("kind", ["loop", "endless", "foreign-link"])
def test_a_list_that_leads_nowhere_or_elsewhere_is_a_gap(kind: Any) -> None:
    """Traps 9 and 25: never a hang, and never a token to another host."""
    snapshot = _collect(tenant("two-regions"), (Fault(kind, path="*/datastores"),))
    (gaps,) = {c.kind: c for c in snapshot.coverage if c.outcome != "complete"}.values()
    assert gaps.kind == "datastore" and gaps.outcome in ("partial", "failed")
    assert gaps.code in ("PagingLoop", "Refused")


@pytest.mark.parametrize(("fault", "code"), [("loop", "PagingLoop"), ("foreign-link", "Refused")])
def test_no_list_of_the_sdks_own_operations_runs_in_a_circle_or_elsewhere(fault: Any, code: str) -> None:
    for path, kind in (("*/usages", "ml-usage"), ("*/quotas", "ml-quota")):
        snapshot = _collect(tenant("two-regions"), (Fault(fault, path=path),))
        lost = {c.kind: c for c in snapshot.coverage if c.outcome != "complete"}
        assert lost[kind].code == code and lost[kind].outcome in ("partial", "failed")
    snapshot = _collect(tenant("two-regions"), (Fault(fault, path="/subscriptions"),))
    assert [(c.kind, c.outcome) for c in snapshot.coverage if c.kind == "subscription"] == [("subscription", "partial")]
    assert snapshot.manifest.counts["subscription"] == 1


def _answered(*pages: dict[str, Any]) -> Any:
    """A session whose queries are answered by these pages, the last one for ever."""

    class Answering:
        asked = 0

        def arm_url(self, path: str, version: str) -> str:
            return path

        async def send(self, method: str, url: str, body: object) -> bytes:
            self.asked += 1
            page = pages[min(self.asked, len(pages)) - 1]
            return json.dumps({"$skipToken": str(self.asked), **page}).encode()

    return Answering()


@pytest.mark.parametrize(
    ("code", "pages"),
    [
        ("ResultTruncated", [{"data": [{"id": "/a"}, {"id": "/b"}], "totalRecords": 3}, {"data": [{"id": "/B"}], "totalRecords": 3, "$skipToken": None}]),
        ("ResultTruncated", [{"data": [{"id": "/a"}], "totalRecords": 1, "resultTruncated": "true", "$skipToken": None}]),
        ("PagingLoop", [{"data": [{"id": "/a"}], "totalRecords": 9}]), ("PagingLoop", [{"data": [], "totalRecords": 9}]),
        ("UnreadableBody", [{"data": [{"name": "a"}], "totalRecords": 1}]), ("UnreadableBody", [{"data": "?"}]),
    ],
)  # fmt: skip
def test_a_query_that_lost_a_row_or_has_no_end_is_not_trusted(code: str, pages: list[dict[str, Any]]) -> None:
    """A row that comes twice hides one that did not come: the count alone would be right."""

    async def read() -> None:
        async for _ in resource_graph.rows(_answered(*pages), "resources", ["s"]):
            pass

    with pytest.raises(Failed) as raised:
        asyncio.run(read())
    assert raised.value.code == code


def test_a_query_that_runs_in_a_circle_leaves_the_lists() -> None:
    snapshot = _collect(CONTOSO, (Fault("loop", path="*/resources", method="POST"),), page_size=10)
    assert snapshot.manifest.counts["workspace"] == 12


@pytest.mark.parametrize("body", ["html", "message", "bare"])
def test_errors_that_are_not_wrapped_are_gaps_like_any(body: Any) -> None:
    snapshot = _collect(tenant("two-regions"), (Fault("status", status=403, path="*/datastores", body=body),))
    assert {(c.kind, c.outcome) for c in snapshot.coverage if c.outcome != "complete"} == {("datastore", "forbidden")}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_random_mixture_ends_complete_but_for_the_subscription_that_is_forbidden(seed: int) -> None:
    """Trap 27 in small: 5% throttled, 2% failing, 1% broken connections, some slow, one subscription refused."""
    forbidden = (
        Fault("status", status=403, path=f"{SHARED}/*"),
        Fault("status", status=403, path=f"{SHARED}/*", method="POST"),
    )
    weather = (
        Fault("status", status=429, probability=0.05, seed=seed), Fault("status", status=503, probability=0.02, seed=seed + 10),
        Fault("reset", probability=0.01, seed=seed + 20), Fault("delay", seconds=0.002, probability=0.1, seed=seed + 30),
        Fault("status", status=429, probability=0.05, seed=seed + 40, inside_batch=True),
    )  # fmt: skip
    calm = _collect(CONTOSO, forbidden)
    stormy = _collect(CONTOSO, (*forbidden, *weather))
    assert stormy.manifest.counts == calm.manifest.counts
    lost = {(c.kind, c.scope, c.outcome) for c in stormy.coverage if c.outcome != "complete"}
    assert lost == {(c.kind, c.scope, c.outcome) for c in calm.coverage if c.outcome != "complete"}
    assert lost and all(scope.startswith(SHARED) for _, scope, _ in lost)


# -- the directory -----------------------------------------------------------------------------------------------------


def test_members_that_are_hidden_are_unknown_and_not_none() -> None:
    """Trap 3: without a permission of its own a hidden group looks empty."""
    document = copy.deepcopy(tenant("two-regions"))
    group = next(g for g in document["graph"]["groups"] if g["x-members"])
    group["visibility"] = "HiddenMembership"
    snapshot = _collect(document)
    (gap,) = [c for c in snapshot.coverage if c.outcome != "complete"]
    assert (gap.kind, gap.scope, gap.outcome, gap.permission) == (
        "group-member",
        group["id"].lower(),
        "forbidden",
        "Member.Read.Hidden",
    )
    estate = build(snapshot)
    node = estate.node(group["id"].lower())
    assert node is not None and estate.gaps_at(node, "has-member")


def test_a_large_directory_is_read_as_far_as_something_refers_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trap 27: people and groups that nothing refers to are left out, and that is said where it matters."""
    document = copy.deepcopy(CONTOSO)
    graph = document["graph"]
    used = {a["properties"]["principalId"] for a in document["roleAssignments"]}
    crowd = [
        {
            "id": f"00000000-0000-4000-8000-{n:012}",
            "displayName": f"Person {n}",
            "userPrincipalName": f"p{n}@contoso.example",
        }
        for n in range(60)
    ]
    graph["users"] = [*graph["users"], *crowd]
    graph["groups"].append(
        {
            "id": "00000000-0000-4000-9000-000000000001",
            "displayName": "everybody else",
            "x-members": [p["id"] for p in crowd],
            "x-owners": [],
        }
    )
    whole = _collect(document)
    monkeypatch.setattr(directory, "_SMALL", 3)
    monkeypatch.setattr(directory, "_FEW_PEOPLE", 25)
    named = ("bg1@contoso.example", "p7@contoso.example")
    some = _collect(document, names=named)
    assert set(_ids(some, "group")) == set(_ids(whole, "group"))
    read = {json.loads(bytes(row.body)).get("userPrincipalName") for row in some.records("user")}
    assert set(named) <= read
    assert used & set(_ids(whole, "user")) <= set(_ids(some, "user"))
    assert len(_ids(some, "user")) < len(_ids(whole, "user"))
    (people,) = [c for c in some.coverage if c.kind == "user"]
    assert people.outcome == "bounded"
    estate = build(some)
    other = estate.node("00000000-0000-4000-9000-000000000001")
    assert other is not None and estate.gaps_at(other, "has-member")
    asked = {c.scope for c in some.coverage if c.kind == "group-member"}
    assert {
        g["id"].lower() for g in graph["groups"] if g["id"] in used
    } <= asked and "00000000-0000-4000-9000-000000000001" not in asked


def test_who_rules_the_directory_is_looked_into_though_nothing_of_azure_is_theirs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A group that holds a directory role, and a workload that may change the directory, matter without any assignment."""
    document = copy.deepcopy(tenant("two-regions"))
    graph = document["graph"]
    ruler, owner, workload = (f"00000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3))
    graph["groups"].append({"id": "g-admins", "displayName": "admins", "x-members": [ruler], "x-owners": []})
    graph["users"] += [{"id": p, "displayName": p, "userPrincipalName": f"{p}@x.example"} for p in (ruler, owner)]
    graph["servicePrincipals"] += [
        {"id": key, "appId": f"app-{key}", "displayName": key, "servicePrincipalType": "Application", "x-owners": [owner]}
        for key in (workload, "reader")
    ]  # fmt: skip
    graph["directoryRoleAssignments"] = [{"id": "d", "principalId": "g-admins", "roleDefinitionId": "r"}]
    graph["appRoles"] = [{"id": "w", "value": "Group.ReadWrite.All"}, {"id": "r", "value": "Group.Read.All"}]
    graph["appRoleAssignments"] = [
        {"id": f"a-{role}", "appRoleId": role, "principalId": holder} for role, holder in (("w", workload), ("r", "reader"))
    ]  # fmt: skip
    monkeypatch.setattr(directory, "_SMALL", 0)
    snapshot = _collect(document)
    asked = {(c.kind, c.scope) for c in snapshot.coverage}
    assert {("group-member", "g-admins"), ("service-principal-owner", workload)} <= asked
    assert ("service-principal-owner", "reader") not in asked  # who may only read rules nothing


@pytest.mark.parametrize(
    "part", ["approleassignedto", "servicePrincipals(appId='00000003-0000-0000-c000-000000000000')"]
)
def test_permissions_that_may_not_be_read_are_a_gap(part: str) -> None:
    snapshot = _collect(tenant("two-regions"), (Fault("status", status=403, path=f"*/{part}"),))
    (gap,) = [c for c in snapshot.coverage if c.outcome != "complete"]
    assert (gap.kind, gap.scope, gap.outcome) == (
        "app-role-assignment" if part == "approleassignedto" else "app-role", "tenant", "forbidden",
    )  # fmt: skip
    estate = build(snapshot)
    root = estate.node("/")
    assert root is not None and estate.gaps_at(root, "opened-by")


def test_no_token_for_the_directory_is_a_gap_and_not_the_end() -> None:
    snapshot = _collect(tenant("two-regions"), (Fault("status", status=401, path="/graph/*"),))
    lost = {c.kind for c in snapshot.coverage if c.outcome != "complete"}
    assert {"group", "service-principal", "user"} <= lost and "workspace" not in lost


def test_a_provider_that_is_not_registered_is_empty_and_is_never_registered() -> None:
    """Trap 23: the SDK's default pipeline would write to the subscription here."""
    with Simulator(
        {**tenant("two-regions"), "faults": []},
        faults=[Fault("status", status=409, path="*/microsoft.containerregistry/registries")],
    ) as simulator:
        snapshot = run(Settings(cloud=simulator.url, ca_bundle=simulator.ca_bundle, tenant=simulator.tenant_id, backoff=0.001, bulk=False,
                                secret=Secret(simulator.client_id, simulator.client_secret)))  # fmt: skip
        posts = {request.path.rpartition("/")[2] for request in simulator.requests if request.method != "GET"}
    assert {c.outcome for c in snapshot.coverage if c.kind == "container-registry"} == {"complete"}
    assert "container-registry" not in snapshot.manifest.counts
    assert posts <= {"resources", "$batch"} and simulator.refused == 0


def test_what_is_deleted_while_it_is_read_is_a_note_and_not_an_error() -> None:
    """Trap 29."""
    snapshot = _collect(tenant("two-regions"), (Fault("status", status=404, path="*/computes"),))
    lists = [c for c in snapshot.coverage if c.kind == "compute"]
    assert {(c.outcome, c.status, c.code) for c in lists} == {("complete", 404, "ResourceNotFound")}
