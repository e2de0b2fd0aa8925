"""Microsoft Graph's resource units: what each request costs, and the refusal when ten seconds' worth is used."""

from __future__ import annotations

import time
from collections import deque

from scanner.simulator.answer import Answer, Call, graph_error

_WINDOW = 10.0
_COSTS = {"users": 2, "groups": 2, "members": 3, "owners": 2, "transitivemembers": 5, "getbyids": 3}
_NEAR = 0.8  # from here on answers say how much is used


class Units:
    """A budget of resource units for each ten seconds; None for no limit."""

    def __init__(self, budget: int | None) -> None:
        self.budget = budget
        self._used: deque[tuple[float, int]] = deque()

    def take(self, call: Call) -> tuple[Answer | None, dict[str, str]]:
        """The refusal when too little is left, and the headers that tell of use."""
        if self.budget is None:
            return None, {}
        now = time.monotonic()
        while self._used and now - self._used[0][0] > _WINDOW:
            self._used.popleft()
        cost = _cost(call)
        used = sum(units for _, units in self._used)
        if used + cost > self.budget:
            wait = max(1, int(_WINDOW - (now - self._used[0][0]) if self._used else _WINDOW) + 1)
            headers = {"Retry-After": str(wait), "x-ms-throttle-scope": "Tenant_Application/Read/simulator",
                       "x-ms-throttle-information": "ResourceUnitLimitExceeded", "x-ms-throttle-limit-percentage": f"{(used + cost) / self.budget:.2f}"}  # fmt: skip
            return graph_error(429, "TooManyRequests", "Too many requests.", headers), headers
        self._used.append((now, cost))
        headers = {"x-ms-resource-unit": str(cost)}
        if (used + cost) / self.budget >= _NEAR:
            headers["x-ms-throttle-limit-percentage"] = f"{(used + cost) / self.budget:.2f}"
        return None, headers


def _cost(call: Call) -> int:
    """By what is asked for; less with `$select` or a small `$top`."""
    parts = call.path.strip("/").split("/")
    base = _COSTS.get(parts[-1], 1)
    top = call.query.get("$top", "")
    saved = ("$select" in call.query) + (top.isdigit() and int(top) < 20)
    return max(1, base - saved)
