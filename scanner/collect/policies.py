"""The pipeline's own policies: sign-in, retry, and the guarded transport. No provider is ever registered."""

from __future__ import annotations

import asyncio
import math
import random
import time
import urllib.request
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp
from azure.core.exceptions import (
    AzureError,
    IncompleteReadError,
    ServiceRequestError,
    ServiceRequestTimeoutError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import AsyncHTTPPolicy
from azure.core.pipeline.transport import AioHttpTransport

from scanner import __version__
from scanner.collect import guard, tls
from scanner.collect.pace import Pace, bucket, retry_after
from scanner.collect.settings import Progress

if TYPE_CHECKING:
    from pathlib import Path

    from azure.core.credentials_async import AsyncTokenCredential

_AGAIN = {408, 429, 500, 502, 503, 504}
_LONGEST_WAIT = 60.0
_TRIES = 7
_EARLY = 120  # seconds before its end at which a token is fetched anew
_CONNECT, _READ = 30, 120  # seconds without a connection, without a byte
_USER_AGENT = f"mlposture/{__version__}"
_TIMEOUT = aiohttp.ClientTimeout(sock_connect=_CONNECT, sock_read=_READ)
_NO_CONTENT = ("Content-Type",)
_STALE = ("ExpiredAuthenticationToken", "InvalidAuthenticationToken", "TokenExpired", "Lifetime validation failed")


class SignIn(AsyncHTTPPolicy[Any, Any]):
    """Adds a bearer token, who asks, and an id by which Azure's support finds the request; fetches a fresh token before the
    old one ends, and once when the service calls it stale."""

    def __init__(self, credential: AsyncTokenCredential, scope: str) -> None:
        self._credential = credential
        self._scope = scope
        self._token = ""
        self._ends = 0.0
        self._lock = asyncio.Lock()

    async def token(self) -> str:
        if self._ends - time.time() >= _EARLY:
            return self._token
        async with self._lock:
            if self._ends - time.time() < _EARLY:
                fetched = await self._credential.get_token(self._scope)
                self._token, self._ends = fetched.token, float(fetched.expires_on)
            return self._token

    async def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        headers = request.http_request.headers
        headers["Authorization"] = f"Bearer {await self.token()}"
        headers["User-Agent"] = _USER_AGENT
        headers["x-ms-client-request-id"] = str(uuid.uuid4())
        response = await self.next.send(request)
        if response.http_response.status_code == 401 and _stale(response.http_response):
            self._ends = 0.0
            headers["Authorization"] = f"Bearer {await self.token()}"
            response = await self.next.send(request)
        return response


def _stale(response: Any) -> bool:
    text = _text(response)
    return any(word in text for word in _STALE)


def _text(response: Any) -> str:
    try:
        body: bytes = response.body() if callable(getattr(response, "body", None)) else response.content
    except Exception:  # a body that was never read says nothing
        return ""
    return body.decode("utf-8", "replace")[:4096]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a list's request brought: all that our policies and parsers look at, without the SDK's response around it."""

    status_code: int
    headers: Mapping[str, str]  # in any case
    content: bytes


class Retry(AsyncHTTPPolicy[Any, Any]):
    """Sends again what failed for a moment: throttled (with or without Retry-After), 5xx, reset, cut short.

    Waits are jittered and bounded, one by one and together, so that an endless Retry-After ends the list and not the run.
    """

    def __init__(self, progress: Progress, budget: float, backoff: float, deadline: float = math.inf) -> None:
        """`budget` is the most seconds one request may wait in all; nothing waits beyond `deadline` (monotonic)."""
        self._progress = progress
        self._budget = budget
        self._backoff = backoff
        self._deadline = deadline
        self._random = random.Random()  # noqa: S311  # jitter, not secrecy

    async def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        waited = 0.0
        for attempt in range(_TRIES):
            failure: AzureError | None = None
            response: PipelineResponse[Any, Any] | None = None
            try:
                response = await self.next.send(request)
                if response.http_response.status_code not in _AGAIN:
                    return response
            except (ServiceRequestError, ServiceResponseError) as error:
                failure = error
            wait = self._wait(response, attempt)
            if attempt == _TRIES - 1 or waited + wait > self._budget or time.monotonic() + wait > self._deadline:
                break
            self._progress.throttled(wait)
            await asyncio.sleep(wait)
            waited += wait
        if failure is not None:
            raise failure
        assert response is not None  # noqa: S101  # either an answer or an error
        return response

    def _wait(self, response: PipelineResponse[Any, Any] | None, attempt: int) -> float:
        stated = retry_after(response.http_response.headers) if response is not None else None
        if stated is not None:
            return min(stated, _LONGEST_WAIT) + self._random.uniform(0, 0.1)
        return min(self._backoff * 2.0**attempt, 30.0) * self._random.uniform(0.5, 1.0)


def _proxies(hosts: Collection[str]) -> dict[str, str]:
    """The proxy that the environment names for these hosts, asked once: aiohttp would ask in a thread, and look for a netrc
    file, for every single request."""
    proxy = urllib.request.getproxies().get("https")
    direct = any(urllib.request.proxy_bypass(host) for host in hosts)
    return {"https": proxy} if proxy and not direct else {}


class Timeout(AzureError):
    """A request that was not begun because the time allowed was up."""


class GuardedTransport:
    """The one way out: checks each request, then sends it. Bounds requests in flight and keeps each subscription's pace."""

    def __init__(
        self,
        hosts: Collection[str],
        concurrency: int,
        ca_bundle: Path | None,
        patience: float = 60.0,
        deadline: float = math.inf,
    ) -> None:
        """`patience` is the longest wait, in seconds, that one answer may impose on all requests that are counted with it.

        No request is begun after `deadline` (monotonic).
        """
        self._deadline = deadline
        self.late = False  # whether a request was not begun because the time was up
        self._inner: AioHttpTransport | None = None
        self._wire: aiohttp.ClientSession  # of `_inner`, once that is open
        self._hosts = hosts
        self._concurrency = concurrency
        self._ca_bundle = ca_bundle
        self._patience = patience
        self._slots = asyncio.Semaphore(concurrency)
        self._proxies = _proxies(hosts)
        self._pace: dict[str, Pace] = {}
        self.sent = 0

    def _opened(self) -> AioHttpTransport:
        """The SDK's transport over a session of ours: given a CA bundle of its own it would make a TLS context, and with it a
        connection, for every single request."""
        if self._inner is None:
            context = tls.context(self._ca_bundle)
            session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=context, limit=self._concurrency), cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )  # fmt: skip
            self._wire = session
            self._inner = AioHttpTransport(session=session, connection_timeout=_CONNECT, read_timeout=_READ)
        return self._inner

    async def send(self, request: Any, *, bare: bool = False, **options: Any) -> Any:
        """The SDK's response, or with `bare` an Answer: a third of the time of a request, and there are tens of thousands."""
        body = getattr(request, "content", None) or getattr(request, "data", None)
        path = guard.check(request.method, request.url, self._hosts, body)
        name, size, refill = bucket(path)
        pace = self._pace.get(name) or self._pace.setdefault(name, Pace(size, refill, self._patience))
        # before a slot is taken: who waits for one subscription holds up no other
        if not await pace.turn(self._deadline):
            self.late = True
            raise Timeout("not asked for: the time allowed was up")
        async with self._slots:
            self.sent += 1
            sender = self._opened()
            response = await (self._bare(request) if bare else sender.send(request, proxies=self._proxies, **options))
            pace.learn(response.status_code, response.headers)
            return response

    async def _bare(self, request: Any) -> Answer:
        """Straight over the session; what fails is raised as the SDK's transport would raise it."""
        try:
            async with self._wire.request(
                request.method,
                request.url,
                headers=request.headers,
                data=request.content,
                proxy=self._proxies.get("https"),
                allow_redirects=False,
                auto_decompress=True,
                timeout=_TIMEOUT,
                skip_auto_headers=() if request.content else _NO_CONTENT,
            ) as answer:
                return Answer(answer.status, answer.headers, await answer.read())
        except aiohttp.ClientPayloadError as error:
            raise IncompleteReadError(error, error=error) from error
        except aiohttp.ClientResponseError as error:
            raise ServiceResponseError(error, error=error) from error
        except aiohttp.ConnectionTimeoutError as error:
            raise ServiceRequestTimeoutError(error, error=error) from error
        except TimeoutError as error:
            raise ServiceResponseTimeoutError(error, error=error) from error
        except aiohttp.ClientError as error:
            raise ServiceRequestError(error, error=error) from error

    def budget(self) -> int | None:
        """The fewest reads that the service says are left anywhere; None when it says nothing."""
        return min((pace.stated for pace in self._pace.values() if pace.stated is not None), default=None)

    async def open(self) -> None:
        await self._opened().open()

    async def close(self) -> None:
        """Clients close their transport; this one is shared and closed by its owner."""

    async def shut(self) -> None:
        if self._inner is not None:
            await self._inner.close()

    async def sleep(self, duration: float) -> None:
        await asyncio.sleep(duration)

    async def __aenter__(self) -> GuardedTransport:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        return None
