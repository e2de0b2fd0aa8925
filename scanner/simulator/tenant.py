"""A tenant document, indexed once: by id, by type and place, by parent, by scope.

Beside ARM's and Graph's own objects a document may say: `reader` (the caller's rights, see rights.py), `graphPermissions`
(see directory.py), `dataBoundary` (a word), `unsupported-versions` and `supported-versions` (folded type -> api-versions that
are answered with an error, or the only ones that are not), `graph.generatedUsers` (see people.py), and `faults`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from scanner import ids, regions

Item = Mapping[str, Any]

ASSIGNED = {
    "roleassignments": "roleAssignments", "denyassignments": "denyAssignments",
    "roleeligibilityscheduleinstances": "roleEligibilityScheduleInstances", "roleassignmentscheduleinstances": "roleAssignmentScheduleInstances",
}  # fmt: skip
# What attaches to a resource or a scope; its id looks like that of a resource of a group, but no list of resources has it.
_EXTENSIONS = (
    "microsoft.authorization/",
    "microsoft.consumption/",
    "microsoft.insights/diagnosticsettings",
    "microsoft.managedservices/",
)
_ASSETS = {"data", "models", "environments", "components", "codes", "featuresets", "featurestoreentities"}
_ML = ("microsoft.machinelearningservices/workspaces/", "microsoft.machinelearningservices/registries/")


def load_tenant(path: Path) -> dict[str, Any]:
    """The document of a folder that holds `tenant.json`, or of the file itself."""
    file = path / "tenant.json" if path.is_dir() else path
    document: dict[str, Any] = msgspec.json.decode(file.read_bytes())
    return document


def public(item: Item) -> Item:
    """What Azure would send: keys of our own left out."""
    if any(key.startswith("x-") for key in item):
        return {key: value for key, value in item.items() if not key.startswith("x-")}
    return item


class Tenant:
    """Answers what lies where, in the order of the document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.id: str = document["tenant"]["tenantId"]
        self.by_id: dict[str, Item] = {}
        self.by_parent: defaultdict[tuple[str, str], list[Item]] = defaultdict(list)  # (folded scope, folded type)
        self.groups_in: defaultdict[str, list[Item]] = defaultdict(list)
        self.top_level: defaultdict[str, list[Item]] = defaultdict(list)  # subscription or resource group -> resources
        self.namespaces: set[str] = set()
        self.above: dict[str, str] = {}  # subscription or management group -> management group or `/`
        # name of a list of Microsoft.Authorization -> subscription, management group or `/` -> (folded scope, row)
        self._assigned: defaultdict[str, defaultdict[str, list[tuple[str, Item]]]] = defaultdict(
            lambda: defaultdict(list)
        )
        self._containers()
        for group in document.get("resourceGroups", ()):
            key = ids.fold(group["id"])
            self.by_id[key] = group
            self.groups_in[ids.subscription_of(key) or ""].append(group)
        for resource in document.get("resources", ()):
            self._add(resource)
        self._assets()
        for name, array in ASSIGNED.items():
            for row in document.get(array, ()):
                self._assign(name, ids.fold(row["properties"]["scope"]), row)
        self.applying = lru_cache(maxsize=512)(self._applying)
        self.below = lru_cache(maxsize=65536)(self._below)

    def _containers(self) -> None:
        for group in self.document.get("managementGroups", ()):
            key = ids.fold(group["id"])
            self.by_id[key] = group
            parent = ((group.get("properties") or {}).get("details") or {}).get("parent") or {}
            self.above[key] = ids.fold(parent["id"]) if parent.get("id") else ids.ROOT_SCOPE
        for subscription in self.document.get("subscriptions", ()):
            key = ids.fold(subscription["id"])
            self.by_id[key] = subscription
            name = subscription.get("x-managementGroup")
            self.above[key] = ids.management_group(name) if name else ids.ROOT_SCOPE

    def _add(self, resource: Item) -> None:
        key = ids.fold(resource["id"])
        kind = ids.resource_type(key)
        self.by_id[key] = resource
        self.namespaces.add(kind.partition("/")[0])
        at = key.rpartition("/providers/")[0]
        if kind.startswith(_EXTENSIONS) or "/providers/" in at:
            if kind.startswith("microsoft.authorization/"):
                self._assign(kind.partition("/")[2], at or ids.ROOT_SCOPE, resource)
            self.by_parent[at or ids.ROOT_SCOPE if kind.count("/") == 1 else ids.parent(key) or "", kind].append(
                resource
            )
        elif kind.count("/") == 1:
            for place in filter(None, (ids.subscription_of(key), ids.resource_group_of(key))):
                self.by_parent[place, kind].append(resource)
                self.top_level[place].append(resource)
        else:
            self.by_parent[ids.parent(key) or "", kind].append(resource)

    def _assets(self) -> None:
        """Data, models and the like are listed as names first; names that only versions tell of come from those."""
        found: dict[str, dict[str, Any]] = {}
        for resource in self.document.get("resources", ()):
            own, _, version = resource["id"].rpartition("/versions/")
            key = ids.fold(own)
            if not own or (key in self.by_id and key not in found):
                continue
            kind = ids.resource_type(key)
            if kind.startswith(_ML) and kind.rpartition("/")[2] in _ASSETS:
                if key not in found:
                    type_ = resource.get("type", f"{kind}/versions").removesuffix("/versions")
                    found[key] = {"id": own, "name": ids.last(own), "type": type_, "properties": {"isArchived": False}}
                    self.by_id[key] = found[key]
                    self.by_parent[ids.parent(key) or "", kind].append(found[key])
                found[key]["properties"]["latestVersion"] = version

    def _assign(self, name: str, at: str, row: Item) -> None:
        self._assigned[name][ids.subscription_of(at) or at].append((at, row))

    @property
    def foreign(self) -> set[str]:
        """Subscriptions of another tenant that did not delegate them to this one (Lighthouse)."""
        return {
            ids.fold(s["id"]) for s in self.document.get("subscriptions", ())
            if (s.get("tenantId") or self.id).lower() != self.id.lower()
            and self.id.lower() not in {str(m.get("tenantId")).lower() for m in s.get("managedByTenants") or ()}
        }  # fmt: skip

    def assigned(self, name: str) -> Iterable[Item]:
        """Every row of a list of Microsoft.Authorization."""
        return (row for rows in self._assigned[name].values() for _, row in rows)

    def _applying(self, name: str, scope: str, above: bool, at: bool, below: bool) -> tuple[Item, ...]:
        """Rows of a list of Microsoft.Authorization by where they stand, seen from a scope. Cached as `applying`."""
        chain = set(self.chain(scope))
        places = self._assigned[name]
        near = [ids.subscription_of(scope) or scope]
        if above:
            near += [place for place in self.chain(scope) if place not in near]
        if below and not ids.subscription_of(scope):
            near += [place for place in places if place not in near and self.below(scope, place)]
        return tuple(
            row for place in near for where, row in places.get(place, ())
            if (at if where == scope else above if where in chain else below and self.below(scope, where))
        )  # fmt: skip

    def chain(self, scope: str) -> list[str]:
        """A scope and all above it, up to the tenant root."""
        found = [scope]
        while found[-1] != ids.ROOT_SCOPE:
            here = found[-1]
            found.append(self.above.get(here) or ids.parent(here) or ids.ROOT_SCOPE)
        return found

    def _below(self, scope: str, other: str) -> bool:
        """Whether `other` is the scope or lies below it, management groups by their chain. Cached as `below`."""
        return ids.contains(scope, other) or scope in self.chain(other)

    def locations(self, subscription: str) -> list[Item]:
        """The regions a subscription sees: those of the document, for all or by subscription, else those of the shipped table.

        As in a recorded answer, groupings such as `europe` stand beside the regions.
        """
        stated = self.document.get("locations")
        if isinstance(stated, dict):
            stated = stated.get(ids.last(subscription), stated.get("*"))
        if stated is not None:
            return list(stated)
        return [
            *(_location(subscription, r.name, r.display_name, {
                "regionType": "Physical", "regionCategory": "Recommended", "geography": r.geography, "physicalLocation": r.country,
                "pairedRegion": [{"name": r.pair, "id": f"{subscription}/locations/{r.pair}"}] if r.pair else [],
            }) for r in regions.all().values()),
            *(_location(subscription, name.lower(), name, {"regionType": "Logical", "regionCategory": "Other"}) for name in ("Europe", "Global")),
        ]  # fmt: skip


def _location(subscription: str, name: str, shown: str, metadata: Item) -> Item:
    return {
        "id": f"{subscription}/locations/{name}", "name": name, "type": "Region", "displayName": shown, "regionalDisplayName": shown,
        "metadata": metadata,
    }  # fmt: skip
