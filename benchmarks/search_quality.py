"""How often the evidence is found: words alone against words and meaning, by slice, with intervals.

    python -m benchmarks.search_quality --data-dir INDEX [--corpus NAME]... QUESTIONS.jsonl...

INDEX holds the notes that the questions of benchmarks/retrieval are about. A question with a `history` is looked up
as a follow-up, by rule, and beside that as its `standalone` wording. `--corpus` takes the questions about it only. A
hit is evidence (or an alternative) inside one of the first five passages. Intervals are 95 %, bootstrapped over
questions, paired for the difference.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eval.retrieval import squash
from rag.retrieval.followup import look_up
from rag.retrieval.retriever import NotesRetriever
from rag.settings import load
from rag.types import Turn
from rag.wiring import LiveNotes

if TYPE_CHECKING:
    from numpy.typing import NDArray

RESAMPLES, FOUND = 10_000, 5


def main() -> None:
    """Measure and print, a row a slice."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", type=Path, nargs="+")
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--corpus", action="append", help='only questions whose "corpus" this is; may be repeated')
    args = parser.parse_args()

    both = LiveNotes(load({"data_dir": str(args.data_dir)}).settings).retriever()
    words = NotesRetriever(index=both.index, k=both.k, passage_chars=both.passage_chars, candidates=both.candidates)
    print(f"{'recall@5':34} {'n':>4}  {'words':>20}  {'words and meaning':>20}  difference")
    for file in args.questions:
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        # What the notes do not answer has no evidence that could be found.
        rows = [row for row in rows if not row.get("is_impossible")]
        rows = [row for row in rows if not args.corpus or row.get("corpus") in args.corpus]
        hits = {name: _hits(retriever, rows) for name, retriever in (("words", words), ("both", both))}
        kinds = np.array([row.get("type") or f"topic_change={row.get('topic_change')}" for row in rows])
        for kind in ["all", *dict.fromkeys(kinds.tolist())]:
            mask = np.ones(len(rows), dtype=bool) if kind == "all" else kinds == kind
            _print(f"{file.stem} {kind}", hits["words"][mask], hits["both"][mask])
        if "standalone" in rows[0]:
            alone = [{"question": row["standalone"], "evidence": row["evidence"]} for row in rows]
            _print(f"{file.stem} written out", _hits(words, alone), _hits(both, alone))


def _hits(retriever: NotesRetriever, rows: list[dict[str, Any]]) -> NDArray[np.float64]:
    """1 where evidence is among the first passages, else 0."""
    found = []
    for row in rows:
        history = [Turn(turn["role"], turn["content"]) for turn in row.get("history", [])]
        passages = retriever.retrieve(look_up(row["question"], history), FOUND)
        gold = [squash(item["text"]) for item in [*row["evidence"], *row.get("alternatives", [])]]
        found.append(float(any(quote in squash(passage.text) for passage in passages for quote in gold)))
    return np.array(found)


def _print(name: str, words: NDArray[np.float64], both: NDArray[np.float64]) -> None:
    cells = [_interval(values) for values in (words, both, both - words)]
    print(f"{name:34} {len(words):4}  {cells[0]:>20}  {cells[1]:>20}  {cells[2]}")


def _interval(values: NDArray[np.float64]) -> str:
    picked = np.random.default_rng(0).integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.percentile(values[picked].mean(axis=1), [2.5, 97.5])
    return f"{values.mean():.3f} [{low:.3f}, {high:.3f}]"


if __name__ == "__main__":
    main()
