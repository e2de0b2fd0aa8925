"""Microsoft.Authorization: assignments and definitions, locks, policies and PIM's lists, each seen from a scope."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

from scanner import ids
from scanner.simulator.answer import Answer, Call, arm_error, forbidden_arm, page
from scanner.simulator.people import People
from scanner.simulator.rights import Rights
from scanner.simulator.tenant import ASSIGNED, Item, Tenant, public

MARK = "/providers/microsoft.authorization/"
# Lists that show only what stands at the scope itself; the others show what is above and below too.
_EXACT = {"rolemanagementpolicyassignments", "rolemanagementpolicies", "classicadministrators"}
_LISTS = {
    *ASSIGNED,
    *_EXACT,
    "locks",
    "policyassignments",
    "policyexemptions",
    "roleassignmentschedules",
    "roleeligibilityschedules",
}
_PRINCIPAL = re.compile(r"(principalId|assignedTo)\s*(?:eq\s*|\()\s*'([^']*)'", re.IGNORECASE)
_ROLE_TYPE = re.compile(r"type\s+eq\s+'([^']*)'", re.IGNORECASE)


class Authorisation:
    """Answers what is below `/providers/Microsoft.Authorization` at any scope."""

    def __init__(
        self, tenant: Tenant, people: People, rights: Rights, url: Callable[[], str], page_size: int, object_id: str
    ) -> None:
        self.tenant = tenant
        self.people = people
        self.rights = rights
        self.url = url
        self.page_size = page_size
        self.object_id = object_id
        self._definitions = lru_cache(maxsize=512)(self._roles)
        self._rows = lru_cache(maxsize=512)(self._filtered)

    def answer(self, call: Call, path: str) -> Answer | None:
        """None for what is no known read."""
        before, _, rest = path.rpartition(MARK)
        scope = ids.fold(before) if before else ids.ROOT_SCOPE
        name, _, one = rest.partition("/")
        subscription = ids.subscription_of(scope)
        if subscription and subscription not in self.tenant.by_id:
            return forbidden_arm(self.object_id, f"Microsoft.Authorization/{ASSIGNED.get(name, name)}/read", scope)
        if name == "permissions" and not one:
            return self._page(call, self.rights.at(scope))
        if one:
            return self._one(path, name, one)
        filter_ = call.query.get("$filter", "")
        if name == "roledefinitions":
            return self._page(call, self._definitions(scope, filter_))
        if name not in _LISTS:
            return None
        return self._page(call, self._rows(name, scope, filter_))

    def _page(self, call: Call, items: Sequence[Item]) -> Answer:
        return page(call, self.url(), items, self.page_size, shape=public)

    def _one(self, path: str, name: str, one: str) -> Answer | None:
        if name in ASSIGNED:
            rows = self.tenant.assigned(name)
        elif name == "roledefinitions":
            rows = self.tenant.document.get("roleDefinitions", ())
        elif path in self.tenant.by_id:
            return Answer(200, public(self.tenant.by_id[path]))
        else:
            return arm_error(404, "ResourceNotFound", f"'{one}' was not found.") if name in _LISTS else None
        found = next((row for row in rows if ids.last(row["id"]).lower() == one), None)
        missing = "RoleDefinitionDoesNotExist" if name == "roledefinitions" else "RoleAssignmentNotFound"
        return Answer(200, public(found)) if found else arm_error(404, missing, f"'{one}' was not found.")

    def _roles(self, scope: str, filter_: str) -> list[Item]:
        """Roles that can be assigned at the scope or somewhere below."""
        chain = set(self.tenant.chain(scope))
        kind = _ROLE_TYPE.search(filter_)
        wanted = kind.group(1).lower() if kind else ""
        return [
            role for role in self.tenant.document.get("roleDefinitions", ())
            if (not wanted or str(role["properties"].get("type", "BuiltInRole")).lower() == wanted)
            and any(
                at in chain or self.tenant.below(scope, at)
                for at in map(ids.fold, role["properties"].get("assignableScopes", ("/",)))
            )
        ]  # fmt: skip

    def _filtered(self, name: str, scope: str, filter_: str) -> Sequence[Item]:
        """Unfiltered: at, above and below. `atScope()`: at and above. `atExactScope()`: at."""
        words = filter_.lower()
        exact = name in _EXACT or "atexactscope()" in words
        rows = self.tenant.applying(name, scope, not exact, True, not exact and "atscope()" not in words)
        wanted = _PRINCIPAL.search(filter_)
        if not wanted:
            return rows
        how, principal = wanted.group(1).lower(), wanted.group(2).lower()
        return [row for row in rows if self._holds(row, how, principal)]

    def _holds(self, row: Item, how: str, principal: str) -> bool:
        direct = str(row["properties"].get("principalId", "")).lower()
        return direct == principal or (how == "assignedto" and principal in self.people.everybody(direct))
