"""Decodes the lines of a snapshot into shapes; what does not fit becomes unknown, never a default and never silence.

A field of another shape than expected reads as `ODD`: it was there, so Azure's default for an absent one does not hold.
A row in which nothing identifies the object is handed on as unread, so that it can be a gap.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

import msgspec

from scanner.snapshot import Snapshot

B = TypeVar("B")
_AT = re.compile(r"at `\$\.?([^`]*)`")
_MOST_ODDITIES = 64  # in one row; more is no row of this kind


class _Odd:
    """The type of `ODD`, for a readable name."""

    def __repr__(self) -> str:
        return "ODD"


ODD: Any = _Odd()


class Line(msgspec.Struct, Generic[B]):
    """A line of a snapshot with the body decoded."""

    body: B
    of: str = ""


def lines(
    snapshot: Snapshot, kind: str, shape: type[B], unread: Callable[[str, bytes], None]
) -> Iterator[tuple[B, str, bytes, bool]]:
    """Each record of a kind: its body in the shape, its context, the raw line, and whether a field of it is odd.

    `unread(kind, raw)` is told of every row that identifies nothing.
    """
    line_type: Any = Line[shape]  # type: ignore[valid-type]  # a shape chosen at run time
    decode = msgspec.json.Decoder(line_type).decode
    for block in snapshot.blocks(kind):
        for raw in block:
            try:
                line, odd = decode(raw), False
            except msgspec.DecodeError:
                line, odd = _mended(raw, line_type), True
                if line is None:
                    unread(kind, raw)
                    continue
            yield line.body, line.of, raw, odd


def loosely(raw: bytes) -> dict[str, Any]:
    """The line as plain data, for what may still be told of a row nobody understood; empty when it is no JSON object."""
    try:
        data = msgspec.json.decode(raw)
    except msgspec.DecodeError:
        return {}
    return data if isinstance(data, dict) else {}


def _mended(raw: bytes, line_type: Any) -> Any:
    """The row with `ODD` in the fields that do not fit; None when what is left identifies nothing."""
    data: Any = loosely(raw)
    odd: list[list[str]] = []
    for _ in range(_MOST_ODDITIES):
        try:
            line = msgspec.convert(data, line_type)
        except msgspec.ValidationError as error:
            found = _AT.search(str(error))
            path = found.group(1).partition("[")[0].split(".") if found else []
            if not _drop(data, path):
                return None
            odd.append(path)
            continue
        for path in odd:
            _mark(line, path)
        return line
    return None


def _drop(data: Any, path: list[str]) -> bool:
    """Removes what stands at a path like `body`, `properties`, `sku`; False when that cannot be done."""
    for key in path[:-1]:
        data = data.get(key) if isinstance(data, dict) else None
    if not path or not isinstance(data, dict) or path[-1] not in data:
        return False
    del data[path[-1]]
    return True


def _mark(line: Any, path: list[str]) -> None:
    """Puts `ODD` where a field was dropped. All of `properties` is simply unread."""
    if path == ["body", "properties"]:
        return
    holder = line
    for at, name in enumerate(path):
        if not isinstance(holder, msgspec.Struct):
            return
        names = dict(zip(holder.__struct_encode_fields__, holder.__struct_fields__, strict=True))
        if at == len(path) - 1:
            setattr(holder, names[name], ODD)
        else:
            holder = getattr(holder, names[name])
