"""From records to who can act as whom: owners, trusts, instances, vaults, directory roles, activation, open stores."""

from __future__ import annotations

from typing import Any

import pytest

from scanner.graph.build import build
from scanner.graph.estate import UNSET, Estate
from scanner.snapshot import Coverage, Record, from_records, record

SUB = "/subscriptions/11111111-1111-1111-1111-111111111111"
RG = f"{SUB}/resourceGroups/rg"
WS = f"{RG}/providers/Microsoft.MachineLearningServices/workspaces/w"
ST = f"{RG}/providers/Microsoft.Storage/storageAccounts/stacc"
KV = f"{RG}/providers/Microsoft.KeyVault/vaults/v"
UAI = f"{RG}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id"
CR = f"{RG}/providers/Microsoft.ContainerRegistry/registries/cr"
ROLE = "/providers/Microsoft.Authorization/roleDefinitions/AAAAAAAA-0000-0000-0000-000000000001"
STARTED = "2026-11-26T00:00:00Z"


def _estate(*records: Record, coverage: tuple[Coverage, ...] = ()) -> Estate:
    return build(from_records(records, coverage, tenant="t", started=STARTED))


def _arm(kind: str, arm_id: str, properties: dict[str, Any], /, **more: Any) -> Record:
    return record(kind, {"id": arm_id, "name": arm_id.rpartition("/")[2], "properties": properties, **more})


def _get(estate: Estate, key: str, attribute: str) -> Any:
    node = estate.node(key if key.startswith("outside:") else key.lower())
    assert node is not None, key
    return estate.get(node, attribute)


def _keys(estate: Estate, key: str, edge: str) -> list[str]:
    node = estate.node(key.lower())
    assert node is not None, key
    return [estate.key(other) for other in estate.neighbours(node, edge)]


def _workload(**more: Any) -> Record:
    return record(
        "service-principal",
        {"id": "SP-1", "appId": "APP-1", "displayName": "sp", "servicePrincipalType": "Application", **more},
    )


def test_owners_of_a_workload_and_of_its_application_own_the_workload() -> None:
    estate = _estate(
        _workload(), record("application", {"id": "obj-1", "appId": "app-1", "displayName": "app"}),
        record("application-owner", {"id": "Ana", "@odata.type": "#microsoft.graph.user"}, of="obj-1"),
        record("service-principal-owner", {"id": "Ben", "@odata.type": "#microsoft.graph.user"}, of="sp-1"),
    )  # fmt: skip
    assert sorted(_keys(estate, "sp-1", "owned-by")) == ["ana", "ben"]


def test_sign_ins_are_counted_as_of_the_day_the_snapshot_was_taken() -> None:
    application = {
        "id": "obj-1", "appId": "app-1", "displayName": "app", "passwordCredentials": [{"endDateTime": "2027-01-01T00:00:00Z"},
        {"endDateTime": "2026-01-01T00:00:00Z"}], "keyCredentials": [{"endDateTime": None}],
    }  # fmt: skip
    assert _get(_estate(_workload(), record("application", application)), "sp-1", "secrets") == 2
    assert _get(_estate(_workload()), "sp-1", "secrets") is UNSET


def test_a_federated_credential_is_a_trust_in_an_outside_subject() -> None:
    issuer = "https://token.actions.githubusercontent.com"
    estate = _estate(
        _arm("user-assigned-identity", UAI, {"principalId": "MI-1"}), _workload(),
        record("application", {"id": "obj-1", "appId": "app-1", "displayName": "app"}),
        _arm("federated-credential", f"{UAI}/federatedIdentityCredentials/gh", {"issuer": issuer, "subject": "repo:Contoso/ml:pull_request"}),
        record("application-federation", {"id": "f", "issuer": issuer, "subject": None,
               "claimsMatchingExpression": {"value": "claims['sub'] matches 'repo:contoso/*'"}}, of="obj-1"),
    )  # fmt: skip
    (pull,) = _keys(estate, "mi-1", "trusts")
    assert pull == f"outside:{issuer}|repo:Contoso/ml:pull_request"
    assert (_get(estate, pull, "pull-request"), _get(estate, pull, "pattern")) == (True, False)
    (pattern,) = _keys(estate, "sp-1", "trusts")
    assert (_get(estate, pattern, "pull-request"), _get(estate, pattern, "pattern")) == (False, True)


