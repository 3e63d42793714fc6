"""Where a passage can be cut into quotes, and what stands over each: headings, table heads, what came before.

Takes a passage's text, returns ranges of it. Knows no sentence of an answer.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from rag.text import sentences

MIN_QUOTE = 10
MAX_QUOTE = 300
Range = tuple[int, int]

_CLAUSE = re.compile(r"\n+|(?<=[;:])\s+|(?<=,)\s+|(?<=[고며나만데서니면])\s+(?=\S)|\s+(?=\()")
# A line that ends in a Korean final ending without a full stop ends its sentence; a wrapped line does not.
_UNMARKED_END = re.compile(r"(?<=[다요음임함됨])[ \t]*\n\s*")
_LONG = 120
_ITEM_MARK = re.compile(r"(?:[-*+]\s+|\d{1,3}[.)]\s+|#{1,6}\s+|>\s*|\|\s*)+")
_ITEM = re.compile(r"[ \t]*(?:[-*+]\s|\d{1,3}[.)]\s|\|)")
_HEADING = re.compile(r"^(#{1,6})[ \t]+[^\n]*", re.MULTILINE)
_TABLE = re.compile(r"(?:^[ \t]*\|[^\n]*(?:\n|\Z)){2,}", re.MULTILINE)
# How far back a subject may stand that the note no longer repeats.
_BEFORE = 400


@dataclass(frozen=True, slots=True)
class Window:
    """A run of clauses or sentences that may become a quote; `pair` when it joins two sentences."""

    start: int
    end: int
    pair: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """Sentences and clauses of a passage, headings with their level, and tables; each in order of place."""

    source: str
    sentences: tuple[Range, ...]
    clauses: tuple[Range, ...]
    headings: tuple[tuple[int, Range], ...]
    tables: tuple[Range, ...]

    def over(self, place: int) -> list[Range]:
        """The headings above a place, innermost first, and the head of the table it stands in."""
        found: list[Range] = []
        level = 7
        for depth, (start, end) in reversed(self.headings):
            if start < place and depth < level:
                found.append((start, end))
                level = depth
        for start, end in self.tables:
            if start <= place < end:
                found.append((start, self.source.find("\n", start)))
        return found

    def before(self, place: int) -> Range:
        """What the section says before a place, 400 characters at most."""
        section = max((end for _, (start, end) in self.headings if start < place), default=0)
        return max(section, place - _BEFORE), place

    def windows(self) -> Iterator[Window]:
        """Sentences, clauses, runs of clauses, neighbouring sentences of a paragraph; short enough to quote."""
        seen: set[Range] = set()
        singles = [*self.sentences, *self.clauses, *self._runs()]
        short = [window for window in singles if window[1] - window[0] <= MAX_QUOTE]
        for start, end in short or singles:
            if (start, end) not in seen:
                seen.add((start, end))
                yield Window(start, end)
        for (start, middle), (after, end) in pairwise(self.sentences):
            if end - start <= MAX_QUOTE and self._speak_together(start, middle, after):
                yield Window(start, end, pair=True)

    def _runs(self) -> Iterator[Range]:
        for start, end in self.sentences:
            inside = [clause for clause in self.clauses if start <= clause[0] < end]
            for first, (begin, _) in enumerate(inside):
                for _, stop in inside[first + 1 :]:
                    if stop - begin <= MAX_QUOTE:
                        yield begin, stop

    def _speak_together(self, start: int, middle: int, after: int) -> bool:
        """Rows and items side by side speak of different things, and so do paragraphs."""
        if "\n\n" in self.source[middle:after] or any(middle <= place < after for _, (place, _) in self.headings):
            return False
        line = self.source.rfind("\n", 0, start) + 1
        following = self.source.rfind("\n", 0, after) + 1
        both_items = _ITEM.match(self.source, line) and _ITEM.match(self.source, following)
        return line == following or not both_items


@lru_cache(maxsize=128)
def layout(source: str) -> Layout:
    """How a passage is laid out; marks of list items, headings and rows stay outside its sentences."""
    whole: list[Range] = []
    parts: list[Range] = []
    for span in sentences(source):
        mark = _ITEM_MARK.match(source, span.start, span.end)
        start = mark.end() if mark and mark.end() < span.end else span.start
        cuts = [start, *(match.end() for match in _UNMARKED_END.finditer(source, start, span.end)), span.end]
        for begin, end in pairwise(cuts):
            end -= len(source[begin:end]) - len(source[begin:end].rstrip())
            whole.append((begin, end))
            parts.extend(_clauses(source, begin, end))
    headings = tuple((len(match[1]), match.span()) for match in _HEADING.finditer(source))
    return Layout(source, tuple(whole), tuple(parts), headings, tuple(m.span() for m in _TABLE.finditer(source)))


def _clauses(source: str, start: int, end: int) -> Iterator[Range]:
    """The sentence itself if it is short, else its clauses of at least 20 characters."""
    if end - start > _LONG:
        for cut in _CLAUSE.finditer(source, start, end):
            if cut.start() - start >= 20 and end - cut.end() >= 20:
                yield start, cut.start()
                start = cut.end()
    yield start, end


def widened(source: str, start: int, end: int) -> Range:
    """The range, grown to the sentences around it until it holds 10 characters, where there are as many."""
    if end - start >= MIN_QUOTE:
        return start, end
    whole = layout(source).sentences
    first = max(0, bisect_right(whole, (start, len(source))) - 1)
    last = first
    while last + 1 < len(whole) and whole[last + 1][0] < end:
        last += 1
    start, end = min(start, whole[first][0]), max(end, whole[last][1])
    while end - start < MIN_QUOTE and last + 1 < len(whole):
        last += 1
        end = whole[last][1]
    while end - start < MIN_QUOTE and first > 0:
        first -= 1
        start = whole[first][0]
    return start, end
