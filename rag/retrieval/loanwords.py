"""How the notes write a word that a question writes otherwise: "청크" asked, "chunk" written.

The words of a corpus go in once, at ingest; a question comes out as the notes would put it. What sounds
alike is told by rag/transliteration.py, what a term is called otherwise by glossary.py; here is only which words there
are and when to believe it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from rag.retrieval.glossary import translated
from rag.text import FUNCTION_WORDS, HANGUL, PARTICLES, nouns
from rag.transliteration import distance, first_letters, foreign, pattern

FILE = "words.tsv"
_LATIN = re.compile(r"[a-z]{3,24}")
_EOJEOL = re.compile(r"[\uac00-\ud7a3]{3,}")
_RUN = re.compile(r"(?<![A-Za-z])[A-Za-z]{3,24}(?![A-Za-z])")
# Two syllables sound like something too easily, and so do those that may be Chinese: then it must sound the same.
_FAR, _NEAR, _SURE, _SAME = 0.075, 0.05, 0.02, 0.01
# Any English word sounds like some Korean one: in a question that is all English only the nearest is believed.
_ENGLISH = 0.03
# Of words that sound as good those that the notes write most often; one is enough where the word itself is there too.
_TAKEN, _TIE = 2, 0.021
# What the notes write in Hangul more often than in Latin letters is found without them.
_LEAST_SHARE = 1.0


@dataclass(frozen=True, slots=True)
class Respelling:
    """A word of a question, where it stands, and how the notes spell it; `known`: they write it so as well."""

    start: int
    end: int
    word: str
    spellings: tuple[str, ...]
    known: bool


class Loanwords:
    """The words of a corpus, Latin ones and Hangul ones, to be found by their sound."""

    def __init__(self, counts: dict[str, int]) -> None:
        """`counts`: how often each word occurs, Latin ones in lower case."""
        self._counts = counts
        self._known: dict[tuple[str, float], tuple[str, ...]] = {}

    @classmethod
    def gather(cls, texts: Iterable[str], morphemes: Iterable[Sequence[str]]) -> Loanwords:
        """The words of a corpus: `texts` for the Latin ones, `morphemes` of each for those in Hangul."""
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(word for word in _LATIN.findall(text.lower()) if word not in FUNCTION_WORDS)
        for found in morphemes:
            counts.update(word for word in found if len(word) > 1 and HANGUL.match(word))
        return cls(dict(counts))

    def write(self, folder: Path) -> None:
        """Write a line a word, with its count, to FILE in a folder that exists."""
        lines = (f"{word}\t{count}\n" for word, count in sorted(self._counts.items()))
        (folder / FILE).write_text("".join(lines), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Loanwords:
        """What `write` wrote; no words where there is no such file."""
        if not (folder / FILE).is_file():
            return cls({})
        pairs = (line.split("\t") for line in (folder / FILE).read_text(encoding="utf-8").splitlines())
        return cls({word: int(count) for word, count in pairs})

    def respellings(self, question: str) -> list[Respelling]:
        """The words of a question that the notes spell in the other script, in their order.

        A word that the question spells both ways already is left alone.
        """
        terms = translated(question, lambda word: self._counts.get(word, 0))
        found = [Respelling(t.start, t.end, question[t.start : t.end], (t.name,), t.known) for t in terms]
        words = [(start, end, _SURE) for start, end in _eojeols(question)]
        words += [(noun.start, noun.end, _FAR) for noun in nouns(question)]
        far = _FAR if HANGUL.search(question) else _ENGLISH
        words += [(*m.span(), far) for m in _RUN.finditer(question) if m.group().lower() not in self._counts]
        lower = question.lower()
        for start, end, far in words:
            if any(start < one.end and one.start < end for one in found):
                continue
            word = question[start:end]
            spellings = self.spellings(word.lower(), far)
            if spellings and not any(spelling in lower for spelling in spellings):
                found.append(Respelling(start, end, word, spellings, word.lower() in self._counts))
        return sorted(found, key=lambda one: one.start)

    def respelled(self, question: str) -> str:
        """A question as the notes would put it: a word that they lack replaced, one that they have completed.

        A Latin word stays in any case: an encoder of English reads it, and reads no Hangul.
        """
        text = question
        for one in reversed(self.respellings(question)):
            spelling = " ".join(one.spellings)
            stays = one.known or one.word.isascii()
            text = text[: one.start] + (f"{one.word}({spelling})" if stays else spelling) + text[one.end :]
        return text

    def spellings(self, word: str, far: float = _FAR) -> tuple[str, ...]:
        """How the notes spell a word (lower case) in the other script: at most two ways, the likelier first.

        `far` is how far apart the two may sound, as `distance` has it.
        """
        known = self._known.get((word, far))
        if known is None:
            sounding = sorted(self._from_latin(word, far) if word.isascii() else self._from_hangul(word, far))
            close = [other for cost, other in sounding if cost <= sounding[0][0] + _TIE]
            close.sort(key=lambda other: (-self._counts[other], other))
            known = self._known[word, far] = tuple(close[: 1 if word in self._counts else _TAKEN])
        return known

    @cached_property
    def _latin(self) -> dict[str, str]:
        """Latin words by their first letter, a word a line: a regular expression goes over one text fastest."""
        words: dict[str, list[str]] = {}
        for word in sorted(word for word in self._counts if word.isascii()):
            words.setdefault(word[0], []).append(word)
        return {first: "\n".join(some) for first, some in words.items()}

    @cached_property
    def _sieves(self) -> dict[str, re.Pattern[str]]:
        return {word: re.compile(pattern(word)) for word in self._counts if foreign(word)}

    def _from_hangul(self, word: str, far: float) -> list[tuple[float, str]]:
        if len(word) < 2:
            return []
        written = self._counts.get(word, 0)
        if not foreign(word) and written:
            return []
        if not foreign(word) or (written and len(word) == 2):
            far = _SAME
        elif len(word) == 2:
            far = min(far, _NEAR)
        sieve = re.compile(f"^{pattern(word)}$", re.MULTILINE)
        candidates = (other for first in first_letters(word) for other in sieve.findall(self._latin.get(first, "")))
        likely = [other for other in candidates if self._counts[other] >= _LEAST_SHARE * written]
        return [(cost, other) for other in likely if (cost := distance(word, other, far)) <= far]

    def _from_latin(self, word: str, far: float) -> list[tuple[float, str]]:
        if not _LATIN.fullmatch(word) or word in FUNCTION_WORDS or word in self._counts:
            return []
        likely = [other for other, sieve in self._sieves.items() if sieve.fullmatch(word)]
        allowed = {other: min(far, _FAR if len(other) > 2 else _NEAR) for other in likely}
        near = [(cost, other) for other in likely if (cost := distance(other, word, allowed[other])) <= allowed[other]]
        # What is taken over from English is a noun; "틀리" (be wrong) sounds like "three" and is none.
        return [(cost, other) for cost, other in near if any(noun.word == other for noun in nouns(other))]


def _eojeols(text: str) -> list[tuple[int, int]]:
    """Spans of the Hangul words of three syllables or more, without their particle, and whole.

    Kiwi takes a loanword that it does not know for something else ("프리픽스": 프리, 픽, 스); so might what is
    no loan sound like one, which is why these are believed only where the sound is sure.
    """
    spans = []
    for match in _EOJEOL.finditer(text):
        particle = PARTICLES.search(match.group())
        stem_end = match.start() + particle.start() if particle else match.end()
        if not foreign(text[match.start() : stem_end]):
            continue
        if particle and particle.start() > 2:
            spans.append((match.start(), stem_end))
        spans.append(match.span())
    return spans
