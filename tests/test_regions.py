"""The table of regions, whose traps have led others astray, and what a home of each unit means by it."""

from __future__ import annotations

import pytest

from scanner import regions, yamlfile
from scanner.errors import UserError
from scanner.graph import located
from scanner.graph.build import build
from scanner.graph.estate import Estate
from scanner.scenario.bind import bind
from scanner.scenario.load import from_document
from scanner.scenario.model import Scenario
from scanner.snapshot import from_records, record

ST = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/st"  # fmt: skip
OAI = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.CognitiveServices/accounts/oai"  # fmt: skip


def _scenario(home: str, more: str = "") -> Scenario:
    text = f"""\
scenario: test
pattern: multi-environment
environments:
  production: {{match: {{tag: {{env: [prod]}}}}, data: [c], default-class: c}}
data-classes:
  c: {{match: {{tag: {{class: [c]}}}}, home: {home}}}
{more}"""
    return from_document(yamlfile.parse(text, "s.yaml"))


def _home(home: str, more: str = "") -> frozenset[str]:
    place = _scenario(home, more).data_classes[0].home
    assert place is not None
    return place.regions


@pytest.mark.parametrize(
    ("home", "found"),
    [
        ("{geography: [Asia Pacific]}", {"eastasia", "southeastasia"}), ("{geography: [Europe]}", {"westeurope", "northeurope"}),
        ("{country: [HK]}", {"eastasia"}), ("{country: [SG]}", {"southeastasia"}), ("{country: [NO]}", {"norwayeast", "norwaywest"}),
        ("{region: [West Europe]}", {"westeurope"}), ("{region: [westeurope], country: [Norway]}", {"westeurope", "norwayeast", "norwaywest"}),
        ("{boundary: [UK]}", {"uksouth", "ukwest"}),
    ],
)  # fmt: skip
def test_a_home_names_its_unit_and_means_just_that(home: str, found: set[str]) -> None:
    """Trap 21: Asia Pacific is Hong Kong and Singapore, Europe the Netherlands and Ireland, and nothing else."""
    assert _home(home) == found


def test_the_european_boundaries_differ_by_efta_and_neither_has_the_united_kingdom() -> None:
    members, wider = _home("{boundary: [EU]}"), _home("{boundary: [EU-EFTA]}")
    assert wider - members == {"norwayeast", "norwaywest", "switzerlandnorth", "switzerlandwest"} and members < wider
    assert not wider & _home("{boundary: [UK]}") and not wider & _home("{boundary: [US]}")


def test_the_model_data_zone_of_the_eu_is_its_member_states() -> None:
    zones = {region.name for region in regions.all().values() if region.openai_zone == "EU"}
    assert zones == _home("{boundary: [EU]}")
    assert {r.name for r in regions.all().values() if r.openai_zone == "US"} < _home("{boundary: [US]}")


@pytest.mark.parametrize(
    ("region", "pair"),
    [
        ("brazilsouth", "southcentralus"), ("southcentralus", "northcentralus"), ("westindia", "southindia"), ("westus3", "eastus"), ("eastus", "westus"),
        ("brazilsoutheast", "brazilsouth"), ("eastasia", "southeastasia"), ("uksouth", "ukwest"),
    ],
)  # fmt: skip
def test_pairs_are_what_azure_says_and_some_go_one_way(region: str, pair: str) -> None:
    """Trap 21: Brazil South is copied to the United States, which are copied elsewhere."""
    found = regions.region(region)
    assert found is not None and found.pair == pair


def test_thirteen_regions_have_no_pair() -> None:
    """Trap 21."""
    assert {region.name for region in regions.all().values() if region.pair is None} >= {
        "austriaeast", "belgiumcentral", "chilecentral", "denmarkeast", "indonesiacentral", "israelcentral", "italynorth", "malaysiawest",
        "mexicocentral", "newzealandnorth", "polandcentral", "qatarcentral", "spaincentral",
    }  # fmt: skip


def test_every_region_has_a_country_a_geography_and_a_pair_of_the_table() -> None:
    table = regions.all()
    assert len(table) > 50 and regions.SOURCE.endswith("2026")
    for region in table.values():
        assert region.country and len(region.iso) == 2 and region.geography
        assert region.pair is None or region.pair in table
        assert ("EU" not in region.boundaries) or "EU-EFTA" in region.boundaries


@pytest.mark.parametrize("location", ["global", "Global", "", None])
def test_what_is_not_regional_stands_in_no_region(location: str | None) -> None:
    """Trap 22: `global` is never outside a list of regions."""
    body = {"id": ST, "properties": {}} | ({} if location is None else {"location": location})
    estate = build(from_records([record("resource", {**body, "id": ST.replace("Storage/storageAccounts", "Network/trafficManagerProfiles")})]))  # fmt: skip
    (node,) = estate.nodes("resource")
    assert estate.get(node, "region") is None and not estate.neighbours(node, "located-in")
    assert not list(estate.nodes("region"))


