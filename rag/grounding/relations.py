"""Who does what to whom: words that a sentence and its note share, put together in another way.

Takes two Readings and a range of the second. Roles come from Korean particles; English has only
clauses to go by, so fewer of these are seen there.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import combinations, pairwise

from rag.grounding.difference import Difference, form_at, knows, spelled
from rag.grounding.lexicon import alike
from rag.grounding.likeness import likeness
from rag.grounding.reading import Reading, Word
from rag.grounding.spans import layout

# Share of what both sentences of a quote say of the claim that one of them says alone.
_MOST = 0.8
_GENERIC = frozenset("사람 나라 지역 도시 값 말 이름 방법 부분 일 경우 사실 자리".split())
# Exchanging these says the same: A와 B, and A에 의해 in a passive.
_LOOSE = frozenset(["", "와", "과", "하고", "이나", "나", "에", "도", "만"])
_TO = frozenset(["에게", "한테", "께"])
_FROM = frozenset(["로부터", "으로부터", "에게서", "한테서"])
_CONNECTS = re.compile(r"[,;]\s|(?<=[가-힣])(?:고|며|지만|으나|는데)\s|\.\s|\n|\b(?:while|but|whereas|and)\b")


def relation_differences(
    claim: Reading, note: Reading, window: tuple[int, int], context: Reading | None
) -> list[Difference]:
    """Where `claim` joins words of `note.source[window]` otherwise; `context` vouches for what is absent."""
    said = claim.words
    noted = note.words_in(*window)
    whole = [span for span in layout(note.source).sentences if window[0] < span[1] and span[0] < window[1]]
    return [
        *_compounds(claim, note, window),
        *_crossed(claim, note, window),
        *_roles(claim, note, window),
        *_replaced(claim, note, window),
        *_slots(claim, note, window),
        *_takers(claim, note, window),
        *_subject(said, noted, note, window, context),
        *_other_subject(claim, note, whole),
    ]


def _compounds(claim: Reading, note: Reading, window: tuple[int, int]) -> list[Difference]:
    """Nouns that the note gives another front, while the claim's front is said elsewhere: 문장 분류, 토큰 분류.

    Between two Latin words of a Korean sentence it is enough that the note leaves the front out: def, async def.
    """
    noted = note.words_in(*window)
    text = spelled(note, window)
    if claim.source.isascii():  # English words don't tell nouns from verbs
        return []
    elsewhere = {word.form for word in note.words}
    fronts = _fronts(noted, note.source)
    heads = {word.form for word in noted}
    found = []
    for front, head in _fronts(claim.words, claim.source):
        if front.lemma in text or front.form in heads or head.form not in heads or front.form not in elsewhere:
            continue
        others = {other.form for other, same in fronts if same.form == head.form}
        if others or (front.lemma + head.lemma).isascii():
            found.append(Difference("compound", f"{front.lemma} {head.lemma}", False))
    return found


def _fronts(words: Sequence[Word], source: str) -> list[tuple[Word, Word]]:
    """Pairs of nouns with nothing but a space between them."""
    return [
        (front, head)
        for front, head in pairwise(words)
        if front.kind != "verb" and head.kind in ("noun", "name") and not source[front.end : head.start].strip(" `*\"'")
    ]


def _crossed(claim: Reading, note: Reading, window: tuple[int, int]) -> list[Difference]:
    """Two things of two clauses, each put together with the other's: A는 x, B는 y for A는 y, B는 x."""
    said = _by_clause(claim, (0, len(claim.source)))
    noted = _by_clause(note, window)
    for first, second in combinations(said, 2):
        for one, other in combinations(noted, 2):
            if first & one and first & other and second & one and second & other:
                return [Difference("crossed", ", ".join(sorted(first & (one | other))), True)]
    return []


def _by_clause(text: Reading, window: tuple[int, int]) -> list[set[str]]:
    """Forms of each clause that no other clause has."""
    cuts = [window[0], *(match.end() for match in _CONNECTS.finditer(text.source, *window)), window[1]]
    clauses = [{word.form for word in text.words_in(start, end)} for start, end in pairwise(cuts)]
    counts = Counter(form for clause in clauses for form in clause)
    return [{form for form in clause if counts[form] == 1} for clause in clauses]


