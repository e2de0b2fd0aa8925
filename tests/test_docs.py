"""The papers are true: every command, rule, exit code and kind of node is in them, and what they show is what happens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from scanner import data, yamlfile
from scanner.cli.main import _COMMANDS, cli
from scanner.errors import Exit
from scanner.graph.edges import ONTOLOGY
from scanner.policy import promises
from scanner.policy.catalogue import readme
from scanner.scenario.load import PATTERNS
from tests.support.scan import rules as all_rules

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_every_exit_code_is_in_the_readme() -> None:
    table = "\n".join(line for line in README.splitlines() if line.startswith("|"))
    for code in Exit:
        assert re.search(rf"\b{int(code)}\b", table), code


def test_every_command_of_the_readme_exists() -> None:
    shown = re.findall(r"^\$ mlposture (\S+)", README, re.MULTILINE)
    assert shown and set(shown) <= set(_COMMANDS)


@pytest.mark.parametrize("words", [[name] for name in _COMMANDS] + [["rules", "list"], ["rules", "show"], ["rules", "test"], ["rules", "coverage"], ["rules", "new"], ["rules", "document"], ["scenario", "check"], ["scenario", "init"], ["baseline", "write"]]
                         + [["access", name] for name in ("who-can", "paths", "duties", "choke", "diff")],
                         ids=" ".join)  # fmt: skip
def test_every_command_explains_itself(words: list[str]) -> None:
    done = CliRunner().invoke(cli, [*words, "--help"])
    assert done.exit_code == 0 and len(done.output) > 80


def test_every_rule_is_in_the_changelog() -> None:
    for rule in all_rules():
        assert rule.info.id in CHANGELOG


def test_the_worked_example_of_a_rule_of_ones_own_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands and file are taken from CONTRIBUTING.md and run in the order they stand there."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text[text.index("## Rules of your own") : text.index("## Add a collector")]
    blocks = re.findall(r"```(console|yaml)\n(.*?)```", section, re.DOTALL)
    assert [kind for kind, _ in blocks] == ["console", "yaml", "console"]
    monkeypatch.chdir(tmp_path)
    said = ""
    for kind, block in blocks:
        if kind == "yaml":
            (written,) = (tmp_path / "acme-rules").glob("*.yaml")
            assert f"acme-rules/{written.name}" in section
            written.write_text(block, encoding="utf-8")
            continue
        for line in block.splitlines():
            command = line.removeprefix("$ ").split()
            if command[0] == "mkdir":
                (tmp_path / command[1]).mkdir()
                continue
            assert command[0] == "mlposture"
            done = CliRunner().invoke(cli, command[1:], standalone_mode=False)
            assert done.exception is None and done.return_value == 0, f"{line}: {done.output} {done.exception}"
            said += done.output
    assert said.count("1 of 1 rules prove themselves") == 2
    assert "in production can be purged" in said


def test_the_catalogue_of_rules_is_what_the_rules_make_of_it() -> None:
    rules, made = all_rules(), promises.load()
    wrong = [str(problem) for problem in promises.check(made, rules)]
    assert wrong == [], "name the rules in rules/promises.yaml, then run `mlposture rules document`"
    assert (data.rules() / "README.md").read_text(encoding="utf-8") == readme(rules, made), (
        "run `mlposture rules document`"
    )


def test_every_pattern_makes_promises_and_links_of_the_catalogue_lead_somewhere() -> None:
    assert {promise.pattern for promise in promises.load().made} == {*PATTERNS, "every scenario"}
    for target in re.findall(r"\]\(([^)#]+)\)", (data.rules() / "README.md").read_text(encoding="utf-8")):
        assert (data.rules() / target).is_file(), target


def test_a_promise_without_a_rule_is_named_and_an_awaited_rule_that_came_too() -> None:
    rules = all_rules()
    promise = promises.Promise("contoso", "p", ("EST77",))
    for awaited, said in (
        ((), "no rule checks the promise of contoso: p"),
        (("EST77",), ""),
        (("EST77", "EST01"), "`EST01` is awaited, and there is such a rule now"),
    ):
        found = promises.check(
            promises.Promises((promise, promises.Promise("contoso", "q", ("EST01",))), awaited), rules
        )
        assert bool(found) is bool(said)
        assert not said or said in str(found[0])
    assert promises.with_awaited("a: 1\nawaited: [X,\n  Y]\n", ["Z"]) == "a: 1\nawaited: [Z]\n"


def test_the_yaml_of_the_readme_is_right() -> None:
    config, sentence = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    assert not yamlfile.check(yamlfile.parse(config, "README.md"), yamlfile.schema("config"))
    shipped = (data.rules() / "residency" / "regulated-data-outside-its-home.yaml").read_text(encoding="utf-8")
    assert sentence in shipped


def test_the_answer_in_the_readme_is_the_demo_s() -> None:
    golden = (ROOT / "tests" / "cli" / "data" / "access-who-can-read.txt").read_text(encoding="utf-8")
    shown = re.findall(r"<!-- demo answer -->\n```\n(.*?)```", README, re.DOTALL)
    assert shown == [golden.partition("\n\n")[2]]


def test_the_two_commands_are_marked_for_ci() -> None:
    for mark in ("demo", "test"):
        assert re.search(rf"<!-- {mark} command -->\n```console\n\$ python3 -m venv", README)


def test_every_kind_and_edge_says_what_it_is() -> None:
    for kind in ONTOLOGY.kinds.values():
        assert kind.about and kind.title and all(a.about for a in kind.attributes.values())
    for edge in ONTOLOGY.edges.values():
        assert edge.about and edge.inverse != edge.name


def test_links_of_the_papers_lead_somewhere() -> None:
    for paper in ("README.md", "CONTRIBUTING.md"):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", (ROOT / paper).read_text(encoding="utf-8")):
            assert (ROOT / target).exists(), f"{paper}: {target}"


def test_nothing_but_what_was_agreed_stands_at_the_top() -> None:
    agreed = {
        "pyproject.toml",
        "scanner",
        "rules",
        "reports",
        "fixtures",
        "tests",
        "README.md",
        "LICENSE",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
    }
    found = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")} - {"build", "dist"}
    assert found <= agreed
