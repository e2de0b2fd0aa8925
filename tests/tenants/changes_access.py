"""Changes of who reaches data: rights, credentials, groups and networks."""

from __future__ import annotations

from typing import Any

from tests.tenants import kit
from tests.tenants.change import change, eligibilities, grant, graph, group, join, properties, role, trust, without
from tests.tenants.kit import GLOBAL_ADMINISTRATOR, Room, Sample

_READER = "Storage Blob Data Reader"
_WRITER = "Storage Blob Data Contributor"


@change("prod", "scientist")
def person_reads_production(s: Sample) -> None:
    """A scientist is granted the data role on production's data by name."""
    grant(s, "scientist", _READER, s.rooms["prod"].lake, "User")


@change("prod", "release")
def auditors_read_production(s: Sample) -> None:
    """The auditors' group is granted the data role on production's data."""
    grant(s, "grp-auditors", _READER, s.rooms["prod"].lake)


@change("prod")
def auditors_take_keys(s: Sample) -> None:
    """The auditors' group may list the keys of production's account, and switch them on."""
    grant(s, "grp-auditors", "Vendor Support", s.rooms["prod"].lake)


@change("prod", "dev")
def key_of_production_in_development(s: Sample) -> None:
    """Production's account accepts keys, and a datastore of development keeps one."""
    _keys_on(s, s.rooms["prod"])
    s.tenant.datastore(s.rooms["dev"].workspace, "borrowed", s.rooms["prod"].lake, credential="AccountKey")


def _keys_on(s: Sample, where: Room) -> None:
    properties(s, where.lake, allowSharedKeyAccess=True)


@change("prod", "outsider")
def secrets_of_datastores_listed(s: Sample) -> None:
    """A datastore of production keeps a key, and the auditors may list the secrets of datastores."""
    where = s.rooms["prod"]
    _keys_on(s, where)
    s.tenant.datastore(where.workspace, "by-key", where.lake, credential="AccountKey")
    grant(s, "grp-auditors", role(s, "Secrets of datastores", f"{kit.ML}/datastores/listSecrets/action"), where.workspace)  # fmt: skip


@change("prod", "dev")
def compute_of_development_reads_production(s: Sample) -> None:
    """The identity of a development cluster may read production's data."""
    grant(s, s.rooms["dev"].identity, _READER, s.rooms["prod"].lake, "ServicePrincipal")


@change("prod", "dev")
def compute_of_development_writes_production(s: Sample) -> None:
    """The identity of a development cluster may write production's data."""
    grant(s, s.rooms["dev"].identity, _WRITER, s.rooms["prod"].lake, "ServicePrincipal")


@change("prod")
def auditors_grant_access(s: Sample) -> None:
    """The auditors' group may grant access in production."""
    grant(s, "grp-auditors", "User Access Administrator", s.rooms["prod"].group)


@change("prod")
def auditors_replicate_production(s: Sample) -> None:
    """The auditors' group may write replication policies of production's account."""
    grant(s, "grp-auditors", role(s, "Replication", "Microsoft.Storage/storageAccounts/objectReplicationPolicies/write"), s.rooms["prod"].lake)  # fmt: skip


@change("prod", "release")
def pull_requests_sign_in(s: Sample) -> None:
    """Any pull request of the repository may sign in as the release."""
    trust(s, f"{s.who['subject']}:pull_request")


@change("prod", "release")
def container_made_public(s: Sample) -> None:
    """Production's account lets containers be public, and one is."""
    lake = s.rooms["prod"].lake
    properties(s, lake, allowBlobPublicAccess=True)
    service = s.tenant.resource(lake, "blobServices", "default", {"isVersioningEnabled": True}, None)
    s.tenant.resource(service, "containers", "open", {"publicAccess": "Container"}, None)


@change("prod")
def replicated_to_development(s: Sample) -> None:
    """Production's data is copied into development by object replication."""
    source, target = s.rooms["prod"].lake, s.rooms["dev"].lake
    facts = {"policyId": "p", "sourceAccount": source, "destinationAccount": target, "rules": []}
    s.tenant.resource(source, "objectReplicationPolicies", "p", facts, None)


@change("prod", only=("limited-and-production", "contoso-compliant"))
def production_only_data_in_development(s: Sample) -> None:
    """The store of development says it holds data that is for production only."""
    tags = kit.found(s.tenant, s.rooms["dev"].lake)["tags"]
    mine = kit.found(s.tenant, s.rooms["prod"].lake)["tags"]
    tags.update({key: value for key, value in mine.items() if key in ("class", "data-class")})


@change("prod", "dev")
def datastore_leads_to_production(s: Sample) -> None:
    """A datastore of development leads to production's account, without a credential."""
    s.tenant.datastore(s.rooms["dev"].workspace, "borrowed", s.rooms["prod"].lake)


