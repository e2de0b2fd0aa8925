"""The record kinds of a snapshot: what each one's body is, what context `of` carries, and which read yields it.

The collector writes them, `build` reads them, and coverage entries name them; the ARM type or Graph path and the
permission of each are stated here once. Permissions follow the "type + /read" rule of ARM operations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scanner.graph.edges import ONTOLOGY

_ML = "microsoft.machinelearningservices/"
_WS = _ML + "workspaces"
_REGISTRY = _ML + "registries"
_ASSETS_READ = "Microsoft.MachineLearningServices/registries/assets/read"  # one right for every kind of asset


@dataclass(frozen=True, slots=True)
class RecordKind:
    """`node` is the node kind its records become, empty when they become edges or attributes, or stay in the snapshot.

    `scope` says what a coverage entry's scope is: tenant, management-group, subscription, resource-group, parent
    (the resource the list belongs to), location (`/subscriptions/S/locations/L`), group (object id), object (object id
    of an application or service principal), scope (whatever ARM scope was asked).
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


def _plain(name: str, arm_type: str, permission: str, scope: str = "subscription") -> RecordKind:
    """A resource with a list of its own and no node kind of its own: a node of kind `resource`."""
    return RecordKind(name, permission, scope, "resource", arm_type)


def _kept(name: str, arm_type: str, permission: str, scope: str = "parent") -> RecordKind:
    """A child, or an extension of a resource, that no node stands for."""
    return RecordKind(name, permission, scope, "", arm_type)


