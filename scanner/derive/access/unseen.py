"""What nobody could see and what it might open: a stand-in opening for each way that an unread list could hide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scanner.derive.access import direct
from scanner.derive.access.acting import Acting
from scanner.derive.access.actions import STORES
from scanner.derive.access.approval import Target
from scanner.derive.access.engine import RIGHTS, Engine
from scanner.derive.access.entries import Entry
from scanner.derive.access.spread import Spread

# Unread lists of hosts: an identity that stands alone may be attached to one of them, where somebody acts or may give
# themselves a role.
_HOSTING = {
    "workspace": ("run-as-compute", "grant-self"),
    "compute": ("run-as-compute", "grant-self"),
    "online-endpoint": ("run-as-endpoint", "grant-self"),
    "search-service": ("act-on-host", "grant-self"),
    "model-account": ("act-on-host", "grant-self"),
    "resource": ("act-on-host", "grant-self"),
}
# Unread lists of what keeps credentials: one of them may open any store whose keys work.
_KEEPING = {
    "workspace": ("stored-credential", "run-as-compute", "grant-self"),
    "datastore": ("stored-credential", "run-as-compute", "grant-self"),
    "connection": ("stored-credential", "grant-self"),
}
# Unread lists that may hold data, say whose it is, or lead to it.
LEADING = (*STORES, "resource-group", *_HOSTING, *_KEEPING)
# What opens an account to whoever comes without an identity of the directory: its setting, the unread list, and the way.
_AROUND = (("public-blobs", "anonymous-containers", "anonymous"), ("sftp", "local-users", "local-user"))


class Possible:
    """Ties stores to stand-ins: edges that rest on a gap, so that exactly the rules about a way become unknown."""

    def __init__(self, engine: Engine, acting: Acting) -> None:
        self.engine = engine
        self.estate = engine.estate
        self.acting = acting
        self.wide = acting.wide  # it has an entry, too, for a group without members that somebody may own
        self._made: dict[str, int] = {}
        self._tied: set[tuple[int, int]] = set()
        self._unread = sorted(set(self.estate.unread))

    def straight(self, stores: list[int], target: Target, access: str) -> None:
        """What could open stores further, straight: unread keepers of credentials, places of entries, owners of groups."""
        if self.estate.gaps:
            entries = list(direct.into(self.wide.engine, self.wide.credentials, stores[0], access))
            elsewhere = direct.elsewhere(self.wide.engine, self.wide.credentials, stores[0], access)
            found = dict.fromkeys((*self._kept(stores[0]), *self._unread_at(elsewhere), *self._joining(entries)))
            self._tie(found, target, access, stores)
            if access == "read":
                for store in stores:
                    self._tie(dict.fromkeys(self._around(store)), target, access, [store])

    def through(self, spread: Spread) -> None:
        """What could open them through identities that reach them: unread hosts, owners, trusts, and rights on hosts."""
        if not self.estate.gaps:
            return
        for identity, stores in spread.reached().items():
            self._tie(dict.fromkeys(self._behind(identity)), spread.target, spread.access, stores)

    def _tie(self, found: Iterable[tuple[str, int]], target: Target, access: str, stores: Iterable[int]) -> None:
        for way, gap in found:
            node = self._node(target, way, access, gap)
            for store in stores:
                if (store, node) not in self._tied:
                    self._tied.add((store, node))
                    self.estate.connect(store, "perhaps-opened-by", node, gap=gap)

    def _kept(self, store: int) -> Iterator[tuple[str, int]]:
        if direct.keys_accepted(self.estate, store) is not False:
            for kind, gap in self._unread:
                for way in _KEEPING.get(kind, ()):
                    yield way, gap

    def _around(self, store: int) -> Iterator[tuple[str, int]]:
        """Containers and users of SFTP that were not listed, where the account's settings let them open it."""
        estate = self.estate
        if estate.kind(store) == "storage-account":
            for setting, listed, way in _AROUND:
                if estate.get(store, setting) is not False:
                    for gap in estate.gaps_at(store, listed):
                        yield way, gap

    def _behind(self, identity: int) -> Iterator[tuple[str, int]]:
        """An identity that reaches the store may have hosts, owners or trusts that were not listed."""
        estate = self.estate
        for edge in ("trusts", "owned-by"):
            for gap in estate.gaps_at(identity, edge):
                yield "federate", gap
        for kind, gap in self._unread if estate.get(identity, "user-assigned") is True else ():
            for way in _HOSTING.get(kind, ()):
                yield way, gap
        places = [(place, way) for place, _, way, _ in self.acting.places(identity)]
        for credential in self.acting.credentials.signing_in.get(identity, ()):
            places += direct.used_at(estate, credential)
        yield from self._unread_at((*places, *((place, "grant-self") for place, _ in places)))
        yield from self._joining(self.wide.entries(identity))

    def _unread_at(self, places: Iterable[tuple[int, str]]) -> Iterator[tuple[str, int]]:
        """Assignments nobody could read at a workspace or vault that leads here: nobody may be seen to hold any there."""
        for place, way in dict.fromkeys(places):
            for gap in self.engine.gaps(place, RIGHTS):
                yield way, gap

    def _joining(self, entries: Iterable[Entry]) -> Iterator[tuple[str, int]]:
        """Owners of a group that comes in, where nobody could list them."""
        estate = self.estate
        if "may-be-joined-by" not in estate.gap_names:
            return
        for entry in entries:
            if entry.source is not None:
                for group in self.engine.inner_groups(entry.source):
                    for gap in estate.gaps_at(group, "may-be-joined-by"):
                        yield entry.way, gap

    def _node(self, target: Target, way: str, access: str, gap: int) -> int:
        known = self.estate.gaps[gap]
        classes = "+".join(sorted(target.classes)) or "-"
        key = f"opening:{target.environment or '-'}|{classes}|{way}|{access}|unread:{known.kind}|{known.scope}"
        node = self._made.get(key)
        if node is None:
            node = self._made[key] = self.estate.add("opening", key)
            self.estate.write(node, (
                ("name", f"what {known.kind} of {known.scope} may hold"), ("way", way), ("access", access), ("approved", False),
                ("residual", False), ("platform", False), ("cause", f"what {known.kind} of {known.scope} may hold"),
                ("opened-to", "somebody"), ("environment", target.environment), ("data-classes", target.classes or None),
            ))  # fmt: skip
        return node
