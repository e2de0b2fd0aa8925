"""Made-up tenants for measuring a collection: subscriptions of some 400 objects each, and one with a huge directory.

    python -m tests.bench.tenants 50 FILE      # 50 subscriptions
    python -m tests.bench.tenants big FILE     # 115 subscriptions, 39,558 role assignments, 416,000 users

The documents are what scanner/simulator answers from. The same size is always the same document.
"""

from __future__ import annotations

import random
import sys
import uuid
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec

from scanner.simulator.people import generated_id

TENANT = "99999999-9999-4999-8999-999999999999"
ROOT = "mg-bench"
REGION = "westeurope"
TRACKED = 244  # top-level resources of a subscription
GROUPS = 8  # resource groups of a subscription
WORKSPACES = 4
BIG_SUBSCRIPTIONS = 115
BIG_ASSIGNMENTS = 39_558
BIG_USERS = 416_000
_ROLES = {
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": ("Reader", ["*/read"], []),
    "b24988ac-6180-42a0-ab88-20f7382dd24c": ("Contributor", ["*"], []),
    "f6c7c914-8db3-469d-8ca1-694a8f32e121": ("AzureML Data Scientist", ["Microsoft.MachineLearningServices/workspaces/*/read"], []),
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": (
        "Storage Blob Data Reader",
        ["Microsoft.Storage/storageAccounts/blobServices/containers/read"],
        ["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"],
    ),
}  # fmt: skip
_OTHERS = (
    "Microsoft.Network/networkInterfaces", "Microsoft.Compute/virtualMachines", "Microsoft.Compute/disks", "Microsoft.Web/sites",
    "Microsoft.Network/networkSecurityGroups", "Microsoft.Network/privateEndpoints",
)  # fmt: skip
_FILLING = {f"setting{number}": f"value {number} " * 4 for number in range(12)}  # as wordy as Azure
Row = dict[str, Any]


def guid(*parts: object) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, "/".join(map(str, parts))))


def tenant(subscriptions: int) -> Row:
    """A tenant of so many subscriptions, with 100 to 350 role assignments in each and a directory to match."""
    random_ = random.Random(subscriptions)
    people, groups = max(50, subscriptions * 20), max(10, subscriptions * 6)
    assignments = chain.from_iterable(
        _assignments(number, random_.randrange(100, 351), groups, people, random_) for number in range(subscriptions)
    )
    return _document(subscriptions, list(assignments), {
        "generatedUsers": {"count": people, "domain": "bench.example"},
        "groups": [_group(n, **{"x-members": _some(random_, people, 8) + ([_group_id(random_.randrange(n))] if n else [])}) for n in range(groups)],
    })  # fmt: skip


def big() -> Row:
    """The estate that breaks collectors: very many assignments and people, in groups of tens of thousands, groups in groups."""
    random_ = random.Random(1)
    groups = 3_000
    each, more = divmod(BIG_ASSIGNMENTS, BIG_SUBSCRIPTIONS)
    assignments = chain.from_iterable(
        _assignments(number, each + (number < more), groups, BIG_USERS, random_) for number in range(BIG_SUBSCRIPTIONS)
    )
    return _document(BIG_SUBSCRIPTIONS, list(assignments), {
        "generatedUsers": {"count": BIG_USERS, "domain": "bench.example"},
        "groups": [_crowd(number, groups, random_) for number in range(groups)],
    })  # fmt: skip


def _crowd(number: int, groups: int, random_: random.Random) -> Row:
    """Every hundredth group holds twenty thousand people; every tenth has three groups in it, one of them possibly above it."""
    size = 20_000 if number % 100 == 0 else random_.randrange(5, 200)
    first = random_.randrange(BIG_USERS - size)
    inner = [_group_id(random_.randrange(groups)) for _ in range(3)] if number % 10 == 0 else []
    return _group(number, **{"x-member-range": [first, first + size], "x-members": inner})


