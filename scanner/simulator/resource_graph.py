"""Resource Graph for the queries a collector sends, with its silent trimming, its pages and a quota of its own."""

from __future__ import annotations

import re
import time
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from scanner import ids
from scanner.simulator.answer import Answer, Call, arm_error, decode, encode
from scanner.simulator.bodies import GraphQuery, QueryOptions
from scanner.simulator.kusto import BadQuery, Query, parse
from scanner.simulator.rights import Rights
from scanner.simulator.tenant import Item, Tenant, public

_WINDOW = 5.0  # seconds that a quota is for
_ABOVE_BELOW = {
    "atscopeandbelow": (False, True, True), "atscopeandabove": (True, True, False), "atscopeaboveandbelow": (True, True, True),
    "atscopeexact": (False, True, False),
}  # fmt: skip
_ASSIGNED = {
    "authorizationresources": ("roleassignments",),
    "policyresources": ("policyassignments", "policyexemptions"),
}
Row = Mapping[str, Any]
# Children that Resource Graph has beside the top-level resources.
_HELD = re.compile(
    r"/providers/microsoft\.(machinelearningservices/workspaces/[^/]+/(onlineendpoints|batchendpoints|serverlessendpoints)/[^/]+(/deployments/[^/]+)?"
    r"|containerregistry/registries/[^/]+/(replications|tasks)/[^/]+|sql/servers/[^/]+/databases/[^/]+)$"
)


