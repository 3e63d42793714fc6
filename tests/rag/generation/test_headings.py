from __future__ import annotations

import pytest

from rag.generation.asking import read_question
from rag.generation.headings import meets, named, parent, path
from rag.types import Question


def asked(text):
    return read_question(Question(text))


@pytest.mark.parametrize(
    ("question", "heading"),
    [
        ("how does HNSW work?", "2.3 HNSW (Hierarchical Navigable Small World)"),
        ("RAG 왜 쓰는거야?", "1. 왜 RAG인가"),
        ("IoU가 뭐임", "[**연합 교차점 (IoU)**]"),
        ("byte pair encoding이 뭐예요?", "2. BPE (Byte Pair Encoding)"),
        ("패딩(padding) 왜 해?", "Padding"),
    ],
)
def test_a_heading_that_is_just_the_asked_thing(question, heading):
    assert named(asked(question), heading) == 1


@pytest.mark.parametrize(
    ("question", "heading"),
    [
        ("how does LoRA work?", "4. QLoRA (Dettmers 2023)"),
        ("RAG 왜 쓰는거야?", "Fragmentation"),
        ("BPE는 어떻게 동작해?", "WordPiece, Unigram과 BPE를 한눈에 비교한 정리"),
        ("HNSW란?", ""),
    ],
)
def test_a_heading_of_another_thing(question, heading):
    assert named(asked(question), heading) == 0


def test_a_heading_that_names_half_of_it_counts_half():
    assert named(asked("코사인 유사도 공식"), "4. 유사도") == 0.5


@pytest.mark.parametrize(
    ("term", "text", "met"),
    [
        ("rag", "what is rag?", True),
        ("rag", "a fragment", False),
        ("pad", "padding the inputs", True),
        ("k1", "$k_1$ (보통 1.2)", True),
        ("gpt2", "gpt-2에는 없다", True),
        ("gpt2", "gpt-23", False),
        ("f1", "f10", False),
        ("배치", "미니배치", True),
    ],
)
def test_short_latin_words_stand_alone_and_numbers_may_be_set_apart(term, text, met):
    assert meets(term, text) is met


def test_the_headings_over_a_sentence():
    assert path("토큰화 > 2. BPE ### 2.1 절차") == ["토큰화", "2. BPE", "2.1 절차"]
    assert parent("토큰화 > 2. BPE ### 2.1 절차") == "2. BPE"
    assert parent("토큰화 > 2.1 절차 ### 2.2 예제") == ""  # beside it, not under it
    assert parent("BPE") == ""
