"""A scenario once it is loaded. Every part keeps the line it was written on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scanner.errors import Span
from scanner.findings import AcceptedGap, Waiver


@dataclass(frozen=True, slots=True)
class Match:
    """How resources are recognised; `tags` maps a folded tag name to its values. Any entry suffices."""

    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    resource_groups: tuple[str, ...] = ()
    subscriptions: tuple[str, ...] = ()
    management_groups: tuple[str, ...] = ()
    tenants: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    tenant: str
    management_groups: tuple[str, ...]
    subscriptions: tuple[str, ...]
    exclude: tuple[str, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Environment:
    name: str
    stage: str
    match: Match
    data: tuple[str, ...]
    default_class: str | None
    live: bool
    lock: str | None
    tags: tuple[str, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Place:
    """A home or processing area: `words` for people, `regions` resolved by the shipped table and the scenario's own."""

    words: str
    regions: frozenset[str]
    span: Span


@dataclass(frozen=True, slots=True)
class DataClass:
    """`home` is None when the data may be anywhere."""

    name: str
    match: Match
    home: Place | None
    processing: Place | None
    platform_replication: str
    production_only: bool
    owner: str | None
    span: Span


@dataclass(frozen=True, slots=True)
class Site:
    name: str
    region: str
    does: tuple[str, ...]
    data: tuple[str, ...]
    audience: tuple[str, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class OwnRegion:
    """Where a region lies by the scenario's own word, for those the shipped table does not have."""

    name: str
    country: str
    boundaries: tuple[str, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Flow:
    what: str
    source: str
    target: str
    data_class: str | None
    becomes: str | None
    approved_by: str | None
    until: str | None
    span: Span


@dataclass(frozen=True, slots=True)
class RoleRow:
    """One role in one environment. `principal` is a group's or workload's name or object id, maybe with `{tokens}`;
    `workload` says which of the two.
    """

    role: str
    environment: str
    principal: str
    workload: bool
    duties: tuple[str, ...]
    reads: tuple[str, ...]
    by: str | None
    expires: int | None  # days
    review: int | None  # days
    ways: tuple[str, ...] | None
    guest_domains: tuple[str, ...]
    countries: tuple[str, ...]  # as `regions.country` spells them
    purpose: str | None
    mastered: str | None  # "on-premises" where the group is declared to be kept there
    activation: Mapping[str, Any]
    span: Span


@dataclass(frozen=True, slots=True)
class Administrators:
    group: str
    over: tuple[str, ...]
    duties: tuple[str, ...]
    by: str | None
    approval: str | None
    at_most: int | None
    span: Span


@dataclass(frozen=True, slots=True)
class Release:
    workload: str
    subjects: tuple[str, ...]
    approvers: tuple[str, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Service:
    name: str
    principal: str | None
    identity_of: str | None
    may: tuple[str, ...]
    where: tuple[str, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Shared:
    on: str
    kind: str
    used_by: tuple[str, ...]
    written_by: tuple[str, ...]
    region: str | None
    span: Span


@dataclass(frozen=True, slots=True)
class BreakGlass:
    accounts: tuple[str, ...]
    at_most: int | None
    span: Span


@dataclass(frozen=True, slots=True)
class Need:
    site: str
    family: str  # VM family, or a model's name
    amount: float
    purpose: str
    span: Span
    model: bool = False  # whether `family` is a model's name


@dataclass(frozen=True, slots=True)
class Quota:
    """Shares are between 0 and 1; `spans` holds the line of each key that is present."""

    headroom: float | None = None
    fair_share: float | None = None
    production_pool: str | None = None
    survive_region_loss: bool | None = None
    needs: tuple[Need, ...] = ()
    spans: Mapping[str, Span] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Structure:
    workspace_per: str | None = None
    resource_group_per: str | None = None
    keys: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    created_by: tuple[str, ...] = ()
    cost_tag: str | None = None
    shared_workspaces: Mapping[str, int] = field(default_factory=dict)  # environment -> how many
    spans: Mapping[str, Span] = field(default_factory=dict)  # of each key that is present


@dataclass(frozen=True, slots=True)
class Scenario:
    """An organisation's intent. `keys` are the keys the file has, nested ones of `quota` and `structure` with a dot."""

    name: str
    title: str
    source: str
    span: Span
    patterns: tuple[str, ...]
    keys: frozenset[str]
    scope: tuple[Scope, ...] = ()
    environments: tuple[Environment, ...] = ()
    data_classes: tuple[DataClass, ...] = ()
    sites: tuple[Site, ...] = ()
    flows: tuple[Flow, ...] = ()
    structure: Structure = Structure()
    roles: tuple[RoleRow, ...] = ()
    administrators: tuple[Administrators, ...] = ()
    release: Release | None = None
    services: tuple[Service, ...] = ()
    shared: tuple[Shared, ...] = ()
    catalogues: tuple[tuple[str, tuple[str, ...]], ...] = ()
    break_glass: BreakGlass | None = None
    quota: Quota = Quota()
    owner_tag: str | None = None
    audience_tag: str | None = None
    waivers: tuple[Waiver, ...] = ()
    accepted_gaps: tuple[AcceptedGap, ...] = ()
    own_regions: tuple[OwnRegion, ...] = ()
    pattern_span: Span | None = None

    @property
    def principals(self) -> tuple[str, ...]:
        """Names, sign-in names or object ids of everybody it names, sorted; names with tokens left out."""
        named = [row.principal for row in self.roles] + [row.group for row in self.administrators]
        named += [service.principal for service in self.services if service.principal]
        named += [*self.release.approvers, self.release.workload] if self.release else []
        named += self.break_glass.accounts if self.break_glass else ()
        named += [*self.structure.created_by, *(name for entry in self.shared for name in entry.written_by)]
        named += [name for row in self.roles for name in row.activation.get("approved-by", ())]
        return tuple(sorted({name for name in named if name and "{" not in name}))

    def environment(self, name: str) -> Environment | None:
        return next((e for e in self.environments if e.name == name), None)

    def data_class(self, name: str) -> DataClass | None:
        return next((c for c in self.data_classes if c.name == name), None)
