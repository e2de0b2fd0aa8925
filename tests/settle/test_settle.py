"""Waivers, accepted gaps and baselines: they never change a verdict, they end, and what was not read is never gone."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from scanner import baseline
from scanner.errors import Exit, Span, UserError
from scanner.findings import AcceptedGap, BaselineEntry, Report, Waiver
from scanner.graph.records import RECORDS
from scanner.render import sarif, text
from scanner.scan import scan
from scanner.scenario.load import load
from scanner.settle import blinding, exit_code
from scanner.snapshot import Coverage, Snapshot
from tests.support.scan import FIXTURES, TODAY, rules, scanned, scenario, tenant, the_duties
from tests.support.tenants import snapshot_of
from tests.tenants.test_tenants import UNREAD

GAP = Coverage("data-asset", UNREAD, "forbidden", "Microsoft.MachineLearningServices/workspaces/data/read", status=403)
KEY = "/subscriptions/66666666-aaaa-bbbb-cccc-666666666666/resourcegroups/rg-vision-prod/providers/microsoft.machinelearningservices/workspaces/mlw-vision-prod"


OWNER = "ciso@contoso.example"  # of the class `live`


def _report(*waivers: Waiver, today: date = TODAY, gaps: tuple[AcceptedGap, ...] = (), snapshot: Snapshot | None = None,
            known: tuple[BaselineEntry, ...] | None = None) -> Report:  # fmt: skip
    intent = replace(scenario("contoso"), waivers=waivers, accepted_gaps=gaps)
    return scan(
        snapshot or snapshot_of(tenant("contoso"), [GAP]),
        intent,
        rules(),
        duties=the_duties(),
        today=today,
        baseline=known,
    )


def _waiver(
    rule: str = "ACC13", on: str = KEY, cause: str = "any", until: date = TODAY + timedelta(days=60), **more: Any
) -> Waiver:
    return Waiver(rule, on, cause, "reason", OWNER, until, Span("s.yaml", 9), **more)


def _verdicts(report: Report) -> dict[str, str]:
    return {r.rule.id: r.verdict for r in report.results if r.rule.id not in ("SCN03", "SCN07")}


def test_a_waiver_changes_no_verdict_and_stays_visible() -> None:
    plain, waived = _report(), _report(_waiver())
    assert _verdicts(plain) == _verdicts(waived)
    assert len(waived.settled) == len(plain.settled)
    assert [s.finding.rule for s in waived.settled if s.waiver] == ["ACC13"]
    assert len(waived.open("fail")) == len(plain.open("fail")) - 1


def test_the_last_day_of_a_waiver_still_counts_and_the_next_does_not() -> None:
    last = _waiver(until=TODAY)
    assert [s.waiver for s in _report(last).settled if s.finding.rule == "ACC13"] == [last]
    after = _report(last, today=TODAY + timedelta(days=1))
    assert [s.waiver for s in after.settled if s.finding.rule == "ACC13"] == [None]
    assert any(s.finding.rule == "SCN03" and s.finding.cause == "expired" for s in after.open("fail"))


def test_a_warning_comes_fourteen_days_before() -> None:
    for days, warned in ((14, True), (15, False)):
        report = _report(_waiver(until=TODAY + timedelta(days=days)))
        assert bool(report.expiring) is warned
        assert any(s.finding.cause == "expiring" for s in report.open("fail")) is warned


def test_an_unused_waiver_is_a_finding() -> None:
    """Trap 33: a waiver that matches nothing hides what it was for."""
    report = _report(_waiver(on="/subscriptions/x"))
    assert [s.finding.cause for s in report.settled if s.finding.rule == "SCN03"] == ["unused"]


def test_a_waiver_of_a_rule_that_did_not_run_is_not_called_unused() -> None:
    report = _report(_waiver(rule="QUO07"))
    assert not [s for s in report.settled if s.finding.rule == "SCN03"]


def test_a_waiver_may_name_environment_and_class_or_one_cause() -> None:
    by_place = _report(_waiver("ACC02", "", environment="production", data_class="live"))
    assert {s.finding.rule for s in by_place.settled if s.waiver} == {"ACC02"}
    one = next(s.finding for s in _report().settled if s.finding.rule == "ACC05")
    assert [
        s.finding.fingerprint for s in _report(_waiver("ACC05", one.subject.key, one.cause)).settled if s.waiver
    ] == [one.fingerprint]
    assert not [s for s in _report(_waiver("ACC05", one.subject.key, "another")).settled if s.waiver]


def test_one_wins_over_three_and_gaps_alone_are_three() -> None:
    report = _report()
    assert exit_code(report, "high", allow_gaps=False) is Exit.FINDINGS
    assert exit_code(report, "never", allow_gaps=False) is Exit.INCOMPLETE
    assert exit_code(report, "never", allow_gaps=True) is Exit.CLEAN


def test_an_accepted_gap_forgives_until_it_ends() -> None:
    """Trap 39."""
    accepted = AcceptedGap(GAP.permission, UNREAD, "consent requested", TODAY, Span("s.yaml", 3))
    assert blinding(_report(gaps=(accepted,))) == ()
    late = _report(gaps=(accepted,), today=TODAY + timedelta(days=1))
    assert len(blinding(late)) == 1
    assert any(s.finding.subject.key.startswith("accepted-gap:") for s in late.open("fail"))
    assert [s.finding.outcome for s in _report(gaps=(accepted,)).settled if s.finding.rule == "GAP01"] == ["unknown"]


def test_severity_decides_what_counts() -> None:
    report = scanned(tenant("two-regions", "broken.json"), scenario("two-regions"))
    assert exit_code(report, "high", allow_gaps=False) is Exit.FINDINGS
    assert exit_code(report, "critical", allow_gaps=False) is Exit.CLEAN


def test_nothing_in_scope_is_three() -> None:
    """Trap 5."""
    empty = {"tenant": {"tenantId": "66666666-6666-6666-6666-666666666666"}, "graph": {}}
    report = scanned(empty, scenario("contoso"))
    assert exit_code(report, "never", allow_gaps=False) is Exit.INCOMPLETE


def test_a_baseline_tells_new_from_known_and_gone(tmp_path: Path) -> None:
    contents = baseline.contents(_report())
    (tmp_path / "b.json").write_text(json.dumps(contents), encoding="utf-8")
    known = baseline.read(tmp_path / "b.json")
    assert len(known) == len(contents["findings"]) > 20
    same = _report(known=known)
    assert {s.baseline for s in same.settled} == {"known"}
    assert (same.gone, same.unread) == ((), ())
    assert exit_code(same, "new", allow_gaps=True) is Exit.CLEAN
    mended = tenant("contoso")
    for resource in mended["resources"]:
        if resource["name"] == "mlw-vision-prod":
            resource["properties"]["publicNetworkAccess"] = "Disabled"
        if resource["name"] == "mlw-churn-prod":
            resource["properties"]["publicNetworkAccess"] = "Enabled"
    changed = _report(snapshot=snapshot_of(mended, [GAP]), known=known)
    assert [entry.rule for entry in changed.gone] == ["ACC13"]
    assert [s.finding.subject.name for s in changed.settled if s.baseline == "new"] == ["mlw-churn-prod"]
    assert exit_code(changed, "new", allow_gaps=True) is Exit.FINDINGS


def test_unread_is_never_gone() -> None:
    """Trap 6: a finding that could not be judged this time does not count as mended."""
    known = baseline.entries_of(_report())
    scope = "/subscriptions/66666666-aaaa-bbbb-cccc-666666666666"
    blind = snapshot_of(
        tenant("contoso"),
        [
            GAP,
            Coverage("workspace", scope, "forbidden", "Microsoft.MachineLearningServices/workspaces/read", status=403),
        ],
    )
    report = _report(snapshot=blind, known=known)
    assert "ACC13" not in {entry.rule for entry in report.gone}
    assert "ACC13" in {entry.rule for entry in report.unread}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"schema": 1, "kind": "x", "findings": []}',
        '{"schema": 9, "kind": "mlposture baseline", "findings": []}',
    ],
)
def test_a_foreign_baseline_is_one_message(content: str, tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match="baseline"):
        baseline.read(tmp_path / "b.json")


def test_no_single_unread_list_makes_a_finding_gone() -> None:
    """Trap 6, for every list that the rules could miss: nothing changed in the estate, so nothing is gone."""
    known = baseline.entries_of(_report(snapshot=snapshot_of(tenant("contoso"))))
    subscriptions = [f"/subscriptions/{s['subscriptionId']}" for s in tenant("contoso")["subscriptions"]]
    for kind in snapshot_of(tenant("contoso")).kinds:
        for scope in (*subscriptions, "tenant"):
            lost = Coverage(kind, scope, "forbidden", RECORDS[kind].permission, status=403)
            report = _report(snapshot=snapshot_of(tenant("contoso"), [lost]), known=known)
            assert report.gone == (), (kind, scope)


def test_a_narrower_scan_makes_nothing_gone() -> None:
    known = baseline.entries_of(_report())
    narrow = tenant("contoso")
    dropped = "66666666-aaaa-bbbb-cccc-666666666666"
    for key in ("subscriptions", "resourceGroups", "resources", "roleAssignments"):
        narrow[key] = [item for item in narrow[key] if dropped not in str(item)]
    report = _report(snapshot=snapshot_of(narrow, [GAP]), known=known)
    assert report.gone == ()
    assert {"ACC13", "SOD01"} <= {entry.rule for entry in report.unread}


def test_what_was_unknown_and_fails_now_is_new() -> None:
    known = tuple(replace(entry, outcome="unknown") for entry in baseline.entries_of(_report()))
    report = _report(known=known)
    assert {s.baseline for s in report.open("fail")} == {"new"}
    assert {s.baseline for s in report.open("unknown")} == {"known"}
    assert exit_code(report, "new", allow_gaps=True) is Exit.FINDINGS


def test_what_failed_and_is_unknown_now_could_not_be_judged_again() -> None:
    known = tuple(replace(entry, outcome="fail") for entry in baseline.entries_of(_report()))
    report = _report(known=known)
    assert {s.baseline for s in report.settled} == {"known"}
    assert {entry.fingerprint for entry in report.unread} == {s.finding.fingerprint for s in report.open("unknown")}


@pytest.mark.parametrize(("days", "said"), [(0, "ends on 2026-11-24, today;"), (1, "in 1 day;"), (9, "in 9 days;")])
def test_a_waiver_says_how_long_it_stands(days: int, said: str) -> None:
    report = _report(_waiver(until=TODAY + timedelta(days=days)))
    assert [said in s.finding.message for s in report.settled if s.finding.cause == "expiring"] == [True]


def test_an_expired_waiver_that_matches_nothing_brings_no_finding_back() -> None:
    report = _report(_waiver(on="/subscriptions/x", until=TODAY - timedelta(days=1)))
    said = {s.finding.cause: s.finding.message for s in report.settled if s.finding.rule == "SCN03"}
    assert set(said) == {"expired", "unused"} and "is back" not in said["expired"]


def test_an_accepted_gap_warns_before_it_ends() -> None:
    for days, warned in ((14, True), (15, False)):
        accepted = AcceptedGap(GAP.permission, UNREAD, "asked", TODAY + timedelta(days=days), Span("s.yaml", 3))
        causes = [s.finding.cause for s in _report(gaps=(accepted,)).settled if s.finding.rule == "SCN03"]
        assert ("expiring" in causes) is warned


def test_every_waiver_that_the_report_suggests_works(tmp_path: Path) -> None:
    """What -v prints is copied into a scenario: it must load, and waive just that finding."""
    buffer = io.StringIO()
    text.render(_report(), buffer, color="never", verbose=1, width=400)
    lines = re.findall(r"^      waive   (.*)$", buffer.getvalue(), re.MULTILINE)
    assert len(lines) == len([s for s in _report().open("fail") if s.rule.id != "SCN03"])
    whole = (FIXTURES / "contoso" / "scenario.yaml").read_text(encoding="utf-8").partition("waivers:")[0]
    path = tmp_path / "s.yaml"
    path.write_text(
        whole
        + "waivers:\n"
        + "".join(f"  - {{{w}, reason: r, approved-by: {OWNER}, until: 2027-06-01}}\n" for w in lines),
        encoding="utf-8",
    )
    report = _report(*load(path).waivers)
    assert report.open("fail") == ()


def test_a_store_that_nobody_found_ends_in_three_and_is_named() -> None:
    """ARM leaves out what the reader may not see, without a word: that is no reason to call the data well kept."""
    document = tenant("two-regions")
    document["resources"] = [r for r in document["resources"] if r["name"] != "stcoreprod"]
    report = scanned(document, scenario("two-regions"))
    assert {s.finding.rule for s in report.open("unknown")} == {"RES02", "RES06"}
    assert exit_code(report, "high", allow_gaps=False) is Exit.INCOMPLETE
    buffer = io.StringIO()
    text.render(report, buffer, color="never", exit_code=Exit.INCOMPLETE)
    assert "storageaccounts/stcoreprod is referred to and was not found" in buffer.getvalue()
    assert "exit code 3: 1 resource referred to could not be found; --allow-gaps forgives that" in buffer.getvalue()
    (run,) = json.loads(sarif.render(report))["runs"]
    notes = run["invocations"][0]["toolExecutionNotifications"]
    assert [(n["level"], "grant" in n["message"]["text"]) for n in notes if n["level"] != "note"] == [("error", False)]


def test_a_waiver_for_longer_than_the_policy_allows_does_not_hold() -> None:
    for longest, holds in ((60, True), (59, False), (None, True)):
        report = _report(replace(_waiver(), longest=longest, longest_critical=30))
        assert bool([s for s in report.settled if s.waiver]) is holds
        said = [s.finding.cause for s in report.settled if s.finding.rule == "SCN07"]
        assert said == ([] if holds else ["too-long"])


def test_a_waiver_that_the_owner_of_the_data_did_not_approve_is_told_of() -> None:
    """SCN07, whatever letters the name is written in; the waiver holds, since who approved it is a matter among people."""
    owner = {c.name: c.owner for c in scenario("contoso").data_classes}["live"]
    assert owner
    about = next(
        s.finding for s in _report().settled if s.finding.outcome == "fail" and "live" in s.finding.data_classes
    )
    for approver, right in ((owner.upper(), True), ("somebody@contoso.example", False)):
        report = _report(replace(_waiver(about.rule, about.subject.key), approved_by=approver))
        assert [s for s in report.settled if s.waiver]
        said = [s.finding for s in report.settled if s.finding.rule == "SCN07"]
        assert [f.cause for f in said] == ([] if right else ["owner:live"])
        assert all(owner in f.message and f.line == Span("s.yaml", 9) for f in said)


def test_a_waiver_of_a_critical_rule_has_a_policy_of_its_own(tmp_path: Path) -> None:
    text_ = (FIXTURES / "contoso" / "scenario.yaml").read_text(encoding="utf-8").partition("waivers:")[0]
    path = tmp_path / "s.yaml"
    waiver = "{rule: ACC13, on: /subscriptions/x, cause: any, reason: r, approved-by: a, until: 2027-01-01}"
    path.write_text(text_ + f"waiver-policy: {{longest: 180d, critical: 30d}}\nwaivers: [{waiver}]\n", encoding="utf-8")
    assert [(w.longest, w.longest_critical) for w in load(path).waivers] == [(180, 30)]


def test_no_waiver_is_called_unused_while_a_part_of_the_tree_is_out_of_sight() -> None:
    lost = Coverage(
        "resource-group", "/subscriptions/66666666-aaaa-bbbb-cccc-666666666666", "forbidden", "x/read", status=403
    )
    elsewhere = _waiver(on=KEY + "-of-which-nobody-knows")
    for gaps, said in (([GAP], ["unused"]), ([GAP, lost], [])):
        report = _report(elsewhere, snapshot=snapshot_of(tenant("contoso"), gaps))
        assert [s.finding.cause for s in report.settled if s.finding.rule == "SCN03"] == said
