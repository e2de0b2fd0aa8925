"""No secret is kept: canaries in every secret-bearing property, through the whole pipeline into every output."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner import redact as redact_
from scanner.collect import Secret, Settings, run
from scanner.redact import REDACTED, pseudonymise, redact
from scanner.render import json_report, sarif, text
from scanner.simulator import Simulator
from scanner.snapshot import from_records, record, write
from tests.support.scan import report_of, scenario, tenant

BASE_MODEL = "azureml://registries/azureml-meta/models/Llama/versions/2"
CANARY = "CaNaRy0123456789"
BODIES: list[dict[str, Any]] = [
    {"properties": {"InstrumentationKey": CANARY, "ConnectionString": f"InstrumentationKey={CANARY}"}},
    {"properties": {"properties": {"relayConnectionString": CANARY, "serviceBusConnectionString": CANARY}}},
    {"properties": {"environmentVariables": {"ANY_NAME": CANARY, "nested": {"deep": CANARY}}}},
    {"properties": {"jobs": {"step": {"environmentVariables": {"X": CANARY}}}}},
    {"properties": {"credentials": {"credentialsType": "AccountKey", "secrets": {"key": CANARY}, "clientSecret": CANARY}}},
    {"properties": {"credentials": {"keys": {"any": CANARY}, "pat": CANARY}, "authType": "CustomKeys"}},
    {"properties": {"uri": f"https://a.blob.core.windows.net/c/p?sv=2020&sig={CANARY}"}},
    {"properties": {"inputs": {"x": {"uri": f"https://a.blob.core.windows.net/c?sp=r&sig={CANARY}&se=1"}}}},
    {"properties": {"value": f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={CANARY};"}},
    {"properties": {"adminPassword": CANARY, "databricksAccessToken": CANARY, "sasToken": CANARY, "primaryKey": CANARY, "sharedAccessKey": CANARY}},
    {"properties": {"sasDefinition": {"sas": CANARY}, "privateKey": CANARY, "certificate": CANARY, "apiKey": CANARY, "accessToken": CANARY}},
    {"properties": {"keys": None, "list": [{"password": CANARY}, {"connectionString": CANARY}]}},
]  # fmt: skip


_GROUP = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers"
_WS = f"{_GROUP}/Microsoft.MachineLearningServices/workspaces/w"
_STEP = {
    "type": "command", "componentId": "c", "computeId": f"{_WS}/computes/gpu", "command": f"python x.py --key {CANARY}",
    "environment_variables": {"WANDB": CANARY}, "identity": {"identity_type": "managed", "client_id": "i"},
    "inputs": {"raw": {"job_input_type": "uri_folder", "uri": f"https://a.blob.core.windows.net/c?sig={CANARY}"},
               "bound": {"job_input_type": "literal", "value": "${{parent.inputs.raw}}"}, "plain": {"job_input_type": "literal", "value": CANARY}, "bare": CANARY},
    "outputs": {"model": {"jobOutputType": "custom_model", "uri": "azureml://datastores/d/paths/m"}}, "anything": {"else": [CANARY]},
}  # fmt: skip
_PIPELINE = {
    "jobType": "Pipeline", "computeId": None, "status": "Completed", "description": CANARY, "settings": {"default_compute": "c", "other": CANARY},
    "jobs": {"train": _STEP}, "properties": {"azureml.parentRunId": "p1", "mine": CANARY, "baseModelId": BASE_MODEL}, "environmentVariables": {"A": CANARY},
}  # fmt: skip
# (id, what carries the canary, what must survive of the properties)
SECRETS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "job": (f"{_WS}/jobs/j", _PIPELINE, {"jobType": "Pipeline", "status": "Completed"}),
    "spark job": (f"{_WS}/jobs/j", {"jobType": "Spark", "conf": {"spark.hadoop.fs.azure.account.key.a": CANARY}, "args": CANARY}, {"jobType": "Spark"}),
    "schedule": (f"{_WS}/schedules/s", {"isEnabled": True, "action": {"actionType": "CreateJob", "jobDefinition": _PIPELINE}}, {"isEnabled": True}),
    "batch schedule": (f"{_WS}/schedules/s", {"action": {"actionType": "InvokeBatchEndpoint", "endpointInvocationDefinition": {"x": {"y": CANARY}}}}, {}),
    "online deployment": (
        f"{_WS}/onlineEndpoints/e/deployments/blue",
        {"environmentVariables": {"A": CANARY, "B": {"value": CANARY}}, "properties": {"p": CANARY}, "instanceType": "s", "egressPublicNetworkAccess": "Disabled",
         "dataCollector": {"collections": {"in": {"dataId": "azureml:d:1", "dataCollectionMode": "Enabled"}}}},
        {"instanceType": "s", "egressPublicNetworkAccess": "Disabled", "dataCollector": {"collections": {"in": {"dataId": "azureml:d:1", "dataCollectionMode": "Enabled"}}}},
    ),
    "batch deployment": (f"{_WS}/batchEndpoints/e/deployments/b", {"environmentVariables": {"A": CANARY}, "compute": "c", "model": {"assetId": "m"}},
                         {"compute": "c", "model": {"assetId": "m"}}),
    "kubernetes compute": (
        f"{_WS}/computes/k", {"computeType": "Kubernetes", "resourceId": "r", "properties": {"relayConnectionString": CANARY, "serviceBusConnectionString": CANARY, "namespace": "n"}},
        {"computeType": "Kubernetes", "resourceId": "r"}),
    "compute instance": (
        f"{_WS}/computes/i", {"computeType": "ComputeInstance", "properties": {
            "setupScripts": {"scripts": {"creationScript": {"scriptSource": "inline", "scriptData": CANARY, "scriptArguments": CANARY}}},
            "customServices": [{"name": "x", "environmentVariables": {"A": {"type": "local", "value": CANARY}}}],
            "userAccountCredentials": {"adminUserName": "u", "adminUserPassword": CANARY, "adminUserSshPublicKey": CANARY},
            "sshSettings": {"sshPublicAccess": "Enabled", "adminPublicKey": CANARY}, "schedules": {"computeStartStop": [{"status": "Enabled"}]},
            "createdBy": {"userId": "o", "userName": CANARY}}},
        {"computeType": "ComputeInstance"}),
    "virtual machine": (f"{_WS}/computes/v", {"computeType": "VirtualMachine", "properties": {"administratorAccount": {"username": "u", "password": CANARY, "privateKeyData": CANARY}}},
                        {"computeType": "VirtualMachine"}),
    "endpoint": (f"{_WS}/onlineEndpoints/e", {"authMode": "Key", "keys": {"primaryKey": CANARY, "other": CANARY}}, {"authMode": "Key"}),
    "serverless endpoint": (f"{_WS}/serverlessEndpoints/e", {"authMode": "Key", "inferenceEndpoint": {"uri": "https://h/x", "headers": {"any": CANARY}}}, {"authMode": "Key"}),
    "workspace": (_WS, {"notebookInfo": {"notebookAccessToken": CANARY}, "storageAccount": "s"}, {"storageAccount": "s"}),
    "keys of a search service": (f"{_GROUP}/Microsoft.Search/searchServices/s", {"primaryKey": CANARY, "queryKeys": [{"name": "n", "key": CANARY}]}, {}),
    "storage account": (f"{_GROUP}/Microsoft.Storage/storageAccounts/s", {"keys": [{"keyName": "key1", "value": CANARY}], "allowSharedKeyAccess": False}, {"allowSharedKeyAccess": False}),
    "databricks compute": (f"{_WS}/computes/d", {"computeType": "Databricks", "properties": {"databricksAccessToken": CANARY, "workspaceUrl": "w"}}, {"computeType": "Databricks"}),
    "aks compute": (f"{_WS}/computes/a", {"computeType": "AKS", "properties": {"sslConfiguration": {"cert": CANARY, "key": CANARY, "status": "Enabled"}}}, {"computeType": "AKS"}),
    "datastore": (
        f"{_WS}/datastores/d", {"datastoreType": "AzureBlob", "accountName": "a", "credentials": {"credentialsType": "Sas", "secrets": {"sasToken": CANARY, "key": CANARY}, "sasToken": CANARY}},
        {"datastoreType": "AzureBlob", "accountName": "a"}),
    "connection": (
        f"{_WS}/connections/c", {"authType": "CustomKeys", "category": "S3", "target": f"https://u:{CANARY}@h/x", "credentials": {"keys": {"k": CANARY}},
                                 "metadata": {"ResourceId": "/subscriptions/x", "ApiType": "Azure", "note": CANARY}},
        {"authType": "CustomKeys", "category": "S3"}),
    "application insights": (f"{_GROUP}/Microsoft.Insights/components/a", {"InstrumentationKey": CANARY, "ConnectionString": CANARY, "AppId": CANARY, "WorkspaceResourceId": "w"},
                             {"WorkspaceResourceId": "w"}),
    "diagnostic setting": (f"{_WS}/providers/microsoft.insights/diagnosticSettings/d", {"workspaceId": "w", "anything": CANARY, "logs": [{"category": "Audit", "enabled": True}]},
                           {"workspaceId": "w", "logs": [{"category": "Audit", "enabled": True}]}),
    "registry token": (
        f"{_GROUP}/Microsoft.ContainerRegistry/registries/r/tokens/t",
        {"scopeMapId": "s", "status": "enabled", "credentials": {"passwords": [{"name": "password1", "expiry": "2027-01-01", "value": CANARY}], "certificates": [{"encodedPemCertificate": CANARY}]}},
        {"scopeMapId": "s", "status": "enabled"}),
    "registry task": (
        f"{_GROUP}/Microsoft.ContainerRegistry/registries/r/tasks/t",
        {"status": "Enabled", "step": {"contextAccessToken": CANARY, "contextPath": f"https://{CANARY}@github.com/x", "values": [{"name": "A", "value": CANARY, "isSecret": False}]},
         "credentials": {"customRegistries": {"x": {"password": {"value": CANARY}}}}, "trigger": {"sourceTriggers": [{"sourceRepository": {"sourceControlAuthProperties": {"token": CANARY}}}]}},
        {"status": "Enabled"}),
    "local user": (f"{_GROUP}/Microsoft.Storage/storageAccounts/a/localUsers/u", {"hasSshPassword": True, "hasSharedKey": True, "sshAuthorizedKeys": [{"key": CANARY}], "sshPassword": CANARY},
                   {"hasSshPassword": True, "hasSharedKey": True}),
    "cosmos account": (
        f"{_GROUP}/Microsoft.DocumentDB/databaseAccounts/c",
        {"primaryMasterKey": CANARY, "secondaryReadonlyMasterKey": CANARY, "connectionStrings": [{"connectionString": CANARY}], "keysMetadata": {"primaryMasterKey": {"generationTime": "t"}},
         "locations": [{"locationName": "West Europe"}]},
        {"locations": [{"locationName": "West Europe"}], "keysMetadata": {"primaryMasterKey": {"generationTime": "t"}}}),
    "model account": (f"{_GROUP}/Microsoft.CognitiveServices/accounts/a", {"apiProperties": {"qnaAzureSearchEndpointKey": CANARY, "eventHubConnectionString": CANARY}, "disableLocalAuth": True},
                      {"disableLocalAuth": True}),
    "policy assignment": (f"{_GROUP}/Microsoft.Authorization/policyAssignments/p", {"parameters": {"adminPassword": {"value": CANARY}, "allowed": {"value": ["westeurope"]}}, "scope": "s"}, {"scope": "s"}),
    "aks cluster": (f"{_GROUP}/Microsoft.ContainerService/managedClusters/k", {"servicePrincipalProfile": {"clientId": "c", "secret": CANARY}, "windowsProfile": {"adminPassword": CANARY}}, {}),
    "key vault": (
        f"{_GROUP}/Microsoft.KeyVault/vaults/v", {"accessPolicies": [{"objectId": "o", "tenantId": "t", "permissions": {"secrets": ["get"], "keys": []}}], "secretValue": CANARY},
        {"accessPolicies": [{"objectId": "o", "tenantId": "t", "permissions": {"secrets": ["get"], "keys": []}}]}),
    "sql server": (f"{_GROUP}/Microsoft.Sql/servers/s", {"administratorLoginPassword": CANARY, "administrators": {"azureADOnlyAuthentication": True}},
                   {"administrators": {"azureADOnlyAuthentication": True}}),
    "postgresql server": (
        f"{_GROUP}/Microsoft.DBforPostgreSQL/flexibleServers/p", {"administratorLoginPassword": CANARY, "authConfig": {"passwordAuth": "Disabled"}, "network": {"publicNetworkAccess": "Disabled"}},
        {"authConfig": {"passwordAuth": "Disabled"}, "network": {"publicNetworkAccess": "Disabled"}}),
    "search service": (f"{_GROUP}/Microsoft.Search/searchServices/s", {"disableLocalAuth": True, "publicNetworkAccess": "disabled", "adminKey": CANARY, "apiKey": CANARY},
                       {"disableLocalAuth": True, "publicNetworkAccess": "disabled"}),
    "federated credential": (
        f"{_GROUP}/Microsoft.ManagedIdentity/userAssignedIdentities/i/federatedIdentityCredentials/f",
        {"issuer": "https://i", "subject": "repo:o/r:pull_request", "claimsMatchingExpression": {"value": "claims['sub'] matches 'repo:o/*'"}, "clientSecret": CANARY},
        {"issuer": "https://i", "subject": "repo:o/r:pull_request", "claimsMatchingExpression": {"value": "claims['sub'] matches 'repo:o/*'"}}),
    "rules of activation": (
        f"{_GROUP}/Microsoft.Authorization/roleManagementPolicyAssignments/p",
        {"scope": "s", "roleDefinitionId": "r", "accessToken": CANARY, "effectiveRules": [{"id": "Enablement_EndUser_Assignment", "enabledRules": ["MultiFactorAuthentication"]}]},
        {"scope": "s", "roleDefinitionId": "r", "effectiveRules": [{"id": "Enablement_EndUser_Assignment", "enabledRules": ["MultiFactorAuthentication"]}]}),
    "values": (f"{_GROUP}/Microsoft.Web/sites/x", {
        "a": f"https://u:{CANARY}@h/x", "b": f"-----BEGIN RSA PRIVATE KEY-----{CANARY}", "c": f"eyJhbGciOiJIUzI1NiJ9.eyJ{CANARY}", "d": f"DefaultEndpointsProtocol=https;AccountKey={CANARY}",
        "e": f"https://a.blob.core.windows.net/c?sv=1&sig={CANARY}", "f": f"Server=x;Password={CANARY}"}, {}),
}  # fmt: skip


@pytest.mark.parametrize("name", SECRETS)
def test_no_type_known_to_carry_secrets_lets_one_through(name: str) -> None:
    arm_id, properties, kept = SECRETS[name]
    body = {"id": arm_id, "name": "n", "tags": {"env": "prod"}, "location": "westeurope", "properties": properties}
    left = redact(json.dumps(body).encode())
    assert CANARY.encode() not in left
    found = json.loads(left)
    assert {key: found[key] for key in ("id", "name", "tags", "location")} == {
        key: body[key] for key in ("id", "name", "tags", "location")
    }
    assert {key: found["properties"][key] for key in kept} == kept


def test_what_rules_need_of_a_pipeline_survives_however_deep_it_lies() -> None:
    for arm_id, wrap in (
        (f"{_WS}/jobs/j", lambda p: p),
        (f"{_WS}/schedules/s", lambda p: {"action": {"jobDefinition": p}}),
    ):
        left = json.loads(redact(json.dumps({"id": arm_id, "properties": wrap(_PIPELINE)}).encode()))["properties"]
        pipeline = left.get("action", {}).get("jobDefinition", left)
        step = pipeline["jobs"]["train"]
        assert step["computeId"] == _STEP["computeId"] and step["identity"] == _STEP["identity"]
        assert step["inputs"]["raw"]["uri"] == f"https://a.blob.core.windows.net/c?{REDACTED}"
        assert step["inputs"]["bound"]["value"] == "${{parent.inputs.raw}}" and step["outputs"] == _STEP["outputs"]
        assert step["environment_variables"] == {"WANDB": REDACTED}
        assert pipeline["properties"] == {"azureml.parentRunId": "p1", "mine": REDACTED, "baseModelId": BASE_MODEL}


def test_of_an_applications_credentials_only_what_they_are_and_when_they_end_is_kept() -> None:
    whole = {
        "id": "a", "appId": "b", "displayName": "release",
        "passwordCredentials": [{"keyId": "k", "endDateTime": "2027-01-01T00:00:00Z", "secretText": CANARY, "hint": CANARY[:3], "displayName": CANARY}],
        "keyCredentials": [{"keyId": "l", "type": "AsymmetricX509Cert", "usage": "Verify", "endDateTime": "2026-12-01T00:00:00Z", "key": CANARY, "customKeyIdentifier": CANARY}],
    }  # fmt: skip
    assert json.loads(redact(json.dumps(whole).encode())) == {
        "id": "a", "appId": "b", "displayName": "release", "passwordCredentials": [{"keyId": "k", "endDateTime": "2027-01-01T00:00:00Z"}],
        "keyCredentials": [{"keyId": "l", "type": "AsymmetricX509Cert", "usage": "Verify", "endDateTime": "2026-12-01T00:00:00Z"}],
    }  # fmt: skip


def test_how_a_stored_credential_signs_in_is_kept_and_so_are_the_ends_of_a_registrys_tokens() -> None:
    store = {"credentialsType": "ServicePrincipal", "clientId": "c", "tenantId": "t", "clientSecret": CANARY}
    left = json.loads(redact(json.dumps({"id": f"{_WS}/datastores/d", "properties": {"credentials": store}}).encode()))
    assert left["properties"]["credentials"] == {**store, "clientSecret": REDACTED}
    arm_id, properties, _ = SECRETS["registry token"]
    left = json.loads(redact(json.dumps({"id": arm_id, "properties": properties}).encode()))
    (password,) = left["properties"]["credentials"]["passwords"]
    assert password == {"name": "password1", "expiry": "2027-01-01", "value": REDACTED}


def test_whose_an_instance_is_and_how_it_is_entered_is_kept_and_who_made_it_by_id_alone() -> None:
    details = {
        "sshSettings": {"sshPublicAccess": "Enabled"}, "idleTimeBeforeShutdown": "PT60M", "createdBy": {"userId": "o", "userName": "Grace"},
        "personalComputeInstanceSettings": {"assignedUser": {"objectId": "a", "tenantId": "t"}},
    }  # fmt: skip
    body = {
        "id": f"{_WS}/computes/i",
        "properties": {"computeType": "ComputeInstance", "disableLocalAuth": False, "properties": details},
    }
    left = json.loads(redact(json.dumps(body).encode()))["properties"]
    assert left["disableLocalAuth"] is False
    assert left["properties"] == {**details, "createdBy": {"userId": "o", "userName": REDACTED}}


@pytest.mark.parametrize(
    ("child", "facts"),
    [
        ("datastores/d", {"serviceDataAccessAuthIdentity": "WorkspaceSystemAssignedIdentity"}),
        ("connections/c", {"authType": "ServicePrincipal", "target": "t"}),
    ],
)
def test_as_whom_a_workspace_signs_in_elsewhere_is_kept(child: str, facts: dict[str, str]) -> None:
    how = {"clientId": "c", "tenantId": "t", "clientSecret": CANARY}
    body = {"id": f"{_WS}/{child}", "properties": {**facts, "credentials": how}}
    left = json.loads(redact(json.dumps(body).encode()))["properties"]
    assert left == {**facts, "credentials": {**how, "clientSecret": REDACTED}}


@pytest.mark.parametrize("body", BODIES, ids=lambda b: next(iter(b["properties"])))
def test_no_secret_survives(body: dict[str, Any]) -> None:
    assert CANARY.encode() not in redact(json.dumps(body).encode())


def test_what_rules_need_is_kept() -> None:
    kept = {
        "id": "/x", "properties": {
            "allowSharedKeyAccess": False, "keyVault": "/subscriptions/s/x", "disableLocalAuth": True, "authMode": "Key", "keyPolicy": {"keyExpirationPeriodInDays": 3},
            "credentials": {"credentialsType": "ServicePrincipal", "tenantId": "t"}, "systemDatastoresAuthMode": "Identity", "principalId": "p",
            "isAssignableToRole": True, "accessPolicies": [{"objectId": "o", "permissions": {"secrets": ["get"]}}],
        },
    }  # fmt: skip
    assert json.loads(redact(json.dumps(kept).encode())) == kept


def test_where_data_is_stays_when_the_signature_goes() -> None:
    body = json.loads(redact(b'{"properties": {"dataUri": "https://acc.blob.core.windows.net/c/p?sv=1&sig=abc"}}'))
    assert body["properties"]["dataUri"] == f"https://acc.blob.core.windows.net/c/p?{REDACTED}"


def test_canaries_reach_neither_snapshot_nor_logs_nor_outputs(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    document = tenant("contoso")
    for resource in document["resources"]:
        kind = resource["type"].lower()
        properties = resource["properties"]
        if kind.endswith("/connections"):
            properties["credentials"] = {"key": CANARY, "clientId": "c"}
        elif kind.endswith("/datastores"):
            properties["credentials"]["secrets"] = {"key": CANARY, "sasToken": CANARY}
        elif kind.endswith(("/deployments", "/jobs")):
            properties["environmentVariables"] = {"TOKEN": CANARY, "PLAIN": CANARY}
        elif kind.endswith("/components"):
            properties.update(InstrumentationKey=CANARY, ConnectionString=f"InstrumentationKey={CANARY};x")
        elif kind.endswith("/computes"):
            properties["properties"].update(
                relayConnectionString=CANARY, userAccountCredentials={"adminUserPassword": CANARY}
            )
        elif kind.endswith("/versions") and "dataUri" in properties:
            properties["dataUri"] += f"?sv=1&sig={CANARY}"
        elif kind.endswith("/accounts"):
            properties["apiKey"] = CANARY
    with caplog.at_level(0), Simulator(document) as simulator:
        secret = simulator.client_secret
        snapshot = run(
            Settings(
                cloud=simulator.url,
                ca_bundle=simulator.ca_bundle,
                tenant=simulator.tenant_id,
                secret=Secret(simulator.client_id, secret),
            )
        )
    report = report_of(snapshot, scenario("contoso"))
    printed = io.StringIO()
    text.render(report, printed, color="never", verbose=2)
    write(snapshot, tmp_path / "s.mlp")
    kept = [bytes(r.body).decode() for kind in snapshot.kinds for r in snapshot.records(kind)]
    everything = "\n".join(
        [
            *kept,
            printed.getvalue(),
            json_report.render(report),
            sarif.render(report, people="names"),
            caplog.text,
            repr(Secret("i", secret)),
        ]
    )
    assert CANARY not in everything
    assert secret not in everything
    assert "Bearer " not in everything
    assert len(report.open("fail")) > 20


def test_pseudonyms_hide_people_and_keep_findings() -> None:
    from tests.support.tenants import snapshot_of

    whole = snapshot_of(tenant("contoso"))
    hidden = pseudonymise(whole)
    names = {json.loads(bytes(r.body))["displayName"] for r in whole.records("user")}
    kept = b"".join(bytes(r.body) for r in hidden.records("user"))
    assert not [name for name in names if f'"{name}"'.encode() in kept]
    assert hidden.manifest.redacted
    facts = [msgspec.json.decode(r.body)["userPrincipalName"] for r in hidden.records("user")]
    assert all(fact.endswith("@redacted.invalid") for fact in facts)


def test_pseudonyms_hide_who_made_approves_or_administers_what_and_keep_ids() -> None:
    guid = "11111111-2222-4333-8444-555555555555"
    made = {"createdBy": "grace@contoso.example", "lastModifiedBy": guid, "createdByType": "User"}
    rows = [
        record("workspace", {"id": _WS, "systemData": made, "properties": {"description": "kept"}}),
        record("role-assignment", {"id": "/a", "properties": {"createdBy": guid}}),
        record("compute", {"id": f"{_WS}/computes/i", "properties": {"properties": {"createdBy": {"userId": guid, "userName": "Grace"}}}}),
        record("classic-administrator", {"id": "/b", "properties": {"emailAddress": "grace@contoso.example"}}),
        record("role-management-policy", {"id": "/c", "properties": {"effectiveRules": [{"setting": {"approvalStages": [
            {"primaryApprovers": [{"id": guid, "description": "Grace", "userType": "User"}]}]}}]}}),
        record("application", {"id": "o", "appId": "a", "displayName": "Grace's tool"}),
        record("user", {"id": guid, "displayName": "Grace", "userPrincipalName": "grace@contoso.example"}),
    ]  # fmt: skip
    hidden = pseudonymise(from_records(rows, tenant="t"))
    left = {kind: b"".join(bytes(r.body) for r in hidden.records(kind)) for kind in hidden.kinds}
    assert not [kind for kind, text in left.items() if b"race" in text]
    assert guid.encode() in left["role-assignment"] and b"kept" in left["workspace"]
    (person,) = (json.loads(bytes(r.body)) for r in hidden.records("user"))
    assert person["userPrincipalName"].encode() in left["workspace"]  # the same person has the same pseudonym


_PIECES = st.sampled_from(
    ["password", "Key", "keys\"", "key1\"", "sas", "Sas", "sig=", "?", "&", "=", "code", "://u:p@h", "eyJabcdefgh1.eyJ", "ghp_" + "a" * 20, "dapi" + "0" * 30,
     "/jobs/j\"", "/Tokens/t\"", "environment_variables", "pwd=", "-----BEGIN PRIVATE KEY", "kubeconfig", "x", " ", "AccountKey=", "\"", "."]
)  # fmt: skip


@given(st.lists(_PIECES, max_size=6).map("".join))
def test_what_is_skipped_quickly_would_not_have_matched(text: str) -> None:
    """The plain words that save the patterns are in every match of them."""
    if redact_._SECRET_VALUE.search(text.encode()):
        assert any(hint in text.lower() for hint in redact_._VALUE_HINTS)
        assert redact_.may_hold(text.encode())
    for name in text.replace('"', " ").split():
        if redact_._is_secret(name):
            assert redact_.may_hold(json.dumps({name: "x"}).encode())


def test_of_a_budget_is_kept_what_it_is_and_not_whom_it_writes_to() -> None:
    scope = "/subscriptions/11111111-1111-1111-1111-111111111111"
    told = {"Actual_80": {"enabled": True, "threshold": 80, "contactEmails": ["ada@contoso.example"], "contactRoles": ["Owner"], "contactGroups": [f"{scope}/x"]}}  # fmt: skip
    filtered = {"tags": {"name": "person", "values": ["grace@contoso.example"]}}
    properties = {
        "category": "Cost",
        "amount": 1000.0,
        "timeGrain": "Monthly",
        "notifications": told,
        "filter": filtered,
    }
    for at in (scope, f"{scope}/resourceGroups/rg"):
        body = {"id": f"{at}/providers/Microsoft.Consumption/budgets/b", "name": "b", "properties": properties}
        kept = redact(json.dumps(body).encode())
        assert b"@contoso.example" not in kept
        assert {name: json.loads(kept)["properties"][name] for name in ("category", "amount", "timeGrain")} == {
            "category": "Cost", "amount": 1000.0, "timeGrain": "Monthly",
        }  # fmt: skip
