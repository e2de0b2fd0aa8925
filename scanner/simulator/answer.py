"""What an answer is: status, body and headers, with the error bodies of ARM and Graph, and pages of lists."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

AGAIN = "simulator-again"  # the parameter of a link to the same page, which a fault makes
MORE = "simulator-more"  # the parameter of a link to one more page, which a fault makes
_PLAIN = "/:@$'()~!*,;="  # what stands unquoted in the path of a link


@dataclass(frozen=True, slots=True)
class Call:
    """A request as the answering functions see it. `query` keys are lower case; `path` is folded, `raw_path` as sent.

    `eventual` says that the header `ConsistencyLevel: eventual` came with it.
    """

    method: str
    path: str
    raw_path: str
    query: Mapping[str, str]
    body: Any = None
    inside_batch: bool = False
    eventual: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is sent as JSON; a `str` is sent as it is, with `content_type`."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    refused: bool = False  # anything but a known read
    content_type: str = "application/json"


def arm_error(
    status: int, code: str, message: str, headers: Mapping[str, str] | None = None, refused: bool = False
) -> Answer:
    return Answer(status, {"error": {"code": code, "message": message}}, headers or {}, refused)


def graph_error(
    status: int, code: str, message: str, headers: Mapping[str, str] | None = None, refused: bool = False
) -> Answer:
    inner = {"date": "2026-01-01T00:00:00", "request-id": "00000000-0000-0000-0000-000000000000"}
    return Answer(status, {"error": {"code": code, "message": message, "innerError": inner}}, headers or {}, refused)


def denied_graph(refused: bool = False) -> Answer:
    return graph_error(
        403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.", refused=refused
    )


def forbidden_arm(who: str, action: str, scope: str) -> Answer:
    return arm_error(
        403, "AuthorizationFailed",
        f"The client '{who}' with object id '{who}' does not have authorization to perform action '{action}' over scope "
        f"'{scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.",
    )  # fmt: skip


def page(
    call: Call, url: str, items: Sequence[Any], size: int, *, shape: Callable[[Any], Any] | None = None,
    graph: bool = False, cursor: str = "$skiptoken",
) -> Answer:  # fmt: skip
    """One page of a list with a link to the next; the link carries the other parameters and an opaque place.

    `shape` makes what is sent of an item; only items of this page are shaped.
    """
    wanted = call.query.get("$top", "")
    if wanted.isdigit() and 0 < int(wanted) < size:
        size = int(wanted)
    start = decode(call.query.get(cursor, ""))
    chosen = items[start : start + size]
    body: dict[str, Any] = {"value": [shape(item) for item in chosen] if shape else list(chosen)}
    if graph and call.query.get("$count") == "true" and call.eventual:
        body["@odata.count"] = len(items)
    if start + size < len(items):
        body["@odata.nextLink" if graph else "nextLink"] = link(call, url, **{cursor: encode(start + size)})
    return Answer(200, body)


def link(call: Call, url: str, **more: str) -> str:
    """The address of a call at `url`, with further parameters."""
    query = {key: value for key, value in call.query.items() if key not in (AGAIN, MORE)}
    return f"{url}{quote(call.raw_path, safe=_PLAIN)}?{urlencode({**query, **more})}"


def encode(offset: int) -> str:
    return base64.urlsafe_b64encode(f"at:{offset}".encode()).decode()


def decode(token: str) -> int:
    """The place that a token names; what is no token names the beginning."""
    try:
        return int(base64.urlsafe_b64decode(token.encode()).decode().removeprefix("at:")) if token else 0
    except ValueError:
        return 0
