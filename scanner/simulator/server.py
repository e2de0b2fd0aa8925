"""The server: HTTPS on a free loopback port in a thread of its own; logs every request, strikes with faults, answers."""

from __future__ import annotations

import asyncio
import tempfile
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec
from aiohttp import web

from scanner.simulator import faults as faults_
from scanner.simulator import tls
from scanner.simulator.answer import Answer, Call, graph_error
from scanner.simulator.arm import Arm
from scanner.simulator.bodies import Batch, Part
from scanner.simulator.directory import Directory
from scanner.simulator.faults import Fault
from scanner.simulator.login import Login
from scanner.simulator.people import People
from scanner.simulator.tenant import Tenant
from scanner.simulator.throttle import Units

_GRAPH = "/graph/v1.0"
_CHECKED = 1.0  # seconds that a token which was good is not looked at again


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it was answered; parts of a `$batch` are logged too, with `inside_batch`."""

    method: str
    path: str
    query: str
    status: int
    inside_batch: bool = False


class Simulator:
    """Runs while its `with` block does. Everything it knows comes from the tenant document.

    `latency` is added to every answer, in seconds. `resource_graph_quota` is how many queries fit in five seconds,
    `graph_units` how many of Graph's resource units in ten; None for no limit. `port` 0 is any that is free.
    """

    def __init__(
        self,
        tenant: Mapping[str, Any],
        *,
        faults: Sequence[Fault | Mapping[str, Any]] = (),
        page_size: int = 100,
        latency: float = 0.0,
        token_lifetime: int = 3600,
        resource_graph_quota: int | None = None,
        graph_units: int | None = None,
        port: int = 0,
    ) -> None:
        self.tenant = Tenant(tenant)
        self.tenant_id = self.tenant.id
        self.client_id = str(uuid.uuid5(uuid.NAMESPACE_DNS, "client.simulator"))
        self.client_secret = str(uuid.uuid4())
        self.object_id = str(uuid.uuid5(uuid.NAMESPACE_DNS, "object.simulator"))
        self.url = ""
        self.ca_bundle = Path()
        self.refused = 0
        self.latency = latency
        self.faults = faults_.read((*tenant.get("faults", ()), *faults))
        self._port = port
        self._requests: list[Request] = []
        self._good: dict[tuple[str, str], float] = {}  # (token, audience) -> until when
        self._login = Login(self.tenant_id, self.client_id, self.client_secret, self.object_id, token_lifetime)
        people = People(tenant.get("graph", {}))
        self._arm = Arm(self.tenant, people, lambda: self.url, page_size, self.object_id, resource_graph_quota)
        self._directory = Directory(self.tenant, people, lambda: self.url, page_size)
        self._units = Units(graph_units)

    @property
    def requests(self) -> list[Request]:
        """Every request so far, in order, sign-in left out."""
        return list(self._requests)

    # -- running ------------------------------------------------------------------------------------------------------

    def __enter__(self) -> Simulator:
        self._folder = tempfile.TemporaryDirectory(prefix="mlposture-simulator-")
        self._context, self.ca_bundle = tls.make(Path(self._folder.name))
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        if not ready.wait(10):
            raise RuntimeError("the simulator did not start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._folder.cleanup()

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        runner = self._loop.run_until_complete(self._start())
        ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    async def _start(self) -> web.ServerRunner:
        runner = web.ServerRunner(web.Server(self._handle), shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self._port, ssl_context=self._context)
        await site.start()
        self.url = f"https://127.0.0.1:{runner.addresses[0][1]}"
        return runner

    # -- answering ----------------------------------------------------------------------------------------------------

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        raw = request.raw_path.partition("?")
        path = unquote(raw[0])
        query = {key.lower(): value for key, value in parse_qsl(raw[2], keep_blank_values=True)}
        content = await request.read()
        if path.lower() == "/metadata/endpoints":
            return _response(self._login.metadata(self.url))
        if request.method == "POST" or ".well-known" in path:
            form = dict(parse_qsl(content.decode("utf-8", "replace")))
            signed_in = self._login.answer(path.lower(), form, self.url)
            if signed_in is not None:
                return _response(signed_in)
        if self.latency:
            await asyncio.sleep(self.latency)
        eventual = request.headers.get("ConsistencyLevel", "").lower() == "eventual"
        call = Call(request.method, path.lower(), path, query, _json(content), eventual=eventual)
        fault = faults_.first(self.faults, call)
        if fault is not None and fault.kind in faults_.BROKEN:
            struck = await self._strike(request, fault)
            if struck is not None:
                self._log(call, struck.status if struck.prepared else 0)
                return struck
            fault = None
        answer = self._answer(call, request.headers.get("Authorization", ""), fault)
        self._log(call, answer.status)
        return _response(answer)

    def _answer(self, call: Call, authorization: str, fault: Fault | None) -> Answer:
        graph = call.path.startswith(_GRAPH)
        denied = self._denied(authorization, f"{self.url}/graph" if graph else f"{self.url}/arm")
        return denied or self._sound(call, graph, fault)

    def _denied(self, authorization: str, audience: str) -> Answer | None:
        now = time.monotonic()
        if self._good.get((authorization, audience), 0.0) > now:
            return None
        denied = self._login.check(authorization, audience)
        if denied is None:
            self._good[authorization, audience] = now + _CHECKED
        return denied

    def _sound(self, call: Call, graph: bool, fault: Fault | None) -> Answer:
        """The answer of the service, or what the fault makes of it."""
        if fault is not None and fault.kind not in faults_.PAGES:
            return faults_.answer(fault, call, graph, self.object_id)
        answer = self._graph(call) if graph else self._arm.answer(call)
        if answer.refused:
            self.refused += 1
        return answer if fault is None else faults_.bent(fault, call, answer, self.url)

    def _graph(self, call: Call) -> Answer:
        inner = replace(call, path=call.path.removeprefix(_GRAPH))
        if inner.path != "/$batch":
            throttled, headers = self._units.take(inner)
            answer = throttled or self._directory.answer(inner)
            return replace(answer, headers={**headers, **answer.headers}) if headers else answer
        try:
            parts = msgspec.convert(call.body, Batch).requests
        except msgspec.ValidationError as error:
            return graph_error(400, "BadRequest", str(error))
        return Answer(200, {"responses": [self._part(part) for part in reversed(parts)]})

    def _part(self, part: Part) -> dict[str, Any]:
        """Each part has a status of its own; answers come in an order of their own."""
        path, _, query = part.url.partition("?")
        full = f"{_GRAPH}/{unquote(path).lstrip('/')}"
        call = Call(
            part.method,
            full.lower(),
            full,
            {k.lower(): v for k, v in parse_qsl(query)},
            part.body,
            inside_batch=True,
            eventual=part.headers.get("ConsistencyLevel", "").lower() == "eventual",
        )
        fault = faults_.first([f for f in self.faults if f.kind not in faults_.BROKEN], call)
        answer = self._sound(call, True, fault)
        self._log(call, answer.status)
        return {"id": part.id, "status": answer.status, "headers": {"Content-Type": answer.content_type, **answer.headers},
                "body": answer.body}  # fmt: skip

    async def _strike(self, request: web.BaseRequest, fault: Fault) -> web.StreamResponse | None:
        """Faults below HTTP: the connection breaks, the body is cut short, or it only takes long."""
        if fault.kind == "delay":
            await asyncio.sleep(fault.seconds)
            return None
        if fault.kind == "reset":
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        response = web.StreamResponse(
            status=200, headers={"Content-Type": "application/json", "Content-Length": "4096"}
        )
        await response.prepare(request)
        await response.write(b'{"value": [{"id": "/subscr')
        if request.transport is not None:
            request.transport.close()
        return response

    def _log(self, call: Call, status: int) -> None:
        query = "&".join(f"{key}={value}" for key, value in call.query.items())
        self._requests.append(Request(call.method, call.raw_path, query, status, call.inside_batch))


def _json(content: bytes) -> Any:
    try:
        return msgspec.json.decode(content) if content else None
    except msgspec.DecodeError:
        return None


def _response(answer: Answer) -> web.Response:
    headers = {
        "x-ms-request-id": str(uuid.uuid4()),
        "x-ms-ratelimit-remaining-subscription-reads": "249",
        "Content-Type": f"{answer.content_type}; charset=utf-8",
        **answer.headers,
    }
    body = answer.body.encode() if isinstance(answer.body, str) else msgspec.json.encode(answer.body)
    return web.Response(body=body, status=answer.status, headers=headers)
