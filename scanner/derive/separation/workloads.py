"""Workloads: in which environments each one runs or holds rights, and in which of them it has no business."""

from __future__ import annotations

from collections import defaultdict

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


def derive(engine: Engine, table: Table) -> None:
    """Writes `acts-in`, `acts-undeclared-in` and `acts-in-production` on service principals and managed identities."""
    estate = engine.estate
    rights, listed = _rights(engine, table)
    services: defaultdict[int, set[str]] = defaultdict(set)
    for row in estate.nodes("service-row"):
        for principal in estate.neighbours(row, "names"):
            services[principal] |= estate.get(row, "where")
    everywhere = {estate.name(node) for node in estate.nodes("environment")}
    for workload in estate.nodes("workload"):
        home, doubts = home_of(estate, workload)
        acts = rights[workload] | home
        declared = listed[workload] | services[workload] | (home if len(home) == 1 else set())
        declared |= {estate.get(row, "environment") for row in table.rows.get(workload, ())}
        declared |= table.administered.get(workload, set())
        if estate.get(workload, "release-workload") is True:
            declared |= set(table.production)
        if estate.get(workload, "structure-creator") is True:
            declared |= everywhere
        in_production = bool(acts & set(table.production)) or estate.get(workload, "release-workload") is True
        gaps = [*doubts, *estate.gaps_at(workload, "holds"), *estate.gaps_at(workload, "origin")]
        estate.set(workload, "acts-in", frozenset(acts))
        estate.set(workload, "acts-undeclared-in", frozenset(acts - declared))
        for gap in gaps:
            for attribute in ("acts-in", "acts-undeclared-in", "acts-in-production"):
                estate.mark_gap(workload, attribute, gap)
        if in_production or not gaps:
            estate.set(workload, "acts-in-production", in_production)


def _rights(engine: Engine, table: Table) -> tuple[defaultdict[int, set[str]], defaultdict[int, set[str]]]:
    """Environments in which a workload holds more than reader roles, and those where a row of a group it is in says so."""
    estate = engine.estate
    workloads = set(estate.nodes("workload"))
    rights: defaultdict[int, set[str]] = defaultdict(set)
    listed: defaultdict[int, set[str]] = defaultdict(set)
    for scope, found in engine.grants.items():
        unit = estate.get(scope, "unit")
        for grant in found:
            classes = estate.get(grant.node, "classes")
            reached = estate.get(grant.node, "environments")
            if (
                not reached
                or estate.get(grant.node, "origin") not in _JUDGED
                or classes is UNSET
                or not classes - {"read"}
            ):
                continue
            for workload in engine.members(grant.principal):
                if workload in workloads:
                    rights[workload] |= reached
                    if grant.principal != workload:
                        listed[workload] |= {
                            e for e in reached
                            if e in table.administered.get(grant.principal, ())
                            or table.behind(grant.principal, e, unit if isinstance(unit, str) else None)
                        }  # fmt: skip
    return rights, listed


def home_of(estate: Estate, workload: int) -> tuple[set[str], list[int]]:
    """Environments of the resources that run as an identity, and the gaps that may hide one."""
    if estate.kind(workload) != "managed-identity":
        return set(), []
    hosts = [h for h in estate.neighbours(workload, "identity-of") if estate.kind(h) != "user-assigned-identity"]
    own = estate.node(str(estate.get(workload, "host")))
    if own is not None and estate.get(workload, "user-assigned") is False and own not in hosts:
        hosts.append(own)
    home = {name for host in hosts if isinstance(name := estate.get(host, "environment"), str)}
    unknown = not hosts or any(
        estate.kind(host) == "missing" or estate.get(host, "environment") is UNSET for host in hosts
    )
    return home, estate.unread_gaps(*_HOSTS) if unknown or estate.get(workload, "user-assigned") is not False else []
