"""Duties: who can do which job in which environment, from what their assignments add up to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pyroaring import BitMap

from scanner import data, yamlfile
from scanner.derive.access.actions import Action
from scanner.derive.access.engine import RIGHTS, Engine, Grant
from scanner.derive.access.grants import administrators
from scanner.errors import Problem, UserError, suggest
from scanner.graph.edges import ONTOLOGY
from scanner.graph.estate import Estate

_PLATFORM = {"microsoft", "host-default", "policy", "service"}
_WRITING = {"train", "release", "operate", "provision", "grant-access", "manage-quota", "manage-data"}
_LEVELS = ("holds", "may-activate", "may-hold")  # surest first


@dataclass(frozen=True, slots=True)
class Way:
    """One set of actions that together are the duty, on a resource of one kind."""

    on: str
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class Duty:
    name: str
    title: str
    ways: tuple[Way, ...]


Duties = tuple[Duty, ...]


def load(path: Path) -> Duties:
    """The duties of a file. Raises UserError with every mistake."""
    document = yamlfile.read(path, data.shown(path))
    known = ONTOLOGY.kinds["duty"].attributes["duty"].values
    problems: list[Problem] = []
    found = []
    for name, facts in (document.value or {}).items():
        if name not in known:
            problems.append(Problem(f"`{name}` is not a duty", document.key_span(name), suggest(name, set(known))))
        ways = []
        for number, way in enumerate((facts or {}).get("ways", ())):
            if not isinstance(way, dict) or way.get("on") not in ("workspace", "storage-account", "subscription"):
                problems.append(
                    Problem(
                        "a way is `on` a workspace, storage-account or subscription",
                        document.span(name, "ways", number),
                    )
                )
                continue
            control = tuple(Action(action.lower()) for action in way.get("actions", ()))
            ways.append(
                Way(
                    way["on"],
                    control + tuple(Action(action.lower(), data=True) for action in way.get("data-actions", ())),
                )
            )
        found.append(Duty(name, str((facts or {}).get("title", name)), tuple(ways)))
    if problems:
        raise UserError(*problems)
    return tuple(found)


@dataclass(slots=True)
class _Held:
    """Which of a way's actions a principal has on one resource: a bit each, for certain, if activated, and at best."""

    bits: list[int] = field(default_factory=lambda: [0, 0, 0])
    grants: list[Grant] = field(default_factory=list)
    declared: bool = True  # whether every grant counted is one the scenario or the platform accounts for


def derive(estate: Estate, duties: Duties, engine: Engine) -> None:
    """Makes duty nodes and ties principals to them, with the reason on each edge."""
    _Writer(estate, duties, engine).run()


