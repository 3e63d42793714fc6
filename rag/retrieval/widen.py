"""Small to big: ranked chunks -> passages around them, none overlapping, offsets exact.

A chunk is what is found, a passage is what is read: the chunk with its neighbours of the same
section, as far as `passage_chars` goes. A chunk that a better one's passage already holds is dropped, and one whose
words nearly all stand in a better passage of another note (a copy) comes after all that say something new.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rag.retrieval.index import IndexedChunk
from rag.types import HEADING_SEPARATOR

_WORD = re.compile(r"\w+")
# Few words are shared by chance.
_COPIED, _ENOUGH = 0.9, 12
_SHORT_CHARS = 600


@dataclass(frozen=True, slots=True)
class Widened:
    """A chunk and the span of its document that is handed over."""

    hit: IndexedChunk
    score: float
    start: int
    end: int


def widen(
    ranked: Iterable[tuple[IndexedChunk, float]],
    neighbours: Callable[[int], Sequence[IndexedChunk]],
    around: Callable[[int], Sequence[IndexedChunk]] | None = None,
    *,
    k: int,
    passage_chars: int,
) -> list[Widened]:
    """The first k passages of a ranking; `neighbours` gives the chunks of a section in order.

    `around` gives those of the sections about it as well: a passage of a few words takes in what stands under the same
    heading, or under its own, up to 600 characters.
    """
    taken: dict[str, list[tuple[int, int]]] = {}
    passages: list[Widened] = []
    said: list[set[str]] = []
    copies: list[tuple[IndexedChunk, float]] = []

    def take(hit: IndexedChunk, score: float) -> None:
        spans = taken.setdefault(hit.chunk.doc_id, [])
        if any(start < hit.chunk.end and hit.chunk.start < end for start, end in spans):
            return
        section = neighbours(hit.section)
        start, end = _grow(hit, section, spans, passage_chars)
        limit = min(_SHORT_CHARS, passage_chars)
        if around is not None and end - start < limit:
            start, end = _grow_beyond(hit, around(hit.section), spans, (start, end), limit)
        spans.append((start, end))
        passages.append(Widened(hit, score, start, end))
        said.append(set().union(*(_words(one) for one in section if start <= one.chunk.start and one.chunk.end <= end)))

    for hit, score in ranked:
        if len(passages) == k:
            break
        words = _words(hit)
        if len(words) >= _ENOUGH and any(len(words & other) >= _COPIED * len(words) for other in said):
            copies.append((hit, score))
        else:
            take(hit, score)
    for hit, score in copies:
        if len(passages) == k:
            break
        take(hit, min(score, passages[-1].score))
    return passages


def _words(hit: IndexedChunk) -> set[str]:
    return set(_WORD.findall(hit.chunk.text.lower()))


def _grow(
    hit: IndexedChunk, section: Sequence[IndexedChunk], spans: Sequence[tuple[int, int]], limit: int
) -> tuple[int, int]:
    """The chunk and as many whole neighbours as fit, the nearest first, what follows before what precedes."""
    start, end = hit.chunk.start, hit.chunk.end
    if end - start > limit:
        return start, start + limit
    place = next(number for number, other in enumerate(section) if other.row == hit.row)
    left, right = place - 1, place + 1
    open_left = open_right = True
    while open_left or open_right:
        if open_right:
            open_right = right < len(section) and _fits(start, section[right].chunk.end, spans, limit)
            if open_right:
                end = section[right].chunk.end
                right += 1
        if open_left:
            open_left = left >= 0 and _fits(section[left].chunk.start, end, spans, limit)
            if open_left:
                start = section[left].chunk.start
                left -= 1
    return start, end


def _grow_beyond(
    hit: IndexedChunk,
    near: Sequence[IndexedChunk],
    spans: Sequence[tuple[int, int]],
    span: tuple[int, int],
    limit: int,
) -> tuple[int, int]:
    """A span and what stands beside it under the same heading, what follows first, as far as it fits."""
    start, end = span
    own = hit.chunk.heading
    parent = own.rpartition(HEADING_SEPARATOR)[0]
    # What only shares the title is about something else.
    if not parent:
        return span
    common = parent if HEADING_SEPARATOR in parent else own
    near = [
        one for one in near if one.chunk.heading == common or one.chunk.heading.startswith(common + HEADING_SEPARATOR)
    ]
    for one in near:
        if one.chunk.start < end:
            continue
        if not _fits(start, one.chunk.end, spans, limit):
            break
        end = one.chunk.end
    for one in reversed(near):
        if one.chunk.end > start:
            continue
        if not _fits(one.chunk.start, end, spans, limit):
            break
        start = one.chunk.start
    return start, end


def _fits(start: int, end: int, spans: Sequence[tuple[int, int]], limit: int) -> bool:
    return end - start <= limit and not any(other < end and start < stop for other, stop in spans)
