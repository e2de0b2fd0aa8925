"""What the causes of openings are called, and what to do about each."""

from __future__ import annotations

from scanner.derive.access import tenantwide
from scanner.derive.access.entries import Entry
from scanner.graph.estate import Estate


def called(estate: Estate, cause: Entry) -> str:
    """What a cause is called."""
    if cause.grant is not None:
        return estate.name(cause.grant.node)
    kind = cause.cause.partition(":")[0]
    source = estate.name(cause.source) if cause.source is not None else ""
    place = estate.name(cause.place)
    if kind == "owner":
        owned = cause.via if cause.via is not None else cause.acts_as
        return f"{source}, who owns {estate.name(owned) if owned is not None else place},"
    if kind in ("directory-role", "graph-permission"):
        holder = estate.name(cause.via) if cause.via is not None else source
        return f"{holder}, which {tenantwide.explained(estate, cause)},"
    return {
        "instance": f"{source}, whose compute instance {place} is,",
        "trust": f"{place}, which trusts {source},",
        "policy": f"the access policy of {place} for {source}",
        "anonymous": f"public access to containers of {place}",
        "local-user": f"the SFTP user {cause.cause.rpartition('|')[2]} of {place}",
    }[kind]


def mended(estate: Estate, cause: Entry) -> str:
    """The step that closes what a cause opens."""
    if cause.grant is not None:
        grant = cause.grant
        return removing(estate, grant.principal, grant.role, grant.scope)
    source = estate.name(cause.source) if cause.source is not None else ""
    place = estate.name(cause.place)
    kind = cause.cause.partition(":")[0]
    if kind == "owner":
        owned = cause.via if cause.via is not None else cause.acts_as
        named = estate.name(owned) if owned is not None else place
        return f"Remove {source} as owner of {named}, or make the owner an administrator"
    if kind == "directory-role":
        return f"Remove the role from {source}, or declare it: under `administrators`, or under `break-glass` for an emergency account"
    if kind == "graph-permission":
        return f"Remove from {source} the permissions it does not need: {', '.join(tenantwide.permissions(estate, cause.source or 0))}"
    return {
        "instance": f"Give {place} an identity that cannot reach this data, or assign it to somebody who may",
        "trust": f"Remove the federated credential for {source} from {place}, or list its subject under `release`",
        "policy": f"Remove the access policy for {source} from {place}",
        "anonymous": f"Switch public access of the containers of {place} off (allowBlobPublicAccess: false)",
        "local-user": f"Remove the SFTP user {cause.cause.rpartition('|')[2]} from {place}",
    }[kind]


def removing(estate: Estate, principal: int, role: int, scope: int) -> str:
    """The step that takes an assignment away."""
    return f"Remove the assignment of {estate.name(role)} to {estate.name(principal)} at {estate.original(scope)}"


def kept(estate: Estate, keeper: int) -> str:
    """What a stored credential is called that is itself the cause."""
    return f"the credential kept by {estate.name(keeper)} in {_where(estate, keeper)}"


def taken_out(estate: Estate, keeper: int) -> str:
    """The step that closes what such a credential opens."""
    return f"Take the credential out of {estate.name(keeper)} in {_where(estate, keeper)}, and renew the key or secret it was"


def _where(estate: Estate, keeper: int) -> str:
    belongs = "datastore-of" if estate.kind(keeper) == "datastore" else "connection-of"
    workspace = estate.first(keeper, belongs)
    return estate.name(workspace) if workspace is not None else "its workspace"
