"""Reads an estate from Azure into a snapshot: read-only, with a ledger of what could not be read."""

from __future__ import annotations

from scanner.collect.settings import Progress, Secret, Settings, Silent
from scanner.snapshot import Snapshot

__all__ = ["Progress", "Secret", "Settings", "Silent", "run"]


def run(settings: Settings, progress: Progress | None = None) -> Snapshot:
    """Collects and returns a snapshot. Raises CollectionError when sign-in fails or nothing answers, UserError for wrong settings."""
    import asyncio

    from scanner.collect.ending import terminable
    from scanner.collect.estate import collect

    return asyncio.run(terminable(collect(settings, progress or Silent())))
