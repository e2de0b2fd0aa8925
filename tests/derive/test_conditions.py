"""Conditions: the one form that is read, in the shapes built-in roles and the portal write it, and everything else as a doubt."""

from __future__ import annotations

import pytest

from scanner.derive.access.actions import ASSIGN_ROLES, BLOB_READ, Action
from scanner.derive.access.conditions import assignable, binds

READER, OWNER = "acdd72a7-3385-48ef-bd42-f606fba81ae7", "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
_WRITE, _DELETE = (
    f"(!(ActionMatches{{'Microsoft.Authorization/roleAssignments/{verb}'}}))" for verb in ("write", "delete")
)
KEYS = Action("microsoft.storage/storageaccounts/listkeys/action")


def _list(*guids: str, of: str = "Request") -> str:
    listed = ", ".join(guids)
    return f"@{of}[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {{{listed}}}"


@pytest.mark.parametrize("text", [
    f"({_WRITE} OR ({_list(READER)}))",
    f"({_WRITE} OR ({_list(READER)})) AND ({_DELETE} OR ({_list(READER, OWNER, of='Resource')}))",
    f"({_WRITE}\n OR \n({_list(READER.replace('-', '').upper())}))",
    f"(({_WRITE} OR ({_list(READER, OWNER)})) && ({_WRITE} || ({_list(READER)})))",
])  # fmt: skip
def test_a_list_of_roles_is_read_and_says_nothing_of_other_actions(text: str) -> None:
    assert assignable(text) == (frozenset({READER}), True)
    assert binds(text, ASSIGN_ROLES) and not binds(text, KEYS) and not binds(text, BLOB_READ)


@pytest.mark.parametrize(("text", "listed"), [
    (f"({_WRITE} OR ({_list(READER)} AND @Request[Microsoft.Authorization/roleAssignments:PrincipalType] StringEqualsIgnoreCase 'ServicePrincipal'))", {READER}),
    (f"@Resource[HasObotoken] boolequals true && ({_list(READER)})", {READER}),
    (f"({_WRITE} OR ({_list(READER)} OR @Request[x] StringEquals 'y'))", None),
    (f"({_WRITE} OR (NOT {_list(OWNER)}))", None),
    (f"({_WRITE} OR ({_list(OWNER).replace('AnyValues:GuidEquals', 'AllValues:GuidNotEquals')}))", None),
    ("@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals 'a) OR (b'", None),
    ("(((", None),
])  # fmt: skip
def test_what_says_more_or_something_else_stays_a_doubt(text: str, listed: set[str] | None) -> None:
    roles, understood = assignable(text)
    assert roles == (None if listed is None else frozenset(listed)) and not understood
    assert binds(text, ASSIGN_ROLES)


def test_a_condition_on_other_actions_binds_all_of_them() -> None:
    """Only lists of roles are evaluated: a condition on blobs leaves every action of its assignment in doubt."""
    text = "((!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'})) OR (@Resource[x] StringEquals 'y'))"
    assert binds(text, BLOB_READ) and binds(text, KEYS)


def test_a_condition_on_deleting_alone_limits_no_assigning() -> None:
    text = f"{_DELETE} OR {_list(READER, of='Resource')}"
    assert assignable(text) == (None, True) and not binds(text, ASSIGN_ROLES)


def test_no_condition_binds_nothing() -> None:
    assert not binds(None, KEYS) and not binds("", KEYS)
