"""A small graph for other tools: GraphML, DOT and Mermaid. Names come from outside, so none can end a string or a line.

GraphML is written by networkx; DOT and Mermaid by hand, with nodes numbered and every name inside quotes. Whatever is not
printable is written as an escape first, and long names are cut.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import networkx as nx

from scanner.findings import NodeRef

FORMATS = ("graphml", "dot", "mermaid")
_LONGEST = 200  # characters of a name or note that a picture has room for
_LONGEST_ID = 2048
_MERMAID_PLAIN = frozenset(" .,-_/()@")
_UNSURE = "may be"


@dataclass(frozen=True, slots=True)
class Arrow:
    """One link of a picture, by keys of its nodes. What is not `certain` is drawn dashed."""

    source: str
    target: str
    edge: str
    note: str = ""
    certain: bool = True
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """Nodes by key, in the order in which they are drawn, and the links between them."""

    nodes: Mapping[str, NodeRef]
    arrows: tuple[Arrow, ...]


def render(picture: Picture, format: str) -> str:
    """The picture as text of one of `FORMATS`."""
    return {"graphml": graphml, "dot": dot, "mermaid": mermaid}[format](picture)


def graphml(picture: Picture) -> str:
    """GraphML with name, kind and id of each node, and edge, note, cause and certainty of each link."""
    numbers = _numbers(picture)
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    for key, node in picture.nodes.items():
        graph.add_node(
            numbers[key], name=_plain(node.name), kind=_plain(node.kind), id=_plain(node.id or node.key, _LONGEST_ID)
        )
    for at, arrow in enumerate(picture.arrows):
        graph.add_edge(
            numbers[arrow.source], numbers[arrow.target], key=at, edge=_plain(arrow.edge), note=_plain(arrow.note, _LONGEST_ID),
            cause=_plain(arrow.cause, _LONGEST_ID), certain=arrow.certain,
        )  # fmt: skip
    return "\n".join(nx.generate_graphml(graph)) + "\n"


def dot(picture: Picture) -> str:
    """Graphviz DOT, drawn from left to right."""
    numbers = _numbers(picture)
    lines = ["digraph access {", "  rankdir=LR;", '  node [shape=box, fontname="sans-serif"];']
    for key, node in picture.nodes.items():
        lines.append(f"  {numbers[key]} [label={_quoted(_plain(node.name), _plain(_words(node.kind)))}];")
    for arrow in picture.arrows:
        style = "" if arrow.certain else ", style=dashed"
        label = _quoted(*_label(arrow))
        lines.append(f"  {numbers[arrow.source]} -> {numbers[arrow.target]} [label={label}{style}];")
    return "\n".join([*lines, "}"]) + "\n"


def mermaid(picture: Picture) -> str:
    """A Mermaid flowchart, drawn from left to right."""
    numbers = _numbers(picture)
    lines = ["flowchart LR"]
    for key, node in picture.nodes.items():
        lines.append(f'  {numbers[key]}["{_entities(_plain(node.name))}<br/>{_entities(_plain(_words(node.kind)))}"]')
    for arrow in picture.arrows:
        line = "-->" if arrow.certain else "-.->"
        label = "<br/>".join(_entities(part) for part in _label(arrow))
        lines.append(f'  {numbers[arrow.source]} {line}|"{label}"| {numbers[arrow.target]}')
    return "\n".join(lines) + "\n"


def _numbers(picture: Picture) -> dict[str, str]:
    return {key: f"n{number}" for number, key in enumerate(picture.nodes)}


def _label(arrow: Arrow) -> list[str]:
    edge = _words(arrow.edge) if arrow.certain else f"{_UNSURE}: {_words(arrow.edge)}"
    return [_plain(part) for part in (edge, arrow.note) if part]


def _words(name: str) -> str:
    return name.replace("-", " ")


def _plain(text: str, longest: int = _LONGEST) -> str:
    """One line of printable characters: control, invisible and direction-changing ones become escapes, and so does what a
    CI log would obey.
    """
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    cut = cut.replace("##", "#\\u0023")
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in cut)


def _quoted(*lines: str) -> str:
    """A DOT string; `\\n` between lines is the only escape that is left."""
    return '"' + "\\n".join(line.replace("\\", "\\\\").replace('"', '\\"') for line in lines) + '"'


def _entities(text: str) -> str:
    """Everything that Mermaid, Markdown or HTML might act on as a numbered entity."""
    return "".join(char if char.isalnum() or char in _MERMAID_PLAIN else f"#{ord(char)};" for char in text)
