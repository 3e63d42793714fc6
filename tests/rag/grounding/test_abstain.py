from dataclasses import replace

import pytest

from rag.grounding.abstain import answerable, is_refusal, refusal
from rag.grounding.signals import NAMES, UNTOLD, signals
from rag.grounding.wanted import asked_for
from rag.text import language
from rag.types import Meaning


@pytest.fixture
def passages(passage):
    return [
        passage("LSTM은 1997년에 호흐라이터와 슈미트후버가 제안한 순환 신경망이다. 셀 상태와 세 개의 게이트를 둔다."),
        passage("GRU는 2014년에 조경현이 제안했다. 게이트가 두 개여서 LSTM보다 파라미터가 적다.", number=2),
        passage("The Transformer was introduced in 2017 by Vaswani. It uses multi-head attention.", number=3),
    ]


@pytest.mark.parametrize("question", ["LSTM은 언제 나왔나?", "When was LSTM proposed?"])
def test_a_refusal_speaks_the_questions_language_and_is_known_as_one(question):
    assert language(refusal(question)) == language(question)
    assert is_refusal(refusal(question))


@pytest.mark.parametrize(
    "text",
    [
        "제공된 문서에서 답을 찾을 수 없습니다.",
        "주어진 정보만으로는 알 수 없습니다.",
        "죄송하지만 노트에 나와 있지 않습니다.",
        "이 질문에 답할 수 없습니다. [1]",
        "제공된 노트에 해당 내용이 언급되어 있지 않습니다. 다른 질문을 해 주세요.",
        "모르겠습니다.",
        "The notes do not mention this.",
        "I could not find the answer in the notes.",
        "The answer is not mentioned in the provided passages.",
        "There is no information about this in the notes.",
        "I'm sorry, but I can't say.",
    ],
)
def test_refusals_are_recognised(text):
    assert is_refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "LSTM은 1997년에 제안되었다.",
        "self-attention에는 위치 정보가 없다.",
        "드롭아웃은 사용하지 않았다.",
        "블랙박스 모델은 판단 이유를 알 수 없습니다.",
        "노트에 따르면 게이트가 없는 RNN은 오래된 정보를 기억하지 못한다.",
        "The encoder does not contain masks.",
        "No bias is used.",
        "LSTM은 셀 상태를 둔다. 그 밖의 내용은 노트에 나와 있지 않습니다.",
    ],
)
def test_answers_are_not_taken_for_refusals(text):
    assert not is_refusal(text)


@pytest.mark.parametrize(
    "question", ["LSTM은 누가 언제 제안했나?", "GRU의 게이트는 몇 개인가?", "When was the Transformer introduced?"]
)
def test_questions_of_the_notes_are_answered(question, passages):
    decision = answerable(question, passages)
    assert decision.answerable
    assert 0.5 < decision.score <= 1


@pytest.mark.parametrize(
    "question", ["양자 얽힘은 무엇인가?", "BERT는 몇 개의 층을 쓰나?", "Who discovered penicillin?", "???", ""]
)
def test_others_are_refused_and_it_says_why(question, passages):
    decision = answerable(question, passages)
    assert not decision.answerable
    assert decision.why


def test_missing_words_are_named(passages):
    assert "얽힘" in answerable("양자 얽힘은 무엇인가?", passages).why


def test_nothing_found_is_refused():
    assert not answerable("LSTM은 언제 제안되었나?", []).answerable


def test_rarity_weighs(passages):
    rare = {"lstm": 1.0, "양자": 9.0}
    heavy = signals("양자 LSTM은 무엇인가?", passages, idf=lambda word: rare.get(word, 0.1))
    light = signals("양자 LSTM은 무엇인가?", passages, idf=lambda word: 1.0)
    assert heavy.values["passage"] < light.values["passage"]
    assert heavy.missing == ("양자",)


def test_signals_are_shares_by_name(passages):
    found = signals("LSTM은 누가 제안했나?", passages)
    assert tuple(found.values) == NAMES
    assert all(0 <= value <= 1 for value in found.values.values())
    assert found.values["type"] == 1


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("LSTM은 언제 나왔나?", "date"),
        ("몇 년에 나왔나?", "date"),
        ("게이트는 몇 개인가?", "number"),
        ("누가 제안했나?", "person"),
        ("어디에서 열렸나?", "place"),
        ("왜 쓰는가?", "other"),
        ("When was it?", "date"),
        ("How many layers?", "number"),
        ("Who made it?", "person"),
        ("Where is it?", "place"),
        ("What is it?", "other"),
    ],
)
def test_what_is_asked_for(question, kind):
    assert asked_for(question) == kind


