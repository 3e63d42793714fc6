"""Intervals and tests on plain arrays: bootstrap, McNemar, Holm. Seeded, vectorised, NumPy only.

Everything here is a ratio of sums over questions: a mean is sum(value)/sum(scored), a precision
sum(hits)/sum(refusals). So one matrix of resampling counts, (resamples, questions), serves every
metric and every slice of a run at once, and two runs resampled by the same counts stay paired. This
module knows no metric by name and no file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import comb
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

RESAMPLES = 10_000
CONFIDENCE = 0.95
_BLOCK_CELLS = 2_000_000
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with the ends of its 95 % interval."""

    value: float
    low: float
    high: float


def counts(n: int, *, resamples: int = RESAMPLES, seed: int = 0) -> Iterator[Array]:
    """Blocks (b, n) of how often each of n questions is drawn; b adds up to `resamples`."""
    generator = np.random.default_rng(seed)
    block = max(1, min(resamples, _BLOCK_CELLS // max(n, 1)))
    for start in range(0, resamples, block):
        rows = min(block, resamples - start)
        drawn = generator.integers(0, n, (rows, n)) + np.arange(rows)[:, None] * n
        yield np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n).astype(np.float64)


def ratios(
    numerators: Array, denominators: Array, *, seed: int = 0, resamples: int = RESAMPLES
) -> list[Interval | None]:
    """BCa intervals of sum(numerator)/sum(denominator), a column each; arrays are (n, columns).

    None where the denominator is 0 throughout. Where all shares are 0 or all are 1 the bootstrap
    has nothing to resample and would claim certainty after three questions; the exact binomial
    bound stands in (Clopper and Pearson 1934).

    Source: Efron 1987, Better Bootstrap Confidence Intervals.
    """
    n, columns = numerators.shape
    if not n:
        return [None] * columns
    replicates = np.vstack(
        [
            _divided(weights @ numerators, weights @ denominators)
            for weights in counts(n, resamples=resamples, seed=seed)
        ]
    )
    top, bottom = numerators.sum(axis=0), denominators.sum(axis=0)
    left_out = _divided(top - numerators, bottom - denominators)
    found: list[Interval | None] = []
    for column in range(columns):
        if bottom[column] == 0:
            found.append(None)
            continue
        value = float(top[column] / bottom[column])
        scored = denominators[:, column] > 0
        shares = numerators[scored, column] / denominators[scored, column]
        if shares.min() == shares.max() and value in (0.0, 1.0):
            found.append(_one_sided(value, int(scored.sum())))
        else:
            low, high = bca(replicates[:, column], value, left_out[scored, column])
            found.append(Interval(value, low, high))
    return found


def mean(values: Sequence[float], *, seed: int = 0, resamples: int = RESAMPLES) -> Interval | None:
    """BCa interval of a mean; None without values."""
    column = np.asarray(values, dtype=np.float64)[:, None]
    return ratios(column, np.ones_like(column), seed=seed, resamples=resamples)[0]


def bca(replicates: Array, value: float, left_out: Array) -> tuple[float, float]:
    """Bias-corrected and accelerated ends from replicates and leave-one-out values.

    Falls back on plain percentiles where the correction is not defined: no spread, or an estimate
    outside all replicates.
    """
    replicates, left_out = replicates[~np.isnan(replicates)], left_out[~np.isnan(left_out)]
    tail = (1 - CONFIDENCE) / 2
    below = (np.mean(replicates < value) + np.mean(replicates <= value)) / 2
    deviations = left_out - left_out.mean() if len(left_out) else left_out
    spread = float((deviations**2).sum())
    if 0 < below < 1 and spread > 0:
        bias = _NORMAL.inv_cdf(float(below))
        acceleration = -float((deviations**3).sum()) / (6 * spread**1.5)
        shifted = [bias + _NORMAL.inv_cdf(level) for level in (tail, 1 - tail)]
        levels = [_NORMAL.cdf(bias + shift / (1 - acceleration * shift)) for shift in shifted]
    else:
        levels = [tail, 1 - tail]
    low, high = np.quantile(replicates, levels)
    return float(low), float(high)


def percentile(replicates: Array) -> tuple[float, float]:
    """The plain percentile ends of bootstrap replicates."""
    tail = (1 - CONFIDENCE) / 2
    low, high = np.nanquantile(replicates, [tail, 1 - tail])
    return float(low), float(high)


def median(values: Sequence[float]) -> Interval | None:
    """Median with the distribution-free interval between two order statistics; None without values.

    Source: Conover 1999, Practical Nonparametric Statistics, 3.2.
    """
    ranked = np.sort(np.asarray(values, dtype=np.float64))
    n = len(ranked)
    if not n:
        return None
    reach = _NORMAL.inv_cdf(1 - (1 - CONFIDENCE) / 2) * n**0.5 / 2
    low, high = max(0, int(np.floor(n / 2 - reach))), min(n - 1, int(np.ceil(n / 2 + reach)))
    return Interval(float(np.median(ranked)), float(ranked[low]), float(ranked[high]))


def auroc_statistic(scores: Sequence[float], positive: Sequence[bool]) -> Callable[[Array], Array]:
    """AUROC of resampled questions, as a function of their counts: (b, n) -> (b,); ties count half.

    Source: Mann and Whitney 1947; NaN where a resample holds one class only.
    """
    values, label = np.asarray(scores, dtype=np.float64), np.asarray(positive, dtype=bool)
    order = np.argsort(values, kind="stable")
    ranked = values[order]
    groups = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])

    def statistic(weights: Array) -> Array:
        ordered = weights[:, order]
        positives = np.add.reduceat(ordered * label[order], groups, axis=1)
        negatives = np.add.reduceat(ordered * ~label[order], groups, axis=1)
        beaten = np.cumsum(negatives, axis=1) - negatives / 2
        return _divided((positives * beaten).sum(axis=1), positives.sum(axis=1) * negatives.sum(axis=1))

    return statistic


