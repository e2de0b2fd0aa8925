"""A run that is killed, out of disk, out of network or out of time goes on where it stopped, and ends in the same snapshot."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from scanner.collect import Secret, Settings, run
from scanner.collect.journal import Journal
from scanner.errors import CollectionError, UserError
from scanner.simulator import Fault, Simulator
from scanner.snapshot import Coverage, Snapshot, read, record, write
from tests.support.scan import tenant


def _settings(simulator: Simulator, **more: Any) -> Settings:
    return Settings(cloud=simulator.url, ca_bundle=simulator.ca_bundle, tenant=simulator.tenant_id, secret=Secret(simulator.client_id, simulator.client_secret),
                    **{"backoff": 0.001, "retry_seconds": 2.0, **more})  # fmt: skip


def _lines(snapshot: Snapshot) -> dict[str, list[bytes]]:
    return {kind: [line for block in snapshot.blocks(kind) for line in block] for kind in snapshot.kinds}


def _document() -> dict[str, Any]:
    return {**tenant("two-regions"), "faults": []}


@pytest.fixture(scope="module")
def unbroken() -> tuple[Snapshot, int]:
    with Simulator(_document()) as simulator:
        return run(_settings(simulator)), len(simulator.requests)


@pytest.fixture
def whole(unbroken: tuple[Snapshot, int]) -> Snapshot:
    return unbroken[0]


@pytest.fixture
def requests(unbroken: tuple[Snapshot, int]) -> int:
    """How many an unbroken run needs."""
    return unbroken[1]


def _same(snapshot: Snapshot, whole: Snapshot) -> None:
    assert _lines(snapshot) == _lines(whole)
    strip = [msgspec.structs.replace(c, request_id="") for c in snapshot.coverage]
    assert strip == [msgspec.structs.replace(c, request_id="") for c in whole.coverage]
    assert snapshot.manifest.counts == whole.manifest.counts


# -- the file ----------------------------------------------------------------------------------------------------------


def _journal(path: Path, resume: bool = False, scope: str = "a") -> Journal:
    return Journal(path, {"scope": scope}, "2026-01-01T00:00:00Z", resume)


def test_every_list_that_was_finished_survives_a_cut_at_any_byte(tmp_path: Path) -> None:
    path = tmp_path / "j"
    journal = _journal(path)
    for number in range(4):
        journal.keep(
            Coverage("workspace", f"/s{number}", "complete", count=1), [record("workspace", {"id": f"/w{number}"})]
        )
    content = path.read_bytes()
    journal.close()
    most = 0
    for end in range(len(content) + 1):
        cut = tmp_path / f"cut{end}"
        cut.write_bytes(content[:end])
        again = _journal(cut, resume=True)
        kept = [n for n in range(4) if again.finished("workspace", f"/s{n}") is not None]
        assert kept == list(range(len(kept))) and len(kept) >= most
        most = len(kept)
        again.close()
    assert most == 4


def test_a_flipped_byte_drops_what_follows_and_invents_nothing(tmp_path: Path) -> None:
    path = tmp_path / "j"
    journal = _journal(path)
    for number in range(3):
        journal.keep(
            Coverage("workspace", f"/s{number}", "complete", count=1), [record("workspace", {"id": f"/w{number}"})]
        )
    content = path.read_bytes()
    journal.close()
    for at in range(0, len(content), 7):
        hurt = tmp_path / f"hurt{at}"
        hurt.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        again = _journal(hurt, resume=True)
        for number in range(3):
            rows = again.finished("workspace", f"/s{number}")
            assert rows is None or [bytes(row.body) for row in rows] == [f'{{"id":"/w{number}"}}'.encode()]
        again.close()


def test_a_second_run_into_the_same_place_is_refused(tmp_path: Path) -> None:
    journal = _journal(tmp_path / "j")
    with pytest.raises(UserError, match="another run is writing"):
        _journal(tmp_path / "j")
    journal.close()
    _journal(tmp_path / "j").close()


def test_a_second_run_is_refused_until_the_first_has_written_what_it_read(tmp_path: Path, whole: Snapshot) -> None:
    """The snapshot is read from the journal while it is written: a second run would cut it off."""
    path = tmp_path / "journal"
    with Simulator(_document()) as simulator:
        first = run(_settings(simulator, journal=path))
        with pytest.raises(UserError, match="another run is writing"):
            run(_settings(simulator, journal=path))
        write(first, tmp_path / "s.mlp")
        first.release()
        again = run(_settings(simulator, journal=path))
    _same(read(tmp_path / "s.mlp"), whole)
    _same(again, whole)


def test_a_journal_is_private_and_one_of_another_scope_is_not_taken_up(tmp_path: Path) -> None:
    path = tmp_path / "j"
    journal = _journal(path)
    assert path.stat().st_mode & 0o777 == 0o600
    journal.close()
    with pytest.raises(UserError, match="another scope"):
        _journal(path, resume=True, scope="b")
    assert not _journal(path, scope="b").resumed


def test_what_failed_is_asked_again_and_what_was_read_is_not(tmp_path: Path) -> None:
    path = tmp_path / "j"
    journal = _journal(path)
    for outcome in ("complete", "bounded", "unsupported", "failed", "throttled", "partial", "forbidden"):
        journal.keep(Coverage("job", f"/{outcome}", outcome), [])
    journal.close()
    again = _journal(path, resume=True)
    asked = [o for o in ("failed", "throttled", "partial", "forbidden") if again.finished("job", f"/{o}") is None]
    assert len(asked) == 4
    assert [o for o in ("complete", "bounded", "unsupported") if again.finished("job", f"/{o}") is None] == []
    again.keep(Coverage("job", "/failed", "complete"), [])
    assert {c.scope: c.outcome for c in again.coverage()}["/failed"] == "complete"


# -- a run -------------------------------------------------------------------------------------------------------------

_CHILD = """
import json, sys
from pathlib import Path
from scanner.collect import Secret, Settings, run
given = json.loads(sys.argv[1])
run(Settings(cloud=given["url"], ca_bundle=Path(given["ca"]), tenant=given["tenant"], secret=Secret(given["id"], given["secret"]),
             journal=Path(given["journal"]), backoff=0.001))
