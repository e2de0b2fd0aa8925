"""Where data goes from where it lies: logs, private endpoints, what jobs take and give, what endpoints keep.

References wait until everything is placed, since what they lead to may come later.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from msgspec import UNSET

from scanner import ids
from scanner.graph.build import references, runs, shapes, shapes_flows
from scanner.graph.build.context import Context, known, lower

_ASSET = re.compile(r"azureml:([^/:@]+)[:@]([^/:]+)", re.IGNORECASE)
_JOB_OUTPUT = re.compile(r"azureml:/+jobs/([^/]+)(?:/|$)", re.IGNORECASE)
_BY_WORKSPACE = re.compile(
    r"azureml:/+locations/[^/]+/workspaces/([^/]+)/(data|models)/([^/]+)/versions/([^/]+)", re.IGNORECASE
)
_ASSET_PATH = re.compile(
    r"azureml:/+(subscriptions/.+?/workspaces/[^/]+)/(data|models|jobs)/([^/]+)(?:/versions/([^/]+))?", re.IGNORECASE
)
# Categories that count machines and tokens, and carry neither what was asked and answered nor who did it. One that is not
# here, or a group of them, is taken to.
_IMPERSONAL = {
    "amlcomputeclusterevent", "amlcomputeclusternodeevent", "amlcomputecpugpuutilization", "azurepolicyevaluationdetails", "azureopenairequestusage",
    "appmetrics", "appperformancecounters",
}  # fmt: skip


# -- logs --------------------------------------------------------------------------------------------------------------


def _diagnostics(
    context: Context, kind: str, body: shapes.Stated[shapes_flows.Diagnostics], of: str, raw: bytes
) -> None:
    """Metrics are numbers; most logs say who did what, and those of endpoints and models what they were told."""
    owner = _holder(context, ids.fold(body.id).rpartition("/providers/")[0])
    if owner is None:
        return
    facts = body.properties
    logs = known(facts.logs, [])
    if context.odd or not isinstance(logs, list):
        unknown = ("sends-logs-to", "sends-payloads-to")
        context.doubt(kind, owner, unknown, detail="a diagnostic setting has a shape nobody expected")
        return
    sent = [known(log.category) or known(log.category_group) or "" for log in logs if known(log.enabled, False)]
    if not sent:
        return
    telling = sorted({name for name in sent if name.lower() not in _IMPERSONAL})
    rule = known(facts.event_hub_authorization_rule_id)
    hub = re.split("/authorizationrules/", rule, flags=re.IGNORECASE)[0] if rule else None
    for target in (known(facts.workspace_id), known(facts.storage_account_id), hub):
        _sends(context, owner, target)
        if telling and isinstance(target, str) and target:
            context.flows.payloads.append((owner, target, ", ".join(filter(None, telling))))


def _export(context: Context, kind: str, body: shapes.Stated[shapes_flows.Export], of: str, raw: bytes) -> None:
    owner = _holder(context, ids.parent(ids.fold(body.id)))
    if owner is None:
        return
    destination = known(body.properties.destination)
    if context.odd or destination is UNSET:
        unknown = ("sends-logs-to", "sends-payloads-to")
        context.doubt(kind, owner, unknown, detail="an export has a shape nobody expected")
    elif destination and known(body.properties.enable, True):
        target = known(destination.resource_id)
        _sends(context, owner, target)
        if isinstance(target, str) and target:
            context.flows.payloads.append((owner, target, "whatever its tables hold"))


def _sends(context: Context, owner: int, target: Any) -> None:
    if isinstance(target, str) and target:
        context.flows.logs.append((owner, target))


def _holder(context: Context, key: str | None) -> int | None:
    """The node of a resource, or of the one it is a part of (the blob service of an account)."""
    while key is not None and "/providers/" in key:
        node = context.estate.node(key)
        if node is not None:
            return node
        key = ids.parent(key)
    return None


# -- networks ----------------------------------------------------------------------------------------------------------


def private_endpoint(context: Context, node: int, properties: Any) -> None:
    if properties is UNSET:
        return
    for connections in (
        properties.private_link_service_connections,
        properties.manual_private_link_service_connections,
    ):
        for connection in known(connections, []) or ():
            link = known(connection.properties)
            target = known(link.private_link_service_id) if link else None
            if isinstance(target, str) and target:
                context.flows.endpoints.append((node, target))


# -- runs and endpoints ------------------------------------------------------------------------------------------------


def job(context: Context, node: int, workspace: int | None, properties: Any) -> None:
    """What a job takes and gives, the steps of a pipeline too; what binds a step to its pipeline is said there already."""
    if workspace is None:
        return
    runs.collect(context, node, workspace, properties)
    estate = context.estate
    for run in (properties, *_steps(properties)):
        taken = _get(run, "inputs") if isinstance(run, dict) else runs.inputs(run)
        for edge, ends in (("reads-data", taken), ("writes-data", _get(run, "outputs"))):
            if ends is UNSET:
                context.doubt("job", node, (edge,), detail="it does not say with what in a way we know")
            for uri, what in _uris(ends):
                context.flows.data.append((node, edge, workspace, uri, what))
        for name in ("computeId", "compute_id", "compute"):
            compute = run.get(name) if isinstance(run, dict) else None
            if isinstance(compute, str) and compute.startswith("/"):
                context.flows.computes.append((node, compute))
            elif isinstance(compute, str) and (named := re.fullmatch(r"azureml:([\w-]+)", compute)):
                context.flows.computes.append((node, f"{estate.key(workspace)}/computes/{named.group(1)}"))


def _steps(properties: Any) -> Iterator[dict[str, Any]]:
    steps = known(properties.jobs)
    for step in steps.values() if isinstance(steps, dict) else ():
        if isinstance(step, dict):
            yield step


def _get(run: Any, name: str) -> Any:
    return run.get(name) or {} if isinstance(run, dict) else known(getattr(run, name), {})


def _uris(ends: Any) -> Iterator[tuple[str, str]]:
    for address, what in runs.ends(ends).values():
        if address and not address.startswith("${{"):
            yield address, what


def collector(context: Context, node: int, endpoint: int | None, stated: Any) -> None:
    """Collections that are on keep what an endpoint is asked and answers, in the data asset they name."""
    workspace = context.estate.node(ids.parent(context.estate.key(endpoint)) or "") if endpoint is not None else None
    collections = known(stated.collections, {}) if stated else stated
    if collections is UNSET or (collections and workspace is None):
        context.doubt(
            "online-deployment", node, ("collects-into",), detail="what it collects has a shape nobody expected"
        )
        return
    for collection in (collections or {}).values():
        mode = lower(known(collection.data_collection_mode, "Disabled")) if collection else "disabled"
        if mode == "disabled" or workspace is None:
            continue
        data = known(collection.data_id) if collection else None
        if isinstance(data, str) and data:
            context.flows.data.append((node, "collects-into", workspace, data, "data"))
        else:
            context.doubt(
                "online-deployment", node, ("collects-into",), detail="it does not say where it collects into"
            )


# -- when everything is placed -----------------------------------------------------------------------------------------


def resolve(context: Context) -> None:
    estate, found = context.estate, context.flows
    for edge, pairs in (("sends-logs-to", found.logs), ("leads-to", found.endpoints), ("runs-on", found.computes)):
        for node, arm_id in dict.fromkeys(pairs):
            target = context.refer(arm_id)
            if target is not None and target not in estate.neighbours(node, edge):
                estate.connect(node, edge, target)
    told: dict[tuple[int, int], list[str]] = {}
    for node, arm_id, categories in dict.fromkeys(found.payloads):
        target = context.refer(arm_id)
        if target is not None:
            told.setdefault((node, target), []).append(categories)
    for (node, target), said in told.items():
        estate.connect(node, "sends-payloads-to", target, f"logs of {', '.join(filter(None, said)) or 'no category'}")
    runs.resolve(context, address)
    for node, edge, workspace, uri, what in dict.fromkeys(found.data):
        target = address(context, workspace, uri, what)
        if target is not None:
            estate.connect(node, edge, target)
    for model in estate.nodes("model"):
        name, workspace_key = estate.get(model, "job-name"), estate.key(model).partition("/models/")[0]
        target = context.refer(f"{workspace_key}/jobs/{name}") if isinstance(name, str) and name else None
        if target is not None:
            estate.connect(model, "made-by", target)


def address(context: Context, workspace: int, uri: str, what: str = "data") -> int | None:
    """The asset, job, datastore, account or unknown place that an address of data, or of a model, means in a workspace."""
    estate = context.estate
    plain = (
        uri.removeprefix("azureml:")
        if uri.lower().startswith("azureml:/subscriptions/") and "/datastores/" not in uri
        else uri
    )
    if plain.startswith("/subscriptions/"):
        return context.refer(plain)
    if path := _ASSET_PATH.match(uri):
        place, what, name, version = path.groups()
        group = ids.fold(f"/{place}")
        if "/providers/" not in group:
            group = group.replace("/workspaces/", "/providers/microsoft.machinelearningservices/workspaces/")
        return context.refer(f"{group}/{what}/{name}" + (f"/versions/{version}" if version else ""))
    if told := _BY_WORKSPACE.match(uri):
        holder = context.flows.workspaces.get(told.group(1).lower())
        if holder is not None:
            _, kind, name, version = told.groups()
            return context.refer(f"{estate.key(holder)}/{kind}/{name}/versions/{version}")
    if asset := _ASSET.fullmatch(uri):
        assets = "models" if what == "model" else "data"
        return context.refer(f"{estate.key(workspace)}/{assets}/{asset.group(1)}/versions/{asset.group(2)}")
    if job := _JOB_OUTPUT.match(uri):
        return context.refer(f"{estate.key(workspace)}/jobs/{job.group(1)}")
    return references.place(context, workspace, uri)


STEPS = (
    ("diagnostic-setting", shapes.Stated[shapes_flows.Diagnostics], _diagnostics),
    ("log-export", shapes.Stated[shapes_flows.Export], _export),
)
