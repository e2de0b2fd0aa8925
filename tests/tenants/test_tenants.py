"""The sample tenants: the committed documents are those the descriptions make, and a scan finds what was planted and nothing else."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scanner import ids
from scanner.collect import Secret, Settings, run
from scanner.findings import Report
from scanner.graph.records import RECORDS
from scanner.simulator import Fault, Simulator
from scanner.snapshot import Coverage, Snapshot
from tests.support.scan import FEW_AT_ONCE, FIXTURES, first_rules, pairs, report_of, scanned, scenario, tenant
from tests.support.tenants import references, snapshot_of
from tests.tenants.write import documents, text

EXPECTED = json.loads((FIXTURES / "contoso" / "expected.json").read_text(encoding="utf-8"))
UNREAD = (
    "/subscriptions/66666666-aaaa-bbbb-cccc-777777777777/resourcegroups/rg-vision-qa/providers/"
    "microsoft.machinelearningservices/workspaces/mlw-vision-qa"
)


@pytest.mark.parametrize("path", documents(), ids=lambda p: f"{p.parent.name}/{p.name}")
def test_the_committed_document_is_what_its_description_makes(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == text(documents()[path]), "run `python -m tests.tenants.write`"


@pytest.fixture(scope="module")
def collected() -> Iterator[tuple[Snapshot, Simulator]]:
    """Contoso read over HTTPS through the whole pipeline, three rows to a page."""
    with Simulator(tenant("contoso"), page_size=3) as simulator:
        yield run(_settings(simulator)), simulator


def _settings(simulator: Simulator) -> Settings:
    return Settings(cloud=simulator.url, ca_bundle=simulator.ca_bundle, tenant=simulator.tenant_id, regions=("westeurope",),
                    secret=Secret(simulator.client_id, simulator.client_secret), backoff=0.01, concurrency=FEW_AT_ONCE)  # fmt: skip


def _as_expected(report: Report) -> None:
    for outcome, key in (("fail", "findings"), ("unknown", "unknown")):
        wanted = Counter((e["rule"], e["key"], e["waived"]) for e in EXPECTED[key])
        found = Counter(
            (s.finding.rule, s.finding.subject.key, s.waiver is not None)
            for s in report.settled
            if s.finding.outcome == outcome
        )
        assert found == wanted


def test_a_scan_of_contoso_over_http_finds_what_was_planted_and_nothing_else(
    collected: tuple[Snapshot, Simulator],
) -> None:
    _as_expected(report_of(collected[0], scenario("contoso")))


def test_assignments_are_read_from_above_the_subscription_and_from_below_it(
    collected: tuple[Snapshot, Simulator],
) -> None:
    """Trap 10: what a management group hands down, and what `atScope()` alone would leave out."""
    wanted, found = (
        {(row["properties"]["principalId"], row["properties"]["scope"].lower()) for row in rows}
        for rows in (
            tenant("contoso")["roleAssignments"],
            [json.loads(bytes(row.body)) for row in collected[0].records("role-assignment")],
        )
    )
    assert found == wanted
    depths = {scope.count("/") for _, scope in found if scope.startswith("/subscriptions/")}
    assert depths == {4, 8} and any("/managementgroups/" in scope for _, scope in found)


def test_only_known_reads_left_the_process(collected: tuple[Snapshot, Simulator]) -> None:
    simulator = collected[1]
    assert simulator.refused == 0
    posts = {request.path for request in simulator.requests if request.method != "GET"}
    assert posts == {"/providers/Microsoft.ResourceGraph/resources", "/graph/v1.0/$batch"}


def test_what_was_collected_is_what_the_tenant_says(collected: tuple[Snapshot, Simulator]) -> None:
    """Differential: the report on the collected snapshot is the report on one made straight from the document."""
    gap = Coverage(
        "data-asset", UNREAD, "forbidden", "Microsoft.MachineLearningServices/workspaces/data/read", status=403
    )
    direct = snapshot_of(tenant("contoso"), [gap])
    skipped = {"tenant", "data-boundary", "location"}  # what the service says of itself
    counts = [{k: n for k, n in s.manifest.counts.items() if k not in skipped} for s in (collected[0], direct)]
    assert counts[0] == counts[1]
    one, other = (report_of(s, scenario("contoso")) for s in (collected[0], direct))
    assert [
        (s.finding.fingerprint, s.finding.message, s.finding.chains) for s in one.settled if s.finding.outcome == "fail"
    ] == [
        (s.finding.fingerprint, s.finding.message, s.finding.chains)
        for s in other.settled
        if s.finding.outcome == "fail"
    ]


def test_activated_roles_are_not_standing_ones() -> None:
    """Trap 36: without the activation of an afternoon the report is the same."""
    calm = tenant("contoso")
    activated = calm["roleAssignmentScheduleInstances"]
    assert activated
    triples = {(i["properties"]["principalId"], i["properties"]["scope"]) for i in activated}
    calm["roleAssignments"] = [
        a for a in calm["roleAssignments"] if (a["properties"]["principalId"], a["properties"]["scope"]) not in triples
    ]
    calm["roleAssignmentScheduleInstances"] = []
    assert pairs(scanned(calm, scenario("contoso"))) == pairs(scanned(tenant("contoso"), scenario("contoso")))


def test_reminted_assignments_are_the_same_findings() -> None:
    """Trap 37: fingerprints do not hang on an assignment's name."""
    again = tenant("contoso")
    for number, assignment in enumerate(again["roleAssignments"]):
        assignment["name"] = f"00000000-0000-0000-0000-{number:012d}"
        assignment["id"] = f"{assignment['id'].rpartition('/')[0]}/{assignment['name']}"
    before, after = (scanned(d, scenario("contoso")) for d in (tenant("contoso"), again))
    assert [s.finding.fingerprint for s in before.settled] == [s.finding.fingerprint for s in after.settled]


