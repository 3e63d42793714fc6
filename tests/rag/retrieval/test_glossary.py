from collections import Counter

import pytest

from rag.retrieval.glossary import translated
from rag.retrieval.loanwords import Loanwords


def names(question, **counts):
    held = Counter(counts)
    return [(question[term.start : term.end], term.name) for term in translated(question, lambda word: held[word])]


@pytest.mark.parametrize(
    ("question", "held", "expected"),
    [
        ("과적합 막는 법?", {"overfitting": 2}, [("과적합", "overfitting")]),
        ("What is overfitting?", {"과적합": 2}, [("overfitting", "과적합")]),
        ("학습률이 너무 크면?", {"learning": 3, "rate": 2}, [("학습률", "learning rate")]),
        ("경사하강법이란?", {"gradient": 1, "descent": 1}, [("경사하강법", "gradient descent")]),
        ("합성곱은 왜 해?", {"convolution": 2, "컨벌루션": 9}, [("합성곱", "컨벌루션")]),
        ("Are stop words removed?", {"불용어": 1}, [("stop words", "불용어")]),
        # Half of a name is not the name.
        ("학습률이 너무 크면?", {"learning": 3}, []),
        # Nothing to say it with, and nothing that needs it said.
        ("과적합 막는 법?", {}, []),
        ("학교는 어디에 있어?", {"overfitting": 2}, []),
        # Inside of another word it is none.
        ("서브샘플링은 왜 해?", {"sampling": 2}, []),
        ("Is it overfitted?", {"과적합": 2}, []),
    ],
)
def test_what_the_notes_call_it(question, held, expected):
    assert names(question, **held) == expected


def test_what_the_notes_write_themselves_is_only_helped_by_what_is_far_commoner():
    assert names("손실이란?", 손실=3, loss=14) == []
    assert names("손실이란?", 손실=3, loss=15) == [("손실", "loss")]
    # Another Korean name is no help to one that they write.
    assert names("합성곱이란?", 합성=1, 곱=1, 컨벌루션=90) == [("합성곱", "컨벌루션")]
    assert names("기댓값이란?", 기댓값=1, 기대값=90) == []


def test_letters_that_korean_spells():
    assert names("엘에스티엠은 뭐야?", lstm=1) == [("엘에스티엠", "lstm")]
    assert names("버트랑 지피티 차이", bert=1, gpt=1) == [("버트", "bert"), ("지피티", "gpt")]
    assert names("에이비씨이론", abc=1) == []


def test_two_words_that_are_one():
    assert names("layer norm or batch norm?", layer=3, batch=2, norm=4, batchnorm=1) == [("batch norm", "batchnorm")]
    assert names("what is a model card for?", model=90, card=40, modelcard=1) == []


def test_the_question_as_the_notes_would_put_it():
    words = Loanwords({"overfitting": 2, "temperature": 9, "온도": 1, "batchnorm": 3, "batch": 1, "norm": 1})
    assert words.respelled("과적합을 막는 법") == "overfitting을 막는 법"
    assert words.respelled("온도가 높으면?") == "온도(temperature)가 높으면?"
    assert words.respelled("batch norm은?") == "batch norm(batchnorm)은?"
    for question in ("과적합을 막는 법", "온도가 높으면?", "batch norm은?"):
        once = words.respelled(question)
        assert words.respelled(once) == once
