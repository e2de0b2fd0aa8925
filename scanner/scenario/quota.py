"""What the scenario wants of quota: headroom on every pool, and the needs of its sites."""

from __future__ import annotations

from scanner import ids
from scanner.graph.estate import Estate
from scanner.scenario.model import Scenario, Site


def bind(estate: Estate, scenario: Scenario) -> None:
    """Writes `headroom-wanted` on pools and makes a node for each need."""
    wanted = scenario.quota
    for pool in estate.nodes("quota-pool"):
        estate.set(pool, "headroom-wanted", wanted.headroom, wanted.spans.get("headroom"))
    sites = {site.name: site for site in scenario.sites}
    for number, need in enumerate(wanted.needs):
        site = sites[need.site]
        node = estate.add("quota-need", f"quota-need:{number}")
        estate.set(node, "name", f"{need.family} at {need.site}", need.span)
        estate.set(node, "site", need.site)
        estate.set(node, "region", site.region)
        estate.set(node, "family", need.family.lower() if need.model else ids.fold_family(need.family))
        estate.set(node, "of", "model" if need.model else "family")
        estate.set(node, "amount", need.amount, need.span)
        estate.set(node, "for", need.purpose)
        homes = _homes(scenario, site)
        serving = frozenset(
            s.region for s in scenario.sites
            if {"serve", "serve-batch"} & set(s.does) and all(s.region in home for home in _homes(scenario, s))
        )  # fmt: skip
        estate.set(node, "home-regions", frozenset.intersection(serving, *homes))


def _homes(scenario: Scenario, site: Site) -> list[frozenset[str]]:
    """The homes of the classes of a site; a class that may be anywhere has none."""
    classes = (scenario.data_class(name) for name in site.data)
    return [c.home.regions for c in classes if c is not None and c.home is not None]
