"""What jobs, models and deployments were made from: classes of data carried along the lineage, to a fixpoint.

Data is read by jobs, jobs make models, models are tuned by other jobs, registered, deployed. What was made from regulated data
counts as that data; a declared flow that says what it becomes changes the class of what goes by it. Each class is carried
alone, so that one more class never takes another away: the fixpoint is reached whatever the order, and circles end.

Beside what is certain go doubts: classes a thing might have, for want of a job, an input or a word on who made it. They are
carried in the same way and matter only where something stands outside the home of a class in doubt.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scanner.derive.movement import End, Flows
from scanner.derive.whereabouts import FROM_REGISTRY, Whereabouts
from scanner.findings import Gap
from scanner.graph.estate import UNSET, Estate

_Place = str | None
_LONGEST = 12  # steps of a way that are shown


@dataclass(frozen=True, slots=True)
class _Possible:
    """Classes that something may come from: those seen where it was made, and those that `gaps` may hide there."""

    seen: frozenset[str]
    hidden: frozenset[str] = frozenset()
    gaps: tuple[int, ...] = ()


class Lineage:
    """The graph of what is made from what, with the classes certain and in doubt at each of a thing's places."""

    def __init__(self, estate: Estate, flows: Flows, where: Whereabouts) -> None:
        self.estate = estate
        self.flows = flows
        self.where = where
        self.places: dict[int, tuple[_Place, ...]] = {}
        self.gaps: dict[int, tuple[int, ...]] = {}  # why a thing's places are not known
        self.after: dict[
            int, dict[tuple[int, str], None]
        ] = {}  # thing -> what was made from it, and as what it moves there
        self.held: dict[tuple[int, _Place], set[str]] = {}
        self.doubts: dict[tuple[int, _Place], dict[str, tuple[int, ...]]] = {}
        # workspace -> what any of its jobs may have made, and why nobody knows which
        self.any_job: dict[int, dict[int, tuple[int, ...]]] = {}
        self.came: dict[
            tuple[int, _Place, str], tuple[int, _Place, str]
        ] = {}  # a class at a place -> what it came from
        self._waiting: dict[int, None] = {}

    def run(self) -> None:
        """Ties, seeds, and carries until nothing changes."""
        estate = self.estate
        for job in estate.nodes("job"):
            self._job(job)
        for model in estate.nodes("model"):
            self._model(model)
        self._registries()
        for kind in ("online-deployment", "batch-deployment"):
            for deployment in estate.nodes(kind):
                self._deployment(deployment)
        for deployment in estate.nodes("model-deployment"):
            self._tuned(deployment)
        while self._waiting:
            node = next(iter(self._waiting))
            del self._waiting[node]
            for target, what in self.after.get(node, ()):
                self._carry(node, target, what)
            if not self._waiting:  # asked once all is carried: it goes by what jobs of a whole workspace hold
                self._made_by_any()

    # -- ties and seeds ------------------------------------------------------------------------------------------------

    def _job(self, job: int) -> None:
        estate = self.estate
        runs = estate.get(job, "runs")
        for run in runs if isinstance(runs, tuple) else ():
            for key, what in run.inputs:
                thing = estate.node(key)
                if thing is not None and thing != job:
                    self._input(job, self.where.itself(thing), what)
            for key, _ in run.outputs:
                thing = estate.node(key)
                if thing is not None and estate.kind(thing) == "data-asset":
                    self._tie(job, thing, "data")
        gaps = [*estate.gaps_at(job, "reads-data"), *(estate.gaps_at(job, "*") if runs is UNSET else ())]
        if gaps:
            self._doubt(job, self._possible(job), gaps[:1])

    def _input(self, job: int, thing: int, what: str) -> None:
        kind = self.estate.kind(thing)
        self._tie(thing, job, "model" if kind == "model" else what)
        if kind in ("job", "model") or (kind == "registry-asset" and self.estate.get(thing, "asset-type") == "model"):
            return
        if kind == "missing":
            found = self.where.data(thing)
            if not found.elsewhere:
                self._doubt(thing, self._possible(job, thing), found.gaps[:1] or (self._unsaid(thing),))
            return
        self._seed(thing)

    def _seed(self, thing: int) -> None:
        """Data counts as its own classes wherever it is kept."""
        classes = self.estate.get(thing, "data-classes")
        gaps = [*self.estate.gaps_at(thing, "data-classes"), *self.estate.gaps_at(thing, "*")]
        if isinstance(classes, frozenset):
            self._hold(thing, self.flows.guarded(classes))
        elif classes is UNSET and gaps:
            self._doubt(thing, self._anything(), gaps[:1])

    def _model(self, model: int) -> None:
        estate = self.estate
        stated = estate.get(model, "data-classes")
        if isinstance(stated, frozenset):
            self._hold(model, self.flows.guarded(stated))
        for base in estate.neighbours(model, "based-on"):
            self._tie(base, model, "model")
        for job in estate.neighbours(model, "made-by"):
            self._tie(job, model, "model")
            if estate.kind(job) == "missing":
                gaps = [*estate.gaps_at(job, "*"), *self._bounds(model)]
                self._unmade(model, gaps[0] if gaps else self._unsaid(job))
        reference = estate.get(model, "uri")
        registry = FROM_REGISTRY.match(reference) if isinstance(reference, str) else None
        if registry and self._from_registry(model, registry):
            return
        if estate.neighbours(model, "made-by") or isinstance(stated, frozenset):
            return
        gaps = [*estate.gaps_at(model, "made-by"), *estate.gaps_at(model, "*")]
        self._unmade(model, gaps[0] if gaps else self._unsaid(model, "it does not say which job made it"))

    def _from_registry(self, node: int, named: re.Match[str]) -> bool:
        """Ties what an address names in a registry; False when it may be anything."""
        asset = self.where.asset(named)
        if asset is not None:
            self._tie(asset, node, "model")
            return True
        own = self.where.registries.get(named.group(1).lower())
        found = self.where.public(named.group(1)) if own is None else None
        if found is not None and found.elsewhere:
            return True  # of a public catalogue
        gaps = found.gaps if found is not None else self.estate.gaps_at(own or 0, "shares-asset")
        self._doubt(node, self._anything(), gaps[:1] or (self._unsaid(node, "the registry's model was not read"),))
        return True

    def _registries(self) -> None:
        """A model of a registry is what it was shared from: a workspace's model of its name and version, or what its tag says."""
        estate = self.estate
        named: dict[str, list[int]] = {}
        for model in estate.nodes("model"):
            named.setdefault(estate.name(model).lower(), []).append(model)
        for asset in estate.nodes("registry-asset"):
            if estate.get(asset, "asset-type") != "model":
                continue
            stated = estate.get(asset, "data-classes")
            if isinstance(stated, frozenset):
                self._hold(asset, self.flows.guarded(stated))
            for base in estate.neighbours(asset, "based-on"):
                self._tie(base, asset, "model")
            same = named.get(estate.name(asset).lower(), ())
            for model in same:
                uri = estate.get(model, "uri")
                if not (isinstance(uri, str) and FROM_REGISTRY.match(uri)):
                    self._tie(model, asset, "model")
            if not same and not isinstance(stated, frozenset):
                gap = self._unsaid(asset, "nothing says which model it was shared from")
                self._doubt(asset, self._anything(), (gap,))

    def _deployment(self, deployment: int) -> None:
        estate = self.estate
        stated = estate.get(deployment, "data-classes")
        if isinstance(stated, frozenset):
            self._hold(deployment, self.flows.guarded(stated))
        models = estate.neighbours(deployment, "deploys")
        for model in models:
            self._tie(model, deployment, "model")
            if estate.kind(model) == "missing" and not isinstance(stated, frozenset):
                gaps = estate.gaps_at(model, "*")
                self._unmade(model, gaps[0] if gaps else self._unsaid(model), deployment)
        reference = estate.get(deployment, "model-reference")
        registry = FROM_REGISTRY.match(reference) if isinstance(reference, str) else None
        if registry and self._from_registry(deployment, registry):
            return
        gaps = [*estate.gaps_at(deployment, "deploys"), *estate.gaps_at(deployment, "*")]
        if gaps and not models and not isinstance(stated, frozenset):
            self._doubt(deployment, self._possible(deployment), gaps[:1])

    def _tuned(self, deployment: int) -> None:
        """What a model account tuned counts as the account's data, in whatever account it is deployed."""
        estate = self.estate
        if estate.get(deployment, "base-model") is None:
            return
        account = estate.first(deployment, "weights-from")
        account = estate.first(deployment, "deployment-of") if account is None else account
        gaps = [*estate.gaps_at(deployment, "*"), *(estate.gaps_at(account, "*") if account is not None else ())]
        if estate.get(deployment, "base-model") is UNSET or account is None or estate.kind(account) == "missing":
            gap = gaps[0] if gaps else self._unsaid(deployment if account is None else account)
            self._doubt(deployment, self._anything(), (gap,))
            return
        self._seed(account)
        self._tie(account, deployment, "model")

    def _unmade(self, model: int, gap: int, named_by: int | None = None) -> None:
        """A model of which nobody can say what made it: all that its workspace has to do with, and any job there."""
        self._doubt(model, self._possible(model if named_by is None else named_by, model), (gap,))
        workspace = self._workspace(model)
        if workspace is not None:
            self.any_job.setdefault(workspace, {})[model] = (gap,)
            # what jobs took that nobody could list may come from anywhere; of old ones the workspace is taken to tell
            unread = [g for g in self.estate.gaps_at(workspace, "has-job") if self.estate.gaps[g].reason != "bounded"]
            if unread:
                self._doubt(model, self._anything(), unread)

    def _possible(self, node: int, thing: int | None = None) -> _Possible:
        """Classes that what was made in a workspace may come from: all that it has to do with; any, where that is not known.

        What a node names may be in another workspace than the node.
        """
        estate = self.estate
        workspace = self._workspace(node if thing is None else thing)
        if workspace is None and thing is not None and "/workspaces/" not in estate.key(thing):
            workspace = self._workspace(node)
        if workspace is None:
            return self._anything()
        classes, gaps = estate.get(workspace, "data-classes"), estate.gaps_at(workspace, "data-classes")
        if classes is UNSET:
            return _Possible(frozenset(), self._anything().seen, tuple(gaps or estate.gaps_at(workspace, "*")))
        seen = self.flows.guarded(classes or ())
        return _Possible(seen, self._anything().seen - seen, tuple(gaps)) if gaps else _Possible(seen)

    def _anything(self) -> _Possible:
        return _Possible(self.flows.guarded(self.flows.classes))

    def _workspace(self, node: int) -> int | None:
        """The workspace something is in, by what leads there; of what was not found, by its id."""
        estate = self.estate
        for edge in ("job-of", "model-of", "deployment-of"):
            above = estate.first(node, edge)
            workspace = estate.first(above, "endpoint-of") if above is not None and edge == "deployment-of" else above
            if workspace is not None:
                return workspace
        key = estate.key(node) if estate.kind(node) == "missing" else ""
        while "/" in key:
            key = "/".join(key.split("/")[:-2])
            found = estate.node(key)
            if found is not None and estate.kind(found) == "workspace":
                return found
        return None

    def _made_by_any(self) -> None:
        """What any job of a workspace may have made may be of any class that one of them holds."""
        estate = self.estate
        for workspace, models in self.any_job.items():
            held: dict[tuple[End, str], None] = {}
            for job in estate.neighbours(workspace, "has-job"):
                at = estate.get(job, "environment")
                for place in self.at(job):
                    end = End(place, at if isinstance(at, str) else None)
                    for name in (*self.held.get((job, place), ()), *self.doubts.get((job, place), ())):
                        held[end, name] = None
            for model, gaps in models.items():
                at = estate.get(model, "environment")
                for place in self.at(model):
                    end = End(place, at if isinstance(at, str) else None)
                    names = [n for came, name in held for n in self._becomes("model", name, came, end)]
                    self._doubt_at(model, place, dict.fromkeys(names), gaps)

    def _bounds(self, model: int) -> Sequence[int]:
        """The bound that left a job out, or why its list was not read."""
        workspace = self.estate.first(model, "model-of")
        return self.estate.gaps_at(workspace, "has-job") if workspace is not None else ()

    def _unsaid(self, node: int, detail: str = "") -> int:
        return self.estate.add_gap(
            Gap("model", self.estate.key(node), "", "not stated" if detail else "missing", detail)
        )

    # -- carrying ------------------------------------------------------------------------------------------------------

    def at(self, node: int) -> tuple[_Place, ...]:
        """A thing's regions; one unknown place when none is known."""
        found = self.places.get(node)
        if found is None:
            regions, self.gaps[node] = self._regions(node)
            found = self.places[node] = tuple(sorted(regions)) or (None,)
        return found

    def _regions(self, node: int) -> tuple[frozenset[str], tuple[int, ...]]:
        estate, kind = self.estate, self.estate.kind(node)
        if kind == "job":
            workspace, runs = estate.first(node, "job-of"), estate.get(node, "runs")
            if workspace is None or not isinstance(runs, tuple):
                return frozenset(), ()
            found = [self.where.run(run, workspace) for run in runs]
            return frozenset().union(*(f.regions for f in found)), tuple(gap for f in found for gap in f.gaps)
        where = self.where.deployment(node) if kind.endswith("-deployment") else self.where.data(node)
        return where.regions, where.gaps

    def _tie(self, source: int, target: int, what: str) -> None:
        self.after.setdefault(source, {})[target, what] = None

    def _hold(self, node: int, classes: Iterable[str]) -> None:
        wanted = set(classes)
        for place in self.at(node) if wanted else ():
            held = self.held.setdefault((node, place), set())
            if not wanted <= held:
                held |= wanted
                self._waiting[node] = None

    def _doubt(self, node: int, possible: _Possible, gaps: Sequence[int]) -> None:
        for place in self.at(node):
            self._doubt_at(node, place, possible.seen, gaps)
            self._doubt_at(node, place, possible.hidden, (*gaps, *possible.gaps))

    def _doubt_at(self, node: int, place: _Place, classes: Iterable[str], gaps: Sequence[int]) -> None:
        doubts = self.doubts.setdefault((node, place), {})
        for name in classes:
            if name not in doubts:
                doubts[name] = tuple(gaps)
                self._waiting[node] = None

    def _carry(self, source: int, target: int, what: str) -> None:
        """What is where the other is as well is taken there; what is not comes from every place the other is in."""
        estate, sources = self.estate, self.at(source)
        ends = [estate.get(node, "environment") for node in (source, target)]
        left, entered = (end if isinstance(end, str) else None for end in ends)
        for place in self.at(target):
            for origin in (place,) if place in sources else sources:
                certain, doubtful = self.held.get((source, origin)), self.doubts.get((source, origin))
                if not certain and not doubtful:
                    continue
                from_, to = End(origin, left), End(place, entered)
                mine = self.held.setdefault((target, place), set())
                for held in sorted(certain or ()):
                    for name in self._becomes(what, held, from_, to) - mine:
                        mine.add(name)
                        self.came[target, place, name] = (source, origin, held)
                        self._waiting[target] = None
                possible = self.doubts.setdefault((target, place), {})
                for held, gaps in (doubtful or {}).items():
                    for name in self._becomes(what, held, from_, to):
                        if name not in possible:
                            possible[name] = gaps
                            self._waiting[target] = None

    def way(self, node: int, place: _Place, name: str) -> list[int]:
        """How a class came to a thing: from the data it was first on."""
        found = [node]
        at = (node, place, name)
        while at in self.came and len(found) < _LONGEST:
            at = self.came[at]
            found.append(at[0])
        return found[::-1]

    def _becomes(self, what: str, name: str, source: End, target: End) -> frozenset[str]:
        """What one class counts as after a movement; where no flow carries it, it stays what it is."""
        answer = self.flows.may(what, (name,), source, target)
        if not answer.allowed:
            answer = self.flows.may(what, (name,), source, target, ("site",))
        return self.flows.guarded(answer.classes) if answer.allowed else frozenset((name,))