@change("prod", "dev", only=("multi-environment", "multi-environment-and-regional-serving"))
def development_trains_on_production(s: Sample) -> None:
    """A development workspace registers production's data as its own asset."""
    where = s.rooms["dev"]
    s.tenant.datastore(where.workspace, "borrowed", s.rooms["prod"].lake)
    s.tenant.resource(where.workspace, "data", "real/versions/1", {
        "dataType": "uri_folder", "dataUri": "azureml://datastores/borrowed/paths/all"}, None)  # fmt: skip


@change("test", "outsider")
def auditors_read_production_data_in_test(s: Sample) -> None:
    """The auditors' group reads the production data on which test trains."""
    grant(s, "grp-auditors", _READER, s.rooms["test"].lake)


@change("source")
def source_written(s: Sample) -> None:
    """The scientists' group may write the source it reads."""
    grant(s, "scientists", _WRITER, s.more["source"])


@change("prod", "dev", only=("limited-and-production",))
def private_endpoint_into_production(s: Sample) -> None:
    """The managed network of the limited room gets a private endpoint to production's data."""
    s.tenant.resource(s.rooms["dev"].workspace, "outboundRules", "to-production", {
        "type": "PrivateEndpoint", "status": "Active", "category": "UserDefined",
        "destination": {"serviceResourceId": s.rooms["prod"].lake, "subresourceTarget": "dfs"}}, None)  # fmt: skip


# -- groups -----------------------------------------------------------------------------------------------------------


def _approved(s: Sample) -> str:
    return "inside" if "inside" in s.who else "scientists"


@change("scientists")
def group_filled_by_rule(s: Sample) -> None:
    """An approved group is filled by a rule over a department."""
    group(s, _approved(s)).update(groupTypes=["DynamicMembership"], membershipRule='user.department -eq "ml"')


@change("scientists")
def group_filled_by_what_people_write(s: Sample) -> None:
    """An approved group is filled by a rule over what people write of themselves."""
    group(s, _approved(s)).update(groupTypes=["DynamicMembership"], membershipRule='user.mobile -startsWith "+"')


@change("scientists")
def group_without_members(s: Sample) -> None:
    """An approved group has nobody in it."""
    group(s, _approved(s))["x-members"] = []


@change("scientists")
def guest_in_group(s: Sample) -> None:
    """A guest is put into an approved group."""
    s.tenant.user("gus", guest=True)
    s.tenant.document["graph"]["users"][-1]["usageLocation"] = _country(s)
    join(s, "gus", _approved(s))


def _country(s: Sample) -> str | None:
    """The country of those who are in the group already."""
    first = group(s, _approved(s))["x-members"][0]
    country: str | None = next(u.get("usageLocation") for u in s.tenant.document["graph"]["users"] if u["id"] == first)
    return country


@change("scientists")
def disabled_member(s: Sample) -> None:
    """An account in an approved group is disabled."""
    first = group(s, _approved(s))["x-members"][0]
    (user,) = (u for u in s.tenant.document["graph"]["users"] if u["id"] == first)
    user["accountEnabled"] = False


@change("scientists")
def deleted_member(s: Sample) -> None:
    """An approved group has a member that is no longer in the directory."""
    group(s, _approved(s))["x-members"].append("99999999-0000-4000-8000-000000000042")


@change("inside", "scientist")
def scientist_owns_group_of_production(s: Sample) -> None:
    """A scientist owns a group that opens production."""
    group(s, "inside")["x-owners"].append(s.tenant.principals[s.who["scientist"]])


def _empty_handed(s: Sample) -> None:
    """Takes everything off the group of production that its row is about."""
    principal = s.tenant.principals[s.who["inside"]]
    for array in ("roleAssignments", "roleEligibilityScheduleInstances"):
        rows = s.tenant.document[array]
        s.tenant.document[array] = [row for row in rows if row["properties"]["principalId"] != principal]


@change("inside", "scientist")
def scientist_owns_group_before_it_opens(s: Sample) -> None:
    """A scientist owns a group of production that has a row and no rights yet."""
    _empty_handed(s)
    group(s, "inside")["x-owners"].append(s.tenant.principals[s.who["scientist"]])


@change("inside", "outsider")
def auditor_owns_group_before_it_opens(s: Sample) -> None:
    """An auditor owns a group of production that has a row and no rights yet."""
    _empty_handed(s)
    group(s, "inside")["x-owners"].append(s.tenant.principals[s.who["outsider"]])


@change("inside")
def member_owns_group_of_production(s: Sample) -> None:
    """A member of a group that opens production owns it."""
    found = group(s, "inside")
    found["x-owners"].append(found["x-members"][0])


@change("inside")
def group_of_production_unprotected(s: Sample) -> None:
    """A group that opens production is no longer role-assignable."""
    group(s, "inside")["isAssignableToRole"] = False


@change("outsider")
def auditor_administers_directory(s: Sample) -> None:
    """An auditor is made Global Administrator."""
    s.tenant.document["graph"]["directoryRoleAssignments"].append({
        "id": "more", "principalId": s.tenant.principals[s.who["outsider"]], "roleDefinitionId": GLOBAL_ADMINISTRATOR, "directoryScopeId": "/"})  # fmt: skip


