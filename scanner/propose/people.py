"""Role rows, administrators, the release workload and emergency accounts, by who holds what now."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from scanner import ids
from scanner.graph.estate import Estate
from scanner.propose.draft import Administrators, Draft, Release, Row
from scanner.propose.words import kebab, plural, some, without_stage
from scanner.scenario.demands import within
from scanner.scenario.recognise import ancestors

_ADMINISTRATING = ("provision", "grant-access", "manage-quota")
_ORDER = ("train", "release", "operate", "manage-data", "provision", "grant-access", "manage-quota", "observe")
_ABOVE = ("tenant", "management-group", "subscription")
_EMERGENCY = re.compile(r"(bg|break|emergency|eme)[^a-z]*", re.IGNORECASE)
_GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"


@dataclass(slots=True)
class _Held:
    """What one principal holds in one environment."""

    now: set[str] = field(default_factory=set)
    later: set[str] = field(default_factory=set)
    reads: set[str] = field(default_factory=set)
    reads_now: bool = False
    inside: bool = False  # by an assignment within the environment, not from above
    roles: set[str] = field(default_factory=set)


def in_rows(estate: Estate, draft: Draft) -> Draft:
    """The draft with everybody. The estate is derived under a scenario without rows, so nothing is declared yet."""
    held = _held(estate, draft)
    named = _Names(estate)
    administrators = tuple(_administrators(estate, named, held, draft))
    ruling = {entry.group for entry in administrators}
    rows, left_out = _rows(estate, named, {n: h for n, h in held.items() if named(n) not in ruling}, draft)
    release = _release(estate, named, draft)
    remarks = draft.remarked("roles", *left_out)
    people = [
        n
        for n in estate.nodes("user")
        if any(estate.get(g, "origin") == "own" for g in estate.neighbours(n, "granted"))
    ]
    if people:
        remarks["roles"] = (*remarks["roles"], f"roles of their own, without a group, are held by {some((estate.name(n) for n in people), 4)}")  # fmt: skip
    emergency, unsure = _emergency(estate)
    return replace(draft, rows=rows, administrators=administrators, release=release, emergency=emergency,
                   remarks={**remarks, **({"break-glass": (unsure,)} if unsure else {})})  # fmt: skip


class _Names:
    """Principals as a scenario may name them: by name where that is unique and means only itself, else by object id."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        # part of the directory out of sight may hold another of any name
        self._doubtful = bool(estate.unread_gaps("group", "service-principal", "user"))
        self._times = Counter(estate.name(node).lower() for node in estate.nodes("principal"))

    def __call__(self, node: int) -> str:
        name = self.estate.name(node)
        plain = bool(name) and name.strip() == name and not set(name) & set("{}") and not ids.is_guid(name)
        sure = not self._doubtful and self.estate.get(node, "unresolved") is not True
        return name if plain and sure and self._times[name.lower()] == 1 else self.estate.key(node)


# -- what is held -------------------------------------------------------------------------------------------------


def _held(estate: Estate, draft: Draft) -> dict[int, dict[str, _Held]]:
    """Group -> environment -> what it holds there, by assignments of the tenant's own."""
    found: defaultdict[int, defaultdict[str, _Held]] = defaultdict(lambda: defaultdict(_Held))
    stores = _stores_below(estate)
    for group in estate.nodes("group"):
        grants = [g for g in estate.neighbours(group, "granted") if estate.get(g, "origin") in ("own", None)]
        if not grants:
            continue
        for edge, later in (("holds", False), ("may-activate", True)):
            for duty in estate.neighbours(group, edge):
                word, environment = estate.get(duty, "duty"), estate.get(duty, "environment")
                if word in _ORDER and isinstance(environment, str):
                    here = found[group][environment]
                    (here.later if later else here.now).add(word)
        for grant in grants:
            eligible = estate.get(grant, "mark") == "eligible"
            role = estate.first(grant, "of-role")
            scope = estate.first(grant, "at-scope")
            for environment in estate.get(grant, "environments") or ():
                here = found[group][environment]
                here.inside |= scope is not None and estate.kind(scope) not in _ABOVE
                here.roles.add(estate.name(role) if role is not None else "an unread role")
            if scope is not None and "data-read" in (estate.get(grant, "classes") or ()):
                for environment, classes in stores.get(scope, {}).items():
                    here = found[group][environment]
                    here.reads |= classes
                    here.reads_now |= not eligible
    return {group: dict(by) for group, by in found.items()}


