"""The compliant sample tenants, each with the landmarks that changes speak of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.tenants import bank, contoso_compliant, decoys, health, insurer, kit, media, research, retail, streaming
from tests.tenants.kit import Room, Sample, Shelf

_BUILT: Mapping[str, Callable[[], Sample]] = {
    "single-environment": research.sample,
    "multi-environment": lambda: _retail(),
    "limited-and-production": bank.sample,
    "regional-training": insurer.sample,
    "regional-serving": media.sample,
    "regional-fine-tuning": health.sample,
    "contoso-compliant": contoso_compliant.sample,
    "multi-environment-and-regional-serving": streaming.sample,
}


def _with_decoys(build: Callable[[], Sample]) -> Callable[[], Sample]:
    return lambda: decoys.added(build())


SAMPLES: Mapping[str, Callable[[], Sample]] = {name: _with_decoys(build) for name, build in _BUILT.items()}


def _retail() -> Sample:
    t = retail.build()
    t.roles = {**retail.RETAIL_ROLES, **_alike()}
    t.user("wanda")
    t.directory_group("grp-web", ["wanda"])
    t.management_group("mg-other", retail.TENANT)
    kit.surroundings(t, t.subscription("sub-web", "11111111-aaaa-bbbb-cccc-111111111119", "mg-other"), "westeurope")
    rooms = {stage: _room(stage) for stage in retail.STAGES}
    return Sample(t, "multi-environment", retail.TOP, rooms, {
        "scientists": "grp-ds-dev", "scientist": "dana", "administrators": "grp-ml-platform", "administrator": "tove",
        "release": "id-ml-release", "approvers": "grp-mle-test", "approver": "mila", "inside": "grp-ml-incident", "insider": "ines",
        "trainers": "grp-ds-prod-training", "outsider": "axel", "subject": "repo:retail/ml", "endpoint": "pricing-api",
    })  # fmt: skip


def _alike() -> dict[str, tuple[str, list[dict[str, Any]]]]:
    """Retail's own roles by the names that the kit has for them."""
    return {f"ML {duty}": retail.RETAIL_ROLES[f"Retail ML {duty}"] for duty in ("Trainer", "Observer", "Releaser")}


def _room(stage: str) -> Room:
    group, workspace = retail.group_id("pricing", stage), retail.workspace_id("pricing", stage)
    subscription = f"/subscriptions/{retail.subscription_id(stage)}"
    shared = f"/subscriptions/{retail.subscription_id('prod')}/resourceGroups/rg-ml-shared"
    logs = f"{subscription}/resourceGroups/rg-ml-logs-{stage}/providers/Microsoft.OperationalInsights/workspaces/log-ml-{stage}"
    return Room(
        "westeurope", subscription, group, {"environment": stage, "team": "pricing"},
        Shelf(f"{shared}/providers/Microsoft.ContainerRegistry/registries/acrretailml", logs), workspace,
        f"{group}/providers/Microsoft.Storage/storageAccounts/stpricing{stage}", f"{group}/providers/Microsoft.KeyVault/vaults/kv-pricing-{stage}",
        f"{group}/providers/Microsoft.Insights/components/appi-pricing-{stage}", retail.lake_id("pricing", stage),
        f"{workspace}/data/sales/versions/1", f"{workspace}/computes/cpu", f"id-pricing-{stage}-compute",
    )  # fmt: skip
