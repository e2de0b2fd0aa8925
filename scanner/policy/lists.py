"""Which lists a rule's verdicts rest on, by the ontology alone: what becomes unknown when one of them cannot be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from scanner.graph.edges import ONTOLOGY
from scanner.graph.records import RECORDS, placed_of_its_own
from scanner.policy.model import Rule, comparisons
from scanner.policy.paths import reachable

# Where things belong: without these no environment, class or scope is known.
_TREE = ("management-group", "subscription", "resource-group", "workspace")
_RIGHTS = (
    "role-assignment",
    "role-definition",
    "deny-assignment",
    "role-eligibility",
    "role-activation",
    "delegation",
    "classic-administrator",
)
_DIRECTORY = ("user", "group", "group-member", "group-owner", "group-eligibility", "service-principal")
_QUOTA = (
    "ml-usage", "ml-quota", "vm-size", "model-usage", "vm-usage", "compute", "online-endpoint", "batch-endpoint", "online-deployment",
    "batch-deployment", "model-account", "model-deployment", "aks-cluster",
)  # fmt: skip
_HOSTS = ("online-endpoint", "batch-endpoint", "user-assigned-identity", "federated-credential")
_DATA = ("storage-account", "datastore", "data-asset")
# What lets somebody act as somebody else, or in by a way that no assignment shows.
_ACTING = (
    "compute", "online-endpoint", "connection", "key-vault", "user-assigned-identity", "resource", "policy-assignment", "federated-credential",
    "application", "application-owner", "application-federation", "service-principal-owner", "role-management-policy", "blob-container",
    "local-user", "directory-role", "directory-role-assignment", "directory-role-eligibility",
)  # fmt: skip
# What makes an environment one that an assignment reaches.
_PLACED = ("compute", "storage-account", "model-account", "online-endpoint", "batch-endpoint")
# What duties are held on beside workspaces.
_HELD_ON = ("storage-account", "container-registry", "ml-registry", "model-account", "key-vault", "compute", "resource")
# What jobs did with what, and where that is.
_LINEAGE = (
    "job", "model", "data-asset", "datastore", "storage-account", "compute", "ml-registry", "registry-model", "registry-data", "aks-cluster",
    "arc-cluster",
)  # fmt: skip
# for people: groups of lists that rules need together
GROUPS: Mapping[str, tuple[str, ...]] = {
    "tree": _TREE,
    "rights": _RIGHTS,
    "directory": _DIRECTORY,
    "quota": _QUOTA,
    "acting": _ACTING,
}
# node kinds that are made from several lists, or that other lists write on
_BEHIND: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("grant", "administrator-row"), (*_RIGHTS, *_DIRECTORY, "role-management-policy")),
    **dict.fromkeys(("duty", "environment", "role-row"), (*_RIGHTS, *_DIRECTORY, *_HELD_ON)),
    **dict.fromkeys(
        ("service-principal", "managed-identity"),
        (*_RIGHTS, *_DIRECTORY, *_HELD_ON, *_HOSTS, "application", "application-federation"),
    ),
    "container-registry": ("registry-token", "registry-scope-map", "registry-task"),
    **dict.fromkeys(("user", "group"), (*_RIGHTS, *_DIRECTORY)),
    "storage-account": _DATA,  # what is in an account is said by what points to it
    "opening": (*_RIGHTS, *_DIRECTORY, *_DATA, *_ACTING),
    "role": ("role-definition",),
    **dict.fromkeys(("quota-pool", "quota-share", "serving-need", "quota-need", "model-spread"), _QUOTA),
    "replica": (
        "storage-account",
        "object-replication",
        "registry-replication",
        "container-registry",
        "ml-registry",
        "sql-failover-group",
        "sql-replication",
    ),
    "data-asset": ("data-asset", "datastore"),
    "outside-place": (
        "connection",
        "search-service",
        "cosmos-account",
        "sql-server",
        "postgresql-server",
        "model-account",
    ),
    "movement": (
        *_LINEAGE,
        "application-insights",
        "log-analytics",
        "log-export",
        "diagnostic-setting",
        "online-endpoint",
        "online-deployment",
    ),
    "base-model": ("job", "model", "ml-registry", "registry-model"),
    "catalogue": ("job", "model", "online-deployment", "batch-deployment", "serverless-endpoint", "ml-registry"),
}
# edges and attributes that other lists say than those of the kinds they stand at
_SAID: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("reaches-out-to", "open-outbound"), ("outbound-rule",)),
    **dict.fromkeys(
        ("sends-logs-to", "receives-logs-from", "sends-payloads-to", "receives-payloads-from"),
        ("diagnostic-setting", "log-export"),
    ),
    "away-from-home": (*_LINEAGE, "online-endpoint", "online-deployment", "batch-endpoint", "batch-deployment"),
    **dict.fromkeys(("unserved", "serves-from"), ("online-endpoint", "compute", "aks-cluster", "arc-cluster")),
    "apart-from": ("ml-registry",),
    **dict.fromkeys(("backed-up-in", "backs-up"), ("protected-item", "backup-instance")),
    "entered-from": ("private-endpoint",),
    "computes-in": ("compute", "resource", "aks-cluster", "arc-cluster", "databricks-workspace", "synapse-workspace"),
    "classes-against-boundary": ("data-boundary",),
    # in a region of which nothing else is seen, anything that was not listed may be
    "place-doubt": ("location", *(r.name for r in RECORDS.values() if placed_of_its_own(r))),
    **dict.fromkeys(("environments-assigned", "undeclared-environments"), _PLACED),
    **dict.fromkeys(("regulated", "of-class", "data-classes"), _DATA),
    "reviewed": ("access-review",),
    "replicated-regions": ("registry-replication", "sql-failover-group", "sql-replication", "postgresql-server"),
    **dict.fromkeys(("locks", "budgets", "data-boundary"), ("lock", "budget", "data-boundary")),
    "locks": ("lock",),
    "budgets": ("budget",),
    "gone": ("user-assigned-identity", "resource"),
    **dict.fromkeys(("keys-open-to", "assigned-elsewhere"), (*_RIGHTS, *_DIRECTORY)),
}


def lists_behind(rule: Rule) -> frozenset[str]:
    """Record kinds that a rule needs; for rules that judge the run itself (what could not be read) all of them."""
    if rule.info.decided_by == "coverage":
        return frozenset(RECORDS)
    if rule.info.decided_by != "graph":
        # names are looked up in the directory; whether a scenario can hold is said by its file alone
        return frozenset(_DIRECTORY) if rule.info.id == "SCN02" else frozenset()
    kinds = set(ONTOLOGY.members(rule.subject))
    if rule.follow:
        kinds, _ = reachable(rule.subject, rule.follow, rule.to, rule.through)
    found = set(_TREE)
    for kind in kinds:
        found.update(_BEHIND.get(kind, ()))
        found.update(record.name for record in RECORDS.values() if record.node == kind)
    compared = (test.attribute for condition in (rule.where, *rule.conditions) for test in comparisons(condition))
    for name in (*rule.follow, *compared):
        found.update(_SAID.get(name, ()))
    return frozenset(found)


def rules_behind(rules: Iterable[Rule]) -> Mapping[str, tuple[str, ...]]:
    """Record kind -> ids of the rules that become unknown without it, both sorted."""
    found: dict[str, set[str]] = {}
    for rule in rules:
        if rule.info.decided_by != "coverage":
            for kind in lists_behind(rule):
                found.setdefault(kind, set()).add(rule.info.id)
    return {kind: tuple(sorted(ids)) for kind, ids in sorted(found.items())}
