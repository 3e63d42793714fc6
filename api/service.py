"""The one pipeline behind the HTTP door: opened when it can be, shared, bounded, stopped in order.

Every route goes through here. Knows when a pipeline is there, how many may use it at a time and
how a server ends; knows no wire format. Runs on one event loop; the pipeline itself in threads.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from api.metrics import Metrics
from api.streams import Answering, Gate, in_thread
from rag.errors import AskNotesError, NotReady, QueueFull, ShuttingDown
from rag.settings import Settings
from rag.types import Answer, AnswerDone, Event, Question, Readiness, Scope, SearchResult, TokenWritten

if TYPE_CHECKING:
    from rag.pipeline import Pipeline

# A request waits that long for models that are being loaded; a download takes longer than anybody waits.
_OPENING_PATIENCE_S = 20.0
# A failed opening is tried again by a later request, but not by each of a hundred.
_OPEN_AGAIN_S = 1.0
# Of `shutdown_s`: what is left for last events to go out and for the process to end.
_LAST_EVENTS_S = 2.0

logger = logging.getLogger(__name__)


class Service:
    """What the routes ask; made before the loop runs, started and closed by the app's lifespan."""

    def __init__(self, settings: Settings, pipeline: Pipeline | None = None) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.stopping = False
        self._pipeline = pipeline
        self._opening: asyncio.Task[None] | None = None
        self._failure: Exception | None = None
        self._failed_at = 0.0
        self._encoding = Gate(settings.server.encode_concurrency, settings.server.encode_queue_size)
        self._retrieving = 0  # answers admitted that are not in the generator's queue yet
        self._answering: set[Asked] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def start(self) -> None:
        """Begin to open the pipeline; the server listens meanwhile."""
        self._loop = asyncio.get_running_loop()
        if self._pipeline is None:
            self._open()

    async def pipeline(self, patience_s: float = _OPENING_PATIENCE_S) -> Pipeline:
        """The open pipeline; tries to open it if an earlier attempt failed.

        Raises:
            ShuttingDown: the server stops.
            NotReady: it is not open within `patience_s`.
            AskNotesError: why it cannot be opened.
        """
        if self.stopping:
            raise _shutting_down()
        if self._pipeline is None:
            await asyncio.wait({self._open()}, timeout=patience_s)
        if self._pipeline is None:
            raise self._failure or NotReady(
                "The index and the models are still being opened; a first start may download them. "
                "Try again in a few seconds."
            )
        return self._pipeline

    async def readiness(self) -> Readiness:
        """What answers, once something can.

        Raises:
            AskNotesError: why nothing can answer now.
        """
        pipeline = await self.pipeline(patience_s=0.5)
        readiness = await in_thread(pipeline.readiness, "readiness")
        if not readiness.ready:
            raise NotReady(" ".join(readiness.fallbacks) or "Nothing can answer now. `ask-notes status` says why.")
        return readiness

    async def search(self, query: str, k: int | None, scope: Scope, *, explain: bool = False) -> SearchResult:
        """Passages for a query; at most `encode_concurrency` at a time.

        Raises:
            QueueFull: `encode_queue_size` searches wait already.
        """
        pipeline = await self.pipeline()
        await self._encoding.enter()
        found = partial(pipeline.search, query, k, scope, explain=explain)
        return await in_thread(found, "search", on_end=self._encoding.leave)

    async def ask(self, question: Question) -> Asked:
        """An answer that has begun: its first event is there, so that a refusal still is a status.

        Raises:
            QueueFull: the generator's queue, or that of the searches, is full.
            AskNotesError: whatever the pipeline raises before its first event.
        """
        pipeline = await self.pipeline()
        self._admit(pipeline)
        self._retrieving += 1
        try:
            await self._encoding.enter()
        except BaseException:
            self._retrieving -= 1
            raise
        asked = Asked(self, pipeline, question)
        self._answering.add(asked)
        if self.stopping:
            asked.end_with(_shutting_down())
        try:
            await asked.begin()
        except BaseException:
            asked.leave()
            raise
        return asked

    def retrieved(self) -> None:
        """An answer has its passages, or failed to: its place among the searches is free."""
        self._encoding.leave()
        self._retrieving -= 1

    def ended(self, asked: Asked) -> None:
        """An answer came to its end."""
        self._answering.discard(asked)

    def gauges(self) -> dict[str, Callable[[], float]]:
        """What /metrics reads at the moment."""
        engine = self._pipeline.engine if self._pipeline else None
        return {
            "ask_notes_ready": lambda: float(self._pipeline is not None and not self.stopping),
            "ask_notes_queue_length": lambda: float(engine.waiting if engine else 0),
            "ask_notes_generating": lambda: float(engine.running if engine else 0),
            "ask_notes_searches_waiting": lambda: float(self._encoding.waiting),
        }

    def stop(self) -> None:
        """Take nothing new; may be called from a signal handler, and twice.

        Waiting answers are sent away now, running ones may finish until shortly before `shutdown_s`.
        """
        if self.stopping:
            return
        self.stopping = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wind_down)

    async def close(self) -> None:
        """Give the pipeline back."""
        self.stop()
        for asked in list(self._answering):
            asked.end_with(_shutting_down())
        if self._opening is not None:
            self._opening.cancel()
        if self._pipeline is not None:
            # A generator that does not come back must not keep the process.
            await asyncio.wait({in_thread(self._pipeline.close, "close")}, timeout=_LAST_EVENTS_S)
            self._pipeline = None

    def _wind_down(self) -> None:
        assert self._loop is not None
        grace_s = max(0.0, self.settings.server.shutdown_s - _LAST_EVENTS_S)
        for asked in list(self._answering):
            if not asked.retrieved:
                asked.end_with(_shutting_down())
        engine = self._pipeline.engine if self._pipeline else None
        if engine is not None:
            in_thread(lambda: engine.close(grace_s), "wind-down")
        self._loop.call_later(grace_s, self._end_all)

    def _end_all(self) -> None:
        for asked in list(self._answering):
            asked.end_with(_shutting_down())

    def _admit(self, pipeline: Pipeline) -> None:
        # Refused before the question is encoded: those still retrieving will queue as well.
        engine = pipeline.engine
        if engine is None:
            return
        size = self.settings.generator.queue_size
        if self._retrieving + engine.waiting >= size + engine.idle:
            raise QueueFull(f"{size} questions already wait for an answer. Try again in a few seconds.", 2.0)

    def _open(self) -> asyncio.Task[None]:
        again = self._failure is not None and time.monotonic() - self._failed_at >= _OPEN_AGAIN_S
        if self._opening is None or (self._opening.done() and again):
            self._opening = asyncio.create_task(self._open_in_thread())
        return self._opening

    async def _open_in_thread(self) -> None:
        def open_it() -> Pipeline:
            # Imported here, in the thread: it takes seconds, and the server answers meanwhile.
            from rag.wiring import open_pipeline

            return open_pipeline(self.settings)

        self._failure = None
        try:
            pipeline = await in_thread(open_it, "open")
        except Exception as error:
            known = isinstance(error, AskNotesError)
            logger.warning("Not ready: %s", error, exc_info=None if known else error)
            self._failure, self._failed_at = error, time.monotonic()
        else:
            self._pipeline = pipeline
            for fallback in pipeline.readiness().fallbacks:
                logger.warning("%s", fallback)


