"""What a scenario declares, what is wrong with it, and what of an estate it would match: for people who write one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from scanner import regions
from scanner.findings import Finding
from scanner.graph.estate import Estate
from scanner.scenario.bind import bind
from scanner.scenario.coherence import findings as incoherent
from scanner.scenario.coherence import unplaced
from scanner.scenario.model import Match, Scenario

_SHOWN = 12
_JUDGED = ("workspace", "ml-registry", "model-account")


@dataclass(frozen=True, slots=True)
class Matched:
    """What binding does to an estate. Resources are named as `group/name`, so that twins are told apart."""

    environments: dict[str, dict[str, int]]  # environment -> kind -> how many
    classes: dict[str, int]  # data class -> stores
    unmatched: tuple[str, ...]  # workspaces, registries and model accounts no environment matches
    unclassed: tuple[str, ...]  # stores that machine learning uses and no class matches
    idle: tuple[str, ...]  # matches of the scenario that nothing answers to, in words
    unlisted: tuple[str, ...]  # regions that Azure lists and the shipped table lacks
    aside: int  # resources outside the scenario's scope


@dataclass(frozen=True, slots=True)
class Summary:
    """`matched` is None without an estate. `problems` are names that stand for nobody or several, and what cannot hold."""

    scenario: Scenario
    matched: Matched | None = None
    problems: tuple[Finding, ...] = field(default=())

    @property
    def failed(self) -> tuple[Finding, ...]:
        return tuple(problem for problem in self.problems if problem.outcome == "fail")


def summary(
    estate: Estate | None, scenario: Scenario, today: date | None = None, also: tuple[Finding, ...] = ()
) -> Summary:
    """Binds the scenario onto the estate, when there is one, and counts; `also` are problems found elsewhere."""
    if estate is None:
        return Summary(scenario, None, _in_order((*incoherent(scenario), *also)))
    # a scan says of such regions what stands in them (RES33)
    found = (*bind(estate, scenario, today), *unplaced(scenario, estate))
    inside = [n for kind in _JUDGED for n in estate.nodes(kind) if n not in estate.aside]
    counted = {environment.name: dict.fromkeys(_JUDGED, 0) for environment in scenario.environments}
    for node in inside:
        where = estate.get(node, "environment")
        if isinstance(where, str) and where in counted:
            counted[where][estate.kind(node)] += 1
    stores = [n for n in estate.nodes("data-store") if n not in estate.aside and estate.kind(n) != "log-analytics"]
    classes: Counter[str] = Counter()
    for store in stores:
        held = estate.get(store, "data-classes")
        classes.update(held if isinstance(held, frozenset) else ())
    return Summary(
        scenario,
        Matched(
            counted,
            {c.name: classes[c.name] for c in scenario.data_classes},
            tuple(sorted(_called(estate, n) for n in inside if estate.get(n, "environment") is None)),
            tuple(sorted(
                _called(estate, n) for n in stores
                if estate.get(n, "referenced") is True and estate.get(n, "data-classes") is None and estate.get(n, "shared") is not True
            )),
            tuple(_idle(scenario, counted, classes)),
            tuple(sorted(name for name in estate.listed if regions.region(name) is None)),
            len(estate.aside),
        ),
        _in_order((*found, *also)),
    )  # fmt: skip


def _called(estate: Estate, node: int) -> str:
    group = estate.key(node).partition("/resourcegroups/")[2].partition("/")[0]
    return f"{group}/{estate.name(node)}" if group else estate.name(node)


def _idle(scenario: Scenario, counted: dict[str, dict[str, int]], classes: Counter[str]) -> Iterator[str]:
    """Environments and classes that match nothing are most often misspelt."""
    for environment in scenario.environments:
        if not any(counted[environment.name].values()):
            yield f"environment `{environment.name}` ({_match(environment.match)}), line {environment.span.line}"
    for data_class in scenario.data_classes:
        if not classes[data_class.name]:
            yield f"data class `{data_class.name}` ({_match(data_class.match)}), line {data_class.span.line}"


def _match(match: Match) -> str:
    said = [f"tag {name}={' or '.join(values)}" for name, values in match.tags.items()]
    for word, given in (("name", match.names), ("resource group", match.resource_groups), ("subscription", match.subscriptions),
                        ("management group", match.management_groups), ("tenant", match.tenants)):  # fmt: skip
        said += [f"{word} {' or '.join(given)}"] if given else []
    return ", ".join(said) or "matches nothing by itself"


def _in_order(problems: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return tuple(
        sorted(
            problems, key=lambda p: (str(p.line.file) if p.line else "", p.line.line if p.line else 0, p.rule, p.cause)
        )
    )


# -- as text ------------------------------------------------------------------------------------------------------


def lines(found: Summary) -> Iterator[str]:
    """The summary as lines of text."""
    scenario, matched = found.scenario, found.matched
    yield f"{scenario.source}: scenario `{scenario.name}`, pattern {', '.join(scenario.patterns)}"
    for environment in scenario.environments:
        count = f"{_counted(matched.environments[environment.name])}; " if matched else ""
        yield f"  environment {environment.name} ({environment.stage}): {count}{', '.join(environment.data) or 'no data classes'}"
    for data_class in scenario.data_classes:
        home = (
            f"home {data_class.home.words} ({len(data_class.home.regions)} regions)" if data_class.home else "anywhere"
        )
        yield f"  data class {data_class.name}: {_plural(matched.classes[data_class.name], 'store') + '; ' if matched else ''}{home}"
    for site in scenario.sites:
        yield f"  site {site.name}: {site.region}, {', '.join(site.does)}"
    yield "  " + ", ".join(_plural(len(part), word) for part, word in ((scenario.roles, "role row"), (scenario.flows, "flow"), (scenario.waivers, "waiver")))  # fmt: skip
    if matched:
        for title, names in (("in no environment", matched.unmatched), ("in no data class", matched.unclassed), ("matches nothing", matched.idle), ("listed by Azure, not in the shipped table of regions", matched.unlisted)):  # fmt: skip
            if names:
                more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
                yield f"  {title}: {', '.join(names[:_SHOWN])}{more}"
        if matched.aside:
            yield f"  outside the scope: {_plural(matched.aside, 'resource')}, read and not judged"
    for problem in found.problems:
        yield ""
        yield f"{problem.line}: {problem.rule} {'' if problem.outcome == 'fail' else 'unknown: '}{problem.message}"
        if problem.fix:
            yield f"  help: {problem.fix}"
    yield ""
    yield _end(found)


def _end(found: Summary) -> str:
    failed, unsure = len(found.failed), len(found.problems) - len(found.failed)
    if failed:
        return f"{_plural(failed, 'mistake')} to mend" + (f", {unsure} that could not be decided" if unsure else "")
    if unsure:
        return f"no mistakes, and {unsure} that could not be decided"
    if found.matched is None:
        return "no mistakes; add `--snapshot FILE` to see what of an estate it matches"
    return "no mistakes: it holds, and every name it uses stands for somebody"


def _counted(kinds: dict[str, int]) -> str:
    words = {"workspace": ("workspace", "workspaces"), "ml-registry": ("registry", "registries"), "model-account": ("model account", "model accounts")}  # fmt: skip
    said = [f"{number} {words[kind][number != 1]}" for kind, number in kinds.items() if number or kind == "workspace"]
    return ", ".join(said)


def _plural(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


# -- as JSON ------------------------------------------------------------------------------------------------------


def document(found: Summary) -> dict[str, Any]:
    """The summary as data; `matched` is null without an estate."""
    scenario, matched = found.scenario, found.matched
    return {
        "scenario": scenario.name, "file": scenario.source, "patterns": list(scenario.patterns),
        "environments": [{"name": e.name, "stage": e.stage, "data": list(e.data)} for e in scenario.environments],
        "data-classes": [
            {"name": c.name, "home": c.home.words if c.home else None, "home-regions": sorted(c.home.regions) if c.home else None}
            for c in scenario.data_classes
        ],
        "sites": [{"name": s.name, "region": s.region, "does": list(s.does), "data": list(s.data)} for s in scenario.sites],
        "matched": None if matched is None else {
            "environments": matched.environments, "stores": matched.classes, "in-no-environment": list(matched.unmatched),
            "in-no-data-class": list(matched.unclassed), "matches-nothing": list(matched.idle), "outside-the-scope": matched.aside,
            "regions-not-in-the-table": list(matched.unlisted),
        },
        "problems": [
            {"rule": p.rule, "outcome": p.outcome, "file": p.line.file if p.line else "", "line": p.line.line if p.line else 0,
             "column": p.line.column if p.line else 0, "message": p.message, "help": p.fix, "permissions": sorted({g.permission for g in p.gaps if g.permission})}
            for p in found.problems
        ],
    }  # fmt: skip
