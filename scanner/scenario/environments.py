"""Environments, sites and units: where a resource belongs, and what is outside the scenario's scope."""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import product

from scanner import ids, regions
from scanner.errors import Span
from scanner.findings import Finding, NodeRef
from scanner.graph import located
from scanner.graph.estate import Estate
from scanner.graph.ontology import STAGES
from scanner.scenario.model import Environment, Scenario
from scanner.scenario.recognise import Recogniser, ancestors, owner

_BOUND = (
    "arm-resource",
    "ml-asset",
    "resource-group",
    "subscription",
)  # an asset of three ARM types is no arm-resource
_CONTAINERS = {"tenant", "management-group", "resource-group", "subscription", "workspace"}
_MOST_OWNERS = 4  # what manages a manager of a manager: deep enough for Azure, and an end for circles


def scope(estate: Estate, scenario: Scenario) -> list[Finding]:
    """Sets aside what lies outside the scope: it is context and never judged.

    Returns findings of rule SCN02 for names under `except` that several subscriptions have: they leave out none.
    """
    if not any(entry.management_groups or entry.subscriptions or entry.exclude for entry in scenario.scope):
        return []
    called: dict[str, list[int]] = {}
    for node in estate.nodes("subscription"):
        called.setdefault(estate.name(node).lower(), []).append(node)
    several = {name: nodes for name, nodes in called.items() if len(nodes) > 1}
    inside = {node for node in estate.nodes("subscription") if _in_scope(estate, scenario, node, several)}
    for kind in _BOUND:
        for node in estate.nodes(kind):
            subscription = estate.node(str(estate.get(node, "subscription")))
            if subscription not in inside:
                estate.aside.add(node)
    for pool in estate.nodes("quota-pool"):
        if estate.node(str(estate.get(pool, "subscription"))) not in inside:
            estate.aside.add(pool)
    return [
        _ambiguous(estate, name, several[name.lower()], entry.span)
        for entry in scenario.scope for name in entry.exclude if name.lower() in several
    ]  # fmt: skip


def _ambiguous(estate: Estate, name: str, nodes: list[int], span: Span) -> Finding:
    listed = ", ".join(sorted(ids.last(estate.key(node)) for node in nodes))
    return Finding(
        "SCN02", "fail", NodeRef(f"name:{name.lower()}", "subscription", name), f"ambiguous:{listed}",
        f"`{name}` is the name of {len(nodes)} subscriptions ({listed}), so it leaves out none",
        line=span, fix="write the id of the one that is meant",
    )  # fmt: skip


def _in_scope(estate: Estate, scenario: Scenario, subscription: int, several: Collection[str]) -> bool:
    own, above = _names(estate, subscription)
    if excepted(estate, scenario, subscription, several):
        return False
    restricted = [entry for entry in scenario.scope if entry.subscriptions or entry.management_groups]
    return not restricted or any(
        {s.lower() for s in entry.subscriptions} & own or {g.lower() for g in entry.management_groups} & above
        for entry in restricted
    )


def _names(estate: Estate, subscription: int) -> tuple[set[str], set[str]]:
    """What a subscription is called, and what the management groups above it are."""
    above = {
        name
        for place in ancestors(estate, subscription)
        for name in (estate.name(place).lower(), ids.last(estate.key(place)))
    }
    return {estate.name(subscription).lower(), ids.last(estate.key(subscription))}, above


def excepted(estate: Estate, scenario: Scenario, subscription: int, several: Collection[str] = ()) -> bool:
    """Whether the scenario leaves a subscription out by name."""
    own, above = _names(estate, subscription)
    return any({e.lower() for e in entry.exclude} & ((own - set(several)) | above) for entry in scenario.scope)


def sites(estate: Estate, scenario: Scenario) -> None:
    """Site nodes, and on every region whether a site names it."""
    _own_regions(estate, scenario)
    by_region: dict[str, list[str]] = {}
    for site in scenario.sites:
        by_region.setdefault(site.region, []).append(site.name)
        region = located.region(estate, site.region)
        node = estate.add("site", f"site:{site.name}")
        estate.set(node, "name", site.name, site.span)
        estate.set(node, "region", site.region)
        estate.set(node, "does", frozenset(site.does))
        estate.set(node, "data", frozenset(site.data))
        estate.set(node, "audience", frozenset(site.audience))
        estate.connect(node, "sited-in", region)
    for region in estate.nodes("region"):
        named = by_region.get(estate.key(region), ())
        estate.set(region, "named-by-site", bool(named))
        estate.set(region, "sites", frozenset(named))


