"""The one room that knows Korean: normal form, sentences, morphemes, particles, language.

Takes and returns plain strings and spans; knows no document, no index and no model but Kiwi's,
which loads at first use (about 2 s) and is shared by all threads. Nothing here needs a network.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from kiwipiepy import Kiwi, Token

HANGUL = re.compile(r"[\uac00-\ud7a3\u1100-\u11ff\u3131-\u318e]")
_LATIN = re.compile(r"[A-Za-z]")

# A full stop ends a sentence when white space, a closing quote or the text's end follows, or a
# Hangul syllable directly (exported Korean notes often lose that space). It does not after a
# single capital, a common abbreviation, or between the numbers of a date ("2019. 3. 5.").
_STOP = re.compile(r"""[.!?。！？…]+["'”’』」》〉)\]]*(?:\s+|$)|(?<=[다요음임함됨])\.(?=[\uac00-\ud7a3])|[。！？]""")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:[A-Za-z]|e\.g|i\.e|etc|vs|cf|Dr|Mr|Mrs|Ms|Prof|Fig|Eq|Sec|No|St|Jr|Sr|al|approx)\.$", re.IGNORECASE
)
_LIST_NUMBER = re.compile(r"(?:^|\n)\s*\(?\d{1,3}\.$")
_DATE_PART = re.compile(r"(?<![\d.])\d{1,4}\.$")
# A line that starts a block of its own: blank, heading, list item, table row, quote, fence.
# Particles at the end of a word that Kiwi may not know.
PARTICLES = re.compile(
    r"(?:으로부터|에서는|에서도|이라는|이랑은|에서|으로|에게|까지|부터|처럼|보다|이란|라는|이랑|끼리|마다|하고|[은는이가을를의에로와과도만랑란])$"
)
_BLOCK_BREAK = re.compile(r"\n(?=[ \t]*(?:\n|#{1,6}\s|[-*+]\s|\d{1,3}[.)]\s|\||>|```|~~~|\$\$))")

# One syllable that hangs on a Latin word is a particle ("MRR은", "BERT의").
_HANGUL_PIECE = re.compile(r"(?<![A-Za-z\uac00-\ud7a3])[\uac00-\ud7a3]+|[\uac00-\ud7a3]{2,}")
_LATIN_RUN = re.compile(r"[a-z\u00c0-\u024f]+|\d+(?:[.,]\d+)*")
FUNCTION_WORDS = frozenset(
    "a an the of in on at to for from by with as is are was were be been being am do does did done doing has have had "
    "having it its this that these those there here and or but nor not if then than so such what which who whom whose "
    "when where why how can could will would shall should may might must i you he she we they me him her us them my "
    "your his our their one ones about into onto over under out up down off between through during before after above "
    "below again further once each every any some no only own same other another too very just also get gets got "
    "getting use uses used using make makes made let s t re ve ll d m".split()
)

_CONTENT_TAGS = frozenset(["NNG", "NNP", "NNB", "NR", "NP", "VV", "VA", "VX", "XR", "MAG", "MM", "SH", "SL", "SN"])
_NOUN_TAGS = frozenset(["NNG", "NNP", "NNB", "NR", "XSN", "XPN", "XR", "UNK"])
_NOMINAL_TAGS = frozenset(["NNG", "NNP", "SL", "SN", "SH", "XSN", "XPN", "XR"])
# Words that ask and name nothing: in a note they are as telling as "the".
_ASKING = frozenset(
    "무엇 누구 언제 어디 왜 어떻 몇 얼마 어느 어떤 무슨 것 뭐 이유 이름 사람 인물 말 "
    "불리 부르 대하 위하 통하 따르 의하".split()
)
# Words for what is to be told of a thing: in a short question they would weigh as much as the thing.
_TELLING = frozenset(
    "동작 작동 설명 설정 원리 방법 방식 법 역할 의미 뜻 정의 개념 중요 필요 쓰 쓰이 사용 이용 하 되 주 보 알 알리 보통 "
    "있 없 차이 차이점 장점 단점 장단점 특징 예시 예 공식 식 수식 종류 과정 "
    "difference differ work works working explain formula definition define example examples purpose".split()
)
# Words of a question up to which it says little but the name of its topic.
SHORT_QUESTION = 4
_PARTICLE_TAGS = frozenset(["JKS", "JKC", "JKG", "JKO", "JKB", "JKV", "JKQ", "JX", "JC", "VCP"])


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of characters."""

    start: int
    end: int


def normalise(text: str) -> str:
    """NFC with \\n line ends and no byte-order mark; otherwise untouched."""
    return unicodedata.normalize("NFC", text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"))


def typed(text: str) -> str:
    """What a person typed, in the notes' own form: as `normalise`, and half a surrogate pair as "?"."""
    return normalise(text).encode("utf-8", "replace").decode()


