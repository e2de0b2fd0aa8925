"""Who stands behind workloads: owners of applications, outside subjects they trust, roles of the directory, access policies.

Much of it names principals and identities that other records make, so it waits until those are known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET

from scanner import ids
from scanner.graph.build import shapes, shapes_access
from scanner.graph.build.context import Context, known, lower
from scanner.graph.build.met import Workloads
from scanner.graph.estate import Estate

_PERMISSIONS = "app-role-assignment"
_WORKLOADS = ("service-principal", "managed-identity")


def _application(context: Context, kind: str, body: shapes_access.Application, of: str, raw: bytes) -> None:
    """Its sign-ins are counted as of the day the snapshot was taken; there is no clock here."""
    now = context.snapshot.manifest.started
    lists = [known(body.password_credentials, []), known(body.key_credentials, [])]
    count = None
    if all(isinstance(found, list) for found in lists):
        ends = [known(sign_in.end_date_time) for found in lists for sign_in in found]
        count = sum(1 for end in ends if not isinstance(end, str) or end > now)
    context.workloads.applications[body.id.lower()] = (lower(known(body.app_id)) or "", count)


def _owner(context: Context, kind: str, body: shapes_access.Member, of: str, raw: bytes) -> None:
    context.workloads.owners.append((body.id.lower(), of.lower()))


def _federation(context: Context, kind: str, body: shapes_access.Federation, of: str, raw: bytes) -> None:
    if context.odd:
        context.misread.append((kind, of))
    context.workloads.trusts.append((of.lower(), body))


def _identity_federation(
    context: Context, kind: str, body: shapes.Stated[shapes_access.Federation], of: str, raw: bytes
) -> None:
    key = ids.parent(ids.fold(body.id)) or ""
    if context.odd:
        context.misread.append((kind, key))
    context.workloads.trusts.append((key, body.properties))


# Application Administrator and Cloud Application Administrator, which may be assigned over one application.
_OVER_APPLICATIONS = {"9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", "158c047a-c907-4556-b7ef-446551a6b5f7"}


def _directory_role(context: Context, kind: str, body: shapes_access.DirectoryRole, of: str, raw: bytes) -> None:
    template = lower(known(body.template_id)) or body.id.lower()
    context.workloads.roles[body.id.lower()] = template
    context.estate.add("directory-role", template, known(body.display_name) or template)


def _directory_role_assignment(
    context: Context, kind: str, body: shapes_access.DirectoryRoleAssignment, of: str, raw: bytes
) -> None:
    _rule(context, body, kind == "directory-role-eligibility")


def _directory_role_activation(
    context: Context, kind: str, body: shapes_access.DirectoryRoleAssignment, of: str, raw: bytes
) -> None:
    """Who activated a role is eligible for it, whatever the hour; the assignment is listed as any other for so long."""
    if context.odd:
        context.misread.append((kind, "tenant"))
    elif lower(known(body.assignment_type)) == "activated":
        context.workloads.activated_roles.add((body.principal_id.lower(), body.role_definition_id.lower()))
        _rule(context, body, True)


def _rule(context: Context, body: shapes_access.DirectoryRoleAssignment, eligible: bool) -> None:
    estate = context.estate
    principal, role = body.principal_id.lower(), body.role_definition_id.lower()
    eligible = eligible or (principal, role) in context.workloads.activated_roles
    template = context.workloads.roles.get(role, role)
    where = (lower(known(body.directory_scope_id)) or "/").strip("/")
    if where and "/" not in where and template in _OVER_APPLICATIONS:
        context.workloads.owners.append((principal, where))  # over one application: as much as its owner
        return
    target = estate.add("directory-role", template)
    edge = "eligible-for-directory-role" if eligible else "holds-directory-role"
    if where:
        edge = "holds-directory-role-in-part"
    node = estate.add("user", principal)
    if target not in estate.neighbours(node, edge):
        estate.connect(node, edge, target)


def _app_role(context: Context, kind: str, body: shapes_access.AppRole, of: str, raw: bytes) -> None:
    name = known(body.value)
    if isinstance(name, str) and name:
        context.workloads.app_roles[body.id.lower()] = name


def _app_role_assignment(
    context: Context, kind: str, body: shapes_access.AppRoleAssignment, of: str, raw: bytes
) -> None:
    """Only a workload can hold an application permission; one that no list shows is one all the same."""
    principal = body.principal_id.lower()
    context.workloads.permissions.append((principal, body.app_role_id.lower()))
    if lower(known(body.principal_type, "ServicePrincipal")) == "serviceprincipal":
        context.estate.add("service-principal", principal)


def _policy_assignment(
    context: Context, kind: str, body: shapes.Arm[shapes_access.PolicyAssignment], of: str, raw: bytes
) -> None:
    """A policy that remedies has an identity: whoever may change the policy decides what that identity does."""
    identity, estate = known(body.identity), context.estate
    for arm_id, facts in ((known(identity.user_assigned_identities) if identity else None) or {}).items():
        _serves(estate, ids.fold(arm_id), (facts or {}).get("principalId"), ids.fold(body.id))
    object_id = known(identity.principal_id) if identity else None
    if isinstance(object_id, str) and object_id:
        node = estate.add("managed-identity", object_id.lower())
        estate.set(node, "host", ids.fold(body.id))
        estate.set(node, "user-assigned", False)
        if estate.get(node, "name") is UNSET:
            estate.set(node, "name", f"identity of {known(body.name) or ids.last(body.id)}")


def access_policies(context: Context, vault: int, policies: Any) -> None:
    """Notes who reads the vault's secrets by access policy; unknown where they have a shape nobody expected."""
    if policies is UNSET or not isinstance(policies, list):
        context.doubt("key-vault", vault, ("secrets-read-by",), detail="its access policies could not be understood")
        return
    for policy in policies:
        permissions = known(policy.permissions)
        secrets = known(permissions.secrets, []) if permissions else []
        if isinstance(secrets, list) and {str(s).lower() for s in secrets} & {"get", "all"}:
            context.workloads.secret_readers.append((policy.object_id.lower(), vault))


