"""Resources that workspaces stand on, and any other ARM resource: the envelope once, then what each kind adds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import UNSET

from scanner import ids
from scanner.graph.build import copies, flows, origins, shapes, shapes_access, shapes_flows
from scanner.graph.build.context import Context, arm_values, folded, known, lower, word
from scanner.graph.build.settings import task
from scanner.graph.build.workloads import access_policies
from scanner.graph.edges import ONTOLOGY
from scanner.graph.records import RECORDS

# The edges that a kind's own properties say: unknown where the properties were not listed, or were odd.
_STATED = {
    "workspace": ("depends-on", "default-store", "project-of-hub"), "compute": ("attached-to",), "datastore": ("stored-in",),
    "data-asset": ("stored-in",), "model": ("stored-in", "made-by", "based-on", "comes-from"), "online-endpoint": ("runs-on",), "online-deployment": ("deploys", "collects-into", "comes-from"),
    "batch-deployment": ("deploys", "runs-on", "comes-from"), "connection": ("connects-to", "leads-outside-to"), "job": ("runs-on", "reads-data", "writes-data", "based-on", "comes-from"),
    "registry-model": ("based-on",), "registry-data": (), "registry-environment": (), "registry-component": (),
    "application-insights": ("writes-logs-to",), "model-deployment": ("spills-to", "weights-from"), "user-assigned-identity": ("has-identity",),
    "ml-registry": ("replicated-to",), "storage-account": ("replicated-to",), "key-vault": (), "container-registry": (),
    "model-account": (), "log-analytics": (), "cosmos-account": (), "sql-server": (), "sql-database": (), "postgresql-server": (),
    "search-service": (),
    **{kind.name: () for kind in RECORDS.values() if kind.node == "resource" and kind.arm_type},
}  # fmt: skip


_WITH_IDENTITY_TYPE = {name for name, kind in ONTOLOGY.kinds.items() if "identity-type" in kind.attributes}


def place(context: Context, kind: str, body: shapes.Arm[Any], raw: bytes, location: Any = UNSET) -> int:
    """Makes the node of a resource with what every resource has: names, place, tags, scope, identities.

    `kind` is the kind of the record; several kinds of record become nodes of kind `resource`.
    """
    estate = context.estate
    key = ids.fold(body.id)
    record = RECORDS[kind]
    node = estate.add(record.node, key, original=body.id)
    arm_type = record.arm_type or ids.resource_type(key)
    group = ids.resource_group_of(key)
    where = known(location) or known(body.location, UNSET)
    region_node, region = context.place_region(where)
    nowhere = where is not UNSET or kind not in _STATED or record.scope == "parent"
    estate.write(node, (
        ("name", known(body.name) or ids.last(body.id)),
        ("type", arm_type),
        ("subscription", group.rpartition("/resourcegroups/")[0] if group else ids.subscription_of(key)),
        ("resource-group", group),
        ("tags", context.shared_tags(body.tags if body.tags is not UNSET else None)),
        ("managed-by", folded(known(body.managed_by))),
        ("region", region if region_node is not None or nowhere else UNSET),
    ))  # fmt: skip
    if region_node is not None:
        estate.connect(node, "located-in", region_node)
    elif not nowhere:
        context.doubt(kind, node, ("located-in", "*"))
    above = group if group and arm_type.count("/") == 1 else ids.parent(key)
    if above and arm_type.endswith("/versions"):
        above = ids.parent(above)  # a version's container is only a name
    if above:
        container = estate.node(above)
        container = container if container is not None else estate.add("missing", above, ids.last(above))
        estate.connect(container, "contains", node)
    identity = known(body.identity)
    if identity:
        _identities(context, node, key, identity)
    if record.node in _WITH_IDENTITY_TYPE:
        estate.set(node, "identity-type", _identity_type(identity) if identity else identity)
    if context.odd or (body.properties is UNSET and kind in _STATED):
        detail = "a field has a shape nobody expected" if context.odd else "it was listed without its properties"
        also = ("located-in", "has-identity") if context.odd else ()
        context.doubt(kind, node, ("*", *_STATED.get(kind, ()), *also), detail=detail)
    arm_values(context, node, arm_type, raw)
    return node


def _identity_type(identity: Any) -> Any:
    """`SystemAssigned, UserAssigned` with and without a blank are one."""
    kinds = known(identity.type)
    return ",".join(word(k.strip()) for k in kinds.split(",")) if isinstance(kinds, str) else kinds


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
        else:
            context.waiting_identities.append((node, ids.fold(arm_id)))


def resolve(context: Context) -> None:
    """Ties hosts to identities that only their own resource says the object id of."""
    estate = context.estate
    for host, key in context.waiting_identities:
        identity = estate.node(key)
        found = estate.neighbours(identity, "has-identity") if identity is not None else ()
        for principal in tuple(found):
            estate.connect(host, "has-identity", principal)
        if not found:
            context.doubt("user-assigned-identity", host, ("has-identity",), scope=key, reason="not visible")
            if identity is None or estate.kind(identity) == "missing":
                stand_in = estate.add("managed-identity", f"identity-of:{key}", ids.last(key))
                estate.set(stand_in, "host", key)
                estate.set(stand_in, "user-assigned", True)
                estate.connect(host, "has-identity", stand_in)


def _resource(context: Context, kind: str, body: shapes.Arm[shapes.Nothing], of: str, raw: bytes) -> None:
    node = context.estate.node(ids.fold(body.id))
    if node is None or context.estate.kind(node) == "missing":
        place(context, kind, body, raw)


def _storage(context: Context, kind: str, body: shapes.Arm[shapes.Storage], of: str, raw: bytes) -> None:
    # after a failover the bytes are where this says, whatever the account's location was
    primary = body.properties.primary_location if body.properties is not UNSET else UNSET
    node = place(context, kind, body, raw, primary)
    estate = context.estate
    context.accounts.setdefault(estate.name(node).lower(), []).append(node)
    sku = known(body.sku)
    name = known(sku.name) if sku else None
    if name:
        estate.set(node, "redundancy", lower(name.rpartition("_")[2]))
    properties = body.properties
    if properties is UNSET:
        return
    secondary = known(properties.secondary_location)
    estate.write(node, (
        ("shared-key-access", known(properties.allow_shared_key_access, True)),
        ("public-blobs", known(properties.allow_blob_public_access, True)),
        ("public-network-access", word(known(properties.public_network_access), "enabled")),
        ("hierarchical", known(properties.is_hns_enabled, False)),
        ("sftp", known(properties.is_sftp_enabled, False)),
        ("copy-scope", lower(known(properties.allowed_copy_scope, "any"))),
        ("cross-tenant-replication", known(properties.allow_cross_tenant_replication, True)),
        ("secondary-region", ids.fold_location(secondary) if secondary else secondary),
    ))  # fmt: skip


def _object_replication(
    context: Context, kind: str, body: shapes.Stated[shapes.ObjectReplication], of: str, raw: bytes
) -> None:
    """A policy stands on source and destination alike; the copy goes from the one to the other."""
    source = _account(context, known(body.properties.source_account))
    target = _account(context, known(body.properties.destination_account))
    holder = context.refer(ids.parent(ids.fold(body.id)))
    if context.odd and holder is not None:
        context.doubt(kind, holder, ("replicated-to",), detail="a policy has a shape nobody expected")
    if source is not None and target is not None and (source, target) not in context.copies:
        context.copies.add((source, target))
        context.estate.connect(source, "replicated-to", target, "an object replication policy copies blobs there")


def _account(context: Context, name: str | None) -> int | None:
    """An account named by id or by name alone."""
    if not name:
        return None
    return context.refer(name) if name.startswith("/") else context.account(name)


def _vault(context: Context, kind: str, body: shapes.Arm[shapes.Vault], of: str, raw: bytes) -> None:
    node = place(context, kind, body, raw)
    if body.properties is not UNSET:
        context.estate.set(node, "rbac", known(body.properties.enable_rbac_authorization, False))
        context.estate.set(node, "template-deployment", known(body.properties.enabled_for_template_deployment, False))
        access_policies(context, node, known(body.properties.access_policies, []))


def _registry(context: Context, kind: str, body: shapes.Arm[shapes.Registry], of: str, raw: bytes) -> None:
    node = place(context, kind, body, raw)
    context.estate.set(node, "replicated-regions", frozenset())
    if body.properties is not UNSET:
        context.estate.set(node, "admin-user", known(body.properties.admin_user_enabled, False))


def _replication(context: Context, kind: str, body: shapes.Arm[shapes.Nothing], of: str, raw: bytes) -> None:
    """The home region is listed too; it is no copy."""
    estate = context.estate
    node = context.refer(ids.parent(ids.fold(body.id)))
    region = ids.fold_location(known(body.location) or ids.last(body.id))  # replications are named for their region
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


def _kubernetes(context: Context, kind: str, body: shapes.Arm[shapes.Kubernetes], of: str, raw: bytes) -> None:
    """How many machines of which size each of its pools may have, and who decides what may be done in it."""
    node = place(context, kind, body, raw)
    if body.properties is not UNSET:
        directory = known(body.properties.aad_profile)
        by_roles = known(directory.enable_azure_rbac, False) if directory else False
        context.estate.set(node, "azure-rbac", UNSET if directory is UNSET else by_roles)
    pools = known(body.properties.agent_pool_profiles) if body.properties is not UNSET else None
    if pools:
        context.estate.set(node, "node-pools", tuple(
            (lower(known(pool.vm_size)), known(pool.max_count if known(pool.enable_auto_scaling) else pool.count, UNSET),
             word(known(pool.scale_set_priority)) == "spot")
            for pool in pools
        ))  # fmt: skip


def _model_account(context: Context, kind: str, body: shapes.Arm[shapes.ModelAccount], of: str, raw: bytes) -> None:
    node = place(context, kind, body, raw)
    context.estate.set(node, "account-kind", known(body.kind))
    _addressed(context, "model-account", node)
    if body.properties is not UNSET:
        disabled = known(body.properties.disable_local_auth, False)
        context.estate.set(node, "local-auth", UNSET if disabled is UNSET else not disabled)
        copies.model_account(context, node, body.properties)


def _addressed(context: Context, kind: str, node: int) -> None:
    """Services are reached at addresses that begin with their names, which Azure keeps unique."""
    context.services.setdefault((kind, context.estate.name(node).lower()), []).append(node)


def _database(context: Context, kind: str, body: shapes.Arm[shapes_access.Database], of: str, raw: bytes) -> None:
    """Keys and passwords work unless it says otherwise; each service says so in its own way."""
    node = place(context, kind, body, raw)
    _addressed(context, kind, node)
    properties = body.properties
    copies.database(context, kind, node, properties)
    if properties is UNSET or kind == "sql-database":
        return
    if kind == "sql-server":
        administrators = known(properties.administrators)
        refused = (
            known(administrators.azure_ad_only_authentication, False) if administrators else administrators or False
        )
    elif kind == "postgresql-server":
        config = known(properties.auth_config)
        by_word = word(known(config.password_auth), "enabled") if config else "enabled" if config is None else UNSET
        refused = UNSET if by_word is UNSET else by_word == "disabled"
    else:
        refused = known(properties.disable_local_auth, False)
    context.estate.set(node, "local-auth", UNSET if refused is UNSET else not refused)
    network = known(properties.network) if kind == "postgresql-server" else properties
    public = known(network.public_network_access) if network else network
    context.estate.set(node, "public-network-access", word(public, "enabled"))


def _logs(context: Context, kind: str, body: shapes.Arm[shapes_flows.LogAnalytics], of: str, raw: bytes) -> None:
    copies.log_analytics(context, place(context, kind, body, raw), body.properties)


def _backups(context: Context, kind: str, body: shapes.Arm[shapes_flows.BackupStore], of: str, raw: bytes) -> None:
    copies.vault(context, place(context, kind, body, raw), body.properties)


def _private_endpoint(
    context: Context, kind: str, body: shapes.Arm[shapes_flows.PrivateEndpoint], of: str, raw: bytes
) -> None:
    flows.private_endpoint(context, place(context, kind, body, raw), body.properties)


def _task(context: Context, kind: str, body: shapes.Arm[shapes.Nothing], of: str, raw: bytes) -> None:
    place(context, kind, body, raw)
    task(context, body.id)


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
    if sku:
        estate.set(node, "sku", known(sku.name))
        estate.set(node, "capacity", known(sku.capacity, 0))
    if body.properties is UNSET:
        return
    origins.served(context, node, body.properties)
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


_OWN_STEP = {
    "aks-cluster",
    "registry-task",
    "serverless-endpoint",
    "private-endpoint",
    "recovery-vault",
    "backup-vault",
}
_DATABASES = ("cosmos-account", "sql-server", "sql-database", "postgresql-server", "search-service")
STEPS: tuple[tuple[str, type[Any], Callable[..., None]], ...] = (
    ("storage-account", shapes.Arm[shapes.Storage], _storage),
    ("object-replication", shapes.Stated[shapes.ObjectReplication], _object_replication),
    ("key-vault", shapes.Arm[shapes.Vault], _vault),
    ("container-registry", shapes.Arm[shapes.Registry], _registry),
    ("registry-replication", shapes.Arm[shapes.Nothing], _replication),
    ("log-analytics", shapes.Arm[shapes_flows.LogAnalytics], _logs),
    ("application-insights", shapes.Arm[shapes.Insights], _insights),
    ("model-account", shapes.Arm[shapes.ModelAccount], _model_account),
    ("model-deployment", shapes.Arm[shapes.ModelDeployment], _model_deployment),
    ("user-assigned-identity", shapes.Arm[shapes.UserAssigned], _user_assigned),
    *((kind, shapes.Arm[shapes_access.Database], _database) for kind in _DATABASES),
    ("aks-cluster", shapes.Arm[shapes.Kubernetes], _kubernetes),
    ("registry-task", shapes.Arm[shapes.Nothing], _task),
    ("private-endpoint", shapes.Arm[shapes_flows.PrivateEndpoint], _private_endpoint),
    *((kind, shapes.Arm[shapes_flows.BackupStore], _backups) for kind in ("recovery-vault", "backup-vault")),
    *((kind.name, shapes.Arm[shapes.Nothing], _plain) for kind in RECORDS.values()
      if kind.node == "resource" and kind.arm_type and kind.name not in _OWN_STEP),
    ("resource", shapes.Arm[shapes.Nothing], _resource),
)  # fmt: skip
