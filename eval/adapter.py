"""Trains a LoRA adapter over the local generator, from a run of `eval` or from feedback.

    python -m eval.adapter RUN_FOLDER --out adapter            # or feedback.jsonl instead of the run
    ASK_NOTES_GENERATOR__ADAPTER=adapter ask-notes ask ...

The model is the one that the settings name. Only the answer's tokens count as loss. docs/lora.md says more.
"""

from __future__ import annotations

import argparse
import random
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eval.examples import Example, Examples, from_feedback, from_run
from rag.errors import AskNotesError, BadDataset, NoModel
from rag.generation.qwen import chat_ids
from rag.models import ModelFiles, from_hub, local_folder
from rag.settings import Settings, load

if TYPE_CHECKING:
    import torch


def train(
    model: Any,
    tokenizer: Any,
    examples: Sequence[Example],
    *,
    base: str,
    out: Path,
    steps: int = 40,
    batch: int = 4,
    rank: int = 8,
    rate: float = 2e-4,
    seed: int = 0,
    report: Callable[[int, float], None] = lambda step, loss: None,
) -> list[float]:
    """Train `steps` steps of `batch` examples and save the adapter to `out`; returns the loss of every step.

    `base` is the name that the adapter keeps of the model it belongs to; the generator checks it. The loss
    is the mean cross entropy of the answer's tokens. The same seed and machine give the same adapter.
    """
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(seed)
    order = random.Random(seed)
    layers = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=layers, task_type="CAUSAL_LM")
    with warnings.catch_warnings():
        # PEFT asks transformers for a name that is on its way out.
        warnings.simplefilter("ignore", FutureWarning)
        learner = get_peft_model(model, config)
    learner.peft_config["default"].base_model_name_or_path = base
    learner.train()
    weights = [weight for weight in learner.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(weights, lr=rate, weight_decay=0.0)
    rows = [example_ids(tokenizer, example) for example in examples]
    waiting: list[int] = []
    losses = []
    for step in range(1, steps + 1):
        total = 0.0
        for _ in range(batch):
            if not waiting:
                waiting = order.sample(range(len(rows)), len(rows))
            # One at a time: rows differ much in length, and padding would be computed too.
            prompt, answer = rows[waiting.pop()]
            ids = torch.tensor([[*prompt, *answer]], device=model.device)
            # Before each token of the answer stand the logits that foretell it; the others are not made.
            told = learner(input_ids=ids, use_cache=False, logits_to_keep=len(answer) + 1).logits[0, :-1]
            loss = torch.nn.functional.cross_entropy(told.float(), ids[0, len(prompt) :]) / batch
            loss.backward()  # type: ignore[no-untyped-call]
            total += float(loss.detach())
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        optimiser.zero_grad()
        losses.append(total)
        report(step, total)
    # The vocabulary stays as it is; left to find out, PEFT asks the hub.
    learner.save_pretrained(str(out), safe_serialization=True, save_embedding_layers=False)
    return losses


def example_ids(tokenizer: Any, example: Example) -> tuple[list[int], list[int]]:
    """Token ids of the prompt, as the generator makes them, and of the answer with its end."""
    answer = tokenizer(example.answer, add_special_tokens=False)["input_ids"]
    return chat_ids(tokenizer, example.messages), [*answer, tokenizer.eos_token_id]


def main(argv: Sequence[str] | None = None) -> int:
    """Read the examples, train, save; returns an exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m eval.adapter", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", type=Path, help="folder of a run of `eval`, or a feedback.jsonl")
    parser.add_argument("--out", type=Path, required=True, help="folder of the new adapter")
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--batch", type=int, default=4, help="examples in a step")
    parser.add_argument("--rank", type=int, default=8, help="rank of the adapter's matrices")
    parser.add_argument("--rate", type=float, default=2e-4, help="learning rate")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    try:
        settings = load().settings
        files = _files(settings)
        model, tokenizer = _load(files)
        examples = _examples(args.source, settings, lambda text: len(tokenizer(text)["input_ids"]))
        _say(f"{len(examples.usable)} examples; left out: {dict(examples.left_out) or 'none'}")
        train(
            model,
            tokenizer,
            examples.usable,
            base=files.id,
            out=args.out,
            steps=args.steps,
            batch=args.batch,
            rank=args.rank,
            rate=args.rate,
            seed=args.seed,
            report=lambda step, loss: _say(f"step {step}: loss {loss:.4f}"),
        )
    except AskNotesError as error:
        sys.stderr.write(f"{error}\n")
        return 3 if isinstance(error, BadDataset) else 5 if isinstance(error, NoModel) else 4
    _say(f"Saved to {args.out}. Use it: ASK_NOTES_GENERATOR__ADAPTER={args.out}")
    return 0


def _examples(source: Path, settings: Settings, count_tokens: Callable[[str], int]) -> Examples:
    budget = settings.generator.max_prompt_tokens
    if source.is_dir():
        return from_run(source, count_tokens=count_tokens, max_prompt_tokens=budget)
    from rag.wiring import open_pipeline

    if not source.is_file():
        raise BadDataset(f"Nothing at {source.name}. Expected the folder of a run of `eval`, or a feedback.jsonl.")
    pipeline = open_pipeline(settings, generate=False)
    try:
        return from_feedback(
            source,
            search=lambda question: pipeline.search(question).passages,
            count_tokens=count_tokens,
            max_prompt_tokens=budget,
        )
    finally:
        pipeline.close()


def _files(settings: Settings) -> ModelFiles:
    if settings.generator.path is not None:
        return local_folder(settings.generator.path)
    files, why = from_hub(settings.generator.id)
    if files is None:
        raise NoModel(f"{why} An adapter is trained over the model's own weights: connect, or set generator.path.")
    return files


def _load(files: ModelFiles) -> tuple[Any, Any]:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from rag.hardware import device, precision

    place = device()
    options: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    try:
        tokenizer = AutoTokenizer.from_pretrained(files.path, **options)
        numbers: torch.dtype = precision("auto", place)
        model: Any = AutoModelForCausalLM.from_pretrained(files.path, dtype=numbers, use_safetensors=True, **options)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise NoModel(f"{files.id} cannot be loaded: {error}. Fetch its files again.") from error
    return model.to(place), tokenizer


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
