"""From results to numbers with intervals: a run's metrics, its slices, and gates on them.

Enters: results read back from a run. Leaves: for each metric {value, n, low, high}. The arithmetic
stands in intervals.py, the comparison of two runs in comparison.py. "Unscored" stays null, with the
commonest reason.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eval import intervals
from eval.intervals import Array, Interval
from eval.metrics import ANSWERABLE_SCORE, METRICS, RUN_METRICS
from eval.results import FAILURES, Result
from rag.errors import BadInput, GateNotMet

MEDIANS = ("first_token_ms", "total_ms")
RIGHT = "right"
"""Pseudo-metric of slices: the share of questions that came out right."""

_SLICE_METRICS = (
    RIGHT,
    "recall@1",
    "recall@5",
    "rr@10",
    "em_klue",
    "f1_korquad",
    "contains",
    "citation_recall",
    "supported",
)
_MOST_SLICE_VALUES = 20


def metrics(results: Sequence[Result], *, seed: int = 0) -> dict[str, dict[str, Any]]:
    """{value, n, low, high} by metric; null has `why`, the two durations have `p95` beside their median."""
    names = [metric.name for metric in METRICS if metric.name not in MEDIANS and metric.name != "abstain_auroc"]
    numerators, denominators = columns(results, names)
    found: dict[str, Interval | None] = dict(
        zip(names, intervals.ratios(numerators, denominators, seed=seed), strict=True)
    )
    sizes = dict(zip(names, (denominators > 0).sum(axis=0).tolist(), strict=True))
    scores, answerable = told_apart(results)
    found["abstain_auroc"], sizes["abstain_auroc"] = intervals.auroc(scores, answerable, seed=seed), len(scores)
    extra: dict[str, dict[str, float]] = {}
    for name in MEDIANS:
        values = [value for result in results if (value := result.scores.get(name)) is not None]
        found[name], sizes[name] = intervals.median(values), len(values)
        extra[name] = {"p95": float(np.quantile(values, 0.95))} if values else {}
    judged = {name for result in results for name in result.scores}
    return {
        metric.name: {
            **_entry(found[metric.name], int(sizes[metric.name])),
            **extra.get(metric.name, {}),
            **({} if found[metric.name] else {"why": _why(results, metric.name)}),
        }
        for metric in METRICS
        if metric.family != "judge" or metric.name in judged
    }


def columns(results: Sequence[Result], names: Sequence[str]) -> tuple[Array, Array]:
    """Numerators and denominators (n, names): a metric of the run is the ratio of the two sums."""
    numerators = np.zeros((len(results), len(names)))
    denominators = np.zeros((len(results), len(names)))
    for row, result in enumerate(results):
        for column, name in enumerate(names):
            pair = _share(result, name)
            if pair is not None:
                numerators[row, column], denominators[row, column] = pair
    return numerators, denominators


def _share(result: Result, name: str) -> tuple[float, float] | None:
    if name in ("abstain_precision", "abstain_recall"):
        if result.abstained is None:
            return None
        within = result.abstained if name == "abstain_precision" else result.is_impossible
        return float(result.abstained and result.is_impossible), float(within)
    if name == RIGHT:
        # Without an answer a question can only be lost, never come out right.
        return None if result.failure is None or result.abstained is None else (float(result.failure == RIGHT), 1.0)
    value = result.scores.get(name)
    return None if value is None else (value, 1.0)


def told_apart(results: Sequence[Result]) -> tuple[list[float], list[bool]]:
    """The score behind refusing and whether the question can be answered, where there is a score."""
    pairs = [
        (score, not result.is_impossible)
        for result in results
        if (score := result.scores.get(ANSWERABLE_SCORE)) is not None
    ]
    return [score for score, _ in pairs], [answerable for _, answerable in pairs]


def failures(results: Sequence[Result]) -> dict[str, int]:
    """How many questions went which way, in the order of FAILURES; `unscored` for the others."""
    found: Counter[str] = Counter(result.failure or "unscored" for result in results)
    return {name: found[name] for name in (*FAILURES, "unscored") if name in FAILURES or found[name]}


def steps(results: Sequence[Result]) -> dict[str, int]:
    """The way of the questions through the house, judged ones only.

    `answerable` = `not retrieved` + `wrongly refused` + `wrong answer` + `right`, and
    `unanswerable` = `rightly refused` + `answered`. Where no answers were asked for there is only
    `answerable` = `not retrieved` + `retrieved`.
    """
    if all(result.abstained is None for result in results):
        lost = sum(result.failure == "not retrieved" for result in results)
        known = sum(result.scores.get("recall@1") is not None for result in results)
        return {"answerable": known, "not retrieved": lost, "retrieved": known - lost}
    judged = [result for result in results if result.failure]
    can, cannot = ([result for result in judged if result.is_impossible is side] for side in (False, True))
    return {
        "answerable": len(can),
        "not retrieved": sum(result.failure == "not retrieved" for result in can),
        "wrongly refused": sum(result.failure == "retrieved, wrongly refused" for result in can),
        "wrong answer": sum(result.failure == "retrieved, wrong answer" for result in can),
        "right": sum(result.failure == "right" for result in can),
        "unanswerable": len(cannot),
        "rightly refused": sum(result.failure == "right" for result in cannot),
        "answered": sum(result.failure == "answered though unanswerable" for result in cannot),
        "unscored": len(results) - len(judged),
    }


def slices(
    results: Sequence[Result], groups: Mapping[str, Mapping[str, str]], *, seed: int = 0
) -> dict[str, dict[str, dict[str, Any]]]:
    """Metrics by slice and value: {"language": {"ko": {"n": 3, "recall@5": {value, ...}}}}.

    `groups` holds the slices by question id. A slice that puts everything in one group, or in more
    than 20, is left out.
    """
    names = sorted({name for result in results for name in groups.get(result.id, {})})
    cells: list[tuple[str, str, Array]] = []
    for name in names:
        values = [groups.get(result.id, {}).get(name, "") for result in results]
        kinds = Counter(value for value in values if value)
        if 2 <= len(kinds) <= _MOST_SLICE_VALUES:
            cells += [
                (name, kind, np.array([value == kind for value in values], float)) for kind, _ in kinds.most_common()
            ]
    if not cells:
        return {}
    top, bottom = columns(results, _SLICE_METRICS)
    found = intervals.ratios(
        np.hstack([top * members[:, None] for *_, members in cells]),
        np.hstack([bottom * members[:, None] for *_, members in cells]),
        seed=seed,
    )
    report: dict[str, dict[str, dict[str, Any]]] = {}
    for place, (name, kind, members) in enumerate(cells):
        entry: dict[str, Any] = {"n": int(members.sum())}
        for column, metric in enumerate(_SLICE_METRICS):
            interval = found[place * len(_SLICE_METRICS) + column]
            entry[metric] = _entry(interval, int((bottom[:, column] * members > 0).sum()))
        report.setdefault(name, {})[kind] = entry
    return report


@dataclass(frozen=True, slots=True)
class Gate:
    """A bound on a metric, spoken of its interval: `>=` of the lower end, `<=` of the upper."""

    metric: str
    operator: str
    bound: float

    def __str__(self) -> str:
        return f"{self.metric}{self.operator}{self.bound:g}"


_GATE = re.compile(r"\s*([a-z][a-z0-9_]*(?:@\d+)?)\s*(>=|<=|>|<)\s*(-?\d+(?:\.\d+)?)\s*")
_HOLDS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": lambda end, bound: end >= bound,
    ">": lambda end, bound: end > bound,
    "<=": lambda end, bound: end <= bound,
    "<": lambda end, bound: end < bound,
}


def parse_gate(text: str) -> Gate:
    """The gate that `text` spells: a metric's name, >=, >, <= or <, a number.

    Raises:
        BadInput: not of that form, or no such metric.
    """
    found = _GATE.fullmatch(text)
    if not found:
        raise BadInput(f'{text!r} is no gate. Expected a metric, >= or <=, and a number: "recall@5>=0.95".')
    known = [metric.name for metric in METRICS]
    if found[1] not in known:
        raise BadInput(f"No metric {found[1]}. There are: {', '.join(known)}.")
    return Gate(found[1], found[2], float(found[3]))


def check_gates(gates: Sequence[Gate], measured: Mapping[str, Mapping[str, Any]]) -> None:
    """Nothing if every gate holds at its metric's interval end.

    Raises:
        GateNotMet: one does not; the message names each such gate with value, interval and n.
    """
    missed = []
    for gate in gates:
        entry = measured.get(gate.metric, {})
        end = entry.get("low" if gate.operator.startswith(">") else "high")
        if end is None:
            missed.append(f"{gate}: unscored ({entry.get('why', 'not measured')}).")
        elif not _HOLDS[gate.operator](end, gate.bound):
            which = "lower" if gate.operator.startswith(">") else "upper"
            missed.append(
                f"{gate}: the {which} end of the interval is {end:.4g} "
                f"(value {entry['value']:.4g} [{entry['low']:.4g}, {entry['high']:.4g}], n {entry['n']})."
            )
    if missed:
        raise GateNotMet(f"{'A gate is' if len(missed) == 1 else 'Gates are'} not met. {' '.join(missed)}")


def _entry(interval: Interval | None, n: int) -> dict[str, Any]:
    if interval is None:
        return {"value": None, "n": 0, "low": None, "high": None}
    return {
        "value": round(interval.value, 6),
        "n": n,
        "low": round(interval.low, 6),
        "high": round(interval.high, 6),
    }


def _why(results: Sequence[Result], name: str) -> str:
    if name in RUN_METRICS:
        return _why_of_run(results, name)
    reasons = Counter(result.unscored[name] for result in results if name in result.unscored)
    return reasons.most_common(1)[0][0] if reasons else "nothing measured it"


def _why_of_run(results: Sequence[Result], name: str) -> str:
    if all(result.abstained is None for result in results):
        return "no answer was asked for"
    if name == "abstain_precision":
        return "no question was refused"
    if not any(result.is_impossible for result in results):
        return "the data set holds no question that cannot be answered"
    return "the answers carry no score behind refusing"
