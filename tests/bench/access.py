"""Measures access: who reaches each store, straight and through managed identities, beside networkx on a sample.

    python -m tests.bench.access                 # 100k principals, 10k groups, 100k assignments, 100k stores
    python -m tests.bench.access 10000           # a tenth
    python -m tests.bench.access 1000000         # ten times
    python -m tests.bench.access 10000 openings  # and what becomes of it where nobody is approved

The estate is made directly, not from a snapshot, and making it is not counted. Run by hand or by a scheduled job.
"""

from __future__ import annotations

import gc
import multiprocessing
import random
import resource
import sys
import time
from collections.abc import Callable

import networkx as nx

from scanner.derive.access import credentials, grants, openings, origins
from scanner.derive.access.acting import Acting
from scanner.derive.access.approval import Approval
from scanner.derive.access.engine import Engine
from scanner.derive.access.everybody import Everybody
from scanner.graph.estate import Estate
from scanner.graph.permissions import PermissionBlock
from scanner.graph.view import view

_ML = "Microsoft.MachineLearningServices/workspaces"
_BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
_ROLES = {
    "reader": (40, PermissionBlock(actions=("*/read",))),
    "contributor": (12, PermissionBlock(actions=("*",), not_actions=("Microsoft.Authorization/*/Write", "Microsoft.Authorization/*/Delete"))),
    "blob-reader": (22, PermissionBlock(data_actions=(f"{_BLOBS}/read",))),
    "blob-contributor": (10, PermissionBlock(data_actions=(f"{_BLOBS}/*",))),
    "trainer": (14, PermissionBlock(actions=(f"{_ML}/*/read", f"{_ML}/jobs/*"))),
    "owner": (2, PermissionBlock(actions=("*",))),
}  # fmt: skip
_STORES_IN_GROUP = 40
_SAMPLE = 20  # principals that networkx is asked about


def main(words: list[str]) -> None:
    size = int(words[0]) if words else 100_000
    gc.disable()
    estate = make(size)
    print(
        f"{size:,} principals, {size // 10:,} groups, {size:,} assignments, {size:,} stores; estate {_peak():.0f} MB",
        flush=True,
    )
    seconds = _apart(_reach, estate, "straight reach", False)
    _apart(_reach, estate, "with escalation", True)
    _networkx(estate, size, seconds)
    if "openings" in words:
        _apart(_openings, estate)


def _apart(measure: Callable[..., float], *given: object) -> float:
    """Runs a measurement in a process of its own, which has the estate and nothing of the other measurements."""
    reading, writing = multiprocessing.Pipe(duplex=False)

    def run() -> None:
        writing.send(measure(*given))

    child = multiprocessing.get_context("fork").Process(target=run)
    child.start()
    seconds = float(reading.recv())
    child.join()
    return seconds


def _reach(estate: Estate, title: str, escalated: bool) -> float:
    started, worked = time.perf_counter(), time.process_time()
    engine = Engine(estate)
    everybody = Everybody(Acting(engine, credentials.find(estate)))
    ask = everybody.at_all if escalated else everybody.straight
    total = sum(len(ask(store, "read")) for store in estate.nodes("storage-account"))
    seconds = time.perf_counter() - started
    print(
        f"{title:<19} {seconds:7.2f} s  ({time.process_time() - worked:.2f} s of a core)  {total:,} pairs of identity and store, "
        f"peak {_peak():.0f} MB", flush=True,
    )  # fmt: skip
    return seconds


def _openings(estate: Estate) -> float:
    """Every unwanted cause as an opening, in a tenant where the scenario approves nobody: far more than any real one."""
    started, worked = time.perf_counter(), time.process_time()
    engine = Engine(estate)
    origins.derive(engine)
    grants.derive(engine)
    openings.derive(engine, Acting(engine, credentials.find(estate)), Approval(engine))
    seconds = time.perf_counter() - started
    print(
        f"openings of them    {seconds:7.2f} s  ({time.process_time() - worked:.2f} s of a core)  {estate.count('opening'):,} openings, peak {_peak():.0f} MB",
        flush=True,
    )
    return seconds


def _networkx(estate: Estate, size: int, ours: float) -> None:
    """What the same question costs by a search from each principal: straight reach along all edges, rights left aside."""
    graph = view(estate, ["member-of", "granted", "at-scope", "contains"])
    principals = random.Random(1).sample(list(estate.nodes("identity")), _SAMPLE)
    started = time.perf_counter()
    for principal in principals:
        nx.descendants(graph, principal)
    each = (time.perf_counter() - started) / _SAMPLE
    print(
        f"nx.descendants      {each * size:7.0f} s  for all, from {_SAMPLE} of them: {each * size / ours:,.0f} times straight reach"
    )


