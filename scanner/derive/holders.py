"""Who holds which duty in which environment, from what their assignments add up to, and what of it the scenario declares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec
from pyroaring import BitMap

from scanner import ids
from scanner.derive.access import denials
from scanner.derive.access.engine import RIGHTS, Engine
from scanner.derive.access.held import Grant
from scanner.derive.duties import Duties, Duty, Way
from scanner.derive.table import Table
from scanner.graph.estate import UNSET, Estate

_PLATFORM = {"microsoft", "host-default", "policy", "service"}
_LEVELS = ("holds", "may-activate", "perhaps-holds")  # surest first
_CREATING = {"provision", "write"}  # what those who may create resource groups and workspaces must be able to do
_JUDGED = ("workspace", "storage-account", "container-registry", "ml-registry", "model-account")


@dataclass(slots=True)
class _Held:
    """Which of a way's actions a principal has on one resource: a bit each, for certain, if activated, and at best."""

    bits: list[int] = field(default_factory=lambda: [0, 0, 0])
    grants: list[Grant] = field(default_factory=list)


_Matches = list[tuple[Grant, int, tuple[int, ...]]]  # assignment, bit of the action it gives, levels it counts for


class _Place(msgspec.Struct, frozen=True, gc=False):
    """A resource, the environments it counts for, and what leaves that in doubt."""

    resource: int
    environments: tuple[str, ...]
    doubts: tuple[int, ...] = ()
    doubtful: bool = False


def derive(estate: Estate, duties: Duties, engine: Engine, table: Table) -> None:
    """Makes duty nodes and ties principals to them, with the reason on each edge."""
    _Writer(estate, duties, engine, table).run()


