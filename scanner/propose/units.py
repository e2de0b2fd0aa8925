"""Structure: the tag of projects or teams, what has a workspace or a group of its own, shared services, quota that is kept free."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace

from scanner.graph.estate import Estate
from scanner.propose.draft import Draft, Shared, Structure
from scanner.propose.places import keys_among, tagged
from scanner.propose.words import COST_TAGS, UNIT_TAGS, plural, some
from scanner.scenario.recognise import ancestors

_SHARED = {
    "container-registry": "registry",
    "ml-registry": "registry",
    "log-analytics": "logs",
    "application-insights": "logs",
    "key-vault": "vault",
}


def structured(estate: Estate, draft: Draft) -> Draft:
    """The draft with structure, shared services and quota."""
    return _quota(estate, replace(draft, structure=_structure(estate, draft), shared=tuple(_shared(estate))))


def _structure(estate: Estate, draft: Draft) -> Structure:
    exploring = {e.name for e in draft.environments if e.stage == "exploration"}
    workspaces = [
        n
        for n in estate.nodes("workspace")
        if isinstance(estate.get(n, "environment"), str)
        and estate.get(n, "environment") not in exploring
        and estate.get(n, "workspace-kind") != "hub"  # its projects are the units' own
    ]
    tags = keys_among(estate, workspaces, tuple(UNIT_TAGS))
    best = max(tags, key=lambda key: (sum(tags[key].values()), len(tags[key])), default=None)
    evidence = []
    unit = ""
    if best is not None and sum(tags[best].values()) * 2 > len(workspaces):
        unit = UNIT_TAGS[best]
        evidence.append(
            f"tag {best} is on {sum(tags[best].values())} of {len(workspaces)} workspaces, with {plural(len(tags[best]), 'value')}"
        )

    def of(node: int) -> tuple[object, ...]:
        return (
            tagged(estate, node, best) if unit and best else estate.get(node, "region"),
            estate.get(node, "environment"),
        )

    word = unit or "site"
    several = len(draft.environments) - len(exploring) > 1
    per = f"{word}-and-environment" if several else word
    apart = len(workspaces) > 1 and len({of(n) for n in workspaces}) == len(workspaces)
    if apart:
        evidence.append(f"no two workspaces are of one {per.replace('-and-', ' and ')}")
    group = _group_per(estate, workspaces, of, per) if len(workspaces) > 1 else ""
    if group:
        evidence.append(f"resource groups are apart by {group.replace('-and-', ' and ')}")
    costs = keys_among(estate, [*workspaces, *estate.nodes("resource-group")], COST_TAGS)
    cost = max(costs, key=lambda key: sum(costs[key].values()), default="")
    if cost:
        evidence.append(f"tag {cost} is on {plural(sum(costs[cost].values()), 'workspace')} or groups")
    return Structure(unit, best or "" if unit else "", per if apart else "", group, cost, tuple(evidence))


def _group_per(estate: Estate, workspaces: list[int], of: Callable[[int], tuple[object, ...]], per: str) -> str:
    groups: defaultdict[int, set[tuple[object, ...]]] = defaultdict(set)
    counted: defaultdict[int, int] = defaultdict(int)
    for node in workspaces:
        place = next((p for p in ancestors(estate, node) if estate.kind(p) == "resource-group"), None)
        if place is None:
            return ""
        groups[place].add(of(node))
        counted[place] += 1
    if not groups or any(len(units) > 1 for units in groups.values()):
        return ""
    if len(groups) == len({unit for units in groups.values() for unit in units}):
        return per
    return "workspace" if all(n == 1 for n in counted.values()) else ""


def _shared(estate: Estate) -> Iterator[Shared]:
    for kind, word in _SHARED.items():
        for node in estate.nodes(kind):
            using = estate.get(node, "environments-using")
            region = estate.get(node, "region")
            if node not in estate.aside and isinstance(using, frozenset) and len(using) > 1 and isinstance(region, str):
                yield Shared(
                    estate.original(node),
                    word,
                    tuple(sorted(using)),
                    region,
                    f"workspaces of {some(using)} use {estate.name(node)}",
                )


def _quota(estate: Estate, draft: Draft) -> Draft:
    evidence = []
    free = [
        float(h)
        for n in estate.nodes("quota-pool")
        if estate.get(n, "in-use") is True and isinstance(h := estate.get(n, "headroom"), int | float)
    ]
    headroom = min(0.2, math.floor(min(free) * 20) / 20) if free and min(free) >= 0.05 else None
    if headroom:
        evidence.append(f"the fullest of {plural(len(free), 'pool')} in use keeps {min(free):.0%} free")
    stages = {e.name: e.stage for e in draft.environments}
    inside: set[object] = set()
    outside: set[object] = set()
    for node in estate.nodes("workspace"):
        stage = stages.get(str(estate.get(node, "environment")))
        if stage:
            (inside if stage == "production" else outside).add(estate.get(node, "subscription"))
    own = bool(inside and outside) and not inside & outside
    if own:
        evidence.append("no subscription holds workspaces of production and of another environment")
    return replace(draft, headroom=headroom, own_pool=own, quota_evidence=tuple(evidence))
