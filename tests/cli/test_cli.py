"""The command as people run it: outcomes, exit codes, and one clear message for every mistake."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scanner import data
from scanner.snapshot import Coverage, write
from tests.support.command import ROOT, run, run_apart
from tests.support.scan import FIXTURES, tenant
from tests.support.tenants import snapshot_of

CONTOSO = str(FIXTURES / "contoso" / "scenario.yaml")


@pytest.fixture(scope="module")
def snapshots(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("snapshots")
    gap = Coverage("storage-account", "/subscriptions/44444444-aaaa-bbbb-cccc-444444444444", "forbidden", status=403)
    made = {
        "contoso": snapshot_of(tenant("contoso")), "good": snapshot_of(tenant("two-regions")),
        "blind": snapshot_of(tenant("two-regions"), [gap]), "empty": snapshot_of({"tenant": {"tenantId": "44444444-4444-4444-4444-444444444444"}}),
    }  # fmt: skip
    for name, snapshot in made.items():
        write(snapshot, folder / f"{name}.mlp")
    return {name: str(folder / f"{name}.mlp") for name in made}


TWO = str(FIXTURES / "two-regions" / "scenario.yaml")


def test_the_demo_finds_what_it_must_and_says_how_it_ended(tmp_path: Path) -> None:
    done = run_apart("scan", "--demo", "-o", f"sarif={tmp_path}/d.sarif", "-o", f"json={tmp_path}/d.json")
    assert done.returncode == 1, done.stderr
    sample = (ROOT / "reports" / "samples" / "demo.txt").read_text(encoding="utf-8")
    (summary,) = (line for line in sample.splitlines() if line.endswith(" waived") and " rules passed, " in line)
    assert f"\n{summary}\n" in done.stdout
    assert done.stdout.rstrip().endswith("exit code 1: findings of severity high or above")
    assert done.stderr == ""
    assert json.loads((tmp_path / "d.json").read_text(encoding="utf-8"))["exit-code"] == 1
    assert json.loads((tmp_path / "d.sarif").read_text(encoding="utf-8"))["version"] == "2.1.0"


@pytest.mark.parametrize(("which", "words", "code"), [
    ("good", [], 0), ("contoso", [], 1), ("blind", [], 3), ("blind", ["--allow-gaps"], 0), ("empty", [], 3),
    ("contoso", ["--fail-on", "never", "--allow-gaps"], 0),
])  # fmt: skip
def test_the_exit_code_says_what_happened(which: str, words: list[str], code: int, snapshots: dict[str, str]) -> None:
    scenario = CONTOSO if which == "contoso" else TWO
    ignored = ["--ignore", "SCN02,QUO07"] if which == "empty" else []
    done = run_apart(
        "scan", "--scenario", scenario, "--snapshot", snapshots[which], "--today", "2026-11-24", *words, *ignored
    )
    assert done.returncode == code, done.stdout + done.stderr


def test_the_format_never_changes_the_exit_code(snapshots: dict[str, str]) -> None:
    """Trap 34."""
    codes = {run("scan", "--scenario", CONTOSO, "--snapshot", snapshots["contoso"], "--format", f, "--today", "2026-11-24").returncode
             for f in ("text", "json", "sarif")}  # fmt: skip
    assert codes == {1}
    assert (
        run(
            "scan", "--scenario", CONTOSO, "--snapshot", snapshots["contoso"], "--quiet", "--today", "2026-11-24"
        ).stdout
        == ""
    )


def test_selecting_rules_limits_what_is_reported(snapshots: dict[str, str]) -> None:
    done = run(
        "scan", "--scenario", CONTOSO, "--snapshot", snapshots["contoso"], "--select", "RES02,quota", "--format", "json"
    )
    assert {rule["theme"] for rule in json.loads(done.stdout)["rules"]} == {"residency", "quota"}


@pytest.mark.parametrize(("words", "said"), [
    (["scann"], "no command `scann`; did you mean `scan`?"),
    (["scan", "--scenaro", "x"], "no such option"),
    (["scan", "--no-config"], "help: write it right after `mlposture`, before the command"),
    (["--no-config", "--config", "x", "scan"], "`--config` and `--no-config` exclude each other"),
    (["scan"], "no scenario\n  help: name one with `--scenario FILE`, or try `--demo`"),
    (["scan", "--demo", "--snapshot", "x"], "`--demo` brings its own tenant"),
    (["scan", "--scenario", "/nowhere/x.yaml", "--snapshot", "y"], "cannot read `/nowhere/x.yaml`: no such file or directory"),
    (["scan", "--scenario", "SCENARIO", "--snapshot", "/nowhere"], "cannot read snapshot `/nowhere`"),
    (["scan", "--scenario", "SCENARIO", "--snapshot", "README.md"], "`README.md` is not a snapshot"),
    (["scan", "--scenario", "README.md", "--snapshot", "x"], "README.md:"),
    (["scan", "--scenario", "SCENARIO", "-o", "pdf=x"], "`pdf` is not a format"),
    (["scan", "--scenario", "SCENARIO", "-o", "sarif"], "is not `FORMAT=FILE`"),
    (["scan", "--scenario", "SCENARIO", "-o", "sarif=/nowhere/x"], "cannot write `/nowhere/x`: no such folder"),
    (["scan", "--scenario", "SCENARIO", "--snapshot", "x", "--select", "RES99"], "`RES99` selects no rule"),
    (["scan", "--scenario", "SCENARIO", "--snapshot", "x", "--select", " , "], "an empty `--select` or `--ignore` names no rule"),
    (["rules", "test", "--select", ""], "an empty `--select` or `--ignore` names no rule"),
    (["scan", "--scenario", "SCENARIO", "--snapshot", "x", "--rules", "/nowhere"], "no folder `/nowhere`"),
    (["scan", "--scenario", "SCENARIO", "--snapshot", "x", "--fail-on", "new"], "`--fail-on new` needs a baseline"),
    (["scan", "--scenario", "SCENARIO", "--fail-on", "often"], "`often` is not one of"),
    (["scan", "--scenario", "SCENARIO", "--cloud", "publik"], "`publik` is not a cloud\n  help: did you mean `public`?"),
    (["scan", "--scenario", "SCENARIO", "--cloud", "http://x"], "is not https"),
    (["scan", "--scenario", "SCENARIO", "--cloud", "https://"], "`--cloud` is not the URL of an ARM endpoint"),
    (["scan", "--scenario", "SCENARIO", "--cloud", "https://[::1"], "`--cloud` is not the URL of an ARM endpoint"),
    (["scan", "--scenario", "SCENARIO", "--cloud", "https://127.0.0.1:99999"], "`--cloud` is not the URL of an ARM endpoint"),
    (["scan", "--scenario", "SCENARIO", "--ca-bundle", "/nowhere"], "cannot read `/nowhere`: no such file or directory"),
    (["snapshot", "-o", "x.mlp", "--cloud", "https://127.0.0.1:9", "--ca-bundle", "README.md"], "`README.md` holds no authority to trust"),
    (["doctor", "--ca-bundle", "README.md"], "`README.md` holds no authority to trust"),
    (["scan", "--scenario", "SCENARIO", "--auth", "environment"], "`AZURE_TENANT_ID` is not set"),
    (["explain", "RES99"], "no rule `RES99`"),
    (["--config", "/nowhere.yaml", "scan"], "cannot read `/nowhere.yaml`"),
    (["scan", "--scenario", "SCENARIO", "-o", "json=x", "-o", "sarif=./x"], "cannot write `x`: it is written twice"),
    (["scan", "--scenario", "SCENARIO", "-o", "json=SCENARIO"], "the command reads it"),
    (["scan", "--scenario", "SCENARIO", "-o", "json=/dev/null"], "cannot write `/dev/null`: it is no ordinary file"),
    (["scan", "--scenario", "SCENARIO", "--save-snapshot", "/nowhere/x"], "cannot write `/nowhere/x`: no such folder"),
    (["scan", "--scenario", "SCENARIO", "--snapshot", "x", "--save-snapshot", "y"], "`--snapshot` collects nothing"),
    (["scan", "--today", "tomorrow"], "invalid value for `--today`: `tomorrow` is not a day like 2026-11-24"),
    (["scan", "it's"], "(it's)"),
    (["snapshot", "-o", "/nowhere/x"], "cannot write `/nowhere/x`: no such folder"),
    (["snapshot", "-o", "SCENARIO", "--scenario", "SCENARIO"], "the command reads it"),
    (["baseline", "write", "/nowhere/x", "--scenario", "SCENARIO"], "cannot write `/nowhere/x`: no such folder"),
    (["rules"], "Usage: mlposture rules"),
    ([], "Usage: mlposture"),
])  # fmt: skip
def test_a_mistake_is_one_clear_message(words: list[str], said: str) -> None:
    done = run(*(word.replace("SCENARIO", CONTOSO) for word in words))
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr and done.stdout == ""


@pytest.mark.parametrize(("words", "said"), [
    ([], "Usage: mlposture"), (["scann"], "no command `scann`; did you mean `scan`?"), (["scan", "--scenario", "/nowhere/x.yaml"], "cannot read `/nowhere/x.yaml`"),
    (["access", "who-can", "read", "a\nb\u202ec", "--demo"], "no data or environment is called `a\\x0ab\\u202ec`"),
])  # fmt: skip
def test_a_mistake_reads_alike_in_a_process_of_its_own(words: list[str], said: str) -> None:
    done, here = run_apart(*words), run(*words)
    assert (done.returncode, done.stdout, done.stderr) == (here.returncode, here.stdout, here.stderr)
    assert done.returncode == 2 and said in done.stderr


def test_an_endpoint_out_of_reach_is_four() -> None:
    done = run_apart("scan", "--scenario", CONTOSO, "--cloud", "https://127.0.0.1:9")
    assert (done.returncode, "cannot reach `https://127.0.0.1:9`" in done.stderr) == (4, True)
    assert "Traceback" not in done.stderr


def test_a_password_in_the_address_of_a_cloud_is_refused_and_not_repeated() -> None:
    done = run("scan", "--scenario", CONTOSO, "--cloud", "https://me:s3cret@127.0.0.1:9")
    assert done.returncode == 2 and "`--cloud` is not the URL" in done.stderr and "s3cret" not in done.stderr


def test_a_wrong_scenario_lists_every_mistake(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(
        "scenario: x\npattern: contosso\nenvironments:\n  prod: {match: {tag: {e: [p]}}, data: [live]}\n",
        encoding="utf-8",
    )
    done = run("scenario", "check", str(wrong))
    assert done.returncode == 2
    assert (
        "did you mean `contoso`?" in done.stderr
        and "needs a stage" in done.stderr
        and "`live` is not a data class" in done.stderr
    )


def test_scenario_check_says_what_would_be_matched(snapshots: dict[str, str]) -> None:
    plain = run("scenario", "check", CONTOSO)
    assert plain.returncode == 0 and "environment production (production)" in plain.stdout
    bound = run("scenario", "check", CONTOSO, "--snapshot", snapshots["contoso"])
    assert bound.returncode == 2
    assert "environment production (production): 3 workspaces, 1 model account; public, live" in bound.stdout
    assert "in no environment: rg-hackathon/mlw-hackathon\n" in bound.stdout
    assert "in no data class: rg-hackathon/sthackathon\n" in bound.stdout
    assert "matches nothing: data class `synthetic` (tag data-class=synthetic), line 16" in bound.stdout
    assert "contoso/scenario.yaml:42:5: SCN02 no group is called `grp-vision-ds-qa`" in bound.stdout


def test_scenario_check_names_what_cannot_hold_before_any_scan(tmp_path: Path) -> None:
    text = (ROOT / "rules" / "scenarios" / "regional-serving.yaml").read_text(encoding="utf-8")
    wrong = tmp_path / "s.yaml"
    wrong.write_text(text.replace("core, to: australia}", "core, to: core}"), encoding="utf-8")
    done = run("scenario", "check", str(wrong))
    assert done.returncode == 2
    assert (
        "SCN05 image from core to core: it leads nowhere\n  help: name two different ends, or delete it\n"
        in done.stdout
    )
    assert done.stdout.endswith("1 mistake to mend\n")
    found = json.loads(run("scenario", "check", str(wrong), "--format", "json").stdout)
    assert [(p["rule"], p["outcome"], p["line"]) for p in found["problems"]] == [("SCN05", "fail", 25)]
    assert found["matched"] is None


def test_scenario_check_of_what_could_not_be_looked_up_is_three(tmp_path: Path) -> None:
    lost = [Coverage(kind, "tenant", "forbidden", "Group.Read.All", status=403) for kind in ("group",)]
    write(snapshot_of(tenant("multi-environment"), lost), tmp_path / "s.mlp")
    shipped = str(ROOT / "rules" / "scenarios" / "multi-environment.yaml")
    done = run("scenario", "check", shipped, "--snapshot", f"{tmp_path}/s.mlp")
    assert done.returncode == 3 and "SCN02 unknown: " in done.stdout
    found = json.loads(run("scenario", "check", shipped, "--snapshot", f"{tmp_path}/s.mlp", "--format", "json").stdout)
    assert {p["outcome"] for p in found["problems"]} == {"unknown"}
    assert {tuple(p["permissions"]) for p in found["problems"]} == {("Group.Read.All",)}
    assert found["matched"]["environments"]["production"]["workspace"] == 3


def test_a_waiver_is_checked_against_owner_and_policy(tmp_path: Path) -> None:
    text = (
        (ROOT / "rules" / "scenarios" / "limited-and-production.yaml")
        .read_text(encoding="utf-8")
        .partition("waivers:")[0]
    )
    wrong = tmp_path / "s.yaml"
    waiver = (
        "{rule: RES02, on: {environment: production, class: ledger}, reason: r, approved-by: me, until: 2999-01-31}"
    )
    wrong.write_text(f"{text}waivers:\n  - {waiver}\n", encoding="utf-8")
    done = run("scenario", "check", str(wrong))
    assert done.returncode == 2 and done.stdout.count(": SCN07 ") == 2
    assert "help: have cdo@bank.example approve it" in done.stdout and "help: set an earlier `until`" in done.stdout


def test_a_snapshot_is_taken_and_scanned_from_a_simulated_cloud(tmp_path: Path) -> None:
    from scanner.simulator import Simulator

    with Simulator(tenant("two-regions")) as simulator:
        environment = {
            "AZURE_TENANT_ID": simulator.tenant_id,
            "AZURE_CLIENT_ID": simulator.client_id,
            "AZURE_CLIENT_SECRET": simulator.client_secret,
        }
        done = run_apart("snapshot", "-o", f"{tmp_path}/s.mlp", "--cloud", simulator.url, "--ca-bundle", str(simulator.ca_bundle), "--auth", "environment",
                   "--scenario", TWO, environment=environment)  # fmt: skip
        assert done.returncode == 0, done.stderr
        wrong = run_apart("snapshot", "-o", f"{tmp_path}/x.mlp", "--cloud", simulator.url, "--ca-bundle", str(simulator.ca_bundle), "--auth", "environment",
                    environment={**environment, "AZURE_CLIENT_SECRET": "wrong"})  # fmt: skip
    assert wrong.returncode == 4 and "cannot sign in" in wrong.stderr and "Traceback" not in wrong.stderr
    assert (tmp_path / "s.mlp").stat().st_mode & 0o777 == 0o600
    assert run_apart("scan", "--scenario", TWO, "--snapshot", f"{tmp_path}/s.mlp").returncode == 0


def test_no_command_lets_a_hostile_name_through(tmp_path: Path) -> None:
    """Trap 30: names, scopes and answers of the service that try to act on a terminal, a reader or a CI system."""
    name = "x\x1b]0;t\x07\u202e\u200b\x9b1m ##[error]y\n::error::z ##vso[task.complete]"
    document = tenant("contoso")
    for person in (*document["graph"]["users"], *document["graph"]["servicePrincipals"], *document["subscriptions"]):
        person["displayName"] = name
    for definition in document["roleDefinitions"]:
        definition["properties"]["roleName"] = name
    scope = "/subscriptions/66666666-aaaa-bbbb-cccc-777777777777"
    lost = Coverage("ml-usage", scope, "forbidden", name, status=403, code=name, detail=name)
    snapshot = str(tmp_path / "s.mlp")
    write(snapshot_of(document, [lost]), Path(snapshot))
    files = [tmp_path / f"out.{kind}" for kind in ("text", "json", "sarif")]
    shown = []
    for words in (
        ("scan", "--scenario", CONTOSO, "--snapshot", snapshot, "-vv", "--people", "names",
         *(f"-o{file.suffix[1:]}={file}" for file in files)),
        ("scan", "--scenario", CONTOSO, "--snapshot", snapshot, "--format", "json"),
        ("scan", "--scenario", CONTOSO, "--snapshot", snapshot, "--format", "sarif", "--people", "names"),
        ("scenario", "check", CONTOSO, "--snapshot", snapshot),
        ("coverage", snapshot, "-v"),
        ("coverage", snapshot, "--format", "json"),
        ("baseline", "write", str(tmp_path / "known.json"), "--scenario", CONTOSO, "--snapshot", snapshot),
    ):  # fmt: skip
        done = run(*words)
        assert done.returncode in (0, 1, 2) and "Traceback" not in done.stderr
        shown += [done.stdout, done.stderr]
    for text in (*shown, *(file.read_text(encoding="utf-8") for file in (*files, tmp_path / "known.json"))):
        assert not any(not char.isprintable() and char != "\n" for char in text)
        assert "##[" not in text and "##vso[" not in text
        assert not any(line.lstrip().startswith("::") for line in text.splitlines())


def test_a_baseline_is_written_and_compared(tmp_path: Path, snapshots: dict[str, str]) -> None:
    known = f"{tmp_path}/known.json"
    options = ["--scenario", CONTOSO, "--snapshot", snapshots["contoso"]]
    assert run("baseline", "write", known, *options).returncode == 0
    done = run("scan", *options, "--baseline", known, "--fail-on", "new", "--allow-gaps")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Since the baseline  0 new, 0 gone" in done.stdout


def test_the_configuration_file_sets_what_is_tiresome_to_type(tmp_path: Path, snapshots: dict[str, str]) -> None:
    (tmp_path / "mlposture.yaml").write_text(
        f"scenario: {TWO}\nfail-on: critical\nselect: [RES02]\nformat: json\n", encoding="utf-8"
    )
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    done = run("scan", "--snapshot", snapshots["good"], cwd=below)
    assert [r["id"] for r in json.loads(done.stdout)["rules"]] == ["RES02"]
    over = run("scan", "--snapshot", snapshots["good"], "--select", "quota", cwd=below)
    assert {r["theme"] for r in json.loads(over.stdout)["rules"]} == {"quota"}
    by_environment = run(
        "scan", "--snapshot", snapshots["good"], cwd=below, environment={"MLPOSTURE_SCAN_FORMAT": "text"}
    )
    assert by_environment.stdout.startswith("mlposture ")
    by_both = run(
        "scan",
        "--snapshot",
        snapshots["good"],
        "--format",
        "sarif",
        cwd=below,
        environment={"MLPOSTURE_SCAN_FORMAT": "text"},
    )
    assert json.loads(by_both.stdout)["version"] == "2.1.0"
    (tmp_path / "mlposture.yaml").write_text("scenaro: x\n", encoding="utf-8")
    wrong = run("scan", cwd=below)
    assert wrong.returncode == 2 and "additional key `scenaro`\n  help: did you mean `scenario`?" in wrong.stderr
    assert "no scenario" in run("--no-config", "scan", cwd=below).stderr


def test_rules_are_listed_shown_explained_and_tested() -> None:
    listed = run("rules", "list")
    assert listed.returncode == 0 and "RES02" in listed.stdout and "access" in listed.stdout
    assert "Walks through" in run("rules", "show", "regulated-data-outside-its-home").stdout
    assert "Why:" in run("explain", "acc01").stdout
    tested = run("rules", "test", "--select", "residency")
    count = len([*(data.rules() / "residency").glob("*.yaml")])
    assert (tested.returncode, tested.stdout) == (0, f"{count} of {count} rules prove themselves\n")


def test_own_rules_run_beside_the_built_in_ones(tmp_path: Path, snapshots: dict[str, str]) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "tls.yaml").write_text("""\
id: ACME-SEC01
title: A storage account lets traffic in without TLS
severity: high
why: Traffic without TLS can be read on the way.
fix: Set supportsHttpsTrafficOnly to true.
for: resource
where: {type: Microsoft.Storage/storageAccounts}
must: {arm:properties.supportsHttpsTrafficOnly: true}
message: "{subject} takes plain http"
examples:
  fails: [{case: plain, nodes: {s: {kind: storage-account, type: microsoft.storage/storageaccounts, "arm:properties.supportsHttpsTrafficOnly": false}}}]
  passes:
    - {case: only tls, nodes: {s: {kind: storage-account, type: microsoft.storage/storageaccounts, "arm:properties.supportsHttpsTrafficOnly": true}}}
    - {case: another type, nodes: {v: {kind: key-vault, type: microsoft.keyvault/vaults, "arm:properties.supportsHttpsTrafficOnly": false}}}
  unknown: [{case: unread, nodes: {s: {kind: storage-account, type: microsoft.storage/storageaccounts}}}]
