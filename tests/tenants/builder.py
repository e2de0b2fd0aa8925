"""Builds tenant documents: ARM and Graph objects as those APIs return them, with the platform's own grants and quirks."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

ML = "Microsoft.MachineLearningServices/workspaces"
SYSTEM_STORES = {
    "workspaceblobstore": "AzureBlob", "workspacefilestore": "AzureFile", "workspaceartifactstore": "AzureBlob",
    "workspaceworkingdirectory": "AzureFile",
}  # fmt: skip
ROLES: Mapping[str, tuple[str, list[dict[str, Any]]]] = {
    # built-in roles, abbreviated to what decides here; GUIDs are Azure's
    "Owner": ("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", [{"actions": ["*"]}]),
    "Contributor": ("b24988ac-6180-42a0-ab88-20f7382dd24c", [{"actions": ["*"], "notActions": [
        "Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write", "Microsoft.Authorization/elevateAccess/Action"]}]),
    "Reader": ("acdd72a7-3385-48ef-bd42-f606fba81ae7", [{"actions": ["*/read"]}]),
    "User Access Administrator": ("18d7d88d-d35e-4fb5-a5c3-7773c20a72d9", [{"actions": ["*/read", "Microsoft.Authorization/*"]}]),
    "Storage Blob Data Reader": ("2a2b9908-6ea1-4ae2-8e65-a410df84e7d1", [{
        "actions": ["Microsoft.Storage/storageAccounts/blobServices/containers/read"],
        "dataActions": ["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"]}]),
    "Storage Blob Data Contributor": ("ba92f5b4-2d11-453d-a403-e96b0029c9fe", [{
        "actions": ["Microsoft.Storage/storageAccounts/blobServices/containers/*"],
        "dataActions": ["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/*"]}]),
    "Storage Account Contributor": ("17d1049b-9a84-46fb-8f53-869881c3d3ab", [{
        "actions": ["Microsoft.Authorization/*/read", "Microsoft.Storage/storageAccounts/*"]}]),
    "Azure AI Administrator": ("b78c5d69-af96-48a3-bf8d-a8b4d589de94", [{
        "actions": ["Microsoft.MachineLearningServices/*", "Microsoft.Storage/storageAccounts/*", "Microsoft.KeyVault/*"]}]),
    "AzureML Compute Operator": ("e503ece1-11d0-4e8e-8e2c-7a6c3bf38815", [{
        "actions": ["Microsoft.MachineLearningServices/workspaces/computes/*", "Microsoft.MachineLearningServices/workspaces/notebooks/vm/*"]}]),
    "AcrPull": ("7f951dda-4ed3-4680-a7ca-43fe172d538d", [{"actions": ["Microsoft.ContainerRegistry/registries/pull/read"]}]),
    # the organisation's own: what a job needs and no more
    "Contoso ML Trainer": ("c0000000-0000-4000-8000-000000000001", [{"actions": [
        f"{ML}/read", f"{ML}/*/read", f"{ML}/jobs/*", f"{ML}/computes/start/action", f"{ML}/data/versions/write", f"{ML}/models/versions/write"]}]),
    "Contoso ML Observer": ("c0000000-0000-4000-8000-000000000002", [{"actions": [f"{ML}/read", f"{ML}/*/read"]}]),
    "Contoso ML Operator": ("c0000000-0000-4000-8000-000000000003", [{"actions": [f"{ML}/read", f"{ML}/*/read", f"{ML}/computes/start/action",
        f"{ML}/computes/restart/action"]}]),
    "Contoso ML Releaser": ("c0000000-0000-4000-8000-000000000004", [{"actions": [
        f"{ML}/read", f"{ML}/*/read", f"{ML}/onlineEndpoints/write", f"{ML}/onlineEndpoints/deployments/write"]}]),
}  # fmt: skip


def guid(*parts: str) -> str:
    """The same words give the same GUID."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "contoso.example/" + "/".join(parts)))


