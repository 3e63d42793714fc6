"""From the pipeline's blocking iterators to async requests, and back when the client leaves.

A search or an answer runs in a daemon thread of its own; a Gate bounds how many do. Events come
out in order; leaving sets the cancel event, and the thread then ends by itself. Knows nothing of
HTTP's wire format beyond "the client has left".
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

from starlette.requests import Request

from rag.errors import Cancelled, QueueFull
from rag.types import Event

T = TypeVar("T")


class Gate:
    """At most `running` at a time and `queue_size` behind them; the next is refused at once."""

    def __init__(self, running: int, queue_size: int) -> None:
        self._semaphore = asyncio.Semaphore(running)
        self._queue_size = queue_size
        self.waiting = 0

    async def enter(self) -> None:
        """Wait for a place.

        Raises:
            QueueFull: `queue_size` wait already.
        """
        if self._semaphore.locked() and self.waiting >= self._queue_size:
            raise QueueFull(f"{self._queue_size} searches already wait. Try again in a second.")
        self.waiting += 1
        try:
            await self._semaphore.acquire()
        finally:
            self.waiting -= 1

    def leave(self) -> None:
        """Give the place to the next."""
        self._semaphore.release()


def in_thread(call: Callable[[], T], name: str, on_end: Callable[[], None] = lambda: None) -> asyncio.Future[T]:
    """Run `call` in a daemon thread; `on_end` runs on the loop once it ended, even if nobody waits any more.

    A daemon, so that a download or a model that hangs cannot keep a stopped server alive.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        on_end()
        if future.cancelled():
            return
        if error is None:
            future.set_result(result)  # type: ignore[arg-type]
        else:
            future.set_exception(error)
            future.exception()  # marks it as seen: whoever asked may have left

    def run() -> None:
        try:
            outcome: tuple[T | None, BaseException | None] = call(), None
        except BaseException as error:
            outcome = None, error
        with suppress(RuntimeError):  # the loop is closed: the server has stopped
            loop.call_soon_threadsafe(settle, *outcome)

    threading.Thread(target=run, name=name, daemon=True).start()
    return future


async def unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Await `work`; should the client leave first, cancel it.

    Raises:
        Cancelled: the client has left.
    """
    async with watching(request) as gone:
        task = asyncio.ensure_future(work)
        try:
            either: set[asyncio.Future[Any]] = {task, gone}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise Cancelled("The client left before the answer was there.")
            return task.result()
        finally:
            await _end(task)


@asynccontextmanager
async def watching(request: Request) -> AsyncIterator[asyncio.Future[None]]:
    """A future that is done once the client has left."""

    async def wait() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    gone = asyncio.ensure_future(wait())
    try:
        yield gone
    finally:
        await _end(gone)


async def _end(task: asyncio.Future[Any]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError, Exception):
        await task


class Answering:
    """One answer on its way: the pipeline's events, in order, then None; or an error, last.

    `on_arrival` sees each of them on the loop, whether somebody still takes them or not. It starts
    at once.
    """

    def __init__(
        self,
        stream: Callable[[threading.Event], Iterator[Event]],
        on_arrival: Callable[[Event | Exception | None], None] = lambda item: None,
    ) -> None:
        self._stream = stream
        self._on_arrival = on_arrival
        self._loop = asyncio.get_running_loop()
        self._cancel = threading.Event()
        self._items: asyncio.Queue[Event | Exception | None] = asyncio.Queue()
        self._ended = False
        threading.Thread(target=self._run, name="answer", daemon=True).start()

    async def next(self, timeout_s: float | None = None) -> Event | None:
        """The next event, None at the end.

        Raises:
            TimeoutError: nothing came within `timeout_s`.
            Exception: what the pipeline raised.
        """
        item = await asyncio.wait_for(self._items.get(), timeout_s)
        if isinstance(item, Exception):
            raise item
        return item

    def leave(self) -> None:
        """Nobody waits any more; harmless after the end."""
        self._cancel.set()

    def end_with(self, error: Exception) -> None:
        """Say `error` as the last word, whatever the thread still does."""
        self._cancel.set()
        self._arrived(error)

    def _run(self) -> None:
        try:
            for event in self._stream(self._cancel):
                self._post(event)
            self._post(None)
        except Exception as error:
            self._post(error)

    def _post(self, item: Event | Exception | None) -> None:
        with suppress(RuntimeError):  # the loop is closed: the server has stopped
            self._loop.call_soon_threadsafe(self._arrived, item)

    def _arrived(self, item: Event | Exception | None) -> None:
        if self._ended:
            return
        self._ended = item is None or isinstance(item, Exception)
        self._on_arrival(item)
        self._items.put_nowait(item)
