"""A session with Azure: one pipeline for every request, lists with all their pages, and the ledger of how each list went."""

from __future__ import annotations

import asyncio
import itertools
import math
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import msgspec
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    IncompleteReadError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.core.pipeline import AsyncPipeline
from azure.core.pipeline.policies import (
    ContentDecodePolicy,
    CustomHookPolicy,
    HeadersPolicy,
)
from azure.core.rest import HttpRequest

from scanner import ids
from scanner.collect import answers
from scanner.collect.answers import Failed, Page
from scanner.collect.clouds import Cloud
from scanner.collect.guard import Refused
from scanner.collect.journal import Journal
from scanner.collect.policies import Answer, GuardedTransport, Retry, SignIn
from scanner.collect.settings import Progress, Settings
from scanner.errors import CollectionError
from scanner.graph.records import RECORDS
from scanner.redact import may_hold, redact
from scanner.snapshot import Coverage, CoverageOutcome, Record

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

_MOST_PAGES = 100_000


class Rows(NamedTuple):
    """A page's rows as Azure sent them; `plain` when the page as a whole has nothing to take out, so that no row is looked at."""

    value: list[msgspec.Raw]
    plain: bool


_TRIES = 4
_SIDE_BY_SIDE = 512  # lists begun at a time; requests in flight are bounded further down


