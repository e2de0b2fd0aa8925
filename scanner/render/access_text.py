"""Answers about access as people read them: a sentence first, then who, by which chain, and what the scenario says of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from scanner import __version__
from scanner.derive.access.answers import Answer, Change, Choke, Difference, DutiesOf, HeldDuty, Paths, Way, WhoCan
from scanner.errors import Span
from scanner.findings import Chain, Gap, NodeRef
from scanner.graph.ontology import WAYS
from scanner.render.terminal import styled

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from scanner.render.access import Asked

_STATES = {
    "unwanted": ("Not wanted", "✗", "red"), "approved": ("Wanted", "✓", "green"),
    "own": ("Workloads of the environment itself", "✓", "green"), "residual": ("Administrators, by what they administer", "~", "blue"),
    "break-glass": ("Emergency accounts", "~", "blue"), "platform": ("The platform and declared services", "·", "dim"),
}  # fmt: skip
_SHORT = ("own", "break-glass", "platform")  # named in one line unless everything is to be shown
_MOST = 8  # ways of one kind that are drawn
_NAMES = 4  # names in a list that is cut
_HOW = {
    "holds": ("✗", "now"), "may-activate": ("✗", "after activating it"), "may-hold": ("?", "as far as could be read, or under a condition"),
    "holds-as-declared": ("✓", "as the scenario declares, or by the platform"),
}  # fmt: skip
_BARE = (
    "reaches",
    "holds",
    "may-activate",
    "may-hold",
    "holds-as-declared",
)  # steps whose note says more than the node they lead to


def lines(answer: Answer, change: Difference | None, asked: Asked, console: Console, verbose: int) -> Iterator[Text]:
    """Every line of an answer, wrapped for the console."""
    yield styled((f"mlposture {__version__}", "bold"), f"  {asked.scenario}", (f"  {asked.scenario_file}", "dim"))
    yield styled((f"tenant {asked.tenant}, read {asked.read or 'at an unknown time'}", "dim"))
    said = [f"without `{spec}`" for spec in asked.without] + [f"with `{spec}`" for spec in asked.added]
    if said:
        yield styled((f"as it would be {' and '.join(said)}", "yellow"))
    yield styled("")
    out = _Writer(console, verbose, asked.scenario_file)
    match answer:
        case WhoCan():
            yield from out.who_can(answer)
        case Paths():
            yield from out.paths(answer)
        case DutiesOf():
            yield from out.duties(answer)
        case Choke():
            yield from out.choke(answer)
        case Difference():
            yield from out.difference(answer)
    if change is not None:
        yield from out.what_if(change)
    yield from out.gaps(answer.gaps or (change.gaps if change is not None else ()))
    if isinstance(answer, WhoCan):
        yield from out.wrapped((("not seen: ", "dim"),), "; ".join(answer.blind), "dim")


class _Writer:
    def __init__(self, console: Console, verbose: int, file: str) -> None:
        self.file = file
        self.console = console
        self.verbose = verbose
        self.marks: Mapping[str, Sequence[str]] = {}

    # -- who can, and by which paths ------------------------------------------------------------------------------

    def who_can(self, answer: WhoCan) -> Iterator[Text]:
        self.marks = answer.marks
        everybody = _identities(answer.ways)
        unwanted = _identities(w for w in answer.ways if w.state == "unwanted")
        verb = {"read": "read", "write": "write", "release": "release to"}[answer.access]
        about = f" ({answer.about})" if answer.about else ""
        seen = "at least " if answer.gaps else ""
        anybody = any(way.anybody for way in answer.ways)
        many = "anybody" if anybody else f"{seen}{_counted(everybody)}" if everybody else "nobody that could be seen" if answer.gaps else "nobody"  # fmt: skip
        yield from self.wrapped(
            (),
            f"{_capital(many)} can {verb} {answer.asked.name}{about}; {self._verdict(everybody, unwanted, bool(answer.gaps))}",
            "bold",
        )
        if not answer.targets:
            yield styled((f"there is no data store behind {answer.asked.name}", "yellow"))
        yield styled("")
        yield from self._by_state(answer.ways, len(answer.targets))
        yield from self._above(answer.above)

    def _verdict(self, everybody: set[NodeRef], unwanted: set[NodeRef], gaps: bool) -> str:
        if not everybody:
            return "nothing to object to."
        if not unwanted:
            return f"the scenario or the platform accounts for all {'that could be seen' if gaps else 'of them'}."
        return f"{_counted(unwanted)} should not."

    def paths(self, answer: Paths) -> Iterator[Text]:
        self.marks = answer.marks
        name, asked = answer.principal.name, answer.asked.name
        verbs = [v for v in ("read", "write", "release") if any(w.access == v for w in answer.ways)]
        if not answer.ways:
            unseen = ", as far as could be read" if answer.gaps else ""
            yield styled((f"{name} has no way to {asked}{unseen}", "bold"))
        else:
            causes = {way.cause for way in answer.ways}
            unwanted = {way.cause for way in answer.ways if way.state == "unwanted"}
            by = "1 cause" if len(causes) == 1 else f"{len(causes)} causes"
            some = (
                "not wanted"
                if len(unwanted) == len(causes)
                else f"{len(unwanted)} of them not wanted"
                if unwanted
                else "accounted for"
            )
            yield from self.wrapped((), f"{name} can {_listed(verbs)} {asked}, by {by}, {some}.", "bold")
        yield styled("")
        if answer.ways:
            yield from self._by_state(answer.ways, len(answer.targets), whole=True)
        yield from self._above(answer.above)

    def _by_state(self, ways: Sequence[Way], targets: int, *, whole: bool = False) -> Iterator[Text]:
        for state, (title, mark, style) in _STATES.items():
            groups = _grouped([way for way in ways if way.state == state])
            if not groups:
                continue
            if state in _SHORT and not (self.verbose or whole):
                names = _identities(way for group in groups for way in group)
                yield from self.wrapped(((title, "bold"), "  "), self._names(sorted(names, key=lambda r: r.name), 6))
                continue
            yield styled((title, "bold"))
            shown = groups if self.verbose else groups[:_MOST]
            for group in shown:
                yield from self._way(group, mark, style, targets, whole)
            if len(shown) < len(groups):
                yield styled((f"  and {len(groups) - len(shown)} more; -v shows all", "dim"))

    def _above(self, ways: Sequence[Way]) -> Iterator[Text]:
        """Who can make itself a reader of anything in the tenant: one line, since it is so for every store."""
        for title, some in (
            ("Not wanted, by the directory", [way for way in ways if way.state == "unwanted"]),
            ("By the directory, as declared", [way for way in ways if way.state != "unwanted"]),
        ):
            who = sorted(_identities(some), key=lambda ref: ref.name)
            if who:
                causes = list(dict.fromkeys(way.words.rstrip(",") for way in some))
                yield from self.wrapped(((title, "bold"), "  "), f"{self._names(who, 6)}: {'; '.join(causes[:2])}")

    def _way(self, group: Sequence[Way], mark: str, style: str, targets: int, whole: bool) -> Iterator[Text]:
        """One cause: who, what the scenario says, and the chain. Several ways that it opens follow in short."""
        way = group[0]
        who = "anybody, without signing in" if way.anybody else self._names(way.who)
        tail = []
        if whole:
            tail.append(_listed(sorted({one.access for one in group})))
        if not way.certain:
            tail.append("perhaps")
        if 0 < len(way.targets) < targets or (len(way.targets) > 1 and whole):
            tail.append(f"of {self._names(way.targets, 3)}")
        if way.row:
            tail.append(f"as {way.row}" + self._place(way.line))
        yield from self.wrapped(
            ((f"  {'?' if not way.certain and mark == '✗' else mark} ", style), (who, "bold")),
            ", ".join(tail),
            "dim",
            "  ",
        )
        yield from self.wrapped(("      ",), self.chain(way.chain, name=len(way.who) > 1))
        others = list(dict.fromkeys(one.way for one in group if one.way != way.way))
        if others:
            yield from self.wrapped((("      also by ", "dim"),), _listed(others), "dim")
        if way.fix and (whole or self.verbose):
            yield styled(("      fix  ", "dim"), way.fix)

    def _place(self, line: Span | None) -> str:
        """The line that wants it; the scenario's own file stands above."""
        if line is None:
            return ""
        return f", says line {line.line}" if line.file == self.file else f", says {line.file}:{line.line}"

    def chain(self, chain: Chain, *, name: bool = True) -> str:
        """The steps in one line; the start's name only where it is not said before."""
        parts = [chain.start.name] if name else []
        for step in chain.steps:
            note = step.note
            if step.edge == "granted" and step.node.kind != "grant":
                parts.append(f"{step.node.name} {note}")
            elif step.edge in _BARE and note:
                parts.append(note)
            elif step.edge == "may-join":
                parts.append(f"may join {step.node.name} {note}".rstrip())
            elif step.edge == "runs-as":
                parts.append(f"as {step.node.name}")
            else:
                parts.append(step.node.name + (f" ({note})" if note else ""))
        return " → ".join(parts) or chain.start.name

    # -- duties ---------------------------------------------------------------------------------------------------

    def duties(self, answer: DutiesOf) -> Iterator[Text]:
        name = answer.principal.name
        environments = sorted({h.environment for h in answer.held})
        if not answer.held:
            yield styled((f"{name} holds no duty{' that could be seen' if answer.gaps else ''}", "bold"))
        else:
            yield from self.wrapped(
                (),
                f"{name} holds {_listed(sorted({h.duty for h in answer.held}))}, in {_listed(environments)}.",
                "bold",
            )
        yield styled("")
        for environment in environments:
            yield styled((environment, "bold"))
            alike: dict[tuple[str, str], list[HeldDuty]] = {}
            for held in answer.held:
                if held.environment == environment:
                    alike.setdefault((held.how, self._why(held)), []).append(held)
            for (how, why), held_ in alike.items():
                mark, when = _HOW[how]
                plain = mark if how == "may-hold" else "·"
                yield from self.wrapped(
                    ((f"  {plain} ", "magenta" if plain == "?" else "dim"), _listed([h.duty for h in held_])),
                    when,
                    "dim",
                    "  ",
                )
                yield from self.wrapped(("      ",), why)

    def _why(self, held: HeldDuty) -> str:
        *before, last = held.chain.steps
        return " → ".join([held.chain.start.name, *(step.node.name for step in before), last.note or last.node.name])

    # -- choke points ---------------------------------------------------------------------------------------------

    def choke(self, answer: Choke) -> Iterator[Text]:
        where = answer.asked.name if answer.asked is not None else "data that has a home or is for production only"
        if not answer.ways:
            yield from self.wrapped(
                (),
                f"Nothing to close: no unwanted way to {where}{' that could be seen' if answer.gaps else ''}.",
                "bold",
            )
            yield styled("")
            return
        count = len(answer.causes)
        these = "Removing this one thing" if count == 1 else f"Removing these {count} things"
        closed = "all" if not answer.beyond else "all that can be closed of"
        yield from self.wrapped(
            (), f"{these} closes {closed} {answer.chains} unwanted ways of {_plural(answer.identities, 'identity', 'identities')} to {where}.", "bold",
        )  # fmt: skip
        proof = (
            "no smaller set does"
            if count == answer.at_least
            else f"at least {answer.at_least} are needed, whatever one chooses"
        )
        yield styled((proof, "dim"))
        yield styled("")
        for number, cause in enumerate(answer.causes, 1):
            by = f"closes {_plural(cause.chains, 'way', 'ways')} of {_plural(cause.identities, 'identity', 'identities')}"
            yield styled((f"  {number}. ", "red"), (cause.words, "bold"))
            yield styled((f"      {by if cause.chains else 'closes nothing by itself, only with the others'}", "dim"))
            if cause.wanted:
                yield styled(
                    (
                        f"      also lets in {_plural(cause.wanted, 'identity', 'identities')} as the scenario wants: give them another way first",
                        "yellow",
                    )
                )
            if cause.fix:
                yield styled(("      fix  ", "dim"), cause.fix)
        if answer.beyond:
            yield styled(("Cannot be closed by removing anything", "bold"))
            for way in answer.beyond:
                yield from self.wrapped((("  ✗ ", "red"), self._names(way.who)), self.chain(way.chain), "", "  ")

    # -- differences ----------------------------------------------------------------------------------------------

    def difference(self, answer: Difference) -> Iterator[Text]:
        gained, lost = (_people(changes) for changes in (answer.gained, answer.lost))
        if not gained and not lost:
            yield styled(("Nobody gained or lost any reach" + (" that could be seen" if answer.gaps else ""), "bold"))
        else:
            parts = [f"{_counted(gained)} gained reach"] * bool(gained) + [f"{_counted(lost)} lost reach"] * bool(lost)
            yield styled((_capital(" and ".join(parts)) + ".", "bold"))
        yield styled("")
        yield from self._changes(answer.gained, "Gained", "+", "red", "added")
        yield from self._changes(answer.lost, "Lost", "-", "green", "removed")

    def _changes(self, changes: Sequence[Change], title: str, mark: str, style: str, done: str) -> Iterator[Text]:
        if not changes:
            return
        yield styled((title, "bold"))
        shown = changes if self.verbose else changes[:20]
        for change in shown:
            reach: dict[str, list[NodeRef]] = {}
            for access, target in change.reach:
                reach.setdefault(access, []).append(target)
            alike: dict[str, list[str]] = {}
            for access, nodes in reach.items():
                alike.setdefault(self._names(nodes, 3), []).append(access)
            what = "; ".join(f"{_listed(accesses)} {names}" for names, accesses in alike.items())
            yield from self.wrapped(((f"  {mark} ", style), (self._names(change.who), "bold")), what, "", "  ")
            verb = done if change.what not in ("setting", "role", "denial") else "changed"
            yield from self.wrapped(((f"      {change.what} {verb}: ", "dim"),), change.words)
        if len(shown) < len(changes):
            yield styled((f"  and {len(changes) - len(shown)} more; -v shows all", "dim"))

    def what_if(self, change: Difference) -> Iterator[Text]:
        """What closes and what opens, against the estate as it is."""
        yield styled("")
        yield styled(("Against the estate as it is", "bold underline"))
        found = [*self._side(change, closes=True), *self._side(change, closes=False)]
        yield from found or [styled("  nothing closes and nothing opens")]
        yield styled("")

    def _side(self, change: Difference, *, closes: bool) -> Iterator[Text]:
        changes, ways, duties = (
            (change.lost, change.closed, change.duties_lost) if closes else (change.gained, change.opened, change.duties_gained)
        )  # fmt: skip
        mark, style = ("  - ", "green") if closes else ("  + ", "red")
        word = "closes" if closes else "opens"
        people = _people(changes)
        for group in _grouped(ways):
            way = group[0]
            others = sum(ref not in people for ref in way.who)
            tail = f"; {others} of them {'still' if closes else 'already'} in another way" if others else ""
            kinds = _listed(sorted({one.way for one in group}))
            yield from self.wrapped(
                ((f"{mark}{word}  ", style), way.words), f"{kinds}, for {self._names(way.who)}{tail}", "dim", "  "
            )
        for item in changes:
            reach = _listed(sorted({access for access, _ in item.reach}))
            targets = self._names(list(dict.fromkeys(node for _, node in item.reach)), 3)
            verb = f"can no longer {reach}" if closes else f"can now {reach}"
            yield from self.wrapped(((mark, style), (self._names(item.who), "bold")), f"{verb} {targets}", "", " ")
        alike: dict[tuple[str, str], list[str]] = {}
        for held in duties:
            alike.setdefault((held.environment, self._why(held)), []).append(held.duty)
        for (environment, why), names in alike.items():
            yield from self.wrapped(
                ((f"{mark}{word}  ", style), f"{_listed(names)} in {environment}"), why, "dim", "  "
            )

    # -- small things ---------------------------------------------------------------------------------------------

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

    def _names(self, nodes: Sequence[NodeRef], most: int = _NAMES) -> str:
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
            for piece in _stripped(tail).wrap(self.console, room):
                piece.rstrip()
                yield styled(" " * indent) + piece
            return
        for number, piece in enumerate(rest.wrap(self.console, room)):
            piece.rstrip()
            yield (first if number == 0 else styled(" " * indent)) + piece


