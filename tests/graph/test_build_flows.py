"""Where data goes from where it lies is in the estate: logs, copies, backups, endpoints, runs; and unknown where it was not read."""

from __future__ import annotations

from typing import Any

import pytest

from scanner.graph.build import build
from scanner.graph.estate import UNSET, Estate
from scanner.snapshot import Coverage, Record, from_records, record

SUB = "/subscriptions/11111111-1111-1111-1111-111111111111"
RG = f"{SUB}/resourceGroups/rg"
WS = f"{RG}/providers/Microsoft.MachineLearningServices/workspaces/w"
STORE = f"{RG}/providers/Microsoft.Storage/storageAccounts/stdata"
LOGS = f"{RG}/providers/Microsoft.OperationalInsights/workspaces/log"
SQL = f"{RG}/providers/Microsoft.Sql/servers/s"


def _arm(kind: str, arm_id: str, properties: Any = None, location: str = "brazilsouth", **more: Any) -> Record:
    return record(
        kind,
        {"id": arm_id, "name": arm_id.rpartition("/")[2], "location": location, "properties": properties or {}, **more},
    )


def _estate(*records: Record, unread: tuple[tuple[str, str], ...] = ()) -> Estate:
    gaps = [Coverage(kind, scope.lower(), "forbidden", status=403) for kind, scope in unread]
    return build(from_records(records, gaps, tenant="t"))


def _node(estate: Estate, arm_id: str) -> int:
    node = estate.node(arm_id.lower())
    assert node is not None, arm_id
    return node


def _ends(estate: Estate, arm_id: str, edge: str) -> set[str]:
    return {estate.key(node) for node in estate.neighbours(_node(estate, arm_id), edge)}


def _get(estate: Estate, arm_id: str, name: str) -> Any:
    return estate.get(_node(estate, arm_id), name)


# -- logs and networks -------------------------------------------------------------------------------------------------


def test_a_setting_that_sends_logs_leads_there_and_one_of_metrics_alone_nowhere() -> None:
    extension = "providers/Microsoft.Insights/diagnosticSettings"
    hub = f"{RG}/providers/Microsoft.EventHub/namespaces/hub"
    estate = _estate(
        _arm("workspace", WS), _arm("storage-account", STORE), _arm("log-analytics", LOGS),
        _arm("diagnostic-setting", f"{WS.lower()}/{extension}/a", {"workspaceId": LOGS.upper(), "logs": [{"categoryGroup": "audit", "enabled": True}],
             "eventHubAuthorizationRuleId": f"{hub}/authorizationRules/Root"}),
        _arm("diagnostic-setting", f"{STORE}/blobServices/default/{extension}/b", {"storageAccountId": STORE, "logs": [{"category": "StorageRead", "enabled": False}], "metrics": [{"enabled": True}]}),
        _arm("log-export", f"{LOGS}/dataExports/e", {"enable": True, "destination": {"resourceId": STORE}}),
    )  # fmt: skip
    assert _ends(estate, WS, "sends-logs-to") == {LOGS.lower(), hub.lower()}
    assert _ends(estate, STORE, "sends-logs-to") == set()
    assert _ends(estate, LOGS, "sends-logs-to") == {STORE.lower()}


def test_categories_that_tell_of_nobody_are_told_apart() -> None:
    extension = "providers/Microsoft.Insights/diagnosticSettings"
    far = f"{RG}/providers/Microsoft.OperationalInsights/workspaces/far"
    logs = [{"category": "AmlComputeClusterEvent", "enabled": True}, {"category": "AmlRunEvent", "enabled": False}]
    estate = _estate(
        _arm("workspace", WS), _arm("log-analytics", LOGS), _arm("log-analytics", far),
        _arm("diagnostic-setting", f"{WS}/{extension}/a", {"workspaceId": LOGS, "logs": logs}),
        _arm("diagnostic-setting", f"{WS}/{extension}/b", {"workspaceId": far, "logs": [*logs, {"category": "Anything", "enabled": True}]}),
    )  # fmt: skip
    assert _ends(estate, WS, "sends-logs-to") == {LOGS.lower(), far.lower()}
    assert _ends(estate, WS, "sends-payloads-to") == {far.lower()}
    assert estate.reason(_node(estate, WS), "sends-payloads-to", _node(estate, far)) == "logs of Anything"
    unread = _estate(_arm("workspace", WS), unread=(("diagnostic-setting", WS),))
    assert unread.gaps_at(_node(unread, WS), "sends-payloads-to")


