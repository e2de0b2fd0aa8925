"""Conditions on assignments and roles: read in the one form that lists which roles may be assigned, else kept as doubts.

That form is a row of clauses, each `(!(ActionMatches{'..roleAssignments/write'})) OR (..RoleDefinitionId] ..GuidEquals{..})`.
A clause that matches none of its actions is true, so such a condition says nothing of any other action.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from scanner.derive.access.actions import ASSIGN_ROLES, REQUEST_ROLES, Action
from scanner.graph.permissions import matches

_ABOUT = "microsoft.authorization/roleassignments/"
_ACTION = re.compile(r"ActionMatches\s*\{\s*'([^']*)'\s*\}", re.IGNORECASE)
_AROUND_ACTIONS = re.compile(r"[!()\s]|\bAND\b|&&", re.IGNORECASE)
_ROLES = re.compile(
    r"@Request\[Microsoft\.Authorization/roleAssignments:RoleDefinitionId\]\s*"
    r"ForAnyOfAnyValues\s*:\s*GuidEquals\s*\{([0-9a-fA-F,\s-]*)\}",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Clause:
    """What must hold for some actions. `roles`: those that may be assigned, None where it names none.

    `understood`: whether the list is all it says.
    """

    actions: tuple[str, ...] | None  # None: for whatever action
    roles: frozenset[str] | None
    understood: bool


@lru_cache(maxsize=4096)
def clauses(text: str) -> tuple[Clause, ...]:
    """The clauses of a condition; one that was not understood for what nobody can take apart."""
    return tuple(_clause(part) for part in _parts(text, ("AND", "&&")))


def binds(condition: str | None, action: Action) -> bool:
    """Whether a condition may forbid an action. None is no condition."""
    if not condition:
        return False
    found = clauses(condition)
    if all(c.actions is not None and all(a.startswith(_ABOUT) for a in c.actions) for c in found):
        return any(_concerns(clause, action) for clause in found)
    return True


def assignable(condition: str) -> tuple[frozenset[str] | None, bool]:
    """The roles that a condition lets one assign (None: it lists none), and whether that is all it asks."""
    listed: frozenset[str] | None = None
    understood = True
    for clause in clauses(condition):
        if not _concerns(clause, ASSIGN_ROLES):
            continue
        understood = understood and clause.understood
        if clause.roles is not None:
            listed = clause.roles if listed is None else listed & clause.roles
    return listed, understood


def _concerns(clause: Clause, action: Action) -> bool:
    """Whether a clause says something of an action; what PIM is asked to assign is held to what may be assigned."""
    names = (action.name, ASSIGN_ROLES.name) if action in REQUEST_ROLES.actions else (action.name,)
    return clause.actions is None or any(matches(pattern, name) for pattern in clause.actions for name in names)


def _clause(text: str) -> Clause:
    head, *rest = _parts(text, ("OR", "||"))
    actions = tuple(found.lower() for found in _ACTION.findall(head))
    if not actions or not rest or "!" not in head or _AROUND_ACTIONS.sub("", _ACTION.sub("", head)):
        actions, head, rest = (), text, []
    body = _bare(" OR ".join(rest) if rest else head)
    said = [_ROLES.fullmatch(_bare(part)) for part in _parts(body, ("AND", "&&"))] if len(rest) < 2 else []
    lists = [_guids(found.group(1)) for found in said if found]
    return Clause(actions or None, frozenset.intersection(*lists) if lists else None, bool(lists) and all(said))


def _guids(text: str) -> frozenset[str]:
    """Ids as role definitions have them; some conditions leave the hyphens out."""
    plain = (word.replace("-", "").lower() for word in re.split(r"[,\s]+", text.strip()) if word)
    return frozenset(f"{g[:8]}-{g[8:12]}-{g[12:16]}-{g[16:20]}-{g[20:]}" for g in plain)


def _parts(text: str, words: tuple[str, ...]) -> list[str]:
    """The text cut at some words where they stand outside all brackets and quotes."""
    text = _bare(text)
    cuts = [(at, at + len(word)) for at in _outside(text) for word in words if _is_word(text, at, word)]
    starts = [0, *(end for _, end in cuts)]
    ends = [*(start for start, _ in cuts), len(text)]
    return [text[start:end] for start, end in zip(starts, ends, strict=True)]


def _is_word(text: str, at: int, word: str) -> bool:
    if text[at : at + len(word)].upper() != word:
        return False
    around = text[at - 1 : at] + text[at + len(word) : at + len(word) + 1]
    return not word.isalpha() or not any(c.isalnum() or c in "_'" for c in around)


def _bare(text: str) -> str:
    """The text without brackets that hold all of it."""
    text = text.strip()
    while text.startswith("(") and text.endswith(")") and all(at == 0 for at in _outside(text[:-1])):
        text = text[1:-1].strip()
    return text


def _outside(text: str) -> Iterator[int]:
    """Positions outside all brackets and quotes; those of outermost opening brackets among them."""
    depth, quoted = 0, False
    for at, sign in enumerate(text):
        if sign == "'":
            quoted = not quoted
        elif not quoted:
            if depth == 0:
                yield at
            depth += (sign in "([{") - (sign in ")]}")
