"""Where data goes beside where it rests: vaults that keep its backups, networks it is entered from, serverless models, places nobody
can name; and what of it the scenario's homes and the tenant's own boundary forbid.
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner import ids, regions
from scanner.derive.copies import VAULTS, nowhere
from scanner.derive.whereabouts import Whereabouts
from scanner.findings import Gap
from scanner.graph import located
from scanner.graph.estate import UNSET, Estate
from scanner.graph.kinds import KINDS
from scanner.graph.records import RECORDS, placed_of_its_own
from scanner.graph.shared import HOLDS
from scanner.graph.unseen import gaps_behind

_PRIVATE_ENDPOINT = "microsoft.network/privateendpoints"
_SERVERLESS = "microsoft.machinelearningservices/workspaces/serverlessendpoints"
_KEEPS = {
    "microsoft.storage/storageaccounts",
    *(kind.arm_type for kind in KINDS.values() if HOLDS[0].name in kind.attributes),
}
# Services whose place is told by a rule of its own where they hold regulated data.
_TOLD_BY_HOME = ("storage-account", "model-account", "database")


def derive(estate: Estate) -> None:
    for node in estate.nodes("resource"):
        kind = estate.get(node, "type")
        if kind in VAULTS:
            _vault(estate, node)
        elif kind == _PRIVATE_ENDPOINT:
            _entrance(estate, node)
        elif kind == _SERVERLESS:
            _serverless(estate, node)
    for gap in _unlisted(estate, "private-endpoint", "subscription"):
        for store in estate.nodes("data-store"):
            estate.mark_gap(store, "entered-from", gap)
    where = Whereabouts(estate)
    for compute, target in tuple(estate.pairs("attached-to")):
        _attached(estate, where, compute, target)
    for compute in estate.nodes("compute") if "attached-to" in estate.gap_names else ():
        for gap in estate.gaps_at(compute, "attached-to"):
            estate.mark_gap(compute, "computes-in", gap)
    for registry in estate.nodes("ml-registry"):
        _published(estate, registry)
    for database in estate.nodes("database"):
        estate.set(database, "judged-by-server", _told(estate, database))
    _platform(estate)
    _boundary(estate)
    _at_home(estate)
    _in_use(estate)


def _published(estate: Estate, registry: int) -> None:
    """A registry holds the classes of what is published there; what was not listed may be of any."""
    if registry in estate.aside:
        return
    assets = [asset for asset in estate.neighbours(registry, "shares-asset") if estate.get(asset, "regulated") is True]
    own = [registry] if estate.get(registry, "regulated") is True else []
    if assets:
        _inherit(estate, registry, [*own, *assets])
    elif not own:
        for gap in estate.gaps_at(registry, "shares-asset"):
            estate.set(registry, "regulated", UNSET)
            estate.mark_gap(registry, "regulated", gap)


def _told(estate: Estate, database: int) -> bool:
    """Whether a SQL database of its server's home is nowhere but where its server is: one mistake is told once."""
    server = estate.first(database, "contained-in") if estate.kind(database) == "sql-database" else None
    if server is None or estate.kind(server) != "sql-server" or estate.get(server, "regulated") is not True:
        return False
    if estate.gaps_at(database, "replicated-to") or estate.gaps_at(database, "located-in"):
        return False
    same = estate.get(server, "home-regions") == estate.get(database, "home-regions")
    return same and _kept_in(estate, database) <= _kept_in(estate, server)


def _kept_in(estate: Estate, node: int) -> set[object]:
    copies = (estate.get(copy, "region") for copy in estate.neighbours(node, "replicated-to"))
    return {estate.get(node, "region"), *copies}


def _at_home(estate: Estate) -> None:
    """Whether services are at home, so that what a rule about homes reports is not reported again by one about sites."""
    estate.fill("service", "at-home", True)
    for kind in _TOLD_BY_HOME:
        for node in estate.nodes(kind):
            if estate.get(node, "regulated") is not True:
                continue
            home, region = estate.get(node, "home-regions"), estate.get(node, "region")
            if isinstance(home, frozenset) and isinstance(region, str):
                estate.set(node, "at-home", region in home)


