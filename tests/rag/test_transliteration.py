import re

import pytest

from rag.transliteration import distance, foreign, pattern

SAME = {
    "청크": "chunk", "어텐션": "attention", "트랜스포머": "transformer", "토크나이저": "tokenizer",
    "드롭아웃": "dropout", "소프트맥스": "softmax", "그래디언트": "gradient", "시그모이드": "sigmoid",
    "체크포인트": "checkpoint",
    "컨볼루션": "convolution", "쿼리": "query", "웨이트": "weight", "프로토콜": "protocol", "알고리즘": "algorithm",
    "뮤텍스": "mutex", "엔트로피": "entropy", "미토콘드리아": "mitochondria", "인슐린": "insulin", "푸리에": "fourier",
    "큐": "queue", "게이트웨이": "gateway", "르네상스": "renaissance", "마르코프": "markov", "라인": "line",
}  # fmt: skip


@pytest.mark.parametrize(("hangul", "latin"), SAME.items())
def test_a_loan_sounds_like_its_word_and_like_no_other(hangul, latin):
    assert distance(hangul, latin) <= 0.075
    others = [distance(hangul, other) for other in SAME.values() if other != latin]
    assert min(others) > 0.15


@pytest.mark.parametrize(("hangul", "latin"), SAME.items())
def test_the_sieve_keeps_what_sounds_alike(hangul, latin):
    assert re.fullmatch(pattern(hangul), latin)


def test_beyond_the_limit_is_infinitely_far():
    apart = distance("어텐션", "retention")
    assert 0 < apart < 1
    assert distance("어텐션", "retention", apart + 0.01) == apart
    assert distance("어텐션", "retention", apart - 0.01) == float("inf")


@pytest.mark.parametrize(
    ("hangul", "latin"), [("", "gate"), ("게이트", ""), ("gate", "gate"), ("ㅋㅋ", "kk"), ("게", "한")]
)
def test_what_has_no_sound_is_infinitely_far(hangul, latin):
    assert distance(hangul, latin) == float("inf")


@pytest.mark.parametrize(
    ("near", "far"),
    [
        (("시티", "city"), ("서브", "curve")),
        (("제너럴", "general"), ("조이스", "goes")),
        (("네이션", "nation"), ("스미스", "times")),
        (("머신", "machine"), ("서버", "cover")),
    ],
)
def test_c_g_and_ti_are_soft_only_before_the_right_letters(near, far):
    assert distance(*near) <= 0.075 < distance(*far)


def test_accents_do_not_matter():
    assert distance("포앙카레", "poincaré") == distance("포앙카레", "poincare")


@pytest.mark.parametrize(
    ("word", "is_foreign"),
    [("청크", True), ("학교", False), ("역사", False), ("버트", True), ("크", False), ("크기x", False), ("", False)],
)
def test_words_of_foreign_make(word, is_foreign):
    assert foreign(word) is is_foreign
