"""Edges from many nodes to one, kept as sets: what leads to the same nodes from the same set is never written out."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator


class Bundles:
    """Edges of one kind, by the set of their sources. Sets of the same nodes are one."""

    def __init__(self) -> None:
        self._sets: list[tuple[memoryview, array[int]]] = []  # sources, and the targets that each of them leads to
        self._known: dict[bytes, int] = {}
        self._of_source: dict[int, array[int]] | None = None  # the sets a node is in, once somebody asks
        self._of_target: dict[int, array[int]] = {}
        self.count = 0

    def add(self, sources: Iterable[int], target: int) -> None:
        """Leads from each of some nodes, in order, to one."""
        key = array("i", sources).tobytes()
        place = self._known.get(key)
        if place is None:
            place = self._known[key] = len(self._sets)
            self._sets.append((memoryview(key).cast("i"), array("i")))
            self._of_source = None
        self._sets[place][1].append(target)
        self._of_target.setdefault(target, array("i")).append(place)
        self.count += len(self._sets[place][0])

    def after(self, source: int) -> list[int]:
        """Where edges from a node lead."""
        if self._of_source is None:
            self._of_source = {}
            for place, (sources, _) in enumerate(self._sets):
                for node in sources:
                    self._of_source.setdefault(node, array("i")).append(place)
        return sorted(target for place in self._of_source.get(source, ()) for target in self._sets[place][1])

    def before(self, target: int) -> list[int]:
        """Where edges to a node come from."""
        return [source for place in self._of_target.get(target, ()) for source in self._sets[place][0]]

    def sources(self) -> Iterator[int]:
        return (source for sources, _ in self._sets for source in sources)

    def targets(self) -> Iterator[int]:
        return iter(self._of_target)

    def pairs(self) -> Iterator[tuple[int, int]]:
        """All edges as (source, target)."""
        for target, places in self._of_target.items():
            for place in places:
                for source in self._sets[place][0]:
                    yield source, target
