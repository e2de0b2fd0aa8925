"""Snapshots: what is written is read back, and a damaged, foreign or newer file is one clear message."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import zstandard

from scanner.errors import UserError
from scanner.snapshot import Coverage, Snapshot, from_records, read, record, write


def _snapshot() -> Snapshot:
    rows = [record("user", {"id": f"u{n}", "displayName": "é" * n}) for n in range(9)]
    rows += [
        record("group-member", {"id": "u1"}, "g1"),
        record("workspace", {"id": "/w", "properties": {"a": [1, None]}}),
    ]
    return from_records(
        rows, [Coverage("user", "tenant", "complete", "User.Read.All", 9)], tenant="t", started="2026-11-24T10:00:00Z"
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write(_snapshot(), tmp_path / "s.mlp")
    return tmp_path / "s.mlp"


def test_what_is_written_is_read_back(path: Path) -> None:
    before, after = _snapshot(), read(path)
    assert after.kinds == before.kinds and after.coverage == before.coverage
    assert after.manifest.tenant == "t" and after.manifest.counts == before.manifest.counts
    for kind in before.kinds:
        assert [(r.of, bytes(r.body)) for r in after.records(kind)] == [
            (r.of, bytes(r.body)) for r in before.records(kind)
        ]


def test_ordinary_tools_read_it(path: Path, tmp_path: Path) -> None:
    plain = zstandard.ZstdDecompressor().stream_reader(path.open("rb"), read_across_frames=True).read()
    lines = [json.loads(line) for line in plain.splitlines()]
    assert [line["kind"] for line in lines][-1] == "manifest" and len(lines) == 12
    (tmp_path / "plain.jsonl").write_bytes(plain)
    again = read(tmp_path / "plain.jsonl")
    assert again.kinds == _snapshot().kinds
    assert sorted(bytes(r.body) for r in again.records("user")) == sorted(
        bytes(r.body) for r in _snapshot().records("user")
    )


def test_the_same_records_give_the_same_bytes_in_any_order(tmp_path: Path) -> None:
    rows = [record("user", {"id": f"u{n}"}) for n in range(50)]
    for name, order in (("a", rows), ("b", rows[::-1])):
        write(from_records(order), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_it_is_private_and_whole(path: Path) -> None:
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["s.mlp"]


def test_every_cut_is_noticed(path: Path) -> None:
    content = path.read_bytes()
    for end in range(0, len(content) - 1, 7):
        path.write_bytes(content[:end])
        with pytest.raises(UserError):
            read(path)


def test_every_flipped_byte_is_noticed(path: Path) -> None:
    content = path.read_bytes()
    before = {k: [bytes(r.body) for r in read(path).records(k)] for k in read(path).kinds}
    for at in range(0, len(content), 5):
        path.write_bytes(content[:at] + bytes([content[at] ^ 0x55]) + content[at + 1 :])
        try:
            changed = read(path)
        except UserError:
            continue
        # bits that zstd itself ignores change nothing of what is read
        assert {k: [bytes(r.body) for r in changed.records(k)] for k in changed.kinds} == before


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"PK\x03\x04zip",
        b"{}\n",
        b'{"kind": "user"}\n',
        b'{"kind":"user","of":"","body":{}}\n',
        b"\x28\xb5\x2f\xfd",
    ],
)
def test_a_foreign_file_is_one_message(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(UserError):
        read(tmp_path / "x")


def test_a_newer_schema_is_named(tmp_path: Path) -> None:
    (tmp_path / "x").write_text('{"kind":"manifest","of":"","body":{"schema":99}}\n', encoding="utf-8")
    with pytest.raises(UserError, match="has schema 99; this version reads up to 1"):
        read(tmp_path / "x")


def test_a_place_that_cannot_be_written_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot write"):
        write(_snapshot(), tmp_path / "no" / "such" / "folder")
