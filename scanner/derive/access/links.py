"""Every step that leads into a store, as a small graph: what questions, choke points and pictures are made of.

The sets of `spread` say who comes in; this says by which steps, for one store at a time. Both come from the same entries.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass

from pyroaring import BitMap

from scanner.derive.access.acting import Acting
from scanner.derive.access.actions import STORES
from scanner.derive.access.chains import becomes, reaches
from scanner.derive.access.entries import Entry
from scanner.derive.access.held import NOBODY
from scanner.findings import NodeRef
from scanner.graph.estate import Estate

ANYBODY = -1  # whoever it is: a link from here needs no identity at all
WHOEVER = NodeRef("anybody", "outside-subject", "anybody")  # the same, as answers name them


@dataclass(frozen=True, slots=True)
class Link:
    """One step from node to node of the estate. `cause` is what removes it, empty when nothing does.

    `mark` says how the step is held, `entry` what it rests on where it is more than membership. What is not `certain`
    rests on a condition or on something unread.
    """

    source: int
    target: int
    edge: str
    note: str = ""
    cause: str = ""
    certain: bool = True
    mark: str | None = None
    entry: Entry | None = None

    @property
    def removable(self) -> bool:
        return bool(self.cause)


def into(acting: Acting, store: int, access: str) -> tuple[Link, ...]:
    """All links from which the data of a store can be read, or written, closed backwards to the people.

    Every identity that comes in is the source of a link, and every walk along the links is a chain that holds.
    """
    estate = acting.estate
    found: dict[Link, None] = {}
    groups: set[int] = set()
    seen: set[int] = set()
    waiting = [(acting.into(store, access), store)]
    for entries, target in waiting:
        whole = _whole(acting, entries)
        carriers: set[int] = set()
        for entry in entries:
            found.update(dict.fromkeys(_of_entry(acting, entry, target, access, whole)))
            carriers.update(entry.who & acting.actable)
            if entry.source is not None and estate.kind(entry.source) == "group":
                for link in _into_group(acting, entry.source, groups):
                    found[link] = None
                    if link.source in acting.actable:
                        carriers.add(link.source)
        for identity in sorted(carriers - seen):
            seen.add(identity)
            waiting.append((list(acting.steps(identity)), identity))
    return tuple(found)


def _whole(acting: Acting, entries: Iterable[Entry]) -> set[tuple[str, str]]:
    """Causes and ways of assignments that let in everybody they are made to: those share the links of their groups."""
    plain: defaultdict[tuple[str, str, int], BitMap] = defaultdict(BitMap)
    wide: defaultdict[tuple[str, str, int], BitMap] = defaultdict(BitMap)
    for entry in entries:
        if entry.grant is not None:
            key = (entry.cause, entry.way, entry.grant.principal)
            wide[key] |= entry.who
            plain[key] |= NOBODY if entry.joined else entry.who
    return {
        (cause, way) for (cause, way, principal), who in wide.items()
        if plain[cause, way, principal] == acting.engine.members(principal) and who == acting.wide.engine.members(principal)
    }  # fmt: skip


def sources(acting: Acting, links: Iterable[Link]) -> frozenset[int]:
    """The identities that links start from; `ANYBODY` among them where no identity is needed."""
    estate = acting.estate
    return frozenset(
        link.source for link in links if link.source == ANYBODY or estate.kind(link.source) not in ("group", "grant")
    )


def _of_entry(acting: Acting, entry: Entry, target: int, access: str, whole: Set[tuple[str, str]]) -> Iterator[Link]:
    """The links of one entry. Where denials leave only some of a group, each of those has a link of their own."""
    estate, engine = acting.estate, acting.engine
    note = becomes(entry) if entry.acts_as is not None else reaches(entry, access)
    if entry.anybody:
        yield Link(ANYBODY, target, entry.way, note, entry.cause, entry.certain, None, entry)
    elif entry.grant is None:
        source = entry.source if entry.source is not None else entry.place
        yield Link(source, target, entry.way, note, entry.cause, entry.certain, entry.mark, entry)
    elif (entry.cause, entry.way) in whole or entry.who == engine.members(entry.grant.principal):
        grant = entry.grant
        role = f"{estate.name(grant.role)} on {estate.name(grant.scope)}"
        yield Link(grant.principal, grant.node, "granted", role, entry.cause, True, grant.mark)
        yield Link(grant.node, target, entry.way, note, _setting(estate, entry), entry.certain, entry.mark, entry)
    else:
        for identity in entry.who:
            mark = "may-join" if entry.joined else entry.mark
            yield Link(identity, target, entry.way, note, entry.cause, entry.certain, mark, entry)


def _setting(estate: Estate, entry: Entry) -> str:
    """What else than the assignment could be removed: an attached identity, a stored credential, the keys of a store."""
    if entry.via is not None and estate.kind(entry.via) in ("datastore", "connection"):
        return f"credential:{estate.key(entry.via)}"
    if entry.acts_as is not None:
        own = estate.kind(entry.place) in ("user-assigned-identity", "service-principal")
        return "" if own else f"identity:{estate.key(entry.place)}|{estate.key(entry.acts_as)}"
    if entry.way in ("account-key", "workspace-keys") and entry.mark != "can-reopen":
        store = entry.place if entry.way == "account-key" else estate.first(entry.place, "default-store")
        attribute = STORES[estate.kind(store)].keys_open if store is not None and estate.kind(store) in STORES else ""
        return f"setting:{estate.key(store)}|{attribute}" if store is not None and attribute else ""
    return ""


def _into_group(acting: Acting, group: int, seen: set[int]) -> Iterator[Link]:
    """Members of a group and of the groups nested in it, those eligible for membership, and those who may add themselves,
    with the members of their groups.
    """
    estate = acting.estate
    waiting = [group]
    for outer in waiting:
        for inner in acting.engine.inner_groups(outer):
            if inner in seen:
                continue
            seen.add(inner)
            key = estate.key(inner)
            eligible = set(estate.neighbours(inner, "has-eligible-member"))
            for member in dict.fromkeys((*estate.neighbours(inner, "has-member"), *sorted(eligible))):
                edge, mark = ("eligible-member-of", "eligible") if member in eligible else ("member-of", None)
                # nobody can take out of a group somebody nobody could see in it
                cause = "" if member in acting.engine.unseen else f"membership:{estate.key(member)}|{key}"
                yield Link(member, inner, edge, "", cause, True, mark)
            for owner in dict.fromkeys(estate.neighbours(inner, "may-be-joined-by")):
                yield Link(
                    owner, inner, "may-join", "as its owner", f"owner:{estate.key(owner)}|{key}", True, "may-join"
                )
                if estate.kind(owner) == "group":
                    waiting.append(owner)
