"""Lineage: what models and deployments were made from, as which class they count where they are, and where that stays open."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.derive.lineage import Lineage
from scanner.derive.movement import Flows
from scanner.derive.whereabouts import Whereabouts
from scanner.findings import Gap
from scanner.graph.estate import UNSET
from tests.support.moving import World, run

OUT = "what: model, from: no, to: eu, class: claims-no, becomes: public, approved-by: board"


def _tuned(world: World, **facts: object) -> tuple[int, int]:
    """A Norwegian workspace with a model tuned there on Norwegian claims."""
    workspace = world.workspace("mlw-no", "norwayeast", "claims-no")
    lake = world.store("lake-no", "norwayeast", "claims-no")
    world.data(workspace, "claims", lake, "claims-no")
    job = world.job(workspace, "tune", run("mlw-no/cpu", ["claims"]))
    return workspace, world.model(workspace, "triage", job, **facts)  # type: ignore[arg-type]


def test_a_model_counts_as_the_data_of_the_job_that_made_it() -> None:
    world = World()
    _, model = _tuned(world)
    world.derive()
    assert world.get(model, "learned-from") == {"claims-no"} and world.get(model, "away-from-home") == frozenset()
    assert world.get(model, "regulated") is True and world.get(model, "home") == "Norway"


def test_so_does_what_deploys_it_and_a_model_tuned_from_it() -> None:
    world = World()
    workspace, _ = _tuned(world)
    again = world.job(workspace, "again", run("mlw-no/cpu", ["model:triage"], ["model:mlw-no/own"]))
    second = world.model(workspace, "second", again)
    deployment = world.deployment(workspace, "blue", second)
    world.derive()
    assert world.get(second, "learned-from") == world.get(deployment, "learned-from") == {"claims-no"}


def test_kept_or_served_outside_the_home_it_is_away() -> None:
    world = World()
    _, model = _tuned(world, store=world.store("central", "westeurope"))
    other = world.workspace("mlw-eu", "westeurope")
    deployment = world.deployment(other, "blue", model)
    world.derive()
    assert world.get(model, "away-from-home") == {"claims-no in westeurope"}
    assert world.get(deployment, "away-from-home") == {"claims-no in westeurope"}


def test_it_says_by_which_jobs_and_models_the_class_came() -> None:
    world = World()
    workspace, _ = _tuned(world)
    again = world.job(workspace, "again", run("mlw-no/cpu", ["model:triage"], ["model:mlw-no/own"]))
    second = world.model(workspace, "second", again)
    deployment = world.deployment(world.workspace("mlw-eu", "westeurope"), "blue", second)
    world.derive()
    assert world.get(deployment, "lineage") == "claims > tune > triage > again > second > blue"
    assert world.get(second, "lineage") is None


def test_a_declared_flow_changes_the_class_of_what_goes_by_it() -> None:
    world = World(OUT)
    _, model = _tuned(world)
    deployment = world.deployment(world.workspace("mlw-eu", "westeurope"), "blue", model)
    world.derive()
    assert world.get(model, "learned-from") == {"claims-no"}
    assert (
        world.get(deployment, "learned-from") == frozenset() and world.get(deployment, "away-from-home") == frozenset()
    )


def test_a_kubernetes_deployment_serves_in_the_region_of_its_cluster() -> None:
    world = World()
    workspace, model = _tuned(world)
    deployment = world.deployment(workspace, "blue", model)
    cluster = world.node("resource", "aks", "westeurope", type="microsoft.containerservice/managedclusters")
    compute = world.node("compute", "mlw-no/aks", "norwayeast", compute_type="kubernetes")
    world.estate.connect(compute, "attached-to", cluster)
    endpoint = world.estate.first(deployment, "deployment-of")
    assert endpoint is not None
    world.estate.connect(endpoint, "runs-on", compute)
    world.derive()
    assert world.get(deployment, "away-from-home") == {"claims-no in westeurope"}


def test_what_a_step_gave_and_what_a_job_wrote_into_an_asset_counts_as_what_it_took() -> None:
    world = World()
    workspace = world.workspace("mlw-no", "norwayeast", "claims-no")
    lake = world.store("lake-no", "norwayeast", "claims-no")
    world.data(workspace, "claims", lake, "claims-no")
    world.data(workspace, "features", world.estate.first(workspace, "default-store") or 0)
    world.job(workspace, "prepare", run("mlw-no/cpu", ["claims"], ["features"]))
    world.job(workspace, "clean", run("mlw-no/cpu", ["prepare"]))
    by_asset = world.model(workspace, "a", world.job(workspace, "one", run("mlw-no/cpu", ["features"])))
    by_job = world.model(workspace, "b", world.job(workspace, "two", run("mlw-no/cpu", ["clean"])))
    world.derive()
    assert world.get(by_asset, "learned-from") == world.get(by_job, "learned-from") == {"claims-no"}


def test_what_a_model_account_tuned_counts_as_its_data_wherever_it_is_deployed() -> None:
    world = World()
    tuner = world.node("model-account", "oai-no", "norwayeast", data_classes=["claims-no"])
    server = world.node("model-account", "oai-eu", "westeurope", data_classes=["public"])
    tuned = world.node("model-deployment", "oai-eu/tuned", "westeurope", base_model="gpt-4o-mini")
    world.estate.connect(tuned, "weights-from", tuner)
    at_home = world.node("model-deployment", "oai-no/tuned", "norwayeast", base_model="gpt-4o-mini")
    plain = world.node("model-deployment", "oai-eu/plain", "westeurope", base_model=None)
    unread = world.node("model-deployment", "oai-eu/unread", "westeurope")
    for account, deployment in ((server, tuned), (tuner, at_home), (server, plain), (server, unread)):
        world.estate.connect(account, "has-deployment", deployment)
    world.derive()
    assert world.get(tuned, "away-from-home") == {"claims-no in westeurope"}
    assert world.get(at_home, "away-from-home") == world.get(plain, "away-from-home") == frozenset()
    assert world.get(unread, "away-from-home") is UNSET


# -- registries --------------------------------------------------------------------------------------------------------


def _registry(world: World, *regions: str, **facts: Any) -> int:
    registry = world.node("ml-registry", "shared", regions[0], regions=[*regions], name="shared")
    asset = world.node("registry-asset", "shared/models/triage/versions/1", name="triage:1", **{"asset_type": "model", "data_classes": None, **facts})  # fmt: skip
    world.estate.connect(registry, "shares-asset", asset)
    return asset


REFERENCE = "azureml://registries/Shared/models/Triage/versions/1"


def test_a_model_shared_by_a_registry_is_in_each_of_its_regions_and_counts_as_the_workspaces_model_of_its_name() -> (
    None
):
    world = World()
    _tuned(world, name="triage:1")
    asset = _registry(world, "norwayeast", "westeurope")
    deployment = world.deployment(world.workspace("mlw-eu", "westeurope"), "blue", None, model_reference=REFERENCE)
    world.derive()
    assert world.get(asset, "away-from-home") == world.get(deployment, "away-from-home") == {"claims-no in westeurope"}


def test_a_declared_flow_to_one_of_a_registrys_regions_changes_the_class_there() -> None:
    world = World(OUT)
    _tuned(world, name="triage:1")
    asset = _registry(world, "norwayeast", "westeurope")
    deployment = world.deployment(world.workspace("mlw-eu", "westeurope"), "blue", None, model_reference=REFERENCE)
    world.derive()
    assert world.get(asset, "learned-from") == {"claims-no"} and world.get(asset, "away-from-home") == frozenset()
    assert world.get(deployment, "learned-from") == frozenset()


@pytest.mark.parametrize(("facts", "away"), [({}, UNSET), ({"data_classes": ["public"]}, frozenset()), ({"asset_type": "component"}, frozenset())])  # fmt: skip
def test_what_nobody_can_trace_in_a_registry_is_what_its_tag_says_else_open(
    facts: dict[str, object], away: object
) -> None:
    world = World()
    asset = _registry(world, "norwayeast", "westeurope", **facts)
    world.derive()
    assert world.get(asset, "away-from-home") == away


def test_a_registry_that_might_be_the_tenants_own_is_no_public_catalogue() -> None:
    for name, away in (("azureml-meta", frozenset()), ("partner", UNSET)):
        world = World()
        world.estate.mark_unread(
            "ml-registry", world.estate.add_gap(Gap("ml-registry", "/subscriptions/s", "read", "forbidden"))
        )
        workspace = world.workspace("mlw-eu", "westeurope")
        reference = f"azureml://registries/{name}/models/x/versions/1"
        deployment = world.deployment(workspace, "blue", None, model_reference=reference)
        world.derive()
        assert world.get(deployment, "away-from-home") == away


# -- what nobody can tell ----------------------------------------------------------------------------------------------


def _unknown(world: World, region: str = "westeurope") -> int:
    """A deployment of a model whose job was not read, in a workspace with Norwegian claims."""
    workspace = world.workspace("mlw-no", "norwayeast", "claims-no")
    job = world.node("missing", "mlw-no/jobs/old")
    world.gap(workspace, "has-job", reason="bounded")
    return world.deployment(workspace, "blue", world.model(workspace, "triage", job), region)


def test_a_job_nobody_read_leaves_open_what_stands_outside_the_home_it_could_have() -> None:
    world = World()
    deployment = _unknown(world)
    world.derive()
    assert world.get(deployment, "away-from-home") is UNSET
    (gap,) = world.estate.gaps_at(deployment, "away-from-home")
    assert world.estate.gaps[gap].reason == "bounded"


def test_and_matters_nowhere_else() -> None:
    world = World()
    deployment = _unknown(world, "norwayeast")
    world.derive()
    assert world.get(deployment, "away-from-home") == frozenset()


def test_nor_where_the_workspace_has_nothing_to_do_with_such_data() -> None:
    world = World()
    workspace = world.workspace("mlw-eu", "westeurope", "public")
    model = world.model(workspace, "m", world.node("missing", "mlw-eu/jobs/old"))
    deployment = world.deployment(workspace, "blue", model, "eastus")
    world.derive()
    assert world.get(deployment, "away-from-home") == frozenset()


def test_a_declared_flow_settles_a_doubt_as_it_settles_a_class() -> None:
    world = World(OUT)
    deployment = _unknown(world)
    world.derive()
    assert world.get(deployment, "away-from-home") == frozenset()


@pytest.mark.parametrize(
    ("facts", "away"),
    [
        ({}, UNSET),
        ({"data_classes": ["public"]}, frozenset()),  # its own tag says what it is
        ({"uri": "azureml://registries/azureml/models/phi/versions/1"}, frozenset()),  # of a public catalogue
    ],
)
def test_a_model_registered_by_hand_is_what_its_tag_says_else_open(facts: dict[str, object], away: object) -> None:
    world = World()
    workspace = world.workspace("mlw-no", "norwayeast", "claims-no")
    deployment = world.deployment(workspace, "blue", world.model(workspace, "m", **facts), "westeurope")  # type: ignore[arg-type]
    world.derive()
    assert world.get(deployment, "away-from-home") == away


def _served_abroad(world: World, model: int) -> int:
    """Europe serves a model of the Norwegian workspace."""
    return world.deployment(world.workspace("mlw-eu", "westeurope", "public"), "blue", model)


def _named(world: World, node: int, attribute: str = "away-from-home") -> set[str]:
    return {world.estate.gaps[gap].kind for gap in world.estate.gaps_at(node, attribute)}


def test_a_model_nobody_listed_may_be_of_any_class_of_the_workspace_it_is_in() -> None:
    """Not only of the one that serves it."""
    world = World()
    world.workspace("mlw-no", "norwayeast", "claims-no")
    model = world.node("missing", "mlw-no/models/triage/versions/1")
    world.gap(model, "*", kind="model")
    deployment = _served_abroad(world, model)
    world.derive()
    assert world.get(deployment, "away-from-home") is UNSET
    assert _named(world, deployment) == {"model"}


@pytest.mark.parametrize("listed", [True, False])
def test_a_model_may_be_of_any_job_of_its_workspace_where_nobody_can_say_which(listed: bool) -> None:
    """A job may take what is kept in no store of its own workspace."""
    world = World()
    elsewhere, workspace = (world.workspace(key, "westeurope", "public") for key in ("mlw-data", "mlw-ml"))
    claims = world.data(elsewhere, "claims", world.store("st", "norwayeast", "claims-no"), "claims-no")
    world.job(workspace, "train", run("mlw-ml/cpu", ["claims"]))
    if listed:
        model = world.model(workspace, "mlw-ml/models/triage/versions/1")
    else:
        model = world.node("missing", "mlw-ml/models/triage/versions/1")
        world.gap(model, "*", kind="model")
    deployment = _served_abroad(world, model)
    world.derive()
    assert world.estate.get(claims, "data-classes") == frozenset({"claims-no"})
    assert world.get(deployment, "away-from-home") is UNSET
    assert _named(world, deployment) == {"model"}


@pytest.mark.parametrize(("reason", "away"), [("forbidden", UNSET), ("bounded", frozenset())])
def test_a_model_whose_jobs_nobody_could_list_may_be_of_anything_and_one_of_an_old_job_of_what_the_workspace_holds(
    reason: str, away: object
) -> None:
    world = World()
    workspace = world.workspace("mlw-ml", "westeurope", "public")
    world.gap(workspace, "has-job", reason=reason)
    model = world.model(workspace, "triage", world.node("missing", "mlw-ml/jobs/train"))
    deployment = world.deployment(workspace, "blue", model)
    world.derive()
    assert world.get(deployment, "away-from-home") == away


def test_the_lists_that_would_say_more_of_a_workspace_are_named_where_it_does_not_say_which_job_made_a_model() -> None:
    """Nothing of Norway is seen there; the lists nobody read may show some."""
    world = World()
    workspace = world.workspace("mlw-eu", "westeurope", "public")
    for kind in ("datastore", "storage-account"):
        world.gap(workspace, "data-classes", kind=kind)
    deployment = world.deployment(workspace, "blue", world.model(workspace, "m"))
    world.derive()
    assert world.get(deployment, "away-from-home") is UNSET
    assert _named(world, deployment) >= {"datastore", "storage-account"}


def test_data_behind_an_account_nobody_sees_may_be_of_any_class_of_the_workspace() -> None:
    world = World()
    workspace = world.workspace("mlw-no", "norwayeast", "claims-no")
    hidden = world.node("missing", "storage-account:hidden")
    world.gap(hidden, "*", kind="storage-account")
    job = world.job(workspace, "train", run("mlw-no/cpu", ["storage-account:hidden"]))
    deployment = world.deployment(workspace, "blue", world.model(workspace, "m", job), "westeurope")
    world.derive()
    assert world.get(deployment, "away-from-home") is UNSET


def test_data_from_the_web_is_of_no_class() -> None:
    world = World()
    workspace = world.workspace("mlw-no", "norwayeast", "claims-no")
    world.node("missing", "place:https://data.example/wine.csv")
    job = world.job(workspace, "train", run("mlw-no/cpu", ["place:https://data.example/wine.csv"]))
    deployment = world.deployment(workspace, "blue", world.model(workspace, "m", job), "westeurope")
    world.derive()
    assert world.get(deployment, "away-from-home") == frozenset()


# -- properties --------------------------------------------------------------------------------------------------------

CLASSES = ("public", "claims-eu", "claims-no")
REGIONS = ("westeurope", "northeurope", "norwayeast")
SIZE = 8
FLOWS = (OUT, "what: data, from: no, to: ie, class: claims-no, becomes: claims-eu, approved-by: board", "what: model, from: eu, to: no", "what: data, from: eu, to: ie, class: claims-eu")  # fmt: skip
Held = Mapping[tuple[int, str | None], set[str]]


def _graph(edges: set[tuple[int, int]], classes: list[set[str]], flows: tuple[str, ...]) -> tuple[World, Lineage]:
    """Jobs that take one data set each and what other jobs gave; circles possible. Every third makes a model."""
    world = World("\n".join(flows))
    for n in range(SIZE):
        region = REGIONS[n % len(REGIONS)]
        workspace = world.workspace(f"w{n}", region)
        world.data(workspace, f"data{n}", world.store(f"store{n}", region, *classes[n]), *classes[n])
        job = world.job(
            workspace, f"job{n}", run(f"w{n}/cpu", [f"data{n}", *sorted(f"job{a}" for a, b in edges if b == n)])
        )
        world.model(workspace, f"model{n}", job)
    lineage = Lineage(world.estate, Flows(world.estate), Whereabouts(world.estate))
    lineage.run()
    return world, lineage


_edges = st.sets(
    st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1)).filter(lambda e: e[0] != e[1]), max_size=20
)
_classes = st.lists(st.sets(st.sampled_from(CLASSES)), min_size=SIZE, max_size=SIZE)
_flows = st.sets(st.sampled_from(FLOWS)).map(lambda found: tuple(sorted(found)))


def _at_models(world: World, lineage: Lineage) -> list[set[str]]:
    return [set().union(*(lineage.held.get((model, place), set()) for place in lineage.at(model))) for model in world.estate.nodes("model")]  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(_edges, _classes, _flows)
def test_it_ends_and_is_a_fixpoint(
    edges: set[tuple[int, int]], classes: list[set[str]], flows: tuple[str, ...]
) -> None:
    _, lineage = _graph(edges, classes, flows)
    before = {key: set(held) for key, held in lineage.held.items()}
    lineage.run()
    assert {key: held for key, held in lineage.held.items() if held} == {k: h for k, h in before.items() if h}


@settings(max_examples=25, deadline=None)
@given(_edges, _classes, _flows, st.integers(0, SIZE - 1), st.sampled_from(CLASSES), st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1)))  # fmt: skip
def test_more_data_and_more_ways_never_take_a_class_away(
    edges: set[tuple[int, int]], classes: list[set[str]], flows: tuple[str, ...], at: int, more: str, way: tuple[int, int]
) -> None:  # fmt: skip
    few = _at_models(*_graph(edges, classes, flows))
    wider = [held | ({more} if n == at else set()) for n, held in enumerate(classes)]
    many = _at_models(*_graph(edges | ({way} if way[0] != way[1] else set()), wider, flows))
    assert all(small <= large for small, large in zip(few, many, strict=True))


@settings(max_examples=25, deadline=None)
@given(_edges, _classes)
def test_without_flows_a_model_counts_as_all_that_leads_to_it(
    edges: set[tuple[int, int]], classes: list[set[str]]
) -> None:
    expected = [held - {"public"} for held in classes]
    for _ in range(SIZE):
        for a, b in edges:
            expected[b] = expected[b] | expected[a]
    assert _at_models(*_graph(edges, classes, ())) == expected


def test_time_grows_with_the_edges() -> None:
    def seconds(size: int) -> float:
        world = World(OUT)
        workspace = world.workspace("mlw-no", "norwayeast", "claims-no")
        world.data(workspace, "claims", world.store("lake", "norwayeast", "claims-no"), "claims-no")
        for n in range(size):
            job = world.job(workspace, f"job{n}", run("mlw-no/cpu", ["claims" if n % 7 == 0 else f"job{n - 1}"]))
            world.model(workspace, f"m{n}", job)
        started = time.process_time()
        Lineage(world.estate, Flows(world.estate), Whereabouts(world.estate)).run()
        return time.process_time() - started

    seconds(500)
    small = max(min(seconds(1000) for _ in range(3)), 0.002)
    assert min(seconds(8000) for _ in range(2)) < small * 8 * 4
