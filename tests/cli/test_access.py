"""`mlposture access`: what it answers about the demo tenant, how that reads, and one clear message for every mistake."""

from __future__ import annotations

import copy
import io
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import networkx as nx
import pytest
from rich.cells import cell_len

from scanner import data
from scanner.derive.access.answers import Answer, Difference
from scanner.derive.access.choke import choke
from scanner.derive.access.compare import compare, places
from scanner.derive.access.questions import Questions
from scanner.render import access as show
from scanner.snapshot import Coverage, write
from tests.support import access
from tests.support.command import run
from tests.support.scan import FIXTURES, scenario, tenant
from tests.support.tenants import snapshot_of

GOLDEN = Path(__file__).parent / "data"
CONTOSO = str(FIXTURES / "contoso" / "scenario.yaml")
LENA = "Storage Blob Data Reader on dlchurnprod for Lena"


@cache
def contoso() -> Questions:
    return access.questions(snapshot_of(tenant("contoso")), scenario("contoso"))


def changed() -> dict[str, Any]:
    """The demo tenant a week later: Ana came into a group, Zoe left it, and Lena's assignment is gone."""
    document = copy.deepcopy(dict(tenant("contoso")))
    ids = {item["displayName"]: item["id"] for kind in ("users", "groups") for item in document["graph"][kind]}
    group = next(g for g in document["graph"]["groups"] if g["displayName"] == "grp-data-platform")
    group["x-members"] = [*(m for m in group["x-members"] if m != ids["Zoe"]), ids["Ana"]]
    document["roleAssignments"] = [
        a for a in document["roleAssignments"] if a["properties"]["principalId"] != ids["Lena"]
    ]
    return document


