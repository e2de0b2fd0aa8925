"""Fills the placeholders of a rule's message with what was found."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from scanner.graph.edges import ONTOLOGY
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
            parts[2 * at + 1] = tell(estate.get(node, attribute), attribute) if attribute else estate.name(node)
        return "".join(parts)

    return fill


def _place(words: str) -> tuple[int, str]:
    """Which node a placeholder means, and which attribute of it; empty for its name."""
    who, _, attribute = words.partition(".")
    if who != "found":
        return _SUBJECT, attribute
    index, _, rest = attribute.partition(".")
    return (int(index), rest) if index.isdigit() else (0, attribute)


def tell(value: Any, attribute: str) -> str:
    """A value of an attribute in words a person would use: shares as percentages, words of enumerations without hyphens."""
    share, words = _manner(attribute)
    if share and isinstance(value, float | int) and not isinstance(value, bool):
        return f"{value * 100:.3g}%"
    if isinstance(value, frozenset):
        *others, last = sorted(words.get(one, str(one)) for one in value) or ["none"]
        return f"{', '.join(others)} and {last}" if others else last
    return words[value] if isinstance(value, str) and value in words else say(value)


@cache
def _manner(attribute: str) -> tuple[bool, Mapping[str, str]]:
    """Whether an attribute of this name is a share, and the words of its values, over all kinds of nodes."""
    found = [kind.attributes[attribute] for kind in ONTOLOGY.kinds.values() if attribute in kind.attributes]
    words = {value: one.said.get(value, value.replace("-", " ")) for one in found for value in one.values}
    return any(one.share for one in found), words


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


def not_known(estate: Estate, attributes: Sequence[str], nodes: Sequence[int]) -> list[str]:
    """Which of these attributes nobody knows at these nodes; for what no gap explains."""
    found = []
    for node in dict.fromkeys(nodes):
        declared = ONTOLOGY.kinds[estate.kind(node)].attributes
        names = [f"`{name}`" for name in attributes if name in declared and estate.get(node, name) is UNSET]
        if names:
            found.append(f"{' and '.join(names)} of {estate.name(node)} {'are' if len(names) > 1 else 'is'} not known")
    return found