def test_the_blob_services_setting_is_the_accounts() -> None:
    setting = f"{STORE}/blobServices/default/providers/Microsoft.Insights/diagnosticSettings/b"
    estate = _estate(
        _arm("storage-account", STORE),
        _arm("diagnostic-setting", setting, {"workspaceId": LOGS, "logs": [{"enabled": True}]}),
    )
    assert _ends(estate, STORE, "sends-logs-to") == {LOGS.lower()}


def test_a_private_endpoint_leads_to_what_it_connects() -> None:
    endpoint = f"{RG}/providers/Microsoft.Network/privateEndpoints/pe"
    links = [{"properties": {"privateLinkServiceId": STORE}}]
    estate = _estate(_arm("storage-account", STORE), _arm("private-endpoint", endpoint, {"manualPrivateLinkServiceConnections": links}, "westeurope"))  # fmt: skip
    assert _ends(estate, STORE, "led-to-by") == {endpoint.lower()}
    assert _get(estate, endpoint, "region") == "westeurope"


def test_who_activated_a_membership_is_eligible_for_it_whatever_the_hour() -> None:
    """Trap 36, for groups."""
    tie = {"principalId": "ada", "groupId": "g", "accessId": "member"}
    records = [
        record("group", {"id": "g", "displayName": "g"}), record("group-member", {"id": "ada", "@odata.type": "#microsoft.graph.user"}, "g"),
        record("group-member", {"id": "bob", "@odata.type": "#microsoft.graph.user"}, "g"),
        record("group-eligibility", {"id": "e", **tie}, "g"), record("group-activation", {"id": "a", "assignmentType": "Activated", **tie}, "g"),
        record("group-activation", {"id": "b", "assignmentType": "Assigned", **tie, "principalId": "bob"}, "g"),
    ]  # fmt: skip
    estate = _estate(*records)
    assert (_ends(estate, "g", "has-member"), _ends(estate, "g", "has-eligible-member")) == ({"bob"}, {"ada"})


def test_a_delegation_gives_roles_to_whoever_the_other_tenant_says() -> None:
    """Trap 1: nobody here can look into it, so it may hold anybody."""
    arm_id = f"{SUB}/providers/Microsoft.ManagedServices/registrationAssignments/d"
    offer = {"authorizations": [{"principalId": "msp", "roleDefinitionId": "b24988ac-6180-42a0-ab88-20f7382dd24c"}]}
    estate = _estate(record("subscription", {"id": SUB}), _arm("delegation", arm_id, {"registrationDefinition": {"properties": offer}}))  # fmt: skip
    (grant,) = estate.neighbours(_node(estate, "msp"), "granted")
    assert estate.get(_node(estate, "msp"), "origin") == "delegated" and estate.get(grant, "mark") == "standing"
    assert {estate.name(m) for m in estate.neighbours(_node(estate, "msp"), "has-member")} == {
        "members of msp (unread)"
    }
    silent = _estate(record("subscription", {"id": SUB}), _arm("delegation", arm_id))
    assert silent.gaps_at(_node(silent, SUB), "scope-of")


# -- copies and backups ------------------------------------------------------------------------------------------------