def test_subjects_that_differ_in_case_are_two() -> None:
    trusted = [
        _arm(
            "federated-credential",
            f"{UAI}/federatedIdentityCredentials/{n}",
            {"issuer": "https://i", "subject": subject},
        )
        for n, subject in enumerate(("repo:Contoso/ml:ref", "repo:contoso/ml:ref"))
    ]
    estate = _estate(_arm("user-assigned-identity", UAI, {"principalId": "MI-1"}), *trusted)
    assert {_get(estate, key, "subject") for key in _keys(estate, "mi-1", "trusts")} == {
        "repo:Contoso/ml:ref",
        "repo:contoso/ml:ref",
    }


def test_unread_trusts_and_owners_are_gaps_on_exactly_that_workload() -> None:
    estate = _estate(
        _arm("user-assigned-identity", UAI, {"principalId": "MI-1"}), _workload(), record("application", {"id": "obj-1", "appId": "app-1"}),
        coverage=(Coverage("federated-credential", UAI.lower(), "forbidden"), Coverage("application-owner", "obj-1", "forbidden")),
    )  # fmt: skip
    identity, workload = estate.node("mi-1"), estate.node("sp-1")
    assert identity is not None and workload is not None
    assert estate.gaps_at(identity, "trusts") and not estate.gaps_at(workload, "trusts")
    assert estate.gaps_at(workload, "owned-by") and not estate.gaps_at(identity, "owned-by")


def test_a_stored_sign_in_leads_to_the_workload_that_has_its_client_id() -> None:
    estate = _estate(
        _workload(),
        _arm("datastore", f"{WS}/datastores/lake", {"datastoreType": "AzureDataLakeGen2", "accountName": "stacc",
             "credentials": {"credentialsType": "ServicePrincipal", "clientId": "app-1"}, "serviceDataAccessAuthIdentity": "WorkspaceSystemAssignedIdentity"}),
    )  # fmt: skip
    assert _keys(estate, f"{WS}/datastores/lake", "signs-in-as") == ["sp-1"]
    assert _get(estate, f"{WS}/datastores/lake", "service-identity") == "workspace-system-assigned-identity"


@pytest.mark.parametrize(
    ("target", "kind", "arm_id"),
    [
        ("https://Srch.search.windows.net", "search-service", f"{RG}/providers/Microsoft.Search/searchServices/srch"),
        ("https://cosdb.documents.azure.com:443/", "cosmos-account", f"{RG}/providers/Microsoft.DocumentDB/databaseAccounts/cosdb"),
        ("Server=tcp:x", "sql-server", ""),
        ("sqlsrv.database.windows.net", "sql-server", f"{RG}/providers/Microsoft.Sql/servers/sqlsrv"),
        ("https://oai.openai.azure.com/", "model-account", f"{RG}/providers/Microsoft.CognitiveServices/accounts/oai"),
        ("https://stacc.blob.core.windows.net/c", "storage-account", ST),
    ],
)  # fmt: skip
def test_a_connection_leads_to_the_service_its_address_begins_with(target: str, kind: str, arm_id: str) -> None:
    connection = _arm("connection", f"{WS}/connections/c", {"category": "x", "target": target, "authType": "ApiKey"})
    estate = _estate(*([_arm(kind, arm_id, {})] if arm_id else []), connection)
    assert _keys(estate, f"{WS}/connections/c", "connects-to") == ([arm_id.lower()] if arm_id else [])
    assert _get(estate, f"{WS}/connections/c", "stores-secret") is True


@pytest.mark.parametrize(
    ("auth", "stores"),
    [("AAD", False), ("ManagedIdentity", False), ("None", False), ("CustomKeys", True), ("PAT", True)],
)
def test_a_connection_that_signs_in_by_identity_stores_no_secret(auth: str, stores: bool) -> None:
    estate = _estate(_arm("connection", f"{WS}/connections/c", {"target": "x", "authType": auth}))
    assert _get(estate, f"{WS}/connections/c", "stores-secret") is stores


