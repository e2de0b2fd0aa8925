"""Two estates compared by what can be reached: who gained or lost it, and by which change.

Nodes of different estates are the same when their keys are. A reach is an identity, an access and a place: a store, an
environment for a release, or the tenant for whoever can make themselves a reader of anything in it. A change is the step
nearest the place, on the shortest chain of the estate that has the reach, that the other estate does not have.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import replace

from pyroaring import BitMap

from scanner import ids
from scanner.derive.access import tenantwide
from scanner.derive.access.answers import Change, Difference, DutiesOf, HeldDuty, Way
from scanner.derive.access.links import ANYBODY, WHOEVER, Link
from scanner.derive.access.questions import Found, Questions
from scanner.derive.access.routes import chain, named_cause, picture, reference
from scanner.derive.access.ways import WayIn
from scanner.findings import Chain, Gap, NodeRef
from scanner.graph.estate import Estate

Place = tuple[str, str]  # key of a store or environment, and access
# What a cause's kind says was added or removed.
_WHAT = {
    "grant": "assignment", "membership": "membership", "owner": "ownership", "trust": "credential", "credential": "credential",
    "identity": "identity", "instance": "compute instance", "policy": "access policy", "directory-role": "directory role",
    "graph-permission": "permission", "anonymous": "public access", "local-user": "SFTP user",
}  # fmt: skip
_HOLDING = ("holds", "may-activate", "perhaps-holds", "holds-as-declared")


def places(questions: Questions, asked: int | None, accesses: Collection[str]) -> list[Place]:
    """What is compared of an estate: the stores a node stands for, or all, and what opens them with everything else in the
    tenant; and its environments for a release.
    """
    estate = questions.estate
    found = [
        (estate.key(s), access) for access in ("read", "write") if access in accesses for s in questions.stores(asked)
    ]
    if "read" in accesses:
        found += [(estate.key(f.end), "read") for f in questions.tenant]
    if "release" in accesses:
        environments = list(estate.nodes("environment")) if asked is None else questions.environments(asked)
        found += [(estate.key(environment), "release") for environment in environments]
    return found


def compare(
    before: Questions, after: Questions, wanted: Iterable[Place], *, only: Collection[str] | None = None
) -> Difference:
    """What changed from one estate to another at some places; `only` limits it to identities by key."""
    gained, lost = _Side(after, before), _Side(before, after)
    opened: dict[tuple[str, str], Way] = {}
    closed: dict[tuple[str, str], Way] = {}
    gaps: dict[Gap, None] = {}
    groups: defaultdict[object, list[Place]] = defaultdict(list)
    for place in dict.fromkeys(wanted):
        groups[_alike(before, place), _alike(after, place), place[1]].append(place)
    for alike in groups.values():
        old, new = _found(before, alike[0]), _found(after, alike[0])
        had, has = _who(before.estate, old, only), _who(after.estate, new, only)
        gained.add(alike, new, has - had)
        lost.add(alike, old, had - has)
        _ways(after, new, old, opened, only)
        _ways(before, old, new, closed, only)
        gaps.update(dict.fromkeys((*before.gaps(old), *after.gaps(new))))
    drawn = picture(after.estate, gained.drawn)
    if not gained.drawn:
        drawn = picture(before.estate, lost.drawn)
    return Difference(
        gained.changes(), lost.changes(), tuple(opened.values()), tuple(closed.values()), (), (), tuple(sorted(gaps)), drawn
    )  # fmt: skip


def duties(before: DutiesOf, after: DutiesOf) -> tuple[tuple[HeldDuty, ...], tuple[HeldDuty, ...]]:
    """The duties of one principal that it gained, and those it lost; held in another manner is both."""

    def key(held: HeldDuty) -> tuple[str, str, str]:
        return held.duty, held.environment, held.how

    old, new = {key(h) for h in before.held}, {key(h) for h in after.held}
    return tuple(h for h in after.held if key(h) not in old), tuple(h for h in before.held if key(h) not in new)


def _found(questions: Questions, place: Place) -> list[Found]:
    node = questions.estate.node(place[0])
    if place[0] == ids.ROOT_SCOPE:
        return questions.tenant
    return questions.into([node], place[1]) if node is not None else []


def _alike(questions: Questions, place: Place) -> object:
    """Equal for places of one estate that the same ways lead into."""
    node = questions.estate.node(place[0])
    return node if node is None or place[1] == "release" or place[0] == ids.ROOT_SCOPE else questions.alike(node)


def _who(estate: Estate, found: Iterable[Found], only: Collection[str] | None) -> set[str]:
    """Keys of everybody who comes in; that of nobody in particular where no identity is needed."""
    people = BitMap().union(*(way.who for f in found for way in f.ways))
    keys = {estate.key(node) for node in people}
    if any(way.anybody for f in found for way in f.ways):
        keys.add(WHOEVER.key)
    return keys if only is None else keys & set(only)


def _ways(
    questions: Questions, mine: list[Found], theirs: list[Found], into: dict[tuple[str, str], Way], only: Collection[str] | None
) -> None:  # fmt: skip
    """Ways by which somebody comes in here, and nobody there."""
    known = {(way.cause, way.way) for f in theirs for way in f.ways}
    for way in questions.ways(mine):
        if (way.cause, way.way) in known or (way.cause, way.way) in into:
            continue
        who = way.who if only is None else tuple(ref for ref in way.who if ref.key in only)
        if who or (way.anybody and only is None):
            into[way.cause, way.way] = replace(way, who=who)


class _Side:
    """What one estate has that the other has not, gathered by change."""

    def __init__(self, mine: Questions, other: Questions) -> None:
        self.mine = mine
        self.other = other
        self.drawn: dict[Link, None] = {}
        self.by: dict[tuple[str, str], Chain] = {}
        self.reach: defaultdict[tuple[str, str], defaultdict[str, set[Place]]] = defaultdict(lambda: defaultdict(set))

    def add(self, alike: list[Place], found: list[Found], who: set[str]) -> None:
        estate = self.mine.estate
        for f in found:
            for way in f.ways:
                for node in (ANYBODY,) if way.anybody else way.who:
                    ref = reference(estate, node)
                    if ref.key in who:
                        route = f.routes.route(node, way.cause)
                        said = self._change(f, way, route)
                        self.drawn.update(dict.fromkeys(route))
                        self.by.setdefault(said, chain(estate, node, route) if route else Chain(ref))
                        self.reach[said][ref.key].update(alike)

    def _change(self, f: Found, way: WayIn, route: list[Link]) -> tuple[str, str]:
        """What the other estate lacks of a route: the step nearest the end, else what allows it to lead there."""
        estate = self.mine.estate
        if self.other.estate.node(estate.key(f.end)) is None:
            return "store", estate.name(f.end)
        for link in reversed(route):
            if link.edge in _HOLDING and (new := self._new_assignment(link.source)) is not None:
                return "assignment", estate.name(new)
            if not self._there(link):
                return _WHAT[link.cause.partition(":")[0]], named_cause(estate, link.cause)[0]
        for link in route:
            role = estate.first(link.target, "of-role") if estate.kind(link.target) == "grant" else None
            if role is not None and self._role_differs(role):
                return "role", f"what {estate.name(role)} allows"
        settings = self._settings(f.end)
        if settings:
            return "setting", f"{', '.join(settings)} of {estate.name(f.end)}"
        if estate.count("deny-assignment") != self.other.estate.count("deny-assignment"):
            return "denial", way.words
        return "setting", f"what {way.way} takes: {way.words}"

    def _there(self, link: Link) -> bool:
        """Whether the other estate has what a step rests on; what is only derived does not count."""
        kind, entry = link.cause.partition(":")[0], link.entry
        if kind == "grant":
            return self.other.estate.node(link.cause) is not None
        place = entry.place if entry is not None else link.target
        match kind:
            case "membership" | "owner":
                edges = ("member-of", "eligible-member-of") if kind == "membership" else ("may-join", "owns")
                return any(self._tied(link.source, edge, link.target) for edge in edges)
            case "trust":
                return self._tied(link.target, "trusts", link.source)
            case "instance":
                return self._tied(place, "assigned-to", link.source)
            case "directory-role":
                held = ("holds-directory-role", "eligible-for-directory-role", "holds-directory-role-in-part")
                role = entry.via if entry is not None else None
                return role is None or any(self._tied(link.source, edge, role) for edge in held)
            case "graph-permission":
                twin = self._twin(link.source)
                return twin is not None and bool(tenantwide.permissions(self.other.estate, twin))
            case "anonymous" | "local-user":
                return self._open_to_anybody(link)
            case "policy":
                return self._tied(link.source, "reads-secrets-of", place)
            case "identity":
                return self._tied(place, "has-identity", link.target)
            case "credential":
                return entry is None or entry.via is None or self._twin(entry.via) is not None
        return True

    def _open_to_anybody(self, link: Link) -> bool:
        """Whether the store has that public container, or user of SFTP, in the other estate as well."""
        store, name = self._twin(link.target), link.cause.rpartition("|")[2]
        if store is None:
            return False
        attribute = "anonymous-containers" if link.edge == "anonymous" else "local-users"
        found = self.other.estate.get(store, attribute)
        return bool(found) if link.edge == "anonymous" else isinstance(found, frozenset) and name in found

    def _twin(self, node: int) -> int | None:
        return self.other.estate.node(self.mine.estate.key(node))

    def _tied(self, source: int, edge: str, target: int) -> bool:
        one, other = self._twin(source), self._twin(target)
        return one is not None and other is not None and other in self.other.estate.neighbours(one, edge)

    def _new_assignment(self, principal: int) -> int | None:
        """An assignment of a principal that the other estate lacks."""
        held = self.mine.estate.neighbours(principal, "granted")
        return next((grant for grant in held if self._twin(grant) is None), None)

    def _role_differs(self, role: int) -> bool:
        there = self._twin(role)
        if there is None:
            return False
        return bool(self.mine.estate.get(role, "permissions") != self.other.estate.get(there, "permissions"))

    def _settings(self, store: int) -> list[str]:
        mine, other = self.mine.estate, self.other.estate
        there = other.node(mine.key(store))
        declared = mine.ontology.kinds[mine.kind(store)].attributes
        return sorted(
            name for name, attribute in declared.items()
            if attribute.type == "boolean" and attribute.arm and there is not None and mine.get(store, name) != other.get(there, name)
        )  # fmt: skip

    def changes(self) -> tuple[Change, ...]:
        """One row for each change and set of places."""
        made = []
        for said, people in self.reach.items():
            alike: defaultdict[frozenset[Place], list[str]] = defaultdict(list)
            for key, where in people.items():
                alike[frozenset(where)].append(key)
            for wheres, keys in alike.items():
                who = sorted((self._ref(key) for key in keys), key=lambda ref: (ref.name.casefold(), ref.key))
                reach = sorted(((access, self._ref(key)) for key, access in wheres), key=lambda r: (r[1].name, r[0]))
                made.append(Change(tuple(who), tuple(reach), *said, self.by[said]))
        return tuple(sorted(made, key=lambda c: (-len(c.who), c.words, c.who[0].name, c.reach[0][1].name)))

    def _ref(self, key: str) -> NodeRef:
        node = self.mine.estate.node(key)
        if node is None:
            return WHOEVER if key == WHOEVER.key else NodeRef(key, "missing", key)
        return self.mine.estate.ref(node)
