"""Writing rules: a new one proves itself from the start, and controls are listed as supported, never more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from scanner import yamlfile, yamltext
from scanner.cli.main import cli
from scanner.errors import UserError
from scanner.graph.edges import ONTOLOGY
from scanner.policy import frameworks
from scanner.policy.examples import failures, survivors
from scanner.policy.load import from_document
from scanner.policy.template import file_name, template
from tests.support.scan import rules as all_rules


def _run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, list(words), standalone_mode=False)
    return (int(done.return_value or 0), done.output) if done.exception is None else (2, str(done.exception))


@pytest.mark.parametrize("kind", [*ONTOLOGY.kinds, *ONTOLOGY.unions])
def test_a_new_rule_about_any_kind_proves_itself(kind: str) -> None:
    members = ONTOLOGY.members(kind)
    if kind != "resource" and set(ONTOLOGY.kinds[members[0]].attributes) == {"name"}:
        with pytest.raises(UserError, match="has nothing to ask of"):
            template("ACME-EST01", "t", subject=kind, arm_type="", attribute="", severity="low")
        return
    text = template("ACME-EST01", "t", subject=kind, arm_type="", attribute="", severity="low")
    rule = from_document(yamlfile.parse(text, "x"), "x", "estate", own=True)
    assert [*failures(rule), *survivors(rule)] == []


TITLES = [
    "Store without an owner",
    'Lake: a "tricky" title # here',
    "no",
    "{braces}",
    "\u202eturned",
    "yes & *no*",
    "1.0",
]


@pytest.mark.parametrize("title", TITLES)
def test_a_title_is_read_back_as_it_was_given(title: str) -> None:
    text = template(
        "ACME-EST01",
        title,
        subject="resource",
        arm_type="Microsoft.Storage/storageAccounts",
        attribute="",
        severity="low",
    )
    rule = from_document(yamlfile.parse(text, "x"), "x", "estate", own=True)
    assert rule.info.title == title
    assert "\u202e" not in text


def test_a_file_is_named_for_what_is_found_and_reads_after_allow() -> None:
    assert file_name("A store without an owner!") == "store-without-an-owner"
    for title in ("No owner", "Require an owner", "Ensure tags", "!!", "the"):
        with pytest.raises(UserError):
            file_name(title)


def test_new_rules_are_tested_and_scanned_with_and_mistakes_are_named(tmp_path: Path) -> None:
    own = str(tmp_path)
    assert _run("rules", "new", "ACME-RES01", "Store", "without", "an", "owner", "--rules", own)[0] == 0
    assert (
        _run(
            "rules", "new", "ACME-RES02", "Store without a project", "--rules", own, "--attribute", "arm:tags.project"
        )[0]
        == 0
    )
    assert "2 of 2 rules prove themselves" in _run("rules", "test", "--rules", own, "--select", "ACME*")[1]
    shown = _run("rules", "show", "acme-res01", "--rules", own)[1]
    assert "Permissions:" in shown and "allow store-without-an-owner" in shown
    for words, said in (
        (("RES01", "x y"), "is not an id for a rule of your own"),
        (("ACME-RES01", "Another one"), "id `ACME-RES01` is taken"),
        (("ACME-RES09", "Store without an owner"), "is there already"),
        (("ACME-RES09", "x", "--for", "workspce"), "did you mean `workspace`?"),
        (("ACME-RES09", "x", "--for", "workspace", "--attribute", "lok"), "has no attribute `lok`"),
        (("ACME-RES09", "x", "--for", "user", "--attribute", "name"), "every node has a `name`"),
        (("ACME-RES09", "x", "--for", "workspace", "--type", "a/b"), "`--type` goes with `--for resource`"),
    ):
        code, output = _run("rules", "new", *words, "--rules", own)
        assert code == 2 and said in output, output
    assert "no folder" in _run("rules", "new", "ACME-RES09", "x", "--rules", f"{own}/nowhere")[1]
    assert len(list(tmp_path.iterdir())) == 2


def test_controls_are_listed_with_their_rules_in_the_framework_s_order() -> None:
    code, said = _run("rules", "coverage", "--framework", "nist 800-53")
    assert code == 0 and "SOD01" in said and "every other control of the framework is not claimed" in said
    found = frameworks.pick(all_rules(), "NIST-800-53")
    assert list(found.controls).index("AC-6") < list(found.controls).index("AC-6(5)")
    document = json.loads(_run("rules", "coverage", "--framework", "MCSB", "--format", "json")[1])
    assert document[0]["framework"] == "MCSB" and "not claimed" in document[0]["claim"]
    assert [c["control"] for c in document[0]["controls"]]
    every = json.loads(_run("rules", "coverage", "--format", "json")[1])
    assert {f["framework"] for f in every} == set(frameworks.NAMES)
    assert all(rule["id"] for f in every for c in f["controls"] for rule in c["rules"])


def test_a_wrong_framework_gets_a_suggestion_and_the_list() -> None:
    code, said = _run("rules", "coverage", "--framework", "NIS-800-53")
    assert code == 2 and "did you mean `NIST-800-53`?" in said and "known: `MCSB`" in said


@pytest.mark.parametrize(
    "word",
    [
        "plain",
        "two words",
        "no",
        "a: b",
        "x\n",
        "\x00",
        "\ud800",
        "\U0001f600",
        "\u2028",
        "{a}",
        "[",
        "#",
        "- a",
        "1",
        "1.0",
        "~",
        "",
        "é",
    ],
)
def test_text_is_written_so_that_it_is_read_back(word: str) -> None:
    text = f"k: {yamltext.quoted(word)}\nl: {yamltext.listed([word, word])}\n# {yamltext.comment(word)}\n"
    wanted = word.replace("\ud800", "\ufffd")
    assert yamlfile.parse(text, "x").value == {"k": wanted, "l": [wanted, wanted]}
    assert text.count("\n") == 3
