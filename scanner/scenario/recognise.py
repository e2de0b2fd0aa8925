"""Recognises resources by the scenario's matches: nearest first, from the resource up to its management groups."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from scanner import ids
from scanner.findings import Gap
from scanner.graph.estate import Estate
from scanner.scenario.model import Match

_PLACES = ("resource-group", "subscription", "management-group", "tenant")


class Recogniser:
    """Answers which of a list of named matches apply to a node; equal tags are tested once."""

    def __init__(self, estate: Estate, matches: Sequence[tuple[str, Match]]) -> None:
        self.estate = estate
        self.matches = matches
        self._by_tags: dict[int, tuple[str, ...]] = {}
        self._by_place: dict[int, tuple[str, ...]] = {}
        self.names = any(match.names for _, match in matches)
        self._groups = any(match.management_groups for _, match in matches)
        self.unread = any(estate.neighbours(node, "contains") for node in estate.nodes("missing")) or (
            self._groups and "contained-in" in estate.gap_names
        )

    def at(self, node: int) -> tuple[str, ...]:
        """The names whose match applies at this very node, in file order."""
        found = (*self.by_tags(node), *self.by_place(node))
        if len(found) < 2:
            return found
        return tuple(name for name, _ in self.matches if name in found)

    def by_tags(self, node: int) -> tuple[str, ...]:
        tags = self.estate.get(node, "tags")
        if not isinstance(tags, dict) or not tags:
            return ()
        key = id(tags)  # equal tags are one object
        found = self._by_tags.get(key)
        if found is None:
            found = tuple(
                name
                for name, match in self.matches
                if any(tags.get(tag) in values for tag, values in match.tags.items())
            )
            self._by_tags[key] = found
        return found

    def by_place(self, node: int) -> tuple[str, ...]:
        """By name, or by what a container is called."""
        kind = self.estate.kind(node)
        if not self.names and kind not in _PLACES:
            return ()
        found = self._by_place.get(node)
        if found is None:
            name, key = self.estate.name(node).lower(), self.estate.key(node)
            # a tenant's key is `/`, so its id is what Azure wrote
            own = (name, self.estate.original(node).lower() if kind == "tenant" else ids.last(key))
            found = tuple(
                title
                for title, match in self.matches
                if any(_glob(p.lower(), text) for p in _patterns(match, kind) for text in own)
            )
            if kind in _PLACES or found:
                self._by_place[node] = found
        return found

    def unread_above(self, node: int) -> list[int]:
        """Gaps of containers of a node that nobody could read, and whose tags or names might say where it belongs."""
        estate = self.estate
        if not self.unread:
            return []
        found: list[int] = []
        for place in ancestors(estate, node):
            if estate.kind(place) == "missing":
                found += estate.gaps_at(place, "*") or [
                    estate.add_gap(Gap("resource", estate.key(place), "", "missing"))
                ]
            elif self._groups:  # a management group in between, whose name may be one that the scenario matches
                found += estate.gaps_at(place, "contained-in")
        return found

    def nearest(self, node: int, above: Callable[[int], Iterator[int]]) -> tuple[int, tuple[str, ...]] | None:
        """The nearest node, from this one up, at which something applies, and what."""
        for place in itertools.chain((node,), above(node)):  # what is above is asked only when needed
            found = self.at(place)
            if found:
                return place, found
        return None


def _patterns(match: Match, kind: str) -> tuple[str, ...]:
    return {
        "resource-group": match.resource_groups,
        "subscription": match.subscriptions,
        "management-group": match.management_groups,
        "tenant": match.tenants,
    }.get(kind, match.names)


def _glob(pattern: str, text: str) -> bool:
    """`*` is any run of characters; no other wildcard, so that names with brackets mean themselves."""
    if "*" not in pattern:
        return pattern == text
    first, *middle, last = pattern.split("*")
    if not text.startswith(first) or len(text) < len(first) + len(last) or not text.endswith(last):
        return False
    at = len(first)
    for part in middle:
        found = text.find(part, at, len(text) - len(last))
        if found < 0:
            return False
        at = found + len(part)
    return True


def ancestors(estate: Estate, node: int) -> Iterator[int]:
    """The containers of a node, nearest first; a managed resource's owner comes before its own group."""
    seen = {node}
    while True:
        above: Any = estate.first(node, "contained-in")
        if above is None or above in seen:
            return
        seen.add(above)
        yield above
        node = above


def owner(estate: Estate, node: int) -> int | None:
    """What manages a resource or the group it lies in; None for most."""
    for place in (node, *ancestors(estate, node)):
        managed_by = estate.get(place, "managed-by")
        if isinstance(managed_by, str):
            found = estate.node(managed_by)
            if found is not None and found != node:
                return found
    return None