class Session:
    """Open while a collection runs."""

    def __init__(
        self,
        settings: Settings,
        cloud: Cloud,
        credential: AsyncTokenCredential,
        progress: Progress,
        journal: Journal | None = None,
    ) -> None:
        self.settings = settings
        self.cloud = cloud
        self.progress = progress
        self.journal = journal or Journal(None, {}, "")
        self.notes: list[str] = []
        self.versions: dict[str, str] = {}  # record kind -> api-version that answered
        self.excluded: frozenset[str] = frozenset()  # folded ids of resource groups left out
        self._other_versions: dict[str, str] = {}  # folded type -> api-version this cloud knows instead of ours
        self._deadline = time.monotonic() + settings.timeout if settings.timeout else math.inf
        self._answered = time.monotonic()
        hosts = {urlsplit(endpoint).netloc.lower() for endpoint in (cloud.arm, cloud.graph)}
        self.transport = GuardedTransport(
            hosts, settings.concurrency, settings.ca_bundle, settings.retry_seconds, self._deadline
        )
        self.arm_sign_in = SignIn(credential, cloud.arm_scope)
        self.graph_sign_in = SignIn(credential, cloud.graph_scope)
        self.credential = credential
        # pipelines of the SDK, without a client around them: that would copy every request once more
        self._arm: AsyncPipeline[Any, Any] = AsyncPipeline(**self.pipeline(self.arm_sign_in))
        self._graph: AsyncPipeline[Any, Any] = AsyncPipeline(**self.pipeline(self.graph_sign_in))

    def pipeline(self, sign_in: SignIn, typed: bool = False) -> dict[str, Any]:
        """Keyword arguments that give an SDK client our pipeline: nothing that writes, registers or follows elsewhere.

        `typed` adds what the SDK's own operations need: bodies decoded, and a hook that shows the answer as sent.
        """
        retry = Retry(self.progress, self.settings.retry_seconds, self.settings.backoff, self._deadline)
        of_operations = (HeadersPolicy(), ContentDecodePolicy(), CustomHookPolicy()) if typed else ()
        policies = [*of_operations, retry, sign_in]
        return {"policies": policies, "transport": self.transport}

    async def close(self) -> None:
        await self.transport.shut()

    @property
    def seconds_left(self) -> float:
        """Until no request is begun any more; infinite without a limit."""
        return max(self._deadline - time.monotonic(), 0.0)

    @property
    def late(self) -> bool:
        """Whether the time allowed was up before all was read."""
        return self.transport.late

    # -- one request --------------------------------------------------------------------------------------------------

    async def send(self, method: str, url: str, body: object = None) -> bytes:
        """The body of a good answer. Raises Failed for any other; ClientAuthenticationError when sign-in fails;
        CollectionError when nothing has answered for as long as one request may wait.

        A body that was cut short is asked for again: by then the policies, which saw only its head, are done. So is one of
        an api-version that this cloud does not know, in a version that it does.
        """
        for attempt in range(_TRIES):
            address = self._versioned(url)
            try:
                return await self._send(method, address, body)
            except IncompleteReadError as error:
                failure: Failed = Failed(200, "IncompleteBody", str(error).splitlines()[0][:300])
                await asyncio.sleep(self.settings.backoff * 2**attempt)
            except Failed as error:
                if not self._learn_version(url, address, error):
                    raise
                failure = error
        raise failure

    async def _send(self, method: str, url: str, body: object) -> bytes:
        graph = url.startswith(self.cloud.graph + "/")
        request = HttpRequest(method, url, json=body) if body is not None else HttpRequest(method, url)
        try:
            done = await (self._graph if graph else self._arm).run(request, bare=True)
        except IncompleteReadError:
            raise
        except ClientAuthenticationError as error:
            if not graph:
                raise
            raise Failed(401, "AuthenticationFailed", str(error).splitlines()[0][:300]) from error
        except Refused as error:
            raise Failed(0, "Refused", f"not sent: {error}") from error
        except (ServiceRequestError, ServiceResponseError) as error:
            self._check_alive(error)
            raise Failed(0, type(error).__name__, str(error).splitlines()[0][:300]) from error
        except AzureError as error:
            raise answers.raised(error) from error
        self._answered = time.monotonic()
        answer: Answer = done.http_response
        if answer.status_code == 200:
            return answer.content
        raise answers.failure(answer.status_code, answer.content, answer.headers)

    def _check_alive(self, error: Exception) -> None:
        """One list that gets no answer is a gap; when nothing gets any, going on would take hours and read nothing."""
        if time.monotonic() - self._answered > self.settings.retry_seconds:
            raise CollectionError(
                f"nothing has answered for {self.settings.retry_seconds:.0f} s: {str(error).splitlines()[0][:200]}",
                "check the network; what was read is kept, go on with `--resume`",
            ) from error

    def arm_url(self, path: str, version: str, **query: str) -> str:
        asked = f"&{urlencode(query)}" if query else ""
        return f"{self.cloud.arm}/{path.strip('/')}?api-version={version}{asked}"

    def graph_url(self, path: str, **query: str) -> str:
        return f"{self.cloud.graph}/v1.0/{path.strip('/')}" + (f"?{urlencode(query)}" if query else "")

    # -- api-versions -------------------------------------------------------------------------------------------------

    def _versioned(self, url: str) -> str:
        if not self._other_versions:
            return url
        other = self._other_versions.get(answers.listed_type(url))
        return answers.with_version(url, other) if other else url

    def _learn_version(self, url: str, address: str, error: Failed) -> bool:
        """Whether another version is worth a try: the service named those of this type that it knows."""
        wanted = answers.listed_type(url)
        known = answers.supported_versions(error)
        if not wanted or not known:
            return False
        self._other_versions[wanted] = answers.nearest_version(answers.version_of(url), known)
        return self._other_versions[wanted] != answers.version_of(address)

    # -- lists --------------------------------------------------------------------------------------------------------

    async def pages(self, url: str) -> AsyncIterator[Rows]:
        """The rows of every page of a list. A link back to a page that was read already ends the list as a fault of the service, and so
        do pages that bring nothing and yet lead on: the same rows again, or none.
        """
        seen: set[str] = set()
        brought: set[int] = set()
        barren = 0
        following: str | None = url
        while following:
            if following in seen or len(seen) > _MOST_PAGES or barren > answers.MOST_EMPTY:
                raise Failed(200, "PagingLoop", "the service led back to a page it had sent before")
            seen.add(following)
            page, plain = await self._page(following)
            yield Rows(page.value, plain)
            following = page.next_link or page.odata_next
            if following:
                rows = hash(tuple(map(bytes, page.value)))
                barren = barren + 1 if not page.value or rows in brought else 0
                brought.add(rows)

    async def _page(self, url: str) -> tuple[Page, bool]:
        """One page, and whether it is plain; a body that is no JSON (a gateway's, say) is asked for again, like any passing fault."""
        for attempt in range(3):
            try:
                content = await self.send("GET", url)
                return answers.page(content), answers.on_one_line(content) is content and not may_hold(content)
            except msgspec.MsgspecError:
                await asyncio.sleep(self.settings.backoff * attempt)
        raise Failed(200, "UnreadableBody", "the answer was no JSON of a list, three times")

    async def list(
        self,
        kind: str,
        scope: str,
        url: str,
        *,
        of: str = "",
        part: str = "",
        most: int | None = None,
        keep: Callable[[Record], bool] | None = None,
        recent: Callable[[Record], bool] | None = None,
        selective: bool = False,
    ) -> list[Record]:
        """A whole list as records, each id once, in the journal with its line of the ledger. Never raises for a failing list.

        A list with several parts (versions of several names) has one line. `keep` says which rows are wanted; with
        `selective`, rows that are not make the list a bounded one. `most` bounds it in number, `recent` in age: newest come
        first, so a page without a recent row is the last.
        """  # fmt: skip
        before = self.journal.finished(kind, scope, part)
        if before is not None:
            self.progress.listed(kind, scope, len(before))
            return before
        found: dict[str, Record] = {}
        outcome: CoverageOutcome = "complete"
        failure: Failed | None = None
        try:
            async for rows in self.pages(url):
                fresh = self._add(found, kind, rows, of, recent)
                if fresh < len(rows.value) or (most is not None and len(found) >= most):
                    outcome = "bounded"
                    if not fresh or (most is not None and len(found) >= most):
                        break
        except Failed as error:
            failure = error
            outcome = answers.settled(error, bool(found), scope)
        if kind not in self.versions:
            self.versions[kind] = answers.version_of(self._versioned(url))
        records = [row for row in found.values() if keep is None or keep(row)][:most]
        if selective and outcome == "complete" and len(records) < len(found):
            outcome = "bounded"
        self.keep(kind, scope, records, outcome, failure, part)
        return records

    def _add(
        self,
        found: dict[str, Record],
        kind: str,
        rows: Rows,
        of: str,
        recent: Callable[[Record], bool] | None,
    ) -> int:
        """Adds rows that are new and in scope; how many were recent (all, where age does not matter)."""
        fresh = 0
        for row in rows.value:
            made = Record(kind, of, row) if rows.plain else self.record(kind, row, of)
            if recent is not None and not recent(made):
                continue
            fresh += 1
            name = answers.named(row).lower()
            if self.left_out(name):
                continue
            # rows without an id of their own are told apart by all they say
            found.setdefault(repr(bytes(row)) if not name or kind in answers.REPEATING else name, made)
        return fresh

    def left_out(self, arm_id: str) -> bool:
        """Whether it lies in a resource group that was excluded."""
        return bool(self.excluded) and ids.resource_group_of(ids.fold(arm_id)) in self.excluded

    def record(self, kind: str, row: msgspec.Raw, of: str = "") -> Record:
        return Record(kind, of, msgspec.Raw(redact(answers.on_one_line(bytes(row)))))

    def keep(
        self,
        kind: str,
        scope: str,
        records: Sequence[Record],
        outcome: CoverageOutcome = "complete",
        failure: Failed | None = None,
        part: str = "",
    ) -> None:
        """A list is finished: into the journal, with how it went and which permission it wanted when it was refused."""  # fmt: skip
        permission = RECORDS[kind].permission
        if failure is None:
            coverage = Coverage(kind, scope, outcome, permission, len(records))
        else:
            coverage = Coverage(
                kind, scope, outcome, failure.action(permission), len(records), status=failure.status, code=failure.code,
                detail=failure.message[:300], request_id=failure.request_id, denied_at=failure.denied_at,
            )  # fmt: skip
        self.journal.keep(coverage, records, part)
        self.progress.listed(kind, scope, len(records), outcome)

    async def together(self, lists: Iterable[Coroutine[Any, Any, Any]]) -> Sequence[Any]:
        """Lists side by side; what one raises (signing in failed, nothing answers) stops the others."""
        waiting = iter(lists)
        found: list[Any] = []
        try:
            while some := list(itertools.islice(waiting, _SIDE_BY_SIDE)):
                self.progress.expected(len(some))
                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(one) for one in some]
                found += [task.result() for task in tasks]
        except BaseExceptionGroup as errors:
            raise _first(errors) from None
        finally:
            for one in waiting:
                one.close()
        return found


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def decoded_id(item: Record) -> str:
    """The id of a record's body, as Azure wrote it."""
    return answers.named(item.body)


def scope_of(item: Record) -> str:
    return ids.fold(decoded_id(item))
