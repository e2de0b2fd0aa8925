"""Movements: what jobs read and write across regions, pipelines across workspaces, what datastores attach and endpoints collect."""

from __future__ import annotations

import pytest

from scanner.findings import Gap
from scanner.graph.estate import UNSET
from tests.support.moving import World, run

EU_TO_IE = "what: data, from: eu, to: ie, class: claims-eu"


def _far(world: World, *classes: str) -> int:
    """A workspace in the Netherlands with data of an account in Ireland."""
    workspace = world.workspace("mlw", "westeurope", *classes)
    world.data(workspace, "claims", world.store("lake", "northeurope", *classes), *classes)
    return workspace


# -- jobs --------------------------------------------------------------------------------------------------------------


def test_a_job_that_computes_where_its_data_is_moves_nothing() -> None:
    world = World()
    workspace = _far(world, "claims-eu")
    world.cluster(workspace, "mlw/ie", "northeurope")
    world.data(workspace, "features", world.store("out", "northeurope"))
    world.job(workspace, "train", run("mlw/ie", ["claims"], ["features"]))
    world.derive()
    assert not world.moved(workspace, "reads-across") and not world.moved(workspace, "writes-across")


def test_one_that_computes_elsewhere_reads_across_and_a_flow_of_its_class_declares_it() -> None:
    for flows, declared in (
        ("", False),
        ("what: data, from: ie, to: eu", False),
        ("what: data, from: ie, to: eu, class: claims-eu", True),
    ):
        world = World(flows)
        workspace = _far(world, "claims-eu")
        world.job(workspace, "train", run("mlw/cpu", ["claims"]))
        world.derive()
        assert world.moved(workspace, "reads-across") == [("data", "northeurope", "westeurope", declared)]


def test_without_a_compute_a_run_is_in_the_region_of_its_workspace() -> None:
    world = World()
    workspace = _far(world)
    world.job(workspace, "train", run(None, ["claims"]))
    world.derive()
    assert world.moved(workspace, "reads-across") == [("data", "northeurope", "westeurope", False)]


def test_runs_that_move_the_same_alike_are_one_movement_with_examples() -> None:
    world = World()
    workspace = _far(world)
    for n in range(5):
        world.job(workspace, f"night-{n}", run("mlw/cpu", ["claims"]))
    world.derive()
    (movement,) = world.estate.neighbours(workspace, "reads-across")
    assert world.get(movement, "count") == 5 and world.get(movement, "examples") == {"night-0", "night-1", "night-2"}
    assert world.estate.reason(workspace, "reads-across", movement) == "by night-0, night-1, night-2 and others"
    assert "night" not in world.estate.key(movement), "a finding keeps its fingerprint from night to night"


def test_each_step_of_a_pipeline_is_judged_by_its_own_compute() -> None:
    world = World()
    workspace = _far(world)
    world.cluster(workspace, "mlw/ie", "northeurope")
    steps = (run("mlw/ie", ["claims"], ["lake"], "prepare"), run("mlw/cpu", ["lake"], [], "train"))
    world.job(workspace, "nightly", *steps, kind="pipeline")
    world.derive()
    (movement,) = world.estate.neighbours(workspace, "reads-across")
    assert world.get(movement, "examples") == {"nightly/train"}


def test_outputs_are_judged_from_where_what_was_read_now_counts_as_being() -> None:
    world = World(EU_TO_IE)
    workspace = world.workspace("mlw", "northeurope", "claims-eu")
    world.data(workspace, "claims", world.store("lake", "westeurope", "claims-eu"), "claims-eu")
    world.job(workspace, "train", run("mlw/cpu", ["claims"], ["mlw/own"]))
    world.derive()
    assert world.moved(workspace, "reads-across") == [("data", "westeurope", "northeurope", True)]
    assert not world.moved(workspace, "writes-across"), "it came as declared, and stays"


def test_what_was_read_against_the_flows_is_written_against_them_too() -> None:
    world = World()
    workspace = _far(world, "claims-eu")
    world.job(workspace, "train", run("mlw/cpu", ["claims"], ["mlw/own"]))
    world.derive()
    assert world.moved(workspace, "writes-across") == [("data", "northeurope", "westeurope", False)]


