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
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks.writers import ASKERS, RAG_TOKENS, Ours, Tutorial
from eval.environment import machine, versions

RESULTS = Path(__file__).parent / "results"
PROMPTS = (512, 1024, 2048)
BATCHES = (1, 4, 8)
BUDGETED = (1000, 2000, 4000)
TUTORIAL = "transformers pipeline, bfloat16"


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