def language(text: str) -> Literal["ko", "en"]:
    """Korean when at least a tenth of its letters are Hangul, else English."""
    hangul, latin = len(HANGUL.findall(text)), len(_LATIN.findall(text))
    return "ko" if hangul and hangul * 9 >= latin else "en"


def sentences(text: str) -> list[Span]:
    """Spans of the sentences of `text`, in order, without the white space between them.

    Blank lines, headings, list items and table rows end a sentence too. Every character that is
    not white space lies in exactly one span.
    """
    spans = []
    start = 0
    for end in [*_sentence_ends(text), len(text)]:
        piece = text[start:end]
        stripped = piece.strip()
        if stripped:
            begin = start + len(piece) - len(piece.lstrip())
            spans.append(Span(begin, begin + len(stripped)))
        start = end
    return spans


def _sentence_ends(text: str) -> list[int]:
    ends = {match.end() for match in _BLOCK_BREAK.finditer(text)}
    for match in _STOP.finditer(text):
        head = text[max(0, match.start() - 12) : match.start() + 1]
        if text[match.start()] == "." and match.end() < len(text):
            if _ABBREVIATION.search(head) or _LIST_NUMBER.search("\n" + head if match.start() < 12 else head):
                continue
            if _DATE_PART.search(head) and text[match.end()].isdigit():
                continue
        ends.add(match.end())
    return sorted(ends)


@lru_cache(maxsize=1)
def kiwi() -> Kiwi:
    """The shared analyser; loads at the first call."""
    from kiwipiepy import Kiwi

    return Kiwi()


