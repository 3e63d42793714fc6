"""Statements made of KLUE-MRC's questions: the question and its answer say what the passage says, in other words.

"총재를 맡은 사람은?" with its answer becomes "총재를 맡은 사람은 김철수이다.", a faithful sentence by whoever wrote the
question; with another name or number of the passage in its place it is altered. And copies: a sentence of the passage,
a clause or the bare predicate of it, with another ending or with its topic, as small models write. Made by rule, so a
few of a hundred are clumsy or wrong: they weigh little in benchmarks/support_fit.py, and nothing rests on them alone.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rag.text import HANGUL, kiwi, normalise, sentences

_DOUBLE_S = 20
_LONGEST_ANSWER, _LONGEST = 30, 110
_SHORTEST_COPY, _FEWEST, _CLAUSE_SHARE = 20, 6, 0.6
_JOINTS = frozenset("고 며 으며 지만 으나 나 는데 ᆫ데".split())
_NEAR, _NEAR_SHARE = 120, 0.6
_ASKED_LAST = re.compile(
    r"(?P<head>.*?(?:은|는|란|이란))\s*(?:(?:무엇|뭐|누구|어디|언제|어느 것|어떤 것)\s?"
    r"(?:(?:이|였|이었)?(?:인가요?|입니까|나|는가|인지|일까요?|지|니|습니까))?\s*)?\??$"
)
_ASKED = re.compile(
    r"누가|누구(?=[가-힣])|무엇(?=[가-힣])|어디(?=[가-힣])|언제|(?:무슨|어느|어떤) \S+?(?=[을를이가에로은는])"
    r"|몇 \S+?(?=[을를이가에로은는\s])"
)
_ENDINGS = (
    ("인가요", "이다"),
    ("인가", "이다"),
    ("하는가", "한다"),
    ("되는가", "된다"),
    ("있는가", "있다"),
    ("없는가", "없다"),
    ("는가", "는다"),
    ("나요", "다"),
    ("습니까", "다"),
    ("는지", "는다"),
    ("을까", "는다"),
    ("까", "다"),
    ("나", "다"),
    ("니", "다"),
    ("지", "다"),
)
_PARTICLES = (("을", "를"), ("이", "가"), ("은", "는"), ("으로", "로"), ("과", "와"))
_PARTICLE = re.compile(r"(으로|로|을|를|이|가|은|는|와|과)(?=\s)")
_NUMBER = re.compile(r"(\d[\d,.]*)\s?([가-힣%㎞㎡a-zA-Z]?)")
_NOUNS = frozenset(["NNP", "NNG", "SL", "XSN", "SH"])


def statements(
    rows: Sequence[Mapping[str, Any]], seed: int = 3
) -> Iterator[tuple[Mapping[str, Any], str, str, tuple[int, int]]]:
    """For rows of KLUE-MRC: the row, a sentence, its label and where in the normalised context its answer stands."""
    draw = random.Random(seed)
    for row in rows:
        context = normalise(row["context"])
        answer = min(row["answers"]["text"], key=len, default="")
        place = context.find(answer)
        if not answer or place < 0 or len(answer) > _LONGEST_ANSWER:
            continue
        span = (place, place + len(answer))
        said = statement(row["question"], answer)
        if said and len(said) <= _LONGEST:
            yield row, said, "faithful", span
            other = another(answer, context, place, draw)
            altered = statement(row["question"], other) if other and other not in row["question"] else ""
            if altered:
                yield row, altered, "altered", span


def statement(question: str, answer: str) -> str:
    """The question as a sentence with its answer in it; "" where the rules do not reach."""
    question = question.strip()
    last = _ASKED_LAST.match(question)
    if last:
        return f"{last['head']} {_with(answer, ('이다', '다'))}."
    asked = _ASKED.search(question)
    if asked is None:
        return ""
    rest = question[asked.end() :]
    if asked[0] == "누가":
        said = _with(answer, ("이", "가"))
    elif asked[0] == "언제":
        said = answer if answer.endswith("에") else answer + "에"
    else:
        particle = _PARTICLE.match(rest)
        pair = next((pair for pair in _PARTICLES if particle and particle[1] in pair), None)
        said = _with(answer, pair) if pair else answer
        rest = rest[particle.end() :] if particle else rest
    return _ended(question[: asked.start()] + said + rest)


def another(answer: str, context: str, place: int, draw: random.Random) -> str:
    """Another number or noun phrase of the passage, of the answer's kind; "" if there is none."""
    number = _NUMBER.search(answer)
    if number:
        others = [other[1] for other in _NUMBER.finditer(context) if other[2] == number[2] and other[1] not in answer]
        return answer.replace(number[1], draw.choice(others), 1) if others else ""
    tokens = kiwi().tokenize(answer)
    if not tokens or tokens[-1].tag not in _NOUNS:
        return ""
    proper = any(token.tag in ("NNP", "SL") for token in tokens)
    found = [
        (start, phrase)
        for start, phrase, named in _phrases(context)
        if named == proper and abs(len(phrase) - len(answer)) <= 6 and not set(phrase.split()) & set(answer.split())
        if phrase not in answer and answer not in phrase
    ]
    near = [phrase for start, phrase in found if abs(start - place) < _NEAR]
    pool = near if near and draw.random() < _NEAR_SHARE else [phrase for _, phrase in found]
    return draw.choice(pool) if pool else ""


