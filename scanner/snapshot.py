"""The snapshot: what a collector read, as one file an auditor can keep, check and read with ordinary tools.

The file is a row of zstd frames, so `zstd -dc FILE` prints it as JSON lines, each
`{"kind": ..., "of": ..., "body": ...}` with the body as Azure returned it (secrets redacted). Lines of one kind stand
together, a few thousand to a frame. The last frame holds the manifest (same shape, kind `manifest`), found
through a zstd skippable frame of fixed size at the very end. Plain JSON lines are read too.
"""

from __future__ import annotations

import hashlib
import os
import struct
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal

import msgspec
import zstandard

from scanner.errors import Problem, Span, UserError

SCHEMA = 1
RECORDS_PER_FRAME = 4096
_SKIPPABLE = 0x184D2A5E
_TRAILER = struct.Struct("<IIQQ32s")  # skippable magic, payload size, manifest offset, length and SHA-256
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"

CoverageOutcome = Literal["complete", "partial", "forbidden", "throttled", "failed", "unsupported", "bounded"]


class Record(msgspec.Struct, frozen=True):
    """One object as Azure returned it.

    `kind` is the record kind (see `scanner.graph.records`), `of` the context its body does not carry itself: the
    folded scope or parent a list was asked for (`/subscriptions/S/locations/westeurope` for usage rows, the
    group's object id for members), else the empty string.
    """

    kind: str
    of: str
    body: msgspec.Raw


class Coverage(msgspec.Struct, frozen=True, omit_defaults=True):
    """How one list went. `scope` is folded; `permission` is the ARM action or Graph permission it needs, `denied_at` where the
    service says that it is missing (folded), which may be above or below the scope that was asked.
    """

    kind: str
    scope: str
    outcome: CoverageOutcome
    permission: str = ""
    count: int = 0
    status: int = 0
    code: str = ""
    detail: str = ""
    request_id: str = ""
    denied_at: str = ""


