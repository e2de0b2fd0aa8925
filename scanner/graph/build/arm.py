"""Resources that workspaces stand on, and any other ARM resource: the envelope once, then what each kind adds."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from scanner import ids
from scanner.graph.build import shapes
from scanner.graph.build.context import Context, arm_values, known, word
from scanner.graph.records import RECORDS


def place(context: Context, kind: str, body: shapes.Arm[Any], raw: bytes, location: Any = UNSET) -> int:
    """Makes the node of a resource with what every resource has: names, place, tags, scope, identities."""
    estate = context.estate
    key = ids.fold(body.id)
    node = estate.add(kind, key, known(body.name) or ids.last(body.id), body.id)
    arm_type = RECORDS[kind].arm_type or ids.resource_type(key)
    group = ids.resource_group_of(key)
    estate.set(node, "type", arm_type)
    estate.set(node, "subscription", group.rpartition("/resourcegroups/")[0] if group else ids.subscription_of(key))
    estate.set(node, "resource-group", group)
    estate.set(node, "tags", context.shared_tags(body.tags if body.tags is not UNSET else None))
    managed_by = known(body.managed_by)
    estate.set(node, "managed-by", ids.fold(managed_by) if managed_by else None)
    region_node, region = context.place_region(known(location) or known(body.location))
    estate.set(node, "region", region)
    if region_node is not None:
        estate.connect(node, "located-in", region_node)
    above = group if group and arm_type.count("/") == 1 else ids.parent(key)
    if above and arm_type.endswith("/versions"):
        above = ids.parent(above)  # a version's container is only a name
    if above:
        container = estate.node(above)
        container = container if container is not None else estate.add("missing", above, ids.last(above))
        estate.connect(container, "contains", node)
    identity = known(body.identity)
    if identity is not None:
        _identities(context, node, key, identity)
    if "identity-type" in estate.ontology.kinds[kind].attributes:
        estate.set(node, "identity-type", known(identity.type) if identity is not None else None)
    arm_values(context, node, arm_type, raw)
    return node


def _identities(context: Context, node: int, key: str, identity: shapes.Identity) -> None:
    estate = context.estate
    system = known(identity.principal_id)
    if system:
        principal = estate.add("managed-identity", system.lower())
        estate.set(principal, "host", key)
        estate.set(principal, "user-assigned", False)
        estate.connect(node, "has-identity", principal)
        if estate.get(principal, "name") is UNSET:
            estate.set(principal, "name", f"identity of {estate.name(node)}")
    for arm_id, facts in (known(identity.user_assigned_identities) or {}).items():
        object_id = (facts or {}).get("principalId")
        if isinstance(object_id, str) and object_id:
            principal = estate.add("managed-identity", object_id.lower())
            estate.set(principal, "host", ids.fold(arm_id))
            estate.set(principal, "user-assigned", True)
            if estate.get(principal, "name") is UNSET:
                estate.set(principal, "name", ids.last(arm_id))
            estate.connect(node, "has-identity", principal)


def _resource(context: Context, kind: str, body: shapes.Arm[shapes.Nothing], of: str, raw: bytes) -> None:
    if (
        context.estate.node(ids.fold(body.id)) is None
        or context.estate.kind(context.estate.node(ids.fold(body.id)) or 0) == "missing"
    ):
        place(context, kind, body, raw)


def _storage(context: Context, kind: str, body: shapes.Arm[shapes.Storage], of: str, raw: bytes) -> None:
    node = place(context, kind, body, raw)
    estate = context.estate
    context.accounts.setdefault(estate.name(node).lower(), []).append(node)
    sku = known(body.sku)
    name = known(sku.name) if sku else None
    if name:
        estate.set(node, "redundancy", name.rpartition("_")[2].lower())
    properties = body.properties
    if properties is UNSET:
        return
    estate.set(node, "shared-key-access", known(properties.allow_shared_key_access, True))
    estate.set(node, "public-blobs", known(properties.allow_blob_public_access, True))
    estate.set(node, "public-network-access", word(known(properties.public_network_access), "enabled"))
    estate.set(node, "hierarchical", known(properties.is_hns_enabled, False))
    secondary = known(properties.secondary_location)
    estate.set(node, "secondary-region", ids.fold_location(secondary) if secondary else None)


def _object_replication(
    context: Context, kind: str, body: shapes.Arm[shapes.ObjectReplication], of: str, raw: bytes
) -> None:
    """A policy stands on source and destination alike; the copy goes from the one to the other."""
    if body.properties is UNSET:
        return
    here = ids.parent(ids.fold(body.id)) or ""
    source = _account(context, known(body.properties.source_account), here)
    target = _account(context, known(body.properties.destination_account), here)
    estate = context.estate
    if source is not None and target is not None and target not in estate.neighbours(source, "replicated-to"):
        estate.connect(source, "replicated-to", target, "an object replication policy copies blobs there")


def _account(context: Context, name: str | None, beside: str) -> int | None:
    """An account named by id or by name alone (names are unique in Azure)."""
    if not name:
        return None
    if name.startswith("/"):
        return context.refer(name)
    found = context.accounts.get(name.lower())
    return found[0] if found else context.refer(f"{beside.rpartition('/')[0]}/{name}")


def _vault(context: Context, kind: str, body: shapes.Arm[shapes.Vault], of: str, raw: bytes) -> None:
    node = place(context, kind, body, raw)
    if body.properties is not UNSET:
        context.estate.set(node, "rbac", known(body.properties.enable_rbac_authorization, False))


def _registry(context: Context, kind: str, body: shapes.Arm[shapes.Registry], of: str, raw: bytes) -> None:
    node = place(context, kind, body, raw)
    context.estate.set(node, "replicated-regions", frozenset())
    if body.properties is not UNSET:
        context.estate.set(node, "admin-user", known(body.properties.admin_user_enabled, False))


def _replication(context: Context, kind: str, body: shapes.Arm[shapes.Nothing], of: str, raw: bytes) -> None:
    """The home region is listed too; it is no copy."""
    estate = context.estate
    node = context.refer(ids.parent(ids.fold(body.id)))
    region = ids.fold_location(known(body.location) or ids.last(body.id))
    if node is not None and estate.kind(node) == "container-registry" and region != estate.get(node, "region"):
        context.region(region)
        estate.set(node, "replicated-regions", estate.get(node, "replicated-regions") | {region})


def _insights(context: Context, kind: str, body: shapes.Arm[shapes.Insights], of: str, raw: bytes) -> None:
    node = place(context, kind, body, raw)
    target = context.refer(known(body.properties.workspace_resource_id)) if body.properties is not UNSET else None
    if target is not None:
        context.estate.connect(node, "writes-logs-to", target)


def _plain(context: Context, kind: str, body: shapes.Arm[shapes.Nothing], of: str, raw: bytes) -> None:
    place(context, kind, body, raw)


def _model_account(context: Context, kind: str, body: shapes.Arm[shapes.ModelAccount], of: str, raw: bytes) -> None:
    node = place(context, kind, body, raw)
    context.estate.set(node, "account-kind", known(body.kind))
    if body.properties is not UNSET:
        context.estate.set(node, "local-auth", not known(body.properties.disable_local_auth, False))


def _model_deployment(
    context: Context, kind: str, body: shapes.Arm[shapes.ModelDeployment], of: str, raw: bytes
) -> None:
    """A deployment has no location of its own: it stands where its account does."""
    estate = context.estate
    account = context.refer(ids.parent(ids.fold(body.id)))
    region = estate.get(account, "region") if account is not None else UNSET
    node = place(context, kind, body, raw, location=region)
    if account is not None:
        estate.connect(account, "has-deployment", node)
    sku = known(body.sku)
    if sku is not None:
        estate.set(node, "sku", known(sku.name))
        estate.set(node, "capacity", known(sku.capacity, 0))
    if body.properties is UNSET:
        return
    model = known(body.properties.model)
    estate.set(node, "model-name", known(model.name) if model else None)
    spill = known(body.properties.spillover_deployment_name)
    if spill:
        other = context.refer(f"{ids.parent(ids.fold(body.id))}/deployments/{spill}")
        if other is not None:
            estate.connect(node, "spills-to", other)


def _user_assigned(context: Context, kind: str, body: shapes.Arm[shapes.UserAssigned], of: str, raw: bytes) -> None:
    node = place(context, kind, body, raw)
    estate = context.estate
    object_id = known(body.properties.principal_id) if body.properties is not UNSET else None
    if object_id:
        principal = estate.add("managed-identity", object_id.lower(), estate.name(node))
        estate.set(principal, "host", ids.fold(body.id))
        estate.set(principal, "user-assigned", True)
        estate.connect(node, "has-identity", principal)


STEPS = (
    ("storage-account", shapes.Arm[shapes.Storage], _storage),
    ("object-replication", shapes.Arm[shapes.ObjectReplication], _object_replication),
    ("key-vault", shapes.Arm[shapes.Vault], _vault),
    ("container-registry", shapes.Arm[shapes.Registry], _registry),
    ("registry-replication", shapes.Arm[shapes.Nothing], _replication),
    ("log-analytics", shapes.Arm[shapes.Nothing], _plain),
    ("application-insights", shapes.Arm[shapes.Insights], _insights),
    ("model-account", shapes.Arm[shapes.ModelAccount], _model_account),
    ("model-deployment", shapes.Arm[shapes.ModelDeployment], _model_deployment),
    ("user-assigned-identity", shapes.Arm[shapes.UserAssigned], _user_assigned),
    ("resource", shapes.Arm[shapes.Nothing], _resource),
)
