"""What is seen while an estate is read: one line in place at a terminal, a line now and then in CI, or JSON for machines."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

_EVERY = 10.0  # seconds between plain lines
_OFTEN = 0.1  # seconds between redraws in place


@dataclass
class Shown:
    """Counts what the collector reports; `show` prints a line, `log` takes events, either may do nothing."""

    show: Callable[[str], None] | None = None
    log: Callable[[dict[str, Any]], None] | None = None
    every: float = _OFTEN
    what: str = "signing in"
    lists: int = 0
    known: int = 0  # lists known to be needed so far
    records: int = 0
    waited: float = 0.0
    unread: int = 0
    started: float = field(default_factory=time.monotonic)
    shown: float = 0.0

    def phase(self, what: str) -> None:
        self.what = what
        self._log("info", "phase", phase=what)
        self._print()

    def expected(self, lists: int) -> None:
        self.known += lists

    def listed(self, kind: str, scope: str, count: int, outcome: str = "complete") -> None:
        self.lists += 1
        self.records += count
        self.unread += outcome not in ("complete", "bounded")
        level = "info" if outcome in ("complete", "bounded") else "warning"
        self._log(level, "list", kind=kind, scope=scope, count=count, outcome=outcome)
        self._print()

    def throttled(self, seconds: float) -> None:
        self.waited += seconds
        self._log("info", "throttled", waited=round(seconds, 3))
        self._print()

    def end(self) -> None:
        self._log("info", "end", lists=self.lists, records=self.records, unread=self.unread, waited=round(self.waited, 3),
                  seconds=round(time.monotonic() - self.started, 3))  # fmt: skip

    def line(self) -> str:
        """Everything worth knowing, in one line."""
        passed = time.monotonic() - self.started
        rate = self.lists / passed if passed > 0 else 0.0
        parts = [_many(self.lists, "list"), _many(self.records, "record")]
        if passed >= 1:
            parts.append(f"{rate:,.0f} lists/s")
        if self.waited >= 1:
            parts.append(f"{self.waited:.0f} s asked to wait")
        if self.unread:
            parts.append(f"{self.unread:,} unread")
        left = (self.known - self.lists) / rate if rate else 0.0
        if passed >= 3 and left >= 1:
            parts.append(f"about {left:.0f} s left" if left < 120 else f"about {left / 60:.0f} min left")
        return f"{self.what}: {', '.join(parts)}"

    def _print(self) -> None:
        now = time.monotonic()
        if self.show is not None and now - self.shown >= self.every:
            self.shown = now
            self.show(self.line())

    def _log(self, level: str, event: str, **facts: Any) -> None:
        if self.log is not None:
            at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            self.log({"time": at, "level": level, "event": event, **facts})


def _many(count: int, what: str) -> str:
    return f"1 {what}" if count == 1 else f"{count:,} {what}s"


@contextmanager
def progress(hidden: bool, log_format: str = "text") -> Iterator[Shown]:
    """Shows what is reported while the block runs. JSON goes out even where progress is hidden: it was asked for."""
    if log_format == "json":
        shown = Shown(log=_json_line)
        yield shown
        shown.end()
    elif hidden:
        yield Shown()
    elif sys.stderr.isatty() and not os.environ.get("CI"):
        from rich.console import Console
        from rich.text import Text

        console = Console(stderr=True, markup=False, emoji=False, highlight=False)
        with console.status(Text("signing in")) as status:
            yield Shown(show=lambda line: status.update(Text(line)))
    else:
        yield Shown(show=_plain_line, every=_EVERY, shown=time.monotonic())


def _plain_line(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _json_line(event: dict[str, Any]) -> None:
    """ASCII only and no command to a CI system, so that no name can play tricks on who reads the log."""
    from scanner.render.safe import json_text

    sys.stderr.write(json_text(event) + "\n")
