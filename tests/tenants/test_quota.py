"""A retail tenant in which every rule about quota has something to say; without any one list it says less, and never that all is well."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from scanner import ids
from scanner.findings import Report
from scanner.graph.records import RECORDS
from scanner.scenario.load import load
from scanner.scenario.model import Scenario
from scanner.snapshot import Coverage
from tests.support.scan import FIXTURES, pairs, report_of, rules
from tests.support.tenants import snapshot_of
from tests.tenants import retail
from tests.tenants.builder import Tenant, guid

QUOTA = tuple(rule for rule in rules() if rule.info.theme == "quota")
_ML = "Microsoft.MachineLearningServices/workspaces"
_FAR = "brazilsouth"
_SCENARIO = {
    "quota: {headroom: 0.20, fair-share: 0.50, production-pool: own-subscription}": (
        "quota:\n  headroom: 0.20\n  fair-share: 0.50\n  production-pool: own-subscription\n  survive-region-loss: true\n  needs:\n"
        "    - {site: main, family: Standard NCADSA100v4, cores: 48, for: train}\n"
        "    - {site: main, family: Standard DSv5, cores: 32, for: serve}\n"
    ),
    "  main: {region: westeurope, does: [store, train, serve, log], data: [sampled, customer]}": (
        "  main: {region: westeurope, does: [store, train, serve, log], data: [sampled, customer]}\n"
        "  north: {region: swedencentral, does: [serve, log], data: [customer]}"
    ),
}


def _subscription(stage: str) -> str:
    return f"/subscriptions/{retail.subscription_id(stage)}"


def _crowded() -> Tenant:
    t = retail.build()
    quotas = t.document["quotas"]["Microsoft.MachineLearningServices"]
    test, prod = (f"{retail.subscription_id(s)}/westeurope" for s in ("test", "prod"))
    # QUO04 QUO03: the caps of production are of nobody's sum
    for row in quotas[prod]:
        row["limit"] = 90
    # QUO05 QUO11 QUO01: a test cluster may outgrow the pool, and keeps nodes that others wait for
    cluster = next(
        r for r in t.document["resources"] if r["id"] == f"{retail.workspace_id('pricing', 'test')}/computes/cpu"
    )
    cluster["properties"]["properties"]["scaleSettings"] = {"minNodeCount": 2, "maxNodeCount": 60}
    # QUO06 QUO12: the family training needs is granted where nothing draws on it
    t.usage(_subscription("dev"), "swedencentral", "Standard NCADSA100v4", 96, {})
    t.usage(_subscription("dev"), "swedencentral", "Standard DSv5", 8, {})
    # QUO08: somebody works where no site is
    t.usage(_subscription("dev"), _FAR, "Standard DSv2", 100, {retail.workspace_id("pricing", "dev"): 4})
    # QUO10: production has hardly room for another endpoint
    for number in range(85):
        t.resource(retail.workspace_id("forecast", "prod"), "batchEndpoints", f"old-{number}", {}, "westeurope")
    # QUO09 QUO13 QUO14: a model that development and production deploy from one pool in one region
    for stage, units in (("dev", 60), ("prod", 90)):
        account = t.resource(retail.group_id("pricing", "prod"), "Microsoft.CognitiveServices/accounts", f"oai-{stage}", {"disableLocalAuth": True},
                             "westeurope", kind="OpenAI", sku={"name": "S0"}, tags={"environment": stage, "data-class": "public"})  # fmt: skip
        t.resource(account, "deployments", "chat", {"model": {"name": "gpt-4o", "version": "1", "format": "OpenAI"}}, None,
                   sku={"name": "Standard", "capacity": units})  # fmt: skip
    row = {"name": {"value": "OpenAI.Standard.gpt-4o"}, "currentValue": 150, "limit": 120, "unit": "Count"}
    t.document["usages"]["Microsoft.CognitiveServices"] = {
        prod: [row],
        f"{prod.partition('/')[0]}/swedencentral": [{**row, "currentValue": 0, "limit": 10}],
    }
    # QUO05: an attached cluster may outgrow the quota of virtual machines
    host = t.resource(retail.group_id("pricing", "test"), "Microsoft.ContainerService/managedClusters", "aks-test", {
        "agentPoolProfiles": [{"name": "np", "vmSize": "STANDARD_DS3_V2", "count": 1, "enableAutoScaling": True, "maxCount": 40}]})  # fmt: skip
    t.resource(retail.workspace_id("pricing", "test"), "computes", "k8s", {
        "computeType": "Kubernetes", "computeLocation": "westeurope", "isAttachedCompute": True, "resourceId": host, "properties": {}})  # fmt: skip
    t.document["usages"]["Microsoft.Compute"] = {
        test: [{"name": {"value": "standardDSv2Family"}, "currentValue": 8, "limit": 100, "unit": "Count"}]
    }
    # QUO02: a development workspace beside production, which uses the family production serves with
    sandbox = t.resource(
        retail.group_id("pricing", "prod"),
        _ML,
        "mlw-sandbox",
        {"workspaceId": guid("sandbox")},
        tags={"environment": "dev", "team": "x"},
    )
    t.cluster(sandbox, "cpu", "STANDARD_D4S_V5", 1)
    return t


@cache
def _scenario(folder: Path) -> Scenario:
    text = (FIXTURES / "multi-environment" / "scenario.yaml").read_text(encoding="utf-8")
    for old, new in _SCENARIO.items():
        assert old in text
        text = text.replace(old, new)
    path = folder / "scenario.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path, "scenario.yaml")


@pytest.fixture(scope="module")
def intent(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    return _scenario(tmp_path_factory.mktemp("quota"))


@cache
def _document() -> dict[str, Any]:
    return _crowded().document


def _report(intent: Scenario, gaps: tuple[Coverage, ...] = ()) -> Report:
    return report_of(snapshot_of(_document(), gaps), intent, chosen=QUOTA)


def test_each_rule_finds_its_own_and_nothing_else(intent: Scenario) -> None:
    def pool(family: str, stage: str, region: str = "westeurope") -> str:
        return f"{family} in {region} of sub-ml-{stage}"

    v2, v5, gpu, chat = "Standard DSv2 Family", "Standard DSv5 Family", "Standard NCADSA100v4", "OpenAI.Standard.gpt-4o"
    vm = "standardDSv2Family of virtual machines"
    report = _report(intent)
    shares = {name for rule, name in pairs(report) if rule == "QUO03"}
    assert len(shares) == 6 and all("sub-ml-prod" in name for name in shares)
    assert {pair for pair in pairs(report) if pair[0] != "QUO03"} == {
        ("QUO01", pool(v2, "test")), ("QUO01", pool(vm, "test")), ("QUO01", pool(chat, "prod")),
        ("QUO02", pool(v5, "prod")),
        ("QUO04", pool(v2, "prod")), ("QUO04", pool(v5, "prod")),
        ("QUO05", pool(v2, "test")), ("QUO05", pool(vm, "test")),
        ("QUO06", f"{gpu} at main"),
        ("QUO07", "serving on Standard DSv5"),
        ("QUO08", pool(v2, "dev", _FAR)),
        ("QUO09", pool(chat, "prod")),
        ("QUO10", pool("endpoints", "prod")),
        ("QUO11", pool(v2, "test")),
        ("QUO12", f"{gpu} at main"),
        ("QUO12", pool(chat, "prod")),
        ("QUO13", pool(chat, "prod")),
        ("QUO14", "gpt-4o (standard)"),
    }  # fmt: skip
    assert pairs(report, "unknown") == set()


_LISTS = (
    "workspace", "compute", "online-endpoint", "batch-endpoint", "online-deployment", "model-account", "model-deployment", "aks-cluster", "ml-usage",
    "ml-quota", "vm-size", "model-usage", "vm-usage", "resource-group",
)  # fmt: skip


def _refused(kind: str) -> tuple[Coverage, ...]:
    """The ledger of a reader who lacks one permission everywhere."""
    record, document = RECORDS[kind], _document()
    subscriptions = [s["id"].lower() for s in document["subscriptions"]]
    if record.scope == "subscription":
        scopes = subscriptions
    elif record.scope == "location":
        scopes = [f"{s}/locations/{region}" for s in subscriptions for region in ("westeurope", "swedencentral", _FAR)]
    else:
        above = {
            ids.parent(ids.fold(r["id"]))
            for r in document["resources"]
            if ids.resource_type(ids.fold(r["id"])) == record.arm_type
        }
        scopes = sorted(key for key in above if key)
    return tuple(Coverage(kind, scope, "forbidden", record.permission, status=403) for scope in scopes)


@pytest.mark.parametrize("kind", _LISTS)
def test_without_a_list_no_finding_becomes_a_pass_and_none_is_invented(intent: Scenario, kind: str) -> None:
    whole, blind = _report(intent), _report(intent, _refused(kind))
    unknown = pairs(blind, "unknown")
    doubted = {rule for rule, _ in unknown}
    lost = {
        (rule, name)
        for rule, name in pairs(whole) - pairs(blind)
        if (rule, name) not in unknown and rule not in doubted
    }
    assert lost == set()
    assert pairs(blind) <= pairs(whole)
    named = {gap.permission for s in blind.settled for gap in s.finding.gaps if gap.permission}
    assert named <= {RECORDS[kind].permission, *(RECORDS[k].permission for k in ("ml-usage", "model-usage"))}
