from __future__ import annotations

import pytest

from rag.generation.question_words import asks_meaning, kind_of, wants_of


@pytest.mark.parametrize(
    ("text", "wants"),
    [
        ("BPE는 어떻게 동작해?", "works"),
        ("how does HNSW work?", "works"),
        ("how is ROUGE computed?", "works"),
        ("비밀번호는 어떻게 바꿔?", "how"),
        ("how do I save an index?", "how"),
        ("how to set the pad token", "how"),
        ("GAN 학습 방법", "how"),
        ("과적합 막는 법?", "how"),
        ("코사인 유사도 공식", "formula"),
        ("베이즈 정리 식이 뭐였더라", "formula"),
        ("이 방식은 어디에 써?", ""),
        ("나누는 함수 뭐였지", "code"),
        ("원핫 인코딩 단점?", "list"),
    ],
)
def test_short_questions_say_the_form_of_their_answer(text, wants):
    assert wants_of(text) == wants


@pytest.mark.parametrize(
    "text", ["언더피팅이 머에요", "IoU가 뭐임", "LoRA 뭐야?", "what's NLP?", "BLEU 뜻", "어텐션 개념?"]
)
def test_meaning_is_asked_for_in_many_ways(text):
    assert asks_meaning(text)


def test_what_something_is_for_is_a_reason():
    assert kind_of("what is a model card for?") == "why"
    assert kind_of("what is a model card?") == "what"


def test_what_happens_if_asks_for_no_number():
    assert kind_of("온도 높이면 어떻게 돼?") == "what"
    assert kind_of("온도는 몇 도인가?") == "many"


def test_a_word_inside_a_name_does_not_ask():
    assert kind_of("나이브 베이즈란?") == "what"
    assert kind_of("왕의 나이는?") == "many"
