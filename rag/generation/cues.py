"""What a sentence's own words give away about what it is good for: a reason, a date, a definition, a mere announcement.

Plain rules on words, Korean and English. Takes a question that was read and a candidate; gives numbers by name.
Knows neither the other candidates nor any weight.
"""

from __future__ import annotations

import re

from rag.generation.asking import Asked, squeezed
from rag.generation.candidates import Candidate
from rag.generation.explaining import written_out
from rag.generation.headings import meets, named
from rag.text import bigrams

BACK = re.compile(
    r"(?:이|그|그는|그의|그녀|이는|이것|이들|그들|이후|또한|하지만|그러나|그리고|따라서|그래서|이때|당시|한편|이에"
    r"|이로|특히)\s"
    r"|이[것때에로]|(?:It|This|That|These|Those|They|He|She|However|Therefore|Thus|So)\b"
)
# Sentences whose subject is the sentence before.
SUBJECT_BEFORE = re.compile(
    r"(?:이는|이것은|이것이|이를|이런|이러한|이때|이로써|이들은|그것은|그래서|따라서)\s"
    r"|(?:It|This|That|These|Those|They|Therefore|Thus|Hence)\b(?! (?:section|chapter|lecture|course|notebook|book)\b)"
)
_BECAUSE = re.compile(
    r"때문|위해|위하여|인해|이유|원인|까닭|덕분|으로써|므로|해서|아서|어서|하여|탓|[가-힣]라 |야 (?:하|한)|않으면"
    r"|없으면"
    r"|\bbecause\b|\bsince\b|\bso that\b|\bin order to\b|\bdue to\b|\btherefore\b|\bto avoid\b|\bprevent|\bso\b"
    r"|\breason\b|\botherwise\b|\ballows?\b|\bhelps?\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"\d|[일이삼사오육칠팔구십백천만억]\s?(?:명|개|번|차|살|세|척|권|편|회|배)|[한두세네]\s?(?:명|개|번|가지|차례)"
    r"|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|half|twice|hundred|thousand|million)\b",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"\d+\s*(?:년|월|일|세기)|시대|시절|무렵|\b(?:1\d|20)\d\d\b|\b(?:January|February|March|April|May|June|July|August"
    r"|September|October|November|December)\b|\b\d{1,2}/\d{1,2}\b"
)
# "Hochreiter & Schmidhuber", "Devlin 등", "Vaswani et al.", "Yann LeCun": somebody is named.
_SOMEBODY = re.compile(
    r"\([A-Z][a-z]+(?: 등| ?& ?[A-Z][a-z]+| et al\.?)?,? (?:19|20)\d\d\)"
    r"|\b[A-Z][a-z]+(?:[A-Z][a-z]+)? (?:[A-Z]\. ?)?(?:[A-Z][a-z]+)+|\b[A-Z][a-z]+ (?:등|&|and [A-Z]|et al)|연구진"
    r"|연구팀|연구원|교수"
    r"|\bGoogle|\bOpenAI|\bFacebook|\bMeta\b|\bMicrosoft|:cite:"
)
_PROPOSED = re.compile(
    r"제안|소개|발명|개발|발표|만들|고안|처음|저자|논문|propos|introduc|invent|develop|publish|author|first",
    re.IGNORECASE,
)
_MARKED = re.compile(r"\*\*[^*]+\*\*|`[^`]+`")
_FORMULA = re.compile(r"\$\$.+?\$\$|\$[^$\n]+\$", re.DOTALL)
_EQUATION = re.compile(r"[=≈∝]")
_WORD = re.compile(r"[A-Za-z가-힣]{2,}")
# "범위: RNN, LSTM, GRU, seq2seq." names topics and says nothing of them.
_LISTING = re.compile(r"^[^,]{0,30}[:：](?:[^,]{1,40},){2,}[^,]{1,40}(?<![다요음임함됨])[.]?$")
_CONTENTS = re.compile(
    r"(?:범위|주제|목차|내용|다루는 것|topics?|outline|agenda|contents|in this (?:chapter|lecture))\s?[:：]", re.I
)
# "2025-03-18 (화) 4강.": when and where a note was taken.
_DATELINE = re.compile(
    r"[\s\d\-./():,]*(?:[월화수목금토일]\)?|주차|강의?|회차|\d|lecture|week|class|day|session|[\s\-./():,])+\.?", re.I
)
_OF_CLASSES = re.compile(r"강의|수업|\d\s?강|주차|회차|날짜|\b(?:lecture|class|week|session|date)\b", re.I)
# What a lecturer says about the course itself.
_ADMIN = re.compile(
    r"중간고사|기말|시험|퀴즈|쪽지|과제|숙제|출석|제출|서술형|(?:들을|볼|읽을|외울) 것\.?$"
    r"|\b(?:midterm|final exam|exam|homework|assignment|grading|syllabus)\b",
    re.IGNORECASE,
)
_YEAR = re.compile(r"\b(?:1\d|20)\d\d\b")
_NAMED = re.compile(r"\b[A-Z][a-z]{2,}\b")
_DEFINES = re.compile(
    r"(?:말한다|뜻한다|의미한다|가리킨다|부른다|일컫는다|말합니다|뜻합니다|의미합니다|부릅니다|(?:이?라고|로"
    r"|으로) 합니다|"
    r"(?:이?라고) 한다|방법이다|기법이다|것이다|것입니다|것|이다|입니다|다)[.\s]*$"
    r"|\b(?:is|are) (?:an?|the|one)\b|\b(?:refers? to|means?|denotes?|consists? of|is called|are called|known as)\b",
    re.IGNORECASE,
)
_NAMED_AT_END = re.compile(
    r"(?:이?라고|로) (?:부른다|부릅니다|한다|합니다|불린다|불립니다|알려)|\b(?:called|known as|termed"
    r"|hence the term|referred to as)\b",
    re.I,
)
_NUMBERING = re.compile(r"^[\s\d.]+")
_ASIDE = re.compile(r"[(（\[]([^)）\]]*)[)）\]]")
_DRILL = re.compile(
    r"^(?:[\d.]+\s*)?(?:연습\s?문제|연습|퀴즈|토론|참고\s?(?:문헌|자료)|더 읽을|목차|exercises?\b|quiz"
    r"|end-of-chapter|references\b"
    r"|further reading|discussions?\b|resources?\b|연습문제)",
    re.IGNORECASE,
)
_TOUR = re.compile(
    r"(?:이|본|다음|이번) (?:섹션|절|장|챕터|강의|글|단원)에서|살펴\s?보겠|알아\s?보겠|살펴\s?봅시다|알아봅시다"
    r"|해 ?봅시다|해 ?보겠|참조(?:하|해)|참고하(?:세|십|시)"
    r"|\bin th(?:is|e (?:next|previous)) (?:section|chapter|video|lecture|notebook|unit)s?\b|\blet['’]?s\b"
    r"|\bwe(?:['’]ll| will| are going to)\b"
    r"|\btake a (?:closer )?look\b|\bcheck out\b|\bsee the\b|\bas we (?:saw|have seen|will)\b|\bfor more\b"
    r"|\bfor a full\b"
    r"|\bcongratulations\b|\btry it out\b|^that['’]s it\b",
    re.IGNORECASE,
)
_REFERS = re.compile(r":(?:num|eq)?ref:")
_SHOWS = re.compile(r"\b(?:fig(?:ure)?|equation)\b|그림\s?\d|보여\s?(?:줍|준)", re.IGNORECASE)
_CONTRAST = re.compile(
    r"차이|반면|달리|다르|다른|대신|보다|반대|비해|vs|\bwhereas\b|\bunlike\b|\bwhile\b|\binstead\b|\brather than\b"
    r"|\bdiffer"
    r"|\bcompared\b|\bbut\b|\bthan\b|\bonly\b",
    re.IGNORECASE,
)
_OPENING_QUESTION = re.compile(r"^[*_`\"'“‘]*(?:Q[.:]\s*)?[^.?？\n]{4,120}[?？][*_`\"'”’]*\s*\S")


