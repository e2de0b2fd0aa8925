"""The page that answers about access are written on: wrapped lines, lists of names that are cut, and words for counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from scanner.derive.access.answers import Change, HeldDuty, Way
from scanner.derive.access.links import WHOEVER
from scanner.findings import Gap, NodeRef, Step
from scanner.graph.ontology import WAYS
from scanner.render.terminal import styled

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_NAMES = 4  # names in a list that is cut


class Page:
    """A console, how much is to be shown on it, and what is special about whom it names."""

    def __init__(self, console: Console, verbose: int) -> None:
        self.console = console
        self.verbose = verbose
        self.marks: Mapping[str, Sequence[str]] = {}

    def gaps(self, gaps: Sequence[Gap]) -> Iterator[Text]:
        shown = gaps if self.verbose else gaps[:5]
        for gap in shown:
            settle = f"; {gap.permission} there would settle it" if gap.permission else ""
            yield styled(
                ("unknown: ", "magenta"),
                f"{gap.kind.replace('-', ' ')}s of {gap.scope} could not be read ({gap.reason}){settle}",
            )
        if len(shown) < len(gaps):
            yield styled((f"and {len(gaps) - len(shown)} more lists; -v shows all", "dim"))

    def names(self, nodes: Sequence[NodeRef], most: int = _NAMES) -> str:
        shown = list(nodes) if self.verbose or len(nodes) <= most + 1 else list(nodes)[:most]
        names = [
            node.name + (f" ({', '.join(marks)})" if (marks := self.marks.get(node.key)) else "") for node in shown
        ]
        if len(shown) < len(nodes):
            return f"{', '.join(names)} and {len(nodes) - len(shown)} more"
        return ", ".join(names)

    def wrapped(
        self, head: tuple[str | tuple[str, str], ...], body: str, style: str = "", between: str = ""
    ) -> Iterator[Text]:
        """Head and body, the body wrapped below itself; a word that is longer than a line leaves all as it is."""
        first = styled(*head, *([between] if head and body else []))
        rest = styled((body, style))
        indent = len(first.plain) if len(first.plain) <= self.console.width // 3 else 6
        room = self.console.width - indent
        if len(first.plain) + len(rest.plain) <= self.console.width or any(
            len(word) > room for word in rest.plain.split()
        ):
            yield first + rest
            return
        whole = first + rest
        pieces = whole.wrap(self.console, self.console.width) if indent == 6 and len(first.plain) != 6 else None
        if pieces is not None and len(pieces) > 1:
            lead = pieces[0]
            lead.rstrip()
            yield lead
            tail = whole[len(lead.plain) :]
            for piece in stripped(tail).wrap(self.console, room):
                piece.rstrip()
                yield styled(" " * indent) + piece
            return
        for number, piece in enumerate(rest.wrap(self.console, room)):
            piece.rstrip()
            yield (first if number == 0 else styled(" " * indent)) + piece


def stripped(text: Text) -> Text:
    return text[len(text.plain) - len(text.plain.lstrip()) :]


def grouped(ways: Iterable[Way]) -> list[list[Way]]:
    """Ways of one cause, row and certainty together, the one with the shortest chain first; to data and to a release apart."""
    found: dict[tuple[object, ...], list[Way]] = {}
    for way in ways:
        found.setdefault((way.cause, way.row, way.who, way.certain, way.access == "release"), []).append(way)
    return [sorted(group, key=plainness) for group in found.values()]


def plainness(way: Way) -> tuple[bool, int, int]:
    """What is shown of several ways of one cause: one that needs nothing more, short, and early in the ontology's order."""
    order = WAYS.index(way.way) if way.way in WAYS else len(WAYS)
    return way.mark == "can-reopen", len(way.chain.steps), order


def identities(ways: Iterable[Way]) -> set[NodeRef]:
    return {ref for way in ways for ref in way.who}


def people(changes: Iterable[Change]) -> set[NodeRef]:
    return {ref for change in changes for ref in change.who}


def counted(who: Iterable[NodeRef]) -> str:
    """`3 people and 1 workload`; `anybody, 3 people and 1 workload` where whoever comes without an identity is among them."""
    known = set(who)
    kinds = [ref.kind for ref in known if ref != WHOEVER]
    people, workloads = kinds.count("user"), sum(kind != "user" for kind in kinds)
    parts = ["anybody"] * (WHOEVER in known) + [plural(people, "person", "people")] * bool(people)
    return listed(parts + [plural(workloads, "workload", "workloads")] * bool(workloads))


def plural(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def reason(held: HeldDuty) -> str:
    """The chain of a duty, without what it says of itself."""
    *before, last = held.chain.steps
    groups = (membership(step) for step in before)
    return " → ".join([held.chain.start.name, *groups, last.note or last.node.name])


def membership(step: Step) -> str:
    """The group of a step into one, and how one is in it where that takes something first."""
    if step.edge == "may-join":
        return f"may join {step.node.name} {step.note}".rstrip()
    return f"{step.node.name} (eligible)" if step.edge == "eligible-member-of" else step.node.name
