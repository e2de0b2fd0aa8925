"""Questions about access for tests, asked of a tenant document without HTTP."""

from __future__ import annotations

from scanner.derive.access.questions import DATA, Questions
from scanner.graph.find import pick
from scanner.scan import understand
from scanner.scenario.model import Scenario
from scanner.snapshot import Snapshot
from tests.support.scan import the_duties


def questions(snapshot: Snapshot, scenario: Scenario) -> Questions:
    return Questions(understand(snapshot, scenario, the_duties())[1])


def data(asked: Questions, name: str) -> int:
    return pick(asked.estate, name, DATA, "data or environment")


def principal(asked: Questions, name: str) -> int:
    return pick(asked.estate, name, ("principal",), "principal")
