"""What follows from estate and scenario together: replicas and processing, access, duties, quota; in that order."""

from __future__ import annotations

from scanner.derive import access, capacity, residency
from scanner.derive import duties as duties_
from scanner.derive.duties import Duties
from scanner.graph.estate import Estate


def derive(estate: Estate, duties: Duties) -> None:
    """Writes derived nodes, edges and attributes. Pure: it reads nothing but the estate and the duties."""
    residency.derive(estate)
    engine = access.derive(estate)
    duties_.derive(estate, duties, engine)
    capacity.derive(estate)