def _document(subscriptions: int, assignments: list[Row], graph: Row) -> Row:
    workloads = [
        {"id": guid("mlw", s, n), "appId": guid("app", s, n), "displayName": f"mlw-{s}-{n}", "servicePrincipalType": "ManagedIdentity",
         "alternativeNames": [], "accountEnabled": True}
        for s in range(subscriptions) for n in range(WORKSPACES)
    ]  # fmt: skip
    return {
        "tenant": {"id": f"/tenants/{TENANT}", "tenantId": TENANT, "displayName": "Bench", "defaultDomain": "bench.example"},
        "managementGroups": [{
            "id": f"/providers/Microsoft.Management/managementGroups/{ROOT}", "name": ROOT, "type": "Microsoft.Management/managementGroups",
            "properties": {"tenantId": TENANT, "displayName": "Bench", "details": {"parent": None}},
        }],
        "subscriptions": [
            {"id": _sub(s), "subscriptionId": guid("sub", s), "displayName": f"sub-{s}", "state": "Enabled", "tenantId": TENANT,
             "authorizationSource": "RoleBased", "managedByTenants": [], "x-managementGroup": ROOT}
            for s in range(subscriptions)
        ],
        "resourceGroups": [
            {"id": f"{_sub(s)}/resourceGroups/rg-{s}-{g}", "name": f"rg-{s}-{g}", "type": "Microsoft.Resources/resourceGroups",
             "location": REGION, "tags": {"environment": "dev"}, "properties": {"provisioningState": "Succeeded"}}
            for s in range(subscriptions) for g in range(GROUPS)
        ],
        "resources": [row for s in range(subscriptions) for row in _resources(s)],
        "roleAssignments": assignments,
        "roleDefinitions": [
            {"id": f"/providers/Microsoft.Authorization/roleDefinitions/{key}", "name": key, "type": "Microsoft.Authorization/roleDefinitions",
             "properties": {"roleName": name, "type": "BuiltInRole", "assignableScopes": ["/"], "permissions": [
                 {"actions": actions, "notActions": [], "dataActions": data_actions, "notDataActions": []}]}}
            for key, (name, actions, data_actions) in _ROLES.items()
        ],
        "graph": {**graph, "servicePrincipals": workloads},
    }  # fmt: skip


def _sub(number: int) -> str:
    return f"/subscriptions/{guid('sub', number)}"


def _arm(group: str, type_: str, name: str, properties: Row | None = None, **more: Any) -> Row:
    """`name` is `parent/child` for the type of a child, as Azure's templates write it."""
    provider, *types = type_.split("/")
    path = "/".join(word for pair in zip(types, name.split("/"), strict=True) for word in pair)
    return {
        "id": f"{group}/providers/{provider}/{path}", "name": name.rpartition("/")[2], "type": type_, "location": REGION,
        "tags": {"environment": "dev", "owner": "team"}, "properties": {"provisioningState": "Succeeded", **_FILLING, **(properties or {})}, **more,
    }  # fmt: skip


def _resources(s: int) -> Iterator[Row]:
    """The tracked resources of a subscription, and what is in them."""
    groups = [f"{_sub(s)}/resourceGroups/rg-{s}-{g}" for g in range(GROUPS)]
    made = 0
    for row in chain(_plain(s, groups), *(_workspace(s, n, groups[n]) for n in range(WORKSPACES))):
        made += row["type"].count("/") == 1 or row["type"].endswith("Endpoints")
        yield row
    for n in range(TRACKED - made):
        yield _arm(groups[n % GROUPS], _OTHERS[n % len(_OTHERS)], f"other-{s}-{n}")


def _plain(s: int, groups: list[str]) -> Iterator[Row]:
    for n in range(12):
        yield _arm(groups[n % GROUPS], "Microsoft.Storage/storageAccounts", f"st{s}x{n}", {
            "allowSharedKeyAccess": False, "allowBlobPublicAccess": False, "primaryLocation": REGION,
        }, sku={"name": "Standard_LRS"}, kind="StorageV2")  # fmt: skip
    for n in range(6):
        yield _arm(groups[n], "Microsoft.KeyVault/vaults", f"kv-{s}-{n}", {"enableRbacAuthorization": True})
    for n in range(4):
        yield _arm(groups[n], "Microsoft.ContainerRegistry/registries", f"cr{s}x{n}", sku={"name": "Basic"})
        yield _arm(groups[n], "Microsoft.Insights/components", f"appi-{s}-{n}", kind="web")
        yield _arm(groups[n], "Microsoft.OperationalInsights/workspaces", f"log-{s}-{n}")
    for n in range(10):
        yield _arm(
            groups[n % GROUPS],
            "Microsoft.ManagedIdentity/userAssignedIdentities",
            f"id-{s}-{n}",
            {"principalId": guid("id", s, n)},
        )
    for n in range(2):
        yield _arm(
            groups[n],
            "Microsoft.CognitiveServices/accounts",
            f"oai-{s}-{n}",
            {"publicNetworkAccess": "Disabled"},
            kind="OpenAI",
        )
        for m in range(4):
            yield _arm(groups[n], "Microsoft.CognitiveServices/accounts/deployments", f"oai-{s}-{n}/gpt-{m}", {
                "model": {"format": "OpenAI", "name": "gpt-4o", "version": "2024-08-06"}}, sku={"name": "Standard", "capacity": 10})  # fmt: skip


