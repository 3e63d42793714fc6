"""How fast chunks and questions become vectors, side by side with the way a tutorial embeds them.

    make bench DATA=path/to/notes           # or a .jsonl of KLUE-MRC rows
    python -m benchmarks.embedding DATA [--model FOLDER] [--chunks 200] [--rounds 5]

All ways use the same weights, the same chunks and the same cores, in turn, so that their ratio holds
while the machine's speed drifts. LangChain's HuggingFaceEmbeddings calls SentenceTransformer.encode
with its defaults; the first way is that call, with one text at a time for a question. Vectors are compared
with torch's in float32: the smallest cosine, and how many of each chunk's ten nearest neighbours stay.
Results are written below benchmarks/results/.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from eval.environment import machine, versions
from ingest.klue import load_klue
from ingest.notes import Failure, read_notes
from ingest.split import Splitter
from rag.encoders import EncoderFiles, encoder_files
from rag.models import EMBEDDED_ENCODER, embedded_files, local_folder
from rag.retrieval.embedding import E5Embeddings
from rag.retrieval.openvino_encoder import runs_on_openvino
from rag.settings import EncoderSettings
from rag.types import Document

RESULTS = Path(__file__).parent / "results"
QUESTIONS = 20
REFERENCE = "E5Embeddings, torch float32"


@dataclass
class Way:
    """A way to embed, and what was measured of it; seconds by round."""

    name: str
    passages: Callable[[], np.ndarray]
    question: Callable[[str], object]
    seconds: list[float] = field(default_factory=list)
    question_ms: list[float] = field(default_factory=list)
    vectors: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="a folder of notes, or a .jsonl of KLUE-MRC rows")
    parser.add_argument("--model", type=Path, help="folder of an encoder; default: the embedded one")
    parser.add_argument("--chunks", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--int8", action="store_true", help="measure int8 on OpenVINO as well")
    args = parser.parse_args()

    files = local_folder(args.model) if args.model else embedded_files()
    if files is None:
        raise SystemExit(f"{EMBEDDED_ENCODER} is not installed: make install")
    encoder = encoder_files(files, EncoderSettings())
    tokenizer = E5Embeddings(encoder).tokenizer
    chunks = sample(args.data, Splitter(tokenizer), args.chunks)
    inputs = [tokenizer.passage_input(heading, text) for heading, text in chunks]
    questions = [" ".join(text.split()[:12]) for _, text in chunks[:: max(1, len(chunks) // QUESTIONS)][:QUESTIONS]]

    with tempfile.TemporaryDirectory() as copies:
        ways = ways_of(encoder, chunks, inputs, Path(copies), int8=args.int8)
        for way in ways:  # loads and warms up
            way.passages()
            way.question(questions[0])
        for _ in range(args.rounds):
            for way in ways:
                began = time.perf_counter()
                way.vectors = way.passages()
                way.seconds.append(time.perf_counter() - began)
            for way in ways:
                for question in questions:
                    began = time.perf_counter()
                    way.question(question)
                    way.question_ms.append((time.perf_counter() - began) * 1000)

    tokens = statistics.mean(tokenizer.count(inputs))
    print(f"{files.id}, {len(inputs)} chunks of {tokens:.0f} tokens, {args.rounds} rounds in turn")
    rows = [row_of(way, ways) for way in ways]
    write(
        {
            "model": files.id,
            "data": args.data.stem,
            "chunks": len(inputs),
            "tokens_per_chunk": round(tokens),
            "rounds": args.rounds,
            "rows": rows,
        }
    )


def ways_of(
    encoder: EncoderFiles, chunks: Sequence[tuple[str, str]], inputs: list[str], copies: Path, *, int8: bool
) -> list[Way]:
    """The tutorial's way first, then ours on each backend that is here."""
    from sentence_transformers import SentenceTransformer

    tutorial = SentenceTransformer(str(encoder.files.path), device="cpu", local_files_only=True)
    headings, texts = [heading for heading, _ in chunks], [text for _, text in chunks]
    ours = {
        REFERENCE: E5Embeddings(encoder, dtype="float32"),
        "E5Embeddings, torch auto": E5Embeddings(encoder),
    }
    if runs_on_openvino("auto", "auto"):
        for numbers in ("float32", "auto", *(["int8"] if int8 else [])):
            found = E5Embeddings(encoder, backend="openvino", dtype=numbers, copies=copies)  # type: ignore[arg-type]
            found.prepare()
            ours[f"E5Embeddings, OpenVINO {numbers}"] = found
    return [
        Way(
            "SentenceTransformer.encode, defaults (HuggingFaceEmbeddings)",
            lambda: np.asarray(tutorial.encode(inputs, show_progress_bar=False)),
            lambda question: tutorial.encode([encoder.query_prefix + question], show_progress_bar=False),
        ),
        *(
            Way(name, lambda way=way: way.chunks(headings, texts), lambda question, way=way: way.queries([question]))
            for name, way in ours.items()
        ),
    ]


def row_of(way: Way, ways: Sequence[Way]) -> dict[str, object]:
    """What a way reached, printed and returned."""
    reference = next(other for other in ways if other.name == REFERENCE)
    base = ways[0].seconds
    ratios = [b / s for b, s in zip(base, way.seconds, strict=True)]
    unit = way.vectors / np.linalg.norm(way.vectors, axis=1, keepdims=True)
    row = {
        "way": way.name,
        "chunks_per_s": round(len(unit) / statistics.median(way.seconds), 1),
        "ratio": round(statistics.median(ratios), 2),
        "ratio_min": round(min(ratios), 2),
        "question_ms": round(statistics.median(way.question_ms), 1),
        "cosine_min": round(float((unit * reference.vectors).sum(1).min()), 5),
        "top10": round(overlap(unit, reference.vectors), 3),
    }
    print(
        f"  {way.name:62} {row['chunks_per_s']:7.1f} chunks/s  x{row['ratio']:.2f} (worst {row['ratio_min']:.2f})"
        f"  {row['question_ms']:5.1f} ms a question  cosine >= {row['cosine_min']:.5f}  top-10 {row['top10']:.3f}"
    )
    return row


def overlap(ours: np.ndarray, theirs: np.ndarray, k: int = 10) -> float:
    """Share of each row's k nearest others that two sets of unit vectors (n, dim) agree on, the mean."""
    near = []
    for vectors in (ours, theirs):
        cosines = vectors @ vectors.T
        np.fill_diagonal(cosines, -np.inf)
        near.append(np.argsort(-cosines, axis=1, kind="stable")[:, :k])
    return float(np.mean([len(set(a) & set(b)) / k for a, b in zip(*near, strict=True)]))


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
    result |= {
        "date": time.strftime("%Y-%m-%d"),
        "machine": machine(),
        "versions": versions(),
    }
    RESULTS.mkdir(exist_ok=True)
    name = str(result["model"]).rsplit("/", 1)[-1].lower()
    (RESULTS / f"embedding-{name}.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
