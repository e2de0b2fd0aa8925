"""Shared services the scenario declares: central registries, logs and vaults, and the region each is meant to be in."""

from __future__ import annotations

from scanner import ids
from scanner.graph.estate import Estate
from scanner.scenario.model import Scenario, Shared

_KINDS = {
    "registry": {"container-registry", "ml-registry"},
    "logs": {"log-analytics", "application-insights"},
    "vault": {"key-vault"},
    "dns": {"resource"},
}


def bind(estate: Estate, scenario: Scenario) -> None:
    """Writes `shared` and `at-declared-region` on every resource that could be shared."""
    by_name: dict[str, Shared] = {}
    for entry in scenario.shared:
        by_name[ids.fold(entry.on) if entry.on.startswith("/") else entry.on.lower()] = entry
    for kind in ("service", "ml-registry", "workspace", "resource-group"):
        estate.fill(kind, "shared", False)
        estate.fill(kind, "at-declared-region", False)
        for node in estate.nodes(kind) if by_name else ():
            entry_ = by_name.get(estate.key(node)) or by_name.get(estate.name(node).lower())
            if entry_ is not None and estate.kind(node) in _KINDS[entry_.kind]:
                estate.set(node, "shared", True, entry_.span)
                there = entry_.region is None or estate.get(node, "region") == entry_.region
                estate.set(node, "at-declared-region", there, entry_.span)
