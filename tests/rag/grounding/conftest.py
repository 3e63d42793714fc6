from collections.abc import Callable

import pytest

from rag.types import Chunk, Passage

MakePassage = Callable[..., Passage]


@pytest.fixture
def passage() -> MakePassage:
    """Passages as the retriever hands them over: `text` stands at `start` of its document."""

    def make(text: str, *, number: int = 1, start: int = 0, title: str = "", heading: str = "") -> Passage:
        chunk = Chunk(f"chunk-{number}", f"doc-{number}", start, start + len(text), text, heading, 1)
        return Passage(chunk, number, 1.0 / number, start, start + len(text), text, f"week/{number}.md", title)

    return make
