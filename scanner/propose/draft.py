"""What is proposed so far: every part with the evidence it rests on, in words."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Environment:
    """`tag` and its `values`, or names of resource groups or ids of subscriptions, say what belongs to it."""

    name: str
    stage: str
    evidence: str
    tag: str = ""
    values: tuple[str, ...] = ()
    resource_groups: tuple[str, ...] = ()
    subscriptions: tuple[str, ...] = ()
    tenant: str = ""
    data: tuple[str, ...] = ()
    live: bool = False


@dataclass(frozen=True, slots=True)
class Class:
    name: str
    tag: str
    values: tuple[str, ...]
    evidence: str
    boundary: str = ""
    countries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Site:
    region: str
    does: tuple[str, ...]
    data: tuple[str, ...]
    audience: tuple[str, ...]
    evidence: str


@dataclass(frozen=True, slots=True)
class Row:
    role: str
    environment: str
    group: str
    duties: tuple[str, ...]
    reads: tuple[str, ...]
    eligible: bool
    evidence: str


@dataclass(frozen=True, slots=True)
class Administrators:
    group: str
    over: tuple[str, ...]
    duties: tuple[str, ...]
    eligible: bool
    people: int | None
    evidence: str


@dataclass(frozen=True, slots=True)
class Release:
    workload: str
    subjects: tuple[str, ...]
    evidence: str


@dataclass(frozen=True, slots=True)
class Shared:
    on: str
    kind: str
    used_by: tuple[str, ...]
    region: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Structure:
    key: str = ""  # project or team
    tag: str = ""
    workspace_per: str = ""
    resource_group_per: str = ""
    cost_tag: str = ""
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """`remarks` are what was seen and not proposed, by the key of the scenario they would belong to."""

    name: str
    tenant: str
    patterns: tuple[str, ...] = ()
    pattern_evidence: tuple[str, ...] = ()
    management_groups: tuple[str, ...] = ()
    subscriptions: tuple[tuple[str, str], ...] = ()  # id, name
    environments: tuple[Environment, ...] = ()
    classes: tuple[Class, ...] = ()
    sites: tuple[Site, ...] = ()
    audience_tag: str = ""
    structure: Structure = Structure()
    rows: tuple[Row, ...] = ()
    administrators: tuple[Administrators, ...] = ()
    release: Release | None = None
    shared: tuple[Shared, ...] = ()
    catalogues: tuple[str, ...] = ()
    emergency: tuple[str, ...] = ()
    headroom: float | None = None
    own_pool: bool = False
    quota_evidence: tuple[str, ...] = ()
    remarks: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def remarked(self, key: str, *said: str) -> dict[str, tuple[str, ...]]:
        """The remarks with some more."""
        return {**self.remarks, key: (*self.remarks.get(key, ()), *said)}
