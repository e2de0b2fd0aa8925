"""Two regions of one tenant, broken one change at a time: exactly the movement rules that speak of the change find it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from scanner import yamlfile
from scanner.findings import Report
from scanner.graph.records import RECORDS
from scanner.scenario.load import from_document
from scanner.scenario.model import Scenario
from scanner.snapshot import Coverage
from tests.support.scan import report_of, rules
from tests.support.tenants import snapshot_of
from tests.tenants.builder import Tenant
from tests.tenants.two_regions import SITES, SUBSCRIPTION

# The core holds what may not leave it; the north has data that may be anywhere.
SCENARIO = """\
scenario: two-sites
pattern: [regional-training, regional-serving, regional-fine-tuning]
audience: {tag: audience}
environments:
  production: {match: {tag: {env: [prod]}}, data: [public, behaviour], default-class: public, live: true}
data-classes:
  public: {match: {tag: {data: [public]}}}
  behaviour: {match: {tag: {data: [behaviour]}}, home: {region: [westeurope]}}
sites:
  core: {region: westeurope, does: [store, train, serve, serve-batch, log], data: [behaviour], audience: [Europe]}
  north: {region: swedencentral, does: [store, fine-tune, serve, log], data: [public], audience: [Nordics]}
flows:
  - {what: metrics, from: north, to: core}