def auroc(
    scores: Sequence[float], positive: Sequence[bool], *, seed: int = 0, resamples: int = RESAMPLES
) -> Interval | None:
    """AUROC with a percentile bootstrap interval over questions; None unless both classes occur."""
    if not any(positive) or all(positive):
        return None
    statistic = auroc_statistic(scores, positive)
    n = len(scores)
    replicates = np.concatenate([statistic(weights) for weights in counts(n, resamples=resamples, seed=seed)])
    return Interval(float(statistic(np.ones((1, n)))[0]), *percentile(replicates))


def p_value(differences: Array, observed: float) -> float:
    """Two-sided p of a bootstrapped difference: how often it strays from itself as far as from 0.

    Source: Davison and Hinkley 1997, Bootstrap Methods, 4.4, with their +1.
    """
    finite = differences[~np.isnan(differences)]
    return float((1 + np.sum(np.abs(finite - observed) >= abs(observed) - 1e-12)) / (1 + len(finite)))


def mcnemar(only_a: int, only_b: int) -> float:
    """Exact two-sided p for `only_a` questions right in A alone and `only_b` in B alone.

    Source: McNemar 1947, in its binomial form, which needs no large counts.
    """
    discordant = only_a + only_b
    tail = sum(comb(discordant, count) for count in range(min(only_a, only_b) + 1))
    return float(min(1.0, 2 * tail / 2**discordant))


def holm(p_values: Sequence[float]) -> list[float]:
    """P values adjusted for being several, in the order given.

    Source: Holm 1979, A Simple Sequentially Rejective Multiple Test Procedure.
    """
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for place, position in enumerate(sorted(range(len(p_values)), key=lambda index: p_values[index])):
        highest = max(highest, min(1.0, (len(p_values) - place) * p_values[position]))
        adjusted[position] = highest
    return adjusted


def _one_sided(value: float, n: int) -> Interval:
    bound = float(((1 - CONFIDENCE) / 2) ** (1 / n))
    return Interval(value, bound, 1.0) if value == 1.0 else Interval(value, 0.0, 1 - bound)


def _divided(top: Array, bottom: Array) -> Array:
    return np.divide(top, bottom, out=np.full_like(top, np.nan, dtype=np.float64), where=bottom > 0)
