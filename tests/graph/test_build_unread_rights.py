"""What an unread list leaves open about rights: who administers the directory, what workloads may do there, whom identities trust."""

from __future__ import annotations

from typing import Any

import pytest

from scanner import ids
from scanner.graph.build import build
from scanner.graph.estate import UNSET, Estate
from scanner.snapshot import Coverage, Record, from_records, record

SUB = "/subscriptions/11111111-1111-1111-1111-111111111111"
RG = f"{SUB}/resourceGroups/rg"
UAI = f"{RG}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id"
ROLES = (
    record("app-role", {"id": "R-1", "value": "Application.ReadWrite.All"}),
    record("app-role", {"id": "r-2", "value": "User.Read.All"}),
)
WORKLOADS = (
    record("tenant", {"tenantId": "t"}),
    record("service-principal", {"id": "sp-1", "displayName": "sp", "servicePrincipalType": "Application"}),
    record("service-principal", {"id": "mi-1", "displayName": "id", "servicePrincipalType": "ManagedIdentity",
                                 "alternativeNames": ["isExplicit=True", UAI]}),
)  # fmt: skip


def _estate(*records: Record, coverage: tuple[Coverage, ...] = ()) -> Estate:
    return build(from_records(records, coverage, tenant="t"))


def _node(estate: Estate, key: str) -> int:
    node = estate.node(key.lower())
    assert node is not None, key
    return node


def _permissions(estate: Estate, key: str) -> Any:
    return estate.get(_node(estate, key), "graph-permissions")


def _held(principal: str, role: str) -> Record:
    body = {
        "id": f"{principal}{role}",
        "principalId": principal,
        "appRoleId": role,
        "principalType": "ServicePrincipal",
    }
    return record("app-role-assignment", body)


def test_permissions_of_microsoft_graph_are_named_on_workloads_and_managed_identities() -> None:
    estate = _estate(*WORKLOADS, *ROLES, _held("SP-1", "r-1"), _held("sp-1", "R-2"), _held("mi-1", "r-1"))
    assert _permissions(estate, "sp-1") == {"Application.ReadWrite.All", "User.Read.All"}
    assert _permissions(estate, "mi-1") == {"Application.ReadWrite.All"}
    assert _permissions(_estate(*WORKLOADS, *ROLES, _held("other", "r-1")), "sp-1") == frozenset()


def test_a_workload_that_no_list_shows_holds_its_permissions_all_the_same() -> None:
    assert _permissions(_estate(*ROLES, _held("hidden", "r-1")), "hidden") == {"Application.ReadWrite.All"}


def test_a_snapshot_without_the_list_says_nothing_of_permissions() -> None:
    assert _permissions(_estate(*WORKLOADS), "sp-1") is UNSET
    read = _estate(*WORKLOADS, coverage=(Coverage("app-role-assignment", "tenant", "complete"),))
    assert _permissions(read, "sp-1") == frozenset()


@pytest.mark.parametrize("kind", ["app-role-assignment", "app-role", "directory-role-assignment"])
def test_an_unread_list_of_who_rules_the_directory_is_a_gap_on_what_the_tenant_is_opened_by(kind: str) -> None:
    estate = _estate(*WORKLOADS, coverage=(Coverage(kind, "tenant", "forbidden"),))
    (gap,) = estate.gaps_at(_node(estate, ids.ROOT_SCOPE), "opened-by")
    assert estate.gaps[gap].kind == kind and estate.gaps[gap].permission


def test_permissions_nobody_could_name_are_unknown_where_there_are_any() -> None:
    estate = _estate(*WORKLOADS, _held("sp-1", "r-1"), coverage=(Coverage("app-role", "tenant", "forbidden"),))
    assert _permissions(estate, "sp-1") is UNSET and estate.gaps_at(_node(estate, "sp-1"), "graph-permissions")
    assert _permissions(estate, "mi-1") == frozenset()
    unread = _estate(*WORKLOADS, coverage=(Coverage("app-role-assignment", "tenant", "failed"),))
    assert all(_permissions(unread, key) is UNSET for key in ("sp-1", "mi-1"))


def test_whom_an_identity_trusts_is_unknown_where_its_resource_was_not_listed() -> None:
    estate = _estate(*WORKLOADS, coverage=(Coverage("user-assigned-identity", SUB, "forbidden"),))
    assert estate.gaps_at(_node(estate, "mi-1"), "trusts")
    other = Coverage("user-assigned-identity", SUB.replace("1", "2"), "forbidden")
    assert not _estate(*WORKLOADS, coverage=(other,)).gap_names & {"trusts"}


def test_who_may_activate_membership_is_unknown_where_nobody_could_ask() -> None:
    group = record("group", {"id": "g", "displayName": "g", "groupTypes": []})
    estate = _estate(group, coverage=(Coverage("group-eligibility", "g", "forbidden"),))
    node = _node(estate, "g")
    assert estate.get(node, "under-pim") is UNSET
    assert all(estate.gaps_at(node, name) for name in ("under-pim", "has-eligible-member", "may-be-joined-by"))
    free = Coverage("group-eligibility", "g", "unsupported", code="AadPremiumLicenseRequired")
    without_license = _estate(group, coverage=(free,))
    assert without_license.get(_node(without_license, "g"), "under-pim") is False


@pytest.mark.parametrize("kind", ["blob-container", "local-user", "registry-token", "registry-task"])
def test_a_row_that_does_not_say_where_it_belongs_makes_all_of_its_kind_doubtful(kind: str) -> None:
    account = f"{RG}/providers/Microsoft.Storage/storageAccounts/st"
    registry = f"{RG}/providers/Microsoft.ContainerRegistry/registries/cr"
    both = (record("storage-account", {"id": account, "properties": {}}), record("container-registry", {"id": registry, "properties": {}}))  # fmt: skip
    estate = _estate(*both, record(kind, {"id": 5}))
    doubtful = _node(estate, account if kind in ("blob-container", "local-user") else registry)
    names = [n for n in ("anonymous-containers", "local-users", "tokens", "tasks") if estate.gaps_at(doubtful, n)]
    assert len(names) == 1 and estate.get(doubtful, names[0]) is UNSET


@pytest.mark.parametrize(("enabled", "mfa"), [(True, True), (False, False), (None, False)])
def test_a_context_of_authentication_counts_as_a_second_factor_only_where_it_is_switched_on(
    enabled: bool | None, mfa: bool
) -> None:
    role = "/providers/Microsoft.Authorization/roleDefinitions/aaaaaaaa-0000-0000-0000-000000000001"
    own = f"{RG}/providers/Microsoft.Authorization"
    rules = [{"id": "Enablement_EndUser_Assignment", "enabledRules": ["Justification"]},
             {"id": "AuthenticationContext_EndUser_Assignment", "isEnabled": enabled, "claimValue": ""}]  # fmt: skip
    facts = {"principalId": "ana", "principalType": "User", "roleDefinitionId": role, "scope": RG}
    estate = _estate(
        record("role-eligibility", {"id": f"{own}/roleEligibilityScheduleInstances/x", "properties": facts}),
        record("role-management-policy", {"id": f"{own}/roleManagementPolicyAssignments/p", "properties": {
            "scope": RG, "roleDefinitionId": role, "effectiveRules": rules}}),
    )  # fmt: skip
    (grant,) = estate.nodes("grant")
    assert estate.get(grant, "activation-mfa") is mfa
