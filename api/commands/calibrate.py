"""`calibrate`: when to say "the notes don't say", learnt from the user's own questions."""

from __future__ import annotations

import argparse
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api.lines import line
from api.messages import in_language
from api.terminal import Terminal, wrap
from rag.settings import LoadedSettings

if TYPE_CHECKING:
    from eval.calibrating import Fitted


def calibrate(args: argparse.Namespace, loaded: LoadedSettings, terminal: Terminal) -> int:
    """Fit, say how well it separates, draw the curves, and keep it where the next question finds it."""
    from rag.grounding import calibration_file

    data_dir = loaded.settings.data_dir
    if args.reset:
        return _reset(calibration_file.reset(data_dir), args.json, terminal)
    if not args.dataset:
        args.refuse("the following arguments are required: DATASET")
    with redirect_stdout(sys.stderr):
        from eval import calibrating
        from eval.dataset import select
        from eval.loading import load
        from eval.progress import Bar
        from rag.wiring import LiveNotes

        dataset = select(load(args.dataset), sample=args.sample, seed=args.seed)
        retriever = LiveNotes(loaded.settings).retriever()
        bar = Bar(len(dataset.questions), (), True)
        try:
            asked = calibrating.look_up_all(
                retriever,
                dataset,
                share=args.leave_out,
                k=loaded.settings.retrieval.k,
                seed=args.seed,
                told=bar.step,
            )
        finally:
            bar.close()
        found = calibrating.calibrate(asked, false_refusals=args.false_refusals, seed=args.seed)
        kept = {one.language: one.calibration for one in found if one.calibration}
        made: dict[str, Any] = {
            "dataset": dataset.name,
            "questions": len(asked),
            "leave_out": args.leave_out,
            "false_refusals": args.false_refusals,
            "generation": retriever.index.generation,
            "languages": {one.language: one.as_json() for one in found},
        }
        picture = _draw(args.out or Path("runs") / "calibration", found, terminal)
        written = None if args.dry_run else calibration_file.save(data_dir, kept, made)
    if args.json:
        terminal.json({**made, "written": written is not None, "picture": str(picture)})
        return 0
    _show(found, args.false_refusals, terminal)
    terminal.write(line(terminal.language, "calibration_kept" if written else "calibration_dry"), "bold")
    terminal.write(line(terminal.language, "curve_at", path=picture))
    return 0


def _reset(there: bool, as_json: bool, terminal: Terminal) -> int:
    if as_json:
        terminal.json({"removed": there})
    else:
        terminal.write(line(terminal.language, "calibration_reset" if there else "calibration_none"))
    return 0


def _draw(out: Path, found: list[Fitted], terminal: Terminal) -> Path:
    from eval.calibration_page import page
    from eval.results import replace_text

    path = out / "calibration.html"
    replace_text(path, page(found, terminal.language))
    return path


def _show(found: list[Fitted], rate: float, terminal: Terminal) -> None:
    language = terminal.language
    for one in found:
        told = line(language, f"asked_in_{one.language}", answerable=one.answerable, unanswerable=one.unanswerable)
        terminal.write(told, "bold")
        if one.auroc is not None:
            terminal.write(line(language, "separates", auroc=one.auroc, low=one.low, high=one.high))
        if one.calibration:
            terminal.write(
                line(
                    language,
                    "threshold",
                    threshold=one.calibration.thresholds[one.language],
                    rate=rate,
                    refused=one.refused,
                    false=one.false_refusals,
                )
            )
        else:
            said = in_language(language, one.why)
            for row in wrap(line(language, "no_threshold", why=said), terminal.columns):
                terminal.write(row, "warn")
        terminal.write()