def _own_regions(estate: Estate, scenario: Scenario) -> None:
    """Regions that the table does not have lie where the scenario says."""
    for own in scenario.own_regions:
        if regions.region(own.name) is not None or not (own.country or own.boundaries):
            continue
        located.place(estate, own.name, own.country or None, own.boundaries, own.span)


def bind(estate: Estate, scenario: Scenario) -> None:
    """Environment nodes, and environment, stage, live and unit on every resource."""
    nodes: dict[str, int] = {}
    for environment in scenario.environments:
        node = nodes[environment.name] = estate.add("environment", f"environment:{environment.name}")
        estate.set(node, "name", environment.name, environment.span)
        estate.set(node, "stage", environment.stage, environment.span)
        estate.set(node, "live", environment.live)
        estate.set(node, "data", frozenset(environment.data))
        estate.set(node, "default-class", environment.default_class)
    finder = _Finder(estate, scenario)
    for kind in _BOUND:
        for node in estate.nodes(kind):
            if node in estate.aside:
                continue
            if doubts := finder.doubts(node):
                for attribute, gap in product(("environment", "stage", "live", "unit", "belongs-to"), doubts):
                    estate.mark_gap(node, attribute, gap)
                if estate.kind(node) == "workspace":
                    for gap in doubts:  # of any environment, there may be one more
                        estate.mark_unread("workspace", gap)
                continue
            found, unit = finder.of(node)
            if kind == "arm-resource" and estate.kind(node) == "resource":
                # context, judged only by people's own rules: no more than where it belongs
                estate.set(node, "environment", found.name if found else None, found.span if found else None)
                estate.set(node, "stage", found.stage if found else None)
                continue
            if found is None:
                estate.write(node, (("environment", None), ("stage", None), ("live", False), ("unit", unit)))
                continue
            estate.write(node, (("environment", found.name), ("stage", found.stage)), found.span)
            estate.write(node, (("live", found.live), ("unit", unit)))
            estate.connect(node, "belongs-to", nodes[found.name])
    _using(estate)


class _Finder:
    """The environment of a node, remembered for containers."""

    def __init__(self, estate: Estate, scenario: Scenario) -> None:
        self.estate = estate
        self.by_name = {e.name: e for e in scenario.environments}
        self.recogniser = Recogniser(estate, [(e.name, e.match) for e in scenario.environments])
        self.units = Units(estate, scenario)
        self.remembered: dict[int, Environment | None] = {}
        self.together: dict[tuple[int, int], tuple[Environment | None, str | None]] = {}
        self.managed: dict[int, bool] = {}

    def of(self, node: int) -> tuple[Environment | None, str | None]:
        """Environment and unit of a node; what lies together with equal tags has them in common."""
        key = self._alike(node)
        if key is None:
            return self.environment(node), self.units.of(node)
        found = self.together.get(key)
        if found is None:
            found = self.together[key] = (self.environment(node), self.units.of(node))
        return found

    def environment(self, node: int, depth: int = 0) -> Environment | None:
        """Of the manager for what is managed, and for all that lies in a managed group; else by the nearest match."""
        if node in self.remembered:
            return self.remembered[node]
        found = self._managed(node, depth) if self._is_managed(node) else self._own(node, depth)
        if self.estate.kind(node) in _CONTAINERS:
            self.remembered[node] = found
        return found

    def _alike(self, node: int) -> tuple[int, int] | None:
        """What resources share that are of one environment and unit for certain: container and tags; None for what is told apart."""
        estate = self.estate
        told_apart = self.recogniser.names or self.units.pattern is not None or estate.kind(node) in _CONTAINERS
        if told_apart or isinstance(estate.get(node, "managed-by"), str):
            return None
        above = estate.first(node, "contained-in")
        return None if above is None else (above, id(estate.get(node, "tags")))  # equal tags are one object

    def doubts(self, node: int, depth: int = 0) -> list[int]:
        """Gaps of unread containers that might have a say in the environment of a node; what is nearer decides."""
        if not self.recogniser.unread:
            return []
        if self._is_managed(node):
            manager = owner(self.estate, node) if depth < _MOST_OWNERS else None
            if manager is not None and self.estate.kind(manager) != "missing":
                return self.doubts(manager, depth + 1)
        own = self.recogniser.at(node)
        if own and not (
            self.recogniser.by_tags(node) and self._placed(node) and self.by_name[own[0]].stage != STAGES[-1]
        ):
            return []
        above = self.estate.first(node, "contained-in")
        if above is None:
            return []
        missing = self.estate.kind(above) in ("missing", "tenant")
        return self.recogniser.unread_above(node) if missing else self.doubts(above, depth)

    def _is_managed(self, node: int) -> bool:
        known = self.managed.get(node)
        if known is None:
            above = self.estate.first(node, "contained-in")
            known = isinstance(self.estate.get(node, "managed-by"), str) or (
                above is not None and self._is_managed(above)
            )
            if self.estate.kind(node) in _CONTAINERS:
                self.managed[node] = known
        return known

    def _managed(self, node: int, depth: int) -> Environment | None:
        manager = owner(self.estate, node) if depth < _MOST_OWNERS else None
        if manager is None or self.estate.kind(manager) == "missing":
            return self._own(node, depth)
        return self.environment(manager, depth + 1)

    def _own(self, node: int, depth: int) -> Environment | None:
        """Nearest first. A tag is a claim: where a place above says otherwise, the stricter stage applies."""
        own = self.recogniser.at(node)
        above = self.estate.first(node, "contained-in")
        around = self.environment(above, depth) if above is not None else None
        if not own:
            return around
        found = self.by_name[own[0]]
        if around is not None and around is not found and self.recogniser.by_tags(node) and self._placed(node):
            return max(found, around, key=lambda e: STAGES.index(e.stage))
        return found

    def _placed(self, node: int) -> bool:
        """Whether a subscription or management group above is matched as a place."""
        return any(
            self.recogniser.by_place(place) for place in ancestors(self.estate, node)
            if self.estate.kind(place) in ("subscription", "management-group")
        )  # fmt: skip


