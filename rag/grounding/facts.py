"""What must not differ between an answer and its note: numbers, names, negation, opposites.

Takes two Readings and a range of the second; says what contradicts and what is merely missing.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from rag.grounding.lexicon import NEGATIVE, opposites
from rag.grounding.numbers import Quantity
from rag.grounding.reading import Reading, Word
from rag.grounding.spans import layout
from rag.grounding.units import HARD_UNITS

# A denied word that the answer lacks counts only in a clause that the answer speaks about.
_CLAUSE_SHARED = 0.6
# Share of what both sentences of a quote say of the claim that one of them says alone.
_MOST = 0.8
_GENERIC = frozenset("사람 나라 지역 도시 값 말 이름 방법 부분 일 경우 사실 자리".split())
# Exchanging these says the same: A와 B, and A에 의해 in a passive.
_LOOSE = frozenset(["", "와", "과", "하고", "이나", "나", "에", "도", "만"])
_TO = frozenset(["에게", "한테", "께"])
_FROM = frozenset(["로부터", "으로부터", "에게서", "한테서"])
_CONNECTS = re.compile(r"[,;]\s|(?<=[가-힣])(?:고|며|지만|으나|는데)\s|\.\s|\n|\b(?:while|but|whereas|and)\b")


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
    plan = layout(note.source)
    return [
        *_numbers(claim, note, window),
        *_names(said, noted, note, window, context),
        *_negations(said, noted, plan.clauses),
        *_opposites(said, noted),
        *_compounds(claim, note, window),
        *_crossed(claim, note, window),
        *_roles(said, noted),
        *_replaced(claim, note, window),
        *_subject(said, noted, note, window, context),
        *_other_subject(claim, note, [span for span in plan.sentences if window[0] < span[1] and span[0] < window[1]]),
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
    rivals = [q for q in here if q.sure and not number.same_as(q) and number.unit == q.unit]
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
    """Names and technical terms that the quote lacks.

    One that the section named before, or that stands over the quote, is taken as its silent subject,
    unless the quote has a name of its own that the claim leaves out.
    """
    text = _spelled(note, window)
    claimed = {word.form for word in said}
    forms = {word.form for word in noted}
    rivals = [word for word in noted if word.kind == "name" and word.form not in claimed]
    plan = layout(note.source)
    near = [*plan.over(window[0]), plan.before(window[0])]
    korean = any(not word.lemma.isascii() for word in said)
    found = []
    for word in said:
        term = word.kind == "name" or (korean and word.lemma.isascii())
        if not term or word.form in forms or word.lemma in text or knows(context, word):
            continue
        places = [other.start for other in note.words if other.form == word.form]
        if not places and word.lemma not in note.folded.text:
            found.append(Difference("name", word.form, bool(rivals) and word.kind == "name"))
        elif any(o.role == word.role for o in rivals) or not any(s <= place < e for place in places for s, e in near):
            found.append(Difference("name", word.form, False))
    return found


def _spelled(note: Reading, window: tuple[int, int]) -> str:
    return note.source[window[0] : window[1]].replace(" ", "").lower()


def _negations(said: Sequence[Word], noted: Sequence[Word], clauses: Sequence[tuple[int, int]]) -> list[Difference]:
    said_no, said_yes = _polarity(said)
    note_no, note_yes = _polarity(noted)
    only_said, only_noted = said_no - note_no, note_no - said_no
    turned = [form for form in only_said if form in note_yes]
    turned += [form for form in only_noted if form in said_yes and form not in note_yes]
    # Both deny something: "no loss" and "loses no performance" agree, unless what they deny is exchanged.
    exchanged = only_said & note_yes and only_noted & said_yes
    both = (only_said or said_yes & NEGATIVE - note_yes) and (only_noted or note_yes & NEGATIVE - said_yes)
    if turned and (exchanged or not both):
        return [Difference("negation", form, True) for form in turned]
    claimed = said_no | said_yes
    if only_said and not note_no and not note_yes & NEGATIVE:
        for form in only_said - note_yes:
            if not opposites().get(form, frozenset()) & note_yes:
                return [Difference("negation", form, True)]
    if only_noted and not said_no and not said_yes & NEGATIVE:
        counter = {other for form in claimed for other in opposites().get(form, ())}
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
    """Words whose opposite the note uses of the same thing: in both texts the same word stands beside."""
    claimed = {word.form for word in said}
    there = {word.form for word in noted}
    found = []
    for place, word in enumerate(said):
        if word.form in there:
            continue
        for spot, other in enumerate(noted):
            opposed = other.form in opposites().get(word.form, ()) or _prefixed(word.form, other.form)
            if not opposed or other.form in claimed or other.negated != word.negated:
                continue
            if _neighbours(said, place) & _neighbours(noted, spot):
                found.append(Difference("opposite", word.form, True))
    return found


def _prefixed(first: str, second: str) -> bool:
    """Supervised and unsupervised, linear and nonlinear."""
    short, long = sorted((first, second), key=len)
    return short.isascii() and len(short) > 3 and long in {p + short for p in ("un", "non", "in", "dis", "ir", "im")}


def _neighbours(words: Sequence[Word], place: int) -> set[str]:
    """What a word is said of: in Korean what stands before a predicate, else the words on both sides."""
    word = words[place]
    if word.kind == "verb":
        return {other.form for other in words[max(0, place - 2) : place] if other.kind != "verb"}
    return {other.form for other in (*words[max(0, place - 2) : place], *words[place + 1 : place + 3])}


def _compounds(claim: Reading, note: Reading, window: tuple[int, int]) -> list[Difference]:
    """Nouns that the note gives another front, while the claim's front is said elsewhere: 문장 분류, 토큰 분류.

    Between two Latin words of a Korean sentence it is enough that the note leaves the front out: def, async def.
    """
    noted = note.words_in(*window)
    text = _spelled(note, window)
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
                return [Difference("crossed", ", ".join(sorted(first & (one | other))), False)]
    return []


def _by_clause(text: Reading, window: tuple[int, int]) -> list[set[str]]:
    """Forms of each clause that no other clause has."""
    cuts = [window[0], *(match.end() for match in _CONNECTS.finditer(text.source, *window)), window[1]]
    clauses = [{word.form for word in text.words_in(start, end)} for start, end in pairwise(cuts)]
    counts = Counter(form for clause in clauses for form in clause)
    return [{form for form in clause if counts[form] == 1} for clause in clauses]


def _roles(said: Sequence[Word], noted: Sequence[Word]) -> list[Difference]:
    """Who does what to whom: subject and object exchanged, to and from, objects exchanged between predicates."""
    before, after = _by_role(said), _by_role(noted)
    found = []
    for doer in before["s"] & after["o"] - after["s"]:
        for other in after["s"] & (before["o"] | before["의"]) - before["s"]:
            found.append(Difference("role", f"{doer}, {other}", True))
    found += [Difference("role", f"{one}, {other}", True) for one, other in _exchanged(said, noted)]
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
    return {form: next(iter(found)) for form, found in roles.items() if len(found) == 1}


def _replaced(claim: Reading, note: Reading, window: tuple[int, int]) -> list[Difference]:
    """The one noun that the note lacks, where the note has another: 동거녀의 신고, 어린이의 신고.

    Nouns that share a syllable are taken for the same (퇴학, 퇴교); their opposites are in a table.
    """
    noted = note.words_in(*window)
    forms = {word.form for word in noted}
    text = _spelled(note, window)
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
    lost = {syllable for place in missing for syllable in claim.words[place].lemma}
    for spot, other in enumerate(noted):
        if other.kind == "verb" or other.role != word.role or other.form in claimed or lost & set(other.lemma):
            continue
        ahead = _form(claim.words, missing[-1] + 1) == _form(noted, spot + 1) != ""
        behind = _form(claim.words, missing[0] - 1) == _form(noted, spot - 1) != ""
        last = missing[-1] + 1 == len(claim.words)
        if (ahead and behind) or (word.role and ahead) or (behind and last):
            return [Difference("replaced", f"{word.lemma}, {other.lemma}", False)]
    return []


def _form(words: Sequence[Word], place: int) -> str:
    return words[place].form if 0 <= place < len(words) else ""


def _subject(
    said: Sequence[Word], noted: Sequence[Word], note: Reading, window: tuple[int, int], context: Reading | None
) -> list[Difference]:
    """Nouns that the note has no place for: said only behind the quote, or with another name in their role."""
    claimed = {word.form for word in said}
    there = {word.form for word in noted}
    text = _spelled(note, window)
    found = []
    for word in said:
        if not word.role or word.form in there or word.lemma in text or word.kind == "adverb" or knows(context, word):
            continue
        places = [other.start for other in note.words if other.form == word.form]
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
    text = _spelled(note, core)
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