def test_what_a_declared_movement_made_of_a_class_is_what_goes_on() -> None:
    becoming = "what: data, from: no, to: eu, class: claims-no, becomes: claims-eu, approved-by: board"
    for second, declared in (
        ("what: data, from: eu, to: ie, class: claims-eu", True),
        ("what: data, from: eu, to: ie", False),
    ):
        world = World(f"{becoming}\n{second}")
        workspace = world.workspace("mlw", "westeurope", "claims-no")
        world.data(workspace, "claims", world.store("lake", "norwayeast", "claims-no"), "claims-no")
        world.job(workspace, "train", run("mlw/cpu", ["claims"], ["out"]))
        world.store("out", "northeurope")
        world.derive()
        assert world.moved(workspace, "reads-across") == [("data", "norwayeast", "westeurope", True)]
        assert world.moved(workspace, "writes-across") == [("data", "westeurope", "northeurope", declared)]


def test_a_model_goes_by_the_flows_of_models() -> None:
    world = World("what: model, from: eu, to: ie")
    workspace = world.workspace("mlw", "westeurope")
    world.data(workspace, "open", world.store("lake", "westeurope", "public"), "public")
    world.store("far", "northeurope")
    world.job(workspace, "train", run("mlw/cpu", ["open"], ["model:far", "far"]))
    world.derive()
    assert world.moved(workspace, "writes-across") == [
        ("data", "westeurope", "northeurope", False), ("model", "westeurope", "northeurope", True),
    ]  # fmt: skip


def test_of_a_registry_the_copy_at_hand_is_taken() -> None:
    world = World()
    world.node("ml-registry", "shared", "westeurope", regions=["westeurope", "northeurope"], name="shared")
    world.node("missing", "place:azureml://registries/shared/data/open/versions/1")
    for region in ("northeurope", "norwayeast"):
        workspace = world.workspace(f"mlw-{region}", region)
        world.job(
            workspace,
            f"job-{region}",
            run(f"mlw-{region}/cpu", ["place:azureml://registries/shared/data/open/versions/1"]),
        )
    world.derive()
    for region, moved in (("northeurope", 0), ("norwayeast", 2)):
        found = world.estate.node(f"mlw-{region}")
        assert found is not None and len(world.moved(found, "reads-across")) == moved


def test_the_web_and_public_catalogues_are_in_no_region() -> None:
    world = World()
    workspace = world.workspace("mlw", "westeurope")
    for place in ("place:https://data.example/wine.csv", "place:azureml://registries/azureml/data/x/versions/1"):
        world.node("missing", place)
        world.job(workspace, place, run("mlw/cpu", [place], ["mlw/own"]))
    world.derive()
    assert not world.moved(workspace, "reads-across") and not world.estate.gaps_at(workspace, "reads-across")
    assert not world.moved(workspace, "writes-across") and not world.estate.gaps_at(workspace, "writes-across")


# -- what nobody can tell ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("reason", "open_"), [("forbidden", True), ("partial", True), ("bounded", False)])
def test_jobs_nobody_could_read_leave_everything_open_and_a_bound_does_not(reason: str, open_: bool) -> None:
    world = World()
    workspace = world.workspace("mlw", "westeurope")
    world.gap(workspace, "has-job", reason=reason)
    world.derive()
    for edge in ("reads-across", "writes-across", "spans", "tunes-from"):
        assert bool(world.estate.gaps_at(workspace, edge)) is open_


def test_an_account_nobody_sees_leaves_open_where_it_is_read_from_and_written_from() -> None:
    world = World()
    workspace = world.workspace("mlw", "westeurope")
    world.gap(world.node("missing", "storage-account:hidden"), "*", kind="storage-account")
    world.job(workspace, "train", run("mlw/cpu", ["storage-account:hidden"], ["mlw/own"]))
    world.derive()
    assert world.estate.gaps_at(workspace, "reads-across") and world.estate.gaps_at(workspace, "writes-across")


def test_an_arc_cluster_computes_nobody_knows_where() -> None:
    world = World()
    workspace = _far(world)
    compute = world.node("compute", "mlw/arc", "northeurope", compute_type="kubernetes")
    world.estate.connect(compute, "attached-to", world.node("resource", "arc", "northeurope", type="microsoft.kubernetes/connectedclusters"))  # fmt: skip
    world.job(workspace, "train", run("mlw/arc", ["claims"]))
    world.derive()
    assert world.estate.gaps_at(workspace, "reads-across") and not world.moved(workspace, "reads-across")


