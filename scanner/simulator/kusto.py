"""The few words of the query language that a collector uses: one table, `where`, `project`, `order by id`, `take`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

TABLES = ("resources", "resourcecontainers", "authorizationresources", "policyresources")
_TERM = re.compile(r"([\w.]+)\s*(in~|in|=~|==|!~|!=)\s*(\((?:[^()']|'[^']*')*\)|'[^']*')$", re.IGNORECASE | re.DOTALL)
_WORD = re.compile(r"'([^']*)'")
_NAME = re.compile(r"(?:(\w+)\s*=\s*)?(?:tostring\()?([\w.]+)\)?$")
_STAGES = re.compile(r"\|(?=(?:[^']*'[^']*')*[^']*$)")
_AND = re.compile(r"\s+and\s+(?=(?:[^']*'[^']*')*[^']*$)", re.IGNORECASE)


class BadQuery(Exception):
    """A query that is no query, or one that goes beyond what is answered here."""


@dataclass(frozen=True, slots=True)
class Query:
    """`terms` are (path, operator, values); `columns` (name, path), none for all."""

    table: str
    terms: tuple[tuple[str, str, frozenset[str]], ...] = ()
    columns: tuple[tuple[str, str], ...] = ()
    descending: bool = False
    limit: int | None = None

    @property
    def has_id(self) -> bool:
        """Whether rows can be paged: the service needs the id for that."""
        return not self.columns or any(name == "id" for name, _ in self.columns)

    def takes(self, row: Mapping[str, Any]) -> bool:
        for path, operator, values in self.terms:
            found = str(_at(row, path) or "")
            if (found.lower() if "~" in operator else found) in values:
                if operator[0] == "!":
                    return False
            elif operator[0] != "!":
                return False
        return True

    def projected(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        return {name: _at(row, path) for name, path in self.columns} if self.columns else row


def parse(text: str) -> Query:
    """Raises BadQuery."""
    first, *stages = (stage.strip() for stage in _STAGES.split(text))
    if first.lower() not in TABLES:
        raise BadQuery(f"'{first[:40]}' is no table")
    query = Query(first.lower())
    for stage in stages:
        word, _, rest = stage.partition(" ")
        rest = rest.strip()
        match word.lower():
            case "where":
                query = replace(query, terms=query.terms + tuple(map(_term, _AND.split(rest))))
            case "project":
                query = replace(query, columns=tuple(_column(part.strip()) for part in rest.split(",")))
            case "order" | "sort":
                words = rest.lower().removeprefix("by").split()
                if words[:1] != ["id"] or words[1:] not in ([], ["asc"], ["desc"]):
                    raise BadQuery("rows are ordered by id here")
                query = replace(query, descending=words[1:] != ["asc"])
            case "take" | "limit" if rest.isdigit():
                query = replace(query, limit=int(rest))
            case _:
                raise BadQuery(f"operator '{word[:40]}'")
    return query


def _term(text: str) -> tuple[str, str, frozenset[str]]:
    found = _TERM.match(text.strip())
    if found is None:
        raise BadQuery(f"condition '{text[:60]}'")
    path, operator, values = found.groups()
    words = _WORD.findall(values)
    return path, operator.lower(), frozenset(word.lower() if "~" in operator else word for word in words)


def _column(text: str) -> tuple[str, str]:
    found = _NAME.match(text)
    if found is None:
        raise BadQuery(f"column '{text[:60]}'")
    name, path = found.groups()
    return name or path.replace(".", "_"), path


def _at(row: Any, path: str) -> Any:
    for step in path.split("."):
        row = row.get(step) if isinstance(row, Mapping) else None
    return row
