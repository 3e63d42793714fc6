"""The bounded queue in front of the one generator: cancel, deadline, orderly end.

Messages go in, pieces of text come out of a `Generation`, whoever asks. Knows LangChain's chat model
and nothing of notes, prompts or HTTP. A generator that serves several streams at once (continuous
batching inside it, or a server) says so by `parallel`; each of its streams then gets a worker.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from rag.errors import AskNotesError, Cancelled, DeadlineExceeded, GenerationFailed, QueueFull, ShuttingDown
from rag.types import Usage

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage

# How soon a consumer that nothing wakes (it waits in the queue, or the generator hangs) sees that
# the caller's own Event was set: an Event cannot call back. Pieces and ends wake it at once.
_CANCEL_CHECK_S = 0.02
# What a worker that sits inside the generator is given to come back once it was told to end.
_LAST_WORDS_S = 5.0


class Generation:
    """One answer on its way: iterate for pieces of text; `usage` holds once it ended.

    Iterating raises Cancelled, DeadlineExceeded, ShuttingDown, GenerationFailed, or whatever other
    error of the house the generator raised. Leaving the iteration early cancels.
    """

    def __init__(
        self,
        engine: Engine,
        messages: Sequence[BaseMessage],
        options: dict[str, Any],
        deadline_s: float,
        cancel: threading.Event | None,
        *,
        follows: bool = False,
    ) -> None:
        self.usage = Usage()
        self.metadata: dict[str, Any] = {}
        """What the generator told besides text: LangChain's response_metadata, the last word of each kind."""
        self.follows = follows
        self.messages = list(messages)
        self.options = options
        self._engine = engine
        self._event = cancel
        self._submitted = time.monotonic()
        self._deadline_s = deadline_s
        self._changed = threading.Condition()
        self._pieces: deque[str] = deque()
        self._over = False
        self._error: Exception | None = None

    def __iter__(self) -> Iterator[str]:
        try:
            while True:
                with self._changed:
                    while not self._pieces and not self.ended():
                        self._changed.wait(self._patience())
                    if not self._pieces:
                        break
                    piece = self._pieces.popleft()
                yield piece
        finally:
            self.cancel()
        if self._error is not None:
            raise self._error

    def cancel(self) -> None:
        """Give up: a waiting one leaves the queue now, a running one stops within one token."""
        self.end(Cancelled("Nobody waits for this answer any more; it was stopped."))
        self._engine._withdraw(self)

    def write(self, message: AIMessage) -> bool:
        """Append what the generator just wrote; False when nobody wants more of it."""
        text, used = str(message.text), message.usage_metadata
        with self._changed:
            if self.ended():
                return False
            self.metadata |= message.response_metadata
            if used:
                self.usage = Usage(
                    self.usage.prompt_tokens + used["input_tokens"],
                    self.usage.completion_tokens + used["output_tokens"],
                )
            if text:
                self._pieces.append(text)
                self._changed.notify_all()
        return True

    def end(self, error: Exception | None = None) -> None:
        """Finish, once; what was written before a failure is still handed out, but not after a cancel."""
        with self._changed:
            if self._over:
                return
            self._over, self._error = True, error
            if isinstance(error, Cancelled):
                self._pieces.clear()
            self._changed.notify_all()

    def ended(self) -> bool:
        """Whether it finished; looks at the caller's Event and at the clock, and ends it if they say so."""
        if not self._over:
            waited = time.monotonic() - self._submitted
            if self._event is not None and self._event.is_set():
                self.end(Cancelled("Nobody waits for this answer any more; it was stopped."))
            elif waited >= self._deadline_s:
                self.end(
                    DeadlineExceeded(
                        f"No whole answer within {self._deadline_s:g} s, waiting included. "
                        "Ask again when less is going on, or raise generator.deadline_s."
                    )
                )
        return self._over

    def follow(self, messages: Sequence[BaseMessage], options: dict[str, Any]) -> Generation:
        """Another one for the same asker, within what is left of the time of this one."""
        return Generation(self._engine, messages, options, self._left_s(), self._event, follows=True)

    def _left_s(self) -> float:
        return max(0.0, self._submitted + self._deadline_s - time.monotonic())

    def _patience(self) -> float:
        return self._left_s() if self._event is None else min(self._left_s(), _CANCEL_CHECK_S)


