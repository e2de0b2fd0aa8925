"""Answers about access as people read them: a sentence first, then who, by which chain, and what the scenario says of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from scanner import __version__
from scanner.derive.access.answers import Answer, Choke, Difference, DutiesOf, HeldDuty, Paths, Way, WhoCan
from scanner.errors import Span
from scanner.findings import Chain, NodeRef
from scanner.graph.ontology import WAYS_IN_WORDS
from scanner.render.access_changes import difference, what_if
from scanner.render.access_page import Page, capital, counted, grouped, identities, listed, membership, plural, reason
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
_HOW = {
    "holds": ("✗", "now"), "may-activate": ("✗", "after activating it"), "perhaps-holds": ("?", "as far as could be read, or under a condition"),
    "holds-as-declared": ("✓", "as the scenario declares, or by the platform"), "may-join": ("✗", "after joining a group"),
}  # fmt: skip
_BARE = (
    "reaches",
    "holds",
    "may-activate",
    "perhaps-holds",
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
            yield from difference(out.page, answer)
    if change is not None:
        yield from what_if(out.page, change)
    yield from out.page.gaps(answer.gaps or (change.gaps if change is not None else ()))
    if isinstance(answer, WhoCan):
        yield from out.page.wrapped((("not seen: ", "dim"),), "; ".join(answer.blind), "dim")


class _Writer:
    def __init__(self, console: Console, verbose: int, file: str) -> None:
        self.file = file
        self.page = Page(console, verbose)

    # -- who can, and by which paths ------------------------------------------------------------------------------

    def who_can(self, answer: WhoCan) -> Iterator[Text]:
        self.page.marks = answer.marks
        everybody = identities(answer.ways)
        verb = {"read": "read", "write": "write", "release": "release to"}[answer.access]
        about = f" ({answer.about})" if answer.about else ""
        seen = "at least " if answer.gaps else ""
        anybody = any(way.anybody for way in answer.ways)
        many = "anybody" if anybody else f"{seen}{counted(everybody)}" if everybody else "nobody that could be seen" if answer.gaps else "nobody"  # fmt: skip
        yield from self.page.wrapped(
            (),
            f"{capital(many)} can {verb} {answer.asked.name}{about}; {self._verdict(answer, everybody)}",
            "bold",
        )
        if not answer.targets:
            yield styled((f"there is no data store behind {answer.asked.name}", "yellow"))
        yield styled("")
        yield from self._by_state(answer.ways, len(answer.targets))
        yield from self._above(answer.above)

    def _verdict(self, answer: WhoCan, everybody: set[NodeRef]) -> str:
        unwanted = identities(w for w in answer.ways if w.state == "unwanted")
        above = identities(w for w in answer.above if w.state == "unwanted" and w.certain) - unwanted
        said = ["nobody should without signing in"] * any(w.anybody for w in answer.ways if w.state == "unwanted")
        said += [f"{counted(unwanted)} should not"] * bool(unwanted)
        said += [f"{counted(above)} could by the directory and should not"] * bool(above)
        if said:
            return f"{listed(said)}."
        if not everybody:
            return "nothing to object to."
        return f"the scenario or the platform accounts for all {'that could be seen' if answer.gaps else 'of them'}."

    def paths(self, answer: Paths) -> Iterator[Text]:
        self.page.marks = answer.marks
        name, asked = answer.principal.name, answer.asked.name
        verbs = [v for v in ("read", "write", "release") if any(w.access == v for w in answer.ways)]
        if not answer.ways:
            unseen = ", as far as could be read" if answer.gaps else ""
            other = " but by the directory" if answer.above else ""
            if answer.above and not any(way.certain for way in answer.above):
                other = " unless by the directory"
            yield styled((f"{name} has no way to {asked}{other}{unseen}", "bold"))
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
            yield from self.page.wrapped((), f"{name} can {listed(verbs)} {asked}, by {by}, {some}.", "bold")
        yield styled("")
        if answer.ways:
            yield from self._by_state(answer.ways, len(answer.targets), whole=True)
        yield from self._above(answer.above)

    def _by_state(self, ways: Sequence[Way], targets: int, *, whole: bool = False) -> Iterator[Text]:
        for state, (title, mark, style) in _STATES.items():
            groups = grouped([way for way in ways if way.state == state])
            if not groups:
                continue
            if state in _SHORT and not (self.page.verbose or whole):
                names = identities(way for group in groups for way in group)
                yield from self.page.wrapped(
                    ((title, "bold"), "  "), self.page.names(sorted(names, key=lambda r: r.name), 6)
                )
                continue
            yield styled((title, "bold"))
            shown = groups if self.page.verbose else groups[:_MOST]
            for group in shown:
                yield from self._way(group, mark, style, targets, whole)
            if len(shown) < len(groups):
                yield styled((f"  and {len(groups) - len(shown)} more; -v shows all", "dim"))

    def _above(self, ways: Sequence[Way]) -> Iterator[Text]:
        """Who can make itself a reader of anything in the tenant: one line, since it is so for every store."""
        for title, some in (
            ("Not wanted, by the directory", [way for way in ways if way.state == "unwanted" and way.certain]),
            ("Perhaps by the directory", [way for way in ways if way.state == "unwanted" and not way.certain]),
            ("By the directory, as declared", [way for way in ways if way.state != "unwanted"]),
        ):
            who = sorted(identities(some), key=lambda ref: ref.name)
            if who:
                causes = list(dict.fromkeys(way.words.rstrip(",") for way in some))
                yield from self.page.wrapped(
                    ((title, "bold"), "  "), f"{self.page.names(who, 6)}: {'; '.join(causes[:2])}"
                )

    def _way(self, group: Sequence[Way], mark: str, style: str, targets: int, whole: bool) -> Iterator[Text]:
        """One cause: who, what the scenario says, and the chain. Several ways that it opens follow in short."""
        way = group[0]
        who = "anybody, without signing in" if way.anybody else self.page.names(way.who)
        tail = []
        if whole:
            tail.append(listed(sorted({one.access for one in group})))
        if not way.certain:
            tail.append("perhaps")
        if 0 < len(way.targets) < targets or (len(way.targets) > 1 and whole):
            tail.append(f"of {self.page.names(way.targets, 3)}")
        if way.row:
            tail.append(f"as {way.row}" + self._place(way.line))
        yield from self.page.wrapped(
            ((f"  {'?' if not way.certain and mark == '✗' else mark} ", style), (who, "bold")),
            ", ".join(tail),
            "dim",
            "  ",
        )
        yield from self.page.wrapped(("      ",), self.chain(way.chain, name=len(way.who) > 1))
        others = list(dict.fromkeys(WAYS_IN_WORDS.get(one.way, one.way) for one in group if one.way != way.way))
        if others:
            yield from self.page.wrapped((("      also by ", "dim"),), listed(others), "dim")
        if way.fix and (whole or self.page.verbose):
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
            elif step.edge in ("eligible-member-of", "may-join"):
                parts.append(membership(step))
            elif step.edge == "runs-as":
                parts.append(f"as {step.node.name}")
            else:
                parts.append(step.node.name + (f" ({note})" if note else ""))
        return " → ".join(parts) or chain.start.name

    # -- duties ---------------------------------------------------------------------------------------------------

    def duties(self, answer: DutiesOf) -> Iterator[Text]:
        name = answer.principal.name
        environments = sorted({h.environment for h in answer.held})
        holding = [h for h in answer.held if h.how != "may-join"]
        could = sorted({h.duty for h in answer.held if h.how == "may-join"})
        joining = f"{', and' if holding else ''} could hold {listed(could)} by joining a group" if could else ""
        if not answer.held:
            yield styled((f"{name} holds no duty{' that could be seen' if answer.gaps else ''}", "bold"))
        else:
            yield from self.page.wrapped(
                (),
                name
                + (f" holds {listed(sorted({h.duty for h in holding}))}" if holding else "")
                + f"{joining}, in {listed(environments)}.",
                "bold",
            )
        yield styled("")
        for environment in environments:
            yield styled((environment, "bold"))
            alike: dict[tuple[str, str], list[HeldDuty]] = {}
            for held in answer.held:
                if held.environment == environment:
                    alike.setdefault((held.how, reason(held)), []).append(held)
            for (how, said), held_ in alike.items():
                mark, when = _HOW[how]
                plain = mark if how == "perhaps-holds" else "·"
                yield from self.page.wrapped(
                    ((f"  {plain} ", "magenta" if plain == "?" else "dim"), listed([h.duty for h in held_])),
                    when,
                    "dim",
                    "  ",
                )
                yield from self.page.wrapped(("      ",), said)

    # -- choke points ---------------------------------------------------------------------------------------------

    def choke(self, answer: Choke) -> Iterator[Text]:
        where = answer.asked.name if answer.asked is not None else "data that has a home or is for production only"
        if not answer.ways:
            yield from self.page.wrapped(
                (),
                f"Nothing to close: no unwanted way to {where}{' that could be seen' if answer.gaps else ''}.",
                "bold",
            )
            yield styled("")
            return
        count = len(answer.causes)
        these = "Removing this one thing" if count == 1 else f"Removing these {count} things"
        closed = "all" if not answer.beyond else "all that can be closed of"
        yield from self.page.wrapped(
            (), f"{these} closes {closed} {answer.chains} unwanted ways of {plural(answer.identities, 'identity', 'identities')} to {where}.", "bold",
        )  # fmt: skip
        proof = (
            "no smaller set does"
            if count == answer.at_least
            else f"at least {answer.at_least} are needed, whatever one chooses"
        )
        yield styled((proof, "dim"))
        yield styled("")
        for number, cause in enumerate(answer.causes, 1):
            by = f"closes {plural(cause.chains, 'way', 'ways')} of {plural(cause.identities, 'identity', 'identities')}"
            yield styled((f"  {number}. ", "red"), (cause.words, "bold"))
            yield styled((f"      {by if cause.chains else 'closes nothing by itself, only with the others'}", "dim"))
            if cause.wanted:
                yield styled(
                    (
                        f"      also lets in {plural(cause.wanted, 'identity', 'identities')} as the scenario wants: give them another way first",
                        "yellow",
                    )
                )
            if cause.fix:
                yield styled(("      fix  ", "dim"), cause.fix)
        if answer.beyond:
            yield styled(("Cannot be closed by removing anything", "bold"))
            for way in answer.beyond:
                yield from self.page.wrapped(
                    (("  ✗ ", "red"), self.page.names(way.who)), self.chain(way.chain), "", "  "
                )
