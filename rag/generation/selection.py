"""Which sentences of the passages answer the question, best first, from transparent features.

Weights of words and places were fitted on one half of KLUE-MRC's documents (softmax over the sentences of five
retrieved passages, L2: benchmarks/extractive.py); those of markup, headings, lists and definitions, which that
data set lacks, were set by hand on half of the questions to course notes. Knows no chat model and no markers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from rag.generation.asking import Asked
from rag.generation.candidates import Candidate
from rag.generation.cues import BACK, alike, cues
from rag.generation.explaining import explaining
from rag.generation.headings import meets
from rag.text import bigrams

WEIGHTS: Mapping[str, float] = MappingProxyType(
    {
        "grams": 0.58,
        "relative": 4.12,
        "best": 0.28,
        "after": -0.16,
        "with_before": 2.74,
        "with_after": 2.76,
        "under": 0.88,
        "continued": 3.0,
        "head": 0.93,
        "length": 0.38,
        "first": -0.67,
        "early": 1.01,
        "rank": 3.5,
        "reach": 0.23,
        "because": 0.97,
        "number": 3.0,
        "time": 3.12,
        "section": 3.0,
        "leads": 2.0,
        "somebody": 0.7,
        "proposed": 0.4,
        "defines": 3.0,
        "titled": 3.0,
        "marked": 0.5,
        "announces": -1.2,
        "formula": -1.0,
        "equation": 1.5,
        "code": -2.0,
        "code_asked": -0.5,
        "listing": -3.0,
        "contents": -3.0,
        "dateline": -4.0,
        "as_headed": 3.0,
        "admin": -1.5,
        "enumerates": 2.0,
        "cell": 2.5,
        "row": -0.4,
        "drill": -3.0,
        "tour": -1.8,
        "preamble": -4.0,
        "brief": -2.0,
        "shows": -1.5,
        "contrast": 1.5,
        "heading": -3.0,
        "heading_names": 4.0,
        "asks_itself": -2.0,
        "answers": 4.0,
        "named": 1.5,
        "named_first": 0.5,
        "named_code": -1.0,
        "steps": 4.0,
        "process": 1.0,
        "reasons": 2.5,
        "formula_here": 4.0,
        "row_elsewhere": -1.5,
        "code_works": -3.0,
        "opens_code": -1.5,
        "identifier": 1.0,
        "compared": 1.0,
        "unsaid": 2.0,
        "works_first": 2.0,
        "history": -3.5,
        "if_then": 1.5,
        "debris": -1.5,
        "example": -1.0,
        "drawback": -1.5,
        "code_after": 3.0,
    }
)


def ranked(asked: Asked, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Sentences that share a word with the question, best first; `score` is a log odds, comparable within one call."""
    scored = [
        replace(candidate, score=sum(WEIGHTS.get(name, 0.0) * value for name, value in row.items()))
        for candidate, row in zip(candidates, features(asked, candidates), strict=True)
        if row["touched"] and not row["question"]  # a question in the notes answers none
        if not row["code"] or _says_half(asked, candidate)
    ]
    return sorted(scored, key=lambda candidate: -candidate.score)