def _roles(claim: Reading, note: Reading, window: tuple[int, int]) -> list[Difference]:
    """Who does what to whom: subject and object exchanged, to and from, objects exchanged between predicates."""
    said, noted = claim.words, note.words_in(*window)
    before, after = _by_role(said), _by_role(noted)
    ours, theirs = _clauses_of(said, claim.breaks), _clauses_of(noted, note.breaks)

    def together(one: str, other: str) -> bool:
        return not ours[one].isdisjoint(ours[other]) and not theirs[one].isdisjoint(theirs[other])

    found = []
    for doer in before["s"] & after["o"] - after["s"]:
        for other in after["s"] & before["o"] - before["s"]:
            if together(doer, other):
                found.append(Difference("role", f"{doer}, {other}", True))
    found += [
        Difference("role", f"{one}, {other}", True) for one, other in _exchanged(said, noted) if together(one, other)
    ]
    for here, there in ((_TO, _FROM), (_FROM, _TO)):
        for form in _having(before, here) & _having(after, there) - _having(after, here):
            found.append(Difference("role", form, True))
    claimed, stated = _governed(said), _governed(noted)
    nouns, verbs = {noun for noun, _ in stated}, {verb for _, verb in stated}
    for noun, verb in claimed - stated:
        if noun in nouns and verb in verbs and not any(n == noun and (n, v) in claimed for n, v in stated):
            if {v for n, v in stated if n == noun} & {v for _, v in claimed}:
                found.append(Difference("role", f"{noun}, {verb}", True))
    return found


def _clauses_of(words: Sequence[Word], breaks: Sequence[int]) -> dict[str, set[int]]:
    """For each form the numbers of the clauses that it stands in."""
    found: dict[str, set[int]] = defaultdict(set)
    for place, word in enumerate(words):
        clause = bisect_right(breaks, word.start)
        found[word.form].add(clause)
        if place and words[place - 1].end == word.start:
            found[words[place - 1].lemma + word.lemma].add(clause)
    return found


def _exchanged(said: Sequence[Word], noted: Sequence[Word]) -> list[tuple[str, str]]:
    """Pairs of words, each with one role only, that have each other's: 절대 손실보다 상대 손실로."""
    before, after = _only_role(said), _only_role(noted)
    both = [form for form in before.keys() & after.keys() if before[form] != after[form]]
    return [
        (one, other)
        for one, other in combinations(sorted(both), 2)
        if before[one] == after[other] and before[other] == after[one] and not {before[one], before[other]} & _LOOSE
    ]


def _only_role(words: Sequence[Word]) -> dict[str, str]:
    roles: dict[str, set[str]] = defaultdict(set)
    for word in words:
        roles[word.form].add(word.role)
    for one, other in pairwise(words):
        if one.end == other.start:  # a name that the analyser took apart: 박 + 지훈
            roles[one.lemma + other.lemma].add(other.role)
    return {form: next(iter(found)) for form, found in roles.items() if len(found) == 1}


def _replaced(claim: Reading, note: Reading, window: tuple[int, int]) -> list[Difference]:
    """The one noun that the note lacks, where the note has another: 동거녀의 신고, 어린이의 신고.

    Nouns that begin alike are taken for the same (퇴학, 퇴교); their opposites are in a table.
    """
    noted = note.words_in(*window)
    forms = {word.form for word in noted}
    text = spelled(note, window)
    missing = [
        place
        for place, word in enumerate(claim.words)
        if word.kind in ("noun", "name") and word.form not in forms and word.lemma not in text
    ]
    # One noun phrase: more of them are a paraphrase, fewer a copy.
    phrase = bool(missing) and missing == list(range(missing[0], missing[-1] + 1)) and len(missing) <= 2
    if not phrase or claim.source.isascii() or claim.words[missing[-1]].lemma in _GENERIC:
        return []
    claimed = {word.form for word in claim.words}
    word = claim.words[missing[-1]]
    lost = {claim.words[place].lemma[0] for place in missing}
    for spot, other in enumerate(noted):
        if other.kind == "verb" or other.role != word.role or other.form in claimed or other.lemma[0] in lost:
            continue
        if likeness(word, other):
            continue
        ahead = form_at(claim.words, missing[-1] + 1) == form_at(noted, spot + 1) != ""
        behind = form_at(claim.words, missing[0] - 1) == form_at(noted, spot - 1) != ""
        last = missing[-1] + 1 == len(claim.words)
        if (ahead and behind) or (word.role and ahead) or (behind and last):
            return [Difference("replaced", f"{word.lemma}, {other.lemma}", False)]
    return []


