"""The snapshot a perfect collector would make of a tenant document, without any HTTP: what many tests start from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scanner import ids
from scanner.graph.records import BY_ARM_TYPE
from scanner.snapshot import Coverage, Record, Snapshot, from_records, record

_ARRAYS = {
    "roleAssignments": "role-assignment",
    "roleDefinitions": "role-definition",
    "denyAssignments": "deny-assignment",
    "roleEligibilityScheduleInstances": "role-eligibility",
    "roleAssignmentScheduleInstances": "role-activation",
}
_USAGES = {
    "Microsoft.MachineLearningServices": "ml-usage",
    "Microsoft.CognitiveServices": "model-usage",
    "Microsoft.Compute": "vm-usage",
}
_DIRECTORY = {
    "users": "user",
    "servicePrincipals": "service-principal",
    "groups": "group",
    "applications": "application",
    "directoryRoleDefinitions": "directory-role",
    "directoryRoleAssignments": "directory-role-assignment",
    "directoryRoleEligibilityScheduleInstances": "directory-role-eligibility",
    "directoryRoleAssignmentScheduleInstances": "directory-role-activation",
    "accessReviewDefinitions": "access-review",
    "appRoles": "app-role",
    "appRoleAssignments": "app-role-assignment",
}
# array of the document -> its own key of what belongs to each object -> record kind
_TIED = {
    "groups": {"x-members": "group-member", "x-owners": "group-owner"},
    "applications": {"x-owners": "application-owner"},
    "servicePrincipals": {"x-owners": "service-principal-owner"},
}
# lists that say something by what is not in them
_WHOLE = ("user", "group", "service-principal", "app-role-assignment", "access-review")


def snapshot_of(tenant: Mapping[str, Any], gaps: Sequence[Coverage] = ()) -> Snapshot:
    """All records of a tenant document, with complete coverage but for `gaps`.

    What a gap covers is left out: records of its kind below its scope.
    """
    records = [r for r in _records(tenant) if not any(_lost(r, gap) for gap in gaps)]
    whole = [Coverage(kind, "tenant", "complete") for kind in _WHOLE]
    covered = [entry for entry in whole if not any(g.kind == entry.kind and g.scope == "tenant" for g in gaps)]
    return from_records(
        records, [*covered, *gaps], tenant=tenant["tenant"]["tenantId"], tool="test", started="2026-11-26T00:00:00Z"
    )


def _lost(record_: Record, gap: Coverage) -> bool:
    if record_.kind != gap.kind:
        return False
    if gap.scope == "tenant" or record_.of.lower() == gap.scope:
        return True
    import msgspec

    body = msgspec.json.decode(record_.body)
    where = body.get("properties", {}).get("scope") or body.get("id", "")
    return where.startswith("/") and ids.contains(gap.scope, ids.fold(where))


def _public(body: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if not key.startswith("x-")}


def _records(tenant: Mapping[str, Any]) -> Iterator[Record]:
    yield record("tenant", tenant["tenant"])
    for group in tenant.get("managementGroups", ()):
        yield record("management-group", _public(group))
    for subscription in tenant.get("subscriptions", ()):
        above = subscription.get("x-managementGroup")
        yield record("subscription", _public(subscription), ids.management_group(above) if above else "")
    for group in tenant.get("resourceGroups", ()):
        yield record("resource-group", _public(group))
    for resource in tenant.get("resources", ()):
        arm_type = ids.resource_type(ids.fold(resource["id"]))
        if arm_type in BY_ARM_TYPE:
            yield record(BY_ARM_TYPE[arm_type].name, _public(resource))
        elif arm_type.count("/") == 1 and resource["id"].lower().count("/providers/") == 1:
            yield record("resource", {k: v for k, v in _public(resource).items() if k != "properties"})
    for array, kind in _ARRAYS.items():
        for item in tenant.get(array, ()):
            yield record(kind, _public(item))
    yield from _directory(tenant.get("graph", {}))
    boundary = {
        "id": "/providers/Microsoft.Resources/dataBoundaries/default",
        "properties": {"dataBoundary": tenant.get("dataBoundary", "NotDefined")},  # every tenant answers something
    }
    yield record("data-boundary", boundary)
    for provider, places in tenant.get("usages", {}).items():
        yield from _located(places, _USAGES[provider])
    for places in tenant.get("quotas", {}).values():
        yield from _located(places, "ml-quota")
    regions = sorted({place.split("/")[1] for places in tenant.get("usages", {}).values() for place in places})
    subscription = next((str(s["subscriptionId"]) for s in tenant.get("subscriptions", ())), "")
    for region in regions:
        for row in (*tenant.get("vmSizes", {}).get("*", ()), *tenant.get("vmSizes", {}).get(region, ())):
            yield record("vm-size", row, f"/subscriptions/{subscription}/locations/{region}")


def _directory(directory: Mapping[str, Any]) -> Iterator[Record]:
    for key, kind in _DIRECTORY.items():
        for item in directory.get(key, ()):
            yield record(kind, _public(item))
    types = {item["id"]: type_ for key, type_ in (("users", "user"), ("servicePrincipals", "servicePrincipal"), ("groups", "group"))
             for item in directory.get(key, ())}  # fmt: skip
    for array, ties in _TIED.items():
        for item in directory.get(array, ()):
            for key, kind in ties.items():
                for member in item.get(key, ()):
                    body = {"id": member, "@odata.type": f"#microsoft.graph.{types.get(member, 'user')}"}
                    yield record(kind, body, item["id"].lower())
    for application in directory.get("applications", ()):
        for credential in application.get("x-federatedIdentityCredentials", ()):
            yield record("application-federation", credential, application["id"].lower())
    for eligibility in directory.get("eligibilityScheduleInstances", ()):
        yield record("group-eligibility", eligibility, eligibility["groupId"].lower())
    for activation in directory.get("assignmentScheduleInstances", ()):
        yield record("group-activation", activation, activation["groupId"].lower())
    eligible = {eligibility["groupId"].lower() for eligibility in directory.get("eligibilityScheduleInstances", ())}
    for policy in directory.get("groupPolicyAssignments", ()):
        if policy["scopeId"].lower() in eligible:
            yield record("group-activation-policy", policy, policy["scopeId"].lower())


def _located(places: Mapping[str, Sequence[Mapping[str, Any]]], kind: str) -> Iterator[Record]:
    for place, rows in places.items():
        subscription, _, location = place.partition("/")
        for row in rows:
            yield record(kind, row, f"/subscriptions/{subscription.lower()}/locations/{location.lower()}")


def references(value: Any) -> Iterator[str]:
    """Every folded resource id that a document mentions, wherever it stands."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)
    elif isinstance(value, str) and value.startswith("/subscriptions/") and "/providers/" in value:
        yield ids.fold(value)
