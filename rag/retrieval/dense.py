"""Vectors of the notes -> FAISS, behind LangChain's VectorStore.

Row i of the FAISS index is row i of the texts. Vectors have unit length, so the inner product is the
cosine. An index that was opened from disk is read-only; `from_texts` makes one in memory.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from langchain_core.documents import Document as LangChainDocument
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore

from rag.errors import DamagedIndex

if TYPE_CHECKING:
    from numpy.typing import NDArray

FLAT_LIMIT = 100_000
HNSW_LINKS = 32
# Of ten at a million a graph built with 80 finds no more than 98.5 %, however far it is searched: some rows have
# too few links to them. With 200 it takes longer to build, and finds all.
HNSW_BUILD, HNSW_BUILD_LARGE, HNSW_LARGE = 80, 200, 500_000
HNSW_SEARCH, HNSW_ROWS_A_LOOK = 128, 2_000


@dataclass(frozen=True, slots=True)
class Hits:
    """Rows and cosines, best first: int64 (k,), float32 (k,)."""

    rows: NDArray[np.int64]
    scores: NDArray[np.float32]


class DenseIndex:
    """A FAISS inner-product index; flat up to 100,000 vectors, HNSW above.

    Source: Johnson et al. 2019, Billion-scale similarity search with GPUs; Malkov and Yashunin 2018, HNSW.
    """

    def __init__(self, index: Any) -> None:
        self._index = index

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dim(self) -> int:
        """Floats of a vector."""
        return int(self._index.d)

    @property
    def kind(self) -> str:
        """The name of the FAISS class inside."""
        return type(self._index).__name__

    @classmethod
    def build(cls, vectors: NDArray[np.float32], dim: int | None = None) -> DenseIndex:
        """Index float32 (n, dim) rows of unit length."""
        import faiss

        n, width = vectors.shape
        if n <= FLAT_LIMIT:
            index: Any = faiss.IndexFlatIP(dim or width)
        else:
            index = faiss.IndexHNSWFlat(dim or width, HNSW_LINKS, faiss.METRIC_INNER_PRODUCT)
            index.hnsw.efConstruction = HNSW_BUILD if n <= HNSW_LARGE else HNSW_BUILD_LARGE
            index.hnsw.efSearch = HNSW_SEARCH
        if n:
            index.add(np.ascontiguousarray(vectors, dtype=np.float32))
        return cls(index)

    def search(self, vector: NDArray[np.float32], k: int, rows: NDArray[np.int64] | None = None) -> Hits:
        """The k nearest rows, fewer if there are fewer; `rows` restricts the search to some."""
        import faiss

        k = min(k, len(self) if rows is None else len(rows))
        if k <= 0:
            return Hits(np.zeros(0, np.int64), np.zeros(0, np.float32))
        query = np.ascontiguousarray(vector, dtype=np.float32).reshape(1, -1)
        hnsw = self.kind == "IndexHNSWFlat"
        # The larger the graph the further a search must look: of ten at a million 128 finds 98.2 %, 500 all.
        look = max(HNSW_SEARCH, k, len(self) // HNSW_ROWS_A_LOOK)
        parameters: Any = faiss.SearchParametersHNSW(efSearch=look) if hnsw else None  # type: ignore[attr-defined,unused-ignore]
        if rows is not None:
            # The selector only points at these rows: they must outlive the search.
            selector = faiss.IDSelectorBatch(np.ascontiguousarray(rows, dtype=np.int64))
            parameters = parameters or faiss.SearchParameters()
            parameters.sel = selector
        scores, found = self._index.search(query, k, params=parameters)
        kept = found[0] >= 0
        return Hits(found[0][kept], scores[0][kept])

    def cosines(self, vector: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Exact cosine of some rows to a vector, float32 (len(rows),)."""
        scores: NDArray[np.float32] = self.vectors(rows) @ np.asarray(vector, dtype=np.float32)
        return scores

    def vectors(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """The vectors of some rows, float32 (len(rows), dim)."""
        if not len(rows):
            return np.zeros((0, self.dim), np.float32)
        vectors: NDArray[np.float32] = self._index.reconstruct_batch(np.ascontiguousarray(rows, dtype=np.int64))
        return vectors

    def write(self, file: Path) -> None:
        """Write the index as one file; a disk that does not take it raises OSError."""
        import faiss

        # FAISS's own file writer says nothing when the last buffer finds the disk full.
        with file.open("wb") as target:
            faiss.write_index(self._index, faiss.PyCallbackIOWriter(target.write))  # type: ignore[attr-defined,unused-ignore]

    @classmethod
    def open(cls, file: Path) -> DenseIndex:
        """Map an index file, read-only.

        Raises:
            DamagedIndex: a file that FAISS cannot read.
        """
        import faiss

        try:
            return cls(faiss.read_index(str(file), faiss.IO_FLAG_MMAP_IFC))
        except RuntimeError as error:
            raise DamagedIndex(f"{file.name} cannot be read by FAISS.") from error


class NotesVectorStore(VectorStore):
    """LangChain's view of a dense index: texts by meaning, by cosine.

    `lookup` turns rows into LangChain documents; the contract is LangChain's own.
    """

    def __init__(
        self,
        dense: DenseIndex,
        embedding: Embeddings,
        lookup: Callable[[Sequence[int]], list[LangChainDocument]],
        select: Callable[[dict[str, Any]], NDArray[np.int64]] | None = None,
        row_of: Callable[[str], int | None] | None = None,
    ) -> None:
        """`select` turns a filter (metadata key -> value) into rows; `row_of` finds the row of an id."""
        self._dense = dense
        self._embedding = embedding
        self._lookup = lookup
        self._select = select
        self._row_of = row_of

    @property
    def embeddings(self) -> Embeddings:
        """The encoder of queries."""
        return self._embedding

    def similarity_search(
        self,
        query: str,
        k: int = 4,
        filter: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> list[LangChainDocument]:
        """The k nearest documents; `filter` maps metadata keys to the value they must have."""
        return [document for document, _ in self.similarity_search_with_score(query, k, filter, **kwargs)]

    def similarity_search_with_score(
        self,
        query: str,
        k: int = 4,
        filter: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> list[tuple[LangChainDocument, float]]:
        """The k nearest documents, each with its cosine."""
        vector = np.asarray(self._embedding.embed_query(query), dtype=np.float32)
        return self._near(vector, k, filter)

    def similarity_search_by_vector(
        self,
        embedding: list[float],
        k: int = 4,
        filter: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> list[LangChainDocument]:
        """The k documents nearest to a vector."""
        return [document for document, _ in self._near(np.asarray(embedding, np.float32), k, filter)]

    def get_by_ids(self, ids: Sequence[str], /) -> list[LangChainDocument]:
        """Documents by id, in order; unknown ones are left out."""
        if self._row_of is None:
            return []
        rows = [row for row in map(self._row_of, ids) if row is not None]
        return self._lookup(rows)

    def add_texts(
        self, texts: Iterable[str], metadatas: list[dict[str, Any]] | None = None, **kwargs: Any
    ) -> list[str]:
        """Refused: a published generation never changes."""
        raise NotImplementedError("This index is read-only: add notes with `ask-notes ingest`.")

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,
    ) -> NotesVectorStore:
        """A store in memory over some texts."""
        names = ids or [str(uuid.uuid4()) for _ in texts]
        about = metadatas or [{} for _ in texts]
        documents = [
            LangChainDocument(id=name, page_content=text, metadata=metadata)
            for name, text, metadata in zip(names, texts, about, strict=True)
        ]
        vectors = np.asarray(embedding.embed_documents(texts), dtype=np.float32).reshape(len(texts), -1 if texts else 1)
        rows = {name: row for row, name in enumerate(names)}

        def select(wanted: dict[str, Any]) -> NDArray[np.int64]:
            fits = [
                row
                for row, document in enumerate(documents)
                if all(document.metadata.get(key) == value for key, value in wanted.items())
            ]
            return np.asarray(fits, dtype=np.int64)

        dense = DenseIndex.build(vectors)
        return cls(dense, embedding, lambda found: [documents[row] for row in found], select, rows.get)

    def _select_relevance_score_fn(self) -> Callable[[float], float]:
        # Cosine in [-1, 1] to LangChain's relevance in [0, 1].
        return lambda cosine: (cosine + 1) / 2

    def _near(
        self, vector: NDArray[np.float32], k: int, wanted: dict[str, Any] | None
    ) -> list[tuple[LangChainDocument, float]]:
        if wanted and self._select is None:
            raise ValueError("This store cannot filter.")
        hits = self._dense.search(vector, k, self._select(wanted) if wanted and self._select else None)
        documents = self._lookup([int(row) for row in hits.rows])
        return [(document, float(score)) for document, score in zip(documents, hits.scores, strict=True)]
