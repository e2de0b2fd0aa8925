"""Assignments held against the role table: whether a row is behind them, what they give beyond it, how they are activated, who made them."""

from __future__ import annotations

from scanner import ids
from scanner.derive.access.actions import WRITES, Action
from scanner.derive.access.engine import Engine
from scanner.derive.access.held import Grant
from scanner.derive.duties import Duties, Duty
from scanner.derive.separation.workloads import home_of
from scanner.derive.table import Table
from scanner.graph.estate import UNSET, Estate

_PLATFORM = {"microsoft", "host-default", "policy", "service", "delegated"}
_OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
_HELD = ("holds", "may-activate", "perhaps-holds", "holds-as-declared")


def derive(engine: Engine, duties: Duties, table: Table) -> None:
    """Writes the facts of separation on assignments, and on role rows which of their duties nobody holds."""
    estate = engine.estate
    stages = {estate.name(node): str(estate.get(node, "stage")) for node in estate.nodes("environment")}
    sample = tuple({action: None for duty in duties for way in duty.ways for action in way.actions if not action.name.endswith("/read")}
                   | dict.fromkeys(WRITES))  # fmt: skip
    by_name = {duty.name: duty for duty in duties}
    for scope, found in engine.grants.items():
        unit = estate.get(scope, "unit")
        for grant in found:
            judge = _Judge(engine, table, grant, unit if isinstance(unit, str) else None)
            judge.write(stages, sample, by_name)
    _rows(engine)


class _Judge:
    """One assignment, with the rows behind it and what keeps that from being known."""

    def __init__(self, engine: Engine, table: Table, grant: Grant, unit: str | None) -> None:
        self.engine, self.table, self.grant, self.unit = engine, table, grant, unit
        self.estate: Estate = engine.estate
        self.reached: frozenset[str] = self.estate.get(grant.node, "environments") or frozenset()
        self.rows = {e: table.behind(grant.principal, e, unit) for e in self.reached}
        self.doubts = self._doubts()

    def write(self, stages: dict[str, str], sample: tuple[Action, ...], duties: dict[str, Duty]) -> None:
        estate, node = self.estate, self.grant.node
        estate.set(node, "stages", frozenset(stages[e] for e in self.reached if e in stages))
        self._accounted()
        self._held_now()
        self._excess(sample, duties)
        self._maker()
        rows = [row for found in self.rows.values() for row in found]
        production = [row for row in rows if estate.get(row, "stage") == "production"]
        self._demand(
            "eligible-wanted",
            bool(production) and all(estate.get(r, "by") == "eligible" for r in production),
            production,
        )
        self._demand("approval-wanted", any(estate.get(row, "approvers") is not None for row in rows), rows)
        self._demand("mfa-wanted", any(estate.get(row, "mfa") is True for row in rows), rows)
        hours = [h for row in rows if isinstance(h := estate.get(row, "max-hours"), int | float)]
        self._demand("hours-wanted", min(hours, default=None), rows)
        self._approvers(rows)

    def _doubts(self) -> list[int]:
        """Gaps for which a row may be behind it that nobody could tell."""
        estate, principal = self.estate, self.grant.principal
        if estate.kind(principal) == "group":
            around = (principal, *self._outer()) if "approved" in estate.gap_names else ()
            found = [gap for group in around for gap in estate.gaps_at(group, "approved")]
        else:
            found = estate.unread_gaps("service-principal", "workspace")
        return [*found, *self.table.unnamed]

    def _outer(self) -> list[int]:
        estate = self.estate
        found = [self.grant.principal]
        for group in found:
            found += [outer for outer in estate.neighbours(group, "member-of") if outer not in found]
        return found[1:]

    def _put(self, attribute: str, value: object, gaps: list[int] | tuple[int, ...], row: int | None = None) -> None:
        """Writes what is known, and the gaps of what is not."""
        estate, node = self.estate, self.grant.node
        for gap in gaps:
            estate.mark_gap(node, attribute, gap)
        if not gaps:
            estate.set(node, attribute, value, estate.line(row, "name") if row is not None else None)

    def _demand(self, attribute: str, value: object, rows: list[int]) -> None:
        """What rows demand; without one that could be found, nobody knows."""
        self._put(attribute, value, self.doubts if not rows else (), rows[0] if rows and value else None)

    def _accounted(self) -> None:
        """Whether the scenario has the principal in every environment it reaches into."""
        estate, grant, table = self.estate, self.grant, self.table
        principal = grant.principal
        known = (
            estate.get(grant.node, "declared") is True
            or estate.get(grant.node, "origin") in _PLATFORM
            or estate.get(principal, "structure-creator") is True
            or all(
                self.rows[e] or e in table.administered.get(principal, ()) or table.duties(principal, e, self.unit)
                for e in self.reached
            )
        )
        doubts = [*self.doubts, *estate.gaps_at(grant.node, "origin")]
        if not known and estate.kind(principal) == "group":
            known, unsure = self._of_hosts()
            doubts, known = [*doubts, *unsure], known and not unsure
        place = (
            None
            if known
            else next((n for e in sorted(self.reached) if (n := estate.node(f"environment:{e}")) is not None), None)
        )
        self._put("in-role-table", known, () if known else doubts, place)

    def _of_hosts(self) -> tuple[bool, list[int]]:
        """Whether a group is one of the environment's own hosts, whose identities need no row, and what hides it."""
        estate, engine, gaps = self.estate, self.engine, list[int]()
        members = engine.members(self.grant.principal)
        for member in members:
            if member in engine.unseen:
                gaps += estate.gaps_at(member, "*")
                continue
            home, doubts = home_of(estate, member)
            at_home = len(home) == 1 and home == self.reached
            if not at_home and not (doubts and home <= self.reached):
                return False, []
            gaps += doubts
        return bool(members), gaps

    def _held_now(self) -> None:
        """Whether anybody has it without activating the role or a membership."""
        estate, engine, grant = self.estate, self.engine, self.grant
        people = engine.standing_members(grant.principal) - self.table.break_glass
        row = next((row for e in sorted(self.reached) for row in self.rows[e]), None)
        if grant.mark == "eligible" or not people:
            self._put("held-now", False, ())
        elif grant.mark is None:
            self._put("held-now", True, [*estate.gaps_at(grant.node, "mark")])
        elif people <= engine.unseen:
            self._put("held-now", True, [gap for member in people for gap in estate.gaps_at(member, "*")])
        else:
            self._put("held-now", True, (), row)

    def _excess(self, sample: tuple[Action, ...], duties: dict[str, Duty]) -> None:
        """Changing actions of the role that belong to no duty of the rows behind it."""
        estate, engine, grant, table = self.estate, self.engine, self.grant, self.table
        allowed = {e: table.duties(grant.principal, e, self.unit) for e in self.reached}
        judged = [
            e
            for e in self.reached
            if (self.rows[e] or allowed[e]) and e not in table.administered.get(grant.principal, ())
        ]
        if not judged or estate.get(grant.node, "origin") in _PLATFORM:
            self._put("excess", None, self.doubts if not judged else ())
            return
        if estate.get(grant.role, "permissions") is UNSET:
            self._put("excess", None, [*estate.gaps_at(grant.role, "*")])
            return
        given = [action for action in sample if engine.can(grant.role, action) == "yes"]
        beyond = {
            action.name for action in given for e in judged
            if not any(duties[d].covers(action) for d in allowed[e] if d in duties)
        }  # fmt: skip
        row = next((row for e in judged for row in self.rows[e]), None)
        self._put("excess", frozenset(beyond), (), row)

    def _maker(self) -> None:
        """Whether who made it gains by it: not by activating, and not as the first owner of a subscription."""
        estate, grant = self.estate, self.grant
        maker = estate.get(grant.node, "created-by")
        made_by = estate.node(maker.lower()) if isinstance(maker, str) else None
        first_owner = (
            estate.kind(grant.scope) == "subscription"
            and ids.last(estate.key(grant.role)) == _OWNER
            and made_by == grant.principal
        )
        if made_by is None or grant.mark == "eligible" or first_owner:
            self._put("made-by-beneficiary", False, ())
            return
        members = self.engine.members(grant.principal)
        gains = made_by == grant.principal or made_by in members
        unseen = [] if gains else [g for member in members & self.engine.unseen for g in estate.gaps_at(member, "*")]
        self._put("made-by-beneficiary", gains, unseen)

    def _approvers(self, rows: list[int]) -> None:
        """Who approves activation beside those the rows name."""
        estate, node = self.estate, self.grant.node
        named = [estate.get(row, "approvers") for row in rows]
        wanted = [found for found in named if found is not None]
        approving = estate.get(node, "activation-approvers")
        if not wanted:
            self._demand("undeclared-approvers", None, rows)
        elif UNSET in wanted or approving is UNSET:
            for gap in (*estate.gaps_at(node, "activation-approvers"), *estate.unread_gaps("group")):
                estate.mark_gap(node, "undeclared-approvers", gap)
        else:
            self._put("undeclared-approvers", frozenset(approving or ()) - frozenset().union(*wanted), (), rows[0])


