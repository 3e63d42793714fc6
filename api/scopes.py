"""The scope of a question, as flags of the terminal: which notes may answer."""

from __future__ import annotations

import argparse

from rag.types import Scope

_LANGUAGES, _ORIGINS = ("ko", "en"), ("notes", "klue")


def add_scope(parser: argparse.ArgumentParser) -> None:
    """Give a command its scope flags; each may be repeated, then either fits."""
    group = parser.add_argument_group("only in a part of the notes")

    def add(flag: str, text: str, **options: object) -> None:
        group.add_argument(flag, action="append", default=[], help=text, **options)  # type: ignore[arg-type]

    add("--folder", "a folder, relative to what was ingested: week1", metavar="FOLDER")
    add("--file", "a file: week1/02-LSTM.md", metavar="FILE")
    add("--heading", "words of a heading", metavar="WORDS")
    add("--source", "notes or a data set", choices=_ORIGINS)
    add("--note-language", "language of the notes", choices=_LANGUAGES)


def scope_of(args: argparse.Namespace) -> Scope:
    """The scope that the flags give; an empty one admits everything."""
    folders = tuple(folder.rstrip("/") + "/" for folder in args.folder)
    return Scope((*folders, *args.file), tuple(args.heading), tuple(args.source), tuple(args.note_language))
