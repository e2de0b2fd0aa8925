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
        raise UserError(f"no {what} is called `{word}`", help=_meant(estate, word, kinds))
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


def _meant(estate: Estate, word: str, kinds: Iterable[str]) -> str:
    """What was perhaps meant by a word that names nothing of some kinds: something near, something of another kind, or what
    there is.
    """
    names = _names(estate, kinds)
    near = suggest(word.casefold(), set(names)) or suggest(ids.last(word).casefold(), set(names))
    if near:
        return near
    others = called(estate, word, estate.ontology.kinds)
    if others:
        title = _title(estate, others[0])
        return f"it is {'an' if title[:1].lower() in 'aeio' else 'a'} {title}"
    shown = [*names.values()][:_MOST]
    more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    return f"there are {', '.join(shown)}{more}" if shown else "the snapshot has none"


def _names(estate: Estate, kinds: Iterable[str]) -> dict[str, str]:
    """Names as they are, by name in small letters; those of the kinds that come first stand first."""
    found: dict[str, str] = {}
    for kind in kinds:
        for name in sorted({estate.name(node) for node in estate.nodes(kind)}, key=str.casefold):
            found.setdefault(name.casefold(), name)
    return found


def _title(estate: Estate, node: int) -> str:
    return estate.ontology.kinds[estate.kind(node)].title
