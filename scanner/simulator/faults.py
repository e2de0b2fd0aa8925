"""Faults on demand: what a tenant answers by nature (a 403 somewhere) and what tests add (429, 5xx, resets ...)."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from scanner.simulator.answer import Answer, Call, arm_error, forbidden_arm, graph_error

Kind = Literal["status", "reset", "truncate", "delay", "expire-token", "empty-page"]
_CODES = {
    429: "TooManyRequests",
    500: "InternalServerError",
    502: "BadGateway",
    503: "ServiceUnavailable",
    504: "GatewayTimeout",
    404: "ResourceNotFound",
}


@dataclass
class Fault:
    """What goes wrong, on which calls, how often. `path` is a glob on the folded path in which `*` crosses `/`.

    `inside_batch`: True only for parts of a `$batch`, False only outside one, None either.
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
        if (self.method and call.method != self.method) or (self.times is not None and self.hits >= self.times):
            return False
        if not _glob(self.path.lower(), call.path) or self._random.random() >= self.probability:
            return False
        self.hits += 1
        return True


def first(faults: Iterable[Fault], call: Call) -> Fault | None:
    return next((fault for fault in faults if fault.strikes(call)), None)


def answer(fault: Fault, call: Call, graph: bool, who: str) -> Answer:
    """The body and headers a failing service would send."""
    headers = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
    if fault.kind == "expire-token":
        return arm_error(401, "ExpiredAuthenticationToken", "The access token expiry UTC time is earlier than current UTC time.",
                         {"WWW-Authenticate": 'Bearer error="invalid_token"'})  # fmt: skip
    if fault.status == 403:
        if graph:
            return graph_error(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
        return forbidden_arm(who, *action_and_scope(call.raw_path))
    code = _CODES.get(fault.status, "Error")
    make = graph_error if graph else arm_error
    return make(fault.status, code, "The simulator was asked to fail here.", headers)


def action_and_scope(path: str) -> tuple[str, str]:
    """The action ARM would name for reading a path, and the scope it would say it over."""
    before, found, rest = path.rpartition("/providers/")
    if not found:
        kind = "resourceGroups" if path.lower().endswith("resourcegroups") else path.rpartition("/")[2]
        return f"Microsoft.Resources/subscriptions/{kind}/read", path
    parts = rest.split("/")
    kinds = [part for number, part in enumerate(parts[1:]) if number % 2 == 0]
    scope = before or "/"
    if len(parts) > 2:
        scope = f"{before}/providers/{'/'.join(parts[: len(parts) - (1 - len(parts) % 2)])}"
    return f"{parts[0]}/{'/'.join(kinds)}/read", scope


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
