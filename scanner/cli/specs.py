"""What `--without` and `--with` say, with the names looked up in the estate: from the user's words to edits by id."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, get_args

from scanner import ids
from scanner.errors import Problem, UserError, suggest
from scanner.graph.find import called, pick
from scanner.whatif import ADDED, PARTS, Edit, Kind

if TYPE_CHECKING:
    from scanner.graph.estate import Estate

# kinds of nodes that each part of a spec may name
_LOOKED_UP: dict[str, tuple[tuple[str, ...], ...]] = {
    "assignment": (("principal",), ("role", "missing"), ("scope", "missing")),
    "membership": (("principal",), ("group",)),
    "owner": (("principal",), ("group", "service-principal")),
}
_CAUSES = ("grant", *PARTS)
_SHAPE = "`assignment:PRINCIPAL,ROLE,SCOPE`, `membership:MEMBER,GROUP`, `owner:PRINCIPAL,GROUP-OR-WORKLOAD`"


def edits(estate: Estate, without: Sequence[str], added: Sequence[str]) -> list[Edit]:
    """Every spec as an edit. Raises UserError with all that could not be understood."""
    made: list[Edit] = []
    problems: list[Problem] = []
    for spec, add in [*((spec, False) for spec in without), *((spec, True) for spec in added)]:
        try:
            made.append(_edit(estate, spec, add))
        except UserError as error:
            problems += error.problems
    if problems:
        raise UserError(*problems)
    return made


def _edit(estate: Estate, spec: str, add: bool) -> Edit:
    head, colon, tail = spec.partition(":")
    kind = head.strip().lower()
    if not colon or not tail.strip() or kind not in (*_LOOKED_UP, *_CAUSES):
        known = ADDED if add else (*ADDED, *_CAUSES)
        also = "" if add else ", or a cause as findings name it"
        raise UserError(
            f"`{spec}` is not what `--{'with' if add else 'without'}` takes",
            help=suggest(kind, known) or f"{_SHAPE}{also}",
        )
    if "|" in tail or kind not in _LOOKED_UP:
        if add:
            raise UserError(f"`{spec}` cannot be added", help=f"`--with` takes {_SHAPE}")
        return _cause(estate, spec, kind, tail.strip())
    return _named(estate, spec, kind, tail, add)


def _named(estate: Estate, spec: str, kind: str, tail: str, add: bool) -> Edit:
    """Names may hold commas: of all ways to part them, the one in which each part stands for something. There may be no two."""
    kinds = _LOOKED_UP[kind]
    ways = list(_parted(tail.split(","), len(kinds)))
    if not ways:
        what = ",".join(part.upper().replace(" ", "-") for part in PARTS[kind])
        raise UserError(f"`{spec}` lacks something", help=f"`{kind}:{what}`")
    fitting = [way for way in ways if all(called(estate, word, of) for word, of in zip(way, kinds, strict=True))]
    if len(fitting) > 1:
        readings = "; or ".join(" and ".join(f"`{word}`" for word in way) for way in fitting)
        raise UserError(f"`{spec}` can be read in {len(fitting)} ways", help=f"say which by their ids: {readings}")
    words = fitting[0] if fitting else ways[0]
    nodes = [pick(estate, word, of, what) for word, of, what in zip(words, kinds, PARTS[kind], strict=True)]
    keys = tuple(estate.key(node) for node in nodes)
    if add and kind in ("membership", "owner") and nodes[0] == nodes[1]:
        raise UserError(
            f"`{spec}` has one thing be its own {PARTS[kind][0] if kind == 'membership' else 'owner'}",
            help="name two different ones",
        )
    return Edit(_kind(kind), keys, spec, add, (estate.kind(nodes[0]), estate.kind(nodes[1])))


def _parted(pieces: Sequence[str], count: int) -> Iterator[tuple[str, ...]]:
    if count == 1:
        yield (",".join(pieces).strip(),)
        return
    for size in range(1, len(pieces) - count + 2):
        for rest in _parted(pieces[size:], count - 1):
            yield (",".join(pieces[:size]).strip(), *rest)


def _cause(estate: Estate, spec: str, kind: str, tail: str) -> Edit:
    """A cause as findings print it: its ids, and nothing to look up but whose system identity a host's is."""
    parts = tuple(part if at else part.strip() for at, part in enumerate(tail.split("|")))
    conditional: bool | None = None
    if kind == "grant":
        node = estate.node(f"grant:{tail}")
        if node is None:
            raise UserError(
                f"no assignment has the cause `{spec}`",
                help="copy the cause of a finding: `grant:PRINCIPAL|ROLE|SCOPE`, or name the assignment: `assignment:PRINCIPAL,ROLE,SCOPE`",
            )
        conditional = len(parts) == 4
        principal = estate.first(node, "granted-to")
        parts = (estate.key(principal) if principal is not None else parts[0], *parts[1:3])
        kind = "assignment"
    if kind == "directory-role":
        conditional = parts[1:] == ("in-part",)
        parts = parts[:1] if conditional else parts
    if kind == "trust" and len(parts) > 1:  # who is trusted is a node of its own, with an issuer and a subject
        subject = estate.node(tail.partition("|")[2])
        if subject is not None:
            parts = (parts[0], *(str(estate.get(subject, name)) for name in ("issuer", "subject")))
    if len(parts) != len(PARTS[kind]):
        raise UserError(f"`{spec}` is not a cause", help=f"`{kind}:{'|'.join(part.upper() for part in PARTS[kind])}`")
    folded = tuple(ids.fold(part) if part.startswith("/") else part for part in parts)
    return Edit(_kind(kind), folded, spec, conditional=conditional)


def _kind(word: str) -> Kind:
    return next(kind for kind in _KINDS if kind == word)


_KINDS: tuple[Kind, ...] = get_args(Kind)
