"""What production is made of: registries it takes images and models from, who else can write them, and which assets were made by hand."""

from __future__ import annotations

import re

from scanner import ids
from scanner.derive.access import denials
from scanner.derive.access.engine import RIGHTS, Engine
from scanner.derive.access.held import Grant
from scanner.derive.duties import Duties, Way
from scanner.derive.movement import End, Flows, end_of
from scanner.derive.table import Table
from scanner.graph.estate import UNSET, Estate

_FROM_REGISTRY = re.compile(r"azureml://registries/([^/]+)/", re.IGNORECASE)
_PLATFORM = {"microsoft", "host-default", "policy", "service"}
_NAMED = ("group", "service-principal")
_OF_THE_PLATFORM = ("azureml-", "azureml_anonymous", "cliv2anonymous")  # curated, or made by the service for a job


def usage(engine: Engine) -> None:
    """Writes `environments-using` on ML registries: those declared, and those whose models and deployments name it."""
    estate = engine.estate
    found: dict[str, set[str]] = {}
    for kind, attribute in (("model", "uri"), ("online-deployment", "model-reference")):
        for node in estate.nodes(kind):
            reference, environment = estate.get(node, attribute), estate.get(node, "environment")
            named = _FROM_REGISTRY.match(reference) if isinstance(reference, str) else None
            if named and isinstance(environment, str):
                found.setdefault(named.group(1).lower(), set()).add(environment)
    for registry in estate.nodes("ml-registry"):
        declared = estate.get(registry, "environments-using")
        users = found.get(estate.name(registry).lower(), set()) | set(
            declared if isinstance(declared, frozenset) else ()
        )
        estate.set(registry, "environments-using", frozenset(users))
        for gap in estate.unread_gaps("workspace", "model", "online-deployment"):
            estate.mark_gap(registry, "environments-using", gap)


def derive(engine: Engine, duties: Duties, table: Table) -> None:
    """Writes `used-by-production` on registries, and ties them to whoever can write them beside those the scenario lets."""
    estate = engine.estate
    _paths(estate)
    ways = [way for duty in duties if duty.name == "indirect-release" for way in duty.ways]
    production = set(table.production)
    for kind in ("container-registry", "ml-registry"):
        for source in estate.nodes(kind):
            users = estate.get(source, "environments-using")
            own = estate.get(source, "environment")
            here = kind == "ml-registry" or estate.get(source, "referenced") is True
            environments = {own} if isinstance(own, str) and here else set()
            environments |= set(users) if isinstance(users, frozenset) else set()
            gaps = [*estate.gaps_at(source, "environments-using"), *estate.gaps_at(source, "environment")]
            used = not production.isdisjoint(environments)
            if used or not gaps:
                estate.set(source, "used-by-production", used)
            for gap in () if used else gaps:
                estate.mark_gap(source, "used-by-production", gap)
                estate.mark_gap(source, "open-to", gap)
            if used:
                _writers(engine, table, source, [way for way in ways if way.on == kind], environments & production)


def _writers(engine: Engine, table: Table, source: int, ways: list[Way], environments: set[str]) -> None:
    estate = engine.estate
    for gap in engine.gaps(source, RIGHTS):
        estate.mark_gap(source, "open-to", gap)
    declared = {inner for writer in estate.neighbours(source, "written-by") for inner in engine.inner_groups(writer)}
    unread = estate.unread_gaps(*_NAMED)
    tied: dict[int, tuple[bool, str]] = {}
    gaps: dict[int, int | None] = {}
    for scope in engine.chain(source):
        for grant in engine.grants.get(scope, ()):
            for gap in estate.gaps_at(grant.role, "*") if estate.get(grant.role, "permissions") is UNSET else ():
                estate.mark_gap(source, "open-to", gap)
            if grant.principal in declared or _accounted(engine, table, source, grant, environments):
                continue
            for way in ways:
                answers = {engine.can(grant.role, action) for action in way.actions}
                state = _state(estate, source, way)
                if not answers <= {"yes", "conditional"} or state is False:
                    continue
                if not _left(engine, source, grant, way):
                    continue
                # whose an assignment is may be in doubt, or what an administrators' group is called
                unsure = [*unread, *estate.gaps_at(grant.node, "origin")]
                sure = answers == {"yes"} and not grant.condition and state is True and not unsure
                gaps[grant.principal] = unsure[0] if unsure else gaps.get(grant.principal)
                reason = f"{estate.name(grant.role)} on {estate.name(scope)}"
                if grant.principal not in tied or (sure and not tied[grant.principal][0]):
                    tied[grant.principal] = (sure, reason)
    own = [*estate.gaps_at(source, "admin-user"), *estate.gaps_at(source, "*"), None]
    for principal, (sure, reason) in tied.items():
        if sure:
            estate.connect(source, "open-to", principal, reason)
        else:
            estate.connect(
                source,
                "perhaps-open-to",
                principal,
                reason,
                gap=gaps[principal] if gaps[principal] is not None else own[0],
            )


