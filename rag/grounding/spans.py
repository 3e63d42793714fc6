"""Where a passage can be cut into quotes: its sentences, their clauses, and runs of both.

Takes a passage's text, returns ranges of it. Knows no sentence of an answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from rag.text import sentences

MIN_QUOTE = 10
MAX_QUOTE = 300
_CLAUSE = re.compile(r"\n+|(?<=[;:])\s+|(?<=,)\s+|(?<=[고며나만데서니면])\s+(?=\S)|\s+(?=\()")
_LONG_UNIT = 120
_ITEM_MARK = re.compile(r"(?:[-*+]\s+|\d{1,3}[.)]\s+|#{1,6}\s+|>\s*|\|\s*)+")


@lru_cache(maxsize=256)
def layout(source: str) -> tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]:
    """Sentences of a passage, and its clauses; each in order of place."""
    whole, parts = [], []
    for span in sentences(source):
        mark = _ITEM_MARK.match(source, span.start, span.end)
        start = mark.end() if mark and mark.end() < span.end else span.start
        whole.append((start, span.end))
        if span.end - start <= _LONG_UNIT:
            parts.append((start, span.end))
            continue
        begin = start
        for cut in _CLAUSE.finditer(source, start, span.end):
            # A clause needs a few words of its own; "2019년, " is none.
            if cut.start() - begin >= 20 and span.end - cut.end() >= 20:
                parts.append((begin, cut.start()))
                begin = cut.end()
        parts.append((begin, span.end))
    return tuple(whole), tuple(parts)


def windows(whole: Sequence[tuple[int, int]], parts: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Clauses, runs of clauses within a sentence, sentences, pairs of sentences; short enough to quote."""
    found = dict.fromkeys([*whole, *parts])
    for start, end in whole:
        inside = [part for part in parts if start <= part[0] < end]
        for first in range(len(inside)):
            for last in range(first + 1, len(inside)):
                if inside[last][1] - inside[first][0] <= MAX_QUOTE:
                    found[(inside[first][0], inside[last][1])] = None
    for (start, _), (_, end) in pairwise(whole):
        if end - start <= MAX_QUOTE:
            found[(start, end)] = None
    short = [window for window in found if window[1] - window[0] <= MAX_QUOTE]
    return short or list(found)


def widened(source: str, start: int, end: int) -> tuple[int, int]:
    """The range, grown to the sentences around it until it holds 10 characters, where there are as many."""
    if end - start >= MIN_QUOTE:
        return start, end
    whole = layout(source)[0]
    for span in whole:
        if span[0] <= start < span[1] or (span[0] < end <= span[1]):
            start, end = min(start, span[0]), max(end, span[1])
    for span in whole:
        if end - start >= MIN_QUOTE:
            break
        if span[0] >= end:
            end = span[1]
    for span in reversed(whole):
        if end - start >= MIN_QUOTE:
            break
        if span[1] <= start:
            start = span[0]
    return start, end