class Part(msgspec.Struct, frozen=True):
    """One frame: where it lies and what it must hash to (SHA-256 of the compressed bytes)."""

    kind: str
    offset: int
    length: int
    records: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What was read, when, by whom, how far. Times are RFC 3339 in UTC."""

    schema: int = SCHEMA
    tool: str = ""
    tenant: str = ""
    cloud: str = "public"
    identity: str = ""
    scope: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()  # subscriptions and resource groups left out by name, as they were given
    notes: tuple[str, ...] = ()  # subscriptions that are disabled, delegated, or of another tenant and so left out
    started: str = ""
    finished: str = ""
    partial: bool = False
    redacted: bool = False
    api_versions: dict[str, str] = {}
    counts: dict[str, int] = {}
    parts: tuple[Part, ...] = ()
    coverage: tuple[Coverage, ...] = ()


class _Line(msgspec.Struct, frozen=True):
    kind: str
    of: str
    body: msgspec.Raw


_LINE = msgspec.json.Decoder(_Line)
_MANIFEST = msgspec.json.Decoder(Manifest)


@dataclass(frozen=True)
class Snapshot:
    """A snapshot that was checked on opening; frames are decompressed as they are asked for."""

    manifest: Manifest
    source: str = "memory"
    _path: Path | None = None
    _lines: Mapping[str, Sequence[bytes]] = field(default_factory=dict)  # in memory: JSON lines by kind
    _blocks: Callable[[str], Iterator[list[bytes]]] | None = None  # being collected: the lines a kind has so far
    _release: Callable[[], None] | None = None

    def release(self) -> None:
        """Another run may now write where this one was collected; until then it is refused, since this one still lies there."""
        if self._release is not None:
            self._release()

    @property
    def kinds(self) -> tuple[str, ...]:
        """Record kinds that occur, sorted."""
        named = {part.kind for part in self.manifest.parts} | set(self._lines)
        return tuple(sorted(named | (set(self.manifest.counts) if self._blocks else set())))

    @property
    def coverage(self) -> tuple[Coverage, ...]:
        return self.manifest.coverage

    def blocks(self, kind: str) -> Iterator[list[bytes]]:
        """The JSON lines of a kind, a frame at a time, in stored order."""
        if self._blocks is not None:
            yield from self._blocks(kind)
            return
        if self._path is None:
            if kind in self._lines:
                yield list(self._lines[kind])
            return
        with self._path.open("rb") as file:
            for part in self.manifest.parts:
                if part.kind == kind:
                    yield _frame(file, part, self.source).splitlines()

    def records(self, kind: str) -> Iterator[Record]:
        for block in self.blocks(kind):
            for line in block:
                decoded = _LINE.decode(line)
                yield Record(decoded.kind, decoded.of, decoded.body)


def from_records(records: Iterable[Record], coverage: Iterable[Coverage] = (), **facts: object) -> Snapshot:
    """A snapshot in memory. `facts` are fields of the manifest (tenant, scope, started ...)."""
    lines: defaultdict[str, list[bytes]] = defaultdict(list)
    for record in records:
        lines[record.kind].append(msgspec.json.encode(record))
    manifest = msgspec.structs.replace(
        Manifest(),
        coverage=tuple(coverage),
        counts={kind: len(rows) for kind, rows in sorted(lines.items())},
        **facts,
    )
    return Snapshot(manifest, _lines={kind: tuple(sorted(rows)) for kind, rows in lines.items()})


def record(kind: str, body: object, of: str = "") -> Record:
    """A record from plain data."""
    return Record(kind, of, msgspec.Raw(msgspec.json.encode(body)))


def edited(
    snapshot: Snapshot, changes: Mapping[str, Callable[[bytes], bytes | None]], added: Iterable[Record]
) -> Snapshot:
    """A snapshot in memory with lines of some kinds changed, or dropped where the change gives None, and records added."""
    lines: dict[str, list[bytes]] = {}
    for kind, change in changes.items():
        changed = (change(line) for block in snapshot.blocks(kind) for line in block)
        lines[kind] = [line for line in changed if line is not None]
    for record_ in added:
        if record_.kind not in lines:
            lines[record_.kind] = [line for block in snapshot.blocks(record_.kind) for line in block]
        lines[record_.kind].append(msgspec.json.encode(record_))
    counts = {**snapshot.manifest.counts, **{kind: len(rows) for kind, rows in lines.items()}}

    def blocks(kind: str) -> Iterator[list[bytes]]:
        if kind in lines:
            yield sorted(lines[kind])
        else:
            yield from snapshot.blocks(kind)

    manifest = msgspec.structs.replace(snapshot.manifest, counts={k: n for k, n in counts.items() if n})
    return Snapshot(manifest, snapshot.source, _blocks=blocks)


def write(snapshot: Snapshot, path: Path) -> Manifest:
    """Writes the snapshot as one file, atomically and readable by its owner alone.

    Raises UserError when the place cannot be written. Returns the manifest with its parts.
    """
    compressor = zstandard.ZstdCompressor(level=3)
    parts: list[Part] = []
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise UserError(Problem(f"cannot write snapshot `{path}`: {error.strerror}")) from error
    try:
        with os.fdopen(handle, "wb") as file:
            offset = 0
            for kind in snapshot.kinds:
                for rows in _batches(snapshot.blocks(kind)):
                    frame = compressor.compress(b"\n".join(rows) + b"\n")
                    parts.append(Part(kind, offset, len(frame), len(rows), hashlib.sha256(frame).hexdigest()))
                    offset += file.write(frame)
            manifest = msgspec.structs.replace(snapshot.manifest, parts=tuple(parts))
            body = msgspec.Raw(msgspec.json.encode(manifest))
            frame = compressor.compress(msgspec.json.encode(Record("manifest", "", body)) + b"\n")
            file.write(frame)
            file.write(_TRAILER.pack(_SKIPPABLE, _TRAILER.size - 8, offset, len(frame), hashlib.sha256(frame).digest()))
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException as error:
        Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise UserError(Problem(f"cannot write snapshot `{path}`: {error.strerror}")) from error
        raise
    return manifest


def read(path: Path) -> Snapshot:
    """Opens a snapshot and checks all of it: every frame's hash, counts and shape.

    Raises UserError for a file that is missing, foreign, damaged, cut short or of a newer schema.
    """
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        why = (error.strerror or "no such file").lower()
        raise UserError(
            Problem(f"cannot read snapshot `{path}`: {why}", help="`mlposture snapshot -o FILE` makes one")
        ) from error
    if start == _ZSTD_MAGIC:
        return _read_frames(path)
    if start[:1] == b"{":
        return _read_lines(path)
    raise UserError(Problem(f"`{path}` is not a snapshot", help="write one with `mlposture snapshot -o FILE`"))


def _read_frames(path: Path) -> Snapshot:
    size = path.stat().st_size
    with path.open("rb") as file:
        if size < _TRAILER.size:
            raise _damaged(path, "it is cut short")
        file.seek(size - _TRAILER.size)
        magic, payload, offset, length, digest = _TRAILER.unpack(file.read(_TRAILER.size))
        if magic != _SKIPPABLE or payload != _TRAILER.size - 8 or offset + length + _TRAILER.size != size:
            raise _damaged(path, "its end is missing")
        file.seek(offset)
        frame = file.read(length)
        if hashlib.sha256(frame).digest() != digest:
            raise _damaged(path, "its manifest was changed")
        try:
            line = _LINE.decode(_decompress(frame))
        except (msgspec.DecodeError, ValueError, zstandard.ZstdError) as error:
            raise _damaged(path, "its manifest cannot be read") from error
        manifest = _decode_manifest(line, path)
        end = 0
        for part in manifest.parts:
            if part.offset != end:
                raise _damaged(path, f"frame at byte {part.offset} does not follow the one before")
            end += part.length
            _frame(file, part, str(path))
        if end != offset:
            raise _damaged(path, "bytes stand between its last frame and its manifest")
    return Snapshot(manifest, source=str(path), _path=path)


def _read_lines(path: Path) -> Snapshot:
    lines: defaultdict[str, list[bytes]] = defaultdict(list)
    manifest: Manifest | None = None
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            if not raw.strip():
                continue
            try:
                line = _LINE.decode(raw.decode())  # as text: a body is not looked into
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise UserError(
                    Problem("not a line of a snapshot", Span(str(path), number), help=str(error))
                ) from error
            if line.kind == "manifest":
                manifest = _decode_manifest(line, path)
            else:
                lines[line.kind].append(raw.strip())
    if manifest is None:
        raise _damaged(path, "it has no manifest line")
    counts = {kind: len(rows) for kind, rows in sorted(lines.items())}
    if manifest.counts and manifest.counts != counts:
        raise _damaged(path, "its lines are not those its manifest counts")
    manifest = msgspec.structs.replace(manifest, parts=(), counts=counts)
    return Snapshot(manifest, source=str(path), _lines={k: tuple(v) for k, v in lines.items()})


def _decode_manifest(line: _Line, path: Path) -> Manifest:
    if line.kind != "manifest":
        raise _damaged(path, "it has no manifest")
    try:
        schema = msgspec.json.decode(line.body).get("schema")
        if isinstance(schema, int) and schema > SCHEMA:
            raise UserError(
                Problem(
                    f"snapshot `{path}` has schema {schema}; this version reads up to {SCHEMA}",
                    help="upgrade mlposture, or take the snapshot again with this version",
                )
            )
        return _MANIFEST.decode(line.body)
    except (msgspec.DecodeError, AttributeError) as error:
        raise _damaged(path, "its manifest cannot be read") from error


def _frame(file: BinaryIO, part: Part, source: str) -> bytes:
    file.seek(part.offset)
    frame = file.read(part.length)
    if hashlib.sha256(frame).hexdigest() != part.sha256:
        raise _damaged(source, f"the {part.kind} frame at byte {part.offset} was changed or lost")
    try:
        return _decompress(frame)
    except zstandard.ZstdError as error:
        raise _damaged(source, f"the {part.kind} frame at byte {part.offset} cannot be read") from error


def _decompress(frame: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompress(frame)


def _batches(blocks: Iterable[list[bytes]]) -> Iterator[list[bytes]]:
    """Frames of one size, whatever the sizes of the blocks."""
    waiting: list[bytes] = []
    for block in blocks:
        waiting += block
        for start in range(0, len(waiting) - RECORDS_PER_FRAME + 1, RECORDS_PER_FRAME):
            yield waiting[start : start + RECORDS_PER_FRAME]
        waiting = waiting[len(waiting) - len(waiting) % RECORDS_PER_FRAME :]
    if waiting:
        yield waiting


def _damaged(path: Path | str, how: str) -> UserError:
    return UserError(Problem(f"snapshot `{path}` is damaged: {how}", help="take the snapshot again"))
