"""A world and a role table as `build` and `bind` would leave them: what the engine is given."""

from __future__ import annotations

from collections.abc import Callable

from scanner.graph.estate import Estate
from scanner.graph.permissions import PermissionBlock
from tests.spec.access import Block, Condition, World, inside
from tests.spec.approval import Table
from tests.spec.reach import arm_type

_KINDS = {
    "microsoft.storage/storageaccounts": "storage-account", "microsoft.search/searchservices": "search-service",
    "microsoft.documentdb/databaseaccounts": "cosmos-account", "microsoft.machinelearningservices/workspaces": "workspace",
    "microsoft.machinelearningservices/workspaces/computes": "compute", "microsoft.machinelearningservices/workspaces/onlineendpoints": "online-endpoint",
    "microsoft.keyvault/vaults": "key-vault", "microsoft.managedidentity/userassignedidentities": "user-assigned-identity",
}  # fmt: skip
_KEYS = {"storage-account": "shared-key-access", "search-service": "local-auth", "cosmos-account": "local-auth"}
_MICROSOFT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"


def estate_of(world: World, table: Table | None = None, *, upper: bool = False, backwards: bool = False) -> Estate:
    """The estate. `upper` writes what Azure writes in any case in capitals; `backwards` makes everything in another order."""
    return _Builder(world, table or Table({}, {}), upper, backwards).build()


