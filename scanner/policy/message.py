"""Fills the placeholders of a rule's message with what was found."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from scanner.graph.estate import UNSET, Estate

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def fill(message: str, estate: Estate, subject: int, found: Sequence[int]) -> str:
    """`{subject}`, `{found}`, `{found.0}` and their attributes, in words."""

    def word(match: re.Match[str]) -> str:
        who, _, attribute = match.group(1).partition(".")
        node = subject
        if who == "found":
            index, _, rest = attribute.partition(".")
            if index.isdigit():
                attribute = rest
                node = found[int(index)] if int(index) < len(found) else -1
            else:
                node = found[0] if found else -1
        if node < 0:
            return "unknown"
        return say(estate.get(node, attribute)) if attribute else estate.name(node)

    return _PLACEHOLDER.sub(word, message)


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
