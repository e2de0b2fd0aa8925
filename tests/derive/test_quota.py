"""Quota over all four systems: what is drawn on, what is needed, what a lost region leaves, and where as much lies unused."""

from __future__ import annotations

from typing import Any

import pytest

from scanner.derive import capacity
from scanner.findings import Gap
from scanner.graph.estate import UNSET, Estate

REGIONS = ("westeurope", "swedencentral")


class _Estate:
    """Pools, computes and deployments in one or two regions, as `build` and `bind` would leave them."""

    def __init__(self, **wanted: Any) -> None:
        self.estate = Estate()
        self.scenario = self.estate.add("scenario", "scenario:s", "s")
        for name, value in wanted.items():
            self.estate.set(self.scenario, name.replace("_", "-"), value)
        for region in REGIONS:
            node = self.estate.add("region", region, region)
            self.estate.set(node, "vm-sizes", {"size": ("dsv2", 4), "gpu": ("ncv3", 6)})

    def set(self, node: int, **facts: Any) -> int:
        for name, value in facts.items():
            self.estate.set(node, name.replace("_", "-"), value)
        return node

    def pool(self, family: str, limit: Any = 100, used: Any = 0, *, system: str = "ml", region: str = REGIONS[0], sub: str = "/subscriptions/s",
             **facts: Any) -> int:  # fmt: skip
        node = self.estate.add(
            "quota-pool", f"pool:{system}|{sub}|{region}|{family}", f"{family} in {region} of {sub[-1]}"
        )
        _, sku, model = (*family.split(".", 2), None, None)[:3] if system == "model" else (None, None, None)
        given = {"system": system, "family": family, "region": region, "subscription": sub, "limit": limit, "used": used, "workspace_use": {},
                 "workspace_caps": {}, "headroom_wanted": 0.2, "sku": sku, "model": model, "special": family.startswith("n")}  # fmt: skip
        return self.set(node, **{**given, **facts})

    def workspace(
        self, name: str, stage: str = "production", region: str = REGIONS[0], sub: str = "/subscriptions/s"
    ) -> int:
        node = self.estate.add("workspace", f"{sub}/w/{name}", name)
        return self.set(node, subscription=sub, region=region, stage=stage)

    def compute(self, workspace: int, name: str, size: Any = "size", most: Any = 4, **facts: Any) -> int:
        node = self.estate.add("compute", f"{self.estate.key(workspace)}/{name}", name)
        self.estate.connect(workspace, "has-compute", node)
        given = {"compute_type": "aml-compute", "vm_size": size, "max_nodes": most, "min_nodes": 0, "region": self.estate.get(workspace, "region"),
                 "subscription": self.estate.get(workspace, "subscription")}  # fmt: skip
        return self.set(node, **{**given, **facts})

    def account(self, name: str, stage: str, *deployed: tuple[Any, str, Any], region: str = REGIONS[0]) -> int:
        node = self.estate.add("model-account", f"/subscriptions/s/a/{name}", name)
        for number, (sku, model, units) in enumerate(deployed):
            deployment = self.estate.add("model-deployment", f"/subscriptions/s/a/{name}/{number}", model)
            self.estate.connect(node, "has-deployment", deployment)
            self.set(deployment, sku=sku, model_name=model, capacity=units)
        return self.set(node, subscription="/subscriptions/s", region=region, stage=stage)

    def need(
        self, site: str, family: str, amount: float, region: str, *home: str, of: str = "family", purpose: str = "serve"
    ) -> int:
        node = self.estate.add("quota-need", f"quota-need:{site}:{family}", f"{family} at {site}")
        return self.set(
            node,
            site=site,
            region=region,
            family=family,
            amount=amount,
            home_regions=frozenset(home),
            of=of,
            **{"for": purpose},
        )

    def gap(self, kind: str, scope: str) -> int:
        return self.estate.add_gap(Gap(kind, scope, f"{kind}/read", "forbidden"))

    def derive(self) -> Estate:
        capacity.derive(self.estate)
        return self.estate

    def facts(self, node: int, *names: str) -> list[Any]:
        return [self.estate.get(node, name) for name in names]


# -- four systems ------------------------------------------------------------------------------------------------------


