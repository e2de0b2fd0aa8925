"""Role definitions, assignments, PIM eligibility and deny assignments.

An assignment is (principal, role GUID, scope): its own name is re-minted by PIM and by deployment tools. An activated
eligibility is the eligible assignment and never a standing one, or verdicts would depend on the hour.
"""

from __future__ import annotations

import re
from datetime import datetime

from msgspec import UNSET, UnsetType

from scanner import ids
from scanner.graph.build import shapes, shapes_access
from scanner.graph.build.context import Context, known, lower
from scanner.graph.permissions import PermissionBlock

_MARKS = ("standing", "time-bound", "eligible")  # strongest first
_PRINCIPALS = {"user": "user", "group": "group", "foreigngroup": "group", "serviceprincipal": "service-principal"}
_EVERYBODY = "00000000-0000-0000-0000-000000000000"
_OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"  # what a classic administrator may do is what this role gives
_UNREADABLE = "a condition that could not be understood"
Item = shapes.Stated[shapes_access.Assignment]


def _role(context: Context, kind: str, body: shapes.Stated[shapes_access.RoleDefinition], of: str, raw: bytes) -> None:
    estate = context.estate
    node = estate.add("role", ids.last(body.id).lower(), original=body.id)
    estate.set(node, "name", known(body.properties.role_name))
    custom = lower(known(body.properties.type, "builtinrole"))
    estate.set(node, "custom", UNSET if custom is UNSET else custom == "customrole")
    if isinstance(body.properties.permissions, list):
        estate.set(node, "permissions", tuple(_block(p) for p in body.properties.permissions))
    else:
        context.doubt(kind, node, ("*",), detail="it was listed without its permissions")


def _block(permission: shapes_access.Permission) -> PermissionBlock:
    return PermissionBlock(
        permission.actions or (), permission.not_actions or (), permission.data_actions or (),
        permission.not_data_actions or (), known(permission.condition) or None,
    )  # fmt: skip


def _triple(facts: shapes_access.Assignment) -> tuple[str, str, str]:
    return facts.principal_id.lower(), ids.last(facts.role_definition_id).lower(), ids.fold(facts.scope)


def _activation(context: Context, kind: str, body: Item, of: str, raw: bytes) -> None:
    """Assignments as PIM sees them: an activated one stands for its eligible one, an end date makes it time-bound."""
    facts = body.properties
    source = known(facts.linked_role_eligibility_schedule_instance_id)
    if lower(known(facts.assignment_type)) == "activated" or source:
        context.activations[_triple(facts)] = (ids.last(source).lower() if source else "", facts)
    elif known(facts.end_date_time):
        _grant(context, facts, "time-bound")
        node = context.estate.node(_key(context, facts))
        if node is not None:
            context.estate.set(node, "days", _days(known(facts.start_date_time), known(facts.end_date_time)))


def _days(start: object, end: object) -> float | UnsetType:
    """How long something lasts; unset where PIM does not say from when, or in words nobody expected."""
    try:
        return (datetime.fromisoformat(str(end)) - datetime.fromisoformat(str(start))).total_seconds() / 86_400
    except (TypeError, ValueError):
        return UNSET


def _eligibility(context: Context, kind: str, body: Item, of: str, raw: bytes) -> None:
    context.eligibilities.add(ids.last(body.id).lower())
    _grant(context, body.properties, "eligible")


def _assignment(context: Context, kind: str, body: Item, of: str, raw: bytes) -> None:
    if _triple(body.properties) in context.activations:
        return
    estate = context.estate
    node = estate.node(_key(context, body.properties))
    if node is None or estate.get(node, "mark") != "time-bound":
        _grant(context, body.properties, "standing")


def resolve(context: Context) -> None:
    """What is activated is eligible, also where the eligibility it came from was not read.

    Who is eligible then cannot be told: who activated it may be one of a group, and the group may be allowed to.
    """
    for source, facts in context.activations.values():
        if source not in context.eligibilities:
            _grant(context, facts, "eligible")
            node = context.estate.node(_key(context, facts))
            if node is not None:
                context.dangling.append(node)


def _key(context: Context, facts: shapes_access.Assignment) -> str:
    """A system identity is re-minted with its host, so the host stands for it.

    An assignment under a condition is another one than its twin without: each has its own mark.
    """
    estate = context.estate
    principal, role, scope = _triple(facts)
    node = estate.node(principal)
    if node is not None and estate.kind(node) == "managed-identity" and estate.get(node, "user-assigned") is False:
        principal = f"host:{estate.get(node, 'host')}"
    return f"grant:{principal}|{role}|{scope}" + ("" if known(facts.condition, "") == "" else "|conditional")


