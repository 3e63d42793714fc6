"""Why a passage stands where it stands: what each leg said of it, the words that matched, the second look's features.

Runs the same ranking once more and reads it out; nothing here decides anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from rag.retrieval.lexical import CHUNK_WEIGHT, query_terms
from rag.retrieval.rerank import FEATURES, WEIGHTS, features
from rag.retrieval.retriever import NotesRetriever, by_headings, dense_weight
from rag.text import typed
from rag.types import Explanation, Feature, Matched, Passage, Scope

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TERMS = 12


def explain(
    retriever: NotesRetriever, query: str, passages: Sequence[Passage], scope: Scope | None = None
) -> tuple[Explanation, ...]:
    """An explanation of each passage that `retriever.retrieve(query, scope=scope)` found, in their order."""
    found = retriever.rank(query, scope)
    index = retriever.index
    looked_up = retriever.respelled(typed(query))
    wanted = query_terms(looked_up)
    lexical = index.lexical.scores(wanted)
    proposals = retriever.proposals(lexical, found.rows, found.fused)
    table = features(looked_up, wanted, index.lexical, proposals, index.kin)
    headings = by_headings(looked_up, proposals)
    weight = dense_weight(table)
    by_section = {proposal.section: at for at, proposal in enumerate(proposals)}
    explained = []
    for passage in passages:
        row = index.row_of(passage.chunk.chunk_id)
        place = int(np.searchsorted(found.rows, -1 if row is None else row))
        section = int(index.lexical.section_of[found.rows[place]])
        at = by_section.get(section)
        look: tuple[Feature, ...] = ()
        if at is not None:
            beside = {name: float(values[at]) for name, values in headings.items()}
            look = _features(table[at], beside, float(found.dense[place]), weight)
        explained.append(
            Explanation(
                chunk_id=passage.chunk.chunk_id,
                words_rank=_rank(found.lexical, place),
                words_score=round(float(lexical.total[found.rows[place]]), 4),
                meaning_rank=_rank(found.dense, place),
                meaning_score=round(float(found.dense[place]), 4),
                fused_score=round(float(found.fused[place]), 4),
                second_look=round(sum(feature.share for feature in look), 4) if look else None,
                matched=_matched(retriever, wanted, int(found.rows[place])),
                features=look,
            )
        )
    return tuple(explained)


def _rank(scores: NDArray[np.float32], place: int) -> int | None:
    """1 for the best of all proposed; None where that leg says nothing of it."""
    return int((scores > scores[place]).sum()) + 1 if scores[place] > 0 else None


def _matched(retriever: NotesRetriever, wanted: Sequence[str], row: int) -> tuple[Matched, ...]:
    """What the chunk and its section share with the question, what adds most first."""
    lexical = retriever.index.lexical
    own = lexical.chunks.matched(wanted, row)
    around = lexical.sections.matched(wanted, int(lexical.section_of[row]))
    gains = {term: CHUNK_WEIGHT * own.get(term, 0.0) + around.get(term, 0.0) for term in {*own, *around}}
    best = sorted(gains, key=lambda term: (-gains[term], term))[:_TERMS]
    rarity = lexical.sections.idf(best)
    return tuple(
        Matched(term.removeprefix("m:"), round(float(idf), 3), round(gains[term], 3), term in own)
        for term, idf in zip(best, rarity, strict=True)
    )


def _features(
    values: NDArray[np.float32], beside: Mapping[str, float], meaning: float, weight: float
) -> tuple[Feature, ...]:
    """Each feature with what it adds, those beside the model as what they add; only differences mean something."""
    named = [
        Feature(name, round(float(value), 4), round(float(value * weight), 4))
        for name, value, weight in zip(FEATURES, values, WEIGHTS, strict=True)
    ]
    named += [Feature(name, round(share, 4), round(share, 4)) for name, share in beside.items()]
    return (*named, Feature("meaning", round(meaning, 4), round(meaning * weight, 4)))
