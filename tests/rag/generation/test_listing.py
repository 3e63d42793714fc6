from __future__ import annotations

import pytest

from rag.generation.asking import read_question
from rag.generation.candidates import read_candidates
from rag.generation.listing import listed
from rag.types import Question

NOTE = """## 2. 색인의 종류

| 색인 | 정확도 | 특징 |
|---|---|---|
| Flat | 100% | 기준선 |
| IVF | 높음 | 클러스터로 나눔 |
| HNSW | 매우 높음 | 그래프 탐색 |

## 3. QLoRA의 세 부분

얼린 가중치를 4비트로 양자화한다.

1. **NF4**: 정규분포의 분위수에 맞춘 16개 값.
2. **Double quantization**: 양자화 상수 자체를 다시 양자화.
3. **Paged optimizer**: 상태를 CPU로 내보냄.

- 결과: GPU 한 장에서 fine-tuning.
- 계산은 4비트로 하지 않는다.

## 4. 정규화

| 항목 | BatchNorm | LayerNorm |
|---|---|---|
| 평균을 내는 축 | 배치 | 특징 |
| 배치 크기 의존 | 있음 | 없음 |

There are three types of layers:

- Convolutional layers see the neighbourhood of every pixel in the picture that is being read at this moment.
- Pooling layers: they shrink the picture by taking the largest or the mean of every neighbourhood in turn.
- Dense layers: they see all of it, and so they have most of the weights of the network as a whole, by far.
"""


def items(passage, question, limit=200, note=NOTE):
    asked = read_question(Question(question))
    return [item.text for item in listed(asked, read_candidates(0, passage(note)), limit)]


def test_a_question_for_kinds_gets_the_rows_of_the_table(passage):
    assert items(passage, "색인의 종류는?") == [
        "Flat | 100% | 기준선",
        "IVF | 높음 | 클러스터로 나눔",
        "HNSW | 매우 높음 | 그래프 탐색",
    ]


def test_as_many_items_as_were_asked_for(passage):
    assert items(passage, "What are the three parts of QLoRA?") == [
        "**NF4**: 정규분포의 분위수에 맞춘 16개 값.",
        "**Double quantization**: 양자화 상수 자체를 다시 양자화.",
        "**Paged optimizer**: 상태를 CPU로 내보냄.",
    ]


def test_items_that_do_not_fit_are_named_by_their_labels(passage):
    found = items(passage, "What are the three types of layers?")
    assert found[1:] == ["Pooling layers", "Dense layers"]
    assert len("".join(found)) <= 200


def test_what_is_compared_must_stand_in_the_tables_head(passage):
    assert items(passage, "BatchNorm과 LayerNorm은 어떻게 다른가요?") == [
        "평균을 내는 축 | 배치 | 특징",
        "배치 크기 의존 | 있음 | 없음",
    ]
    assert items(passage, "Flat과 HNSW는 어떻게 다른가요?") == []


@pytest.mark.parametrize(
    "question",
    ["색인의 정확도는 얼마인가?", "왜 IVF를 쓰나요?", "디코딩 전략의 종류는?", "QLoRA란?", "게이트의 종류는?"],
)
def test_other_questions_get_no_list(passage, question):
    assert items(passage, question) == []


def test_a_list_that_does_not_fit_at_all_is_none(passage):
    assert items(passage, "색인의 종류는?", limit=3) == []


STEPS = """## 2. BPE (Byte Pair Encoding)

1994년에 제안되었다.

### 2.1 학습 절차

1. 단어를 글자로 나눈다.
2. 인접한 쌍의 빈도를 센다.
3. 가장 잦은 쌍을 병합한다.

## 3. 왜 BPE인가

- **어휘**: 작아진다.
- **미등록어**: 없어진다.
"""


def test_steps_under_the_thing_tell_how_it_works(passage):
    steps = ["단어를 글자로 나눈다.", "인접한 쌍의 빈도를 센다.", "가장 잦은 쌍을 병합한다."]
    assert items(passage, "BPE는 어떻게 동작해?", note=STEPS) == steps
    assert items(passage, "how does BPE work?", limit=30, note=STEPS) == steps[:2]
    assert items(passage, "WordPiece는 어떻게 동작해?", note=STEPS) == []


def test_reasons_under_why_tell_why(passage):
    assert items(passage, "BPE 왜 써?", note=STEPS) == ["**어휘**: 작아진다.", "**미등록어**: 없어진다."]
    assert items(passage, "WordPiece 왜 써?", note=STEPS) == []
