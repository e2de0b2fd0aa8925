"""What the scenario demands of people and workloads beside the role table: activation, approvers, writers, who creates, emergency accounts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from scanner import ids
from scanner.errors import Span
from scanner.graph.estate import Estate
from scanner.scenario.model import RoleRow, Scenario
from scanner.scenario.names import Names, behind_tokens, filled, flag

_WORKLOADS = ("service-principal", "managed-identity")
_ANYBODY = (*_WORKLOADS, "group")


def activation(estate: Estate, names: Names, row: RoleRow, node: int) -> None:
    """Writes on a role row what activating it is to ask for."""
    wanted = row.activation
    estate.set(node, "max-hours", wanted.get("max-hours"), row.span)
    estate.set(node, "mfa", wanted.get("mfa", False), row.span)
    if "approved-by" not in wanted:
        estate.set(node, "approvers", None)
        return
    found: set[str] = set()
    for name in wanted["approved-by"]:
        group = names.find(name, ("group",), row.span)
        if group is None:
            return  # who is meant is not known; neither is who is not
        estate.connect(node, "approved-by", group)
        found |= {estate.key(member) for member in within(estate, group)}
    estate.set(node, "approvers", frozenset(found), row.span)


def within(estate: Estate, group: int) -> set[int]:
    """A group and everybody in it or eligible to be, at any depth: whoever may activate a membership has what it gives."""
    seen = {group}
    waiting = [group]
    while waiting:
        here = waiting.pop()
        for edge in ("has-member", "has-eligible-member"):
            for member in estate.neighbours(here, edge):
                if member not in seen:
                    seen.add(member)
                    waiting.append(member)
    return seen


def unread_within(estate: Estate, named: Iterable[int]) -> list[int]:
    """Gaps of lists of members of the groups among these: whoever is in one is named with it."""
    edges = [edge for edge in ("has-member", "has-eligible-member") if edge in estate.gap_names]
    return [gap for node in named for edge in edges for gap in estate.gaps_at(node, edge)]


def bind(estate: Estate, scenario: Scenario, names: Names, units: Mapping[str, Sequence[str]]) -> None:
    """Binds creators, approvers of releases, subjects of the release workload, writers of shared services, emergency accounts.

    `units` are the projects or teams of each environment.
    """
    _creators(estate, scenario, names)
    every = sorted({unit for found in units.values() for unit in found})
    _approvers(estate, scenario, names, every)
    _subjects(estate, scenario, names, every)
    _writers(estate, scenario, names)
    _accounts(estate, scenario)


def _creators(estate: Estate, scenario: Scenario, names: Names) -> None:
    named: dict[int, Span | None] = {}
    doubts: list[int] = []
    for name in scenario.structure.created_by:
        creator = names.find(name, _ANYBODY, scenario.span)
        if creator is None:
            doubts += names.unread(_ANYBODY)
        else:
            named |= dict.fromkeys(within(estate, creator))
    flag(estate, ("principal",), "structure-creator", named, [*doubts, *unread_within(estate, named)])


def _approvers(estate: Estate, scenario: Scenario, names: Names, units: Sequence[str]) -> None:
    """Approving happens in pipelines, not in ARM: who does it is declared."""
    named: dict[int, Span | None] = {}
    doubts: list[int] = []
    for approver in scenario.release.approvers if scenario.release else ():
        span = scenario.release.span if scenario.release else scenario.span
        doubts += behind_tokens(estate, approver)
        for _, name in filled(approver, units):
            group = names.find(name, ("group",), span)
            if group is None:
                doubts += names.unread(("group",))
            else:
                named[group] = span
    flag(estate, ("group",), "release-approver", named, doubts)


def _subjects(estate: Estate, scenario: Scenario, names: Names, units: Sequence[str]) -> None:
    """A subject is declared when it is one of the release's, for the project of every workload that trusts it.

    Letters count as written: Entra compares subjects with case, so another case is another subject, and admits others.
    """
    release = scenario.release
    # a project nobody could see, or a workload nobody could look up, may be whose subject it is
    doubts = estate.unread_gaps("workspace", "service-principal") if release is not None else []
    allowed: dict[int, set[str]] = {}
    if release is not None:
        for unit, name in filled(release.workload, units):
            workload = names.find(name, _WORKLOADS, release.span)
            if workload is not None:
                own = [unit] if unit is not None else units
                allowed.setdefault(workload, set()).update(s for text in release.subjects for _, s in filled(text, own))
    for subject in estate.nodes("outside-subject"):
        text = estate.get(subject, "subject")
        trusting = estate.neighbours(subject, "trusted-by")
        declared = bool(trusting) and all(text in allowed.get(workload, ()) for workload in trusting)
        for gap in () if declared else doubts:
            estate.mark_gap(subject, "declared", gap)
        if declared or not doubts:
            estate.set(subject, "declared", declared, release.span if release else None)


def _writers(estate: Estate, scenario: Scenario, names: Names) -> None:
    for entry in scenario.shared:
        writers = [names.find(name, _ANYBODY, entry.span) for name in entry.written_by]
        wanted = ids.fold(entry.on) if entry.on.startswith("/") else entry.on.lower()
        for kind in ("dependency", "log-analytics", "ml-registry"):
            for node in estate.nodes(kind):
                if estate.get(node, "shared") is True and wanted in (estate.key(node), estate.name(node).lower()):
                    if kind == "ml-registry":
                        estate.set(node, "environments-using", frozenset(entry.used_by), entry.span)
                    for writer in writers:
                        if writer is not None:
                            estate.connect(node, "written-by", writer)


def _accounts(estate: Estate, scenario: Scenario) -> None:
    node = next(estate.nodes("scenario"), None)
    if node is None or scenario.break_glass is None:
        return
    estate.set(node, "break-glass-accounts", len(scenario.break_glass.accounts), scenario.break_glass.span)
    estate.set(node, "break-glass-at-most", scenario.break_glass.at_most, scenario.break_glass.span)
