"""Places beside where a resource stands: copies, backups, networks, attached clusters, serverless models, the platform, the boundary.

Every place that could not be told is a gap, never an absence.
"""

from __future__ import annotations

from typing import Any

import pytest

from scanner.derive import places, residency
from scanner.findings import Gap
from scanner.graph.estate import UNSET, Estate

ML = "/subscriptions/s/resourcegroups/rg/providers/microsoft.machinelearningservices/workspaces/mlw"
RG = "/subscriptions/s/resourcegroups/rg/providers"
RECOVERY = "microsoft.recoveryservices/vaults"
EU_HOME: dict[str, Any] = {"regulated": True, "home": "EU", "home-regions": frozenset({"westeurope"}), "data-classes": frozenset({"claims"})}  # fmt: skip
OPEN: dict[str, Any] = {"regulated": False, "home": None, "home-regions": frozenset(), "data-classes": None}


def _region(estate: Estate, name: str, known: bool = True, **facts: Any) -> int:
    node = estate.add("region", name, name)
    for key, value in {"known": known, **facts}.items():
        estate.set(node, key, value)
    return node


def _add(estate: Estate, kind: str, key: str, region: str | None = None, facts: dict[str, Any] | None = None) -> int:
    node = estate.add(kind, key, key.rpartition("/")[2])
    for name, value in (facts or {}).items():
        estate.set(node, name, value)
    if region is not None:
        estate.set(node, "region", region)
        estate.connect(node, "located-in", _region(estate, region))
    return node


def _gap(estate: Estate, kind: str, scope: str = "/subscriptions/s") -> int:
    return estate.add_gap(Gap(kind, scope, f"{kind}/read", "unauthorised"))


def _copies(estate: Estate, node: int, edge: str = "replicated-to") -> list[tuple[Any, Any, Any]]:
    residency.derive(estate)
    found = ("region", "replica-of", "certainty")
    return [tuple(estate.get(copy, name) for name in found) for copy in estate.neighbours(node, edge)]


# -- copies and backups --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["cosmos-account", "sql-server", "sql-database", "postgresql-server", "log-analytics", "model-account"])  # fmt: skip
def test_a_service_is_kept_in_every_region_its_settings_say(kind: str) -> None:
    estate = Estate()
    facts = {"replicated-regions": frozenset({"eastus"}), "backup-redundancy": "local"}
    assert _copies(estate, _add(estate, kind, "/db", "westeurope", facts)) == [("eastus", "replication", "stated")]


@pytest.mark.parametrize("kind", ["cosmos-account", "sql-server", "model-account", "log-analytics"])
def test_regions_nobody_read_may_be_any(kind: str) -> None:
    estate = Estate()
    node = _add(estate, kind, "/db", "westeurope", {"backup-redundancy": "local"})
    residency.derive(estate)
    assert estate.gaps_at(node, "replicated-to")


