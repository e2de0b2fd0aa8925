"""People: how many can change each environment, how many administer, and who of development can let themselves into production."""

from __future__ import annotations

import re

from pyroaring import BitMap

from scanner.derive.access.engine import Engine
from scanner.derive.access.openings import Ownerships
from scanner.derive.table import Table
from scanner.graph.estate import Estate
from scanner.graph.ontology import STAGES

_HELD = ("held-by", "may-be-activated-by")
# Attributes of an account that its owner may write by default; what a directory allows beyond is not visible (to be corrected here).
_OWN_ATTRIBUTES = {"mobile", "preferredlanguage", "othermails", "telephonenumber"}
_RULE_ATTRIBUTE = re.compile(r"user\.([a-z0-9_]+)", re.IGNORECASE)


def derive(engine: Engine, table: Table, opening: Ownerships) -> None:
    """Writes writers on environments, people on administrator rows, `of-production` and who is let in on groups.

    Ownerships that are `opening` data are findings already: one cause is told of once. Where it could not be seen
    whether one does, it is unknown which rule tells of it.
    """
    _writers(engine)
    for row in engine.estate.nodes("administrator-row"):
        _administrators(engine, row)
    _entrances(engine, table, opening)


def _entering(engine: Engine, principal: int) -> BitMap:
    """Everybody a principal stands for, and those who may add themselves to one of its groups."""
    found = BitMap(engine.members(principal))
    for inner in engine.inner_groups(principal):
        for owner in engine.estate.neighbours(inner, "may-be-joined-by"):
            found |= engine.members(owner)
    return found


def _holding(engine: Engine, duty: str, stage: str) -> set[int]:
    """Principals that hold a duty in an environment of a stage, now or once they activate it."""
    estate = engine.estate
    return {
        principal for node in estate.nodes("duty")
        if estate.get(node, "duty") == duty and estate.get(node, "stage") == stage
        for edge in _HELD for principal in estate.neighbours(node, edge)
    }  # fmt: skip


def _writers(engine: Engine) -> None:
    """People who can change an environment, beside those in the stage before; exploration is no stage before another."""
    estate = engine.estate
    users = BitMap(node for node in estate.nodes("user") if estate.get(node, "break-glass") is not True)
    counted: dict[int, int] = {}
    perhaps: list[int] = []  # why somebody who could not be counted may be able to
    for environment in estate.nodes("environment"):
        people = BitMap()
        for duty in estate.nodes("duty"):
            if estate.get(duty, "duty") == "write" and estate.get(duty, "environment") == estate.name(environment):
                for edge in _HELD:
                    for principal in estate.neighbours(duty, edge):
                        people |= _entering(engine, principal)
                for principal in estate.neighbours(duty, "perhaps-held-by"):
                    gap = estate.edge_gap(principal, "perhaps-holds", duty)
                    perhaps += [gap] if gap is not None else []
        counted[environment] = len(people & users)
    gaps = list(dict.fromkeys(perhaps)) + list(dict.fromkeys(
        gap for node, name, found in estate.gap_marks() for gap in found
        if name in ("holds", "may-be-joined-by", "break-glass", "mark") or (name == "has-member" and estate.kind(node) == "group")
    ))  # fmt: skip
    unread = estate.unread_gaps("workspace")  # others may change those, and an environment may be in use by them
    gaps += [gap for gap in unread if gap not in gaps]
    for environment, amount in counted.items():
        before = _before(estate, environment, list(counted))
        upstream = max((counted[e] for e in before), default=None)
        for name, value in (("writers", amount), ("writers-before", upstream)):
            if (value is None and not unread) or not gaps:
                estate.set(environment, name, value, estate.line(environment, "name"))
            for gap in gaps:
                estate.mark_gap(environment, name, gap)


def _before(estate: Estate, environment: int, among: list[int]) -> list[int]:
    """The environments of the nearest earlier stage that has workspaces."""
    used = {estate.get(w, "environment") for w in estate.nodes("workspace")}
    place = STAGES.index(estate.get(environment, "stage"))
    for stage in reversed(STAGES[1:place]):
        found = [e for e in among if estate.get(e, "stage") == stage and estate.name(e) in used]
        if found:
            return found
    return []


