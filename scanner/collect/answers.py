"""What Azure answers: pages, errors in all their spellings, and which api-versions a cloud knows."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
from azure.core.exceptions import AzureError

from scanner import ids
from scanner.collect import guard
from scanner.snapshot import CoverageOutcome

# Rows of these lists have no id of their own, or share one.
REPEATING = {"ml-usage", "ml-quota", "model-usage", "vm-size", "vm-usage"}
# Pages without a new row, one after the other, after which a list is taken to have no end.
MOST_EMPTY = 100
_DENIED = re.compile(r"perform action '([^']*)' over scope '([^']*)'")
_VERSION = re.compile(r"\b\d{4}-\d{2}-\d{2}(?:-[a-z]+)?\b")
_NOT_KNOWN = {"NoRegisteredProviderFound", "InvalidResourceType", "InvalidApiVersionParameter", "UnsupportedApiVersion"}
_GONE = {"ParentResourceNotFound", "ResourceNotFound", "ResourceGroupNotFound", "NotFound", "WorkspaceNotFound"}


class Page(msgspec.Struct):
    """A page of a list: rows as Azure sent them, and where the next one is."""

    value: list[msgspec.Raw] = []
    next_link: str | None = msgspec.field(default=None, name="nextLink")
    odata_next: str | None = msgspec.field(default=None, name="@odata.nextLink")


class _Named(msgspec.Struct):
    id: str | None = ""


class Failed(Exception):
    """A request that was answered by an error, or not at all; becomes a line of the ledger."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        request_id: str = "",
        wait: float | None = None,
        permission: str = "",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.request_id = request_id
        self.wait = wait  # seconds, as the answer asks for
        self.permission = permission  # what it wants, where the answer does not say

    @property
    def outcome(self) -> CoverageOutcome:
        if self.status in (401, 403):
            return "forbidden"
        if self.status == 429:
            return "throttled"
        return "unsupported" if self.status in (400, 404, 405, 409) else "failed"

    def action(self, otherwise: str) -> str:
        """The action that the answer says is missing; our own word for the list when it says none, or says the same."""
        if self.permission:
            return self.permission
        named = _DENIED.search(self.message)
        return named.group(1) if named and named.group(1).lower() != otherwise.lower() else otherwise

    @property
    def denied_at(self) -> str:
        """The folded scope at which the answer says that the action is missing; empty when it says none."""
        named = _DENIED.search(self.message)
        return ids.fold(named.group(2)) if named else ""


_PAGE = msgspec.json.Decoder(Page)
_ID = msgspec.json.Decoder(_Named)


def page(content: bytes) -> Page:
    """A page. Raises msgspec.MsgspecError for what is none."""
    return _PAGE.decode(content)


def named(row: msgspec.Raw | bytes) -> str:
    """The `id` of a row; empty when it has none, or none that is a text."""
    try:
        return _ID.decode(row).id or ""
    except msgspec.ValidationError:
        return ""


def on_one_line(row: bytes) -> bytes:
    """Some providers indent their JSON; a record is one line. Within a text there is no line break: JSON escapes it."""
    return msgspec.json.format(row, indent=-1) if b"\n" in row or b"\r" in row else row


def told(row: msgspec.Raw | bytes) -> dict[str, Any]:
    """What a row says; nothing when it is no object. Build makes a gap of such a row, a collection only goes on."""
    found = msgspec.json.decode(row)
    return found if isinstance(found, dict) else {}


def below(body: Mapping[str, Any], *path: str) -> Any:
    """The value at a path of a body; None when it, or anything above it, is absent or no object."""
    value: Any = body
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def word(body: Mapping[str, Any], *path: str) -> str:
    """The text at a path of a body; empty when there is none."""
    value = below(body, *path)
    return value if isinstance(value, str) else ""


