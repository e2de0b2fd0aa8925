"""What runs of jobs take and give: a job, or each step of a pipeline, with its compute, its inputs and its outputs.

Steps are free JSON: the names of fields vary with who submitted the pipeline, and an input may be bound to one of the pipeline
or to another step's output.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import UNSET

from scanner.graph.build.context import Context, known
from scanner.graph.shared import Run

_MODELS = {"mlflow_model", "custom_model", "triton_model"}
_BOUND = re.compile(r"\$\{\{\s*parent\.(inputs|jobs|outputs)\.([^.}\s]+)(?:\.(?:outputs|inputs)\.([^.}\s]+))?\s*\}\}")
_ADDRESSES = ("azureml:", "abfss:", "wasbs:", "https:", "${{")
_SERVERLESS = {"serverless", "azureml:serverless"}
_DETAILS = ("trainingData", "validationData", "testData")  # what the settings of a tuning, or of AutoML, name as data
# Names under which a job or a model says in its free `properties` what it was tuned from.
BASE = re.compile(r"(base|parent|source|pretrained)_?-?model(_?-?(asset)?_?-?(id|uri|path|reference))?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Told:
    """A run as it is told: addresses as written, kept until everything is placed."""

    node: int
    workspace: int
    name: str  # of a step; empty for the job itself
    compute: str | None
    inputs: tuple[tuple[str, str], ...]  # (address, data or model); an empty address: the workspace's own storage
    outputs: tuple[tuple[str, str], ...]


def collect(context: Context, node: int, workspace: int, properties: Any) -> None:
    """Keeps the runs of a job."""
    jobs = known(properties.jobs)
    whole = {"inputs": _given(ends(inputs(properties))), "outputs": ends(known(properties.outputs, {}))}
    settings = known(properties.settings)
    default = known(properties.compute_id) or _first(settings, "default_compute", "defaultCompute", "defaultComputeId")
    steps = {name: step for name, step in jobs.items() if isinstance(step, dict)} if isinstance(jobs, dict) else {}
    if not steps:
        taken, given = tuple(_plain(whole["inputs"])), tuple(_plain(whole["outputs"]))
        context.flows.runs.append(Told(node, workspace, "", _word(known(properties.compute_id)), taken, given))
        return
    outputs = {name: ends(step.get("outputs") or {}) for name, step in steps.items()}
    for name, step in steps.items():
        compute = _first(step, "computeId", "compute_id", "compute") or default
        taken = tuple(_bound(_given(ends(step.get("inputs") or {})), whole, outputs))
        given = tuple(_bound(outputs[name], whole, outputs))
        context.flows.runs.append(Told(node, workspace, name, _word(compute), taken, given))


def inputs(properties: Any) -> Any:
    """Inputs of a job by name, and beside them what the settings of a tuning, or of AutoML, take; UNSET when one is odd."""
    stated = known(properties.inputs, {})
    tuning, task = known(properties.fine_tuning_details, {}), known(properties.task_details, {})
    if not isinstance(stated, dict) or not isinstance(tuning, dict) or not isinstance(task, dict):
        return UNSET
    found = dict(stated)
    for settings in (tuning, task):
        found |= {name: settings[name] for name in _DETAILS if settings.get(name)}
    for at, address in enumerate(base_models(properties)):
        found[f"base model {at}"] = {"jobInputType": "custom_model", "uri": address}
    return found


def base_models(properties: Any) -> list[str]:
    """Addresses of models that a job or a model says it starts from, in the settings of a tuning or its free properties."""
    tuning = known(getattr(properties, "fine_tuning_details", None), {})
    model = tuning.get("model") if isinstance(tuning, dict) else None
    found = [model if isinstance(model, str) else _first(model, "uri", "path", "assetId")]
    free = known(properties.properties, {})
    for name, value in sorted(free.items()) if isinstance(free, dict) else ():
        if BASE.search(name):
            found.append(value)
    return list(
        dict.fromkeys(a for a in found if isinstance(a, str) and a.startswith((*_ADDRESSES[:4], "/subscriptions/")))
    )


def ends(stated: Any) -> dict[str, tuple[str, str]]:
    """Inputs or outputs by name as (address, data or model); values that are no data are left out."""
    found: dict[str, tuple[str, str]] = {}
    for name, end in stated.items() if isinstance(stated, dict) else ():
        address = end if isinstance(end, str) else _first(end, "uri", "path", "value")
        if isinstance(end, str) and not end.startswith(_ADDRESSES):
            continue
        kind = _first(end, "jobInputType", "job_input_type", "jobOutputType", "job_output_type", "type")
        bound = isinstance(address, str) and address.startswith("${{")
        if kind == "literal" and not bound:
            continue
        if isinstance(address, str) or isinstance(end, dict):
            # an address of another shape leads somewhere, though nobody can tell where
            told = address if isinstance(address, str) else "" if address is None else str(address)
            found[name] = (told, "model" if isinstance(kind, str) and kind in _MODELS else "data")
    return found


def _given(stated: Mapping[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """Inputs that were given: an optional one without an address was not."""
    return {name: end for name, end in stated.items() if end[0]}


def _plain(stated: Mapping[str, tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """What is not bound to anything; an output without an address goes to the workspace's own storage."""
    yield from ((address, what) for address, what in stated.values() if not address.startswith("${{"))


