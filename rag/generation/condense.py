"""A follow-up question and what was said before -> one question that stands alone, by the generator.

Only as good as the generator and never waited for long: what comes late, empty or about something else is dropped,
and the caller's own query (made by rule) stays.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from rag.errors import Busy, Cancelled, GenerationFailed
from rag.text import latin_words, morphemes
from rag.types import Turn

LIMIT_S = 1.0
MAX_TOKENS = 48
_TURNS = 4
_LONGEST = 300
_TASK = (
    "Rewrite the last question so that it can be understood without the conversation. Keep its language and its terms. "
    "Write the question only, on one line."
)

Write = Callable[[Sequence[BaseMessage], threading.Event], Iterable[str]]


def condense(question: str, history: Sequence[Turn], by_rule: str, write: Write, *, limit_s: float = LIMIT_S) -> str:
    """The query to look up: what `write` makes of the messages within `limit_s`, else `by_rule`.

    `write` yields the generator's pieces and stops, with or without an error, once the event is set.
    """
    if not history:
        return by_rule
    late = threading.Event()
    timer = threading.Timer(limit_s, late.set)
    timer.start()
    written = ""
    try:
        for piece in write(messages(question, history), late):
            written += piece
            if "\n" in written.strip() or len(written) > _LONGEST:
                break
    except (Busy, Cancelled, GenerationFailed):
        return by_rule
    finally:
        timer.cancel()
    if late.is_set():
        return by_rule
    lines = written.strip().splitlines()
    query = lines[0].strip().strip('"“”') if lines else ""
    return query if query and len(query) <= _LONGEST and not _drifts(query, question, history) else by_rule


def messages(question: str, history: Sequence[Turn]) -> list[BaseMessage]:
    """What the generator is asked: the last turns, then the question."""
    said = "\n".join(f"{turn.role}: {turn.content}" for turn in history[-_TURNS:])
    return [SystemMessage(_TASK), HumanMessage(f"{said}\nuser: {question}\n\nQuestion that stands alone:")]


def _drifts(query: str, question: str, history: Sequence[Turn]) -> bool:
    """Whether it shares no content word with anything that was said."""
    said = _words(" ".join([question, *(turn.content for turn in history[-_TURNS:])]))
    return not _words(query) & said


def _words(text: str) -> set[str]:
    return {*morphemes(text), *latin_words(text)}
