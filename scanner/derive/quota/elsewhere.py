"""Where else the same quota is: granted in one place and drawn on by nobody, while another place is short of it.

Places are the subscriptions in which machine learning is, in the regions they use and at the sites. What is granted to a
subscription with nothing of machine learning in it was granted to nobody's work here, and is left alone.
"""

from __future__ import annotations

from collections import defaultdict

from scanner import ids
from scanner.findings import Gap
from scanner.graph.estate import UNSET, Estate

_SYSTEMS = {"ml", "model"}  # of virtual machines, others than ours may have what they asked for


def derive(estate: Estate) -> None:
    """Writes `short` on pools, and what is spare of the same in other places on pools and needs."""
    spare: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    doubtful: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    pools = [pool for pool in estate.nodes("quota-pool") if pool not in estate.aside]
    for pool in pools:
        key = _key(estate, pool)
        if estate.get(pool, "system") not in _SYSTEMS or key is None:
            continue
        limit = estate.get(pool, "limit")
        if estate.get(pool, "in-use") is False and (limit is None or (limit is not UNSET and limit > 0)):
            found = doubtful if estate.gaps_at(pool, "drawn-on-by") else spare
            found[key].append(pool)
    unasked = _unasked(estate)
    for pool in pools:
        _short(estate, pool)
        key = _key(estate, pool)
        if key is not None and estate.get(pool, "system") in _SYSTEMS:
            _write(estate, pool, spare[key], doubtful[key], unasked)
        else:
            estate.set(pool, "spare-elsewhere", frozenset())  # what is short there, no other place can give
    for need in estate.nodes("quota-need"):
        key = (str(estate.get(need, "of")), str(estate.get(need, "family")))
        region = estate.get(need, "region")
        free, perhaps = (
            [pool for pool in among[key] if estate.get(pool, "region") != region] for among in (spare, doubtful)
        )
        there = [gap for gap in unasked if ids.last(estate.gaps[gap].scope) != region]
        _write(estate, need, free, perhaps, there)


def _unasked(estate: Estate) -> list[int]:
    """Gaps of sites where the quota of a subscription with machine learning was not asked for: the snapshot was taken without
    the scenario."""
    at_sites = {str(estate.get(site, "region")) for site in estate.nodes("site")}
    kinds = ("workspace", "compute", "model-account")
    ours = {
        estate.get(node, "subscription") for kind in kinds for node in estate.nodes(kind) if node not in estate.aside
    }
    found = []
    for subscription in estate.nodes("subscription"):
        asked, key = estate.get(subscription, "quota-asked-in"), estate.key(subscription)
        for region in sorted(at_sites - asked) if asked is not UNSET and key in ours else ():
            detail = f"its quota was not asked for: take the snapshot with `--region {region}` or with the scenario"
            found.append(estate.add_gap(Gap("ml-usage", f"{key}/locations/{region}", "", "not stated", detail)))
    return found


def _key(estate: Estate, pool: int) -> tuple[str, str] | None:
    """Family, or model whatever its type; totals and provisioned units are of no one thing."""
    system, family, model = (estate.get(pool, a) for a in ("system", "family", "model"))
    if system == "model":
        return ("model", model) if isinstance(model, str) else None
    return None if str(family).startswith("total") else ("family", str(family))


def _short(estate: Estate, pool: int) -> None:
    """Whether it has less than is wanted of it: full, declared beyond its limit, or below the headroom to be kept."""
    used, limit, declared, left, wanted = (
        estate.get(pool, a) for a in ("used", "limit", "declared", "headroom", "headroom-wanted")
    )
    if estate.get(pool, "in-use") is False or limit is None:
        estate.set(pool, "short", False)
        return
    numbers = (int, float)
    if isinstance(limit, numbers) and (
        (isinstance(used, numbers) and used >= limit)
        or (isinstance(declared, numbers) and declared > limit)
        or (isinstance(left, numbers) and isinstance(wanted, numbers) and left < wanted)
    ):
        estate.set(pool, "short", True)
    elif UNSET not in (used, limit, declared, left):
        estate.set(pool, "short", False)
    for gap in (*estate.gaps_at(pool, "drawn-on-by"), *estate.gaps_at(pool, "*")):
        estate.mark_gap(pool, "short", gap)


def _write(estate: Estate, node: int, spare: list[int], doubtful: list[int], unasked: list[int]) -> None:
    estate.set(node, "spare-elsewhere", frozenset(estate.name(pool) for pool in spare if pool != node))
    lists = {"ml-usage", "model-usage"}
    gaps = [gap for kind, gap in estate.unread if kind == "quota-pool" and estate.gaps[gap].kind in lists]
    gaps += [gap for pool in doubtful for gap in estate.gaps_at(pool, "drawn-on-by")]
    for gap in dict.fromkeys([*gaps, *unasked]):
        estate.mark_gap(node, "spare-elsewhere", gap)
