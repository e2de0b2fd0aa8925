"""A client for tests of the simulator, and a small tenant with one of everything for it to ask about."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

SUB = "/subscriptions/11111111-1111-4111-8111-111111111111"
OTHER = "/subscriptions/22222222-2222-4222-8222-222222222222"
RG = f"{SUB}/resourceGroups/rg-a"
STORE = f"{RG}/providers/Microsoft.Storage/storageAccounts/sta"
WORKSPACE = f"{RG}/providers/Microsoft.MachineLearningServices/workspaces/mlw"
REGISTRY = f"{RG}/providers/Microsoft.MachineLearningServices/registries/shared"
GROUP = "/providers/Microsoft.Management/managementGroups/corp"
TENANT = "99999999-9999-4999-8999-999999999999"


def _resource(arm_id: str, **properties: Any) -> dict[str, Any]:
    return {"id": arm_id, "name": arm_id.rpartition("/")[2], "location": "West Europe", "properties": properties}


def _assignment(scope: str, name: str, principal: str = "p") -> dict[str, Any]:
    return {"id": f"{scope.rstrip('/')}/providers/Microsoft.Authorization/roleAssignments/{name}", "name": name,
            "properties": {"scope": scope, "principalId": principal, "roleDefinitionId": "r"}}  # fmt: skip


def small(**more: Any) -> dict[str, Any]:
    """Two subscriptions below a management group, one of each kind of child and of what attaches to a scope."""
    authorisation = "providers/Microsoft.Authorization"
    return {
        "tenant": {"tenantId": TENANT, "displayName": "Small", "defaultDomain": "small.example"},
        "managementGroups": [
            {"id": "/providers/Microsoft.Management/managementGroups/root", "name": "root", "properties": {"displayName": "Root", "details": {"parent": None}}},
            {"id": GROUP, "name": "corp", "properties": {"displayName": "Corp", "details": {"parent": {"id": "/providers/Microsoft.Management/managementGroups/root"}}}},
        ],
        "subscriptions": [
            {"id": sub, "subscriptionId": sub.rpartition("/")[2], "displayName": name, "state": "Enabled", "tenantId": TENANT, "x-managementGroup": group}
            for sub, name, group in ((SUB, "one", "corp"), (OTHER, "two", "root"))
        ],
        "resourceGroups": [{"id": RG, "name": "rg-a", "location": "westeurope", "properties": {}}],
        "resources": [
            _resource(STORE), _resource(f"{STORE}/blobServices/default", isVersioningEnabled=True), _resource(f"{STORE}/localUsers/sam"),
            _resource(f"{STORE}/blobServices/default/containers/raw"),
            _resource(f"{STORE}/providers/Microsoft.Insights/diagnosticSettings/to-log"), _resource(f"{STORE}/{authorisation}/locks/keep"),
            _resource(f"{RG}/{authorisation}/locks/group-lock"), _resource(f"{SUB}/{authorisation}/locks/sub-lock"),
            _resource(f"{GROUP}/{authorisation}/policyAssignments/locations"), _resource(f"{RG}/{authorisation}/policyAssignments/tags"),
            _resource(f"{SUB}/{authorisation}/roleManagementPolicyAssignments/owner"), _resource(f"{SUB}/{authorisation}/classicAdministrators/old"),
            _resource(f"{SUB}/providers/Microsoft.Consumption/budgets/month"), _resource(f"{RG}/providers/Microsoft.Consumption/budgets/team"),
            _resource(WORKSPACE), _resource(f"{WORKSPACE}/data/churn/versions/1"), _resource(f"{WORKSPACE}/data/churn/versions/2"),
            _resource(f"{WORKSPACE}/environments/base/versions/7"), _resource(f"{WORKSPACE}/schedules/nightly"), _resource(f"{WORKSPACE}/outboundRules/pypi"),
            _resource(f"{WORKSPACE}/serverlessEndpoints/phi"), _resource(f"{WORKSPACE}/onlineEndpoints/score"),
            _resource(f"{WORKSPACE}/onlineEndpoints/score/deployments/blue"),
            _resource(REGISTRY), _resource(f"{REGISTRY}/models/base/versions/3"),
            _resource(f"{RG}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id"),
            _resource(f"{RG}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id/federatedIdentityCredentials/github"),
            _resource(f"{RG}/providers/Microsoft.Sql/servers/sql"), _resource(f"{RG}/providers/Microsoft.Sql/servers/sql/failoverGroups/pair"),
            _resource(f"{RG}/providers/Microsoft.ContainerRegistry/registries/cr"), _resource(f"{RG}/providers/Microsoft.ContainerRegistry/registries/cr/tokens/pull-token"),
        ],
        "roleAssignments": [
            _assignment("/", "at-root"), _assignment(GROUP, "at-group"), _assignment(SUB, "at-sub"), _assignment(RG, "at-rg"), _assignment(OTHER, "elsewhere"),
        ],
        "roleDefinitions": [
            {"id": f"/{authorisation}/roleDefinitions/reader", "name": "reader", "properties": {"roleName": "Reader", "type": "BuiltInRole", "assignableScopes": ["/"]}},
            {"id": f"{SUB}/{authorisation}/roleDefinitions/own", "name": "own", "properties": {"roleName": "Own", "type": "CustomRole", "assignableScopes": [SUB]}},
        ],
        "usages": {"Microsoft.Compute": {f"{SUB.rpartition('/')[2]}/westeurope": [{"name": {"value": "cores"}, "currentValue": 4, "limit": 10}]}},
        **more,
    }  # fmt: skip


def _body(answer: Any) -> Any:
    content = answer.read()
    return json.loads(content) if "json" in answer.headers["Content-Type"] else content.decode()


class Client:
    def __init__(self, simulator: Any) -> None:
        self.simulator = simulator
        self.context = ssl.create_default_context(cafile=str(simulator.ca_bundle))
        self.headers: dict[str, str] = {}  # of the last error
        self.tokens = {name: self._token(f"{simulator.url}/{name}/.default") for name in ("arm", "graph")}

    def _token(self, scope: str) -> str:
        form = {
            "client_id": self.simulator.client_id,
            "client_secret": self.simulator.client_secret,
            "scope": scope,
            "grant_type": "client_credentials",
        }
        return str(
            self.open(f"/{self.simulator.tenant_id}/oauth2/v2.0/token", data=urllib.parse.urlencode(form).encode())[1][
                "access_token"
            ]
        )

    def open(self, path: str, data: bytes | None = None, method: str | None = None, **headers: str) -> tuple[int, Any]:
        request = urllib.request.Request(self.simulator.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, context=self.context) as answer:
                return answer.status, _body(answer)
        except urllib.error.HTTPError as error:
            self.headers = dict(error.headers)
            with error:
                return error.code, _body(error)

    def arm(
        self, path: str, method: str = "GET", body: Any = None, audience: str = "arm", **query: str
    ) -> tuple[int, Any]:
        words = urllib.parse.urlencode({"api-version": "2022-04-01", **query})
        data = json.dumps(body).encode() if body is not None else None
        return self.open(f"{path}?{words}", data, method, Authorization=f"Bearer {self.tokens[audience]}")

    def graph(self, path: str, method: str = "GET", body: Any = None, **headers: str) -> tuple[int, Any]:
        data = json.dumps(body).encode() if body is not None else None
        return self.open(f"/graph/v1.0{path}", data, method, Authorization=f"Bearer {self.tokens['graph']}", **headers)

    def names(self, path: str, **query: str) -> list[str]:
        """Last segments of the ids of every page of an ARM list."""
        found, more = [], dict(query)
        while True:
            status, body = self.arm(path, **more)
            assert status == 200, body
            found += [row["id"].rpartition("/")[2] for row in body["value"]]
            if "nextLink" not in body:
                return found
            words = urllib.parse.parse_qsl(urllib.parse.urlsplit(body["nextLink"]).query)
            more = {key: value for key, value in words if key != "api-version"}

    def query(self, text: str, **more: Any) -> tuple[int, Any]:
        """A query of Resource Graph; options beside it in `options`."""
        return self.arm("/providers/Microsoft.ResourceGraph/resources", "POST", {"query": text, **more})
