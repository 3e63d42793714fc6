"""Fit the weights of rag/retrieval/rerank.py on KLUE-MRC, and say what they give where they were not fitted.

    ask-notes --data-dir KLUE_INDEX ingest --klue-mrc DATA
    python -m benchmarks.rerank_fit DATA --data-dir KLUE_INDEX

Documents are split in halves by their number in the file: even ones are fitted on, odd ones reported.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.trait_fit import Said, fit_traits, said_by, shares_of
from ingest.klue import load_klue
from rag.retrieval.lexical import query_terms
from rag.retrieval.rerank import DEPTH, FEATURES, KOREAN, Proposal, features
from rag.retrieval.weighing import TRAITS
from rag.settings import load
from rag.wiring import LiveNotes

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEPS, RATE, RIDGE = 500, 0.1, 1e-3
# The features of a place without a proposal, and what it loses.
_FEW, _NEVER = 1e3, 1e4


def main() -> None:
    """Fit, report, print the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="what --klue-mrc takes")
    parser.add_argument("--data-dir", type=Path, required=True, help="an index of the same data")
    parser.add_argument(
        "--folds", type=int, default=0, help="also fit and measure on that many folds of the tuned half"
    )
    parser.add_argument("--seed", type=int, default=0, help="another way of folding")
    parser.add_argument("--tuned-only", action="store_true", help="say nothing of the reported half")
    args = parser.parse_args()

    table, gold, document, said = examples(args.data, args.data_dir, even_only=args.tuned_only)
    even = document % 2 == 0
    if args.folds:
        _cross_validate(table[even], gold[even], document[even], said[even], args.folds, args.seed)
    found = even & gold.any(axis=1)
    weights, of_traits = in_turn(table[found], gold[found], said[found])
    scores = scored(table, said, weights, of_traits)
    first = table[:, :, FEATURES.index("relative")]
    parts = (("fitted on", even), ("reported", ~even), ("all", np.ones_like(even)))
    for name, mask in parts[: 1 if args.tuned_only else None]:
        print(f"{name:10} {mask.sum():5} questions  first stage {measure(first[mask], gold[mask])}", end="")
        print(f"  reranked {measure(scores[mask], gold[mask])}")
    for title, names, values in (("WEIGHTS", FEATURES, weights), ("TRAIT_WEIGHTS", TRAITS, of_traits)):
        print(title)
        for name, value in zip(names, values, strict=True):
            print(f"    {value:8.3f},  # {name}")


def examples(
    data: str, data_dir: Path, *, even_only: bool = False
) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.int64], Said]:
    """Features (questions, DEPTH, features), which proposal is gold, each document's number, what shares are of."""
    retriever = LiveNotes(load({"data_dir": str(data_dir)}).settings).retriever()
    klue = load_klue(data)
    number = {document.doc_id: place for place, document in enumerate(klue.documents)}
    questions = [question for question in klue.questions if not (even_only and number[question.doc_id] % 2)]
    table = np.full((len(questions), DEPTH, len(FEATURES)), np.nan, dtype=np.float32)
    gold = np.zeros((len(questions), DEPTH), dtype=np.bool_)
    asking: list[tuple[str, list[Proposal]]] = []
    lexical, kin = retriever.index.lexical, retriever.index.kin
    for place, question in enumerate(questions):
        wanted = query_terms(question.question)
        words = lexical.scores(wanted)
        rows = np.argsort(-words.total, kind="stable")[: retriever.candidates]
        found = retriever.proposals(words, np.sort(rows), words.total[np.sort(rows)])
        table[place, : len(found)] = features(question.question, wanted, lexical, found, kin)
        docs = [chunk.chunk.doc_id for chunk in retriever.index.chunks([proposal.held.first for proposal in found])]
        gold[place, : len(found)] = [doc == question.doc_id for doc in docs]
        # Their texts are not needed any more.
        asking.append((question.question, [replace(one, held=replace(one.held, text="")) for one in found]))
    # A question with fewer proposals: the rest can never be chosen.
    table = np.nan_to_num(table, nan=-_FEW)
    document = np.array([number[question.doc_id] for question in questions], dtype=np.int64)
    return table, gold, document, said_by(asking, lexical, kin)


