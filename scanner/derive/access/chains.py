"""The chain that explains an opening, searched only for what is shown: identity, groups, assignment, host, identity, data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scanner.derive.access import trace
from scanner.derive.access.engine import Engine
from scanner.derive.access.entries import Entry
from scanner.derive.access.spread import Part, Spread
from scanner.findings import Step
from scanner.graph.estate import Estate
from scanner.graph.ontology import MARKS

_REACHES = {
    "data-role": "may {access} the data",
    "account-key": "may take its keys",
    "workspace-keys": "the keys open all of it",
    "stored-credential": "the credential opens all of it",
    "run-as-compute": "jobs are handed the credential",
    "vault": "the vault keeps a credential that opens it",
    "workspace-identity": "previews are read with the workspace's identity",
    "grant-self": "may give itself a role on the data",
    "copy-out": "may copy the data out",
    "anonymous": "anybody may read it",
    "local-user": "signs in over SFTP",
    "directory-admin": "can make itself a reader of anything in it",
    "graph-app": "can make itself a reader of anything in it",
}
_BECOMES = {
    "run-as-compute": "jobs run as this identity",
    "run-as-endpoint": "its containers run as this identity",
    "act-on-host": "whoever acts on the host acts as this identity",
    "attach-identity": "may be attached to something new that runs",
    "federate": "another credential signs in as it",
    "grant-self": "the policy's identity does what the policy says",
    "stored-credential": "the credential signs in as it",
    "vault": "the credential signs in as it",
}
_ACTS_ON = {
    "run-as-compute": "may run code there",
    "run-as-endpoint": "may write its deployments",
    "act-on-host": "may act on it",
    "attach-identity": "may attach it, and create what runs",
    "federate": "may let an outside workload sign in as it",
    "stored-credential": "may take what it keeps",
    "vault": "may read its secrets",
    "workspace-identity": "may preview data there",
    "grant-self": "may change policy assignments there",
    "copy-out": "may restore its backups elsewhere",
}


def explain(spread: Spread, part: Part, person: int | None, store: int) -> tuple[int, tuple[Step, ...]]:
    """Start and steps of a chain for one identity; each step is an edge or right the snapshot shows."""
    entries = trace.entries(spread, part, person, store)
    start = person if person is not None else entries[0].source
    if start is None:
        start = entries[0].place
    return start, tuple(_steps(spread.acting.engine, entries, start, store, spread.access))


def marks_on(engine: Engine, entries: Iterable[Entry], person: int | None) -> set[str]:
    """Every mark on a chain, those of the identity it starts from included."""
    estate = engine.estate
    entries = list(entries)
    found = {entry.mark for entry in entries if entry.mark is not None}
    found |= {"may-join" for entry in entries if entry.joined}
    found |= {"conditional" for entry in entries if entry.grant is not None and not entry.certain}
    if person is not None:
        source = entries[0].source
        if source is not None and person not in engine.members(source):
            found.add("may-join")
        elif source is not None and person not in engine.standing_members(source):
            found.add("eligible")
        for mark, attribute, value in (
            ("guest", "guest", True),
            ("disabled", "account-enabled", False),
            ("unresolved", "unresolved", True),
        ):
            if estate.get(person, attribute) is value:
                found.add(mark)
    return found


def weakest(marks: Iterable[str]) -> str | None:
    return max(marks, key=MARKS.index, default=None)


def _steps(engine: Engine, entries: list[Entry], start: int, store: int, access: str) -> Iterator[Step]:
    estate = engine.estate
    here = start
    for number, entry in enumerate(entries):
        if entry.source is not None:
            joining = entry.joined or entry.mark == "may-join"
            for edge, group in engine.membership(here, entry.source, joining):
                yield Step(edge, estate.ref(group), "as its owner" if edge == "may-join" else "")
        if entry.mark == "may-join" and entry.via is not None:
            yield Step("may-join", estate.ref(entry.via), "as its owner")
            here = entry.via
            continue
        yield from _own(estate, entry)
        if entry.acts_as is not None:
            yield Step("runs-as", estate.ref(entry.acts_as), becomes(entry))
            here = entry.acts_as
        if number == len(entries) - 1:
            yield Step("reaches", estate.ref(store), reaches(entry, access))


def becomes(entry: Entry) -> str:
    """Why an entry makes one somebody else, in words."""
    return "whoever has that role acts as this identity" if entry.granting else _BECOMES.get(entry.way, "")


def reaches(entry: Entry, access: str) -> str:
    """What an entry lets one do to the store it reaches, in words."""
    if entry.granting:
        return "that role opens it"
    note = _REACHES[entry.way].format(access=access)
    return f"{note}, after switching key access on again" if entry.mark == "can-reopen" else note


def _own(estate: Estate, entry: Entry) -> Iterator[Step]:
    """What an entry rests on, and what it is exercised on."""
    if entry.grant is not None:
        grant = entry.grant
        mark = "" if grant.mark in (None, "standing") else f", {grant.mark}"
        condition = ", under a condition" if grant.condition else ""
        yield Step("granted", estate.ref(grant.role), f"on {estate.name(grant.scope)}{mark}{condition}")
    kind = entry.cause.partition(":")[0]
    if kind == "directory-role" and entry.via is not None:
        edge = "eligible-for-directory-role" if entry.mark == "eligible" else "holds-directory-role"
        if not entry.certain:
            edge = "holds-directory-role-in-part"
        yield Step(edge, estate.ref(entry.via))
    elif kind == "owner" and entry.acts_as is not None:
        yield Step("owns", estate.ref(entry.acts_as), "may add a credential to it")
    elif kind == "trust" and entry.acts_as is not None:
        yield Step("trusted-by", estate.ref(entry.acts_as), "its tokens are accepted")
    elif kind == "instance":
        yield Step("assigned-to", estate.ref(entry.place), "its own compute instance")
    elif entry.way == "workspace-keys":
        yield Step("takes-keys-of", estate.ref(entry.place), "its rights hand out the keys of its own account")
    elif entry.place != entry.acts_as and (entry.acts_as is not None or entry.via is not None):
        note = "may give itself a role there" if entry.granting else _ACTS_ON.get(entry.way, "")
        yield Step("acts-on", estate.ref(entry.place), note)
    if (
        entry.via is not None
        and estate.kind(entry.via) in ("datastore", "connection")
        and entry.way != "workspace-identity"
    ):
        yield Step("takes-keys-of", estate.ref(entry.via), "it keeps a credential")