def cues(asked: Asked, candidate: Candidate) -> dict[str, float]:
    """Numbers by name, mostly 0 or 1."""
    text = candidate.text
    kind, wants = asked.kind, asked.wants
    prose = candidate.form == "prose"
    code_asked = wants in ("code", "how") or "`" in asked.text or "(" in asked.text
    topic = is_topic(asked, candidate.section)
    return {
        "because": float(kind == "why" and bool(_BECAUSE.search(text))),
        "number": float(kind == "many" and bool(_NUMBER.search(text))),
        "time": float(kind == "when" and bool(_TIME.search(text))),
        "somebody": float(kind == "who" and bool(_SOMEBODY.search(text))),
        "proposed": float(kind == "who" and bool(_PROPOSED.search(text))),
        "defines": float(kind == "define" and prose and defines(asked, text)),
        "titled": float(kind == "define" and prose and topic) / (1 + max(0, candidate.order)),
        "marked": float(prose and bool(_MARKED.search(text))),
        "announces": float(text.endswith((":", "："))),
        "formula": float(
            wants != "formula" and bool(_FORMULA.search(text)) and len(_WORD.findall(_FORMULA.sub(" ", text))) < 4
        ),
        "equation": float(wants == "formula" and bool(_EQUATION.search(text)) and bool(_FORMULA.search(text))),
        "code": float(candidate.form == "code" and not code_asked),
        "code_asked": float(candidate.form == "code" and code_asked),
        "listing": float(prose and wants != "list" and bool(_LISTING.search(text))),
        "contents": float(prose and wants != "list" and bool(_CONTENTS.match(text))),
        "dateline": float(prose and bool(_DATELINE.fullmatch(text)) and not _OF_CLASSES.search(asked.text)),
        "admin": float(prose and bool(_ADMIN.search(text)) and not _ADMIN.search(asked.text)),
        "as_headed": _as_headed(asked, candidate) if kind in ("when", "who") else 0.0,
        "enumerates": float(wants == "list" and prose and len(re.findall(r",|·| 및 | and ", text)) >= 2),
        "cell": _cell(asked, candidate) if kind not in ("why", "define") else 0.0,
        "row": float(candidate.form == "row" and wants != "compare"),
        "drill": float(bool(_DRILL.match(candidate.section)) and not _DRILL.search(asked.text)),
        "tour": float(prose and bool(_TOUR.search(text))),
        "shows": _shows(asked, candidate) if prose else 0.0,
        "contrast": float(wants == "compare" and bool(_CONTRAST.search(text))),
        "brief": float(
            prose
            and kind not in ("when", "many", "who")
            and len(_WORD.findall(text)) < 3
            and not (wants == "formula" and written_out(candidate))
        ),
        "heading": float(candidate.form == "heading"),
        "heading_names": float(
            candidate.form == "heading"
            and ((kind == "who" and bool(_SOMEBODY.search(text))) or (kind == "when" and bool(_TIME.search(text))))
        ),
        "asks_itself": 1 - alike(asked, opening[0]) if prose and (opening := _OPENING_QUESTION.match(text)) else 0.0,
    }


