"""Makes an estate of any size in snapshot form: ARM-like rows of about 2 KB, principals, nested groups, assignments.

Deterministic for a size. Of N resources about a third are storage accounts, a fifth data assets, the rest workspaces with
computes and datastores, vaults, and resources of other kinds. A tenth of N are principals and a tenth assignments.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from typing import Any

from scanner.snapshot import Coverage, Record, Snapshot, from_records, record

TENANT = "99999999-9999-4999-8999-999999999999"
REGIONS = ("westeurope", "northeurope", "swedencentral", "francecentral", "germanywestcentral", "eastus")
SKUS = ("Standard_LRS", "Standard_ZRS", "Standard_GRS", "Standard_RAGRS")
STAGES = ("dev", "test", "prod")
CLASSES = ("public", "sampled", "customer")
PER_GROUP = 40  # resources in a resource group
_PADDING = "x" * 1200
_ROLES = {
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": (["*/read"], []),
    "b24988ac-6180-42a0-ab88-20f7382dd24c": (["*"], []),
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": (
        ["Microsoft.Storage/storageAccounts/blobServices/containers/read"],
        ["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"],
    ),
}

SCENARIO = """\
scenario: bench
pattern: multi-environment
title: An estate made for measuring
environments:
  development: {match: {tag: {environment: [dev]}}, data: [public, sampled], default-class: public}
  test: {match: {tag: {environment: [test]}}, data: [public, sampled], default-class: public}
  production: {match: {tag: {environment: [prod]}}, data: [public, customer], default-class: customer, live: true}
data-classes:
  public: {match: {tag: {data-class: [public]}}}
  sampled: {match: {tag: {data-class: [sampled]}}, home: {boundary: [EU]}}
  customer: {match: {tag: {data-class: [customer]}}, home: {boundary: [EU]}}
sites:
  main: {region: westeurope, does: [store, train, serve, log], data: [sampled, customer]}
  north: {region: northeurope, does: [store, train, serve, log], data: [sampled, customer]}
roles:
  data-scientist: {development: {group: grp-0, duties: [train], reads: [public, sampled]}}
