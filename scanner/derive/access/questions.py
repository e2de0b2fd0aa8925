"""The questions people ask about access: who can, by which paths, and with which duties.

Each takes nodes and gives an answer of `answers`. What the ways are and how they are judged is the business of `ways`.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from functools import cached_property
from operator import itemgetter

from pyroaring import BitMap

from scanner.derive.access import Access
from scanner.derive.access.alike import Alike
from scanner.derive.access.answers import DutiesOf, HeldDuty, Paths, Way, WhoCan
from scanner.derive.access.blindness import of_data, of_release
from scanner.derive.access.chains import explain
from scanner.derive.access.links import Link
from scanner.derive.access.routes import Routes, chain, picture, reference
from scanner.derive.access.ways import (
    HOLDING,
    RELEASING,
    State,
    WayIn,
    Ways,
    holds_guarded_data,
    into_environment,
    into_store,
    of_tenant,
    target_of,
)
from scanner.findings import Chain, Gap, NodeRef
from scanner.graph.estate import Estate

DATA = ("environment", "data-class", "data-store", "datastore", "data-asset", "workspace")  # what may be asked about
STATES: tuple[State, ...] = (
    "unwanted",
    "approved",
    "own",
    "residual",
    "break-glass",
    "platform",
)  # as answers list them
# Edges from a member to a group, with what they say of it and how it is held.
_MEMBER = (("member-of", "", None), ("eligible-member-of", "", "eligible"), ("may-join", "as its owner", "may-join"))
_TRIED = 5  # people among whom the one with the shortest chain is looked for


class Found:
    """The ways into one thing, or into several that nothing tells apart: `shown` are those, and for a release the environment."""

    def __init__(self, shown: tuple[int, ...], ways: Ways) -> None:
        self.shown = shown
        self.end = ways.end
        self.access = ways.access
        self.ways = ways.ways
        self.gaps = ways.gaps
        self._links = ways.links

    @cached_property
    def routes(self) -> Routes:
        """The steps, made when first asked for."""
        return Routes(self.end, self._links())


class Questions:
    """Asks one estate; what was looked up is kept for the next question."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self.engine = access.engine
        self.estate: Estate = access.engine.estate
        self._alike = Alike(self.engine, access.acting.credentials)
        self._ways: dict[tuple[int, str], list[Ways]] = {}
        self._refs: dict[int, tuple[str, str, NodeRef]] = {}

    # -- what is asked about --------------------------------------------------------------------------------------

    def stores(self, node: int | None) -> list[int]:
        """The stores of data that a node stands for; of nothing in particular: all that hold data of a class."""
        estate = self.estate
        if node is None:
            return [store for store in estate.nodes("data-store") if holds_guarded_data(estate, store)]
        kind, name = estate.kind(node), estate.name(node)
        if kind == "environment":
            mine = [s for s in estate.nodes("data-store") if estate.get(s, "environment") == name]
            holding = [s for s in mine if holds_guarded_data(estate, s)]
            return holding or [s for s in mine if estate.get(s, "referenced") is True]
        if kind == "data-class":
            return [s for s in estate.nodes("data-store") if name in (estate.get(s, "data-classes") or ())]
        if kind in estate.ontology.members("data-store"):
            return [node]
        edges = ("default-store", "has-datastore") if kind == "workspace" else ("stored-in",)
        below = [other for edge in edges for other in estate.neighbours(node, edge)]
        return list(dict.fromkeys(s for other in below if estate.kind(other) != "missing" for s in self.stores(other)))

    def environments(self, node: int) -> list[int]:
        """The environments a node is, or stands in."""
        estate = self.estate
        if estate.kind(node) == "environment":
            return [node]
        names = [estate.get(place, "environment") for place in (node, *self.stores(node))]
        found = [estate.node(f"environment:{name}") for name in dict.fromkeys(names) if isinstance(name, str)]
        return [environment for environment in found if environment is not None]

    def into(self, shown: Iterable[int], how: str) -> list[Found]:
        """The ways into stores, or for `release` into environments; stores that nothing tells apart are asked once."""
        groups: dict[object, list[int]] = {}
        for node in shown:
            groups.setdefault(node if how == "release" else self.alike(node), []).append(node)
        return [Found(tuple(nodes), ways) for nodes in groups.values() for ways in self._of(nodes[0], how)]

    def alike(self, store: int) -> object:
        """Equal for stores that the same ways lead into."""
        return self._alike.signature(store), target_of(self.estate, store), holds_guarded_data(self.estate, store)

    def _of(self, node: int, how: str) -> list[Ways]:
        found = self._ways.get((node, how))
        if found is None:
            if how == "release":
                found = [w for duty in RELEASING if (w := into_environment(self.access, node, duty)) is not None]
            else:
                found = [into_store(self.access, node, how)]
            self._ways[node, how] = found
        return found

    @cached_property
    def tenant(self) -> list[Found]:
        """Who can take any data there is."""
        ways = of_tenant(self.access)
        return [Found((ways.end,), ways)] if ways is not None else []

    # -- the questions --------------------------------------------------------------------------------------------

    def who_can(self, how: str, asked: int, *, draw: bool = False) -> WhoCan:
        """Everybody who can read or write the data of a node, or release to its environment."""
        estate = self.estate
        targets = self.environments(asked) if how == "release" else self.stores(asked)
        found = self.into(targets, how)
        ways = self.ways(found)
        tenant = self.tenant if targets and how != "release" else []
        above = self.ways(tenant)
        drawn = (link for f in (*found, *tenant) for link in f.routes.links) if draw else ()
        return WhoCan(
            how, estate.ref(asked), self._about(how, targets), tuple(map(estate.ref, targets)), ways, above,
            self.marks({ref.key for way in (*ways, *above) for ref in way.who}), self.gaps([*found, *tenant]), of_release(estate) if how == "release" else of_data(estate, targets), picture(estate, drawn),
        )  # fmt: skip

    def paths(self, principal: int, asked: int, *, draw: bool = False) -> Paths:
        """Every way of a principal, or of anybody in it when it is a group, into the data of a node."""
        estate = self.estate
        found = [f for how in ("read", "write") for f in self.into(self.stores(asked), how)]
        if estate.kind(asked) == "environment":
            found += self.into([asked], "release")
        mine = self.engine.members(principal)
        ways, above = self.ways(found, mine), self.ways(self.tenant, mine)
        drawn: dict[Link, None] = {}
        for f in (*found, *self.tenant) if draw else ():
            for way in f.ways:
                for person in way.who & mine:
                    drawn.update(dict.fromkeys(f.routes.route(person, way.cause)))
        return Paths(
            estate.ref(principal), estate.ref(asked), tuple(dict.fromkeys(estate.ref(node) for f in found for node in f.shown)), ways, above,
            self.marks({ref.key for way in (*ways, *above) for ref in way.who}), self.gaps([*found, *self.tenant]), picture(estate, drawn),
        )  # fmt: skip

    def duties(self, principal: int) -> DutiesOf:
        """The duties a principal holds itself or through the groups it is in."""
        estate = self.estate
        standing, members, up = self._memberships(principal)
        held: dict[tuple[str, str], HeldDuty] = {}
        drawn: dict[Link, None] = {}
        for edge, how, places in (
            ("holds", "holds", standing), ("may-activate", "may-activate", members), ("holds", "may-activate", members),
            ("perhaps-holds", "perhaps-holds", members), ("holds-as-declared", "holds-as-declared", members),
            *((edge, "may-join", up) for edge in HOLDING),
        ):  # fmt: skip
            for place in places:
                for duty in dict.fromkeys(estate.neighbours(place, edge)):
                    key = (str(estate.get(duty, "duty")), str(estate.get(duty, "environment")))
                    if key not in held:
                        route = [
                            Link(place, duty, edge, estate.reason(place, edge, duty), certain=edge != "perhaps-holds")
                        ]
                        while (before := up[route[0].source]) is not None:
                            route.insert(0, before)
                        held[key] = HeldDuty(*key, how, chain(estate, principal, route))
                        drawn.update(dict.fromkeys(route))
        gaps = {estate.gaps[gap] for place in up for gap in estate.gaps_at(place, "holds")}
        listed = tuple(held[key] for key in sorted(held, key=lambda key: (key[1], key[0])))
        return DutiesOf(estate.ref(principal), listed, tuple(sorted(gaps)), picture(estate, drawn))

    def _memberships(self, principal: int) -> tuple[Sequence[int], Sequence[int], dict[int, Link | None]]:
        """A principal and the groups it is in without activating anything; with those it may activate membership of; and with
        those it may join, each with the membership that leads there.
        """
        up: dict[int, Link | None] = {principal: None}
        stages = []
        for edges in (_MEMBER[:1], _MEMBER[:2], _MEMBER):
            for place in (order := list(up)):
                for edge, note, mark in edges:
                    for group in dict.fromkeys(self.estate.neighbours(place, edge)):
                        if group not in up and self.estate.kind(group) == "group":
                            up[group] = Link(place, group, edge, note, mark=mark)
                            order.append(group)
            stages.append(tuple(up))
        return stages[0], stages[1], up

    # -- parts of answers -----------------------------------------------------------------------------------------

    def ways(self, found: Iterable[Found], among: BitMap | None = None, state: str = "") -> tuple[Way, ...]:
        """Ways into several things, one for each cause, way, access and judgement; `among` keeps those of some identities,
        `state` those of a judgement.
        """
        merged: dict[tuple[object, ...], list[tuple[Found, WayIn, BitMap]]] = {}
        for f in found:
            for way in f.ways:
                if state and way.state != state:
                    continue
                who = way.who if among is None else way.who & among
                if who or (way.anybody and among is None):
                    merged.setdefault((way.cause, way.way, f.access, way.state, way.row), []).append((f, way, who))
        made = [self._way(parts) for parts in merged.values()]
        return tuple(
            sorted(made, key=lambda w: (STATES.index(w.state), not w.certain, -len(w.who), w.words, w.way, w.access))
        )

    def _way(self, parts: list[tuple[Found, WayIn, BitMap]]) -> Way:
        estate = self.estate
        f, way, _ = parts[0]
        who = BitMap().union(*(people for _, _, people in parts))
        people = self._people(who)
        line = estate.line(way.row, "name") or estate.line(way.row, "release-workload") if way.row is not None else None
        row = ""
        if way.row is not None:
            row = estate.name(way.row) if estate.kind(way.row).endswith("-row") else "the release workload"
        gaps = {estate.gaps[gap] for _, one, _ in parts for gap in one.gaps}
        mine = [(one, some) for found, one, some in parts if found.end == f.end]
        one, some = min(
            mine, key=lambda pair: (not pair[0].certain, pair[0].part is not None and pair[0].part.behind is not None)
        )
        return Way(
            way.cause, way.words, way.way, f.access, way.state, tuple(people),
            tuple(dict.fromkeys(estate.ref(node) for found, _, _ in parts for node in found.shown)), self.chain(f, one, some),
            any(one.certain for _, one, _ in parts), way.mark, row, line, tuple(sorted(gaps)), way.fix, way.anybody,
        )  # fmt: skip

    def _people(self, who: Iterable[int]) -> list[NodeRef]:
        """Identities by name; the same people come in by many ways."""
        known = self._refs
        for node in who:
            if node not in known:
                ref = self.estate.ref(node)
                known[node] = (ref.name.casefold(), ref.key, ref)
        return [ref for _, _, ref in sorted((known[node] for node in who), key=itemgetter(0, 1))]

    def chain(self, f: Found, way: WayIn, who: BitMap) -> Chain:
        """The shortest chain of a way, of whoever of some people has the shortest."""
        estate = self.estate
        people: list[int | None] = [*self._nearest(way, who)]
        if way.part is not None and way.spread is not None:
            made = [explain(way.spread, way.part, p, f.end) for p in people or [None]]
            start, steps = min(made, key=lambda pair: len(pair[1]))
            return Chain(reference(estate, start), steps)
        routes = [(p, route) for p in people if p is not None and (route := f.routes.route(p, way.cause))]
        if not routes:
            return Chain(reference(estate, f.end))
        return chain(estate, *min(routes, key=lambda pair: len(pair[1])))

    @cached_property
    def _people_alone(self) -> BitMap:
        return BitMap(list(self.estate.nodes("user")))

    def _nearest(self, way: WayIn, who: BitMap) -> list[int]:
        """A few of those who come by a way: people before workloads, and those first who need no group inside another."""
        who = who & self._people_alone or who
        source = way.part.cause.source if way.part is not None else None
        direct = (
            who & BitMap(list(self.estate.neighbours(source, "has-member")))
            if source is not None and len(who) > _TRIED
            else who
        )
        return heapq.nsmallest(_TRIED, direct or who, key=self.estate.key)

    def marks(self, keys: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """What is special about identities: guests, disabled ones, and ones the directory no longer knows."""
        estate = self.estate
        made = {}
        for key in keys:
            node = estate.node(key)
            if node is not None:
                said = [
                    word for attribute, value, word in (("guest", True, "guest"), ("account-enabled", False, "disabled"), ("unresolved", True, "unresolved"))
                    if estate.get(node, attribute) is value
                ]  # fmt: skip
                if said:
                    made[key] = tuple(said)
        return made

    def gaps(self, found: Iterable[Found]) -> tuple[Gap, ...]:
        return tuple(sorted({self.estate.gaps[gap] for f in found for gap in f.gaps}))

    def _about(self, how: str, targets: Sequence[int]) -> str:
        """What was asked about, beside its name: `live data in production`."""
        estate = self.estate
        if how == "release" or not targets:
            return ""
        classes = sorted({name for t in targets for name in estate.get(t, "data-classes") or ()})
        where = sorted(
            {str(estate.get(t, "environment")) for t in targets if isinstance(estate.get(t, "environment"), str)}
        )
        several = f"{len(targets)} stores of " if len(targets) > 1 else ""
        data = f"{' and '.join(classes)} data" if classes else "data of no declared class"
        return f"{several}{data}" + (f" in {' and '.join(where)}" if where else "")