def _in_use(estate: Estate) -> None:
    """Whether anything that is judged stands in a region or is copied there; what was not listed may be in one not seen at all."""
    located = {record.node for record in RECORDS.values() if placed_of_its_own(record)}
    for kind, gap in tuple(estate.unread):
        if kind in located:
            estate.mark_unread("region", gap)
    for region in estate.nodes("region"):
        there = any(_judged(estate, node) for node in estate.neighbours(region, "location-of"))
        estate.set(region, "in-use", there)


def _judged(estate: Estate, node: int) -> bool:
    """A copy is judged where what it is a copy of is."""
    if estate.kind(node) != "replica":
        return node not in estate.aside
    owners = (*estate.neighbours(node, "replica-of"), *estate.neighbours(node, "platform-copy-of"))
    return any(owner not in estate.aside for owner in owners)


def _attached(estate: Estate, where: Whereabouts, compute: int, target: int) -> None:
    """An attached compute is where what it stands for is."""
    found = where.compute(compute)
    regions_ = [region for name in sorted(found.regions) if (region := estate.node(name)) is not None]
    for region in regions_:
        estate.connect(compute, "computes-in", region, f"it is {estate.name(target)}")
    gaps = list(found.gaps)
    if not gaps and not regions_:
        gaps.append(estate.add_gap(Gap("resource", estate.key(target), "", "missing")))
    for gap in gaps:
        estate.mark_gap(compute, "computes-in", gap)


def _unlisted(estate: Estate, *kinds: str) -> list[int]:
    return [index for index, gap in enumerate(estate.gaps) if gap.kind in kinds]


def _vault(estate: Estate, vault: int) -> None:
    """A vault holds the classes of what it keeps backups of."""
    sources = estate.neighbours(vault, "backs-up")
    gaps = [*estate.gaps_at(vault, "backs-up")]
    for source in sources:
        if estate.kind(source) == "missing" and ids.resource_type(estate.key(source)) in _KEEPS:
            gaps += gaps_behind(estate, source)
        elif estate.kind(source) == "missing" or estate.get(source, "regulated") is UNSET:
            gaps += estate.gaps_at(source, "*")
    for gap in gaps:
        for attribute in ("regulated", "home-regions"):
            estate.mark_gap(vault, attribute, gap)
    regulated = [source for source in sources if estate.get(source, "regulated") is True]
    if not regulated and estate.gaps_at(vault, "regulated"):
        return
    _inherit(estate, vault, regulated)


def _inherit(estate: Estate, node: int, sources: Iterable[int]) -> None:
    """Writes classes and home of several holders of regulated data on what holds the same data."""
    sources = list(sources)
    classes: set[str] = set()
    words: dict[str, None] = {}
    homes: list[frozenset[str]] = []
    for source in sources:
        found, home, region_set = (estate.get(source, name) for name in ("data-classes", "home", "home-regions"))
        classes |= found if isinstance(found, frozenset) else set()
        words |= {home: None} if isinstance(home, str) else {}
        homes += [region_set] if isinstance(region_set, frozenset) else []
    line = estate.line(sources[0], "home") if sources else None
    estate.write(node, (("regulated", bool(sources)), ("data-classes", frozenset(classes) or None)))
    estate.set(node, "home", " and ".join(words) or None, line)
    estate.set(node, "home-regions", frozenset.intersection(*homes) if homes else frozenset(), line)


def _entrance(estate: Estate, endpoint: int) -> None:
    """A private endpoint carries traffic to where its network stands. One of a managed network is in no list: it stands where
    the workspace does."""
    region = estate.node(str(estate.get(endpoint, "region")))
    for store in estate.neighbours(endpoint, "leads-to"):
        if estate.kind(store) not in estate.ontology.members("data-store"):
            continue
        if region is not None:
            estate.connect(store, "entered-from", region, f"by the private endpoint {estate.name(endpoint)}")
        else:
            for gap in estate.gaps_at(endpoint, "located-in") or estate.gaps_at(endpoint, "*"):
                estate.mark_gap(store, "entered-from", gap)


