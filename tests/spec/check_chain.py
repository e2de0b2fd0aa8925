"""Holds a printed chain against an estate, step by step, without anything of the engine: each step, taken alone, is true.

What a right is comes from the specification's own table; the estate is asked for nothing but its edges and attributes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from scanner.findings import Step
from scanner.graph.estate import UNSET, Estate
from tests.spec import reach
from tests.spec.access import GRANTING, covers

_STORED = ("datastore", "connection")
_KEYS_OF = {
    "storage-account": "shared-key-access",
    "search-service": "local-auth",
    "cosmos-account": "local-auth",
    "model-account": "local-auth",
}
# What an assignment may be good for, by way: the actions of which its role must give one.
_DATA = [(a, True) for actions in reach.DATA.values() for a in actions]
_CONTROL: dict[str, tuple[str, ...]] = {
    "account-key": tuple(a for keys in (*reach.STORE_KEYS.values(), *reach.READ_KEYS.values()) for a in keys),
    "workspace-keys": reach.WORKSPACE_KEYS,
    "stored-credential": (*reach.DATASTORE_SECRETS, *reach.CONNECTION_SECRETS),
    "run-as-compute": reach.RUN_JOBS, "run-as-endpoint": reach.DEPLOY, "attach-identity": reach.ATTACH, "workspace-identity": reach.PREVIEW,
    "federate": reach.FEDERATE, "act-on-host": tuple(a for actions in reach.HOSTS.values() for a in actions),
    "grant-self": (*GRANTING, *reach.DEFINE_ROLES, *reach.ASSIGN_POLICIES),
    "vault": reach.VAULT_POLICIES, "copy-out": (*reach.REPLICATE, *reach.LOCAL_USERS, *reach.NEW_PASSWORDS, *reach.PUBLISH),
}  # fmt: skip


class ChainError(AssertionError):
    """A step that the estate does not bear out."""


def check(estate: Estate, start: str, steps: Iterable[Step], store: str) -> None:
    """Raises ChainError at the first step that is not true of the estate."""
    _Walk(estate, start, store).take(list(steps))


def ways_of(estate: Estate, role: str) -> set[str]:
    """The ways for which a role gives at least one action of the specification's table."""
    found = {way for way, actions in _CONTROL.items() if any(_gives(estate, role, a, False) for a in actions)}
    if any(_gives(estate, role, a, True) for a, _ in _DATA):
        found.add("data-role")
    if any(_gives(estate, role, a, True) for actions in reach.HOST_DATA.values() for a in actions):
        found.add("act-on-host")
    if any(_gives(estate, role, a, True) for a in reach.VAULT_SECRETS):
        found.add("vault")
    return found


