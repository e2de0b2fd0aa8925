"""Runs `mlposture` for tests: in this process where it is about what is said, in one of its own where that is what counts."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import IO
from unittest.mock import patch

from scanner.cli import main

ROOT = Path(__file__).parent.parent.parent
Done = subprocess.CompletedProcess[str]
# What a person or a CI system may have set, and what would find this machine's own identity.
_SET_BY_OTHERS = ("MLPOSTURE", "AZURE", "CI", "FORCE_COLOR")


def run(*words: str, cwd: Path | None = None, environment: Mapping[str, str] | None = None) -> Done:
    """The command's own entry point, as a process would run it, with streams, environment and folder of its own."""
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in ("stdout", "stderr")]
    code = 0
    with (
        _standing_in(cwd or ROOT, _environment(environment), streams),
        patch.object(sys, "argv", ["mlposture", *words]),
    ):
        try:
            main()
        except SystemExit as left:
            code = int(left.code or 0)
    for stream in streams:
        stream.seek(0)
    return Done(list(words), code, *(stream.read() for stream in streams))


def run_apart(*words: str, cwd: Path | None = None, environment: Mapping[str, str] | None = None) -> Done:
    """The same in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", "from scanner.cli import main; main()", *words], capture_output=True, text=True, cwd=cwd or ROOT,
        env={**_environment(environment), "PYTHONPATH": str(ROOT)}, check=False, timeout=60,
    )  # fmt: skip


def _environment(more: Mapping[str, str] | None) -> dict[str, str]:
    return {**{k: v for k, v in os.environ.items() if not k.startswith(_SET_BY_OTHERS)}, **(more or {})}


@contextmanager
def _standing_in(folder: Path, environment: Mapping[str, str], streams: Sequence[IO[str]]) -> Iterator[None]:
    """What the command changes or looks at of its process is put back as it was."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        with (
            chdir(folder),
            patch.dict(os.environ, environment, clear=True),
            patch.object(sys, "stdout", streams[0]),
            patch.object(sys, "stderr", streams[1]),
        ):
            yield
    finally:
        signal.signal(signal.SIGTERM, before)
