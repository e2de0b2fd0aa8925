"""A small estate with rights in two environments, as `build` and `bind` would leave it."""

from __future__ import annotations

from typing import Any

from scanner.derive import access, holders, separation
from scanner.derive.duties import Duties
from scanner.derive.table import Table
from scanner.graph.estate import Estate
from scanner.graph.permissions import PermissionBlock
from tests.support.scan import the_duties

SUB = "/subscriptions/s"
_TYPES = {
    "workspace": "microsoft.machinelearningservices/workspaces", "storage-account": "microsoft.storage/storageaccounts",
    "container-registry": "microsoft.containerregistry/registries", "ml-registry": "microsoft.machinelearningservices/registries",
    "resource": "microsoft.containerservice/managedclusters",
}  # fmt: skip


class World:
    """A production and a development group of resources, and whatever a test puts into them."""

    def __init__(self) -> None:
        self.estate = Estate()
        self.estate.add("tenant", "/")
        self.scope = {"sub": self.estate.add("subscription", SUB, "sub")}
        for name, stage in (("development", "development"), ("production", "production")):
            node = self.estate.add("environment", f"environment:{name}", name)
            self.estate.set(node, "stage", stage)
            self.scope[name] = self.estate.add("resource-group", f"{SUB}/resourcegroups/{name}", name)

    def resource(self, kind: str, name: str, environment: str, **facts: Any) -> int:
        node = self.estate.add(kind, f"{SUB}/resourcegroups/{environment}/providers/{_TYPES[kind]}/{name}", name)
        given = {
            "environment": environment,
            "stage": environment,
            "referenced": True,
            "shared": False,
            "subscription": SUB,
        }
        for attribute, value in {**given, **{k.replace("_", "-"): v for k, v in facts.items()}}.items():
            self.estate.set(node, attribute, value)
        self.scope[name] = node
        return node

    def principal(self, kind: str, name: str, *groups: int) -> int:
        node = self.estate.add(kind, name, name)
        for attribute in ("break-glass", "administrator", "structure-creator"):
            self.estate.set(node, attribute, False)
        for group in groups:
            self.estate.connect(node, "member-of", group)
        return node

    def grant(
        self,
        principal: int,
        scope: str,
        *actions: str,
        data: tuple[str, ...] = (),
        mark: str = "standing",
        condition: str | None = None,
    ) -> int:
        estate = self.estate
        role = estate.add("role", f"role:{actions}{data}", "+".join([*actions, *data]))
        estate.set(role, "permissions", (PermissionBlock(actions, (), data, (), None),))
        node = estate.add("grant", f"grant:{estate.key(principal)}|{estate.key(role)}|{scope}")
        estate.set(node, "mark", mark)
        estate.set(node, "condition", condition)
        estate.connect(principal, "granted", node)
        estate.connect(node, "of-role", role)
        estate.connect(node, "at-scope", self.scope[scope])
        return node

    def row(self, principal: int, environment: str, *duties: str, **facts: Any) -> int:
        row = self.estate.add(
            "role-row", f"role-row:{self.estate.key(principal)}@{environment}", f"row in {environment}"
        )
        given = {"role": "job", "environment": environment, "stage": environment, "duties": frozenset(duties), "reads": frozenset(), "unit": None,
                 "by": None, "approvers": None, "max-hours": None, "mfa": False}  # fmt: skip
        for attribute, value in {**given, **{k.replace("_", "-"): v for k, v in facts.items()}}.items():
            self.estate.set(row, attribute, value)
        self.estate.connect(row, "names", principal)
        return row

    def derive(self, duties: Duties | None = None) -> Estate:
        found = access.derive(self.estate)
        engine = found.engine
        table = Table(engine)
        used = duties or the_duties()
        separation.usage(engine)
        holders.derive(self.estate, used, engine, table)
        separation.derive(found, used, table)
        return self.estate

    def held(self, principal: int, edge: str = "holds") -> set[str]:
        return {self.estate.name(node) for node in self.estate.neighbours(principal, edge)}


def workspace(world: World, environment: str, **facts: Any) -> tuple[int, int]:
    """A workspace and the account it keeps models in."""
    found = world.resource("workspace", f"mlw-{environment}", environment)
    store = world.resource(
        "storage-account", f"st{environment}", environment, shared_key_access=False, holds_guarded_data=False, **facts
    )
    world.estate.connect(found, "default-store", store)
    return found, store
