"""Two runs, question by question: what is better, by how much, and is it more than chance.

Enters: two run folders. Leaves: a Comparison, in words and as JSON. Paired on the question:
bootstrap intervals for every difference, McNemar's test where scores are 0 or 1, Holm over all
metrics compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from eval import intervals, results, stats
from eval.intervals import Array
from eval.metrics import ANSWERABLE_SCORE, METRICS, Family, Metric, named
from eval.results import Result
from rag.errors import BadDataset

LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Difference:
    """One metric in both runs; `difference` is B - A, `shown` whether it outlasts Holm's correction."""

    metric: str
    family: Family
    a: float
    b: float
    difference: float
    low: float
    high: float
    n: int
    test: Literal["McNemar", "bootstrap"]
    p: float
    p_holm: float
    shown: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """B against A; `paired` questions occur in both, `notes` say what else differs."""

    a: str
    b: str
    paired: int
    differences: tuple[Difference, ...]
    verdict: str
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The whole comparison as one JSON document."""
        return asdict(self)

    def text(self, language: str = "en") -> str:
        """Verdict and one line a metric, for a terminal; `notes` are left to the caller."""
        counted, footnote = _WORDS[language]
        verdict = verdict_on(self.differences, language)
        lines = [f"A = {self.a}", f"B = {self.b}", counted.format(n=self.paired), "", verdict, ""]
        lines.append(f"{'metric':<20}{'A':>10}{'B':>10}{'B - A':>10}  {'95 % interval':<22}{'n':>6}  p (Holm)")
        for row in self.differences:
            metric = named(row.metric)
            interval = f"[{_number(row.low, metric, True)}, {_number(row.high, metric, True)}]"
            lines.append(
                f"{row.metric:<20}{_number(row.a, metric):>10}{_number(row.b, metric):>10}"
                f"{_number(row.difference, metric, True):>10}  {interval:<22}{row.n:>6}  {row.p_holm:.4f} {row.test}"
                f"{'  *' if row.shown else ''}"
            )
        return "\n".join([*lines, "", footnote])


_WORDS = {
    "en": ("{n:,} questions in both", "Shares in points of 100. * shown after Holm's correction at 0.05."),
    "ko": (
        "양쪽에 다 있는 질문 {n:,}개",
        "비율은 100점 만점입니다. * 는 홀름 보정 뒤에도 드러난 차이입니다(0.05).",
    ),
}


def compare_runs(a: Path, b: Path, *, seed: int = 0, resamples: int = intervals.RESAMPLES) -> Comparison:
    """Compare two finished runs on the questions they share.

    Raises:
        BadDataset: a folder holds no run, or they share no question.
    """
    first, second = results.read(a), results.read(b)
    others = {result.id: result for result in second.results}
    pairs = [(result, others[result.id]) for result in first.results if result.id in others]
    if not pairs:
        raise BadDataset(f"{first.name} and {second.name} share no question. Compare runs of the same data set.")
    tested = [
        found
        for metric in METRICS
        if (found := _difference(metric, [x for x, _ in pairs], [y for _, y in pairs], seed, resamples))
    ]
    adjusted = intervals.holm([row.p for row in tested])
    rows = tuple(
        Difference(**{**asdict(row), "p_holm": p, "shown": p < LEVEL}) for row, p in zip(tested, adjusted, strict=True)
    )
    names = (first.name, second.name) if first.name != second.name else (_shown(a), _shown(b))
    return Comparison(*names, len(pairs), rows, verdict_on(rows), _notes(first, second, len(pairs)))


def _difference(
    metric: Metric, a: Sequence[Result], b: Sequence[Result], seed: int, resamples: int
) -> Difference | None:
    """One row, not yet corrected; None if either run has no value.

    Durations are compared by their means, so that the difference of a question has a meaning.
    """
    if metric.name == "abstain_auroc":
        return _auroc(metric, a, b, seed, resamples)
    (top_a, bottom_a), (top_b, bottom_b) = (_column(run, metric.name) for run in (a, b))
    if metric.name != "abstain_precision":
        both = (bottom_a > 0) & (bottom_b > 0)
        top_a, bottom_a, top_b, bottom_b = top_a[both], bottom_a[both], top_b[both], bottom_b[both]
    # No value in a run, or a cost that neither run has (an extractive answer reads no tokens).
    if not bottom_a.sum() or not bottom_b.sum() or not (metric.unit == "share" or top_a.any() or top_b.any()):
        return None
    stacked = np.column_stack([top_a, bottom_a, top_b, bottom_b])
    sums = np.vstack([weights @ stacked for weights in intervals.counts(len(stacked), resamples=resamples, seed=seed)])
    with np.errstate(divide="ignore", invalid="ignore"):
        replicates = sums[:, 2] / sums[:, 3] - sums[:, 0] / sums[:, 1]
    value_a, value_b = float(top_a.sum() / bottom_a.sum()), float(top_b.sum() / bottom_b.sum())
    paired = metric.unit == "share" and metric.name != "abstain_precision"
    zero_or_one = paired and bool(np.isin(np.r_[top_a, top_b], (0.0, 1.0)).all())
    if zero_or_one:
        p = intervals.mcnemar(int((top_a > top_b).sum()), int((top_b > top_a).sum()))
    else:
        p = intervals.p_value(replicates, value_b - value_a)
    n = int(((bottom_a > 0) | (bottom_b > 0)).sum())
    return _row(metric, value_a, value_b, replicates, n, p, "McNemar" if zero_or_one else "bootstrap")


def _auroc(metric: Metric, a: Sequence[Result], b: Sequence[Result], seed: int, resamples: int) -> Difference | None:
    name = ANSWERABLE_SCORE
    both = [(x, y) for x, y in zip(a, b, strict=True) if None not in (x.scores.get(name), y.scores.get(name))]
    both = [(x, y) for x, y in both if x.is_impossible == y.is_impossible]
    runs = [stats.told_apart([pair[side] for pair in both]) for side in (0, 1)]
    if not both or len(set(runs[0][1])) < 2:
        return None
    statistic_a, statistic_b = (intervals.auroc_statistic(*run) for run in runs)
    replicates = np.concatenate(
        [
            statistic_b(weights) - statistic_a(weights)
            for weights in intervals.counts(len(both), resamples=resamples, seed=seed)
        ]
    )
    once = np.ones((1, len(both)))
    value_a, value_b = float(statistic_a(once)[0]), float(statistic_b(once)[0])
    p = intervals.p_value(replicates, value_b - value_a)
    return _row(metric, value_a, value_b, replicates, len(both), p, "bootstrap")


def _row(
    metric: Metric, a: float, b: float, replicates: Array, n: int, p: float, test: Literal["McNemar", "bootstrap"]
) -> Difference:
    low, high = intervals.percentile(replicates)
    return Difference(metric.name, metric.family, a, b, b - a, low, high, n, test, p, p, shown=False)


def _column(run: Sequence[Result], name: str) -> tuple[Array, Array]:
    top, bottom = stats.columns(run, [name])
    return top[:, 0], bottom[:, 0]


_VERBS: Mapping[Family, tuple[str, str, str, str]] = {
    "retrieval": ("retrieves better", "retrieval", "더 잘 찾습니다", "검색"),
    "answers": ("answers better", "answers", "더 잘 답합니다", "답변"),
    "citations": ("cites better", "citations", "더 잘 인용합니다", "인용"),
    "refusals": ("refuses better", "refusals", "더 잘 거절합니다", "거절"),
    "judge": ("is judged better", "the judge", "심사에서 앞섭니다", "심사"),
    "cost": ("costs less", "cost", "비용이 더 적습니다", "비용"),
}


def verdict_on(rows: Sequence[Difference], language: str = "en") -> str:
    """Such as: B retrieves better: recall@1 +1.8 points [0.9, 2.7]; answers: no difference shown."""
    parts = []
    korean = language == "ko"
    for family, words in _VERBS.items():
        better, noun = words[2:] if korean else words[:2]
        members = [row for row in rows if row.family == family]
        shown = [row for row in members if row.shown]
        if not members:
            continue
        if not shown:
            parts.append(f"{noun}: {'드러난 차이 없음' if korean else 'no difference shown'}")
            continue
        for winner in ("B", "A"):
            won = [row for row in shown if _winner(row) == winner]
            if won:
                who = f"{winner}가 {better}" if korean else f"{winner} {better}"
                parts.append(f"{who}: {_spelled(won[0], winner, korean)}")
    return "; ".join(parts) or ("비교할 것이 없습니다" if korean else "nothing to compare")


def _winner(row: Difference) -> str:
    return "B" if (row.difference > 0) == named(row.metric).higher_is_better else "A"


def _spelled(row: Difference, winner: str, korean: bool) -> str:
    """The difference as the winner's lead over the other."""
    metric = named(row.metric)
    sign = 1 if winner == "B" else -1
    low, high = sorted((sign * row.low, sign * row.high))
    points, tokens = ("점", "토큰") if korean else (" points", " tokens")
    unit = {"share": points, "ms": " ms", "tokens": tokens}[metric.unit]
    return (
        f"{row.metric} {_number(sign * row.difference, metric, True)}{unit} "
        f"[{_number(low, metric)}, {_number(high, metric)}]"
    )


