"""The least-privilege role of the reader, made from the lists that are read: nothing is in it that no list needs."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable

from scanner.graph.records import RECORDS

# Beside the lists: what bulk reading and the doctor ask.
_ALSO = ("Microsoft.ResourceGraph/resources/read", "Microsoft.Authorization/permissions/read")
# A read by name that hands out secrets; `read` wildcards elsewhere could let it in.
_NEVER = ("Microsoft.MachineLearningServices/workspaces/metadata/secrets/read",)
_ABOUT = "Reads configuration for compliance checks. No secrets, no data, no writes."


def actions_of(kind: str) -> tuple[str, ...]:
    """What the list of a record kind needs: versions are listed below the names of their assets."""
    permission = RECORDS[kind].permission
    return (
        (permission, permission.replace("/versions/read", "/read"))
        if permission.endswith("/versions/read")
        else (permission,)
    )


def actions(kinds: Collection[str] = tuple(RECORDS)) -> tuple[str, ...]:
    """ARM actions that the lists of these record kinds need, sorted."""
    wanted = {action for kind in kinds for action in actions_of(kind)}
    return tuple(sorted({action for action in wanted if "/" in action} | set(_ALSO), key=str.lower))


def graph_permissions(kinds: Collection[str] = tuple(RECORDS)) -> tuple[str, ...]:
    """Application permissions of Microsoft Graph that the directory's lists need, sorted."""
    return tuple(sorted({RECORDS[kind].permission for kind in kinds if "/" not in RECORDS[kind].permission}))


def as_json(name: str, scope: str, granted: Iterable[str]) -> str:
    """As `az role definition create --role-definition @FILE` takes it."""
    document = {
        "Name": name, "IsCustom": True, "Description": _ABOUT, "Actions": list(granted), "NotActions": list(_NEVER),
        "DataActions": [], "NotDataActions": [], "AssignableScopes": [scope],
    }  # fmt: skip
    return json.dumps(document, indent=2) + "\n"


def as_bicep(name: str, scope: str, granted: Iterable[str]) -> str:
    """A template for the scope's level: management group or subscription."""
    level = "managementGroup" if "/managementgroups/" in scope.lower() else "subscription"
    listed = "\n".join(f"          '{action}'" for action in granted)
    never = "\n".join(f"          '{action}'" for action in _NEVER)
    return f"""targetScope = '{level}'

resource reader 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {{
  name: guid({level}().id, {_bicep(name)})
  properties: {{
    roleName: {_bicep(name)}
    description: {_bicep(_ABOUT)}
    type: 'customRole'
    assignableScopes: [
      {level}().id
    ]
    permissions: [
      {{
        actions: [
{listed}
        ]
        notActions: [
{never}
        ]
      }}
    ]
  }}
}}
"""


def as_terraform(name: str, scope: str, granted: Iterable[str]) -> str:
    """A resource for the azurerm provider."""
    listed = "\n".join(f"      {json.dumps(action)}," for action in granted)
    never = "\n".join(f"      {json.dumps(action)}," for action in _NEVER)
    return f"""resource "azurerm_role_definition" "mlposture_reader" {{
  name              = {_terraform(name)}
  scope             = {_terraform(scope)}
  description       = {_terraform(_ABOUT)}
  assignable_scopes = [{_terraform(scope)}]

  permissions {{
    actions = [
{listed}
    ]
    not_actions = [
{never}
    ]
  }}
}}
"""


def _bicep(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("${", "\\${")
    return f"'{escaped}'"


def _terraform(text: str) -> str:
    return json.dumps(text).replace("${", "$${").replace("%{", "%%{")
