"""What follows from estate and scenario together: replicas and processing, access, duties, quota; in that order."""

from __future__ import annotations

from scanner.derive import access, capacity, demands, endpoints, groups, instances, residency, sources
from scanner.derive import duties as duties_
from scanner.derive.duties import Duties
from scanner.graph.estate import Estate


def derive(estate: Estate, duties: Duties) -> access.Access:
    """Writes derived nodes, edges and attributes, and returns the sets of access for further questions.

    Pure: it reads nothing but the estate and the duties.
    """
    residency.derive(estate)
    found = access.derive(estate)
    sources.derive(estate)
    groups.derive(estate)
    demands.derive(found.engine)
    endpoints.derive(found.engine)
    instances.derive(found.engine)
    duties_.derive(estate, duties, found.engine)
    capacity.derive(estate)
    return found