def in_turn(
    table: NDArray[np.float32], gold: NDArray[np.bool_], said: Said
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Weights of all features and of the traits: those for all languages first, the Korean ones on top of them.

    The data are Korean: fitted together, the former would only mean something beside the latter, and mislead where
    there is no Korean.
    """
    general = fit(table[..., :KOREAN], gold)
    of_traits, of_shares = fit_traits(said, gold, _general(table, general))
    return np.concatenate([general, of_shares]), of_traits


def scored(
    table: NDArray[np.float32], said: Said, weights: NDArray[np.float32], of_traits: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Scores of all proposals, float32 (questions, DEPTH)."""
    found: NDArray[np.float32] = _general(table, weights) + shares_of(said, of_traits) @ weights[KOREAN:]
    return found


def _general(table: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    nothing = _nothing(table)
    scores: NDArray[np.float32] = np.where(nothing, -_NEVER, table[..., :KOREAN] @ weights[:KOREAN]).astype(np.float32)
    return scores


def _nothing(table: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Where a question has no proposal."""
    nothing: NDArray[np.bool_] = table[..., 0] <= -_FEW
    return nothing


def fit(table: NDArray[np.float32], gold: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Weights that make the gold proposal likeliest under a softmax over the proposals (ListNet), by Adam."""
    scale = np.abs(table[~_nothing(table)]).std(axis=0) + 1e-6
    nothing = _nothing(table)
    examples_ = np.where(nothing[..., None], 0, table) / scale
    target = gold / gold.sum(axis=1, keepdims=True)
    weights, mean, square = np.zeros(table.shape[-1]), np.zeros(table.shape[-1]), np.zeros(table.shape[-1])
    for step in range(1, STEPS + 1):
        scores = np.where(nothing, -_NEVER, examples_ @ weights)
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        odds /= odds.sum(axis=1, keepdims=True)
        gradient = np.einsum("qp,qpf->f", odds - target, examples_) / len(table) + RIDGE * weights
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.999 * square + 0.001 * gradient**2
        weights -= RATE * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
    result: NDArray[np.float32] = (weights / scale).astype(np.float32)
    return result


def _cross_validate(
    table: NDArray[np.float32],
    gold: NDArray[np.bool_],
    document: NDArray[np.int64],
    said: Said,
    folds: int,
    seed: int,
) -> None:
    """Measure each fold of the documents with weights fitted on the others: with all features and the general ones."""
    numbers = np.unique(document)
    fold = dict(zip(numbers.tolist(), np.random.default_rng(seed).permutation(len(numbers)) % folds, strict=True))
    mine = np.array([fold[number] for number in document.tolist()])
    found = gold.any(axis=1)
    scores = np.zeros((2, *gold.shape), dtype=np.float32)
    for number in range(folds):
        others, here = found & (mine != number), mine == number
        weights, of_traits = in_turn(table[others], gold[others], said[others])
        scores[0, here] = _general(table[here], weights)
        scores[1, here] = scored(table[here], said[here], weights, of_traits)
    for name, one in zip(("general features", "and Korean ones"), scores, strict=True):
        print(f"{folds} folds of the tuned half, {name}: {measure(one, gold)}", flush=True)


def measure(scores: NDArray[np.float32], gold: NDArray[np.bool_]) -> str:
    """recall@1 / recall@5 / MRR@10; gold that was not proposed counts as missed, ties against us."""
    best = np.where(gold, scores, -np.inf).max(axis=1)
    ranks = (np.where(gold, -np.inf, scores) >= best[:, None]).sum(axis=1) + 1
    ranks[~gold.any(axis=1)] = 10**6
    return f"{(ranks <= 1).mean():.4f} / {(ranks <= 5).mean():.4f} / {np.where(ranks <= 10, 1 / ranks, 0).mean():.4f}"


if __name__ == "__main__":
    main()
