"""Who does what where: role rows, administrators, the release workload, services and emergency accounts."""

from __future__ import annotations

from functools import cache

from scanner import ids, regions
from scanner.errors import Span
from scanner.graph.estate import UNSET, Estate, Value
from scanner.scenario import demands
from scanner.scenario.demands import unread_within, within
from scanner.scenario.model import RoleRow, Scenario
from scanner.scenario.names import Names, behind_tokens, filled, flag

_WORKLOADS = ("service-principal", "managed-identity")
_GROUPS = ("group",)


def bind(estate: Estate, scenario: Scenario, names: Names) -> None:
    """Makes the rows, ties them to principals, and marks the principals."""
    # a workspace nobody could list or place may be of a project that has a row
    unseen = list(dict.fromkeys(gap for row in scenario.roles for gap in behind_tokens(estate, row.principal)))
    # a row for a project nobody could see may name a group, and so may a name nobody could look up
    by_name = any(not row.workload and not ids.is_guid(row.principal) for row in scenario.roles)
    doubts = [*unseen, *(estate.unread_gaps("group") if by_name else ())]
    for group in estate.nodes("group"):
        for gap in doubts:
            estate.mark_gap(group, "approved", gap)
        if not doubts:
            estate.set(group, "approved", False)
    if unseen:
        names.unfilled(unseen)
    _break_glass(estate, scenario, names)
    units = _units(estate)
    for row in scenario.roles:
        for unit, name in filled(row.principal, units.get(row.environment, ())):
            _row(estate, scenario, names, row, unit, name)
    _administrators(estate, scenario, names)
    _release(estate, scenario, names, sorted({u for found in units.values() for u in found}))
    _services(estate, scenario, names)
    demands.bind(estate, scenario, names, units)
    _guests(estate, scenario)
    _countries(estate)
    _readers(estate)


def _units(estate: Estate) -> dict[str, list[str]]:
    """Projects or teams that have a workspace in an environment."""
    found: dict[str, set[str]] = {}
    for workspace in estate.nodes("workspace"):
        environment, unit = estate.get(workspace, "environment"), estate.get(workspace, "unit")
        if isinstance(environment, str) and isinstance(unit, str):
            found.setdefault(environment, set()).add(unit)
    return {environment: sorted(units) for environment, units in found.items()}


def _row(estate: Estate, scenario: Scenario, names: Names, row: RoleRow, unit: str | None, name: str) -> None:
    node = estate.add("role-row", f"role-row:{row.role}@{row.environment}" + (f"/{unit}" if unit else ""))
    environment = scenario.environment(row.environment)
    estate.set(node, "name", f"{row.role} in {row.environment}", row.span)
    facts = {
        "role": row.role, "environment": row.environment, "stage": environment.stage if environment else None,
        "duties": frozenset(row.duties), "reads": frozenset(row.reads), "ways": frozenset(row.ways) if row.ways is not None else None,
        "by": row.by, "expires": f"{row.expires}d" if row.expires else None, "guest-domains": frozenset(row.guest_domains), "unit": unit,
        "review": f"{row.review}d" if row.review else None, "purpose": row.purpose, "mastered": row.mastered,
        "countries": frozenset(row.countries) or None,
    }  # fmt: skip
    for attribute, value in facts.items():
        estate.set(node, attribute, value, row.span)
    demands.activation(estate, names, row, node)
    target = estate.node(f"environment:{row.environment}")
    if target is not None:
        estate.connect(node, "row-in", target)
    kinds = _WORKLOADS if row.workload else _GROUPS
    principal = names.find(name, kinds, row.span)
    if principal is not None:
        estate.connect(node, "names", principal)
        if estate.kind(principal) == "group":
            estate.set(principal, "approved", True, row.span)
    for gap in names.unread(kinds) if principal is None else ():
        estate.mark_gap(node, "names", gap)


def _administrators(estate: Estate, scenario: Scenario, names: Names) -> None:
    named: dict[int, Span | None] = {}
    doubts: list[int] = []
    for entry in scenario.administrators:
        node = estate.add("administrator-row", f"administrator-row:{entry.group.lower()}")
        estate.set(node, "name", entry.group, entry.span)
        estate.set(node, "over", frozenset(entry.over), entry.span)
        estate.set(node, "duties", frozenset(entry.duties))
        estate.set(node, "by", entry.by)
        estate.set(node, "approval", entry.approval)
        estate.set(node, "at-most", entry.at_most)
        group = names.find(entry.group, _GROUPS, entry.span)
        if group is not None:
            estate.connect(node, "names", group)
            named |= dict.fromkeys(within(estate, group), entry.span)
            continue
        for gap in names.unread(_GROUPS):
            estate.mark_gap(node, "names", gap)
            doubts.append(gap)
    flag(estate, ("principal",), "administrator", named, [*doubts, *unread_within(estate, named)])


