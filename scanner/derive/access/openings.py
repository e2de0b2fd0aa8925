"""Openings: each cause that lets identities reach data they were not meant to, once for an environment, class, way and access."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from pyroaring import BitMap

from scanner import ids
from scanner.derive.access import trace, unseen, working
from scanner.derive.access.acting import Acting
from scanner.derive.access.alike import Alike
from scanner.derive.access.approval import Approval, Target
from scanner.derive.access.chains import explain, marks_on, weakest
from scanner.derive.access.closure import Layers, layered
from scanner.derive.access.engine import RIGHTS, Engine
from scanner.derive.access.judge import Judge
from scanner.derive.access.spread import Part, Spread
from scanner.derive.access.words import called, kept, mended, taken_out
from scanner.findings import Step
from scanner.graph.estate import UNSET, Estate

STORED = "stored-credential"
_ACTIVATED = "role-activation"  # the list that says which assignments stand
_SHOWN = 5
_FEW = 500  # up to so many people are put in order of their ids before the first are shown


@dataclass(slots=True)
class _Opening:
    """What is known of one opening so far."""

    spread: Spread
    keeper: int | None = None  # of the stored credential that is the cause
    parts: list[Part] = field(default_factory=list)
    people: dict[tuple[int, ...], list[int]] = field(default_factory=dict)  # by numbers of parts, whom to show of them

    def shown(self, engine: Engine, numbers: tuple[int, ...]) -> list[int]:
        """The few that are shown of some parts; an opening into many stores is asked for each."""
        found = self.people.get(numbers)
        if found is None:
            found = self.people[numbers] = _first(engine, [self.parts[n] for n in numbers])
        return found


@dataclass(frozen=True, slots=True)
class Ownerships:
    """Owners and the groups they may join: those by which data of production is opened to be read, and those of which
    that is open, with why. By any other it may be, too, behind lists in `hiding`.
    """

    told: frozenset[tuple[int, int]] = frozenset()
    perhaps: Mapping[tuple[int, int], tuple[int, ...]] = field(default_factory=dict)
    hiding: tuple[int, ...] = ()

    def doubts(self, owner: int, group: int) -> tuple[int, ...]:
        """The gaps that leave open whether an ownership that is not told opens data."""
        return self.perhaps.get((owner, group)) or self.hiding


def derive(engine: Engine, acting: Acting, approval: Approval) -> Ownerships:
    """Makes opening nodes for stores that hold data, and the gaps that keep stores from passing.

    Returns by which ownerships of groups data of production can be read: whoever reports the openings reports them.
    """
    possible = unseen.Possible(engine, acting)
    openings: dict[str, _Opening] = {}
    for target, groups in _targets(engine, acting).items():
        for stores in groups:
            _gaps(engine, stores)
        for access in ("read", "write"):
            spread = Spread(Judge(acting, approval, target, access))
            for stores in groups:
                spread.add(BitMap(stores), acting.into(stores[0], access))
                possible.straight(stores, target, access)
            _collect(openings, spread)
            possible.through(spread)
    tenant = engine.estate.node(ids.ROOT_SCOPE)
    if tenant is not None:
        spread = Spread(Judge(acting, approval, Target(None, frozenset(), None), "read"))
        spread.add(BitMap([tenant]), acting.into(tenant, "read"))
        _collect(openings, spread)
    homes = _homes(engine)
    for key, opening in sorted(openings.items()):
        _node(engine, key, opening, homes)
    working.derive(engine, ((key, o.parts) for key, o in sorted(openings.items()) if _outside(o.spread.target)))
    return _ownerships(engine, openings.values())


def _outside(target: Target) -> bool:
    """Whether it is stores outside every environment; the tenant as a whole is no store."""
    return target.environment is None and bool(target.classes)


def _targets(engine: Engine, acting: Acting) -> dict[Target, list[list[int]]]:
    """Stores that hold data, by what openings into them are judged against; those that nothing tells apart together."""
    estate = engine.estate
    alike = Alike(engine, acting.credentials)
    groups: defaultdict[Target, defaultdict[object, list[int]]] = defaultdict(lambda: defaultdict(list))
    for store in estate.nodes("data-store"):
        if estate.get(store, "holds-guarded-data") is not True or store in estate.aside:
            continue
        environment, unit = estate.get(store, "environment"), estate.get(store, "unit")
        target = Target(
            environment if isinstance(environment, str) else None,
            estate.get(store, "data-classes") or frozenset(),
            unit if isinstance(unit, str) else None,
        )
        groups[target][alike.signature(store)].append(store)
    return {target: list(found.values()) for target, found in groups.items()}


def _gaps(engine: Engine, stores: list[int]) -> None:
    """Rights nobody could read may open a store by any way."""
    estate = engine.estate
    gaps = dict.fromkeys(engine.gaps(stores[0], RIGHTS))
    for scope in (*engine.chain(stores[0]), *engine.children.get(stores[0], ())):
        for grant in engine.unread.get(scope, ()):
            gaps.update(dict.fromkeys(estate.gaps_at(grant.role, "*")))
    for gap in gaps:
        for store in stores:
            estate.mark_gap(store, "opened-by", gap)


def _collect(openings: dict[str, _Opening], spread: Spread) -> None:
    """Adds the parts of a target to their openings."""
    target, estate = spread.target, spread.estate
    before = f"opening:{target.environment or '-'}|{'+'.join(sorted(target.classes)) or '-'}"
    for part in spread.parts():
        keeper = _kept_elsewhere(estate, part, target)
        state = f"|{part.state}" if part.state else ""
        way, cause = (part.way, part.cause.cause) if keeper is None else (STORED, f"credential:{estate.key(keeper)}")
        key = f"{before}|{way}|{spread.access}|{cause}{state}"
        opening = openings.get(key)
        if opening is None:
            opening = openings[key] = _Opening(spread, keeper)
        opening.parts.append(part)
    spread.judge.forget()


def _kept_elsewhere(estate: Estate, part: Part, target: Target) -> int | None:
    """What keeps the credential that people come by whom nobody meant to let in, where that is another environment: there
    whoever may use it is one too many, and taking it out closes all of their ways.
    """
    keeper = part.cause.via
    if part.state is not None or keeper is None:
        return None
    home = estate.get(keeper, "environment")
    apart = isinstance(home, str) and target.environment is not None and home != target.environment
    return keeper if apart and _kept(estate, part) else None


def _kept(estate: Estate, part: Part) -> bool:
    """Whether what a cause goes by is a credential: previews read with the workspace's identity, which keeps none."""
    via, way = part.cause.via, part.cause.way
    return via is not None and estate.kind(via) in ("datastore", "connection") and way != "workspace-identity"


