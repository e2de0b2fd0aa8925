"""Makes text from outside harmless: names can hold escape sequences, bidi overrides, zero-width characters and more."""

from __future__ import annotations

import unicodedata

LIMIT = 512
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def scrub(text: str, limit: int = LIMIT) -> str:
    """Control characters as `\\xNN`, invisible and direction-changing ones as `\\uNNNN`, and no more than `limit` characters."""
    if text.isascii() and text.isprintable() and len(text) <= limit:
        return text
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return "".join(char if char == " " or _plain(char) else _escaped(char) for char in cut)


def _plain(char: str) -> bool:
    return unicodedata.category(char) not in _HIDDEN


def _escaped(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