catalogues: [{registry: azureml, may: [base-model]}]
"""
RULES = frozenset(["RES04", "RES05", "RES07", "RES10", "RES11", "RES12", "RES13", "RES14", "RES15", "RES25", "RES26", "RES27", "RES28", "RES40", "RES41", "RES42", "EST12"])  # fmt: skip
ML = "providers/Microsoft.MachineLearningServices/workspaces"
Change = Callable[[Tenant], None]


def _group(site: str) -> str:
    return f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-{site}"


def _mlw(site: str) -> str:
    return f"{_group(site)}/{ML}/mlw-{site}"


def _lake(site: str) -> str:
    return f"{_group(site)}/providers/Microsoft.Storage/storageAccounts/dl{site}"


def _job(
    t: Tenant, site: str, name: str, inputs: dict[str, Any], outputs: dict[str, Any] | None = None, **more: Any
) -> None:
    t.resource(_mlw(site), "jobs", name, {"jobType": "Command", "status": "Completed", "computeId": f"{_mlw(site)}/computes/cpu",
               "inputs": inputs, "outputs": outputs or {}, **more}, None)  # fmt: skip


def _folder(address: str) -> dict[str, str]:
    return {"jobInputType": "uri_folder", "uri": address}


def _build() -> Tenant:
    t = Tenant("44444444-4444-4444-4444-444444444444", "Media", "media.example")
    t.management_group(t.tenant_id)
    subscription = t.subscription("sub-media", SUBSCRIPTION, t.tenant_id)
    for site, region in SITES.items():
        group = t.group(subscription, f"rg-{site}", {"env": "prod"}, region)
        logs = t.resource(group, "Microsoft.OperationalInsights/workspaces", f"log-{site}", {}, region)
        registry = t.resource(group, "Microsoft.ContainerRegistry/registries", f"cr{site}media", {}, region, sku={"name": "Standard"})  # fmt: skip
        found = t.workspace(group, f"mlw-{site}", registry=registry, insights_workspace=logs, location=region)
        lake = t.account(
            group, f"dl{site}", location=region, tags={"data": "behaviour" if site == "core" else "public"}
        )
        t.datastore(_mlw(site), "lake", lake, kind="AzureDataLakeGen2")
        t.resource(_mlw(site), "data", "clicks/versions/1", {"dataUri": "azureml://datastores/lake/paths/c"}, None)
        t.cluster(_mlw(site), "cpu", "STANDARD_DS3_V2", 4, region)
        _job(t, site, "train-1", {"clicks": _folder("azureml:clicks:1")},
             {"model": {"jobOutputType": "mlflow_model", "uri": "azureml://datastores/workspaceblobstore/paths/m"}})  # fmt: skip
        model = t.resource(_mlw(site), "models", "rank/versions/1", {
            "modelType": "mlflow_model", "jobName": "train-1", "modelUri": "azureml://datastores/workspaceartifactstore/paths/m"}, None)  # fmt: skip
        t.endpoint(_mlw(site), f"rank-{site}", model, "STANDARD_D4S_V5", 2, found["storage"], registry, region)
        _audits(t, lake, logs)
    return t


def _audits(t: Tenant, account: str, logs: str) -> None:
    type_ = "Microsoft.Insights/diagnosticSettings"
    t.document["resources"].append({"id": f"{account}/blobServices/default/providers/{type_}/audit", "name": "audit", "type": type_,
        "properties": {"workspaceId": logs, "logs": [{"categoryGroup": "audit", "enabled": True}]}})  # fmt: skip


def _of(t: Tenant, arm_id: str) -> dict[str, Any]:
    found: dict[str, Any]
    (found,) = (r for r in t.document["resources"] if r["id"] == arm_id)
    return found


def _scenario(text: str = SCENARIO) -> Scenario:
    return from_document(yamlfile.parse(text, "s.yaml"))


@cache
def _chosen() -> tuple[Any, ...]:
    return tuple(rule for rule in rules() if rule.info.id in RULES)


def _report(t: Tenant, gaps: tuple[Coverage, ...] = (), text: str = SCENARIO) -> Report:
    return report_of(snapshot_of(t.document, gaps), _scenario(text), chosen=_chosen())


def _found(report: Report, outcome: str = "fail") -> set[tuple[str, str]]:
    return {(s.finding.rule, s.finding.subject.name) for s in report.settled if s.finding.outcome == outcome}


def test_nothing_moves_in_a_tenant_where_everything_stays_at_its_site() -> None:
    report = _report(_build())
    assert not _found(report) and not _found(report, "unknown")


# -- one change each ---------------------------------------------------------------------------------------------------


def reads_from_the_other_site(t: Tenant) -> None:
    _job(t, "north", "borrow", {"clicks": _folder(f"abfss://data@dlcore.dfs.core.windows.net/c")})  # noqa: F541


def tunes_on_data_of_the_other_site(t: Tenant) -> None:
    base = {"jobInputType": "mlflow_model", "uri": "azureml://registries/azureml/models/phi/versions/1"}
    out = {"model": {"jobOutputType": "mlflow_model", "uri": "azureml://datastores/workspaceblobstore/paths/t"}}
    _job(t, "north", "tune", {"clicks": _folder("abfss://data@dlcore.dfs.core.windows.net/c"), "base": base}, out)


def tunes_what_nobody_declared(t: Tenant) -> None:
    base = {"jobInputType": "mlflow_model", "uri": "azureml://registries/HuggingFace/models/bert/versions/1"}
    out = {"model": {"jobOutputType": "mlflow_model", "uri": "azureml://datastores/workspaceblobstore/paths/t"}}
    _job(t, "north", "tune", {"clicks": _folder("azureml:clicks:1"), "base": base}, out)


def writes_to_the_other_site(t: Tenant) -> None:
    _job(
        t,
        "core",
        "export",
        {"clicks": _folder("azureml:clicks:1")},
        {"out": {"uri": "abfss://data@dlnorth.dfs.core.windows.net/o"}},
    )


def attaches_the_other_site(t: Tenant) -> None:
    t.datastore(_mlw("north"), "borrowed", _lake("core"), kind="AzureDataLakeGen2")


def logs_elsewhere(t: Tenant) -> None:
    insights = _of(t, f"{_group('core')}/providers/Microsoft.Insights/components/appi-core")
    insights["properties"]["WorkspaceResourceId"] = (
        f"{_group('north')}/providers/Microsoft.OperationalInsights/workspaces/log-north"
    )


def audits_elsewhere(t: Tenant) -> None:
    setting = _of(t, f"{_lake('core')}/blobServices/default/providers/Microsoft.Insights/diagnosticSettings/audit")
    setting["properties"]["workspaceId"] = (
        f"{_group('north')}/providers/Microsoft.OperationalInsights/workspaces/log-north"
    )


def keeps_the_model_elsewhere(t: Tenant) -> None:
    t.datastore(
        _mlw("core"), "shelf", t.account(_group("north"), "stshelf", location="swedencentral", tags={"data": "public"})
    )
    _of(t, f"{_mlw('core')}/models/rank/versions/1")["properties"]["modelUri"] = "azureml://datastores/shelf/paths/m"


def _on_a_cluster_in_the_north(t: Tenant) -> None:
    """The core's endpoint runs on Kubernetes; its own location still says westeurope."""
    aks = t.resource(_group("north"), "Microsoft.ContainerService/managedClusters", "aks-north", {}, "swedencentral")
    t.resource(_mlw("core"), "computes", "aks", {"computeType": "Kubernetes", "computeLocation": "westeurope", "resourceId": aks,
               "isAttachedCompute": True, "properties": {"namespace": "ml"}})  # fmt: skip
    endpoint = _of(t, f"{_mlw('core')}/onlineEndpoints/rank-core")
    endpoint["properties"]["compute"] = f"{_mlw('core')}/computes/aks"
    _of(t, f"{_mlw('core')}/onlineEndpoints/rank-core/deployments/blue")["properties"]["endpointComputeType"] = (
        "Kubernetes"
    )


