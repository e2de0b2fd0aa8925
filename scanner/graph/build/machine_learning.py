"""Workspaces and what is in them, registries, and the references from data to the accounts that hold it."""

from __future__ import annotations

import re
from typing import Any

from msgspec import UNSET

from scanner import ids
from scanner.findings import Gap
from scanner.graph.build import shapes
from scanner.graph.build.arm import place
from scanner.graph.build.context import Context, known, word
from scanner.graph.records import RECORDS

_SYSTEM_STORES = {"workspaceblobstore", "workspacefilestore", "workspaceartifactstore", "workspaceworkingdirectory"}
_DATASTORE_URI = re.compile(
    r"azureml://(?:subscriptions/[^/]+/resourcegroups/[^/]+/workspaces/[^/]+/)?datastores/([^/]+)", re.IGNORECASE
)
_ACCOUNT_URI = re.compile(r"(?:https|abfss|wasbs)://(?:[^@/]+@)?([a-z0-9]{3,24})\.(?:blob|dfs|file)\.", re.IGNORECASE)


def _workspace(context: Context, kind: str, body: shapes.Arm[shapes.Workspace], of: str, raw: bytes) -> None:
    node = place(context, kind, body, raw)
    estate = context.estate
    estate.set(node, "workspace-kind", known(body.kind, "default").lower())
    properties = body.properties
    if properties is UNSET:
        return
    estate.set(node, "public-network-access", word(known(properties.public_network_access), "enabled"))
    estate.set(node, "datastore-auth", word(known(properties.system_datastores_auth_mode), "access-key"))
    network = known(properties.managed_network)
    estate.set(node, "isolation", word(known(network.isolation_mode) if network else None, "disabled"))
    hub = known(properties.hub_resource_id)
    if hub:
        context.hubs.append((node, ids.fold(hub)))
    _depend(context, node, properties)


def _depend(context: Context, node: int, properties: shapes.Workspace) -> None:
    estate = context.estate
    for arm_id in (
        properties.storage_account, properties.key_vault, properties.application_insights, properties.container_registry
    ):  # fmt: skip
        target = context.refer(known(arm_id))
        if target is not None:
            estate.connect(node, "depends-on", target)
    store = context.refer(known(properties.storage_account))
    if store is not None:
        estate.connect(node, "default-store", store)


def _child(
    context: Context, kind: str, body: shapes.Arm[Any], raw: bytes, edge: str, levels: int = 1
) -> tuple[int, int | None]:
    """Places a child and ties it to the parent that many resource levels above."""
    node = place(context, kind, body, raw)
    above: str | None = ids.fold(body.id)
    for _ in range(levels):
        above = ids.parent(above) if above else None
    parent = context.refer(above)
    if parent is not None:
        context.estate.connect(parent, edge, node)
    return node, parent


def _compute(context: Context, kind: str, body: shapes.Arm[shapes.Compute], of: str, raw: bytes) -> None:
    properties = body.properties
    location = known(properties.compute_location) if properties is not UNSET else None
    if location:
        body.location = location
    node, _ = _child(context, kind, body, raw, "has-compute")
    if properties is UNSET:
        return
    estate = context.estate
    compute_type = word(known(properties.compute_type))
    estate.set(node, "compute-type", compute_type)
    attached = context.refer(known(properties.resource_id))
    if attached is not None:
        estate.connect(node, "attached-to", attached)
    details = known(properties.properties)
    if details is None:
        return
    size = known(details.vm_size)
    estate.set(node, "vm-size", size.lower() if size else None)
    scale = known(details.scale_settings)
    single = compute_type == "compute-instance"
    estate.set(node, "max-nodes", 1 if single else known(scale.max_node_count, 0) if scale else 0)
    estate.set(node, "min-nodes", 1 if single else known(scale.min_node_count, 0) if scale else 0)


def _datastore(context: Context, kind: str, body: shapes.Arm[shapes.Datastore], of: str, raw: bytes) -> None:
    node, workspace = _child(context, kind, body, raw, "has-datastore")
    estate = context.estate
    name = estate.name(node).lower()
    estate.set(node, "system", name in _SYSTEM_STORES)
    if workspace is not None:
        context.datastores[workspace, name] = node
    if body.properties is UNSET:
        return
    estate.set(node, "datastore-type", word(known(body.properties.datastore_type)))
    credentials = known(body.properties.credentials)
    estate.set(node, "credential", word(known(credentials.credentials_type) if credentials else None, "none"))
    context.waiting_stores.append((node, body.properties))