@change("country")
def reader_moves_abroad(s: Sample) -> None:
    """A reader whose row names a country is recorded in another."""
    graph(s, "users", s.who["country"])["usageLocation"] = "BR"


@change("country")
def reader_without_country(s: Sample) -> None:
    """A reader whose row names a country has none on record."""
    graph(s, "users", s.who["country"])["usageLocation"] = None


@change("inside", only=("limited-and-production",))
def access_without_end(s: Sample) -> None:
    """Reading the ledger is assigned for good, although its row says for how long."""
    for row in eligibilities(s, "inside", _READER):
        s.tenant.assign(s.who["inside"], _READER, row["properties"]["scope"])


@change("inside", only=("multi-environment", "multi-environment-and-regional-serving", "contoso-compliant"))
def incident_access_always_on(s: Sample) -> None:
    """Reading production for incidents is assigned, where it was to be activated."""
    for row in eligibilities(s, "inside", _READER):
        s.tenant.assign(s.who["inside"], _READER, row["properties"]["scope"])


# -- workspaces, endpoints, instances ---------------------------------------------------------------------------------------


@change("prod")
def shared_keys_on(s: Sample) -> None:
    """Production's account accepts keys."""
    _keys_on(s, s.rooms["prod"])


@change("dev")
def datastore_keeps_key(s: Sample) -> None:
    """A datastore of regulated data keeps a key."""
    where = s.rooms.get("prod", s.rooms["dev"])
    properties(s, f"{where.workspace}/datastores/lake", credentials={"credentialsType": "AccountKey"})


@change("dev")
def workspace_public(s: Sample) -> None:
    """A workspace with regulated data accepts traffic from the internet."""
    properties(s, s.rooms.get("prod", s.rooms["dev"]).workspace, publicNetworkAccess="Enabled")


@change("dev")
def workspace_without_network(s: Sample) -> None:
    """A workspace with regulated data has no managed network."""
    properties(s, s.rooms.get("prod", s.rooms["dev"]).workspace, managedNetwork={"isolationMode": "Disabled"})


@change("dev")
def outbound_to_internet(s: Sample) -> None:
    """The managed network of a workspace with regulated data lets anything out."""
    where = s.rooms.get("prod", s.rooms["dev"])
    rule = {"type": "ServiceTag", "destination": {"serviceTag": "Internet", "protocol": "TCP", "portRanges": "443"}, "status": "Active"}  # fmt: skip
    s.tenant.resource(where.workspace, "outboundRules", "out", {**rule, "category": "UserDefined"}, None)


@change("dev")
def workspace_opens_store_by_key(s: Sample) -> None:
    """A workspace keeps regulated data in its own account too, and opens it by key."""
    where = s.rooms.get("prod", s.rooms["dev"])
    kit.found(s.tenant, where.storage)["tags"] = dict(kit.found(s.tenant, where.lake)["tags"])
    properties(s, where.workspace, systemDatastoresAuthMode="AccessKey")
    properties(s, where.storage, allowSharedKeyAccess=True)


@change("prod", "endpoint")
def endpoint_answers_to_key(s: Sample) -> None:
    """An endpoint of production answers to a key."""
    properties(s, _endpoint(s), authMode="Key")


@change("prod", "endpoint", "outsider")
def keys_of_endpoint_listed(s: Sample) -> None:
    """The tokens of a production endpoint may be drawn by the auditors."""
    properties(s, _endpoint(s), authMode="AMLToken")
    grant(s, "grp-auditors", role(s, "Tokens of endpoints", f"{kit.ML}/onlineEndpoints/token/action"), s.rooms["prod"].workspace)  # fmt: skip


def _endpoint(s: Sample) -> str:
    return f"{s.rooms['prod'].workspace}/onlineEndpoints/{s.who['endpoint']}"


def _instance(s: Sample, user: str, **facts: Any) -> None:
    arm_id = kit.instance(s.tenant, s.rooms["prod"], s.who.get(user, user), s.who["administrator"])
    kit.found(s.tenant, arm_id)["properties"].update(facts)


@change("prod", "outsider")
def instance_of_disabled_account(s: Sample) -> None:
    """An instance in production belongs to an account that is disabled."""
    s.tenant.user("olaf", enabled=False)
    _instance(s, "olaf")


@change("prod", "scientist")
def instance_of_scientist(s: Sample) -> None:
    """An instance in production belongs to somebody who works in development."""
    _instance(s, "scientist")


@change("prod", "outsider")
def instance_with_root(s: Sample) -> None:
    """An instance in production gives its user root."""
    _instance(s, "outsider", disableLocalAuth=False)


@change("prod")
def deny_assignment_lifted(s: Sample) -> None:
    """The deny assignment of the managed group is gone in which production's data lands, and somebody was granted reading there."""
    without(s, "denyAssignments", lambda row: row["properties"]["scope"].endswith("/rg-landing-managed"))
