"""Mistakes in rules are found at load, all of them at once, each with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner import data, yamlfile
from scanner.errors import UserError
from scanner.policy.load import arm_paths, from_document, load_rules
from scanner.policy.model import Rule
from scanner.policy.select import select
from tests.support.scan import rules as all_rules

GOOD = """\
id: ACC13
title: t
severity: high
why: w
fix: f
for: workspace
where: {stage: production}
must: {public-network-access: disabled}
message: "{subject} has {subject.public-network-access}"
examples:
  fails: [{case: on, nodes: {w: {kind: workspace, stage: production, public-network-access: enabled}}}]
  passes: [{case: off, nodes: {w: {kind: workspace, stage: production, public-network-access: disabled}}}]
  unknown: [{case: unread, nodes: {w: {kind: workspace, stage: production}}}]
"""


def _load(text: str, own: bool = False) -> Rule:
    return from_document(yamlfile.parse(text, "r.yaml"), "name", "access", own)


def _mistakes(text: str, own: bool = False) -> str:
    with pytest.raises(UserError) as caught:
        _load(text, own)
    return str(caught.value)


def test_a_good_rule_loads() -> None:
    assert _load(GOOD).subject == "workspace"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("fix: f", "fixx: f", "r.yaml:5:1: additional key `fixx`\n  help: did you mean `fix`?"),
        ("severity: high", "severity: severe", "r.yaml:3:11: `severe` is not one of `critical`, `high`, `medium`, `low`"),
        ("must: {public-network-access: disabled}", "must: {public-network-access: {within: [a]}}", "`within` is not a matcher; known: `in`, `at-most`"),
        ("for: workspace", "for: workspce", "r.yaml:6:6: `workspce` is not a kind of node\n  help: did you mean `workspace`?"),
        ("where: {stage: production}", "where: {stge: production}", "a `workspace` has no attribute `stge`\n  help: did you mean `stage`?"),
        ("where: {stage: production}", "where: {stage: prod}", "`prod` is not one of `exploration`, `development`, `test`, `production`"),
        ("where: {stage: production}", "where: {stage: {at-least: 2}}", "`at-least` does not fit `stage`, which is text"),
        ("where: {stage: production}", "where: {live: yes}", "`live` is `true` or `false`, not `yes`"),
        ("where: {stage: production}", "where: {stage: $scenario.x}", "`$scenario.x` stands for nothing"),
        ("where: {stage: production}", "where: {tags: x}", "has no attribute `tags`"),
        ("message: \"{subject} has {subject.public-network-access}\"", "message: \"{subjct}\"", "`{subjct}` in the message stands for nothing"),
        ("must: {public-network-access: disabled}", "every: {name: x}", "key `follow` is missing"),
        ("must: {public-network-access: disabled}", "must: {stage: test}\nsome: {stage: test}", "more than one expectation"),
        ("  unknown: [{case: unread, nodes: {w: {kind: workspace, stage: production}}}]\n", "", "no example under `unknown`"),
        ("{case: off, nodes: {w: {kind: workspace,", "{case: off, nodes: {w: {kind: workspce,", "`workspce` is not a kind of node"),
        ("must: {public-network-access: disabled}", "follow: [stored-in]\nto: region\nevery: {name: x}", "an edge `stored-in` never leaves a `workspace`; from there: "),
        ("must: {public-network-access: disabled}", "follow: [has-compute]\nto: region\nevery: {name: x}", "never lead from a `workspace` to a `region`"),
        ("must: {public-network-access: disabled}", "follow: [has-compute, compute-of]\nto: compute\nevery: {name: x}", "and its inverse"),
        ("where: {stage: production}", "where: {not: {}}", "r.yaml:7:14: an empty condition says nothing"),
        ("where: {stage: production}", "where: {any: [{}]}", "an empty condition says nothing"),
        ("where: {stage: production}", "where: {live: $subject.region}", "`$subject.region` is text, which does not fit here"),
        ("where: {stage: production}", "where: {region: {in: $subject.region}}", "`$subject.region` is text, which does not fit here"),
        ("where: {stage: production}", "where: {region: {matches: $subject.home-regions}}", "is a set of texts, which does not fit here"),
        ("where: {stage: production}", "where: {region: $subject.tags}", "is not for rules, which does not fit here"),
        ("where: {stage: production}", "where: {region: {present: $subject.live}}", "`present` takes `true` or `false`"),
        ("where: {stage: production}", "where: {region: {in: [$subject.home]}}", "`$subject.home` has no place in a list"),
        ("where: {stage: production}", "where: {arm:sku: {in: [[a]]}}", "a value is text, a number, or `true` or `false`"),
        ("where: {stage: production}", 'where: {"arm:ports[]": x}', "a plain value does not fit `arm:ports[]`, which is a set of texts"),
        ("where: {stage: production}", 'where: {"arm:ports[]": {includes: 22}}', "`arm:ports[]` is a set of texts, not `22`"),
        ("where: {stage: production}", 'where: {"arm:a[": x}', "`arm:a[` is not a path"),
        ("where: {stage: production}", "where: {arm:a..b: x}", "`arm:a..b` is not a path"),
        ('"{subject} has {subject.public-network-access}"', '"{subject.tags}"', "`{subject.tags}` in the message stands for nothing"),
        ("stage: production, public-network-access: disabled}", "stage: prod}", "`stage` is one of `exploration`"),
        ("stage: production, public-network-access: disabled}", "stage: production, live: 1}", "`live` is `true` or `false`"),
        ("stage: production, public-network-access: disabled}", "stage: {a: b}}", "`stage` is one of"),
        ("stage: production, public-network-access: disabled}", "home-regions: [{a: b}]}", "`home-regions` is a set of texts"),
        ("stage: production, public-network-access: disabled}", "arm:x: {a: b}}", "`arm:x` is text, a number"),
        ("for: workspace", "needs: [quota.headrom]\nfor: workspace", "r.yaml:6:9: `quota.headrom` is not a key of a scenario\n  help: did you mean `quota.headroom`?"),
        ("must: {public-network-access: disabled}", "follow: [located-in]\nto: workspace\nevery: {name: x}", "never lead from a `workspace` to a `workspace`"),
        ("id: ACC13", "id: ACME-ACC13", "has a prefix, which only rules of your own have"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place(old: str, new: str, said: str) -> None:
    text = GOOD.replace(old, new)
    assert text != GOOD
    assert said in _mistakes(text)


def test_all_mistakes_are_reported_at_once() -> None:
    text = _mistakes(
        GOOD.replace("stage: production}\nmust", "stge: production}\nmust").replace("{subject} has", "{subjct} has")
    )
    assert "stge" in text and "subjct" in text


def test_an_own_rule_needs_a_prefix_of_its_own() -> None:
    assert "needs a prefix of your own" in _mistakes(GOOD, own=True)
    assert _load(GOOD.replace("ACC13", "ACME-ACC13"), own=True).info.id == "ACME-ACC13"


def test_a_set_with_one_bad_rule_does_not_run_and_clashes_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD.replace("ACC13", "ACME-ACC13"), encoding="utf-8")
    assert "ACME-ACC13" in {rule.info.id for rule in load_rules([data.rules(), tmp_path])}
    (tmp_path / "b.yaml").write_text(GOOD.replace("ACC13", "ACME-ACC13"), encoding="utf-8")
    with pytest.raises(UserError, match="id `ACME-ACC13` is taken"):
        load_rules([data.rules(), tmp_path])


def test_a_rule_file_is_never_passed_over_in_silence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no rule file in"):
        load_rules([data.rules(), tmp_path])
    (tmp_path / "mine.yml").write_text(GOOD, encoding="utf-8")
    with pytest.raises(UserError, match=r"mine\.yml:1:1: a rule file ends in `\.yaml`"):
        load_rules([data.rules(), tmp_path])


def test_any_arm_property_can_be_asked_for() -> None:
    text = GOOD.replace(
        "for: workspace\nwhere: {stage: production}", "for: resource\nwhere: {type: Microsoft.Storage/storageAccounts}"
    )
    text = text.replace(
        "must: {public-network-access: disabled}", "must: {arm:properties.networkAcls.defaultAction: Deny}"
    )
    text = text.replace("{subject} has {subject.public-network-access}", "{subject}")
    rule = _load(text)
    assert rule.subject == "arm-resource"
    assert arm_paths([rule]) == {
        "microsoft.storage/storageaccounts": frozenset({"arm:properties.networkAcls.defaultAction"})
    }


def test_selecting_takes_ids_themes_severities_controls_and_globs() -> None:
    rules = all_rules()
    assert {r.info.id for r in select(rules, ["RES02"])} == {"RES02"}
    assert {r.info.theme for r in select(rules, ["quota"])} == {"quota"}
    assert {r.info.id[:3] for r in select(rules, ["sod"])} == {"SOD"}
    assert {r.info.severity for r in select(rules, ["critical"])} == {"critical"}
    wanted = {r.info.id for r in rules if r.info.id.startswith("RES0")} - {"RES02"}
    assert {r.info.id for r in select(rules, ["res0*"], ["RES02"])} == wanted
    assert all("MCSB:NS-2" in r.info.controls for r in select(rules, ["MCSB:NS-2"]))


def test_a_selector_that_matches_nothing_and_an_empty_selection_are_mistakes() -> None:
    rules = all_rules()
    with pytest.raises(UserError, match="`RES99` selects no rule"):
        select(rules, ["RES99"])
    with pytest.raises(UserError, match="no rule is left"):
        select(rules, ["RES02"], ["RES02"])
