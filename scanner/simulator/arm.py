"""Azure Resource Manager: containers, resource lists and items of any type, quota; refusals as ARM words them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from scanner import ids
from scanner.simulator import authorisation
from scanner.simulator.answer import Answer, Call, arm_error, forbidden_arm, page
from scanner.simulator.authorisation import Authorisation
from scanner.simulator.people import People
from scanner.simulator.resource_graph import ResourceGraph
from scanner.simulator.rights import Rights, action_and_scope
from scanner.simulator.tenant import Item, Tenant, public

_PROVIDERS = {
    "microsoft.machinelearningservices", "microsoft.storage", "microsoft.keyvault", "microsoft.containerregistry", "microsoft.insights",
    "microsoft.operationalinsights", "microsoft.cognitiveservices", "microsoft.managedidentity", "microsoft.authorization",
    "microsoft.resources", "microsoft.management", "microsoft.network", "microsoft.compute", "microsoft.search", "microsoft.documentdb",
    "microsoft.sql", "microsoft.web", "microsoft.databricks", "microsoft.containerservice", "microsoft.recoveryservices",
    "microsoft.dbforpostgresql", "microsoft.dbformysql", "microsoft.dataprotection", "microsoft.synapse", "microsoft.kubernetes",
    "microsoft.consumption", "microsoft.quota", "microsoft.datafactory", "microsoft.eventhub", "microsoft.servicebus", "microsoft.fabric",
    "microsoft.apimanagement", "microsoft.app", "microsoft.kusto", "microsoft.purview", "microsoft.security", "microsoft.policyinsights", "microsoft.managedservices",
}  # fmt: skip
SECRETS = re.compile(
    r"/(list[a-z]*(keys?|secrets?|credentials?|connectionstrings?|sas|accesstoken)|readonlykeys|regeneratekeys?|token|register)$"
)
# Lists over all that lies somewhere below a resource.
_DEEPER = {
    "microsoft.recoveryservices/vaults/backupprotecteditems": "/protecteditems/",
    "microsoft.sql/servers/replicationlinks": "/replicationlinks/",
}
_MANAGEMENT = "/providers/microsoft.management/managementgroups"
_BOUNDARY = "/providers/microsoft.resources/databoundaries/default"
_SUPPORTED = ("2019-08-01", "2020-01-01", "2021-04-01")


class Arm:
    """Answers ARM calls for one tenant."""

    def __init__(
        self, tenant: Tenant, people: People, url: Callable[[], str], page_size: int, object_id: str, quota: int | None
    ) -> None:
        self.tenant = tenant
        self.url = url
        self.page_size = page_size
        self.object_id = object_id
        self.rights = Rights(tenant)
        self.foreign = tenant.foreign
        self.namespaces = _PROVIDERS | tenant.namespaces
        self._authorisation = Authorisation(tenant, people, self.rights, url, page_size, object_id)
        self._resource_graph = ResourceGraph(tenant, self.rights, page_size, quota)
        self._unsupported = {k.lower(): v for k, v in tenant.document.get("unsupported-versions", {}).items()}
        self._supported = {k.lower(): v for k, v in tenant.document.get("supported-versions", {}).items()}

    def answer(self, call: Call) -> Answer:
        if SECRETS.search(call.path):
            return self._refuse(call)
        if call.method == "POST":
            if call.path == "/providers/microsoft.resourcegraph/resources":
                return self._resource_graph.answer(call)
            return self._refuse(call)
        if call.method != "GET":
            return self._refuse(call)
        if "api-version" not in call.query:
            return arm_error(
                400,
                "MissingApiVersionParameter",
                "The api-version query parameter (?api-version=) is required for all requests.",
            )
        path = call.path.rstrip("/")
        if path == "/tenants":
            return self._page(call, [self.tenant.document["tenant"]])
        if path == "/subscriptions":
            return self._page(call, list(self.tenant.document.get("subscriptions", ())))
        return self._barred(call, path) or self._read(call, path)

    def _barred(self, call: Call, path: str) -> Answer | None:
        """The answer to a caller of another tenant, to an unknown api-version, and to one who lacks the action."""
        subscription = ids.subscription_of(path)
        if subscription in self.foreign:
            theirs = self.tenant.by_id[subscription or ""].get("tenantId")
            return arm_error(
                401, "InvalidAuthenticationTokenTenant",
                f"The access token is from the wrong issuer 'https://sts.windows.net/{self.tenant.id}/'. It must match the tenant "
                f"'https://sts.windows.net/{theirs}/' associated with this subscription. Please use the authority (URL) "
                f"'https://login.windows.net/{theirs}' to get the token.",
            )  # fmt: skip
        action, scope = action_and_scope(call.raw_path.rstrip("/"))
        unknown = self._unknown_version(action.removesuffix("/read"), call.query["api-version"])
        if unknown is not None:
            return unknown
        if not self.rights.may(action, ids.fold(scope)):
            return forbidden_arm(self.object_id, action, scope)
        return None

    def _unknown_version(self, kind: str, version: str) -> Answer | None:
        key = kind.lower()
        supported = self._supported.get(key)
        if version not in self._unsupported.get(key, ()) and (supported is None or version in supported):
            return None
        listed = ", ".join(supported or _SUPPORTED)
        namespace, _, name = kind.partition("/")
        if "/" in name:
            return arm_error(
                404, "InvalidResourceType",
                f"The resource type '{name}' could not be found in the namespace '{namespace}' for api version '{version}'. "
                f"The supported api-versions are '{listed}'.",
            )  # fmt: skip
        return arm_error(
            400, "NoRegisteredProviderFound",
            f"No registered resource provider found for location 'westeurope' and API version '{version}' for type '{name}'. "
            f"The supported api-versions are '{listed}'. The supported locations are 'westeurope, northeurope'.",
        )  # fmt: skip

    def _read(self, call: Call, path: str) -> Answer:
        if path.endswith(_BOUNDARY):
            return self._boundary(path)
        if authorisation.MARK in path:
            return self._authorisation.answer(call, path) or self._refuse(call)
        if path.startswith(_MANAGEMENT):
            return self._management(call, path)
        return self._resources(call, path)

    def _refuse(self, call: Call) -> Answer:
        return Answer(403, forbidden_arm(self.object_id, f"{call.method} {call.path}", call.path).body, refused=True)

    def _page(self, call: Call, items: Sequence[Item], cursor: str = "$skiptoken") -> Answer:
        return page(call, self.url(), items, self.page_size, shape=public, cursor=cursor)

    def _boundary(self, path: str) -> Answer:
        stated = self.tenant.document.get("dataBoundary", "NotDefined")
        return Answer(200, {
            "id": f"{path.removesuffix(_BOUNDARY)}/providers/Microsoft.Resources/dataBoundaries/default", "name": "default",
            "type": "Microsoft.Resources/dataBoundaries", "properties": {"dataBoundary": stated, "provisioningState": "Succeeded"},
        })  # fmt: skip

    # -- management groups --------------------------------------------------------------------------------------------

    def _management(self, call: Call, path: str) -> Answer:
        groups = self.tenant.document.get("managementGroups", ())
        rest = path.removeprefix(_MANAGEMENT).strip("/").split("/")
        if rest == [""]:
            plain = [
                {**public(g), "properties": {k: v for k, v in g.get("properties", {}).items() if k != "details"}}
                for g in groups
            ]
            return self._page(call, plain)
        key = ids.management_group(rest[0])
        group = self.tenant.by_id.get(key)
        if group is None:
            return forbidden_arm(self.object_id, "Microsoft.Management/managementGroups/read", key)
        if len(rest) == 1:
            return Answer(200, public(group))
        if rest[1] == "descendants":
            return self._page(
                call, [self._descendant(k) for k in self.tenant.above if k != key and key in self.tenant.chain(k)]
            )
        if rest[1] == "subscriptions":
            own = [k for k, above in self.tenant.above.items() if above == key and k.startswith("/subscriptions/")]
            return self._page(call, [self._descendant(k) for k in own])
        if rest[1] == "providers" and len(rest) == 4:
            return self._page(call, self.tenant.by_parent.get((key, "/".join(rest[2:])), ()))
        return self._refuse(call)

    def _descendant(self, key: str) -> dict[str, Any]:
        item = self.tenant.by_id[key]
        subscription = key.startswith("/subscriptions/")
        parent = self.tenant.by_id.get(self.tenant.above[key], {})
        return {
            "id": item["id"], "name": ids.last(item["id"]), "type": "/subscriptions" if subscription else "Microsoft.Management/managementGroups",
            "properties": {"displayName": item.get("displayName") or item.get("properties", {}).get("displayName"),
                           "parent": {"id": parent.get("id", "")}},
        }  # fmt: skip

    # -- resources ----------------------------------------------------------------------------------------------------

    def _resources(self, call: Call, path: str) -> Answer:
        segments = path.split("/")[1:]
        if len(segments) < 2 or segments[0] != "subscriptions":
            return self._refuse(call)
        subscription = f"/subscriptions/{segments[1]}"
        row = self.tenant.by_id.get(subscription)
        if row is None or row.get("state") == "Deleted":
            return arm_error(404, "SubscriptionNotFound", f"The subscription '{segments[1]}' could not be found.")
        if len(segments) == 2:
            return Answer(200, public(row))
        if "providers" not in segments:
            return self._containers(call, path, segments, subscription)
        if segments[2] == "resourcegroups" and not self._is_group(path):
            return _no_group(segments[3])
        at = len(segments) - 1 - segments[::-1].index("providers")
        if len(segments) < at + 3:
            return self._refuse(call)
        namespace, under = segments[at + 1], segments[at + 2 :]
        if namespace not in self.namespaces:
            return arm_error(404, "InvalidResourceNamespace", f"The resource namespace '{namespace}' is invalid.")
        if under[:1] == ["locations"] and len(under) == 3:
            return self._located(call, namespace, subscription, under[1], under[2])
        if len(under) % 2 == 0:
            found = self.tenant.by_id.get(path)
            if found is not None:
                return Answer(200, public(found))
            return arm_error(404, "ResourceNotFound", f"The Resource '{'/'.join([namespace, *under])}' was not found.")
        return self._list(call, "/" + "/".join(segments[:at]), namespace, under)

    def _is_group(self, path: str) -> bool:
        """Whether the resource group in a folded path is there; one that only its resources tell of is."""
        group = ids.resource_group_of(path) or ""
        return group in self.tenant.by_id or group in self.tenant.top_level

    def _containers(self, call: Call, path: str, segments: list[str], subscription: str) -> Answer:
        if segments[2] == "locations" and len(segments) == 3:
            return self._page(call, self.tenant.locations(subscription))
        if segments[2] == "resourcegroups" and len(segments) == 3:
            return self._page(call, self.tenant.groups_in[subscription])
        if segments[2] == "resourcegroups" and len(segments) == 4:
            group = self.tenant.by_id.get(path)
            return Answer(200, public(group)) if group else _no_group(segments[3])
        if segments[-1] == "resources" and len(segments) in (3, 5):
            place = "/" + "/".join(segments[:-1])
            if len(segments) == 5 and not self._is_group(path):
                return _no_group(segments[3])
            return page(call, self.url(), self.tenant.top_level[place], self.page_size, shape=_envelope)
        return self._refuse(call)

    def _list(self, call: Call, place: str, namespace: str, under: list[str]) -> Answer:
        kind = "/".join([namespace, *under[::2]])
        parent = place
        if len(under) > 1:
            parent = "/".join([place, "providers", namespace, *under[:-1]])
            # The one service of each kind below a resource is there although nothing says so.
            if parent not in self.tenant.by_id and under[-2] != "default":
                return arm_error(
                    404,
                    "ParentResourceNotFound",
                    f"Can not perform requested operation on nested resource. Parent resource '{under[-2]}' not found.",
                )
        elif "/providers/" in place and place not in self.tenant.by_id and not place.endswith("/default"):
            return arm_error(404, "ResourceNotFound", f"The Resource '{ids.last(place)}' was not found.")
        machine_learning = namespace == "microsoft.machinelearningservices" and len(under) > 1
        items = self.tenant.by_parent.get((parent, kind), ())
        if kind in _DEEPER:
            inside = _DEEPER[kind]
            items = [row for key, row in self.tenant.by_id.items() if key.startswith(f"{parent}/") and inside in key]
        return self._page(call, items, cursor="$skip" if machine_learning else "$skiptoken")

    def _located(self, call: Call, namespace: str, subscription: str, location: str, what: str) -> Answer:
        document, key = self.tenant.document, f"{ids.last(subscription)}/{location}"
        if what == "vmsizes":
            sizes = document.get("vmSizes", {})
            return Answer(200, {"value": [*sizes.get("*", ()), *sizes.get(location, ())]})
        if what not in ("usages", "quotas"):
            return self._refuse(call)
        for name, places in document.get(what, {}).items():
            if name.lower() == namespace:
                return self._page(call, list(next((rows for k, rows in places.items() if k.lower() == key), ())))
        return self._page(call, [])


def _no_group(name: str) -> Answer:
    return arm_error(404, "ResourceGroupNotFound", f"Resource group '{name}' could not be found.")


def _envelope(resource: Item) -> dict[str, Any]:
    """The generic list knows no properties."""
    kept = ("id", "name", "type", "location", "tags", "kind", "sku", "identity", "managedBy")
    return {key: resource[key] for key in kept if key in resource}
