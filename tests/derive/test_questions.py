"""Questions about access on generated worlds: routes hold, answers agree with openings, and the cut is as small as brute force finds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import combinations, pairwise

from hypothesis import HealthCheck, assume, given, settings

from scanner.derive import access
from scanner.derive.access.choke import choke
from scanner.derive.access.compare import compare, places
from scanner.derive.access.questions import Questions
from tests.spec.access import World
from tests.spec.estates import estate_of
from tests.spec.worlds import ACCOUNTS
from tests.spec.worlds import plain_worlds as worlds

_SETTINGS = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
_BOTH = ("read", "write")


def _questions(world: World, switched_off: Iterable[str] = ()) -> Questions:
    estate = estate_of(world)
    for key in switched_off:
        node = estate.node(key)
        assert node is not None
        estate.set(node, "shared-key-access", False)
    return Questions(access.derive(estate))


def _without(world: World, causes: Iterable[str]) -> Questions:
    """The world with some causes gone, as `choke` names them."""
    keys, off = set(causes), []
    assignments = tuple(a for a in world.assignments if a.key not in keys)
    members = {
        group: frozenset(m for m in inside if f"membership:{m}|{group}" not in keys) for group, inside in world.members.items()
    }  # fmt: skip
    off = [key.removeprefix("setting:").partition("|")[0] for key in keys if key.startswith("setting:")]
    return _questions(replace(world, assignments=assignments, members=members), off)


def _clean(asked: Questions) -> bool:
    found = asked.into(asked.stores(None), "read") + asked.into(asked.stores(None), "write")
    return not any(way.state == "unwanted" for f in found for way in f.ways)


@_SETTINGS
@given(worlds())
def test_the_smallest_cut_of_a_world_is_as_small_as_brute_force_finds(world: World) -> None:
    found = choke(_questions(world), None)
    assert found.at_least == len(found.causes) and not found.beyond
    assert _clean(_without(world, [c.cause for c in found.causes]))
    causes = [a.key for a in world.assignments]
    causes += [f"membership:{m}|{group}" for group, inside in world.members.items() for m in sorted(inside)]
    causes += [f"setting:{key}|shared-key-access" for key in ACCOUNTS]
    if found.causes and len(found.causes) <= 3:
        assert not any(_clean(_without(world, some)) for some in combinations(causes, len(found.causes) - 1))


@_SETTINGS
@given(worlds())
def test_everybody_has_a_route_over_the_cause_that_lets_them_in(world: World) -> None:
    """The steps and the sets are two views of the same entries."""
    asked = _questions(world)
    for how in _BOTH:
        for f in asked.into(asked.stores(None), how):
            known = set(f.routes.links)
            for way in f.ways:
                for person in way.who:
                    route = f.routes.route(person, way.cause)
                    assert route and set(route) <= known and any(link.cause == way.cause for link in route)
                    assert (route[0].source, route[-1].target) == (person, f.end)
                    assert all(a.target == b.source for a, b in pairwise(route))


@_SETTINGS
@given(worlds(), worlds())
def test_a_difference_is_what_two_answers_differ_in(before: World, after: World) -> None:
    old, new = _questions(before), _questions(after)
    found = compare(old, new, places(old, None, _BOTH))
    for changes, here, there in ((found.gained, new, old), (found.lost, old, new)):
        told = {(ref.key, how, node.key) for c in changes for ref in c.who for how, node in c.reach}
        assert told == _reach(here) - _reach(there)
        assert all(c.words and c.what for c in changes)


def _reach(asked: Questions) -> set[tuple[str, str, str]]:
    estate = asked.estate
    return {
        (estate.key(person), how, estate.key(node))
        for how in _BOTH for f in asked.into(asked.stores(None), how) for way in f.ways for person in way.who for node in f.shown
    }  # fmt: skip


@_SETTINGS
@given(worlds())
def test_the_change_that_is_named_is_the_assignment_that_went(world: World) -> None:
    assume(world.assignments)
    gone = world.assignments[0]
    old = _questions(world)
    new = _without(world, [gone.key])
    found = compare(old, new, places(old, None, _BOTH))
    assert not found.gained
    assert {(c.what, c.words) for c in found.lost} <= {("assignment", f"{gone.role} for {gone.principal}")}
