"""Who can reach what: from assignments, through groups, scopes, hosts and credentials, to openings of data."""

from __future__ import annotations

from dataclasses import dataclass, field

from scanner.derive.access import credentials, grants, openings, origins
from scanner.derive.access.acting import Acting
from scanner.derive.access.approval import Approval, Target
from scanner.derive.access.engine import Engine
from scanner.derive.access.judge import Judge
from scanner.graph.estate import Estate


@dataclass(frozen=True)
class Access:
    """The sets an estate's access was derived with, kept for whoever asks further questions."""

    engine: Engine
    acting: Acting
    approval: Approval
    ownerships: openings.Ownerships = field(default_factory=openings.Ownerships)
    _judges: dict[tuple[Target, str], Judge] = field(default_factory=dict, repr=False)

    def judge(self, target: Target, access: str) -> Judge:
        """Who is unwanted at a target, found once for all its stores."""
        found = self._judges.get((target, access))
        if found is None:
            found = self._judges[target, access] = Judge(self.acting, self.approval, target, access)
        return found


def derive(estate: Estate) -> Access:
    """Writes origins, what each assignment can do and reaches, and the openings of data; returns the sets it used."""
    engine = Engine(estate)
    origins.derive(engine)
    grants.derive(engine)
    acting, approval = Acting(engine, credentials.find(estate)), Approval(engine)
    return Access(engine, acting, approval, openings.derive(engine, acting, approval))
