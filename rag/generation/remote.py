"""A generator on another machine: any server that speaks OpenAI's chat completions (vLLM, llama.cpp, Ollama).

Settings go in, a LangChain chat model comes out whose failures are errors of the house. Retries are
few and happen only before the first word. Nothing is downloaded to count tokens.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

import openai
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import generate_from_stream
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_openai import ChatOpenAI
from pydantic import Field, SecretStr

from rag.errors import AskNotesError, BadConfiguration, Busy, GenerationFailed, NoModel
from rag.generation.first_token import METADATA, Groups, shares_of
from rag.generation.text_stream import Thinking
from rag.settings import GeneratorSettings

_CONNECT_S = 3.0
# The longest silence of a server, before its first word (it may queue and read a long prompt) or later.
_SILENCE_S = 60.0
_TRIES = 3
_MESSAGE_TOKENS = 6
# As many of the likeliest tokens as OpenAI tells; vLLM tells no more either unless it is started so.
_LIKELIEST = 20


class RemoteModel(ChatOpenAI):
    """ChatOpenAI for our errors, our option names and servers of one's own; make one with `remote_model`."""

    count_tokens: Callable[[str], int] | None = Field(default=None, exclude=True)
    back_off_s: float = 0.25

    def get_num_tokens(self, text: str) -> int:
        """Tokens by `count_tokens` where given, else an estimate that is rather too high."""
        return self.count_tokens(text) if self.count_tokens else estimate_tokens(text)

    def get_num_tokens_from_messages(self, messages: Sequence[BaseMessage], *args: Any, **kwargs: Any) -> int:
        """Tokens of the whole prompt, what a chat template adds roughly included."""
        return sum(self.get_num_tokens(str(message.text)) + _MESSAGE_TOKENS for message in messages)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return generate_from_stream(self._stream(messages, stop, run_manager, **kwargs))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        among: Groups | None = kwargs.pop("among", None)
        if among:
            kwargs |= {"logprobs": True, "top_logprobs": _LIKELIEST}
        for attempt in range(1, _TRIES + 1):
            begun = False
            try:
                for chunk in self._whole(super()._stream(messages, stop, run_manager, **kwargs)):
                    begun = True
                    yield _with_shares(chunk, among) if among else chunk
                return
            except AskNotesError:
                raise
            except Exception as error:
                if begun or attempt == _TRIES or not _may_pass(error):
                    raise self._of_the_house(error, begun) from error
            time.sleep(self.back_off_s * 2 ** (attempt - 1))

    def _whole(self, chunks: Iterator[ChatGenerationChunk]) -> Iterator[ChatGenerationChunk]:
        """The chunks without thoughts; an answer that just breaks off is an error, not a short answer."""
        thinking, finished, empty = Thinking(), False, True
        for chunk in chunks:
            empty = False
            finished = finished or bool((chunk.generation_info or {}).get("finish_reason"))
            if isinstance(chunk.message.content, str) and chunk.message.content:
                chunk.message.content = thinking.feed(chunk.message.content)
            yield chunk
        if empty:
            raise GenerationFailed(f"{self._where()} sent no chat completion. Check generator.base_url.")
        if not finished:
            raise GenerationFailed(
                f"{self._where()} broke off in the middle of an answer. Ask again; if it stays, look at its log."
            )
        if rest := thinking.finish():
            yield ChatGenerationChunk(message=AIMessageChunk(content=rest))

    def _get_request_payload(self, input_: Any, *, stop: list[str] | None = None, **kwargs: Any) -> dict[str, Any]:
        limit = kwargs.pop("max_new_tokens", None)
        top_k = kwargs.pop("top_k", None)
        payload: dict[str, Any] = super()._get_request_payload(input_, stop=stop, **kwargs)
        limit = payload.pop("max_completion_tokens", None) if limit is None else limit
        if self._is_openai():
            # There unknown fields are refused and the limit has its newer name.
            payload.pop("extra_body", None)
            return payload | ({"max_completion_tokens": limit} if limit is not None else {})
        if limit is not None:
            payload["max_tokens"] = limit
        if top_k:
            payload["extra_body"] = {**(payload.get("extra_body") or {}), "top_k": top_k}
        return payload

    def _is_openai(self) -> bool:
        host = urlsplit(self.openai_api_base or "").hostname or ""
        return host == "openai.com" or host.endswith(".openai.com")

    def _where(self) -> str:
        # Without user:password, which some put into an address.
        address = urlsplit(self.openai_api_base or "")
        return f"The server at {address.scheme}://{address.netloc.rpartition('@')[2]}{address.path}"

    def _of_the_house(self, error: Exception, begun: bool) -> AskNotesError:
        where = self._where()
        if isinstance(error, openai.APITimeoutError):
            return GenerationFailed(f"{where} fell silent. Ask again; if it stays, look at its log and its load.")
        if isinstance(error, openai.APIConnectionError):
            if begun:
                return GenerationFailed(f"{where} closed the connection in the middle of an answer. Ask again.")
            return NoModel(
                f"{where} cannot be reached: {error.__cause__ or error}. Start it, or set generator.base_url."
            )
        if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
            return NoModel(f"{where} refuses the key ({error.status_code}). Set generator.api_key.")
        if isinstance(error, openai.NotFoundError):
            return NoModel(
                f"{where} knows no model {self.model_name} there (404). Set generator.id to a model that it serves; "
                "generator.base_url mostly ends in /v1."
            )
        if isinstance(error, openai.RateLimitError) or getattr(error, "status_code", 0) == 503:
            again = _retry_after_s(error)
            return Busy(f"{where} is busy. Try again in {again:.0f} s.", again)
        if isinstance(error, openai.APIStatusError):
            return GenerationFailed(
                f"{where} failed with {error.status_code}: {_brief(error.message)}. Look at its log."
            )
        if isinstance(error, openai.APIError):
            return GenerationFailed(f"{where} failed: {_brief(error.message)}. Look at its log.")
        return GenerationFailed(
            f"{where} sent what is no chat completion: {_brief(str(error))}. Check generator.base_url."
        )


