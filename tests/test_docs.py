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
from scanner.policy.load import load_rules

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


@pytest.mark.parametrize("words", [[name] for name in _COMMANDS] + [["rules", "list"], ["rules", "show"], ["rules", "test"], ["scenario", "check"], ["baseline", "write"]]
                         + [["access", name] for name in ("who-can", "paths", "duties", "choke", "diff")],
                         ids=" ".join)  # fmt: skip
def test_every_command_explains_itself(words: list[str]) -> None:
    done = CliRunner().invoke(cli, [*words, "--help"])
    assert done.exit_code == 0 and len(done.output) > 80


def test_every_rule_is_in_the_changelog() -> None:
    for rule in load_rules([data.rules()]):
        assert rule.info.id in CHANGELOG


def test_the_yaml_of_the_readme_is_right() -> None:
    config, sentence = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    schema = yamlfile.read(data.rules() / "schema" / "config.schema.json").value
    assert not yamlfile.check(yamlfile.parse(config, "README.md"), schema)
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
