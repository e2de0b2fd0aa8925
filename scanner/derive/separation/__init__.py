"""What rules about separation ask of assignments, people, groups, workloads and what production is made of."""

from __future__ import annotations

from scanner.derive.access import Access
from scanner.derive.access.engine import Engine
from scanner.derive.duties import Duties
from scanner.derive.separation import artifacts, assignments, ownerships, people, workloads
from scanner.derive.table import Table


def usage(engine: Engine) -> None:
    """Which environments take from ML registries; duties are held on them there."""
    artifacts.usage(engine)


def derive(access: Access, duties: Duties, table: Table) -> None:
    """Writes everything that rests on who holds which duty."""
    engine = access.engine
    assignments.derive(engine, duties, table)
    workloads.derive(engine, table)
    people.derive(engine, table, access.ownerships)
    ownerships.derive(access)
    artifacts.derive(engine, duties, table)
