"""Nodes by what people call them: object id, ARM id, sign-in name, application id or display name, whatever the case."""

from __future__ import annotations

from collections.abc import Iterable

from scanner import ids
from scanner.errors import Problem, UserError, suggest
from scanner.graph.estate import Estate

_MOST = 12  # candidates listed
_ALSO = ("sign-in-name", "app-id", "host")  # attributes that name a node beside its own name


def pick(estate: Estate, word: str, kinds: Iterable[str], what: str) -> int:
    """The one node of these kinds or unions that a word stands for.

    Raises UserError for none, with what was perhaps meant, and for several, with all of them.
    """
    found = called(estate, word, kinds)
    if len(found) == 1:
        return found[0]
    if not found:
        raise UserError(
            f"no {what} is called `{word}`", help=suggest(word.casefold(), _names(estate, kinds)) or _elsewhere(estate, word)
        )  # fmt: skip
    several = sorted(f"{_title(estate, node)} {estate.original(node)}" for node in found)
    more = [f"and {len(several) - _MOST} more"] * (len(several) > _MOST)
    raise UserError(
        Problem(f"`{word}` stands for {len(found)}", help="; ".join(["say which by its id: " + several[0], *several[1:_MOST], *more]))
    )  # fmt: skip


def called(estate: Estate, word: str, kinds: Iterable[str]) -> list[int]:
    """Every node of these kinds that a word stands for; an id is asked before any name."""
    members = {member for kind in kinds for member in estate.ontology.members(kind)}
    key = ids.fold(word) if word.startswith("/") else word.lower()
    node = estate.node(key)
    if node is not None and estate.kind(node) in members:
        return [node]
    folded = word.casefold()
    found = []
    for kind in sorted(members):
        also = [name for name in _ALSO if name in estate.ontology.kinds[kind].attributes]
        for node in estate.nodes(kind):
            own = [estate.name(node), *(estate.get(node, name) for name in also)]
            if isinstance(host := estate.get(node, "host"), str):
                own.append(ids.last(host))  # an identity is called as what it belongs to
            if any(isinstance(name, str) and name.casefold() in (folded, key) for name in own):
                found.append(node)
    return found


def _names(estate: Estate, kinds: Iterable[str]) -> set[str]:
    return {estate.name(node).casefold() for kind in kinds for node in estate.nodes(kind)}


def _elsewhere(estate: Estate, word: str) -> str:
    """What a word stands for when it is of another kind than asked for."""
    key = ids.fold(word) if word.startswith("/") else word.lower()
    node = estate.node(key)
    return f"it is a {_title(estate, node)}" if node is not None else ""


def _title(estate: Estate, node: int) -> str:
    return estate.ontology.kinds[estate.kind(node)].title
