"""Grow the trees of rag/grounding/verdict.py on the tuning set, and say what folds of it give.

    pip install lightgbm
    .venv/bin/python benchmarks/support_fit.py DATA=train.jsonl COURSES=folder [--out rag/grounding/support_trees.json]

Sentences over one passage stay in one fold. Every place that is looked at counts, all places of a sentence as much as
one. Figures of agreement may only help, what contradicts may only harm. A stitched sentence counts as unsupported with
a weight of 0.4: it is "partly" at best, but no invention. Beside them stand statements made of KLUE-MRC's questions
over passages of which no set has a sentence, and near copies (benchmarks/support_statements.py). LightGBM grows the
trees and is not needed to use them.
"""

from __future__ import annotations

import argparse
import importlib
import json
import random
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from support_check import KINDS, NOTES, Case, case_of, folders, interval, lines, load_cases, rows_of  # noqa: E402
from support_statements import copies, statements  # noqa: E402

from rag.grounding.calibration import Row as Told  # noqa: E402
from rag.grounding.calibration import auroc, fit  # noqa: E402
from rag.grounding.plain import folded_claim  # noqa: E402
from rag.grounding.reading import read  # noqa: E402
from rag.grounding.support import SUPPORTED_AT, candidates, check, copied, examined, without_lead_in  # noqa: E402
from rag.grounding.verdict import nearly_copied  # noqa: E402
from rag.text import normalise  # noqa: E402

if TYPE_CHECKING:
    from numpy.typing import NDArray

STITCHED, FOLDS, DIGITS = 0.4, 8, 4
STATEMENTS, COPIES = 1500, 400
OF_STATEMENTS, OF_COPIES = 0.18, 0.08
# For each booster its seed and rounds, and whether it sees statements. They help with freer words and cost where a
# sentence is nearly a copy; the mean of both kinds is better than either.
BOOSTERS = ((1, 260, False), (2, 260, False), (3, 350, True))
SHAPE: dict[str, Any] = {
    "objective": "binary",
    "num_leaves": 7,
    "max_depth": 4,
    "learning_rate": 0.05,
    "min_data_in_leaf": 30,
    "min_sum_hessian_in_leaf": 1.0,
    "feature_fraction": 0.3,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 8.0,
    "num_threads": 1,
    "verbose": -1,
    "deterministic": True,
}
# The sentences that are put to a generator: written last, by many hands.
NEWEST = ("answers_klue", "answers_courses", "more_klue", "more_courses")
HELPS = frozenset(
    "score said copied last_verb near in_order run bigrams slots_agree topic_good worst0_strength worst1_strength "
    "worst2_strength worst0_near worst1_near worst2_near order_agrees".split()
)
HARMS = re.compile(
    r".*_(?:against|differs|opposed)|contradicts|differs|unmatched(?:_share)?|missing_(?:names|nouns|verbs)|blurred"
    r"|denials_differ|inverted|rivalled|usurped|exchanged|filled|one_replaced|turned_round|broken_roles|elsewhere"
    r"|topics?_bad|slots_conflict|conflicts|units_missing|order_turned|opposed_nearby|numbers_missing|denied(?:_inside)?"
    r"|(?:subject|object|other)_(?:subject|object|of|other|missing)"
)


@dataclass(frozen=True, slots=True)
class Row:
    """A sentence with the figures of its places, or word for word; `weight` beside one of the hand-written."""

    case: Case
    places: Sequence[Mapping[str, float]]
    verbatim: bool
    weight: float = 1.0


def seen(case: Case, weight: float = 1.0) -> Row:
    """What the check sees of a case."""
    claimed = without_lead_in(case.sentence)
    claim, note = read(claimed), read(case.passage)
    context = read(case.context) if case.context else None
    if copied(folded_claim(claimed), claim, note, None) is not None:
        return Row(case, [], True, weight)
    figures, _ = examined(candidates(claim, note, context), claim, note, context)
    return Row(case, figures, False, weight)


def made(data: Path, count: int) -> list[Case]:
    """Statements about passages of KLUE-MRC of which neither set has a sentence."""
    draw = random.Random(5)
    asked = draw.sample(_unknown(data), count)  # a question gives two statements at most
    cases = []
    for row, sentence, label, span in statements(asked):
        named = {"id": f"{row['guid']}-{label[0]}", "label": label, "sentence": sentence}
        cases += case_of(named, normalise(row["context"]), row["title"], [span], "statements")
    return draw.sample(cases, min(count, len(cases)))