def _rows(engine: Engine) -> None:
    """On each row, its duties that whom it names does not hold where it says so."""
    estate = engine.estate
    there = {
        (estate.get(w, "environment"), unit)
        for w in estate.nodes("workspace")
        for unit in (None, estate.get(w, "unit"))
    }
    for row in estate.nodes("role-row"):
        named = estate.neighbours(row, "names")
        environment, unit = estate.get(row, "environment"), estate.get(row, "unit")
        if not named or (environment, unit) not in there:
            # a name without a principal is another rule's, a room without a workspace nobody's; unless they were not listed
            for gap in estate.unread_gaps("group") if not named else estate.unread_gaps("workspace"):
                estate.mark_gap(row, "missing-duties", gap)
            if not estate.gaps_at(row, "missing-duties"):
                estate.set(row, "missing-duties", None)
            continue
        everywhere = [*named]
        for principal in everywhere:
            everywhere += [g for g in estate.neighbours(principal, "member-of") if g not in everywhere]
        held = {
            estate.get(duty, "duty") for principal in everywhere for edge in _HELD for duty in estate.neighbours(principal, edge)
            if estate.get(duty, "environment") == environment
        }  # fmt: skip
        missing = estate.get(row, "duties") - held
        gaps = [gap for principal in everywhere for gap in estate.gaps_at(principal, "holds")] if missing else []
        for gap in gaps:
            estate.mark_gap(row, "missing-duties", gap)
        if not gaps:
            estate.set(row, "missing-duties", missing, estate.line(row, "name"))
