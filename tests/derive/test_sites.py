"""What stands at sites: workspaces and clusters, endpoints for audiences, and what makes results of sites comparable."""

from __future__ import annotations

import pytest

from scanner.findings import Gap
from scanner.graph.estate import UNSET
from tests.support.moving import SCENARIO, World


def _site(world: World, name: str) -> int:
    node = world.estate.node(f"site:{name}")
    assert node is not None
    return node


def _unread(world: World, kind: str) -> int:
    gap = world.estate.add_gap(Gap(kind, "/subscriptions/s", "read", "forbidden"))
    world.estate.mark_unread(kind, gap)
    return gap


# -- workspaces --------------------------------------------------------------------------------------------------------


def test_a_site_has_the_workspaces_of_its_region_and_their_computes_there() -> None:
    world = World()
    workspace = world.workspace("mlw-no", "norwayeast")
    world.cluster(workspace, "mlw-no/far", "westeurope")
    world.derive()
    site = _site(world, "no")
    assert [*world.estate.neighbours(site, "has-workspace")] == [workspace]
    assert [world.estate.key(c) for c in world.estate.neighbours(site, "has-compute-there")] == ["mlw-no/cpu"]
    assert not world.estate.neighbours(_site(world, "eu"), "has-compute-there"), "its workspace is elsewhere"


def test_workspaces_and_computes_nobody_listed_may_stand_anywhere() -> None:
    world = World()
    gap = _unread(world, "workspace")
    world.derive()
    assert world.estate.gaps_at(_site(world, "no"), "has-workspace") == [gap]
    other = World()
    other.gap(other.workspace("mlw-no", "norwayeast"), "has-compute", kind="compute")
    other.derive()
    assert other.estate.gaps_at(_site(other, "no"), "has-compute-there")
    assert not other.estate.gaps_at(_site(other, "eu"), "has-compute-there")


# -- audiences ---------------------------------------------------------------------------------------------------------


def test_an_audience_is_served_by_an_endpoint_in_its_sites_region_that_names_it_or_none() -> None:
    for tags, left in (({}, set()), ({"audience": "Norway"}, set()), ({"audience": "Europe"}, {"Norway"})):
        world = World()
        world.deployment(world.workspace("mlw-no", "norwayeast", environment="production"), "blue", None, tags=tags)
        world.derive()
        assert world.get(_site(world, "no"), "unserved") == left
        assert world.get(_site(world, "eu"), "unserved") == {"Europe"}


def test_an_endpoint_that_is_not_live_serves_nobody_and_a_site_that_serves_nobody_wants_none() -> None:
    world = World()
    deployment = world.deployment(world.workspace("mlw-no", "norwayeast"), "blue", None)
    world.estate.set(world.estate.first(deployment, "deployment-of") or 0, "live", False)
    world.derive()
    assert world.get(_site(world, "no"), "unserved") == {"Norway"}
    assert world.get(_site(world, "ie"), "unserved") == frozenset()


def test_endpoints_say_whom_they_serve_and_from_where() -> None:
    world = World()
    deployment = world.deployment(world.workspace("mlw-eu", "westeurope"), "blue", None, tags={"audience": "Norway"})
    world.derive()
    endpoint = world.estate.first(deployment, "deployment-of") or 0
    assert world.get(endpoint, "audience") == "Norway" and world.get(endpoint, "serves-from") == "westeurope"
    assert world.get(endpoint, "audience-regions") == {"norwayeast"}


def test_endpoints_nobody_listed_or_could_place_leave_open_who_is_not_served() -> None:
    world = World()
    _unread(world, "online-endpoint")
    world.derive()
    assert (
        world.get(_site(world, "no"), "unserved") is UNSET and world.get(_site(world, "ie"), "unserved") == frozenset()
    )
    other = World()
    deployment = other.deployment(other.workspace("mlw-no", "norwayeast"), "blue", None)
    compute = other.node("compute", "mlw-no/arc", "norwayeast", compute_type="kubernetes")
    other.estate.connect(compute, "attached-to", other.node("resource", "arc", "norwayeast", type="microsoft.kubernetes/connectedclusters"))  # fmt: skip
    endpoint = other.estate.first(deployment, "deployment-of") or 0
    other.estate.connect(endpoint, "runs-on", compute)
    other.derive()
    assert other.get(endpoint, "serves-from") is UNSET and other.estate.gaps_at(endpoint, "serves-from")
    assert other.get(_site(other, "no"), "unserved") is UNSET


# -- results -----------------------------------------------------------------------------------------------------------


def _apart(world: World) -> dict[str, set[str]]:
    world.derive()
    found = {name: world.get(_site(world, name), "apart-from") for name in ("eu", "ie", "no")}
    return {name: set(apart) for name, apart in found.items() if apart}


@pytest.mark.parametrize(
    ("flows", "apart"),
    [
        ("", {"ie": {"eu", "no"}, "no": {"eu", "ie"}}),
        ("what: metrics, from: no, to: eu", {"ie": {"eu", "no"}}),
        ("what: metrics, from: no, to: eu\nwhat: metrics, from: ie, to: no", {}),
        ("what: model, from: eu, to: no\nwhat: model, from: eu, to: ie", {}),
        ("what: data, from: no, to: eu\nwhat: code, from: ie, to: eu", {"ie": {"eu", "no"}, "no": {"eu", "ie"}}),
    ],
)
def test_flows_of_metrics_and_of_models_tie_sites_and_those_outside_the_largest_group_are_apart(
    flows: str, apart: dict[str, set[str]]
) -> None:
    assert _apart(World(flows)) == apart


def test_so_does_a_registry_that_is_in_their_regions() -> None:
    world = World()
    world.node("ml-registry", "shared", "westeurope", regions=["westeurope", "northeurope", "norwayeast"])
    assert _apart(world) == {}


def test_a_site_that_trains_nothing_has_nothing_to_compare() -> None:
    world = World(scenario=SCENARIO.replace("does: [store, fine-tune, serve", "does: [store, serve").replace("ie: {region: northeurope, does: [store, train", "ie: {region: northeurope, does: [store"))  # fmt: skip
    assert _apart(world) == {}


def test_registries_nobody_listed_leave_open_what_is_apart() -> None:
    world = World("what: metrics, from: no, to: eu")
    gap = _unread(world, "ml-registry")
    world.derive()
    assert world.get(_site(world, "ie"), "apart-from") is UNSET and world.estate.gaps_at(
        _site(world, "ie"), "apart-from"
    ) == [gap]
    assert world.get(_site(world, "eu"), "apart-from") == frozenset()
