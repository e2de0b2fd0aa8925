"""What an assignment is, and what it gives: the words in which the engine answers."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from pyroaring import BitMap

NOBODY = BitMap()


@dataclass(frozen=True, slots=True)
class Grant:
    """An assignment: node, principal, role and scope nodes; `mark` is None when PIM's list was unread."""

    node: int
    principal: int
    role: int
    scope: int
    mark: str | None
    condition: str | None


class Held(msgspec.Struct, frozen=True, gc=False, eq=False):
    """A right that an assignment gives: to whom, and whether for certain. `gaps` say what would settle a doubt."""

    grant: Grant
    who: BitMap
    certain: bool
    gaps: tuple[int, ...] = ()
