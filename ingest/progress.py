"""How a long job says where it is; the job knows this seam and no terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Progress(Protocol):
    """Receives the stages of a job."""

    @contextmanager
    def stage(self, name: str, total: int, unit: str) -> Iterator[Stage]:
        """A stage of `total` units; leaving the context ends it."""
        ...


class Stage(Protocol):
    """One stage of a job."""

    def advance(self, done: int) -> None:
        """That many more units are done."""
        ...


class Silent:
    """Says nothing."""

    @contextmanager
    def stage(self, name: str, total: int, unit: str) -> Iterator[Silent]:
        """A stage that says nothing."""
        yield self

    def advance(self, done: int) -> None:
        """Nothing to say."""


class Bars:
    """A bar a stage on standard error, with counts and rate."""

    @contextmanager
    def stage(self, name: str, total: int, unit: str) -> Iterator[_Bar]:
        """A bar that shows counts and rate while the context is open."""
        from tqdm import tqdm

        with tqdm(total=total, desc=name, unit=f" {unit}", file=sys.stderr, dynamic_ncols=True) as bar:
            yield _Bar(bar)


class _Bar:
    def __init__(self, bar: object) -> None:
        self._update = bar.update  # type: ignore[attr-defined]

    def advance(self, done: int) -> None:
        self._update(done)
