"""Quota pools: limits and use of a VM family, a model or a countable thing in one region of one subscription.

Azure keeps four systems apart: ML compute, virtual machines, models, and counts. One ML usage answer mixes region totals,
families, shares of workspaces and single clusters; totals and families are pools of their own, and the share rows say what
each workspace uses. Adding all rows would count the same cores three times.
"""

from __future__ import annotations

import re
from typing import Any

from msgspec import UNSET

from scanner import ids
from scanner.graph.build import shapes
from scanner.graph.build.context import Context, known

TOTAL = "totalregional"  # the cores of all dedicated families of a region together
LOW_PRIORITY = "totallowpriorityregional"  # one number for all families: their own rows have no limit
# Documented, and no API tells them: endpoints of both kinds, and the deployments behind them, of a region and subscription.
_COUNTED = {"endpoints": 100, "deployments": 500}
# GPUs and high performance begin at nothing in every offer; families of those series are the only ones whose names begin so.
_SPECIAL = re.compile(r"n[cdgpv]|h[bcx]")
_VM_TOTALS = {"cores": TOTAL, "lowprioritycores": LOW_PRIORITY}


def pool_key(system: str, of: str, family: str) -> str:
    """`pool:<system>|<folded subscription>|<region>|<family>`; `of` is `/subscriptions/S/locations/L`."""
    return f"pool:{system}|{ids.subscription_of(of)}|{ids.last(of)}|{family}"


def _vm_size(context: Context, kind: str, body: shapes.VmSize, of: str, raw: bytes) -> None:
    """Sizes, their family and cores, kept at the region."""
    if context.odd:
        context.misread.append((kind, of))
        return
    region = context.region(ids.last(of))
    sizes = context.estate.get(region, "vm-sizes")
    if sizes is UNSET:
        sizes = {}
        context.estate.set(region, "vm-sizes", sizes)
    family, cores = known(body.family), known(body.v_cpus)
    if family and isinstance(cores, int | float):
        sizes[body.name.lower()] = (ids.fold_family(family), int(cores))


def _ml_usage(context: Context, kind: str, body: shapes.Usage, of: str, raw: bytes) -> None:
    path, name = _told(context, kind, body, of)
    if "/computes/" in path or not name:
        return
    if "/usages/" not in path:
        _regional(context, kind, body, of, name)
        return
    workspace = path.partition("/usages/")[0]
    if "/workspaces/" not in workspace:
        _row(context, kind, "ml", body, of, ids.fold_family(name), name)
        return
    pool = _pool(context, "ml", of, ids.fold_family(name), name)
    context.estate.get(pool, "workspace-use")[workspace] = known(body.current_value, 0) or 0


def _regional(context: Context, kind: str, body: shapes.Usage, of: str, name: str) -> None:
    """What holds for a whole region: the number of compute resources, and the cores of all families together."""
    family = ids.fold_family(name)
    if name.lower() == "clusters":
        _row(context, kind, "count", body, of, "compute-resources", "compute resources")
    elif family in (TOTAL, LOW_PRIORITY):
        _row(context, kind, "ml", body, of, family, name)


def _ml_quota(context: Context, kind: str, body: shapes.Usage, of: str, raw: bytes) -> None:
    """Caps of workspaces; a workspace without a row has none."""
    path, name = _told(context, kind, body, of)
    workspace, _, family = path.partition("/quotas/")
    name = name or family
    if "/workspaces/" not in workspace or not name:
        return
    pool = _pool(context, "ml", of, ids.fold_family(name), name)
    limit = _limit(body)
    if isinstance(limit, int | float):
        context.estate.get(pool, "workspace-caps")[workspace] = limit


def _model_usage(context: Context, kind: str, body: shapes.Usage, of: str, raw: bytes) -> None:
    """`OpenAI.<sku>.<model>`; provisioned units are one pool for all models, and accounts are counted."""
    _, name = _told(context, kind, body, of)
    folded = name.lower()
    if not folded.startswith("openai."):
        return
    if folded.endswith("accountcount"):
        _row(context, kind, "count", body, of, "model-accounts", "model accounts")
        return
    node = _row(context, kind, "model", body, of, folded, name)
    _, sku, model = (*folded.split(".", 2), None)[:3]
    context.estate.set(node, "sku", sku)
    context.estate.set(node, "model", model)


