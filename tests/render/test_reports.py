"""Every output of the Contoso demo, byte for byte; the contracts they keep; and names that try to break them."""

from __future__ import annotations

import io
import json
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from msgspec.structs import replace as changed

from scanner import data
from scanner.errors import Exit, Span
from scanner.findings import Report
from scanner.render import json_report, sarif, text
from scanner.render.safe import scrub
from scanner.render.write import write_text
from scanner.snapshot import Coverage
from tests.support.scan import scanned, scenario, tenant
from tests.support.tenants import snapshot_of
from tests.tenants.test_tenants import UNREAD

HERE = Path(__file__).parent
GOLDEN = HERE.parent.parent / "reports" / "samples"
HOSTILE = [
    "[/red][bold]x", "\x1b]0;owned\x07\x1b[2J", "a\u202eb\u200bc", "=cmd|'/c calc'!A0", "</script><script>alert(1)</script>", "::error::x",
    "line\nbreak\rreturn", "\x9b31m", "'\"`$(id)`", "x" * 10_000, "\U000e0041\ud7ff", ":smile:", "%0a::warning::y", "{subject}", "",
    "##vso[task.setvariable variable=a]b", "###[error]x", "a ::set-output::b", "e", "prod",
]  # fmt: skip


@cache
def contoso() -> Report:
    gap = Coverage(
        "data-asset", UNREAD, "forbidden", "Microsoft.MachineLearningServices/workspaces/data/read", status=403
    )
    report = scanned(tenant("contoso"), scenario("contoso"), [gap])
    times: dict[str, Any] = {
        "started": "2026-11-24T10:00:00Z",
        "finished": "2026-11-24T10:00:02Z",
        "identity": "8601b6ec-9b16-586a-b840-a6cc66aa5de6",
    }
    return replace(report, source=replace(report.source, snapshot="contoso", **times))


