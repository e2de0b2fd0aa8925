"""Choke points: the smallest set of causes that closes every unwanted chain.

Each unwanted cause ends in a terminal of its own, to be kept from those whom it lets in: what lies nearer the data is allowed, and
whoever comes by it as the scenario wants must still come in. What removes one way of a cause (the keys of a store, an attached
identity) counts as well, unless somebody who is wanted needs it; the keys of single stores do so for up to `_FEW` stores only, so that
beyond those `at_least` speaks of assignments, memberships and whatever else is no store's own.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import cached_property

from pyroaring import BitMap

from scanner.derive.access import Access
from scanner.derive.access.actions import STORES
from scanner.derive.access.answers import Choke, Closing
from scanner.derive.access.links import ANYBODY, Link
from scanner.derive.access.questions import Found, Questions
from scanner.derive.access.routes import named_cause, picture
from scanner.findings import ChokePoint
from scanner.graph import cut

_SETTINGS = ("setting", "identity", "credential")
_FEW = 50
_ANYBODY = 2**32 - 1  # in a set of identities, whoever comes without one


def choke(questions: Questions, asked: int | None, *, draw: bool = False, wide: bool = True) -> Choke:
    """The smallest set of causes whose removal closes all unwanted chains to the data of a node, or to all data; those that
    open everything in the tenant among them, unless only what is not `wide` is asked for.
    """
    estate = questions.estate
    stores = questions.stores(asked)
    few = len(stores) <= _FEW
    alike = [[store] for store in stores] if few else [stores]  # each store has keys of its own
    found = [f for how in ("read", "write") for some in alike for f in questions.into(some, how)]
    if wide and stores:
        found += questions.tenant
    problem = _Problem(questions, found, few)
    result = cut.smallest(problem.arcs, problem.pairs)
    ways = questions.ways(found, state="unwanted")
    everything = problem.everything
    kept = problem.wanted() if result.causes else {}
    separated = cut.closed_by(problem.arcs, problem.pairs, result.causes)
    closings = []
    for cause in result.causes:
        closed = problem.closed(separated[cause])
        way = next((way for way in ways if way.cause == cause), None)
        words, fix = (way.words, way.fix) if way is not None else named_cause(estate, cause)
        closings.append(Closing(cause, words, fix, len({who for who, _ in closed}), len(closed), kept.get(cause, 0)))
    stuck = problem.named(result.beyond)
    beyond = tuple(way for way in ways if any(way.cause == cause for _, cause in stuck))
    return Choke(
        estate.ref(asked) if asked is not None else None, tuple(map(estate.ref, stores)),
        tuple(sorted(closings, key=lambda c: (-c.chains, -c.identities, c.words))), result.at_least,
        len({who for who, _ in everything}), len(everything), ways, beyond, questions.gaps(found),
        picture(estate, problem.drawn if draw else ()),
    )  # fmt: skip


def of_production(access: Access) -> tuple[ChokePoint, ...]:
    """For reports: what closes the unwanted ways to each environment of production that is small enough to ask at once.

    In larger ones `mlposture access choke` answers, which may take its time.
    """
    questions = Questions(access)
    estate = questions.estate
    found = []
    for environment in estate.nodes("environment"):
        if estate.get(environment, "stage") != "production" or not 0 < len(questions.stores(environment)) <= _FEW:
            continue
        answer = choke(questions, environment, wide=False)  # those are told of once for the tenant
        if answer.causes:
            removals = tuple((closing.words, closing.chains) for closing in answer.causes)
            beyond = len(answer.beyond)
            found.append(
                ChokePoint(estate.name(environment), removals, answer.chains - beyond, answer.chains, answer.at_least)
            )
    return tuple(found)


class _Problem:
    """The arcs and pairs of a cut, from the ways into some stores."""

    def __init__(self, questions: Questions, found: Iterable[Found], settings: bool) -> None:
        self.engine = questions.engine
        self.settings = settings  # whether to look at the keys of each store
        self.found = list(found)
        self.arcs: dict[cut.Arc, None] = {}
        self.pairs: dict[int, frozenset[int]] = {}
        self.drawn: dict[Link, None] = {}
        self._terminals: dict[tuple[str, str], int] = {}  # (cause, setting that also closes it) -> terminal
        pairs: defaultdict[int, set[int]] = defaultdict(set)
        seen: dict[tuple[str, str, int | None], BitMap] = {}
        for f in self.found:
            by_entry: defaultdict[tuple[str, str, int | None], BitMap] = defaultdict(BitMap)
            behind: defaultdict[str, BitMap] = defaultdict(BitMap)
            for way in f.ways:
                if way.state == "unwanted" and way.part is not None:
                    entry = way.part.after or way.part.cause
                    who = BitMap([_ANYBODY]) if way.anybody else way.who
                    by_entry[way.cause, entry.way, entry.acts_as] |= who
                    behind[way.cause] |= who
            if not settings and all(key in seen and who <= seen[key] for key, who in by_entry.items()):
                continue  # nothing that another store did not show
            for key, who in by_entry.items():
                seen[key] = seen.get(key, BitMap()) | who
            for (cause, how, acts_as), who in by_entry.items():
                self._ends(f, cause, how, acts_as, _people(who), pairs)
            if behind:
                for link in f.routes.upstream(behind, _people(BitMap().union(*behind.values()))):
                    self._arc(link, link.target)
        self.pairs = {end: frozenset(sources) for end, sources in pairs.items()}
        self._causes = {end: cause for (cause, _), end in self._terminals.items()}
        self._open = Counter((who, self._causes[end]) for who, end in cut.still_open(self.arcs, self.pairs, ()))
        self.everything = set(self._open)  # identities, each with a cause that lets them in

    def named(self, pairs: Iterable[tuple[int, int]]) -> set[tuple[int, str]]:
        """(source, terminal) pairs as identities and causes."""
        return {(source, self._causes[end]) for source, end in pairs}

    def wanted(self) -> dict[str, int]:
        """How many identities each cause lets in as the scenario wants."""
        people: defaultdict[str, set[int]] = defaultdict(set)
        for f in self.found:
            for way in f.ways:
                if way.state in ("approved", "own"):
                    people[way.cause] |= set(way.who)
        return {cause: len(who) for cause, who in people.items()}

    def closed(self, pairs: set[tuple[int, int]]) -> set[tuple[int, str]]:
        """Of separated pairs, the identities and causes that no other terminal of the cause still connects."""
        gone = Counter((who, self._causes[end]) for who, end in pairs)
        return {pair for pair, count in gone.items() if count == self._open[pair]}

    def _ends(
        self, f: Found, cause: str, how: str, acts_as: int | None, sources: set[int], pairs: defaultdict[int, set[int]]
    ) -> None:  # fmt: skip
        """The last arcs of a cause: itself, and for an assignment what it gives, which a setting may take away as well."""
        for link in f.routes.having(cause):
            ends = [link]
            if link.edge == "granted":
                after = f.routes.after(link.target)
                ends = [
                    one for one in after if one.entry is not None and (one.edge, one.entry.acts_as) == (how, acts_as)
                ]
            for last in ends:
                setting = self._removing(last) if last is not link else ""
                end = self._terminals.setdefault((cause, setting), -2 - len(self._terminals))
                self._arc(link, end if last is link else link.target)
                if last is not link:
                    self.arcs[cut.Arc(last.source, end, setting)] = None
                    self.drawn[last] = None
                pairs[end] |= sources

    def _arc(self, link: Link, target: int) -> None:
        self.arcs[cut.Arc(link.source, target, self._removing(link))] = None
        self.drawn[link] = None

    def _removing(self, link: Link) -> str:
        """What removes a link, unless somebody who is wanted needs it to stay, or who takes it can bring it back."""
        if link.cause in self._needed:
            return ""
        if link.cause.startswith("setting:") and (not self.settings or self._brought_back(link)):
            return ""
        return link.cause

    def _brought_back(self, link: Link) -> bool:
        """Keys that are switched off stay off only for those who cannot switch them on again."""
        store = self.engine.estate.node(link.cause.removeprefix("setting:").rpartition("|")[0])
        right = STORES[self.engine.estate.kind(store)].reopen if store is not None else None
        if store is None or link.entry is None:
            return True
        return right is not None and bool(link.entry.who & self.engine.holders(store, right)[1])

    @cached_property
    def _needed(self) -> set[str]:
        """Settings on the way of an approved chain; nobody asks where nothing is unwanted."""
        found: set[str] = set()
        seen: set[tuple[str, str]] = set()
        for f in self.found:
            for way in f.ways:
                if way.state in ("approved", "own") and (self.settings or (way.cause, way.way) not in seen):
                    seen.add((way.cause, way.way))
                    for person in way.who:
                        found |= {link.cause for link in f.routes.route(person, way.cause)}
        return {cause for cause in found if cause.partition(":")[0] in _SETTINGS}


def _people(who: BitMap) -> set[int]:
    return {ANYBODY if node == _ANYBODY else node for node in who}
