"""Two estates compared: every node, attribute and edge, by keys."""

from __future__ import annotations

from scanner.graph.build import build
from scanner.snapshot import Snapshot

# Opaque; sizes are listed where quota is used, a document has them for all; and what was asked for stands in no document.
_LEFT_OUT = {"permissions", "vm-sizes", "quota-asked-in"}


def facts(snapshot: Snapshot) -> set[tuple[str, ...]]:
    """What is said of the estate of a snapshot, as a set that is equal for equal estates."""
    estate = build(snapshot)
    found: set[tuple[str, ...]] = set()
    for kind in estate.ontology.kinds.values():
        names = [name for name in kind.attributes if name not in _LEFT_OUT]
        for node in estate.nodes(kind.name):
            found.add((estate.key(node), kind.name))
            found |= {(estate.key(node), name, repr(estate.get(node, name))) for name in names}
    for name in estate.ontology.edges:
        found |= {(estate.key(a), name, "->", estate.key(b)) for a, b in estate.pairs(name)}
    return found