def features(asked: Asked, candidates: Sequence[Candidate]) -> list[dict[str, float]]:
    """One row of named features a candidate; overlaps are weighted by how rare a word is among the candidates."""
    texts = [candidate.text for candidate in candidates]
    lowered = [f"{candidate.columns}\n{candidate.text}".lower() for candidate in candidates]
    terms = [_terms_in(asked, text) for text in lowered]
    grams = [asked.grams & frozenset(bigrams(text)) for text in lowered]
    nothing: frozenset[str] = frozenset()
    headings = {"": (nothing, nothing)}
    for above in {candidate.heading for candidate in candidates}:
        headings[above] = (_terms_in(asked, above.lower()), asked.grams & frozenset(bigrams(above)))
    term_worth, gram_worth = _rarity(asked.terms, terms), _rarity(asked.grams, grams)

    def overlap(*numbers: int, heading: str = "") -> float:
        above_terms, above_grams = headings[heading]
        own = above_terms.union(*(terms[i] for i in numbers))
        pairs = above_grams.union(*(grams[i] for i in numbers))
        return (sum(map(term_worth.__getitem__, own)) + sum(map(gram_worth.__getitem__, pairs))) / 2

    sections = {
        section: _covered(section.lower(), asked, term_worth)
        for section in {candidate.section for candidate in candidates}
    }
    both = [overlap(i) for i in range(len(texts))]
    best = max(both, default=0.0) or 1.0
    by_place: dict[int, list[int]] = {}
    for i, candidate in enumerate(candidates):
        by_place.setdefault(candidate.place, []).append(i)
    reach = {place: overlap(*members) for place, members in by_place.items()}
    furthest = max(reach.values(), default=0.0) or 1.0
    points_back = [bool(BACK.match(text)) for text in texts]
    questions = [text.rstrip(" *_`\"'”’)").endswith(("?", "？")) for text in texts]
    announced = _announced(candidates, both)
    rows = []
    for i, candidate in enumerate(candidates):
        members = by_place[candidate.place]
        position = i - members[0]
        before = i - 1 if i > members[0] else None
        after = i + 1 if i < members[-1] else None
        with_before = overlap(i, before) - both[i] if before is not None else 0.0
        with_after = overlap(i, after) - both[i] if after is not None else 0.0
        text = texts[i]
        cued = explaining(asked, candidate, both[i] / best)
        cued["unsaid"] *= 1 - min(1.0, with_before + with_after)  # its neighbours speak for it already
        rows.append(
            {
                "touched": float(both[i] > 0 or overlap(i, heading=candidate.heading) > 0),
                "grams": sum(map(gram_worth.__getitem__, grams[i])),
                "relative": both[i] / best,
                "best": float(both[i] == best),
                "after": both[after] if after is not None else 0.0,
                "with_before": with_before,
                "with_after": with_after,
                "under": overlap(i, heading=candidate.heading) - both[i],
                "continued": with_after * (after is not None and points_back[after]),
                "head": float(bool(asked.head) and asked.head in lowered[i]),
                "length": math.log(len(text)),
                "first": float(position == 0),
                "early": 1 / (1 + position),
                "rank": 1 / (1 + candidate.place),
                "reach": reach[candidate.place] / furthest,
                "section": sections[candidate.section],
                "leads": sections[candidate.section] / (1 + candidate.order),
                "question": float(questions[i]),
                "code_after": announced[i] / best if asked.wants == "code" and asked.kind == "what" else 0.0,
                "answers": both[before] / best * alike(asked, texts[before])
                if before is not None and questions[before]
                else 0.0,
                **cued,
                **cues(asked, candidate),
            }
        )
    return rows


def _announced(candidates: Sequence[Candidate], shares: Sequence[float]) -> list[float]:
    """For each line of code what the sentence ahead of its block shares with the question, 0 for what is no code."""
    found: list[float] = []
    ahead = 0.0
    for candidate, share in zip(candidates, shares, strict=True):
        if candidate.form == "code":
            found.append(ahead)
        else:
            ahead = share if candidate.form == "prose" else 0.0
            found.append(0.0)
    return found


def _says_half(asked: Asked, candidate: Candidate) -> bool:
    """Code that was not asked for has to say what was: a word in a string answers nothing."""
    text = candidate.text.lower()
    words = [*asked.terms, *([asked.head] if asked.head else [])]
    return 2 * sum(meets(word, text) for word in words) >= len(words)


def _covered(text: str, asked: Asked, worth: Mapping[str, float]) -> float:
    """Share of the question's words, the noun that names its answer among them, that a heading holds."""
    head = 1 / (1 + len(asked.terms)) if asked.head else 0.0
    own = sum(worth[term] for term in asked.terms if meets(term, text))
    return own * (1 - head) + head * (asked.head in text)


def _terms_in(asked: Asked, text: str) -> frozenset[str]:
    return frozenset(term for term in asked.terms if meets(term, text))


def _rarity(wanted: Sequence[str] | frozenset[str], found: Sequence[frozenset[str]]) -> dict[str, float]:
    """Shares of the question's words in its weight, by inverse sentence frequency.

    Source: Robertson and Zaragoza 2009, The Probabilistic Relevance Framework, equation 3.
    """
    counts = {word: sum(word in words for words in found) for word in wanted}
    worth = {word: math.log(1 + (len(found) - n + 0.5) / (n + 0.5)) for word, n in counts.items()}
    total = sum(worth.values()) or 1.0
    return {word: value / total for word, value in worth.items()}
