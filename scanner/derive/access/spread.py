"""From the stores backwards: who comes in, by which way, and at which step a chain leaves what the scenario allows.

Stores of one environment and classes are judged together. What spreads is never a pair of person and store: each cause has
its set of stores and its sets of people, and an identity that comes in as it should hands its stores on to whoever acts as it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pyroaring import BitMap

from scanner.derive.access.acting import Acting
from scanner.derive.access.approval import Approval, Sorted, State, Target
from scanner.derive.access.closure import Layers, layers
from scanner.derive.access.entries import Entry
from scanner.derive.access.held import NOBODY
from scanner.derive.access.joining import Joiners, Judged


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

    def __init__(self, acting: Acting, approval: Approval, target: Target, access: str) -> None:
        self.acting = acting
        self.approval = approval
        self.estate = approval.estate
        self.target = target
        self.access = access
        self._inroads: dict[tuple[str, str, int], _Inroad] = {}
        self._carried: dict[int, tuple[BitMap, BitMap]] = {}  # accepted identity -> stores: for certain, and at best
        self._pools: dict[bool, dict[str, Mapping[int, Layers]]] = {}
        self._firsts: dict[tuple[str, bool], list[tuple[int, BitMap, Entry]]] = {}
        self._own_steps: dict[tuple[str, bool, int], list[tuple[int, Entry]]] = {}  # by person
        self._handing: dict[int, list[tuple[Entry, BitMap]]] = {}
        self._joiners = Joiners(approval, acting.wide.engine)
        self._judged: dict[int, tuple[tuple[Judged, ...], Entry]] = {}  # of entries of joiners, which are kept beside
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

    def judge(self, entry: Entry) -> tuple[Judged, ...]:
        """An entry's people, sorted; those who must join a group first by what that stands on."""
        if not entry.joined:
            return (Judged(entry, self.approval.sort(entry, self.target, self.access)),)
        found = self._judged.get(id(entry))
        if found is None:
            found = self._judged[id(entry)] = (tuple(self._joiners.judge(entry, self.target, self.access)), entry)
        return found[0]

    def unwanted(self, entry: Entry) -> BitMap:
        """The people of an entry whom nobody meant to let in."""
        return _together([judged.sorted.unwanted for judged in self.judge(entry)])

    def accepted(self, entry: Entry) -> BitMap:
        """The people of an entry who are accepted."""
        return _together([judged.sorted.accepted for judged in self.judge(entry)])

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
                    self._carry(self.accepted(entry), stores, certain)
        self._hand_on()
        for identity, (sure, possible) in sorted(self._carried.items()):
            for step in self.acting.steps(identity):
                if sure:
                    yield from self._of(step, sure, step.certain, step.gaps)
                if possible != sure:
                    yield from self._of(step, possible - sure, False, step.gaps)
        self._pools.clear()  # large, and of no use to anybody but the parts

    def _of(self, entry: Entry, stores: BitMap, certain: bool, gaps: tuple[int, ...]) -> Iterator[Part]:
        """The parts of one entry into some stores: its own people, and those behind them."""
        for judged in self.judge(entry):
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
            for way in self._ways():
                sure = self._pool(way, True)[identity] if certain else _EMPTY
                if sure:
                    yield Part(cause, way, sure, True, gaps, stores, None, identity, after)
                more = self._pool(way, False)[identity]
                if more is not sure and len(more) > len(sure):
                    rest = Layers(more.whole() - sure.whole())
                    yield Part(cause, way, rest, False, gaps, stores, None, identity, after)

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
            for step, carriers in self._handed_to(identity):
                if sure and step.certain:
                    waiting += self._carry(carriers, sure, True)
                waiting += self._carry(carriers, possible, False)

    def _handed_to(self, identity: int) -> list[tuple[Entry, BitMap]]:
        """The steps by which other identities are accepted as acting as one, and those identities."""
        found = self._handing.get(identity)
        if found is None:
            actable = self.acting.actable
            steps = (
                (step, self.accepted(step) & actable)
                for step in self.acting.steps(identity)
                if step.who.intersect(actable)
            )
            found = self._handing[identity] = [(step, carriers) for step, carriers in steps if carriers]
        return found

    # -- people behind identities ---------------------------------------------------------------------------------

    def first_step(self, part: Part, person: int) -> Entry | None:
        """The step by which somebody behind the identity of a part becomes the first identity on the way to it."""
        assert part.behind is not None  # noqa: S101  # asked by the caller
        key = (part.way, part.certain, person)
        own = self._own_steps.get(key)
        if own is None:
            steps = self._first_steps(part.way, part.certain)
            own = self._own_steps[key] = [(identity, step) for identity, who, step in steps if person in who]
        circle = self.acting.wide.behind(part.behind, part.certain)
        return next((step for identity, step in own if identity in circle), None)

    def _first_steps(self, way: str, certain: bool) -> list[tuple[int, BitMap, Entry]]:
        """All steps of a way with the people nobody meant to take them; sorted once, since many parts ask."""
        found = self._firsts.get((way, certain))
        if found is None:
            found = self._firsts[way, certain] = [
                (identity, self.unwanted(step), step)
                for identity in self.acting.actable
                for step in self.acting.steps(identity)
                if step.way == way and (step.certain or not certain)
            ]
        return found

    def _ways(self) -> Iterable[str]:
        return self._all_pools(False)

    def _pool(self, way: str, certain: bool) -> Mapping[int, Layers]:
        return self._all_pools(certain).get(way, _NOBODY_ANYWHERE)

    def _all_pools(self, certain: bool) -> dict[str, Mapping[int, Layers]]:
        """For each way and identity, the unwanted people whose own first step is of that way and who can act as it."""
        found = self._pools.get(certain)
        if found is None:
            own: dict[str, dict[int, BitMap]] = {}
            acting = self.acting
            doubts = False
            for identity in acting.actable:
                for step in acting.steps(identity):
                    doubts = doubts or not step.certain
                    if step.certain or not certain:
                        who = self.unwanted(step)
                        if who:
                            at = own.setdefault(step.way, {})
                            at[identity] = at[identity] | who if identity in at else who
            found = self._pools[certain] = {
                way: layers({n: mine.get(n, NOBODY) for n in acting.actable}, lambda n: acting.wide.before(n, certain))
                for way, mine in own.items()
            }
            if not doubts:
                self._pools[not certain] = found
        return found


def _together(sets: list[BitMap]) -> BitMap:
    return sets[0] if len(sets) == 1 else BitMap().union(*sets)


class _Nobody(dict[int, Layers]):
    def __missing__(self, identity: int) -> Layers:
        return _EMPTY


_EMPTY = Layers()
_NOBODY_ANYWHERE = _Nobody()
