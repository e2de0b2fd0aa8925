"""Counts what the scenario's structure promises: workspaces of each unit, and of each room that is shared."""

from __future__ import annotations

from collections import defaultdict

from scanner.graph.estate import UNSET, Estate


def derive(estate: Estate) -> None:
    """Makes units, and writes how many workspaces each environment has."""
    _units(estate)
    _environments(estate)


def _units(estate: Estate) -> None:
    """A unit may have a workspace in each region; a second one in the same region is one too many."""
    found: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for workspace in estate.nodes("workspace"):
        unit, region = estate.get(workspace, "structure-unit"), estate.get(workspace, "region")
        if estate.get(workspace, "own-room") is True and isinstance(unit, str) and isinstance(region, str):
            found[unit, region].append(workspace)
        for gap in (*estate.gaps_at(workspace, "structure-unit"), *estate.gaps_at(workspace, "own-room")):
            estate.mark_unread("structure-unit", gap)  # it may be a second one of any unit
    for (unit, region), workspaces in sorted(found.items()):
        node = estate.add("structure-unit", f"structure-unit:{unit.lower()}|{region}", unit)
        names = frozenset(estate.name(workspace) for workspace in workspaces)
        if len(names) < len(workspaces):  # of one name in two groups
            names = frozenset(estate.key(workspace) for workspace in workspaces)
        estate.set(node, "workspaces", names, estate.line(workspaces[0], "structure-unit"))
        estate.set(node, "region", region)
    for gap in estate.unread_gaps("workspace"):
        estate.mark_unread("structure-unit", gap)


def _environments(estate: Estate) -> None:
    counted: defaultdict[str, int] = defaultdict(int)
    gaps = estate.unread_gaps("workspace")
    for workspace in estate.nodes("workspace"):
        name = estate.get(workspace, "environment")
        if isinstance(name, str) and workspace not in estate.aside and estate.get(workspace, "workspace-kind") != "hub":
            counted[name] += 1
    for environment in estate.nodes("environment"):
        estate.set(environment, "workspaces", UNSET if gaps else counted[estate.name(environment)])
        for gap in gaps:
            estate.mark_gap(environment, "workspaces", gap)
