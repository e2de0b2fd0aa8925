"""What each pattern needs to be said in a scenario before any of its promises can be checked (SCN01)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from scanner.scenario.model import Scenario, Site


@dataclass(frozen=True, slots=True)
class Lacking:
    """`what` reads after "the scenario lacks"; `fix` says what to add."""

    key: str
    what: str
    fix: str


Test = tuple[Callable[[Scenario], bool], Lacking]


def _stages(scenario: Scenario) -> list[str]:
    return [environment.stage for environment in scenario.environments]


def _sites(scenario: Scenario, *does: str) -> list[Site]:
    return [site for site in scenario.sites if set(does) & set(site.does)]


def _homes(scenario: Scenario) -> set[str]:
    return {data_class.name for data_class in scenario.data_classes if data_class.home is not None}


def _base_models_arrive(scenario: Scenario) -> bool:
    """Every site that only tunes gets its base model by a flow of models, or from a catalogue."""
    if any("base-model" in may for _, may in scenario.catalogues):
        return True
    reached = {flow.target for flow in scenario.flows if flow.what == "model"}
    return all(site.name in reached or "train" in site.does for site in _sites(scenario, "fine-tune"))


def _models_arrive(scenario: Scenario) -> bool:
    if not _sites(scenario, "train", "fine-tune"):
        return True  # no core site to come from is said already
    reached = {flow.target for flow in scenario.flows if flow.what == "model"}
    return all(
        site.name in reached or {"train", "fine-tune"} & set(site.does)
        for site in _sites(scenario, "serve", "serve-batch")
    )


def _apart(scenario: Scenario) -> bool:
    """Whether production holds data that the other environments may not."""
    inside = {name for e in scenario.environments if e.stage == "production" for name in e.data}
    outside = {name for e in scenario.environments if e.stage != "production" for name in e.data}
    return bool(inside - outside)


def _leads_to_production(scenario: Scenario) -> bool:
    return any(
        e.stage == "production" and e.name == flow.target for e in scenario.environments for flow in scenario.flows
    )


_PRODUCTION: Test = (
    lambda s: "production" in _stages(s),
    Lacking(
        "production",
        "an environment of stage production",
        "add it under `environments`, with `stage: production` where its name is another",
    ),
)
_RELEASE: Test = (
    lambda s: s.release is not None,
    Lacking(
        "release",
        "the workload that releases",
        "add `release: {workload: .., approvers: [..]}`; automation, not people, releases",
    ),
)
_ROLES: Test = (
    lambda s: bool(s.roles),
    Lacking("roles", "a role table", "add `roles`: who does what in which environment"),
)

PATTERNS: Mapping[str, tuple[Test, ...]] = {
    "single-environment": (
        (lambda s: len([x for x in _stages(s) if x != "exploration"]) == 1,
         Lacking("one", "its one environment: it has several, or none except exploration", "keep one environment, or promise `multi-environment`")),
        (lambda s: bool(s.data_classes), Lacking("data-classes", "data classes to tell sources from scratch space", "add `data-classes`")),
        _ROLES,
    ),
    "multi-environment": (
        _PRODUCTION,
        (lambda s: bool({"development", "test"} & set(_stages(s))),
         Lacking("upstream", "an environment before production", "add one of stage development or test")),
        _ROLES,
        _RELEASE,
    ),
    "limited-and-production": (
        (lambda s: len(s.environments) == 2 and _stages(s).count("production") == 1,
         Lacking("two", "its two environments, one of them of stage production", "keep the one with limited data and the one with production data")),
        (_apart, Lacking("data", "a data class that only production may hold", "list in `data` of each environment what may be there")),
        (_leads_to_production, Lacking("flows", "a declared way for artifacts into production", "add `flows` from the limited environment to production")),
        _ROLES,
    ),
    "regional-training": (
        (lambda s: len(_sites(s, "store")) > 1, Lacking("sites", "more than one site that stores data", "add a site for every region that holds data")),
        (lambda s: bool(_homes(s)), Lacking("homes", "a data class with a home", "give the data that stays in its region a `home`")),
        (lambda s: bool({name for site in _sites(s, "train", "fine-tune") for name in site.data} >= {name for site in _sites(s, "store") for name in site.data} & _homes(s)),
         Lacking("training", "a site that trains for every class of data with a home", "list the class in `data` of a site that trains")),
    ),
    "regional-serving": (
        (lambda s: any(site.audience for site in _sites(s, "serve", "serve-batch")),
         Lacking("audience", "a site that serves an audience", "add `audience` to the sites that serve")),
        (lambda s: bool(_sites(s, "train", "fine-tune")), Lacking("core", "a core site that trains", "add `train` to what the core site does")),
        (_models_arrive, Lacking("models", "a way for models to a site that serves and does not train", "add a flow of `model` from the core site to it")),
    ),
    "regional-fine-tuning": (
        (lambda s: bool(_sites(s, "fine-tune")), Lacking("fine-tune", "a site that fine-tunes", "add `fine-tune` to what a site does")),
        (_base_models_arrive, Lacking("base", "a way for base models to a site that tunes", "add a flow of `model` to it, or a catalogue that may give base models")),
        (lambda s: not _sites(s, "fine-tune") or bool({name for site in _sites(s, "fine-tune") for name in site.data} & _homes(s)),
         Lacking("homes", "data with a home at a site that tunes", "give the regional data a `home`, and list it in the site's `data`")),
    ),
    "contoso": (
        (lambda s: "exploration" in _stages(s), Lacking("exploration", "an environment to explore", "add one of stage exploration")),
        (lambda s: "development" in _stages(s), Lacking("development", "an environment of stage development", "add it under `environments`")),
        _PRODUCTION,
        (lambda s: s.structure.workspace_per is not None and s.structure.resource_group_per is not None,
         Lacking("structure", "what has a workspace and a resource group of its own", "add `workspace-per` and `resource-group-per` under `structure`")),
        (lambda s: bool(s.structure.created_by), Lacking("created-by", "who alone creates resource groups", "add `structure.created-by`")),
        (lambda s: s.structure.cost_tag is not None, Lacking("cost-tag", "the tag that costs are sorted by", "add `structure.cost-tag`")),
        (lambda s: len({site.region for site in s.sites}) == 1, Lacking("region", "its single region", "keep sites in one region, or promise a regional pattern too")),
        _ROLES,
    ),
}  # fmt: skip


def missing(scenario: Scenario) -> Iterator[tuple[str, Lacking]]:
    """(pattern, what it lacks), in the order patterns are promised."""
    for pattern in scenario.patterns:
        # a combination adds regions on purpose
        combined = any(name.startswith("regional-") for name in scenario.patterns)
        for holds, lacking in PATTERNS[pattern]:
            if not (lacking.key == "region" and combined) and not holds(scenario):
                yield pattern, lacking