def _release(estate: Estate, scenario: Scenario, names: Names, units: list[str]) -> None:
    for kind in ("user", *_WORKLOADS):
        estate.fill(kind, "release-workload", False)
    release = scenario.release
    if release is None:
        return
    named: dict[int, Span | None] = {}
    doubts = behind_tokens(estate, release.workload)
    for _, name in filled(release.workload, units):
        workload = names.find(name, _WORKLOADS, release.span)
        if workload is None:
            doubts += names.unread(_WORKLOADS)
        else:
            named[workload] = release.span
    flag(estate, _WORKLOADS, "release-workload", named, doubts)


def _services(estate: Estate, scenario: Scenario, names: Names) -> None:
    for entry in scenario.services:
        node = estate.add("service-row", f"service-row:{entry.name.lower()}")
        estate.set(node, "name", entry.name, entry.span)
        estate.set(node, "may", frozenset(entry.may))
        estate.set(node, "where", frozenset(entry.where))
        if entry.principal:
            principal = names.find(entry.principal, (*_WORKLOADS, *_GROUPS), entry.span)
            if principal is not None:
                estate.connect(node, "names", principal)
            continue
        wanted = (entry.identity_of or "").lower()
        for identity in estate.nodes("managed-identity"):
            host = estate.get(identity, "host")
            if isinstance(host, str) and ids.resource_type(host) == wanted:
                estate.connect(node, "names", identity)


def _of_another_tenant(estate: Estate, principal: int) -> bool:
    """Whether somebody stands for whoever is in a group of another tenant."""
    groups = estate.neighbours(principal, "member-of") if estate.key(principal).startswith("unread:") else ()
    return any(estate.get(group, "origin") == "delegated" for group in groups)


def _break_glass(estate: Estate, scenario: Scenario, names: Names) -> None:
    estate.fill("principal", "break-glass", False)
    for principal in estate.nodes("principal"):
        if _of_another_tenant(estate, principal):
            continue  # whom nothing here could be named after
        unread = estate.unread_gaps("user") if estate.kind(principal) == "user" else []
        for gap in unread:
            estate.mark_gap(principal, "break-glass", gap)
        if unread or estate.key(principal).startswith("unread:"):
            estate.set(principal, "break-glass", UNSET)
    span: Span
    for name in scenario.break_glass.accounts if scenario.break_glass else ():
        span = scenario.break_glass.span if scenario.break_glass else scenario.span
        kinds = ("user",) if "@" in name else ("user", *_WORKLOADS)  # a sign-in name is nobody's but a person's
        account = names.find(name, kinds, span)
        if account is not None:
            estate.set(account, "break-glass", True, span)


def _guests(estate: Estate, scenario: Scenario) -> None:
    """Guests of a domain that a role row admits."""
    admitted = {domain.lower() for row in scenario.roles for domain in row.guest_domains}
    for user in estate.nodes("user"):
        name = estate.get(user, "sign-in-name")
        if isinstance(name, str):
            estate.set(user, "declared-guest", domain_of(name) in admitted)


def _countries(estate: Estate) -> None:
    """Countries of accounts as role rows are compared with them; one that nobody can make out is not known."""
    for user in estate.nodes("user"):
        country = estate.get(user, "country")
        if isinstance(country, str):
            estate.set(user, "country", regions.country(country) or UNSET)


def _readers(estate: Estate) -> None:
    """On each store, the names of the groups whose rows let them read all of it."""
    rows = [
        (estate.get(row, "environment"), estate.get(row, "reads"), estate.get(row, "unit"), estate.name(principal))
        for row in estate.nodes("role-row")
        for principal in estate.neighbours(row, "names")
    ]

    @cache
    def fitting(environment: Value, classes: frozenset[str], unit: Value) -> frozenset[str]:
        return frozenset(
            name for e, reads, u, name in rows if e == environment and classes <= reads and u in (None, unit)
        )

    for store in estate.nodes("data-store"):
        classes = estate.get(store, "data-classes")
        if isinstance(classes, frozenset):
            found = fitting(estate.get(store, "environment"), classes, estate.get(store, "unit"))
            estate.set(store, "reader-groups", found)


def domain_of(sign_in_name: str) -> str:
    """The home domain: of `ana_partner.example#EXT#@contoso.example` it is `partner.example`."""
    home, external, _ = sign_in_name.lower().partition("#ext#")
    return home.rpartition("_" if external else "@")[2]
