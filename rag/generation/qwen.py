"""LocalQwen: a causal language model on transformers behind LangChain's chat model, token by token.

Chat messages go in, pieces of text come out; the caller stops it between any two tokens by closing
the stream. Between the blocks of a long prompt, and for tokens that show nothing, it yields an empty
piece for the same purpose. Streams of several threads share the model's steps (steps.py). Knows nothing
of notes, citations or queues.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Self

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.chat_models import generate_from_stream
from langchain_core.messages import AIMessageChunk, BaseMessage, ChatMessage, HumanMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from pydantic import PrivateAttr

from rag.errors import BadConfiguration, GenerationFailed, NoModel
from rag.generation import attention
from rag.generation.adapter import check_adapter, merge_adapter
from rag.generation.first_token import METADATA, FirstToken, Groups, first_ids
from rag.generation.layers import fuse
from rag.generation.sampling import Sampler
from rag.generation.steps import Steps
from rag.generation.text_stream import Detokeniser, Stopper, Thinking
from rag.hardware import Precision, apart, device, precision
from rag.packing import Weights, pack_linears

# Of the prompt whose reading is timed.
_TIMED_WORDS = 256
_ROLES = {"system": "system", "human": "user", "ai": "assistant"}


class LocalQwen(BaseChatModel):
    """Qwen3, or any chat model of transformers with a chat template; make one with `load`.

    Fields are the defaults of what a call may override: temperature (0 is greedy), top_p, top_k (0:
    all), max_new_tokens (or LangChain's max_tokens), seed (None: another answer each time), stop.
    A call with `among` (groups of words by name) writes nothing: its last piece carries how likely each
    group was to begin the answer (first_token.py).
    """

    name: str | None = None
    temperature: float = 0.7
    top_p: float = 0.8
    top_k: int = 20
    max_new_tokens: int = 256
    seed: int | None = 0

    _model: Any = PrivateAttr()
    _steps: Steps = PrivateAttr()
    _tokenizer: Any = PrivateAttr()
    _ends: frozenset[int] = PrivateAttr()
    _penalty: float = PrivateAttr(1.0)
    _tokens_per_s: float | None = PrivateAttr(None)

    @classmethod
    def load(
        cls,
        path: Path,
        *,
        name: str | None = None,
        dtype: Precision = "auto",
        threads: int | None = None,
        adapter: Path | None = None,
    ) -> Self:
        """Load from a local folder: safetensors only, no code from the folder, no network.

        `adapter`: folder of a PEFT adapter that is merged into the weights.

        Raises:
            NoModel: files are missing or damaged, the tokenizer has no chat template, or the model has
                layers that this room does not compute.
            BadConfiguration: the adapter was trained over another model.
        """
        return apart(lambda: cls._load(path, name or path.name, dtype, threads, adapter))

    @classmethod
    def _load(cls, path: Path, shown: str, dtype: Precision, threads: int | None, adapter: Path | None) -> Self:
        import torch

        # Transformers puts another module in its own place while it is imported: a thread that waited for
        # another one's import by a plain `from` would get the old one, which is empty.
        import_module("transformers")
        from safetensors import SafetensorError
        from transformers import AutoModelForCausalLM, AutoTokenizer
        from transformers.utils import logging as transformers_logging

        if adapter is not None:
            check_adapter(adapter, shown, path)
        attention.register()
        if threads:
            torch.set_num_threads(threads)
        place = device()
        # The library's own bar would end up between a person's question and the answer.
        transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True, trust_remote_code=False)
            model: Any = AutoModelForCausalLM.from_pretrained(
                path,
                dtype=precision(dtype, place),
                use_safetensors=True,
                local_files_only=True,
                trust_remote_code=False,
                attn_implementation=attention.RAGGED,
            )
            attention.check(model)
        except (OSError, ValueError, RuntimeError, KeyError, SafetensorError) as error:
            raise NoModel(f"The generator {shown} cannot be loaded: {error}. Fetch its files again.") from error
        if not tokenizer.chat_template:
            raise NoModel(f"{shown} has no chat template, so it was not made to answer. Take a chat model.")
        if adapter is not None:
            model = merge_adapter(model, adapter)
        model = model.to(place).eval()
        if place == "cpu":
            pack_linears(model, Weights(path) if adapter is None else None)
            fuse(model)
        self = cls(name=shown)
        self._model = model
        self._steps = Steps(model)
        # Some models need it to end at all, and say so in their files.
        self._penalty = model.generation_config.repetition_penalty or 1.0
        self._tokenizer = tokenizer
        self._ends = end_ids(model.generation_config.eos_token_id) | end_ids(tokenizer.eos_token_id)
        return self

    @property
    def _llm_type(self) -> str:
        return "local-qwen"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"name": self.name, "temperature": self.temperature, "top_p": self.top_p, "top_k": self.top_k}

    def get_num_tokens(self, text: str) -> int:
        """Tokens of a text, without those that a chat template puts around it."""
        return len(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def warm(self) -> None:
        """Read a first prompt, and time it."""
        started = time.perf_counter()
        (*_, last) = self.stream([HumanMessage("note " * _TIMED_WORDS)], max_new_tokens=1, temperature=0.0)
        usage = getattr(last, "usage_metadata", None) or {"input_tokens": _TIMED_WORDS}
        self._tokens_per_s = usage["input_tokens"] / (time.perf_counter() - started)

    def affordable_tokens(self, messages: Sequence[BaseMessage], seconds: float) -> int | None:
        """Tokens of a prompt that begins with `messages` whose first answer token comes in `seconds`; None: unknown."""
        return None if self._tokens_per_s is None else int(self._tokens_per_s * seconds)

    def get_num_tokens_from_messages(self, messages: Sequence[BaseMessage], tools: Any = None) -> int:
        """Tokens of the whole prompt, template included."""
        return len(self._prompt_ids(messages))

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
        prompt = self._prompt_ids(messages)
        if among := kwargs.get("among"):
            yield from self._first_token(prompt, among)
            return
        limit = self._room(len(prompt), kwargs.get("max_new_tokens", kwargs.get("max_tokens", self.max_new_tokens)))
        sampler = Sampler(
            temperature=kwargs.get("temperature", self.temperature),
            top_p=kwargs.get("top_p", self.top_p),
            top_k=kwargs.get("top_k", self.top_k),
            seed=kwargs.get("seed", self.seed),
            repetition_penalty=self._penalty,
            seen=prompt,
        )
        characters = Detokeniser(lambda ids: str(self._tokenizer.decode(ids, skip_special_tokens=True)))
        thinking, stopper = Thinking(), Stopper(stop or ())
        written, reason = 0, "length"
        for token in self._tokens(prompt, sampler, limit):
            if token is None:
                yield _piece("")
                continue
            if token in self._ends:
                reason = "stop"
                break
            written += 1
            yield _piece(stopper.feed(thinking.feed(characters.feed(token))))
            if stopper.stopped:
                reason = "stop"
                break
        rest = stopper.feed(thinking.feed(characters.finish()) + thinking.finish()) + stopper.finish()
        usage = UsageMetadata(input_tokens=len(prompt), output_tokens=written, total_tokens=len(prompt) + written)
        yield ChatGenerationChunk(
            message=AIMessageChunk(content=rest, usage_metadata=usage, chunk_position="last"),
            generation_info={"finish_reason": reason},
        )

    def _first_token(self, prompt: list[int], among: Groups) -> Iterator[ChatGenerationChunk]:
        self._room(len(prompt), 1)
        ids = first_ids(self._tokenizer, among)
        if not all(ids.values()):
            raise BadConfiguration(
                f"{self.name} begins different words with the same token: {', '.join(among)} cannot be told apart "
                "by the first one. Set cross_check = false, or take another model."
            )
        listener = FirstToken(ids)
        for _ in self._tokens(prompt, listener, 1):
            yield _piece("")
        usage = UsageMetadata(input_tokens=len(prompt), output_tokens=0, total_tokens=len(prompt))
        yield ChatGenerationChunk(
            message=AIMessageChunk(content="", usage_metadata=usage, chunk_position="last"),
            generation_info={"finish_reason": "length", METADATA: listener.shares},
        )

    def _tokens(self, prompt: list[int], sampler: Sampler, limit: int) -> Iterator[int | None]:
        return self._steps.tokens(prompt, sampler, limit, self._ends)

    def _prompt_ids(self, messages: Sequence[BaseMessage]) -> list[int]:
        return chat_ids(self._tokenizer, messages)

    def _room(self, prompt_tokens: int, wanted: int) -> int:
        window = getattr(self._model.config, "max_position_embeddings", None) or prompt_tokens + wanted
        if prompt_tokens >= window:
            raise GenerationFailed(
                f"The prompt has {prompt_tokens:,} tokens and {self.name} reads {window:,}. "
                "Lower generator.max_prompt_tokens."
            )
        return min(wanted, window - prompt_tokens)


def chat_ids(tokenizer: Any, messages: Sequence[BaseMessage]) -> list[int]:
    """Token ids of a conversation in the chat template, up to where the answer begins; without thinking."""
    rendered = tokenizer.apply_chat_template(
        [{"role": _role(message), "content": str(message.text)} for message in messages],
        add_generation_prompt=True,
        enable_thinking=False,
        tokenize=False,
    )
    ids: list[int] = tokenizer(rendered, add_special_tokens=False)["input_ids"]
    return ids


def _piece(text: str) -> ChatGenerationChunk:
    return ChatGenerationChunk(message=AIMessageChunk(content=text))


def _role(message: BaseMessage) -> str:
    if isinstance(message, ChatMessage):
        return message.role
    if message.type not in _ROLES:
        raise GenerationFailed(f"A message of type {message.type} cannot be told to a local model; take human or ai.")
    return _ROLES[message.type]


def end_ids(ids: int | list[int] | None) -> frozenset[int]:
    """The ids that end an answer, as a generation config writes them: one, several or none."""
    return frozenset() if ids is None else frozenset([ids] if isinstance(ids, int) else ids)
