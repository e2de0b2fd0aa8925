"""What the scenario approves: which identities may come in by which way, and whose reach is accepted as it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from pyroaring import BitMap

from scanner.derive.access.engine import Engine
from scanner.derive.access.entries import Entry
from scanner.derive.access.grants import administrators
from scanner.derive.access.held import NOBODY
from scanner.graph.estate import UNSET, Estate

# Ways that are no more than what administering a resource lets one do.
_RESIDUAL_WAYS = {
    "account-key", "workspace-keys", "stored-credential", "run-as-compute", "run-as-endpoint", "act-on-host", "attach-identity",
    "federate", "workspace-identity", "grant-self", "vault", "copy-out",
}  # fmt: skip
# Ways that concern the tenant and no environment of it: who administers any of them is declared.
_DIRECTORY_WAYS = {"directory-admin", "graph-app"}
# Ways that a row's duties imply; reading by a data role is implied by what the row reads.
_IMPLIED = {
    "train": {"run-as-compute", "stored-credential"},
    "release": {"run-as-endpoint"},
    "operate": {"run-as-endpoint"},
}
_WRITING_DUTIES = {"train", "manage-data", "operate"}
_HOSTS = {
    "workspace", "compute", "online-endpoint", "batch-endpoint", "model-account", "ml-registry", "user-assigned-identity", "service-principal",
}  # fmt: skip
# Hosts whose own identities may come in: a machine or cluster beside them may not, unless the scenario names it.
_OWN = {"workspace", "compute", "online-endpoint", "batch-endpoint", "model-account"}
_PLATFORM = {"microsoft", "host-default", "policy", "service"}
State = Literal["platform", "approved", "residual"]


@dataclass(frozen=True, slots=True)
class Target:
    """What openings are judged against: environment, classes and unit of the data."""

    environment: str | None
    classes: frozenset[str]
    unit: str | None


@dataclass(frozen=True, slots=True)
class Sorted:
    """The people of an entry: unwanted, and accepted with why. `doubts` leave open whether the unwanted ones are."""

    unwanted: BitMap
    accepted: BitMap
    state: State
    doubtful: bool = False
    doubts: tuple[int, ...] = ()


class Approval:
    """The rows of the scenario, asked once for each assignment, target and way."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.estate: Estate = engine.estate
        self.rows: dict[int, list[int]] = {}  # principal -> role rows that name it
        for row in self.estate.nodes("role-row"):
            for principal in self.estate.neighbours(row, "names"):
                self.rows.setdefault(principal, []).append(row)
        self._rows_alone = BitMap(p for p in self.rows if self.estate.kind(p) != "group")
        self.over = administrators(self.estate)
        self.break_glass = BitMap(n for n in self.estate.nodes("identity") if self.estate.get(n, "break-glass") is True)
        self.workloads = BitMap((*self.estate.nodes("managed-identity"), *self.estate.nodes("service-principal")))
        self.services: dict[int, list[int]] = {}
        for row in self.estate.nodes("service-row"):
            for principal in self.estate.neighbours(row, "names"):
                self.services.setdefault(principal, []).append(row)
        self._sorted: dict[
            tuple[int, str, bool, Target, str], tuple[BitMap, BitMap, State | None, bool, tuple[int, ...]]
        ] = {}
        # lists without which nobody can say whom the scenario's names mean
        nameless = [gap for row in self.estate.nodes("role-row") for gap in self.estate.gaps_at(row, "names")]
        self.unread_names = tuple(dict.fromkeys((*self.estate.unread_gaps("workspace", "group", "user"), *nameless)))

    def sort(self, entry: Entry, target: Target, access: str) -> Sorted:
        """Parts the people of an entry. Emergency accounts are in no part: they have rules of their own."""
        who = entry.who - self.break_glass if self.break_glass else entry.who
        source = entry.grant.node if entry.grant is not None else entry.source if entry.source is not None else -1
        key = (source, entry.way, entry.joined, target, access)
        found = self._sorted.get(key)
        if found is None:
            found = self._sorted[key] = self._judge(entry, target, access)
        let_in, residual, whole, doubtful, doubts = found
        if whole is not None:
            return Sorted(NOBODY, who, whole)
        if not let_in and not residual:
            return Sorted(who, NOBODY, "approved", doubtful, doubts)
        accepted = who & (let_in | residual)
        return Sorted(who - accepted, accepted, "approved" if who & let_in else "residual", doubtful, doubts)

    def _judge(
        self, entry: Entry, target: Target, access: str
    ) -> tuple[BitMap, BitMap, State | None, bool, tuple[int, ...]]:
        """Who is let in, who administers, or that everybody is accepted, and why; and what leaves it open."""
        source = entry.source
        if source is None:
            return NOBODY, NOBODY, None, False, ()
        if self.of_platform(entry, source, target, access):
            return NOBODY, NOBODY, "platform", False, ()
        if self._declared_release(entry, source) or self.same_environment(source, target):
            return NOBODY, NOBODY, "approved", False, ()
        let_in, doubtful = self._approved(entry, source, target, access)
        if self.estate.kind(source) == "group":
            let_in |= self._workloads_inside(entry, source, target)
        return let_in, self._residual(entry, source, target), None, doubtful, self.doubts(entry, source)

    def rows_that_let_in(self, entry: Entry, target: Target, access: str) -> Iterator[tuple[int, BitMap]]:
        """The role rows by which an entry lets identities in, each with whom."""
        if entry.source is not None:
            for principal, rows in self._named(entry, entry.source):
                for row in rows:
                    if self._covers(row, target, entry.way, access) and self._demands_met(row, entry) is not False:
                        yield row, self.engine.members(principal)

    def lets_in(self, group: int, way: str, target: Target, access: str) -> bool:
        """Whether some row, or administration, lets a group in by a way: whoever may join it may come in."""
        if any(self._covers(row, target, way, access) for row in self.rows.get(group, ())):
            return True
        return way in _RESIDUAL_WAYS and target.environment in self.over.get(group, ())

    def of_platform(self, entry: Entry, source: int, target: Target, access: str) -> bool:
        """An identity of the platform that reaches what it was made for; into another environment it is no excuse."""
        estate = self.estate
        origin = estate.get(entry.grant.node if entry.grant is not None else source, "origin")
        if origin == "service":
            return any(
                access in estate.get(row, "may") and target.environment in estate.get(row, "where")
                for row in self.services.get(source, ())
            )
        if origin == "host-default":
            return self.same_environment(source, target)
        return origin in _PLATFORM

    def _declared_release(self, entry: Entry, source: int) -> bool:
        """The release workload deploys, and an outside subject that the scenario lists signs in as it."""
        estate = self.estate
        if estate.kind(source) == "outside-subject":
            return estate.get(source, "declared") is True
        return entry.way == "run-as-endpoint" and estate.get(source, "release-workload") is True

    def _workloads_inside(self, entry: Entry, group: int, target: Target) -> BitMap:
        """Those of a group who may come in whoever else is in it."""
        inside = self.engine.members(group) & self.workloads
        return BitMap(n for n in inside if self.may_come_in(entry, n, target))

    def may_come_in(self, entry: Entry, workload: int, target: Target) -> bool:
        """Whether a workload is the release or belongs to the environment."""
        return self._declared_release(entry, workload) or self.same_environment(workload, target)

    def same_environment(self, identity: int, target: Target) -> bool:
        """Whether a managed identity belongs to a workspace, compute or endpoint of the target's environment, and to
        nothing elsewhere.
        """
        estate = self.estate
        if (
            estate.kind(identity) != "managed-identity"
            or target.environment is None
            or estate.get(identity, "policies")
        ):
            return False
        hosts = seen_hosts(self.estate, identity)
        own = estate.node(str(estate.get(identity, "host")))
        if not hosts and own is not None:
            hosts = [own]
        return any(estate.kind(host) in _OWN for host in hosts) and all(
            estate.get(host, "environment") == target.environment for host in hosts
        )

    def _approved(self, entry: Entry, source: int, target: Target, access: str) -> tuple[BitMap, bool]:
        """Identities that come in as a role row approves, and whether that hangs on an unread mark."""
        who, doubtful = BitMap(), False
        for principal, rows in self._named(entry, source):
            for row in rows:
                if not self._covers(row, target, entry.way, access):
                    continue
                met = self._demands_met(row, entry)
                if met is None:
                    doubtful = True
                elif met:
                    who |= self.engine.members(principal)
                elif self.estate.get(row, "by") == "eligible":
                    who |= self.engine.members(principal) - self.engine.standing_members(source)
        return who, doubtful

    def _named(self, entry: Entry, source: int) -> Iterable[tuple[int, list[int]]]:
        """The principals with rows that an entry comes through: the groups in its principal, or those a person is in."""
        if _personal(entry):
            return [(p, rows) for p, rows in self.rows.items() if self.engine.members(p) & entry.who]
        inner: Iterable[int] = self.engine.inner_groups(source)
        alone = self._rows_alone & self.engine.members(source)  # workloads that rows name, in whatever group
        return [
            (principal, self.rows[principal])
            for principal in (*inner, *(alone - BitMap(inner)))
            if principal in self.rows
        ]

    def _residual(self, entry: Entry, source: int, target: Target) -> BitMap:
        """Administrators who get in by no more than their administration."""
        if entry.way in _DIRECTORY_WAYS:
            return BitMap(n for n in entry.who if self.estate.get(n, "administrator") is True)
        if entry.way not in _RESIDUAL_WAYS:
            return NOBODY
        if entry.grant is None:
            return BitMap(self._administering(entry, target))
        found = [p for p in self.engine.inner_groups(source) if target.environment in self.over.get(p, ())]
        return BitMap().union(*(self.engine.members(p) for p in found)) if found else NOBODY

    def _administering(self, entry: Entry, target: Target) -> Iterator[int]:
        for principal, environments in self.over.items():
            if target.environment in environments:
                yield from self.engine.members(principal) & entry.who

    def doubts(self, entry: Entry, source: int) -> tuple[int, ...]:
        """Gaps that leave open whether a reach is wanted: names, origins or hosts that could not be looked up."""
        estate = self.estate
        node = entry.grant.node if entry.grant is not None else source
        found = [*self.unread_names, *estate.gaps_at(node, "origin"), *estate.gaps_at(node, "declared")]
        if entry.way == "run-as-endpoint":
            found += estate.gaps_at(source, "release-workload")
        if estate.kind(source) == "managed-identity":
            host = estate.node(str(estate.get(source, "host")))
            # one that nothing was seen to run as may be that of something no list showed
            alone = estate.get(source, "user-assigned") is not False and not seen_hosts(self.estate, source)
            if alone or host is None or estate.kind(host) == "missing" or estate.get(host, "environment") is UNSET:
                found += [gap for kind, gap in estate.unread if kind in _HOSTS]
            elif estate.kind(host) == "user-assigned-identity" and set(estate.neighbours(source, "identity-of")) <= {
                host
            }:
                # whatever takes it along may be in a list nobody could read, and may let it in
                found += [gap for kind, gap in estate.unread if kind in _OWN]
        return tuple(found)

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
        duties = estate.get(row, "duties")
        if way == "data-role":
            return access == "read" or bool(duties & _WRITING_DUTIES)
        return any(way in _IMPLIED.get(duty, ()) for duty in duties)

    def _demands_met(self, row: int, entry: Entry) -> bool | None:
        """Whether the assignment is held as the row demands; None when nobody could tell how it is held."""
        estate, grant = self.estate, entry.grant
        if _personal(entry):
            return True
        mark = grant.mark if grant is not None else "standing"
        if estate.get(row, "by") == "eligible":
            return None if mark is None else mark == "eligible"
        if estate.get(row, "expires") is not None:
            return None if mark is None else mark != "standing"
        return True


def _personal(entry: Entry) -> bool:
    """Whether it is the entry of one person by name: the instance that was made for them."""
    return entry.grant is None and entry.way == "run-as-compute"


def seen_hosts(estate: Estate, identity: int) -> list[int]:
    """What was seen to run as an identity; its own resource is what it is, not what runs."""
    return [h for h in estate.neighbours(identity, "identity-of") if estate.kind(h) != "user-assigned-identity"]
