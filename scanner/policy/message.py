"""Fills the placeholders of a rule's message with what was found."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from scanner.graph.estate import UNSET, Estate

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_SUBJECT = -1  # in place of an index into what was found

Words = Callable[[Estate, int, Sequence[int]], str]  # a message for a subject and what was found


@lru_cache(maxsize=1024)
def message(template: str) -> Words:
    """The words of a template with `{subject}`, `{found}`, `{found.0}` and their attributes filled in; read once for a rule."""
    texts = _PLACEHOLDER.split(template)  # text, placeholder, text, ...
    places = [_place(words) for words in texts[1::2]]

    def fill(estate: Estate, subject: int, found: Sequence[int]) -> str:
        parts = texts.copy()
        for at, (index, attribute) in enumerate(places):
            if index == _SUBJECT:
                node = subject
            elif index < len(found):
                node = found[index]
            else:
                parts[2 * at + 1] = "unknown"
                continue
            parts[2 * at + 1] = say(estate.get(node, attribute)) if attribute else estate.name(node)
        return "".join(parts)

    return fill


def _place(words: str) -> tuple[int, str]:
    """Which node a placeholder means, and which attribute of it; empty for its name."""
    who, _, attribute = words.partition(".")
    if who != "found":
        return _SUBJECT, attribute
    index, _, rest = attribute.partition(".")
    return (int(index), rest) if index.isdigit() else (0, attribute)


def say(value: Any) -> str:
    """A value in words: sets sorted, numbers short, `none` for what is absent."""
    if value is UNSET:
        return "unknown"
    if value is None or value == frozenset():
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, frozenset):
        return ", ".join(sorted(map(str, value)))
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return str(value)
