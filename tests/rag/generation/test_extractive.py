from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage

from rag.generation.extractive import ExtractiveAnswerer, answer
from rag.types import Chunk, Passage, Question

LSTM = (
    "LSTM은 긴 의존성을 기억하려고 만든 순환 신경망이다. 게이트가 셋 있다.\n\n"
    "- forget gate: 버릴 것을 정한다\n- input gate: 받을 것을 정한다\n"
)
MASK = "The attention mask tells the model which tokens are padding. It is needed because padding must not count."


def bare(text):
    return re.sub(r" \[\d+\]", "", text)


def test_each_sentence_is_the_notes_own_and_carries_its_marker(passage):
    passages = [passage(MASK), passage(LSTM, number=2)]
    assert answer(Question("LSTM이란?"), passages).startswith("LSTM은 긴 의존성을 기억하려고 만든 순환 신경망이다. [2]")
    text = answer(Question("Why is the attention mask needed?"), passages)
    for sentence, number in re.findall(r"(.+?) \[(\d+)\]\s?", text):
        assert sentence in passages[int(number) - 1].text


def test_items_of_a_list_stand_on_lines_of_their_own(passage):
    text = answer(Question("forget gate와 input gate는 무엇을 정하나?"), [passage(LSTM)])
    assert text == "forget gate: 버릴 것을 정한다 [1]\ninput gate: 받을 것을 정한다 [1]"


def test_it_says_nothing_when_nothing_fits(passage):
    assert answer(Question("오늘 날씨는 어때?"), [passage(LSTM)]) == ""
    assert answer(Question("LSTM이란?"), []) == ""
    assert answer(Question("?"), [passage(LSTM)]) == ""


def test_short_is_the_span_alone(passage):
    note = "트랜스포머는 구글이 2017년에 발표했다. 인코더와 디코더가 있다."
    assert answer(Question("트랜스포머가 발표된 해는?", style="short"), [passage(note)]) == "2017년 [1]"


def test_short_without_a_span_is_the_shortest_clause(passage):
    note = "We train BERT with AdamW, and the learning rate warms up; nothing else matters."
    text = answer(Question("Which optimizer trains BERT?", style="short"), [passage(note)])
    assert text == "We train BERT with AdamW, [1]"


def test_short_leaves_emphasis_out(passage):
    note = "층을 깊게 쌓으면 생기는 현상은 **degradation 문제**이다."
    assert answer(Question("층을 깊게 쌓으면 생기는 현상은?", style="short"), [passage(note)]) == "degradation 문제 [1]"


def test_code_is_shown_as_code(passage):
    note = "```python\nlayer = nn.LSTM(128, 256, num_layers=2)\n```"
    assert (
        answer(Question("nn.LSTM은 어떻게 만들지?"), [passage(note)]) == "`layer = nn.LSTM(128, 256, num_layers=2)` [1]"
    )


def test_a_soft_line_break_is_a_space(passage):
    assert answer(Question("LSTM이란?"), [passage("LSTM은 긴 의존성을\n기억하는 신경망이다.")]) == (
        "LSTM은 긴 의존성을 기억하는 신경망이다. [1]"
    )


def test_an_endless_sentence_is_cut_at_clauses_around_what_was_asked(passage):
    filler = "이런 말이 이어지고, " * 30
    text = answer(
        Question("어텐션은 무엇을 계산하나?"), [passage(f"{filler}어텐션은 가중합을 계산하며, {filler}끝난다.")]
    )
    assert "어텐션은 가중합을 계산하며" in text
    assert len(bare(text)) <= 200


@settings(deadline=None, max_examples=60)
@given(
    texts=st.lists(st.text(alphabet="가나다라 .\n|-`a1,", max_size=700), max_size=4),
    style=st.sampled_from(["sentence", "short"]),
)
def test_answers_are_brief_and_from_the_passages(texts, style):
    passages = [
        Passage(Chunk(str(n), "d", 0, len(text), text, "", 1), n, 1.0, 0, len(text), text)
        for n, text in enumerate(texts, 1)
    ]
    text = answer(Question("가나 다라는 a1인가?", style=style), passages)
    markers = [int(number) for number in re.findall(r" \[(\d+)\]", text)]
    assert len(markers) <= (1 if style == "short" else 2)
    assert all(1 <= number <= len(passages) for number in markers)
    assert len(bare(text)) <= 303
    squeezed = "".join(re.sub(r"[`\s]", "", passage.text) for passage in passages)
    for sentence in re.split(r" \[\d+\]", text)[: len(markers)]:
        assert re.sub(r"[`\s]", "", sentence) in squeezed


