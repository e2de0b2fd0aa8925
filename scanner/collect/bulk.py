"""What Resource Graph gives for many subscriptions at once: whole types, an inventory, and role assignments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from scanner import ids
from scanner.collect import resource_graph, types
from scanner.collect.answers import Failed
from scanner.collect.hierarchy import Place
from scanner.collect.resource_graph import Rights, may
from scanner.collect.session import Session
from scanner.graph.records import BY_ARM_TYPE, RECORDS
from scanner.snapshot import Record

_ANY_TYPE = "microsoft.other/others/read"  # only `*/read` covers it: an inventory without that right has holes
# With fewer subscriptions a list for each is faster: Resource Graph answers three pages a second, ARM each subscription apart.
FEW = 200
_ENVELOPE = "id, name, type, location, tags, kind, sku, identity, managedBy"


@dataclass
class Known:
    """What is known of a place before any list: rights, types that occur (None: unknown), and rows by record kind."""

    rights: Rights | None = None
    present: set[str] | None = None
    rows: dict[str, list[Record]] = field(default_factory=dict)
    assignments: bool = False  # whether its role assignments are read

    def absent(self, kind: str) -> bool:
        """Whether a list of the kind would be empty for certain."""
        record = RECORDS[kind]
        listed = kind in types.INVENTORIED and self.present is not None and record.arm_type not in self.present
        return listed and may(self.rights, record.permission)


async def read(session: Session, places: Sequence[Place], of: int) -> dict[str, Known]:
    """What is known of some of the places in scope, of which there are `of`; a query that fails leaves all to targeted lists."""
    found = {place.key: Known() for place in places}
    whole = [place for place in places if place.whole] if session.settings.bulk else []
    rights: Sequence[Rights | None] = await session.together(resource_graph.rights(session, p.id) for p in whole)
    for place, theirs in zip(whole, rights, strict=True):
        found[place.key].rights = theirs
    queries = [_types, _inventory, _assignments] if of >= FEW else [_types, _inventory]
    await session.together(query(session, whole, found) for query in queries)
    return found


async def _types(session: Session, whole: Sequence[Place], found: dict[str, Known]) -> None:
    """Types that Resource Graph holds whole, where the rights cover all of them."""
    kinds = [entry.kind for entry in (*types.TOP_LEVEL, *types.CHILDREN) if entry.bulk]
    places = [p for p in whole if all(may(found[p.key].rights, RECORDS[kind].permission) for kind in kinds)]
    if not kinds or not places:
        return
    names = ",".join(f"'{RECORDS[kind].arm_type}'" for kind in kinds)
    query = f"resources | where type in~ ({names}) | project {_ENVELOPE}, properties | order by id asc"
    by_place = await _by_place(session, query, places)
    for key, rows in (by_place or {}).items():
        if key not in found:
            continue  # of a place that was not asked for
        sorted_rows: dict[str, list[Record]] = {kind: [] for kind in kinds}
        for arm_type, row in rows:
            kind = BY_ARM_TYPE[arm_type].name
            sorted_rows[kind].append(session.record(kind, row))
        for kind, records in sorted_rows.items():
            session.versions[kind] = f"Resource Graph {types.RESOURCE_GRAPH}"
            session.keep(kind, key, records)
            found[key].rows[kind] = records


async def _inventory(session: Session, whole: Sequence[Place], found: dict[str, Known]) -> None:
    """Which types occur where, and the envelope of all that has no list of its own."""
    places = [p for p in whole if may(found[p.key].rights, _ANY_TYPE)]
    query = f"resources | project {_ENVELOPE} | order by id asc"
    by_place = await _by_place(session, query, places) if places else None
    for key, rows in (by_place or {}).items():
        if key not in found:
            continue
        found[key].present = {arm_type for arm_type, _ in rows}
        records = [session.record("resource", row) for arm_type, row in rows if arm_type not in BY_ARM_TYPE]
        session.versions["resource"] = f"Resource Graph {types.RESOURCE_GRAPH}"
        session.keep("resource", key, records)
        found[key].rows["resource"] = records


async def _assignments(session: Session, whole: Sequence[Place], found: dict[str, Known]) -> None:
    """Role assignments at and below each subscription, and inherited ones as far as the service shows them here.

    What is inherited is asked of ARM as well, once for each chain of management groups: that list is refused aloud.
    """
    places = [p for p in whole if may(found[p.key].rights, RECORDS["role-assignment"].permission)]
    if not places:
        return
    query = (
        "authorizationresources | where type =~ 'microsoft.authorization/roleassignments' "
        "| project id, name, type, properties | order by id asc"
    )
    by_place = await _by_place(session, query, places, "AtScopeAboveAndBelow")
    for key, rows in (by_place or {}).items():
        session.keep("role-assignment", key, [session.record("role-assignment", row) for _, row in rows])
        if key in found:
            found[key].assignments = True


async def _by_place(
    session: Session, query: str, places: Sequence[Place], scope_filter: str = ""
) -> dict[str, list[tuple[str, msgspec.Raw]]] | None:
    """(folded type, row) by the place it lies in; rows above all places are at `/`. None when the query failed."""
    by_key: defaultdict[str, list[tuple[str, msgspec.Raw]]] = defaultdict(list)
    for place in places:
        by_key[place.key] = []
    try:
        async for rows in resource_graph.rows(session, query, [ids.last(p.id) for p in places], scope_filter):
            for row in rows:
                key = ids.fold(msgspec.json.decode(row, type=_Named).id)
                if not session.left_out(key):
                    by_key[ids.subscription_of(key) or ids.ROOT_SCOPE].append((ids.resource_type(key), row))
    except Failed:
        return None
    return dict(by_key)


class _Named(msgspec.Struct):
    id: str
