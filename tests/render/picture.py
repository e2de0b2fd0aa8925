"""Draws the README's picture from the demo's own output: `python -m tests.render.picture`."""

from __future__ import annotations

import io
import re
from pathlib import Path

from rich.console import Console

from scanner.errors import Exit
from scanner.render.text import _folded, _lines
from tests.render.test_reports import contoso

FILE = Path(__file__).parent.parent.parent / "reports" / "samples" / "demo.svg"
_FIRST = 34


def draw() -> str:
    """The beginning and the end of the demo scan, as a terminal of 150 columns shows them; no outside font is named."""
    console = Console(
        record=True, width=150, file=io.StringIO(), markup=False, emoji=False, highlight=False, force_terminal=True
    )
    lines = [piece for line in _lines(contoso(), 0, Exit.FINDINGS, "high", ()) for piece in _folded(line, console)]
    for line in lines[:_FIRST]:
        console.print(line, no_wrap=True, overflow="ellipsis")
    console.print("\n  ...\n", style="dim")
    table = next(
        at for at, line in enumerate(lines) if line.plain.split() == ["failed", "unknown", "waived", "rules", "passed"]
    )
    for line in lines[table:]:
        console.print(line)
    svg = console.export_svg(title="mlposture scan --demo", unique_id="demo")
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    return svg.replace("Fira Code", "ui-monospace, Menlo, Consolas").replace(
        "Generated with Rich https://www.textualize.io", "mlposture"
    )


if __name__ == "__main__":
    FILE.write_text(draw(), encoding="utf-8")
    print(f"{FILE.name}: {FILE.stat().st_size} bytes")
