"""What a collection is told: which cloud, which scope, how to sign in, how hard to go."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

Auth = Literal["auto", "cli", "environment", "managed"]


class Progress(Protocol):
    """Told what happens; prints or not."""

    def listed(self, kind: str, scope: str, count: int) -> None: ...

    def throttled(self, seconds: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Secret:
    """A workload that signs in with a secret of its own; it never leaves the process but to sign in."""

    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        return f"Secret(client_id={self.client_id!r}, client_secret=...)"


@dataclass(frozen=True, slots=True)
class Settings:
    """`cloud` is public, usgov, china, a file, or the URL of an ARM endpoint; `regions` are read for quota beside those in use.

    `concurrency` bounds requests in flight, `job_limit` the jobs read of a workspace.
    """

    cloud: str = "public"
    ca_bundle: Path | None = None
    tenant: str | None = None
    management_groups: tuple[str, ...] = ()
    subscriptions: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    auth: Auth = "auto"
    secret: Secret | None = None
    credential: AsyncTokenCredential | None = None
    regions: tuple[str, ...] = ()
    concurrency: int = 16
    job_limit: int = 1000
    retry_seconds: float = 120.0
    backoff: float = 0.5


@dataclass
class Silent:
    """Progress that nobody watches."""

    def listed(self, kind: str, scope: str, count: int) -> None:
        return None

    def throttled(self, seconds: float) -> None:
        return None