class Units:
    """Project or team of a resource, by the first of `structure.keys` or the one named, nearest first."""

    def __init__(self, estate: Estate, scenario: Scenario, key: str = "") -> None:
        self.estate = estate
        _, how = next(((k, h) for k, h in scenario.structure.keys.items() if key in ("", k)), ("", {}))
        self.tag = how.get("tag", "").lower()
        pattern = how.get("name", "")
        expression = re.sub(r"\\\{[^{}]*\\\}", "([a-z0-9-]+?)", re.escape(pattern.lower()).replace(r"\*", "[^/]*"))
        self.pattern = re.compile(expression) if pattern else None
        self.remembered: dict[int, str | None] = {}

    def of(self, node: int) -> str | None:
        """The unit of a node; containers are remembered, so that each is asked once."""
        if not self.tag and self.pattern is None:
            return None
        if node in self.remembered:
            return self.remembered[node]
        found = self._own(node)
        if found is None:
            above = self.estate.first(node, "contained-in")
            found = self.of(above) if above is not None else None
        if self.estate.kind(node) in _CONTAINERS:
            self.remembered[node] = found
        return found

    def _own(self, node: int) -> str | None:
        tags = self.estate.get(node, "tags")
        if self.tag and isinstance(tags, dict) and tags.get(self.tag):
            return str(tags[self.tag])
        if self.pattern is not None:
            found = self.pattern.fullmatch(self.estate.name(node).lower())
            if found and found.groups():
                return str(found.group(1))
        return None


def _using(estate: Estate) -> None:
    """Which environments a dependency or resource group serves; more could be in workspaces nobody could list."""
    users: dict[int, set[str]] = {}
    for edge in ("depends-on", "contained-in"):
        for user in estate.nodes("workspace"):
            name = estate.get(user, "environment")
            for node in estate.neighbours(user, edge):
                if isinstance(name, str):
                    users.setdefault(node, set()).add(name)
                for gap in estate.gaps_at(user, "environment"):
                    estate.mark_gap(node, "environments-using", gap)
    for kind in ("dependency", "resource-group"):
        estate.fill(kind, "environments-using", frozenset())
        for gap in estate.unread_gaps("workspace"):
            for node in estate.nodes(kind):
                estate.mark_gap(node, "environments-using", gap)
    used = {*estate.ontology.members("dependency"), "resource-group"}
    for node, names in users.items():
        if estate.kind(node) in used:
            estate.set(node, "environments-using", frozenset(names))
