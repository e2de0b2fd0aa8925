"""A session with Azure: one pipeline for every request, lists with all their pages, and the ledger of how each list went."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode, urlsplit

import msgspec
from azure.core import AsyncPipelineClient
from azure.core.exceptions import AzureError, ClientAuthenticationError, IncompleteReadError
from azure.core.pipeline.policies import (
    ContentDecodePolicy,
    CustomHookPolicy,
    HeadersPolicy,
    RequestIdPolicy,
    UserAgentPolicy,
)
from azure.core.rest import HttpRequest
from azure.mgmt.resource.resources.aio import ResourceManagementClient

from scanner import __version__, ids
from scanner.collect.clouds import Cloud
from scanner.collect.guard import Refused
from scanner.collect.policies import GuardedTransport, Retry, SignIn
from scanner.collect.settings import Progress, Settings
from scanner.graph.records import RECORDS
from scanner.redact import redact
from scanner.snapshot import Coverage, CoverageOutcome, Record

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

_MOST_PAGES = 100_000
_TRIES = 4
_DENIED = re.compile(r"perform action '([^']*)' over scope '([^']*)'")


class Page(msgspec.Struct):
    """A page of a list: rows as Azure sent them, and where the next one is."""

    value: list[msgspec.Raw] = []
    next_link: str | None = msgspec.field(default=None, name="nextLink")
    odata_next: str | None = msgspec.field(default=None, name="@odata.nextLink")


class _Named(msgspec.Struct):
    id: str = ""


class _ErrorBody(msgspec.Struct):
    code: str = ""
    message: str = ""


class _Error(msgspec.Struct):
    error: _ErrorBody = msgspec.field(default_factory=_ErrorBody)


class Failed(Exception):
    """A request that was answered by an error, or not at all; becomes a line of the ledger."""

    def __init__(self, status: int, code: str, message: str, request_id: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.request_id = request_id

    @property
    def outcome(self) -> CoverageOutcome:
        if self.status in (401, 403):
            return "forbidden"
        if self.status == 429:
            return "throttled"
        return "unsupported" if self.status in (400, 404, 405, 409) else "failed"


_PAGE = msgspec.json.Decoder(Page)
_ID = msgspec.json.Decoder(_Named)
_ERROR = msgspec.json.Decoder(_Error)


class Session:
    """Open while a collection runs."""

    def __init__(self, settings: Settings, cloud: Cloud, credential: AsyncTokenCredential, progress: Progress) -> None:
        self.settings = settings
        self.cloud = cloud
        self.progress = progress
        self.coverage: list[Coverage] = []
        hosts = {urlsplit(endpoint).netloc.lower() for endpoint in (cloud.arm, cloud.graph)}
        self.transport = GuardedTransport(
            hosts, settings.concurrency, str(settings.ca_bundle) if settings.ca_bundle else None
        )
        self.arm_sign_in = SignIn(credential, cloud.arm_scope)
        self.credential = credential
        self._arm = ResourceManagementClient(
            credential, "00000000-0000-0000-0000-000000000000", base_url=cloud.arm, **self.pipeline(self.arm_sign_in)
        )
        self._graph: AsyncPipelineClient[Any, Any] = AsyncPipelineClient(
            base_url=cloud.graph, **self.pipeline(SignIn(credential, cloud.graph_scope))
        )

    def pipeline(self, sign_in: SignIn, typed: bool = False) -> dict[str, Any]:
        """Keyword arguments that give an SDK client our pipeline: nothing that writes, registers or follows elsewhere.

        `typed` adds what the SDK's own operations need: bodies decoded, and a hook that shows the answer as sent.
        """
        policies = [
            RequestIdPolicy(), HeadersPolicy(), UserAgentPolicy(f"mlposture/{__version__}"),
            *((ContentDecodePolicy(), CustomHookPolicy()) if typed else ()),
            Retry(self.progress, self.settings.retry_seconds, self.settings.backoff), sign_in,
        ]  # fmt: skip
        return {"policies": policies, "transport": self.transport}

    async def close(self) -> None:
        await self.transport.shut()

    # -- one request --------------------------------------------------------------------------------------------------

    async def send(self, method: str, url: str, body: object = None) -> bytes:
        """The body of a good answer. Raises Failed for any other; ClientAuthenticationError when sign-in fails.

        A body that was cut short is asked for again: by then the policies, which saw only its head, are done.
        """
        for attempt in range(_TRIES):
            try:
                return await self._send(method, url, body)
            except IncompleteReadError as error:
                failure = error
                await asyncio.sleep(self.settings.backoff * 2**attempt)
        raise Failed(200, "IncompleteBody", str(failure).splitlines()[0][:300]) from failure

    async def _send(self, method: str, url: str, body: object) -> bytes:
        graph = url.startswith(self.cloud.graph + "/")
        request = HttpRequest(method, url, json=body) if body is not None else HttpRequest(method, url)
        try:
            sender: Callable[[HttpRequest], Any] = self._graph.send_request if graph else self._arm.send_request
            response = await sender(request)
            content = cast(bytes, await response.read())
        except (ClientAuthenticationError, IncompleteReadError):
            raise
        except Refused as error:
            raise Failed(0, "Refused", f"not sent: {error}") from error
        except AzureError as error:
            raise Failed(0, type(error).__name__, str(error).splitlines()[0][:300]) from error
        if response.status_code == 200:
            return content
        raise _failure(response.status_code, content, response.headers.get("x-ms-request-id", ""))

    def arm_url(self, path: str, version: str, **query: str) -> str:
        return f"{self.cloud.arm}/{path.strip('/')}?{urlencode({'api-version': version, **query})}"

    def graph_url(self, path: str, **query: str) -> str:
        return f"{self.cloud.graph}/v1.0/{path.strip('/')}" + (f"?{urlencode(query)}" if query else "")

    # -- lists --------------------------------------------------------------------------------------------------------

    async def pages(self, url: str) -> AsyncIterator[list[msgspec.Raw]]:
        """Every page of a list. A link back to a page that was read already ends the list as a fault of the service."""
        seen: set[str] = set()
        following: str | None = url
        while following:
            if following in seen or len(seen) > _MOST_PAGES:
                raise Failed(200, "PagingLoop", "the service led back to a page it had sent before")
            seen.add(following)
            page = await self._page(following)
            yield page.value
            following = page.next_link or page.odata_next

    async def _page(self, url: str) -> Page:
        """One page; a body that is cut short or no JSON is asked for again, like any passing fault."""
        for attempt in range(3):
            try:
                return _PAGE.decode(await self.send("GET", url))
            except msgspec.MsgspecError:
                await asyncio.sleep(self.settings.backoff * attempt)
        raise Failed(200, "UnreadableBody", "the answer was no JSON of a list, three times")

    async def list(
        self, kind: str, scope: str, url: str, *, of: str = "", most: int | None = None, also: str = ""
    ) -> list[Record]:
        """A whole list as records, each id once, with its line in the ledger. Never raises for a failing list.

        `also` is a second URL whose rows belong to the same list (what is inherited from above). `most` bounds the list.
        """
        found: dict[str, Record] = {}
        outcome: CoverageOutcome = "complete"
        failure: Failed | None = None
        try:
            for address in filter(None, (url, also)):
                async for rows in self.pages(address):
                    for number, row in enumerate(rows):
                        name = _ID.decode(row).id.lower() or f"{len(found)}.{number}"
                        found.setdefault(
                            f"{name}|{hash(bytes(row))}" if kind in _REPEATING else name, self.record(kind, row, of)
                        )
                    if most is not None and len(found) >= most:
                        outcome = "bounded"
                        break
        except Failed as error:
            failure = error
            outcome = _settled(error, bool(found))
        self.note(kind, scope, outcome, len(found), failure)
        return list(found.values())

    def record(self, kind: str, row: msgspec.Raw, of: str = "") -> Record:
        return Record(kind, of, msgspec.Raw(redact(bytes(row))))

    def note(self, kind: str, scope: str, outcome: CoverageOutcome, count: int, failure: Failed | None = None) -> None:
        """A line of the ledger: how a list went, and which permission it wanted when it was refused."""
        stated = RECORDS[kind].permission
        action = _DENIED.search(failure.message) if failure else None
        if action and action.group(1).lower() != stated.lower():
            stated = action.group(1)
        facts: Mapping[str, Any] = (
            {
                "status": failure.status,
                "code": failure.code,
                "detail": failure.message[:300],
                "request_id": failure.request_id,
            }
            if failure
            else {}
        )
        self.coverage.append(Coverage(kind, scope, outcome, stated, count, **facts))
        self.progress.listed(kind, scope, count)


# Rows of these lists have no id of their own, or share one.
_REPEATING = {"ml-usage", "ml-quota", "model-usage", "vm-size"}


def _settled(error: Failed, some: bool) -> CoverageOutcome:
    """What a failure makes of a list: some answers mean that there is nothing there."""
    if error.code in ("MissingSubscriptionRegistration", "SubscriptionNotRegistered"):
        return "complete"
    if error.status == 404 and error.code in (
        "ParentResourceNotFound",
        "ResourceNotFound",
        "ResourceGroupNotFound",
        "NotFound",
    ):
        return "complete"  # gone while the scan ran
    if error.code == "AadPremiumLicenseRequired":
        return "complete"
    return "partial" if some and error.outcome == "failed" else error.outcome


def _failure(status: int, content: bytes, request_id: str) -> Failed:
    try:
        said = _ERROR.decode(content).error
    except msgspec.MsgspecError:
        said = _ErrorBody("", content[:200].decode("utf-8", "replace"))
    return Failed(status, said.code or f"HTTP{status}", said.message or f"the service answered {status}", request_id)


def decoded_id(item: Record) -> str:
    """The id of a record's body, as Azure wrote it."""
    return _ID.decode(item.body).id


def scope_of(item: Record) -> str:
    return ids.fold(decoded_id(item))
