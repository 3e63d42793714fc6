"""What the cross-check of an answer costs: seconds beside those of the answer itself.

    python -m benchmarks.cross_check MODEL [MODEL ...] --data-dir INDEX [--questions FILE] [--limit 8] [--keep]

For each question a prompt is made and an answer of 64 tokens written as `ask` does it; then one, two or four sentences
are taken out of the passages that were read, as if the answer had said them, and the model is asked about them through
the same engine. What it says is not looked at, so a model with random weights will do. A MODEL is a folder.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.kept import keep
from rag.generation.engine import Engine
from rag.generation.prompt import build_messages
from rag.generation.yes_no import probabilities, prompts
from rag.grounding.crosscheck import asked_about, together
from rag.grounding.support import Check
from rag.pipeline import Pipeline
from rag.settings import Settings, load
from rag.text import language, sentences
from rag.types import Claim, Passage, Question
from rag.wiring import open_generator, open_pipeline

if TYPE_CHECKING:
    from benchmarks.support_check import Case

ANSWER_TOKENS = 64
SENTENCES = (1, 2, 4)
THRESHOLDS = (0.1, 0.3, 0.5, 0.7, 0.9)
QUESTIONS = Path(__file__).resolve().parent.parent / "notes" / "questions.jsonl"


def measure(settings: Settings, asked: Sequence[str]) -> list[dict[str, Any]]:
    """A row for each number of sentences: medians over the questions."""
    pipeline = open_pipeline(settings)
    try:
        taken = [_one(pipeline, question) for question in asked]
    finally:
        pipeline.close()
    ready = f"{pipeline.readiness().generator} on {pipeline.readiness().generator_backend}"
    median = {key: statistics.median(row[key] for row in taken) for key in taken[0]}
    return [
        {
            "model": ready,
            "sentences": n,
            "questions": len(taken),
            "prompt_tokens": round(median["prompt_tokens"]),
            "first_token_ms": round(median["first_token_ms"]),
            "answer_ms": round(median["answer_ms"]),
            "check_tokens": round(median[f"tokens {n}"]),
            "check_ms": round(median[f"check {n}"]),
            "ms_a_sentence": round(median[f"check {n}"] / n),
        }
        for n in SENTENCES
    ]


def _one(pipeline: Pipeline, question: str) -> dict[str, float]:
    engine, writer = pipeline.engine, pipeline._writer
    assert engine is not None and writer is not None
    found = pipeline.search(question).passages
    budget = pipeline.settings.generator.max_prompt_tokens
    prompt = build_messages(Question(question), found, count_tokens=writer.count_tokens, max_prompt_tokens=budget)
    row: dict[str, float] = {}
    started = time.perf_counter()
    answer = engine.submit(prompt.messages, max_new_tokens=ANSWER_TOKENS, temperature=0.0)
    for _ in answer:
        row.setdefault("first_token_ms", _since(started))
    row["answer_ms"] = _since(started)
    row.setdefault("first_token_ms", row["answer_ms"])
    row["prompt_tokens"] = answer.usage.prompt_tokens
    said = _sentences(prompt.passages)
    for n in SENTENCES:
        # Not the same again, which would be known already.
        claims, said = said[:n], said[n:]
        started = time.perf_counter()
        probabilities(claims, partial(engine.submit, after=answer), question=question)
        row[f"check {n}"] = _since(started)
        row[f"tokens {n}"] = sum(
            writer.count_tokens(str(m.text)) for messages in prompts(claims, question) for m in messages
        )
    return row


def _sentences(passages: Sequence[Passage]) -> list[Claim]:
    """Sentences of 30 to 150 characters, from one passage after another."""
    rows = []
    for passage in passages:
        spans = [span for span in sentences(passage.text) if 30 <= span.end - span.start <= 150]
        rows.append(
            [
                Claim(passage.text[span.start : span.end], (passage.text[max(0, span.start - 100) : span.end + 100],))
                for span in spans
            ]
        )
    turns = range(max(map(len, rows), default=0))
    found = [row[turn] for turn in turns for row in rows if turn < len(row)]
    if len(found) < sum(SENTENCES):
        raise SystemExit(f"The passages hold {len(found)} sentences of 30 to 150 characters; take other questions.")
    return found


def told_of(
    model: str, found: Sequence[tuple[Case, Check]], report: Callable[[Sequence[tuple[Case, Check]]], None]
) -> None:
    """Print the figures of labelled sentences once `model` was weighed with the words, by threshold.

    `report` prints a line of figures. A folder, or an id of the hub, which is fetched.
    """
    asked = [(case, check) for case, check in found if asked_about(check.odds) and check.support != "unsupported"]
    said = dict(zip((case.id for case, _ in asked), heard(model, asked), strict=True))
    for threshold in THRESHOLDS:
        print(f"  both together at least {threshold}: ", end="")
        report([(case, _weighed(check, said.get(case.id), threshold)) for case, check in found])


def heard(model: str, asked: Sequence[tuple[Case, Check]]) -> list[float | None]:
    """The model's probability of yes for each sentence and the words that the check took for its support."""
    where = "generator.path" if Path(model).is_dir() else "generator.id"
    settings = load({where: model, "cross_check": True, "models": "hub"}, environ={}).settings
    opened = open_generator(settings)
    engine = Engine(opened.model, queue_size=1, deadline_s=settings.generator.deadline_s)
    started = time.perf_counter()
    said: list[float | None] = []
    try:
        for case, check in asked:
            over = f"({' '.join(case.context.split())}) " if case.context else ""
            claim = Claim(case.sentence, (over + case.passage[check.start : check.end],))
            said += probabilities([claim], engine.submit, question=case.sentence)
    finally:
        engine.close()
    seconds = time.perf_counter() - started
    print(f"{opened.name} on {opened.backend}: {len(said)} asked, {1000 * seconds / max(1, len(said)):.0f} ms each")
    return said


def _weighed(check: Check, yes: float | None, threshold: float) -> Check:
    if yes is None:
        return check
    holds = together(check.odds, yes) >= threshold
    return (
        check if holds == (check.support == "supported") else replace(check, support="supported" if holds else "partly")
    )


def _since(started: float) -> float:
    return 1000 * (time.perf_counter() - started)


def main() -> None:
    """Measure every model, one after another, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", type=Path, help="folders of generators, safetensors or OpenVINO IR")
    parser.add_argument("--data-dir", type=Path, required=True, help="an index")
    parser.add_argument("--questions", type=Path, default=QUESTIONS, help="JSON lines with `question`")
    parser.add_argument("--limit", type=int, default=8)
    parser.add_argument("--keep", action="store_true", help="keep the rows below benchmarks/results/")
    arguments = parser.parse_args()
    lines = arguments.questions.read_text(encoding="utf-8").splitlines()
    asked = [json.loads(line)["question"] for line in lines if line.strip()]
    asked = [question for question in asked if language(question) == "ko"][: arguments.limit]
    rows = []
    for model in arguments.models:
        flags = {"generator.path": str(model), "data_dir": str(arguments.data_dir), "generator.deadline_s": 600}
        rows += measure(load(flags, environ={}).settings, asked)
        sys.stderr.write(f"{model.name} done\n")
    columns = list(rows[0])
    print(" | ".join(columns))
    for row in rows:
        print(" | ".join(str(row[column]) for column in columns))
    if arguments.keep:
        keep("cross_check", rows, ["model", "sentences"])


if __name__ == "__main__":
    main()
