"""Who holds which duty in which environment, from what their assignments add up to, and what of it the scenario declares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pyroaring import BitMap

from scanner import ids
from scanner.derive.access import denials
from scanner.derive.access.engine import RIGHTS, Engine
from scanner.derive.access.held import Grant
from scanner.derive.duties import Duties, Duty, Way
from scanner.derive.table import Table
from scanner.graph.estate import UNSET, Estate

_PLATFORM = {"microsoft", "host-default", "policy", "service"}
_LEVELS = ("holds", "may-activate", "may-hold")  # surest first
_CREATING = {"provision", "write"}  # what those who may create resource groups and workspaces must be able to do
_JUDGED = ("workspace", "storage-account", "container-registry", "ml-registry", "model-account")


@dataclass(slots=True)
class _Held:
    """Which of a way's actions a principal has on one resource: a bit each, for certain, if activated, and at best."""

    bits: list[int] = field(default_factory=lambda: [0, 0, 0])
    grants: list[Grant] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Place:
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
        # who administers is not known when a row's group could not be looked up
        unnamed = any(not estate.neighbours(row, "names") for row in estate.nodes("administrator-row"))
        self.unread_names = estate.unread_gaps("group") if unnamed else []
        self.done: set[tuple[str, int, int]] = set()
        self.nodes: dict[tuple[str, str], int] = {}
        self.alike: set[object] = set()
        self.at: dict[tuple[Way, int], list[tuple[Grant, int, tuple[int, ...]]]] = {}

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
                for place in self._places(way):
                    self._way(duty, way, place)
        self._declared_duties()
        self._gaps()

    # -- where ----------------------------------------------------------------------------------------------------

    def _places(self, way: Way) -> Iterator[_Place]:
        """The resources a way is asked of, with the environments each counts for."""
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
        for node, environments in users.items():
            if environments and estate.get(node, "shared") is not True:
                place = self._fitting(way, node, tuple(sorted(environments)))
                if place is not None:
                    yield place

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

    def _way(self, duty: Duty, way: Way, place: _Place) -> None:
        if self._seen(duty, way, place):
            return
        held = self._held(way, place.resource)
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

    def _seen(self, duty: Duty, way: Way, place: _Place) -> bool:
        """Whether a place of the same rights was asked before: what only inherits is asked once for its container."""
        engine, node = self.engine, place.resource
        if self._matching(way, node) or engine.denies.get(node) or place.doubtful:
            return False
        unit = self.estate.get(node, "unit")
        key = (duty.name, way, engine.chain(node)[1:2], place.environments, unit)
        if key in self.alike:
            return True
        self.alike.add(key)
        return False

    def _matching(self, way: Way, scope: int) -> list[tuple[Grant, int, tuple[int, ...]]]:
        """The assignments at a scope that give one of a way's actions: grant, bit, and the levels it counts for."""
        found = self.at.get((way, scope))
        if found is None:
            found = self.at[way, scope] = []
            for grant in self.engine.grants.get(scope, ()):
                for bit, action in enumerate(way.actions):
                    answer = self.engine.can(grant.role, action)
                    if answer in ("yes", "conditional"):
                        sure = answer == "yes" and not grant.condition
                        now = sure and grant.mark in ("standing", "time-bound")
                        levels = (0, 1, 2) if now else (1, 2) if sure and grant.mark == "eligible" else (2,)
                        found.append((grant, bit, levels))
        return found

    def _held(self, way: Way, resource: int) -> dict[int, _Held]:
        """What each principal's own assignments give it on the resource."""
        found: dict[int, _Held] = {}
        for scope in self.engine.chain(resource):
            for grant, bit, levels in self._matching(way, scope):
                held = found.setdefault(grant.principal, _Held())
                for level in levels:
                    held.bits[level] |= 1 << bit
                if grant not in held.grants:
                    held.grants.append(grant)
        return found

    def _not_denied(self, principal: int, way: Way, resource: int) -> BitMap | None:
        """Who of a principal is left when denials are taken off; None when none applies."""
        if not any(self.engine.denies.get(scope) for scope in self.engine.chain(resource)):
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
            *self.unread_names, *place.doubts,
            *(gap for grant in held.grants for gap in estate.gaps_at(grant.node, "origin")),
        ]  # fmt: skip
        for environment in place.environments:
            if self._as_declared(duty, way, environment, unit if isinstance(unit, str) else None, held):
                # reading is no duty: what administrators and the platform read is accepted elsewhere and is no side of a conflict
                if duty.name != "read-data":
                    self._connect(principal, "holds-as-declared", duty.name, environment, reason, None)
                continue
            edge = "may-hold" if doubts or place.doubtful else _LEVELS[level]
            gap = doubts[0] if doubts else None
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
