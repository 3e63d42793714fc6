"""Korean words of like meaning: what the notes say for a word of the question that they lack ("이유", "까닭").

Kiwi's language model (CoNg) holds a vector for each of some 70,000 morphemes. It gives them out as cosines only, so
each morpheme's cosines with a few hundred anchors are turned into coordinates by the anchors' own cosines. Kept are
the words of the notes; a word that only the question has is measured when it is asked. A model of Kiwi's that has no
such vectors gives no Kin, and search goes by the words themselves.
Source: Williams and Seeger 2001, Using the Nystrom Method to Speed Up Kernel Machines.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rag.nearness import REFUSED
from rag.text import HANGUL, kiwi

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Goes up when vectors are made in another way. 0 in a manifest: there are none.
VERSION = 1
FOLDER = "kin"
ANCHORS, DIM = 320, 96
_SCALE = 127
# The first numbers of Kiwi's vocabulary are tags, then come endings and particles.
_FIRST_WORD = 200
_MOST = 10_000_000
_TAGS = ("NNG", "NNP", "NNB", "NR", "NP", "VV", "VA", "VX", "XR", "MAG", "MM")
_ARRAYS = ("terms", "vectors", "held", "first", "anchors", "projection")


@dataclass(frozen=True, slots=True)
class Kin:
    """Vectors of the notes' morphemes, and which chunk holds which.

    terms: uint64 (v,), sorted hashes of the morphemes; vectors: int8 (v, DIM), unit vectors times 127; held: uint32,
    chunk i holds the morphemes `held[first[i]:first[i + 1]]`; first: int64 (chunks + 1,); anchors: int32 (ANCHORS,),
    numbers of Kiwi's; projection: float32 (ANCHORS, DIM), cosines with the anchors -> a vector.
    """

    terms: NDArray[np.uint64]
    vectors: NDArray[np.int8]
    held: NDArray[np.uint32]
    first: NDArray[np.int64]
    anchors: NDArray[np.int32]
    projection: NDArray[np.float32]

    def likeness(self, words: Sequence[tuple[str, str]], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """The best cosine of each word in each chunk, float32 (len(words), len(rows)).

        A word is a morpheme and Kiwi's tag of it. 0 for a word without a vector and in a chunk without words.
        """
        best = np.zeros((len(words), len(rows)), dtype=np.float32)
        begins, counts = self.first[rows], self.first[rows + 1] - self.first[rows]
        some = np.flatnonzero(counts)
        if not words or not len(some):
            return best
        counts = counts[some]
        starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
        held = self.held[np.repeat(begins[some] - starts, counts) + np.arange(counts.sum())]
        place = np.zeros(len(self.terms), dtype=np.int64)
        place[held] = 1
        used = np.flatnonzero(place)
        place[used] = np.arange(len(used))
        cosines = self.vectors[used].astype(np.float32) @ (self.of(words) / np.float32(_SCALE)).T
        # A row a held morpheme: rows are gathered and compared as wholes.
        best[:, some] = np.maximum.reduceat(cosines[place[held]], starts, axis=0).T
        return best

    def of(self, words: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        """The vectors of some words, float32 (len(words), DIM): zeros for one that Kiwi has none for."""
        found = np.zeros((len(words), DIM), dtype=np.float32)
        hashes = np.array([_hash(form) for form, _ in words], dtype=np.uint64)
        places = np.minimum(np.searchsorted(self.terms, hashes), len(self.terms) - 1)
        for at, (word, place) in enumerate(zip(words, places.tolist(), strict=True)):
            if self.terms[place] == hashes[at]:
                found[at] = self.vectors[place] / np.float32(_SCALE)
            elif (cosines := _cosines(word, self.anchors)) is not None:
                found[at] = _unit(cosines @ self.projection)
        return found

    def write(self, folder: Path) -> None:
        """Write the arrays as .npy files into a new folder `kin` below `folder`."""
        (folder / FOLDER).mkdir()
        for name in _ARRAYS:
            np.save(folder / FOLDER / f"{name}.npy", getattr(self, name), allow_pickle=False)

    @classmethod
    def open(cls, folder: Path) -> Kin:
        """Map what `write` made, read-only."""
        mapped = {name: np.load(folder / FOLDER / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in _ARRAYS}
        # As plain arrays, still mapped: NumPy makes a Python object of every slice of a memmap.
        return cls(**{name: array.view(np.ndarray) for name, array in mapped.items()})

    @classmethod
    def build(cls, chunks: Iterable[Sequence[str]]) -> Kin | None:
        """Vectors for the morphemes of chunks; None without Korean words, or where Kiwi's model has no vectors."""
        vocabulary: dict[str, int] = {}
        lists = [[vocabulary.setdefault(word, len(vocabulary)) for word in dict.fromkeys(c) if HANGUL.search(word)]
                 for c in chunks]  # fmt: skip
        known = _numbers() if vocabulary else {}
        if not known.keys() & vocabulary.keys():
            return None
        anchors = np.linspace(_FIRST_WORD, max(known.values()), ANCHORS).astype(np.int32)
        projection = _projection(anchors)
        words = [word for word in vocabulary if word in known]
        hashes = np.array([_hash(word) for word in words], dtype=np.uint64)
        order = np.argsort(hashes)
        rows = np.full(len(vocabulary), -1, dtype=np.int64)
        rows[[vocabulary[words[at]] for at in order]] = np.arange(len(words))
        vectors = np.empty((len(words), DIM), dtype=np.int8)
        for row, at in enumerate(order.tolist()):
            cosines = _cosines(known[words[at]], anchors)
            assert cosines is not None
            vectors[row] = np.round(_unit(cosines @ projection) * _SCALE)
        held = [rows[listed][rows[listed] >= 0].astype(np.uint32) for listed in lists]
        first = np.concatenate([[0], np.cumsum([len(one) for one in held])]).astype(np.int64)
        return cls(hashes[order], vectors, np.concatenate(held), first, anchors, projection)