def _node(engine: Engine, key: str, opening: _Opening, homes: Mapping[str, BitMap]) -> None:
    estate, spread, parts = engine.estate, opening.spread, opening.parts
    first = parts[0]
    node = estate.add("opening", key)
    way = first.way if opening.keeper is None else STORED
    words = called(estate, first.cause) if opening.keeper is None else kept(estate, opening.keeper)
    everybody = layered([], [part.who for part in parts])
    stores = first.stores if len(parts) == 1 else BitMap().union(*(part.stores for part in parts))
    estate.write(node, (
        ("name", words), ("way", way), ("access", spread.access), ("approved", first.state is not None),
        ("residual", first.state == "residual"), ("platform", first.state == "platform"), ("cause", words), ("people", len(everybody)),
        ("opened-to", _opened_to(len(everybody), first.cause.anybody)), ("targets", len(stores)),
        ("environment", spread.target.environment), ("data-classes", spread.target.classes or None),
    ))  # fmt: skip
    if first.state is not None:
        estate.set(node, "mark", first.cause.mark if first.cause.mark is not None else UNSET)
        return
    _connect(engine, node, parts, stores)
    shown = opening.shown(engine, tuple(range(len(parts))))
    estate.set(node, "examples", frozenset(estate.key(n) for n in shown))
    fix = mended(estate, first.cause) if opening.keeper is None else taken_out(estate, opening.keeper)
    estate.set(node, "fix", fix)
    estate.set(node, "from-environments", _places(engine, parts, homes))
    keeping = {
        estate.get(part.cause.via, "stage") for part in parts if part.cause.via is not None and _kept(estate, part)
    }
    estate.set(node, "kept-in-stages", frozenset(stage for stage in keeping if isinstance(stage, str)))
    person = shown[0] if shown else None
    marks = marks_on(engine, trace.ends(spread, _part_for(parts, person), person), person)
    estate.set(node, "marks", frozenset(marks))
    mark = weakest(marks)
    estate.set(node, "mark", UNSET if mark is None else mark)
    estate.set_chain(node, lambda store: _chain(engine, opening, store))


def _ownerships(engine: Engine, openings: Iterable[_Opening]) -> Ownerships:
    """The ownerships that openings are by: those that are findings for certain, and those that may be."""
    estate = engine.estate
    told: set[tuple[int, int]] = set()
    perhaps: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for opening in openings:
        cause = opening.parts[0].cause
        if cause.mark != "may-join" or cause.source is None or cause.via is None or opening.spread.access != "read":
            continue
        for part in opening.parts:
            if part.state is None and any(estate.get(s, "stage") == "production" for s in part.stores):
                if part.certain:
                    told.add((cause.source, cause.via))
                else:
                    perhaps[cause.source, cause.via] += part.gaps
    hiding = [gap for gap, facts in enumerate(estate.gaps) if facts.kind in (*RIGHTS, _ACTIVATED)]
    hiding += [gap for found in engine.unread.values() for grant in found for gap in estate.gaps_at(grant.role, "*")]
    hiding += estate.unread_gaps(*unseen.LEADING)
    return Ownerships(frozenset(told), {k: tuple(g) for k, g in perhaps.items()}, tuple(dict.fromkeys(hiding)))


