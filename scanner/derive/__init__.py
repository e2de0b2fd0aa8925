"""What follows from estate and scenario together: replicas and processing, access, duties, separation, quota; in that order."""

from __future__ import annotations

from scanner.derive import access, capacity, holders, residency
from scanner.derive.duties import Duties
from scanner.derive.table import Table
from scanner.graph.estate import Estate


def derive(estate: Estate, duties: Duties) -> None:
    """Writes derived nodes, edges and attributes. Pure: it reads nothing but the estate and the duties."""
    residency.derive(estate)
    engine = access.derive(estate)
    table = Table(engine)
    holders.derive(estate, duties, engine, table)
    capacity.derive(estate)