def test_low_priority_nodes_count_against_the_one_number_of_the_region_and_not_against_dedicated_cores() -> None:
    e = _Estate()
    pools = [e.pool(f) for f in ("dsv2", "dsv2lowpriority", "totalregional", "totallowpriorityregional")]
    w = e.workspace("w")
    e.compute(w, "dedicated", most=2)
    e.compute(w, "spot", most=10, priority="low-priority")
    e.derive()
    assert [e.facts(p, "declared")[0] for p in pools] == [8, 40, 8, 40]
    assert [len(e.estate.neighbours(p, "drawn-on-by")) for p in pools] == [1, 1, 0, 1]


def test_attached_clusters_draw_on_the_quota_of_virtual_machines_once_however_many_workspaces_use_them() -> None:
    e = _Estate()
    ml, vm, spot = e.pool("dsv2"), e.pool("dsv2", 40, 500, system="vm"), e.pool("totallowpriorityregional", system="vm")
    host = e.set(
        e.estate.add("resource", "/subscriptions/s/resourcegroups/g/providers/microsoft.containerservice/managedclusters/k", "k"),
        region=REGIONS[0], node_pools=(("size", 8, False), ("size", 3, True)),
    )  # fmt: skip
    for name in ("a", "b"):
        compute = e.compute(e.workspace(name), "k", size=None, compute_type="kubernetes")
        e.estate.connect(compute, "attached-to", host)
    e.derive()
    assert e.facts(ml, "declared", "in-use") == [0, False]
    assert e.facts(vm, "declared", "in-use") == [32, True]
    assert e.facts(spot, "declared", "in-use") == [12, True]
    assert {e.estate.name(n) for n in e.estate.neighbours(vm, "drawn-on-by")} == {"a", "b"}


def test_the_pools_of_a_cluster_nobody_could_read_leave_the_quota_of_virtual_machines_open() -> None:
    e = _Estate()
    vm = e.pool("dsv2", 40, 4, system="vm")
    host = e.estate.add(
        "resource", "/subscriptions/s/resourcegroups/g/providers/microsoft.containerservice/managedclusters/k", "k"
    )
    e.set(host, region=REGIONS[0])
    compute = e.compute(e.workspace("a"), "k", size=None, compute_type="kubernetes")
    e.estate.connect(compute, "attached-to", host)
    e.derive()
    assert e.facts(vm, "declared", "headroom") == [UNSET, UNSET]
    assert e.estate.gaps_at(vm, "drawn-on-by")


def test_what_else_a_subscription_runs_is_no_business_of_ours() -> None:
    e = _Estate()
    vm = e.pool("dsv2", 40, 40, system="vm")
    e.derive()
    assert e.facts(vm, "in-use", "short", "taken-or-raised") == [False, False, False]


def test_an_unread_list_of_virtual_machines_quota_is_a_gap_only_where_something_is_attached() -> None:
    for attached in (True, False):
        e = _Estate()
        e.gap("vm-usage", f"/subscriptions/s/locations/{REGIONS[0]}")
        e.compute(e.workspace("a"), "vm", compute_type="virtual-machine" if attached else "aml-compute")
        e.derive()
        assert bool(e.estate.unread_gaps("quota-pool")) is attached


def test_models_draw_by_type_and_provisioned_units_are_one_pool_for_all() -> None:
    e = _Estate()
    standard, provisioned = (
        e.pool("openai.standard.gpt-4o", 240, 120, system="model"),
        e.pool("openai.provisionedmanaged", 300, system="model"),
    )
    account = e.account(
        "a",
        "production",
        ("Standard", "gpt-4o", 120),
        ("ProvisionedManaged", "gpt-4o", 50),
        ("ProvisionedManaged", "o3", 25),
    )
    e.derive()
    assert [e.facts(p, "declared")[0] for p in (standard, provisioned)] == [120, 75]
    assert list(e.estate.neighbours(standard, "drawn-on-by")) == [account]


def test_a_model_deployment_that_does_not_say_its_type_may_be_in_any_pool() -> None:
    e = _Estate()
    pool = e.pool("openai.standard.gpt-4o", 240, 120, system="model")
    e.account("a", "production", (UNSET, "gpt-4o", 120))
    e.derive()
    assert e.facts(pool, "declared", "headroom") == [UNSET, UNSET]


