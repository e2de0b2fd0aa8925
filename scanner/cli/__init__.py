"""The command `mlposture`: one file a command, each loaded only when it is called."""

from __future__ import annotations

from scanner.cli.main import main

__all__ = ["main"]
