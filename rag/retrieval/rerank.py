"""The second look: plain features of the best sections, weighed by a linear model.

BM25 adds words up wherever they stand and whatever they are. Here it is asked whether they stand together, whether
one place holds the rare ones, whether the heading names them, what each is in the question, whether words that mean
the same stand for those that are missing, and whether a number stands there when one is asked for.
The weights were fitted by `python -m benchmarks.rerank_fit` on half of KLUE-MRC by document; they only order
what the legs propose. Source of the loss: Cao et al. 2007, Learning to Rank: From Pairwise to Listwise Approach.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rag.retrieval.index import IndexedSection
from rag.retrieval.kin import Kin
from rag.retrieval.lexical import LexicalIndex
from rag.retrieval.weighing import degrees, headed, together, words
from rag.text import asked, bigrams, latin_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

DEPTH = 30
WINDOW_CHARS = 120
# No passage of the data that the weights were fitted on is shorter: below, shortness is no merit.
SHORTEST_FITTED = 488
FEATURES = (
    "section",  # BM25 of the section, as a share of the question's idf
    "chunks",  # BM25 of its three best chunks together, likewise
    "relative",  # first-stage score over the best one's
    "covered",  # share of the question's idf that the section holds
    "chunk_covered",  # that its best chunk holds
    "pair_covered",  # that two neighbouring chunks hold
    "asked_in_heading",  # share of the question's bigrams and Latin words in the heading path
    "heading_in_asked",  # share of the heading's in the question
    "trigrams",  # share of the question's character trigrams, spaces aside, in the section
    "length",  # logarithm of the section's characters
    "named",  # share of the named things (by idf) that the section spells out
    "window",  # share of them within 120 characters
    "number",  # 1 if a number is asked for and one stands in that window
    # Words weighed by rarity and by what they are in the question (weighing.py), other and like words included:
    "said",  # share of them that the section holds
    "said_by_one",  # that one chunk holds
    "said_by_two",  # that two neighbouring chunks hold
    "headed",  # the same, with the heading
    "headed_by_one",
    "headed_by_two",
)
# Those from here on are 0 for a question without Korean. They were fitted on top of the others, which stay as they are.
KOREAN = FEATURES.index("said")
_ASKS_NUMBER = re.compile(
    r"몇|얼마|언제|연도|년도|날짜|나이|인원|비율|기간|해는|해인|일자|how many|how much|when\b", re.I
)
_DIGIT = re.compile(r"\d")
_NO_WORD = re.compile(r"[\W_]+")
_OCCURRENCES = 20


@dataclass(frozen=True, slots=True)
class Proposal:
    """A section that the first stage proposes; `score` is the best of its chunks, `top_chunks` their BM25."""

    section: int
    held: IndexedSection
    score: float
    bm25: float
    top_chunks: float


def features(
    query: str, wanted: Sequence[str], lexical: LexicalIndex, found: Sequence[Proposal], kin: Kin | None = None
) -> NDArray[np.float32]:
    """FEATURES of each proposal for a query with the terms `wanted`, float32 (len(found), len(FEATURES)).

    Without `kin` no other word stands for one that is missing.
    """
    table = np.zeros((len(found), len(FEATURES)), dtype=np.float32)
    if not found:
        return table
    unique = sorted(set(wanted))
    idf = lexical.sections.idf(unique)
    total = max(float(idf.sum()), 1e-6)
    sections = np.array([proposal.section for proposal in found], dtype=np.int64)
    section_gains = lexical.sections.gains(unique, sections)
    covered = idf @ (section_gains > 0) / total
    rows = np.concatenate([np.arange(p.held.first, p.held.last + 1, dtype=np.int64) for p in found])
    about = asked(query)
    weighed = words(about, lexical)
    spelled_out = sorted({*weighed.terms, *(gram for grams in weighed.grams for gram in grams)} - set(unique))
    gains = lexical.chunks.gains([*unique, *spelled_out], rows)
    held_terms = gains > 0
    gains, held = gains[: len(unique)], held_terms[: len(unique)]
    ends = np.cumsum([p.held.last - p.held.first + 1 for p in found])
    starts = np.concatenate([[0], ends[:-1]])
    headings = [set(bigrams(proposal.held.heading)) | set(latin_words(proposal.held.heading)) for proposal in found]
    # What stands over a chunk it need not say again.
    held = held | np.repeat(_over(unique, found, headings), ends - starts, axis=1)
    by_chunk = idf @ held / total
    by_pair = idf @ (held[:, :-1] | held[:, 1:]) / total if held.shape[1] > 1 else np.zeros(0, np.float32)

    place_of = {term: at for at, term in enumerate([*unique, *spelled_out])}
    said = np.zeros((6, len(found)), np.float32)
    if weighed.forms:
        shares = weighed.weights()
        degree = degrees(weighed, held_terms, place_of, rows, kin)
        above = headed(weighed, [proposal.held.heading for proposal in found], headings)
        said[:3] = together(shares, degree, starts)
        said[3:] = together(shares, np.maximum(degree, np.repeat(above, ends - starts, axis=1)), starts)
    in_question = set(bigrams(about.text)) | set(latin_words(query))
    asked_total = max(float(lexical.sections.idf(sorted(in_question)).sum()), 1e-6)
    grams = _trigrams(query)
    named = [word for word in dict.fromkeys(about.named) if len(word) > 1 or not word.isascii()]
    weights = [_rarity(word, lexical) for word in named]
    asks_number = _ASKS_NUMBER.search(query) is not None
    best = max(proposal.score for proposal in found) or 1.0
    parts = sorted(set().union(*headings))
    rarity = dict(zip(parts, lexical.sections.idf(parts).tolist(), strict=True))
    for place, proposal in enumerate(found):
        first, last = int(starts[place]), int(ends[place])
        heading = headings[place]
        shared = sum(rarity[part] for part in heading & in_question)
        low, over = proposal.held.text.lower(), proposal.held.heading.lower()
        packed = _NO_WORD.sub("", low)
        spelled = sum(weight for word, weight in zip(named, weights, strict=True) if word in low or word in over)
        window, digits = _window(named, weights, low, over)
        best_chunk = float(by_chunk[first:last].max())
        table[place] = (
            proposal.bm25 / total,
            proposal.top_chunks / total,
            proposal.score / best,
            covered[place],
            best_chunk,
            max(best_chunk, float(by_pair[first : last - 1].max()) if last - first > 1 else 0.0),
            shared / asked_total,
            shared / max(sum(rarity[part] for part in heading), 1e-6),
            sum(gram in packed for gram in grams) / max(len(grams), 1),
            np.log(max(len(proposal.held.text), SHORTEST_FITTED)),
            spelled / max(sum(weights), 1e-6),
            window,
            float(asks_number and digits),
            *said[:, place],
        )
    return table


def score(table: NDArray[np.float32], weights: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    """The model's score of each row of `features`, float32 (n,); only differences mean something."""
    scores: NDArray[np.float32] = table @ (WEIGHTS if weights is None else weights)
    return scores


