"""Declared movement: may WHAT of these classes go from one place to another by the scenario's flows, and what does it become.

A place is a site and an environment. A movement crosses from site to site when the regions differ, and from environment to
environment when those differ; each crossing needs a flow of its own kind. A flow covers the crossing of sites when one of its
ends is a site, and that of environments when one of its ends is an environment: `from: development, to: australia` covers both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from scanner.errors import Span
from scanner.graph.estate import Estate
from scanner.graph.ontology import STAGES

Crossing = Literal["site", "environment"]
ACROSS: tuple[Crossing, ...] = ("site", "environment")
# Of these only what is said about something moves; the thing itself stays where it is.
_STAYS = {"attach"}
# What may move one stage downstream when the scenario says nothing of flows.
_BY_DEFAULT = {"model", "image", "code"}


@dataclass(frozen=True, slots=True)
class End:
    """Where a movement begins or ends. None: not in any, so nothing of that kind is left or entered by it."""

    region: str | None = None
    environment: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """`classes` are what the thing counts as where it arrives; `flows` the nodes of the flows it goes by.

    `crossed` is empty when nothing was crossed, and then it may always. `blocked` says in words what no flow carries.
    """

    allowed: bool
    classes: frozenset[str]
    crossed: tuple[Crossing, ...] = ()
    flows: tuple[int, ...] = ()
    blocked: str = ""


@dataclass(frozen=True, slots=True)
class _Flow:
    node: int
    source: str
    target: str
    source_is: frozenset[str]
    target_is: frozenset[str]
    data_class: str | None
    becomes: str | None
    approved: bool


class Flows:
    """The scenario's flows, read once from the estate, and the questions asked of them."""

    def __init__(self, estate: Estate) -> None:
        self._declared = any("flows" in (estate.get(node, "keys") or ()) for node in estate.nodes("scenario"))
        self._by_what: dict[str, list[_Flow]] = {}
        for node in estate.nodes("flow"):
            if estate.get(node, "in-force") is not True:
                continue
            data_class, becomes = estate.get(node, "class"), estate.get(node, "becomes")
            flow = _Flow(
                node, estate.get(node, "from"), estate.get(node, "to"), estate.get(node, "from-is"), estate.get(node, "to-is"),
                data_class, becomes, isinstance(estate.get(node, "approver"), str),
            )  # fmt: skip
            self._by_what.setdefault(estate.get(node, "what"), []).append(flow)
        self._sites: dict[str, set[str]] = {}
        for site in estate.nodes("site"):
            self._sites.setdefault(estate.get(site, "region"), set()).add(estate.name(site))
        self._stages = {estate.name(node): estate.get(node, "stage") for node in estate.nodes("environment")}
        self._lines: dict[str, Span | None] = {
            estate.name(n): estate.line(n, "name") for n in estate.nodes("data-class")
        }
        self._site_lines = {estate.get(n, "region"): estate.line(n, "name") for n in estate.nodes("site")}
        self.classes: frozenset[str] = frozenset(estate.name(node) for node in estate.nodes("data-class"))
        self.homes: dict[str, frozenset[str]] = {}  # regions at home, of each class that has a home
        self._words: dict[str, str] = {}
        self._guarded: set[str] = set()
        for node in estate.nodes("data-class"):
            name, home = estate.name(node), estate.get(node, "home")
            if isinstance(home, str):
                self.homes[name], self._words[name] = estate.get(node, "home-regions"), home
            if isinstance(home, str) or estate.get(node, "production-only") is True:
                self._guarded.add(name)
        self._remembered: dict[tuple[object, ...], Answer] = {}

    @property
    def declared(self) -> bool:
        """Whether the scenario says anything of flows."""
        return self._declared

    def guarded(self, classes: Iterable[str]) -> frozenset[str]:
        """Those classes that have a home or are for production only: only a flow that names one carries it."""
        return frozenset(classes) & self._guarded

    def at_home(self, classes: Iterable[str], region: str) -> bool:
        """Whether a region is inside the home of every class."""
        return all(region in self.homes[name] for name in classes if name in self.homes)

    def home(self, classes: Iterable[str]) -> str | None:
        """The homes of these classes in words; None when they may be anywhere."""
        return " and ".join(dict.fromkeys(self._words[name] for name in sorted(classes) if name in self._words)) or None

    def line(self, classes: Iterable[str], *regions: str | None) -> Span | None:
        """The scenario line that has a say: of the first guarded class, else of the first of these regions with a site."""
        lines = [self._lines.get(name) for name in sorted(self.guarded(classes))]
        lines += [self._site_lines.get(region) for region in regions]
        return next((line for line in lines if line is not None), None)

    def between_sites(self, what: str) -> list[tuple[str, str]]:
        """From which site to which a flow in force lets something go."""
        return [
            (flow.source, flow.target)
            for flow in self._by_what.get(what, ())
            if "site" in flow.source_is and "site" in flow.target_is
        ]

    def may(
        self, what: str, classes: Iterable[str], source: End, target: End, across: tuple[Crossing, ...] = ACROSS
    ) -> Answer:
        """Whether something of these classes may go from one end to another, judged for the crossings named in `across`.

        The class it becomes is the flow's; where several flows carry a class, the one that changes nothing wins, so
        that what is regulated stays so unless only the changing flow carries it.
        """
        key = (what, frozenset(classes), source, target, across)
        answer = self._remembered.get(key)
        if answer is None:
            answer = self._remembered[key] = self._may(what, frozenset(classes), source, target, across)
        return answer

    def _may(
        self, what: str, classes: frozenset[str], source: End, target: End, across: tuple[Crossing, ...]
    ) -> Answer:
        crossed = tuple(kind for kind in across if _crosses(kind, source, target))
        if not crossed:
            return Answer(True, classes)
        if not self._declared:
            return self._undeclared(what, classes, source, target, crossed)
        used: dict[int, None] = {}
        arriving = set(classes - self._guarded)
        guarded = sorted(classes & self._guarded)
        for crossing in crossed if not guarded else ():
            found = self._carrying(what, None, crossing, source, target)
            if not found:
                return Answer(
                    False, classes, crossed, (), f"no flow carries {_noun(what)} {_between(crossing, source, target)}"
                )
            used[found[0].node] = None
        for name in guarded:
            becomes = {name}
            for crossing in crossed:
                found = [
                    f
                    for f in self._carrying(what, name, crossing, source, target)
                    if what in _STAYS or self._sound(f, target)
                ]
                if not found:
                    return Answer(
                        False, classes, crossed, (), f"no flow carries {_noun(what)} of class {name} {_between(crossing, source, target)}"
                    )  # fmt: skip
                best = min(found, key=lambda flow: flow.becomes not in (None, name))
                used[best.node] = None
                becomes = {best.becomes} if best.becomes else becomes
            arriving |= becomes
        return Answer(True, frozenset(arriving), crossed, tuple(used))

    def _sound(self, flow: _Flow, target: End) -> bool:
        """What arrives is at home where it arrives; a class that is not leaves its home only by approval, as one that is."""
        if flow.data_class is None or target.region is None:
            return True
        if not self.at_home([flow.becomes or flow.data_class], target.region):
            return False
        return flow.approved or self.at_home([flow.data_class], target.region)

    def _carrying(self, what: str, data_class: str | None, crossing: Crossing, source: End, target: End) -> list[_Flow]:
        """Flows in force that carry a class over a crossing; what is not guarded goes where a guarded class may."""
        return [
            flow for flow in self._by_what.get(what, ())
            if (data_class is None or flow.data_class == data_class)
            and crossing in (flow.source_is | flow.target_is)
            and self._names(flow.source, flow.source_is, source) and self._names(flow.target, flow.target_is, target)
        ]  # fmt: skip

    def _names(self, name: str, kinds: frozenset[str], end: End) -> bool:
        at_site = "site" in kinds and end.region is not None and name in self._sites.get(end.region, ())
        return at_site or ("environment" in kinds and name == end.environment)

    def _undeclared(
        self, what: str, classes: frozenset[str], source: End, target: End, crossed: tuple[Crossing, ...]
    ) -> Answer:
        """Without a word on flows, models, images and code go one stage downstream, and nothing goes to another site."""
        if "site" in crossed:
            words = f"the scenario declares no flows, so no {_noun(what)} may go {_between('site', source, target)}"
            return Answer(False, classes, crossed, (), words)
        present = [stage for stage in STAGES if stage in self._stages.values()]
        stages = [self._stages.get(str(end.environment)) for end in (source, target)]
        downstream = all(stage in present for stage in stages) and (
            present.index(str(stages[1])) == present.index(str(stages[0])) + 1
        )
        if what in _BY_DEFAULT and downstream:
            return Answer(True, classes, crossed)
        words = f"the scenario declares no flows, so no {_noun(what)} may go {_between('environment', source, target)}"
        return Answer(False, classes, crossed, (), words)


def _noun(what: str) -> str:
    """What moves, as many."""
    return {"model": "models", "image": "images", "attach": "attached storage"}.get(what, what)


def end_of(estate: Estate, node: int) -> End:
    """Where a resource is; what could not be read is as good as nowhere, and for the caller to ask about."""
    region, environment = estate.get(node, "region"), estate.get(node, "environment")
    return End(region if isinstance(region, str) else None, environment if isinstance(environment, str) else None)


def _crosses(crossing: Crossing, source: End, target: End) -> bool:
    ends = (source.region, target.region) if crossing == "site" else (source.environment, target.environment)
    return None not in ends and ends[0] != ends[1]


def _between(crossing: Crossing, source: End, target: End) -> str:
    if crossing == "site":
        return f"from {source.region} to {target.region}"
    return f"from {source.environment} to {target.environment}"