def _administrators(engine: Engine, row: int) -> None:
    estate = engine.estate
    people = BitMap()
    for group in estate.neighbours(row, "names"):
        people |= engine.members(group)
    gaps = [gap for member in people & engine.unseen for gap in estate.gaps_at(member, "*")]
    if not estate.neighbours(row, "names"):
        gaps += estate.unread_gaps("group")
    for gap in gaps:
        estate.mark_gap(row, "people", gap)
    if not gaps:
        estate.set(row, "people", len(people), estate.line(row, "over"))


def _entrances(engine: Engine, table: Table, opening: Ownerships) -> None:
    """Ties groups of production to whoever works in development and can make itself a member."""
    estate = engine.estate
    at_work = {p for duty in ("write", "train") for p in _holding(engine, duty, "development")}
    people = BitMap().union(*(engine.members(p) for p in at_work)) if at_work else BitMap()
    unread = {gap for _, name, found in estate.gap_marks() for gap in found if name == "holds"}
    perhaps = _perhaps(engine, unread)
    named = {
        principal for row in estate.nodes("role-row") if estate.get(row, "stage") == "production"
        for principal in estate.neighbours(row, "names")
    }  # fmt: skip
    production = set(table.production)
    for group in estate.nodes("group"):
        inside = estate.get(group, "environments-assigned")
        of_production = group in named or (isinstance(inside, frozenset) and not production.isdisjoint(inside))
        doubts = [*estate.gaps_at(group, "approved"), *estate.gaps_at(group, "environments-assigned")]
        for gap in doubts:
            estate.mark_gap(group, "of-production", gap)
        if of_production or not doubts:
            estate.set(group, "of-production", of_production)
        if of_production or doubts:
            _owners(engine, group, people, perhaps, opening)
            _rule(engine, group, at_work)
            owned = any(estate.neighbours(inner, "may-be-joined-by") for inner in engine.inner_groups(group))
            ruled = any(estate.get(inner, "dynamic") is True for inner in engine.inner_groups(group))
            for gap in unread if owned or ruled else ():
                estate.mark_gap(group, "lets-in", gap)


def _perhaps(engine: Engine, unread: set[int]) -> BitMap:
    """Who works in development under a condition; of those for whom something was unread, the gaps are noted."""
    estate = engine.estate
    found = BitMap()
    for node in estate.nodes("duty"):
        if estate.get(node, "duty") in ("write", "train") and estate.get(node, "stage") == "development":
            for principal in estate.neighbours(node, "perhaps-held-by"):
                gap = estate.edge_gap(principal, "perhaps-holds", node)
                if gap is not None:
                    unread.add(gap)
                else:
                    found |= engine.members(principal)
    return found


def _owners(engine: Engine, group: int, people: BitMap, perhaps: BitMap, opening: Ownerships) -> None:
    """An owner of the group, or of one nested in it, who works in development and is no member yet."""
    estate = engine.estate
    members = engine.members(group)
    for inner in engine.inner_groups(group):
        for gap in estate.gaps_at(inner, "may-be-joined-by"):
            estate.mark_gap(group, "lets-in", gap)
        for owner in dict.fromkeys(estate.neighbours(inner, "may-be-joined-by")):
            if (owner, inner) in opening.told:
                continue
            outside = engine.members(owner) - members
            reason = f"owns {estate.name(inner)} or may become its owner, and works in development"
            doubts = opening.doubts(owner, inner) if outside & (people | perhaps) else ()
            for gap in doubts:
                estate.mark_gap(group, "lets-in", gap)
            if doubts:
                continue
            if outside & people:
                estate.connect(group, "lets-in", owner, reason)
            elif outside & perhaps:
                estate.connect(group, "perhaps-lets-in", owner, reason)


def _rule(engine: Engine, group: int, at_work: set[int]) -> None:
    """A membership rule lets in whoever can write what it reads."""
    estate = engine.estate
    for inner in engine.inner_groups(group):
        if estate.get(inner, "dynamic") is not True:
            continue
        rule = estate.get(inner, "membership-rule")
        read = {name.lower() for name in _RULE_ATTRIBUTE.findall(rule)} if isinstance(rule, str) else set()
        own = bool(read) and read <= _OWN_ATTRIBUTES
        listed = ", ".join(sorted(read)) or "something"
        for principal in sorted(at_work, key=estate.key):
            if own:
                estate.connect(group, "lets-in", principal, f"its rule reads {listed}, which people set themselves")
            else:
                estate.connect(
                    group,
                    "perhaps-lets-in",
                    principal,
                    f"its rule reads {listed}; whoever writes that decides who is in it",
                )
