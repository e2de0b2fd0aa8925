"""Microsoft Graph's `$batch`: twenty reads in a request, each with a status of its own and asked again alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping

import msgspec

from scanner.collect import answers
from scanner.collect.answers import Failed
from scanner.collect.pace import retry_after
from scanner.collect.session import Session

SIZE = 20
_TRIES = 6
_PASSING = (429, 500, 502, 503, 504)


class _Part(msgspec.Struct):
    id: str
    status: int
    body: msgspec.Raw = msgspec.Raw(b"null")
    headers: dict[str, str] | None = None


class _Parts(msgspec.Struct):
    responses: list[_Part]


async def read(session: Session, wanted: Mapping[str, str]) -> AsyncIterator[tuple[str, msgspec.Raw | Failed]]:
    """The body or the failure of up to twenty reads: `wanted` is name -> path below the version, as in `/groups/ID/members`."""
    left = dict(enumerate(wanted.items()))
    failures: dict[int, Failed] = {}
    waited = 0.0
    for attempt in range(_TRIES):
        if attempt:
            wait = _wait(session, failures, attempt)
            if waited + wait > min(session.settings.retry_seconds, waited + session.seconds_left):
                break
            session.progress.throttled(wait)
            await asyncio.sleep(wait)
            waited += wait
        answered = await _ask(session, left)
        if isinstance(answered, Failed):
            failures = dict.fromkeys(left, answered)
            if answered.status not in (0, 200, *_PASSING) or answered.code == "Timeout":
                break
            continue
        for number, (part, failure) in answered.items():
            if failure is None:
                yield left.pop(number)[0], part.body
            elif failure.status in _PASSING:
                failures[number] = failure
            else:
                yield left.pop(number)[0], failure
        if not left:
            return
    for number, (name, _) in left.items():
        yield name, failures.get(number) or Failed(0, "NoAnswer", "the batch left it out")


async def _ask(
    session: Session, left: Mapping[int, tuple[str, str]]
) -> dict[int, tuple[_Part, Failed | None]] | Failed:
    body = {"requests": [{"id": str(number), "method": "GET", "url": path} for number, (_, path) in left.items()]}
    try:
        answer = msgspec.json.decode(await session.send("POST", session.graph_url("$batch"), body), type=_Parts)
    except Failed as error:
        return error
    except msgspec.MsgspecError:
        return Failed(200, "UnreadableBody", "the answer was no batch")
    found = {int(part.id): (part, _refusal(part)) for part in answer.responses if part.id.isdigit()}
    return {number: pair for number, pair in found.items() if number in left}


def _refusal(part: _Part) -> Failed | None:
    if part.status == 200:
        return None
    headers = {key.title(): value for key, value in (part.headers or {}).items()}
    failure = answers.failure(part.status, bytes(part.body), {})
    failure.wait = retry_after(headers)
    return failure


def _wait(session: Session, failures: Mapping[int, Failed], attempt: int) -> float:
    """Seconds: the longest that a part asks for, else longer each time."""
    stated = [failure.wait for failure in failures.values() if failure.wait is not None]
    return max(stated, default=session.settings.backoff * 2**attempt)
