"""Measures decode and scan time and peak memory for estates of several sizes, each in a process of its own.

    python -m tests.bench.figures                # 10k, 100k, 1M
    python -m tests.bench.figures 10000          # one size
    python -m tests.bench.figures --readme       # 10k and 100k, written into README.md

Run by hand or by a scheduled job; machines are noisy, so read the ratios of one run.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
_TRIES = 5
_MARKS = ("<!-- figures: python -m tests.bench.figures -->", "<!-- end of figures -->")


def main(words: list[str]) -> None:
    readme = "--readme" in words
    sizes = [int(word) for word in words if word.isdigit()] or (
        [10_000, 100_000] if readme else [10_000, 100_000, 1_000_000]
    )
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            path = Path(folder) / f"{size}.mlp"
            _child("make", str(size), str(path))
            tries = [_child("scan", str(size), str(path)) for _ in range(_TRIES if size <= 100_000 else 1)]
            rows.append(min(tries, key=lambda row: float(row["scan"])))  # the least disturbed by what else runs here
            print(json.dumps(rows[-1]), flush=True)
        help_ms = _help_time()
    table = _table(rows, help_ms)
    print(table)
    if readme:
        path = ROOT / "README.md"
        before, _, rest = path.read_text(encoding="utf-8").partition(_MARKS[0])
        after = rest.partition(_MARKS[1])[2]
        path.write_text(f"{before}{_MARKS[0]}\n{table}\n{_MARKS[1]}{after}", encoding="utf-8")


def _child(what: str, size: str, path: str) -> Any:
    done = subprocess.run([sys.executable, "-m", "tests.bench.figures", f"--{what}", size, path],
                          capture_output=True, text=True, cwd=ROOT, check=False)  # fmt: skip
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout) if done.stdout.strip() else None


def _make(size: int, path: Path) -> None:
    from scanner.snapshot import write
    from tests.bench.estate import snapshot

    write(snapshot(size), path)


def _scan(size: int, path: Path) -> dict[str, Any]:
    """The whole scan first, in a fresh process as users have it; then decoding every row alone, and building the estate alone."""
    started = time.perf_counter()
    import msgspec

    from scanner import data
    from scanner.cli.selected import rules
    from scanner.derive import duties
    from scanner.graph.build import build
    from scanner.scan import scan
    from scanner.scenario.load import load
    from scanner.snapshot import read
    from tests.bench.estate import SCENARIO

    imported = time.perf_counter()
    scenario_file = path.with_suffix(".yaml")
    scenario_file.write_text(SCENARIO, encoding="utf-8")
    snapshot = read(path)
    checked = time.perf_counter()
    report = scan(
        snapshot,
        load(scenario_file, "bench.yaml"),
        rules(()),
        duties=duties.load(data.duties()),
        today=date(2026, 11, 24),
    )
    finished = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
    rows = sum(
        1 for kind in snapshot.kinds for block in snapshot.blocks(kind) for line in block if decoder.decode(line)
    )
    decoded = time.perf_counter()
    estate = build(snapshot, {})
    built = time.perf_counter()
    nodes = len(estate)
    return {
        "resources": size, "rows": rows, "nodes": nodes, "findings": len(report.settled),
        "import": imported - started, "verify": checked - imported, "decode": decoded - finished, "build": built - decoded,
        "scan": finished - checked, "peak_mb": peak,
    }  # fmt: skip


def _help_time() -> float:
    """Median of nine runs of `mlposture --help`, in milliseconds, whole process."""
    times = []
    for _ in range(9):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", "from scanner.cli import main; main()", "--help"],
                       capture_output=True, cwd=ROOT, check=True)  # fmt: skip
        times.append((time.perf_counter() - started) * 1000)
    return sorted(times)[4]


def _table(rows: list[dict[str, Any]], help_ms: float) -> str:
    lines = [
        "| resources | rows | snapshot checked | decoded | whole scan, all rules | peak memory |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {r['resources']:,} | {r['rows']:,} | {r['verify']:.2f} s | {r['decode']:.2f} s | {r['scan']:.2f} s | {r['peak_mb']:.0f} MB |"
        for r in rows
    ]
    where = f"The quickest of {_TRIES} runs, one process on two shared cores, CPython {sys.version.split()[0]}"
    return "\n".join([*lines, "", f"{where}; `mlposture --help` takes {help_ms:.0f} ms."])


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if arguments[:1] == ["--make"]:
        _make(int(arguments[1]), Path(arguments[2]))
    elif arguments[:1] == ["--scan"]:
        print(json.dumps(_scan(int(arguments[1]), Path(arguments[2]))))
    else:
        main(arguments)
