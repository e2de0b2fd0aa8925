"""The JSON Schemas that editors use: they accept every shipped file and refuse wrong ones, by another validator than our own too."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from scanner import data, yamlfile
from scanner.policy.load import THEMES
from tests.support.scan import FIXTURES

Document = dict[str, Any]
Change = Callable[[Document], object]
SCHEMAS = {
    name: json.loads((data.rules() / "schema" / f"{name}.schema.json").read_text(encoding="utf-8"))
    for name in ("rule", "scenario", "config")
}
RULES = sorted(path for theme in THEMES for path in (data.rules() / theme).rglob("*.yaml"))
SCENARIOS = sorted([*data.scenarios().glob("*.yaml"), *FIXTURES.glob("*/scenario.yaml")])


def _valid(name: str, value: object) -> bool:
    """By the validator that accepts and by the one that explains, which must agree."""
    explained = yamlfile._validator(yamlfile.schema(name)).is_valid(value)
    accepted = jsonschema_rs.validator_for(SCHEMAS[name]).is_valid(value)
    assert accepted == explained
    assert bool(yamlfile.check(yamlfile.Document("x", value, {}, {}), yamlfile.schema(name))) is not accepted
    return accepted


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_one_itself_and_says_what_it_is_for(name: str) -> None:
    schema = SCHEMAS[name]
    assert jsonschema_rs.meta.is_valid(schema)
    assert schema["$schema"].endswith("/draft/2020-12/schema") and schema["title"] and schema["description"]


@pytest.mark.parametrize("path", RULES, ids=lambda p: p.stem)
def test_every_shipped_rule_is_accepted(path: Path) -> None:
    assert _valid("rule", yamlfile.read(path).value)


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_every_shipped_scenario_is_accepted_and_names_its_schema(path: Path) -> None:
    assert _valid("scenario", yamlfile.read(path).value)
    first = path.read_text(encoding="utf-8").splitlines()[0]
    mark, _, schema = first.partition("$schema=")
    assert mark == "# yaml-language-server: "
    assert (path.parent / schema).resolve() == (data.rules() / "schema" / "scenario.schema.json").resolve()


@pytest.mark.parametrize("name", ["rule", "scenario"])
def test_every_key_that_an_editor_offers_says_what_it_is(name: str) -> None:
    bare = [key for key, part in SCHEMAS[name]["properties"].items() if "description" not in part]
    assert bare == []


def _rule() -> Document:
    value = yamlfile.read(data.rules() / "duties" / "train-and-release-by-one-identity.yaml").value
    assert isinstance(value, dict)
    return copy.deepcopy(value)


def _scenario() -> Document:
    value = yamlfile.read(data.scenarios() / "contoso.yaml").value
    assert isinstance(value, dict)
    return copy.deepcopy(value)


_WRONG_RULES: dict[str, Change] = {
    "no id": lambda r: r.pop("id"),
    "no why": lambda r: r.pop("why"),
    "no fix": lambda r: r.pop("fix"),
    "an empty title": lambda r: r.update(title=""),
    "an id of another form": lambda r: r.update(id="SOD1"),
    "an id with a line break": lambda r: r.update(id="SOD01\n"),
    "a severity of another scale": lambda r: r.update(severity="severe"),
    "a control without a framework": lambda r: r.update(controls=["AC-5"]),
    "a key of no rule": lambda r: r.update(fixx="x"),
    "a pattern that is none": lambda r: r.update(patterns=["multi-enviroment"]),
    "no patterns in a list of them": lambda r: r.update(patterns=[]),
    "one condition of two": lambda r: r.update({"never-together": [{"duty": "train"}]}),
    "a condition that is a word": lambda r: r.update(where="yes"),
    "an empty condition": lambda r: r.update(where={}),
    "an example without nodes": lambda r: r["examples"]["fails"][0].pop("nodes"),
    "a node without a kind": lambda r: r["examples"]["fails"][0]["nodes"]["ana"].pop("kind"),
    "an edge of two words": lambda r: r["examples"]["fails"][0].update(edges=["ana member-of"]),
    "an outcome that is none": lambda r: r["examples"].update(perhaps=[]),
    "follow as a word": lambda r: r.update(follow="holds"),
    "decided by somebody": lambda r: r.update({"decided-by": "ana"}),
    "through as a word": lambda r: r.update(through="no"),
}


@pytest.mark.parametrize("name", _WRONG_RULES)
def test_a_wrong_rule_is_refused(name: str) -> None:
    rule = _rule()
    assert _valid("rule", rule)
    _WRONG_RULES[name](rule)
    assert not _valid("rule", rule)


_WRONG_SCENARIOS: dict[str, Change] = {
    "no environments": lambda s: s.pop("environments"),
    "no pattern": lambda s: s.pop("pattern"),
    "a name with spaces": lambda s: s.update(scenario="My scenario"),
    "a key of no scenario": lambda s: s.update(sitess={}),
    "an environment without a match": lambda s: s["environments"]["qa"].pop("match"),
    "a stage that is none": lambda s: s["environments"]["qa"].update(stage="staging"),
    "a lock that Azure has not": lambda s: s["environments"]["qa"].update(lock="Delete"),
    "live as a word": lambda s: s["environments"]["qa"].update(live="yes"),
    "a tag that is one word": lambda s: s["environments"]["qa"]["match"].update(tag={"environment": "qa"}),
    "a match by colour": lambda s: s["environments"]["qa"]["match"].update(colour=["red"]),
    "a boundary nobody knows": lambda s: s["data-classes"]["live"].update(home={"boundary": ["ASIA"]}),
    "a home without a unit": lambda s: s["data-classes"]["live"].update(home={}),
    "a home that is a word": lambda s: s["data-classes"]["live"].update(home="EU"),
    "a site without a region": lambda s: s["sites"]["contoso"].pop("region"),
    "a site that does what no site does": lambda s: s["sites"]["contoso"].update(does=["store", "dream"]),
    "a site that does nothing": lambda s: s["sites"]["contoso"].update(does=[]),
    "a flow of what does not flow": lambda s: s["flows"][0].update(what="money"),
    "a flow without an end": lambda s: s["flows"][0].pop("to"),
    "a flow that ends on no day": lambda s: s["flows"][0].update(until="soon"),
    "a workspace for each person": lambda s: s["structure"].update({"workspace-per": "person"}),
    "a duty that is none": lambda s: s["roles"]["data-scientist"]["qa"].update(duties=["trian"]),
    "a way that is none": lambda s: s["roles"]["data-scientist"]["qa"].update(ways=["window"]),
    "an end without a unit": lambda s: s["roles"]["data-scientist"]["qa"].update(expires="90"),
    "an end of no days": lambda s: s["roles"]["data-scientist"]["qa"].update(expires="0d"),
    "access by magic": lambda s: s["roles"]["data-scientist"]["qa"].update(by="magic"),
    "administrators of nothing": lambda s: s["administrators"][0].pop("over"),
    "fewer than no administrators": lambda s: s["administrators"][0].update({"at-most": -1}),
    "a release by nobody": lambda s: s["release"].pop("workload"),
    "more headroom than there is": lambda s: s["quota"].update(headroom=1.2),
    "a need for nothing": lambda s: s["quota"]["needs"][0].pop("for"),
    "a waiver without a reason": lambda s: s["waivers"][0].pop("reason"),
    "a waiver with an empty reason": lambda s: s["waivers"][0].update(reason=""),
    "a waiver without an end": lambda s: s["waivers"][0].pop("until"),
    "a waiver on a list": lambda s: s["waivers"][0].update(on=["x"]),
    "an accepted gap everywhere": lambda s: s["accepted-gaps"][0].pop("scope"),
    "a policy of any length": lambda s: s.update({"waiver-policy": {"longest": "long"}}),
    "a shared service of no kind": lambda s: s.update(shared=[{"on": "cr"}]),
}


@pytest.mark.parametrize("name", _WRONG_SCENARIOS)
def test_a_wrong_scenario_is_refused(name: str) -> None:
    scenario = _scenario()
    assert _valid("scenario", scenario)
    _WRONG_SCENARIOS[name](scenario)
    assert not _valid("scenario", scenario)
