"""Proposes a scenario from what an estate shows: a draft with the evidence for each guess, for a person to correct."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from scanner import yamlfile
from scanner.derive.duties import Duties
from scanner.graph.build import build
from scanner.propose import people, places, units
from scanner.propose.draft import Draft
from scanner.propose.patterns import fitting, without_contradictions
from scanner.propose.write import text
from scanner.scan import understand
from scanner.scenario.bind import bind
from scanner.scenario.load import from_document
from scanner.scenario.model import Scenario
from scanner.snapshot import Snapshot

__all__ = ["propose"]


def propose(snapshot: Snapshot, duties: Duties, name: str = "proposed", today: date | None = None) -> str:
    """The text of a scenario file. It loads, names nobody who is not there, and holds as far as the estate gives evidence.

    Three looks, each through what the one before found: what tells environments and classes apart, what is where, who does what.
    """
    estate = build(snapshot, {})
    draft = places.recognised(estate, Draft(name=name, tenant=snapshot.manifest.tenant))
    estate = build(snapshot, {})
    bind(estate, _loaded(draft))
    draft = units.structured(estate, places.located(estate, draft))
    estate, _, _ = understand(snapshot, _loaded(draft), duties, (), today)
    draft = people.in_rows(estate, draft)
    draft = without_contradictions(draft, _loaded)
    return text(fitting(draft, _loaded))


def _loaded(draft: Draft) -> Scenario:
    """The draft by way of its own text, so that nothing is proposed that could not be loaded."""
    patterns = draft.patterns or ("single-environment",)
    return from_document(yamlfile.parse(text(replace(draft, patterns=patterns)), "the proposal"))
