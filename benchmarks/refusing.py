"""How well does "the notes don't say" tell questions with an answer from those without? And what fits it.

    python -m benchmarks.refusing DATA --data-dir KLUE_INDEX NOTES_INDEX COURSES_INDEX [--fit] [--pictures FOLDER]

DATA is KLUE-MRC; the indexes hold KLUE-MRC, notes/ and the two courses of benchmarks/retrieval. Half of KLUE's
answerable questions are asked with their document taken away, every question about a course (and the short ones about
the notes) once with its chapter and once without, in either language; English ones also with their whole course away,
so that only the Korean one is left, and questions of KLUE are put to notes and courses ("elsewhere"). Those of
benchmarks/refusals are about everything else ("off-topic") and about machine learning that is not in these notes
("near").

Documents are split in halves by their number, in the order in which questions first name them: weights are fitted on
even ones and reported on odd ones; the fresh questions and the near ones are reported only. `--fit` prints weights and
thresholds for rag/grounding/abstain.py. Korean is fitted first, its course questions and off-topic ones counted five
times and those from elsewhere three times, because KLUE-MRC has ten times as many; English starts from those weights. A
threshold is the highest that refuses at most 3 % of the answerable questions to even documents of KLUE-MRC, and 3 % of
the others that are not fresh, to sample notes and courses together, all of which it may see.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import floor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.refusal_sets import Seen, everything
from eval.calibrating import Fitted, area
from eval.calibration_page import curve
from rag.grounding.abstain import SHIPPED, SHIPPED_WITHOUT_IDF
from rag.grounding.calibration import Calibration, Language, Row, fit, risk_coverage, threshold_at
from rag.settings import load as load_settings
from rag.wiring import LiveNotes

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Sets with fewer questions of a kind are not shown: nothing can be read off them.
FEWEST = 5
FITTED_ON: Mapping[Language, Mapping[str, int]] = {
    "ko": {
        "klue": 1,
        "courses": 5,
        "short": 1,
        "elsewhere-notes": 3,
        "elsewhere-courses": 3,
        "off-notes": 5,
        "off-courses": 5,
    },
    "en": {"courses": 1, "short": 1, "off-notes": 1, "off-courses": 1},
}
ENGLISH_RIDGE = 8.0
# The encoder that comes with the package reads no Korean: those weights would rest on a handful of mixed questions.
BY_VECTORS = ("meaning", "ahead")
# Share of answerable questions that a threshold may refuse, of some sets together; the smallest of them holds.
ALLOWED: Mapping[Language, Mapping[str, float]] = {
    "ko": {"klue": 0.03, "notes short courses": 0.03},
    "en": {"notes short courses": 0.03},
}
# What is shown together: those with an answer, those without one, and whether even documents were fitted on.
SHOWN = (
    ("klue", "klue", "klue", True),
    ("klue-and-elsewhere", "klue", "klue elsewhere-notes elsewhere-courses", True),
    ("notes", "notes", "notes", False),
    ("notes-off-topic", "notes", "off-notes", True),
    ("notes-near-topic", "notes", "near-notes", False),
    ("courses", "courses", "courses", True),
    ("courses-fresh", "fresh", "fresh", False),
    ("short-fresh", "short-fresh", "short-fresh", False),
    ("courses-elsewhere", "courses fresh", "elsewhere-courses", True),
    ("courses-off-topic", "courses fresh", "off-courses", True),
    ("courses-near-topic", "courses fresh", "near-courses", False),
    ("courses-near-topic-absent-term", "courses fresh", "near-courses/absent-term", False),
    ("courses-near-topic-absent-fact", "courses fresh", "near-courses/absent-fact", False),
    ("courses-near-topic-off-topic", "courses fresh", "near-courses/off-topic", False),
)
PICTURED = frozenset(["klue", "klue-and-elsewhere", "notes", "courses", "courses-fresh", "courses-near-topic"])


def main() -> None:
    """Look everything up; fit and print, or print the tables and draw the curves."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="KLUE-MRC, as --klue-mrc takes it")
    parser.add_argument("--data-dir", type=Path, nargs=3, required=True, metavar=("KLUE", "NOTES", "COURSES"))
    parser.add_argument("--limit", type=int, default=800, help="a seeded sample of so many KLUE questions")
    parser.add_argument("--fit", action="store_true", help="fit weights on the even half, and thresholds")
    parser.add_argument("--without-idf", action="store_true", help="count words without their rarity; KLUE alone")
    parser.add_argument("--pictures", type=Path, help="write risk-coverage curves of what was not fitted on into here")
    args = parser.parse_args()

    retrievers = [LiveNotes(load_settings({"data_dir": str(folder)}).settings).retriever() for folder in args.data_dir]
    seen = list(everything(args.data, retrievers, args.limit, rarity=not args.without_idf))
    models: Mapping[Language, Calibration] = SHIPPED
    if args.without_idf:
        models = {"ko": SHIPPED_WITHOUT_IDF}
    if args.fit:
        # A caller without an index may have scores of any kind.
        korean = fitted(seen, "ko", skipped=(*BY_VECTORS, "likely") if args.without_idf else BY_VECTORS)
        models = {"ko": korean} if args.without_idf else {"ko": korean, "en": fitted(seen, "en", prior=korean)}
    for language, model in models.items():
        if args.fit:
            print(as_code(model))
        by_rule = threshold(model, seen, language)
        print(f"\n{language}: threshold {model.thresholds[language]:.2f}, by the rule {by_rule:.2f}; false refusals:\n")
        false_refusals(seen, model, language)
        print("\nWhat weights were not fitted on (odd documents, fresh and near questions):\n")
        table(seen, model, language, args.pictures)


