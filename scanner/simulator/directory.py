"""Microsoft Graph: users, groups, workloads, members, owners, PIM, access reviews, directory roles, permissions and getByIds.

The document's key `graphPermissions` lists the application permissions that were granted; without it all but
`Member.Read.Hidden` were. What is not granted is refused, and members of hidden groups do not show. `graph.appRoles` are the
permissions that Microsoft Graph itself knows, `graph.appRoleAssignments` who holds which.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from scanner.simulator.answer import Answer, Call, denied_graph, graph_error, page
from scanner.simulator.bodies import Ids
from scanner.simulator.people import People
from scanner.simulator.tenant import Item, Tenant, public

_LISTS = {"users": "user", "groups": "group", "serviceprincipals": "servicePrincipal", "applications": "application"}
_NEEDED = {
    "users": {"User.Read.All"}, "groups": {"Group.Read.All", "GroupMember.Read.All"}, "serviceprincipals": {"Application.Read.All"},
    "applications": {"Application.Read.All"},
    "pim": {"PrivilegedEligibilitySchedule.Read.AzureADGroup", "PrivilegedAssignmentSchedule.Read.AzureADGroup"},
    "roles": {"RoleManagement.Read.Directory", "RoleManagement.Read.All"},
    "roleeligibilityscheduleinstances": {"RoleEligibilitySchedule.Read.Directory", "RoleManagement.Read.All"},
    "roleassignmentscheduleinstances": {"RoleAssignmentSchedule.Read.Directory", "RoleManagement.Read.All"},
    "reviews": {"AccessReview.Read.All"}, "policies": {"RoleManagementPolicy.Read.AzureADGroup"}, "organization": {"Organization.Read.All", "User.Read.All"},
}  # fmt: skip
_HIDDEN = "Member.Read.Hidden"
_OF_GROUP = "identitygovernance/privilegedaccess/group/"
_SCHEDULES = {
    name.lower(): name for name in (
        "eligibilityScheduleInstances", "assignmentScheduleInstances", "eligibilitySchedules", "assignmentSchedules",
    )
}  # fmt: skip
_ROLES = {
    "roleassignments": "directoryRoleAssignments", "roledefinitions": "directoryRoleDefinitions",
    "roleeligibilityscheduleinstances": "directoryRoleEligibilityScheduleInstances",
    "roleassignmentscheduleinstances": "directoryRoleAssignmentScheduleInstances",
}  # fmt: skip
# Microsoft Graph's own service principal, which every tenant has; a workload may be addressed by application id.
_ITSELF = {
    "id": "00000003-6d67-4000-8000-000000000000",
    "appId": "00000003-0000-0000-c000-000000000000",
    "displayName": "Microsoft Graph",
}
_BY_APP = re.compile(r"serviceprincipals\(appid='([^']*)'\)")
_EQUALS = re.compile(r"(\w+) eq (?:'((?:[^']|'')*)'|(true|false))", re.IGNORECASE)
_IN = re.compile(r"(\w+) in \(([^)]*)\)", re.IGNORECASE)
_WORD = re.compile(r"'((?:[^']|'')*)'")


class Directory:
    """Answers Graph calls below `/v1.0` for one tenant."""

    def __init__(self, tenant: Tenant, people: People, url: Callable[[], str], page_size: int) -> None:
        self.tenant = tenant
        self.people = people
        self.url = url
        self.page_size = page_size
        self.graph: Mapping[str, Any] = tenant.document.get("graph", {})
        granted = tenant.document.get("graphPermissions")
        self._granted = None if granted is None else set(granted)

    def answer(self, call: Call) -> Answer:
        """Any call but `$batch`, whose parts the server hands in one by one."""
        path = call.path.strip("/")
        parts = path.split("/")
        if call.method == "POST" and parts == ["directoryobjects", "getbyids"]:
            return self._by_ids(call)
        if call.method != "GET":
            return denied_graph(refused=True)
        if path.startswith(_OF_GROUP) and parts[-1] in _SCHEDULES:
            return self._schedules(call, _SCHEDULES[parts[-1]])
        if parts[:2] == ["rolemanagement", "directory"] and len(parts) == 3 and parts[2] in _ROLES:
            needed = parts[2] if parts[2] in _NEEDED else "roles"
            return self._rows(call, self.graph.get(_ROLES[parts[2]], ()), needed)
        if parts == ["identitygovernance", "accessreviews", "definitions"]:
            return self._rows(call, self.graph.get("accessReviewDefinitions", ()), "reviews")
        if parts == ["policies", "rolemanagementpolicyassignments"]:
            return self._policies(call)
        by_app = _BY_APP.fullmatch(parts[0])
        if by_app:
            return self._of_application(call, by_app.group(1), parts[1:])
        if parts == ["organization"]:
            return self._rows(call, [self._organisation()], "organization")
        if parts[0] not in _LISTS:
            return denied_graph(refused=True)
        if not self._may(parts[0]):
            return denied_graph()
        if parts[1:] == ["$count"]:
            return self._count(call, _LISTS[parts[0]])
        if len(parts) == 1:
            return self._rows(call, self._filtered(call, _LISTS[parts[0]]), parts[0], filtered=True)
        return self._object(call, parts)

    def _may(self, what: str) -> bool:
        if self._granted is None or not self._granted.isdisjoint(_NEEDED[what]):
            return True
        return "Directory.Read.All" in self._granted and what in (
            "users",
            "groups",
            "serviceprincipals",
            "applications",
            "organization",
        )

    def _object(self, call: Call, parts: Sequence[str]) -> Answer:
        kind, item = self.people.get(parts[1]) or ("", {})
        if kind != _LISTS[parts[0]]:
            return graph_error(
                404,
                "Request_ResourceNotFound",
                f"Resource '{parts[1]}' does not exist or one of its queried reference-property objects are not present.",
            )
        if len(parts) == 2:
            return Answer(200, _selected(item, call))
        what = parts[2]
        if what == "owners":
            return self._ties(call, item.get("x-owners", ()))
        if what == "federatedidentitycredentials":
            return self._page(call, item.get("x-federatedIdentityCredentials", ()), public)
        if what in ("members", "transitivemembers"):
            if item.get("visibility") == "HiddenMembership" and (self._granted is None or _HIDDEN not in self._granted):
                return self._page(call, (), public)
            if what == "members":
                return self._ties(call, self.people.members(item))
            return self._ties(call, sorted(self.people.everybody(parts[1])))
        return denied_graph(refused=True)

    def _of_application(self, call: Call, app_id: str, rest: Sequence[str]) -> Answer:
        if not self._may("serviceprincipals"):
            return denied_graph()
        known = {str(item.get("appId")).lower(): item for item in self.people.lists["servicePrincipal"]}
        if app_id == _ITSELF["appId"]:
            item: Item | None = {**_ITSELF, **known.get(app_id, {}), "appRoles": self.graph.get("appRoles", ())}
        else:
            item = known.get(app_id)
        if item is None:
            return graph_error(404, "Request_ResourceNotFound", f"Resource '{app_id}' does not exist.")
        if rest == ["approleassignedto"]:
            held = self.graph.get("appRoleAssignments", ()) if app_id == _ITSELF["appId"] else ()
            return self._page(call, held, lambda row: _selected(row, call))
        return denied_graph(refused=True) if rest else Answer(200, _selected(item, call))

    def _page(self, call: Call, items: Sequence[Any], shape: Callable[[Any], Any]) -> Answer:
        url = self.url() if call.raw_path.startswith("/graph") else f"{self.url()}/graph/v1.0"
        # Without `$top` a page has a hundred objects, and never more than 999.
        size = min(self.page_size, 999 if call.query.get("$top", "").isdigit() else 100)
        return page(call, url, items, size, shape=shape, graph=True)

    def _rows(self, call: Call, items: Sequence[Item], needed: str, filtered: bool = False) -> Answer:
        if not self._may(needed):
            return denied_graph()
        test = None if filtered else _test(call)
        return self._page(call, [i for i in items if test(i)] if test else items, lambda item: _selected(item, call))

    def _ties(self, call: Call, object_ids: Sequence[str]) -> Answer:
        return self._page(call, object_ids, lambda object_id: self._typed(object_id, call))

    def _filtered(self, call: Call, kind: str) -> Sequence[Item]:
        """What a filter leaves of a list; people by id or sign-in name are looked up."""
        items = self.people.lists[kind]
        among = _IN.fullmatch(call.query.get("$filter", "").strip()) if kind == "user" else None
        if among and among.group(1).lower() in ("id", "userprincipalname"):
            words = [word.replace("''", "'") for word in _WORD.findall(among.group(2))]
            if among.group(1).lower() == "id":
                found = (item for k, item in filter(None, map(self.people.get, words)) if k == kind)
                return list(found)
            return [item for item in map(self.people.users.by_name, words) if item is not None]
        test = _test(call)
        return [item for item in items if test(item)] if test else items

    def _count(self, call: Call, kind: str) -> Answer:
        if not call.eventual:
            return graph_error(400, "Request_BadRequest", "$count is not currently supported.")
        return Answer(200, str(len(self._filtered(call, kind))), content_type="text/plain")

    def _schedules(self, call: Call, name: str) -> Answer:
        if not self._may("pim"):
            return denied_graph()
        asked = {key.lower() for key, _, _ in _EQUALS.findall(call.query.get("$filter", ""))}
        if asked.isdisjoint({"groupid", "principalid"}):
            return graph_error(400, "MissingParameters", "The required parameters GroupId or PrincipalId is missing.")
        return self._rows(call, self.graph.get(name, ()), "pim")

    def _policies(self, call: Call) -> Answer:
        """Rules of activation, by group; without the group, and of what kind it is, nobody is told."""
        if not self._may("policies"):
            return denied_graph()
        asked = {key.lower() for key, _, _ in _EQUALS.findall(call.query.get("$filter", ""))}
        if not {"scopeid", "scopetype"} <= asked:
            return graph_error(400, "MissingParameters", "The filter must name scopeId and scopeType.")
        expanded = "rules" in call.query.get("$expand", "")
        rows = self.graph.get("groupPolicyAssignments", ())
        rows = rows if expanded else [{k: v for k, v in row.items() if k != "policy"} for row in rows]
        return self._rows(call, rows, "policies")

    def _organisation(self) -> Item:
        tenant = self.tenant.document["tenant"]
        domain = {"name": tenant.get("defaultDomain"), "isDefault": True}
        return {"id": self.tenant.id, "displayName": tenant.get("displayName"), "verifiedDomains": [domain]}

    def _by_ids(self, call: Call) -> Answer:
        try:
            wanted = msgspec.convert(call.body, Ids)
        except msgspec.ValidationError as error:
            return graph_error(400, "Request_BadRequest", str(error))
        types = {kind.lower() for kind in wanted.types}
        found = [(i, self.people.get(i)) for i in wanted.ids]
        kept = [i for i, object_ in found if object_ and (not types or object_[0].lower() in types)]
        return Answer(200, {"value": [self._typed(i, call) for i in kept]})

    def _typed(self, object_id: str, call: Call) -> dict[str, Any]:
        """Whom the caller may not read shows with its type and id only."""
        kind, item = self.people.get(object_id) or ("user", {"id": object_id})
        own = next(name for name, of in _LISTS.items() if of == kind)
        selected = _selected(item, call)
        if not self._may(own):
            selected = {name: value if name == "id" else None for name, value in selected.items()}
        return {"@odata.type": f"#microsoft.graph.{kind}", **selected}


def _selected(item: Item, call: Call) -> Item:
    names = call.query.get("$select", "")
    if not names:
        return public(item)
    return {name: item.get(name) for name in names.split(",") if name}


def _test(call: Call) -> Callable[[Item], bool] | None:
    """What a filter asks, terms joined by `and`; None when nothing is."""
    text = call.query.get("$filter", "")
    among: Iterable[tuple[str, str]] = _IN.findall(text)
    sets = [(name, {word.replace("''", "'").lower() for word in _WORD.findall(words)}) for name, words in among]
    sets += [(name, {(value or flag).replace("''", "'").lower()}) for name, value, flag in _EQUALS.findall(text)]
    if not sets:
        return None
    return lambda item: all(str(item.get(name, "")).lower() in values for name, values in sets)
