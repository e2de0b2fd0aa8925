"""With every fault the scan ends: with the same records, or with exactly the gaps that were made; never with a pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from scanner.collect import Secret, Settings, run
from scanner.errors import CollectionError, Exit
from scanner.settle import exit_code
from scanner.simulator import Fault, Simulator
from scanner.snapshot import Snapshot
from tests.support.scan import first_rules, report_of, scenario, tenant


def _collect(faults: Sequence[Fault] = (), **more: Any) -> tuple[Snapshot, Simulator]:
    document = {**tenant("two-regions"), "faults": []}
    with Simulator(document, faults=faults, **more) as simulator:
        settings = Settings(cloud=simulator.url, ca_bundle=simulator.ca_bundle, tenant=simulator.tenant_id, backoff=0.001, retry_seconds=3.0,
                            secret=Secret(simulator.client_id, simulator.client_secret))  # fmt: skip
        return run(settings), simulator


@pytest.fixture(scope="module")
def whole() -> Snapshot:
    return _collect()[0]


def _same(snapshot: Snapshot, whole: Snapshot) -> None:
    assert snapshot.manifest.counts == whole.manifest.counts
    assert {c.outcome for c in snapshot.coverage} == {"complete"}
    for kind in whole.kinds:
        assert sorted(bytes(r.body) for r in snapshot.records(kind)) == sorted(
            bytes(r.body) for r in whole.records(kind)
        )


@pytest.mark.parametrize("fault", [
    Fault("status", status=429, times=3, retry_after=0.01), Fault("status", status=429, times=3), Fault("status", status=503, times=3),
    Fault("status", status=500, path="*/storageaccounts", times=2), Fault("reset", path="*/workspaces", times=2),
    Fault("truncate", path="*/computes", times=2), Fault("delay", seconds=0.05, times=5), Fault("expire-token", times=1, path="*/vaults"),
    Fault("status", status=429, times=4, inside_batch=True, retry_after=0.01), Fault("status", status=429, times=4, inside_batch=True),
    Fault("status", status=503, times=2, inside_batch=True), Fault("status", status=429, method="POST", times=1),
], ids=lambda f: f"{f.kind}-{f.status}-{f.path}-{f.inside_batch}-{f.retry_after}")  # fmt: skip
def test_a_passing_fault_changes_nothing(fault: Fault, whole: Snapshot) -> None:
    snapshot, simulator = _collect([fault])
    assert any(f.hits for f in simulator.faults)
    _same(snapshot, whole)


def test_a_mixture_of_faults_changes_nothing(whole: Snapshot) -> None:
    snapshot, _ = _collect([
        Fault("status", status=429, probability=0.05, seed=1), Fault("status", status=502, probability=0.03, seed=2),
        Fault("reset", probability=0.01, seed=3), Fault("delay", seconds=0.002, probability=0.2, seed=4),
    ])  # fmt: skip
    _same(snapshot, whole)


def test_small_pages_change_nothing(whole: Snapshot) -> None:
    """Trap 9: every page of every list is read."""
    _same(_collect(page_size=1)[0], whole)


def test_a_token_that_ends_soon_is_fetched_again(whole: Snapshot) -> None:
    _same(_collect(token_lifetime=100)[0], whole)


_HOLDING = "ACC02 ACC05 SOD01 SOD05 SOD06 SOD08"  # who can do what


@pytest.mark.parametrize(
    ("path", "kind", "count", "undecided"),
    [("*/microsoft.storage/storageaccounts", "storage-account", 1, "ACC01 ACC02 ACC05 ACC11 ACC29 EST02 RES02 RES06 RES29 SOD06 SOD10 SOD15"),
     ("*/datastores", "datastore", 2, "RES02"), ("*/microsoft.authorization/roleassignments", "role-assignment", 2, f"{_HOLDING} ACC01 SOD09 SOD10"),
     ("*/microsoft.authorization/roledefinitions", "role-definition", 2, f"{_HOLDING} ACC01"), ("*/denyassignments", "deny-assignment", 2, ""),
     ("/graph/v1.0/groups", "group", 1, f"{_HOLDING} ACC10 ACC25 ACC26 ACC27 ACC28 SCN02"),
     ("/graph/v1.0/groups/*/members", "group-member", 3, "ACC25 ACC26 ACC27 ACC28"), ("*/usages", "ml-usage", 2, "QUO01 QUO02 QUO03 QUO07"),
     ("*/objectreplicationpolicies", "object-replication", 2, "RES02")],
)  # fmt: skip
def test_a_refused_list_leaves_exactly_what_depends_on_it_unknown(
    path: str, kind: str, count: int, undecided: str, whole: Snapshot
) -> None:
    """Trap 1: a 403 never becomes an empty list that passes. The estate has no finding when everything is read."""
    snapshot, _ = _collect([Fault("status", status=403, path=path)])
    gaps = [c for c in snapshot.coverage if c.outcome != "complete" and c.kind == kind]
    assert len(gaps) == count
    assert {(c.outcome, c.status) for c in gaps} == {("forbidden", 403)}
    others = {c.kind for c in snapshot.coverage if c.outcome != "complete"} - {kind}
    assert others <= ({"model-usage", "vm-usage"} if kind == "ml-usage" else set())
    _only_unknown(whole, "")
    _only_unknown(snapshot, undecided)


def _only_unknown(snapshot: Snapshot, rules: str) -> None:
    """These rules are unknown, with a line that says what to grant; every other one passes, and the exit code tells."""
    report = report_of(snapshot, scenario("two-regions"), chosen=first_rules())
    verdicts = {r.rule.id: r.verdict for r in report.results if r.verdict != "pass"}
    assert verdicts == dict.fromkeys((*rules.split(), *(["GAP01"] if rules else [])), "unknown")
    assert exit_code(report, "high", allow_gaps=False) is (Exit.INCOMPLETE if rules else Exit.CLEAN)


def test_the_permission_of_a_gap_is_the_one_azure_names() -> None:
    snapshot, _ = _collect([Fault("status", status=403, path="*/microsoft.storage/storageaccounts")])
    (gap,) = [c for c in snapshot.coverage if c.outcome != "complete" and c.kind == "storage-account"]
    assert gap.permission == "Microsoft.Storage/storageAccounts/read"


@pytest.mark.parametrize("fault", [
    Fault("truncate", path="*/datastores"), Fault("status", status=500, path="*/datastores"), Fault("reset", path="*/datastores"),
    Fault("status", status=429, path="*/datastores", retry_after=3600.0),
], ids=lambda f: f"{f.kind}-{f.status}")  # fmt: skip
def test_a_lasting_fault_is_a_gap_and_never_a_pass(fault: Fault) -> None:
    """Traps 12 and 28: a branch that stays broken is named, and the rest is read."""
    snapshot, _ = _collect([fault])
    lost = [c for c in snapshot.coverage if c.outcome != "complete"]
    assert {c.kind for c in lost} == {"datastore"}
    assert {c.outcome for c in lost} <= {"failed", "throttled"}
    assert snapshot.manifest.counts["storage-account"] == 2
    _only_unknown(snapshot, "RES02")


def test_no_usable_credential_is_one_message() -> None:
    document = tenant("two-regions")
    with Simulator(document) as simulator, pytest.raises(CollectionError, match="cannot sign in"):
        run(
            Settings(
                cloud=simulator.url,
                ca_bundle=simulator.ca_bundle,
                tenant=simulator.tenant_id,
                secret=Secret("x", "y"),
                backoff=0.001,
            )
        )


def test_an_endpoint_that_does_not_answer_is_one_message() -> None:
    with pytest.raises(CollectionError, match="cannot reach"):
        run(Settings(cloud="https://127.0.0.1:9", backoff=0.001))


def test_an_authority_nobody_trusts_is_one_message() -> None:
    with Simulator(tenant("two-regions")) as simulator, pytest.raises(CollectionError, match="cannot reach"):
        run(Settings(cloud=simulator.url, backoff=0.001))


def test_refused_subscriptions_end_the_run() -> None:
    with pytest.raises(CollectionError, match="cannot list subscriptions"):
        _collect([Fault("status", status=403, path="/subscriptions")])


def test_parts_of_a_batch_that_are_put_off_for_ever_are_gaps_and_no_wait() -> None:
    """Trap 12: a 429 inside an answer of 200."""
    snapshot, _ = _collect([Fault("status", status=429, inside_batch=True, retry_after=3600.0)])
    lost = {(c.kind, c.outcome) for c in snapshot.coverage if c.outcome != "complete"}
    groups = ("group-member", "group-owner", "group-eligibility", "group-activation")
    kinds = (*groups, "service-principal-owner", "application-owner", "application-federation")
    assert lost == {(kind, "throttled") for kind in kinds}
