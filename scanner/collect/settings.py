"""What a collection is told: which cloud, which scope, how to sign in, how hard to go."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

Auth = Literal["auto", "cli", "environment", "managed", "workload", "pipelines", "github-oidc", "certificate", "device"]


class Progress(Protocol):
    """Told what happens; prints or not."""

    def phase(self, what: str) -> None:
        """A part of the collection begins: signing in, subscriptions, resources, directory, writing."""

    def expected(self, lists: int) -> None:
        """So many lists more are known to be needed."""

    def listed(self, kind: str, scope: str, count: int, outcome: str = "complete") -> None: ...

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

    The scope is what any of `management_groups` (names), `subscriptions` (ids or names) and `resource_groups` (`NAME`,
    `SUBSCRIPTION/NAME` or an id) names, without what `exclude` names in the same ways; nothing named is everything.
    `names` are names, sign-in names or object ids of principals that a scenario names: in a large directory they are looked
    up, and members of such groups read, although nothing is assigned to them.
    `concurrency` bounds requests in flight; `job_limit` and `job_days` bound the jobs read of a workspace. `timeout` is soft:
    after so many seconds no request is begun any more, and what is missing is a gap. `journal` is where finished lists
    are kept until the snapshot is written (None: a private folder of the run); with `resume` they are not read again.
    """

    cloud: str = "public"
    ca_bundle: Path | None = None
    tenant: str | None = None
    management_groups: tuple[str, ...] = ()
    subscriptions: tuple[str, ...] = ()
    resource_groups: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    auth: Auth = "auto"
    secret: Secret | None = None
    credential: AsyncTokenCredential | None = None
    regions: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    concurrency: int = 128
    job_limit: int = 1000
    job_days: int = 90
    timeout: float | None = None
    journal: Path | None = None
    resume: bool = False
    bulk: bool = True  # Resource Graph where it is complete; False: only targeted lists
    retry_seconds: float = 120.0
    backoff: float = 0.5


@dataclass
class Silent:
    """Progress that nobody watches."""

    def phase(self, what: str) -> None:
        return None

    def expected(self, lists: int) -> None:
        return None

    def listed(self, kind: str, scope: str, count: int, outcome: str = "complete") -> None:
        return None

    def throttled(self, seconds: float) -> None:
        return None
