"""What a clause of the sentence denies and its clause in the note does not, or the other way round.

Takes a pair of clauses; says which words are turned. Opposites and roles are in contrast.py, denials in words that the
clauses don't share in polarity.py.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from rag.grounding.difference import Difference, prefixed
from rag.grounding.lexicon import NEGATIVE
from rag.grounding.pairing import Pair
from rag.grounding.reading import Reading, Word

_CARRIERS = frozenset(
    "이루어지 받 보내 주 나 나오 생기 일어나 들 가지 갖 갖추 두 내 얻 거두 끼치 미치 벌이 펼치 치르 맺 쌓 이루 "
    "행하 입".split()
)
_NEXT_TO = 2
_COMPANY = 3
_BRACKET = re.compile(r"[()]")
_DENYING = ("미", "불", "비", "무", "부")


def turned(pair: Pair) -> list[Difference]:
    """Words that one text denies and the other does not, unless a word beside them denies in its turn."""
    found = []
    both = Counter(form for form, _ in {(word.form, word.negated) for word in pair.claim.words if not word.aside})
    for place in pair.here:
        word = pair.claim.words[place]
        if word.aside or all(pair.noted[spot].negated == word.negated for spot in pair.strong(place)):
            continue
        spots = _in_company(pair, place)
        if not spots or both[word.form] > 1 or any(pair.noted[spot].aside for spot in spots):
            continue
        if any(prefix + word.lemma in pair.note.source for prefix in _DENYING) and word.negated:
            continue  # Kiwi may leave 미성년자 whole
        near = _denials(pair.claim, pair.claim.words, place, pair.here)
        if all(
            word.negated != pair.noted[spot].negated
            and not prefixed(word.form, pair.noted[spot].form)
            and near % 2 == _denials(pair.note, pair.noted, spot, pair.part_of(spot)) % 2
            for spot in spots
        ):
            # Where both clauses deny an odd number of things, they may deny the same in other words.
            same = _denied(pair.claim.words, pair.here) % 2 == _denied(pair.noted, pair.inside) % 2
            loose = word.loose or any(pair.noted[spot].loose for spot in spots)
            if not (same and loose):
                found.append(Difference("negation", word.form, not same and not _made_up_for(pair, place, spots)))
    return found


def lightly(pair: Pair) -> list[Difference]:
    """A noun with a predicate that only carries it, denied in one text alone: 지지를 보내지 않다, and 큰 지지."""
    found = []
    for place in pair.here:
        word = pair.claim.words[place]
        ours = _carried(pair.claim.words, place)
        if word.negated or not (ours or any(_carried(pair.noted, spot) for spot in pair.strong(place))):
            continue
        spots = _in_company(pair, place)
        if not spots or any(pair.noted[spot].negated for spot in spots):
            continue
        theirs = [_carried(pair.noted, spot) for spot in spots]
        near = _denials(pair.claim, pair.claim.words, place, pair.here)
        there = [_denials(pair.note, pair.noted, spot, pair.part_of(spot)) for spot in spots]
        if (ours and not any(there)) or (all(theirs) and not near):
            found.append(Difference("negation", word.form, True))
    return found


def _carried(words: Sequence[Word], place: int) -> bool:
    """Whether the predicate right behind a noun is denied and says little by itself."""
    behind = words[place + 1] if place + 1 < len(words) else None
    return (
        behind is not None
        and words[place].role in ("s", "o")
        and behind.negated
        and not (behind.aside or behind.loose)
        and behind.lemma in _CARRIERS
    )


def _in_company(pair: Pair, place: int) -> list[int]:
    """The words of the range that say this one; of several, those that stand among the same words as it.

    None where what stands beside the word stands beside another one in the note.
    """
    spots = pair.strong(place)
    ahead = 0 if not pair.claim.source.isascii() and pair.claim.words[place].kind == "verb" else _COMPANY
    near = [n for n in range(place - _COMPANY, place + ahead + 1) if n != place and n in pair.here and pair.strong(n)]
    shared = {
        spot: sum(any(0 <= spot - other + ahead <= _COMPANY + ahead for other in pair.strong(n)) for n in near)
        for spot in spots
    }
    most = max(shared.values(), default=0)
    if near and not most:
        return []
    best = [spot for spot in spots if shared[spot] == most]
    return [spot for spot in best if spot in pair.inside] or best


def _made_up_for(pair: Pair, place: int, spots: Sequence[int]) -> bool:
    """Whether a word that only one text has denies in its turn: 쓰면 위험하니 피한다 for 쓰지 않는다."""
    ours = [word for n, word in enumerate(pair.claim.words) if n != place and not pair.strong(n)]
    theirs = [word for n, word in enumerate(pair.noted) if n not in spots and n in pair.inside and n not in pair.taken]
    turns = [sum((w.negated and not w.aside) or w.form in NEGATIVE for w in words) for words in (ours, theirs)]
    return turns[0] % 2 != turns[1] % 2 and min(turns) == 0


def _denied(words: Sequence[Word], clause: Sequence[int]) -> int:
    return sum(words[place].negated and not words[place].aside for place in clause)


def _denials(text: Reading, words: Sequence[Word], place: int, clause: Sequence[int]) -> int:
    """How often the words next to one deny: 지원은 받지 않는다 says what 지원 없이 says; a bracket is apart."""
    near = [words[n] for n in range(place - _NEXT_TO, place + _NEXT_TO + 1) if n != place and n in clause]
    here = words[place]
    near = [w for w in near if not _BRACKET.search(text.source[min(w.end, here.end) : max(w.start, here.start)])]
    return sum((word.negated and not word.aside) + (word.form in NEGATIVE) for word in near)