def _workspace(s: int, n: int, group: str) -> Iterator[Row]:
    own = f"mlw-{s}-{n}"
    kind = "Microsoft.MachineLearningServices/workspaces"
    yield _arm(group, kind, own, {
        "storageAccount": f"{group}/providers/Microsoft.Storage/storageAccounts/st{s}x{n}", "keyVault": f"{group}/providers/Microsoft.KeyVault/vaults/kv-{s}-{n}",
        "applicationInsights": f"{group}/providers/Microsoft.Insights/components/appi-{s}-{n}", "publicNetworkAccess": "Disabled",
        "privateEndpointConnections": [], "managedNetwork": {"isolationMode": "Disabled"},  # as every answer says them
        "containerRegistry": f"{group}/providers/Microsoft.ContainerRegistry/registries/cr{s}x{n}",
    }, identity={"type": "SystemAssigned", "principalId": guid("mlw", s, n), "tenantId": TENANT}, kind="Default")  # fmt: skip
    for c in range(3):
        yield _arm(group, f"{kind}/computes", f"{own}/cpu-{c}", {
            "computeType": "AmlCompute", "computeLocation": REGION, "properties": {"vmSize": "STANDARD_DS3_V2", "scaleSettings": {"maxNodeCount": 4}}})  # fmt: skip
    for d in range(4):
        yield _arm(group, f"{kind}/datastores", f"{own}/store{d}", {
            "datastoreType": "AzureBlob", "accountName": f"st{s}x{d}", "containerName": "data", "credentials": {"credentialsType": "None"}})  # fmt: skip
    for a in range(2):
        for version in range(1, 4):
            yield _arm(
                group,
                f"{kind}/data/versions",
                f"{own}/data-{a}/{version}",
                {"dataUri": f"azureml://datastores/store{a}/paths/x", "dataType": "uri_folder"},
            )
            yield _arm(
                group,
                f"{kind}/models/versions",
                f"{own}/model-{a}/{version}",
                {"modelUri": f"azureml://datastores/store{a}/paths/m", "modelType": "custom_model"},
            )
    for which in ("online", "batch"):
        yield _arm(group, f"{kind}/{which}Endpoints", f"{own}/{which}", {"authMode": "AADToken"})
        yield _arm(group, f"{kind}/{which}Endpoints/deployments", f"{own}/{which}/blue", {"model": "azureml:model-0:1"})
    for c in range(2):
        yield _arm(
            group,
            f"{kind}/connections",
            f"{own}/link-{c}",
            {"category": "AzureOpenAI", "authType": "AAD", "target": f"https://oai-{s}-0.example"},
        )
    for j in range(8):
        yield _arm(group, f"{kind}/jobs", f"{own}/job-{j}", {"jobType": "Command", "status": "Completed"},
                   systemData={"createdAt": "2026-11-20T08:00:00Z", "createdBy": "someone"})  # fmt: skip


def _assignments(s: int, count: int, groups: int, people: int, random_: random.Random) -> Iterator[Row]:
    for n in range(count):
        scope = _sub(s) if n % 10 == 0 else f"{_sub(s)}/resourceGroups/rg-{s}-{n % GROUPS}"
        group = n % 4 != 3
        who = _group_id(random_.randrange(groups)) if group else generated_id(random_.randrange(people))
        role = random_.choice(tuple(_ROLES))
        name = guid("ra", s, n)
        yield {
            "id": f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}", "name": name, "type": "Microsoft.Authorization/roleAssignments",
            "properties": {
                "scope": scope, "principalId": who, "principalType": "Group" if group else "User", "createdOn": "2026-01-01T00:00:00.0000000Z",
                "updatedOn": "2026-01-01T00:00:00.0000000Z", "createdBy": guid("admin"), "updatedBy": guid("admin"), "condition": None,
                "roleDefinitionId": f"{_sub(s)}/providers/Microsoft.Authorization/roleDefinitions/{role}",
            },
        }  # fmt: skip


def _group_id(number: int) -> str:
    return guid("group", number)


def _group(number: int, **more: Any) -> Row:
    return {
        "id": _group_id(number),
        "displayName": f"grp-{number}",
        "securityEnabled": True,
        "groupTypes": [],
        "visibility": None,
        **more,
    }


def _some(random_: random.Random, people: int, count: int) -> list[str]:
    return [generated_id(random_.randrange(people)) for _ in range(count)]


if __name__ == "__main__":
    size, file = sys.argv[1:]
    Path(file).write_bytes(msgspec.json.encode(big() if size == "big" else tenant(int(size))))
