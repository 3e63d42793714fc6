"""How well does "the notes don't say" tell questions with an answer from those without? And what fits it.

    python -m benchmarks.refusing DATA --data-dir KLUE_INDEX NOTES_INDEX COURSES_INDEX [--fit] [--pictures FOLDER]

DATA is KLUE-MRC; the indexes hold KLUE-MRC, notes/ and the two courses of benchmarks/retrieval. Half of KLUE's
answerable questions are asked with their document taken away, every question about a course once with its chapter and
once without (in either language), and questions of KLUE are put to notes and courses too ("elsewhere"), as are forty
about everything else (benchmarks/refusals: "off-topic").

Documents are split in halves by their number, in the order in which questions first name them: even ones are fitted
on, odd ones reported. `--fit` prints weights and thresholds for rag/grounding/abstain.py. A threshold is the highest
that refuses at most 3 % of the answerable questions to KLUE-MRC (for English, that has none of those: to the course),
and 8 % of those to the sample notes and to the Korean courses, all of the even half. The lowest few of a small sample
lie too high: a threshold that rests on fewer than 100 questions is taken a third lower.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import floor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from eval.calibrating import Fitted, area, look_up_all
from eval.calibration_page import curve
from eval.dataset import Dataset, EvalQuestion, Evidence, select
from eval.loading import load
from rag.grounding.abstain import SHIPPED, SHIPPED_WITHOUT_IDF
from rag.grounding.calibration import Calibration, Language, Row, fit, risk_coverage, threshold_at
from rag.retrieval.retriever import NotesRetriever
from rag.settings import load as load_settings
from rag.wiring import LiveNotes

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
COURSES = ("korean_notes", "mixed", "hf_course_en")
ELSEWHERE = 120
# Sets with fewer questions of a kind are not shown: nothing can be read off them.
FEWEST = 5
MANY, FEW_LOWERED = 100, 2 / 3
# Share of answerable questions that a threshold may refuse, by set; the smallest threshold of them holds.
ALLOWED: Mapping[Language, Mapping[str, float]] = {
    "ko": {"klue": 0.03, "notes": 0.08, "korean-courses": 0.08},
    "en": {"english-course": 0.03, "notes": 0.08},
}


@dataclass(frozen=True, slots=True)
class Seen:
    """A question as it was looked up, the set it belongs to, and whether its document's number is even."""

    name: str
    question: str
    row: Row
    even: bool


