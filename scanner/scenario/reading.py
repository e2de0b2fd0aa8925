"""Mistakes of a scenario file and the places they are at, collected while its parts are read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from scanner import ids, yamlfile
from scanner.errors import Problem, suggest

_TOKEN = re.compile(r"\{([^{}]*)\}")


class Reader:
    """Collects mistakes while it turns data into a scenario."""

    def __init__(self, document: yamlfile.Document) -> None:
        self.document = document
        self.value: dict[str, Any] = document.value
        self.problems: list[Problem] = []
        self.environments = set(self.value["environments"])
        self.classes = set(self.value.get("data-classes", {}))
        self.sites = set(self.value.get("sites", {}))
        self.own_regions: Mapping[str, Any] = {
            ids.fold_location(name): facts for name, facts in self.value.get("regions", {}).items()
        }

    def wrong(self, message: str, *path: str | int, help: str = "", key: bool = False) -> None:
        where = self.document.key_span(*path) if key else self.document.span(*path)
        self.problems.append(Problem(message, where, help))

    def known(self, name: str, among: set[str], what: str, *path: str | int) -> None:
        if name not in among:
            listed = suggest(name, among) or (f"known: {', '.join(f'`{n}`' for n in sorted(among))}" if among else "")
            self.wrong(f"`{name}` is not {what}", *path, help=listed)

    def all_known(self, names: list[str], among: set[str], what: str, *path: str | int) -> tuple[str, ...]:
        for number, name in enumerate(names):
            self.known(name, among, what, *path, number)
        return tuple(names)

    def once(self, part: str, key: str, number: int) -> None:
        """A second entry of one name would take the place of the first."""
        entries = self.value[part]
        if any(other[key].lower() == entries[number][key].lower() for other in entries[:number]):
            self.wrong(f"`{entries[number][key]}` stands here twice", part, number, key)

    def tokens(self, name: str, *path: str | int) -> None:
        keys = list(self.value.get("structure", {}).get("keys", {}))
        for token in _TOKEN.findall(name):
            if token not in keys:
                self.wrong(
                    f"`{{{token}}}` is filled from `structure.keys`, which has no `{token}`",
                    *path,
                    help=suggest(token, keys),
                )
            elif token != keys[0]:
                # a resource has one unit: filled with another key's values, the name would approve a stranger
                self.wrong(f"`{{{token}}}` is not filled: names take the first of `structure.keys`, `{keys[0]}`", *path)

    def day(self, text: str, *path: str | int) -> date:
        try:
            return date.fromisoformat(text)
        except ValueError:
            self.wrong(f"`{text}` is not a day", *path)
            return date.min