def _bound(
    stated: Mapping[str, tuple[str, str]],
    whole: Mapping[str, Mapping[str, tuple[str, str]]],
    outputs: Mapping[str, Mapping[str, tuple[str, str]]],
) -> Iterator[tuple[str, str]]:
    """Addresses with bindings replaced by what they are bound to."""
    for address, what in stated.values():
        match = _BOUND.fullmatch(address) if address.startswith("${{") else None
        if not address.startswith("${{"):
            yield address, what
        elif match and match.group(1) == "jobs":
            other, kind = outputs.get(match.group(2), {}).get(match.group(3) or "", ("", what))
            other_bound = _BOUND.fullmatch(other) if other.startswith("${{") else None
            if other_bound and other_bound.group(1) == "outputs":
                other = whole["outputs"].get(other_bound.group(2), ("", what))[0]
            yield ("" if other.startswith("${{") else other), kind
        elif match:
            other, kind = whole[match.group(1)].get(match.group(2), ("", what))
            if match.group(2) in whole[match.group(1)] and not other.startswith("${{"):
                yield other, kind if kind == "model" else what


def _first(value: Any, *names: str) -> Any:
    if not isinstance(value, dict):
        return None
    return next((value[name] for name in names if value.get(name) is not None), None)


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) and value and value.lower() not in _SERVERLESS else None


def resolve(context: Context, place: Callable[[Context, int, str, str], int | None]) -> None:
    """Writes the runs of jobs with the keys of what they take, give and run on. `place` finds what an address means."""
    estate = context.estate
    found: dict[int, list[Run]] = {}
    for told in context.flows.runs:
        compute = _compute(context, told)
        placed = []
        for stated in (told.inputs, told.outputs):
            keys = []
            for address, what in dict.fromkeys(stated):
                target = place(context, told.workspace, address, what) if address else _own(context, told.workspace)
                if target is not None:
                    keys.append((estate.key(target), what))
            placed.append(tuple(keys))
        found.setdefault(told.node, []).append(Run(told.name, compute, placed[0], placed[1]))
    for node, runs in found.items():
        estate.set(node, "runs", tuple(runs))


def _own(context: Context, workspace: int) -> int | None:
    """Where a workspace keeps what nobody names a place for: its blob datastore, else its account."""
    store = context.datastores.get((workspace, "workspaceblobstore"))
    return store if store is not None else context.estate.first(workspace, "default-store")


def _compute(context: Context, told: Told) -> str | None:
    if told.compute is None:
        return None
    if told.compute.startswith("/"):
        target = context.refer(told.compute)
        return context.estate.key(target) if target is not None else None
    name = told.compute.removeprefix("azureml:")
    target = context.refer(f"{context.estate.original(told.workspace)}/computes/{name}")
    return context.estate.key(target) if target is not None else None
