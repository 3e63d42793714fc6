"""Which FAISS index for how many chunks: time to build and open, size, time of a search, what it finds of flat's ten.

    python -m benchmarks.vector_indexes 10000 100000 200000 1000000
    python -m benchmarks.vector_indexes --notes .ask-notes/index/gen-000001/dense.faiss

Only the meaning leg's index, over the seeded vectors of search_growth.py: 384 floats of unit length around 300
centres, 100 queries drawn the same way. Each index is built, written, mapped again and asked one question at a time,
on the cores that FAISS takes by itself. IVF has the square root of n lists; of 1 to 256 probed lists the fewest that
find 0.99 of what flat finds are taken, or the most there are. HNSW is left out above --hnsw-limit, because of the
time that it takes to build. Centres that far apart suit IVF: --notes takes the vectors of real notes instead, and
100 of them as questions, left out of the index. Sizes that were measured before stay in
benchmarks/results/vector-indexes.json.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.kept import keep
from benchmarks.search_growth import CENTRES, DIM, QUERIES, seeded_vectors
from rag.retrieval.dense import (
    HNSW_BUILD,
    HNSW_BUILD_LARGE,
    HNSW_LARGE,
    HNSW_LINKS,
    HNSW_ROWS_A_LOOK,
    HNSW_SEARCH,
    DenseIndex,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEAR, WANTED = 10, 0.99
PROBES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
# As many vectors a list are enough to place its centre; FAISS would take four times as many.
TRAINED_A_LIST = 64


def main() -> None:
    """Measure each size, print its rows, keep them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", type=int, nargs="*")
    parser.add_argument("--notes", type=Path, help="a flat FAISS index of real notes")
    parser.add_argument("--hnsw-limit", type=int, default=200_000, help="no HNSW above so many (default: 200,000)")
    args = parser.parse_args()
    for size in args.sizes:
        vectors, asked = (
            seeded_vectors(np.random.default_rng(0), size),
            seeded_vectors(np.random.default_rng(1), QUERIES),
        )
        _keep(list(_measure(vectors, asked, "synthetic", args.hnsw_limit)))
    if args.notes:
        vectors, asked = _parted(args.notes)
        _keep(list(_measure(vectors, asked, "notes", args.hnsw_limit)))


def _parted(file: Path) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The vectors of an index without a hundred of them, evenly taken, and these."""
    index = DenseIndex.open(file)
    vectors = index.vectors(np.arange(len(index), dtype=np.int64))
    rows = np.linspace(0, len(vectors) - 1, QUERIES, dtype=np.int64)
    return np.delete(vectors, rows, axis=0), vectors[rows]


def _measure(
    vectors: NDArray[np.float32], asked: NDArray[np.float32], of: str, hnsw_limit: int
) -> Iterator[dict[str, Any]]:
    import faiss

    size = len(vectors)
    truth: NDArray[np.int64] | None = None
    for name, index in _indexes(size, hnsw_limit):
        began = time.perf_counter()
        if not index.is_trained:
            index.train(vectors)
        index.add(vectors)
        built = time.perf_counter() - began
        with tempfile.TemporaryDirectory(prefix="ask-notes-vectors-") as folder:
            file = Path(folder) / "index"
            faiss.write_index(index, str(file))
            del index
            megabytes = file.stat().st_size / 2**20
            began = time.perf_counter()
            opened = faiss.read_index(str(file), faiss.IO_FLAG_MMAP_IFC)
            opening = (time.perf_counter() - began) * 1000
            # A batch first: it finds the right number of lists, and brings the file's pages in.
            found = opened.search(asked, NEAR)[1]
            truth = found if truth is None else truth
            probes = None
            if name.startswith("IVF"):
                for probes in (number for number in PROBES if number <= opened.nlist):
                    opened.nprobe = probes
                    found = opened.search(asked, NEAR)[1]
                    if _recall(truth, found) >= WANTED:
                        break
            taken = []
            for vector in asked:
                began = time.perf_counter()
                opened.search(vector.reshape(1, -1), NEAR)
                taken.append((time.perf_counter() - began) * 1000)
            row = {
                "chunks": size, "vectors": of, "index": name, "probes": probes, "build_s": round(built, 2),
                "open_ms": round(opening, 2), "megabytes": round(megabytes, 1),
                "p50_ms": round(float(np.median(taken)), 3), "p95_ms": round(float(np.percentile(taken, 95)), 3),
                "recall_at_10": round(_recall(truth, found), 4),
            }  # fmt: skip
            print(json.dumps(row), flush=True)
            yield row
            del opened


def _indexes(size: int, hnsw_limit: int) -> Iterator[tuple[str, Any]]:
    """Names and empty indexes; flat first, the others are held against it."""
    import faiss

    product, lists = faiss.METRIC_INNER_PRODUCT, round(size**0.5)
    yield "flat", faiss.IndexFlatIP(DIM)
    yield "SQ8", faiss.IndexScalarQuantizer(DIM, faiss.ScalarQuantizer.QT_8bit, product)
    for name, code in (("IVF-flat", "Flat"), ("IVF-SQ8", "SQ8")):
        index = faiss.index_factory(DIM, f"IVF{lists},{code}", product)
        index.cp.max_points_per_centroid = TRAINED_A_LIST
        yield name, index
    if size <= hnsw_limit:
        links: Any = faiss.IndexHNSWFlat(DIM, HNSW_LINKS, product)
        links.hnsw.efConstruction = HNSW_BUILD if size <= HNSW_LARGE else HNSW_BUILD_LARGE
        links.hnsw.efSearch = max(HNSW_SEARCH, size // HNSW_ROWS_A_LOOK)
        yield "HNSW32", links


def _recall(truth: NDArray[np.int64], found: NDArray[np.int64]) -> float:
    """How much of the true ten was found, over all queries."""
    return float(np.mean([len(set(a) & set(b)) / NEAR for a, b in zip(truth.tolist(), found.tolist(), strict=True)]))


def _keep(rows: list[dict[str, Any]]) -> None:
    about = {"synthetic": f"{DIM} floats, around {CENTRES} centres, seeded", "queries": QUERIES, "near": NEAR}
    keep("vector-indexes", rows, ("chunks", "vectors"), **about)


if __name__ == "__main__":
    main()
