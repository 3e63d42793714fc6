"""How near in meaning the notes come to a question, for the decision whether they answer it.

Enters: a retriever, a query and its passages. Leaves: two numbers that rag/grounding/signals.py takes as they are. The
search weighs the same cosines, but only against each other; here they are held against what any two chunks have.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from rag.retrieval.retriever import LEAST_READ
from rag.text import language
from rag.types import Meaning, Passage, Scope

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rag.retrieval.retriever import NotesRetriever

# Of a passage that the encoder reads worse than this its vector says nothing.
_READ = 0.8
# The nearest chunk is held against so many behind it.
_OTHERS = 45


def meaning(
    retriever: NotesRetriever, query: str, passages: Sequence[Passage], scope: Scope | None = None
) -> Meaning | None:
    """How near a query, as it was looked up, and the notes are; None where no encoder reads it or what it found."""
    index, encoder = retriever.index, retriever.encoder
    if encoder is None or index.dense is None or not passages:
        return None
    reading = encoder.tokenizer.reading(query)
    if not reading.words or reading.read < LEAST_READ:
        return None
    found = [index.row_of(passage.chunk.chunk_id) for passage in passages]
    own = np.array([row for row in found if row is not None and index.read[row] >= _READ], dtype=np.int64)
    if not len(own):
        return None
    vector = encoder.query(query)
    near = index.dense.search(vector, _OTHERS + 1, index.rows_in(scope) if scope else None).rows
    rows = np.union1d(own, near)
    close = reading.read * _closeness(retriever, query, vector, rows)
    # Those behind the nearest; where there is none, nothing is ahead of anything.
    others = np.sort(close)[::-1][1 : _OTHERS + 1]
    ahead = float(close.max() - others.mean()) if len(others) else 0.0
    return Meaning(float(close[np.isin(rows, own)].max()), ahead)


def _closeness(
    retriever: NotesRetriever, query: str, vector: NDArray[np.float32], rows: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Cosines of chunks, 0 for what two chunks have that have nothing to do with each other; float32 (len(rows),)."""
    manifest = retriever.index.manifest
    known = (manifest.fusion or {}).get(language(query))
    background = known.background if known else manifest.background.mean
    share = np.clip((retriever.cosines(vector, rows) - background) / max(1e-6, 1 - background), 0, 1)
    close: NDArray[np.float32] = (share * retriever.index.read[rows]).astype(np.float32)
    return close
