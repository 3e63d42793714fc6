"""The words inside a sentence that answer by themselves: a name, a number, a date, a reason, a definition.

Takes the best sentences and gives back one span of one of them. Candidates are noun phrases, quoted
titles and clauses of reason; they are ranked by a linear model over transparent features, fitted on
one half of KLUE-MRC's documents to the expected KorQuAD F1. Knows no chat model and no markers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from rag.generation.asking import Asked, Morpheme, analyse_all
from rag.generation.candidates import Candidate
from rag.generation.span_features import WEIGHTS, SpanReader, nominal
from rag.text import Span, language

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
_MAX_WORDS = 6
_SENTENCES = 6


def best_span(asked: Asked, candidates: Sequence[Candidate]) -> tuple[Candidate, Span] | None:
    """The sentence and, in offsets into its text, the words of it that answer; None when none can be told."""
    if not candidates:
        return None
    best = candidates[0]
    said = _said(asked, best.text)
    if said is not None:
        return best, said
    looked = candidates[:_SENTENCES]
    if language(best.text) == "en":
        # The weights were learnt on Korean: of an English sentence only what has the asked form is taken.
        form = _ENGLISH_FORMS.get(asked.kind)
        found = form.search(best.text) if form else None
        return (best, Span(*found.span())) if found else None
    scored = [
        (sum(WEIGHTS.get(name, 0.0) * value for name, value in row.items()), candidate, span)
        for candidate, span, row in rows(asked, looked)
    ]
    if not scored:
        return None
    _, candidate, span = max(scored, key=lambda item: item[0])
    return candidate, span


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


def rows(asked: Asked, candidates: Sequence[Candidate]) -> Iterator[tuple[Candidate, Span, dict[str, float]]]:
    """Every span that could answer, with its features."""
    if not candidates:
        return
    peak = max(candidate.score for candidate in candidates)
    norm = peak + math.log(sum(math.exp(candidate.score - peak) for candidate in candidates))
    for candidate, morphemes in zip(candidates, analyse_all([c.text for c in candidates]), strict=True):
        reader = SpanReader(asked, candidate.text, morphemes)
        for span in spans_of(asked, candidate.text, morphemes):
            row = reader.features(span)
            row["sentence"] = candidate.score - norm
            row["best_sentence"] = float(candidate.score == peak)
            yield candidate, span, row


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
