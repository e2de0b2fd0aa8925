"""The node kinds of movements: what the scenario declares, what moves, and where base models come from."""

from __future__ import annotations

from scanner.graph.ontology import FLOWING, NodeKind, attributes, boolean, number, text, words
from scanner.graph.shared import NAMED

MOVING = (
    NodeKind("movement", "movement", "derive", "something that goes from one place to another, once for all jobs that move it alike", attributes(
        NAMED, text("what", "what moves", *FLOWING), text("from-region", "region it leaves"), text("to-region", "region it enters"),
        words("data-classes", "classes it counts as where it leaves; null when none"),
        boolean("declared", "whether the scenario allows it: a flow carries it, or another part declares it"),
        text("blocked", "what no flow carries, in words; null when all of it is declared"),
        boolean("fine-tuning", "whether it is for tuning a model"), number("count", "jobs, steps or resources that move it"), words("examples", "up to three of them"))),
    NodeKind("base-model", "base model", "derive", "where a workspace takes models from that it tunes", attributes(
        NAMED, text("source", "registry, workspace or place it is from"), boolean("accepted", "whether its source is at a site, or is a catalogue declared for base models"))),
    NodeKind("flow", "declared flow", "bind", "a movement the scenario declares", attributes(
        NAMED, text("what", "what may move", *FLOWING), text("from", "site or environment it leaves"), text("to", "site or environment it enters"),
        words("from-is", "what `from` names", "site", "environment"), words("to-is", "what `to` names", "site", "environment"),
        text("class", "class it carries; null: only what is not regulated"), text("becomes", "class it counts as where it arrives; null: unchanged"),
        text("approver", "who approves it; null when nobody"), boolean("in-force", "whether its last day has not passed"))),
)  # fmt: skip