def test_a_read_replica_is_a_copy_of_its_source_in_the_replicas_region() -> None:
    servers = f"{RG}/providers/Microsoft.DBforPostgreSQL/flexibleServers"
    source, replica = f"{servers}/source", f"{servers}/replica"
    rows = [
        _arm("postgresql-server", source, {"replicationRole": "Primary"}),
        _arm("postgresql-server", replica, {"replicationRole": "GeoAsyncReplica", "sourceServerResourceId": source.upper()}, "East US"),
    ]  # fmt: skip
    estate = _estate(*rows)
    assert _ends(estate, source, "copied-to") == {replica.lower()}
    assert (_get(estate, source, "replicated-regions"), _get(estate, replica, "replicated-regions")) == ({"eastus"}, frozenset())  # fmt: skip
    assert _get(estate, replica, "replication-role") == "geo-async-replica"
    unread = _estate(*rows[:1], unread=(("postgresql-server", SUB),))
    assert _get(unread, source, "replicated-regions") is UNSET and unread.gaps_at(_node(unread, source), "copied-to")
    nameless = _estate(_arm("postgresql-server", replica, {"replicationRole": "AsyncReplica"}))
    assert nameless.gaps_at(_node(nameless, replica), "copied-from")


def test_regions_beside_its_own_are_copies() -> None:
    cosmos = f"{RG}/providers/Microsoft.DocumentDB/databaseAccounts/c"
    estate = _estate(
        _arm("cosmos-account", cosmos, {"locations": [{"locationName": "Brazil South"}, {"locationName": "East US"}]}),
        _arm("log-analytics", LOGS, {"replication": {"enabled": True, "location": "East US"}}),
        _arm("sql-server", SQL), _arm("sql-database", f"{SQL}/databases/d"),
        _arm("sql-failover-group", f"{SQL}/failoverGroups/f", {"partnerServers": [{"location": "West Europe"}]}),
        _arm("sql-replication", f"{SQL}/databases/d/replicationLinks/l", {"partnerLocation": "Sweden Central"}),
    )  # fmt: skip
    assert _get(estate, cosmos, "replicated-regions") == {"eastus"}
    assert _get(estate, LOGS, "replicated-regions") == {"eastus"}
    assert _get(estate, SQL, "replicated-regions") == {"westeurope"}
    assert _get(estate, f"{SQL}/databases/d", "replicated-regions") == {"swedencentral"}


def test_an_unread_list_leaves_copies_unknown_and_not_absent() -> None:
    estate = _estate(
        _arm("sql-server", SQL), _arm("sql-database", f"{SQL}/databases/d"), unread=(("sql-failover-group", SQL), ("sql-replication", SQL)),
    )  # fmt: skip
    for arm_id in (SQL, f"{SQL}/databases/d"):
        assert _get(estate, arm_id, "replicated-regions") is UNSET
        assert estate.gaps_at(_node(estate, arm_id), "replicated-regions")


@pytest.mark.parametrize(
    ("kind", "type_", "properties", "word"),
    [
        ("cosmos-account", "Microsoft.DocumentDB/databaseAccounts", {"backupPolicy": {"periodicModeProperties": {"backupStorageRedundancy": "Local"}}}, "local"),
        ("cosmos-account", "Microsoft.DocumentDB/databaseAccounts", {"x": 1}, "geo"),
        ("sql-database", "Microsoft.Sql/servers/s/databases", {"currentBackupStorageRedundancy": "GeoZone"}, "geo-zone"),
        ("sql-database", "Microsoft.Sql/servers/s/databases", {"x": 1}, "geo"),
        ("postgresql-server", "Microsoft.DBforPostgreSQL/flexibleServers", {"backup": {"geoRedundantBackup": "Enabled"}}, "geo"),
        ("postgresql-server", "Microsoft.DBforPostgreSQL/flexibleServers", {"x": 1}, "local"),
        ("cosmos-account", "Microsoft.DocumentDB/databaseAccounts", {"backupPolicy": {"type": "Continuous"}}, "local"),
        ("recovery-vault", "Microsoft.RecoveryServices/vaults", {"redundancySettings": {"standardTierStorageRedundancy": "GeoRedundant"}}, "geo"),
        ("recovery-vault", "Microsoft.RecoveryServices/vaults", {"redundancySettings": {"standardTierStorageRedundancy": "Lunar"}}, "lunar"),
        ("backup-vault", "Microsoft.DataProtection/backupVaults", {"storageSettings": [{"type": "LocallyRedundant"}, {"type": "GeoRedundant"}]}, "geo"),
        ("recovery-vault", "Microsoft.RecoveryServices/vaults", {"x": 1}, UNSET),
    ],
)  # fmt: skip
def test_how_backups_are_kept_is_one_word(kind: str, type_: str, properties: dict[str, Any], word: Any) -> None:
    arm_id = f"{RG}/providers/{type_}/x"
    assert _get(_estate(_arm(kind, arm_id, properties)), arm_id, "backup-redundancy") == word


