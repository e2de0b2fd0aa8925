"""Everybody who reaches a store, as one set: no causes, no chains, no judgement; what large estates are counted with.

Rights are inherited, so the set of a store is the set of the scope above it and what its own assignments add. Who can act
as somebody in a set is inherited the same way: of a store only its own few are looked at.
"""

from __future__ import annotations

from typing import TypeVar

from pyroaring import BitMap

from scanner.derive.access import actions, direct
from scanner.derive.access.acting import Acting
from scanner.derive.access.actions import STORES
from scanner.derive.access.closure import Layers, layered, layers, united
from scanner.derive.access.held import NOBODY

_KEPT = 256
_Facts = tuple[str, str, bool]  # kind of store, access, whether its keys are refused


class Everybody:
    """Sets of identities by store, at best: doubtful steps are counted. Do not change the sets it gives out."""

    def __init__(self, acting: Acting) -> None:
        self.acting = acting
        self.engine = acting.engine
        self._behind: dict[int, Layers] | None = None
        self._plain: dict[tuple[int, _Facts], BitMap] = {}
        self._closed: dict[tuple[int, _Facts], Layers] = {}
        estate = acting.estate
        # stores that something points to, keeps a credential of or was assigned a part of
        self._pointed_at = {store for edge in ("default-store", "stored-in") for _, store in estate.pairs(edge)}
        self._pointed_at.update(store for store, _ in estate.pairs("backed-up-in"))
        self._pointed_at.update(acting.credentials.opening, self.engine.children)

    def straight(self, store: int, access: str) -> BitMap:
        """Who reaches a store without becoming anybody else."""
        facts = self._facts(store, access)
        own = store in self.engine.grants or self.engine.restricted
        above = None if own else self.engine.above(store)
        plain = self._at(store if above is None else above, facts)
        if self._like_any_other(store):
            return plain
        more = [entry.who for entry in direct.of_its_own(self.engine, self.acting.credentials, store, access)]
        return united([plain, *more]) if more else plain

    def at_all(self, store: int, access: str) -> Layers:
        """Who reaches a store by any chain."""
        above = self.engine.above(store)
        straight = self.straight(store, access)
        if above is None or self.engine.restricted:
            return self._with_those_behind(straight)
        facts = self._facts(store, access)
        inherited = self._closed_at(above, facts)
        plain = self._at(above, facts)
        extra = NOBODY if straight is plain else straight - plain
        return self._with_those_behind(extra, inherited) if extra else inherited

    def _like_any_other(self, store: int) -> bool:
        """Whether nothing but its place decides who reaches a store: `direct.of_its_own` would have no entry for it."""
        estate = self.engine.estate
        closed = estate.get(store, "public-blobs") is False and estate.get(store, "sftp") is False
        if direct.acls_count(estate, store) is not False:
            return False
        return store not in self._pointed_at and (closed or estate.kind(store) != "storage-account")

    def _facts(self, store: int, access: str) -> _Facts:
        estate = self.engine.estate
        return estate.kind(store), access, direct.keys_accepted(estate, store) is False

    def _at(self, scope: int, facts: _Facts) -> BitMap:
        """Who would reach a store of this sort right below a scope by what is assigned there and above; kept for scopes
        that hold several stores.
        """
        found = self._plain.get((scope, facts))
        if found is None:
            found = self._made(scope, facts)
            if self.engine.estate.kind(scope) not in STORES:
                _keep(self._plain, (scope, facts), found)
        return found

    def _made(self, scope: int, facts: _Facts) -> BitMap:
        kind, access, refused = facts
        rights, holders = STORES[kind], self.engine.holders
        keys = holders(scope, rights.keys_to(access))[1]
        if refused:
            keys = keys & holders(scope, rights.reopen)[1] if rights.reopen is not None else NOBODY
        sets = [holders(scope, rights.read if access == "read" else rights.write)[1], keys]
        sets += [entry.who for entry in direct.grant_self(self.engine, scope, rights, access, refused)]
        if access == "read" and kind == "storage-account":
            sets.append(holders(scope, actions.REPLICATE)[1])
        sets = [s for s in sets if s]
        return united(sets) if sets else NOBODY

    def _closed_at(self, scope: int, facts: _Facts) -> Layers:
        found = self._closed.get((scope, facts))
        if found is None:
            here = self._at(scope, facts)
            above = self.engine.above(scope)
            if above is None:
                found = self._with_those_behind(here)
            else:
                inherited = self._closed_at(above, facts)
                extra = here - self._at(above, facts)
                found = self._with_those_behind(extra, inherited) if extra else inherited
            _keep(self._closed, (scope, facts), found)
        return found

    def _with_those_behind(self, who: BitMap, inherited: Layers | None = None) -> Layers:
        """Some identities, everybody who can act as one of them, and whoever comes in anyway."""
        behind = self.behind()
        # identities of one circle share their sets: each is taken once
        sets = {id(found): found for identity in who & self.acting.actable if (found := behind[identity])}
        if inherited is not None:
            sets[id(inherited)] = inherited
        return layered([who], sets.values())

    def behind(self) -> dict[int, Layers]:
        """For each managed identity and workload everybody who can act as it, itself included."""
        if self._behind is None:
            acting = self.acting
            own = {identity: acting.actors(identity) | BitMap([identity]) for identity in acting.actable}
            self._behind = layers(own, lambda identity: own[identity] & acting.actable)
        return self._behind


_Kept = TypeVar("_Kept", BitMap, Layers)


def _keep(sets: dict[tuple[int, _Facts], _Kept], key: tuple[int, _Facts], found: _Kept) -> None:
    """Remembers a set, and forgets the rest now and then: stores of one scope are asked for one after another."""
    if len(sets) >= _KEPT:
        sets.clear()
    sets[key] = found
