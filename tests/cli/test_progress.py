"""What is seen while an estate is read: worth knowing, in one line, and harmless whatever names it is made of."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from scanner.cli.main import cli
from scanner.cli.progress import Shown, progress
from scanner.simulator import Fault, Simulator
from tests.support.scan import tenant


def test_the_line_says_what_is_read_how_fast_and_how_long_it_will_take() -> None:
    shown = Shown(started=time.monotonic() - 10)
    shown.phase("resources")
    shown.expected(400)
    for number in range(100):
        shown.listed("workspace", f"/s{number}", 20, "complete" if number else "forbidden")
    shown.throttled(3.0)
    line = shown.line()
    assert line.startswith(
        "resources: 100 lists, 2,000 records, 10 lists/s, 3 s asked to wait, 1 unread, about 30 s left"
    )


def test_nothing_is_shown_that_was_hidden(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(hidden=True) as shown:
        shown.listed("workspace", "/s", 1)
    assert capsys.readouterr() == ("", "")


def test_in_ci_a_line_comes_now_and_then_and_none_for_a_short_run(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(hidden=False) as shown:
        shown.listed("workspace", "/s", 1)
        assert capsys.readouterr().err == ""
        shown.shown -= 11
        shown.listed("datastore", "/s", 2)
        shown.listed("datastore", "/t", 2)
    assert capsys.readouterr().err == "signing in: 2 lists, 3 records\n"


def test_json_logs_are_one_object_a_line_and_hold_no_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with Simulator(
        {**tenant("two-regions"), "faults": []}, faults=[Fault("status", status=403, path="*/datastores")]
    ) as simulator:
        for name, value in (
            ("TENANT_ID", simulator.tenant_id),
            ("CLIENT_ID", simulator.client_id),
            ("CLIENT_SECRET", simulator.client_secret),
        ):
            monkeypatch.setenv(f"AZURE_{name}", value)
        done = CliRunner().invoke(cli, ["snapshot", "-o", str(tmp_path / "s.mlp"), "--cloud", simulator.url, "--ca-bundle", str(simulator.ca_bundle),
                                        "--auth", "environment", "--log-format", "json"], standalone_mode=False)  # fmt: skip
        secret = simulator.client_secret
    assert done.exception is None, done.exception
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert {event["event"] for event in events} == {"phase", "list", "end"}
    assert [event["phase"] for event in events if event["event"] == "phase"][:3] == [
        "signing in",
        "subscriptions",
        "resources",
    ]
    warned = [event for event in events if event["level"] == "warning"]
    assert {(event["kind"], event["outcome"]) for event in warned} == {("datastore", "forbidden")}
    assert events[-1]["event"] == "end" and events[-1]["unread"] == len(warned) == 2
    assert secret not in done.stderr and "eyJ" not in done.stderr and "Bearer" not in done.stderr


def test_a_hostile_name_cannot_act_on_who_reads_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(hidden=False, log_format="json") as shown:
        shown.listed("workspace", "/\x1b[31m\u202e\n::error::##[error]x", 1)
    first = capsys.readouterr().err.splitlines()[0]
    assert first.isascii() and first.isprintable() and "##[" not in first
    assert json.loads(first)["scope"] == "/\x1b[31m\u202e\n::error::##[error]x"
