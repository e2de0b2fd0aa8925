"""Declared flows: what may cross between sites and environments, as which class, and what holds where nothing is declared."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner import data, yamlfile
from scanner.derive.movement import End, Flows
from scanner.graph.estate import Estate
from scanner.scenario.bind import bind
from scanner.scenario.load import from_document, load

BASE = """\
scenario: test
pattern: regional-training
environments:
  development: {match: {tag: {env: [dev]}}, data: [public, claims], default-class: public}
  test: {match: {tag: {env: [test]}}, data: [public, claims], default-class: public}
  production: {match: {tag: {env: [prod]}}, data: [public, claims, live], default-class: live}
data-classes:
  public: {match: {tag: {class: [public]}}}
  claims: {match: {tag: {class: [claims]}}, home: {boundary: [EU]}}
  live: {match: {tag: {class: [live]}}, production-only: true}
sites:
  weu: {region: westeurope, does: [store, train], data: [claims]}
  neu: {region: northeurope, does: [store, train], data: [claims]}
  us: {region: eastus, does: [store, train]}
"""
WEU, NEU, US = End("westeurope"), End("northeurope"), End("eastus")
DEV, TEST, PROD = End("westeurope", "development"), End("westeurope", "test"), End("westeurope", "production")


def _flows(lines: str = "", base: str = BASE, today: date | None = None) -> Flows:
    estate = Estate()
    bind(estate, from_document(yamlfile.parse(base + lines, "s.yaml")), today)
    return Flows(estate)


def _declared(*flows: str, today: date | None = None) -> Flows:
    return _flows("flows:\n" + "".join(f"  - {{{flow}}}\n" for flow in flows), today=today)


@pytest.mark.parametrize("what", ["data", "model", "image", "metrics", "code", "logs"])
def test_nothing_is_crossed_inside_one_place(what: str) -> None:
    answer = _flows().may(what, ["claims"], DEV, DEV)
    assert answer.allowed and not answer.crossed and answer.classes == {"claims"}


def test_without_a_word_on_flows_only_models_images_and_code_go_one_stage_downstream() -> None:
    flows = _flows()
    for what in ("model", "image", "code"):
        assert flows.may(what, ["claims"], DEV, TEST).allowed
        assert not flows.may(what, [], TEST, DEV).allowed, "upstream"
        assert not flows.may(what, [], DEV, PROD).allowed, "two stages at once"
        assert not flows.may(what, [], WEU, NEU).allowed, "another site"
    assert not flows.may("data", [], DEV, TEST).allowed


def test_the_next_stage_is_the_next_one_the_scenario_has() -> None:
    without_test = "\n".join(line for line in BASE.splitlines() if not line.startswith("  test:")) + "\n"
    assert _flows(base=without_test).may("model", [], DEV, PROD).allowed


def test_where_flows_are_declared_only_those_hold() -> None:
    flows = _declared("what: metrics, from: us, to: weu")
    assert flows.may("metrics", [], US, WEU).allowed
    assert not flows.may("metrics", [], WEU, US).allowed
    assert not flows.may("model", [], DEV, TEST).allowed
    assert flows.may("model", [], DEV, TEST).blocked == "no flow carries models from development to test"


def test_an_empty_list_of_flows_lets_nothing_move() -> None:
    assert not _flows("flows: []\n").may("model", [], DEV, TEST).allowed


def test_a_flow_without_class_carries_no_regulated_data_nor_data_for_production_only() -> None:
    flows = _declared("what: data, from: weu, to: neu", "what: data, from: production, to: test")
    assert flows.may("data", ["public"], WEU, NEU).allowed
    assert not flows.may("data", ["public", "claims"], WEU, NEU).allowed
    assert not flows.may("data", ["live"], PROD, TEST).allowed


def test_a_flow_with_class_carries_it_and_what_is_not_regulated_and_no_other_class() -> None:
    flows = _declared("what: data, from: weu, to: neu, class: claims")
    assert flows.may("data", ["claims", "public"], WEU, NEU).classes == {"claims", "public"}
    assert flows.may("data", [], WEU, NEU).allowed
    assert not flows.may("data", ["claims", "live"], WEU, NEU).allowed


@pytest.mark.parametrize(
    ("flow", "classes"),
    [
        ("what: model, from: weu, to: us, class: claims, becomes: public, approved-by: board", {"public"}),
        ("what: model, from: weu, to: us, class: claims, becomes: public", None),
        ("what: model, from: weu, to: us, class: claims, becomes: claims, approved-by: board", None),
        ("what: model, from: weu, to: us, class: claims, approved-by: board", None),
        ("what: model, from: weu, to: us", None),
    ],
)
def test_out_of_its_home_a_class_goes_only_as_another_one_and_approved(flow: str, classes: set[str] | None) -> None:
    answer = _declared(flow).may("model", ["claims"], WEU, US)
    assert (answer.classes if answer.allowed else None) == classes


def test_what_may_arrive_unchanged_does_not_become_something_else() -> None:
    changing = "what: model, from: weu, to: neu, class: claims, becomes: public, approved-by: board"
    assert _declared(changing).may("model", ["claims"], WEU, NEU).classes == {"public"}
    assert _declared(changing, "what: model, from: weu, to: neu, class: claims").may("model", ["claims"], WEU, NEU).classes == {"claims"}  # fmt: skip


def test_each_crossing_needs_a_flow_of_its_own_kind() -> None:
    source, target = End("westeurope", "development"), End("northeurope", "production")
    sites = "what: model, from: weu, to: neu"
    assert not _declared(sites).may("model", [], source, target).allowed
    assert _declared(sites).may("model", [], source, target, ("site",)).allowed
    assert _declared(sites, "what: model, from: development, to: production").may("model", [], source, target).allowed
    assert _declared("what: model, from: development, to: neu").may("model", [], source, target).allowed


def test_a_flow_counts_on_its_last_day_and_not_after_it() -> None:
    flow = "what: metrics, from: us, to: weu, until: 2026-06-30"
    assert _declared(flow, today=date(2026, 6, 30)).may("metrics", [], US, WEU).allowed
    assert not _declared(flow, today=date(2026, 7, 1)).may("metrics", [], US, WEU).allowed


def test_no_flow_lets_arrive_what_is_not_at_home_where_it_arrives() -> None:
    """A class that may be anywhere must not become one that may not, approved or not."""
    for more in ("", ", approved-by: board"):
        flows = _declared(f"what: data, from: weu, to: us, class: live, becomes: claims{more}")
        assert not flows.may("data", ["live"], WEU, US).allowed


def test_a_region_no_site_names_is_left_and_entered_by_no_flow() -> None:
    flows = _declared("what: data, from: weu, to: neu")
    assert not flows.may("data", [], WEU, End("francecentral")).allowed
    assert not flows.may("data", [], End("francecentral"), NEU).allowed


def test_the_shipped_scenario_for_serving_carries_models_out_as_public() -> None:
    estate = Estate()
    bind(estate, load(data.scenarios() / "regional-serving.yaml"))
    answer = Flows(estate).may("model", ["behaviour-eu"], WEU, End("australiaeast"))
    assert answer.allowed and answer.classes == {"public"}
    assert [estate.name(node) for node in answer.flows] == [
        "model from core to australia, class behaviour-eu becomes public"
    ]


# -- properties --------------------------------------------------------------------------------------------------------

ENDS = ("weu", "neu", "us", "development", "production")
_flow = st.builds(
    lambda what, source, target, name, becomes, approved: f"what: {what}, from: {source}, to: {target}"
    + (f", class: {name}" if name else "") + (f", becomes: {becomes}" if name and becomes else "") + (", approved-by: board" if approved else ""),
    st.sampled_from(["data", "model"]), st.sampled_from(ENDS), st.sampled_from(ENDS), st.sampled_from([None, "claims", "live"]),
    st.sampled_from([None, "public", "claims"]), st.booleans(),
)  # fmt: skip
_end = st.builds(End, st.sampled_from([None, "westeurope", "northeurope", "eastus"]), st.sampled_from([None, "development", "production"]))  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.lists(_flow, min_size=1, max_size=4), _flow, st.sets(st.sampled_from(["public", "claims", "live"])), _end, _end
)
def test_more_flows_let_more_move_and_an_ended_one_is_none(flows: list[str], more: str, classes: set[str], source: End, target: End) -> None:  # fmt: skip
    before = _declared(*flows).may("data", classes, source, target)
    after = _declared(*flows, more).may("data", classes, source, target)
    ended = _declared(*flows, f"{more}, until: 2026-01-01", today=date(2026, 7, 1)).may("data", classes, source, target)
    assert after.allowed or not before.allowed
    assert (ended.allowed, ended.classes) == (before.allowed, before.classes)


@settings(max_examples=60, deadline=None)
@given(st.lists(_flow, min_size=1, max_size=4), st.sets(st.sampled_from(["public", "claims", "live"]), min_size=1), _end, _end)  # fmt: skip
def test_together_goes_what_goes_alone_and_what_leaves_its_home_arrives_at_home(flows: list[str], classes: set[str], source: End, target: End) -> None:  # fmt: skip
    asked = _declared(*flows)
    whole = asked.may("data", classes, source, target)
    alone = [asked.may("data", [name], source, target) for name in classes]
    assert whole.allowed is all(answer.allowed for answer in alone)
    if whole.allowed:
        assert whole.classes == frozenset().union(*(answer.classes for answer in alone))
    if whole.allowed and "site" in whole.crossed and target.region is not None:
        assert asked.at_home(whole.classes, target.region)
