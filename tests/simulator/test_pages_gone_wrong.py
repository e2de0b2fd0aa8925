"""Faults of lists and of error bodies, a mixture with a seed, and the simulator in a process of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from scanner.simulator import Fault, Simulator
from scanner.simulator.faults import mixture, read
from tests.simulator.client import STORE, SUB, WORKSPACE, Client, small

PATH = f"{WORKSPACE}/data/churn/versions"


def follow(client: Client, most: int = 12) -> list[list[str]]:
    """Names on each page, links followed as long as they lead to the simulator."""
    found: list[list[str]] = []
    url = f"{PATH}?api-version=2025-12-01"
    while url and len(found) < most:
        status, body = client.open(url, Authorization=f"Bearer {client.tokens['arm']}")
        assert status == 200
        found.append([row["name"] for row in body["value"]])
        link = body.get("nextLink", "")
        url = link.removeprefix(client.simulator.url) if link.startswith(client.simulator.url) else ""
    return found


@pytest.mark.parametrize(("kind", "pages"), [
    ("empty-page", [[], ["1"], [], ["2"]]), ("repeat", [["1"], ["1"], ["2"], ["2"]]), ("loop", [["1"]] * 12), ("foreign-link", [["1"]]),
])  # fmt: skip
def test_a_list_goes_wrong_as_it_was_told(kind: Any, pages: list[list[str]]) -> None:
    with Simulator(small(), page_size=1, faults=[Fault(kind, path="*/versions")]) as simulator:
        client = Client(simulator)
        assert follow(client) == pages
        assert client.arm(STORE)[0] == 200
        if kind == "foreign-link":
            assert urlsplit(client.arm(PATH)[1]["nextLink"]).hostname == "elsewhere.invalid"


def test_pages_of_graph_and_of_resource_graph_go_wrong_too() -> None:
    graph = {"groups": [{"id": "g", "displayName": "g", "x-members": ["u"]}]}
    faults = [Fault("empty-page", path="*/members"), Fault("loop", path="*/resources", method="POST")]
    with Simulator(small(graph=graph), faults=faults) as simulator:
        client = Client(simulator)
        part = {"id": "1", "method": "GET", "url": "/groups/g/members"}
        (answer,) = client.graph("/$batch", "POST", {"requests": [part]})[1]["responses"]
        assert answer["body"]["value"] == []
        link = answer["body"]["@odata.nextLink"].removeprefix(simulator.url)
        assert len(client.open(link, Authorization=f"Bearer {client.tokens['graph']}")[1]["value"]) == 1
        first = client.query("resources")[1]
        again = client.query("resources", options={"$skipToken": first["$skipToken"]})[1]
    assert first["data"] == again["data"] and first["$skipToken"] == again["$skipToken"]


@pytest.mark.parametrize(("body", "said"), [
    ("html", "<html><head><title>502</title></head><body><h1>BadGateway</h1></body></html>"), ("message", {"Message": "The simulator was asked to fail here."}),
    ("bare", {"code": "BadGateway", "message": "The simulator was asked to fail here."}),
])  # fmt: skip
def test_an_error_may_be_written_in_other_ways(body: Any, said: object) -> None:
    with Simulator(small(), faults=[Fault("status", status=502, body=body)]) as simulator:
        assert Client(simulator).arm(SUB) == (502, said)


def test_a_mixture_strikes_the_same_calls_for_the_same_seed() -> None:
    def struck(seed: int) -> list[tuple[str, int] | None]:
        from scanner.simulator.answer import Call
        from scanner.simulator.faults import first

        faults = mixture(seed)
        hits = (first(faults, Call("GET", f"/{number}", f"/{number}", {})) for number in range(400))
        return [(hit.kind, hit.status) if hit else None for hit in hits]

    assert struck(7) == struck(7) != struck(8)
    kinds = {hit for hit in struck(7) if hit}
    assert {("status", 429), ("delay", 500)} <= kinds
    document: Mapping[str, Any] = {"kind": "random", "seed": 7}
    assert [fault.seed for fault in read([document, Fault("reset")])] == [7, 8, 9, 10, 11, 12, 0]


def test_it_runs_in_a_process_of_its_own_and_says_how_to_reach_it(tmp_path: Path) -> None:
    file = tmp_path / "tenant.json"
    file.write_text(json.dumps(small()), encoding="utf-8")
    running = subprocess.Popen(
        [sys.executable, "-m", "scanner.simulator", str(file), "--page-size", "5"], stdout=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    try:
        where = json.loads(running.stdout.readline())

        class Reached:
            url, ca_bundle, tenant_id = where["url"], where["ca_bundle"], where["tenant"]
            client_id, client_secret = where["client_id"], where["client_secret"]

        assert Client(Reached).names(PATH) == ["1", "2"]
        running.send_signal(signal.SIGTERM)
        ended = json.loads(running.stdout.readline())
        assert running.wait(10) == 0
    finally:
        running.kill()
        running.stdout.close()
        running.wait()
    assert (ended["requests"], ended["refused"]) == (1, 0)
    assert not Path(where["ca_bundle"]).exists()
