"""Where things of machine learning are: the region of the store behind data, of computes, of what endpoints serve from.

Every answer is regions and gaps: what could not be told is a gap and never a region.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from scanner.findings import NO_PLACE, Gap
from scanner.graph.estate import UNSET, Estate
from scanner.graph.shared import Run

FROM_REGISTRY = re.compile(r"azureml://registries/([^/]+)/(?:([a-z]+)/([^/]+)/versions/([^/]+))?", re.IGNORECASE)
_OF_THE_SERVICE = "azureml"  # what the service's own public catalogues begin with
_ARC = "microsoft.kubernetes/connectedclusters"
_PLACE = "place:"


class Where(msgspec.Struct, frozen=True, gc=False):
    """`holders` are the accounts (or what else keeps bytes) behind it; `elsewhere`: it is on the web or in a registry that
    is not the tenant's, and so in no place of the scenario.
    """

    regions: frozenset[str] = frozenset()
    holders: tuple[int, ...] = ()
    gaps: tuple[int, ...] = ()
    elsewhere: bool = False


class Whereabouts:
    """Answers remembered: many jobs read the same data."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self._data: dict[int, Where] = {}
        self._computes: dict[int, Where] = {}
        self.registries = {estate.name(node).lower(): node for node in estate.nodes("ml-registry")}

    def itself(self, node: int) -> int:
        """The asset of a registry that an address means, where it was read; else the node itself."""
        address = self.estate.key(node)
        named = FROM_REGISTRY.match(address.removeprefix(_PLACE)) if address.startswith(_PLACE) else None
        found = self.asset(named) if named else None
        return node if found is None else found

    def asset(self, named: re.Match[str]) -> int | None:
        """The asset of one of the tenant's registries that an address names; None when it was not read."""
        own = self.registries.get(named.group(1).lower())
        if own is None or not named.group(2):
            return None
        return self.estate.node(
            f"{self.estate.key(own)}/{named.group(2)}/{named.group(3)}/versions/{named.group(4)}".lower()
        )

    def public(self, registry: str) -> Where:
        """A registry that is none of the tenant's is in no place of the scenario; one that might be leaves it open."""
        unread = () if registry.lower().startswith(_OF_THE_SERVICE) else self.estate.unread_gaps("ml-registry")
        return Where((frozenset()), (), tuple(unread), elsewhere=not unread)

    def data(self, node: int) -> Where:
        """Where data or a model is kept."""
        found = self._data.get(node)
        if found is None:
            self._data[node] = Where()  # for what leads back to itself
            found = self._data[node] = self._kept(node)
        return found

    def _kept(self, node: int) -> Where:
        estate = self.estate
        kind = estate.kind(node)
        if kind == "missing":
            return self._missing(node)
        if kind == "ml-registry":
            return self.registry(node)
        if kind == "job":
            return self._given(node)
        if kind == "registry-asset":
            registry_of = estate.first(node, "asset-shared-by")
            return self.registry(registry_of) if registry_of is not None else Where(gaps=self._why(node, "*"))
        if kind in ("data-asset", "datastore", "model"):
            registry = FROM_REGISTRY.match(str(estate.get(node, "uri"))) if kind != "datastore" else None
            if registry:
                own = self.registries.get(registry.group(1).lower())
                return self.registry(own) if own is not None else self.public(registry.group(1))
            return together(
                [self.data(target) for target in estate.neighbours(node, "stored-in")],
                estate.gaps_at(node, "stored-in"),
            )
        return self.stands(node)

    def stands(self, node: int) -> Where:
        """Where a resource itself stands; `global` is nowhere."""
        estate = self.estate
        region = estate.get(node, "region")
        if region is UNSET:
            return Where(frozenset(), (node,), self._why(node, "located-in", "*"))
        return Where(frozenset({region} if isinstance(region, str) else ()), (node,))

    def registry(self, node: int) -> Where:
        """Assets of an ML registry are in every region it lists."""
        found = self.estate.get(node, "regions")
        if not isinstance(found, frozenset):
            return Where(frozenset(), (node,), self._why(node, "replicated-to", "*"))
        return Where(found, (node,))

    def _missing(self, node: int) -> Where:
        estate = self.estate
        key = estate.key(node)
        if key.startswith(_PLACE):
            address = key.removeprefix(_PLACE)
            registry = FROM_REGISTRY.match(address)
            own = self.registries.get(registry.group(1).lower()) if registry else None
            if own is not None:
                return self.registry(own)
            if registry:
                return self.public(registry.group(1))
            if address.startswith(("http:", "https:")):
                return Where(elsewhere=True)
        return Where(frozenset(), (node,), self._why(node, "*"))

    def _given(self, job: int) -> Where:
        """What a job gave is where its outputs are; where it names none, in the workspace's own storage."""
        estate = self.estate
        runs = estate.get(job, "runs")
        outputs = [node for run in runs for key, _ in run.outputs if (node := estate.node(key)) is not None] if isinstance(runs, tuple) else []  # fmt: skip
        if not outputs:
            workspace = estate.first(job, "job-of")
            outputs = [*estate.neighbours(workspace, "default-store")] if workspace is not None else []
        gaps = estate.gaps_at(job, "writes-data")
        if not outputs and not gaps:
            return Where(frozenset(), (), self._why(job, "*"))
        return together([self.data(node) for node in outputs if node != job], gaps)

    def run(self, run: Run, workspace: int) -> Where:
        """Where a run computes; without a compute in the region of its workspace."""
        node = self.estate.node(run.compute) if run.compute else None
        return self.stands(workspace) if node is None else self.compute(node)

    def compute(self, node: int) -> Where:
        """A compute stands in its own region, an attached one where its resource does; of an Arc cluster nobody knows."""
        found = self._computes.get(node)
        if found is None:
            found = self._computes[node] = self._computing(node)
        return found

    def _computing(self, node: int) -> Where:
        estate = self.estate
        if estate.kind(node) == "missing":
            return Where(frozenset(), (node,), self._why(node, "*"))
        attached = estate.first(node, "attached-to")
        if attached is None:
            if estate.gaps_at(node, "attached-to"):
                return Where(frozenset(), (node,), tuple(estate.gaps_at(node, "attached-to")))
            return self.stands(node)
        if estate.kind(attached) == "missing":
            return Where(frozenset(), (attached,), self._why(attached, "*"))
        if estate.get(attached, "type") == _ARC:
            gap = Gap("arc-cluster", estate.key(attached), "", NO_PLACE)
            return Where(frozenset(), (attached,), (estate.add_gap(gap),))
        return self.stands(attached)

    def serving(self, endpoint: int) -> Where:
        """Where an endpoint answers: a Kubernetes one in its cluster's region, whatever its own location says."""
        compute = self.estate.first(endpoint, "runs-on")
        if compute is not None:
            return self.compute(compute)
        gaps = tuple(self.estate.gaps_at(endpoint, "runs-on"))
        return Where(frozenset(), (endpoint,), gaps) if gaps else self.stands(endpoint)

    def deployment(self, node: int) -> Where:
        """Where a deployment answers: a batch one on its own compute, an online one where its endpoint does."""
        if self.estate.kind(node) == "batch-deployment" and (compute := self.estate.first(node, "runs-on")) is not None:
            return self.compute(compute)
        endpoint = self.estate.first(node, "deployment-of")
        return self.serving(endpoint) if endpoint is not None else self.stands(node)

    def _why(self, node: int, *edges: str) -> tuple[int, ...]:
        estate = self.estate
        found = [gap for edge in edges for gap in estate.gaps_at(node, edge)]
        return tuple(dict.fromkeys(found)) or (estate.add_gap(Gap("resource", estate.key(node), "", "missing")),)


def together(places: Sequence[Where], gaps: Sequence[int] = ()) -> Where:
    """Several places as one; something is elsewhere only when all of it is."""
    if len(places) == 1 and not gaps:
        return places[0]
    return Where(
        frozenset().union(*(place.regions for place in places)),
        tuple(dict.fromkeys(holder for place in places for holder in place.holders)),
        tuple(dict.fromkeys([*gaps, *(gap for place in places for gap in place.gaps)])),
        bool(places) and all(place.elsewhere for place in places),
    )
