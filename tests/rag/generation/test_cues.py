from __future__ import annotations

import pytest

from rag.generation.asking import read_question
from rag.generation.candidates import Candidate
from rag.generation.cues import alike, cues, defines, is_topic
from rag.types import Question


def asked(text):
    return read_question(Question(text))


def cue(name, question, text, **fields):
    candidate = Candidate(0, 0, len(text), text, **fields)
    return cues(asked(question), candidate)[name]


@pytest.mark.parametrize(
    ("question", "heading"),
    [
        ("LSTM이란 무엇인가요?", "2. LSTM (Hochreiter & Schmidhuber 1997)"),
        ("byte pair encoding이 뭐예요?", "2. BPE (Byte Pair Encoding)"),
        ("What is gradient checkpointing?", "4.3 Gradient checkpointing"),
        ("드롭 아웃이란?", "드롭아웃"),
    ],
)
def test_a_heading_that_is_the_asked_word(question, heading):
    assert is_topic(asked(question), heading)


@pytest.mark.parametrize(
    ("question", "heading"),
    [("LSTM이란?", "LSTM과 GRU의 차이점 정리"), ("왜 LSTM을 쓰나요?", "LSTM"), ("LSTM이란?", "")],
)
def test_a_heading_that_is_not(question, heading):
    assert not is_topic(asked(question), heading)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("드롭아웃이란?", "드롭아웃은 학습 중에 뉴런을 무작위로 끄는 기법이다."),
        ("드롭아웃이란?", "뉴런을 무작위로 끄는 기법을 드롭아웃이라고 부른다."),
        ("Teacher forcing이란?", "**Teacher forcing**: 모델의 예측 대신 정답 토큰을 넣는다."),
        ("Teacher forcing이란?", "Teacher forcing (Williams 1989) - 정답 토큰을 넣는 학습 방식"),
        ("What is a tokenizer?", "A tokenizer is a program that cuts text into pieces."),
        ("What is a logit?", "The raw scores of the last layer are called logits."),
    ],
)
def test_a_definition_names_its_word_and_says_what_it_is(question, text):
    assert defines(asked(question), text)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("드롭아웃이란?", "드롭아웃을 쓰면 학습이 느려진다."),
        ("What is a tokenizer?", "To wrap the tokenizer, pass it as an argument."),
        ("BPE가 뭔가요?", "중간고사에 BPE 병합을 손으로 해 보는 문제가 나온다."),
    ],
)
def test_a_sentence_that_only_uses_the_word_defines_nothing(question, text):
    assert not defines(asked(question), text)


def test_a_cell_is_where_a_row_and_a_column_that_were_asked_for_meet():
    columns = "모델 | 층 | hidden"
    question = "BERT-base의 층은 몇 개인가요?"
    assert cue("cell", question, "BERT-base | 12 | 768", form="row", columns=columns) == 1
    assert cue("cell", question, "GPT-2 | 48 | 1600", form="row", columns=columns) == 0
    assert cue("cell", "BERT-base가 뭐예요?", "BERT-base | 12 | 768", form="row", columns=columns) == 0


@pytest.mark.parametrize(
    ("name", "question", "text"),
    [
        ("tour", "LSTM이란?", "이 절에서는 LSTM을 살펴보겠습니다."),
        ("tour", "What is an LSTM?", "In this section, we will look at the LSTM."),
        ("listing", "LSTM이란?", "범위: RNN, BPTT, LSTM, GRU, seq2seq."),
        ("contrast", "BERT와 GPT의 차이는?", "BERT는 양방향인 반면 GPT는 왼쪽만 본다."),
        ("somebody", "word2vec은 누가 제안했나요?", "word2vec (Mikolov 2013)"),
        ("time", "RAG 강의는 언제 했나요?", "2025-05-13 (화) 11강."),
        ("brief", "LSTM이란?", "2025-05-13 (화) 11강."),
        ("because", "왜 나누나요?", "값이 커지기 때문이다."),
        ("equation", "F1의 식은?", "$F_1 = 2PR/(P+R)$"),
    ],
)
def test_each_cue_is_heard_in_its_question_alone(name, question, text):
    assert cue(name, question, text) == 1
    other = (
        "LSTM은 언제 나왔나요?" if name in ("brief", "because", "equation", "contrast", "somebody") else "LSTM의 층은?"
    )
    if name not in ("tour", "listing"):
        assert cue(name, other, text) == 0