@pytest.mark.parametrize(
    ("question", "text", "absent"),
    [
        ("L1 규제란 무엇인가?", "가중치의 $L_1$ 노름을 더한다.", 0.0),
        ("L1 규제란 무엇인가?", "가중치의 $L_{1}$ 노름을 더한다.", 0.0),
        ("L1 규제란 무엇인가?", "가중치의 $L_2$ 노름을 더한다.", 1.0),
        ("L1 규제란 무엇인가?", "행렬 XL_12 을 더한다.", 1.0),
        ("How long are the texts of the SmolLM2 exercise?", "We train SmolLM2-135M on short texts.", 0.0),
        ("How long are the texts of the SmolLM2 exercise?", "We train SmolLM3-3B on short texts.", 1.0),
        ("Besides rats, what can tokens spell?", "Tokens can spell cats and rats.", 0.0),
        ("Adam은 무엇을 더하나?", "SGD는 기울기를 더한다.", 1.0),
    ],
)
def test_a_term_is_absent_whatever_its_dress(passage, question, text, absent):
    assert signals(question, [passage(text)]).values["absent"] == absent


WRITTEN = {"capital", "france", "수도", "트랜스포머"}


@pytest.mark.parametrize(
    ("question", "text", "unheard"),
    [
        ("What is the capital of Mongolia?", "The capital of France is Paris.", True),
        ("What is the capital of France?", "The capital of France is Paris.", False),
        ("몽골의 수도는?", "프랑스의 수도는 파리이다.", True),
        ("트렌스포머의 층은?", "트랜스포머 논문", False),
        ("What are the layers of a transfromer?", "A transformer has layers.", False),
    ],
)
def test_what_no_note_of_the_index_speaks_of(passage, question, text, unheard):
    known = {*WRITTEN, *(word.strip(".").lower() for word in text.split()), "layer", "layers", "층"}
    found = signals(question, [passage(text)], idf=lambda word: 1.0 if word in known else 5.0)
    assert (found.values["unheard"] > 0) == unheard


def test_without_an_index_nothing_is_unheard(passage):
    assert signals("몽골의 수도는?", [passage("프랑스의 수도는 파리이다.")]).values["unheard"] == 0


def test_what_the_best_place_lacks_counts_more_the_less_it_has(passage):
    text = "토크나이저는 문장을 토큰으로 나눈다."
    short, half, long = (
        signals(question, [passage(text)]).values
        for question in (
            "토크나이저란?",
            "토크나이저와 발레리나는?",
            "토크나이저는 문장을 나눈다. 발레리나와 무용수, 안무가는?",
        )
    )
    assert short["thin"] == 0
    assert half["place"] == pytest.approx(0.5, abs=0.15)
    # Half of a short question: less has been said than where the half is of a long one.
    assert half["thin"] / (1 - half["place"]) > long["thin"] / (1 - long["place"])


@pytest.mark.parametrize(
    ("question", "unheard"),
    # No dictionary has the first two; everybody knows the others.
    [("퓨샷이 뭐야?", False), ("지피티가 뭐야?", False), ("바이올린이 뭐야?", True), ("김치가 뭐야?", True)],
)
def test_a_noun_that_no_dictionary_has_may_be_spelled_otherwise(passage, question, unheard):
    known = {"bert", "예시"}
    values = signals(
        question, [passage("BERT는 예시 몇 개만 본다.")], idf=lambda word: 1.0 if word in known else 5.0
    ).values
    assert (values["unheard"] == 1) == unheard
    assert values["place"] == (0 if unheard else 0.5)


def test_a_short_question_that_is_covered_is_answered_whatever_its_length(passage):
    notes = [passage("드롭아웃(dropout)은 뉴런을 무작위로 끄는 규제 기법이다. Dropout switches neurons off.")]
    for question in ("드롭아웃이란?", "드롭아웃", "What is dropout?"):
        assert answerable(question, notes, idf=lambda word: 3.0).answerable, question


def test_meaning_is_taken_as_it_is_and_what_is_usual_stands_for_none(passage):
    notes = [passage("A kitten sleeps sixteen hours a day.")]
    told = signals("How long does a cat sleep?", notes, meaning=Meaning(nearest=0.9, ahead=0.4)).values
    assert (told["meaning"], told["ahead"]) == (0.9, 0.4)
    untold = signals("How long does a cat sleep?", notes).values
    assert (untold["meaning"], untold["ahead"]) == (UNTOLD.nearest, UNTOLD.ahead)


def test_nearness_in_meaning_speaks_for_an_english_answer_and_not_for_a_korean_one(passage):
    notes = [passage("A kitten sleeps sixteen hours. 새끼 고양이는 열여섯 시간을 잔다.")]

    def scores(question):
        near = (Meaning(nearest, ahead) for nearest, ahead in ((0.1, 0.05), (0.8, 0.5)))
        return [answerable(question, notes, idf=lambda word: 3.0, meaning=one).score for one in near]

    far, close = scores("How long does a cat sleep?")
    assert close > far + 0.1
    far, close = scores("고양이는 얼마나 오래 자나?")
    assert close == far


def test_what_the_search_is_sure_of_is_likely(passage):
    first = replace(passage("LSTM은 신경망이다."), score=0.8)
    assert signals("LSTM은?", [first, passage("LSTM", number=2)]).values["likely"] == 0.8
