"""Words of the notes -> BM25: Korean morphemes and character bigrams, over sections and over chunks.

A long context says what a text is about, a short one says where: each chunk is scored by its section
and by itself. bm25s computes the scores when the index is made; on disk they are plain NumPy arrays,
memory-mapped, and a term is found by its hash in a sorted array, so opening costs nothing.
Source: Robertson and Zaragoza 2009, The Probabilistic Relevance Framework: BM25 and Beyond; Lu 2024, BM25S.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rag.text import HANGUL, asked, bigrams, latin_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Tuned on half of KLUE-MRC by document; see docs/log.md.
SECTION_K1, SECTION_B = 0.9, 0.75
CHUNK_K1, CHUNK_B = 0.9, 0.3
CHUNK_WEIGHT = 0.5
LATIN_WEIGHT = 3
# Goes up when terms or parameters change: an index of another version is made anew.
VERSION = 8
_ARRAYS = ("terms", "data", "indices", "indptr", "peaks")


def terms(morpheme_list: Iterable[str], text: str) -> list[str]:
    """What is indexed of a text: Korean morphemes, marked as such, character bigrams, Latin words and numbers."""
    korean = [f"m:{morpheme}" for morpheme in morpheme_list if HANGUL.search(morpheme)]
    return korean + bigrams(text) + latin_words(text)


def query_terms(query: str) -> list[str]:
    """What is looked up for a question, repetitions included.

    A Korean word counts as morphemes and as several bigrams, so a Latin word or number counts as often.
    """
    about = asked(query)
    return terms(about.morphemes, about.text) + latin_words(about.text) * (LATIN_WEIGHT - 1)


@dataclass(frozen=True, slots=True)
class Postings:
    """BM25 scores by term in compressed columns: term t scores `data[indptr[t]:indptr[t+1]]` at `indices`.

    terms: uint64 (v,), sorted hashes; data: float32 (nnz,); indices: int32 (nnz,); indptr: int64 (v + 1,);
    peaks: float32 (v,), each term's highest score; rows: how many texts were indexed.
    """

    terms: NDArray[np.uint64]
    data: NDArray[np.float32]
    indices: NDArray[np.int32]
    indptr: NDArray[np.int64]
    peaks: NDArray[np.float32]
    rows: int

    def find(self, wanted: Sequence[str]) -> list[tuple[str, int]]:
        """The known ones among `wanted`, each with its column."""
        if not len(self.terms):
            return []
        hashes = np.array([_hash(term) for term in wanted], dtype=np.uint64)
        places = np.minimum(np.searchsorted(self.terms, hashes), len(self.terms) - 1)
        known = self.terms[places] == hashes
        return [(term, int(place)) for term, place, found in zip(wanted, places, known, strict=True) if found]

    def scores(self, wanted: Sequence[str]) -> NDArray[np.float32]:
        """BM25 of every text for the terms, float32 (rows,)."""
        total = np.zeros(self.rows, dtype=np.float32)
        for _, column in self.find(wanted):
            span = slice(int(self.indptr[column]), int(self.indptr[column + 1]))
            # A term occurs once in a text's column, so plain fancy indexing adds correctly.
            total[self.indices[span]] += self.data[span]
        return total

    def bound(self, wanted: Sequence[str]) -> float:
        """The score of a text that would hold every known term at its best."""
        return float(sum(self.peaks[column] for _, column in self.find(wanted)))

    def matched(self, wanted: Sequence[str], row: int) -> dict[str, float]:
        """What each of the terms adds to the score of one text."""
        found: dict[str, float] = {}
        for term, column in self.find(wanted):
            span = slice(int(self.indptr[column]), int(self.indptr[column + 1]))
            here = np.searchsorted(self.indices[span], row)
            if here < span.stop - span.start and self.indices[span][here] == row:
                found[term] = found.get(term, 0.0) + float(self.data[span][here])
        return found

    def idf(self, wanted: Sequence[str]) -> NDArray[np.float32]:
        """How rare each term is among the texts, float32 (len(wanted),): 0 for an unknown one.

        Source: Robertson and Zaragoza 2009, equation 3.3, with one added inside the logarithm.
        """
        found = {term: int(self.indptr[column + 1] - self.indptr[column]) for term, column in self.find(wanted)}
        held = np.array([found.get(term, 0) for term in wanted], dtype=np.float32)
        rarity: NDArray[np.float32] = np.log1p((self.rows - held + 0.5) / (held + 0.5)).astype(np.float32)
        return np.where(held > 0, rarity, np.float32(0))

    def gains(self, wanted: Sequence[str], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """What each term adds to the scores of some texts, float32 (len(wanted), len(rows)): 0 where it is not held."""
        gained = np.zeros((len(wanted), len(rows)), dtype=np.float32)
        columns = dict(self.find(wanted))
        for place, term in enumerate(wanted):
            if (column := columns.get(term)) is not None:
                span = slice(int(self.indptr[column]), int(self.indptr[column + 1]))
                posted = self.indices[span]
                where = np.minimum(np.searchsorted(posted, rows), len(posted) - 1)
                gained[place] = np.where(posted[where] == rows, self.data[span][where], np.float32(0))
        return gained

    def holds(self, wanted: Sequence[str], rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of some texts hold which term, bool (len(wanted), len(rows))."""
        held: NDArray[np.bool_] = self.gains(wanted, rows) > 0
        return held

    def document_frequency(self, term: str) -> int:
        """In how many texts a term occurs."""
        return next((int(self.indptr[c + 1] - self.indptr[c]) for _, c in self.find([term])), 0)

    def write(self, folder: Path) -> None:
        """Write the arrays as .npy files into a folder that exists."""
        for name in _ARRAYS:
            np.save(folder / f"{name}.npy", getattr(self, name), allow_pickle=False)

    @classmethod
    def open(cls, folder: Path, rows: int) -> Postings:
        """Map the arrays that `write` made, read-only."""
        arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in _ARRAYS}
        return cls(rows=rows, **arrays)

    @classmethod
    def build(cls, texts: Iterable[Sequence[str]], k1: float, b: float) -> Postings:
        """Index texts, each given as its terms."""
        vocabulary: dict[str, int] = {}
        ids = [[vocabulary.setdefault(term, len(vocabulary)) for term in text] for text in texts]
        if not vocabulary:
            empty = np.zeros(0, dtype=np.float32)
            return cls(np.zeros(0, np.uint64), empty, np.zeros(0, np.int32), np.zeros(1, np.int64), empty, len(ids))
        import bm25s

        model = bm25s.BM25(method="lucene", k1=k1, b=b)
        columns = {str(column): column for column in range(len(vocabulary))}
        model.index((ids, columns), create_empty_token=False, show_progress=False)
        hashes = np.array([_hash(term) for term in vocabulary], dtype=np.uint64)
        order = np.argsort(hashes)
        indptr = np.asarray(model.scores["indptr"], dtype=np.int64)
        lengths = np.diff(indptr)
        # Columns in the order of their hashes: gather each column's slice.
        new_indptr = np.concatenate([[0], np.cumsum(lengths[order])]).astype(np.int64)
        gather = np.repeat(indptr[:-1][order] - new_indptr[:-1], lengths[order]) + np.arange(new_indptr[-1])
        data = np.asarray(model.scores["data"], dtype=np.float32)[gather]
        indices = np.asarray(model.scores["indices"], dtype=np.int32)[gather]
        data, indices = _sort_within(data, indices, new_indptr)
        peaks = np.maximum.reduceat(data, new_indptr[:-1]).astype(np.float32)
        return cls(hashes[order], data, indices, new_indptr, peaks, len(ids))


