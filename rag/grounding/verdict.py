"""From counts to a verdict: is what the sentence says what the note says?

A linear model over ten figures of one sentence and one range of a note. No more than that is
weighed: whatever contradicts has been found before, and no figure outweighs it. The weights were
fitted by `python -m benchmarks.support_fit`; figures of agreement may only help and the others
only harm, so that a sentence is never the worse for copying its note.
"""

from __future__ import annotations

from collections.abc import Mapping

from rag.grounding.contrast import contrasts
from rag.grounding.difference import Difference
from rag.grounding.leftover import known_above, leftover
from rag.grounding.pairing import pairs
from rag.grounding.reading import Reading

# Above this share of words in the note's own form, a single other word was put in the place of the note's.
_ALMOST_COPIED = 0.6
_COPIED = 0.7
_WHOLLY = 0.95
# So large a share of pairs in the other order that the sentence was turned round.
_TURNED_ROUND = 0.4

# Log-odds. Shares are of the sentence's weight; a flag is 0 or 1.
WEIGHTS: Mapping[str, float] = {
    "score": 1.59,
    "said": 1.38,
    "missing_names": -4.59,
    "missing_nouns": -2.86,
    "inherited": -3.91,
    "blurred": -13.11,
    "broken_roles": -1.07,
    "one_replaced": -1.28,
    "turned_round": -2.09,
    "english": 0.8,
}
BIAS = -0.15


def figures(
    claim: Reading, note: Reading, window: tuple[int, int], context: Reading | None, score: float
) -> tuple[dict[str, float], list[Difference]]:
    """What the linear model weighs, by name, and what contradicts beyond facts.py and relations.py.

    `window` is the range, as characters of the note; `score` the share (0 to 1) of the sentence that the range and
    what stands over it say.
    """
    paired = pairs(claim, note, window)
    left = leftover(paired, claim, note, window, known_above(claim, note, window, context))
    count = max(1, len(claim.words))
    copied = left.copied / left.total
    near = copied > _ALMOST_COPIED
    found = contrasts(paired)
    if left.usurped and left.filled and copied > _COPIED:
        found.append(Difference("place", "another word stands there", False))
    return {
        "score": score,
        "said": left.said / left.total,  # by the paired clauses alone
        "missing_names": left.missing["name"] / left.total,
        "missing_nouns": left.missing["noun"] / left.total,
        "inherited": left.inherited / left.total,  # known only from above, silent subjects aside
        "blurred": left.blurred / left.total,  # nouns that are only near in meaning
        "broken_roles": left.broken_roles / count,
        "one_replaced": float(near and left.rivalled and left.unmatched <= 1),
        "turned_round": float(left.exchanged and score >= _WHOLLY and left.inverted >= _TURNED_ROUND * count),
        "english": float(claim.source.isascii()),
    }, found


def odds(named: Mapping[str, float]) -> float:
    """Log-odds that the note supports the sentence."""
    return BIAS + sum(weight * named[name] for name, weight in WEIGHTS.items())
