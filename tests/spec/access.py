"""The meaning of access, as plainly as it can be said: read it in ten minutes, hold the engine against it.

Slow on purpose: every question is answered by going through everything. Nothing here is shared with the engine but the
words of the estate.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

STORE = "microsoft.storage/storageaccounts"
READ = f"{STORE}/blobservices/containers/blobs/read"
READS = (
    READ,
    f"{STORE}/fileservices/fileshares/files/read",
    f"{STORE}/queueservices/queues/messages/read",
    f"{STORE}/tableservices/tables/entities/read",
)
KEYS = tuple(f"{STORE}/{action}/action" for action in ("listkeys", "listaccountsas", "listservicesas", "regeneratekey"))
ASSIGN = "microsoft.authorization/roleassignments/write"


@dataclass(frozen=True)
class Block:
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()
    condition: bool = False


@dataclass(frozen=True)
class Assignment:
    principal: str
    role: str
    scope: str
    condition: bool = False


@dataclass(frozen=True)
class Deny:
    scope: str
    block: Block
    principals: frozenset[str]  # "*" is everybody
    excluded: frozenset[str]
    children: bool = True


@dataclass(frozen=True)
class World:
    """Scopes by parent (the root has none), members by group, roles by name."""

    parents: dict[str, str | None]
    members: dict[str, frozenset[str]]
    people: frozenset[str]
    roles: Mapping[str, tuple[Block, ...]]
    assignments: tuple[Assignment, ...]
    denies: tuple[Deny, ...] = ()


def covers(pattern: str, action: str) -> bool:
    """`*` is any run of characters, `/*/` may also be a single slash, case never matters."""
    forms = {pattern.lower()}
    while any("/*/" in form for form in forms):
        form = next(f for f in forms if "/*/" in f)
        forms.remove(form)
        forms.add(form.replace("/*/", "/", 1))
        forms.add(form.replace("/*/", "/\0/", 1))
    return any(
        re.fullmatch(".*".join(map(re.escape, re.split(r"[*\0]", form))), action.lower(), re.DOTALL) for form in forms
    )


def allows(block: Block, action: str, data: bool) -> bool:
    """One block alone: what it grants less what it takes back."""
    granted, taken = (block.data_actions, block.not_data_actions) if data else (block.actions, block.not_actions)
    return any(covers(p, action) for p in granted) and not any(covers(p, action) for p in taken)


def chain(world: World, scope: str) -> Iterator[str]:
    """A scope and everything above it."""
    here: str | None = scope
    while here is not None:
        yield here
        here = world.parents[here]


def is_in(world: World, person: str, group: str, seen: frozenset[str] = frozenset()) -> bool:
    """Whether a person is the principal, or in it at any depth; a circle of groups adds nobody."""
    if person == group:
        return True
    if group in seen:
        return False
    return any(is_in(world, person, member, seen | {group}) for member in world.members.get(group, ()))


def denied(world: World, person: str, action: str, data: bool, place: str) -> bool:
    return any(
        deny.scope in chain(world, place)
        and (deny.children or deny.scope == place)
        and allows(deny.block, action, data)
        and any(p == "*" or is_in(world, person, p) for p in deny.principals)
        and not any(is_in(world, person, p) for p in deny.excluded)
        for deny in world.denies
    )


def may(world: World, person: str, action: str, data: bool, place: str) -> bool | None:
    """Whether a person may take an action at a place: yes, no, or (None) only if some condition allows it."""
    if denied(world, person, action, data, place):
        return False
    perhaps = False
    for assignment in world.assignments:
        if assignment.scope not in chain(world, place) or not is_in(world, person, assignment.principal):
            continue
        for block in world.roles[assignment.role]:
            if allows(block, action, data):
                if not assignment.condition and not block.condition:
                    return True
                perhaps = True
    return None if perhaps else False


def readers(world: World, account: str) -> tuple[frozenset[str], frozenset[str]]:
    """Who can read the data of an account whose keys work: for certain, and only under a condition.

    By a data role, by taking the keys, or by giving oneself a role.
    """
    certain, perhaps = set(), set()
    for person in world.people:
        answers = {may(world, person, read, True, account) for read in READS}
        answers |= {may(world, person, action, False, account) for action in (*KEYS, ASSIGN)}
        if True in answers:
            certain.add(person)
        elif None in answers:
            perhaps.add(person)
    return frozenset(certain), frozenset(perhaps)
