"""Names in a scenario: whom they mean, and what is open when nobody could look them up."""

from __future__ import annotations

import pytest

from scanner.errors import Span
from scanner.findings import Finding, Gap
from scanner.graph.estate import UNSET, Estate
from scanner.scenario.bind import bind
from scanner.scenario.names import filled
from scanner.scenario.rows import domain_of
from tests.support.small import BASE, an_estate, loaded

_ROLES = "roles:\n  ds: {production: {group: grp, duties: [train], reads: [live]}}\n"


def _scn02(estate: Estate, text: str = BASE + _ROLES) -> list[Finding]:
    return [f for f in bind(estate, loaded(text)) if f.rule == "SCN02"]


def test_a_name_that_nobody_has_is_a_finding_with_its_line() -> None:
    (found,) = _scn02(an_estate())
    assert (found.outcome, found.line) == ("fail", Span("s.yaml", 12, 8))
    assert found.message == "no group is called `grp`"


def test_a_name_that_two_have_approves_neither() -> None:
    estate = an_estate()
    groups = [estate.add("group", f"00000000-0000-0000-0000-00000000000{n}", "grp") for n in (1, 2)]
    (found,) = _scn02(estate)
    assert "2 principals" in found.message
    assert not any(estate.get(group, "approved") for group in groups)


def test_a_workload_of_a_groups_name_is_not_the_group() -> None:
    estate = an_estate()
    group = estate.add("group", "00000000-0000-0000-0000-000000000001", "grp")
    workload = estate.add("service-principal", "00000000-0000-0000-0000-000000000002", "grp")
    assert _scn02(estate) == []
    assert [len(estate.neighbours(node, "named-by")) for node in (group, workload)] == [1, 0]


def test_an_object_id_is_never_ambiguous() -> None:
    estate = an_estate()
    for n in (1, 2):
        estate.add("group", f"00000000-0000-0000-0000-00000000000{n}", "grp")
    assert _scn02(estate, BASE + _ROLES.replace("group: grp", "group: 00000000-0000-0000-0000-000000000002")) == []
    node = estate.node("00000000-0000-0000-0000-000000000002")
    assert node is not None and estate.get(node, "approved") is True


def test_a_name_in_an_unread_directory_is_unknown() -> None:
    estate = an_estate()
    estate.mark_unread("group", estate.add_gap(Gap("group", "tenant", "GroupMember.Read.All", "forbidden")))
    (found,) = _scn02(estate)
    assert (found.outcome, found.gaps[0].permission) == ("unknown", "GroupMember.Read.All")


def test_a_name_found_in_a_directory_read_in_part_may_be_anothers() -> None:
    estate = an_estate()
    group = estate.add("group", "00000000-0000-0000-0000-000000000001", "grp")
    estate.mark_unread("group", estate.add_gap(Gap("group", "tenant", "GroupMember.Read.All", "truncated")))
    assert [f.outcome for f in _scn02(estate)] == ["unknown"]
    assert estate.get(group, "approved") is UNSET
    assert _scn02(estate, BASE + _ROLES.replace("group: grp", "group: 00000000-0000-0000-0000-000000000001")) == []
    assert estate.get(group, "approved") is True


_NAMED = {
    "structure-creator": ("structure: {created-by: [sp]}\n", "service-principal", "Application.Read.All"),
    "release-workload": ("release: {workload: sp, subjects: [], approvers: []}\n", "service-principal", "Application.Read.All"),
    "release-approver": ("release: {workload: x, subjects: [], approvers: [sp]}\n", "group", "GroupMember.Read.All"),
    "administrator": ("administrators: [{group: sp, over: [production], duties: [provision]}]\n", "group", "GroupMember.Read.All"),
}  # fmt: skip


@pytest.mark.parametrize("attribute", _NAMED)
def test_somebody_whose_name_nobody_could_read_may_be_the_one_the_scenario_means(attribute: str) -> None:
    text, kind, permission = _NAMED[attribute]
    for unread, expected in ((False, False), (True, UNSET)):
        estate = an_estate()
        other = estate.add(kind, "00000000-0000-0000-0000-000000000001", "another name")
        if unread:
            estate.mark_unread(kind, estate.add_gap(Gap(kind, "tenant", permission, "forbidden")))
        bind(estate, loaded(BASE + text))
        assert estate.get(other, attribute) is expected
        assert [estate.gaps[gap].permission for gap in estate.gaps_at(other, attribute)] == [permission] * unread


@pytest.mark.parametrize("attribute", ["administrator", "structure-creator"])
def test_whoever_may_be_in_a_group_nobody_could_look_into_may_be_named_with_it(attribute: str) -> None:
    estate = an_estate()
    group = estate.add("group", "00000000-0000-0000-0000-000000000001", "sp")
    other = estate.add("service-principal", "00000000-0000-0000-0000-000000000002", "another")
    gap = estate.add_gap(Gap("group-member", estate.key(group), "GroupMember.Read.All", "forbidden"))
    estate.mark_gap(group, "has-member", gap)
    bind(estate, loaded(BASE + _NAMED[attribute][0]))
    assert [estate.get(node, attribute) for node in (group, other)] == [True, UNSET]
    assert list(estate.gaps_at(other, attribute)) == [gap]


def test_tokens_are_filled_from_the_projects_there_are() -> None:
    assert list(filled("grp-{project}-ds", ["a", "b"])) == [("a", "grp-a-ds"), ("b", "grp-b-ds")]
    assert list(filled("grp-all", ["a"])) == [(None, "grp-all")]


def test_the_home_domain_of_a_guest_is_read_from_the_sign_in_name() -> None:
    assert domain_of("ana_partner.example#EXT#@contoso.example") == "partner.example"
    assert domain_of("ben@contoso.example") == "contoso.example"


def test_who_may_activate_membership_of_an_administrators_group_is_an_administrator() -> None:
    estate = an_estate()
    admins, inner = (estate.add("group", f"00000000-0000-0000-0000-00000000000{n}", f"g{n}") for n in (1, 2))
    ana, ben, eve = (estate.add("user", name, name) for name in ("ana", "ben", "eve"))
    estate.connect(ana, "eligible-member-of", admins)
    estate.connect(inner, "eligible-member-of", admins)
    estate.connect(ben, "member-of", inner)
    estate.connect(eve, "may-join", admins)
    bind(estate, loaded(BASE + "administrators: [{group: g1, over: [production], duties: [provision]}]\n"))
    found = [estate.get(node, "administrator") for node in (admins, inner, ana, ben, eve)]
    assert found == [True, True, True, True, False]


def test_a_subject_is_declared_when_the_release_lists_it_letter_by_letter() -> None:
    estate = an_estate()
    workload = estate.add("service-principal", "00000000-0000-0000-0000-000000000009", "sp-release")
    listed = "repo:org/app:environment:production"
    subjects = (listed, "repo:Org/app:environment:production", "repo:org/app:pull_request")
    nodes = [estate.add("outside-subject", f"outside:i|{n}", text) for n, text in enumerate(subjects)]
    for node, text in zip(nodes, subjects, strict=True):
        estate.set(node, "subject", text)
        estate.connect(workload, "trusts", node)
    other = estate.add("outside-subject", "outside:j|x", listed)
    estate.set(other, "subject", listed)
    estate.connect(estate.add("managed-identity", "mi", "mi"), "trusts", other)
    bind(estate, loaded(BASE + f'release: {{workload: sp-release, subjects: ["{listed}"], approvers: []}}\n'))
    assert [estate.get(node, "declared") for node in (*nodes, other)] == [True, False, False, False]
