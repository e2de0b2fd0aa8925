"""The actions that decide who reaches data, in one table. Strings are Azure's operation names, folded."""

from __future__ import annotations

from scanner.derive.access.engine import Action

_STORAGE = "microsoft.storage/storageaccounts"
_ML = "microsoft.machinelearningservices/workspaces"

DATA_READ = (
    Action(f"{_STORAGE}/blobservices/containers/blobs/read", data=True),
    Action(f"{_STORAGE}/fileservices/fileshares/files/read", data=True),
    Action(f"{_STORAGE}/queueservices/queues/messages/read", data=True),
    Action(f"{_STORAGE}/tableservices/tables/entities/read", data=True),
)
DATA_WRITE = (
    Action(f"{_STORAGE}/blobservices/containers/blobs/write", data=True),
    Action(f"{_STORAGE}/blobservices/containers/blobs/add/action", data=True),
    Action(f"{_STORAGE}/blobservices/containers/blobs/delete", data=True),
    Action(f"{_STORAGE}/fileservices/fileshares/files/write", data=True),
    Action(f"{_STORAGE}/queueservices/queues/messages/write", data=True),
    Action(f"{_STORAGE}/tableservices/tables/entities/write", data=True),
)
ACCOUNT_KEYS = (
    Action(f"{_STORAGE}/listkeys/action"),
    Action(f"{_STORAGE}/listaccountsas/action"),
    Action(f"{_STORAGE}/listservicesas/action"),
    Action(f"{_STORAGE}/regeneratekey/action"),
)
ACCOUNT_WRITE = Action(f"{_STORAGE}/write")
WORKSPACE_KEYS = (Action(f"{_ML}/listkeys/action"), Action(f"{_ML}/liststorageaccountkeys/action"))
ASSIGN_ROLES = Action("microsoft.authorization/roleassignments/write")

# What makes a role more than a reader's: a sample of rights to change, wide enough for any role that has one.
WRITES = (
    Action(f"{_ML}/write"), Action(f"{_ML}/jobs/write"), Action(f"{_ML}/computes/write"), Action(f"{_ML}/datastores/write"),
    Action(f"{_ML}/onlineendpoints/write"), Action(f"{_ML}/onlineendpoints/deployments/write"), Action(f"{_ML}/computes/start/action"),
    Action(f"{_ML}/models/versions/write"), Action(f"{_ML}/data/versions/write"), ACCOUNT_WRITE,
    Action("microsoft.keyvault/vaults/write"), Action("microsoft.containerregistry/registries/push/write"),
    Action("microsoft.containerregistry/registries/write"), Action("microsoft.cognitiveservices/accounts/write"),
    Action("microsoft.resources/subscriptions/resourcegroups/write"), Action("microsoft.resources/deployments/write"),
    Action("microsoft.managedidentity/userassignedidentities/assign/action"),
    Action("microsoft.managedidentity/userassignedidentities/federatedidentitycredentials/write"),
)  # fmt: skip
READS = (
    Action(f"{_ML}/read"),
    Action(f"{_STORAGE}/read"),
    Action("microsoft.resources/subscriptions/resourcegroups/read"),
)
