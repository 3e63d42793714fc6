"""`eval` and `compare`: how good the answers are, and whether a change helped."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api.commands.models import writing_model
from api.lines import line
from api.messages import in_language
from api.terminal import Terminal, wrap
from rag.settings import LoadedSettings, Settings

if TYPE_CHECKING:
    from eval.judge import Agreement, Judge
    from eval.runner import Summary


def evaluate(args: argparse.Namespace, loaded: LoadedSettings, terminal: Terminal) -> int:
    """Ask every question of a data set and write results.jsonl, report.json and report.html."""
    from eval.loading import load
    from eval.runner import run
    from eval.stats import check_gates, parse_gate

    if not args.dataset and not args.judge_agreement:
        args.refuse("the following arguments are required: DATASET")
    gates = [parse_gate(text) for text in args.gate]
    with redirect_stdout(sys.stderr):
        dataset = load(args.dataset) if args.dataset else None
        judge = _judge(loaded.settings, args, terminal)
    if dataset is None:
        assert judge is not None
        _show_agreement(judge, args.json, terminal)
        return 0
    with redirect_stdout(sys.stderr):
        summary = run(
            loaded.settings,
            dataset,
            args.out or Path("runs") / Path(dataset.name).stem,
            limit=args.limit,
            sample=args.sample,
            seed=args.seed,
            leave_out_share=args.leave_out,
            retrieval_only=args.retrieval_only,
            resume=args.resume,
            style=args.style,
            judge=judge,
        )
    for why in summary.report["fallbacks"]:
        terminal.fell_back(why)
    if args.json:
        terminal.json(summary.report)
    else:
        _show(summary, judge, terminal)
    # Checked last: whoever misses a gate wants to see by how much.
    check_gates(gates, summary.report["metrics"])
    return 0


def compare(args: argparse.Namespace, loaded: LoadedSettings, terminal: Terminal) -> int:
    """Two runs, question by question."""
    from eval.comparison import compare_runs

    comparison = compare_runs(args.run_a, args.run_b, seed=args.seed)
    if args.json:
        terminal.json(comparison.as_json())
    else:
        for row in comparison.text(terminal.language).splitlines():
            terminal.write(row)
        for note in comparison.notes:
            terminal.write(in_language(terminal.language, note), "dim")
    return 0


def _judge(settings: Settings, args: argparse.Namespace, terminal: Terminal) -> Judge | None:
    """The judge that was asked for, its agreement with people measured if that was asked for too."""
    if not args.judge and not args.judge_agreement:
        return None
    from eval.judge import Judge, agreement

    found = writing_model(settings, "--judge" if args.judge else "--judge-agreement")
    judge = Judge(found.model, found.name)
    if args.judge_agreement:
        with terminal.passing("judging"):
            agreement(judge, args.judge_agreement, seed=args.seed)
    return judge


def _show(summary: Summary, judge: Judge | None, terminal: Terminal) -> None:
    language, report = terminal.language, summary.report
    terminal.write(line(language, "asked", n=summary.asked_now, seconds=summary.seconds), "bold")
    for row in wrap(report["verdict"][language], terminal.columns):
        terminal.write(row)
    terminal.write()
    terminal.table(_rows(report["metrics"], terminal))
    terminal.write()
    if judge is not None and judge.agreement:
        _show_agreement(judge, False, terminal)
        terminal.write()
    terminal.write(line(language, "report_at", path=summary.out / "report.html"))


def _rows(metrics: Mapping[str, Mapping[str, Any]], terminal: Terminal) -> Iterator[Sequence[str]]:
    from eval.metrics import named

    for name, entry in metrics.items():
        metric = named(name)
        # A generator that counts no tokens has none to tell of.
        if entry["value"] is None or (metric.unit == "tokens" and not entry["value"]):
            continue
        digits = 3 if metric.unit == "share" else 0
        value, low, high = (f"{entry[key]:,.{digits}f}" for key in ("value", "low", "high"))
        meaning = metric.korean if terminal.language == "ko" else metric.english
        yield [name, value, f"[{low}, {high}]", f"n {entry['n']}", meaning]


def _show_agreement(judge: Judge, as_json: bool, terminal: Terminal) -> None:
    if as_json:
        terminal.json(judge.as_json())
        return
    language = terminal.language
    terminal.write(line(language, "agreement", judge=judge.name, n=judge.agreement[0].n), "bold")
    if judge.agreement[0].unread:
        terminal.write(line(language, "agreement_unread", n=judge.agreement[0].unread), "warn")
    rows = [["", line(language, "agreement_same"), line(language, "agreement_kappa"), ""]]
    terminal.table([*rows, *(_agreed(row, terminal) for row in judge.agreement)])


def _agreed(row: Agreement, terminal: Terminal) -> list[str]:
    same = "-" if row.same is None else f"{row.same:.0%}"
    kappa = "-" if row.kappa is None else f"{row.kappa:.2f}"
    interval = "" if row.low is None or row.high is None else f"[{row.low:.2f}, {row.high:.2f}]"
    return [line(terminal.language, row.dimension), same, kappa, interval]
