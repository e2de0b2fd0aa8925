"""The README's picture shows what the demo says today; `python -m tests.render.picture` draws it again."""

from __future__ import annotations

import html
import re

from tests.render.picture import FILE, draw


def _words(svg: str) -> str:
    return " ".join(html.unescape(" ".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg))).split())


def test_the_picture_says_what_the_demo_says() -> None:
    shown = _words(FILE.read_text(encoding="utf-8"))

    assert "rules passed" in shown
    assert shown == _words(draw()), "draw it again with `python -m tests.render.picture`"