def test_a_compute_instance_is_whose_it_was_made_for_else_whose_made_it() -> None:
    def instance(**details: Any) -> Estate:
        return _estate(_arm("compute", f"{WS}/computes/ci", {"computeType": "ComputeInstance", "properties": details}))

    made = {"createdBy": {"userId": "MAKER"}}
    assert _keys(instance(**made), f"{WS}/computes/ci", "assigned-to") == ["maker"]
    both = instance(
        **made,
        personalComputeInstanceSettings={"assignedUser": {"objectId": "ANA"}},
        sshSettings={"sshPublicAccess": "Enabled"},
    )
    assert _keys(both, f"{WS}/computes/ci", "assigned-to") == ["ana"]
    assert _get(both, f"{WS}/computes/ci", "ssh") is True and _get(both, f"{WS}/computes/ci", "local-root") is True
    nobody = instance()
    node = nobody.node(f"{WS}/computes/ci".lower())
    assert node is not None and nobody.gaps_at(node, "assigned-to")


def test_an_access_policy_that_reads_secrets_is_an_edge_and_one_that_does_not_is_none() -> None:
    estate = _estate(_arm("key-vault", KV, {"accessPolicies": [
        {"objectId": "ANA", "permissions": {"secrets": ["Get", "List"]}}, {"objectId": "BEN", "permissions": {"secrets": ["list"], "keys": ["get"]}},
        {"objectId": "CAT", "permissions": {"secrets": ["all"]}}]}))  # fmt: skip
    assert sorted(_keys(estate, KV, "secrets-read-by")) == ["ana", "cat"]


def test_eligible_for_membership_is_a_member_and_eligible_for_ownership_may_join() -> None:
    def row(person: str, access: str) -> Record:
        return record(
            "group-eligibility",
            {"id": f"g_{access}", "accessId": access, "principalId": person, "groupId": "G"},
            of="g",
        )

    estate = _estate(
        record("group", {"id": "g", "displayName": "g", "groupTypes": []}), row("ANA", "member"), row("BEN", "owner")
    )
    assert _keys(estate, "g", "has-eligible-member") == ["ana"]
    assert _keys(estate, "g", "may-be-joined-by") == ["ben"]
    assert _get(estate, "g", "under-pim") is True and _get(estate, "g", "empty") is False


def test_directory_roles_are_known_by_template_and_held_by_whoever_is_assigned() -> None:
    estate = _estate(
        record("directory-role", {"id": "d-1", "templateId": "T-1", "displayName": "Global Administrator"}),
        record("directory-role-assignment", {"id": "a", "principalId": "ANA", "roleDefinitionId": "d-1"}),
    )
    assert _keys(estate, "t-1", "directory-role-of") == ["ana"]


def test_the_identity_of_a_policy_stands_for_the_policy() -> None:
    policy = f"{SUB}/providers/Microsoft.Authorization/policyAssignments/tags"
    estate = _estate(
        record(
            "policy-assignment",
            {
                "id": policy,
                "name": "tags",
                "identity": {"type": "SystemAssigned", "principalId": "MI-P"},
                "properties": {},
            },
        )
    )
    assert _get(estate, "mi-p", "host") == policy.lower()


@pytest.mark.parametrize("facts", [{"principalId": "MI-U", "clientId": "c"}, {}])
def test_policies_share_a_user_assigned_identity(facts: dict[str, Any]) -> None:
    policies = [f"{SUB}/providers/Microsoft.Authorization/policyAssignments/{name}" for name in ("dns", "logs")]
    identity = {"type": "UserAssigned", "userAssignedIdentities": {UAI: facts}}
    estate = _estate(
        _arm("user-assigned-identity", UAI, {"principalId": "MI-U", "clientId": "c"}),
        *(_arm("policy-assignment", policy, {}, identity=identity) for policy in policies),
    )
    assert _get(estate, "mi-u", "policies") == {policy.lower() for policy in policies}
    assert _get(estate, "mi-u", "host") == UAI.lower()


def _eligible(*policies: Record, coverage: tuple[Coverage, ...] = ()) -> dict[str, Any]:
    facts = {"principalId": "ana", "principalType": "User", "roleDefinitionId": ROLE, "scope": RG}
    estate = _estate(
        _arm("role-eligibility", f"{RG}/providers/Microsoft.Authorization/roleEligibilityScheduleInstances/x", facts),
        *policies,
        coverage=coverage,
    )
    (grant,) = estate.nodes("grant")
    names = ("activation-read", "activation-approval", "activation-mfa", "activation-hours", "activation-approvers")
    return {name: estate.get(grant, name) for name in names}


