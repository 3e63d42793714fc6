"""A chat model that says what the test tells it to, when the test lets it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.chat_models import generate_from_stream
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from pydantic import PrivateAttr

PATIENCE_S = 10.0


class ScriptedModel(BaseChatModel):
    """Answers with `pieces`; an exception among them is raised there.

    With `gated` every piece waits for `let()`. `begun` counts answers that started, `written` pieces,
    `closed` answers that ended in whatever way; `prompts` and `options` hold what was asked. Asked for the
    odds of a first token (`among`), it writes nothing and says what `shares` makes of the prompt.
    """

    pieces: tuple[Any, ...] = ("one ", "two ", "three")
    gated: bool = False
    shares: Any = None

    _gate: threading.Semaphore = PrivateAttr(default_factory=lambda: threading.Semaphore(0))
    _changed: threading.Condition = PrivateAttr(default_factory=threading.Condition)
    _counts: dict[str, int] = PrivateAttr(default_factory=lambda: {"begun": 0, "written": 0, "closed": 0})
    _prompts: list[str] = PrivateAttr(default_factory=list)
    _options: list[dict[str, Any]] = PrivateAttr(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    @property
    def prompts(self) -> list[str]:
        return self._prompts

    @property
    def options(self) -> list[dict[str, Any]]:
        return self._options

    def let(self, pieces: int = 1) -> None:
        """Let that many more pieces out."""
        self._gate.release(pieces)

    def wait_for(self, name: str, count: int = 1) -> bool:
        """Whether `begun`, `written` or `closed` reaches `count` soon."""
        with self._changed:
            return self._changed.wait_for(lambda: self._counts[name] >= count, PATIENCE_S)

    def count(self, name: str) -> int:
        return self._counts[name]

    def _add(self, name: str) -> None:
        with self._changed:
            self._counts[name] += 1
            self._changed.notify_all()

    def _generate(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kw: Any
    ) -> ChatResult:
        return generate_from_stream(self._stream(messages, stop, run_manager, **kw))

    def _stream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kw: Any
    ) -> Iterator[ChatGenerationChunk]:
        self._prompts.append(str(messages[-1].text))
        self._options.append({**kw, "stop": stop})
        self._add("begun")
        try:
            if "among" in kw:
                if self.gated and not self._gate.acquire(timeout=PATIENCE_S):
                    raise TimeoutError("the test let nothing more out")
                told = self.shares(str(messages[-1].text)) if self.shares else None
                yield ChatGenerationChunk(
                    message=AIMessageChunk(content=""), generation_info={"among": told} if told else None
                )
                return
            for piece in self.pieces:
                if self.gated and not self._gate.acquire(timeout=PATIENCE_S):
                    raise TimeoutError("the test let nothing more out")
                if isinstance(piece, Exception):
                    raise piece
                self._add("written")
                yield ChatGenerationChunk(message=AIMessageChunk(content=piece))
            usage = {"input_tokens": 7, "output_tokens": len(self.pieces), "total_tokens": 7 + len(self.pieces)}
            yield ChatGenerationChunk(message=AIMessageChunk(content="", usage_metadata=usage))
        finally:
            self._add("closed")