def _slots(claim: Reading, note: Reading, window: tuple[int, int]) -> list[Difference]:
    """English: what stands between the same two words is another thing: "stores the queries of past tokens"."""
    if not claim.source.isascii():
        return []
    noted = note.words_in(*window)
    forms = [word.form for word in noted]
    claimed = [word.form for word in claim.words]
    for place, word in enumerate(claim.words[1:-1], 1):
        before, after = claimed[place - 1], claimed[place + 1]
        names_a_thing = _DETERMINED.search(claim.source[: word.start]) or word.lemma.endswith("ly")
        if not names_a_thing or word.form in forms or any(alike(word.form, form) for form in forms):
            continue
        for spot, form in enumerate(forms):
            end = next((n for n in range(spot + 2, min(spot + 5, len(forms))) if forms[n] == after), None)
            if form == before and end and not set(forms[spot + 1 : end]) & set(claimed):
                return [Difference("replaced", f"{word.lemma}, {noted[spot + 1].lemma}", False)]
    return []


_DETERMINED = re.compile(r"\b(?:the|an?|its|their|each|this|these)\s$", re.IGNORECASE)
_PASSIVE = re.compile(r"\b(?:by|was|were|been|is|are)\b")


def _takers(claim: Reading, note: Reading, window: tuple[int, int]) -> list[Difference]:
    """English: who stands before the shared verb in the note stands behind it in the claim, another before."""
    if not claim.source.isascii() or _PASSIVE.search(claim.source):
        return []
    said = claim.words
    for span in layout(note.source).sentences:
        if not (window[0] < span[1] and span[0] < window[1]):
            continue
        noted = note.words_in(*span)
        if _PASSIVE.search(note.source[slice(*span)]):
            continue
        for verb in said:
            spot = next((w for w in noted if w.form == verb.form and w.kind != "name"), None)
            if verb.kind == "name" or spot is None:
                continue
            names = [w for w in said if w.kind == "name"]
            before, behind = ({w.form for w in names if (w.start < verb.start) == first} for first in (True, False))
            ahead = [w for w in noted if w.start < spot.start]
            there = {w.form for w in ahead}
            others = {w.form for w in ahead if w.kind == "name"}
            if before and before.isdisjoint(there) and others and not behind & before:
                return [Difference("role", verb.form, bool(behind & there))]
    return []


def _subject(
    said: Sequence[Word], noted: Sequence[Word], note: Reading, window: tuple[int, int], context: Reading | None
) -> list[Difference]:
    """Nouns that the note has no place for: said only behind the quote, or with another name in their role."""
    claimed = {word.form for word in said}
    there = {word.form for word in noted}
    text = spelled(note, window)
    found = []
    for word in said:
        if not word.role or word.form in there or word.lemma in text or word.kind == "adverb" or knows(context, word):
            continue
        places = note.places.get(word.form, ())
        behind = word.role == "s" and bool(places) and min(places) >= window[1]
        other = word.role in _TO | _FROM and any(
            o.kind == "name" and o.role == word.role and o.form not in claimed for o in noted
        )
        if behind or (not places and other):
            found.append(Difference("subject", word.form, False))
    return found


def _other_subject(claim: Reading, note: Reading, whole: Sequence[tuple[int, int]]) -> list[Difference]:
    """Whether the sentence of the note that says most of it has a subject of its own, absent from the claim."""
    about = {word.form: word.lemma for word in claim.words if word.role == "s"}
    rest = {word.form for word in claim.words} - about.keys()
    spans = {span: {word.form for word in note.words_in(*span)} & rest for span in whole}
    core = max(spans, key=lambda span: len(spans[span]), default=(0, 0))
    # Where both sentences say much of the claim, it speaks of both of them.
    if not about or len(spans.get(core, ())) < _MOST * len(set().union(*spans.values())):
        return []
    text = spelled(note, core)
    words = note.words_in(*core)
    if any(word.form in about for word in words) or any(lemma in text for lemma in about.values()):
        return []
    said = claim.source.replace(" ", "").lower()
    if not any(word.form in about for word in note.words):  # spoken of in other words
        return []
    others = [w.form for w in words if w.role == "s" and w.form not in rest and w.lemma not in said]
    return [Difference("subject", others[0], False)] if others else []


def _by_role(words: Sequence[Word]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for word in words:
        found[word.role].add(word.form)
    return found


def _having(by_role: dict[str, set[str]], roles: frozenset[str]) -> set[str]:
    return {form for role in roles for form in by_role.get(role, ())}


def _governed(words: Sequence[Word]) -> set[tuple[str, str]]:
    """Objects with the predicate that follows them: (시각, 도태), (체계, 발달)."""
    return {
        (word.form, following.form) for word, following in pairwise(words) if word.role == "o" and following.role == ""
    }