"""


@pytest.mark.parametrize("after", [0.0, 0.05, 0.2])
def test_a_killed_run_goes_on_and_ends_in_the_same_snapshot(
    after: float, tmp_path: Path, whole: Snapshot, requests: int
) -> None:
    path = tmp_path / "journal"
    with Simulator(_document(), latency=0.02) as simulator:
        given = {"url": simulator.url, "ca": str(simulator.ca_bundle), "tenant": simulator.tenant_id, "id": simulator.client_id,
                 "secret": simulator.client_secret, "journal": str(path)}  # fmt: skip
        child = subprocess.Popen([sys.executable, "-c", _CHILD, json.dumps(given)], stderr=subprocess.DEVNULL)
        while not simulator.requests:
            time.sleep(0.005)
        time.sleep(after)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        before = len(simulator.requests)
        simulator.latency = 0.0
        snapshot = run(_settings(simulator, journal=path, resume=True))
        again = len(simulator.requests) - before
    _same(snapshot, whole)
    assert again <= requests + 3  # names of assets are asked for again


def test_a_run_that_goes_on_asks_only_for_what_is_missing(tmp_path: Path, whole: Snapshot) -> None:
    path = tmp_path / "journal"
    with Simulator(_document(), faults=[Fault("status", status=500, path="*/datastores", times=40)]) as simulator:
        broken = run(_settings(simulator, journal=path, retry_seconds=0.01))
        broken.release()
        assert {c.kind for c in broken.coverage if c.outcome != "complete"} == {"datastore"}
        for fault in simulator.faults:
            fault.times = 0
        before = len(simulator.requests)
        snapshot = run(_settings(simulator, journal=path, resume=True))
        paths = [request.path for request in simulator.requests[before:]]
    _same(snapshot, whole)
    assert sum(path.endswith("/datastores") for path in paths) == 2
    assert not [path for path in paths if path.endswith(("/computes", "/versions", "/deployments"))]


def test_a_full_disk_is_one_message_and_the_run_goes_on_later(tmp_path: Path, whole: Snapshot) -> None:
    path = tmp_path / "journal"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with Simulator(_document()) as simulator:
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (4000, limits[1]))
            with pytest.raises(CollectionError, match="cannot keep what was read"):
                run(_settings(simulator, journal=path))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            signal.signal(signal.SIGXFSZ, handler)
        snapshot = run(_settings(simulator, journal=path, resume=True))
    _same(snapshot, whole)


def test_a_network_that_is_gone_ends_the_run_in_one_message(tmp_path: Path, whole: Snapshot) -> None:
    path = tmp_path / "journal"
    gone = Fault("reset", path="*/providers/microsoft.*", times=None)
    with Simulator(_document(), faults=[gone]) as simulator:
        with pytest.raises(CollectionError, match="nothing has answered for"):
            run(_settings(simulator, journal=path, retry_seconds=0.2, backoff=0.05))
        for fault in simulator.faults:
            fault.times = 0
        snapshot = run(_settings(simulator, journal=path, resume=True))
    _same(snapshot, whole)


def test_when_the_time_is_up_what_is_missing_is_a_gap_and_the_snapshot_says_so(tmp_path: Path, whole: Snapshot) -> None:
    path = tmp_path / "journal"
    with Simulator(_document(), latency=0.05) as simulator:
        started = time.monotonic()
        early = run(_settings(simulator, journal=path, timeout=0.6))
        assert time.monotonic() - started < 5
        early.release()
        assert early.manifest.partial
        late = [c for c in early.coverage if c.outcome != "complete"]
        assert late and {c.code for c in late} == {"Timeout"}
        simulator.latency = 0.0
        snapshot = run(_settings(simulator, journal=path, resume=True))
    assert not snapshot.manifest.partial
    _same(snapshot, whole)


def test_what_was_collected_is_written_and_read_back_the_same(tmp_path: Path, whole: Snapshot) -> None:
    write(whole, tmp_path / "s.mlp")
    again = read(tmp_path / "s.mlp")
    assert _lines(again) == _lines(whole) and again.manifest.counts == whole.manifest.counts


def test_nothing_waits_past_the_time_that_was_allowed() -> None:
    """Neither for its turn in a bucket that the service closed for a minute, nor in an operation of the SDK or a batch."""
    faults = [
        Fault("status", status=429, path="*/providers/*", retry_after=60.0),
        Fault("status", status=429, inside_batch=True, retry_after=60.0),
    ]
    with Simulator(_document(), faults=faults) as simulator:
        started = time.monotonic()
        early = run(_settings(simulator, timeout=1.0, retry_seconds=120.0))
        assert time.monotonic() - started < 5
    lost = {c.kind for c in early.coverage if c.outcome != "complete"}
    assert early.manifest.partial and {"workspace", "storage-account", "role-assignment"} <= lost
    assert {c.outcome for c in early.coverage if c.outcome != "complete"} <= {"failed", "throttled"}
