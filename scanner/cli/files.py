"""Files a command will write: refused before anything is read, not after an hour of reading."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from scanner.errors import UserError


def check_places(written: Iterable[Path | None], read: Iterable[Path | None] = ()) -> None:
    """Raises UserError when a file cannot be written there, would be written twice, or would replace one that is read."""
    inputs = {_real(path) for path in read if path is not None}
    taken: set[Path] = set()
    for path in written:
        if path is None:
            continue
        place = _real(path)
        why = (
            "it is a folder" if place.is_dir()
            else "it is no ordinary file" if place.exists() and not place.is_file()
            else "no such folder" if not place.parent.is_dir()
            else "the folder is read-only" if not os.access(place.parent, os.W_OK)
            else "the command reads it" if place in inputs
            else "it is written twice" if place in taken
            else ""
        )  # fmt: skip
        if why:
            raise UserError(
                f"cannot write `{path}`: {why}",
                help="name another file, in a folder that is there and may be written to",
            )
        taken.add(place)


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))  # `resolve` raises for links that run in a circle
