"""Answers about access as JSON, by the contract in `reports/access.schema.json`. The same answer gives the same bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from scanner import __version__
from scanner.derive.access.answers import (
    Answer,
    Change,
    Choke,
    Closing,
    Difference,
    DutiesOf,
    HeldDuty,
    Paths,
    Way,
    WhoCan,
)
from scanner.errors import Span
from scanner.findings import Chain, Gap, NodeRef
from scanner.render.safe import json_text

if TYPE_CHECKING:
    from scanner.render.access import Asked

SCHEMA = 1


def render(answer: Answer, change: Difference | None, asked: Asked) -> str:
    """The whole answer, indented, keys sorted."""
    return json_text(document(answer, change, asked), indent=2) + "\n"


def document(answer: Answer, change: Difference | None, asked: Asked) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "tool": {"name": "mlposture", "version": __version__},
        "question": {"command": asked.words[0], "words": list(asked.words[1:]), "without": list(asked.without), "with": list(asked.added)},
        "scenario": {"name": asked.scenario, "file": asked.scenario_file},
        "source": {"tenant": asked.tenant, "read": asked.read},
        "answer": _answer(answer),
        "what-if": _difference(change) if change is not None else None,
        "gaps": [_gap(gap) for gap in answer.gaps or (change.gaps if change is not None else ())],
    }  # fmt: skip


def _answer(answer: Answer) -> dict[str, Any]:
    match answer:
        case WhoCan():
            return {
                "access": answer.access, "asked": _node(answer.asked), "targets": _nodes(answer.targets),
                "ways": [_way(way, answer.marks) for way in answer.ways], "tenant-wide": [_way(way, answer.marks) for way in answer.above], "not-seen": list(answer.blind),
            }  # fmt: skip
        case Paths():
            return {
                "principal": _node(answer.principal), "asked": _node(answer.asked), "targets": _nodes(answer.targets),
                "ways": [_way(way, answer.marks) for way in answer.ways], "tenant-wide": [_way(way, answer.marks) for way in answer.above],
            }  # fmt: skip
        case DutiesOf():
            return {"principal": _node(answer.principal), "held": [_held(held) for held in answer.held]}
        case Choke():
            return {
                "asked": _node(answer.asked) if answer.asked is not None else None, "targets": _nodes(answer.targets),
                "remove": [_closing(cause) for cause in answer.causes], "at-least": answer.at_least, "exact": len(answer.causes) == answer.at_least,
                "identities": answer.identities, "chains": answer.chains, "ways": [_way(way, {}) for way in answer.ways],
                "beyond": [_way(way, {}) for way in answer.beyond],
            }  # fmt: skip
        case Difference():
            return _difference(answer)


def _difference(found: Difference) -> dict[str, Any]:
    return {
        "gained": [_change(change) for change in found.gained], "lost": [_change(change) for change in found.lost],
        "opens": [_way(way, {}) for way in found.opened], "closes": [_way(way, {}) for way in found.closed],
        "duties-gained": [_held(held) for held in found.duties_gained], "duties-lost": [_held(held) for held in found.duties_lost],
    }  # fmt: skip


def _way(way: Way, marks: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    return {
        "cause": way.cause, "words": way.words, "way": way.way, "access": way.access, "state": way.state, "certain": way.certain, "mark": way.mark,
        "anybody": way.anybody, "who": [{**_node(ref), "marks": list(marks.get(ref.key, ()))} for ref in way.who], "targets": _nodes(way.targets),
        "chain": _chain(way.chain), "row": way.row, "line": _span(way.line), "fix": way.fix, "gaps": [_gap(gap) for gap in way.gaps],
    }  # fmt: skip


def _change(change: Change) -> dict[str, Any]:
    return {
        "who": _nodes(change.who), "reach": [{"access": access, "target": _node(target)} for access, target in change.reach],
        "change": change.what, "words": change.words, "chain": _chain(change.chain),
    }  # fmt: skip


def _held(held: HeldDuty) -> dict[str, Any]:
    return {"duty": held.duty, "environment": held.environment, "how": held.how, "chain": _chain(held.chain)}


def _closing(cause: Closing) -> dict[str, Any]:
    return {
        "cause": cause.cause,
        "words": cause.words,
        "fix": cause.fix,
        "identities": cause.identities,
        "chains": cause.chains,
        "wanted": cause.wanted,
    }


def _nodes(refs: Iterable[NodeRef]) -> list[dict[str, str]]:
    return [_node(ref) for ref in refs]


def _node(ref: NodeRef) -> dict[str, str]:
    return {"key": ref.key, "kind": ref.kind, "name": ref.name, "id": ref.id}


def _chain(chain: Chain) -> dict[str, Any]:
    """As in the report's own contract."""
    return {
        "start": {"key": chain.start.key, "kind": chain.start.kind, "name": chain.start.name},
        "steps": [
            {"edge": step.edge, "key": step.node.key, "kind": step.node.kind, "name": step.node.name, "note": step.note} for step in chain.steps
        ],
    }  # fmt: skip


def _span(span: Span | None) -> dict[str, Any] | None:
    return {"file": span.file, "line": span.line, "column": span.column} if span is not None else None


def _gap(gap: Gap) -> dict[str, str]:
    return {
        "kind": gap.kind,
        "scope": gap.scope,
        "permission": gap.permission,
        "reason": gap.reason,
        "detail": gap.detail,
    }
