from __future__ import annotations

import random

import pytest

from rag.generation.asking import read_question
from rag.generation.candidates import read_candidates
from rag.generation.selection import WEIGHTS, features, ranked
from rag.types import Question
from tests.rag.generation.test_candidates import NOTE


def asked(text):
    return read_question(Question(text))


def best_of(question, passages):
    candidates = [candidate for place, one in enumerate(passages) for candidate in read_candidates(place, one)]
    return ranked(asked(question), candidates)


@pytest.mark.parametrize(
    ("question", "best"),
    [
        ("LSTM이란?", "LSTM은 긴 의존성을"),
        ("기울기 소실은 왜 생기나요?", "기울기 소실은 곱셈이"),
        ("forget gate는 무엇을 정하나요?", "**forget gate**"),
        ("forget 게이트의 활성화 함수는?", "forget | sigmoid"),
    ],
)
def test_the_answering_sentence_comes_first(passage, question, best):
    assert best_of(question, [passage(NOTE)])[0].text.startswith(best)


def test_sentences_without_a_word_of_the_question_are_left_out(passage):
    assert best_of("오늘 날씨는 어때?", [passage(NOTE)]) == []


def test_a_number_question_prefers_the_sentence_with_the_number(passage):
    text = "배치 크기는 학습 속도를 좌우한다. 실험에서 배치 크기는 32였다. 배치 크기를 바꾸며 재었다."
    assert "32" in best_of("배치 크기는 얼마였나?", [passage(text)])[0].text


def test_the_better_passage_wins_a_tie(passage):
    text = "어텐션은 가중합을 계산한다."
    found = best_of("어텐션은 무엇을 계산하나?", [passage(text), passage(text, number=2)])
    assert [candidate.place for candidate in found] == [0, 1]


def test_every_weight_has_its_feature_and_every_feature_a_weight(passage):
    (row, *_) = features(asked("LSTM이란?"), read_candidates(0, passage(NOTE)))
    assert set(WEIGHTS) == set(row) - {"touched", "question"}


def test_the_order_is_stable(passage):
    passages = [passage(NOTE, number=n) for n in range(1, 4)]
    first = best_of("게이트는 몇 개인가?", passages)
    random.seed(99)
    assert first == best_of("게이트는 몇 개인가?", passages)
    assert [c.score for c in first] == sorted((c.score for c in first), reverse=True)


def test_code_that_was_not_asked_for_must_say_half_of_what_was(passage):
    note = passage('```python\nprint(tok.encode("오늘은 토큰화를 배웠다").tokens)\n```\n')
    assert best_of("오늘 점심 메뉴는 뭐예요?", [note]) == []
    assert best_of("토큰화를 배웠다고 출력하는 코드는?", [note]) != []