def test_names_for_people_and_for_programs_are_one_region() -> None:
    rows = [record("storage-account", {"id": f"{ST}{n}", "location": name, "properties": {}}) for n, name in enumerate(("West Europe", "westeurope", "WestEurope"))]  # fmt: skip
    assert _keys(build(from_records(rows)), "region") == ["westeurope"]


def _keys(estate: Estate, kind: str) -> list[str]:
    return [estate.key(node) for node in estate.nodes(kind)]


# -- other clouds --------------------------------------------------------------------------------------------------------

GOVERNMENT = "regions: {usgovvirginia: {country: United States, boundary: [US]}, usgovarizona: {country: United States, boundary: [US]}}\n"  # fmt: skip


def test_regions_of_other_clouds_lie_where_the_scenario_says() -> None:
    scenario = _scenario("{region: [usgovvirginia]}", GOVERNMENT)
    estate = Estate()
    bind(estate, scenario)
    node = estate.node("usgovvirginia")
    assert node is not None
    facts = tuple(estate.get(node, name) for name in ("known", "country", "boundaries"))
    assert facts == (True, "United States", {"US"})
    assert {"usgovvirginia", "usgovarizona", "eastus"} <= _home("{boundary: [US]}", GOVERNMENT)
    assert "usgovarizona" in _home("{country: [United States]}", GOVERNMENT)


def test_a_region_that_nobody_places_is_in_no_home_but_one_that_names_it() -> None:
    with pytest.raises(UserError, match="not a region Azure has"):
        _home("{region: [marscentral]}")
    assert _home("{region: [marscentral]}", "regions: {marscentral: {}}\n") == {"marscentral"}
    estate = Estate()
    bind(estate, _scenario("{region: [marscentral]}", "regions: {marscentral: {}}\n"))
    assert estate.node("marscentral") is None


# -- where an account is -------------------------------------------------------------------------------------------------


def test_after_a_failover_data_is_where_the_account_says() -> None:
    """Trap 21: the location is where it was made; primary and secondary are swapped."""
    body = {"id": ST, "location": "westeurope", "sku": {"name": "Standard_RAGRS"}}
    failed = {"primaryLocation": "northeurope", "secondaryLocation": "westeurope"}
    for properties, region in ((failed, "northeurope"), ({"primaryLocation": "westeurope"}, "westeurope"), ({}, "westeurope")):  # fmt: skip
        estate = build(from_records([record("storage-account", {**body, "properties": properties})]))
        (node,) = estate.nodes("storage-account")
        assert estate.get(node, "region") == region
        assert [estate.key(n) for n in estate.neighbours(node, "located-in")] == [region]


def test_a_model_account_of_several_regions_is_in_all_of_them() -> None:
    for stated, found in (({"regions": [{"name": "West Europe"}, {"name": "eastus"}]}, {"eastus"}), (None, set()), ({"regions": None}, set())):  # fmt: skip
        body = {"id": OAI, "location": "westeurope", "properties": {"locations": stated}}
        estate = build(from_records([record("model-account", body)]))
        (node,) = estate.nodes("model-account")
        assert estate.get(node, "replicated-regions") == found


@pytest.mark.parametrize("stated", ["everywhere", {"regions": 7}, {"regions": [{"name": 1}]}])
def test_regions_of_a_model_account_that_have_another_shape_are_unknown(stated: object) -> None:
    body = {"id": OAI, "location": "westeurope", "properties": {"locations": stated}}
    estate = build(from_records([record("model-account", body)]))
    (node,) = estate.nodes("model-account")
    assert not isinstance(estate.get(node, "replicated-regions"), frozenset) and estate.gaps_at(node, "replicated-regions")  # fmt: skip


def test_a_region_met_only_as_a_copy_lies_where_the_scenario_or_azures_list_says() -> None:
    """Azure pairs two regions of another cloud; the scenario places the one, nobody the other."""
    text = "regions: {usgovarizona: {country: United States, boundary: [US]}}\n"
    estate = Estate()
    for name, pair in (("usgovvirginia", "usgovarizona"), ("usgovarizona", "usgovtexas"), ("usgovtexas", "usgovarizona")):  # fmt: skip
        estate.listed[name] = regions.Listed(name, "USGov", pair)
    bind(estate, _scenario("{region: [usgovarizona]}", text))
    copies = {estate.key(located.region(estate, name)) for name in ("usgovarizona", "usgovtexas")}
    assert copies == {"usgovarizona", "usgovtexas"}
    placed, other = (located.region(estate, name) for name in ("usgovarizona", "usgovtexas"))
    assert estate.get(placed, "country") == "United States" and estate.get(placed, "place-doubt") is None
    assert estate.get(other, "known") is False and estate.get(other, "geography") == "USGov"
    assert located.pair(estate, "usgovvirginia") == "usgovarizona"
    assert located.geography(estate, "usgovtexas") == (
        "the geography USGov",
        frozenset({"usgovvirginia", "usgovarizona", "usgovtexas"}),
    )
