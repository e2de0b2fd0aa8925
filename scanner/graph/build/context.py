"""What placing records shares: the estate, names met on the way, and small helpers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import UNSET

from scanner import ids, regions
from scanner.findings import Gap
from scanner.graph import located
from scanner.graph.build.met import Flows, Settings, Workloads
from scanner.graph.build.reading import ODD
from scanner.graph.estate import Estate
from scanner.graph.records import RECORDS
from scanner.redact import REDACTED
from scanner.snapshot import Snapshot


@dataclass
class Context:
    """Lives while an estate is built; the dictionaries are references that wait for what they refer to."""

    estate: Estate
    snapshot: Snapshot
    arm_paths: Mapping[str, frozenset[str]]
    tenant: int = -1
    odd: bool = False  # whether the row being placed has a field of a shape nobody expected
    misread: list[tuple[str, str]] = field(default_factory=list)  # (record kind, scope) of rows nobody understood
    accounts: dict[str, list[int]] = field(default_factory=dict)  # storage account name -> nodes
    services: dict[tuple[str, str], list[int]] = field(default_factory=dict)  # (kind, name in its address) -> nodes
    datastores: dict[tuple[int, str], int] = field(default_factory=dict)  # (workspace, folded name) -> node
    waiting_stores: list[tuple[int, Any]] = field(default_factory=list)
    waiting_connections: list[tuple[int, str]] = field(default_factory=list)  # (connection, target as written)
    waiting_instances: list[tuple[int, str]] = field(default_factory=list)  # (compute instance, its person's object id)
    waiting_assets: list[tuple[int, int, str]] = field(default_factory=list)
    waiting_identities: list[tuple[int, str]] = field(default_factory=list)  # (host, folded id of the identity)
    copies: set[tuple[int, int]] = field(default_factory=set)  # accounts an object replication policy ties
    hubs: list[tuple[int, str]] = field(default_factory=list)
    members_by_pim: set[tuple[str, str]] = field(default_factory=set)  # (principal, group) activated now
    by_sign_in: dict[str, str] = field(default_factory=dict)  # sign-in name of a user -> folded object id
    in_directory: set[str] = field(default_factory=set)
    # (principal, role, scope) activated now -> name of the eligibility it came from, and the assignment's facts
    activations: dict[tuple[str, str, str], tuple[str, Any]] = field(default_factory=dict)
    dangling: list[int] = field(default_factory=list)  # assignments activated from an eligibility that was not seen
    eligibilities: set[str] = field(default_factory=set)  # names of the eligibilities seen
    workloads: Workloads = field(default_factory=Workloads)
    settings: Settings = field(default_factory=Settings)
    flows: Flows = field(default_factory=Flows)
    places: dict[str, tuple[int | None, str | None]] = field(default_factory=dict)  # locations as written
    tags: dict[tuple[tuple[str, Any], ...], dict[str, str]] = field(default_factory=dict)

    def place_region(self, location: Any) -> tuple[int | None, str | None]:
        """The region node of a location and its folded name; (None, None) for what is not regional."""
        if not isinstance(location, str):
            return None, None
        found = self.places.get(location)
        if found is None:
            known_place = regions.is_region(location)
            found = (self.region(location), ids.fold_location(location)) if known_place else (None, None)
            self.places[location] = found
        return found

    def region(self, location: str) -> int:
        return located.region(self.estate, ids.fold_location(location))

    def refer(self, arm_id: Any) -> int | None:
        """The node of an ARM id, `missing` until its record comes; None when there is no id.

        A management group that is referred to is there, whether or not one may read it.
        """
        if not isinstance(arm_id, str) or not arm_id.strip("/"):
            return None
        key = ids.fold(arm_id)
        node = self.estate.node(key)
        kind = "management-group" if ids.is_management_group(key) else "missing"
        return node if node is not None else self.estate.add(kind, key, ids.last(arm_id), arm_id)

    def account(self, name: str) -> int:
        """The storage account of a name, which Azure keeps unique; `missing` with a gap when nobody can see it."""
        found = self.accounts.get(name.lower(), ())
        if len(found) == 1:
            return found[0]
        node = self.estate.add("missing", f"storage-account:{name.lower()}", name)
        self.doubt("storage-account", node, ("*",), ids.ROOT_SCOPE, "not visible")
        return node

    def doubt(
        self, kind: str, node: int, edges: tuple[str, ...], scope: str = "", reason: str = "partial", detail: str = ""
    ) -> None:
        """Says that edges (or, with `*`, attributes) of a node may be missing, for want of a record of a kind."""
        gap = Gap(kind, scope or self.estate.key(node), RECORDS[kind].permission, reason, detail)
        index = self.estate.add_gap(gap)
        for edge in edges:
            self.estate.mark_gap(node, edge, index)

    def shared_tags(self, tags: Any) -> Any:
        """Tags with folded keys; equal ones are one object."""
        if not isinstance(tags, dict):
            return {} if tags is None else UNSET
        written = tuple(tags.items())
        found = self.tags.get(written)
        if found is None:
            folded = {name.lower(): str(value) for name, value in sorted(tags.items())}
            found = self.tags[written] = self.tags.setdefault(tuple(folded.items()), folded)
        return found


def known(value: Any, default: Any = None) -> Any:
    """A field of properties that were read: what is absent or null is the default, what is odd stays unknown (UNSET)."""
    if value is ODD:
        return UNSET
    return default if value is UNSET or value is None else value


def word(value: Any, default: str | None = None) -> Any:
    """An enumeration's word in kebab case; UNSET stays so."""
    return ids.kebab(value) if isinstance(value, str) and value else UNSET if value is UNSET else default