def test_what_activating_demands_is_read_from_the_rules_for_those_who_activate() -> None:
    rules = [
        {"id": "Expiration_EndUser_Assignment", "maximumDuration": "PT8H30M"}, {"id": "Expiration_Admin_Eligibility", "maximumDuration": "P365D"},
        {"id": "Enablement_EndUser_Assignment", "enabledRules": ["MultiFactorAuthentication", "Justification"]},
        {"id": "Enablement_Admin_Assignment", "enabledRules": []},
        {"id": "Approval_EndUser_Assignment", "setting": {"isApprovalRequired": True, "approvalStages": [{"primaryApprovers": [{"id": "LEADS"}]}]}},
    ]  # fmt: skip
    policy = _arm("role-management-policy", f"{RG}/providers/Microsoft.Authorization/roleManagementPolicyAssignments/p",
                  {"scope": RG.upper(), "roleDefinitionId": ROLE, "effectiveRules": rules})  # fmt: skip
    assert _eligible(policy) == {"activation-read": True, "activation-approval": True, "activation-mfa": True, "activation-hours": 8.5,
                                 "activation-approvers": frozenset({"leads"})}  # fmt: skip


def test_what_activating_demands_is_unknown_where_its_rules_were_not_read() -> None:
    gone = _eligible(coverage=(Coverage("role-management-policy", RG.lower(), "forbidden"),))
    assert set(gone.values()) == {UNSET}
    assert _eligible()["activation-read"] is False and _eligible()["activation-mfa"] is UNSET


@pytest.mark.parametrize(("access", "names"), [("Blob", {"c"}), ("Container", {"c"}), ("None", set()), (None, set())])
def test_containers_that_anybody_may_read_are_named_on_their_account(access: str | None, names: set[str]) -> None:
    container = f"{ST}/blobServices/default/containers/c"
    estate = _estate(_arm("storage-account", ST, {}), _arm("blob-container", container, {"publicAccess": access}))
    assert _get(estate, ST, "anonymous-containers") == names
    assert _get(estate, ST, "local-users") == frozenset()


@pytest.mark.parametrize(
    ("kind", "holder", "attribute", "row"),
    [
        ("local-user", ST, "local-users", _arm("local-user", f"{ST}/localUsers/u", {"hasSshKey": True})),
        ("registry-token", CR, "tokens", _arm("registry-token", f"{CR}/tokens/u", {"status": "enabled"})),
        ("registry-task", CR, "tasks", _arm("registry-task", f"{CR}/tasks/u", {})),
    ],
)  # fmt: skip
def test_users_tokens_and_tasks_are_named_and_an_unread_list_of_them_is_unknown(
    kind: str, holder: str, attribute: str, row: Record
) -> None:
    own = _arm("storage-account" if holder == ST else "container-registry", holder, {})
    assert _get(_estate(own, row), holder, attribute) == {"u"}
    unread = _estate(own, coverage=(Coverage(kind, holder.lower(), "forbidden"),))
    node = unread.node(holder.lower())
    assert node is not None and unread.get(node, attribute) is UNSET and unread.gaps_at(node, attribute)


@pytest.mark.parametrize(
    ("kind", "arm_type", "refusing"),
    [
        ("cosmos-account", "Microsoft.DocumentDB/databaseAccounts", {"disableLocalAuth": True}),
        ("search-service", "Microsoft.Search/searchServices", {"disableLocalAuth": True}),
        ("sql-server", "Microsoft.Sql/servers", {"administrators": {"azureADOnlyAuthentication": True}}),
        ("postgresql-server", "Microsoft.DBforPostgreSQL/flexibleServers", {"authConfig": {"passwordAuth": "Disabled"}}),
    ],
)  # fmt: skip
def test_keys_and_passwords_work_unless_a_service_says_otherwise(
    kind: str, arm_type: str, refusing: dict[str, Any]
) -> None:
    arm_id = f"{RG}/providers/{arm_type}/x"
    assert _get(_estate(_arm(kind, arm_id, {})), arm_id, "local-auth") is True
    assert _get(_estate(_arm(kind, arm_id, refusing)), arm_id, "local-auth") is False
    assert _get(_estate(record(kind, {"id": arm_id})), arm_id, "local-auth") is UNSET


