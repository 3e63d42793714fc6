"""What must not differ between a sentence and its note: numbers, names, negation, opposites.

Takes two Readings and a range of the second; says what contradicts and what is merely missing.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.grounding.amounts import number_differences
from rag.grounding.denials import negation_differences, opposite_differences
from rag.grounding.difference import Difference, abbreviates, knows, spelled
from rag.grounding.lexicon import alike
from rag.grounding.quantifiers import condition_differences, quantifier_differences
from rag.grounding.reading import Reading, Word
from rag.grounding.spans import layout


def fact_differences(
    claim: Reading, note: Reading, window: tuple[int, int], context: Reading | None
) -> list[Difference]:
    """Where `claim` departs from `note.source[window]`; `context` (title, headings) vouches for names."""
    said = claim.words
    noted = note.words_in(*window)
    return [
        *number_differences(claim, note, window),
        *_names(said, noted, note, window, context),
        *negation_differences(claim, noted, layout(note.source).clauses),
        *opposite_differences(said, noted),
        *quantifier_differences(claim, note, window),
        *condition_differences(claim, note, window),
    ]


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
