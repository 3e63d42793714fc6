from __future__ import annotations

import numpy as np
import pytest

from rag.generation.answer_types import expects
from rag.generation.asking import analyse_all, read_question
from rag.generation.selection import Candidate
from rag.generation.spans import _agreed, best_span, rows, span_trees, spans_of
from rag.types import Question


def spans(text, question="무엇인가?"):
    (morphemes,) = analyse_all([text])
    return [text[s.start : s.end] for s in spans_of(read_question(Question(question)), text, morphemes)]


def best(question, *sentences):
    candidates = [Candidate(0, 0, len(s), s, score=-float(n)) for n, s in enumerate(sentences)]
    found = best_span(read_question(Question(question)), candidates)
    return found and found[0].text[found[1].start : found[1].end]


def test_noun_phrases_stand_without_their_particles():
    found = spans("브레킨리지는 1862년 4월 샤일로 전투에서 예비 군단을 지휘하였다.")
    assert {"브레킨리지", "1862년 4월", "샤일로 전투", "예비 군단"} <= set(found)
    assert not any(span.endswith(("는", "에서", "을")) for span in found)


def test_quoted_bold_and_joined_phrases_are_candidates():
    found = spans("그는 《아가씨》의 감독이며 **어텐션**과 사가미 해곡의 미끄럼을 말했다.")
    assert {"《아가씨》", "아가씨", "어텐션", "사가미 해곡의 미끄럼"} <= set(found)


def test_reasons_are_candidates_of_why_questions_only():
    text = "비스무트는 중성자를 쉽게 흡수하지 않기 때문에 쓰인다."
    assert "중성자를 쉽게 흡수하지 않기 때문" in spans(text, "쓰이는 이유는?")
    assert not any(span.endswith("때문") and " " in span for span in spans(text))


def test_brackets_are_whole_or_absent():
    assert not any(
        span.count("(") != span.count(")") for span in spans("LoRA(2021)와 QLoRA (2023)는 미세조정 방법이다.")
    )


@pytest.mark.parametrize(
    ("question", "sentence", "answer"),
    [
        ("트랜스포머가 발표된 해는?", "트랜스포머는 구글이 2017년에 발표했다.", "2017년"),
        ("LSTM이란?", "LSTM은 긴 의존성을 기억하는 신경망이다.", "긴 의존성을 기억하는 신경망"),
        ("What is the batch size?", "The batch size is 32.", "32"),
        (
            "Why is the mask needed?",
            "The mask is needed because padding must not count.",
            "because padding must not count",
        ),
        ("How many heads are there?", "BERT-base has 12 heads.", "12 heads"),
        ("When did BERT appear?", "BERT appeared in 2018 at Google.", "2018"),
        ("Where did BERT appear?", "In 2018 it appeared at Google Research first.", "Google Research"),
    ],
)
def test_plain_cases(question, sentence, answer):
    assert best(question, sentence) == answer


def test_an_english_sentence_of_no_known_form_has_no_span():
    assert best("Which optimizer do we train BERT with?", "We train it with AdamW and warm-up.") is None
    assert best("무엇?") is None


def test_the_answer_is_seldom_a_word_of_the_question():
    assert best("러시아를 근대화한 왕은?", "러시아를 근대화한 왕은 표트르 1세였다.") == "표트르 1세"


def test_every_tree_asks_for_features_that_can_occur():
    names = set()
    sentence = (
        "미국은 2017년 4월 서울에서 '아가씨'라는 영화를 세 번 상영했기 때문에, 철수(영화사)의 친구에게 Google 직원이 "
        "갔고 사과와 배가 남은 것은 영화이다. 그 뒤 여러 한국의 배우들"
    )
    kinds = [
        "왜 그랬나?",
        "누구인가?",
        "언제인가?",
        "몇 번인가?",
        "어디에서 갔나?",
        "무엇을 상영했나?",
        "영화를 상영한 것은?",
        "아가씨란?",
    ]
    types = ["나라는?", "정당은?", "영화는?", "직책은?", "전쟁은?", "언어는?", "음식은?", "방법은?"]
    for question in [*kinds, *(f"상영한 {kind}" for kind in types)]:
        asked = read_question(Question(question))
        candidate = Candidate(0, 0, len(sentence), sentence)
        for _, _, row in rows(asked, [candidate], [candidate]):
            names |= set(row)
    assert set(span_trees().names) <= names


def test_what_several_places_say_outweighs_what_one_does():
    said = ["1997년", "호흐라이터", "1997년 11월", "1997년에"]
    assert _agreed(said, np.array([1.0, 1.2, 0.9, 0.8])) == 0
    assert _agreed(said, np.array([1.0, 9.0, 0.9, 0.8])) == 1


@pytest.mark.parametrize(
    ("noun", "name"),
    [("나라", "place"), ("팀", "group"), ("국영기업", "group"), ("전쟁", "event"), ("", None), ("임의", None)],
)
def test_a_noun_tells_how_the_answer_may_end(noun, name):
    found = expects(noun)
    assert (found.name if found else None) == name
