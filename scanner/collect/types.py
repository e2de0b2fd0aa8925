"""The one table of ARM lists: api-version and path of each record kind. Children are listed below each parent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from scanner.collect import answers

ML = "2025-12-01"
_STORAGE = "2024-01-01"
_REGISTRY = "2023-07-01"
_SQL = "2021-11-01"
_DIAGNOSTICS = "2021-05-01-preview"  # the provider has no other version with log category groups
_BUDGETS = "2023-05-01"


@dataclass(frozen=True, slots=True)
class Listing:
    """`path` is below the subscription, or below the parent resource when `parent` names the parent's record kind.

    `bulk` says that Resource Graph holds the type whole (table `resources`), so that one query serves all subscriptions; only
    types of which nothing is read that means something by being absent, since the version it shows is of its own choice.
    `needed` looks at the parent's body and says whether the list can hold anything: a request saved for each parent.
    """

    kind: str
    path: str
    version: str
    parent: str = ""
    query: str = ""
    bulk: bool = False
    needed: Callable[[Mapping[str, Any]], bool] | None = None


# -- what a parent's body says of its lists. Only what it states saves a request: a property that is absent, or a body
# -- without properties (a cheaper list gave it), leaves the list needed unless Azure documents the default.


def _property(body: Mapping[str, Any], *path: str) -> Any:
    """The value below `properties`; None when it, or anything above it, is absent."""
    return answers.below(body, "properties", *path)


def _word(value: Any) -> str:
    return value.lower() if isinstance(value, str) else ""


def _without_endpoints_in_body(body: Mapping[str, Any]) -> bool:
    """A workspace repeats its private endpoint connections, so they are listed only where it does not."""
    return not isinstance(_property(body, "privateEndpointConnections"), list)


def _with_managed_network(body: Mapping[str, Any]) -> bool:
    """Outbound rules belong to a managed network; a workspace that says it is disabled has none."""
    return _word(_property(body, "managedNetwork", "isolationMode")) != "disabled"


def _premium(body: Mapping[str, Any]) -> bool:
    """A registry is replicated only on the Premium tier, and the home region is no copy."""
    sku = body.get("sku")
    tier = _word(sku.get("name")) if isinstance(sku, Mapping) else ""
    return tier in ("premium", "")


def _holds_blobs(body: Mapping[str, Any]) -> bool:
    return _word(body.get("kind")) != "filestorage"


def _replicates_objects(body: Mapping[str, Any]) -> bool:
    """General-purpose v2 and block blob accounts replicate objects, and none with a hierarchical namespace does."""
    kind = _word(body.get("kind"))
    return kind in ("storagev2", "blockblobstorage", "") and _property(body, "isHnsEnabled") is not True


def _may_be_anonymous(body: Mapping[str, Any]) -> bool:
    """A container is open to anybody only where the account lets it be; absent means that it does."""
    return _holds_blobs(body) and _property(body, "allowBlobPublicAccess") is not False


def _may_have_local_users(body: Mapping[str, Any]) -> bool:
    """Local users work only where they, or SFTP, are switched on; absent means off, once there are properties at all."""
    switched = (_property(body, "isLocalUserEnabled"), _property(body, "isSftpEnabled"))
    return not isinstance(body.get("properties"), Mapping) or True in switched


def _customers_own(body: Mapping[str, Any]) -> bool:
    """A group that another resource manages carries no budget of its own."""
    return not body.get("managedBy")


TOP_LEVEL = (
    Listing("resource-group", "resourcegroups", "2021-04-01"),
    Listing("workspace", "providers/Microsoft.MachineLearningServices/workspaces", ML),
    Listing("ml-registry", "providers/Microsoft.MachineLearningServices/registries", ML),
    Listing("storage-account", "providers/Microsoft.Storage/storageAccounts", _STORAGE),
    Listing("key-vault", "providers/Microsoft.KeyVault/vaults", "2023-07-01"),
    Listing("container-registry", "providers/Microsoft.ContainerRegistry/registries", _REGISTRY),
    Listing("application-insights", "providers/Microsoft.Insights/components", "2020-02-02"),
    Listing("log-analytics", "providers/Microsoft.OperationalInsights/workspaces", "2023-09-01", bulk=True),
    Listing("model-account", "providers/Microsoft.CognitiveServices/accounts", "2024-10-01"),
    Listing("user-assigned-identity", "providers/Microsoft.ManagedIdentity/userAssignedIdentities", "2023-01-31", bulk=True),
    Listing("aks-cluster", "providers/Microsoft.ContainerService/managedClusters", "2024-09-01", bulk=True),
    Listing("arc-cluster", "providers/Microsoft.Kubernetes/connectedClusters", "2024-01-01", bulk=True),
    Listing("databricks-workspace", "providers/Microsoft.Databricks/workspaces", "2024-05-01", bulk=True),
    Listing("synapse-workspace", "providers/Microsoft.Synapse/workspaces", "2021-06-01", bulk=True),
    Listing("cosmos-account", "providers/Microsoft.DocumentDB/databaseAccounts", "2024-11-15"),
    Listing("sql-server", "providers/Microsoft.Sql/servers", _SQL),
    Listing("postgresql-server", "providers/Microsoft.DBforPostgreSQL/flexibleServers", "2024-08-01"),
    Listing("search-service", "providers/Microsoft.Search/searchServices", "2025-05-01"),
    Listing("recovery-vault", "providers/Microsoft.RecoveryServices/vaults", "2024-04-01"),
    Listing("backup-vault", "providers/Microsoft.DataProtection/backupVaults", "2024-04-01"),
    Listing("private-endpoint", "providers/Microsoft.Network/privateEndpoints", "2024-05-01", bulk=True),
    Listing("policy-assignment", "providers/Microsoft.Authorization/policyAssignments", "2024-04-01"),
    Listing("lock", "providers/Microsoft.Authorization/locks", "2020-05-01"),
    Listing("budget", "providers/Microsoft.Consumption/budgets", _BUDGETS),
    Listing("classic-administrator", "providers/Microsoft.Authorization/classicAdministrators", "2015-07-01"),
    Listing("delegation", "providers/Microsoft.ManagedServices/registrationAssignments", "2022-10-01", query="$expandRegistrationDefinition=true"),
    Listing("resource", "resources", "2021-04-01"),
)  # fmt: skip
CHILDREN = (
    Listing("compute", "computes", ML, "workspace"),
    Listing("datastore", "datastores", ML, "workspace", "count=100"),
    Listing("online-endpoint", "onlineEndpoints", ML, "workspace"),
    Listing("batch-endpoint", "batchEndpoints", ML, "workspace"),
    Listing("serverless-endpoint", "serverlessEndpoints", ML, "workspace"),
    Listing("connection", "connections", ML, "workspace", "includeAll=true"),
    Listing("schedule", "schedules", ML, "workspace", "listViewType=All"),  # the default hides the disabled ones
    Listing("outbound-rule", "outboundRules", ML, "workspace", needed=_with_managed_network),
    Listing("marketplace-subscription", "marketplaceSubscriptions", ML, "workspace"),
    Listing("private-endpoint-connection", "privateEndpointConnections", ML, "workspace", needed=_without_endpoints_in_body),
    Listing("ml-environment", "environments", ML, "workspace"),
    Listing("ml-component", "components", ML, "workspace"),
    Listing("online-deployment", "deployments", ML, "online-endpoint"),
    Listing("batch-deployment", "deployments", ML, "batch-endpoint"),
    Listing("registry-environment", "environments", ML, "ml-registry"),
    Listing("registry-component", "components", ML, "ml-registry"),
    Listing("object-replication", "objectReplicationPolicies", _STORAGE, "storage-account", needed=_replicates_objects),
    Listing("blob-container", "blobServices/default/containers", _STORAGE, "storage-account", needed=_may_be_anonymous),
    Listing("local-user", "localUsers", _STORAGE, "storage-account", needed=_may_have_local_users),
    Listing("registry-replication", "replications", _REGISTRY, "container-registry", bulk=True, needed=_premium),
    Listing("registry-token", "tokens", _REGISTRY, "container-registry"),
    Listing("registry-scope-map", "scopeMaps", _REGISTRY, "container-registry"),
    Listing("registry-task", "tasks", "2019-04-01", "container-registry", bulk=True),
    Listing("log-export", "dataExports", "2023-09-01", "log-analytics"),
    Listing("model-deployment", "deployments", "2024-10-01", "model-account"),
    Listing("federated-credential", "federatedIdentityCredentials", "2023-01-31", "user-assigned-identity"),
    Listing("sql-database", "databases", _SQL, "sql-server"),
    Listing("sql-replication", "replicationLinks", _SQL, "sql-server"),
    Listing("sql-failover-group", "failoverGroups", _SQL, "sql-server"),
    Listing("protected-item", "backupProtectedItems", "2024-04-01", "recovery-vault"),
    Listing("backup-instance", "backupInstances", "2024-04-01", "backup-vault"),
    Listing("budget", "providers/Microsoft.Consumption/budgets", _BUDGETS, "resource-group", needed=_customers_own),
    Listing("diagnostic-setting", "providers/Microsoft.Insights/diagnosticSettings", _DIAGNOSTICS, "workspace"),
    Listing("diagnostic-setting", "providers/Microsoft.Insights/diagnosticSettings", _DIAGNOSTICS, "ml-registry"),
    Listing("diagnostic-setting", "providers/Microsoft.Insights/diagnosticSettings", _DIAGNOSTICS, "model-account"),
    Listing("diagnostic-setting", "providers/Microsoft.Insights/diagnosticSettings", _DIAGNOSTICS, "key-vault"),
    Listing("diagnostic-setting", "providers/Microsoft.Insights/diagnosticSettings", _DIAGNOSTICS, "container-registry"),
    # an account itself has metrics only; who read which blob is logged by the blob service
    Listing("diagnostic-setting", "blobServices/default/providers/Microsoft.Insights/diagnosticSettings", _DIAGNOSTICS, "storage-account",
            needed=_holds_blobs),
)  # fmt: skip
# Top-level kinds whose type Resource Graph's table `resources` is known to list: where it shows none, there is none.
INVENTORIED = frozenset({
    "workspace", "ml-registry", "storage-account", "key-vault", "container-registry", "application-insights", "log-analytics", "model-account",
    "user-assigned-identity", "aks-cluster", "arc-cluster", "databricks-workspace", "synapse-workspace", "cosmos-account", "sql-server",
    "search-service", "recovery-vault", "backup-vault", "private-endpoint",
})  # fmt: skip
# Assets are listed as names first, then the versions of each name.
VERSIONED = (
    Listing("data-asset", "data", ML, "workspace"),
    Listing("model", "models", ML, "workspace"),
    Listing("registry-data", "data", ML, "ml-registry"),
    Listing("registry-model", "models", ML, "ml-registry"),
)
JOBS = Listing("job", "jobs", ML, "workspace", "listViewType=ActiveOnly")
AUTHORISATION = (
    Listing("role-assignment", "roleAssignments", "2022-04-01"),
    Listing("role-definition", "roleDefinitions", "2022-04-01"),
    Listing("deny-assignment", "denyAssignments", "2022-04-01"),
    Listing("role-eligibility", "roleEligibilityScheduleInstances", "2020-10-01"),
    Listing("role-activation", "roleAssignmentScheduleInstances", "2020-10-01"),
)
# What activating a role demands, below each scope at which somebody is eligible: each scope has rules of its own.
ROLE_POLICIES = Listing(
    "role-management-policy", "providers/Microsoft.Authorization/roleManagementPolicyAssignments", "2020-10-01"
)
# Below the subscription, for each region: what is used and what may be used.
LOCATED = (
    Listing("ml-usage", "providers/Microsoft.MachineLearningServices/locations/{location}/usages", ML),
    Listing("ml-quota", "providers/Microsoft.MachineLearningServices/locations/{location}/quotas", ML),
    Listing("vm-size", "providers/Microsoft.MachineLearningServices/locations/{location}/vmSizes", ML),
    Listing("model-usage", "providers/Microsoft.CognitiveServices/locations/{location}/usages", "2024-10-01"),
    Listing("vm-usage", "providers/Microsoft.Compute/locations/{location}/usages", "2024-07-01"),
)
# One object of the tenant, not a list; the path is below the root.
DATA_BOUNDARY = Listing("data-boundary", "providers/Microsoft.Resources/dataBoundaries/default", "2024-08-01")
# Below the subscription, even where only resource groups of it are read.
LOCATIONS = Listing("location", "locations", "2022-12-01")
MANAGEMENT_GROUPS = "2020-05-01"
RESOURCE_GRAPH = "2024-04-01"
PERMISSIONS = "2022-04-01"
TENANTS = "2022-12-01"


def listings() -> tuple[Listing, ...]:
    """Every row of the table."""
    return (*TOP_LEVEL, *CHILDREN, *VERSIONED, JOBS, *AUTHORISATION, ROLE_POLICIES, *LOCATED, DATA_BOUNDARY, LOCATIONS)


def versions() -> dict[str, str]:
    """What the manifest keeps: record kind -> api-version."""
    return {entry.kind: entry.version for entry in listings()}
