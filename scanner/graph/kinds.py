"""The node kinds and unions of the estate, each with its attributes."""

from __future__ import annotations

from collections.abc import Mapping

from scanner.graph.moving import MOVING
from scanner.graph.ontology import (
    MARKS,
    STAGES,
    WAYS,
    NodeKind,
    attributes,
    boolean,
    number,
    opaque,
    text,
    words,
)
from scanner.graph.shared import (
    ACTIVATED,
    ARM,
    AUDIENCE,
    BACKUP,
    BUDGETS,
    COPIES,
    GRAPH_PERMISSIONS,
    HOLDS,
    IDENTITY_HOST,
    LINEAGE,
    LOCKS,
    MADE,
    NAMED,
    PERSON_OR_WORKLOAD,
    PLATFORM,
    PRINCIPAL,
    ROOM,
    SOURCE,
    SUPPLY,
    TAGGED,
    TOLD,
)

_KINDS = (
    # -- places and containers
    NodeKind("tenant", "tenant", "build", "the Entra tenant; the root of all scopes", attributes(
        NAMED, text("data-boundary", "the boundary the tenant is pinned to; unset when it was not read", "notdefined", "global", "eu", arm="properties.dataBoundary"),
        words("classes-against-boundary", "classes whose home the boundary excludes, or that stay in the EU while the tenant is pinned to anywhere"),
        boolean("read-whole", "whether all of it was asked for, not a part chosen when the snapshot was taken"))),
    NodeKind("management-group", "management group", "build", "a management group", attributes(NAMED),
             "microsoft.management/managementgroups"),
    NodeKind("subscription", "subscription", "build", "a subscription",
             attributes(ARM, text("state", "enabled, disabled, warned ...", arm="state"), LOCKS, BUDGETS,
                        words("ml-subjects", "names of the workspaces, ML registries and model accounts in it")), "microsoft.resources/subscriptions"),
    NodeKind("resource-group", "resource group", "build", "a resource group",
             attributes(ARM, words("environments-using", "environments whose workspaces it holds"), LOCKS, BUDGETS, TAGGED,
                        boolean("for-machine-learning", "whether workspaces, ML registries or model accounts are in it and nothing manages it"),
                        boolean("cost-tagged", "whether it has the tag that costs are counted by"),
                        words("structure-units", "units of the scenario's `resource-group-per` that its workspaces are of")),
             "microsoft.resources/subscriptions/resourcegroups"),
    NodeKind("region", "region", "build", "an Azure region; `global` is not one", attributes(
        NAMED, opaque("vm-sizes", "VM sizes offered: size -> (family, cores)"), text("country", "country it lies in"), text("geography", "Azure's geography"),
        words("boundaries", "data boundaries that hold it: EU, EU-EFTA, UK, US"),
        boolean("known", "whether the shipped table or the scenario says where it lies"),
        boolean("in-use", "of a region nobody places: whether something in scope stands or is copied there"),
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
        words("assigned-elsewhere", "other environments in which its user holds more than reader roles, rooms to explore left out"),
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
        boolean("judged-by-asset", "whether a data asset of a workspace with the same home points to it, and tells where it is"),
        text("secondary-region", "region of its geo-redundant copy; null when it has none", arm="properties.secondaryLocation"),
        words("environments-using", "environments whose workspaces use it"),
        words("anonymous-containers", "containers anybody may read without signing in", arm="properties.publicAccess"),
        words("local-users", "users of SFTP with a key or password of their own"), LOCKS, TAGGED,
        boolean("sftp", "whether SFTP is on; absent means false", arm="properties.isSftpEnabled"),
        text("copy-scope", "where copies may be taken from it to; any when absent", "any", "aad", "privatelink", arm="properties.allowedCopyScope"),
        boolean("cross-tenant-replication", "whether object replication may lead to another tenant; absent means true", arm="properties.allowCrossTenantReplication"),
    ), "microsoft.storage/storageaccounts"),
    NodeKind("key-vault", "key vault", "build", "a key vault", attributes(
        ARM, boolean("rbac", "whether roles (not access policies) decide", arm="properties.enableRbacAuthorization"),
        words("environments-using", "environments whose workspaces use it"), *PLATFORM,
    ), "microsoft.keyvault/vaults"),
    NodeKind("container-registry", "container registry", "build", "an Azure container registry", attributes(
        ARM, words("replicated-regions", "regions it is replicated to"), boolean("admin-user", "whether the admin user is on; absent means false", arm="properties.adminUserEnabled"),
        words("tokens", "tokens that are enabled"), words("writing-tokens", "of those, the ones that may push or delete images"), words("tasks", "tasks that build or import images"), *SOURCE, *PLATFORM,
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
        ARM, BACKUP, opaque("node-pools", "of a Kubernetes cluster: (VM size, most nodes, whether they may be taken away) of each pool"), boolean("cross-region-restore", "of a vault: whether its backups may be restored in the paired region"),
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
    # -- principals
    NodeKind("user", "user", "build", "a person", attributes(
        PRINCIPAL, PERSON_OR_WORKLOAD, boolean("guest", "userType Guest", arm="userType"),
        boolean("declared-guest", "whether its domain is one a role row admits"),
        text("sign-in-name", "user principal name", arm="userPrincipalName"),
        text("country", "country or usage location of the account; null when none is kept", arm="usageLocation"),
        boolean("synchronised", "mastered on premises", arm="onPremisesSyncEnabled"))),
    NodeKind("service-principal", "service principal", "build", "a workload with credentials", attributes(
        PRINCIPAL, PERSON_OR_WORKLOAD, text("app-owner", "tenant that owns the application", arm="appOwnerOrganizationId"),
        text("app-id", "application (client) id", arm="appId"),
        number("secrets", "client secrets and certificates of its application that have not ended; unset when the application was not read"),
        GRAPH_PERMISSIONS)),
    NodeKind("managed-identity", "managed identity", "build", "an identity Azure keeps for a resource, by object id", attributes(
        PRINCIPAL, PERSON_OR_WORKLOAD, text("host", "folded id of the resource it belongs to"),
        boolean("user-assigned", "whether it stands alone rather than belonging to one resource"),
        boolean("gone", "whether its own resource is not there any more"),
        words("policies", "folded ids of the policy assignments that a user-assigned identity acts for"), GRAPH_PERMISSIONS)),
    NodeKind("group", "group", "build", "an Entra group", attributes(
        PRINCIPAL, boolean("dynamic", "whether a rule decides who is in it", arm="groupTypes"),
        boolean("role-assignable", "isAssignableToRole", arm="isAssignableToRole"),
        boolean("synchronised", "mastered on premises", arm="onPremisesSyncEnabled"),
        boolean("empty", "whether nobody is in it, nested groups counted"),
        boolean("approved", "whether a role row names it"),
        text("membership-rule", "the rule of a dynamic group; null when none", arm="membershipRule"),
        boolean("restricted-unit", "whether only administrators of its own unit may change it", arm="isManagementRestricted"),
        boolean("under-pim", "whether membership is activated through PIM for groups"), *ACTIVATED,
        number("review-days", "days between the reviews of who is in it; null when nobody goes through it again"),
        boolean("release-approver", "whether the scenario lets its members approve releases"),
        boolean("of-production", "whether a row of production names it, or it holds more than reader roles there"),
        boolean("opens-production", "whether a row of production lets it read guarded data or do more than observe"),
        boolean("protected", "whether something keeps others out: role-assignable, a restricted unit, PIM for groups, or mastered on premises and declared so"))),
    NodeKind("outside-subject", "outside subject", "build", "a workload elsewhere that a federated credential trusts", attributes(
        NAMED, text("issuer", "who signs its tokens", arm="properties.issuer"), text("subject", "the subject its tokens must carry", arm="properties.subject"),
        boolean("pattern", "whether an expression, not one subject, is trusted"), boolean("pull-request", "whether any pull request of a repository is trusted"),
        boolean("declared", "whether the scenario lists it as a subject of the release"))),
    NodeKind("directory-role", "directory role", "build", "an Entra directory role, by template id", attributes(NAMED)),
    # -- authorisation
    NodeKind("role", "role", "build", "a role definition, by GUID", attributes(
        NAMED, boolean("custom", "whether it is the tenant's own"), opaque("permissions", "its permission blocks"))),
    NodeKind("grant", "role assignment", "build", "a role for a principal at a scope: (principal, role GUID, scope)", attributes(
        NAMED, text("mark", "how it is held", "standing", "time-bound", "eligible"),
        text("condition", "the condition it is under; null when none"),
        text("principal-kind", "kind of its principal"),
        text("origin", "where its principal comes from", "microsoft", "host-default", "policy", "service", "delegated", "own"),
        words("classes", "what it can do", "read", "write", "data-read", "data-write", "grant"),
        boolean("above-environments", "whether its scope lies above an environment's own resources"),
        boolean("break-glass", "whether its principal is an emergency account"),
        boolean("declared", "whether the scenario declares it (administrators, services)"),
        words("environments", "environments it reaches into"),
        text("created-by", "object id of who made it; null when Azure does not say", arm="properties.createdBy"),
        words("purposes", "purposes of the rows of production it is held by", "incident", "production-training"),
        boolean("by-activation", "whether everybody who has it must activate something first"),
        number("days", "how long it lasts, from start to end, when it is time-bound"),
        boolean("ends-in-time", "whether it ends within the shortest life that a row it is held by allows"),
        boolean("expiry-wanted", "whether a row it is held by wants access to end"),
        boolean("review-wanted", "whether a row it is held by wants access to be reviewed"),
        boolean("reviewed", "whether an access review goes through it as often as its row wants"),
        *ACTIVATED,
        words("stages", "stages of the environments it reaches into", *STAGES),
        boolean("held-now", "whether somebody holds it without activating anything"),
        boolean("in-role-table", "whether the role table, or another part of the scenario, has its principal in every environment it reaches into"),
        boolean("eligible-wanted", "whether every row behind it in production wants it eligible"),
        words("excess", "changing actions its role gives beyond the duties of its rows; null when no row is behind it"),
        boolean("made-by-beneficiary", "whether who made it gains by it"),
        boolean("approval-wanted", "whether a row behind it wants activation approved"),
        boolean("mfa-wanted", "whether a row behind it wants a second factor"),
        number("hours-wanted", "longest activation the rows behind it allow; null when none says"),
        words("creates", "what it lets somebody create in a container", "resource-group", "workspace"),
        words("retags", "environments matched by tag of which it lets somebody write tags"),
        boolean("of-structure", "whether who has it administers, provisions or creates there as declared, or is the platform's"),
        words("undeclared-approvers", "object ids of who approves activation and is in no group the rows name; null when no row names one"))),
    NodeKind("deny-assignment", "deny assignment", "build", "an assignment that takes rights away", attributes(
        NAMED, opaque("permissions", "permission blocks"), words("principals", "principals it holds for; `*` for all"),
        words("exclude-principals", "principals left out"), boolean("children", "whether scopes below are covered"))),
    NodeKind("opening", "opening", "derive", "one cause that opens data of one environment and class", attributes(
        NAMED, text("way", "how", *WAYS), text("access", "read or write", "read", "write"),
        boolean("approved", "whether the scenario approves it"),
        boolean("residual", "whether it is an administrator's residual reach"),
        boolean("platform", "whether its principal is a platform identity"),
        text("mark", "the weakest mark on the way", *MARKS), words("marks", "every mark on the way that is shown", *MARKS),
        text("environment", "environment of the data"), words("data-classes", "classes of the data"),
        text("cause", "the first step that leaves what the scenario allows, in words"),
        number("people", "identities it opens the data to"), text("opened-to", "how many, in words: `2 identities`"),
        words("examples", "up to five of them"), number("targets", "how many stores it opens"),
        words("from-environments", "environments of the workspaces, hosts and identities its chains come by, and of the workloads it lets in"),
        words("from-stages", "stages of those environments", *STAGES),
        words("working-in", "environments in which those it lets in may change something; null where they may not, told of stores outside every environment"),
        words("kept-in-stages", "stages of the workspaces that keep the credentials its chains use", *STAGES),
        text("fix", "the step that closes it"))),
    NodeKind("duty", "duty", "derive", "a duty in an environment", attributes(
        NAMED, text("duty", "which", "train", "approve", "release", "operate", "observe", "provision", "grant-access",
                     "manage-quota", "manage-data", "write", "indirect-release", "read-data"),
        text("environment", "environment"), text("stage", "stage", *STAGES))),
    # -- quota
    NodeKind("quota-pool", "quota pool", "build", "limit and use of one family in one region of one subscription", attributes(
        NAMED, text("system", "which quota", "ml", "vm", "model", "count"), text("family", "VM family or model, normalised"),
        text("region", "region"), text("subscription", "folded id"), opaque("workspace-use", "units each workspace uses"), opaque("workspace-caps", "cap of each workspace; unset when they could not be read"), number("limit", "units granted; null when unlimited"),
        number("used", "units in use"), number("declared", "units its clusters and deployments may take at most"),
        number("headroom", "share of the limit left by the larger of used and declared"),
        number("headroom-wanted", "share the scenario keeps free; null when it asks for none"),
        boolean("in-use", "whether it is used, drawn on by a declared compute, or needed; of VM quota: only what attached computes draw on"),
        boolean("reserved-for-production", "whether caps leave production its declared maximum"),
        text("sku", "deployment type of a model's pool; null for other systems"), text("model", "model of the pool; null when several share it, or for other systems"),
        boolean("special", "whether it is of a family with GPUs or for high performance, of which no offer gives anything from the start"),
        words("workspaces", "names of the workspaces and model accounts that draw on it"),
        number("caps", "caps of its workspaces together; 0 when none has one"),
        boolean("taken-or-raised", "whether it is used, or granted more than any offer gives from the start"),
        boolean("contended", "whether what may draw on it together does not fit, or nothing is left of it"),
        number("idle", "units kept by clusters that never shrink to nothing and instances that never stop by themselves"),
        words("idle-computes", "names of those clusters and instances"), *SUPPLY)),
    NodeKind("model-spread", "model spread", "derive", "quota of one model and deployment type over the regions that serve", attributes(
        NAMED, text("model", "the model"), text("sku", "deployment type"), number("deployed", "units deployed in all regions together"),
        number("regions", "serving regions that have any"), number("largest-share", "share of the region that has most"),
        text("largest-region", "that region"), number("left-after-worst-loss", "units left at home without it"),
        boolean("survive-region-loss", "whether one region may be lost"))),
    NodeKind("quota-share", "quota share", "derive", "what one workspace may take of a pool", attributes(
        NAMED, number("cap", "its cap; null when none"), number("used", "units it uses"), number("share", "largest share of the pool it may take"),
        number("pool-workspaces", "workspaces that may draw on the pool"), number("fair-share", "what the scenario allows; null when it asks for none"))),
    NodeKind("serving-need", "serving need", "derive", "capacity of a family that serving sites need together", attributes(
        NAMED, text("family", "VM family"), number("amount", "units needed"), boolean("survive-region-loss", "whether one region may be lost"),
        number("left-after-worst-loss", "units left at home when the largest region is lost"),
        text("largest-region", "the region whose loss hurts most"))),
    *MOVING,
    # -- what the scenario says
    NodeKind("scenario", "scenario", "bind", "the scenario's own settings", attributes(
        NAMED, number("headroom", "quota.headroom"), number("fair-share", "quota.fair-share"),
        text("production-pool", "quota.production-pool"), boolean("survive-region-loss", "quota.survive-region-loss"),
        words("patterns", "patterns"), words("keys", "top-level keys the file has"),
        text("audience-tag", "tag by which an endpoint names its audience; null when none"), words("base-model-catalogues", "registries it declares as sources of base models"),
        number("break-glass-accounts", "emergency accounts it names"), number("break-glass-at-most", "most there may be; null when it does not say"))),
    NodeKind("environment", "environment", "bind", "an environment of the scenario", attributes(
        NAMED, text("stage", "stage", *STAGES), boolean("live", "serves customers"), words("data", "classes that may be there"),
        text("default-class", "class of what nothing else classifies"),
        boolean("by-tag", "whether its resources are recognised by a tag"),
        number("workspaces", "workspaces in it, hubs left out"),
        number("workspaces-wanted", "how many shared ones there are to be; null when it does not say"),
        number("writers", "people who can change it, administrators as declared left out"),
        number("writers-before", "as many, in the stage before; null when there is none"))),
    NodeKind("site", "site", "bind", "a site of the scenario", attributes(
        NAMED, text("region", "its region"), words("does", "what may happen there"), words("data", "its classes"),
        words("audience", "whom it serves"), words("unserved", "audiences of it that no endpoint serves from its region"),
        words("apart-from", "sites that train whose results nothing makes comparable with its own; empty for the larger part"))),
    NodeKind("data-class", "data class", "bind", "a data class of the scenario", attributes(
        NAMED, text("home", "in words"), words("home-regions", "regions at home"), boolean("production-only", "never outside production"),
        text("platform-replication", "whether copies that Azure makes by itself may leave the home", "allow", "deny"))),
    NodeKind("role-row", "role row", "bind", "one role in one environment", attributes(
        NAMED, text("role", "role"), text("environment", "environment"), text("stage", "stage", *STAGES),
        words("duties", "duties"), words("reads", "classes"), words("ways", "ways it may use; null: those its duties imply"),
        text("by", "eligible or standing; null: either", "eligible", "standing"), text("expires", "longest life; null when none"),
        words("guest-domains", "guest domains it admits"), text("unit", "project or team it is filled for; null when none"),
        words("approvers", "object ids of who is to approve activation, groups expanded; null when it does not say"),
        number("max-hours", "longest activation; null when it does not say"), boolean("mfa", "whether activation is to ask for a second factor"),
        words("missing-duties", "duties of the row that whom it names does not hold there; null when it names nobody"),
        text("review", "how often it is reviewed; null when not asked for"), text("purpose", "what it is for; null when not said", "incident", "production-training"),
        words("countries", "countries its people are in; null when anywhere"), text("mastered", "where its group is mastered; null when not said", "on-premises"))),
    NodeKind("administrator-row", "administrator row", "bind", "a group of administrators", attributes(
        NAMED, words("over", "environments"), words("duties", "duties"), text("by", "eligible or standing", "eligible", "standing"),
        text("approval", "required or null"), number("at-most", "most members"), number("people", "people in the group, at any depth"))),
    NodeKind("service-row", "declared service", "bind", "a platform identity with declared reach", attributes(
        NAMED, words("may", "read, write"), words("where", "environments"))),
    NodeKind("quota-need", "quota need", "bind", "quota a site is declared to need", attributes(
        NAMED, text("site", "site"), text("region", "the site's region"), text("family", "family as the scenario writes it"),
        number("amount", "units"), text("for", "train, serve, fine-tune"), text("of", "what it is a need of", "family", "model"),
        number("granted", "units granted at the site, where that decides whether they suffice"), *SUPPLY, words("home-regions", "regions at home for every class the site serves"))),
)  # fmt: skip

KINDS: Mapping[str, NodeKind] = {kind.name: kind for kind in _KINDS}

UNIONS: Mapping[str, tuple[str, ...]] = {
    "identity": ("user", "service-principal", "managed-identity"),
    "principal": ("user", "service-principal", "managed-identity", "group"),
    "workload": ("service-principal", "managed-identity"),
    "ml-artifact": ("model", "ml-asset"),
    "registered": ("model", "registry-asset"),
    "artifact-source": ("container-registry", "ml-registry"),
    "endpoint": ("online-endpoint", "batch-endpoint"),
    "deployment": ("online-deployment", "batch-deployment"),
    "serving": ("online-deployment", "batch-deployment", "model-deployment"),
    "quota-demand": ("quota-pool", "quota-need"),
    "tagged": ("workspace", "ml-registry", "model-account", "storage-account", "resource-group"),
    "identity-host": tuple(k.name for k in _KINDS if "identity-type" in k.attributes),
    "ml-resource": ("workspace", "compute", "online-endpoint", "batch-endpoint", "ml-registry"),
    "database": ("cosmos-account", "sql-server", "sql-database", "postgresql-server", "search-service"),
    "platform-copied": ("key-vault", "container-registry"),
    "service": (
        "storage-account",
        "key-vault",
        "container-registry",
        "application-insights",
        "log-analytics",
        "model-account",
        "cosmos-account",
        "sql-server",
        "sql-database",
        "postgresql-server",
        "search-service",
    ),
    "dependency": ("storage-account", "key-vault", "container-registry", "application-insights"),
    "shareable": (
        "storage-account",
        "key-vault",
        "container-registry",
        "application-insights",
        "resource-group",
    ),
    "data-store": (
        "storage-account",
        "model-account",
        "cosmos-account",
        "sql-server",
        "sql-database",
        "postgresql-server",
        "search-service",
        "log-analytics",
    ),
    "subject": ("workspace", "ml-registry", "model-account"),
    "scope": tuple(k.name for k in _KINDS if k.arm_type or k.name in ("tenant", "resource")),
    "arm-resource": tuple(
        k.name
        for k in _KINDS
        if (k.arm_type and not k.arm_type.startswith(("microsoft.resources/", "microsoft.management/")))
        or k.name == "resource"
    ),
}
