"""What is referred to and not there any more, as against what nobody could see: only lists that were read say so."""

from __future__ import annotations

from collections.abc import Mapping

from scanner import ids
from scanner.findings import Gap
from scanner.graph.build.context import Context
from scanner.graph.records import BY_ARM_TYPE

_REFERENCES = ("stored-in", "depends-on", "attached-to", "connects-to", "reaches-out-to")


def resolve(context: Context) -> None:
    """Writes `gone` on what workspaces refer to and was not found, and on user-assigned identities without a resource; `read-whole` on the tenant."""
    estate = context.estate
    manifest = context.snapshot.manifest
    whole = not manifest.scope and not manifest.exclude
    for tenant in estate.nodes("tenant"):
        estate.set(tenant, "read-whole", whole)
    unread: dict[str, list[int]] = {}
    for index, gap in enumerate(estate.gaps):
        if gap.reason != "not visible":
            unread.setdefault(gap.kind, []).append(index)
    for node in dict.fromkeys(target for edge in _REFERENCES for _, target in estate.pairs(edge)):
        if estate.kind(node) == "missing":
            _judge(context, node, estate.key(node), unread)
    for identity in estate.nodes("managed-identity"):
        host = estate.get(identity, "host")
        found = estate.node(host) if isinstance(host, str) else None
        if estate.get(identity, "user-assigned") is not True or (found is not None and estate.kind(found) != "missing"):
            estate.set(identity, "gone", False)
        elif isinstance(host, str):
            _judge(context, identity, host, unread)


def _judge(context: Context, node: int, key: str, unread: Mapping[str, list[int]]) -> None:
    estate = context.estate
    if not key.startswith("/subscriptions/"):
        if not estate.gaps_at(node, "*"):
            estate.set(node, "gone", False)  # a place on the web, a principal: nothing that ARM lists
        return
    gaps = [*estate.gaps_at(node, "*"), *_doubts(context, key, unread)]
    holder = estate.node(ids.subscription_of(key) or "")
    seen = holder is not None and estate.kind(holder) == "subscription"
    if seen and not gaps and _listed(context, key):
        estate.set(node, "gone", True)
        return
    if not gaps:
        record = BY_ARM_TYPE.get(ids.resource_type(key))
        detail = "it lies outside what was read"
        gaps = [
            estate.add_gap(
                Gap(
                    record.name if record else "resource",
                    key,
                    record.permission if record else "",
                    "not visible",
                    detail,
                )
            )
        ]
    for gap in gaps:
        estate.mark_gap(node, "gone", gap)


def _kinds(key: str) -> tuple[str, ...]:
    record = BY_ARM_TYPE.get(ids.resource_type(key))
    return (record.name,) if record else ("resource",)


def _doubts(context: Context, key: str, unread: Mapping[str, list[int]]) -> list[int]:
    """Gaps of the lists it would be in."""
    gaps = context.estate.gaps
    return [
        index for kind in (*_kinds(key), "subscription", "resource-group") for index in unread.get(kind, ())
        if gaps[index].scope == "tenant" or ids.contains(gaps[index].scope, key)
    ]  # fmt: skip


def _listed(context: Context, key: str) -> bool:
    """Whether resources of its type are listed at all, and were listed where it would be."""
    arm_type = ids.resource_type(key)
    if arm_type not in BY_ARM_TYPE and arm_type.count("/") != 1:
        return False
    manifest = context.snapshot.manifest
    group = context.estate.node(ids.resource_group_of(key) or "")
    if manifest.exclude and (group is None or context.estate.kind(group) != "resource-group"):
        return False  # its group may be one that was left out
    if not manifest.scope:
        return True
    kinds = _kinds(key)
    return any(
        c.kind in kinds and c.outcome == "complete" and ids.contains(c.scope, key) for c in context.snapshot.coverage
    )