def copies(text: str, seed: int = 4) -> Iterator[tuple[str, tuple[int, int]]]:
    """Sentences of a text with another ending, single clauses of them, and with the topic that they go on about."""
    draw = random.Random(seed)
    topic = ""
    for span in sentences(text):
        said = text[span.start : span.end].strip()
        before, topic = topic, ""
        if not _SHORTEST_COPY <= len(said) <= _LONGEST or "\n" in said:
            continue
        korean = bool(HANGUL.search(said))
        topic = _topic(said) if korean else ""
        made = _reworded(said, draw) if korean else _shortened(said)
        told = [made, _continued(before, said) if korean else "", _compressed(topic, said)]
        for one in told:
            if one and one != said:
                yield one, (span.start, span.end)


def _topic(said: str) -> str:
    """What a sentence begins with, if that is a noun phrase and its 은 or 는."""
    for token in kiwi().tokenize(said):
        if token.tag == "JX" and token.form in ("은", "는"):
            return said[: token.start + token.len]
        if token.tag not in _NOUNS:
            return ""
    return ""


def _continued(topic: str, said: str) -> str:
    """A sentence that names no topic, with that of the sentence before."""
    tokens = kiwi().tokenize(said)
    own = any(token.tag == "JX" and token.form in ("은", "는") for token in tokens)
    if not topic or own or tokens[0].tag.startswith(("NP", "MAJ", "MM", "MAG", "IC")):
        return ""
    return f"{topic} {said}"


def _compressed(topic: str, said: str) -> str:
    """What the topic is: the noun phrase that the sentence ends in, without what stands before it."""
    tokens = [token for token in kiwi().tokenize(said) if token.tag != "SF"]
    if not topic or len(tokens) < _FEWEST or tokens[-1].form != "다" or tokens[-2].tag != "VCP":
        return ""
    first = len(tokens) - 2
    while first and tokens[first - 1].tag in ("NNG", "NNP", "SL", "XSN"):
        first -= 1
    noun = said[tokens[first].start : tokens[-2].start]
    return f"{topic} {_with(noun, ('이다', '다'))}." if len(noun) > 1 else ""


def _reworded(said: str, draw: random.Random) -> str:
    tokens = [(token.form, token.tag) for token in kiwi().tokenize(said)]
    if len(tokens) < _FEWEST or tokens[-1][1] != "SF" or tokens[-2][1] != "EF" or not tokens[-2][0].endswith("다"):
        return ""
    tokens = tokens[:-1]
    joints = [n for n, token in enumerate(tokens) if token[1] == "EC" and token[0] in _JOINTS]
    joints = [n for n in joints if n >= _FEWEST and len(tokens) - n > _FEWEST]
    past = ("었", "EP") in tokens[-3:] or ("았", "EP") in tokens[-3:]
    if joints and draw.random() < _CLAUSE_SHARE:
        cut = draw.choice(joints)
        if draw.random() < _CLAUSE_SHARE:
            tokens = [*tokens[:cut], *([("었", "EP")] if past and tokens[cut - 1][1] != "EP" else []), ("다", "EF")]
        else:
            tokens = [token for token in tokens[cut + 1 :] if token[1] != "SP" or token is not tokens[cut + 1]]
    closed = tokens[-2][1] == "EP" or (ord(tokens[-2][0][-1]) - ord("가")) % 28 > 0
    ending = draw.choice(["습니다" if closed else "ᆸ니다", "어요", "다"])
    return str(kiwi().join([*tokens[:-1], (ending, "EF")])) + "."


def _shortened(said: str) -> str:
    """English: the first clause alone, if there are more."""
    first = re.split(r",? (?:and|but|so|because|which|while|;) ", said, maxsplit=1)[0].rstrip(".,;:")
    return first + "." if len(first) >= _SHORTEST_COPY and first[:1].isupper() and first != said.rstrip(".") else ""


def _phrases(text: str) -> Iterator[tuple[int, str, bool]]:
    """Noun phrases in front of a particle: where, what, and whether a name is in them."""
    run: list[Any] = []
    for token in kiwi().tokenize(text):
        if token.tag in _NOUNS and (not run or token.start - run[-1].start - run[-1].len <= 1):
            run.append(token)
            continue
        if run and token.tag.startswith(("J", "VCP")):
            start, end = run[0].start, run[-1].start + run[-1].len
            if end - start > 1:
                yield start, text[start:end], any(one.tag in ("NNP", "SL") for one in run)
        run = [token] if token.tag in _NOUNS else []


def _with(word: str, pair: tuple[str, str]) -> str:
    """The word with the particle that its last sound takes: the first of the pair behind a consonant."""
    last = re.sub(r"\W", "", word)[-1:]
    if "가" <= last <= "힣":
        final = (ord(last) - ord("가")) % 28
    else:
        final = 8 if last and last in "178lL" else int(bool(last) and last in "036mnrMNR")
    closed = final != 0 and not (pair == ("으로", "로") and final == 8)
    return word + pair[0 if closed else 1]


def _ended(question: str) -> str:
    question = question.rstrip("? ")
    for ending, instead in _ENDINGS:
        if question.endswith(ending):
            stem = question.removesuffix(ending)
            past = instead == "는다" and (ord(stem[-1:] or "?") - ord("가")) % 28 == _DOUBLE_S  # 세웠 + 는가
            return stem + ("다" if past else instead) + "."
    return question + "."
