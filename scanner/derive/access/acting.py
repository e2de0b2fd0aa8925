"""Who can act as whom: managed identities through their hosts, workloads through owners, stored credentials and trusts."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from msgspec import structs
from pyroaring import BitMap

from scanner import ids
from scanner.derive.access import actions, direct, granting, tenantwide
from scanner.derive.access.actions import Right, host_right
from scanner.derive.access.closure import closure, united
from scanner.derive.access.credentials import Credential, Credentials
from scanner.derive.access.engine import CONTAINERS, Engine
from scanner.derive.access.entries import Entry, by_right, by_standing
from scanner.derive.access.held import NOBODY, Held
from scanner.derive.access.joining import Beyond

_ML = "microsoft.machinelearningservices/workspaces"
_IDENTITY = "microsoft.managedidentity/userassignedidentities"
_POLICY = "microsoft.authorization/policyassignments"
_Place = tuple[int, Right, str, int]  # where, what, the way it is, and the host it is about


class Acting:
    """For each identity the entries by which others become it, and everybody behind those in turn; made when asked for."""

    def __init__(self, engine: Engine, credentials: Credentials) -> None:
        self.engine = engine
        self.estate = engine.estate
        self.credentials = credentials
        self.actable = BitMap((*self.estate.nodes("managed-identity"), *self.estate.nodes("service-principal")))
        self._entries: dict[int, tuple[Entry, ...]] = {}
        self._behind: dict[bool, dict[int, BitMap]] = {}
        self._before: dict[tuple[int, bool], BitMap] = {}
        self._givers = granting.Givers(engine)
        self._creators: tuple[BitMap, BitMap] | None = None
        self._steps: dict[int, tuple[Entry, ...]] = {}
        # stores are asked one after another, each by many openings
        self._latest: tuple[tuple[int, str], list[Entry]] = ((-1, ""), [])
        self._beyond = Beyond()

    @cached_property
    def wide(self) -> Acting:
        """The same if everybody had added themselves to the groups they may join; this very one where nobody may."""
        estate = self.estate
        if not estate.edge_count("may-join") and "may-be-joined-by" not in estate.gap_names:
            return self
        return Acting(Engine(estate, self.engine), self.credentials)

    def into(self, store: int, access: str) -> list[Entry]:
        """Every entry straight into a store, or into all data of the tenant; those of joiners last."""
        if self._latest[0] != (store, access):
            found = list(self._into(store, access))
            if self.wide is not self:
                found = [*found, *self._beyond.of(self.wide._into(store, access), found)]
            self._latest = (store, access), found
        return self._latest[1]

    def _into(self, store: int, access: str) -> Iterator[Entry]:
        if self.estate.kind(store) == "tenant":
            return tenantwide.entries(self.engine)
        return direct.into(self.engine, self.credentials, store, access)

    def steps(self, identity: int) -> tuple[Entry, ...]:
        """Every step by which somebody becomes an identity; those of joiners last."""
        if self.wide is self:
            return self.entries(identity)
        found = self._steps.get(identity)
        if found is None:
            plain = self.entries(identity)
            found = self._steps[identity] = (*plain, *self._beyond.of(self.wide.entries(identity), plain))
        return found

    def entries(self, identity: int) -> tuple[Entry, ...]:
        """Every step by which somebody becomes an identity, in a stable order."""
        found = self._entries.get(identity)
        if found is None:
            found = self._entries[identity] = tuple(self._make(identity))
        return found

    def behind(self, identity: int, certain: bool) -> BitMap:
        """The identities from which one may become this one, step by step, itself included; people are not among them."""
        found = self._behind.get(certain)
        if found is None:
            own = {node: BitMap([node]) for node in self.actable}
            found = self._behind[certain] = closure(own, lambda node: self.before(node, certain))
        return found[identity]

    def before(self, identity: int, certain: bool) -> BitMap:
        """The identities from which one may become this one in one step: for certain, or at best."""
        found = self._before.get((identity, certain))
        if found is None:
            found = self._before[identity, certain] = self._actors(identity)[0 if certain else 1] & self.actable
        return found

    # -- the steps ------------------------------------------------------------------------------------------------

    def _make(self, identity: int) -> Iterator[Entry]:
        engine = self.engine
        for place, right, way, host in self.places(identity):
            if right is actions.ATTACH:
                yield from self._attach(identity, place)
                continue
            for held in engine.held(place, right):
                yield by_right(engine, held, way, host, acts_as=identity)
        yield from self._granting(identity)
        yield from self._standing(identity)
        for credential in self.credentials.signing_in.get(identity, ()):
            yield from direct.uses_of(engine, credential, acts_as=identity)

    def places(self, identity: int) -> Iterator[_Place]:
        """Where rights let one become a managed identity: its hosts, its own resource, the policy it serves."""
        estate = self.estate
        if estate.kind(identity) != "managed-identity":
            return
        seen = set()
        for host in estate.neighbours(identity, "identity-of"):
            if host not in seen:
                seen.add(host)
                yield from self._host(estate.key(host), host)
        key = estate.get(identity, "host")
        if isinstance(key, str) and estate.node(key) not in seen:
            yield from self._host(key, estate.node(key))
        for policy in sorted(estate.get(identity, "policies") or ()):
            yield from self._host(policy, None)

    def _host(self, key: str, host: int | None) -> Iterator[_Place]:
        """The rights that matter at one host, also at one that no list showed: its id says what and where it is."""
        engine, estate = self.engine, self.estate
        arm_type = ids.resource_type(key)
        place = host if host is not None else engine.nearest(key)
        if place is None:
            return
        shown = host if host is not None else place
        if arm_type == f"{_ML}/computes":
            workspace = engine.nearest(ids.parent(key))
            if host is not None and estate.get(host, "compute-type") == "compute-instance":
                return  # an instance is one person's: see `_standing`
            if workspace is not None:
                yield workspace, actions.RUN_JOBS, "run-as-compute", shown
            for cluster in estate.neighbours(host, "attached-to") if host is not None else ():
                yield cluster, self._on_host(cluster, ids.resource_type(estate.key(cluster))), "act-on-host", cluster
                if workspace is not None:
                    yield workspace, actions.COMPUTE_KEYS, "act-on-host", cluster
        elif arm_type == f"{_ML}/onlineendpoints":
            yield place, actions.DEPLOY, "run-as-endpoint", shown
        elif arm_type == _IDENTITY:
            yield place, actions.ATTACH, "attach-identity", shown
            yield place, actions.FEDERATE, "federate", shown
        elif arm_type == _POLICY:
            scope = engine.nearest(key.rpartition("/providers/")[0] or ids.ROOT_SCOPE)
            if scope is not None:
                yield scope, actions.ASSIGN_POLICIES, "grant-self", scope
        elif not arm_type.startswith("microsoft.machinelearningservices/"):
            # workspaces, registries and batch endpoints run nobody's code as themselves
            yield place, self._on_host(host, arm_type), "act-on-host", shown
            for compute in estate.neighbours(host, "attached-as") if host is not None else ():
                workspace = engine.nearest(ids.parent(estate.key(compute)))
                if workspace is not None:
                    yield workspace, actions.COMPUTE_KEYS, "act-on-host", shown

    def _on_host(self, host: int | None, arm_type: str) -> Right:
        """What lets one act on a host, by what it says of itself."""
        estate = self.estate
        apart = arm_type == actions.CLUSTER and host is not None and estate.get(host, "azure-rbac") is False
        keyless = arm_type == actions.SEARCH and host is not None and estate.get(host, "local-auth") is False
        return host_right(arm_type, data=not apart, keys=not keyless)

    def _attach(self, identity: int, place: int) -> Iterator[Entry]:
        """Attaching takes a right on the identity and one to create something that runs, held by the same person."""
        for held in self.engine.held(place, actions.ATTACH):
            for who, sure in self.engine.both(held, *self.creators()):
                yield by_right(self.engine, held, "attach-identity", place, acts_as=identity, who=who, certain=sure)

    def _granting(self, identity: int) -> Iterator[Entry]:
        """Who may give themselves the right that lets one become it. A policy's identity reaches what it is assigned to, and
        whoever may assign roles there gives themselves those.
        """
        for place, right, _, host in self.places(identity):
            if right is actions.ASSIGN_POLICIES:
                continue
            for held in granting.themselves(self.engine, place, right):
                entry = by_right(self.engine, held, "grant-self", host, acts_as=identity, granting=True)
                if right is not actions.ATTACH:
                    yield entry
                    continue
                for who, sure in self.engine.both(held, *self.creators()):
                    yield structs.replace(entry, who=who, certain=entry.certain and sure)

    def creators(self) -> tuple[BitMap, BitMap]:
        """Everybody who may create something that runs, anywhere in the estate: for certain, and at best."""
        if self._creators is None:
            held = [h for scope in list(self.engine.grants) for h in self._creating(scope)]
            sure = [h.who for h in held if h.certain]
            self._creators = (
                BitMap().union(*sure) if sure else NOBODY,
                BitMap().union(*(h.who for h in held)) if held else NOBODY,
            )
        return self._creators

    def _creating(self, scope: int) -> Iterator[Held]:
        """Who may create something that runs by an assignment made at a scope: below a container or workspace, or itself."""
        engine, estate = self.engine, self.estate
        if estate.kind(scope) in CONTAINERS:
            yield from engine.at_free(scope, actions.CREATE, below=True)
            return
        below, itself = actions.creating(ids.resource_type(estate.key(scope)))
        if below.actions:
            yield from engine.at_free(scope, below, below=True)
        if itself.actions:
            yield from engine.at_free(scope, itself)

    def _standing(self, identity: int) -> Iterator[Entry]:
        """Steps that no assignment gives: ownership, a personal instance, a trust."""
        estate, engine = self.estate, self.engine
        key = estate.key(identity)
        for owner in sorted(set(estate.neighbours(identity, "owned-by")), key=estate.key):
            yield by_standing(
                f"owner:{estate.key(owner)}|{key}", "federate", engine.members(owner), identity, acts_as=identity, source=owner
            )  # fmt: skip
        for subject in sorted(set(estate.neighbours(identity, "trusts")), key=estate.key):
            yield by_standing(
                f"trust:{key}|{estate.key(subject)}", "federate", BitMap([subject]), identity, acts_as=identity, source=subject
            )  # fmt: skip
        for host in dict.fromkeys(estate.neighbours(identity, "identity-of")):
            for person in dict.fromkeys(estate.neighbours(host, "assigned-to")):
                yield by_standing(
                    f"instance:{estate.key(person)}|{estate.key(host)}", "run-as-compute", BitMap([person]), host,
                    acts_as=identity, source=person,
                )  # fmt: skip

    def actors(self, identity: int) -> BitMap:
        """Everybody who may become an identity in one step, at best."""
        return self._actors(identity)[1]

    def _actors(self, identity: int) -> tuple[BitMap, BitMap]:
        """Who may become an identity in one step: for certain, and at best."""
        sure, possible = [], []
        for place, right, _, _ in self.places(identity):
            found = [self.engine.holders(place, right)]
            if right is not actions.ASSIGN_POLICIES:
                found.append(self._givers.at(place, right))
            for certain, perhaps in found:
                if right is actions.ATTACH:
                    creators = self.creators()
                    certain, perhaps = certain & creators[0], perhaps & creators[1]
                sure.append(certain)
                possible.append(perhaps)
        for entry in (*self._standing(identity), *self._by_credential(identity)):
            possible.append(entry.who)
            if entry.certain:
                sure.append(entry.who)
        return united(sure) if sure else NOBODY, united(possible) if possible else NOBODY

    def _by_credential(self, identity: int) -> Iterator[Entry]:
        credential: Credential
        for credential in self.credentials.signing_in.get(identity, ()):
            yield from direct.uses_of(self.engine, credential, acts_as=identity)