def lower(value: Any) -> Any:
    """A text in lower case, None when there is none; UNSET stays so."""
    return value.lower() if isinstance(value, str) and value else UNSET if value is UNSET else None


def without_query(uri: Any) -> Any:
    """A SAS rides in the query."""
    return uri.partition("?")[0] if isinstance(uri, str) else uri


def folded(value: Any) -> Any:
    """An ARM id folded, None when there is none; UNSET stays so."""
    return ids.fold(value) if isinstance(value, str) and value else UNSET if value is UNSET else None


def arm_values(context: Context, node: int, arm_type: str, raw: bytes) -> None:
    """Keeps what rules ask for by `arm:` path. A path whose parent was not collected stays unset."""
    if not context.arm_paths:
        return
    wanted = context.arm_paths.get(arm_type, frozenset()) | context.arm_paths.get("*", frozenset())
    if not wanted:
        return
    body = msgspec.json.decode(raw)["body"]
    for attribute in wanted:
        value = follow(body, segments(attribute.removeprefix("arm:")))
        if value is not UNSET:
            context.estate.set(node, attribute, value)


def segments(path: str) -> list[str]:
    """`properties.rules[].id` and `tags['cost.owner']` as segments; `[]` is one of its own."""
    found: list[str] = []
    rest = path
    while rest:
        if rest.startswith("['"):
            name, _, rest = rest[2:].partition("']")
            found.append(name)
        elif rest.startswith("[]"):
            found.append("[]")
            rest = rest[2:]
        else:
            end = min((i for i in (rest.find("."), rest.find("[", 1)) if i >= 0), default=len(rest))
            if end:
                found.append(rest[:end])
            rest = rest[end:].removeprefix(".")
    return found


def follow(value: Any, path: list[str]) -> Any:
    """The value at a path, case of names ignored; UNSET when its parent is not there, None when only it is absent."""
    for at, name in enumerate(path):
        if value is None and at:
            return None
        if name == "[]":
            if not isinstance(value, list):
                return UNSET
            items = [follow(item, path[at + 1 :]) for item in value]
            if any(isinstance(item, str) and REDACTED in item for item in value):
                return UNSET
            return frozenset(_text(i) for i in items if i is not UNSET and i is not None)
        if not isinstance(value, dict):
            return UNSET
        key = next((k for k in value if k.lower() == name.lower()), None)
        if key is None:
            return None if at == len(path) - 1 else UNSET
        value = value[key]
    if isinstance(value, list):
        return UNSET if REDACTED in value else frozenset(map(_text, value))
    if isinstance(value, str) and REDACTED in value:
        return UNSET  # what was taken out is not known
    return value if isinstance(value, bool | int | float) or value is None else _text(value)


def _text(value: Any) -> str:
    """A text as it is, anything else as JSON writes it."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