def main() -> None:
    """Look everything up; fit and print, or print the table and draw the curves."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="KLUE-MRC, as --klue-mrc takes it")
    parser.add_argument("--data-dir", type=Path, nargs=3, required=True, metavar=("KLUE", "NOTES", "COURSES"))
    parser.add_argument("--limit", type=int, default=1100, help="a seeded sample of so many KLUE questions")
    parser.add_argument("--fit", action="store_true", help="fit weights and thresholds on the even half")
    parser.add_argument("--without-idf", action="store_true", help="count words without their rarity; KLUE alone")
    parser.add_argument("--pictures", type=Path, help="write risk-coverage curves of the odd half into this folder")
    args = parser.parse_args()

    retrievers = [LiveNotes(load_settings({"data_dir": str(folder)}).settings).retriever() for folder in args.data_dir]
    seen = list(everything(args.data, retrievers, args.limit, rarity=not args.without_idf))
    model = SHIPPED_WITHOUT_IDF if args.without_idf else SHIPPED
    if args.fit:
        model = fitted(seen)
        print(as_code(model))
    else:
        print(f"thresholds by the rule: {thresholds(model, seen)}, shipped: {dict(model.thresholds)}")
    print(f"\n{'fitted on' if args.fit else 'even half'}:")
    table([one for one in seen if one.even], model, None)
    print("\nreported, odd half:")
    table([one for one in seen if not one.even], model, args.pictures)


def everything(data: str, retrievers: Sequence[NotesRetriever], limit: int, *, rarity: bool) -> Iterable[Seen]:
    """All sets; without `rarity` KLUE alone."""
    klue_index, notes, courses = retrievers
    klue = load(data)
    # KLUE's own unanswerable rows have their passage at hand and a plausible answer in it: another task.
    klue = replace(klue, questions=tuple(question for question in klue.questions if not question.is_impossible))
    klue_half = halves(klue.questions)
    yield from _looked_up("klue", klue_index, select(klue, sample=limit), 0.5, klue_half, rarity)
    if not rarity:
        return
    own = load(str(ROOT / "notes" / "questions.jsonl"))
    yield from _looked_up("notes", notes, own, 0.0, halves(own.questions), True)
    about = [_wherever_said(ROOT / "benchmarks" / "retrieval" / f"{name}.jsonl", courses) for name in COURSES]
    course_half = halves([question for dataset in about for question in dataset.questions])
    for dataset in about:
        name = "english-course" if dataset.name == "hf_course_en" else "korean-courses"
        for share in (0.0, 1.0):
            yield from _looked_up(name, courses, dataset, share, course_half, True)
    for place, retriever in enumerate((notes, courses)):
        chosen = select(klue, sample=ELSEWHERE, seed=1 + place)
        asked = replace(chosen, questions=tuple(replace(q, is_impossible=True, evidence=()) for q in chosen.questions))
        yield from _looked_up("elsewhere", retriever, asked, 0.0, klue_half, True)
    nowhere = load(str(ROOT / "benchmarks" / "refusals" / "off_topic.jsonl"))
    for name, retriever in (("notes", notes), ("courses", courses)):
        yield from _looked_up(f"off-topic-to-{name}", retriever, nowhere, 0.0, halves(nowhere.questions), True)


def _looked_up(
    name: str, retriever: NotesRetriever, dataset: Dataset, share: float, even: dict[str, bool], rarity: bool
) -> Iterable[Seen]:
    found = look_up_all(retriever, dataset, share=share, k=retriever.k, rarity=rarity, told=lambda: None)
    for question, asked in zip(dataset.questions, found, strict=True):
        yield Seen(name, question.question, asked.row, even[question.id])


def halves(questions: Iterable[EvalQuestion]) -> dict[str, bool]:
    """Whether the first document that a question names has an even number; one that names none is its own."""
    numbers: dict[str, int] = {}
    even = {}
    for question in questions:
        first = question.evidence[0] if question.evidence else None
        about = first.doc_id or chapter(first.source or "") if first else question.id
        even[question.id] = numbers.setdefault(about, len(numbers)) % 2 == 0
    return even


def chapter(source: str) -> str:
    """The end of a path that the translations of a chapter share."""
    return "/".join(source.split("/")[-2:])


def _wherever_said(path: Path, retriever: NotesRetriever) -> Dataset:
    """Alternatives, and the chapters in other languages, as evidence too: taken away, all of them must be."""
    documents: dict[str, list[str]] = {}
    for document in retriever.index.documents():
        documents.setdefault(chapter(document.source), []).append(document.doc_id)
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    sources = {row["id"]: [item["source"] for item in [*row["evidence"], *row.get("alternatives", [])]] for row in rows}
    dataset = load(str(path))
    questions = []
    for question in dataset.questions:
        names = dict.fromkeys(chapter(source) for source in sources[question.id])
        others = tuple(Evidence("", doc_id, whole=True) for name in names for doc_id in documents[name])
        questions.append(replace(question, evidence=question.evidence + others))
    return replace(dataset, questions=tuple(questions))


def fitted(seen: Sequence[Seen]) -> Calibration:
    """Weights fitted on the even half of all but the sample notes, rounded; thresholds for what is left of them."""
    even = [one for one in seen if one.even]
    made = fit([one.row for one in even if one.name != "notes"])
    weights = {name: round(weight, 2) for name, weight in made.weights.items()}
    made = Calibration(weights, round(made.bias, 2), {})
    return replace(made, thresholds=thresholds(made, seen))


def thresholds(model: Calibration, seen: Sequence[Seen]) -> dict[Language, float]:
    """What the rule above gives for these weights, rounded down to two digits."""
    even = [one for one in seen if one.even]
    return {name: _threshold(model, even, name) for name in ALLOWED}


def _threshold(model: Calibration, seen: Sequence[Seen], language: Language) -> float:
    limits = []
    for name, share in ALLOWED[language].items():
        own = [one.row for one in seen if one.name == name and one.row.language == language and one.row.answerable]
        if own:
            limit = threshold_at(_scores(model, own), share)
            limits.append(limit if len(own) >= MANY else limit * FEW_LOWERED)
    return floor(100 * min(limits, default=0.0)) / 100


def as_code(model: Calibration) -> str:
    """A calibration as abstain.py writes it."""
    weights = "".join(f'        "{name}": {weight:.2f},\n' for name, weight in model.weights.items())
    thresholds = ", ".join(f'"{name}": {threshold:.2f}' for name, threshold in model.thresholds.items())
    return (
        f"Calibration(\n    weights={{\n{weights}    }},\n    bias={model.bias:.2f},\n"
        f"    thresholds={{{thresholds}}},\n)"
    )


def table(seen: Sequence[Seen], model: Calibration, pictures: Path | None) -> None:
    """A row a set and language: separation, refusals at 5 % false ones, and what the model's threshold gives."""
    print("| questions | with + without an answer | AUROC, 95 % | refused at 5 % false | false refusals | refused |")
    print("|---|---|---|---|---|---|")
    sets = {name: [one.row for one in seen if one.name == name] for name in dict.fromkeys(one.name for one in seen)}
    if elsewhere := sets.pop("elsewhere", []):
        sets["klue-and-elsewhere"] = sets.get("klue", []) + elsewhere
    # Their answerable questions are those of the set that they were put to.
    for mixed, answered in (("notes", "notes"), ("courses", "korean-courses"), ("courses", "english-course")):
        strange = sets.get(f"off-topic-to-{mixed}", [])
        if strange and answered in sets:
            own = [row for row in sets[answered] if row.answerable]
            sets[f"{answered}-and-off-topic"] = own + strange
    for mixed in ("notes", "courses"):
        sets.pop(f"off-topic-to-{mixed}", None)
    for name, rows in sets.items():
        for language in ALLOWED:
            own = [row for row in rows if row.language == language]
            answerable = sum(row.answerable for row in own)
            if min(answerable, len(own) - answerable) >= FEWEST:
                _row(f"{name}, {language}", own, model, language, pictures)