def collects_elsewhere(t: Tenant) -> None:
    t.resource(
        _mlw("north"), "data", "calls/versions/1", {"dataUri": "abfss://data@dlcore.dfs.core.windows.net/calls"}, None
    )
    blue = _of(t, f"{_mlw('north')}/onlineEndpoints/rank-north/deployments/blue")
    blue["properties"]["dataCollector"] = {
        "collections": {"model_inputs": {"dataCollectionMode": "Enabled", "dataId": "azureml:calls:1"}}
    }


def serves_the_other_audience(t: Tenant) -> None:
    _of(t, f"{_mlw('north')}/onlineEndpoints/rank-north")["tags"] = {"audience": "Europe"}


def has_no_cluster(t: Tenant) -> None:
    _of(t, f"{_mlw('core')}/computes/cpu")["properties"]["computeLocation"] = "swedencentral"
    t.document["resources"] = [r for r in t.document["resources"] if r["id"] not in (f"{_mlw('core')}/jobs/train-1",)]
    _of(t, f"{_mlw('core')}/models/rank/versions/1")["tags"] = {"data": "behaviour"}


def spans_workspaces(t: Tenant) -> None:
    step = {"inputs": {"clicks": _folder(f"azureml:/{_mlw('north')}/datastores/lake/paths/c".replace("providers/Microsoft.MachineLearningServices/", ""))},
            "outputs": {}, "computeId": f"{_mlw('north')}/computes/cpu"}  # fmt: skip
    t.resource(
        _mlw("core"), "jobs", "nightly", {"jobType": "Pipeline", "status": "Completed", "jobs": {"prepare": step}}, None
    )


CHANGES: list[tuple[Change, set[tuple[str, str]]]] = [
    (reads_from_the_other_site, {("RES05", "mlw-north")}),
    (tunes_on_data_of_the_other_site, {("RES05", "mlw-north"), ("RES11", "mlw-north"), ("RES26", "mlw-north")}),
    (tunes_what_nobody_declared, {("RES12", "mlw-north")}),
    (writes_to_the_other_site, {("RES26", "mlw-core")}),
    (attaches_the_other_site, {("RES04", "borrowed")}),
    (logs_elsewhere, {("RES07", "appi-core")}),
    (audits_elsewhere, {("RES41", "sub-media")}),
    (keeps_the_model_elsewhere, {("RES10", "rank:1"), ("RES04", "shelf")}),
    (_on_a_cluster_in_the_north, {("RES25", "blue"), ("RES14", "core"), ("RES42", "rank-core")}),
    (collects_elsewhere, {("RES13", "blue")}),
    (serves_the_other_audience, {("RES40", "rank-north"), ("RES14", "north")}),
    (has_no_cluster, {("RES27", "core")}),
    (spans_workspaces, {("RES28", "mlw-core")}),
]


@pytest.mark.parametrize(("change", "wanted"), CHANGES, ids=lambda c: c.__name__.strip("_") if callable(c) else "")
def test_a_change_is_found_by_the_rules_that_speak_of_it(change: Change, wanted: set[tuple[str, str]]) -> None:
    t = _build()
    change(t)
    report = _report(t)
    assert _found(report) == wanted
    assert not _found(report, "unknown")


