"""A word in the place of another: what the sentence says where its note says something else.

Takes the pairs of clauses of one sentence and one range of a note; returns figures by name. Weighs nothing. In a near
copy such a word is an alteration, in a free paraphrase it is wording: therefore what is around it counts too.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from rag.grounding.likeness import LIKE, likeness, nearness
from rag.grounding.pairing import NOMINAL, Pair
from rag.grounding.reading import Reading, Word
from rag.grounding.slots import slots
from rag.grounding.spans import layout

_MOST = 3.0
_FARTHEST = 6
# Longer stretches are wording, not a word for a word.
_LONGEST = 3
# What it costs the run to pass over a word of the note.
_PASSED = 0.05
_NEXT_SENTENCE = 1.2
# So near two words may be wording of one thing; any two have a cosine of some 0.35.
_ANSWERED = 0.5
# Verbs so near in the same place, and no synonyms, are mostly opposites.
_TURNED = 0.6
# The same particle behind a consonant and behind a vowel.
_PARTICLES = {
    "은": "는",
    "이": "가",
    "을": "를",
    "과": "와",
    "으로": "로",
    "이나": "나",
    "이라는": "라는",
    "이란": "란",
}
_MARKS = re.compile(r"\]\([^)\s]*\)|[\s*`_\"'‘’“”()\[\]<>《》]+")


@dataclass(frozen=True)
class Swap:
    """A stretch of the sentence's words and the stretch of the note's that stands in its place, both by places."""

    pair: Pair
    here: tuple[int, ...]
    there: tuple[int, ...]
    moved: bool = False  # one of both stands elsewhere too

    @cached_property
    def single(self) -> bool:
        """One word for one word."""
        return len(self.here) == len(self.there) == 1

    @cached_property
    def words(self) -> tuple[Word, Word]:
        """The last words of both, which in both languages say what it is."""
        return self.pair.claim.words[self.here[-1]], self.pair.noted[self.there[-1]]

    @cached_property
    def near(self) -> float:
        """How near in meaning the nearest words of both are."""
        claim, noted = self.pair.claim.words, self.pair.noted
        return max(
            max(likeness(claim[i], noted[j]), nearness(claim[i], noted[j])) for i in self.here for j in self.there
        )

    @cached_property
    def nominal(self) -> bool:
        """A noun for a noun, or a name."""
        one, other = self.words
        return one.kind in NOMINAL and other.kind in NOMINAL

    @property
    def sharpness(self) -> float:
        """0 unless one noun stands in the place of another one; the more of a copy is around it, the more, up to 8."""
        one, other = self.words
        if (
            not (self.nominal and self.single)
            or one.role != other.role
            or one.lemma in other.lemma
            or other.lemma in one.lemma
        ):
            return 0.0
        return float(self.around + self.snug)

    @cached_property
    def snug(self) -> int:
        """On how many sides, 0 to 2, what is next to it is the same, letter for letter."""
        ours = _around(self.pair.claim, self.pair.claim.words, self.here)
        theirs = _around(self.pair.note, self.pair.noted, self.there)
        return sum(one == other for one, other in zip(ours, theirs, strict=True))

    @cached_property
    def around(self) -> int:
        """How many words on both sides are copied, one behind the other, until the first that is not; 6 at most."""
        claim, noted = self.pair.claim.words, self.pair.noted
        count = 0
        for place, spot, step in ((self.here[0], self.there[0], -1), (self.here[-1], self.there[-1], 1)):
            place, spot = place + step, spot + step
            while 0 <= place < len(claim) and 0 <= spot < len(noted) and claim[place].lemma == noted[spot].lemma:
                count += 1
                place, spot = place + step, spot + step
        return min(_FARTHEST, count)


def replaced(paired: Sequence[Pair], claim: Reading, above: set[int]) -> dict[str, float]:
    """Figures of all swaps, of those that look most like an alteration, and of what nothing in the note answers."""
    run = aligned(paired)
    found = swaps(paired, run)
    fresh = [swap for swap in found if not swap.moved]
    kept = sum(claim.words[i].lemma == paired[0].noted[j].lemma for i, j in run)
    kept_share = kept / max(1, len(claim.words) - sum(len(swap.here) for swap in fresh))
    nouns, others = [s for s in fresh if s.nominal], [s for s in fresh if not s.nominal]
    verbs = [s for s in fresh if s.single and all(word.kind == "verb" for word in s.words)]
    return {
        "swaps": min(_MOST, float(len(fresh))),
        "swaps_nouns": min(_MOST, float(len(nouns))),
        "swaps_verbs": min(_MOST, float(len(verbs))),
        "swaps_near": min((swap.near for swap in fresh), default=1.0),
        "kept": kept_share,
        "noun_swapped_against": max((kept_share * s.sharpness for s in nouns), default=0.0),
        "name_swapped_against": max((1.0 + s.around + s.snug for s in fresh if _renamed(s)), default=0.0),
        "noun_moved_against": max((s.sharpness for s in found if s.moved), default=0.0),
        "verb_swapped_against": max((kept_share * s.near for s in verbs if s.near >= _TURNED), default=0.0),
        **_sharpest("noun", nouns),
        **_sharpest("other", others),
        **_unanswered(paired, claim, above),
    }


def _renamed(swap: Swap) -> bool:
    """A name that the whole note does not have, where the note has one that the sentence does not.

    A name in another script (하버드, Harvard) may be the same, and so may a part of it (베를린, 동베를린).
    """
    said, there = (re.sub(r"\s", "", text.source).lower() for text in (swap.pair.claim, swap.pair.note))
    words, noted = swap.pair.claim.words, swap.pair.noted
    mine = [w.lemma for w in (words[i] for i in swap.here) if w.kind == "name" and w.lemma not in there]
    theirs = [w.lemma for w in (noted[j] for j in swap.there) if w.kind == "name" and w.lemma not in said]
    return bool(mine and theirs) and not any(
        one in other or other in one or one.isascii() != other.isascii() for one in mine for other in theirs
    )


def _sharpest(name: str, found: Sequence[Swap]) -> dict[str, float]:
    swap = max(found, key=lambda s: (s.single, s.snug + s.around, -s.near), default=None)
    return {
        f"swap_{name}_near": swap.near if swap else 1.0,
        f"swap_{name}_tight": float(swap.snug + swap.around) if swap else 0.0,
        f"swap_{name}_single": float(swap.single) if swap else 0.0,
    }


def _unanswered(paired: Sequence[Pair], claim: Reading, above: set[int]) -> dict[str, float]:
    """Words that the range does not say, each held against those of its words that the sentence does not say."""
    if not paired:
        return dict.fromkeys(("answered", "unanswered", "unanswered_nouns", "unsaid_run", "unsaid_last"), 0.0)
    pair = paired[0]
    taken = {match.place for matches in pair.found for match in matches if match.strength >= LIKE}
    free = [word for spot, word in enumerate(pair.noted) if spot not in taken]
    missing = [place for place in range(len(claim.words)) if not pair.strong(place) and place not in above]
    near = {p: max((nearness(claim.words[p], other) for other in free), default=0.0) for p in missing}
    lost = [place for place in missing if near[place] < _ANSWERED]
    run = longest = 0
    for place in range(len(claim.words)):
        run = run + 1 if place in near else 0
        longest = max(longest, run)
    return {
        "answered": sum(near.values()) / len(near) if near else 1.0,
        "unanswered": float(len(lost)),
        "unanswered_nouns": float(sum(claim.words[place].kind in NOMINAL for place in lost)),
        "unsaid_run": float(longest),
        "unsaid_last": float(run),
    }


def aligned(paired: Sequence[Pair]) -> list[tuple[int, int]]:
    """Words of the sentence and of the range that say the same, in the order of both: the heaviest such run.

    It may begin and end anywhere. To pass over words of the note costs a little, to go on in its next sentence
    more than a word is worth: where two sentences of the note begin alike, the run stays in the one that has the rest.
    """
    if not paired:
        return []
    found, noted = paired[0].found, paired[0].noted
    width = len(noted)
    starts = [start for start, _ in layout(paired[0].note.source).sentences]
    where = [bisect_right(starts, word.start) for word in noted]
    turn = [_NEXT_SENTENCE if one != two else 0.0 for one, two in pairwise(where)] + [0.0]
    rows = [{match.place: match.strength for match in matches if match.strength >= LIKE} for matches in found]
    best = [[0.0] * (width + 1) for _ in range(len(found) + 1)]
    start, most = (len(found), width), 0.0
    for place in range(len(found) - 1, -1, -1):
        below, here, row = best[place + 1], best[place], rows[place]
        for spot in range(width - 1, -1, -1):
            here[spot] = max(here[spot + 1] - _PASSED - turn[spot], below[spot], 0.0)
            if spot in row:
                here[spot] = max(here[spot], row[spot] + max(0.0, below[spot + 1] - turn[spot]))
                if here[spot] > most:
                    start, most = (place, spot), here[spot]
    run = []
    place, spot = start
    while place < len(found) and spot < width and best[place][spot] > 0:
        ahead = best[place + 1][spot + 1] - turn[spot]
        if spot in rows[place] and best[place][spot] == rows[place][spot] + max(0.0, ahead):
            run.append((place, spot))
            if ahead <= 0:
                break
            place, spot = place + 1, spot + 1
        elif best[place][spot] == best[place + 1][spot]:
            place += 1
        else:
            spot += 1
    return run


def swaps(paired: Sequence[Pair], run: Sequence[tuple[int, int]]) -> list[Swap]:
    """Stretches between the same two words, and words in the same place of the same head; see slots.py.

    What either text says elsewhere in the range is no part of a stretch. A single noun that the sentence or the note
    says elsewhere makes a swap that is `moved`.
    """
    if not paired:
        return []
    pair = paired[0]
    taken = {match.place for matches in pair.found for match in matches if match.strength >= LIKE}
    inside = {spot for each in paired for spot in each.inside}
    found = []
    for (left, before), (right, after) in pairwise([(-1, -1), *run, (len(pair.found), len(pair.noted))]):
        all_mine, all_theirs = tuple(range(left + 1, right)), tuple(range(before + 1, after))
        if left < 0 or right == len(pair.found):  # the note may go on where the sentence ends
            all_theirs = tuple(spot for spot in all_theirs if spot in inside)
            all_theirs = all_theirs[-len(all_mine) :] if left < 0 else all_theirs[: len(all_mine)]
        mine = tuple(place for place in all_mine if not pair.strong(place))
        theirs = tuple(spot for spot in all_theirs if spot not in taken)
        if mine and theirs:
            if max(len(mine), len(theirs)) <= _LONGEST:
                found.append(Swap(pair, mine, theirs))
        elif len(all_mine) == len(all_theirs) == 1:
            swap = Swap(pair, all_mine, all_theirs, moved=True)
            if swap.nominal and (swap.snug or swap.words[0].role == swap.words[1].role):
                found.append(swap)
    return found + _in_slots(paired, taken, {place for swap in found for place in swap.here})


def _in_slots(paired: Sequence[Pair], taken: set[int], known: set[int]) -> list[Swap]:
    """Nouns that fill the same place of a head that both texts have, in whatever order."""
    found = []
    there = {(s.kind, s.head): s.word for s in slots(paired[0].note, paired[0].noted, range(len(paired[0].noted)))}
    for pair in paired:
        for slot in slots(pair.claim, pair.claim.words, pair.here):
            if slot.word in known or pair.strong(slot.word):
                continue
            spots = [there.get((slot.kind, head)) for head in pair.strong(slot.head)]
            spot = next((spot for spot in spots if spot is not None and spot not in taken), None)
            if spot is not None:
                swap = Swap(pair, (slot.word,), (spot,))
                if swap.nominal:
                    found.append(swap)
                    known.add(slot.word)
    return found


def _around(text: Reading, words: Sequence[Word], places: tuple[int, ...]) -> tuple[str, str]:
    first, last = places[0], places[-1]
    ahead = text.source[words[first - 1].start if first else 0 : words[first].start]
    behind = text.source[words[last].end : words[last + 1].end if last + 1 < len(words) else len(text.source)]
    return _bare(ahead), _bare(behind)


def _bare(text: str) -> str:
    head, _, rest = _MARKS.sub(" ", text).strip().lower().partition(" ")
    return f"{_PARTICLES.get(head, head)} {rest}"
