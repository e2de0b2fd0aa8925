"""The ways into one thing, judged: each cause, whom it lets in, what the scenario says of them, and the links they take."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

from pyroaring import BitMap

from scanner import ids
from scanner.derive.access import Access, trace
from scanner.derive.access.approval import Target
from scanner.derive.access.chains import marks_on, weakest
from scanner.derive.access.closure import Layers
from scanner.derive.access.engine import RIGHTS, Engine
from scanner.derive.access.entries import Entry
from scanner.derive.access.held import NOBODY
from scanner.derive.access.links import Link, into
from scanner.derive.access.spread import Part, Spread
from scanner.derive.access.words import called, mended, removing
from scanner.graph.estate import UNSET, Estate

State = Literal["unwanted", "approved", "own", "residual", "break-glass", "platform"]
_PLATFORM = {"microsoft", "host-default", "policy", "service"}
HOLDING = ("holds", "may-activate", "perhaps-holds", "holds-as-declared")
RELEASING = ("release", "indirect-release")


@dataclass(frozen=True, slots=True)
class WayIn:
    """A cause by which identities come in, the way of their own first step, and how the scenario judges it.

    `own` is what belongs to the data's own environment. `row` is the node whose line approves it, `part` of `spread` what the
    engine found; a release has neither. `anybody` comes in without an identity; then `who` is empty.
    """

    cause: str
    words: str
    way: str
    state: State
    who: BitMap
    certain: bool = True
    mark: str = ""
    row: int | None = None
    gaps: tuple[int, ...] = ()
    fix: str = ""
    anybody: bool = False
    part: Part | None = None
    spread: Spread | None = None


@dataclass(frozen=True, slots=True)
class Ways:
    """Everything that leads to `end` (a store, or the duty of releasing): the ways, and gaps that may hide more.

    `links` makes the steps that the ways are made of, when somebody asks for them.
    """

    end: int
    access: str
    links: Callable[[], tuple[Link, ...]]
    ways: tuple[WayIn, ...]
    gaps: tuple[int, ...] = field(default=())


def target_of(estate: Estate, store: int) -> Target:
    """What the ways into a store are judged against."""
    environment, classes, unit = (estate.get(store, name) for name in ("environment", "data-classes", "unit"))
    return Target(
        environment if isinstance(environment, str) else None,
        classes if isinstance(classes, frozenset) else frozenset(),
        unit if isinstance(unit, str) else None,
    )


def into_store(access: Access, store: int, how: str) -> Ways:
    """The ways to read, or to write, a store."""
    engine = access.engine
    entries = access.acting.into(store, how)
    spread = Spread(access.judge(target_of(engine.estate, store), how))
    spread.add(BitMap([store]), entries)
    ways = [*_judged(access, spread), *_emergency(access, spread, entries)]
    return Ways(store, how, partial(into, access.acting, store, how), tuple(ways), _gaps(engine, store, ways))


def of_tenant(access: Access) -> Ways | None:
    """Who can take any data there is, by the directory; None when nothing is known of the tenant."""
    engine = access.engine
    tenant = engine.estate.node(ids.ROOT_SCOPE)
    if tenant is None:
        return None
    entries = access.acting.into(tenant, "read")
    spread = Spread(access.judge(Target(None, frozenset(), None), "read"))
    spread.add(BitMap([tenant]), entries)
    ways = (*_judged(access, spread), *_emergency(access, spread, entries))
    gaps = tuple(engine.estate.gaps_at(tenant, "opened-by"))
    return Ways(tenant, "read", partial(into, access.acting, tenant, "read"), ways, gaps)


def into_environment(access: Access, environment: int, duty: str) -> Ways | None:
    """Who holds a duty of releasing to an environment, as the duties were derived; None when it has no such duty."""
    estate = access.engine.estate
    node = estate.node(f"duty:{duty}@{estate.name(environment)}")
    if node is None:
        return None
    links: dict[Link, None] = {}
    ways = []
    for edge in HOLDING:
        for principal in dict.fromkeys(estate.neighbours(node, estate.ontology.edges[edge].inverse)):
            cause, fix = _held_by(estate, principal, edge, node)
            reason, mark = estate.reason(principal, edge, node), "eligible" if edge == "may-activate" else ""
            links[Link(principal, node, edge, reason, cause, edge != "perhaps-holds", mark or None)] = None
            links.update(dict.fromkeys(members_of(estate, principal)))
            gap = estate.edge_gap(principal, edge, node)
            words = f"{reason} for {estate.name(principal)}"
            for state, who, row in _releasing(access, principal, edge, environment):
                gaps = () if gap is None else (gap,)
                ways.append(WayIn(cause, words, duty, state, who, edge != "perhaps-holds", mark, row, gaps, fix))
            for way, joining in _joining(access, principal, environment, duty):
                ways.append(replace(way, certain=edge != "perhaps-holds", gaps=() if gap is None else (gap,)))
                links.update(dict.fromkeys(joining))
    unread = {gap for kind in ("group", "identity") for p in estate.nodes(kind) for gap in estate.gaps_at(p, "holds")}
    holders = (p for edge in HOLDING for p in estate.neighbours(node, estate.ontology.edges[edge].inverse))
    groups = {group for p in holders for group in access.engine.inner_groups(p)}
    unread |= {gap for group in groups for gap in estate.gaps_at(group, "may-be-joined-by")}
    return Ways(node, "release", lambda: tuple(links), tuple(ways), tuple(sorted(unread)))


def _held_by(estate: Estate, principal: int, edge: str, duty: int) -> tuple[str, str]:
    """What a duty is held by, and how to end that: the assignment where a single one is the reason."""
    reason = estate.reason(principal, edge, duty)
    given = []
    for grant in estate.neighbours(principal, "granted"):
        role, scope = estate.first(grant, "of-role"), estate.first(grant, "at-scope")
        if role is not None and scope is not None and f"{estate.name(role)} on {estate.name(scope)}" == reason:
            given.append((grant, role, scope))
    if len(given) != 1:
        return f"{edge}:{estate.key(principal)}|{estate.key(duty)}", ""
    ((grant, role, scope),) = given
    return estate.key(grant), removing(estate, principal, role, scope)


def members_of(estate: Estate, principal: int) -> Iterator[Link]:
    """Memberships of a group and of all groups in it."""
    seen = {principal}
    waiting = [principal]
    while waiting:
        group = waiting.pop()
        for edge, inverse, mark in (
            ("member-of", "has-member", None), ("eligible-member-of", "has-eligible-member", "eligible")
        ):  # fmt: skip
            for member in dict.fromkeys(estate.neighbours(group, inverse) if estate.kind(group) == "group" else ()):
                yield Link(member, group, edge, "", f"membership:{estate.key(member)}|{estate.key(group)}", True, mark)
                if member not in seen:
                    seen.add(member)
                    waiting.append(member)


# -- inside -------------------------------------------------------------------------------------------------------


def _judged(access: Access, spread: Spread) -> Iterator[WayIn]:
    estate, approval, target = access.engine.estate, access.approval, spread.target
    for part in spread.parts():
        cause, words, people = part.cause, called(estate, part.cause), part.who.whole()
        mark = weakest(marks_on(access.engine, trace.ends(spread, part, None), None)) or ""
        whole = WayIn(
            cause.cause,
            words,
            part.way,
            "unwanted",
            people,
            part.certain,
            mark,
            None,
            part.gaps,
            part=part,
            spread=spread,
        )
        if part.state is None:
            yield replace(whole, fix=mended(estate, cause), anybody=cause.anybody)
            continue
        left = people
        if part.state == "approved":
            for row, members in approval.rows_that_let_in(cause, target, spread.access):
                if left & members:
                    yield replace(whole, state="approved", who=left & members, row=row)
                    left = left - members
        source = cause.source if part.state == "approved" else None
        if left and source is not None and estate.get(source, "release-workload") is True:
            yield replace(whole, state="approved", who=left, row=source)
            continue
        own = source is not None and approval.same_environment(source, target)
        if left:
            administer = part.state == "approved" and not own and _administer(access, left)
            yield replace(whole, state="own" if own else "residual" if administer else part.state, who=left)


def _administer(access: Access, who: BitMap) -> bool:
    """Who is accepted beside those a row lets in is accepted as an administrator."""
    return all(access.engine.estate.get(node, "administrator") is True for node in who)


def _emergency(access: Access, spread: Spread, entries: Iterable[Entry]) -> Iterator[WayIn]:
    """Emergency accounts stand in no part, since they have rules of their own; they are never hidden."""
    for entry in entries:
        who = entry.who & access.approval.break_glass
        if who:
            part = Part(entry, entry.way, Layers(who), entry.certain, entry.gaps, NOBODY, "approved")
            words = called(access.engine.estate, entry)
            yield WayIn(
                entry.cause, words, entry.way, "break-glass", who, entry.certain, entry.mark or "", None, entry.gaps, part=part, spread=spread
            )  # fmt: skip


def _gaps(engine: Engine, store: int, ways: Iterable[WayIn]) -> tuple[int, ...]:
    """Everything unread that might open the store further, or change what is said of a way."""
    estate = engine.estate
    found = {*estate.gaps_at(store, "opened-by"), *engine.gaps(store, RIGHTS)}
    for opening in estate.neighbours(store, "perhaps-opened-by"):
        gap = estate.edge_gap(store, "perhaps-opened-by", opening)
        if gap is not None:
            found.add(gap)
    return tuple(sorted(found.union(*(way.gaps for way in ways))))


def _releasing(
    access: Access, principal: int, edge: str, environment: int
) -> Iterator[tuple[State, BitMap, int | None]]:
    """The people of a duty's holder, parted by who wants them to have it."""
    engine, estate = access.engine, access.engine.estate
    who = engine.members(principal)
    emergency = who & access.approval.break_glass
    if emergency:
        yield "break-glass", emergency, None
        who = who - emergency
    for inner in engine.inner_groups(principal):
        for row in estate.neighbours(inner, "named-by"):
            fitting = estate.kind(row) == "role-row" and estate.get(row, "environment") == estate.name(environment)
            if fitting and "release" in estate.get(row, "duties") and who & engine.members(inner):
                yield "approved", who & engine.members(inner), row
                who = who - engine.members(inner)
    workloads = BitMap(n for n in who if estate.get(n, "release-workload") is True)
    if workloads:
        yield "approved", workloads, next(iter(workloads))
        who = who - workloads
    if who and estate.get(principal, "origin") in _PLATFORM:
        yield "platform", who, None
    elif who:
        yield ("residual" if edge == "holds-as-declared" else "unwanted"), who, None