def _grant(context: Context, facts: shapes_access.Assignment, mark: str) -> None:
    estate = context.estate
    principal_id, role_id, scope = _triple(facts)
    principal_type = lower(known(facts.principal_type))
    if principal_type is UNSET:
        context.misread.append(("role-assignment", ids.fold(facts.scope)))
        return
    principal = estate.add(
        _PRINCIPALS.get(principal_type, "service-principal"), principal_id, original=facts.principal_id
    )
    if principal_type == "foreigngroup":
        estate.set(principal, "origin", "delegated")
    key = _key(context, facts)
    node = estate.node(key)
    if node is not None:
        if _MARKS.index(mark) < _MARKS.index(estate.get(node, "mark")):
            estate.set(node, "mark", mark)
        return
    node = estate.add("grant", key)
    condition = known(facts.condition, "")
    estate.write(node, (
        ("mark", mark),
        ("condition", _UNREADABLE if condition is UNSET else condition or None),
        ("principal-kind", estate.kind(principal)),
        ("created-by", lower(known(facts.created_by))),
    ))  # fmt: skip
    role = estate.node(role_id)
    role = role if role is not None else estate.add("missing", role_id, role_id)
    target = context.refer(scope) if scope != ids.ROOT_SCOPE else estate.add("tenant", scope)
    if target is None:
        return
    estate.set(node, "name", f"{estate.name(role)} on {estate.name(target)} for {estate.name(principal)}")
    estate.connect(principal, "granted", node)
    estate.connect(node, "of-role", role)
    estate.connect(node, "at-scope", target)


def _delegation(
    context: Context, kind: str, body: shapes.Stated[shapes_access.Delegation], of: str, raw: bytes
) -> None:
    """A delegation gives roles to a tenant that manages this one; whoever of it they are for, the directory here does not know."""
    scope = ids.fold(body.id).rpartition("/providers/")[0]
    definition = known(body.properties.registration_definition)
    offer = known(definition.properties) if definition else definition
    given = (
        [(known(offer.authorizations, []), "standing"), (known(offer.eligible_authorizations, []), "eligible")]
        if offer
        else []
    )
    if context.odd or not given or not all(isinstance(found, list) for found, _ in given):
        at = context.refer(scope)
        if at is not None:
            context.doubt(
                "role-assignment", at, ("scope-of",), detail="a delegation to another tenant does not say what it gives"
            )
        return
    for found, mark in given:
        for delegate in found:
            facts = shapes_access.Assignment(delegate.principal_id, delegate.role_definition_id, scope, "ForeignGroup")
            _grant(context, facts, mark)


def _classic(context: Context, kind: str, body: shapes.Stated[shapes_access.Classic], of: str, raw: bytes) -> None:
    """Co-administrators and the service administrator own the subscription; an account administrator only pays for it."""
    at = ids.fold(body.id).rpartition("/providers/")[0]
    address, role = known(body.properties.email_address), lower(known(body.properties.role))
    if context.odd or not isinstance(address, str) or not address or not isinstance(role, str):
        context.misread.append((kind, at))
        return
    if not {part.strip() for part in re.split("[;,]", role)} <= {"accountadministrator"}:
        person = _signed_in(context, address) or f"classic:{address.lower()}"
        if context.estate.node(person) is None:
            context.estate.add("user", person, address)
        _grant(context, shapes_access.Assignment(person, _OWNER, at, "User"), "standing")


def _signed_in(context: Context, address: str) -> str | None:
    """Who signs in with an address; a guest's name in the directory is made of it."""
    estate, wanted = context.estate, address.lower()
    names = context.by_sign_in
    if not names:
        for node in estate.nodes("user"):
            name = estate.get(node, "sign-in-name")
            if isinstance(name, str):
                names[name.lower().partition("#ext#")[0]] = estate.key(node)
    return names.get(wanted) or names.get(wanted.replace("@", "_"))


def _deny(context: Context, kind: str, body: shapes.Stated[shapes_access.Deny], of: str, raw: bytes) -> None:
    """One that was not understood whole takes nothing away for certain; it is a doubt at its scope."""
    estate, facts = context.estate, body.properties
    target = context.refer(facts.scope) if facts.scope != ids.ROOT_SCOPE else estate.add("tenant", ids.ROOT_SCOPE)
    if (
        target is None
        or context.odd
        or not isinstance(facts.permissions, list)
        or not isinstance(facts.principals, list)
    ):
        at = target if target is not None else estate.add("tenant", ids.ROOT_SCOPE)
        context.doubt(kind, at, ("scope-of",), detail="one of them has a shape nobody expected")
        return
    node = estate.add("deny-assignment", ids.fold(body.id), ids.last(body.id), body.id)
    estate.set(node, "permissions", tuple(_block(p) for p in facts.permissions))
    estate.set(node, "principals", _who(facts.principals))
    estate.set(node, "exclude-principals", _who(known(facts.exclude_principals, [])))
    estate.set(node, "children", not known(facts.do_not_apply_to_child_scopes, False))
    estate.connect(node, "at-scope", target)


def _who(principals: list[shapes_access.Principal]) -> frozenset[str]:
    """Object ids, or `*` for everybody."""
    found = {principal.id.lower() for principal in principals}
    return frozenset("*" if object_id == _EVERYBODY else object_id for object_id in found)


STEPS = (
    ("role-definition", shapes.Stated[shapes_access.RoleDefinition], _role),
    ("role-activation", Item, _activation),
    ("role-eligibility", Item, _eligibility),
    ("role-assignment", Item, _assignment),
    ("delegation", shapes.Stated[shapes_access.Delegation], _delegation),
    ("classic-administrator", shapes.Stated[shapes_access.Classic], _classic),
    ("deny-assignment", shapes.Stated[shapes_access.Deny], _deny),
)
