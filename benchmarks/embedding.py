"""How fast chunks become vectors, side by side with the way a tutorial embeds them.

    make bench DATA=path/to/notes           # or a .jsonl of KLUE-MRC rows
    python -m benchmarks.embedding DATA [--model FOLDER] [--chunks 200]

All ways use the same weights, the same chunks and the same cores, in turn, so that their ratio holds
while the machine's speed drifts. LangChain's HuggingFaceEmbeddings calls SentenceTransformer.encode
with its defaults; the first way is that call. Results are written below benchmarks/results/.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np

from ingest.klue import load_klue
from ingest.notes import Failure, read_notes
from ingest.split import Splitter
from rag.models import EMBEDDED_ENCODER, embedded_files, encoder_files, local_folder
from rag.retrieval.embedding import E5Embeddings
from rag.settings import EncoderSettings
from rag.types import Document

ROUNDS = 3
RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="a folder of notes, or a .jsonl of KLUE-MRC rows")
    parser.add_argument("--model", type=Path, help="folder of an encoder; default: the embedded one")
    parser.add_argument("--chunks", type=int, default=200)
    args = parser.parse_args()

    files = local_folder(args.model) if args.model else embedded_files()
    if files is None:
        raise SystemExit(f"{EMBEDDED_ENCODER} is not installed: make install")
    encoder = encoder_files(files, EncoderSettings())
    ours, exact = E5Embeddings(encoder), E5Embeddings(encoder, dtype="float32")
    chunks = sample(args.data, Splitter(ours.tokenizer), args.chunks)
    inputs = [ours.tokenizer.passage_input(heading, text) for heading, text in chunks]
    headings, texts = [heading for heading, _ in chunks], [text for _, text in chunks]

    tutorial = sentence_transformer(files.path)
    ways: dict[str, Callable[[], np.ndarray]] = {
        "SentenceTransformer.encode, defaults (HuggingFaceEmbeddings)": lambda: tutorial(inputs),
        "E5Embeddings, float32": lambda: exact.chunks(headings, texts),
        "E5Embeddings, auto": lambda: ours.chunks(headings, texts),
    }
    for way in ways.values():
        way()  # loads and warms up
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    vectors: dict[str, np.ndarray] = {}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            began = time.perf_counter()
            vectors[name] = way()
            seconds[name].append(time.perf_counter() - began)

    names = list(ways)
    base = seconds[names[0]]
    tokens = statistics.mean(ours.tokenizer.count(inputs))
    print(f"{files.id}, {len(inputs)} chunks of {tokens:.0f} tokens, {ROUNDS} rounds in turn")
    rows = []
    for name in names:
        ratios = [b / s for b, s in zip(base, seconds[name], strict=True)]
        unit = vectors[name] / np.linalg.norm(vectors[name], axis=1, keepdims=True)
        row = {
            "way": name,
            "chunks_per_s": round(len(inputs) / statistics.median(seconds[name]), 1),
            "ratio": round(statistics.median(ratios), 2),
            "ratio_min": round(min(ratios), 2),
            "cosine_min": round(float((unit * vectors[names[1]]).sum(1).min()), 5),
        }
        rows.append(row)
        print(
            f"  {name:62} {row['chunks_per_s']:7.1f} chunks/s  x{row['ratio']:.2f} (worst {row['ratio_min']:.2f})"
            f"  cosine to fp32 >= {row['cosine_min']}"
        )
    write({"model": files.id, "chunks": len(inputs), "tokens_per_chunk": round(tokens), "rows": rows})


def sentence_transformer(folder: Path) -> Callable[[list[str]], np.ndarray]:
    """SentenceTransformer.encode as it comes out of the box."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    return lambda texts: np.asarray(model.encode(texts, show_progress_bar=False))


def sample(data: Path, splitter: Splitter, n: int) -> list[tuple[str, str]]:
    """Heading and text of n chunks, spread evenly over the data."""
    documents: list[Document]
    if data.suffix in (".jsonl", ".json", ".parquet"):
        documents = load_klue(str(data)).documents
    else:
        found = read_notes(data, "bench", 10**8)
        documents = [document for document in found if not isinstance(document, Failure)]
    step = max(1, len(documents) // n)
    chunks = [chunk for document in documents[::step] for chunk in splitter.split(document)]
    return [(chunk.heading, chunk.text) for chunk in chunks[:: max(1, len(chunks) // n)][:n]]


def write(result: dict[str, object]) -> None:
    """Keep a result with the machine and the versions it was measured with."""
    packages = ("torch", "transformers", "sentence-transformers", "numpy")
    result |= {
        "date": time.strftime("%Y-%m-%d"),
        "machine": {
            "cpu": _cpu(),
            "cores": os.cpu_count(),
            "system": platform.system(),
            "python": platform.python_version(),
        },
        "versions": {name: version(name) for name in packages},
    }
    RESULTS.mkdir(exist_ok=True)
    name = str(result["model"]).rsplit("/", 1)[-1].lower()
    (RESULTS / f"embedding-{name}.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
