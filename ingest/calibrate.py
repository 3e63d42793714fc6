"""How far the dense leg is to be trusted with these notes: found out without labels, by taking sentences out.

A sentence is taken out of its chunk and looked up. What is left of the chunk competes with all other chunks, once
by words, once by meaning. An encoder that can read the notes finds the rest again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ingest.encoder import EncoderChoice
from ingest.prepare import Corpus
from ingest.progress import Progress
from rag.retrieval.dense import DenseIndex
from rag.retrieval.lexical import CHUNK_WEIGHT, LexicalIndex, query_terms, terms
from rag.retrieval.manifest import LanguageFusion
from rag.retrieval.retriever import LEAST_READ
from rag.retrieval.windows import Windows, cut
from rag.text import morphemes, sentences

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rag.retrieval.embedding import E5Embeddings

LANGUAGES = ("ko", "en")
_ENOUGH = 0.5
_PROBES, _FEWEST = 200, 30
_SENTENCE = range(40, 251)
_POOL, _PAIRS = 200, 4000


@dataclass(frozen=True, slots=True)
class _Probe:
    """A chunk's row, the sentence taken out of it, and what is left."""

    row: int
    sentence: str
    rest: str


def calibrate(
    corpus: Corpus,
    choice: EncoderChoice,
    lexical: LexicalIndex,
    dense: DenseIndex | None,
    windows: Windows | None,
    progress: Progress,
) -> dict[str, LanguageFusion]:
    """What was found for each language of which the encoder can read at least 30 chunks."""
    if choice.embeddings is None or dense is None:
        return {}
    read = np.array([reading.read for reading in corpus.readings], dtype=np.float32)
    found: dict[str, LanguageFusion] = {}
    chosen = {name: _probes(corpus, read, name) for name in LANGUAGES}
    with progress.stage("weighing the legs", sum(map(len, chosen.values())), "sentences") as stage:
        for name, probes in chosen.items():
            if len(probes) < _FEWEST:
                continue
            ground = _background(dense, np.array([row for row in _rows(corpus, read, name)], dtype=np.int64))
            bench = _Bench(corpus, choice.embeddings, lexical, dense, windows, read, ground)
            found[name] = _weigh(bench.ranks(probes), ground)
            stage.advance(len(probes))
    return found


def _rows(corpus: Corpus, read: NDArray[np.float32], name: str) -> list[int]:
    languages = [document.metadata.get("language", "en") for document in corpus.documents]
    return [row for row, doc in enumerate(corpus.document_of) if languages[doc] == name and read[row] >= LEAST_READ]


def _probes(corpus: Corpus, read: NDArray[np.float32], name: str) -> list[_Probe]:
    random = np.random.default_rng(0)
    probes: list[_Probe] = []
    for row in random.permutation(_rows(corpus, read, name)).tolist():
        text = corpus.chunks[row].text
        spans = sentences(text)
        fit = [span for span in spans if span.end - span.start in _SENTENCE]
        if len(spans) < 4 or not fit:
            continue
        span = fit[int(random.integers(len(fit)))]
        probes.append(_Probe(row, text[span.start : span.end], text[: span.start] + text[span.end :]))
        if len(probes) == _PROBES:
            break
    return probes


def _background(dense: DenseIndex, rows: NDArray[np.int64]) -> float:
    random = np.random.default_rng(0)
    left, right = (dense.vectors(random.choice(rows, _PAIRS)) for _ in range(2))
    return round(float(np.einsum("ij,ij->i", left, right).mean()), 6)


def _weigh(ranks: NDArray[np.int64], ground: float) -> LanguageFusion:
    """Full trust in an encoder that finds half as well as the words do, less in proportion below.

    Half is enough: a sentence shares far more words with the rest of its chunk than a question does, so the probe
    favours words. `ranks`: int64 (probes, 2), by words alone and by meaning alone.
    """
    words, meaning = (1 / ranks).mean(axis=0).tolist()
    weight = min(1.0, meaning / max(words * _ENOUGH, 1e-6))
    return LanguageFusion(
        probes=len(ranks), words=round(words, 4), meaning=round(meaning, 4), weight=round(weight, 3), background=ground
    )


