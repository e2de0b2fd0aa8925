"""Who gets in only by adding themselves to a group first, as its owner or by activating ownership, and what that stands on.

A second engine answers as if everybody had joined the groups they may join. What it says beyond the first is taken by
joiners. Joining a group that is let in is itself what leaves the scenario, so there the ownership is the cause; joining one
that is not changes no cause. Whoever the scenario accepts in the place anyway does nothing new by it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import msgspec
from pyroaring import BitMap

from scanner.derive.access.approval import Approval, Sorted, Target
from scanner.derive.access.engine import Engine
from scanner.derive.access.entries import Entry, by_standing
from scanner.derive.access.held import NOBODY


@dataclass(frozen=True, slots=True)
class Judged:
    """An entry with its people sorted. `after` is what those go on by who join the group of an ownership."""

    cause: Entry
    sorted: Sorted
    after: Entry | None = None


class Beyond:
    """What one engine says beyond another; equal questions share their sets."""

    def __init__(self) -> None:
        self._left: dict[tuple[int, int], tuple[BitMap, BitMap, BitMap]] = {}

    def of(self, wide: Iterable[Entry], plain: Iterable[Entry]) -> Iterator[Entry]:
        """The entries of joiners: those of `wide` for people whom no entry of `plain` lets in for the same cause and way."""
        taken: defaultdict[tuple[str, str], list[BitMap]] = defaultdict(list)
        for entry in plain:
            taken[entry.cause, entry.way].append(entry.who)
        for entry in wide:
            who = entry.who
            for known in taken.get((entry.cause, entry.way), ()):
                if who is known:
                    who = NOBODY
                    break
                who = self._minus(who, known)
            if who:
                yield msgspec.structs.replace(entry, who=who, joined=True)

    def _minus(self, one: BitMap, other: BitMap) -> BitMap:
        found = self._left.get((id(one), id(other)))
        if found is None:
            found = self._left[id(one), id(other)] = (one - other, one, other)  # kept, since their ids are the key
        return found[0]


class Joiners:
    """Judges entries of joiners. `wide` is the engine in which everybody has joined what they may."""

    def __init__(self, approval: Approval, wide: Engine) -> None:
        self.approval = approval
        self.engine = approval.engine
        self.estate = approval.estate
        self.wide = wide
        self._doors: dict[int, tuple[tuple[int, int], ...]] = {}

    def judge(self, entry: Entry, target: Target, access: str) -> Iterator[Judged]:
        """The parts of an entry of joiners: accepted ones, one part for each ownership by which a group that is let in is
        joined, and the rest, who join what is not let in.
        """
        approval, source = self.approval, entry.source
        found = approval.sort(entry, target, access)
        accepted = found.accepted | self._accepted(entry, found.unwanted, target)
        if accepted:
            yield Judged(entry, Sorted(NOBODY, accepted, found.state if found.accepted else "residual"))
        left = found.unwanted - accepted
        if not left or source is None:
            return
        # whoever is a member already lacks something else, which some group would give them
        others = BitMap(left & self.engine.members(source))
        left = left - others
        let_in = self._let_in(entry, source, target, access) if left else frozenset[int]()
        for owner, group in self.doors(source) if left else ():
            who = left & self.wide.members(owner)
            if not who:
                continue
            by_owner = self._ownership(entry, owner, group, who)
            if approval.of_platform(by_owner, owner, target, access):
                yield Judged(by_owner, Sorted(NOBODY, who, "platform"), entry)
            elif group in let_in:
                doubts = (*found.doubts, *approval.doubts(by_owner, owner))
                yield Judged(by_owner, Sorted(who, NOBODY, "approved", found.doubtful, doubts), entry)
            else:
                others |= who
        if others:
            yield Judged(msgspec.structs.replace(entry, who=others), replace(found, unwanted=others, accepted=NOBODY))

    def doors(self, principal: int) -> tuple[tuple[int, int], ...]:
        """The groups in a principal that somebody may join, each with who may."""
        found = self._doors.get(principal)
        if found is None:
            estate = self.estate
            pairs = {
                (owner, group)
                for group in self.engine.inner_groups(principal)
                for owner in estate.neighbours(group, "may-be-joined-by")
            }
            ordered = sorted(pairs, key=lambda pair: (estate.key(pair[1]), estate.key(pair[0])))
            found = self._doors[principal] = tuple(ordered)
        return found

    def _accepted(self, entry: Entry, who: BitMap, target: Target) -> BitMap:
        """Who administers the environment, and workloads that may come in whatever they are in."""
        approval = self.approval
        over = [self.engine.members(p) for p, names in approval.over.items() if target.environment in names]
        found = [who & people for people in over]
        found.append(BitMap(n for n in who & approval.workloads if approval.may_come_in(entry, n, target)))
        return BitMap().union(*found)

    def _let_in(self, entry: Entry, source: int, target: Target, access: str) -> frozenset[int]:
        """The groups in a principal that the scenario lets in by this way, and all groups in those."""
        let_in = [g for g in self.engine.inner_groups(source) if self.approval.lets_in(g, entry.way, target, access)]
        return frozenset(inner for group in let_in for inner in self.engine.inner_groups(group))

    def _ownership(self, entry: Entry, owner: int, group: int, who: BitMap) -> Entry:
        keys: Mapping[int, str] = {node: self.estate.key(node) for node in (owner, group)}
        return by_standing(
            f"owner:{keys[owner]}|{keys[group]}", entry.way, who, entry.place, acts_as=entry.acts_as, source=owner, via=group,
            mark="may-join", certain=entry.certain, gaps=entry.gaps,
        )  # fmt: skip
