"""Choke points: the smallest set of causes that closes every unwanted chain.

Each unwanted cause ends in a terminal of its own, to be kept from those whom it lets in: what lies nearer the data is allowed, and
whoever comes by it as the scenario wants must still come in. What removes one way of a cause (the keys of a store, an attached
identity) counts as well, unless somebody who is wanted needs it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from scanner.derive.access.actions import STORES
from scanner.derive.access.answers import Choke, Closing
from scanner.derive.access.links import ANYBODY, Link
from scanner.derive.access.questions import Found, Questions
from scanner.derive.access.routes import named_cause, picture
from scanner.derive.access.ways import WayIn
from scanner.graph import cut

_SETTINGS = ("setting", "identity", "credential")


def choke(questions: Questions, asked: int | None, *, draw: bool = False) -> Choke:
    """The smallest set of causes whose removal closes all unwanted chains to the data of a node, or to all data."""
    estate = questions.estate
    stores = questions.stores(asked)
    found = [f for how in ("read", "write") for f in questions.into(stores, how)]
    problem = _Problem(questions, found)
    result = cut.smallest(problem.arcs, problem.pairs)
    ways = [way for way in questions.ways(found) if way.state == "unwanted"]
    everything = problem.named(cut.still_open(problem.arcs, problem.pairs, ()))
    kept = problem.wanted()
    closings = []
    for cause in result.causes:
        closed = everything - problem.named(cut.still_open(problem.arcs, problem.pairs, (cause,)))
        way = next((way for way in ways if way.cause == cause), None)
        words, fix = (way.words, way.fix) if way is not None else named_cause(estate, cause)
        closings.append(Closing(cause, words, fix, len({who for who, _ in closed}), len(closed), kept.get(cause, 0)))
    stuck = problem.named(result.beyond)
    beyond = tuple(way for way in ways if any(way.cause == cause for _, cause in stuck))
    return Choke(
        estate.ref(asked) if asked is not None else None, tuple(map(estate.ref, stores)),
        tuple(sorted(closings, key=lambda c: (-c.chains, -c.identities, c.words))), result.at_least,
        len({who for who, _ in everything}), len(everything), tuple(ways), beyond, questions.gaps(found),
        picture(estate, problem.drawn if draw else ()),
    )  # fmt: skip


class _Problem:
    """The arcs and pairs of a cut, from the ways into some stores."""

    def __init__(self, questions: Questions, found: Iterable[Found]) -> None:
        self.engine = questions.engine
        self.found = list(found)
        self.arcs: dict[cut.Arc, None] = {}
        self.pairs: dict[int, frozenset[int]] = {}
        self.drawn: dict[Link, None] = {}
        self._terminals: dict[tuple[str, str], int] = {}  # (cause, setting that also closes it) -> terminal
        self._needed = self._settings_in_use()
        pairs: defaultdict[int, set[int]] = defaultdict(set)
        for f in self.found:
            for way in f.ways:
                if way.state == "unwanted":
                    self._add(f, way, pairs)
        self.pairs = {end: frozenset(sources) for end, sources in pairs.items()}

    def named(self, pairs: Iterable[tuple[int, int]]) -> set[tuple[int, str]]:
        """(source, terminal) pairs as identities and causes."""
        causes = {end: cause for (cause, _), end in self._terminals.items()}
        return {(source, causes[end]) for source, end in pairs}

    def wanted(self) -> dict[str, int]:
        """How many identities each cause lets in as the scenario wants."""
        people: defaultdict[str, set[int]] = defaultdict(set)
        for f in self.found:
            for way in f.ways:
                if way.state in ("approved", "own"):
                    people[way.cause] |= set(way.who)
        return {cause: len(who) for cause, who in people.items()}

    def _add(self, f: Found, way: WayIn, pairs: defaultdict[int, set[int]]) -> None:
        sources = {ANYBODY} if way.anybody else set(way.who)
        entry = way.part.cause if way.part is not None else None
        for link in f.routes.having(way.cause):
            ends = [link]
            if link.edge == "granted":  # the assignment first, then what it gives: there may be a setting to remove
                ends = [
                    after for after in f.routes.after(link.target)
                    if entry is None or (after.entry is not None and (after.edge, after.entry.acts_as) == (entry.way, entry.acts_as))
                ]  # fmt: skip
            for last in ends:
                setting = self._removing(last) if last is not link else ""
                end = self._terminals.setdefault((way.cause, setting), -2 - len(self._terminals))
                self._arc(link, end if last is link else link.target)
                if last is not link:
                    self.arcs[cut.Arc(last.source, end, setting)] = None
                    self.drawn[last] = None
                pairs[end] |= sources
        for link in f.routes.upstream(way.cause, sources):
            self._arc(link, link.target)

    def _arc(self, link: Link, target: int) -> None:
        self.arcs[cut.Arc(link.source, target, self._removing(link))] = None
        self.drawn[link] = None

    def _removing(self, link: Link) -> str:
        """What removes a link, unless somebody who is wanted needs it to stay, or who takes it can bring it back."""
        if link.cause in self._needed or (link.cause.startswith("setting:") and self._brought_back(link)):
            return ""
        return link.cause

    def _brought_back(self, link: Link) -> bool:
        """Keys that are switched off stay off only for those who cannot switch them on again."""
        store = self.engine.estate.node(link.cause.removeprefix("setting:").rpartition("|")[0])
        right = STORES[self.engine.estate.kind(store)].reopen if store is not None else None
        if store is None or link.entry is None:
            return True
        return right is not None and bool(link.entry.who & self.engine.holders(store, right)[1])

    def _settings_in_use(self) -> set[str]:
        """Settings on the way of an approved chain."""
        found: set[str] = set()
        for f in self.found:
            if any(link.cause.partition(":")[0] in _SETTINGS for link in f.routes.links):
                for way in f.ways:
                    if way.state in ("approved", "own"):
                        for person in way.who:
                            found |= {link.cause for link in f.routes.route(person, way.cause)}
        return {cause for cause in found if cause.partition(":")[0] in _SETTINGS}
