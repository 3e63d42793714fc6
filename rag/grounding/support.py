"""The support check: which words of a passage stand behind a sentence, and do they say the same?

Takes a sentence and a passage's text, returns a verdict with offsets into that text. Deterministic,
no model but Kiwi's morphemes and embeddings. Copied words are found first; otherwise up to eight places that share
most of the sentence's words are compared with it, and verdict.py weighs what was found.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.grounding.difference import Difference, knows
from rag.grounding.lexicon import alike, synonymous
from rag.grounding.pairing import WEIGHTS
from rag.grounding.plain import folded_claim
from rag.grounding.reading import Reading, Word, read
from rag.grounding.spans import Window, layout, widened
from rag.grounding.verdict import beside, figures, nearly_copied, odds
from rag.types import Support

# Log-odds; folds of the tuning set give a precision of 0.86 and a recall of 0.76 here, see benchmarks/support_fit.py.
SUPPORTED_AT = 0.6
PARTLY_AT = 0.40
ALTERED_AT = 0.50
_NEAR_BEST = 0.12
_NUMBER_WEIGHT = 1.5
_ALIKE = 0.6
_SYNONYM = 0.95
_TOLD_BEFORE = 0.8

# What generators put before a statement; it says nothing about the notes' subject.
_LEAD_IN = re.compile(
    r"^\s*(?:(?:네|예|아니요|Yes|No)[,.]\s+)?"
    r"(?:(?:제공된|주어진|위의?|이)?\s*(?:강의\s?)?(?:노트|문서|자료|본문|지문|글|내용)(?:의 내용)?(?:에|에서)\s?"
    r"(?:따르면|의하면|보면),?\s*"
    r"|(?:according to|based on|as stated in|in) (?:the|your|these|my)? ?(?:provided |course |given )*"
    r"(?:notes?|passages?|documents?|text|context),?\s*)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Check:
    """A verdict and the words behind it: `passage_text[start:end]` is the quote.

    `score` in 0..1 is the share of the sentence, by weight, that the quote covers; `why` names what
    differs. `odds` are the log-odds that the words support the sentence: infinite where it stands word for word,
    minus infinity where nothing was compared. When nothing supports the sentence the range is that of the nearest
    words, or empty.
    """

    support: Support
    start: int
    end: int
    score: float
    why: str = ""
    odds: float = -math.inf


@dataclass(frozen=True, slots=True)
class Scored:
    """A place that may become the quote, and the share of the sentence that it and what stands over it say."""

    window: Window
    score: float
    matched: frozenset[int]  # words of the sentence, then its numbers, that stand in the window itself


def check(sentence: str, passage_text: str, *, context: str = "") -> Check:
    """Which words of `passage_text` support `sentence`, and how well.

    `context` (title, headings) may vouch for names that the passage takes for granted. The quote is
    whole clauses or sentences, at least 10 characters where the passage has them, at most about 300.
    Offsets count characters of `passage_text`.
    """
    return examine(sentence, passage_text, context=context, near="")


def examine(sentence: str, passage_text: str, *, context: str, near: str) -> Check:
    """`check`, and where the words stand more than once, the place that shares most with `near`."""
    claimed = without_lead_in(sentence)
    folded = folded_claim(claimed)
    if not any(character.isalnum() for character in folded) or not passage_text.strip():
        return Check("unsupported", 0, 0, 0.0, "nothing to check")
    note = read(passage_text)
    claim = read(claimed)
    verbatim = copied(folded, claim, note, read(near) if near else None)
    if verbatim is not None:
        return verbatim
    if not claim.words and not claim.quantities:
        return Check("unsupported", 0, 0, 0.0, "no content words")
    return _compared(claim, note, read(context) if context else None)


def without_lead_in(sentence: str) -> str:
    """The sentence without "노트에 따르면" and the like, white space at its ends gone."""
    return _LEAD_IN.sub("", sentence).strip()


def copied(folded: str, claim: Reading, note: Reading, near: Reading | None) -> Check | None:
    """The place where the sentence stands word for word, if it does and is not turned around there."""
    best: tuple[float, int, int] | None = None
    place = note.folded.text.find(folded)
    while place >= 0:
        start, end = note.folded.span(place, place + len(folded))
        if _whole_words(note, place, start, end) and not _denied_after(claim, note, end):
            shared = _nearness(near, note, start, end) if near else 0.0
            if best is None or shared > best[0]:
                best = (shared, start, end)
        place = note.folded.text.find(folded, place + 1)
    if best is None:
        return None
    _, start, end = best
    while start and note.source[start - 1] in "*`":
        start -= 1
    while end < len(note.source) and note.source[end] in ".!?。！？…\"'”’)*`":
        end += 1
    start, end = widened(note.source, start, end)
    return Check("supported", start, end, 1.0, "word for word", math.inf)


def _whole_words(note: Reading, place: int, start: int, end: int) -> bool:
    source, text = note.source, note.folded.text
    before = source[start - 1] if start else " "
    if before.isalnum() and place and text[place - 1] == before.lower():
        return False
    if before == "." and start > 1 and source[start - 2].isdigit() and source[start].isdigit():
        return False
    after = source[end] if end < len(source) else " "
    if after in ".," and source[end - 1].isdigit() and source[end + 1 : end + 2].isdigit():
        return False
    return not after.isalnum() or end in note.particles


def _denied_after(claim: Reading, note: Reading, end: int) -> bool:
    """Whether the clause goes on after the copied words and denies them: "학생이" of "학생이 아니다"."""
    if not claim.words:
        return False
    clause = next((span for span in layout(note.source).clauses if span[0] < end <= span[1]), None)
    if clause is None or not any(character.isalnum() for character in note.source[end : clause[1]]):
        return False
    said = {word.form for word in claim.words if not word.negated}
    return any(word.negated and word.form in said for word in note.words_in(clause[0], end))


def _nearness(near: Reading, note: Reading, start: int, end: int) -> float:
    """Share of the words of `near` in the sentence around a place; tells equal copies apart."""
    span = next((s for s in layout(note.source).sentences if s[0] <= start < s[1]), (start, end))
    there = {word.form for word in note.words_in(*span)}
    wanted = {word.form for word in near.words}
    return len(wanted & there) / len(wanted) if wanted else 0.0


def _compared(claim: Reading, note: Reading, context: Reading | None) -> Check:
    places = candidates(claim, note, context)
    if not places:
        return Check("unsupported", 0, 0, 0.0, "no words in common")
    rows, differences = examined(places, claim, note, context)
    same = next((place for place, row in enumerate(rows) if nearly_copied(row)), None)
    if same is not None:
        return _check("supported", places[same], differences[same], note, math.inf)
    weighed = odds(rows)
    best = max(range(len(places)), key=weighed.__getitem__)
    if weighed[best] >= SUPPORTED_AT:
        return _check("supported", places[best], differences[best], note, weighed[best])
    one, found = places[0], differences[0]
    against = any(difference.contradicts for difference in found)
    if against and one.score >= ALTERED_AT:
        return _check("altered", one, found, note, weighed[best])
    return _check("partly" if one.score >= PARTLY_AT else "unsupported", one, found, note, weighed[best])


def candidates(claim: Reading, note: Reading, context: Reading | None) -> list[Scored]:
    """The places that are looked at closely, best first: eight at most, none far behind the first."""
    matches = [found_at(word, note) for word in claim.words]
    scored = [_scored(window, claim, note, matches, context) for window in layout(note.source).windows()]
    ranked = sorted(
        _worthwhile(scored),
        key=lambda one: (-one.score, one.window.end - one.window.start, one.window.start),
    )
    if not ranked or not ranked[0].matched:
        return []
    return [one for one in ranked[:8] if one.score >= ranked[0].score - _NEAR_BEST]


def examined(
    places: Sequence[Scored], claim: Reading, note: Reading, context: Reading | None
) -> tuple[list[dict[str, float]], list[list[Difference]]]:
    """For each place, what verdict.py weighs and everything that differs there."""
    windows = [(one.window.start, one.window.end) for one in places]
    seen = [figures(claim, note, window, context, one.score) for one, window in zip(places, windows, strict=True)]
    rows = [row for row, _ in seen]
    beside(rows, windows)
    return rows, [found for _, found in seen]


def _worthwhile(scored: Sequence[Scored]) -> Iterator[Scored]:
    """Windows within a sentence, and pairs of sentences that each bring two things the other lacks.

    A second sentence that adds one word only would lend it to a statement it does not make.
    """
    single = [one for one in scored if not one.window.pair]
    yield from single
    for one in scored:
        if one.window.pair:
            inside = [
                o.matched for o in single if one.window.start <= o.window.start and o.window.end <= one.window.end
            ]
            if all(len(one.matched - matched) >= 2 for matched in inside):
                yield one


def found_at(word: Word, note: Reading) -> list[tuple[int, float]]:
    """Places of the note that say this word, with how well: 1 for the word, less for one alike."""
    places = dict.fromkeys(note.places.get(word.form, ()), 1.0)
    if len(word.form) >= 2 and not word.form.isascii():
        place = note.folded.text.find(word.form)
        while place >= 0:
            places.setdefault(note.folded.offsets[place], 1.0)
            place = note.folded.text.find(word.form, place + 1)
    if len(word.form) >= 2 and word.kind != "name":
        for form, starts in note.places.items():
            if synonymous(word.form, form):
                for start in starts:
                    places.setdefault(start, _SYNONYM)
            elif alike(word.form, form):
                for start in starts:
                    places.setdefault(start, _ALIKE)
    return sorted(places.items())


def _scored(
    window: Window,
    claim: Reading,
    note: Reading,
    matches: Sequence[Sequence[tuple[int, float]]],
    context: Reading | None,
) -> Scored:
    """Share of the sentence, by weight, that the window says, or that stands over it or names it before."""
    plan = layout(note.source)
    over = plan.over(window.start)
    before = plan.before(window.start)
    total = got = 0.0
    matched = set()
    for place, (word, spots) in enumerate(zip(claim.words, matches, strict=True)):
        weight = WEIGHTS[word.kind]
        best = max((credit for spot, credit in spots if window.start <= spot < window.end), default=0.0)
        if best:
            matched.add(place)
        elif knows(context, word) or any(start <= spot < end for spot, _ in spots for start, end in over):
            best = 1.0
        elif (place == 0 or word.kind == "name") and any(before[0] <= spot < before[1] for spot, _ in spots):
            best = _TOLD_BEFORE
        total += weight
        got += weight * best
    here = note.quantities_in(window.start, window.end)
    for place, number in enumerate(claim.quantities):
        weight = _NUMBER_WEIGHT if number.sure else 0.3
        total += weight
        if any(number.same_as(other) for other in here):
            got += weight
            matched.add(len(claim.words) + place)
    return Scored(window, got / total if total else 0.0, frozenset(matched))


def _check(support: Support, one: Scored, found: Sequence[Difference], note: Reading, weighed: float) -> Check:
    start, end = widened(note.source, one.window.start, one.window.end)
    against = [difference for difference in found if difference.contradicts]
    why = ", ".join(f"{difference.kind}: {difference.what}" for difference in against or found)
    return Check(support, start, end, round(one.score, 4), "" if support == "supported" else why, weighed)
