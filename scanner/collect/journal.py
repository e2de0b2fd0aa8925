"""The journal: finished lists on disk as they come, so that a run that was killed goes on where it stopped.

A file of frames, each with its length and checksum: first what the run is about, then one frame for each part of a
list (its line of the ledger, then its records). What a kill cut short at the end is dropped when the file is opened again.
The snapshot is read from here, so a collection holds no more in memory than the lists it is reading.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import struct
import tempfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any

import msgspec
import zstandard

from scanner.errors import CollectionError, UserError
from scanner.snapshot import Coverage, CoverageOutcome, Record

_FRAME = struct.Struct("<4sII")  # magic, length of the payload, CRC-32 of it
_MAGIC = b"mlj1"
_SMALL = 600  # bytes: most lists are empty, and compressing one takes longer than writing it
_WORST: tuple[CoverageOutcome, ...] = (
    "forbidden", "throttled", "failed", "partial", "unsupported", "bounded", "complete",
)  # fmt: skip
_AGAIN = {"failed", "throttled", "partial", "forbidden"}  # a resumed run asks for these once more
# Kinds whose rows several lists repeat (what is inherited shows at every subscription), by the part of the id that is theirs.
_SHARED = {
    "role-assignment",
    "role-definition",
    "deny-assignment",
    "role-eligibility",
    "role-activation",
    "policy-assignment",
}


class _Head(msgspec.Struct):
    """What the run is about; a journal of another run is not taken up."""

    about: str
    started: str


class _Part(msgspec.Struct):
    part: str
    coverage: Coverage


@dataclass(frozen=True, slots=True)
class _Entry:
    part: str
    coverage: Coverage
    offset: int
    length: int


class Journal:
    """Open while a collection runs, and as long as its snapshot is read."""

    def __init__(self, path: Path | None, about: Mapping[str, Any], started: str, resume: bool = False) -> None:
        """`about` is what must be the same for a run to be taken up again.

        Raises UserError when another run writes here, when the place cannot be written, or when `resume` finds the journal
        of another run.
        """
        self._path = path
        self._end = 0
        self._at = -1  # where the file stands, when that is known
        self._before: dict[tuple[str, str, str], _Entry] = {}  # what a run that stopped had finished
        self._entries: dict[tuple[str, str, str], _Entry] = {}  # what this run has, taken over or read
        self._compress = zstandard.ZstdCompressor(level=1).compress
        self._expand = zstandard.ZstdDecompressor().decompress
        self.started = started
        self.resumed = False
        self._file = _open(path)
        said = hashlib.sha256(msgspec.json.encode(sorted(about.items()))).hexdigest()
        head = self._recover() if resume else None
        if head is not None and head.about != said:
            raise UserError(
                f"`{path}` is of a run with another scope or another tenant",
                help="leave out `--resume` to begin anew, or ask for the same as before",
            )
        if head is None:
            self._file.seek(0)
            self._file.truncate()
            self._before.clear()
            self._append(msgspec.json.encode(_Head(said, started)))
        else:
            self.started, self.resumed = head.started, True

    # -- writing ------------------------------------------------------------------------------------------------------

    def keep(self, coverage: Coverage, records: Sequence[Record], part: str = "") -> None:
        """A list, or a part of one, is finished. Raises CollectionError when the disk takes no more."""
        encode = msgspec.json.encode
        payload = b"\n".join([encode(_Part(part, coverage)), *sorted(encode(record) for record in records)])
        offset, length = self._append(self._compress(payload) if len(payload) > _SMALL else payload)
        self._entries[coverage.kind, coverage.scope, part] = _Entry(part, coverage, offset, length)

    def _append(self, payload: bytes) -> tuple[int, int]:
        try:
            start = self._end
            if self._at != start:
                self._file.seek(start)
            left = memoryview(_FRAME.pack(_MAGIC, len(payload), zlib.crc32(payload)) + payload)
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            raise CollectionError(
                f"cannot keep what was read: {error.strerror}", "make room, then go on with `--resume`"
            ) from error
        self._end = self._at = start + _FRAME.size + len(payload)
        return start + _FRAME.size, len(payload)

    # -- reading ------------------------------------------------------------------------------------------------------

    def finished(self, kind: str, scope: str, part: str = "") -> list[Record] | None:
        """The records of a list that was read to its end before; None when it has to be read."""
        entry = self._before.get((kind, scope, part))
        if entry is None or entry.coverage.outcome in _AGAIN:
            return None
        self._entries[kind, scope, part] = entry
        return [msgspec.json.decode(line, type=Record) for line in self._lines(entry)]

    def coverage(self) -> tuple[Coverage, ...]:
        """The ledger: one line for each list, parts together, the worst outcome said."""
        found: dict[tuple[str, str], Coverage] = {}
        for (kind, scope, _), entry in sorted(self._entries.items()):
            before = found.get((kind, scope))
            if before is None:
                found[kind, scope] = entry.coverage
                continue
            worse = min((before, entry.coverage), key=lambda c: _WORST.index(c.outcome))
            count = before.count + entry.coverage.count
            found[kind, scope] = msgspec.structs.replace(worse, count=count)
        return tuple(found.values())

    def counts(self) -> dict[str, int]:
        """Records by kind."""
        kinds = sorted({kind for kind, _, _ in self._entries})
        found = {
            kind: sum(len(block) for block in self.blocks(kind)) if kind in _SHARED else self._count(kind)
            for kind in kinds
        }
        return {kind: count for kind, count in found.items() if count}

    def _count(self, kind: str) -> int:
        return sum(entry.coverage.count for entry in self._entries.values() if entry.coverage.kind == kind)

    def blocks(self, kind: str) -> Iterator[list[bytes]]:
        """The JSON lines of a kind, list by list in order of their scopes; what several lists repeat comes once."""
        seen: set[bytes] | None = set() if kind in _SHARED else None
        for key in sorted(key for key in self._entries if key[0] == kind):
            lines = self._lines(self._entries[key])
            if seen is not None:
                lines = [line for line in lines if _first(line, kind, seen)]
            if lines:
                yield lines

    def _lines(self, entry: _Entry) -> list[bytes]:
        self._at = -1
        self._file.seek(entry.offset)
        return self._told(self._file.read(entry.length)).splitlines()[1:]

    def _told(self, payload: bytes) -> bytes:
        """The lines of a frame: JSON begins with a brace, what is compressed never does."""
        return payload if payload.startswith(b"{") else self._expand(payload)

    def _recover(self) -> _Head | None:
        """Reads every whole frame and cuts off what follows; None when there is not even a first one."""
        head: _Head | None = None
        end = 0
        self._file.seek(0)
        while len(start := self._file.read(_FRAME.size)) == _FRAME.size:
            magic, length, checksum = _FRAME.unpack(start)
            payload = self._file.read(length)
            if magic != _MAGIC or len(payload) != length or zlib.crc32(payload) != checksum:
                break
            if head is None:
                head = msgspec.json.decode(payload, type=_Head)
            else:
                line = msgspec.json.decode(self._told(payload).split(b"\n", 1)[0], type=_Part)
                entry = _Entry(line.part, line.coverage, end + _FRAME.size, length)
                self._before[line.coverage.kind, line.coverage.scope, line.part] = entry
            end += _FRAME.size + length
        self._file.truncate(end)
        self._end, self._at = end, -1
        return head

    def release(self) -> None:
        """What was found is written elsewhere, or not needed; it can still be read, and another run may begin."""
        with contextlib.suppress(OSError):
            os.fsync(self._file.fileno())
        _unlock(self._file)

    def close(self) -> None:
        self._file.close()


class _Named(msgspec.Struct):
    id: str = ""


class _Line(msgspec.Struct):
    body: _Named


def _first(line: bytes, kind: str, seen: set[bytes]) -> bool:
    """Whether an object is met for the first time. Role definitions come with the prefix of whoever asked: their GUID is what they are."""
    try:
        name = msgspec.json.decode(line, type=_Line).body.id.lower()
    except msgspec.ValidationError:
        return True  # of no known shape: not to be told from another
    key = hashlib.blake2b(
        (name.rpartition("/")[2] if kind == "role-definition" else name).encode(), digest_size=16
    ).digest()
    if key in seen:
        return False
    seen.add(key)
    return True


def _unlock(file: FileIO) -> None:
    with contextlib.suppress(ImportError, OSError):
        import fcntl

        fcntl.flock(file, fcntl.LOCK_UN)


def _open(path: Path | None) -> FileIO:
    if path is None:
        return tempfile.TemporaryFile(prefix="mlposture-", buffering=0)  # lives as long as the snapshot
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise UserError(f"cannot write `{path}`: {error.strerror}") from error
    file = os.fdopen(handle, "r+b", buffering=0)
    try:
        import fcntl
    except ImportError:  # Windows: a second run is not noticed there
        return file
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(handle).st_ino != path.stat().st_ino:
            raise OSError("it was taken away by the run before")  # between opening and locking
    except OSError as error:
        with contextlib.suppress(OSError):
            file.close()
        raise UserError(f"another run is writing to `{path}`", help="wait for it, or write elsewhere") from error
    return file
