"""Who can reach what: from assignments, through groups and scopes, to openings of data. See `engine` for the sets."""

from __future__ import annotations

from scanner.derive.access import grants, openings, origins
from scanner.derive.access.engine import Engine
from scanner.graph.estate import Estate


def derive(estate: Estate) -> Engine:
    """Writes origins, what each assignment can do and reaches, and the openings of data; returns the sets it used."""
    engine = Engine(estate)
    origins.derive(engine)
    grants.derive(engine)
    openings.derive(engine)
    return engine
