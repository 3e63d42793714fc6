from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from rag.generation.engine import Engine
from rag.types import Chunk, Passage
from tests.rag.generation.scripted import ScriptedModel


@pytest.fixture
def passage() -> Callable[..., Passage]:
    """Makes passages: `passage(text)`, or with the matched part's span `matched=(start, end)` inside the text."""

    def make(
        text: str, *, number: int = 1, heading: str = "", matched: tuple[int, int] | None = None, at: int = 0
    ) -> Passage:
        start, end = matched or (0, len(text))
        chunk = Chunk(f"c{number}", f"d{number}", at + start, at + end, text[start:end], heading, 10)
        return Passage(chunk, number, 1.0 / number, at, at + len(text), text, f"note-{number}.md")

    return make


@pytest.fixture
def engine_for() -> Iterator[Callable[..., Engine]]:
    """Makes engines that are closed after the test."""
    engines: list[Engine] = []

    def make(model: ScriptedModel, *, queue_size: int = 4, deadline_s: float = 30.0, parallel: int = 1) -> Engine:
        engines.append(Engine(model, queue_size=queue_size, deadline_s=deadline_s, parallel=parallel))
        return engines[-1]

    yield make
    for engine in engines:
        if isinstance(engine.generator, ScriptedModel):
            engine.generator.let(1000)
        engine.close()
