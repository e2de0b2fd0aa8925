"""What a rule rests on is known without an estate: a list that makes it unknown is among those it is said to need."""

from __future__ import annotations

import pytest

from scanner.graph.records import RECORDS
from scanner.policy.lists import lists_behind, rules_behind
from tests.support.scan import rules as all_rules
from tests.support.scan import scanned, scenario, tenant
from tests.tenants.test_tenants import _gaps_of

RULES = {rule.info.id: rule for rule in all_rules()}


def test_a_rule_rests_on_the_lists_its_sentence_names() -> None:
    assert {"storage-account", "datastore", "data-asset", "object-replication"} <= lists_behind(RULES["RES02"])
    assert {"role-assignment", "group-member", "role-eligibility"} <= lists_behind(RULES["SOD01"])
    assert {"ml-usage", "ml-quota", "vm-size"} <= lists_behind(RULES["QUO01"])
    assert "role-assignment" not in lists_behind(RULES["RES02"])
    assert lists_behind(RULES["GAP01"]) == set(RECORDS)


@pytest.mark.parametrize(
    "kind",
    ["storage-account", "role-assignment", "group-member", "ml-usage", "datastore", "compute", "role-definition"],
)
def test_a_rule_that_a_missing_permission_leaves_open_is_said_to_need_it(kind: str) -> None:
    document = tenant("contoso")
    report = scanned(document, scenario("contoso"), _gaps_of(kind, document))
    needing = rules_behind(RULES.values())[kind]
    left_open = {
        s.finding.rule for s in report.settled
        if s.finding.outcome == "unknown" and any(gap.kind == kind for gap in s.finding.gaps) and s.rule.decided_by == "graph"
    }  # fmt: skip
    assert left_open and left_open <= set(needing)
