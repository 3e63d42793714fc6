"""How fast local generators read prompts and write answers, side by side with the way a tutorial does it.

    make bench-generate MODEL=folder IR=folder DATA=folder-of-notes
    python -m benchmarks.generate MODEL --ir FOLDER [--ir FOLDER ...] [--data FOLDER] [--rounds 3]

Each way lives in a process of its own (peak memory is the process's), all are loaded at once and measured in
turn, so that ratios hold while the machine's speed drifts. Prompts are pieces of the notes; no two begin alike,
save where that is what is measured. Seconds are the clock's; `cores_lost` says how much of the machine others
had meanwhile. Results are written below benchmarks/results/.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from eval.environment import machine, versions

RESULTS = Path(__file__).parent / "results"
PROMPTS = (512, 1024, 2048)
BATCHES = (1, 4, 8)
DECODED = 24
RAG_TOKENS = 1000
ANSWER_TOKENS = 48
ASKERS = 8
BUDGETED = (1000, 2000, 4000)
BUDGET_S = 1.5
EVALUATED = 8
EVAL_TOKENS = 16
TUTORIAL = "transformers pipeline, bfloat16"


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


def work(pipe: Connection, way: str, folder: Path, data: Path) -> None:
    """A process's life: load, then measure what is asked for."""
    made: Any = Tutorial(folder, data) if way == TUTORIAL else Ours(folder, data)
    pipe.send({"load_s": made.load_s})
    while (task := pipe.recv()) is not None:
        name, arguments = task
        clock, cpu = time.perf_counter(), time.process_time()
        measured = getattr(made, name)(*arguments)
        seconds, used = time.perf_counter() - clock, time.process_time() - cpu
        measured["cores_lost"] = max(0.0, (os.cpu_count() or 1) - used / seconds)
        pipe.send((measured, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9))


def tasks(rounds: int) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """What is measured: its name in the results, the method, the arguments."""
    for number in range(rounds):
        yield f"first token of {RAG_TOKENS}", "first_token", ()
        for batch in BATCHES:
            yield f"decode {batch}", "decode", (batch,)
        for tokens in PROMPTS:
            yield f"prefill {tokens}", "prefill", (tokens,)
        if number % 2 == 0:
            yield f"{ASKERS} askers", "askers", ()
            yield "evaluation", "evaluation", ()
        if number == 0:
            for tokens in BUDGETED:
                yield f"budget {tokens}", "budget", (tokens,)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="folder with safetensors")
    parser.add_argument("--ir", type=Path, action="append", default=[], help="folder with OpenVINO IR of it")
    parser.add_argument("--data", type=Path, default=Path("notes"), help="folder of notes")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", help="measure only what begins with this, and keep the rest of the last results")
    args = parser.parse_args()

    ways = {TUTORIAL: args.model, "ours, torch": args.model}
    ways |= {f"ours, openvino {folder.name}": folder for folder in args.ir}
    context = multiprocessing.get_context("spawn")
    workers: dict[str, tuple[Any, Connection]] = {}
    found: dict[str, dict[str, Any]] = {}
    for way, folder in ways.items():
        here, there = context.Pipe()
        process = context.Process(target=work, args=(there, way, folder, args.data), daemon=True)
        process.start()
        workers[way] = (process, here)
        found[way] = {"measured": {}, **here.recv()}
        for name, arguments in (("prefill", (256,)), ("decode", (2,))):  # warms up
            here.send((name, arguments))
            here.recv()
    for name, method, arguments in tasks(args.rounds):
        if args.only and not name.startswith(args.only):
            continue
        for way, (_, here) in workers.items():
            if (way == TUTORIAL and not hasattr(Tutorial, method)) or (method == "budget" and "openvino" not in way):
                continue
            here.send((method, arguments))
            measured, found[way]["peak_gb"] = here.recv()
            for key, value in measured.items():
                found[way]["measured"].setdefault(name, {}).setdefault(key, []).append(round(value, 4))
        _show(name, found)
        write(args, found)
    for way, (process, here) in workers.items():
        here.send(None)
        process.join()
        print(f"{way}: loaded in {found[way]['load_s']:.1f} s, peak {found[way]['peak_gb']:.2f} GB")


def _show(name: str, found: dict[str, dict[str, Any]]) -> None:
    print(name)
    for way, results in found.items():
        measured = results["measured"].get(name, {})
        for key, values in measured.items():
            if key == "cores_lost":
                continue
            base = found.get(TUTORIAL, {"measured": {}})["measured"].get(name, {}).get(key)
            ratio = ""
            if base and way != TUTORIAL:
                pairs = [v / b for b, v in zip(base, values, strict=False)]
                ratio = f"  x {statistics.median(pairs):.2f}"
            lost = statistics.median(measured["cores_lost"])
            print(f"  {way:45} {key:32} {statistics.median(values):9.2f}{ratio}  (cores lost {lost:.1f})", flush=True)


def write(args: argparse.Namespace, found: dict[str, Any]) -> None:
    """Results with the machine and the versions they hold for."""
    record = {
        "model": args.model.name,
        "machine": machine(),
        "versions": versions(),
        "rounds": args.rounds,
        "ways": found,
    }
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"generate-{args.model.name.lower()}.json"
    if args.only and file.is_file():
        before = json.loads(file.read_text(encoding="utf-8"))["ways"]
        for way, results in found.items():
            results["measured"] = before.get(way, {}).get("measured", {}) | results["measured"]
    file.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