def _number(value: float, metric: Metric, signed: bool = False) -> str:
    shown = f"{value * 100:.1f}" if metric.unit == "share" else f"{value:,.0f}"
    shown = shown.removeprefix("-") if float(shown.replace(",", "")) == 0 else shown
    return f"+{shown}" if signed and not shown.startswith("-") else shown


def _notes(a: results.Run, b: results.Run, paired: int) -> tuple[str, ...]:
    notes = []
    if a.frame.get("dataset", {}).get("digest") != b.frame.get("dataset", {}).get("digest"):
        notes.append("The two runs were made on different data sets; only the questions of the same id are compared.")
    for run in (a, b):
        if len(run.results) > paired:
            notes.append(f"{len(run.results) - paired} questions of {run.name} have no partner and are left out.")
        if unfinished := len(run.asked) - len(run.results):
            notes.append(f"{run.name} is not finished: {unfinished} questions have no result.")
    changed = sorted(_flat(a.frame.get("settings", {})).items() ^ _flat(b.frame.get("settings", {})).items())
    before, after = _flat(a.frame.get("settings", {})), _flat(b.frame.get("settings", {}))
    for name in dict.fromkeys(name for name, _ in changed):
        notes.append(f"Differs: {name} = {before.get(name, 'unset')} in A, {after.get(name, 'unset')} in B.")
    return tuple(notes)


def _flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in tree.items():
        found.update(_flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {prefix + key: str(value)})
    return found


def _shown(folder: Path) -> str:
    return "/".join(folder.parts[-2:])
