"""One small tenant with something of every kind that is collected, as those APIs answer it, quirks included.

The keys beyond those every tenant document has: `dataBoundary` (a word), in `usages` also
`Microsoft.Compute`, in `graph` `eligibilityScheduleInstances`, `directoryRoleDefinitions` and `directoryRoleAssignments`, `appRoles` and
`appRoleAssignments` of Microsoft Graph, `x-owners` of applications and service principals, `x-federatedIdentityCredentials` of applications. Locks, budgets, policy assignments, PIM rules, classic
administrators and diagnostic settings are resources; their id says what they belong to.
"""

from __future__ import annotations

from typing import Any

from tests.tenants.builder import ROLES, Tenant, guid

TENANT = "77777777-7777-7777-7777-777777777777"
SUBSCRIPTION = "77777777-aaaa-bbbb-cccc-777777777777"
REGION = "westeurope"
_ML = "Microsoft.MachineLearningServices"


def document() -> dict[str, Any]:
    t = Tenant(TENANT, "Fabrikam", "fabrikam.example")
    t.management_group(TENANT)
    subscription = t.subscription("sub-everything", SUBSCRIPTION, TENANT)
    group = t.group(subscription, "rg-Everything (all)", {"env": "prod", "costCentre": "4711"})
    t.group(subscription, "rg-managed", {}, managedBy=f"{group}/providers/Microsoft.Databricks/workspaces/dbw-all")
    _principals(t)
    workspace, storage = _machine_learning(t, group)
    _data(t, group, storage)
    _attached(t, group, workspace)
    _governance(t, subscription, group, workspace, storage)
    _rights(t, subscription, group)
    _quota(t, subscription, workspace)
    return t.document


def _principals(t: Tenant) -> None:
    for name in ("ada", "grace"):
        t.user(name)
    t.user("linus", guest=True)
    directory = t.document["graph"]
    directory["users"][0].update(usageLocation="DE", country=None, onPremisesSyncEnabled=None)
    directory["users"][1].update(usageLocation=None, country="France", onPremisesSyncEnabled=True)
    t.directory_group("grp-data", ["ada"], ["grace"], isAssignableToRole=True, isManagementRestricted=True)
    t.directory_group(
        "grp-rule", ["linus"], groupTypes=["DynamicMembership"], membershipRule='user.department -eq "ML"'
    )
    t.service_principal("sp-release")
    directory["servicePrincipals"][-1]["x-owners"] = [t.principals["ada"]]
    directory["applications"].append({
        "id": guid("application", "release"), "appId": guid("app", "sp-release"), "displayName": "release", "signInAudience": "AzureADMyOrg",
        "passwordCredentials": [{"keyId": guid("key", "release", end), "displayName": None, "hint": "abc", "secretText": None,
                                 "startDateTime": "2020-01-01T00:00:00Z", "endDateTime": f"{end}-01-01T00:00:00Z"} for end in ("2021", "2099")],
        "keyCredentials": [{"keyId": guid("key", "certificate"), "displayName": "CN=release", "type": "AsymmetricX509Cert", "usage": "Verify",
                            "startDateTime": "2020-01-01T00:00:00Z", "endDateTime": "2098-01-01T00:00:00Z", "key": None}],
        "x-owners": [t.principals["grace"]],
        "x-federatedIdentityCredentials": [{"id": guid("fic", "release"), "name": "main", "issuer": "https://token.actions.githubusercontent.com",
                                            "subject": "repo:fabrikam/ml:ref:refs/heads/main", "audiences": ["api://AzureADTokenExchange"]}],
    })  # fmt: skip
    directory["eligibilityScheduleInstances"] = [{
        "id": f"{t.principals['grp-data']}_member_1", "accessId": "member", "principalId": t.principals["grace"], "groupId": t.principals["grp-data"],
        "memberType": "direct", "startDateTime": "2026-01-01T00:00:00Z", "endDateTime": None,
    }, {
        "id": f"{t.principals['grp-data']}_owner_1", "accessId": "owner", "principalId": t.principals["ada"], "groupId": t.principals["grp-data"],
        "memberType": "direct", "startDateTime": "2026-01-01T00:00:00Z", "endDateTime": None,
    }]  # fmt: skip
    graph = t.service_principal("graph", owner="f8cdef31-a31e-4b4a-93e4-5f571e91255a")
    directory["servicePrincipals"][-1].update(
        displayName="Microsoft Graph", appId="00000003-0000-0000-c000-000000000000"
    )
    permission = guid("app-role", "Application.ReadWrite.All")
    directory["appRoles"] = [
        {"id": guid("app-role", name), "value": name, "displayName": name, "description": "", "isEnabled": True, "allowedMemberTypes": ["Application"]}
        for name in ("Application.ReadWrite.All", "User.Read.All")
    ]  # fmt: skip
    directory["appRoleAssignments"] = [{
        "id": "41W1zT6z1U-kJxf62svfp1HFE8pMZhxDun-ThPczmJE", "appRoleId": permission, "principalId": t.principals["sp-release"],
        "principalType": "ServicePrincipal", "principalDisplayName": "sp-release", "resourceId": graph, "resourceDisplayName": "Microsoft Graph",
    }]  # fmt: skip
    directory["assignmentScheduleInstances"] = [{
        **directory["eligibilityScheduleInstances"][0], "id": f"{t.principals['grp-data']}_member_2", "assignmentType": "Activated", "endDateTime": "2026-11-24T20:00:00Z",
    }]  # fmt: skip
    administrator = "62e90394-69f5-4237-9190-012177145e10"
    directory["directoryRoleDefinitions"] = [
        {"id": administrator, "displayName": "Global Administrator", "isBuiltIn": True, "templateId": administrator}
    ]
    directory["directoryRoleAssignments"] = [{
        "id": "lAPpYvVpN0KRkAEhdxReEJC2sEqbR_9Hr48lds9SGHI-1", "principalId": t.principals["grace"], "roleDefinitionId": administrator, "directoryScopeId": "/"
    }]  # fmt: skip
    eligible = {
        "id": "e-1", "principalId": t.principals["ada"], "roleDefinitionId": administrator, "directoryScopeId": "/", "memberType": "Direct",
        "startDateTime": "2026-01-01T00:00:00Z", "endDateTime": None,
    }  # fmt: skip
    directory["directoryRoleEligibilityScheduleInstances"] = [eligible]
    directory["directoryRoleAssignmentScheduleInstances"] = [
        {**eligible, "id": "a-1", "principalId": t.principals["linus"], "assignmentType": "Activated"}
    ]
    directory["directoryRoleAssignments"].append(
        {"id": "a-2", "principalId": t.principals["linus"], "roleDefinitionId": administrator, "directoryScopeId": "/"}
    )
    _activation(t)
    t.document["dataBoundary"] = "EU"


