"""Tenant, management groups, subscriptions, resource groups: the tree of scopes."""

from __future__ import annotations

from msgspec import UNSET

from scanner import ids
from scanner.graph.build import shapes
from scanner.graph.build.context import Context, folded, known, lower


def _tenant(context: Context, kind: str, body: shapes.Tenant, of: str, raw: bytes) -> None:
    context.tenant = context.estate.add(
        "tenant", ids.ROOT_SCOPE, known(body.display_name) or body.tenant_id, body.tenant_id
    )


def _management_group(
    context: Context, kind: str, body: shapes.Arm[shapes.ManagementGroupProperties], of: str, raw: bytes
) -> None:
    estate = context.estate
    node = estate.add("management-group", ids.fold(body.id), original=body.id)
    properties = body.properties
    name = known(properties.display_name) if properties is not UNSET else None
    estate.set(node, "name", name or known(body.name) or ids.last(body.id))
    details = known(properties.details) if properties is not UNSET else None
    parent = known(details.parent) if details else None
    above = context.refer(known(parent.id)) if parent else None
    if context.odd:
        context.doubt(kind, node, ("contained-in",), detail="its parent has a shape nobody expected")
    _below(context, node, above)


def _subscription(context: Context, kind: str, body: shapes.Subscription, of: str, raw: bytes) -> None:
    estate = context.estate
    key = ids.fold(body.id)
    node = estate.add("subscription", key, known(body.display_name) or ids.last(body.id), body.id)
    estate.set(node, "type", "microsoft.resources/subscriptions")
    estate.set(node, "tags", context.shared_tags(body.tags if body.tags is not UNSET else None))
    estate.set(node, "state", lower(known(body.state)))
    estate.set(node, "subscription", key)
    _below(context, node, context.refer(of))


def _resource_group(context: Context, kind: str, body: shapes.Arm[shapes.Nothing], of: str, raw: bytes) -> None:
    estate = context.estate
    key = ids.fold(body.id)
    node = estate.add("resource-group", key, known(body.name) or ids.last(body.id), body.id)
    estate.set(node, "type", "microsoft.resources/subscriptions/resourcegroups")
    estate.set(node, "tags", context.shared_tags(body.tags if body.tags is not UNSET else None))
    estate.set(node, "subscription", ids.subscription_of(key))
    estate.set(node, "managed-by", folded(known(body.managed_by)))
    location = known(body.location)
    estate.set(node, "region", context.place_region(location)[1] if location is not UNSET else UNSET)
    _below(context, node, context.refer(ids.parent(key)))


def _below(context: Context, node: int, above: int | None) -> None:
    """Hangs a scope below another, or below the tenant when nothing is known to be above."""
    if above is None:
        if context.tenant < 0:
            context.tenant = context.estate.add("tenant", ids.ROOT_SCOPE, context.snapshot.manifest.tenant or "tenant")
        above = context.tenant
    context.estate.connect(above, "contains", node)


STEPS = (
    ("tenant", shapes.Tenant, _tenant),
    ("management-group", shapes.Arm[shapes.ManagementGroupProperties], _management_group),
    ("subscription", shapes.Subscription, _subscription),
    ("resource-group", shapes.Arm[shapes.Nothing], _resource_group),
)
