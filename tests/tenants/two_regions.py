"""Two serving regions in the EU, whose quota must survive the loss of either; and the twin in which it does not."""

from __future__ import annotations

from typing import Any

from tests.tenants.builder import Tenant

TENANT = "44444444-4444-4444-4444-444444444444"
SUBSCRIPTION = "44444444-aaaa-bbbb-cccc-444444444444"
SITES = {"core": "westeurope", "north": "swedencentral"}


def build(*, limits: tuple[int, int]) -> Tenant:
    """The tenant with a limit of the serving family in each region; the only thing the twins differ in."""
    t = Tenant(TENANT, "Media", "media.example")
    t.management_group(TENANT)
    t.management_group("mg-ml", TENANT)
    subscription = t.subscription("sub-media-prod", SUBSCRIPTION, "mg-ml")
    for name in ("sander", "tove", "bg"):
        t.user(name)
    t.directory_group("grp-serving", ["sander"], isAssignableToRole=True)
    t.directory_group("grp-ml-platform", ["tove"], isAssignableToRole=True)
    t.directory_group("grp-model-board", ["tove"])
    t.service_principal("id-release")
    t.application("id-release")
    for (site, region), limit in zip(SITES.items(), limits, strict=True):
        tags = {"env": "prod", "team": "ranking", "data": "behaviour-eu"}
        group = t.group(subscription, f"rg-{site}-prod", tags, region)
        logs = t.resource(group, "Microsoft.OperationalInsights/workspaces", f"log-{site}", {}, region)
        registry = t.resource(
            group,
            "Microsoft.ContainerRegistry/registries",
            f"cr{site}media",
            {"adminUserEnabled": False},
            region,
            sku={"name": "Standard"},
        )
        found = t.workspace(
            group, f"mlw-{site}-prod", registry=registry, insights_workspace=logs, location=region, tags=tags
        )
        t.resource(
            found["workspace"],
            "data",
            "clicks/versions/1",
            {"dataUri": "azureml://datastores/workspaceblobstore/paths/c"},
            None,
        )
        model = t.resource(found["workspace"], "models", "rank/versions/4", {"modelType": "mlflow_model"}, None)
        t.endpoint(found["workspace"], f"rank-{site}", model, "STANDARD_D4S_V5", 2, found["storage"], registry, region)
        t.usage(subscription, region, "Standard DSv5", limit, {found["workspace"]: 8})
        t.assign("id-release", "Contoso ML Releaser", group, kind="ServicePrincipal")
        t.eligible("grp-serving", "Contoso ML Operator", group)
    t.eligible("grp-ml-platform", "Owner", "/providers/Microsoft.Management/managementGroups/mg-ml")
    return t


def compliant() -> dict[str, Any]:
    return build(limits=(128, 128)).document


def broken() -> dict[str, Any]:
    """Changed: the north was never granted more than a test needs."""
    return build(limits=(200, 16)).document
