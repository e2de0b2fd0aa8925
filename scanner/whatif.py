"""What if something were gone, or were there: a snapshot with some records changed, before anything is built of it.

So the answer is what a scan of such a tenant would say. Nothing is changed in Azure, and nothing in the snapshot given.
Ids are folded; who turns names into ids is above (`scanner.cli.specs`).
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from scanner import ids
from scanner.errors import Problem, UserError
from scanner.snapshot import Record, Snapshot, edited, record

Kind = Literal[
    "assignment", "membership", "owner", "instance", "trust", "policy", "anonymous", "local-user", "directory-role", "identity",
    "credential", "setting", "graph-permission",
]  # fmt: skip
PARTS: Mapping[str, tuple[str, ...]] = {
    "assignment": ("principal", "role", "scope"),
    "membership": ("member", "group"),
    "owner": ("principal", "group or workload"),
    "instance": ("user", "compute"),
    "trust": ("identity", "issuer", "subject"),
    "policy": ("vault", "principal"),
    "anonymous": ("account",),
    "local-user": ("account", "name"),
    "directory-role": ("role",),
    "identity": ("host", "identity"),
    "credential": ("datastore or connection",),
    "setting": ("store", "attribute"),
    "graph-permission": ("workload",),
}
# How a setting that lets keys in is switched off: attribute -> record kinds, property, value.
SETTINGS: Mapping[str, tuple[tuple[str, ...], str, bool]] = {
    "shared-key-access": (("storage-account",), "allowSharedKeyAccess", False),
    "local-auth": (("model-account", "cosmos-account", "search-service"), "disableLocalAuth", True),
}
ADDED = ("assignment", "membership", "owner")  # what `--with` knows
_DIRECTORY = ("directory-role-assignment", "directory-role-eligibility", "directory-role-activation")
_ASSIGNED = ("role-assignment", "role-eligibility", "role-activation")
_ODATA = {"user": "user", "group": "group", "service-principal": "servicePrincipal", "managed-identity": "servicePrincipal"}  # fmt: skip
_PRINCIPAL_TYPES = {"user": "User", "group": "Group", "service-principal": "ServicePrincipal", "managed-identity": "ServicePrincipal"}  # fmt: skip
Body = dict[str, Any]
# of, body -> the body as it is (the same object), changed, or None when its record goes
_Change = Callable[[str, Body], Body | None]


@dataclass(frozen=True, slots=True)
class Edit:
    """One thing taken away (`add` false) or put there. `parts` are ids as `PARTS` names them, `kinds` the node kinds of
    the first two; `conditional` picks one of two assignments that a condition alone tells apart, None means both. Of roles of
    the directory it picks those over a part of it, or those over all.
    """

    kind: Kind
    parts: tuple[str, ...]
    said: str  # as the user wrote it
    add: bool = False
    kinds: tuple[str, str] = ("", "")
    conditional: bool | None = None


def apply(snapshot: Snapshot, edits: Sequence[Edit]) -> Snapshot:
    """The snapshot as it would be. Raises UserError with every edit that changes nothing."""
    changes: defaultdict[str, list[tuple[bytes, _Change, int]]] = defaultdict(list)
    added: list[Record] = []
    hits: set[int] = set()
    for number, edit in enumerate(edits):
        for kind, change in _changes(snapshot, edit):
            changes[kind].append((_needle(edit), change, number))
    there = set(_matched(snapshot, changes, [n for n, edit in enumerate(edits) if edit.add]))
    gone = {kind: [c for c in found if not edits[c[2]].add] for kind, found in changes.items()}
    for number, edit in enumerate(edits):
        if edit.add and number not in there:
            added.append(_record(edit))
            hits.add(number)
    made = edited(snapshot, {kind: _line_change(found, hits) for kind, found in gone.items() if found}, added)
    problems = [
        Problem(f"`{edit.said}` is there already" if edit.add else f"`{edit.said}` matches nothing in the snapshot",
                help="" if edit.add else "`mlposture access paths` and the findings of a scan name what is there")
        for number, edit in enumerate(edits) if number not in hits
    ]  # fmt: skip
    if problems:
        raise UserError(*problems)
    return made


def _matched(
    snapshot: Snapshot, changes: Mapping[str, Sequence[tuple[bytes, _Change, int]]], numbers: Iterable[int]
) -> set[int]:
    """Which of some edits find their record there already."""
    wanted = set(numbers)
    found: set[int] = set()
    for kind, entries in changes.items():
        mine = [entry for entry in entries if entry[2] in wanted]
        change = _line_change(mine, found)
        for block in snapshot.blocks(kind) if mine else ():
            for line in block:
                change(line)
    return found


def _line_change(entries: Sequence[tuple[bytes, _Change, int]], hits: set[int]) -> Callable[[bytes], bytes | None]:
    """Applies changes to a line; only lines that hold the needle are decoded."""

    def change(line: bytes) -> bytes | None:
        lower = line.lower()
        for needle, how, number in entries:
            if needle not in lower:
                continue
            document = msgspec.json.decode(line)
            body = how(str(document["of"]), document["body"])
            if body is document["body"]:
                continue
            hits.add(number)
            if body is None:
                return None
            line = msgspec.json.encode({**document, "body": body})
            lower = line.lower()
        return line

    return change


def _needle(edit: Edit) -> bytes:
    """What a record of the edit must hold somewhere, in lower case."""
    word = edit.parts[{"policy": 1, "instance": 1, "trust": 2, "local-user": 1}.get(edit.kind, 0)]
    if edit.kind in ("anonymous", "instance", "identity", "credential", "setting"):
        word = ids.last(word)
    return msgspec.json.encode(word.lower())[1:-1]


def _changes(snapshot: Snapshot, edit: Edit) -> list[tuple[str, _Change]]:
    """The record kinds an edit looks into, and what it does there. For an addition: what is there already."""
    match edit.kind:
        case "assignment":
            kinds = ("role-assignment",) if edit.add else _ASSIGNED
            return [(kind, _drop(lambda of, body: _is_assignment(edit, body))) for kind in kinds]
        case "membership":
            return _tied(edit, ("group-member",), "member")
        case "owner":
            applications = _applications(snapshot, edit.parts[1])
            return [
                *_tied(edit, ("group-owner", "service-principal-owner"), "owner"),
                *_tied(edit, ("application-owner",), "", applications),
            ]
        case "instance":
            return [("compute", _drop(lambda of, body: _folded(body) == edit.parts[1]))]
        case "trust":
            return _trusts(snapshot, edit)
        case "policy":
            return [("key-vault", lambda of, body: _without_policy(edit, body))]
        case "anonymous":
            return [("blob-container", lambda of, body: _closed(edit, body))]
        case "local-user":
            account, name = edit.parts
            return [("local-user", _drop(lambda of, body: _folded(body) == f"{account}/localusers/{name.lower()}"))]
        case "identity":
            resources = _resources_of(snapshot, edit.parts[1])
            return [(kind, lambda of, body: _detached(edit, resources, body)) for kind in snapshot.kinds]
        case "credential":
            return [
                (kind, _drop(lambda of, body: _folded(body) == edit.parts[0])) for kind in ("datastore", "connection")
            ]
        case "setting":
            found, name, value = SETTINGS.get(edit.parts[1], ((), "", False))
            return [(kind, lambda of, body: _switched(edit, name, value, body)) for kind in found]
        case "graph-permission":
            return [("app-role-assignment", _drop(lambda of, body: _same(body, "principalId", edit.parts[0])))]
        case "directory-role":
            return [(kind, _drop(lambda of, body: _is_directory_role(edit, body))) for kind in _DIRECTORY]


def _drop(test: Callable[[str, Body], bool]) -> _Change:
    return lambda of, body: None if test(of, body) else body


def _same(body: Body, key: str, wanted: str) -> bool:
    value = body.get(key)
    return isinstance(value, str) and value.lower() == wanted.lower()


def _folded(body: Body) -> str:
    return ids.fold(str(body.get("id", "")))


def _facts(body: Body) -> Body:
    found = body.get("properties")
    return found if isinstance(found, dict) else {}


def _is_assignment(edit: Edit, body: Body) -> bool:
    principal, role, scope = edit.parts
    facts = _facts(body)
    if edit.conditional is not None and bool(facts.get("condition")) is not edit.conditional:
        return False
    return (
        _same(facts, "principalId", principal)
        and ids.last(str(facts.get("roleDefinitionId", ""))).lower() == role
        and ids.fold(str(facts.get("scope", ""))) == scope
    )


def _is_directory_role(edit: Edit, body: Body) -> bool:
    in_part = str(body.get("directoryScopeId") or "/").strip("/") != ""
    wanted = edit.conditional is None or in_part is edit.conditional
    return wanted and _same(body, "roleDefinitionId", edit.parts[0])


def _tied(edit: Edit, kinds: Sequence[str], access: str, places: Iterable[str] = ()) -> list[tuple[str, _Change]]:
    """Records that tie a member or owner to a group or workload, and with `access` the right to activate the tie."""
    who, what = edit.parts
    where = {what, *places} if access else set(places)
    found = [(kind, _drop(lambda of, body: of.lower() in where and _same(body, "id", who))) for kind in kinds]
    if access and not edit.add:
        found.append(("group-eligibility", _drop(
            lambda of, body: _same(body, "principalId", who) and _same(body, "groupId", what) and _same(body, "accessId", access)
        )))  # fmt: skip
    return found


def _applications(snapshot: Snapshot, workload: str) -> set[str]:
    """Object ids of the application that a service principal stands for."""
    app_ids = {
        str(body.get("appId", "")).lower()
        for body in map(_body, snapshot.records("service-principal")) if _same(body, "id", workload)
    } - {""}  # fmt: skip
    if not app_ids:
        return set()
    bodies = map(_body, snapshot.records("application"))
    return {str(body.get("id", "")).lower() for body in bodies if str(body.get("appId", "")).lower() in app_ids}


def _body(found: Record) -> Body:
    body = msgspec.json.decode(found.body)
    return body if isinstance(body, dict) else {}


def _trusts(snapshot: Snapshot, edit: Edit) -> list[tuple[str, _Change]]:
    """Federated credentials of a user-assigned identity, or of the application of a workload."""
    identity, issuer, subject = edit.parts
    resources = _resources_of(snapshot, identity)
    applications = _applications(snapshot, identity)

    def trusted(facts: Body) -> bool:
        expression = facts.get("claimsMatchingExpression")  # what may be trusted instead of one subject
        text = expression.get("value") if isinstance(expression, dict) else expression
        whom = facts.get("subject") or text
        return _same(facts, "issuer", issuer) and isinstance(whom, str) and whom.lower() == subject.lower()

    return [
        ("federated-credential", _drop(lambda of, body: ids.parent(_folded(body)) in resources and trusted(_facts(body)))),
        ("application-federation", _drop(lambda of, body: of.lower() in applications and trusted(body))),
    ]  # fmt: skip


def _resources_of(snapshot: Snapshot, identity: str) -> set[str]:
    """Folded ids of the ARM resource of a user-assigned identity."""
    bodies = map(_body, snapshot.records("user-assigned-identity"))
    return {_folded(body) for body in bodies if _same(_facts(body), "principalId", identity)}


def _detached(edit: Edit, resources: set[str], body: Body) -> Body:
    """A host without an identity: its own, or one of the user-assigned ones."""
    host, identity = edit.parts
    found = body.get("identity")
    if _folded(body) != host or not isinstance(found, dict):
        return body
    if _same(found, "principalId", identity):
        return {**body, "identity": {k: v for k, v in found.items() if k != "principalId"}}
    attached = found.get("userAssignedIdentities")
    if not isinstance(attached, dict):
        return body
    left = {
        key: facts for key, facts in attached.items()
        if ids.fold(key) not in resources and not (isinstance(facts, dict) and _same(facts, "principalId", identity))
    }  # fmt: skip
    return body if len(left) == len(attached) else {**body, "identity": {**found, "userAssignedIdentities": left}}


def _switched(edit: Edit, name: str, value: bool, body: Body) -> Body:
    if _folded(body) != edit.parts[0] or _facts(body).get(name) is value:
        return body
    return {**body, "properties": {**_facts(body), name: value}}


def _without_policy(edit: Edit, body: Body) -> Body:
    vault, principal = edit.parts
    policies = _facts(body).get("accessPolicies")
    if _folded(body) != vault or not isinstance(policies, list):
        return body
    left = [policy for policy in policies if not (isinstance(policy, dict) and _same(policy, "objectId", principal))]
    return body if len(left) == len(policies) else {**body, "properties": {**_facts(body), "accessPolicies": left}}


def _closed(edit: Edit, body: Body) -> Body:
    facts = _facts(body)
    if not ids.contains(edit.parts[0], _folded(body)) or str(facts.get("publicAccess") or "None").lower() == "none":
        return body
    return {**body, "properties": {**facts, "publicAccess": "None"}}


def _record(edit: Edit) -> Record:
    """The record that a tenant would have."""
    if edit.kind == "assignment":
        principal, role, scope = edit.parts
        name = str(uuid.uuid5(uuid.NAMESPACE_URL, "|".join(edit.parts)))
        body = {
            "id": f"{scope.rstrip('/')}/providers/Microsoft.Authorization/roleAssignments/{name}", "name": name,
            "properties": {
                "principalId": principal, "principalType": _PRINCIPAL_TYPES[edit.kinds[0]], "scope": scope,
                "roleDefinitionId": f"/providers/Microsoft.Authorization/roleDefinitions/{role}",
            },
        }  # fmt: skip
        return record("role-assignment", body)
    who, what = edit.parts
    kind = "group-member" if edit.kind == "membership" else "group-owner" if edit.kinds[1] == "group" else "service-principal-owner"  # fmt: skip
    return record(kind, {"id": who, "@odata.type": f"#microsoft.graph.{_ODATA[edit.kinds[0]]}"}, what)
