"""Entries: the first steps by which identities come into data, each with the assignment or setting it rests on."""

from __future__ import annotations

import msgspec
from pyroaring import BitMap

from scanner.derive.access.engine import Engine
from scanner.derive.access.held import Grant, Held


class Entry(msgspec.Struct, frozen=True, gc=False, eq=False):
    """One step by which identities reach a store, or become an identity they are not.

    `who` takes the step; by an assignment (`grant`) or, without one, because `source` owns, was given or is trusted by
    what it becomes. `place` is what the right is exercised on, `acts_as` the identity one becomes; None when the step
    reaches the store itself. `via` is the keeper of a credential, the group an owner may join, or a workspace or vault that leads on. `cause` is stable: it
    names what has to be removed.
    """

    cause: str
    way: str
    who: BitMap
    certain: bool
    gaps: tuple[int, ...]
    place: int
    acts_as: int | None = None
    grant: Grant | None = None
    source: int | None = None
    via: int | None = None
    mark: str | None = None
    anybody: bool = False  # it needs no identity at all
    joined: bool = False  # only for those who add themselves to a group first
    granting: bool = False  # only for those who give themselves a role on `place` first


def by_right(
    engine: Engine,
    held: Held,
    way: str,
    place: int,
    *,
    acts_as: int | None = None,
    via: int | None = None,
    who: BitMap | None = None,
    certain: bool = True,
    gaps: tuple[int, ...] = (),
    mark: str | None = None,
    granting: bool = False,
) -> Entry:
    """The entry that an assignment makes; `who`, `certain` and `gaps` narrow what it gives."""
    return Entry(
        engine.estate.key(held.grant.node), way, held.who if who is None else who, held.certain and certain, (*held.gaps, *gaps),
        place, acts_as, held.grant, held.grant.principal, via, mark or held.grant.mark, granting=granting,
    )  # fmt: skip


def by_standing(
    cause: str,
    way: str,
    who: BitMap,
    place: int,
    *,
    acts_as: int | None = None,
    source: int | None = None,
    via: int | None = None,
    mark: str | None = None,
    gaps: tuple[int, ...] = (),
    certain: bool = True,
    anybody: bool = False,
) -> Entry:
    """The entry of whoever owns something, was given it, or is trusted: no assignment gives it."""
    return Entry(cause, way, who, certain, gaps, place, acts_as, None, source, via, mark, anybody)
