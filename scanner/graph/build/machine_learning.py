"""Workspaces and what is in them, registries, and the references from data to the accounts that hold it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import UNSET

from scanner import ids
from scanner.graph.build import flows, origins, shapes
from scanner.graph.build.arm import place
from scanner.graph.build.context import Context, known, lower, without_query, word

_SYSTEM_STORES = {"workspaceblobstore", "workspacefilestore", "workspaceartifactstore", "workspaceworkingdirectory"}
# Ways of signing in for which a connection keeps nothing that others could use.
_WITHOUT_SECRET = {
    "aad",
    "none",
    "managed-identity",
    "user-entra-token",
    "project-managed-identity",
    "agentic-identity",
    None,
}


def _workspace(context: Context, kind: str, body: shapes.Arm[shapes.Workspace], of: str, raw: bytes) -> None:
    node = place(context, kind, body, raw)
    estate = context.estate
    estate.set(node, "workspace-kind", lower(known(body.kind, "default")))
    properties = body.properties
    if properties is UNSET:
        return
    estate.set(node, "public-network-access", word(known(properties.public_network_access), "enabled"))
    estate.set(node, "datastore-auth", word(known(properties.system_datastores_auth_mode), "access-key"))
    network = known(properties.managed_network)
    estate.set(node, "isolation", word(known(network.isolation_mode) if network else network, "disabled"))
    own = known(properties.workspace_id)
    if isinstance(own, str) and own:
        context.flows.workspaces[own.lower()] = node
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
    above: str | None = context.estate.key(node)
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
    local = known(properties.disable_local_auth, False)
    estate.set(node, "local-root", UNSET if local is UNSET else not local)
    details = known(properties.properties)
    if details is None:
        estate.set(node, "vm-size", None)
    if not details:
        return
    if compute_type == "compute-instance":
        _instance(context, node, details)
    attached_size = known(details.virtual_machine_size) if compute_type == "virtual-machine" else None
    estate.set(node, "vm-size", lower(attached_size or known(details.vm_size)))
    estate.set(node, "priority", word(known(details.vm_priority), "dedicated"))
    scale = known(details.scale_settings)
    single = compute_type in ("compute-instance", "virtual-machine")
    for attribute, stated in (("max-nodes", "max_node_count"), ("min-nodes", "min_node_count")):
        estate.set(
            node,
            attribute,
            1 if single else known(getattr(scale, stated), 0) if scale else 0 if scale is None else UNSET,
        )


def _instance(context: Context, node: int, details: shapes.ComputeDetails) -> None:
    """A compute instance is one person's: whom it was made for, else who made it."""
    estate = context.estate
    ssh = known(details.ssh_settings)
    public = word(known(ssh.ssh_public_access), "disabled") if ssh else "disabled" if ssh is None else UNSET
    estate.set(node, "ssh", UNSET if public is UNSET else public == "enabled")
    estate.set(node, "idle-shutdown", known(details.idle_time_before_shutdown))
    personal = known(details.personal_compute_instance_settings)
    assigned = known(personal.assigned_user) if personal else None
    person = known(assigned.object_id) if assigned else None
    maker = known(details.created_by)
    person = person or (known(maker.user_id) if maker else None)
    if isinstance(person, str) and person:
        context.waiting_instances.append((node, person.lower()))
    else:
        context.doubt("compute", node, ("assigned-to",), detail="it does not say whose it is")


def _datastore(context: Context, kind: str, body: shapes.Arm[shapes.Datastore], of: str, raw: bytes) -> None:
    node, workspace = _child(context, kind, body, raw, "has-datastore")
    estate = context.estate
    name = estate.name(node).lower()
    estate.set(node, "system", name in _SYSTEM_STORES)
    if workspace is not None:
        context.datastores[workspace, name] = node
    if body.properties is UNSET:
        return
    credentials = known(body.properties.credentials)
    estate.write(node, (
        ("datastore-type", word(known(body.properties.datastore_type))),
        ("service-identity", word(known(body.properties.service_data_access_auth_identity), "none")),
        ("credential", word(known(credentials.credentials_type) if credentials else credentials)),
    ))  # fmt: skip
    _signs_in(context, node, credentials)
    context.waiting_stores.append((node, body.properties))


def _signs_in(context: Context, node: int, credentials: Any) -> None:
    """A stored credential of an application signs in as its service principal."""
    client = known(credentials.client_id) if credentials else None
    if isinstance(client, str) and client:
        context.workloads.sign_ins.append((node, client.lower()))


