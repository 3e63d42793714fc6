"""How a long job says where it is; the job knows this seam and no terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol, TextIO


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
    """A bar a stage on a terminal, with counts and rate; in a file or a pipe a line a stage, when it ends."""

    def __init__(self, words: Mapping[str, str] | None = None, out: TextIO | None = None) -> None:
        """`words` puts names and units of stages into another language; `out` is standard error by default."""
        self._words = words or {}
        self._out = out

    @contextmanager
    def stage(self, name: str, total: int, unit: str) -> Iterator[Stage]:
        """Show counts and rate while the context is open, or say them at its end."""
        out = self._out or sys.stderr
        name, unit = self._words.get(name, name), self._words.get(unit, unit)
        if out.isatty():
            from tqdm import tqdm

            with tqdm(total=total, desc=name, unit=f" {unit}", file=out, dynamic_ncols=True) as bar:
                yield _Counter(bar.update)
        else:
            counter, began = _Counter(), time.perf_counter()
            try:
                yield counter
            finally:
                seconds = time.perf_counter() - began
                out.write(f"{name}: {counter.done:,}/{total:,} {unit}, {seconds:.1f} s\n")
                out.flush()


class _Counter:
    def __init__(self, shown: Callable[[int], object] | None = None) -> None:
        self.done = 0
        self._shown = shown

    def advance(self, done: int) -> None:
        self.done += done
        if self._shown is not None:
            self._shown(done)
