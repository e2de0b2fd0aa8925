"""The meaning of access, as plainly as it can be said: read these three files in ten minutes, hold the engine against them.

Here: a world, and who may take which action where. In `reach`: who reaches which data by which steps. In `approval`:
which of that nobody wanted. Slow on purpose: every question is answered by going through everything. Nothing is shared
with the engine but the words of the estate.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

# Three answers: not at all, only under a condition nobody evaluates, for certain.
Answer = Literal["no", "perhaps", "yes"]
_ORDER: tuple[Answer, ...] = ("no", "perhaps", "yes")
# None: there is no condition. A set: the list of roles that may be assigned. "unread": any other condition.
Condition = frozenset[str] | Literal["unread"] | None
ASSIGN = "microsoft.authorization/roleassignments/write"
# PIM assigns, or makes eligible, whomever somebody asks it to; a condition on assigning binds that as well.
REQUEST = tuple(f"microsoft.authorization/role{what}schedulerequests/write" for what in ("assignment", "eligibility"))
GRANTING = (ASSIGN, *REQUEST)


def weakest(*answers: Answer) -> Answer:
    """A chain is as sure as its weakest step."""
    return min(answers, key=_ORDER.index, default="yes")


def strongest(answers: Iterable[Answer]) -> Answer:
    """Of several chains the surest counts."""
    return max(answers, key=_ORDER.index, default="no")


# -- a world ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Block:
    """One permission block of a role."""

    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()
    condition: Condition = None


@dataclass(frozen=True)
class Assignment:
    principal: str
    role: str
    scope: str
    condition: Condition = None
    mark: Literal["standing", "time-bound", "eligible"] = "standing"

    @property
    def key(self) -> str:
        return f"grant:{self.principal}|{self.role}|{self.scope}" + (
            "|conditional" if self.condition is not None else ""
        )


@dataclass(frozen=True)
class Deny:
    scope: str
    block: Block
    principals: frozenset[str]  # "*" is everybody
    excluded: frozenset[str]
    children: bool = True


@dataclass(frozen=True)
class Store:
    """A storage account, or another place for data with keys of its own."""

    kind: str = "storage-account"
    keys: bool = True  # whether its keys are accepted
    public_blobs: bool = False  # whether containers may be made anonymous
    anonymous: bool = False  # whether one is
    sftp: bool = False
    local_users: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Workspace:
    default_store: str | None = None
    vault: str | None = None


@dataclass(frozen=True)
class Vault:
    by_roles: bool = True  # else by access policies, those of `readers`
    readers: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Keeper:
    """A datastore or connection of a workspace: what it leads to, and what it keeps to sign in there."""

    workspace: str
    store: str
    keeps: Literal["nothing", "key", "service-principal"] = "nothing"
    signs_in_as: str | None = None
    connection: bool = False
    read_by_service: bool = False  # a datastore that the service reads with the workspace's identity


@dataclass(frozen=True)
class World:
    """Places by their parent (the root has none) and everything that is anywhere. Keys are folded ids."""

    parents: Mapping[str, str | None]
    people: frozenset[str]
    roles: Mapping[str, tuple[Block, ...]]
    assignments: tuple[Assignment, ...] = ()
    denies: tuple[Deny, ...] = ()
    workloads: frozenset[str] = frozenset()  # service principals
    identities: frozenset[str] = frozenset()  # managed identities
    outside: frozenset[str] = frozenset()  # subjects of other issuers
    members: Mapping[str, frozenset[str]] = field(default_factory=dict)  # by group
    eligible: Mapping[str, frozenset[str]] = field(default_factory=dict)  # by group: who may activate membership
    joiners: Mapping[str, frozenset[str]] = field(default_factory=dict)  # by group: who may add themselves
    owners: Mapping[str, frozenset[str]] = field(default_factory=dict)  # by workload
    trusts: Mapping[str, frozenset[str]] = field(default_factory=dict)  # by workload or identity: outside subjects
    hosts: Mapping[str, frozenset[str]] = field(default_factory=dict)  # by place: identities attached to it
    instances: Mapping[str, str] = field(default_factory=dict)  # compute instance: its person
    stores: Mapping[str, Store] = field(default_factory=dict)
    workspaces: Mapping[str, Workspace] = field(default_factory=dict)
    vaults: Mapping[str, Vault] = field(default_factory=dict)
    keepers: Mapping[str, Keeper] = field(default_factory=dict)
    custom: frozenset[str] = frozenset()  # roles that are the tenant's own

    @property
    def everybody(self) -> frozenset[str]:
        return self.people | self.workloads | self.identities | self.outside


# -- who ----------------------------------------------------------------------------------------------------------------


def inside(world: World, principal: str, *, standing: bool = False) -> frozenset[str]:
    """A principal and everything in it at any depth, groups too; a circle of groups adds nobody.

    Who may activate membership is in, unless only `standing` members are asked for; who has activated it is, to the
    hour, a member, and counts as one who may.
    """
    none: frozenset[str] = frozenset()
    found = {principal}
    while True:
        more: set[str] = set()
        for group in found:
            eligible = world.eligible.get(group, none)
            more |= world.members.get(group, none) - eligible if standing else world.members.get(group, none) | eligible
        if more <= found:
            return frozenset(found)
        found |= more


def joined(world: World) -> World:
    """The same world if everybody who may add themselves to a group could simply activate membership."""
    groups = world.eligible.keys() | world.joiners.keys()
    none: frozenset[str] = frozenset()
    return replace(world, eligible={g: world.eligible.get(g, none) | world.joiners.get(g, none) for g in groups})


# -- where --------------------------------------------------------------------------------------------------------------


def chain(world: World, place: str) -> Iterator[str]:
    """A place and everything above it."""
    here: str | None = place
    while here is not None:
        yield here
        here = world.parents[here]


# -- what ---------------------------------------------------------------------------------------------------------------


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


def unconditioned(condition: Condition, action: str) -> bool:
    """A list of roles limits the assigning of roles and nothing else; any other condition may limit anything."""
    return condition is None or (condition != "unread" and action not in GRANTING)


# -- who may do what where ------------------------------------------------------------------------------------------------


def denied(world: World, who: str, action: str, data: bool, place: str) -> Answer:
    """Deny assignments win over every grant, except for whom they leave out.

    They bind members. Who only may activate membership stays out of a denied group, and goes into an excluded one.
    """
    return strongest(
        "yes" if deny.block.condition is None else "perhaps"
        for deny in world.denies
        if deny.scope in chain(world, place)
        and (deny.children or deny.scope == place)
        and allows(deny.block, action, data)
        and any(p == "*" or who in inside(world, p, standing=True) for p in deny.principals)
        and not any(who in inside(world, p) for p in deny.excluded)
    )


def gives(world: World, assignment: Assignment, who: str, action: str, data: bool, place: str) -> Answer:
    """Whether one assignment lets somebody take an action at a place."""
    if assignment.scope not in chain(world, place) or who not in inside(world, assignment.principal):
        return "no"
    kept = denied(world, who, action, data, place)
    if kept == "yes":
        return "no"
    answer = strongest(
        "yes" if unconditioned(assignment.condition, action) and unconditioned(block.condition, action) else "perhaps"
        for block in world.roles[assignment.role]
        if allows(block, action, data)
    )
    return weakest(answer, "perhaps") if kept == "perhaps" else answer


def may(world: World, who: str, action: str, data: bool, place: str) -> Answer:
    """Whether somebody may take an action at a place: assignments are a union."""
    return strongest(gives(world, a, who, action, data, place) for a in world.assignments)