_KINDS = (
    RecordKind("tenant", "Microsoft.Resources/tenants/read", "tenant", "tenant"),
    RecordKind("management-group", "Microsoft.Management/managementGroups/read", "tenant", "management-group",
               "microsoft.management/managementgroups"),
    # body: ARM subscription; of: folded id of its management group, or "" when that could not be read
    RecordKind("subscription", "Microsoft.Resources/subscriptions/read", "tenant", "subscription",
               "microsoft.resources/subscriptions", "management-group"),
    # the regions a subscription sees; they stay in the snapshot and are held against the shipped table
    _kept("location", "microsoft.resources/subscriptions/locations", "Microsoft.Resources/subscriptions/locations/read", "subscription"),
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
    _plain("serverless-endpoint", _WS + "/serverlessendpoints", "Microsoft.MachineLearningServices/workspaces/serverlessEndpoints/read", "parent"),
    RecordKind("schedule", "Microsoft.MachineLearningServices/workspaces/schedules/read", "parent", "ml-asset", _WS + "/schedules"),
    _kept("outbound-rule", _WS + "/outboundrules", "Microsoft.MachineLearningServices/workspaces/outboundRules/read"),
    _kept("marketplace-subscription", _WS + "/marketplacesubscriptions", "Microsoft.MachineLearningServices/workspaces/marketplaceSubscriptions/read"),
    _kept("private-endpoint-connection", _WS + "/privateendpointconnections", "Microsoft.MachineLearningServices/workspaces/privateEndpointConnections/read"),
    # containers: the names of assets, not their versions
    RecordKind("ml-environment", "Microsoft.MachineLearningServices/workspaces/environments/read", "parent", "ml-asset", _WS + "/environments"),
    RecordKind("ml-component", "Microsoft.MachineLearningServices/workspaces/components/read", "parent", "ml-asset", _WS + "/components"),
    _arm("ml-registry", _ML + "registries", "Microsoft.MachineLearningServices/registries/read"),
    RecordKind("registry-model", _ASSETS_READ, "parent", "registry-asset", _REGISTRY + "/models/versions"),
    RecordKind("registry-data", _ASSETS_READ, "parent", "registry-asset", _REGISTRY + "/data/versions"),
    RecordKind("registry-environment", _ASSETS_READ, "parent", "registry-asset", _REGISTRY + "/environments"),
    RecordKind("registry-component", _ASSETS_READ, "parent", "registry-asset", _REGISTRY + "/components"),
    _arm("storage-account", "microsoft.storage/storageaccounts", "Microsoft.Storage/storageAccounts/read"),
    RecordKind("object-replication", "Microsoft.Storage/storageAccounts/objectReplicationPolicies/read", "parent", "",
               "microsoft.storage/storageaccounts/objectreplicationpolicies"),
    _kept("blob-container", "microsoft.storage/storageaccounts/blobservices/containers", "Microsoft.Storage/storageAccounts/blobServices/containers/read"),
    _kept("local-user", "microsoft.storage/storageaccounts/localusers", "Microsoft.Storage/storageAccounts/localUsers/read"),
    _arm("key-vault", "microsoft.keyvault/vaults", "Microsoft.KeyVault/vaults/read"),
    _arm("container-registry", "microsoft.containerregistry/registries", "Microsoft.ContainerRegistry/registries/read"),
    RecordKind("registry-replication", "Microsoft.ContainerRegistry/registries/replications/read", "parent", "",
               "microsoft.containerregistry/registries/replications"),
    _kept("registry-token", "microsoft.containerregistry/registries/tokens", "Microsoft.ContainerRegistry/registries/tokens/read"),
    _kept("registry-scope-map", "microsoft.containerregistry/registries/scopemaps", "Microsoft.ContainerRegistry/registries/scopeMaps/read"),
    _plain("registry-task", "microsoft.containerregistry/registries/tasks", "Microsoft.ContainerRegistry/registries/tasks/read", "parent"),
    _arm("application-insights", "microsoft.insights/components", "Microsoft.Insights/components/read"),
    _arm("log-analytics", "microsoft.operationalinsights/workspaces", "Microsoft.OperationalInsights/workspaces/read"),
    _kept("log-export", "microsoft.operationalinsights/workspaces/dataexports", "Microsoft.OperationalInsights/workspaces/dataExports/read"),
    _arm("model-account", "microsoft.cognitiveservices/accounts", "Microsoft.CognitiveServices/accounts/read"),
    _arm("model-deployment", "microsoft.cognitiveservices/accounts/deployments", "Microsoft.CognitiveServices/accounts/deployments/read", "parent"),
    _arm("user-assigned-identity", "microsoft.managedidentity/userassignedidentities", "Microsoft.ManagedIdentity/userAssignedIdentities/read"),
    _kept("federated-credential", "microsoft.managedidentity/userassignedidentities/federatedidentitycredentials", "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/read"),
    # what computes are attached to, and what datastores and connections lead to
    _plain("aks-cluster", "microsoft.containerservice/managedclusters", "Microsoft.ContainerService/managedClusters/read"),
    _plain("arc-cluster", "microsoft.kubernetes/connectedclusters", "Microsoft.Kubernetes/connectedClusters/read"),
    _plain("databricks-workspace", "microsoft.databricks/workspaces", "Microsoft.Databricks/workspaces/read"),
    _plain("synapse-workspace", "microsoft.synapse/workspaces", "Microsoft.Synapse/workspaces/read"),
    _arm("cosmos-account", "microsoft.documentdb/databaseaccounts", "Microsoft.DocumentDB/databaseAccounts/read"),
    _arm("sql-server", "microsoft.sql/servers", "Microsoft.Sql/servers/read"),
    _arm("sql-database", "microsoft.sql/servers/databases", "Microsoft.Sql/servers/databases/read", "parent"),
    _kept("sql-replication", "microsoft.sql/servers/databases/replicationlinks", "Microsoft.Sql/servers/databases/replicationLinks/read"),
    _kept("sql-failover-group", "microsoft.sql/servers/failovergroups", "Microsoft.Sql/servers/failoverGroups/read"),
    _arm("postgresql-server", "microsoft.dbforpostgresql/flexibleservers", "Microsoft.DBforPostgreSQL/flexibleServers/read"),
    _arm("search-service", "microsoft.search/searchservices", "Microsoft.Search/searchServices/read"),
    # backups, networks, logs
    _plain("recovery-vault", "microsoft.recoveryservices/vaults", "Microsoft.RecoveryServices/vaults/read"),
    _kept("protected-item", "microsoft.recoveryservices/vaults/backupfabrics/protectioncontainers/protecteditems", "Microsoft.RecoveryServices/vaults/backupProtectedItems/read"),
    _plain("backup-vault", "microsoft.dataprotection/backupvaults", "Microsoft.DataProtection/backupVaults/read"),
    _kept("backup-instance", "microsoft.dataprotection/backupvaults/backupinstances", "Microsoft.DataProtection/backupVaults/backupInstances/read"),
    _plain("private-endpoint", "microsoft.network/privateendpoints", "Microsoft.Network/privateEndpoints/read"),
    _kept("diagnostic-setting", "microsoft.insights/diagnosticsettings", "Microsoft.Insights/diagnosticSettings/read"),
    # governance: coverage scope is the subscription or group that was asked
    _kept("policy-assignment", "microsoft.authorization/policyassignments", "Microsoft.Authorization/policyAssignments/read", "scope"),
    _kept("lock", "microsoft.authorization/locks", "Microsoft.Authorization/locks/read", "scope"),
    _kept("budget", "microsoft.consumption/budgets", "Microsoft.Consumption/budgets/read", "scope"),
    _kept("classic-administrator", "microsoft.authorization/classicadministrators", "Microsoft.Authorization/classicAdministrators/read", "scope"),
    # Lighthouse: whom of another tenant the subscription, or a group of it, is delegated to
    _kept("delegation", "microsoft.managedservices/registrationassignments", "Microsoft.ManagedServices/registrationAssignments/read", "scope"),
    # what activating a role demands; listed at each scope where somebody is eligible
    _kept("role-management-policy", "microsoft.authorization/rolemanagementpolicyassignments", "Microsoft.Authorization/roleManagementPolicyAssignments/read", "scope"),
    # a single object: whether the tenant is pinned to a data boundary
    RecordKind("data-boundary", "Microsoft.Resources/dataBoundaries/read", "tenant"),
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
    RecordKind("group-eligibility", "PrivilegedEligibilitySchedule.Read.AzureADGroup", "group", "", "", "group"),
    # who is a member or an owner by PIM; of whom `assignmentType` is Activated, the eligibility says it already
    RecordKind("group-activation", "PrivilegedAssignmentSchedule.Read.AzureADGroup", "group", "", "", "group"),
    # what activating membership or ownership of a group demands
    RecordKind("group-activation-policy", "RoleManagementPolicy.Read.AzureADGroup", "group", "", "", "group"),
    # credentials of an application are kept without what signs in: keyId, endDateTime, type
    RecordKind("application", "Application.Read.All", "tenant"),
    RecordKind("application-owner", "Application.Read.All", "object", "", "", "application"),
    RecordKind("application-federation", "Application.Read.All", "object", "", "", "application"),
    RecordKind("service-principal-owner", "Application.Read.All", "object", "", "", "service-principal"),
    RecordKind("directory-role", "RoleManagement.Read.Directory", "tenant", "directory-role"),
    RecordKind("directory-role-assignment", "RoleManagement.Read.Directory", "tenant"),
    # who may activate a role of the directory, and whose assignment is such an activation
    RecordKind("directory-role-eligibility", "RoleEligibilitySchedule.Read.Directory", "tenant"),
    RecordKind("directory-role-activation", "RoleAssignmentSchedule.Read.Directory", "tenant"),
    RecordKind("access-review", "AccessReview.Read.All", "tenant"),
    # what workloads may do through Microsoft Graph itself: the permissions it knows by name, and who holds which
    RecordKind("app-role", "Application.Read.All", "tenant"),
    RecordKind("app-role-assignment", "Application.Read.All", "tenant"),
    # quota: of = `/subscriptions/S/locations/L`, rows as the usages, quotas and vmSizes lists return them
    RecordKind("ml-usage", "Microsoft.MachineLearningServices/locations/usages/read", "location", "quota-pool", "", "location"),
    RecordKind("ml-quota", "Microsoft.MachineLearningServices/locations/quotas/read", "location", "", "", "location"),
    RecordKind("vm-size", "Microsoft.MachineLearningServices/locations/vmSizes/read", "location", "", "", "location"),
    RecordKind("model-usage", "Microsoft.CognitiveServices/locations/usages/read", "location", "quota-pool", "", "location"),
    RecordKind("vm-usage", "Microsoft.Compute/locations/usages/read", "location", "", "", "location"),
)  # fmt: skip

RECORDS: Mapping[str, RecordKind] = {kind.name: kind for kind in _KINDS}
BY_ARM_TYPE: Mapping[str, RecordKind] = {kind.arm_type: kind for kind in _KINDS if kind.arm_type}


def placed_of_its_own(record: RecordKind) -> bool:
    """Whether what a list shows may stand in a region of its own: what is in a workspace stands with it, but for computes."""
    return record.node == "compute" or (record.scope != "parent" and record.node in ONTOLOGY.members("arm-resource"))
