"""Who may give themselves a right they do not hold: by assigning roles, or by rewriting one of the tenant's own that they hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pyroaring import BitMap

from scanner.derive.access import actions, denials
from scanner.derive.access.actions import Action, Right
from scanner.derive.access.closure import united
from scanner.derive.access.conditions import assignable
from scanner.derive.access.engine import Engine, Grants, strongest
from scanner.derive.access.held import NOBODY, Grant, Held
from scanner.graph.permissions import block_allows

Opens = Callable[[int], Grants]  # whether a role opens what is asked about to whoever is given it there


def themselves(engine: Engine, place: int, right: Right) -> Iterator[Held]:
    """Who may give themselves a right at a place; not those whose assignment gives it anyway: they are told of for that."""

    def opens(role: int) -> Grants:
        return engine.can_any(role, (*right.actions, *actions.GRANTING))

    found = (*assigners(engine, place, opens), *rewriters(engine, place))
    anyway = {held.grant.node: held.who for held in engine.held(place, right) if held.certain} if found else {}
    for held in found:
        known = anyway.get(held.grant.node)
        if known is None:
            yield held
        elif who := held.who - known:
            yield Held(held.grant, who, held.certain, held.gaps)


def assigners(engine: Engine, place: int, opens: Opens) -> Iterator[Held]:
    """Who may assign themselves a role that opens something at a place. What PIM is asked for is looked at where the plain
    right to assign is not given anyway.
    """
    for action in actions.GRANTING if engine.asks_apart else actions.ASSIGN.actions:
        for held in engine.held(place, actions.assigning(action)):
            if action is not actions.ASSIGN_ROLES and not engine.denies and engine.freely(held.grant, actions.ASSIGN):
                continue
            if held.certain:
                yield held
                continue
            admitted = _admitted(engine, held.grant, opens, action)
            if admitted == "yes":  # every condition was read in full
                yield from _as_listed(engine, held, place, action)
            elif admitted != "no":
                yield held


def rewriters(engine: Engine, place: int) -> Iterator[Held]:
    """Who may redefine roles, and holds one at the place that can be redefined to give anything."""
    for held in engine.held(place, actions.DEFINE_ROLES):
        for who, sure in engine.both(held, *engine.custom(place)):
            yield Held(held.grant, who, held.certain and sure, held.gaps)


class Givers:
    """Everybody who may give themselves a right at a place, as sets; places that nothing tells apart share them."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        # what was asked is kept beside the answer: its ids are the key
        self._found: dict[tuple[object, ...], tuple[tuple[BitMap, BitMap], object]] = {}

    def at(self, place: int, right: Right) -> tuple[BitMap, BitMap]:
        """For certain, and at best."""
        engine = self.engine
        if engine.denies:
            return self._made(place, right)
        asked = (
            *(engine.held(place, actions.assigning(action)) for action in actions.GRANTING),
            engine.held(place, actions.DEFINE_ROLES), *engine.custom(place),
        )  # fmt: skip
        key = (right, *map(id, asked))
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = self._made(place, right), asked
        return found[0]

    def _made(self, place: int, right: Right) -> tuple[BitMap, BitMap]:
        held = [*themselves(self.engine, place, right)]
        sure = [found.who for found in held if found.certain]
        return united(sure) if sure else NOBODY, united(found.who for found in held) if held else NOBODY


def _as_listed(engine: Engine, held: Held, place: int, action: Action) -> Iterator[Held]:
    in_doubt = denials.denied(engine, place, action)[1] if engine.denies else NOBODY
    for who, sure in ((held.who - in_doubt, True), (held.who & in_doubt, False)) if in_doubt else ((held.who, True),):
        if who:
            yield Held(held.grant, who, sure and not held.gaps, held.gaps)


def _admitted(engine: Engine, grant: Grant, opens: Opens, action: Action) -> Grants:
    """Whether the conditions of an assignment and its role let one assign a role that opens something."""
    answers: set[Grants] = set()
    for block in engine.estate.get(grant.role, "permissions") or ():
        if not block_allows(block, action.name):
            continue
        read = [assignable(text) for text in (grant.condition, block.condition) if text]
        lists = [listed for listed, _ in read if listed is not None]
        in_full = all(understood for _, understood in read)
        opening: set[Grants] = (
            {_opens(engine, guid, opens) for guid in frozenset.intersection(*lists)} if lists else {"yes"}
        )
        answers |= {"conditional" if found == "yes" and not in_full else found for found in opening}
    return strongest(answers)


def _opens(engine: Engine, guid: str, opens: Opens) -> Grants:
    role = engine.estate.node(guid)
    return "unread" if role is None else opens(role)