class ResourceGraph:
    """Answers queries. `quota` is how many fit in five seconds; None for no limit."""

    def __init__(self, tenant: Tenant, rights: Rights, page_size: int, quota: int | None) -> None:
        self.tenant = tenant
        self.rights = rights
        self.page_size = page_size
        self.quota = quota
        self._asked: deque[float] = deque()
        self._made: dict[str, Row] = {}  # folded id -> row
        self._foreign = tenant.foreign
        self._children: defaultdict[str, list[Item]] = defaultdict(
            list
        )  # subscription -> what is held beside top-level resources
        for key, item in tenant.by_id.items():
            if _HELD.search(key):
                self._children[ids.subscription_of(key) or ""].append(item)
        self._found = lru_cache(maxsize=64)(self._find)

    def answer(self, call: Call) -> Answer:
        used_up, headers = self._take()
        if used_up is not None:
            return used_up
        try:
            body = msgspec.convert(call.body, GraphQuery)
            options = body.options or QueryOptions()
            how = (options.scope_filter or "AtScopeAndBelow").lower()
            if body.subscriptions and body.management_groups:
                return arm_error(400, "BadRequest", "subscriptions and managementGroups exclude each other")
            query = parse(body.query)
            if how not in _ABOVE_BELOW:
                raise BadQuery(f"authorizationScopeFilter '{how}'")
        except (BadQuery, msgspec.ValidationError) as error:
            details = [
                {"code": "InvalidQuery", "message": "Query is invalid."},
                {"code": "ParserFailure", "message": str(error)},
            ]
            text = "Please provide below info when asking for support."
            return Answer(400, {"error": {"code": "BadRequest", "message": text, "details": details}})
        scopes = [f"/subscriptions/{s.lower()}" for s in body.subscriptions or ()]
        scopes += [ids.management_group(g) for g in body.management_groups or ()]
        rows = self._found(query, tuple(scopes), how)
        return Answer(200, _page(rows, query, options, self.page_size), headers)

    def _take(self) -> tuple[Answer | None, dict[str, str]]:
        """One query of the quota: the refusal when none is left, and the headers that tell."""
        now = time.monotonic()
        while self._asked and now - self._asked[0] > _WINDOW:
            self._asked.popleft()
        left = (self.quota or 15) - len(self._asked) - 1 if self.quota else 14
        resets = f"00:00:{int(_WINDOW - (now - self._asked[0]) if self._asked else _WINDOW) + 1:02}"
        headers = {"x-ms-user-quota-remaining": str(max(left, 0)), "x-ms-user-quota-resets-after": resets,
                   "x-ms-ratelimit-remaining-tenant-resource-requests": str(max(left, 0))}  # fmt: skip
        if left < 0:
            text = "Client application has been throttled and should not attempt to repeat the request until an amount of time has elapsed."
            return arm_error(429, "RateLimiting", text, {**headers, "Retry-After": str(int(resets[-2:]))}), headers
        if self.quota:
            self._asked.append(now)
        return None, headers

    def _find(self, query: Query, scopes: tuple[str, ...], how: str) -> list[Row]:
        """Every row of a query, in order. Cached as `_found`, so that a page costs a slice."""
        rows = self._rows(query.table, scopes or (ids.ROOT_SCOPE,), how)
        found = [row for row in rows if self._readable(row) and query.takes(row)]
        found.sort(key=lambda row: str(row["id"]).lower(), reverse=query.descending)
        return found[: query.limit] if query.limit is not None else found

    def _readable(self, row: Row) -> bool:
        """What the caller may not read is left out without a word."""
        key = ids.fold(row["id"])
        return ids.subscription_of(key) not in self._foreign and self.rights.may(f"{row['type']}/read", key)

    def _rows(self, table: str, scopes: tuple[str, ...], how: str) -> Iterator[Row]:
        if table in _ASSIGNED:
            yield from self._assigned(table, scopes, how)
            return
        places = self._subscriptions(scopes)
        if table == "resources":
            for place in places:
                for item in (*self.tenant.top_level.get(place, ()), *self._children.get(place, ())):
                    yield self._row(item)
            return
        for place in places:
            yield self._container(place)
            for group in self.tenant.groups_in.get(place, ()):
                yield self._row(group)
        for key in self.tenant.above:
            if not key.startswith("/subscriptions/") and any(self.tenant.below(scope, key) for scope in scopes):
                yield self._container(key)

    def _subscriptions(self, scopes: tuple[str, ...]) -> list[str]:
        known = [key for key in self.tenant.above if key.startswith("/subscriptions/")]
        return [key for key in known if any(self.tenant.below(scope, key) for scope in scopes)]

    def _assigned(self, table: str, scopes: tuple[str, ...], how: str) -> Iterator[Row]:
        """Each row once, however many scopes see it; role definitions beside the assignments."""
        seen: set[str] = set()
        for scope in scopes:
            for name in _ASSIGNED[table]:
                for item in self.tenant.applying(name, scope, *_ABOVE_BELOW[how]):
                    if item["id"] not in seen:
                        seen.add(item["id"])
                        yield self._row(item)
        if table == "authorizationresources":
            for item in self.tenant.document.get("roleDefinitions", ()):
                if self._assignable(item, scopes):
                    yield self._row(item)

    def _assignable(self, role: Item, scopes: Iterable[str]) -> bool:
        at = [ids.fold(scope) for scope in role["properties"].get("assignableScopes", ("/",))]
        return any(self.tenant.below(a, scope) or self.tenant.below(scope, a) for a in at for scope in scopes)

    def _row(self, item: Item) -> Row:
        key = ids.fold(item["id"])
        if key not in self._made:
            group = ids.resource_group_of(key)
            self._made[key] = {
                **public(item), "type": ids.resource_type(key), "tenantId": self.tenant.id, "resourceGroup": ids.last(group) if group else "",
                "subscriptionId": ids.last(ids.subscription_of(key) or ""), "location": ids.fold_location(item.get("location") or ""),
                "managedBy": item.get("managedBy", ""), "properties": item.get("properties") or {},
            }  # fmt: skip
        return self._made[key]

    def _container(self, key: str) -> Row:
        tenant = self.tenant
        item = tenant.by_id[key]
        chain = [
            {
                "name": ids.last(tenant.by_id[place]["id"]),
                "displayName": tenant.by_id[place].get("properties", {}).get("displayName"),
            }
            for place in tenant.chain(key)[1:]
            if place in tenant.by_id
        ]
        if key.startswith("/subscriptions/"):
            properties: dict[str, Any] = {"managementGroupAncestorsChain": chain, "state": item.get("state", "Enabled")}
            managers = item.get("managedByTenants")
            properties |= {"managedByTenants": managers} if managers else {}
            kind, own, tags = "microsoft.resources/subscriptions", ids.last(key), item.get("tags")
        else:
            properties = {**item.get("properties", {})}
            properties["details"] = {**(properties.get("details") or {}), "managementGroupAncestorsChain": chain}
            kind, own, tags = "microsoft.management/managementgroups", "", None
        return {"id": item["id"], "name": item.get("displayName") or item.get("name"), "type": kind, "tenantId": tenant.id,
                "subscriptionId": own, "tags": tags, "properties": properties}  # fmt: skip


def _page(rows: list[Row], query: Query, options: QueryOptions, page_size: int) -> dict[str, Any]:
    size = min(options.top, page_size)
    start = decode(options.token or "")
    data = [query.projected(row) for row in rows[start : start + size]]
    more = start + size < len(rows)
    lost = more and not query.has_id
    result: dict[str, Any] = {
        "totalRecords": len(rows), "count": len(data), "data": data, "facets": [], "resultTruncated": "true" if lost else "false",
    }  # fmt: skip
    if more and not lost:
        result["$skipToken"] = encode(start + size)
    return result
