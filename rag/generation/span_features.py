"""What speaks for one span of a sentence as the answer: its words, its surroundings, what was asked.

One `SpanReader` a sentence, by plain rules on words and particles; span_context.py adds what meaning tells. Knows no
weights and no chat model.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from rag.generation.answer_types import expects
from rag.generation.asking import ENGLISH_STOP, Asked, Morpheme
from rag.text import Span, bigrams

_NOMINAL = frozenset(
    ["NNG", "NNP", "NNB", "NR", "NP", "SL", "SN", "SH", "XPN", "XSN", "XR", "SW", "SO", "W_SERIAL", "MM"]
)
_MARKUP = frozenset("*_`|#~>=+")
_OPEN, _CLOSE = "\"“‘'《〈「『(", "\"”’'》〉」』)"
_DATE = re.compile(
    r"(?:\d+\s*(?:년대?|월|일|세기|시|분)(?:\s*(?:초|말|경|중반|후반|전반))?|시대|시절|시기|때|이후|이전|무렵|초기|말기)$"
    r"|\b(?:1\d|20)\d\d$"
)
_YEAR = re.compile(r"(?:기원전 )?\d{1,4}년")
_COUNTED = re.compile(r"몇\s*(\S)")
_ASKS_YEAR = re.compile(r"연도|년도|해(?:는|인)|몇\s*년|\b(?:what|which) year\b", re.IGNORECASE)
_ASKED_JOSA = re.compile(
    r"(?:누구|무엇|어디|(?:무슨|어떤|어느) \S+?)"
    r"(를|을|가|이|에게서|에게|에서|에|으?로부터|으?로|와|과|의|은|는)(?:\s|\?|$)"
)
_SAME_JOSA = {
    "를": "를을",
    "을": "를을",
    "가": "가이",
    "이": "가이",
    "은": "은는",
    "는": "은는",
    "와": "와과",
    "과": "와과",
}


def nominal(morpheme: Morpheme) -> bool:
    """Whether it can stand in a noun phrase."""
    if morpheme.tag == "SW":
        return not set(morpheme.form) <= _MARKUP
    return morpheme.tag in _NOMINAL and not (morpheme.tag == "SL" and morpheme.form in ENGLISH_STOP)


class SpanReader:
    """What the features of one sentence's spans share."""

    def __init__(self, asked: Asked, text: str, morphemes: Sequence[Morpheme]) -> None:
        self.asked, self.text, self.morphemes = asked, text, morphemes
        known = {morpheme.form for morpheme in asked.morphemes}
        self.known = known
        self.met = [m.start for m in morphemes if any(m.form.startswith(term) for term in asked.terms)]
        tags = {morpheme.tag for morpheme in asked.morphemes}
        self.asks_subject, self.asks_object = "JKS" not in tags, "JKO" not in tags
        counted = _COUNTED.search(asked.text)
        self.unit = (
            re.compile(r"[\d일이삼사오육칠팔구십백천만억수한두세네]\s*" + re.escape(counted[1])) if counted else None
        )
        josa = _ASKED_JOSA.search(asked.text)
        self.josa = josa[1] if josa else ""
        self.expected = expects(asked.head)

    def features(self, span: Span) -> dict[str, float]:
        """Named features of `text[span.start:span.end]`."""
        asked, text, start, end = self.asked, self.text, span.start, span.end
        words = text[start:end]
        lowered = words.lower()
        inner = [m for m in self.morphemes if start <= m.start and m.end <= end]
        following = next((m for m in self.morphemes if m.start >= end), None)
        previous = next((m for m in reversed(self.morphemes) if m.end <= start), None)
        tag = following.tag if following is not None and following.start == end else "none"
        tag = tag if tag in ("JKS", "JX", "JKO", "JKB", "JKG", "VCP", "JC", "none") else "other"
        pairs = frozenset(bigrams(words))
        tags = {m.tag for m in inner}
        proper, number, latin = "NNP" in tags, "SN" in tags, "SL" in tags
        quoted = words[:1] in _OPEN or (start > 0 and text[start - 1] in _OPEN and text[end : end + 1] in tuple(_CLOSE))
        common = not (proper or number or latin or quoted)
        many = math.log(max(1, len(words.split())))
        before = min((start - met for met in self.met if met < start), default=60)
        after = min((met - end for met in self.met if met >= end), default=60)
        row = {
            "length": math.log(len(words)),
            "words": many,
            "long": float(many > math.log(4.5)),
            "asked_pairs": len(pairs & asked.grams) / max(1, len(pairs)),
            "asked_words": sum(m.form in self.known for m in inner) / max(1, len(inner)),
            "all_asked": float(bool(inner) and all(m.form in self.known for m in inner)),
            "near": math.log1p(min(before, after, 60)),
            "before": math.log1p(min(before, 60)),
            "after": math.log1p(min(after, 60)),
            "met_around": min(
                6, sum(-15 < met - end and met - start < 15 and not start <= met < end for met in self.met)
            )
            / 6,
            "split_left": float(previous is not None and nominal(previous) and previous.end >= start - 1),
            "split_right": float(following is not None and nominal(following) and following.start <= end + 1),
            "after_modifier": float(previous is not None and previous.tag == "ETM"),
            "opens": float(start == 0),
            "bold": float(text[max(0, start - 2) : start] == "**" and text[end : end + 2] == "**"),
            "formula": float("$" in words or "\\" in words or text.count("$", 0, start) % 2 == 1),
            "bracket": float("(" in words),
            "of": float("의 " in words),
            "dependent_noun": float(bool(inner) and inner[-1].tag == "NNB" and not number),
            "common": float(common),
            "beside_head": float(
                bool(asked.head)
                and asked.head in text[end : end + 8].lower() + "\0" + text[max(0, start - 8) : start].lower()
            ),
            "ends_like_head": float(
                bool(asked.head) and len(words) > 1 and words[-1] == asked.head[-1] and lowered != asked.head
            ),
            f"then_{tag}": 1.0,
            "subject_asked": float(tag in ("JKS", "JX") and self.asks_subject),
            "object_asked": float(tag == "JKO" and self.asks_object),
            "object_given": float(tag == "JKO" and not self.asks_object),
            "same_josa": float(bool(self.josa) and self._josa_follows(end)),
            "other_josa": float(bool(self.josa) and not self._josa_follows(end)),
            "to_whom": float(asked.kind == "who" and text[end : end + 2] in ("에게", "한테")),
            "place_josa": float(asked.kind == "where" and text[end : end + 1] == "에"),
            "subject_who": float(asked.kind == "who" and tag in ("JKS", "JX")),
            "called": float(text[end : end + 1] == "라" or text[end : end + 2] in ("이라", "라고")),
            "unit": float(self.unit is not None and bool(self.unit.search(words))),
            "year": float(bool(_ASKS_YEAR.search(asked.text)) and bool(_YEAR.fullmatch(words))),
            "reason": float(asked.kind == "why" and words.endswith("때문")),
        }
        kind = asked.kind
        row[f"{kind}_proper"], row[f"{kind}_number"], row[f"{kind}_latin"] = float(proper), float(number), float(latin)
        row[f"{kind}_quoted"], row[f"{kind}_common"], row[f"{kind}_words"] = float(quoted), float(common), many
        row[f"{kind}_date"] = float(bool(_DATE.search(words)))
        if self.expected:
            fits = bool(self.expected.ending.search(words))
            name = self.expected.name
            row["fits"] = row[f"fits_{name}"] = float(fits)
            row[f"{name}_named"], row[f"{name}_words"] = float(proper or latin), many
        return row

    def _josa_follows(self, end: int) -> bool:
        return self.text[end : end + 1] in tuple(_SAME_JOSA.get(self.josa, "")) or (
            self.josa not in _SAME_JOSA and self.text.startswith(self.josa, end)
        )
