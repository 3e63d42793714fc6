"""How fast Qwen3 reads and writes on this machine: transformers with sdpa, the registered attention, LocalQwen.

    python -m benchmarks.attention MODEL_FOLDER [--measure prefill padded decode many long] [--threads N]

The ways take turns, round by round in one process, because a machine's speed drifts. On a machine that
others use too, look at cpu_ratio with --threads 1: seconds of the processor instead of the clock's. `sdpa` is
AutoModelForCausalLM in bfloat16 with its own cache; `registered` the same with the row-block attention of
rag/generation/attention.py; `LocalQwen` the steps that answers are written with: that attention, a cache
that copies no past, layers with fewer passes over memory, weights laid out once. Results are added to
benchmarks/results/attention.json.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, DynamicCache

from benchmarks.embedding import RESULTS
from eval.environment import machine, versions
from rag.generation import attention
from rag.generation.memory import Memory
from rag.generation.qwen import LocalQwen
from rag.generation.sampling import Sampler
from rag.generation.steps import Steps

ROUNDS = 2
CONTEXT = 1024  # tokens behind which is written
STEPS = 8  # tokens of each sequence in a round
PADDED = (128, 256, 384, 512)
_SDPA, _REGISTERED, _OURS = "sdpa", "registered", "LocalQwen"


class Bench:
    """The three ways over one folder; the first two share weights."""

    def __init__(self, folder: Path) -> None:
        attention.register()
        self.stock: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16).eval()
        self.ours = LocalQwen.load(folder, dtype="bfloat16")
        self._random = torch.Generator().manual_seed(0)

    def prompt(self, length: int) -> list[int]:
        """Random token ids."""
        ids: list[int] = torch.randint(0, 150_000, (length,), generator=self._random).tolist()
        return ids

    def prefill(self, lengths: Sequence[int]) -> dict[str, Any]:
        """Tokens a second until the first token of every prompt is known; several lengths are one padded batch."""
        prompts = [self.prompt(length) for length in lengths]
        ways = {
            _SDPA: lambda: self._read(prompts, "sdpa"),
            _REGISTERED: lambda: self._read(prompts, attention.BLOCKED),
            _OURS: lambda: [next(filter(_is_token, stream)) for stream in self._streams(prompts, Steps(self._model))],
        }
        return _table(ways, sum(lengths), {"prompts": list(lengths)})

    def decode(self, batch: int) -> dict[str, Any]:
        """Tokens a second of `batch` sequences that are written together behind CONTEXT tokens each."""
        caches = {name: self._filled(batch) for name in ("sdpa", attention.BLOCKED)}
        prompt, steps = self.prompt(CONTEXT), Steps(self._model)
        steps._prefixes.keep(prompt, self._memory())
        streams = self._streams([prompt] * batch, steps)
        for stream in streams:
            next(filter(_is_token, stream))
        ways: dict[str, Callable[[], object]] = {
            _SDPA: lambda: self._write(caches["sdpa"], batch, "sdpa"),
            _REGISTERED: lambda: self._write(caches[attention.BLOCKED], batch, attention.BLOCKED),
            _OURS: lambda: [next(stream) for _ in range(STEPS) for stream in streams],
        }
        try:
            return _table(ways, batch * STEPS, {"batch": batch, "context": CONTEXT})
        finally:
            for stream in streams:
                stream.close()  # type: ignore[attr-defined]

    def _filled(self, batch: int) -> dict[str, Any]:
        """A cache of CONTEXT tokens, filled with noise: how long writing takes does not hang on what was read."""
        cache = DynamicCache(config=self.stock.config)
        for layer in range(self.stock.config.num_hidden_layers):
            cache.update(self._noise(batch), self._noise(batch), layer)
        return {"past_key_values": cache, "attention_mask": torch.ones(batch, CONTEXT, dtype=torch.long)}

    def _memory(self) -> Memory:
        memory = Memory(CONTEXT)
        with torch.inference_mode():
            for layer in range(self.stock.config.num_hidden_layers):
                memory.write(layer, self._noise(1)[0], self._noise(1)[0])
        memory.length = CONTEXT
        return memory

    def _noise(self, batch: int) -> torch.Tensor:
        config = self.stock.config
        return torch.randn(batch, config.num_key_value_heads, CONTEXT, config.head_dim).bfloat16()

    def many(self, askers: int = 8, tokens: int = 24, own: int = 64, shared: int = 128) -> dict[str, Any]:
        """Whole answers, all at once against one after another, with a shared beginning of the prompts."""
        beginning = self.prompt(shared)
        prompts = [[*beginning, *self.prompt(own)] for _ in range(askers)]

        def one_after_another() -> None:
            steps = Steps(self._model)
            for stream in self._streams(prompts, steps, tokens):
                list(stream)

        def at_once() -> None:
            steps = Steps(self._model)
            threads = [threading.Thread(target=list, args=(s,)) for s in self._streams(prompts, steps, tokens)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        ways = {"one after another": one_after_another, "at once": at_once}
        return _table(ways, askers * tokens, {"askers": askers, "prompt": own + shared, "tokens": tokens})

    @property
    def _model(self) -> Any:
        return self.ours._model

    def _streams(self, prompts: Sequence[list[int]], steps: Steps, limit: int = 10_000) -> list[Iterator[int | None]]:
        greedy = Sampler(temperature=0, top_p=1, top_k=0, seed=0)
        return [steps.tokens(prompt, greedy, limit) for prompt in prompts]

    def _read(self, prompts: Sequence[list[int]], name: str) -> dict[str, Any]:
        self.stock.set_attn_implementation(name)
        longest = max(map(len, prompts))
        ids = torch.tensor([[0] * (longest - len(prompt)) + prompt for prompt in prompts])
        mask = torch.tensor([[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts])
        cache = DynamicCache(config=self.stock.config)
        with torch.inference_mode():
            self.stock(input_ids=ids, attention_mask=mask, past_key_values=cache, use_cache=True, logits_to_keep=1)
        return {"past_key_values": cache, "attention_mask": mask}

    def _write(self, state: dict[str, Any], batch: int, name: str) -> None:
        self.stock.set_attn_implementation(name)
        ids = torch.ones(batch, 1, dtype=torch.long)
        for _ in range(STEPS):
            state["attention_mask"] = torch.cat([state["attention_mask"], ids], dim=1)
            with torch.inference_mode():
                logits = self.stock(input_ids=ids, use_cache=True, logits_to_keep=1, **state).logits
            logits.argmax(dim=-1)


def _is_token(token: int | None) -> bool:
    return token is not None


def _table(ways: dict[str, Callable[[], object]], tokens: int, what: dict[str, Any]) -> dict[str, Any]:
    """Median tokens a second of every way over the rounds, and the median ratio to the first way."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    processor: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(ROUNDS + 1):
        for name, way in ways.items():
            began, used = time.perf_counter(), time.process_time()
            way()
            if number:  # the first round warms up
                seconds[name].append(time.perf_counter() - began)
                processor[name].append(time.process_time() - used)
    first = next(iter(ways))
    rows = {
        name: {
            "tokens_per_s": round(tokens / statistics.median(seconds[name]), 1),
            "ratio": round(statistics.median(_ratios(seconds[first], seconds[name])), 2),
            "ratio_min": round(min(_ratios(seconds[first], seconds[name])), 2),
            "cpu_ratio": round(statistics.median(_ratios(processor[first], processor[name])), 2),
            "cpu_s": round(statistics.median(processor[name]), 2),
        }
        for name in ways
    }
    shown = "  ".join(f"{name} {r['tokens_per_s']} x{r['ratio']} (cpu x{r['cpu_ratio']})" for name, r in rows.items())
    sys.stdout.write(f"{what}  {shown}\n")
    sys.stdout.flush()
    return {**what, "threads": torch.get_num_threads(), "load": os.getloadavg()[0], "rows": rows}


