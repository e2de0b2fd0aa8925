"""Answers about access, in every format: text for the terminal, JSON by contract, and the graph of a question."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TextIO

from scanner.derive.access.answers import Answer, Difference
from scanner.graph import export


@dataclass(frozen=True, slots=True)
class Asked:
    """The question as it was put: the command's words, of which scenario and estate, and what it was to be without or with."""

    words: tuple[str, ...]
    scenario: str
    scenario_file: str
    tenant: str
    read: str
    without: tuple[str, ...] = ()
    added: tuple[str, ...] = ()


def render(answer: Answer, change: Difference | None, asked: Asked, format: str, *, verbose: int = 0) -> str:
    """The answer as a file holds it. `change` is what a what-if changes, None when nothing was to be changed."""
    if format == "text":
        buffer = io.StringIO()
        text(answer, change, asked, buffer, color="never", verbose=verbose)
        return buffer.getvalue()
    if format == "json":
        from scanner.render import access_json

        return access_json.render(answer, change, asked)
    return export.render(answer.picture, format)


def text(
    answer: Answer, change: Difference | None, asked: Asked, file: TextIO, *, color: str = "auto", width: int | None = None, verbose: int = 0
) -> None:  # fmt: skip
    """Writes the answer as people read it."""
    from scanner.render import access_text
    from scanner.render.terminal import carries_marks, console_for

    console = console_for(file, color, width)
    plain = not carries_marks(file)
    with console.capture() as printed:
        for line in access_text.lines(answer, change, asked, console, verbose):
            if plain:
                for mark, letter in (("✗", "x"), ("✓", "+"), ("→", "->"), ("·", "-")):
                    line.plain = line.plain.replace(mark, letter)
            console.print(line, soft_wrap=True)
    file.write(printed.get())
