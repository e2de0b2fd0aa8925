"""Answers recorded from the live service, and official examples, pass through redaction and build without loss of what rules need.

They lie outside the repository; where they are not there (in CI, say) these tests are skipped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from scanner import ids
from scanner.collect import answers
from scanner.graph.build import build
from scanner.graph.estate import UNSET, Estate
from scanner.graph.records import BY_ARM_TYPE, RECORDS
from scanner.redact import redact
from scanner.snapshot import Record, from_records

SPECS = Path(__file__).parent.parent.parent.parent / "shared" / "azure" / "specs"
RECORDED = sorted((SPECS / "recorded").glob("*.json"))
EXAMPLES = sorted((SPECS / "examples").rglob("*.json"))
pytestmark = pytest.mark.skipif(not RECORDED, reason="the recorded answers are not here")


def _bodies(path: Path) -> Iterator[dict[str, Any]]:
    document = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(document, list):
        yield from (entry["body"] for entry in document if isinstance(entry.get("body"), dict))
    else:
        yield from (
            answer["body"] for answer in document.get("responses", {}).values() if isinstance(answer.get("body"), dict)
        )


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    """Every ARM object in a file: items of lists, rows of Resource Graph, or single ones."""
    for body in _bodies(path):
        found = body.get("value", body.get("data", [body]))
        yield from (
            row
            for row in (found if isinstance(found, list) else [])
            if isinstance(row, dict) and isinstance(row.get("id"), str)
        )


def _kind(row: dict[str, Any]) -> str:
    """The record kind of a row; empty for what no list of ours yields."""
    found = BY_ARM_TYPE.get(ids.resource_type(ids.fold(row["id"])))
    named = {"microsoft.authorization/roleassignments": "role-assignment", "microsoft.authorization/roledefinitions": "role-definition",
             "microsoft.authorization/roleeligibilityscheduleinstances": "role-eligibility",
             "microsoft.authorization/roleassignmentscheduleinstances": "role-activation"}  # fmt: skip
    return found.name if found else named.get(ids.resource_type(ids.fold(row["id"])), "")


def _built(row: dict[str, Any], kind: str) -> Estate:
    body = redact(msgspec.json.encode(row))
    return build(from_records([Record(kind, "", msgspec.Raw(body))]))


ROWS = [(path.name, _kind(row), row) for path in (*RECORDED, *EXAMPLES) for row in _rows(path) if _kind(row)]


def test_the_recordings_hold_something_of_many_kinds() -> None:
    assert {"storage-account", "key-vault", "workspace", "container-registry", "role-assignment"} <= {
        kind for _, kind, _ in ROWS
    }


@pytest.mark.parametrize(
    ("name", "kind", "row"), ROWS, ids=[f"{n}-{name}-{kind}" for n, (name, kind, _) in enumerate(ROWS)]
)
def test_nothing_that_azure_really_says_is_misunderstood(name: str, kind: str, row: dict[str, Any]) -> None:
    estate = _built(row, kind)
    assert [gap for gap in estate.gaps if "shape nobody expected" in gap.detail] == []
    node_kind = RECORDS[kind].node
    if node_kind in ("", "grant", "role"):
        return
    node = estate.node(ids.fold(row["id"]))
    assert node is not None and estate.kind(node) == node_kind
    assert estate.name(node).lower().split(":")[0] in row["id"].lower()
    if (
        isinstance(row.get("location"), str)
        and row["location"].lower() != "global"
        and kind not in ("data-asset", "model")
    ):
        assert estate.get(node, "region") == ids.fold_location(row["location"])
    assert (estate.get(node, "tags") or {}) == {
        key.lower(): str(value) for key, value in (row.get("tags") or {}).items()
    }


@pytest.mark.parametrize(
    ("name", "kind", "row"), [r for r in ROWS if r[1] == "storage-account"], ids=lambda v: str(v)[:30]
)
def test_what_a_recorded_account_says_is_what_rules_see(name: str, kind: str, row: dict[str, Any]) -> None:
    estate = _built(row, kind)
    node = estate.node(ids.fold(row["id"]))
    assert node is not None
    sku = row.get("sku") or {}
    if sku.get("name"):
        assert estate.get(node, "redundancy") == sku["name"].rpartition("_")[2].lower()
    properties = row.get("properties")
    if properties:
        assert estate.get(node, "shared-key-access") is (properties.get("allowSharedKeyAccess") is not False)
        assert estate.get(node, "secondary-region") == (properties.get("secondaryLocation") or None)


@pytest.mark.parametrize(
    ("name", "kind", "row"), [r for r in ROWS if r[1] == "role-assignment"], ids=lambda v: str(v)[:30]
)
def test_a_recorded_assignment_is_a_grant_of_its_principal(name: str, kind: str, row: dict[str, Any]) -> None:
    estate = _built(row, kind)
    (grant,) = estate.nodes("grant")
    facts = row["properties"]
    assert estate.first(grant, "granted-to") == estate.node(facts["principalId"].lower())
    assert estate.first(grant, "of-role") == estate.node(ids.last(facts["roleDefinitionId"]).lower())
    assert estate.get(grant, "condition") is not UNSET


@pytest.mark.parametrize("path", RECORDED, ids=lambda p: p.name)
def test_every_recorded_list_is_a_page(path: Path) -> None:
    for body in _bodies(path):
        if isinstance(body.get("value"), list):
            assert len(answers.page(json.dumps(body).encode()).value) == len(body["value"])
