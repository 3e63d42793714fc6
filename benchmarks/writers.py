"""The two ways of writing that benchmarks/generate.py holds side by side: a tutorial's pipeline and our models.

Each loads its model, then answers to the names of measures with figures: tokens a second, questions a minute, seconds.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

DECODED = 24
RAG_TOKENS = 1000
ANSWER_TOKENS = 48
ASKERS = 8
BUDGET_S = 1.5
EVALUATED = 8
EVAL_TOKENS = 16


class Texts:
    """Pieces of the notes, each of which begins where no other began."""

    def __init__(self, files: Path, tokenizer: Any, seed: int) -> None:
        text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(files.rglob("*.md")))
        self._ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
        self._decode: Callable[[list[int]], str] = tokenizer.decode
        self._next = seed * 977

    def piece(self, tokens: int) -> str:
        """About so many tokens of text."""
        start = self._next % max(1, len(self._ids) - tokens)
        self._next += 131
        return self._decode(self._ids[start : start + tokens])


class Tutorial:
    """`pipeline("text-generation")` as its documentation shows it, in bfloat16."""

    def __init__(self, folder: Path, data: Path) -> None:
        import torch
        from transformers import pipeline

        started = time.perf_counter()
        self._pipe = pipeline("text-generation", model=str(folder), dtype=torch.bfloat16, device="cpu")
        self.load_s = time.perf_counter() - started
        self._pipe.tokenizer.padding_side = "left"
        self._texts = Texts(data, self._pipe.tokenizer, 1)

    def prefill(self, tokens: int) -> dict[str, float]:
        """Tokens a second of reading one prompt."""
        text = self._texts.piece(tokens)
        count = len(self._pipe.tokenizer(text)["input_ids"])
        return {"per_s": count / self._seconds([text], 1)}

    def decode(self, batch: int) -> dict[str, float]:
        """Tokens a second of writing `batch` answers together."""
        texts = [self._texts.piece(128) for _ in range(batch)]
        one = self._seconds(texts, 1)
        return {"per_s": batch * DECODED / (self._seconds(texts, DECODED + 1) - one)}

    def first_token(self) -> dict[str, float]:
        """Seconds to the first token of a prompt of RAG_TOKENS."""
        return {"seconds": self._seconds([self._texts.piece(RAG_TOKENS)], 1)}

    def _seconds(self, texts: list[str], tokens: int) -> float:
        started = time.perf_counter()
        self._pipe(
            texts,
            batch_size=len(texts),
            max_new_tokens=tokens,
            min_new_tokens=tokens,
            do_sample=False,
            return_full_text=False,
        )
        return time.perf_counter() - started


class Ours:
    """LocalQwen or LocalOpenVINO, asked through the seam that the engine uses."""

    def __init__(self, folder: Path, data: Path) -> None:
        from rag.generators import runs_on_openvino
        from rag.models import ModelFiles
        from rag.settings import GeneratorSettings, Settings
        from rag.wiring import open_generator

        started = time.perf_counter()
        settings = Settings(generator=GeneratorSettings(path=folder))
        self.model = open_generator(settings).model
        self.load_s = time.perf_counter() - started
        self.batching = runs_on_openvino(ModelFiles(folder.name, folder, "local"), settings.generator)
        self._texts = Texts(data, self.model._tokenizer, 2)  # type: ignore[attr-defined]

    def prefill(self, tokens: int) -> dict[str, float]:
        """Tokens a second of reading one prompt."""
        prompt = self._user(tokens)
        first, _, count = self._ask(prompt, 1)
        return {"per_s": count / first}

    def decode(self, batch: int) -> dict[str, float]:
        """Tokens a second while `batch` answers are written."""
        return {"per_s": self._at_once([self._user(128) for _ in range(batch)], DECODED)["decode_per_s"]}

    def first_token(self) -> dict[str, float]:
        """Seconds to the first token of a prompt of RAG_TOKENS: nothing known, its instructions known, all known."""
        results = {}
        fresh = self._user(RAG_TOKENS)
        results["seconds"] = self._ask(fresh, 1)[0]
        results["again"] = self._ask(fresh, 1)[0]
        self._ask(self._rag(RAG_TOKENS), 1)
        results["known_instructions"] = self._ask(self._rag(RAG_TOKENS), 1)[0]
        return results

    def budget(self, tokens: int) -> dict[str, float]:
        """Tokens of a RAG prompt and seconds to its first answer token, whole and as the budget cuts it.

        With instructions that nobody asked with before, and with those that everybody asks with.
        """
        from langchain_core.messages import SystemMessage

        from rag.pipeline import _FOR_READING

        results = {}
        self._ask(self._rag(256), 1)
        for state in ("cold", "known"):
            for cut in (False, True):
                system = self._rag(256)[0]
                if state == "cold":
                    system = SystemMessage(f"{self._texts.piece(2)} {system.content}")
                affordable = self.model.affordable_tokens([system], _FOR_READING * BUDGET_S) if cut else None  # type: ignore[attr-defined]
                messages = [system, *self._rag(tokens, affordable)[1:]]
                seconds, _, read = self._ask(messages, 1)
                name = f"{state}_{'cut' if cut else 'whole'}"
                results |= {f"{name}_tokens": float(read), f"{name}_s": seconds}
        return results

    def askers(self) -> dict[str, float]:
        """Whole answers to prompts of RAG_TOKENS, ASKERS at once and one after another."""
        together = self._at_once([self._rag(RAG_TOKENS) for _ in range(ASKERS)], ANSWER_TOKENS)
        started, decoded = time.perf_counter(), []
        for _ in range(2):
            first, seconds, _ = self._ask(self._rag(RAG_TOKENS), ANSWER_TOKENS)
            decoded.append((ANSWER_TOKENS - 1) / (seconds - first))
        alone = (time.perf_counter() - started) / 2
        return {
            "at_once_answers_per_min": 60 * ASKERS / together["seconds"],
            "in_turn_answers_per_min": 60 / alone,
            "at_once_decode_per_s": together["decode_per_s"],
            "in_turn_decode_per_s": statistics.mean(decoded),
        }

    def evaluation(self) -> dict[str, float]:
        """Short greedy answers through the engine as an evaluation submits them, against one at a time."""
        from rag.generation.engine import Engine

        prompts = [self._rag(RAG_TOKENS) for _ in range(EVALUATED)]
        others = [self._rag(RAG_TOKENS) for _ in range(EVALUATED // 4)]
        engine = Engine(self.model, queue_size=EVALUATED, deadline_s=600, parallel=ASKERS)  # type: ignore[arg-type]
        try:
            options = {"temperature": 0.0, "max_new_tokens": EVAL_TOKENS}
            started = time.perf_counter()
            running = [engine.submit(prompt, **options) for prompt in prompts]
            texts = ["".join(generation) for generation in running]
            together = time.perf_counter() - started
            started = time.perf_counter()
            for prompt in others:
                "".join(engine.submit(prompt, **options))
            alone = (time.perf_counter() - started) / len(others)
            again = ["".join(engine.submit(prompt, **options)) for prompt in prompts[:2]]
        finally:
            engine.close()
        same = sum(a == b for a, b in zip(again, texts, strict=False))
        return {
            "at_once_questions_per_min": 60 * len(prompts) / together,
            "one_at_a_time_questions_per_min": 60 / alone,
            "of_2_the_same_alone": float(same),
        }

    def _user(self, tokens: int) -> list[Any]:
        from langchain_core.messages import HumanMessage

        return [HumanMessage(self._texts.piece(max(1, tokens - 13)))]

    def _rag(self, tokens: int, affordable: int | None = None) -> list[Any]:
        from rag.generation.prompt import build_messages
        from rag.types import Chunk, Passage, Question

        passages = []
        for number in range(1, 6):
            text = self._texts.piece(tokens // 4)
            chunk = Chunk(f"c{number}", f"d{number}", 0, min(200, len(text)), text[:200], "Notes", 60)
            passages.append(Passage(chunk, number, 1.0, 0, len(text), text, f"note-{number}.md"))
        asked = Question("노트에서 가장 중요한 것은 무엇인가?")
        return build_messages(
            asked,
            passages,
            count_tokens=self.model.get_num_tokens,
            max_prompt_tokens=tokens,
            affordable_tokens=affordable,
        ).messages

    def _ask(self, messages: list[Any], tokens: int) -> tuple[float, float, int]:
        """Seconds to the first token and to the end, and the prompt's tokens."""
        started, arrived, prompt = time.perf_counter(), [], 0
        for chunk in self.model.stream(messages, max_new_tokens=tokens, temperature=0.0):
            arrived.append(time.perf_counter() - started)
            if chunk.usage_metadata:
                prompt = chunk.usage_metadata["input_tokens"]
        # One piece a token, and one that ends it; pieces before the first token show that the prompt is read.
        return arrived[-tokens - 1], arrived[-1], prompt

    def _at_once(self, prompts: list[list[Any]], tokens: int) -> dict[str, float]:
        arrivals: list[list[float]] = [[] for _ in prompts]

        def ask(number: int) -> None:
            stream = self.model.stream(prompts[number], max_new_tokens=tokens, temperature=0.0)
            arrivals[number] = [time.perf_counter() for _ in stream][-tokens - 1 : -1]

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(len(prompts))]
        started = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        ended = time.perf_counter()
        # While all of them write: from the last one's first token to the first one's last.
        low, high = max(times[0] for times in arrivals), min(times[-1] for times in arrivals)
        written = sum(low < moment <= high for times in arrivals for moment in times)
        if high <= low:
            return {"seconds": ended - started, "decode_per_s": float("nan")}
        return {"seconds": ended - started, "decode_per_s": written / (high - low)}
