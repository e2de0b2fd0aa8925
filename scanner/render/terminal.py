"""What every report for a terminal needs: colour when it is wanted, a width, marks that can be written, harmless text."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TextIO

from scanner.render.safe import scrub

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_WIDTH = 160  # where there is no terminal


def carries_marks(file: TextIO) -> bool:
    try:
        "✗✓".encode(getattr(file, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def console_for(file: TextIO, color: str, width: int | None) -> Console:
    from rich.console import Console

    reconfigure = getattr(file, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")
    coloured = _coloured(file, color)
    if width is None and not file.isatty():
        columns = os.environ.get("COLUMNS", "")
        width = (int(columns[:6]) if columns.isdecimal() else 0) or _WIDTH
    return Console(
        file=file, force_terminal=coloured, color_system="standard" if coloured else None, no_color=not coloured, width=width,
        markup=False, emoji=False, highlight=False, legacy_windows=False,
    )  # fmt: skip


def _coloured(file: TextIO, color: str) -> bool:
    """The option, then FORCE_COLOR and CLICOLOR_FORCE, then NO_COLOR, then whether it is a terminal that can."""
    if color != "auto":
        return color == "always"
    if any(os.environ.get(name, "0") not in ("", "0") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and file.isatty()


def styled(*parts: str | tuple[str, str]) -> Text:
    """Text of plain and styled parts, every part scrubbed."""
    from rich.text import Text

    text = Text()
    for part in parts:
        words, style = part if isinstance(part, tuple) else (part, "")
        text.append(scrub(words, limit=2048), style=style or None)
    return text
