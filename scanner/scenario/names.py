"""Finds the principals a scenario names: by object id, or by a name that only one has."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from scanner import ids
from scanner.errors import Span
from scanner.findings import Finding, Gap, NodeRef
from scanner.graph.estate import UNSET, Estate

TOKEN = re.compile(r"\{[^{}]*\}")
_DIRECTORY = {
    "user": "user",
    "group": "group",
    "service-principal": "service-principal",
    "managed-identity": "service-principal",
}


def filled(name: str, units: Sequence[str]) -> Iterator[tuple[str | None, str]]:
    """`grp-{project}-ds` once for each unit; a name without a token once."""
    if not TOKEN.search(name):
        yield None, name
        return
    for unit in units:
        yield unit, unit.join(TOKEN.split(name))


def behind_tokens(estate: Estate, name: str) -> list[int]:
    """Gaps of workspaces that nobody could list: one of a project that nobody saw would make a token stand for one more name."""
    return estate.unread_gaps("workspace") if TOKEN.search(name) else []


def flag(estate: Estate, kinds: Sequence[str], attribute: str, named: Mapping[int, Span | None], doubts: Sequence[int]) -> None:  # fmt: skip
    """True on those that are named, False on the others of these kinds; behind `doubts` some of them may be named as well."""
    gaps = tuple(dict.fromkeys(doubts))
    for kind in kinds:
        estate.fill(kind, attribute, UNSET if gaps else False)
        for node in estate.nodes(kind) if gaps else ():
            for gap in gaps if node not in named else ():
                estate.mark_gap(node, attribute, gap)
    for node, line in named.items():
        estate.set(node, attribute, True, line)


class Names:
    """Looks names up, and collects findings for those that stand for nobody or for several."""

    def __init__(self, estate: Estate, first_line: Span) -> None:
        self.estate = estate
        self.findings: list[Finding] = []
        self._first_line = first_line
        self._index: dict[str, list[int]] = {}
        self._complained: set[str] = set()
        for node in estate.nodes("principal"):
            for name in {estate.get(node, "name"), estate.get(node, "sign-in-name")}:
                if isinstance(name, str):
                    self._index.setdefault(name.lower(), []).append(node)

    def find(self, name: str, kinds: Sequence[str], span: Span) -> int | None:
        """The principal, or None and a finding. After this only ids are compared."""
        estate = self.estate
        if ids.is_guid(name):
            node = estate.node(name.lower())
            if node is not None and estate.kind(node) in kinds and estate.get(node, "unresolved") is not True:
                return node
            found: list[int] = []
        else:
            found = [node for node in self._index.get(name.lower(), ()) if estate.kind(node) in kinds]
            if len(found) == 1 and self._unread(kinds):
                found = []  # the part of the directory nobody could read may hold another of this name
        if len(found) == 1:
            return found[0]
        self._complain(name, kinds, found, span)
        return None

    def _unread(self, kinds: Sequence[str]) -> tuple[Gap, ...]:
        """Gaps of the directory's lists of these kinds."""
        return tuple(self.estate.gaps[gap] for gap in self.unread(kinds))

    def unread(self, kinds: Sequence[str]) -> list[int]:
        """Indices of the gaps behind which somebody of these kinds may have a name that was not found."""
        return self.estate.unread_gaps(*dict.fromkeys(_DIRECTORY[kind] for kind in kinds))

    def unfilled(self, gaps: Sequence[int]) -> None:
        """Says that names with tokens could not all be filled, since workspaces are unread."""
        subject = NodeRef("name:{}", "group", "names with tokens")
        text = "which groups the role table names depends on workspaces that could not be listed"
        self.findings.append(
            Finding(
                "SCN02",
                "unknown",
                subject,
                "unknown",
                text,
                line=self._first_line,
                reason="gap",
                gaps=tuple(self.estate.gaps[g] for g in gaps),
            )
        )

    def _complain(self, name: str, kinds: Sequence[str], found: list[int], span: Span) -> None:
        if name.lower() in self._complained:
            return
        self._complained.add(name.lower())
        title = self.estate.ontology.kinds[kinds[0]].title
        subject = NodeRef(f"name:{name.lower()}", kinds[0], name)
        if found:
            listed = ", ".join(sorted(self.estate.key(node) for node in found))
            self.findings.append(
                Finding(
                    "SCN02",
                    "fail",
                    subject,
                    f"ambiguous:{listed}",
                    f"`{name}` is the name of {len(found)} principals ({listed}), so it approves none",
                    line=span,
                    fix="write the object id of the one that is meant",
                )
            )
            return
        lists = {_DIRECTORY[kind] for kind in kinds}
        # of a large directory only those people are read whom something refers to
        gaps = self._unread(kinds) + tuple(g for g in self.estate.gaps if g.kind in lists and g.reason == "bounded")
        if gaps:
            text = f"nobody could look up `{name}`: the directory's list of {title}s could not be read"
            self.findings.append(
                Finding("SCN02", "unknown", subject, "unknown", text, line=span, reason="gap", gaps=gaps)
            )
        else:
            self.findings.append(
                Finding("SCN02", "fail", subject, "missing", f"no {title} is called `{name}`", line=span)
            )
