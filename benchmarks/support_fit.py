"""Fit the weights of rag/grounding/verdict.py on the tuning set, and say what folds of it give.

    .venv/bin/python benchmarks/support_fit.py DATA=train.jsonl

Sentences over one passage stay in one fold. Figures of agreement are held to weights of at least zero, all others to
at most zero. A stitched sentence counts as unsupported with a weight of 0.3: it is "partly" at best, but no invention.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from support_check import Case, load_cases  # noqa: E402

from rag.grounding.facts import fact_differences  # noqa: E402
from rag.grounding.plain import folded_claim  # noqa: E402
from rag.grounding.reading import read  # noqa: E402
from rag.grounding.relations import relation_differences  # noqa: E402
from rag.grounding.support import CLEARLY, candidates, copied, forgiven, without_lead_in  # noqa: E402
from rag.grounding.verdict import figures  # noqa: E402

if TYPE_CHECKING:
    from numpy.typing import NDArray

HELPS, FREE = ("score", "said"), ("english",)
RIDGE, STITCHED, FOLDS, ROUNDS = 5.0, 0.3, 8, 2


@dataclass(frozen=True, slots=True)
class Row:
    """A sentence: its places that nothing contradicts (n, features), or word for word."""

    case: Case
    table: NDArray[np.float64]
    verbatim: bool


def rows(cases: Sequence[Case]) -> tuple[list[Row], list[str]]:
    """What the check sees of each case."""
    made, names = [], []
    for case in cases:
        claimed = without_lead_in(case.sentence)
        claim, note = read(claimed), read(case.passage)
        context = read(case.context) if case.context else None
        if copied(folded_claim(claimed), claim, note, None) is not None:
            made.append(Row(case, np.zeros((0, 0)), True))
            continue
        table, denied, refuted = [], 0.0, []
        for one in candidates(claim, note, context):
            window = (one.window.start, one.window.end)
            if any(window[0] <= start and end <= window[1] for start, end in refuted):
                continue
            named, found = figures(claim, note, window, context, one.score)
            found += fact_differences(claim, note, window, context) + relation_differences(claim, note, window, context)
            if found and not forgiven(found, one.score):
                refuted.append(window)
                denied = max(denied, one.score)
            elif one.score > denied - CLEARLY:
                table.append(list(named.values()))
                names = list(named)
        made.append(Row(case, np.array(table), False))
    return made, names


def fit(examples: Sequence[Row], names: Sequence[str]) -> tuple[NDArray[np.float64], float]:
    """Weights (features,) and bias: logistic regression with signs, by projected gradient; the best place of each."""
    examples = [row for row in examples if len(row.table)]
    truth = np.array([row.case.label == "faithful" for row in examples], dtype=float)
    counts = np.array([STITCHED if row.case.label == "stitched" else 1.0 for row in examples])
    low = np.array([-np.inf if name not in HELPS else 0.0 for name in names])
    high = np.array([np.inf if name in HELPS + FREE else 0.0 for name in names])
    chosen = [0] * len(examples)
    weights, bias = np.zeros(len(names)), 0.0
    for _ in range(ROUNDS):
        table = np.array([row.table[place] for row, place in zip(examples, chosen, strict=True)])
        scale = np.maximum(table.std(axis=0), 0.02)
        scaled = table / scale
        step = 4.0 / (counts.sum() * max(1.0, (scaled**2).sum(axis=1).mean()))
        held, bias = np.zeros(len(names)), 0.0
        for _ in range(4000):
            chance = 1 / (1 + np.exp(-(scaled @ held + bias)))
            error = counts * (chance - truth)
            held = np.clip(held - step * (scaled.T @ error + 2 * RIDGE * held), low, high)
            bias -= step * error.sum()
        weights = held / scale
        chosen = [int(np.argmax(row.table @ weights)) for row in examples]
    return weights, float(bias)


def odds(row: Row, weights: NDArray[np.float64], bias: float) -> float:
    """Log-odds of a sentence at its best place."""
    if row.verbatim:
        return np.inf
    return float((row.table @ weights).max()) + bias if len(row.table) else -np.inf


def main() -> None:
    """Fit, report what folds give at several thresholds, print the weights."""
    data = Path(sys.argv[1].removeprefix("DATA=")) if len(sys.argv) > 1 else None
    examples, names = rows(load_cases("tuning", data))
    groups = sorted({_passage(row.case) for row in examples})
    fold = {group: number % FOLDS for number, group in enumerate(np.random.default_rng(0).permutation(groups))}
    found = np.zeros(len(examples))
    for number in range(FOLDS):
        apart = [row for row in examples if fold[_passage(row.case)] != number]
        weights, bias = fit(apart, names)
        for place, row in enumerate(examples):
            if fold[_passage(row.case)] == number:
                found[place] = odds(row, weights, bias)
    labels = np.array([row.case.label for row in examples])
    sources = np.array([row.case.source for row in examples])
    for threshold in (-0.2, 0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2):
        told = []
        for source in ("", *dict.fromkeys(sources)):
            part = (labels != "stitched") & ((sources == source) | (source == ""))
            called = part & (found >= threshold)
            right = (labels[called] == "faithful").sum()
            faithful = (labels[part] == "faithful").sum()
            told.append(f"{source or 'all'} {right / max(1, called.sum()):.3f} {right / max(1, faithful):.3f}")
        print(f"{threshold:5.1f} precision, recall:", "; ".join(told))
    weights, bias = fit(examples, names)
    print({name: round(float(weight), 2) for name, weight in zip(names, weights, strict=True)}, round(bias, 2))


def _passage(case: Case) -> str:
    return case.source + re.sub(r"-[^-]*$", "", case.id)


if __name__ == "__main__":
    main()
