"""Where databases, logs and backups are kept beside where they stand: replicas, failover partners, vaults."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from scanner import ids
from scanner.graph.build import shapes, shapes_flows
from scanner.graph.build.context import Context, known, lower, word
from scanner.graph.estate import Estate

_REDUNDANCY = {"locallyredundant": "local", "georedundant": "geo", "zoneredundant": "zone", "geozone": "geo-zone"}
# list -> the kind of node whose other regions are unknown when it was not read
_UNREAD = {
    "sql-failover-group": "sql-server",
    "sql-replication": "sql-database",
    "postgresql-server": "postgresql-server",
}


def copies(context: Context, node: int, locations: Any) -> None:
    """Regions beside its own in which a resource keeps what it holds; UNSET when it did not say in a way we know."""
    estate = context.estate
    if locations is UNSET:
        context.doubt(
            _record_kind(context, node), node, ("replicated-regions",), detail="it does not say where its copies are"
        )
        return
    found = {ids.fold_location(place) for place in locations if place} - {str(estate.get(node, "region"))}
    before = estate.get(node, "replicated-regions")
    for region in found:
        context.region(region)
    estate.set(node, "replicated-regions", found | (before if isinstance(before, frozenset) else frozenset()))


def _record_kind(context: Context, node: int) -> str:
    kind = context.estate.kind(node)
    return "sql-server" if kind == "missing" else kind


def log_analytics(context: Context, node: int, properties: Any) -> None:
    replication = known(properties.replication) if properties is not UNSET else UNSET
    if replication is UNSET:
        copies(context, node, UNSET)
    else:
        copies(
            context, node, [known(replication.location)] if replication and known(replication.enabled, False) else []
        )


def model_account(context: Context, node: int, properties: Any) -> None:
    """An account of several regions says which; most say none."""
    stated = known(properties.locations)
    listed = known(stated.regions, []) if stated else [] if stated is None else UNSET
    places = listed if listed is UNSET else [known(place.name) for place in listed]
    copies(context, node, UNSET if places is UNSET or UNSET in places else places)


def database(context: Context, kind: str, node: int, properties: Any) -> None:
    """Where a database is kept and backed up; absent settings have the defaults that Azure documents."""
    if properties is UNSET:
        return
    estate = context.estate
    if kind == "cosmos-account":
        places = known(properties.locations, [])
        copies(context, node, [known(p.location_name) for p in places] if isinstance(places, list) else UNSET)
        policy = known(properties.backup_policy)
        mode = known(policy.periodic_mode_properties) if policy else policy
        stated = redundancy(known(mode.backup_storage_redundancy) if mode else mode, "geo")
        # continuous backups stay in each region the account is in, and those are told as copies
        continuous = bool(policy) and lower(known(policy.type)) == "continuous"
        estate.set(node, "backup-redundancy", "local" if continuous else stated)
    elif kind in ("sql-server", "sql-database"):
        copies(context, node, [])
        if kind == "sql-database":
            estate.set(
                node, "backup-redundancy", redundancy(known(properties.current_backup_storage_redundancy), "geo")
            )
    elif kind == "postgresql-server":
        backup = known(properties.backup)
        stated = lower(
            known(backup.geo_redundant_backup, "Disabled") if backup else "Disabled" if backup is None else UNSET
        )
        estate.set(node, "backup-redundancy", UNSET if stated is UNSET else "geo" if stated == "enabled" else "local")
        _replica(context, node, properties)


def _replica(context: Context, node: int, properties: Any) -> None:
    """A read replica is a server of its own; whose copy it is says only the replica."""
    copies(context, node, [])
    role = word(known(properties.replication_role), "none")
    context.estate.set(node, "replication-role", role)
    source = known(properties.source_server_resource_id)
    if role is UNSET or source is UNSET or (isinstance(role, str) and role.endswith("replica") and not source):
        context.doubt("postgresql-server", node, ("copied-from",), detail="it does not say whose replica it is")
    elif source and role not in ("none", "primary"):
        context.flows.replicas.append((source, node))


def redundancy(value: Any, default: str | None = None) -> Any:
    """`GeoRedundant`, `Geo` ... in one word; a word nobody knows stays what it is, so that it is not taken for a local one."""
    stated = lower(value)
    return UNSET if stated is UNSET else _REDUNDANCY.get(stated, stated) if stated else default


def vault(context: Context, node: int, properties: Any) -> None:
    """Of a vault's several stores the widest counts."""
    if properties is UNSET:
        return
    estate = context.estate
    own, stores = known(properties.redundancy_settings), known(properties.storage_settings)
    if own:
        estate.set(node, "backup-redundancy", redundancy(known(own.standard_tier_storage_redundancy)) or UNSET)
        _crosses(estate, node, lower(known(own.cross_region_restore, "Disabled")))
    elif isinstance(stores, list) and stores:
        words = {redundancy(known(store.type)) for store in stores}
        estate.set(
            node, "backup-redundancy", UNSET if words & {UNSET, None} else "geo" if "geo" in words else sorted(words)[0]
        )
        features = known(properties.feature_settings)
        cross = known(features.cross_region_restore_settings) if features else features
        _crosses(
            estate, node, lower(known(cross.state, "Disabled")) if cross else "disabled" if cross is None else UNSET
        )


