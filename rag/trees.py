"""Boosted regression trees, read from plain JSON arrays: a row of numbers by name becomes a score.

Takes no library that grew them. A file holds `features` (names) and for each tree its nodes: `feature` (a number into
`features`), `threshold` (go left at or below it), `left` and `right` (a node, or -1 - leaf), and the leaves' `value`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_STEPS_AT_MOST = 64
# One tree in so many looks at every row.
_FIRST = 5


class Trees:
    """All trees in one row of nodes; leaves are nodes that lead to themselves."""

    def __init__(self, tree: Mapping[str, object]) -> None:
        names, grown = tree["features"], tree["trees"]
        assert isinstance(names, list) and isinstance(grown, list)
        self.names: tuple[str, ...] = tuple(names)
        feature: list[int] = []
        threshold: list[float] = []
        left: list[int] = []
        right: list[int] = []
        value: list[float] = []
        self.roots: list[int] = []
        for one in grown:
            base, inner = len(feature), len(one["feature"])
            self.roots.append(base)
            for child, into in ((one["left"], left), (one["right"], right)):
                into += [base + (c if c >= 0 else inner - 1 - c) for c in child]
                into += range(base + inner, base + inner + len(one["value"]))
            feature += [*one["feature"], *(0 for _ in one["value"])]
            threshold += [*one["threshold"], *(0.0 for _ in one["value"])]
            value += [*(0.0 for _ in one["feature"]), *one["value"]]
        self.feature, self.left, self.right = (np.array(row, dtype=np.intp) for row in (feature, left, right))
        self.threshold, self.value = np.array(threshold), np.array(value)

    def scores(self, rows: Sequence[Mapping[str, float]], keep: int = 0) -> NDArray[np.float64]:
        """The sum over all trees for each row, shape (n,); a name that a row lacks is 0.

        With `keep`, the first trees see all rows, the others only the best so many; the rest score -inf.
        """
        table = np.array([[row.get(name, 0.0) for name in self.names] for row in rows]).reshape(-1, len(self.names))
        if not keep or len(rows) <= keep:
            return self._sum(table, self.roots)
        few = self.roots[: len(self.roots) // _FIRST]
        first = self._sum(table, few)
        best = np.sort(np.argsort(-first, kind="stable")[:keep])
        total = np.full(len(rows), -np.inf)
        total[best] = first[best] + self._sum(table[best], self.roots[len(few) :])
        return total

    def _sum(self, table: NDArray[np.float64], roots: Sequence[int]) -> NDArray[np.float64]:
        here = np.tile(np.array(roots, dtype=np.intp), (len(table), 1))  # (n, trees)
        across = np.arange(len(table))[:, None]
        for _ in range(_STEPS_AT_MOST):
            goes_left = table[across, self.feature[here]] <= self.threshold[here]
            there = np.where(goes_left, self.left[here], self.right[here])
            if np.array_equal(there, here):
                break
            here = there
        total: NDArray[np.float64] = self.value[here].sum(axis=1)
        return total


@lru_cache(maxsize=4)
def grown(path: Path) -> Trees:
    """The trees of a file, read once a process."""
    return Trees(json.loads(path.read_text(encoding="utf-8")))
