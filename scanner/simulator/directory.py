"""Microsoft Graph: users, groups, service principals, members, owners, getByIds and $batch."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from scanner.simulator.answer import Answer, Call, graph_error, page
from scanner.simulator.tenant import Tenant, public

_LISTS = {"users": "user", "groups": "group", "serviceprincipals": "servicePrincipal", "applications": "application"}
_ROLES = {"roleassignments": "directoryRoleAssignments", "roledefinitions": "directoryRoles"}
_EQUALS = re.compile(r"(\w+) eq '((?:[^']|'')*)'", re.IGNORECASE)
_IN = re.compile(r"id in \(([^)]*)\)", re.IGNORECASE)


class Directory:
    """Answers Graph calls below `/v1.0` for one tenant."""

    def __init__(self, tenant: Tenant, url: Callable[[], str], page_size: int) -> None:
        self.tenant = tenant
        self.url = url
        self.page_size = page_size

    def answer(self, call: Call) -> Answer:
        """Any call but `$batch`, whose parts the server hands in one by one."""
        parts = call.path.strip("/").split("/")
        if call.method == "POST" and parts == ["directoryobjects", "getbyids"]:
            return self._by_ids(call)
        if parts[:2] == ["rolemanagement", "directory"] and call.method == "GET":
            rows = self.tenant.document.get("graph", {}).get(_ROLES.get(parts[-1], ""), ())
            return self._page(call, [public(row) for row in rows])
        if call.method != "GET" or (parts[0] not in _LISTS and parts[0] != "identitygovernance"):
            return graph_error(
                403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.", refused=True
            )
        if parts[0] == "identitygovernance":
            filtered = "$filter" in call.query
            wanted = dict(_EQUALS.findall(call.query.get("$filter", ""))).get("groupId", "").lower()
            rows = self.tenant.document.get("graph", {}).get("groupEligibilities", ())
            if not filtered:
                return graph_error(400, "MissingParameters", "The filter is mandatory.")
            return self._page(call, [public(row) for row in rows if row["groupId"].lower() == wanted])
        kind = _LISTS[parts[0]]
        if len(parts) == 1:
            return self._page(
                call, [_selected(i, call) for k, i in self.tenant.objects.values() if k == kind and _passes(i, call)]
            )
        found_kind, item = self.tenant.objects.get(parts[1], ("", {}))
        if found_kind != kind:
            return graph_error(
                404,
                "Request_ResourceNotFound",
                f"Resource '{parts[1]}' does not exist or one of its queried reference-property objects are not present.",
            )
        if len(parts) == 2:
            return Answer(200, _selected(item, call))
        if parts[2] == "federatedidentitycredentials":
            return self._page(call, list(item.get("x-federatedIdentityCredentials", ())))
        if parts[2] in ("members", "owners"):
            return self._page(call, [self._typed(i, call) for i in item.get(f"x-{parts[2]}", ())])
        if parts[2] == "transitivemembers":
            return self._page(call, [self._typed(i, call) for i in sorted(self._everybody(parts[1], set()))])
        return graph_error(
            403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.", refused=True
        )

    def _page(self, call: Call, items: list[Any]) -> Answer:
        return page(
            call,
            f"{self.url()}/graph/v1.0" if not call.raw_path.startswith("/graph") else self.url(),
            items,
            self.page_size,
            graph=True,
        )

    def _by_ids(self, call: Call) -> Answer:
        wanted = (call.body or {}).get("ids", [])
        if len(wanted) > 1000:
            return graph_error(400, "Request_BadRequest", "Too many ids.")
        return Answer(200, {"value": [self._typed(i, call) for i in wanted if i.lower() in self.tenant.objects]})

    def _typed(self, object_id: str, call: Call) -> dict[str, Any]:
        kind, item = self.tenant.objects.get(object_id.lower(), ("user", {"id": object_id}))
        return {"@odata.type": f"#microsoft.graph.{kind}", **_selected(item, call)}

    def _everybody(self, group: str, seen: set[str]) -> set[str]:
        for member in self.tenant.objects.get(group, ("", {}))[1].get("x-members", ()):
            if member.lower() not in seen:
                seen.add(member.lower())
                self._everybody(member.lower(), seen)
        return seen


def _selected(item: Any, call: Call) -> dict[str, Any]:
    names = [name for name in call.query.get("$select", "").split(",") if name]
    whole = public(item)
    return {name: whole.get(name) for name in ("id", *names) if name == "id" or name in names} if names else whole


def _passes(item: Any, call: Call) -> bool:
    text = call.query.get("$filter", "")
    if not text:
        return True
    among = _IN.search(text)
    if among:
        return item["id"] in {word.strip().strip("'") for word in among.group(1).split(",")}
    return all(
        str(item.get(name, "")).lower() == value.replace("''", "'").lower() for name, value in _EQUALS.findall(text)
    )