class _Bench:
    """Looks sentences up with their chunks taken down to what is left of them."""

    def __init__(
        self,
        corpus: Corpus,
        encoder: E5Embeddings,
        lexical: LexicalIndex,
        dense: DenseIndex,
        windows: Windows | None,
        read: NDArray[np.float32],
        ground: float,
    ) -> None:
        self._corpus, self._encoder, self._lexical = corpus, encoder, lexical
        self._dense, self._windows, self._read, self._ground = dense, windows, read, ground

    def ranks(self, probes: Sequence[_Probe]) -> NDArray[np.int64]:
        """Rank of each probe's chunk by words alone and by meaning alone, int64 (probes, 2)."""
        asked = self._encoder.queries([probe.sentence for probe in probes])
        headings = [self._corpus.chunks[probe.row].heading for probe in probes]
        left = self._encoder.chunks(headings, [probe.rest for probe in probes])
        return np.stack([self._rank(*one) for one in zip(probes, asked, left, strict=True)])

    def _rank(self, probe: _Probe, vector: NDArray[np.float32], left: NDArray[np.float32]) -> NDArray[np.int64]:
        wanted = query_terms(probe.sentence)
        scores = self._lexical.scores(wanted)
        section_of = self._lexical.section_of
        mates = section_of == section_of[probe.row]
        total = np.where(mates, np.float32(-1), scores.total)
        pool = np.union1d(np.argsort(-total, kind="stable")[:_POOL], self._dense.search(vector, _POOL).rows)
        pool = pool[~mates[pool]]
        words = total[pool] / max(scores.bound, 1e-6)
        share = self._encoder.tokenizer.reading(probe.sentence).read
        meaning = share * self._read[pool] * self._close(self._cosines(vector, pool))
        own_words = self._words_left(probe, wanted) / max(scores.bound, 1e-6)
        own = share * self._read[probe.row] * self._close(self._cosine_left(probe, vector, left))
        return np.array([(words >= own_words).sum() + 1, (meaning >= own).sum() + 1], dtype=np.int64)

    def _words_left(self, probe: _Probe, wanted: Sequence[str]) -> float:
        """The chunk's lexical score from those terms that stand in it, or in its section, elsewhere too."""
        analysed = Counter(self._corpus.morphemes[probe.row].split()) - Counter(morphemes(probe.sentence))
        here = set(terms(analysed, probe.rest))
        number = int(self._lexical.section_of[probe.row])
        section = self._corpus.sections[number]
        text = self._corpus.documents[section.document].text[section.start : section.end]
        around = set(terms((), text.replace(probe.sentence, " "))) | here
        for row in np.flatnonzero(self._lexical.section_of == number).tolist():
            if row != probe.row:
                around.update(f"m:{morpheme}" for morpheme in self._corpus.morphemes[row].split())
        own = self._lexical.chunks.matched(wanted, probe.row)
        whole = self._lexical.sections.matched(wanted, number)
        return sum(gain for term, gain in whole.items() if term in around) + CHUNK_WEIGHT * sum(
            gain for term, gain in own.items() if term in here
        )

    def _cosines(self, vector: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        own = self._dense.cosines(vector, rows)
        if self._windows is None:
            return own
        best = self._windows.closest(vector, rows)
        both: NDArray[np.float32] = np.where(np.isnan(best), own, (own + best) / 2).astype(np.float32)
        return both

    def _cosine_left(self, probe: _Probe, vector: NDArray[np.float32], left: NDArray[np.float32]) -> float:
        own = float(left @ vector)
        if self._windows is None:
            return own
        texts = cut(self._corpus.chunks[probe.row].text)
        apart = [probe.sentence not in text for text in texts]
        if not any(apart):
            return own
        return (own + float((self._windows.of(probe.row)[apart].astype(np.float32) @ vector).max())) / 2

    def _close(self, cosine: NDArray[np.float32] | float) -> NDArray[np.float32]:
        closeness: NDArray[np.float32] = np.clip((cosine - self._ground) / max(1e-6, 1 - self._ground), 0, 1)
        return closeness