def _token(name: str, scope_map: str | None, status: str = "enabled") -> Record:
    return _arm("registry-token", f"{CR}/tokens/{name}", {"status": status, "scopeMapId": scope_map and f"{CR}/scopeMaps/{scope_map}"})  # fmt: skip


def _scope_map(name: str, *actions: str) -> Record:
    return _arm("registry-scope-map", f"{CR}/scopeMaps/{name}", {"actions": list(actions)})


def test_tokens_that_may_write_are_told_apart_by_their_scope_maps() -> None:
    rows = [
        _arm("container-registry", CR, {}), _token("a", "pull"), _token("b", "push"), _token("c", "push", "disabled"), _token("d", "_repositories_push"),
        _scope_map("pull", "repositories/x/content/read", "repositories/x/metadata/read"), _scope_map("push", "repositories/x/content/Write"),
    ]  # fmt: skip
    estate = _estate(*rows)
    assert (_get(estate, CR, "tokens"), _get(estate, CR, "writing-tokens")) == ({"a", "b", "d"}, {"b", "d"})


def test_what_a_token_may_do_is_unknown_without_its_scope_map() -> None:
    """Trap 1."""
    own = _arm("container-registry", CR, {})
    for rows in ([_token("a", "mine")], [_token("a", None)]):
        estate = _estate(own, *rows)
        assert _get(estate, CR, "writing-tokens") is UNSET and estate.gaps_at(_key(estate, CR), "writing-tokens")
    unread = (Coverage("registry-scope-map", CR.lower(), "forbidden"),)
    assert _get(_estate(own, _token("a", "mine"), coverage=unread), CR, "writing-tokens") is UNSET
    for rows in ([], [_token("a", "_repositories_pull")]):  # nothing there hangs on the list
        assert _get(_estate(own, *rows, coverage=unread), CR, "writing-tokens") == frozenset()


def _key(estate: Estate, arm_id: str) -> int:
    node = estate.node(arm_id.lower())
    assert node is not None
    return node


def _classic(role: str, address: str) -> Record:
    scope = f"{SUB}/providers/Microsoft.Authorization/classicAdministrators"
    return record("classic-administrator", {"id": f"{scope}/{address}", "properties": {"emailAddress": address, "role": role}})  # fmt: skip


def test_classic_administrators_own_the_subscription() -> None:
    owner = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
    user = record(
        "user", {"id": "u1", "displayName": "Ada", "userPrincipalName": "ada@contoso.example", "userType": "Member"}
    )
    guest = record(
        "user",
        {
            "id": "u2",
            "displayName": "Bo",
            "userPrincipalName": "bo_partner.example#EXT#@contoso.example",
            "userType": "Guest",
        },
    )
    estate = _estate(
        record("subscription", {"id": SUB}), user, guest, _classic("CoAdministrator", "Ada@contoso.example"),
        _classic("ServiceAdministrator;AccountAdministrator", "bo@partner.example"), _classic("AccountAdministrator", "payer@contoso.example"),
        _classic("CoAdministrator", "gone@contoso.example"),
    )  # fmt: skip
    assert {estate.key(grant) for grant in estate.nodes("grant")} == {
        f"grant:{who}|{owner}|{SUB}".lower() for who in ("u1", "u2", "classic:gone@contoso.example")
    }
    assert {estate.get(grant, "mark") for grant in estate.nodes("grant")} == {"standing"}
    scope = _key(estate, SUB)
    assert {estate.kind(estate.first(g, "granted-to") or 0) for g in estate.neighbours(scope, "scope-of")} == {"user"}


def test_unread_classic_administrators_may_be_anybody() -> None:
    for coverage, rows in (
        ((Coverage("classic-administrator", SUB.lower(), "forbidden"),), ()),
        ((), (record("classic-administrator", {"id": f"{SUB}/providers/Microsoft.Authorization/classicAdministrators/x", "properties": {"role": 5}}),)),
    ):  # fmt: skip
        estate = _estate(record("subscription", {"id": SUB}), *rows, coverage=coverage)
        assert estate.gaps_at(_key(estate, SUB), "scope-of")
