"""What of a passage may answer: its sentences, list items, table rows and lines of code, each with what stands over it.

Takes a passage, returns Candidates whose offsets count characters of its text. What only lays a page out (fences,
rules, table heads, tags, pictures, labels) is none. Knows no question.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from rag.text import Span, sentences
from rag.types import HEADING_SEPARATOR, Passage

Form = Literal["prose", "row", "code", "heading"]

_FENCE = re.compile(r"^[ \t]*(```|~~~).*$", re.MULTILINE)
_LEAD = re.compile(r"(?:[ \t]*(?:[-*+]|\d{1,3}[.)]|>)[ \t]+)+(?:\[[ xX]\][ \t]+)?")
_ITEM = re.compile(r"[ \t]*(?:[-*+]|\d{1,3}[.)])[ \t]")
_HEADING = re.compile(r"#{1,6}\s|\d+(?:\.\d+)+\.?\s+\S{1,30}$")
_HEADING_LINE = re.compile(r"^[ \t]*#{1,6}[ \t]+\S[^\n]*", re.MULTILINE)
_RULE = re.compile(r"\|?[\s|:\-]*-[\s|:\-]*$")
# Only what is HTML for sure: `<pad>` and List<String> are what a note speaks of. Code in backticks stays as it is.
_SHOWN_NOT = re.compile(
    r"(?P<code>`[^`\n]*`)|<!--.*?-->|</?[A-Za-z][\w.-]*\s[^<>]*=[^<>]*>|!\[[^\]]*\]\([^)]*\)|\[\[[^\]]*\]\]"
    r"|</?(?:div|p|span|img|a|b|i|u|em|strong|br|hr|code|center|figure|table|tr|td|th|ul|ol|li|sub|sup|small|Tip)\s*/?>",
    re.DOTALL,
)
_ROLE = re.compile(r":[A-Za-z_]+:`([^`]*)`")
_MARKUP = re.compile(r"/>|</|\w=[\"{]|[{,]\s*\w+:\s*(?:\"|true\b|false\b)")
_LINK = re.compile(r"(?<!!)\[([^\]\n]+)\]\((?:https?:|/|#|\.)[^)\s]*\)")
# Braces, equals signs and quoted keys outside formulas: markup of a program, whatever stands around it.
_CODE_SIGN = re.compile(r"[{}=;<>]|\b\w+:\s*[\"'\[{]|\w\(\)")
_FORMULA = re.compile(r"\$\$.+?\$\$|\$[^$\n]+\$|`[^`\n]+`", re.DOTALL)
_WORDS = re.compile(r"\w\W*\w")
_STRING = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|#[^\n]*")
_STATEMENT_LINES = 8
# How deep a heading without marks counts: under all that have them.
_UNMARKED = 7
_CODE_LINE = re.compile(
    r"\s*(?:[\w.\[\]\"', ]+ [-+*/]?= \S|(?:def|class|for|if|elif|else|with|try|except)\b.*:\s*$|from \S+ import\b"
    r"|import \w[\w. ]*$|(?:return|assert)\b|#@|@\w|[\w.]+\(.*\)?,?$|[)\]}]|\"\"\")"
)
# Tags, pictures, anchors, call-out heads, roles such as :label:`x`, addresses: they show or name, and say nothing.
_LAYOUT = re.compile(
    r"</?[A-Za-z!][^>]*(?:>|$)|!\[[^\]]*\]\([^)]*\)|\[\[[^\]]*\]\]|\[![A-Za-z]+\]|:[A-Za-z_]+:`[^`]*`|\bhttps?://\S+"
    r"|^#@\w+.*$|^%\w+.*$",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A piece that may answer: `passages[place].text[start:end]`, list marks and outer bars left out.

    `heading` is the heading it stands under with the path above, `section` the innermost alone; `columns` is the
    head of its table. `order` counts the sentences before it in its section. `run` numbers the list or table it is
    an item of, 0 for none (also for an item's second sentence); `numbered` says whether its items are, and `intro` is
    the line that announces that list.
    """

    place: int
    start: int
    end: int
    text: str
    form: Form = "prose"
    heading: str = ""
    columns: str = ""
    score: float = 0.0
    section: str = ""
    order: int = 0
    run: int = 0
    intro: str = ""
    numbered: bool = False


