"""The second look: plain features of the best sections, weighed by a linear model.

BM25 adds words up wherever they stand and whatever they are. Here it is asked whether they stand together, whether
one place holds the rare ones, whether the heading names them, whether they are names, nouns or predicates, whether
words that mean the same stand for those that are missing, and whether a number stands there when one is asked for.
The weights were fitted by `python -m benchmarks.rerank_fit` on half of KLUE-MRC by document; they only order
what BM25 proposed. Source of the loss: Cao et al. 2007, Learning to Rank: From Pairwise to Listwise Approach.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rag.retrieval.index import IndexedSection
from rag.retrieval.kin import Kin
from rag.retrieval.lexical import LexicalIndex
from rag.text import HANGUL, Asked, asked, bigrams, latin_words

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
    "names",  # BM25 of the section by the question's Korean names alone, as a share of the question's idf
    "nouns",  # ... by its other nouns
    "predicates",  # ... by its verbs, adjectives and adverbs
    "chunk_names",  # the same of the section's three best chunks
    "chunk_nouns",
    "chunk_predicates",
    # Both with words of like meaning for those that are missing:
    "kin_covered",  # share of the idf of its Korean morphemes that the section holds
    "kin_together",  # that a chunk, or two neighbouring ones, hold
)
# Those from here on are 0 for a question without Korean. They were fitted on top of the others, which stay as they are.
KOREAN = FEATURES.index("names")
_ASKS_NUMBER = re.compile(
    r"몇|얼마|언제|연도|년도|날짜|나이|인원|비율|기간|해는|해인|일자|how many|how much|when\b", re.I
)
_DIGIT = re.compile(r"\d")
_NO_WORD = re.compile(r"[\W_]+")
_OCCURRENCES = 20
_KINDS = {"NNP": 0, "NNG": 1, "NNB": 1, "NR": 1, "NP": 1, "XR": 1, "VV": 2, "VA": 2, "VX": 2, "MAG": 2, "MM": 2}
_BEST = 3
# Cosine of two of Kiwi's morphemes from which on they count as somewhat the same; at 1 they are.
_AKIN = 0.45


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
    gains = lexical.chunks.gains(unique, rows)
    held = gains > 0
    ends = np.cumsum([p.held.last - p.held.first + 1 for p in found])
    starts = np.concatenate([[0], ends[:-1]])
    by_chunk = idf @ held / total
    by_pair = idf @ (held[:, :-1] | held[:, 1:]) / total if held.shape[1] > 1 else np.zeros(0, np.float32)

    about = asked(query)
    place_of = {term: at for at, term in enumerate(unique)}
    kinds = _kinds(about, place_of)
    by_kind = (kinds @ section_gains / total).T
    chunks_by_kind = kinds @ gains / total
    korean = [word for word in dict.fromkeys(zip(about.morphemes, about.tags, strict=True)) if HANGUL.search(word[0])]
    if korean:
        places = [place_of[f"m:{morpheme}"] for morpheme, _ in korean]
        like = kin.likeness(korean, rows) if kin is not None else np.zeros((len(korean), len(rows)), np.float32)
        rare = np.where(idf[places] > 0, idf[places], np.log1p((lexical.sections.rows + 0.5) / 0.5)).astype(np.float32)
        akin, akin_together = _akin(rare / rare.sum(), held[places], like, starts)
    else:
        akin = akin_together = np.zeros(len(found), np.float32)
    in_question = set(bigrams(about.text)) | set(latin_words(query))
    asked_total = max(float(lexical.sections.idf(sorted(in_question)).sum()), 1e-6)
    grams = _trigrams(query)
    words = [word for word in dict.fromkeys(about.named) if len(word) > 1 or not word.isascii()]
    weights = [_rarity(word, lexical) for word in words]
    asks_number = _ASKS_NUMBER.search(query) is not None
    best = max(proposal.score for proposal in found) or 1.0
    headings = [set(bigrams(proposal.held.heading)) | set(latin_words(proposal.held.heading)) for proposal in found]
    parts = sorted(set().union(*headings))
    rarity = dict(zip(parts, lexical.sections.idf(parts).tolist(), strict=True))
    for place, proposal in enumerate(found):
        first, last = int(starts[place]), int(ends[place])
        heading = headings[place]
        shared = sum(rarity[part] for part in heading & in_question)
        low = proposal.held.text.lower()
        packed = _NO_WORD.sub("", low)
        spelled = sum(weight for word, weight in zip(words, weights, strict=True) if word in low)
        window, digits = _window(words, weights, proposal.held.text)
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
            *by_kind[place],
            *np.sort(chunks_by_kind[:, first:last], axis=1)[:, -_BEST:].sum(axis=1),
            akin[place],
            akin_together[place],
        )
    return table


def score(table: NDArray[np.float32], weights: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    """The model's score of each row of `features`, float32 (n,); only differences mean something."""
    scores: NDArray[np.float32] = table @ (WEIGHTS if weights is None else weights)
    return scores


def _kinds(about: Asked, place: Mapping[str, int]) -> NDArray[np.float32]:
    """How often each of some terms is a name, another noun, a predicate of the question, float32 (3, len(place))."""
    kinds = np.zeros((3, len(place)), dtype=np.float32)
    for morpheme, tag in zip(about.morphemes, about.tags, strict=True):
        kind, at = _KINDS.get(tag.split("-")[0]), place.get(f"m:{morpheme}")
        if kind is not None and at is not None:
            kinds[kind, at] += 1
    return kinds


def _akin(
    rarity: NDArray[np.float32], held: NDArray[np.bool_], like: NDArray[np.float32], starts: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What sections hold of a question's Korean morphemes, in their own or other words: shares of the rarity.

    Of the whole section, and of two neighbouring chunks of it: float32 (len(starts),) each. `rarity` of each morpheme,
    summing to one; `held` and `like` (morphemes, chunks) say which chunk has it and how near its nearest word is;
    `starts` are the first chunks of the sections.
    """
    degree = np.where(held, np.float32(1), np.clip((like - _AKIN) / (1 - _AKIN), 0, 1))
    together = rarity @ degree
    neighbours = rarity @ np.maximum(degree[:, :-1], degree[:, 1:])
    # The last chunk of a section has no neighbour behind it.
    neighbours[starts[1:] - 1] = 0
    together[:-1] = np.maximum(together[:-1], neighbours)
    return rarity @ np.maximum.reduceat(degree, starts, axis=1), np.maximum.reduceat(together, starts)


def _window(words: Sequence[str], weights: Sequence[float], text: str) -> tuple[float, bool]:
    """The best share of the named things within 120 characters, and whether a digit stands around there."""
    total = sum(weights)
    if not total:
        return 0.0, False
    low = text.lower()
    places: list[tuple[int, int]] = []
    for number, word in enumerate(words):
        at = low.find(word)
        for _ in range(_OCCURRENCES):
            if at < 0:
                break
            places.append((at, number))
            at = low.find(word, at + len(word))
    places.sort()
    best, where = 0.0, 0
    for first, (start, _) in enumerate(places):
        inside = {number for at, number in places[first : first + 40] if at - start <= WINDOW_CHARS}
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
        1.889,
        0.426,
        6.264,
        0.424,
        4.146,
        3.048,
        -0.373,
        2.889,
        2.433,
        -0.643,
        0.154,
        2.626,
        2.717,
        19.343,
        -17.030,
        -20.816,
        -5.901,
        2.225,
        8.983,
        1.364,
        4.290,
    ],
    dtype=np.float32,
)