def _data_asset(context: Context, kind: str, body: shapes.Arm[shapes.DataVersion], of: str, raw: bytes) -> None:
    node, workspace = _child(context, kind, body, raw, "has-data", levels=2)
    _asset_name(context, node, body.id)
    if body.properties is not UNSET:
        uri = known(body.properties.data_uri)
        context.estate.set(node, "uri", _without_query(uri))
        if uri and workspace is not None:
            context.waiting_assets.append((node, workspace, uri))


def _model(context: Context, kind: str, body: shapes.Arm[shapes.ModelVersion], of: str, raw: bytes) -> None:
    node, workspace = _child(context, kind, body, raw, "has-model", levels=2)
    _asset_name(context, node, body.id)
    if body.properties is not UNSET:
        uri = known(body.properties.model_uri)
        context.estate.set(node, "uri", _without_query(uri))
        context.estate.set(node, "job-name", known(body.properties.job_name))
        if uri and workspace is not None:
            context.waiting_assets.append((node, workspace, uri))


def _asset_name(context: Context, node: int, arm_id: str) -> None:
    """`.../data/claims/versions/3` is `claims:3` to people."""
    parts = arm_id.rstrip("/").split("/")
    context.estate.set(node, "name", f"{parts[-3]}:{parts[-1]}")


def _without_query(uri: str | None) -> str | None:
    """A SAS rides in the query."""
    return uri.partition("?")[0] if uri else None


def _endpoint(context: Context, kind: str, body: shapes.Arm[shapes.Endpoint], of: str, raw: bytes) -> None:
    node, _ = _child(context, kind, body, raw, "has-endpoint")
    if body.properties is UNSET or kind != "online-endpoint":
        return
    estate = context.estate
    estate.set(node, "auth-mode", word(known(body.properties.auth_mode)))
    estate.set(node, "public-network-access", word(known(body.properties.public_network_access), "enabled"))
    compute = context.refer(known(body.properties.compute))
    if compute is not None:
        estate.connect(node, "runs-on", compute)


def _deployment(context: Context, kind: str, body: shapes.Arm[shapes.Deployment], of: str, raw: bytes) -> None:
    node, _ = _child(context, kind, body, raw, "has-deployment")
    if body.properties is UNSET:
        return
    estate = context.estate
    model = known(body.properties.model)
    reference = model if isinstance(model, str) else known(model.asset_id) if model is not None else None
    target = context.refer(reference) if isinstance(reference, str) and reference.startswith("/") else None
    if target is not None:
        estate.connect(node, "deploys", target)
    if kind == "batch-deployment":
        compute = context.refer(known(body.properties.compute))
        if compute is not None:
            estate.connect(node, "runs-on", compute)
        return
    size = known(body.properties.instance_type)
    estate.set(node, "instance-type", size.lower() if size else None)
    estate.set(node, "model-reference", reference)
    sku = known(body.sku)
    scale = known(body.properties.scale_settings)
    most = known(scale.max_instances) if scale else None
    estate.set(node, "instances", most if most is not None else known(sku.capacity, 1) if sku else 1)


def _connection(context: Context, kind: str, body: shapes.Arm[shapes.Connection], of: str, raw: bytes) -> None:
    node, _ = _child(context, kind, body, raw, "has-connection")
    if body.properties is UNSET:
        return
    estate = context.estate
    estate.set(node, "category", known(body.properties.category))
    estate.set(node, "target", _without_query(known(body.properties.target)))
    estate.set(node, "auth-type", word(known(body.properties.auth_type)))
    metadata = {k.lower(): v for k, v in (known(body.properties.metadata) or {}).items()}
    reference = metadata.get("resourceid") or known(body.properties.target)
    if isinstance(reference, str) and reference.startswith("/subscriptions/"):
        target = context.refer(reference)
        if target is not None:
            estate.connect(node, "connects-to", target)


