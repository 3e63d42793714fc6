"""The model's own yes or no on sentences that the words support: what it is asked about, and what its no does.

Takes an answer's sentences and citations, gives claims with the notes' words around their quotes; takes probabilities
of yes back and lowers verdicts. A no makes "supported" into "partly"; nothing is ever raised. Knows no model: who asks
is told what by `claims`, and may be anybody.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from rag.grounding.spans import layout
from rag.types import Citation, Claim, Passage, Sentence, Style

EXCERPT_CHARS = 600
_FENCES = ("```", "~~~")
_MARKER = re.compile(r"[ \t]*\[(\d{1,3})\]")


def claims(
    text: str,
    sentences: Sequence[Sentence],
    citations: Sequence[Citation],
    passages: Sequence[Passage],
    style: Style = "sentence",
) -> dict[int, Claim]:
    """What the model is asked, by the place of the sentence: each that is supported, save blocks of code.

    Code is supported letter for letter; a model that reads it as prose knows less. What is partly supported bears its
    mark already. In style `short` a sentence is a span and means nothing without the question.
    """
    by_chunk = {passage.chunk.chunk_id: passage for passage in passages}
    by_marker = {citation.marker: citation for citation in citations}
    found = {}
    for place, sentence in enumerate(sentences):
        said = text[sentence.start : sentence.end]
        if sentence.support != "supported" or said.lstrip().startswith(_FENCES):
            continue
        cited = [by_marker[marker] for marker in sentence.markers if marker in by_marker]
        excerpts = [excerpt(by_chunk[c.chunk_id], c.start, c.end) for c in cited if c.chunk_id in by_chunk]
        if excerpts:
            found[place] = Claim(
                _without(said, sentence.markers), tuple(dict.fromkeys(excerpts)), alone=style == "sentence"
            )
    return found


def excerpt(passage: Passage, start: int, end: int) -> str:
    """Heading and words of a passage around `start`..`end` of its document: whole sentences, about 600 characters."""
    low, high = max(0, start - passage.start), min(len(passage.text), end - passage.start)
    heading = " ".join((passage.chunk.heading or passage.title).split())
    low, high = around(passage.text, low, high)
    return f"{heading}\n{passage.text[low:high]}".strip()


def around(text: str, low: int, high: int) -> tuple[int, int]:
    """The range grown by whole sentences after and before, in turns, to 600 characters at most; itself never cut."""
    spans = layout(text).sentences
    starts = [start for start, _ in spans if start < low]
    ends = [end for _, end in spans if end > high][::-1]
    growing = True
    while growing:
        growing = False
        if ends and ends[-1] - low <= EXCERPT_CHARS:
            high, growing = ends.pop(), True
        if starts and high - starts[-1] <= EXCERPT_CHARS:
            low, growing = starts.pop(), True
    return low, high


def lowered(
    sentences: Sequence[Sentence],
    citations: Sequence[Citation],
    yes: Mapping[int, float | None],
    threshold: float,
) -> tuple[tuple[Sentence, ...], tuple[Citation, ...]]:
    """Sentences and citations once the model was heard; `yes` holds its probability by the place of the sentence.

    A supported sentence below `threshold` becomes partly supported, and so does a citation that no supported sentence
    carries any more. Each sentence that was asked about keeps the number as `model_yes`.
    """
    heard = []
    doubted: set[int] = set()
    for place, sentence in enumerate(sentences):
        sure = yes.get(place)
        if sure is not None:
            sentence = replace(sentence, model_yes=sure)
            if sure < threshold and sentence.support == "supported":
                sentence = replace(sentence, support="partly")
                doubted.update(sentence.markers)
        heard.append(sentence)
    held = {marker for sentence in heard if sentence.support == "supported" for marker in sentence.markers}
    return tuple(heard), tuple(
        replace(citation, support="partly")
        if citation.support == "supported" and citation.marker in doubted - held
        else citation
        for citation in citations
    )


def _without(text: str, markers: Sequence[int]) -> str:
    return _MARKER.sub(lambda found: "" if int(found[1]) in markers else found[0], text).strip()