def _vm_usage(context: Context, kind: str, body: shapes.Usage, of: str, raw: bytes) -> None:
    """Families and totals of virtual machines; availability sets, disks and the like are not ours."""
    _, name = _told(context, kind, body, of)
    folded = name.lower()
    if folded in _VM_TOTALS:
        _row(context, kind, "vm", body, of, _VM_TOTALS[folded], f"{name} of virtual machines")
    elif folded.endswith("family"):
        _row(context, kind, "vm", body, of, ids.fold_family(name), f"{name} of virtual machines")


def _row(context: Context, kind: str, system: str, body: shapes.Usage, of: str, family: str, name: str) -> int:
    """A pool with what its row says of use and limit; a row without a limit leaves its list in doubt."""
    pool = _pool(context, system, of, family, name)
    context.estate.set(pool, "used", known(body.current_value, 0))
    limit = _limit(body)
    context.estate.set(pool, "limit", limit)
    if limit is UNSET and not context.odd:
        context.misread.append((kind, of))
    return pool


def _told(context: Context, kind: str, body: shapes.Usage, of: str) -> tuple[str, str]:
    """The folded path and the name of a row. One with an odd field makes the whole list of its location doubtful."""
    if context.odd:
        context.misread.append((kind, of))
    label = known(body.name)
    return ids.fold(known(body.id) or ""), (known(label.value) if label else None) or ""


def _limit(body: shapes.Usage) -> Any:
    """Units; None when unlimited, UNSET when the row does not say."""
    limit = known(body.limit, UNSET)
    return None if isinstance(limit, int | float) and limit < 0 else limit


def _pool(context: Context, system: str, of: str, family: str, name: str) -> int:
    estate = context.estate
    key = pool_key(system, of, family)
    node = estate.node(key)
    if node is not None:
        return node
    region = ids.last(of)
    subscription = ids.subscription_of(of)
    holder = estate.node(subscription or "")
    where = estate.name(holder) if holder is not None else ids.last(subscription or "")
    node = estate.add("quota-pool", key, f"{name.replace(' Cluster Dedicated vCPUs', '')} in {region} of {where}")
    facts: dict[str, Any] = {"system": system, "family": family, "region": region, "subscription": subscription,
                             "workspace-use": {}, "workspace-caps": {}, "sku": None, "model": None,
                             "special": system == "ml" and _SPECIAL.match(family) is not None}  # fmt: skip
    for attribute, value in facts.items():
        estate.set(node, attribute, value)
    estate.connect(node, "measured-in", context.region(region))
    return node


def resolve(context: Context) -> None:
    """Counts what no API counts, wherever machine learning is; and says where quota was asked for."""
    estate = context.estate
    _asked(context)
    found: dict[tuple[str, str, str], int] = {}
    for kind, what in (("workspace", ""), ("endpoint", "endpoints"), ("deployment", "deployments")):
        for node in estate.nodes(kind):
            subscription, region = estate.get(node, "subscription"), _region_of(context, node)
            if isinstance(subscription, str) and isinstance(region, str):
                for counted in _COUNTED:
                    key = (subscription, region, counted)
                    found[key] = found.get(key, 0) + (counted == what)
    for (subscription, region, counted), number in sorted(found.items()):
        pool = _pool(context, "count", f"{subscription}/locations/{region}", counted, counted)
        estate.set(pool, "used", number)
        estate.set(pool, "limit", _COUNTED[counted])


def _asked(context: Context) -> None:
    """What the ledger says of each subscription; one that tells of no quota at all says nothing."""
    estate = context.estate
    asked: dict[str, set[str]] = {}
    for entry in context.snapshot.coverage:
        if entry.kind == "ml-usage":
            asked.setdefault(ids.subscription_of(entry.scope) or "", set()).add(ids.last(entry.scope))
    for subscription in estate.nodes("subscription") if asked else ():
        estate.set(subscription, "quota-asked-in", frozenset(asked.get(estate.key(subscription), ())))


def _region_of(context: Context, node: int) -> Any:
    """Its own region, else that of the workspace it is in."""
    estate = context.estate
    at: int | None = node
    while at is not None and not isinstance(estate.get(at, "region"), str):
        at = estate.first(at, "contained-in")
    return estate.get(at, "region") if at is not None else UNSET


STEPS = (
    ("vm-size", shapes.VmSize, _vm_size),
    ("ml-usage", shapes.Usage, _ml_usage),
    ("ml-quota", shapes.Usage, _ml_quota),
    ("model-usage", shapes.Usage, _model_usage),
    ("vm-usage", shapes.Usage, _vm_usage),
)
