"""Three answers: what could not be read is unknown, never compliant; and the fast form agrees with the plain one."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.findings import Gap
from scanner.graph.estate import Estate
from scanner.policy import compile as compiled
from scanner.policy import shortcut
from scanner.policy.evaluate import evaluate
from scanner.policy.match import compare, glob, holds
from scanner.policy.model import ALWAYS, All, Any_, Comparison, Condition, Matcher, Not, Reference, Rule
from tests.support.scan import rules as all_rules

RULES = {rule.info.id: replace(rule, needs=(), patterns=()) for rule in all_rules()}


def _verdict(estate: Estate, rule: str) -> str:
    (result,) = evaluate(estate, [RULES[rule]], patterns=(), keys=())
    return result.verdict


def _claims(estate: Estate) -> tuple[int, int]:
    claims = estate.add("data-asset", "/claims", "claims")
    estate.set(claims, "regulated", True)
    estate.set(claims, "home-regions", frozenset({"westeurope"}))
    store = estate.add("storage-account", "/st", "st")
    estate.connect(claims, "stored-in", store)
    estate.connect(store, "located-in", estate.add("region", "westeurope", "westeurope"))
    return claims, store


def test_what_is_read_and_right_passes() -> None:
    estate = Estate()
    _claims(estate)
    assert _verdict(estate, "RES02") == "pass"


def test_a_gap_on_the_way_makes_a_pass_unknown() -> None:
    estate = Estate()
    _, store = _claims(estate)
    estate.mark_gap(store, "replicated-to", estate.add_gap(Gap("object-replication", "/st", "Some/read", "forbidden")))
    assert _verdict(estate, "RES02") == "unknown"


def test_a_gap_leaves_a_failure_a_failure() -> None:
    estate = Estate()
    _, store = _claims(estate)
    estate.connect(store, "located-in", estate.add("region", "eastus", "eastus"))
    estate.mark_gap(store, "replicated-to", estate.add_gap(Gap("object-replication", "/st", "Some/read", "forbidden")))
    assert _verdict(estate, "RES02") == "fail"


def test_a_missing_resource_is_unknown_and_does_not_vanish() -> None:
    estate = Estate()
    claims, _ = _claims(estate)
    estate.connect(claims, "stored-in", estate.add("missing", "/gone", "gone"))
    assert _verdict(estate, "RES02") == "unknown"


def test_an_unread_list_of_subjects_is_one_unknown_for_every_rule_on_them() -> None:
    estate = Estate()
    gap = estate.add_gap(
        Gap("workspace", "/subscriptions/s", "Microsoft.MachineLearningServices/workspaces/read", "forbidden")
    )
    estate.mark_unread("workspace", gap)
    results = evaluate(estate, [RULES["ACC13"], RULES["RES06"], RULES["QUO01"], RULES["GAP01"]], patterns=(), keys=())
    assert [r.verdict for r in results] == ["unknown", "unknown", "pass", "unknown"]
    (coverage,) = results[3].findings
    assert "grant Microsoft.MachineLearningServices/workspaces/read at /subscriptions/s" in coverage.message


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        (["workspace"], "the list of workspace in s could not be read"),
        (["compute"], "the list of compute in s could not be read"),
        (["serverless-endpoint"], "the list of serverless endpoint in s could not be read"),
        (["compute", "online-endpoint"], "the lists of compute and online endpoint in s could not be read"),
    ],
)
def test_what_it_says_was_not_read_is_the_list_that_was_not(kinds: list[str], said: str) -> None:
    """Lists of other things may show one more region."""
    estate = Estate()
    for kind in kinds:
        estate.mark_unread("region", estate.add_gap(Gap(kind, "/subscriptions/s", "Some/read", "forbidden")))
    (result,) = evaluate(estate, [RULES["RES33"]], patterns=(), keys=())
    (finding,) = result.findings
    assert (finding.message, finding.subject.name) == (said, "every region in s")


def test_an_unread_list_says_nothing_of_a_rule_that_leaves_its_type_out() -> None:
    estate = Estate()
    estate.mark_unread("workspace", estate.add_gap(Gap("workspace", "/subscriptions/s", "Some/read", "forbidden")))
    kind = Comparison("type", "equals", "microsoft.storage/storageaccounts")
    rule = replace(RULES["ACC13"], subject="arm-resource", where=kind)
    assert evaluate(estate, [rule], patterns=(), keys=())[0].verdict == "pass"
    for where in (
        ALWAYS,
        Not(kind),
        Comparison("name", "matches", "prod-*"),
        Comparison("stage", "equals", "production"),
    ):
        assert evaluate(estate, [replace(rule, where=where)], patterns=(), keys=())[0].verdict == "unknown"


@pytest.mark.parametrize(("duty", "verdict"), [("train", "unknown"), ("observe", "pass")])
def test_whoever_is_in_a_group_nobody_could_look_into_may_hold_the_other_duty_too(duty: str, verdict: str) -> None:
    estate = Estate()
    gap = estate.add_gap(Gap("group-member", "g", "GroupMember.Read.All", "forbidden"))
    group = estate.add("group", "g", "grp-ds")
    held = estate.add("duty", f"duty:{duty}@dev", duty)
    estate.set(held, "duty", duty)
    estate.set(held, "stage", "development")
    estate.connect(group, "holds", held)
    estate.mark_gap(group, "has-member", gap)
    somebody = estate.add("user", "unread:member|g", "members of grp-ds (unread)")
    estate.connect(somebody, "member-of", group)
    estate.mark_gap(somebody, "*", gap)
    (result,) = evaluate(estate, [RULES["SOD01"]], patterns=(), keys=())
    assert result.verdict == verdict
    assert [f.gaps for f in result.findings] == [(estate.gaps[gap],)] * (verdict == "unknown")


def test_an_unknown_some_names_the_gaps_behind_it() -> None:
    estate = Estate()
    gap = estate.add_gap(Gap("compute", "/w", "Some/read", "forbidden"))
    workspace, compute = estate.add("workspace", "/w", "w"), estate.add("compute", "/w/c", "c")
    estate.set(workspace, "stage", "production")
    estate.connect(workspace, "has-compute", compute)
    estate.mark_gap(compute, "*", gap)
    rule = replace(
        RULES["ACC13"], follow=frozenset({"has-compute"}), to="compute", expectation="some",
        conditions=(Comparison("vm-size", "equals", "x"),),
    )  # fmt: skip
    (finding,) = evaluate(estate, [rule], patterns=(), keys=())[0].findings
    assert (finding.outcome, finding.gaps) == ("unknown", (estate.gaps[gap],))


@pytest.mark.parametrize(("scopes", "common"), [
    (("a", "b"), "/subscriptions/s/resourcegroups/r"), (("a", "a/blobservices/default"), "/subscriptions/s/resourcegroups/r/providers/microsoft.storage/storageaccounts/a"),
])  # fmt: skip
def test_a_permission_is_asked_for_at_a_scope_that_exists(scopes: tuple[str, ...], common: str) -> None:
    estate = Estate()
    for name in scopes:
        scope = f"/subscriptions/s/resourcegroups/r/providers/microsoft.storage/storageaccounts/{name}"
        estate.mark_unread("workspace", estate.add_gap(Gap("workspace", scope, "Some/read", "forbidden")))
    results = evaluate(estate, [RULES["ACC13"], RULES["GAP01"]], patterns=(), keys=())
    assert f"grant Some/read at {common}:" in results[1].findings[0].message


def test_a_rule_whose_key_is_absent_is_not_applicable_and_says_so() -> None:
    rule = next(r for r in all_rules() if r.info.id == "QUO01")
    (result,) = evaluate(Estate(), [rule], patterns=(), keys=("quota",))
    assert (result.verdict, result.not_applicable) == ("not-applicable", "the scenario has no `quota.headroom`")


def test_an_unread_where_turns_a_failure_into_unknown() -> None:
    estate = Estate()
    workspace = estate.add("workspace", "/w", "w")
    estate.set(workspace, "public-network-access", "enabled")
    estate.set(workspace, "regulated", False)
    assert _verdict(estate, "ACC13") == "unknown"


def test_a_partly_read_set_proves_presence_but_not_absence() -> None:
    seen = frozenset({"a"})
    assert compare("includes", seen, "a", partial=True) is True
    assert compare("includes", seen, "b", partial=True) is None
    assert compare("at-least", seen, 1, partial=True) is True
    assert compare("at-most", seen, 0, partial=True) is False
    assert compare("at-most", seen, 3, partial=True) is None
    assert compare("present", frozenset(), False, partial=True) is None


def test_what_a_partly_read_reference_lacks_may_be_in_the_part_nobody_saw() -> None:
    estate, test = Estate(), Comparison("environment", "in", Reference("home-regions"))
    node = estate.add("workspace", "/w", "w")
    estate.set(node, "home-regions", frozenset({"a"}))
    estate.set(node, "environment", "b")
    assert holds(estate, test, node, node) is False
    estate.mark_gap(node, "home-regions", estate.add_gap(Gap("x", "/", "x", "forbidden")))
    assert holds(estate, test, node, node) is None
    estate.set(node, "environment", "a")
    assert holds(estate, test, node, node) is True


@pytest.mark.parametrize(("matcher", "value", "wanted", "answer"), [
    ("at-most", "9", 5, None), ("at-most", True, 5, None), ("matches", 3, "*", None), ("includes", "abc", "b", None),
    ("shares", "a", frozenset({"a"}), None), ("equals", True, 1, False), ("equals", 1, True, False), ("in", True, frozenset({1}), None),
    ("equals", "[redacted]", "x", None), ("includes", frozenset({"[redacted]"}), "x", None), ("present", "[redacted]", True, None),
    ("equals", "/subscriptions/A/x/", "/Subscriptions/a/X", True), ("equals", "West Europe", "westeurope", True), ("equals", "Deny", "deny", False),
    ("in", "West Europe", frozenset({"westeurope"}), True), ("includes", frozenset({"/A/b"}), "/a/B", True), ("matches", "West Europe", "westeurope", False),
])  # fmt: skip
def test_an_arm_property_may_be_of_any_type(
    matcher: Matcher, value: object, wanted: object, answer: bool | None
) -> None:
    estate = Estate()
    node = estate.add("workspace", "/w", "w")
    estate.set(node, "arm:x", value)
    assert holds(estate, Comparison("arm:x", matcher, wanted), node, node) is answer


def test_absent_is_false_for_everything_but_absence() -> None:
    assert compare("equals", None, "x") is False
    assert compare("in", None, frozenset({"x"})) is False
    assert compare("at-least", None, 1) is False
    assert compare("present", None, False) is True


@given(st.text("ab*?", max_size=8), st.text("ab", max_size=8))
def test_globs_mean_what_shells_mean(pattern: str, text: str) -> None:
    import fnmatch

    assert glob(pattern, text) is fnmatch.fnmatchcase(text, pattern)


_VALUES = st.one_of(st.none(), st.sampled_from(["production", "development", "[redacted]"]))
_TESTS = st.one_of(
    st.builds(Comparison, st.just("stage"), st.just("equals"), st.sampled_from(["production", "development"])),
    st.builds(Comparison, st.just("stage"), st.just("present"), st.booleans()),
    st.builds(Comparison, st.just("environment"), st.just("in"), st.just(frozenset({"production", "x"}))),
    st.builds(Comparison, st.just("environment"), st.just("matches"), st.sampled_from(["prod*", "*"])),
    st.builds(Comparison, st.just("stage"), st.just("equals"), st.just(Reference("environment"))),
    st.builds(Comparison, st.just("data-classes"), st.just("at-most"), st.integers(0, 2)),
    st.builds(Comparison, st.just("data-classes"), st.just("present"), st.booleans()),
    st.builds(Comparison, st.just("data-classes"), st.just("includes"), st.sampled_from("abd")),
    st.builds(
        Comparison, st.just("data-classes"), st.just("shares"), st.frozensets(st.sampled_from("abd"), min_size=1)
    ),
    st.builds(Comparison, st.just("environment"), st.just("in"), st.just(Reference("home-regions"))),
    st.builds(Comparison, st.just("data-classes"), st.just("shares"), st.just(Reference("home-regions"))),
    st.builds(Comparison, st.just("name"), st.just("matches"), st.sampled_from(["w1", "*"])),
    st.builds(Comparison, st.just("way"), st.just("equals"), st.just("data-role")),  # no attribute of a workspace
    st.builds(Comparison, st.just("live"), st.just("equals"), st.booleans()),
    st.builds(Comparison, st.just("arm:x"), st.sampled_from(["at-most", "at-least"]), st.integers(0, 2)),
    st.builds(
        Comparison,
        st.just("arm:x"),
        st.sampled_from(["equals", "matches", "includes"]),
        st.sampled_from(["a", "*", "1"]),
    ),
    st.builds(Comparison, st.just("arm:x"), st.sampled_from(["in", "shares"]), st.just(frozenset({"a", "1"}))),
    st.builds(Comparison, st.just("arm:x"), st.just("present"), st.booleans()),
)
_CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    _TESTS,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(All, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(Any_, st.lists(inner, min_size=1, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)
_NODE = st.fixed_dictionaries(
    {},
    optional={"stage": _VALUES, "environment": _VALUES, "live": st.one_of(st.none(), st.booleans()),
              "data-classes": st.one_of(st.none(), st.frozensets(st.sampled_from("abc"), max_size=3)),
              "home-regions": st.one_of(st.none(), st.frozensets(st.sampled_from(["a", "production"]))),
              "arm:x": st.one_of(_VALUES, st.sampled_from([True, 1, 1.5, "a", "[redacted]", frozenset({"a"}), frozenset({"[redacted]"})]))},
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(_CONDITIONS, _CONDITIONS, st.lists(_NODE, max_size=6), st.booleans())
def test_the_compiled_form_never_drops_what_the_interpreter_would_report(
    where: Condition, must: Condition, nodes: list[dict[str, object]], partial: bool
) -> None:
    estate = Estate()
    gap = estate.add_gap(Gap("x", "/", "x", "forbidden"))
    for number, attributes in enumerate(nodes):
        node = estate.add("workspace", f"/w{number}", f"w{number}")
        for name, value in attributes.items():
            estate.set(node, name, value)
        if partial:
            estate.mark_gap(node, "data-classes", gap)
            estate.mark_gap(node, "home-regions", gap)
    rule: Rule = replace(RULES["ACC13"], where=where, conditions=(must,))
    judged, suspects = compiled.candidates(estate, rule, "workspace")
    for node in estate.nodes("workspace"):
        applies, answer = holds(estate, where, node, node), holds(estate, must, node, node)
        if applies is not False and answer is not True:
            assert node in suspects
    # what `where` leaves out is not judged, so it is not counted as passed either
    assert judged == sum(1 for n in estate.nodes("workspace") if holds(estate, where, n, n) is not False)
    assert All(()) == ALWAYS


_LINKS = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(["depends-on", "hub-of"]), st.integers(0, 5)), max_size=12
)


@settings(max_examples=300, deadline=None)
@given(
    _CONDITIONS, st.lists(_CONDITIONS, min_size=2, max_size=2), st.sampled_from(["every", "none", "never-together", "some"]),
    st.lists(_NODE, min_size=6, max_size=6), _LINKS, st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["depends-on", "stage", "*"])), max_size=3),
)  # fmt: skip
def test_subjects_passed_without_a_walk_would_have_passed_by_one(
    where: Condition,
    conditions: list[Condition],
    expectation: Literal["every", "none", "never-together", "some"],
    nodes: list[dict[str, object]],
    links: list[tuple[int, str, int]],
    unread: list[tuple[int, str]],
) -> None:
    estate = Estate()
    gap = estate.add_gap(Gap("x", "/", "x", "forbidden"))
    made = [estate.add("workspace" if n < 4 else "storage-account", f"/n{n}", f"n{n}") for n in range(len(nodes))]
    for node, attributes in zip(made, nodes, strict=True):
        for name, value in attributes.items():
            estate.set(node, name, value)
    for source, edge, target in links:
        if (target < 4) is (edge == "hub-of"):
            estate.connect(made[source], edge, made[target])
    for number, name in unread:
        estate.mark_gap(made[number], name, gap)
    rule = replace(
        RULES["RES06"], subject="workspace", where=where, follow=frozenset({"depends-on", "hub-of"}), to="storage-account", expectation=expectation,
        conditions=tuple(conditions if expectation == "never-together" else conditions[:1]), message="x",
    )  # fmt: skip
    fast = evaluate(estate, [rule], patterns=(), keys=())
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(shortcut, "worth_a_walk", lambda estate, rule, by, ask, suspects: suspects)
        assert evaluate(estate, [rule], patterns=(), keys=()) == fast
