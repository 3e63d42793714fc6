"""Which sentences of the passages answer the question, best first, from a handful of transparent features.

Weights were fitted on one half of KLUE-MRC's documents (softmax over the sentences of the gold passage,
and of five retrieved ones, L2); those of markup, headings and definitions, which that data set lacks,
were set by hand. Knows no
chat model and no markers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from rag.generation.asking import Asked
from rag.text import bigrams, sentences
from rag.types import Passage

Form = Literal["prose", "row", "code"]

_FENCE = re.compile(r"^[ \t]*(```|~~~).*$", re.MULTILINE)
_LEAD = re.compile(r"(?:[ \t]*(?:[-*+]|\d{1,3}[.)]|>)[ \t]+)+(?:\[[ xX]\][ \t]+)?")
_HEADING = re.compile(r"#{1,6}\s|\d+(?:\.\d+)+\.?\s+\S{1,30}$")
_RULE = re.compile(r"\|?[\s|:\-]*-[\s|:\-]*$")
_WORDS = re.compile(r"\w\W*\w")
_TAG_LINE = re.compile(r"(?:\s*(?:</?[A-Za-z!][^>]*>|!\[[^\]]*\]\([^)]*\)|\[\[[^\]]*\]\]))+\s*$")
_BACK = re.compile(
    r"(?:이|그|그는|그의|그녀|이는|이것|이들|그들|이후|또한|하지만|그러나|그리고|따라서|그래서|이때|당시|한편|이에|이로|특히)\s"
    r"|이[것때에로]|(?:It|This|That|These|Those|They|He|She|However|Therefore|Thus|So)\b"
)
_BECAUSE = re.compile(
    r"때문|위해|위하여|인해|이유|원인|까닭|덕분|으로써|므로|해서|아서|어서|하여|탓"
    r"|\bbecause\b|\bsince\b|\bso that\b|\bin order to\b|\bdue to\b|\btherefore\b|\bto avoid\b|\bprevent",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"\d|[일이삼사오육칠팔구십백천만억]\s?(?:명|개|번|차|살|세|척|권|편|회|배)|[한두세네]\s?(?:명|개|번|가지|차례)"
    r"|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|half|twice|hundred|thousand|million)\b",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"\d+\s*(?:년|월|일|세기)|시대|시절|무렵|\b(?:1\d|20)\d\d\b|\b(?:January|February|March|April|May|June|July|August"
    r"|September|October|November|December)\b"
)
_MARKED = re.compile(r"\*\*[^*]+\*\*|`[^`]+`")
_FORMULA = re.compile(r"\$\$.+?\$\$|\$[^$\n]+\$", re.DOTALL)
_WORD = re.compile(r"[A-Za-z가-힣]{2,}")
# "범위: RNN, LSTM, GRU, seq2seq." names topics and says nothing of them.
_LISTING = re.compile(r"^[^,]{0,30}[:：](?:[^,]{1,40},){3,}[^,]{1,40}(?<![다요음임함됨])[.]?$")
_DEFINES = re.compile(
    r"(?:말한다|뜻한다|의미한다|가리킨다|부른다|일컫는다|말합니다|뜻합니다|의미합니다|부릅니다|방법이다|기법이다|것이다|"
    r"이다|입니다|것입니다)[.\s]*$|\b(?:is|are) (?:an?|the)\b|\b(?:refers? to|means?|denotes?|is called|known as)\b",
    re.IGNORECASE,
)

WEIGHTS: Mapping[str, float] = MappingProxyType(
    {
        "grams": 1.16,
        "relative": 3.93,
        "best": 0.24,
        "after": 0.49,
        "with_before": 3.06,
        "with_after": 3.56,
        "under": 1.5,
        "continued": 2.76,
        "head": 1.02,
        "length": 0.46,
        "first": -0.84,
        "early": 1.39,
        "rank": 3.3,
        "reach": 1.44,
        "because": 1.39,
        "number": 2.0,
        "time": 3.08,
        "defines": 2.0,
        "marked": 0.6,
        "announces": -1.5,
        "formula": -1.5,
        "code": -1.5,
        "listing": -3.0,
        "row": -0.5,
    }
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that may answer: `passages[place].text[start:end]`, list markers and outer bars left out.

    `heading` is the heading it stands under and the path above; `columns` the head of its table.
    """

    place: int
    start: int
    end: int
    text: str
    form: Form = "prose"
    heading: str = ""
    columns: str = ""
    score: float = 0.0


