"""Quota pools: limits and use of a VM family or a model in one region of one subscription.

One ML usage answer mixes region totals, families, shares of workspaces and single clusters; only family rows are pools, and
the share rows say what each workspace uses. Adding all rows would count the same cores three times.
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from scanner import ids
from scanner.graph.build import shapes
from scanner.graph.build.context import Context, known


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
    if "/usages/" not in path or "/computes/" in path or not name:
        return
    pool = _pool(context, "ml", of, ids.fold_family(name), name)
    estate = context.estate
    used = known(body.current_value, 0)
    workspace = path.partition("/usages/")[0]
    if "/workspaces/" in workspace:
        estate.get(pool, "workspace-use")[workspace] = used or 0
        return
    estate.set(pool, "used", used)
    estate.set(pool, "limit", _limit(body))


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
    _, name = _told(context, kind, body, of)
    if not name or not name.lower().startswith("openai.") or name.lower().endswith("accountcount"):
        return
    pool = _pool(context, "model", of, name.lower(), name)
    context.estate.set(pool, "used", known(body.current_value, 0))
    context.estate.set(pool, "limit", _limit(body))


def _told(context: Context, kind: str, body: shapes.Usage, of: str) -> tuple[str, str]:
    """The folded path and the name of a row. One with an odd field makes the whole list of its location doubtful."""
    if context.odd:
        context.misread.append((kind, of))
    label = known(body.name)
    return ids.fold(known(body.id) or ""), (known(label.value) if label else None) or ""


def _limit(body: shapes.Usage) -> Any:
    """Units; None when unlimited, UNSET when the row does not say."""
    limit = known(body.limit)
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
                             "workspace-use": {}, "workspace-caps": {}}  # fmt: skip
    for attribute, value in facts.items():
        estate.set(node, attribute, value)
    estate.connect(node, "measured-in", context.region(region))
    return node


STEPS = (
    ("vm-size", shapes.VmSize, _vm_size),
    ("ml-usage", shapes.Usage, _ml_usage),
    ("ml-quota", shapes.Usage, _ml_quota),
    ("model-usage", shapes.Usage, _model_usage),
)