quota: {headroom: 0.10, fair-share: 0.50, production-pool: own-subscription}
"""


def guid(*parts: object) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, "/".join(map(str, parts))))


def snapshot(size: int) -> Snapshot:
    """A complete snapshot with about `size` resources."""
    return from_records(_records(size), [Coverage("workspace", "/", "complete")], tenant=TENANT, tool="bench")


def _records(size: int) -> Iterator[Record]:
    random_ = random.Random(size)
    groups = max(1, size // PER_GROUP)
    subscriptions = max(1, groups // 200)
    yield record("tenant", {"tenantId": TENANT, "displayName": "Bench"})
    for s in range(subscriptions):
        sub = f"/subscriptions/{guid('sub', s)}"
        yield record(
            "subscription", {"id": sub, "subscriptionId": guid("sub", s), "displayName": f"sub-{s}", "state": "Enabled"}
        )
    for g in range(groups):
        yield from _resource_group(g, f"/subscriptions/{guid('sub', g % subscriptions)}", random_)
    yield from _directory(max(10, size // 10), random_)
    yield from _assignments(max(10, size // 10), groups, subscriptions, random_)


def _resource_group(g: int, sub: str, random_: random.Random) -> Iterator[Record]:
    stage = STAGES[g % 3]
    region = random_.choices(REGIONS, weights=(60, 30, 3, 3, 2, 2))[0]
    rg = f"{sub}/resourceGroups/rg-{g}"
    tags = {"environment": stage, "owner": f"team-{g % 50}", "data-class": CLASSES[g % 3]}
    yield record("resource-group", {"id": rg, "name": f"rg-{g}", "location": region, "tags": tags})

    def arm(kind: str, type_: str, name: str, properties: dict[str, Any], **more: Any) -> Record:
        body = {"id": f"{rg}/providers/{type_}/{name}", "name": name.split("/")[-1], "location": region, "tags": tags,
                "properties": {**properties, "provisioningState": "Succeeded", "padding": _PADDING}, **more}  # fmt: skip
        return record(kind, body)

    ml = f"Microsoft.MachineLearningServices/workspaces/mlw-{g}"
    accounts = [f"st{g}x{n}" for n in range(13)]
    yield arm("workspace", "Microsoft.MachineLearningServices/workspaces", f"mlw-{g}", {
        "storageAccount": f"{rg}/providers/Microsoft.Storage/storageAccounts/{accounts[0]}",
        "keyVault": f"{rg}/providers/Microsoft.KeyVault/vaults/kv-{g}", "publicNetworkAccess": "Disabled",
    }, identity={"type": "SystemAssigned", "principalId": guid("mlw", g)})  # fmt: skip
    yield arm("key-vault", "Microsoft.KeyVault/vaults", f"kv-{g}", {"enableRbacAuthorization": True})
    for name in accounts:
        yield arm("storage-account", "Microsoft.Storage/storageAccounts", name,
                  {"allowSharedKeyAccess": False, "allowBlobPublicAccess": False, "primaryLocation": region},
                  sku={"name": random_.choice(SKUS)})  # fmt: skip
    for name in accounts[:6]:
        yield arm("datastore", f"{ml}/datastores", name, {
            "datastoreType": "AzureBlob", "accountName": name, "containerName": "data", "resourceGroup": f"rg-{g}",
            "subscriptionId": sub.rpartition("/")[2], "credentials": {"credentialsType": "None"}})  # fmt: skip
        yield arm("data-asset", f"{ml}/data", f"data-{name}/versions/1", {
            "dataUri": f"azureml://datastores/{name}/paths/x", "dataType": "uri_folder"})  # fmt: skip
    for n in range(2):
        yield arm("compute", f"{ml}/computes", f"cpu-{n}", {
            "computeType": "AmlCompute", "computeLocation": region,
            "properties": {"vmSize": "STANDARD_DS3_V2", "scaleSettings": {"minNodeCount": 0, "maxNodeCount": 4}}})  # fmt: skip
    for n in range(PER_GROUP - 29):
        yield arm("resource", "Microsoft.Web/sites", f"web-{g}-{n}", {})


def _directory(count: int, random_: random.Random) -> Iterator[Record]:
    groups = max(2, count // 10)
    for n in range(count - groups):
        yield record("user", {"id": guid("user", n), "displayName": f"user {n}", "userPrincipalName": f"u{n}@bench.example",
                              "userType": "Member", "accountEnabled": True})  # fmt: skip
    for n in range(groups):
        yield record(
            "group", {"id": guid("group", n), "displayName": f"grp-{n}", "groupTypes": [], "securityEnabled": True}
        )
        for _ in range(8):
            user = guid("user", random_.randrange(max(1, count - groups)))
            yield record("group-member", {"id": user, "@odata.type": "#microsoft.graph.user"}, of=guid("group", n))
        if n:
            inner = guid("group", random_.randrange(n))
            yield record("group-member", {"id": inner, "@odata.type": "#microsoft.graph.group"}, of=guid("group", n))


def _assignments(count: int, groups: int, subscriptions: int, random_: random.Random) -> Iterator[Record]:
    for role, (actions, data_actions) in _ROLES.items():
        yield record("role-definition", {
            "id": f"/providers/Microsoft.Authorization/roleDefinitions/{role}", "name": role,
            "properties": {"roleName": role[:8], "type": "BuiltInRole", "assignableScopes": ["/"], "permissions": [
                {"actions": actions, "notActions": [], "dataActions": data_actions, "notDataActions": []}]}})  # fmt: skip
    principals = max(2, count // 10)
    for n in range(count):
        g = random_.randrange(groups)
        scope = f"/subscriptions/{guid('sub', g % subscriptions)}/resourceGroups/rg-{g}"
        if n % 500 == 0:
            scope = scope.partition("/resourceGroups")[0]
        yield record("role-assignment", {
            "id": f"{scope}/providers/Microsoft.Authorization/roleAssignments/{guid('ra', n)}", "name": guid("ra", n),
            "properties": {"scope": scope, "principalType": "Group", "principalId": guid("group", random_.randrange(principals)),
                           "roleDefinitionId": f"/providers/Microsoft.Authorization/roleDefinitions/{random_.choices(list(_ROLES), weights=(95, 2, 3))[0]}"}})  # fmt: skip