@pytest.fixture(scope="module")
def snapshots(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("access")
    gap = Coverage("role-assignment", "/subscriptions/66666666-aaaa-bbbb-cccc-666666666666", "forbidden", status=403)
    made = {
        "contoso": snapshot_of(tenant("contoso")), "later": snapshot_of(changed()), "blind": snapshot_of(tenant("contoso"), [gap]),
    }  # fmt: skip
    for name, snapshot in made.items():
        write(snapshot, folder / f"{name}.mlp")
    return {name: str(folder / f"{name}.mlp") for name in made}


def _text(answer: Answer, words: tuple[str, ...], change: Difference | None = None, width: int = 80) -> str:
    asked = show.Asked(words, "contoso", "fixtures/tenants/contoso/scenario.yaml", "66666666", "2026-11-24T10:00:02Z")
    buffer = io.StringIO()
    show.text(answer, change, asked, buffer, color="never", width=width)
    return buffer.getvalue()


# -- how it reads -------------------------------------------------------------------------------------------------


def _answers() -> dict[str, tuple[Answer, tuple[str, ...]]]:
    asked = contoso()
    store, production = access.data(asked, "dlchurnprod"), access.data(asked, "production")
    return {
        "who-can-read": (asked.who_can("read", store), ("who-can", "read", "dlchurnprod")),
        "who-can-release": (asked.who_can("release", production), ("who-can", "release", "production")),
        "paths": (asked.paths(access.principal(asked, "Zoe"), production), ("paths", "Zoe", "production")),
        "duties": (asked.duties(access.principal(asked, "Maya")), ("duties", "Maya")),
        "choke": (choke(asked, production), ("choke", "production")),
    }


@pytest.mark.parametrize("name", ["who-can-read", "who-can-release", "paths", "duties", "choke"])
def test_the_answers_read_as_they_did(name: str, request: pytest.FixtureRequest) -> None:
    made = _text(*_answers()[name])
    path = GOLDEN / f"access-{name}.txt"
    if request.config.getoption("--update-golden"):
        path.write_text(made, encoding="utf-8")
    assert made == path.read_text(encoding="utf-8"), "look at the difference, then `pytest --update-golden`"


def test_who_can_read_is_a_sentence_and_fits_a_screen() -> None:
    lines = _text(*_answers()["who-can-read"]).splitlines()
    sentence = " ".join(lines[3 : lines.index("", 3)])
    assert re.fullmatch(
        r"\d+ people and \d+ workloads can read dlchurnprod \(live data in production\); .* should not\.", sentence
    )
    assert len(lines) <= 24 and all(cell_len(line) <= 80 for line in lines)


def test_colour_is_only_for_those_who_want_it() -> None:
    answer, words = _answers()["who-can-read"]
    asked = show.Asked(words, "contoso", "s.yaml", "t", "")
    for color, there in (("always", True), ("never", False)):
        buffer = io.StringIO()
        show.text(answer, None, asked, buffer, color=color, width=80)
        assert ("\x1b[" in buffer.getvalue()) is there


# -- what it says -------------------------------------------------------------------------------------------------


def test_every_way_is_sorted_as_the_scenario_judges_it() -> None:
    answer = contoso().who_can("read", access.data(contoso(), "dlchurnprod"))
    by_state = {state: {ref.name for way in answer.ways if way.state == state for ref in way.who} for state in ("unwanted", "approved", "residual")}  # fmt: skip
    assert {"Lena", "sp-legacy-iac"} <= by_state["unwanted"]
    assert by_state["approved"] == {"Noah", "Gus"} and {"Mia", "Tara"} <= by_state["residual"]
    approved = next(way for way in answer.ways if way.state == "approved")
    assert approved.row == "ml-engineer in production" and approved.line is not None
    assert approved.line.file.endswith("scenario.yaml") and approved.mark == "eligible"
    gus = next(ref for way in answer.ways for ref in way.who if ref.name == "Gus")
    assert answer.marks[gus.key] == ("guest",)


def test_what_it_calls_unwanted_is_what_a_scan_calls_an_opening() -> None:
    """The question and the rules answer alike, for every store and access: the same causes, by the same ways."""
    asked = contoso()
    estate = asked.estate
    compared = 0
    for store in asked.stores(None):
        for how in ("read", "write"):
            found = [o for edge in ("opened-by", "perhaps-opened-by") for o in estate.neighbours(store, edge)]
            openings = {
                (estate.get(o, "cause"), estate.get(o, "way")) for o in found
                if estate.get(o, "access") == how and estate.get(o, "approved") is False and estate.get(o, "people")
            }  # fmt: skip
            assert {(w.words, w.way) for w in asked.who_can(how, store).ways if w.state == "unwanted"} == openings
            compared += len(openings)
    assert compared


def test_the_chain_shown_of_people_and_workloads_is_a_person_s() -> None:
    """A workload needs no group and has the shorter chain; whom one asks about is the people."""
    document = copy.deepcopy(dict(tenant("contoso")))
    lena = next(item["id"] for item in document["graph"]["users"] if item["displayName"] == "Lena")
    legacy = next(
        item["id"] for item in document["graph"]["servicePrincipals"] if item["displayName"] == "sp-legacy-iac"
    )
    group = next(g for g in document["graph"]["groups"] if g["displayName"] == "grp-data-platform")
    group["x-members"] = [legacy, lena]
    asked = access.questions(snapshot_of(document), scenario("contoso"))
    found = asked.who_can("read", access.data(asked, "dlpricingprod")).ways
    assert [way.chain.start.name for way in found if len(way.who) == 2 and way.state == "unwanted"] == ["Lena", "Lena"]


def test_names_ids_and_signs_all_find_the_same() -> None:
    asked = contoso()
    zoe = access.principal(asked, "Zoe")
    for name in ("zoe", "ZOE@contoso.example", asked.estate.key(zoe), asked.estate.key(zoe).upper()):
        assert access.principal(asked, name) == zoe
    store = access.data(asked, "dlchurnprod")
    assert access.data(asked, asked.estate.original(store).upper()) == store
    assert set(asked.stores(access.data(asked, "live"))) >= {store}
    assert asked.stores(access.data(asked, "mlw-churn-prod"))


def test_the_cut_closes_every_unwanted_way() -> None:
    """Taking away what `choke` names, through what-if, leaves nothing that is not wanted."""
    from scanner.cli.specs import edits
    from scanner.whatif import apply

    asked = contoso()
    found = choke(asked, None)
    assert found.causes and len(found.causes) == found.at_least and not found.beyond
    without = apply(snapshot_of(tenant("contoso")), edits(asked.estate, [c.cause for c in found.causes], []))
    then = access.questions(without, scenario("contoso"))
    assert choke(then, None).ways == ()
    for cause in found.causes:  # and each of them is needed
        rest = [other.cause for other in found.causes if other != cause]
        left = access.questions(
            apply(snapshot_of(tenant("contoso")), edits(asked.estate, rest, [])), scenario("contoso")
        )
        assert choke(left, None).ways


def test_a_difference_names_who_what_and_by_which_change() -> None:
    later = access.questions(snapshot_of(changed()), scenario("contoso"))
    found = compare(contoso(), later, places(contoso(), None, ("read", "write", "release")))
    gained = {(tuple(r.name for r in c.who), c.what, c.words) for c in found.gained}
    lost = {(tuple(r.name for r in c.who), c.what, c.words) for c in found.lost}
    assert gained == {(("Ana",), "membership", "Ana in grp-data-platform")}
    assert lost == {(("Lena",), "assignment", LENA), (("Zoe",), "membership", "Zoe in grp-data-platform")}
    back = compare(later, contoso(), places(contoso(), None, ("read", "write", "release")))
    assert [c.who for c in back.gained] == [c.who for c in found.lost]
    same = compare(contoso(), contoso(), places(contoso(), None, ("read", "write", "release")))
    assert not (same.gained or same.lost or same.opened or same.closed)


_GLOBAL = "62e90394-69f5-4237-9190-012177145e10"


def _administered() -> dict[str, Any]:
    """The demo tenant with Rosa, who is nobody there, as Global Administrator."""
    document = copy.deepcopy(dict(tenant("contoso")))
    rosa = next(item for item in document["graph"]["users"] if item["displayName"] == "Rosa")
    held = {"id": "held", "principalId": rosa["id"], "roleDefinitionId": _GLOBAL, "directoryScopeId": "/"}
    document["graph"] |= {
        "directoryRoleDefinitions": [{"id": _GLOBAL, "templateId": _GLOBAL, "displayName": "Global Administrator"}],
        "directoryRoleAssignments": [held],
    }
    return document


def _public() -> dict[str, Any]:
    """The demo tenant with a container of dlchurnprod that anybody may read."""
    document = copy.deepcopy(dict(tenant("contoso")))
    account = next(item for item in document["resources"] if item["name"] == "dlchurnprod")
    account["properties"]["allowBlobPublicAccess"] = True
    document["resources"].append({
        "id": f"{account['id']}/blobServices/default/containers/open", "name": "open", "properties": {"publicAccess": "Container"},
        "type": "Microsoft.Storage/storageAccounts/blobServices/containers"})  # fmt: skip
    return document


def test_a_new_administrator_of_the_directory_gained_the_data_of_the_tenant() -> None:
    later = access.questions(snapshot_of(_administered()), scenario("contoso"))
    found = compare(contoso(), later, places(contoso(), None, ("read", "write")))
    said = [(tuple(r.name for r in c.who), c.what, c.words) for c in found.gained]
    assert said == [(("Rosa",), "directory role", "Global Administrator of the directory")]
    assert "Rosa  read any data of the tenant" in _text(found, ("diff", "a", "b"))
    back = compare(later, contoso(), places(later, access.data(later, "dlchurnprod"), ("read",)))
    assert [c.who for c in back.lost] == [c.who for c in found.gained]


def test_who_only_the_directory_lets_in_is_in_the_first_sentence() -> None:
    asked = access.questions(snapshot_of(_administered()), scenario("contoso"))
    store = access.data(asked, "dlchurnprod")
    said = _text(asked.who_can("read", store), ("who-can", "read", "dlchurnprod"), width=200)
    assert "1 person could by the directory and should not." in said
    paths = _text(asked.paths(access.principal(asked, "Rosa"), store), ("paths", "Rosa", "dlchurnprod"))
    assert "Rosa has no way to dlchurnprod but by the directory" in paths


def test_a_role_over_a_part_of_the_directory_is_a_perhaps_in_answers(tmp_path: Path) -> None:
    document = _administered()
    document["graph"]["directoryRoleAssignments"][0]["directoryScopeId"] = (
        "/administrativeUnits/77777777-0000-0000-0000-000000000001"
    )
    asked = access.questions(snapshot_of(document), scenario("contoso"))
    store, rosa = access.data(asked, "dlchurnprod"), access.principal(asked, "Rosa")
    said = _text(asked.who_can("read", store), ("who-can", "read", "dlchurnprod"), width=200)
    assert "1 person and 1 workload should not." in said
    assert (
        "Perhaps by the directory  Rosa: Global Administrator, which may elevate " in said
        and "within a part of it" in said
    )
    assert "Rosa has no way to dlchurnprod unless by the directory" in _text(
        asked.paths(rosa, store), ("paths", "Rosa", "dlchurnprod")
    )
    write(snapshot_of(document), tmp_path / "part.mlp")
    done = _ask(str(tmp_path / "part.mlp"), "choke", "--without", f"directory-role:{_GLOBAL}|in-part")
    assert "Rosa can no longer read any data of the tenant" in done.stdout, done.stderr
    done = _ask(str(tmp_path / "part.mlp"), "choke", "--without", f"directory-role:{_GLOBAL}")
    assert "matches nothing in the snapshot" in done.stderr


def test_the_graph_of_an_answer_has_those_whom_the_directory_lets_in() -> None:
    asked = access.questions(snapshot_of(_administered()), scenario("contoso"))
    rosa, store = access.principal(asked, "Rosa"), access.data(asked, "dlchurnprod")
    for picture in (asked.who_can("read", store, draw=True).picture, asked.paths(rosa, store, draw=True).picture):
        assert [arrow.edge for arrow in picture.arrows if picture.nodes[arrow.source].name == "Rosa"] == [
            "directory-admin"
        ]
    assert "Rosa" not in {
        n.name for n in asked.who_can("release", access.data(asked, "production"), draw=True).picture.nodes.values()
    }


def test_data_that_becomes_public_is_gained_by_anybody() -> None:
    later = access.questions(snapshot_of(_public()), scenario("contoso"))
    found = compare(contoso(), later, places(contoso(), None, ("read", "write")))
    said = [(tuple(r.name for r in c.who), c.what, c.words) for c in found.gained]
    assert said == [(("anybody",), "public access", "public access to containers of dlchurnprod")]
    assert _text(found, ("diff", "a", "b")).splitlines()[3] == "Anybody gained reach."
    back = compare(later, contoso(), places(later, None, ("read",)))
    assert [c.who for c in back.lost] == [c.who for c in found.gained]


def test_what_is_open_to_anybody_is_nothing_a_scenario_accounts_for() -> None:
    document = _public()
    kept = ("Storage Blob Data Reader", "User Access Administrator", "Storage Account Contributor")
    gone = {role["name"] for role in document["roleDefinitions"] if role["properties"]["roleName"] in kept}
    document["roleAssignments"] = [
        a for a in document["roleAssignments"] if a["properties"]["roleDefinitionId"].rpartition("/")[2] not in gone
    ]
    asked = access.questions(snapshot_of(document), scenario("contoso"))
    said = _text(
        asked.who_can("read", access.data(asked, "dlchurnprod")), ("who-can", "read", "dlchurnprod"), width=200
    )
    assert "Anybody can read dlchurnprod (live data in production); nobody should without signing in." in said


@pytest.mark.parametrize("kind", ["directory-role-assignment", "directory-role-eligibility", "app-role-assignment"])
def test_roles_of_the_directory_that_nobody_could_read_leave_an_answer_open(kind: str) -> None:
    gaps = [Coverage(kind, "tenant", "forbidden", status=403)]
    asked = access.questions(snapshot_of(tenant("contoso-compliant"), gaps), scenario("contoso-compliant"))
    store = access.data(asked, "dlchurnprod")
    for answer in (
        asked.who_can("read", store),
        asked.paths(access.principal(asked, "Noah"), store),
        choke(asked, store),
    ):
        assert kind in {gap.kind for gap in answer.gaps}
    assert not asked.who_can("release", access.data(asked, "production")).gaps


def _activating() -> dict[str, Any]:
    """The demo tenant where Maya must activate her membership of the group that releases."""
    document = copy.deepcopy(dict(tenant("contoso")))
    group = next(g for g in document["graph"]["groups"] if g["displayName"] == "grp-release-override")
    (maya,), group["x-members"] = group["x-members"], []
    document["graph"]["eligibilityScheduleInstances"] = [
        {"id": "eligible", "groupId": group["id"], "principalId": maya, "accessId": "member", "memberType": "direct"}
    ]
    return document


def test_duties_of_a_membership_that_must_be_activated_are_not_held_now() -> None:
    asked = access.questions(snapshot_of(_activating()), scenario("contoso"))
    maya = access.principal(asked, "Maya")
    held = {(h.duty, h.environment): h.how for h in asked.duties(maya).held}
    assert held["release", "production"] == "may-activate" and held["train", "development"] == "holds"
    said = _text(asked.duties(maya), ("duties", "Maya"), width=200)
    assert "release and write  after activating it\n      Maya → grp-release-override (eligible) → " in said
    paths = _text(asked.paths(maya, access.data(asked, "production")), ("paths", "Maya", "production"), width=200)
    assert paths.count("grp-release-override (eligible) → ") == 2


def test_who_owns_a_group_that_releases_could_release() -> None:
    document = copy.deepcopy(dict(tenant("contoso")))
    ids = {item["displayName"]: item["id"] for item in document["graph"]["users"]}
    group = next(g for g in document["graph"]["groups"] if g["displayName"] == "grp-release-override")
    group["x-owners"] = [ids["Ana"], ids["Mia"]]
    asked = access.questions(snapshot_of(document), scenario("contoso"))
    production, ana = access.data(asked, "production"), access.principal(asked, "Ana")
    joining = {
        (w.state, *(ref.name for ref in w.who))
        for w in asked.who_can("release", production).ways
        if w.mark == "may-join"
    }
    assert joining == {("unwanted", "Ana"), ("residual", "Mia")}  # Mia is an administrator
    held = {(h.duty, h.environment): h.how for h in asked.duties(ana).held}
    assert held["release", "production"] == "may-join" and held["train", "development"] == "holds"
    said = _text(asked.duties(ana), ("duties", "Ana"), width=200)
    assert "could hold observe, release and write by joining a group" in said
    assert "release and write  after joining a group\n      Ana → may join grp-release-override as its owner → " in said
    assert "Ana  release, of production" in _text(
        asked.paths(ana, production), ("paths", "Ana", "production"), width=200
    )


# -- the command --------------------------------------------------------------------------------------------------


def _ask(snapshot: str, *words: str) -> Any:
    return run("access", *words, "--scenario", CONTOSO, "--snapshot", snapshot)


@pytest.mark.parametrize("words", [
    ["who-can", "read", "dlchurnprod"], ["who-can", "release", "production"], ["paths", "Zoe", "production"], ["duties", "Maya"], ["choke"],
    ["choke", "dlchurnprod", "--without", "membership:maya,grp-release-override", "--with", "owner:kim,grp-churn-mle-prod"],
    ["duties", "Maya", "--without", "membership:maya,grp-release-override"],
])  # fmt: skip
def test_json_keeps_its_contract(words: list[str], snapshots: dict[str, str]) -> None:
    done = _ask(snapshots["contoso"], *words, "--format", "json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    schema = json.loads((data.reports() / "access.schema.json").read_text(encoding="utf-8"))
    validator = jsonschema_rs.validator_for(schema)
    validator.validate(document)
    assert document["question"]["command"] == words[0] and (document["what-if"] is None) is ("--without" not in words)
    with pytest.raises(jsonschema_rs.ValidationError):
        validator.validate({**document, "surprise": 1})


def test_a_difference_of_two_files_is_told_and_written(tmp_path: Path, snapshots: dict[str, str]) -> None:
    done = run("access", "diff", snapshots["contoso"], snapshots["later"], "--scenario", CONTOSO)
    assert done.returncode == 0, done.stderr
    assert "1 person gained reach and 2 people lost reach." in done.stdout
    assert "membership added: Ana in grp-data-platform" in done.stdout
    assert f"assignment removed: {LENA}" in done.stdout
    file = tmp_path / "diff.json"
    done = run(
        "access",
        "diff",
        snapshots["contoso"],
        snapshots["later"],
        "--scenario",
        CONTOSO,
        "--format",
        "json",
        "-o",
        str(file),
    )
    assert done.returncode == 0 and done.stdout == ""
    schema = json.loads((data.reports() / "access.schema.json").read_text(encoding="utf-8"))
    jsonschema_rs.validator_for(schema).validate(json.loads(file.read_text(encoding="utf-8")))
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_graph_of_a_question_is_a_graph(tmp_path: Path, snapshots: dict[str, str]) -> None:
    for words in (["who-can", "read", "dlchurnprod"], ["paths", "Zoe", "dlpricingprod"], ["choke"], ["duties", "Maya"]):
        file = tmp_path / "graph.xml"
        assert _ask(snapshots["contoso"], *words, "--format", "graphml", "-o", str(file)).returncode == 0
        graph = nx.read_graphml(file)
        assert graph.number_of_edges() > 0
    assert _ask(snapshots["contoso"], "paths", "Zoe", "dlpricingprod", "--format", "mermaid").stdout.startswith(
        "flowchart LR\n"
    )
    assert _ask(snapshots["contoso"], "paths", "Zoe", "dlpricingprod", "--format", "dot").stdout.startswith(
        "digraph access {\n"
    )


def test_what_if_says_what_closes_and_what_opens(snapshots: dict[str, str]) -> None:
    done = _ask(
        snapshots["contoso"], "who-can", "read", "dlchurnprod", "--without", "assignment:Lena,Storage Blob Data Reader,dlchurnprod",
        "--with", "membership:Ana,grp-churn-mle-prod",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f"- closes  {LENA}" in done.stdout
    assert "Lena can no longer read dlchurnprod" in done.stdout and "Ana can now read dlchurnprod" in done.stdout
    assert "✗ Lena" not in done.stdout
    done = _ask(snapshots["contoso"], "paths", "Zoe", "dlpricingprod", "--without", "membership:Kim,grp-analytics")
    assert "nothing closes and nothing opens" in done.stdout


def test_what_if_speaks_of_anybody_and_of_the_directory(tmp_path: Path) -> None:
    write(snapshot_of(_public()), tmp_path / "public.mlp")
    done = _ask(
        str(tmp_path / "public.mlp"), "who-can", "read", "dlchurnprod", "--without", "anonymous:" + _key("dlchurnprod")
    )
    assert "anonymous, for anybody" in done.stdout and "anybody can no longer read dlchurnprod" in done.stdout, (
        done.stderr
    )
    write(snapshot_of(_administered()), tmp_path / "administered.mlp")
    done = _ask(str(tmp_path / "administered.mlp"), "choke", "--without", f"directory-role:{_GLOBAL}")
    assert "Rosa can no longer read any data of the tenant" in done.stdout, done.stderr


def _key(store: str) -> str:
    return contoso().estate.key(access.data(contoso(), store))


def test_a_cause_as_printed_can_be_taken_away(snapshots: dict[str, str]) -> None:
    for cause in (c.cause for c in choke(contoso(), None).causes):
        done = _ask(snapshots["contoso"], "choke", "--without", cause, "--format", "json")
        assert done.returncode == 0, done.stderr
        assert cause in {way["cause"] for way in json.loads(done.stdout)["what-if"]["closes"]}


def test_what_releases_can_be_taken_away_as_printed(snapshots: dict[str, str]) -> None:
    asked = _ask(snapshots["contoso"], "who-can", "release", "production", "--format", "json")
    (way,) = [way for way in json.loads(asked.stdout)["answer"]["ways"] if way["state"] == "unwanted"]
    assert way["fix"].startswith("Remove the assignment of Contoso ML Releaser to grp-release-override at ")
    done = _ask(snapshots["contoso"], "who-can", "release", "production", "--without", way["cause"])
    assert "Maya can no longer release production" in done.stdout, done.stderr
    paths = _ask(snapshots["contoso"], "paths", "Maya", "production")  # to read and to release by one assignment
    assert "Maya can read and release production, by 1 cause, not wanted." in paths.stdout


def test_what_could_not_be_read_is_said_and_ends_in_three(snapshots: dict[str, str]) -> None:
    done = _ask(snapshots["blind"], "who-can", "read", "dlchurnprod")
    assert done.returncode == 3
    assert (
        "unknown: role assignments of /subscriptions/66666666-aaaa-bbbb-cccc-666666666666 could not be read (forbidden)"
        in done.stdout
    )
    assert re.search(r"at least|nobody that could be seen", done.stdout, re.IGNORECASE)
    assert _ask(snapshots["blind"], "who-can", "read", "dlchurnprod", "--allow-gaps").returncode == 0


def test_the_demo_needs_no_files() -> None:
    done = run("access", "who-can", "read", "dlchurnprod", "--demo", "--no-progress")
    assert done.returncode == 0 and "✗ Lena" in done.stdout, done.stderr


@pytest.mark.parametrize(("words", "said"), [
    (["who-can", "raed", "x"], "`raed` is not one of `read`, `write`, `release`"),
    (["who-can", "read", "dlchurnprd"], "no data or environment is called `dlchurnprd`\n  help: did you mean `dlchurnprod`?"),
    (["who-can", "read", "Zoe"], "no data or environment is called `Zoe`\n  help: it is a user"),
    (["who-can", "read", "xyzzy"], "no data or environment is called `xyzzy`\n  help: there are "),
    (["who-can", "read", "/subscriptions/x/resourceGroups/y/dlchurnprd"], "help: did you mean `dlchurnprod`?"),
    (["paths", "Zoeh", "dlchurnprod"], "no principal is called `Zoeh`\n  help: did you mean `zoe`?"),
    (["duties", "Zoe", "--without", "membership:Zoe"], "`membership:Zoe` lacks something\n  help: `membership:MEMBER,GROUP`"),
    (["duties", "Zoe", "--without", "membrship:Zoe,x"], "did you mean `membership`?"),
    (["duties", "Zoe", "--without", "membership:Zoe,grp-ml-support"], "`membership:Zoe,grp-ml-support` matches nothing in the snapshot"),
    (["duties", "Zoe", "--with", "membership:Zoe,grp-data-platform"], "is there already"),
    (["duties", "Zoe", "--with", "grant:a|b|c"], "`grant:a|b|c` cannot be added"),
    (["duties", "Zoe", "--without", "grant:a|b|c"], "no assignment has the cause `grant:a|b|c`"),
    (["duties", "Zoe", "--without", "grant:||"], "`grant:||`\n  help: copy the cause of a finding: `grant:PRINCIPAL|ROLE|SCOPE`"),
    (["who-can", "read", "a\nb\u202ec"], "no data or environment is called `a\\x0ab\\u202ec`\n  help: "),
    (["who-can", "read", "x" * 100_000], f"is called `{'x' * 120}…` (100000 characters)\n  help: "),
    (["who-can", "read", "x y" * 40_000], "…` (120000 characters)\n  help: "),
    (["who-can", "x" * 100_000, "x"], f"`{'x' * 120}…` (100000 characters) is not one of"),
    (["duties", "Zoe", "--with", "membership:grp-data-platform,grp-data-platform"], "has one thing be its own member\n  help: name two"),
    (["duties", "Zoe", "--with", "owner:grp-data-platform,grp-data-platform"], "has one thing be its own owner\n  help: name two"),
    (["who-can", "read", "production"[::-1]], "help: "),
    (["who-can", "read", "grp-data-platform"], "help: it is a group"),
    (["paths", "production", "dlchurnprod"], "no principal is called `production`\n  help: it is an environment"),
    (["duties", "Zoe", "--without", "owner:Zoe,nobody"], "no group or workload is called `nobody`"),
    (["choke", "-o", "/nowhere/x"], "cannot write `/nowhere/x`: no such folder"),
    (["who-can", "read"], "missing argument"),
    (["choke", "--format", "pdf"], "`pdf` is not one of"),
])  # fmt: skip
def test_a_mistake_is_one_clear_message(words: list[str], said: str, snapshots: dict[str, str]) -> None:
    done = _ask(snapshots["contoso"], *words)
    assert done.returncode == 2, done.stdout
    assert said in done.stderr
    assert "Traceback" not in done.stderr and done.stdout == ""


def test_a_name_of_several_lists_them_with_kind_and_id(tmp_path: Path) -> None:
    document = copy.deepcopy(dict(tenant("contoso")))
    zoe = next(u for u in document["graph"]["users"] if u["displayName"] == "Zoe")
    twin = {**zoe, "id": "00000000-0000-0000-0000-00000000aaaa", "userPrincipalName": "zoe2@contoso.example"}
    document["graph"]["users"].append(twin)
    write(snapshot_of(document), tmp_path / "twins.mlp")
    done = _ask(str(tmp_path / "twins.mlp"), "duties", "Zoe")
    assert done.returncode == 2
    assert "`Zoe` stands for 2" in done.stderr
    assert f"user {zoe['id']}" in done.stderr and f"user {twin['id']}" in done.stderr
    assert _ask(str(tmp_path / "twins.mlp"), "duties", "zoe2@contoso.example").returncode == 0


def test_hostile_names_do_nothing(tmp_path: Path) -> None:
    evil = "\x1b[31mAnn\n::error::x\u202e##vso[task.x]" + "x" * 10_000 + '"]; </text>'
    document = copy.deepcopy(dict(tenant("contoso")))
    lena = next(u for u in document["graph"]["users"] if u["displayName"] == "Lena")
    lena["displayName"] = evil
    write(snapshot_of(document), tmp_path / "evil.mlp")
    for format in ("text", "json", "graphml", "dot", "mermaid"):
        done = _ask(str(tmp_path / "evil.mlp"), "who-can", "read", "dlchurnprod", "--format", format)
        assert done.returncode == 0, done.stderr
        assert not any(char in done.stdout for char in ("\x1b", "\u202e", "##vso["))
        assert not any(line.startswith("::") for line in done.stdout.splitlines())


def test_without_a_scenario_there_is_no_answer() -> None:
    done = run("access", "choke", "--snapshot", "x")
    assert done.returncode == 2 and "no scenario" in done.stderr
    done = run("access", "choke", "--demo", "--snapshot", "x")
    assert done.returncode == 2 and "`--demo` brings its own tenant" in done.stderr