def morphemes(text: str) -> list[str]:
    """Content morphemes of one text, lower-cased, in order; predicates by their stem."""
    return _content(kiwi().tokenize(text))


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question is about, without the words that only ask ("무엇", "누구").

    `morphemes` as `morphemes` gives them, `tags` what Kiwi takes each for; `text` the question with asking words and
    verb endings blanked, for its bigrams; `named` the things it names: runs of nouns, Latin words and numbers,
    without particles. `places` says where in the question each morpheme stands (0 to 1), `behind` the tag of what is
    attached to it ("" where nothing is).
    """

    morphemes: list[str]
    text: str
    named: list[str]
    tags: list[str]
    places: list[float]
    behind: list[str]


@lru_cache(maxsize=64)
def asked(question: str) -> Asked:
    """Read a question; where nothing but asking words is left, they stay.

    Out of a question of four words and fewer that names something, what is to be told of it goes too ("BPE는 어떻게
    동작해?"): few notes say of something that it works, and all that do would be found.
    """
    tokens = kiwi().tokenize(question)
    left_out = _ASKING
    kept = [token for token in tokens if token.form not in left_out]
    if len(_content(kept)) <= SHORT_QUESTION and any(_names(token) for token in kept):
        left_out |= _TELLING
        kept = [token for token in kept if token.form not in left_out]
    blanked = list(question)
    for token in tokens:
        if token.form in left_out or token.tag.startswith("E"):
            blanked[token.start : token.end] = " " * (token.end - token.start)
    named: list[str] = []
    end = -1
    for token in kept:
        if token.tag.split("-")[0] not in _NOMINAL_TAGS:
            continue
        piece = question[token.start : token.end].lower()
        if token.start == end:
            named[-1] += piece
        else:
            named.append(piece)
        end = token.end
    content = _content(kept)
    if content or named:
        return Asked(content, "".join(blanked), named, _tags(kept), *_standing(tokens, left_out))
    return Asked(_content(tokens), question, [], _tags(tokens), *_standing(tokens, frozenset()))


def _names(token: Token) -> bool:
    return token.form not in _TELLING and token.tag.split("-")[0] in _NOMINAL_TAGS


def _standing(tokens: Sequence[Token], left_out: frozenset[str]) -> tuple[list[float], list[str]]:
    """`places` and `behind` of Asked."""
    places, behind = [], []
    for number, (token, following) in enumerate(zip_longest(tokens, tokens[1:])):
        if token.tag.split("-")[0] in _CONTENT_TAGS and token.form not in left_out:
            attached = following is not None and following.start == token.start + token.len
            places.append(number / len(tokens))
            behind.append(following.tag.split("-")[0] if attached else "")
    return places, behind


@dataclass(frozen=True, slots=True)
class Noun:
    """A noun of a text: `word` is `text[start:end]`."""

    word: str
    start: int
    end: int


def nouns(text: str) -> list[Noun]:
    """Runs of nouns that stand unspaced, each followed by the nouns that Kiwi takes it apart into.

    A loanword that Kiwi does not know falls into pieces; only the run holds it whole.
    """
    found: list[Noun] = []
    run: list[Noun] = []
    for token in [*kiwi().tokenize(text), None]:
        if token is not None and token.tag.split("-")[0] in _NOUN_TAGS:
            if run and run[-1].end != token.start:
                found += _run(text, run)
                run = []
            run.append(Noun(text[token.start : token.end], token.start, token.end))
        else:
            found += _run(text, run)
            run = []
    return found


def _run(text: str, run: list[Noun]) -> list[Noun]:
    if len(run) < 2:
        return run
    return [Noun(text[run[0].start : run[-1].end], run[0].start, run[-1].end), *run]


def morphemes_of(texts: Iterable[str]) -> Iterator[list[str]]:
    """`morphemes` of many texts, analysed by all workers side by side."""
    for tokens in kiwi().tokenize(texts):
        yield _content(tokens)


def _content(tokens: Iterable[Token]) -> list[str]:
    return [token.form.lower() for token in tokens if token.tag.split("-")[0] in _CONTENT_TAGS]


def _tags(tokens: Iterable[Token]) -> list[str]:
    return [str(token.tag) for token in tokens if token.tag.split("-")[0] in _CONTENT_TAGS]


def latin_words(text: str) -> list[str]:
    """English content words by their stem, and numbers, lower-cased; function words are left out."""
    return [stem(word) for word in _LATIN_RUN.findall(text.lower()) if word not in FUNCTION_WORDS]


def stem(word: str) -> str:
    """An English word without its commonest endings: embeds, embedded and embeddings are one.

    Far less than a real stemmer does, on purpose: what it joins is joined for sure.
    """
    if not word.isalpha() or len(word) < 4:
        return word
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("ings", ""), ("ing", ""), ("ed", ""), ("s", "")):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith(("ss", "us", "is")):
            word = word[: -len(ending)] + instead
            if ending in ("ings", "ing", "ed") and len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz":
                word = word[:-1]
            break
    return word[:-1] if word.endswith("e") and len(word) > 3 else word


def bigrams(text: str) -> list[str]:
    """Character bigrams of every run of Hangul; a lone syllable is itself.

    Bigrams bridge what Korean spelling leaves open: spacing, compounds, particles.
    """
    found: list[str] = []
    for run in _HANGUL_PIECE.findall(text):
        found.extend((run[i : i + 2] for i in range(len(run) - 1)) if len(run) > 1 else (run,))
    return found


def strip_particles(text: str) -> str:
    """`text` with the particles (josa) and copulas at the end of its words taken away."""
    analysed = kiwi().tokenize(text)
    drop: set[int] = set()
    for token, following in zip_longest(analysed, analysed[1:]):
        ends_word = following is None or following.word_position != token.word_position or following.tag.startswith("S")
        if token.tag.split("-")[0] in _PARTICLE_TAGS and (ends_word or following.start in drop):
            drop.update(range(token.start, token.end))
    # A run of particles ("에서는") ends the word as a whole: take earlier ones whose follower went.
    for token in reversed(analysed):
        if token.tag.split("-")[0] in _PARTICLE_TAGS and token.end in drop:
            drop.update(range(token.start, token.end))
    return "".join(character for position, character in enumerate(text) if position not in drop)
