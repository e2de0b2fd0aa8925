"""The one table of ARM lists: api-version and path of each record kind. Children are listed below each parent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

ML = "2025-12-01"


@dataclass(frozen=True, slots=True)
class Listing:
    """`path` is below the subscription, or below the parent resource when `parent` names the parent's record kind.

    `bulk` says that Resource Graph holds the type whole (table `resources`), so that one query serves all subscriptions.
    `needed` looks at the parent's body and says whether the list can hold anything: a request saved for each parent.
    """

    kind: str
    path: str
    version: str
    parent: str = ""
    query: str = ""
    bulk: bool = False
    needed: Callable[[Mapping[str, Any]], bool] | None = None


TOP_LEVEL = (
    Listing("resource-group", "resourcegroups", "2021-04-01"),
    Listing("workspace", "providers/Microsoft.MachineLearningServices/workspaces", ML),
    Listing("ml-registry", "providers/Microsoft.MachineLearningServices/registries", ML),
    Listing("storage-account", "providers/Microsoft.Storage/storageAccounts", "2024-01-01"),
    Listing("key-vault", "providers/Microsoft.KeyVault/vaults", "2023-07-01"),
    Listing("container-registry", "providers/Microsoft.ContainerRegistry/registries", "2023-07-01"),
    Listing("application-insights", "providers/Microsoft.Insights/components", "2020-02-02"),
    Listing("log-analytics", "providers/Microsoft.OperationalInsights/workspaces", "2023-09-01"),
    Listing("model-account", "providers/Microsoft.CognitiveServices/accounts", "2024-10-01"),
    Listing("user-assigned-identity", "providers/Microsoft.ManagedIdentity/userAssignedIdentities", "2023-01-31"),
    Listing("resource", "resources", "2021-04-01"),
)
CHILDREN = (
    Listing("compute", "computes", ML, "workspace"),
    Listing("datastore", "datastores", ML, "workspace", "count=100"),
    Listing("online-endpoint", "onlineEndpoints", ML, "workspace"),
    Listing("batch-endpoint", "batchEndpoints", ML, "workspace"),
    Listing("connection", "connections", ML, "workspace", "includeAll=true"),
    Listing("online-deployment", "deployments", ML, "online-endpoint"),
    Listing("batch-deployment", "deployments", ML, "batch-endpoint"),
    Listing("object-replication", "objectReplicationPolicies", "2024-01-01", "storage-account"),
    Listing("registry-replication", "replications", "2023-07-01", "container-registry"),
    Listing("model-deployment", "deployments", "2024-10-01", "model-account"),
)
# Assets are listed as names first, then the versions of each name.
VERSIONED = (Listing("data-asset", "data", ML, "workspace"), Listing("model", "models", ML, "workspace"))
JOBS = Listing("job", "jobs", ML, "workspace", "listViewType=ActiveOnly")
AUTHORISATION = (
    Listing("role-assignment", "roleAssignments", "2022-04-01"),
    Listing("role-definition", "roleDefinitions", "2022-04-01"),
    Listing("deny-assignment", "denyAssignments", "2022-04-01"),
    Listing("role-eligibility", "roleEligibilityScheduleInstances", "2020-10-01"),
    Listing("role-activation", "roleAssignmentScheduleInstances", "2020-10-01"),
)
MANAGEMENT_GROUPS = "2020-05-01"
RESOURCE_GRAPH = "2024-04-01"
PERMISSIONS = "2022-04-01"
TENANTS = "2022-12-01"
# Quota by location: record kind -> path below `providers/` and api-version.
USAGES = {"model-usage": ("Microsoft.CognitiveServices/locations/{}/usages", "2024-10-01")}


def versions() -> dict[str, str]:
    """What the manifest keeps: record kind -> api-version."""
    return {entry.kind: entry.version for entry in (*TOP_LEVEL, *CHILDREN, *VERSIONED, JOBS, *AUTHORISATION)}