def _activation(t: Tenant) -> None:
    """What activating membership of a group demands, and that somebody goes through its members every quarter."""
    directory, group = t.document["graph"], t.principals["grp-data"]
    directory["accessReviewDefinitions"] = [{
        "id": guid("review"), "status": "InProgress", "scope": {"@odata.type": "#microsoft.graph.accessReviewQueryScope",
        "query": f"/v1.0/groups/{group}/transitiveMembers/microsoft.graph.user", "queryType": "MicrosoftGraph", "queryRoot": None},
        "instanceEnumerationScope": None, "settings": {"recurrence": {"pattern": {"type": "absoluteMonthly", "interval": 3},
                                                                      "range": {"type": "noEnd", "startDate": "2026-01-01"}}}}]  # fmt: skip
    directory["groupPolicyAssignments"] = [{
        "id": f"Group_{group}_{role}", "policyId": f"Group_{group}", "scopeId": group, "scopeType": "Group", "roleDefinitionId": role,
        "policy": {"id": f"Group_{group}", "displayName": "Group", "rules": [
            {"@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyExpirationRule", "id": "Expiration_EndUser_Assignment", "maximumDuration": "PT4H"},
            {"@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyEnablementRule", "id": "Enablement_EndUser_Assignment",
             "enabledRules": ["MultiFactorAuthentication", "Justification"]},
            {"@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyApprovalRule", "id": "Approval_EndUser_Assignment", "setting": {
                "isApprovalRequired": role == "member", "approvalStages": [{"primaryApprovers": [
                    {"@odata.type": "#microsoft.graph.singleUser", "userId": t.principals["ada"], "description": "Ada"}]}]}}]},
    } for role in ("member", "owner")]  # fmt: skip