@dataclass
class Tenant:
    """A tenant document in the making; every method adds and returns what others refer to."""

    tenant_id: str
    name: str
    domain: str
    document: dict[str, Any] = field(default_factory=dict)
    principals: dict[str, str] = field(default_factory=dict)
    roles: Mapping[str, tuple[str, list[dict[str, Any]]]] = field(default_factory=lambda: ROLES)

    def __post_init__(self) -> None:
        self.document.update({
            "tenant": {"tenantId": self.tenant_id, "displayName": self.name, "defaultDomain": self.domain},
            "managementGroups": [], "subscriptions": [], "resourceGroups": [], "resources": [], "roleAssignments": [],
            "roleDefinitions": [], "denyAssignments": [], "roleEligibilityScheduleInstances": [], "roleAssignmentScheduleInstances": [],
            "usages": {"Microsoft.MachineLearningServices": {}, "Microsoft.CognitiveServices": {}},
            "quotas": {"Microsoft.MachineLearningServices": {}},
            "vmSizes": {"*": [
                {"name": "STANDARD_DS3_V2", "family": "standardDSv2Family", "vCPUs": 4, "gpus": 0, "memoryGB": 14},
                {"name": "STANDARD_D4S_V5", "family": "standardDSv5Family", "vCPUs": 4, "gpus": 0, "memoryGB": 16},
                {"name": "STANDARD_NC24ADS_A100_V4", "family": "standardNCADSA100v4Family", "vCPUs": 24, "gpus": 1, "memoryGB": 220},
            ]},
            "graph": {"users": [], "groups": [], "servicePrincipals": [], "applications": []}, "faults": [],
        })  # fmt: skip
        for role, (role_id, permissions) in self.roles.items():
            blocks = [
                {"actions": [], "notActions": [], "dataActions": [], "notDataActions": [], **p} for p in permissions
            ]
            custom = "-0000-4000-8000-" in role_id  # as guids of our own are written
            self.document["roleDefinitions"].append({
                "id": f"/providers/Microsoft.Authorization/roleDefinitions/{role_id}", "name": role_id, "type": "Microsoft.Authorization/roleDefinitions",
                "properties": {"roleName": role, "type": "CustomRole" if custom else "BuiltInRole", "description": "", "assignableScopes": ["/"],
                               "permissions": blocks},
            })  # fmt: skip

    # -- scopes -------------------------------------------------------------------------------------------------------

    def management_group(self, name: str, parent: str | None = None) -> str:
        details = (
            {"parent": {"id": f"/providers/Microsoft.Management/managementGroups/{parent}", "name": parent}}
            if parent
            else {}
        )
        arm_id = f"/providers/Microsoft.Management/managementGroups/{name}"
        self.document["managementGroups"].append({
            "id": arm_id, "name": name, "type": "Microsoft.Management/managementGroups",
            "properties": {"tenantId": self.tenant_id, "displayName": name, "details": details},
        })  # fmt: skip
        return arm_id

    def subscription(self, name: str, object_id: str, group: str) -> str:
        arm_id = f"/subscriptions/{object_id}"
        self.document["subscriptions"].append({
            "id": arm_id, "subscriptionId": object_id, "displayName": name, "state": "Enabled", "tenantId": self.tenant_id,
            "authorizationSource": "RoleBased", "managedByTenants": [], "x-managementGroup": group,
        })  # fmt: skip
        return arm_id

    def group(
        self, subscription: str, name: str, tags: Mapping[str, str], location: str = "westeurope", **more: Any
    ) -> str:
        arm_id = f"{subscription}/resourceGroups/{name}"
        self.document["resourceGroups"].append({
            "id": arm_id, "name": name, "type": "Microsoft.Resources/resourceGroups", "location": location, "tags": dict(tags),
            "properties": {"provisioningState": "Succeeded"}, **more,
        })  # fmt: skip
        return arm_id

    def resource(self, parent: str, type_: str, name: str, properties: Mapping[str, Any] | None = None, location: str | None = "westeurope",
                 **more: Any) -> str:  # fmt: skip
        """A resource in a group, or a child when `parent` is a resource; `type_` is the last type's name then."""
        child = "/providers/" in parent
        arm_id = f"{parent}/{type_}/{name}" if child else f"{parent}/providers/{type_}/{name}"
        whole = arm_id.rpartition("/providers/")[2].split("/")
        body = {
            "id": arm_id,
            "name": name,
            "type": "/".join([whole[0], *whole[1::2]]),
            **more,
            "properties": dict(properties or {}),
        }
        if location:
            body["location"] = location
        self.document["resources"].append(body)
        return arm_id

    # -- principals ---------------------------------------------------------------------------------------------------

    def user(self, name: str, *, guest: bool = False, enabled: bool = True) -> str:
        object_id = guid("user", name)
        address = f"{name}_partner.example#EXT#@{self.domain}" if guest else f"{name}@{self.domain}"
        self.document["graph"]["users"].append({
            "id": object_id, "displayName": name.title(), "userPrincipalName": address, "userType": "Guest" if guest else "Member",
            "accountEnabled": enabled,
        })  # fmt: skip
        self.principals[name] = object_id
        return object_id

    def directory_group(self, name: str, members: Iterable[str], owners: Iterable[str] = (), **more: Any) -> str:
        object_id = guid("group", name)
        self.document["graph"]["groups"].append({
            "id": object_id, "displayName": name, "securityEnabled": True, "groupTypes": [], "membershipRule": None, "isAssignableToRole": None,
            "onPremisesSyncEnabled": None, "visibility": None, **more, "x-members": [self.principals[m] for m in members],
            "x-owners": [self.principals[o] for o in owners],
        })  # fmt: skip
        self.principals[name] = object_id
        return object_id

    def service_principal(
        self, name: str, *, kind: str = "Application", owner: str | None = None, host: str | None = None
    ) -> str:
        object_id = guid("sp", name)
        names = [f"isExplicit={'userAssignedIdentities' in host}", host] if host else []
        self.document["graph"]["servicePrincipals"].append({
            "id": object_id, "appId": guid("app", name), "displayName": name, "servicePrincipalType": kind, "alternativeNames": names,
            "accountEnabled": True, "appOwnerOrganizationId": owner or (None if kind == "ManagedIdentity" else self.tenant_id),
        })  # fmt: skip
        self.principals[name] = object_id
        return object_id

    def application(self, name: str, subjects: Iterable[str] = (), owners: Iterable[str] = ()) -> str:
        """The application of a service principal, without secrets; `subjects` of GitHub may sign in as it."""
        object_id = guid("application", name)
        self.document["graph"]["applications"].append({
            "id": object_id, "appId": guid("app", name), "displayName": name, "signInAudience": "AzureADMyOrg", "passwordCredentials": [],
            "keyCredentials": [], "x-owners": [self.principals[o] for o in owners],
            "x-federatedIdentityCredentials": [{
                "id": guid("fic", name, subject), "name": subject.rpartition(":")[2], "issuer": "https://token.actions.githubusercontent.com",
                "subject": subject, "audiences": ["api://AzureADTokenExchange"]} for subject in subjects],
        })  # fmt: skip
        return object_id

    def system_identity(self, host: str, name: str) -> dict[str, str]:
        """The `identity` of a resource, and its service principal."""
        object_id = self.service_principal(name, kind="ManagedIdentity", host=host)
        return {"type": "SystemAssigned", "principalId": object_id, "tenantId": self.tenant_id}

    # -- rights -------------------------------------------------------------------------------------------------------

    def assign(self, who: str, role: str, scope: str, *, kind: str = "Group", condition: str | None = None) -> str:
        """A standing assignment; returns the key reports use for it."""
        facts = self._assignment(who, role, scope, kind, condition)
        name = guid("assignment", who, role, scope)
        self.document["roleAssignments"].append({
            "id": f"{scope.rstrip('/')}/providers/Microsoft.Authorization/roleAssignments/{name}", "name": name,
            "type": "Microsoft.Authorization/roleAssignments", "properties": facts,
        })  # fmt: skip
        return f"grant:{self.principals[who]}|{self.roles[role][0]}|{scope.lower()}"

    def eligible(self, who: str, role: str, scope: str, *, kind: str = "Group") -> None:
        self._instance(
            "roleEligibilityScheduleInstances",
            who,
            {**self._assignment(who, role, scope, kind, None), "memberType": "Direct", "status": "Provisioned"},
        )

    def activated(self, who: str, role: str, scope: str, *, of: str) -> None:
        """What an activation leaves for some hours: an ordinary assignment, and PIM's word that it is none.

        `of` is the group whose eligibility was activated.
        """
        self.assign(who, role, scope, kind="User")
        facts = self._assignment(who, role, scope, "User", None)
        source = guid("roleEligibilityScheduleInstances", of, str(facts["roleDefinitionId"]), scope)
        self._instance("roleAssignmentScheduleInstances", who, {**facts, "assignmentType": "Activated", "memberType": "Group",
                       "endDateTime": "2026-11-24T18:00:00Z", "linkedRoleEligibilityScheduleInstanceId": f"{scope}/providers/Microsoft.Authorization/roleEligibilityScheduleInstances/{source}"})  # fmt: skip

    def activation(
        self, role: str, scope: str, *, hours: int = 8, mfa: bool = True, approvers: Iterable[str] = ()
    ) -> None:
        """What PIM asks of whoever activates a role at a scope."""
        stage = [
            {"id": self.principals[a], "description": a, "isBackup": False, "userType": "Group"} for a in approvers
        ]
        role_id = self.roles[role][0]
        type_ = "Microsoft.Authorization/roleManagementPolicyAssignments"
        name = f"{guid('pim', scope)}_{role_id}"
        self.document["resources"].append({"id": f"{scope}/providers/{type_}/{name}", "name": name, "type": type_, "properties": {
            "scope": scope, "roleDefinitionId": f"/providers/Microsoft.Authorization/roleDefinitions/{role_id}", "effectiveRules": [
                {"id": "Expiration_EndUser_Assignment", "ruleType": "RoleManagementPolicyExpirationRule", "maximumDuration": f"PT{hours}H"},
                {"id": "Enablement_EndUser_Assignment", "ruleType": "RoleManagementPolicyEnablementRule",
                 "enabledRules": ["Justification", *(["MultiFactorAuthentication"] if mfa else [])]},
                {"id": "Approval_EndUser_Assignment", "ruleType": "RoleManagementPolicyApprovalRule", "setting": {
                    "isApprovalRequired": bool(stage), "approvalStages": [{"primaryApprovers": stage}]}}]}})  # fmt: skip

    def _instance(self, array: str, who: str, facts: Mapping[str, Any]) -> None:
        name = guid(array, who, str(facts["roleDefinitionId"]), str(facts["scope"]))
        scope = str(facts["scope"]).rstrip("/")
        self.document[array].append({
            "id": f"{scope}/providers/Microsoft.Authorization/{array}/{name}", "name": name, "type": f"Microsoft.Authorization/{array}", "properties": dict(facts)
        })  # fmt: skip

    def _assignment(self, who: str, role: str, scope: str, kind: str, condition: str | None) -> dict[str, Any]:
        facts = {
            "scope": scope, "roleDefinitionId": f"/providers/Microsoft.Authorization/roleDefinitions/{self.roles[role][0]}",
            "principalId": self.principals[who], "principalType": kind, "createdOn": "2025-02-03T10:00:00Z",
        }  # fmt: skip
        return {**facts, "condition": condition, "conditionVersion": "2.0"} if condition else facts

    def deny(self, name: str, scope: str, actions: list[str], data_actions: list[str]) -> None:
        self.document["denyAssignments"].append({
            "id": f"{scope}/providers/Microsoft.Authorization/denyAssignments/{guid('deny', name)}", "name": guid("deny", name),
            "type": "Microsoft.Authorization/denyAssignments",
            "properties": {
                "denyAssignmentName": name, "scope": scope, "doNotApplyToChildScopes": False, "isSystemProtected": True,
                "principals": [{"id": "00000000-0000-0000-0000-000000000000", "type": "SystemDefined"}], "excludePrincipals": [],
                "permissions": [{"actions": actions, "notActions": [], "dataActions": data_actions, "notDataActions": []}],
            },
        })  # fmt: skip

    # -- quota --------------------------------------------------------------------------------------------------------

    def usage(
        self,
        subscription: str,
        region: str,
        family: str,
        limit: int,
        used: Mapping[str, int],
        caps: Mapping[str, int] | None = None,
    ) -> None:
        """Family, region total and workspace rows of one usage answer, and the caps of the quota answer."""
        place = f"{subscription.rpartition('/')[2]}/{region}"
        name = {
            "value": f"{family} Family Cluster Dedicated vCPUs",
            "localizedValue": f"{family} Family Cluster Dedicated vCPUs",
        }
        slug = f"{family.replace(' ', '_')}_Family_Cluster_Dedicated_vCPUs"
        rows = self.document["usages"]["Microsoft.MachineLearningServices"].setdefault(place, [])
        kind = "Microsoft.MachineLearningServices/"
        if not rows:
            rows.append({"id": f"{subscription}/usages", "type": f"{kind}totalCores/usages", "unit": "Count", "currentValue": 5, "limit": 500,
                         "name": {"value": "Clusters", "localizedValue": "Clusters"}})  # fmt: skip
        rows.append({"id": f"{subscription}/usages/{slug}", "type": f"{kind}vmFamily/usages", "unit": "Count", "currentValue": sum(used.values()),
                     "limit": limit, "name": name})  # fmt: skip
        for workspace, amount in used.items():
            rows.append({"id": f"{workspace}/usages/{slug}", "type": f"{kind}workspaces/usages", "unit": "Count", "currentValue": amount,
                         "limit": -1, "name": name})  # fmt: skip
        quotas = self.document["quotas"]["Microsoft.MachineLearningServices"].setdefault(place, [])
        for workspace, cap in (caps or {}).items():
            quotas.append(
                {
                    "id": f"{workspace}/quotas/{slug}",
                    "type": f"{kind}workspaces/quotas",
                    "unit": "Count",
                    "limit": cap,
                    "name": name,
                }
            )

    # -- a workspace with all it stands on ----------------------------------------------------------------------------

    def workspace(self, group: str, name: str, *, registry: str, insights_workspace: str, location: str = "westeurope", vault: str | None = None,
                  vault_location: str | None = None, public: str | None = "Disabled", tags: Mapping[str, str] | None = None) -> dict[str, str]:  # fmt: skip
        """Workspace, account, vault, insights, system datastores, and what Azure grants its identity. Returns ids by part."""
        short = name.removeprefix("mlw-").replace("-", "")
        storage = self.account(group, f"st{short}", location=location)
        if vault is None:
            vault = self.resource(group, "Microsoft.KeyVault/vaults", f"kv-{name.removeprefix('mlw-')}",
                                  {"enableRbacAuthorization": True, "publicNetworkAccess": "Disabled"}, vault_location or location)  # fmt: skip
        insights = self.resource(group, "Microsoft.Insights/components", f"appi-{name.removeprefix('mlw-')}", {
            "WorkspaceResourceId": insights_workspace.replace("resourceGroups", "resourcegroups"), "InstrumentationKey": guid("key", name),
            "ConnectionString": f"InstrumentationKey={guid('key', name)}"}, location, kind="web")  # fmt: skip
        arm_id = f"{group}/providers/{ML}/{name}"
        identity = self.system_identity(arm_id, name)
        properties: dict[str, Any] = {
            "friendlyName": name, "workspaceId": guid("workspace", name), "storageAccount": storage.replace("resourceGroups", "resourcegroups").lower(),
            "keyVault": vault.lower(), "applicationInsights": insights.lower(), "containerRegistry": registry, "systemDatastoresAuthMode": "Identity",
            "managedNetwork": {"isolationMode": "AllowOnlyApprovedOutbound"}, "provisioningState": "Succeeded",
        }  # fmt: skip
        if public:
            properties["publicNetworkAccess"] = public
        self.resource(
            group,
            ML,
            name,
            properties,
            location.replace("westeurope", "West Europe"),
            kind="Default",
            identity=identity,
            tags=dict(tags or {}),
        )
        for store, kind in SYSTEM_STORES.items():
            self.datastore(arm_id, store, storage, kind=kind)
        self.assign(name, "Azure AI Administrator", group, kind="ServicePrincipal")
        self.assign(name, "Storage Blob Data Contributor", storage, kind="ServicePrincipal")
        return {"workspace": arm_id, "storage": storage, "vault": vault, "insights": insights}

    def account(self, group: str, name: str, *, location: str = "westeurope", sku: str = "Standard_LRS", tags: Mapping[str, str] | None = None,
                keys: bool | None = False, secondary: str | None = None) -> str:  # fmt: skip
        properties: dict[str, Any] = {"primaryLocation": location, "provisioningState": "Succeeded", "allowBlobPublicAccess": False,
                                      "supportsHttpsTrafficOnly": True, "publicNetworkAccess": "Disabled"}  # fmt: skip
        if keys is not None:  # somebody has looked at its settings; else it is as Azure makes it
            properties |= {
                "allowSharedKeyAccess": keys,
                "allowedCopyScope": "AAD",
                "allowCrossTenantReplication": False,
            }
        if secondary:
            properties["secondaryLocation"] = secondary
        return self.resource(group, "Microsoft.Storage/storageAccounts", name, properties, location, sku={"name": sku, "tier": "Standard"},
                             kind="StorageV2", tags=dict(tags or {}))  # fmt: skip

    def datastore(
        self, workspace: str, name: str, account: str, *, kind: str = "AzureBlob", credential: str = "None"
    ) -> str:
        parts = account.split("/")
        return self.resource(workspace, "datastores", name, {
            "datastoreType": kind, "accountName": parts[-1], "containerName": "data", "subscriptionId": parts[2], "resourceGroup": parts[4],
            "credentials": {"credentialsType": credential}, "isDefault": name == "workspaceblobstore"}, None)  # fmt: skip

    def cluster(self, workspace: str, name: str, size: str, nodes: int, location: str = "westeurope") -> str:
        return self.resource(workspace, "computes", name, {
            "computeType": "AmlCompute", "computeLocation": location, "disableLocalAuth": True, "provisioningState": "Succeeded",
            "properties": {"vmSize": size, "vmPriority": "Dedicated", "scaleSettings": {"minNodeCount": 0, "maxNodeCount": nodes}}}, location)  # fmt: skip

    def endpoint(
        self,
        workspace: str,
        name: str,
        model: str,
        size: str,
        instances: int,
        storage: str,
        registry: str,
        location: str = "westeurope",
    ) -> str:
        arm_id = f"{workspace}/onlineEndpoints/{name}"
        identity = self.system_identity(arm_id, name)
        self.resource(workspace, "onlineEndpoints", name, {"authMode": "AADToken", "publicNetworkAccess": "Disabled", "traffic": {"blue": 100}}, location,
                      kind="Managed", identity=identity)  # fmt: skip
        self.resource(arm_id, "deployments", "blue", {
            "endpointComputeType": "Managed", "instanceType": size, "model": model, "environmentVariables": {"LOG_LEVEL": "info"},
            "scaleSettings": {"scaleType": "Default"}}, location, sku={"name": "Default", "capacity": instances}, kind="Managed")  # fmt: skip
        self.assign(name, "AcrPull", registry, kind="ServicePrincipal")
        self.assign(name, "Storage Blob Data Reader", storage, kind="ServicePrincipal")
        return arm_id
