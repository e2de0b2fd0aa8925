"""The guard: nothing but known reads leaves the process, whatever the code above asks for.

It stands in the transport, below every policy of the SDK. GET is let through unless the path hands out secrets; POST only
to three addresses that read; every request only to the endpoints of the cloud in use.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any
from urllib.parse import unquote, urlsplit

from azure.core.exceptions import AzureError

# Last segments that yield secrets or change something, in any case and spelling seen in Azure's operations.
_SECRET = re.compile(
    r"^(list[a-z-]*(key|keys|secret|secrets|credential|credentials|connectionstrings?|sas|accesstoken|token|tokens)"
    r"|readonlykeys|regenerate[a-z]*|token|tokens|register|unregister|sharedkeys|authkeys|secrets|apikeys|invoke|elevateaccess)$"
)
_SECRET_PARTS = ("/metadata/secrets", "/listkeys", "/listsecrets", "/readonlykeys")
# A registry's tokens as objects: names, scope maps, end dates. What signs in is handed out by a POST alone.
_NO_SECRET = re.compile(r"/providers/microsoft\.containerregistry/registries/[^/]+/tokens$")
_POSTS = ("/providers/microsoft.resourcegraph/resources", "/v1.0/directoryobjects/getbyids", "/v1.0/$batch")


class Refused(AzureError):
    """A request that must not leave; a bug of ours, or an answer that tried to lead us elsewhere."""


def check(method: str, url: str, allowed_hosts: Collection[str], body: bytes | str | None = None) -> str:
    """The path as a server may read it. Raises Refused unless it is a known read of an allowed host (`host:port`, lower case)."""
    parts = urlsplit(url)
    if parts.scheme != "https":
        raise Refused(f"{parts.scheme or 'no scheme'} instead of https")
    if parts.username or parts.password:
        raise Refused("a URL with credentials")
    if parts.netloc.lower() not in allowed_hosts:
        raise Refused(f"host {parts.hostname} is none of the cloud's endpoints")
    path = normal(parts.path)
    last = path.rpartition("/")[2]
    harmless = method == "GET" and _NO_SECRET.search(path) is not None
    if (_SECRET.match(last) and not harmless) or any(part in path for part in _SECRET_PARTS):
        raise Refused(f"{path} hands out secrets or changes something")
    if method == "GET":
        return path
    if method != "POST":
        raise Refused(f"{method} is no read")
    if not any(path == post or (path.endswith(post) and post.startswith("/v1.0")) for post in _POSTS):
        raise Refused(f"POST to {path} is no known read")
    if path.endswith("/$batch"):
        _check_batch(body)
    return path


def normal(path: str) -> str:
    """The path as a server may come to read it: decoded until stable, dots resolved, slashes single, lower case."""
    for _ in range(5):
        decoded = unquote(path)
        if decoded == path:
            break
        path = decoded
    found: list[str] = []
    for segment in path.lower().replace("\\", "/").split("/"):
        if segment == "..":
            if found:
                found.pop()
        elif segment.strip() not in ("", "."):
            found.append(segment.strip().partition(";")[0])
    return "/" + "/".join(found)


def _check_batch(body: bytes | str | None) -> None:
    try:
        parts: Any = json.loads(body or "{}")["requests"]
    except (ValueError, KeyError, TypeError) as error:
        raise Refused("a batch that cannot be read") from error
    for part in parts:
        if part.get("method") != "GET" or part.get("body") is not None:
            raise Refused("a batch with anything but GET in it")
        path = normal(str(part.get("url", "")).partition("?")[0])
        if "://" in str(part.get("url", "")) or _SECRET.match(path.rpartition("/")[2]):
            raise Refused(f"a batch that asks for {path}")
