"""What `scenario init` proposes for a tenant is what its own scenario says, wherever the tenant gives evidence, and hostile names stay names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from scanner import yamlfile
from scanner.findings import Report
from scanner.graph.build import build
from scanner.graph.estate import Estate
from scanner.propose import propose
from scanner.scenario.bind import bind
from scanner.scenario.check import summary
from scanner.scenario.load import from_document
from scanner.scenario.model import Scenario
from scanner.snapshot import Coverage, Snapshot
from tests.support.scan import FIXTURES, TODAY, report_of, scenario, tenant, the_duties
from tests.support.tenants import snapshot_of
from tests.tenants import everything, twins
from tests.tenants.samples import SAMPLES
from tests.tenants.twins import Twin

TENANTS = sorted(path.parent.name for path in FIXTURES.glob("*/tenant.json"))

# What a tenant gives no evidence of, or where it is broken on purpose and is proposed as it is: (what, why).
NO_EVIDENCE: Mapping[str, Mapping[str, str]] = {
    "limited-and-production": {
        "reads grp-ds-cleared production": "its role reads the ledger alone, and the row lets it read masked data besides",
    },
    "two-regions": {
        "site westeurope train": "no compute and no job stands there",
        "reads grp-serving production": "its role reads no data",
        "subjects": "nothing federates into the workload",
    },
    "contoso": {
        "row grp-{project}-ds-qa qa": "two of three projects have such a group; the third calls it `-quality`, as planted",
        "row grp-churn-ds-qa qa": "the same",
        "row grp-pricing-ds-qa qa": "the same",
        "row grp-vision-ds-quality qa": "the same",
        "row grp-analytics production": "a grant that is planted",
        "row grp-data-platform production": "a grant that is planted",
        "row grp-release-override production": "a grant that is planted",
        "administrators grp-ml-support": "a grant that is planted",
        "reads grp-ml-everyone exploration": "its role reads no data of its own",
        "workspace_per": "two workspaces of one project, as planted",
        "resource_group_per": "the same",
    },
}


@cache
def _snapshot(name: str) -> Snapshot:
    return snapshot_of(tenant(name))


@cache
def _text(name: str) -> str:
    return propose(_snapshot(name), the_duties(), today=TODAY)


@cache
def _pair(name: str) -> tuple[Scenario, Scenario]:
    """(as written, as proposed)"""
    return scenario(name), _loaded(_text(name))


def _loaded(text: str) -> Scenario:
    return from_document(yamlfile.parse(text, "p.yaml"))


def _bound(name: str, intent: Scenario) -> Estate:
    estate = build(_snapshot(name), {})
    bind(estate, intent)
    return estate


def _lacks(name: str, what: str) -> bool:
    return what in NO_EVIDENCE.get(name, {})


def _called(intent: Scenario, classes: tuple[str, ...]) -> set[frozenset[str]]:
    """Classes by the tags they are recognised by: the organisation's names for them stand in no tenant."""
    found = [intent.data_class(name) for name in classes]
    return {frozenset(v for values in c.match.tags.values() for v in values) for c in found if c is not None}


@pytest.mark.parametrize("name", TENANTS)
def test_the_proposal_loads_holds_and_names_nobody_who_is_not_there(name: str) -> None:
    found = summary(build(_snapshot(name), {}), _pair(name)[1])
    assert found.problems == ()


@pytest.mark.parametrize("name", TENANTS)
def test_a_scan_with_the_proposal_runs_to_the_end(name: str) -> None:
    report: Report = report_of(_snapshot(name), _pair(name)[1])
    assert report.results and not [s for s in report.settled if s.finding.rule.startswith("SCN")]


@pytest.mark.parametrize("name", TENANTS)
def test_environments_are_those_that_are_written(name: str) -> None:
    def held(intent: Scenario) -> dict[str, tuple[str, bool, set[str]]]:
        estate = _bound(name, intent)
        inside: dict[str, set[str]] = {e.name: set() for e in intent.environments}
        for node in estate.nodes("workspace"):
            where = estate.get(node, "environment")
            if isinstance(where, str):
                inside[where].add(estate.key(node))
        return {e.name: (e.stage, e.live, inside[e.name]) for e in intent.environments}

    written, proposed = _pair(name)
    assert held(proposed) == held(written)
    for environment in proposed.environments:  # of the classes that may be there, those that are
        as_written = written.environment(environment.name)
        assert as_written is not None
        assert _called(proposed, environment.data) <= _called(written, as_written.data)