def _data_asset(context: Context, kind: str, body: shapes.Arm[shapes.DataVersion], of: str, raw: bytes) -> None:
    node, workspace = _child(context, kind, body, raw, "has-data", levels=2)
    _asset_name(context, node, body.id)
    if body.properties is not UNSET:
        _asset_tags(context, node, body.properties.tags)
        _place_data(context, kind, node, workspace, known(body.properties.data_uri))


def _model(context: Context, kind: str, body: shapes.Arm[shapes.ModelVersion], of: str, raw: bytes) -> None:
    node, workspace = _child(context, kind, body, raw, "has-model", levels=2)
    _made(context, node, body)
    _asset_name(context, node, body.id)
    if body.properties is not UNSET:
        _asset_tags(context, node, body.properties.tags)
        context.estate.set(node, "job-name", known(body.properties.job_name))
        origins.made_from(context, node, workspace, body.properties)
        origins.taken_from(context, node, known(body.properties.model_uri))
        _place_data(context, kind, node, workspace, known(body.properties.model_uri))


def _asset(context: Context, kind: str, body: shapes.Arm[shapes.Shape], of: str, raw: bytes) -> None:
    node, _ = _child(context, kind, body, raw, "has-asset")
    context.estate.set(node, "asset-type", kind.removeprefix("ml-"))
    _made(context, node, body)


def _made(context: Context, node: int, body: shapes.Arm[Any]) -> None:
    """Who made it; unset where Azure's word of it was not kept."""
    data = known(body.system_data)
    if data:
        context.estate.set(node, "maker", known(data.created_by))
        context.estate.set(node, "maker-kind", word(known(data.created_by_type)))


def _asset_name(context: Context, node: int, arm_id: str) -> None:
    """`.../data/claims/versions/3` is `claims:3` to people."""
    parts = arm_id.rstrip("/").split("/")
    if len(parts) >= 3:
        context.estate.set(node, "name", f"{parts[-3]}:{parts[-1]}")


def _asset_tags(context: Context, node: int, tags: Any) -> None:
    """Assets keep their tags among their properties, where resources keep them beside."""
    if isinstance(tags, dict):
        context.estate.set(node, "tags", context.shared_tags(tags))


def _place_data(context: Context, kind: str, node: int, workspace: int | None, uri: Any) -> None:
    """Keeps where the data is said to be until all datastores are known."""
    context.estate.set(node, "uri", without_query(uri))
    if uri and workspace is not None:
        context.waiting_assets.append((node, workspace, uri))
    else:
        context.doubt(kind, node, ("stored-in",), detail="it does not say where its data is")


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
    node, endpoint = _child(context, kind, body, raw, "has-deployment")
    if body.properties is UNSET:
        return
    estate = context.estate
    model = known(body.properties.model)
    reference = model if isinstance(model, str) else known(model.asset_id) if model else None
    origins.taken_from(context, node, reference)
    target = context.refer(reference) if isinstance(reference, str) and reference.startswith("/") else None
    if target is not None:
        estate.connect(node, "deploys", target)
    elif model and not (isinstance(reference, str) and reference.startswith("azureml://registries/")):
        context.doubt(kind, node, ("deploys",), detail="it names its model by no id")
    estate.set(node, "model-reference", reference if reference or model is UNSET else None)
    if kind == "batch-deployment":
        compute = context.refer(known(body.properties.compute))
        if compute is not None:
            estate.connect(node, "runs-on", compute)
        return
    flows.collector(context, node, endpoint, known(body.properties.data_collector))
    # on Kubernetes the cluster's owner names instance types; they are no VM sizes and draw on no quota of ours
    cluster = lower(known(body.properties.endpoint_compute_type)) == "kubernetes"
    estate.set(node, "instance-type", None if cluster else lower(known(body.properties.instance_type)))
    sku = known(body.sku)
    scale = known(body.properties.scale_settings)
    most = known(scale.max_instances) if scale else scale
    estate.set(
        node, "instances", most if most is not None else known(sku.capacity, 1) if sku else 1 if sku is None else UNSET
    )


