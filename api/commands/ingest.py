"""`ingest`: notes go in."""

from __future__ import annotations

import argparse
import sys
from contextlib import redirect_stdout
from dataclasses import asdict
from typing import TYPE_CHECKING

from api.lines import STAGES_KO, line
from api.messages import in_language
from api.terminal import Terminal, wrap
from rag.settings import LoadedSettings

if TYPE_CHECKING:
    from ingest.build import IngestReport
    from rag.retrieval.manifest import Audit

_INDENT = "    "


def ingest(args: argparse.Namespace, loaded: LoadedSettings, terminal: Terminal) -> int:
    """Bring the index up to date with the roots that are named, or with all known ones."""
    from ingest.build import build
    from ingest.progress import Bars
    from ingest.request import IngestRequest

    request = IngestRequest(args.paths, args.klue_mrc, args.forget, args.dry_run, args.re_embed)
    with redirect_stdout(sys.stderr):
        report = build(loaded.settings, request, Bars(STAGES_KO if terminal.language == "ko" else None))
    for why in report.fallbacks:
        terminal.fell_back(why)
    if args.json:
        terminal.json({**asdict(report), "audit": report.audit.model_dump()})
    else:
        _show(report, terminal, dry_run=args.dry_run)
    return 0


def show_audit(audit: Audit, terminal: Terminal) -> None:
    """How well the encoder reads the notes, what it reads worst, and what to do about it."""
    terminal.write(
        line(
            terminal.language,
            "audit",
            read=audit.read_share,
            unk=audit.unk_share,
            per=audit.tokens_per_character,
            cut=audit.truncated_tokens,
        )
    )
    for worst in audit.worst:
        terminal.write(_INDENT + in_language(terminal.language, worst), "dim")
    for row in wrap(in_language(terminal.language, audit.advice), terminal.columns):
        terminal.write(row, "warn")


def _show(report: IngestReport, terminal: Terminal, *, dry_run: bool) -> None:
    language = terminal.language
    changed = report.documents.added + report.documents.changed + report.documents.removed
    if dry_run:
        terminal.write(line(language, "dry"), "bold")
    else:
        key = "kept" if changed or report.embedded else "same"
        terminal.write(line(language, key, generation=report.generation, seconds=report.seconds), "bold")
    terminal.write(line(language, "ingested", **asdict(report.documents)))
    terminal.write(line(language, "chunks", chunks=report.chunks, embedded=report.embedded, reused=report.reused))
    show_audit(report.audit, terminal)
    if report.failures:
        terminal.write(line(language, "not_ingested"), "warn")
    for failure in report.failures:
        terminal.write(f"{_INDENT}{failure.source}: {in_language(language, failure.error)}")
    if report.generation and sys.stdout.isatty() and not dry_run:
        terminal.say("ask_now", "dim")
