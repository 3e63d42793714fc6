"""How far answers drift apart between backends and precisions, with the same weights and greedy.

    python -m benchmarks.drift MODEL FP16_IR INT8_IR [--data FOLDER] [--prompts 8]

The reference is torch in float32; the fp16 IR is forced to float32. Compared are the first 32 tokens' worth of text:
how many prompts give the very same, and after how many tokens the others part.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.generate import Texts

TOKENS = 32


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("fp16", type=Path)
    parser.add_argument("int8", type=Path)
    parser.add_argument("--data", type=Path, default=Path("notes"))
    parser.add_argument("--prompts", type=int, default=8)
    args = parser.parse_args()
    from transformers import AutoTokenizer

    texts = Texts(args.data, AutoTokenizer.from_pretrained(args.model), 1)
    prompts = [texts.piece(40 + 30 * number) for number in range(args.prompts)]
    reference: list[list[int]] = []
    for name, model in models(args):
        answers = [first_tokens(model, prompt) for prompt in prompts]
        reference = reference or answers
        same = [common(one, other) for one, other in zip(reference, answers, strict=True)]
        whole = sum(one == other for one, other in zip(reference, answers, strict=True))
        print(
            f"{name:24} {whole} of {len(prompts)} the same {TOKENS} tokens; the same for "
            f"{statistics.mean(same):.1f} on average, {min(same)} at least",
            flush=True,
        )
        del model


def models(args: argparse.Namespace) -> Iterator[tuple[str, Any]]:
    """Names and models, the reference first."""
    from rag.generation.openvino import LocalOpenVINO
    from rag.generation.qwen import LocalQwen

    yield "torch float32", LocalQwen.load(args.model, dtype="float32")
    yield "fp16 IR in float32", LocalOpenVINO.load(args.fp16, dtype="float32")
    yield "torch bfloat16", LocalQwen.load(args.model, dtype="bfloat16")
    yield "fp16 IR in bfloat16", LocalOpenVINO.load(args.fp16, dtype="bfloat16")
    yield "int8 IR in float32", LocalOpenVINO.load(args.int8, dtype="float32")
    yield "int8 IR as it runs", LocalOpenVINO.load(args.int8)


def first_tokens(model: Any, text: str) -> list[int]:
    """The ids that a model writes first, greedy."""
    from langchain_core.messages import HumanMessage

    from rag.generation.sampling import Sampler

    sampler = Sampler(temperature=0.0, top_p=1.0, top_k=0, seed=0)
    return [t for t in model._tokens(model._prompt_ids([HumanMessage(text)]), sampler, TOKENS) if t is not None]


def common(one: list[int], other: list[int]) -> int:
    """Tokens before the first difference."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


if __name__ == "__main__":
    main()
