from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.generation.asking import read_question
from rag.generation.selection import WEIGHTS, features, ranked, read_candidates
from rag.types import Question

NOTE = """# LSTM

LSTM은 긴 의존성을 기억하려고 만든 순환 신경망이다. 게이트가 셋 있다.

- **forget gate**: 이전 셀 상태에서 버릴 것을 정한다.
1. [x] 과제를 낸다

| 게이트 | 활성화 |
|:---|---:|
| forget | sigmoid |

```python
lstm = nn.LSTM(128, 256)

out, (h, c) = lstm(x)
```
> 기울기 소실은 곱셈이 반복되기 때문에 생긴다.
</Tip>
![그림](lstm.png)
"""


def asked(text):
    return read_question(Question(text))


def test_sentences_items_rows_and_lines_of_code_are_candidates(passage):
    found = read_candidates(3, passage(NOTE))
    assert [(candidate.form, candidate.text) for candidate in found] == [
        ("prose", "LSTM은 긴 의존성을 기억하려고 만든 순환 신경망이다."),
        ("prose", "게이트가 셋 있다."),
        ("prose", "**forget gate**: 이전 셀 상태에서 버릴 것을 정한다."),
        ("prose", "과제를 낸다"),
        ("row", "forget | sigmoid"),
        ("code", "lstm = nn.LSTM(128, 256)"),
        ("code", "out, (h, c) = lstm(x)"),
        ("prose", "기울기 소실은 곱셈이 반복되기 때문에 생긴다."),
    ]
    assert all(candidate.place == 3 for candidate in found)
    assert found[4].columns == "게이트 | 활성화"
    assert "LSTM" in found[0].heading


@settings(deadline=None, max_examples=200)
@given(text=st.text(alphabet="가나 .\n|#-`a1:\t*", max_size=200))
def test_candidates_are_the_notes_own_words(text):
    from rag.types import Chunk, Passage

    passage = Passage(Chunk("c", "d", 0, len(text), text, "", 1), 1, 1.0, 0, len(text), text)
    ends = 0
    for candidate in read_candidates(0, passage):
        assert text[candidate.start : candidate.end] == candidate.text != ""
        assert candidate.start >= ends
        ends = candidate.end


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
    assert ranked(asked(question), [passage(NOTE)])[0].text.startswith(best)


def test_sentences_without_a_word_of_the_question_are_left_out(passage):
    assert ranked(asked("오늘 날씨는 어때?"), [passage(NOTE)]) == []


def test_a_number_question_prefers_the_sentence_with_the_number(passage):
    text = "배치 크기는 학습 속도를 좌우한다. 실험에서 배치 크기는 32였다. 배치 크기를 바꾸며 재었다."
    assert "32" in ranked(asked("배치 크기는 얼마였나?"), [passage(text)])[0].text


def test_the_better_passage_wins_a_tie(passage):
    text = "어텐션은 가중합을 계산한다."
    found = ranked(asked("어텐션은 무엇을 계산하나?"), [passage(text), passage(text, number=2)])
    assert [candidate.place for candidate in found] == [0, 1]


def test_every_weight_has_its_feature_and_every_feature_a_weight(passage):
    (row, *_) = features(asked("LSTM이란?"), read_candidates(0, passage(NOTE)))
    assert set(WEIGHTS) == set(row) - {"touched", "question"}


def test_the_order_is_stable(passage):
    passages = [passage(NOTE, number=n) for n in range(1, 4)]
    first = ranked(asked("게이트는 몇 개인가?"), passages)
    random.seed(99)
    assert first == ranked(asked("게이트는 몇 개인가?"), passages)
    assert [c.score for c in first] == sorted((c.score for c in first), reverse=True)