class _Builder:
    def __init__(self, world: World, table: Table, upper: bool, backwards: bool) -> None:
        self.world, self.table = world, table
        self.turn: Callable[[str], str] = str.upper if upper else str
        self.step = -1 if backwards else 1
        self.estate = Estate()

    def build(self) -> Estate:
        for environment in sorted({*self.table.environments.values(), "production"}):
            node = self.estate.add("environment", f"environment:{environment}", environment)
            self.estate.set(node, "stage", environment)
        self._places()
        self._principals()
        self._machine_learning()
        self._authorisation()
        self._scenario()
        return self.estate

    def node(self, key: str) -> int:
        found = self.estate.node(key)
        assert found is not None, key
        return found

    def tie(self, source: str, edge: str, target: str) -> None:
        self.estate.connect(self.node(source), edge, self.node(target))

    def _places(self) -> None:
        world, estate = self.world, self.estate
        for key, parent in list(world.parents.items())[:: self.step]:
            kind = (
                "tenant" if key == "/" else "management-group" if "/managementgroups/" in key
                else "resource-group" if key.split("/")[-2] == "resourcegroups" else _KINDS.get(arm_type(key), "resource") if arm_type(key) else "subscription"
            )  # fmt: skip
            if kind == "resource" and "/blobservices/" in key:
                kind = "missing"  # containers are in no list: only assignments name them
            node = estate.add(kind, key, key.rpartition("/")[2] or "root")
            if parent is not None and kind != "missing":
                estate.connect(estate.add("missing", parent), "contains", node)
            environment = self.table.environments.get(key)
            if kind not in ("missing", "tenant", "management-group"):
                estate.set(node, "environment", environment)
                estate.set(node, "stage", environment)
        for key, store in world.stores.items():
            facts = {_KEYS[store.kind]: store.keys, "data-classes": self.table.classes.get(key, frozenset({"live"})), "holds-guarded-data": True,
                     "referenced": True}  # fmt: skip
            if store.kind == "storage-account":
                facts |= {"public-blobs": store.public_blobs, "anonymous-containers": frozenset({"c"} if store.anonymous else ()),
                          "sftp": store.sftp, "local-users": store.local_users}  # fmt: skip
            for name, value in facts.items():
                estate.set(self.node(key), name, value)
        for key, vault in world.vaults.items():
            estate.set(self.node(key), "rbac", vault.by_roles)
            estate.set(self.node(key), "template-deployment", False)

    def _principals(self) -> None:
        world, estate = self.world, self.estate
        groups = sorted({*world.members, *world.eligible, *world.joiners})
        for kind, names in (
            ("user", sorted(world.people)), ("group", groups), ("service-principal", sorted(world.workloads)),
            ("managed-identity", sorted(world.identities)), ("outside-subject", sorted(world.outside)),
        ):  # fmt: skip
            for name in names[:: self.step]:
                node = estate.add(kind, name, name)
                if kind == "outside-subject":
                    estate.set(node, "declared", name in self.table.subjects)
                    continue
                estate.set(node, "break-glass", name in self.table.break_glass)
                estate.set(node, "unresolved", False)
                estate.set(
                    node, "administrator", any(name in inside(world, a.group) for a in self.table.administrators)
                )
                if kind == "service-principal":
                    estate.set(
                        node,
                        "app-owner",
                        _MICROSOFT if name in self.table.microsoft else "11111111-0000-4000-8000-000000000000",
                    )
                if kind in ("service-principal", "managed-identity"):
                    estate.set(node, "release-workload", name in self.table.release)
        for edge, by_group in (
            ("member-of", world.members),
            ("eligible-member-of", world.eligible),
            ("may-join", world.joiners),
        ):
            for group, found in list(by_group.items())[:: self.step]:
                for member in sorted(found)[:: self.step]:
                    self.tie(member, edge, group)
        for workload, owners in world.owners.items():
            for owner in sorted(owners):
                self.tie(owner, "owns", workload)
        for identity, subjects in world.trusts.items():
            for subject in sorted(subjects):
                self.tie(identity, "trusts", subject)
        for vault, facts in world.vaults.items():
            for reader in sorted(facts.readers):
                self.tie(reader, "reads-secrets-of", vault)

    def _machine_learning(self) -> None:
        world, estate = self.world, self.estate
        for place, attached in world.hosts.items():
            for identity in sorted(attached):
                alone = "/userassignedidentities/" in place
                if alone or not any(identity in a for p, a in world.hosts.items() if "/userassignedidentities/" in p):
                    estate.set(self.node(identity), "host", place)
                    estate.set(self.node(identity), "user-assigned", alone)
                if estate.node(place) is not None:
                    self.tie(place, "has-identity", identity)
                elif "/policyassignments/" in place and estate.get(self.node(identity), "host") != place:
                    policies = estate.get(self.node(identity), "policies") or frozenset()
                    estate.set(self.node(identity), "policies", policies | {place})
        for name, workspace in world.workspaces.items():
            for child in world.parents:
                if world.parents[child] == name:
                    kind = estate.kind(self.node(child))
                    if kind in ("compute", "online-endpoint"):
                        self.tie(name, "has-compute" if kind == "compute" else "has-endpoint", child)
            for other in (workspace.default_store, workspace.vault):
                if other is not None:
                    self.tie(name, "depends-on", other)
            if workspace.default_store is not None:
                self.tie(name, "default-store", workspace.default_store)
        for compute in (p for p in world.parents if arm_type(p).endswith("/computes")):
            estate.set(
                self.node(compute), "compute-type", "compute-instance" if compute in world.instances else "aml-compute"
            )
        for compute, person in world.instances.items():
            self.tie(compute, "assigned-to", person)
        for name, keeper in world.keepers.items():
            node = estate.add("connection" if keeper.connection else "datastore", name, name.rpartition("/")[2])
            self.tie(keeper.workspace, "has-connection" if keeper.connection else "has-datastore", name)
            self.tie(name, "connects-to" if keeper.connection else "stored-in", keeper.store)
            if keeper.connection:
                estate.set(node, "stores-secret", keeper.keeps != "nothing")
                estate.set(
                    node,
                    "auth-type",
                    {"nothing": "aad", "key": "account-key", "service-principal": "service-principal"}[keeper.keeps],
                )
            else:
                estate.set(
                    node,
                    "credential",
                    {"nothing": "none", "key": "account-key", "service-principal": "service-principal"}[keeper.keeps],
                )
                estate.set(
                    node, "service-identity", "workspace-system-assigned-identity" if keeper.read_by_service else "none"
                )
            if keeper.keeps == "service-principal" and keeper.signs_in_as is not None:
                self.tie(name, "signs-in-as", keeper.signs_in_as)

    def _authorisation(self) -> None:
        world, estate = self.world, self.estate
        for role, blocks in world.roles.items():
            node = estate.add("role", role, role)
            estate.set(node, "permissions", tuple(self._block(b) for b in blocks))
            estate.set(node, "custom", role in world.custom)
        for a in world.assignments[:: self.step]:
            grant = estate.add("grant", a.key, f"{a.role} for {a.principal}")
            estate.set(grant, "mark", a.mark)
            estate.set(grant, "condition", _condition(a.condition))
            self.tie(a.principal, "granted", a.key)
            self.tie(a.key, "of-role", a.role)
            self.tie(a.key, "at-scope", a.scope)
        for number, deny in enumerate(world.denies):
            node = estate.add("deny-assignment", f"deny:{number}")
            for name, value in {"permissions": (self._block(deny.block),), "principals": deny.principals, "exclude-principals": deny.excluded,
                                "children": deny.children}.items():  # fmt: skip
                estate.set(node, name, value)
            estate.connect(node, "at-scope", self.node(deny.scope))

    def _block(self, block: Block) -> PermissionBlock:
        def turned(patterns: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(map(self.turn, patterns))

        return PermissionBlock(
            turned(block.actions), turned(block.not_actions), turned(block.data_actions), turned(block.not_data_actions),
            _condition(block.condition),
        )  # fmt: skip

    def _scenario(self) -> None:
        estate, table = self.estate, self.table
        for number, row in enumerate(table.rows):
            node = estate.add("role-row", f"role-row:{number}", f"row {number}")
            for name, value in {"role": f"role{number}", "environment": row.environment, "duties": row.duties, "reads": row.reads, "ways": row.ways,
                                "by": "eligible" if row.eligible_only else None, "expires": None, "unit": None}.items():  # fmt: skip
                estate.set(node, name, value)
            estate.connect(node, "names", self.node(row.group))
        for number, administrators in enumerate(table.administrators):
            node = estate.add("administrator-row", f"administrator-row:{number}", administrators.group)
            estate.set(node, "over", administrators.over)
            estate.connect(node, "names", self.node(administrators.group))
        for number, service in enumerate(table.services):
            node = estate.add("service-row", f"service-row:{number}", service.principal)
            estate.set(node, "may", service.may)
            estate.set(node, "where", service.where)
            estate.connect(node, "names", self.node(service.principal))


def _condition(condition: Condition) -> str | None:
    if condition is None:
        return None
    if condition == "unread":
        return "(@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals 'open')"
    write = "Microsoft.Authorization/roleAssignments/write"
    return (
        f"((!(ActionMatches{{'{write}'}})) OR (@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] "
        f"ForAnyOfAnyValues:GuidEquals {{{', '.join(sorted(condition))}}}))"
    )
