"""Turns the ledger of what could not be read into gaps: on the exact node and edge, list of subjects, or placeholder."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from scanner import ids
from scanner.findings import Gap
from scanner.graph.build import copies, governance, locations, origins, outside, reviews, settings, workloads
from scanner.graph.build.context import Context
from scanner.graph.build.reading import loosely
from scanner.graph.records import RECORDS, RecordKind
from scanner.snapshot import Coverage

# list -> the edge that may be missing at the resource it belongs to
_EDGES = {
    "compute": "has-compute", "datastore": "has-datastore", "data-asset": "has-data", "model": "has-model", "schedule": "has-asset", "ml-environment": "has-asset", "ml-component": "has-asset",
    "online-endpoint": "has-endpoint", "batch-endpoint": "has-endpoint", "online-deployment": "has-deployment",
    "batch-deployment": "has-deployment", "model-deployment": "has-deployment", "connection": "has-connection",
    **dict.fromkeys(("registry-model", "registry-data", "registry-environment", "registry-component"), "shares-asset"),
    "job": "has-job", "object-replication": "replicated-to", "registry-replication": "replicated-to",
    "role-assignment": "scope-of", "role-eligibility": "scope-of", "role-activation": "scope-of",
    "role-definition": "scope-of", "deny-assignment": "scope-of", "group-member": "has-member", "group-owner": "may-be-joined-by",
    "group-eligibility": "may-be-joined-by", "serverless-endpoint": "contains", "sql-database": "contains", "registry-task": "contains",
    "management-group": "contained-in", "delegation": "scope-of", "classic-administrator": "scope-of", "outbound-rule": "reaches-out-to", "diagnostic-setting": "sends-logs-to", "log-export": "sends-logs-to",
    "protected-item": "backs-up", "backup-instance": "backs-up",
}  # fmt: skip
# edge -> others that the same lists say
_ALSO = {"sends-logs-to": ("sends-payloads-to",)}
_NOT_SUBJECTS = {"role", "deny-assignment", "region"}
_ABOVE = {"tenant", "management-group", "group", "object"}  # scopes of lists that belong to no subscription
# Lists that say something of the pools of their location, and of which systems.
_POOL_LISTS = {
    "ml-usage": {"ml", "count"}, "ml-quota": {"ml"}, "vm-size": {"ml", "vm"}, "model-usage": {"model", "count"}, "vm-usage": {"vm"},
}  # fmt: skip


# Where these stand, quota is asked for; they also say who draws on it.
_TELL_REGIONS = {"workspace", "compute", "model-account"}
_ANYWHERE = ""  # the scope of a row that does not even tell where it belongs
_OF_PEOPLE = ("account-enabled", "guest", "declared-guest", "country", "synchronised", "unresolved")


def misread(context: Context, kind: str, raw: bytes) -> None:
    """Notes a row nobody understood, with the narrowest scope it still tells of: its list is then incomplete there."""
    context.misread.append((kind, _scope_told(kind, loosely(raw))))


def _scope_told(kind: str, line: dict[str, Any]) -> str:
    body, of = line.get("body"), line.get("of")
    arm_id = body.get("id") if isinstance(body, dict) else None
    key = ids.fold(arm_id) if isinstance(arm_id, str) and arm_id.startswith("/") else ""
    match RECORDS[kind].scope:
        case "tenant" | "management-group":
            return "tenant"
        case "subscription":
            return ids.subscription_of(key) or _ANYWHERE
        case "parent":
            above = ids.parent(key) if key else None
            return (ids.parent(above) if above and key.rpartition("/")[0].endswith("/versions") else above) or _ANYWHERE
        case "scope":
            return key.rpartition("/providers/")[0] or (ids.ROOT_SCOPE if key else _ANYWHERE)
        case _:
            return of if isinstance(of, str) else _ANYWHERE


def mark(context: Context) -> None:
    """Writes every gap of the ledger onto the estate, and every row nobody understood as one."""
    for entry in context.snapshot.coverage:
        if entry.outcome != "complete" and entry.code != "AadPremiumLicenseRequired":
            _mark(context, entry)
    _mark_groups(context)
    for kind, scope in dict.fromkeys(context.misread):
        entry = Coverage(kind, scope or ids.ROOT_SCOPE, "partial", detail="a row of it has a shape nobody expected")
        gap = _mark(context, entry)
        if scope == _ANYWHERE and kind in _EDGES:
            for edge in (_EDGES[kind], *_ALSO.get(_EDGES[kind], ())):
                _doubt_everywhere(context, edge, gap)
    _explain_missing(context)


def _mark_groups(context: Context) -> None:
    """Groups whose members nobody asked for: where groups could not be listed, of groups of another tenant, which are in no
    directory of ours, and in a large directory of those that nothing was assigned to. They may have any; those that hold
    something are known all the same.
    """
    asked = {entry.scope for entry in context.snapshot.coverage if entry.kind == "group-member"}
    estate = context.estate
    unread = estate.unread_gaps("group")
    for group in tuple(estate.nodes("group")):
        key = estate.key(group)
        if key in asked:
            continue
        for gap in unread if key not in context.in_directory else ():
            estate.mark_gap(group, "has-member", gap)
            _unread_members(context, group, gap)
        if estate.get(group, "origin") == "delegated":
            gap = estate.add_gap(Gap("group-member", key, "", "not visible", "it is a group of another tenant"))
            _unread_members(context, group, gap)
        elif asked:
            estate.set(group, "empty", UNSET)
            estate.set(group, "under-pim", UNSET)
            unseen = ("has-member", "empty", "may-be-joined-by", "has-eligible-member", "under-pim")
            context.doubt("group-member", group, unseen, reason="bounded", detail="nothing was assigned to it")


def _doubt_everywhere(context: Context, edge: str, gap: int) -> None:
    """Any node that may have the edge may have one more."""
    estate = context.estate
    direction = estate.ontology.direction(edge)
    if direction is None:
        return
    declared, forward = direction
    for kind in declared.sources if forward else declared.targets:
        for node in estate.nodes(kind):
            estate.mark_gap(node, edge, gap)


def _mark(context: Context, entry: Coverage) -> int:
    estate = context.estate
    record = RECORDS.get(entry.kind)
    permission = entry.permission or (record.permission if record else "")
    gap = estate.add_gap(Gap(entry.kind, entry.scope, permission, entry.outcome, entry.detail))
    owner = estate.node(entry.scope if entry.scope != "tenant" else ids.ROOT_SCOPE)
    edge = _EDGES.get(entry.kind)
    if owner is not None and edge:
        estate.mark_gap(owner, edge, gap)
        for also in _ALSO.get(edge, ()):
            estate.mark_gap(owner, also, gap)
    if entry.kind == "management-group":
        _doubt_tree(context, gap)
    if entry.kind == "group-member" and owner is not None:
        _unread_members(context, owner, gap)
    if entry.kind == "role-activation":
        _doubt_marks(context, entry.scope, gap)
    if entry.kind == "role-eligibility":
        for grant in context.dangling:
            _doubt_holder(context, grant, gap)
    if entry.kind == "registry-replication" and owner is not None:
        estate.set(owner, "replicated-regions", UNSET)
        estate.mark_gap(owner, "replicated-regions", gap)
    settings.doubt(context, entry.kind, entry.scope, gap)
    workloads.doubt(context, entry.kind, entry.scope, gap)
    copies.doubt(context, entry.kind, entry.scope, gap)
    reviews.doubt(context, entry.kind, entry.scope, gap)
    origins.doubt(estate, entry.kind, gap)
    outside.doubt(estate, entry.kind, gap)
    governance.doubt(context, entry.kind, entry.scope, gap)
    locations.doubt(context, entry.kind, gap)
    if entry.kind == "user" and entry.outcome != "bounded":
        _doubt_people(context, gap)
    if entry.kind == "outbound-rule" and owner is not None:
        estate.set(owner, "open-outbound", UNSET)
        estate.mark_gap(owner, "open-outbound", gap)
    if entry.kind in _POOL_LISTS:
        _doubt_pools(context, entry, gap)
    if entry.kind in ("subscription", "workspace"):
        _doubt_draws(context, entry.scope, gap)
    if record and record.node and record.node not in _NOT_SUBJECTS and entry.outcome != "bounded":
        for kind in (record.node, *_below(record)):
            estate.mark_unread(kind, gap)
        if record.name in _TELL_REGIONS:
            estate.mark_unread("quota-pool", gap)
            estate.mark_unread("quota-share", gap)
        if entry.kind in ("subscription", "workspace", "ml-usage"):
            estate.mark_unread("quota-share", gap)  # made of both
    return gap


def _doubt_people(context: Context, gap: int) -> None:
    """Of people whom only groups and assignments tell of, nothing is known but their id."""
    estate = context.estate
    for person in estate.nodes("user"):
        for attribute in _OF_PEOPLE:
            if estate.get(person, attribute) is UNSET:
                estate.mark_gap(person, attribute, gap)


def _below(record: RecordKind) -> list[str]:
    """Kinds of nodes whose lists hang on what this one lists: who cannot list workspaces cannot ask for their data.

    In a subscription that nobody listed may be anything but what the directory and the tree above hold.
    """
    if record.name == "subscription":
        return sorted({r.node for r in RECORDS.values() if r.scope not in _ABOVE and r.node} - _NOT_SUBJECTS)
    above = f"{record.arm_type}/"
    return [r.node for r in RECORDS.values() if r.node and record.arm_type and r.arm_type.startswith(above)]


def _doubt_draws(context: Context, scope: str, gap: int) -> None:
    """A workspace nobody could list may draw on any pool of its subscription."""
    estate, subscription = context.estate, ids.subscription_of(scope)
    for pool in estate.nodes("quota-pool"):
        if subscription is None or subscription == estate.get(pool, "subscription"):
            estate.mark_gap(pool, "drawn-on-by", gap)


def _doubt_tree(context: Context, gap: int) -> None:
    """What stands right below the tenant may stand below a management group that nobody could read."""
    estate = context.estate
    for kind in ("management-group", "subscription"):
        for node in estate.nodes(kind):
            above = estate.first(node, "contained-in")
            if above is None or estate.kind(above) == "tenant":
                estate.mark_gap(node, "contained-in", gap)


def _unread_members(context: Context, group: int, gap: int) -> None:
    """Somebody may be in a group nobody could look into: one identity stands for all of them."""
    estate = context.estate
    node = estate.add("user", f"unread:member|{estate.key(group)}", f"members of {estate.name(group)} (unread)")
    estate.connect(node, "member-of", group)
    estate.mark_gap(node, "*", gap)
    if estate.get(group, "empty") is True:
        estate.set(group, "empty", UNSET)
        estate.mark_gap(group, "empty", gap)


def _doubt_marks(context: Context, scope: str, gap: int) -> None:
    """Without PIM's list an activated assignment looks like a standing one.

    A list of instances at a scope shows those at, above and below it, so one that was read nearer settles the mark.
    """
    estate = context.estate
    read = [c.scope for c in context.snapshot.coverage if c.kind == "role-activation" and c.outcome == "complete"]
    for grant, target in tuple(estate.pairs("at-scope")):
        if estate.kind(grant) != "grant" or estate.get(grant, "mark") != "standing":
            continue
        at = estate.key(target)
        if ids.contains(scope, at) and not any(
            ids.contains(other, at) and ids.contains(scope, other) for other in read
        ):
            estate.set(grant, "mark", UNSET)
            estate.mark_gap(grant, "mark", gap)
            if _may_be_activated(context, grant, at):
                _doubt_holder(context, grant, gap)


def _may_be_activated(context: Context, grant: int, at: str) -> bool:
    """Whether an assignment to a person may be one that an eligible group's member activated: there is, or may be, an
    eligibility for the role that covers the scope.
    """
    estate = context.estate
    if estate.get(grant, "principal-kind") != "user":
        return False
    if any(c.kind == "role-eligibility" and c.outcome != "complete" for c in context.snapshot.coverage):
        return True
    role = estate.first(grant, "of-role")
    for other in estate.neighbours(role, "role-of") if role is not None else ():
        scope = estate.first(other, "at-scope")
        if scope is not None and estate.get(other, "mark") == "eligible":
            above = estate.key(scope)
            if ids.contains(above, at) or ids.is_management_group(above):
                return True
    return False


def _doubt_holder(context: Context, grant: int, gap: int) -> None:
    """Nobody can tell whose right it is: an activated assignment stands for the eligible one it came from."""
    for attribute in ("principal-kind", "origin", "declared"):
        context.estate.set(grant, attribute, UNSET)
        context.estate.mark_gap(grant, attribute, gap)


def _doubt_pools(context: Context, entry: Coverage, gap: int) -> None:
    estate = context.estate
    subscription, region = ids.subscription_of(entry.scope), ids.last(entry.scope)
    for pool in estate.nodes("quota-pool"):
        if estate.get(pool, "system") not in _POOL_LISTS[entry.kind] or estate.get(pool, "family") in (
            "endpoints",
            "deployments",
        ):
            continue  # endpoints and deployments are counted by us
        if estate.get(pool, "subscription") == subscription and estate.get(pool, "region") == region:
            if entry.kind == "ml-quota":
                estate.set(pool, "workspace-caps", UNSET)
            estate.mark_gap(pool, "*", gap)
            estate.mark_gap(pool, "drawn-on-by", gap)


def _explain_missing(context: Context) -> None:
    """Ties what was referred to and never found to the unread list it would have been in."""
    estate = context.estate
    by_kind: dict[str, list[int]] = {}
    for index, gap in enumerate(estate.gaps):
        by_kind.setdefault(gap.kind, []).append(index)
    if not by_kind:
        return
    for node in estate.nodes("missing"):
        key = estate.key(node)
        kinds = [r.name for r in RECORDS.values() if r.arm_type and r.arm_type == ids.resource_type(key)]
        if ids.is_guid(key):
            kinds.append("role-definition")
        for kind in kinds:
            for index in by_kind.get(kind, ()):
                if ids.contains(estate.gaps[index].scope, key) or ids.is_guid(key):
                    estate.mark_gap(node, "*", index)
