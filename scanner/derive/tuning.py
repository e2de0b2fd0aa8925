"""Where the base models of fine-tuning come from: a site of the scenario, a declared catalogue, or somewhere else."""

from __future__ import annotations

from collections.abc import Sequence

from scanner.derive.movements import tunes
from scanner.derive.whereabouts import FROM_REGISTRY, Whereabouts
from scanner.graph.estate import Estate

_EXAMPLES = 3


def derive(estate: Estate, where: Whereabouts) -> None:
    """Writes a `base-model` for each source a workspace tunes from, once for all of its jobs."""
    catalogues: set[str] = set()
    for node in estate.nodes("scenario"):
        catalogues |= estate.get(node, "base-model-catalogues") or frozenset()
    at_site = {estate.get(site, "region") for site in estate.nodes("site")}
    for workspace in estate.nodes("workspace"):
        if workspace in estate.aside:
            continue
        for gap in estate.gaps_at(workspace, "has-job"):
            if estate.gaps[gap].reason != "bounded":
                estate.mark_gap(workspace, "tunes-from", gap)
        sources: dict[str, tuple[str, set[str]]] = {}
        for job in estate.neighbours(workspace, "has-job"):
            runs = estate.get(job, "runs")
            for gap in (*estate.gaps_at(job, "reads-data"), *estate.gaps_at(job, "*")):
                estate.mark_gap(workspace, "tunes-from", gap)
            for run in runs if isinstance(runs, tuple) else ():
                for key, what in run.inputs if tunes(estate, job, run) else ():
                    base = estate.node(key)
                    if what == "model" and base is not None:
                        source, name = _source(estate, where, base)
                        sources.setdefault(source, (name, set()))[1].add(estate.name(job))
        for source, (name, jobs) in sources.items():
            _write(estate, where, workspace, source, name, sorted(jobs), catalogues, at_site)


def _source(estate: Estate, where: Whereabouts, node: int) -> tuple[str, str]:
    """The key and name of what a base model comes from: the registry it is in or was taken from, else where it is kept."""
    for address in (estate.get(node, "uri"), estate.key(node).removeprefix("place:")):
        registry = FROM_REGISTRY.match(address) if isinstance(address, str) else None
        if registry:
            name = registry.group(1).lower()
            own = where.registries.get(name)
            return (estate.key(own) if own is not None else f"registry:{name}"), name
    holder = next((above for edge in ("model-of", "asset-shared-by") for above in estate.neighbours(node, edge)), node)
    return estate.key(holder), estate.name(holder)


def _write(
    estate: Estate, where: Whereabouts, workspace: int, source: str, name: str, jobs: Sequence[str], catalogues: set[str], at_site: set[str]
) -> None:  # fmt: skip
    node = estate.add("base-model", f"base-model:{estate.key(workspace)}|{source}", f"a base model from {name}")
    origin = estate.node(source)
    found = where.data(origin) if origin is not None else where.public(name)
    estate.set(node, "source", name)
    accepted = name in catalogues or bool(found.regions & at_site)
    if accepted or found.elsewhere or not found.gaps:
        estate.set(node, "accepted", accepted)
    else:
        for gap in found.gaps:
            estate.mark_gap(node, "accepted", gap)
    reason = f"by {', '.join(jobs[:_EXAMPLES])}" + (" and others" if len(jobs) > _EXAMPLES else "")
    estate.connect(workspace, "tunes-from", node, reason)
