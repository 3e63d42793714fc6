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


HNSW = """## 2.3 HNSW (Hierarchical Navigable Small World)

여러 층의 근접 그래프이다. 위층에서 멀리 뛰고 아래층에서 촘촘히 찾는다.

- 단점: HNSW는 삭제를 지원하지 않는다.

## 5. 선택 가이드

| 규모 | 색인 |
|---|---|
| 10만 이상 | HNSW |
"""


def test_what_stands_under_the_asked_thing_beats_what_merely_names_it(passage):
    best = [candidate.text for candidate in best_of("how does HNSW work?", [passage(HNSW)])[:2]]
    assert best == ["여러 층의 근접 그래프이다.", "위층에서 멀리 뛰고 아래층에서 촘촘히 찾는다."]


def test_the_formula_under_the_thing_is_the_one_asked_for(passage):
    note = "## F1\n\nF1 = 2PR/(P+R)\n\n## BM25\n\n$$\\operatorname{score}(q)=\\sum_i w_i/(k_1+1)$$\n"
    assert best_of("f1 score formula?", [passage(note)])[0].text == "F1 = 2PR/(P+R)"


def test_code_that_a_sentence_announces_answers_a_question_for_code(passage):
    block = "{}\n\n```python\nmodel.{}(gpu)\n```\n\n"
    note = passage(block.format("값을 센다.", "count") + block.format("모델을 GPU에 올린다.", "to"))
    best = best_of("모델을 gpu에 올리는 코드", [note])
    assert [candidate.text for candidate in best if candidate.form == "code"] == ["model.to(gpu)", "model.count(gpu)"]
    rows = features(asked("모델을 gpu에 올리는 코드"), read_candidates(0, note))
    assert [row["code_after"] for row in rows] == [0, 0, 0, 1]
    assert not any(row["code_after"] for row in features(asked("gpu에 올리는 모델은?"), read_candidates(0, note)))
