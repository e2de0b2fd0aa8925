"""Finds the entries by which one person of a part comes into one store; only for what is shown."""

from __future__ import annotations

from scanner.derive.access.entries import Entry
from scanner.derive.access.spread import Part, Spread


def entries(spread: Spread, part: Part, person: int | None, store: int) -> list[Entry]:
    """The person's own step first, the one into the store last: a shortest row that the part stands for."""
    tail = [part.cause]
    last = part.cause if part.after is None else part.after
    if part.after is not None:
        tail.append(part.after)
    if last.acts_as is None:
        tail[-1] = _straight(spread, store, last)
    else:
        tail += _onward(spread, last.acts_as, store)
    if part.behind is None or person is None:
        return tail
    return [*spread.judge.row(part.behind, part.way, part.certain, person), *tail]


def ends(spread: Spread, part: Part, person: int | None) -> list[Entry]:
    """The person's own step and the cause, whatever lies between: enough to say how a chain is held."""
    tail = [part.cause] if part.after is None else [part.cause, part.after]
    if part.behind is None or person is None:
        return tail
    first = spread.judge.first_step(part.behind, part.way, part.certain, person)
    return tail if first is None else [first, *tail]


def _straight(spread: Spread, store: int, like: Entry) -> Entry:
    """The entry of this very store with a cause and way: settings of stores differ."""
    for entry in spread.acting.into(store, spread.access):
        if entry.cause == like.cause and entry.way == like.way and entry.joined == like.joined:
            return entry
    return like


def _onward(spread: Spread, start: int, store: int) -> list[Entry]:
    """How an identity that is let in goes on to the store, each step as it should."""
    acting = spread.acting
    after: dict[int, tuple[Entry, int | None]] = {}
    waiting: list[tuple[Entry, int | None]] = [(entry, None) for entry in spread.acting.into(store, spread.access)]
    for entry, following in waiting:
        for identity in spread.judge.accepted(entry) & acting.actable:
            if identity not in after:
                after[identity] = (entry, following)
                waiting += [(step, identity) for step in acting.steps(identity)]
        if start in after:
            break
    found = []
    here: int | None = start
    while here is not None and here in after:
        entry, here = after[here]
        found.append(entry)
    return found