class Engine:
    """Hands questions to the generator, `parallel` at a time, and lets `queue_size` more wait."""

    def __init__(self, generator: BaseChatModel, *, queue_size: int, deadline_s: float, parallel: int = 1) -> None:
        self.generator = generator
        self._queue_size = queue_size
        self._deadline_s = deadline_s
        self._parallel = parallel
        self._changed = threading.Condition()
        self._waiting: deque[Generation] = deque()
        self._running: set[Generation] = set()
        self._workers: list[threading.Thread] = []
        self._closing = False
        self._answer_s: deque[float] = deque(maxlen=16)

    @property
    def waiting(self) -> int:
        """Questions in the queue; what belongs to an answer that was let in is none."""
        return sum(not generation.follows for generation in self._waiting)

    @property
    def running(self) -> int:
        """Questions that the generator works on."""
        return len(self._running)

    @property
    def idle(self) -> int:
        """Questions that it would begin at once."""
        return self._parallel - len(self._running)

    def submit(
        self,
        messages: Sequence[BaseMessage],
        *,
        cancel: threading.Event | None = None,
        deadline_s: float | None = None,
        after: Generation | None = None,
        **options: Any,
    ) -> Generation:
        """Queue a prompt; returns at once.

        `options` (temperature, top_p, top_k, max_new_tokens, seed, stop) go to the generator; None
        leaves its own default. `deadline_s` counts from now. `after`: an answer that this one belongs
        to. Its asker, who was let in already, has its `cancel` and what is left of its time, goes before
        those who wait and is not sent away.

        Raises:
            QueueFull: `queue_size` questions wait already; `retry_after_s` says when to try again.
            ShuttingDown: `close` was called.
        """
        given = {name: value for name, value in options.items() if value is not None}
        deadline = self._deadline_s if deadline_s is None else deadline_s
        generation = after.follow(messages, given) if after else Generation(self, messages, given, deadline, cancel)
        with self._changed:
            if self._closing:
                raise _shutting_down()
            if after is None:
                self._refuse_if_full()
                self._waiting.append(generation)
            else:
                self._waiting.insert(sum(other.follows for other in self._waiting), generation)
            if len(self._workers) < self._parallel:
                worker = threading.Thread(target=self._work, name=f"generator-{len(self._workers)}", daemon=True)
                self._workers.append(worker)
                worker.start()
            self._changed.notify()
        return generation

    def close(self, timeout_s: float = 0.0) -> None:
        """Take nothing new, send the waiting ones away, give the running ones `timeout_s`, then end them."""
        until = time.monotonic() + timeout_s
        with self._changed:
            self._closing = True
            for generation in self._waiting:
                generation.end(_shutting_down())
            self._waiting.clear()
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._running, max(0.0, until - time.monotonic()))
            for generation in self._running:
                generation.end(_shutting_down())
        for worker in self._workers:
            worker.join(_LAST_WORDS_S)

    def _refuse_if_full(self) -> None:
        if self.waiting >= self._queue_size + self.idle:
            # Those whose asker left or whose time is over hold no place against the living.
            self._waiting = deque(other for other in self._waiting if not other.ended())
        if self.waiting >= self._queue_size + self.idle:
            again = self._retry_after_s()
            raise QueueFull(f"{self._queue_size} questions already wait. Try again in {again:.0f} s.", again)

    def _work(self) -> None:
        while (generation := self._next()) is not None:
            started = time.monotonic()
            try:
                self._generate(generation)
            finally:
                with self._changed:
                    self._running.discard(generation)
                    if not generation.follows:  # no answer, and much shorter than one
                        self._answer_s.append(time.monotonic() - started)
                    self._changed.notify_all()
            del generation  # or the worker keeps the last prompt alive while it waits for the next

    def _next(self) -> Generation | None:
        with self._changed:
            while True:
                self._changed.wait_for(lambda: self._waiting or self._closing)
                if not self._waiting:
                    return None
                generation = self._waiting.popleft()
                if not generation.ended():
                    self._running.add(generation)
                    return generation

    def _generate(self, generation: Generation) -> None:
        stream = None
        try:
            stream = self.generator.stream(generation.messages, **generation.options)
            for message in stream:
                if not generation.write(message):
                    break
        except AskNotesError as error:
            generation.end(error)
        except Exception as error:
            failure = GenerationFailed(
                f"The generator gave up: {type(error).__name__}: {error}. "
                "Ask again; if it stays, `ask-notes status` shows what writes the answers."
            )
            failure.__cause__ = error
            generation.end(failure)
        finally:
            # Closing is what stops the model; its failures are of no use to anybody any more.
            if stream is not None and hasattr(stream, "close"):
                stream.close()
        generation.end()

    def _withdraw(self, generation: Generation) -> None:
        with self._changed:
            if generation in self._waiting:
                self._waiting.remove(generation)

    def _retry_after_s(self) -> float:
        """Seconds until one of those before is likely to be answered: the mean of the last 16 answers."""
        if not self._answer_s:
            return 1.0
        mean = sum(self._answer_s) / len(self._answer_s)
        return float(min(60, max(1, math.ceil(mean / self._parallel))))


def _shutting_down() -> ShuttingDown:
    return ShuttingDown("The generator is being shut down and takes no questions. Try again in a moment.", 5.0)
