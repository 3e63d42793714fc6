"""The model's own yes or no beside the words: what it is asked about, and what its answer does to a verdict.

Takes an answer's sentences and citations, gives claims with the quotes of the notes; takes probabilities of yes back
and weighs them together with the words. A sentence that stands in the note word for word is not asked about, nor one
whose words are too far off for any yes. Knows no model: who asks is told what by `claims`, and may be anybody.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from rag.types import Citation, Claim, Passage, Sentence, Style

# Log-odds by the words below which a yes is not enough.
ASKED_FROM = -4.0
# Log-odds of both together: words + WEIGHT * model + BIAS, by logistic regression on labelled sentences
# (benchmarks/support_fit.py --cross-check). Models lean to yes, which BIAS takes back.
WEIGHT, BIAS = 1.98, 0.21
_FENCES = ("```", "~~~")
_MARKER = re.compile(r"[ \t]*\[(\d{1,3})\]")
_SUREST = 1e-6


def claims(
    text: str,
    sentences: Sequence[Sentence],
    citations: Sequence[Citation],
    passages: Sequence[Passage],
    style: Style = "sentence",
) -> dict[int, Claim]:
    """What the model is asked, by the place of the sentence: each that has a quote, where its answer can matter.

    Code is supported letter for letter; a model that reads it as prose knows less. In style `short` a sentence is a
    span and means nothing without the question.
    """
    by_chunk = {passage.chunk.chunk_id: passage for passage in passages}
    by_marker = {citation.marker: citation for citation in citations}
    found = {}
    for place, sentence in enumerate(sentences):
        said = text[sentence.start : sentence.end]
        if not asked_about(sentence.odds) or said.lstrip().startswith(_FENCES):
            continue
        cited = [by_marker[marker] for marker in sentence.markers if marker in by_marker]
        excerpts = [excerpt(by_chunk[c.chunk_id], c) for c in cited if c.chunk_id in by_chunk]
        if excerpts:
            found[place] = Claim(
                _without(said, sentence.markers), tuple(dict.fromkeys(excerpts)), alone=style == "sentence"
            )
    return found


def asked_about(odds: float) -> bool:
    """Whether a model's answer can change the verdict that words with these log-odds gave."""
    return ASKED_FROM <= odds < math.inf


def excerpt(passage: Passage, citation: Citation) -> str:
    """A quote with the heading that it stands under, by which it may be understood."""
    heading = " ".join((passage.chunk.heading or passage.title).split())
    return f"({heading}) {citation.quote}".strip()


def together(odds: float, yes: float) -> float:
    """Probability that a sentence is supported: `odds` are log-odds by the words, `yes` the model's probability."""
    sure = min(max(yes, _SUREST), 1 - _SUREST)
    return 1 / (1 + math.exp(-(odds + WEIGHT * math.log(sure / (1 - sure)) + BIAS)))


def weighed(
    sentences: Sequence[Sentence],
    citations: Sequence[Citation],
    yes: Mapping[int, float | None],
    threshold: float,
) -> tuple[tuple[Sentence, ...], tuple[Citation, ...]]:
    """Sentences and citations once the model was heard; `yes` holds its probability by the place of the sentence.

    A sentence is supported where words and model together reach `threshold`. One that was supported by its words and
    does not reach it becomes partly supported. Citations follow the sentences that carry them. Each sentence that was
    asked about keeps the number as `model_yes`.
    """
    heard = []
    moved: set[int] = set()
    for place, sentence in enumerate(sentences):
        sure = yes.get(place)
        if sure is not None:
            sentence = replace(sentence, model_yes=sure)
            holds = together(sentence.odds, sure) >= threshold
            if holds != (sentence.support == "supported"):
                sentence = replace(sentence, support="supported" if holds else "partly")
                moved.update(sentence.markers)
        heard.append(sentence)
    held = {marker for sentence in heard if sentence.support == "supported" for marker in sentence.markers}
    return tuple(heard), tuple(
        replace(citation, support="supported" if citation.marker in held else "partly")
        if citation.marker in moved
        else citation
        for citation in citations
    )


def _without(text: str, markers: Sequence[int]) -> str:
    return _MARKER.sub(lambda found: "" if int(found[1]) in markers else found[0], text).strip()
