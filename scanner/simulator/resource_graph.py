"""Resource Graph for the queries a collector sends: one table, types, a projection, order by id."""

from __future__ import annotations

import re
from typing import Any

from scanner import ids
from scanner.simulator.answer import Answer, Call, arm_error, decode, encode
from scanner.simulator.tenant import Item, Tenant, public

_TABLE = re.compile(r"^\s*(resources|resourcecontainers|authorizationresources)\s*(\||$)", re.IGNORECASE)
_TYPES = re.compile(r"where\s+type\s+(?:in~\s*\(([^)]*)\)|=~\s*'([^']*)')", re.IGNORECASE)
_PROJECT = re.compile(r"\|\s*project\s+([^|]*)", re.IGNORECASE)


def answer(tenant: Tenant, call: Call, page_size: int) -> Answer:
    body = call.body if isinstance(call.body, dict) else {}
    query = str(body.get("query", ""))
    table = _TABLE.match(query)
    if not table:
        details = [
            {"code": "InvalidQuery", "message": "Query is invalid."},
            {"code": "ParserFailure", "message": "..."},
        ]
        return Answer(
            400,
            {
                "error": {
                    "code": "BadRequest",
                    "message": "Please provide below info when asking for support.",
                    "details": details,
                }
            },
        )
    if body.get("subscriptions") and body.get("managementGroups"):
        return arm_error(400, "BadRequest", "subscriptions and managementGroups exclude each other")
    rows = _rows(tenant, table.group(1).lower(), body)
    wanted = _TYPES.search(query)
    if wanted:
        types = {t.strip().strip("'").lower() for t in (wanted.group(1) or wanted.group(2)).split(",")}
        rows = [row for row in rows if row["type"] in types]
    rows.sort(key=lambda row: str(row["id"]).lower())
    projected = _PROJECT.search(query)
    names = [name.strip() for name in projected.group(1).split(",")] if projected else []
    options = body.get("options", {})
    size = min(int(options.get("$top", 100)), 1000, page_size)
    start = decode(str(options.get("$skipToken", "")))
    chosen = rows[start : start + size]
    data = [{name: row.get(name) for name in names} if names else row for row in chosen]
    more = start + size < len(rows)
    lost = more and names and "id" not in names
    result: dict[str, Any] = {
        "totalRecords": len(rows), "count": len(data), "data": data, "facets": [], "resultTruncated": "true" if lost else "false",
    }  # fmt: skip
    if more and not lost:
        result["$skipToken"] = encode(start + size)
    headers = {"x-ms-user-quota-remaining": "14", "x-ms-user-quota-resets-after": "00:00:05",
               "x-ms-ratelimit-remaining-tenant-resource-requests": "14"}  # fmt: skip
    return Answer(200, result, headers)


def _rows(tenant: Tenant, table: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    scopes = [f"/subscriptions/{s.lower()}" for s in body.get("subscriptions", ())]
    scopes += [ids.management_group(g) for g in body.get("managementGroups", ())]
    document = tenant.document
    if table == "resources":
        found = [_row(tenant, item) for item in document.get("resources", ())]
    elif table == "resourcecontainers":
        found = [_row(tenant, g) for g in document.get("resourceGroups", ())]
        found += [
            _container(tenant, item) for key in ("managementGroups", "subscriptions") for item in document.get(key, ())
        ]
    else:
        found = [_row(tenant, item) for key in ("roleAssignments", "roleDefinitions") for item in document.get(key, ())]
    return [row for row in found if not scopes or any(tenant.below(scope, ids.fold(row["id"])) for scope in scopes)]


def _row(tenant: Tenant, item: Item) -> dict[str, Any]:
    key = ids.fold(item["id"])
    group = ids.resource_group_of(key)
    return {
        **public(item), "type": ids.resource_type(key), "tenantId": tenant.id, "resourceGroup": ids.last(group) if group else "",
        "subscriptionId": ids.last(ids.subscription_of(key) or ""), "location": ids.fold_location(item.get("location") or ""),
        "managedBy": item.get("managedBy", ""), "properties": item.get("properties") or {},
    }  # fmt: skip


def _container(tenant: Tenant, item: Item) -> dict[str, Any]:
    key = ids.fold(item["id"])
    chain = [
        {
            "name": ids.last(tenant.by_id[place]["id"]),
            "displayName": tenant.by_id[place].get("properties", {}).get("displayName"),
        }
        for place in tenant.chain(key)[1:]
        if place in tenant.by_id
    ]
    subscription = key.startswith("/subscriptions/")
    properties = (
        {"managementGroupAncestorsChain": chain}
        if subscription
        else {"details": {"managementGroupAncestorsChain": chain}}
    )
    kind = "microsoft.resources/subscriptions" if subscription else "microsoft.management/managementgroups"
    return {"id": item["id"], "name": item.get("displayName") or item.get("name"), "type": kind, "tenantId": tenant.id,
            "subscriptionId": ids.last(key) if subscription else "", "properties": properties}  # fmt: skip
