"""What the scenario's structure says of each workspace and group: whose room it is, what it is to carry, and which tags contradict."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from scanner import ids
from scanner.graph.estate import UNSET, Estate, Value
from scanner.scenario.environments import Units, excepted
from scanner.scenario.model import Scenario
from scanner.scenario.recognise import Recogniser, ancestors

_SUBJECTS = ("workspace", "ml-registry", "model-account")
_TAGGED = (*_SUBJECTS, "storage-account", "resource-group")
_ENVIRONMENT = "-and-environment"
_PLACES = ("resource-group", "subscription", "management-group")


def bind(estate: Estate, scenario: Scenario) -> None:
    """Writes units, demands of environments, contradicting tags, and what the scope leaves out."""
    _environments(estate, scenario)
    rooms = _rooms(estate, scenario)
    _groups(estate, scenario, rooms)
    _contradictions(estate, scenario)
    _left_out(estate, scenario)


def _environments(estate: Estate, scenario: Scenario) -> None:
    wanted = scenario.structure.shared_workspaces
    line = scenario.structure.spans.get("shared-workspaces")
    for environment in scenario.environments:
        node = estate.node(f"environment:{environment.name}")
        if node is not None:
            shared = wanted.get(environment.name, 1 if environment.stage == "exploration" and not wanted else None)
            estate.set(node, "workspaces-wanted", shared, line or environment.span)
            estate.set(node, "by-tag", bool(environment.match.tags), environment.span)


def _rooms(estate: Estate, scenario: Scenario) -> list[int]:
    """Workspaces, each with its unit and what its environment demands; returns those that are rooms of their own."""
    structure = scenario.structure
    per = structure.workspace_per or ""
    units = Units(estate, scenario, per.removesuffix(_ENVIRONMENT))
    line = structure.spans.get("workspace-per")
    rooms: list[int] = []
    for node in estate.nodes("workspace"):
        if node in estate.aside:
            continue
        name = estate.get(node, "environment")
        environment = scenario.environment(name) if isinstance(name, str) else None
        own = environment is not None and name not in structure.shared_workspaces
        kind = estate.get(node, "workspace-kind")
        doubts = estate.gaps_at(node, "environment")
        values: tuple[tuple[str, Value], ...] = (
            ("own-room", UNSET if name is UNSET or kind is UNSET else own and kind != "hub" and estate.get(node, "shared") is not True),
            ("structure-unit", unit_of(estate, units, per, node)),
        )  # fmt: skip
        for attribute, value in values:
            estate.set(node, attribute, value, line)
            for gap in doubts if value is UNSET else ():
                estate.mark_gap(node, attribute, gap)
        if estate.get(node, "own-room") is True:
            rooms.append(node)
        tags = estate.get(node, "tags")
        for attribute in ("lock-wanted", "missing-tags"):
            for gap in doubts:
                estate.mark_gap(node, attribute, gap)
        if name is UNSET:
            continue
        lock = environment.lock.lower() if environment is not None and environment.lock else None
        estate.set(node, "lock-wanted", lock, environment.span if environment is not None else None)
        demanded = environment.tags if environment is not None else ()
        if isinstance(tags, dict):
            missing = frozenset(tag for tag in demanded if not tags.get(tag.lower()))
            estate.set(node, "missing-tags", missing, environment.span if environment is not None else None)
    return rooms


def unit_of(estate: Estate, units: Units, per: str, node: int) -> Value:
    """Whose a workspace is by a promise such as `team-and-environment`; None when it does not say, UNSET when unknown."""
    base = per.removesuffix(_ENVIRONMENT)
    if not base:
        return None
    environment = estate.get(node, "environment")
    if base == "workspace":
        return estate.name(node)
    found = _sites(estate, node) if base == "site" else units.of(node)
    if found is UNSET or (environment is UNSET and (found is None or per.endswith(_ENVIRONMENT))):
        return UNSET
    if found is None or not per.endswith(_ENVIRONMENT):
        return found
    return f"{found} in {environment}" if environment is not None else None


def _sites(estate: Estate, node: int) -> Value:
    """The sites of a workspace's region; one outside every site is another rule's business, and a place of its own here."""
    region = estate.get(node, "region")
    if not isinstance(region, str):
        return UNSET if region is UNSET else None
    place = estate.node(region)
    names = estate.get(place, "sites") if place is not None else None
    return " and ".join(sorted(names)) if isinstance(names, frozenset) and names else region


def _groups(estate: Estate, scenario: Scenario, rooms: list[int]) -> None:
    """Resource groups: of machine learning or not, whose workspaces they hold, and whether costs are counted."""
    structure = scenario.structure
    per = structure.resource_group_per or ""
    units = Units(estate, scenario, per.removesuffix(_ENVIRONMENT))
    tag = (structure.cost_tag or "").lower()
    mine = set(rooms)
    unread = estate.unread_gaps(*_SUBJECTS)
    held: defaultdict[int | None, list[int]] = defaultdict(list)  # by group, what it holds of machine learning
    for node in (node for kind in _SUBJECTS for node in estate.nodes(kind)):
        held[estate.first(node, "contained-in")].append(node)
    for group in estate.nodes("resource-group"):
        inside = held.get(group, [])
        managed = isinstance(estate.get(group, "managed-by"), str)
        gaps = [
            g
            for g in unread
            if estate.gaps[g].scope == "tenant" or ids.contains(estate.gaps[g].scope, estate.key(group))
        ]
        estate.set(group, "for-machine-learning", False if managed else True if inside else UNSET if gaps else False)
        for gap in () if inside or managed else gaps:
            estate.mark_gap(group, "for-machine-learning", gap)
        tags = estate.get(group, "tags")
        if isinstance(tags, dict):
            estate.set(group, "cost-tagged", bool(tag and tags.get(tag)), structure.spans.get("cost-tag"))
        found = [unit_of(estate, units, per, n) for n in inside if n in mine]
        line = structure.spans.get("resource-group-per")
        estate.set(group, "structure-units", frozenset(u for u in found if isinstance(u, str)), line)
        if managed:
            continue
        unlisted = [gap for gap in gaps if estate.gaps[gap].kind in ("workspace", "subscription")]
        for gap in (*unlisted, *(gap for n in inside for gap in estate.gaps_at(n, "environment"))):
            estate.mark_gap(group, "structure-units", gap)


def _contradictions(estate: Estate, scenario: Scenario) -> None:
    """Tags are claims: where those of a resource and of what it is in name different environments, one of them is wrong."""
    finder = Recogniser(estate, [(e.name, e.match) for e in scenario.environments])
    alike: dict[tuple[int | None, int], frozenset[str]] = {}  # what lies together with equal tags has one answer
    for kind in _TAGGED:
        for node in estate.nodes(kind):
            if node in estate.aside:
                continue
            own = finder.by_tags(node) if _ours(estate, kind, node) else ()
            if not own:
                if estate.get(node, "tags") is not UNSET:
                    estate.set(node, "contradicting-tags", frozenset())
                continue
            key = (estate.first(node, "contained-in"), id(estate.get(node, "tags")))
            if key not in alike:
                others = {name for at in _around(estate, finder, node) if not set(at) & set(own) for name in at}
                alike[key] = frozenset({*own, *others} if others or len(own) > 1 else ())
            environment = scenario.environment(own[0])
            line = environment.span if environment is not None else None
            estate.set(node, "contradicting-tags", alike[key], line)
            for gap in () if alike[key] else finder.unread_above(node):
                estate.mark_gap(node, "contradicting-tags", gap)


def _ours(estate: Estate, kind: str, node: int) -> bool:
    """Whether it is machine learning, or holds something of it; all else is context."""
    if kind == "resource-group":
        return estate.get(node, "for-machine-learning") is not False
    return kind in _SUBJECTS or estate.get(node, "referenced") is not False


def _around(estate: Estate, finder: Recogniser, node: int) -> Iterator[tuple[str, ...]]:
    """What the tags of each container say, and which place a subscription or management group is."""
    for place in ancestors(estate, node):
        kind = estate.kind(place)
        if kind in _PLACES:
            found = finder.by_tags(place) or (finder.by_place(place) if kind != "resource-group" else ())
            if found:
                yield found


def _left_out(estate: Estate, scenario: Scenario) -> None:
    """Subscriptions outside the scope, with the machine learning that is in them."""
    tenant = next(estate.nodes("tenant"), None)
    if tenant is None:
        return
    inside: dict[int, set[str]] = {}
    for kind in _SUBJECTS:
        for node in estate.nodes(kind):
            holder = estate.node(str(estate.get(node, "subscription")))
            if node in estate.aside and holder is not None and estate.kind(holder) == "subscription":
                inside.setdefault(holder, set()).add(estate.name(node))
    for subscription in estate.nodes("subscription"):
        if subscription in estate.aside and not excepted(estate, scenario, subscription):
            estate.set(subscription, "ml-subjects", frozenset(inside.get(subscription, ())))
            estate.connect(tenant, "leaves-out", subscription, "the scenario's scope does not reach it")
            for gap in estate.unread_gaps(*_SUBJECTS):
                if estate.gaps[gap].scope.startswith(estate.key(subscription)):
                    estate.mark_gap(subscription, "ml-subjects", gap)
    for gap in estate.unread_gaps("subscription"):
        estate.mark_gap(tenant, "leaves-out", gap)
