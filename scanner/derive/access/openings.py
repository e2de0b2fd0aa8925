"""Openings: each cause that lets identities reach data they were not meant to, once for an environment, class, way and access."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pyroaring import BitMap

from scanner import ids
from scanner.derive.access import credentials, direct, tenantwide, unseen
from scanner.derive.access.acting import Acting
from scanner.derive.access.approval import Approval, State, Target
from scanner.derive.access.chains import explain, marks_on, weakest
from scanner.derive.access.engine import RIGHTS, Engine
from scanner.derive.access.spread import Part, Spread
from scanner.findings import Step
from scanner.graph.estate import UNSET

_SHOWN = 5
_FEW = 500  # up to so many people are put in order of their ids before the first are shown


@dataclass(slots=True)
class _Opening:
    """What is known of one opening so far."""

    target: Target
    access: str
    first: Part
    parts: list[tuple[Part, list[int]]] = field(default_factory=list)  # each with the stores it leads into
    certain: list[int] = field(default_factory=list)  # stores it opens for certain
    doubtful: list[tuple[int, tuple[int, ...]]] = field(
        default_factory=list
    )  # stores it may open, and why only perhaps


def derive(engine: Engine, acting: Acting, approval: Approval) -> None:
    """Makes opening nodes for stores that hold data, and the gaps that keep stores from passing."""
    stored = acting.credentials
    openings: dict[str, _Opening] = {}
    possible = unseen.Possible(engine, acting)
    for (_, target), stores in _alike(engine, stored):
        _gaps(engine, stores)
        for access in ("read", "write"):
            spread = Spread(acting, approval, target, access)
            entries = list(direct.into(engine, stored, stores[0], access))
            _collect(openings, engine, target, access, spread.parts(entries), stores)
            possible.add(stores, target, access, entries, spread.reached)
    tenant = engine.estate.node(ids.ROOT_SCOPE)
    if tenant is not None:
        anything = Target(None, frozenset(), None)
        parts = Spread(acting, approval, anything, "read").parts(tenantwide.entries(engine))
        _collect(openings, engine, anything, "read", parts, [tenant])
    for key, opening in sorted(openings.items()):
        _node(engine, acting, key, opening)


def _alike(engine: Engine, stored: credentials.Credentials) -> Iterator[tuple[tuple[object, Target], list[int]]]:
    """Stores that hold data, grouped so that whatever reaches one of a group reaches all of it by the same entries."""
    estate = engine.estate
    groups: defaultdict[tuple[object, Target], list[int]] = defaultdict(list)
    effective: dict[int, int] = {}
    for store in estate.nodes("data-store"):
        if estate.get(store, "holds-data") is not True or store in estate.aside:
            continue
        environment, unit = estate.get(store, "environment"), estate.get(store, "unit")
        target = Target(
            environment if isinstance(environment, str) else None,
            estate.get(store, "data-classes") or frozenset(),
            unit if isinstance(unit, str) else None,
        )
        groups[_signature(engine, stored, store, effective), target].append(store)
    yield from groups.items()


def _signature(engine: Engine, stored: credentials.Credentials, store: int, effective: dict[int, int]) -> object:
    estate = engine.estate
    alone = (
        store in engine.grants or store in engine.denies or store in engine.children or store in stored.opening
        or estate.neighbours(store, "default-store-of") or estate.neighbours(store, "stores")
        or direct.keys_accepted(estate, store) is None or estate.gaps_at(store, "scope-of") or estate.gaps_at(store, "contained-in")
        or estate.get(store, "anonymous-containers") or estate.get(store, "local-users")
    )  # fmt: skip
    above = engine.above(store)
    if alone or above is None:
        return store
    facts = (estate.get(store, "public-blobs"), estate.get(store, "sftp"))
    if UNSET in facts and estate.kind(store) == "storage-account" and estate.gaps_at(store, "*"):
        return store
    return (
        estate.kind(store),
        direct.keys_accepted(estate, store),
        *map(str, facts),
        _effective(engine, above, effective),
    )


def _effective(engine: Engine, scope: int, known: dict[int, int]) -> int:
    """The nearest scope from here up at which anything was assigned, denied or unread."""
    found = known.get(scope)
    if found is None:
        estate = engine.estate
        said = scope in engine.grants or scope in engine.denies
        said = said or bool(estate.gaps_at(scope, "scope-of") or estate.gaps_at(scope, "contained-in"))
        above = None if said else engine.above(scope)
        found = known[scope] = scope if above is None else _effective(engine, above, known)
    return found


def _gaps(engine: Engine, stores: list[int]) -> None:
    """Rights nobody could read may open a store by any way."""
    estate = engine.estate
    gaps = dict.fromkeys(engine.gaps(stores[0], RIGHTS))
    for scope in (*engine.chain(stores[0]), *engine.children.get(stores[0], ())):
        for grant in engine.grants.get(scope, ()):
            if estate.get(grant.role, "permissions") is UNSET:
                gaps.update(dict.fromkeys(estate.gaps_at(grant.role, "*")))
    for gap in gaps:
        for store in stores:
            estate.mark_gap(store, "opened-by", gap)


def _collect(
    openings: dict[str, _Opening],
    engine: Engine,
    target: Target,
    access: str,
    parts: Iterator[Part],
    stores: list[int],
) -> None:
    """Adds the parts of some stores to their openings."""
    estate = engine.estate
    classes = "+".join(sorted(target.classes)) or "-"
    met: dict[str, tuple[bool, tuple[int, ...]]] = {}
    for part in parts:
        state = f"|{part.state}" if part.state else ""
        key = f"opening:{target.environment or '-'}|{classes}|{part.entry.way}|{access}|{part.cause.cause}{state}"
        opening = openings.get(key)
        if opening is None:
            opening = openings[key] = _Opening(target, access, part)
        opening.parts.append((part, stores))
        certain, gaps = part.certain, part.gaps
        if certain and part.who and not part.who - engine.unseen:  # nobody but those whom nobody could see
            certain = False
            gaps = tuple(gap for node in part.who for gap in estate.gaps_at(node, "*"))
        before = met.get(key)
        if before is None or (certain and not before[0]):
            met[key] = (certain, gaps)
    for key, (certain, gaps) in met.items():
        opening = openings[key]
        if certain:
            opening.certain += stores
        else:
            opening.doubtful += [(store, gaps) for store in stores]


def _node(engine: Engine, acting: Acting, key: str, opening: _Opening) -> None:
    estate = engine.estate
    node = estate.add("opening", key)
    state: State | None = opening.first.state
    cause = opening.first.cause
    words = _words(engine, opening.first)
    everybody = BitMap().union(*(part.who for part, _ in opening.parts))
    stores = len(opening.certain) + len(opening.doubtful)
    estate.write(node, (
        ("name", words), ("way", opening.first.entry.way), ("access", opening.access), ("approved", state is not None),
        ("residual", state == "residual"), ("platform", state == "platform"), ("cause", words), ("people", len(everybody)),
        ("opened-to", _opened_to(len(everybody), cause.anybody)), ("targets", stores),
        ("environment", opening.target.environment), ("data-classes", opening.target.classes or None),
    ))  # fmt: skip
    if state is not None:
        mark = opening.first.entry.mark
        estate.set(node, "mark", mark if mark is not None else UNSET)
        return
    shown = _first(engine, everybody)
    estate.set(node, "examples", frozenset(estate.key(n) for n in shown))
    estate.set(node, "fix", _fix(engine, opening.first))
    estate.set(node, "from-environments", _places(engine, opening))
    person = shown[0] if shown else None
    part = _part_for((part for part, _ in opening.parts), person)
    marks = marks_on(engine, part, person)
    estate.set(node, "marks", frozenset(marks))
    mark = weakest(marks)
    estate.set(node, "mark", UNSET if mark is None else mark)
    estate.connect_all(opening.certain, "opened-by", node)
    known = set(opening.certain)
    for store, gaps in opening.doubtful:
        if store not in known:
            estate.connect(store, "may-be-opened-by", node, gap=gaps[0] if gaps else None)
    estate.set_chain(node, lambda store: _chain(engine, acting, opening, store))


def _chain(engine: Engine, acting: Acting, opening: _Opening, store: int) -> tuple[int, tuple[Step, ...]]:
    """The shortest chain into one of the stores, for the first of those whom it lets in there."""
    parts = [part for part, stores in opening.parts if store in stores]
    shown = _first(engine, BitMap().union(*(part.who for part in parts)))
    person = shown[0] if shown else None
    return explain(engine, acting, _part_for(parts, person), person, store, opening.access)


def _first(engine: Engine, people: BitMap) -> list[int]:
    """The few that are shown, those who could be seen before stand-ins, the same ones every time."""
    seen = people - engine.unseen or people
    if len(seen) > _FEW:
        return [node for node, _ in zip(seen, range(_SHOWN), strict=False)]
    return heapq.nsmallest(_SHOWN, seen, key=engine.estate.key)


def _part_for(parts: Iterable[Part], person: int | None) -> Part:
    """The part with the shortest chain for a person, a certain one before a doubtful one."""
    fitting = [part for part in parts if person is None or person in part.who]
    return min(fitting, key=lambda part: (not part.certain, len(part.carriers)))


def _places(engine: Engine, opening: _Opening) -> frozenset[str]:
    """Environments of the workspaces and hosts the chains come by, and of what its identities belong to."""
    estate = engine.estate
    found = set()
    for part, _ in opening.parts:
        nodes = {part.entry.place} if part.carriers or part.entry.via is not None else set()
        nodes |= {identity for identity, _ in part.carriers}
        nodes |= {part.entry.source} if part.entry.source is not None else set()
        for node in nodes:
            hosts = estate.neighbours(node, "identity-of") if estate.kind(node) == "managed-identity" else (node,)
            found |= {name for host in hosts if isinstance(name := estate.get(host, "environment"), str)}
    return frozenset(found)


def _opened_to(people: int, anybody: bool) -> str:
    return "anybody" if anybody else "1 identity" if people == 1 else f"{people} identities"


def _words(engine: Engine, part: Part) -> str:
    """What the cause is called."""
    estate, cause = engine.estate, part.cause
    if cause.grant is not None:
        return estate.name(cause.grant.node)
    kind = cause.cause.partition(":")[0]
    source = estate.name(cause.source) if cause.source is not None else ""
    place = estate.name(cause.place)
    if kind == "owner":
        owned = cause.via if cause.via is not None else cause.acts_as
        return f"{source}, who owns {estate.name(owned) if owned is not None else place},"
    if kind in ("directory-role", "graph-permission"):
        holder = estate.name(cause.via) if cause.via is not None else source
        return f"{holder}, which {tenantwide.explained(engine, cause)},"
    return {
        "instance": f"{source}, whose compute instance {place} is,",
        "trust": f"{place}, which trusts {source},",
        "policy": f"the access policy of {place} for {source}",
        "anonymous": f"public access to containers of {place}",
        "local-user": f"the SFTP user {cause.cause.rpartition('|')[2]} of {place}",
    }[kind]


def _fix(engine: Engine, part: Part) -> str:
    """The step that closes it."""
    estate, cause = engine.estate, part.cause
    if cause.grant is not None:
        grant = cause.grant
        return f"Remove the assignment of {estate.name(grant.role)} to {estate.name(grant.principal)} at {estate.original(grant.scope)}"
    source = estate.name(cause.source) if cause.source is not None else ""
    place = estate.name(cause.place)
    kind = cause.cause.partition(":")[0]
    if kind == "owner":
        owned = cause.via if cause.via is not None else cause.acts_as
        named = estate.name(owned) if owned is not None else place
        return f"Remove {source} as owner of {named}, or make the owner an administrator"
    if kind == "directory-role":
        return f"Make {source} eligible for the role with approval, declare the account under `break-glass`, or take the role away"
    if kind == "graph-permission":
        return f"Take from {source} the permissions it does not need: {', '.join(tenantwide.permissions(engine, cause.source or 0))}"
    return {
        "instance": f"Give {place} an identity that cannot reach this data, or assign it to somebody who may",
        "trust": f"Remove the federated credential for {source} from {place}, or list its subject under `release`",
        "policy": f"Remove the access policy for {source} from {place}",
        "anonymous": f"Switch public access of the containers of {place} off (allowBlobPublicAccess: false)",
        "local-user": f"Remove the SFTP user {cause.cause.rpartition('|')[2]} from {place}",
    }[kind]
