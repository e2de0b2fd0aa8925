"""What changed, as people read it: who gained or lost which reach, and what closes or opens if something were otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec import structs

from scanner.derive.access.answers import Change, Difference
from scanner.findings import NodeRef
from scanner.render.access_page import Page, capital, counted, grouped, listed, people, reason
from scanner.render.terminal import styled

if TYPE_CHECKING:
    from rich.text import Text


def difference(page: Page, answer: Difference) -> Iterator[Text]:
    gained, lost = (people(changes) for changes in (answer.gained, answer.lost))
    if not gained and not lost:
        yield styled(("Nobody gained or lost any reach" + (" that could be seen" if answer.gaps else ""), "bold"))
    else:
        parts = [f"{counted(gained)} gained reach"] * bool(gained) + [f"{counted(lost)} lost reach"] * bool(lost)
        yield styled((capital(" and ".join(parts)) + ".", "bold"))
    yield styled("")
    yield from _changes(page, answer.gained, "Gained", "+", "red", "added")
    yield from _changes(page, answer.lost, "Lost", "-", "green", "removed")


def _places(page: Page, nodes: Sequence[NodeRef]) -> str:
    """What is reached; who can make themselves a reader of anything has no single store."""
    return page.names(
        [structs.replace(n, name="any data of the tenant") if n.kind == "tenant" else n for n in nodes], 3
    )


def _changes(page: Page, changes: Sequence[Change], title: str, mark: str, style: str, done: str) -> Iterator[Text]:
    if not changes:
        return
    yield styled((title, "bold"))
    shown = changes if page.verbose else changes[:20]
    for change in shown:
        reach: dict[str, list[NodeRef]] = {}
        for access, target in change.reach:
            reach.setdefault(access, []).append(target)
        alike: dict[str, list[str]] = {}
        for access, nodes in reach.items():
            alike.setdefault(_places(page, nodes), []).append(access)
        what = "; ".join(f"{listed(accesses)} {names}" for names, accesses in alike.items())
        yield from page.wrapped(((f"  {mark} ", style), (page.names(change.who), "bold")), what, "", "  ")
        verb = done if change.what not in ("setting", "role", "denial") else "changed"
        yield from page.wrapped(((f"      {change.what} {verb}: ", "dim"),), change.words)
    if len(shown) < len(changes):
        yield styled((f"  and {len(changes) - len(shown)} more; -v shows all", "dim"))


def what_if(page: Page, change: Difference) -> Iterator[Text]:
    """What closes and what opens, against the estate as it is."""
    yield styled("")
    yield styled(("Against the estate as it is", "bold underline"))
    found = [*_side(page, change, closes=True), *_side(page, change, closes=False)]
    yield from found or [styled("  nothing closes and nothing opens")]
    yield styled("")


def _side(page: Page, change: Difference, *, closes: bool) -> Iterator[Text]:
    changes, ways, duties = (
        (change.lost, change.closed, change.duties_lost) if closes else (change.gained, change.opened, change.duties_gained)
    )  # fmt: skip
    mark, style = ("  - ", "green") if closes else ("  + ", "red")
    word = "closes" if closes else "opens"
    changed = people(changes)
    for group in grouped(ways):
        way = group[0]
        others = sum(ref not in changed for ref in way.who)
        tail = f"; {others} of them {'still' if closes else 'already'} in another way" if others else ""
        kinds = listed(sorted({one.way for one in group}))
        who = "anybody" if way.anybody else page.names(way.who)
        yield from page.wrapped(
            ((f"{mark}{word}  ", style), way.words.rstrip(",")), f"{kinds}, for {who}{tail}", "dim", "  "
        )
    for item in changes:
        reach = listed(sorted({access for access, _ in item.reach}))
        targets = _places(page, list(dict.fromkeys(node for _, node in item.reach)))
        verb = f"can no longer {reach}" if closes else f"can now {reach}"
        yield from page.wrapped(((mark, style), (page.names(item.who), "bold")), f"{verb} {targets}", "", " ")
    alike: dict[tuple[str, str], list[str]] = {}
    for held in duties:
        alike.setdefault((held.environment, reason(held)), []).append(held.duty)
    for (environment, said), names in alike.items():
        yield from page.wrapped(((f"{mark}{word}  ", style), f"{listed(names)} in {environment}"), said, "dim", "  ")