def _machine_learning(t: Tenant, group: str) -> tuple[str, str]:
    logs = t.resource(
        group,
        "Microsoft.OperationalInsights/workspaces",
        "log-all",
        {"replication": {"enabled": True, "location": "northeurope"}},
    )
    t.resource(logs, "dataExports", "export", {"dataExportId": guid("export"), "tableNames": ["AmlComputeJobEvent"], "enable": True,
               "destination": {"resourceId": f"{group}/providers/Microsoft.EventHub/namespaces/evh"}}, None)  # fmt: skip
    registry = t.resource(
        group,
        "Microsoft.ContainerRegistry/registries",
        "crall",
        {"adminUserEnabled": True},
        sku={"name": "Premium", "tier": "Premium"},
    )
    t.resource(registry, "replications", "westeurope", {"regionEndpointEnabled": True})
    t.resource(registry, "replications", "northeurope", {"regionEndpointEnabled": True}, "northeurope")
    scope_map = t.resource(
        registry,
        "scopeMaps",
        "_repositories_push",
        {"type": "SystemDefined", "actions": ["repositories/*/content/write"]},
        None,
    )
    t.resource(registry, "tokens", "ci", {"scopeMapId": scope_map, "status": "enabled", "credentials": {
        "passwords": [{"name": "password1", "creationTime": "2026-01-01T00:00:00Z", "expiry": None}], "certificates": []}}, None)  # fmt: skip
    t.resource(
        registry,
        "tasks",
        "build",
        {"status": "Enabled", "step": {"type": "Docker", "imageNames": ["base:1"], "isPushEnabled": True}},
    )
    found = t.workspace(group, "mlw-all", registry=registry, insights_workspace=logs)
    workspace = found["workspace"]
    properties = _properties(t, workspace)
    properties["privateEndpointConnections"] = None  # then they are a list of their own
    account = found["storage"]
    _properties(t, account).update(isLocalUserEnabled=True, isSftpEnabled=False)
    del _properties(t, account)["allowBlobPublicAccess"]  # absent: containers may be anonymous
    t.cluster(workspace, "cpu", "STANDARD_DS3_V2", 4)
    t.resource(workspace, "computes", "ci-ada", {"computeType": "ComputeInstance", "computeLocation": "westeurope", "disableLocalAuth": False, "properties": {
        "vmSize": "STANDARD_DS3_V2", "idleTimeBeforeShutdown": "PT60M", "sshSettings": {"sshPublicAccess": "Enabled", "adminUserName": "azureuser"},
        "createdBy": {"userId": t.principals["grace"], "userName": "Grace"}, "personalComputeInstanceSettings": {
            "assignedUser": {"objectId": t.principals["ada"], "tenantId": TENANT}}}})  # fmt: skip
    lake = t.datastore(workspace, "lake", account, credential="ServicePrincipal")
    _properties(t, lake)["credentials"].update(clientId=guid("app", "sp-release"), tenantId=TENANT)
    _properties(t, lake)["serviceDataAccessAuthIdentity"] = "WorkspaceSystemAssignedIdentity"
    data = t.resource(
        workspace, "data", "events/versions/1", {"dataUri": "azureml://datastores/workspaceblobstore/paths/e"}, None
    )
    model = t.resource(
        workspace, "models", "churn/versions/7", {"modelType": "mlflow_model", "jobName": "train-1"}, None
    )
    t.endpoint(workspace, "churn", model, "STANDARD_DS3_V2", 2, account, registry)
    batch = t.resource(
        workspace, "batchEndpoints", "nightly", {"authMode": "AADToken", "defaults": {"deploymentName": "d"}}
    )
    t.resource(
        batch,
        "deployments",
        "d",
        {"compute": f"{workspace}/computes/cpu", "model": {"referenceType": "Id", "assetId": model}},
    )
    t.resource(workspace, "serverlessEndpoints", "llama", {"authMode": "Key", "modelSettings": {"modelId": "azureml://registries/azureml-meta/models/x"}},
               "West Europe", sku={"name": "Consumption"})  # fmt: skip
    t.resource(
        workspace,
        "connections",
        "s3",
        {"category": "S3", "target": "https://bucket.s3.example", "authType": "AccessKey", "credentials": None},
        None,
    )
    for name, category, target, how in (
        ("search", "CognitiveSearch", "https://Srch-all.search.windows.net", "ApiKey"),
        ("cosmos", "CosmosDb", "https://cosmos-all.documents.azure.com:443/", "AAD"),
        ("oai", "AzureOpenAI", "https://oai-all.openai.azure.com/", "ApiKey"),
        ("blobs", "AzureBlob", "https://stcopyall.blob.core.windows.net/", "AAD"),
        ("sql", "AzureSqlDb", "sql-all.database.windows.net", "ServicePrincipal"),
    ):
        t.resource(
            workspace,
            "connections",
            name,
            {"category": category, "target": target, "authType": how, "metadata": {}, "credentials": None},
            None,
        )
    _properties(t, f"{workspace}/connections/sql")["credentials"] = {
        "clientId": guid("app", "sp-release"),
        "tenantId": TENANT,
    }
    t.resource(workspace, "jobs", "train-1", {"jobType": "Command", "status": "Completed", "computeId": f"{workspace}/computes/cpu",
               "environmentVariables": {"LOG": "info"}, "inputs": {"raw": {"jobInputType": "uri_folder", "uri": data}},
               "outputs": {"model": {"jobOutputType": "mlflow_model", "uri": "azureml://datastores/workspaceblobstore/paths/m"}}}, None)  # fmt: skip
    _tuning(t, workspace, data)
    t.resource(workspace, "schedules", "weekly", {"isEnabled": False, "trigger": {"triggerType": "Cron", "expression": "0 0 * * 0"}, "action": {
        "actionType": "CreateJob", "jobDefinition": {"jobType": "Command", "computeId": f"{workspace}/computes/cpu"}}}, None)  # fmt: skip
    t.resource(
        workspace,
        "outboundRules",
        "to-hub",
        {"type": "FQDN", "destination": "huggingface.example", "category": "UserDefined", "status": "Active"},
        None,
    )
    t.document["resources"][-1]["type"] = "workspace/outboundRules"  # as it is answered
    t.resource(
        workspace,
        "marketplaceSubscriptions",
        "llama",
        {"modelId": "azureml://registries/azureml-meta/models/x", "marketplaceSubscriptionStatus": "Subscribed"},
        None,
    )
    t.resource(workspace, "privateEndpointConnections", "pe-1", {"privateEndpoint": {"id": f"{group}/providers/Microsoft.Network/privateEndpoints/pe-mlw"},
               "privateLinkServiceConnectionState": {"status": "Approved"}})  # fmt: skip
    t.resource(workspace, "environments", "sklearn", {"isArchived": False, "latestVersion": "3"}, None)
    t.resource(workspace, "components", "train", {"isArchived": False, "latestVersion": "1"}, None)
    shared = t.resource(
        group,
        f"{_ML}/registries",
        "mlr-all",
        {"regionDetails": [{"location": "West Europe"}, {"location": "northeurope"}]},
    )
    t.resource(
        shared,
        "models",
        "churn/versions/7",
        {
            "modelUri": "azureml://registries/mlr-all/x",
            "properties": {"baseModelId": "azureml://registries/HuggingFace/models/bert/versions/1"},
        },
        None,
    )
    t.resource(shared, "data", "events/versions/1", {"dataUri": "azureml://registries/mlr-all/y"}, None)
    t.resource(shared, "environments", "sklearn", {"latestVersion": "1"}, None)
    t.resource(shared, "components", "train", {"latestVersion": "1"}, None)
    return workspace, account