class _Reader:
    """Goes through one passage, top to bottom."""

    def __init__(self, place: int, passage: Passage) -> None:
        self.place, self.text = place, passage.text
        over, _, own = passage.chunk.heading.rpartition(HEADING_SEPARATOR)
        # A passage may open ahead of the heading that its chunk stands under: what is there does not stand under it.
        starts_before = any(line[0].strip("# \t") == own for line in _HEADING_LINE.finditer(self.text))
        self.above = self.heading = over if starts_before else passage.chunk.heading
        self.section = "" if starts_before else own
        self.found: list[Candidate] = []
        self.inner: list[tuple[int, str]] = []  # depths and headings inside the passage that are open
        self.columns = self.intro = ""
        self.runs = self.run = self.order = 0
        self.indent, self.numbered = 0, False
        self.last = 0  # where the piece before ended

    def code(self, start: int, end: int) -> None:
        self._add(start, end, "code")
        self.run, self.columns = 0, ""

    def row(self, start: int, end: int) -> None:
        piece = self.text[start:end]
        inner = piece.strip("| \t")
        begin = self.text.index(inner, start) if inner else start
        if _RULE.match(piece):
            # The row above the rule is the table's head: what the columns are, not what they say.
            head = self.found.pop() if self.found and self.found[-1].form == "row" else None
            self.columns = head.text if head else ""
            self.runs += 1
            self.run = self.runs
        else:
            self._add(begin, begin + len(inner), "row")

    def sentence(self, start: int, end: int) -> None:
        piece = self.text[start:end]
        lead = _LEAD.match(piece)
        line = self.text.rfind("\n", 0, start) + 1
        body = start + lead.end() if lead else start
        if self.columns:  # the table is over, and what follows is no row of it
            self.columns, self.run = "", 0
        if _HEADING.match(piece):
            self.section = piece.strip("# \t")
            level = len(piece) - len(piece.lstrip("#")) or _UNMARKED
            self.inner = [(depth, title) for depth, title in self.inner if depth < level] + [(level, piece)]
            self.heading = " ".join([self.above, *(title for _, title in self.inner)])
            self.run, self.order, self.intro = 0, 0, ""
            begin = self.text.index(self.section, start) if self.section else start
            self._add(begin, begin + len(self.section), "heading")
            self.order = 0
            return
        if lead and _ITEM.match(piece) and not self.text[line:start].strip():
            indent = start - line + len(piece) - len(piece.lstrip())
            numbered = piece.lstrip()[0].isdigit()
            if not self.run or indent < self.indent or (indent == self.indent and numbered != self.numbered):
                self.runs += 1
                self.run, self.indent, self.numbered = self.runs, indent, numbered
            run, self.run = (self.run if indent == self.indent else 0), self.run
            self._add(body, end, "prose", run)
        else:
            if "\n" in self.text[self.last : start]:
                self.run, self.intro = 0, ""
            self._add(body, end, "prose", 0)
            if not self.run:
                self.intro = piece if piece.endswith((":", "：", "다.", "요.", ".")) else ""
        self.last = end

    def _add(self, start: int, end: int, form: Form, run: int | None = None) -> None:
        text = self.text[start:end]
        if not _WORDS.search(_LAYOUT.sub("", text) if form == "prose" else text):
            return
        bare = _LINK.sub(r"\1", _FORMULA.sub("", text))
        if form == "prose" and len(_CODE_SIGN.findall(bare)) > max(2, len(bare) / 40):
            if _MARKUP.search(bare):  # torn out of a tag: nothing that anybody reads
                return
            form = "code"
        self.found.append(
            Candidate(
                self.place,
                start,
                end,
                text,
                form,
                self.heading,
                self.columns,
                section=self.section,
                order=self.order,
                run=(self.run if form == "row" and self.columns else 0) if run is None else run,
                intro=self.intro,
                numbered=bool(run) and self.numbered,
            )
        )
        self.order += 1


def read_candidates(place: int, passage: Passage) -> list[Candidate]:
    """Sentences, list items, table rows, lines of code and headings of a passage, in order."""
    text = passage.text
    reader = _Reader(place, passage)
    fences = list(_FENCE.finditer(text))
    edges = [0, *(edge for fence in fences for edge in fence.span()), len(text)]
    inside = _starts_in_code(fences, [text[begin:stop] for begin, stop in pairwise(edges)])
    for number in range(0, len(edges), 2):
        begin, stop = edges[number], edges[number + 1]
        if (number // 2 % 2 == 1) != inside:
            for span in statements(text[begin:stop]):
                reader.code(begin + span.start, begin + span.end)
            continue
        # "## 2. Kinds of index" is one line, whatever a full stop in it looks like.
        cuts = [begin, *(edge for line in _HEADING_LINE.finditer(text, begin, stop) for edge in line.span()), stop]
        for place, (start, end) in enumerate(pairwise(cuts)):
            if place % 2 == 1:
                reader.sentence(start, end)
                continue
            for span in sentences(text[start:end]):
                first, last = start + span.start, start + span.end
                (reader.row if text[first] == "|" else reader.sentence)(first, last)
    return reader.found


def statements(code: str) -> Iterator[Span]:
    """Lines of code; a line that opens a bracket goes on to where it closes, or is left out where that is far away."""
    lines = list(re.finditer(r"\S(?:[^\n]*\S)?", code))
    number = 0
    while number < len(lines):
        start = lines[number].start()
        within = range(number, min(number + _STATEMENT_LINES, len(lines)))
        last = next((n for n in within if _closed(code, start, lines[n])), None)
        if last is not None:
            yield Span(start, lines[last].end())
            number = last
        number += 1


def _closed(code: str, start: int, line: re.Match[str]) -> bool:
    bare = _STRING.sub("", code[start : line.end()])
    return all(bare.count(opening) <= bare.count(closing) for opening, closing in ("()", "[]", "{}"))


def _starts_in_code(fences: Sequence[re.Match[str]], parts: Sequence[str]) -> bool:
    """Whether a passage was cut out of the middle of a code block: a fence that names a language only ever opens.

    Where none does, what the first piece looks like decides; `parts` are the pieces and the fences between them.
    """
    opens = [fence[0].strip(" \t`~") != "" for fence in fences]
    if any(opens):
        return any(opens[1::2]) and not any(opens[0::2])
    lines = [line for line in parts[0].splitlines() if line.strip()]
    return len(lines) >= 2 and 10 * sum(_CODE_LINE.match(line) is not None for line in lines) >= 7 * len(lines)


@lru_cache(maxsize=4096)
def said(text: str) -> str:
    """What a reader sees of it: links and roles by their words, without tags, pictures and soft line breaks."""
    return re.sub(
        r"\s+", " ", _SHOWN_NOT.sub(lambda found: found["code"] or "", _ROLE.sub(r"\1", _LINK.sub(r"\1", text)))
    ).strip()
