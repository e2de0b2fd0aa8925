"""What an answer is: status, body and headers, with the error bodies of ARM and Graph, and pages of lists."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode


@dataclass(frozen=True, slots=True)
class Call:
    """A request as the answering functions see it. `query` keys are lower case; `path` is folded, `raw_path` as sent."""

    method: str
    path: str
    raw_path: str
    query: Mapping[str, str]
    body: Any = None
    inside_batch: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    refused: bool = False  # anything but a known read


def arm_error(
    status: int, code: str, message: str, headers: Mapping[str, str] | None = None, refused: bool = False
) -> Answer:
    return Answer(status, {"error": {"code": code, "message": message}}, headers or {}, refused)


def graph_error(
    status: int, code: str, message: str, headers: Mapping[str, str] | None = None, refused: bool = False
) -> Answer:
    inner = {"date": "2026-01-01T00:00:00", "request-id": "00000000-0000-0000-0000-000000000000"}
    return Answer(status, {"error": {"code": code, "message": message, "innerError": inner}}, headers or {}, refused)


def forbidden_arm(who: str, action: str, scope: str) -> Answer:
    return arm_error(
        403, "AuthorizationFailed",
        f"The client '{who}' with object id '{who}' does not have authorization to perform action '{action}' over scope "
        f"'{scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.",
    )  # fmt: skip


def page(
    call: Call, url: str, items: Sequence[Any], size: int, *, graph: bool = False, cursor: str = "$skiptoken"
) -> Answer:
    """One page of a list with a link to the next; the link carries the other parameters and an opaque place."""
    wanted = call.query.get("$top", "")
    if wanted.isdigit() and 0 < int(wanted) < size:
        size = int(wanted)
    place = call.query.get(cursor, "")
    start = _number(place)
    body: dict[str, Any] = {"value": list(items[start : start + size])}
    if start + size < len(items):
        query = {**call.query, cursor: encode(start + size)}
        body["@odata.nextLink" if graph else "nextLink"] = f"{url}{call.raw_path}?{urlencode(query)}"
    return Answer(200, body)


def encode(offset: int) -> str:
    return base64.urlsafe_b64encode(f"at:{offset}".encode()).decode()


def _number(token: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(token.encode()).decode().removeprefix("at:")) if token else 0
    except ValueError:
        return 0


decode = _number
