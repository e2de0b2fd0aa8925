"""Where models come from: the base models that jobs, models and deployments name, and the registries those are in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from msgspec import UNSET

from scanner import ids
from scanner.graph.build import flows, runs, shapes
from scanner.graph.build.context import Context, known, without_query
from scanner.graph.estate import Estate

_REGISTRY = re.compile(
    r"azureml:/+registries/([^/]+)/(models|data|environments|components)/([^/]+)(?:/versions/([^/]+))?", re.IGNORECASE
)
ASSETS = {"model": "models", "data": "data", "environment": "environments", "component": "components"}
_TUNED = re.compile(r"\.ft-", re.IGNORECASE)  # stands between the name of a base model and the id of its tuning


def made_from(context: Context, node: int, holder: int | None, properties: Any) -> None:
    """Notes the base models that a job, a model or an asset of a registry names; `holder` is where plain names mean something."""
    if known(properties.properties) is UNSET or known(getattr(properties, "fine_tuning_details", None)) is UNSET:
        return  # odd: unknown
    named = runs.base_models(properties)
    context.estate.set(node, "base-models", frozenset(without_query(address) for address in named))
    for address in named:
        context.flows.origins.append((node, address))
        if holder is not None:
            context.flows.bases.append((node, holder, address))


def taken_from(context: Context, node: int, address: Any) -> None:
    """Notes the registry that an address names, if it names one."""
    if isinstance(address, str) and address:
        context.flows.origins.append((node, address))


def served(context: Context, node: int, properties: shapes.ModelDeployment) -> None:
    """What a deployment of a model account says of its model: who publishes it, and whether it was tuned, and where."""
    estate, model = context.estate, known(properties.model)
    if model is UNSET:
        return
    name = known(model.name) if model else None
    estate.set(node, "model-name", name)
    estate.set(node, "model-publisher", known(model.format) if model else None)
    if name is UNSET:
        return
    tuned = _TUNED.split(name, 1) if isinstance(name, str) else []
    estate.set(node, "base-model", tuned[0] if len(tuned) > 1 else None)
    for source in dict.fromkeys((known(model.source_account), known(model.source)) if model else ()):
        if isinstance(source, str) and source.startswith("/subscriptions/"):
            context.flows.weights.append((node, source))


def asset(context: Context, kind: str, body: shapes.Arm[shapes.RegistryAsset], node: int) -> None:
    """What an asset of a registry says beside its envelope."""
    estate, what = context.estate, kind.removeprefix("registry-")
    estate.set(node, "asset-type", what)
    properties = body.properties
    registry = context.refer(ids.fold(body.id).partition(f"/{ASSETS[what]}/")[0])
    if registry is not None:
        estate.connect(registry, "shares-asset", node)
    if properties is UNSET or what not in ("model", "data"):
        return
    uri = known(properties.model_uri if what == "model" else properties.data_uri)
    estate.set(node, "uri", without_query(uri))
    made_from(context, node, registry, properties)


# -- when everything is placed -----------------------------------------------------------------------------------------


def resolve(context: Context) -> None:
    estate, found = context.estate, context.flows
    registries: dict[str, list[int]] = {}
    for node in estate.nodes("ml-registry"):
        registries.setdefault(estate.name(node).lower(), []).append(node)
    for node, address in dict.fromkeys((*found.origins, *_taken_by_runs(estate))):
        named = _REGISTRY.match(address)
        for source in _sources(context, registries, named.group(1)) if named else ():
            if source not in estate.neighbours(node, "comes-from"):
                estate.connect(node, "comes-from", source)
    for node, holder, address in dict.fromkeys(found.bases):
        target = _base(context, registries, holder, address)
        if target is not None and target != node and target not in estate.neighbours(node, "based-on"):
            estate.connect(node, "based-on", target)
    for node, account in dict.fromkeys(found.weights):
        target = context.refer(_account_of(account))
        if target is not None and target not in estate.neighbours(node, "weights-from"):
            estate.connect(node, "weights-from", target)


def _taken_by_runs(estate: Estate) -> Iterator[tuple[int, str]]:
    """Models of registries that jobs, and the steps of pipelines, take as what they are."""
    for job in estate.nodes("job"):
        stated = estate.get(job, "runs")
        for run in stated if isinstance(stated, tuple) else ():
            yield from ((job, key.removeprefix("place:")) for key, what in run.inputs if what == "model")


def _sources(context: Context, registries: dict[str, list[int]], name: str) -> list[int]:
    """The tenant's registries of that name (more than one when it is used in two regions), else a catalogue."""
    own = registries.get(name.lower())
    return own if own is not None else [context.estate.add("catalogue", f"catalogue:{name.lower()}", name)]


def _base(context: Context, registries: dict[str, list[int]], holder: int, address: str) -> int | None:
    """A version in a registry of the tenant is that asset; anything else is what the address means in the workspace."""
    estate, named = context.estate, _REGISTRY.match(address)
    own = registries.get(named.group(1).lower(), ()) if named else ()
    if named and named.group(4) and len(own) == 1:
        _, what, name, version = named.groups()
        asset_ = estate.node(f"{estate.key(own[0])}/{what}/{name}/versions/{version}".lower())
        if asset_ is not None:
            return asset_
    if estate.kind(holder) != "workspace" and not named and not address.startswith("/"):
        return None
    return flows.address(context, holder, address, "model")


def _account_of(arm_id: str) -> str:
    """The account of an id of it or of something in it."""
    key = ids.fold(arm_id)
    above: str | None = key
    while above is not None and ids.resource_type(above) != "microsoft.cognitiveservices/accounts":
        above = ids.parent(above) if "/providers/" in above else None
    return above or key


def doubt(estate: Estate, kind: str, gap: int) -> None:
    """Where registries could not be listed, what looks like a public catalogue may be one of the tenant's own."""
    if kind in ("ml-registry", "subscription"):
        for node in estate.nodes("catalogue"):
            estate.mark_gap(node, "*", gap)
