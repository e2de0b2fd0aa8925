"""Sets that contain sets: each node's own members and everything below it, circles included, in one pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from pyroaring import BitMap


def closure(own: Mapping[int, BitMap], below: Callable[[int], Iterable[int]]) -> dict[int, BitMap]:
    """For each node of `own`, the union of what it and all nodes below it own.

    Tarjan's algorithm without recursion: nodes that contain each other share one set object, so do not change the
    sets. A node without an entry in `own` owns nothing and is passed over.
    """
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    found: dict[int, BitMap] = {}
    path: list[int] = []
    on_path: set[int] = set()
    for start in own:
        if start in index:
            continue
        work = [(start, iter(_known(own, below(start))))]
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
                    work.append((child, iter(_known(own, below(child)))))
                    break
                if child in on_path:
                    low[node] = min(low[node], index[child])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    _close(node, own, below, path, on_path, found)
    return found


def _known(own: Mapping[int, BitMap], nodes: Iterable[int]) -> list[int]:
    return [node for node in nodes if node in own]


def _close(
    root: int,
    own: Mapping[int, BitMap],
    below: Callable[[int], Iterable[int]],
    path: list[int],
    on_path: set[int],
    found: dict[int, BitMap],
) -> None:
    """Gives the nodes of one circle, the last ones on the path, their common set."""
    circle = []
    while True:
        node = path.pop()
        on_path.discard(node)
        circle.append(node)
        if node == root:
            break
    inside = set(circle)
    parts = [own[node] for node in circle]
    # nodes of one circle below share one set: each set is taken once
    sets = (found[child] for node in circle for child in _known(own, below(node)) if child not in inside)
    parts += {id(part): part for part in sets}.values()
    shared = parts[0]
    if len(parts) > 1:
        shared = BitMap().union(*parts)
        shared.shrink_to_fit()
    for node in circle:
        found[node] = shared