def alike(asked: Asked, question: str) -> float:
    """How much a question in the notes asks what was asked: two words in common, or else pairs of letters in common."""
    lowered = question.lower()
    if sum(meets(term, lowered) for term in asked.terms) >= 2:
        return 1.0
    pairs = frozenset(bigrams(question))
    return min(1.0, 2 * len(pairs & asked.grams) / max(1, min(len(pairs), 2 * len(asked.grams))))


def _shows(asked: Asked, candidate: Candidate) -> float:
    """A sentence about a picture; one that only refers to it, half as much under the heading of the asked thing."""
    if _SHOWS.search(candidate.text):
        return 1.0
    return (1 - named(asked, candidate.section) / 2) if _REFERS.search(candidate.text) else 0.0


def _as_headed(asked: Asked, candidate: Candidate) -> float:
    """Whether it repeats the year or name beside the asked word in a heading above: "LSTM (Hochreiter 1997)"."""
    if candidate.form != "prose":
        return 0.0
    pattern = _YEAR if asked.kind == "when" else _NAMED
    for part in re.split(r" > |\n", candidate.heading):
        named = {found for found in pattern.findall(part) if found.lower() not in asked.terms}
        if any(term in part.lower() for term in asked.terms) and any(found in candidate.text for found in named):
            return 1.0
    return 0.0


