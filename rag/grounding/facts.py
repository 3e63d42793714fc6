"""What must not differ between a sentence and its note: numbers, names, negation, opposites.

Takes two Readings and a range of the second; says what contradicts and what is merely missing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from rag.grounding.difference import Difference, abbreviates, form_at, knows, prefixed, spelled
from rag.grounding.lexicon import NEGATIVE, alike, opposites
from rag.grounding.quantity import Quantity
from rag.grounding.reading import Reading, Word
from rag.grounding.spans import layout
from rag.grounding.units import HARD_UNITS

# A denied word that the answer lacks counts only in a clause that the answer speaks about.
_CLAUSE_SHARED = 0.6


def fact_differences(
    claim: Reading, note: Reading, window: tuple[int, int], context: Reading | None
) -> list[Difference]:
    """Where `claim` departs from `note.source[window]`; `context` (title, headings) vouches for names."""
    said = claim.words
    noted = note.words_in(*window)
    return [
        *_numbers(claim, note, window),
        *_names(said, noted, note, window, context),
        *_negations(_meant(claim), noted, layout(note.source).clauses),
        *_opposites(said, noted),
        *_quantifiers(claim, note, window),
        *_conditions(claim, note, window),
    ]


# From all to some; a step up is more than the note says.
_ALL = re.compile(
    r"(?:모두|모든|전부|전원|항상|언제나|늘 )|\b(?:all|every|everyone|always|entirely|each)\b", re.IGNORECASE
)
_MOST = re.compile(
    r"(?:대부분|대다수|대개|대체로|보통은|주로|거의)|\b(?:most|mostly|usually|often|generally|typically|nearly|almost|many)\b",
    re.IGNORECASE,
)
_SOME = re.compile(
    r"(?:일부|몇몇|가끔|때때로|간혹|드물게)|\b(?:some|sometimes|occasionally|few|rarely|certain)\b", re.IGNORECASE
)


# What a note may say for "all" and for "some" besides; a sentence that says more than any of them says too much.
_UNIVERSAL = re.compile(
    rf"{_ALL.pattern}|반드시|무조건|누구나|전혀|결코|완전|마다|각자|각기|전체|온통|매번|\b(?:never|any|entire|no|completely|both)\b",
    re.IGNORECASE,
)
_PARTIAL = re.compile(rf"{_SOME.pattern}|이따금|부분|절반|중 하나|\b(?:part|partly|half|halves|rare)\b", re.IGNORECASE)
_CLAIMED_ALL = re.compile(rf"{_ALL.pattern}|반드시|무조건|누구나|전혀|결코|완전히", re.IGNORECASE)
_CLAIMED_SOME = re.compile(rf"{_SOME.pattern}|부분적", re.IGNORECASE)
_ONLY = re.compile(
    r"(?<!지)(?<!조금)(?<!얼마)만(?=[\s,.을이은으])|뿐|밖에|오직|유일|단일|단독|단방향|하나로|한 가지"
    r"|\bsingle\b|\b(?:only|solely|alone|just|nothing but)\b",
    re.IGNORECASE,
)
# "모두 여덟 통" is a sum.
_SUM = re.compile(r"(?:모두|전부|총|all)\s*$", re.IGNORECASE)


def _quantifiers(claim: Reading, note: Reading, window: tuple[int, int]) -> list[Difference]:
    """All for most or some, most for some; "some" for "all" says less, and so differs without contradicting.

    So does an "all", "only" or "some" of which the note says nothing.
    """
    here = note.source[slice(*window)]
    steps = [(_ALL, "all"), (_MOST, "most"), (_SOME, "some")]
    claimed = [place for place, (pattern, _) in enumerate(steps) if pattern.search(claim.source)]
    stated = [place for place, (pattern, _) in enumerate(steps) if pattern.search(here)]
    if claimed and stated and not set(claimed) & set(stated):
        return [Difference("quantifier", steps[claimed[0]][1], claimed[0] < stated[0])]
    around = [span for span in layout(note.source).sentences if window[0] < span[1] and span[0] < window[1]]
    whole = note.source[around[0][0] : around[-1][1]] if around else here
    summed = any(_SUM.search(claim.source[: number.start]) for number in claim.quantities)
    for name, said, known in (
        ("all", _CLAIMED_ALL, _UNIVERSAL),
        ("some", _CLAIMED_SOME, _PARTIAL),
        ("only", _ONLY, _ONLY),
    ):
        if said.search(claim.source) and not known.search(whole) and not (name == "all" and summed):
            return [Difference("quantifier", f"{name}, not said", False)]
    return []


_CONDITION = re.compile(
    r"([가-힣A-Za-z]{2,}?)(?:할|하는|될|되는|일)?\s?(?:때|시에는|시에|시는|시점)(?:는|만|에|마다)?(?=[\s,])"
)


def _conditions(claim: Reading, note: Reading, window: tuple[int, int]) -> list[Difference]:
    """What holds "추론할 때" said of "학습할 때": the clause that says it names another occasion."""
    wanted = [match[1] for match in _CONDITION.finditer(claim.source)]
    if not wanted:
        return []
    cuts = [window[0], *(m.end() for m in _CLAUSES.finditer(note.source, *window)), window[1]]
    clauses = [span for span in pairwise(cuts) if span[0] < span[1]]
    rest = {word.form for word in claim.words if not any(word.lemma in occasion for occasion in wanted)}
    if not clauses or not rest:
        return []
    does = claim.words[-1].form
    forms = {span: {word.form for word in note.words_in(*span)} for span in clauses}
    core = max(clauses, key=lambda span: (does in forms[span], len(forms[span] & rest)))
    stated = [match[1] for match in _CONDITION.finditer(note.source[slice(*core)] + " ")]
    elsewhere = any(occasion in note.source for occasion in wanted)
    if stated and elsewhere and not any(a in b or b in a for a in wanted for b in stated):
        return [Difference("condition", f"{wanted[0]}, {stated[0]}", False)]
    return []


_CLAUSES = re.compile(r"[,;]\s|(?<=[가-힣])(?:고|며|지만|으나|는데)\s|[.]\s|\n")


def _numbers(claim: Reading, note: Reading, window: tuple[int, int]) -> list[Difference]:
    found = []
    here = note.quantities_in(*window)
    unclaimed = [q for q in here if q.sure and not any(q.same_as(other) for other in claim.quantities)]
    for number in claim.quantities:
        if not number.sure:
            continue
        name = claim.source[number.start : number.end]
        if _is_identifier(number, claim, note) or _is_interval(number, claim, note):
            continue
        matches = [q for q in here if number.same_as(q)]
        if matches:
            rates = {_rate(note, match) for match in matches}
            other_rate = _rate(claim, number) != "" and "" not in rates and _rate(claim, number) not in rates
            if other_rate or _said_of_another(number, matches, claim, note, here):
                found.append(Difference("number", name, True))
            continue
        rival = any(_same_kind(number, other) for other in unclaimed)
        elsewhere = any(number.same_as(q) for q in note.quantities)
        found.append(Difference("number", name, rival or not elsewhere))
    return found


def _is_identifier(number: Quantity, claim: Reading, note: Reading) -> bool:
    """Part of a name that the note knows: the 1 of "1호선"."""
    named = re.match(r"[\d.]+(?:호선?|형|차|세대|기|판)", claim.source[number.start :])
    return named is not None and named[0] in note.source


def _is_interval(number: Quantity, claim: Reading, note: Reading) -> bool:
    """The 3 of "3년 뒤인 1446년", where the note names both years."""
    after = re.match(r"\s?(?:뒤|후|만에|later|after)", claim.source[number.end :])
    years = {q.value for q in note.quantities if 1000 <= q.value < 2100}
    return after is not None and any(abs(a - b) == number.value for a in years for b in years if a != b)


_RATES = re.compile(r"(시간당|분당|초당|하루|주당|월|연간|연|매월|매년|매주|인당|개당|건당)(?:에|평균)?\s*$")


def _rate(text: Reading, number: Quantity) -> str:
    found = _RATES.search(text.source[: number.start])
    return found[1] if found else ""


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
    lead, leads = _ahead(number, claim), {_ahead(match, note) for match in matches}
    dated = number.unit in _DATES or 1000 <= number.value < 2100
    if not dated and lead and lead not in leads and lead in {_ahead(rival, note) for rival in rivals}:
        return True
    return bool(beside) and not beside & own and any(beside & _beside(rival, note) for rival in rivals)


_DATES = frozenset(["year", "month", "day", "century"])


def _ahead(number: Quantity, text: Reading) -> str:
    """The word right before a number, nothing but spaces and marks between."""
    before = [word for word in text.words if word.end <= number.start][-1:]
    return (
        before[0].form
        if before and not re.search(r"[가-힣\w,.;]{3,}", text.source[before[0].end : number.start])
        else ""
    )


def _beside(number: Quantity, text: Reading) -> frozenset[str]:
    """The content words right before and right behind a number."""
    before = [word for word in text.words if word.end <= number.start]
    behind = [word for word in text.words if word.start >= number.end]
    return frozenset(word.form for word in (*before[-1:], *behind[:1]))


def _names(
    said: Sequence[Word], noted: Sequence[Word], note: Reading, window: tuple[int, int], context: Reading | None
) -> list[Difference]:
    """Names and technical terms that the quote lacks.

    One that the section named before, or that stands over the quote, is taken as its silent subject,
    unless the quote has a name of its own that the claim leaves out.
    """
    text = spelled(note, window)
    claimed = {word.form for word in said}
    forms = {word.form for word in noted}
    rivals = [word for word in noted if word.kind == "name" and word.form not in claimed]
    plan = layout(note.source)
    near = [*plan.over(window[0]), plan.before(window[0])]
    korean = any(not word.lemma.isascii() for word in said)
    found = []
    for word in said:
        term = word.kind == "name" or (korean and word.lemma.isascii())
        if not term or word.form in forms or word.lemma in text or knows(context, word) or abbreviates(word, note):
            continue
        if any(alike(word.form, other.form) for other in noted):
            continue
        places = note.places.get(word.form, ())
        if not places and word.lemma not in note.folded.text:
            found.append(Difference("name", word.form, bool(rivals) and word.kind == "name"))
        elif any(o.role == word.role for o in rivals) or not any(s <= place < e for place in places for s, e in near):
            found.append(Difference("name", word.form, False))
    return found


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
    if only_noted and not said_no and not said_yes & NEGATIVE:
        counter = {other for form in claimed for other in opposites().get(form, ())}
        for start, end in clauses:
            words = [word for word in noted if start <= word.start < end]
            # "아가미가 아니라 폐로": what is put aside there need not be spoken of.
            denied = [word for word in words if word.negated and word.form not in counter and not word.aside]
            others = [word for word in words if not word.negated]
            if denied and others and sum(w.form in claimed for w in others) >= _CLAUSE_SHARED * len(others):
                return [Difference("negation", denied[0].form, True)]
    return []


def _meant(claim: Reading) -> list[Word]:
    """Words without what "A가 아니라 B" and "A 대신" put aside; an English "not the" may deny all the same."""
    english = claim.source.isascii()
    return [word for word in claim.words if english or not word.aside]


def _polarity(words: Sequence[Word]) -> tuple[set[str], set[str]]:
    return {word.form for word in words if word.negated}, {word.form for word in words if not word.negated}


def _opposites(said: Sequence[Word], noted: Sequence[Word]) -> list[Difference]:
    """Words whose opposite the note uses of the same thing: in both texts the same word stands beside."""
    claimed = {word.form for word in said}
    there = {word.form for word in noted}
    found = []
    for place, word in enumerate(said):
        opposed = opposites().get(word.form, frozenset())
        for spot, other in enumerate(noted):
            if other.negated != word.negated or not (other.form in opposed or prefixed(word.form, other.form)):
                continue
            if word.form not in there and other.form not in claimed:
                differs = bool(_neighbours(said, place) & _neighbours(noted, spot))
            else:  # both texts use both words: 왼쪽 어깨 for 오른쪽 어깨
                head = form_at(said, place + 1)
                differs = head == form_at(noted, spot + 1) != "" and (word.form, head) not in _pairs(noted)
            if differs:  # where the note uses both words, each may stand in its right place
                found.append(Difference("opposite", word.form, word.form not in there))
    return found


def _pairs(words: Sequence[Word]) -> set[tuple[str, str]]:
    return {(first.form, second.form) for first, second in pairwise(words)}


def _neighbours(words: Sequence[Word], place: int) -> set[str]:
    """What a word is said of: in Korean what stands before a predicate, else the words on both sides."""
    word = words[place]
    if word.kind == "verb":
        return {other.form for other in words[max(0, place - 2) : place] if other.kind != "verb"}
    return {other.form for other in (*words[max(0, place - 2) : place], *words[place + 1 : place + 3])}
