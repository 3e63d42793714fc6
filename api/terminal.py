"""How things look on a terminal: widths of Korean, colours, tables, answers' citations.

Standard output is for what was asked for, standard error for everything else. Two conventions are
read from the environment that are the terminal's and not ours: NO_COLOR and the locale.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

from api.lines import line
from api.messages import Language, code_of, in_language, told
from rag.errors import AskNotesError

_STYLES = {"bold": "1", "dim": "2", "marker": "36", "warn": "33", "error": "31", "good": "32"}
# Notes and models may write anything; an escape sequence must not reach the terminal.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_MARKER = re.compile(r"\[\d+\]")
# Markdown's signs, as the page drops them from quotes (api/static/prose.js).
_SIGNS = (
    (re.compile(r"^\s*(?:```|~~~).*$", re.MULTILINE), ""),
    (re.compile(r"^\s*(?:#{1,6}|>|[-*+])\s+", re.MULTILINE), ""),
    (re.compile(r"^\s*\|?[-:| ]{3,}\|?\s*$", re.MULTILINE), ""),
    (re.compile(r"\*\*|`"), ""),
    (re.compile(r"^\s*\||\|\s*$", re.MULTILINE), ""),
    (re.compile(r"\s*\|\s*"), " · "),
)


def clean(text: str) -> str:
    """`text` without control characters other than tab and line end."""
    return _CONTROL.sub("", text)


def bare(text: str) -> str:
    """`text` in one line without Markdown's signs, for quotes and excerpts."""
    for pattern, instead in _SIGNS:
        text = pattern.sub(instead, text)
    return " ".join(text.split())


def width(text: str) -> int:
    """Columns that `text` takes: 2 for Hangul and other wide characters, 0 for combining ones."""
    return sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Cf", "Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def cut(text: str, columns: int) -> str:
    """`text` in one line of at most so many columns, with an ellipsis where it was cut."""
    flat = " ".join(text.split())
    if width(flat) <= columns:
        return flat
    taken = ""
    used = 1
    for character in flat:
        used += _columns(character)
        if used > columns:
            break
        taken += character
    return taken.rstrip() + "…"


def wrap(text: str, columns: int, indent: str = "") -> list[str]:
    """`text` as lines of at most so many columns, broken between words, inside them where it must be."""
    lines, current = [], ""
    for word in text.split():
        while word:
            joined = f"{current} {word}" if current else word
            if width(indent + joined) <= columns:
                current, word = joined, ""
            elif current:
                lines.append(indent + current)
                current = ""
            else:
                fits = _fitting(word, max(2, columns - width(indent)))
                lines.append(indent + word[:fits])
                word = word[fits:]
    return [*lines, indent + current] if current else lines


def _fitting(word: str, columns: int) -> int:
    used = 0
    for i, character in enumerate(word):
        used += _columns(character)
        if used > columns:
            return max(1, i)
    return len(word)


def pad(text: str, columns: int) -> str:
    """`text` filled with spaces up to so many columns."""
    return text + " " * max(0, columns - width(text))


def locale_language() -> Language:
    """Korean where the terminal's locale is Korean, else English."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.getenv(name):
            return "ko" if value.lower().startswith("ko") else "en"
    return "en"


class Terminal:
    """Where a command writes to, in which language, with or without colours."""

    def __init__(self, language: Language, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self.language: Language = language
        self.out = out or sys.stdout
        self.err = err or sys.stderr
        self.columns = min(100, max(20, shutil.get_terminal_size((80, 24)).columns))

    def say(self, key: str, style: str = "", **values: object) -> None:
        """A line of ours on standard error."""
        self.note(line(self.language, key, **values), style)

    def note(self, text: str, style: str = "") -> None:
        """A line on standard error."""
        self.err.write(self._styled(self.err, clean(text), style) + "\n")
        self.err.flush()

    def write(self, text: str = "", style: str = "") -> None:
        """A line on standard output."""
        self.out.write(self.style(text, style) + "\n")

    def write_raw(self, text: str) -> None:
        """A line on standard output whose parts went through `style`."""
        self.out.write(text + "\n")

    def fell_back(self, why: str) -> None:
        """What is not the first choice, on standard error."""
        self.say("fallback", "warn", why=in_language(self.language, why))

    def complain(self, error: AskNotesError) -> None:
        """An error in one line on standard error."""
        self.say("error", "error", what=told(self.language, code_of(type(error)), str(error)))

    def piece(self, text: str) -> None:
        """A piece of an answer, at once; markers stand out."""
        text = clean(text)
        self.out.write(_MARKER.sub(lambda match: self.style(match[0], "marker"), text))
        self.out.flush()

    def style(self, text: str, style: str) -> str:
        """`text` without control characters, coloured if standard output is a terminal that wants it."""
        return self._styled(self.out, clean(text), style)

    def json(self, document: Any) -> None:
        """The one JSON document of --json."""
        ascii_only = (self.out.encoding or "utf-8").lower().replace("-", "") != "utf8"
        self.out.write(json.dumps(document, ensure_ascii=ascii_only, indent=2) + "\n")

    def table(self, rows: Iterable[Sequence[str]], indent: str = "") -> None:
        """Columns, aligned whatever their script."""
        cells = [[clean(cell) for cell in row] for row in rows]
        widths = [max(width(cell) for cell in column) for column in zip(*cells, strict=True)]
        for row in cells:
            padded = [pad(cell, columns) for cell, columns in zip(row, widths, strict=True)]
            self.write(indent + "  ".join(padded).rstrip())

    @contextmanager
    def passing(self, key: str) -> Iterator[None]:
        """A line on standard error that is there only as long as something takes; terminals only."""
        if not self.err.isatty():
            yield
            return
        self.err.write(self._styled(self.err, line(self.language, key), "dim"))
        self.err.flush()
        try:
            yield
        finally:
            self.err.write("\r\x1b[K")
            self.err.flush()

    def _styled(self, stream: TextIO, text: str, style: str) -> str:
        if not style or not text or not stream.isatty() or os.getenv("NO_COLOR") or os.getenv("TERM") == "dumb":
            return text
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m"