def _connect(engine: Engine, node: int, parts: list[Part], stores: BitMap) -> None:
    """Ties the stores to the opening, for certain where somebody who could be seen certainly comes in."""
    estate = engine.estate
    sure = [part.stores for part in parts if part.certain and (part.cause.anybody or _seen(engine, part.who))]
    certain = BitMap().union(*sure) if sure else BitMap()
    estate.connect_all(list(certain), "opened-by", node)
    for store in stores - certain:
        gaps = [gap for part in parts if store in part.stores for gap in part.gaps]
        gaps += [
            gap
            for part in parts
            if store in part.stores
            for n in engine.unseen
            if n in part.who
            for gap in estate.gaps_at(n, "*")
        ]
        estate.connect(store, "perhaps-opened-by", node, gap=gaps[0] if gaps else None)


def _chain(engine: Engine, opening: _Opening, store: int) -> tuple[int, tuple[Step, ...]]:
    """The shortest chain into one of the stores, for the first of those whom it lets in there."""
    numbers = tuple(n for n, part in enumerate(opening.parts) if store in part.stores)
    shown = opening.shown(engine, numbers)
    person = shown[0] if shown else None
    part = _part_for([opening.parts[n] for n in numbers], person)
    return explain(opening.spread, part, person, store)


def _first(engine: Engine, parts: Sequence[Part]) -> list[int]:
    """The few that are shown, the same ones every time: members before those who may join, those who could be seen before
    stand-ins.
    """
    members, joiners = (
        layered([], [part.who for part in parts if _joins(part) is joining]) for joining in (False, True)
    )
    found = _few(engine, members, engine.unseen)
    if len(found) < _SHOWN and joiners:
        found += [node for node in _few(engine, joiners, engine.unseen) if node not in members]
    return (found or _few(engine, layered([], [members, joiners])))[:_SHOWN]


def _few(engine: Engine, people: Layers, but: BitMap | None = None) -> list[int]:
    seen = (node for node in people if node not in but) if but else iter(people)
    if len(people) > _FEW:
        return list(islice(seen, _SHOWN))
    return heapq.nsmallest(_SHOWN, seen, key=engine.estate.key)


def _seen(engine: Engine, people: Layers) -> bool:
    """Whether some of them are more than stand-ins."""
    return any(node not in engine.unseen for node in people) if engine.unseen else bool(people)


def _joins(part: Part) -> bool:
    return part.cause.joined or part.after is not None


def _part_for(parts: Iterable[Part], person: int | None) -> Part:
    """A part that lets a person in: a certain one before a doubtful one, membership before joining, a step of their own
    before another's.
    """
    fitting = [part for part in parts if person is None or person in part.who]
    return min(fitting, key=lambda part: (not part.certain, _joins(part), part.behind is not None))


def _homes(engine: Engine) -> dict[str, BitMap]:
    """The workloads of each environment: identities of its hosts, and service principals with more than reader roles in it."""
    estate = engine.estate
    found: defaultdict[str, BitMap] = defaultdict(BitMap)
    for identity in estate.nodes("managed-identity"):
        for host in estate.neighbours(identity, "identity-of"):
            name = estate.get(host, "environment")
            if isinstance(name, str):
                found[name].add(identity)
    for workload in estate.nodes("service-principal"):
        for name in estate.get(workload, "environments-assigned") or ():
            found[name].add(workload)
    return found


def _places(engine: Engine, parts: list[Part], homes: Mapping[str, BitMap]) -> frozenset[str]:
    """Environments of the workspaces and hosts the chains come by, and of the workloads they let in."""
    estate = engine.estate
    found: set[str] = set()
    for part in parts:
        found |= {name for name, workloads in homes.items() if part.who.intersects(workloads)}
        nodes = {part.cause.source, part.cause.acts_as, part.behind} - {None}
        if part.cause.acts_as is not None or part.cause.via is not None:
            nodes.add(part.cause.place)
        for node in nodes:
            assert node is not None  # noqa: S101  # taken out above
            hosts = estate.neighbours(node, "identity-of") if estate.kind(node) == "managed-identity" else (node,)
            found |= {name for host in hosts if isinstance(name := estate.get(host, "environment"), str)}
    return frozenset(found)


def _opened_to(people: int, anybody: bool) -> str:
    return "anybody" if anybody else "1 identity" if people == 1 else f"{people} identities"
