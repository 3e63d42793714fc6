"""A chunk's sentences, two at a time: what it says in passing has a vector of its own.

The vector of a chunk tells what it is about on the whole; the answer to a question is often one sentence of it.
Windows are no index of their own: they look again at the chunks that the dense index proposes. Vectors are kept
in half precision, memory-mapped, only for chunks that the encoder can read.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rag.text import sentences

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Goes up when windows are cut in another way. 0 in a manifest: there are none.
VERSION = 1
SENTENCES = 2
_VECTORS, _FIRST = "windows.npy", "window_first.npy"


def cut(text: str) -> list[str]:
    """The windows of a chunk, in order; none where the chunk is no longer than one."""
    spans = sentences(text)
    if len(spans) <= SENTENCES:
        return []
    return [
        text[spans[at].start : spans[min(at + SENTENCES, len(spans)) - 1].end] for at in range(0, len(spans), SENTENCES)
    ]


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows of all chunks: chunk i has the vectors `first[i]:first[i + 1]`.

    vectors: float16 (windows, dim), rows of unit length; first: int64 (chunks + 1,).
    """

    vectors: NDArray[np.float16]
    first: NDArray[np.int64]

    def of(self, row: int) -> NDArray[np.float16]:
        """The vectors of one chunk's windows, float16 (windows of it, dim)."""
        return self.vectors[int(self.first[row]) : int(self.first[row + 1])]

    def closest(self, vector: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """The best cosine to a vector among each chunk's windows, float32 (len(rows),); NaN for one without."""
        best = np.full(len(rows), np.nan, dtype=np.float32)
        begins, ends = self.first[rows], self.first[rows + 1]
        counts = ends - begins
        with_some = np.flatnonzero(counts)
        if not len(with_some):
            return best
        counts = counts[with_some]
        starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
        places = np.repeat(begins[with_some] - starts, counts) + np.arange(counts.sum())
        cosines = self.vectors[places].astype(np.float32) @ np.asarray(vector, dtype=np.float32)
        best[with_some] = np.maximum.reduceat(cosines, starts)
        return best

    def write(self, folder: Path) -> None:
        """Write both arrays into a folder that exists."""
        np.save(folder / _VECTORS, self.vectors, allow_pickle=False)
        np.save(folder / _FIRST, self.first, allow_pickle=False)

    @classmethod
    def open(cls, folder: Path) -> Windows | None:
        """Map what `write` made; None where there are no windows."""
        if not (folder / _VECTORS).is_file():
            return None
        vectors = np.load(folder / _VECTORS, mmap_mode="r", allow_pickle=False)
        return cls(vectors, np.load(folder / _FIRST, mmap_mode="r", allow_pickle=False))
