"""Scenarios that cannot hold are found before anything is scanned, each with its line and a suggestion; sound ones are left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner import data, regions, yamlfile
from scanner.errors import Span
from scanner.findings import Finding, Gap
from scanner.graph import located
from scanner.graph.estate import Estate
from scanner.regions import Listed
from scanner.scenario import ingredients
from scanner.scenario.check import Summary, lines, summary
from scanner.scenario.coherence import findings
from scanner.scenario.load import PATTERNS, from_document, load
from tests.support.scan import FIXTURES, report_of, tenant
from tests.support.scan import rules as all_rules
from tests.support.tenants import snapshot_of

SHIPPED = {path.stem: path.read_text(encoding="utf-8") for path in data.scenarios().glob("*.yaml")}


def _said(text: str) -> list[Finding]:
    return list(findings(from_document(yamlfile.parse(text, "s.yaml"))))


def _line(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if part in line)


@pytest.mark.parametrize("path", sorted([*data.scenarios().glob("*.yaml"), *FIXTURES.glob("*/scenario.yaml")]), ids=lambda p: f"{p.parent.name}/{p.name}")  # fmt: skip
def test_every_shipped_scenario_holds(path: Path) -> None:
    assert list(findings(load(path))) == []


def test_every_pattern_has_ingredients() -> None:
    assert set(ingredients.PATTERNS) == set(PATTERNS)


# pattern, text that is replaced in its shipped file, what by, the part of it that is said to lack
_WITHOUT = [
    ("single-environment", "environments:\n", "environments:\n  second: {stage: test, match: {name: [x]}}\n", "one"),
    ("multi-environment", "release: {", "catalogues: []\n#", "release"),
    ("multi-environment", "  production:  {match", "  production:  {stage: test, match", "production"),
    ("limited-and-production", "masked, ledger], default-class: ledger", "masked], default-class: masked", "data"),
    ("limited-and-production", "to: production", "to: london", "flows"),
    ("regional-training", "store, train, serve, log], data: [claims-ch]", "store, serve, log], data: [claims-ch]", "training"),
    ("regional-serving", ", audience: [Australia]", "", None),
    ("regional-serving", "store, train, serve, log], data: [behaviour-eu], audience: [Europe]", "store, serve, log], data: [behaviour-eu], audience: [Europe]", "core"),
    ("regional-serving", "  - {what: model, from: core, to: australia, class: behaviour-eu, becomes: public, approved-by: grp-model-board}\n", "", "models"),
    ("regional-fine-tuning", "store, fine-tune, serve, log], data: [patient-no]", "store, serve, log], data: []", None),
    ("regional-fine-tuning", "catalogues: [{registry: azureml, may: [base-model, environment]}]\n", "", None),
    ("contoso", "  exploration: {match", "  exploration: {stage: test, match", "exploration"),
    ("contoso", "  cost-tag: solution\n", "", "cost-tag"),
    ("contoso", "  created-by: [grp-it-administrators, id-it-vending]\n", "", "created-by"),
    ("contoso", "flows:\n", "flows:\n  - {what: image, from: contoso, to: north}\n", "region"),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "old", "new", "lacking"), _WITHOUT, ids=lambda v: str(v)[:24])
def test_a_pattern_without_an_ingredient_is_named(pattern: str, old: str, new: str, lacking: str | None) -> None:
    text = SHIPPED[pattern]
    assert old in text
    if lacking == "region":
        text = text.replace("\nsites:\n", "\nsites:\n  north: {region: northeurope, does: [train, serve]}\n")
    text = text.replace(old, new)
    said = [f for f in _said(text) if f.rule == "SCN01"]
    assert [f.cause for f in said] == ([f"{pattern}|{lacking}"] if lacking else [])
    for finding in said:
        assert finding.line is not None and finding.line.line == _line(text, "pattern:") and finding.fix


def test_a_combination_must_hold_the_ingredients_of_both() -> None:
    text = SHIPPED["multi-environment"].replace(
        "pattern: multi-environment", "pattern: [multi-environment, regional-serving]"
    )
    assert [f.cause for f in _said(text)] == ["regional-serving|audience"]


_FLOWS = [
    ("{what: model, from: core, to: core}", "SCN05", "nowhere"),
    ("{what: logs, from: australia, to: attic}", "SCN05", "target"),
    ("{what: image, from: cellar, to: core}", "SCN05", "source"),
    ("{what: model, from: australia, to: core, class: behaviour-eu, approved-by: g}", "SCN05", "class"),
    ("{what: data, from: australia, to: core, class: inference-au, approved-by: g}", "SCN05", "home"),
    ("{what: data, from: australia, to: core, class: inference-au, becomes: public, approved-by: g}", None, ""),
    ("{what: data, from: production, to: development, class: inference-au, approved-by: g}", "SCN05", "admitted"),
    ("{what: data, from: australia, to: core, class: inference-au, becomes: public}", "SCN06", "approver"),
    ("{what: model, from: core, to: australia, class: public}", None, ""),
    ("{what: code, from: development, to: production}", None, ""),
    ("{what: metrics, from: australia, to: core}", None, ""),
]


@pytest.mark.parametrize(("flow", "rule", "cause"), _FLOWS)
def test_a_flow_that_cannot_happen_or_that_nobody_approves(flow: str, rule: str | None, cause: str) -> None:
    text = SHIPPED["regional-serving"].replace("\nflows:\n", f"\n  attic: {{region: northeurope, does: [store]}}\n  cellar: {{region: northeurope, does: [log]}}\n\nflows:\n  - {flow}\n")  # fmt: skip
    text = text.replace("data: [behaviour-eu], audience", "data: [public, behaviour-eu], audience")
    said = _said(text)
    assert [(f.rule, f.cause) for f in said] == ([(rule, cause)] if rule else [])
    for finding in said:
        assert finding.line is not None and finding.line.line == _line(text, flow) and finding.fix


def test_an_end_that_is_no_place_is_a_mistake_at_load() -> None:
    from scanner.errors import UserError

    with pytest.raises(UserError, match="`nowhere` is not a site or an environment"):
        _said(SHIPPED["regional-serving"].replace("to: australia}", "to: nowhere}"))


_ELSEWHERE = [
    ("regional-training", "store, train, serve, log], data: [claims-ch]", "store, serve, log], data: [claims-ch]", "SCN08", "no-training"),
    ("regional-serving", "does: [store, serve, serve-batch, log]", "does: [store, log]", "SCN09", "no-serving"),
    ("regional-serving", "region: australiaeast", "region: japaneast", "SCN11", "class:inference-au"),
    ("contoso", "sampled], default-class: public}\n  qa", "sampled, live], default-class: public}\n  qa", "SCN12", "class:live"),
    ("contoso", "duties: [train], reads: [public, sampled]", "duties: [train], reads: [public, live]", "SCN12", "class:live"),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "old", "new", "rule", "cause"), _ELSEWHERE)
def test_what_contradicts_itself_is_named_at_its_line(pattern: str, old: str, new: str, rule: str, cause: str) -> None:
    assert SHIPPED[pattern].count(old) == 1
    text = SHIPPED[pattern].replace(old, new)
    found = [f for f in _said(text) if f.rule == rule]
    assert [f.cause for f in found] == [cause]
    assert all(f.line is not None and f.line.line == _line(text, new.splitlines()[0]) and f.fix for f in found)


_RETAIL = "  incident-team:\n"
_GROUPS = [
    ("  x: {production: {group: grp-ds-dev, duties: [release]}}\n", "does not release to production"),
    ("  x: {production: {group: GRP-MLE-TEST, duties: [release]}}\n", "whoever approves a release does not make it"),
    ("  x: {production: {group: g, duties: [approve, release]}}\n", "whoever approves a release does not make it"),
    ("  x: {development: {group: grp-ml-platform, duties: [train]}}\n", "whoever trains does not share out the quota"),
    ("  x: {production: {workload: id-ml-release, duties: [train]}}\n", "what releases does not train"),
    (
        "  x: {production: {group: grp-ml-incident, duties: [observe], by: standing}}\n",
        "eligible by one row and standing",
    ),
    ("  x: {production: {group: grp-other, duties: [release]}}\n", ""),
    ("  x: {test: {group: grp-ds-dev, duties: [observe]}}\n", ""),
]


@pytest.mark.parametrize(("row", "why"), _GROUPS)
def test_a_group_with_contradicting_roles_is_named_at_a_row(row: str, why: str) -> None:
    text = SHIPPED["multi-environment"].replace("\nrelease: {", f"\n{row}\nrelease: {{").replace("\n\n  x:", "\n  x:")
    said = [f for f in _said(text) if f.rule == "SCN10"]
    assert bool(said) is bool(why)
    assert not why or any(why in f.message for f in said)
    assert all(
        f.line is not None and f.line.line in (_line(text, row.strip()), _line(text, "incident-team") + 1) for f in said
    )
    assert len({f.fingerprint for f in said}) == len(said)


def test_a_region_nobody_places_is_named() -> None:
    base = SHIPPED["multi-environment"]
    for entry, causes in (
        ("mars: {}", ["unplaced"]),
        ("mars: {country: Denmark}", []),
        ("westeurope: {country: Norway}", ["elsewhere"]),
    ):
        text = base + f"regions: {{{entry}}}\n"
        said = [f for f in _said(text) if f.rule == "SCN04"]
        assert [f.cause for f in said] == causes
        assert all(f.line is not None and f.line.line == _line(text, "regions: {") and f.fix for f in said)


def test_check_names_a_region_that_the_estate_uses_and_no_table_has() -> None:
    estate = Estate()
    place = estate.add("region", "marsnorth", "marsnorth")
    workspace = estate.add("workspace", "/subscriptions/s/w", "w")
    estate.connect(workspace, "located-in", place)
    text = SHIPPED["multi-environment"]
    assert [
        p.cause for p in summary(estate, from_document(yamlfile.parse(text, "s.yaml"))).problems if p.rule == "SCN04"
    ] == ["unplaced"]
    placed = from_document(yamlfile.parse(text + "regions: {Mars North: {country: Denmark}}\n", "s.yaml"))
    assert [p for p in summary(estate, placed).problems if p.rule == "SCN04"] == []


def test_check_holds_the_regions_it_counts_on_against_azures_list() -> None:
    """In use or in a home; regions that only Azure lists are told of beside the problems."""
    text = SHIPPED["multi-environment"] + "regions: {usgovvirginia: {country: United States}}\n"
    scenario = from_document(yamlfile.parse(text, "s.yaml"))
    home = min(r for c in scenario.data_classes if c.home for r in c.home.regions if regions.region(r))
    known = regions.region(home)
    assert known is not None
    live = Listed(home, "Atlantis", known.pair)

    def found(*listed: Listed, gap: bool = False) -> Summary:
        estate = Estate()
        estate.listed.update({region.name: region for region in listed})
        estate.connect(estate.add("workspace", "/subscriptions/s/w", "w"), "located-in", located.region(estate, home))
        if gap:
            estate.add_gap(Gap("location", "/subscriptions/s", "P/read", "forbidden"))
        return summary(estate, scenario)

    def said(found: Summary) -> list[tuple[str, str]]:
        return [(p.cause, p.outcome) for p in found.problems if p.rule == "SCN04"]

    assert said(found(live)) == [("listed otherwise", "fail")]
    assert said(found(Listed(home, known.geography, known.pair), Listed("marscentral", "Mars", None))) == []
    assert said(found(gap=True)) == [("unread", "unknown")] and said(found(live, gap=True)) == [
        ("listed otherwise", "fail")
    ]
    canary = found(Listed("marscentral", "Mars", None))
    assert canary.matched is not None and canary.matched.unlisted == ("marscentral",)
    assert any("not in the shipped table of regions: marscentral" in line for line in lines(canary))


def test_a_scan_says_them_as_findings_and_a_copied_waiver_settles_one() -> None:
    text = SHIPPED["multi-environment"].replace("\nrelease: {", "\n  Odd: {production: {group: grp-ds-dev, duties: [release]}}\n\nrelease: {").replace("\n\n  Odd", "\n  Odd")  # fmt: skip

    def said(more: str = "") -> list[tuple[Finding, bool]]:
        scenario = from_document(yamlfile.parse(text + more, "s.yaml"))
        report = report_of(snapshot_of(tenant("multi-environment")), scenario)
        return [(s.finding, s.waiver is not None) for s in report.settled if s.finding.rule == "SCN10"]

    ((finding, waived),) = said()
    assert not waived and finding.line == Span("s.yaml", _line(text, "Odd"), 9)
    waiver = f"{{rule: SCN10, on: '{finding.subject.key}', cause: '{finding.cause}', reason: r, approved-by: a, until: 2027-01-01}}"
    assert [waived for _, waived in said(f"waivers: [{waiver}]\n")] == [True]


def test_every_rule_of_coherence_has_a_page() -> None:
    known = {rule.info.id: rule for rule in all_rules()}
    for number in (1, 4, 5, 6, 7, 8, 9, 10, 11, 12):
        assert known[f"SCN{number:02}"].info.decided_by in ("load", "settle")