def _row(name: str, rows: Sequence[Row], model: Calibration, language: Language, pictures: Path | None) -> None:
    scores, yes = _scores(model, rows), np.array([row.answerable for row in rows])
    separation, low, high = area(scores, yes, 0)
    at_five, own = threshold_at(scores[yes], 0.05), model.thresholds[language]
    print(
        f"| {name} | {yes.sum()} + {(~yes).sum()} | {separation:.3f} [{low:.3f}, {high:.3f}] "
        f"| {(scores[~yes] < at_five).mean():.0%} "
        f"| {(scores[yes] < own).mean():.1%} | {(scores[~yes] < own).mean():.0%} |"
    )
    if pictures is not None and "off-topic" not in name:
        coverage, risk = risk_coverage(scores, ~yes)
        points = tuple({"coverage": float(c), "risk": float(r)} for c, r in zip(coverage, risk, strict=True))
        shown = Fitted(language, int(yes.sum()), int((~yes).sum()), separation, low, high, points=points)
        pictures.mkdir(parents=True, exist_ok=True)
        path = pictures / f"risk-coverage-{name.removesuffix(f', {language}')}{'' if language == 'ko' else '-en'}.svg"
        path.write_text(curve(shown, "en", alone=True) + "\n", encoding="utf-8")


def _scores(model: Calibration, rows: Sequence[Row]) -> NDArray[np.float64]:
    return np.array([model.probability(row.signals) for row in rows])


if __name__ == "__main__":
    main()
