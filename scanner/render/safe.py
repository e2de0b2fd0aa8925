"""Makes text from outside harmless: names can hold escape sequences, bidi overrides, zero-width characters and more.

A CI log is read by a machine too: GitHub obeys a line that begins with `::`, Azure DevOps `##[` and `##vso[` anywhere.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

LIMIT = 512
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_BREAKS = frozenset("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")  # what `str.splitlines` takes for the end of a line
_CI_COMMAND = re.compile(r"##(?=\[|vso\[)|(?<!\S)::")


def scrub(text: str, limit: int = LIMIT) -> str:
    """Control characters as `\\xNN`, invisible and direction-changing ones as `\\uNNNN`, no command to a CI system, and no
    more than `limit` characters."""
    if "##" in text or "::" in text:
        text = _CI_COMMAND.sub(lambda found: "#\\x23" if found[0] == "##" else "\\x3a:", text)
    if text.isascii() and text.isprintable() and len(text) <= limit:
        return text
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return "".join(char if char == " " or _plain(char) else _escaped(char) for char in cut)


def one_line(text: str) -> str:
    """A message with the line breaks of what a user typed escaped, and what is quoted or typed at length cut: `a…` (n characters)."""
    short = re.sub(r"`[^`]{201,}`", lambda found: f"`{found[0][1:121]}…` ({len(found[0]) - 2} characters)", text)
    short = re.sub(r"[^\s`]{401,}", lambda found: f"{found[0][:120]}… ({len(found[0])} characters)", short)
    return "".join(_escaped(char) if char in _BREAKS else char for char in short)


def json_text(document: object, **layout: Any) -> str:
    """JSON with sorted keys that no terminal and no CI log acts on: ASCII alone, and nothing that begins with `##`."""
    return json.dumps(document, sort_keys=True, **layout).replace("##", "#\\u0023")


def _plain(char: str) -> bool:
    return unicodedata.category(char) not in _HIDDEN


def _escaped(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
