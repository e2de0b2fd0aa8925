"""The node kinds of places and of what stands there: scopes, regions, machine learning, what it stands on, other stores of data."""

from __future__ import annotations

from scanner.graph.ontology import (
    NodeKind,
    attributes,
    boolean,
    number,
    opaque,
    text,
    words,
)
from scanner.graph.shared import (
    ARM,
    AUDIENCE,
    BACKUP,
    BUDGETS,
    COPIES,
    HOLDS,
    IDENTITY_HOST,
    LINEAGE,
    LOCKS,
    MADE,
    NAMED,
    PLATFORM,
    ROOM,
    SOURCE,
    TAGGED,
    TOLD,
)

RESOURCES = (
    # -- places and containers
    NodeKind("tenant", "tenant", "build", "the Entra tenant; the root of all scopes", attributes(
        NAMED, text("data-boundary", "the boundary the tenant is pinned to; unset when it was not read", "notdefined", "global", "eu", arm="properties.dataBoundary"),
        words("classes-against-boundary", "classes whose home the boundary excludes, or that stay in the EU while the tenant is pinned to anywhere"),
        boolean("read-whole", "whether all of it was asked for, not a part chosen when the snapshot was taken"))),
    NodeKind("management-group", "management group", "build", "a management group", attributes(NAMED),
             "microsoft.management/managementgroups"),
    NodeKind("subscription", "subscription", "build", "a subscription",
             attributes(ARM, text("state", "enabled, disabled, warned ...", arm="state"), LOCKS, BUDGETS,
                        words("ml-subjects", "names of the workspaces, ML registries and model accounts in it"),
                        words("quota-asked-in", "regions for which its quota was asked; unset when the snapshot does not say")), "microsoft.resources/subscriptions"),
    NodeKind("resource-group", "resource group", "build", "a resource group",
             attributes(ARM, words("environments-using", "environments whose workspaces it holds"), LOCKS, BUDGETS, TAGGED,
                        boolean("for-machine-learning", "whether workspaces, ML registries or model accounts are in it and nothing manages it"),
                        boolean("cost-tagged", "whether it has the tag that costs are counted by"),
                        words("structure-units", "projects, teams or sites (by `resource-group-per`) that its workspaces belong to")),
             "microsoft.resources/subscriptions/resourcegroups"),
    NodeKind("region", "region", "build", "an Azure region; `global` is not one", attributes(
        NAMED, opaque("vm-sizes", "VM sizes offered: size -> (family, cores)"), text("country", "country it lies in"), text("geography", "Azure's geography"),
        words("boundaries", "data boundaries that hold it: EU, EU-EFTA, UK, US"),
        boolean("known", "whether the shipped table of regions or the scenario says in which country it is"),
        boolean("in-use", "whether something in scope is there or is copied there"),
        text("place-doubt", "what is in doubt of where it lies, in words: nobody says it, or Azure's live list contradicts the table; null when nothing is"),
        boolean("named-by-site", "whether a site of the scenario names it"),
        words("sites", "sites of the scenario in it"))),
    # -- machine learning
    NodeKind("workspace", "workspace", "build", "an ML workspace (default, hub, project, feature store)", attributes(
        ARM, IDENTITY_HOST,
        text("workspace-kind", "default when absent", "default", "hub", "project", "featurestore", arm="kind"),
        text("public-network-access", "enabled when absent", "enabled", "disabled", arm="properties.publicNetworkAccess"),
        text("datastore-auth", "how system datastores sign in; access-key when absent", "access-key", "identity",
             "user-delegation-sas", arm="properties.systemDatastoresAuthMode"),
        text("isolation", "managed network isolation; disabled when absent", "disabled", "allow-internet-outbound",
             "allow-only-approved-outbound", arm="properties.managedNetwork.isolationMode"),
        LOCKS, *ROOM, words("open-outbound", "outbound rules of its managed network that let it reach any place on the internet"),
        words("classes-not-for-training", "guarded classes that no row of its environment has for training on production data"),
    ), "microsoft.machinelearningservices/workspaces"),
    NodeKind("compute", "compute", "build", "a compute of a workspace", attributes(
        ARM, IDENTITY_HOST,
        text("compute-type", "kind of compute, kebab case", arm="properties.computeType"),
        text("vm-size", "VM size, lower case", arm="properties.properties.vmSize"),
        text("priority", "quota its nodes count against; dedicated when absent", "dedicated", "low-priority", arm="properties.properties.vmPriority"),
        number("max-nodes", "most nodes it may have (an instance: 1)", arm="properties.properties.scaleSettings.maxNodeCount"),
        number("min-nodes", "fewest nodes", arm="properties.properties.scaleSettings.minNodeCount"),
        boolean("ssh", "whether an instance may be entered by SSH from outside", arm="properties.properties.sshSettings.sshPublicAccess"),
        boolean("local-root", "whether its user is root on it; absent means true", arm="properties.disableLocalAuth"),
        text("idle-shutdown", "time without use after which an instance stops; null when never", arm="properties.properties.idleTimeBeforeShutdown"),
        words("assigned-elsewhere", "other environments in which its user holds more than reader roles, exploration left out"),
    ), "microsoft.machinelearningservices/workspaces/computes"),
    NodeKind("datastore", "datastore", "build", "a pointer of a workspace to storage", attributes(
        ARM, text("datastore-type", "kind of store, kebab case", arm="properties.datastoreType"),
        text("credential", "what the datastore stores to sign in; none = identity-based", "none", "account-key", "sas",
             "service-principal", "certificate", arm="properties.credentials.credentialsType"),
        boolean("system", "whether the workspace made it (workspaceblobstore and the like)"),
        text("service-identity", "identity the service itself reads it with", "none", "workspace-system-assigned-identity",
             "workspace-user-assigned-identity", arm="properties.serviceDataAccessAuthIdentity"),
    ), "microsoft.machinelearningservices/workspaces/datastores"),
    NodeKind("data-asset", "data asset", "build", "a version of a named data asset of a workspace", attributes(
        ARM, text("uri", "where the data is", arm="properties.dataUri"),
    ), "microsoft.machinelearningservices/workspaces/data/versions"),
    NodeKind("model", "model", "build", "a version of a registered model", attributes(
        ARM, text("uri", "where the weights are", arm="properties.modelUri"),
        text("job-name", "job that made it", arm="properties.jobName"), words("base-models", "models it was made from, as it names them"), *MADE, *LINEAGE,
    ), "microsoft.machinelearningservices/workspaces/models/versions"),
    NodeKind("ml-asset", "ML asset", "build", "a component, AML environment or schedule of a workspace", attributes(
        ARM, text("asset-type", "which", "component", "environment", "schedule"), *MADE)),
    NodeKind("registry-asset", "registry asset", "build", "a version of a model or of data, or a component or AML environment, in an ML registry", attributes(
        ARM, text("asset-type", "which", "model", "data", "component", "environment"), text("uri", "where it is kept", arm="properties.modelUri"),
        words("base-models", "models it was made from, as it names them"), *MADE, *LINEAGE)),
    NodeKind("catalogue", "catalogue", "build", "an ML registry that is none of the tenant's: a public source of models", attributes(NAMED)),
    NodeKind("online-endpoint", "online endpoint", "build", "an online endpoint", attributes(
        ARM, IDENTITY_HOST, *AUDIENCE, text("auth-mode", "how callers sign in", "key", "aml-token", "aad-token", arm="properties.authMode"),
        text("public-network-access", "enabled when absent", "enabled", "disabled", arm="properties.publicNetworkAccess"),
    ), "microsoft.machinelearningservices/workspaces/onlineendpoints"),
    NodeKind("online-deployment", "online deployment", "build", "a deployment behind an online endpoint", attributes(
        ARM, text("instance-type", "VM size, lower case", arm="properties.instanceType"),
        number("instances", "instances it runs, or may scale to", arm="sku.capacity"),
        text("model-reference", "the model it names", arm="properties.model"), *LINEAGE,
    ), "microsoft.machinelearningservices/workspaces/onlineendpoints/deployments"),
    NodeKind("batch-endpoint", "batch endpoint", "build", "a batch endpoint", attributes(ARM, IDENTITY_HOST, *AUDIENCE),
             "microsoft.machinelearningservices/workspaces/batchendpoints"),
    NodeKind("batch-deployment", "batch deployment", "build", "a deployment behind a batch endpoint", attributes(
        ARM, text("model-reference", "the model it names", arm="properties.model.assetId"), *LINEAGE),
             "microsoft.machinelearningservices/workspaces/batchendpoints/deployments"),
    NodeKind("connection", "connection", "build", "a connection of a workspace to something outside it", attributes(
        ARM, text("category", "what it connects to", arm="properties.category"), text("target", "URL or id", arm="properties.target"),
        text("auth-type", "how it signs in, kebab case", arm="properties.authType"),
        boolean("stores-secret", "whether it keeps a key, token or password"),
        boolean("shared-to-all", "whether everybody in the workspace, and in projects of the hub it is of, may use it", arm="properties.isSharedToAll"),
    ), "microsoft.machinelearningservices/workspaces/connections"),
    NodeKind("job", "job", "build", "a job of a workspace", attributes(
        ARM, words("base-models", "models it tunes or starts from, as it names them"), opaque("runs", "what it, or each of its steps, takes and gives, and what it runs on"), text("job-type", "kebab case", arm="properties.jobType"), text("status", "kebab case", arm="properties.status"),
    ), "microsoft.machinelearningservices/workspaces/jobs"),
    NodeKind("ml-registry", "ML registry", "build", "an ML registry; its assets are in every region it lists", attributes(
        ARM, IDENTITY_HOST, TAGGED, words("regions", "regions its assets are kept in"), *SOURCE),
             "microsoft.machinelearningservices/registries"),
    # -- what workspaces stand on
    NodeKind("storage-account", "storage account", "build", "a storage account", attributes(
        ARM, text("redundancy", "the SKU's redundancy", "lrs", "zrs", "grs", "ragrs", "gzrs", "ragzrs", arm="sku.name"),
        boolean("shared-key-access", "whether account keys work; absent means true", arm="properties.allowSharedKeyAccess"),
        boolean("public-blobs", "whether containers may be made anonymous; absent means true", arm="properties.allowBlobPublicAccess"),
        text("public-network-access", "enabled when absent", "enabled", "disabled", arm="properties.publicNetworkAccess"),
        boolean("hierarchical", "whether ADLS ACLs may grant what RBAC does not show", arm="properties.isHnsEnabled"),
        HOLDS,
        boolean("judged-by-asset", "whether a data asset with the same home points to it, so that the asset is judged instead"),
        text("secondary-region", "region of its geo-redundant copy; null when it has none", arm="properties.secondaryLocation"),
        words("environments-using", "environments whose workspaces use it"),
        words("anonymous-containers", "containers anybody may read without signing in", arm="properties.publicAccess"),
        words("local-users", "users of SFTP with a key or password of their own"), LOCKS, TAGGED,
        boolean("sftp", "whether SFTP is on; absent means false", arm="properties.isSftpEnabled"),
        text("copy-scope", "to which accounts it may be copied; any when absent", "any", "aad", "privatelink", arm="properties.allowedCopyScope"),
        boolean("cross-tenant-replication", "whether object replication may lead to another tenant; absent means true", arm="properties.allowCrossTenantReplication"),
    ), "microsoft.storage/storageaccounts"),
    NodeKind("key-vault", "key vault", "build", "a key vault", attributes(
        ARM, boolean("rbac", "whether roles (not access policies) decide", arm="properties.enableRbacAuthorization"),
        boolean("template-deployment", "whether deployments may have its secrets; absent means false", arm="properties.enabledForTemplateDeployment"),
        words("environments-using", "environments whose workspaces use it"), *PLATFORM,
    ), "microsoft.keyvault/vaults"),
    NodeKind("container-registry", "container registry", "build", "an Azure container registry", attributes(
        ARM, words("replicated-regions", "regions it is replicated to"), boolean("admin-user", "whether the admin user is on; absent means false", arm="properties.adminUserEnabled"),
        words("tokens", "tokens that are enabled"), words("writing-tokens", "tokens that may push or delete images"), words("tasks", "tasks that build or import images"), *SOURCE, *PLATFORM,
    ), "microsoft.containerregistry/registries"),
    NodeKind("application-insights", "Application Insights", "build", "an Application Insights component", attributes(
        ARM, words("environments-using", "environments whose workspaces use it")), "microsoft.insights/components"),
    NodeKind("log-analytics", "Log Analytics workspace", "build", "a Log Analytics workspace", attributes(ARM, HOLDS, COPIES),
             "microsoft.operationalinsights/workspaces"),
    NodeKind("model-account", "model account", "build", "an Azure OpenAI or AI services account", attributes(
        ARM, IDENTITY_HOST, TAGGED, text("account-kind", "OpenAI, AIServices ...", arm="kind"),
        boolean("local-auth", "whether keys work; absent means true", arm="properties.disableLocalAuth"), HOLDS, COPIES,
    ), "microsoft.cognitiveservices/accounts"),
    NodeKind("model-deployment", "model deployment", "build", "a deployed model of a model account", attributes(
        ARM, text("sku", "the deployment type", arm="sku.name"), number("capacity", "units of quota it holds", arm="sku.capacity"),
        text("model-name", "the model", arm="properties.model.name"),
        text("model-publisher", "who publishes it, as Azure names the format", arm="properties.model.format"),
        text("base-model", "the model it was tuned from; null when it is as published"), *LINEAGE,
        text("processing-area", "where prompts are processed, in words, the overflow deployment counted"),
        boolean("processed-at-home", "whether every place it may process in is permitted"),
    ), "microsoft.cognitiveservices/accounts/deployments"),
    NodeKind("user-assigned-identity", "user-assigned identity", "build", "the ARM resource of a user-assigned identity", attributes(ARM),
             "microsoft.managedidentity/userassignedidentities"),
    # -- other places for data that datastores and connections lead to
    NodeKind("cosmos-account", "Cosmos DB account", "build", "an Azure Cosmos DB account", attributes(
        ARM, IDENTITY_HOST, boolean("local-auth", "whether keys work; absent means true", arm="properties.disableLocalAuth"), TOLD, HOLDS, COPIES, BACKUP,
        text("public-network-access", "enabled when absent", "enabled", "disabled", arm="properties.publicNetworkAccess"),
    ), "microsoft.documentdb/databaseaccounts"),
    NodeKind("sql-server", "SQL server", "build", "a logical Azure SQL server", attributes(
        ARM, IDENTITY_HOST, TOLD, HOLDS, COPIES, boolean("local-auth", "whether SQL sign-in works; absent means true", arm="properties.administrators.azureADOnlyAuthentication"),
        text("public-network-access", "enabled when absent", "enabled", "disabled", arm="properties.publicNetworkAccess"),
    ), "microsoft.sql/servers"),
    NodeKind("sql-database", "SQL database", "build", "a database of a SQL server", attributes(ARM, IDENTITY_HOST, TOLD, HOLDS, COPIES, BACKUP), "microsoft.sql/servers/databases"),
    NodeKind("postgresql-server", "PostgreSQL server", "build", "an Azure Database for PostgreSQL server", attributes(
        ARM, IDENTITY_HOST, TOLD, HOLDS, COPIES, BACKUP, boolean("local-auth", "whether passwords work; absent means true", arm="properties.authConfig.passwordAuth"),
        text("replication-role", "its part in replication; none when it has no part", "none", "primary", "async-replica", "geo-async-replica", arm="properties.replicationRole"),
        text("public-network-access", "enabled when absent", "enabled", "disabled", arm="properties.network.publicNetworkAccess"),
    ), "microsoft.dbforpostgresql/flexibleservers"),
    NodeKind("search-service", "search service", "build", "an Azure AI Search service", attributes(
        ARM, IDENTITY_HOST, boolean("local-auth", "whether keys work; absent means true", arm="properties.disableLocalAuth"), TOLD, HOLDS,
        text("public-network-access", "enabled when absent", "enabled", "disabled", arm="properties.publicNetworkAccess"),
    ), "microsoft.search/searchservices"),
    NodeKind("resource", "resource", "build", "any other ARM resource", attributes(
        ARM, BACKUP, opaque("node-pools", "of a Kubernetes cluster: (VM size, most nodes, whether they may be taken away) of each pool"),
        boolean("azure-rbac", "of a Kubernetes cluster: whether Azure's roles say what may be done in it; otherwise the cluster does", arm="properties.aadProfile.enableAzureRBAC"),
        boolean("cross-region-restore", "of a vault: whether its backups may be restored in the paired region"),
        text("processing-area", "of a serverless endpoint: where prompts are processed, in words"),
        boolean("processed-at-home", "of a serverless endpoint: whether every place it may process in is permitted"))),
    NodeKind("outside-place", "outside place", "build", "a host that a connection leads to and no resource of the estate answers at", attributes(
        NAMED, text("host", "its name in the net; null when the target names none", arm="properties.target"),
        boolean("azure", "whether the name is one of Azure's own, so that a resource nobody saw stands behind it"),
        text("region", "the region its name tells; null when it tells none"))),
    NodeKind("missing", "missing resource", "build", "something referred to that was not found", attributes(
        NAMED, boolean("gone", "whether it is not there: the lists it would be in were read, and it is in none"))),
    NodeKind("structure-unit", "unit", "derive", "a project, team or site, with its environment where the scenario divides by that, in one region", attributes(
        NAMED, words("workspaces", "names of its own workspaces"), text("region", "the region"))),
    NodeKind("replica", "replica", "derive", "a copy Azure keeps of a resource in another region", attributes(
        NAMED, text("region", "where"), text("replica-of", "what makes it", "redundancy", "replication", "backup", "ml-registry", "platform"),
        text("certainty", "who says where it is: Azure, or the table of region pairs", "stated", "table"),
        boolean("by-platform", "whether nobody can switch it off"))),
)  # fmt: skip
