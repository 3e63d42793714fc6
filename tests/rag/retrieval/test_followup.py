import unicodedata

import pytest

from rag.retrieval.followup import look_up
from rag.types import Turn

ASKED = "LSTM의 망각 게이트는 셀 상태에서 무엇을 지우는가?"


def talk(*questions):
    return [turn for question in questions for turn in (Turn("user", question), Turn("assistant", "답입니다 [1]."))]


@pytest.mark.parametrize(
    "question",
    [
        "그건 왜 그래?",
        "그게 뭐야?",
        "이건 어떻게 계산해?",
        "그럼 GRU의 갱신 게이트는 어떻게 다른가요?",
        "왜?",
        "더 자세히 알려줘",
        "예를 들면?",
        "Why does it need a sigmoid function there?",
        "And the other gates of that network?",
        "둘 중 어느 것이 더 빠른가?",
        "장점은 뭐야?",
    ],
)
def test_a_question_that_leans_is_looked_up_with_the_one_before(question):
    assert look_up(question, talk(ASKED)) == f"{ASKED}\n{question}"


@pytest.mark.parametrize(
    "question",
    [
        "어텐션의 스케일링은 왜 차원의 제곱근으로 나누는가?",
        "쿠버네티스가 뭐야?",
        "FAISS란?",
        "What is FAISS?",
        "What does the softmax over scaled dot products compute?",
        "BPE 토크나이저는 가장 자주 나오는 쌍을 어떻게 합치나요?",
        "그래디언트 소실 문제를 게이트가 어떻게 줄이는가?",
        "이미지 분류에서 풀링 층의 역할은 무엇인가?",
    ],
)
def test_a_question_that_stands_alone_is_looked_up_alone(question):
    assert look_up(question, talk(ASKED)) == question


def test_without_history_a_question_is_itself():
    assert look_up("그건 왜 그래?", []) == "그건 왜 그래?"
    assert look_up("그건 왜 그래?", [Turn("assistant", "답")]) == "그건 왜 그래?"


def test_what_was_answered_is_not_looked_up():
    assert "답입니다" not in look_up("왜?", talk(ASKED))


def test_at_most_two_questions_back_and_no_further_than_needed():
    assert look_up("왜?", talk("트랜스포머의 구조는 어떻게 되나요?", "그건 왜?", "그럼?")) == "그건 왜?\n그럼?\n왜?"
    assert look_up("왜?", talk("무관한 첫 질문이다", ASKED, "그건?")) == f"{ASKED}\n그건?\n왜?"
    assert look_up("왜?", talk("무관한 첫 질문이다", ASKED)) == f"{ASKED}\n왜?"


def test_what_was_typed_comes_out_as_the_notes_are_written():
    decomposed = unicodedata.normalize("NFD", "그건 왜 그래?")
    assert look_up(decomposed, talk(unicodedata.normalize("NFD", ASKED))) == f"{ASKED}\n그건 왜 그래?"
    assert look_up("게이트\ud800는 왜 필요한가요 그리고 셀 상태는?", []) == "게이트?는 왜 필요한가요 그리고 셀 상태는?"


@pytest.mark.parametrize("question", ["", "?", "😀", "漢字"])
def test_questions_without_words_do_not_crash(question):
    assert look_up(question, talk(ASKED)).endswith(question)
