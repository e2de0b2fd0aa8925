"""Estates for tests of lineage and movements: a scenario bound onto workspaces, stores, jobs and models made by hand."""

from __future__ import annotations

from functools import cache
from typing import Any

from scanner import yamlfile
from scanner.derive import learned, logs, movements, sites, tuning
from scanner.derive.movement import Flows
from scanner.derive.whereabouts import Whereabouts
from scanner.findings import Gap
from scanner.graph.estate import Estate
from scanner.graph.shared import Run
from scanner.scenario import bind
from scanner.scenario.load import from_document
from scanner.scenario.model import Scenario

SCENARIO = """\
scenario: test
pattern: [regional-training, regional-serving, regional-fine-tuning]
audience: {tag: audience}
environments:
  development: {match: {tag: {env: [dev]}}, data: [public, claims-eu, claims-no], default-class: public}
  production: {match: {tag: {env: [prod]}}, data: [public, claims-eu, claims-no], default-class: public, live: true}
data-classes:
  public: {match: {tag: {data: [public]}}}
  claims-eu: {match: {tag: {data: [claims-eu]}}, home: {boundary: [EU]}}
  claims-no: {match: {tag: {data: [claims-no]}}, home: {country: [Norway]}}
sites:
  eu: {region: westeurope, does: [store, train, serve, log], data: [claims-eu], audience: [Europe]}
  ie: {region: northeurope, does: [store, train, serve, log], data: [claims-eu]}
  no: {region: norwayeast, does: [store, fine-tune, serve, serve-batch, log], data: [claims-no], audience: [Norway]}
"""
JOBS = "Microsoft.MachineLearningServices/workspaces/jobs/read"


@cache
def _scenario(text: str) -> Scenario:
    return from_document(yamlfile.parse(text, "s.yaml"))


class World:
    """An estate in the making; regions by short names."""

    def __init__(self, flows: str = "", scenario: str = SCENARIO) -> None:
        self.estate = Estate()
        lines = "".join(f"  - {{{flow}}}\n" for flow in flows.splitlines() if flow.strip())
        bind.bind(
            self.estate, from_document(yamlfile.parse(scenario + (f"flows:\n{lines}" if lines else ""), "s.yaml"))
        )

    def node(self, kind: str, key: str, region: str | None = None, **facts: Any) -> int:
        node = self.estate.add(kind, key, key)
        if region is not None:
            facts["region"] = region
        for name, value in facts.items():
            self.estate.set(node, name.replace("_", "-"), frozenset(value) if isinstance(value, list) else value)
        return node

    def workspace(self, key: str, region: str, *classes: str, environment: str = "development") -> int:
        """With its own blob store in its region, and a cluster `KEY/cpu`."""
        node = self.node(
            "workspace", key, region, workspace_kind="default", environment=environment, data_classes=[*classes]
        )
        own = self.store(f"{key}/own", region)
        self.estate.connect(node, "default-store", own)
        self.cluster(node, f"{key}/cpu", region)
        return node

    def cluster(self, workspace: int, key: str, region: str) -> int:
        node = self.node("compute", key, region, compute_type="aml-compute")
        self.estate.connect(workspace, "has-compute", node)
        return node

    def store(self, key: str, region: str | None, *classes: str, **facts: Any) -> int:
        return self.node("storage-account", key, region, data_classes=[*classes] or None, **facts)

    def data(self, workspace: int, key: str, store: int, *classes: str) -> int:
        node = self.node("data-asset", key, data_classes=[*classes] or None, uri=f"abfss://{key}")
        self.estate.connect(workspace, "has-data", node)
        self.estate.connect(node, "stored-in", store)
        return node

    def job(self, workspace: int, key: str, *runs: Run, kind: str = "command") -> int:
        node = self.node("job", key, job_type=kind, runs=runs, environment=self.estate.get(workspace, "environment"))
        self.estate.connect(workspace, "has-job", node)
        return node

    def model(self, workspace: int, key: str, by: int | None = None, store: int | None = None, **facts: Any) -> int:
        node = self.node("model", key, **{"uri": f"azureml://{key}", "job_name": None, "environment": self.estate.get(workspace, "environment"), **facts})  # fmt: skip
        self.estate.connect(workspace, "has-model", node)
        kept = store if store is not None else self.estate.first(workspace, "default-store")
        if kept is not None:
            self.estate.connect(node, "stored-in", kept)
        if by is not None:
            self.estate.connect(node, "made-by", by)
        return node

    def deployment(self, workspace: int, key: str, model: int | None, region: str | None = None, **facts: Any) -> int:
        where = region or self.estate.get(workspace, "region")
        endpoint = self.node("online-endpoint", f"{key}-endpoint", where, tags=facts.pop("tags", {}), live=True,
                             environment=self.estate.get(workspace, "environment"))  # fmt: skip
        self.estate.connect(workspace, "has-endpoint", endpoint)
        node = self.node(
            "online-deployment", key, where, environment=self.estate.get(workspace, "environment"), **facts
        )
        self.estate.connect(endpoint, "has-deployment", node)
        if model is not None:
            self.estate.connect(node, "deploys", model)
        return node

    def gap(self, node: int, *edges: str, reason: str = "forbidden", kind: str = "job") -> int:
        gap = self.estate.add_gap(Gap(kind, self.estate.key(node), JOBS, reason))
        for edge in edges:
            self.estate.mark_gap(node, edge, gap)
        return gap

    def derive(self) -> World:
        flows, where = Flows(self.estate), Whereabouts(self.estate)
        learned.derive(self.estate, flows, where)
        movements.derive(self.estate, flows, where)
        tuning.derive(self.estate, where)
        logs.derive(self.estate, flows, where)
        sites.derive(self.estate, flows, where)
        return self

    # -- asking --------------------------------------------------------------------------------------------------------

    def get(self, node: int, name: str) -> Any:
        return self.estate.get(node, name)

    def moved(self, node: int, edge: str) -> list[tuple[str, str, str, Any]]:
        """(what, from, to, declared) of what a node moves."""
        get = self.estate.get
        return sorted((get(m, "what"), get(m, "from-region"), get(m, "to-region"), get(m, "declared")) for m in self.estate.neighbours(node, edge))  # fmt: skip


def run(
    compute: str | None, takes: list[str], gives: list[str] | None = None, step: str = "", what: str = "data"
) -> Run:
    """A run by keys; a key that begins with `model:` is of a model."""

    def ends(keys: list[str]) -> tuple[tuple[str, str], ...]:
        return tuple((key.removeprefix("model:"), "model" if key.startswith("model:") else what) for key in keys)

    return Run(step, compute, ends(takes), ends(gives or []))