def make(size: int) -> Estate:
    """Users and managed identities, nested groups, management groups down to stores, workspaces whose computes have
    identities, and virtual machines that have some too.
    """
    dice = random.Random(size)
    estate = Estate()
    root = estate.add("tenant", "/", "root")
    for stage in ("development", "test", "production"):
        estate.add("environment", f"environment:{stage}", stage)
    above: list[int] = []
    for n in range(max(2, size // 20_000)):
        node = estate.add("management-group", f"/providers/microsoft.management/managementgroups/mg{n}", f"mg{n}")
        estate.connect(root if n < 2 else dice.choice(above), "contains", node)
        above.append(node)
    subscriptions = []
    for n in range(max(2, size // 4_000)):
        node = estate.add("subscription", f"/subscriptions/s{n}", f"s{n}")
        estate.connect(dice.choice(above), "contains", node)
        subscriptions.append(node)
    groups: list[int] = []
    stores: list[int] = []
    identities: list[int] = []
    for n in range(max(1, size // _STORES_IN_GROUP)):
        subscription = subscriptions[n % len(subscriptions)]
        key = f"{estate.key(subscription)}/resourcegroups/rg{n}"
        group = estate.add("resource-group", key, f"rg{n}")
        estate.connect(subscription, "contains", group)
        groups.append(group)
        _fill(estate, group, key, n, stores, identities)
    people = [estate.add("user", f"user-{n}", f"user {n}") for n in range(max(10, size - len(identities)))]
    for node in (*people, *identities):
        estate.set(node, "break-glass", False)
    nested = _groups(estate, size // 10, people, identities, dice)
    _assign(estate, size, dice, (nested, identities, people), (groups, stores, subscriptions, above))
    return estate


def _fill(estate: Estate, group: int, key: str, n: int, stores: list[int], identities: list[int]) -> None:
    environment = ("development", "test", "production")[n % 3]
    for m in range(_STORES_IN_GROUP):
        store = estate.add(
            "storage-account", f"{key}/providers/microsoft.storage/storageaccounts/st{n}x{m}", f"st{n}x{m}"
        )
        estate.connect(group, "contains", store)
        estate.write(store, (
            ("environment", environment), ("stage", environment), ("data-classes", frozenset({"customer"})), ("holds-guarded-data", True),
            ("shared-key-access", m % 2 == 0), ("public-blobs", False), ("sftp", False), ("referenced", True),
        ))  # fmt: skip
        stores.append(store)
    workspace = estate.add("workspace", f"{key}/providers/microsoft.machinelearningservices/workspaces/w{n}", f"w{n}")
    estate.connect(group, "contains", workspace)
    estate.set(workspace, "environment", environment)
    for m in range(4):
        arm = (
            f"{estate.key(workspace)}/computes/c{m}"
            if m < 3
            else f"{key}/providers/microsoft.compute/virtualmachines/v{n}"
        )
        host = estate.add("compute" if m < 3 else "resource", arm, f"host {n}-{m}")
        estate.connect(workspace if m < 3 else group, "contains", host)
        estate.write(host, (("environment", environment), ("type", arm)))
        identity = estate.add("managed-identity", f"identity-{n}-{m}", f"identity {n}-{m}")
        estate.set(identity, "host", arm)
        estate.set(identity, "user-assigned", False)
        estate.connect(host, "has-identity", identity)
        identities.append(identity)


def _groups(estate: Estate, count: int, people: list[int], identities: list[int], dice: random.Random) -> list[int]:
    found: list[int] = []
    for n in range(max(2, count)):
        group = estate.add("group", f"group-{n}", f"group {n}")
        for _ in range(8):
            estate.connect(dice.choice(people), "member-of", group)
        if n % 50 == 0:
            estate.connect(dice.choice(identities), "member-of", group)
        if n:  # a tree of groups, eight to each, five deep; now and then a circle
            estate.connect(group, "member-of", found[n // 8])
            if n % 500 == 0:
                estate.connect(found[n // 8], "member-of", group)
        found.append(group)
    return found


def _assign(
    estate: Estate, count: int, dice: random.Random, who: tuple[list[int], ...], where: tuple[list[int], ...]
) -> None:
    roles = []
    for name, (_, block) in _ROLES.items():
        role = estate.add("role", name, name)
        estate.set(role, "permissions", (block,))
        roles.append(role)
    weights = [weight for weight, _ in _ROLES.values()]
    nested, identities, people = who
    groups, stores, subscriptions, above = where
    for n in range(count):
        principal = dice.choice(dice.choices((nested, identities, people), (60, 25, 15))[0])
        scope = dice.choice(dice.choices((groups, stores, subscriptions, above), (870, 120, 9, 1))[0])
        role = dice.choices(roles, weights)[0]
        grant = estate.add("grant", f"grant:{n}", f"grant {n}")
        estate.set(grant, "mark", "standing")
        estate.set(grant, "condition", None)
        estate.connect(principal, "granted", grant)
        estate.connect(grant, "of-role", role)
        estate.connect(grant, "at-scope", scope)


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main(sys.argv[1:])
