"""What follows from estate and scenario together: replicas and processing, access, duties, separation, quota, lineage and movements."""

from __future__ import annotations

from scanner.derive import (
    access,
    capacity,
    creators,
    demands,
    endpoints,
    groups,
    holders,
    instances,
    learned,
    logs,
    movements,
    places,
    residency,
    separation,
    sites,
    sources,
    structure,
    tuning,
    unlisted,
)
from scanner.derive.duties import Duties
from scanner.derive.movement import Flows
from scanner.derive.table import Table
from scanner.derive.whereabouts import Whereabouts
from scanner.graph.estate import Estate


def derive(estate: Estate, duties: Duties) -> access.Access:
    """Writes derived nodes, edges and attributes, and returns the sets of access for further questions.

    Pure: it reads nothing but the estate and the duties.
    """
    unlisted.derive(estate)
    residency.derive(estate)
    places.derive(estate)
    found = access.derive(estate)
    table = Table(found.engine)
    sources.derive(estate)
    groups.derive(estate)
    demands.derive(found.engine)
    endpoints.derive(found.engine)
    instances.derive(estate)
    separation.usage(found.engine)
    holders.derive(estate, duties, found.engine, table)
    separation.derive(found, duties, table)
    creators.derive(found.engine, table)
    structure.derive(estate)
    capacity.derive(estate)
    _flows(estate)
    return found


def _flows(estate: Estate) -> None:
    flows, where = Flows(estate), Whereabouts(estate)
    learned.derive(estate, flows, where)
    movements.derive(estate, flows, where)
    tuning.derive(estate, where)
    logs.derive(estate, flows, where)
    sites.derive(estate, flows, where)
