"""Signals of a question become the probability that it can be answered: logistic regression in NumPy.

Takes rows of plain numbers, returns weights, a bias and a threshold for each language. Knows no
question, no passage and no file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rag.errors import BadDataset

Language = Literal["ko", "en"]
MIN_ROWS = 20
# Below this the two classes overlap so much that any threshold would be a guess.
MIN_AUROC = 0.65


@dataclass(frozen=True, slots=True)
class Row:
    """One question: its signals by name (the same names in every row) and whether it can be answered."""

    signals: Mapping[str, float]
    answerable: bool
    language: Language


@dataclass(frozen=True, slots=True)
class Calibration:
    """Probability = sigmoid(bias + sum of weight * signal); answer at or above the threshold."""

    weights: Mapping[str, float]
    bias: float
    thresholds: Mapping[Language, float]

    def probability(self, signals: Mapping[str, float]) -> float:
        """Probability 0..1 that a question with these signals can be answered."""
        z = self.bias + sum(weight * signals[name] for name, weight in self.weights.items())
        return float(1.0 / (1.0 + np.exp(-np.clip(z, -60.0, 60.0))))


def fit(
    rows: Sequence[Row],
    *,
    false_refusals: float = 0.05,
    ridge: float = 1.0,
    prior: Calibration | None = None,
    least: float = MIN_AUROC,
) -> Calibration:
    """Weights by maximum likelihood with an L2 penalty; thresholds that refuse few that can be answered.

    Each language's threshold refuses at most the share `false_refusals` of its answerable rows; a
    language with fewer than 20 rows takes the threshold of all. `ridge` penalises the weights of
    standardised signals; with a `prior` it penalises their distance from the prior's, so that few
    rows move it little. Separation below the AUROC `least` is refused.

    Raises:
        BadDataset: fewer than 20 rows, one class only, or classes that do not separate (AUROC under 0.65).

    Source: iteratively reweighted least squares; Hastie, Tibshirani, Friedman, The Elements of
    Statistical Learning, 2nd ed., section 4.4.1.
    """
    answerable = np.array([row.answerable for row in rows], dtype=np.float64)  # (n,)
    if len(rows) < MIN_ROWS or answerable.min() == answerable.max():
        raise BadDataset(
            f"Calibration needs {MIN_ROWS} questions or more, with and without an answer; found {len(rows)}, "
            f"{int(answerable.sum())} of them with one. Add questions of the missing kind."
        )
    names = list(rows[0].signals)
    signals = np.array([[row.signals[name] for name in names] for row in rows], dtype=np.float64)  # (n, d)
    mean, spread = signals.mean(axis=0), signals.std(axis=0)
    spread[spread == 0] = 1.0
    design = np.column_stack([np.ones(len(rows)), (signals - mean) / spread])  # (n, 1 + d)
    centre = np.zeros(design.shape[1])
    if prior is not None:
        centre[1:] = np.array([prior.weights[name] for name in names]) * spread
        centre[0] = prior.bias + mean @ (centre[1:] / spread)
    solved = _irls(design, answerable, ridge, centre)
    weights = solved[1:] / spread
    bias = float(solved[0] - weights @ mean)
    scores = 1.0 / (1.0 + np.exp(-np.clip(signals @ weights + bias, -60.0, 60.0)))
    separation = auroc(scores[answerable == 1], scores[answerable == 0])
    if separation < least:
        raise BadDataset(
            f"Questions with and without an answer do not separate: AUROC {separation:.2f}, {least} is the least. "
            "Check the labels; no threshold was set."
        )
    thresholds: dict[Language, float] = {}
    for language in ("ko", "en"):
        own = np.array([row.language == language and row.answerable for row in rows])
        if sum(row.language == language for row in rows) < MIN_ROWS or not own.any():
            own = answerable == 1
        thresholds[language] = threshold_at(scores[own], false_refusals)
    return Calibration(dict(zip(names, map(float, weights), strict=True)), bias, thresholds)


def _irls(
    design: NDArray[np.float64], target: NDArray[np.float64], ridge: float, centre: NDArray[np.float64]
) -> NDArray[np.float64]:
    penalty = np.full(design.shape[1], ridge)
    penalty[0] = 1e-9  # the bias is free
    solved = np.zeros(design.shape[1])
    for _ in range(50):
        expected = 1.0 / (1.0 + np.exp(-np.clip(design @ solved, -30, 30)))
        gradient = design.T @ (target - expected) - penalty * (solved - centre)
        curvature = (design * (expected * (1 - expected))[:, None]).T @ design + np.diag(penalty)
        step = np.linalg.solve(curvature, gradient)
        solved = solved + step
        if float(np.abs(step).max()) < 1e-8:
            break
    return solved


def threshold_at(answerable_scores: NDArray[np.float64], false_refusals: float) -> float:
    """Highest threshold that refuses (score below it) at most that share of answerable questions."""
    ordered = np.sort(answerable_scores)
    return float(ordered[int(np.floor(false_refusals * len(ordered)))])


def auroc(positive: NDArray[np.float64], negative: NDArray[np.float64]) -> float:
    """Probability that a positive scores above a negative, ties counting half.

    Source: Hanley and McNeil, Radiology 143 (1982), the Mann-Whitney form.
    """
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, side="left")
    up_to = np.searchsorted(ordered, positive, side="right")
    return float((below + up_to).mean() / (2 * len(negative)))


def risk_coverage(
    scores: NDArray[np.float64], wrong: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coverage (share answered) and risk (share wrong of those), answering the surest first.

    Returns two arrays of shape (n,): after 1, 2, ... n questions answered.

    Source: Geifman and El-Yaniv, Selective Classification for Deep Neural Networks, NeurIPS 2017.
    """
    order = np.argsort(-scores, kind="stable")
    count = np.arange(1, len(scores) + 1)
    return count / len(scores), np.cumsum(wrong[order]) / count
