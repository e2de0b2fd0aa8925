"""Pace: token buckets as Azure keeps them, so that most requests are never refused, and all waiting in one place."""

from __future__ import annotations

import asyncio
import email.utils
import math
import time
from typing import Any

_REMAINING = (
    "x-ms-ratelimit-remaining-subscription-reads", "x-ms-ratelimit-remaining-tenant-reads",
    "x-ms-ratelimit-remaining-subscription-global-reads",
)  # fmt: skip


class Pace:
    """A token bucket that learns: less when the service says little is left, none while it asks to wait."""

    def __init__(self, size: float, refill: float, patience: float = 60.0) -> None:
        """What is asked for longer than `patience` seconds is no pace: whoever is refused finds out alone."""
        self._patience = patience
        self._size = size
        self._refill = refill
        self._left = size
        self._at = time.monotonic()
        self._until = 0.0  # nobody begins before
        self.stated: int | None = None  # what the service last said is left

    async def turn(self, deadline: float = math.inf) -> bool:
        """Returns True when a request may go out; False, at once, when that would be after the deadline (monotonic)."""
        while True:
            now = time.monotonic()
            self._left = min(self._size, self._left + (now - self._at) * self._refill)
            self._at = now
            wait = max(self._until - now, (1.0 - self._left) / self._refill)
            if now + max(wait, 0.0) > deadline:
                return False
            if wait <= 0:
                self._left -= 1.0
                return True
            await asyncio.sleep(wait)

    def learn(self, status: int, headers: Any) -> None:
        """Takes the service's word for what is left, and for how long to wait."""
        for name in _REMAINING:
            stated = headers.get(name)
            if stated and stated.isdigit():
                self.stated = int(stated)
                self._left = min(self._left, float(stated))
        quota, resets = headers.get("x-ms-user-quota-remaining"), headers.get("x-ms-user-quota-resets-after")
        if quota == "0" and resets:
            self.wait(_clock(resets))
        if headers.get("x-ms-throttle-limit-percentage", "").startswith(("0.9", "1")):
            self._left = min(self._left, 0.0)  # Graph: nearly all resource units are used
        if status == 429:
            self.wait(retry_after(headers) or 0.0)

    def wait(self, seconds: float) -> None:
        if seconds <= self._patience:
            self._until = max(self._until, time.monotonic() + seconds)


def bucket(path: str) -> tuple[str, float, float]:
    """What is counted together, how much at once, how much more each second: a subscription, Resource Graph, a host.

    ARM: 250 reads and 25 a second by subscription, principal and region; Resource Graph about 15 queries in 5 s; Graph
    counts resource units, far more than we use.
    """
    parts = path.split("/")
    if len(parts) > 2 and parts[1] == "subscriptions":
        return parts[2], 250.0, 25.0
    if path.endswith("/microsoft.resourcegraph/resources"):
        return "resource-graph", 15.0, 3.0
    if "v1.0" in parts[:3]:
        return "graph", 500.0, 100.0
    return "tenant", 250.0, 25.0


def retry_after(headers: Any) -> float | None:
    """Seconds to wait as the answer states them: seconds, an HTTP date, or milliseconds in Azure's own headers."""
    value = headers.get("Retry-After")
    if value:
        try:
            return max(0.0, float(value))
        except ValueError:
            try:
                return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
            except ValueError:
                return None
    for name in ("retry-after-ms", "x-ms-retry-after-ms"):
        if headers.get(name, "").isdigit():
            return float(headers[name]) / 1000
    return None


def _clock(text: str) -> float:
    """`00:00:05` in seconds."""
    try:
        hours, minutes, seconds = (float(part) for part in text.split(":"))
    except ValueError:
        return 5.0
    return hours * 3600 + minutes * 60 + seconds
