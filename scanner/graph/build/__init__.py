"""From records to the estate as found: one `place` function for each kind of record, then references, then gaps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from scanner.graph.build import (
    arm,
    authorisation,
    containers,
    copies,
    coverage,
    directory,
    flows,
    gone,
    governance,
    kept,
    locations,
    machine_learning,
    origins,
    outbound,
    quota,
    references,
    reviews,
    settings,
    workloads,
)
from scanner.graph.build.context import Context
from scanner.graph.build.reading import lines
from scanner.graph.estate import Estate
from scanner.snapshot import Snapshot

__all__ = ["build"]

# In order: what stands later may refer to what stands earlier as made; the rest becomes `missing` and is filled in when
# it comes.
_STEPS: tuple[tuple[str, type[Any], Callable[..., None]], ...] = (
    *locations.STEPS,
    *containers.STEPS,
    *arm.STEPS,
    *machine_learning.STEPS,
    *outbound.STEPS,
    *directory.STEPS,
    *workloads.STEPS,
    *reviews.STEPS,
    *authorisation.STEPS,
    *settings.STEPS,
    *flows.STEPS,
    *copies.STEPS,
    *governance.STEPS,
    *quota.STEPS,
    *kept.STEPS,
)


def build(snapshot: Snapshot, arm_paths: Mapping[str, frozenset[str]] | None = None) -> Estate:
    """The estate as found: nodes, edges, and gaps for what could not be read.

    `arm_paths` are the `arm:` attributes that rules ask for, by folded ARM type (`*`: any resource); their values are
    kept under those names.
    """
    estate = Estate()
    context = Context(estate, snapshot, arm_paths or {})
    unread = partial(coverage.misread, context)
    for kind, shape, place in _STEPS:
        for body, of, raw, odd in lines(snapshot, kind, shape, unread):
            context.odd = odd
            place(context, kind, body, of, raw)
    authorisation.resolve(context)
    arm.resolve(context)
    references.resolve(context)
    workloads.resolve(context)
    settings.resolve(context)
    outbound.resolve(context)
    flows.resolve(context)
    origins.resolve(context)
    copies.resolve(context)
    governance.resolve(context)
    quota.resolve(context)
    directory.resolve(context)
    reviews.resolve(context)
    coverage.mark(context)
    gone.resolve(context)
    return estate
