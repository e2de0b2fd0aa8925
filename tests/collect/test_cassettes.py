"""The cassette replays every collector without a server, and holds nothing it should not."""

from __future__ import annotations

import re
from pathlib import Path

from tests.collect.cassettes import FILE, FIRST_LINE, HOST, replay
from tests.support.scan import pairs, report_of, scenario, tenant
from tests.support.tenants import snapshot_of

_GUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")


def test_every_collector_replays_from_the_cassette(tmp_path: Path) -> None:
    snapshot = replay(tmp_path)
    direct = snapshot_of(tenant("two-regions"))
    assert {c.outcome for c in snapshot.coverage} == {"complete"}
    skipped = {"vm-size", "tenant"}
    assert {k: n for k, n in snapshot.manifest.counts.items() if k not in skipped} == {
        k: n for k, n in direct.manifest.counts.items() if k not in skipped
    }
    assert pairs(report_of(snapshot, scenario("two-regions"))) == set()


def test_the_cassette_says_what_it_is() -> None:
    assert FILE.read_text(encoding="utf-8").startswith(FIRST_LINE)


def test_the_cassette_holds_no_token_no_key_and_no_foreign_guid() -> None:
    text = FILE.read_text(encoding="utf-8")
    assert not re.search(r"(?im)^\s*authorization:|bearer |eyJ[A-Za-z0-9_-]{10}|client_secret|sig=|AccountKey=", text)
    assert HOST in text
    assert "127.0.0.1" not in text
    known = set(_GUID.findall(str(tenant("two-regions")).lower()))
    zero = "00000000-0000-0000-0000-000000000000"
    assert {guid.lower() for guid in _GUID.findall(text)} <= known | {zero}
