"""Sets that contain sets: each node's own members and everything below it, circles included, in one pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from heapq import merge
from typing import Generic, TypeVar

from pyroaring import BitMap

_NOTHING = BitMap()
_FEW = 8  # a layer of its own has at most one part in so many of what lies below it
Found = TypeVar("Found")


def united(sets: Iterable[BitMap]) -> BitMap:
    """The union of some sets, to be kept. One after another: `union` of many at once makes room for large ones, and leaves
    the memory in pieces.
    """
    parts = sorted(sets, key=len, reverse=True)
    if len(parts) == 1:
        return parts[0]
    made = BitMap(parts[0]) if parts else BitMap()
    for part in parts[1:]:
        made |= part
    made.shrink_to_fit()
    return made


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """A set as one that many share and a few more that are not in it. Do not change either."""

    base: BitMap = _NOTHING
    extra: BitMap = _NOTHING

    def __len__(self) -> int:
        return len(self.base) + len(self.extra)

    def __contains__(self, node: int) -> bool:
        return node in self.base or node in self.extra

    def __iter__(self) -> Iterator[int]:
        return merge(self.base, self.extra)

    def intersects(self, others: BitMap) -> bool:
        return self.base.intersect(others) or self.extra.intersect(others)

    def whole(self) -> BitMap:
        """All of it as one set."""
        return self.base | self.extra if self.extra else self.base


def closure(own: Mapping[int, BitMap], below: Callable[[int], Iterable[int]]) -> dict[int, BitMap]:
    """For each node of `own`, the union of what it and all nodes below it own.

    Nodes that contain each other share one set object, so do not change the sets. A node without an entry in `own` owns
    nothing and is passed over.
    """
    return _Walk(own, below, _united).run()


def layers(own: Mapping[int, BitMap], below: Callable[[int], Iterable[int]]) -> dict[int, Layers]:
    """The same where sets are large and many differ by little: what they have in common is one object."""
    return _Walk(own, below, layered).run()


def _united(own: list[BitMap], below: Iterable[BitMap]) -> BitMap:
    return united([*own, *below])


def layered(own: list[BitMap], below: Iterable[Layers]) -> Layers:
    """The union of some sets over the largest that one of them shares."""
    sets = [*below]
    base = max((found.base for found in sets), key=len, default=_NOTHING)
    more = {id(found.base): found.base for found in sets if found.base is not base}
    extra = united([*own, *(found.extra for found in sets), *more.values()]) - base
    if len(extra) * _FEW > len(base):
        return Layers(base | extra)
    extra.shrink_to_fit()
    return Layers(base, extra)


class _Walk(Generic[Found]):
    """Tarjan's algorithm without recursion: `merge` makes the set of a circle of what is its own and what is below."""

    def __init__(
        self,
        own: Mapping[int, BitMap],
        below: Callable[[int], Iterable[int]],
        merge: Callable[[list[BitMap], Iterable[Found]], Found],
    ) -> None:
        self.own = own
        self.below = below
        self.merge = merge
        self.found: dict[int, Found] = {}
        self.path: list[int] = []
        self.on_path: set[int] = set()

    def run(self) -> dict[int, Found]:
        index: dict[int, int] = {}
        low: dict[int, int] = {}
        path, on_path = self.path, self.on_path
        for start in self.own:
            if start in index:
                continue
            work = [(start, iter(self._known(start)))]
            index[start] = low[start] = len(index)
            path.append(start)
            on_path.add(start)
            while work:
                node, children = work[-1]
                for child in children:
                    if child not in index:
                        index[child] = low[child] = len(index)
                        path.append(child)
                        on_path.add(child)
                        work.append((child, iter(self._known(child))))
                        break
                    if child in on_path:
                        low[node] = min(low[node], index[child])
                else:
                    work.pop()
                    if work:
                        low[work[-1][0]] = min(low[work[-1][0]], low[node])
                    if low[node] == index[node]:
                        self._close(node)
        return self.found

    def _known(self, node: int) -> list[int]:
        return [below for below in self.below(node) if below in self.own]

    def _close(self, root: int) -> None:
        """Gives the nodes of one circle, the last ones on the path, their common set."""
        circle = []
        while True:
            node = self.path.pop()
            self.on_path.discard(node)
            circle.append(node)
            if node == root:
                break
        inside = set(circle)
        # nodes of one circle below share one set: each set is taken once
        sets = (self.found[child] for node in circle for child in self._known(node) if child not in inside)
        shared = self.merge([self.own[node] for node in circle], {id(part): part for part in sets}.values())
        for node in circle:
            self.found[node] = shared