def test_counts_have_headroom_of_their_own_and_an_unread_list_never_says_there_is_enough() -> None:
    for used, unread, left in ((10, False, 0.9), (95, False, 0.05), (10, True, UNSET), (95, True, 0.05)):
        e = _Estate()
        pool = e.pool("endpoints", 100, used, system="count")
        workspace = e.workspace("w")
        if unread:
            e.estate.mark_gap(workspace, "has-endpoint", e.gap("online-endpoint", e.estate.key(workspace)))
        e.derive()
        found = e.facts(pool, "headroom")[0]
        assert found == left or (left == 0.05 and found < 0.2)


# -- who promised too much, who holds it, who is in the wrong place ----------------------------------------------------


def test_caps_add_up_and_unread_ones_do_not() -> None:
    e = _Estate()
    pool, unread = e.pool("dsv2", workspace_caps={"/w1": 60, "/w2": 60}), e.pool("ncv3", workspace_caps=UNSET)
    e.derive()
    assert [e.facts(p, "caps")[0] for p in (pool, unread)] == [120, UNSET]


def test_production_keeps_nothing_while_one_workspace_below_it_has_no_cap() -> None:
    for other, kept in (("w2", True), ("w3", False)):
        e = _Estate()
        pool = e.pool("dsv2", workspace_caps={f"/subscriptions/s/w/{n}": 20 for n in ("w1", "w2")})
        e.compute(e.workspace("prod"), "c", most=10)
        e.workspace("w1", "development")
        e.workspace(other, "test")
        e.derive()
        assert e.facts(pool, "reserved-for-production") == [kept]


def test_a_hub_takes_no_share_unless_something_runs_in_it() -> None:
    """Its projects do the work; whoever could not see what runs in a hub cannot say how much it may take."""
    unread = Gap(
        "compute", "/subscriptions/s/w/hub", "Microsoft.MachineLearningServices/workspaces/computes/read", "forbidden"
    )
    for runs, gaps, shares in ((False, (), {"project": 0.4, "other": 0.4}), (True, (), {"project": 0.4, "other": 0.4, "hub": 1.0}),
                               (False, (unread,), {"project": 0.4, "other": 0.4, "hub": UNSET})):  # fmt: skip
        e = _Estate()
        pool = e.pool("dsv2", used=8, workspace_caps={f"/subscriptions/s/w/{n}": 40 for n in ("project", "other")})
        hub = e.set(e.workspace("hub"), workspace_kind="hub")
        for name in ("project", "other"):
            e.compute(e.workspace(name), "c")
        if runs:
            e.compute(hub, "ci", most=1)
        for gap in gaps:
            e.estate.mark_gap(hub, "has-compute", e.estate.add_gap(gap))
        e.derive()
        found = e.estate.neighbours(pool, "has-share")
        assert {e.estate.name(n).partition(" ")[0]: e.estate.get(n, "share") for n in found} == shares


def test_production_of_unknown_size_is_not_said_to_be_covered() -> None:
    e = _Estate()
    pool = e.pool("dsv2", workspace_caps={"/subscriptions/s/w/dev": 20})
    e.compute(e.workspace("prod"), "c", most=UNSET)
    e.workspace("dev", "development")
    e.derive()
    assert e.facts(pool, "reserved-for-production") == [UNSET]


def test_idle_machines_matter_where_not_everybody_can_have_what_they_may_ask_for() -> None:
    for limit, contended in ((100, False), (30, True)):
        e = _Estate()
        pool = e.pool("dsv2", limit)
        w = e.workspace("w")
        e.compute(w, "always", most=5, min_nodes=2)
        e.compute(w, "sometimes", most=5)
        e.compute(w, "desk", most=1, compute_type="compute-instance", idle_shutdown=None)
        e.compute(w, "asleep", most=1, compute_type="compute-instance", idle_shutdown="PT60M")
        e.derive()
        assert e.facts(pool, "contended", "idle", "idle-computes") == [contended, 12, frozenset({"always", "desk"})]


def test_one_compute_that_fills_its_pool_lets_nobody_wait() -> None:
    e = _Estate()
    pool = e.pool("dsv2", 8)
    e.compute(e.workspace("w"), "only", most=5, min_nodes=2)
    e.derive()
    assert e.facts(pool, "contended") == [False]


