"""Quota against its plain specification: the arithmetic on ranges, and what derivation says of whole estates."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.derive import capacity
from scanner.derive.quota import measures
from scanner.derive.quota.measures import Range
from scanner.graph.estate import UNSET, Estate
from tests.spec import quota as spec

_AMOUNT = st.integers(0, 12)
_ENDS = st.tuples(_AMOUNT, _AMOUNT).map(lambda pair: (min(pair), max(pair)))
_CAPS = st.lists(st.none() | _AMOUNT, max_size=4)


def _range(ends: tuple[int, int]) -> Range:
    return Range(*map(float, ends))


@given(_ENDS, _AMOUNT)
def test_a_comparison_is_said_only_when_every_value_gives_the_same(ends: tuple[int, int], wanted: int) -> None:
    answer = spec.enough(ends, wanted)
    assert measures.at_least(_range(ends), wanted) is answer
    said = measures.settled(_range(ends), wanted)
    assert (said is None) is (answer is None)
    assert said is None or ((said >= wanted) is answer and ends[0] <= said <= ends[1])


@given(st.integers(0, 400), st.booleans())
def test_machines_are_never_one_too_many_or_too_few(instances: int, upgraded: bool) -> None:
    assert measures.machines(instances, upgraded=upgraded) == spec.machines(instances, upgraded)


@given(_AMOUNT, _ENDS, _ENDS)
def test_headroom_spans_what_may_be_left(limit: int, used: tuple[int, int], declared: tuple[int, int]) -> None:
    found = measures.headroom(limit, _range(used), _range(declared))
    shares = spec.left_of(limit, used, declared)
    assert (round(found.low, 9), round(found.high, 9)) == (round(float(min(shares)), 9), round(float(max(shares)), 9))


@given(_AMOUNT, _CAPS, _ENDS)
def test_production_keeps_its_part_only_when_it_does_whatever_it_wants(
    limit: int, caps: list[int | None], wanted: tuple[int, int]
) -> None:
    assert measures.reserved(limit, caps, _range(wanted)) is spec.reserved(limit, caps, wanted)
    assert measures.reserved(None, caps, _range(wanted)) is False


@given(
    st.dictionaries(
        st.sampled_from("abcd"), st.tuples(st.integers(0, 3), st.integers(0, 3)).map(sorted).map(tuple), max_size=4
    )
)
def test_what_the_loss_of_a_region_leaves_spans_every_case(granted: dict[str, tuple[int, int]]) -> None:
    found, largest = measures.without_largest({region: _range(ends) for region, ends in granted.items()})
    cases = [
        dict(zip(granted, amounts, strict=True))
        for amounts in product(*(tuple(spec.values(e)) for e in granted.values()))
    ]
    left = [spec.after_worst_loss(case) for case in cases]
    assert (found.low, found.high) == (min(left), max(left))
    assert (largest is None) is (not granted)


@given(st.dictionaries(st.sampled_from("abcd"), _AMOUNT))
def test_one_share_of_all_is_one_place_and_unlimited_is_no_number_to_divide_by(granted: dict[str, int]) -> None:
    whole = sum(granted.values())
    expected = Fraction(max(granted.values()), whole) if whole else Fraction(0)
    assert abs(measures.largest_share(granted) - float(expected)) < 1e-9
    assert measures.largest_share({**granted, "z": float("inf")}) == 1.0


@given(_ENDS, st.none() | _AMOUNT)
def test_a_share_is_a_part_of_the_whole(ends: tuple[int, int], cap: int | None) -> None:
    found = measures.share(cap, ends[1])
    assert 0.0 <= found <= 1.0
    assert (
        found == 1.0 if cap is None or ends[1] <= cap else found * ends[1] == cap or abs(found * ends[1] - cap) < 1e-9
    )


def test_two_unlimited_regions_carry_one_another() -> None:
    endless = Range(float("inf"), float("inf"))
    assert measures.without_largest({"a": endless, "b": endless})[0] == endless
    assert measures.without_largest({"a": endless, "b": measures.exactly(8)})[0] == measures.exactly(8)


@dataclass(frozen=True)
class _Workspace:
    stage: str
    nodes: int | None  # None: nobody could read how many
    instances: int
    cap: int | None
    used: int


_WORKSPACES = st.lists(
    st.builds(_Workspace, st.sampled_from(["development", "production"]), st.none() | st.integers(0, 5), st.integers(0, 5),
              st.none() | st.integers(0, 40), st.integers(0, 8)), min_size=1, max_size=4,
)  # fmt: skip
_CORES = 4


def _estate(limit: int | None, workspaces: list[_Workspace], wanted: float) -> tuple[Estate, int]:
    estate = Estate()
    scenario = estate.add("scenario", "scenario:s", "s")
    estate.set(scenario, "fair-share", 0.5)
    region = estate.add("region", "westeurope", "westeurope")
    estate.set(region, "vm-sizes", {"size": ("dsv2", _CORES)})
    pool = estate.add("quota-pool", "pool:ml|/s|westeurope|dsv2", "DSv2")
    facts = {
        "system": "ml", "family": "dsv2", "region": "westeurope", "subscription": "/s", "limit": limit, "used": sum(w.used for w in workspaces),
        "workspace-use": {f"/w{n}": w.used for n, w in enumerate(workspaces)}, "headroom-wanted": wanted,
        "workspace-caps": {f"/w{n}": w.cap for n, w in enumerate(workspaces) if w.cap is not None}, "special": False,
    }  # fmt: skip
    for name, value in facts.items():
        estate.set(pool, name, value)
    for number, w in enumerate(workspaces):
        workspace = estate.add("workspace", f"/w{number}", f"w{number}")
        compute = estate.add("compute", f"/w{number}/c", f"c{number}")
        endpoint, deployment = (
            estate.add("online-endpoint", f"/w{number}/e"),
            estate.add("online-deployment", f"/w{number}/d"),
        )
        for source, edge, target in (
            (workspace, "has-compute", compute), (workspace, "has-endpoint", endpoint), (endpoint, "has-deployment", deployment),
        ):  # fmt: skip
            estate.connect(source, edge, target)
        for node in (workspace, compute, deployment):
            for name, value in {"subscription": "/s", "region": "westeurope", "stage": w.stage}.items():
                estate.set(node, name, value)
        estate.set(compute, "vm-size", "size")
        estate.set(compute, "max-nodes", UNSET if w.nodes is None else w.nodes)
        estate.set(deployment, "instance-type", "size")
        estate.set(deployment, "instances", w.instances)
    capacity.derive(estate)
    return estate, pool


def _most(w: _Workspace, unread: int) -> int:
    return _CORES * ((unread if w.nodes is None else w.nodes) + spec.machines(w.instances, upgraded=True))


@settings(max_examples=150)
@given(st.integers(0, 120), _WORKSPACES, st.sampled_from([0.0, 0.2, 0.5]))
def test_a_pool_says_what_its_workspaces_add_up_to(limit: int, workspaces: list[_Workspace], wanted: float) -> None:
    estate, pool = _estate(limit, workspaces, wanted)
    unread = any(w.nodes is None for w in workspaces)
    least = sum(_most(w, 0) for w in workspaces)
    if not unread:
        assert estate.get(pool, "declared") == least
    elif least <= limit:
        assert estate.get(pool, "declared") is UNSET
    assert estate.get(pool, "caps") == sum(w.cap or 0 for w in workspaces)
    used = sum(w.used for w in workspaces)
    left = min(spec.left_of(limit, (used, used), (least, least)))
    enough = left >= Fraction(wanted).limit_denominator(100)
    found = estate.get(pool, "headroom")
    if not unread:
        assert found == round(float(left), 4)
    else:  # never that enough is left, always that too little is
        assert found is UNSET if enough else found < wanted


@settings(max_examples=150)
@given(st.integers(0, 120), _WORKSPACES)
def test_a_pool_is_reserved_when_production_fits_whatever_it_asks_for(limit: int, workspaces: list[_Workspace]) -> None:
    estate, pool = _estate(limit, workspaces, 0.0)
    caps = [w.cap for w in workspaces if w.stage != "production"]
    production = [w for w in workspaces if w.stage == "production"]
    low, high = (sum(_most(w, unread) for w in production) for unread in (0, 200))
    cases = {spec.reserved(limit, caps, (amount, amount)) for amount in (low, high)}
    found = estate.get(pool, "reserved-for-production")
    assert found is (cases.pop() if len(cases) == 1 else UNSET)
