"""`eval` and `compare`: how good the answers are, and whether a change helped."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from api.lines import line
from api.terminal import Terminal, wrap
from rag.settings import LoadedSettings


def evaluate(args: argparse.Namespace, loaded: LoadedSettings, terminal: Terminal) -> int:
    """Ask every question of a data set and write results.jsonl, report.json and report.html."""
    from eval.dataset import load
    from eval.runner import run
    from eval.stats import parse_gate

    gates = [parse_gate(text) for text in args.gate]
    with redirect_stdout(sys.stderr):
        dataset = load(args.dataset)
        out = args.out or Path("runs") / Path(dataset.name).stem
        summary = run(
            loaded.settings,
            dataset,
            out,
            limit=args.limit,
            sample=args.sample,
            seed=args.seed,
            leave_out_share=args.leave_out,
            retrieval_only=args.retrieval_only,
            resume=args.resume,
            style=args.style,
            gates=gates,
        )
    if args.json:
        terminal.json(summary.report)
        return 0
    terminal.write(line(terminal.language, "asked", n=summary.asked_now, seconds=summary.seconds), "bold")
    for row in wrap(summary.report["verdict"][terminal.language], terminal.columns):
        terminal.write(row)
    terminal.write()
    terminal.table(_row(name, entry) for name, entry in summary.report["metrics"].items() if entry["value"] is not None)
    terminal.write()
    terminal.write(line(terminal.language, "report_at", path=summary.out / "report.html"))
    return 0


def compare(args: argparse.Namespace, loaded: LoadedSettings, terminal: Terminal) -> int:
    """Two runs, question by question."""
    from eval.comparison import compare_runs

    comparison = compare_runs(args.run_a, args.run_b, seed=args.seed)
    if args.json:
        terminal.json(comparison.as_json())
    else:
        for row in comparison.text().splitlines():
            terminal.write(row)
    return 0


def _row(name: str, entry: Mapping[str, Any]) -> list[str]:
    from eval.metrics import named

    digits = 3 if named(name).unit == "share" else 0
    value, low, high = (f"{entry[key]:.{digits}f}" for key in ("value", "low", "high"))
    return [name, value, f"[{low}, {high}]", f"n {entry['n']}"]
