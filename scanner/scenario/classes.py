"""Data classes: which data a resource holds, and so where it is at home and where it may be processed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from scanner.findings import Gap
from scanner.graph.estate import UNSET, Estate
from scanner.graph.ontology import STAGES
from scanner.graph.unseen import gaps_behind
from scanner.scenario.model import DataClass, Place, Scenario
from scanner.scenario.recognise import Recogniser, ancestors

_AT_REST = {"storage-account", "data-asset"}
_WEB = "place:http"  # how addresses on the web begin, which are no store of the estate
_PROCESSING = {"model-account", "model-deployment", "workspace"}
# Stores whose data only their own match, or one above them, classifies: no asset points into them.
_DATABASES = ("cosmos-account", "sql-server", "sql-database", "postgresql-server", "search-service")


def bind(estate: Estate, scenario: Scenario) -> None:
    """Data class nodes; classes, homes and what follows from them on every holder of data."""
    nodes: dict[str, int] = {}
    for c in scenario.data_classes:
        node = nodes[c.name] = estate.add("data-class", f"data-class:{c.name}")
        estate.set(node, "name", c.name, c.span)
        estate.set(node, "home", c.home.words if c.home else None)
        estate.set(node, "home-regions", c.home.regions if c.home else frozenset())
        estate.set(node, "production-only", c.production_only)
        estate.set(node, "platform-replication", c.platform_replication, c.span)
    writer = _Writer(estate, scenario, nodes)
    assets = _assets(estate)
    own: dict[int, frozenset[str]] = {}
    for account in estate.nodes("storage-account"):
        own[account] = writer.matched(account)
    of_assets: dict[int, set[str]] = {}
    for account, pointing in assets.items():
        for asset in pointing:
            stated = frozenset(writer.recogniser.at(asset))
            of_assets.setdefault(account, set()).update(stated)
            if not stated and estate.kind(account) == "missing" and not estate.key(account).startswith(_WEB):
                writer.leave_open(asset, account)  # what is in a store nobody sees is of no class by default
            else:
                writer.write(asset, stated or own.get(account, frozenset()) or writer.default(asset))
    for account in estate.nodes("storage-account"):
        found = own[account] | of_assets.get(account, set())
        if not found:
            users = estate.neighbours(account, "default-store-of")
            found = frozenset().union(*(writer.default(user) for user in users))
        # an asset, workspace or container nobody could read may say what is in it, and so who may open it
        gaps = _doubts(estate, account, "workspace", "data-asset") or writer.recogniser.unread_above(account)
        if not found and gaps:
            for gap in gaps:
                estate.mark_gap(account, "*", gap)
                estate.mark_gap(account, "opened-by", gap)
            continue
        writer.write(account, frozenset(found))
        writer.guard(account)
        writer.assets(account, assets.get(account, ()))
        if estate.get(account, "holds-guarded-data") is False:
            # an asset nobody could list may add a class that is to be guarded
            for gap in _doubts(estate, account, "data-asset"):
                estate.set(account, "holds-guarded-data", UNSET)
                estate.mark_gap(account, "holds-guarded-data", gap)
                estate.mark_gap(account, "production-classes", gap)
                estate.mark_gap(account, "opened-by", gap)
    _others(estate, writer)
    _referenced(estate, writer)


def _doubts(estate: Estate, account: int, *kinds: str) -> list[int]:
    """Gaps of unread lists that could say more of an account: those of a workspace that has nothing to do with it cannot."""
    found: list[int] = []
    for gap in estate.unread_gaps(*kinds) if estate.unread else ():
        workspace = estate.node(estate.gaps[gap].scope)
        if workspace is not None and estate.kind(workspace) == "workspace" and estate.gaps[gap].kind == "data-asset":
            stores = [
                s for d in estate.neighbours(workspace, "has-datastore") for s in estate.neighbours(d, "stored-in")
            ]
            if account not in (*stores, *estate.neighbours(workspace, "default-store")):
                continue
        found.append(gap)
    return found


def _assets(estate: Estate) -> dict[int, list[int]]:
    """Data assets by the account that holds them."""
    found: dict[int, list[int]] = {}
    for asset in estate.nodes("data-asset"):
        for target in estate.neighbours(asset, "stored-in"):
            for account in estate.neighbours(target, "stored-in") if estate.kind(target) == "datastore" else (target,):
                found.setdefault(account, []).append(asset)
    return found


def _others(estate: Estate, writer: _Writer) -> None:
    for asset in estate.nodes("data-asset"):
        if not estate.neighbours(asset, "stored-in"):
            writer.write(asset, frozenset(writer.recogniser.at(asset)) or writer.default(asset))
    for datastore in estate.nodes("datastore"):
        stores = estate.neighbours(datastore, "stored-in")
        unseen = [store for store in stores if estate.kind(store) == "missing"]
        classes = writer.of_all(stores)
        if unseen and not classes:
            writer.leave_open(datastore, unseen[0])
        else:
            writer.write(datastore, classes)
    for model in estate.nodes("model"):
        writer.write(model, frozenset(writer.recogniser.at(model)))
    for asset in estate.nodes("registry-asset"):
        registry = estate.first(asset, "asset-shared-by")
        own = frozenset(writer.recogniser.at(asset))
        writer.write(asset, own or frozenset(writer.recogniser.at(registry) if registry is not None else ()))
    for workspace in estate.nodes("workspace"):
        stores = [s for d in estate.neighbours(workspace, "has-datastore") for s in estate.neighbours(d, "stored-in")]
        held = (*estate.neighbours(workspace, "has-data"), *stores, *estate.neighbours(workspace, "default-store"))
        writer.write(
            workspace, frozenset(writer.recogniser.at(workspace)) | writer.of_all(held) | writer.default(workspace)
        )
        writer.may_hold_more(workspace, [store for store in held if estate.kind(store) == "missing"])
    for account in estate.nodes("model-account"):
        classes = writer.matched(account) or writer.default(account)
        writer.write(account, classes)
        writer.guard(account)
        for deployment in estate.neighbours(account, "has-deployment"):
            writer.write(deployment, classes)
    for kind in ("key-vault", "container-registry", "application-insights", "ml-registry"):
        for node in estate.nodes(kind):
            writer.write(node, writer.matched(node))
    for kind in _DATABASES:
        for node in estate.nodes(kind):
            writer.write(node, writer.matched(node))
            writer.guard(node)
    for logs in estate.nodes("log-analytics"):
        # whoever reads anything may query logs: they count only where they are said themselves to hold data
        writer.write(logs, frozenset(writer.recogniser.at(logs)), above=False)
        writer.guard(logs)


def _referenced(estate: Estate, writer: _Writer) -> None:
    """Whether machine learning has to do with it: a workspace, datastore or connection names it, or its own tag does."""
    unread = estate.unread_gaps("workspace", "datastore", "connection")
    referred = frozenset[int]().union(*(estate.arrived_at(edge) for edge in ("depends-on", "stored-in", "connects-to")))
    for kind in ("dependency", *_DATABASES):
        estate.fill(kind, "referenced", UNSET if unread else False)
        for node in estate.nodes(kind):
            named = node in referred or any(place in referred for place in _whole(estate, node))
            if named or writer.recogniser.at(node):
                estate.set(node, "referenced", True)
                continue
            for gap in unread:
                estate.mark_gap(node, "referenced", gap)
    for kind in ("model-account", "ml-registry", "workspace", "log-analytics"):
        estate.fill(kind, "referenced", True)


def _whole(estate: Estate, node: int) -> Sequence[int]:
    """The server of a database, and the databases of a server: who names one leads to the other."""
    match estate.kind(node):
        case "sql-database":
            return [above for above in estate.neighbours(node, "contained-in") if estate.kind(above) == "sql-server"]
        case "sql-server":
            return [below for below in estate.neighbours(node, "contains") if estate.kind(below) == "sql-database"]
        case _:
            return ()


class _Writer:
    """Writes classes and what follows from them; equal sets of classes share one set of facts."""

    def __init__(self, estate: Estate, scenario: Scenario, nodes: dict[str, int]) -> None:
        self.estate = estate
        self.scenario = scenario
        self.nodes = nodes
        self.by_name = {c.name: c for c in scenario.data_classes}
        self.defaults = {e.name: e.default_class for e in scenario.environments}
        self.guarded = frozenset(c.name for c in scenario.data_classes if c.home or c.production_only)
        self.production = {name for e in scenario.environments if e.stage == STAGES[-1] for name in e.data}
        self.recogniser = Recogniser(estate, [(c.name, c.match) for c in scenario.data_classes])
        self.facts: dict[frozenset[str], _Facts] = {}

    def matched(self, node: int) -> frozenset[str]:
        """The classes that match at the nearest place, from the node up."""
        found = self.recogniser.nearest(node, lambda n: ancestors(self.estate, n))
        return frozenset(found[1]) if found else frozenset()

    def default(self, node: int) -> frozenset[str]:
        """The default class of the environment a node belongs to."""
        name = self.defaults.get(str(self.estate.get(node, "environment")))
        return frozenset({name}) if name else frozenset()

    def of_all(self, nodes: Iterable[int]) -> frozenset[str]:
        found = [self.estate.get(node, "data-classes") for node in nodes if self.estate.kind(node) != "missing"]
        return frozenset().union(*(f for f in found if isinstance(f, frozenset)))

    def write(self, node: int, classes: frozenset[str], above: bool = True) -> None:
        """`above` says whether a container that nobody could read might have said more."""
        estate = self.estate
        if node in estate.aside:
            return
        gaps = [] if classes or not above else self.recogniser.unread_above(node)
        if gaps:
            for gap in gaps:
                estate.mark_gap(node, "*", gap)
            return
        facts = self.facts.get(classes)
        if facts is None:
            of = [self.by_name[name] for name in sorted(classes) if name in self.by_name]
            facts = self.facts[classes] = _Facts(classes, of)
        kind = estate.kind(node)
        estate.write(node, facts.at_rest if kind in _AT_REST else facts.anywhere)
        if facts.line is None:  # of no class: there is no line to say so
            estate.write(node, facts.unclassed)
        else:
            estate.write(node, facts.stated, facts.line)
            estate.write(node, facts.at_home, facts.home_line)
        if kind in _PROCESSING:
            estate.set(node, "processing-regions", facts.processing_regions, facts.home_line)
        for name in classes:
            if name in self.nodes:
                estate.connect(node, "of-class", self.nodes[name])

    def leave_open(self, node: int, unseen: int) -> None:
        """Nothing is said of the classes of what lies in a store that was not seen."""
        estate = self.estate
        gaps = estate.gaps_at(unseen, "*") or [estate.add_gap(Gap("resource", estate.key(unseen), "", "missing"))]
        for gap in gaps if node not in estate.aside else ():
            estate.mark_gap(node, "*", gap)
            estate.mark_gap(node, "of-class", gap)

    def may_hold_more(self, workspace: int, unseen: Iterable[int]) -> None:
        """What is in lists or stores that were not seen may be of more classes, and regulated where nothing else in a workspace is."""
        estate = self.estate
        regulated, seen = estate.get(workspace, "regulated"), estate.get(workspace, "data-classes")
        more = [] if regulated is UNSET else [c for c in self.scenario.data_classes if c.name not in (seen or ())]
        if not more:
            return
        gaps = [gap for edge in ("has-datastore", "has-data") for gap in estate.gaps_at(workspace, edge)]
        gaps += [gap for store in unseen if not estate.key(store).startswith(_WEB) for gap in gaps_behind(estate, store)]  # fmt: skip
        open_ = ["data-classes"]
        if regulated is False and any(c.home for c in more):
            open_ += ["regulated", "home", "home-regions", "processing-regions"]
        # what is regulated for sure holds no more by a store that is gone
        for gap in dict.fromkeys(g for g in gaps if regulated is False or estate.gaps[g].permission):
            for attribute in open_:
                estate.mark_gap(workspace, attribute, gap)
                if regulated is False:
                    estate.set(workspace, attribute, UNSET)
            estate.mark_gap(workspace, "of-class", gap)

    def guard(self, store: int) -> None:
        """Whether there is data to guard in a store, and whether it is production's."""
        estate = self.estate
        classes = estate.get(store, "data-classes")
        if store in estate.aside:
            return
        if classes is UNSET:
            for gap in estate.gaps_at(store, "*"):
                estate.mark_gap(store, "opened-by", gap)
            return
        guarded = self.guarded.intersection(classes or ())
        estate.write(store, (("holds-guarded-data", bool(guarded)), ("production-classes", guarded & self.production)))

    def assets(self, account: int, assets: Sequence[int]) -> None:
        """Whether a data asset of the same home points to a storage account: the account is judged through it then.

        An asset of a wider home, or of none, says nothing of what else is in the account.
        """
        estate = self.estate
        if account in estate.aside:
            return
        home = estate.get(account, "home-regions")
        told = any(estate.get(a, "regulated") is True and estate.get(a, "home-regions") == home for a in assets)
        gaps = [] if told else _doubts(estate, account, "data-asset", "datastore")
        for gap in gaps:
            estate.mark_gap(account, "judged-by-asset", gap)
        if not gaps:
            estate.set(account, "judged-by-asset", told)


class _Facts:
    """What a set of classes means together, as it is written on whatever holds them."""

    def __init__(self, names: frozenset[str], classes: Sequence[DataClass]) -> None:
        home: list[Place] = [c.home for c in classes if c.home is not None]
        regions = _intersection([place.regions for place in home])
        self.line = classes[0].span if classes else None
        self.home_line = home[0].span if home else None
        self.stated = (("data-classes", names or None),)
        self.at_home = (
            ("home", " and ".join(dict.fromkeys(place.words for place in home)) or None), ("home-regions", regions),
        )  # fmt: skip
        self.unclassed = (*self.stated, *self.at_home)
        self.anywhere = (("regulated", bool(home)),)
        self.at_rest = (*self.anywhere, ("home-conflict", bool(home) and not regions))
        self.processing_regions = _intersection(
            [(c.processing or c.home).regions for c in classes if c.processing is not None or c.home is not None]  # type: ignore[union-attr]
        )


def _intersection(sets: Sequence[frozenset[str]]) -> frozenset[str]:
    return frozenset.intersection(*sets) if sets else frozenset()
