"""An answer's text, as it streams, becomes sentences that point at the passages' own words.

Takes the generator's pieces and the passages it read; gives back text that is final once emitted,
with verified markers, and the citations behind them. Markers that the generator wrote are hints,
never trusted. Knows nothing of the generator, the index or the wire.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rag.grounding.attribution import Attributor, claims_something
from rag.grounding.markers import Marker, MarkerScanner
from rag.grounding.support import Check, check
from rag.text import sentences
from rag.types import Citation, CitationFound, Passage, Sentence, Support, TokenWritten

__all__ = ["Check", "Citer", "check"]

# What strict mode leaves out: words that the notes don't say, or say otherwise.
_WITHHELD: frozenset[Support] = frozenset(["unsupported", "altered"])
_FENCES = ("```", "~~~")
_CLOSING = ".,!?;:)。！？"
_ENDS = re.compile(r"""[.!?。！？…]+["'”’」』》〉)\]*`_]*$""")
# For finding a sentence's end, emphasis and code marks are closing quotes: "**끝이다.** 다음".
_AS_QUOTES = str.maketrans("*`_", "'''")
_NAMED_NUMBER = re.compile(
    r"(?:식|그림|표|단계|절|장|방법|예제?|eqs?|equations?|figs?|figures?|tables?|sections?|steps?)\.?\s*$",
    re.IGNORECASE,
)


