"""Azure Resource Manager: containers, resource lists and items of any type, authorisation, quota."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from scanner import ids
from scanner.simulator import resource_graph
from scanner.simulator.answer import Answer, Call, arm_error, forbidden_arm, page
from scanner.simulator.tenant import Item, Tenant, public

_PROVIDERS = {
    "microsoft.machinelearningservices", "microsoft.storage", "microsoft.keyvault", "microsoft.containerregistry", "microsoft.insights",
    "microsoft.operationalinsights", "microsoft.cognitiveservices", "microsoft.managedidentity", "microsoft.authorization",
    "microsoft.resources", "microsoft.management", "microsoft.network", "microsoft.compute", "microsoft.search", "microsoft.documentdb",
    "microsoft.sql", "microsoft.web", "microsoft.databricks", "microsoft.containerservice", "microsoft.recoveryservices",
    "microsoft.kubernetes", "microsoft.synapse", "microsoft.dbforpostgresql", "microsoft.dataprotection", "microsoft.consumption",
}  # fmt: skip
_ARRAYS = {
    "roleassignments": "roleAssignments", "roledefinitions": "roleDefinitions", "denyassignments": "denyAssignments",
    "roleeligibilityscheduleinstances": "roleEligibilityScheduleInstances", "roleassignmentscheduleinstances": "roleAssignmentScheduleInstances",
}  # fmt: skip
# Lists of what stands at one scope, neither inherited nor below.
_EXTENSIONS = {
    "locks": "locks", "policyassignments": "policyAssignments", "classicadministrators": "classicAdministrators",
    "rolemanagementpolicyassignments": "roleManagementPolicyAssignments",
}  # fmt: skip
SECRETS = re.compile(
    r"(list[a-z]*(keys?|secrets?|credentials?|connectionstrings?|sas|accesstoken)|readonlykeys|regeneratekeys?|token|register)$"
)
_AUTHORISATION = "/providers/microsoft.authorization/"
_MANAGEMENT = "/providers/microsoft.management/managementgroups"
_CONTAINERS = (
    "microsoft.machinelearningservices/workspaces/data",
    "microsoft.machinelearningservices/workspaces/models",
)


class Arm:
    """Answers ARM calls for one tenant."""

    def __init__(self, tenant: Tenant, url: Callable[[], str], page_size: int, object_id: str) -> None:
        self.tenant = tenant
        self.url = url
        self.page_size = page_size
        self.object_id = object_id

    def answer(self, call: Call) -> Answer:
        if SECRETS.search(call.path):
            return self._refuse(call)
        if call.method == "POST":
            if call.path == "/providers/microsoft.resourcegraph/resources":
                return resource_graph.answer(self.tenant, call, self.page_size)
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
            return self._page(call, [public(self.tenant.document["tenant"])])
        if path == "/subscriptions":
            return self._page(call, [public(s) for s in self.tenant.document.get("subscriptions", ())])
        if path == "/providers/microsoft.resources/databoundaries/default":
            boundary = self.tenant.document.get("dataBoundary")
            return Answer(200, boundary) if boundary else arm_error(404, "NotFound", "The tenant has no data boundary.")
        if path.startswith(_MANAGEMENT) and _AUTHORISATION not in path:
            return self._management(call, path)
        if _AUTHORISATION in path:
            return self._authorisation(call, path)
        return self._resources(call, path)

    def _refuse(self, call: Call) -> Answer:
        return Answer(403, forbidden_arm(self.object_id, f"{call.method} {call.path}", call.path).body, refused=True)

    def _page(self, call: Call, items: list[Any], cursor: str = "$skiptoken") -> Answer:
        return page(call, self.url(), items, self.page_size, cursor=cursor)

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

    # -- authorisation ------------------------------------------------------------------------------------------------

    def _authorisation(self, call: Call, path: str) -> Answer:
        before, _, rest = path.rpartition(_AUTHORISATION)
        scope = ids.fold(before) if before else ids.ROOT_SCOPE
        name, _, one = rest.partition("/")
        if name == "permissions":
            reader = self.tenant.document.get("reader", {"actions": ["*/read"], "notActions": []})
            return Answer(
                200, {"value": [{"actions": [], "notActions": [], "dataActions": [], "notDataActions": [], **reader}]}
            )
        if name in _EXTENSIONS:
            standing = [r for r in self.tenant.document.get(_EXTENSIONS[name], ()) if _scope_of(r) == scope]
            return self._page(call, [public(r) for r in standing])
        if name not in _ARRAYS:
            return self._refuse(call)
        if scope.startswith("/subscriptions/") and (ids.subscription_of(scope) or "") not in self.tenant.by_id:
            return forbidden_arm(self.object_id, f"Microsoft.Authorization/{_ARRAYS[name]}/read", scope)
        rows: list[Item] = list(self.tenant.document.get(_ARRAYS[name], ()))
        if one:
            found = next((r for r in rows if ids.last(r["id"]).lower() == one), None)
            return (
                Answer(200, public(found))
                if found
                else arm_error(404, "RoleDefinitionDoesNotExist", f"'{one}' was not found.")
            )
        chain = set(self.tenant.chain(scope))
        if name == "roledefinitions":
            kind = re.search(r"type eq '(\w+)'", call.query.get("$filter", ""), re.IGNORECASE)
            rows = [r for r in rows if kind is None or r["properties"].get("type", "").lower() == kind.group(1).lower()]
            return self._page(call, [public(r) for r in rows if self._assignable(r, scope, chain)])
        return self._page(
            call, [public(r) for r in rows if self._visible(r, scope, chain, call.query.get("$filter", ""))]
        )

    def _assignable(self, role: Item, scope: str, chain: set[str]) -> bool:
        scopes = [ids.fold(s) for s in role["properties"].get("assignableScopes", ("/",))]
        return any(s in chain or ids.contains(scope, s) for s in scopes)

    def _visible(self, row: Item, scope: str, chain: set[str], filter_: str) -> bool:
        """Unfiltered: at, above and below. `atScope()`: at and above."""
        at = ids.fold(row["properties"]["scope"])
        wanted = re.search(r"(principalId|assignedTo)\s*(?:eq\s*|\()\s*'([^']*)'", filter_, re.IGNORECASE)
        if wanted and not self._holds(row, wanted.group(1).lower(), wanted.group(2).lower()):
            return False
        if at in chain:
            return True
        return "atscope()" not in filter_.lower() and self.tenant.below(scope, at)

    def _holds(self, row: Item, how: str, principal: str) -> bool:
        direct = str(row["properties"].get("principalId", "")).lower()
        return direct == principal or (how == "assignedto" and principal in self._everybody(direct, set()))

    def _everybody(self, group: str, seen: set[str]) -> set[str]:
        _, item = self.tenant.objects.get(group, ("", {}))
        for member in item.get("x-members", ()):
            if member.lower() not in seen:
                seen.add(member.lower())
                self._everybody(member.lower(), seen)
        return seen

    # -- resources ----------------------------------------------------------------------------------------------------

    def _resources(self, call: Call, path: str) -> Answer:
        segments = path.split("/")[1:]
        if len(segments) < 2 or segments[0] != "subscriptions":
            return self._refuse(call)
        subscription = f"/subscriptions/{segments[1]}"
        if subscription not in self.tenant.by_id:
            return arm_error(404, "SubscriptionNotFound", f"The subscription '{segments[1]}' could not be found.")
        if len(segments) == 2:
            return Answer(200, public(self.tenant.by_id[subscription]))
        if "providers" not in segments:
            return self._containers(call, path, segments, subscription)
        at = len(segments) - 1 - segments[::-1].index("providers")
        namespace, under = segments[at + 1], segments[at + 2 :]
        if namespace not in _PROVIDERS:
            return arm_error(404, "InvalidResourceNamespace", f"The resource namespace '{namespace}' is invalid.")
        if under[:1] == ["locations"] and len(under) == 3:
            return self._located(call, namespace, subscription, under[1], under[2])
        if len(under) % 2 == 0:
            found = self.tenant.by_id.get(path)
            if found is not None:
                return Answer(200, public(found))
            return arm_error(404, "ResourceNotFound", f"The Resource '{'/'.join([namespace, *under])}' was not found.")
        return self._list(call, "/" + "/".join(segments[:at]), namespace, under)

    def _containers(self, call: Call, path: str, segments: list[str], subscription: str) -> Answer:
        if segments[2] == "locations" and len(segments) == 3:
            return self._page(call, [dict(item) for item in self.tenant.locations(subscription)])
        if segments[2] == "resourcegroups" and len(segments) == 3:
            return self._page(call, [public(g) for g in self.tenant.groups_in[subscription]])
        if segments[2] == "resourcegroups" and len(segments) == 4:
            group = self.tenant.by_id.get(path)
            missing = arm_error(404, "ResourceGroupNotFound", f"Resource group '{segments[3]}' could not be found.")
            return Answer(200, public(group)) if group else missing
        if segments[-1] == "resources" and len(segments) in (3, 5):
            place = "/" + "/".join(segments[:-1])
            return self._page(call, [_envelope(r) for r in self.tenant.top_level[place]])
        return self._refuse(call)

    def _list(self, call: Call, place: str, namespace: str, under: list[str]) -> Answer:
        kind = "/".join([namespace, *under[::2]])
        parent = place
        if len(under) > 1:
            parent = "/".join([place, "providers", namespace, *under[:-1]])
            if parent not in self.tenant.by_id and not self._names_a_container(parent):
                return arm_error(
                    404,
                    "ParentResourceNotFound",
                    f"Can not perform requested operation on nested resource. Parent resource '{under[-2]}' not found.",
                )
        items = self.tenant.containers(parent, kind) if kind in _CONTAINERS else self.tenant.by_parent[parent, kind]
        machine_learning = namespace == "microsoft.machinelearningservices" and len(under) > 1
        return self._page(call, [public(i) for i in items], cursor="$skip" if machine_learning else "$skiptoken")

    def _names_a_container(self, parent: str) -> bool:
        return ids.resource_type(parent) in _CONTAINERS

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


def _scope_of(row: Item) -> str:
    """The scope an extension stands at, by its id."""
    return ids.fold(row["id"]).rpartition("/providers/microsoft.authorization/")[0] or ids.ROOT_SCOPE


def _envelope(resource: Item) -> dict[str, Any]:
    """The generic list knows no properties."""
    kept = ("id", "name", "type", "location", "tags", "kind", "sku", "identity", "managedBy")
    return {key: resource[key] for key in kept if key in resource}
