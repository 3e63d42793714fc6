"""Fit the weights of rag/retrieval/rerank.py on KLUE-MRC, and say what they give where they were not fitted.

    ask-notes --data-dir KLUE_INDEX ingest --klue-mrc DATA
    python -m benchmarks.rerank_fit DATA --data-dir KLUE_INDEX

Documents are split in halves by their number in the file: even ones are fitted on, odd ones reported.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ingest.klue import load_klue
from rag.retrieval.lexical import query_terms
from rag.retrieval.rerank import DEPTH, FEATURES, KOREAN, features
from rag.settings import load
from rag.wiring import LiveNotes

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEPS, RATE, RIDGE = 500, 0.1, 1e-3


def main() -> None:
    """Fit, report, print the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="what --klue-mrc takes")
    parser.add_argument("--data-dir", type=Path, required=True, help="an index of the same data")
    parser.add_argument("--keep", type=Path, help="keep the features in this .npz")
    parser.add_argument(
        "--folds", type=int, default=0, help="also fit and measure on that many folds of the tuned half"
    )
    parser.add_argument("--tuned-only", action="store_true", help="say nothing of the reported half")
    args = parser.parse_args()

    table, gold, document = examples(args.data, args.data_dir)
    even = document % 2 == 0
    if args.keep:
        np.savez(args.keep, table=table, gold=gold, document=document)
    found = gold.any(axis=1)
    weights = in_turn(table[even & found], gold[even & found])
    if args.folds:
        _cross_validate(table[even], gold[even], document[even], args.folds)
    first = table[:, :, FEATURES.index("relative")]
    parts = (("fitted on", even), ("reported", ~even), ("all", np.ones_like(even)))
    for name, mask in parts[: 1 if args.tuned_only else None]:
        print(f"{name:10} {mask.sum():5} questions  first stage {measure(first[mask], gold[mask])}", end="")
        print(f"  reranked {measure((table @ weights)[mask], gold[mask])}")
    for name, weight in zip(FEATURES, weights, strict=True):
        print(f"    {weight:8.3f},  # {name}")


def examples(data: str, data_dir: Path) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.int64]]:
    """Features (questions, DEPTH, features), which proposal is gold, and the number of each question's document."""
    retriever = LiveNotes(load({"data_dir": str(data_dir)}).settings).retriever()
    klue = load_klue(data)
    number = {document.doc_id: place for place, document in enumerate(klue.documents)}
    table = np.full((len(klue.questions), DEPTH, len(FEATURES)), np.nan, dtype=np.float32)
    gold = np.zeros((len(klue.questions), DEPTH), dtype=np.bool_)
    for place, question in enumerate(klue.questions):
        wanted = query_terms(question.question)
        lexical = retriever.index.lexical.scores(wanted)
        rows = np.argsort(-lexical.total, kind="stable")[: retriever.candidates]
        found = retriever.proposals(lexical, np.sort(rows), lexical.total[np.sort(rows)])
        table[place, : len(found)] = features(
            question.question, wanted, retriever.index.lexical, found, retriever.index.kin
        )
        docs = [chunk.chunk.doc_id for chunk in retriever.index.chunks([proposal.held.first for proposal in found])]
        gold[place, : len(found)] = [doc == question.doc_id for doc in docs]
    # A question with fewer proposals: the rest can never be chosen.
    table = np.nan_to_num(table, nan=-1e3)
    document = np.array([number[question.doc_id] for question in klue.questions], dtype=np.int64)
    return table, gold, document


def in_turn(table: NDArray[np.float32], gold: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Weights of the features for all languages, then of the Korean ones on top of those.

    The data are Korean: fitted together, the former would only mean something beside the latter, and mislead where
    there is no Korean.
    """
    general = fit(table[..., :KOREAN], gold)
    korean = fit(table[..., KOREAN:], gold, table[..., :KOREAN] @ general)
    return np.concatenate([general, korean])


def fit(
    table: NDArray[np.float32], gold: NDArray[np.bool_], given: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """Weights that make the gold proposal likeliest under a softmax over the proposals (ListNet), by Adam.

    `given` (questions, DEPTH) are scores that theirs are added to.
    """
    scale = np.abs(table[table > -100].reshape(-1, table.shape[-1])).std(axis=0) + 1e-6
    examples_ = np.clip(table, -100, None) / scale
    target = gold / gold.sum(axis=1, keepdims=True)
    weights, mean, square = np.zeros(table.shape[-1]), np.zeros(table.shape[-1]), np.zeros(table.shape[-1])
    for step in range(1, STEPS + 1):
        scores = examples_ @ weights + (0 if given is None else given)
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        odds /= odds.sum(axis=1, keepdims=True)
        gradient = np.einsum("qp,qpf->f", odds - target, examples_) / len(table) + RIDGE * weights
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.999 * square + 0.001 * gradient**2
        weights -= RATE * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
    result: NDArray[np.float32] = (weights / scale).astype(np.float32)
    return result


def _cross_validate(
    table: NDArray[np.float32], gold: NDArray[np.bool_], document: NDArray[np.int64], folds: int
) -> None:
    """Measure each fold of the documents with weights fitted on the others: with all features and the general ones."""
    numbers = np.unique(document)
    fold = dict(zip(numbers.tolist(), np.random.default_rng(0).permutation(len(numbers)) % folds, strict=True))
    mine = np.array([fold[number] for number in document.tolist()])
    found = gold.any(axis=1)
    scores = np.zeros((2, *gold.shape), dtype=np.float32)
    for number in range(folds):
        weights = in_turn(table[found & (mine != number)], gold[found & (mine != number)])
        here = table[mine == number]
        scores[0, mine == number] = here[..., :KOREAN] @ weights[:KOREAN]
        scores[1, mine == number] = here @ weights
    for name, one in zip(("general features", "and Korean ones"), scores, strict=True):
        print(f"{folds} folds of the tuned half, {name}: {measure(one, gold)}")


def measure(scores: NDArray[np.float32], gold: NDArray[np.bool_]) -> str:
    """recall@1 / recall@5 / MRR@10; gold that was not proposed counts as missed, ties against us."""
    best = np.where(gold, scores, -np.inf).max(axis=1)
    ranks = (np.where(gold, -np.inf, scores) >= best[:, None]).sum(axis=1) + 1
    ranks[~gold.any(axis=1)] = 10**6
    return f"{(ranks <= 1).mean():.4f} / {(ranks <= 5).mean():.4f} / {np.where(ranks <= 10, 1 / ranks, 0).mean():.4f}"


if __name__ == "__main__":
    main()
