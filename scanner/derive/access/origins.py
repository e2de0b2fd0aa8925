"""Where a principal comes from: Microsoft, a default of the platform, a policy, a declared service, another tenant, or our own."""

from __future__ import annotations

from scanner import ids
from scanner.derive.access.engine import Engine
from scanner.derive.access.held import Grant
from scanner.graph.estate import UNSET, Estate

# Tenants in which Microsoft keeps its first-party applications.
_MICROSOFT = {
    "f8cdef31-a31e-4b4a-93e4-5f571e91255a",
    "72f988bf-86f1-41af-91ab-2d7cd011db47",
    "33e01921-4d64-4f8c-a055-5bdaffd5e33d",
}
# Roles Azure gives a host's own identity when it is made, by GUID and host type.
_WORKSPACE_DEFAULTS = {
    "b24988ac-6180-42a0-ab88-20f7382dd24c",  # Contributor (workspaces made before 2024-11-19)
    "b78c5d69-af96-48a3-bf8d-a8b4d589de94",  # Azure AI Administrator
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe",  # Storage Blob Data Contributor on its own account
    "69566ab7-960f-475b-8e7c-b3118f30c6bd",  # Storage File Data Privileged Contributor on its own account
    "00482a5a-887f-4fb3-b363-3b7fe8e74483",  # Key Vault Administrator on its own vault
    "7f951dda-4ed3-4680-a7ca-43fe172d538d",  # AcrPull
    "8311e382-0749-4cb8-b61a-304f252e45ec",  # AcrPush
}
_ENDPOINT_DEFAULTS = {
    "7f951dda-4ed3-4680-a7ca-43fe172d538d",  # AcrPull
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",  # Storage Blob Data Reader on the workspace's account
    "635dd51f-9968-44d3-b7fb-6d9a6bd613ae",  # AzureML Metrics Writer
    "ea01e6af-a1c1-4350-9563-ad00f8c72ec5",  # Workspace Connection Secrets Reader
}
# Kinds whose lists would show what else a user-assigned identity is attached to.
_HOSTS = ("workspace", "compute", "online-endpoint", "batch-endpoint", "model-account", "ml-registry", "resource")
_DEFAULTS = {
    "microsoft.machinelearningservices/workspaces": _WORKSPACE_DEFAULTS,
    "microsoft.machinelearningservices/workspaces/onlineendpoints": _ENDPOINT_DEFAULTS,
}


def derive(engine: Engine) -> None:
    """Writes `origin` on every principal and assignment."""
    estate = engine.estate
    services = {target for row in estate.nodes("service-row") for target in estate.neighbours(row, "names")}
    by_principal: dict[int, list[Grant]] = {}
    for found in engine.grants.values():
        for grant in found:
            by_principal.setdefault(grant.principal, []).append(grant)
    for principal in estate.nodes("principal"):
        held = by_principal.get(principal, [])
        origin = _origin(estate, principal, services)
        if origin == "policy" and estate.get(principal, "policies"):
            gaps = estate.unread_gaps(*_HOSTS)  # it may act for something else, too
        else:
            gaps = _unread_origin(estate, principal) if origin is None else []
        if gaps:
            # nobody could look up whose it is: neither the platform's nor our own
            for node in (principal, *(grant.node for grant in held)):
                for gap in gaps:
                    estate.mark_gap(node, "origin", gap)
            continue
        if origin is not None:
            for grant in held:
                estate.set(grant.node, "origin", origin)
        else:
            defaults = [_is_default(engine, grant) for grant in held]
            for grant, default in zip(held, defaults, strict=True):
                if not estate.gaps_at(grant.node, "origin"):  # it may be another's, activated
                    estate.set(grant.node, "origin", "host-default" if default else "own")
            origin = "host-default" if defaults and all(defaults) else "own"
        estate.set(principal, "origin", origin)


def _unread_origin(estate: Estate, principal: int) -> list[int]:
    """Gaps that hide where a workload comes from; none when its owner or its host is known."""
    kind = estate.kind(principal)
    if kind == "managed-identity" and estate.get(principal, "user-assigned") is True:
        # it may serve a policy that no list showed, unless it is seen to serve something else
        unread = [gap for gap, facts in enumerate(estate.gaps) if facts.kind == "policy-assignment"]
        return unread if not _serves(estate, principal) else []
    unknown = kind == "service-principal" and estate.get(principal, "app-owner") is UNSET
    return estate.unread_gaps("service-principal") if unknown else []


def _origin(estate: Estate, principal: int, services: set[int]) -> str | None:
    if principal in services:
        return "service"
    if estate.get(principal, "origin") == "delegated":
        return "delegated"
    if estate.kind(principal) == "service-principal" and estate.get(principal, "app-owner") in _MICROSOFT:
        return "microsoft"
    host = estate.get(principal, "host")
    if isinstance(host, str) and ids.resource_type(host) == "microsoft.authorization/policyassignments":
        return "policy"
    if estate.get(principal, "policies") and not _serves(estate, principal):
        return "policy"
    return None


def _serves(estate: Estate, principal: int) -> bool:
    """Whether an identity is attached to something that runs."""
    return any(estate.kind(host) != "user-assigned-identity" for host in estate.neighbours(principal, "identity-of"))


def _is_default(engine: Engine, grant: Grant) -> bool:
    """Whether a host's own identity holds this as Azure gave it: a default role, on its own group or what it stands on."""
    estate = engine.estate
    host_key = estate.get(grant.principal, "host")
    if not isinstance(host_key, str) or estate.get(grant.principal, "user-assigned") is not False:
        return False
    if estate.key(grant.role) not in _DEFAULTS.get(ids.resource_type(host_key), set()):
        return False
    workspace_key = host_key if "/onlineendpoints/" not in host_key else ids.parent(host_key) or ""
    workspace = estate.node(workspace_key)
    own = {workspace_key, host_key, ids.resource_group_of(host_key)}
    if workspace is not None:
        own |= {estate.key(target) for target in estate.neighbours(workspace, "depends-on")}
    scope = estate.key(grant.scope)
    return (
        scope in own
        or (ids.parent(scope) or "") in own
        or any(key and ids.contains(key, scope) for key in own if key and "/providers/" in key)
    )
