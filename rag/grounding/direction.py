"""English: from what to what, what by what, what into what, turned round.

Takes the pairs of clauses of one sentence and one range of a note; says what is exchanged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.grounding.difference import Difference
from rag.grounding.lexicon import is_stop, stem
from rag.grounding.pairing import Pair
from rag.grounding.spans import layout
from rag.text import HANGUL

_THING = r"((?:[\w`'’.+-]+ ){0,4}?[\w`'’.+-]+)"
_GOAL = r"((?:(?:the|an?|its|their|our|your|his|her|every|each) )?[\w`'’.+-]+(?: [\w`'’.+-]+)?)"
_VERBS = (
    r"(?:replac|convert|turn|chang|wrap|transform|map|translat|renam|swap|switch|substitut|mov|send|cop|pass|compar|feed"
    r"|export|import|upload|download|push|add|insert|encod|decod|trade)(?:e|es|ed|ing|s|y|ies|ied)?"
)
_PATTERNS = (
    re.compile(rf"\bfrom {_THING}(?:,? (?:up|down|over|back|all the way))? (?:to|into) {_GOAL}", re.IGNORECASE),
    re.compile(rf"\b{_VERBS} {_THING} (?:with|by|in|into|inside|to|onto|against) {_GOAL}", re.IGNORECASE),
    re.compile(
        rf"\b{_THING} (?:is|are|was|were|be|been) {_VERBS} (?:with|by|in|into|inside|to|onto) {_GOAL}", re.IGNORECASE
    ),
)
_BACKWARDS = re.compile(rf"\bto {_THING} from {_THING}", re.IGNORECASE)
_ITSELF = frozenset(["it", "them", "this", "that", "these", "those"])


def redirected(paired: Sequence[Pair]) -> list[Difference]:
    """Things whose places beside from and to, with, by or into the sentence exchanges."""
    if not paired or HANGUL.search(paired[0].claim.source) or not paired[0].noted:
        return []
    note, noted = paired[0].note, paired[0].noted
    ours = list(_moves(paired[0].claim.source))
    if not ours:
        return []
    for start, end in layout(note.source).sentences:
        if start <= noted[-1].start and noted[0].start < end:
            for source, goal in ours:
                for their_source, their_goal in _moves(note.source[start:end]):
                    straight = len(source & their_source) + len(goal & their_goal)
                    crosswise = len(source & their_goal) + len(goal & their_source)
                    if crosswise > straight and (straight == 0 or crosswise > straight + 1):
                        return [Difference("direction", ", ".join(sorted(source | goal)), True)]
    return []


def _moves(text: str) -> Iterator[tuple[frozenset[str], frozenset[str]]]:
    """What stands at the beginning and at the end of each move."""
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            yield _forms(match[1]), _forms(match[2])
    for match in _BACKWARDS.finditer(text):
        yield _forms(match[2]), _forms(match[1])


def _forms(thing: str) -> frozenset[str]:
    words = (word.strip("`'’.+-").lower() for word in thing.split())
    return frozenset(stem(word) for word in words if word and word not in _ITSELF and not is_stop(word))
