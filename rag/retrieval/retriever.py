"""NotesRetriever: a question -> passages. Words and meaning are scored for each chunk, fused, widened.

The lexical leg sees every chunk; the dense leg weighs as much as the encoder can read of the question
and of the chunk, so that an encoder which spells Korean in jamo stays out of Korean questions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document as LangChainDocument
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from rag.retrieval.embedding import E5Embeddings
from rag.retrieval.index import IndexedChunk, NotesIndex
from rag.retrieval.lexical import LexicalScores, query_terms, terms
from rag.retrieval.manifest import LanguageFusion
from rag.retrieval.rerank import DEPTH, FEATURES, Proposal, features, score
from rag.retrieval.titles import is_bare, is_outline, named
from rag.retrieval.widen import widen
from rag.text import language, typed
from rag.types import Passage, Scope

if TYPE_CHECKING:
    from numpy.typing import NDArray

# How much a chunk that means the same adds to one that says the same, both at their best.
DENSE_WEIGHT = 1.0
# Below this share of readable words a question's vector is noise: it is not even computed.
LEAST_READ = 0.2
# The dense index proposes that many times the chunks that stay: their windows choose among them.
AGAIN = 5
# What meaning weighs after the second look, whose scores are logits.
RERANKED_DENSE_WEIGHT = 10.0
# How much more it weighs for a question of which no two neighbouring chunks hold a word.
UNSAID = 2.0
# A further passage of a section that already has one: what others say comes first, as far as it is nearly as good.
SIBLING_PENALTY = 2.0
# What a section gains whose heading names just what the question names, and what a list of topics loses.
TITLED, OUTLINE = 6.0, 3.0
# Further behind than any section of the second look can be.
_FAR = 100.0
_FETCHED = 24
_FILTERS = {"source": "sources", "heading": "headings", "origin": "origins", "language": "languages"}


@dataclass(frozen=True, slots=True)
class Candidates:
    """Chunks in question: int64 (n,), float32 (n,) each.

    `lexical` and `dense` (in 0..1) are what each leg says, `fused` their weighted sum, `final` the score
    after the second look, of which only differences mean something.
    """

    rows: NDArray[np.int64]
    lexical: NDArray[np.float32]
    dense: NDArray[np.float32]
    fused: NDArray[np.float32]
    final: NDArray[np.float32]


class NotesRetriever(BaseRetriever):
    """LangChain's retriever over one generation of the index.

    `invoke(query, k=..., scope=...)` returns LangChain documents; `filter={"language": "ko"}` may stand for a scope.
    `retrieve` returns our records.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    index: NotesIndex
    encoder: E5Embeddings | None = None
    k: int = 5
    passage_chars: int = 1200
    candidates: int = 200

    def retrieve(self, query: str, k: int | None = None, scope: Scope | None = None) -> list[Passage]:
        """The k best passages for a query, best first; fewer when fewer hold a word of it.

        Ties go to the earlier chunk, so that the same question gives the same passages. A score is the
        passage's share of the likelihood among all that was proposed.
        """
        found = self.rank(query, scope)
        order = np.lexsort((found.rows, -found.final))
        ranked = zip(self._fetched(found.rows[order].tolist()), _shares(found.final)[order].tolist(), strict=True)
        widened = widen(ranked, self.index.section, self.index.around, k=k or self.k, passage_chars=self.passage_chars)
        return [
            Passage(
                item.hit.chunk,
                rank,
                round(item.score, 6),
                item.start,
                item.end,
                self.index.text(item.hit.chunk.doc_id, item.start, item.end),
                item.hit.source,
                item.hit.title,
            )
            for rank, item in enumerate(widened, 1)
        ]

    def _fetched(self, rows: list[int]) -> Iterator[IndexedChunk]:
        """Chunks of some rows, read a few at a time: as a rule the first few are enough."""
        for first in range(0, len(rows), _FETCHED):
            yield from self.index.chunks(rows[first : first + _FETCHED])

    def rank(self, query: str, scope: Scope | None = None) -> Candidates:
        """Chunks that one of the legs proposes, with what each says and where they end up."""
        query = self.respelled(typed(query))
        admitted = self.index.rows_in(scope) if scope else None
        wanted = query_terms(query)
        lexical = self.index.lexical.scores(wanted)
        rows = _best(lexical.total, self.candidates, admitted)
        vector = self._vector(query)
        if vector is None:
            words = _normalised(lexical, rows)
            meaning = np.zeros_like(words)
        else:
            assert self.index.dense is not None
            proposed = self.candidates * (AGAIN if self.index.windows is not None else 1)
            near = self.index.dense.search(vector, proposed, admitted).rows
            pool = np.union1d(rows, near)
            meaning = self._meaning(query, vector, pool)
            # Of what the index proposes, only as much stays as the words propose.
            kept = np.isin(pool, rows)
            kept[np.argsort(-meaning, kind="stable")[: self.candidates]] = True
            rows, meaning = pool[kept], meaning[kept]
            words = _normalised(lexical, rows)
        fused = (words + DENSE_WEIGHT * meaning).astype(np.float32)
        final = self._reranked(query, wanted, lexical, rows, fused, meaning)
        return Candidates(rows, words, meaning, fused, final)

    def _meaning(self, query: str, vector: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """How near some chunks are in meaning, in 0..1, as far as the encoder reads question and chunk."""
        trust = self._trust(query)
        cosines = self.cosines(vector, rows)
        closeness = np.clip((cosines - trust.background) / max(1e-6, 1 - trust.background), 0, 1)
        weight = trust.weight * self._read_share(query)
        meaning: NDArray[np.float32] = (weight * self.index.read[rows] * closeness).astype(np.float32)
        return meaning

    def cosines(self, vector: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Cosine of chunks to a vector, float32 (len(rows),): half the chunk's own, half its best window's."""
        assert self.index.dense is not None
        own = self.index.dense.cosines(vector, rows)
        if self.index.windows is None:
            return own
        best = self.index.windows.closest(vector, rows)
        both: NDArray[np.float32] = np.where(np.isnan(best), own, (own + best) / 2).astype(np.float32)
        return both

    def _trust(self, query: str) -> LanguageFusion:
        """How far the dense leg is trusted with this language; an old index says nothing of it."""
        manifest = self.index.manifest
        known = (manifest.fusion or {}).get(language(query))
        return known or LanguageFusion(probes=0, words=0, meaning=0, weight=1, background=manifest.background.mean)

    def _reranked(
        self,
        query: str,
        wanted: Sequence[str],
        lexical: LexicalScores,
        rows: NDArray[np.int64],
        fused: NDArray[np.float32],
        meaning: NDArray[np.float32],
    ) -> NDArray[np.float32]:
        """The second look at the best sections; the others follow in the order of the first."""
        final = fused - np.float32(_FAR)
        if not len(rows):
            return final
        found = self.proposals(lexical, rows, fused)
        table = features(query, wanted, self.index.lexical, found, self.index.kin)
        scores = score(table) + sum(by_headings(query, found).values())
        weight = dense_weight(table)
        sections = self.index.lexical.section_of[rows]
        for proposal, value in zip(found, scores, strict=True):
            mine = sections == proposal.section
            # The best chunk stands for its section; the others follow it by how far they are behind.
            behind = 1 - fused[mine] / max(proposal.score, 1e-6)
            final[mine] = value + weight * meaning[mine] - SIBLING_PENALTY * (behind > 0) - behind
        return final

    def proposals(self, lexical: LexicalScores, rows: NDArray[np.int64], scores: NDArray[np.float32]) -> list[Proposal]:
        """The best sections among some chunks, best first, at most DEPTH."""
        order = np.lexsort((rows, -scores))
        sections = self.index.lexical.section_of[rows[order]]
        _, first = np.unique(sections, return_index=True)
        first = np.sort(first)[:DEPTH]
        best = dict(zip(sections[first].tolist(), scores[order][first].tolist(), strict=True))
        held = self.index.sections(list(best))
        found = []
        for section, first_score in best.items():
            own = np.sort(lexical.own[held[section].first : held[section].last + 1])[-3:]
            found.append(
                Proposal(section, held[section], first_score, float(lexical.sections[section]), float(own.sum()))
            )
        return found

    def respelled(self, query: str) -> str:
        """A question with its loanwords as the notes write them ("청크" as "chunk"); doing it again changes nothing."""
        return self.index.loanwords.respelled(query)

    def idf(self, morpheme: str) -> float:
        """How rare a word (a morpheme, a Latin word) is among the sections: 0 where every one holds it."""
        sections = self.index.lexical.sections
        holding = max((sections.document_frequency(term) for term in set(terms([morpheme], morpheme))), default=0)
        return float(np.log((sections.rows + 1) / (holding + 1)))

    def _vector(self, query: str) -> NDArray[np.float32] | None:
        if self.encoder is None or self.index.dense is None or self._read_share(query) < LEAST_READ:
            return None
        return self.encoder.query(query)

    def _read_share(self, query: str) -> float:
        reading = self.encoder.tokenizer.reading(query) if self.encoder else None
        return reading.read if reading is not None and reading.words else 0.0

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,
        k: int | None = None,
        scope: Scope | None = None,
        filter: Mapping[str, str | Sequence[str]] | None = None,  # noqa: A002  (LangChain's own name)
        **kwargs: Any,
    ) -> list[LangChainDocument]:
        return [as_langchain(passage) for passage in self.retrieve(query, k, as_scope(filter) if filter else scope)]


def as_scope(wanted: Mapping[str, str | Sequence[str]]) -> Scope:
    """The scope of a LangChain filter: any of the keys source, heading, origin, language; a value or several.

    Raises:
        ValueError: a key that cannot be filtered by.
    """
    if unknown := sorted(set(wanted) - set(_FILTERS)):
        raise ValueError(f"Cannot filter by {', '.join(unknown)}. There are {', '.join(_FILTERS)}.")
    values = {key: (value,) if isinstance(value, str) else tuple(value) for key, value in wanted.items()}
    return Scope(**{_FILTERS[key]: value for key, value in values.items()})


def as_langchain(passage: Passage) -> LangChainDocument:
    """A passage as a LangChain document; its metadata are the fields of the search JSON."""
    return LangChainDocument(
        id=passage.chunk.chunk_id,
        page_content=passage.text,
        metadata={
            "rank": passage.rank,
            "score": passage.score,
            "doc_id": passage.chunk.doc_id,
            "source": passage.source,
            "title": passage.title,
            "heading": passage.chunk.heading,
            "start": passage.start,
            "end": passage.end,
        },
    )


def dense_weight(table: NDArray[np.float32]) -> float:
    """What meaning weighs after the second look: the more, the fewer of the question's rare words stand together."""
    together = float(table[:, FEATURES.index("pair_covered")].max()) if len(table) else 1.0
    return RERANKED_DENSE_WEIGHT * (1 + UNSAID * (1 - together))


def by_headings(query: str, found: Sequence[Proposal]) -> dict[str, NDArray[np.float32]]:
    """What sections gain or lose by their headings beside the model of the second look, float32 (len(found),) by name.

    A heading without a text comes after all that has been looked at.
    """
    texts = [proposal.held.text for proposal in found]
    losses = [_FAR / 2 if is_bare(text) else OUTLINE * is_outline(text) for text in texts]
    titled = TITLED * named(query, [proposal.held.heading for proposal in found])
    return {"titled": titled.astype(np.float32), "empty": -np.array(losses, dtype=np.float32)}


def _normalised(lexical: LexicalScores, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Scores as shares of what a chunk that holds every word at its best would get."""
    scores: NDArray[np.float32] = lexical.total[rows] / max(lexical.bound, 1e-6)
    return scores


def _shares(final: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scores as shares of one, in the same order."""
    if not len(final):
        return final
    odds = np.exp(np.maximum(final - final.max(), -30))
    shares: NDArray[np.float32] = odds / odds.sum()
    return shares


def _best(scores: NDArray[np.float32], n: int, admitted: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """Rows of the n highest scores above zero, among those admitted, ascending."""
    pool = np.flatnonzero(scores > 0) if admitted is None else admitted[scores[admitted] > 0]
    if len(pool) > n:
        pool = pool[np.argpartition(-scores[pool], n - 1)[:n]]
    return np.sort(pool).astype(np.int64)
