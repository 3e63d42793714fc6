import pytest

from rag.retrieval.titles import is_bare, is_outline, named

BPE = "01. 토큰화 (Tokenization) > 2. BPE (Byte Pair Encoding)"


def test_a_heading_that_is_what_the_question_names():
    own, below, above, other = named(
        "BPE는 어떻게 동작해?", [BPE, f"{BPE} > 2.1 학습 절차", "BPE와 WordPiece를 고르는 법", "3. WordPiece"]
    )
    assert own == 1
    assert own > below > above > other == 0


def test_an_aside_is_a_name_too():
    assert named("byte pair encoding이란?", [BPE])[0] == pytest.approx(1)


def test_half_of_what_is_named_counts_less():
    half, whole = named("BPE와 유니코드 정규화", ["2. BPE", "BPE와 유니코드 정규화"])
    assert 0 < half < whole


def test_a_longer_question_says_itself_what_it_is_about():
    question = "원래 데이터 압축에 쓰이던 BPE 알고리즘을 기계번역 연구에 가져온 사람은 누구인가요?"
    assert named(question, [BPE]).tolist() == [0]


def test_what_stands_under_a_heading():
    assert is_bare("## 7. 생성 단계\n") and is_bare("# 제목")
    assert not is_bare("## 7. 생성 단계\n\n프롬프트를 만든다.") and not is_bare("생성 단계")


def test_a_list_of_topics():
    assert is_outline("> 2025-05-13 (화) 11강. 범위: RAG의 이유, chunking, BM25") and is_outline("Topics: a, b, c")
    assert not is_outline("BM25는 단어 빈도의 포화를 조절한다.")
    assert not is_outline("범위: RAG\n\n" + "문서를 찾아서 프롬프트에 넣어 준다. " * 30)
