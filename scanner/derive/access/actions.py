"""The rights that decide who reaches data and who can act as whom, in one table. Strings are Azure's operation names, folded.

What acting on a host, and what administering a directory, amounts to is knowledge of the field rather than checked fact:
it stands here as data so that it is easy to correct.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Action:
    """An action, folded; `data` for data actions."""

    name: str
    data: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Right:
    """Something one may do: any one of the actions is enough. `name` is what people read; a right is itself, not its name."""

    name: str
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class StoreRights:
    """What opens the data of one kind of store.

    `keys` open all of it while the attribute `keys_open` of the store is not false, `query_keys` to read only; whoever
    holds `reopen` can make it true again.
    """

    read: Right
    write: Right
    keys: Right
    keys_open: str = ""
    reopen: Right | None = None
    query_keys: Right | None = None  # those that only read, and `keys`

    def keys_to(self, access: str) -> Right:
        """The keys with which one reads, or writes."""
        return self.query_keys if access == "read" and self.query_keys is not None else self.keys


def _right(name: str, *actions: str, data: tuple[str, ...] = ()) -> Right:
    found = (*(Action(a.lower()) for a in actions), *(Action(a.lower(), data=True) for a in data))
    return Right(name, found)


_STORAGE = "microsoft.storage/storageaccounts"
_ML = "microsoft.machinelearningservices/workspaces"
_IDENTITY = "microsoft.managedidentity/userassignedidentities"
_COSMOS = "microsoft.documentdb/databaseaccounts"
_SEARCH = "microsoft.search/searchservices"
_MODELS = "microsoft.cognitiveservices/accounts"
_SQL = "microsoft.sql/servers"
_POSTGRES = "microsoft.dbforpostgresql/flexibleservers"
_LOGS = "microsoft.operationalinsights/workspaces"
_NOTHING = _right("nothing")
_COSMOS_KEYS = (
    f"{_COSMOS}/listkeys/action",
    f"{_COSMOS}/listconnectionstrings/action",
    f"{_COSMOS}/regeneratekey/action",
)
_SEARCH_KEYS = (f"{_SEARCH}/listadminkeys/action", f"{_SEARCH}/regenerateadminkey/action")

BLOB_READ = Action(f"{_STORAGE}/blobservices/containers/blobs/read", data=True)
ACCOUNT_WRITE = Action(f"{_STORAGE}/write")
ASSIGN_ROLES = Action("microsoft.authorization/roleassignments/write")

STORES: Mapping[str, StoreRights] = {
    "storage-account": StoreRights(
        _right("read the data", data=(
            f"{_STORAGE}/blobservices/containers/blobs/read", f"{_STORAGE}/fileservices/fileshares/files/read",
            f"{_STORAGE}/fileservices/readfilebackupsemantics/action", f"{_STORAGE}/queueservices/queues/messages/read",
            f"{_STORAGE}/queueservices/queues/messages/process/action", f"{_STORAGE}/tableservices/tables/entities/read")),
        _right("write the data", data=(
            f"{_STORAGE}/blobservices/containers/blobs/write", f"{_STORAGE}/blobservices/containers/blobs/add/action",
            f"{_STORAGE}/blobservices/containers/blobs/delete", f"{_STORAGE}/blobservices/containers/blobs/move/action",
            f"{_STORAGE}/fileservices/fileshares/files/write", f"{_STORAGE}/fileservices/fileshares/files/delete",
            f"{_STORAGE}/fileservices/writefilebackupsemantics/action", f"{_STORAGE}/queueservices/queues/messages/write",
            f"{_STORAGE}/queueservices/queues/messages/add/action", f"{_STORAGE}/queueservices/queues/messages/process/action",
            f"{_STORAGE}/queueservices/queues/messages/delete", f"{_STORAGE}/tableservices/tables/entities/write",
            f"{_STORAGE}/tableservices/tables/entities/add/action", f"{_STORAGE}/tableservices/tables/entities/update/action",
            f"{_STORAGE}/tableservices/tables/entities/delete")),
        _right("take the account's keys", f"{_STORAGE}/listkeys/action", f"{_STORAGE}/listaccountsas/action",
               f"{_STORAGE}/listservicesas/action", f"{_STORAGE}/regeneratekey/action"),
        "shared-key-access",
        Right("switch the account's keys on", (ACCOUNT_WRITE,)),
    ),
    "cosmos-account": StoreRights(
        _NOTHING,
        _NOTHING,
        _right("take the account's keys", *_COSMOS_KEYS),
        "local-auth",
        _right("switch the account's keys on", f"{_COSMOS}/write"),
        _right("take the account's keys", *_COSMOS_KEYS, f"{_COSMOS}/readonlykeys/action"),
    ),
    "search-service": StoreRights(
        _right("read the indexes", data=(f"{_SEARCH}/indexes/documents/read",)),
        _right("write the indexes", data=(f"{_SEARCH}/indexes/documents/write",)),
        _right("take the service's keys", *_SEARCH_KEYS),
        "local-auth",
        _right("switch the service's keys on", f"{_SEARCH}/write"),
        _right("take the service's keys", *_SEARCH_KEYS, f"{_SEARCH}/listquerykeys/action"),
    ),
    "model-account": StoreRights(
        _right("read its files", data=(f"{_MODELS}/openai/files/read",)),
        _right("write its files", data=(f"{_MODELS}/openai/files/write", f"{_MODELS}/openai/files/import/action")),
        _right("take the account's keys", f"{_MODELS}/listkeys/action", f"{_MODELS}/regeneratekey/action"),
        "local-auth",
        _right("switch the account's keys on", f"{_MODELS}/write"),
    ),
    # databases have no data actions: whoever may write the server may give it a new password or administrator
    "sql-server": StoreRights(_NOTHING, _NOTHING, _right("become the server's administrator", f"{_SQL}/write", f"{_SQL}/administrators/write")),
    "sql-database": StoreRights(
        _right("export the database", f"{_SQL}/databases/export/action"), _NOTHING,
        _right("become the server's administrator", f"{_SQL}/write", f"{_SQL}/administrators/write")),
    "postgresql-server": StoreRights(_NOTHING, _NOTHING, _right("become the server's administrator", f"{_POSTGRES}/write", f"{_POSTGRES}/administrators/write")),
    "log-analytics": StoreRights(
        Right("query the logs", (Action(f"{_LOGS}/query/read"), Action(f"{_LOGS}/tables/data/read", data=True))), _NOTHING, _NOTHING),
}  # fmt: skip
DATA_READ = STORES["storage-account"].read.actions
DATA_WRITE = STORES["storage-account"].write.actions
ACCOUNT_KEYS = STORES["storage-account"].keys.actions

WORKSPACE_KEYS = _right(
    "take the keys of the workspace's account", f"{_ML}/listkeys/action", f"{_ML}/liststorageaccountkeys/action"
)
DATASTORE_SECRETS = _right("take the secrets of datastores", f"{_ML}/datastores/listsecrets/action")
CONNECTION_SECRETS = _right("take the secrets of connections", f"{_ML}/connections/listsecrets/action")
PREVIEW = _right(
    "look at data as the workspace",
    f"{_ML}/datasets/registered/preview/read",
    f"{_ML}/datasets/unregistered/preview/read",
)
# The first generation of the service submits runs by an action of its own; roles made for it still run code.
RUN_JOBS = _right(
    "run jobs",
    f"{_ML}/jobs/write",
    f"{_ML}/schedules/write",
    f"{_ML}/batchendpoints/jobs/write",
    f"{_ML}/experiments/runs/submit/action",
)
# A workspace hands out what signs in to the clusters and machines attached to it (`ComputeSecrets` in its API).
COMPUTE_KEYS = _right("take the credentials of attached computes", f"{_ML}/computes/listkeys/action")
# What lets one use a credential that a datastore keeps.
DATASTORE_USE = Right("use what datastores keep", (*DATASTORE_SECRETS.actions, *RUN_JOBS.actions))
DEPLOY = _right("write deployments", f"{_ML}/onlineendpoints/deployments/write")
ATTACH = _right("attach the identity", f"{_IDENTITY}/assign/action")
FEDERATE = _right("trust an outside workload", f"{_IDENTITY}/federatedidentitycredentials/write")
ASSIGN = Right("assign roles", (ASSIGN_ROLES,))
# PIM assigns, or makes eligible, whomever a request names (`AdminAssign` in its API); activating what one is eligible for takes no right.
REQUEST_ROLES = _right(
    "have PIM assign roles",
    "microsoft.authorization/roleassignmentschedulerequests/write",
    "microsoft.authorization/roleeligibilityschedulerequests/write",
)
GRANTING = (ASSIGN_ROLES, *REQUEST_ROLES.actions)
DEFINE_ROLES = _right("redefine roles", "microsoft.authorization/roledefinitions/write")
ACTIVATION_RULES = _right("loosen what activating demands", "microsoft.authorization/rolemanagementpolicies/write")
ASSIGN_POLICIES = _right("change policy assignments", "microsoft.authorization/policyassignments/write")
READ_SECRETS = _right("read the vault's secrets", data=("microsoft.keyvault/vaults/secrets/getsecret/action",))
# Where the vault lets deployments have its secrets, whoever deploys may have them written into the answer.
DEPLOY_SECRETS = _right("deploy with the vault's secrets", "microsoft.keyvault/vaults/deploy/action")
WRITE_ACCESS_POLICIES = _right(
    "write access policies of the vault",
    "microsoft.keyvault/vaults/write",
    "microsoft.keyvault/vaults/accesspolicies/write",
)
REPLICATE = _right("copy objects out by replication", f"{_STORAGE}/objectreplicationpolicies/write")
# An ACL of a hierarchical account reads and writes without any role; whoever owns a path may set it.
REWRITE_ACLS = _right("rewrite ACLs", data=(
    f"{_STORAGE}/blobservices/containers/blobs/modifypermissions/action", f"{_STORAGE}/blobservices/containers/blobs/manageownership/action"))  # fmt: skip
# A restore goes to whatever target its caller names.
RESTORE = _right("restore backups elsewhere", "microsoft.dataprotection/backupvaults/backupinstances/restore/action",
                 "microsoft.recoveryservices/vaults/backupfabrics/protectioncontainers/protecteditems/recoverypoints/restore/action")  # fmt: skip
ADD_LOCAL_USERS = _right("add users of SFTP", f"{_STORAGE}/localusers/write")
TAKE_OVER_LOCAL_USERS = _right("give users of SFTP a new password", f"{_STORAGE}/localusers/regeneratepassword/action")
PUBLISH = _right("make containers public", f"{_STORAGE}/blobservices/containers/write")
# What takes an identity along when it is made or changed.
CREATE = _right("create what runs", f"{_ML}/computes/write", f"{_ML}/onlineendpoints/write", "microsoft.compute/virtualmachines/write",
                "microsoft.compute/virtualmachinescalesets/write", "microsoft.containerinstance/containergroups/write", "microsoft.web/sites/write",
                "microsoft.app/containerapps/write", "microsoft.app/jobs/write", "microsoft.resources/deploymentscripts/write",
                "microsoft.logic/workflows/write", "microsoft.automation/automationaccounts/write", "microsoft.datafactory/factories/write",
                "microsoft.containerservice/managedclusters/write", "microsoft.batch/batchaccounts/pools/write")  # fmt: skip

# Acting on a host is acting as its identity. Types that are not listed: whoever may write the resource.
HOSTS: Mapping[str, Right] = {
    "microsoft.compute/virtualmachines": _right("run commands on the machine", "microsoft.compute/virtualmachines/runcommand/action",
        "microsoft.compute/virtualmachines/runcommands/write", "microsoft.compute/virtualmachines/extensions/write", "microsoft.compute/virtualmachines/write",
        data=("microsoft.compute/virtualmachines/login/action", "microsoft.compute/virtualmachines/loginasadmin/action")),
    "microsoft.compute/virtualmachinescalesets": _right("run commands on the machines", "microsoft.compute/virtualmachinescalesets/virtualmachines/runcommand/action",
        "microsoft.compute/virtualmachinescalesets/virtualmachines/runcommands/write", "microsoft.compute/virtualmachinescalesets/extensions/write",
        "microsoft.compute/virtualmachinescalesets/write"),
    "microsoft.hybridcompute/machines": _right("run commands on the machine", "microsoft.hybridcompute/machines/runcommands/write",
        "microsoft.hybridcompute/machines/extensions/write", data=("microsoft.hybridcompute/machines/loginasadmin/action",)),
    "microsoft.containerservice/managedclusters": _right("take the cluster's credentials", "microsoft.containerservice/managedclusters/listclusteradmincredential/action",
        "microsoft.containerservice/managedclusters/listclusterusercredential/action", "microsoft.containerservice/managedclusters/runcommand/action",
        "microsoft.containerservice/managedclusters/write", data=tuple(f"microsoft.containerservice/managedclusters/{what}/write" for what in (
            "pods", "apps/deployments", "apps/daemonsets", "apps/statefulsets", "batch/jobs", "batch/cronjobs"))),
    "microsoft.kubernetes/connectedclusters": _right("take the cluster's credentials", "microsoft.kubernetes/connectedclusters/listclusterusercredential/action",
        "microsoft.kubernetes/connectedclusters/write"),
    "microsoft.datafactory/factories": _right("write pipelines", "microsoft.datafactory/factories/pipelines/write", "microsoft.datafactory/factories/write"),
    "microsoft.synapse/workspaces": _right("administer the workspace", "microsoft.synapse/workspaces/write", "microsoft.synapse/workspaces/administrators/write"),
    "microsoft.databricks/accessconnectors": _right("use the connector", "microsoft.databricks/accessconnectors/write"),
    "microsoft.web/sites": _right("publish code", "microsoft.web/sites/publish/action", "microsoft.web/sites/config/list/action",
        "microsoft.web/sites/publishxml/action", "microsoft.web/sites/functions/write", "microsoft.web/sites/host/listkeys/action",
        "microsoft.web/sites/extensions/write", "microsoft.web/sites/sourcecontrols/write", "microsoft.web/sites/config/write", "microsoft.web/sites/write"),
    "microsoft.logic/workflows": _right("write the workflow", "microsoft.logic/workflows/write"),
    "microsoft.automation/automationaccounts": _right("write runbooks", "microsoft.automation/automationaccounts/runbooks/write",
        "microsoft.automation/automationaccounts/runbooks/draft/write", "microsoft.automation/automationaccounts/jobs/write",
        "microsoft.automation/automationaccounts/jobschedules/write", "microsoft.automation/automationaccounts/webhooks/write",
        "microsoft.automation/automationaccounts/write"),
    "microsoft.containerinstance/containergroups": _right("run in the container", "microsoft.containerinstance/containergroups/containers/exec/action",
        "microsoft.containerinstance/containergroups/write"),
    "microsoft.app/containerapps": _right("change the container", "microsoft.app/containerapps/write",
        "microsoft.app/containerapps/exec/action", "microsoft.app/containerapps/debug/action"),
    "microsoft.app/jobs": _right("change the container", "microsoft.app/jobs/write", "microsoft.app/jobs/start/action"),
    "microsoft.batch/batchaccounts": _right("run tasks", "microsoft.batch/batchaccounts/pools/write", "microsoft.batch/batchaccounts/write",
        "microsoft.batch/batchaccounts/listkeys/action",
        data=("microsoft.batch/batchaccounts/jobs/write", "microsoft.batch/batchaccounts/jobschedules/write")),
    # an indexer reads what its data source names as the service; keys let one make both
    "microsoft.search/searchservices": _right("make an indexer", f"{_SEARCH}/write", f"{_SEARCH}/indexers/write",
        f"{_SEARCH}/datasources/write", *_SEARCH_KEYS),
}  # fmt: skip
# Kubernetes decides what may be done in a cluster unless the cluster leaves it to Azure: then data actions count.
CLUSTER = "microsoft.containerservice/managedclusters"
SEARCH = _SEARCH


@cache
def host_right(arm_type: str, data: bool = True, keys: bool = True) -> Right:
    """What lets one act on a host of a type as its identity; without `data` actions, or `keys`, where they count for nothing."""
    known = HOSTS.get(arm_type)
    if known is not None and not (data and keys):
        left = (a for a in known.actions if (data or not a.data) and (keys or a.name not in _SEARCH_KEYS))
        known = Right(known.name, tuple(left))
    return known if known is not None else _right(f"change {arm_type.rpartition('/')[2]}", f"{arm_type}/write")


@cache
def assigning(action: Action) -> Right:
    """Assigning roles by one of the actions that do."""
    return ASSIGN if action is ASSIGN_ROLES else Right(REQUEST_ROLES.name, (action,))


@cache
def creating(arm_type: str) -> tuple[Right, Right]:
    """What lets one create something that runs below a resource of a type, and what lets one change the resource itself."""
    below = [a for a in CREATE.actions if a.name.removesuffix("/write").rpartition("/")[0] == arm_type]
    return Right(CREATE.name, tuple(below)), Right(
        CREATE.name, tuple(a for a in CREATE.actions if a.name == f"{arm_type}/write")
    )


# Roles of the directory that can make themselves, or somebody they control, a reader of anything: template id -> why.
DIRECTORY_ROLES: Mapping[str, str] = {
    "62e90394-69f5-4237-9190-012177145e10": "may elevate to User Access Administrator of the whole tenant",  # Global Administrator
    "e8611ab8-c189-46e8-94e1-60213ab1f814": "may assign any role of the directory",  # Privileged Role Administrator
    "7be44c8a-adaf-4e2a-84d6-ab2649e08a13": "may reset the sign-in of any administrator",  # Privileged Authentication Administrator
    "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3": "may add a credential to any application",  # Application Administrator
    "158c047a-c907-4556-b7ef-446551a6b5f7": "may add a credential to any application",  # Cloud Application Administrator
    "fdd7a751-b60b-444a-984c-02652fe8fa1c": "may add anybody to groups that are not role-assignable",  # Groups Administrator
    "fe930be7-5e62-47db-91af-98c3a49a38b1": "may reset readers and add them to groups",  # User Administrator
    "c4e39bd9-1100-46d3-8c65-fb160da0071f": "may reset the sign-in of readers",  # Authentication Administrator
    "729827e3-9c14-49f7-bb1b-9608f156bbb8": "may reset the password of readers",  # Helpdesk Administrator
    "966707d0-3269-4727-9be2-8c3a10f19b9d": "may reset the password of readers",  # Password Administrator
    "e00e864a-17c5-4a4b-9c06-f5b95a8d5bd8": "may reset the password of any administrator",  # Partner Tier2 Support
    "4ba39ca4-527c-499a-b93d-d9b492c50246": "may reset the password of readers",  # Partner Tier1 Support
    "8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2": "may change who vouches for sign-ins",  # Hybrid Identity Administrator
    "9360feb5-f418-4baa-8175-e2a00bac4301": "may add anybody to groups that are not role-assignable",  # Directory Writers
    "3a2c62db-5318-420d-8d74-23affee5d9d5": "may add anybody to groups that are not role-assignable",  # Intune Administrator
    "45d8d3c5-c802-45c6-b32a-1d70b5e1e86e": "may add anybody to groups by access packages",  # Identity Governance Administrator
}
GRAPH_PERMISSIONS: Mapping[str, str] = {
    "rolemanagement.readwrite.directory": "may assign any role of the directory",
    "approleassignment.readwrite.all": "may give itself any permission of the directory",
    "application.readwrite.all": "may add a credential to any application",
    "group.readwrite.all": "may add anybody to groups",
    "groupmember.readwrite.all": "may add anybody to groups",
    "directory.readwrite.all": "may change groups and applications",
    "privilegedaccess.readwrite.azureadgroup": "may activate membership of groups for anybody",
    "privilegedassignmentschedule.readwrite.azureadgroup": "may activate membership of groups for anybody",
    "privilegedeligibilityschedule.readwrite.azureadgroup": "may make anybody eligible for membership of groups",
    "roleassignmentschedule.readwrite.directory": "may assign any role of the directory",
    "roleeligibilityschedule.readwrite.directory": "may make anybody eligible for any role of the directory",
    "userauthenticationmethod.readwrite.all": "may add a way to sign in as anybody",
    "user-passwordprofile.readwrite.all": "may reset the password of readers",
    "entitlementmanagement.readwrite.all": "may add anybody to groups by access packages",
}

# What makes a role more than a reader's: a sample of rights to change, wide enough for any role that has one.
WRITES = (
    Action(f"{_ML}/write"), Action(f"{_ML}/jobs/write"), Action(f"{_ML}/computes/write"), Action(f"{_ML}/datastores/write"),
    Action(f"{_ML}/onlineendpoints/write"), Action(f"{_ML}/onlineendpoints/deployments/write"), Action(f"{_ML}/computes/start/action"),
    Action(f"{_ML}/models/versions/write"), Action(f"{_ML}/data/versions/write"), ACCOUNT_WRITE,
    Action("microsoft.keyvault/vaults/write"), Action("microsoft.containerregistry/registries/push/write"),
    Action("microsoft.containerregistry/registries/write"), Action("microsoft.cognitiveservices/accounts/write"),
    Action("microsoft.resources/subscriptions/resourcegroups/write"), Action("microsoft.resources/deployments/write"),
    *ATTACH.actions, *FEDERATE.actions,
)  # fmt: skip
READS = (
    Action(f"{_ML}/read"),
    Action(f"{_STORAGE}/read"),
    Action("microsoft.resources/subscriptions/resourcegroups/read"),
)
