"""The smallest set of causes whose removal separates identities from what they should not reach.

A cause may stand on many arcs, and removing it removes all of them, so this is a minimum *label* cut, which is NP-hard in
general. What is exact and what is a bound:

* **By flow, exact and fast**, when it can be: each cause is one node of capacity 1 between the tails and the heads of its arcs.
  That is right when a cause's arcs join each of its tails with each of its heads (an assignment or a membership has one of either),
  and when no source reaches a terminal that is none of its own. By max-flow min-cut the answer is then the smallest; of
  several smallest ones it is the one nearest the terminals.
* **By hitting sets, exact while small**: gather paths, find the smallest set of causes that hits all of them, look for a path
  it misses, and go on. The set that misses none is a smallest one, since hitting only some of the paths cannot take more.
* **Else a bound**: when the search takes more than `effort` steps, the answer is a set that separates, with nothing in it that
  could be left out, and `at_least` is what was proved: no smaller set than that will do. `exact` says which it is.

Arcs without a cause cannot be removed. Pairs that such arcs alone connect are `beyond` any removal and left aside.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import networkx as nx
from networkx.algorithms.flow import dinitz

EFFORT = 20_000  # steps of the exact search
_MANY = 200_000  # arcs and pairs beyond which not even flow is tried
_FOREVER = float("inf")


@dataclass(frozen=True, slots=True)
class Arc:
    """A step from node to node; what removes it, or nothing when it cannot be removed."""

    source: int
    target: int
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Cut:
    """`causes` removed together separate every pair that can be; no set smaller than `at_least` does."""

    causes: tuple[str, ...]
    at_least: int
    beyond: frozenset[tuple[int, int]]  # (source, terminal) that no removal separates

    @property
    def exact(self) -> bool:
        return len(self.causes) == self.at_least


Pairs = Mapping[int, frozenset[int]]  # terminal -> the sources to be kept from it


def smallest(arcs: Iterable[Arc], pairs: Pairs, *, effort: int = EFFORT, flow: bool = True) -> Cut:
    """The smallest cut, or the best that was found and a bound. `flow=False` leaves the fast way out, for tests."""
    graph = _Graph(arcs)
    fixed = {(s, t) for t, found in graph.reaching(pairs, None) for s in found}
    beyond = frozenset(fixed)
    wanted = {t: frozenset(s for s in sources if (s, t) not in fixed) for t, sources in sorted(pairs.items())}
    wanted = {t: sources for t, sources in wanted.items() if sources}
    if flow and graph.fits_flow(wanted):
        causes = _by_flow(graph, wanted)
        return Cut(tuple(sorted(causes)), len(causes), beyond)
    causes, at_least = _Search(graph, wanted, effort).run()
    return Cut(tuple(sorted(causes)), at_least, beyond)


def still_open(arcs: Iterable[Arc], pairs: Pairs, removed: Iterable[str]) -> set[tuple[int, int]]:
    """The (source, terminal) pairs that are connected when some causes are gone."""
    return {(s, t) for t, found in _Graph(arcs).reaching(pairs, frozenset(removed)) for s in found}


def closed_by(arcs: Iterable[Arc], pairs: Pairs, causes: Iterable[str]) -> dict[str, set[tuple[int, int]]]:
    """For each of some causes, the connected (source, terminal) pairs that its removal alone separates."""
    reach = _Reach(arcs, pairs)
    return {cause: reach.closed_without(cause) for cause in set(causes)}


class _Graph:
    """Arcs by target, since every walk goes backwards from a terminal."""

    def __init__(self, arcs: Iterable[Arc]) -> None:
        self.arcs = tuple(dict.fromkeys(arcs))
        self.into: defaultdict[int, list[Arc]] = defaultdict(list)
        for arc in self.arcs:
            self.into[arc.target].append(arc)

    def reaching(self, pairs: Pairs, removed: frozenset[str] | None) -> Iterator[tuple[int, set[int]]]:
        """For each terminal, which of its sources reach it without removed causes; None: without any cause at all."""
        for terminal, sources in pairs.items():
            yield terminal, self.behind(terminal, removed) & sources

    def behind(self, terminal: int, removed: frozenset[str] | None) -> set[int]:
        seen = {terminal}
        waiting = [terminal]
        while waiting:
            for arc in self.into.get(waiting.pop(), ()):
                if arc.source not in seen and (not arc.cause if removed is None else arc.cause not in removed):
                    seen.add(arc.source)
                    waiting.append(arc.source)
        return seen

    def path(self, terminal: int, sources: frozenset[int], removed: frozenset[str]) -> tuple[str, ...] | None:
        """The causes on a shortest path that avoids removed ones, from the terminal outwards; None when there is none."""
        if terminal in sources:
            return ()
        via: dict[int, Arc] = {}
        waiting = deque([terminal])
        while waiting:
            place = waiting.popleft()
            for arc in self.into.get(place, ()):
                source = arc.source
                if source == terminal or source in via or arc.cause in removed:
                    continue
                via[source] = arc
                if source in sources:
                    causes = []
                    while source != terminal:
                        causes.append(via[source].cause)
                        source = via[source].target
                    return tuple(dict.fromkeys(cause for cause in reversed(causes) if cause))
                waiting.append(source)
        return None

    def fits_flow(self, pairs: Pairs) -> bool:
        """Whether one flow answers for all pairs: causes join all their tails with all their heads, no pair is made up."""
        if len(self.arcs) + sum(map(len, pairs.values())) > _MANY:
            return False
        tails: defaultdict[str, set[int]] = defaultdict(set)
        heads: defaultdict[str, set[int]] = defaultdict(set)
        counts: defaultdict[str, int] = defaultdict(int)
        for arc in self.arcs:
            if arc.cause:
                tails[arc.cause].add(arc.source)
                heads[arc.cause].add(arc.target)
                counts[arc.cause] += 1
        if any(len(tails[cause]) * len(heads[cause]) != count for cause, count in counts.items()):
            return False
        everybody = frozenset().union(*pairs.values()) if pairs else frozenset()
        # in one flow every source may go to every terminal
        return all((self.behind(t, frozenset()) & everybody) <= sources for t, sources in pairs.items())


# -- by flow ------------------------------------------------------------------------------------------------------


def _by_flow(graph: _Graph, pairs: Pairs) -> set[str]:
    if not pairs:
        return set()
    net: nx.DiGraph[object] = nx.DiGraph()
    start, end = "start", "end"
    for terminal, sources in pairs.items():
        net.add_edge(("node", terminal), end, capacity=_FOREVER)
        for source in sources:
            net.add_edge(start, ("node", source), capacity=_FOREVER)
    for arc in graph.arcs:
        if arc.cause:
            net.add_edge(("node", arc.source), ("in", arc.cause), capacity=_FOREVER)
            net.add_edge(("in", arc.cause), ("out", arc.cause), capacity=1)
            net.add_edge(("out", arc.cause), ("node", arc.target), capacity=_FOREVER)
        else:
            net.add_edge(("node", arc.source), ("node", arc.target), capacity=_FOREVER)
    rest = dinitz(net, start, end)
    # what can still send to the end; the causes on its rim are the smallest cut nearest the terminals
    seen: set[object] = {end}
    waiting: list[object] = [end]
    while waiting:
        place = waiting.pop()
        for before, _, data in rest.in_edges(place, data=True):
            if before not in seen and data["flow"] < data["capacity"]:
                seen.add(before)
                waiting.append(before)
    return {
        node[1] for node in net
        if isinstance(node, tuple) and node[0] == "in" and node not in seen and ("out", node[1]) in seen
    }  # fmt: skip


# -- by hitting sets ----------------------------------------------------------------------------------------------


class _OutOfEffort(Exception):
    pass


class _Search:
    """Implicit hitting sets over paths, with a budget."""

    def __init__(self, graph: _Graph, pairs: Pairs, effort: int) -> None:
        self.graph = graph
        self.pairs = pairs
        self.left = effort
        self.paths: list[tuple[str, ...]] = []

    def run(self) -> tuple[set[str], int]:
        """A cut, and how many causes every cut has at least."""
        chosen: set[str] = set()
        at_least = 0
        try:
            while True:
                missed = list(self._missed(chosen))
                if not missed:
                    return chosen, len(chosen)
                at_least = max(at_least, len(missed) if not self.paths else 0)
                self.paths += missed
                chosen = self._hitting(self.paths)
                at_least = max(at_least, len(chosen))
        except _OutOfEffort:
            found = self._greedily()
            return found, min(at_least, len(found))

    def _missed(self, removed: set[str]) -> Iterator[tuple[str, ...]]:
        """Paths that avoid the removed causes and one another's: as many removals as there are of them are needed."""
        gone = set(removed)
        for terminal, sources in self.pairs.items():
            while (path := self.graph.path(terminal, sources, frozenset(gone))) is not None:
                self._spend()
                gone |= set(path)
                yield path

    def _hitting(self, paths: Sequence[tuple[str, ...]]) -> set[str]:
        """The smallest set with a member on every path; among equals the one found first, nearest the terminals."""
        best = _greedy_hitting(paths)

        def search(rest: Sequence[tuple[str, ...]], chosen: tuple[str, ...], barred: frozenset[str]) -> None:
            nonlocal best
            self._spend()
            if not rest:
                best = set(chosen)
                return
            if len(chosen) + _apart(rest, barred) >= len(best):
                return
            tightest = min(rest, key=lambda path: sum(cause not in barred for cause in path))
            out = barred
            for cause in tightest:
                if cause not in out:
                    search([path for path in rest if cause not in path], (*chosen, cause), out)
                    out |= {cause}  # from here on sets without it

        search(paths, (), frozenset())
        return best

    def _greedily(self) -> set[str]:
        """A cut, with nothing in it that could be left out."""
        chosen = _greedy_hitting(self.paths)
        while True:
            missed = [
                path for terminal, sources in self.pairs.items()
                if (path := self.graph.path(terminal, sources, frozenset(chosen))) is not None
            ]  # fmt: skip
            if not missed:
                break
            self.paths += missed
            chosen |= _greedy_hitting(missed)
        for cause in sorted(chosen):
            without = frozenset(chosen - {cause})
            if not any(found for _, found in self.graph.reaching(self.pairs, without)):
                chosen.discard(cause)
        return chosen

    def _spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise _OutOfEffort


