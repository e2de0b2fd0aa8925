"""The whole pipeline in one readable function: from a snapshot and intent to a report, without clock or network."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING

from scanner.findings import BaselineEntry, Finding, Report, Source
from scanner.graph.build import build
from scanner.policy.evaluate import evaluate
from scanner.policy.load import arm_paths

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanner.derive.access import Access
    from scanner.derive.duties import Duties
    from scanner.graph.estate import Estate
    from scanner.policy.model import Rule
    from scanner.scenario.model import Scenario
    from scanner.snapshot import Snapshot


def scan(
    snapshot: Snapshot,
    scenario: Scenario,
    rules: Sequence[Rule],
    *,
    duties: Duties,
    today: date,
    baseline: Sequence[BaselineEntry] | None = None,
    baseline_name: str = "",
) -> Report:
    """Builds the estate, binds the scenario, derives, evaluates and settles.

    `today` is the day waivers, accepted gaps and declared flows are judged by; `baseline` the findings known at an earlier day.
    """
    from scanner.derive.access import blindness, choke
    from scanner.settle import settle

    with collector_paused():
        estate, access, decided = understand(snapshot, scenario, duties, rules, today)
        results = evaluate(estate, rules, patterns=scenario.patterns, keys=scenario.keys, decided=decided)
        choke_points = choke.of_production(access) if any(r.rule.theme == "access" for r in results) else ()
        return settle(
            results,
            scenario_name=scenario.name,
            scenario_file=scenario.source,
            scenario_title=scenario.title,
            patterns=scenario.patterns,
            waivers=scenario.waivers,
            accepted_gaps=scenario.accepted_gaps,
            source=_source(snapshot, estate),
            today=today,
            baseline=baseline,
            baseline_name=baseline_name,
            accepted_reach=_accepted_reach(estate),
            choke_points=choke_points,
            not_seen=blindness.of_report(estate) if any(r.rule.theme in ("access", "duties") for r in results) else (),
            coverage=snapshot.coverage,
            owners={c.name: c.owner for c in scenario.data_classes if c.owner},
            subscriptions={estate.key(node).rpartition("/")[2] for node in estate.nodes("subscription")},
        )


def understand(
    snapshot: Snapshot, scenario: Scenario, duties: Duties, rules: Sequence[Rule] = (), today: date | None = None
) -> tuple[Estate, Access, tuple[Finding, ...]]:
    """The first half: the estate with all that follows from the scenario, the sets of access, and what binding found."""
    from scanner.derive import derive
    from scanner.scenario.bind import bind

    estate = build(snapshot, arm_paths(rules))
    decided = bind(estate, scenario, today)
    return estate, derive(estate, duties), decided


@contextmanager
def collector_paused() -> Iterator[None]:
    """Millions of objects are made and none is garbage: the collector would only walk them over and over."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _accepted_reach(estate: Estate) -> tuple[tuple[str, str, str, int], ...]:
    """Reach that is no finding and is never hidden: the platform's own, and what administrators can always do."""
    found = set()
    for opening in estate.nodes("opening"):
        kind = (
            "platform"
            if estate.get(opening, "platform")
            else "administrators"
            if estate.get(opening, "residual")
            else ""
        )
        if kind:
            environment = estate.key(opening).removeprefix("opening:").partition("|")[0]
            found.add(
                (
                    kind,
                    f"{estate.get(opening, 'cause')} ({estate.get(opening, 'way')})",
                    environment,
                    estate.get(opening, "people"),
                )
            )
    return tuple(sorted(found))


def _source(snapshot: Snapshot, estate: Estate) -> Source:
    manifest = snapshot.manifest
    return Source(
        snapshot=snapshot.source,
        tenant=manifest.tenant,
        cloud=manifest.cloud,
        identity=manifest.identity,
        scope=manifest.scope,
        started=manifest.started,
        finished=manifest.finished,
        partial=manifest.partial,
        notes=manifest.notes,
        counts={kind: n for kind in sorted(estate.ontology.kinds) if (n := estate.count(kind))},
    )
