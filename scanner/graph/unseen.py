"""Why something that others refer to was not seen: what would have to be read to know more of it."""

from __future__ import annotations

from scanner import ids
from scanner.findings import Gap
from scanner.graph.edges import ONTOLOGY
from scanner.graph.estate import Estate


def gaps_behind(estate: Estate, node: int) -> list[int]:
    """The gaps at a `missing` node, with those of the lists that would have shown it; that it is missing when there are none."""
    arm_type = ids.resource_type(estate.key(node))
    kinds = [kind.name for kind in ONTOLOGY.kinds.values() if kind.arm_type and kind.arm_type == arm_type]
    found = [*estate.gaps_at(node, "*"), *(estate.unread_gaps(*kinds) if kinds else ())]
    return list(dict.fromkeys(found)) or [estate.add_gap(Gap("resource", estate.key(node), "", "missing"))]


def list_of(record: str) -> str:
    """What a list is of, in words, by the name of its records."""
    known = ONTOLOGY.kinds.get(record)
    return known.title if known is not None else record.replace("-", " ").replace("ml ", "ML ")