def _tuning(t: Tenant, workspace: str, data: str) -> None:
    """A job that tunes a model of a public catalogue, one that says in free text what it tunes, and what came of it."""
    base = "azureml://registries/azureml-meta/models/Llama-3/versions/2"
    t.resource(workspace, "jobs", "tune-1", {"jobType": "FineTuning", "status": "Completed", "outputs": {}, "fineTuningDetails": {
        "modelProvider": "Custom", "taskType": "ChatCompletion", "model": {"jobInputType": "mlflow_model", "uri": base},
        "trainingData": {"jobInputType": "uri_file", "uri": data}, "hyperParameters": {"epochs": "3"}}}, None)  # fmt: skip
    t.resource(workspace, "jobs", "tune-2", {"jobType": "Command", "status": "Completed", "inputs": {}, "outputs": {},
               "properties": {"baseModelId": "azureml:churn:7", "note": "anything"}}, None)  # fmt: skip
    tuned = {
        "modelType": "mlflow_model",
        "jobName": "tune-1",
        "modelUri": "azureml://jobs/tune-1/outputs/m",
        "properties": {"baseModelId": base},
    }
    t.resource(workspace, "models", "tuned/versions/1", tuned, None)


def _properties(t: Tenant, arm_id: str) -> dict[str, Any]:
    found: dict[str, Any] = next(r["properties"] for r in t.document["resources"] if r["id"] == arm_id)
    return found


