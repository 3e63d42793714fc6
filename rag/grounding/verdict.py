"""From counts to a verdict: is what the sentence says what the note says?

Boosted trees over some 180 figures of one sentence and one range of a note. They were grown by
benchmarks/support_fit.py; figures of agreement may only help and what contradicts only harm, so that a sentence is
never the worse for copying its note.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from rag.grounding.classes import classes
from rag.grounding.contrast import contrasts
from rag.grounding.cues import cues, stretch
from rag.grounding.difference import Difference
from rag.grounding.facts import fact_differences
from rag.grounding.frame import frame
from rag.grounding.leftover import Leftover, known_above, leftover
from rag.grounding.pairing import Pair, pairs
from rag.grounding.reading import Reading
from rag.grounding.relations import relation_differences
from rag.grounding.replaced import replaced
from rag.grounding.spans import layout
from rag.grounding.weakest import weakest
from rag.trees import grown

KINDS = (
    "number name negation opposite quantifier condition compound crossed role replaced subject clause place bound unit "
    "direction"
).split()
_MOST = 2
_FEWEST = 2
# Above this share of words in the note's own form, a single other word was put in the place of the note's.
_ALMOST_COPIED = 0.6
_COPIED = 0.7
_WHOLLY = 0.95
# So large a share of pairs in the other order that the sentence was turned round.
_TURNED_ROUND = 0.4
_DIFFERING = (
    "numbers_missing contradicts differs denials_differ broken_roles topics_bad conflicts order_turned hedge_lost "
    "can_new must_new if_new cause_new"
).split()
_TREES = Path(__file__).with_name("support_trees.json")


def figures(
    claim: Reading, note: Reading, window: tuple[int, int], context: Reading | None, score: float
) -> tuple[dict[str, float], list[Difference]]:
    """What the trees weigh, by name, and everything that differs.

    `window` is the range, as characters of the note; `score` the share (0 to 1) of the sentence that the range and
    what stands over it say.
    """
    paired = pairs(claim, note, window)
    above = known_above(claim, note, window, context)
    left = leftover(paired, claim, note, window, above)
    found = [*contrasts(paired), *fact_differences(claim, note, window, context)]
    found += relation_differences(claim, note, window, context)
    if left.usurped and left.filled and left.copied / left.total > _COPIED:
        found.append(Difference("place", "another word stands there", False))
    row = {
        "score": score,
        **_of_leftover(left, claim, score),
        **_of_differences(found),
        **_of_sizes(claim, note, window, paired),
        **weakest(paired, claim, note, window, above),
        **frame(paired, claim, note, window),
        **cues(paired, claim, note, window),
        **replaced(paired, claim, above),
        **classes(paired, claim, note, window, above),
    }
    return row, found


def beside(rows: Sequence[dict[str, float]], windows: Sequence[tuple[int, int]]) -> None:
    """Add to the rows of all ranges whether others contradict, and say more of the sentence."""
    for place, (row, (start, end)) in enumerate(zip(rows, windows, strict=True)):
        others = [(other, windows[n]) for n, other in enumerate(rows) if n != place]
        ahead = [(o["score"] - row["score"], o, w) for o, w in others]
        row["denied"] = max((gap for gap, o, _ in ahead if o["contradicts"]), default=-1.0)
        row["denied_inside"] = max(
            (gap for gap, o, w in ahead if o["contradicts"] and start <= w[0] and w[1] <= end), default=-1.0
        )
        row["doubted"] = max((gap for gap, o, _ in ahead if o["differs"]), default=-1.0)
        row["behind"] = row["score"] - rows[0]["score"]


def odds(rows: Sequence[Mapping[str, float]]) -> list[float]:
    """Log-odds that a note supports the sentence, for each range of it."""
    return [float(score) for score in grown(_TREES).scores(rows)]


def nearly_copied(row: Mapping[str, float]) -> bool:
    """Whether the range has all words of the sentence in one run, with their particles, and nothing at all differs.

    Only endings were changed then: such sentences are what small models mostly write, and rare among those that the
    trees were grown on. A topic that the note names above, and not again, may stand before the run.
    """
    if row["words"] < _FEWEST or any(row[name] for name in _DIFFERING):
        return False
    silent = row["worst0_above"] and row["worst1_strength"] >= 1 and not row["free_subject"]
    return row["run"] >= 1 or bool(silent and row["run"] * row["words"] >= row["words"] - 1)


def _of_leftover(left: Leftover, claim: Reading, score: float) -> dict[str, float]:
    count = max(1, len(claim.words))
    near = left.copied / left.total > _ALMOST_COPIED
    return {
        "said": left.said / left.total,  # by the paired clauses alone
        "copied": left.copied / left.total,
        "missing_names": left.missing["name"] / left.total,
        "missing_nouns": left.missing["noun"] / left.total,
        "missing_verbs": left.missing["verb"] / left.total,
        "missing_adverbs": left.missing["adverb"] / left.total,
        "inherited": left.inherited / left.total,  # known only from above, silent subjects aside
        "blurred": left.blurred / left.total,  # nouns that are only near in meaning
        "broken_roles": left.broken_roles / count,
        "rivalled": float(left.rivalled),
        "usurped": float(left.usurped),
        "filled": float(left.filled),
        "exchanged": float(left.exchanged),
        "unmatched": float(left.unmatched),
        "unmatched_share": left.unmatched / count,
        "inverted": left.inverted / count,
        "one_replaced": float(near and left.rivalled and left.unmatched <= 1),
        "turned_round": float(left.exchanged and score >= _WHOLLY and left.inverted >= _TURNED_ROUND * count),
    }


def _of_differences(found: Sequence[Difference]) -> dict[str, float]:
    against = Counter(difference.kind for difference in found if difference.contradicts)
    otherwise = Counter(difference.kind for difference in found if not difference.contradicts)
    row = {f"{kind}_against": float(min(_MOST, against[kind])) for kind in KINDS}
    row |= {f"{kind}_differs": float(min(_MOST, otherwise[kind])) for kind in KINDS}
    return row | {"contradicts": float(against.total()), "differs": float(otherwise.total())}


def _of_sizes(claim: Reading, note: Reading, window: tuple[int, int], paired: Sequence[Pair]) -> dict[str, float]:
    count = max(1, len(claim.words))
    noted = note.words_in(*window)
    start, end = stretch(paired, window)
    there, near = note.quantities_in(*window), note.quantities_in(start, end)
    inside = {place for pair in paired for place in pair.inside}
    denied = sum(word.negated for word in claim.words), sum(noted[place].negated for place in inside)
    ours, theirs = claim.source.replace(" ", ""), note.source[slice(*window)].replace(" ", "")
    pieces = {ours[n : n + 2] for n in range(len(ours) - 1)}
    return {
        "words": float(count),
        "numbers": float(len(claim.quantities)),
        "length": len(noted) / count,
        "characters": len(ours) / max(1, len(theirs)),
        "bigrams": sum(piece in theirs for piece in pieces) / max(1, len(pieces)),
        "clauses": float(len(paired)),
        "sentences": float(sum(window[0] <= start < window[1] for start, _ in layout(note.source).sentences)),
        "english": float(claim.source.isascii()),
        "denied_here": float(denied[0]),
        "denied_there": float(denied[1]),
        "denials_differ": float(abs(denied[0] - denied[1])),
        "numbers_missing": float(sum(q.sure and not any(q.same_as(o) for o in there) for q in claim.quantities)),
        "numbers_free": float(sum(not any(q.same_as(o) for q in claim.quantities) for o in near)),
    }
