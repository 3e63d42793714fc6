"""What must not differ between an answer and its note: numbers, names, negation, opposites.

Takes two Readings and a range of the second; says what contradicts and what is merely missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from rag.grounding.lexicon import opposites
from rag.grounding.numbers import Quantity
from rag.grounding.reading import Reading, Word
from rag.grounding.spans import layout
from rag.grounding.units import HARD_UNITS

# A denied word that the answer lacks counts only in a clause that the answer speaks about.
_CLAUSE_SHARED = 0.6


@dataclass(frozen=True, slots=True)
class Difference:
    """`kind` is number, name, negation or opposite; `contradicts` False: only absent from the note."""

    kind: str
    what: str
    contradicts: bool


def differences(claim: Reading, note: Reading, window: tuple[int, int], context: Reading | None) -> list[Difference]:
    """Where `claim` departs from `note.source[window]`; `context` (title, headings) vouches for names."""
    said = claim.words
    noted = note.words_in(*window)
    whole, clauses = layout(note.source)
    return [
        *_numbers(claim, note, window),
        *_names(said, noted, note, window, context),
        *_negations(said, noted, clauses),
        *_opposites(said, noted),
        *_roles(said, noted),
        *_subject(said, noted, note, window, context),
        *_other_subject(said, note, [span for span in whole if window[0] < span[1] and span[0] < window[1]]),
    ]


def _numbers(claim: Reading, note: Reading, window: tuple[int, int]) -> list[Difference]:
    found = []
    here = note.quantities_in(*window)
    unclaimed = [q for q in here if q.sure and not any(q.same_as(other) for other in claim.quantities)]
    for number in claim.quantities:
        if not number.sure:
            continue
        name = claim.source[number.start : number.end]
        matches = [q for q in here if number.same_as(q)]
        if matches:
            if _said_of_another(number, matches, claim, note, here):
                found.append(Difference("number", name, True))
            continue
        rival = any(_same_kind(number, other) for other in unclaimed)
        elsewhere = any(number.same_as(q) for q in note.quantities)
        found.append(Difference("number", name, rival or not elsewhere))
    return found


def _same_kind(number: Quantity, other: Quantity) -> bool:
    if number.unit and other.unit:
        return number.unit == other.unit or (
            number.unit in HARD_UNITS and other.unit in HARD_UNITS and abs(number.value - other.value) < 1e-9
        )
    return True


def _said_of_another(
    number: Quantity, matches: Sequence[Quantity], claim: Reading, note: Reading, here: Sequence[Quantity]
) -> bool:
    """Whether the note gives this number to something else, and another number to what is claimed.

    "학습률은 64였다" against "학습률은 0.001을 썼고 배치 크기는 64였다": the word beside the number is
    beside another one in the note.
    """
    beside = _beside(number, claim)
    own = {form for match in matches for form in _beside(match, note)}
    rivals = [q for q in here if q.sure and not number.same_as(q) and _same_kind(number, q)]
    return bool(beside) and not beside & own and any(beside & _beside(rival, note) for rival in rivals)


def _beside(number: Quantity, text: Reading) -> frozenset[str]:
    """The content words right before and right behind a number."""
    before = [word for word in text.words if word.end <= number.start]
    behind = [word for word in text.words if word.start >= number.end]
    return frozenset(word.form for word in (*before[-1:], *behind[:1]))


def knows(context: Reading | None, word: Word) -> bool:
    """Whether title or headings hold the word; spelled together counts, since Kiwi may cut names differently."""
    return context is not None and (
        any(word.form == other.form for other in context.words) or word.lemma.lower() in context.folded.text
    )


def _names(
    said: Sequence[Word], noted: Sequence[Word], note: Reading, window: tuple[int, int], context: Reading | None
) -> list[Difference]:
    forms = {word.form for word in noted}
    there = note.source[window[0] : window[1]].replace(" ", "").lower()
    everywhere = {word.form for word in note.words}
    claimed = {word.form for word in said}
    rivals = [word for word in noted if word.kind == "name" and word.form not in claimed]
    found = []
    for word in said:
        if word.kind != "name" or word.form in forms or word.lemma in there or knows(context, word):
            continue
        if word.form not in everywhere and word.lemma not in note.folded.text:
            found.append(Difference("name", word.form, bool(rivals)))
        elif rivals:  # told of elsewhere in the passage, while this place tells of somebody else
            found.append(Difference("name", word.form, False))
    return found


def _negations(said: Sequence[Word], noted: Sequence[Word], clauses: Sequence[tuple[int, int]]) -> list[Difference]:
    said_no, said_yes = _polarity(said)
    note_no, note_yes = _polarity(noted)
    turned = [form for form in said_no if form in note_yes and form not in note_no]
    turned += [form for form in note_no if form in said_yes and form not in said_no and form not in note_yes]
    if turned:
        return [Difference("negation", form, True) for form in turned]
    claimed = said_no | said_yes
    counter = {other for form in claimed for other in opposites().get(form, ())}
    if said_no and not note_no:
        noted_forms = note_yes
        for form in said_no - noted_forms:
            if not opposites().get(form, frozenset()) & noted_forms:
                return [Difference("negation", form, True)]
    if note_no and not said_no:
        for start, end in clauses:
            words = [word for word in noted if start <= word.start < end]
            denied = [word for word in words if word.negated and word.form not in counter]
            others = [word for word in words if not word.negated]
            if denied and others and sum(w.form in claimed for w in others) >= _CLAUSE_SHARED * len(others):
                return [Difference("negation", denied[0].form, True)]
    return []


def _polarity(words: Sequence[Word]) -> tuple[set[str], set[str]]:
    return {word.form for word in words if word.negated}, {word.form for word in words if not word.negated}


def _opposites(said: Sequence[Word], noted: Sequence[Word]) -> list[Difference]:
    claimed = {word.form: word.negated for word in said}
    there = {word.form: word.negated for word in noted}
    found = []
    for form, negated in claimed.items():
        if form in there:
            continue
        for other in opposites().get(form, ()):
            if other in there and other not in claimed and there[other] == negated:
                found.append(Difference("opposite", form, True))
    found += [
        Difference("opposite", form, True)
        for form in claimed
        if form.isascii()
        for prefix in ("un", "non", "in", "dis", "ir", "im")
        if (form not in there and prefix + form in there and prefix + form not in claimed)
        or (
            form.startswith(prefix)
            and form not in there
            and form.removeprefix(prefix) in there
            and form.removeprefix(prefix) not in claimed
        )
    ]
    return found


def _roles(said: Sequence[Word], noted: Sequence[Word]) -> list[Difference]:
    """Who does what to whom: subject and object exchanged, or objects exchanged between predicates."""
    found = []
    before, after = _by_role(said), _by_role(noted)
    doers, done = before["s"], before["o"]
    turned = {(s, o) for s in doers & after["o"] for o in done & after["s"] - after["o"]}
    found += [Difference("role", f"{doer}, {other}", True) for doer, other in turned]
    claimed, stated = _governed(said), _governed(noted)
    nouns, verbs = {noun for noun, _ in stated}, {verb for _, verb in stated}
    for noun, verb in claimed - stated:
        if noun in nouns and verb in verbs and not any(n == noun and (n, v) in claimed for n, v in stated):
            other = {v for n, v in stated if n == noun} & {v for _, v in claimed}
            if other:
                found.append(Difference("role", f"{noun}, {verb}", True))
    return found


def _subject(
    said: Sequence[Word], noted: Sequence[Word], note: Reading, window: tuple[int, int], context: Reading | None
) -> list[Difference]:
    """Nouns that the note has no place for: said only behind the quote, or with another name in their role."""
    claimed = {word.form for word in said}
    there = {word.form for word in noted}
    text = note.source[window[0] : window[1]].replace(" ", "").lower()
    found = []
    for word in said:
        if not word.role or word.form in there or word.lemma in text or word.kind == "adverb" or knows(context, word):
            continue
        places = [other.start for other in note.words if other.form == word.form]
        behind = word.role == "s" and bool(places) and min(places) >= window[1]
        rivals = [o for o in noted if o.kind == "name" and o.role == word.role and o.form not in claimed]
        if behind or (not places and rivals):
            found.append(Difference("subject", word.form, False))
    return found


def _other_subject(said: Sequence[Word], note: Reading, whole: Sequence[tuple[int, int]]) -> list[Difference]:
    """Whether the sentence of the note that says most of it has a subject of its own, absent from the claim."""
    about = {word.form for word in said if word.role == "s"}
    claimed = {word.form for word in said}
    cores = [note.words_in(*span) for span in whole]
    core = max(cores, key=lambda words: len({w.form for w in words} & claimed - about), default=())
    if not about or about & {word.form for word in core}:
        return []
    others = [word.form for word in core if word.role == "s" and word.form not in claimed]
    return [Difference("subject", others[0], False)] if others else []


def _by_role(words: Sequence[Word]) -> dict[str, set[str]]:
    return {role: {word.form for word in words if word.role == role} for role in ("s", "o")}


def _governed(words: Sequence[Word]) -> set[tuple[str, str]]:
    """Objects with the predicate that follows them: (시각, 도태), (체계, 발달)."""
    return {
        (word.form, following.form) for word, following in pairwise(words) if word.role == "o" and following.role == ""
    }
