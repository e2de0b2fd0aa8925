"""Writes a report to a file: whole or not at all, and for its owner alone."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from scanner.errors import Problem, UserError


def write_text(path: Path, text: str) -> None:
    """Replaces the file in one step, mode 0600. Raises UserError when the place cannot be written."""
    place = Path(os.path.realpath(path))  # a link stays a link
    if place.exists() and not place.is_file():
        raise UserError(Problem(f"cannot write `{path}`: it is {'a folder' if place.is_dir() else 'no ordinary file'}"))
    try:
        handle, temporary = tempfile.mkstemp(dir=place.parent, prefix=".mlposture.")
    except OSError as error:
        raise UserError(Problem(f"cannot write `{path}`: {(error.strerror or 'no such folder').lower()}")) from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text if text.endswith("\n") else text + "\n")
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(place)
    except OSError as error:
        Path(temporary).unlink(missing_ok=True)
        raise UserError(Problem(f"cannot write `{path}`: {(error.strerror or 'failed').lower()}")) from error
