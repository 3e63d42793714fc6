"""The words inside a sentence that answer by themselves: a name, a number, a date, a reason, a definition.

Takes the best sentences and gives back one span of one of them. Candidates are noun phrases, quoted
titles and clauses of reason; boosted trees give each a probability, fitted on one half of KLUE-MRC's documents, and the
one that all of them together agree with most is taken. Knows no chat model and no markers.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rag.generation.asking import Asked, Morpheme, analyse_all
from rag.generation.candidates import Candidate
from rag.generation.selection import features
from rag.generation.span_context import Surroundings, wanted
from rag.generation.span_features import SpanReader, nominal
from rag.text import Span, language
from rag.trees import Trees, grown

if TYPE_CHECKING:
    from numpy.typing import NDArray

_JOINS = frozenset(["SS", "SSO", "SSC", "SP", "SO"])
_BOLD = re.compile(r"\*\*([^*\n]{1,60})\*\*")
_QUOTED = re.compile(r"""[“"‘'《〈「『`]([^”"’'》〉」』`]{1,60})[”"’'》〉」』`]""")
_CLAUSE_START = re.compile(r"[,.;]\s|(?:고|며|나|만|는데|은|는)\s")
_DEFINITION = re.compile(
    r"^(?P<topic>.{1,80}?)(?:은|는|란|이란)\s+(?P<said>.{4,}?)(?:을|를|이라고|라고)?\s*"
    r"(?:이다|입니다|말한다|말합니다|뜻한다|뜻합니다|의미한다|의미합니다)[.\s]*$"
)
_IS = re.compile(
    r"^(?P<topic>.{1,80}?)\s(?:is|are|was|were|means|refers to|denotes)\s+(?P<said>.{1,120}?)[.\s]*$", re.IGNORECASE
)
_BECAUSE = re.compile(r"(?P<topic>)\b(?P<said>(?:because|in order to|due to|so that|to avoid)\s.+?)[.\s]*$", re.I)
_ENGLISH_FORMS = {
    "many": re.compile(r"\d[\d,.]*(?:\s?(?:%|[A-Za-z]+))?(?<![.,])"),
    "when": re.compile(r"(?:[A-Z][a-z]+ \d{1,2}, )?\b(?:1\d|20)\d\d\b"),
    "who": re.compile(r"(?<!^)\b[A-Z][\w.]+(?: [A-Z][\w.]+)*"),
    "where": re.compile(r"(?<!^)\b[A-Z][\w.]+(?: [A-Z][\w.]+)*"),
}
_POINTS = re.compile(r"(?:이|그|저|그녀|당시|이[때것]|(?:이|그|저)\s?(?:때|곳|것|들|해|날|점|중))들?")
_TREES = Path(__file__).with_name("span_trees.json")
_MAX_WORDS = 6
SENTENCES = 8
# How many of the likeliest spans are heard.
_HEARD = 30
_WEIGHED = 90
# Set by hand: KLUE-MRC has neither.
_MARKUP = {"bold": 2.0, "formula": -3.0}
_OF_SENTENCE = (
    "relative",
    "with_before",
    "with_after",
    "continued",
    "after",
    "head",
    "early",
    "rank",
    "reach",
    "because",
    "number",
    "time",
)


def span_trees() -> Trees:
    """The trees that rank spans, fitted by benchmarks/span_fit.py; read at the first question."""
    return grown(_TREES)


def best_span(
    asked: Asked, candidates: Sequence[Candidate], everything: Sequence[Candidate] = ()
) -> tuple[Candidate, Span] | None:
    """The sentence and, in offsets into its text, the words of it that answer; None when none can be told.

    `candidates` are ranked, best first; `everything` are all of the passages, as they stand there.
    """
    if not candidates:
        return None
    best = candidates[0]
    said = _said(asked, best.text)
    if said is not None:
        return best, said
    looked = candidates[:SENTENCES]
    if language(best.text) == "en":
        # The weights were learnt on Korean: of an English sentence only what has the asked form is taken.
        form = _ENGLISH_FORMS.get(asked.kind)
        found = form.search(best.text) if form else None
        return (best, Span(*found.span())) if found else None
    spans = list(rows(asked, looked, everything or candidates))
    if not spans:
        return None
    scores = span_trees().scores([row for _, _, row in spans], keep=_WEIGHED)
    scores += [sum(weight * row[name] for name, weight in _MARKUP.items()) for _, _, row in spans]
    candidate, span, _ = spans[_agreed([c.text[s.start : s.end] for c, s, _ in spans], scores)]
    return candidate, span


def _agreed(texts: Sequence[str], scores: NDArray[np.float64]) -> int:
    """The span that shares most characters with the others, each by its probability.

    Source: Kumar and Byrne, Minimum Bayes-Risk Decoding, HLT-NAACL 2004, with the F1 that answers are scored by.
    """
    heard = np.argsort(-scores, kind="stable")[:_HEARD]
    odds = np.exp(scores[heard] - scores[heard[0]])
    letters = [Counter(character for character in texts[i].lower() if character.isalnum()) for i in heard]
    expected = [
        sum(share * _overlap(mine, other) for share, other in zip(odds, letters, strict=True)) for mine in letters
    ]
    return int(heard[int(np.argmax(expected))])


def _overlap(first: Counter[str], second: Counter[str]) -> float:
    """F1 of two bags of characters."""
    total = first.total() + second.total()
    return 2 * (first & second).total() / total if total else 0.0


def _said(asked: Asked, sentence: str) -> Span | None:
    """What the sentence says about the asked thing, where it has the plain form of a definition or a reason."""
    found = None
    if language(sentence) == "ko":
        found = _DEFINITION.search(sentence) if asked.kind == "define" else None
    elif asked.kind == "why":
        found = _BECAUSE.search(sentence)
    elif asked.kind in ("define", "what", "many"):
        found = _IS.search(sentence)
    if found is None:
        return None
    topic, names = found["topic"].lower(), [name for name in (*asked.terms, asked.head) if name]
    return Span(*found.span("said")) if not topic or any(name in topic for name in names) else None


def rows(
    asked: Asked, candidates: Sequence[Candidate], everything: Sequence[Candidate]
) -> Iterator[tuple[Candidate, Span, Mapping[str, float]]]:
    """Every span that could answer, with its features."""
    if not candidates:
        return
    peak = max(candidate.score for candidate in candidates)
    norm = peak + math.log(sum(math.exp(candidate.score - peak) for candidate in candidates))
    asks = wanted(asked, [c.text for c in everything])
    beside = {
        place: "\n".join(c.text.lower() for c in everything if c.place == place)
        for place in {c.place for c in candidates}
    }
    own = {(c.place, c.start): row for c, row in zip(everything, features(asked, everything), strict=True)}
    analysed = analyse_all([candidate.text for candidate in candidates])
    for number, (candidate, morphemes) in enumerate(zip(candidates, analysed, strict=True)):
        reader = SpanReader(asked, candidate.text, morphemes)
        around = Surroundings(asks, candidate, morphemes, beside[candidate.place])
        of_sentence = own.get((candidate.place, candidate.start), {})
        shared = {f"sentence_{name}": of_sentence.get(name, 0.0) for name in _OF_SENTENCE}
        shared |= {
            "sentence": candidate.score - norm,
            "sentence_score": candidate.score,
            "sentence_rank": float(number),
            "best_sentence": float(candidate.score == peak),
            "passage_rank": float(candidate.place),
        }
        for span in spans_of(asked, candidate.text, morphemes):
            yield candidate, span, reader.features(span) | around.features(span.start, span.end) | shared


def spans_of(asked: Asked, text: str, morphemes: Sequence[Morpheme]) -> list[Span]:
    """Noun phrases of at most six words that start and end where words do, quoted titles, clauses of reason."""
    found: dict[tuple[int, int], None] = {}
    for first, morpheme in enumerate(morphemes):
        glued = first > 0 and nominal(morphemes[first - 1]) and morphemes[first - 1].end >= morpheme.start
        if nominal(morpheme) and not glued:
            for last in _ends(text, morphemes, first):
                found[morpheme.start, morphemes[last].end] = None
    for quoted in _QUOTED.finditer(text):
        found[quoted.span()] = None
        found[quoted.span(1)] = None
    for bold in _BOLD.finditer(text):
        found[bold.span(1)] = None
    if asked.kind == "why":
        for reason in re.finditer("때문", text):
            starts = [0, *(start.end() for start in _CLAUSE_START.finditer(text[: reason.start()]))]
            for start in starts[-3:]:
                if reason.end() - start > 6:
                    found[start, reason.end()] = None
    return [Span(*span) for span in found if _tells(text[slice(*span)])]


def _tells(words: str) -> bool:
    """Whether it says something by itself: not "이 때", not half a bracket."""
    return not _POINTS.fullmatch(words) and all(
        words.count(opening) == words.count(closing) for opening, closing in ("()", "[]", "{}")
    )


def _ends(text: str, morphemes: Sequence[Morpheme], first: int) -> Iterator[int]:
    """Where a noun phrase that starts at `first` may end; it runs on over nouns, 의, 와 and brackets."""
    last, words = first, 1
    while words <= _MAX_WORDS:
        following = morphemes[last + 1] if last + 1 < len(morphemes) else None
        glued = following is not None and following.start <= morphemes[last].end
        if morphemes[last].tag not in ("MM", "XPN") and not (glued and following is not None and nominal(following)):
            yield last
        if following is None:
            return
        if nominal(following):
            last, words = last + 1, words + (not glued)
            continue
        goes_on = last + 2 < len(morphemes) and nominal(morphemes[last + 2])
        if goes_on and following.tag in ("JKG", "JC"):
            last, words = last + 2, words + 1
        elif goes_on and following.tag in _JOINS and text[following.start] not in '《〈“‘"':
            last, words = last + 2, words + (not glued)
        else:
            return
