"""Measures a collection against the floor: 1, 10 and 50 subscriptions, 0 and 30 ms a call, the simulator by itself.

    python -m tests.bench.collection                       # all of it
    python -m tests.bench.collection 10 --latency 0.03     # one size, one latency
    python -m tests.bench.collection big                   # 39,558 assignments in 115 subscriptions, 416,000 users

Simulator, floor and collection are processes of their own; a line of JSON comes for each, and a table at the end. Run by
hand: machines are noisy, so read the ratios of one run.
"""

from __future__ import annotations

import argparse
import json
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

ROOT = Path(__file__).parent.parent.parent
SIZES = ("1", "10", "50")
LATENCIES = (0.0, 0.03)
_HEAD = (
    "| subscriptions | latency | | requests | wall | CPU | peak memory | simulator's CPU | wall / floor | memory / floor |",
    "|---|---|---|---|---|---|---|---|---|---|",
)


@contextmanager
def simulator(document: Path, latency: float, *more: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields the line that says how to reach it, and a mapping that is filled in when it has ended."""
    words = [sys.executable, "-m", "scanner.simulator", str(document), "--latency", str(latency), *more]
    running = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    ended: dict[str, Any] = {}
    try:
        assert running.stdout is not None
        where = running.stdout.readline()
        if not where:
            raise RuntimeError("the simulator did not start")
        yield where, ended
        running.send_signal(signal.SIGTERM)
        ended.update(json.loads(running.stdout.readline()))
    finally:
        running.kill()
        running.wait()


def _child(*words: str) -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True, cwd=ROOT, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _ours(given: dict[str, str]) -> dict[str, Any]:
    """One collection in this process, written nowhere. Imports are part of it: every run pays for them."""
    began, cpu = time.perf_counter(), time.process_time()
    from scanner.collect import Secret, Settings, Silent, run

    snapshot = run(Settings(cloud=given["url"], ca_bundle=Path(given["ca_bundle"]), tenant=given["tenant"],
                            secret=Secret(given["client_id"], given["client_secret"])), Silent())  # fmt: skip
    gaps = [c for c in snapshot.coverage if c.outcome not in ("complete", "bounded")]
    return {
        "wall": time.perf_counter() - began, "cpu": time.process_time() - cpu,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "records": sum(snapshot.manifest.counts.values()), "gaps": len(gaps), "first_gap": str(gaps[0]) if gaps else "",
    }  # fmt: skip


def measure(size: str, latency: float, document: Path, floor: bool = True) -> list[dict[str, Any]]:
    """The floor's figures and ours, of a simulator each."""
    rows = []
    kinds = {"floor": ("tests.bench.floor",), "ours": ("tests.bench.collection", "--ours")}
    for name, words in kinds.items():
        if name == "floor" and not floor:
            continue
        with simulator(document, latency) as (where, ended):
            row = {"subscriptions": size, "latency": latency, "who": name, **_child(*words, where)}
        row |= {
            "requests": ended["requests"],
            "refused": ended["refused"],
            "simulator_cpu": ended["cpu"],
            "simulator_mb": ended["peak_mb"],
        }
        rows.append(row)
        print(json.dumps(row), flush=True)
    return rows


def table(rows: list[dict[str, Any]]) -> str:
    lines = list(_HEAD)
    floors = {(row["subscriptions"], row["latency"]): row for row in rows if row["who"] == "floor"}
    for row in rows:
        floor = floors.get((row["subscriptions"], row["latency"]))
        ratios = [f"{row[key] / floor[key]:.1f}" if floor and row is not floor else "" for key in ("wall", "peak_mb")]
        lines.append(
            f"| {row['subscriptions']} | {row['latency'] * 1000:.0f} ms | {row['who']} | {row['requests']:,} | {row['wall']:.2f} s | {row['cpu']:.2f} s "
            f"| {row['peak_mb']:.0f} MB | {row['simulator_cpu']:.2f} s | {' | '.join(ratios)} |"
        )
    return "\n".join(lines)


def main(words: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.collection")
    parser.add_argument("sizes", nargs="*", metavar="N|big")
    parser.add_argument("--latency", type=float, action="append")
    parser.add_argument("--ours", metavar="JSON", help=argparse.SUPPRESS)
    given = parser.parse_args(words)
    if given.ours:
        print(json.dumps(_ours(json.loads(given.ours))))
        return
    from tests.bench import tenants

    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for size in given.sizes or SIZES:
            document = Path(folder) / f"{size}.json"
            document.write_bytes(msgspec.json.encode(tenants.big() if size == "big" else tenants.tenant(int(size))))
            for latency in given.latency or ((0.0,) if size == "big" else LATENCIES):
                rows += measure(size, latency, document)
    print(table(rows))


if __name__ == "__main__":
    main(sys.argv[1:])
