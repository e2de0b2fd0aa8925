"""Role definitions, assignments, PIM eligibility and deny assignments.

An assignment is (principal, role GUID, scope): its own name is re-minted by PIM and by deployment tools. An activated
eligibility is the eligible assignment and never a standing one, or verdicts would depend on the hour.
"""

from __future__ import annotations

from msgspec import UNSET

from scanner import ids
from scanner.graph.build import shapes
from scanner.graph.build.context import Context, known
from scanner.graph.permissions import PermissionBlock

_MARKS = ("standing", "time-bound", "eligible")  # strongest first
_PRINCIPALS = {"user": "user", "group": "group", "foreigngroup": "group", "serviceprincipal": "service-principal"}
_EVERYBODY = "00000000-0000-0000-0000-000000000000"
Item = shapes.Arm[shapes.Assignment]


def _role(context: Context, kind: str, body: shapes.Arm[shapes.RoleDefinition], of: str, raw: bytes) -> None:
    estate = context.estate
    node = estate.add("role", ids.last(body.id).lower(), original=body.id)
    if body.properties is UNSET:
        return
    estate.set(node, "name", known(body.properties.role_name))
    estate.set(node, "custom", known(body.properties.type, "").lower() == "customrole")
    if isinstance(body.properties.permissions, list):
        estate.set(node, "permissions", tuple(_block(p) for p in body.properties.permissions))


def _block(permission: shapes.Permission) -> PermissionBlock:
    return PermissionBlock(
        permission.actions or (), permission.not_actions or (), permission.data_actions or (),
        permission.not_data_actions or (), known(permission.condition) or None,
    )  # fmt: skip


def _triple(facts: shapes.Assignment) -> tuple[str, str, str]:
    return facts.principal_id.lower(), ids.last(facts.role_definition_id).lower(), ids.fold(facts.scope)


def _activation(context: Context, kind: str, body: Item, of: str, raw: bytes) -> None:
    """Assignments as PIM sees them: an activated one stands for its eligible one, an end date makes it time-bound."""
    if body.properties is UNSET:
        return
    facts = body.properties
    if known(facts.assignment_type, "").lower() == "activated" or known(
        facts.linked_role_eligibility_schedule_instance_id
    ):
        context.linked_activations.add(_triple(facts))
    elif known(facts.end_date_time):
        _grant(context, facts, "time-bound")


def _eligibility(context: Context, kind: str, body: Item, of: str, raw: bytes) -> None:
    if body.properties is not UNSET:
        _grant(context, body.properties, "eligible")


def _assignment(context: Context, kind: str, body: Item, of: str, raw: bytes) -> None:
    if body.properties is UNSET or _triple(body.properties) in context.linked_activations:
        return
    estate = context.estate
    node = estate.node(_key(context, *_triple(body.properties)))
    if node is None or estate.get(node, "mark") != "time-bound":
        _grant(context, body.properties, "standing")


def _key(context: Context, principal: str, role: str, scope: str) -> str:
    """A system identity is re-minted with its host, so the host stands for it."""
    estate = context.estate
    node = estate.node(principal)
    if node is not None and estate.kind(node) == "managed-identity" and estate.get(node, "user-assigned") is False:
        principal = f"host:{estate.get(node, 'host')}"
    return f"grant:{principal}|{role}|{scope}"


def _grant(context: Context, facts: shapes.Assignment, mark: str) -> None:
    estate = context.estate
    principal_id, role_id, scope = _triple(facts)
    kind = _PRINCIPALS.get(known(facts.principal_type, "").lower(), "service-principal")
    principal = estate.add(kind, principal_id, original=facts.principal_id)
    if known(facts.principal_type, "").lower() == "foreigngroup":
        estate.set(principal, "origin", "delegated")
    key = _key(context, principal_id, role_id, scope)
    node = estate.node(key)
    condition = known(facts.condition) or None
    if node is not None:
        if _MARKS.index(mark) < _MARKS.index(estate.get(node, "mark")):
            estate.set(node, "mark", mark)
        if condition is None:
            estate.set(node, "condition", None)
        return
    node = estate.add("grant", key)
    estate.set(node, "mark", mark)
    estate.set(node, "condition", condition)
    estate.set(node, "principal-kind", estate.kind(principal))
    role = estate.node(role_id)
    role = role if role is not None else estate.add("missing", role_id, role_id)
    target = context.refer(scope) if scope != ids.ROOT_SCOPE else estate.add("tenant", scope)
    if target is None:
        return
    estate.set(node, "name", f"{estate.name(role)} on {estate.name(target)} for {estate.name(principal)}")
    estate.connect(principal, "granted", node)
    estate.connect(node, "of-role", role)
    estate.connect(node, "at-scope", target)


def _deny(context: Context, kind: str, body: shapes.Arm[shapes.Deny], of: str, raw: bytes) -> None:
    if body.properties is UNSET:
        return
    estate, facts = context.estate, body.properties
    node = estate.add("deny-assignment", ids.fold(body.id), ids.last(body.id), body.id)
    if isinstance(facts.permissions, list):
        estate.set(node, "permissions", tuple(_block(p) for p in facts.permissions))
    estate.set(node, "principals", _who(facts.principals))
    estate.set(node, "exclude-principals", _who(facts.exclude_principals))
    estate.set(node, "children", not known(facts.do_not_apply_to_child_scopes, False))
    scope = ids.fold(facts.scope)
    target = context.refer(scope) if scope != ids.ROOT_SCOPE else estate.add("tenant", scope)
    if target is not None:
        estate.connect(node, "at-scope", target)


def _who(principals: object) -> frozenset[str]:
    """Object ids, or `*` for everybody."""
    found = {p.id.lower() for p in principals or ()} if isinstance(principals, list) else set()
    return frozenset("*" if object_id == _EVERYBODY else object_id for object_id in found)


STEPS = (
    ("role-definition", shapes.Arm[shapes.RoleDefinition], _role),
    ("role-activation", Item, _activation),
    ("role-eligibility", Item, _eligibility),
    ("role-assignment", Item, _assignment),
    ("deny-assignment", shapes.Arm[shapes.Deny], _deny),
)
