"""A collection that is told to end: between two steps of the loop, as asyncio itself does for an interrupt from the keyboard."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def terminable(work: Coroutine[Any, Any, T]) -> T:
    """What the work returns. SIGTERM cancels it, and then does what the program has for it.

    A handler that raises in the middle of a step would end a task of a library's instead, which says so with a traceback. Where
    nothing is set up for the signal, or no handler can be (a thread, a platform without), it stays as it is.
    """
    ends = signal.getsignal(signal.SIGTERM)
    if not callable(ends):
        return await work
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None  # noqa: S101  # a coroutine that runs is in a task
    told = False

    def stop() -> None:
        nonlocal told
        told = True
        task.cancel()

    try:
        loop.add_signal_handler(signal.SIGTERM, stop)
    except (NotImplementedError, RuntimeError, ValueError):
        return await work
    try:
        return await work
    except asyncio.CancelledError:
        if told:
            ends(signal.SIGTERM, None)
        raise
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
        signal.signal(signal.SIGTERM, ends)
