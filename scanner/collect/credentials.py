"""Signing in: credentials of azure-identity for the way that was asked for, at the cloud that was asked for.

Secrets come from the environment or from files it names, never from the command line.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

from azure.core.exceptions import ClientAuthenticationError
from azure.identity.aio import (
    AzureCliCredential,
    AzurePipelinesCredential,
    CertificateCredential,
    ClientAssertionCredential,
    ClientSecretCredential,
    DefaultAzureCredential,
    EnvironmentCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)

from scanner.collect import tls
from scanner.collect.clouds import Cloud
from scanner.collect.settings import Settings
from scanner.errors import UserError

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken
    from azure.core.credentials_async import AsyncTokenCredential

# What each way needs from the environment; `--tenant` stands in for AZURE_TENANT_ID.
_NEEDS: Mapping[str, tuple[str, ...]] = {
    "environment": ("AZURE_TENANT_ID", "AZURE_CLIENT_ID"),
    "workload": ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE"),
    "pipelines": ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_SERVICE_CONNECTION_ID", "SYSTEM_ACCESSTOKEN", "SYSTEM_OIDCREQUESTURI"),
    "github-oidc": ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"),
    "certificate": ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_CERTIFICATE_PATH"),
}  # fmt: skip
_WHY: Mapping[str, str] = {
    "environment": "`--auth environment` signs in with AZURE_TENANT_ID, AZURE_CLIENT_ID and a secret or certificate",
    "workload": "`--auth workload` is for pods with Azure workload identity, whose webhook sets it",
    "pipelines": "`--auth pipelines` is for Azure DevOps: hand SYSTEM_ACCESSTOKEN to the step and name the service connection",
    "github-oidc": "`--auth github-oidc` is for GitHub Actions: the job needs `permissions: id-token: write`",
    "certificate": "`--auth certificate` signs in with AZURE_TENANT_ID, AZURE_CLIENT_ID and a file with certificate and key",
}
_AUDIENCE = "api://AzureADTokenExchange"


def credential(settings: Settings, cloud: Cloud) -> AsyncTokenCredential:
    """The credential to use; nothing is sent yet. Raises UserError when the environment lacks what the way needs."""
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
    found = _from_environment(settings)
    tenant, client = found.get("AZURE_TENANT_ID", ""), found.get("AZURE_CLIENT_ID", "")
    match settings.auth:
        case "cli":
            return AzureCliCredential(tenant_id=settings.tenant or "")
        case "managed":
            return ManagedIdentityCredential(client_id=os.environ.get("AZURE_CLIENT_ID"))
        case "environment":
            return EnvironmentCredential(**options)
        case "workload":
            file = found["AZURE_FEDERATED_TOKEN_FILE"]
            return WorkloadIdentityCredential(tenant_id=tenant, client_id=client, token_file_path=file, **options)
        case "pipelines":
            return AzurePipelinesCredential(
                tenant_id=tenant, client_id=client, service_connection_id=found["AZURE_SERVICE_CONNECTION_ID"],
                system_access_token=found["SYSTEM_ACCESSTOKEN"], **options,
            )  # fmt: skip
        case "github-oidc":
            return ClientAssertionCredential(tenant, client, _github_assertion(found, settings.ca_bundle), **options)
        case "certificate":
            return _certificate(found, tenant, client, options)
        case "device":
            return _device(settings, options)
        case _:
            return DefaultAzureCredential(**options)


def _from_environment(settings: Settings) -> dict[str, str]:
    needs = _NEEDS.get(settings.auth, ())
    found = {name: os.environ.get(name, "") for name in needs}
    if "AZURE_TENANT_ID" in found and settings.auth != "environment":  # the SDK reads that one itself
        found["AZURE_TENANT_ID"] = settings.tenant or found["AZURE_TENANT_ID"]
    missing = [name for name in needs if not found[name]]
    if missing:
        raise UserError(f"`{missing[0]}` is not set", help=_WHY[settings.auth])
    return found


def _certificate(found: Mapping[str, str], tenant: str, client: str, options: dict[str, Any]) -> CertificateCredential:
    path = found["AZURE_CLIENT_CERTIFICATE_PATH"]
    try:
        content = Path(path).read_bytes()
        password = os.environ.get("AZURE_CLIENT_CERTIFICATE_PASSWORD")
        return CertificateCredential(tenant, client, certificate_data=content, password=password, **options)
    except OSError as error:
        raise UserError(f"cannot read `{path}`: {error.strerror}", help=_WHY["certificate"]) from error
    except ValueError as error:
        raise UserError(
            f"`{path}` holds no certificate with its key that can be used", help=_WHY["certificate"]
        ) from error


def _github_assertion(found: Mapping[str, str], ca_bundle: Path | None) -> Any:
    """Asks GitHub for a fresh assertion each time: one lives five minutes, a scan longer."""
    url, token = found["ACTIONS_ID_TOKEN_REQUEST_URL"], found["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]
    if urlsplit(url).scheme != "https":
        raise UserError("`ACTIONS_ID_TOKEN_REQUEST_URL` is not an https URL", help=_WHY["github-oidc"])
    context = tls.context(ca_bundle)

    def fetch() -> str:
        address = f"{url}{'&' if urlsplit(url).query else '?'}{urlencode({'audience': _AUDIENCE})}"
        request = Request(address, headers={"Authorization": f"Bearer {token}"})  # noqa: S310  # https, see above
        try:
            with urlopen(request, timeout=30, context=context) as answer:  # noqa: S310
                return str(json.load(answer)["value"])
        except (OSError, ValueError, KeyError) as error:
            raise ClientAuthenticationError(f"GitHub gave no assertion: {type(error).__name__}") from None

    return fetch


def _device(settings: Settings, options: dict[str, Any]) -> AsyncTokenCredential:
    from azure.identity import DeviceCodeCredential

    if not sys.stderr.isatty():
        raise UserError("`--auth device` needs somebody at a terminal", help="use another `--auth` in a job")

    def prompt(address: str, code: str, _: Any) -> None:
        sys.stderr.write(f"to sign in, open {address} and enter the code {code}\n")

    if settings.tenant:
        options["tenant_id"] = settings.tenant
    return _InThread(DeviceCodeCredential(prompt_callback=prompt, **options))


class _InThread:
    """A credential of the SDK that only comes in a blocking form, asked in a thread of its own."""

    def __init__(self, blocking: Any) -> None:
        self._blocking = blocking

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        return await asyncio.to_thread(self._blocking.get_token, *scopes, **options)

    async def close(self) -> None:
        self._blocking.close()

    async def __aenter__(self) -> _InThread:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
