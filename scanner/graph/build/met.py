"""What is met while records are placed and waits for others: it lives while an estate is built."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from scanner.graph.build import shapes_access


@dataclass
class Workloads:
    """What was met of workloads while placing."""

    by_app: dict[str, int] = field(default_factory=dict)  # application (client) id -> service principal
    applications: dict[str, tuple[str, int | None]] = field(default_factory=dict)  # object id -> (client id, sign-ins)
    roles: dict[str, str] = field(default_factory=dict)  # id of a directory role's definition -> template id
    owners: list[tuple[str, str]] = field(default_factory=list)  # (owner, object id of a workload or application)
    trusts: list[tuple[str, Any]] = field(default_factory=list)  # (object id or folded ARM id, what is trusted)
    sign_ins: list[tuple[int, str]] = field(default_factory=list)  # (datastore or connection, client id)
    activated_roles: set[tuple[str, str]] = field(default_factory=set)  # (principal, role of the directory) for now
    reviews: dict[str, float] = field(default_factory=dict)  # group -> days between reviews
    app_roles: dict[str, str] = field(default_factory=dict)  # id of a permission of Microsoft Graph -> its name
    permissions: list[tuple[str, str]] = field(default_factory=list)  # (object id, id of a permission)
    secret_readers: list[tuple[str, int]] = field(default_factory=list)  # (object id, vault)


@dataclass
class Settings:
    """Names by attribute and resource, and rules of activation by role and scope."""

    names: dict[tuple[str, str], set[str]] = field(default_factory=dict)  # (folded id of the resource, attribute)
    tokens: dict[str, dict[str, str | None]] = field(default_factory=dict)  # registry -> token -> its scope map
    writing: dict[str, bool] = field(
        default_factory=dict
    )  # scope map -> whether it lets somebody write; odd ones are left out
    odd: set[tuple[str, str]] = field(default_factory=set)
    activation: dict[tuple[str, str], shapes_access.ActivationPolicy] = field(default_factory=dict)


@dataclass
class Flows:
    """References that wait until everything is placed: (node, id as written), and what stands at scopes."""

    logs: list[tuple[int, str]] = field(default_factory=list)
    endpoints: list[tuple[int, str]] = field(default_factory=list)
    computes: list[tuple[int, str]] = field(default_factory=list)
    backups: list[tuple[str, int]] = field(default_factory=list)  # (what is protected, vault)
    data: list[tuple[int, str, int, str, str]] = field(default_factory=list)  # (node, edge, workspace, address, what)
    workspaces: dict[str, int] = field(default_factory=dict)  # a workspace by the id it calls itself in addresses
    runs: list[Any] = field(default_factory=list)  # what runs of jobs take and give, as told
    locks: dict[str, set[str]] = field(default_factory=dict)  # folded scope -> levels
    origins: list[tuple[int, str]] = field(default_factory=list)  # (what, address that may name a registry)
    bases: list[tuple[int, int, str]] = field(default_factory=list)  # (what, workspace or registry, base model)
    weights: list[tuple[int, str]] = field(default_factory=list)  # (model deployment, account as written)
    replicas: list[tuple[str, int]] = field(default_factory=list)  # (server that is copied as written, its replica)
    payloads: list[tuple[int, str, str]] = field(default_factory=list)  # (node, id as written, categories in words)
    budgets: dict[str, set[str]] = field(default_factory=dict)  # folded scope -> names
