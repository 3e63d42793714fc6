"""How often does the embedded answerer quote the words that answer? On questions with evidence, search included.

    python -m benchmarks.quoting --data-dir INDEX [--corpus NAME]... QUESTIONS.jsonl...

INDEX holds the notes that the questions are about. "Found": evidence (or an alternative) is inside one of the five
passages; "quoted": one of the answer's at most two sentences holds it, lies in it, or shares 14 characters in a row
with it (letters and digits alone are compared). Refusing is left out: every question has an answer.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.generation.extractive import answer
from rag.retrieval.retriever import NotesRetriever
from rag.settings import load
from rag.types import Question
from rag.wiring import LiveNotes

PASSAGES, SHARED, SHORTEST = 5, 14, 4
_MARKER = re.compile(r" \[\d+\]")
_NO_LETTER = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one question."""

    question: str
    answer: str
    found: bool
    quoted: bool


def main() -> None:
    """Print a line a file, and what was not quoted with --misses."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", type=Path, nargs="+")
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--corpus", action="append", help='only questions whose "corpus" this is; may be repeated')
    parser.add_argument("--misses", action="store_true", help="print what was answered without the evidence")
    args = parser.parse_args()
    retriever = LiveNotes(load({"data_dir": str(args.data_dir)}).settings).retriever()
    for file in args.questions:
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        rows = [row for row in rows if not args.corpus or row.get("corpus") in args.corpus]
        told = [ask(retriever, row) for row in rows if not row.get("is_impossible")]
        found, quoted = sum(one.found for one in told), sum(one.quoted for one in told)
        print(f"{file.stem:24} {len(told):4} questions  found {found:4}  quoted {quoted:4}", flush=True)
        for one in told:
            if args.misses and not one.quoted:
                print(f"    {'found' if one.found else 'lost '}  {one.question}  =>  {' '.join(one.answer.split())}")


def ask(retriever: NotesRetriever, row: dict[str, Any]) -> Told:
    """Search and answer one question, in the notes' own spelling as the pipeline does."""
    text = retriever.respelled(row["question"])
    passages = retriever.retrieve(text, PASSAGES)
    said = answer(Question(text), passages)
    gold = [bare(item["text"]) for item in [*row["evidence"], *row.get("alternatives", [])]]
    found = any(words in bare(passage.text) for passage in passages for words in gold)
    quoted = any(shares(bare(sentence), words) for sentence in _MARKER.split(said) for words in gold)
    return Told(row["question"], said, found, quoted)


def bare(text: str) -> str:
    """Letters and digits alone, lower-cased."""
    return _NO_LETTER.sub("", text.lower())


def shares(sentence: str, words: str) -> bool:
    """Whether one holds the other, or 14 characters in a row stand in both."""
    if len(sentence) < SHORTEST:
        return False
    return sentence in words or words in sentence or any(run in words for run in _runs(sentence))


def _runs(sentence: str) -> Sequence[str]:
    return [sentence[at : at + SHARED] for at in range(len(sentence) - SHARED + 1)]


if __name__ == "__main__":
    main()
