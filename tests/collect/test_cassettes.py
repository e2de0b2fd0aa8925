"""The cassettes replay every collector without a server, and hold nothing they should not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scanner.graph.records import RECORDS
from tests.collect.cassettes import DOCUMENT, FILES, FIRST_LINE, HOST, replay
from tests.support.estates import facts
from tests.support.tenants import snapshot_of

_GUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")


@pytest.mark.parametrize("bulk", FILES, ids=["bulk", "targeted"])
def test_every_collector_replays_from_a_cassette(bulk: bool, tmp_path: Path) -> None:
    snapshot = replay(bulk, tmp_path)
    assert {c.outcome for c in snapshot.coverage} <= {"complete", "bounded"}
    assert set(RECORDS) - set(snapshot.manifest.counts) == set()
    assert facts(snapshot) == facts(snapshot_of(DOCUMENT))


@pytest.mark.parametrize("file", FILES.values(), ids=lambda file: file.stem)
def test_a_cassette_says_what_it_is(file: Path) -> None:
    assert file.read_text(encoding="utf-8").startswith(FIRST_LINE)


@pytest.mark.parametrize("file", FILES.values(), ids=lambda file: file.stem)
def test_a_cassette_holds_no_token_no_key_and_no_foreign_guid(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert not re.search(r"(?im)^\s*authorization:|bearer |eyJ[A-Za-z0-9_-]{10}|client_secret|sig=|AccountKey=", text)
    assert HOST in text
    assert "127.0.0.1" not in text
    known = set(_GUID.findall(str(DOCUMENT).lower()))
    zero = "00000000-0000-0000-0000-000000000000"
    assert {guid.lower() for guid in _GUID.findall(text)} <= known | {zero}