def resolve(context: Context) -> None:
    """Ties what waited, now that all principals and identities are known."""
    estate, found = context.estate, context.workloads
    for client, count in found.applications.values():
        workload = found.by_app.get(client)
        if workload is not None and count is not None:
            estate.set(workload, "secrets", count)
    owned = [
        (owner, workload)
        for owner, object_id in found.owners
        if (workload := _workload(estate, found, object_id)) is not None
    ]
    identities = _identities(estate, {key for key, _ in found.trusts})
    for owner, workload in owned:
        estate.connect(estate.add("user", owner), "owns", workload)
    for key, trust in found.trusts:
        workload = _workload(estate, found, key)
        for principal in identities.get(key, ()) if workload is None else (workload,):
            estate.connect(principal, "trusts", _outside(context, trust))
    for keeper, client in found.sign_ins:
        target = found.by_app.get(client)
        estate.connect(
            keeper,
            "signs-in-as",
            target if target is not None else estate.add("missing", f"application:{client}", client),
        )
    for object_id, vault in dict.fromkeys(found.secret_readers):
        estate.connect(estate.add("service-principal", object_id), "reads-secrets-of", vault)
    _resolve_permissions(context)


def _resolve_permissions(context: Context) -> None:
    """Names what workloads hold on Microsoft Graph. A snapshot without the list says nothing of it."""
    estate, found = context.estate, context.workloads
    if not found.permissions and not any(entry.kind == _PERMISSIONS for entry in context.snapshot.coverage):
        return
    held: dict[str, set[str]] = {}
    for principal, role in found.permissions:
        held.setdefault(principal, set()).add(found.app_roles.get(role, role))
    for kind in _WORKLOADS:
        for node in estate.nodes(kind):
            estate.set(node, "graph-permissions", frozenset(held.get(estate.key(node), ())))


def doubt(context: Context, kind: str, scope: str, gap: int) -> None:
    """What an unread list leaves unknown of the workloads and groups it is about."""
    estate, found = context.estate, context.workloads
    match kind:
        case "application":
            for node in estate.nodes("service-principal"):
                for name in ("owned-by", "trusts", "secrets"):
                    estate.mark_gap(node, name, gap)
        case "application-owner" | "service-principal-owner" | "application-federation":
            of = _known(_workload(estate, found, scope))
            for workload in estate.nodes("service-principal") if scope == ids.ROOT_SCOPE else of:
                estate.mark_gap(workload, "trusts" if kind == "application-federation" else "owned-by", gap)
        case "federated-credential":
            named = _identities(estate, {scope}).get(scope, ())
            for principal in estate.nodes("managed-identity") if scope == ids.ROOT_SCOPE else named:
                estate.mark_gap(principal, "trusts", gap)
        case "user-assigned-identity":
            # nobody could ask what identities trust that nobody could list; the directory still knows them
            for principal in estate.nodes("managed-identity"):
                host = estate.get(principal, "host")
                if estate.get(principal, "user-assigned") is True and host and ids.contains(scope, host):
                    estate.mark_gap(principal, "trusts", gap)
        case "group-eligibility":
            for group in estate.nodes("group") if scope == ids.ROOT_SCOPE else _known(estate.node(scope)):
                estate.mark_gap(group, "has-eligible-member", gap)
                if estate.get(group, "under-pim") is False:
                    estate.set(group, "under-pim", UNSET)
                    estate.mark_gap(group, "under-pim", gap)
        case "directory-role-assignment" | "directory-role-eligibility":
            _anybody_may_rule(estate, gap)
        case "app-role" | "app-role-assignment":
            _anybody_may_rule(estate, gap)
            for workload in (node for name in _WORKLOADS for node in estate.nodes(name)):
                if kind == _PERMISSIONS or estate.get(workload, "graph-permissions"):
                    estate.set(workload, "graph-permissions", UNSET)
                    estate.mark_gap(workload, "graph-permissions", gap)


