"""Principals: people, workloads, groups, who is in them and who owns them.

Graph answers objects it may not show with everything but the id empty. Empty is not a fact, so such an object's
attributes stay unset.
"""

from __future__ import annotations

from msgspec import UNSET

from scanner import ids
from scanner.graph.build import shapes_access
from scanner.graph.build.context import Context, known, lower
from scanner.graph.estate import Estate

_KINDS = {
    "#microsoft.graph.user": "user",
    "#microsoft.graph.group": "group",
    "#microsoft.graph.serviceprincipal": "service-principal",
}


def _user(context: Context, kind: str, body: shapes_access.User, of: str, raw: bytes) -> None:
    node = _principal(context, "user", body.id, body.display_name)
    if not isinstance(body.display_name, str):
        return
    estate = context.estate
    if isinstance(body.user_principal_name, str):
        estate.set(node, "sign-in-name", body.user_principal_name)
    if isinstance(body.user_type, str):
        estate.set(node, "guest", body.user_type.lower() == "guest")
    if isinstance(body.account_enabled, bool):
        estate.set(node, "account-enabled", body.account_enabled)
    estate.set(node, "country", known(body.usage_location) or known(body.country))
    estate.set(node, "synchronised", known(body.on_premises_sync_enabled, False))


def _service_principal(context: Context, kind: str, body: shapes_access.ServicePrincipal, of: str, raw: bytes) -> None:
    names = known(body.alternative_names) or ()
    host = next((name for name in names if name.startswith("/") and "/providers/" in name.lower()), None)
    kind_ = known(body.service_principal_type)
    managed = kind_.lower() == "managedidentity" if kind_ else host is not None
    node = _principal(context, "managed-identity" if managed else "service-principal", body.id, body.display_name)
    estate = context.estate
    if isinstance(body.account_enabled, bool):
        estate.set(node, "account-enabled", body.account_enabled)
    client = lower(known(body.app_id))
    if estate.kind(node) == "service-principal":
        if client:
            context.workloads.by_app[client] = node
        estate.set(node, "app-id", client)
        owner = lower(known(body.app_owner_organization_id))
        estate.set(node, "app-owner", owner if isinstance(body.display_name, str) or owner else UNSET)
        return
    if estate.get(node, "host") is UNSET and host:
        estate.set(node, "host", ids.fold(host))
        explicit = any("isexplicit=true" in name.lower() for name in names)
        estate.set(node, "user-assigned", explicit or "/userassignedidentities/" in host.lower())


def _group(context: Context, kind: str, body: shapes_access.Group, of: str, raw: bytes) -> None:
    node = _principal(context, "group", body.id, body.display_name)
    if not isinstance(body.display_name, str):
        return
    estate = context.estate
    if isinstance(body.group_types, list):
        estate.set(node, "dynamic", "DynamicMembership" in body.group_types)
    estate.set(node, "role-assignable", known(body.is_assignable_to_role, False))
    estate.set(node, "synchronised", known(body.on_premises_sync_enabled, False))
    estate.set(node, "restricted-unit", known(body.is_management_restricted, False))
    estate.set(node, "membership-rule", known(body.membership_rule))
    estate.set(node, "under-pim", False)


def _principal(context: Context, kind: str, object_id: str, name: object) -> int:
    key = object_id.lower()
    estate = context.estate
    node = estate.add(kind, key, original=object_id)
    context.in_directory.add(key)
    if isinstance(name, str) and (estate.kind(node) != "managed-identity" or estate.get(node, "name") is UNSET):
        estate.set(node, "name", name)
    return node


def _activated(context: Context, kind: str, body: shapes_access.Activation, of: str, raw: bytes) -> None:
    """An activated membership looks like any for some hours; counted as what it is, verdicts do not depend on the hour."""
    if lower(known(body.assignment_type)) == "activated" and lower(known(body.access_id, "member")) == "member":
        context.members_by_pim.add((body.principal_id.lower(), body.group_id.lower()))


def _member(context: Context, kind: str, body: shapes_access.Member, of: str, raw: bytes) -> None:
    by_pim = (body.id.lower(), of.lower()) in context.members_by_pim
    _tie(context, body, of, "eligible-member-of" if by_pim else "member-of")


def _owner(context: Context, kind: str, body: shapes_access.Member, of: str, raw: bytes) -> None:
    """An owner can add members, herself among them; not where the group is mastered on premises."""
    group = context.estate.node(of.lower())
    if group is None or context.estate.get(group, "synchronised") is not True:
        _tie(context, body, of, "may-join")


def _eligible(context: Context, kind: str, body: shapes_access.Eligibility, of: str, raw: bytes) -> None:
    """Who may activate membership is a member that is eligible; who may activate ownership may add members."""
    estate = context.estate
    principal = estate.add("user", body.principal_id.lower(), original=body.principal_id)
    group = estate.add("group", body.group_id.lower())
    member = lower(known(body.access_id, "member")) == "member"
    estate.connect(principal, "eligible-member-of" if member else "may-join", group)
    estate.set(group, "under-pim", True)


def _tie(context: Context, body: shapes_access.Member, of: str, edge: str) -> None:
    what = lower(known(body.odata_type))
    if what in ("#microsoft.graph.device", "#microsoft.graph.orgcontact"):
        return  # a device or a contact signs in to nothing here
    estate = context.estate
    estate.connect(estate.add(_KINDS.get(what, "user"), body.id.lower()), edge, estate.add("group", of.lower()))


def resolve(context: Context) -> None:
    """Who is known to the directory, and which groups are empty."""
    estate = context.estate
    read = {c.kind for c in context.snapshot.coverage if c.outcome == "complete" and c.scope == "tenant"}
    read -= {kind for kind, _ in context.misread}
    lists = {
        "user": "user",
        "group": "group",
        "service-principal": "service-principal",
        "managed-identity": "service-principal",
    }
    for kind, listed in lists.items():
        for node in estate.nodes(kind):
            if estate.key(node) in context.in_directory or estate.get(node, "origin") == "delegated":
                estate.set(node, "unresolved", False)  # a group of another tenant is in that tenant's directory
            elif listed in read:
                estate.set(node, "unresolved", kind != "managed-identity" or estate.get(node, "host") is UNSET)
    for group in estate.nodes("group"):
        estate.set(group, "empty", not _anybody(estate, group))


def _anybody(estate: Estate, group: int) -> bool:
    seen = {group}
    waiting = [group]
    while waiting:
        group = waiting.pop()
        for member in (*estate.neighbours(group, "has-member"), *estate.neighbours(group, "has-eligible-member")):
            if estate.kind(member) != "group":
                return True
            if member not in seen:
                seen.add(member)
                waiting.append(member)
    return False


STEPS = (
    ("user", shapes_access.User, _user),
    ("service-principal", shapes_access.ServicePrincipal, _service_principal),
    ("group", shapes_access.Group, _group),
    ("group-activation", shapes_access.Activation, _activated),
    ("group-member", shapes_access.Member, _member),
    ("group-owner", shapes_access.Member, _owner),
    ("group-eligibility", shapes_access.Eligibility, _eligible),
)