def _data(t: Tenant, group: str, storage: str) -> None:
    other = t.account(group, "stcopyall", location="northeurope", sku="Standard_RAGRS", secondary="westeurope")
    _properties(t, other)["isSftpEnabled"] = True
    for account in (storage, other):
        t.resource(account, "objectReplicationPolicies", guid("policy"), {"policyId": guid("policy"), "sourceAccount": storage,
                   "destinationAccount": other.rpartition("/")[2], "rules": []}, None)  # fmt: skip
    service = t.resource(storage, "blobServices", "default", {"isVersioningEnabled": True}, None)
    t.resource(service, "containers", "open", {"publicAccess": "Container"}, None)
    t.resource(storage, "localUsers", "partner", {"hasSshPassword": True, "hasSharedKey": False, "permissionScopes": [
        {"permissions": "r", "service": "blob", "resourceName": "open"}]}, None)  # fmt: skip
    t.resource(group, "Microsoft.KeyVault/vaults", "kv-old", {"enableRbacAuthorization": None, "accessPolicies": [
        {"tenantId": TENANT, "objectId": t.principals["ada"], "permissions": {"secrets": ["Get", "List"], "keys": [], "certificates": []}},
        {"tenantId": TENANT, "objectId": t.principals["sp-release"], "permissions": {"secrets": ["set"], "keys": ["get"]}}]})  # fmt: skip
    t.resource(group, "Microsoft.DocumentDB/databaseAccounts", "cosmos-all", {"disableLocalAuth": True, "publicNetworkAccess": "Disabled", "locations": [
        {"locationName": "West Europe", "failoverPriority": 0}, {"locationName": "North Europe", "failoverPriority": 1}]}, "West Europe")  # fmt: skip
    server = t.resource(
        group,
        "Microsoft.Sql/servers",
        "sql-all",
        {
            "administratorLogin": "sa1",
            "version": "12.0",
            "administrators": {"azureADOnlyAuthentication": True, "login": "grp-data"},
        },
        kind="v12.0",
    )
    t.resource(
        server,
        "databases",
        "features",
        {"currentBackupStorageRedundancy": "Geo"},
        sku={"name": "GP_Gen5", "capacity": 2},
    )
    t.resource(
        server,
        "databases",
        "features/replicationLinks/far",
        {"role": "Primary", "partnerServer": "sql-far", "partnerLocation": "Sweden Central"},
        None,
    )
    t.resource(
        server,
        "failoverGroups",
        "fg",
        {"partnerServers": [{"id": f"{group}/providers/Microsoft.Sql/servers/sql-far", "location": "North Europe"}]},
        None,
    )
    t.resource(
        group,
        "Microsoft.DBforPostgreSQL/flexibleServers",
        "psql-all",
        {
            "backup": {"geoRedundantBackup": "Enabled"},
            "authConfig": {"activeDirectoryAuth": "Enabled", "passwordAuth": "Disabled"},
            "network": {"publicNetworkAccess": "Disabled"},
            "replicationRole": "Primary",
        },
        "West Europe",
    )
    t.resource(group, "Microsoft.DBforPostgreSQL/flexibleServers", "psql-copy", {"replicationRole": "AsyncReplica", "network": {},
               "sourceServerResourceId": f"{group}/providers/Microsoft.DBforPostgreSQL/flexibleServers/psql-all"}, "North Europe")  # fmt: skip
    t.resource(
        group,
        "Microsoft.Search/searchServices",
        "srch-all",
        {"publicNetworkAccess": "Enabled", "disableLocalAuth": False},
        "West Europe",
        sku={"name": "standard"},
    )
    vault = t.resource(
        group,
        "Microsoft.RecoveryServices/vaults",
        "rsv-all",
        {"redundancySettings": {"standardTierStorageRedundancy": "GeoRedundant", "crossRegionRestore": "Enabled"}},
    )
    t.resource(
        vault,
        "backupFabrics",
        "Azure/protectionContainers/storage/protectedItems/share",
        {"sourceResourceId": storage},
        None,
    )
    backups = t.resource(
        group,
        "Microsoft.DataProtection/backupVaults",
        "bv-all",
        {"storageSettings": [{"datastoreType": "VaultStore", "type": "GeoRedundant"}]},
    )
    t.resource(backups, "backupInstances", "blobs", {"dataSourceInfo": {"resourceID": storage}}, None)
    account = t.resource(
        group,
        "Microsoft.CognitiveServices/accounts",
        "oai-all",
        {"disableLocalAuth": True},
        "swedencentral",
        kind="OpenAI",
    )
    t.resource(
        account,
        "deployments",
        "gpt",
        {"model": {"format": "OpenAI", "name": "gpt-4o", "version": "2024-08-06"}},
        None,
        sku={"name": "GlobalStandard", "capacity": 10},
    )
    t.resource(account, "deployments", "claims", {"model": {"format": "OpenAI", "name": "gpt-4o-mini-2024-07-18.ft-0a1b2c", "version": "1",
               "sourceAccount": account.replace("oai-all", "oai-far")}}, None, sku={"name": "Standard", "capacity": 1})  # fmt: skip
    identity = t.resource(
        group,
        "Microsoft.ManagedIdentity/userAssignedIdentities",
        "id-all",
        {"principalId": guid("sp", "id-all"), "clientId": guid("app", "id-all")},
    )
    t.service_principal("id-all", kind="ManagedIdentity", host=identity)
    t.resource(identity, "federatedIdentityCredentials", "gh", {"issuer": "https://token.actions.githubusercontent.com",
               "subject": "repo:fabrikam/ml:pull_request", "audiences": ["api://AzureADTokenExchange"]}, None)  # fmt: skip
    t.resource(identity, "federatedIdentityCredentials", "gh-any", {"issuer": "https://token.actions.githubusercontent.com", "subject": None,
               "claimsMatchingExpression": {"value": "claims['sub'] matches 'repo:fabrikam/*'", "languageVersion": 1},
               "audiences": ["api://AzureADTokenExchange"]}, None)  # fmt: skip


