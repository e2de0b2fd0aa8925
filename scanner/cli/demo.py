"""The demo: a made-up tenant, answered over HTTPS by the simulator exactly as a private cloud would answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from scanner import data


@contextmanager
def demo(today: date | None) -> Iterator[tuple[Path, Any, date]]:
    """Runs the simulator; yields the scenario file, settings that reach it, and the day to judge waivers by."""
    from scanner.collect import Secret, Settings
    from scanner.simulator import Simulator, load_tenant

    folder = data.demo_tenant()
    with Simulator(load_tenant(folder)) as simulator:
        settings = Settings(
            cloud=simulator.url,
            ca_bundle=simulator.ca_bundle,
            tenant=simulator.tenant_id,
            secret=Secret(simulator.client_id, simulator.client_secret),
            regions=("westeurope",),
        )
        yield folder / "scenario.yaml", settings, today or made_for(folder)


def made_for(folder: Path) -> date:
    """The day the demo tenant was made for, so that its waivers stand as described."""
    return date.fromisoformat(json.loads((folder / "demo.json").read_text(encoding="utf-8"))["today"])
