"""Every shipped rule proves itself: its examples hold, and no part of it could be left out unnoticed."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from scanner.policy.describe import glossary, page, sentence
from scanner.policy.examples import failures, mutants, survivors
from scanner.policy.frameworks import NAMES
from scanner.policy.model import Rule
from tests.support.scan import rules as all_rules

RULES = all_rules()
GRAPH = [rule for rule in RULES if rule.info.decided_by == "graph"]
ASKED = [
    "RES01",
    "RES02",
    "RES03",
    "RES06",
    "RES08",
    "SOD01",
    "SOD05",
    "SOD06",
    "SOD08",
    "SOD09",
    "SOD10",
    "SOD15",
    "ACC01",
    "ACC02",
    "ACC05",
    "ACC10",
    "ACC11",
    "ACC13",
    "QUO01",
    "QUO02",
    "QUO03",
    "QUO07",
    "EST01",
    "EST02",
    "SCN02",
    "SCN03",
    "GAP01",
]


@pytest.mark.parametrize("rule", GRAPH, ids=lambda rule: rule.info.id)
def test_the_examples_of_a_rule_hold(rule: Rule) -> None:
    assert not failures(rule)


@pytest.mark.parametrize("rule", GRAPH, ids=lambda rule: rule.info.id)
def test_some_example_notices_each_small_change_of_a_rule(rule: Rule) -> None:
    assert list(mutants(rule))
    assert not survivors(rule)


def test_every_promised_rule_is_there() -> None:
    assert {rule.info.id for rule in RULES} >= set(ASKED)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.info.id)
def test_a_rule_has_a_page_a_reason_and_a_fix(rule: Rule) -> None:
    text = page(rule)
    assert rule.info.id in text
    assert rule.info.why in " ".join(text.split())
    assert len(rule.info.fix) > 20


def test_a_file_name_is_the_name_of_one_rule_and_reads_after_allow() -> None:
    names = [rule.info.name for rule in RULES]
    assert len(set(names)) == len(names)
    assert not [name for name in names if name.startswith(("no-", "require-", "ensure-", "deny-"))]


def test_controls_are_spelt_one_way() -> None:
    frameworks = {control.partition(":")[0] for rule in RULES for control in rule.info.controls}
    assert frameworks <= set(NAMES)


def test_regions_have_every_column() -> None:
    path = Path(__file__).parent.parent.parent / "scanner" / "regions.csv"
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    assert len(rows) > 60
    assert all(row["country"] and row["iso"] and row["geography"] for row in rows)


@pytest.mark.parametrize("rule", GRAPH, ids=lambda rule: rule.info.id)
def test_a_rule_s_page_says_what_each_of_its_words_means(rule: Rule) -> None:
    words = dict(glossary(rule))

    assert rule.follow <= words.keys()
    assert all(meaning for meaning in words.values())
    assert {rule.subject, rule.to} - {""} <= words.keys()


def test_the_words_of_a_rule_are_those_of_the_ontology() -> None:
    (rule,) = [rule for rule in RULES if rule.info.id == "ACC01"]

    words = dict(glossary(rule))

    assert words["opening"] == "one cause that lets identities reach data of one environment and class"
    assert words["holds-guarded-data"].startswith("whether it holds data of a guarded class")
    assert words["data-store"].startswith("one of these: ")
    assert "name" not in words


@pytest.mark.parametrize(
    ("id", "words"),
    [
        ("RES03", "for each model-deployment where regulated is yes: it must hold that processed-at-home is yes"),
        (
            "SOD17",
            "for each artifact-source where used-by-production is yes, following open-to, perhaps-open-to to a principal: "
            "for none reached may it hold that break-glass is no",
        ),
        (
            "QUO02",
            "for each quota-pool where reserved-for-production is no, following drawn-on-by to a workspace: never may two be "
            "reached together where of the one stage is development, and of the other stage is production",
        ),
        (
            "RES06",
            "for each workspace, following depends-on to a dependency: for every one reached it must hold that region is the "
            "subject's region or (shared is yes and at-declared-region is yes)",
        ),
    ],
)
def test_a_rule_is_a_sentence_one_can_read_aloud(id: str, words: str) -> None:
    assert sentence(next(rule for rule in RULES if rule.info.id == id)) == words
