"""No rule and no subject falls out of the count: a rule with a mistake stops the run, and what could not be judged is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scanner import data
from scanner.errors import UserError
from scanner.findings import Report
from scanner.policy.load import load_rules
from scanner.policy.select import select
from scanner.render import json_report
from scanner.snapshot import Coverage
from tests.support.command import run
from tests.support.scan import rules, scanned, scenario, tenant

_BLIND = [
    Coverage(kind, "tenant", "forbidden", status=403)
    for kind in ("role-assignment", "storage-account", "group-member", "datastore", "compute")
]
_RULE = """\
id: ACME-ACC99
title: t
severity: high
why: w
fix: f
for: workspace
{where}: {{stage: production}}
must: {{public-network-access: {value}}}
message: "{{subject}}"
examples:
  fails: [{{case: on, nodes: {{w: {{kind: workspace, stage: production, public-network-access: enabled}}}}}}]
  passes: [{{case: off, nodes: {{w: {{kind: workspace, stage: production, public-network-access: disabled}}}}}}]
  unknown: [{{case: unread, nodes: {{w: {{kind: workspace, stage: production}}}}}}]
"""


def _own(folder: Path, where: str = "where", value: str = "disabled") -> Path:
    (folder / "access").mkdir()
    (folder / "access" / "mine.yaml").write_text(_RULE.format(where=where, value=value), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("where", "value"), [("wher", "disabled"), ("where", "disbled"), ("where", "{eqals: disabled}")]
)
def test_one_rule_with_a_typo_stops_the_run_and_is_not_left_out_or_left_without_its_filter(
    where: str, value: str, tmp_path: Path
) -> None:
    """Trap 4."""
    with pytest.raises(UserError, match=r"mine\.yaml:"):
        load_rules([data.rules(), _own(tmp_path, where, value)])
    result = run("scan", "--demo", "--rules", str(tmp_path))
    assert result.returncode == 2
    assert "mine.yaml:" in result.stderr and "rules passed" not in result.stdout


def test_the_same_rule_without_the_typo_is_judged(tmp_path: Path) -> None:
    """Trap 4, the other half: the run above stops for the typo and for nothing else."""
    assert "ACME-ACC99" in {rule.info.id for rule in load_rules([data.rules(), _own(tmp_path)])}


@pytest.mark.parametrize("words", [["--select", "RES99"], ["--select", "RES01", "--ignore", "RES01"], ["--ignore", "nothing-like-this"]])  # fmt: skip
def test_a_selection_that_leaves_nothing_or_names_nothing_is_no_success(words: list[str]) -> None:
    """Trap 4."""
    result = run("scan", "--demo", *words)
    assert result.returncode == 2 and "rules passed" not in result.stdout
    with pytest.raises(UserError):
        select(rules(), ["RES01"], ["RES01"])


@pytest.fixture(scope="module", params=["whole", "blind"])
def report(request: pytest.FixtureRequest) -> Report:
    return scanned(tenant("contoso"), scenario("contoso"), _BLIND if request.param == "blind" else ())


def test_every_rule_has_one_verdict_and_every_subject_is_in_one_count(report: Report) -> None:
    """Trap 8: what could not be evaluated is unknown and counted as that, so no score looks complete that is not."""
    assert {r.rule.id for r in report.results} == {rule.info.id for rule in rules()} and len(report.results) == len(
        rules()
    )
    for result in report.results:
        subjects = {finding.subject.key for finding in result.findings}
        if result.rule.decided_by == "graph" and not result.not_applicable:
            assert result.passed + len(subjects) >= result.judged >= result.passed, result.rule.id
        if result.verdict == "pass":
            assert result.passed == result.judged and not result.findings, result.rule.id


def test_the_machine_report_tells_all_of_them(report: Report) -> None:
    """Trap 8."""
    written = json.loads(json_report.render(report))
    verdicts = [rule["verdict"] for rule in written["rules"]]
    assert len(verdicts) == len(rules()) and set(verdicts) <= {"fail", "unknown", "pass", "not-applicable"}
    counts = written["summary"]
    assert counts["passed"] == verdicts.count("pass") and counts["not-applicable"] == verdicts.count("not-applicable")
    told = [finding for finding in written["findings"] if finding["outcome"] == "unknown" and not finding.get("waiver")]
    assert counts["unknown"] == len(told)


def test_what_nobody_could_read_takes_rules_out_of_those_that_pass() -> None:
    """Trap 8."""
    whole, blind = (scanned(tenant("contoso"), scenario("contoso"), gaps) for gaps in ((), _BLIND))
    passed = [{r.rule.id for r in one.results if r.verdict == "pass"} for one in (whole, blind)]
    unknown = {r.rule.id for r in blind.results if r.verdict in ("unknown", "fail")}
    assert passed[0] - passed[1] and passed[0] - passed[1] <= unknown
