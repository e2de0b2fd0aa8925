"""From records to the estate: defaults Azure documents, facts nobody could read, and references to what is not there."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.graph.build import build
from scanner.graph.build.context import follow, segments
from scanner.graph.estate import UNSET, Estate
from scanner.graph.records import RECORDS
from scanner.snapshot import Coverage, Record, from_records, record

SUB = "/subscriptions/11111111-1111-1111-1111-111111111111"
RG = f"{SUB}/resourceGroups/rg"
WS = f"{RG}/providers/Microsoft.MachineLearningServices/workspaces/w"
ST = f"{RG}/providers/Microsoft.Storage/storageAccounts/stacc"


def _estate(*records: Record, coverage: tuple[Coverage, ...] = ()) -> Estate:
    return build(from_records(records, coverage, tenant="t"))


def _get(estate: Estate, key: str, attribute: str) -> Any:
    node = estate.node(key.lower())
    assert node is not None, key
    return estate.get(node, attribute)


def _arm(kind: str, arm_id: str, properties: dict[str, Any] | None = None, /, **more: Any) -> Record:
    body: dict[str, Any] = {"id": arm_id, "name": arm_id.rpartition("/")[2], **more}
    if properties is not None:
        body["properties"] = properties
    return record(kind, body)


def test_an_absent_property_has_the_default_azure_documents() -> None:
    """Trap 19: absent is not safe."""
    estate = _estate(
        _arm("storage-account", ST, {}),
        _arm("workspace", WS, {}),
        _arm("key-vault", f"{RG}/providers/Microsoft.KeyVault/vaults/v", {}),
    )
    assert _get(estate, ST, "shared-key-access") is True
    assert _get(estate, ST, "public-blobs") is True
    assert _get(estate, WS, "public-network-access") == "enabled"
    assert _get(estate, WS, "datastore-auth") == "access-key"
    assert _get(estate, f"{RG}/providers/Microsoft.KeyVault/vaults/v", "rbac") is False


def test_a_list_without_properties_says_nothing_of_them() -> None:
    """Trap 14: what came from a cheaper list is unknown, not default."""
    estate = _estate(_arm("storage-account", ST), _arm("workspace", WS))
    assert _get(estate, ST, "shared-key-access") is UNSET
    assert _get(estate, WS, "public-network-access") is UNSET


def test_graph_nulls_are_not_facts() -> None:
    """Trap 3: an object reduced to its id is not a member, not enabled, not anything."""
    estate = _estate(
        record("user", {"id": "u1", "displayName": None, "userType": None, "accountEnabled": None}),
        record("user", {"id": "u2", "displayName": "Ben", "userType": "Guest", "accountEnabled": False}),
        record("group", {"id": "g1", "displayName": None, "groupTypes": None, "isAssignableToRole": None}),
    )
    assert [_get(estate, "u1", a) for a in ("guest", "account-enabled", "sign-in-name")] == [UNSET] * 3
    assert [_get(estate, "u2", a) for a in ("guest", "account-enabled")] == [True, False]
    assert [_get(estate, "g1", a) for a in ("dynamic", "role-assignable")] == [UNSET] * 2


@pytest.mark.parametrize(
    ("location", "region"),
    [("West Europe", "westeurope"), ("westeurope", "westeurope"), ("global", None), ("", None), ("Global", None)],
)
def test_global_is_no_region_and_display_names_are_names(location: str, region: str | None) -> None:
    """Traps 16 and 22."""
    estate = _estate(_arm("storage-account", ST, {}, location=location))
    assert _get(estate, ST, "region") == region
    node = estate.node(ST.lower())
    assert node is not None and len(estate.neighbours(node, "located-in")) == (region is not None)


def _usage(arm_id: str, name: str, used: int, limit: int) -> Record:
    body = {"id": arm_id, "type": "x", "currentValue": used, "limit": limit, "name": {"value": name}}
    return record("ml-usage", body, f"{SUB}/locations/westeurope")


def test_one_level_of_a_usage_answer_is_counted_and_minus_one_is_no_limit() -> None:
    """Trap 20: the same cores stand in the answer three times."""
    family = "Standard DSv2 Family Cluster Dedicated vCPUs"
    estate = _estate(
        _usage(f"{SUB}/usages", "Total Cluster Dedicated Regional vCPUs", 48, 300), _usage(f"{SUB}/usages/Standard_DSv2", family, 16, 100),
        _usage(f"{WS}/usages/Standard_DSv2", family, 16, -1), _usage(f"{WS}/computes/c/usages/Standard_DSv2", family, 16, -1),
        _usage(f"{SUB}/usages/LowPriority", "Standard DSv2 Family Cluster LowPriority vCPUs", 3, -1),
    )  # fmt: skip
    pools = {
        estate.get(p, "family"): (estate.get(p, "used"), estate.get(p, "limit")) for p in estate.nodes("quota-pool")
    }
    assert pools == {"dsv2": (16, 100), "dsv2lowpriority": (3, None), "totalregional": (48, 300)}
    assert _get(estate, f"pool:ml|{SUB}|westeurope|dsv2", "workspace-use") == {WS.lower(): 16}


def test_a_usage_row_without_a_limit_is_not_unlimited_and_leaves_its_list_in_doubt() -> None:
    row = record(
        "ml-usage",
        {"id": f"{SUB}/usages/x", "name": {"value": "Standard DSv2 Family"}, "currentValue": 1},
        f"{SUB}/locations/westeurope",
    )
    estate = _estate(row)
    assert _get(estate, f"pool:ml|{SUB}|westeurope|dsv2", "limit") is UNSET
    assert estate.unread_gaps("quota-pool")


@pytest.mark.parametrize(("asked", "said"), [(["westeurope", "norwayeast"], {"westeurope", "norwayeast"}), ([], UNSET)])
def test_where_quota_was_asked_for_is_what_the_ledger_says(asked: list[str], said: object) -> None:
    """Refused or not. A snapshot whose ledger tells of no quota says nothing of it."""
    ledger = tuple(Coverage("ml-usage", f"{SUB.lower()}/locations/{region}", "forbidden") for region in asked)
    estate = _estate(*(record("subscription", {"id": s, "displayName": s}) for s in (SUB, SUB + "2")), coverage=ledger)
    assert _get(estate, SUB, "quota-asked-in") == said
    assert _get(estate, SUB + "2", "quota-asked-in") == (frozenset() if asked else UNSET)


def test_each_system_of_quota_has_pools_of_its_own() -> None:
    def row(kind: str, name: str, used: int, limit: int, at: str = "") -> Record:
        return record(
            kind,
            {"id": at, "name": {"value": name}, "currentValue": used, "limit": limit},
            f"{SUB}/locations/westeurope",
        )

    ml = f"{SUB}/usages"
    estate = _estate(
        row("ml-usage", "Clusters", 7, 100, ml), row("ml-usage", "Total Cluster LowPriority Regional vCPUs", 4, 200, ml),
        row("vm-usage", "standardDSv2Family", 8, 100), row("vm-usage", "cores", 12, 350), row("vm-usage", "lowPriorityCores", 0, 3),
        row("vm-usage", "availabilitySets", 1, 2500), row("model-usage", "OpenAI.Standard.gpt-4.1", 5, 50),
        row("model-usage", "OpenAI.ProvisionedManaged", 0, 100), row("model-usage", "OpenAI.S0.AccountCount", 3, 30),
        _arm("workspace", WS, {}, location="westeurope"), _arm("online-endpoint", f"{WS}/onlineEndpoints/e", {}, location="westeurope"),
        _arm("online-deployment", f"{WS}/onlineEndpoints/e/deployments/d", {}), _arm("batch-endpoint", f"{WS}/batchEndpoints/b", {}),
    )  # fmt: skip
    pools = {
        (estate.get(p, "system"), estate.get(p, "family"), estate.get(p, "used"), estate.get(p, "limit"))
        for p in estate.nodes("quota-pool")
    }
    assert pools == {
        ("count", "compute-resources", 7, 100), ("ml", "totallowpriorityregional", 4, 200), ("vm", "dsv2", 8, 100), ("vm", "totalregional", 12, 350),
        ("vm", "totallowpriorityregional", 0, 3), ("model", "openai.standard.gpt-4.1", 5, 50), ("model", "openai.provisionedmanaged", 0, 100),
        ("count", "model-accounts", 3, 30), ("count", "endpoints", 2, 100), ("count", "deployments", 1, 500),
    }  # fmt: skip
    (standard,) = [p for p in estate.nodes("quota-pool") if estate.get(p, "sku") == "standard"]
    assert estate.get(standard, "model") == "gpt-4.1"


def test_node_pools_of_a_cluster_say_how_far_they_may_grow() -> None:
    arm_id = f"{RG}/providers/Microsoft.ContainerService/managedClusters/k"
    pools = [
        {"vmSize": "Standard_D4s_v5", "count": 2, "enableAutoScaling": True, "maxCount": 9},
        {"vmSize": "Standard_D4s_v5", "count": 3, "maxCount": None, "scaleSetPriority": "Spot"},
    ]
    estate = _estate(_arm("aks-cluster", arm_id, {"agentPoolProfiles": pools}))
    assert _get(estate, arm_id, "node-pools") == (("standard_d4s_v5", 9, False), ("standard_d4s_v5", 3, True))


def _datastore(**properties: Any) -> Record:
    return _arm("datastore", f"{WS}/datastores/d", {"datastoreType": "AzureBlob", "accountName": "stacc", **properties})


def test_a_datastore_finds_its_account_by_place_or_by_its_unique_name() -> None:
    for properties in ({}, {"subscriptionId": SUB.rpartition("/")[2], "resourceGroup": "RG"}):
        estate = _estate(_arm("workspace", WS, {}), _datastore(**properties), _arm("storage-account", ST, {}))
        node = estate.node(f"{WS}/datastores/d".lower())
        assert node is not None and [estate.name(n) for n in estate.neighbours(node, "stored-in")] == ["stacc"]


def test_an_account_nobody_can_see_is_missing_with_a_gap_and_does_not_vanish() -> None:
    """Trap 7."""
    estate = _estate(_arm("workspace", WS, {}), _datastore())
    (missing,) = [n for n in estate.nodes("missing") if estate.name(n) == "stacc"]
    assert estate.gaps_at(missing, "*")


def test_asset_addresses_lead_to_the_account() -> None:
    for uri in ("azureml://datastores/d/paths/x", f"azureml:/{WS}/datastores/d/paths/x".replace("resourceGroups", "resourcegroups").replace("/providers/Microsoft.MachineLearningServices", ""),
                "https://stacc.blob.core.windows.net/c/x?sig=[redacted]", "abfss://f@stacc.dfs.core.windows.net/x", "wasbs://c@stacc.blob.core.windows.net/x"):  # fmt: skip
        asset = _arm("data-asset", f"{WS}/data/a/versions/1", {"dataUri": uri})
        estate = _estate(_arm("workspace", WS, {}), _datastore(), _arm("storage-account", ST, {}), asset)
        node = estate.node(f"{WS}/data/a/versions/1".lower())
        assert node is not None and estate.neighbours(node, "stored-in"), uri
        assert "?" not in str(estate.get(node, "uri"))


def test_a_project_stands_on_what_its_hub_stands_on() -> None:
    hub = f"{RG}/providers/Microsoft.MachineLearningServices/workspaces/hub"
    estate = _estate(_arm("workspace", hub, {"storageAccount": ST}, kind="Hub"), _arm("workspace", WS, {"hubResourceId": hub.upper()}, kind="Project"),
                     _arm("storage-account", ST, {}))  # fmt: skip
    node = estate.node(WS.lower())
    assert node is not None and [estate.name(n) for n in estate.neighbours(node, "default-store")] == ["stacc"]


def _role(principal: str, mark: str, **more: Any) -> Record:
    facts = {
        "principalId": principal,
        "principalType": "User",
        "roleDefinitionId": "/x/roleDefinitions/R1",
        "scope": SUB.upper(),
        **more,
    }
    return record(mark, {"id": f"{SUB}/providers/Microsoft.Authorization/x/{principal}{mark}", "properties": facts})


def test_an_activated_assignment_is_the_eligible_one() -> None:
    """Trap 36."""
    estate = _estate(
        _role("u1", "role-assignment"),
        _role("u1", "role-activation", assignmentType="Activated"),
        _role("u1", "role-eligibility"),
    )
    assert [estate.get(g, "mark") for g in estate.nodes("grant")] == ["eligible"]


def test_a_standing_assignment_beside_an_eligible_one_is_standing() -> None:
    estate = _estate(_role("u1", "role-assignment"), _role("u1", "role-eligibility"))
    assert [estate.get(g, "mark") for g in estate.nodes("grant")] == ["standing"]


def test_without_pims_list_nobody_can_say_how_an_assignment_is_held() -> None:
    gap = Coverage(
        "role-activation",
        SUB.lower(),
        "forbidden",
        "Microsoft.Authorization/roleAssignmentScheduleInstances/read",
        status=403,
    )
    estate = _estate(record("subscription", {"id": SUB}), _role("u1", "role-assignment"), coverage=(gap,))
    (grant,) = estate.nodes("grant")
    assert estate.get(grant, "mark") is UNSET and estate.gaps_at(grant, "mark")


def test_no_premium_licence_is_no_pim_and_no_gap() -> None:
    gap = Coverage("role-activation", SUB.lower(), "complete", code="AadPremiumLicenseRequired", status=400)
    assert not _estate(_role("u1", "role-assignment"), coverage=(gap,)).gaps


def test_a_principal_that_is_gone_is_kept_as_unresolved() -> None:
    whole = tuple(Coverage(kind, "tenant", "complete") for kind in ("user", "group", "service-principal"))
    estate = _estate(_role("u1", "role-assignment"), record("user", {"id": "u2", "displayName": "B"}), coverage=whole)
    assert [_get(estate, u, "unresolved") for u in ("u1", "u2")] == [True, False]
    assert _get(_estate(_role("u1", "role-assignment")), "u1", "unresolved") is UNSET


def test_unread_members_are_one_unknown_identity_and_everybody_else_is_not() -> None:
    gap = Coverage("group-member", "g1", "forbidden", "GroupMember.Read.All", status=403)
    estate = _estate(
        record("group", {"id": "g1", "displayName": "G", "groupTypes": []}),
        record("user", {"id": "u1", "displayName": "A"}),
        coverage=(gap,),
    )
    placeholder = estate.node("unread:member|g1")
    assert placeholder is not None and estate.kind(placeholder) == "user"
    assert _get(estate, "g1", "empty") is UNSET


def test_owners_may_join_but_not_where_the_group_is_mastered_on_premises() -> None:
    for synchronised, count in ((None, 1), (True, 0)):
        estate = _estate(record("group", {"id": "g1", "displayName": "G", "onPremisesSyncEnabled": synchronised}),
                         record("group-owner", {"id": "u1", "@odata.type": "#microsoft.graph.user"}, "g1"))  # fmt: skip
        assert estate.edge_count("may-join") == count


def test_a_managed_identity_is_one_principal_however_it_is_met() -> None:
    """Trap 13."""
    body = {
        "type": "SystemAssigned, UserAssigned",
        "principalId": "P1",
        "userAssignedIdentities": {
            f"{RG}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i": {"principalId": "P2"}
        },
    }
    sp = record(
        "service-principal",
        {"id": "p1", "displayName": "w", "servicePrincipalType": "ManagedIdentity", "alternativeNames": []},
    )
    estate = _estate(
        _arm("workspace", WS, {}, identity=body), sp, _role("P1", "role-assignment", principalType="ServicePrincipal")
    )
    assert estate.count("managed-identity") == 2 and estate.count("service-principal") == 0
    assert [estate.key(g) for g in estate.nodes("grant")] == [f"grant:host:{WS.lower()}|r1|{SUB.lower()}"]


def test_arm_paths_are_followed_as_azure_wrote_them() -> None:
    body = {
        "properties": {"networkAcls": {"defaultAction": "Deny"}, "rules": [{"id": "a"}, {"id": "b"}], "none": None},
        "tags": {"cost.owner": "me"},
    }
    assert follow(body, segments("properties.NETWORKACLS.defaultaction")) == "Deny"
    assert follow(body, segments("properties.rules[].id")) == {"a", "b"}
    assert follow(body, segments("tags['cost.owner']")) == "me"
    assert follow(body, segments("properties.absent")) is None
    assert follow(body, segments("properties.absent.deeper")) is UNSET


_JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
    st.sampled_from(["id", "name", "properties", "identity", "principalId", "sku", "location", "tags", "scope", "value", "permissions"]), inner, max_size=4), max_leaves=12)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(RECORDS)), _JSON, st.text(max_size=10))
def test_no_shape_of_an_answer_ends_the_run(kind: str, body: Any, of: str) -> None:
    """A surprise makes facts unknown, never a crash."""
    whole = {"id": ST, **body} if isinstance(body, dict) else body
    _estate(record(kind, body, of), record(kind, whole, of))


def _rules(*destinations: Any) -> list[Record]:
    return [
        _arm("outbound-rule", f"{WS}/outboundRules/r{n}", {"type": "x", "destination": d})
        for n, d in enumerate(destinations)
    ]


def test_an_outbound_rule_is_open_or_leads_somewhere() -> None:
    anywhere = [
        "*",
        "pypi.org",
        {"serviceTag": "Internet"},
        {"serviceTag": "Internet2"},
        {"addressPrefixes": ["10.0.0.0/8", "0.0.0.0/0"]},
    ]
    estate = _estate(
        _arm("workspace", WS, {}), _arm("storage-account", ST, {}), *_rules(*anywhere, {"serviceResourceId": ST})
    )
    assert _get(estate, WS, "open-outbound") == {"*", "Internet", "0.0.0.0/0"}
    assert [(estate.key(a), estate.key(b)) for a, b in estate.pairs("reaches-out-to")] == [(WS.lower(), ST.lower())]


def test_a_workspace_without_outbound_rules_has_none_unless_nobody_could_list_them() -> None:
    assert _get(_estate(_arm("workspace", WS, {})), WS, "open-outbound") == frozenset()
    unread = Coverage("outbound-rule", WS.lower(), "forbidden", RECORDS["outbound-rule"].permission, status=403)
    estate = _estate(_arm("workspace", WS, {}), coverage=(unread,))
    node = estate.node(WS.lower())
    assert node is not None and estate.get(node, "open-outbound") is UNSET
    assert estate.gaps_at(node, "open-outbound") and estate.gaps_at(node, "reaches-out-to")
    odd = _estate(_arm("workspace", WS, {}), *_rules(7))
    found = odd.node(WS.lower())
    assert found is not None and odd.gaps_at(found, "open-outbound")
