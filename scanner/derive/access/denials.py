"""What deny assignments take away: they win over every grant, for whom they name less whom they leave out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from pyroaring import BitMap

from scanner.derive.access.actions import Action, Right
from scanner.derive.access.conditions import binds
from scanner.derive.access.held import NOBODY, Held
from scanner.graph.permissions import block_allows

if TYPE_CHECKING:
    from scanner.derive.access.engine import Engine


def take_off(engine: Engine, place: int, right: Right, base: tuple[Held, ...], below: bool = False) -> tuple[Held, ...]:
    """What is left of a right at a place, or for things `below` it; an unread list of denials leaves every grant in doubt."""
    gaps = tuple(engine.gaps(place, ("deny-assignment",)))
    denied = any(engine.denies.get(scope) for scope in engine.chain(place))
    if not gaps and not denied:
        return base
    found: list[Held] = []
    for held in base:
        certain, perhaps = held.who if held.certain else NOBODY, held.who
        if denied:
            certain, perhaps = _kept(engine, place, right, held, below)
        found += _parted(held, certain, perhaps, gaps)
    return tuple(found)


def _parted(held: Held, certain: BitMap, perhaps: BitMap, gaps: tuple[int, ...]) -> Iterator[Held]:
    """Those who keep the right for certain, and those who may keep it: an assignment can give both."""
    if certain:
        yield Held(held.grant, certain, not gaps, gaps)
    if rest := perhaps - certain:
        yield Held(held.grant, rest, False, gaps)


def _kept(engine: Engine, place: int, right: Right, held: Held, below: bool) -> tuple[BitMap, BitMap]:
    certain, perhaps = BitMap(), BitMap()
    for action in right.actions:
        answer = engine.can(held.grant.role, action)
        if answer not in ("yes", "conditional"):
            continue
        gone, doubtful = denied(engine, place, action, below)
        left = held.who - gone
        perhaps |= left
        if answer == "yes" and not binds(held.grant.condition, action):
            certain |= left - doubtful
    return certain, perhaps


def denied(engine: Engine, node: int, action: Action, below: bool = False) -> tuple[BitMap, BitMap]:
    """Identities that deny assignments keep from an action at a node, or `below` it: for certain, and only under a condition."""
    found = engine.denied.get((node, action, below))
    if found is not None:
        return found
    certain, perhaps = BitMap(), BitMap()
    for scope in engine.chain(node):
        for deny in engine.denies.get(scope, ()):
            if (below or scope != node) and engine.estate.get(deny, "children") is False:
                continue
            for block in engine.estate.get(deny, "permissions") or ():
                if block_allows(block, action.name, action.data):
                    who = _principals(engine, deny)
                    if block.condition is None:
                        certain |= who
                    else:
                        perhaps |= who
    found = engine.denied[node, action, below] = (certain, perhaps - certain)
    return found


def _principals(engine: Engine, deny: int) -> BitMap:
    estate = engine.estate
    included = estate.get(deny, "principals") or frozenset()
    # who only may activate membership is kept out by nothing yet, and may be left out of it any time
    who = BitMap(estate.nodes("identity")) if "*" in included else _all(engine, included, engine.standing_members)
    return who - _all(engine, estate.get(deny, "exclude-principals") or frozenset(), engine.members)


def _all(engine: Engine, keys: Iterable[str], members: Callable[[int], BitMap]) -> BitMap:
    nodes = [node for key in keys if (node := engine.estate.node(key)) is not None]
    return BitMap().union(*map(members, nodes)) if nodes else NOBODY
