"""Hosts that connections lead to and no resource of the estate answers at: other clouds, the web, what of Azure nobody saw."""

from __future__ import annotations

import re

from msgspec import UNSET

from scanner import ids, regions
from scanner.graph.build.context import Context
from scanner.graph.estate import Estate

_HOST = re.compile(r"(?:[a-z][a-z0-9+.-]*:(?:/{2})?)?(?:[^@/\s]+@)?(\[[0-9a-f:]+\]|[a-z0-9_.-]+)", re.IGNORECASE)
_SERVER = re.compile(r"(?:server|data source|host|endpoint|accountendpoint)\s*=\s*(?:tcp:)?([^;,]+)", re.IGNORECASE)
# What the names of Azure's own services end in, in any cloud.
_AZURE = re.compile(
    r"\.(?:azure\.(?:com|net|us|cn)|windows\.net|usgovcloudapi\.net|chinacloudapi\.cn|azureml\.(?:ms|us|cn)|azure-api\.(?:net|us|cn)"
    r"|azurecr\.(?:io|us|cn)|azuredatabricks\.net|databricks\.azure\.(?:us|cn)|azurewebsites\.net|azurecontainerapps\.io|fabric\.microsoft\.com)$",
    re.IGNORECASE,
)
# The lists in which a resource would stand that answers at a name of Azure's.
_LISTS = {"search-service", "cosmos-account", "sql-server", "postgresql-server", "model-account", "subscription"}


def host(target: str) -> str | None:
    """The host in a URL, a connection string or a plain name, in lower case; None when there is none."""
    server = _SERVER.search(target)
    found = _HOST.match(server.group(1).strip() if server else target.strip())
    return found.group(1).lower().rstrip(".") if found else None


def lead(context: Context, connection: int, target: str) -> None:
    """Ties a connection to the place outside that its target names; a target without a host is a place by its own words."""
    estate, name = context.estate, host(target)
    name = name if name and ("." in name or ":" in name) else None
    shown = name or target.partition("?")[0].strip()
    node = estate.add("outside-place", f"outside-place:{shown}", shown)
    estate.write(node, (
        ("host", name), ("azure", bool(name and _AZURE.search(name))), ("region", _region(name or "")),
    ))  # fmt: skip
    estate.connect(connection, "leads-outside-to", node)


def _region(name: str) -> str | None:
    """The region a label of a name says, as in `westeurope.api.cognitive.microsoft.com`."""
    for label in name.split("."):
        if regions.region(ids.fold_location(label)) is not None:
            return ids.fold_location(label)
    return None


def doubt(estate: Estate, kind: str, gap: int) -> None:
    """A name of Azure's may be that of a resource in a list that was not read."""
    if kind in _LISTS:
        for node in estate.nodes("outside-place"):
            if estate.get(node, "azure") is True and estate.get(node, "region") in (None, UNSET):
                estate.set(node, "region", UNSET)
                estate.mark_gap(node, "region", gap)