def _numbers() -> dict[str, int]:
    """Kiwi's number of each content word, the commonest of those written alike; none where it has no vectors."""
    analyser = kiwi()
    low, high = _FIRST_WORD, _MOST
    try:
        if math.isnan(analyser.morpheme_similarity(low, low)):
            return {}
    except REFUSED:
        return {}
    # Words of the dictionary alone follow those of the language model, and have no vector.
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if math.isnan(analyser.morpheme_similarity(_FIRST_WORD, middle)) else (middle, high)
    found: dict[str, int] = {}
    for number in range(low + 1):
        morpheme = analyser.morpheme(number)
        if morpheme.form and morpheme.tag.split("-")[0] in _TAGS:
            found.setdefault(morpheme.form, number)
    return found


def _projection(anchors: NDArray[np.int32]) -> NDArray[np.float32]:
    """Cosines with the anchors -> coordinates along the anchors' DIM widest directions, float32 (ANCHORS, DIM)."""
    gram = np.array([_cosines(int(anchor), anchors) for anchor in anchors], dtype=np.float64)
    values, directions = np.linalg.eigh((gram + gram.T) / 2)
    projection: NDArray[np.float32] = (directions[:, -DIM:] / np.sqrt(values[-DIM:])).astype(np.float32)
    return projection


def _cosines(word: int | tuple[str, str], anchors: NDArray[np.int32]) -> NDArray[np.float32] | None:
    """A morpheme's cosines with the anchors, float32 (len(anchors),); None for one without a vector."""
    similarity = kiwi().morpheme_similarity
    try:
        cosines = np.array([similarity(word, anchor) for anchor in anchors.tolist()], dtype=np.float32)
    except REFUSED:
        return None
    return None if np.isnan(cosines).any() else cosines


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = vector / max(float(np.linalg.norm(vector)), 1e-6)
    return unit


def _hash(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "big")
