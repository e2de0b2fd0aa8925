"""The vocabulary of the estate: attribute types, node kinds, unions, edge kinds; each declared once, here and in `kinds`.

Rules are checked against it when they load, the reference is generated from it, and build, bind and derive
may use nothing that is not in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

Type = Literal["text", "boolean", "number", "set", "map", "opaque"]
# What the scenario's flows let cross between sites or environments.
FLOWING = ("data", "model", "image", "metrics", "metadata", "logs", "features", "code", "attach")
STAGES = ("exploration", "development", "test", "production")
# How a step reaches data or becomes somebody else, in the order in which reports name them, and in words that follow "by".
WAYS_IN_WORDS = {
    "data-role": "a data role",
    "account-key": "an account key",
    "workspace-keys": "keys a workspace hands out",
    "stored-credential": "a stored credential",
    "run-as-compute": "running code as a compute's identity",
    "run-as-endpoint": "running code as an endpoint's identity",
    "act-on-host": "running code on a host",
    "attach-identity": "attaching a managed identity to a host",
    "federate": "signing in from outside as a workload",
    "workspace-identity": "acting as a workspace's identity",
    "grant-self": "granting itself access",
    "vault": "a secret in a key vault",
    "copy-out": "copying the data out",
    "anonymous": "anonymous access",
    "local-user": "a local user of the account",
    "directory-admin": "a directory role",
    "graph-app": "a permission on Microsoft Graph",
}
WAYS = tuple(WAYS_IN_WORDS)
# How a step is held, surest first: what survives of a chain is its weakest.
MARKS = (
    "standing",
    "time-bound",
    "eligible",
    "may-join",
    "conditional",
    "can-reopen",
    "guest",
    "disabled",
    "unresolved",
)


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of a node kind.

    `values` lists the words of an enumeration (kebab case), empty when any value may occur. `arm` is the path
    it is read from, empty for what bind or derive computes. `opaque` attributes are for derivations, not rules.
    """

    name: str
    type: Type
    about: str
    values: tuple[str, ...] = ()
    arm: str = ""
    share: bool = False
    said: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NodeKind:
    """A kind of node. `made_by` says which step creates it: build, bind or derive."""

    name: str
    title: str  # what a person calls it: "storage account"
    made_by: Literal["build", "bind", "derive"]
    about: str
    attributes: Mapping[str, Attribute]
    arm_type: str = ""  # folded ARM type, when there is one


@dataclass(frozen=True, slots=True)
class EdgeKind:
    """An edge with its inverse name; both may be followed.

    `conditional` edges (a role assignment under a condition) make a chain that alone gives *unknown*, never a
    failure; their names begin with `perhaps-` (or have it before the verb), as names with `may-` say what somebody is
    permitted to do. `sources` and `targets` are kinds or unions.
    """

    name: str
    inverse: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    made_by: Literal["build", "bind", "derive"]
    about: str
    conditional: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Ontology:
    """All kinds, unions and edges, with the few questions asked of them."""

    kinds: Mapping[str, NodeKind]
    unions: Mapping[str, tuple[str, ...]]  # union name -> kinds, already flattened
    edges: Mapping[str, EdgeKind]  # by forward name

    def members(self, kind_or_union: str) -> tuple[str, ...]:
        """The plain kinds behind a kind or a union; KeyError when neither."""
        if kind_or_union in self.kinds:
            return (kind_or_union,)
        return self.unions[kind_or_union]

    @cache  # noqa: B019  # there is one ontology, for the life of the process
    def direction(self, name: str) -> tuple[EdgeKind, bool] | None:
        """The edge kind a name stands for and whether the name is its forward one; None when unknown."""
        if name in self.edges:
            return self.edges[name], True
        for edge in self.edges.values():
            if edge.inverse == name:
                return edge, False
        return None

    @cache  # noqa: B019  # there is one ontology, for the life of the process
    def leaving(self, kind: str) -> tuple[str, ...]:
        """The edge names (forward and inverse) that can leave a plain kind, sorted."""
        names = set()
        for edge in self.edges.values():
            if any(kind in self.members(s) for s in edge.sources):
                names.add(edge.name)
            if any(kind in self.members(t) for t in edge.targets):
                names.add(edge.inverse)
        return tuple(sorted(names))

    @cache  # noqa: B019  # there is one ontology, for the life of the process
    def arriving_at(self, name: str) -> frozenset[str]:
        """The plain kinds an edge name can lead to."""
        found = self.direction(name)
        if found is None:
            return frozenset()
        edge, forward = found
        ends = edge.targets if forward else edge.sources
        return frozenset(kind for end in ends for kind in self.members(end))

    def attribute(self, kind_or_union: str, name: str) -> Attribute | None:
        """The attribute as the first member kind that has it declares it; None when none has."""
        for kind in self.members(kind_or_union):
            found = self.kinds[kind].attributes.get(name)
            if found:
                return found
        return None


def text(name: str, about: str, *values: str, arm: str = "") -> Attribute:
    return Attribute(name, "text", about, values, arm)


def boolean(name: str, about: str, arm: str = "") -> Attribute:
    return Attribute(name, "boolean", about, (), arm)


def number(name: str, about: str, arm: str = "") -> Attribute:
    return Attribute(name, "number", about, (), arm)


def share(name: str, about: str) -> Attribute:
    """A part of a whole: 0.2 is a fifth."""
    return Attribute(name, "number", about, share=True)


def words(name: str, about: str, *values: str, arm: str = "") -> Attribute:
    """A set of texts."""
    return Attribute(name, "set", about, values, arm)


def opaque(name: str, about: str) -> Attribute:
    return Attribute(name, "opaque", about)


def attributes(*groups: Attribute | Iterable[Attribute]) -> Mapping[str, Attribute]:
    """A mapping by name from attributes and groups of them; a name given twice is a mistake of ours."""
    found: dict[str, Attribute] = {}
    for group in groups:
        for attribute in (group,) if isinstance(group, Attribute) else group:
            if attribute.name in found:
                raise ValueError(f"attribute {attribute.name} declared twice")
            found[attribute.name] = attribute
    return found
