"""Signing in: credentials of azure-identity for the way that was asked for, at the cloud that was asked for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from azure.identity.aio import (
    AzureCliCredential,
    ClientSecretCredential,
    DefaultAzureCredential,
    EnvironmentCredential,
    ManagedIdentityCredential,
)

from scanner.collect.clouds import Cloud
from scanner.collect.settings import Settings
from scanner.errors import UserError

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential


def credential(settings: Settings, cloud: Cloud) -> AsyncTokenCredential:
    """The credential to use. Raises UserError when the environment lacks what `--auth environment` needs."""
    if settings.credential is not None:
        return settings.credential
    options: dict[str, Any] = {"authority": cloud.login}
    if cloud.custom:
        options["disable_instance_discovery"] = True
    if settings.ca_bundle:
        options["connection_verify"] = str(settings.ca_bundle)
    if settings.secret is not None:
        return ClientSecretCredential(
            settings.tenant or "", settings.secret.client_id, settings.secret.client_secret, **options
        )
    match settings.auth:
        case "cli":
            return AzureCliCredential(tenant_id=settings.tenant or "")
        case "managed":
            return ManagedIdentityCredential(client_id=os.environ.get("AZURE_CLIENT_ID"))
        case "environment":
            missing = [name for name in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID") if not os.environ.get(name)]
            if missing:
                raise UserError(
                    f"`{missing[0]}` is not set",
                    help="`--auth environment` signs in with AZURE_TENANT_ID, AZURE_CLIENT_ID and a secret or certificate",
                )
            return EnvironmentCredential(**options)
        case _:
            return DefaultAzureCredential(**options)
