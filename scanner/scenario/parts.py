"""Small parts of a scenario file as data: durations, matches, keys of findings."""

from __future__ import annotations

from typing import Any

from scanner import ids, regions
from scanner.scenario.model import Match


def is_key(cause: str) -> bool:
    """Whether a text can be what a finding rests on: an id, a key made of ids, or a region."""
    return ids.is_guid(cause) or bool(set(cause) & set("/:")) or regions.region(cause) is not None


def subject(text: str) -> str:
    """A key as reports print it: ARM ids are folded, other keys are lower case already."""
    return ids.fold(text) if text.startswith("/") else text.lower()


def days(text: str | None) -> int | None:
    return int(text[:-1]) if text else None


def match(given: dict[str, Any]) -> Match:
    return Match(
        {name.lower(): tuple(map(str, values)) for name, values in given.get("tag", {}).items()},
        tuple(given.get("name", ())), tuple(given.get("resource-group", ())), tuple(given.get("subscription", ())),
        tuple(given.get("management-group", ())), tuple(given.get("tenant", ())),
    )  # fmt: skip
