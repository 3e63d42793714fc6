"""Chunks -> vectors: those of the generation before where nothing changed, the encoder's for the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ingest.encoder import EncoderChoice
from ingest.prepare import Corpus
from ingest.progress import Progress
from rag.retrieval.index import NotesIndex
from rag.retrieval.manifest import Background
from rag.retrieval.retriever import LEAST_READ
from rag.retrieval.windows import VERSION, Windows, cut

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PAIRS = 4000
_CALL = 1024


def embed(
    corpus: Corpus, choice: EncoderChoice, before: NotesIndex | None, progress: Progress
) -> NDArray[np.float32] | None:
    """Vectors of all chunks, float32 (chunks, dim), rows of unit length; None without an encoder."""
    if choice.embeddings is None or choice.encoder is None:
        return None
    vectors = np.empty((len(corpus.chunks), choice.encoder.dim), dtype=np.float32)
    old_rows = [corpus.known_vectors.get(key) for key in corpus.vector_keys]
    reused = [row for row, old in enumerate(old_rows) if old is not None]
    if reused and before is not None and before.dense is not None:
        vectors[reused] = before.dense.vectors(np.array([old_rows[row] for row in reused], dtype=np.int64))
    # Equal texts (a licence block in every file) are embedded once.
    first_row: dict[str, int] = {}
    for row, (key, old) in enumerate(zip(corpus.vector_keys, old_rows, strict=True)):
        if old is None:
            first_row.setdefault(key, row)
    new = sorted(first_row.values(), key=lambda row: corpus.chunks[row].tokens)
    if new:
        with progress.stage("embedding", len(new), "chunks") as stage:
            for start in range(0, len(new), _CALL):
                rows = new[start : start + _CALL]
                some = [corpus.chunks[row] for row in rows]
                vectors[rows] = choice.embeddings.chunks(
                    [chunk.heading for chunk in some], [chunk.text for chunk in some], stage.advance
                )
    for row, (key, old) in enumerate(zip(corpus.vector_keys, old_rows, strict=True)):
        if old is None and first_row[key] != row:
            vectors[row] = vectors[first_row[key]]
    return vectors


def embed_windows(
    corpus: Corpus, choice: EncoderChoice, before: NotesIndex | None, progress: Progress
) -> Windows | None:
    """Vectors of the windows of every chunk that the encoder can read; None without an encoder."""
    if choice.embeddings is None or choice.encoder is None:
        return None
    known = before.windows if before is not None and before.manifest.windows == VERSION else None
    old_rows = [corpus.known_vectors.get(key) if known is not None else None for key in corpus.vector_keys]
    readable = [reading.read >= LEAST_READ for reading in corpus.readings]
    texts: dict[str, list[str]] = {}
    for row, (key, old) in enumerate(zip(corpus.vector_keys, old_rows, strict=True)):
        if old is None and readable[row] and key not in texts:
            texts[key] = cut(corpus.chunks[row].text)
    new = [window for windows in texts.values() for window in windows]
    made = np.zeros((len(new), choice.encoder.dim), dtype=np.float16)
    if new:
        with progress.stage("embedding sentences", len(new), "windows") as stage:
            for start in range(0, len(new), _CALL):
                some = new[start : start + _CALL]
                made[start : start + _CALL] = choice.embeddings.chunks([""] * len(some), some, stage.advance)
    places = dict(zip(texts, np.cumsum([0, *map(len, texts.values())]).tolist(), strict=False))
    parts: list[NDArray[np.float16]] = []
    for key, old in zip(corpus.vector_keys, old_rows, strict=True):
        if old is not None and known is not None:
            parts.append(known.of(old))
        else:
            start = places.get(key, 0)
            parts.append(made[start : start + len(texts.get(key, ()))])
    first = np.cumsum([0, *map(len, parts)]).astype(np.int64)
    return Windows(np.concatenate(parts) if parts else made, first)


def background(vectors: NDArray[np.float32] | None) -> Background:
    """Cosine of unrelated chunks, from seeded random pairs."""
    if vectors is None or len(vectors) < 2:
        return Background(mean=0.0, deviation=1.0)
    random = np.random.default_rng(0)
    left = random.integers(0, len(vectors), _PAIRS)
    right = (left + random.integers(1, len(vectors), _PAIRS)) % len(vectors)
    cosines = np.einsum("ij,ij->i", vectors[left], vectors[right])
    return Background(mean=round(float(cosines.mean()), 6), deviation=round(float(cosines.std()) or 1.0, 6))