@pytest.mark.parametrize(
    ("family", "limit", "used", "claimed"),
    [("dsv2", 100, 0, False), ("dsv2", 100, 4, True), ("dsv2", 301, 0, True), ("ncv3", 6, 0, True), ("ncv3", 0, 0, False), ("dsv2", None, 0, False),
     ("dsv2", 100, UNSET, UNSET), ("totalregional", 900, 8, False)],
)  # fmt: skip
def test_a_pool_is_taken_when_used_or_beyond_what_any_offer_gives(
    family: str, limit: Any, used: Any, claimed: Any
) -> None:
    e = _Estate()
    pool = e.pool(family, limit, used)
    e.derive()
    assert e.facts(pool, "taken-or-raised") == [claimed]


# -- needs, spread, supply elsewhere -----------------------------------------------------------------------------------


def test_a_need_is_met_by_quota_of_its_region_in_subscriptions_that_may_use_it() -> None:
    for purpose, granted in (("train", 150), ("serve", 50)):
        e = _Estate()
        e.pool("ncv3", 50)
        e.pool("ncv3", 100, sub="/subscriptions/d")
        e.pool("ncv3", 900, region=REGIONS[1])
        e.workspace("p")
        e.workspace("d", "development", sub="/subscriptions/d")
        need = e.need("core", "ncv3", 60, REGIONS[0], purpose=purpose)
        e.derive()
        assert e.facts(need, "granted", "short") == [granted, granted < 60]


def test_an_unread_region_leaves_a_need_open_unless_what_was_seen_suffices() -> None:
    for amount, said in ((40, 50), (60, UNSET)):
        e = _Estate()
        e.pool("ncv3", 50)
        gap = e.gap("ml-usage", f"/subscriptions/d/locations/{REGIONS[0]}")
        e.estate.mark_unread("quota-pool", gap)
        need = e.need("core", "ncv3", amount, REGIONS[0])
        e.derive()
        assert e.facts(need, "granted") == [said]
        assert gap in e.estate.gaps_at(need, "granted")


def _lost(e: _Estate, kind: str = "serving-need") -> list[Any]:
    (node,) = e.derive().nodes(kind)
    return e.facts(node, "left-after-worst-loss", "largest-region")


def test_a_lost_region_leaves_what_the_others_at_home_have() -> None:
    e = _Estate(survive_region_loss=True)
    for region, limit in zip(REGIONS, (200, 48), strict=True):
        e.pool("dsv2", limit, region=region)
        e.need(region, "dsv2", 32, region, *REGIONS)
    assert _lost(e) == [48, REGIONS[0]]


def test_needs_of_a_model_count_regional_types_alone_and_not_at_all_where_it_is_routed_over_regions() -> None:
    for routed in (False, True):
        e = _Estate(survive_region_loss=True)
        for region in REGIONS:
            e.pool("openai.standard.gpt-4o", 100, system="model", region=region)
            e.need(region, "gpt-4o", 60, region, *REGIONS, of="model")
        e.pool("openai.globalstandard.gpt-4o", 900, 50 if routed else 0, system="model")
        needs = list(e.derive().nodes("serving-need"))
        assert [e.facts(n, "amount", "left-after-worst-loss") for n in needs] == ([] if routed else [[120, 100]])


def _sites(e: _Estate, *regions: str) -> None:
    for region in regions:
        site = e.estate.add("site", f"site:{region}", region)
        e.set(site, region=region, does=frozenset({"serve"}), data=frozenset())


def test_a_model_is_concentrated_when_the_other_regions_could_not_take_what_is_deployed() -> None:
    e = _Estate(survive_region_loss=True)
    _sites(e, *REGIONS)
    for region, limit, used in zip(REGIONS, (240, 10), (120, 0), strict=True):
        e.pool("openai.standard.gpt-4o", limit, used, system="model", region=region)
    e.pool("openai.datazonestandard.gpt-4o", 900, 50, system="model")
    assert _lost(e, "model-spread") == [10, REGIONS[0]]
    (node,) = e.estate.nodes("model-spread")
    assert e.facts(node, "deployed", "regions", "largest-share") == [120, 2, 0.96]


def test_a_model_nobody_deployed_is_not_judged() -> None:
    e = _Estate(survive_region_loss=True)
    _sites(e, *REGIONS)
    e.pool("openai.standard.gpt-4o", 240, system="model")
    assert list(e.derive().nodes("model-spread")) == []