def test_exercises_are_no_place_for_answers_unless_asked_for():
    assert cue("drill", "드롭아웃이란?", "드롭아웃을 바꿔 봅니다.", section="연습문제") == 1
    assert cue("drill", "연습문제 1번은?", "드롭아웃을 바꿔 봅니다.", section="연습문제") == 0
    assert cue("drill", "드롭아웃이란?", "드롭아웃을 쓴다.", section="1. 문제 정의") == 0


def test_code_is_welcome_where_code_is_asked_for():
    line = "faiss.write_index(flat)"
    assert cue("code", "FAISS란?", line, form="code") == 1
    assert cue("code", "FAISS 색인을 저장하는 함수는?", line, form="code") == 0
    assert cue("code_asked", "FAISS 색인을 저장하는 함수는?", line, form="code") == 1


@pytest.mark.parametrize(
    ("name", "question", "text"),
    [
        ("contents", "RAG에서 청크 크기는 왜 중요해?", "범위: RAG의 이유, chunking, BM25, 인용."),
        ("contents", "Why does chunk size matter?", "Topics: chunking, BM25 and reranking"),
        ("dateline", "LSTM은 몇 년에 나왔어?", "2025-03-18 (화) 4강."),
        ("dateline", "When did LSTM appear?", "Lecture 4, 2025-03-18"),
        ("admin", "LSTM의 식은?", "LSTM 수식은 서술형이 매년 나온다고 함."),
        ("admin", "What is warmup?", "Warmup was on the midterm."),
    ],
)
def test_what_a_note_says_of_its_class_answers_nothing(name, question, text):
    assert cue(name, question, text) == 1


@pytest.mark.parametrize(
    ("name", "question", "text"),
    [
        ("dateline", "4강은 언제였나?", "2025-03-18 (화) 4강."),
        ("dateline", "LSTM은 몇 년에 나왔어?", "1997년 원논문에는 forget gate가 없었다."),
        ("admin", "중간고사는 언제인가요?", "다음 주(4/22)는 중간고사라 강의 없음."),
        ("contents", "BPE의 식은?", "주제는 병합 규칙이다."),
    ],
)
def test_unless_it_is_asked_for(name, question, text):
    assert cue(name, question, text) == 0


def test_a_year_or_name_that_the_heading_gives_is_preferred():
    heading = "RNN > 2. LSTM (Hochreiter & Schmidhuber 1997) > 2.1 기울기"
    question = "LSTM은 몇 년에 나왔어?"
    assert cue("as_headed", question, "1997년 논문에는 없었다.", heading=heading) == 1
    assert cue("as_headed", question, "Gers 등이 2000년에 추가함.", heading=heading) == 0
    assert cue("as_headed", "GRU는 몇 년에 나왔어?", "1997년 논문에는 없었다.", heading=heading) == 0
    assert cue("as_headed", "LSTM은 누가 제안했나?", "Hochreiter가 제안했다.", heading=heading) == 1


def test_an_english_plural_is_defined_too():
    assert defines(asked("What is a tokenizer?"), "Tokenizers are one of the core components of the pipeline.")


def test_a_question_in_the_notes_brings_its_answer_where_it_is_the_asked_one():
    question = "RAG를 쓰면 환각이 없어지나?"
    text = f"**{question}** 줄어들 뿐이다."
    assert cue("asks_itself", "RAG를 쓰면 환각이 없어져?", text) == 0
    assert cue("asks_itself", "RAG 왜 쓰는거야?", text) > 0.5
    assert alike(asked("RAG를 쓰면 환각이 없어져?"), question) == 1


def test_a_name_inside_another_is_not_defined():
    assert not defines(asked("IoU가 뭐임"), "다음 `box_iou`는 상자들의 값을 계산하는 것이다.")
    assert not defines(asked("What is a model card?"), "Creating the model card is done through a file.")


def test_a_sentence_that_refers_to_a_picture_is_not_about_it():
    text = "이는 :numref:`fig_iou`와 같이 두 넓이의 비율이다."
    assert cue("shows", "IoU가 뭐임", text) == 1
    assert cue("shows", "IoU가 뭐임", text, section="IoU") == 0.5
    assert cue("shows", "IoU가 뭐임", "그림 3은 비율을 보여 준다.", section="IoU") == 1