def _left(engine: Engine, source: int, grant: Grant, way: Way) -> bool:
    """Whether anybody is left when denials are taken off."""
    left = engine.members(grant.principal)
    for action in way.actions:
        left = left - denials.denied(engine, source, action)[0]
    return bool(left) or not engine.members(grant.principal)


def _state(estate: Estate, source: int, way: Way) -> bool | None:
    """Whether the source has what the way asks for; None when that could not be read."""
    values = [(estate.get(source, attribute), wanted) for attribute, wanted in way.where]
    if any(value is not UNSET and value != wanted for value, wanted in values):
        return False
    return None if any(value is UNSET for value, _ in values) else True


def _accounted(engine: Engine, table: Table, source: int, grant: Grant, environments: set[str]) -> bool:
    """Platform and administrators may write; where nobody is declared for it, so may who releases to its environments."""
    estate, principal = engine.estate, grant.principal
    if estate.get(grant.node, "origin") in _PLATFORM or environments & table.administered.get(principal, set()):
        return True
    if estate.get(source, "shared") is True:
        return False
    unit = estate.get(source, "unit")
    return all("release" in table.duties(principal, e, unit if isinstance(unit, str) else None) for e in environments)


def _flowing(estate: Estate, flows: Flows, node: int) -> bool:
    """Whether a flow carries models into the environment of one, where the scenario declares flows at all."""
    target = end_of(estate, node)
    if not flows.declared or target.environment is None:
        return True
    others = {estate.name(e) for e in estate.nodes("environment")} - {target.environment}
    sources = (End(target.region, name) for name in sorted(others))
    return any(flows.may("model", (), source, target, ("environment",)).allowed for source in sources)


def _paths(estate: Estate) -> None:
    """Writes `came-by` on models, components, AML environments and schedules of production."""
    releasing = {
        str(name).lower() for workload in estate.nodes("workload") if estate.get(workload, "release-workload") is True
        for name in (estate.key(workload), estate.get(workload, "app-id"), estate.name(workload))
    }  # fmt: skip
    training = {
        estate.get(row, "environment")
        for row in estate.nodes("role-row")
        if "train" in (estate.get(row, "duties") or ())
    }
    flows = Flows(estate)
    for node in estate.nodes("ml-artifact"):
        if estate.get(node, "stage") != "production":
            continue
        came = _came_by(estate, node, releasing, training)
        if came in ("release", "registry") and estate.kind(node) == "model" and not _flowing(estate, flows, node):
            came = "undeclared"
        if came is not None:
            estate.set(node, "came-by", came)
        else:
            for gap in estate.unread_gaps("service-principal"):
                estate.mark_gap(node, "came-by", gap)


def _came_by(estate: Estate, node: int, releasing: set[str], training: set[object]) -> str | None:
    """The path by which an asset came into its workspace; None when nobody said enough."""
    reference, job = estate.get(node, "uri"), estate.get(node, "job-name")
    maker, kind = estate.get(node, "maker"), estate.get(node, "maker-kind")
    if isinstance(reference, str) and _FROM_REGISTRY.match(reference):
        return "registry"
    if estate.kind(node) == "ml-asset" and estate.name(node).lower().startswith(_OF_THE_PLATFORM):
        return "platform"
    if isinstance(job, str) and job and estate.get(node, "environment") in training:
        return "training"
    if isinstance(maker, str) and maker.lower() in releasing:
        return "release"
    if kind == "user":
        return "person"
    if kind in ("application", "managed-identity") and isinstance(maker, str) and ids.is_guid(maker):
        return None if estate.unread_gaps("service-principal") else "other"
    return None