def _anybody_may_rule(estate: Estate, gap: int) -> None:
    """Somebody may administer the directory, and with it everything in the tenant, without our seeing it."""
    for tenant in _known(estate.node(ids.ROOT_SCOPE)):
        estate.mark_gap(tenant, "opened-by", gap)


def _known(node: int | None) -> tuple[int, ...]:
    return () if node is None else (node,)


def _serves(estate: Estate, key: str, object_id: object, policy: str) -> None:
    """A user-assigned identity acts for a policy, and perhaps for others beside it."""
    if isinstance(object_id, str) and object_id:
        found = [estate.add("managed-identity", object_id.lower())]
        estate.set(found[0], "host", key)
        estate.set(found[0], "user-assigned", True)
        if estate.get(found[0], "name") is UNSET:
            estate.set(found[0], "name", ids.last(key))
    else:
        resource = estate.node(key)
        found = list(estate.neighbours(resource, "has-identity")) if resource is not None else []
    for node in found:
        estate.set(node, "policies", (estate.get(node, "policies") or frozenset()) | {policy})


def _workload(estate: Estate, found: Workloads, object_id: str) -> int | None:
    """The service principal of an object id, or of the application that has it."""
    if object_id in found.applications:
        return found.by_app.get(found.applications[object_id][0])
    node = estate.node(object_id)
    return node if node is not None and estate.kind(node) == "service-principal" else None


def _identities(estate: Estate, keys: set[str]) -> Mapping[str, list[int]]:
    """The managed identities of user-assigned identity resources, by the resources' ids."""
    nodes = {node: key for key in keys if (node := estate.node(key)) is not None}
    found: dict[str, list[int]] = {}
    for host, principal in tuple(estate.pairs("has-identity")):
        if host in nodes:
            found.setdefault(nodes[host], []).append(principal)
    return found


def _outside(context: Context, trust: shapes_access.Federation) -> int:
    """The node of an outside subject, by issuer and subject, or by the expression that is trusted instead of one.

    Entra tells subjects apart by case: what differs in case is somebody else, and must not pass for a declared one.
    """
    estate = context.estate
    issuer, subject = known(trust.issuer) or "", known(trust.subject)
    expression = known(trust.claims_matching_expression)
    text = expression if isinstance(expression, str) else known(expression.value) if expression else None
    shown = subject or text or ""
    node = estate.add("outside-subject", f"outside:{issuer.lower()}|{shown}", shown)
    estate.write(node, (
        ("issuer", issuer), ("subject", shown), ("pattern", bool(not subject and text) or "*" in shown),
        ("pull-request", shown.lower().endswith(":pull_request")),
    ))  # fmt: skip
    return node


STEPS = (
    ("application", shapes_access.Application, _application),
    ("application-owner", shapes_access.Member, _owner),
    ("service-principal-owner", shapes_access.Member, _owner),
    ("application-federation", shapes_access.Federation, _federation),
    ("federated-credential", shapes.Stated[shapes_access.Federation], _identity_federation),
    ("directory-role", shapes_access.DirectoryRole, _directory_role),
    ("directory-role-activation", shapes_access.DirectoryRoleAssignment, _directory_role_activation),
    ("directory-role-eligibility", shapes_access.DirectoryRoleAssignment, _directory_role_assignment),
    ("directory-role-assignment", shapes_access.DirectoryRoleAssignment, _directory_role_assignment),
    ("app-role", shapes_access.AppRole, _app_role),
    ("app-role-assignment", shapes_access.AppRoleAssignment, _app_role_assignment),
    ("policy-assignment", shapes.Arm[shapes_access.PolicyAssignment], _policy_assignment),
)
