from __future__ import annotations

import random

import numpy as np
import pytest

from rag.generation.spans import span_trees
from rag.trees import Trees

TREE = {
    "features": ["a", "b"],
    "trees": [
        {"feature": [0, 1], "threshold": [1.5, 0.0], "left": [1, -3], "right": [-1, -2], "value": [10.0, 20.0, 30.0]},
        {"feature": [], "threshold": [], "left": [], "right": [], "value": [0.5]},
    ],
}


def walked(tree, row):
    """The same, a node at a time."""
    total = 0.0
    for one in tree["trees"]:
        at = 0 if one["feature"] else -1
        while at >= 0:
            left = row.get(tree["features"][one["feature"][at]], 0.0) <= one["threshold"][at]
            at = one["left" if left else "right"][at]
        total += one["value"][-1 - at]
    return total


@pytest.mark.parametrize(
    ("row", "score"),
    [({"a": 2.0}, 10.5), ({"a": 1.5}, 30.5), ({"a": 1.0, "b": 0.1}, 20.5), ({}, 30.5), ({"b": -1.0, "c": 9.0}, 30.5)],
)
def test_a_row_goes_left_at_or_below_the_threshold(row, score):
    assert Trees(TREE).scores([row]).tolist() == [score] == [walked(TREE, row)]


def test_no_rows_have_no_scores():
    assert Trees(TREE).scores([]).shape == (0,)


def test_those_that_ship_say_what_a_walk_says():
    trees = span_trees()
    shipped = _shipped()
    draw = random.Random(0)
    rows = [{name: draw.uniform(-2, 4) for name in trees.names} for _ in range(20)]
    assert trees.scores(rows) == pytest.approx([walked(shipped, row) for row in rows])
    assert np.isfinite(trees.scores([{}])).all()


def test_only_the_best_are_held_against_all_trees():
    trees = span_trees()
    draw = random.Random(1)
    rows = [{name: draw.uniform(-2, 4) for name in trees.names} for _ in range(20)]
    whole, some = trees.scores(rows), trees.scores(rows, keep=5)
    kept = np.isfinite(some)
    assert kept.sum() == 5
    assert some[kept] == pytest.approx(whole[kept])
    assert trees.scores(rows, keep=20) == pytest.approx(whole)


def _shipped():
    import json
    from pathlib import Path

    import rag.generation.spans as module

    return json.loads(Path(module.__file__).with_name("span_trees.json").read_text(encoding="utf-8"))