def _connection(context: Context, kind: str, body: shapes.Arm[shapes.Connection], of: str, raw: bytes) -> None:
    node, _ = _child(context, kind, body, raw, "has-connection")
    if body.properties is UNSET:
        return
    estate = context.estate
    estate.set(node, "category", known(body.properties.category))
    estate.set(node, "target", without_query(known(body.properties.target)))
    signs_in = word(known(body.properties.auth_type))
    estate.set(node, "auth-type", signs_in)
    estate.set(node, "shared-to-all", known(body.properties.is_shared_to_all, True))
    estate.set(node, "stores-secret", signs_in if signs_in is UNSET else signs_in not in _WITHOUT_SECRET)
    _signs_in(context, node, known(body.properties.credentials))
    metadata = {name.lower(): value for name, value in (known(body.properties.metadata) or {}).items()}
    reference = metadata.get("resourceid") or known(body.properties.target)
    if isinstance(reference, str) and reference.startswith("/subscriptions/"):
        target = context.refer(reference)
        if target is not None:
            estate.connect(node, "connects-to", target)
    elif not isinstance(reference, str) or not reference.strip():
        context.doubt(kind, node, ("leads-outside-to",), detail="it does not say where it leads")
    else:
        context.waiting_connections.append((node, reference))


def _job(context: Context, kind: str, body: shapes.Arm[shapes.Job], of: str, raw: bytes) -> None:
    node, workspace = _child(context, kind, body, raw, "has-job")
    if body.properties is UNSET:
        return
    estate = context.estate
    estate.set(node, "job-type", word(known(body.properties.job_type)))
    estate.set(node, "status", word(known(body.properties.status)))
    compute = context.refer(known(body.properties.compute_id))
    if compute is not None:
        estate.connect(node, "runs-on", compute)
    flows.job(context, node, workspace, body.properties)
    origins.made_from(context, node, workspace, body.properties)


def _ml_registry(context: Context, kind: str, body: shapes.Arm[shapes.MlRegistry], of: str, raw: bytes) -> None:
    node = place(context, kind, body, raw)
    if body.properties is UNSET:
        return
    estate = context.estate
    managed = known(body.properties.managed_resource_group)
    group = estate.node(ids.fold(managed.resource_id)) if managed and isinstance(managed.resource_id, str) else None
    if group is not None and estate.kind(group) == "resource-group" and estate.get(group, "managed-by") is None:
        estate.set(group, "managed-by", estate.key(node))
    details = known(body.properties.region_details)
    if not isinstance(details, list) or not all(isinstance(d.location, str) for d in details):
        context.doubt(kind, node, ("replicated-to", "*"), detail="it does not say which regions it keeps its assets in")
        return
    found = {ids.fold_location(str(d.location)) for d in details}
    for name in found:
        context.region(name)
    estate.set(node, "regions", frozenset(found))


def _registry_asset(context: Context, kind: str, body: shapes.Arm[shapes.RegistryAsset], of: str, raw: bytes) -> None:
    node = place(context, kind, body, raw)
    _made(context, node, body)
    if kind in ("registry-model", "registry-data"):
        _asset_name(context, node, body.id)
    origins.asset(context, kind, body, node)


def _serverless(context: Context, kind: str, body: shapes.Arm[shapes.ServerlessEndpoint], of: str, raw: bytes) -> None:
    """An endpoint of a model as a service names the model by its registry."""
    node = place(context, kind, body, raw)
    model = known(body.properties.model_settings) if body.properties is not UNSET else None
    origins.taken_from(context, node, known(model.model_id) if model else None)


STEPS: tuple[tuple[str, type[Any], Callable[..., None]], ...] = (
    ("workspace", shapes.Arm[shapes.Workspace], _workspace),
    ("compute", shapes.Arm[shapes.Compute], _compute),
    ("datastore", shapes.Arm[shapes.Datastore], _datastore),
    ("data-asset", shapes.Arm[shapes.DataVersion], _data_asset),
    ("model", shapes.Arm[shapes.ModelVersion], _model),
    ("schedule", shapes.Arm[shapes.Shape], _asset),
    ("ml-environment", shapes.Arm[shapes.Shape], _asset),
    ("ml-component", shapes.Arm[shapes.Shape], _asset),
    ("online-endpoint", shapes.Arm[shapes.Endpoint], _endpoint),
    ("batch-endpoint", shapes.Arm[shapes.Endpoint], _endpoint),
    ("online-deployment", shapes.Arm[shapes.Deployment], _deployment),
    ("batch-deployment", shapes.Arm[shapes.Deployment], _deployment),
    ("connection", shapes.Arm[shapes.Connection], _connection),
    ("job", shapes.Arm[shapes.Job], _job),
    ("ml-registry", shapes.Arm[shapes.MlRegistry], _ml_registry),
    *((f"registry-{what}", shapes.Arm[shapes.RegistryAsset], _registry_asset) for what in origins.ASSETS),
    ("serverless-endpoint", shapes.Arm[shapes.ServerlessEndpoint], _serverless),
)