def test_a_class_nobody_could_read_is_open_only_where_the_flows_make_a_difference() -> None:
    for flows, declared in (
        ("", False),
        ("what: data, from: ie, to: eu", UNSET),
        ("what: data, from: eu, to: ie", False),
    ):
        world = World(flows)
        workspace = world.workspace("mlw", "westeurope")
        account = world.node("storage-account", "lake", "northeurope")
        world.gap(account, "*", kind="storage-account")
        world.job(workspace, "train", run("mlw/cpu", ["lake"]))
        world.derive()
        assert world.moved(workspace, "reads-across") == [("data", "northeurope", "westeurope", declared)]


# -- from workspace to workspace ---------------------------------------------------------------------------------------


def _pipeline(
    flows: str, kind: str = "pipeline", region: str = "norwayeast", environment: str = "development"
) -> tuple[World, int]:
    world = World(flows)
    workspace = world.workspace("mlw-eu", "westeurope")
    other = world.workspace("mlw-other", region, environment=environment)
    world.data(other, "open", world.store("lake", region, "public"), "public")
    world.job(workspace, "nightly", run("mlw-eu/cpu", ["open"], step="a"), kind=kind)
    return world.derive(), workspace


def test_a_pipeline_spans_workspaces_of_other_sites_and_of_other_environments() -> None:
    world, workspace = _pipeline("")
    assert world.moved(workspace, "spans") == [("data", "norwayeast", "westeurope", False)]
    world, workspace = _pipeline("", region="westeurope", environment="production")
    assert world.moved(workspace, "spans") == [("data", "westeurope", "westeurope", False)]


def test_unless_a_flow_declares_it_or_nothing_is_crossed_or_it_is_no_pipeline() -> None:
    world, workspace = _pipeline("what: data, from: no, to: eu")
    assert world.moved(workspace, "spans") == [("data", "norwayeast", "westeurope", True)]
    for more in ({"region": "westeurope"}, {"kind": "command"}):
        world, workspace = _pipeline("", **more)
        assert not world.moved(workspace, "spans")


# -- datastores and endpoints ------------------------------------------------------------------------------------------


def _datastore(flows: str, system: bool = False, *classes: str) -> tuple[World, int]:
    world = World(flows)
    workspace = world.workspace("mlw-eu", "westeurope")
    datastore = world.node("datastore", "mlw-eu/lake", system=system, data_classes=[*classes] or None)
    world.estate.connect(workspace, "has-datastore", datastore)
    world.estate.connect(datastore, "stored-in", world.store("lake", "norwayeast", *classes))
    return world.derive(), datastore


def test_storage_of_another_region_is_attached_knowingly_or_not() -> None:
    world, datastore = _datastore("")
    assert world.moved(datastore, "attaches-across") == [("attach", "norwayeast", "westeurope", False)]
    world, datastore = _datastore("what: attach, from: no, to: eu")
    assert world.moved(datastore, "attaches-across") == [("attach", "norwayeast", "westeurope", True)]


def test_an_attachment_needs_the_class_and_nothing_it_becomes_for_the_data_stays() -> None:
    world, datastore = _datastore("what: attach, from: no, to: eu", False, "claims-no")
    assert world.moved(datastore, "attaches-across")[0][3] is False
    world, datastore = _datastore("what: attach, from: no, to: eu, class: claims-no", False, "claims-no")
    assert world.moved(datastore, "attaches-across")[0][3] is True


def test_stores_that_a_workspace_makes_are_on_its_own_account_and_another_rules_matter() -> None:
    world, datastore = _datastore("", system=True)
    assert not world.moved(datastore, "attaches-across")


def test_what_an_endpoint_collects_moves_from_where_it_serves() -> None:
    for flows, declared in (
        ("", False),
        ("what: metadata, from: no, to: eu", False),
        ("what: data, from: no, to: eu", True),
    ):
        world = World(flows)
        workspace = world.workspace("mlw-no", "norwayeast")
        deployment = world.deployment(workspace, "blue", None)
        world.data(workspace, "calls", world.store("lake", "westeurope"))
        world.estate.connect(deployment, "collects-into", world.estate.node("calls") or 0)
        world.derive()
        assert world.moved(deployment, "collects-across") == [("data", "norwayeast", "westeurope", declared)]