def test_a_finding_points_at_the_line_that_has_a_say() -> None:
    t = _build()
    writes_to_the_other_site(t)
    keeps_the_model_elsewhere(t)
    lines = {s.finding.rule: s.finding.line for s in _report(t).settled}
    behaviour = next(n for n, line in enumerate(SCENARIO.splitlines(), 1) if line.startswith("  behaviour:"))
    assert {rule: line.line for rule, line in lines.items() if line} == {
        "RES26": behaviour,
        "RES10": behaviour,
        "RES04": behaviour + 3,
    }


def test_a_scenario_without_workspaces_or_metrics_at_a_site_is_found() -> None:
    more = SCENARIO.replace(
        "flows:\n", "  south: {region: italynorth, does: [store, train, log], data: [public]}\nflows:\n"
    )
    assert _found(_report(_build(), text=more)) == {("RES15", "south"), ("EST12", "south")}


# -- what is declared --------------------------------------------------------------------------------------------------

DECLARED: list[tuple[Change, str]] = [
    (
        reads_from_the_other_site,
        "{what: data, from: core, to: north, class: behaviour, becomes: public, approved-by: board}",
    ),
    (
        writes_to_the_other_site,
        "{what: data, from: core, to: north, class: behaviour, becomes: public, approved-by: board}",
    ),
    (attaches_the_other_site, "{what: attach, from: core, to: north, class: behaviour}"),
    (logs_elsewhere, "{what: logs, from: core, to: north, class: behaviour, becomes: public, approved-by: board}"),
    (audits_elsewhere, "{what: logs, from: core, to: north, class: behaviour, becomes: public, approved-by: board}"),
    (collects_elsewhere, "{what: data, from: north, to: core, class: behaviour}"),
    (spans_workspaces, "{what: data, from: north, to: core}"),
]


@pytest.mark.parametrize(("change", "flow"), DECLARED, ids=lambda c: c.__name__ if callable(c) else "")
def test_what_a_flow_declares_is_no_finding_until_the_flow_has_ended(change: Change, flow: str) -> None:
    t = _build()
    change(t)
    for until, declared in (("2026-11-24", True), ("2026-11-23", False)):
        text = SCENARIO.replace("flows:\n", f"flows:\n  - {flow.removesuffix('}')}, until: {until}}}\n")
        assert (not _found(_report(t, text=text))) is declared


# -- what was not read -------------------------------------------------------------------------------------------------


KINDS = (
    "workspace", "storage-account", "application-insights", "log-analytics", "aks-cluster", "container-registry", "key-vault",
    "compute", "datastore", "data-asset", "model", "job", "online-endpoint", "online-deployment", "diagnostic-setting",
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_list_that_is_lost_turns_no_failure_into_a_pass(kind: str) -> None:
    for change, wanted in CHANGES:
        t = _build()
        change(t)
        whole = snapshot_of(t.document)
        scopes = {_scope(kind, bytes(row.body)) for row in whole.records(kind)}
        gaps = tuple(
            Coverage(kind, scope, "forbidden", RECORDS[kind].permission, status=403) for scope in sorted(scopes)
        )
        report = _report(copy.deepcopy(t), gaps)
        judged = {(rule, name) for outcome in ("fail", "unknown") for rule, name in _found(report, outcome)}
        lost = {rule for rule, _ in wanted} - {rule for rule, _ in judged}
        assert not lost, f"{change.__name__}: {lost} pass without {kind}"


def _scope(kind: str, body: bytes) -> str:
    arm_id: str = json.loads(body)["id"].lower()
    if RECORDS[kind].scope == "subscription":
        return "/".join(arm_id.split("/")[:3])
    if kind == "diagnostic-setting":
        return arm_id.rpartition("/providers/")[0].removesuffix("/blobservices/default")
    above = arm_id.rpartition("/")[0].rpartition("/")[0]
    return above.rpartition("/")[0].rpartition("/")[0] if "/versions/" in arm_id else above
