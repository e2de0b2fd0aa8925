"""Declared flows: what the scenario lets cross between sites or environments, as nodes that derivations and rules read."""

from __future__ import annotations

from datetime import date

from scanner.graph.estate import Estate
from scanner.scenario.model import Flow, Scenario


def bind(estate: Estate, scenario: Scenario, today: date | None = None) -> None:
    """Writes a node for each flow; without `today` none has ended."""
    sites = {site.name for site in scenario.sites}
    environments = {environment.name for environment in scenario.environments}
    for number, flow in enumerate(scenario.flows):
        node = estate.add("flow", f"flow:{number}")
        estate.set(node, "name", words(flow), flow.span)
        estate.set(node, "what", flow.what)
        estate.set(node, "from", flow.source)
        estate.set(node, "to", flow.target)
        estate.set(node, "from-is", _ends(flow.source, sites, environments))
        estate.set(node, "to-is", _ends(flow.target, sites, environments))
        estate.set(node, "class", flow.data_class)
        estate.set(node, "becomes", flow.becomes)
        estate.set(node, "approver", flow.approved_by)
        estate.set(node, "in-force", in_force(flow, today), flow.span)


def in_force(flow: Flow, today: date | None) -> bool:
    """Whether a flow has not ended; its last day still counts."""
    return flow.until is None or today is None or date.fromisoformat(flow.until) >= today


def words(flow: Flow) -> str:
    """A flow as people say it: `model from core to australia, class behaviour-eu becomes public`."""
    said = f"{flow.what} from {flow.source} to {flow.target}"
    if flow.data_class:
        said += f", class {flow.data_class}"
    return f"{said} becomes {flow.becomes}" if flow.becomes else said


def _ends(name: str, sites: set[str], environments: set[str]) -> frozenset[str]:
    """What an end names; a site and an environment may have one name, and then it is both."""
    found = {"site"} if name in sites else set()
    return frozenset(found | ({"environment"} if name in environments else set()))
