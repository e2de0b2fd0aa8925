"""Standard output as it is found: closed, full, or read by somebody who has seen enough."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def ensure() -> None:
    """A stream that was closed before the start swallows what it is given."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  # as long as the process


def discard() -> None:
    """Drops what is still to be printed, so that leaving does not fail on it again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def printing() -> Iterator[None]:
    """Prints to the end, or until the reader closes the pipe: that is no failure and changes no exit code."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        discard()
