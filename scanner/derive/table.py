"""The role table of the scenario as questions: which duties is a principal given where, and whose rights are accounted for."""

from __future__ import annotations

from collections import defaultdict

from pyroaring import BitMap

from scanner.derive.access.engine import Engine
from scanner.derive.access.grants import administrators
from scanner.graph.estate import Estate

_WRITING = {"train", "release", "operate", "provision", "grant-access", "manage-quota", "manage-data"}


class Table:
    """Rows by the principal they name. A group nested in the group of a row is covered by the row."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.estate: Estate = engine.estate
        estate = self.estate
        self.production = [
            estate.name(node) for node in estate.nodes("environment") if estate.get(node, "stage") == "production"
        ]
        self.rows: defaultdict[int, list[int]] = defaultdict(list)
        for row in estate.nodes("role-row"):
            for principal in estate.neighbours(row, "names"):
                for inner in self._inner(principal):
                    self.rows[inner].append(row)
        self.administered = self._administered()
        # who administers is not known when a row's group could not be looked up
        nameless = any(not estate.neighbours(row, "names") for row in estate.nodes("administrator-row"))
        self.unnamed = estate.unread_gaps("group") if nameless else []
        self.break_glass = BitMap(n for n in estate.nodes("identity") if estate.get(n, "break-glass") is True)
        self.double = self._double_rows()

    def behind(self, principal: int, environment: str, unit: str | None) -> list[int]:
        """The rows that give a principal something in an environment, for a project or team when there is one."""
        estate = self.estate
        return [
            row for row in self.rows.get(principal, ())
            if estate.get(row, "environment") == environment and (unit is None or estate.get(row, "unit") in (None, unit))
        ]  # fmt: skip

    def duties(self, principal: int, environment: str, unit: str | None) -> set[str]:
        """The duties that rows and the release give a principal in an environment."""
        found = {duty for row in self.behind(principal, environment, unit) for duty in self.estate.get(row, "duties")}
        if environment in self.production and self.estate.get(principal, "release-workload") is True:
            found.add("release")
        return found

    def _inner(self, principal: int) -> tuple[int, ...]:
        return self.engine.inner_groups(principal)

    def _administered(self) -> dict[int, set[str]]:
        """Administrator groups, and the groups nested in them, with the environments they are over."""
        found: dict[int, set[str]] = {}
        for principal, environments in administrators(self.estate).items():
            for inner in self._inner(principal):
                found.setdefault(inner, set()).update(environments)
        return found

    def _double_rows(self) -> dict[int, set[str]]:
        """Principals that one role lists in several environments with duties that write: there the crossing is declared."""
        estate = self.estate
        found: defaultdict[tuple[int, str], set[str]] = defaultdict(set)
        for row in estate.nodes("role-row"):
            if estate.get(row, "duties") & _WRITING:
                for principal in estate.neighbours(row, "names"):
                    found[principal, str(estate.get(row, "role"))].add(str(estate.get(row, "environment")))
        merged: defaultdict[int, set[str]] = defaultdict(set)
        for (principal, _), environments in found.items():
            if len(environments) > 1:
                merged[principal] |= environments
        return merged