def test_on_kubernetes_it_serves_at_the_cluster_and_collects_at_the_workspace() -> None:
    world = World()
    workspace = world.workspace("mlw-eu", "westeurope")
    deployment = world.deployment(workspace, "blue", None)
    compute = world.node("compute", "mlw-eu/aks", "westeurope", compute_type="kubernetes")
    world.estate.connect(compute, "attached-to", world.node("resource", "aks", "norwayeast", type="microsoft.containerservice/managedclusters"))  # fmt: skip
    world.estate.connect(world.estate.first(deployment, "deployment-of") or 0, "runs-on", compute)
    world.estate.connect(deployment, "collects-into", world.estate.node("mlw-eu/own") or 0)
    world.derive()
    assert world.moved(deployment, "collects-across") == [("data", "norwayeast", "westeurope", False)]


def test_and_what_is_said_of_it_lives_with_the_workspace() -> None:
    for flows, declared in (
        ("", False),
        ("what: metrics, from: no, to: eu", False),
        ("what: metadata, from: no, to: eu", True),
    ):
        world = World(flows)
        workspace = world.workspace("mlw-eu", "westeurope")
        endpoint = world.estate.first(world.deployment(workspace, "blue", None), "deployment-of") or 0
        compute = world.node("compute", "mlw-eu/aks", "westeurope", compute_type="kubernetes")
        world.estate.connect(compute, "attached-to", world.node("resource", "aks", "norwayeast", type="microsoft.containerservice/managedclusters"))  # fmt: skip
        world.estate.connect(endpoint, "runs-on", compute)
        managed = world.estate.first(world.deployment(workspace, "green", None), "deployment-of") or 0
        world.derive()
        assert world.moved(endpoint, "reports-across") == [("metadata", "norwayeast", "westeurope", declared)]
        assert not world.moved(managed, "reports-across")


# -- base models -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "accepted"),
    [
        ("place:azureml://registries/azureml/models/phi/versions/1", True),
        ("place:azureml://registries/huggingface/models/bert/versions/1", False),
        ("place:azureml://registries/central/models/base/versions/1", True),
        ("base", True),
        ("imported", False),
        ("abroad", False),
    ],
)
def test_base_models_come_from_a_site_a_declared_catalogue_or_elsewhere(base: str, accepted: bool) -> None:
    from tests.support.moving import SCENARIO

    world = World(scenario=SCENARIO + "catalogues: [{registry: azureml, may: [base-model, environment]}, {registry: huggingface, may: [environment]}]\n")  # fmt: skip
    world.node("ml-registry", "central", "westeurope", regions=["westeurope"], name="central")
    workspace = world.workspace("mlw-no", "norwayeast")
    world.model(world.workspace("mlw-eu", "westeurope"), "base")
    world.model(workspace, "imported", uri="azureml://registries/HuggingFace/models/bert/versions/1")
    world.model(world.workspace("mlw-us", "eastus"), "abroad")
    if world.estate.node(base) is None:
        world.node("missing", base)
    world.job(workspace, "tune", run("mlw-no/cpu", [f"model:{base}"], ["model:mlw-no/own"]))
    world.job(workspace, "score", run("mlw-no/cpu", ["model:abroad"], ["mlw-no/own"]))  # makes no model, tunes none
    world.derive()
    found = [world.get(node, "accepted") for node in world.estate.neighbours(workspace, "tunes-from")]
    assert found == [accepted]


def test_a_registry_that_may_be_the_tenants_own_is_open_where_registries_were_not_listed() -> None:
    for name, accepted in (("partner", UNSET), ("azureml-meta", False)):
        world = World()
        world.estate.mark_unread(
            "ml-registry", world.estate.add_gap(Gap("ml-registry", "/subscriptions/s", "read", "forbidden"))
        )
        workspace = world.workspace("mlw-no", "norwayeast")
        base = f"place:azureml://registries/{name}/models/x/versions/1"
        world.node("missing", base)
        world.job(workspace, "tune", run("mlw-no/cpu", [f"model:{base}"], ["model:mlw-no/own"]))
        world.derive()
        (found,) = world.estate.neighbours(workspace, "tunes-from")
        assert world.get(found, "accepted") is accepted and bool(world.estate.gaps_at(found, "accepted")) is (
            accepted is UNSET
        )
