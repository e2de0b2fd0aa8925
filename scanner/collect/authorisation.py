"""Role assignments and definitions, deny assignments and PIM's lists, at each place and inherited from above."""

from __future__ import annotations

from collections.abc import Sequence

from scanner import ids
from scanner.collect import types
from scanner.collect.bulk import Known
from scanner.collect.hierarchy import Place
from scanner.collect.session import Session
from scanner.collect.types import Listing

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
    await session.list(entry.kind, place.key, _url(session, place.id, entry, **query))


async def inherited(session: Session, places: Sequence[Place]) -> None:
    """What stands above: once for each chain of management groups, by whichever place is at its end; built-in roles once."""
    first: dict[tuple[str, ...], Place] = {}
    for place in places:
        first.setdefault(place.subscription.groups or (place.key,), place)
    wanted = [
        session.list(
            entry.kind, _above(place), _url(session, place.id, entry, **{"$filter": "atScope()"}), part="inherited",
        )
        for place in first.values() for entry in types.AUTHORISATION if entry.kind in _INHERITED
    ]  # fmt: skip
    roles = next(entry for entry in types.AUTHORISATION if entry.kind == "role-definition")
    builtin = _url(session, "", roles, **{"$filter": "type eq 'BuiltInRole'"})
    await session.together((*wanted, session.list("role-definition", ids.ROOT_SCOPE, builtin)))


def _above(place: Place) -> str:
    """Where the ledger has what a place inherits: at the nearest management group, or at the place when none is known."""
    groups = place.subscription.groups
    return ids.management_group(groups[0]) if groups else place.key


def _url(session: Session, scope: str, entry: Listing, **query: str) -> str:
    return session.arm_url(f"{scope}/providers/Microsoft.Authorization/{entry.path}", entry.version, **query)