def test_what_a_vault_protects_is_backed_up_in_it_and_unknown_where_it_was_not_read() -> None:
    vault = f"{RG}/providers/Microsoft.RecoveryServices/vaults/v"
    other = f"{RG}/providers/Microsoft.DataProtection/backupVaults/b"
    estate = _estate(
        _arm("storage-account", STORE), _arm("recovery-vault", vault, {"redundancySettings": {"standardTierStorageRedundancy": "GeoRedundant", "crossRegionRestore": "Enabled"}}),
        _arm("backup-vault", other),
        _arm("protected-item", f"{vault}/backupFabrics/Azure/protectionContainers/c/protectedItems/i", {"sourceResourceId": STORE}),
        unread=(("backup-instance", other),),
    )  # fmt: skip
    assert _ends(estate, STORE, "backed-up-in") == {vault.lower()}
    assert _get(estate, vault, "cross-region-restore") is True
    assert estate.gaps_at(_node(estate, other), "backs-up")


# -- runs and endpoints ------------------------------------------------------------------------------------------------


def test_what_a_job_and_the_steps_of_a_pipeline_take_and_give_is_followed() -> None:
    job = f"{WS}/jobs/j"
    step = {"inputs": {"raw": {"uri": "https://stdata.blob.core.windows.net/c/p?[redacted]"}, "bound": {"uri": "${{parent.inputs.x}}"}},
            "outputs": {"out": {"uri": f"azureml:/{RG}/workspaces/w/datastores/lake/paths/x"}}, "computeId": f"{WS}/computes/gpu"}  # fmt: skip
    estate = _estate(
        _arm("workspace", WS), _arm("storage-account", STORE), _arm("compute", f"{WS}/computes/gpu", {"computeType": "AmlCompute"}, "eastus"),
        _arm("datastore", f"{WS}/datastores/lake", {"accountName": "stdata"}), _arm("data-asset", f"{WS}/data/events/versions/3", {"dataUri": "azureml://datastores/lake/paths/e"}),
        _arm("job", job, {"jobType": "Pipeline", "inputs": {"a": {"uri": "azureml:events:3"}, "n": {"jobInputType": "literal", "value": "5"}}, "jobs": {"train": step}}),
    )  # fmt: skip
    assert _ends(estate, job, "reads-data") == {f"{WS}/data/events/versions/3".lower(), STORE.lower()}
    assert _ends(estate, job, "writes-data") == {f"{WS}/datastores/lake".lower()}
    assert _ends(estate, job, "runs-on") == {f"{WS}/computes/gpu".lower()}


def test_a_job_of_another_shape_leaves_open_what_it_takes() -> None:
    estate = _estate(_arm("workspace", WS), _arm("job", f"{WS}/jobs/j", {"jobType": "Command", "inputs": [5]}))
    assert estate.gaps_at(_node(estate, f"{WS}/jobs/j"), "reads-data")


def test_a_model_is_made_by_the_job_it_names() -> None:
    model = f"{WS}/models/m/versions/1"
    estate = _estate(
        _arm("workspace", WS), _arm("model", model, {"jobName": "train-1"}), _arm("job", f"{WS}/jobs/train-1")
    )
    assert _ends(estate, model, "made-by") == {f"{WS}/jobs/train-1".lower()}


