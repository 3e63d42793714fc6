"""The OpenAI-compatible routes, thin: any chat client that takes a base URL can ask the notes.

The last user message is the question, earlier ones the history; a system message is not followed,
for the notes alone answer. Citations travel in an extension field `citations` of the body and of
the last chunk. Sampling parameters are taken and ignored: the server's settings hold.
Source: https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

import secrets
import time
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api import problems
from api.events import EventStream, frame
from api.routes import NEEDS_KEY, PROBLEMS, ServiceDep
from api.schemas import CitationOut, Text
from api.streams import unless_gone
from rag.errors import EmptyQuestion
from rag.types import Answer, AnswerDone, Event, Question, TokenWritten, Turn

MODEL = "ask-notes"

router = APIRouter(prefix="/v1", tags=["openai"], dependencies=[NEEDS_KEY], responses=PROBLEMS)


class _Lenient(BaseModel):
    # Clients send many a parameter that means nothing here.
    model_config = ConfigDict(extra="ignore")


class Part(_Lenient):
    """A part of a message; parts other than text are skipped."""

    type: str
    text: Text = ""


class ChatMessage(_Lenient):
    """A message of the conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Text | list[Part] | None = None

    def text(self) -> str:
        """Its text, parts joined."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content if part.type == "text")
        return self.content or ""


class StreamOptions(_Lenient):
    """What a stream carries besides its text."""

    include_usage: bool = False


class ChatRequest(_Lenient):
    """POST /v1/chat/completions."""

    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=500)]
    model: Text = MODEL
    stream: bool = False
    stream_options: StreamOptions | None = None

    def record(self) -> Question:
        """The question in it.

        Raises:
            EmptyQuestion: no user message.
        """
        spoken = [message for message in self.messages if message.role in ("user", "assistant")]
        last = max((i for i, message in enumerate(spoken) if message.role == "user"), default=None)
        if last is None:
            raise EmptyQuestion("No message of role user was found; the last of them is the question. Add one.")
        turns = (Turn("user" if m.role == "user" else "assistant", m.text()) for m in spoken[:last])
        return Question(spoken[last].text(), history=tuple(turn for turn in turns if turn.content))


@router.get("/models")
async def models() -> dict[str, Any]:
    """The one model that clients may choose; /readyz says what writes its answers."""
    return {"object": "list", "data": [{"id": MODEL, "object": "model", "created": 0, "owned_by": MODEL}]}


@router.post("/chat/completions", response_model=None)
async def chat_completions(body: ChatRequest, request: Request, service: ServiceDep) -> dict[str, Any] | Response:
    """An answer with citations in the shape of OpenAI's chat completions."""
    asked = await unless_gone(request, service.ask(body.record()))
    head = {"id": f"chatcmpl-{secrets.token_hex(12)}", "created": int(time.time()), "model": MODEL}
    if body.stream:
        chunks = _Chunks(head, include_usage=bool(body.stream_options and body.stream_options.include_usage))
        return EventStream(asked, chunks)
    try:
        answer = await unless_gone(request, asked.answer())
    finally:
        asked.leave()
    message = {"role": "assistant", "content": answer.text, "refusal": None}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    return {**head, "object": "chat.completion", "choices": [choice], "usage": _usage(answer), **_extension(answer)}


class _Chunks:
    """Events -> chunks: role first, then text, then the end with the citations, then [DONE]."""

    def __init__(self, head: dict[str, Any], *, include_usage: bool) -> None:
        self._head = {**head, "object": "chat.completion.chunk"}
        self._include_usage = include_usage
        self._begun = False

    def __call__(self, item: Event | Exception | None) -> str:
        opening = "" if self._begun else self._chunk({"role": "assistant", "content": ""})
        self._begun = True
        match item:
            case TokenWritten(text):
                return opening + self._chunk({"content": text})
            case AnswerDone(answer):
                last = self._chunk({}, "stop", **_extension(answer))
                if self._include_usage:
                    last += frame({**self._head, "choices": [], "usage": _usage(answer)})
                return opening + last
            case None:
                return opening + frame("[DONE]")
            case Exception():
                problem = problems.body_of(item)
                return frame({"error": {**problem, "message": problem["detail"]}})
        return opening

    def _chunk(self, delta: dict[str, Any], finish_reason: str | None = None, **extension: Any) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}
        return frame({**self._head, "choices": [choice], **extension})


def _usage(answer: Answer) -> dict[str, int]:
    prompt, completion = answer.usage.prompt_tokens, answer.usage.completion_tokens
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def _extension(answer: Answer) -> dict[str, Any]:
    return {
        "citations": [CitationOut.of(citation).model_dump() for citation in answer.citations],
        "abstained": answer.abstained,
        "generator": answer.generator,
    }