""", encoding="utf-8")  # fmt: skip
    assert (
        run("rules", "test", "--rules", str(tmp_path / "own"), "--select", "ACME-SEC01").stdout
        == "1 of 1 rules prove themselves\n"
    )
    done = run(
        "scan",
        "--scenario",
        TWO,
        "--snapshot",
        snapshots["good"],
        "--rules",
        str(tmp_path / "own"),
        "--select",
        "ACME-SEC01",
        "--format",
        "json",
    )
    (rule,) = json.loads(done.stdout)["rules"]
    assert (rule["verdict"], rule["judged"]) == ("pass", 2)
    (tmp_path / "mlposture.yaml").write_text("rules: [own]\nselect: [quota]\n", encoding="utf-8")
    for words in (("explain", "ACME-SEC01"), ("rules", "show", "ACME-SEC01"), ("rules", "list")):
        known = run(*words, cwd=tmp_path)
        assert known.returncode == 0 and "ACME-SEC01" in known.stdout, known.stderr
    assert "RES02" in run("rules", "list", cwd=tmp_path).stdout
    tested = run("rules", "test", "--select", "ACME-SEC01", cwd=tmp_path)
    assert tested.stdout == "1 of 1 rules prove themselves\n"
    assert run("coverage", snapshots["blind"], cwd=tmp_path).returncode == 0


def test_a_bug_of_ours_is_seventy_with_a_log_and_no_traceback(tmp_path: Path) -> None:
    code = "import scanner.cli.config as c\nc.defaults = lambda given: 1/0\nfrom scanner.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code, "scan"], capture_output=True, text=True, cwd=ROOT, check=False,
                          env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)})  # fmt: skip
    assert done.returncode == 70
    assert "this is a bug of mlposture's" in done.stderr and "Traceback" not in done.stderr
    (log,) = tmp_path.glob("mlposture-*.log")
    assert "ZeroDivisionError" in log.read_text(encoding="utf-8") and log.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_says_so_and_goes_on_with_resume(sent: signal.Signals, code: int, tmp_path: Path) -> None:
    from scanner.simulator import Simulator

    with Simulator(tenant("two-regions"), latency=0.5) as simulator:
        words = [
            "snapshot",
            "-o",
            f"{tmp_path}/s.mlp",
            "--cloud",
            simulator.url,
            "--ca-bundle",
            str(simulator.ca_bundle),
            "--auth",
            "environment",
        ]
        environment = {
            "AZURE_TENANT_ID": simulator.tenant_id,
            "AZURE_CLIENT_ID": simulator.client_id,
            "AZURE_CLIENT_SECRET": simulator.client_secret,
        }
        running = subprocess.Popen(
            [sys.executable, "-c", "from scanner.cli import main; main()", *words], stderr=subprocess.PIPE, text=True, cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        )  # fmt: skip
        while not simulator.requests and running.poll() is None:
            time.sleep(0.05)
        running.send_signal(sent)
        _, said = running.communicate(timeout=20)
        assert (running.returncode, said.strip()) == (code, "error: interrupted")
        assert [path.name for path in tmp_path.iterdir()] == [".s.mlp.journal"]
        simulator.latency = 0.0
        done = run_apart(*words, "--resume", environment=environment)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["s.mlp"]


def _shell(line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = f"{sys.executable} -c 'from scanner.cli import main; main()'"
    return subprocess.run(["bash", "-c", f"set -o pipefail; M() {{ {command} \"$@\"; }}; {line}"], capture_output=True, text=True, cwd=ROOT,
                          env={**os.environ, "PYTHONPATH": str(ROOT), **environment}, check=False, timeout=60)  # fmt: skip


@pytest.mark.parametrize(("line", "code"), [
    ("M rules list | true", 0), ("M scan -h | true", 0), ("M scan {good} | true", 0), ("M scan {contoso} | head -1", 1),
    ("M scan {contoso} --format json | head -c 1", 1), ("M scan {good} >&-", 0), ("M scan {contoso} >&-", 1), ("M scan 2>&-", 2),
])  # fmt: skip
def test_a_reader_who_has_seen_enough_changes_no_exit_code(line: str, code: int, snapshots: dict[str, str]) -> None:
    contoso = f"--scenario {CONTOSO} --snapshot {snapshots['contoso']}"
    done = _shell(line.format(good=f"--scenario {TWO} --snapshot {snapshots['good']}", contoso=contoso))
    assert (done.returncode, done.stderr) == (code, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_full_disk_is_said_in_one_message(snapshots: dict[str, str]) -> None:
    for line in ("M rules list", f"M scan --scenario {TWO} --snapshot {snapshots['good']}"):
        done = _shell(f"{line} > /dev/full")
        assert (done.returncode, done.stderr) == (2, "error: cannot write: no space left on the device\n")


def test_the_demo_runs_beside_a_configuration_file(tmp_path: Path) -> None:
    (tmp_path / "mlposture.yaml").write_text("scenario: ml.yaml\n", encoding="utf-8")
    assert run("scan", "--demo", "--quiet", cwd=tmp_path).returncode == 1
    assert "`--demo` brings its own" in run("scan", "--demo", "--scenario", "x", cwd=tmp_path).stderr


def test_reports_named_in_the_configuration_file_are_no_place_for_a_snapshot(tmp_path: Path) -> None:
    (tmp_path / "mlposture.yaml").write_text("outputs: {sarif: ml.sarif}\n", encoding="utf-8")
    done = run("snapshot", cwd=tmp_path)
    assert done.returncode == 2 and "missing option `--output`" in done.stderr


@pytest.mark.parametrize(
    "content", [b"tool = 3\n# [tool.mlposture]\n", b"[tool.mlposture]\nscenario = '\xff'\n", b"[tool.mlposture\n"]
)
def test_a_wrong_pyproject_is_no_bug_of_ours(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(content)
    done = run("scan", cwd=tmp_path)
    assert done.returncode == 2 and ("pyproject.toml" in done.stderr or "no scenario" in done.stderr)


def test_a_cloud_file_is_looked_for_beside_the_configuration_file(tmp_path: Path) -> None:
    (tmp_path / "mlposture.yaml").write_text(f"scenario: {TWO}\ncloud: own.json\n", encoding="utf-8")
    (tmp_path / "own.json").write_text("[]", encoding="utf-8")
    (tmp_path / "below").mkdir()
    assert "own.json` is not a cloud" not in run("scan", cwd=tmp_path / "below").stderr


def test_a_link_in_a_circle_is_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").symlink_to(tmp_path / "s.yaml")
    done = run_apart("scan", "--scenario", str(tmp_path / "s.yaml"), "-o", f"json={tmp_path}/x.json")
    assert done.returncode == 2 and "cannot read" in done.stderr


def test_a_snapshot_that_is_no_text_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "s.mlp").write_bytes(b'{"kind": "user", "of": "", "body": {"id": "a", "displayName": "M\xffaya"}}\n')
    done = run("scan", "--scenario", TWO, "--snapshot", f"{tmp_path}/s.mlp")
    assert done.returncode == 2 and "s.mlp:1:1: not a line of a snapshot" in done.stderr


def test_a_waiver_of_a_rule_that_does_not_exist_is_a_mistake(tmp_path: Path, snapshots: dict[str, str]) -> None:
    path = tmp_path / "s.yaml"
    text = (FIXTURES / "contoso" / "scenario.yaml").read_text(encoding="utf-8")
    path.write_text(
        text.replace("rule: RES08", "rule: RES088").replace("rule: SOD09", "rule: ACME-SOD09"), encoding="utf-8"
    )
    for words in (
        ("scan", "--snapshot", snapshots["contoso"], "--select", "quota", "--scenario"),
        ("scenario", "check"),
    ):
        done = run(*words, str(path))
        assert done.returncode == 2 and done.stdout == ""
        assert "no rule `RES088` to waive\n  help: did you mean `RES08`?" in done.stderr and "ACME" not in done.stderr
        assert done.stderr.startswith(f"{path}:")


def test_a_baseline_says_what_it_could_not_remember(tmp_path: Path) -> None:
    done = run("baseline", "write", str(tmp_path / "known.json"), "--demo")
    assert done.returncode == 0 and "findings remembered" in done.stdout
    assert "1 list that the rules need was unread" in done.stderr
