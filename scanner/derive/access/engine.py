"""Access as sets: members of groups, roles evaluated once, assignments by scope; never a pair of person and resource.

Everybody in a group, at any depth, is one bitmap, made once. A role is asked once for each action. A resource looks up
the short chain of scopes above it, not all assignments.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from pyroaring import BitMap

from scanner import ids
from scanner.graph.estate import UNSET, Estate
from scanner.graph.permissions import PermissionBlock, block_allows

Grants = Literal["yes", "conditional", "no", "unread"]
_STRENGTH: tuple[Grants, ...] = ("yes", "conditional", "unread")
RIGHTS = (
    "role-assignment",
    "role-eligibility",
    "role-definition",
    "management-group",
)  # lists that could hold a grant nobody saw


@dataclass(frozen=True, slots=True)
class Action:
    """An action, folded; `data` for data actions."""

    name: str
    data: bool = False


@dataclass(frozen=True, slots=True)
class Grant:
    """An assignment: node, principal, role and scope nodes; `mark` is None when PIM's list was unread."""

    node: int
    principal: int
    role: int
    scope: int
    mark: str | None
    condition: str | None


class Engine:
    """The sets of one estate, made when first asked for and kept."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self._members = _closure(estate)
        self._can: dict[tuple[int, str, bool], Grants] = {}
        self._granting: dict[tuple[int, str], list[Grant]] = {}
        self._gapped = bool(estate.gap_names & {"scope-of", "contained-in"})
        self._chains: dict[int, tuple[int, ...]] = {}
        self.grants: dict[int, list[Grant]] = defaultdict(list)  # by scope node
        self.children: dict[int, list[int]] = defaultdict(
            list
        )  # resource -> scopes below it that only assignments name
        self.denies: dict[int, list[int]] = defaultdict(list)  # by scope node
        self._index()

    # -- who ------------------------------------------------------------------------------------------------------

    def members(self, principal: int) -> BitMap:
        """The identities a principal stands for: everybody in a group at any depth, or the identity itself."""
        found = self._members.get(principal)
        return found if found is not None else BitMap([principal])

    def inner_groups(self, group: int) -> list[int]:
        """The group and all groups nested in it."""
        estate = self.estate
        seen = {group}
        order = [group]
        for place in order:
            for member in estate.neighbours(place, "has-member"):
                if member not in seen and estate.kind(member) == "group":
                    seen.add(member)
                    order.append(member)
        return order

    # -- what -----------------------------------------------------------------------------------------------------

    def can(self, role: int, action: Action) -> Grants:
        """Whether a role grants an action; evaluated once for each pair."""
        key = (role, action.name, action.data)
        found = self._can.get(key)
        if found is None:
            found = self._can[key] = self._evaluate(role, action)
        return found

    def can_any(self, role: int, actions: Iterable[Action]) -> Grants:
        """The strongest answer over several actions."""
        answers = {self.can(role, action) for action in actions}
        return next((answer for answer in _STRENGTH if answer in answers), "no")

    def granting(self, scope: int, actions: tuple[Action, ...]) -> list[Grant]:
        """The assignments at a scope whose role gives any of the actions; asked once, shared by all resources below."""
        key = (scope, actions[0].name)
        found = self._granting.get(key)
        if found is None:
            found = [g for g in self.grants.get(scope, ()) if self.can_any(g.role, actions) in ("yes", "conditional")]
            self._granting[key] = found
        return found

    def _evaluate(self, role: int, action: Action) -> Grants:
        blocks = self.estate.get(role, "permissions")
        if blocks is UNSET:
            return "unread"
        granting = [block for block in blocks if block_allows(block, action.name, action.data)]
        if any(block.condition is None for block in granting):
            return "yes"
        return "conditional" if granting else "no"

    def conditions(self, role: int, action: Action) -> list[str]:
        """The conditions of the blocks that grant an action."""
        blocks: Sequence[PermissionBlock] = self.estate.get(role, "permissions") or ()
        return [b.condition for b in blocks if b.condition is not None and block_allows(b, action.name, action.data)]

    # -- where ----------------------------------------------------------------------------------------------------

    def chain(self, node: int) -> tuple[int, ...]:
        """The scopes that hold for a node: itself, then all above it up to the tenant root."""
        found = self._chains.get(node)
        if found is None:
            above = self.above(node)
            found = (node, *self.chain(above)) if above is not None else (node,)
            self._chains[node] = found
        return found

    def above(self, node: int) -> int | None:
        """The scope directly above: as the hierarchy says, else as the id says, else the tenant."""
        estate = self.estate
        container = estate.first(node, "contained-in")
        if container is not None and container != node:
            return container
        key = ids.parent(estate.key(node))
        while key is not None:
            found = estate.node(key)
            if found is not None and found != node:
                return found
            key = ids.parent(key)
        root = estate.node(ids.ROOT_SCOPE)
        return root if root != node else None

    def gaps(self, node: int, kinds: Sequence[str]) -> list[int]:
        """Indices of gaps of these record kinds at a scope of the node's chain."""
        estate = self.estate
        if not self._gapped:
            return []
        return [
            gap for scope in self.chain(node) for gap in (*estate.gaps_at(scope, "scope-of"), *estate.gaps_at(scope, "contained-in"))
            if estate.gaps[gap].kind in kinds
        ]  # fmt: skip

    def _index(self) -> None:
        estate = self.estate
        principals = {grant: principal for principal, grant in estate.pairs("granted")}
        roles = dict(estate.pairs("of-role"))
        for source, scope in estate.pairs("at-scope"):
            if estate.kind(source) == "deny-assignment":
                self.denies[scope].append(source)
                continue
            mark = estate.get(source, "mark")
            self.grants[scope].append(
                Grant(
                    source,
                    principals[source],
                    roles[source],
                    scope,
                    mark if isinstance(mark, str) else None,
                    estate.get(source, "condition"),
                )
            )
            if estate.kind(scope) == "missing":
                holder = self.above(scope)
                if holder is not None and estate.kind(holder) not in (
                    "resource-group",
                    "subscription",
                    "management-group",
                    "tenant",
                ):
                    self.children[holder].append(scope)

    # -- denied ---------------------------------------------------------------------------------------------------

    def denied(self, node: int, action: Action) -> tuple[BitMap, BitMap]:
        """Identities that deny assignments keep from an action at a node: for certain, and only under a condition."""
        certain, perhaps = BitMap(), BitMap()
        for scope in self.chain(node):
            for deny in self.denies.get(scope, ()):
                if scope != node and self.estate.get(deny, "children") is False:
                    continue
                for block in self.estate.get(deny, "permissions") or ():
                    if block_allows(block, action.name, action.data):
                        who = self._deny_principals(deny)
                        if block.condition is None:
                            certain |= who
                        else:
                            perhaps |= who
        return certain, perhaps - certain

    def _deny_principals(self, deny: int) -> BitMap:
        estate = self.estate
        included = estate.get(deny, "principals") or frozenset()
        who = BitMap(estate.nodes("identity")) if "*" in included else self._all_members(included)
        return who - self._all_members(estate.get(deny, "exclude-principals") or frozenset())

    def _all_members(self, keys: Iterable[str]) -> BitMap:
        nodes = [node for key in keys if (node := self.estate.node(key)) is not None]
        return BitMap().union(*(self.members(node) for node in nodes)) if nodes else BitMap()


def _closure(estate: Estate) -> dict[int, BitMap]:
    """Everybody in each group. Groups that contain each other end with the same members."""
    members: dict[int, BitMap] = {}
    holders: defaultdict[int, list[int]] = defaultdict(list)  # group -> groups it is in
    for group in estate.nodes("group"):
        direct = BitMap()
        for member in estate.neighbours(group, "has-member"):
            if estate.kind(member) == "group":
                holders[member].append(group)
            else:
                direct.add(member)
        members[group] = direct
    waiting = [group for group in members if holders[group] and members[group]]
    while waiting:
        group = waiting.pop()
        for holder in holders[group]:
            before = len(members[holder])
            members[holder] |= members[group]
            if len(members[holder]) != before and holders[holder]:
                waiting.append(holder)
    return members
