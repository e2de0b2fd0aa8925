"""`mlposture access`: who can reach what, by which chain, what would close it, and what changed; all of it also as it would be."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scanner import data
from scanner.cli import options, source
from scanner.cli.files import check_places
from scanner.cli.stdout import printing
from scanner.errors import Exit, UserError

if TYPE_CHECKING:
    from scanner.derive.access.answers import Answer, Difference
    from scanner.derive.access.questions import Questions
    from scanner.graph.estate import Estate
    from scanner.scenario.model import Scenario
    from scanner.snapshot import Snapshot

GRAPHS = ("graphml", "dot", "mermaid")
_FORMATS = ("text", "json", *GRAPHS)
Command = Callable[..., Any]
_WHAT_IF = (
    click.option("--without", multiple=True, metavar="SPEC",
                 help="Answer as if this were gone: assignment:PRINCIPAL,ROLE,SCOPE, membership:MEMBER,GROUP, "
                 "owner:PRINCIPAL,GROUP, or a cause as findings print it; may be repeated."),
    click.option("--with", "added", multiple=True, metavar="SPEC", help="Answer as if this were there; may be repeated."),
)  # fmt: skip
_OUTPUT = (
    click.option("--format", type=click.Choice(_FORMATS), default="text", help="What is written.  [default: text]"),
    click.option("--output", "-o", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
                 help="Write to this file instead of the terminal."),
    click.option("--allow-gaps", is_flag=True, help="Do not end in exit code 3 when lists could not be read."),
    click.option("--verbose", "-v", count=True, help="Leave nothing out."),
    click.option("--quiet", "-q", is_flag=True, hidden=True),
    options.color,
)  # fmt: skip
_SCENARIO = click.option(
    "--scenario", type=options.existing_file, metavar="FILE", help="What the estate is meant to be."
)
_ESTATE = (
    _SCENARIO,
    click.option("--demo", is_flag=True, help="Ask about the made-up Contoso tenant."),
    click.option("--snapshot", "snapshot_file", type=options.existing_file, metavar="FILE",
                 help="Ask this snapshot instead of the live estate."),
    click.option("--save-snapshot", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
                 help="Keep what was collected."),
)  # fmt: skip


Nodes = tuple["int | None", ...]


def _with(*given: Callable[[Command], Command]) -> Callable[[Command], Command]:
    def decorate(command: Command) -> Command:
        for option in reversed(given):
            command = option(command)
        return command

    return decorate


_asking = _with(*_ESTATE, *_WHAT_IF, *_OUTPUT, options.collection)


@click.group()
def access() -> None:
    """Ask who can reach what, by which chain, and what would close it.

    Names or ids: display name, sign-in name, object id, ARM id, name of an environment or data class.
    """


@access.command("who-can", short_help="Everybody who can read, write or release, and why.")
@click.argument("verb", type=click.Choice(["read", "write", "release"]), metavar="read|write|release")
@click.argument("what", metavar="DATA-OR-ENVIRONMENT")
@_asking
def who_can(verb: str, what: str, **given: Any) -> int:
    """Say who can read or write data, or release to an environment, by which ways, and what the scenario says of it."""

    def changed(real: Questions, then: Questions, nodes: Nodes) -> Difference:
        from scanner.derive.access.compare import compare, places

        return compare(real, then, places(real, nodes[0], (verb,)))

    def ask(questions: Questions, nodes: Nodes) -> Answer:
        return questions.who_can(verb, _present(nodes[0]), draw=given["format"] in GRAPHS)

    return _answer(given, ("who-can", verb, what), (_data(what),), ask, changed)


@access.command("paths", short_help="Every way of one principal to data.")
@click.argument("who", metavar="PRINCIPAL")
@click.argument("what", metavar="DATA-OR-ENVIRONMENT")
@_asking
def paths(who: str, what: str, **given: Any) -> int:
    """Show every way by which a user, workload, or anybody in a group reaches data, with the shortest chain of each."""

    def changed(real: Questions, then: Questions, nodes: Nodes) -> Difference:
        from scanner.derive.access.compare import compare, places

        principal, asked = _present(nodes[0]), _present(nodes[1])
        verbs = ("read", "write", "release") if real.estate.kind(asked) == "environment" else ("read", "write")
        return compare(
            real,
            then,
            places(real, asked, verbs),
            only=_meant(real, principal) | _meant(then, _there(real, then, principal)),
        )

    def ask(questions: Questions, nodes: Nodes) -> Answer:
        return questions.paths(_present(nodes[0]), _present(nodes[1]), draw=given["format"] in GRAPHS)

    return _answer(given, ("paths", who, what), (_principal(who), _data(what)), ask, changed)


@access.command("duties", short_help="The duties of one principal.")
@click.argument("who", metavar="PRINCIPAL")
@_asking
def duties(who: str, **given: Any) -> int:
    """Say which duties a principal holds, in which environments, and by which chain."""

    def changed(real: Questions, then: Questions, nodes: Nodes) -> Difference:
        from scanner.derive.access.answers import Difference
        from scanner.derive.access.compare import duties as compare

        principal = _present(nodes[0])
        gained, lost = compare(real.duties(principal), then.duties(_present(_there(real, then, principal))))
        return Difference((), (), duties_gained=gained, duties_lost=lost)

    def ask(questions: Questions, nodes: Nodes) -> Answer:
        return questions.duties(_present(nodes[0]))

    return _answer(given, ("duties", who), (_principal(who),), ask, changed)


@access.command("choke", short_help="The fewest removals that close every unwanted way.")
@click.argument("what", metavar="[DATA-OR-ENVIRONMENT]", required=False)
@_asking
def choke(what: str | None, **given: Any) -> int:
    """Find the smallest set of assignments, memberships and other causes whose removal closes all unwanted ways.

    To the data named, or to all data that has a home or is for production only.
    """

    def changed(real: Questions, then: Questions, nodes: Nodes) -> Difference:
        from scanner.derive.access.compare import compare, places

        return compare(real, then, places(real, nodes[0] if nodes else None, ("read", "write")))

    def ask(questions: Questions, nodes: Nodes) -> Answer:
        from scanner.derive.access.choke import choke as closing

        return closing(questions, nodes[0] if nodes else None, draw=given["format"] in GRAPHS)

    words = () if what is None else (what,)
    return _answer(given, ("choke", *words), tuple(_data(word) for word in words), ask, changed)


@access.command("diff", short_help="Who gained or lost which reach between two snapshots.")
@click.argument("before", type=options.existing_file, metavar="SNAPSHOT-A")
@click.argument("after", type=options.existing_file, metavar="SNAPSHOT-B")
@_with(_SCENARIO, *_WHAT_IF, *_OUTPUT)
def diff(before: Path, after: Path, **given: Any) -> int:
    """Say who gained or lost which reach from one snapshot to another, and by which change.

    What-if changes the second snapshot.
    """
    from scanner.derive.access.compare import compare, places
    from scanner.snapshot import read

    if given["scenario"] is None:
        raise UserError("no scenario", help="name one with `--scenario FILE`")
    check_places([given["output"]], [given["scenario"], before, after])
    place = source.Place(given["scenario"], None, datetime.now(UTC).date())
    wanted = source.scenario(place)
    first, second = read(before), read(after)
    old, new = _understood(first, wanted), _understood(second, wanted)
    new = _as_it_would_be(second, wanted, new, given) or new
    verbs = ("read", "write", "release")
    found = compare(old, new, [*places(old, None, verbs), *places(new, None, verbs)])
    return _write(found, None, ("diff", str(before), str(after)), wanted, second, given)


# -- from words to an answer --------------------------------------------------------------------------------------


def _answer(
    given: dict[str, Any],
    words: tuple[str, ...],
    named: tuple[Callable[[Estate], int], ...],
    ask: Callable[[Questions, Nodes], Answer],
    changed: Callable[[Questions, Questions, Nodes], Difference],
) -> int:
    """Asks the estate as it is, or as it would be; then also what that changes."""
    check_places([given["output"], given["save_snapshot"]], [given["scenario"], given["snapshot_file"]])
    with ExitStack() as stack:
        place = source.place(given, datetime.now(UTC).date(), stack)
        wanted = source.scenario(place)
        snapshot = source.snapshot(given, place, wanted)
        real = _understood(snapshot, wanted)
        nodes: Nodes = tuple(find(real.estate) for find in named)
        then = _as_it_would_be(snapshot, wanted, real, given)
        if then is None:
            return _write(ask(real, nodes), None, words, wanted, snapshot, given)
        there = tuple(_there(real, then, node) for node in nodes)
        return _write(ask(then, there), changed(real, then, nodes), words, wanted, snapshot, given)


def _understood(snapshot: Snapshot, scenario: Scenario) -> Questions:
    from scanner.derive import duties
    from scanner.derive.access.questions import Questions
    from scanner.scan import collector_paused, understand

    with collector_paused():
        return Questions(understand(snapshot, scenario, duties.load(data.duties()))[1])


def _as_it_would_be(snapshot: Snapshot, scenario: Scenario, real: Questions, given: dict[str, Any]) -> Questions | None:
    """The estate after the edits; None when there are none."""
    if not given["without"] and not given["added"]:
        return None
    from scanner.cli.specs import edits
    from scanner.whatif import apply

    return _understood(apply(snapshot, edits(real.estate, given["without"], given["added"])), scenario)


def _principal(word: str) -> Callable[[Estate], int]:
    def find(estate: Estate) -> int:
        from scanner.graph.find import pick

        return pick(estate, word, ("principal",), "principal")

    return find


def _data(word: str) -> Callable[[Estate], int]:
    def find(estate: Estate) -> int:
        from scanner.derive.access.questions import DATA
        from scanner.graph.find import pick

        return pick(estate, word, DATA, "data or environment")

    return find


def _there(real: Questions, then: Questions, node: int | None) -> int | None:
    """The same node in the other estate."""
    return then.estate.node(real.estate.key(node)) if node is not None else None


def _present(node: int | None) -> int:
    if node is None:
        raise UserError("what was asked about is known only by what `--without` takes away")
    return node


def _meant(questions: Questions, principal: int | None) -> set[str]:
    """Keys of the identities a principal stands for."""
    if principal is None:
        return set()
    return {questions.estate.key(node) for node in questions.engine.members(principal)}


def _write(
    answer: Answer, change: Difference | None, words: tuple[str, ...], scenario: Scenario, snapshot: Snapshot, given: dict[str, Any]
) -> int:  # fmt: skip
    from scanner.render import access as show
    from scanner.render.write import write_text

    asked = show.Asked(
        words, scenario.name, scenario.source, snapshot.manifest.tenant, snapshot.manifest.finished, given["without"], given["added"],
    )  # fmt: skip
    if given["output"] is not None:
        write_text(given["output"], show.render(answer, change, asked, given["format"], verbose=given["verbose"]))
    else:
        with printing():
            if given["format"] == "text":
                show.text(answer, change, asked, sys.stdout, color=given["color"], verbose=given["verbose"])
            else:
                sys.stdout.write(show.render(answer, change, asked, given["format"]))
    blind = answer.gaps or (change.gaps if change is not None else ())
    return int(Exit.INCOMPLETE if blind and not given["allow_gaps"] else Exit.CLEAN)
