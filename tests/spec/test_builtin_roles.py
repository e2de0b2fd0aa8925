"""Every built-in role against the read-out of what each can do: our matcher and the specification's give the table's answer.

Roles and read-out lie outside the repository; where they are not there (in CI, say) nothing here is collected.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from scanner.graph.permissions import PermissionBlock, allows
from tests.spec import access as spec

AZURE = Path(__file__).parent.parent.parent.parent / "shared" / "azure"
ROLES, READ_OUT = AZURE / "specs" / "builtin-roles.json", AZURE / "04-identity-access.md"
pytestmark = pytest.mark.skipif(not (ROLES.exists() and READ_OUT.exists()), reason="the built-in roles are not here")

_ML = "Microsoft.MachineLearningServices/workspaces"
_STORAGE = "Microsoft.Storage/storageAccounts"
_IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities"
# The codes of the read-out; the second is whether it is a data action.
CODES = {
    "ra": ("Microsoft.Authorization/roleAssignments/write", False), "sk": (f"{_STORAGE}/listKeys/action", False),
    "sas": (f"{_STORAGE}/listAccountSas/action", False), "sw": (f"{_STORAGE}/write", False),
    "br": (f"{_STORAGE}/blobServices/containers/blobs/read", True), "bw": (f"{_STORAGE}/blobServices/containers/blobs/write", True),
    "fr": (f"{_STORAGE}/fileServices/fileshares/files/read", True), "ds": (f"{_ML}/datastores/listSecrets/action", False),
    "cs": (f"{_ML}/connections/listsecrets/action", False), "wk": (f"{_ML}/listKeys/action", False),
    "wsk": (f"{_ML}/listStorageAccountKeys/action", False), "job": (f"{_ML}/jobs/write", False), "cw": (f"{_ML}/computes/write", False),
    "cu": (f"{_ML}/computes/start/action", False), "ep": (f"{_ML}/onlineEndpoints/write", False), "ek": (f"{_ML}/onlineEndpoints/listKeys/action", False),
    "sc": (f"{_ML}/onlineEndpoints/score/action", False), "dw": (f"{_ML}/datastores/write", False), "ww": (f"{_ML}/write", False),
    "uai": (f"{_IDENTITY}/assign/action", False), "fic": (f"{_IDENTITY}/federatedIdentityCredentials/write", False),
    "kvp": ("Microsoft.KeyVault/vaults/accessPolicies/write", False), "kvs": ("Microsoft.KeyVault/vaults/secrets/getSecret/action", True),
    "ck": ("Microsoft.CognitiveServices/accounts/listKeys/action", False),
    "oai": ("Microsoft.CognitiveServices/accounts/OpenAI/deployments/chat/completions/action", True),
    "dep": ("Microsoft.Resources/deployments/write", False),
}  # fmt: skip
_ROW = re.compile(r"^\| [^|]+ \| `([0-9a-f-]{36})` \| ([^|]+) \|$", re.MULTILINE)


def _roles() -> dict[str, list[dict[str, Any]]]:
    return {role["name"]: role["permissions"] for role in json.loads(ROLES.read_text(encoding="utf-8"))}


def _read_out() -> dict[str, set[str]]:
    found = _ROW.findall(READ_OUT.read_text(encoding="utf-8"))
    return {guid: set(codes.partition("(")[0].split()) - {"-"} for guid, codes in found}


def _blocks(permissions: list[dict[str, Any]]) -> tuple[PermissionBlock, ...]:
    return tuple(msgspec.convert(p, PermissionBlock) for p in permissions)


def _spec_blocks(permissions: list[dict[str, Any]]) -> tuple[spec.Block, ...]:
    return tuple(
        spec.Block(tuple(p["actions"]), tuple(p["notActions"]), tuple(p["dataActions"]), tuple(p["notDataActions"]))
        for p in permissions
    )


def test_each_role_of_the_read_out_can_do_what_it_says() -> None:
    roles, table = _roles(), _read_out()
    assert len(table) > 40
    for guid, codes in table.items():
        blocks = _blocks(roles[guid])
        can = {code for code, (action, data) in CODES.items() if allows(blocks, action, data)}
        conditioned = {"COND"} if any(block.condition for block in blocks) else set()
        assert can | conditioned == codes, guid


def test_the_specification_and_the_matcher_read_every_built_in_role_alike() -> None:
    for guid, permissions in _roles().items():
        ours, plain = _blocks(permissions), _spec_blocks(permissions)
        for action, data in CODES.values():
            assert allows(ours, action, data) is any(spec.allows(b, action, data) for b in plain), (guid, action)


def test_only_three_built_in_roles_assign_roles_without_a_condition() -> None:
    """Counts that the read-out states beside its table."""
    roles = {guid: _blocks(p) for guid, p in _roles().items()}
    action, _ = CODES["ra"]
    assigning = {guid for guid, blocks in roles.items() if allows(blocks, action)}
    free = {guid for guid in assigning if allows([b for b in roles[guid] if b.condition is None], action)}
    assert (len(assigning), len(free)) == (28, 3)
    assert sum(allows(blocks, *CODES["sk"]) for blocks in roles.values()) == 24
    assert sum(allows(blocks, *CODES["br"]) for blocks in roles.values()) == 15
