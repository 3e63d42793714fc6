"""Shared steps: answers that are written at the same time go through the model together, a token each a step.

A step is one pass of the model over one row of ids: the last token of everybody who writes, and a block
of the prompt of the first who still reads. One thread runs steps while somebody waits for a token, and
ends when nobody is left. Knows token ids and samplers; no text, no chat.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from rag.errors import GenerationFailed
from rag.generation.attention import Part
from rag.generation.layers import is_fused
from rag.generation.memory import Memory, Prefixes
from rag.generation.sampling import Sampler

if TYPE_CHECKING:
    import torch

# Tokens of a prompt that are read in one step while others wait for their next token, and while nobody writes;
# also the longest time a cancelled question goes on reading.
_BLOCK = 256
_LONE_BLOCK = 512
# Room for an answer that is taken at once; a longer one makes its memory grow.
_ANSWER = 256


class Steps:
    """The steps of one model, which was loaded with `attn_implementation = attention.RAGGED`."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._trimmed = is_fused(model)
        self._prefixes = Prefixes()
        self._read: list[tuple[Request, Memory]] = []  # whose prompts were read in this step
        self._changed = threading.Condition()
        self._requests: list[Request] = []  # in the order in which they came
        self._thread: threading.Thread | None = None
        self._running = False

    def tokens(
        self, prompt: Sequence[int], sampler: Sampler, limit: int, ends: Collection[int] = ()
    ) -> Iterator[int | None]:
        """Up to `limit` token ids, the last perhaps one of `ends`; None after each block of the prompt but the last.

        Closing the iterator takes the request out before the next step.

        Raises:
            GenerationFailed: a step that this request took part in failed.
        """
        request = Request(list(prompt), sampler, limit, frozenset(ends))
        if limit < 1:
            return
        self._join(request)
        try:
            while request.handed_out or not request.over:
                yield self._next(request)
        finally:
            self._leave(request)

    def _join(self, request: Request) -> None:
        with self._changed:
            self._requests.append(request)
            # After a fork the thread is gone, and says so.
            if not self._running or self._thread is None or not self._thread.is_alive():
                self._running = True
                self._thread = threading.Thread(target=self._run, name="generation-steps", daemon=True)
                self._thread.start()

    def _next(self, request: Request) -> int | None:
        with self._changed:
            request.waits = not request.handed_out
            self._changed.notify_all()
            self._changed.wait_for(lambda: request.handed_out or request.error)
            if not request.handed_out and request.error:
                raise request.error
            return request.handed_out.popleft()

    def _leave(self, request: Request) -> None:
        with self._changed:
            request.over = True
            if request in self._requests:
                self._requests.remove(request)
            thread = self._thread
            self._changed.notify_all()
            if thread is None or thread is threading.current_thread():
                return
            # The last one sees the thread out: nothing of this runs on when nobody asks.
            self._changed.wait_for(lambda: self._requests or not self._running or not thread.is_alive())
            if self._requests:
                return
        thread.join()

    def _run(self) -> None:
        import torch

        with torch.inference_mode():
            while taking_part := self._wanted():
                self._wake_waiting(taking_part)
                try:
                    logits = self._step(taking_part)
                except Exception as error:
                    self._fail(taking_part, error)
                    continue
                for number, request in enumerate(taking_part):
                    try:
                        token = None if request.unseen else request.sampler.choose(logits[number])
                    except Exception as error:
                        self._fail([request], error)
                    else:
                        self._hand_out(request, token)
                self._keep_read()

    def _keep_read(self) -> None:
        """Copy what was just read for prompts that begin like it; nobody waits for that, as the tokens are out."""
        while self._read:
            request, memory = self._read.pop()
            try:
                self._prefixes.keep(request.prompt, memory)
            except Exception as error:
                self._fail([request], error)

    def _wanted(self) -> list[Request]:
        """Who takes part in the next step, once somebody waits for it; nobody when all have left."""
        with self._changed:
            self._changed.wait_for(lambda: not self._requests or any(request.waits for request in self._requests))
            if not self._requests:
                self._running = False
                self._changed.notify_all()
            reader = next((request for request in self._requests if request.reads), None)
            return [request for request in self._requests if not request.reads or request is reader]

    def _wake_waiting(self, taking_part: Sequence[Request]) -> None:
        """Hand an empty piece to those whose turn to read has not come: their askers may have left."""
        with self._changed:
            waiting = [request for request in self._requests if request not in taking_part and not request.handed_out]
        for request in waiting:
            self._hand_out(request, None)

    def _step(self, requests: Sequence[Request]) -> torch.Tensor:
        """Logits behind each request's block, (requests, vocabulary); every memory grows by its block."""
        import torch

        ids: list[int] = []
        positions: list[int] = []
        parts: list[Part] = []
        size = _LONE_BLOCK if len(requests) == 1 else _BLOCK
        for request in requests:
            if request.memory is None:
                request.memory = self._prefixes.start(request.prompt, len(request.prompt) + min(request.limit, _ANSWER))
                request.unseen = request.prompt[request.memory.length :]
            block = request.unseen[:size]
            known = request.memory.length
            parts.append(Part(request.memory, len(ids), len(ids) + len(block)))
            positions.extend(range(known, known + len(block)))
            ids.extend(block)
        place = self._model.device
        given = {
            "input_ids": torch.tensor([ids], device=place),  # (1, rows)
            "position_ids": torch.tensor([positions], device=place),
            "parts": parts,
            "use_cache": False,
        }
        last = [part.end - 1 for part in parts]
        if all(len(request.unseen) > size for request in requests):
            # Only a block inside a prompt: its logits would be thrown away, and the vocabulary is large.
            self._model.base_model(**given)
            logits = torch.empty(len(parts), 0)
        else:
            kept = 0 if self._trimmed else torch.tensor(last, device=place)
            logits = self._model(**given, logits_to_keep=kept).logits[0]
        for request, part in zip(requests, parts, strict=True):
            part.memory.length += part.end - part.start
            del request.unseen[: part.end - part.start]
            if request.reads and not request.unseen:
                request.reads = False
                self._read.append((request, part.memory))
        return logits

    def _hand_out(self, request: Request, token: int | None) -> None:
        with self._changed:
            request.handed_out.append(token)
            # Not left to the one who waits: until it wakes up, another step would run for nobody.
            request.waits = False
            if token is not None:
                request.unseen = [token]
                request.limit -= 1
                if request.limit == 0 or token in request.ends:
                    self._end(request)
            self._changed.notify_all()

    def _fail(self, requests: Sequence[Request], error: Exception) -> None:
        with self._changed:
            for request in requests:
                request.error = GenerationFailed(
                    f"The model failed at a step: {type(error).__name__}: {error}. Ask again; if it stays, "
                    "`ask-notes status` shows what writes the answers."
                )
                request.error.__cause__ = error
                self._end(request)
            self._changed.notify_all()

    def _end(self, request: Request) -> None:
        # The iterator may have left already; it then took itself out.
        request.over = request.error is None
        if request in self._requests:
            self._requests.remove(request)


class Request:
    """One answer on its way: what of its prompt is unseen, what it was handed, whether anybody waits for more."""

    def __init__(self, prompt: list[int], sampler: Sampler, limit: int, ends: frozenset[int]) -> None:
        self.prompt = prompt
        self.sampler = sampler
        self.limit = limit
        self.ends = ends
        self.memory: Memory | None = None
        self.unseen = prompt  # ids that the model has not read
        self.reads = True
        self.waits = False
        self.handed_out: deque[int | None] = deque()
        self.over = False
        self.error: GenerationFailed | None = None
