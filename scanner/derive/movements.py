"""Movements of what machine learning works with, from region to region and from workspace to workspace.

One movement stands for all jobs of a workspace that move the same thing the same way, so that a nightly job is one finding and
keeps its fingerprint. Only what crosses something becomes a node.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from scanner.derive.movement import ACROSS, Crossing, End, Flows
from scanner.derive.whereabouts import Where, Whereabouts
from scanner.graph.estate import Estate
from scanner.graph.shared import Run

_EXAMPLES = 3
# What has classes, so that having none that could be read is a doubt.
_CLASSED = {"missing", "data-asset", "datastore", "storage-account"}
_BY_JOBS = ("reads-across", "writes-across", "spans")


@dataclass(slots=True)
class _Seen:
    """What several runs do alike."""

    classes: set[str] = field(default_factory=set)
    blocked: dict[str, None] = field(default_factory=dict)
    open: bool = False  # whether it is open if a flow carries it, for want of a class
    gaps: dict[int, None] = field(default_factory=dict)  # why
    runs: dict[str, None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Way:
    subject: int
    edge: str
    what: str
    thing: int
    source: End
    target: End
    tuning: bool = False


class Movements:
    """Collects movements by what they have in common, then writes a node for each."""

    def __init__(self, estate: Estate, flows: Flows, where: Whereabouts) -> None:
        self.estate = estate
        self.flows = flows
        self.where = where
        self._seen: dict[_Way, _Seen] = {}

    def add(
        self, way: _Way, classes: frozenset[str] | None, gaps: Sequence[int] = (), run: str = "",
        across: tuple[Crossing, ...] = ("site",),
    ) -> frozenset[str] | None:  # fmt: skip
        """Notes a movement and returns the classes that arrive by it; None when no flow carries it, or nobody can tell.

        Classes that could not be read may be any: a movement is declared when a flow would carry all of them.
        """
        known = classes is not None
        answer = self.flows.may(way.what, classes or (), way.source, way.target, across)
        if not answer.crossed:
            return classes
        seen = self._seen.setdefault(way, _Seen())
        if run:
            seen.runs[run] = None
        seen.classes |= classes or frozenset()
        if not answer.allowed:
            seen.blocked[answer.blocked] = None
            return None
        if not known and not self.flows.may(way.what, self.flows.classes, way.source, way.target, across).allowed:
            seen.open = True
            seen.gaps.update(dict.fromkeys(gaps))
            return None
        return answer.classes if known else None

    def between(
        self, subject: int, edge: str, what: str, thing: int, sources: frozenset[str], targets: frozenset[str],
        classes: frozenset[str] | None, gaps: Sequence[int] = (),
    ) -> None:  # fmt: skip
        """Notes one movement from each of some regions to each of others; what stays in its region moves nowhere."""
        for source in sources:
            for target in targets - {source}:
                self.add(_Way(subject, edge, what, thing, End(source), End(target)), classes, gaps)

    def write(self) -> None:
        """Makes the nodes."""
        for way, seen in self._seen.items():
            self._node(way, seen)

    def _node(self, way: _Way, seen: _Seen) -> None:
        estate = self.estate
        source, target = way.source.region, way.target.region
        key = f"movement:{estate.key(way.subject)}|{way.edge}|{way.what}|{estate.key(way.thing)}|{source}>{target}"
        key += "|tuning" if way.tuning else ""
        left, entered = source, target
        if way.edge == "spans":
            key += f"|{way.source.environment}>{way.target.environment}"
        if source == target:
            left, entered = way.source.environment, way.target.environment
        node = estate.add("movement", key, f"{way.what} from {left} to {entered} ({estate.name(way.thing)})")
        estate.set(node, "what", way.what)
        estate.set(node, "from-region", source)
        estate.set(node, "to-region", target)
        estate.set(node, "data-classes", frozenset(seen.classes) or None)
        estate.set(node, "fine-tuning", way.tuning)
        estate.set(node, "count", float(len(seen.runs)))
        estate.set(node, "examples", frozenset(sorted(seen.runs)[:_EXAMPLES]))
        estate.set(node, "blocked", next(iter(seen.blocked), None))
        if seen.blocked or not seen.open:
            estate.set(node, "declared", not seen.blocked, self.flows.line(seen.classes, source, target))
        for gap in seen.gaps if seen.open else ():
            estate.mark_gap(node, "declared", gap)
        reason = f"by {', '.join(sorted(seen.runs)[:_EXAMPLES])}" if seen.runs else ""
        estate.connect(way.subject, way.edge, node, reason + (" and others" if len(seen.runs) > _EXAMPLES else ""))


def derive(estate: Estate, flows: Flows, where: Whereabouts) -> None:
    """Writes what jobs read and write across regions and workspaces, what datastores attach, what endpoints collect and report."""
    movements = Movements(estate, flows, where)
    for workspace in estate.nodes("workspace"):
        if workspace not in estate.aside:
            _jobs(movements, workspace)
    for datastore in estate.nodes("datastore"):
        if datastore not in estate.aside and estate.get(datastore, "system") is not True:
            _attaches(movements, datastore)
    for deployment in estate.nodes("online-deployment"):
        if deployment not in estate.aside:
            _collects(movements, deployment)
    for endpoint in estate.nodes("online-endpoint"):
        if endpoint not in estate.aside:
            _reports(movements, endpoint)
    movements.write()


# -- jobs --------------------------------------------------------------------------------------------------------------


def _jobs(movements: Movements, workspace: int) -> None:
    """Jobs that a bound left out move what the ones that were read move; jobs nobody could read may move anything."""
    estate = movements.estate
    for gap in estate.gaps_at(workspace, "has-job"):
        if estate.gaps[gap].reason != "bounded":
            _leave_open(estate, workspace, _BY_JOBS, [gap])
    for job in estate.neighbours(workspace, "has-job"):
        runs = estate.get(job, "runs")
        unread = [*estate.gaps_at(job, "reads-data"), *estate.gaps_at(job, "writes-data"), *estate.gaps_at(job, "*")]
        _leave_open(estate, workspace, _BY_JOBS, unread)
        for run in runs if isinstance(runs, tuple) else ():
            _run(movements, workspace, job, run)


def _leave_open(estate: Estate, node: int, edges: Iterable[str], gaps: Sequence[int]) -> None:
    for edge in edges if gaps else ():
        for gap in gaps:
            estate.mark_gap(node, edge, gap)


def _run(movements: Movements, workspace: int, job: int, run: Run) -> None:
    estate, where = movements.estate, movements.where
    computing = where.run(run, workspace)
    name = f"{estate.name(job)}/{run.step}" if run.step else estate.name(job)
    tuning = tunes(estate, job, run)
    inputs = [
        (where.itself(node), what) for key, what in run.inputs if (node := estate.node(key)) is not None and node != job
    ]
    outputs = [(node, what) for key, what in run.outputs if (node := estate.node(key)) is not None and node != job]
    taken: dict[tuple[str, int], frozenset[str] | None] = {}  # where what is taken now counts as being -> its classes
    doubts: dict[int, None] = {}
    for node, what in inputs:
        kept = where.data(node)
        _spans(movements, workspace, job, node, what, name, into=True)
        if kept.elsewhere:
            continue
        classes, gaps = classes_of(estate, node)
        unplaced = [*kept.gaps, *(computing.gaps if kept.regions else ())]
        if classes is not None and not movements.flows.guarded(classes):
            # computes and versions are deleted every day; what open data was read on is not worth a doubt for ever
            unplaced = [gap for gap in unplaced if estate.gaps[gap].reason != "missing"]
        _leave_open(estate, workspace, ("reads-across",), unplaced)
        doubts.update(dict.fromkeys(kept.gaps))
        doubts.update(dict.fromkeys(gaps))
        holder = _holder(kept, node)
        for source in _from(kept, computing):
            if not computing.regions:
                taken[source, holder] = _both(taken.get((source, holder), frozenset()), classes)
            for region in computing.regions:
                way = _Way(workspace, "reads-across", what, holder, End(source), End(region), tuning)
                arrived = movements.add(way, classes, gaps, name)
                there = (source if arrived is None else region, holder)
                taken[there] = _both(taken.get(there, frozenset()), classes if arrived is None else arrived)
    unplaced = [gap for node, _ in inputs if not where.data(node).elsewhere for gap in where.data(node).gaps]
    for node, what in outputs:
        kept = where.data(node)
        _spans(movements, workspace, job, node, what, name, into=False)
        _leave_open(estate, workspace, ("writes-across",), [*unplaced, *(kept.gaps if taken or unplaced else ())])
        for (source, _thing), held in taken.items():
            for target in kept.regions:
                way = _Way(workspace, "writes-across", what, _holder(kept, node), End(source), End(target), tuning)
                movements.add(way, held, list(doubts), name)


def _from(kept: Where, computing: Where) -> tuple[str, ...]:
    """Of several copies the one at hand is taken: assets of a registry are in each of its regions."""
    here = kept.regions & computing.regions
    return tuple(sorted(here or kept.regions))


def _both(left: frozenset[str] | None, right: frozenset[str] | None) -> frozenset[str] | None:
    return None if left is None or right is None else left | right


def _holder(kept: Where, node: int) -> int:
    return kept.holders[0] if kept.holders else node


def tunes(estate: Estate, job: int, run: Run) -> bool:
    """Whether a run tunes a model: it takes one and makes one, or its job is of that type."""
    takes = any(what == "model" for _, what in run.inputs)
    makes = any(what == "model" for _, what in run.outputs) or bool(estate.neighbours(job, "makes"))
    return (takes and makes) or estate.get(job, "job-type") == "fine-tuning"


def classes_of(estate: Estate, node: int) -> tuple[frozenset[str] | None, list[int]]:
    """The classes of what a job takes; None with the gaps behind it when they could not be told."""
    kind = estate.kind(node)
    if kind == "job":
        return _of_job(estate, node, set())
    learned, stated = estate.get(node, "learned-from"), estate.get(node, "data-classes")
    doubts = estate.gaps_at(node, "learned-from")
    if doubts:
        return None, [*doubts]
    if isinstance(learned, frozenset) or isinstance(stated, frozenset) or stated is None:
        return frozenset().union(*(found for found in (learned, stated) if isinstance(found, frozenset))), []
    if kind not in _CLASSED:
        return frozenset(), []
    return None, [*estate.gaps_at(node, "*"), *estate.gaps_at(node, "data-classes")]


def _of_job(estate: Estate, job: int, seen: set[int]) -> tuple[frozenset[str] | None, list[int]]:
    """What a job gave counts as what it took."""
    seen.add(job)
    runs = estate.get(job, "runs")
    if not isinstance(runs, tuple):
        return None, [*estate.gaps_at(job, "*")]
    found: frozenset[str] | None = frozenset()
    gaps: list[int] = []
    for key, _ in (end for run in runs for end in run.inputs):
        node = estate.node(key)
        if node is None or node in seen:
            continue
        classes, more = _of_job(estate, node, seen) if estate.kind(node) == "job" else classes_of(estate, node)
        found = _both(found, classes)
        gaps += more
    return found, gaps


# -- from workspace to workspace ---------------------------------------------------------------------------------------


def _spans(movements: Movements, workspace: int, job: int, node: int, what: str, name: str, into: bool) -> None:
    """A pipeline that takes from another workspace, or gives to one."""
    estate = movements.estate
    if estate.get(job, "job-type") != "pipeline":
        return
    other = _workspace(estate, node)
    if other is None or other == workspace:
        return
    if estate.kind(other) == "missing":
        _leave_open(estate, workspace, ("spans",), [*estate.gaps_at(other, "*")] or [*movements.where.data(node).gaps])
        return
    ends = [End(*_place(estate, other)), End(*_place(estate, workspace))]
    source, target = ends if into else ends[::-1]
    classes, gaps = classes_of(estate, node)
    movements.add(_Way(workspace, "spans", what, other, source, target), classes, gaps, name, ACROSS)


def _workspace(estate: Estate, node: int) -> int | None:
    for edge in ("data-of", "datastore-of", "model-of", "job-of"):
        found = estate.first(node, edge)
        if found is not None:
            return found
    key = estate.key(node)
    if estate.kind(node) == "missing" and "/workspaces/" in key:
        return estate.node("/".join(key.split("/")[:9]))
    return None


def _place(estate: Estate, node: int) -> tuple[str | None, str | None]:
    region, environment = estate.get(node, "region"), estate.get(node, "environment")
    return region if isinstance(region, str) else None, environment if isinstance(environment, str) else None


# -- datastores and endpoints ------------------------------------------------------------------------------------------


def _attaches(movements: Movements, datastore: int) -> None:
    """Storage that a workspace of another region attaches: what it holds stays, what is said of it lives with the workspace."""
    estate = movements.estate
    workspace = estate.first(datastore, "datastore-of")
    if workspace is None:
        return
    kept, attached = movements.where.data(datastore), movements.where.stands(workspace)
    _leave_open(estate, datastore, ("attaches-across",), [*kept.gaps, *attached.gaps])
    classes, gaps = classes_of(estate, datastore)
    holder = _holder(kept, datastore)
    movements.between(datastore, "attaches-across", "attach", holder, kept.regions, attached.regions, classes, gaps)


def _collects(movements: Movements, deployment: int) -> None:
    """What an endpoint keeps of questions and answers, where it is kept."""
    estate = movements.estate
    targets = estate.neighbours(deployment, "collects-into")
    _leave_open(estate, deployment, ("collects-across",), estate.gaps_at(deployment, "collects-into"))
    serving = movements.where.deployment(deployment) if targets else Where()
    for node in targets:
        kept = movements.where.data(node)
        _leave_open(estate, deployment, ("collects-across",), [*kept.gaps, *serving.gaps])
        classes, gaps = classes_of(estate, node)
        holder = _holder(kept, node)
        movements.between(deployment, "collects-across", "data", holder, serving.regions, kept.regions, classes, gaps)


def _reports(movements: Movements, endpoint: int) -> None:
    """What is said of an endpoint (metadata, metrics) lives with its workspace, wherever its cluster answers."""
    estate = movements.estate
    workspace = estate.first(endpoint, "endpoint-of")
    if workspace is None:
        return
    serving, kept = movements.where.serving(endpoint), movements.where.stands(workspace)
    _leave_open(estate, endpoint, ("reports-across",), [*serving.gaps, *kept.gaps])
    regions = (serving.regions, kept.regions)
    movements.between(endpoint, "reports-across", "metadata", workspace, *regions, frozenset())
