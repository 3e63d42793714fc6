"""Which case each word of a Korean sentence stands in, by the particles themselves.

Takes text, returns stems with their cases; "A와 B는" and "A라는 B는" give A the case of B. Kiwi is not asked: it may
cut a foreign name to pieces and then knows no role of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_PARTICLES: tuple[tuple[str, str], ...] = (
    ("으로부터", "from"),
    ("로부터", "from"),
    ("에게서", "from"),
    ("한테서", "from"),
    ("에서", "at"),
    ("부터", "from"),
    ("에게", "to"),
    ("한테", "to"),
    ("까지", "till"),
    ("보다", "than"),
    ("이라는", "named"),
    ("으로", "into"),
    ("에", "in"),
    ("께서", "s"),
    ("께", "to"),
    ("로", "into"),
    ("은", "t"),
    ("는", "t"),
    ("이", "s"),
    ("가", "s"),
    ("을", "o"),
    ("를", "o"),
    ("의", "of"),
    ("와", "with"),
    ("과", "with"),
)
_WORD = re.compile(r"[가-힣A-Za-z0-9_][가-힣A-Za-z0-9_.-]*")
_BRACKETS = re.compile(r"\([^()]*\)")
_APART = re.compile(r"(\S)( +)(이라는|[은는이가을를의]|에서|에게|으로|로)(?=\s)")
_NAMED = re.compile(r"(?:\([^()]*\)|[\"'”’」』》])\s?라는")
_ALSO = ("는", "은")
_DOUBLED = frozenset(["than", "at", "to", "from", "into", "till"])
_SHORTEST = 2
_PASSED_ON = frozenset(["with", "named"])
_FARTHEST = 4


@dataclass(frozen=True, slots=True)
class Placed:
    """A stem, its case, where it starts and its number among the words.

    Cases are "t" (topic), "s" (subject), "o" (object), "of:HEAD" and the second halves of _PARTICLES.
    """

    stem: str
    case: str
    start: int
    number: int


@lru_cache(maxsize=512)
def cases(text: str) -> tuple[Placed, ...]:
    """Words of a text that carry a particle, in order; `start` counts characters of `text`."""
    bare = _NAMED.sub(lambda match: "이라는" + " " * (len(match[0]) - 3), text)  # a name may end in 라 itself
    bare = _BRACKETS.sub(lambda match: " " * len(match[0]), bare)
    bare = _APART.sub(r"\1\3\2", bare)
    words = [(match[0], match.start()) for match in _WORD.finditer(bare)]
    split = [_split(word) for word, _ in words]
    found = []
    for number, ((stem, case), (_, start)) in enumerate(zip(split, words, strict=True)):
        if len(stem) < _SHORTEST and number and not split[number - 1][1]:
            stem = split[number - 1][0] + stem  # 더미 값
        if len(stem) < _SHORTEST or not case:
            continue
        if case in _PASSED_ON:
            ahead = [later for _, later in split[number + 1 : number + 1 + _FARTHEST] if later]
            case = next((later for later in ahead if later not in _PASSED_ON), "")
        if case == "of" and number + 1 < len(split):
            case = "of:" + split[number + 1][0]
        if case:
            found.append(Placed(stem.removesuffix("들"), case, start, number))
    return tuple(found)


def _split(word: str) -> tuple[str, str]:
    for particle, case in _PARTICLES:
        if word.endswith(particle) and len(word) > len(particle):
            stem = word.removesuffix(particle)
            within = _split(stem) if particle in _ALSO else ("", "")
            return within if within[1] in _DOUBLED else (stem, case)
    return (word.removesuffix("도"), "also") if word.endswith("도") and len(word) > _SHORTEST else (word, "")