def _attached(t: Tenant, group: str, workspace: str) -> None:
    hosts: dict[str, tuple[str, str, dict[str, Any]]] = {
        "aks": ("Kubernetes", "Microsoft.ContainerService/managedClusters", {"kubernetesVersion": "1.30", "agentPoolProfiles": [
            {"name": "nodes", "vmSize": "STANDARD_DS3_V2", "count": 2, "enableAutoScaling": True, "minCount": 1, "maxCount": 5}]}),
        "arc": ("Kubernetes", "Microsoft.Kubernetes/connectedClusters", {"connectivityStatus": "Connected"}),
        "dbw-all": ("Databricks", "Microsoft.Databricks/workspaces", {"managedResourceGroupId": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-managed"}),
        "syn": ("SynapseSpark", "Microsoft.Synapse/workspaces", {"defaultDataLakeStorage": {"accountUrl": "https://stcopyall.dfs.core.windows.net"}}),
    }  # fmt: skip
    for name, (compute_type, arm_type, properties) in hosts.items():
        host = t.resource(
            group,
            arm_type,
            name,
            properties,
            "northeurope",
            identity={"type": "SystemAssigned, UserAssigned", "principalId": guid("sp", name)},
        )
        t.resource(
            workspace,
            "computes",
            name,
            {"computeType": compute_type, "isAttachedCompute": True, "resourceId": host.lower(), "properties": {}},
        )
    t.resource(group, "Microsoft.Network/privateEndpoints", "pe-mlw", {"privateLinkServiceConnections": [
        {"name": "x", "properties": {"privateLinkServiceId": workspace, "groupIds": ["amlworkspace"]}}]}, "northeurope")  # fmt: skip
    t.resource(group, "Microsoft.Web/sites", "app-all", {}, "global")  # of no kind of its own


def _governance(t: Tenant, subscription: str, group: str, workspace: str, storage: str) -> None:
    def extend(scope: str, type_: str, name: str, properties: dict[str, Any], **more: Any) -> None:
        t.document["resources"].append(
            {"id": f"{scope}/providers/{type_}/{name}", "name": name, "type": type_, "properties": properties, **more}
        )

    logged = {
        "workspaceId": f"{group}/providers/Microsoft.OperationalInsights/workspaces/log-all".lower(),
        "logs": [{"categoryGroup": "audit", "enabled": True}],
    }
    extend(workspace.lower(), "microsoft.insights/diagnosticSettings", "to-logs", logged)
    extend(f"{storage}/blobServices/default", "microsoft.insights/diagnosticSettings", "reads", logged)
    policy = {
        "displayName": "tags",
        "scope": subscription,
        "policyDefinitionId": "/providers/Microsoft.Authorization/policyDefinitions/p",
        "enforcementMode": "Default",
    }
    extend(
        subscription,
        "Microsoft.Authorization/policyAssignments",
        "tags",
        policy,
        identity={"type": "SystemAssigned", "principalId": guid("sp", "policy")},
        location=REGION,
    )
    delegated = {"principalId": guid("msp"), "roleDefinitionId": ROLES["Reader"][0], "principalIdDisplayName": "MSP"}
    extend(subscription, "Microsoft.ManagedServices/registrationAssignments", guid("delegation"), {"registrationDefinition": {
        "properties": {"managedByTenantId": guid("msp tenant"), "authorizations": [delegated]}}})  # fmt: skip
    extend(group, "Microsoft.Authorization/locks", "keep", {"level": "CanNotDelete"})
    told = {
        "Actual_80": {
            "enabled": True,
            "operator": "GreaterThan",
            "threshold": 80,
            "contactEmails": ["ada@fabrikam.example"],
        }
    }
    extend(
        subscription,
        "Microsoft.Consumption/budgets",
        "all",
        {"category": "Cost", "amount": 1000, "timeGrain": "Monthly", "notifications": told},
    )
    extend(group, "Microsoft.Consumption/budgets", "group", {"category": "Cost", "amount": 100})
    extend(
        subscription,
        "Microsoft.Authorization/classicAdministrators",
        guid("classic"),
        {"emailAddress": "ada@fabrikam.example", "role": "CoAdministrator"},
    )
    extend(group, "Microsoft.Authorization/roleManagementPolicyAssignments", f"{guid('pim')}_{ROLES['Owner'][0]}", {
        "scope": group, "roleDefinitionId": f"/providers/Microsoft.Authorization/roleDefinitions/{ROLES['Owner'][0]}", "effectiveRules": [
            {"id": "Expiration_EndUser_Assignment", "ruleType": "RoleManagementPolicyExpirationRule", "maximumDuration": "PT8H"},
            {"id": "Enablement_EndUser_Assignment", "ruleType": "RoleManagementPolicyEnablementRule", "enabledRules": ["MultiFactorAuthentication"]},
            {"id": "AuthenticationContext_EndUser_Assignment", "ruleType": "RoleManagementPolicyAuthenticationContextRule", "isEnabled": False, "claimValue": ""},
            {"id": "Approval_EndUser_Assignment", "ruleType": "RoleManagementPolicyApprovalRule", "setting": {"isApprovalRequired": True, "approvalStages": [
                {"primaryApprovers": [{"id": t.principals["grp-rule"], "description": "grp-rule", "isBackup": False, "userType": "Group"}]}]}}]})  # fmt: skip


def _rights(t: Tenant, subscription: str, group: str) -> None:
    t.assign("grp-data", "Storage Blob Data Reader", group)
    t.assign("sp-release", "Contoso ML Releaser", group, kind="ServicePrincipal")
    t.document["roleAssignments"][-1]["properties"]["createdBy"] = t.principals["ada"].upper()
    t.principals["policy"] = guid("sp", "policy")
    t.assign("policy", "Contributor", group, kind="ServicePrincipal")
    t.eligible("grp-data", "Owner", group)
    t.activated("ada", "Owner", group, of="grp-data")
    t.deny("managed", f"{subscription}/resourceGroups/rg-managed", ["*/write"], [])


def _quota(t: Tenant, subscription: str, workspace: str) -> None:
    t.usage(subscription, REGION, "Standard DSv2", 100, {workspace: 16}, {workspace: 50})
    place = f"{SUBSCRIPTION}/{REGION}"
    usages = t.document["usages"]
    usages["Microsoft.CognitiveServices"][place] = [
        {
            "name": {"value": "OpenAI.GlobalStandard.gpt-4o", "localizedValue": "x"},
            "currentValue": 10,
            "limit": 100,
            "unit": "Count",
        }
    ]
    usages["Microsoft.Compute"] = {
        place: [
            {
                "name": {"value": "standardDSv2Family", "localizedValue": "x"},
                "currentValue": 8,
                "limit": 100,
                "unit": "Count",
            }
        ]
    }