def _stripped(text: Text) -> Text:
    return text[len(text.plain) - len(text.plain.lstrip()) :]


def _grouped(ways: Iterable[Way]) -> list[list[Way]]:
    """Ways of one cause, row and certainty together, the one with the shortest chain first."""
    found: dict[tuple[object, ...], list[Way]] = {}
    for way in ways:
        found.setdefault((way.cause, way.row, way.who, way.certain), []).append(way)
    return [sorted(group, key=_plainness) for group in found.values()]


def _plainness(way: Way) -> tuple[bool, int, int]:
    """What is shown of several ways of one cause: one that needs nothing more, short, and early in the ontology's order."""
    order = WAYS.index(way.way) if way.way in WAYS else len(WAYS)
    return way.mark == "can-reopen", len(way.chain.steps), order


def _identities(ways: Iterable[Way]) -> set[NodeRef]:
    return {ref for way in ways for ref in way.who}


def _people(changes: Iterable[Change]) -> set[NodeRef]:
    return {ref for change in changes for ref in change.who}


def _counted(who: Iterable[NodeRef]) -> str:
    """`3 people and 1 workload`."""
    kinds = [ref.kind for ref in who]
    people, workloads = kinds.count("user"), sum(kind != "user" for kind in kinds)
    parts = [_plural(people, "person", "people")] * bool(people) + [_plural(workloads, "workload", "workloads")] * bool(
        workloads
    )
    return " and ".join(parts)


def _plural(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
