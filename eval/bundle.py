"""What the page's question list needs, each text once, packed small.

Enters: a run and its passages. Leaves: base64 of gzipped JSON, which the page unpacks by itself.
Passages of one document are merged where they overlap, so that no word is stored twice; texts are
left away from the lowest ranks up if the page would grow beyond what opens at once. JavaScript
counts UTF-16 units, the records count characters: offsets are translated here.
"""

from __future__ import annotations

import base64
import gzip
import json
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from eval.metrics import METRICS
from eval.results import FAILURES, PassageText, Result, Run
from eval.retrieval import squash

MAX_BYTES = 14_000_000
"""Longest packed bundle, in characters of base64: a page stays below 15 MB."""

_DEPTHS = (20, 5, 1, 0)


@dataclass(frozen=True, slots=True)
class _Segment:
    """A run of a document's text that passages cover without a gap."""

    doc: int
    start: int
    text: str
    wide: tuple[int, ...] = ()

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def pack(run: Run, passages: Sequence[PassageText], *, max_bytes: int = MAX_BYTES) -> str:
    """Base64 of the gzipped bundle, at most `max_bytes` long as long as the answers alone fit."""
    packed = ""
    for depth in _DEPTHS:
        text = json.dumps(build(run, passages, depth=depth), ensure_ascii=False, separators=(",", ":"))
        packed = base64.b64encode(gzip.compress(text.encode(), compresslevel=6, mtime=0)).decode()
        if len(packed) <= max_bytes:
            break
    return packed


def build(run: Run, passages: Sequence[PassageText], *, depth: int) -> dict[str, Any]:
    """The bundle as plain data; texts of cited passages and of the first `depth` ranks are in it."""
    by_chunk: dict[str, list[PassageText]] = {}
    for passage in passages:
        by_chunk.setdefault(passage.chunk_id, []).append(passage)
    wanted = _wanted(run.results, by_chunk, depth)
    library = _Library(passages, [passage for passage in passages if _key(passage) in wanted])
    scored = {name for result in run.results for name, value in result.scores.items() if value is not None}
    names = [metric.name for metric in METRICS if metric.name in scored]
    return {
        "metrics": names,
        "failures": list(FAILURES),
        "documents": library.documents,
        "segments": [{"d": segment.doc, "t": segment.text} for segment in library.segments],
        "questions": [_question(result, run.asked[result.id], names, by_chunk, library) for result in run.results],
    }


def _key(passage: PassageText) -> tuple[str, int, int]:
    return passage.chunk_id, passage.start, passage.end


def _wanted(
    found: Sequence[Result], by_chunk: Mapping[str, Sequence[PassageText]], depth: int
) -> set[tuple[str, int, int]]:
    wanted: set[tuple[str, int, int]] = set()
    for result in found:
        for row in result.passages[:depth]:
            wanted.update(_key(passage) for passage in by_chunk.get(row["chunk_id"], [])[:1])
        for citation in result.citations:
            if passage := _holding(by_chunk.get(citation["chunk_id"], []), citation):
                wanted.add(_key(passage))
    return wanted


def _holding(variants: Sequence[PassageText], citation: Mapping[str, Any]) -> PassageText | None:
    return next((p for p in variants if p.start <= citation["start"] and citation["end"] <= p.end), None)