@pytest.mark.parametrize(
    ("redundancy", "region", "copies", "unknown"),
    [
        ("geo", "westeurope", ["northeurope"], False), ("geo-zone", "westeurope", ["northeurope"], False), ("local", "westeurope", [], False),
        ("zone", "westeurope", [], False), ("geo", "polandcentral", [], False), ("geo", "brazilsouth", ["southcentralus"], False),
        ("interplanetary", "westeurope", [], True), (UNSET, "westeurope", [], True), ("geo", "marscentral", [], True),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["cosmos-account", "sql-database", "postgresql-server", "resource"])
def test_geo_redundant_backups_lie_in_the_pair(
    kind: str, redundancy: Any, region: str, copies: list[str], unknown: bool
) -> None:
    """Trap 21: the pair of Brazil South lies in the United States, and thirteen regions have none."""
    estate = Estate()
    node = _add(estate, kind, f"{RG}/{RECOVERY}/v", region, {"type": RECOVERY, "replicated-regions": frozenset()})
    if redundancy is not UNSET:
        estate.set(node, "backup-redundancy", redundancy)
    assert [region for region, _, _ in _copies(estate, node)] == copies
    assert bool(estate.gaps_at(node, "replicated-to")) is unknown


@pytest.mark.parametrize(
    ("redundancy", "region", "unknown"),
    [("grs", "marscentral", True), ("lrs", "marscentral", False), ("mrs", "westeurope", True), ("gzrs", "italynorth", False)],
)  # fmt: skip
def test_a_copy_whose_place_no_table_has_is_unknown(redundancy: str, region: str, unknown: bool) -> None:
    estate = Estate()
    node = _add(estate, "storage-account", "/st", region, {"redundancy": redundancy, "secondary-region": None})
    assert not _copies(estate, node)
    assert bool(estate.gaps_at(node, "replicated-to")) is unknown


@pytest.mark.parametrize(
    ("kind", "region", "copies", "unknown"),
    [
        ("key-vault", "westeurope", ["northeurope"], False), ("key-vault", "brazilsouth", [], False), ("key-vault", "westus3", [], False),
        ("key-vault", "brazilsoutheast", [], False), ("key-vault", "polandcentral", [], False),
        ("container-registry", "westeurope", ["northeurope"], False), ("container-registry", "brazilsouth", [], False),
        ("container-registry", "southeastasia", [], False), ("container-registry", "eastasia", ["southeastasia"], False),
        ("key-vault", "marscentral", [], True), ("key-vault", None, [], True), ("container-registry", None, [], True),
    ],
)  # fmt: skip
def test_the_platform_keeps_vaults_and_registries_in_the_pair_with_exceptions(
    kind: str, region: str | None, copies: list[str], unknown: bool
) -> None:
    """Trap 21: East Asia and South East Asia are one geography and two countries."""
    estate = Estate()
    node = _add(estate, kind, "/x", region)
    assert [place for place, _, _ in _copies(estate, node, "platform-copies-to")] == copies
    assert bool(estate.gaps_at(node, "platform-copies-to")) is unknown


def test_a_replication_asked_for_and_the_platforms_own_are_told_apart() -> None:
    estate = Estate()
    node = _add(estate, "container-registry", "/acr", "westeurope", {"replicated-regions": frozenset({"northeurope"})})
    assert _copies(estate, node) == [("northeurope", "replication", "stated")]
    own = [estate.get(copy, "by-platform") for copy in estate.neighbours(node, "platform-copies-to")]
    assert own == [True]


@pytest.mark.parametrize(
    ("deny", "home", "allowed"),
    [("deny", {"westeurope"}, {"westeurope"}), ("allow", {"westeurope"}, None), ("deny", None, None)],
)
def test_where_the_platform_may_copy_to_is_said_by_the_classes_of_who_uses_it(
    deny: str, home: set[str] | None, allowed: set[str] | None
) -> None:
    """A class without a home may be anywhere, copied or not."""
    estate = Estate()
    data_class = estate.add("data-class", "data-class:claims", "claims")
    estate.set(data_class, "platform-replication", deny)
    estate.set(data_class, "home", "EU" if home else None)
    estate.set(data_class, "home-regions", frozenset(home or ()))
    vault = _add(estate, "key-vault", "/kv", "westeurope", OPEN)
    workspace = _add(estate, "workspace", ML, "westeurope", EU_HOME)
    estate.connect(workspace, "depends-on", vault)
    places.derive(estate)
    assert estate.get(vault, "platform-home-regions") == allowed


def _denied(estate: Estate, name: str, *home: str) -> int:
    node = estate.add("data-class", f"data-class:{name}", name)
    for attribute, value in (("platform-replication", "deny"), ("home", name), ("home-regions", frozenset(home))):
        estate.set(node, attribute, value)
    return node


def _copied(*seen: str) -> tuple[Estate, int, int]:
    """A vault that Azure copies from western to northern Europe, and the workspace it is of."""
    estate = Estate()
    _denied(estate, "local", "westeurope")
    _denied(estate, "european", "westeurope", "northeurope")
    vault = _add(estate, "key-vault", "/kv", "westeurope", OPEN)
    workspace = _add(estate, "workspace", ML, "westeurope", {**EU_HOME, "data-classes": frozenset(seen) or None})
    estate.connect(workspace, "depends-on", vault)
    residency.derive(estate)
    return estate, vault, workspace


@pytest.mark.parametrize(
    ("seen", "allowed"), [((), UNSET), (("european",), UNSET), (("local",), {"westeurope"})]
)  # fmt: skip
def test_classes_nobody_could_see_in_a_workspace_may_forbid_the_copies_of_what_it_stands_on(
    seen: tuple[str, ...], allowed: Any
) -> None:
    """Where one that was seen forbids them, no more is needed."""
    estate, vault, workspace = _copied(*seen)
    gap = _gap(estate, "datastore")
    estate.mark_gap(workspace, "data-classes", gap)
    places.derive(estate)
    assert estate.get(vault, "platform-home-regions") == allowed
    assert list(estate.gaps_at(vault, "platform-home-regions")) == ([gap] if allowed is UNSET else [])


def test_a_workspace_nobody_could_list_may_stand_on_any_vault() -> None:
    estate, vault, _ = _copied()
    gap = _gap(estate, "workspace")
    estate.mark_unread("workspace", gap)
    places.derive(estate)
    assert estate.get(vault, "platform-home-regions") is UNSET
    assert list(estate.gaps_at(vault, "platform-home-regions")) == [gap]


def test_classes_that_allow_the_copies_there_are_leave_nothing_open() -> None:
    estate, vault, workspace = _copied()
    estate.set(estate.node("data-class:local") or 0, "platform-replication", "allow")
    estate.mark_gap(workspace, "data-classes", _gap(estate, "datastore"))
    places.derive(estate)
    assert estate.get(vault, "platform-home-regions") is None and not estate.gaps_at(vault, "platform-home-regions")


# -- vaults of backups ---------------------------------------------------------------------------------------------------


def _vault(estate: Estate, *sources: int) -> int:
    vault = _add(estate, "resource", f"{RG}/{RECOVERY}/v", "westeurope", {"type": RECOVERY})
    for source in sources:
        estate.connect(source, "backed-up-in", vault)
    places.derive(estate)
    return vault


def test_a_vault_holds_the_classes_of_what_it_keeps() -> None:
    estate = Estate()
    vault = _vault(estate, _add(estate, "storage-account", "/st", facts=EU_HOME), _add(estate, "resource", "/vm", facts=OPEN))  # fmt: skip
    assert (estate.get(vault, "regulated"), estate.get(vault, "home-regions")) == (True, {"westeurope"})


def test_a_vault_of_nothing_regulated_is_not_judged() -> None:
    estate = Estate()
    vault = _vault(estate, _add(estate, "storage-account", "/st", facts=OPEN))
    assert estate.get(vault, "regulated") is False


def test_a_vault_that_backs_up_a_store_nobody_saw_is_unknown_and_one_of_a_machine_is_not() -> None:
    for key, regulated in (("microsoft.storage/storageaccounts/st", UNSET), ("microsoft.compute/virtualmachines/vm", False)):  # fmt: skip
        estate = Estate()
        vault = _vault(estate, estate.add("missing", f"{RG}/{key}", "x"))
        assert estate.get(vault, "regulated") is regulated
        assert bool(estate.gaps_at(vault, "regulated")) is (regulated is UNSET)


# -- networks ------------------------------------------------------------------------------------------------------------


def _entered(estate: Estate, region: str | None) -> int:
    store = _add(estate, "storage-account", "/st", "westeurope", EU_HOME)
    endpoint = _add(
        estate, "resource", f"{RG}/microsoft.network/privateendpoints/pe", region,
        {"type": "microsoft.network/privateendpoints"},
    )  # fmt: skip
    estate.connect(endpoint, "leads-to", store)
    return store


def test_data_is_entered_from_where_the_network_of_a_private_endpoint_stands() -> None:
    estate = Estate()
    store = _entered(estate, "eastus")
    places.derive(estate)
    assert [estate.key(region) for region in estate.neighbours(store, "entered-from")] == ["eastus"]


@pytest.mark.parametrize("kind", ["private-endpoint", "subscription"])
def test_endpoints_nobody_listed_may_lead_to_any_store(kind: str) -> None:
    estate = Estate()
    store = _entered(estate, "westeurope")
    gap = _gap(estate, kind)
    places.derive(estate)
    assert list(estate.gaps_at(store, "entered-from")) == [gap]


# -- computing and processing --------------------------------------------------------------------------------------------


def _attached(estate: Estate, key: str, region: str | None) -> int:
    compute = _add(estate, "compute", f"{ML}/computes/c", "westeurope")
    target = _add(estate, "resource", f"{RG}/{key}", region, {"type": key.rpartition("/")[0]})
    estate.connect(compute, "attached-to", target)
    places.derive(estate)
    return compute


@pytest.mark.parametrize("kind", ["microsoft.containerservice/managedclusters", "microsoft.databricks/workspaces", "microsoft.synapse/workspaces"])  # fmt: skip
def test_an_attached_compute_is_where_what_it_stands_for_is(kind: str) -> None:
    estate = Estate()
    compute = _attached(estate, f"{kind}/x", "eastus")
    assert [estate.key(region) for region in estate.neighbours(compute, "computes-in")] == ["eastus"]


def test_where_a_cluster_connected_by_arc_stands_is_unknown_whatever_it_says() -> None:
    estate = Estate()
    compute = _attached(estate, "microsoft.kubernetes/connectedclusters/x", "westeurope")
    assert not estate.neighbours(compute, "computes-in")
    assert [estate.gaps[gap].reason for gap in estate.gaps_at(compute, "computes-in")] == ["no-place"]


def test_a_compute_whose_resource_was_not_read_may_be_anywhere() -> None:
    estate = Estate()
    compute = _add(estate, "compute", f"{ML}/computes/c", "westeurope")
    gap = _gap(estate, "compute")
    estate.mark_gap(compute, "attached-to", gap)
    places.derive(estate)
    assert list(estate.gaps_at(compute, "computes-in")) == [gap]


def _serverless(estate: Estate, region: str, allowed: set[str], regulated: bool = True) -> int:
    facts = {**(EU_HOME if regulated else OPEN), "processing-regions": frozenset(allowed)}
    workspace = _add(estate, "workspace", ML, region, facts)
    kind = "microsoft.machinelearningservices/workspaces/serverlessendpoints"
    endpoint = _add(estate, "resource", f"{ML}/serverlessendpoints/llama", region, {"type": kind})
    estate.connect(workspace, "contains", endpoint)
    places.derive(estate)
    return endpoint


@pytest.mark.parametrize(
    ("region", "allowed", "regulated", "at_home"),
    [
        ("westeurope", {"westeurope", "northeurope"}, True, True), ("westeurope", {"westeurope"}, True, False),
        ("eastasia", {"eastasia"}, True, False), ("westeurope", {"westeurope"}, False, True), ("uksouth", {"uksouth", "ukwest"}, True, True),
        ("marscentral", {"marscentral"}, True, UNSET),
    ],
)  # fmt: skip
def test_a_serverless_endpoint_processes_anywhere_in_its_geography(
    region: str, allowed: set[str], regulated: bool, at_home: Any
) -> None:
    """Held against where the class may be processed, which may be more than its home."""
    estate = Estate()
    endpoint = _serverless(estate, region, allowed, regulated)
    assert estate.get(endpoint, "processed-at-home") is at_home
    assert bool(estate.gaps_at(endpoint, "*")) is (at_home is UNSET)


@pytest.mark.parametrize(
    ("sku", "at_home"), [("Standard", True), ("DataZoneStandard", False), ("GlobalStandard", False), ("New", False)]
)
def test_regions_that_the_scenario_places_in_one_country_are_one_geography(sku: str, at_home: bool) -> None:
    """In other clouds the table knows none; a wider type is as wide there."""
    estate = Estate()
    for name, country in (("chinanorth", "China"), ("chinaeast", "China"), ("moonbase", "Moon")):
        _region(estate, name, country=country)
    facts = {"sku": sku, **EU_HOME, "processing-regions": frozenset({"chinanorth", "chinaeast"})}
    deployment = _add(estate, "model-deployment", "/d", "chinaeast", facts)
    residency.derive(estate)
    assert estate.get(deployment, "processed-at-home") is at_home


def test_a_regional_deployment_in_a_region_nobody_places_is_unknown() -> None:
    estate = Estate()
    _region(estate, "marscentral", known=False)
    facts = {"sku": "Standard", **EU_HOME, "processing-regions": frozenset({"westeurope"})}
    deployment = _add(estate, "model-deployment", "/d", "marscentral", facts)
    residency.derive(estate)
    assert estate.get(deployment, "processed-at-home") is UNSET and estate.gaps_at(deployment, "*")


# -- registries, regions, services, the tenant ---------------------------------------------------------------------------


def test_a_registry_holds_the_classes_of_what_is_published_there() -> None:
    estate = Estate()
    registry = _add(estate, "ml-registry", "/reg", "westeurope", OPEN)
    estate.connect(registry, "shares-asset", _add(estate, "registry-asset", "/reg/data/x/versions/1", facts=EU_HOME))
    places.derive(estate)
    assert (estate.get(registry, "regulated"), estate.get(registry, "home")) == (True, "EU")


@pytest.mark.parametrize("regulated", [True, False])
def test_assets_nobody_listed_may_be_of_any_class(regulated: bool) -> None:
    estate = Estate()
    registry = _add(estate, "ml-registry", "/reg", "westeurope", EU_HOME if regulated else OPEN)
    estate.mark_gap(registry, "shares-asset", _gap(estate, "registry-data"))
    places.derive(estate)
    assert estate.get(registry, "regulated") is (True if regulated else UNSET)


@pytest.mark.parametrize(
    ("kind", "region", "facts", "at_home"),
    [
        ("storage-account", "eastus", EU_HOME, False), ("storage-account", "westeurope", EU_HOME, True), ("storage-account", "eastus", OPEN, True),
        ("search-service", "eastus", EU_HOME, False), ("model-account", "eastus", EU_HOME, False), ("key-vault", "eastus", EU_HOME, True),
    ],
)  # fmt: skip
def test_what_its_home_tells_is_not_told_by_the_single_region(
    kind: str, region: str, facts: dict[str, Any], at_home: bool
) -> None:
    estate = Estate()
    node = _add(estate, kind, "/x", region, facts)
    places.derive(estate)
    assert estate.get(node, "at-home") is at_home


@pytest.mark.parametrize(
    ("server", "backup", "region", "told"),
    [
        (EU_HOME, "local", "eastus", True), (EU_HOME, "geo", "eastus", False), (OPEN, "local", "eastus", False), (EU_HOME, UNSET, "eastus", False),
        ({**EU_HOME, "home-regions": frozenset({"uksouth"})}, "local", "eastus", False), (EU_HOME, "local", "westus", False),
    ],
)  # fmt: skip
def test_a_sql_server_tells_of_databases_that_are_nowhere_else(
    server: dict[str, Any], backup: Any, region: str, told: bool
) -> None:
    estate = Estate()
    nothing: dict[str, Any] = {"replicated-regions": frozenset()}
    above = _add(estate, "sql-server", "/server", "eastus", {**server, **nothing})
    database = _add(estate, "sql-database", "/server/databases/d", region, {**EU_HOME, **nothing})
    if backup is not UNSET:
        estate.set(database, "backup-redundancy", backup)
    estate.connect(above, "contains", database)
    residency.derive(estate)
    places.derive(estate)
    assert (estate.get(database, "judged-by-server"), estate.get(above, "judged-by-server")) == (told, False)


def test_a_region_nobody_places_matters_where_something_in_scope_stands_there() -> None:
    estate = Estate()
    for name in ("marscentral", "moonbase"):
        _add(estate, "storage-account", f"/{name}", name)
        _region(estate, name, known=False)
    estate.aside.add(estate.node("/moonbase") or 0)
    empty = _region(estate, "venusnorth", known=False)
    for key, region in (("/db", "ceres"), ("/moonbase/db", "vesta")):
        facts = {"replicated-regions": frozenset({region}), "backup-redundancy": "local"}
        account = _add(estate, "cosmos-account", key, "westeurope", facts)
        if key != "/db":
            estate.aside.add(account)
    residency.derive(estate)
    places.derive(estate)
    copied = [estate.get(node, "in-use") for name in ("ceres", "vesta") if (node := estate.node(name)) is not None]
    assert copied == [True, False]
    used = [estate.get(node, "in-use") for node in (estate.node("marscentral"), estate.node("moonbase"), empty) if node is not None]  # fmt: skip
    assert used == [True, False, False]


@pytest.mark.parametrize(
    ("stated", "home", "against"),
    [
        ("eu", {"westeurope"}, None), ("eu", {"norwayeast"}, None), ("eu", {"eastus"}, {"claims"}), ("eu", {"uksouth"}, {"claims"}),
        ("eu", {"eastus", "westeurope"}, None), ("global", {"westeurope"}, {"claims"}), ("global", {"eastus"}, None),
        ("global", {"eastus", "westeurope"}, None), ("notdefined", {"westeurope"}, None), ("eu", set(), None), (UNSET, {"eastus"}, UNSET),
    ],
)  # fmt: skip
def test_the_tenants_boundary_and_the_homes_exclude_each_other_or_not(
    stated: Any, home: set[str], against: Any
) -> None:
    """Microsoft's boundary holds the EU and EFTA; the United Kingdom is outside."""
    estate = Estate()
    tenant, data_class = estate.add("tenant", "/", "t"), estate.add("data-class", "data-class:claims", "claims")
    estate.set(data_class, "home", "x")
    estate.set(data_class, "home-regions", frozenset(home))
    if stated is not UNSET:
        estate.set(tenant, "data-boundary", stated)
    places.derive(estate)
    assert estate.get(tenant, "classes-against-boundary") == against
