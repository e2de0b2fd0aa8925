"""The record kinds of a snapshot: what each one's body is, what context `of` carries, and which read yields it.

The collector writes them, `build` reads them, and coverage entries name them; the ARM type or Graph path and the
permission of each are stated here once. Permissions follow the "type + /read" rule of ARM operations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_ML = "microsoft.machinelearningservices/"
_WS = _ML + "workspaces"


@dataclass(frozen=True, slots=True)
class RecordKind:
    """`node` is the node kind its records become, empty when they become edges or attributes.

    `scope` says what a coverage entry's scope is: tenant, management-group, subscription, resource-group, parent
    (the resource the list belongs to), location (`/subscriptions/S/locations/L`), group (object id).
    `of` says what a record carries beside its body: "" for ARM resources, whose id says where they are.
    """

    name: str
    permission: str
    scope: str
    node: str = ""
    arm_type: str = ""
    of: str = ""


def _arm(name: str, arm_type: str, permission: str, scope: str = "subscription") -> RecordKind:
    return RecordKind(name, permission, scope, name, arm_type)


_KINDS = (
    RecordKind("tenant", "Microsoft.Resources/tenants/read", "tenant", "tenant"),
    RecordKind("management-group", "Microsoft.Management/managementGroups/read", "tenant", "management-group",
               "microsoft.management/managementgroups"),
    # body: ARM subscription; of: folded id of its management group, or "" when that could not be read
    RecordKind("subscription", "Microsoft.Resources/subscriptions/read", "tenant", "subscription",
               "microsoft.resources/subscriptions", "management-group"),
    RecordKind("location", "Microsoft.Resources/subscriptions/locations/read", "subscription", "region", "", "subscription"),
    _arm("resource-group", "microsoft.resources/subscriptions/resourcegroups", "Microsoft.Resources/subscriptions/resourceGroups/read"),
    _arm("resource", "", "Microsoft.Resources/subscriptions/resources/read"),
    _arm("workspace", _WS, "Microsoft.MachineLearningServices/workspaces/read"),
    _arm("compute", _WS + "/computes", "Microsoft.MachineLearningServices/workspaces/computes/read", "parent"),
    _arm("datastore", _WS + "/datastores", "Microsoft.MachineLearningServices/workspaces/datastores/read", "parent"),
    _arm("data-asset", _WS + "/data/versions", "Microsoft.MachineLearningServices/workspaces/data/versions/read", "parent"),
    _arm("model", _WS + "/models/versions", "Microsoft.MachineLearningServices/workspaces/models/versions/read", "parent"),
    _arm("online-endpoint", _WS + "/onlineendpoints", "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/read", "parent"),
    _arm("online-deployment", _WS + "/onlineendpoints/deployments", "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments/read", "parent"),
    _arm("batch-endpoint", _WS + "/batchendpoints", "Microsoft.MachineLearningServices/workspaces/batchEndpoints/read", "parent"),
    _arm("batch-deployment", _WS + "/batchendpoints/deployments", "Microsoft.MachineLearningServices/workspaces/batchEndpoints/deployments/read", "parent"),
    _arm("connection", _WS + "/connections", "Microsoft.MachineLearningServices/workspaces/connections/read", "parent"),
    _arm("job", _WS + "/jobs", "Microsoft.MachineLearningServices/workspaces/jobs/read", "parent"),
    _arm("ml-registry", _ML + "registries", "Microsoft.MachineLearningServices/registries/read"),
    _arm("storage-account", "microsoft.storage/storageaccounts", "Microsoft.Storage/storageAccounts/read"),
    RecordKind("object-replication", "Microsoft.Storage/storageAccounts/objectReplicationPolicies/read", "parent", "",
               "microsoft.storage/storageaccounts/objectreplicationpolicies"),
    _arm("key-vault", "microsoft.keyvault/vaults", "Microsoft.KeyVault/vaults/read"),
    _arm("container-registry", "microsoft.containerregistry/registries", "Microsoft.ContainerRegistry/registries/read"),
    RecordKind("registry-replication", "Microsoft.ContainerRegistry/registries/replications/read", "parent", "",
               "microsoft.containerregistry/registries/replications"),
    _arm("application-insights", "microsoft.insights/components", "Microsoft.Insights/components/read"),
    _arm("log-analytics", "microsoft.operationalinsights/workspaces", "Microsoft.OperationalInsights/workspaces/read"),
    _arm("model-account", "microsoft.cognitiveservices/accounts", "Microsoft.CognitiveServices/accounts/read"),
    _arm("model-deployment", "microsoft.cognitiveservices/accounts/deployments", "Microsoft.CognitiveServices/accounts/deployments/read", "parent"),
    _arm("user-assigned-identity", "microsoft.managedidentity/userassignedidentities", "Microsoft.ManagedIdentity/userAssignedIdentities/read"),
    # authorisation: coverage scope is the subscription, management group or `/` that was asked
    RecordKind("role-assignment", "Microsoft.Authorization/roleAssignments/read", "scope", "grant"),
    RecordKind("role-definition", "Microsoft.Authorization/roleDefinitions/read", "scope", "role"),
    RecordKind("deny-assignment", "Microsoft.Authorization/denyAssignments/read", "scope", "deny-assignment"),
    RecordKind("role-eligibility", "Microsoft.Authorization/roleEligibilityScheduleInstances/read", "scope", "grant"),
    RecordKind("role-activation", "Microsoft.Authorization/roleAssignmentScheduleInstances/read", "scope"),
    # directory: bodies are Graph objects; a member or owner body is {"id", "@odata.type"}, of = the group's object id
    RecordKind("user", "User.Read.All", "tenant", "user"),
    RecordKind("service-principal", "Application.Read.All", "tenant", "service-principal"),
    RecordKind("group", "GroupMember.Read.All", "tenant", "group"),
    RecordKind("group-member", "GroupMember.Read.All", "group", "", "", "group"),
    RecordKind("group-owner", "GroupMember.Read.All", "group", "", "", "group"),
    # quota: of = `/subscriptions/S/locations/L`, rows as the usages, quotas and vmSizes lists return them
    RecordKind("ml-usage", "Microsoft.MachineLearningServices/locations/usages/read", "location", "quota-pool", "", "location"),
    RecordKind("ml-quota", "Microsoft.MachineLearningServices/locations/quotas/read", "location", "", "", "location"),
    RecordKind("vm-size", "Microsoft.MachineLearningServices/locations/vmSizes/read", "location", "", "", "location"),
    RecordKind("model-usage", "Microsoft.CognitiveServices/locations/usages/read", "location", "quota-pool", "", "location"),
)  # fmt: skip

RECORDS: Mapping[str, RecordKind] = {kind.name: kind for kind in _KINDS}
BY_ARM_TYPE: Mapping[str, RecordKind] = {kind.arm_type: kind for kind in _KINDS if kind.arm_type}