def _sort_within(
    data: NDArray[np.float32], indices: NDArray[np.int32], indptr: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Rows ascending within each column, as `matched` looks them up by bisection."""
    columns = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
    order = np.lexsort((indices, columns))
    return data[order], indices[order]


@dataclass(frozen=True, slots=True)
class LexicalScores:
    """Scores for one query: of every chunk, float32 (chunks,), and what they are made of.

    `sections` float32 (sections,) and `own` float32 (chunks,) are plain BM25; `bound` is the most that a
    chunk could reach.
    """

    total: NDArray[np.float32]
    sections: NDArray[np.float32]
    own: NDArray[np.float32]
    bound: float


@dataclass(frozen=True, slots=True)
class LexicalIndex:
    """Sections and chunks of a corpus; `section_of` int32 (chunks,) names each chunk's section."""

    sections: Postings
    chunks: Postings
    section_of: NDArray[np.int32]

    def scores(self, wanted: Sequence[str]) -> LexicalScores:
        """Score of every chunk: its section's BM25 and, weighted, its own."""
        sections, own = self.sections.scores(wanted), self.chunks.scores(wanted)
        total = sections[self.section_of] + np.float32(CHUNK_WEIGHT) * own
        bound = self.sections.bound(wanted) + CHUNK_WEIGHT * self.chunks.bound(wanted)
        return LexicalScores(total, sections, own, bound)

    def write(self, folder: Path) -> None:
        """Write both levels below `folder`."""
        for name, postings in (("sections", self.sections), ("chunks", self.chunks)):
            (folder / name).mkdir(parents=True)
            postings.write(folder / name)
        np.save(folder / "section_of.npy", self.section_of, allow_pickle=False)

    @classmethod
    def open(cls, folder: Path, sections: int, chunks: int) -> LexicalIndex:
        """Map what `write` made."""
        section_of = np.load(folder / "section_of.npy", mmap_mode="r", allow_pickle=False)
        return cls(Postings.open(folder / "sections", sections), Postings.open(folder / "chunks", chunks), section_of)

    @classmethod
    def build(
        cls, sections: Iterable[Sequence[str]], chunks: Iterable[Sequence[str]], section_of: Sequence[int]
    ) -> LexicalIndex:
        """Index sections and chunks, each given as its terms."""
        return cls(
            Postings.build(sections, SECTION_K1, SECTION_B),
            Postings.build(chunks, CHUNK_K1, CHUNK_B),
            np.asarray(section_of, dtype=np.int32),
        )


def _hash(term: str) -> int:
    return int.from_bytes(hashlib.blake2b(term.encode(), digest_size=8).digest(), "big")
