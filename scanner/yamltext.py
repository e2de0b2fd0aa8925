"""Text for YAML that is written: any value quoted so that it is read back as it was, any comment on one line and harmless."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

# plain words that no reader of YAML, old or new, takes for a number, a date, a truth value or syntax
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9 /]*(?:[-_.@][A-Za-z0-9]+(?: [A-Za-z0-9]+)*)*(?<! )")
_WORDS = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def quoted(text: str) -> str:
    """A scalar: plain where that cannot be misread, in double quotes otherwise."""
    if text.lower() not in _WORDS and _PLAIN.fullmatch(text):
        return text
    return '"' + "".join(_ESCAPES.get(c) or (c if _printable(c) else _escaped(c)) for c in text) + '"'


def listed(words: Iterable[str]) -> str:
    """A list on one line."""
    return f"[{', '.join(quoted(word) for word in words)}]"


def comment(text: str, limit: int = 160) -> str:
    """What may stand behind `# `: one line, nothing that moves a cursor or turns text around, of bounded length."""
    clean = "".join(c if _printable(c) else " " for c in text)
    clean = re.sub(r" +", " ", clean).strip()
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


def _printable(character: str) -> bool:
    """Controls, marks of direction, separators of lines, surrogates and what is not assigned are not shown as they are."""
    return character == " " or unicodedata.category(character)[0] not in "CZ"


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xD800 <= code <= 0xDFFF:
        return "\\uFFFD"  # half of a character: no file can hold it
    return f"\\x{code:02X}" if code < 0x100 else f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"