def _joining(access: Access, principal: int, environment: int, duty: str) -> Iterator[tuple[WayIn, tuple[Link, ...]]]:
    """Who comes to hold a duty by adding themselves to a group that has it, and is in none yet; as `joining` judges readers,
    those who administer the environment do nothing new by it.
    """
    engine, estate, approval = access.engine, access.engine.estate, access.approval
    already = engine.members(principal)
    over = [engine.members(p) for p, names in approval.over.items() if estate.name(environment) in names]
    administrators = BitMap().union(*over)
    for group in engine.inner_groups(principal):
        for owner in dict.fromkeys(estate.neighbours(group, "may-be-joined-by")):
            who = access.acting.wide.engine.members(owner) - already
            cause = f"owner:{estate.key(owner)}|{estate.key(group)}"
            link = Link(owner, group, "may-join", "as its owner", cause, True, "may-join")
            links = (link, *members_of(estate, owner))
            words = f"{estate.name(owner)}, who owns {estate.name(group)},"
            platform: State = "platform" if estate.get(owner, "origin") in _PLATFORM else "unwanted"
            emergency = who & approval.break_glass
            parts: tuple[tuple[State, BitMap], ...] = (
                ("break-glass", emergency), ("residual", (who & administrators) - emergency), (platform, who - administrators - emergency)
            )  # fmt: skip
            for state, people in parts:
                if people:
                    yield (
                        WayIn(cause, words, duty, state, people, mark="may-join", fix=_disowned(estate, owner, group)),
                        links,
                    )


def _disowned(estate: Estate, owner: int, group: int) -> str:
    return f"Remove {estate.name(owner)} as owner of {estate.name(group)}, or make the owner an administrator"


def holds_guarded_data(estate: Estate, node: int) -> bool:
    """Whether openings are looked for at a store."""
    return estate.get(node, "holds-guarded-data") not in (False, UNSET) and node not in estate.aside
