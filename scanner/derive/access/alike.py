"""Stores that nothing tells apart: whatever reaches one of them reaches all by the same entries, so it is asked once."""

from __future__ import annotations

from scanner.derive.access import direct
from scanner.derive.access.credentials import Credentials
from scanner.derive.access.engine import Engine
from scanner.graph.estate import UNSET


class Alike:
    """Remembers for each scope the nearest one from there up at which anything was said."""

    def __init__(self, engine: Engine, credentials: Credentials) -> None:
        self.engine = engine
        self.credentials = credentials
        self._effective: dict[int, int] = {}

    def signature(self, store: int) -> object:
        """Equal for stores that the same entries reach; the store itself when it has something of its own."""
        engine, estate = self.engine, self.engine.estate
        above = engine.above(store)
        if above is None or self._alone(store):
            return store
        facts = (estate.get(store, "public-blobs"), estate.get(store, "sftp"))
        if UNSET in facts and estate.kind(store) == "storage-account" and estate.gaps_at(store, "*"):
            return store
        accepted = direct.keys_accepted(estate, store)
        return (estate.kind(store), accepted, *map(str, facts), self._nearest(above))

    def _alone(self, store: int) -> bool:
        engine, estate = self.engine, self.engine.estate
        return bool(
            store in engine.grants or store in engine.denies or store in engine.children or store in self.credentials.opening
            or estate.neighbours(store, "default-store-of") or estate.neighbours(store, "stores")
            or direct.keys_accepted(estate, store) is None or estate.gaps_at(store, "scope-of") or estate.gaps_at(store, "contained-in")
            or direct.acls_count(estate, store) is not False or estate.neighbours(store, "backed-up-in")
            or estate.get(store, "anonymous-containers") or estate.get(store, "local-users")
        )  # fmt: skip

    def _nearest(self, scope: int) -> int:
        found = self._effective.get(scope)
        if found is None:
            estate = self.engine.estate
            said = scope in self.engine.grants or scope in self.engine.denies
            said = said or bool(estate.gaps_at(scope, "scope-of") or estate.gaps_at(scope, "contained-in"))
            above = None if said else self.engine.above(scope)
            found = self._effective[scope] = scope if above is None else self._nearest(above)
        return found
