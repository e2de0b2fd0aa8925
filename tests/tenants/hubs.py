"""Hub and project workspaces of sample tenants: a project has no account, vault or registry of its own and stands on its hub's.

After `azure/03-machine-learning.md`: `kind` is Hub or Project, a project names its hub in `hubResourceId`, its datastores lead to the
hub's account, and its identity is granted there what a workspace's own is.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.tenants.builder import ML, SYSTEM_STORES, Tenant, guid


def hub(
    t: Tenant, group: str, name: str, region: str, tags: Mapping[str, str], *, registry: str, logs: str
) -> dict[str, str]:
    """A hub with what its projects share. Returns ids by part."""
    found = t.workspace(group, name, registry=registry, insights_workspace=logs, location=region, tags=tags)
    (workspace,) = (r for r in t.document["resources"] if r["id"] == found["workspace"])
    workspace["kind"] = "Hub"
    workspace["properties"]["enableDataIsolation"] = True
    for part in found.values():
        next(r for r in t.document["resources"] if r["id"] == part)["tags"] = dict(tags)
    granted(t, name, found, group, registry)
    return found


def project(
    t: Tenant, group: str, name: str, region: str, tags: Mapping[str, str], above: Mapping[str, str], registry: str
) -> str:
    """A project of a hub, in a group of its own or the hub's."""
    arm_id = f"{group}/providers/{ML}/{name}"
    t.resource(group, ML, name, {
        "friendlyName": name, "workspaceId": guid("workspace", name), "hubResourceId": above["workspace"], "systemDatastoresAuthMode": "Identity",
        "enableDataIsolation": True, "managedNetwork": {"isolationMode": "AllowOnlyApprovedOutbound"}, "publicNetworkAccess": "Disabled",
        "provisioningState": "Succeeded"}, region, kind="Project", identity=t.system_identity(arm_id, name), tags=dict(tags))  # fmt: skip
    for store, kind in SYSTEM_STORES.items():
        t.datastore(arm_id, store, above["storage"], kind=kind)
    t.assign(name, "Azure AI Administrator", group, kind="ServicePrincipal")
    t.assign(name, "Storage Blob Data Contributor", above["storage"], kind="ServicePrincipal")
    granted(t, name, above, group, registry)
    return arm_id


def granted(t: Tenant, name: str, parts: Mapping[str, str], group: str, registry: str) -> None:
    """What Azure grants the identity of a workspace beside what `Tenant.workspace` does."""
    t.assign(name, "Storage File Data Privileged Contributor", parts["storage"], kind="ServicePrincipal")
    t.assign(name, "Key Vault Administrator", parts["vault"], kind="ServicePrincipal")
    t.assign(name, "AcrPull", registry, kind="ServicePrincipal")
    for scope in (group, registry):
        t.assign(name, "Azure AI Enterprise Network Connection Approver", scope, kind="ServicePrincipal")
