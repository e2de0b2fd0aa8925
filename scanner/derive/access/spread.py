"""From the entries of a store backwards: who comes in, by which way, and at which step a chain leaves what is allowed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pyroaring import BitMap

from scanner.derive.access.acting import Acting
from scanner.derive.access.approval import Approval, Sorted, State, Target
from scanner.derive.access.entries import Entry, by_standing

Row = tuple[tuple[int, Entry | None], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """People who come in by one way, and the chain they take.

    `entry` is their own first step, `cause` the step nearest the data that nothing allows (for accepted people their
    own). `carriers` are the identities after the first step, each with the entry it goes on by, down to the store; None
    where the way to the next one is searched only when it is shown.
    `state` is None for people nobody meant to let in.
    """

    entry: Entry
    cause: Entry
    who: BitMap
    certain: bool
    gaps: tuple[int, ...]
    carriers: Row
    state: State | None = None


class Spread:
    """One store and access, or stores that nothing tells apart: every part of the people who come in."""

    def __init__(self, acting: Acting, approval: Approval, target: Target, access: str) -> None:
        self.acting = acting
        self.approval = approval
        self.target = target
        self.access = access
        self.reached: set[int] = set()  # identities of others that carry somebody in, in any state

    def parts(self, direct: Iterable[Entry]) -> Iterator[Part]:
        """All parts, nearest the data first. An identity that comes in as it should is followed once for each
        certainty: whoever can act as it comes in by its doing.
        """
        waiting: list[tuple[Entry, Row, bool]] = [(entry, (), True) for entry in direct]
        followed: dict[int, bool] = {}  # accepted identity -> whether it was followed for certain
        spread: set[tuple[int, str]] = set()
        while waiting:
            following: list[tuple[Entry, Row, bool]] = []
            for entry, carriers, certain in waiting:
                sure = certain and entry.certain
                found = self.approval.sort(entry, self.target, self.access)
                yield from self._joiners(entry, found, carriers, sure)
                if found.unwanted or entry.anybody:
                    yield from self._unwanted(entry, found, carriers, sure, spread)
                if found.accepted:
                    yield Part(entry, entry, found.accepted, sure, entry.gaps, carriers, found.state)
                    for identity in found.accepted & self.acting.actable:
                        if followed.get(identity) or (identity in followed and not sure):
                            continue
                        followed[identity] = sure
                        self.reached.add(identity)
                        row: Row = ((identity, entry), *carriers)
                        following += [(step, row, sure) for step in self.acting.entries(identity)]
            waiting = following

    def _unwanted(
        self,
        entry: Entry,
        found: Sorted,
        carriers: Row,
        sure: bool,
        spread: set[tuple[int, str]],
    ) -> Iterator[Part]:
        """The people themselves, then all who can act as one of them: for those this step stays the cause."""
        certain = sure and not found.doubtful and not found.doubts
        gaps = entry.gaps if certain else (*entry.gaps, *self._mark_gaps(entry, found), *found.doubts)
        yield Part(entry, entry, found.unwanted, certain, gaps, carriers)
        for identity in found.unwanted & self.acting.actable:
            # members of one circle stand behind each other: once for a cause is enough
            behind = self.acting.behind(identity, certain=False)
            key = (id(behind), entry.cause)
            if key in spread:
                continue
            spread.add(key)
            firmly = self.acting.behind(identity, certain=True)
            row: Row = ((identity, entry), *carriers)
            for other in behind:
                self.reached.add(other)
                for step in self.acting.entries(other):
                    people = self.approval.sort(step, self.target, self.access)
                    if people.unwanted:
                        known = certain and step.certain and other in firmly
                        shown: Row = row if other == identity else ((other, None), *row)
                        yield Part(step, entry, people.unwanted, known, (*gaps, *step.gaps), shown)

    def _joiners(self, entry: Entry, found: Sorted, carriers: Row, sure: bool) -> Iterator[Part]:
        """Whoever may join a group that is let in can let themselves in; an administrator's ownership is administration."""
        estate = self.approval.estate
        for group in self.approval.groups_that_let_in(entry, self.target, self.access):
            for owner in sorted(set(estate.neighbours(group, "may-be-joined-by")), key=estate.key):
                if estate.get(owner, "origin") != "own":
                    continue
                outside = self.acting.engine.members(owner) - entry.who - self.approval.break_glass
                outside = BitMap(n for n in outside if estate.get(n, "administrator") is not True)
                if outside:
                    joining = by_standing(
                        f"owner:{estate.key(owner)}|{estate.key(group)}", entry.way, outside, entry.place,
                        source=owner, via=group, mark="may-join",
                    )  # fmt: skip
                    yield Part(joining, joining, outside, sure, entry.gaps, ((group, entry), *carriers))
                    for identity in outside & self.acting.actable:
                        for step in self.acting.entries(identity):
                            row: Row = ((identity, joining), (group, entry), *carriers)
                            yield Part(step, joining, step.who, sure and step.certain, step.gaps, row)

    def _mark_gaps(self, entry: Entry, found: Sorted) -> tuple[int, ...]:
        """Why it could not be told how an assignment is held."""
        if not found.doubtful or entry.grant is None:
            return ()
        return tuple(self.approval.estate.gaps_at(entry.grant.node, "mark"))
