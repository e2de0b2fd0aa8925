"""Runs the simulator in a process of its own, so that what is measured shares no interpreter with it.

    python -m scanner.simulator TENANT.json --latency 0.03

The first line of output is a JSON object that says how to reach it: `url`, `ca_bundle`, `tenant`, `client_id` and
`client_secret`. It ends on SIGINT or SIGTERM, and says with a second line how many requests it answered (`requests`,
`refused`), the processor time of that in seconds (`cpu`) and its peak memory in MB (`peak_mb`).
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import signal
import time
from pathlib import Path

from scanner.simulator import Simulator, load_tenant


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m scanner.simulator", description="Answer as Azure does, from a tenant document."
    )
    parser.add_argument("tenant", type=Path, metavar="TENANT.json")
    parser.add_argument("--port", type=int, default=0, help="0, the default, is any that is free")
    parser.add_argument("--latency", type=float, default=0.0, metavar="S", help="seconds added to every answer")
    parser.add_argument("--page-size", type=int, default=1000, metavar="N", help="most items on a page")
    parser.add_argument(
        "--resource-graph-quota", type=int, metavar="N", help="queries in five seconds; none by default"
    )
    parser.add_argument("--graph-units", type=int, metavar="N", help="resource units in ten seconds; none by default")
    given = parser.parse_args(words)
    signal.pthread_sigmask(
        signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM}
    )  # before any thread: they wait for us below
    simulator = Simulator(
        load_tenant(given.tenant), page_size=given.page_size, latency=given.latency, port=given.port,
        resource_graph_quota=given.resource_graph_quota, graph_units=given.graph_units,
    )  # fmt: skip
    gc.collect()
    gc.freeze()  # the document stays; collecting it again and again would be measured as ours
    with simulator:
        before = time.process_time()
        print(json.dumps({
            "url": simulator.url, "ca_bundle": str(simulator.ca_bundle), "tenant": simulator.tenant_id,
            "client_id": simulator.client_id, "client_secret": simulator.client_secret,
        }), flush=True)  # fmt: skip
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
        print(json.dumps({
            "requests": len(simulator.requests), "refused": simulator.refused, "cpu": time.process_time() - before,
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }), flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