def _cell(asked: Asked, candidate: Candidate) -> float:
    """How far a row is the one asked for: the share of its first cell that the question names, and its head too."""
    if candidate.form != "row" or not candidate.columns:
        return 0.0
    named, columns = candidate.text.partition("|")[0].lower(), candidate.columns.lower()
    words = [*asked.terms, *([asked.head] if asked.head else [])]
    mine = {word for word in words if word in named}
    if not mine or not any(word in columns for word in words if word not in mine):
        return 0.0
    parts = re.findall(r"[A-Za-z]+|[가-힣]+|\d+", named)
    return sum(any(word in part for word in mine) for part in parts) / len(parts)


def is_topic(asked: Asked, heading: str) -> bool:
    """Whether a heading is the asked phrase: "2. LSTM (Hochreiter 1997)" for "LSTM이란?"."""
    if not asked.topics or not heading:
        return False
    bare = _NUMBERING.sub("", heading)
    names = [squeezed(_ASIDE.sub(" ", bare)), *(squeezed(aside) for aside in _ASIDE.findall(bare))]
    return any(
        name == topic or (topic in name and len(name) <= len(topic) + 4)
        for name in names
        for topic in asked.topics
        if name
    )


def defines(asked: Asked, text: str) -> bool:
    """Whether the asked word opens the sentence as its topic or label and the sentence says what it is."""
    names = list(asked.topics) or [*asked.terms, asked.head]
    names = [name for name in names if name]
    label = re.match(r"[*_`]*([^:：—–*_`]{1,60})[*_`]*(?:\s?\([^)]{1,60}\))?[*_`]*\s*(?:[:：—–]|\s-)\s", text)
    if label and any(squeezed(_ASIDE.sub(" ", label[1])) == name for name in names):
        return True
    opening = text[:80].lower()
    for name in names:
        spaced = r"[\s\-*_`]*".join(map(re.escape, name))
        if re.search(
            rf"(?:^|\s|(?<!\w)[*_`(]+){spaced}[*_`]*(?:\s?\([^)]{{1,60}}\))?[*_`]*(?:은|는|란|이란|이라는)[\s,]",
            opening,
        ) or re.search(
            rf"(?:^|[,;:.]\s|\b(?:that|and|so)\s)\W*(?:(?:an?|the)\s)?[\"“*_`]*{spaced}s?[\"”*_`]*"
            rf"(?:\s\([^)]{{1,60}}\))?\s+(?:is|are|means|refers|consists)\b",
            opening,
        ):
            return bool(_DEFINES.search(text))
        if re.search(spaced, text.lower()) and _NAMED_AT_END.search(text):
            return bool(re.search(rf"{spaced}[*_`)\"”’]*\s?(?:이?라고|로 (?:알려|불))", text.lower())) or bool(
                re.search(
                    rf"(?:called|known as|termed|the term|referred to as)\s+(?:an?\s|the\s)?[*_`\"“]*{spaced}",
                    text.lower(),
                )
            )
    return False
