"""Who may draw how much on which pool: clusters, instances, deployments, attached machines and models, by what they declare."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from scanner import ids
from scanner.derive.quota.measures import NOTHING, Range, exactly, machines
from scanner.graph.estate import UNSET, Estate

ANY = ""  # of a size or type nobody listed: it may draw on any pool of its place
TOTALS = {False: "totalregional", True: "totallowpriorityregional"}
UNKNOWN = Range(0.0, float("inf"))


class Place(NamedTuple):
    """Where quota is counted: one system in one region of one subscription."""

    system: str
    subscription: str
    region: str


@dataclass(slots=True)
class Draws:
    """By place and family: what each workspace or model account may take at most."""

    amounts: defaultdict[tuple[Place, str], dict[int, Range]] = field(default_factory=lambda: defaultdict(dict))
    idle: defaultdict[tuple[Place, str], dict[int, float]] = field(default_factory=lambda: defaultdict(dict))
    parts: defaultdict[tuple[Place, str], int] = field(
        default_factory=lambda: defaultdict(int)
    )  # how many computes draw

    # clusters nobody could look into
    unread: defaultdict[Place, list[int]] = field(default_factory=lambda: defaultdict(list))

    def of(self, place: Place, family: str) -> Mapping[int, Range]:
        return self.amounts.get((place, family), {})

    def take(self, place: Place, family: str, holder: int, amount: Range) -> None:
        found = self.amounts[place, family]
        found[holder] = found.get(holder, NOTHING) + amount
        self.parts[place, family] += 1


def draws(estate: Estate) -> Draws:
    """What everything in the estate declares."""
    found, sizes = Draws(), _sizes(estate)
    attached: set[int] = set()  # a cluster that several workspaces use counts once
    for workspace in estate.nodes("workspace"):
        for compute in estate.neighbours(workspace, "has-compute"):
            _compute(estate, found, sizes, workspace, compute, attached)
        for endpoint in estate.neighbours(workspace, "has-endpoint"):
            for deployment in estate.neighbours(endpoint, "has-deployment"):
                if estate.kind(deployment) == "online-deployment":
                    size, count = estate.get(deployment, "instance-type"), estate.get(deployment, "instances")
                    place = _place(estate, "ml", workspace, deployment)
                    _machines(found, sizes, place, workspace, size, count, upgraded=True)
    for account in estate.nodes("model-account"):
        for deployment in estate.neighbours(account, "has-deployment"):
            _model(estate, found, account, deployment)
    return found


def _sizes(estate: Estate) -> Mapping[str, tuple[str, int]]:
    """VM size -> (family, cores); sizes mean the same in every region."""
    found: dict[str, tuple[str, int]] = {}
    for region in estate.nodes("region"):
        sizes = estate.get(region, "vm-sizes")
        if isinstance(sizes, dict):
            found.update(sizes)
    return found


def _place(estate: Estate, system: str, holder: int, node: int) -> Place:
    return Place(system, str(estate.get(holder, "subscription")), str(estate.get(node, "region")))


def _compute(
    estate: Estate, found: Draws, sizes: Mapping[str, tuple[str, int]], workspace: int, compute: int, attached: set[int]
) -> None:
    kind = estate.get(compute, "compute-type")
    host = estate.first(compute, "attached-to")
    if host is not None or kind == "virtual-machine":
        for size, count, spot in _attached(estate, compute, host):
            place = _host_place(estate, workspace, compute, host)
            if host is not None and size is UNSET:
                found.unread[place].append(host)
            again = host is not None and host in attached
            _machines(found, sizes, place, workspace, size, 0 if again else count, spot=spot)
        if host is not None:
            attached.add(host)
        return
    size, most = estate.get(compute, "vm-size"), estate.get(compute, "max-nodes")
    spot = estate.get(compute, "priority") == "low-priority"
    place = _place(estate, "ml", workspace, compute)
    _machines(found, sizes, place, workspace, size, most, spot=spot)
    kept = _kept(estate, compute, kind)
    if kept and isinstance(size, str) and size in sizes:
        family, cores = sizes[size]
        found.idle[place, family + "lowpriority" * spot][compute] = kept * cores


def _host_place(estate: Estate, workspace: int, compute: int, host: int | None) -> Place:
    """Where an attached compute's machines are counted; of a cluster nobody could read, anywhere in its subscription."""
    if host is None:
        return _place(estate, "vm", workspace, compute)
    subscription = ids.subscription_of(estate.key(host)) or str(estate.get(workspace, "subscription"))
    region = estate.get(host, "region")
    single = estate.get(compute, "compute-type") == "virtual-machine"  # it stands where the compute says
    return Place(
        "vm", subscription, region if isinstance(region, str) else str(estate.get(compute, "region")) if single else ANY
    )


def _attached(estate: Estate, compute: int, host: int | None) -> Iterator[tuple[Any, Any, bool]]:
    """Sizes and numbers of the machines behind an attached compute; of other services Azure shows only what is used."""
    if estate.get(compute, "compute-type") == "virtual-machine":
        yield estate.get(compute, "vm-size"), 1, False
    elif host is not None and ids.resource_type(estate.key(host)) == "microsoft.containerservice/managedclusters":
        pools = estate.get(host, "node-pools")
        yield from pools if pools is not UNSET else ((UNSET, UNSET, False),)


def _kept(estate: Estate, compute: int, kind: Any) -> float:
    """Machines it keeps though nobody uses them."""
    if kind == "compute-instance":
        return 1.0 if estate.get(compute, "idle-shutdown") is None else 0.0
    least = estate.get(compute, "min-nodes")
    return float(least) if kind == "aml-compute" and isinstance(least, int | float) else 0.0


def _machines(
    found: Draws, sizes: Mapping[str, tuple[str, int]], place: Place, holder: int, size: Any, count: Any,
    *, upgraded: bool = False, spot: bool = False,
) -> None:  # fmt: skip
    if size is None:
        return  # it draws on no pool of ours
    family, cores = sizes.get(size, (ANY, 0)) if size is not UNSET else (ANY, 0)
    known = isinstance(count, int | float) and family != ANY
    amount = exactly(machines(count, upgraded=upgraded) * cores) if known else UNKNOWN
    if family == ANY:
        found.take(place, ANY, holder, amount)
        return
    if place.system == "ml" or not spot:
        found.take(place, family + "lowpriority" * spot, holder, amount)
    found.take(place, TOTALS[spot], holder, amount)


def _model(estate: Estate, found: Draws, account: int, deployment: int) -> None:
    """A deployment holds its units of its model and type; provisioned ones of its type alone."""
    sku, model, units = (estate.get(deployment, a) for a in ("sku", "model-name", "capacity"))
    place = _place(estate, "model", account, account)
    amount = exactly(units) if isinstance(units, int | float) else UNKNOWN
    if not isinstance(sku, str) or not isinstance(model, str):
        found.take(place, ANY, account, UNKNOWN)
        return
    family = f"openai.{sku}" if "provisioned" in sku.lower() else f"openai.{sku}.{model}"
    found.take(place, family.lower(), account, amount)
