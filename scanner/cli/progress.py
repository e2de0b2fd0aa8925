"""What a person sees while an estate is read: one line on stderr, only on a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.status import Status


@dataclass
class Shown:
    """Counts what the collector reports and shows it in place."""

    status: Status | None = None
    lists: int = 0
    records: int = 0
    waited: float = 0.0
    latest: str = field(default="")

    def phase(self, what: str) -> None:
        self.latest = what
        self._show()

    def expected(self, lists: int) -> None:
        return None

    def listed(self, kind: str, scope: str, count: int, outcome: str = "complete") -> None:
        self.lists += 1
        self.records += count
        self.latest = kind
        self._show()

    def throttled(self, seconds: float) -> None:
        self.waited += seconds
        self._show()

    def _show(self) -> None:
        if self.status is not None:
            waited = f", waited {self.waited:.0f} s" if self.waited >= 1 else ""
            self.status.update(f"reading {self.latest}: {self.records} records in {self.lists} lists{waited}")


@contextmanager
def progress(hidden: bool) -> Iterator[Shown]:
    """A progress line while the block runs; nothing at all when hidden, in CI, or when stderr is no terminal."""
    if hidden or not sys.stderr.isatty() or os.environ.get("CI"):
        yield Shown()
        return
    from rich.console import Console

    console = Console(stderr=True, markup=False, emoji=False, highlight=False)
    with console.status("signing in") as status:
        yield Shown(status)
