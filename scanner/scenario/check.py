"""What a scenario declares, and what of an estate it would match: for people who write one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from scanner.findings import Finding
from scanner.graph.estate import Estate
from scanner.scenario.bind import bind
from scanner.scenario.model import Scenario


@dataclass(frozen=True, slots=True)
class Summary:
    """`matched` and what follows are None without an estate. `problems` are names that stand for nobody or for several."""

    scenario: Scenario
    matched: dict[str, int] | None = None  # workspaces by environment
    unmatched: tuple[str, ...] | None = None  # workspaces, registries and model accounts no environment matches
    unclassed: tuple[str, ...] | None = None  # stores that machine learning uses and no class matches
    problems: tuple[Finding, ...] = ()


def summary(estate: Estate | None, scenario: Scenario) -> Summary:
    """Binds the scenario onto the estate, when there is one, and counts."""
    if estate is None:
        return Summary(scenario)
    findings = bind(estate, scenario)
    counted = Counter(
        str(estate.get(w, "environment"))
        for w in estate.nodes("workspace")
        if isinstance(estate.get(w, "environment"), str)
    )
    matched = {environment.name: counted.get(environment.name, 0) for environment in scenario.environments}
    lost = [
        estate.name(n)
        for n in estate.nodes("subject")
        if n not in estate.aside and estate.get(n, "environment") is None
    ]
    stores = [
        estate.name(n) for n in estate.nodes("storage-account")
        if n not in estate.aside and estate.get(n, "referenced") is True and estate.get(n, "data-classes") is None
    ]  # fmt: skip
    return Summary(scenario, matched, tuple(sorted(lost)), tuple(sorted(stores)), findings)


def lines(found: Summary) -> Iterator[str]:
    """The summary as lines of text."""
    scenario = found.scenario
    yield f"{scenario.source}: scenario `{scenario.name}`, pattern {', '.join(scenario.patterns)}"
    for environment in scenario.environments:
        count = "" if found.matched is None else f"{found.matched[environment.name]} workspaces, "
        classes = ", ".join(environment.data) or "no data classes"
        yield f"  environment {environment.name} ({environment.stage}): {count}{classes}"
    for data_class in scenario.data_classes:
        home = (
            f"home {data_class.home.words} ({len(data_class.home.regions)} regions)" if data_class.home else "anywhere"
        )
        yield f"  data class {data_class.name}: {home}"
    for site in scenario.sites:
        yield f"  site {site.name}: {site.region}, {', '.join(site.does)}"
    yield f"  {len(scenario.roles)} role rows, {len(scenario.flows)} flows, {len(scenario.waivers)} waivers"
    if found.matched is None:
        yield "no mistakes; add `--snapshot FILE` to see what of an estate it matches"
        return
    for title, names in (("matched by no environment", found.unmatched), ("in no data class", found.unclassed)):
        if names:
            yield f"  {title}: {', '.join(names[:12])}" + (f" and {len(names) - 12} more" if len(names) > 12 else "")
    for problem in found.problems:
        yield f"{problem.line}: {problem.message}"
    if not found.problems:
        yield "every name it uses stands for somebody"
