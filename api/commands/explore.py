"""`map` and `make-questions`: what is in the notes, to look at and to ask about."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import redirect_stdout
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from api.commands.models import writing_model
from api.lines import line
from api.terminal import Terminal, cut
from rag.settings import LoadedSettings

if TYPE_CHECKING:
    from rag.retrieval.retriever import NotesRetriever
    from rag.settings import Settings

_SHOWN = 3  # drafts shown at once; the file has them all


def draw_map(args: argparse.Namespace, loaded: LoadedSettings, terminal: Terminal) -> int:
    """The notes' chunks on a sphere, as one HTML file."""
    out = args.out or Path("map.html")
    with terminal.passing("drawing"), redirect_stdout(sys.stderr):
        from eval.embedding_map import write_map

        retriever = _notes(loaded.settings, terminal)
        written = write_map(retriever, out, question=args.question, colour=args.colour, nearest=args.nearest)
    if args.json:
        terminal.json({"path": str(out), **asdict(written)})
        return 0
    terminal.write(line(terminal.language, "map_written", path=out), "bold")
    counted = "map_sampled" if written.points < written.of else "map_counts"
    terminal.write(line(terminal.language, counted, points=written.points, of=written.of))
    terminal.write(line(terminal.language, "map_explained", share=written.explained))
    return 0


def make_questions(args: argparse.Namespace, loaded: LoadedSettings, terminal: Terminal) -> int:
    """Drafts of questions with their evidence, below those that stand in the file already."""
    out = args.out or Path("drafts.jsonl")
    with terminal.passing("drafting"), redirect_stdout(sys.stderr):
        from eval.questions import make

        model = writing_model(loaded.settings, "--with-model").model if args.with_model else None
        index = _notes(loaded.settings, terminal).index
        documents = (index.document(summary.doc_id) for summary in index.documents())
        made = make(documents, out, per_document=args.per_document, model=model)
    if args.json:
        terminal.json({"path": str(out), "added": made.added, "kept": made.kept})
        return 0
    if not made.added:
        terminal.write(line(terminal.language, "drafts_none"))
    else:
        terminal.write(line(terminal.language, "drafted", added=made.added, kept=made.kept, path=out), "bold")
        for row in out.read_text(encoding="utf-8").splitlines()[made.kept :][:_SHOWN]:
            draft = json.loads(row)
            terminal.write(f"    {cut(draft['question'], terminal.columns - 4)}")
            terminal.write(f"      {draft['evidence'][0]['source']}", "dim")
    terminal.write(line(terminal.language, "drafts_next", path=out), "dim")
    return 0


def _notes(settings: Settings, terminal: Terminal) -> NotesRetriever:
    from rag.wiring import LiveNotes

    live = LiveNotes(settings)
    for why in live.fallbacks():
        terminal.fell_back(why)
    return live.retriever()
