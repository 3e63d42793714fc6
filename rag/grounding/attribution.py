"""One sentence, several passages: which of them supports it, and which marker that quote carries.

Takes sentences of an answer with the passages the generator named for them; keeps the numbering of
citations for one answer. Knows nothing of streaming.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.grounding.plain import fold, plain
from rag.grounding.reading import read
from rag.grounding.support import Check, examine
from rag.types import Citation, Passage, Support

MAX_MARKERS = 3
_HEADING = re.compile(r"\s*#{1,6}\s")
_FENCE_LINE = re.compile(r"\s*(?:```|~~~)")
_OPENING = "$*`_"
_CLOSING = "$*`_"


@dataclass(frozen=True, slots=True)
class Attribution:
    """What stands behind a sentence: the verdict, its citations, and those of them that are new."""

    support: Support
    citations: tuple[Citation, ...]
    new: tuple[Citation, ...]
    odds: float = -math.inf
    """The best of its quotes' log-odds, see `Check`."""


class Attributor:
    """Finds the quote for each sentence of one answer and numbers the quotes 1, 2, 3 ..."""

    def __init__(self, passages: Sequence[Passage], question: str = "") -> None:
        self._passages = tuple(passages)
        self._question = question
        self._citations: dict[tuple[int, int, int], Citation] = {}

    @property
    def citations(self) -> tuple[Citation, ...]:
        """Every citation so far, in order of markers."""
        return tuple(self._citations.values())

    def attribute(
        self, sentence: str, hints: Sequence[int], *, withhold: frozenset[Support] = frozenset()
    ) -> Attribution:
        """Verdict and citations; `hints` are 1-based passage numbers, unknown ones among them.

        A sentence with a verdict in `withhold` will not be shown: it uses up no marker.
        """
        hinted = [number - 1 for number in dict.fromkeys(hints) if 1 <= number <= len(self._passages)]
        checks = {place: self._check(sentence, place) for place in hinted}
        chosen = [place for place in hinted if checks[place].support == "supported"][:MAX_MARKERS]
        if not chosen:
            for place in range(len(self._passages)):
                if place not in checks:
                    checks[place] = self._check(sentence, place)
            best = max(checks, key=lambda place: (*_order(checks[place]), place in hinted, -place), default=None)
            chosen = [] if best is None or checks[best].support == "unsupported" else [best]
        if not chosen:
            return Attribution("unsupported", (), ())
        support = checks[chosen[0]].support
        if support in withhold:
            return Attribution(support, (), ())
        before = len(self._citations)
        cited = tuple(dict.fromkeys(self._cite(place, checks[place]) for place in chosen))
        odds = max(checks[place].odds for place in chosen)
        return Attribution(support, cited, tuple(c for c in cited if c.marker > before), odds)

    def _check(self, sentence: str, place: int) -> Check:
        passage = self._passages[place]
        if _FENCE_LINE.match(sentence):
            return _check_code(sentence, passage.text)
        context = f"{passage.title}\n{passage.chunk.heading}".strip()
        return examine(sentence, passage.text, context=context, near=self._question)

    def _cite(self, place: int, found: Check) -> Citation:
        passage = self._passages[place]
        start, end = _with_markup(passage.text, found.start, found.end)
        key = (place, start, end)
        if key not in self._citations:
            self._citations[key] = Citation(
                len(self._citations) + 1,
                passage.chunk.chunk_id,
                passage.chunk.doc_id,
                passage.source,
                passage.start + start,
                passage.start + end,
                passage.text[start:end],
                found.support,
            )
        return self._citations[key]


def _with_markup(text: str, start: int, end: int) -> tuple[int, int]:
    """Take in the signs that touch a quote's ends: a formula without its first $ is not the note's own."""
    while start > 0 and text[start - 1] in _OPENING:
        start -= 1
    while end < len(text) and text[end] in _CLOSING:
        end += 1
    return start, end


def claims_something(sentence: str) -> bool:
    """Whether there is anything to support: headings, fences, rules and "네." claim nothing."""
    if _FENCE_LINE.match(sentence):
        return "\n" in sentence.strip()
    if _HEADING.match(sentence) or not any(character.isalnum() for character in sentence):
        return False
    found = read(sentence)
    return bool(found.words or found.quantities)


def _order(found: Check) -> tuple[int, float]:
    rank = {"supported": 2, "partly": 1, "altered": 1, "unsupported": 0}[found.support]
    return rank, found.score


def _check_code(block: str, passage_text: str) -> Check:
    """Code is supported word for word or not at all: whole, else line by line."""
    lines = [line for line in block.splitlines() if line.strip() and not _FENCE_LINE.match(line)]
    note = fold(plain(passage_text))
    whole = fold(plain("\n".join(lines))).text
    pieces = [fold(plain(line)).text for line in lines]
    found = [piece for piece in pieces if piece and piece in note.text]
    wanted = whole if whole and whole in note.text else max(found, key=len, default="")
    if not wanted:
        return Check("unsupported", 0, 0, 0.0, "code that the note does not hold")
    place = note.text.index(wanted)
    share = len(found) / len(pieces)
    support: Support = "supported" if share == 1 or wanted == whole else "partly" if share >= 0.5 else "unsupported"
    return Check(support, *note.span(place, place + len(wanted)), share, "code")
