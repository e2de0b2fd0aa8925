"""Which kinds a walk could touch, by the ontology alone: for checks at load and for the page of a rule."""

from __future__ import annotations

from collections.abc import Collection

from scanner.graph.edges import ONTOLOGY


def reachable(subject: str, follow: Collection[str], to: str, through: bool) -> tuple[set[str], set[str]]:
    """The kinds a walk from a kind or union can touch (start included), and the edges that can be used."""
    targets = set(ONTOLOGY.members(to))
    kinds = set(ONTOLOGY.members(subject))
    used: set[str] = set()
    frontier = sorted(kinds)
    while frontier:
        kind = frontier.pop()
        for edge in follow:
            if edge not in ONTOLOGY.leaving(kind):
                continue
            used.add(edge)
            for reached in ONTOLOGY.arriving_at(edge):
                if reached in kinds:
                    continue
                kinds.add(reached)
                if (reached not in targets or through) and reached != "region":
                    frontier.append(reached)
    return kinds, used
