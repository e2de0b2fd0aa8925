"""The scenario language: every mistake with its line, and what binding writes onto an estate."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner import data, regions
from scanner.errors import Span, UserError
from scanner.findings import Finding, Gap
from scanner.graph.estate import UNSET, Estate
from scanner.scenario.bind import bind
from scanner.scenario.load import PATTERNS, load
from tests.support.small import BASE, a_workspace, an_estate, loaded


def _names(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """What is said of names; that BASE lacks what its pattern needs is no matter here."""
    return tuple(f for f in findings if f.rule == "SCN02")


@pytest.mark.parametrize("path", sorted(data.scenarios().glob("*.yaml")), ids=lambda p: p.stem)
def test_every_shipped_scenario_loads_and_binds(path: Path) -> None:
    scenario = load(path)
    assert path.stem in scenario.patterns
    estate = Estate()
    findings = bind(estate, scenario)
    assert estate.count("environment") == len(scenario.environments)
    assert {f.rule for f in findings} <= {"SCN02"}


def test_there_is_one_for_each_pattern() -> None:
    assert {path.stem for path in data.scenarios().glob("*.yaml")} == set(PATTERNS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BASE.replace("multi-environment", "multi-enviroment"), "s.yaml:2:10: `multi-enviroment` is not a pattern\n  help: did you mean `multi-environment`?"),
        (BASE.replace("data: [public]", "data: [publik]"), "`publik` is not a data class\n  help: did you mean `public`?"),
        (BASE.replace("boundary: [EU]", "country: [Atlantis]"), "`Atlantis` is not a country Azure has"),
        (BASE.replace("boundary: [EU]", "boundary: [ASIA]"), "`ASIA` is not one of `EU`, `EU-EFTA`, `UK`, `US`"),
        (BASE.replace("region: westeurope", "region: westeurop"), "`westeurop` is not a region Azure has\n  help: did you mean `westeurope`?"),
        (BASE.replace("development:", "dev:"), "s.yaml:4:3: environment `dev` needs a stage, since its name is none"),
        (BASE.replace("boundary: [EU]", "country: [UnitedKingdom]"), "`UnitedKingdom` is not a country Azure has\n  help: did you mean `United Kingdom`?"),
        (BASE.replace("boundary: [EU]", "country: []"), "s.yaml:8:47: a place needs a region"),
        (BASE + "structure: {keys: {project: {}}}\n", "s.yaml:11:29: nothing says where `project` is read from"),
        (BASE + "structure: {keys: {project: {tag: p}, team: {tag: t}}}\nroles: {ds: {production: {group: 'grp-{team}', duties: [train]}}}\n",
         "`{team}` is not filled: names take the first of `structure.keys`, `project`"),
        (BASE + "administrators: [{group: g, over: [production], duties: [provision]}, {group: G, over: [development], duties: [provision]}]\n", "`G` stands here twice"),
        (BASE + "services: [{name: a, principal: x, may: [read], where: [production]}, {name: a, principal: y, may: [read], where: []}]\n", "`a` stands here twice"),
        (BASE + "shared: [{on: cr, kind: registry, region: westeurope}, {on: CR, kind: registry, region: eastus}]\n", "`CR` stands here twice"),
        (BASE + "waivers: [{rule: ACC01, on: /x, cause: data-role, reason: r, approved-by: a, until: '2027-01-31'}]\n", "`data-role` is not a cause key"),
        (BASE + "waivers: [{rule: ACME-ACC01, on: /x, reason: r, approved-by: a, until: '2027-01-31'}]\n", "a waiver of ACME-ACC01 needs a `cause`"),
        (BASE + "waiver-policy: {approvers: [ciso]}\nwaivers: [{rule: RES01, on: /x, reason: r, approved-by: me, until: '2027-01-31'}]\n", "`me` is not an approver"),
        (BASE + "waivers: [{rule: RES01, on: {}, reason: r, approved-by: a, until: '2027-01-31'}]\n", "key `environment` is missing"),
        (BASE + "roles: {ds: {production: {group: g, expires: \"90d\\n\"}}}\n", "does not have the form `expires` needs"),
        (BASE + "flows:\n  - {what: model, from: development, to: nowhere}\n", "`nowhere` is not a site or an environment"),
        (BASE + "roles:\n  ds: {staging: {group: g, duties: [train]}}\n", "`staging` is not an environment"),
        (BASE + "roles:\n  ds: {production: {group: g, workload: w}}\n", "a role row names a `group` or a `workload`, one of them"),
        (BASE + "roles:\n  ds: {production: {group: 'g-{project}'}}\n", "`{project}` is filled from `structure.keys`, which has no `project`"),
        (BASE + "roles:\n  ds: {production: {group: g, duties: [trian]}}\n", "`trian` is not one of"),
        (BASE + "waivers:\n  - {rule: RES02, on: x, reason: r, approved-by: a}\n", "key `until` is missing"),
        (BASE + "waivers:\n  - {rule: ACC01, on: x, reason: r, approved-by: a, until: 2027-01-31}\n", "a waiver of ACC01 needs a `cause`"),
        (BASE + "waivers:\n  - {rule: RES02, on: x, reason: r, approved-by: a, until: 2027-02-31}\n", "`2027-02-31` is not a day"),
        (BASE + "quota: {needs: [{site: main, family: x, for: serve}]}\n", "a need names a `family` with `cores`"),
        (BASE + "services: [{name: s, may: [read], where: [production]}]\n", "names a `principal` or an `identity-of`"),
        (BASE + "sitess: {}\n", "additional key `sitess`\n  help: did you mean `sites`?"),
        (BASE.replace("default-class: live", "default-class: gone"), "`gone` is not a data class"),
        ("scenario: x\n", "key `environments` is missing"),
        ("- a\n", "must be a map, not a list"),
        ("", "must be a map"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place(text: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        loaded(text)
    assert said in str(caught.value)


def test_norway_is_a_country_and_not_false() -> None:
    scenario = loaded(BASE.replace("boundary: [EU]", "country: [no]"))
    live = scenario.data_class("live")
    assert live is not None and live.home is not None
    assert live.home.regions == {"norwayeast", "norwaywest"}


@pytest.mark.parametrize(
    ("home", "inside", "outside"),
    [
        ({"boundary": ["EU"]}, "westeurope", "norwayeast"),
        ({"boundary": ["EU-EFTA"]}, "switzerlandnorth", "uksouth"),
        ({"geography": ["Europe"]}, "northeurope", "francecentral"),
        ({"country": ["Brazil"]}, "brazilsouth", "southcentralus"),
        ({"country": ["GB"]}, "ukwest", "westeurope"),
        ({"geography": ["Asia Pacific"]}, "eastasia", "japaneast"),
        ({"region_names": ["West Europe"]}, "westeurope", "northeurope"),
    ],
)  # fmt: skip
def test_a_home_means_its_unit(home: dict[str, list[str]], inside: str, outside: str) -> None:
    found = regions.within(**home)
    assert inside in found and outside not in found


def test_pairs_are_not_all_in_one_country() -> None:
    """Trap 21."""
    south = regions.region("Brazil South")
    assert south is not None and south.pair == "southcentralus"
    assert regions.all()["polandcentral"].pair is None
    assert not regions.is_region("global") and not regions.is_region("")


# -- binding ------------------------------------------------------------------------------------------------------


def test_the_nearest_match_counts_and_carries_its_line() -> None:
    estate = an_estate()
    tagged = a_workspace(estate, "sub-dev", "a", env="dev")
    placed = a_workspace(estate, "sub-prod", "b")
    lost = a_workspace(estate, "sub-dev", "c")
    bind(estate, loaded(BASE))
    assert [estate.get(n, "environment") for n in (tagged, placed, lost)] == ["development", "production", None]
    assert estate.line(tagged, "environment") == Span("s.yaml", 4, 3)
    assert estate.line(placed, "home-regions") == Span("s.yaml", 8, 41)


def test_what_lies_in_a_group_nobody_could_read_belongs_nowhere_for_certain() -> None:
    estate = an_estate()
    group = estate.add("missing", "/subscriptions/sub-dev/resourcegroups/rg", "rg")
    estate.connect(1, "contains", group)
    bare, tagged = (estate.add("workspace", f"/subscriptions/sub-dev/resourcegroups/rg/{n}", n) for n in "ab")
    account = estate.add("storage-account", "/subscriptions/sub-dev/resourcegroups/rg/st", "st")
    for node, tags in ((bare, {}), (tagged, {"env": "dev"}), (account, {})):
        estate.set(node, "tags", tags)
        estate.set(node, "subscription", "/subscriptions/sub-dev")
        estate.connect(group, "contains", node)
    gap = estate.add_gap(Gap("resource-group", "/subscriptions/sub-dev", "Some/read", "forbidden"))
    estate.mark_gap(group, "*", gap)
    bind(estate, loaded(BASE))
    assert estate.get(bare, "environment") is UNSET and list(estate.gaps_at(bare, "stage")) == [gap]
    assert estate.get(tagged, "environment") == "development"  # its own tag is nearer
    assert estate.get(account, "holds-guarded-data") is UNSET and list(estate.gaps_at(account, "opened-by")) == [gap]
    assert ("workspace", gap) in estate.unread  # of any environment, there may be one more


def test_where_a_tag_disagrees_with_the_place_the_stricter_stage_applies() -> None:
    estate = an_estate()
    workspace = a_workspace(estate, "sub-prod", "a", env="dev")
    bind(estate, loaded(BASE))
    assert estate.get(workspace, "stage") == "production"


def test_what_is_managed_takes_the_environment_of_its_owner() -> None:
    estate = an_estate()
    owner = a_workspace(estate, "sub-prod", "owner")
    managed = a_workspace(estate, "sub-dev", "managed")
    estate.set(managed, "managed-by", estate.key(owner))
    bind(estate, loaded(BASE))
    assert estate.get(managed, "environment") == "production"


def test_what_a_workspace_keeps_is_of_its_environment() -> None:
    """Schedules, components and AML environments too: a node of kind `ml-asset` stands for three ARM types."""
    estate = an_estate()
    workspace = a_workspace(estate, "sub-prod", "a", env="prod")
    schedule = estate.add("ml-asset", f"{estate.key(workspace)}/schedules/nightly", "nightly")
    estate.set(schedule, "subscription", "/subscriptions/sub-prod")
    estate.set(schedule, "tags", {})
    estate.connect(workspace, "contains", schedule)
    bind(estate, loaded(BASE))
    assert (estate.get(schedule, "environment"), estate.get(schedule, "stage")) == ("production", "production")


def test_what_lies_outside_the_scope_is_context() -> None:
    estate = an_estate()
    inside, outside = a_workspace(estate, "sub-prod", "a"), a_workspace(estate, "sub-dev", "b", env="dev")
    bind(estate, loaded(BASE + "scope: [{subscriptions: [sub-prod]}]\n"))
    assert outside in estate.aside and inside not in estate.aside


def test_a_name_that_two_subscriptions_have_leaves_out_neither() -> None:
    estate = an_estate()
    twin = estate.add("subscription", "/subscriptions/other", "sub-dev")
    estate.set(twin, "subscription", "/subscriptions/other")
    (found,) = _names(bind(estate, loaded(BASE + "scope: [{except: [sub-dev]}]\n")))
    assert (found.rule, found.line) == ("SCN02", Span("s.yaml", 11, 9))
    assert "2 subscriptions (other, sub-dev), so it leaves out none" in found.message
    assert twin not in estate.aside
    assert _names(bind(estate, loaded(BASE + "scope: [{except: [other]}]\n"))) == () and twin in estate.aside


def test_two_classes_have_the_home_both_allow() -> None:
    text = BASE.replace(
        "sites:",
        "  local: {match: {tag: {class: [local]}}, home: {country: [France]}}\n  far: {match: {tag: {class: [far]}}, home: {country: [Japan]}}\nsites:",
    )
    estate = an_estate()
    both = estate.add("storage-account", "/subscriptions/sub-prod/st", "st")
    estate.set(both, "tags", {"class": "live"})
    asset = estate.add("data-asset", "/subscriptions/sub-prod/asset", "asset")
    estate.set(asset, "tags", {"class": "local"})
    estate.connect(asset, "stored-in", both)
    bind(estate, loaded(text))
    assert estate.get(both, "data-classes") == {"live", "local"}
    assert estate.get(both, "home-regions") == {"francecentral", "francesouth"}
    estate = an_estate()
    torn = estate.add("storage-account", "/subscriptions/sub-prod/st", "st")
    estate.set(torn, "tags", {"class": "far"})
    asset = estate.add("data-asset", "/subscriptions/sub-prod/asset", "asset")
    estate.set(asset, "tags", {"class": "local"})
    estate.connect(asset, "stored-in", torn)
    bind(estate, loaded(text))
    assert estate.get(torn, "home-conflict") is True and estate.get(torn, "home-regions") == frozenset()


@pytest.mark.parametrize(("of_asset", "told"), [("live", True), ("public", False), (None, False)])
def test_an_account_is_judged_through_an_asset_only_where_the_asset_has_its_home(
    of_asset: str | None, told: bool
) -> None:
    """A public asset in an account of customers' data says nothing of where the customers' data is."""
    estate = an_estate()
    account = estate.add("storage-account", "/subscriptions/sub-prod/st", "st")
    estate.set(account, "tags", {"class": "live"})
    if of_asset:
        asset = estate.add("data-asset", "/subscriptions/sub-prod/asset", "asset")
        estate.set(asset, "tags", {"class": of_asset})
        estate.connect(asset, "stored-in", account)
    bind(estate, loaded(BASE))
    assert (estate.get(account, "regulated"), estate.get(account, "judged-by-asset")) == (True, told)


def test_an_asset_nobody_could_list_may_add_a_class() -> None:
    estate = an_estate()
    workspace = a_workspace(estate, "sub-prod", "w")
    store, other = (estate.add("storage-account", f"/subscriptions/sub-prod/{name}", name) for name in ("st", "other"))
    for account in (store, other):
        estate.set(account, "tags", {"class": "public"})
    estate.connect(workspace, "default-store", store)
    gap = estate.add_gap(Gap("data-asset", "/subscriptions/sub-prod/w", "Some/read", "forbidden"))
    estate.mark_unread("data-asset", gap)
    bind(estate, loaded(BASE))
    assert estate.get(store, "holds-guarded-data") is UNSET and list(estate.gaps_at(store, "holds-guarded-data")) == [
        gap
    ]
    assert list(estate.gaps_at(store, "opened-by")) == [gap]
    assert estate.get(other, "holds-guarded-data") is False  # not that workspace's store


@pytest.mark.parametrize("edge", ["has-datastore", "has-data"])
@pytest.mark.parametrize(("subscription", "env", "tag"), [("sub-dev", "dev", "public"), ("sub-prod", "prod", "live")])
def test_data_nobody_could_list_may_be_of_more_classes_than_its_workspace_is_seen_to_hold(
    edge: str, subscription: str, env: str, tag: str
) -> None:
    estate = an_estate()
    workspace = a_workspace(estate, subscription, "w", env=env, **{"class": tag})
    gap = estate.add_gap(Gap("datastore", f"/subscriptions/{subscription}/w", "Some/read", "forbidden"))
    estate.mark_gap(workspace, edge, gap)
    bind(estate, loaded(BASE))
    assert list(estate.gaps_at(workspace, "data-classes")) == list(estate.gaps_at(workspace, "of-class")) == [gap]
    assert estate.get(workspace, "regulated") is (True if tag == "live" else UNSET)


def test_a_workspace_of_every_class_can_hold_no_more() -> None:
    estate = an_estate()
    workspace = a_workspace(estate, "sub-prod", "w", **{"class": "public"})  # and of its environment's own class
    estate.mark_gap(workspace, "has-data", estate.add_gap(Gap("data-asset", "/w", "Some/read", "forbidden")))
    bind(estate, loaded(BASE))
    assert estate.get(workspace, "data-classes") == {"public", "live"} and not estate.gaps_at(workspace, "data-classes")


@pytest.mark.parametrize("permission", ["Some/read", ""])
def test_the_class_of_a_datastore_is_unknown_where_its_store_was_not_seen_or_is_not_there(permission: str) -> None:
    """What is gone is told by another rule; that its data was of no class is not said by that."""
    estate = an_estate()
    datastore = estate.add("datastore", "/subscriptions/sub-prod/w/datastores/lake", "lake")
    store = estate.add("missing", "/subscriptions/sub-prod/st", "st")
    estate.connect(datastore, "stored-in", store)
    if permission:
        gap = Gap("storage-account", "/subscriptions/sub-prod", permission, "forbidden")
        estate.mark_gap(store, "*", estate.add_gap(gap))
    bind(estate, loaded(BASE))
    assert estate.get(datastore, "data-classes") is UNSET
    (found,) = estate.gaps_at(datastore, "of-class")
    assert estate.gaps[found].permission == permission


def test_another_tenants_scenario_is_a_finding() -> None:
    estate = Estate()
    estate.add("tenant", "/", "t", "11111111-1111-1111-1111-111111111111")
    text = BASE + "scope: [{tenant: 22222222-2222-2222-2222-222222222222}]\n"
    assert [f.rule for f in _names(bind(estate, loaded(text)))] == ["SCN02"]


def test_a_tenant_is_recognised_by_its_id() -> None:
    estate = Estate()
    tenant = estate.add("tenant", "/", "Contoso", "11111111-1111-1111-1111-111111111111")
    subscription = estate.add("subscription", "/subscriptions/s", "s")
    estate.set(subscription, "tags", {})
    estate.connect(tenant, "contains", subscription)
    workspace = a_workspace(estate, "s", "w")
    bind(estate, loaded(BASE.replace("subscription: [sub-prod]", "tenant: [11111111-1111-1111-1111-111111111111]")))
    assert estate.get(workspace, "environment") == "production"


@pytest.mark.parametrize("content", ["[a]", "text", "", "5"])
def test_a_file_to_include_that_is_no_map_is_a_mistake(tmp_path: Path, content: str) -> None:
    (tmp_path / "part.yaml").write_text(content, encoding="utf-8")
    (tmp_path / "s.yaml").write_text(BASE + "include: [part.yaml]\n", encoding="utf-8")
    with pytest.raises(UserError, match="a file to include is a map of keys"):
        load(tmp_path / "s.yaml")


def test_included_files_are_merged_and_their_lines_kept(tmp_path: Path) -> None:
    (tmp_path / "classes.yaml").write_text("data-classes:\n  extra: {home: {country: [Japan]}}\n", encoding="utf-8")
    (tmp_path / "s.yaml").write_text(BASE + "include: [classes.yaml]\n", encoding="utf-8")
    scenario = load(tmp_path / "s.yaml")
    extra = scenario.data_class("extra")
    assert extra is not None and extra.span.file.endswith("classes.yaml")


def test_countries_have_one_spelling() -> None:
    spelt = {
        "Norway": "Norway",
        "no": "Norway",
        "UK": "United Kingdom",
        "gb": "United Kingdom",
        "pt": "PT",
        "Portugal": None,
        "": None,
    }
    assert {name: regions.country(name) for name in spelt} == spelt
    text = (
        BASE
        + "roles:\n  ds: {production: {group: grp, reads: [live], from: [%s], review: 90d, mastered: on-premises}}\n"
    )
    (row,) = loaded(text % "NO, United Kingdom, PT").roles
    assert (row.countries, row.review, row.mastered) == (("Norway", "United Kingdom", "PT"), 90, "on-premises")
    with pytest.raises(UserError, match="`Portugal` is no country with an Azure region"):
        loaded(text % "Portugal")


def test_an_account_whose_country_nobody_can_make_out_is_nowhere_for_certain() -> None:
    estate = an_estate()
    users = [estate.add("user", f"u{n}", f"u{n}") for n in range(3)]
    for user, country in zip(users, ("NO", "Noreg", None), strict=True):
        estate.set(user, "country", country)
    bind(estate, loaded(BASE))
    assert [estate.get(user, "country") for user in users] == ["Norway", UNSET, None]


_DATABASES = ("cosmos-account", "sql-server", "postgresql-server", "search-service")


@pytest.mark.parametrize("kind", _DATABASES)
def test_a_database_is_a_part_of_machine_learning_where_something_leads_to_it(kind: str) -> None:
    estate = an_estate()
    led, bare, tagged = (
        estate.add(kind, f"/subscriptions/sub-prod/{name}", name) for name in ("led", "bare", "tagged")
    )
    connection = estate.add("connection", "/subscriptions/sub-prod/c", "c")
    estate.connect(connection, "connects-to", led)
    estate.set(tagged, "tags", {"class": "public"})
    bind(estate, loaded(BASE))
    assert [estate.get(node, "referenced") for node in (led, bare, tagged)] == [True, False, True]
    # what nothing classifies is not taken for data of the environment's default class
    assert [estate.get(node, "holds-guarded-data") for node in (led, bare, tagged)] == [False, False, False]


def test_who_names_a_server_leads_to_its_databases() -> None:
    estate = an_estate()
    server = estate.add("sql-server", "/subscriptions/sub-prod/s", "s")
    database = estate.add("sql-database", "/subscriptions/sub-prod/s/databases/d", "d")
    estate.connect(server, "contains", database)
    estate.connect(estate.add("connection", "/subscriptions/sub-prod/c", "c"), "connects-to", server)
    bind(estate, loaded(BASE))
    assert estate.get(database, "referenced") is True


def test_a_connection_nobody_could_list_may_lead_to_a_database() -> None:
    estate = an_estate()
    node = estate.add("search-service", "/subscriptions/sub-prod/s", "s")
    gap = estate.add_gap(Gap("connection", "/subscriptions/sub-prod/w", "Some/read", "forbidden"))
    estate.mark_unread("connection", gap)
    bind(estate, loaded(BASE))
    assert estate.get(node, "referenced") is UNSET and list(estate.gaps_at(node, "referenced")) == [gap]


def test_a_container_nobody_could_read_leaves_open_what_a_database_holds_and_nothing_about_logs() -> None:
    estate = an_estate()
    group = estate.add("missing", "/subscriptions/sub-prod/resourcegroups/rg", "rg")
    estate.connect(2, "contains", group)
    gap = estate.add_gap(Gap("resource-group", "/subscriptions/sub-prod", "Some/read", "forbidden"))
    estate.mark_gap(group, "*", gap)
    search, logs = (
        estate.add(kind, f"{estate.key(group)}/{kind}", kind) for kind in ("search-service", "log-analytics")
    )
    for node in (search, logs):
        estate.set(node, "tags", {})
        estate.set(node, "subscription", "/subscriptions/sub-prod")
        estate.connect(group, "contains", node)
    bind(estate, loaded(BASE))
    assert estate.get(search, "holds-guarded-data") is UNSET and list(estate.gaps_at(search, "opened-by")) == [gap]
    assert estate.get(logs, "holds-guarded-data") is False and not estate.gaps_at(logs, "opened-by")


def test_every_kind_of_store_is_guarded_for_the_classes_it_holds() -> None:
    estate = an_estate()
    for kind, tags in (("search-service", {"class": "live"}), ("cosmos-account", {"class": "public"}),
                       ("model-account", {}), ("log-analytics", {})):  # fmt: skip
        node = estate.add(kind, f"/subscriptions/sub-prod/{kind}", kind)
        estate.set(node, "tags", tags)
        estate.set(node, "subscription", "/subscriptions/sub-prod")
        estate.connect(2, "contains", node)
    bind(estate, loaded(BASE))
    for kind, holds in (
        ("search-service", True),
        ("cosmos-account", False),
        ("model-account", True),
        ("log-analytics", False),
    ):
        (node,) = estate.nodes(kind)
        assert estate.get(node, "holds-guarded-data") is holds
        assert estate.get(node, "production-classes") == ({"live"} if holds else frozenset())
