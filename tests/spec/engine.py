"""What the engine says, in the words of the specification."""

from __future__ import annotations

from collections.abc import Iterable

from pyroaring import BitMap

from scanner.derive import access
from scanner.derive.access import direct, links
from scanner.derive.access.approval import Target
from scanner.derive.access.entries import Entry
from scanner.derive.access.everybody import Everybody
from scanner.derive.access.spread import Spread
from scanner.graph.estate import Estate
from tests.spec.access import Answer, strongest
from tests.spec.approval import Opened
from tests.spec.reach import ANYBODY

Steps = dict[tuple[str, str, str, str], Answer]


class Engine:
    """One estate, asked."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self.access = access.derive(estate)

    def into_store(self, store: str, what: str) -> Steps:
        found = direct.into(self.access.engine, self.access.acting.credentials, self._node(store), what)
        return self._steps((entry, store) for entry in found)

    def into_identities(self) -> Steps:
        acting = self.access.acting
        return self._steps((entry, self.estate.key(x)) for x in acting.actable for entry in acting.entries(x))

    def reach(self, store: str, what: str) -> dict[str, Answer]:
        """From the steps straight in, and the sets of who can become whom."""
        acting, found = self.access.acting, dict[str, Answer]()
        for (who, _, _, _), answer in self.into_store(store, what).items():
            people = {who: answer}
            node = self.estate.node(who)
            if node is not None and node in acting.actable:
                for certain in (False, True):
                    for x in acting.behind(node, certain):
                        sure: Answer = "yes" if certain and answer == "yes" else "perhaps"
                        people[self.estate.key(x)] = sure
                        for entry in acting.entries(x):
                            for actor in entry.who:
                                key = self.estate.key(actor)
                                mine: Answer = "yes" if sure == "yes" and entry.certain else "perhaps"
                                people[key] = strongest((mine, people.get(key, "no")))
            for person, sure in people.items():
                found[person] = strongest((sure, found.get(person, "no")))
        return found

    def reach_at_best(self, store: str, what: str) -> frozenset[str]:
        """The sets that large estates are counted with."""
        return frozenset(map(self.estate.key, Everybody(self.access.acting).at_all(self._node(store), what).whole()))

    def reach_by_links(self, store: str, what: str, *, joining: bool) -> dict[str, Answer]:
        """By walking the links that questions at the terminal are answered with, back from the store."""
        every = [
            link
            for link in links.into(self.access.acting, self._node(store), what)
            if joining or (link.edge != "may-join" and link.mark != "may-join")
        ]
        found: dict[int, Answer] = {self._node(store): "yes"}
        for wanted in ("yes", "perhaps"):
            waiting = list(found)
            for here in waiting:
                for link in every:
                    if link.target == here and (link.certain or wanted == "perhaps") and link.source not in found:
                        found[link.source] = "yes" if wanted == "yes" else "perhaps"
                        waiting.append(link.source)
        sources = links.sources(self.access.acting, every)
        return {ANYBODY if n == links.ANYBODY else self.estate.key(n): a for n, a in found.items() if n in sources}

    def openings(self, store: str, what: str) -> dict[Opened, dict[str, Answer]]:
        """Whom it sorts out as unwanted, all stores of the same environment and classes judged together."""
        node, estate = self._node(store), self.estate
        target = self._target(node)
        spread = Spread(self.access.judge(target, what))
        for other in estate.nodes("data-store"):
            if self._target(other) == target:
                spread.add(BitMap([other]), self.access.acting.into(other, what))
        found: dict[Opened, dict[str, Answer]] = {}
        for part in spread.parts():
            if part.state is None and node in part.stores:
                people = found.setdefault(Opened(part.cause.cause, part.way), {})
                for who in [ANYBODY] if part.cause.anybody else map(estate.key, part.who):
                    people[who] = strongest(("yes" if part.certain else "perhaps", people.get(who, "no")))
        return {opened: people for opened, people in found.items() if people}

    def findings(self, store: str) -> dict[tuple[str, str, str], Answer]:
        """The openings rules see at a store: access, cause, way."""
        estate, found = self.estate, dict[tuple[str, str, str], Answer]()
        for edge, answer in (("perhaps-opened-by", "perhaps"), ("opened-by", "yes")):
            for opening in estate.neighbours(self._node(store), edge):
                _, _, way, what, *cause = estate.key(opening).split("|")
                found[what, "|".join(cause), way] = "yes" if answer == "yes" else "perhaps"
        return found

    def _steps(self, entries: Iterable[tuple[Entry, str]]) -> Steps:
        found: Steps = {}
        for entry, into in entries:
            for who in [ANYBODY] if entry.anybody else map(self.estate.key, entry.who):
                key = (who, into, entry.way, entry.cause)
                found[key] = strongest(("yes" if entry.certain else "perhaps", found.get(key, "no")))
        return found

    def _target(self, store: int) -> Target:
        environment = self.estate.get(store, "environment")
        return Target(
            environment if isinstance(environment, str) else None, self.estate.get(store, "data-classes"), None
        )

    def _node(self, key: str) -> int:
        node = self.estate.node(key)
        assert node is not None
        return node
