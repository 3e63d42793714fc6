"""LocalOpenVINO: a causal language model as OpenVINO IR, the fast one on a CPU.

The same chat, streams and shared steps as LocalQwen (qwen.py); only what computes a step is another:
paged.py over the blocks of blocks.py. Knows nothing of notes, citations or queues.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from langchain_core.messages import BaseMessage
from pydantic import PrivateAttr

from rag.errors import GenerationFailed, NoModel
from rag.generation.blocks import Blocks, Table
from rag.generation.paged import IR_FILE, PagedModel, Row
from rag.generation.qwen import LocalQwen, end_ids
from rag.generation.steps import Request, Steps
from rag.hardware import Precision

if TYPE_CHECKING:
    import torch

# Tokens of a prompt that are read in one step; also the longest time a cancelled question goes on reading.
_BLOCK = 256
# The same while nobody waits for his next token, on a machine that reads so many in a second.
_LONE_BLOCK = 512
# What stays known of answered prompts, in tokens: 112 KiB each for Qwen3-0.6B in bfloat16.
_KEPT_TOKENS = 4096
# A shorter piece of a prompt says little about the speed of a long one.
_TIMED_TOKENS = 128
_WARM_TOKENS = (32, 256)


class LocalOpenVINO(LocalQwen):
    """Qwen3, or any decoder with a chat template, as OpenVINO IR; make one with `load`."""

    _window: int = PrivateAttr()
    _steps: PagedSteps = PrivateAttr()

    @classmethod
    def load(
        cls,
        path: Path,
        *,
        name: str | None = None,
        dtype: Precision = "auto",
        threads: int | None = None,
        adapter: Path | None = None,
        cache_tokens: int = 16_384,
    ) -> Self:
        """Load from a local folder that holds openvino_model.xml and .bin and the tokenizer; no network.

        `cache_tokens`: room for the tokens of all answers that are written at once, prompts included.

        Raises:
            NoModel: files are missing or damaged, OpenVINO is not installed, the tokenizer has no chat
                template, or an adapter is wanted, which only torch merges.
        """
        from transformers import AutoTokenizer

        shown = name or path.name
        if adapter is not None:
            raise NoModel(f"{shown} is OpenVINO IR, and adapters are merged by torch. Set generator.backend = torch.")
        try:
            tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True, trust_remote_code=False)
            config = json.loads((path / "config.json").read_text(encoding="utf-8"))
            model = PagedModel(path, cache_tokens=cache_tokens, dtype=dtype, threads=threads)
        except ImportError as error:
            raise NoModel(f"OpenVINO is not installed ({error}). `make install` adds it where it exists.") from error
        except (OSError, ValueError, RuntimeError, KeyError) as error:
            brief = " ".join(str(error).split())[:300]
            raise NoModel(
                f"The generator {shown} cannot be loaded: {brief}. "
                f"Expected {IR_FILE}, its .bin, config.json and tokenizer files; fetch them again."
            ) from error
        if not tokenizer.chat_template:
            raise NoModel(f"{shown} has no chat template, so it was not made to answer. Take a chat model.")
        self = cls(name=shown)
        self._model = model
        self._window = min(int(config.get("max_position_embeddings") or cache_tokens), cache_tokens)
        self._steps = PagedSteps(model)
        self._tokenizer = tokenizer
        generation = path / "generation_config.json"
        told = json.loads(generation.read_text(encoding="utf-8")) if generation.is_file() else config
        self._penalty = float(told.get("repetition_penalty") or 1.0)
        self._ends = end_ids(told.get("eos_token_id")) | end_ids(tokenizer.eos_token_id)
        return self

    @property
    def _llm_type(self) -> str:
        return "local-openvino"

    def warm(self) -> None:
        """Read a short prompt that nobody asks again, so that the first question finds everything ready and timed."""
        self._steps.warm(len(self._tokenizer))

    def affordable_tokens(self, messages: Sequence[BaseMessage], seconds: float) -> int | None:
        """Tokens of a prompt that begins with `messages` whose first answer token comes in `seconds`; None: unknown."""
        speed = self._steps.tokens_per_s
        if speed is None:
            return None
        return int(speed * seconds) + self._steps.known(self._prompt_ids(messages))

    def _room(self, prompt_tokens: int, wanted: int) -> int:
        if prompt_tokens >= self._window:
            raise GenerationFailed(
                f"The prompt has {prompt_tokens:,} tokens and {self.name} reads {self._window:,}. "
                "Lower generator.max_prompt_tokens."
            )
        return min(wanted, self._window - prompt_tokens)


class PagedSteps(Steps):
    """Steps of a PagedModel: each request has a table of blocks, and prompts that begin alike share theirs."""

    def __init__(self, model: PagedModel) -> None:
        super().__init__(model)
        self._blocks = Blocks(model.blocks, model.block_tokens, min(model.blocks, _KEPT_TOKENS // model.block_tokens))
        # By request; touched by the thread of the steps alone.
        self._tables: dict[Request, Table] = {}
        self._measured: deque[float] = deque(maxlen=8)
        self.tokens_per_s: float | None = None
        """How fast prompts are read; steady, so that like questions get like prompts."""

    def warm(self, vocabulary: int) -> None:
        """Read two prompts before anybody asks: the first makes everything ready, the second is timed."""
        ids = np.random.default_rng(0).integers(0, vocabulary, sum(_WARM_TOKENS)).tolist()
        blocks = range(self._blocks.needed(len(ids)))
        for tokens in _WARM_TOKENS:
            started = time.perf_counter()
            self._model.step([Row(ids[:tokens], 0, blocks)])
            self._timed(tokens, time.perf_counter() - started)

    def known(self, prompt: Sequence[int]) -> int:
        """How many of the prompt's first tokens need not be computed."""
        return self._blocks.match(prompt)

    def _wanted(self) -> list[Request]:
        taking_part = super()._wanted()
        with self._changed:
            self._give_back()
        # The one that would begin to read waits as long as those before it have the room that it needs.
        able = [r for r in taking_part if r in self._tables or self._needs(r) <= self._blocks.free]
        return able or taking_part

    def _step(self, requests: Sequence[Request]) -> torch.Tensor:
        import torch

        rows = []
        quick = (self.tokens_per_s or 0) >= _LONE_BLOCK
        block = _LONE_BLOCK if quick and len(requests) == 1 else _BLOCK
        for request in requests:
            table = self._tables.get(request)
            if table is None:
                table = self._blocks.start(request.prompt, len(request.prompt) + request.limit)
                self._tables[request] = table
                request.unseen = request.prompt[table.length :]
            rows.append(Row(request.unseen[:block], table.length, table.blocks))
        started = time.perf_counter()
        logits = self._model.step(rows)
        if len(rows) == 1:
            self._timed(len(rows[0].ids), time.perf_counter() - started)
        for request, row in zip(requests, rows, strict=True):
            table = self._tables[request]
            table.length += len(row.ids)
            del request.unseen[: len(row.ids)]
            if request.reads:
                self._blocks.publish(table, request.prompt)
                request.reads = bool(request.unseen)
        return torch.from_numpy(logits)

    def _needs(self, request: Request) -> int:
        return self._blocks.needed(len(request.prompt) + request.limit)

    def _give_back(self) -> None:
        for request in [request for request in self._tables if request not in self._requests]:
            self._blocks.release(self._tables.pop(request))

    def _timed(self, tokens: int, seconds: float) -> None:
        if tokens < _TIMED_TOKENS:
            return
        # The best of the last ones: what the machine can, while others come and go.
        self._measured.append(tokens / seconds)
        speed = max(self._measured)
        # A prompt that follows every breath of the machine would give another answer each time.
        if self.tokens_per_s is None or not 0.75 < speed / self.tokens_per_s < 1.33:
            self.tokens_per_s = speed