def _ratios(base: Sequence[float], taken: Sequence[float]) -> list[float]:
    return [b / t for b, t in zip(base, taken, strict=True)]


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="folder of a Qwen3")
    measures = ("prefill", "padded", "decode", "many", "long")
    parser.add_argument("--measure", nargs="+", choices=measures, default=measures)
    parser.add_argument("--threads", type=int)
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    bench = Bench(args.model)
    runs: dict[str, list[Callable[[], dict[str, Any]]]] = {
        "prefill": [partial(bench.prefill, [length]) for length in (512, 1024)],
        "padded": [partial(bench.prefill, PADDED)],
        "decode": [partial(bench.decode, batch) for batch in (1, 4, 8)],
        "many": [bench.many],
        "long": [partial(bench.prefill, [2048])],
    }
    file = RESULTS / "attention.json"
    result = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    for name in args.measure:
        label = f"{name}, {torch.get_num_threads()} threads"
        result[label] = []
        for run in runs[name]:
            result[label].append(run())
            file.write_text(json.dumps(result | _circumstances(bench, args.model), indent=1) + "\n", encoding="utf-8")


def _circumstances(bench: Bench, model: Path) -> dict[str, Any]:
    return {
        "model": model.name,
        "layers": bench.stock.config.num_hidden_layers,
        "peak_memory_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        "date": time.strftime("%Y-%m-%d"),
        "machine": machine(),
        "versions": versions(),
    }


if __name__ == "__main__":
    main()