def _crosses(estate: Estate, node: int, stated: Any) -> None:
    estate.set(node, "cross-region-restore", UNSET if stated is UNSET else stated == "enabled")


def _failover(
    context: Context, kind: str, body: shapes.Stated[shapes_flows.FailoverGroup], of: str, raw: bytes
) -> None:
    server = context.refer(ids.parent(ids.fold(body.id)))
    partners = known(body.properties.partner_servers, [])
    if server is not None and context.estate.kind(server) == "sql-server":
        copies(context, server, UNSET if context.odd or partners is UNSET else [known(p.location) for p in partners])


def _link(context: Context, kind: str, body: shapes.Stated[shapes_flows.ReplicationLink], of: str, raw: bytes) -> None:
    database_ = context.estate.node(ids.parent(ids.fold(body.id)) or "")
    if database_ is not None and context.estate.kind(database_) == "sql-database":
        place = known(body.properties.partner_location)
        copies(context, database_, UNSET if place is UNSET else [place])


def _protected(
    context: Context, kind: str, body: shapes.Stated[shapes_flows.ProtectedItem], of: str, raw: bytes
) -> None:
    _backed_up(context, kind, body.id, "/backupfabrics/", known(body.properties.source_resource_id))


def _instance(
    context: Context, kind: str, body: shapes.Stated[shapes_flows.BackupInstance], of: str, raw: bytes
) -> None:
    source = known(body.properties.data_source_info)
    _backed_up(context, kind, body.id, "/backupinstances/", known(source.resource_id) if source else source)


def _backed_up(context: Context, kind: str, arm_id: str, part: str, source: Any) -> None:
    vault_ = context.refer(ids.fold(arm_id).partition(part)[0])
    if vault_ is None:
        return
    if isinstance(source, str) and source:
        context.flows.backups.append((source, vault_))
    else:
        context.doubt(kind, vault_, ("backs-up",), detail="an item does not say what it protects")


def resolve(context: Context) -> None:
    estate = context.estate
    for server, replica in dict.fromkeys(context.flows.replicas):
        origin = context.refer(server)
        if origin is not None:
            estate.connect(origin, "copied-to", replica)
            if estate.kind(origin) == "postgresql-server":
                copies(context, origin, [estate.get(replica, "region")])
    for source, vault_ in dict.fromkeys(context.flows.backups):
        node = context.refer(source)
        if node is not None:
            context.estate.connect(node, "backed-up-in", vault_)


def doubt(context: Context, kind: str, scope: str, gap: int) -> None:
    """What an unread list of a server leaves unknown of it and of its databases."""
    estate = context.estate
    for node in tuple(estate.nodes(_UNREAD[kind])) if kind in _UNREAD else ():
        if ids.contains(scope, estate.key(node)):
            estate.set(node, "replicated-regions", UNSET)
            estate.mark_gap(node, "replicated-regions", gap)
            if kind == "postgresql-server":
                estate.mark_gap(node, "copied-to", gap)


STEPS = (
    ("sql-failover-group", shapes.Stated[shapes_flows.FailoverGroup], _failover),
    ("sql-replication", shapes.Stated[shapes_flows.ReplicationLink], _link),
    ("protected-item", shapes.Stated[shapes_flows.ProtectedItem], _protected),
    ("backup-instance", shapes.Stated[shapes_flows.BackupInstance], _instance),
)