def test_mixed_case_changes_nothing() -> None:
    """Trap 16: ids, types and locations in any case."""
    loud = json.loads(json.dumps(tenant("contoso")))
    for resource in (*loud["resources"], *loud["resourceGroups"]):
        resource["id"] = (
            resource["id"].replace("/resourceGroups/", "/RESOURCEGROUPS/").replace("Microsoft.", "MICROSOFT.")
        )
        if resource.get("location") == "westeurope":
            resource["location"] = "West Europe"
    for assignment in loud["roleAssignments"]:
        assignment["properties"]["scope"] = assignment["properties"]["scope"].replace(
            "resourceGroups", "resourcegroups"
        )
        assignment["properties"]["principalId"] = assignment["properties"]["principalId"].upper()
    assert pairs(scanned(loud, scenario("contoso"))) == pairs(scanned(tenant("contoso"), scenario("contoso")))


def test_a_second_group_of_an_approved_groups_name_approves_nothing() -> None:
    """Traps 17 and 40: names repeat; two of one name is an error that lists both."""
    rogue = tenant("contoso")
    original = next(g for g in rogue["graph"]["groups"] if g["displayName"] == "grp-churn-mle-prod")
    rogue["graph"]["groups"].append(
        {**original, "id": "99999999-0000-4000-8000-000000000001", "x-members": [], "x-owners": []}
    )
    report = scanned(rogue, scenario("contoso"))
    ambiguous = [s.finding for s in report.settled if s.finding.rule == "SCN02" and "2 principals" in s.finding.message]
    assert original["id"] in ambiguous[0].message and "99999999-0000-4000-8000-000000000001" in ambiguous[0].message
    assert ("ACC01", "dlchurnprod") in pairs(report)


def test_losing_a_region_is_found_in_the_broken_twin_only() -> None:
    intent = scenario("two-regions")
    assert pairs(scanned(tenant("two-regions"), intent)) == set()
    assert pairs(scanned(tenant("two-regions"), intent), "unknown") == set()
    assert pairs(scanned(tenant("two-regions", "broken.json"), intent)) == {("QUO07", "serving on Standard DSv5")}


def test_quota_that_nobody_asked_for_is_unknown_and_not_lacking() -> None:
    """A snapshot taken without the scenario does not know that a region is a site."""
    document = tenant("two-regions")
    usages = document["usages"]["Microsoft.MachineLearningServices"]
    document["usages"]["Microsoft.MachineLearningServices"] = {k: v for k, v in usages.items() if "sweden" not in k}
    report = scanned(document, scenario("two-regions"))
    assert pairs(report) == set()
    assert ("QUO07", "serving on Standard DSv5") in pairs(report, "unknown")


def test_the_document_is_sound() -> None:
    document = tenant("contoso")
    keys = [ids.fold(r["id"]) for r in document["resources"]]
    assert len(keys) == len(set(keys)) and 170 <= len(keys) <= 240
    known = set(keys)
    for resource in document["resources"]:
        for reference in references(resource["properties"]):
            assert reference in known or ids.resource_type(reference) == "", reference
    principals = {item["id"] for kind in ("users", "groups", "servicePrincipals") for item in document["graph"][kind]}
    assert {a["properties"]["principalId"] for a in document["roleAssignments"]} <= principals


