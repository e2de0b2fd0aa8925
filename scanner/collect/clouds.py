"""Where a cloud's endpoints are: named clouds, a file, or what an ARM endpoint says of itself."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from scanner import data, yamlfile
from scanner.collect import tls
from scanner.errors import CollectionError, Problem, UserError, suggest

_KEYS = ("arm", "arm-scope", "login", "graph", "graph-scope")


@dataclass(frozen=True, slots=True)
class Cloud:
    """Endpoints without a trailing slash; scopes as tokens are asked for. A custom cloud has no instance discovery."""

    name: str
    arm: str
    arm_scope: str
    login: str
    graph: str
    graph_scope: str
    custom: bool = False


_PUBLIC = Cloud(
    "public", "https://management.azure.com", "https://management.azure.com/.default", "https://login.microsoftonline.com",
    "https://graph.microsoft.com", "https://graph.microsoft.com/.default",
)  # fmt: skip
NAMED: Mapping[str, Cloud] = {
    "public": _PUBLIC,
    "usgov": Cloud(
        "usgov", "https://management.usgovcloudapi.net", "https://management.core.usgovcloudapi.net/.default",
        "https://login.microsoftonline.us", "https://graph.microsoft.us", "https://graph.microsoft.us/.default",
    ),
    "china": Cloud(
        "china", "https://management.chinacloudapi.cn", "https://management.chinacloudapi.cn/.default", "https://login.chinacloudapi.cn",
        "https://microsoftgraph.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn/.default",
    ),
}  # fmt: skip


async def find(cloud: str, ca_bundle: Path | None) -> Cloud:
    """The cloud of a name, a file or a URL. Raises UserError for what is none, CollectionError when a URL does not answer."""
    trusted = tls.context(ca_bundle)  # also where no question is asked here: what is no bundle is said before sign-in
    if cloud in NAMED:
        return NAMED[cloud]
    if cloud.startswith("https://"):
        if not _is_address(cloud):
            raise UserError(
                "`--cloud` is not the URL of an ARM endpoint",  # not repeated: it may hold a password
                help="`https://`, a host and perhaps a port or path; no user, password or query",
            )
        return await _asked(cloud.rstrip("/"), trusted)
    if cloud.startswith("http://"):
        raise UserError(f"`{cloud}` is not https", help="tokens are never sent in the clear")
    file = _from_file(Path(cloud))
    if file is not None:
        return file
    raise UserError(
        f"`{cloud}` is not a cloud",
        help=suggest(cloud, list(NAMED)) or "public, usgov, china, a file, or the URL of an ARM endpoint",
    )


def _is_address(url: str) -> bool:
    """Whether this is `https://`, a host, perhaps a port and a path, and nothing else."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # half an IPv6 address, a port beyond 65535
        return False
    return (
        parts.scheme == "https"
        and bool(parts.hostname)
        and port != 0
        and not ("@" in parts.netloc or parts.query or parts.fragment)
    )


def _from_file(path: Path) -> Cloud | None:
    if not path.is_file():
        return None
    document = yamlfile.read(path, data.shown(path))
    value = document.value if isinstance(document.value, dict) else {}
    problems = [
        Problem(f"key `{key}` is missing", document.span()) for key in _KEYS if not isinstance(value.get(key), str)
    ]
    problems += [
        Problem(f"additional key `{key}`", document.key_span(key), suggest(key, set(_KEYS)))
        for key in value
        if key not in (*_KEYS, "name")
    ]
    problems += [
        Problem(f"`{key}` is not an https URL", document.span(key))
        for key in ("arm", "login", "graph") if isinstance(value.get(key), str) and not _is_address(value[key])
    ]  # fmt: skip
    if problems:
        raise UserError(*problems)
    return Cloud(
        str(value.get("name", path.stem)), value["arm"].rstrip("/"), value["arm-scope"], value["login"].rstrip("/"),
        value["graph"].rstrip("/"), value["graph-scope"], custom=True,
    )  # fmt: skip


async def _asked(url: str, trusted: ssl.SSLContext) -> Cloud:
    """What an ARM endpoint says of itself, as Azure Stack and private clouds do."""
    import aiohttp

    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session,
            session.get(f"{url}/metadata/endpoints?api-version=2022-09-01", ssl=trusted) as response,
        ):
            if response.status != 200:
                raise CollectionError(
                    f"`{url}` answered {response.status} when asked for its endpoints", "is it an ARM endpoint?"
                )
            said = json.loads(await response.text())
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        raise CollectionError(
            f"cannot reach `{url}`: {_reason(error)}", "check the address, and `--ca-bundle` for a private authority"
        ) from error
    return _described(url, said[0] if isinstance(said, list) and said else said)


def _reason(error: Exception) -> str:
    """What the operating system or TLS says; aiohttp wraps it in words about its own objects."""
    inner = getattr(error, "os_error", None) or getattr(error, "certificate_error", None) or error
    return str(getattr(inner, "strerror", None) or inner) or type(inner).__name__


def _described(url: str, said: Any) -> Cloud:
    try:
        sign_in = said["authentication"]
        arm = str(said.get("resourceManager") or url).rstrip("/")
        graph = str(said["microsoftGraphResourceId"]).rstrip("/")
        cloud = Cloud(
            str(said.get("name") or urlsplit(url).hostname), arm, f"{sign_in['audiences'][0].rstrip('/')}/.default",
            str(sign_in["loginEndpoint"]).rstrip("/"), graph, f"{graph}/.default", custom=True,
        )  # fmt: skip
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise CollectionError(f"what `{url}` says of its endpoints lacks {error}", "is it an ARM endpoint?") from error
    if not all(_is_address(endpoint) for endpoint in (cloud.arm, cloud.login, cloud.graph)):
        raise CollectionError(f"`{url}` names an endpoint that is not an https URL")
    return cloud
