"""Runs of jobs: what a job, or each step of a pipeline, takes and gives and runs on, bindings followed."""

from __future__ import annotations

from typing import Any

import pytest

from scanner.graph.build.runs import ends
from scanner.graph.shared import Run
from tests.graph.test_build_flows import STORE, WS, _arm, _estate, _get

JOB = f"{WS}/jobs/j"
LAKE = f"{WS}/datastores/lake".lower()
OWN = f"{WS}/datastores/workspaceblobstore".lower()


def _runs(properties: dict[str, Any]) -> tuple[Run, ...]:
    estate = _estate(
        _arm("workspace", WS), _arm("storage-account", STORE),
        _arm("datastore", f"{WS}/datastores/lake", {"accountName": "stdata"}),
        _arm("datastore", f"{WS}/datastores/workspaceblobstore", {"accountName": "stdata"}),
        _arm("job", JOB, properties),
    )  # fmt: skip
    found: tuple[Run, ...] = _get(estate, JOB, "runs")
    return found


def test_a_job_is_one_run_of_what_it_takes_and_gives() -> None:
    (run,) = _runs({
        "jobType": "Command", "computeId": f"{WS}/computes/gpu",
        "inputs": {"raw": {"jobInputType": "uri_folder", "uri": "azureml:events:3"}, "base": {"jobInputType": "mlflow_model", "uri": "azureml:base:1"},
                   "rate": {"jobInputType": "literal", "value": "0.1"}, "optional": {"jobInputType": "uri_file", "uri": None}},
        "outputs": {"model": {"jobOutputType": "mlflow_model", "uri": "azureml://datastores/lake/paths/m"}},
    })  # fmt: skip
    assert run == Run(
        "", f"{WS}/computes/gpu".lower(),
        ((f"{WS}/data/events/versions/3".lower(), "data"), (f"{WS}/models/base/versions/1".lower(), "model")),
        ((LAKE, "model"),),
    )  # fmt: skip


def test_an_output_without_an_address_goes_to_the_storage_of_the_workspace() -> None:
    (run,) = _runs({"jobType": "Command", "outputs": {"out": {"jobOutputType": "uri_folder", "uri": None}}})
    assert run.outputs == ((OWN, "data"),) and run.compute is None


def test_what_another_job_gave_is_taken_from_that_job() -> None:
    (run,) = _runs({"jobType": "Command", "inputs": {"x": {"uri": "azureml://jobs/prep/outputs/clean"}}})
    assert run.inputs == ((f"{WS}/jobs/prep".lower(), "data"),)


def test_steps_take_what_their_pipeline_takes_and_what_other_steps_gave() -> None:
    prep, train = _runs({
        "jobType": "Pipeline", "settings": {"default_compute": "azureml:cpu"},
        "inputs": {"raw": {"jobInputType": "uri_folder", "uri": "https://stdata.blob.core.windows.net/c/p"}},
        "outputs": {"model": {"jobOutputType": "mlflow_model", "uri": "azureml://datastores/lake/paths/m"}},
        "jobs": {
            "prep": {"inputs": {"raw": {"job_input_type": "literal", "value": "${{parent.inputs.raw}}"}, "n": {"job_input_type": "literal", "value": "5"}},
                     "outputs": {"clean": {"job_output_type": "uri_folder"}}},
            "train": {"inputs": {"clean": {"path": "${{parent.jobs.prep.outputs.clean}}"}}, "computeId": f"{WS}/computes/gpu",
                      "outputs": {"model": {"path": "${{parent.outputs.model}}"}}},
        },
    })  # fmt: skip
    assert prep == Run("prep", f"{WS}/computes/cpu".lower(), ((STORE.lower(), "data"),), ((OWN, "data"),))
    assert train == Run("train", f"{WS}/computes/gpu".lower(), ((OWN, "data"),), ((LAKE, "model"),))


def test_bindings_to_nothing_and_compute_of_the_service_name_no_place() -> None:
    (run,) = _runs({
        "jobType": "Pipeline", "computeId": "serverless", "inputs": {},
        "jobs": {"a": {"inputs": {"x": "${{parent.inputs.absent}}", "lr": "0.01"}, "outputs": {}}},
    })  # fmt: skip
    assert run == Run("a", None, (), ())


def test_an_asset_may_be_named_by_the_id_its_workspace_calls_itself() -> None:
    estate = _estate(
        _arm("workspace", WS, {"workspaceId": "12345678-0000-0000-0000-000000000001"}),
        _arm("data-asset", f"{WS}/data/events/versions/3", {"dataUri": "https://stdata.blob.core.windows.net/c/p"}),
        _arm("job", JOB, {"jobType": "Command", "inputs": {
            "a": {"uri": "azureml://locations/brazilsouth/workspaces/12345678-0000-0000-0000-000000000001/data/Events/versions/3"},
            "b": {"uri": "azureml://locations/brazilsouth/workspaces/99999999-0000-0000-0000-000000000001/data/events/versions/3"}}}),
    )  # fmt: skip
    (run,) = _get(estate, JOB, "runs")
    assert [key.partition(":")[0] == "place" for key, _ in run.inputs] == [False, True]
    assert run.inputs[0][0] == f"{WS}/data/events/versions/3".lower()


@pytest.mark.parametrize(
    "end", [{"uri": 5}, {"uri": {"x": 1}}, {"uri": [5]}, {"uri": "azureml://x", "jobOutputType": {"x": 1}}]
)
def test_an_end_of_another_shape_is_an_end_that_leads_somewhere(end: dict[str, Any]) -> None:
    (found,) = ends({"a": end}).values()
    assert isinstance(found[0], str) and found[0] and found[1] == "data"
