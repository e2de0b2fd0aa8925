"""What is derived: where data rests and is processed, and what quota means."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scanner.derive import capacity, residency
from scanner.derive.duties import load
from scanner.errors import UserError
from scanner.graph.estate import UNSET, Estate
from scanner.graph.permissions import PermissionBlock, allows


def _account(redundancy: str, region: str, secondary: str | None = None) -> list[str]:
    estate = Estate()
    node = estate.add("storage-account", "/st", "st")
    estate.set(node, "redundancy", redundancy)
    estate.set(node, "region", region)
    estate.set(node, "secondary-region", secondary)
    residency.derive(estate)
    return [str(estate.get(r, "region")) for r in estate.neighbours(node, "replicated-to")]


@pytest.mark.parametrize(
    ("redundancy", "region", "secondary", "copies"),
    [
        ("lrs", "westeurope", None, []), ("zrs", "westeurope", None, []), ("grs", "westeurope", None, ["northeurope"]),
        ("ragzrs", "brazilsouth", None, ["southcentralus"]), ("grs", "polandcentral", None, []),
        ("ragrs", "northeurope", "westeurope", ["westeurope"]), ("grs", "westeurope", "eastus", ["eastus"]),
    ],
)  # fmt: skip
def test_geo_redundancy_copies_to_where_azure_says_else_to_the_pair(
    redundancy: str, region: str, secondary: str | None, copies: list[str]
) -> None:
    """Trap 21: after a failover the two are swapped; the stated one counts."""
    assert _account(redundancy, region, secondary) == copies


def test_a_redundancy_nobody_read_is_a_gap() -> None:
    estate = Estate()
    node = estate.add("storage-account", "/st", "st")
    residency.derive(estate)
    assert estate.gaps_at(node, "replicated-to")


def _deployment(sku: Any, region: str, allowed: set[str], spill: str | None = None) -> Any:
    estate = Estate()
    made = []
    for name, kind in (("a", sku), ("b", spill)):
        if kind is not None:
            node = estate.add("model-deployment", f"/{name}", name)
            estate.set(node, "sku", kind)
            estate.set(node, "region", region)
            estate.set(node, "regulated", True)
            estate.set(node, "processing-regions", frozenset(allowed))
            made.append(node)
    if len(made) == 2:
        estate.connect(made[0], "spills-to", made[1])
    residency.derive(estate)
    return estate.get(made[0], "processed-at-home")


EU = {"austriaeast", "belgiumcentral", "denmarkeast", "francecentral", "francesouth", "germanynorth", "germanywestcentral", "italynorth",
      "northeurope", "polandcentral", "spaincentral", "swedencentral", "swedensouth", "westeurope"}  # fmt: skip


@pytest.mark.parametrize(
    ("sku", "region", "allowed", "spill", "at_home"),
    [
        ("Standard", "westeurope", {"westeurope", "northeurope"}, None, True), ("Standard", "westeurope", {"westeurope"}, None, False),
        ("ProvisionedManaged", "swedencentral", EU, None, True), ("DataZoneStandard", "westeurope", EU, None, True),
        ("DataZoneStandard", "westeurope", {"westeurope", "northeurope"}, None, False), ("DataZoneStandard", "norwayeast", EU, None, False),
        ("GlobalStandard", "westeurope", EU, None, False), ("GlobalBatch", "westeurope", EU, None, False), ("DeveloperTier", "westeurope", EU, None, False),
        ("SomethingNew", "westeurope", EU, None, False), ("DataZoneStandard", "westeurope", EU, "GlobalStandard", False),
        ("DataZoneStandard", "westeurope", EU, "DataZoneStandard", True),
    ],
)  # fmt: skip
def test_a_deployment_type_decides_where_prompts_are_processed(
    sku: str, region: str, allowed: set[str], spill: str | None, at_home: bool
) -> None:
    assert _deployment(sku, region, allowed, spill) is at_home


def _pool(limit: int | None, used: int, caps: dict[str, int] | None, *stages: str) -> tuple[Estate, int]:
    estate = Estate()
    scenario = estate.add("scenario", "scenario:s", "s")
    estate.set(scenario, "fair-share", 0.5)
    region = estate.add("region", "westeurope", "westeurope")
    estate.set(region, "vm-sizes", {"standard_ds3_v2": ("dsv2", 4)})
    pool = estate.add("quota-pool", "pool:ml|/s|westeurope|dsv2", "DSv2")
    facts: dict[str, Any] = {"system": "ml", "family": "dsv2", "region": "westeurope", "subscription": "/s", "limit": limit, "used": used, "workspace-use": {},
             "headroom-wanted": 0.2}  # fmt: skip
    for name, value in facts.items():
        estate.set(pool, name, value)
    if caps is not None:
        estate.set(pool, "workspace-caps", caps)
    for number, stage in enumerate(stages):
        workspace = estate.add("workspace", f"/w{number}", f"w{number}")
        compute = estate.add("compute", f"/w{number}/c", "c")
        estate.connect(workspace, "has-compute", compute)
        for node in (workspace, compute):
            for name, value in {"subscription": "/s", "region": "westeurope", "stage": stage}.items():
                estate.set(node, name, value)
        estate.set(compute, "vm-size", "standard_ds3_v2")
        estate.set(compute, "max-nodes", 5)
    capacity.derive(estate)
    return estate, pool


def test_headroom_is_what_the_larger_of_use_and_declared_maximum_leaves() -> None:
    for used, headroom in ((10, 0.8), (50, 0.5)):
        estate, pool = _pool(100, used, {}, "development")
        assert (estate.get(pool, "declared"), estate.get(pool, "headroom")) == (20, headroom)


def test_no_limit_has_no_headroom_and_an_unused_pool_is_not_judged() -> None:
    estate, pool = _pool(None, 10, {})
    assert estate.get(pool, "headroom") is None
    estate, pool = _pool(0, 0, {})
    assert estate.get(pool, "in-use") is False


def test_production_is_reserved_when_caps_leave_what_it_declares() -> None:
    for caps, reserved in (({"/w0": 50}, True), ({"/w0": 90}, False), ({}, False), (None, UNSET)):
        estate, pool = _pool(100, 0, caps, "development", "production")
        assert estate.get(pool, "reserved-for-production") is reserved


def test_a_share_is_the_cap_or_everything_and_unread_caps_are_unknown() -> None:
    for caps, shares in (({"/w0": 25}, [0.25, 1.0]), ({"/w0": 25, "/w1": 500}, [0.25, 1.0]), (None, [UNSET, UNSET])):
        estate, pool = _pool(100, 0, caps, "development", "development")
        assert [estate.get(s, "share") for s in estate.neighbours(pool, "has-share")] == shares


def test_a_managed_deployment_needs_a_fifth_more_while_it_is_upgraded() -> None:
    estate, pool = _pool(100, 0, {}, "production")
    endpoint, deployment = estate.add("online-endpoint", "/e", "e"), estate.add("online-deployment", "/e/d", "d")
    workspace = estate.node("/w0")
    assert workspace is not None
    estate.connect(workspace, "has-endpoint", endpoint)
    estate.connect(endpoint, "has-deployment", deployment)
    for name, value in {"region": "westeurope", "instance-type": "standard_ds3_v2", "instances": 3}.items():
        estate.set(deployment, name, value)
    capacity.derive(estate)
    assert estate.get(pool, "declared") == 20 + 4 * 4  # five nodes, and 3.6 instances rounded up, of four cores each


def test_a_duty_file_with_mistakes_names_them(tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text("trian: {ways: [{on: moon, actions: [a]}]}\n", encoding="utf-8")
    with pytest.raises(UserError) as caught:
        load(tmp_path / "d.yaml")
    assert "`trian` is not a duty" in str(caught.value) and "a way is `on` a workspace" in str(caught.value)


ROLES = json.loads((Path(__file__).parent / "data" / "roles.json").read_text(encoding="utf-8"))
_ML = "Microsoft.MachineLearningServices/workspaces"
_CODES = {
    "ra": "Microsoft.Authorization/roleAssignments/write", "sk": "Microsoft.Storage/storageAccounts/listKeys/action", "sw": "Microsoft.Storage/storageAccounts/write",
    "sas": "Microsoft.Storage/storageAccounts/listAccountSas/action", "ds": f"{_ML}/datastores/listSecrets/action", "wk": f"{_ML}/listKeys/action",
    "wsk": f"{_ML}/listStorageAccountKeys/action", "job": f"{_ML}/jobs/write", "cw": f"{_ML}/computes/write", "cu": f"{_ML}/computes/start/action",
    "ep": f"{_ML}/onlineEndpoints/write", "dw": f"{_ML}/datastores/write", "ww": f"{_ML}/write",
    "uai": "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
    "fic": "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write",
}  # fmt: skip


@pytest.mark.parametrize("role", ROLES, ids=lambda r: r["name"])
def test_built_in_roles_can_what_they_are_known_to(role: dict[str, Any]) -> None:
    """The matcher against what is known of Azure's own roles; what a role can do is computed, never listed."""
    names = ("actions", "notActions", "dataActions", "notDataActions")
    lists = [[tuple(block.get(name, ())) for name in names] for block in role["permissions"]]
    blocks = [PermissionBlock(a, n, d, nd) for a, n, d, nd in lists]
    assert {code for code, action in _CODES.items() if allows(blocks, action)} == set(role["can"]) & set(_CODES)
    reads = allows(blocks, "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read", data=True)
    assert reads is ("br" in role["can"])