def ranked(asked: Asked, passages: Sequence[Passage]) -> list[Candidate]:
    """Sentences that share a word with the question, best first; `score` is a log odds, comparable within one call."""
    candidates = [candidate for place, passage in enumerate(passages) for candidate in read_candidates(place, passage)]
    scored = [
        replace(candidate, score=sum(WEIGHTS.get(name, 0.0) * value for name, value in row.items()))
        for candidate, row in zip(candidates, features(asked, candidates), strict=True)
        if row["touched"] and not row["question"]  # a question in the notes answers none
    ]
    return sorted(scored, key=lambda candidate: -candidate.score)


def read_candidates(place: int, passage: Passage) -> list[Candidate]:
    """Sentences, table rows and lines of code of a passage; headings, fences, table heads and bare tags are none."""
    text = passage.text
    found: list[Candidate] = []
    above = heading = passage.chunk.heading
    columns = ""
    edges = [0, *(edge for fence in _FENCE.finditer(text) for edge in fence.span()), len(text)]
    for number in range(0, len(edges), 2):
        code = number // 2 % 2 == 1
        read = _lines if code else _sentences
        for start, end in read(text, edges[number], edges[number + 1]):
            piece = text[start:end]
            if code:
                form: Form = "code"
            elif piece.startswith("|"):
                form = "row"
                start, end = _inside(text, start, end)
                if _RULE.match(piece):
                    # The row above the rule is the table's head: what the columns are, not what they say.
                    columns = found.pop().text if found and found[-1].form == "row" else ""
                    continue
            else:
                form, columns = "prose", ""
                if _HEADING.match(piece):
                    heading = f"{above} {piece}"
                    continue
            if _WORDS.search(text[start:end]) and not _TAG_LINE.match(piece):
                found.append(Candidate(place, start, end, text[start:end], form, heading, columns))
    return found


def _inside(text: str, start: int, end: int) -> tuple[int, int]:
    inner = text[start:end].strip("| \t")
    begin = text.index(inner, start) if inner else start
    return begin, begin + len(inner)


def _sentences(text: str, begin: int, end: int) -> list[tuple[int, int]]:
    spans = []
    for span in sentences(text[begin:end]):
        piece = text[begin + span.start : begin + span.end]
        lead = _LEAD.match(piece)
        spans.append((begin + span.start + (lead.end() if lead else 0), begin + span.end))
    return spans


def _lines(text: str, begin: int, end: int) -> list[tuple[int, int]]:
    return [(begin + m.start(), begin + m.end()) for m in re.finditer(r"\S(?:[^\n]*\S)?", text[begin:end])]