def _serverless(estate: Estate, endpoint: int) -> None:
    """A serverless endpoint processes anywhere in the geography of its workspace, on data of the workspace's classes."""
    workspace = estate.first(endpoint, "contained-in")
    if workspace is None or estate.kind(workspace) != "workspace":
        return
    facts = ("regulated", "data-classes", "home", "home-regions")
    for name in facts:
        estate.set(endpoint, name, estate.get(workspace, name), estate.line(workspace, name))
        for gap in estate.gaps_at(workspace, name):
            estate.mark_gap(endpoint, name, gap)
            estate.mark_gap(endpoint, "processed-at-home", gap)
    for gap in estate.gaps_at(workspace, "*"):
        estate.mark_gap(endpoint, "*", gap)
    region = estate.get(endpoint, "region")
    if not isinstance(region, str):
        region = estate.get(workspace, "region")
    area = located.geography(estate, region) if isinstance(region, str) else None
    if area is None:
        if isinstance(region, str):
            estate.mark_gap(endpoint, "*", nowhere(estate, region))
        for gap in estate.gaps_at(workspace, "located-in"):
            estate.mark_gap(endpoint, "*", gap)
        return
    words, there = area
    estate.set(endpoint, "processing-area", words)
    allowed = estate.get(workspace, "processing-regions")
    if estate.get(workspace, "regulated") is False:
        estate.set(endpoint, "processed-at-home", True)
    elif isinstance(allowed, frozenset):
        estate.set(endpoint, "processed-at-home", there <= allowed)


def _platform(estate: Estate) -> None:
    """Vaults and registries of workspaces that hold classes for which the scenario allows no copy by the platform."""
    denied = {
        estate.name(node) for node in estate.nodes("data-class") if estate.get(node, "platform-replication") == "deny"
    }
    homes = {
        estate.name(node): estate.get(node, "home-regions")
        for node in estate.nodes("data-class") if estate.get(node, "home") is not None
    }  # fmt: skip
    denied &= set(homes)  # what has no home may be anywhere, copied or not
    unlisted = estate.unread_gaps("workspace") if denied else []  # one more may stand on any of them
    for kind in ("key-vault", "container-registry"):
        for node in estate.nodes(kind):
            classes: set[str] = set()
            gaps = list(unlisted)
            for holder in (node, *estate.neighbours(node, "dependency-of")):
                found = estate.get(holder, "data-classes")
                classes |= denied & found if isinstance(found, frozenset) else set()
                gaps += estate.gaps_at(holder, "data-classes")
                gaps += estate.gaps_at(holder, "*") if found is UNSET else []
            allowed = [homes[name] for name in classes if isinstance(homes[name], frozenset)]
            home = frozenset.intersection(*allowed) if allowed else None
            copies = {estate.get(copy, "region") for copy in estate.neighbours(node, "platform-copies-to")}
            if home is None or copies <= home:  # no class that was seen forbids them; one that was not may
                narrower = [name for name in denied - classes if not copies <= homes[name]]
                open_ = gaps if narrower or estate.gaps_at(node, "platform-copies-to") else []
                for gap in open_:
                    estate.mark_gap(node, "platform-home-regions", gap)
                if open_:
                    continue
            estate.set(node, "platform-home-regions", home)
            estate.set(node, "platform-denied-for", ", ".join(sorted(classes)) or None)


def _boundary(estate: Estate) -> None:
    """Whether the boundary the tenant is pinned to and the homes of the scenario exclude each other."""
    europe = regions.within(boundary=["EU-EFTA"])
    for tenant in estate.nodes("tenant"):
        stated = estate.get(tenant, "data-boundary")
        if stated is UNSET:
            continue
        against = []
        for node in estate.nodes("data-class"):
            home = estate.get(node, "home-regions")
            if not isinstance(home, frozenset) or not home:
                continue
            if (stated == "eu" and not home & europe) or (stated == "global" and home <= europe):
                against.append(estate.name(node))
        estate.set(tenant, "classes-against-boundary", frozenset(against) or None)