def near_copies(data: Path, count: int) -> list[Case]:
    """Copies with another ending, out of the same passages and the sample notes."""
    draw = random.Random(6)
    titles = {normalise(row["context"]): row["title"] for row in draw.sample(_unknown(data), count // 4)}
    titles |= {normalise(note.read_text(encoding="utf-8")): note.stem for note in sorted(NOTES.glob("*.md"))}
    cases = []
    for text, title in titles.items():
        for said, span in copies(text):
            cases += case_of({"id": "-f", "label": "faithful", "sentence": said}, text, title, [span], "copies")
    return draw.sample(cases, min(count, len(cases)))


def _unknown(data: Path) -> list[dict[str, Any]]:
    """Questions over passages of which neither set has a sentence."""
    files = [file for file, kind in KINDS.items() if kind == "klue"]
    known = {row["guid"] for file in files for row in rows_of(file)}
    rows = lines(data)
    texts = {row["context"] for row in rows if row["guid"] in known}
    return [row for row in rows if row["context"] not in texts]


def grow(examples: Sequence[Row], beside: Sequence[Row], names: Sequence[str]) -> list[Any]:
    """All boosters, on the examples and, some of them, the statements beside."""
    lightgbm = importlib.import_module("lightgbm")
    signs = [1 if name in HELPS else -1 if HARMS.fullmatch(name) else 0 for name in names]
    grown = []
    for seed, rounds, all_rows in BOOSTERS:
        rows = [row for row in (*examples, *beside) if row.places and (all_rows or row.case.source != "statements")]
        table = np.array([[place[name] for name in names] for row in rows for place in row.places])
        truth = np.array([row.case.label == "faithful" for row in rows for _ in row.places], dtype=float)
        worth = [row.weight * (STITCHED if row.case.label == "stitched" else 1.0) / len(row.places) for row in rows]
        counts = np.repeat(worth, [len(row.places) for row in rows])
        shape = SHAPE | {"monotone_constraints": signs, "seed": seed}
        grown.append(lightgbm.train(shape, lightgbm.Dataset(table, truth, weight=counts), rounds))
    return grown


def odds(row: Row, grown: Sequence[Any], names: Sequence[str]) -> float:
    """Log-odds of a sentence at its best place."""
    if row.verbatim:
        return np.inf
    if not row.places:
        return -np.inf
    table = np.array([[place[name] for name in names] for place in row.places])
    return float(np.mean([booster.predict(table, raw_score=True) for booster in grown], axis=0).max())


def as_json(grown: Sequence[Any], names: Sequence[str]) -> str:
    """The mean of the boosters, as rag/trees.py reads it; figures that no tree asks for are left out."""
    trees = [_tree(one["tree_structure"], len(grown)) for b in grown for one in b.dump_model()["tree_info"]]
    used = sorted({feature for tree in trees for feature in tree["feature"]})
    for tree in trees:
        tree["feature"] = [used.index(feature) for feature in tree["feature"]]
    return json.dumps({"features": [names[n] for n in used], "trees": trees}, separators=(",", ":"))


def _tree(root: Mapping[str, Any], share: int) -> dict[str, list[Any]]:
    """One tree as arrays; leaves are named -1, -2, ... in order."""
    tree: dict[str, list[Any]] = {"feature": [], "threshold": [], "left": [], "right": [], "value": []}

    def add(node: Mapping[str, Any]) -> int:
        if "leaf_value" in node:
            tree["value"].append(round(node["leaf_value"] / share, DIGITS + 1))
            return -len(tree["value"])
        place = len(tree["feature"])
        tree["feature"].append(node["split_feature"])
        tree["threshold"].append(float(f"{node['threshold']:.{DIGITS + 3}g}"))
        tree["left"].append(0)
        tree["right"].append(0)
        tree["left"][place], tree["right"][place] = add(node["left_child"]), add(node["right_child"])
        return place

    add(root)
    return tree


def out_of_fold(examples: Sequence[Row], beside: Sequence[Row], names: Sequence[str]) -> NDArray[np.float64]:
    """Log-odds of each sentence by trees that were grown on other passages; `beside` helps in every fold."""
    groups = sorted({_passage(row.case) for row in examples})
    fold = {group: number % FOLDS for number, group in enumerate(np.random.default_rng(0).permutation(groups))}
    found = np.zeros(len(examples))
    for number in range(FOLDS):
        grown = grow([row for row in examples if fold[_passage(row.case)] != number], beside, names)
        for place, row in enumerate(examples):
            if fold[_passage(row.case)] == number:
                found[place] = odds(row, grown, names)
    return found


def tell(examples: Sequence[Row], found: NDArray[np.float64]) -> None:
    """Print precision and recall at several thresholds, over all and for each file."""
    labels = np.array([row.case.label for row in examples])
    sources = np.array([row.case.source for row in examples])
    for threshold in np.arange(-0.4, 2.3, 0.2):
        told = []
        for source in ("", *dict.fromkeys(sources)):
            part = (labels != "stitched") & ((sources == source) | (source == ""))
            called = part & (found >= threshold)
            right, faithful = (labels[called] == "faithful").sum(), (labels[part] == "faithful").sum()
            told.append(f"{source or 'all'} {right / max(1, called.sum()):.3f} {right / max(1, faithful):.3f}")
            if not source:
                told[-1] += f" {interval(int(right), int(called.sum()))[0]:.3f}.."
        print(f"{threshold:5.1f} precision, recall:", "; ".join(told))


def weigh(model: str, examples: Sequence[Row], found: NDArray[np.float64], limit: int) -> None:
    """Print what the model's yes is worth beside words that were grown on other passages; see crosscheck.py.

    Sentences are drawn from the newest of the tuning set, stitched ones left out.
    """
    from benchmarks.cross_check import heard

    places = [
        n
        for n, row in enumerate(examples)
        if row.case.source in NEWEST and row.case.label != "stitched" and np.isfinite(found[n])
    ]
    places = random.Random(9).sample(places, min(limit, len(places)))
    cases = [examples[n].case for n in places]
    checked = [(case, check(case.sentence, case.passage, context=case.context)) for case in cases]
    said = heard(model, checked)
    told = [
        (float(found[n]), float(np.log(yes / (1 - yes))), case.label == "faithful")
        for n, yes, case in zip(places, said, cases, strict=True)
        if yes is not None and 0 < yes < 1
    ]
    words, model_says, right = (np.array(column) for column in zip(*told, strict=True))
    weights = fit([Told({"words": w, "model": m}, bool(yes), "ko") for w, m, yes in told], ridge=0.3)
    ours, theirs = weights.weights["words"], weights.weights["model"]
    weight, bias = theirs / ours, weights.bias / ours
    print(f"{len(right)} sentences: WEIGHT {weight:.2f}, BIAS {bias:.2f} beside words that count {ours:.2f}")
    both = words + weight * model_says + bias
    for name, odds_of in (("words", words), ("model", model_says), ("both", both)):
        print(f"  AUROC of {name}: {auroc(odds_of[right], odds_of[~right]):.3f}")
    for threshold in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9):
        called = 1 / (1 + np.exp(-both)) >= threshold
        print(f"  both at least {threshold}: {right[called].mean():.3f} {called[right].mean():.3f}")


def main() -> None:
    """Read, grow on everything that is not reported, write; report what folds give."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("where", nargs="+", help="DATA=path of KLUE-MRC as JSON lines, COURSES=folder of both courses")
    parser.add_argument("--out", type=Path, help="the file to write")
    parser.add_argument("--cross-check", metavar="M", help="weigh a generator's yes too: a folder, or an id of the hub")
    parser.add_argument("--limit", type=int, default=300, help="so many sentences are put to it")
    args = parser.parse_args()
    data, courses = folders(args.where)
    if data is None or courses is None:
        raise SystemExit("Trees are grown on sentences over KLUE-MRC and over courses: DATA= and COURSES= are needed.")
    examples = [seen(case) for case in load_cases("tuning", data, courses)]
    beside = [seen(case, OF_STATEMENTS) for case in made(data, STATEMENTS)]
    drawn = [seen(case, OF_COPIES) for case in near_copies(data, 2 * COPIES)]
    beside += drawn[:COPIES]
    names = sorted(next(row.places[0] for row in examples if row.places))
    grown = grow(examples, beside, names)
    if args.out:
        args.out.write_text(as_json(grown, names) + "\n", encoding="utf-8")
    print(f"{FOLDS} folds of {len(examples)} sentences, by passage")
    found = out_of_fold(examples, beside, names)
    tell(examples, found)
    if args.cross_check:
        weigh(args.cross_check, examples, found, args.limit)
    said = [row.verbatim or any(map(nearly_copied, row.places)) for row in drawn[COPIES:]]
    held = [yes or odds(row, grown, names) >= SUPPORTED_AT for row, yes in zip(drawn[COPIES:], said, strict=True)]
    print(f"{len(held)} other near copies: {np.mean(said):.3f} told by rule, {np.mean(held):.3f} supported")


def _passage(case: Case) -> str:
    return case.source + re.sub(r"-[^-]*$", "", case.id)


if __name__ == "__main__":
    main()
