"""What the scenario approves: which identities may come in by which way, and whose reach is accepted as it is."""

from __future__ import annotations

from dataclasses import dataclass

from pyroaring import BitMap

from scanner.derive.access.engine import Engine, Grant
from scanner.derive.access.grants import administrators
from scanner.graph.estate import UNSET, Estate

_RESIDUAL_WAYS = {"grant-self", "account-key", "workspace-keys"}
_WRITING_DUTIES = {"train", "manage-data", "operate"}
_HOSTS = {
    "workspace",
    "compute",
    "online-endpoint",
    "batch-endpoint",
    "model-account",
    "ml-registry",
    "user-assigned-identity",
    "service-principal",
}
_PLATFORM = {"microsoft", "host-default", "policy", "service"}


@dataclass(frozen=True, slots=True)
class Target:
    """What openings are judged against: environment, classes and unit of the data."""

    environment: str | None
    classes: frozenset[str]
    unit: str | None


class Approval:
    """The rows of the scenario, asked once for each group, target and way."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.estate: Estate = engine.estate
        self.rows: dict[int, list[int]] = {}  # principal -> role rows that name it
        for row in self.estate.nodes("role-row"):
            for principal in self.estate.neighbours(row, "names"):
                self.rows.setdefault(principal, []).append(row)
        self.over = administrators(self.estate)
        self.break_glass = BitMap(n for n in self.estate.nodes("identity") if self.estate.get(n, "break-glass") is True)
        self.services: dict[int, list[int]] = {}
        for row in self.estate.nodes("service-row"):
            for principal in self.estate.neighbours(row, "names"):
                self.services.setdefault(principal, []).append(row)
        self._inner: dict[int, list[int]] = {}
        # lists without which nobody can say whom the scenario's names mean
        self.unread_names = self.estate.unread_gaps("workspace", "group", "user")

    def approved(self, grant: Grant, target: Target, way: str, access: str) -> tuple[BitMap, bool]:
        """Identities that a grant lets in as a role row approves, and whether that hangs on an unread mark."""
        who, doubtful = BitMap(), False
        for principal in self._entries(grant.principal):
            for row in self.rows.get(principal, ()):
                if self._covers(row, target, way, access):
                    met = self._demands_met(row, grant)
                    if met is None:
                        doubtful = True
                    elif met:
                        who |= self.engine.members(principal)
        return who, doubtful

    def groups_that_let_in(self, grant: Grant, target: Target, way: str, access: str) -> list[int]:
        """Groups on the grant's way whose rows approve it: whoever may join one of them may come in."""
        return [
            principal for principal in self._entries(grant.principal)
            if self.estate.kind(principal) == "group" and any(self._covers(row, target, way, access) for row in self.rows.get(principal, ()))
        ]  # fmt: skip

    def residual(self, grant: Grant, target: Target, way: str) -> BitMap:
        """Administrators who get in by no more than their administration."""
        if way not in _RESIDUAL_WAYS:
            return BitMap()
        found = [p for p in self._entries(grant.principal) if target.environment in self.over.get(p, ())]
        return BitMap().union(*(self.engine.members(p) for p in found)) if found else BitMap()

    def platform(self, grant: Grant, target: Target, access: str) -> bool:
        """An identity of the platform that reaches what it was made for; into another environment it is no excuse."""
        estate = self.estate
        origin = estate.get(grant.node, "origin")
        if origin == "service":
            return any(
                access in estate.get(row, "may") and target.environment in estate.get(row, "where")
                for row in self.services.get(grant.principal, ())
            )
        if origin == "host-default":
            return self.same_environment(grant.principal, target)
        return origin in _PLATFORM

    def same_environment(self, identity: int, target: Target) -> bool:
        """Whether a managed identity belongs to hosts of the target's environment only."""
        estate = self.estate
        if estate.kind(identity) != "managed-identity" or target.environment is None:
            return False
        hosts = [
            host for host in estate.neighbours(identity, "identity-of") if estate.kind(host) != "user-assigned-identity"
        ]
        own = estate.node(str(estate.get(identity, "host")))
        if not hosts and own is not None:
            hosts = [own]
        return bool(hosts) and all(estate.get(host, "environment") == target.environment for host in hosts)

    def doubts(self, grant: Grant) -> list[int]:
        """Gaps that leave open whether a reach is wanted: names, origins or hosts that could not be looked up."""
        estate, principal = self.estate, grant.principal
        found = [*self.unread_names, *estate.gaps_at(grant.node, "origin")]
        if estate.kind(principal) == "managed-identity":
            host = estate.node(str(estate.get(principal, "host")))
            if host is None or estate.kind(host) == "missing" or estate.get(host, "environment") is UNSET:
                found += [gap for kind, gap in estate.unread if kind in _HOSTS]
        return found

    def _entries(self, principal: int) -> list[int]:
        found = self._inner.get(principal)
        if found is None:
            found = self.engine.inner_groups(principal) if self.estate.kind(principal) == "group" else [principal]
            self._inner[principal] = found
        return found

    def _covers(self, row: int, target: Target, way: str, access: str) -> bool:
        estate = self.estate
        if estate.get(row, "environment") != target.environment or not target.classes <= estate.get(row, "reads"):
            return False
        unit = estate.get(row, "unit")
        if unit is not None and target.unit is not None and unit != target.unit:
            return False
        ways = estate.get(row, "ways")
        if ways is not None:
            return way in ways
        return way == "data-role" and (access == "read" or bool(estate.get(row, "duties") & _WRITING_DUTIES))

    def _demands_met(self, row: int, grant: Grant) -> bool | None:
        """Whether the grant is held as the row demands; None when nobody could tell how it is held."""
        estate = self.estate
        if estate.get(row, "by") == "eligible":
            return None if grant.mark is None else grant.mark == "eligible"
        if estate.get(row, "expires") is not None:
            return None if grant.mark is None else grant.mark != "standing"
        return True