def _job(context: Context, kind: str, body: shapes.Arm[shapes.Job], of: str, raw: bytes) -> None:
    node, _ = _child(context, kind, body, raw, "has-job")
    if body.properties is UNSET:
        return
    estate = context.estate
    estate.set(node, "job-type", word(known(body.properties.job_type)))
    estate.set(node, "status", word(known(body.properties.status)))
    compute = context.refer(known(body.properties.compute_id))
    if compute is not None:
        estate.connect(node, "runs-on", compute)


def _ml_registry(context: Context, kind: str, body: shapes.Arm[shapes.MlRegistry], of: str, raw: bytes) -> None:
    node = place(context, kind, body, raw)
    if body.properties is UNSET or body.properties.region_details is UNSET:
        return
    found = {
        ids.fold_location(d.location)
        for d in known(body.properties.region_details) or ()
        if isinstance(d.location, str)
    }
    for name in found:
        context.region(name)
    context.estate.set(node, "regions", frozenset(found))


def resolve(context: Context) -> None:
    """Ties datastores to accounts, assets to datastores, projects to what their hub stands on."""
    for node, properties in context.waiting_stores:
        _resolve_store(context, node, properties)
    for node, workspace, uri in context.waiting_assets:
        _resolve_asset(context, node, workspace, uri)
    estate = context.estate
    for project, hub_key in context.hubs:
        hub = context.refer(hub_key)
        if hub is None:
            continue
        estate.connect(hub, "hub-of", project)
        if estate.kind(hub) == "missing":
            continue
        own = set(estate.neighbours(project, "depends-on"))
        for edge in ("depends-on", "default-store"):
            if not estate.neighbours(project, edge) or edge == "depends-on":
                for target in estate.neighbours(hub, edge):
                    if target not in own or edge != "depends-on":
                        estate.connect(project, edge, target)


def _resolve_store(context: Context, node: int, properties: shapes.Datastore) -> None:
    """By subscription, group and name when stated, else by the account's name, which Azure keeps unique."""
    name = known(properties.account_name)
    if not name:
        return
    estate = context.estate
    subscription, group = known(properties.subscription_id), known(properties.resource_group)
    found = context.accounts.get(name.lower(), ())
    if subscription and group:
        target = context.refer(
            f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/{name}"
        )
    elif found:
        target = found[0]
    else:
        key = f"storage-account:{name.lower()}"
        target = estate.add("missing", key, name)
        gap = Gap("storage-account", "/", RECORDS["storage-account"].permission, "not visible")
        estate.mark_gap(target, "*", estate.add_gap(gap))
    if target is not None:
        estate.connect(node, "stored-in", target)


def _resolve_asset(context: Context, node: int, workspace: int, uri: str) -> None:
    estate = context.estate
    store = _DATASTORE_URI.match(uri)
    if store:
        target = context.datastores.get((workspace, store.group(1).lower()))
        if target is None:
            target = context.refer(f"{estate.key(workspace)}/datastores/{store.group(1)}")
        if target is not None:
            estate.connect(node, "stored-in", target)
        return
    account = _ACCOUNT_URI.match(uri)
    if account:
        found = context.accounts.get(account.group(1).lower())
        if found:
            estate.connect(node, "stored-in", found[0])
        else:
            _resolve_store(context, node, shapes.Datastore(account_name=account.group(1)))


STEPS = (
    ("workspace", shapes.Arm[shapes.Workspace], _workspace),
    ("compute", shapes.Arm[shapes.Compute], _compute),
    ("datastore", shapes.Arm[shapes.Datastore], _datastore),
    ("data-asset", shapes.Arm[shapes.DataVersion], _data_asset),
    ("model", shapes.Arm[shapes.ModelVersion], _model),
    ("online-endpoint", shapes.Arm[shapes.Endpoint], _endpoint),
    ("batch-endpoint", shapes.Arm[shapes.Endpoint], _endpoint),
    ("online-deployment", shapes.Arm[shapes.Deployment], _deployment),
    ("batch-deployment", shapes.Arm[shapes.Deployment], _deployment),
    ("connection", shapes.Arm[shapes.Connection], _connection),
    ("job", shapes.Arm[shapes.Job], _job),
    ("ml-registry", shapes.Arm[shapes.MlRegistry], _ml_registry),
)