class _Library:
    """Documents and segments by number; knows where a span of a document is to be found."""

    def __init__(self, named: Sequence[PassageText], shown: Sequence[PassageText]) -> None:
        places: dict[str, int] = {}
        self.documents: list[list[str]] = []
        for passage in named:
            if passage.doc_id not in places:
                places[passage.doc_id] = len(places)
                self.documents.append([passage.source, passage.title])
        self._places = places
        self.segments: list[_Segment] = []
        self._starts: dict[int, list[tuple[int, int]]] = {}
        for passage in sorted(shown, key=lambda passage: (places[passage.doc_id], passage.start)):
            self._add(places[passage.doc_id], passage)
        self.segments = [replace(segment, wide=_wide(segment.text)) for segment in self.segments]

    def _add(self, doc: int, passage: PassageText) -> None:
        last = self.segments[-1] if self.segments else None
        if last and last.doc == doc and passage.start <= last.end:
            self.segments[-1] = _Segment(doc, last.start, last.text + passage.text[last.end - passage.start :])
            return
        self._starts.setdefault(doc, []).append((passage.start, len(self.segments)))
        self.segments.append(_Segment(doc, passage.start, passage.text))

    def document(self, doc_id: str) -> int:
        """Number of a document, -1 if no passage of it was found."""
        return self._places.get(doc_id, -1)

    def place(self, doc_id: str, start: int, end: int) -> list[int]:
        """[segment, start, end] in UTF-16 units of the segment's text; [-1, 0, 0] if it is not here."""
        starts = self._starts.get(self.document(doc_id), [])
        position = bisect_right(starts, (start, len(self.segments))) - 1
        if position < 0:
            return [-1, 0, 0]
        number = starts[position][1]
        segment = self.segments[number]
        if end > segment.end:
            return [-1, 0, 0]
        first, last = start - segment.start, end - segment.start
        return [number, _units(segment, first), _units(segment, last)]

    def whole(self, doc_id: str) -> list[int]:
        """The first segment of a document, end to end; [-1, 0, 0] if none is here."""
        starts = self._starts.get(self.document(doc_id))
        if not starts:
            return [-1, 0, 0]
        segment = self.segments[starts[0][1]]
        return [starts[0][1], 0, _units(segment, len(segment.text))]


def _wide(text: str) -> tuple[int, ...]:
    return tuple(place for place, character in enumerate(text) if character > "\uffff") if max(text) > "\uffff" else ()


def _units(segment: _Segment, offset: int) -> int:
    """UTF-16 units before `offset`: characters beyond the basic plane (emoji, say) take two."""
    return offset + (bisect_left(segment.wide, offset) if segment.wide else 0)


def _question(
    result: Result,
    asked: Mapping[str, Any],
    names: Sequence[str],
    by_chunk: Mapping[str, Sequence[PassageText]],
    library: _Library,
) -> dict[str, Any]:
    quotes = [item["text"] for item in asked["evidence"] if item["text"]]
    golds = frozenset(asked["gold_documents"])
    squashed = [squash(quote) for quote in quotes]
    shown = []
    for row in result.passages:
        variants = by_chunk.get(row["chunk_id"], [])
        passage = variants[0] if variants else None
        hit = any(quote in squash(passage.text) for quote in squashed) if quotes and passage else row["doc_id"] in golds
        place = library.place(passage.doc_id, passage.start, passage.end) if passage else [-1, 0, 0]
        shown.append(
            [library.document(row["doc_id"]), *place, int(hit), passage.heading if passage else "", row["score"]]
        )
    failure = -1 if result.failure is None else FAILURES.index(result.failure)
    entry: dict[str, Any] = {
        "i": result.id,
        "q": result.question,
        "f": failure,
        "g": list(result.answers or asked["removed_answers"]),
        "a": result.answer,
        "r": result.abstained,
        "n": result.is_impossible,
        "l": bool(asked["left_out"]),
        "e": quotes,
        "c": [
            [
                *(citation[key] for key in ("marker", "support", "source", "quote")),
                *library.place(citation["doc_id"], citation["start"], citation["end"]),
            ]
            for citation in result.citations
        ],
        "p": shown,
        "s": [None if (value := result.scores.get(name)) is None else round(value, 4) for name in names],
        "x": dict(asked["slices"]),
    }
    if result.unscored:
        entry["u"] = dict(result.unscored)
    # Where the evidence was not found, the gold document is shown beside what was.
    if golds and not any(row[4] for row in shown):
        entry["d"] = [[library.document(doc_id), *library.whole(doc_id)] for doc_id in sorted(golds)]
    return entry
