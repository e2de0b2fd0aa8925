"""A tenant document, indexed once: by id, by type and place, by parent, by scope."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scanner import ids, regions

Item = Mapping[str, Any]


def load_tenant(path: Path) -> dict[str, Any]:
    """The document of a folder that holds `tenant.json`, or of the file itself."""
    file = path / "tenant.json" if path.is_dir() else path
    document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return document


def public(item: Item) -> dict[str, Any]:
    """What Azure would send: keys of our own left out."""
    return {key: value for key, value in item.items() if not key.startswith("x-")}


class Tenant:
    """Answers what lies where, in the order of the document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.id: str = document["tenant"]["tenantId"]
        self.by_id: dict[str, Item] = {}
        self.by_parent: defaultdict[tuple[str, str], list[Item]] = defaultdict(list)  # (folded scope, folded type)
        self.groups_in: defaultdict[str, list[Item]] = defaultdict(list)
        self.top_level: defaultdict[str, list[Item]] = defaultdict(list)  # subscription or resource group -> resources
        self.types: set[str] = set()
        self.above: dict[str, str] = {}  # subscription or management group -> management group or `/`
        for group in document.get("resourceGroups", ()):
            key = ids.fold(group["id"])
            self.by_id[key] = group
            self.groups_in[ids.subscription_of(key) or ""].append(group)
        for resource in document.get("resources", ()):
            self._add(resource)
        for group in document.get("managementGroups", ()):
            key = ids.fold(group["id"])
            self.by_id[key] = group
            parent = ((group.get("properties") or {}).get("details") or {}).get("parent") or {}
            self.above[key] = ids.fold(parent["id"]) if parent.get("id") else ids.ROOT_SCOPE
        for subscription in document.get("subscriptions", ()):
            key = ids.fold(subscription["id"])
            self.by_id[key] = subscription
            name = subscription.get("x-managementGroup")
            self.above[key] = ids.management_group(name) if name else ids.ROOT_SCOPE
        graph = document.get("graph", {})
        self.objects: dict[str, tuple[str, Item]] = {
            item["id"].lower(): (kind, item)
            for kind, key in (("user", "users"), ("group", "groups"), ("servicePrincipal", "servicePrincipals"), ("application", "applications"))
            for item in graph.get(key, ())
        }  # fmt: skip

    def _add(self, resource: Item) -> None:
        key = ids.fold(resource["id"])
        kind = ids.resource_type(key)
        self.by_id[key] = resource
        self.types.add(kind)
        parent = ids.parent(key)
        if kind.count("/") == 1:
            for place in filter(None, (ids.subscription_of(key), ids.resource_group_of(key))):
                self.by_parent[place, kind].append(resource)
                self.top_level[place].append(resource)
        elif parent:
            self.by_parent[parent, kind].append(resource)

    def chain(self, scope: str) -> list[str]:
        """A scope and all above it, up to the tenant root."""
        found = [scope]
        while found[-1] != ids.ROOT_SCOPE:
            here = found[-1]
            found.append(self.above.get(here) or ids.parent(here) or ids.ROOT_SCOPE)
        return found

    def below(self, scope: str, other: str) -> bool:
        """Whether `other` is the scope or lies below it, management groups by their chain."""
        return scope in self.chain(other) or ids.contains(scope, other)

    def containers(self, workspace: str, kind: str) -> list[Item]:
        """Data and models are listed as names first; the names come from the versions."""
        found: dict[str, Item] = {}
        prefix = f"{workspace}/{kind.rpartition('/')[2]}/"
        for key, resource in self.by_id.items():
            if key.startswith(prefix) and ids.resource_type(key) == f"{kind}/versions":
                own = resource["id"].rsplit("/versions/", 1)[0]
                found.setdefault(own.lower(), {
                    "id": own, "name": own.rpartition("/")[2], "type": resource.get("type", kind).removesuffix("/versions"),
                    "properties": {"isArchived": False, "latestVersion": ids.last(resource["id"])},
                })  # fmt: skip
        return list(found.values())

    def locations(self, subscription: str) -> list[Item]:
        stated = self.document.get("locations")
        if stated:
            return list(stated)
        return [
            {"id": f"{subscription}/locations/{r.name}", "name": r.name, "type": "Region", "displayName": r.display_name,
             "regionalDisplayName": r.display_name,
             "metadata": {"regionType": "Physical", "regionCategory": "Recommended", "geography": r.geography,
                          "pairedRegion": [{"name": r.pair, "id": f"{subscription}/locations/{r.pair}"}] if r.pair else []}}
            for r in regions.all().values()
        ]  # fmt: skip
