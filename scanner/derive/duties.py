"""The duties that rules and scenarios share, as `rules/duties.yaml` has them: which actions, on which resources, are a job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scanner import data, yamlfile
from scanner.derive.access.actions import Action
from scanner.errors import Problem, UserError, suggest
from scanner.graph.edges import ONTOLOGY
from scanner.graph.permissions import PermissionBlock, block_allows

KINDS = (
    "workspace",
    "storage-account",
    "container-registry",
    "ml-registry",
    "model-account",
    "key-vault",
    "resource",
    "subscription",
)
_KEYS = {"on", "used-as", "where", "actions", "data-actions", "implied-by"}


@dataclass(frozen=True, slots=True)
class Way:
    """One set of actions that together are the duty, on a resource of one kind.

    `used_as` is an edge by which a workspace or compute must use the resource; `where` attributes it must have;
    `implied_by` duties that bring this way with them.
    """

    on: str
    actions: tuple[Action, ...]
    used_as: str = ""
    where: tuple[tuple[str, Any], ...] = ()
    implied_by: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Duty:
    """`also` is what a role made for the duty may hold besides the actions of its ways."""

    name: str
    title: str
    ways: tuple[Way, ...]
    also: PermissionBlock = field(default_factory=PermissionBlock)

    def covers(self, action: Action) -> bool:
        """Whether an action belongs to the duty."""
        return any(action in way.actions for way in self.ways) or block_allows(self.also, action.name, action.data)


Duties = tuple[Duty, ...]


def load(path: Path) -> Duties:
    """The duties of a file. Raises UserError with every mistake."""
    document = yamlfile.read(path, data.shown(path))
    known = ONTOLOGY.kinds["duty"].attributes["duty"].values
    problems: list[Problem] = []
    found = []
    for name, facts in (document.value or {}).items():
        if name not in known:
            problems.append(Problem(f"`{name}` is not a duty", document.key_span(name), suggest(name, set(known))))
        facts = facts if isinstance(facts, dict) else {}
        ways = []
        for number, way in enumerate(facts.get("ways", ())):
            wrong = _mistake(way, known)
            if wrong:
                problems.append(Problem(wrong, document.span(name, "ways", number)))
            else:
                ways.append(_way(way))
        also = facts.get("also", {})
        block = PermissionBlock(tuple(also.get("actions", ())), (), tuple(also.get("data-actions", ())), ())
        found.append(Duty(name, str(facts.get("title", name)), tuple(ways), block))
    if problems:
        raise UserError(*problems)
    return tuple(found)


def _mistake(way: Any, duties: tuple[str, ...]) -> str:
    """What is wrong with a way, in words; empty when nothing is."""
    if not isinstance(way, dict) or way.get("on") not in KINDS:
        return f"a way is `on` a {', '.join(KINDS[:-1])} or {KINDS[-1]}"
    odd = sorted(set(way) - _KEYS)
    if odd:
        return f"a way has no `{odd[0]}`"
    if not way.get("actions") and not way.get("data-actions"):
        return "a way has `actions` or `data-actions`"
    edge = ONTOLOGY.edges.get(str(way.get("used-as", "")))
    if "used-as" in way and (edge is None or way["on"] not in ONTOLOGY.arriving_at(edge.name)):
        return f"no edge `{way['used-as']}` leads to a {way['on']}"
    unknown = sorted(set(way.get("where", {})) - set(ONTOLOGY.kinds[way["on"]].attributes))
    if unknown:
        return f"a {way['on']} has no attribute `{unknown[0]}`"
    strange = sorted(set(way.get("implied-by", ())) - set(duties))
    return f"`{strange[0]}` is not a duty" if strange else ""


def _way(way: Mapping[str, Any]) -> Way:
    control = tuple(Action(action.lower()) for action in way.get("actions", ()))
    return Way(
        way["on"],
        control + tuple(Action(action.lower(), data=True) for action in way.get("data-actions", ())),
        way.get("used-as", ""),
        tuple(sorted(way.get("where", {}).items())),
        frozenset(way.get("implied-by", ())),
    )
