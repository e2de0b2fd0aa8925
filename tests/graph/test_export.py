"""Pictures of access for other tools: no name can end a string, start a line, or run a command in them."""

from __future__ import annotations

import io
import re

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.findings import NodeRef
from scanner.graph.export import FORMATS, Arrow, Picture, render

HOSTILE = (
    'a"]; b -> c ["', 'x\\" ]', "two\nlines\r\n%%{init: {}}%%", "\x1b[31mred\x1b[0m", "</text><script>alert(1)</script>", "end",
    "`code` **bold** [link](javascript:x)", "&quot;#quot;&#34;", "\u202egnp.exe", "click n0 call alert()", "n" * 10_000, "\x00", "|x|--> n9", "",
)  # fmt: skip


def _picture(*names: str) -> Picture:
    nodes = {f"key-{at}": NodeRef(f"key-{at}", name, name, name) for at, name in enumerate(names)}
    keys = list(nodes)
    arrows = tuple(
        Arrow(a, b, name, name, certain=at % 2 == 0, cause=name)
        for at, (a, b, name) in enumerate(zip(keys, keys[1:], names, strict=False))
    )
    return Picture(nodes, arrows)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(st.text(), st.sampled_from(HOSTILE)), min_size=2, max_size=5))
def test_every_format_holds_the_nodes_and_links_and_nothing_else(names: list[str]) -> None:
    picture = _picture(*names)
    graph = nx.read_graphml(io.BytesIO(render(picture, "graphml").encode()), force_multigraph=True)
    assert (len(graph), graph.number_of_edges()) == (len(names), len(names) - 1)
    string = r'"(?:[^"\\]|\\.)*"'
    head, *body, foot = render(picture, "dot").splitlines()
    assert (head, foot) == ("digraph access {", "}")
    nodes = [line for line in body[2:] if re.fullmatch(rf"  n\d+ \[label={string}\];", line)]
    links = [line for line in body[2:] if re.fullmatch(rf"  n\d+ -> n\d+ \[label={string}(, style=dashed)?\];", line)]
    assert (len(nodes), len(links)) == (len(names), len(names) - 1) and len(nodes) + len(links) + 2 == len(body)
    head, *body = render(picture, "mermaid").splitlines()
    assert head == "flowchart LR"
    text = r'"(?:[^"<>`&%\[\]{}|]|<br/>)*"'
    nodes = [line for line in body if re.fullmatch(rf"  n\d+\[{text}\]", line)]
    links = [line for line in body if re.fullmatch(rf"  n\d+ -\.?->\|{text}\| n\d+", line)]
    assert (len(nodes), len(links)) == (len(names), len(names) - 1) and len(nodes) + len(links) == len(body)


def test_nothing_invisible_and_nothing_endless_is_written() -> None:
    for format in FORMATS:
        made = render(_picture(*HOSTILE), format)
        assert all(char.isprintable() or char == "\n" for char in made)
        assert max(map(len, made.splitlines())) < 8_000
        assert made == render(_picture(*HOSTILE), format)


def test_what_is_not_certain_is_dashed() -> None:
    picture = Picture(
        {key: NodeRef(key, "user", key) for key in ("a", "b")}, (Arrow("a", "b", "member-of", "why", certain=False),)
    )
    assert 'n0 -> n1 [label="may be: member of\\nwhy", style=dashed];' in render(picture, "dot")
    assert 'n0 -.->|"may be#58; member of<br/>why"| n1' in render(picture, "mermaid")
