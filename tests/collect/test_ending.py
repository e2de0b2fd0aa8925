"""A signal ends a collection between two steps of the loop, cleaned up, and by what the program has for it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from typing import NoReturn

import pytest

from scanner.collect.ending import terminable

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no signal handlers of the loop's")


def _leave(_signal: int, _frame: object) -> NoReturn:
    raise SystemExit(143)


@pytest.fixture
def handled() -> Iterator[None]:
    before = signal.signal(signal.SIGTERM, _leave)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("handled")
def test_it_is_cancelled_cleaned_up_and_ends_as_the_program_says() -> None:
    done: list[str] = []

    async def work() -> None:
        asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGTERM)
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            done.append("cancelled")
            raise
        finally:
            done.append("closed")

    with pytest.raises(SystemExit) as ended:
        asyncio.run(terminable(work()))
    assert ended.value.code == 143 and done == ["cancelled", "closed"]
    assert signal.getsignal(signal.SIGTERM) is _leave


@pytest.mark.usefixtures("handled")
def test_what_is_not_told_to_end_returns_and_leaves_the_handler_as_it_was() -> None:
    async def work() -> int:
        return 7

    assert asyncio.run(terminable(work())) == 7
    assert signal.getsignal(signal.SIGTERM) is _leave


def test_without_a_handler_of_the_programs_none_is_set_up() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:

        async def work() -> object:
            return signal.getsignal(signal.SIGTERM)

        assert asyncio.run(terminable(work())) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGTERM, before)
