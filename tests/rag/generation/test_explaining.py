from __future__ import annotations

import pytest

from rag.generation.asking import read_question
from rag.generation.candidates import Candidate
from rag.generation.explaining import explaining, written_out
from rag.types import Question


def cue(name, question, text, **fields):
    candidate = Candidate(0, 0, len(text), text, **fields)
    return explaining(read_question(Question(question)), candidate, 0.0)[name]


def test_what_stands_under_the_thing_need_not_repeat_it():
    assert cue("unsaid", "how does HNSW work?", "여러 층의 그래프.", section="2.3 HNSW (Hierarchical)") == 1
    assert cue("unsaid", "how does HNSW work?", "여러 층의 그래프.", section="2.2 IVF") == 0
    assert cue("unsaid", "HNSW는 누가 만들었나?", "여러 층의 그래프.", section="2.3 HNSW") == 0


def test_the_first_sentences_there_come_first():
    first, third = (cue("named_first", "HNSW란?", "여러 층의 그래프.", section="HNSW", order=order) for order in (0, 2))
    assert first == 3 * third > 0


def test_numbered_steps_under_the_thing_tell_how_it_works():
    step = {"heading": "토큰화 > 2. BPE > 2.1 학습 절차", "section": "2.1 학습 절차", "run": 1}
    question = "BPE는 어떻게 동작해?"
    assert cue("steps", question, "빈도를 센다.", numbered=True, **step) == 1
    assert cue("steps", question, "빈도를 센다.", **step) == 0.5
    assert cue("steps", "BPE란?", "빈도를 센다.", numbered=True, **step) == 0
    assert cue("steps", "WordPiece는 어떻게 동작해?", "빈도를 센다.", numbered=True, **step) == 0


def test_reasons_stand_under_why():
    assert cue("reasons", "RAG 왜 써?", "최신성: 모른다.", section="1. 왜 RAG인가") == 1
    assert cue("reasons", "RAG란?", "최신성: 모른다.", section="1. 왜 RAG인가") == 0
    assert cue("reasons", "RAG 왜 써?", "최신성: 모른다.", section="2. RAG") == 0


@pytest.mark.parametrize(
    ("text", "fields", "here"),
    [
        ("$$\\cos(a,b)=\\frac{a\\cdot b}{|a||b|}$$", {"section": "코사인 유사도"}, 1.3),
        ("F1 = 2PR/(P+R)", {"section": "F1"}, 0),
        ("코사인 유사도는 $P=Q$일 때 쓴다.", {}, 0),
        ("$$\\frac{d}{dx}\\cos(x)=-\\sin(x)$$", {"section": "코사인 유사도"}, 0),
        ("$$s=a\\cdot b/(|a||b|)$$", {"intro": "코사인 유사도는 다음과 같다."}, 1.3),
    ],
)
def test_the_formula_that_was_asked_for(text, fields, here):
    assert cue("formula_here", "코사인 유사도 공식", text, **fields) == here
    assert cue("formula_here", "코사인 유사도란?", text, **fields) == 0


def test_a_formula_needs_no_marks_around_it():
    def holds(text, form="prose"):
        return written_out(Candidate(0, 0, len(text), text, form))

    assert holds("F1 = 2PR/(P+R)")
    assert holds("return a / b", "code")
    assert not holds("이 값은 $x=1$이다.")
    assert not holds("`a = b * c`를 실행한다.")


@pytest.mark.parametrize(
    ("name", "question", "text"),
    [
        ("process", "BPE는 어떻게 동작해?", "먼저 빈도를 센다."),
        ("if_then", "온도 높이면 어떻게 돼?", "온도가 오르면 분포가 평평해진다."),
        ("history", "BPE는 어떻게 동작해?", "1994년 Gage가 제안한 알고리즘임."),
        ("history", "What is BPE?", "BPE was introduced by Gage."),
        ("example", "BPE란?", "예를 들어 low를 보자."),
        ("drawback", "how does HNSW work?", "단점: 삭제가 안 된다."),
        ("preamble", "how does GRPO work?", "Now that we have a picture, let's break down how GRPO works."),
        ("preamble", "나이브 베이즈란?", "이전 섹션에서 확률을 배웠습니다."),
        ("debris", "BPE란?", '}, { text: "BPE merges pairs."'),
    ],
)
def test_what_helps_or_hinders_an_explanation(name, question, text):
    assert cue(name, question, text) == 1
    assert cue(name, question, "인접한 쌍을 병합한다.") == 0


def test_each_is_heard_in_its_question_alone():
    assert cue("process", "BPE란?", "먼저 빈도를 센다.") == 0
    assert cue("history", "BPE는 누가 제안했나?", "1994년 Gage가 제안한 알고리즘임.") == 0
    assert cue("drawback", "HNSW의 단점은?", "단점: 삭제가 안 된다.") == 0


def test_code_and_rows_where_they_were_not_asked_for():
    assert cue("opens_code", "BPE 학습하는 코드", "import torch", form="code") == 1
    assert cue("opens_code", "BPE 학습하는 코드", "tok.train(files)", form="code") == 0
    assert cue("code_works", "BPE는 어떻게 동작해?", "tok.train(files)", form="code") == 1
    assert cue("code_works", "BPE 학습하는 코드", "tok.train(files)", form="code") == 0
    assert cue("row_elsewhere", "BPE란?", "BPE | GPT-2", form="row", section="비교") == 1
    assert cue("row_elsewhere", "BPE란?", "BPE | GPT-2", form="row", section="BPE") == 0
    assert cue("row_elsewhere", "BPE와 WordPiece의 차이는?", "BPE | GPT-2", form="row", section="비교") == 0


def test_names_of_code_answer_questions_for_code():
    assert cue("identifier", "토큰 나누는 함수 뭐였지", "`train_test_split`은 둘로 나눈다.") == 1
    assert cue("identifier", "토큰 나누는 함수 뭐였지", "둘로 나눈다.") == 0
    assert cue("identifier", "토큰화란?", "`train_test_split`은 둘로 나눈다.") == 0


def test_a_comparison_wants_all_that_is_compared():
    question = "BERT랑 GPT 차이점"
    assert cue("compared", question, "BERT는 양쪽을, GPT는 왼쪽을 본다.") == 1
    assert cue("compared", question, "BERT는 양쪽을 본다.") == 0.5
    assert cue("compared", question, "양방향 | 단방향", form="row", columns="BERT | GPT") == 1