class _Writer:
    def __init__(self, estate: Estate, duties: Duties, engine: Engine) -> None:
        self.estate = estate
        self.duties = duties
        self.engine = engine
        self.over = administrators(estate)
        self.inner_over = self._administered()
        self.double = _double_rows(estate)
        # who administers is not known when a row's group could not be looked up
        unnamed = any(not estate.neighbours(row, "names") for row in estate.nodes("administrator-row"))
        self.unread_names = estate.unread_gaps("group") if unnamed else []
        self.done: set[tuple[str, int, int]] = set()
        self.nodes: dict[tuple[str, str], int] = {}

    def run(self) -> None:
        estate = self.estate
        for environment in estate.nodes("environment"):
            for duty in self.duties:
                key = f"duty:{duty.name}@{estate.name(environment)}"
                node = estate.add("duty", key, f"{duty.name} in {estate.name(environment)}")
                for attribute, value in (
                    ("duty", duty.name), ("environment", estate.name(environment)), ("stage", estate.get(environment, "stage"))
                ):  # fmt: skip
                    estate.set(node, attribute, value, estate.line(environment, "stage"))
                self.nodes[duty.name, estate.name(environment)] = node
        for kind in ("workspace", "storage-account", "subscription"):
            ways = [(duty, way) for duty in self.duties for way in duty.ways if way.on == kind]
            for resource, environments in self._resources(kind):
                for duty, way in ways:
                    self._way(duty, way, resource, environments)
        self._declared_duties()
        self._gaps()

    def _resources(self, kind: str) -> Iterator[tuple[int, list[str]]]:
        estate = self.estate
        if kind == "subscription":
            found: defaultdict[int, set[str]] = defaultdict(set)
            for workspace in estate.nodes("workspace"):
                node = estate.node(str(estate.get(workspace, "subscription")))
                name = estate.get(workspace, "environment")
                if node is not None and isinstance(name, str):
                    found[node].add(name)
            yield from ((node, sorted(names)) for node, names in found.items())
            return
        for node in estate.nodes(kind):
            name = estate.get(node, "environment")
            if isinstance(name, str) and (kind == "workspace" or estate.get(node, "referenced") is True):
                yield node, [name]

    def _administered(self) -> dict[int, set[str]]:
        """Administrator groups, and the groups nested in them, with the environments they are over."""
        found: dict[int, set[str]] = {}
        for principal, environments in self.over.items():
            for inner in self.engine.inner_groups(principal) if self.estate.kind(principal) == "group" else [principal]:
                found.setdefault(inner, set()).update(environments)
        return found

    # -- one way on one resource --------------------------------------------------------------------------------------

    def _way(self, duty: Duty, way: Way, resource: int, environments: list[str]) -> None:
        held = self._held(way, resource)
        full = (1 << len(way.actions)) - 1
        complete: dict[int, int] = {}
        for principal, found in held.items():
            level = next((n for n, bits in enumerate(found.bits) if bits == full), None)
            if level is None:
                continue
            complete[principal] = level
            kept = self._not_denied(principal, way, resource)
            if kept is None:
                self._tie(principal, level, duty, environments, found, self._reason(found, resource))
            else:
                for identity in kept:
                    self._tie(
                        identity,
                        level,
                        duty,
                        environments,
                        found,
                        f"{self._reason(found, resource)}, where no deny assignment forbids it",
                    )
        if len(way.actions) > 1:
            self._together(duty, way, resource, environments, held, complete)

    def _held(self, way: Way, resource: int) -> dict[int, _Held]:
        """What each principal's own assignments give it on the resource."""
        found: dict[int, _Held] = {}
        for scope in self.engine.chain(resource):
            for grant in self.engine.grants.get(scope, ()):
                for bit, action in enumerate(way.actions):
                    answer = self.engine.can(grant.role, action)
                    if answer in ("yes", "conditional"):
                        sure = answer == "yes" and not grant.condition
                        held = found.setdefault(grant.principal, _Held())
                        now = sure and grant.mark in ("standing", "time-bound")
                        levels = (0, 1, 2) if now else (1, 2) if sure and grant.mark == "eligible" else (2,)
                        for level in levels:
                            held.bits[level] |= 1 << bit
                        if grant not in held.grants:
                            held.grants.append(grant)
                            held.declared = held.declared and self.estate.get(grant.node, "origin") in _PLATFORM
        return found

    def _not_denied(self, principal: int, way: Way, resource: int) -> BitMap | None:
        """Who of a principal is left when denials are taken off; None when none applies."""
        if not any(self.engine.denies.get(scope) for scope in self.engine.chain(resource)):
            return None
        members = self.engine.members(principal)
        left = members
        for action in way.actions:
            left = left - self.engine.denied(resource, action)[0]
        return None if left == members else left

    def _together(
        self,
        duty: Duty,
        way: Way,
        resource: int,
        environments: list[str],
        held: dict[int, _Held],
        complete: dict[int, int],
    ) -> None:
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
                merged = _Held(grants=[g for h in parts for g in h.grants], declared=all(h.declared for h in parts))
                self._tie(
                    identity,
                    level,
                    duty,
                    environments,
                    merged,
                    f"its groups together: {self._reason(merged, resource)}",
                )
                covered.add(identity)

    # -- edges --------------------------------------------------------------------------------------------------------

    def _tie(self, principal: int, level: int, duty: Duty, environments: list[str], held: _Held, reason: str) -> None:
        for environment in environments:
            edge = _LEVELS[level]
            grantees = {grant.principal for grant in held.grants}
            by_administration = all(environment in self.inner_over.get(p, ()) for p in grantees)
            by_double_row = duty.name == "write" and all(environment in self.double.get(p, ()) for p in grantees)
            if held.declared or by_administration or by_double_row:
                edge = "holds-as-declared"
            doubts = [
                *self.unread_names,
                *(gap for grant in held.grants for gap in self.estate.gaps_at(grant.node, "origin")),
            ]
            if doubts and edge != "holds-as-declared":
                edge = "may-hold"
            node = self.nodes.get((duty.name, environment))
            if node is not None and (edge, principal, node) not in self.done:
                self.done.add((edge, principal, node))
                self.estate.connect(principal, edge, node, reason, gap=doubts[0] if doubts else None)

    def _reason(self, held: _Held, resource: int) -> str:
        estate = self.estate
        roles = list(dict.fromkeys(f"{estate.name(g.role)} on {estate.name(g.scope)}" for g in held.grants))
        return f"{' and '.join(roles[:2])}"

    def _declared_duties(self) -> None:
        """Approving happens outside ARM: membership of the group that is declared to approve."""
        estate = self.estate
        underived = {duty.name for duty in self.duties if not duty.ways}
        for row in estate.nodes("role-row"):
            for name in sorted(underived & estate.get(row, "duties")):
                node = self.nodes.get((name, estate.get(row, "environment")))
                for principal in estate.neighbours(row, "names"):
                    if node is not None and ("holds", principal, node) not in self.done:
                        self.done.add(("holds", principal, node))
                        estate.connect(principal, "holds", node, f"declared by {estate.name(row)}")

    def _gaps(self) -> None:
        """Assignments nobody could read might give anybody a duty."""
        estate = self.estate
        scopes = {scope for kind in ("workspace", "storage-account") for node in estate.nodes(kind)
                  if isinstance(estate.get(node, "environment"), str) for scope in self.engine.chain(node)}  # fmt: skip
        # a workspace nobody could list might be where a duty is held
        gaps: set[int] = set(estate.unread_gaps("workspace"))
        for scope in scopes:
            gaps |= {g for g in (*estate.gaps_at(scope, "scope-of"), *estate.gaps_at(scope, "contained-in"))
                     if estate.gaps[g].kind in RIGHTS}  # fmt: skip
            for grant in self.engine.grants.get(scope, ()):
                gaps.update(estate.gaps_at(grant.role, "*"))
        for kind in ("identity", "group"):
            for principal in estate.nodes(kind) if gaps else ():
                for gap in gaps:
                    estate.mark_gap(principal, "holds", gap)


def _double_rows(estate: Estate) -> dict[int, set[str]]:
    """Principals that one role lists in several environments with duties that write: there the crossing is declared."""
    found: defaultdict[tuple[int, str], set[str]] = defaultdict(set)
    for row in estate.nodes("role-row"):
        if estate.get(row, "duties") & _WRITING:
            for principal in estate.neighbours(row, "names"):
                found[principal, str(estate.get(row, "role"))].add(str(estate.get(row, "environment")))
    merged: defaultdict[int, set[str]] = defaultdict(set)
    for (principal, _), environments in found.items():
        if len(environments) > 1:
            merged[principal] |= environments
    return merged