class Citer:
    """Streaming attribution of one answer: feed it, close it once, then read the results.

    Text streams through at once, except what may become a marker; a sentence's verified markers
    follow its full stop, " [1]", each announced by CitationFound just before it is written for the
    first time. With `strict` a sentence is held until it ends, and left out when the passages don't
    support it or say otherwise. `question` only tells equal places apart.
    """

    def __init__(self, passages: Sequence[Passage], *, strict: bool = False, question: str = "") -> None:
        self._attributor = Attributor(passages, question)
        self._known = len(passages)
        self._strict = strict
        self._scanner = MarkerScanner()
        self._body = ""  # the sentence so far, as it is shown
        self._lead = ""  # what comes between the last sentence and this one
        self._gap = ""  # white space and table bars behind the body, not yet decided
        self._hints: list[int] = []  # passages that markers of this sentence name
        self._next_hints: list[int] = []  # those of a marker that opens the next line
        self._marked = False  # a marker was taken out of the gap
        self._round: Marker | None = None  # "(1)": a marker only if the sentence ends behind it
        self._fence = ""
        self._written: list[str] = []
        self._length = 0
        self._start: int | None = None  # where the current sentence began in the text
        self._sentences: list[Sentence] = []
        self._closed = False

    @property
    def text(self) -> str:
        """The answer so far: every TokenWritten joined."""
        return "".join(self._written)

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """Sentences of `text`, in order; together they hold every character that is not white space."""
        return tuple(self._sentences)

    @property
    def citations(self) -> tuple[Citation, ...]:
        """Citations in order of their markers, 1, 2, 3 ..."""
        return self._attributor.citations

    def feed(self, piece: str) -> Iterator[TokenWritten | CitationFound]:
        """Take the next piece of the generator's text; yields what can be shown now."""
        # Character by character, so that how the text was cut into pieces cannot matter.
        yield from _joined(event for character in piece for event in self._push(character))

    def close(self) -> Iterator[TokenWritten | CitationFound]:
        """Say that the text is over; yields what was still held back, and nothing a second time."""
        if not self._closed:
            self._closed = True
            yield from _joined(self._last())

    def _last(self) -> Iterator[TokenWritten | CitationFound]:
        held = self._scanner.close()
        if self._round is not None:
            yield from self._decide_round(held[:1])
        for character in held:
            yield from self._take(character)
        if self._body:
            yield from self._finish()
        if self._start is not None and self._start < self._length:  # the answer ends with a heading or a rule
            if self._sentences:
                self._sentences[-1] = replace(self._sentences[-1], end=self._length)
            else:
                self._sentences.append(Sentence(self._start, self._length, "unsupported", ()))

    def _push(self, character: str) -> Iterator[TokenWritten | CitationFound]:
        literal = bool(self._fence) or self._body.count("`") % 2 == 1
        for item in self._scanner.feed(character, literal=literal):
            if self._round is not None:
                yield from self._decide_round(item if isinstance(item, str) else "")
            if isinstance(item, Marker):
                self._mark(item)
            else:
                yield from self._take(item)

    def _mark(self, marker: Marker) -> None:
        if marker.round:
            self._round = marker
        elif "\n" in self._gap or not self._body:
            self._next_hints += marker.numbers
        else:
            self._hints += marker.numbers
            self._marked = True

    def _decide_round(self, following: str) -> Iterator[TokenWritten | CitationFound]:
        """A "(1)" is a marker if it names a passage, closes its sentence and numbers nothing: "식 (1)"."""
        marker, self._round = self._round, None
        assert marker is not None
        ends = following in ("", "\n", *".!?") or (following.isspace() and _ENDS.search(self._body))
        if ends and self._body and 1 <= marker.numbers[0] <= self._known and not _NAMED_NUMBER.search(self._body):
            self._hints += marker.numbers
            self._marked = True
        else:
            for character in marker.written:
                yield from self._take(character)

    def _take(self, character: str) -> Iterator[TokenWritten | CitationFound]:
        """One character of text proper."""
        if self._fence:
            yield from self._take_code(character)
        elif character.isspace() or (character == "|" and self._body):
            if self._body:
                self._gap += character
            elif self._length or self._lead:
                self._lead += character
        else:
            if self._body and self._ends_before(character):
                yield from self._finish()
            yield from self._extend(character)
            if self._body in _FENCES:
                self._fence = self._body

    def _take_code(self, character: str) -> Iterator[TokenWritten | CitationFound]:
        last_line = self._body.rpartition("\n")[2].strip()
        if character == "\n" and "\n" in self._body and last_line.startswith(self._fence) and not last_line.strip("`~"):
            self._fence, self._gap = "", "\n"
            yield from self._finish()
        else:
            self._body += character
            yield from self._show(character)

    def _ends_before(self, character: str) -> bool:
        if "\n" in self._gap:
            return True
        if not _ENDS.search(self._body):
            return False
        if self._marked:
            return True
        text = (self._body + self._gap + character).translate(_AS_QUOTES)
        return sentences(text)[-1].start == len(text) - 1

    def _extend(self, character: str) -> Iterator[TokenWritten | CitationFound]:
        gap, self._gap = self._gap, ""
        if self._marked:
            self._marked = False
            gap = re.sub(r"\s+", " ", gap) if character not in _CLOSING else gap.strip()
        if not self._body:
            self._hints, self._next_hints = self._next_hints, []
        self._body += gap + character
        yield from self._show(gap + character)

    def _show(self, text: str) -> Iterator[TokenWritten | CitationFound]:
        if not self._strict:
            yield self._write(text)

    def _write(self, text: str) -> TokenWritten:
        lead, self._lead = self._lead, ""
        if self._start is None:
            self._start = self._length + len(lead) - len(lead.lstrip())
        self._length += len(lead) + len(text)
        self._written.append(lead + text)
        return TokenWritten(lead + text)

    def _finish(self) -> Iterator[TokenWritten | CitationFound]:
        """The sentence in `_body` is over: check it, write its markers, make room for the next."""
        body, gap, hints = self._body, self._gap, self._hints
        self._body, self._gap, self._hints, self._marked = "", "", [], False
        between = gap[gap.index("\n") :] if "\n" in gap else " "
        if not claims_something(body):  # a heading or a rule: it belongs to the sentence after it
            self._next_hints = hints + self._next_hints
            tail = self._marked_tail(body, gap, "")
            if self._strict:
                self._lead += body + tail + between
            else:
                if tail:
                    yield self._write(tail)
                self._lead = between
            return
        found = self._attributor.attribute(body, hints, withhold=_WITHHELD if self._strict else frozenset())
        if self._strict and found.support in _WITHHELD:
            self._lead = max(self._lead, between, key=lambda lead: (bool(lead.strip()), lead.count("\n")))
            return
        if self._strict:
            yield self._write(body)
        for citation in found.new:
            yield CitationFound(citation)
        markers = "".join(f"[{citation.marker}]" for citation in found.citations)
        tail = self._marked_tail(body, gap, markers)
        if tail:
            yield self._write(tail)
        numbers = tuple(citation.marker for citation in found.citations)
        assert self._start is not None
        self._sentences.append(Sentence(self._start, self._length, found.support, numbers, odds=found.odds))
        self._start, self._lead = None, between

    def _marked_tail(self, body: str, gap: str, markers: str) -> str:
        """What follows a sentence: markers stay out of code, and inside a table's last cell."""
        if body.startswith(_FENCES):
            closed = not self._fence
            fence, self._fence = self._fence, ""
            return ("" if closed else f"\n{fence}") + (f"\n{markers}" if markers else "")
        bars = gap.partition("\n")[0].rpartition("|")
        before = "".join(bars[:2]) if bars[1] else ""
        return (f" {markers} {before.strip()}" if before else f" {markers}") if markers else before


def _joined(events: Iterator[TokenWritten | CitationFound]) -> Iterator[TokenWritten | CitationFound]:
    """The same events, with neighbouring pieces of text as one."""
    pending = ""
    for event in events:
        if isinstance(event, TokenWritten):
            pending += event.text
            continue
        if pending:
            yield TokenWritten(pending)
            pending = ""
        yield event
    if pending:
        yield TokenWritten(pending)