def failure(status: int, content: bytes, headers: Mapping[str, str]) -> Failed:
    """An error as ARM and Graph wrap it, as some providers do not, and as a gateway's page of HTML."""
    code, message = "", ""
    try:
        said: Any = msgspec.json.decode(content)
    except msgspec.MsgspecError:
        said = None
    if isinstance(said, dict):
        inner = said.get("error", said)
        if isinstance(inner, dict):
            code, message = str(inner.get("code") or ""), str(inner.get("message") or inner.get("Message") or "")
            details = inner.get("details")
            for detail in details if isinstance(details, list) else ():
                if isinstance(detail, dict) and detail.get("message"):
                    message = f"{message} ({detail.get('code') or 'detail'}: {detail['message']})"
    request_id = headers.get("x-ms-request-id") or headers.get("request-id") or ""
    return Failed(status, code or f"HTTP{status}", message or f"the service answered {status}", request_id)


def keeping(rows: list[Any]) -> Callable[[Any], None]:
    """A hook for the SDK's own operations: adds each page's rows as they were sent, once, and ends a list that runs in a circle."""
    seen: set[str] = set()
    known: set[bytes] = set()

    def keep(response: Any) -> None:
        if response.http_response.status_code != 200:
            return
        if response.http_request.url in seen:
            raise Failed(200, "PagingLoop", "the service led back to a page it had sent before")
        seen.add(response.http_request.url)
        for row in response.http_response.json().get("value", ()):
            content = msgspec.json.encode(row)
            if content not in known:
                known.add(content)
                rows.append(row)

    return keep


def raised(error: AzureError) -> Failed:
    """What an operation of the SDK raised, as if it had been asked for by hand."""
    said = getattr(error, "error", None)
    code = str(getattr(said, "code", "") or type(error).__name__)
    message = str(getattr(error, "message", error)).strip() or code
    return Failed(int(getattr(error, "status_code", None) or 0), code, message.splitlines()[0][:1000])


def settled(error: Failed, some: bool, scope: str = "") -> CoverageOutcome:
    """What a failure makes of a list of a scope: some answers mean that there is nothing there.

    Never after a page that had rows, and what can be gone while a scan runs is a resource or its group: a subscription that
    was just listed is there, so what "is not found" in it was not read.
    """
    if some:
        return "partial" if error.outcome in ("failed", "unsupported") else error.outcome
    if error.code in ("MissingSubscriptionRegistration", "SubscriptionNotRegistered", "AadPremiumLicenseRequired"):
        return "complete"
    if error.status == 404 and error.code in _GONE and _may_be_gone(scope):
        return "complete"
    return error.outcome


def _may_be_gone(scope: str) -> bool:
    """Whether a folded scope is a resource group or something in one."""
    return scope.startswith("/subscriptions/") and "/resourcegroups/" in scope


# -- api-versions ------------------------------------------------------------------------------------------------------


def version_of(url: str) -> str:
    return dict(parse_qsl(urlsplit(url).query)).get("api-version", "")


def with_version(url: str, version: str) -> str:
    """The same address with another api-version."""
    before, _, query = url.partition("?")
    pairs = [
        (key, version if key.lower() == "api-version" else value)
        for key, value in parse_qsl(query, keep_blank_values=True)
    ]
    return f"{before}?{urlencode(pairs)}"


def listed_type(url: str) -> str:
    """The folded ARM type that a path lists or gets: what api-versions belong to. Empty when there is none."""
    parts = guard.normal(urlsplit(url).path).split("/")[1:]
    if "providers" not in parts:
        return ""
    at = len(parts) - 1 - parts[::-1].index("providers")
    return "/".join((*parts[at + 1 : at + 2], *parts[at + 2 :: 2]))


def supported_versions(error: Failed) -> list[str]:
    """The api-versions that a refusal says are known, newest first; none when it was refused for something else."""
    if error.status not in (400, 404) or error.code not in _NOT_KNOWN:
        return []
    _, known, listed = error.message.partition("supported api-versions are")
    if not known:
        _, known, listed = error.message.partition("supported versions are")
    return sorted(_VERSION.findall(listed), reverse=True) if known else []


def nearest_version(ours: str, known: list[str]) -> str:
    """The newest stable version that is not newer than ours, else the oldest newer one, else the newest of all."""
    stable = [version for version in known if len(version) == 10]
    older = [version for version in stable if version <= ours]
    return older[0] if older else stable[-1] if stable else known[0]