def fitted(
    seen: Sequence[Seen], language: Language, *, skipped: Sequence[str] = (), prior: Calibration | None = None
) -> Calibration:
    """Weights fitted on the even half, rounded, 0 for those skipped; the threshold for what is left of them."""
    rows = []
    for one in seen:
        times = FITTED_ON[language].get(one.name, 0)
        if one.even and one.row.language == language:
            values = {name: value for name, value in one.row.signals.items() if name not in skipped}
            rows += [replace(one.row, signals=values)] * times
    # That some rows stand there several times makes the penalty so much weaker.
    made = fit(rows) if prior is None else fit(rows, prior=prior, ridge=ENGLISH_RIDGE)
    weights = {name: round(made.weights.get(name, 0.0), 2) for name in seen[0].row.signals}
    made = Calibration(weights, round(made.bias, 2), {})
    return replace(made, thresholds={language: threshold(made, seen, language)})


def threshold(model: Calibration, seen: Sequence[Seen], language: Language) -> float:
    """What the rule above gives for these weights, rounded down to two digits."""
    limits = []
    for name, share in ALLOWED[language].items():
        # Of KLUE-MRC there are enough to keep half of them for the report.
        own = [one.row for one in _of(seen, name, language, answerable=True) if one.even or name != "klue"]
        if own:
            limits.append(threshold_at(_scores(model, own), share))
    return floor(100 * min(limits, default=0.0)) / 100


def _of(seen: Sequence[Seen], names: str, language: Language, *, answerable: bool) -> list[Seen]:
    """The questions of some sets, "name" or "name/kind", separated by spaces."""
    wanted = names.split()
    return [
        one
        for one in seen
        if one.row.language == language
        and one.row.answerable == answerable
        and (one.name in wanted or f"{one.name}/{one.kind}" in wanted)
    ]


def as_code(model: Calibration) -> str:
    """A calibration as abstain.py writes it."""
    weights = "".join(f'        "{name}": {weight:.2f},\n' for name, weight in model.weights.items())
    thresholds = ", ".join(f'"{name}": {threshold:.2f}' for name, threshold in model.thresholds.items())
    return (
        f"Calibration(\n    weights={{\n{weights}    }},\n    bias={model.bias:.2f},\n"
        f"    thresholds={{{thresholds}}},\n)"
    )


def false_refusals(seen: Sequence[Seen], model: Calibration, language: Language) -> None:
    """Of each set of questions with an answer how many are refused, and of how many the search had found it."""
    print("| questions with an answer | asked | refused | of those, found by the search |")
    print("|---|---|---|---|")
    for name in ("klue", "notes", "short", "short-fresh", "courses", "fresh"):
        for half in (True, False) if name in ("klue", "courses") else (None,):
            own = [one for one in _of(seen, name, language, answerable=True) if half is None or one.even == half]
            if own:
                refused = _scores(model, [one.row for one in own]) < model.thresholds[language]
                found = sum(one.found for one, no in zip(own, refused, strict=True) if no)
                label = name if half is None else f"{name}, {'even' if half else 'odd'}"
                print(f"| {label} | {len(own)} | {refused.sum()} ({refused.mean():.1%}) | {found} |")


def table(seen: Sequence[Seen], model: Calibration, language: Language, pictures: Path | None) -> None:
    """A row a kind: separation, refusals at 5 % false ones, and what the model's threshold gives."""
    print("| questions | with + without an answer | AUROC, 95 % | refused at 5 % false | false refusals | refused |")
    print("|---|---|---|---|---|---|")
    for label, answered, unanswered, halved in SHOWN:
        yes, no = (
            # The fresh ones were never fitted on, whatever half they are in.
            [
                one
                for one in _of(seen, names, language, answerable=kind)
                if not (halved and one.even) or one.name == "fresh"
            ]
            for names, kind in ((answered, True), (unanswered, False))
        )
        if min(len(yes), len(no)) >= FEWEST:
            _row(label, yes, no, model, language, pictures)


def _row(
    label: str,
    yes: Sequence[Seen],
    no: Sequence[Seen],
    model: Calibration,
    language: Language,
    pictures: Path | None,
) -> None:
    scores = _scores(model, [one.row for one in (*yes, *no)])
    answerable = np.arange(len(scores)) < len(yes)
    separation, low, high = area(scores, answerable, 0)
    at_five, own = threshold_at(scores[answerable], 0.05), model.thresholds[language]
    print(
        f"| {label} | {len(yes)} + {len(no)} | {separation:.3f} [{low:.3f}, {high:.3f}] "
        f"| {(scores[~answerable] < at_five).mean():.0%} "
        f"| {(scores[answerable] < own).mean():.1%} | {(scores[~answerable] < own).mean():.0%} |"
    )
    if pictures is not None and label in PICTURED:
        coverage, risk = risk_coverage(scores, ~answerable)
        points = tuple({"coverage": float(c), "risk": float(r)} for c, r in zip(coverage, risk, strict=True))
        shown = Fitted(language, len(yes), len(no), separation, low, high, points=points)
        pictures.mkdir(parents=True, exist_ok=True)
        path = pictures / f"risk-coverage-{label}{'' if language == 'ko' else '-en'}.svg"
        path.write_text(curve(shown, "en", alone=True) + "\n", encoding="utf-8")


def _scores(model: Calibration, rows: Sequence[Row]) -> NDArray[np.float64]:
    return np.array([model.probability(row.signals) for row in rows])


if __name__ == "__main__":
    main()
