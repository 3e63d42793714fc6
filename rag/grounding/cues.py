"""Small words that change what a sentence claims: before and after, may, must, because, if, than, most.

Takes two Readings and a range of the second; returns figures by name. Weighs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.grounding.lexicon import opposites
from rag.grounding.order import order
from rag.grounding.pairing import Pair
from rag.grounding.polarity import polarity
from rag.grounding.reading import Reading
from rag.grounding.spans import layout

_BEFORE = re.compile(r"이전|전에|직전|앞서|앞에|먼저|우선|\b(?:before|first|prior|earlier|until)\b", re.IGNORECASE)
_AFTER = re.compile(
    r"이후|후에|뒤에|다음|나중|직후|나서|\b(?:after|later|afterwards|once|then|following)\b", re.IGNORECASE
)
_PASSIVE = re.compile(r"되|된|됩|될|됐|당하|받|지어지|\bby\b")
_CUES = {
    "hedge": re.compile(
        r"추정|것으로 보|듯하|전해지|전해진|알려지|알려져|알려진|라고 한|다고 한|설이|주장|추측|가능성|예정|계획|아마"
        r"|\b(?:may|might|perhaps|possibly|probably|likely|seems?|appears?|believed|reported|planned|suggests?|thought)\b",
        re.IGNORECASE,
    ),
    "can": re.compile(r"[을를할될알갈날] ?수 (?:있|도)|가능|\bcan(?! ?not)\b|\bable\b|\bpossible\b", re.IGNORECASE),
    "must": re.compile(
        r"[야아어여]만? (?:한|하|됩|된|되|할|했|함)|반드시|필수"
        r"|\bmust\b|\bneeds? to\b|\brequired?\b|\bhave to\b|\bshould\b",
        re.IGNORECASE,
    ),
    "than": re.compile(r"보다|\bthan\b"),
    "cause": re.compile(
        r"때문|덕분|탓에|인해|인하여|말미암|아서|어서|므로|니까|\b(?:because|since|due to|owing|so that|therefore)\b"
    ),
    "if": re.compile(r"[으]?면[ ,]|경우|[할될을] 때|\b(?:if|when|unless|in case)\b", re.IGNORECASE),
    "most": re.compile(
        r"가장|제일|최고|최초|최대|최다|처음|첫|\b(?:first|most|best|largest|highest|only|\w+est)\b", re.IGNORECASE
    ),
}
_MARGIN = 8


def cues(paired: Sequence[Pair], claim: Reading, note: Reading, window: tuple[int, int]) -> dict[str, float]:
    """For each kind of small words, whether the sentence alone has one, or the range alone."""
    said, here = claim.source, note.source[slice(*window)]
    near = note.source[slice(*stretch(paired, window))]
    before, after = bool(_BEFORE.search(said)), bool(_AFTER.search(said))
    their_before, their_after = bool(_BEFORE.search(near)), bool(_AFTER.search(near))
    turned = before != after and their_before != their_after and before != their_before
    figures = {
        "order_turned": float(turned),
        "order_new": float(before and not _BEFORE.search(here)) + float(after and not _AFTER.search(here)),
        "passive_turned": float(bool(_PASSIVE.search(said)) != bool(_PASSIVE.search(near))),
        "opposed_nearby": _opposed_nearby(claim, note),
        **polarity(paired, claim, note),
        **order(paired),
    }
    for name, pattern in _CUES.items():
        ours, theirs = bool(pattern.search(said)), bool(pattern.search(here))
        figures[f"{name}_new"], figures[f"{name}_lost"] = float(ours and not theirs), float(theirs and not ours)
    return figures


def stretch(paired: Sequence[Pair], window: tuple[int, int]) -> tuple[int, int]:
    """From the first to the last word of the clauses that were paired, with the ending behind it."""
    words = [pair.noted[place] for pair in paired for place in pair.inside]
    if not words:
        return window
    return min(word.start for word in words), max(word.end for word in words) + _MARGIN


def _opposed_nearby(claim: Reading, note: Reading) -> float:
    """The largest share of the sentence's words in a sentence of the note that has the opposite of another one."""
    forms = {word.form for word in claim.words}
    most = 0
    for form in forms:
        spots = [spot for other in opposites().get(form, ()) for spot in note.places.get(other, ())]
        for spot in spots:
            span = next((s for s in layout(note.source).sentences if s[0] <= spot < s[1]), None)
            if span is not None and not any(span[0] <= place < span[1] for place in note.places.get(form, ())):
                shared = {word.form for word in note.words_in(*span)} & (forms - {form})
                most = max(most, len(shared) if len(shared) > 1 else 0)
    return most / max(1, len(claim.words))