def features(asked: Asked, candidates: Sequence[Candidate]) -> list[dict[str, float]]:
    """One row of named features a candidate; overlaps are weighted by how rare a word is among the candidates."""
    texts = [candidate.text for candidate in candidates]
    lowered = [f"{candidate.columns}\n{candidate.text}".lower() for candidate in candidates]
    terms = [_terms_in(asked, text) for text in lowered]
    grams = [asked.grams & frozenset(bigrams(text)) for text in lowered]
    nothing: frozenset[str] = frozenset()
    headings = {"": (nothing, nothing)}
    for above in {candidate.heading for candidate in candidates}:
        headings[above] = (_terms_in(asked, above.lower()), asked.grams & frozenset(bigrams(above)))
    term_worth, gram_worth = _rarity(asked.terms, terms), _rarity(asked.grams, grams)

    def overlap(*numbers: int, heading: str = "") -> float:
        above_terms, above_grams = headings[heading]
        own = above_terms.union(*(terms[i] for i in numbers))
        pairs = above_grams.union(*(grams[i] for i in numbers))
        return (sum(map(term_worth.__getitem__, own)) + sum(map(gram_worth.__getitem__, pairs))) / 2

    both = [overlap(i) for i in range(len(texts))]
    best = max(both, default=0.0) or 1.0
    by_place: dict[int, list[int]] = {}
    for i, candidate in enumerate(candidates):
        by_place.setdefault(candidate.place, []).append(i)
    reach = {place: overlap(*members) for place, members in by_place.items()}
    furthest = max(reach.values(), default=0.0) or 1.0
    points_back = [bool(_BACK.match(text)) for text in texts]
    rows = []
    for i, candidate in enumerate(candidates):
        members = by_place[candidate.place]
        position = i - members[0]
        before = i - 1 if i > members[0] else None
        after = i + 1 if i < members[-1] else None
        with_before = overlap(i, before) - both[i] if before is not None else 0.0
        with_after = overlap(i, after) - both[i] if after is not None else 0.0
        text = texts[i]
        rows.append(
            {
                "touched": float(both[i] > 0 or overlap(i, heading=candidate.heading) > 0),
                "grams": sum(map(gram_worth.__getitem__, grams[i])),
                "relative": both[i] / best,
                "best": float(both[i] == best),
                "after": both[after] if after is not None else 0.0,
                "with_before": with_before,
                "with_after": with_after,
                "under": overlap(i, heading=candidate.heading) - both[i],
                "continued": with_after * (after is not None and points_back[after]),
                "head": float(bool(asked.head) and asked.head in lowered[i]),
                "length": math.log(len(text)),
                "first": float(position == 0),
                "early": 1 / (1 + position),
                "rank": 1 / (1 + candidate.place),
                "reach": reach[candidate.place] / furthest,
                "because": float(asked.kind == "why" and bool(_BECAUSE.search(text))),
                "number": float(asked.kind == "many" and bool(_NUMBER.search(text))),
                "time": float(asked.kind == "when" and bool(_TIME.search(text))),
                "defines": float(asked.kind == "define" and _is_definition(asked, text)),
                "question": float(text.rstrip(" *_`\"'”’)").endswith(("?", "？"))),
                "marked": float(candidate.form == "prose" and bool(_MARKED.search(text))),
                "announces": float(text.endswith((":", "："))),
                "formula": float(bool(_FORMULA.search(text)) and len(_WORD.findall(_FORMULA.sub(" ", text))) < 4),
                "code": float(candidate.form == "code"),
                "listing": float(candidate.form == "prose" and bool(_LISTING.search(text))),
                "row": float(candidate.form == "row"),
            }
        )
    return rows


def _terms_in(asked: Asked, text: str) -> frozenset[str]:
    return frozenset(term for term in asked.terms if term in text)


def _rarity(wanted: Sequence[str] | frozenset[str], found: Sequence[frozenset[str]]) -> dict[str, float]:
    """Shares of the question's words in its weight, by inverse sentence frequency.

    Source: Robertson and Zaragoza 2009, The Probabilistic Relevance Framework, equation 3.
    """
    counts = {word: sum(word in words for words in found) for word in wanted}
    worth = {word: math.log(1 + (len(found) - n + 0.5) / (n + 0.5)) for word, n in counts.items()}
    total = sum(worth.values()) or 1.0
    return {word: value / total for word, value in worth.items()}


def _is_definition(asked: Asked, text: str) -> bool:
    """Whether the asked word opens the sentence as its topic and the sentence says what it is."""
    opening = text[:60].lower()
    names = [*asked.terms, asked.head] if asked.head else asked.terms
    topic = any(
        re.search(
            re.escape(name)
            + r"[^\s,.]{0,12}?(?:은|는|란|이란|이라는)\s|"
            + re.escape(name)
            + r"\S*\s+(?:is|are|means|refers)\b",
            opening,
        )
        for name in names
    )
    return topic and bool(_DEFINES.search(text))
