"""Faults on demand: what a tenant answers by nature (a 403 somewhere) and what tests add (429, 5xx, resets ...)."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from scanner.simulator.answer import (
    AGAIN,
    MORE,
    Answer,
    Call,
    arm_error,
    denied_graph,
    forbidden_arm,
    graph_error,
    link,
)
from scanner.simulator.rights import action_and_scope

Kind = Literal[
    "status", "reset", "truncate", "delay", "expire-token", "empty-page", "repeat", "loop", "endless", "foreign-link"
]
PAGES = ("empty-page", "repeat", "loop", "endless", "foreign-link")  # faults of a list that is otherwise answered
BROKEN = ("reset", "truncate", "delay")  # faults below HTTP
_CODES = {
    429: "TooManyRequests",
    500: "InternalServerError",
    502: "BadGateway",
    503: "ServiceUnavailable",
    504: "GatewayTimeout",
    404: "ResourceNotFound",
    409: "MissingSubscriptionRegistration",
}


@dataclass
class Fault:
    """What goes wrong, on which calls, how often. `path` is a glob on the folded path in which `*` crosses `/`.

    `inside_batch`: True only for parts of a `$batch`, False only outside one, None either. `body` is how an error is written:
    as the service does, as a gateway's HTML, as `{"Message": ...}`, or without the wrapper (`bare`).
    Of lists: `empty-page` puts an empty page with a link before each page, `repeat` sends each page twice, `loop` links each
    page to itself, `endless` links to one empty page after another, `foreign-link` links each page to another host.
    """

    kind: Kind
    path: str = "*"
    method: str | None = None
    status: int = 500
    times: int | None = None
    retry_after: float | None = None
    inside_batch: bool | None = None
    seconds: float = 0.0
    probability: float = 1.0
    seed: int = 0
    body: Literal["service", "html", "message", "bare"] = "service"
    hits: int = 0
    _random: random.Random = field(default_factory=random.Random, repr=False)

    def __post_init__(self) -> None:
        self._random.seed(self.seed)

    @classmethod
    def of(cls, given: Fault | Mapping[str, Any]) -> Fault:
        """From a tenant document, whose keys have hyphens."""
        if isinstance(given, Fault):
            return given
        return cls(**{key.replace("-", "_"): value for key, value in given.items() if not key.startswith("x-")})

    def strikes(self, call: Call) -> bool:
        """Whether it hits this call; counts it when it does."""
        if self.inside_batch is not None and call.inside_batch is not self.inside_batch:
            return False
        if self.kind in PAGES and (AGAIN in call.query or (self.method is None and call.method != "GET")):
            return False
        if (self.method and call.method != self.method) or (self.times is not None and self.hits >= self.times):
            return False
        if not _glob(self.path.lower(), call.path) or self._random.random() >= self.probability:
            return False
        self.hits += 1
        return True


def read(given: Iterable[Fault | Mapping[str, Any]]) -> list[Fault]:
    """Faults as tests and documents state them; `{"kind": "random", "seed": N}` is a mixture."""
    found: list[Fault] = []
    for one in given:
        if isinstance(one, Mapping) and one.get("kind") == "random":
            found += mixture(one.get("seed", 0))
        else:
            found.append(Fault.of(one))
    return found


def mixture(seed: int, seconds: float = 0.002) -> list[Fault]:
    """A bad day: 5% throttled with and without a time to wait, 2% server errors, 1% resets, and some of it slow."""
    return [
        Fault("status", status=429, probability=0.03, seed=seed, retry_after=0.01), Fault("status", status=429, probability=0.02, seed=seed + 1),
        Fault("status", status=503, probability=0.01, seed=seed + 2), Fault("status", status=502, probability=0.01, seed=seed + 3, body="html"),
        Fault("reset", probability=0.01, seed=seed + 4), Fault("delay", probability=0.2, seed=seed + 5, seconds=seconds),
    ]  # fmt: skip


def first(faults: Iterable[Fault], call: Call) -> Fault | None:
    return next((fault for fault in faults if fault.strikes(call)), None)


def answer(fault: Fault, call: Call, graph: bool, who: str) -> Answer:
    """The body and headers a failing service would send."""
    headers = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
    if fault.kind == "expire-token":
        return arm_error(401, "ExpiredAuthenticationToken", "The access token expiry UTC time is earlier than current UTC time.",
                         {"WWW-Authenticate": 'Bearer error="invalid_token"'})  # fmt: skip
    text = "The simulator was asked to fail here."
    code = _CODES.get(fault.status, "Error")
    if fault.body == "html":
        gateway = f"<html><head><title>{fault.status}</title></head><body><h1>{code}</h1></body></html>"
        return Answer(fault.status, gateway, headers, content_type="text/html")
    if fault.body == "message":
        return Answer(fault.status, {"Message": text}, headers)
    if fault.body == "bare":
        return Answer(fault.status, {"code": code, "message": text}, headers)
    if fault.status == 403:
        return denied_graph() if graph else forbidden_arm(who, *action_and_scope(call.raw_path))
    return (graph_error if graph else arm_error)(fault.status, code, text, headers)


def bent(fault: Fault, call: Call, sound: Answer, url: str) -> Answer:
    """A page with the fault in it; what is no page stays as it is."""
    body = sound.body
    if not isinstance(body, dict):
        return sound
    if call.method == "POST" and "data" in body:
        if fault.kind == "empty-page":
            return replace(sound, body={**body, "data": [], "count": 0, "$skipToken": _token(call) or "again"})
        return replace(sound, body={**body, "$skipToken": _token(call) or "again"}) if fault.kind == "loop" else sound
    if (
        sound.status != 200 or not isinstance(body.get("value"), list) or call.path.endswith("/vmsizes")
    ):  # never in pages
        return sound
    name = "@odata.nextLink" if "/graph/" in call.raw_path else "nextLink"
    again = link(call, url, **{AGAIN: "1"})
    match fault.kind:
        case "empty-page":
            return replace(sound, body={**body, "value": [], name: again})
        case "repeat":
            return replace(sound, body={**body, name: again})
        case "endless":
            return replace(sound, body={**body, "value": [], name: link(call, url, **{MORE: str(fault.hits)})})
        case "loop":
            return replace(sound, body={**body, name: link(call, url)})
        case _:
            return replace(sound, body={**body, name: link(call, "https://elsewhere.invalid")})


def _token(call: Call) -> str:
    return str((call.body.get("options") or {}).get("$skipToken") or "")


def _glob(pattern: str, text: str) -> bool:
    first_, *rest = pattern.split("*")
    if not rest:
        return pattern == text
    if not text.startswith(first_):
        return False
    at = len(first_)
    for part in rest[:-1]:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return text[at:].endswith(rest[-1]) and len(text) - at >= len(rest[-1])