def _greedy_hitting(paths: Sequence[tuple[str, ...]]) -> set[str]:
    """What hits most paths first, the nearest to a terminal among equals."""
    rest = list(paths)
    chosen: set[str] = set()
    while rest:
        counts: defaultdict[str, int] = defaultdict(int)
        places: dict[str, int] = {}
        for path in rest:
            for place, cause in enumerate(path):
                counts[cause] += 1
                places[cause] = min(place, places.get(cause, place))
        best = min(counts, key=lambda cause: (-counts[cause], places[cause], cause))
        chosen.add(best)
        rest = [path for path in rest if best not in path]
    return chosen


def _apart(paths: Sequence[tuple[str, ...]], barred: frozenset[str]) -> int:
    """How many paths share no cause with one another: each takes one removal of its own."""
    used: set[str] = set()
    count = 0
    for path in sorted(paths, key=len):
        free = [cause for cause in path if cause not in barred]
        if not used.intersection(free):
            used.update(free)
            count += 1
    return count


class _Reach:
    """Which terminals each node reaches, all terminals at once: one bit each. What a cause closes is found by looking again at
    those nodes alone that have an arc of it before them.
    """

    def __init__(self, arcs: Iterable[Arc], pairs: Pairs) -> None:
        self.terminals = list(pairs)
        self.wanted: defaultdict[int, int] = defaultdict(int)  # source -> the terminals it is to be kept from
        bit = {}
        for number, terminal in enumerate(self.terminals):
            bit[terminal] = 1 << number
            for source in pairs[terminal]:
                self.wanted[source] |= 1 << number
        self.out: defaultdict[int, list[Arc]] = defaultdict(list)
        self.into: defaultdict[int, set[int]] = defaultdict(set)
        self.of_cause: defaultdict[str, list[Arc]] = defaultdict(list)
        graph: nx.DiGraph[int] = nx.DiGraph()
        graph.add_nodes_from((*self.terminals, *self.wanted))
        for arc in dict.fromkeys(arcs):
            graph.add_edge(arc.source, arc.target)
            self.out[arc.source].append(arc)
            self.into[arc.target].add(arc.source)
            self.of_cause[arc.cause].append(arc)
        self.own = {node: bit.get(node, 0) for node in graph}
        self.circles = list(nx.strongly_connected_components(graph))  # those that lead nowhere else first
        self.circle_of = {node: number for number, circle in enumerate(self.circles) for node in circle}
        self.reached: dict[int, int] = {}
        for circle in self.circles:
            found = 0
            for node in circle:
                found |= self.own[node]
                for arc in self.out[node]:
                    found |= self.reached.get(arc.target, 0)
            self.reached.update(dict.fromkeys(circle, found))

    def closed_without(self, cause: str) -> set[tuple[int, int]]:
        """The connected (source, terminal) pairs that are separated when a cause is gone."""
        behind = self._behind({arc.source for arc in self.of_cause[cause]})
        left: dict[int, int] = {}
        for number in sorted({self.circle_of[node] for node in behind}):
            members = self.circles[number]
            left.update(dict.fromkeys(members, 0))
            changed = True
            while changed:
                changed = False
                for node in members:
                    now = self.own[node]
                    for arc in self.out[node]:
                        if arc.cause != cause:
                            now |= left[arc.target] if arc.target in left else self.reached[arc.target]
                    if now != left[node]:
                        left[node], changed = now, True
        closed = set()
        for source in behind:
            gone = self.reached[source] & ~left[source] & self.wanted.get(source, 0)
            while gone:
                lowest = gone & -gone
                closed.add((source, self.terminals[lowest.bit_length() - 1]))
                gone ^= lowest
        return closed

    def _behind(self, nodes: set[int]) -> set[int]:
        seen = set(nodes)
        waiting = list(nodes)
        while waiting:
            for before in self.into.get(waiting.pop(), ()):
                if before not in seen:
                    seen.add(before)
                    waiting.append(before)
        return seen