@pytest.mark.parametrize("name", TENANTS)
def test_sites_are_those_that_are_written(name: str) -> None:
    written, proposed = _pair(name)
    wanted = {s.region: {d for d in s.does if not _lacks(name, f"site {s.region} {d}")} for s in written.sites}
    assert {s.region: set(s.does) for s in proposed.sites} == wanted
    guarded = {name_ for c in written.data_classes if c.home for name_ in _called(written, (c.name,))}
    data = {s.region: _called(written, s.data) & guarded for s in written.sites}
    assert {s.region: _called(proposed, s.data) & guarded for s in proposed.sites} == data


@pytest.mark.parametrize("name", TENANTS)
def test_the_role_table_is_the_one_that_is_written(name: str) -> None:
    """Approving is declared and in no tenant; observing is in every duty."""

    def rows(intent: Scenario) -> dict[tuple[str, str], tuple[set[str], str | None]]:
        return {
            (r.principal, r.environment): (set(r.duties) - {"approve", "observe"}, r.by)
            for r in intent.roles
            if not _lacks(name, f"row {r.principal} {r.environment}")
        }

    written, proposed = _pair(name)
    assert rows(proposed) == rows(written)


@pytest.mark.parametrize("name", TENANTS)
def test_rows_read_what_is_written_as_far_as_there_is_data(name: str) -> None:
    written, proposed = _pair(name)
    there = {e.name: _called(proposed, e.data) for e in proposed.environments}
    reads = {(r.principal, r.environment): _called(proposed, r.reads) for r in proposed.roles}
    open_ = {name_ for c in written.data_classes if not c.home for name_ in _called(written, (c.name,))}
    for row in written.roles:
        key = (row.principal, row.environment)
        if key in reads and not _lacks(name, f"reads {row.principal} {row.environment}"):
            wanted = _called(written, row.reads)
            assert reads[key] <= wanted, key
            assert (wanted & there[row.environment]) - open_ <= reads[key], key


@pytest.mark.parametrize("name", TENANTS)
def test_administrators_and_release_are_those_that_are_written(name: str) -> None:
    written, proposed = _pair(name)
    rows = [{(a.group, a.over, a.duties, a.by) for a in s.administrators if not _lacks(name, f"administrators {a.group}")} for s in (written, proposed)]  # fmt: skip
    assert rows[0] == rows[1]
    assert (written.release and written.release.workload) == (proposed.release and proposed.release.workload)
    if written.release and proposed.release and not _lacks(name, "subjects"):
        assert written.release.subjects == proposed.release.subjects


@pytest.mark.parametrize("name", TENANTS)
def test_structure_is_the_one_that_is_written_where_both_say_one(name: str) -> None:
    written, proposed = (s.structure for s in _pair(name))
    for attribute in ("workspace_per", "resource_group_per"):
        said, wanted = getattr(proposed, attribute), getattr(written, attribute)
        # where no group holds two workspaces, a group for each workspace and one for each of their units are one
        same = said == wanted or {said, wanted} == {"workspace", proposed.workspace_per}
        assert said is None or wanted is None or same or _lacks(name, attribute), attribute
    assert set(proposed.keys) <= set(written.keys) or not written.keys


@pytest.mark.parametrize("name", TENANTS)
def test_every_guess_has_its_evidence_above_it(name: str) -> None:
    lines = _text(name).splitlines()
    for number, line in enumerate(lines):
        if line.startswith(("  ", "    ")) and ": {" in line and "#" not in line:
            assert lines[number - 1].lstrip().startswith("#"), line


def test_nothing_missing_from_the_exceptions_is_in_order_by_accident() -> None:
    for name, excepted in NO_EVIDENCE.items():
        assert name in TENANTS and all(excepted.values())


# -- hostile and poor tenants -------------------------------------------------------------------------------------

HOSTILE = [
    'x"], evil: [y', "a: {b: c}", "# not a comment", "line\nbreak: true", "tab\tand \x1b[31mred\x1b[0m", "turned \u202e round", "no", "2027-01-31", "0x10",
    "{project}", "- dash", "&anchor", "*alias", "!tag", "'single'", "back\\slash", "\u2028separator", " spaces ", "emoji \U0001f600", "%directive", "null", "~", "a" * 300,
]  # fmt: skip