def test_it_reads_records_and_never_the_prompt(passage):
    question, passages = Question("LSTM이란?"), (passage(LSTM),)
    message = HumanMessage("무시해라 [9]", additional_kwargs={"question": question, "passages": passages})
    assert ExtractiveAnswerer().invoke([message]).content == answer(question, passages)
    assert ExtractiveAnswerer().invoke([HumanMessage("LSTM이란?")]).content == ""


def test_it_streams_words_and_counts_no_tokens(passage):
    message = HumanMessage("", additional_kwargs={"question": Question("LSTM이란?"), "passages": (passage(LSTM),)})
    chunks = list(ExtractiveAnswerer().stream([message]))
    assert [chunk.content for chunk in chunks][:3] == ["LSTM은", " 긴", " 의존성을"]
    assert chunks[-1].usage_metadata == {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
    assert ExtractiveAnswerer().get_num_tokens("아무 말") == 0


@pytest.mark.parametrize(
    ("stop", "kept"), [(["신경망"], "LSTM은 긴 의존성을 기억하려고 만든 순환 "), (["xyz", ""], None)]
)
def test_stop_strings_are_honoured(passage, stop, kept):
    message = HumanMessage("", additional_kwargs={"question": Question("LSTM이란?"), "passages": (passage(LSTM),)})
    model = ExtractiveAnswerer()
    assert model.invoke([message], stop=stop).content == (kept or model.invoke([message]).content)


def test_a_table_of_several_columns_is_shown_with_its_head(passage):
    note = "| 모델 | 층 | hidden |\n|---|---|---|\n| BERT-base | 12 | 768 |\n| BERT-large | 24 | 1024 |\n"
    text = answer(Question("BERT-large의 층은 몇 개인가요?"), [passage(note)])
    assert text.startswith("모델 | 층 | hidden [1]\nBERT-large | 24 | 1024 [1]")


def test_a_sentence_that_speaks_of_the_one_before_brings_it_along(passage):
    note = "LSTM은 셀 상태를 따로 둔다. 이는 기울기가 곱해지지 않게 하여 기울기 소실을 줄이기 위해서이다."
    text = answer(Question("기울기 소실을 줄이는 것은 왜인가?"), [passage(note)])
    assert text.startswith("LSTM은 셀 상태를 따로 둔다. [1] 이는 기울기가")


def test_code_stays_code_and_the_answer_keeps_the_notes_words(passage):
    note = '저장은 이렇게 한다.\n\n```python\nfaiss.write_index(flat, "notes.faiss")\n```\n'
    text = answer(Question("FAISS 색인을 저장하는 함수는?"), [passage(note)])
    assert '`faiss.write_index(flat, "notes.faiss")` [1]' in text


def test_links_are_shown_by_their_words(passage):
    note = "The [Transformer](https://example.org/abs/1706) was introduced in June 2017."
    text = answer(Question("When was the Transformer introduced?"), [passage(note)])
    assert text == "The Transformer was introduced in June 2017. [1]"


def test_the_same_sentence_is_not_said_twice(passage):
    passages = [passage("BM25는 단어로 찾는다."), passage("BM25는 단어로 찾는다,", number=2)]
    assert answer(Question("BM25란?"), passages) == "BM25는 단어로 찾는다. [1]"


def test_an_address_takes_no_room_from_the_words(passage):
    link = "https://example.org/" + "a" * 150
    note = f"🤗 Datasets reads each dataset as a [memory-mapped file]({link}), which maps the disk into memory, " + (
        "and this is what lets it open data that is far larger than the memory of the machine it runs on, " * 2
    )
    text = bare(answer(Question("What is a memory-mapped file?"), [passage(note)]))
    assert "which maps the disk into memory" in text
    assert len(text) <= 200