def _text(report: Report, **options: Any) -> str:
    buffer = io.StringIO()
    text.render(report, buffer, color=options.pop("color", "never"), width=140, exit_code=Exit.FINDINGS, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(("name", "make"), [
    ("demo.txt", _text), ("demo.json", lambda r: json_report.render(r, exit_code=1) + "\n"), ("demo.sarif", lambda r: sarif.render(r, exit_code=1) + "\n"),
])  # fmt: skip
def test_the_demo_reads_as_it_did(name: str, make: Any, request: pytest.FixtureRequest) -> None:
    path = GOLDEN / name
    made = make(contoso())
    if request.config.getoption("--update-golden"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made, encoding="utf-8")
    assert made == path.read_text(encoding="utf-8"), "look at the difference, then `pytest --update-golden`"


def test_the_json_report_keeps_its_contract() -> None:
    schema = json.loads((data.reports() / "report.schema.json").read_text(encoding="utf-8"))
    document = json.loads(json_report.render(contoso(), exit_code=1))
    jsonschema_rs.validator_for(schema).validate(document)
    with pytest.raises(jsonschema_rs.ValidationError):
        jsonschema_rs.validator_for(schema).validate({**document, "surprise": 1})
    waived = next(f for f in document["findings"] if f["waiver"])
    step = next(f for f in document["findings"] if f["chains"])["chains"][0]["steps"][0]
    for inner in (waived["waiver"], step, waived["line"]):
        inner["surprise"] = 1
        with pytest.raises(jsonschema_rs.ValidationError):
            jsonschema_rs.validator_for(schema).validate(document)
        del inner["surprise"]
    jsonschema_rs.validator_for(schema).validate(document)


# -- SARIF --------------------------------------------------------------------------------------------------------


def _sarif(report: Report | None = None, **options: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(sarif.render(report or contoso(), exit_code=1, **options))
    return document


def test_sarif_is_valid_by_the_official_schema() -> None:
    schema = json.loads((HERE / "data" / "sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
    validator = jsonschema_rs.validator_for(schema)
    for options in ({}, {"chains": False}, {"people": "names"}, {"category": "nightly"}):
        validator.validate(_sarif(**options))


def test_every_result_has_what_dashboards_demand() -> None:
    """Trap 31: a location with four numbers, a relative address, our own fingerprint; no passes, no waived results."""
    (run,) = _sarif()["runs"]
    rules = run["tool"]["driver"]["rules"]
    prints = set()
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["kind"] == "fail" and result["level"] in ("error", "warning", "note")
        (location,) = result["locations"]
        physical = location["physicalLocation"]
        assert (
            not physical["artifactLocation"]["uri"].startswith(("/", ".", "file:"))
            and " " not in physical["artifactLocation"]["uri"]
        )
        assert set(physical["region"]) == {"startLine", "startColumn", "endLine", "endColumn"}
        (logical,) = location["logicalLocations"]
        assert run["logicalLocations"][logical["index"]] == logical
        prints.add(result["partialFingerprints"]["primaryLocationLineHash"])
        assert result["message"]["text"].endswith(".")
    assert len(prints) == len(run["results"]) == len(contoso().open("fail"))
    assert not any("suppressions" in result or "baselineState" in result for result in run["results"])


def test_every_rule_is_listed_with_its_score() -> None:
    (run,) = _sarif()["runs"]
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert set(rules) == {result.rule.id for result in contoso().results}
    for rule in rules.values():
        assert rule["properties"]["security-severity"] in ("9.5", "8.0", "5.5", "2.0")
        assert rule["properties"]["tags"][0] == "security" and len(rule["properties"]["tags"]) <= 10
        assert 0 < len(rule["shortDescription"]["text"]) <= 1024 and rule["help"]["text"]


def test_what_was_not_read_is_an_error_notification_and_never_silence() -> None:
    """Trap 6: a consumer can see that results may be incomplete."""
    (run,) = _sarif()["runs"]
    (invocation,) = run["invocations"]
    errors = [n for n in invocation["toolExecutionNotifications"] if n["level"] == "error"]
    assert len(errors) == 1 and "data-asset" in errors[0]["message"]["text"]
    assert invocation["exitCode"] == 1 and invocation["executionSuccessful"] is True
    assert [n["level"] for n in invocation["toolConfigurationNotifications"]] == ["warning"]
    assert run["automationDetails"]["id"].startswith("mlposture/contoso/")


def test_people_are_object_ids_unless_asked() -> None:
    """Trap 38: everybody who reads the repository can open the file."""
    names = [user["displayName"] for user in tenant("contoso")["graph"]["users"]]
    for quiet in (sarif.render(contoso()), sarif.render(contoso(), chains=False)):
        shown = json.loads(quiet)["runs"][0]
        words = json.dumps([shown["results"], shown["logicalLocations"]]).replace("-", " ").split()
        assert not {name for name in names if name in words}
        assert "grp-churn-mle-prod is" not in quiet
    assert "Maya" in sarif.render(contoso(), people="names")


@pytest.mark.parametrize("name", ["e", "prod", "a0d5b923", "(Maya)", "Maya.", "x.y z"])
def test_hiding_a_name_leaves_other_words_alone(name: str) -> None:
    (run,) = json.loads(sarif.render(_with_name(name)))["runs"]
    (plain,) = json.loads(sarif.render(_with_name("Somebody")))["runs"]
    said = {r["guid"]: r["message"]["text"] for r in plain["results"]}
    assert {r["guid"]: r["message"]["text"] for r in run["results"]} == said


def test_a_verdict_that_needs_a_person_is_a_warning_and_an_unseen_estate_an_error() -> None:
    notes = _sarif()["runs"][0]["invocations"][0]["toolExecutionNotifications"]
    assert [n["message"]["text"].split(" could")[0] for n in notes if n["level"] == "warning"] == [
        "1 verdict of ACC01",
        "1 verdict of SOD12",
    ]
    report = contoso()
    for source in (replace(report.source, partial=True), replace(report.source, counts={})):
        notes = _sarif(replace(report, source=source))["runs"][0]["invocations"][0]["toolExecutionNotifications"]
        assert "run-incomplete" in [n["descriptor"]["id"] for n in notes if n["level"] == "error"]
    descriptors = _sarif()["runs"][0]["tool"]["driver"]["notifications"]
    assert all(descriptors[n["descriptor"]["index"]]["id"] == n["descriptor"]["id"] for n in notes)


def test_chains_can_be_left_out() -> None:
    (run,) = _sarif(chains=False)["runs"]
    assert not any("codeFlows" in result for result in run["results"])
    assert any("codeFlows" in result for result in _sarif()["runs"][0]["results"])


def test_too_many_results_keep_the_worst_and_say_so() -> None:
    """Trap 31: what is cut are the least severe."""
    report = contoso()
    many = replace(report, settled=tuple(s for s in report.settled for _ in range(200)))
    (run,) = _sarif(many)["runs"]
    assert len(run["results"]) == sarif.MOST_RESULTS < len(many.open("fail"))
    severe = Counter(s.rule.id for s in many.open("fail") if s.rule.severity in ("critical", "high"))
    assert severe <= Counter(result["ruleId"] for result in run["results"])
    assert any("worst" in n["message"]["text"] for n in run["invocations"][0]["toolExecutionNotifications"])


# -- hostile names ------------------------------------------------------------------------------------------------


def _with_name(name: str) -> Report:
    document = tenant("contoso")
    for user in document["graph"]["users"]:
        if user["displayName"] in ("Maya", "Lena", "Gus"):
            user["displayName"] = name
    for group in document["graph"]["groups"]:
        if group["displayName"] == "grp-release-override":
            group["displayName"] = name
    return scanned(document, scenario("contoso"))


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_name_breaks_no_output(name: str) -> None:
    """Trap 30."""
    report = _with_name(name)
    assert len(report.open("fail")) == len(contoso().open("fail"))
    printed = _text(report, verbose=2, color="always")
    plain = printed.replace("\x1b[", "")
    assert not any((ord(c) < 32 and c not in "\n\x1b") or 0x7F <= ord(c) < 0xA0 for c in printed)
    assert "\x1b]" not in printed and "\u202e" not in printed and "\U000e0041" not in printed
    assert not any(line.lstrip().startswith("::") for line in plain.splitlines())
    for made in (printed, json_report.render(report), sarif.render(report, people="names")):
        assert "##[" not in made and "##vso[" not in made
    assert json_report.render(report).isascii() and sarif.render(report, people="names").isascii()
    json.loads(json_report.render(report))
    for result in json.loads(sarif.render(report, people="names"))["runs"][0]["results"]:
        assert not any(ord(c) < 32 for c in result["message"]["text"])
        assert len(result["message"]["text"]) < 5000


def test_scrubbing_shows_what_it_hides() -> None:
    assert scrub("a\x1b[2Jb\u202ec\x9b") == "a\\x1b[2Jb\\u202ec\\x9b"
    assert len(scrub("x" * 10_000)) == 512


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("color", "environment", "terminal", "coloured"), [
    ("auto", {}, True, True), ("auto", {}, False, False), ("auto", {"TERM": "dumb"}, True, False), ("auto", {"NO_COLOR": "1"}, True, False),
    ("auto", {"NO_COLOR": ""}, True, True), ("auto", {"FORCE_COLOR": "1"}, False, True), ("auto", {"CLICOLOR_FORCE": "1"}, False, True),
    ("auto", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, True), ("auto", {"FORCE_COLOR": "0"}, False, False),
    ("always", {"NO_COLOR": "1", "TERM": "dumb"}, False, True), ("never", {"FORCE_COLOR": "1"}, True, False),
])  # fmt: skip
def test_colour_is_decided_by_option_then_environment_then_terminal(
    color: str, environment: dict[str, str], terminal: bool, coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    stream = _Terminal() if terminal else io.StringIO()
    text.render(contoso(), stream, color=color)
    assert ("\x1b[1;31mRES02 critical" in stream.getvalue()) is coloured
    assert ("\x1b" in stream.getvalue()) is coloured


@pytest.mark.parametrize("columns", ["abc", "", "0", "-3", "1e3", "1", "9", "25", "40", "999999999999"])
def test_no_width_loses_a_word(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    buffer = io.StringIO()
    monkeypatch.setenv("COLUMNS", columns)
    text.render(contoso(), buffer, color="never", exit_code=Exit.FINDINGS)
    assert buffer.getvalue().split() == _text(contoso()).split()


def test_a_stream_that_carries_only_ascii_gets_ascii() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    text.render(contoso(), stream, color="never", exit_code=Exit.FINDINGS)
    stream.flush()
    assert b"RES02 critical" in raw.getvalue()


def test_ids_are_never_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    buffer = io.StringIO()
    text.render(contoso(), buffer, color="never")
    assert "/subscriptions/66666666-aaaa-bbbb-cccc-666666666666/resourceGroups/rg-pricing-prod" in buffer.getvalue()


def test_reports_are_private_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    write_text(path, "x")
    write_text(path, "y")
    assert path.read_text(encoding="utf-8") == "y\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["out.json"]


def test_the_same_snapshot_gives_the_same_bytes() -> None:
    one, other = (scanned(tenant("contoso"), scenario("contoso")) for _ in range(2))
    assert json_report.render(one) == json_report.render(other)
    assert sarif.render(one) == sarif.render(other)
    assert snapshot_of(tenant("contoso")).manifest.counts == snapshot_of(tenant("contoso")).manifest.counts


def test_the_order_in_which_azure_answers_changes_no_byte() -> None:
    turned = tenant("contoso")
    for rows in (*turned.values(), *turned["graph"].values()):
        if isinstance(rows, list):
            rows.reverse()
    one, other = (scanned(document, scenario("contoso")) for document in (tenant("contoso"), turned))
    assert sarif.render(one) == sarif.render(other)
    assert json_report.render(one) == json_report.render(other)


@pytest.mark.parametrize(("file", "address"), [
    ("./a b/ü.yaml", "a%20b/%C3%BC.yaml"), ("a/../b.yaml", "b.yaml"), ("./../up/x.yaml", "x.yaml"), ("/abs/x.yaml", "x.yaml"),
    ("C:\\x\\s.yaml", "s.yaml"), ("sub\\x.yaml", "sub/x.yaml"), ("a:b.yaml", "a%3Ab.yaml"), ("x\udcff.yaml", "x%FF.yaml"),
])  # fmt: skip
def test_an_address_is_relative_and_plain_however_the_file_was_named(file: str, address: str) -> None:
    settled = tuple(changed(s, finding=changed(s.finding, line=Span(file, 3, 4))) for s in contoso().settled)
    (run,) = _sarif(replace(contoso(), scenario_file=file, settled=settled))["runs"]
    places = {r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in run["results"]}
    assert places == {address}


@pytest.mark.parametrize(
    ("category", "id_"),
    [("nightly", "nightly"), ("a/b/", "a/b"), ("/", "mlposture/contoso"), (None, "mlposture/contoso")],
)
def test_a_category_ends_before_the_time_of_the_run(category: str | None, id_: str) -> None:
    assert _sarif(category=category)["runs"][0]["automationDetails"]["id"] == f"{id_}/2026-11-24T10-00-02Z"


def test_what_is_special_about_subscriptions_is_said_in_every_report() -> None:
    """A disabled, delegated or foreign subscription is named, never silently read or passed over."""
    said = "subscription sub-old (1) is disabled; what it still shows was read"
    report = contoso()
    report = replace(report, source=replace(report.source, notes=(said, "hostile \x1b[31m")))
    assert f"note: {said}" in _text(report) and "\x1b" not in _text(report)
    assert json.loads(json_report.render(report, exit_code=1))["source"]["notes"][0] == said
