"""What machine learning refers to, once everything is placed: accounts of datastores, stores of assets, services of connections."""

from __future__ import annotations

import re

from scanner import ids
from scanner.graph.build import outside, shapes
from scanner.graph.build.context import Context, known, without_query

_DATASTORE_URI = re.compile(
    r"azureml:/+(?:subscriptions/([^/]+)/resourcegroups/([^/]+)(?:/providers/microsoft\.machinelearningservices)?/workspaces/([^/]+)/)?"
    r"datastores/([^/]+)",
    re.IGNORECASE,
)
_ACCOUNT_URI = re.compile(
    r"(?:https?|abfss?|wasbs?)://(?:[^@/]+@)?([a-z0-9]{3,24})\.(?:z\d+\.)?(?:blob|dfs|file)\.", re.IGNORECASE
)

# What a connection leads to, by the end of the host in its target.
_SERVICES = (
    ("search-service", ".search.windows.net"), ("cosmos-account", ".documents.azure.com"), ("cosmos-account", ".mongo.cosmos.azure.com"),
    ("sql-server", ".database.windows.net"), ("postgresql-server", ".postgres.database.azure.com"), ("model-account", ".openai.azure.com"),
    ("model-account", ".cognitiveservices.azure.com"), ("model-account", ".services.ai.azure.com"),
)  # fmt: skip


def resolve(context: Context) -> None:
    """Ties datastores to accounts, assets to datastores, projects to what their hub stands on."""
    for node, properties in context.waiting_stores:
        _resolve_store(context, node, properties)
    for node, workspace, uri in context.waiting_assets:
        target = place(context, workspace, uri)
        if target is not None:
            context.estate.connect(node, "stored-in", target)
    for node, address in context.waiting_connections:
        _resolve_connection(context, node, address)
    for node, person in context.waiting_instances:
        context.estate.connect(node, "assigned-to", context.estate.add("user", person))
    for project, hub_key in context.hubs:
        _resolve_project(context, project, hub_key)


def _resolve_project(context: Context, project: int, hub_key: str) -> None:
    """A project stands on what its hub stands on, and knows no more of it than is known of the hub."""
    estate = context.estate
    hub = context.refer(hub_key)
    if hub is None:
        return
    estate.connect(hub, "hub-of", project)
    if estate.kind(hub) == "missing":
        context.doubt("workspace", project, ("depends-on", "default-store"), scope=hub_key, reason="not visible")
        return
    own = set(estate.neighbours(project, "depends-on"))
    for target in estate.neighbours(hub, "depends-on"):
        if target not in own:
            estate.connect(project, "depends-on", target)
    if not estate.neighbours(project, "default-store"):
        for target in estate.neighbours(hub, "default-store"):
            estate.connect(project, "default-store", target)
    for edge in ("depends-on", "default-store"):
        for gap in estate.gaps_at(hub, edge):
            estate.mark_gap(project, edge, gap)


def _resolve_connection(context: Context, node: int, target: str) -> None:
    """A connection that names no resource leads to the one its address begins with, where that was seen."""
    account = _ACCOUNT_URI.match(target)
    if account:
        context.estate.connect(node, "connects-to", context.account(account.group(1)))
        return
    address = outside.host(target) or ""
    for kind, ending in _SERVICES:
        found = context.services.get((kind, address.removesuffix(ending)), ()) if address.endswith(ending) else ()
        for service in found if len(found) == 1 else ():
            context.estate.connect(node, "connects-to", service)
            return
    outside.lead(context, node, target)


def _resolve_store(context: Context, node: int, properties: shapes.Datastore) -> None:
    """By subscription, group and name when that account was seen, else by the name, which Azure keeps unique."""
    estate = context.estate
    name = known(properties.account_name)
    if not name:
        elsewhere = known(properties.one_lake_workspace_name) or known(properties.store_name)
        if elsewhere:  # OneLake and the first Data Lake are no storage accounts: a place nobody here can tell
            key = f"store:{estate.get(node, 'datastore-type')}:{elsewhere.lower()}"
            estate.connect(node, "stored-in", estate.add("missing", key, elsewhere))
        else:
            context.doubt("datastore", node, ("stored-in",), detail="it does not say where its data is")
        return
    subscription, group = known(properties.subscription_id), known(properties.resource_group)
    stated = (
        f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/{name}"
        if subscription and group
        else ""
    )
    target = estate.node(ids.fold(stated)) if stated else None
    if target is None and (not stated or len(context.accounts.get(name.lower(), ())) == 1):
        target = context.account(name)
    if target is None:
        target = context.refer(stated)
    if target is not None:
        estate.connect(node, "stored-in", target)


def place(context: Context, workspace: int, uri: str) -> int | None:
    """The datastore, account or unknown place that an address of data means in a workspace."""
    estate = context.estate
    store = _DATASTORE_URI.match(uri)
    if store:
        subscription, group, name, datastore = (part and part.lower() for part in store.groups())
        if subscription:
            holder = context.refer(
                f"/subscriptions/{subscription}/resourcegroups/{group}/providers/microsoft.machinelearningservices/workspaces/{name}"
            )
            workspace = workspace if holder is None else holder
        target = context.datastores.get((workspace, datastore))
        return target if target is not None else context.refer(f"{estate.key(workspace)}/datastores/{datastore}")
    if account := _ACCOUNT_URI.match(uri):
        return context.account(account.group(1))
    # a job's output, another asset, a site on the web: a place nobody here can tell
    name = without_query(uri)
    return estate.add("missing", f"place:{name}", name)
