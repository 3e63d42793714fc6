"""Progress of a run on standard error: rate, time left, running means."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from eval.results import Result

SHOWN = ("recall@5", "contains", "citation_recall")


class Bar:
    """A line that is rewritten in place; `done` counts as already there."""

    def __init__(self, total: int, done: Iterable[Result], shown: bool) -> None:
        from tqdm import tqdm

        self._sums: dict[str, list[float]] = {name: [] for name in SHOWN}
        before = list(done)
        self._bar = tqdm(
            total=total,
            initial=len(before),
            file=sys.stderr,
            unit="q",
            disable=not shown,
            dynamic_ncols=True,
            # In a log file every redraw is a line of its own.
            mininterval=0.2 if sys.stderr.isatty() else 10.0,
        )
        for result in before:
            self._take(result)

    def count(self, result: Result) -> None:
        """One more result."""
        self._take(result)
        means = {name: sum(values) / len(values) for name, values in self._sums.items() if values}
        self._bar.set_postfix({name: f"{mean:.3f}" for name, mean in means.items()}, refresh=False)
        self._bar.update()

    def step(self) -> None:
        """One more of something that has no result."""
        self._bar.update()

    def _take(self, result: Result) -> None:
        for name, values in self._sums.items():
            if (value := result.scores.get(name)) is not None:
                values.append(value)

    def close(self) -> None:
        """Leave the last state on the terminal."""
        self._bar.close()
