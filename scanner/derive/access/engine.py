"""Access as sets: members of groups, roles evaluated once, assignments by scope; never a pair of person and resource.

Everybody in a group, at any depth, is one bitmap, made once. A role is asked once for each action. Who holds a right at a
place is the list of assignments at the short chain of scopes above it, each list made once and shared by all below.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from pyroaring import BitMap

from scanner import ids
from scanner.derive.access import denials
from scanner.derive.access.actions import ASSIGN, DEFINE_ROLES, REQUEST_ROLES, STORES, Action, Right
from scanner.derive.access.closure import united
from scanner.derive.access.conditions import binds
from scanner.derive.access.held import NOBODY, Grant, Held
from scanner.derive.access.membership import Membership, members_of_groups, membership
from scanner.graph.estate import UNSET, Estate
from scanner.graph.permissions import block_allows

Grants = Literal["yes", "conditional", "no", "unread"]
_STRENGTH: tuple[Grants, ...] = ("no", "unread", "conditional", "yes")
RIGHTS = (
    "role-assignment",
    "role-eligibility",
    "role-definition",
    "management-group",
    "delegation",
    "classic-administrator",
)  # lists that could hold a grant nobody saw
CONTAINERS = ("resource-group", "subscription", "management-group", "tenant")


def strongest(answers: Iterable[Grants]) -> Grants:
    """Of several answers the one that gives most."""
    return max(answers, key=_STRENGTH.index, default="no")


@dataclass(slots=True)
class _Kept:
    """Answers by place and what was asked."""

    above: dict[tuple[int, frozenset[int] | None], tuple[BitMap, BitMap]] = field(default_factory=dict)
    at: dict[tuple[int, Right], tuple[Held, ...]] = field(default_factory=dict)
    inherits: dict[tuple[int, Right], tuple[Held, ...]] = field(default_factory=dict)
    held: dict[tuple[int, Right], tuple[Held, ...]] = field(default_factory=dict)
    holders: dict[tuple[int, Right], tuple[BitMap, BitMap]] = field(default_factory=dict)


class Engine:
    """The sets of one estate, made when first asked for and kept. Do not change the bitmaps it gives out.

    Made from another engine it is that estate as it would be if everybody had added themselves to the groups they may
    join: what does not hang on that, the two share.
    """

    def __init__(self, estate: Estate, plain: Engine | None = None) -> None:
        self.estate = estate
        self.joining = plain is not None
        self._plain = plain
        self._members = members_of_groups(estate, joining=self.joining)
        self._standing: dict[int, BitMap] | None = None
        # stand-ins for the members of groups nobody could look into
        self.unseen = BitMap(node for node in estate.nodes("user") if estate.key(node).startswith("unread:"))
        self._inner: dict[int, tuple[int, ...]] = {}
        self._ways: dict[tuple[int, int, bool], Membership] = {}
        self._can: dict[tuple[int, str, bool], Grants] = {}
        self._gives: defaultdict[Right, dict[int, Grants]] = defaultdict(dict)  # by role
        self._lasting = _Kept()
        self._latest = (-1, self._lasting)  # a store, and what was said of it
        self.denied: dict[tuple[int, Action, bool], tuple[BitMap, BitMap]] = {}  # filled by `denials`
        self._gapped = bool(estate.gap_names & {"scope-of", "contained-in"})
        # the sets asked about are kept beside the answer: their ids are the key
        self._both: dict[tuple[int, int, int], tuple[tuple[tuple[BitMap, bool], ...], object]] = {}
        self._chains: dict[int, tuple[int, ...]] = {}
        self.grants: dict[int, list[Grant]] = defaultdict(list)  # by scope node
        self.children: dict[int, list[int]] = defaultdict(list)  # resource -> scopes in it that only assignments name
        self._of_own_roles: dict[int, list[Grant]] = defaultdict(list)
        self._approved_first: dict[int, list[Grant]] = defaultdict(list)
        self.unread: dict[int, list[Grant]] = defaultdict(list)  # by scope node: of roles nobody could read
        self.denies: dict[int, list[int]] = defaultdict(list)  # by scope node
        self._index() if plain is None else self._share(plain)

    # -- who ------------------------------------------------------------------------------------------------------

    def members(self, principal: int) -> BitMap:
        """The identities a principal stands for: everybody in a group at any depth, now or once they activate
        membership; or the identity itself.
        """
        found = self._members.get(principal)
        if found is None:
            alone = BitMap([principal]) if self._plain is None else self._plain.members(principal)
            found = self._members[principal] = alone
        return found

    def standing_members(self, principal: int) -> BitMap:
        """The identities a principal stands for without anybody activating a membership first."""
        if self._standing is None:
            self._standing = members_of_groups(self.estate, standing=True, joining=self.joining)
        found = self._standing.get(principal)
        return found if found is not None else BitMap([principal])

    def membership(self, member: int, group: int, joining: bool) -> Membership:
        """The shortest way from a member to a group (see `membership`); asked again for every store a group opens."""
        key = (member, group, joining)
        found = self._ways.get(key)
        if found is None:
            found = self._ways[key] = membership(self.estate, member, group, joining)
        return found

    def inner_groups(self, principal: int) -> tuple[int, ...]:
        """The principal and, when it is a group, all groups nested in it."""
        found = self._inner.get(principal)
        if found is None:
            estate = self.estate
            seen = {principal: None}
            order = [principal]
            for place in order:
                for edge in ("has-member", "has-eligible-member"):
                    for member in estate.neighbours(place, edge):
                        if member not in seen and estate.kind(member) == "group":
                            seen[member] = None
                            order.append(member)
            found = self._inner[principal] = tuple(order)
        return found

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
        return strongest({self.can(role, action) for action in actions})

    def gives(self, role: int, right: Right) -> Grants:
        """Whether a role gives a right: the strongest answer over its actions, evaluated once."""
        answers = self._gives[right]
        found = answers.get(role)
        if found is None:
            found = answers[role] = self.can_any(role, right.actions)
        return found

    def _evaluate(self, role: int, action: Action) -> Grants:
        blocks = self.estate.get(role, "permissions")
        if blocks is UNSET:
            return "unread"
        granting = [block for block in blocks if block_allows(block, action.name, action.data)]
        if any(not binds(block.condition, action) for block in granting):
            return "yes"
        return "conditional" if granting else "no"

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
        found = self.nearest(key) if key is not None else None
        if found is not None and found != node:
            return found
        root = estate.node(ids.ROOT_SCOPE)
        return root if root != node else None

    def nearest(self, key: str | None) -> int | None:
        """The node of an id, or of the nearest id above it that the estate has."""
        while key is not None:
            found = self.estate.node(key)
            if found is not None:
                return found
            key = ids.parent(key)
        return None

    def kind_at(self, scope: int) -> str:
        """The kind of a scope; of one that nobody could read, by its id."""
        kind = self.estate.kind(scope)
        type_ = ids.resource_type(self.estate.key(scope)) if kind == "missing" else ""
        kinds = self.estate.ontology.kinds
        return next((name for name in (*CONTAINERS, "workspace") if type_ and kinds[name].arm_type == type_), kind)

    def gaps(self, node: int, kinds: Sequence[str]) -> list[int]:
        """Indices of gaps of these record kinds at a scope of the node's chain."""
        estate = self.estate
        if not self._gapped:
            return []
        return [
            gap for scope in self.chain(node) for gap in (*estate.gaps_at(scope, "scope-of"), *estate.gaps_at(scope, "contained-in"))
            if estate.gaps[gap].kind in kinds
        ]  # fmt: skip

    # -- who holds a right where ----------------------------------------------------------------------------------

    def held(self, place: int, right: Right) -> tuple[Held, ...]:
        """Who holds a right at a place, assignment by assignment, denials taken off. Places that nothing tells apart
        share one tuple.
        """
        if not self.restricted:
            return self._inherited(place, right)
        kept, key = self._kept(place).held, (place, right)
        found = kept.get(key)
        if found is None:
            found = kept[key] = denials.take_off(self, place, right, self._inherited(place, right))
        return found

    def _kept(self, place: int) -> _Kept:
        """Where answers about a place are kept. Stores are many and asked one after another: the next one's take the place."""
        if self.estate.kind(place) not in STORES:
            return self._lasting
        if self._latest[0] != place:
            self._latest = (place, _Kept())
        return self._latest[1]

    def at(self, scope: int, right: Right) -> tuple[Held, ...]:
        """What the assignments made exactly at a scope give, whatever is denied."""
        if scope not in self.grants:
            return ()
        kept, key = self._kept(scope).at, (scope, right)
        found = kept.get(key)
        if found is None:
            if self._plain is not None and not self._joined(scope):
                found = self._plain.at(scope, right)
            else:
                found = tuple(self._given(scope, right))
            kept[key] = found
        return found

    def at_free(self, scope: int, right: Right, *, below: bool = False) -> tuple[Held, ...]:
        """What the assignments made exactly at a scope give there, or for things `below` it, denials taken off."""
        base = self.at(scope, right)
        return denials.take_off(self, scope, right, base, below) if self.restricted else base

    def inside(self, resource: int, right: Right) -> tuple[Held, ...]:
        """What assignments to a part of a resource (a container) give there."""
        parts = self.children.get(resource)
        if not parts:
            return ()
        return tuple(held for part in parts for held in self.at_free(part, right))

    @property
    def restricted(self) -> bool:
        """Whether anything takes rights away or leaves them in doubt: then no scope only adds to what is above it."""
        return bool(self.denies) or self._gapped

    def holders(self, place: int, right: Right) -> tuple[BitMap, BitMap]:
        """Everybody who holds a right at a place: for certain, and at best. Scopes that add nothing share their sets."""
        kept = self._kept(place).holders
        found = kept.get((place, right))
        if found is None:
            above = None if self.restricted else self.above(place)
            held = self.held(place, right) if above is None else self.at(place, right)
            inherited = (NOBODY, NOBODY) if above is None else self.holders(above, right)
            if held:
                sure = [h.who for h in held if h.certain]
                certain = united([inherited[0], *sure]) if sure else inherited[0]
                unsure = len(sure) < len(held) or inherited[0] is not inherited[1]
                found = (certain, united([inherited[1], *(h.who for h in held)]) if unsure else certain)
            else:
                found = inherited
            kept[place, right] = found
        return found

    def both(self, held: Held, certain: BitMap, perhaps: BitMap) -> tuple[tuple[BitMap, bool], ...]:
        """Those who hold a right and are in another set too: for certain, and only perhaps. Equal questions share their
        answers, so that what is alike stays one set.
        """
        key = (id(held), id(certain), id(perhaps))
        found = self._both.get(key)
        if found is None:
            sure = held.who & certain
            parts = ((sure, True), ((held.who & perhaps) - sure, False))
            found = self._both[key] = (tuple((who, known) for who, known in parts if who), (held, certain, perhaps))
        return found[0]

    def custom(self, place: int) -> tuple[BitMap, BitMap]:
        """Who holds a role of the tenant's own at a place: for certain, and at best."""
        return self._picked(place, None)

    def behind_approval(self, place: int, opens: Callable[[int], Grants]) -> BitMap:
        """Who is eligible at a place for a role that opens something and takes somebody else's approval to activate."""
        return self._picked(place, frozenset(role for role in self._roles_approved_first if opens(role) != "no"))[1]

    @cached_property
    def _roles_approved_first(self) -> frozenset[int]:
        return frozenset(grant.role for grants in self._approved_first.values() for grant in grants)

    def _picked(self, place: int, roles: frozenset[int] | None) -> tuple[BitMap, BitMap]:
        """Who is eligible for one of some roles that take an approval first; for none, who holds one of the tenant's own."""
        kept = self._kept(place).above
        found = kept.get((place, roles))
        if found is None:
            above = self.above(place)
            sure, possible = self._picked(above, roles) if above is not None else (NOBODY, NOBODY)
            picked = self._of_own_roles if roles is None else self._approved_first
            for grant in picked.get(place, ()):
                if roles is not None and grant.role not in roles:
                    continue
                who = self.members(grant.principal)
                possible = possible | who
                sure = sure if binds(grant.condition, DEFINE_ROLES.actions[0]) else sure | who
            found = kept[place, roles] = (sure, possible)
        return found

    def _inherited(self, place: int, right: Right) -> tuple[Held, ...]:
        kept, key = self._kept(place).inherits, (place, right)
        found = kept.get(key)
        if found is None:
            chain = self.chain(place)
            rest = self._inherited(chain[1], right) if len(chain) > 1 else ()
            own = self.at(place, right)
            found = kept[key] = (*own, *rest) if own else rest
        return found

    def _given(self, scope: int, right: Right) -> Iterable[Held]:
        answers = self._gives[right]
        for grant in self.grants.get(scope, ()):
            answer = answers.get(grant.role) or self.gives(grant.role, right)
            if answer in ("yes", "conditional"):
                who = self.members(grant.principal)
                if who or self.joining:  # owners of an empty group may be unknown
                    yield Held(grant, who, answer == "yes" and (not grant.condition or self._freely(grant, right)))

    def _freely(self, grant: Grant, right: Right) -> bool:
        """Whether an assignment under a condition gives some action of a right that the condition says nothing of."""
        return any(not binds(grant.condition, a) and self.can(grant.role, a) == "yes" for a in right.actions)

    def freely(self, grant: Grant, right: Right) -> bool:
        """Whether an assignment gives a right under no condition at all."""
        return not grant.condition and self.gives(grant.role, right) == "yes"

    @cached_property
    def asks_apart(self) -> bool:
        """Whether anybody may have PIM assign roles who may not assign them all the same and unconditioned."""
        roles = {role for role in self.estate.nodes("role") if self.gives(role, REQUEST_ROLES) != "no"}
        return bool(self.denies) or any(
            grant.role in roles and not self.freely(grant, ASSIGN) for found in self.grants.values() for grant in found
        )

    def _joined(self, scope: int) -> bool:
        """Whether joining groups changes what the assignments made at a scope give."""
        plain = self._plain
        return plain is not None and any(
            self.members(grant.principal) is not plain.members(grant.principal) for grant in self.grants[scope]
        )

    def _share(self, plain: Engine) -> None:
        """Takes over from another engine of the same estate what does not depend on who is in which group."""
        self._inner, self._can, self._gives, self._chains = plain._inner, plain._can, plain._gives, plain._chains
        self.grants, self.children, self.unread, self.denies = plain.grants, plain.children, plain.unread, plain.denies
        self._of_own_roles, self._approved_first = plain._of_own_roles, plain._approved_first
        for group, members in self._members.items():
            if members == plain.members(group) and members:
                self._members[group] = plain.members(group)  # one object says that joining changes nothing

    def _index(self) -> None:
        estate = self.estate
        principals = {grant: principal for principal, grant in estate.pairs("granted")}
        roles = dict(estate.pairs("of-role"))
        unread = {role for role in estate.nodes("role") if estate.get(role, "permissions") is UNSET}
        custom = {role for role in estate.nodes("role") if estate.get(role, "custom") is True}
        for source, scope in estate.pairs("at-scope"):
            if estate.kind(source) == "deny-assignment":
                self.denies[scope].append(source)
                continue
            mark = estate.get(source, "mark")
            condition = estate.get(source, "condition")
            role = roles[source]
            grant = Grant(source, principals[source], role, scope, mark if isinstance(mark, str) else None, condition)
            self.grants[scope].append(grant)
            if role in unread or estate.kind(role) != "role":
                self.unread[scope].append(grant)
            if role in custom:
                self._of_own_roles[scope].append(grant)
            if mark == "eligible" and estate.get(source, "activation-approval") is True:
                self._approved_first[scope].append(grant)
            if estate.kind(scope) == "missing":
                holder = self.above(scope)
                if holder is not None and estate.kind(holder) not in CONTAINERS and scope not in self.children[holder]:
                    self.children[holder].append(scope)