def _gaps_of(kind: str, document: dict[str, Any]) -> list[Coverage]:
    """The ledger of a reader who lacks one permission everywhere."""
    record = RECORDS[kind]
    subscriptions = [s["id"].lower() for s in document["subscriptions"]]
    if record.scope in ("subscription", "scope"):
        scopes = subscriptions
    elif record.scope == "location":
        scopes = [f"{s}/locations/{region}" for s in subscriptions for region in ("westeurope", "northeurope")]
    elif record.scope == "group":
        scopes = [g["id"].lower() for g in document["graph"]["groups"]]
    elif record.scope == "tenant":
        scopes = ["tenant"]
    else:
        own = [
            ids.fold(r["id"]) for r in document["resources"] if ids.resource_type(ids.fold(r["id"])) == record.arm_type
        ]
        levels = 2 if record.arm_type.endswith("/versions") else 1
        scopes = sorted({"/".join(key.split("/")[: -2 * levels]) for key in own})
    return [Coverage(kind, scope, "forbidden", record.permission, status=403) for scope in scopes]


@pytest.mark.parametrize(
    "kind",
    [k for k in RECORDS if k not in ("tenant", "subscription")],
)
def test_no_finding_turns_into_a_pass_and_none_is_invented_when_a_permission_is_missing(kind: str) -> None:
    """Traps 1 and 2, for every list: what was found is still found, or unknown; what was not is at most unknown."""
    document, intent = tenant("contoso"), scenario("contoso")
    gaps = _gaps_of(kind, document)
    whole, blind = scanned(document, intent), scanned(document, intent, gaps)

    def found(report: Report, outcome: str) -> set[tuple[str, str]]:
        return {
            (s.finding.rule, s.finding.subject.key)
            for s in report.settled
            if s.finding.outcome == outcome and s.finding.rule != "SCN03"
        }

    unknown = found(blind, "unknown")
    rules_in_doubt = {rule for rule, _ in unknown}
    lost = {
        (rule, key)
        for rule, key in found(whole, "fail") - found(blind, "fail")
        if (rule, key) not in unknown and rule not in rules_in_doubt
    }
    assert not lost
    assert found(blind, "fail") <= found(whole, "fail")
    touched = {gap.permission for s in blind.settled for gap in s.finding.gaps if gap.permission}
    assert touched <= {RECORDS[kind].permission}


@pytest.mark.parametrize("path", [
    "/graph/v1.0/groups", "/graph/v1.0/groups/*/members", "/graph/v1.0/users", "*/workspaces", "*/accounts", "*/storageaccounts", "*/resourcegroups",
    "*/roleassignments", "*/roleassignmentscheduleinstances", "*/roleeligibilityscheduleinstances", "*/roledefinitions", "*/datastores", "*/data/*/versions", "*/onlineendpoints", "*/computes", "*/usages", "/graph/*",
])  # fmt: skip
def test_what_nobody_could_ask_for_is_unknown_too(path: str) -> None:
    """Trap 1 over HTTPS: a refused list also hides the lists below it, which are then never asked for."""
    with Simulator(tenant("contoso"), faults=[Fault("status", status=403, path=path)]) as simulator:
        blind = report_of(run(_settings(simulator)), scenario("contoso"), chosen=first_rules())
    whole = report_of(snapshot_of(tenant("contoso")), scenario("contoso"), chosen=first_rules())
    found, still = (
        {
            (s.finding.rule, s.finding.subject.key, s.finding.cause)
            for s in report.settled
            if s.finding.outcome == "fail"
        }
        for report in (whole, blind)
    )
    open_ = {s.finding.rule for s in blind.settled if s.finding.outcome == "unknown"}
    assert {rule for rule, *_ in found - still} <= open_
    assert still <= found


@pytest.mark.parametrize("group", ["grp-churn-ds-dev", "grp-release-override"])
def test_one_unread_group_leaves_open_who_holds_both_sides(group: str) -> None:
    """Maya is in both groups: whoever cannot look into one of them must not hear that nobody is."""
    document = tenant("contoso")
    (key,) = (g["id"].lower() for g in document["graph"]["groups"] if g["displayName"] == group)
    lost = Coverage("group-member", key, "forbidden", RECORDS["group-member"].permission, status=403)
    report = scanned(document, scenario("contoso"), [lost])
    (result,) = (r for r in report.results if r.rule.id == "SOD01")
    assert result.verdict == "unknown"
