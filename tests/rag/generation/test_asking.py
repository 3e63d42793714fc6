from __future__ import annotations

import pytest

from rag.generation.asking import read_question
from rag.types import Question, Turn


def read(text, *history):
    return read_question(Question(text, history=tuple(Turn("user", turn) for turn in history)))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("기울기 소실은 왜 생기나요?", "why"),
        ("이륙장소가 바뀐 이유는?", "why"),
        ("BERT를 만든 사람은 누구인가?", "who"),
        ("트랜스포머가 발표된 해는?", "when"),
        ("제2차 인도차이나 전쟁이 언제 끝났나?", "when"),
        ("헤드는 몇 개인가?", "many"),
        ("베네딕토 16세가 향한 곳은?", "where"),
        ("LSTM이란?", "define"),
        ("드롭아웃은 무엇인가요?", "define"),
        ("방어력이 다른 타입보다 좋은 포켓몬은?", "what"),
        ("Why is the mask needed?", "why"),
        ("Who proposed attention?", "who"),
        ("When was BERT released?", "when"),
        ("How many heads are there?", "many"),
        ("What is dropout?", "define"),
        ("Which optimizer does the lab use for training BERT?", "what"),
    ],
)
def test_the_question_word_tells_the_kind(text, kind):
    assert read(text).kind == kind


def test_the_noun_that_names_the_answer_is_no_search_term():
    asked = read("러시아를 근대화하려고 노력한 나라는?")
    assert asked.head == "나라"
    assert "나라" not in asked.terms
    assert {"러시아", "근대"} <= set(asked.terms)
    assert "나라" not in asked.grams


def test_a_lone_noun_is_what_is_asked_about():
    assert "".join(read("드롭아웃은 무엇인가?").terms) == "드롭아웃"  # the analyser may take it apart
    assert read("LSTM이란?").terms == ("lstm",)


def test_english_stop_words_go_and_endings_with_them():
    assert read("What does the attention mask tell the embeddings?").terms == ("attention", "mask", "embedding")


def test_a_question_that_points_back_borrows_the_words_before_it():
    alone = read("그건 왜 그래?")
    follow = read("그건 왜 그래?", "LSTM의 forget gate는 무엇을 하나요?")
    assert {"lstm", "forget", "gate"} <= set(follow.terms)
    assert "lstm" not in alone.terms
    assert follow.kind == "why"


def test_a_question_that_stands_alone_borrows_nothing():
    assert read("어텐션의 가중치 합은 왜 1인가요?", "LSTM이란?").terms == read("어텐션의 가중치 합은 왜 1인가요?").terms


@pytest.mark.parametrize("text", ["?", "1+1", "🙂🙂", "Qu'est-ce que l'attention ?", "注意力机制是什么？", "ㅋㅋㅋ"])
def test_anything_can_be_read(text):
    assert read(text).text == text


@pytest.mark.parametrize(
    ("text", "wants", "count"),
    [
        ("FAISS 색인의 종류는?", "list", 0),
        ("QLoRA의 세 가지 요소는 무엇인가요?", "list", 3),
        ("Which three types of models are there?", "list", 3),
        ("BERT와 GPT의 차이는 무엇인가요?", "compare", 0),
        ("How does Adam differ from AdamW?", "compare", 0),
        ("F1의 식은?", "formula", 0),
        ("색인을 저장하는 함수는?", "code", 0),
        ("색인은 어떻게 저장하나요?", "how", 0),
        ("LSTM이란?", "", 0),
        ("What are logits?", "", 0),
    ],
)
def test_the_form_that_an_answer_should_have(text, wants, count):
    asked = read_question(Question(text))
    assert (asked.wants, asked.count) == (wants, count)


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("빔 서치란?", "빔서치"),
        ("RAG가 뭐야?", "rag"),
        ("What is a data collator?", "datacollator"),
        ("beam search를 설명해 줘", "beamsearch"),
        ("Explain dropout.", "dropout"),
        ("왜 쓰나요?", ""),
    ],
)
def test_the_phrase_whose_meaning_is_asked_for(text, topic):
    assert read_question(Question(text)).topic == topic


@pytest.mark.parametrize(
    "text", ["What happens to the model when I prepare it?", "Name the layer where loss is computed"]
)
def test_english_asking_words_count_only_where_a_clause_opens(text):
    assert read_question(Question(text)).kind not in ("when", "where")


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("BPE는 어떻게 동작해?", (("bpe",),)),
        ("f1 score formula?", (("f1",),)),
        ("RAG 왜 쓰는거야?", (("rag",),)),
        ("스킵커넥션(skip connection) 왜 써요", (("스킵커넥션",), ("skip", "connection"))),
        ("score?", (("scor",),)),
        ("?", ()),
    ],
)
def test_the_thing_itself_in_each_way_it_is_written(text, subject):
    assert read_question(Question(text)).subject == subject


def test_names_of_letters_and_digits_stay_whole():
    assert read_question(Question("what does k1 do in BM25?")).terms == ("k1", "bm25")
    assert "word2vec" in read_question(Question("word2vec의 창 크기는 얼마인가요?")).terms


def test_words_that_only_ask_are_no_search_terms_of_a_short_question():
    assert read_question(Question("how does GRPO work?")).terms == ("grpo",)
    assert read_question(Question("RAG 왜 쓰는거야?")).terms == ("rag",)


@pytest.mark.parametrize(("text", "topics"), [("HNSW", ("hnsw",)), ("residual connection?", ("residualconnection",))])
def test_a_name_alone_asks_what_it_is(text, topics):
    asked = read_question(Question(text))
    assert (asked.kind, asked.topics) == ("define", topics)


def test_a_word_in_brackets_is_the_topic_too():
    assert read_question(Question("언더피팅(underfitting)이 머에요")).topics == ("언더피팅", "underfitting")
