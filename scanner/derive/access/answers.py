"""What the questions about access answer with: plain facts about nodes, ready to be shown, with nothing left to decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from scanner.derive.access.ways import State
from scanner.errors import Span
from scanner.findings import Chain, Gap, NodeRef
from scanner.graph.export import Picture


@dataclass(frozen=True, slots=True)
class Way:
    """One cause by which identities reach something, with one shortest chain.

    `row` and `line` are the line of the scenario that wants it; `cause` is what `--without` takes.
    """

    cause: str
    words: str
    way: str
    access: str
    state: State
    who: tuple[NodeRef, ...]
    targets: tuple[NodeRef, ...]
    chain: Chain
    certain: bool = True
    mark: str = ""
    row: str = ""
    line: Span | None = None
    gaps: tuple[Gap, ...] = ()
    fix: str = ""
    anybody: bool = False


@dataclass(frozen=True, slots=True)
class WhoCan:
    """Everybody who can, by way; unwanted ways first. `about` says of what was asked what class and environment it is."""

    access: str
    asked: NodeRef
    about: str
    targets: tuple[NodeRef, ...]
    ways: tuple[Way, ...]
    above: tuple[Way, ...]  # those that open all data of the tenant
    marks: Mapping[str, tuple[str, ...]]  # identity -> what is special about it: guest, disabled, unresolved
    gaps: tuple[Gap, ...] = ()
    blind: tuple[str, ...] = ()  # what nobody can see here, in words
    picture: Picture = field(default_factory=lambda: Picture({}, ()))


@dataclass(frozen=True, slots=True)
class Paths:
    """The ways of one principal: `who` of each is the identities it stands for that come in by it."""

    principal: NodeRef
    asked: NodeRef
    targets: tuple[NodeRef, ...]
    ways: tuple[Way, ...]
    above: tuple[Way, ...]  # those that open all data of the tenant
    marks: Mapping[str, tuple[str, ...]]
    gaps: tuple[Gap, ...] = ()
    picture: Picture = field(default_factory=lambda: Picture({}, ()))


@dataclass(frozen=True, slots=True)
class HeldDuty:
    """`how`: holds, may-activate, perhaps-holds, holds-as-declared, or may-join: by joining a group first."""

    duty: str
    environment: str
    how: str
    chain: Chain


@dataclass(frozen=True, slots=True)
class DutiesOf:
    principal: NodeRef
    held: tuple[HeldDuty, ...]
    gaps: tuple[Gap, ...] = ()
    picture: Picture = field(default_factory=lambda: Picture({}, ()))


@dataclass(frozen=True, slots=True)
class Closing:
    """A cause to remove: how many chains that closes by itself, of how many identities, and how many come in by it as the
    scenario wants.
    """

    cause: str
    words: str
    fix: str
    identities: int
    chains: int
    wanted: int = 0


@dataclass(frozen=True, slots=True)
class Choke:
    """The smallest set of causes that closes every unwanted chain. A chain here is an identity and a cause.

    No set smaller than `at_least` does it; `beyond` are ways that nothing removable closes.
    """

    asked: NodeRef | None
    targets: tuple[NodeRef, ...]
    causes: tuple[Closing, ...]
    at_least: int
    identities: int
    chains: int
    ways: tuple[Way, ...]
    beyond: tuple[Way, ...] = ()
    gaps: tuple[Gap, ...] = ()
    picture: Picture = field(default_factory=lambda: Picture({}, ()))


@dataclass(frozen=True, slots=True)
class Change:
    """Who gained or lost which reach, and by what: an assignment, membership, ownership, credential, identity, store, role,
    denial or setting, in `words`.
    """

    who: tuple[NodeRef, ...]
    reach: tuple[tuple[str, NodeRef], ...]  # access and target
    what: str
    words: str
    chain: Chain


@dataclass(frozen=True, slots=True)
class Difference:
    gained: tuple[Change, ...]
    lost: tuple[Change, ...]
    opened: tuple[Way, ...] = ()  # ways that were not there, whether or not they let in anybody new
    closed: tuple[Way, ...] = ()
    duties_gained: tuple[HeldDuty, ...] = ()
    duties_lost: tuple[HeldDuty, ...] = ()
    gaps: tuple[Gap, ...] = ()
    picture: Picture = field(default_factory=lambda: Picture({}, ()))


Answer = WhoCan | Paths | DutiesOf | Choke | Difference