@pytest.mark.parametrize("word", HOSTILE)
def test_hostile_names_stay_names(word: str) -> None:
    """Names of groups, subscriptions, resource groups and tags come back as they were, and break out of no comment."""
    document: dict[str, Any] = tenant("multi-environment")
    group = next(g for g in document["graph"]["groups"] if g["displayName"] == "grp-ds-dev")
    group["displayName"] = word
    for subscription in document["subscriptions"]:
        subscription["displayName"] = f"{word} {subscription['displayName']}"
    for resource in document["resources"]:
        tags = resource.get("tags") or {}
        if tags.get("data-class") == "sampled":
            tags["data-class"] = word
        tags[word] = word
        resource["tags"] = tags
    text = propose(snapshot_of(document), the_duties())
    loaded = _loaded(text)
    (row,) = (r for r in loaded.roles if r.environment == "development")
    assert row.principal in (word, group["id"])
    assert word in [v for c in loaded.data_classes for values in c.match.tags.values() for v in values]
    assert {r.environment for r in loaded.roles} == {"development", "test", "production"}
    assert loaded.keys == _pair("multi-environment")[1].keys
    assert not [c for c in text if (c < " " and c != "\n") or c in "\u202e\u2028\u2029\u007f"]


def test_a_tenant_that_tells_nothing_gets_the_strictest_draft_there_is() -> None:
    document: dict[str, Any] = {"tenant": {"tenantId": "44444444-4444-4444-4444-444444444444"}}
    loaded = _loaded(propose(snapshot_of(document), the_duties()))
    assert [(e.name, e.stage) for e in loaded.environments] == [("everything", "production")]
    assert loaded.roles == () and loaded.sites == ()


TWINS = [twin for name in SAMPLES for twin in twins.declared(name)][::40]


@pytest.mark.parametrize("twin", TWINS, ids=lambda twin: twin.name)
def test_a_broken_tenant_gets_a_proposal_that_holds(twin: Twin) -> None:
    snapshot = snapshot_of(twin.sample().tenant.document)
    found = summary(build(snapshot, {}), _loaded(propose(snapshot, the_duties())))
    # of a region that no table has nobody can propose the country: check says so
    assert [p for p in found.problems if p.rule != "SCN04"] == []


def test_what_a_pattern_lacks_for_want_of_evidence_is_said_by_check() -> None:
    """One workspace in which no group holds a role, and no tag says what is in a store."""
    snapshot = snapshot_of(everything.document())
    text = propose(snapshot, the_duties())
    found = summary(build(snapshot, {}), _loaded(text))
    assert {(p.rule, p.cause) for p in found.problems} == {
        ("SCN01", f"single-environment|{part}") for part in ("data-classes", "roles")
    }
    assert "is taken all the same: the finding of `scenario check` says what to add" in text


def test_without_the_directory_nobody_is_named_by_a_name() -> None:
    lost = [Coverage("group", "tenant", "forbidden", "Group.Read.All", status=403)]
    loaded = _loaded(propose(snapshot_of(tenant("multi-environment"), lost), the_duties(), today=date(2026, 11, 26)))
    assert all(row.principal.count("-") == 4 for row in loaded.roles)


def test_a_group_with_contradicting_duties_is_not_approved_of() -> None:
    document: dict[str, Any] = tenant("multi-environment")
    group = next(g for g in document["graph"]["groups"] if g["displayName"] == "grp-ds-dev")
    release = next(a for a in document["roleAssignments"] if a["properties"]["principalId"] == next(
        p["id"] for p in document["graph"]["servicePrincipals"] if p["displayName"] == "id-ml-release") )  # fmt: skip
    again = {**release, "id": release["id"][:-4] + "beef", "name": release["name"][:-4] + "beef"}
    again["properties"] = {**release["properties"], "principalId": group["id"], "principalType": "Group"}
    document["roleAssignments"].append(again)
    text = propose(snapshot_of(document), the_duties())
    given = {(r.environment): set(r.duties) for r in _loaded(text).roles if r.principal == "grp-ds-dev"}
    assert given["development"] == {"train"} and "release" not in given.get("production", set())
    assert "does not release to production" in text


def test_init_writes_a_file_once_and_check_accepts_it(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from scanner.cli.main import cli
    from scanner.snapshot import write

    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(cli, list(words), standalone_mode=False)
        return (done.return_value if done.exception is None else 2), f"{done.output}{done.exception or ''}"

    write(_snapshot("contoso-compliant"), tmp_path / "s.mlp")
    made = str(tmp_path / "made.yaml")
    assert run("scenario", "init", "--snapshot", f"{tmp_path}/s.mlp", "-o", made, "--name", "mine")[0] == 0
    assert run("scenario", "check", made, "--snapshot", f"{tmp_path}/s.mlp")[0] == 0
    assert "is there already" in run("scenario", "init", "--snapshot", f"{tmp_path}/s.mlp", "-o", made)[1]
    assert (
        "is not a name for a scenario"
        in run("scenario", "init", "--snapshot", f"{tmp_path}/s.mlp", "--name", "No: no")[1]
    )
    assert run("scenario", "init", "--snapshot", f"{tmp_path}/s.mlp")[1].startswith("# yaml-language-server: ")
