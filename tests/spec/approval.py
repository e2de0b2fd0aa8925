"""Which reach nobody wanted: the role table of a scenario, and the step at which a chain leaves what it allows.

A chain is as its person's own step: one that the scenario approves is approved. Of any other the cause is the step nearest
the data that nothing approves, and it is found by that step's cause and by the way of the person's own first step.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from tests.spec.access import Answer, World, inside, joined, strongest, weakest
from tests.spec.reach import IDENTITY, ML, Step, arm_type, into_identities, into_store

_IMPLIED = {
    "train": {"run-as-compute", "stored-credential"},
    "release": {"run-as-endpoint"},
    "operate": {"run-as-endpoint"},
}
_WRITING = {"train", "operate", "manage-data"}  # duties with which reading by a data role is writing, too
# Administration gets one in by all of these, and that is accepted; reading by a data role is not administration.
_NEVER_RESIDUAL = {"data-role", "anonymous", "local-user"}


@dataclass(frozen=True)
class Row:
    """One role in one environment. `ways` replaces those that its duties imply."""

    group: str  # or a workload, or a person
    environment: str
    reads: frozenset[str]
    duties: frozenset[str] = frozenset()
    ways: frozenset[str] | None = None
    eligible_only: bool = False


@dataclass(frozen=True)
class Administrators:
    group: str
    over: frozenset[str]


@dataclass(frozen=True)
class Service:
    """A platform identity with declared reach."""

    principal: str
    may: frozenset[str]
    where: frozenset[str]


@dataclass(frozen=True)
class Table:
    """What a scenario says, and where things stand in it: environment by place, classes by store."""

    environments: Mapping[str, str]
    classes: Mapping[str, frozenset[str]]
    rows: tuple[Row, ...] = ()
    administrators: tuple[Administrators, ...] = ()
    services: tuple[Service, ...] = ()
    break_glass: frozenset[str] = frozenset()
    microsoft: frozenset[str] = frozenset()  # workloads that are Microsoft's own
    release: frozenset[str] = frozenset()  # the release workload
    subjects: frozenset[str] = frozenset()  # outside subjects that may sign in as it


@dataclass(frozen=True)
class Opened:
    """The cause, and the way of the step that the person takes."""

    cause: str
    way: str


def openings(world: World, table: Table, store: str, access: str) -> dict[Opened, dict[str, Answer]]:
    """What opens a store to people nobody meant to let in: to whom, and how surely."""
    judged = [*_judged(world, table, store, access)]
    clean = _clean(judged, store)
    becoming = _becoming(judged, world)
    found: dict[Opened, dict[str, Answer]] = {}

    def note(cause: str, way: str, who: str, answer: Answer) -> None:
        people = found.setdefault(Opened(cause, way), {})
        people[who] = strongest((answer, people.get(who, "no")))

    unwanted = [step for step, accepted in judged if not accepted and step.who not in table.break_glass]
    for step in unwanted:
        onward = clean.get(step.into)
        if onward is None:
            continue
        note(step.cause, step.way, step.who, weakest(step.answer, onward))
        for first in unwanted:  # and to everybody who can act as the one who takes it
            way_there = becoming.get((first.into, step.who))
            if way_there is not None:
                note(step.cause, first.way, first.who, weakest(first.answer, way_there, step.answer, onward))
    return found


def _clean(judged: list[tuple[Step, bool]], store: str) -> dict[str, Answer]:
    """The store, and every identity that comes into it by accepted steps alone."""
    found: dict[str, Answer] = {store: "yes"}
    while True:
        before = dict(found)
        for step, accepted in judged:
            if accepted and step.into in found:
                answer = weakest(step.answer, found[step.into])
                found[step.who] = strongest((answer, found.get(step.who, "no")))
        if found == before:
            return found


def _becoming(judged: list[tuple[Step, bool]], world: World) -> dict[tuple[str, str], Answer]:
    """From which identity one can become which, step by step, whatever is approved; everybody is themselves."""
    found: dict[tuple[str, str], Answer] = {(x, x): "yes" for x in world.identities | world.workloads}
    while True:
        before = dict(found)
        for step, _ in judged:
            for (start, here), answer in before.items():
                if step.who == here and (step.into, step.into) in found:
                    further = weakest(answer, step.answer)
                    found[start, step.into] = strongest((further, found.get((start, step.into), "no")))
        if found == before:
            return found


# -- what the scenario accepts --------------------------------------------------------------------------------------------


def _judged(world: World, table: Table, store: str, access: str) -> Iterator[tuple[Step, bool]]:
    """Every step, and whether the scenario accepts it on a way into this store."""
    own = [*into_store(world, store, access), *into_identities(world)]
    for step in own:
        yield step, accepts(world, table, step, store, access)
    taken = {(s.who, s.into, s.way, s.cause) for s in own}
    wide = joined(world)
    for step in (*into_store(wide, store, access), *into_identities(wide)):
        if (step.who, step.into, step.way, step.cause) not in taken:
            yield from _joining(world, table, step, store, access)


def _joining(world: World, table: Table, step: Step, store: str, access: str) -> Iterator[tuple[Step, bool]]:
    """Somebody who could take a step only by adding themselves to a group first, this one or another that it also takes.

    Joining a group that is let in is itself what leaves the scenario; joining one that is not changes no cause. What the
    scenario accepts of them anyway, and what an owner of the platform does, is accepted; it stays a step to be acted by.
    """
    if accepts(world, table, step, store, access) or _administers(world, table, step.who, store):
        yield step, True
        return
    if step.who in inside(world, step.source):
        yield step, False
        return
    wide = joined(world)
    for group in inside(world, step.source):
        for owner in world.joiners.get(group, ()):
            if step.who not in inside(wide, owner):
                continue
            own = replace(step, cause=f"owner:{owner}|{group}")
            if _is_platform(world, table, owner, table.environments.get(store), access):
                yield own, True
                continue
            through = {g for g in inside(world, step.source) if group in inside(world, g)}
            let_in = _row_covers(table, through, step.way, store, access) or _administer(
                table, through, step.way, store
            )
            yield own if let_in else step, False


def accepts(world: World, table: Table, step: Step, store: str, access: str) -> bool:
    """Whether the scenario means this person or identity to take this step on a way into this store."""
    who, environment = step.who, table.environments.get(store)
    if _is_platform(world, table, step.source, environment, access) or _belongs_to(world, table, who, environment):
        return True
    if who in table.subjects or (step.way == "run-as-endpoint" and who in table.release):
        return True
    within = inside(world, step.source)
    through = {group for group in within if who in inside(world, group)}
    held_eligibly = (step.assignment is not None and step.assignment.mark == "eligible") or (
        who not in inside(world, step.source, standing=True)
    )
    if (
        step.assignment is None and step.way == "run-as-compute"
    ):  # an instance is its person's, whatever groups they are in
        through = {row.group for row in table.rows} | {a.group for a in table.administrators}
        through = {group for group in through if who in inside(world, group)}
        held_eligibly = True
    if _row_covers(table, through, step.way, store, access, held_eligibly):
        return True
    if step.assignment is None:
        through = {a.group for a in table.administrators if who in inside(world, a.group)}
    return _administer(table, through, step.way, store)


def _row_covers(table: Table, through: set[str], way: str, store: str, access: str, eligibly: bool = True) -> bool:
    """(a) a role row of the environment that reads every class, by a way that its duties imply or that it names."""
    for row in table.rows:
        if (
            row.group not in through
            or row.environment != table.environments.get(store)
            or not table.classes[store] <= row.reads
        ):
            continue
        if row.eligible_only and not eligibly:
            continue
        implied = {way for duty in row.duties for way in _IMPLIED.get(duty, ())}
        if access == "read" or row.duties & _WRITING:
            implied = implied | {"data-role"}
        if way in (implied if row.ways is None else row.ways):
            return True
    return False


def _administer(table: Table, through: set[str], way: str, store: str) -> bool:
    """(c) the residual reach of those who administer the environment."""
    return way not in _NEVER_RESIDUAL and any(
        a.group in through and table.environments.get(store) in a.over for a in table.administrators
    )


def _administers(world: World, table: Table, who: str, store: str) -> bool:
    return any(who in inside(world, a.group) and table.environments.get(store) in a.over for a in table.administrators)


def _is_platform(world: World, table: Table, who: str, environment: str | None, access: str) -> bool:
    """What is given to Microsoft's own, to a policy's identity, or to a declared service within what it is declared for."""
    services = [s for s in table.services if s.principal == who]
    if services:
        return any(access in s.may and environment in s.where for s in services)
    places = [p for p, attached in world.hosts.items() if who in attached and arm_type(p) != IDENTITY]
    return who in table.microsoft or (bool(places) and all("/policyassignments/" in p for p in places))


def _belongs_to(world: World, table: Table, who: str, environment: str | None) -> bool:
    """(b) a managed identity of workspaces, computes or endpoints of the environment, and of nothing elsewhere."""
    places = [
        p
        for p, attached in world.hosts.items()
        if who in attached and not arm_type(p).startswith("microsoft.managedidentity")
    ]
    return (
        environment is not None
        and all(table.environments.get(p) == environment for p in places)
        and any(arm_type(p).startswith(ML) for p in places)
    )
