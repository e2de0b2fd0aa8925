"""Workloads: in which environments each one runs or holds rights, and in which of them it has no business."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from scanner.derive.access.approval import seen_hosts
from scanner.derive.access.engine import Engine
from scanner.derive.table import Table
from scanner.graph.estate import UNSET, Estate

_HOSTS = (
    "workspace",
    "compute",
    "online-endpoint",
    "batch-endpoint",
    "model-account",
    "ml-registry",
    "user-assigned-identity",
)
_JUDGED = {"own", "host-default"}


@dataclass(slots=True)
class _Rights:
    """Environments by workload in which it holds more than reader roles, and those where a row of a group it is in says so.

    `open` are groups nobody could look into: what any workload may hold by them, whether a row says so, and the gaps.
    """

    held: defaultdict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    listed: defaultdict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    open: list[tuple[frozenset[str], set[str], tuple[int, ...]]] = field(default_factory=list)


def derive(engine: Engine, table: Table) -> None:
    """Writes `acts-in`, `acts-undeclared-in` and `acts-in-production` on service principals and managed identities."""
    estate = engine.estate
    rights, rows = _rights(engine, table), _Rows(engine, table)
    services: defaultdict[int, set[str]] = defaultdict(set)
    for row in estate.nodes("service-row"):
        for principal in estate.neighbours(row, "names"):
            services[principal] |= estate.get(row, "where")
    everywhere = {estate.name(node) for node in estate.nodes("environment")}
    production = set(table.production)
    for workload in estate.nodes("workload"):
        home, unseen_hosts = home_of(estate, workload)
        acts = rights.held[workload] | home
        declared = rights.listed[workload] | services[workload] | (home if len(home) == 1 else set())
        declared |= {estate.get(row, "environment") for row in table.rows.get(workload, ())}
        declared |= table.administered.get(workload, set())
        if estate.get(workload, "release-workload") is True:
            declared |= production
        if estate.get(workload, "structure-creator") is True:
            declared |= everywhere
        unread = list(estate.gaps_at(workload, "holds"))
        undeclared = acts - declared
        doubts: dict[str, list[int]] = {}
        for name in undeclared:
            if found := [*rows.doubts(workload, name, rights, unread), *_unnamed(estate, workload, name in production)]:
                doubts[name] = found
        if unseen_hosts and not home and len(undeclared) == 1:
            doubts.setdefault(next(iter(undeclared)), unseen_hosts)  # it may be at home there
        gaps = [*unseen_hosts, *unread, *estate.gaps_at(workload, "origin")]
        further = _further(rights, acts, undeclared)
        estate.set(workload, "acts-in", frozenset(acts))
        estate.set(workload, "acts-undeclared-in", frozenset(undeclared - doubts.keys()))
        for gap in (*gaps, *further, *(gap for found in doubts.values() for gap in found)):
            for attribute in ("acts-in", "acts-undeclared-in"):
                estate.mark_gap(workload, attribute, gap)
        gaps += [gap for reached, _, found in rights.open if reached & production for gap in found]
        gaps += estate.gaps_at(workload, "release-workload")
        for gap in gaps:
            estate.mark_gap(workload, "acts-in-production", gap)
        in_production = bool(acts & production) or estate.get(workload, "release-workload") is True
        if in_production or not gaps:
            estate.set(workload, "acts-in-production", in_production)


def _unnamed(estate: Estate, workload: int, of_production: bool) -> list[int]:
    """Why the scenario may name a workload as the one that releases, or as one that creates what the estate is made of."""
    said = ("structure-creator", "release-workload") if of_production else ("structure-creator",)
    return [gap for name in said for gap in estate.gaps_at(workload, name)]


def _rights(engine: Engine, table: Table) -> _Rights:
    estate = engine.estate
    workloads = set(estate.nodes("workload"))
    found = _Rights()
    for scope, grants in engine.grants.items():
        unit = estate.get(scope, "unit")
        for grant in grants:
            classes = estate.get(grant.node, "classes")
            reached = estate.get(grant.node, "environments")
            if (
                not reached
                or estate.get(grant.node, "origin") not in _JUDGED
                or classes is UNSET
                or not classes - {"read"}
            ):
                continue
            members = engine.members(grant.principal)
            here = {
                e for e in reached
                if e in table.administered.get(grant.principal, ())
                or table.behind(grant.principal, e, unit if isinstance(unit, str) else None)
            }  # fmt: skip
            for workload in members:
                if workload in workloads:
                    found.held[workload] |= reached
                    if grant.principal != workload:
                        found.listed[workload] |= here
            gaps = tuple(gap for member in members & engine.unseen for gap in estate.gaps_at(member, "*"))
            if gaps:
                found.open.append((reached, here, gaps))
    return found


def _further(rights: _Rights, acts: set[str], undeclared: set[str]) -> list[int]:
    """Gaps of groups nobody could look into, by which a workload may act where nothing puts it."""
    return [
        gap
        for reached, listed, gaps in rights.open
        if len(acts | reached) > 1 and (undeclared or reached - listed) and not reached <= acts
        for gap in gaps
    ]


class _Rows:
    """Why a row may put a workload somewhere although nothing was seen to."""

    def __init__(self, engine: Engine, table: Table) -> None:
        self.engine = engine
        estate = engine.estate
        self._groups: defaultdict[str, list[int]] = defaultdict(list)  # by environment, those that rows name
        for principal, rows in table.rows.items():
            for row in rows:
                self._groups[estate.get(row, "environment")].append(principal)
        for principal, names in table.administered.items():
            for name in names:
                self._groups[name].append(principal)
        unread = estate.unread_gaps("group", "service-principal")
        self._nameless: defaultdict[str, list[int]] = defaultdict(list)
        for kind, says in (("role-row", "environment"), ("administrator-row", "over"), ("service-row", "where")):
            for row in estate.nodes(kind) if unread else ():
                if not estate.neighbours(row, "names"):
                    said = estate.get(row, says)
                    for name in {said} if isinstance(said, str) else said:
                        self._nameless[name] += unread

    def doubts(self, workload: int, environment: str, rights: _Rights, unread: list[int]) -> list[int]:
        """The gaps behind which a row may put a workload into an environment; `unread` are lists of rights."""
        engine = self.engine
        found = [gap for _, listed, gaps in rights.open if environment in listed for gap in gaps]
        found += self._nameless[environment]
        inside = (engine.members(group) for group in self._groups[environment] if group != workload)
        if unread and any(workload in members or members & engine.unseen for members in inside):
            found += unread
        return found


def home_of(estate: Estate, workload: int) -> tuple[set[str], list[int]]:
    """Environments of the resources that run as an identity, and the gaps that may hide one."""
    if estate.kind(workload) != "managed-identity":
        return set(), []
    hosts = seen_hosts(estate, workload)
    own = estate.node(str(estate.get(workload, "host")))
    if own is not None and estate.get(workload, "user-assigned") is False and own not in hosts:
        hosts.append(own)
    home = {name for host in hosts if isinstance(name := estate.get(host, "environment"), str)}
    unknown = not hosts or any(
        estate.kind(host) == "missing" or estate.get(host, "environment") is UNSET for host in hosts
    )
    return home, estate.unread_gaps(*_HOSTS) if unknown or estate.get(workload, "user-assigned") is not False else []
