"""Judgement for one target and access: of each entry who is unwanted, and who of them is behind which identity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pyroaring import BitMap

from scanner.derive.access.acting import Acting
from scanner.derive.access.approval import Approval, Target
from scanner.derive.access.closure import Layers, layers
from scanner.derive.access.entries import Entry
from scanner.derive.access.held import NOBODY
from scanner.derive.access.joining import Joiners, Judged


class Judge:
    """What is found stays found: stores of one target are judged by the same one."""

    def __init__(self, acting: Acting, approval: Approval, target: Target, access: str) -> None:
        self.acting = acting
        self.approval = approval
        self.target = target
        self.access = access
        self._doubts: dict[str, tuple[int, ...]] = {}  # by way
        self._pools: dict[bool, dict[str, Mapping[int, Layers]]] = {}
        self._firsts: dict[tuple[str, bool], list[tuple[int, BitMap, Entry]]] = {}
        self._own_steps: dict[tuple[str, bool, int], dict[int, Entry]] = {}  # by person
        self._handing: dict[int, list[tuple[Entry, BitMap]]] = {}
        self._rows: dict[tuple[int, bool], list[tuple[int, Entry | None, int]]] = {}
        self._joiners = Joiners(approval, acting.wide.engine)
        self._judged: dict[int, tuple[tuple[Judged, ...], Entry]] = {}  # of entries of joiners, which are kept beside

    def of(self, entry: Entry) -> tuple[Judged, ...]:
        """An entry's people, sorted; those who must join a group first by what that stands on."""
        if not entry.joined:
            return (Judged(entry, self.approval.sort(entry, self.target, self.access)),)
        found = self._judged.get(id(entry))
        if found is None:
            found = self._judged[id(entry)] = (tuple(self._joiners.judge(entry, self.target, self.access)), entry)
        return found[0]

    def unwanted(self, entry: Entry, certain: bool = False) -> BitMap:
        """The people of an entry whom nobody meant to let in; only those of whom that is `certain`, where it is asked."""
        found = [judged.sorted for judged in self.of(entry)]
        if certain:
            found = [part for part in found if entry.certain and not part.doubtful and not part.doubts]
        return _together([part.unwanted for part in found])

    def doubts(self, way: str) -> tuple[int, ...]:
        """Gaps that leave open whether steps of a way are wanted, or let anybody go on by them."""
        self._all_pools(False)
        return self._doubts.get(way, ())

    def accepted(self, entry: Entry) -> BitMap:
        """The people of an entry who are accepted."""
        return _together([judged.sorted.accepted for judged in self.of(entry)])

    def handed_to(self, identity: int) -> list[tuple[Entry, BitMap]]:
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

    def forget(self) -> None:
        """Lets go of the sets of people behind identities, which are large."""
        self._pools.clear()

    def first_step(self, identity: int, way: str, certain: bool, person: int) -> Entry | None:
        """The step by which somebody behind an identity becomes the first identity on the way to it."""
        circle = self.acting.wide.behind(identity, certain)
        own = self._steps_of(way, certain, person)
        return next((step for place, step in own.items() if place in circle), None)

    def row(self, identity: int, way: str, certain: bool, person: int) -> list[Entry]:
        """The steps by which somebody comes to act as an identity, their own first; a shortest row."""
        own = self._steps_of(way, certain, person)
        rows = self._walked(identity, certain)
        for place, (here, _, _) in enumerate(rows):
            if here in own:
                found = [own[here]]
                while (step := rows[place][1]) is not None:
                    found.append(step)
                    place = rows[place][2]
                return found
        return []

    def _walked(self, identity: int, certain: bool) -> list[tuple[int, Entry | None, int]]:
        """The identities from which one may become an identity, nearest first: each with its next step and where that one
        stands in the list.
        """
        found = self._rows.get((identity, certain))
        if found is None:
            if len(self._rows) >= _KEPT:
                self._rows.clear()
            found = self._rows[identity, certain] = [(identity, None, -1)]
            seen = BitMap([identity])
            for place, (here, _, _) in enumerate(found):
                for step in self.acting.steps(here):
                    if (step.certain or not certain) and step.who.intersect(self.acting.actable):
                        for before in (step.who & self.acting.actable) - seen:
                            seen.add(before)
                            found.append((before, step, place))
        return found

    def _steps_of(self, way: str, certain: bool, person: int) -> dict[int, Entry]:
        """By identity, a step of a way by which a person becomes it."""
        own = self._own_steps.get((way, certain, person))
        if own is None:
            own = self._own_steps[way, certain, person] = {}
            for identity, who, step in self._first_steps(way, certain):
                if person in who:
                    own.setdefault(identity, step)
        return own

    def _first_steps(self, way: str, certain: bool) -> list[tuple[int, BitMap, Entry]]:
        """All steps of a way with the people nobody meant to take them; sorted once, since many parts ask."""
        found = self._firsts.get((way, certain))
        if found is None:
            found = self._firsts[way, certain] = [
                (identity, self.unwanted(step, certain), step)
                for identity in self.acting.actable
                for step in self.acting.steps(identity)
                if step.way == way
            ]
        return found

    def ways(self) -> Iterable[str]:
        return self._all_pools(False)

    def pool(self, way: str, certain: bool) -> Mapping[int, Layers]:
        return self._all_pools(certain).get(way, _NOBODY_ANYWHERE)

    def _open(self, step: Entry) -> bool:
        """Whether a step may not be there, or may be wanted; what leaves that open is noted."""
        found = [judged.sorted for judged in self.of(step)]
        open_ = not step.certain or any(part.unwanted and (part.doubtful or part.doubts) for part in found)
        if open_:
            gaps = [*step.gaps, *(gap for part in found if part.unwanted for gap in part.doubts)]
            if step.grant is not None and any(part.doubtful for part in found):
                gaps += self.acting.estate.gaps_at(step.grant.node, "mark")
            self._doubts[step.way] = tuple(dict.fromkeys((*self._doubts.get(step.way, ()), *gaps)))
        return open_

    def _all_pools(self, certain: bool) -> dict[str, Mapping[int, Layers]]:
        """For each way and identity, the unwanted people whose own first step is of that way and who can act as it."""
        found = self._pools.get(certain)
        if found is None:
            own: dict[str, dict[int, BitMap]] = {}
            acting = self.acting
            doubts = False
            for identity in acting.actable:
                for step in acting.steps(identity):
                    open_ = self._open(step)
                    doubts = doubts or open_
                    who = self.unwanted(step, certain)
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
_KEPT = 64
_NOBODY_ANYWHERE = _Nobody()
