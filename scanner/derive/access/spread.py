"""From the stores backwards: who comes in, by which way, and at which step a chain leaves what the scenario allows.

Stores of one environment and classes are judged together. What spreads is never a pair of person and store: each cause has
its set of stores and its sets of people, and an identity that comes in as it should hands its stores on to whoever acts as it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pyroaring import BitMap

from scanner.derive.access.approval import Sorted, State
from scanner.derive.access.closure import Layers
from scanner.derive.access.entries import Entry
from scanner.derive.access.held import NOBODY
from scanner.derive.access.judge import Judge


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """People who come into some stores for one cause by one way.

    `cause` is the step nearest the data that nothing allows (for accepted people their own). Where `behind` is set, the
    people do not take it themselves: they act, at some remove, as that identity, which does. `after` is what a group
    that one may join goes on by. `state` is None for people nobody meant to let in.
    """

    cause: Entry
    way: str
    who: Layers
    certain: bool
    gaps: tuple[int, ...]
    stores: BitMap
    state: State | None = None
    behind: int | None = None
    after: Entry | None = None


@dataclass(slots=True, eq=False)
class _Inroad:
    """An entry straight into stores, and which: those it opens for certain, and those it may open."""

    entry: Entry
    certain: BitMap = field(default_factory=BitMap)
    doubtful: BitMap = field(default_factory=BitMap)
    gaps: tuple[int, ...] = ()


class Spread:
    """One target and access. Add what leads straight into its stores, then ask for the parts."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self.acting = judge.acting
        self.estate = judge.acting.estate
        self.target = judge.target
        self.access = judge.access
        self._inroads: dict[tuple[str, str, int], _Inroad] = {}
        self._carried: dict[int, tuple[BitMap, BitMap]] = {}  # accepted identity -> stores: for certain, and at best
        self.outside: defaultdict[int, BitMap] = defaultdict(BitMap)  # unwanted identity -> stores

    def add(self, stores: BitMap, entries: Iterable[Entry]) -> None:
        """Says which entries lead straight into some stores."""
        for entry in entries:
            # one assignment may let in different people at different stores, where something is denied
            key = (entry.cause, entry.way, id(entry.who))
            inroad = self._inroads.get(key)
            if inroad is None:
                inroad = self._inroads[key] = _Inroad(entry)
            if entry.certain:
                inroad.certain |= stores
            else:
                inroad.doubtful |= stores
                inroad.gaps = inroad.gaps or entry.gaps

    def reached(self) -> dict[int, BitMap]:
        """Identities of others by which stores are reached in any state, with those stores; after `parts`."""
        found = {identity: stores[1] for identity, stores in self._carried.items()}
        for identity, stores in self.outside.items():
            for other in self.acting.wide.behind(identity, certain=False):
                found[other] = found.get(other, NOBODY) | stores
        return found

    def parts(self) -> Iterator[Part]:
        """All parts, those of entries straight into stores first."""
        for inroad in self._inroads.values():
            entry = inroad.entry
            for stores, certain in ((inroad.certain, True), (inroad.doubtful - inroad.certain, False)):
                if stores:
                    yield from self._of(entry, stores, certain, () if certain else inroad.gaps)
                    self._carry(self.judge.accepted(entry), stores, certain)
        self._hand_on()
        for identity, (sure, possible) in sorted(self._carried.items()):
            for step in self.acting.steps(identity):
                if sure:
                    yield from self._of(step, sure, step.certain, step.gaps)
                if possible != sure:
                    yield from self._of(step, possible - sure, False, step.gaps)

    def _of(self, entry: Entry, stores: BitMap, certain: bool, gaps: tuple[int, ...]) -> Iterator[Part]:
        """The parts of one entry into some stores: its own people, and those behind them."""
        for judged in self.judge.of(entry):
            cause, found, after = judged.cause, judged.sorted, judged.after
            if found.accepted:
                yield Part(cause, entry.way, Layers(found.accepted), certain, gaps, stores, found.state, after=after)
            if found.unwanted or entry.anybody:
                sure, doubts = certain, gaps
                if found.doubtful or found.doubts:
                    sure, doubts = False, (*gaps, *self._mark_gaps(entry, found), *found.doubts)
                yield Part(cause, entry.way, Layers(found.unwanted), sure, doubts, stores, after=after)
                yield from self._behind(cause, found.unwanted & self.acting.actable, stores, sure, doubts, after)

    def _behind(
        self,
        cause: Entry,
        carriers: BitMap,
        stores: BitMap,
        certain: bool,
        gaps: tuple[int, ...],
        after: Entry | None = None,
    ) -> Iterator[Part]:
        """Everybody who can act as people nobody meant to let in, by the way of their own first step."""
        for identity in carriers:
            self.outside[identity] |= stores
            for way in self.judge.ways():
                sure = self.judge.pool(way, True)[identity] if certain else Layers()
                if sure:
                    yield Part(cause, way, sure, True, gaps, stores, None, identity, after)
                more = self.judge.pool(way, False)[identity]
                if more is not sure and len(more) > len(sure):
                    rest = Layers(more.whole() - sure.whole())
                    open_ = (*gaps, *self.judge.doubts(way))
                    yield Part(cause, way, rest, False, open_, stores, None, identity, after)

    def _mark_gaps(self, entry: Entry, found: Sorted) -> tuple[int, ...]:
        """Why it could not be told how an assignment is held."""
        if not found.doubtful or entry.grant is None:
            return ()
        return tuple(self.estate.gaps_at(entry.grant.node, "mark"))

    # -- identities that come in as they should -------------------------------------------------------------------

    def _carry(self, accepted: BitMap, stores: BitMap, certain: bool) -> list[int]:
        """Gives stores to accepted identities; returns those for which some were new."""
        changed = []
        for identity in accepted & self.acting.actable:
            sure, possible = self._carried.get(identity, (NOBODY, NOBODY))
            now = (sure | stores if certain else sure, possible | stores)
            if now != (sure, possible):
                self._carried[identity] = now
                changed.append(identity)
        return changed

    def _hand_on(self) -> None:
        """Until nothing changes: whoever is accepted as acting as an identity has its stores."""
        waiting = list(self._carried)
        while waiting:
            identity = waiting.pop()
            sure, possible = self._carried[identity]
            for step, carriers in self.judge.handed_to(identity):
                if sure and step.certain:
                    waiting += self._carry(carriers, sure, True)
                waiting += self._carry(carriers, possible, False)
