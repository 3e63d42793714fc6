"""Grows the trees that rank spans: the even half of KLUE-MRC's documents -> rag/generation/span_trees.json.

    ask-notes --data-dir KLUE_INDEX ingest --klue-mrc DATA
    pip install lightgbm
    python -m benchmarks.span_fit DATA --data-dir KLUE_INDEX --out rag/generation/span_trees.json

The odd half, which `python -m benchmarks.extractive` reports, is not looked at. A question's spans compete in one
softmax; what is made likely are spans by the cube of their F1 against the gold answer. Of the spans that share little
with the answer a seeded sample is enough. Half of the trees draw their thresholds at random (Geurts et al., Extremely
Randomized Trees, 2006), the others seek the best ones; both halves count the same. LightGBM grows the trees and is not
needed to use them.
"""

from __future__ import annotations

import argparse
import importlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.extractive import halves
from eval.answers import f1_korquad
from rag.generation.asking import read_question
from rag.generation.candidates import read_candidates
from rag.generation.selection import ranked
from rag.generation.spans import SENTENCES, rows
from rag.types import Question

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from ingest.klue import KlueQuestion
    from rag.types import Passage

LOW, OTHERS, POWER, DIGITS = 0.3, 70, 3, 3
ROUNDS = 480
SHAPE = {
    "num_leaves": 15,
    "learning_rate": 0.09,
    "min_data_in_leaf": 30,
    "feature_fraction": 0.3,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 3.0,
    "max_bin": 63,
    "min_sum_hessian_in_leaf": 0.01,
    "num_threads": 2,
    "seed": 1,
    "verbose": -1,
}
# What each half of the trees changes of SHAPE; those that come first choose the rows that the others see.
KINDS: tuple[dict[str, object], ...] = ({"extra_trees": True, "feature_fraction": 0.5}, {})


def main() -> None:
    """Read the even half, grow, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="what --klue-mrc takes")
    parser.add_argument("--data-dir", type=Path, required=True, help="an index of the same data")
    parser.add_argument("--out", type=Path, required=True, help="the file to write")
    args = parser.parse_args()
    names, table, worth, sizes = read(halves(args.data, args.data_dir)[True])
    grown = [grow(table, worth, sizes, kind) for kind in KINDS]
    args.out.write_text(as_json(grown, names) + "\n", encoding="utf-8")


def read(
    asked: Sequence[tuple[KlueQuestion, list[Passage]]],
) -> tuple[list[str], NDArray[np.float32], NDArray[np.float32], list[int]]:
    """Names of features, rows (n, d), the F1 of each row, and how many rows each question has."""
    draw = np.random.default_rng(0)
    kept: list[dict[str, float]] = []
    worth: list[float] = []
    sizes: list[int] = []
    for question, passages in asked:
        reading = read_question(Question(question.question))
        everything = [c for place, passage in enumerate(passages) for c in read_candidates(place, passage)]
        found = list(rows(reading, ranked(reading, everything)[:SENTENCES], everything))
        scored = np.array([f1_korquad(c.text[s.start : s.end], question.answers) for c, s, _ in found])
        if not len(scored) or scored.max() < LOW:
            continue
        low = np.flatnonzero(scored < LOW)
        chosen = [*np.flatnonzero(scored >= LOW), *draw.permutation(low)[:OTHERS]]
        kept += [dict(found[i][2]) for i in chosen]
        worth += scored[chosen].tolist()
        sizes.append(len(chosen))
    names = sorted(set().union(*kept))
    table = np.array([[row.get(name, 0.0) for name in names] for row in kept], dtype=np.float32)
    return names, table, np.array(worth, dtype=np.float32), sizes


def grow(
    table: NDArray[np.float32], worth: NDArray[np.float32], sizes: Sequence[int], kind: Mapping[str, object]
) -> Any:
    """A LightGBM booster under a listwise softmax loss; `kind` overrides SHAPE."""
    try:
        lightgbm = importlib.import_module("lightgbm")
    except ModuleNotFoundError:
        raise SystemExit("lightgbm is not installed; it grows the trees. Run `pip install lightgbm`.") from None
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    question = np.repeat(np.arange(len(sizes)), sizes)
    aim = worth.astype(np.float64) ** POWER

    def loss(scores: NDArray[np.float64], _: object) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        odds = np.exp(scores - np.maximum.reduceat(scores, starts)[question])
        share = odds / np.add.reduceat(odds, starts)[question]
        right = share * aim
        return share - right / np.add.reduceat(right, starts)[question], np.maximum(share * (1 - share), 1e-4)

    shape = {**SHAPE, **kind, "objective": loss}
    return lightgbm.train(shape, lightgbm.Dataset(table, worth), num_boost_round=ROUNDS)


def as_json(grown: Sequence[Any], names: Sequence[str]) -> str:
    """The mean of the boosters, as rag/trees.py reads it; features that no tree asks for are left out."""
    share = 1 / len(grown)
    trees = [_flat(tree["tree_structure"], share) for one in grown for tree in one.dump_model()["tree_info"]]
    used = sorted({feature for tree in trees for feature in tree["feature"]})
    place = {feature: number for number, feature in enumerate(used)}
    for tree in trees:
        tree["feature"] = [place[feature] for feature in tree["feature"]]
    found = {"features": [names[feature] for feature in used], "trees": trees}
    return json.dumps(found, separators=(",", ":"))


def _flat(node: dict[str, Any], share: float) -> dict[str, list[Any]]:
    """One tree as rows, its leaves times `share`; a child that is a leaf is -1 minus its number."""
    flat: dict[str, list[Any]] = {name: [] for name in ("feature", "threshold", "left", "right", "value")}

    def add(node: dict[str, Any]) -> int:
        if "leaf_value" in node:
            flat["value"].append(round(share * float(node["leaf_value"]), DIGITS))
            return -len(flat["value"])
        number = len(flat["feature"])
        flat["feature"].append(node["split_feature"])
        # Rounded up or down, it must not change sides with the rows: kept to seven digits.
        flat["threshold"].append(float(f"{node['threshold']:.7g}"))
        flat["left"].append(0)
        flat["right"].append(0)
        flat["left"][number] = add(node["left_child"])
        flat["right"][number] = add(node["right_child"])
        return number

    add(node)
    return flat


if __name__ == "__main__":
    main()