def test_what_an_endpoint_is_asked_is_kept_where_its_collector_says() -> None:
    deployment = f"{WS}/onlineEndpoints/e/deployments/blue"
    on = {"dataCollectionMode": "Enabled", "dataId": "azureml:asked:1"}
    collections = {"in": on, "off": {**on, "dataCollectionMode": "Disabled", "dataId": "azureml:other:1"}}
    estate = _estate(
        _arm("workspace", WS), _arm("online-endpoint", f"{WS}/onlineEndpoints/e"), _arm("data-asset", f"{WS}/data/asked/versions/1", {"dataUri": "azureml://datastores/x/paths/e"}),
        _arm("online-deployment", deployment, {"dataCollector": {"collections": collections}}),
        _arm("online-deployment", f"{deployment}2", {"dataCollector": {"collections": {"in": {"dataCollectionMode": "Enabled"}}}}),
    )  # fmt: skip
    assert _ends(estate, deployment, "collects-into") == {f"{WS}/data/asked/versions/1".lower()}
    assert estate.gaps_at(_node(estate, f"{deployment}2"), "collects-into")


# -- scopes ------------------------------------------------------------------------------------------------------------


def test_a_lock_holds_for_what_is_below_it_and_a_budget_does_not() -> None:
    lock = f"{RG}/providers/Microsoft.Authorization/locks/keep"
    estate = _estate(
        record("resource-group", {"id": RG, "name": "rg"}), _arm("workspace", WS), _arm("lock", lock, {"level": "CanNotDelete"}),
        _arm("budget", f"{RG}/providers/Microsoft.Consumption/budgets/b"), record("subscription", {"id": SUB}),
    )  # fmt: skip
    assert _get(estate, WS, "locks") == {"cannotdelete"} == _get(estate, RG, "locks")
    assert (_get(estate, RG, "budgets"), _get(estate, SUB, "budgets")) == ({"b"}, set())
    unread = _estate(
        record("resource-group", {"id": RG, "name": "rg"}), _arm("workspace", WS), record("subscription", {"id": SUB}),
        unread=(("lock", SUB), ("budget", SUB)),
    )  # fmt: skip
    assert _get(unread, WS, "locks") is UNSET and estate.gaps == []
    assert _get(unread, SUB, "budgets") is UNSET and _get(unread, RG, "budgets") == set()


def test_the_boundary_of_the_tenant_is_known_or_unknown() -> None:
    boundary = {"id": "/providers/Microsoft.Resources/dataBoundaries/default", "properties": {"dataBoundary": "EU"}}
    estate = _estate(record("tenant", {"tenantId": "t"}), record("data-boundary", boundary))
    assert _get(estate, "/", "data-boundary") == "eu"
    unread = _estate(record("tenant", {"tenantId": "t"}), unread=(("data-boundary", "tenant"),))
    assert _get(unread, "/", "data-boundary") is UNSET and unread.gaps_at(_node(unread, "/"), "data-boundary")


@pytest.mark.parametrize(
    ("stated", "scope", "across"),
    [
        ({}, "any", True), ({"allowedCopyScope": None, "allowCrossTenantReplication": None}, "any", True),
        ({"allowedCopyScope": "AAD", "allowCrossTenantReplication": False}, "aad", False),
        ({"allowedCopyScope": "PrivateLink", "allowCrossTenantReplication": True}, "privatelink", True),
        ({"allowedCopyScope": 5, "allowCrossTenantReplication": "?"}, UNSET, UNSET),
    ],
)  # fmt: skip
def test_copies_may_be_taken_anywhere_unless_an_account_says_otherwise(stated: Any, scope: Any, across: Any) -> None:
    """Trap 19."""
    estate = _estate(_arm("storage-account", STORE, stated))
    assert (_get(estate, STORE, "copy-scope"), _get(estate, STORE, "cross-tenant-replication")) == (scope, across)