def _with_shares(chunk: ChatGenerationChunk, among: Groups) -> ChatGenerationChunk:
    """The chunk, with the groups' probabilities at its first token where the server told of it."""
    told = (chunk.generation_info or {}).get("logprobs") or {}
    if tokens := told.get("content"):
        info = {**(chunk.generation_info or {}), METADATA: shares_of(tokens[0].get("top_logprobs") or (), among)}
        chunk.generation_info = info
    return chunk


def remote_model(
    settings: GeneratorSettings,
    *,
    count_tokens: Callable[[str], int] | None = None,
    silence_s: float | None = None,
) -> RemoteModel:
    """The model `settings.id` on the server at `settings.base_url`; nothing is asked of it yet.

    `silence_s` bounds the time between two pieces of an answer, at most the deadline.

    Raises:
        BadConfiguration: no base_url, or one that is not http(s).
    """
    if urlsplit(settings.base_url or "").scheme not in ("http", "https"):
        raise BadConfiguration(
            f"generator.base_url is {settings.base_url!r}; expected an address such as http://127.0.0.1:8001/v1."
        )
    return RemoteModel(
        name=settings.id,
        model=settings.id,
        base_url=settings.base_url,
        # A server of one's own mostly wants none, the client always one.
        api_key=settings.api_key or SecretStr("none"),
        temperature=settings.temperature,
        top_p=settings.top_p,
        seed=settings.seed,
        max_completion_tokens=settings.max_new_tokens,
        timeout=openai.Timeout(min(silence_s or _SILENCE_S, settings.deadline_s), connect=_CONNECT_S),
        max_retries=0,
        stream_usage=True,
        use_responses_api=False,
        extra_body={"chat_template_kwargs": {"enable_thinking": False}},
        count_tokens=count_tokens,
    )


def estimate_tokens(text: str) -> int:
    """Tokens of a text whose tokenizer is not at hand, rather too many: a letter a third, all else more than one."""
    letters = len(re.findall(r"[A-Za-z ]", text))
    other_ascii = len(re.findall(r"[\x00-\x7f]", text)) - letters
    return math.ceil(letters / 3 + other_ascii + 1.2 * (len(text) - letters - other_ascii))


def _may_pass(error: Exception) -> bool:
    """Whether trying again at once is worth it: no connection, or a failure inside the server."""
    if isinstance(error, openai.APITimeoutError):
        return False
    return isinstance(error, openai.APIConnectionError) or getattr(error, "status_code", 0) in (500, 502, 504)


def _retry_after_s(error: Exception) -> float:
    response = getattr(error, "response", None)
    given = response.headers.get("retry-after", "") if response is not None else ""
    return min(3600.0, float(given)) if re.fullmatch(r"\d{1,9}(?:\.\d{1,9})?", given) else 1.0


def _brief(message: str) -> str:
    return " ".join(message.split())[:200].rstrip(". ")