class Asked:
    """An answer that somebody waits for, with its clock."""

    def __init__(self, service: Service, pipeline: Pipeline, question: Question) -> None:
        self.question = question
        self.retrieved = False
        self._service = service
        self._started = time.monotonic()
        self._first: Event | None = None
        self._token_seen = self._done = False
        self._events = Answering(lambda cancel: pipeline.stream(question, cancel), self._note)

    async def begin(self) -> None:
        """Wait for the first event; `next` hands it out again."""
        self._first = await self._events.next()

    async def next(self, timeout_s: float | None = None) -> Event | None:
        """The next event, None at the end; raises what the pipeline raised, TimeoutError if nothing came."""
        first, self._first = self._first, None
        return first or await self._events.next(timeout_s)

    async def answer(self) -> Answer:
        """Wait for the end."""
        while (event := await self.next()) is not None:
            if isinstance(event, AnswerDone):
                return event.answer
        raise RuntimeError("The pipeline's stream ended without an answer.")

    def leave(self) -> None:
        """Nobody waits any more: frees the generator within one token."""
        self._events.leave()

    def end_with(self, error: Exception) -> None:
        """Say `error` as the last word."""
        self._events.end_with(error)

    def _note(self, item: Event | Exception | None) -> None:
        seconds = time.monotonic() - self._started
        if not self.retrieved:
            self.retrieved = True
            self._service.retrieved()
        if isinstance(item, TokenWritten) and not self._token_seen:
            self._token_seen = True
            self._service.metrics.first_token(seconds)
        elif isinstance(item, AnswerDone):
            self._done = True
            self._service.metrics.answered(seconds, abstained=item.answer.abstained)
        elif item is None or isinstance(item, Exception):
            self._service.ended(self)
            if not self._done:
                self._service.metrics.failed()


def _shutting_down() -> ShuttingDown:
    return ShuttingDown("The server is stopping and takes no questions. Try again when it is back.", 5.0)
