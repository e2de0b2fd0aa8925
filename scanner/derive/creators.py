"""Assignments that let somebody create resource groups and workspaces, or write the tags an environment is recognised by."""

from __future__ import annotations

from collections.abc import Iterable

from scanner.derive.access.actions import Action, Right
from scanner.derive.access.engine import CONTAINERS, Engine
from scanner.derive.access.held import Held
from scanner.derive.table import Table
from scanner.graph.estate import UNSET

_GROUP = Action("microsoft.resources/subscriptions/resourcegroups/write")
_WORKSPACE = Action("microsoft.machinelearningservices/workspaces/write")
_CREATING = (
    (Right("create resource groups", (_GROUP,)), "resource-group", ("subscription", "management-group", "tenant")),
    (Right("create workspaces", (_WORKSPACE,)), "workspace", CONTAINERS),
)
# whoever may write a resource writes its tags with it
_TAGGING = Right("write tags", (Action("microsoft.resources/tags/write"), _GROUP, _WORKSPACE))
_PLATFORM = {"microsoft", "host-default", "policy", "service"}


def derive(engine: Engine, table: Table) -> None:
    """Writes `creates`, `retags` and `of-structure` on assignments at scopes that hold something of the estate."""
    estate = engine.estate
    by_tag = frozenset(estate.name(e) for e in estate.nodes("environment") if estate.get(e, "by-tag") is True)
    doubtful = _doubtful(engine)
    for scope, grants in engine.grants.items():
        kind = engine.kind_at(scope)
        unplaced = doubtful.get(scope, ())
        reached = [grant for grant in grants if unplaced or estate.get(grant.node, "environments")]
        if not reached or kind not in (*CONTAINERS, "workspace"):
            for grant in grants:  # nothing of the estate is below, or nothing can be created there
                estate.write(grant.node, (("creates", frozenset()), ("retags", frozenset())))
            continue
        rights = [(right, word) for right, word, kinds in _CREATING if kind in kinds]
        creates = _found(engine, scope, [right for right, _ in rights])
        tagging = _found(engine, scope, [_TAGGING])
        for grant in reached:
            words = {word for (_, word), held in zip(rights, creates, strict=True) if grant.node in held}
            doubts = [
                held[grant.node] for held in (*creates, *tagging) if grant.node in held and not held[grant.node].certain
            ]
            unread = estate.get(grant.role, "permissions") is UNSET
            environments = estate.get(grant.node, "environments") & by_tag if grant.node in tagging[0] else frozenset()
            sure = not doubts and not unread
            more = (
                unplaced if by_tag and grant.node in tagging[0] else ()
            )  # it may write tags there, whose they are is not known
            for name, value, gaps in (("creates", frozenset(words), ()), ("retags", environments, more)):
                if (sure or (not unread and not value)) and not (gaps and not value):
                    estate.set(grant.node, name, value)
                    continue
                for gap in (*gaps, *(g for held in doubts for g in held.gaps), *estate.gaps_at(grant.role, "*")):
                    estate.mark_gap(grant.node, name, gap)
            if words or environments or unread or more:
                _declared(engine, table, grant.node, grant.principal)


def _doubtful(engine: Engine) -> dict[int, list[int]]:
    """Scopes at or above a workspace whose environment nobody could tell, with the gaps that say why."""
    estate = engine.estate
    found: dict[int, list[int]] = {}
    for workspace in estate.nodes("workspace"):
        gaps = estate.gaps_at(workspace, "environment")
        if gaps and workspace not in estate.aside and estate.get(workspace, "environment") is UNSET:
            for scope in engine.chain(workspace):
                found.setdefault(scope, []).extend(gaps)
    return found


def _found(engine: Engine, scope: int, rights: Iterable[Right]) -> list[dict[int, Held]]:
    """For each right, the assignments at a scope that give it to somebody whom no denial keeps from it."""
    answers: list[dict[int, Held]] = []
    for right in rights:
        found: dict[int, Held] = {}
        for held in engine.at_free(scope, right):
            if held.grant.node not in found or held.certain:
                found[held.grant.node] = held
        answers.append(found)
    return answers


def _declared(engine: Engine, table: Table, node: int, principal: int) -> None:
    """Platform, administrators, whoever the scenario lets create, and rows that provision."""
    estate = engine.estate
    origin, reached = estate.get(node, "origin"), estate.get(node, "environments")
    over = table.administered.get(principal, set())
    administers = bool(over and reached <= over) or (
        estate.kind(principal) != "group" and estate.get(principal, "administrator") is True
    )
    provisions = bool(reached) and all(
        "provision" in table.duties(principal, environment, None) for environment in reached
    )
    creator = estate.get(principal, "structure-creator") is True or estate.get(principal, "break-glass") is True
    if administers or provisions or creator or origin in _PLATFORM:
        estate.set(node, "of-structure", True)
        return
    gaps = [*estate.gaps_at(node, "origin"), *table.unnamed]
    gaps += [gap for said in ("break-glass", "structure-creator") for gap in estate.gaps_at(principal, said)]
    if origin is UNSET or gaps:
        for gap in gaps:
            estate.mark_gap(node, "of-structure", gap)
        return
    estate.set(node, "of-structure", False)
