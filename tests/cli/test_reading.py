"""Looking before reading, and saying afterwards what could not be read: doctor, coverage, role."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from scanner.cli.main import cli
from scanner.collect import reader_role
from scanner.errors import Exit
from scanner.graph.records import RECORDS
from scanner.simulator import Fault, Simulator
from tests.support.scan import tenant


def _run(*words: str) -> Result:
    return CliRunner().invoke(cli, list(words), standalone_mode=False)


def _code(done: Result) -> int:
    if done.exception is not None:
        raise done.exception
    return int(done.return_value or 0)


@pytest.fixture
def cloud(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Simulator, list[str]]]:
    more: dict[str, Any] = getattr(request, "param", {})
    with Simulator({**tenant("two-regions"), "faults": [], **more}) as simulator:
        for name, value in (
            ("TENANT_ID", simulator.tenant_id),
            ("CLIENT_ID", simulator.client_id),
            ("CLIENT_SECRET", simulator.client_secret),
        ):
            monkeypatch.setenv(f"AZURE_{name}", value)
        yield (
            simulator,
            [
                "--cloud",
                simulator.url,
                "--ca-bundle",
                str(simulator.ca_bundle),
                "--auth",
                "environment",
                "--no-progress",
            ],
        )


# -- doctor ------------------------------------------------------------------------------------------------------------


def test_the_doctor_says_who_reads_what_and_that_nothing_is_missing(cloud: tuple[Simulator, list[str]]) -> None:
    simulator, where = cloud
    done = _run("doctor", *where)
    assert _code(done) == Exit.CLEAN
    assert simulator.object_id in done.output and simulator.tenant_id in done.output and simulator.url in done.output
    assert "1 subscription: sub-media" in done.output or "1 subscription:" in done.output
    assert "nothing that the selected rules need" in done.output
    assert {request.method for request in simulator.requests} <= {"GET", "POST"} and simulator.refused == 0
    assert len(simulator.requests) < 20


@pytest.mark.parametrize(
    "cloud",
    [{"reader": {"actions": ["*/read"], "notActions": ["Microsoft.Storage/storageAccounts/read"]}}],
    indirect=True,
)
def test_the_doctor_names_what_is_missing_and_what_stays_unknown_without_it(cloud: tuple[Simulator, list[str]]) -> None:
    done = _run("doctor", *cloud[1], "--select", "RES02,QUO01")
    assert _code(done) == Exit.INCOMPLETE
    assert "Microsoft.Storage/storageAccounts/read" in done.output and "then unknown RES02" in done.output
    assert "QUO01" not in done.output


def test_the_doctor_probes_the_directory_too(cloud: tuple[Simulator, list[str]]) -> None:
    simulator, where = cloud
    simulator.faults.append(Fault("status", status=403, path="/graph/v1.0/applications"))
    done = _run("doctor", *where)
    assert (
        _code(done) == Exit.INCOMPLETE
        and "Application.Read.All" in done.output
        and "Authorization_RequestDenied" in done.output
    )


def test_rights_that_are_not_told_are_no_rights(cloud: tuple[Simulator, list[str]]) -> None:
    simulator, where = cloud
    simulator.faults.append(Fault("status", status=403, path="*/permissions"))
    done = _run("doctor", *where)
    assert _code(done) == Exit.INCOMPLETE and "not told" in done.output


# -- coverage ----------------------------------------------------------------------------------------------------------


def test_coverage_says_what_is_missing_by_permission(cloud: tuple[Simulator, list[str]], tmp_path: Path) -> None:
    simulator, where = cloud
    simulator.faults.append(Fault("status", status=403, path="*/datastores"))
    file = str(tmp_path / "s.mlp")
    done = _run("snapshot", "-o", file, *where)
    assert _code(done) == Exit.CLEAN and "mlposture coverage" in done.output
    done = _run("coverage", file)
    assert _code(done) == Exit.CLEAN
    assert "Microsoft.MachineLearningServices/workspaces/datastores/read: 2 lists refused (datastore)" in done.output
    assert "403 AuthorizationFailed" in done.output and "more of RES" in done.output
    document = json.loads(_run("coverage", file, "--format", "json").output)
    (unread,) = document["unread"]
    assert (
        unread["permission"] == "Microsoft.MachineLearningServices/workspaces/datastores/read"
        and len(unread["lists"]) == 2
    )
    assert document["read"] == document["lists"] - 2 and "RES02" in unread["rules"]
    assert "storage-account" in _run("coverage", file, "-v").output


def test_coverage_of_no_snapshot_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("nonsense")
    with pytest.raises(Exception, match="is not a snapshot"):
        _code(_run("coverage", str(tmp_path / "x")))


# -- role --------------------------------------------------------------------------------------------------------------


def test_the_role_reads_what_the_collectors_read_and_nothing_else() -> None:
    role = json.loads(_run("role", "--scope", "contoso").output)
    assert set(role) == {
        "Name",
        "IsCustom",
        "Description",
        "Actions",
        "NotActions",
        "DataActions",
        "NotDataActions",
        "AssignableScopes",
    }
    assert role["DataActions"] == [] and role["AssignableScopes"] == [
        "/providers/Microsoft.Management/managementGroups/contoso"
    ]
    assert len(role["Actions"]) == len({action.lower() for action in role["Actions"]})
    for record in RECORDS.values():
        assert ("/" not in record.permission) or record.permission in role["Actions"]


def test_no_action_of_the_role_yields_a_secret_or_writes() -> None:
    for action in reader_role.actions():
        assert action.endswith("/read") and "*" not in action, action
        assert not any(
            word in action.lower()
            for word in ("secret", "key/", "keys/", "listkeys", "token/", "credential/", "password")
        ), action


def test_every_form_of_the_role_holds_the_same_actions() -> None:
    for form in ("bicep", "terraform"):
        text = _run(
            "role", "--scope", "11111111-1111-1111-1111-111111111111", "--format", form, "--name", "it's ${x}"
        ).output
        assert all(action in text for action in reader_role.actions())
        assert "${x}" not in text.replace("\\${x}", "").replace("$${x}", "")
    assert _run("role", "--scope", "c", "--graph").output.split() == list(reader_role.graph_permissions())


def test_a_role_for_some_rules_is_smaller() -> None:
    some = json.loads(_run("role", "--scope", "c", "--select", "RES02").output)["Actions"]
    assert "Microsoft.Storage/storageAccounts/read" in some
    assert "Microsoft.Authorization/roleAssignments/read" not in some and len(some) < len(reader_role.actions()) / 2


@pytest.mark.parametrize("scope", ["a/b", "/subscriptions/1/resourceGroups/g", "", "/"])
def test_a_role_stands_at_a_management_group_or_a_subscription(scope: str) -> None:
    with pytest.raises(Exception, match="is no management group and no subscription"):
        _code(_run("role", "--scope", scope))


def test_the_doctors_estimate_is_near_what_a_collection_needs(
    cloud: tuple[Simulator, list[str]], tmp_path: Path
) -> None:
    simulator, where = cloud
    said = re.search(r"about ([\d,]+) requests", _run("doctor", *where).output)
    before = len(simulator.requests)
    assert said and _code(_run("snapshot", "-o", str(tmp_path / "s.mlp"), *where)) == Exit.CLEAN
    needed = sum(not request.path.startswith("/graph") for request in simulator.requests[before:])
    assert 0.6 < int(said[1].replace(",", "")) / needed < 1.6


def test_what_failed_can_be_read_later_and_a_redacted_snapshot_leaves_no_names_behind(
    cloud: tuple[Simulator, list[str]], tmp_path: Path
) -> None:
    simulator, where = cloud
    simulator.faults.append(Fault("status", status=418, path="*/datastores"))
    file = tmp_path / "s.mlp"
    done = _run("snapshot", "-o", str(file), *where)
    assert _code(done) == Exit.CLEAN and "2 lists were not read to the end" in done.stderr and "--resume" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == [".s.mlp.journal", "s.mlp"]
    assert (tmp_path / ".s.mlp.journal").stat().st_mode & 0o777 == 0o600
    _code(_run("snapshot", "-o", str(file), *where, "--redact"))
    assert [path.name for path in tmp_path.iterdir()] == ["s.mlp"]
    simulator.faults.clear()
    assert _code(_run("snapshot", "-o", str(file), *where, "--resume")) == Exit.CLEAN
    assert [path.name for path in tmp_path.iterdir()] == ["s.mlp"]