def test_a_short_pool_is_shown_the_same_family_where_nothing_draws_on_it() -> None:
    e = _Estate()
    short = e.pool("ncv3", 48, 44)
    e.pool("ncv3", 24, region=REGIONS[1])
    e.pool("ncv3", 48, 48, sub="/subscriptions/d")
    e.pool("ncv3", 0, sub="/subscriptions/z")
    e.pool("dsv2", 100)
    e.derive()
    assert e.facts(short, "short", "spare-elsewhere") == [True, frozenset({"ncv3 in swedencentral of s"})]


def test_a_need_that_lacks_quota_is_shown_other_regions() -> None:
    e = _Estate()
    need = e.need("core", "ncv3", 48, REGIONS[0])
    e.pool("ncv3", 0)
    e.pool("ncv3", 48, region=REGIONS[1])
    e.derive()
    assert e.facts(need, "short", "spare-elsewhere") == [True, frozenset({"ncv3 in swedencentral of s"})]


def test_what_no_other_place_can_give_is_short_and_nowhere_spare() -> None:
    e = _Estate()
    pools = [
        e.pool("endpoints", 100, 99, system="count"),
        e.pool("totalregional", 100, 99),
        e.pool("openai.provisionedmanaged", 10, 10, system="model"),
    ]
    e.pool("totalregional", 100, region=REGIONS[1])
    e.derive()
    assert [e.facts(p, "short", "spare-elsewhere") for p in pools] == [[True, frozenset()]] * 3


def test_a_need_counts_machines_of_attached_clusters_where_there_are_any() -> None:
    for attached in (False, True):
        e = _Estate()
        e.pool("dsv2", 20)
        e.pool("dsv2", 40, system="vm")
        workspace = e.workspace("w")
        if attached:
            e.compute(workspace, "vm", compute_type="virtual-machine")
        need = e.need("core", "dsv2", 50, REGIONS[0])
        e.derive()
        assert e.facts(need, "granted") == [60 if attached else 20]


def test_quota_of_a_subscription_outside_the_scope_is_nobodys_supply() -> None:
    e = _Estate()
    need = e.need("core", "ncv3", 48, REGIONS[0])
    e.estate.aside.add(e.pool("ncv3", 96))
    e.pool("ncv3", 0, sub="/subscriptions/d")
    e.derive()
    assert e.facts(need, "granted", "spare-elsewhere") == [0, frozenset()]


@pytest.mark.parametrize(
    ("asked", "inside", "unasked"),
    [
        (REGIONS, True, []),
        (REGIONS[:1], True, ["/subscriptions/d/locations/swedencentral"]),
        (REGIONS[:1], False, []),
        (UNSET, True, []),  # a snapshot without a ledger of quota
    ],
)
def test_quota_nobody_asked_for_at_a_site_may_be_unused_there(asked: Any, inside: bool, unasked: list[str]) -> None:
    e = _Estate()
    _sites(e, *REGIONS)
    short = e.pool("ncv3", 48, 44)
    needs = [e.need(region, "ncv3", 96, region) for region in REGIONS]
    subscription = e.estate.add("subscription", "/subscriptions/d", "d")
    e.set(subscription, quota_asked_in=asked if asked is UNSET else frozenset(asked))
    workspace = e.workspace("w", "development", sub="/subscriptions/d")
    if not inside:
        e.estate.aside.add(workspace)
    e.derive()
    gaps = [e.estate.gaps[gap] for gap in e.estate.gaps_at(short, "spare-elsewhere")]
    assert [gap.scope for gap in gaps] == unasked and all("--region" in gap.detail for gap in gaps)
    # what a site needs may come from other regions
    assert [len(e.estate.gaps_at(need, "spare-elsewhere")) for need in needs] == [len(unasked), 0]


def test_quota_of_a_subscription_without_machine_learning_is_nobodys_place() -> None:
    """It is never asked for, and who works nowhere there has nothing to give back: the rule does not reach it."""
    e = _Estate()
    _sites(e, *REGIONS)
    short = e.pool("ncv3", 48, 44)
    e.set(e.estate.add("subscription", "/subscriptions/empty", "empty"), quota_asked_in=frozenset())
    e.derive()
    assert not e.estate.gaps_at(short, "spare-elsewhere")
