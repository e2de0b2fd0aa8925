"""Role assignments and definitions, deny assignments and PIM's lists, at each place and inherited from above."""

from __future__ import annotations

from collections.abc import Sequence

from scanner import ids
from scanner.collect import answers, types
from scanner.collect.bulk import Known
from scanner.collect.hierarchy import Place
from scanner.collect.session import Session
from scanner.collect.types import Listing
from scanner.snapshot import Record

# Unfiltered, these lists may leave out what is inherited; `atScope()` shows that, and leaves out what is below.
_INHERITED = {"role-assignment", "role-eligibility", "role-activation", "deny-assignment"}


async def collect(session: Session, place: Place, known: Known) -> None:
    """The lists of one place, at it and below."""
    await session.together(
        _list(session, place, entry)
        for entry in types.AUTHORISATION if not (entry.kind == "role-assignment" and known.assignments)
    )  # fmt: skip


async def _list(session: Session, place: Place, entry: Listing) -> None:
    query = {"$filter": "type eq 'CustomRole'"} if entry.kind == "role-definition" else {}
    rows = await session.list(entry.kind, place.key, _url(session, place.id, entry, **query))
    if entry.kind == "role-eligibility":
        await _policies(session, rows)


async def _policies(session: Session, eligibilities: Sequence[Record]) -> None:
    """What activating demands (approval, MFA, hours), at each scope where somebody is eligible."""
    scopes = {answers.word(answers.told(row.body), "properties", "scope") for row in eligibilities}
    entry = types.ROLE_POLICIES
    await session.together(
        session.list(entry.kind, ids.fold(scope), session.arm_url(f"{scope}/{entry.path}", entry.version))
        for scope in sorted(scopes - {""})
    )


async def inherited(session: Session, places: Sequence[Place]) -> None:
    """What stands above: once for each chain of management groups, by whichever place is at its end; built-in roles once."""
    first: dict[tuple[str, ...], Place] = {}
    for place in places:
        first.setdefault(place.subscription.groups or (place.key,), place)
    wanted = [
        _inherited(session, place, entry)
        for place in first.values() for entry in types.AUTHORISATION if entry.kind in _INHERITED
    ]  # fmt: skip
    roles = next(entry for entry in types.AUTHORISATION if entry.kind == "role-definition")
    builtin = _url(session, "", roles, **{"$filter": "type eq 'BuiltInRole'"})
    await session.together((*wanted, session.list("role-definition", ids.ROOT_SCOPE, builtin)))


async def _inherited(session: Session, place: Place, entry: Listing) -> None:
    url = _url(session, place.id, entry, **{"$filter": "atScope()"})
    rows = await session.list(entry.kind, _above(place), url, part="inherited")
    if entry.kind == "role-eligibility":
        await _policies(session, [row for row in rows if not _below(place, row)])


def _below(place: Place, row: Record) -> bool:
    """Whether it is of the place itself, whose own list has it too."""
    scope = answers.word(answers.told(row.body), "properties", "scope")
    return bool(scope) and ids.contains(place.key, ids.fold(scope))


def _above(place: Place) -> str:
    """Where the ledger has what a place inherits: at the nearest management group, or at the place when none is known."""
    groups = place.subscription.groups
    return ids.management_group(groups[0]) if groups else place.key


def _url(session: Session, scope: str, entry: Listing, **query: str) -> str:
    return session.arm_url(f"{scope}/providers/Microsoft.Authorization/{entry.path}", entry.version, **query)
