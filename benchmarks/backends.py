"""The same ten questions to every backend: does each stream, count its tokens and stop?

    python -m benchmarks.backends INDEX_DIR MODEL IR [--questions benchmarks/answers/notes.jsonl] [--tokens 24]

MODEL is a folder of safetensors, IR the same as OpenVINO. The remote backend asks a server of this project over
loopback, which writes with the IR; it is sent the bare questions, for it looks into its notes itself.
Whole answers are kept in benchmarks/answers/backends.json. With weights that nobody trained they are noise.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from benchmarks.serving import serving
from eval.environment import machine, versions
from rag.settings import GeneratorSettings, Settings
from rag.types import AnswerDone, Question, TokenWritten
from rag.wiring import open_generator, open_pipeline

KEPT = Path(__file__).parent / "answers" / "backends.json"
QUESTIONS = 10


def main() -> None:
    """Ask, print a line an answer, keep the answers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("index", help="a data_dir")
    parser.add_argument("model", type=Path, help="folder with safetensors")
    parser.add_argument("generator", type=Path, help="folder with OpenVINO IR of it")
    parser.add_argument("--questions", type=Path, default=KEPT.with_name("notes.jsonl"))
    parser.add_argument("--tokens", type=int, default=24)
    args = parser.parse_args()
    lines = args.questions.read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines[:QUESTIONS]]

    common: dict[str, Any] = {"max_new_tokens": args.tokens, "temperature": 0.0}
    found = {
        "extractive": ask(args, questions, GeneratorSettings(backend="extractive", **common)),
        "openvino": ask(args, questions, GeneratorSettings(path=args.generator, **common)),
        "torch": ask(args, questions, GeneratorSettings(path=args.model, backend="torch", **common)),
    }
    with serving(args, parallel=1, ASK_NOTES_GENERATOR__MAX_NEW_TOKENS=str(args.tokens)) as (_, port):
        remote = GeneratorSettings(backend="openai", base_url=f"http://127.0.0.1:{port}/v1", id="ask-notes")
        found["openai"] = ask_remote(args, questions, remote)
    record = {"machine": machine(), "versions": versions(), "tokens": args.tokens, "answers": found}
    KEPT.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def ask(args: argparse.Namespace, questions: list[str], generator: GeneratorSettings) -> list[dict[str, Any]]:
    """Answers of one backend, with what a listener of the stream saw."""
    rows = []
    pipeline = open_pipeline(Settings(data_dir=args.index, generator=generator))
    try:
        for question in questions:
            started, first, pieces, answer = time.perf_counter(), None, 0, None
            for event in pipeline.stream(Question(question)):
                if isinstance(event, TokenWritten):
                    pieces += 1
                    first = first or time.perf_counter() - started
                elif isinstance(event, AnswerDone):
                    answer = event.answer
            assert answer is not None
            rows.append(
                {
                    "question": question,
                    "writes": answer.generator,
                    "pieces": pieces,
                    "prompt_tokens": answer.usage.prompt_tokens,
                    "completion_tokens": answer.usage.completion_tokens,
                    "first_s": None if first is None else round(first, 2),
                    "whole_s": round(time.perf_counter() - started, 2),
                    "text": answer.text,
                }
            )
            show(rows[-1])
    finally:
        pipeline.close()
    return rows


def ask_remote(args: argparse.Namespace, questions: list[str], generator: GeneratorSettings) -> list[dict[str, Any]]:
    """The same of a server that answers from notes of its own."""
    from langchain_core.messages import HumanMessage

    rows = []
    model = open_generator(Settings(data_dir=args.index, generator=generator)).model
    for question in questions:
        started, arrived, text, usage = time.perf_counter(), [], "", {"input_tokens": 0, "output_tokens": 0}
        for chunk in model.stream([HumanMessage(question)]):
            if chunk.text:
                arrived.append(time.perf_counter() - started)
                text += str(chunk.text)
            usage = chunk.usage_metadata or usage
        rows.append(
            {
                "question": question,
                "writes": "openai",
                "pieces": len(arrived),
                "prompt_tokens": usage["input_tokens"],
                "completion_tokens": usage["output_tokens"],
                "first_s": round(arrived[0], 2) if arrived else None,
                "whole_s": round(time.perf_counter() - started, 2),
                "text": text,
            }
        )
        show(rows[-1])
    return rows


def show(row: dict[str, Any]) -> None:
    """A line without the texts."""
    print(*(f"{key} {value}" for key, value in row.items() if key not in ("question", "text")), flush=True)


if __name__ == "__main__":
    main()
