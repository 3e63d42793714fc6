"""How good are the sentences that the embedded answerer picks? On KLUE-MRC, retrieval included; and what fits it.

    ask-notes --data-dir KLUE_INDEX ingest --klue-mrc DATA
    python -m benchmarks.extractive DATA --data-dir KLUE_INDEX [--limit N] [--given] [--fit]

Documents are split in halves by their number in the file: even ones are fitted on, odd ones reported. `--fit` prints
weights for rag/generation/selection.py: words and places from KLUE-MRC, with those of markup left where they are.
benchmarks/span_fit.py grows the trees that rank spans. `--given` answers from the whole gold document alone.
"""

from __future__ import annotations

import argparse
import random
import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from eval.answers import contains, f1_korquad
from eval.dataset import draw
from ingest.klue import KlueQuestion, load_klue
from rag.generation.asking import read_question
from rag.generation.candidates import Candidate, read_candidates
from rag.generation.extractive import answer
from rag.generation.selection import WEIGHTS, features
from rag.settings import load
from rag.types import Chunk, Document, Passage, Question
from rag.wiring import LiveNotes

if TYPE_CHECKING:
    from numpy.typing import NDArray

K, STEPS, RATE, RIDGE = 5, 400, 0.05, 1e-2
# What KLUE-MRC has none of: its texts are plain prose without headings.
MARKUP = frozenset(
    "section leads answers titled defines marked announces formula equation code code_asked listing enumerates cell "
    "row drill tour brief shows contrast heading heading_names asks_itself under somebody proposed contents "
    "dateline as_headed admin named named_first named_code unsaid works_first steps process reasons formula_here "
    "row_elsewhere code_works opens_code code_after identifier compared if_then history example drawback preamble "
    "debris".split()
)
# Few rows name the type of their question: it is told by the question word, the first that matches.
TYPES = (
    ("why", r"왜|이유|원인|까닭|때문|계기"),
    ("who", r"누구|누가|인물|사람"),
    ("when", r"언제|연도|년도|시기|날짜|몇 ?년"),
    ("where", r"어디|곳은|장소|나라|국가|도시|지역"),
    ("how many", r"몇|얼마"),
    ("how", r"어떻|방법|방식"),
    ("what", r"무엇|무슨|뭐|어떤|어느"),
)


def main() -> None:
    """Measure, or fit and print weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="what --klue-mrc takes")
    parser.add_argument("--data-dir", type=Path, required=True, help="an index of the same data")
    parser.add_argument("--limit", type=int, help="a seeded sample of so many questions")
    parser.add_argument("--fit", action="store_true", help="fit the weights of sentences on the even half")
    parser.add_argument("--given", action="store_true", help="no retrieval: the gold document is at hand")
    args = parser.parse_args()

    asked = halves(args.data, args.data_dir, args.limit, given=args.given)
    if args.fit:
        for name, weight in zip(*fit(asked[True]), strict=True):
            print(f'        "{name}": {weight:.2f},')
        return
    for name, half in (("fitted on", asked[True]), ("reported", asked[False])):
        report(name, half)


def halves(
    data: str, data_dir: Path, limit: int | None = None, *, given: bool = False
) -> dict[bool, list[tuple[KlueQuestion, list[Passage]]]]:
    """Questions with their passages: True those about even documents, False those about odd ones."""
    retriever = LiveNotes(load({"data_dir": str(data_dir)}).settings).retriever()
    klue = load_klue(data)
    number = {document.doc_id: place for place, document in enumerate(klue.documents)}
    found: dict[bool, list[tuple[KlueQuestion, list[Passage]]]] = defaultdict(list)
    for question in sorted(klue.questions, key=lambda question: draw(0, question.guid))[:limit]:
        if question.is_impossible or question.doc_id is None:
            continue
        at = number[question.doc_id]
        passages = [_whole(klue.documents[at])] if given else retriever.retrieve(question.question, K)
        found[at % 2 == 0].append((question, passages))
    return found


def _whole(document: Document) -> Passage:
    chunk = Chunk(document.doc_id, document.doc_id, 0, len(document.text), document.text, document.title, 0)
    return Passage(chunk, 1, 1.0, 0, len(document.text), document.text, document.source, document.title)


def report(name: str, asked: list[tuple[KlueQuestion, list[Passage]]]) -> None:
    """Print, for all and by type of question: contained in the answer, F1 of the span alone, length."""
    by_type: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    for question, passages in asked:
        text = _bare(answer(Question(question.question), passages))
        short = _bare(answer(Question(question.question, style="short"), passages))
        row = (contains(text, question.answers), f1_korquad(short, question.answers), len(text))
        kind = next((kind for kind, pattern in TYPES if re.search(pattern, question.question)), "other")
        by_type[kind].append(row)
        by_type["all"].append(row)
    print(f"{name}:")
    for kind in ("all", *(kind for kind, _ in TYPES), "other"):
        rows = np.array(by_type[kind] or [(np.nan,) * 3])
        low, high = _interval(rows[:, 0])
        print(
            f"  {kind:9} n {len(by_type[kind]):5}  contains {rows[:, 0].mean():.3f} [{low:.3f}, {high:.3f}]  "
            f"F1 of the span {rows[:, 1].mean():.3f}  longest {rows[:, 2].max():.0f} characters"
        )


def fit(asked: list[tuple[KlueQuestion, list[Passage]]]) -> tuple[list[str], NDArray[np.float64]]:
    """Weights that make the sentence with the gold answer likeliest (softmax), drawn to those there are."""
    names = sorted(WEIGHTS)
    start = np.array([WEIGHTS[name] for name in names])
    fixed = np.array([name in MARKUP for name in names])
    rows = [found for question, passages in asked if (found := _rows(question, passages, names)) is not None]
    scale = np.concatenate([table for table, _ in rows]).std(axis=0) + 1e-6
    weights, mean, square = start.copy(), np.zeros(len(names)), np.zeros(len(names))
    for step in range(1, STEPS + 1):
        gradient = RIDGE * (weights - start) * scale**2
        for table, gold in rows:
            odds = np.exp((scores := table @ weights) - scores.max())
            odds /= odds.sum()
            right = odds * gold
            gradient += table.T @ (odds - right / max(right.sum(), 1e-9)) / len(rows)
        gradient[fixed] = 0
        mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
        weights -= RATE * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
    return names, weights


def _rows(
    question: KlueQuestion, passages: list[Passage], names: list[str]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]] | None:
    candidates = [c for place, passage in enumerate(passages) for c in read_candidates(place, passage)]
    found = features(read_question(Question(question.question)), candidates)
    kept = [(row, c) for row, c in zip(found, candidates, strict=True) if row["touched"] and not row["question"]]
    gold = np.array([_answers(question, passages[c.place], c) for _, c in kept], dtype=np.bool_)
    return (np.array([[row[name] for name in names] for row, _ in kept]), gold) if gold.any() else None


def _answers(question: KlueQuestion, passage: Passage, candidate: Candidate) -> bool:
    start, end = passage.start + candidate.start, passage.start + candidate.end
    places = zip(question.answer_starts, question.answers, strict=True)
    return passage.chunk.doc_id == question.doc_id and any(start <= at and at + len(t) <= end for at, t in places)


def _bare(text: str) -> str:
    return re.sub(r"\s*\[\d+\]", "", text)


def _interval(values: NDArray[np.float64]) -> tuple[float, float]:
    draws = random.Random(0)
    means = [np.mean(draws.choices(values.tolist(), k=len(values))) for _ in range(500)]
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


if __name__ == "__main__":
    main()
