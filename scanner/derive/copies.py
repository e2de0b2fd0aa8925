"""Where services keep what they hold beside where they stand: replicas, backups, and copies the platform makes by itself."""

from __future__ import annotations

from scanner.findings import NO_PLACE, Gap
from scanner.graph import located
from scanner.graph.estate import UNSET, Estate
from scanner.graph.records import RECORDS

# Kinds that say themselves in which other regions they are kept.
_REPLICATED = ("model-account", "cosmos-account", "sql-server", "sql-database", "postgresql-server", "log-analytics")
_BACKED_UP = ("cosmos-account", "sql-database", "postgresql-server")
VAULTS = {
    "microsoft.recoveryservices/vaults": "recovery-vault",
    "microsoft.dataprotection/backupvaults": "backup-vault",
}
_GEO, _LOCAL = {"geo", "geo-zone"}, {"local", "zone"}
# Key Vault keeps no copy in the pair of these, nor where there is no pair; a container registry none in the pair of those.
_VAULT_STAYS = {"brazilsouth", "brazilsoutheast", "westus3"}
_REGISTRY_STAYS = {"brazilsouth", "southeastasia"}


def derive(estate: Estate) -> None:
    """Makes replica nodes with `replicated-to` edges for what settings ask for, `platform-copies-to` for what nobody asked."""
    for kind in _REPLICATED:
        for node in estate.nodes(kind):
            _replicas(estate, node, kind)
    for kind in _BACKED_UP:
        for node in estate.nodes(kind):
            _backups(estate, node, kind, "geo-redundant backups")
    for node in estate.nodes("resource"):
        kind = VAULTS.get(str(estate.get(node, "type")), "")
        if kind:
            crossing = estate.get(node, "cross-region-restore") is True
            words = "geo-redundant copy of its backups" + (", which may be restored there" if crossing else "")
            _backups(estate, node, kind, words)
    for node in estate.nodes("container-registry"):
        for region in sorted(estate.get(node, "replicated-regions") or ()):
            replica(estate, node, region, "replication", "a replication of the registry")
    for node in estate.nodes("ml-registry"):
        for region in sorted(estate.get(node, "regions") or ()):
            if region != estate.get(node, "region"):
                replica(estate, node, region, "ml-registry", "a region of the registry: assets are in every one")
    _by_platform(estate, "key-vault", _VAULT_STAYS, "the vault's copy in the paired region")
    _by_platform(
        estate, "container-registry", _REGISTRY_STAYS, "a copy of images that Azure may keep in the paired region"
    )


def replica(estate: Estate, node: int, region: str, what: str, words: str, certainty: str = "stated") -> None:
    """A copy by the resource's own settings, once for a region. `certainty` is stated (Azure says the region) or table (it is
    the pair of the resource's own).
    """
    _copy(estate, node, "replicated-to", region, what, words, certainty)


def _copy(estate: Estate, node: int, edge: str, region: str, what: str, words: str, certainty: str) -> None:
    key = f"replica:{estate.key(node)}@{region}" + ("|platform" if what == "platform" else "")
    if estate.node(key) is not None:
        return
    made = estate.add("replica", key, f"{estate.name(node)} ({region})")
    estate.write(made, (
        ("region", region), ("replica-of", what), ("certainty", certainty), ("by-platform", what == "platform"),
    ))  # fmt: skip
    estate.connect(made, "located-in", _region(estate, region))
    estate.connect(node, edge, made, words)


def _region(estate: Estate, name: str) -> int:
    """The region node; one met only as a copy is described as any other, and sites of it are told by name."""
    if (node := estate.node(name)) is not None:
        return node
    node = located.region(estate, name)
    sites = [site for site in estate.nodes("site") if estate.get(site, "region") == name]
    estate.set(node, "named-by-site", bool(sites))
    estate.set(node, "sites", frozenset(estate.name(site) for site in sites))
    return node


def nowhere(estate: Estate, region: str) -> int:
    """The gap of a region that neither the table nor the scenario places."""
    return estate.add_gap(Gap("region", region, "", NO_PLACE))


def pair(estate: Estate, node: int) -> str | None:
    """The region paired with a resource's own; None when it has none, or is in none whose pair anybody knows."""
    region = estate.get(node, "region")
    return located.pair(estate, region) if isinstance(region, str) else None


def unread(estate: Estate, node: int, kind: str, about: str = "replicated-regions") -> None:
    """Says that there may be copies that nobody could see, by the gaps of what says so, else by the list of the kind."""
    gaps = [*estate.gaps_at(node, about), *estate.gaps_at(node, "*")]
    for gap in gaps or [estate.add_gap(Gap(kind, estate.key(node), RECORDS[kind].permission, "partial"))]:
        estate.mark_gap(node, "replicated-to", gap)


def _replicas(estate: Estate, node: int, kind: str) -> None:
    places = estate.get(node, "replicated-regions")
    if places is UNSET:
        unread(estate, node, kind)
        return
    for region in sorted(places or ()):
        replica(estate, node, region, "replication", "a copy by its own settings")


def _backups(estate: Estate, node: int, kind: str, words: str) -> None:
    redundancy = estate.get(node, "backup-redundancy")
    if redundancy in _LOCAL or redundancy is None:
        return
    if redundancy not in _GEO:  # unread, or a word nobody knows
        unread(estate, node, kind, "backup-redundancy")
        return
    region, other = estate.get(node, "region"), pair(estate, node)
    if other is not None:
        replica(estate, node, other, "backup", f"{words}, by the table of region pairs", "table")
    elif not isinstance(region, str) or not located.placed(estate, region):
        unread(
            estate, node, kind, "region"
        )  # in a place the table does not know, where its pair is is not known either


def _by_platform(estate: Estate, kind: str, stays: set[str], words: str) -> None:
    for node in estate.nodes(kind):
        region, other = estate.get(node, "region"), pair(estate, node)
        if other is None:
            _unpaired(estate, node, kind, region)
            continue
        if region in stays:
            continue
        here = located.geography(estate, str(region)) if kind == "container-registry" else None
        if here is not None and other not in here[1]:
            continue
        _copy(estate, node, "platform-copies-to", other, "platform", words, "table")


def _unpaired(estate: Estate, node: int, kind: str, region: object) -> None:
    """No copy where the table has no pair; where nobody could tell the place, or the table does not have it, there may be one."""
    if region is UNSET:
        permission = RECORDS[kind].permission
        gaps = estate.gaps_at(node, "located-in") or [
            estate.add_gap(Gap(kind, estate.key(node), permission, "partial"))
        ]
        for gap in gaps:
            estate.mark_gap(node, "platform-copies-to", gap)
    elif isinstance(region, str) and not located.placed(estate, region):
        estate.mark_gap(node, "platform-copies-to", nowhere(estate, region))