def _stores_below(estate: Estate) -> Mapping[int, Mapping[str, set[str]]]:
    """Scope -> environment -> classes of the stores at it and below."""
    found: defaultdict[int, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for store in estate.nodes("data-store"):
        environment, classes = estate.get(store, "environment"), estate.get(store, "data-classes")
        if isinstance(environment, str) and isinstance(classes, frozenset):
            for scope in (store, *ancestors(estate, store)):
                found[scope][environment] |= classes
    return found


# -- administrators and rows --------------------------------------------------------------------------------------


def _administrators(
    estate: Estate, named: _Names, held: Mapping[int, Mapping[str, _Held]], draft: Draft
) -> Iterator[Administrators]:
    for group, by in sorted(held.items(), key=lambda item: estate.name(item[0]).lower()):
        over = [
            e.name
            for e in draft.environments
            if e.name in by and {"grant-access", "provision"} & (by[e.name].now | by[e.name].later)
        ]
        duties = [d for d in _ADMINISTRATING if over and all(d in by[e].now | by[e].later for e in over)]
        if not over or not duties:
            continue
        eligible = not any(set(_ADMINISTRATING) & by[e].now for e in over)
        inside = within(estate, group)
        people = sum(estate.kind(n) == "user" for n in inside)
        unread = any(list(estate.gaps_at(n, "has-member")) for n in inside if estate.kind(n) == "group")
        roles = some({role for e in over for role in by[e].roles})
        yield Administrators(named(group), tuple(over), tuple(duties), eligible, None if unread or not people else people,
                             f"{estate.name(group)} holds {roles} {'when activated' if eligible else 'all the time'}; {plural(people, 'person').replace('persons', 'people')} in it")  # fmt: skip


def _rows(
    estate: Estate, named: _Names, held: Mapping[int, Mapping[str, _Held]], draft: Draft
) -> tuple[tuple[Row, ...], list[str]]:
    rows: list[Row] = []
    looking = []
    stages = [e.name for e in draft.environments]
    classes = [c.name for c in draft.classes]
    for group, by in sorted(held.items(), key=lambda item: estate.name(item[0]).lower()):
        for environment in sorted(by, key=stages.index):
            here = by[environment]
            duties = here.now | here.later
            reads = tuple(c for c in classes if c in here.reads)
            if not here.inside and not reads and duties <= {"observe"}:
                looking.append(estate.name(group))
                continue
            if "train" in duties:
                duties = duties - {"operate", "manage-data"}  # roles made for training hold these besides
            kept = tuple(d for d in _ORDER if d in duties and (d != "observe" or len(duties) == 1))
            if not kept and not reads:
                continue
            eligible = not here.now and not here.reads_now
            rows.append(Row("", environment, named(group), kept, reads, eligible, f"holds {some(here.roles)}{' when activated' if eligible else ''}"))  # fmt: skip
    together = _patterns(estate, rows, draft)
    table: dict[tuple[str, str], Row] = {}
    for row in together:
        base = kebab(
            re.sub(r"\{[a-z]+\}", "", without_stage(row.group)) if not ids.is_guid(row.group) else "group", (), "group"
        )
        base = re.sub(r"^(grp|sg|group|aad|az|team)-(?=.)", "", base)
        role = (
            base
            if (base, row.environment) not in table
            else next(f"{base}-{n}" for n in range(2, 9999) if (f"{base}-{n}", row.environment) not in table)
        )
        table[role, row.environment] = replace(row, role=role)
    said = [f"left out, since they only look, from above: {some(looking)}"] if looking else []
    return tuple(table.values()), said


def _patterns(estate: Estate, rows: list[Row], draft: Draft) -> list[Row]:
    """Rows alike but for the project in the group's name are one row, where every project of the environment has its group."""
    key = draft.structure.key
    units: defaultdict[str, set[str]] = defaultdict(set)
    for workspace in estate.nodes("workspace"):
        environment, unit = estate.get(workspace, "environment"), estate.get(workspace, "unit")
        if isinstance(environment, str) and isinstance(unit, str):
            units[environment].add(unit)
    families: defaultdict[tuple[str, str], dict[str, Row]] = defaultdict(dict)
    for row in rows:
        for unit in units[row.environment] if key else ():
            parts = re.split(rf"(?<![a-z0-9]){re.escape(unit)}(?![a-z0-9])", row.group)
            if len(parts) == 2:
                families[row.environment, f"{parts[0]}{{{key}}}{parts[1]}"][unit] = row
    whole: dict[str, Row] = {}
    joined: list[Row] = []
    for (environment, pattern), by in families.items():
        first = next(iter(by.values()))
        alike = all((r.duties, r.reads, r.eligible) == (first.duties, first.reads, first.eligible) for r in by.values())
        if len(by) > 1 and set(by) == units[environment] and alike:
            joined.append(
                replace(first, group=pattern, evidence=f"{some(r.group for r in by.values())}: each {first.evidence}")
            )
            whole.update({f"{environment}|{r.group}": r for r in by.values()})
    kept = [row for row in rows if f"{row.environment}|{row.group}" not in whole]
    order = [e.name for e in draft.environments]
    return sorted([*kept, *joined], key=lambda r: (without_stage(r.group), order.index(r.environment)))


# -- workloads and emergency --------------------------------------------------------------------------------------


def _release(estate: Estate, named: _Names, draft: Draft) -> Release | None:
    """Workloads that can release to production by an assignment of the tenant's own, and whom from outside they trust."""
    live = {e.name for e in draft.environments if e.stage == "production"}
    found: dict[str, list[str]] = {}
    for kind in ("service-principal", "managed-identity"):
        for node in estate.nodes(kind):
            own = any(estate.get(g, "origin") == "own" for g in estate.neighbours(node, "granted"))
            releases = any(
                estate.get(d, "duty") == "release" and estate.get(d, "environment") in live
                for d in estate.neighbours(node, "holds")
            )
            if own and releases and estate.get(node, "user-assigned") is not False:
                subjects = [
                    str(estate.get(s, "subject"))
                    for s in estate.neighbours(node, "trusts")
                    if estate.get(s, "pattern") is not True
                ]
                found[named(node)] = sorted(subjects)
    if not found:
        return None
    units = {
        str(u)
        for n in estate.nodes("workspace")
        if isinstance(u := estate.get(n, "unit"), str) and estate.get(n, "environment") in live
    }
    key = draft.structure.key
    patterns: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for name in found:
        for unit in units if key else ():
            if unit in name and not ids.is_guid(name):
                patterns[name.replace(unit, f"{{{key}}}")][unit] = name
    for pattern, by in patterns.items():
        if len(by) > 1 and set(by) == units:
            subjects = sorted({s.replace(unit, f"{{{key}}}") for unit, name in by.items() for s in found[name]})
            return Release(pattern, tuple(subjects), f"{some(by.values())} can release to production")
    # who is trusted by a pipeline, then who is called so
    best = max(
        sorted(found), key=lambda name: (bool(found[name]), "release" in name.lower() or "deploy" in name.lower())
    )
    others = [name for name in found if name != best]
    more = f"; so can {some(others)}" if others else ""
    return Release(
        best, tuple(s for s in found[best] if not set(s) & set("{}")), f"{best} can release to production{more}"
    )


def _emergency(estate: Estate) -> tuple[tuple[str, ...], str]:
    """Accounts that rule the directory, hold nothing in Azure and are called as such; else who might be one."""
    ruling = [
        n for n in estate.nodes("user")
        if any(_GLOBAL_ADMINISTRATOR in estate.key(r).lower() or estate.name(r) == "Global Administrator" for r in estate.neighbours(n, "holds-directory-role"))
    ]  # fmt: skip
    idle = [n for n in ruling if not estate.neighbours(n, "granted")]
    called = [n for n in idle if any(_EMERGENCY.match(str(estate.get(n, a) or "")) for a in ("name", "sign-in-name"))]
    names = tuple(
        sorted(
            str(estate.get(n, "sign-in-name")) if isinstance(estate.get(n, "sign-in-name"), str) else estate.key(n)
            for n in called
        )
    )
    if called or not idle:
        return names, ""
    return (), f"these rule the directory and hold nothing in Azure: {some(estate.name(n) for n in idle)}"
