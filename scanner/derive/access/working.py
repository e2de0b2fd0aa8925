"""Where those who come in work: the environments in which somebody has rights beyond reading."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from pyroaring import BitMap

from scanner.derive.access.closure import layered
from scanner.derive.access.engine import Engine
from scanner.derive.access.spread import Part


def derive(engine: Engine, openings: Iterable[tuple[str, Sequence[Part]]]) -> None:
    """Says of openings, by key, where those whom they let in work; of whom nobody could see, that is not known."""
    estate = engine.estate
    workers: dict[str, BitMap] | None = None
    for key, parts in openings:
        node = estate.node(key)
        if node is None:
            continue
        if workers is None:
            workers = _workers(engine)
        people = layered([], [part.who for part in parts])
        anybody = any(part.cause.anybody for part in parts)
        places = frozenset(name for name, there in workers.items() if anybody or people.intersects(there))
        gaps = (
            []
            if places
            else [gap for member in engine.unseen if member in people for gap in estate.gaps_at(member, "*")]
        )
        for gap in gaps:
            estate.mark_gap(node, "working-in", gap)
        if not gaps:
            estate.set(node, "working-in", places or None)


def _workers(engine: Engine) -> dict[str, BitMap]:
    """The identities of each environment: everybody who has more than reader roles in it, by whatever group."""
    estate = engine.estate
    found: defaultdict[str, BitMap] = defaultdict(BitMap)
    for principal in estate.nodes("principal"):
        assigned = estate.get(principal, "environments-assigned")
        for name in assigned if isinstance(assigned, frozenset) else ():
            found[name] |= engine.members(principal)
    return dict(found)