def _over(terms: Sequence[str], found: Sequence[Proposal], headings: Sequence[set[str]]) -> NDArray[np.bool_]:
    """Which terms stand in which heading paths, bool (terms, found); `headings` are their bigrams and Latin words."""
    low = [proposal.held.heading.lower() for proposal in found]
    return np.array(
        [
            [
                term[2:] in path if term.startswith("m:") else term in heading
                for path, heading in zip(low, headings, strict=True)
            ]
            for term in terms
        ],
        dtype=np.bool_,
    ).reshape(len(terms), len(found))


def _window(words: Sequence[str], weights: Sequence[float], low: str, over: str) -> tuple[float, bool]:
    """The best share of the named things within 120 characters or over them, and whether a digit stands around there.

    `low` and `over` are a text and its heading path in lower case.
    """
    total = sum(weights)
    if not total:
        return 0.0, False
    above = {number for number, word in enumerate(words) if word in over}
    places: list[tuple[int, int]] = []
    for number, word in enumerate(words):
        at = low.find(word)
        for _ in range(_OCCURRENCES):
            if at < 0:
                break
            places.append((at, number))
            at = low.find(word, at + len(word))
    places.sort()
    best, where = sum(weights[number] for number in above) / total, 0
    for first, (start, _) in enumerate(places):
        inside = above | {number for at, number in places[first : first + 40] if at - start <= WINDOW_CHARS}
        share = sum(weights[number] for number in inside) / total
        if share > best:
            best, where = share, start
    around = low[max(0, where - WINDOW_CHARS // 3) : where + WINDOW_CHARS * 4 // 3]
    return best, _DIGIT.search(around) is not None


def _rarity(word: str, lexical: LexicalIndex) -> float:
    """How much a named thing tells: summed over its bigrams; a Latin word counts as two of them."""
    parts = [*bigrams(word), *latin_words(word) * 2]
    return float(lexical.sections.idf(parts).sum()) if parts else 0.0


def _trigrams(text: str) -> set[str]:
    packed = _NO_WORD.sub("", text.lower())
    return {packed[at : at + 3] for at in range(len(packed) - 2)}


WEIGHTS = np.array(
    [
        1.802,
        0.423,
        6.314,
        0.421,
        4.111,
        3.060,
        -0.371,
        2.888,
        2.434,
        -0.642,
        0.153,
        2.625,
        2.716,
        0.700,
        2.125,
        1.942,
        2.182,
        3.075,
        2.938,
    ],
    dtype=np.float32,
)