class _Walk:
    """Where a chain has come to: who one is, by which assignment one goes on, and on what that right is used."""

    def __init__(self, estate: Estate, start: str, store: str) -> None:
        self.estate = estate
        self.here = start
        self.store = store
        self.role: str | None = None
        self.place: str | None = None
        self.keeper: str | None = None
        self.standing = False  # a step that needs no assignment was taken: an ownership, a trust, an access policy

    def take(self, steps: list[Step]) -> None:
        taken: dict[str, Callable[[str], None]] = {
            "member-of": lambda to: self._over("member-of", to), "eligible-member-of": lambda to: self._over("eligible-member-of", to),
            "may-join": lambda to: self._over("may-join", to), "granted": self._granted, "acts-on": self._acts_on, "runs-as": self._runs_as,
            "owns": self._owns, "trusted-by": self._trusted_by, "assigned-to": self._assigned_to, "takes-keys-of": self._takes_keys_of,
            "holds-directory-role": lambda to: self._holds("holds-directory-role", to),
            "holds-directory-role-in-part": lambda to: self._holds("holds-directory-role-in-part", to),
            "eligible-for-directory-role": lambda to: self._holds("eligible-for-directory-role", to), "reaches": self._reaches,
        }  # fmt: skip
        self._true(bool(steps) and steps[-1].edge == "reaches", "a chain ends in its data")
        for number, step in enumerate(steps):
            self._true(step.edge in taken, f"`{step.edge}` is no step")
            self._true((step.edge == "reaches") == (number == len(steps) - 1), "a chain reaches once, at its end")
            taken[step.edge](step.node.key)

    # -- groups and assignments -------------------------------------------------------------------------------------------

    def _over(self, edge: str, group: str) -> None:
        self._edge(self.here, edge, group)
        self.here = group

    def _granted(self, role: str) -> None:
        self._true(any(self._role_of(grant) == role for grant in self._grants()), f"{self.here} is not granted {role}")
        self.role = role

    def _held_at(self, place: str, ways: Iterable[str]) -> None:
        """Some assignment of that role, at the place or above it, gives a right of one of the ways."""
        scopes = set(self._above(place)) | {s for s in map(self._scope_of, self._grants()) if s.startswith(f"{place}/")}
        held = [g for g in self._grants() if self._role_of(g) == self.role and self._scope_of(g) in scopes]
        self._true(bool(held), f"no assignment of {self.role} to {self.here} holds at {place}")
        self._true(bool(ways_of(self.estate, self.role or "") & set(ways)), f"{self.role} gives none of {sorted(ways)}")

    # -- hosts and identities ---------------------------------------------------------------------------------------------

    def _acts_on(self, place: str) -> None:
        self.place = place

    def _runs_as(self, identity: str) -> None:
        if self.standing and self.place is None:
            self._true(self.here == identity, f"one step leads to {self.here}, the next says {identity}")
        elif self.keeper is not None:
            self._edge(self.keeper, "signs-in-as", identity)
        else:
            self._true(self.place is not None, "nothing says where it runs")
            self._hosted(self.place or "", identity)
        self.here, self.role, self.place, self.keeper, self.standing = identity, None, None, None, False

    def _hosted(self, place: str, identity: str) -> None:
        """The place, or a compute in the workspace, has the identity; a policy's identity is used where it is assigned."""
        estate = self.estate
        hosts = [estate.key(h) for h in estate.neighbours(self._node(identity), "identity-of")]
        own = estate.get(self._node(identity), "host")
        if isinstance(own, str):
            hosts.append(own)
        hosts += sorted(estate.get(self._node(identity), "policies") or ())
        policy = [h for h in hosts if "/policyassignments/" in h and h.rpartition("/providers/")[0] == place]
        attached = place in hosts or bool(policy)
        self._true(attached, f"{identity} is not attached to {place}")
        if self.standing:
            return
        if policy:
            self._held_at(place, ["grant-self"])
            return
        sort = reach.arm_type(place)
        right, way = place, "act-on-host"
        if sort == f"{reach.ML}/computes":
            right, way = place.rpartition("/computes/")[0], "run-as-compute"
        elif sort == f"{reach.ML}/onlineendpoints":
            way = "run-as-endpoint"
        elif sort == reach.IDENTITY:
            self._held_at(right, ["attach-identity", "federate", "grant-self"])
            return
        self._held_at(right, [way, "grant-self"])

    def _owns(self, workload: str) -> None:
        self._edge(self.here, "owns", workload)
        self.here, self.standing = workload, True

    def _trusted_by(self, identity: str) -> None:
        self._edge(identity, "trusts", self.here)
        self.here, self.standing = identity, True

    def _assigned_to(self, compute: str) -> None:
        self._edge(compute, "assigned-to", self.here)
        self.place, self.standing = compute, True

    def _holds(self, edge: str, role: str) -> None:
        self._edge(self.here, edge, role)
        self.standing = True

    # -- keys and data ----------------------------------------------------------------------------------------------------

    def _takes_keys_of(self, keeper: str) -> None:
        estate = self.estate
        if estate.kind(self._node(keeper)) == "workspace":  # its own account's
            self._edge(keeper, "default-store", self.store)
            self._held_at(keeper, ["workspace-keys"])
            self.standing = True
            return
        self._true(estate.kind(self._node(keeper)) in _STORED, f"{keeper} keeps nothing")
        edge = "datastore-of" if estate.kind(self._node(keeper)) == "datastore" else "connection-of"
        workspace = estate.key(self._first(keeper, edge))
        place = self.place or ""
        if estate.kind(self._node(place)) == "key-vault":
            self._edge(workspace, "depends-on", place)
            if self.role is None:
                self._edge(self.here, "reads-secrets-of", place)
            else:
                self._held_at(place, ["vault", "grant-self"])
        else:
            self._true(place == workspace, f"{keeper} is not kept in {place}")
            self._held_at(place, ["stored-credential", "run-as-compute", "grant-self"])
        self.keeper = keeper

    def _reaches(self, store: str) -> None:
        self._true(store == self.store, f"it ends in {store}, not {self.store}")
        if self.keeper is not None:
            self._opened_by(self.keeper, store)
        elif self.standing:
            return
        elif self.place is not None:  # a workspace whose identity reads for whoever previews, or that hands out keys
            self._held_at(self.place, ["workspace-identity", "grant-self"])
        elif self.role is not None:
            self._held_at(store, ["data-role", "account-key", "grant-self", "copy-out"])
        else:
            self._without_identity(store)

    def _opened_by(self, keeper: str, store: str) -> None:
        estate, node = self.estate, self._node(keeper)
        leads = "stored-in" if estate.kind(node) == "datastore" else "connects-to"
        self._edge(keeper, leads, store)
        kept = (
            estate.get(node, "credential") in ("account-key", "sas")
            if leads == "stored-in"
            else estate.get(node, "stores-secret") is True
        )
        self._true(kept, f"{keeper} keeps no key")
        attribute = _KEYS_OF.get(estate.kind(self._node(store)), "")
        self._true(not attribute or estate.get(self._node(store), attribute) is not False, f"{store} refuses keys")

    def _without_identity(self, store: str) -> None:
        node = self._node(store)
        public = self.estate.get(node, "anonymous-containers") and self.estate.get(node, "public-blobs") is not False
        users = self.estate.get(node, "sftp") is True and self.estate.get(node, "local-users")
        self._true(self.here == store and bool(public or users), f"nothing leads from {self.here} into {store}")

    # -- the estate -------------------------------------------------------------------------------------------------------

    def _grants(self) -> list[int]:
        return list(self.estate.neighbours(self._node(self.here), "granted"))

    def _role_of(self, grant: int) -> str:
        return self.estate.key(self._only(grant, "of-role"))

    def _scope_of(self, grant: int) -> str:
        return self.estate.key(self._only(grant, "at-scope"))

    def _above(self, place: str) -> Iterable[str]:
        """The place and everything above, by the hierarchy as far as it goes and by the id from there."""
        node: int | None = self._node(place)
        while node is not None:
            yield self.estate.key(node)
            above = self.estate.first(node, "contained-in")
            if above is None and "/" in self.estate.key(node).strip("/"):
                parts = self.estate.key(node).rpartition("/providers/")[0]
                above = self.estate.node(parts) if parts else None
            node = above
        yield "/"

    def _edge(self, source: str, edge: str, target: str) -> None:
        found = self._node(target) in self.estate.neighbours(self._node(source), edge)
        self._true(found, f"no {edge} from {source} to {target}")

    def _first(self, key: str, edge: str) -> int:
        return self._only(self._node(key), edge)

    def _only(self, node: int, edge: str) -> int:
        found = self.estate.first(node, edge)
        self._true(found is not None, f"no {edge} at {self.estate.key(node)}")
        return found if found is not None else node

    def _node(self, key: str) -> int:
        found = self.estate.node(key)
        self._true(found is not None, f"there is no {key}")
        return found if found is not None else -1

    def _true(self, holds: bool, else_: str) -> None:
        if not holds:
            raise ChainError(else_)


def _gives(estate: Estate, role: str, action: str, data: bool) -> bool:
    node = estate.node(role)
    blocks = estate.get(node, "permissions") if node is not None else ()
    for block in blocks if blocks is not UNSET else ():
        granted, taken = (block.data_actions, block.not_data_actions) if data else (block.actions, block.not_actions)
        if any(covers(p, action) for p in granted) and not any(covers(p, action) for p in taken):
            return True
    return False
