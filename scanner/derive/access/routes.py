"""Shortest routes through the links into a store, and pictures of links."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping

from scanner.derive.access.links import ANYBODY, WHOEVER, Link
from scanner.findings import Chain, NodeRef, Step
from scanner.graph.estate import Estate
from scanner.graph.export import Arrow, Picture

_MOST_DRAWN = 2_000  # links; a picture with more helps nobody


class Routes:
    """The links that lead to one node, walked backwards once for each cause that is asked for."""

    def __init__(self, end: int, links: Iterable[Link]) -> None:
        self.end = end
        self.links = tuple(links)
        self._into: defaultdict[int, list[Link]] = defaultdict(list)
        self._out: defaultdict[int, list[Link]] = defaultdict(list)
        self._by_cause: defaultdict[str, list[Link]] = defaultdict(list)
        for link in self.links:
            self._into[link.target].append(link)
            self._out[link.source].append(link)
            if link.cause:
                self._by_cause[link.cause].append(link)
        self._home = self._behind([end])
        self._through: dict[str, dict[int, Link]] = {}

    def having(self, cause: str) -> list[Link]:
        """The links that a cause stands on."""
        return self._by_cause.get(cause, [])

    def route(self, start: int, cause: str) -> list[Link]:
        """The shortest route from a node to the end over a link of a cause; empty when there is none."""
        steps = self._through.get(cause)
        if steps is None:
            steps = self._through[cause] = self._toward(cause)
        found: list[Link] = []
        place = start
        while place in steps:
            found.append(steps[place])
            place = steps[place].target
            if found[-1].cause == cause:
                break
        if not found or found[-1].cause != cause:
            return []
        while place != self.end and place in self._home:
            found.append(self._home[place])
            place = self._home[place].target
        return found if place == self.end else []

    def after(self, node: int) -> list[Link]:
        """The links that leave a node."""
        return self._out.get(node, [])

    def upstream(self, causes: Iterable[str], sources: Iterable[int]) -> list[Link]:
        """Every link on some way from the sources to a link of one of the causes."""
        seen = {link.source for cause in causes for link in self.having(cause)}
        waiting = list(seen)
        while waiting:
            for link in self._into.get(waiting.pop(), ()):
                if link.source not in seen:
                    seen.add(link.source)
                    waiting.append(link.source)
        reached = seen.intersection(sources)
        waiting = list(reached)
        found: list[Link] = []
        while waiting:
            for link in self._out.get(waiting.pop(), ()):
                if link.target in seen:
                    found.append(link)
                    if link.target not in reached:
                        reached.add(link.target)
                        waiting.append(link.target)
        return found

    def _toward(self, cause: str) -> dict[int, Link]:
        """For each node behind a cause, the next link on its shortest way over it."""
        first = {link.source: link for link in reversed(self.having(cause)) if link.target in self._home or link.target == self.end}  # fmt: skip
        return self._behind(list(first), first)

    def _behind(self, ends: list[int], known: Mapping[int, Link] | None = None) -> dict[int, Link]:
        steps: dict[int, Link] = dict(known or {})
        waiting = deque(ends)
        seen = {*ends}
        while waiting:
            for link in self._into.get(waiting.popleft(), ()):
                if link.source not in seen:
                    seen.add(link.source)
                    steps[link.source] = link
                    waiting.append(link.source)
        return steps


def reference(estate: Estate, node: int) -> NodeRef:
    """A node as answers show it: an assignment by role and scope, since its principal stands before it."""
    if node == ANYBODY:
        return WHOEVER
    if estate.kind(node) != "grant":
        return estate.ref(node)
    role, scope = estate.first(node, "of-role"), estate.first(node, "at-scope")
    words = " on ".join(estate.name(part) for part in (role, scope) if part is not None)
    return NodeRef(estate.key(node), "grant", words or estate.name(node), estate.original(node))


def chain(estate: Estate, start: int, route: Iterable[Link]) -> Chain:
    """A route as a chain."""
    steps = (Step(link.edge, reference(estate, link.target), note(link)) for link in route)
    return Chain(reference(estate, start), tuple(steps))


def note(link: Link) -> str:
    said = [link.note] * bool(link.note and link.edge != "granted")  # an assignment is named by role and scope
    if link.mark in ("time-bound", "eligible", "conditional"):
        said.append(link.mark)
    elif not link.certain:
        said.append("perhaps")
    return ", ".join(said)


def picture(estate: Estate, links: Iterable[Link]) -> Picture:
    """The links drawn, each once, the first ones when there are too many."""
    drawn = sorted(dict.fromkeys(links), key=_order(estate))[:_MOST_DRAWN]
    nodes: dict[str, NodeRef] = {}
    for link in drawn:
        for node in (link.source, link.target):
            ref = reference(estate, node)
            nodes.setdefault(ref.key, ref)
    arrows = tuple(
        Arrow(reference(estate, link.source).key, estate.key(link.target), link.edge, note(link), link.certain, link.cause)
        for link in drawn
    )  # fmt: skip
    return Picture(nodes, arrows)


def _order(estate: Estate) -> Callable[[Link], tuple[str, ...]]:
    def key(link: Link) -> tuple[str, ...]:
        return reference(estate, link.source).key, link.edge, estate.key(link.target), link.cause, link.note

    return key


def named_cause(estate: Estate, cause: str) -> tuple[str, str]:
    """A cause in words, from its key alone, and what to do about it."""
    kind, _, rest = cause.partition(":")
    node = estate.node(cause)
    if node is not None:
        return estate.name(node), f"Remove {estate.name(node)}"
    first, _, second = rest.partition("|")
    names = [estate.name(node) if (node := estate.node(key)) is not None else key for key in (first, second)]
    one, other = names
    return {
        "membership": (f"{one} in {other}", f"Remove {one} from {other}"),
        "owner": (f"{one} owns {other}", f"Remove {one} as owner of {other}"),
        "identity": (f"{other} attached to {one}", f"Give {one} an identity that reaches less"),
        "credential": (f"the credential kept by {one}", f"Remove the credential from {one}, and rotate the key"),
        "setting": (f"{second} of {one}", f"Switch {second} of {one} off"),
        "trust": (f"{one} trusts {other}", f"Remove the federated credential for {other} from {one}"),
        "instance": (f"{other} is the compute instance of {one}", f"Give {other} an identity that reaches less"),
        "graph-permission": (
            f"what {one} may do by Microsoft Graph",
            f"Remove from {one} the permissions it does not need",
        ),
        "directory-role": (
            f"{one} of {'a part of ' * (second == 'in-part')}the directory",
            f"Remove {one}, or declare who holds it",
        ),
        "anonymous": (f"public access to containers of {one}", f"Switch public access of the containers of {one} off"),
        "local-user": (f"the SFTP user {second} of {one}", f"Remove the SFTP user {second} from {one}"),
        "policy": (f"the access policy of {one} for {other}", f"Remove the access policy for {other} from {one}"),
    }.get(kind, (cause, ""))