class _Writer:
    def __init__(self, estate: Estate, duties: Duties, engine: Engine, table: Table) -> None:
        self.estate = estate
        self.duties = duties
        self.engine = engine
        self.table = table
        self.done: set[tuple[str, int, int]] = set()
        self.nodes: dict[tuple[str, str], int] = {}
        self.alike: set[object] = set()
        self.used: dict[tuple[str, str], list[tuple[int, tuple[str, ...]]]] = {}
        self.asked: dict[tuple[object, ...], list[_Place]] = {}
        self.roles = sorted({grant.role for grants in engine.grants.values() for grant in grants})
        self.sources: dict[int, int] = {}  # container -> where what it inherits comes from

    def run(self) -> None:
        estate = self.estate
        for environment in estate.nodes("environment"):
            name = estate.name(environment)
            for duty in self.duties:
                # the key of the indirect one sorts behind the direct one: of two ways to release, reports show the plain one
                key = f"duty:{duty.name}@{name}"
                if duty.name == "indirect-release":
                    key = f"duty:release@{name}|indirectly"
                node = estate.add("duty", key, f"{duty.name} in {name}")
                for attribute, value in (
                    ("duty", duty.name), ("environment", name), ("stage", estate.get(environment, "stage"))
                ):  # fmt: skip
                    estate.set(node, attribute, value, estate.line(environment, "stage"))
                self.nodes[duty.name, name] = node
        for duty in self.duties:
            for way in duty.ways:
                matches = self._matcher(way)
                for place in self._places(way):
                    self._way(duty, way, place, matches(place.resource))
        self._declared_duties()
        self._gaps()

    # -- where ----------------------------------------------------------------------------------------------------

    def _places(self, way: Way) -> list[_Place]:
        """The resources a way is asked of, with the environments each counts for; of many that only inherit the same, one.

        Ways that differ in their actions alone share the answer.
        """
        key = (way.on, way.used_as, way.where)
        found = self.asked.get(key)
        if found is None:
            found = self.asked[key] = []
            alike: set[object] = set()
            for node, environments in self._used(way):
                place = self._fitting(way, node, environments)
                if place is None:
                    continue
                if not place.doubtful and not self.engine.grants.get(node) and not self.engine.denies.get(node):
                    rights = self._inherits(place)
                    if rights in alike:
                        continue
                    alike.add(rights)
                found.append(place)
        return found

    def _inherits(self, place: _Place) -> object:
        """What tells places apart that have no assignments of their own: where theirs come from, and what they count for."""
        return self._source(place.resource), place.environments, self.estate.get(place.resource, "unit")

    def _source(self, node: int) -> int:
        """The nearest scope above at which anything is assigned or denied; the highest when there is none."""
        above = self.engine.chain(node)[1:]
        if not above:
            return node
        found = self.sources.get(above[0])
        if found is None:
            engine = self.engine
            found = next((s for s in above if engine.grants.get(s) or engine.denies.get(s)), above[-1])
            self.sources[above[0]] = found
        return found

    def _used(self, way: Way) -> list[tuple[int, tuple[str, ...]]]:
        key = (way.on, way.used_as)
        if key not in self.used:
            self.used[key] = [(n, tuple(sorted(found))) for n, found in self._users(way).items()
                              if found and self.estate.get(n, "shared") is not True]  # fmt: skip
        return self.used[key]

    def _users(self, way: Way) -> dict[int, set[str]]:
        """By resource, the environments it is in or that use it; ways on the same resources share the answer."""
        estate = self.estate
        users: dict[int, set[str]] = {}
        if way.on == "subscription":
            for workspace in estate.nodes("workspace"):
                node = estate.node(str(estate.get(workspace, "subscription")))
                name = estate.get(workspace, "environment")
                if node is not None and isinstance(name, str):
                    users.setdefault(node, set()).add(name)
        elif way.used_as:
            for user, node in estate.pairs(way.used_as):
                name = estate.get(user, "environment")
                if isinstance(name, str) and (estate.kind(node) == way.on or self._stands_for(node, way.on)):
                    users.setdefault(node, set()).add(name)
        else:
            for node in estate.nodes(way.on):
                name = estate.get(node, "environment")
                own = way.on in ("workspace", "ml-registry", "model-account") or estate.get(node, "referenced") is True
                found = {name} if isinstance(name, str) and own else set()
                using = estate.get(node, "environments-using")
                users[node] = found | (set(using) if isinstance(using, frozenset) else set())
        return users

    def _stands_for(self, node: int, kind: str) -> bool:
        """Whether a resource that is referred to and nobody could read is of a kind, by its id."""
        estate = self.estate
        type_ = ids.resource_type(estate.key(node)) if estate.kind(node) == "missing" else ""
        return bool(type_) and estate.ontology.kinds[kind].arm_type in ("", type_)

    def _fitting(self, way: Way, node: int, environments: tuple[str, ...]) -> _Place | None:
        """The place if it has the attributes the way asks for; with a doubt where one could not be read."""
        estate = self.estate
        doubtful = estate.kind(node) == "missing"
        doubts = list(estate.gaps_at(node, "*")) if doubtful else []
        if doubtful and not doubts:
            doubts = estate.unread_gaps(way.on)
        for attribute, wanted in way.where:
            value = estate.get(node, attribute)
            if value is UNSET:
                doubtful = True
                doubts += [*estate.gaps_at(node, attribute), *estate.gaps_at(node, "*")]
            elif value != wanted:
                return None
        return _Place(node, environments, tuple(doubts), doubtful)

    # -- one way on one resource ----------------------------------------------------------------------------------

    def _way(self, duty: Duty, way: Way, place: _Place, matches: _Matches) -> None:
        if not matches or self._seen(way, place, matches):
            return
        held = _held(matches)
        full = (1 << len(way.actions)) - 1
        complete: dict[int, int] = {}
        for principal, found in held.items():
            level = next((n for n, bits in enumerate(found.bits) if bits == full), None)
            if level is None:
                continue
            complete[principal] = level
            kept = self._not_denied(principal, way, place.resource)
            reason = self._reason(found)
            if kept is None:
                self._tie(principal, level, duty, way, place, found, reason)
            for identity in kept or ():
                self._tie(identity, level, duty, way, place, found, f"{reason}, where no deny assignment forbids it")
        if len(way.actions) > 1:
            self._together(duty, way, place, held, complete)

    def _seen(self, way: Way, place: _Place, matches: _Matches) -> bool:
        """Whether a place of the same rights was asked before: what only inherits is asked once for all that do."""
        if place.doubtful:
            return False
        denied = self._denied(place.resource)
        # assignments that add nothing leave the list of what is above as it is: the same list, the same rights
        key = (id(way), id(matches), denied, place.environments, self.estate.get(place.resource, "unit"))
        if key in self.alike:
            return True
        self.alike.add(key)
        return False

    def _denied(self, resource: int) -> tuple[int, ...]:
        """The scopes at a resource and above at which something is denied."""
        denies = self.engine.denies
        return tuple(scope for scope in self.engine.chain(resource) if denies.get(scope)) if denies else ()

    def _matcher(self, way: Way) -> Callable[[int], _Matches]:
        """The assignments at a scope and above that give one of a way's actions; where none is added, the list of above."""
        grants, chain = self.engine.grants, self.engine.chain
        given = {role: found for role in self.roles if (found := self._given(way, role))}
        known: dict[int, _Matches] = {}
        nothing: _Matches = []

        def matches(scope: int) -> _Matches:
            found = known.get(scope)
            if found is None:
                above = chain(scope)
                found = matches(above[1]) if len(above) > 1 else nothing
                here = grants.get(scope)
                if here is not None and given:
                    own = [
                        (grant, bit, _levels(grant, yes)) for grant in here for bit, yes in given.get(grant.role, ())
                    ]
                    found = [*own, *found] if own else found
                known[scope] = found
            return found

        return matches

    def _given(self, way: Way, role: int) -> tuple[tuple[int, bool], ...]:
        """The bits of a way's actions that a role gives, and whether without a condition."""
        answers = ((bit, self.engine.can(role, action)) for bit, action in enumerate(way.actions))
        return tuple((bit, answer == "yes") for bit, answer in answers if answer in ("yes", "conditional"))

    def _not_denied(self, principal: int, way: Way, resource: int) -> BitMap | None:
        """Who of a principal is left when denials are taken off; None when none applies."""
        if not self._denied(resource):
            return None
        members = self.engine.members(principal)
        left = members
        for action in way.actions:
            left = left - denials.denied(self.engine, resource, action)[0]
        return None if left == members else left

    def _together(self, duty: Duty, way: Way, place: _Place, held: dict[int, _Held], complete: dict[int, int]) -> None:
        """Identities whose groups only together have every action."""
        if len(held) < 2:
            return
        covered = BitMap().union(*(self.engine.members(p) for p in complete)) if complete else BitMap()
        for level in range(len(_LEVELS)):
            everybody: BitMap | None = None
            for bit in range(len(way.actions)):
                having = [self.engine.members(p) for p, h in held.items() if h.bits[level] & (1 << bit)]
                some = BitMap().union(*having) if having else BitMap()
                everybody = some if everybody is None else everybody & some
            for identity in (everybody or BitMap()) - covered:
                parts = [h for p, h in held.items() if identity in self.engine.members(p)]
                merged = _Held(grants=[g for h in parts for g in h.grants])
                reason = f"its groups together: {self._reason(merged)}"
                self._tie(identity, level, duty, way, place, merged, reason)
                covered.add(identity)

    # -- edges --------------------------------------------------------------------------------------------------------

    def _tie(self, principal: int, level: int, duty: Duty, way: Way, place: _Place, held: _Held, reason: str) -> None:
        estate = self.estate
        unit = estate.get(place.resource, "unit")
        doubts = [
            *self.table.unnamed, *place.doubts,
            *(gap for grant in held.grants for gap in estate.gaps_at(grant.node, "origin")),
        ]  # fmt: skip
        for environment in place.environments:
            if self._as_declared(duty, way, environment, unit if isinstance(unit, str) else None, held):
                # reading is no duty: what administrators and the platform read is accepted elsewhere and is no side of a conflict
                if duty.name != "read-data":
                    self._connect(principal, "holds-as-declared", duty.name, environment, reason, None)
                continue
            edge = "perhaps-holds" if doubts or place.doubtful else _LEVELS[level]
            unsure = [
                *doubts,
                *(g for grant in held.grants if grant.mark is None for g in estate.gaps_at(grant.node, "mark")),
            ]
            gap = unsure[0] if unsure else None
            self._connect(principal, edge, duty.name, environment, reason, gap)
            if duty.name != "observe":
                self._connect(principal, edge, "observe", environment, f"{reason}, so it sees what is there", gap)

    def _connect(self, principal: int, edge: str, duty: str, environment: str, reason: str, gap: int | None) -> None:
        node = self.nodes.get((duty, environment))
        if node is None or (edge, principal, node) in self.done:
            return
        release = self.nodes.get(("release", environment))
        if duty == "indirect-release" and release is not None and (edge, principal, release) in self.done:
            return  # whoever may release needs no other way
        self.done.add((edge, principal, node))
        self.estate.connect(principal, edge, node, reason, gap=gap)

    def _as_declared(self, duty: Duty, way: Way, environment: str, unit: str | None, held: _Held) -> bool:
        """Whether the scenario or the platform accounts for every assignment counted."""
        estate, table = self.estate, self.table
        if all(estate.get(grant.node, "origin") in _PLATFORM for grant in held.grants):
            return True
        grantees = {grant.principal for grant in held.grants}
        if all(environment in table.administered.get(p, ()) for p in grantees):
            return True
        if duty.name == "write" and all(environment in table.double.get(p, ()) for p in grantees):
            return True
        if duty.name in _CREATING and all(estate.get(p, "structure-creator") is True for p in grantees):
            return True
        return bool(way.implied_by) and all(table.duties(p, environment, unit) & way.implied_by for p in grantees)

    def _reason(self, held: _Held) -> str:
        estate = self.estate
        roles = list(dict.fromkeys(f"{estate.name(g.role)} on {estate.name(g.scope)}" for g in held.grants))
        return f"{' and '.join(roles[:2])}"

    def _declared_duties(self) -> None:
        """Approving happens outside ARM: membership of the group that is declared to approve."""
        estate = self.estate
        underived = {duty.name for duty in self.duties if not duty.ways}
        for row in estate.nodes("role-row"):
            for name in sorted(underived & estate.get(row, "duties")):
                for principal in estate.neighbours(row, "names"):
                    environment = str(estate.get(row, "environment"))
                    self._connect(principal, "holds", name, environment, f"declared by {estate.name(row)}", None)
        for group in estate.nodes("group") if "approve" in underived else ():
            for environment in self.table.production if estate.get(group, "release-approver") is True else ():
                self._connect(group, "holds", "approve", environment, "an approver of the release", None)

    def _gaps(self) -> None:
        """Assignments nobody could read might give anybody a duty."""
        estate = self.estate
        scopes = {scope for kind in _JUDGED for node in estate.nodes(kind)
                  if isinstance(estate.get(node, "environment"), str) for scope in self.engine.chain(node)}  # fmt: skip
        # a workspace nobody could list might be where a duty is held
        gaps: set[int] = set(estate.unread_gaps("workspace"))
        for scope in scopes:
            gaps |= {g for g in (*estate.gaps_at(scope, "scope-of"), *estate.gaps_at(scope, "contained-in"))
                     if estate.gaps[g].kind in RIGHTS}  # fmt: skip
            for grant in self.engine.grants.get(scope, ()):
                gaps.update(estate.gaps_at(grant.role, "*"))
        for principal in estate.nodes("principal") if gaps else ():
            for gap in gaps:
                estate.mark_gap(principal, "holds", gap)
        for kind in sorted({way.on for duty in self.duties for way in duty.ways} - {"workspace", "subscription"}):
            for gap in estate.unread_gaps(kind):
                self._unlisted(kind, gap)

    def _unlisted(self, kind: str, gap: int) -> None:
        """A resource nobody could list is a doubt for those alone whose rights would be a duty on it."""
        estate, engine = self.estate, self.engine
        wanted = [a for duty in self.duties for way in duty.ways if way.on == kind for a in way.actions]
        place = estate.node(estate.gaps[gap].scope)
        above = set(engine.chain(place)) if place is not None else set()
        for scope, grants in engine.grants.items():
            if place is not None and scope not in above and place not in engine.chain(scope):
                continue
            for grant in grants:
                accounted = estate.get(grant.node, "origin") in _PLATFORM or grant.principal in self.table.administered
                if not accounted and engine.can_any(grant.role, wanted) in ("yes", "conditional"):
                    estate.mark_gap(grant.principal, "holds", gap)


def _levels(grant: Grant, unconditional: bool) -> tuple[int, ...]:
    """What an assignment counts for: held for certain, once activated, at best."""
    sure = unconditional and not grant.condition
    if sure and grant.mark in ("standing", "time-bound"):
        return 0, 1, 2
    return (1, 2) if sure and grant.mark == "eligible" else (2,)


def _held(matches: _Matches) -> dict[int, _Held]:
    """What each principal's own assignments give it."""
    found: dict[int, _Held] = {}
    for grant, bit, levels in matches:
        held = found.setdefault(grant.principal, _Held())
        for level in levels:
            held.bits[level] |= 1 << bit
        if grant not in held.grants:
            held.grants.append(grant)
    return found
