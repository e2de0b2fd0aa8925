"""What is asked of membership over time: access reviews of groups, and what PIM for groups demands of who activates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from msgspec import UNSET

from scanner import ids
from scanner.graph.build import shapes_access
from scanner.graph.build.context import Context, known, lower
from scanner.graph.build.settings import ACTIVATION, demands

_GROUP = re.compile(r"/groups/([0-9a-f]{8}-[0-9a-f-]{27})(?![0-9a-f-])", re.IGNORECASE)
_GUESTS = re.compile(r"usertype\s+eq\s+'guest'", re.IGNORECASE)  # a review of guests alone goes through nobody else
_UNDER_WAY = {"notstarted", "starting", "inprogress", "autoreviewing", "autoreviewed", "completing", "applying", "initializing"}  # fmt: skip
_DAYS = {"daily": 1.0, "weekly": 7.0, "absolutemonthly": 30.0, "relativemonthly": 30.0, "absoluteyearly": 365.0, "relativeyearly": 365.0}  # fmt: skip
_LIST = "access-review"
_POLICIES = "group-activation-policy"


def _review(context: Context, kind: str, body: shapes_access.Review, of: str, raw: bytes) -> None:
    """A review that comes again goes through its groups; one that was held once says nothing of tomorrow."""
    if context.odd:
        context.misread.append((kind, "tenant"))
        return
    texts = [*_texts(known(body.scope)), *_texts(known(body.instance_enumeration_scope))]
    days = _every(context, body)
    if days is None or any(_GUESTS.search(text) for text in texts):
        return
    found = context.workloads.reviews
    for text in texts:
        for group in _GROUP.findall(text):
            found[group.lower()] = min(days, found.get(group.lower(), days))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(inner)


def _every(context: Context, body: shapes_access.Review) -> float | None:
    """Days between two reviews; None when there is no next one."""
    settings = known(body.settings)
    recurrence = known(settings.recurrence) if settings else None
    pattern, within = (known(recurrence.pattern), known(recurrence.range)) if recurrence else (None, None)
    if not pattern or lower(known(body.status)) not in _UNDER_WAY:
        return None
    end = known(within.end_date) if within and lower(known(within.type)) == "enddate" else None
    if isinstance(end, str) and end[:10] < context.snapshot.manifest.started[:10]:
        return None
    each, interval = _DAYS.get(str(lower(known(pattern.type)))), known(pattern.interval, 1)
    return each * interval if each and isinstance(interval, int | float) and interval > 0 else None


def _policy(context: Context, kind: str, body: shapes_access.GroupPolicy, of: str, raw: bytes) -> None:
    """Rules of membership count; who activates ownership may add members, which PIM's eligibility says already."""
    if context.odd:
        context.misread.append((kind, of.lower()))
        return
    policy = known(body.policy)
    if policy and lower(known(body.role_definition_id)) == "member":
        group = context.estate.add("group", body.scope_id.lower())
        context.estate.set(group, "activation-read", True)
        context.estate.write(group, demands(known(policy.rules, [])))


def resolve(context: Context) -> None:
    """How often each group is gone through, where reviews were listed, and of whom no rules of activation came."""
    estate, found = context.estate, context.workloads.reviews
    listed = bool(found) or any(entry.kind == _LIST for entry in context.snapshot.coverage)
    for group in estate.nodes("group"):
        if listed:
            estate.set(group, "review-days", found.get(estate.key(group)))
        if estate.get(group, "activation-read") is UNSET and estate.get(group, "under-pim") is True:
            estate.set(group, "activation-read", False)


def doubt(context: Context, kind: str, scope: str, gap: int) -> None:
    estate = context.estate
    if kind == _LIST:
        tenant = estate.node(ids.ROOT_SCOPE)
        if tenant is not None:
            estate.mark_gap(tenant, "review-days", gap)
        for group in estate.nodes("group"):
            if estate.get(group, "review-days") is None:
                estate.set(group, "review-days", UNSET)
    elif kind == _POLICIES:
        of = estate.node(scope)
        for node in (of,) if of is not None else ():
            for attribute in ("activation-read", *ACTIVATION):
                estate.set(node, attribute, UNSET)
                estate.mark_gap(node, attribute, gap)


STEPS = (
    (_LIST, shapes_access.Review, _review),
    (_POLICIES, shapes_access.GroupPolicy, _policy),
)
