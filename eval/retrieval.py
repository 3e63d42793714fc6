"""Was the evidence found, and at what rank: R@k, RR@10 and nDCG@10 by ir_measures.

Enters: a question's gold evidence and the ranked passages of a search. Leaves: scores and the
ranks that hit. Two ways to hit, as the evidence is given: a whole document (KLUE, KorQuAD), where
passages are gathered by document in order of first appearance; or words of a note, where the first
passage that holds them hits, so that R@k is success at k. Knows neither answer nor generator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from eval.dataset import EvalQuestion, Evidence
from eval.metrics import Scored, unscored
from rag.text import normalise
from rag.types import Document, DocumentSummary, Passage

if TYPE_CHECKING:
    from ir_measures.measures import Measure

NAMES = ("recall@1", "recall@5", "recall@10", "recall@20", "rr@10", "ndcg@10")
DEPTH = 20
"""Passages searched for these metrics, however few the answer is written from."""

_GOLD = "gold evidence"


@dataclass(frozen=True, slots=True)
class Gold:
    """What a hit is for one question: one of `documents`, or a passage that holds one of `quotes`.

    `quotes` are squashed (see `squash`). `why` says why nothing can be scored, when it cannot.
    `documents` is filled in for quotes too, as far as they could be found: leave-out needs it.
    """

    documents: tuple[str, ...] = ()
    quotes: tuple[str, ...] = ()
    why: str | None = None

    def hits(self, passages: Sequence[Passage]) -> list[int]:
        """1-based ranks of the passages that hit, in order."""
        return [
            rank
            for rank, passage in enumerate(passages, 1)
            if (
                any(quote in squash(passage.text) for quote in self.quotes)
                if self.quotes
                else passage.chunk.doc_id in self.documents
            )
        ]


def squash(text: str) -> str:
    """NFC with every run of white space as one space: a quote survives another line break."""
    return " ".join(normalise(text).split())


def score(gold: Gold, passages: Sequence[Passage]) -> Scored:
    """R@1/5/10/20, RR@10 and nDCG@10 of one ranking; each null with `gold.why` if there is one.

    The ranking's own order decides, so equal scores cannot change a result.
    """
    from ir_measures import Qrel, ScoredDoc, iter_calc

    if gold.why:
        return unscored(NAMES, gold.why)
    if gold.quotes:
        first = next(iter(gold.hits(passages)), None)
        ranking = [_GOLD if rank == first else f"passage {rank}" for rank in range(1, len(passages) + 1)]
        wanted: Sequence[str] = [_GOLD]
    else:
        ranking = list(dict.fromkeys(passage.chunk.doc_id for passage in passages))
        wanted = gold.documents
    if not ranking:
        return Scored(dict.fromkeys(NAMES, 0.0))
    measures = _measures()
    found = iter_calc(
        list(measures),
        [Qrel("q", name, 1) for name in wanted],
        [ScoredDoc("q", name, -float(rank)) for rank, name in enumerate(ranking)],
    )
    return Scored({measures[metric.measure]: float(metric.value) for metric in found})


@lru_cache(maxsize=1)
def _measures() -> Mapping[Measure, str]:
    from ir_measures import RR, R, nDCG

    return {R @ 1: "recall@1", R @ 5: "recall@5", R @ 10: "recall@10", R @ 20: "recall@20"} | {
        RR @ 10: "rr@10",
        nDCG @ 10: "ndcg@10",
    }


def golds(
    questions: Iterable[EvalQuestion], documents: Sequence[DocumentSummary], read: Callable[[str], Document]
) -> dict[str, Gold]:
    """Gold by question id, evidence looked up in what is indexed.

    A document is known by its id, else by its source, else by its text. `read` is only asked for
    texts if some evidence needs them.
    """
    library = _Library(documents, read)
    return {question.id: _gold(question, library) for question in questions}


def _gold(question: EvalQuestion, library: _Library) -> Gold:
    found = tuple(dict.fromkeys(doc_id for item in question.evidence for doc_id in library.holding(item)))
    quotes = tuple(squash(item.text) for item in question.evidence if not item.whole)
    if question.is_impossible:
        return Gold(why="the question cannot be answered from these notes")
    if not question.evidence:
        return Gold(why="the question has no gold evidence")
    if not quotes and not found:
        return Gold(why="the gold document is not in this index")
    return Gold(found, quotes)


class _Library:
    """The indexed documents by id, source and text; texts are read once, when first needed."""

    def __init__(self, documents: Sequence[DocumentSummary], read: Callable[[str], Document]) -> None:
        self._read = read
        self._sources: dict[str, list[str]] = {}
        for document in documents:
            self._sources.setdefault(document.source.split("#")[0], []).append(document.doc_id)
        self._ids = [document.doc_id for document in documents]
        self._known = frozenset(self._ids)
        self._texts: dict[str, str] = {}
        self._by_text: dict[str, list[str]] = {}

    def holding(self, item: Evidence) -> list[str]:
        """Ids of the documents that an item of evidence speaks of; empty if none is indexed."""
        if item.doc_id in self._known:
            return [str(item.doc_id)]
        if item.whole:
            self._load()
            return self._by_text.get(squash(item.text), []) if item.text else []
        texts, quote = self._load(), squash(item.text)
        named = self._sources.get((item.source or "").split("#")[0], [])
        return [doc_id for doc_id in named or self._ids if quote in texts[doc_id]]

    def _load(self) -> Mapping[str, str]:
        if not self._texts:
            self._texts = {doc_id: squash(self._read(doc_id).text) for doc_id in self._ids}
            for doc_id, text in self._texts.items():
                self._by_text.setdefault(text, []).append(doc_id)
        return self._texts


def as_json(passages: Sequence[Passage]) -> list[dict[str, Any]]:
    """The ranking as a line of results.jsonl holds it; texts stand once each in passages.jsonl."""
    return [
        {
            "rank": rank,
            "doc_id": passage.chunk.doc_id,
            "chunk_id": passage.chunk.chunk_id,
            "score": round(float(passage.score), 6),
        }
        for rank, passage in enumerate(passages, 1)
    ]
