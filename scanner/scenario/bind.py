"""Writes the scenario onto the estate: each attribute, node and edge with the line it comes from."""

from __future__ import annotations

from datetime import date

from scanner.errors import Span
from scanner.findings import Finding, NodeRef
from scanner.graph.estate import Estate
from scanner.scenario import classes, coherence, environments, flows, quota, rows, services, structure
from scanner.scenario.model import Scenario
from scanner.scenario.names import Names


def bind(estate: Estate, scenario: Scenario, today: date | None = None) -> tuple[Finding, ...]:
    """Binds, in order: scope, sites, environments and units, flows, shared services, data classes, principals and rows, quota.

    `today` is the day by which flows have ended; without it none has. Returns what binding
    decides: names that stand for nobody or for several (SCN02), and what cannot hold whatever the estate is like (the other SCN rules).
    """
    _scenario(estate, scenario)
    unclear = environments.scope(estate, scenario)
    environments.sites(estate, scenario)
    environments.bind(estate, scenario)
    flows.bind(estate, scenario, today)
    services.bind(estate, scenario)
    classes.bind(estate, scenario)
    structure.bind(estate, scenario)
    names = Names(estate, scenario.span)
    rows.bind(estate, scenario, names)
    quota.bind(estate, scenario)
    return (
        *coherence.findings(scenario),
        *_tenants(estate, scenario),
        *unclear,
        *names.findings,
    )


def _scenario(estate: Estate, scenario: Scenario) -> None:
    node = estate.add("scenario", f"scenario:{scenario.name}")
    estate.set(node, "name", scenario.name, scenario.span)
    estate.set(node, "patterns", frozenset(scenario.patterns))
    estate.set(node, "keys", scenario.keys)
    estate.set(node, "audience-tag", scenario.audience_tag)
    base = frozenset(registry.lower() for registry, may in scenario.catalogues if "base-model" in may)
    estate.set(node, "base-model-catalogues", base)
    wanted = scenario.quota
    for key, value in (
        ("headroom", wanted.headroom),
        ("fair-share", wanted.fair_share),
        ("production-pool", wanted.production_pool),
        ("survive-region-loss", wanted.survive_region_loss),
    ):
        estate.set(node, key, value, wanted.spans.get(key))


def _tenants(estate: Estate, scenario: Scenario) -> list[Finding]:
    """A scenario for another tenant approves nobody here."""
    tenant = estate.node("/")
    if tenant is None:
        return []
    found = estate.original(tenant).lower()
    if found == "/":
        return []
    return [
        _mismatch(entry.tenant, found, entry.span) for entry in scenario.scope if entry.tenant and entry.tenant != found
    ]


def _mismatch(wanted: str, found: str, span: Span) -> Finding:
    subject = NodeRef(f"name:{wanted}", "tenant", wanted, wanted)
    return Finding(
        "SCN02",
        "fail",
        subject,
        f"tenant:{found}",
        f"the scenario is for tenant {wanted}; this estate is tenant {found}",
        line=span,
    )
