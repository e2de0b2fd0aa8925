"""No secret is kept: canaries in every secret-bearing property, through the whole pipeline into every output."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from scanner.collect import Secret, Settings, run
from scanner.redact import REDACTED, pseudonymise, redact
from scanner.render import json_report, sarif, text
from scanner.simulator import Simulator
from scanner.snapshot import write
from tests.support.scan import report_of, scenario, tenant

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
