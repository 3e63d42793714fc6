"""Does a sentence deny where its note affirms, in whatever words?

Takes the pairs of clauses of one sentence and one range of a note; returns figures by name. What denies is read widely:
words that exclude, refuse, lack or limit count, so that only a plain no beside a plain yes is left.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.grounding.lexicon import NEGATIVE, opposites
from rag.grounding.pairing import Pair
from rag.grounding.reading import Reading, Word
from rag.grounding.spans import layout
from rag.text import HANGUL

# Words and endings that may stand for a denial in other words.
_DENYING = frozenset(
    "모르 어렵 힘들 드물 부족 모자라 반대 거부 거절 제외 빼 빠지 제거 삭제 실패 방지 포기 중단 끊 버리 잃 놓치 잊 무시 "
    "생략 무효 무관 달리 다르 차이 제한 한정 그치 멈추 그만두 끝 폐지 해제 해체 취소 반면 상실 미흡 부인 부정 거짓 "
    "허위 오류 틀리 잘못 대신 말 불리 위배 어긋나 벗어나 사라지 없어지 그대로 고정 처음 최초 여전히 따로 별개 별도 "
    "이르 지나치 역부족 무리 소홀 방치 억제 예방 차단 저지 배제 탈락 미루 보류 유보".split()
)
_LIMITS = re.compile(
    r"[가-힣](?:만|뿐|밖에)(?=[\s,.을이은의]|으로|이다|입|이었|인)|외에|이외|대신|커녕|아직|달리|보다"
    r"|\b(?:only|just|merely|alone|except|instead|rather|unlike|differ\w*|hard|difficult|avoid\w*|prevent\w*|refus\w*"
    r"|den(?:y|ie)\w*|reject\w*|ignor\w*|skip\w*|rare\w*|seldom|little|few|hardly|impossible|unable|un[a-z]{4,}|in(?:correct|dependent|"
    r"valid|visible|sufficient)|dis[a-z]{4,}|less|fail\w*|lack\w*|miss\w*|exclud\w*|stop\w*|still|yet|limit\w*|drop\w*"
    r"|first|remov\w*|omit\w*|wrong\w*|fals\w*|same|chang\w*|than)\b",
    re.IGNORECASE,
)
_BY_THE_WAY = re.compile(r"\b(?:without|nobody|who(?:'ve| have| has)? never)\b", re.IGNORECASE)
_PREFIXES_OF = frozenset("불비무미부")
_LAST = 2


def polarity(paired: Sequence[Pair], claim: Reading, note: Reading) -> dict[str, float]:
    """`denial_new_against`: the sentence denies and nothing near does; `denial_lost_against`: the other way round."""
    new = lost = False
    for pair in paired:
        if pair.inside:
            ours, theirs = [claim.words[n] for n in pair.here], [pair.noted[n] for n in pair.inside]
            whole = _sentences(note, theirs)
            there = note.words_in(*whole)
            last = pair is paired[-1]
            if last and _denies_at_the_end(claim) and not _may_deny(there, note.source[slice(*whole)]):
                new |= not _opposed(ours, there)
            if _plainly_denies(theirs, note) and not _may_deny(claim.words, claim.source):
                lost |= not _opposed(theirs, claim.words)
    return {"denial_new_against": float(new), "denial_lost_against": float(lost)}


def _sentences(note: Reading, words: Sequence[Word]) -> tuple[int, int]:
    """From the start to the end of the sentences that the words stand in."""
    spans = [span for span in layout(note.source).sentences if span[0] <= words[-1].start and words[0].start < span[1]]
    return (spans[0][0], spans[-1][1]) if spans else (words[0].start, words[-1].end)


def _denials(words: Sequence[Word], text: Reading) -> list[Word]:
    """Words that a particle of denial goes with; 미성년자 and 불안정 are words of their own."""
    return [w for w in words if w.negated and not w.aside and text.source[w.start - 1 : w.start] not in _PREFIXES_OF]


def _denies_at_the_end(claim: Reading) -> bool:
    """Whether the last thing that a Korean sentence says is denied; in English, whether anything is."""
    english = not HANGUL.search(claim.source)
    if english and _BY_THE_WAY.search(claim.source):
        return False
    denied = _denials(claim.words if english else claim.words[-_LAST:], claim)
    return _odd(claim.words, claim) and bool(denied)


def _plainly_denies(words: Sequence[Word], text: Reading) -> bool:
    return bool(_denials(words, text)) and _odd(words, text)


def _odd(words: Sequence[Word], text: Reading) -> bool:
    return (len(_denials(words, text)) + sum(word.form in NEGATIVE for word in words)) % 2 == 1


def _may_deny(words: Sequence[Word], text: str) -> bool:
    return bool(_LIMITS.search(text)) or any(
        word.negated or word.form in NEGATIVE or word.form in _DENYING or word.lemma in _DENYING for word in words
    )


def _opposed(denied: Sequence[Word], stated: Sequence[Word]) -> bool:
    """Whether the contrary of a denied word is stated: 길지 않다 is 짧다."""
    forms = {word.form for word in stated}
    return any(not forms.isdisjoint(opposites().get(word.form, ())) for word in denied)
